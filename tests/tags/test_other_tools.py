"""What other people's tools read in files that we have tagged, field by field.

Each row: the field, and under which names ExifTool, MediaInfo and ffprobe have it; "" where a tool
has no place for it, which is the tool's own affair and is written down here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile

from masterprint.files.pcm_hash import pcm_sha256
from masterprint.tags.files import write_tags
from other_tools import ask, exiftool, ffprobe, mediainfo
from tag_tools import BEXT, FULL, made

OWN = "ID3:UserDefinedText"
ID3 = {
    "title": ("ID3:Title", "Title", "title"),
    "artist": ("ID3:Artist", "Performer", "artist"),
    "album_artist": ("ID3:Band", "Album_Performer", "album_artist"),
    "album": ("ID3:Album", "Album", "album"),
    "track": ("ID3:Track", "Track_Position", "track"),
    "disc": ("ID3:PartOfSet", "Part_Position", "disc"),
    "year": ("ID3:RecordingTime", "Recorded_Date", "date"),
    "genre": ("ID3:Genre", "Genre", "genre"),
    "isrc": ("ID3:ISRC", "ISRC", "TSRC"),
    "upc": (f"{OWN} BARCODE", "BARCODE", "BARCODE"),
    "catalog_number": (f"{OWN} CATALOGNUMBER", "CATALOGNUMBER", "CATALOGNUMBER"),
    "label": ("ID3:Publisher", "Publisher", "publisher"),
    "copyright": ("ID3:Copyright", "Copyright", "copyright"),
    "phonogram": ("ID3:ProducedNotice", "Producer_Copyright", "TPRO"),
    "composer": ("ID3:Composer", "Composer", "composer"),
    "publisher": (f"{OWN} MUSIC PUBLISHER", "MUSIC_PUBLISHER", "MUSIC PUBLISHER"),
    "iswc": (f"{OWN} ISWC", "ISWC", "ISWC"),
    "comment": ("ID3:Comment", "Comment", "comment"),
    "language": ("ID3:Language", "Language", "language"),
    "gain": (f"{OWN} REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_GAIN"),
    "cover": ("ID3:Picture", "Cover", "video"),
}
VORBIS = {
    "title": ("Vorbis:Title", "Title", "TITLE"),
    "artist": ("Vorbis:Artist", "Performer", "ARTIST"),
    "album_artist": ("Vorbis:Albumartist", "Album_Performer", "album_artist"),
    "album": ("Vorbis:Album", "Album", "ALBUM"),
    "track": ("Vorbis:TrackNumber", "Track_Position", "track"),
    "tracks": ("Vorbis:Tracktotal", "Track_Position_Total", "TRACKTOTAL"),
    "disc": ("Vorbis:Discnumber", "Part", "disc"),
    "discs": ("Vorbis:Disctotal", "Part_Position_Total", "DISCTOTAL"),
    "year": ("Vorbis:Date", "Recorded_Date", "DATE"),
    "genre": ("Vorbis:Genre", "Genre", "GENRE"),
    "isrc": ("Vorbis:ISRCNumber", "ISRC", "ISRC"),
    "upc": ("Vorbis:Barcode", "BARCODE", "BARCODE"),
    "catalog_number": ("Vorbis:Catalognumber", "CATALOGNUMBER", "CATALOGNUMBER"),
    "label": ("Vorbis:Label", "Label", "LABEL"),
    "copyright": ("Vorbis:Copyright", "Copyright", "COPYRIGHT"),
    "phonogram": ("Vorbis:Producednotice", "PRODUCEDNOTICE", "PRODUCEDNOTICE"),
    "composer": ("Vorbis:Composer", "Composer", "COMPOSER"),
    "publisher": ("Vorbis:Publisher", "Publisher", "PUBLISHER"),
    "iswc": ("Vorbis:Iswc", "ISWC", "ISWC"),
    "comment": ("Vorbis:Comment", "Comment", "COMMENT"),
    "language": ("Vorbis:Language", "Language", "LANGUAGE"),
    "gain": ("Vorbis:ReplayGainTrackGain", "ReplayGain_Gain", "REPLAYGAIN_TRACK_GAIN"),
    "cover": ("FLAC:Picture", "Cover", "video"),
}
MP4 = {
    "title": ("QuickTime:Title", "Title", "title"),
    "artist": ("QuickTime:Artist", "Performer", "artist"),
    "album_artist": ("QuickTime:AlbumArtist", "Album_Performer", "album_artist"),
    "album": ("QuickTime:Album", "Album", "album"),
    "track": ("QuickTime:TrackNumber", "Track_Position", "track"),
    "disc": ("QuickTime:DiskNumber", "Part_Position", "disc"),
    "year": ("QuickTime:ContentCreateDate", "Recorded_Date", "date"),
    "genre": ("QuickTime:Genre", "Genre", "genre"),
    "isrc": ("QuickTime:ISRC", "ISRC", "ISRC"),
    "upc": ("QuickTime:Barcode", "BARCODE", "BARCODE"),
    "catalog_number": ("QuickTime:CatalogNumber", "CATALOGNUMBER", "CATALOGNUMBER"),
    "label": ("QuickTime:Label", "LABEL", "LABEL"),
    "copyright": ("QuickTime:Copyright", "Copyright", "copyright"),
    "phonogram": ("QuickTime:UserData_phg", "phg", ""),
    "composer": ("QuickTime:Composer", "Composer", "composer"),
    "publisher": ("QuickTime:Publisher", "pub", ""),
    "iswc": ("QuickTime:ISWC", "ISWC", "ISWC"),
    "comment": ("QuickTime:Comment", "Comment", "comment"),
    "language": ("QuickTime:LANGUAGE", "LANGUAGE", "LANGUAGE"),
    "gain": ("QuickTime:REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_GAIN"),
    "cover": ("QuickTime:CoverArt", "Cover", "video"),
}
# Of a WAV, ffmpeg takes `id3 ` only where neither INFO nor bext is; INFO is ASCII or not there.
PLAIN = replace(FULL, title="Ebb", artist="Odegard", album_artist="Various", composer="N. N.",
                comment="From tape", copyright="2026 Example", genre="Folk")  # fmt: skip
PLAIN_WAV = {field: (*names[:2], "") for field, names in ID3.items()} | {
    "title": ("RIFF:Title", "Track", "title"),
    "artist": ("RIFF:Artist", "Performer", "artist"),
    "album": ("RIFF:Product", "Album", "album"),
    "track": ("RIFF:TrackNumber", "Track_Position", "track"),
    "year": ("RIFF:DateCreated", "Recorded_Date", "date"),
    "genre": ("RIFF:Genre", "Genre", "genre"),
    "copyright": ("RIFF:Copyright", "Copyright", "copyright"),
    "composer": ("RIFF:MusicBy", "Composer", "IMUS"),
    "language": ("RIFF:Language", "Language", "language"),
    "comment": ("RIFF:Comment", "Comment", "comment"),
}
OPUS = VORBIS | {"gain": ("Vorbis:R128TrackGain", "R128_TRACK_GAIN", "R128_TRACK_GAIN")}
TABLES = {
    "mp3": ID3,
    "aiff": ID3 | {"language": ("ID3:Language", "", "language")},
    "wav": ID3 | {"language": ("ID3:Language", "", "language")},
    "plain wav": PLAIN_WAV,
    "flac": VORBIS,
    "ogg": VORBIS,
    "opus": OPUS,
    "m4a": MP4,
    "alac.m4a": MP4,
}
SAID_OTHERWISE = {
    "year": (FULL.year, "2026:05:31"),
    "track": ("3", "3/12", "3 of 12"),
    "disc": ("1", "1/2", "1 of 2"),
    "comment": (FULL.comment, "From tape; / second line", "From tape;.second line"),
    "language": ("nor", "no"),
    "gain": ("-7.89 dB", "-7.89", "-3300"),
    "cover": ("Yes", "png"),
}


def in_exiftool(path: Path) -> dict[str, Any]:
    """What ExifTool says, with each TXXX under its own name."""
    found = exiftool(path)
    own = re.findall(r"User Defined Text +: \((.*?)\) (.*)", ask("exiftool", "-a", path))
    return found | {f"{OWN} {name}": text for name, text in own}


def said_by(tool: dict[str, Any], name: str) -> str:
    """MediaInfo puts quotes around what has " / " in it, with which it divides values."""
    text = str(tool.get(name))
    return text[1:-1] if text[:1] == text[-1:] == '"' else text


@pytest.mark.parametrize("kind", TABLES)
def test_others_read_what_was_written(tmp_path, kind):
    path = made(tmp_path, kind.removeprefix("plain "))
    full = PLAIN if kind == "plain wav" else FULL
    write_tags(path, full, bext=BEXT if kind == "plain wav" else None)
    probed = ffprobe(path)
    (sound, *pictures) = sorted(probed["streams"], key=lambda each: each["codec_type"])
    said = probed["format"].get("tags", {}) | sound.get("tags", {})
    said["video"] = pictures[0]["codec_name"] if pictures else "nothing"
    lines = [f"{'':14} {'ExifTool':32} {'MediaInfo':32} ffprobe"]
    wrong = []
    found = in_exiftool(path), mediainfo(path), said
    for field, names in TABLES[kind].items():
        wanted = (str(getattr(full, field)), *SAID_OTHERWISE.get(field, ()))
        answers = []
        for tool, name in zip(found, names, strict=True):
            answer = said_by(tool, name) if name else "-"
            answers.append(answer)
            if answer != "-" and answer not in wanted and "Binary data 88 bytes" not in answer:
                wrong.append((field, name, answer))
        lines.append(f"{field:14} {answers[0]:32} {answers[1]:32} {answers[2]}")
    print(f"\n{kind}\n" + "\n".join(lines))
    assert wrong == []


def test_others_read_bext_loudness_and_isrc(tmp_path):
    path = made(tmp_path, "wav")
    write_tags(path, FULL, bext=BEXT)
    said = mediainfo(path)
    assert said["Description"] == BEXT.description
    assert said["Producer"] == BEXT.originator
    assert said["Encoded_Library_Settings"] == BEXT.coding_history
    assert said["ISRC"] == FULL.isrc
    loudness = ("LoudnessValue", "LoudnessRange", "MaxTruePeakLevel", "MaxMomentaryLoudness")
    figures = [float(said[name]) for name in (*loudness, "MaxShortTermLoudness")]
    assert figures == [-14.02, 6.1, -1.0, -9.5, -11.25]
    found = exiftool(path)
    assert found["RIFF:Description"] == BEXT.description
    assert found["RIFF:DateTimeOriginal"] == "2026:05:31 18:30:00"
    assert found["RIFF:TimeReference"] == BEXT.time_reference
    assert found["RIFF:BWFVersion"] == 2
    assert found["RIFF:CodingHistory"].startswith(BEXT.coding_history)
    tags = ffprobe(path)["format"]["tags"]
    assert tags["encoded_by"] == BEXT.originator
    assert tags["time_reference"] == str(BEXT.time_reference)


def test_soundfile_reads_a_tagged_wav_and_its_strings(tmp_path):
    path = made(tmp_path, "wav")
    write_tags(path, PLAIN, bext=BEXT)
    with soundfile.SoundFile(path) as file:
        assert file.frames == 44100
        assert (file.title, file.artist, file.album) == (PLAIN.title, PLAIN.artist, PLAIN.album)
        assert (file.comment, file.tracknumber) == (PLAIN.comment, "3/12")
    write_tags(path, FULL)
    with soundfile.SoundFile(path) as file:
        assert file.frames == 44100


def test_metaflac_and_flac_agree(tmp_path):
    path = made(tmp_path, "flac")
    write_tags(path, FULL)
    assert "ok" in ask("flac", "-t", path)
    said = ask("metaflac", "--show-tag=TITLE", "--show-tag=ISRC", "--show-tag=PRODUCEDNOTICE", path)
    assert said.splitlines() == [
        f"TITLE={FULL.title}",
        f"ISRC={FULL.isrc}",
        f"PRODUCEDNOTICE={FULL.phonogram}",
    ]
    ask("metaflac", f"--export-picture-to={tmp_path / 'a.png'}", path)
    assert (tmp_path / "a.png").read_bytes() == FULL.cover.data


def test_opusinfo_agrees(tmp_path):
    path = made(tmp_path, "opus")
    write_tags(path, FULL)
    said = ask("opusinfo", path)
    for line in (f"ARTIST={FULL.artist}", "R128_TRACK_GAIN=-3300", "3|image/png||64x48x24"):
        assert line in said
    assert "WARNING" not in said


def test_mpg123_plays_what_it_played_before(tmp_path):
    path = made(tmp_path, "mp3")
    ask("mpg123", "-q", "-w", tmp_path / "before.wav", path)
    write_tags(path, FULL)
    ask("mpg123", "-q", "-w", tmp_path / "after.wav", path)
    assert pcm_sha256(tmp_path / "after.wav") == pcm_sha256(tmp_path / "before.wav")
