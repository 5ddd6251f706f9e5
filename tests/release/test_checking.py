"""Bad input: every album that cannot be made says why, before anything is rendered."""

from __future__ import annotations

import re

import pytest

from album_tools import PLAIN, noise, write_album
from masterprint.release.checking import check_album
from masterprint.release.loading import AlbumFileError, load_album
from masterprint.release.platforms import load_platforms

PLATFORMS = load_platforms()


def check(folder, tracks, **album):
    path = write_album(folder, tracks, **album)
    return check_album(load_album(path), PLATFORMS.deliverables)


def refusal(folder, tracks, **album):
    with pytest.raises(AlbumFileError) as caught:
        check(folder, tracks, **album)
    return str(caught.value)


def short(number, **more):
    return {"audio": noise(number, 0.05), **more}


def long(number, seconds=4.2, **more):
    return {"audio": noise(number, seconds, 11025, level=0.1), "rate": 11025, **more}


def test_a_second_isrc_is_told_with_the_first(tmp_path):
    tracks = [short(1, isrc="GBAYE2600001"), short(2), short(3, isrc="GBAYE2600001")]
    said = refusal(tmp_path, tracks)
    assert "tracks[2].isrc: GBAYE2600001 stands here a second time, first in line" in said
    assert "'Track 1'" in said


def test_two_tracks_of_one_name_are_told(tmp_path):
    tracks = [short(1, title="A/B"), short(2, title="a-b")]
    said = refusal(tmp_path, tracks, names="{title}")
    assert "tracks[1].title: its files would be named 'a-b', like those of the track in" in said


def test_a_wrong_template_is_told_once(tmp_path):
    said = refusal(tmp_path, [short(1), short(2)], names="{trak:02} {title}")
    assert "names: there is no field {trak}; did you mean 'track'?" in said
    assert "would be named" not in said


def test_titles_that_files_cannot_have_are_told(tmp_path):
    found = check(tmp_path, [short(1, title="What?")])
    assert "'What?' cannot be the name of a file as it is: '01 What'" in found.warnings


def test_unknown_deliverables_are_told_with_a_guess(tmp_path):
    said = refusal(tmp_path, [short(1)], deliver=["steaming", "cd", "cd"])
    assert "deliver[0]: there is no deliverable 'steaming'; did you mean 'streaming'?" in said
    assert "deliver[2]: 'cd' stands here twice" in said


def test_a_first_track_has_nothing_to_be_crossfaded_with(tmp_path):
    said = refusal(tmp_path, [short(1, crossfade_s=1.0), short(2)])
    assert "tracks[0].crossfade_s: is of the first track" in said


def test_an_album_of_hidden_tracks_only_is_refused(tmp_path):
    assert "tracks: are all hidden" in refusal(tmp_path, [short(1, hidden=True)])


def test_a_crossfade_out_of_range_is_told_with_the_range(tmp_path):
    said = refusal(tmp_path, [short(1), short(2, crossfade_s=40)])
    assert "crossfade_s: found 40; allowed: a number above 0, at most 30 s or null" in said


def test_a_crossfade_longer_than_a_track_is_refused(tmp_path):
    said = refusal(tmp_path, [short(1), short(2, crossfade_s=0.5)])
    assert "its crossfade of 0.5 s is longer than the 0.1 s that track 1" in said


def test_a_missing_mix_and_a_broken_one_are_told_together(tmp_path):
    path = write_album(tmp_path, [short(1), short(2), short(3)])
    (tmp_path / "mixes" / "01.wav").write_bytes(b"no audio at all")
    (tmp_path / "mixes" / "02.wav").unlink()
    with pytest.raises(AlbumFileError, match=r"tracks\[1\].mix: there is no such file"):
        load_album(path)
    (tmp_path / "mixes" / "02.wav").write_bytes(b"")
    album = load_album(path)
    with pytest.raises(AlbumFileError) as caught:
        check_album(album, PLATFORMS.deliverables)
    said = str(caught.value)
    assert "01.wav: cannot be read as audio" in said
    assert "02.wav: is empty" in said


