"""Chain files are edited where they stand: what a person wrote around it stays as it was."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masterprint.chain.editing import insert_stage, scalar, set_settings
from masterprint.chain.loading import parse_chain
from masterprint.chain.yaml_source import parse_yaml
from masterprint.errors import ChainError

TEXT = """\
# A chain with opinions.
masterprint: 1
name:   "odd  spacing"   # kept

stages:
  # the level first
  - gain: {gain_db: -1}     # down
  # then the plugin
  - plugin:
      name: X      # a name
      # why this state
      state: states/x.vstpreset
      parameters: {Gain: -1, Mode: Warm}   # by hand

  # and the limiter
  - limiter:
      ceiling_dbtp: -1.0

# the end
master: {bit_depth: 16}
"""


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(True), after.splitlines(True))
    return [line for line in lines if line[0] in "+-"]


def test_a_value_is_replaced_and_nothing_else() -> None:
    after = set_settings(TEXT, ("stages", 1, "plugin"), {"state": "states/y.vstpreset"})
    assert changed_lines(TEXT, after) == [
        "-       state: states/x.vstpreset\n",
        "+       state: states/y.vstpreset\n",
    ]


def test_a_setting_that_is_not_there_goes_behind_the_others() -> None:
    after = set_settings(TEXT, ("stages", 1, "plugin"), {"version": "1.10"})
    assert changed_lines(TEXT, after) == ['+       version: "1.10"\n']
    assert parse_chain(after).stages[1].version == "1.10"
    flow = set_settings(TEXT, ("stages", 0, "gain"), {"label": "down"})
    assert "  - gain: {gain_db: -1, label: down}     # down\n" in flow


def test_a_mapping_is_replaced_as_a_whole() -> None:
    after = set_settings(TEXT, ("stages", 1, "plugin"), {"parameters": {"Gain": -2.5}})
    assert "      parameters: {Gain: -2.5}   # by hand\n" in after
    block = TEXT.replace("{Gain: -1, Mode: Warm}", "\n        Gain: -1\n        Mode: Warm")
    after = set_settings(block, ("stages", 1, "plugin"), {"parameters": {"Gain": -2.5}})
    assert parse_chain(after).stages[1].parameters == {"Gain": -2.5}
    assert "# by hand" in after


@pytest.mark.parametrize(
    "stage",
    [
        "{name: X,\n           version: '1',   # captured\n           }",
        "{name: X, version: '1'   # captured\n          }",
        "{\n      name: X, # who\n      # when\n      version: '1' }",
        "\n      name: >-\n        X\n      version: |-\n        1\n\n      label: l  # last",
        "\n      version: '1'\t# a tab before this\n      name: X",
        "\n      version: '1'\n      name: 'X'   # ü and 音 count as one",
    ],
)
def test_any_style_of_a_stage_can_be_edited(stage: str) -> None:
    text = f"masterprint: 1  # ü\nstages:\n  - plugin: {stage}\n  - gain: {{}}\n"
    before = parse_chain(text)
    settings = {"name": "X", "version": "2", "vendor": "New: one"}
    after = set_settings(text, ("stages", 0, "plugin"), settings)
    plugin, gain = parse_chain(after).stages
    assert (plugin.name, plugin.version, plugin.vendor) == ("X", "2", "New: one")
    assert plugin.label == before.stages[0].label
    assert gain == before.stages[1]
    assert after.count("#") == text.count("#")


def test_a_value_that_is_so_already_keeps_its_quotes() -> None:
    text = TEXT.replace("name: X ", 'name: "X" ')
    assert set_settings(text, ("stages", 1, "plugin"), {"name": "X"}) == text


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_a_stage_is_put_in_its_place(index: int) -> None:
    after = insert_stage(TEXT, index, "plugin", {"name": "New", "version": "2"})
    kinds = [stage.stage_name for stage in parse_chain(after).stages]
    assert kinds[index] == "plugin"
    assert parse_chain(after).stages[index].name == "New"
    assert len(kinds) == 4
    assert [line[0] for line in changed_lines(TEXT, after)] == ["+", "+", "+"]


def test_comments_stay_with_the_stage_that_they_are_above() -> None:
    after = insert_stage(TEXT, 2, "gain", {"gain_db": 1})
    assert "by hand\n  - gain:\n      gain_db: 1\n\n  # and the limiter\n  - limiter:" in after


@pytest.mark.parametrize(
    "text",
    [
        "masterprint: 1\n",
        "masterprint: 1\nstages: []\n",
        "masterprint: 1\nstages: []   # none yet\nmaster: {bit_depth: 16}\n",
        "masterprint: 1\nstages:\n- gain: {}\n",
        "masterprint: 1\r\nstages:\r\n  - gain: {}\r\nmaster: {bit_depth: 16}\r\n",
        "stages:\n- gain: {}   # no end of line, and first\nmasterprint: 1",
    ],
)
def test_any_beginning_of_a_chain_can_be_added_to(text: str) -> None:
    before = parse_chain(text)
    after = insert_stage(text, len(before.stages), "gain", {"gain_db": -2.0})
    assert [stage.stage_name for stage in parse_chain(after).stages].count("gain") >= 1
    assert len(parse_chain(after).stages) == len(before.stages) + 1
    assert parse_chain(after).master == before.master
    assert ("\r\n" in text) == ("\r\n" in after)


def test_stages_within_brackets_are_left_to_the_person() -> None:
    with pytest.raises(ChainError, match=r"within \[ \]"):
        insert_stage("masterprint: 1\nstages: [gain: {}]\n", 1, "gain", {})


@given(st.text(max_size=30) | st.integers(-(10**17), 10**17) | st.booleans() | st.none())
def test_what_is_written_reads_back(value: object) -> None:
    if isinstance(value, str) and any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in value):
        return  # no text that a chain may hold
    source = parse_yaml(f"key: {scalar(value)}\n")
    if not source.problems:  # numbers past what fits, characters that YAML does not have
        assert source.data["key"] == value
        assert type(source.data["key"]) is type(value)


@pytest.mark.parametrize("text", ["2046504473616C63", "1E5", "1.10", "on", "a: b", "- x", "#x", ""])
def test_words_that_look_like_something_else_are_quoted(text: str) -> None:
    assert parse_yaml(f"key: {scalar(text)}\n").data["key"] == text
