"""What kind of file it is, whatever its name."""

from __future__ import annotations

import os

import pytest

from masterprint.errors import AudioFileError
from masterprint.tags.containers import container_of
from tag_tools import ENCODERS, encoded

KINDS = {"opus": "ogg", "m4a": "mp4", "alac.m4a": "mp4"}


@pytest.mark.parametrize("kind", ENCODERS)
def test_a_file_is_known_by_its_bytes(tmp_path, kind):
    (tmp_path / "a.txt").write_bytes(encoded(kind))
    assert container_of(tmp_path / "a.txt") == KINDS.get(kind, kind)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"Dear sirs, ..." * 100, "is not audio"),
        (b"ID3\4\0\0\0\0\0\0" + b"Dear sirs, ..." * 100, "is not audio"),
        (b"\xff\xfb\x90\x00" + bytes(2000), "is not audio"),
        (b"riff\x2e\x91\xcf\x11" + bytes(90), "is Wave64"),
        (b"caff" + bytes(90), "is CAF"),
        (b"\xff\xf1\x50\x80" + bytes(90), "is a bare AAC stream"),
        (b"OggS" + bytes(24) + b"Speex   ", "is Ogg, but neither"),
        (b"RIFF\x10\0\0\0AVI " + bytes(90), "is not audio"),
    ],
)
def test_what_is_not_dealt_with_is_told(tmp_path, content, said):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioFileError, match=f"a.wav: {said}"):
        container_of(path)


def test_what_is_no_file_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, said in {
        tmp_path: "is a folder",
        tmp_path / "nothing": "there is no such file",
        tmp_path / "a\0b": "cannot be read",
        tmp_path / "pipe": "is a pipe",
    }.items():
        with pytest.raises(AudioFileError, match=said):
            container_of(path)