def test_chains_that_cannot_be_levelled_are_told(tmp_path):
    said = refusal(tmp_path, [short(1)], loudness={"mode": "album"})
    assert "has no loudness target that an album could be brought to" in said
    assert "write loudness: {mode: none}" in said


def test_a_chain_that_does_not_suit_a_mix_is_told(tmp_path):
    track = {"audio": noise(1, 0.05)[:1], "chain": "streaming"}
    said = refusal(tmp_path, [track])
    assert "tracks[0]: its chain does not suit it: stages[" in said


@pytest.mark.parametrize(
    ("tracks", "album", "said"),
    [
        ([long(1, 2.0)], {}, "lasts 2.00 s; a CD track lasts at least 4 s"),
        ([{**long(1), "audio": noise(1, 4.2, 11025)[:1]}], {}, "a compact disc holds two channels"),
        ([long(1)], {"cd": {"longest_s": 60}, "gap_s": 0}, None),
        ([long(n) for n in range(2)], {"cd": {"longest_s": 60}, "gap_s": 58}, "01:0"),
        ([long(1, title="夜明け")], {}, "ISO 8859-1"),
        ([long(1, title="One\tTwo")], {}, "TAB|tab|control"),
    ],
)
@pytest.mark.parametrize("medium", ["cd", "ddp"])
def test_what_a_disc_does_not_hold_is_told(tmp_path, medium, tracks, album, said):
    tracks = [dict(track) for track in tracks]
    if said is None:
        check(tmp_path, tracks, deliver=[medium], **album)
        return
    assert re.search(said, refusal(tmp_path, tracks, deliver=[medium], **album))


def test_100_tracks_are_too_many_for_a_disc_but_not_for_services(tmp_path):
    audio = noise(1, 4.1, 2000, level=0.1)
    tracks = [{"audio": audio, "rate": 11025} for _ in range(1)]
    path = write_album(tmp_path, tracks)
    entry = "- mix: mixes/01.wav\n  title: Number {}\n"
    text = path.read_text().partition("tracks:")[0] + "tracks:\n"
    text += "".join(entry.format(n) for n in range(1, 101))
    path.write_text(text + "deliver: [streaming]\n")
    check_album(load_album(path), PLATFORMS.deliverables)
    path.write_text(text + "deliver: [cd]\n")
    with pytest.raises(AlbumFileError, match=r"has 100 tracks.*1 to 99"):
        check_album(load_album(path), PLATFORMS.deliverables)


def test_81_minutes_are_too_long_and_79_are_told(tmp_path):
    tracks = [long(n) for n in range(9)]
    said = refusal(tmp_path, tracks, deliver=["cd"], gap_s=600)
    assert "79:57" in said
    found = check(tmp_path, tracks, deliver=["cd"], gap_s=585.0)
    assert any("78:00" in text for text in found.warnings)
    check(tmp_path, tracks, deliver=["cd"], gap_s=600, cd={"longest_s": 5400})


def test_a_side_that_is_too_long_is_refused(tmp_path):
    tracks = [long(n) for n in range(4)]
    said = refusal(tmp_path, tracks, deliver=["vinyl"], gap_s=600, vinyl={"sides": [4]})
    assert 'a side of a 12" record at 33 rpm holds at most 24:00, and side A plays 30:17' in said
    said = refusal(tmp_path, tracks, deliver=["cassette"], cassette={"sides": [1, 2]})
    assert "found 3 tracks on the sides of the cassette; the album has 4" in said


def test_an_album_that_lacks_codes_is_told(tmp_path):
    found = check(tmp_path, [short(1), short(2, isrc="GBAYE2600001")])
    assert "without an ISRC: 'Track 1'" in found.warnings
    assert "the album has no UPC or EAN" in found.warnings


def test_one_mix_for_two_tracks_is_told(tmp_path):
    tracks = [short(1), {"mix": "mixes/01.wav"}]
    found = check(tmp_path, tracks)
    assert "'Track 1' and 'Track 2' are made of one mix, mixes/01.wav" in found.warnings


