"""Album files: everything that is wrong, in its place, all at once."""

from __future__ import annotations

import pytest

from album_tools import noise, write_album
from masterprint.release.loading import AlbumFileError, load_album

WRONG = """\
masterprint_album: 1
title: Low Tide
artist: The Example
upc: "4006381333932"
catlog_number: EX-001
chain: streming
year: 26
tracks:
  - {mix: mixes/01.wav, title: Shore, isrc: GBAYE260001, gap_s: 0}
  - {mix: ../02.wav, title: Undertow, chain: chains/02.yaml, trim_db: -50}
  - {mix: mixes/01.wav, title: Ebb, crossfade_s: 1.5, gap_s: 2}
  - {mix: /etc/hostname, title: "", performer: 3}
loudness: {mode: albun}
"""


def problems(path):
    with pytest.raises(AlbumFileError) as caught:
        load_album(path)
    return str(caught.value)


def test_all_mistakes_are_told_at_once_where_they_stand(tmp_path):
    write_album(tmp_path, [{"audio": noise(1, 0.1)}])
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    said = problems(path)
    for line, part in [
        (4, "upc: found '4006381333932', whose last digit would have to be 1"),
        (5, "catlog_number: there is no such setting; did you mean 'catalog_number'?"),
        (6, "chain: there is no ready-made chain 'streming'; did you mean 'streaming'?"),
        (7, "year: found 26; allowed: a year, or a date as YYYY-MM-DD"),
        (9, "tracks[0].isrc: found 'GBAYE260001'; allowed: an ISRC of 12 characters"),
        (10, "tracks[1].mix: found '../02.wav'; allowed: a path below the folder of the album"),
        (10, "tracks[1].chain: there is no such chain file"),
        (10, "tracks[1].trim_db: found -50; allowed: a number from -24 to 24 dB"),
        (11, "tracks[2]: found gap_s 2 and crossfade_s 1.5: a track that begins before the last"),
        (12, "tracks[3].mix: found '/etc/hostname'; allowed: a path below"),
        (12, "tracks[3].title: found ''; allowed: text"),
        (12, "tracks[3].performer: found 3; allowed: text"),
        (13, "loudness.mode: found 'albun'; allowed: one of album, track, none; did you mean"),
    ]:
        assert f"wrong.yaml:{line}:" in said
        assert any(
            row.startswith(f"{path}:{line}:") and part in row for row in said.splitlines()
        ), part


def test_a_upc_that_yaml_read_as_a_number_is_refused_because_noughts_get_lost(tmp_path):
    path = write_album(tmp_path, [{"audio": noise(1, 0.1)}], upc=36000291452)
    assert "found the number 36000291452; allowed: the digits in quotes" in problems(path)


def test_mistakes_in_chains_are_told_with_their_own_file(tmp_path):
    path = write_album(tmp_path, [{"audio": noise(1, 0.1)}], title="")
    (tmp_path / "plain.yaml").write_text("masterprint: 1\nstages:\n  - gian: {}\n")
    said = problems(path)
    assert "album.yaml:2:" in said
    assert "plain.yaml:3:5: stages[0].gian: there is no such stage; did you mean 'gain'?" in said


def test_a_link_that_leads_out_of_the_album_is_refused(tmp_path):
    (tmp_path / "elsewhere.wav").write_bytes(b"RIFF")
    path = write_album(tmp_path / "album", [{"audio": noise(1, 0.1)}])
    mix = tmp_path / "album" / "mixes" / "01.wav"
    mix.unlink()
    mix.symlink_to(tmp_path / "elsewhere.wav")
    assert "a link that leads out of the album's folder" in problems(path)
    chain = tmp_path / "album" / "plain.yaml"
    chain.unlink()
    (tmp_path / "other.yaml").write_text("masterprint: 1\nstages: []\n")
    chain.symlink_to(tmp_path / "other.yaml")
    assert "found 'plain.yaml'; allowed: a chain file below the folder" in problems(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no album file"),
        ("- a\n", "is no album file"),
        ("masterprint: 1\nstages: []\n", "is no album file, which begins with"),
        ("masterprint_album: 2\ntitle: x\nartist: y\ntracks: []\n", "found 2; allowed: 1"),
        ("masterprint_album: 1\ntitle: x\nartist: y\ntracks: []\n", "a list of at least 1"),
        ("masterprint_album: 1\ntitle: &a x\nartist: *a\n", "anchors are not used here"),
    ],
)
def test_what_is_no_album_file_says_so(tmp_path, text, said):
    path = tmp_path / "album.yaml"
    path.write_text(text)
    assert said in problems(path)


def test_a_track_without_a_chain_anywhere_is_named(tmp_path):
    path = write_album(tmp_path, [{"audio": noise(1, 0.1)}, {"audio": noise(2, 0.1)}])
    path.write_text(path.read_text().replace("chain: plain.yaml\n", ""))
    assert "tracks[0]: names no chain, and neither does the album" in problems(path)


def test_codes_are_taken_as_people_write_them(tmp_path):
    track = {"audio": noise(1, 0.1), "isrc": "gb-aye-26-00001", "iswc": "T-034.524.680-1"}
    album = load_album(write_album(tmp_path, [track], upc="0 36000-29145 2", year=2026))
    assert album.tracks[0].isrc == "GBAYE2600001"
    assert album.tracks[0].iswc == "T0345246801"
    assert album.model.upc == "036000291452"
    assert album.model.year == "2026"


def test_hidden_tracks_have_the_number_of_the_track_before_them(tmp_path):
    tracks = [{"audio": noise(n, 0.1), "hidden": n in (0, 3)} for n in range(4)]
    assert load_album(write_album(tmp_path, tracks)).numbers == [0, 1, 2, 2]
