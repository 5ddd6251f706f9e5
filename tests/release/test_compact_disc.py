"""The disc's image: marks on sectors, no sample lost, what is hidden is hidden."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from album_tools import noise, read
from masterprint.errors import UsageError
from masterprint.release.compact_disc import cut_tracks, disc_of, track_spans, write_disc_image

SECTOR = 588


def cut(workshop, image, tmp_path):
    spans = track_spans(image.disc)
    paths = [tmp_path / f"{n}.wav" for n in range(len(spans))]
    cut_tracks(image, paths)
    return [read(path) for path in paths]


def test_the_tracks_cut_from_the_image_are_the_image(workshop, tmp_path):
    tracks = [
        {"audio": noise(1, 4.321), "gap_s": 0},
        {"audio": noise(2, 4.5001), "gap_s": 0},  # a segue
        {"audio": noise(3, 5.111), "crossfade_s": 0.3},
        {"audio": noise(4, 4.2), "gap_s": 1.2345},
    ]
    shop = workshop(tracks)
    image = shop.image()
    whole = read(image.path)
    pieces = cut(shop, image, tmp_path)
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)
    assert whole.shape[1] == image.disc.sectors * SECTOR
    assert soundfile.info(image.path).subtype == "PCM_16"
    # A segue has its mark on the boundary at or before its first sample, and no hole.
    begins = round(4.321 * 44100)
    assert image.disc.tracks[1].start == begins // SECTOR
    assert image.disc.tracks[1].pregap is None
    for place in (begins - 1, begins, begins + 1):
        assert np.abs(whole[:, place - 3 : place + 3]).max() > 0.01
    # What is at 44.1 kHz and 24 bits is dithered to 16 bits where it lies.
    expected = np.concatenate([read(shop.jobs()[0].master), read(shop.jobs()[1].master)], axis=1)
    part = slice(0, expected.shape[1] - 20000)
    assert np.abs(whole[:, part] - expected[:, part]).max() <= 1.5 / 32768 + 1e-9


def test_a_pause_has_index_0_behind_the_sound_and_index_1_before_it(workshop):
    shop = workshop([{"audio": noise(1, 4.321)}, {"audio": noise(2, 4.2), "gap_s": 2.0}])
    image = shop.image()
    ends = round(4.321 * 44100)
    begins = ends + 2 * 44100
    second = image.disc.tracks[1]
    assert second.pregap == -(-ends // SECTOR)
    assert second.start == begins // SECTOR
    whole = read(image.path)
    assert not whole[:, second.pregap * SECTOR : second.start * SECTOR].any()
    assert whole[:, ends - 5 : ends].any()
    assert whole[:, begins : begins + 5].any()


def test_marks_may_stand_before_the_sound(workshop):
    tracks = [{"audio": noise(1, 4.4)}, {"audio": noise(2, 4.2), "gap_s": 2.0}]
    plain = workshop(tracks).image().disc
    early = workshop(tracks, cd={"mark_lead_frames": 10}).image().disc
    assert early.tracks[0].start == 0
    assert early.tracks[1].start == plain.tracks[1].start - 10


def test_what_is_hidden_before_track_1_lies_in_its_pause(workshop, tmp_path):
    tracks = [
        {"audio": noise(1, 3.0), "hidden": True},
        {"audio": noise(2, 4.2), "gap_s": 2},
        {"audio": noise(3, 4.2), "gap_s": 0},
    ]
    shop = workshop(tracks)
    image = shop.image()
    first = image.disc.tracks[0]
    assert len(image.disc.tracks) == 2
    assert first.pregap == 0
    assert first.start == 5 * 75
    pieces = cut(shop, image, tmp_path)
    assert len(pieces) == 3
    assert np.abs(pieces[0][:, : 3 * 44100]).max() > 0.2
    assert not pieces[0][:, 3 * 44100 :].any()
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), read(image.path))


def test_what_is_hidden_behind_the_last_track_belongs_to_it(workshop):
    tracks = [
        {"audio": noise(1, 4.2)},
        {"audio": noise(2, 4.2)},
        {"audio": noise(3, 2.0), "hidden": True, "gap_s": 3},
    ]
    image = workshop(tracks).image()
    assert len(image.disc.tracks) == 2
    assert image.disc.sectors == pytest.approx((4.2 + 2 + 4.2 + 3 + 2) * 75, abs=1)


def test_a_disc_of_masters_at_other_rates_is_converted_and_held_below_the_ceiling(workshop):
    loud = np.sign(np.sin(2 * np.pi * 1000 * np.arange(4.2 * 96000) / 96000)) * 0.99
    tracks = [
        {"audio": np.stack([loud, loud]), "rate": 96000, "chain": "held.yaml"},
        {"audio": noise(2, 4.2), "gap_s": 1.0},
    ]
    image = workshop(tracks).image()
    assert soundfile.info(image.path).samplerate == 44100
    assert image.measurement.true_peak_dbtp <= -1.0
    assert image.disc.tracks[1].start == int((4.2 + 1.0) * 75)


def test_cd_text_falls_back_to_the_album(workshop):
    tracks = [
        {"audio": noise(1, 4.2), "performer": "Guest", "isrc": "GBAYE2600001"},
        {"audio": noise(2, 4.2), "composer": "B. Composer"},
    ]
    shop = workshop(tracks, composer="A. Composer", upc="4006381333931", language="est")
    disc = disc_of(shop.album, shop.layout.timeline)
    assert [track.performer for track in disc.tracks] == ["Guest", "The Example"]
    assert [track.composer for track in disc.tracks] == ["A. Composer", "B. Composer"]
    assert (disc.composer, disc.upc, disc.language) == (
        "A. Composer",
        "4006381333931",
        "et",
    )  # not es, Spanish


def test_mono_and_short_tracks_are_refused_before_anything_is_written(workshop, tmp_path):
    shop = workshop([{"audio": noise(1, 4.2)}, {"audio": noise(2, 4.2)[:1]}])
    with pytest.raises(UsageError, match=r"holds two channels.*track 2, 'Track 2', has 1"):
        write_disc_image(shop.album, shop.layout, tmp_path / "image.wav")
    shop = workshop([{"audio": noise(1, 4.2)}, {"audio": noise(2, 2.0)}])
    with pytest.raises(UsageError, match=r"Track 2.*2\.|00:02:00"):
        write_disc_image(shop.album, shop.layout, tmp_path / "image.wav")
    assert not list(tmp_path.glob("*.wav"))


def test_masters_of_a_discs_own_form_are_on_it_bit_for_bit(workshop, tmp_path):
    (tmp_path / "album").mkdir()
    chain = "masterprint: 1\nstages:\n  - limiter: {ceiling_dbtp: -1}\nmaster: {bit_depth: 16}\n"
    (tmp_path / "album" / "sixteen.yaml").write_text(chain)
    tracks = [{"audio": noise(1, 4.2, level=0.99)}, {"audio": noise(2, 4.2), "gap_s": 0}]
    shop = workshop(tracks, chain="sixteen.yaml")
    whole = read(shop.image().path)
    masters = np.concatenate([read(job.master) for job in shop.jobs()], axis=1)
    np.testing.assert_array_equal(whole[:, : masters.shape[1]], masters)
