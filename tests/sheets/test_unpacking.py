"""Packs of strangers: what they try, and that nothing of it is left anywhere."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from masterprint.errors import MasterprintError, PackError, UsageError
from masterprint.sheets.pack_reading import open_pack
from masterprint.sheets.unpacking import unpack

MANIFEST = "masterprint-pack.json"
GOOD = {"song.wav.recall.yaml": b"sheet", "states/a b.vstpreset": b"state" * 99, "終.wav": b"audio"}


def manifest_of(members: dict[str, bytes]) -> bytes:
    rows = [
        {
            "name": name,
            "kind": "file",
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        for name, data in members.items()
    ]
    return json.dumps({"masterprint_pack": 1, "masterprint": "0", "members": rows}).encode()


def craft(
    path: Path,
    members: dict[str, bytes],
    method: int = zipfile.ZIP_STORED,
    manifest: bytes | None = None,
    **fields: int,
) -> Path:
    """A pack as anybody can make it; `fields` are set in the directory entry of every member."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MANIFEST, manifest_of(members) if manifest is None else manifest)
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            for key, value in fields.items():
                setattr(info, key, value)
            archive.writestr(info, data)
    return path


def out(path: Path, folder: Path, overwrite: bool = False) -> None:
    with open_pack(path) as opened:
        unpack(opened, folder, overwrite=overwrite)


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where packs are unpacked, with something beside it that must stay as it is."""
    folder = tmp_path / "place"
    folder.mkdir()
    (tmp_path / "outside").mkdir()
    return folder


def refuse(pack: Path, place: Path, match: str) -> None:
    """It is refused, for a folder that is new and for one that is there, and leaves nothing."""
    there = place / "there"
    there.mkdir(exist_ok=True)
    before = everything(place.parent)
    for folder in (place / "new", there):
        with pytest.raises(PackError, match=match):
            out(pack, folder)
        assert everything(place.parent) == before


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_good_pack_comes_out_as_it_went_in(tmp_path, place, method):
    pack = craft(tmp_path / "a.zip", GOOD, method)
    (place / "there").mkdir()
    for folder in (place / "new" / "newer", place / "there"):
        out(pack, folder)
        files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
        assert {name: file.read_bytes() for name, file in files.items()} == GOOD
        assert {stat.S_IMODE(p.stat().st_mode) & 0o111 for p in files.values()} == {0}
    assert not [name for name in everything(place) if "masterprint" in name]


@pytest.mark.parametrize(
    "name",
    [
        *("../x", "a/../../x", "a/..", "..", "/x", "//x", "a//x", "./x", "C:x", "c:/x", "C:\\x"),
        *("..\\x", "a\\x", "a\nb", "a\x1bb", "a\x7fb", "a\u2028b", "nul", "NUL.wav", "a/com1.txt"),
        *("n" * 256, "終" * 86, "d/" * 40 + "x", ("d" * 250 + "/") * 9 + "x"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, place, name):
    refuse(craft(tmp_path / "a.zip", GOOD | {name: b"bad"}), place, "is refused")


def test_a_name_with_a_hidden_end_is_refused(tmp_path, place):
    """zipfile shows what is before a NUL."""
    pack = craft(tmp_path / "a.zip", {"aXb": b"x"}, manifest=manifest_of({"a": b"x"}))
    pack.write_bytes(pack.read_bytes().replace(b"aXb", b"a\0b"))
    refuse(pack, place, "control character")


@pytest.mark.parametrize(
    "names",
    [("a.wav", "A.wav"), ("ä", "Ä"), ("\u00e4", "a\u0308"), ("straße", "STRASSE"), ("a", "a/b")],
)
def test_names_that_some_system_takes_for_one_are_refused(tmp_path, place, names):
    pack = craft(tmp_path / "a.zip", dict.fromkeys(names, b"x"))
    refuse(pack, place, "would be one file|is a file, and the folder")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path, place):
    pack = craft(tmp_path / "a.zip", GOOD)
    with zipfile.ZipFile(pack, "a") as archive:
        archive.writestr("終.wav", b"other")
    refuse(pack, place, "would be one file")


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK]
)
def test_special_members_are_refused(tmp_path, place, kind):
    pack = craft(tmp_path / "a.zip", {"link": b"../outside"}, external_attr=(kind | 0o777) << 16)
    refuse(pack, place, "is a link, a folder or a device")


def test_a_dos_folder_is_refused(tmp_path, place):
    refuse(craft(tmp_path / "a.zip", {"x": b""}, external_attr=0x10), place, "a folder")


def patched(pack: Path, at_local: int, at_central: int, value: bytes) -> Path:
    """Bytes of the last member's headers replaced, as seen from their signatures."""
    data = bytearray(pack.read_bytes())
    for signature, at in ((b"PK\x03\x04", at_local), (b"PK\x01\x02", at_central)):
        place = data.rindex(signature) + at
        data[place : place + len(value)] = value
    pack.write_bytes(bytes(data))
    return pack


