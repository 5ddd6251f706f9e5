"""Which tracks go on which side."""

from __future__ import annotations

from itertools import combinations

import pytest

from album_tools import noise, write_album
from masterprint.errors import UsageError
from masterprint.release.loading import load_album
from masterprint.release.sides import sides_of

AUDIO = noise(1, 0.02)


def album(folder, tracks):
    write_album(folder, [{"audio": AUDIO}])
    entries = [{"mix": "mixes/01.wav", "title": str(n), **track} for n, track in enumerate(tracks)]
    return load_album(write_album(folder, entries, gap_s=2.0))


def shared(album, lengths, counts=None, comfortable_s=1170.0):
    found = sides_of(album, lengths, counts, comfortable_s, "vinyl")
    return [list(side.indexes) for side in found], [side.seconds for side in found]


def test_the_suggestion_is_as_even_as_the_order_allows(tmp_path):
    lengths = [251.0, 187.0, 333.0, 199.0, 270.0, 221.0, 304.0, 165.0]
    sides, seconds = shared(album(tmp_path, [{}] * 8), lengths)
    assert [index for side in sides for index in side] == list(range(8))
    longest = min(
        max(sum(lengths[:cut]), sum(lengths[cut:])) for (cut,) in combinations(range(1, 8), 1)
    )
    assert max(sum(lengths[index] for index in side) for side in sides) == longest
    assert seconds[0] == sum(lengths[index] for index in sides[0]) + 2.0 * (len(sides[0]) - 1)


def test_a_long_album_goes_on_two_records(tmp_path):
    sides, seconds = shared(album(tmp_path, [{}] * 12), [300.0] * 12)
    assert [len(side) for side in sides] == [3, 3, 3, 3]
    assert max(seconds) < 1170


def test_of_equal_divisions_the_longer_side_comes_first(tmp_path):
    sides, _ = shared(album(tmp_path, [{}] * 3), [100.0] * 3)
    assert [len(side) for side in sides] == [2, 1]


def test_no_crossfade_and_no_segue_is_torn_apart(tmp_path):
    tracks = [{}, {"crossfade_s": 0.005}, {"gap_s": 0}, {}]
    sides, _ = shared(album(tmp_path, tracks), [100.0] * 4)
    assert sides == [[0, 1, 2], [3]]


def test_hidden_tracks_stay_with_the_one_before_them(tmp_path):
    tracks = [{"hidden": True}, {}, {}, {"hidden": True}]
    sides, _ = shared(album(tmp_path, tracks), [10.0, 100.0, 100.0, 50.0])
    assert sides == [[0, 1], [2, 3]]


def test_an_own_division_is_taken(tmp_path):
    sides, _ = shared(album(tmp_path, [{}] * 4), [100.0] * 4, [1, 3])
    assert sides == [[0], [1, 2, 3]]


def test_an_own_division_may_not_part_a_crossfade(tmp_path):
    tracks = [{}, {"crossfade_s": 0.005}, {}]
    with pytest.raises(UsageError, match="part track 2, '1', from the one"):
        shared(album(tmp_path, tracks), [100.0] * 3, [1, 2])


def test_a_pause_before_the_album_plays_on_the_first_side(tmp_path):
    _, seconds = shared(album(tmp_path, [{"gap_s": 30}, {}]), [100.0, 100.0])
    assert seconds == [130.0, 100.0]
