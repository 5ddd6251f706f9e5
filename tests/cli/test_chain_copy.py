"""`masterprint chain copy`: a ready-made chain as a file of one's own."""

from __future__ import annotations

from pathlib import Path

from conftest import Run
from masterprint.chain.library import shipped_chains


def test_a_copy_is_the_chain_to_the_byte_and_renders(run: Run, mix: Path, tmp_path: Path) -> None:
    done = run("chain", "copy", "classical", "-o", "session")
    assert (done.returncode, done.stdout.strip()) == (0, "session/classical.yaml")
    copy = tmp_path / "session/classical.yaml"
    assert copy.read_bytes() == shipped_chains()["classical"].read_bytes()
    assert run("render", copy, mix, "-o", "out").returncode == 0
    assert run("chain", "copy", "classical", "-o", "mine.yaml").stdout.strip() == "mine.yaml"


def test_nothing_is_replaced_unasked_and_unknown_names_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "club.yaml").write_text("mine")
    done = run("chain", "copy", "club")
    assert done.returncode == 2
    assert "club.yaml: exists already" in done.stderr
    assert (tmp_path / "club.yaml").read_text() == "mine"
    assert run("chain", "copy", "club", "--overwrite").returncode == 0
    done = run("chain", "copy", "clubb")
    assert done.returncode == 2
    assert "No ready-made chain is called 'clubb'" in done.stderr
    assert "streaming" in done.stderr
    (tmp_path / "file").write_text("")
    done = run("chain", "copy", "club", "-o", "file")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
