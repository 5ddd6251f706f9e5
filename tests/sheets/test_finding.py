"""Where what a sheet names is looked for, and where not."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from masterprint.sheets.finding import Located, locate
from masterprint.sheets.places import Places
from masterprint.sheets.sheet import FileSheet, SavedSheet, load_sheet
from recall_tools import edited, made, put, write_mix

CONTENT = b"a response of somebody's"


@pytest.fixture
def ours(tmp_path: Path) -> SavedSheet:
    """A sheet of this user's, in a folder beside others; the mix is one folder up."""
    return load_sheet(made(tmp_path / "project", mix=write_mix(tmp_path / "project/mix.wav", 0.05)))


@pytest.fixture
def stranger(ours: SavedSheet) -> SavedSheet:
    """The same, as if somebody else had sealed it."""
    saved = load_sheet(edited(ours.path, put("date", "today")))
    assert (saved.is_untouched, saved.is_ours) == (True, False)
    return saved


def wanted(path: str, name: str = "room.wav", content: bytes = CONTENT) -> FileSheet:
    digest = hashlib.sha256(content).hexdigest()
    return FileSheet(name=name, path=path, bytes=len(content), sha256=digest)


def put_file(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_where_it_was(ours: SavedSheet, stranger: SavedSheet) -> None:
    there = put_file(ours.folder / "sub/room.wav")
    for saved in (ours, stranger):
        assert locate(wanted("sub/room.wav"), saved, Places()) == Located("same", there)


def test_beside_the_sheet_by_its_own_name(ours: SavedSheet, stranger: SavedSheet) -> None:
    beside = put_file(ours.folder / "room.wav")
    for saved in (ours, stranger):
        for name in ("room.wav", "far/away/room.wav"):
            found = locate(wanted("../gone/room.wav", name), saved, Places())
            assert found == Located("moved", beside)


def test_by_its_content_in_folders_that_are_given(ours: SavedSheet, tmp_path: Path) -> None:
    put_file(tmp_path / "archive/a/same-size", CONTENT[::-1])
    there = put_file(tmp_path / "archive/b/deep/renamed.bin")
    assert locate(wanted("gone.wav"), ours, Places()) == Located("missing", None)
    assert locate(wanted("gone.wav"), ours, Places([tmp_path / "archive"])) == Located(
        "moved", there
    )


def test_another_file_in_its_place_differs(ours: SavedSheet, stranger: SavedSheet) -> None:
    inside = put_file(ours.folder / "room.wav", b"other")
    for saved in (ours, stranger):
        assert locate(wanted("room.wav"), saved, Places()) == Located("differs", inside)


def test_the_right_one_in_a_given_folder_goes_before_a_wrong_one(
    ours: SavedSheet, tmp_path: Path
) -> None:
    put_file(ours.folder / "room.wav", b"other")
    there = put_file(tmp_path / "archive/room.wav")
    assert locate(wanted("room.wav"), ours, Places([tmp_path / "archive"])) == Located(
        "moved", there
    )


@pytest.mark.parametrize("way", ["relative", "absolute", "link", "linked folder"])
def test_outside_a_strangers_sheet_opens_only_what_its_writer_knows(
    ours: SavedSheet, stranger: SavedSheet, tmp_path: Path, way: str
) -> None:
    secret = put_file(tmp_path / "private/secret")
    path = {
        "relative": os.path.relpath(secret, ours.folder),
        "absolute": str(secret),
        "link": "link",
        "linked folder": "folder/secret",
    }[way]
    (ours.folder / "link").symlink_to(secret)
    (ours.folder / "folder").symlink_to(secret.parent)
    assert locate(wanted(path), stranger, Places()).status == "same"
    put_file(secret, b"another content")
    assert locate(wanted(path), stranger, Places()) == Located("missing", None)
    assert locate(wanted(path), ours, Places()).status == "differs"
    put_file(secret, CONTENT[::-1])  # of the same size
    assert locate(wanted(path), stranger, Places()) == Located("missing", None)


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/dev/stdin", "fifo", "folder", "loop", "", ".", "/"]
)
def test_what_is_no_file_is_missing(ours: SavedSheet, path: str) -> None:
    os.mkfifo(ours.folder / "fifo")
    (ours.folder / "folder").mkdir()
    (ours.folder / "loop").symlink_to("loop")
    for size in (len(CONTENT), 0):
        sought = wanted(path, name=path).model_copy(update={"bytes": size})
        assert locate(sought, ours, Places()) == Located("missing", None)
    assert locate(wanted("gone"), ours, Places([ours.folder])) == Located("missing", None)


@pytest.mark.parametrize(
    "name", ["../secret", "../../private/secret", "/etc/passwd", "..", "x/../../private/secret"]
)
def test_a_name_does_not_lead_out(stranger: SavedSheet, tmp_path: Path, name: str) -> None:
    put_file(tmp_path / "private/secret", b"another content")
    assert locate(wanted("gone", name), stranger, Places()) == Located("missing", None)


@pytest.mark.parametrize("path", ["x" * 5000, "y/" * 3000, "../" * 2000 + "etc/passwd"])
def test_a_path_that_no_system_takes_is_missing(stranger: SavedSheet, path: str) -> None:
    assert locate(wanted(path, name=path), stranger, Places()) == Located("missing", None)


def test_a_project_that_moved_as_a_whole_is_found_where_it_is(
    ours: SavedSheet, tmp_path: Path
) -> None:
    shutil.copytree(tmp_path / "project", tmp_path / "elsewhere/copy")
    shutil.rmtree(tmp_path / "project")
    saved = load_sheet(tmp_path / "elsewhere/copy/out" / ours.path.name)
    found = locate(saved.sheet.mix, saved, Places())
    assert found.status == "same"
    assert found.path is not None
    assert found.path.samefile(tmp_path / "elsewhere/copy/mix.wav")


# ------------------------------------------------------------------------- found to go wrong

ENDLESS = """
import sys
from pathlib import Path
from masterprint.sheets.finding import locate
from masterprint.sheets.places import Places
from masterprint.sheets.sheet import load_sheet
saved = load_sheet(Path(sys.argv[1]))
print(locate(saved.sheet.mix, saved, Places()).status)
"""


@pytest.mark.skipif(not Path("/proc/self/pagemap").exists(), reason="Linux has endless files")
def test_a_file_that_says_it_is_empty_is_not_read_without_end(stranger: SavedSheet) -> None:
    """Those in /proc are regular, have 0 bytes, and this one gives 256 GB."""

    def change(data: dict) -> None:
        data["mix"] |= {"path": "/proc/self/pagemap", "bytes": 0}

    sheet = edited(stranger.path, change, name="endless")
    command = [sys.executable, "-c", ENDLESS, sheet]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.stdout == "missing\n"
