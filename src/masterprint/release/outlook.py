"""What becomes of a master's level where it is played: the gain that a service gives it, and why.

A service that only turns down applies g = min(0, T - I). One that turns up while there is headroom
applies g = min(T - I, H - TP) above zero: at Spotify, whose H is -1 dBTP, a programme at -20 LUFS
with peaks of -5 dBTP comes out at -16. An album played as one gets a single gain, made of the
album's loudness, or of its loudest track where that is the rule.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from masterprint.release.platforms import Service

NOTHING_DB = 0.05
"""Less of a gain than this is none."""


class Levels(Protocol):
    """What is asked of a measurement."""

    @property
    def integrated_lufs(self) -> float | None: ...
    @property
    def true_peak_dbtp(self) -> float | None: ...
    @property
    def max_short_term_lufs(self) -> float | None: ...


@dataclass(frozen=True)
class AlbumLevels:
    """What an album measures.

    Attributes:
        integrated_lufs: of all its tracks, pooled.
        loudest_track_lufs: the highest integrated loudness of a track.
        true_peak_dbtp: the highest.
    """

    integrated_lufs: float | None
    loudest_track_lufs: float | None
    true_peak_dbtp: float | None


@dataclass(frozen=True)
class Playback:
    """How a track is played.

    Attributes:
        gain_db: that the service gives it; None where that is not known.
        integrated_lufs, true_peak_dbtp: with that gain.
        why: one sentence.
    """

    gain_db: float | None
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    why: str


@dataclass(frozen=True)
class Outlook:
    """What a service does with a track by itself, and within its album.

    Attributes:
        track: in playlists and shuffled.
        album: in the order of the album; None where no album was given.
        remarks: what the service asks for and the track does not keep, a sentence each.
    """

    track: Playback
    album: Playback | None
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, decibels to a hundredth."""

        def plain(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: plain(inner) for key, inner in value.items()}
            return round(value, 2) + 0.0 if isinstance(value, float) else value

        return {key: plain(value) for key, value in asdict(self).items()} | {
            "remarks": list(self.remarks)
        }


def outlook(levels: Levels, service: Service, album: AlbumLevels | None = None) -> Outlook:
    """What a service's playback does with a master.

    Args:
        levels: what the track measures.
        service: where it is played.
        album: what its album measures, where it belongs to one.
    """
    track = _played(levels, service, levels.integrated_lufs, levels.true_peak_dbtp, "")
    return Outlook(track, _in_album(levels, service, album, track), _remarks(levels, service))


def _in_album(
    levels: Levels, service: Service, album: AlbumLevels | None, track: Playback
) -> Playback | None:
    if album is None:
        return None
    if service.gain == "none" or service.album == "track":
        return track
    if service.album == "unknown":
        return Playback(None, None, None, "what is done with albums is not known")
    if service.album == "loudest_track":
        return _played(
            levels, service, album.loudest_track_lufs, album.true_peak_dbtp, "its loudest track"
        )
    return _played(levels, service, album.integrated_lufs, album.true_peak_dbtp, "the album")


def _played(
    levels: Levels,
    service: Service,
    by_lufs: float | None,
    by_dbtp: float | None,
    by: str,
) -> Playback:
    """The track with the gain that a loudness and a true peak, perhaps the album's, ask for."""
    loudness, peak = levels.integrated_lufs, levels.true_peak_dbtp
    if loudness is None or by_lufs is None:
        return Playback(0.0, loudness, peak, "it has no loudness that could be levelled")
    gain, why = _gain(service, by_lufs, by_dbtp, by)
    limiter = service.limiter_dbfs
    if limiter is not None and gain > 0 and peak is not None and peak + gain > limiter:
        why += f"; its limiter takes {peak + gain - limiter:.1f} dB off the peaks"
    return Playback(gain, loudness + gain, None if peak is None else peak + gain, why)


def _gain(service: Service, loudness: float, peak: float | None, by: str) -> tuple[float, str]:
    of = f", as {by} is at {loudness:.1f}" if by else ""
    target = service.target_lufs
    if by and service.album_target_lufs is not None:
        target = service.album_target_lufs
    if service.gain == "none" or target is None:
        return 0.0, "played as it is"
    wanted = target - loudness
    if abs(wanted) < NOTHING_DB:
        # The same rule as ever: no more than hundredths, but nobody who turns down turns up.
        return _allowed(service, wanted, peak), f"at the target of {target:g} LUFS as it is{of}"
    if wanted < 0.0:
        return wanted, f"turned down by {-wanted:.1f} dB to {target:g} LUFS{of}"
    if service.gain == "down":
        return 0.0, f"{wanted:.1f} LU under {target:g} LUFS{of}; nothing is turned up"
    if service.gain == "both":
        return wanted, f"turned up by {wanted:.1f} dB to {target:g} LUFS{of}"
    room = _allowed(service, wanted, peak)
    if room >= wanted:
        return wanted, f"turned up by {wanted:.1f} dB to {target:g} LUFS{of}"
    limit = f"peaks may reach {service.headroom_dbtp:g} dBTP"
    if room < NOTHING_DB:
        return room, f"{wanted:.1f} LU under {target:g} LUFS{of}; not turned up, as {limit}"
    return room, (
        f"turned up by {room:.1f} dB only, {wanted - room:.1f} LU short of {target:g} LUFS{of}, "
        f"as {limit}"
    )


def _allowed(service: Service, wanted: float, peak: float | None) -> float:
    """As much of a gain as the service would give, with a true peak."""
    if wanted <= 0.0 or service.gain == "both":
        return wanted
    if service.gain == "down":
        return 0.0
    assert service.headroom_dbtp is not None
    return wanted if peak is None else min(wanted, max(0.0, service.headroom_dbtp - peak))


def _remarks(levels: Levels, service: Service) -> tuple[str, ...]:
    found = []
    loudness, target = levels.integrated_lufs, service.target_lufs
    if service.gain == "none" and loudness is not None and target is not None:
        off = loudness - target
        if abs(off) > (service.tolerance_lu or 0.0) + NOTHING_DB:
            where = "over" if off > 0 else "under"
            found.append(f"{abs(off):.1f} LU {where} the target of {target:g} LUFS")
    limit = service.max_short_term_lufs
    highest = levels.max_short_term_lufs
    if limit is not None and highest is not None and highest > limit:
        found.append(f"the loudest 3 s are at {highest:.1f} LUFS, over {limit:g}")
    ceiling = service.peak_limit_dbtp(loudness)
    asked = service.max_true_peak_dbtp is not None
    if asked and levels.true_peak_dbtp is not None and levels.true_peak_dbtp > ceiling:
        found.append(f"true peak {levels.true_peak_dbtp:.2f} dBTP, over {ceiling:g}")
    return tuple(found)
