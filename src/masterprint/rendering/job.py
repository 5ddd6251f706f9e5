"""A render job: which chain makes which mix into which master. Pure description, easy to send."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from masterprint.chain.model import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, Chain
from masterprint.errors import UsageError
from masterprint.files.formats import EXTENSIONS, BitDepth, Dither, FileFormat, MasterFormat


@dataclass(frozen=True)
class Overrides:
    """What a render asks for instead of the chain's `master` block; None leaves it."""

    file_format: FileFormat | None = None
    bit_depth: BitDepth | None = None
    sample_rate_hz: int | None = None
    dither: Dither | None = None
    dither_silence: bool | None = None


@dataclass(frozen=True)
class RenderJob:
    """One master to be made.

    Attributes:
        chain: what the mix goes through.
        mix: the file that comes in.
        master: the file that goes out; its folder exists.
        master_format: how it is written.
        sample_rate_hz: rate of the master, None for that of the mix.
        overwrite: whether a file at `master` may be replaced.
    """

    chain: Chain
    mix: Path
    master: Path
    master_format: MasterFormat
    sample_rate_hz: int | None
    overwrite: bool


def plan(
    chain: Chain,
    mixes: Sequence[Path],
    folder: Path,
    overrides: Overrides | None = None,
    overwrite: bool = False,
) -> list[RenderJob]:
    """A job for every mix, masters named after them, or an error before any work is done.

    Raises:
        UsageError: a mix is missing, two masters would have one name, one exists already, one
            would replace a mix, or the folder cannot be written.
    """
    overrides = overrides or Overrides()
    settings = chain.master
    wanted = settings.as_format()
    changes = {
        key: value
        for key in ("file_format", "bit_depth", "dither", "dither_silence")
        if (value := getattr(overrides, key)) is not None
    }
    wanted = replace(wanted, **changes)
    rate = overrides.sample_rate_hz or settings.sample_rate_hz
    if rate is not None and not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
        raise UsageError(
            f"A master at {rate} Hz cannot be made; {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz can."
        )
    if problems := wanted.problems(rate or 44100):
        raise UsageError(f"The master's format does not work: {'; '.join(problems)}.")
    _need_folder(folder)
    jobs: list[RenderJob] = []
    taken: dict[str, Path] = {}
    inputs = {_identity(mix): mix for mix in mixes}
    for mix in mixes:
        if not mix.exists():
            raise UsageError(f"{mix}: there is no such mix.")
        master = folder / f"{mix.stem}{EXTENSIONS[wanted.file_format]}"
        # Compared without case: some file systems do not tell "Mix" from "mix".
        if (other := taken.get(master.name.lower())) is not None:
            raise UsageError(
                f"{other} and {mix} would both become {master}.",
                hint="render them into different folders",
            )
        taken[master.name.lower()] = mix
        if master.exists():
            if (same := inputs.get(_identity(master))) is not None:
                raise UsageError(
                    f"{master}: would replace the mix {same}.", hint="choose another output folder"
                )
            if not overwrite:
                raise UsageError(f"{master}: exists already.", hint="replace it with --overwrite")
            if master.is_dir():
                raise UsageError(f"{master}: is a folder, where the master would go.")
        jobs.append(RenderJob(chain, mix, master, wanted, rate, overwrite))
    return jobs


def _identity(path: Path) -> tuple[int, int] | str:
    """What tells whether two paths are one file, links included."""
    try:
        status = path.stat()
    except OSError:
        return str(path)
    return status.st_dev, status.st_ino


def _need_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(
            f"{folder}: is a file or lies under one, where an output folder is expected."
        ) from error
    except OSError as error:
        raise UsageError(
            f"{folder}: the output folder cannot be made: {error.strerror}.",
            hint="choose a folder that you may write to",
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(
            f"{folder}: the output folder may not be written to.",
            hint="choose a folder that you may write to",
        )
