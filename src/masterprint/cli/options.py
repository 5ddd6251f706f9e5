"""Options that several verbs share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors and warnings only.")]
