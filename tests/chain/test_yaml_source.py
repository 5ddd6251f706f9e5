"""YAML as chain files use it: plain data, a place for everything, nothing dangerous."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from masterprint.chain.yaml_source import Source, parse_yaml, path_text, read_yaml


def data(text: str) -> Any:
    source = parse_yaml(text)
    assert source.problems == []
    return source.data


def only_problem(text: str) -> tuple[int, int, str, str]:
    (problem,) = parse_yaml(text).problems
    assert "\n" not in problem.message
    return problem.line, problem.column, problem.path, problem.message


# Scalars.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-7", -7),
        ("+3", 3),
        ("0", 0),
        ("007", 7),
        ("1.5", 1.5),
        ("-0.25", -0.25),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E3", 1000.0),
        ("1.5e-3", 0.0015),
        ("-2e+2", -200.0),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("mid", "mid"),
        ("0x10", "0x10"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        ("1.2.3", "1.2.3"),
        ("32f", "32f"),
        ("e3", "e3"),
        ("+", "+"),
        ('"12"', "12"),
        ("'true'", "true"),
        ('""', ""),
        ("'~'", "~"),
        ("|\n  two\n  lines", "two\nlines"),
        (">\n  one\n  line", "one line"),
    ],
)
def test_a_scalar_is_what_it_looks_like(text: str, value: Any) -> None:
    found = data(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("word", ["on", "off", "yes", "no", "y", "n"])
def test_words_of_yaml_1_1_are_words_as_keys_too(word: str) -> None:
    assert data(f"{word}: {word}") == {word: word}


def test_a_number_as_a_key_is_its_text() -> None:
    assert data("1: a\ntrue: b\nnull: c") == {"1": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize("text", [".nan", ".NaN", ".inf", "-.inf", "+.Inf", ".INF"])
def test_what_is_not_finite_is_refused(text: str) -> None:
    line, column, path, message = only_problem(f"a:\n  b: {text}")
    assert (line, column, path) == (2, 6, "a.b")
    assert f"found {text}" in message
    assert "finite" in message


@pytest.mark.parametrize("text", ["1e999", "-1e400", "9" * 310])
def test_a_number_beyond_all_numbers_is_refused(text: str) -> None:
    line, column, path, message = only_problem(f"b: {text}")
    assert (line, column, path) == (1, 4, "b")
    assert "too large" in message


# Structure.


def test_what_it_reads_is_what_yaml_says() -> None:
    text = """
    # a comment
    name: Streaming   # another
    stages:
      - gain: {gain_db: -1.5, label: "less: much"}
      - eq:
          bands:
          - {frequency_hz: 100, gain_db: 3}
          - frequency_hz: 2000
            gain_db: -1
      - limiter:
      - []
    empty: {}
    """
    assert data(text) == yaml.safe_load(text)


def test_every_value_and_key_has_its_place() -> None:
    source = parse_yaml("a: 1\nlist:\n  - x\n  - {k: [7, 8]}\n  -   deep:\n        er: word\n")
    assert source.values == {
        (): (1, 1),
        ("a",): (1, 4),
        ("list",): (3, 3),
        ("list", 0): (3, 5),
        ("list", 1): (4, 5),
        ("list", 1, "k"): (4, 9),
        ("list", 1, "k", 0): (4, 10),
        ("list", 1, "k", 1): (4, 13),
        ("list", 2): (5, 7),
        ("list", 2, "deep"): (6, 9),
        ("list", 2, "deep", "er"): (6, 13),
    }
    assert source.keys == {
        ("a",): (1, 1),
        ("list",): (2, 1),
        ("list", 1, "k"): (4, 6),
        ("list", 2, "deep"): (5, 7),
        ("list", 2, "deep", "er"): (6, 9),
    }


def test_columns_count_characters_not_bytes() -> None:
    source = parse_yaml("{größe: ö音, b: 2}")
    assert source.values[("größe",)] == (1, 9)
    assert source.values[("b",)] == (1, 16)


def test_lines_end_in_any_way() -> None:
    for end in ("\n", "\r\n", "\r"):
        source = parse_yaml(f"a: 1{end}b:{end}  - 2{end}")
        assert source.data == {"a": 1, "b": [2]}
        assert source.values[("b", 0)] == (3, 5)


def test_where_falls_back_to_what_is_nearest_above() -> None:
    source = parse_yaml("a:\n  b: {c: 1}\n")
    assert source.where(("a", "b", "c")) == (2, 10)
    assert source.where(("a", "b", "c"), of_key=True) == (2, 7)
    assert source.where(("a", "b", "missing")) == (2, 6)
    assert source.where(("a", "nowhere", 3, "x")) == (2, 3)
    assert source.where(("x",), of_key=True) == (1, 1)
    assert Source().where(("x",)) == (1, 1)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((), ""),
        (("stages",), "stages"),
        (("stages", 2, "compressor", "ratio"), "stages[2].compressor.ratio"),
        (("stages", 0, "split", "bands", 1, 3, "eq"), "stages[0].split.bands[1][3].eq"),
        ((0, "a"), "[0].a"),
    ],
)
def test_a_place_is_written_as_people_write_it(place: tuple[str | int, ...], text: str) -> None:
    assert path_text(place) == text


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but this\n", "---\n", "---\n...\n"])
def test_nothing_is_nothing(text: str) -> None:
    assert parse_yaml(text).data is None
    assert parse_yaml(text).problems == []


def test_one_document_may_be_marked_as_such() -> None:
    assert data("%YAML 1.2\n---\na: 1\n...\n") == {"a": 1}


# What is refused, and where.


@pytest.mark.parametrize(
    ("text", "line", "column", "path", "said"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "a", "'a' stands here twice, first in line 1"),
        ("x:\n  - {k: 1, k: 2}", 2, 12, "x[0].k", "'k' stands here twice, first in line 2"),
        ("a: 1\n'a': 2", 2, 1, "a", "twice"),
        ("a: 1\n---\nb: 2", 2, 1, "", "second document"),
        ("a: &x 1", 1, 4, "a", "&x"),
        ("a: *x", 1, 4, "a", "*x"),
        ("a: &x {}", 1, 4, "a", "&x: anchors are not used here"),
        ("a: *x", 1, 4, "a", "*x: aliases are not used here"),
        ("&x a: 1", 1, 1, "a", "&x: anchors are not used here"),
        ("a: !!str 1", 1, 4, "a", "tag"),
        ("a: !custom 1", 1, 4, "a", "!custom"),
        ("a: !!python/object/apply:os.system ['x']", 1, 4, "a", "tags are not used here"),
        ("a: !!binary aGVsbG8=", 1, 4, "a", "tag"),
        ("!!map\na: 1", 1, 1, "", "tag"),
        ("!!str a: 1", 1, 1, "a", "tag"),
        ("? [1, 2]\n: x", 1, 3, "", "not a plain word"),
        ("? {a: 1}\n: x", 1, 3, "", "not a plain word"),
        ("a: [1, 2", 2, 1, "", "not valid YAML"),
        ("a: 'x", 1, 6, "", "not valid YAML"),
        ("a: b: c", 1, 5, "", "not valid YAML"),
        ("a:\n\t- 1", 2, 1, "", "not valid YAML: found a tab"),
        ("a: 1\n b: 2", 2, 2, "", "not valid YAML"),
        ("a: @x", 1, 4, "", "not valid YAML"),
        ("a: %x", 1, 4, "", "not valid YAML"),
        ("a: 1\nname: x\x00y", 2, 8, "", "not valid YAML"),
        ("a: 1\nname: x\x07y", 2, 8, "", "not valid YAML"),
        ("name: \ud800", 1, 7, "", "not valid YAML"),
    ],
)
def test_what_is_refused_is_found_in_its_place(
    text: str, line: int, column: int, path: str, said: str
) -> None:
    found = only_problem(text)
    assert said in found[3]
    assert found[2] == path
    assert found[0] == line
    if said != "not valid YAML":  # the parser sees some of these a little later
        assert found[1] == column


def test_a_duplicate_does_not_hide_what_comes_after() -> None:
    source = parse_yaml("a: 1\na: .nan\nb: {c: 1, c: 2}\nd: .inf\n")
    assert [(p.line, p.path) for p in source.problems] == [
        (2, "a"),
        (2, "a"),
        (3, "b.c"),
        (4, "d"),
    ]


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert data("<<: {a: 1}") == {"<<": {"a": 1}}


def test_a_yaml_bomb_does_not_go_off() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for letter, before in zip("bcdefghi", "abcdefgh", strict=True):
        bomb += f"{letter}: &{letter} [{', '.join([f'*{before}'] * 9)}]\n"
    problems = parse_yaml(bomb).problems
    assert len(problems) == 9 + 8 * 9
    assert all("not used here" in problem.message for problem in problems)


def test_a_file_full_of_mistakes_is_given_up_in_time() -> None:
    source = parse_yaml("a: [" + "*x, " * 15_000 + "]")
    assert len(source.problems) == 101
    assert source.data is None


def test_an_endless_alias_is_refused() -> None:
    anchor, alias = parse_yaml("a: &x [*x]").problems
    assert "&x" in anchor.message
    assert "*x" in alias.message


@pytest.mark.parametrize("kind", ["[", "{a: ", "- ", "? "])
@pytest.mark.parametrize("depth", [40, 1000, 50_000])
def test_deep_nesting_is_refused(kind: str, depth: int) -> None:
    """Long before Python's own limit on recursion."""
    source = parse_yaml(kind * depth)
    assert len(source.problems) == 1
    assert len(source.problems[0].message) < 200
    assert len(source.problems[0].path) < 200


