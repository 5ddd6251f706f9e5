"""`masterprint sessions` as a user types it: what did I use on that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
import yaml

import masterprint
from conftest import Run
from masterprint.sheets.sheet import load_sheet
from masterprint.sheets.writing import sheet_text
from plugin_tools import noise

ANNA, DRUMS = "L'été d'Anna.wav", "drums \U0001f941.wav"
LONG = "a session with a long name " * 5 + "[1].wav"
QUIET = "masterprint: 1\nname: Quiet\nstages:\n  - gain: {gain_db: -20, label: trim}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, scanned: Path) -> Path:
    """Three sessions: two of built-in stages, and one with a plugin."""
    studio = tmp_path_factory.mktemp("studio")
    shutil.copytree(scanned, studio / "home")

    def command(*words: object) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "masterprint", *map(str, words)],
            cwd=studio,
            env=os.environ | {"MASTERPRINT_HOME": str(studio / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    (studio / "quiet.yaml").write_text(QUIET)
    (studio / "loud.yaml").write_text(
        "masterprint: 1\nstages:\n  - gain: {gain_db: 1}\n  - limiter: {}\n"
    )
    command("capture", "Fixture Gain", "--into", "loud.yaml", "--set", "Gain=-7")
    for name in (ANNA, LONG, DRUMS):
        soundfile.write(studio / name, noise(1.0).T, 44100, "PCM_16")
    folder = studio / "archive"
    command("render", "quiet.yaml", ANNA, LONG, "-o", folder / "quiet", "-q")
    command("render", "loud.yaml", DRUMS, "-o", folder / "loud", "-q")
    for number, path in enumerate(sorted(folder.rglob("*.recall.yaml")), 1):
        text = path.read_text()
        date = yaml.safe_load(text)["date"]
        path.write_text(text.replace(date, f"2026-0{number}-02T03:04:05Z"))
    return folder


@pytest.fixture
def archive(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "archive"))


def listed(run: Run, *arguments: object) -> list[str]:
    done = run("sessions", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [row["mix"] for row in json.loads(done.stdout)]


def test_a_session_is_a_row_with_all_that_was_used(archive, run):
    done = run("sessions", archive, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    assert len(rows) == 3
    (row,) = [row for row in rows if row["chain_file"] == "loud.yaml"]
    assert row["plugins"] == [
        {
            "name": "Fixture Gain",
            "vendor": "Masterprint Tests",
            "version": "1.2.3",
            "used": "plugin",
        }
    ]
    assert Path(row["sheet"]).is_file()
    measured = masterprint.measure(archive / "loud" / row["master"])
    assert row["integrated_lufs"] == pytest.approx(measured.integrated_lufs, abs=0.01)
    assert row["true_peak_dbtp"] == pytest.approx(measured.true_peak_dbtp, abs=0.01)
    shown = run("sessions", archive).stdout
    assert "L'été d'Anna.wav: Quiet (quiet.yaml)" in shown
    assert "loud.yaml; Fixture Gain 1.2.3" in shown
    assert shown.rstrip().endswith("3 recall sheets")


def test_words_are_found_whatever_yaml_does_to_them(archive, run):
    """Quotes are doubled, long texts are broken over lines, emoji are escaped."""
    for words, expected in [
        (["L'ÉTÉ D'ANNA"], [ANNA]),
        (["e\u0301te\u0301"], [ANNA]),  # as macOS writes it
        (["long name a session with a long name a session with"], [LONG]),
        (["\U0001f941"], [DRUMS]),
        (["masterprint TESTS"], [DRUMS]),
        (["fixture"], [DRUMS]),
        ([".vstpreset"], [DRUMS]),
        (["TRIM", "anna"], [ANNA]),
        (["trim", "fixture"], []),
        (["quiet.yaml", "long name"], [LONG]),
        (["-20"], []),
        (["pcm_sha256"], []),
        (["no such thing"], []),
        (["2026-0", "drums"], [DRUMS]),
        (["026-01"], []),
    ]:
        options = [part for word in words for part in ("--find", word)]
        assert listed(run, archive, *options) == expected, words
    assert len(listed(run, archive, "--find", "2026-01")) == 1
    assert len(listed(run, archive, "--find", "2026")) == 3


def test_what_a_sheet_can_hold_is_found_in_it(archive):
    """Every word of every name, against a search that parses all: nothing is skipped wrongly."""
    from masterprint.sheets.listing import Wanted, read_session

    (path,) = (archive / "loud").glob("*.recall.yaml")
    sheet = load_sheet(path).sheet
    # No emoji and no words of the mix in what is the same each time, not even in its first line.
    sheet = sheet.model_copy(update={"master": sheet.master.model_copy(update={"name": "m"})})
    for name in [
        *("a'b", "it''s", '"quoted"', "back\\slash", "tab\there", "yes", "1e3", "- dash", "a: b"),
        *("# no comment", "\u00a0hard\u2003space", "ﬁlm", "STRASSE straße", "x\u0301", "{flow}"),
        *(" both ends ", "\u0130stanbul", "終わり", "\U0001f941 drum", "word " * 60, "~", "%", "@"),
        *("it's: said", "both\\of\tthem", "\ufeffmark", "its: " + "it's " * 60),
    ]:
        mix = sheet.mix.model_copy(update={"name": name, "path": "m"})
        path.write_text(sheet_text(sheet.model_copy(update={"mix": mix}), "m"))
        assert load_sheet(path).sheet.mix.name == name
        for text in (name, name.upper(), name.lower(), name[1:], name[:-1], *name.split()):
            assert read_session(str(path), Wanted([text])) is not None, (name, text)


def test_a_single_session_shows_its_chain(archive, run):
    done = run("sessions", archive, "--find", "anna")
    assert "1 of 3 recall sheets" in done.stdout
    assert "1 gain (trim)" in done.stdout
    assert "gain -20 dB" in done.stdout
    assert "ceiling -1 dBTP" in run("sessions", archive, "--find", "drums").stdout
    assert "bypass" not in done.stdout


def test_damaged_sheets_are_told_of_and_the_rest_listed(archive, run):
    (archive / "text.recall.yaml").write_text("not a sheet")
    (archive / "broken.recall.yaml").write_bytes(b"\xff\x00")
    (archive / "future.recall.yaml").write_text("masterprint_recall: 2\n")
    done = run("sessions", archive, "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)) == 3
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 3
    for name in ("text", "broken", "future"):
        assert any(f"{name}.recall.yaml" in line for line in lines)
    shutil.rmtree(archive / "quiet")
    shutil.rmtree(archive / "loud")
    assert run("sessions", archive).returncode == 1


def test_links_and_pipes_are_left_alone(archive, run, tmp_path):
    outside = tmp_path / "outside"
    shutil.copytree(archive / "loud", outside)
    (archive / "link").symlink_to(outside)
    (archive / "link.recall.yaml").symlink_to(next(outside.glob("*.recall.yaml")))
    os.mkfifo(archive / "pipe.recall.yaml")
    assert len(listed(run, archive)) == 3


def test_nothing_to_list_is_said(tmp_path, run):
    done = run("sessions", tmp_path)
    assert done.returncode == 0
    assert "There are no recall sheets below" in done.stdout
    assert json.loads(run("sessions", tmp_path, "--json").stdout) == []
    missing = run("sessions", "nowhere")
    assert missing.returncode == 2
    assert "no such folder" in missing.stderr


def test_names_that_steer_a_terminal_are_shown_without_doing_so(archive, run):
    (path,) = (archive / "loud").glob("*.recall.yaml")
    sheet = load_sheet(path).sheet
    mix = sheet.mix.model_copy(update={"name": "evil\u202e[red]\u2066.wav"})
    path.write_text(sheet_text(sheet.model_copy(update={"mix": mix}), path.name))
    done = run("sessions", archive)
    assert "\u202e" not in done.stdout
    assert "[red]" in done.stdout
    assert soundfile.info(next((archive / "loud").glob("*.wav"))).frames  # the master is as it was