def test_an_encrypted_member_is_refused(tmp_path, place):
    pack = patched(craft(tmp_path / "a.zip", {"x": b"abc"}), 6, 8, struct.pack("<H", 1))
    refuse(pack, place, "is refused: 'x' is encrypted")


def test_other_compressions_are_refused(tmp_path, place):
    refuse(craft(tmp_path / "a.zip", {"x": b"a" * 99}, zipfile.ZIP_BZIP2), place, "compressed in")


def test_a_zip_bomb_is_refused_by_what_it_says(tmp_path, place):
    pack = craft(tmp_path / "a.zip", {"x": bytes(50 << 20)}, zipfile.ZIP_DEFLATED)
    assert pack.stat().st_size < 100_000
    refuse(pack, place, "200 times its size")


def test_a_zip_bomb_that_lies_is_caught_while_it_inflates(tmp_path, place):
    """Sizes in the headers and the manifest say 1000 bytes; behind them are 50 MB."""
    real = bytes(50 << 20)
    pack = craft(
        tmp_path / "a.zip", {"x": real}, zipfile.ZIP_DEFLATED, manifest_of({"x": bytes(1000)})
    )
    refuse(patched(pack, 22, 24, struct.pack("<I", 1000)), place, "is damaged")


def test_members_that_share_their_bytes_are_refused(tmp_path, place):
    """The better zip bomb: many members over one stretch of the file."""
    data = os.urandom(100_000)
    pack = craft(tmp_path / "a.zip", dict.fromkeys((f"{n:02}" for n in range(50)), data))
    with zipfile.ZipFile(pack) as archive:
        infos = archive.infolist()
    content = pack.read_bytes()
    # Keep the manifest and the first member; let every directory entry point at that one.
    end = infos[2].header_offset
    start = content.index(b"PK\x01\x02")
    directory = bytearray(content[start:])
    at = directory.index(b"PK\x01\x02", 4)
    while at >= 0:
        struct.pack_into("<I", directory, at + 42, infos[1].header_offset)
        at = directory.find(b"PK\x01\x02", at + 4)
    struct.pack_into("<I", directory, len(directory) - 6, end)
    pack.write_bytes(content[:end] + directory)
    refuse(pack, place, "larger than itself")


def test_a_list_of_members_without_end_is_not_even_read(tmp_path, place):
    with zipfile.ZipFile(pack := tmp_path / "a.zip", "w") as archive:
        for number in range(100_000):
            archive.writestr(f"{number:060}", b"")
    refuse(pack, place, "list of members is too long")


def test_too_many_members_are_refused(tmp_path, place):
    members = {f"{number}": b"" for number in range(10_000)}
    refuse(craft(tmp_path / "a.zip", members), place, "more than 10000 members")


def test_what_is_not_what_the_manifest_says_is_refused(tmp_path, place):
    for manifest, match in [
        (manifest_of(GOOD | {"終.wav": b"AUDIO"}), "another hash"),
        (manifest_of(GOOD | {"終.wav": b"longer"}), "another size"),
        (manifest_of(GOOD | {"more": b""}), "'more' is only in its manifest"),
        (manifest_of({"終.wav": b"audio"}), "is not in its manifest"),
        (manifest_of(GOOD).replace(b'pack": 1', b'pack": 2'), "masterprint_pack"),
        (b"[" * 100_000, "damaged"),
        (b"\xff\xfe", "damaged"),
        (b"", "damaged"),
    ]:
        refuse(craft(tmp_path / "a.zip", GOOD, manifest=manifest), place, match)


def test_what_is_no_pack_gets_one_sentence(tmp_path, place):
    (tmp_path / "text.zip").write_text("hello")
    (tmp_path / "empty.zip").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "holiday.zip", "w") as archive:
        archive.writestr("beach.jpg", b"x")
    for name in ("text.zip", "empty.zip", "holiday.zip"):
        refuse(tmp_path / name, place, f"{name}: is no pack")
    with pytest.raises(UsageError, match="no such file"):
        out(tmp_path / "none.zip", place / "new")


