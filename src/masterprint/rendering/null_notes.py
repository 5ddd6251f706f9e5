"""What an engineer would want to be told of a null test, beside its figures."""

from __future__ import annotations

from masterprint.metering.likeness import LEAST_DC, Likeness
from masterprint.rendering.alignment import Found
from masterprint.rendering.null_result import NullResult
from masterprint.rendering.pairing import SHARED_BAND, Pair


def notes(result: NullResult, files: Pair, likeness: Likeness, found: Found | None) -> list[str]:
    """Sentences without a full stop: on how the files were compared, then on what was found."""
    said = _of_the_files(result, files)
    if result.swapped:
        said.append("the channels are swapped: A's left is B's right, and the other way round")
    if found is not None and found.fit.rivals:
        said.append("other offsets fit as well, because the programme is steady or repeats itself")
    said += _of_the_channels(result, likeness)
    for rest in result.left_over:
        silent = "digital silence" if rest.silent else f"with a peak of {rest.peak_dbfs:.1f} dBFS"
        frames = f"{rest.frames} frame{'s' if rest.frames > 1 else ''} ({rest.seconds:.3f} s)"
        said.append(f"{rest.file.upper()} has {frames} more at its {rest.where}, {silent}")
    return said


def _of_the_files(result: NullResult, files: Pair) -> list[str]:
    said = []
    for name, file in (("A", files.a), ("B", files.b)):
        if file.sample_rate_hz != result.sample_rate_hz:
            end_hz = SHARED_BAND[1] * result.sample_rate_hz
            said.append(
                f"{name} was converted from {file.sample_rate_hz} to {result.sample_rate_hz} Hz to "
                f"be compared; what lies above {end_hz / 1000:.1f} kHz is left out of both"
            )
    if result.edge_s:
        said.append(
            f"the first and the last {result.edge_s:.3f} s of what both have are not compared, "
            "because filters ring there"
        )
    if files.a.channels != files.b.channels:
        mono, other = ("A", "B") if files.a.channels == 1 else ("B", "A")
        said.append(f"{mono} is mono and is compared with both channels of {other}")
    return said


def _of_the_channels(result: NullResult, likeness: Likeness) -> list[str]:
    said = []
    if not result.silent:
        for name, silent in zip("AB", likeness.silent(), strict=True):
            said += [f"channel {number} of {name} is digital silence" for number in silent]
    polarities = likeness.polarities()
    if {1, -1} <= set(polarities):
        turned = [str(number) for number, sign in enumerate(polarities, 1) if sign < 0]
        plural = "s" if len(turned) > 1 else ""
        said.append(f"the polarity is inverted in channel{plural} {', '.join(turned)} only")
    if result.channel_levels_db:
        levels = ", ".join(
            f"{number}: " + ("-" if level is None else f"{level:+.2f} dB")
            for number, level in enumerate(result.channel_levels_db, 1)
        )
        said.append(f"the level differs by channel ({levels})")
    if result.dc:
        offsets = ", ".join(
            f"{offset:+.6f} in channel {number}"
            for number, offset in enumerate(result.dc, 1)
            if abs(offset) >= LEAST_DC
        )
        said.append(f"B has a DC offset that A has not ({offsets} of full scale)")
    return said
