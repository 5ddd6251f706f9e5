"""Previews: close to what a limiter then really does, by an independent loudness meter."""

import numpy as np
import pytest

from masterprint.signal import Signal
from masterprint.stages.limiter import Limiter, limiter_of
from masterprint.stages.preview import KnownProgramme
from oracles import amplitude, demo_mix, integrated_lufs, run, true_peak_dbtp

RATE = 44100


def music(seconds=4.0):
    return np.array(demo_mix(RATE)[:, 2 * RATE : round((2 + seconds) * RATE)])


def known(audio, settings, block_frames=10_000):
    programme = KnownProgramme(RATE, len(audio), settings.link)
    for block in Signal.of(audio, RATE, block_frames).blocks:
        programme.append(block)
    programme.pad(limiter_of(settings, Signal.of(audio, RATE), 1.0).latency)
    return programme


def test_it_knows_the_programme():
    audio = music()
    programme = known(audio, Limiter())
    assert programme.frames == audio.shape[1]
    assert programme.integrated_lufs() == pytest.approx(integrated_lufs(audio, RATE), abs=0.001)
    assert 20 * np.log10(programme.peak) == pytest.approx(true_peak_dbtp(audio), abs=0.1)
    programme.close()


@pytest.mark.parametrize("link", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("gain_db", [-6.0, 3.0, 9.0])
def test_a_preview_is_close_to_the_limiter(gain_db, link):
    audio = music() * np.array([[1.0], [0.6]])
    settings = Limiter(ceiling_dbtp=-6.0, input_gain_db=gain_db, link=link)
    programme = known(audio, settings)
    gain = amplitude(gain_db)
    limiter = limiter_of(settings, Signal.of(audio, RATE), gain)
    previewed = programme.preview(limiter, gain)
    out, report = run(settings, audio, RATE)
    assert previewed == pytest.approx(integrated_lufs(out, RATE), abs=0.02)
    assert (report["max_gain_reduction_db"] > 2.0) == (gain_db > 0)
    programme.close()


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_any_number_of_channels(channels):
    """The LFE of six does not count."""
    audio = np.concatenate([music(2.0)] * 3)[:channels] * np.linspace(1.0, 0.5, channels)[:, None]
    programme = known(audio, Limiter())
    assert programme.integrated_lufs() == pytest.approx(integrated_lufs(audio, RATE), abs=0.001)
    programme.close()


def test_silence_has_no_loudness():
    programme = known(np.zeros((2, RATE)), Limiter())
    assert programme.integrated_lufs() is None
    programme.close()
