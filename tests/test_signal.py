"""Signals: blocks in and out, parted and joined at different speeds, cut anew."""

import os
import subprocess
import sys
import textwrap
import weakref

import numpy as np
import pytest

from masterprint.metering.meter import measure_signal
from masterprint.signal import BLOCK_FRAMES, Reader, Signal, fork, join, rechunk
from masterprint.stages.compressor import Compressor
from masterprint.stages.highpass import Highpass
from masterprint.stages.limiter import Limiter


def ramp(frames, channels=2):
    return np.arange(channels * frames, dtype=np.float64).reshape(channels, frames)


def cut(audio, sizes):
    """Blocks of the given sizes, the rest in the last."""
    return [np.ascontiguousarray(part) for part in np.split(audio, np.cumsum(sizes), axis=1)]


# ----------------------------------------------------------------------------------------- Signal


@pytest.mark.parametrize("frames", [0, 1, 999, 1000, 1001, 70_000])
def test_an_array_comes_back_as_it_went_in(frames):
    audio = ramp(frames)
    source = Signal.of(audio, 44100, 1000)
    assert (source.sample_rate_hz, source.channels, source.frames) == (44100, 2, frames)
    np.testing.assert_array_equal(source.collect(), audio)


def test_blocks_are_contiguous_float64_of_the_size_asked_for():
    blocks = list(Signal.of(np.ones((3, 2500), np.float32)[:, ::-1], 48000, 1000).blocks)
    assert [block.shape for block in blocks] == [(3, 1000), (3, 1000), (3, 500)]
    for block in blocks:
        assert block.dtype == np.float64
        assert block.flags.c_contiguous


def test_a_read_only_array_can_be_worked_on_and_measured():
    audio = np.random.default_rng(1).standard_normal((2, 5000))
    audio.flags.writeable = False
    expected = audio.copy()
    for stage in (Limiter(), Compressor(), Highpass()):
        out = stage.apply(Signal.of(audio, 44100)).collect()
        np.testing.assert_array_equal(out, stage.apply(Signal.of(expected, 44100)).collect())
    assert measure_signal(Signal.of(audio, 44100)) == measure_signal(Signal.of(expected, 44100))


def test_map_and_carrying_keep_what_is_known():
    report = {"stage": 1}
    source = Signal(iter([ramp(5)]), 96000, 2, 5, 0.25, report)
    mapped = source.map(lambda block: block * 2.0)
    assert (mapped.sample_rate_hz, mapped.channels, mapped.frames) == (96000, 2, 5)
    assert mapped.reserve == 0.25
    assert mapped.report is report
    np.testing.assert_array_equal(mapped.collect(), 2.0 * ramp(5))
    mono = source.carrying(iter([ramp(5, 1)]), channels=1)
    assert (mono.channels, mono.frames, mono.report) == (1, 5, report)


def test_nothing_is_computed_before_it_is_asked_for():
    asked = []

    def blocks():
        for n in range(3):
            asked.append(n)
            yield np.full((1, 4), float(n))

    mapped = Signal(blocks(), 44100, 1).map(lambda block: block + 1.0)
    assert asked == []
    next(mapped.blocks)
    assert asked == [0]


def test_signals_do_not_share_a_report_by_accident():
    first, second = Signal.of(ramp(1), 44100), Signal.of(ramp(1), 44100)
    first.report["note"] = "mine"
    assert second.report == {}


# -------------------------------------------------------------------------------- Reader, rechunk


@pytest.mark.parametrize("sizes", [[], [3, 4, 5], [1] * 50, [0, 60, 0], [100]])
@pytest.mark.parametrize("wanted", [1, 2, 7, 64, 1000])
def test_rechunk_cuts_blocks_of_one_size(sizes, wanted):
    audio = ramp(100)
    blocks = list(rechunk(cut(audio, sizes), wanted))
    whole, rest = divmod(100, wanted)
    assert [block.shape[1] for block in blocks] == [wanted] * whole + ([rest] if rest else [])
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), audio)
    for block in blocks:
        assert block.flags.c_contiguous


def test_rechunk_of_nothing_is_nothing():
    assert list(rechunk([], 10)) == []
    assert list(rechunk([np.zeros((2, 0))], 10)) == []


def test_a_reader_gives_what_is_asked_for_and_less_only_at_the_end():
    reader = Reader(cut(ramp(10), [3, 3]))
    assert reader.take(5).shape == (2, 5)
    assert reader.take(1).shape == (2, 1)
    np.testing.assert_array_equal(reader.take(100), ramp(10)[:, 6:])
    assert reader.take(1) is None


def test_a_reader_does_not_take_more_than_it_must():
    taken = []

    def blocks():
        for n in range(10):
            taken.append(n)
            yield np.zeros((1, 4))

    reader = Reader(blocks())
    reader.take(4)
    assert taken == [0]
    reader.take(5)
    assert taken == [0, 1, 2]


