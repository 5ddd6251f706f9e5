"""DDP sets against published ones, byte for byte, and as others' tools read the image."""

from __future__ import annotations

import hashlib
import subprocess
import zlib
from dataclasses import replace

import numpy as np
import pytest

from disc_tools import BARE, DISCS, PLAIN, audio_of, blocks_of
from masterprint.disc.ddp import DdpNames, ddp_files, write_ddp
from masterprint.disc.image import write_image
from masterprint.disc.layout import Disc, DiscTrack
from masterprint.errors import AudioFileError, UsageError
from other_tools import ask

NO_UPC = "187970110683c92c25bdb82256354780"
CUE2DDP = {
    "codes": (
        Disc(750, (DiscTrack(0, isrc="USABC1234567"),), upc="0123456789012"),
        {
            "DDPID": "dd89c874714f94418b20feea4d9b2ac6",
            "DDPMS": "4ddcd3c75e054c6685453524a0973a1a",
            "SD": "e6d506c61b61150a572f5290379e47d9",
        },
    ),
    "a pause": (
        Disc(1500, (DiscTrack(0), DiscTrack(750, pregap=600))),
        {
            "DDPID": NO_UPC,
            "DDPMS": "786f12e522c55f9d6c81e24871d4d79f",
            "SD": "b48acb2e5a9748fce02ec99a161bb687",
        },
    ),
    "index 2": (
        Disc(750, (DiscTrack(0, indexes=(375,)),)),
        {
            "DDPID": NO_UPC,
            "DDPMS": "c4f214cd247b1d46e0671f5f39d752d5",
            "SD": "c866d687f80bca3eacd15164585a5315",
        },
    ),
    "pregap in the file": (
        Disc(750, (DiscTrack(225, pregap=0),), lead_sectors=0),
        {
            "DDPID": NO_UPC,
            "DDPMS": "33271a39835f8d735b7e02f8a9d8823f",
            "SD": "87cb4e54c49bf4f79a8216aec39da777",
        },
    ),
    "ISRCs and a pause": (
        Disc(
            1500,
            (
                DiscTrack(0, isrc="USABC1111111"),
                DiscTrack(750, pregap=600, isrc="USABC2222222"),
            ),
        ),
        {
            "DDPID": NO_UPC,
            "DDPMS": "786f12e522c55f9d6c81e24871d4d79f",
            "SD": "d1e73ff80f4d6f940846322b191b3355",
        },
    ),
    "99 tracks": (
        Disc(99 * 300, tuple(DiscTrack(300 * n) for n in range(99))),
        {
            "DDPID": NO_UPC,
            "DDPMS": "d9aa94fdd3eb800807bcd8f360b522a1",
            "SD": "c56cf58383f40e9d0aa2c047580d57db",
        },
    ),
    "over an hour": (
        Disc(61 * 4500, (DiscTrack(0), DiscTrack(272250, pregap=272100))),
        {
            "DDPID": NO_UPC,
            "DDPMS": "65c8797f2bd4d8a31de54fea7f80627e",
            "SD": "519c247f7ca7bcce12947ff701acd73c",
        },
    ),
    "flags": (
        Disc(750, (DiscTrack(0, pre_emphasis=True, copy_permitted=True),)),
        {
            "DDPID": NO_UPC,
            "DDPMS": "4ddcd3c75e054c6685453524a0973a1a",
            "SD": "acfbd730c80473fbd7a713aa2b358b52",
        },
    ),
    "CD-Text": (
        Disc(750, (DiscTrack(0, "Über"),), "Café Déjà Vu", "Björk"),
        {
            "DDPID": NO_UPC,
            "DDPMS": "9c99880c8aad05802f1a7f0ae104e026",
            "CDTEXT.BIN": "304998a5d6126f1c9525bf83d1ca0a1c",
            "SD": "efb6f54229b585f060c421277c8003e0",
        },
    ),
}
"""MD5s of what cue2ddp 1.1 wrote, from github.com/ddp-reverse-eng/ddp-reverse-eng, exp/."""


@pytest.mark.parametrize("name", CUE2DDP)
def test_sets_that_cue2ddp_wrote_are_made_byte_for_byte(name):
    disc, expected = CUE2DDP[name]
    files = ddp_files(disc, names=DdpNames(pq="SD"))
    found = {name: hashlib.md5(data).hexdigest() for name, data in files.items()}
    assert found == expected
    assert list(found) == list(expected)


def test_the_published_set_has_the_published_sizes_and_checksums():
    files = ddp_files(CUE2DDP["codes"][0], names=DdpNames(pq="SD"))
    assert {name: (len(data), f"{zlib.crc32(data):08X}") for name, data in files.items()} == {
        "DDPID": (128, "7C7CF497"),
        "DDPMS": (256, "EA0D5627"),
        "SD": (320, "F08A87A6"),
    }


