"""Every container: all fields are there again, the audio is as it was, and others read the same."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus

from masterprint.errors import AudioFileError, UsageError
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.tags import wav
from masterprint.tags.changes import changes_to
from masterprint.tags.fields import FIELDS, ReplayGain, Tags
from masterprint.tags.files import read_contents, read_tags, write_tags
from tag_tools import (
    BEXT,
    ENCODERS,
    FMT,
    FULL,
    LOSSLESS,
    chunk,
    digest,
    encoded,
    made,
    packets_md5,
    png,
    riff,
)

OPUS = replace(FULL, gain=ReplayGain(-7.890625, None, -8.5, None))
"""Opus has no place for peaks, and steps of a 256th of a decibel."""


def full(kind):
    return OPUS if kind == "opus" else FULL


@pytest.mark.parametrize("kind", ENCODERS)
def test_every_field_is_there_again_and_the_audio_as_it_was(tmp_path, kind):
    path = made(tmp_path, kind)
    before = packets_md5(path)
    samples = pcm_sha256(path) if kind in LOSSLESS else None
    assert read_tags(path) == Tags()
    write_tags(path, FULL)
    assert read_tags(path) == full(kind)
    assert packets_md5(path) == before
    if samples is not None:
        assert pcm_sha256(path) == samples
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ENCODERS)
def test_a_field_changes_and_goes_without_the_others(tmp_path, kind):
    path = made(tmp_path, kind)
    write_tags(path, FULL)
    write_tags(path, Tags(title="Flut", track=4), remove=["isrc", "cover", "discs", "phonogram"])
    left = dict.fromkeys(("isrc", "cover", "discs", "phonogram"))
    assert read_tags(path) == replace(full(kind), title="Flut", track=4, **left)
    write_tags(path, Tags(), remove=FIELDS)
    assert read_tags(path) == Tags()


@pytest.mark.parametrize("kind", ENCODERS)
def test_nothing_to_change_leaves_the_file_alone(tmp_path, kind):
    path = made(tmp_path, kind)
    before = path.stat()
    write_tags(path, Tags())
    assert path.stat() == before


def test_tags_that_are_not_ours_stay(tmp_path):
    flac, opus, m4a = (made(tmp_path, kind) for kind in ("flac", "opus", "m4a"))
    back = Picture()
    back.type, back.mime, back.data = 4, "image/png", png(9, 9)
    for file in (FLAC(flac), OggOpus(opus)):
        file["mood"] = ["tidal", "lunar"]
        file.save()
    file = FLAC(flac)
    file.add_picture(back)
    file.save()
    file = MP4(m4a)
    file["\xa9lyr"], file["----:org.example:MOOD"] = ["words"], [b"tidal"]
    file.save()
    for path in (flac, opus, m4a):
        write_tags(path, FULL)
    assert FLAC(flac)["mood"] == OggOpus(opus)["mood"] == ["tidal", "lunar"]
    assert [(int(each.type), each.data) for each in FLAC(flac).pictures] == [
        (3, FULL.cover.data),
        (4, back.data),
    ]
    assert MP4(m4a)["\xa9lyr"] == ["words"]
    assert MP4(m4a)["----:org.example:MOOD"] == [b"tidal"]


def test_names_that_others_use_are_read_and_give_way(tmp_path):
    path = made(tmp_path, "flac")
    file = FLAC(path)
    file["TRACKNUMBER"], file["YEAR"], file["ORGANIZATION"] = "03/12", "1999", "Old Label"
    file["ARTIST"] = ["A", "B"]
    file.save()
    found = Tags(track=3, tracks=12, year="1999", label="Old Label", artist="A; B")
    assert read_tags(path) == found
    write_tags(path, Tags(label="New Label", year="2026"))
    assert read_tags(path) == replace(found, label="New Label", year="2026")
    assert "ORGANIZATION" not in FLAC(path)
    assert FLAC(path)["ARTIST"] == ["A", "B"]


def test_opus_keeps_the_gain_of_its_header_and_has_none_of_replaygain(tmp_path):
    path = made(tmp_path, "opus")
    before = path.read_bytes()[28:47]
    assert before.startswith(b"OpusHead")
    file = OggOpus(path)
    file["REPLAYGAIN_TRACK_GAIN"] = "-3.00 dB"
    file.save()
    write_tags(path, FULL)
    assert path.read_bytes()[28:47] == before
    assert OggOpus(path)["R128_TRACK_GAIN"] == ["-3300"]
    assert not [key for key in OggOpus(path) if key.upper().startswith("REPLAYGAIN")]


# WAV


def test_chunks_and_bytes_of_a_wav_that_are_not_known_stay(tmp_path):
    path = tmp_path / "a.wav"
    audio = np.arange(501, dtype="<i2").tobytes() + b"x"
    strange = chunk(b"abcd", b"odd"), chunk(b"LIST", b"adtlnote"), chunk(b"cue ", bytes(28))
    path.write_bytes(riff(FMT, strange[0], chunk(b"data", audio), *strange[1:]) + b"\xff\xfftrail")
    write_tags(path, FULL, bext=BEXT)
    contents = read_contents(path)
    assert contents.tags == FULL
    assert contents.wav.bext == BEXT
    assert contents.wav.unknown == ("abcd", "LIST adtl", "cue")
    assert contents.wav.trailing_bytes == 7
    content = path.read_bytes()
    assert all(each in content for each in strange)
    assert content.endswith(b"\xff\xfftrail")
    write_tags(path, Tags(), remove=[*FIELDS, "bext"])
    contents = read_contents(path)
    left = ("fmt", "abcd", "data", "LIST adtl", "cue")
    assert contents.wav.chunks == left
    assert chunk(b"data", audio) in path.read_bytes()


def test_a_tag_that_is_new_says_all_that_the_other_chunk_said(tmp_path):
    path = tmp_path / "a.wav"
    info = chunk(b"LIST", b"INFOINAM\6\0\0\0Fl\xf6te\0ISFT\4\0\0\0DAW\0")
    path.write_bytes(riff(FMT, info, chunk(b"data", bytes(20))))
    assert read_tags(path) == Tags(title="Flöte")
    write_tags(path, Tags(artist="Ø"))
    content = path.read_bytes()
    id3 = content[content.index(b"id3 ") :]
    assert b"TIT2" in id3
    assert "Flöte".encode() in id3
    assert content.count("Flöte".encode()) == 1
    assert b"INAM" not in content
    assert b"ISFT\4\0\0\0DAW\0" in content


def test_a_wav_that_passes_4_gib_while_it_is_tagged_becomes_rf64(tmp_path):
    path = made(tmp_path, "wav")
    before = pcm_sha256(path)
    wav.change(path, changes_to(Tags(), FULL), BEXT, limit=path.stat().st_size)
    assert path.read_bytes()[:4] == b"RF64"
    assert read_tags(path) == FULL
    assert pcm_sha256(path) == before
    write_tags(path, Tags(title="Flut"))
    contents = read_contents(path)
    assert contents.wav.bext == BEXT
    assert contents.wav.chunks[0] == "ds64"
    assert pcm_sha256(path) == before
    assert soundfile.info(path).frames == 44100


def test_ixml_keeps_letters_that_bext_does_not_have(tmp_path):
    path = made(tmp_path, "wav")
    write_tags(path, Tags(album="Low Tide"), bext=replace(BEXT, description="Ødegård 潮"))
    first = read_contents(path).wav
    assert first.bext.description == "Odegard ?"
    assert first.ixml["BEXT/BWF_DESCRIPTION"] == "Ødegård 潮"
    assert first.ixml["PROJECT"] == "Low Tide"
    write_tags(path, Tags(), bext=replace(first.bext, originator="Me"))
    second = read_contents(path).wav
    assert second.ixml == first.ixml | {"BEXT/BWF_ORIGINATOR": "Me"}


def test_a_chunk_that_cannot_be_changed_leaves_the_file_alone(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(riff(FMT, chunk(b"axml", b"<no"), chunk(b"data", bytes(20))))
    before = digest(path)
    with pytest.raises(
        AudioFileError, match="chunk 'axml' cannot be changed: it is not well-formed"
    ):
        write_tags(path, FULL)
    assert digest(path) == before
    write_tags(path, Tags(title="x"))
    assert read_tags(path) == Tags(title="x")


# What goes wrong


def test_a_file_is_replaced_with_its_permissions_and_where_its_link_leads(tmp_path):
    path = made(tmp_path, "mp3")
    path.chmod(0o640)
    link = tmp_path / "link.mp3"
    link.symlink_to(path.name)
    write_tags(link, FULL)
    assert link.is_symlink()
    assert read_tags(path) == FULL
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("kind", ["wav", "mp3"])
def test_a_full_disk_leaves_the_old_file(tmp_path, kind, monkeypatch):
    path = made(tmp_path, kind)
    before = digest(path)

    def full_disk(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(AudioFileError, match=r"cannot be written: No space left .* second copy"):
        write_tags(path, FULL)
    assert digest(path) == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_file_that_may_not_be_written_or_changes_meanwhile_is_left_alone(tmp_path, monkeypatch):
    path = made(tmp_path, "wav")
    path.chmod(0o444)
    with pytest.raises(AudioFileError, match=r"is read-only"):
        write_tags(path, FULL)
    path.chmod(0o644)
    monkeypatch.setattr(os, "fsync", lambda handle: os.utime(path, (1, 1)))
    with pytest.raises(AudioFileError, match="changed by another program"):
        write_tags(path, FULL)
    assert path.read_bytes() == encoded("wav")


@pytest.mark.parametrize("kind", ["wav", "aiff"])
def test_audio_that_is_cut_short_is_told(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(encoded(kind)[:5000])
    with pytest.raises(AudioFileError, match="ends early"):
        write_tags(path, FULL)
    assert path.stat().st_size == 5000


def test_flac_with_id3_in_front_is_read_but_not_written(tmp_path):
    path = made(tmp_path, "flac")
    write_tags(path, FULL)
    path.write_bytes(b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + path.read_bytes())
    assert read_tags(path) == FULL
    with pytest.raises(AudioFileError, match="has an ID3 tag in front"):
        write_tags(path, Tags(title="x"))


@pytest.mark.parametrize(
    ("tags", "options", "said"),
    [
        (Tags(title="a\0b"), {}, "title: found control characters"),
        (Tags(), {"remove": ["titel"]}, "no field 'titel'"),
        (Tags(), {"bext": BEXT}, "is no WAV file, and only those have a bext"),
        (Tags(), {"remove": ["bext"]}, "is no WAV file, and only those have a bext"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(tmp_path, tags, options, said):
    path = made(tmp_path, "mp3")
    with pytest.raises(UsageError, match=re.escape(said)):
        write_tags(path, tags, **options)


@pytest.mark.parametrize("kind", [kind for kind in ENCODERS if kind != "alac.m4a"])
def test_damage_becomes_a_sentence(tmp_path, kind):
    path = tmp_path / "a"

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 600), st.binary(min_size=1, max_size=8), st.integers(0, 3))
    def damage(place, new, cut):
        content = encoded(kind)
        content = content[:place] + new + content[place + len(new) :]
        path.write_bytes(content[: len(content) * (4 - cut) // 4])
        before = digest(path)
        try:
            write_tags(path, Tags(title="x"))
        except AudioFileError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017
            assert digest(path) == before
        else:
            assert read_tags(path).title == "x"

    damage()
