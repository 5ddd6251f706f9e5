"""Checksum files that come with DDP sets, in whatever style: MD5, SHA-1, SHA-256 or CRC-32.

There is no standard. Seen are md5sum's (`digest *name`), BSD's (`MD5 (name) = digest`), and
`name=CRC` or `name digest` from several makers of software. So a line counts when it has the name
of a file of the set and one number of the right length in hexadecimal.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from masterprint.disc.set_files import file_in, listed, start_of

MOST_BYTES = 1 << 16
_METHODS = {8: "CRC-32", 32: "MD5", 40: "SHA-1", 64: "SHA-256"}
_DIGEST = re.compile(
    r"(?<![0-9A-Za-z])(?:0x)?([0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32}|"
    r"[0-9A-Fa-f]{8})(?![0-9A-Za-z])"
)
_SUFFIXES = (".md5", ".sha", ".sha1", ".sha256", ".sfv", ".chk", ".crc")
_NAMES = ("checksum", "md5", "crc")


@dataclass(frozen=True)
class Told:
    """What a checksum file tells of one file.

    Attributes:
        source: the checksum file's name.
        name: of the file that it is about.
        method: CRC-32, MD5, SHA-1 or SHA-256.
        digest: in lower-case hexadecimal.
    """

    source: str
    name: str
    method: str
    digest: str


def checksums_in(folder: Path, names: Collection[str]) -> list[Told]:
    """What all checksum files in a folder tell of the files that are named."""
    found = []
    for path in listed(folder):
        if path.name in names or not may_have_checksums(path):
            continue
        if (known := file_in(folder, path.name)) is not None:
            found += read_checksums(path.name, start_of(known, MOST_BYTES), names)
    return found


def may_have_checksums(path: Path) -> bool:
    """Whether a file is one of checksums, by its name."""
    name = path.name.lower()
    text = path.suffix.lower() in (*_SUFFIXES, ".txt", "")
    return name.endswith(_SUFFIXES) or (text and any(word in name for word in _NAMES))


def read_checksums(source: str, data: bytes, names: Collection[str]) -> list[Told]:
    """What a checksum file tells of the files that are named.

    Args:
        source: its own name.
        data: its content; no more than `MOST_BYTES` of it are looked at.
        names: of the files of the set.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data[:MOST_BYTES].decode("utf-16", "replace")
    else:
        text = data[:MOST_BYTES].decode("latin-1")
    found = []
    # Eight digits may as well be a size or a date, unless somebody says what they are.
    crc = "crc" in text.lower() or source.lower().endswith(".sfv")
    for line in text.splitlines():
        for name in names:
            # As a word of its own, so that "SD" is not found inside other names.
            pattern = rf"(?i)(?<![\w.-]){re.escape(name)}(?![\w.-])"
            rest, times = re.subn(pattern, " ", line, count=1)
            if not times:
                continue
            if match := max(_DIGEST.finditer(rest), key=lambda m: len(m[1]), default=None):
                digest = match[1].lower()
                if len(digest) > 8 or crc:
                    found.append(Told(source, name, _METHODS[len(digest)], digest))
            break
    return found
