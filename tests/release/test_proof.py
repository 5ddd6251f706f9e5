"""The example album, read by other people's tools: each must say what the album file says.

`pytest -s tests/release/test_proof.py` prints the tables.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from album_tools import example_release
from masterprint.codes import iswc_of
from masterprint.disc.layout import timecode
from masterprint.release.loading import Album, load_album
from oracles import decibels, gated_lufs, lufs, scipy_peak, window_powers
from other_tools import ask, exiftool, ffprobe, mediainfo

LOSSY = ("AAC 256 kbit-s", "MP3 320 kbit-s", "MP3 V0", "Ogg Vorbis 256 kbit-s", "Opus 160 kbit-s")
LOSSLESS = ("ALAC 24-bit", "FLAC 24-bit")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return example_release(tmp_path_factory)


@pytest.fixture(scope="module")
def release(folder):
    return folder / "release" / "album"


@pytest.fixture(scope="module")
def album(folder):
    return load_album(folder / "album.yaml")


def wanted(album: Album, index: int) -> dict[str, str]:
    """What the album file says of a track."""
    track, model = album.tracks[index], album.model
    found = {
        "title": track.title,
        "artist": track.performer or model.artist,
        "album artist": model.artist,
        "album": model.title,
        "track": str(album.numbers[index]),
        "tracks": str(max(album.numbers)),
        "date": model.year,
        "genre": model.genre,
        "isrc": track.isrc,
        "upc": model.upc,
        "catalogue": model.catalog_number,
        "label": model.label,
        "copyright": model.copyright,
        "phonogram": model.phonogram,
        "composer": model.composer,
        "publisher": model.publisher,
        "iswc": track.iswc,
        "language": model.language,
    }
    return {key: value for key, value in found.items() if value is not None}


def lower(tags: dict[str, Any]) -> dict[str, str]:
    return {key.lower(): str(value) for key, value in tags.items()}


NAMES = {
    # Our field: what tools call it, in small letters.
    "title": ("title", "track name"),
    "artist": ("artist", "performer"),
    "album artist": ("album_artist", "albumartist", "album_performer", "band"),
    "album": ("album",),
    "track": ("track", "tracknumber", "track_position"),
    "tracks": ("tracktotal", "totaltracks", "track_position_total"),
    "date": ("date", "recorded_date", "recordingtime", "year", "contentcreatedate"),
    "genre": ("genre",),
    "isrc": ("isrc", "tsrc", "isrcnumber"),
    "upc": ("barcode",),
    "catalogue": ("catalognumber",),
    "label": ("label",),
    "copyright": ("copyright",),
    "phonogram": ("producednotice", "tpro"),
    "composer": ("composer", "imus"),
    "publisher": ("musicpublisher", "music_publisher"),
    "iswc": ("iswc",),
    "language": ("language",),
}


def said(tags: dict[str, str]) -> dict[str, str]:
    """A tool's answer by our fields; "1/3" parted in two."""
    found = {}
    for field, names in NAMES.items():
        value = next((tags[name] for name in names if name in tags), None)
        if value is not None:
            found[field] = value
    # ID3 has the label where others have the publisher of the work.
    if "publisher" in tags:
        found.setdefault("publisher" if "label" in found else "label", tags["publisher"])
    track, slash, tracks = found.get("track", "").partition("/" if "/" in str(found) else " of ")
    if slash and track.isdecimal():
        found |= {"track": track, "tracks": tracks}
    return found


def by_ffprobe(path: Path) -> dict[str, str]:
    data = ffprobe(path)
    tags = lower(data["format"].get("tags", {}))
    return said(lower(data["streams"][0].get("tags", {})) | tags)


def by_mediainfo(path: Path) -> dict[str, str]:
    data = mediainfo(path)
    extra = data.pop("extra", {})
    plain = {key: value for key, value in data.items() if isinstance(value, str)}
    plain.pop("Language", None)  # of the stream, not of what is sung
    plain.pop("Track", None)  # the title once more
    more = {key: value for key, value in extra.items() if isinstance(value, str)}
    return said(lower(more) | lower(plain))


def by_exiftool(path: Path) -> dict[str, str]:
    found = {}
    told = exiftool(path)
    assert "ExifTool:Warning" not in told, told["ExifTool:Warning"]
    for key, value in told.items():
        group, _, name = key.partition(":")
        if group in ("Vorbis", "ID3", "QuickTime", "FLAC", "RIFF", "XMP"):
            found.setdefault(name.lower(), str(value))
    return said(found)


def by_metaflac(path: Path) -> dict[str, str]:
    lines = ask("metaflac", "--export-tags-to=-", path).splitlines()
    return said({key.lower(): value for key, _, value in (line.partition("=") for line in lines)})


