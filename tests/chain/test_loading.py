"""Chain files: what loads, and every error of the others with its place and a remedy."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masterprint.chain.loading import ChainFileError, load_chain, parse_chain, with_master
from masterprint.chain.model import Chain
from masterprint.errors import ChainError, MasterprintError, UsageError
from masterprint.files.formats import MasterFormat
from masterprint.stages.compressor import Compressor
from masterprint.stages.eq import Eq
from masterprint.stages.gain import Gain
from masterprint.stages.limiter import Limiter
from masterprint.stages.split import Split

COMPLETE = """\
masterprint: 1
name: Complete
description: Every form that a chain file may take.
tail_s: 1.5

stages:
  - gain: {gain_db: -1.5, label: less}
  - highpass:
      frequency_hz: 24
      slope_db_per_octave: 12
  - eq:
      on: side
      phase: linear
      bands:
        - {shape: low_shelf, frequency_hz: 90, gain_db: 0.5, q: 0.8}
        - frequency_hz: 3e3
          gain_db: -2
  - split:
      crossovers_hz: [120, 2500]
      bands:
        - - compressor: {ratio: 3}
          - gain:
        - []
        - - gain: {bypass: true}
  - limiter:
      mix: 1

master:
  format: flac
  bit_depth: 16
  sample_rate_hz: 44100
  dither: shaped
