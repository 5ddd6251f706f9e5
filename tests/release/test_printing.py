"""Tracks as files: those of the masters, sample for sample, and together the programme."""

from __future__ import annotations

import numpy as np

from album_tools import noise, read
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.release.printing import print_tracks


def test_a_track_that_stands_alone_is_its_master_to_the_bit(workshop):
    tracks = [
        {"audio": noise(1, 1.0), "rate": 44100},
        {"audio": noise(2, 1.0, 96000), "rate": 96000},
        {"audio": noise(3, 1.0)[:1]},
    ]
    shop = workshop(tracks)
    for printed, job in zip(shop.tracks("none"), shop.jobs(), strict=True):
        assert printed.pcm_sha256 == pcm_sha256(job.master) == pcm_sha256(printed.path)


def test_files_played_one_after_the_other_are_the_programme(workshop):
    tracks = [
        {"audio": noise(1, 1.0)},
        {"audio": noise(2, 1.0), "crossfade_s": 0.2},
        {"audio": noise(3, 1.0), "gap_s": 0.5},
        {"audio": noise(4, 0.5), "gap_s": 0.25, "hidden": True},
        {"audio": noise(5, 1.0), "gap_s": 0},
    ]
    shop = workshop(tracks)
    files = [read(each.path) for each in shop.tracks()]
    assert [each.shape[1] for each in files] == [35280, 66150, 44100 + 11025 + 22050, 44100]
    masters = [read(job.master) for job in shop.jobs()]
    np.testing.assert_array_equal(files[0], masters[0][:, :35280])
    np.testing.assert_array_equal(files[2][:, :44100], masters[2])
    np.testing.assert_array_equal(files[2][:, -22050:], masters[3])
    np.testing.assert_array_equal(files[3], masters[4])
    assert not files[1][:, 44100:].any()
    # Without gaps a file ends with its own sound, and a crossfade is not printed twice.
    bare = [read(each.path) for each in shop.tracks("none")]
    assert [each.shape[1] for each in bare] == [35280, 44100, 77175, 44100]


def test_what_is_hidden_before_track_1_is_file_0(workshop):
    tracks = [{"audio": noise(1, 0.5), "hidden": True}, {"audio": noise(2, 1.0), "gap_s": 0.5}]
    printed = workshop(tracks).tracks()
    assert [(each.number, each.index) for each in printed] == [(0, 0), (1, 1)]


def test_gain_and_rate_are_held_below_the_ceiling(workshop, tmp_path):
    shop = workshop([{"audio": noise(1, 1.0, level=0.5)}])
    (printed,) = print_tracks(
        shop.album,
        shop.layout,
        lambda stretch: tmp_path / "a.wav",
        sample_rate_hz=48000,
        gain_db=lambda stretch: 12.0,
        ceiling_dbtp=-2.0,
    )
    measured = printed.figures.measurement
    assert measured.sample_rate_hz == 48000
    assert -2.5 < measured.true_peak_dbtp <= -2.0


def test_a_fade_is_on_the_printed_track_only(workshop):
    shop = workshop([{"audio": noise(1, 1.0), "fade_out_s": 0.5}])
    (printed,) = shop.tracks()
    faded, master = read(printed.path), read(shop.jobs()[0].master)
    np.testing.assert_array_equal(faded[:, :22050], master[:, :22050])
    assert np.abs(faded[:, -100:]).max() < 1e-3 < np.abs(master[:, -100:]).max()


def test_two_that_are_hidden_before_track_1_may_have_two_rates(workshop):
    tracks = [
        {"audio": noise(1, 0.1), "hidden": True},
        {"audio": noise(2, 0.1, 48000), "rate": 48000, "hidden": True},
        {"audio": noise(3, 0.1)},
    ]
    printed = workshop(tracks).tracks()
    assert [(each.number, each.index) for each in printed] == [(0, 0), (0, 1), (1, 2)]
    assert len({each.path for each in printed}) == 3
