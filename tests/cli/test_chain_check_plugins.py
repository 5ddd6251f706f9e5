"""`chain check` tells whether this machine can render a chain, `show --state` what a state is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Run

pytestmark = pytest.mark.usefixtures("plugins")


def write(path: Path, *stages: str) -> Path:
    path.write_text("masterprint: 1\nstages:\n" + "".join(f"  - {each}\n" for each in stages))
    return path


@pytest.mark.parametrize(
    ("stage", "code", "said"),
    [
        ("plugin: {name: Fixture Gain}", 0, "ok, 1 stage"),
        ("plugin: {name: Nothing, when_missing: bypass}", 0, "left out"),
        ("plugin: {name: Fixture Gain, version: '9'}", 0, "captured with 9"),
        ("plugin: {name: Fixture Gian}", 1, "did you mean 'Fixture Gain'"),
        ("plugin: {name: Fixture Gain, version: '9', when_changed: fail}", 1, "captured with 9"),
        ("plugin: {name: Fixture Gain, state: other.vstpreset}", 1, "is no .vstpreset file"),
        ("plugin: {}", 2, "name: is missing"),
    ],
)
def test_the_verdict_is_that_of_a_render(
    tmp_path: Path, run: Run, stage: str, code: int, said: str
) -> None:
    (tmp_path / "other.vstpreset").write_text("nothing of the kind")
    chain = write(tmp_path / "chain.yaml", stage)
    done = run("chain", "check", chain)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    (row,) = json.loads(run("chain", "check", chain, "--json").stdout)
    assert row["ok"] == (code < 2)
    assert row.get("can_render_here", False) == (code == 0)


def test_a_captured_state_can_be_looked_into(tmp_path: Path, run: Run) -> None:
    captured = run("capture", "Fixture Gain", "--into", "c.yaml", "--set", "Mode=Warm")
    assert "Mode: Clean -> Warm" in captured.stdout
    (state,) = (tmp_path / "states").iterdir()
    (plugin,) = json.loads(
        run("plugins", "show", "Fixture Gain", "--state", state, "--json").stdout
    )
    assert [each["text"] for each in plugin["parameters"] if each["name"] == "Mode"] == ["Warm"]
    assert "in this state" in run("plugins", "show", "Fixture Gain", "--state", state).stdout
    other = run("plugins", "show", "Fixture Tail", "--state", state)
    assert other.returncode == 2
    assert "is a state of another plugin" in other.stderr
