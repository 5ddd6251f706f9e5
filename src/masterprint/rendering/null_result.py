"""What a null test finds: the figures and the verdict, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from masterprint.metering.residual import Residual
from masterprint.rendering.left_over import LeftOver
from masterprint.rendering.verdict import Verdict, sentence


@dataclass(frozen=True)
class Band:
    """An octave band: RMS of A and of the residual (gain taken out) in dBFS, None for nothing."""

    centre_hz: float
    programme_rms_dbfs: float | None
    residual_rms_dbfs: float | None


@dataclass(frozen=True)
class NullResult:
    """What a null test finds. Levels are dBFS of full scale 1.0; None means there is none.

    The residual is A less B, over the frames that both have, with B moved by the offset, turned to
    A's polarity and brought to A's level by one gain for all channels. `residual_at_own_level` is
    the same without the gain: what an engineer hears who aligns the files and inverts one.

    The verdict is the first that holds of

    - identical: the same samples, bit for bit; the same rate, channels, length and depth.
    - same: the same but for offset, polarity, gain, length or depth. The residual is nothing, or no
      larger than what quantising explains: where the files differ in level or depth, 1.5 steps of
      each (rounding and triangular dither), mostly those of the coarser one.
    - close: the residual peaks at -60 dBFS or below, and lies 20 dB or more below the programme.
    - different.

    Interpolation makes other samples, so files at different rates, or apart by a fraction of a
    frame, are close at best.

    Attributes:
        a, b: the files.
        verdict: identical, same, close or different.
        aligned: whether offset, polarity and gain were looked for.
        sample_rate_hz: at which they are compared, the lower of both; all frames are of this rate.
            At different rates what lies above 0.4535 of it, where converters end, is left out.
        channels: that are compared.
        overlap_frames, overlap_s: what both have.
        edge_s: at either end of the overlap, not compared, because the filters ring there that
            convert a rate or move by a fraction; 0 where there are none.
        offset_frames: by which B is later than A; negative if it is earlier.
        offset_fraction: of a frame, to be added, about 0.01 exact; 0 unless it is well founded.
        offset_ms: both together.
        inverted: whether B's polarity is the opposite of A's.
        correlation: of A and B so aligned, -1 to 1; None where one is silent.
        gain_db: level of B over A, as the gain that gives the deepest null makes up for it (least
            squares); None where there is nothing in common.
        level_db: RMS of B over that of A. It is the gain where the audio is the same; where it is
            not, the gain of the deepest null is larger, as what B lacks or has more cannot null.
        channel_levels_db: the same by channel, where they differ by more than 0.01 dB; else empty.
        swapped: whether A's left is B's right and the other way round; all figures are then those
            with B's channels exchanged, and the verdict is different all the same.
        dc: by channel, the DC offset of B that A has not, of full scale, where it explains most of
            the residual; else empty. Gain, level and correlation are then without it, the residual
            has it.
        programme_rms_dbfs: of A, over all channels, where they meet.
        residual, residual_at_own_level: with and without the gain taken out.
        bands: octave bands of IEC 61260.
        left_over: what one file has and the other has not.
        silent: which of the files ("a", "b") are digital silence where they meet.
        notes: what an engineer would want to be told.
    """

    a: Path
    b: Path
    verdict: Verdict
    aligned: bool
    sample_rate_hz: int
    channels: int
    overlap_frames: int
    overlap_s: float
    edge_s: float
    offset_frames: int
    offset_fraction: float
    offset_ms: float
    inverted: bool
    correlation: float | None
    gain_db: float | None
    level_db: float | None
    channel_levels_db: tuple[float | None, ...]
    swapped: bool
    dc: tuple[float, ...]
    programme_rms_dbfs: float | None
    residual: Residual
    residual_at_own_level: Residual
    bands: tuple[Band, ...]
    left_over: tuple[LeftOver, ...]
    silent: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The verdict and why."""
        return sentence(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: figures in dB to a thousandth."""
        data = asdict(self) | {"a": str(self.a), "b": str(self.b), "sentence": self.sentence}
        return {key: _plain(key, value) for key, value in data.items()}


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(name, each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(key, each) for each in value]
    if isinstance(value, float):
        digits = 6 if key in ("overlap_s", "edge_s", "seconds", "peak_at_s", "offset_ms") else 3
        return round(value, 9 if key in ("correlation", "dc") else digits) + 0.0
    return value
