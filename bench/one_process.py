"""Render one mix many times in this process: what the workers of a batch cost beside it."""

import sys
from pathlib import Path

import masterprint
from masterprint.ahead import use_threads

mix, count, folder = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
use_threads(False)  # as a worker does that has one core
chain = masterprint.load_chain("streaming")
for number in range(count):
    masterprint.render(chain, mix, folder / f"{number:03}", overwrite=True)
