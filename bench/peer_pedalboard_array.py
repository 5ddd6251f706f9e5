"""Pedalboard's chain on a float32 array in memory: `peer_pedalboard_array.py MIX`."""

import sys

from one_thread import keep_to_one_processor, report

keep_to_one_processor()

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
from peer_pedalboard import chain  # noqa: E402

audio, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
audio = np.ascontiguousarray(audio.T)
board = chain()
report(lambda: board(audio[:, : 5 * rate], rate), lambda: board(audio, rate))
