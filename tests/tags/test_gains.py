"""ReplayGain, and what Opus has in its place."""

from __future__ import annotations

import pytest

from masterprint.tags.fields import ReplayGain
from masterprint.tags.gains import gain_from, gain_from_opus, gain_texts, opus_texts


def test_replaygain_is_written_as_players_read_it():
    texts = gain_texts(ReplayGain(-7.891, 0.988553, 2.0))
    assert texts == {
        "REPLAYGAIN_TRACK_GAIN": "-7.89 dB",
        "REPLAYGAIN_TRACK_PEAK": "0.988553",
        "REPLAYGAIN_ALBUM_GAIN": "2.00 dB",
    }
    assert gain_from(texts) == ReplayGain(-7.89, 0.988553, 2.0)


def test_opus_gains_are_for_23_lufs_in_steps_of_a_256th():
    # A track of -18 LUFS: ReplayGain leaves it, R 128 lowers it by 5 dB.
    assert opus_texts(ReplayGain(0.0, 1.0, -1.0)) == {
        "R128_TRACK_GAIN": "-1280",
        "R128_ALBUM_GAIN": "-1536",
    }
    assert gain_from_opus({"R128_TRACK_GAIN": "-1280"}) == ReplayGain(0.0, None)
    assert opus_texts(ReplayGain(-500.0))["R128_TRACK_GAIN"] == "-32768"


@pytest.mark.parametrize("text", ["", "loud", "nan dB", "1e99", "inf", None])
def test_a_gain_that_is_no_number_is_none(text):
    assert gain_from({"REPLAYGAIN_TRACK_GAIN": text}) is None