def test_what_people_nest_is_not_too_deep() -> None:
    """Splits within splits within splits, the innermost with the bands of an equaliser."""
    text = "{eq: {bands: [{frequency_hz: 100}]}}"
    for _ in range(3):
        text = f"{{split: {{crossovers_hz: [100], bands: [[{text}], []]}}}}"
    assert parse_yaml(f"stages: [{text}]").problems == []


def test_too_many_values_are_refused() -> None:
    (problem,) = parse_yaml("a: [" + "1," * 120_000 + "]").problems
    assert "more than 20000 values" in problem.message
    assert data("a: [" + "1," * 15_000 + "]")


def test_a_long_word_does_not_make_a_long_message() -> None:
    word = "w" * 100_000
    number = "9" * 100_000
    for text in (f"{word}: 1\n{word}: 2", f"a: *{word}", f"a: !{word} 1", f"a: {number}"):
        (problem,) = parse_yaml(text).problems
        assert len(problem.message) < 400
        assert len(problem.path) < 400


# Files.


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "chain.yaml"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + "name: Größe\n".encode())
        source = read_yaml(path)
        assert source.data == {"name": "Größe"}
        assert source.values[("name",)] == (1, 7)


@pytest.mark.parametrize(
    "content",
    ["name: Größe".encode("latin-1"), "name: x".encode("utf-16"), b"name: \xff\xfe", b"\x80"],
)
def test_what_is_not_utf_8_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "chain.yaml"
    path.write_bytes(content)
    (problem,) = read_yaml(path).problems
    assert "UTF-8" in problem.message


