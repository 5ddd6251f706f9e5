"""The common settings and the reports: what every stage has without knowing of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from masterprint.errors import SignalError
from masterprint.signal import Block, Signal
from masterprint.stages.base import Stage
from masterprint.stages.compressor import Compressor
from masterprint.stages.eq import Band, Eq
from masterprint.stages.gain import Gain
from masterprint.stages.highpass import Highpass
from masterprint.stages.limiter import Limiter
from masterprint.stages.loudness import Loudness
from masterprint.stages.run import run_stage, run_stages
from masterprint.stages.split import Split

FloatArray = NDArray[np.float64]

RATE = 44100
NOISE: FloatArray = np.random.default_rng(1).uniform(-0.8, 0.8, (2, 30000))
LINEAR_EQ = {"bands": [Band(frequency_hz=2000.0, gain_db=6.0)], "phase": "linear"}


def through(stage: Stage, audio: FloatArray = NOISE, block_frames: int = 4096) -> FloatArray:
    return run_stage(stage, Signal.of(audio, RATE, block_frames)).collect()


def mid(audio: FloatArray) -> FloatArray:
    return (audio[0] + audio[1]) / 2


def side(audio: FloatArray) -> FloatArray:
    return (audio[0] - audio[1]) / 2


# on


@pytest.mark.parametrize(("on", "worked"), [("left", 0), ("right", 1)])
@pytest.mark.parametrize(
    "stage",
    [
        Highpass(frequency_hz=300.0),
        Limiter(ceiling_dbtp=-12.0),
        Loudness(target_lufs=-30.0),
        Eq(**LINEAR_EQ),
    ],
    ids=lambda stage: stage.stage_name,
)
def test_left_and_right_leave_the_other_as_it_is(stage: Stage, on: str, worked: int) -> None:
    out = through(stage.model_copy(update={"on": on}))
    assert out[1 - worked].tobytes() == NOISE[1 - worked].tobytes()
    alone = run_stage(stage, Signal.of(NOISE[worked : worked + 1], RATE, 4096)).collect()
    assert out[worked].tobytes() == alone[0].tobytes()


@pytest.mark.parametrize(("on", "work", "rest"), [("mid", mid, side), ("side", side, mid)])
@pytest.mark.parametrize(
    "stage",
    [
        Highpass(frequency_hz=300.0),
        Limiter(ceiling_dbtp=-12.0),
        Loudness(target_lufs=-30.0),
        Eq(**LINEAR_EQ),
    ],
    ids=lambda stage: stage.stage_name,
)
def test_mid_and_side_leave_the_other_alone(stage: Stage, on: str, work: Any, rest: Any) -> None:
    out = through(stage.model_copy(update={"on": on}))
    np.testing.assert_allclose(rest(out), rest(NOISE), rtol=0, atol=4e-16)
    alone = run_stage(stage, Signal.of(work(NOISE)[None], RATE, 4096)).collect()[0]
    np.testing.assert_allclose(work(out), alone, rtol=0, atol=4e-16)


def test_a_mono_programme_has_no_side_to_work_on() -> None:
    mono = np.stack([NOISE[0], NOISE[0]])
    assert through(Gain(on="side", gain_db=40.0), mono).tobytes() == mono.tobytes()


def test_on_side_widens_and_on_mid_does_not() -> None:
    out = through(Gain(on="side", gain_db=20.0))
    np.testing.assert_allclose(side(out), 10.0 * side(NOISE), rtol=1e-13)
    out = through(Gain(on="mid", gain_db=-60.0))
    np.testing.assert_allclose(mid(out), mid(NOISE) / 1000.0, atol=1e-16)


# mix


@pytest.mark.parametrize("on", ["stereo", "mid", "left"])
def test_mix_zero_is_the_very_samples(on: str) -> None:
    assert through(Gain(gain_db=20.0, mix=0.0, on=on)).tobytes() == NOISE.tobytes()


def test_mix_one_is_the_stage_itself() -> None:
    stage = Compressor(threshold_db=-30.0)
    wet = stage.apply(Signal.of(NOISE, RATE, 4096)).collect()
    assert through(stage).tobytes() == wet.tobytes()


@pytest.mark.parametrize("mix", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    "stage",
    [
        Highpass(frequency_hz=300.0),
        Compressor(threshold_db=-30.0, attack_ms=1.0),
        Limiter(ceiling_dbtp=-12.0),
        Loudness(target_lufs=-30.0),
        Eq(**LINEAR_EQ),
    ],
    ids=lambda stage: stage.stage_name,
)
def test_mix_is_that_share_of_wet_and_the_rest_dry(stage: Stage, mix: float) -> None:
    """Dry and wet in step, sample for sample, whatever look-ahead or delay the stage has inside."""
    wet = through(stage)
    blended = through(stage.model_copy(update={"mix": mix}))
    np.testing.assert_allclose(blended, mix * wet + (1 - mix) * NOISE, rtol=0, atol=1e-15)


def test_mix_of_half_the_way_to_silence_is_6_db() -> None:
    out = through(Gain(gain_db=-60.0, mix=0.5))
    assert 20 * np.log10(out.std() / NOISE.std()) == pytest.approx(-6.01, abs=0.01)


def test_mix_works_on_the_part_that_the_stage_works_on() -> None:
    out = through(Gain(gain_db=-60.0, mix=0.5, on="side"))
    np.testing.assert_allclose(side(out), side(NOISE) * (0.5 + 0.5e-3), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(mid(out), mid(NOISE), rtol=0, atol=4e-16)


# bypass


@pytest.mark.parametrize("on", ["stereo", "side", "right"])
def test_bypass_is_the_very_samples(on: str) -> None:
    stage = Gain(gain_db=20.0, on=on, mix=0.5, bypass=True)
    assert through(stage).tobytes() == NOISE.tobytes()


def test_no_stages_are_the_very_samples() -> None:
    signal, reports = run_stages([], Signal.of(NOISE, RATE))
    assert signal.collect().tobytes() == NOISE.tobytes()
    assert reports == []


# Stages in order.


def test_stages_run_in_their_order() -> None:
    tone = np.sin(2 * np.pi * 1000.0 / RATE * np.arange(RATE))[None]
    loud_then_limited, _ = run_stages(
        [Gain(gain_db=20.0), Limiter(ceiling_dbtp=-6.0)], Signal.of(tone, RATE)
    )
    limited_then_loud, _ = run_stages(
        [Limiter(ceiling_dbtp=-6.0), Gain(gain_db=20.0)], Signal.of(tone, RATE)
    )
    assert np.abs(loud_then_limited.collect()).max() <= 10 ** (-6.0 / 20)
    assert np.abs(limited_then_loud.collect()).max() == pytest.approx(5.0, rel=0.02)


def test_stages_add_no_length_and_no_delay() -> None:
    chain = [
        Highpass(),
        Eq(**LINEAR_EQ),
        Compressor(mix=0.7),
        Loudness(on="mid"),
        Limiter(on="side", mix=0.5),
    ]
    signal, _ = run_stages(chain, Signal.of(NOISE, RATE))
    out = signal.collect()
    assert out.shape == NOISE.shape
    for row, before in zip(out, NOISE, strict=True):
        lags = np.fft.irfft(np.fft.rfft(row) * np.conj(np.fft.rfft(before)))
        assert int(lags.argmax()) == 0


# Whole-programme stages.


@pytest.mark.parametrize("settings", [{"mix": 0.5}, {"mix": 0.25, "on": "left"}, {"on": "side"}])
@pytest.mark.parametrize("block_frames", [30000, 1111])
def test_loudness_stays_a_plain_gain(settings: dict[str, Any], block_frames: int) -> None:
    stage = Loudness(target_lufs=-25.0, **settings)
    report: dict[str, Any] = {}
    signal = Signal.of(NOISE, RATE, block_frames)
    object.__setattr__(signal, "report", report)
    out = run_stage(stage, signal).collect()
    gain = 10 ** (report["gain_db"] / 20) * stage.mix + 1 - stage.mix
    expected = NOISE * 1.0
    if stage.on == "stereo":
        expected *= gain
    elif stage.on == "left":
        expected[0] *= gain
    else:
        expected = np.stack([mid(NOISE) + gain * side(NOISE), mid(NOISE) - gain * side(NOISE)])
    # The report gives a thousandth of a dB.
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-4)


def test_a_programme_that_waits_is_not_held_in_memory() -> None:
    """200 s of stereo are 141 MB; a loudness stage and its dry path keep them in scratch."""
    frames = 32768
    count = 200 * RATE // frames
    at = np.arange(frames)

    def programme() -> Iterator[Block]:
        for index in range(count):
            yield np.stack([np.sin(at * 0.05), np.sin(at * 0.07)]) * (0.1 + index / count)

    signal = Signal(programme(), RATE, 2, frames * count)
    tracemalloc.start()
    try:
        ratios = set()
        out = run_stage(Loudness(target_lufs=-20.0, mix=0.5), signal).blocks
        reader = programme()
        waiting = np.zeros((2, 0))
        for block in out:
            while waiting.shape[1] < block.shape[1]:
                waiting = np.concatenate([waiting, next(reader)], axis=1)
            expected, waiting = waiting[:, : block.shape[1]], waiting[:, block.shape[1] :]
            ratios.add(round(float((block * expected).sum() / (expected**2).sum()), 9))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(ratios) == 1
    assert peak < 90e6


# Reports.


def test_levels_before_and_after_are_peak_and_rms() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 441.0 / RATE * np.arange(RATE))
    signal, (report,) = run_stages(
        [Gain(gain_db=-6.0, label="less")], Signal.of(np.stack([tone, tone]), RATE)
    )
    signal.collect()
    found = report.as_dict()
    assert found["stage"] == "gain"
    assert found["label"] == "less"
    assert "bypass" not in found
    assert found["level_in"]["peak_dbfs"] == pytest.approx(-6.021, abs=0.01)
    assert found["level_in"]["rms_dbfs"] == pytest.approx(-9.031, abs=0.01)
    assert found["level_out"]["peak_dbfs"] == pytest.approx(-12.021, abs=0.01)
    assert found["level_out"]["rms_dbfs"] == pytest.approx(-15.031, abs=0.01)


def test_rms_is_over_all_channels_and_peak_over_the_loudest() -> None:
    audio = np.zeros((2, 1000))
    audio[0] = 0.5
    signal, (report,) = run_stages([Gain()], Signal.of(audio, RATE, 77))
    signal.collect()
    level = report.as_dict()["level_in"]
    assert level["peak_dbfs"] == pytest.approx(20 * np.log10(0.5), abs=0.001)
    assert level["rms_dbfs"] == pytest.approx(10 * np.log10(0.125), abs=0.001)


def test_a_negative_peak_counts() -> None:
    audio = np.zeros((1, 1000))
    audio[0, 500] = -1.0
    signal, (report,) = run_stages([Gain(gain_db=6.0)], Signal.of(audio, RATE))
    signal.collect()
    assert report.as_dict()["level_in"]["peak_dbfs"] == 0.0
    assert report.as_dict()["level_out"]["peak_dbfs"] == pytest.approx(6.0, abs=0.001)


@pytest.mark.parametrize("frames", [0, 100])
def test_silence_has_no_level(frames: int) -> None:
    signal, (report,) = run_stages([Gain()], Signal.of(np.zeros((2, frames)), RATE))
    signal.collect()
    assert report.as_dict()["level_out"] == {"peak_dbfs": None, "rms_dbfs": None}


def test_what_leaves_one_stage_enters_the_next() -> None:
    stages = [Gain(gain_db=-3.0), Gain(bypass=True, label="off"), Compressor(), Limiter()]
    signal, reports = run_stages(stages, Signal.of(NOISE, RATE))
    signal.collect()
    found = [report.as_dict() for report in reports]
    assert [entry["label"] for entry in found] == ["gain", "off", "compressor", "limiter"]
    for before, after in pairwise(found):
        assert before["level_out"] == after["level_in"]
    assert found[1]["bypass"] is True
    assert found[1]["level_in"] == found[1]["level_out"]


@pytest.mark.parametrize("common", [{}, {"mix": 0.5}, {"on": "side"}, {"on": "left", "mix": 0.3}])
def test_dynamics_report_their_gain_reduction(common: dict[str, Any]) -> None:
    stages = [
        Compressor(threshold_db=-40.0, attack_ms=1.0, **common),
        Limiter(ceiling_dbtp=-30.0, **common),
        Loudness(target_lufs=-30.0, **common),
    ]
    signal, reports = run_stages(stages, Signal.of(NOISE, RATE))
    signal.collect()
    compressor, limiter, loudness = (report.as_dict() for report in reports)
    for entry in (compressor, limiter):
        assert entry["max_gain_reduction_db"] > 3.0
        assert 0.0 < entry["mean_gain_reduction_db"] <= entry["max_gain_reduction_db"]
    assert loudness["gain_db"] == pytest.approx(-30.0 - loudness["measured_lufs"], abs=0.01)


def test_reports_are_plain_data() -> None:
    import json

    signal, reports = run_stages(
        [Gain(), Compressor(), Limiter(), Loudness()], Signal.of(NOISE, RATE)
    )
    signal.collect()
    json.dumps([report.as_dict() for report in reports], allow_nan=False)


class Cut(Stage):
    """Loses or gains frames at the end, as no stage may."""

    stage_name: ClassVar[str] = "cut"
    by: int = 1

    def apply(self, signal: Signal) -> Signal:
        blocks = list(signal.blocks)
        out = (
            [*blocks, np.zeros((signal.channels, -self.by))] if self.by < 0 else blocks[: -self.by]
        )
        return signal.carrying(iter(out))


@pytest.mark.parametrize("by", [1, -5])
@pytest.mark.parametrize("common", [{}, {"mix": 0.5}, {"on": "side"}], ids=str)
def test_a_stage_of_another_length_is_an_error(by: int, common: dict[str, Any]) -> None:
    with pytest.raises(SignalError, match=r"gave (more frames|\d+, where as many)"):
        run_stages([Cut(by=by, **common)], Signal.of(NOISE, RATE, 4096))[0].collect()
    split = Split(crossovers_hz=[500.0], bands=[[], [Cut(by=by, **common)]])
    with pytest.raises(SignalError, match=r"gave (more frames|\d+, where as many)"):
        run_stages([split], Signal.of(NOISE, RATE, 4096))[0].collect()


def test_a_limiter_that_leaves_nothing_has_a_number_for_it() -> None:
    signal, (report,) = run_stages([Limiter()], Signal.of(NOISE * 1e10, RATE))
    assert np.abs(signal.collect()).max() < 1.0
    assert 180.0 < report.as_dict()["max_gain_reduction_db"] < 250.0
