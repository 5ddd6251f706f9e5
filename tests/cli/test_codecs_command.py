"""`masterprint codecs` and `masterprint platforms` as a user types them."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import soundfile

from oracles import true_peak_dbtp


@pytest.fixture
def master(tmp_path, music):
    """Two dense seconds that peak near full scale."""
    audio = np.tanh(6.0 * music[:, 4 * 44100 : 6 * 44100])
    soundfile.write(tmp_path / "master.wav", 0.95 * audio.T / np.abs(audio).max(), 44100, "PCM_24")
    return tmp_path / "master.wav"


def test_what_will_happen_to_this_master(run, tmp_path, master):
    done = run("codecs", "master.wav", "--for", "spotify,apple,youtube")
    assert done.returncode == 0, done.stderr
    for word in ("master.wav", "Ogg Vorbis 96 kbit/s", "AAC 256 kbit/s", "Opus 128 kbit/s"):
        assert word in done.stdout
    for service in ("Spotify, normal", "Apple Music (Sound Check)", "YouTube"):
        assert service in done.stdout
    assert done.stdout.count("would have been safe.") == 3
    assert "Turned down by" in done.stdout
    assert "TIDAL" not in done.stdout

    (data,) = json.loads(
        run("codecs", "master.wav", "--for", "spotify,apple,youtube", "--json").stdout
    )
    assert [one["name"] for one in data["services"]] == ["spotify", "apple-music", "youtube"]
    peak = data["measurement"]["true_peak_dbtp"]
    assert peak == pytest.approx(true_peak_dbtp(soundfile.read(master)[0].T), abs=0.1)
    changes = {row["format"]: row["change_db"] for row in data["codecs"]}
    for service in data["services"]:
        lossy = [changes[name] for name in service["codecs"] if "flac" not in name]
        lossy = [change for name, change in changes.items() if name in service["codecs"]]
        wanted = service["limit_dbtp"] - max(lossy)
        assert wanted - 0.11 <= service["safe_ceiling_dbtp"] <= wanted + 0.01
        gain = service["track"]["gain_db"]
        target = {"spotify": -14, "apple-music": -16, "youtube": -14}[service["name"]]
        assert gain == pytest.approx(target - data["measurement"]["integrated_lufs"], abs=0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["master.wav"]


def test_a_file_that_is_none_does_not_keep_the_others_from_being_told(run, tmp_path, master):
    (tmp_path / "text.wav").write_text("no audio")
    done = run("codecs", "text.wav", "master.wav", "--for", "vinyl", "--json")
    assert done.returncode == 1
    assert "text.wav: cannot be read as audio" in done.stderr
    first, second = json.loads(done.stdout)
    assert "cannot be read" in first["error"]
    assert second["services"][0]["safe_ceiling_dbtp"] is None


def test_without_pyav_the_table_is_told_with_what_is_missing(run, tmp_path, master, monkeypatch):
    (tmp_path / "blocker").mkdir()
    (tmp_path / "blocker" / "av.py").write_text("raise ImportError('not here')\n")
    paths = os.pathsep.join([str(tmp_path / "blocker"), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", paths)
    done = run("codecs", "master.wav", "--for", "youtube")
    assert done.returncode == 1
    assert "pip install 'masterprint[codecs]'" in " ".join(done.stdout.split())
    assert "Without AAC 128 kbit/s: Opus 1" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_wrong_usage_is_one_sentence_and_code_2(run, master):
    for arguments, message in [
        (["codecs", "master.wav", "--for", "spotfy"], "did you mean 'spotify'"),
        (["codecs", "master.wav", "--for", ","], "--for names no platform"),
        (["codecs", "nowhere.wav"], "nowhere.wav: there is no such file"),
        (["platforms", "tydal"], "did you mean 'tidal'"),
        (["platforms", "--platforms", "none.yaml"], "there is no such platforms file"),
    ]:
        done = run(*arguments)
        assert done.returncode == 2, arguments
        assert message in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_why_a_codec_has_no_figures_is_said_once_and_in_whole(run, tmp_path):
    soundfile.write(tmp_path / "three.wav", np.zeros((4800, 3)), 48000)
    done = run("codecs", "three.wav", "--for", "bandcamp")
    assert done.returncode == 1
    said = "three.wav: has 3 channels, where MP3 is written with mono and stereo at most."
    assert done.stdout.splitlines().count(said) == 1


def test_platforms_are_listed_with_evidence_and_shown_with_source_and_date(run):
    listed = run("platforms").stdout
    assert "CONTRADICTORY" in next(line for line in listed.splitlines() if "soundcloud" in line)
    assert "official" in next(line for line in listed.splitlines() if "ebu-r128 " in line)
    one = run("platforms", "spotify").stdout
    assert "support.spotify.com/us/artists/article/loudness-normalization" in "".join(one.split())
    for word in ("-14 LUFS", "-2 dBTP", "2026-11", "official", "Vorbis 320"):
        assert word in one
    data = json.loads(run("platforms", "--json").stdout)
    assert len(data["services"]) > 15
    for each in data["services"] + data["deliverables"]:
        assert each["source"]
        assert each["checked"]
        assert each["evidence"]
    only = json.loads(run("platforms", "apple", "--json").stdout)
    assert [each["name"] for each in only["services"]] == ["apple-music"]
    assert only["deliverables"] == []
    assert "Opus 160 kbit/s" in run("platforms", "download").stdout
    both = json.loads(run("platforms", "vinyl", "--json").stdout)
    assert len(both["services"]) == len(both["deliverables"]) == 1


def test_a_strangers_table_cannot_steer_the_terminal(run, tmp_path):
    (tmp_path / "own.yaml").write_text(
        'masterprint_platforms: 1\nservices:\n  x: {title: "a\\e[2Jb", gain: none, source: s, '
        "checked: 2026-11, evidence: expert}\n"
    )
    done = run("platforms", "x", "--platforms", "own.yaml")
    assert "\x1b" not in done.stdout + done.stderr