def by_opusinfo(path: Path) -> dict[str, str]:
    lines = re.findall(r"^\s*(\w+)=(.*)$", ask("opusinfo", path), re.M)
    return said({key.lower(): value for key, value in lines})


TOOLS: dict[str, Callable[[Path], dict[str, str]]] = {
    "ffprobe": by_ffprobe,
    "mediainfo": by_mediainfo,
    "exiftool": by_exiftool,
    "metaflac": by_metaflac,
    "opusinfo": by_opusinfo,
}
ONLY_IN_ID3 = (
    "album artist",
    "catalogue",
    "isrc",
    "iswc",
    "label",
    "phonogram",
    "publisher",
    "upc",
)
UNSAID: dict[tuple[str, str], tuple[str, ...]] = {
    # What tools do not tell of a kind of file, though it is in it; all else they must.
    ("ffprobe", ".mp3"): ("publisher",),
    ("ffprobe", ".m4a"): ("phonogram", "publisher"),
    # Beside INFO or bext ffmpeg reads no `id3 `; and INFO has no title where it is not ASCII.
    ("ffprobe", ".wav"): (*ONLY_IN_ID3, "title"),
    ("mediainfo", ".flac"): ("language",),
    ("mediainfo", ".mp3"): ("language", "phonogram"),
    ("mediainfo", ".m4a"): ("phonogram", "publisher"),
    ("mediainfo", ".ogg"): ("language",),
    ("mediainfo", ".opus"): ("language",),
    ("mediainfo", ".wav"): ("language", "phonogram"),
    # ExifTool gives the fields of TXXX one name.
    ("exiftool", ".mp3"): ("catalogue", "iswc", "publisher", "upc"),
    ("exiftool", ".m4a"): ("phonogram",),
    ("exiftool", ".wav"): ("catalogue", "iswc", "publisher", "upc"),
}
ONE_KIND = {"metaflac": ".flac", "opusinfo": ".opus"}


@pytest.mark.parametrize("kind", [*LOSSY, *LOSSLESS, "streaming", "broadcast"])
def test_every_tool_says_what_the_album_file_says(release, album, kind):
    place = release / ("download" if kind in (*LOSSY, *LOSSLESS) else "") / kind
    wrong = []
    for index in range(3):
        (path,) = place.glob(f"{album.numbers[index]:02} *.[!t]*")
        expected = wanted(album, index)
        answers = {
            tool: read(path)
            for tool, read in TOOLS.items()
            if ONE_KIND.get(tool, path.suffix) == path.suffix
        }
        print(f"\n{kind}/{path.name}\n  {'':13} {'album file':22} {'  '.join(answers)}")
        for field, value in expected.items():
            marks = []
            for tool, found in answers.items():
                answer = found.get(field)
                if field == "iswc" and answer is not None:
                    answer = iswc_of(answer)
                may_miss = field in UNSAID.get((tool, path.suffix), ())
                if answer != value and not (answer is None and may_miss):
                    wrong.append((path.name, tool, field, answer, value))
                mark = "-" if answer is None else "same" if answer == value else answer
                marks.append(mark.ljust(len(tool)))
            print(f"  {field:13} {value:22} {'  '.join(marks)}")
    assert wrong == []


def frames_of(path: Path) -> int:
    return int(soundfile.info(path).frames)


def decoded_frames(path: Path, folder: Path) -> dict[str, int]:
    """How many frames other people's decoders make of a file."""
    out = folder / "decoded.wav"
    found = {}
    ask("ffmpeg", "-v", "error", "-y", "-i", path, "-map", "0:a", out)
    found["ffmpeg"] = frames_of(out)
    if path.suffix == ".mp3":
        ask("mpg123", "-q", "-w", out, path)
        found["mpg123"] = frames_of(out)
        ask("lame", "--quiet", "--decode", path, out)
        found["lame"] = frames_of(out)
    if path.suffix == ".opus":
        ask("opusdec", "--quiet", path, out)
        found["opusdec"] = frames_of(out)
    if path.suffix == ".flac":
        ask("flac", "-s", "-d", "-f", "-o", out, path)
        found["flac"] = frames_of(out)
    return found


@pytest.mark.parametrize("kind", [*LOSSY, *LOSSLESS])
def test_what_is_decoded_is_as_long_as_what_was_encoded(release, kind, tmp_path):
    sources = sorted((release / "streaming").glob("*.wav"))
    files = sorted((release / "download" / kind).iterdir())
    assert len(files) == len(sources) == 3
    print(f"\n{kind}: frames")
    for source, path in zip(sources, files, strict=True):
        found = decoded_frames(path, tmp_path)
        print(f"  {path.name:22} {frames_of(source)} in, {found}")
        if kind.startswith("AAC"):
            # FFmpeg's command takes the delay off, but leaves the padding in the last frame.
            told = ffprobe(path)["format"]["tags"]["iTunSMPB"].split()
            assert int(told[3], 16) == frames_of(source)
            assert 0 <= found["ffmpeg"] - frames_of(source) < 1024
        else:
            assert set(found.values()) == {frames_of(source)}