"""

START = "masterprint: 1\nstages:\n"


def problems(text: str) -> list[tuple[int, int, str, str]]:
    """All problems of a chain, as (line, column, path, message)."""
    with pytest.raises(ChainFileError) as caught:
        parse_chain(text, "chain.yaml")
    found = caught.value.problems
    assert str(caught.value) == "\n".join(
        f"chain.yaml:{p.line}:{p.column}: {p.path + ': ' if p.path else ''}{p.message}"
        for p in found
    )
    for problem in found:
        assert "\n" not in problem.message
        for jargon in ("pydantic", "input should", "dictionary", "instance of", "after validation"):
            assert jargon not in problem.message.lower()
    return [(p.line, p.column, p.path, p.message) for p in found]


def problem(text: str) -> tuple[int, int, str, str]:
    (found,) = problems(text)
    return found


# What loads.


def test_a_complete_chain() -> None:
    chain = parse_chain(COMPLETE)
    assert chain.name == "Complete"
    assert chain.tail_s == 1.5
    gain, highpass, eq, split, limiter = chain.stages
    assert gain == Gain(gain_db=-1.5, label="less")
    assert highpass.frequency_hz == 24.0
    assert isinstance(eq, Eq)
    assert (eq.on, eq.phase) == ("side", "linear")
    assert eq.bands[0].shape == "low_shelf"
    assert eq.bands[1].frequency_hz == 3000.0
    assert isinstance(split, Split)
    assert [[type(stage) for stage in band] for band in split.bands] == [
        [Compressor, Gain],
        [],
        [Gain],
    ]
    assert split.bands[0][0].ratio == 3.0
    assert limiter == Limiter()
    assert str(chain.master.bit_depth) == "16"
    assert chain.master.sample_rate_hz == 44100


def test_the_least_that_is_a_chain() -> None:
    chain = parse_chain("masterprint: 1")
    assert chain.stages == []
    assert chain.master.format == "wav"


@pytest.mark.parametrize("entry", ["- gain:", "- gain: {}", "- gain: null", "- gain: ~"])
def test_a_stage_without_settings(entry: str) -> None:
    assert parse_chain(f"{START}  {entry}\n").stages == [Gain()]


def test_on_is_a_word() -> None:
    """In YAML 1.1 it is `true`, and so is its fellow `off` below it `false`."""
    (stage,) = parse_chain(f"{START}  - gain: {{on: mid}}\n").stages
    assert stage.on == "mid"
    assert problem(f"{START}  - gain: {{on: off}}\n")[3].startswith("found 'off'; allowed: one of")


@pytest.mark.parametrize("number", ["10", "10.0", "1e1", "1.0E+1", "+10", "10."])
def test_every_way_to_write_a_number(number: str) -> None:
    (stage,) = parse_chain(f"{START}  - gain: {{gain_db: {number}}}\n").stages
    assert stage.gain_db == 10.0


@pytest.mark.parametrize(
    ("written", "bit_depth"),
    [("16", "16"), ("24", "24"), ("'24'", "24"), ("32f", "32f"), ("64f", "64f")],
)
def test_bit_depths(written: str, bit_depth: str) -> None:
    chain = parse_chain(f"masterprint: 1\nmaster: {{bit_depth: {written}}}\n")
    assert chain.master.as_format().bit_depth == bit_depth


@pytest.mark.parametrize("resolved", [False, True])
def test_a_chain_written_out_is_the_same_chain(resolved: bool) -> None:
    import yaml

    chain = parse_chain(COMPLETE)
    text = yaml.safe_dump(chain.as_dict(resolved=resolved), sort_keys=False)
    again = parse_chain(text)
    assert again.as_dict(resolved=True) == chain.as_dict(resolved=True)
    assert again == chain


def test_every_ready_made_chain_loads() -> None:
    from masterprint.chain.library import shipped_chains

    chains = shipped_chains()
    assert chains
    for path in chains.values():
        assert load_chain(path).stages


# Errors, one by one.


@pytest.mark.parametrize(
    ("entry", "column", "path", "said"),
    [
        ("compresor: {}", 5, "compresor", "there is no such stage; did you mean 'compressor'?"),
        ("Compressor: {}", 5, "Compressor", "did you mean 'compressor'?"),
        ("eqq: {}", 5, "eqq", "did you mean 'eq'?"),
        ("monobass: {}", 5, "monobass", "did you mean 'mono_bass'?"),
        ("zzz: {}", 5, "zzz", "there is no such stage; there are: balance, chorus, clipper, "),
        ("gain: {gain_dB: 1}", 12, "gain.gain_dB", "did you mean 'gain_db'?"),
        ("compressor: {treshold_db: -3}", 18, "compressor.treshold_db", "'threshold_db'?"),
        ("gain: {zzz: 1}", 12, "gain.zzz", "there is no such setting; there are: gain_db, "),
        (
            "gain: {gain_db: 61}",
            21,
            "gain.gain_db",
            "found 61; allowed: a number from -60 to 60 dB",
        ),
        ("gain: {gain_db: -60.5}", 21, "gain.gain_db", "found -60.5; allowed: a number from"),
        ("gain: {gain_db: loud}", 21, "gain.gain_db", "found 'loud'; allowed: a number from"),
        ("gain: {gain_db: '3'}", 21, "gain.gain_db", "found '3'; allowed: a number"),
        ("gain: {gain_db: true}", 21, "gain.gain_db", "found true; allowed: a number"),
        ("gain: {gain_db: null}", 21, "gain.gain_db", "found nothing (null); allowed: a number"),
        ("gain: {gain_db: [1]}", 21, "gain.gain_db", "found a list of 1; allowed: a number"),
        (
            "dehum: {harmonics: 50}",
            24,
            "dehum.harmonics",
            "found 50; allowed: a whole number from 1",
        ),
        ("dehum: {harmonics: [1, 50]}", 28, "dehum.harmonics[1]", "found 50; allowed: at most 40"),
        ("dehum: {harmonics: []}", 24, "dehum.harmonics", "found a list of 0; allowed: a list of"),
        ("gain: {gain_db: {a: 1}}", 21, "gain.gain_db", "found a mapping; allowed: a number"),
        ("gain: {gain_db: .nan}", 21, "gain.gain_db", "found .nan"),
        ("gain: {gain_db: -.inf}", 21, "gain.gain_db", "found -.inf"),
        ("gain: {gain_db: 1e999}", 21, "gain.gain_db", "1e999"),
        ("gain: {mix: 50}", 17, "gain.mix", "found 50; allowed: a number from 0 to 1"),
        (
            "gain: {on: middle}",
            16,
            "gain.on",
            "allowed: one of stereo, mid, side, left, right; did",
        ),
        ("gain: {bypass: 1}", 20, "gain.bypass", "found 1; allowed: true or false"),
        ("gain: {bypass: yes}", 20, "gain.bypass", "found 'yes'; allowed: true or false"),
        ("gain: {label: 5}", 19, "gain.label", "found 5; allowed: text of at most 80 characters"),
        ("eq: {phase: linaer}", 17, "eq.phase", "did you mean 'linear'?"),
        ("eq: {bands: {}}", 17, "eq.bands", "found a mapping; allowed: a list"),
        ("eq: {bands: [{gain_db: 3}]}", 18, "eq.bands[0].frequency_hz", "is missing"),
        ("eq: {bands: [{frequency_hz: 9, Q: 1}]}", 36, "eq.bands[0].Q", "did you mean 'q'?"),
        ("eq: {bands: [100]}", 18, "eq.bands[0]", "found 100; allowed: a mapping"),
        ("split: {bands: []}", 12, "split.crossovers_hz", "is missing"),
        ("split: {crossovers_hz: [90, 50]}", 28, "split.crossovers_hz", "must rise"),
        ("split: {crossovers_hz: [a]}", 29, "split.crossovers_hz[0]", "found 'a'"),
        (
            "split: {crossovers_hz: [90], bands: [[gian: {}], []]}",
            43,
            "split.bands[0][0].gian",
            "did you mean 'gain'?",
        ),
        (
            "split: {crossovers_hz: [90], bands: [[gain: {gain: 1}], []]}",
            50,
            "split.bands[0][0].gain.gain",
            "did you mean 'gain_db'?",
        ),
        (
            "split: {crossovers_hz: [90], bands: [gain: {}]}",
            42,
            "split.bands[0]",
            "found a mapping",
        ),
        ("highpass: {slope_db_per_octave: 10}", 37, "highpass.slope_db_per_octave", "steps of 6"),
        ("mono_bass: {slope_db_per_octave: 18}", 38, "mono_bass.slope_db_per_octave", "one of 12"),
        ("gain: 3", 11, "gain", "found 3; allowed: a mapping"),
        ("gain: [1]", 11, "gain", "found a list of 1; allowed: a mapping"),
        ("gain", 5, "", "found 'gain'; write `gain: {}`"),
        ("5", 5, "", "found 5; a stage is one mapping"),
        ("[]", 5, "", "found a list of 0; a stage is one mapping"),
        ("{}", 5, "", "a stage is one mapping"),
        ("{gain: {}, eq: {}}", 5, "", "each stage is an entry of its own"),
        ("{eq: , on: side, bands: []}", 5, "", "on, bands belong to eq: indent them"),
        ("dither: tpdf", 5, "dither", "it is a setting of `master`"),
        (
            "eq: {bands: [{freq: 9, frequency_hz: 9}]}",
            19,
            "eq.bands[0].freq",
            "did you mean 'frequency_hz'?",
        ),
        ("gain: {gain_db: -1,5}", 24, "gain.5", "decimal comma"),
        ("gain: {gain_db: '-1,5'}", 21, "gain.gain_db", "from -60 to 60 dB (with a decimal point)"),
        (f"gain: {{label: {'y' * 81}}}", 19, "gain.label", "text of at most 80 characters"),
        ('gain: {"\\e[31m": 3}', 12, "gain", r"a key with the character '\x1b'"),
        ('gain: {label: "a\\u2028b"}', 19, "gain.label", "one line"),
        ('gain: {label: "a\\nb"}', 19, "gain.label", "one line"),
        ('gain: {label: "\\e[2J"}', 19, "gain.label", r"the character '\x1b'"),
        ("{gain: {gain_db: 1, gain_db: 2}}", 25, "gain.gain_db", "'gain_db' stands here twice"),
    ],
)
def test_an_error_in_a_stage_is_found_in_its_place(
    entry: str, column: int, path: str, said: str
) -> None:
    found = problem(f"{START}  - gain: {{}}\n  - {entry}\n")
    assert found[:3] == (4, column, f"stages[1].{path}" if path else "stages[1]")
    assert said in found[3]


@pytest.mark.parametrize(
    ("text", "line", "column", "path", "said"),
    [
        ("", 1, 1, "", "the file is empty"),
        ("# just a thought\n", 1, 1, "", "the file is empty"),
        ("- gain: {}\n", 1, 1, "", "found a list, where a mapping with `masterprint: 1`"),
        ("gain\n", 1, 1, "", "found a single value"),
        ("name: x\n", 1, 1, "masterprint", "is missing"),
        ("masterprint: 2\n", 1, 14, "masterprint", "found 2; allowed: 1"),
        ("masterprint: '1'\n", 1, 14, "masterprint", "found '1'; allowed: 1"),
        ("masterprint: true\n", 1, 14, "masterprint", "found true; allowed: 1"),
        ("masterprint: 1\nstage: []\n", 2, 1, "stage", "did you mean 'stages'?"),
        (
            "masterprint: 1\nstages: {gain: {}}\n",
            2,
            9,
            "stages",
            "found a mapping; allowed: a list",
        ),
        ("masterprint: 1\ntail_s: -1\n", 2, 9, "tail_s", "a number from 0 to 60 s"),
        ("masterprint: 1\nname: [x]\n", 2, 7, "name", "found a list of 1; allowed: text"),
        ("masterprint: 1\nmaster: wav\n", 2, 9, "master", "found 'wav'; allowed: a mapping"),
        (
            "masterprint: 1\nmaster: {format: mp3}\n",
            2,
            18,
            "master.format",
            "one of wav, aiff, flac",
        ),
        (
            "masterprint: 1\nmaster: {bit_depth: 20}\n",
            2,
            21,
            "master.bit_depth",
            "16, 24, 32f, 64f",
        ),
        (
            "masterprint: 1\nmaster: {dither: tdpf}\n",
            2,
            18,
            "master.dither",
            "did you mean 'tpdf'?",
        ),
        (
            "masterprint: 1\nmaster: {sample_rate_hz: 8000}\n",
            2,
            26,
            "master.sample_rate_hz",
            "found 8000; allowed: a whole number from 11025 to 192000",
        ),
        ("masterprint: 1\nmaster: {bits: 16}\n", 2, 10, "master.bits", "no such setting"),
        ("masterprint: 1\n---\nmasterprint: 1\n", 2, 1, "", "second document"),
        ("masterprint: 1\nmasterprint: 1\n", 2, 1, "masterprint", "twice, first in line 1"),
        ("masterprint: 1\nname: *x\n", 2, 7, "name", "aliases are not used here"),
        ("masterprint: 1\nname: !!str x\n", 2, 7, "name", "tags are not used here"),
    ],
)
def test_an_error_in_the_frame_is_found_in_its_place(
    text: str, line: int, column: int, path: str, said: str
) -> None:
    found = problem(text)
    assert found[:3] == (line, column, path)
    assert said in found[3]


def test_too_many_stages() -> None:
    line, _, path, message = problem(START + "  - gain: {}\n" * 65)
    assert (line, path) == (3, "stages")
    assert "65" in message
    assert "64" in message


def test_a_missing_setting_says_what_it_may_be() -> None:
    found = problem(f"{START}  - eq: {{bands: [{{}}]}}\n")
    assert "a number from 1 to 96000" in found[3]


def test_cross_field_rules_speak_of_settings() -> None:
    bad = "{shape: notch, frequency_hz: 50, gain_db: -3}"
    line, column, path, message = problem(f"{START}  - eq: {{bands: [{bad}]}}\n")
    assert (line, column, path) == (3, 18, "stages[0].eq.bands[0]")
    assert message.startswith("a notch has no gain_db")
    found = problem(f"{START}  - split: {{crossovers_hz: [100, 200], bands: [[], []]}}\n")
    assert found[2].startswith("stages[0].split")
    assert "3 bands" in found[3]


# Errors, all at once.


def test_all_errors_of_a_file_come_at_once_in_order() -> None:
    text = """\
