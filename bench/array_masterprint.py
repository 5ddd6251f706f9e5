"""Masterprint's chain on an array in memory: `array_masterprint.py CHAIN MIX`."""

import sys

from one_thread import keep_to_one_processor, report

keep_to_one_processor()

import numpy as np  # noqa: E402
import soundfile  # noqa: E402

import masterprint  # noqa: E402

audio, rate = soundfile.read(sys.argv[2], always_2d=True)
audio = np.ascontiguousarray(audio.T)
chain = masterprint.load_chain(sys.argv[1])
report(lambda: chain.apply(audio[:, : 5 * rate], rate), lambda: chain.apply(audio, rate))
