"""A mix through plugins with pedalboard alone: `peer_plugins.py MIX MASTER PLUGIN...`.

The shortest script that does it: whole file in, every plugin in turn, whole file out.
"""

import sys

from pedalboard import VST3Plugin
from pedalboard.io import AudioFile

if __name__ == "__main__":
    mix, master, *paths = sys.argv[1:]
    plugins = [VST3Plugin(path) for path in paths]
    with AudioFile(mix) as file:
        rate, audio = file.samplerate, file.read(file.frames)
    for plugin in plugins:
        audio = plugin(audio, rate)
    with AudioFile(master, "w", rate, len(audio), bit_depth=24) as file:
        file.write(audio)
