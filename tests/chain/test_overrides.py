"""Settings given beside a chain: what a key means, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from masterprint.chain.difference import changes
from masterprint.chain.library import find_chain
from masterprint.chain.model import Chain
from masterprint.chain.overrides import setting_from, with_settings
from masterprint.errors import UsageError
from recall_tools import write_chain, write_mix

STAGES = [
    "gain: {gain_db: -1}",
    "eq: {label: tone, bands: [{shape: bell, frequency_hz: 100, gain_db: 1}]}",
    "split: {crossovers_hz: [200], bands: [[gain: {label: low}], [compressor: {}]]}",
    "compressor: {label: glue}",
    "maximizer: {}",
    "limiter: {ceiling_dbtp: -0.5}",
]


@pytest.fixture
def chain() -> Chain:
    return Chain.model_validate({"stages": [yaml.safe_load(stage) for stage in STAGES]})


def told_of(chain: Chain, settings: dict[str, Any]) -> list[str]:
    """What settings change in a chain, which stays as it is itself."""
    before = chain.as_dict(resolved=True)
    new = with_settings(chain, settings)
    assert chain.as_dict(resolved=True) == before
    return [str(change) for change in changes(before, new.as_dict(resolved=True))]


@pytest.mark.parametrize(
    ("key", "value", "change"),
    [
        ("stages[0].gain.gain_db", -2, "stage 1, gain: gain_db: -1 -> -2"),
        ("stages[1].eq.bands[0].gain_db", 0.5, "stage 2, eq 'tone': bands[0].gain_db: 1 -> 0.5"),
        ("tone.bands[0].gain_db", 0.5, "stage 2, eq 'tone': bands[0].gain_db: 1 -> 0.5"),
        ("eq.bands[0].gain_db", 0.5, "stage 2, eq 'tone': bands[0].gain_db: 1 -> 0.5"),
        ("eq.phase", "linear", "stage 2, eq 'tone': phase: minimum -> linear"),
        ("maximizer.ceiling_dbtp", -1.5, "stage 5, maximizer: ceiling_dbtp: -1 -> -1.5"),
        ("limiter.bypass", True, "stage 6, limiter: bypass: false -> true"),
        ("low.gain_db", 3, "stage 3, split, band 1, stage 1, gain 'low': gain_db: 0 -> 3"),
        ("glue.mix", 0.5, "stage 4, compressor 'glue': mix: 1 -> 0.5"),
        ("master.bit_depth", 16, "master.bit_depth: 24 -> 16"),
        ("master.sample_rate_hz", 48000, "master.sample_rate_hz: none -> 48000"),
        ("tail_s", 2, "tail_s: 0 -> 2"),
        ("name", "x", "name:  -> x"),
    ],
)
def test_a_key_means_one_setting(chain: Chain, key: str, value: Any, change: str) -> None:
    assert told_of(chain, {key: value}) == [change]


def test_a_path_within_bands(chain: Chain) -> None:
    key = "stages[2].split.bands[1][0].compressor.ratio"
    (change,) = told_of(chain, {key: 3.5})
    assert change.startswith("stage 3, split, band 2, stage 1, compressor: ratio: ")


def test_a_star_means_every_stage_that_has_it(chain: Chain) -> None:
    assert told_of(chain, {"*.ceiling_dbtp": -2}) == [
        "stage 5, maximizer: ceiling_dbtp: -1 -> -2",
        "stage 6, limiter: ceiling_dbtp: -0.5 -> -2",
    ]
    assert len(told_of(chain, {"*.bypass": True})) == 8  # those in bands, too


def test_several_at_once_and_the_later_one_holds(chain: Chain) -> None:
    settings = {"*.ceiling_dbtp": -2, "limiter.ceiling_dbtp": -3, "gain.gain_db": -1}
    with pytest.raises(UsageError, match="fits 2 stages"):
        with_settings(chain, settings)
    del settings["gain.gain_db"]
    assert told_of(chain, settings)[-1] == "stage 6, limiter: ceiling_dbtp: -0.5 -> -3"


def test_no_settings_give_the_same_chain(chain: Chain) -> None:
    assert with_settings(chain, {}) is chain


REFUSED = {
    "compressor.ratio": "fits 2 stages",
    "nothing.gain_db": "no such stage",
    "gain_db": "no such stage",
    "stages[99].gain.gain_db": "there is no",
    "stages[0].limiter.ceiling_dbtp": "",
    "stages[0].gain.nothing": "",
    "stages[0].gain.gain_db.deeper": "there is no",
    "stages[1].eq.bands[7].gain_db": "there is no",
    "stages[-1].gain.gain_db": "is no path",
    "stages[].gain": "is no path",
    "stages[99999].gain": "is no path",
    "*": "is no path",
    "*.": "is no path",
    "*.nothing": "no stage of this chain has",
    "limiter.": "is no path",
    ".limiter": "is no path",
    "": "is no path",
    "limiter..mix": "is no path",
    "limiter.__class__": "",
    "tone.bands": "",
    "masterprint": "",
}


@pytest.mark.parametrize("key", REFUSED)
def test_a_key_that_means_nothing_is_refused(chain: Chain, key: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_settings(chain, {key: 5})
    assert REFUSED[key] in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gain.gain_db", "loud"),
        ("limiter.ceiling_dbtp", 5.0),
        ("limiter.ceiling_dbtp", float("nan")),
        ("limiter.ceiling_dbtp", None),
        ("limiter.bypass", 1),
        ("master.bit_depth", 20),
        ("tail_s", -1),
        ("stages", []),
        ("glue.label", "a\nb"),
    ],
)
def test_a_value_is_checked_as_in_a_chain_file(chain: Chain, key: str, value: Any) -> None:
    if key == "stages":
        assert with_settings(chain, {key: value}).stages == []
        return
    with pytest.raises(UsageError) as caught:
        with_settings(chain, {key: value})
    assert key.rpartition(".")[2] in str(caught.value)


def test_everything_that_is_wrong_is_said_at_once(chain: Chain) -> None:
    with pytest.raises(UsageError) as caught:
        with_settings(chain, {"x.y": 1, "compressor.ratio": 2})
    assert "x.y" in str(caught.value)
    assert "compressor.ratio" in str(caught.value)


def test_files_stay_beside_the_chain(tmp_path: Path) -> None:
    write_mix(tmp_path / "room.wav", 0.02, 1)
    write_mix(tmp_path / "deep/hall.wav", 0.02, 1)
    path = write_chain(tmp_path / "deep/chain.yaml", "convolution: {impulse_response: hall.wav}")
    chain = find_chain(path)
    assert with_settings(chain, {"convolution.mix": 0.5}).stages[0].files == {
        "hall.wav": tmp_path / "deep/hall.wav"
    }
    for other in ("../room.wav", str(tmp_path / "room.wav"), "nothing.wav"):
        with pytest.raises(UsageError):
            with_settings(chain, {"convolution.impulse_response": other})


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("a.b=-1.5", "a.b", -1.5),
        ("a.b=1e3", "a.b", 1000.0),
        ("a.b=24", "a.b", 24),
        ("a.b=32f", "a.b", "32f"),
        ("a.b=on", "a.b", "on"),
        ("a.b=true", "a.b", True),
        ("a.b=null", "a.b", None),
        ("a.b=", "a.b", None),
        ("a.b=x=y", "a.b", "x=y"),
        ("a.b=[1, 2]", "a.b", [1, 2]),
        (" a.b = 5", "a.b", 5),
        ("a.b='5'", "a.b", "5"),
    ],
)
def test_key_and_value_of_a_text(text: str, key: str, value: Any) -> None:
    found = setting_from(text)
    assert found == (key, value)
    assert type(found[1]) is type(value)


@pytest.mark.parametrize("text", ["", "=", "=5", "a.b", "a=&x 1", "a=*x", "a=!!python/x y", "a=[1"])
def test_a_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        setting_from(text)


# ------------------------------------------------------------------------- found to go wrong


@pytest.mark.parametrize(
    ("label", "key", "value"),
    [("master", "master.bit_depth", "16"), ("stages[1]", "stages[1].gain.gain_db", 3.0)],
)
def test_a_label_does_not_hide_the_path_that_errors_print(
    label: str, key: str, value: object
) -> None:
    chain = Chain.model_validate({"stages": [{"limiter": {"label": label}}, {"gain": {}}]})
    assert len(told_of(chain, {key: value})) == 1
