"""What scripts and notebooks call."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

import masterprint
from masterprint.errors import MasterprintError

CHAIN = masterprint.Chain(stages=[{"gain": {"gain_db": -3.0}}])


def test_render_takes_the_words_of_a_chain_file(mix, tmp_path):
    made = masterprint.render(
        CHAIN, mix, tmp_path / "out", format="flac", bit_depth=16, dither="shaped"
    )
    assert made.master == tmp_path / "out" / "mix.flac"
    assert soundfile.info(made.master).subtype == "PCM_16"
    assert made.status == "ok"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dither", "foo"),
        ("dither", "Shaped"),
        ("bit_depth", "20"),
        ("bit_depth", 24.0),
        ("format", "mp3"),
        ("sample_rate_hz", 48000.0),
        ("sample_rate_hz", 0),
        ("file_format", "wav"),
    ],
)
def test_a_wrong_word_is_refused_with_what_is_allowed(mix, tmp_path, name, value):
    with pytest.raises(masterprint.MasterprintError, match=rf"master\.{name}: "):
        masterprint.render(CHAIN, mix, tmp_path / "out", **{name: value})
    assert not (tmp_path / "out").exists()


def test_a_master_that_is_there_stays(mix, tmp_path):
    made = masterprint.render(CHAIN, mix, tmp_path / "out")
    with pytest.raises(MasterprintError, match="overwrite=True"):
        masterprint.render(CHAIN, mix, tmp_path / "out")
    masterprint.render(CHAIN, made.mix, tmp_path / "out", overwrite=True)


def test_a_limiter_that_is_mixed_out_promises_nothing(mix, tmp_path):
    stages = [{"limiter": {"ceiling_dbtp": -20.0, "mix": 0.0}}]
    made = masterprint.render(masterprint.Chain(stages=stages), mix, tmp_path / "out")
    assert made.warnings == []


def test_one_frame_stays_one_frame_at_another_rate(tmp_path):
    soundfile.write(tmp_path / "mix.wav", np.full((1, 2), 0.5), 192000, "PCM_24")
    made = masterprint.render(CHAIN, tmp_path / "mix.wav", tmp_path / "out", sample_rate_hz=44100)
    assert soundfile.info(made.master).frames == 1


def test_measure_takes_files_and_arrays(mix):
    audio, rate = soundfile.read(mix, always_2d=True)
    of_file, of_array = masterprint.measure(mix), masterprint.measure(audio.T, rate)
    assert of_file.integrated_lufs == pytest.approx(of_array.integrated_lufs, abs=1e-9)
    assert masterprint.measure(audio[:, 0], rate).channels == 1
    assert masterprint.measure(audio[:, 0].tolist(), rate).frames == len(audio)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((np.zeros((44100, 2)), 44100), r"array\.T"),
        ((np.zeros((2, 100), np.int16), 44100), "int16"),
        ((np.full((2, 100), 1e39), 44100), "beyond"),
        ((np.full((2, 100), np.nan), 44100), "NaN"),
        ((np.zeros((2, 100)),), "sample_rate_hz"),
        ((np.zeros((2, 100)), 100), "at least 8000"),
        (("mix.wav", 44100), "has its own sample rate"),
    ],
)
def test_measure_refuses_what_is_no_audio(arguments, said):
    with pytest.raises(MasterprintError, match=said):
        masterprint.measure(*arguments)


def test_many_are_rendered_in_processes_of_their_own(mix, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no audio")
    other = tmp_path / "other.wav"
    other.write_bytes(mix.read_bytes())
    found = {
        result.mix.name: result
        for result in masterprint.render_many(CHAIN, [mix, bad, other], tmp_path / "out", jobs=2)
    }
    assert {name: result.status for name, result in found.items()} == {
        "mix.wav": "ok",
        "bad.wav": "failed",
        "other.wav": "ok",
    }
    alone = masterprint.render(CHAIN, mix, tmp_path / "alone")
    assert found["mix.wav"].after.as_dict() == alone.after.as_dict()
    assert found["mix.wav"].master.read_bytes() == alone.master.read_bytes()
    again = masterprint.render_many(CHAIN, [mix, other], tmp_path / "out", resume=True)
    assert [result.status for result in again] == ["unchanged"] * 2
    with pytest.raises(MasterprintError, match="no such file"):
        masterprint.render_many(CHAIN, [mix, tmp_path / "none.wav"], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_stage_of_the_script_itself_cannot_go_to_other_processes(mix, tmp_path, monkeypatch):
    class Own(masterprint.Stage):
        stage_name = "own"

    Own.__module__ = "__main__"
    chain = masterprint.Chain(stages=[Own()])
    with pytest.raises(MasterprintError, match="define it in a module of its own"):
        masterprint.render_many(chain, [mix], tmp_path / "out")


def test_recall_from_python(mix, tmp_path):
    made = masterprint.render(CHAIN, mix, tmp_path / "out")
    assert masterprint.recall(made.master).verdict == "identical"
    settings = {"gain.gain_db": -3.5}
    other = masterprint.recall(made.master, tmp_path / "new", settings=settings)
    assert other.verdict == "changed"
    assert [str(change) for change in other.settings] == ["stage 1, gain: gain_db: -3 -> -3.5"]
    assert other.after.integrated_lufs == pytest.approx(made.after.integrated_lufs - 0.5, abs=0.01)
    assert masterprint.recall(other.master).verdict == "identical"
    with pytest.raises(masterprint.SheetError, match="has no recall sheet beside it"):
        masterprint.recall(mix)