masterprint: 1
nmae: x
tail_s: .inf
stages:
  - compresor: {ratio: 3}
  - compressor:
      ratoi: 3
      attack_ms: quick
      mix: 2
  - eq:
      bands:
        - {shape: bel, gain_db: 99}
        - 7
  - gain: {gain_db: 1, gain_db: 2}
  - split:
      crossovers_hz: [100]
      bands:
        - - gian: {}
          - limiter: {ceiling_dbtp: 3}
        - - gain: {on: middle}
  - limiter
master:
  bit_depth: 20
  dither: shapd
"""
    found = problems(text)
    assert [(line, column, path) for line, column, path, _ in found] == [
        (2, 1, "nmae"),
        (3, 9, "tail_s"),
        (5, 5, "stages[0].compresor"),
        (7, 7, "stages[1].compressor.ratoi"),
        (8, 18, "stages[1].compressor.attack_ms"),
        (9, 12, "stages[1].compressor.mix"),
        (12, 11, "stages[2].eq.bands[0].frequency_hz"),
        (12, 19, "stages[2].eq.bands[0].shape"),
        (12, 33, "stages[2].eq.bands[0].gain_db"),
        (13, 11, "stages[2].eq.bands[1]"),
        (14, 24, "stages[3].gain.gain_db"),
        (18, 13, "stages[4].split.bands[0][0].gian"),
        (19, 37, "stages[4].split.bands[0][1].limiter.ceiling_dbtp"),
        (20, 24, "stages[4].split.bands[1][0].gain.on"),
        (21, 5, "stages[5]"),
        (23, 14, "master.bit_depth"),
        (24, 11, "master.dither"),
    ]


def test_a_wrong_crossover_does_not_hide_a_wrong_stage() -> None:
    found = problems(
        f"{START}  - split: {{crossovers_hz: [200, 100], bands: [[gian: {{}}], [], []]}}\n"
    )
    assert [path for _, _, path, _ in found] == [
        "stages[0].split.crossovers_hz",
        "stages[0].split.bands[0][0].gian",
    ]


@pytest.mark.parametrize(
    "entry", ["  - eq: {bands: [*a, *b]}\n", "  - gain: {a: 1, b: 2, c: 3, d: 4, e: 5}\n"]
)
def test_of_very_many_errors_it_is_said_that_there_are_more(entry: str) -> None:
    """Of the YAML, whose reading stops there, as of the settings."""
    with pytest.raises(ChainFileError) as caught:
        parse_chain("masterprint: 1\nstages:\n" + entry * 64, "many.yaml")
    first, *_, last = str(caught.value).splitlines()
    assert first.startswith("many.yaml:3:")
    assert last.startswith("many.yaml: and at least ")


def test_a_long_wrong_word_does_not_make_a_long_message() -> None:
    word = "w" * 50_000
    for entry in (f"gain: {{gain_db: {word}}}", f"gain: {{{word}: 1}}", f"{word}: 1"):
        with pytest.raises(ChainFileError) as caught:
            parse_chain(f"{START}  - {entry}\n")
        assert len(str(caught.value)) < 1000


# Files.


def test_a_file_is_loaded_and_named_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "my chain.yaml"
    path.write_text(COMPLETE)
    assert load_chain(path) == load_chain(str(path)) == parse_chain(COMPLETE)
    path.write_text("masterprint: 1\nstages:\n  - gian: {}\n")
    with pytest.raises(ChainFileError) as caught:
        load_chain(path)
    assert str(caught.value).startswith(f"{path}:3:5: stages[0].gian: there is no such stage")
    assert caught.value.file == str(path)


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "chain.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + COMPLETE.replace("\n", "\r\n").encode())
    assert load_chain(path) == parse_chain(COMPLETE)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", "masterprint: 1\nname: Größe".encode("latin-1"), b"RIFF\xd0\x00\x00\x00WAVE"],
)
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "chain.yaml"
    path.write_bytes(content)
    with pytest.raises(ChainFileError, match=f"{path}:1:1: "):
        load_chain(path)


def test_a_huge_file(tmp_path: Path) -> None:
    path = tmp_path / "chain.yaml"
    path.write_text("masterprint: 1\nname: " + "x" * 300_000)
    with pytest.raises(ChainFileError, match="bytes"):
        load_chain(path)


def test_a_missing_file_suggests_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match="there is no such chain file") as caught:
        load_chain(tmp_path / "streeming.yaml")
    assert "'streaming'" in str(caught.value)
    with pytest.raises(ChainError, match="there is no such chain file") as caught:
        load_chain(tmp_path / "qqq.yaml")
    assert "streaming" in str(caught.value)


@pytest.mark.parametrize("name", ["", "n" * 300, "a file/chain.yaml"])
def test_a_file_that_cannot_be_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(ChainError) as caught:
        load_chain(tmp_path / name)
    assert caught.value.message.startswith(str(tmp_path / name))
    assert "\n" not in caught.value.message


@pytest.fixture
def unreadable() -> Iterator[Path]:
    """A chain file that whoever runs the tests may not read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "chain.yaml"
        path.write_text(COMPLETE)
        path.chmod(0)
        as_root = os.geteuid() == 0
        if as_root:
            os.seteuid(65534)  # nothing is forbidden to root: ask as nobody
        try:
            yield path
        finally:
            if as_root:
                os.seteuid(0)


