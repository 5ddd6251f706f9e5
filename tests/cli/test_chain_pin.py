"""`masterprint chain pin`: what stages found, as settings that do the same."""

from __future__ import annotations

from pathlib import Path

import yaml

from conftest import Run
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
    assert run("chain", "pin", "again/mix.wav").stdout.startswith("masterprint: 1\n")
