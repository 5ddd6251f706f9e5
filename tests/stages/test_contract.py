"""Every registered stage, at settings drawn from its own model, held to the stage contract.

A stage that joins the registry is covered without a line here: its settings are drawn from its
JSON schema. Only models with rules between their fields have a strategy of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from masterprint.signal import Block, Signal
from masterprint.stages.base import COMMON_SETTINGS, Stage
from masterprint.stages.compressor import Compressor
from masterprint.stages.gain import Gain
from masterprint.stages.limiter import Limiter
from masterprint.stages.maximizer import Maximizer
from masterprint.stages.registry import BUILT_IN
from masterprint.stages.run import run_stage
from masterprint.stages.split import Split
from masterprint.testing import ContractError, check_stage_contract

RATES_HZ = (44100, 96000)
CHANNELS = (1, 2, 6)
LOWEST_DRAWN_HZ = 15.0
"""Linear-phase filters below this take seconds, which a property test has not."""
HIGHEST_SWAY_HZ = 20.0
"""What ends here is no frequency of a filter but how often something sways."""

OWN = sorted(BUILT_IN.keys() - {"convolution", "match", "plugin", "trim"})
"""Stages that need no file and keep the length; the others are held to the contract in tests of
their own, with impulse responses in test_convolution.py, with real plugins in test_plugin.py."""

Strategy = st.SearchStrategy[Any]

run_few = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],  # to shrink a failure would take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


# Settings from schemas.

LINES = st.text(max_size=10).map(lambda text: "".join(text.splitlines()))


def numbers(part: dict[str, Any], name: str, rate: int) -> Strategy:
    """A number of a schema; its two ends are drawn often. A frequency fits the sample rate."""
    low, high = part["minimum"], part["maximum"]
    if part["type"] == "integer":
        step = part.get("multipleOf", 1)
        return st.integers(math.ceil(low / step), high // step).map(lambda count: count * step)
    if name.endswith("_hz") and high > HIGHEST_SWAY_HZ:
        low, high = max(low, LOWEST_DRAWN_HZ), min(high, 0.489 * rate)
        return st.floats(math.log(low), math.log(high)).map(
            lambda x: min(max(math.exp(x), low), high)
        )
    return st.sampled_from([float(low), float(high)]) | st.floats(low, high)


def values(part: dict[str, Any], schema: dict[str, Any], name: str, rate: int) -> Strategy:
    """Any value that a part of a JSON schema allows."""
    if "$ref" in part:
        return mappings(schema["$defs"][part["$ref"].rpartition("/")[2]], schema, rate)
    if "anyOf" in part:
        options = part["anyOf"]
        if name == "dry_db":  # without the dry signal, an echo is late because it is an echo
            options = [option for option in options if option["type"] != "null"]
        return st.one_of([values(option, schema, name, rate) for option in options])
    if "enum" in part or "const" in part:
        return st.sampled_from(part.get("enum") or [part["const"]])
    kind = part["type"]
    if kind in ("number", "integer"):
        return numbers(part, name, rate)
    if kind == "array":
        items = values(part["items"], schema, name, rate)
        most = min(part.get("maxItems", 4), 4)
        return st.lists(items, min_size=part.get("minItems", 0), max_size=most)
    simple: dict[str, Strategy] = {
        "boolean": st.booleans(),
        "null": st.none(),
        "string": LINES,
    }
    return simple[kind]


def mappings(part: dict[str, Any], schema: dict[str, Any], rate: int) -> Strategy:
    """A mapping of a schema, with any of its optional keys left out."""
    by_hand = BY_HAND.get(part["title"])
    if by_hand is not None:
        return by_hand(rate)
    required = part.get("required", ())
    return st.fixed_dictionaries(
        {k: values(v, schema, k, rate) for k, v in part["properties"].items() if k in required},
        optional={
            k: values(v, schema, k, rate)
            for k, v in part["properties"].items()
            if k not in required and k not in {*COMMON_SETTINGS, *MOVES, *PLACES}
        },
    )


def eq_bands(rate: int) -> Strategy:
    """A notch has no gain, and a tilt no Q."""

    def without(band: dict[str, Any]) -> dict[str, Any]:
        idle = {"notch": "gain_db", "tilt": "q"}.get(band.get("shape", "bell"))
        return {key: value for key, value in band.items() if key != idle}

    part = dict(BUILT_IN["eq"].model_json_schema()["$defs"]["Band"], title="any band")
    return mappings(part, {}, rate).map(without)


def deess(rate: int) -> Strategy:
    """The band ends above where it begins."""

    def in_order(own: dict[str, Any]) -> dict[str, Any]:
        low, high = own.get("low_hz", 5000.0), own.get("high_hz")
        return own if high is None or high > low else own | {"low_hz": high, "high_hz": low + 1.0}

    part = dict(BUILT_IN["deess"].model_json_schema(), title="any de-esser")
    return mappings(part, {}, rate).map(in_order)


def repairs(rate: int) -> Strategy:
    """A place within the audio of these tests, in a channel that there always is."""
    del rate
    return st.fixed_dictionaries(
        {
            "channel": st.just(1),
            "start_frame": st.integers(0, 20000),
            "frames": st.integers(1, 4000),
        }
    )


BY_HAND: dict[str, Callable[[int], Strategy]] = {
    "Band": eq_bands,
    "Deess": deess,
    "Repair": repairs,
}

MOVES = {"delay_frames"}
"""Settings that move a channel on purpose."""
PLACES = {"channels", "region_s"}
"""Settings that name a place or a channel, which not every programme has."""


@st.composite
def stages(draw: st.DrawFn, kind: type[Stage], rate: int, channels: int) -> Stage:
    """A stage of a kind with settings that suit this rate and channel count."""
    one = kind.channel_counts is None or 1 in kind.channel_counts
    halves = channels == 2 and one and not kind.compares_channels
    parts = ["stereo", "mid", "side", "left", "right"] if halves else ["stereo"]
    on = draw(st.sampled_from(parts))
    inside = channels if on == "stereo" else 1
    if issubclass(kind, Split):
        own = draw(split_settings(rate, inside))
    else:
        schema = kind.model_json_schema()
        own = draw(mappings(schema, schema, rate))
        if inside != 2 and "ping_pong" in own:  # which needs two sides
            own["ping_pong"] = False
    common = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "mix": st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0.0, 1.0),
                "bypass": st.booleans(),
                "label": LINES,
            },
        )
    )
    return kind(on=on, **own, **common)


@st.composite
def split_settings(draw: st.DrawFn, rate: int, channels: int) -> dict[str, Any]:
    """Crossovers that rise, and as many lists of stages as there are bands, or none."""
    frequency = Split.model_json_schema()["properties"]["crossovers_hz"]["items"]
    frequencies = numbers(frequency, "crossovers_hz", rate)
    crossovers = sorted(draw(st.lists(frequencies, min_size=1, max_size=3, unique=True)))
    fitting = [
        kind
        for kind in (BUILT_IN[name] for name in OWN)
        if not issubclass(kind, Split)
        and (kind.channel_counts is None or channels in kind.channel_counts)
    ]
    inner = st.sampled_from(fitting).flatmap(lambda kind: stages(kind, rate, channels))
    bands = [draw(st.lists(inner, max_size=1)) for _ in range(len(crossovers) + 1)]
    # What is spread to later only, within what is spread to both sides or the other way round, has
    # no place that it could be held to: of stages that filter, a split gets those of its own phase.
    phase = draw(st.sampled_from(["minimum", "linear"]))
    later = ("highpass", "lowpass", "reverb", "chorus", "delay")
    other = {"linear": later, "minimum": ()}[phase]
    bands = [
        [s for s in band if s.stage_name not in other and getattr(s, "phase", phase) == phase]
        for band in bands
    ]
    return {
        "crossovers_hz": crossovers,
        "bands": bands if draw(st.booleans()) else [],
        "phase": phase,
    }


@pytest.mark.parametrize("name", OWN)
@run_few
@given(data=st.data())
def test_any_stage_at_any_settings_keeps_the_contract(name: str, data: st.DataObject) -> None:
    kind = BUILT_IN[name]
    rate = data.draw(st.sampled_from(RATES_HZ), "rate")
    counts = [n for n in CHANNELS if kind.channel_counts is None or n in kind.channel_counts]
    channels = data.draw(st.sampled_from(counts), "channels")
    stage = data.draw(stages(kind, rate, channels), "stage")
    check_stage_contract(stage, sample_rates_hz=(rate,), channels=(channels,))


def required_settings(kind: type[Stage]) -> dict[str, Any]:
    """The least that a stage has to be told."""
    return {"crossovers_hz": [150.0, 2500.0]} if issubclass(kind, Split) else {}


@pytest.mark.parametrize("name", OWN)
def test_defaults_keep_the_contract_at_every_rate_and_channel_count(name: str) -> None:
    kind = BUILT_IN[name]
    check_stage_contract(kind(**required_settings(kind)))


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("end", ["minimum", "maximum"])
def test_each_number_at_the_end_of_its_range_keeps_the_contract(name: str, end: str) -> None:
    kind = BUILT_IN[name]
    for key, part in kind.model_json_schema()["properties"].items():
        options = [o for o in part.get("anyOf", [part]) if end in o]
        if key in COMMON_SETTINGS or key in MOVES or not options:
            continue
        value = options[0][end]
        if key.endswith("_hz") and end == "maximum":
            value = min(value, 0.489 * 44100)
        beside = {"low_hz": 1000.0} if key == "high_hz" else {}
        stage = kind(**required_settings(kind) | beside | {key: value})
        check_stage_contract(stage, sample_rates_hz=(44100,), channels=(2,))


@pytest.mark.parametrize(
    "stage",
    [
        Compressor(threshold_db=-50.0, ratio=20.0, attack_ms=0.1, detector="peak"),
        Compressor(threshold_db=-50.0, ratio=20.0, link=0.3, sidechain_highpass_hz=500.0),
        Limiter(ceiling_dbtp=-12.0),
        Limiter(ceiling_dbtp=-12.0, link=0.0),
        Limiter(ceiling_dbtp=-12.0, link=0.5, lookahead_ms=1.0, release_ms=1.0),
        Maximizer(target_lufs=-5.0, max_reduction_db=20.0, link=0.5),
    ],
    ids=repr,
)
def test_dynamics_hard_at_work_keep_the_contract(stage: Stage) -> None:
    check_stage_contract(stage, sample_rates_hz=(44100,))


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    "common", [{"on": "left", "bypass": True}, {"mix": 0.0}, {"bypass": True, "mix": 0.5}]
)
def test_a_stage_left_out_returns_the_very_samples(name: str, common: dict[str, Any]) -> None:
    kind = BUILT_IN[name]
    audio = np.random.default_rng(3).uniform(-1.5, 1.5, (2, 5000))
    stage = kind(**required_settings(kind), **common)
    assert run_stage(stage, Signal.of(audio, 48000)).collect().tobytes() == audio.tobytes()


# Each clause can fail: one stage that breaks it and nothing else.


class Broken(Stage):
    """A stage of a function over the whole programme."""

    stage_name: ClassVar[str] = "broken"

    def work(self, audio: Block) -> Block:
        raise NotImplementedError

    def apply(self, signal: Signal) -> Signal:
        return signal.carrying(self._all(signal))

    def _all(self, signal: Signal) -> Iterator[Block]:
        yield self.work(signal.collect())


def broken(work: Callable[[Block], NDArray[Any]]) -> Stage:
    return type("Broken", (Broken,), {"work": lambda self, audio: work(audio)})()


def shifted(audio: Block, frames: int) -> Block:
    """Later by `frames`, or earlier; as long."""
    moved = np.roll(audio, frames, axis=1)
    if frames > 0:
        moved[:, :frames] = 0.0
    elif frames < 0:
        moved[:, frames:] = 0.0
    return moved


def smoothed(audio: Block, reach: int = 40) -> Block:
    """A linear-phase low-pass, in its place."""
    taps = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(audio, ((0, 0), (reach, reach + 1)))
    rows = [np.convolve(row, taps / taps.sum(), "valid")[:-1] for row in padded]
    return np.array(rows)


def test_a_stage_over_the_whole_programme_passes() -> None:
    check_stage_contract(broken(lambda audio: audio * 0.5))
    check_stage_contract(broken(smoothed))


@pytest.mark.parametrize("frames", [-400, -2, -1, 1, 2, 400])
def test_a_moved_signal_is_found(frames: int) -> None:
    side = "early" if frames < 0 else "late"
    with pytest.raises(ContractError, match=rf"{abs(frames)} frame\(s\) {side}"):
        check_stage_contract(broken(lambda audio: shifted(audio, frames)))


@pytest.mark.parametrize("frames", [-1, 1])
def test_a_linear_phase_filter_that_is_off_by_one_is_found(frames: int) -> None:
    with pytest.raises(ContractError, match="does not stay in its place"):
        check_stage_contract(broken(lambda audio: shifted(smoothed(audio), frames)))


@pytest.mark.parametrize("frames", [-1, 1])
def test_one_channel_that_is_off_by_one_is_found(frames: int) -> None:
    def move_last(audio: Block) -> Block:
        return np.concatenate([audio[:-1], shifted(audio[-1:], frames)])

    with pytest.raises(ContractError, match="does not stay in its place"):
        check_stage_contract(broken(move_last), channels=(2,))


def test_latency_that_only_loud_audio_meets_is_found() -> None:
    def late_when_loud(audio: Block) -> Block:
        return shifted(audio, 1) if np.abs(audio).max(initial=0.0) > 0.5 else audio * 1.0

    with pytest.raises(ContractError, match=r"1 frame\(s\) late"):
        check_stage_contract(broken(late_when_loud))


@pytest.mark.parametrize("frames", [-1, 1, 64])
def test_another_length_is_found(frames: int) -> None:
    def resized(audio: Block) -> Block:
        longer = np.pad(audio, ((0, 0), (0, 64)))
        return np.ascontiguousarray(longer[:, : max(0, audio.shape[1] + frames)])

    with pytest.raises(ContractError, match=r"\d+ frames in give \d+ frames out"):
        check_stage_contract(broken(resized))


def test_noise_in_silence_is_found() -> None:
    with pytest.raises(ContractError, match="silence"):
        check_stage_contract(broken(lambda audio: audio + (np.abs(audio) < 1e-9) * 1e-12))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_is_found(value: float) -> None:
    with pytest.raises(ContractError, match="NaN or infinite"):
        check_stage_contract(broken(lambda audio: np.where(audio > 0.999, value, audio)))


def test_writing_into_the_input_is_found() -> None:
    class InPlace(Broken):
        def apply(self, signal: Signal) -> Signal:
            def half(block: Block) -> Block:
                block *= 0.5
                return block

            return signal.map(half)

    with pytest.raises(ContractError, match="modifies its input"):
        check_stage_contract(InPlace())


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_dependence_on_block_sizes_is_found(step: int) -> None:
    class Forgetful(Broken):
        """A difference that forgets, at each block's start, what came before it."""

        def apply(self, signal: Signal) -> Signal:
            def edge(block: Block) -> Block:
                out = block * 1.0
                if block.shape[1] > step:
                    out[:, step:] -= block[:, :-step]
                return out

            return signal.map(edge)

    with pytest.raises(ContractError, match="blocks of other sizes change its output"):
        check_stage_contract(Forgetful())