def test_lossless_files_are_the_streaming_files_and_whole(release, tmp_path):
    for source in sorted((release / "streaming").glob("*.wav")):
        ask("flac", "-t", "-s", release / "download" / "FLAC 24-bit" / f"{source.stem}.flac")
        md5 = ["-map", "0:a", "-c:a", "pcm_s24le", "-f", "md5", "-"]
        sums = {
            ask("ffmpeg", "-v", "error", "-i", file, *md5)
            for file in (
                source,
                release / "download" / "FLAC 24-bit" / f"{source.stem}.flac",
                release / "download" / "ALAC 24-bit" / f"{source.stem}.m4a",
            )
        }
        assert len(sums) == 1


def test_streaming_files_are_the_masters_where_nothing_was_done_to_them(release):
    whole, _ = soundfile.read(release / "streaming" / "01 Shore.wav", dtype="int32")
    master, _ = soundfile.read(release / "masters" / "shore.wav", dtype="int32")
    np.testing.assert_array_equal(whole[: len(master)], master)
    assert not whole[len(master) :].any()  # the gap


def test_a_segue_is_played_without_a_hole(release):
    first, rate = soundfile.read(release / "streaming" / "02 Undertow.wav", dtype="int32")
    second, _ = soundfile.read(release / "streaming" / "03 Ebb & Flöde.wav", dtype="int32")
    for name, audio in (("undertow", first), ("ebb", second)):
        master, _ = soundfile.read(release / "masters" / f"{name}.wav", dtype="int32")
        np.testing.assert_array_equal(audio[: len(master)], master)
    assert len(first) == 13 * rate + 77


def test_gains_for_players_are_those_of_an_independent_meter(release):
    """ReplayGain 2.0 of track and album in every download, as ffprobe reads it."""
    sources = [soundfile.read(path) for path in sorted((release / "streaming").glob("*.wav"))]
    powers = [window_powers(audio.T, rate, 0.4, 0.1) for audio, rate in sources]
    album_db = -18.0 - gated_lufs(np.concatenate(powers))
    rows = []
    for kind in (*LOSSY, *LOSSLESS):
        files = sorted((release / "download" / kind).iterdir())
        for path, found in zip(files, powers, strict=True):
            data = ffprobe(path)
            tags = lower(data["streams"][0].get("tags", {})) | lower(data["format"].get("tags", {}))
            if path.suffix == ".opus":
                pair = (int(tags[f"r128_{of}_gain"]) / 256 + 5.0 for of in ("track", "album"))
            else:
                pair = (float(tags[f"replaygain_{of}_gain"][:-3]) for of in ("track", "album"))
            rows.append((path.name, tuple(pair), (-18.0 - gated_lufs(found), album_db)))
    print("\nReplayGain of track and album: file, meter")
    for name, said_db, meter_db in rows:
        print(f"  {name:20}", *(f"{each:7.2f}" for each in (*said_db, *meter_db)))
        assert said_db == pytest.approx(meter_db, abs=0.01)
    flac = release / "download" / "FLAC 24-bit" / "02 Undertow.flac"
    peak = float(ffprobe(flac)["format"]["tags"]["REPLAYGAIN_TRACK_PEAK"])
    assert peak == pytest.approx(scipy_peak(sources[1][0].T), rel=0.005)
    assert re.search(r"Pre-skip: [1-9]", ask("opusinfo", *(release / "download").glob("Opus*/01*")))


def test_broadcast_loudness_is_that_of_an_independent_meter(release):
    audio, rate = soundfile.read(release / "broadcast" / "02 Undertow.wav")
    data = (release / "broadcast" / "02 Undertow.wav").read_bytes()
    told = struct.unpack_from("<5h", data, data.index(b"bext") + 8 + 412)
    meter = (
        gated_lufs(window_powers(audio.T, rate, 0.4, 0.1)),
        decibels(scipy_peak(audio.T)),
        lufs(max(window_powers(audio.T, rate, 0.4, 0.01))),
        lufs(max(window_powers(audio.T, rate, 3.0, 0.01))),
    )
    print(f"\nbext {told}, meter {[round(100 * each, 1) for each in meter]}")
    assert [told[0], *told[2:]] == pytest.approx([100 * each for each in meter], abs=2.0)


