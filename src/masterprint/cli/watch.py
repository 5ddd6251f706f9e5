"""`masterprint watch`: master what is dropped into a folder."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from masterprint.cli.bulk import INTERRUPTED
from masterprint.cli.options import (
    BitDepth,
    Dither,
    DitherSilence,
    Format,
    Jobs,
    Log,
    Overwrite,
    SampleRate,
    Set,
    Timeout,
    TrustPath,
    master_changes,
)

if TYPE_CHECKING:
    from masterprint.rendering.result import RenderResult


def watch(
    chain: Annotated[str, typer.Argument(help="Chain file, or the name of a ready-made chain.")],
    inbox: Annotated[Path, typer.Argument(metavar="INBOX", help="Folder that mixes come into.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the masters.")
    ],
    once: Annotated[bool, typer.Option("--once", help="Do what is there, and end.")] = False,
    settle: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, max=3600, help="Unchanged so long is complete."),
    ] = 2.0,
    file_format: Format = None,
    bit_depth: BitDepth = None,
    sample_rate: SampleRate = None,
    dither: Dither = None,
    dither_silence: DitherSilence = False,
    settings: Set = None,
    overwrite: Overwrite = False,
    jobs: Jobs = None,
    timeout: Timeout = None,
    trust_path: TrustPath = None,
    log: Log = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each mix as it is done.")
    ] = False,
) -> None:
    """Master every mix that is dropped into INBOX, as soon as it is complete.

    It is then moved to INBOX/done, or to INBOX/errors with the reason in a text file beside it.
    Ctrl-C lets what is being rendered come to its end; a second one stops it.
    """
    from masterprint.batch.inbox import DONE, ERRORS, Inbox
    from masterprint.batch.log import EventLog
    from masterprint.batch.watching import Watcher
    from masterprint.chain.library import find_chain
    from masterprint.chain.overrides import setting_from
    from masterprint.cli.interrupt import Interruption
    from masterprint.errors import UsageError
    from masterprint.rendering.needs import need_folder
    from masterprint.rendering.planning import prepare
    from masterprint.stages.beside import within

    prepared = prepare(
        find_chain(chain),
        master_changes(file_format, bit_depth, sample_rate, dither, dither_silence),
        dict(map(setting_from, settings or [])),
        timeout,
        trust_path or [],
        Path(chain).name,
    )
    box = Inbox(inbox, settle)
    own = [inbox / DONE, inbox / ERRORS]
    if any(within(place, output) for place in own) or within(output, inbox):
        raise UsageError(
            f"{output}: is the inbox itself or belongs to it, where another folder is expected for "
            "the masters."
        )
    need_folder(output)
    events = EventLog(log)
    number = jobs or os.cpu_count() or 1
    told = _tell_json if as_json else _tell
    watcher = Watcher(box, output, prepared, number, events, told, _say, overwrite, timeout)
    stop = threading.Event()

    def asked() -> None:
        if watcher.is_busy:
            _say("finishing what is being rendered; Ctrl-C again stops it")
        stop.set()

    if not once:
        _say(f"watching {inbox}; Ctrl-C ends it")
    try:
        with Interruption(asked):
            watcher.run(stop, once)
    finally:
        events.close()
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)
    if once and watcher.failed:
        raise typer.Exit(1)


def _tell(result: RenderResult) -> None:
    from masterprint.cli.console import clean
    from masterprint.cli.telling import warn

    if result.error is not None:
        _say(result.error)
        return
    said = "done already" if result.status == "unchanged" else f"{result.seconds:.1f} s"
    if result.after is not None and result.after.integrated_lufs is not None:
        said = f"{result.after.integrated_lufs:.1f} LUFS, {said}"
    print(clean(f"{result.master} ({said})"), flush=True)
    warn(result.mix, result.warnings)


def _tell_json(result: RenderResult) -> None:
    from masterprint.cli.console import print_json_line

    if result.error is not None:
        _say(result.error)
    print_json_line(result.as_dict())


def _say(text: str) -> None:
    from masterprint.cli.console import clean

    print(clean(f"masterprint: {text}"), file=sys.stderr, flush=True)
