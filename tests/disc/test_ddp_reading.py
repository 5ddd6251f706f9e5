"""Reading DDP sets: ours, those of other writers, and those made to do harm."""

from __future__ import annotations

import hashlib
import os
import zlib
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disc_tools import DISCS, HIDDEN, PLAIN, audio_of, blocks_of
from masterprint.disc.ddp import write_ddp
from masterprint.disc.ddp_reading import read_ddp
from masterprint.disc.layout import Disc, DiscTrack
from masterprint.errors import MasterprintError, UsageError


@pytest.fixture
def folder(tmp_path):
    """The set of PLAIN."""
    write_ddp(tmp_path / "ddp", PLAIN, blocks_of(audio_of(PLAIN)), master_id="EX-001 v2")
    return tmp_path / "ddp"


def patch(path, at, data):
    old = bytearray(path.read_bytes())
    old[at : at + len(data)] = data
    path.write_bytes(bytes(old))


def without_checksums(folder):
    for path in folder.glob("CHECKSUM.*"):
        path.unlink()


@pytest.mark.parametrize("name", ["plain", "hidden", "bare", "index 2", "from the beginning"])
def test_what_is_written_is_read_back(tmp_path, name):
    more = {
        "index 2": Disc(900, (DiscTrack(0, indexes=(300, 350)), DiscTrack(600, pregap=400))),
        "from the beginning": Disc(900, (DiscTrack(400, pregap=0),), lead_sectors=0),
    }
    disc = (DISCS | more)[name]
    image, _ = write_ddp(tmp_path, disc, blocks_of(audio_of(disc)))
    found = read_ddp(tmp_path)
    assert found.disc == replace(disc, upc=disc.upc and disc.upc.zfill(13))
    assert found.problems == ()
    assert found.image == image
    assert len(found.checksums) == (10 if found.cdtext else 8)
    assert all(agrees for _, agrees in found.checksums)


def test_sets_of_other_writers_are_read(folder):
    """Sonoris and HOFA: zeros before numbers, DSS 0, not scrambled, UPC everywhere, user text."""
    without_checksums(folder)
    ms = folder / "DDPMS"
    text, pq, image = (128 * n for n in range(3))
    for packet in (text, pq, image):
        length = ms.read_bytes()[packet + 14 : packet + 22]
        patch(ms, packet + 14, length.replace(b" ", b"0"))
        patch(ms, packet + 71, b"017")
    patch(ms, image + 22, b"00000000")
    patch(ms, image + 41, b"0")
    patch(ms, text + 55, b"  ")
    patch(ms, pq + 74, b"SD".ljust(17))
    (folder / "PQDESCR").rename(folder / "sd")
    patch(folder / "DDPID", 8, b"400638133393 ")
    patch(folder / "DDPID", 86, b"O")
    patch(folder / "DDPID", 94, b"09USER TEXT")
    digest = hashlib.md5((folder / "sd").read_bytes()).hexdigest()
    (folder / "MD5_CHECKSUM.MD5").write_bytes(f"{digest.upper()} *SD\r\n".encode())
    found = read_ddp(folder)
    assert found.disc.tracks == PLAIN.tracks
    assert [(told.name, agrees) for told, agrees in found.checksums] == [("SD", True)]
    (problem,) = found.problems
    assert "the UPC is not the same everywhere: 400638133393 in DDPID" in problem


