"""Cue sheets and TOC files as cdrdao and libcdio read them, and the cue sheet read back."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disc_tools import BARE, DISCS, HIDDEN, PLAIN, write_silent_wav
from masterprint.codes import ean13
from masterprint.disc.cue import cue_sheet
from masterprint.disc.cue_reading import read_cue
from masterprint.disc.layout import Disc, DiscTrack, timecode, with_lead
from masterprint.disc.toc import cdrdao_toc
from masterprint.errors import MasterprintError, UsageError
from other_tools import ask


def with_files(folder, disc):
    """Image, cue sheet and TOC, for cdrdao with WAV and for libcdio with raw audio."""
    write_silent_wav(folder / "image.wav", disc)
    with (folder / "image.bin").open("wb") as file:
        file.truncate(disc.sectors * 2352)
    (folder / "image.cue").write_bytes(cue_sheet(disc, "image.bin"))
    (folder / "image.toc").write_text(cdrdao_toc(disc, "image.bin"))
    (folder / "wav.cue").write_bytes(cue_sheet(disc, "image.wav"))
    (folder / "wav.toc").write_text(cdrdao_toc(disc, "image.wav"))
    return folder


def cdrdao_says(disc):
    """What `cdrdao show-toc` has to print of a disc."""
    lines = ["TOC TYPE: CD_DA"]
    if disc.upc:
        lines.append(f"CATALOG NUMBER: {ean13(disc.upc)}")
    for number, track in disc.numbered():
        lines.append(f"TRACK {number:2d}  Mode AUDIO:")
        if track.isrc:
            code = track.isrc
            lines.append(f"ISRC {code[:2]} {code[2:5]} {code[5:7]} {code[7:]}")
        lines.append("COPY PERMITTED" if track.copy_permitted else "COPY NOT PERMITTED")
        lines += ["NO PRE-EMPHASIS", "TWO CHANNEL AUDIO"]
        if track.pregap is not None:
            pause = track.start - track.pregap
            lines.append(f"PREGAP {timecode(pause)}({pause:6d})")
        end = disc.sectors if number == len(disc.tracks) else disc.tracks[number].begins
        lines.append(f"START  {timecode(track.start)}({track.start:6d})")
        lines += [
            f"INDEX {index:2d} {timecode(place)}({place:6d})"
            for index, place in enumerate(track.indexes, 2)
        ]
        lines.append(f"END    {timecode(end)}({end:6d})")
    return lines


@pytest.mark.parametrize("name", DISCS)
@pytest.mark.parametrize("kind", ["toc", "cue"])
def test_cdrdao_sees_the_disc(tmp_path, monkeypatch, name, kind):
    disc = DISCS[name]
    monkeypatch.chdir(with_files(tmp_path, disc))
    said = ask("cdrdao", "show-toc", f"wav.{kind}")
    assert "WARNING" not in said
    assert "ERROR" not in said
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    assert [line for line in lines if not line.startswith("Cdrdao")] == cdrdao_says(disc)
    assert f"Read {disc.sectors} blocks." in ask("cdrdao", "read-test", f"wav.{kind}")


def test_cdrdao_sees_index_2(tmp_path, monkeypatch):
    """In the TOC; of cue sheets, cdrdao 1.2.4 takes no index after 1 in the last track."""
    disc = replace(BARE, tracks=(DiscTrack(0, indexes=(100, 200)), *BARE.tracks[1:]))
    monkeypatch.chdir(with_files(tmp_path, disc))
    for kind in ("toc", "cue"):
        said = ask("cdrdao", "show-toc", f"wav.{kind}")
        assert re.findall(r"INDEX +(\d+) \S+?\( *(\d+)\)", said) == [("2", "100"), ("3", "200")]


@pytest.mark.parametrize("name", DISCS)
@pytest.mark.parametrize("kind", ["toc", "cue"])
def test_libcdio_sees_the_disc(tmp_path, monkeypatch, name, kind):
    disc = DISCS[name]
    monkeypatch.chdir(with_files(tmp_path, disc))
    said = ask(*("cd-info", "--no-header", "-q", "--no-device-info"), f"--{kind}-file=image.{kind}")
    rows = re.findall(r"^ *(\d+): (\S+) +(\d{6}) (audio|leadout)(.*)$", said, re.M)
    # In a TOC, libcdio counts a pause before the last track once more into the lead-out; cdrdao,
    # whose format it is, does not.
    end = disc.sectors + (disc.tracks[-1].pause_sectors if kind == "toc" else 0)
    assert [(int(row[0]), row[1], int(row[2])) for row in rows] == [
        *((number, timecode(t.start + 150), t.start) for number, t in disc.numbered()),
        (170, timecode(end + 150), end),
    ]
    assert [row[4].split()[1] == "yes" for row in rows[:-1]] == [
        track.copy_permitted for track in disc.tracks
    ]
    if disc.upc:
        assert f"(MCN): {ean13(disc.upc)}" in said
    parts = re.split(r"CD-TEXT for (?:Disc|Track +\d+):", said)[1:]
    if name == "bare":
        assert not any("TITLE" in part for part in parts)
        return
    for owner, part in zip((disc, *disc.tracks), parts, strict=True):
        texts = dict(re.findall(r"\t([A-Z_]+): (.*)", part))
        for field in ("title", "performer", "songwriter"):
            expected = getattr(owner, field)
            if kind == "cue":
                assert texts.get(field.upper(), "") == expected.replace('"', "'")
            elif expected.isascii() and '"' not in expected:  # libcdio knows no escapes
                assert texts.get(field.upper(), "") == expected


def test_toc_strings_are_ascii_with_escapes():
    toc = cdrdao_toc(HIDDEN, 'a"b.wav')
    assert toc.isascii()
    assert r'TITLE "The \"Best\" One"' in toc
    assert r'TITLE "Gr\374\337e aus K\366ln"' in toc
    assert r'FILE "a\"b.wav" 00:00:00 00:10:50' in toc


@pytest.mark.parametrize("name", DISCS)
def test_a_cue_sheet_is_read_back(name):
    disc = DISCS[name]
    sheet = read_cue(cue_sheet(disc, "a b.wav", remarks={"DATE": "2026"}), disc.sectors)
    expected = replace(
        disc,
        upc=disc.upc and ean13(disc.upc),
        language="en",
        tracks=tuple(replace(t, title=t.title.replace('"', "'")) for t in disc.tracks),
    )
    assert sheet.disc == expected
    assert (sheet.file_name, sheet.file_type) == ("a b.wav", "WAVE")
    assert sheet.remarks == {"DATE": "2026"}
    assert sheet.notes == ()


def test_the_sheet_is_as_plants_want_it():
    data = cue_sheet(PLAIN, "Low Tide.wav")
    lines = data.decode("latin-1").split("\r\n")
    assert "\n" not in "".join(lines)
    assert max(map(len, lines)) <= 254
    assert "CATALOG 4006381333931" in lines
    assert "    ISRC GBAYE2600002" in lines
    assert [line.strip() for line in lines if "INDEX" in line] == [
        "INDEX 01 00:00:00",
        "INDEX 00 00:07:00",
        "INDEX 01 00:08:00",
        "INDEX 01 00:16:00",
    ]
    assert data.count(b"FILE ") == 1
    assert b"PREGAP" not in data
    # From IMAGE.DAT, which has the first pregap.
    raw = cue_sheet(with_lead(PLAIN), "IMAGE.DAT").decode()
    assert 'FILE "IMAGE.DAT" BINARY' in raw
    assert "INDEX 00 00:00:00\r\n    INDEX 01 00:02:00" in raw


def test_texts_that_a_cue_sheet_cannot_hold_are_refused():
    with pytest.raises(UsageError, match="TITLE \"Ω\": a cue sheet for discs has no 'Ω'"):
        cue_sheet(replace(PLAIN, title="Ω"), "a.wav")
    with pytest.raises(UsageError, match="no control characters"):
        cue_sheet(replace(PLAIN, title="a\nTRACK 09 AUDIO"), "a.wav")
    with pytest.raises(UsageError, match="double quotes"):
        cue_sheet(PLAIN, 'a".wav')


HEAD = 'FILE "a.wav" WAVE\n'
ONE = HEAD + "TRACK 01 AUDIO\nINDEX 01 00:00:00\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no file and no track"),
        (HEAD, "names no file and no track"),
        ("TRACK 01 AUDIO\n", "line 1: found TRACK; expected FILE before it"),
        (HEAD + "TRACK 02 AUDIO\n", "line 2: found TRACK 02 AUDIO; expected TRACK 01"),
        (HEAD + "TRACK 01 MODE1/2352\n", "line 2: found a track of MODE1/2352"),
        (HEAD + "TRACK 01 AUDIO\n", "track 1 has no INDEX 01"),
        (
            HEAD + "TRACK 01 AUDIO\nINDEX 02 00:00:00",
            "line 3: found INDEX 02; expected INDEX 00 or",
        ),
        (HEAD + "TRACK 01 AUDIO\nINDEX 01 00:01:00", "line 3: .*expected 00:00:00 for the first"),
        (HEAD + "TRACK 01 AUDIO\nINDEX 01 00:60:00", "line 3: .*expected seconds up to 59"),
        (HEAD + "TRACK 01 AUDIO\nINDEX 01 0:0", "line 3: .*expected a time as mm:ss:ff"),
        (HEAD + "TRACK 01 AUDIO\nPREGAP 00:02:00", "line 3: found PREGAP"),
        (ONE + "POSTGAP 00:02:00", "line 4: found POSTGAP"),
        (ONE + HEAD, "line 4: found a second FILE"),
        (ONE + "ISRC GBAYE2600001", "line 4: found ISRC after INDEX"),
        (ONE + "TRACK 02 AUDIO\nINDEX 01 00:00:00", "line 5: found the time 00:00:00"),
        (ONE + "TRACK 02 AUDIO\nISRC GB123", "line 5: .*an ISRC of 12 characters"),
        (ONE + "CATALOG 4006381333931", "line 4: found CATALOG inside a track"),
        ("CATALOG 12345\n" + ONE, "line 1: found the catalogue number '12345'"),
        (ONE + "FLAGS X", "line 4: found FLAGS after INDEX"),
        ("HELLO\n" + ONE, "line 1: found 'HELLO'; expected a command"),
        (ONE + "TRACK 02 AUDIO\nINDEX 01 00:30:00", "track 2 has an index at 00:30:00, but the im"),
    ],
)
def test_a_doubtful_sheet_is_refused_with_its_line(text, said):
    with pytest.raises(UsageError, match=said):
        read_cue(text.encode(), 75 * 20)


def test_sheets_of_other_programs_are_read():
    text = (
        '\ufeffREM GENRE Pop\r\nREM DISCID 12345678\r\ntitle "L\'été"\r\n'
        "FILE image.wav WAVE\r\n\r\n"
        "\tTRACK 1 AUDIO\r\n\t\tTITLE Shore\r\n\t\tFLAGS DCP SCMS\r\n\t\tISRC gb-aye-26-00001\r\n"
        "\t\tINDEX 1 00:00:00\r\n\tTRACK 2 AUDIO\r\n\t\tINDEX 0 00:10:00\r\n\t\tINDEX 1 00:12:00"
    )
    sheet = read_cue(text.encode("utf-8"))
    assert sheet.disc == Disc(
        sectors=900,
        tracks=(
            DiscTrack(0, "Shore", isrc="GBAYE2600001", copy_permitted=True),
            DiscTrack(900, pregap=750),
        ),
        title="L'été",
        genre="Pop",
    )
    assert sheet.remarks == {"DISCID": "12345678"}
    assert sheet.notes == (
        "is UTF-8; strict readers expect ISO 8859-1",
        "track 1 has SCMS, which is not kept",
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_broken_sheets_are_read_or_refused(data):
    text = bytearray(cue_sheet(HIDDEN, "a.wav"))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(MasterprintError):
        read_cue(bytes(text))
