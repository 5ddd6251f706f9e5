"""Alignment of channels that were moved by a known amount with the Fourier transform."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from masterprint.signal import Signal
from masterprint.stages.run import run_stage
from masterprint.stages.stereo_align import StereoAlign
from programmes import acoustic, dense, speech

RATE = 44100
Audio = NDArray[np.float64]


def late(row: Audio, frames: float | Audio) -> Audio:
    """A row later by a fraction of frames, exact for what ends in silence on both sides."""
    spectrum = np.fft.rfft(row, 2 * len(row))
    turns = np.arange(len(spectrum)) / (2 * len(row))
    return np.fft.irfft(spectrum * np.exp(-2j * np.pi * turns * frames))[: len(row)]


@cache
def made(programme) -> Audio:
    """A programme of 10 s, made once."""
    return programme(RATE, 10.0)


@cache
def mono_like() -> Audio:
    """Two channels that are one, but for some of their own: what a tape of a mono programme is."""
    rng = np.random.default_rng(3)
    voice = speech(RATE, 12.0)[0]
    edge = np.minimum(1.0, np.minimum(np.arange(len(voice)), np.arange(len(voice))[::-1]) / 500)
    return np.stack([voice, voice]) * edge + 1e-4 * rng.standard_normal((2, len(voice)))


def aligned(stage: StereoAlign, audio: Audio) -> tuple[Audio, dict]:
    report: dict = {}
    out = run_stage(stage, replace(Signal.of(audio, RATE, 30011), report=report)).collect()
    return out, report


def residual_db(one: Audio, other: Audio) -> float:
    inside = slice(2000, -2000)
    error = np.mean((one[..., inside] - other[..., inside]) ** 2)
    return float(10 * np.log10(error / np.mean(other[..., inside] ** 2)))


@pytest.mark.parametrize("frames", [0.08, -0.49, 3.5, -17.26, 80.0])
@pytest.mark.parametrize("inverted", [False, True])
def test_delay_and_polarity_are_found_and_undone(frames: float, inverted: bool) -> None:
    truth = mono_like()
    sign = -1.0 if inverted else 1.0
    out, report = aligned(StereoAlign(), np.stack([truth[0], sign * late(truth[1], frames)]))
    assert report["delay_frames"] == pytest.approx(frames, abs=0.01)
    assert report["invert_right"] is inverted
    assert out[0].tobytes() == truth[0].tobytes()
    assert residual_db(out[1], truth[1]) < -50.0


def test_music_in_stereo_is_aligned_to_a_fiftieth_of_a_frame() -> None:
    truth = made(acoustic)
    _, report = aligned(StereoAlign(), np.stack([truth[0], late(truth[1], 6.4)]))
    assert report["delay_frames"] == pytest.approx(6.4, abs=0.02)


@pytest.mark.parametrize("programme", [dense, acoustic, speech])
@pytest.mark.parametrize("follow", [False, True])
def test_what_is_in_line_stays_as_it_is(programme, follow: bool) -> None:
    audio = made(programme).copy()
    audio[1, 7] = -0.0
    out, report = aligned(StereoAlign(follow=follow), audio)
    assert out.tobytes() == audio.tobytes()
    assert (report["delay_frames"], report["invert_right"]) == (0.0, False)
    assert "pinned" in report


@pytest.mark.parametrize("programme", [dense, acoustic])
@pytest.mark.parametrize("side", [1.75, 2.0])
@pytest.mark.parametrize("follow", [False, True])
def test_a_mix_that_was_made_very_wide_has_no_delay(programme, side: float, follow: bool) -> None:
    left, right = made(programme)
    mid, wide = (left + right) / 2, side * (left - right) / 2
    audio = np.stack([mid + wide, mid - wide])
    assert aligned(StereoAlign(follow=follow), audio)[0].tobytes() == audio.tobytes()


def test_channels_that_have_nothing_in_common_stay_apart() -> None:
    noise = np.random.default_rng(1).standard_normal((2, 8 * RATE))
    spaced = np.stack([noise[0] + late(noise[1], 30.0), noise[1] + late(noise[0], 25.0)])
    for audio in (noise, 0.1 * spaced):
        out, _ = aligned(StereoAlign(), audio)
        assert out.tobytes() == audio.tobytes()


def test_the_level_is_evened_out_where_that_is_asked_for() -> None:
    truth = mono_like()
    louder = np.stack([truth[0], truth[1] * 10 ** (2.5 / 20)])
    out, report = aligned(StereoAlign(level_db=None), louder)
    assert report["level_db"] == pytest.approx(2.5, abs=0.02)
    assert residual_db(out[1], truth[1]) < -50.0
    assert aligned(StereoAlign(), louder)[0].tobytes() == louder.tobytes()


def test_what_was_found_can_be_pinned() -> None:
    truth = mono_like()
    given = np.stack([truth[0], -0.8 * late(truth[1], 4.37)])
    out, report = aligned(StereoAlign(level_db=None), given)
    (entry,) = report["pinned"]
    assert aligned(StereoAlign(**entry["stereo_align"]), given)[0].tobytes() == out.tobytes()


def test_a_delay_that_wanders_is_followed() -> None:
    truth = np.tile(mono_like(), 2)
    frames = truth.shape[1]
    wander = 1.5 * np.sin(2 * np.pi * np.arange(frames) / (48 * RATE))
    places = np.arange(frames) - wander
    # Eight times the rate, and a straight line between: exact to 1 % at 4 kHz.
    spectrum = np.fft.rfft(truth[1])
    fine = np.fft.irfft(np.pad(spectrum, (0, 7 * frames // 2)), 8 * frames) * 8
    moved = np.interp(8 * places, np.arange(8 * frames), fine)
    askew = np.stack([truth[0], moved])
    still, _ = aligned(StereoAlign(), askew)
    out, report = aligned(StereoAlign(follow=True), askew)
    assert "pinned" not in report
    assert report["followed_frames"] == pytest.approx([0.16, 1.5], abs=0.1)
    assert residual_db(still[1], truth[1]) > -20.0
    assert residual_db(out[1], truth[1]) < -40.0


def test_moving_further_than_the_programme_is_long_leaves_silence() -> None:
    audio = np.ones((2, 500))
    for frames in (-20000.0, 600.0):
        out, _ = aligned(StereoAlign(delay_frames=frames, invert_right=False), audio)
        assert not out[1].any()
        assert out[0].all()


def test_a_mono_mix_passes_as_it_is() -> None:
    mono = np.random.default_rng(8).uniform(-0.5, 0.5, (1, RATE))
    stage = StereoAlign(follow=True)
    assert stage.problems(RATE, 1) == []
    assert run_stage(stage, Signal.of(mono, RATE)).collect().tobytes() == mono.tobytes()
