"""The seal of a recall sheet: whether it is as it was written, and whether this user wrote it.

`sha256` covers the whole content, so an edit is noticed. Who edits could compute it anew; `maker`
is an HMAC-SHA256 (RFC 2104) with a key that each user has in the data folder: nobody else can.
Paths in a sheet of our own are followed; those in a stranger's are not (see `finding`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from masterprint.files.whole import locked, write_whole
from masterprint.plugins.catalogue import data_folder

KEY_BYTES = 32


def canonical(data: Any) -> bytes:
    """Plain data as bytes: the same data gives the same bytes, however it was written."""
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def seal_of(data: Any) -> dict[str, str]:
    """The seal of a sheet's content; without `maker` where no key can be kept."""
    content = canonical(data)
    seal = {"sha256": hashlib.sha256(content).hexdigest()}
    if key := _key(make=True):
        seal["maker"] = hmac.new(key, content, "sha256").hexdigest()
    return seal


def is_untouched(data: Any, seal: dict[str, str]) -> bool:
    """Whether content and seal belong together."""
    found = hashlib.sha256(canonical(data)).hexdigest()
    return hmac.compare_digest(found.encode(), seal.get("sha256", "").encode())


def is_ours(data: Any, seal: dict[str, str]) -> bool:
    """Whether this user's Masterprint wrote exactly this."""
    key = _key(make=False)
    if key is None:
        return False
    found = hmac.new(key, canonical(data), "sha256").hexdigest()
    return hmac.compare_digest(found.encode(), seal.get("maker", "").encode())


def _key(make: bool) -> bytes | None:
    path = key_file()
    with suppress(OSError):
        if key := _read(path):
            return key
        if make:
            with locked(path.parent):  # two renders at once agree on one key
                if not (key := _read(path)):
                    key = secrets.token_bytes(KEY_BYTES)
                    write_whole(path, key, mode=0o600)
            return key
    return None


def _read(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    return key if len(key) == KEY_BYTES else None


def key_file() -> Path:
    """Where the user's key is."""
    return data_folder() / "recall.key"
