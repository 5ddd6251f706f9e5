"""The chain of bench/chain.yaml with Pedalboard's own effects: `peer_pedalboard.py MIX MASTER`.

As a script would be written by hand, and whole files because that is what is quickest: blocks of
any size took as long. It has no side EQ, no dither and no meters.
"""

import sys

import soundfile
from pedalboard import (
    BrickwallLimiter,
    Compressor,
    Gain,
    HighpassFilter,
    HighShelfFilter,
    LowShelfFilter,
    PeakFilter,
    Pedalboard,
)


def chain() -> Pedalboard:
    return Pedalboard(
        [
            HighpassFilter(cutoff_frequency_hz=20),
            LowShelfFilter(cutoff_frequency_hz=90, gain_db=1.0, q=0.71),
            PeakFilter(cutoff_frequency_hz=290, gain_db=-1.5, q=0.9),
            PeakFilter(cutoff_frequency_hz=3200, gain_db=1.0, q=0.8),
            HighShelfFilter(cutoff_frequency_hz=9500, gain_db=1.5, q=0.71),
            Compressor(threshold_db=-20, ratio=2, attack_ms=30, release_ms=200),
            Gain(gain_db=9),
            BrickwallLimiter(ceiling_db=-1.0, release_ms=100, lookahead_ms=5, true_peak=True),
        ]
    )


if __name__ == "__main__":
    audio, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
    soundfile.write(sys.argv[2], chain()(audio, rate), rate, subtype="PCM_24")