def disc_table(album: Album, release: Path) -> list[tuple[int, str, str, str, int, int]]:
    """Number, title, performer, ISRC, index 1 and length in sectors, as the album has them.

    The length is without the pause that follows.
    """
    data = json.loads((release / "sequence" / "manifest.json").read_text())
    marks = {
        each["track"]: each["mark_cd_frames"] for each in data["timeline"] if not each["hidden"]
    }
    ends = [*list(marks.values())[1:], int(-(-data["programme"]["duration_s"] * 75 // 1))]
    numbered = [track for track in album.tracks if not track.hidden]
    gaps = [album.model.gap_s if track.gap_s is None else track.gap_s for track in numbered]
    ends = [end - round(75 * gap) for end, gap in zip(ends, [*gaps[1:], 0], strict=True)]
    rows = []
    for index, track in enumerate(album.tracks):
        if not track.hidden:
            number = album.numbers[index]
            performer = track.performer or album.model.artist
            end = ends[number - 1]
            rows.append(
                (number, track.title, performer, track.isrc, marks[number], end - marks[number])
            )
    return rows


def test_cdrdao_reads_the_disc_as_the_album_has_it(release, album):
    toc = release / "cd" / "Low Tide.toc"
    said = ask("cdrdao", "show-toc", toc)
    print(f"\n{said}")
    assert re.search(r"CATALOG NUMBER: (\d+)", said)[1] == album.model.upc
    tracks = re.findall(
        r"TRACK +(\d+).*?ISRC (\S+) (\S+) (\d\d) (\d{5}).*?START +\S+?\( *(\d+)\)\s+"
        r"END +\S+?\( *(\d+)\)",
        said,
        re.S,
    )
    found = [(int(t[0]), "".join(t[1:5]), int(t[5]), int(t[6]) - int(t[5])) for t in tracks]
    expected = [(row[0], row[3], row[4], row[5]) for row in disc_table(album, release)]
    assert found == expected
    assert "WARNING" not in said
    ask("cdrdao", "read-test", toc)


def test_libcdio_reads_the_disc_as_the_album_has_it(release, album, tmp_path):
    # cd-info takes raw audio under the cue sheet's own name only.
    cue = tmp_path / "disc.cue"
    shutil.copy(release / "cd" / "Low Tide.cue", cue)
    text = cue.read_bytes().replace(b'FILE "Low Tide.wav" WAVE', b'FILE "disc.bin" BINARY')
    cue.write_bytes(text)
    words, _ = soundfile.read(release / "cd" / "Low Tide.wav", dtype="int16")
    (tmp_path / "disc.bin").write_bytes(words.tobytes())
    said = ask("cd-info", "--no-header", "--no-device-info", f"--cue-file={cue}")
    print(f"\n{said}")
    rows = disc_table(album, release)
    lsns = [int(lsn) for lsn in re.findall(r"^ *\d+: \S+ +(\d+) audio", said, re.M)]
    assert lsns == [row[4] for row in rows]
    assert album.model.upc in said
    for _, title, performer, *_ in rows:
        assert f"TITLE: {title}" in said
        assert f"PERFORMER: {performer}" in said


def test_the_ddp_set_agrees_with_its_sums_and_with_the_album(release, album, run):
    (folder,) = (release / "ddp").glob("* DDP")
    ask("sh", "-c", f"cd '{folder}' && md5sum --strict --quiet -c CHECKSUM.MD5")
    done = run("ddp", folder, "--json")
    assert done.returncode == 0, done.stderr
    image = np.fromfile(folder / "IMAGE.DAT", "<i2").reshape(-1, 2)
    words, _ = soundfile.read(release / "cd" / "Low Tide.wav", dtype="int16")
    np.testing.assert_array_equal(image[150 * 588 :], words)
    sheet = (release / "ddp" / "pq-sheet.txt").read_text()
    for number, title, _, isrc, start, length in disc_table(album, release):
        line = next(row for row in sheet.splitlines() if row.startswith(f"{number:02}  "))
        assert timecode(start + 150) in line
        assert timecode(length) in line
        assert f"{isrc[:2]}-{isrc[2:5]}-{isrc[5:7]}-{isrc[7:]}" in line
        assert title in line


def test_every_delivery_has_sums_that_agree(release):
    for folder in release.iterdir():
        if (folder / "checksums.sha256").exists():
            ask("sh", "-c", f"cd '{folder}' && sha256sum --strict --quiet -c checksums.sha256")


def test_running_the_example_once_more_makes_nothing_anew(folder, run):
    done = run("album", "deliver", folder / "album.yaml", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["would"]
    assert {row["would"] for row in rows} == {"done"}
