"""Scanning: what is found, what is quarantined and why, and that nothing is loaded twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from masterprint.plugins.bundle import find_bundles, look_at, standard_folders
from masterprint.plugins.catalogue import Catalogue, catalogue_file
from masterprint.plugins.scan import forget_missing, scan
from plugin_tools import bundle, need_fixtures


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    need_fixtures()
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def copied(tmp_path: Path, name: str, source: str | None = None) -> Path:
    """A copy of a fixture's bundle under another name, or its own."""
    into = tmp_path / "plugins" / f"{name}.vst3"
    shutil.copytree(bundle(source or name), into)
    if source:
        (library,) = into.rglob("*.so")
        library.rename(library.with_name(f"{name}.so"))
    return into


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("CrashScan", "crashed (SIGSEGV) while opening its file"),
        ("CrashLoad", "crashed (SIGSEGV) while"),
        ("ThrowLoad", "no licence"),
        ("HangScan", "did not answer within 1 s while opening its file"),
        ("HangLoad", "did not answer within 1 s"),
        ("MissingLibrary", "needs libmasterprint-absent.so, which this system does not have"),
        ("NotALibrary", "is no library, where a Linux library is expected"),
        ("WrongArch", "is not built for this system"),
        ("Empty", "empty or unfinished bundle"),
    ],
)
def test_a_file_that_cannot_be_used_is_quarantined_with_its_reason(name: str, reason: str) -> None:
    catalogue = Catalogue()
    found = scan(catalogue, bundle(name), limit_s=1.0)
    assert found.status == "quarantined"
    assert reason in str(found.entry.quarantine)
    assert catalogue.plugins == []


def test_the_library_for_another_processor_is_told_from_its_header(tmp_path: Path) -> None:
    path = copied(tmp_path, "Gain")
    (library,) = path.rglob("*.so")
    image = bytearray(library.read_bytes())
    image[18:20] = (183 if image[18] == 62 else 62).to_bytes(2, "little")
    library.write_bytes(image)
    found = scan(Catalogue(), path)
    assert "is built for" in str(found.entry.quarantine)


def test_a_renamed_bundle_is_explained(tmp_path: Path) -> None:
    path = copied(tmp_path, "Gain")
    renamed = path.rename(path.with_name("Other.vst3"))
    found = scan(Catalogue(), renamed)
    assert "Other.so is missing (there is Gain.so)" in str(found.entry.quarantine)


def test_what_a_scan_knows_of_a_plugin() -> None:
    catalogue = Catalogue()
    scan(catalogue, bundle("Latency64"))
    scan(catalogue, bundle("MonoOnly"))
    scan(catalogue, bundle("Gain"))
    gain, latency, mono = catalogue.plugins
    assert (gain.name, gain.vendor, gain.version) == ("Fixture Gain", "Masterprint Tests", "1.2.3")
    assert len(gain.class_id) == 32
    assert gain.binary_sha256 == look_at(bundle("Gain")).sha256()
    assert latency.latency_frames == 64
    assert mono.channels == (1,)
    assert gain.channels == (2,)
    names = [parameter["name"] for parameter in gain.parameters]
    assert names == ["Gain", "Frequency", "Mode", "Mute", "Trim", "Trim", "Meter"]
    first, mode, meter = gain.parameters[0], gain.parameters[2], gain.parameters[6]
    assert (first["unit"], first["range"], first["text"]) == ("dB", [-60.0, 20.0], "0.000000")
    assert mode["values"] == ["Clean", "Warm", "Hard"]
    assert (first["automatable"], meter["automatable"]) == (True, False)


def test_unchanged_files_are_not_loaded_again(tmp_path: Path) -> None:
    """A mark in the catalogue would not survive a second look into the plugin."""
    path = copied(tmp_path, "Gain")
    catalogue = Catalogue()
    scan(catalogue, path)
    catalogue.save()
    file = catalogue_file()
    file.write_text(file.read_text().replace("Masterprint Tests", "Marked"))
    marked = Catalogue.load()
    assert scan(marked, path).status == "unchanged"
    (library,) = path.rglob("*.so")
    os.utime(library, (1, 1))  # another time, the same content
    assert scan(marked, path).status == "unchanged"
    content = library.read_bytes()
    library.write_bytes(content + b"\0")
    os.utime(library, (1, 1))  # the same time, another content
    assert scan(Catalogue(dict(marked.entries)), path).status == "scanned"
    library.write_bytes(content)
    assert marked.plugins[0].vendor == "Marked"
    assert scan(marked, path, again=True).status == "scanned"
    assert marked.plugins[0].vendor == "Masterprint Tests"


