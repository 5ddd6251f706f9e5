"""Measure every audio file in a folder and print a line for each, loudest first.

python examples/measure_a_folder.py FOLDER
"""

import sys
from pathlib import Path

import masterprint

AUDIO = {".wav", ".aiff", ".flac", ".mp3", ".ogg"}


def main(folder: str) -> None:
    rows = []
    for path in sorted(Path(folder).iterdir()):
        if path.suffix.lower() not in AUDIO:
            continue
        try:
            rows.append((masterprint.measure(path), path.name))
        except masterprint.MasterprintError as error:
            print(f"skipped: {error}", file=sys.stderr)
    # What is silent or too short has no loudness: it comes last.
    rows.sort(key=lambda row: -(row[0].integrated_lufs or -100.0))
    for measured, name in rows:
        print(f"{name:30} {measured}")


if __name__ == "__main__":
    main(sys.argv[1])
