"""What a null test comes to, as a word and as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from masterprint.files.reading import AudioFile

if TYPE_CHECKING:
    from masterprint.rendering.null_result import NullResult

Verdict = Literal["identical", "same", "close", "different"]

CLOSE_PEAK_DBFS = -60.0
CLOSE_DEPTH_DB = -20.0
LEAST_CORRELATION = 0.5
"""Below, a quarter of the energy or less is common to both: there is no level to compare, unless
there is no doubt that they are the same programme."""
NOTHING_COMMON = 0.1
DITHERED_STEPS = 1.5
"""Rounding errs by half a step, and triangular dither by one more."""
MANTISSA_BITS = {"FLOAT": 25, "DOUBLE": 54}
LEAST_GAIN_DB, COARSE_GAIN_DB = 0.0005, 0.005
"""What is said of a level: of audio that is the same, and of other audio, to a hundredth."""


def step_of(file: AudioFile, peak: float) -> float:
    """The step in which a file counts, of full scale: of floating point, at its peak.

    Lossy encodings have none.
    """
    if file.bits is not None:
        return 2.0 ** (1 - file.bits)
    bits = MANTISSA_BITS.get(file.format.split()[-1])
    return 0.0 if bits is None else peak * 2.0 ** (1 - bits)


def depth_of(file: AudioFile) -> str:
    """What a file's samples are stored as, whatever the container."""
    return str(file.bits or file.format.split()[-1])


def explained_peak(steps: tuple[float, float], factor: float, peak: float) -> float:
    """The largest residual that the steps of the files explain, of full scale.

    Either may have been rounded, with dither, from what both come from. Where both count in the
    same steps and no gain lies between them, steps explain nothing.

    Args:
        steps: of A and of B.
        factor: B is multiplied by it.
        peak: of A.
    """
    unity = abs(abs(factor) - 1.0) * peak < 0.5 * max(steps)
    if unity and steps[0] == steps[1]:
        return 0.0
    return DITHERED_STEPS * (steps[0] + abs(factor) * steps[1]) * (1.0 + 1e-9)


def sentence(result: NullResult) -> str:
    """The verdict and why, in one sentence."""
    if result.verdict == "identical":
        silent = " of digital silence" if result.programme_rms_dbfs is None else ""
        return f"identical: the same samples{silent}, bit for bit"
    if result.silent:
        both = len(result.silent) == 2
        which = "both files are" if both else f"{result.silent[0].upper()} is"
        rest = "" if both else f", {'B' if result.silent == ('a',) else 'A'} is not"
        return f"{result.verdict}: {which} digital silence{_meeting(result)}{rest}"
    if result.overlap_frames == 0:
        return f"{result.verdict}: at this offset the files do not meet"
    if result.gain_db is None and result.aligned:
        much = "nothing" if abs(result.correlation or 0.0) < NOTHING_COMMON else "little"
        where = _differences(result)
        best = f" even where they fit best, B {where}" if where else ""
        return f"{result.verdict}: the files have {much} in common{best}{_meeting(result)}"
    audio = {"same": "the same audio", "close": "nearly the same audio"}.get(
        result.verdict, "not the same audio"
    )
    if result.swapped:
        audio = "the channels are swapped"
    where = _differences(result)
    how = f", B {where}" if where else ", neither moved nor turned up or down"
    if not result.aligned:
        how = ", compared sample by sample as they lie"
    peak = result.residual.peak_dbfs
    left = "nothing is left" if peak is None else f"the residual peaks at {peak:.1f} dBFS"
    exchanged = "with them exchanged, " if result.swapped else ""
    return f"{result.verdict}: {audio}{how}; {exchanged}{left}{_meeting(result)}"


def _meeting(result: NullResult) -> str:
    return " where they overlap" if result.left_over else ""


def _differences(result: NullResult) -> str:
    said = []
    late = result.offset_frames + result.offset_fraction
    if late:
        digits = 2 if result.offset_fraction else 0
        frames = f"{abs(late):.{digits}f} frame{'' if abs(late) == 1 else 's'}"
        ms = abs(result.offset_ms)
        time = f"{ms:.3f} ms" if ms < 1000.0 else f"{ms / 1000.0:.3f} s"
        said.append(f"{frames} ({time}) {'later' if late > 0 else 'earlier'}")
    gain = 0.0 if result.gain_db is None else result.level_db or 0.0
    if abs(gain) >= (COARSE_GAIN_DB if result.verdict == "different" else LEAST_GAIN_DB):
        digits = 2 if abs(gain) >= 0.005 else 4
        said.append(f"{abs(gain):.{digits}f} dB {'louder' if gain > 0 else 'quieter'}")
    if result.inverted:
        said.append("with its polarity inverted")
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