def test_a_master_id_is_taken_and_a_long_one_refused():
    disc = Disc(750, (DiscTrack(0),))
    text = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijkl"
    ddpid = ddp_files(disc, master_id=text)["DDPID"]
    assert hashlib.md5(ddpid).hexdigest() == "6c197ff2f20c4631faaf09aa8a18c9d3"
    for bad in (text + "m", "Größe"):
        with pytest.raises(UsageError, match="48 characters of ASCII"):
            ddp_files(disc, master_id=bad)
    with pytest.raises(UsageError, match="17 characters"):
        ddp_files(disc, names=DdpNames(image="A_LONG_IMAGE_NAME.DAT"))


@pytest.mark.parametrize("name", ["plain", "hidden", "bare"])
def test_a_set_as_md5sum_and_ffmpeg_see_it(tmp_path, name):
    disc = DISCS[name]
    audio = audio_of(disc)
    image, files = write_ddp(tmp_path / "ddp", disc, blocks_of(audio))
    folder = tmp_path / "ddp"
    assert {path.name for path in folder.iterdir()} == {*files, "IMAGE.DAT"}
    subprocess.run(["md5sum", "-c", "--strict", "CHECKSUM.MD5"], cwd=folder, check=True)
    for line in (folder / "CHECKSUM.TXT").read_text().splitlines()[1:]:
        of, crc = line.split("=")
        assert f"{zlib.crc32((folder / of).read_bytes()):08X}" == crc
    ask(
        *("ffmpeg", "-v", "error", "-f", "s16le", "-ar", 44100, "-ac", 2),
        *("-i", folder / "IMAGE.DAT", "-f", "s16le", tmp_path / "decoded.raw"),
    )
    decoded = np.fromfile(tmp_path / "decoded.raw", "<i2").reshape(-1, 2).T
    assert not decoded[:, : 150 * 588].any()
    assert np.array_equal(decoded[:, 150 * 588 :], audio)
    assert image.sectors == disc.sectors + 150
    data = (folder / "IMAGE.DAT").read_bytes()
    assert image.sha256 == hashlib.sha256(data).hexdigest()


def test_the_last_sector_is_filled_up(tmp_path):
    audio = audio_of(BARE)[:, :-100]
    facts = write_image(tmp_path / "I.DAT", 150, blocks_of(audio, 1001), sectors=BARE.sectors)
    data = np.fromfile(tmp_path / "I.DAT", "<i2").reshape(-1, 2).T
    assert data.shape[1] == (BARE.sectors + 150) * 588 == facts.sectors * 588
    assert np.array_equal(data[:, 150 * 588 : -100], audio)
    assert not data[:, -100:].any()


@pytest.mark.parametrize(
    ("blocks", "sectors", "said"),
    [
        ([np.zeros((2, 588), np.int16)], 2, "has 1 sectors, where the layout of the disc has 2"),
        ([np.zeros((1, 588), np.int16)], 1, "two channels"),
        ([np.zeros((2, 588))], 1, "whole numbers"),
        ([np.full((2, 588), 40000, np.int32)], 1, "beyond 16 bits"),
    ],
)
def test_audio_that_is_not_the_discs_is_refused_and_leaves_nothing(tmp_path, blocks, sectors, said):
    with pytest.raises(AudioFileError, match=said):
        write_image(tmp_path / "IMAGE.DAT", 150, blocks, sectors=sectors)
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "IMAGE.DAT").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        write_ddp(tmp_path, PLAIN, blocks_of(audio_of(PLAIN)))
    assert (tmp_path / "IMAGE.DAT").read_text() == "mine"
    with pytest.raises(AudioFileError, match="cannot be written"):
        write_ddp(tmp_path / "IMAGE.DAT", PLAIN, [])


def test_a_upc_of_12_digits_becomes_an_ean():
    files = ddp_files(replace(BARE, upc="036000291452"))
    assert files["DDPID"][8:21] == files["PQDESCR"][32:45] == b"0036000291452"


@pytest.mark.parametrize(
    ("disc", "said"),
    [
        (Disc(900), "has 0 tracks"),
        (Disc(90000, tuple(DiscTrack(n * 300) for n in range(100))), "has 100 tracks"),
        (Disc(100 * 4500, (DiscTrack(0),)), "6 characters of ASCII"),
    ],
)
def test_what_no_set_can_hold_is_refused(disc, said):
    with pytest.raises(UsageError, match=said):
        ddp_files(disc)
