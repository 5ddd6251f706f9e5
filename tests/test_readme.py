"""The README and the examples, run as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import masterprint
from album_tools import example_release
from masterprint.demo.music import synthesise_mix

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced code blocks of a language in the README."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    binaries = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
    }
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """A folder with what the README assumes: a mix, and the chain that it shows."""
    folder = tmp_path_factory.mktemp("studio")
    soundfile.write(folder / "mix.wav", synthesise_mix(44100, 20.0).T, 44100, "PCM_24")
    chain, album = blocks("yaml")
    (folder / "low-tide.yaml").write_text(chain)
    (folder / "album.yaml").write_text(album)
    (folder / "mixes").mkdir()
    for number, name in enumerate(("shore", "undertow", "ebb"), 6):
        short = synthesise_mix(44100, float(number))
        soundfile.write(folder / "mixes" / f"{name}.wav", short.T, 44100, "PCM_24")
    return folder


def test_every_command_of_the_readme_works(studio):
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    assert len(commands) > 10
    for command in commands:
        if command.startswith("make "):
            assert f"\n{command.split()[1]}:" in (ROOT / "Makefile").read_text()
            continue
        done = shell(command, studio)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert soundfile.info(studio / "cd" / "mix.wav").subtype == "PCM_16"


def test_the_python_of_the_readme_works(studio):
    for code in blocks("python"):
        (studio / "snippet.py").write_text(code)
        done = shell("python snippet.py", studio)
        assert done.returncode == 0, done.stderr
        loudness, peak = map(float, done.stdout.split())
        assert loudness == pytest.approx(-12.0, abs=0.06)
        assert peak <= -1.0


def test_the_python_of_the_pages_works(studio):
    folder = studio / "pages"
    folder.mkdir()
    (folder / "mix.wav").write_bytes((studio / "mix.wav").read_bytes())
    for page in ("bulk", "recall"):
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        (folder / "snippet.py").write_text(code)
        done = shell("python snippet.py", folder)
        assert done.returncode == 0, done.stderr
    assert "identical every sample of mix.wav is the same" in done.stdout
    assert "stage 7, maximizer: target_lufs: -14 -> -11" in done.stdout
    text = (ROOT / "docs" / "albums.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (studio / "snippet.py").write_text(code)
    done = shell("python snippet.py", studio)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "GBAYE2600001"


def test_the_output_in_the_readme_is_what_the_demo_prints(tmp_path):
    shown, mistakes, _ = blocks("text")
    done = shell("masterprint demo", tmp_path)
    assert done.returncode == 0, done.stderr
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    for line in shown.splitlines():
        if "times real time" not in line and "Your own" not in line:
            assert line.rstrip() in printed, line
    (compared,) = (block for block in blocks("console") if "$ masterprint null" in block)
    command, _, answer = compared.partition("\n")
    done = shell(command.removeprefix("$ "), tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith(answer.rstrip())
    chain, _ = blocks("yaml")
    wrong = chain.replace("compressor:", "compresor:").replace(
        "ceiling_dbtp: -1", "ceiling_dbtp: 1"
    )
    with pytest.raises(masterprint.ChainFileError) as caught:
        masterprint.parse_chain(wrong, "low-tide.yaml")
    assert str(caught.value) == mistakes.strip()


def test_every_example_runs(tmp_path, mix):
    names = {path.name for path in (ROOT / "examples").iterdir() if path.name != "__pycache__"}
    assert names == {
        "album",  # see below
        "array_in_a_notebook.py",
        "chain_in_code.py",
        "farm",
        "measure_a_folder.py",
        "own_stage",
    }
    for name, arguments, expected in [
        ("array_in_a_notebook.py", "", "after  <Measurement"),
        ("chain_in_code.py", f"{mix} {tmp_path / 'out'}", "The master is"),
        ("measure_a_folder.py", f"{tmp_path}", "mix.wav"),
        ("farm/farm.py", "", "All 4 masters of the farm are those of a local render."),
    ]:
        done = shell(f"python {ROOT / 'examples' / name} {arguments}", tmp_path)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout


def test_a_stage_of_another_package_can_be_used_in_a_chain(tmp_path, mix):
    place = tmp_path / "packages"
    installed = shell(
        f"python -m pip install -q --no-deps --no-build-isolation --disable-pip-version-check "
        f"--target {place} {ROOT / 'examples' / 'own_stage'}",
        tmp_path,
    )
    assert installed.returncode == 0, installed.stderr
    (tmp_path / "wide.yaml").write_text("masterprint: 1\nstages:\n  - haas: {amount: 0.3}\n")
    command = f"PYTHONPATH={place} masterprint render wide.yaml {mix} -o out"
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    before, _ = soundfile.read(mix)
    after, _ = soundfile.read(tmp_path / "out" / "mix.wav")
    # The copies cancel in mono, and only there.
    assert np.abs(before.sum(axis=1) - after.sum(axis=1)).max() < 4 / 2**23
    assert np.abs(before - after).max() > 0.01
    check = (
        "from masterprint.testing import check_stage_contract as check;"
        "from masterprint_haas import Haas; check(Haas())"
    )
    done = shell(f'PYTHONPATH={place} python -c "{check}"', tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_stage_reference_is_up_to_date(tmp_path):
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from stage_reference import reference
    finally:
        sys.path.pop(0)
    assert (ROOT / "docs" / "stages.md").read_text(encoding="utf-8") == reference(), "make docs"


def test_the_sequence_in_the_readme_is_that_of_the_example_album(tmp_path_factory):
    folder = example_release(tmp_path_factory) / "release" / "album" / "sequence"
    (shown,) = (block for block in blocks("text") if block.startswith("Timeline"))
    note = (folder / "delivery-note.txt").read_text(encoding="utf-8").splitlines()
    for line in shown.splitlines():
        assert line in note