@pytest.mark.parametrize(
    "style",
    [
        "{md5} *{name}",
        "{md5}  {name}",
        "MD5 ({name}) = {md5}",
        "{name}={md5}",
        "{name}\t{md5}",
        "; comment\n{name}: {sha1}",
        "{sha256} {name}",
        "[CRC32 Checksum]\nVersion=1.01\n{name}={crc}",
    ],
)
def test_checksums_of_usual_styles_are_checked(folder, style):
    without_checksums(folder)
    data = (folder / "PQDESCR").read_bytes()
    sums = {
        "md5": hashlib.md5(data).hexdigest(),
        "sha1": hashlib.sha1(data).hexdigest().upper(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "crc": f"{zlib.crc32(data):08X}",
    }
    (folder / "checksums.txt").write_text(style.format(name="PQDESCR", **sums) + "\n")
    assert [agrees for _, agrees in read_ddp(folder).checksums] == [True]
    # The title of track 1 is in CD-Text; here a flag changes.
    patch(folder / "PQDESCR", 64 * 2 + 16, b"2")
    found = read_ddp(folder)
    assert [agrees for _, agrees in found.checksums] == [False]
    assert any("of PQDESCR does not agree" in problem for problem in found.problems)


def test_what_does_not_agree_is_named(folder):
    image = folder / "IMAGE.DAT"
    os.truncate(image, image.stat().st_size - 2352)
    (folder / "CDTEXT.BIN").unlink()
    found = read_ddp(folder)
    said = "\n".join(found.problems)
    assert "CDTEXT.BIN is missing, which DDPMS names" in said
    assert "IMAGE.DAT has 5113248 bytes, where the lead-out at 00:29:00 makes 5115600" in said
    assert "it is cut short" in said
    assert "the MD5 of IMAGE.DAT does not agree" in said
    assert found.disc.tracks[0].title == ""
    assert found.disc.tracks[0].isrc == "GBAYE2600001"


def test_codes_that_contradict_each_other_are_named(folder):
    patch(folder / "PQDESCR", 64 + 20, b"GBAYE2699999")
    patch(folder / "DDPID", 8, b"5012345678900")
    said = "\n".join(read_ddp(folder).problems)
    assert "track 1 has the ISRC GBAYE2699999 in the PQ descriptor and GBAYE2600001 in CD-Text" in (
        said
    )
    assert "5012345678900 in DDPID, 4006381333931 in the PQ descriptor" in said


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", "a\\b", "C:x", "a\x1b[2J"])
def test_names_that_lead_out_of_the_folder_are_refused(folder, tmp_path, name):
    (tmp_path / "secret").write_text("mine")
    patch(folder / "DDPMS", 2 * 128 + 74, name.encode().ljust(17))
    with pytest.raises(UsageError, match="a plain name of a file in the same folder"):
        read_ddp(folder)


def test_links_and_pipes_are_refused(folder, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(2352))
    (folder / "IMAGE.DAT").unlink()
    (folder / "IMAGE.DAT").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match="link that leads out"):
        read_ddp(folder)
    (folder / "IMAGE.DAT").unlink()
    os.mkfifo(folder / "IMAGE.DAT")
    with pytest.raises(UsageError, match="is no file"):
        read_ddp(folder)


@pytest.mark.parametrize(
    ("file", "at", "data", "said"),
    [
        ("DDPID", 0, b"RIFF", "begins with 'RIFF2.00'|where DDP 2.00"),
        ("DDPID", 87, b"DV", "is of type 'DV'"),
        ("DDPMS", 0, b"XXXX", "packet 1: begins with 'XXXX', where VVVM"),
        ("DDPMS", 128 + 30, b"        ", "names 0 PQ descriptors"),
        ("DDPMS", 256 + 38, b"10", "names 0 images of audio"),
        ("DDPMS", 256 + 14, b"12x45   ", "length is '12x45', where a number"),
        ("PQDESCR", 64, b"VVVX", "packet 2: begins with 'VVVX'"),
        ("PQDESCR", 64 * 2 + 10, b"009900", "packet 3: found '00:99:00'"),
        ("PQDESCR", 64 * 3 + 4, b"07", "packet 4: has the track 7, where 2"),
        ("PQDESCR", 64 * 3 + 10, b"000000", "where one not before 00:02:00"),
        ("PQDESCR", 64 * 2 + 6, b"05", "has index 05 of track 1, where 01"),
        ("PQDESCR", 64 * 2 + 16, b"4", "track 1 is data"),
        ("CDTEXT.BIN", 0, b"RIFF", "CDTEXT.BIN: .* no CD-Text"),
    ],
)
def test_sets_that_make_no_sense_are_refused(folder, file, at, data, said):
    patch(folder / file, at, data)
    with pytest.raises(UsageError, match=said):
        read_ddp(folder)


def test_folders_without_a_set_are_refused(tmp_path):
    for place, said in (
        (tmp_path, "has no file DDPID"),
        (tmp_path / "nowhere", "there is no such folder"),
        (tmp_path / "file", "is no folder"),
    ):
        (tmp_path / "file").write_text("")
        with pytest.raises(UsageError, match=said):
            read_ddp(place)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_broken_sets_are_read_or_refused(tmp_path_factory, data):
    folder = _small(tmp_path_factory)
    name = data.draw(st.sampled_from(["DDPID", "DDPMS", "PQDESCR", "CDTEXT.BIN", "CHECKSUM.MD5"]))
    whole = (folder / name).read_bytes()
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 5))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    (folder / name).write_bytes(broken[: data.draw(st.integers(0, len(broken)))])
    try:
        read_ddp(folder)
    except MasterprintError:
        pass
    finally:
        (folder / name).write_bytes(whole)


def _small(tmp_path_factory, made={}):  # noqa: B006
    """A set with an image of next to nothing, made once."""
    if not made:
        made["folder"] = tmp_path_factory.mktemp("ddp")
        write_ddp(made["folder"], HIDDEN, blocks_of(audio_of(HIDDEN)))
        os.truncate(made["folder"] / "IMAGE.DAT", 2352)
    return made["folder"]
