"""`masterprint chain pin`: what stages found, as settings that do the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml
from numpy.typing import NDArray

from conftest import Run
from masterprint.chain.pinning import pinned_stages
from masterprint.files.pcm_hash import pcm_sha256

CHAIN = """masterprint: 1
name: t
stages:
  - split:
      crossovers_hz: [300]
      bands: [[loudness: {target_lufs: -20}], [gain: {gain_db: 1}]]
  - loudness: {target_lufs: -25, on: mid, label: voice}
  - match: {reference: reference.wav, mix: 0.5}
  - trim: {threshold_db: -40}
  - maximizer: {target_lufs: -12}
"""


def test_the_pinned_chain_makes_the_same_master(run: Run, mix: Path, tmp_path: Path) -> None:
    (tmp_path / "reference.wav").write_bytes(mix.read_bytes())
    (tmp_path / "chain.yaml").write_text(CHAIN)
    assert run("render", "chain.yaml", mix, "-o", "out").returncode == 0
    done = run("chain", "pin", "out/mix.wav", "-o", "pinned.yaml")
    assert done.returncode == 0, done.stderr
    assert "stage 1, split, band 1, stage 1, loudness: gain" in done.stderr
    assert (
        "stage 3, match: stays as it is, because its mix of several stages is not 1" in done.stderr
    )
    stages = yaml.safe_load((tmp_path / "pinned.yaml").read_text())["stages"]
    assert [next(iter(stage)) for stage in stages] == ["split", "gain", "match", "trim", "limiter"]
    assert stages[1]["gain"]["on"] == "mid"
    assert stages[1]["gain"]["label"] == "voice"
    assert run("render", "pinned.yaml", mix, "-o", "again").returncode == 0
    assert pcm_sha256(tmp_path / "again/mix.wav") == pcm_sha256(tmp_path / "out/mix.wav")
    assert run("chain", "pin", "out/mix.wav", "-o", "pinned.yaml").returncode == 2
    master = (tmp_path / "out/mix.wav").read_bytes()
    for place in ("out/mix.wav", "out/mix.wav.recall.yaml"):
        done = run("chain", "pin", "out/mix.wav", "-o", place, "--overwrite")
        assert (done.returncode, "no name of a chain file" in done.stderr) == (2, True)
    assert (tmp_path / "out/mix.wav").read_bytes() == master
    assert run("chain", "pin", "again/mix.wav").stdout.startswith("masterprint: 1\n")


def test_what_a_pinned_chain_still_names_is_missed_where_it_is_written(
    run: Run, mix: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "song"
    folder.mkdir()
    (folder / "reference.wav").write_bytes(mix.read_bytes())
    (folder / "chain.yaml").write_text(
        CHAIN.replace("  - maximizer", "  - gain: {}\n  - maximizer")
    )
    assert run("render", "song/chain.yaml", mix, "-o", "out").returncode == 0
    beside = run("chain", "pin", "out/mix.wav", "-o", "song/pinned.yaml")
    assert "reference.wav" not in beside.stderr
    elsewhere = run("chain", "pin", "out/mix.wav", "-o", "pinned.yaml")
    assert elsewhere.returncode == 0
    assert (
        "warning: pinned.yaml: names reference.wav, which has to lie beside it" in elsewhere.stderr
    )
    text = (tmp_path / "pinned.yaml").read_text()
    assert max(map(len, text.splitlines())) <= 120
    assert len(text.splitlines()) < 60


def test_sheets_that_were_edited(run: Run, mix: Path, tmp_path: Path) -> None:
    (tmp_path / "chain.yaml").write_text("masterprint: 1\nname: t\nstages:\n  - loudness: {}\n")
    assert run("render", "chain.yaml", mix, "-o", "out").returncode == 0
    text = (tmp_path / "out/mix.wav.recall.yaml").read_text()
    sheet = yaml.safe_load(text)

    def pinned(**details: Any) -> str:
        sheet["stages"][0]["details"].update(details)
        (tmp_path / "other.wav.recall.yaml").write_text(yaml.safe_dump(sheet))
        done = run("chain", "pin", "other.wav.recall.yaml", "-o", "pinned.yaml", "--overwrite")
        assert done.returncode == (2 if "cannot be pinned" in done.stderr else 0)
        return done.stderr

    assert "was edited after it was written" in pinned(gain_db=1)
    assert "cannot be pinned: stage 1, loudness: what is pinned is no list" in pinned(pinned="x")
    assert "cannot be pinned: stages[0].nonsense: there is no such" in pinned(
        pinned=[{"nonsense": {}}]
    )


def test_a_folder_is_no_sheet(run: Run) -> None:
    for place in ("", ".", "/"):
        done = run("chain", "pin", place)
        assert (done.returncode, "is a folder, pipe or device" in done.stderr) == (2, True)


def test_why_a_stage_cannot_be_pinned_is_said(
    run: Run, tmp_path: Path, music: NDArray[np.float64]
) -> None:
    """No chain file holds thousands of repairs."""
    clicked = music.copy()
    places = np.random.default_rng(1).choice(clicked.shape[1], 500, replace=False)
    clicked[0, places] += 0.5
    soundfile.write(tmp_path / "mix.wav", clicked.T, 44100, "PCM_24")
    (tmp_path / "chain.yaml").write_text("masterprint: 1\nstages:\n  - declick: {}\n")
    assert run("render", "chain.yaml", "mix.wav", "-o", "out").returncode == 0
    done = run("chain", "pin", "out/mix.wav")
    expected = "stage 1, declick: stays as it is, because it made more than 200 repairs"
    assert expected in done.stderr


@pytest.mark.parametrize("instead", [[1], [{"gain": 3}], {"gain": {}}, "gain"])
def test_what_is_no_list_of_stages_is_not_pinned(instead: Any) -> None:
    with pytest.raises(ValueError, match="stage 1, loudness: what is pinned is no list of stages"):
        pinned_stages([{"loudness": {}}], [{"pinned": instead}])


@pytest.mark.parametrize("reports", [[[]], [1, 2], "ab", [[1], []], [[], [{}]]])
def test_reports_of_other_bands_are_not_taken(reports: Any) -> None:
    split = {"split": {"bands": [[{"loudness": {}}], []]}}
    with pytest.raises(ValueError, match="stage 1, split: its report tells of other bands"):
        pinned_stages([split], [{"bands": reports}])