def test_a_huge_file_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "chain.yaml"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    (problem,) = read_yaml(path).problems
    assert str(1 << 40) in problem.message
    assert "bytes" in problem.message


def test_an_endless_file_is_refused() -> None:
    """A device that states no size must not fill the memory: here, 1 GB of it."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from pathlib import Path\n"
        "from masterprint.chain.yaml_source import read_yaml\n"
        "assert read_yaml(Path('/dev/zero')).problems\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    assert run.returncode == 0


def test_a_file_of_the_size_that_is_allowed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chain.yaml"
    path.write_text("a: 1\n" + "#" * (256 * 1024 - 5))
    assert read_yaml(path).data == {"a": 1}
    path.write_text("a: 1\n" + "#" * (256 * 1024 - 4))
    assert read_yaml(path).problems


# Anything at all.

WORDS = ("a", "b", "on", "1", "-1.5e3", ".nan", "~", "<<", "ö", "==", "x y")
STRUCTURE = (
    ": ",
    ":",
    "- ",
    "? ",
    ", ",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\n  ",
    "\n    ",
    "---\n",
    "...\n",
)
SIGNS = ("'", '"', "#", "&x ", "*x", "!!str ", "!", "|", ">", "%", "@", "`", "\\", "\\x")
ODDITIES = ("\t", "\r", "\ufeff", "\x00", "\x85", "\u2028")
TOKENS = st.sampled_from((*WORDS, *STRUCTURE, *SIGNS, *ODDITIES))


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.lists(TOKENS, max_size=30).map("".join) | st.text(max_size=60))
def test_any_text_is_data_or_problems(text: str) -> None:
    """And where there are no problems, a standard YAML reader agrees on the structure."""
    source = parse_yaml(text)
    for problem in source.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
        assert "\n" not in problem.message
    if not source.problems:
        expected = yaml.load(text, Loader=yaml.CBaseLoader)
        assert shape(source.data) == shape(expected)


def shape(value: Any) -> Any:
    """The structure of some data, its scalars left out."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else None
