"""A chain built in code or loaded: what it says of itself, and of mixes that it does not suit."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from masterprint.chain.model import Chain, MasterSettings, with_tail
from masterprint.chain.picture import picture
from masterprint.errors import ChainError, SignalError
from masterprint.signal import Signal
from masterprint.stages.balance import Balance
from masterprint.stages.base import Stage
from masterprint.stages.compressor import Compressor
from masterprint.stages.eq import Band, Eq
from masterprint.stages.gain import Gain
from masterprint.stages.highpass import Highpass
from masterprint.stages.limiter import Limiter
from masterprint.stages.mono_bass import MonoBass
from masterprint.stages.split import Split
from masterprint.stages.width import Width

NOISE = np.random.default_rng(1).uniform(-0.9, 0.9, (2, 20000))


# Built in code.


def test_stages_are_given_as_objects_or_as_a_file_has_them() -> None:
    built = Chain(stages=[Gain(gain_db=-3.0), Eq(bands=[Band(frequency_hz=100.0, gain_db=1.0)])])
    written = Chain(
        stages=[
            {"gain": {"gain_db": -3.0}},
            {"eq": {"bands": [{"frequency_hz": 100.0, "gain_db": 1.0}]}},
        ]
    )
    assert built == written


def test_a_chain_does_not_change() -> None:
    chain = Chain(name="x")
    with pytest.raises(ValidationError):
        chain.name = "y"  # type: ignore[misc]


@pytest.mark.parametrize(
    "settings",
    [
        {"stages": [3]},
        {"stages": [{"gian": {}}]},
        {"stages": [{"gain": {}, "eq": {}}]},
        {"stages": [Gain] * 2},
        {"tail_s": -1.0},
        {"tail_s": float("nan")},
        {"name": "x" * 201},
        {"masterprint": 2},
        {"nmae": "x"},
        {"master": {"dither": "blue"}},
    ],
)
def test_what_is_no_chain_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Chain(**settings)


# Written out.


def test_as_dict_says_what_was_set() -> None:
    chain = Chain(name="x", stages=[Gain(gain_db=-3.0), Limiter()])
    assert chain.as_dict() == {
        "masterprint": 1,
        "name": "x",
        "stages": [{"gain": {"gain_db": -3.0}}, {"limiter": {}}],
    }


def test_as_dict_resolved_says_everything() -> None:
    chain = Chain(stages=[Split(crossovers_hz=[100.0], bands=[[Gain(gain_db=-3.0)], []])])
    found = chain.as_dict(resolved=True)
    assert found["masterprint"] == 1
    assert found["tail_s"] == 0.0
    assert found["master"]["dither"] == "tpdf"
    split = found["stages"][0]["split"]
    assert split["mix"] == 1.0
    assert split["bands"] == [
        [
            {
                "gain": {
                    "on": "stereo",
                    "mix": 1.0,
                    "bypass": False,
                    "label": None,
                    "gain_db": -3.0,
                }
            }
        ],
        [],
    ]


@pytest.mark.parametrize("resolved", [False, True])
def test_a_chain_comes_back_from_its_dict(resolved: bool) -> None:
    inner = Split(crossovers_hz=[50.0], bands=[[Width(width=0.5)], [Compressor(on="mid")]])
    chain = Chain(
        name="x",
        description="y",
        tail_s=2.0,
        stages=[
            Gain(gain_db=-3.0, on="side", mix=0.5, bypass=True, label="z"),
            Eq(bands=[Band(shape="notch", frequency_hz=50.0), Band(frequency_hz=9000.0, q=2.0)]),
            Split(crossovers_hz=[100.0, 900.0], bands=[[inner], [], [Limiter()]], phase="linear"),
        ],
        master=MasterSettings(format="flac", bit_depth="16", sample_rate_hz=48000),
    )
    again = Chain.model_validate(chain.as_dict(resolved=resolved))
    assert again == chain
    assert again.as_dict(resolved=True) == chain.as_dict(resolved=True)


def test_a_repr_is_the_flow_in_a_line() -> None:
    chain = Chain(name="Loud", stages=[Highpass(), Gain(label="drive"), Limiter()])
    assert repr(chain) == str(chain) == "<Chain 'Loud': highpass -> drive -> limiter>"
    assert repr(Chain()) == "<Chain '': empty>"
    assert repr(Gain(gain_db=-3.0, on="mid")) == "Gain(gain_db=-3.0, on='mid')"


# How masters are written.


@pytest.mark.parametrize("bit_depth", ["16", "24", "32f", "64f", 16, 24])
def test_master_settings_as_a_format(bit_depth: Any) -> None:
    settings = MasterSettings(
        format="aiff", bit_depth=bit_depth, dither="none", dither_silence=True
    )
    found = settings.as_format()
    assert (found.file_format, found.bit_depth, found.dither, found.dither_silence) == (
        "aiff",
        str(bit_depth),
        "none",
        True,
    )


@pytest.mark.parametrize("bit_depth", ["8", 20, 16.0, True, None, "24 bit"])
def test_other_bit_depths_are_refused(bit_depth: Any) -> None:
    with pytest.raises(ValidationError):
        MasterSettings(bit_depth=bit_depth)


# Mixes that a chain does not suit.


def test_a_chain_suits_what_it_can_work_on() -> None:
    chain = Chain(stages=[Highpass(), Eq(), Compressor(), Limiter()])
    for rate in (11025, 44100, 48000, 96000, 192000):
        for channels in (1, 2, 6):
            assert chain.problems(rate, channels) == []


@pytest.mark.parametrize("rate", [8000, 11024, 192001, 384000])
def test_a_rate_that_chains_do_not_work_at(rate: int) -> None:
    (found,) = Chain().problems(rate, 2)
    assert f"{rate} Hz" in found
    assert "11025 to 192000 Hz" in found


@pytest.mark.parametrize("stage", [Width(), Balance()], ids=repr)
@pytest.mark.parametrize("channels", [1, 6])
def test_stereo_stages_need_stereo(stage: Any, channels: int) -> None:
    found = Chain(stages=[Gain(), stage]).problems(44100, channels)
    place = f"stages[1].{stage.stage_name}"
    assert found == [f"{place}: works on 2 channels, the mix has {channels}"]


@pytest.mark.parametrize("on", ["mid", "side", "left", "right"])
@pytest.mark.parametrize("channels", [1, 3, 6])
def test_half_of_a_stereo_signal_needs_stereo(on: Any, channels: int) -> None:
    (found,) = Chain(stages=[Gain(on=on)]).problems(44100, channels)
    assert found.startswith("stages[0].gain: ")
    assert on in found
    assert str(channels) in found


def test_a_stereo_stage_cannot_work_on_half_of_one() -> None:
    (found,) = Chain(stages=[Width(on="side")]).problems(44100, 2)
    assert found.startswith("stages[0].width: works on 2 channels")
    (found,) = Chain(stages=[MonoBass(on="mid")]).problems(44100, 2)
    assert found == "stages[0].mono_bass: works on both channels together, so `on` cannot be mid"


def test_all_problems_come_at_once() -> None:
    chain = Chain(
        stages=[
            Highpass(frequency_hz=12000.0),
            Width(),
            Eq(bands=[Band(frequency_hz=100.0), Band(frequency_hz=11000.0, gain_db=1.0)]),
            Split(crossovers_hz=[100.0, 15000.0], bands=[[Width()], [], []]),
            Compressor(sidechain_highpass_hz=20000.0),
        ]
    )
    found = chain.problems(22050, 1)
    assert [text.split(" ")[0].rstrip(":") for text in found] == [
        "stages[0].highpass",
        "stages[1].width",
        "stages[2].eq",
        "stages[3].split",
        "stages[3].split",
        "stages[4].compressor",
    ]
    assert "bands[1].frequency_hz is 11000 Hz" in found[2]
    assert "crossovers_hz[1] is 15000 Hz" in found[3]
    assert "bands[0][0].width: works on 2 channels" in found[4]


def test_bypassed_stages_are_no_problem() -> None:
    chain = Chain(stages=[Width(bypass=True), Highpass(frequency_hz=23000.0, bypass=True)])
    assert chain.problems(44100, 1) == []


# Arrays.


def test_an_empty_chain_returns_the_very_samples() -> None:
    assert Chain().apply(NOISE, 44100).tobytes() == NOISE.tobytes()
    bypassed = Chain(stages=[Gain(gain_db=9.0, bypass=True), Limiter(bypass=True, on="mid")])
    assert bypassed.apply(NOISE, 44100).tobytes() == NOISE.tobytes()


def test_an_array_goes_through_all_stages() -> None:
    chain = Chain(stages=[Gain(gain_db=-20.0), Width(width=0.0)])
    out = chain.apply(NOISE, 44100)
    np.testing.assert_allclose(out, np.tile(NOISE.mean(axis=0) / 10.0, (2, 1)), atol=1e-15)


def test_the_array_itself_is_left_alone() -> None:
    kept = NOISE.copy()
    audio = NOISE.copy()
    audio.flags.writeable = False
    stages = [Gain(gain_db=3.0), Highpass(), Eq(), Compressor(), MonoBass(), Limiter(mix=0.5)]
    Chain(stages=stages).apply(audio, 44100)
    assert audio.tobytes() == kept.tobytes()


def test_arrays_of_any_layout_and_type() -> None:
    chain = Chain(stages=[Highpass(), Limiter()])
    expected = chain.apply(NOISE, 44100)
    assert chain.apply(np.asfortranarray(NOISE), 44100).tobytes() == expected.tobytes()
    single = NOISE.astype(np.float32)
    found = chain.apply(single, 44100)  # type: ignore[arg-type]
    assert found.dtype == np.float64
    assert found.tobytes() == chain.apply(single.astype(np.float64), 44100).tobytes()


@pytest.mark.parametrize("frames", [0, 1])
def test_hardly_any_audio(frames: int) -> None:
    chain = Chain(stages=[Highpass(), Eq(), Compressor(), MonoBass(phase="linear"), Limiter()])
    assert chain.apply(NOISE[:, :frames], 44100).shape == (2, frames)


def test_a_tail_is_silence_before_the_chain() -> None:
    chain = Chain(tail_s=0.25, stages=[Highpass(frequency_hz=200.0)])
    out = chain.apply(NOISE, 44100)
    assert out.shape == (2, 20000 + 11025)
    assert np.abs(out[:, 20000:]).max() > 1e-3  # the filter rings out into it
    dry = Chain(tail_s=0.25).apply(NOISE, 44100)
    assert dry[:, :20000].tobytes() == NOISE.tobytes()
    assert not dry[:, 20000:].any()


def test_a_tail_counts_into_the_length() -> None:
    longer = with_tail(Signal.of(NOISE, 48000), 0.5)
    assert longer.frames == 20000 + 24000
    assert longer.collect().shape == (2, 44000)
    unknown = with_tail(Signal(iter([NOISE]), 48000, 2), 0.5)
    assert unknown.frames is None
    assert unknown.collect().shape == (2, 44000)
    same = Signal.of(NOISE, 48000)
    assert with_tail(same, 0.0) is same


@pytest.mark.parametrize("shape", [(100,), (2, 100, 1), (), (0, 100), (65, 100)])
def test_an_array_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SignalError, match=r"\(channels, frames\) with at most 64"):
        Chain().apply(np.zeros(shape), 44100)


def test_an_array_that_lies_on_its_side_is_refused_with_advice() -> None:
    with pytest.raises(SignalError, match=r"array\.T"):
        Chain().apply(np.zeros((3000, 2)), 44100)


def test_integers_are_refused_because_their_full_scale_is_not_one() -> None:
    with pytest.raises(SignalError, match=r"int16.*divide"):
        Chain().apply(np.zeros((2, 100), np.int16), 44100)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e11])
def test_an_array_with_a_sample_that_is_no_number_is_refused(value: float) -> None:
    audio = NOISE.copy()
    audio[1, 77] = value
    with pytest.raises(SignalError, match="NaN, infinite or beyond"):
        Chain(stages=[Highpass()]).apply(audio, 44100)


def test_an_array_that_the_chain_does_not_suit_is_refused_with_every_reason() -> None:
    chain = Chain(stages=[Width(), Highpass(frequency_hz=23000.0)])
    with pytest.raises(ChainError) as caught:
        chain.apply(NOISE[:1], 44100)
    assert "stages[0].width: works on 2 channels" in str(caught.value)
    assert "stages[1].highpass: frequency_hz is 23000 Hz" in str(caught.value)


class Odd(Stage):
    """A stage of another package, with settings of every kind."""

    stage_name: ClassVar[str] = "odd"

    words: list[str]
    nested: list[list[float]]
    flags: list[bool]
    bands: list[float]


def test_a_stage_of_any_settings_has_a_picture() -> None:
    stage = Odd(words=["a", "b"], nested=[[1.0, 2.5], [3.0]], flags=[True, False], bands=[1.0])
    shown = picture(Chain(stages=[stage]))
    assert "words a b, nested 1 2.5 3, flags yes no" in shown


def test_a_picture_tells_bands_by_their_frequencies() -> None:
    bands = [[Gain(gain_db=1.0), Gain(gain_db=2.0)], [], [Gain(gain_db=3.0)]]
    shown = picture(Chain(stages=[Split(crossovers_hz=[140.0, 3000.0], bands=bands)])).splitlines()
    at = shown.index("│  ├─ band 1, below 140 Hz")
    assert shown[at + 1 : at + 9] == [
        "│  │  ├─ gain",
        "│  │  │     gain 1 dB",
        "│  │  └─ gain",
        "│  │        gain 2 dB",
        "│  ├─ band 2, 140 to 3000 Hz",
        "│  └─ band 3, above 3000 Hz",
        "│     └─ gain",
        "│           gain 3 dB",
    ]


def test_a_chain_cannot_exhaust_the_machine() -> None:
    """Each stage alone is harmless; a stranger's chain may hold hundreds."""
    delays = [{"delay": {"time_ms": 5000.0}} for _ in range(60)]
    chain = Chain.model_validate({"stages": delays})
    assert chain.problems(44100, 2) == []
    (problem,) = Chain.model_validate({"stages": delays}).problems(192000, 64)
    assert problem.startswith("its stages would hold about 29.5 GB of memory at 192000 Hz")
    bands = [[{"gain": {}}] * 64] * 5
    split = {"split": {"crossovers_hz": [100.0, 200.0, 400.0, 800.0], "bands": bands}}
    with pytest.raises(ValidationError, match="found 321 stages, those within stages included"):
        Chain.model_validate({"stages": [split]})