def test_a_file_that_may_not_be_read(unreadable: Path) -> None:
    with pytest.raises(ChainError, match="cannot be read: Permission denied"):
        load_chain(unreadable)


# Anything at all: a Chain, or an error of ours.


def load_anything(text: str) -> Chain | None:
    try:
        chain = parse_chain(text, "chain.yaml")
    except ChainFileError as error:
        assert error.problems  # noqa: PT017 - what comes out is one of two
        assert str(error).startswith("chain.yaml:")  # noqa: PT017
        return None
    assert isinstance(chain, Chain)
    return chain


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    load_anything(text)


PIECES = st.sampled_from(
    (
        *("on", "mix", "bypass", "label", "gain", "gain_db", "eq", "bands", "split", "master"),
        *("1", "-3.5", "1e9", ".nan", "null", "true", "''", "[]", "{}", "[[]]"),
        *(": ", "- ", ", ", "\n", "\n  ", "\n      ", "{", "}", "[", "]", "'", "#", "&a ", "*a"),
    )
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(data=st.data())
def test_any_damage_to_a_chain_file(data: st.DataObject) -> None:
    text = COMPLETE
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(text)))
        stop = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(PIECES | st.text(max_size=3)) + text[stop:]
    chain = load_anything(text)
    if chain is not None:
        chain.problems(44100, 2)
        assert Chain.model_validate(chain.as_dict()) == chain


SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-100, 100000)
    | st.floats(-100, 100)
    | st.sampled_from(["mid", "linear", "bell", "x", "", "16", "32f"])
)
STAGE_KEYS = ("gain", "eq", "split", "limiter", "on", "mix", "gain_db", "frequency_hz", "phase")
OTHER_KEYS = (
    "masterprint",
    "name",
    "stages",
    "master",
    "bands",
    "shape",
    "crossovers_hz",
    "format",
)
KEYS = st.sampled_from((*STAGE_KEYS, *OTHER_KEYS))
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@settings(
    max_examples=400, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.fixed_dictionaries(
        {"masterprint": st.just(1) | SCALARS},
        optional={
            "stages": st.lists(st.dictionaries(KEYS, TREES, max_size=1) | TREES, max_size=4)
            | TREES,
            "master": TREES,
            "name": SCALARS,
            "tail_s": SCALARS,
        },
    )
)
def test_any_data(tree: dict[str, Any]) -> None:
    import yaml

    load_anything(yaml.safe_dump(tree))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain.yaml"
        path.write_bytes(content)
        try:
            load_chain(path)
        except MasterprintError as error:
            found: BaseException | None = error
        else:
            found = None
        assert found is None or isinstance(found, ChainFileError)


def test_the_errors_of_a_master_block_that_stands_twice_are_all_reported() -> None:
    text = "masterprint: 1\nmaster: {format: mp3, bit_depth: 20}\nmaster: {}\n"
    with pytest.raises(ChainFileError) as caught:
        parse_chain(text)
    assert [found.path for found in caught.value.problems] == [
        "master.format",
        "master.bit_depth",
        "master",
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{format: flac, bit_depth: 32f}", "FLAC holds integers only"),
        ("{sample_rate_hz: 96000, dither: shaped, bit_depth: 16}", "44100 and 48000 Hz, not 96000"),
    ],
)
def test_a_master_that_could_never_be_written_is_refused(settings: str, said: str) -> None:
    found = problem(f"masterprint: 1\nmaster: {settings}\n")
    assert found[:3] == (2, 9, "master")
    assert said in found[3]


