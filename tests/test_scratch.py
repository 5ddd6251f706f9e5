"""Scratch: what waits comes back bit for bit, from memory or disk, and a full disk is said so."""

import gc
import os
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path

import numpy as np
import pytest

from masterprint.errors import MasterprintError
from masterprint.scratch import Scratch, scratch_folder

LIMITS = [0, 1, 1000, 20_000, 1 << 30]
"""From everything on disk, by way of some on disk, to all in memory."""


def blocks(count=12, channels=2):
    rng = np.random.default_rng(count)
    return [rng.standard_normal((channels, int(rng.integers(1, 400)))) for _ in range(count)]


@pytest.fixture
def filled():
    """Makes a Scratch that holds blocks, and closes it in the end."""
    made = []

    def make(limit, wanted=()):
        made.append(Scratch(memory_bytes=limit))
        for block in wanted:
            made[-1].append(block)
        return made[-1]

    yield make
    for scratch in made:
        scratch.close()


def assert_same(found, wanted):
    found = list(found)
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert one.dtype == np.float64
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("limit", LIMITS)
def test_taken_in_order(limit, filled):
    wanted = blocks()
    scratch = filled(limit, wanted)
    assert len(scratch) == 12
    assert_same([scratch.take() for _ in wanted], wanted)
    assert len(scratch) == 0
    assert not scratch


@pytest.mark.parametrize("limit", LIMITS)
def test_played_twice_and_then_taken(limit, filled):
    wanted = blocks()
    scratch = filled(limit, wanted)
    assert_same(scratch.replay(), wanted)
    assert_same(scratch.replay(), wanted)
    assert len(scratch) == 12
    assert_same([scratch.take() for _ in wanted], wanted)


@pytest.mark.parametrize("limit", LIMITS)
def test_two_replays_at_once(limit, filled):
    wanted = blocks()
    scratch = filled(limit, wanted)
    pairs = list(zip(scratch.replay(), scratch.replay(), strict=True))
    assert_same([one for one, _ in pairs], wanted)
    assert_same([other for _, other in pairs], wanted)


@pytest.mark.parametrize("limit", LIMITS)
def test_filled_and_emptied_by_turns(limit, filled):
    rng = np.random.default_rng(3)
    scratch, waiting = filled(limit), []
    for wanted in blocks(200, 1):
        scratch.append(wanted)
        waiting.append(wanted)
        while waiting and rng.random() < 0.48:
            np.testing.assert_array_equal(scratch.take(), waiting.pop(0))
    assert len(waiting) == len(scratch)
    while waiting:
        np.testing.assert_array_equal(scratch.take(), waiting.pop(0))


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_odd_values_and_empty_blocks_survive(limit, filled):
    wanted = [
        np.array([[np.nan, np.inf, -np.inf, -0.0, 5e-324]]),
        np.zeros((1, 0)),
        np.array([[1.0]]),
    ]
    scratch = filled(limit, wanted)
    for block in wanted:
        assert scratch.take().tobytes() == block.tobytes()


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_views_and_strided_blocks(limit, filled):
    audio = np.arange(60.0).reshape(3, 20)
    wanted = [audio[:, 5:10], audio[:, ::2], audio[::-1], audio[1:2]]
    assert_same(filled(limit, wanted).replay(), wanted)


def test_a_view_does_not_keep_the_array_it_came_from():
    large = np.zeros((1, 1_000_000))
    gone = weakref.ref(large)
    scratch = Scratch()
    scratch.append(large[:, :10])
    del large
    gc.collect()
    assert gone() is None
    assert scratch.take().shape == (1, 10)


def test_no_more_is_held_in_memory_than_allowed(filled):
    """Blocks beyond the limit are on disk: dropping them frees what they were made of."""
    scratch, alive = filled(10 * 8000), []
    for _ in range(30):
        block = np.zeros((1, 1000))
        alive.append(weakref.ref(block))
        scratch.append(block)
    del block
    gc.collect()
    assert sum(reference() is not None for reference in alive) <= 10
    for _ in range(10):
        scratch.take()
    gc.collect()
    assert sum(reference() is not None for reference in alive) == 0


def test_the_disk_space_is_given_back(monkeypatch, tmp_path, filled):
    """Emptied, the file starts over instead of growing with the programme."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    used = []
    scratch = filled(0)
    for _ in range(50):
        for _ in range(4):
            scratch.append(np.zeros((1, 1000)))
        used.append(os.fstat(scratch._file.fileno()).st_size)
        for _ in range(4):
            scratch.take()
    assert max(used) <= 4 * 8000


def test_nothing_is_left_in_the_folder(monkeypatch, tmp_path, filled):
    """The file has no name, so that not even a killed process leaves it behind."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    scratch = filled(0, blocks())
    assert list(tmp_path.iterdir()) == []
    scratch.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_closed_it_is_empty_and_may_be_closed_again(limit, filled):
    scratch = filled(limit, blocks())
    scratch.close()
    scratch.close()
    assert len(scratch) == 0
    assert list(scratch.replay()) == []
    scratch.append(np.ones((1, 3)))
    np.testing.assert_array_equal(scratch.take(), np.ones((1, 3)))


def test_closing_gives_the_file_back(filled):
    scratch = filled(0, blocks())
    number = scratch._file.fileno()
    scratch.close()
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(number)


def test_a_folder_of_ones_own(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert scratch_folder() == tmp_path


def test_without_one_disk_comes_before_memory(monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    if os.access("/var/tmp", os.W_OK):
        assert scratch_folder() == Path("/var/tmp")
    assert scratch_folder().is_dir()


FULL_DISK = """
    import resource, signal, sys
    import numpy as np
    from masterprint.errors import MasterprintError
    from masterprint.scratch import Scratch

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit is an error instead
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    scratch = Scratch(memory_bytes=100_000)
    kept = 0
    try:
        for n in range(100):
            scratch.append(np.full((1, 10_000), float(n)))
            kept += 1
    except MasterprintError as error:
        print(error)
    for n in range(kept):
        assert scratch.take()[0, -1] == n
    print(kept, "blocks are still good,", len(scratch), "others")
"""


def test_a_full_disk_is_one_clear_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sentence, rest = done.stdout.splitlines()
    assert sentence.startswith(f"Scratch space in {tmp_path} cannot be written: ")
    assert "TMPDIR" in sentence
    assert rest == "13 blocks are still good, 0 others"


def test_a_folder_that_does_not_exist_is_one_clear_sentence(monkeypatch, tmp_path, filled):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    scratch = filled(0)
    with pytest.raises(MasterprintError, match="gone cannot be written: No such file"):
        scratch.append(np.zeros((1, 10)))