def test_dependence_in_the_last_bit_is_found() -> None:
    class Drifting(Broken):
        def apply(self, signal: Signal) -> Signal:
            return signal.map(lambda block: block * (1.0 + 2.0**-52 * (block.shape[1] % 2)))

    with pytest.raises(ContractError, match="blocks of other sizes change its output"):
        check_stage_contract(Drifting())


def test_one_output_buffer_used_again_is_found() -> None:
    class Reusing(Broken):
        def apply(self, signal: Signal) -> Signal:
            buffer = np.zeros((signal.channels, 1 << 16))

            def fill(block: Block) -> Block:
                out = buffer.reshape(-1)[: block.size].reshape(block.shape)
                out[:] = block
                return out

            return signal.map(fill)

    with pytest.raises(ContractError, match="blocks of other sizes change its output"):
        check_stage_contract(Reusing())


@pytest.mark.parametrize(
    ("work", "found"),
    [
        (lambda audio: audio.astype(np.float32), "float32"),
        (lambda audio: audio[0], r"of shape \(\d+,\)"),
        (lambda audio: np.concatenate([audio, audio]), "of shape"),
        (lambda audio: np.asfortranarray(np.concatenate([audio, audio])[: len(audio)]), "C-contig"),
    ],
)
def test_output_of_another_form_is_found(work: Callable[[Block], Any], found: str) -> None:
    with pytest.raises(ContractError, match=found):
        check_stage_contract(broken(work), channels=(2,))


