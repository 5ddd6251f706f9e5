"""The difference of two chains, setting by setting."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from masterprint.chain.difference import changes
from masterprint.chain.model import Chain


def of(*stages: str, **settings: Any) -> dict[str, Any]:
    data = {"stages": [yaml.safe_load(stage) for stage in stages], **settings}
    return Chain.model_validate(data).as_dict(resolved=True)


def told(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [str(change) for change in changes(old, new)]


EQ = "eq: {bands: [{shape: bell, frequency_hz: 100, gain_db: 1}]}"


def test_equal_chains_have_none() -> None:
    for stages in ([], [EQ, EQ, "gain: {}"]):
        assert changes(of(*stages), of(*stages)) == []


def test_a_default_that_is_written_out_is_no_change() -> None:
    assert changes(of("gain: {}"), of("gain: {gain_db: 0, mix: 1, bypass: false}")) == []


def test_a_setting_of_a_stage() -> None:
    (change,) = changes(of(EQ, "gain: {label: trim}"), of(EQ, "gain: {label: trim, gain_db: -1.5}"))
    assert change.as_dict() == {
        "stage": "stage 2, gain 'trim'",
        "setting": "gain_db",
        "kind": "changed",
        "old": 0.0,
        "new": -1.5,
        "text": "stage 2, gain 'trim': gain_db: 0 -> -1.5",
    }
    assert str(change) == "stage 2, gain 'trim': gain_db: 0 -> -1.5"


def test_settings_of_no_stage() -> None:
    new = of("gain: {}", name="Loud", tail_s=1.5, master={"bit_depth": "16", "format": "flac"})
    assert sorted(told(of("gain: {}"), new)) == [
        "master.bit_depth: 24 -> 16",
        "master.format: wav -> flac",
        "name:  -> Loud",
        "tail_s: 0 -> 1.5",
    ]


def test_words_and_switches() -> None:
    assert told(of("gain: {}"), of("gain: {'on': mid, bypass: true, label: x}")) == [
        "stage 1, gain 'x': on: stereo -> mid",
        "stage 1, gain 'x': bypass: false -> true",
        "stage 1, gain 'x': label: none -> x",
    ]


def test_a_stage_in_between_moves_no_other() -> None:
    old = of(EQ, "gain: {gain_db: 1}", "limiter: {}")
    new = of(EQ, "width: {}", "gain: {gain_db: 2}", "limiter: {}")
    assert told(old, new) == ["stage 2, width: added", "stage 3, gain: gain_db: 1 -> 2"]
    assert told(new, old) == ["stage 2, width: removed", "stage 2, gain: gain_db: 2 -> 1"]


def test_a_stage_in_another_ones_place() -> None:
    assert told(of("gain: {}"), of("limiter: {}")) == [
        "stage 1, gain: removed",
        "stage 1, limiter: added",
    ]


def test_all_come_and_all_go() -> None:
    assert told(of(), of("gain: {}", EQ)) == ["stage 1, gain: added", "stage 2, eq: added"]
    assert told(of("gain: {}", EQ), of()) == ["stage 1, gain: removed", "stage 2, eq: removed"]


def test_another_order_is_seen() -> None:
    assert told(of("gain: {}", "limiter: {}"), of("limiter: {}", "gain: {}")) != []


def test_bands_of_an_equaliser() -> None:
    new = EQ.replace("}]", "}, {shape: bell, frequency_hz: 2000, gain_db: -1}]")
    (change,) = changes(of(EQ), of(new))
    assert change.setting == "bands[1]"
    assert (change.old, change.new["frequency_hz"]) == (None, 2000.0)
    (back,) = changes(of(new), of(EQ))
    assert (back.old["frequency_hz"], back.new) == (2000.0, None)
    assert told(of(EQ), of(EQ.replace("100,", "120,"))) == [
        "stage 1, eq: bands[0].frequency_hz: 100 -> 120"
    ]


def test_stages_within_stages() -> None:
    split = "split: {crossovers_hz: [200], bands: [[gain: {}], [width: {}, gain: {gain_db: 1}]]}"
    assert told(of(split), of(split.replace("gain_db: 1", "gain_db: 2"))) == [
        "stage 1, split, band 2, stage 2, gain: gain_db: 1 -> 2"
    ]
    assert told(of(split), of(split.replace("[gain: {}]", "[]"))) == [
        "stage 1, split, band 1, stage 1, gain: removed"
    ]
    assert told(of(split), of(split.replace("[200]", "[300]"))) == [
        "stage 1, split: crossovers_hz[0]: 200 -> 300"
    ]
    three = "split: {crossovers_hz: [200, 900], bands: [[], [], []]}"
    assert any("bands" in text for text in told(of(split), of(three)))


def test_a_fallback_and_parameters_of_a_plugin() -> None:
    plugin = (
        "plugin: {name: P, parameters: {Gain: -3}, when_missing: fallback, "
        "fallback: [gain: {gain_db: 1}]}"
    )
    new = plugin.replace("gain_db: 1", "gain_db: 2").replace("Gain: -3", "Gain: -3, Mode: Warm")
    assert told(of(plugin), of(new)) == [
        "stage 1, plugin, fallback, stage 1, gain: gain_db: 1 -> 2",
        "stage 1, plugin: parameters.Mode: none -> Warm",
    ]
    gone = told(of(plugin), of("plugin: {name: P, parameters: {Gain: -3}}"))
    assert "stage 1, plugin, fallback, stage 1, gain: removed" in gone


def test_plugins_are_told_apart_by_their_class() -> None:
    one, other = (f"plugin: {{name: P, class_id: {digit * 32}}}" for digit in "AB")
    assert told(of("gain: {}", one), of(other, "gain: {}", one)) == ["stage 1, plugin: added"]


def test_many_stages_are_compared_at_once() -> None:
    many = [f"gain: {{gain_db: {n / 10}}}" for n in range(64)]
    assert len(changes(of(*many), of(*many[::-1]))) == 64


# ------------------------------------------------------------------------- found to go wrong


@pytest.mark.parametrize(("old", "new"), [(0.1234567, 0.1234568), (1234567.0, 1234568.0)])
def test_values_that_differ_are_shown_so(old: float, new: float) -> None:
    (change,) = changes({"x": old, "stages": []}, {"x": new, "stages": []})
    before, after = str(change).removeprefix("x: ").split(" -> ")
    assert before != after


def test_what_is_missing_is_not_told_as_none_becoming_none() -> None:
    """A sheet of an older version does not have a setting whose default is null."""
    assert "x: none -> none" not in told({"stages": [], "x": None}, {"stages": []})
    assert "x: none -> none" not in told({"stages": []}, {"stages": [], "x": None})


def test_a_parameter_written_as_another_kind_of_number_is_no_change() -> None:
    one, other = (f"plugin: {{name: P, parameters: {{Gain: {value}}}}}" for value in ("1", "1.0"))
    assert told(of(one), of(other)) == []


def test_bands_that_are_settings_are_told_setting_by_setting() -> None:
    old = of("dynamic_eq: {bands: [{frequency_hz: 100}, {frequency_hz: 3000, range_db: -3}]}")
    new = of("dynamic_eq: {bands: [{frequency_hz: 100}, {frequency_hz: 3000, range_db: -4}]}")
    assert told(old, new) == ["stage 1, dynamic_eq: bands[1].range_db: -3 -> -4"]
