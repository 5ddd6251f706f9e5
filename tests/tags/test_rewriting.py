"""WAV files that are written again: what is not to be changed is there, byte for byte."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from masterprint.files.wav import WavWriter
from masterprint.tags.replacing import replacing
from masterprint.tags.rewriting import rewrite
from masterprint.tags.riff import scan_riff
from other_tools import ask
from tag_tools import FMT, chunk, riff

AUDIO = bytes(range(251))
JUNK = chunk(b"JUNK", b"\0" * 28)


@pytest.fixture
def rewritten(tmp_path):
    def again(content: bytes, changes, **options):
        path = tmp_path / "a.wav"
        path.write_bytes(content)
        found = scan_riff(path)
        with replacing(path, copied=False) as part, part.open("r+b") as out:
            rewrite(found, changes, out, **options)
        return path, scan_riff(path)

    return again


def names(found):
    return [chunk.name for chunk in found.chunks]


def test_nothing_to_change_changes_nothing(rewritten):
    chunks = FMT, chunk(b"abcd", b"odd"), chunk(b"data", AUDIO), chunk(b"LIST", b"adtl1")
    before = riff(JUNK, *chunks) + b"\0\0trailing"
    size = struct.pack("<I", len(before) - 8 - len(b"\0\0trailing"))
    before = before[:4] + size + before[8:]
    path, _ = rewritten(before, {})
    assert path.read_bytes() == before


def test_new_chunks_stand_before_the_audio_and_id3_after_it(rewritten):
    before = riff(FMT, chunk(b"axml", b"old"), chunk(b"data", AUDIO), chunk(b"smpl", b"xyz"))
    changes = {b"id3 ": b"tag", b"LIST INFO": b"abc", b"bext": b"new", b"axml": None}
    path, found = rewritten(before + b"\xffend", changes)
    assert names(found) == ["fmt", "bext", "LIST INFO", "data", "smpl", "id3"]
    assert found.first(b"LIST INFO") == b"INFOabc"
    assert found.first(b"data") == AUDIO
    assert found.first(b"smpl") == b"xyz"
    content = path.read_bytes()
    assert content.endswith(b"id3 \x03\0\0\0tag\0\xffend")
    assert int.from_bytes(content[4:8], "little") == len(content) - 8 - 4


def test_doubles_become_one(rewritten):
    doubles = chunk(b"id3 ", b"one"), chunk(b"ID3 ", b"two"), chunk(b"LIST", b"INFOx")
    _, found = rewritten(
        riff(FMT, *doubles, chunk(b"data", AUDIO), *doubles), {b"id3 ": b"tag", b"LIST INFO": None}
    )
    assert names(found) == ["fmt", "data", "id3"]


@pytest.mark.parametrize("room", [(JUNK,), ()])
def test_a_file_that_passes_4_gib_becomes_rf64_in_the_room_that_was_kept(rewritten, room):
    audio = np.arange(1000, dtype="<i2").tobytes()
    before = riff(*room, FMT, chunk(b"big ", b"x" * 2001), chunk(b"data", audio))
    path, found = rewritten(before, {b"bext": b"new"}, limit=2000)
    assert names(found) == ["ds64", "fmt", "big", "bext", "data"]
    content = path.read_bytes()
    assert content[:16] == b"RF64\xff\xff\xff\xffWAVEds64"
    sizes = struct.unpack("<QQQI4sQ", content[20:60])
    assert sizes == (len(content) - 8, 2000, 1000, 1, b"big ", 2001)
    assert found.first(b"big ") == b"x" * 2001
    assert found.first(b"data") == audio


def test_a_file_below_4_gib_stays_riff_and_keeps_its_room(rewritten):
    _, found = rewritten(riff(JUNK, FMT, chunk(b"data", AUDIO)), {b"bext": b"new"})
    assert found.kind == b"RIFF"
    assert names(found) == ["JUNK", "fmt", "bext", "data"]


def test_rf64_is_read_by_others_before_and_after(rewritten):
    wanted = np.arange(-3000, 3000, dtype="<i2").reshape(-1, 2)
    out = io.BytesIO()
    writer = WavWriter(out, 48000, 2, 16, False, None, limit=100)
    writer.write(wanted.tobytes())
    writer.finish()
    path, found = rewritten(out.getvalue(), {b"LIST INFO": b"INAM\x04\0\0\0Ebb\0", b"id3 ": b"x"})
    assert found.kind == b"RF64"
    assert found.frames == 3000
    got, rate = soundfile.read(path, dtype="int16")
    assert rate == 48000
    np.testing.assert_array_equal(got, wanted)
    said = ask(
        "ffprobe", "-v", "error", "-show_entries", "format_tags=title:stream=duration_ts", path
    )
    assert "title=Ebb" in said
    assert "duration_ts=3000" in said
