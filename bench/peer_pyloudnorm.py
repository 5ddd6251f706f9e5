"""pyloudnorm, integrated loudness alone: `peer_pyloudnorm.py MIX`."""

import sys

import pyloudnorm
import soundfile

audio, rate = soundfile.read(sys.argv[1], always_2d=True)
print(pyloudnorm.Meter(rate).integrated_loudness(audio))
