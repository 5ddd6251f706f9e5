"""Capturing: the stage and its state file are written, reread, and rendered as they were set."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import Run
from masterprint.chain.loading import load_chain
from masterprint.plugins.host import Host
from masterprint.plugins.state import take_state
from plugin_tools import craft, load, noise

pytestmark = pytest.mark.usefixtures("plugins")

TEXT = """\
masterprint: 1
# how loud it comes in
stages:
  - gain: {gain_db: -1}   # a bit
  # never without
  - limiter: {}
"""


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "chain.yaml"
    path.write_text(TEXT)
    return path


def gain_db(chain: Path) -> float:
    """What the plugin of a chain does to quiet noise."""
    audio = noise(0.2) / 16
    stages = [s for s in load_chain(chain).stages if s.stage_name == "plugin"]
    out = load_chain(chain).model_copy(update={"stages": stages}).apply(audio, 44100)
    return float(20 * np.log10(np.abs(out).max() / np.abs(audio).max()))


def test_a_new_stage_goes_before_what_holds_the_ceiling(chain: Path, run: Run) -> None:
    done = run("capture", "Fixture Gain", "--into", chain, "--set", "Gain=-3", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["place"] == "stages[1].plugin"
    assert told["not_at_default"] == ["Gain: 0.000000 -> -2.999997 dB"]
    stage = load_chain(chain).stages[1]
    assert (stage.name, stage.vendor, stage.version) == (
        "Fixture Gain",
        "Masterprint Tests",
        "1.2.3",
    )
    assert len(stage.class_id) == 32
    assert stage.state.startswith("states/fixture-gain-")
    assert (chain.parent / stage.state).is_file()
    assert abs(gain_db(chain) + 3.0) < 1e-4
    kept = [line for line in chain.read_text().splitlines() if line in TEXT.splitlines()]
    assert kept == TEXT.splitlines()


def test_a_second_capture_updates_the_stage_and_leaves_the_rest(chain: Path, run: Run) -> None:
    run("capture", "Fixture Gain", "--into", chain, "--set", "Gain=-3", "--set", "Mode=Warm")
    first = chain.read_text()
    done = run("capture", "Fixture Gain", "--into", chain, "--set", "Gain=-9")
    assert "(updated)" in done.stdout
    changed = set(first.splitlines()) ^ set(chain.read_text().splitlines())
    assert all("state: states/fixture-gain-" in line for line in changed)
    assert abs(gain_db(chain) + 9.0 + 6.0206) < 1e-3  # Warm, from before, halves
    assert len(list((chain.parent / "states").iterdir())) == 2  # the old one may be used elsewhere


def test_the_same_settings_give_the_same_files(chain: Path, run: Run) -> None:
    run("capture", "Fixture Gain", "--into", chain, "--set", "Gain=-3")
    first, stamp = chain.read_bytes(), chain.stat().st_mtime_ns
    run("capture", "Fixture Gain", "--into", chain, "--set", "Gain=-3")
    assert chain.read_bytes() == first
    assert chain.stat().st_mtime_ns == stamp


def test_a_preset_with_a_hidden_part_is_taken_over(chain: Path, run: Run, tmp_path: Path) -> None:
    with Host() as host:
        load(host, "Gain")
        preset = craft(craft(take_state(host, "vst3"), "seal", "0.5"), "gain", "-6")
    (tmp_path / "from-a-daw.vstpreset").write_bytes(preset)
    done = run(
        "capture", "Fixture Gain", "--into", chain, "--preset", tmp_path / "from-a-daw.vstpreset"
    )
    assert done.returncode == 0, done.stderr
    assert abs(gain_db(chain) + 6.0 + 6.0206) < 1e-3


def test_which_stage_is_meant_is_said_by_place_or_label(chain: Path, run: Run) -> None:
    run("capture", "Fixture Gain", "--into", chain, "--label", "one", "--set", "Gain=-1")
    run("capture", "Fixture Gain", "--into", chain, "--label", "two", "--set", "Gain=-2")
    labels = [stage.label for stage in load_chain(chain).stages]
    assert labels == [None, "one", "two", None]
    unclear = run("capture", "Fixture Gain", "--into", chain, "--set", "Gain=-4")
    assert unclear.returncode == 2
    assert "is in this chain 2 times (stage 2, stage 3)" in unclear.stderr
    before = load_chain(chain).stages
    assert run("capture", "Fixture Gain", "--into", chain, "--at", 3, "--set", "Gain=-4").stdout
    after = load_chain(chain).stages
    assert [a.state == b.state for a, b in zip(before[1:3], after[1:3], strict=True)] == [
        True,
        False,
    ]
    first = run("capture", "Fixture Latency64", "--into", chain, "--at", 1)
    assert "stage 1 (new)" in first.stdout
    far = run("capture", "Fixture Latency64", "--into", chain, "--at", 99)
    assert "There is no place 99" in far.stderr
    wrong = run("capture", "Fixture Dry", "--into", chain, "--label", "two")
    assert "the label 'two', stage 4, is 'Fixture Gain', not 'Fixture Dry'" in wrong.stderr


def test_a_readable_override_is_kept_true(chain: Path, run: Run) -> None:
    """What stands under `parameters` is set after the state: it must not undo what was captured."""
    text = TEXT.replace(
        "  # never", "  - plugin: {name: Fixture Gain, parameters: {Gain: -1}}  # mine\n  # never"
    )
    chain.write_text(text)
    run("capture", "Fixture Gain", "--into", chain, "--set", "Gain=-7", "--set", "Mode=Hard")
    assert load_chain(chain).stages[1].parameters == {"Gain": -7.0}
    assert abs(gain_db(chain) + 7.0 + 12.0412) < 1e-3
    assert "# mine" in chain.read_text()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_moves_nothing(chain: Path, run: Run, newline: str) -> None:
    text = (
        "masterprint: 1\nstages:\n- plugin:\n    name: Fixture Gain\n"
        "    parameters:\n      Gain: 2\n- gain: {gain_db: 0}\n"
    )
    chain.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", newline).encode())
    for value in ("-3", "-4"):
        done = run("capture", "Fixture Gain", "--into", chain, "--set", f"Gain={value}")
        assert done.returncode == 0, done.stderr
    plugin, gain = load_chain(chain).stages
    assert plugin.parameters == {"Gain": -4.0}
    assert plugin.state.endswith(".vstpreset")
    assert gain.gain_db == 0
    assert chain.read_bytes().startswith(b"\xef\xbb\xbfmasterprint")


def test_overrides_are_renewed_each_in_its_line(chain: Path, run: Run) -> None:
    """Named by index or in other letters, a parameter is the same."""
    stage = (
        "  - plugin:\n      name: Fixture Gain\n      parameters:\n"
        "        Gain: -2   # quiet\n        Mode: Warm  # as the singer likes it\n"
    )
    chain.write_text(TEXT.replace("  # never", f"{stage}  # never"))
    assert run("capture", "Fixture Gain", "--into", chain, "--set", "gain=-5").returncode == 0
    assert "        Gain: -5.0   # quiet\n        Mode: Warm  # as the singer" in chain.read_text()
    assert run("capture", "Fixture Gain", "--into", chain, "--set", "0=-6").returncode == 0
    assert load_chain(chain).stages[1].parameters == {"Gain": -6.0, "Mode": "Warm"}
    assert abs(gain_db(chain) + 6.0 + 6.0206) < 1e-3


def test_a_linked_chain_is_edited_and_not_the_link(chain: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "chain.yaml"
    link.symlink_to(chain)
    assert run("capture", "Fixture Gain", "--into", link, "--set", "Gain=-3").returncode == 0
    assert link.is_symlink()
    assert abs(gain_db(chain) + 3.0) < 1e-4
    assert abs(gain_db(link) + 3.0) < 1e-4


def test_states_that_would_go_elsewhere_are_refused(chain: Path, run: Run, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    inner = tmp_path / "inner"
    inner.mkdir()
    shutil.move(chain, inner / "chain.yaml")
    (inner / "states").symlink_to(outside)
    done = run("capture", "Fixture Gain", "--into", inner / "chain.yaml", "--set", "Gain=-3")
    assert done.returncode == 2
    assert "a link that leads out of its folder" in done.stderr
    assert (inner / "chain.yaml").read_text() == TEXT
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["2024", "null", "#1 master", "[mix]", "a: b", "@a", "ü"])
def test_a_new_chain_is_called_as_its_file(tmp_path: Path, run: Run, name: str) -> None:
    file = tmp_path / f"{name}.yaml"
    assert run("capture", "Fixture Latency64", "--into", file).returncode == 0
    assert load_chain(file).name == name


def test_two_captures_at_once_both_arrive(chain: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "masterprint", "capture", "--into", str(chain)]
    both = [
        subprocess.Popen([*command, name, "--label", name], stdout=subprocess.DEVNULL)
        for name in ("Fixture Gain", "Fixture Tail", "Fixture Snap")
    ]
    assert [each.wait(60) for each in both] == [0, 0, 0]
    names = {stage.label for stage in load_chain(chain).stages} - {None}
    assert names == {"Fixture Gain", "Fixture Tail", "Fixture Snap"}


def test_a_plugin_without_a_state_keeps_its_parameters(tmp_path: Path, run: Run) -> None:
    done = run("capture", "Fixture LatencyMoves", "--into", tmp_path / "new.yaml")
    assert done.returncode == 0, done.stderr
    done = run("capture", "Fixture Latency64", "--into", tmp_path / "new.yaml")
    assert "it refuses its own state" in done.stdout
    assert load_chain(tmp_path / "new.yaml").stages[1].state is None


def test_a_new_chain_file_is_made(tmp_path: Path, run: Run) -> None:
    done = run("capture", "Fixture Gain", "--into", tmp_path / "new.yaml", "--set", "Gain=-2")
    assert done.returncode == 0, done.stderr
    assert abs(gain_db(tmp_path / "new.yaml") + 2.0) < 1e-4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Fixture ForgetsState", "--set", "Gain=-3"], "ignored its state"),
        (["Fixture Gain", "--set", "Gain=99"], "allowed: -60 to 20 dB"),
        (["Fixture Gain", "--set", "Gain"], "NAME=VALUE is expected"),
        (["Fixture Snap", "--set", "Amount=0.37"], "stands at 0.25"),
        (["Nothing"], "Plugin 'Nothing' is not in the catalogue"),
        (["Fixture Gain", "--editor"], "There is no display here"),
    ],
)
def test_what_cannot_be_captured_changes_no_file(
    chain: Path, run: Run, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    done = run("capture", *arguments, "--into", chain)
    assert done.returncode == 2
    assert said in done.stderr
    assert chain.read_text() == TEXT
    assert not (chain.parent / "states").exists()


def test_a_session_moves_to_another_folder(chain: Path, run: Run, tmp_path: Path) -> None:
    run("capture", "Fixture Gain", "--into", chain, "--set", "Gain=-3")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(chain, elsewhere)
    shutil.copytree(chain.parent / "states", elsewhere / "states")
    assert abs(gain_db(elsewhere / "chain.yaml") + 3.0) < 1e-4