def test_a_changed_file_is_loaded_again(tmp_path: Path) -> None:
    path = copied(tmp_path, "Gain")
    catalogue = Catalogue()
    scan(catalogue, path)
    (library,) = path.rglob("*.so")
    (newer,) = bundle("GainV2").rglob("*.so")
    shutil.copy(newer, library)
    assert scan(catalogue, path).status == "scanned"
    assert [plugin.version for plugin in catalogue.plugins] == ["2.0.0"]


def test_bundles_are_found_in_folders_of_folders_and_through_links(tmp_path: Path) -> None:
    path = copied(tmp_path, "Gain")
    vendor = tmp_path / "plugins" / "Vendor"
    vendor.mkdir()
    path.rename(vendor / "Gain.vst3")
    (tmp_path / "plugins" / "link").symlink_to(vendor)
    (vendor / "loop").symlink_to(tmp_path / "plugins")
    assert [each.name for each in find_bundles([tmp_path / "plugins"])] == ["Gain.vst3"]


def test_an_entry_that_cannot_be_followed_does_not_end_the_scan(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    copied(tmp_path, "Gain")
    (folder / "loop.vst3").symlink_to("loop.vst3")
    (folder / "gone.vst3").symlink_to("nowhere")
    (folder / "around").symlink_to("around")
    catalogue = Catalogue()
    found = [scan(catalogue, path) for path in find_bundles([folder])]
    assert sorted(each.status for each in found) == ["quarantined", "quarantined", "scanned"]


def test_a_library_that_is_no_plugin_is_told_from_one_that_does_not_load(tmp_path: Path) -> None:
    path = copied(tmp_path, "Gain")
    (library,) = path.rglob("*.so")
    source = "int nothing_to_see_here = 1;"
    command = ["gcc", "-shared", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input=source, text=True, check=True)
    found = scan(Catalogue(), path)
    assert "no VST3 plugin (no GetPluginFactory)" in str(found.entry.quarantine)


def test_scans_at_the_same_time_do_not_undo_one_another(tmp_path: Path) -> None:
    first, second = Catalogue.load(), Catalogue.load()
    scan(first, bundle("Gain"))
    scan(second, bundle("Tail"))
    first.save()
    second.save()
    assert {plugin.name for plugin in Catalogue.load().plugins} == {"Fixture Gain", "Fixture Tail"}
    third = Catalogue.load()
    third.drop(bundle("Gain"))
    third.save()
    first.save()  # has nothing new to say
    assert [plugin.name for plugin in Catalogue.load().plugins] == ["Fixture Tail"]


def test_what_was_found_survives_a_scan_that_is_ended(tmp_path: Path) -> None:
    for name in ("Gain", "Tail"):
        copied(tmp_path, name)
    shutil.copytree(bundle("HangScan"), tmp_path / "plugins" / "Zlast.vst3")
    (library,) = (tmp_path / "plugins" / "Zlast.vst3").rglob("*.so")
    library.rename(library.with_name("Zlast.so"))
    command = [sys.executable, "-m", "masterprint", "plugins", "scan", "--only"]
    with subprocess.Popen([*command, str(tmp_path / "plugins")]) as ours:
        time.sleep(5.0)  # two are done and written, the third hangs
        ours.terminate()
    assert len(Catalogue.load().plugins) == 2


def test_names_cannot_steer_a_terminal(run) -> None:  # type: ignore[no-untyped-def]
    catalogue = Catalogue()
    entry = scan(catalogue, bundle("Gain")).entry
    evil = "\x1b[31mEv\til\n\x1b]0;t\x07"
    parameters = [dict(each) | {"name": evil} for each in entry.plugins[0].parameters]
    entry.plugins[0] = replace(
        entry.plugins[0], name=evil, vendor=evil, version=evil, parameters=tuple(parameters)
    )
    catalogue.save()
    for command in (["list"], ["show", entry.plugins[0].class_id], ["show", "Ev"]):
        done = run("plugins", *command)
        assert "Ev" in done.stdout + done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        assert "\x07" not in done.stdout + done.stderr


def test_files_that_are_gone_are_forgotten_only_where_the_folder_is_there(tmp_path: Path) -> None:
    path = copied(tmp_path, "Gain")
    catalogue = Catalogue()
    scan(catalogue, path)
    shutil.rmtree(path)
    assert forget_missing(catalogue, [tmp_path / "unplugged"]) == []
    assert forget_missing(catalogue, [tmp_path / "plugins"]) == [path]
    assert catalogue.plugins == []


def test_the_catalogue_survives_being_damaged() -> None:
    catalogue = Catalogue()
    scan(catalogue, bundle("Gain"))
    catalogue.save()
    whole = catalogue_file().read_bytes()
    for damaged in (
        whole[: len(whole) // 2],
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b'{"version": 99, "files": []}',
        b'{"version": 1, "files": [{"path": 3}]}',
        b"[" * 100_000,
        whole.replace(b'"latency_frames": 0', b'"latency_frames": NaN'),
        whole.replace(b'"latency_frames": 0', b'"latency_frames": Infinity'),
        whole.replace(b'"latency_frames": 0', b'"latency_frames": 1e999'),
        whole.replace(b'"unit"', b'"einheit"'),
        whole.replace(b'"load_s": 0', b'"load_s": 1e999'),
        whole.replace(b'"name": "Gain"', b'"name": 5'),
        whole.replace(b'"name": "Gain"', b'"name": "\\ud800"'),
        whole.replace(b'"values": null', b'"values": [1, 2]'),
        whole.replace(b"-60.0", b'"a"'),
        re.sub(rb'"channels": \[\s*2\s*\]', b'"channels": [2.5]', whole),
    ):
        catalogue_file().write_bytes(damaged)
        found = Catalogue.load()
        assert damaged != whole
        assert found.damaged, damaged[:20]
        assert found.plugins == []
    catalogue_file().write_bytes(whole)
    assert Catalogue.load().plugins == catalogue.plugins


def test_the_catalogue_is_replaced_as_a_whole(home: Path) -> None:
    """A reader sees the old one or the new one; nothing else lies about afterwards."""
    catalogue = Catalogue()
    scan(catalogue, bundle("Gain"))
    catalogue.save()
    with catalogue_file().open("rb") as before:
        Catalogue().save()
        assert len(json.loads(before.read())["files"]) == 1
    assert [path.name for path in home.iterdir()] == ["plugins.json"]


def test_a_plugin_that_changed_since_the_scan_is_not_loaded(tmp_path: Path) -> None:
    from masterprint.chain.model import Chain
    from masterprint.chain.plugins import with_plugins
    from masterprint.errors import PluginError
    from masterprint.stages.plugin import Plugin

    path = copied(tmp_path, "Gain")
    catalogue = Catalogue()
    scan(catalogue, path)
    catalogue.save()
    (library,) = path.rglob("*.so")
    library.write_bytes(library.read_bytes() + b"\0")
    with pytest.raises(PluginError, match="has changed since it was scanned"):
        with_plugins(Chain(stages=[Plugin(name="Fixture Gain")]))


def test_the_command_goes_on_after_every_kind_of_failure(tmp_path: Path, run) -> None:  # type: ignore[no-untyped-def]
    for name in ("CrashScan", "Gain", "HangLoad", "MissingLibrary", "Latency64"):
        copied(tmp_path, name)
    done = run("plugins", "scan", "--only", tmp_path / "plugins", "--timeout", "2")
    assert done.returncode == 0
    assert "5 files: 2 plugins, 3 in quarantine" in done.stdout
    assert "CrashScan.vst3: crashed (SIGSEGV)" in done.stderr
    again = run("plugins", "scan", "--only", tmp_path / "plugins", "--json")
    assert {row["status"] for row in json.loads(again.stdout)} == {"unchanged"}
    listed = json.loads(run("plugins", "list", "--json").stdout)
    assert [each["name"] for each in listed["plugins"]] == ["Fixture Gain", "Fixture Latency64"]
    assert len(listed["quarantine"]) == 3
    shown = json.loads(run("plugins", "show", "fixture gain", "--json").stdout)
    assert shown[0]["parameters"][0]["name"] == "Gain"
    in_quarantine = run("plugins", "show", "HangLoad")
    assert in_quarantine.returncode == 2
    assert "is in quarantine: did not answer within 2 s" in in_quarantine.stderr
    assert "forgotten" in run("plugins", "forget", "Fixture Gain").stdout
    assert run("plugins", "show", "Fixture Gain").returncode == 2


@pytest.mark.skipif(sys.platform != "linux", reason="folders of Linux")
def test_the_usual_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = [tmp_path / ".vst3", Path("/usr/lib/vst3"), Path("/usr/local/lib/vst3")]
    assert standard_folders() == usual
