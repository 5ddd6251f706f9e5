"""`masterprint recall` as a user types it, each time in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Run
from masterprint.stages.registry import BUILT_IN
from recall_tools import EQ, edited, made, plain, put, tree, write_chain, write_mix

LIMITER = "limiter: {ceiling_dbtp: -1, input_gain_db: 3}"
CHAIN = ["gain: {gain_db: -1}", EQ, LIMITER]

PLANTED = """
import sys
amount = float(sys.argv.pop(1))
from masterprint.stages.eq import Eq
original = Eq.apply
def apply(self, signal):
    out = original(self, signal)
    return out.carrying(block + amount for block in out.blocks)
Eq.apply = apply
from masterprint.cli.app import main
main()
"""
"""The command, with an equaliser that gives a little more than it should."""


def planted(amount: float, *args: object) -> tuple[int, dict]:
    """Exit code and JSON of the command where an equaliser is off by so much."""
    command = [sys.executable, "-c", PLANTED, str(amount), *map(str, args), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, json.loads(done.stdout)


def test_identical_in_a_fresh_process_and_at_another_path(run: Run, tmp_path: Path) -> None:
    sheet = made(tmp_path / "project", *CHAIN, more="master: {bit_depth: 16, dither: shaped}\n")
    (tmp_path / "project").rename(tmp_path / "moved")
    sheet = tmp_path / "moved/out" / sheet.name
    before = tree(tmp_path)
    done = run("recall", sheet)
    assert (done.returncode, done.stderr) == (0, "")
    *_, counted, said = done.stdout.splitlines()
    assert counted.split()[0] == "same"
    assert said.startswith("identical: every sample of mix.wav is the same (rendered 20")
    assert tree(tmp_path) == before
    again = run("recall", tmp_path / "moved/out/mix.wav", "-o", "new", "--json")
    assert again.returncode == 0
    result = json.loads(again.stdout)
    assert result["verdict"] == "identical"
    assert result["master"] == "new/mix.wav"
    assert {each["status"] for each in result["ingredients"]} == {"same"}
    assert (tmp_path / "new/mix.wav").read_bytes() == before["moved/out/mix.wav"]


def test_what_any_stage_reports_is_told_and_recalled(run: Run, tmp_path: Path) -> None:
    """Of all stages at their defaults in one chain; those that change the length come first."""
    write_mix(tmp_path / "mix.wav", 2.0)
    write_mix(tmp_path / "refs/other.wav", 1.0, seed=2)
    needs = {
        "convolution": "{impulse_response: refs/other.wav}",
        "match": "{reference: refs/other.wav}",
        "plugin": "{name: Not There, vendor: Nobody, when_missing: bypass}",
        "split": "{crossovers_hz: [200], bands: [[gain: {}], [clipper: {}]]}",
        "reverb": "{mix: 0.2}",
    }
    names = sorted(BUILT_IN, key=lambda name: BUILT_IN[name].keeps_length)
    write_chain(tmp_path / "all.yaml", *(f"{name}: {needs.get(name, '{}')}" for name in names))
    done = run("render", "all.yaml", "mix.wav", "-o", "out")
    assert done.returncode == 0, done.stderr
    (clipper, inner) = [line for line in done.stdout.splitlines() if line.startswith("  clipper: ")]
    assert clipper.endswith(" dB of gain reduction at most")
    assert inner == "  clipper: 0.0 dB of gain reduction at most"
    again = run("recall", "out/mix.wav", "--json")
    assert again.returncode == 0, again.stderr
    result = json.loads(again.stdout)
    assert result["verdict"] == "identical"
    assert {each["status"] for each in result["ingredients"]} == {"same"}


def test_impossible_says_what_is_missing(run: Run, tmp_path: Path) -> None:
    sheet = made(tmp_path, *CHAIN)
    (tmp_path / "mix.wav").rename(tmp_path / "elsewhere.wav")
    done = run("recall", sheet, "-o", "new")
    assert done.returncode == 2
    assert "missing  mix mix.wav: not found" in done.stdout
    assert "IMPOSSIBLE: mix mix.wav" in done.stdout
    assert not (tmp_path / "new").exists()
    asked = run("recall", sheet, "--json")
    assert asked.returncode == 2
    assert json.loads(asked.stdout)["verdict"] == "impossible"
    found = run("recall", sheet, "--mix", tmp_path)
    assert found.returncode == 0
    assert f"moved    mix mix.wav: is {tmp_path / 'elsewhere.wav'}" in found.stdout


def test_different_exits_with_1_and_names_the_mix(run: Run, tmp_path: Path) -> None:
    sheet = made(tmp_path, *CHAIN)
    write_mix(tmp_path / "mix.wav", seed=2)
    done = run("recall", sheet)
    assert done.returncode == 1
    assert "differs  mix mix.wav" in done.stdout
    assert "DIFFERENT" in done.stdout
    assert "dBFS" in done.stdout


@pytest.mark.parametrize("depth", ["24", "32f"])
def test_a_planted_difference_is_found_in_its_stage(tmp_path: Path, depth: str) -> None:
    sheet = made(tmp_path, *CHAIN, more=f"master: {{bit_depth: {depth}}}\n")
    code, result = planted(1e-7, "recall", sheet)
    assert (code, result["verdict"]) == (0, "within")
    assert result["first_difference"] == {"stage": 2, "label": "eq"}
    low = -141 if depth == "32f" else -150
    assert low < result["residual_rms_dbfs"] <= result["residual_peak_dbfs"] < -120
    code, result = planted(1e-7, "recall", sheet, "--tolerance-db", "-150")
    assert (code, result["verdict"]) == (1, "different")
    assert result["first_difference"] == {"stage": 2, "label": "eq"}


def test_stages_are_counted_as_reports_count_them(tmp_path: Path) -> None:
    """Conversion to another rate comes before the limiter, and is a stage of reports."""
    more = "master: {sample_rate_hz: 48000}\n"
    sheet = made(tmp_path, "gain: {}", LIMITER, EQ, more=more)
    kinds = [stage["stage"] for stage in plain(sheet)["stages"]]
    assert kinds == ["gain", "conversion", "limiter", "eq"]
    _, result = planted(1e-7, "recall", sheet)
    assert result["first_difference"] == {"stage": 4, "label": "eq"}


def test_without_a_planted_difference_nothing_differs(tmp_path: Path) -> None:
    sheet = made(tmp_path, *CHAIN)
    assert planted(0.0, "recall", sheet)[1]["verdict"] == "identical"


def test_another_chain_is_shown_setting_by_setting(run: Run, tmp_path: Path) -> None:
    sheet = made(tmp_path, *CHAIN)
    chain = write_chain(tmp_path / "new.yaml", CHAIN[0], EQ.replace("1.5", "-2.5"), LIMITER)
    done = run("recall", sheet, "--chain", chain, "--set", "limiter.ceiling_dbtp=-6", "-o", "new")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "stage 2, eq: bands[0].gain_db: 1.5 -> -2.5" in lines
    assert "stage 3, limiter: ceiling_dbtp: -1 -> -6" in lines
    table = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    figures = {row[0]: row[1:4] for row in table}
    was, now, moved = map(float, figures["True peak"])
    assert now <= -6
    assert moved == pytest.approx(now - was, abs=0.011)
    assert was == pytest.approx(plain(sheet)["after"]["true_peak_dbtp"], abs=0.0051)
    assert "rendered with other settings: 2 settings differ" in lines


def test_what_cannot_be_begun(run: Run, tmp_path: Path) -> None:
    sheet = made(tmp_path, *CHAIN)
    before = tree(tmp_path)
    cases = [
        (["nothing"], "there is no such recall sheet"),
        ([tmp_path / "chain.yaml"], "is no recall sheet"),
        ([sheet, "--mix", "nowhere"], "no such file or folder"),
        ([sheet, "--set", "limiter"], "key=value"),
        ([sheet, "-o", tmp_path / "out"], "stays as it is"),
        ([edited(sheet, put("mix", "bytes", -5), name="x")], "is damaged"),
    ]
    (tmp_path / "out/x.recall.yaml").rename(tmp_path / "x.recall.yaml")
    cases[-1][0][0] = tmp_path / "x.recall.yaml"
    before = tree(tmp_path)
    for arguments, message in cases:
        done = run("recall", *arguments)
        assert done.returncode == 2, arguments
        assert message in done.stderr
        assert "Traceback" not in done.stderr
    assert tree(tmp_path) == before


def test_a_strangers_texts_do_not_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    sheet = made(tmp_path, *CHAIN)
    odd = "[red]\N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE}"
    stranger = edited(sheet, put("versions", odd, odd))
    done = run("recall", stranger)
    assert done.returncode == 0
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in done.stdout
    assert "[red]" in done.stdout


def test_files_that_are_no_utf8_are_recalled_with_their_folder(run: Run, tmp_path: Path) -> None:
    mix = write_mix(tmp_path / "mix.wav")
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    mix.rename(odd)
    write_chain(tmp_path / "chain.yaml", *CHAIN)
    assert run("render", "chain.yaml", odd, "-o", "out").returncode == 0
    (sheet,) = (tmp_path / "out").glob("*.recall.yaml")
    sheet.read_text(encoding="utf-8")
    done = run("recall", sheet, "--mix", tmp_path)
    assert done.returncode == 0, done.stdout
    assert "identical" in done.stdout


# ------------------------------------------------------------------------- found to go wrong


def test_what_cannot_be_heard_is_within_at_16_bits_too(tmp_path: Path) -> None:
    """With dither of the seed in the sheet the residual is a step here and there, -90.3 dBFS.

    With other dither all of it is in the residual, whatever the difference was.
    """
    sheet = made(tmp_path, *CHAIN, more="master: {bit_depth: 16}\n")
    code, result = planted(1e-8, "recall", sheet, "--tolerance-db", "-90")
    assert result["first_difference"] == {"stage": 2, "label": "eq"}
    assert result["residual_rms_dbfs"] < -110
    assert (code, result["verdict"]) == (0, "within")


def test_a_later_stage_is_not_blamed(tmp_path: Path) -> None:
    write_mix(tmp_path / "room.wav", 0.02, 1)
    sheet = made(tmp_path, *CHAIN[:2], "convolution: {impulse_response: room.wav}")
    write_mix(tmp_path / "room.wav", 0.02, 1, seed=5)
    code, result = planted(1e-7, "recall", sheet)
    assert (code, result["first_difference"]) == (1, {"stage": 2, "label": "eq"})
    assert "room.wav" not in result["reason"]


def test_resume_beside_a_damaged_sheet_is_no_unknown_error(run: Run, tmp_path: Path) -> None:
    sheet = made(tmp_path, *CHAIN)
    edited(sheet, put("chain", "settings", "stages", 5)).rename(sheet)
    chain = write_chain(tmp_path / "new.yaml", "gain: {}")
    done = run("render", chain, tmp_path / "mix.wav", "-o", "out", "--resume")
    assert done.returncode in (0, 1, 2), done.stderr
    assert "does not know" not in done.stderr
