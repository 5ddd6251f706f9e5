"""`masterprint tag`, as a user types it."""

from __future__ import annotations

import json

import pytest

from masterprint.tags.files import read_tags, write_tags
from tag_tools import BEXT, FULL, digest, made, picture


@pytest.fixture
def files(tmp_path):
    return [made(tmp_path, kind) for kind in ("wav", "flac", "mp3")]


def test_several_files_are_tagged_alike_and_read_again(run, files, tmp_path):
    picture(tmp_path / "front.jpg", "jpeg")
    done = run(
        *("tag", *files, "--set", "title=Ødegård = 潮", "--set", "track=3/12"),
        *("--set", "isrc=GB-AYE-26-00001", "--set", "phonogram=℗ 2026 Ex", "--cover", "front.jpg"),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == (
        f"{files[0]}: wrote title, track, tracks, isrc, phonogram, cover"
    )
    done = run("tag", *files, "--json")
    assert done.returncode == 0
    rows = json.loads(done.stdout)
    assert [row["container"] for row in rows] == ["wav", "flac", "mp3"]
    for row in rows:
        said = {key: value for key, value in row["tags"].items() if value is not None}
        assert said.pop("cover")["mime"] == "image/jpeg"
        assert said == {
            "title": "Ødegård = 潮",
            "track": 3,
            "tracks": 12,
            "isrc": "GBAYE2600001",
            "phonogram": "2026 Ex",
        }
    assert rows[0]["chunks"] == ["fmt", "axml", "data", "id3"]
    assert rows[0]["unknown_chunks"] == []
    assert "chunks" not in rows[1]


def test_bext_is_written_field_by_field(run, files):
    write_tags(files[0], FULL, bext=BEXT)
    done = run("tag", files[0], "--set", "bext.originator=Me", "--remove", "comment", "--json")
    assert done.returncode == 0
    (row,) = json.loads(done.stdout)
    assert row["bext"] == vars(BEXT) | {"originator": "Me"}
    assert row["tags"]["comment"] is None
    assert row["ixml"]["BEXT/BWF_ORIGINATOR"] == "Me"
    run("tag", files[0], "--remove", "bext")
    (row,) = json.loads(run("tag", files[0], "--json").stdout)
    assert row["bext"] is None


def test_a_table_shows_what_a_file_says_and_nothing_that_steers_the_terminal(run, files):
    write_tags(files[0], FULL, bext=BEXT)
    content = files[0].read_bytes().replace(b"Example Mastering", b"[red]\x1b[31mabcdefg")
    files[0].write_bytes(content)
    done = run("tag", *files)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    for text in ("潮の満ち引き", "GBAYE2600001", "image/png, 64 x 48", "-14.02", "[red]"):
        assert text in done.stdout
    assert f"{files[1]} (flac): says nothing of itself" in done.stdout.replace("\n", "")


def test_everything_that_is_wrong_is_told_at_once_and_nothing_written(run, files):
    before = [digest(file) for file in files]
    done = run(
        *("tag", *files, "--set", "titel=x", "--set", "title", "--set", "isrc=GBAYE26OOOO1"),
        *("--set", "track=1/2", "--set", "tracks=3", "--set", "cover=a.png", "--set", "album="),
        *("--set", "bext.date=today", "--set", "bext.loud=1", "--remove", "artits"),
        *("--set", "year=2026", "--remove", "year", "--cover", "nothing.jpg"),
    )
    assert done.returncode == 2
    said = done.stderr.removeprefix("masterprint: ").splitlines()
    for line, expected in zip(
        said,
        (
            "--set titel=x: there is no such field; did you mean 'title'?",
            "--set title: is no KEY=VALUE, such as title=Shore.",
            "--set isrc=GBAYE26OOOO1: found 'GBAYE26OOOO1'; allowed: an ISRC",
            "--set tracks=3: tracks is given twice.",
            "--set cover=a.png: is no text; use --cover FILE.",
            "--set album=: found nothing; to take a field out, use --remove.",
            "--set bext.date=today: found 'today'; allowed: a day, as 2026-05-31.",
            "--set bext.loud=1: there is no such field",
            "--remove artits: there is no such field; did you mean 'artist'?",
            "--remove year: is to be set and removed at once.",
            "--cover nothing.jpg: the cover cannot be read: No such file or directory.",
        ),
        strict=True,
    ):
        assert line.startswith(expected)
    assert [digest(file) for file in files] == before


def test_what_fails_does_not_stop_the_others(run, files, tmp_path):
    (tmp_path / "text.mp3").write_text("Dear sirs,")
    files[1].chmod(0o444)
    done = run("tag", files[0], "none.wav", "text.mp3", files[1], files[2], "--set", "title=x")
    assert done.returncode == 1
    said = done.stderr.splitlines()
    for line, expected in zip(
        said,
        ("none.wav: there is no such file.", "text.mp3: is not audio", f"{files[1]}: is read-only"),
        strict=True,
    ):
        assert line.startswith(f"masterprint: {expected}")
    assert read_tags(files[0]).title == read_tags(files[2]).title == "x"
    done = run("tag", "none.wav", files[2], "--json")
    assert done.returncode == 1
    missing, found = json.loads(done.stdout)
    assert missing == {"file": "none.wav", "error": "none.wav: there is no such file."}
    assert found["tags"]["title"] == "x"


def test_bext_is_for_wav_only(run, files):
    done = run("tag", *files[:2], "--set", "bext.originator=Me")
    assert done.returncode == 1
    assert done.stderr == (
        f"masterprint: {files[1]}: is no WAV file, and only those have a bext chunk.\n"
    )
    assert done.stdout == f"{files[0]}: wrote bext.originator\n"
