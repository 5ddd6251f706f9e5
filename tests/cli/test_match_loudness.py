"""`--match-loudness album`: one gain for a set, measured together by an independent meter."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import oracles
from bulk_tools import events, masters, start, write_mixes
from masterprint.demo.music import synthesise_mix
from masterprint.sheets.sheet import load_sheet

LEVELS_DB = (0.0, -6.0, -11.0)
MAXIMIZED = "masterprint: 1\nstages:\n  - highpass: {}\n  - maximizer: {target_lufs: -17}\n"
LEVELLED = "masterprint: 1\nstages:\n  - loudness: {target_lufs: -20}\n  - limiter: {}\n"


@pytest.fixture(scope="module")
def album(tmp_path_factory) -> Path:
    """Three songs of an album, one quiet; the second at another sample rate."""
    folder = tmp_path_factory.mktemp("album")
    for number, level_db in enumerate(LEVELS_DB):
        rate = 48000 if number == 1 else 44100
        audio = synthesise_mix(rate, 8.0 + number) * 10 ** (level_db / 20)
        soundfile.write(folder / f"{number}.wav", audio.T, rate, "PCM_24")
    return folder


def loudness(folder: Path) -> tuple[float, list[float]]:
    """Of all together as one long programme, and of each."""
    powers, each = [], []
    for path in sorted(folder.glob("*.wav")):
        audio, rate = soundfile.read(path, always_2d=True)
        audio = np.ascontiguousarray(audio.T)
        powers.append(oracles.window_powers(audio, rate, 0.4, 0.1))
        each.append(oracles.integrated_lufs(audio, rate))
        assert oracles.true_peak_dbtp(audio) <= -1.0
    return oracles.gated_lufs(np.concatenate(powers)), each


@pytest.mark.parametrize(
    ("chain", "target", "options"),
    [
        (MAXIMIZED, -17.0, ()),
        (MAXIMIZED, -17.0, ("--sample-rate", "48000", "--bit-depth", "16")),
        (LEVELLED, -20.0, ()),
    ],
)
def test_together_they_reach_the_target(run, tmp_path, album, chain, target, options):
    (tmp_path / "chain.yaml").write_text(chain)
    command = ("render", "chain.yaml", album, "--match-loudness", "album", *options)
    done = run(*command, "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "for all 3, together" in done.stderr
    together, each = loudness(tmp_path / "out")
    assert together == pytest.approx(target, abs=0.05)
    # What the artist intended between songs stays, but for what limiting takes off the loud one.
    _, before = loudness_of_mixes(album)
    moved = np.array(each) - before
    assert np.ptp(moved) < 1.0
    if chain == LEVELLED:
        assert np.ptp(moved) < 0.02


def loudness_of_mixes(folder: Path) -> tuple[None, np.ndarray]:
    found = []
    for path in sorted(folder.glob("*.wav")):
        audio, rate = soundfile.read(path, always_2d=True)
        found.append(oracles.integrated_lufs(np.ascontiguousarray(audio.T), rate))
    return None, np.array(found)


def test_every_folder_is_an_album(run, tmp_path, album):
    (tmp_path / "chain.yaml").write_text(LEVELLED)
    for name, songs in {"one": (0, 2), "two": (1,)}.items():
        (tmp_path / "mixes" / name).mkdir(parents=True)
        for song in songs:
            data = (album / f"{song}.wav").read_bytes()
            (tmp_path / "mixes" / name / f"{song}.wav").write_bytes(data)
    options = ("-r", "-o", "out", "--match-loudness", "album")
    done = run("render", "chain.yaml", "mixes", *options)
    assert done.returncode == 0, done.stderr
    for name in ("one", "two"):
        assert loudness(tmp_path / "out" / name)[0] == pytest.approx(-20.0, abs=0.05)


def test_what_was_found_is_in_the_sheets_and_can_be_recalled(run, tmp_path, album):
    (tmp_path / "chain.yaml").write_text(MAXIMIZED)
    done = run(
        "render",
        "chain.yaml",
        album,
        "-o",
        "out",
        "--match-loudness",
        "album",
        "-q",
        "--log",
        "log.jsonl",
    )
    assert done.returncode == 0, done.stderr
    gains = set()
    for path in (tmp_path / "out").glob("*.recall.yaml"):
        last = load_sheet(path).sheet.chain.settings["stages"][-1]
        gains.add(last["limiter"]["input_gain_db"])
    assert len(gains) == 1
    (told,) = (each for each in events(tmp_path / "log.jsonl") if each["event"] == "album")
    assert {told["gain_db"]} == gains
    recalled = run("recall", "out", "--json")
    assert recalled.returncode == 0, recalled.stderr
    assert [each["verdict"] for each in json.loads(recalled.stdout)] == ["identical"] * 3
    options = ("-o", "out", "--match-loudness", "album", "--resume", "--json")
    again = run("render", "chain.yaml", album, *options)
    assert [row["status"] for row in json.loads(again.stdout)] == ["unchanged"] * 3


def test_limiting_stops_at_what_is_allowed_and_that_is_said(run, tmp_path, album):
    text = MAXIMIZED.replace("-17", "-5, max_reduction_db: 1.5")
    (tmp_path / "chain.yaml").write_text(text)
    done = run("render", "chain.yaml", album, "-o", "out", "--match-loudness", "album", "--json")
    assert done.returncode == 0, done.stderr
    assert "instead of -5: more would need over max_reduction_db" in done.stderr
    taken = [row["stages"][-1]["max_gain_reduction_db"] for row in json.loads(done.stdout)]
    assert max(taken) == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize(
    ("chain", "option", "expected"),
    [
        ("masterprint: 1\nstages: [{gain: {}}]\n", "album", "has no loudness target"),
        (LEVELLED.replace("-20", "-20, on: mid"), "album", "acts on a part of the signal"),
        (LEVELLED, "track", "is 'track', where album is expected"),
    ],
)
def test_what_cannot_be_matched_is_refused(run, tmp_path, album, chain, option, expected):
    (tmp_path / "chain.yaml").write_text(chain)
    done = run("render", "chain.yaml", album, "-o", "out", "--match-loudness", option)
    assert done.returncode == 2
    assert expected in done.stderr
    assert not list((tmp_path / "out").glob("*.wav"))


def test_an_album_with_a_mix_that_cannot_be_read_is_refused(run, tmp_path, album):
    (tmp_path / "chain.yaml").write_text(LEVELLED)
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    mixes = (album / "0.wav", "bad.wav")
    done = run("render", "chain.yaml", *mixes, "-o", "out", "--match-loudness", "album")
    assert done.returncode == 2
    assert "bad.wav: cannot be read as audio" in done.stderr
    assert "an album is matched as a whole" in done.stderr
    # Nor is one that a stage cannot work on: it is named, with the others alike.
    (tmp_path / "chain.yaml").write_text(
        LEVELLED.replace("stages:", "stages:\n  - trim: {start_s: 9}")
    )
    mixes = (album / "0.wav", album / "1.wav")
    done = run("render", "chain.yaml", *mixes, "-o", "out", "--match-loudness", "album")
    assert done.returncode == 2
    for mix in mixes:
        assert f"{mix}: Stage 'trim': nothing is left" in done.stderr


def test_different_targets_in_one_album_are_refused(run, tmp_path, album):
    for name, text in {"a": LEVELLED, "b": MAXIMIZED}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    rows = f"{album}/0.wav,a.yaml,out\n{album}/1.wav,b.yaml,out\n"
    (tmp_path / "jobs.csv").write_text(f"mix,chain,output\n{rows}")
    done = run("batch", "jobs.csv", "--match-loudness", "album")
    assert done.returncode == 2
    assert "the chains of this album set its loudness in different ways" in done.stderr


def test_ctrl_c_while_it_is_listened_to_leaves_json_and_log(tmp_path):
    (tmp_path / "chain.yaml").write_text(MAXIMIZED)
    write_mixes(tmp_path / "mixes", 6, 40.0)
    log = tmp_path / "log.jsonl"
    options = ("--match-loudness", "album", "--json", "--log", log)
    running = start(tmp_path, "render", "chain.yaml", "mixes", "-o", "out", *options)
    while not (log.exists() and "begun" in log.read_text()):
        assert running.poll() is None
        time.sleep(0.01)
    time.sleep(0.3)
    os.kill(running.pid, signal.SIGINT)
    output, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert "nothing has been rendered yet" in errors
    assert [row["status"] for row in json.loads(output)] == ["skipped"] * 6
    found = events(log)
    assert [each["event"] for each in found] == ["begun", "ended"]
    assert (found[-1]["not_done"], found[-1]["interrupted"]) == (6, True)
    assert masters(tmp_path / "out") == {}


def test_silence_gets_no_gain(run, tmp_path):
    (tmp_path / "chain.yaml").write_text(MAXIMIZED)
    soundfile.write(tmp_path / "silent.wav", np.zeros((44100, 2)), 44100, "PCM_24")
    done = run("render", "chain.yaml", "silent.wav", "-o", "out", "--match-loudness", "album")
    assert done.returncode == 0, done.stderr
    assert "+0.00 dB for all 1, together silence" in done.stderr
