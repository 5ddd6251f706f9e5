"""An album with a folder to work in: its masters, and whatever is made of them.

FOLDER/masters/          the tracks' masters with their recall sheets
FOLDER/masters-NAME/     masters of their own that a medium wants, through the chain NAME
FOLDER/sequence/         the album as one file
FOLDER/streaming/ ...    a folder for each deliverable
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from masterprint.batch.album import Album as Matched
from masterprint.batch.rendering import Pool
from masterprint.chain.wording import guess
from masterprint.errors import MasterprintError, UsageError
from masterprint.files.unfinished import working_folder
from masterprint.release.checking import Checked
from masterprint.release.delivering import Delivered, deliver, unchanged
from masterprint.release.loading import Album
from masterprint.release.masters import (
    MASTERS,
    Masters,
    plan_masters,
    settle,
    settled_before,
    works_of,
)
from masterprint.release.names import safe_name
from masterprint.release.platforms import Platforms
from masterprint.release.profiles import Deliverable
from masterprint.release.recipes import recipe, why_deliver
from masterprint.release.workshop import Say, Workshop
from masterprint.rendering.job import IfThere, RenderJob
from masterprint.stages.beside import within

SEQUENCE = "sequence"
"""The deliverable that `masterprint album sequence` makes, whether the album asks for it or not."""


class Project:
    """See above.

    Attributes:
        album: what is made.
        platforms: services and deliverables that are known.
        checked: what was found in the album.
        folder: where it all goes.
        overwrite: whether what somebody has changed may be replaced.
    """

    def __init__(
        self,
        album: Album,
        platforms: Platforms,
        checked: Checked,
        folder: Path,
        masters: dict[str | None, Masters],
        overwrite: bool,
    ) -> None:
        self.album = album
        self.platforms = platforms
        self.checked = checked
        self.folder = folder
        self.overwrite = overwrite
        self._masters = masters
        self._works: dict[str | None, tuple[str, ...]] = {}
        self._doubts: dict[str | None, str | None] = {}

    @classmethod
    def of(
        cls,
        album: Album,
        platforms: Platforms,
        checked: Checked,
        folder: Path | None = None,
        overwrite: bool = False,
        timeout_s: float | None = None,
        trusted: Sequence[Path] = (),
        make_folders: bool = True,
        names: Sequence[str] | None = None,
        keeps_gain: bool = False,
    ) -> Project:
        """Plan the masters of an album; those that only some deliverables need, where named.

        Raises:
            MasterprintError: one of them cannot be made.
        """
        above = None if folder is not None else album.file.parent
        folder = folder or album.file.parent / "release" / safe_name(album.file.stem)
        if_there = IfThere.RENEW_ALL if overwrite else IfThere.RENEW_OURS

        def masters(chain: str | None) -> Masters:
            name = MASTERS if chain is None else f"{MASTERS}-{safe_name(Path(chain).stem)}"
            if above is not None and not within(above, folder / name):
                raise UsageError(
                    f"{folder / name}: a link in it leads out of the album's folder.",
                    hint="name the output folder with -o",
                )
            return plan_masters(
                album,
                folder / name,
                chain,
                if_there=if_there,
                timeout_s=timeout_s,
                trusted=trusted,
                make_folders=make_folders,
                keeps_gain=keeps_gain,
            )

        chains = {None} | {
            _own_chain(album, platforms.deliverables[n])
            for n in (album.model.deliver if names is None else names)
        }
        ordered = sorted(chains, key=lambda chain: chain or "")
        planned = {chain: masters(chain) for chain in ordered}
        return cls(album, platforms, checked, folder, planned, overwrite)

    @property
    def jobs(self) -> list[RenderJob]:
        """Of all masters."""
        return [job for masters in self._masters.values() for job in masters.jobs]

    def settle(
        self,
        make_pool: Callable[[int], Pool],
        done: Callable[[str], None] = lambda name: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> list[Matched]:
        """Find the gains that tracks share, where they are not known; what was found."""
        found = []
        for chain, masters in self._masters.items():
            self._masters[chain], matched = settle(masters, make_pool, done, stopped)
            found += [matched] if matched is not None else []
        return found

    def settle_from_before(self) -> list[tuple[RenderJob, str | None]]:
        """For a plan, without listening: every job, and why its gain may come out another."""
        found: list[tuple[RenderJob, str | None]] = []
        for chain, masters in self._masters.items():
            self._masters[chain], doubt = settled_before(masters)
            self._doubts[chain] = doubt
            found += [(job, doubt) for job in self._masters[chain].jobs]
        return found

    def doubt_of(self, name: str) -> str | None:
        """Why the masters of a deliverable may come out another, as `settle_from_before` found."""
        return self._doubts.get(_own_chain(self.album, self.platforms.deliverables[name]))

    def recipe_of(self, name: str) -> str:
        """The hash of what a deliverable is made of."""
        profile = self.platforms.deliverables[name]
        chain = _own_chain(self.album, profile)
        if chain not in self._works:
            self._works[chain] = works_of(self._masters[chain].jobs)
        return recipe(self.album, profile, self._works[chain], self.platforms)

    def why_deliver(self, name: str) -> str | None:
        """Why a deliverable is to be made; None where it is there, made of the same."""
        return why_deliver(self.folder / name, self.recipe_of(name), self.overwrite)

    @contextmanager
    def workshop(self, say: Say = lambda text: None) -> Iterator[Workshop]:
        """What deliverables are made in; it is gone behind the `with`."""
        with working_folder() as scratch:
            yield Workshop(self.album, self._masters, scratch, say)

    def deliver(self, workshop: Workshop, name: str) -> Delivered:
        """Make one deliverable, unless it is there, made of the same.

        Raises:
            MasterprintError: it cannot be made.
        """
        if self.why_deliver(name) is None:
            return unchanged(name, self.folder / name)
        made, profile = self.recipe_of(name), self.platforms.deliverables[name]
        return deliver(workshop, name, profile, self.folder / name, made, self.platforms)

    def deliver_all(
        self, names: Sequence[str], say: Say = lambda text: None
    ) -> Iterator[Delivered]:
        """Make deliverables, one after another; what goes wrong with one is in its result."""
        with self.workshop(say) as workshop:
            for name in names:
                yield self.try_deliver(workshop, name)

    def try_deliver(self, workshop: Workshop, name: str) -> Delivered:
        """As `deliver`; what goes wrong is in the result."""
        try:
            return self.deliver(workshop, name)
        except MasterprintError as error:
            return Delivered(name, self.folder / name, "failed", str(error))


def wanted(album: Album, only: Sequence[str] | None) -> list[str]:
    """The deliverables to be made: all that the album asks for, or some of them.

    Raises:
        UsageError: one of `only` is none of the album's, or there is none.
    """
    names = list(album.model.deliver)
    if only is None:
        return names
    for name in only:
        if name not in names:
            raise UsageError(f"--only {name}: the album does not ask for it{guess(name, names)}.")
    if not only:
        raise UsageError(f"--only names no deliverable; the album has {', '.join(names)}.")
    return [name for name in names if name in only]


def _own_chain(album: Album, profile: Deliverable) -> str | None:
    """The chain that a deliverable's masters go through; None for the tracks' own."""
    if profile.kind == "vinyl":
        return album.model.vinyl.chain
    if profile.kind == "cassette":
        return album.model.cassette.chain
    return None
