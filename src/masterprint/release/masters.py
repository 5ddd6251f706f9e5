"""The masters of an album: a job for each track, and the one gain that they share.

They lie in one folder, named after their mixes, each with its recall sheet: so a new title or
another order renders nothing again. What was found for the album as a whole is kept beside them,
with the hash of all that it was found from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from masterprint.batch.album import Album as Matched
from masterprint.batch.album import jobs_with_gain, match_albums
from masterprint.batch.rendering import Pool
from masterprint.batch.run import default_workers, run_all
from masterprint.errors import SheetError, UsageError
from masterprint.release.album import Loudness, Track
from masterprint.release.known_gain import KEPT, Known, known_gain, write_known_gain
from masterprint.release.levels import with_level
from masterprint.release.loading import Album
from masterprint.rendering.audition import target_stage
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.rendering.planning import PreparedChain, Wish, plan_all, prepare
from masterprint.sheets.ingredients import look_at_mix, work_sha256
from masterprint.sheets.sheet import load_sheet, sheet_path

MASTERS = "masters"
"""The folder of the masters; those of a medium of their own have its chain's name behind it."""


@dataclass(frozen=True)
class Masters:
    """What is to be rendered for an album, or for one of its deliverables.

    Attributes:
        folder: of the masters.
        jobs: of the tracks, in order; in mode `album` without their gain until `settle`.
        loudness: as the album has it.
        keeps_gain: whether a gain that was found before stays, whatever has changed since.
    """

    folder: Path
    jobs: tuple[RenderJob, ...]
    loudness: Loudness
    keeps_gain: bool = False

    @property
    def shares_gain(self) -> bool:
        """Whether one gain has to be found for all."""
        return self.loudness.mode == "album"


def plan_masters(
    album: Album,
    folder: Path,
    chain_name: str | None = None,
    *,
    if_there: IfThere = IfThere.RENEW_OURS,
    timeout_s: float | None = None,
    trusted: Sequence[Path] = (),
    make_folders: bool = True,
    keeps_gain: bool = False,
) -> Masters:
    """The jobs of an album's tracks.

    Args:
        album: whose tracks.
        folder: where the masters go.
        chain_name: one chain for all, instead of those of the tracks.
        if_there: what becomes of masters that are there.
        timeout_s, trusted: as for `prepare`.
        make_folders: whether the folder is made.
        keeps_gain: whether a gain that was found before stays.

    Raises:
        MasterprintError: a chain has no target, a plugin is missing, a name collides.
    """
    loudness = album.model.loudness if chain_name is None else _own_loudness(album, chain_name)
    known: dict[tuple[str, float], PreparedChain] = {}
    wishes = []
    taken: dict[str, int] = {}
    for track in album.tracks:
        name = chain_name or album.chain_name(track)
        key = (name, track.trim_db)
        if key not in known:
            levelled = with_level(album.chains[name], loudness, track.trim_db)
            known[key] = prepare(levelled, {"format": "wav"}, {}, timeout_s, trusted, name)
        wishes.append(Wish(known[key], album.mix_of(track), folder / _file_name(track, taken)))
    jobs = plan_all(wishes, if_there, timeout_s, make_folders)
    return Masters(folder, tuple(jobs), loudness, keeps_gain)


def settle(
    masters: Masters,
    make_pool: Callable[[int], Pool],
    done: Callable[[str], None] = lambda name: None,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Masters, Matched | None]:
    """The jobs as they are to be rendered: with the album's gain, where they share one.

    Nothing is listened to where the same was found before.

    Raises:
        UsageError: the chains have different targets, or a mix cannot be read.
    """
    if not masters.shares_gain:
        return masters, None
    works = works_of(masters.jobs)
    known = known_gain(masters.folder)
    if known is not None and (masters.keeps_gain or known.is_of(works)):
        if not known.is_of(works):
            known = replace(known, works=works, reached_lufs=None, note=KEPT)
            write_known_gain(masters.folder, known)
        jobs = tuple(jobs_with_gain(masters.jobs, known.gain_db, known.working_db))
        return replace(masters, jobs=jobs), _as_matched(masters, known)
    found, (matched,) = match_albums(masters.jobs, make_pool, done, stopped)
    new = Known(
        matched.gain_db,
        matched.target_lufs,
        matched.reached_lufs,
        matched.note,
        works,
        matched.working_db,
    )
    write_known_gain(masters.folder, new)
    return replace(masters, jobs=tuple(found)), matched


def settled_before(masters: Masters) -> tuple[Masters, str | None]:
    """The same without listening, for a plan; and why the gain may come out another, if so.

    Where it may, each job has the gain of the master that is there, if one is: whether that would
    stay but for the gain can be asked then.
    """
    if not masters.shares_gain:
        return masters, None
    known = known_gain(masters.folder)
    if known is not None and (masters.keeps_gain or known.is_of(works_of(masters.jobs))):
        settled = jobs_with_gain(masters.jobs, known.gain_db, known.working_db)
        return replace(masters, jobs=tuple(settled)), None
    usual_db = 0.0 if known is None else known.gain_db
    working_db = {} if known is None else known.working_db
    jobs: list[RenderJob] = []
    for job in masters.jobs:
        there_db = _gain_there(job)
        jobs += jobs_with_gain([job], usual_db if there_db is None else there_db, working_db)
    doubt = (
        "the gain of the album has to be found"
        if known is None
        else "the album has changed, and with it perhaps its gain"
    )
    return replace(masters, jobs=tuple(jobs)), doubt


def _gain_there(job: RenderJob) -> float | None:
    """The gain with which the master that is there was rendered; None where no sheet tells it."""
    place, _ = target_stage(job.chain)
    try:
        stages = load_sheet(sheet_path(job.master)).sheet.chain.settings["stages"]
        ((name, settings),) = stages[place].items()
        return float(settings["gain_db" if name == "gain" else "input_gain_db"])
    except (SheetError, LookupError, TypeError, ValueError):
        return None


def works_of(jobs: Sequence[RenderJob]) -> tuple[str, ...]:
    """A hash of everything that each job is made of.

    Raises:
        AudioFileError: a mix cannot be read.
    """

    def work(index: int, job: RenderJob) -> str:
        del index
        return work_sha256(look_at_mix(job.mix).sha256, job.ingredients.heard())

    found = dict(run_all(jobs, work, default_workers(len(jobs))))
    return tuple(found[index] for index in range(len(jobs)))


def _own_loudness(album: Album, chain_name: str) -> Loudness:
    """For masters of a medium: as the album has it, but with the target of the medium's chain."""
    try:
        target_stage(album.chains[chain_name])
    except UsageError:
        return Loudness(mode="none")
    return Loudness(mode=album.model.loudness.mode)


def _as_matched(masters: Masters, known: Known) -> Matched:
    count = len(masters.jobs)
    return Matched(
        masters.folder,
        count,
        known.gain_db,
        known.target_lufs,
        known.reached_lufs,
        known.note,
        known.working_db,
    )


def _file_name(track: Track, taken: dict[str, int]) -> str:
    """Named after the mix; the second of a name gets a number."""
    stem = Path(track.mix).stem
    number = taken[stem.casefold()] = taken.get(stem.casefold(), 0) + 1
    return f"{stem}.wav" if number == 1 else f"{stem} ({number}).wav"
