"""The loudness package, integrated loudness alone: `peer_loudness.py MIX`."""

import sys

import loudness
import soundfile

audio, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
print(loudness.integrated_loudness(audio, rate))
