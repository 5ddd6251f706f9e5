"""libsonare's mastering for streaming services, in stereo: `peer_libsonare.py MIX MASTER`.

Its own command line, `sonare master`, does the same in somewhat more time and writes 16 bit.
"""

import sys

import libsonare
import numpy as np
import soundfile

audio, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
left, right = (np.ascontiguousarray(channel) for channel in audio.T)
done = libsonare.master_audio_stereo(left, right, sample_rate=rate, preset_name="streaming")
soundfile.write(sys.argv[2], np.column_stack([done.left, done.right]), rate, subtype="PCM_24")