def test_a_truncated_or_damaged_pack_never_gives_a_wrong_file(tmp_path, place):
    """Whatever bits are flipped: it is refused, or what comes out is right."""
    sound = craft(tmp_path / "sound.zip", GOOD, zipfile.ZIP_DEFLATED).read_bytes()
    generator = random.Random(5)
    refused = 0
    for number in range(600):
        data = bytearray(sound)
        for _ in range(generator.choice((1, 1, 4))):
            data[generator.randrange(len(data))] = generator.randrange(256)
        if number % 5 == 0:
            del data[generator.randrange(len(data)) :]
        (tmp_path / "damaged.zip").write_bytes(data)
        folder = place / str(number)
        try:
            out(tmp_path / "damaged.zip", folder)
        except MasterprintError:
            refused += 1
            assert not folder.exists()
        else:
            assert {name: (folder / name).read_bytes() for name in GOOD} == GOOD
    assert refused > 300


def test_what_is_there_stays_unless_told(tmp_path, place):
    pack = craft(tmp_path / "a.zip", GOOD)
    (place / "終.wav").write_text("precious")
    with pytest.raises(UsageError, match=r"exists already.*--overwrite"):
        out(pack, place)
    assert everything(place) == {"終.wav"}
    assert (place / "終.wav").read_text() == "precious"
    out(pack, place, overwrite=True)
    assert (place / "終.wav").read_bytes() == b"audio"


@pytest.mark.parametrize("overwrite", [False, True])
def test_links_that_are_there_are_not_followed_out(tmp_path, place, overwrite):
    pack = craft(tmp_path / "a.zip", GOOD)
    outside = tmp_path / "outside"
    (place / "states").symlink_to(outside)
    with pytest.raises(UsageError, match="leads out of"):
        out(pack, place, overwrite)
    (place / "states").unlink()
    (outside / "precious").write_text("precious")
    (place / "終.wav").symlink_to(outside / "precious")
    with pytest.raises(UsageError, match="leads out of"):
        out(pack, place, overwrite)
    (place / "終.wav").unlink()
    (place / "終.wav").symlink_to("../outside/nothing")
    with pytest.raises(UsageError, match="leads out of"):
        out(pack, place, overwrite)
    assert everything(outside) == {"precious"}
    assert (outside / "precious").read_text() == "precious"


def test_files_and_folders_in_the_way_are_said(tmp_path, place):
    pack = craft(tmp_path / "a.zip", GOOD)
    (place / "states").write_text("a file")
    with pytest.raises(UsageError, match="is a file, where a folder is expected"):
        out(pack, place, overwrite=True)
    with pytest.raises(UsageError, match="is no folder"):
        out(pack, place / "states" / "below")
    (place / "states").unlink()
    (place / "終.wav").mkdir()
    with pytest.raises(UsageError, match="is a folder, where a file would go"):
        out(pack, place, overwrite=True)
    assert everything(place) == {"終.wav"}


def test_what_appears_meanwhile_stays_and_what_was_moved_in_goes_again(tmp_path, place):
    pack = craft(tmp_path / "a.zip", GOOD)

    def somebody_else(name: str) -> None:
        (place / "終.wav").write_text("precious")

    with (
        open_pack(pack) as opened,
        pytest.raises(UsageError, match=r"終.wav: exists already"),
    ):
        unpack(opened, place, step=somebody_else)
    assert everything(place) == {"終.wav"}
    assert (place / "終.wav").read_text() == "precious"


def test_more_than_the_disk_holds_is_not_begun(tmp_path, place):
    """Four terabytes, stored: a zip with a hole in it, which takes no space itself."""
    size = 1 << 42
    manifest = json.loads(manifest_of({"x": b""}))
    manifest["members"][0]["bytes"] = size
    pack = tmp_path / "a.zip"
    with zipfile.ZipFile(pack, "w") as archive:
        archive.writestr(MANIFEST, json.dumps(manifest))
        archive.writestr("x", b"")
        archive.filelist[1].file_size = archive.filelist[1].compress_size = size
        archive.start_dir += size
    assert pack.stat().st_size > size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))  # should it begin all the same
    try:
        refuse(pack, place, "bytes of free space")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
