"""Where tracks lie."""

from __future__ import annotations

from fractions import Fraction

import pytest

from masterprint.errors import UsageError
from masterprint.release.timeline import Piece, lay_down


def test_positions_at_another_rate_are_exact_fractions():
    timeline = lay_down([Piece("a", 48000, 2, 1001), Piece("b", 48000, 2, 500, gap_s=0.0)])
    placed = list(timeline.placed_at(44100))
    assert placed[1] == (1, Fraction(1001 * 147, 160), Fraction(1501 * 147, 160))


def test_silence_before_a_run_of_another_rate_belongs_to_the_run_before():
    timeline = lay_down([Piece("a", 48000, 2, 48000), Piece("b", 44100, 2, 44100, gap_s=2.0)])
    assert [run.frames for run in timeline.runs] == [3 * 48000, 44100]
    assert timeline.frames_at(44100) == 4 * 44100
    assert timeline.highest_rate_hz == 48000


def test_mono_and_stereo_are_runs_of_their_own():
    timeline = lay_down([Piece("a", 44100, 1, 100), Piece("b", 44100, 2, 100)])
    assert [run.channels for run in timeline.runs] == [1, 2]


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (
            [Piece("a", 48000, 2, 48000), Piece("b", 44100, 2, 44100, 0.0, 0.5)],
            "b: cannot be crossfaded with a, because one is 48000 Hz, stereo and the other 44100",
        ),
        (
            [Piece("a", 48000, 2, 12000), Piece("b", 48000, 2, 48000, 0.0, 0.5)],
            "b: its crossfade of 0.5 s is longer than the 0.2 s that a has for it",
        ),
        (
            [Piece("a", 48000, 2, 48000), Piece("b", 48000, 2, 12000, 0.0, 0.5)],
            "longer than the 0.2 s that b has",
        ),
        ([Piece("a", 48000, 2, 48000, 0.0, 0.5)], "a: is the first"),
    ],
)
def test_crossfades_that_are_not_possible_are_refused(pieces, said):
    with pytest.raises(UsageError, match=said):
        lay_down(pieces)


def test_two_crossfades_may_not_share_audio():
    # b has one second; 0.6 s of it are faded in, so 0.4 s are left to be faded out.
    pieces = [Piece(n, 48000, 2, 48000, 0.0, c) for n, c in (("a", None), ("b", 0.6), ("c", 0.6))]
    with pytest.raises(UsageError, match=r"longer than the 0\.4 s that b has for it"):
        lay_down(pieces)
