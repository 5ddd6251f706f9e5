"""Options that several verbs share, said once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        max=256,
        metavar="N",
        help="Mixes at a time, each on a core of its own; else as many as there are cores.",
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Leave masters that are there, made of the same.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done and why, and do nothing.")
]
MatchLoudness = Annotated[
    str | None,
    typer.Option(
        metavar="album",
        help="One gain for all masters of a folder, which together reach the chain's target.",
    ),
]
Log = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE.jsonl", help="Add a line of JSON for every event."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace masters that are there.")]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=0.1, help="For a mix that goes through plugins."),
]
TrustPath = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Load this plugin file, too, though it is not scanned."),
]
Format = Annotated[
    str | None, typer.Option("--format", help="wav, aiff or flac; else as the chain says.")
]
BitDepth = Annotated[str | None, typer.Option("--bit-depth", help="16, 24, 32f or 64f.")]
SampleRate = Annotated[
    str | None,
    typer.Option("--sample-rate", metavar="HZ", help="Rate of the masters, such as 44100."),
]
Dither = Annotated[str | None, typer.Option("--dither", help="none, tpdf or shaped.")]
DitherSilence = Annotated[
    bool, typer.Option("--dither-silence", help="Dither digital silence, too.")
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Another setting, as maximizer.ceiling_dbtp=-1.5."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors and warnings only.")]


def master_changes(
    file_format: str | None,
    bit_depth: str | None,
    sample_rate: str | None,
    dither: str | None,
    dither_silence: bool,
) -> dict[str, Any]:
    """The settings of a chain's `master` block that options give another value."""
    # A rate that is no number is refused with the other settings.
    is_number = sample_rate and re.fullmatch("[0-9]{1,9}", sample_rate)
    return {
        "format": file_format and file_format.lower(),
        "bit_depth": bit_depth and bit_depth.lower(),
        "sample_rate_hz": int(sample_rate) if sample_rate and is_number else sample_rate,
        "dither": dither and dither.lower(),
        "dither_silence": dither_silence or None,
    }
