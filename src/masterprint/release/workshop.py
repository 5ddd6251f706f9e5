"""What several deliverables of an album are made from, made once in a scratch folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from masterprint.release.compact_disc import Image, write_disc_image
from masterprint.release.consistency import Consistency, compare
from masterprint.release.layout import Layout, laid_out
from masterprint.release.loading import Album
from masterprint.release.masters import Masters
from masterprint.release.names import name_from
from masterprint.release.printing import Gaps, Printed, print_tracks
from masterprint.rendering.job import RenderJob

Say = Callable[[str], None]


class Workshop:
    """An album whose masters are rendered, and what is made from them.

    Args:
        album: what is delivered.
        masters: by the chain that all tracks go through; None for the tracks' own chains.
        scratch: an empty folder for what is only needed meanwhile.
        say: told what is being worked on.
    """

    def __init__(
        self, album: Album, masters: Mapping[str | None, Masters], scratch: Path, say: Say
    ) -> None:
        self.album = album
        self.say = say
        self._masters = dict(masters)
        self._scratch = scratch
        self._layout: Layout | None = None
        self._tracks: dict[Gaps, list[Printed]] = {}
        self._image: Image | None = None
        self._comparison: Consistency | None = None

    @property
    def layout(self) -> Layout:
        """The whole album."""
        if self._layout is None:
            self._layout = self._laid_out(None)
        return self._layout

    def jobs(self, chain: str | None = None) -> Sequence[RenderJob]:
        """What made the masters."""
        return self._masters[chain].jobs

    def side(self, indexes: Sequence[int], head_s: float, chain: str | None) -> Layout:
        """Some of the tracks, in their places."""
        return self._laid_out(chain, indexes, head_s)

    def tracks(self, gaps: Gaps = "keep") -> list[Printed]:
        """Every track as a 24-bit WAV at the rate of its master."""
        if gaps not in self._tracks:
            folder = self.folder(f"tracks-{gaps}")
            self._tracks[gaps] = list(
                print_tracks(
                    self.album,
                    self.layout,
                    lambda stretch: folder / f"{stretch.index:03}.wav",
                    gaps=gaps,
                    done=lambda title: self.say(f"track {title}"),
                )
            )
        return self._tracks[gaps]

    def image(self) -> Image:
        """The compact disc's audio."""
        if self._image is None:
            self.say("disc image")
            self._image = write_disc_image(
                self.album, self.layout, self.folder("disc") / "image.wav"
            )
        return self._image

    def comparison(self) -> Consistency:
        """How the tracks compare."""
        if self._comparison is None:
            self._comparison = compare([each.figures for each in self.tracks()])
        return self._comparison

    def folder(self, name: str) -> Path:
        """A folder of scratch."""
        path = self._scratch / name
        path.mkdir(exist_ok=True)
        return path

    def _laid_out(
        self, chain: str | None, indexes: Sequence[int] | None = None, head_s: float = 0.0
    ) -> Layout:
        jobs = self.jobs(chain)
        masters, chains = [job.master for job in jobs], [job.chain for job in jobs]
        return laid_out(self.album, masters, chains, indexes, head_s)

    def name_of(self, index: int, number: int, template: str | None = None) -> str:
        """The delivered name of a track, without its ending."""
        return track_name(self.album, index, number, template)


def track_name(album: Album, index: int, number: int, template: str | None = None) -> str:
    """A track's name after a template, that of the album by default, without ending."""
    track, model = album.tracks[index], album.model
    own: dict[str, str | int | None] = {
        "track": number,
        "title": track.title,
        "performer": track.performer or model.artist,
        "isrc": track.isrc,
    }
    return name_from(template or model.names, _of_album(album) | own)


def side_name(album: Album, side: str) -> str:
    """The same of a side of a record or a cassette."""
    return name_from(album.model.side_names, _of_album(album) | {"side": side})


def _of_album(album: Album) -> dict[str, str | int | None]:
    """What the names of all files may have in them."""
    model = album.model
    return {
        "tracks": max(album.numbers),
        "artist": model.artist,
        "album": model.title,
        "disc": model.disc,
        "upc": model.upc,
        "catalog_number": model.catalog_number,
        "label": model.label,
        "year": model.year,
    }
