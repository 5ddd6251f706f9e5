"""ReplayGain as text, and Opus' own gains in place of it.

ReplayGain 2.0 is re -18 LUFS: `REPLAYGAIN_TRACK_GAIN=-7.89 dB` and `REPLAYGAIN_TRACK_PEAK=0.988553`
(linear), likewise ALBUM. Opus (RFC 7845, 5.2.1) has R128_TRACK_GAIN and R128_ALBUM_GAIN instead,
re -23 LUFS, a whole number of 1/256 dB that comes on top of the gain in the header; it has no place
for peaks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from masterprint.tags.fields import ReplayGain

GAIN_KEYS = tuple(
    f"REPLAYGAIN_{of}_{what}" for of in ("TRACK", "ALBUM") for what in ("GAIN", "PEAK")
)
OPUS_KEYS = ("R128_TRACK_GAIN", "R128_ALBUM_GAIN")
OPUS_BELOW_DB = 5.0
"""-23 LUFS lies that far below -18."""


def gain_texts(gain: ReplayGain | None) -> dict[str, str]:
    """ReplayGain by `GAIN_KEYS`, without those that there are none of."""
    if gain is None:
        return {}
    values = (gain.track_gain_db, gain.track_peak, gain.album_gain_db, gain.album_peak)
    return {
        key: f"{value:.2f} dB" if key.endswith("GAIN") else f"{value:.6f}"
        for key, value in zip(GAIN_KEYS, values, strict=True)
        if value is not None
    }


def gain_from(texts: Mapping[str, str | None]) -> ReplayGain | None:
    """What texts by `GAIN_KEYS` say; None where no gain for a track is among them."""
    track, track_peak, album, album_peak = (_number(texts.get(key)) for key in GAIN_KEYS)
    return None if track is None else ReplayGain(track, track_peak, album, album_peak)


def opus_texts(gain: ReplayGain | None) -> dict[str, str]:
    """The same by `OPUS_KEYS`."""
    values = (gain.track_gain_db, gain.album_gain_db) if gain is not None else (None, None)
    return {
        key: str(max(-32768, min(32767, round(256 * (value - OPUS_BELOW_DB)))))
        for key, value in zip(OPUS_KEYS, values, strict=True)
        if value is not None
    }


def gain_from_opus(texts: Mapping[str, str | None]) -> ReplayGain | None:
    """What texts by `OPUS_KEYS` say."""
    found = [_number(texts.get(key)) for key in OPUS_KEYS]
    track, album = (None if each is None else each / 256 + OPUS_BELOW_DB for each in found)
    return None if track is None else ReplayGain(track, None, album, None)


def _number(text: str | None) -> float | None:
    bare = (text or "").strip()
    bare = bare[:-2].strip() if bare[-2:].lower() == "db" else bare
    try:
        value = float(bare)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= 32768 else None