@pytest.mark.parametrize("frames", [0, 1])
def test_a_stage_that_needs_more_frames_is_found(frames: int) -> None:
    def peak(audio: Block) -> Block:
        if audio.shape[1] == frames:
            raise IndexError("nothing to look at")
        return audio * 1.0

    with pytest.raises(ContractError, match=f"fails on {frames} frames .*nothing to look at"):
        check_stage_contract(broken(peak))


def test_a_stage_that_knows_stereo_only_but_does_not_say_so_is_found() -> None:
    def crossed(audio: Block) -> Block:
        left, right = audio
        return np.stack([right, left])

    with pytest.raises(ContractError, match=r"with 1 channel\(s\)"):
        check_stage_contract(broken(crossed))
    check_stage_contract(broken(crossed), channels=(2,))


def test_a_stage_that_fails_at_one_rate_is_found() -> None:
    class At44(Gain):
        def apply(self, signal: Signal) -> Signal:
            frames = None if signal.sample_rate_hz == 44100 else 1
            return replace(signal, blocks=(block[:, frames:] for block in signal.blocks))

    check_stage_contract(At44(), sample_rates_hz=(44100,))
    with pytest.raises(ContractError, match="at 96000 Hz"):
        check_stage_contract(At44())


def test_checking_nothing_is_not_passing() -> None:
    with pytest.raises(ContractError, match=r"accepts none of .* nothing to check"):
        check_stage_contract(BUILT_IN["width"](), channels=(1, 6))
    with pytest.raises(ContractError, match="accepts none of"):
        check_stage_contract(
            BUILT_IN["highpass"](frequency_hz=20000.0), sample_rates_hz=(22050, 32000)
        )


def test_the_message_names_the_stage_and_the_place() -> None:
    class Loud(Broken):
        def work(self, audio: Block) -> Block:
            return audio + 0.1

    with pytest.raises(ContractError) as caught:
        check_stage_contract(Loud(label="x"), sample_rates_hz=(48000,), channels=(6,))
    assert str(caught.value) == (
        "Loud(label='x') at 48000 Hz with 6 channel(s): "
        "digital silence in does not give digital silence out."
    )
