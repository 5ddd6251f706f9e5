"""Reverberation against pedalboard's own over the whole programme, and as it is heard."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pedalboard
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.signal import butter, sosfilt

from masterprint.chain.model import Chain
from masterprint.signal import Signal
from masterprint.stages.reverb import Reverb

FloatArray = NDArray[np.float64]


def through(stage: Reverb, audio: FloatArray, rate: int, block_frames: int = 1 << 16) -> FloatArray:
    return stage.apply(Signal.of(audio, rate, block_frames)).collect()


def only_room(**settings: Any) -> Reverb:
    return Reverb(**{"dry_db": None, "wet_db": 0.0, "low_cut_hz": None} | settings)


def impulse(rate: int, seconds: float, channels: int = 2) -> FloatArray:
    audio = np.zeros((channels, round(rate * seconds)))
    audio[:, 0] = 1.0
    return audio


def decay_s(response: FloatArray, rate: int, by_db: float = 40.0) -> float:
    """When the energy that is still to come has fallen so far (Schroeder's backward integral)."""
    left = np.cumsum(np.square(response)[::-1])[::-1]
    return float(np.argmax(left < left[0] * 10 ** (-by_db / 10)) / rate)


@pytest.mark.parametrize("rate", [44100, 96000])
@pytest.mark.parametrize("block_frames", [997, 1 << 16])
def test_the_room_is_that_of_pedalboard(rate: int, block_frames: int) -> None:
    audio = np.random.default_rng(1).uniform(-1.0, 1.0, (2, rate))
    settings = {"room_size": 0.8, "damping": 0.2, "width": 0.6}
    plain = pedalboard.Reverb(wet_level=1.0 / 3.0, dry_level=0.0, **settings)
    room = plain.process(audio.astype(np.float32), rate, buffer_size=512).astype(np.float64)
    stage = Reverb(dry_db=-6.0, wet_db=-20.0, low_cut_hz=None, **settings)
    found = through(stage, audio, rate, block_frames)
    expected = 10 ** (-6.0 / 20) * audio + 0.1 * room
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_cuts_and_pre_delay_are_for_the_room_alone() -> None:
    rate = 48000
    audio = np.random.default_rng(2).uniform(-1.0, 1.0, (2, rate))
    room = through(only_room(), audio, rate)
    for kind, corner in (("highpass", 300.0), ("lowpass", 4000.0)):
        room = sosfilt(butter(2, corner, kind, fs=rate, output="sos"), room)
    expected = audio.copy()
    expected[:, 1200:] += room[:, :-1200]
    stage = Reverb(wet_db=0.0, low_cut_hz=300.0, high_cut_hz=4000.0, pre_delay_ms=25.0)
    np.testing.assert_allclose(through(stage, audio, rate), expected, atol=2e-6)


@pytest.mark.parametrize("rate", [11025, 44100, 96000, 192000])
def test_it_begins_and_dies_away_alike_at_every_rate(rate: int) -> None:
    response = through(only_room(pre_delay_ms=100.0), impulse(rate, 3.0), rate)
    assert np.flatnonzero(response.any(axis=0))[0] / rate == pytest.approx(0.1253, abs=2e-4)
    assert decay_s(response[0], rate) == pytest.approx(0.845, abs=0.01)


def test_a_larger_room_rings_longer_and_damping_shortens_the_treble() -> None:
    rate = 44100
    decays = [
        decay_s(through(only_room(room_size=size), impulse(rate, 8.0), rate)[0], rate)
        for size in (0.0, 0.3, 0.6, 0.9)
    ]
    assert all(later > 1.2 * sooner for sooner, later in pairwise(decays))
    treble = butter(4, 8000.0, "highpass", fs=rate, output="sos")
    hard, soft = (
        decay_s(sosfilt(treble, through(only_room(damping=d), impulse(rate, 4.0), rate)[0]), rate)
        for d in (0.0, 0.8)
    )
    assert hard > 2 * soft


def test_it_decays() -> None:
    response = np.abs(through(Reverb(wet_db=0.0, dry_db=None), impulse(44100, 6.0), 44100))
    assert response[:, 5 * 44100 :].max() < 10 ** (-125 / 20)  # what float32 keeps going round
    assert response.max() > 0.01


def test_width_is_from_mono_to_two_rooms() -> None:
    audio = impulse(44100, 2.0)
    left, right = through(only_room(width=0.0), audio, 44100)
    np.testing.assert_allclose(left, right, atol=1e-7)
    left, right = through(only_room(width=1.0), audio, 44100)
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.2


@pytest.mark.parametrize("width", [0.0, 0.4, 1.0])
def test_a_mono_mix_sounds_as_the_left_of_the_same_in_stereo(width: float) -> None:
    audio = np.random.default_rng(3).uniform(-1.0, 1.0, (1, 30000))
    mono = through(Reverb(wet_db=0.0, width=width), audio, 44100)
    stereo = through(Reverb(wet_db=0.0), np.concatenate([audio, audio]), 44100)
    np.testing.assert_allclose(mono[0], stereo[0], atol=5e-6)


@pytest.mark.parametrize(("room_size", "expected_db"), [(0.0, -5.0), (0.5, -3.8), (1.0, 0.0)])
def test_at_0_db_it_is_about_as_loud_as_the_mix(room_size: float, expected_db: float) -> None:
    noise = np.random.default_rng(4).uniform(-1.0, 1.0, (2, 44100 * 8))
    noise[1] = noise[0]
    room = through(only_room(room_size=room_size), noise, 44100)[:, 44100 * 4 :]
    level_db = 10 * np.log10(np.mean(room**2) / np.mean(noise**2))
    assert level_db == pytest.approx(expected_db, abs=2.0)


def test_the_dry_signal_keeps_every_bit() -> None:
    audio = np.random.default_rng(5).uniform(-1.0, 1.0, (2, 30000))
    before = round(0.125 * 44100)
    found = through(Reverb(pre_delay_ms=100.0), audio, 44100)
    assert found[:, :before].tobytes() == audio[:, :before].tobytes()
    assert (found[:, before + 100 :] != audio[:, before + 100 :]).any(axis=0).all()


def test_a_tail_lets_it_ring() -> None:
    stage = Reverb(room_size=0.7)
    audio = np.random.default_rng(6).uniform(-1.0, 1.0, (2, 22050))
    assert Chain(stages=[stage]).apply(audio, 44100).shape == (2, 22050)
    tail = Chain(tail_s=1.0, stages=[stage]).apply(audio, 44100)[:, 22050:]
    assert tail.shape == (2, 44100)
    soon, late = (np.sqrt(np.mean(part**2)) for part in np.split(tail, 2, axis=1))
    assert soon > 5 * late > 0


@pytest.mark.parametrize("frames", [1, 2, 3, 8191, 8192, 8193, 8194])
def test_mixes_of_any_length_come_back_whole(frames: int) -> None:
    """Arrays with fewer frames than channels are what pedalboard takes for transposed ones."""
    audio = np.random.default_rng(8).uniform(-1.0, 1.0, (2, frames))
    longer = np.concatenate([audio, np.ones((2, 3000))], axis=1)
    found = through(Reverb(), audio, 44100)
    assert found.tobytes() == through(Reverb(), longer, 44100)[:, :frames].tobytes()


def test_each_use_starts_afresh() -> None:
    audio = np.random.default_rng(7).uniform(-1.0, 1.0, (2, 30000))
    stage = Reverb()
    assert through(stage, audio, 44100).tobytes() == through(stage, audio, 44100).tobytes()


def test_more_than_two_channels_are_a_problem_and_not_left_dry() -> None:
    (problem,) = Reverb().problems(44100, 6)
    assert problem == "works on 1 or 2 channels, the mix has 6"
    assert not Reverb().problems(44100, 1)


@pytest.mark.parametrize(
    "settings",
    [{"room_size": 1.1}, {"damping": -0.1}, {"width": 2.0}, {"pre_delay_ms": 501.0}],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Reverb(**settings)
