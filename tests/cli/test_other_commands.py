"""The other verbs, as a user types them."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest
import soundfile
import yaml

from masterprint.chain.library import shipped_chains
from masterprint.chain.yaml_source import parse_yaml
from masterprint.stages.registry import BUILT_IN

KEYS = [
    "file",
    "sample_rate_hz",
    "channels",
    "frames",
    "duration_s",
    "integrated_lufs",
    "loudness_range_lu",
    "max_momentary_lufs",
    "max_short_term_lufs",
    "true_peak_dbtp",
    "sample_peak_dbfs",
    "plr_db",
    "psr_min_db",
    "dc_offset",
    "correlation",
    "clipped_samples",
]


def test_help_names_every_verb(run):
    done = run("--help")
    assert done.returncode == 0
    for verb in ("render", "measure", "null", "chain", "stages", "demo"):
        assert verb in done.stdout
    assert run("--version").stdout.startswith("masterprint ")


def test_measure_gives_every_figure(run, mix):
    (row,) = json.loads(run("measure", mix, "--json").stdout)
    assert [key for key in row if key in KEYS] == KEYS
    assert all(row[key] is not None for key in KEYS)


def test_measure_never_fails_on_what_is_short_or_silent(run, tmp_path):
    soundfile.write(tmp_path / "short.wav", np.full((10, 2), 0.5), 44100)
    soundfile.write(tmp_path / "silent.wav", np.zeros((44100, 1)), 44100)
    done = run("measure", "short.wav", "silent.wav", "--json")
    assert done.returncode == 0
    short, silent = json.loads(done.stdout)
    assert short["integrated_lufs"] is None
    assert "400 ms" in short["notes"]["integrated_lufs"]
    assert short["sample_peak_dbfs"] == pytest.approx(-6.02, abs=0.01)
    assert silent["true_peak_dbtp"] is None
    assert silent["notes"]["true_peak_dbtp"] == "silence"


def test_measure_goes_on_past_a_bad_file(run, mix, tmp_path):
    (tmp_path / "bad.wav").write_text("not audio")
    done = run("measure", "bad.wav", mix, "--json")
    assert done.returncode == 1
    bad, good = json.loads(done.stdout)
    assert "cannot be read as audio" in bad["error"]
    assert good["frames"] == 441000


def test_measure_does_not_begin_where_a_path_is_wrong(run, mix, tmp_path):
    for path, said in [("missing.wav", "no such file"), (tmp_path, "is a folder")]:
        done = run("measure", mix, path)
        assert done.returncode == 2
        assert said in done.stderr
        assert done.stdout == ""
    assert run("measure").returncode == 2


def test_dual_mono_counts_twice(run, tmp_path, music):
    soundfile.write(tmp_path / "mono.wav", music[0], 44100)
    (single,) = json.loads(run("measure", "mono.wav", "--json").stdout)
    (dual,) = json.loads(run("measure", "mono.wav", "--json", "--dual-mono").stdout)
    assert dual["integrated_lufs"] - single["integrated_lufs"] == pytest.approx(3.01, abs=0.02)


def test_every_compliance_case_passes(run):
    done = run("measure", "--compliance", "--json")
    assert done.returncode == 0
    rows = json.loads(done.stdout)
    assert all(row["passed"] for row in rows)
    assert {row["sample_rate_hz"] for row in rows} == {44100, 48000, 96000, 192000}
    cases = {row["case"] for row in rows}
    assert cases == {f"3341-{n}" for n in range(1, 24) if n not in (7, 8)} | {
        f"3342-{n}" for n in range(1, 5)
    }


def test_chain_check_finds_everything_at_once(run, tmp_path):
    (tmp_path / "bad.yaml").write_text(
        "masterprint: 1\nstages:\n  - compresor: {}\n  - gain: {gain_db: loud}\n"
    )
    done = run("chain", "check", "bad.yaml")
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert lines[0].startswith("bad.yaml:3:5: stages[0].compresor: ")
    assert "did you mean 'compressor'?" in lines[0]
    assert lines[1].startswith("bad.yaml:4:21: stages[1].gain.gain_db: found 'loud'")
    rows = json.loads(run("chain", "check", "bad.yaml", "streaming", "--json").stdout)
    assert [row["ok"] for row in rows] == [False, True]
    assert rows[0]["problems"][0]["line"] == 3


def test_chain_show_fills_in_defaults_and_can_be_loaded_again(run, tmp_path):
    done = run("chain", "show", "streaming")
    assert "├─ 6 compressor (glue)" in done.stdout
    shown = done.stdout.partition("Every setting, defaults included:")[2]
    assert yaml.safe_load(shown)["stages"][5]["compressor"]["detector"] == "rms"
    (tmp_path / "again.yaml").write_text(shown)
    assert run("chain", "check", "again.yaml").returncode == 0


def test_the_schema_accepts_the_ready_made_chains_and_refuses_mistakes(run):
    schema = json.loads(run("chain", "schema").stdout)
    validator = jsonschema.Draft202012Validator(schema)
    for path in shipped_chains().values():
        assert not list(validator.iter_errors(parse_yaml(path.read_text()).data))
    for wrong in (
        {"masterprint": 1, "stages": [{"compresor": {}}]},
        {"masterprint": 1, "stages": [{"gain": {"gain_db": 100}}]},
        {"masterprint": 1, "stages": [{"split": {"crossovers_hz": [100], "bands": [[{"x": {}}]]}}]},
        {"masterprint": 2},
    ):
        assert list(validator.iter_errors(wrong)), wrong


def test_stages_lists_all_and_shows_one(run):
    listed = run("stages").stdout
    for name in BUILT_IN:
        assert f"\n{name} " in f"\n{listed}"
    shown = run("stages", "compressor").stdout
    assert "attack_ms" in shown
    assert "dBFS" in shown
    rows = json.loads(run("stages", "--json").stdout)
    ratio = next(
        setting
        for row in rows
        if row["stage"] == "compressor"
        for setting in row["settings"]
        if setting["name"] == "ratio"
    )
    assert ratio["allowed"] == "a number from 1 to 100"
    assert ratio["default"] == 2.0
    wrong = run("stages", "compresor")
    assert wrong.returncode == 2
    assert "did you mean 'compressor'?" in wrong.stderr


def test_chain_list_names_the_ready_made_chains(run):
    listed = run("chain", "list").stdout
    assert set(shipped_chains()) == {line.split()[0] for line in listed.splitlines()}