def test_random_takes_give_everything_once_in_order():
    rng = np.random.default_rng(1)
    audio = ramp(5000)
    reader = Reader(cut(audio, rng.integers(0, 100, 80)))
    parts = []
    while (block := reader.take(int(rng.integers(1, 150)))) is not None:
        parts.append(block)
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), audio)


# ----------------------------------------------------------------------------------- fork and join


def pairs(count, frames=10):
    for n in range(count):
        block = np.full((1, frames), float(n))
        yield block, -block


def numbers(blocks):
    return [float(block[0, 0]) for block in blocks]


def test_branches_taken_one_after_the_other():
    first, second = fork(pairs(20), 2)
    assert numbers(first) == list(range(20))
    assert numbers(second) == [-n for n in range(20)]


def test_branches_taken_in_turns():
    first, second = fork(pairs(20), 2)
    turns = [(float(a[0, 0]), float(b[0, 0])) for a, b in zip(first, second, strict=True)]
    assert turns == [(n, -n) for n in range(20)]


def test_branches_taken_at_random_speeds():
    rng = np.random.default_rng(2)
    source = (
        (np.full((1, 3), n), np.full((1, 3), n + 0.1), np.full((1, 3), n + 0.2)) for n in range(40)
    )
    branches = fork(source, 3)
    found = [[], [], []]
    while sum(map(len, found)) < 120:
        way = int(rng.integers(3))
        if (block := next(branches[way], None)) is not None:
            found[way].append(float(block[0, 0]))
    for way in range(3):
        assert found[way] == [n + 0.1 * way for n in range(40)]
        assert next(branches[way], None) is None


def test_a_branch_that_is_dropped_does_not_hold_up_the_other():
    first, second = fork(pairs(20), 2)
    next(second)
    second.close()
    del second
    assert numbers(first) == list(range(20))


def test_a_branch_that_was_never_begun_may_be_dropped():
    first, second = fork(pairs(20), 2)
    del second
    assert numbers(first) == list(range(20))


def test_an_error_upstream_reaches_the_taker():
    def failing():
        yield np.zeros((1, 1)), np.zeros((1, 1))
        raise OSError("the drive is gone")

    first, second = fork(failing(), 2)
    next(first)
    with pytest.raises(OSError, match="the drive is gone"):
        next(first)
    assert next(second).shape == (1, 1)  # what had come before is not lost


def test_what_waits_is_let_go_of_as_it_is_taken():
    """A fork whose branches keep pace holds no more than the block on its way."""
    alive = []

    def source():
        for _ in range(50):
            block = np.zeros((1, 1000))
            alive.append(weakref.ref(block))
            yield block, block

    first, second = fork(source(), 2)
    for _ in zip(first, second, strict=True):
        assert sum(reference() is not None for reference in alive) <= 2


def test_join_puts_streams_side_by_side_in_the_blocks_of_the_first():
    audio = ramp(100)
    joined = list(join(iter(cut(audio, [30, 0, 50])), iter(cut(-audio, [7] * 12)), iter([audio])))
    assert [blocks[0].shape[1] for blocks in joined] == [30, 50, 20]
    for one, other, third in joined:
        assert one.shape == other.shape == third.shape
        np.testing.assert_array_equal(one, -other)
        np.testing.assert_array_equal(one, third)


def test_fork_and_join_through_delays():
    """One branch holds blocks back and gives them in other sizes: joining aligns them again."""
    audio = ramp(5000)
    first, second = fork(((block, block) for block in cut(audio, [617] * 8)), 2)
    held = rechunk(first, 1024)
    for one, other in join(held, second):
        np.testing.assert_array_equal(one, other)


def test_a_programme_that_waits_goes_to_disk(tmp_path):
    """200 MB wait for their partner, and the process grows by far less."""
    script = """
        import resource
        import numpy as np
        from masterprint.signal import BLOCK_FRAMES, fork

        def source():
            for n in range(400):
                block = np.full((2, BLOCK_FRAMES), float(n))
                yield block, block

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        first, second = fork(source(), 2)
        for block in first:
            pass
        for n, block in enumerate(second):
            assert block[1, -1] == n and block.shape == (2, BLOCK_FRAMES)
        assert n == 399
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    grown = int(done.stdout) * (1 if sys.platform == "darwin" else 1024)
    assert grown < 80e6
    assert 400 * 2 * BLOCK_FRAMES * 8 > 200e6
    assert list(tmp_path.iterdir()) == []


def lowest_free_file_number():
    number = os.open(os.devnull, os.O_RDONLY)
    os.close(number)
    return number


def test_open_files_are_given_back():
    """What waits on disk holds an open file, until it is taken to its end."""
    before = lowest_free_file_number()
    block = np.zeros((1, 1 << 20))
    for _ in range(3):
        first, second = fork(((block, block) for _ in range(6)), 2)
        for _ in first:
            pass
        assert lowest_free_file_number() > before  # 48 MB wait
        for _ in second:
            pass
        assert lowest_free_file_number() == before