def test_an_album_of_days_is_refused(tmp_path):
    path = write_album(tmp_path, [short(1)])
    entry = "- {mix: mixes/01.wav, title: Number %d, gap_s: 600}\n"
    text = path.read_text().partition("tracks:")[0] + "tracks:\n"
    path.write_text(text + "".join(entry % n for n in range(150)))
    with pytest.raises(AlbumFileError, match="last 25 hours in all; allowed: at most 24"):
        check_album(load_album(path), PLATFORMS.deliverables)


def test_what_is_hidden_has_the_form_of_the_track_before_it(tmp_path):
    tracks = [short(1), {"audio": noise(2, 0.05, 48000), "rate": 48000, "hidden": True}]
    said = refusal(tmp_path, tracks)
    assert "tracks[1]: hidden track, 'Track 2': is hidden behind a track of another" in said


@pytest.mark.parametrize("deliver", ["sequence", "vinyl"])
def test_mono_and_stereo_are_not_joined(tmp_path, deliver):
    tracks = [short(1), {"audio": noise(2, 0.05)[:1]}, short(3)]
    said = refusal(tmp_path, tracks, deliver=[deliver])
    assert "track 2, 'Track 2', has 1 channels and track 1, 'Track 1', 2" in said
    assert check(tmp_path, tracks, deliver=["streaming"]).timeline is not None


def test_one_gain_needs_chains_that_set_it_alike(tmp_path):
    stages = {"loud": "loudness: {target_lufs: -14}", "max": "maximizer: {target_lufs: -14}"}
    for name, stage in stages.items():
        (tmp_path / f"{name}.yaml").write_text(f"masterprint: 1\nstages:\n  - {stage}\n")
    tracks = [short(1), short(2, chain="max.yaml")]
    said = refusal(tmp_path, tracks, chain="loud.yaml", loudness={"mode": "album"})
    assert "tracks[1]: found -14 LUFS by loudness and -14 LUFS by maximizer" in said
    check(tmp_path, tracks, chain="loud.yaml", loudness={"mode": "track"})


def test_a_cover_that_is_no_picture_is_told(tmp_path):
    (tmp_path / "cover.png").write_bytes(b"not one")
    assert "cover: " in (said := refusal(tmp_path, [short(1)], cover="cover.png"))
    assert "is no cover" in said


def test_a_link_to_an_album_is_that_album(tmp_path):
    """Else what is looked at beside the one is read beside the other, wherever that leads."""
    path = write_album(tmp_path / "there", [short(1)])
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "album.yaml").symlink_to(path)
    album = load_album(tmp_path / "here" / "album.yaml")
    assert album.mix_of(album.tracks[0]) == tmp_path / "there" / "mixes" / "01.wav"
    check_album(album, PLATFORMS.deliverables)


def test_a_mediums_own_chain_is_looked_at_like_the_tracks(tmp_path):
    # Through their own chain the two have one rate, through that of the record they have not.
    tracks = [short(1), {**short(2, crossfade_s=0.01), "rate": 48000}]
    own = PLAIN.replace("dither: none", "sample_rate_hz: 48000")
    (tmp_path / "own.yaml").write_text(own)
    album = {"chain": "own.yaml", "deliver": ["streaming", "vinyl"]}
    check(tmp_path, tracks, **album)
    said = refusal(tmp_path, tracks, **album, vinyl={"chain": "vinyl"})
    assert "tracks[1]: through 'vinyl': track 2, 'Track 2': cannot be crossfaded" in said


def test_a_text_that_cd_text_lacks_is_told_where_the_track_stands(tmp_path):
    said = refusal(tmp_path, [long(1), long(2, title="夜")], deliver=["cd"])
    assert "tracks[1]: Track 2" in said


def test_masters_of_different_rates_and_endless_fades_are_told(tmp_path):
    tracks = [short(1, fade_out_s=2), {"audio": noise(2, 0.05, 48000), "rate": 48000}]
    found = check(tmp_path, tracks)
    assert any("different rates (44100 Hz, 48000 Hz)" in text for text in found.warnings)
    assert any("fades of 'Track 1' are 2 s long" in text for text in found.warnings)


def test_a_disc_may_have_titles_of_its_own(tmp_path):
    tracks = [long(1, title="夜明け", cd_title="Yoake"), long(2)]
    check(tmp_path, tracks, deliver=["cd"], artist="潮", cd={"artist": "Shio"})
