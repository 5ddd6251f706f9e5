"""How `farm status` shows many workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from masterprint.batch.farm.tags import version_tag
from masterprint.batch.farm.workers import FarmWorker
from masterprint.cli.farm import show
from masterprint.plugins.catalogue import Catalogue
from masterprint.version import __version__


def workers_of(machine: str, count: int, catalogue: Catalogue) -> list[FarmWorker]:
    return [
        FarmWorker(
            f"tcp://10.0.0.5:{number}",
            f"{machine}-{number}",
            frozenset({version_tag()}),
            host=machine,
            cores=count,
            versions={"masterprint": __version__},
            entries=tuple(catalogue),
        )
        for number in range(1, count + 1)
    ]


def test_forty_workers_are_a_line_for_each_kind(
    plugins: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    held, nothing = Catalogue.load(), Catalogue()
    frozen = FarmWorker(
        "tcp://10.0.0.9:1", "red-9", frozenset(), problem="does not answer", silent=True
    )
    farm = [
        *workers_of("blue", 16, held),
        *workers_of("green", 16, held),
        *workers_of("red", 8, nothing),
        frozen,
    ]
    show(farm)
    heading, silent, blue, green, red, *rest = capsys.readouterr().out.splitlines()
    assert heading.split() == ["machine", "cores", "version", "plugins", "workers"]
    assert blue.split()[:6] == ["blue", "16", __version__, "set", "1", "16"]
    assert "blue-1, blue-2, blue-3, blue-4 and 12 more" in blue
    assert green.split()[:6] == ["green", "16", __version__, "set", "1", "16"]
    assert red.split()[:5] == ["red", "8", __version__, "-", "8"]
    assert silent.split() == ["10.0.0.9", "-", "does", "not", "answer", "-", "1", "red-9"]
    text = "\n".join(rest)
    assert text.startswith("set 1: ")
    assert "set 2" not in text
    assert all(f"{plugin.name} {plugin.version}" in text for plugin in held.plugins)
    assert "41 workers of Masterprint on 3 machines" in rest
    assert "warning: red-9 did not answer and will be given nothing to do" in rest


def test_two_builds_of_one_version_are_two_sets(
    plugins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held, other = Catalogue.load(), Catalogue.load()
    for entry in other:
        for plugin in entry.plugins:
            object.__setattr__(plugin, "binary_sha256", "0" * 64)
    show([*workers_of("blue", 1, held), *workers_of("red", 1, other)])
    text = capsys.readouterr().out
    assert "set 1: " in text
    assert "set 2: " in text
    assert "(000000000000)" in text
