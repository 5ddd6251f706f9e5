"""`masterprint ddp` as a user types it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from disc_tools import HIDDEN, PLAIN, audio_of, blocks_of, write_wav
from masterprint.disc.cue import cue_sheet
from masterprint.disc.ddp import write_ddp


@pytest.fixture
def ddp(tmp_path):
    """The set of PLAIN, and its audio."""
    audio = audio_of(PLAIN)
    write_ddp(tmp_path / "ddp", PLAIN, blocks_of(audio), master_id="EX-001")
    return audio


def joined(paths):
    """The audio of WAV files, one after another, as libsndfile reads it."""
    return np.concatenate([soundfile.read(path, dtype="int16")[0] for path in paths]).T


def test_a_set_is_shown_and_its_tracks_come_out_bit_for_bit(run, tmp_path, ddp):
    done = run("ddp", "ddp", "--extract", "-o", "tracks")
    assert done.returncode == 0, done.stderr
    for text in (
        "02  00:09:00  00:10:00  00:08:00  00:01:00  GB-AYE-26-00002           Undertow",
        "Checksums: 10 of 10 agree",
        "Master ID: EX-001",
        "Everything agrees.",
    ):
        assert text in done.stdout
    names = ["01 Shore.wav", "02 Undertow.wav", "03 Ebb.wav"]
    assert sorted(path.name for path in (tmp_path / "tracks").iterdir()) == names
    assert np.array_equal(joined([tmp_path / "tracks" / name for name in names]), ddp)
    assert soundfile.info(tmp_path / "tracks" / names[0]).frames == 600 * 588
    again = run("ddp", "ddp", "--extract", "-o", "tracks")
    assert again.returncode == 2
    assert "01 Shore.wav: is there already" in again.stderr


def test_as_json(run, ddp):
    data = json.loads(run("ddp", "ddp", "--json").stdout)
    assert data["title"] == "Low Tide"
    assert data["lead_out"] == "00:29:00"
    assert [track["start"] for track in data["tracks"]] == ["00:02:00", "00:10:00", "00:18:00"]
    assert data["tracks"][2]["isrc"] == "GBAYE2600003"
    sheet = run("ddp", "ddp").stdout.splitlines()
    for number, track in enumerate(data["tracks"], 1):
        row = next(line for line in sheet if line.startswith(f"{number:02} ")).split()
        assert track["length"] in row
    assert all(one["agrees"] for one in data["set"]["checksums"])
    assert data["problems"] == []


def test_a_changed_sample_is_found(run, tmp_path, ddp):
    with (tmp_path / "ddp" / "IMAGE.DAT").open("r+b") as image:
        image.seek(1_000_000)
        image.write(b"\x55\xaa")
    done = run("ddp", "ddp")
    assert done.returncode == 1
    assert "CHECKSUM.MD5: the MD5 of IMAGE.DAT does not agree" in done.stderr
    assert "Checksums: 8 of 10 agree" in done.stdout


def test_a_cue_sheet_with_hidden_audio(run, tmp_path):
    audio = audio_of(HIDDEN)[:, :-77]
    write_wav(tmp_path / "image.wav", audio)
    (tmp_path / "image.cue").write_bytes(cue_sheet(HIDDEN, "image.wav"))
    done = run("ddp", "image.cue", "--extract", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "Hidden before track 1" in done.stdout
    names = ["00 Hidden.wav", "01 Grüße aus Köln.wav", "02 The 'Best' One.wav"]
    assert np.array_equal(joined([tmp_path / "out" / name for name in names]), audio)
    (tmp_path / "image.wav").unlink()
    done = run("ddp", "image.cue")
    assert done.returncode == 1
    assert "image.wav is missing, which the cue sheet names" in done.stderr


def test_what_is_no_disc_is_one_sentence_and_code_2(run, tmp_path):
    (tmp_path / "mix.wav").write_text("")
    (tmp_path / "bad.cue").write_text('FILE "../x.wav" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n')
    soundfile.write(tmp_path / "48.wav", np.zeros((48000, 2)), 48000)
    (tmp_path / "48.cue").write_text('FILE "48.wav" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n')
    for name, said in (
        ("nowhere", "there is no such folder"),
        ("mix.wav", "is no folder, where one with a DDP set is expected"),
        ("bad.cue", "where a plain name"),
        (".", "has no file DDPID, which a DDP set needs. Hint: did you mean '48.cue'"),
        ("48.cue", "WAV file of 16 bits at 44100 Hz"),
    ):
        done = run("ddp", name)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr
    assert run("ddp", ".", "--extract").returncode == 2
    assert "did you mean '48.cue'" in run("ddp", ".").stderr