def test_other_master_settings_are_held_to_the_same_rules() -> None:
    chain = parse_chain("masterprint: 1\nmaster: {bit_depth: 16, dither: shaped}\n")
    changed = with_master(chain, {"format": "flac", "bit_depth": 24, "dither": None})
    assert changed.master.as_format() == MasterFormat("flac", "24", "shaped")
    wrong = {
        "format": "mp3",
        "bit_depth": "20",
        "sample_rate_hz": 48000.5,
        "dither": "Shaped",
        "file_format": "wav",
    }
    for name, value in wrong.items():
        with pytest.raises(UsageError, match=rf"master\.{name}: "):
            with_master(chain, {name: value})
    with pytest.raises(UsageError, match="not 96000 Hz"):
        with_master(chain, {"sample_rate_hz": 96000})


def test_mistakes_in_bands_of_a_dynamic_equaliser_are_told_like_those_of_an_equaliser() -> None:
    text = """masterprint: 1
stages:
  - dynamic_eq:
      bands:
        - {frequency_hz: 100, ratoi: 2}
        - {frequency_hz: 100, range_db: 60}
"""
    with pytest.raises(ChainFileError) as caught:
        parse_chain(text, "x.yaml")
    assert str(caught.value).splitlines() == [
        "x.yaml:5:31: stages[0].dynamic_eq.bands[0].ratoi: there is no such setting; "
        "did you mean 'ratio'?",
        "x.yaml:6:41: stages[0].dynamic_eq.bands[1].range_db: found 60; "
        "allowed: a number from -24 to 24 dB",
    ]
