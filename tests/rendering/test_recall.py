"""Recall: what comes of a sheet when nothing has changed, and when each of its ingredients has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import soundfile

import masterprint
from masterprint.chain.library import find_chain
from masterprint.errors import SheetError, UsageError
from masterprint.plugins.catalogue import Catalogue
from masterprint.plugins.scan import scan
from masterprint.rendering.job import IfThere
from masterprint.rendering.recall import rerender
from masterprint.sheets.places import Places
from masterprint.sheets.sheet import load_sheet
from plugin_tools import bundle, need_fixtures
from recall_tools import EQ, edited, made, odd, plain, put, recalled, sheet_of, tree, write_chain
from recall_tools import write_mix as write

GAIN = "plugin: {name: Fixture Gain, parameters: {Gain: -3}}"
LIMITER = "limiter: {ceiling_dbtp: -1, input_gain_db: 3}"


# ------------------------------------------------------------------------------ nothing changed

UNCHANGED = {
    "an empty chain": ([], ""),
    "built-in stages": ([EQ, "width: {}", LIMITER], ""),
    "dither none": ([EQ], "master: {dither: none}\n"),
    "dither tpdf, 16 bits": ([EQ], "master: {dither: tpdf, bit_depth: 16}\n"),
    "dither shaped": ([EQ], "master: {dither: shaped, bit_depth: 16}\n"),
    "flac": ([EQ], "master: {format: flac}\n"),
    "aiff": ([EQ], "master: {format: aiff, bit_depth: 32f}\n"),
    "a tail": (["delay: {}"], "tail_s: 0.3\n"),
    "another rate": ([EQ, LIMITER, "gain: {}"], "master: {sample_rate_hz: 48000}\n"),
    "bands": (["split: {crossovers_hz: [200], bands: [[mono_bass: {}], [compressor: {}]]}"], ""),
    "a bypassed stage": ([EQ, "limiter: {bypass: true}", "gain: {mix: 0}"], ""),
}


@pytest.mark.parametrize("what", UNCHANGED)
def test_when_nothing_has_changed_the_master_is_identical(tmp_path: Path, what: str) -> None:
    stages, more = UNCHANGED[what]
    sheet = made(tmp_path, *stages, more=more)
    before = tree(tmp_path)
    result = recalled(sheet)
    assert (result.verdict, odd(result)) == ("identical", [])
    assert result.first_difference is result.residual_peak_dbfs is None
    assert result.after is not None
    assert result.after.as_dict() | {"notes": {}} == plain(sheet)["after"] | {"notes": {}}
    assert tree(tmp_path) == before


@pytest.mark.parametrize(("channels", "subtype"), [(1, "PCM_24"), (2, "DOUBLE"), (5, "PCM_16")])
def test_mixes_of_any_kind(tmp_path: Path, channels: int, subtype: str) -> None:
    mix = write(tmp_path / "mix.wav", channels=channels, subtype=subtype)
    assert recalled(made(tmp_path, EQ, LIMITER, mix=mix)).verdict == "identical"


def test_settings_given_beside_the_chain_are_recalled(tmp_path: Path) -> None:
    chain = write_chain(tmp_path / "chain.yaml", EQ, LIMITER)
    mix = write(tmp_path / "mix.wav")
    done = masterprint.render(
        chain,
        mix,
        tmp_path / "out",
        settings={"limiter.ceiling_dbtp": -8.5},
        bit_depth="16",
        format="flac",
    )
    (tmp_path / "chain.yaml").unlink()  # the sheet is enough
    assert recalled(sheet_of(done.master)).verdict == "identical"


def test_a_new_master_is_kept_with_a_sheet_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "rooms/room.wav", 0.02, 1)
    sheet = made(tmp_path, "convolution: {impulse_response: rooms/room.wav, mix: 0.3}", LIMITER)
    result = recalled(sheet, folder=tmp_path / "again/deep")
    assert result.master == tmp_path / "again/deep/mix.wav"
    assert result.master.read_bytes() == (tmp_path / "out/mix.wav").read_bytes()
    assert recalled(sheet_of(result.master)).verdict == "identical"
    assert plain(sheet_of(result.master))["work_sha256"] == plain(sheet)["work_sha256"]
    assert sorted(path.name for path in result.master.parent.iterdir()) == [
        "mix.wav",
        "mix.wav.recall.yaml",
    ]


# ------------------------------------------------------------------------- what is left untouched


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    for folder, options in (
        (tmp_path / "out", {}),
        (tmp_path / "out", {"if_there": IfThere.REPLACE}),
        (tmp_path, {"if_there": IfThere.REPLACE}),  # where the mix is, which has the master's name
    ):
        before = tree(tmp_path)
        with pytest.raises(UsageError, match="belongs to this recall"):
            recalled(sheet, folder=folder, **options)
        assert tree(tmp_path) == before
    other = tmp_path / "other"
    other.mkdir()
    (other / "mix.wav").write_text("somebody's")
    with pytest.raises(UsageError, match="--overwrite"):
        recalled(sheet, folder=other)
    assert (other / "mix.wav").read_text() == "somebody's"
    with pytest.raises(UsageError, match="is no master, as no recall sheet is beside it"):
        recalled(sheet, folder=other, if_there=IfThere.REPLACE)
    assert (other / "mix.wav").read_text() == "somebody's"
    (other / "mix.wav").unlink()
    for option in (IfThere.REFUSE, IfThere.REPLACE):
        assert recalled(sheet, folder=other, if_there=option).verdict == "identical"
    (tmp_path / "linked").symlink_to(tmp_path / "out")
    with pytest.raises(UsageError, match="belongs to this recall"):
        recalled(sheet, folder=tmp_path / "linked", if_there=IfThere.REPLACE)


def test_what_is_impossible_makes_no_folder(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    (tmp_path / "mix.wav").unlink()
    (tmp_path / "out/mix.wav").unlink()
    assert recalled(sheet, folder=tmp_path / "again").verdict == "impossible"
    assert not (tmp_path / "again").exists()


# ---------------------------------------------------------------------------------------- the mix


def test_a_mix_that_moved_is_found_by_its_hash(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    (tmp_path / "archive/2024").mkdir(parents=True)
    (tmp_path / "mix.wav").rename(tmp_path / "archive/2024/final final.wav")
    lost = recalled(sheet)
    assert (lost.verdict, odd(lost)) == ("impossible", [("mix", "mix.wav", "missing")])
    assert "mix.wav" in lost.reason
    found = recalled(sheet, places=Places([tmp_path / "archive"]))
    assert (found.verdict, odd(found)) == ("identical", [("mix", "mix.wav", "moved")])
    with pytest.raises(UsageError, match="no such file or folder"):
        recalled(sheet, places=Places([tmp_path / "nowhere"]))


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"seconds": 0.4, "seed": 2},
        {"channels": 1},
        {"rate": 48000},
        {"subtype": "FLOAT", "seed": 2},
    ],
)
def test_a_changed_mix_is_named(tmp_path: Path, other: dict) -> None:
    sheet = made(tmp_path, EQ)
    write(tmp_path / "mix.wav", **other)
    result = recalled(sheet)
    assert (result.verdict, odd(result)) == ("different", [("mix", "mix.wav", "differs")])
    assert "mix mix.wav" in result.reason
    assert result.residual_rms_dbfs is not None
    assert result.residual_rms_dbfs > -60


def test_a_mix_with_other_tags_still_makes_the_same(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    data = (tmp_path / "mix.wav").read_bytes() + b"LIST\x04\0\0\0abcd"
    (tmp_path / "mix.wav").write_bytes(data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])
    result = recalled(sheet)
    assert (result.verdict, odd(result)) == ("identical", [("mix", "mix.wav", "differs")])


# ---------------------------------------------------------------------------------- the old master


def test_without_the_old_master_only_sameness_can_be_told(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    (tmp_path / "out/mix.wav").unlink()
    assert recalled(sheet).verdict == "identical"
    write(tmp_path / "mix.wav", seed=2)
    result = recalled(sheet)
    assert result.verdict == "different"
    assert "not beside its sheet" in result.reason
    assert result.residual_peak_dbfs is None


@pytest.mark.parametrize("damage", ["edited", "cut", "no audio"])
def test_a_master_that_was_edited_is_not_compared_with(tmp_path: Path, damage: str) -> None:
    sheet = made(tmp_path, EQ)
    master = tmp_path / "out/mix.wav"
    if damage == "edited":
        audio, rate = soundfile.read(master)
        soundfile.write(master, audio * 0.5, rate, "PCM_24")
    else:
        data = master.read_bytes()
        master.write_bytes(data[: len(data) // 2] if damage == "cut" else b"text")
    result = recalled(sheet)
    assert result.verdict == "different"
    said = "its samples have" if damage == "edited" else "cannot be read"
    assert f"the render gives what the sheet describes, but master mix.wav: {said}" in result.reason
    assert (result.residual_peak_dbfs is not None) == (damage == "edited")
    master.unlink()
    without = recalled(sheet)
    assert without.verdict == "identical"
    assert "by its hash in the sheet: mix.wav is not beside it" in without.reason
    master.write_bytes(b"text")
    write(tmp_path / "mix.wav", seed=2)
    result = recalled(sheet)
    assert (result.verdict, result.residual_peak_dbfs) == ("different", None)
    assert "cannot be told" in result.reason


# -------------------------------------------------------------------------------------- the sheet


def test_tampering_is_noticed(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ, LIMITER)
    for place in (("after", "integrated_lufs", -9.0), ("stages", 0, "audio_xxh3", "0" * 32)):
        result = recalled(edited(sheet, put(*place), "left"))
        assert result.verdict == "identical"
        assert odd(result) == [("sheet", "edited.recall.yaml", "differs")]
        assert "edited" in result.reason


def test_an_edited_setting_is_explained_by_the_edit(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ, LIMITER)
    change = put("chain", "settings", "stages", 1, "limiter", "input_gain_db", 2.5)
    result = recalled(edited(sheet, change, "left"))
    assert result.verdict == "different"
    assert result.first_difference == (2, "limiter")
    assert "edited" in result.reason
    resealed = recalled(edited(sheet, change, "sha256"))
    assert resealed.verdict == "different"


def test_another_hash_of_the_master_is_no_proof(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    result = recalled(edited(sheet, put("master", "pcm_sha256", "0" * 64), "left"))
    assert result.verdict == "different"
    assert "edited" in result.reason


# --------------------------------------------------------------------------------- files and rooms


def test_a_file_of_the_chain_that_was_lost_moved_or_changed(tmp_path: Path) -> None:
    room = write(tmp_path / "ir/room.wav", 0.02, 1)
    sheet = made(tmp_path, EQ, "convolution: {impulse_response: ir/room.wav, label: hall}")
    assert (recalled(sheet).verdict, odd(recalled(sheet))) == ("identical", [])
    (tmp_path / "shelf").mkdir()
    room.rename(tmp_path / "shelf/x.wav")
    lost = recalled(sheet)
    assert (lost.verdict, odd(lost)) == ("impossible", [("file", "ir/room.wav", "missing")])
    found = recalled(sheet, places=Places([tmp_path / "shelf"]))
    assert (found.verdict, odd(found)) == ("identical", [("file", "ir/room.wav", "moved")])
    write(room, 0.02, 1, seed=9)
    changed = recalled(sheet)
    assert (changed.verdict, odd(changed)) == ("different", [("file", "ir/room.wav", "differs")])
    assert changed.first_difference == (2, "hall")
    assert "ir/room.wav" in changed.reason


REFERENCE = "match: {reference: refs/other.wav}"


def test_a_reference_is_an_ingredient_like_any_other_file(tmp_path: Path) -> None:
    """Beside a stage that changes the length; what it was is not told by its name alone."""
    other = write(tmp_path / "refs/other.wav", 1.0, seed=5)
    sheet = made(tmp_path, "trim: {end_s: 0.45}", REFERENCE)
    chain = find_chain(tmp_path / "chain.yaml")
    assert (recalled(sheet).verdict, odd(recalled(sheet))) == ("identical", [])
    assert rerender(load_sheet(sheet), chain).reason == "no settings differ"
    write(other, 1.0, seed=6)
    changed = recalled(sheet)
    assert (changed.verdict, odd(changed)) == ("different", [("file", "refs/other.wav", "differs")])
    assert changed.first_difference == (2, "match")
    also = "; refs/other.wav has changed"
    assert rerender(load_sheet(sheet), chain).reason == f"no settings differ{also}"
    result = rerender(load_sheet(sheet), None, {"match.amount": 0.5})
    assert result.reason == f"1 setting differs{also}"


def test_only_a_stranger_is_told_that_his_files_are_too_large(tmp_path: Path, monkeypatch) -> None:
    """A reference may be an hour long."""
    write(tmp_path / "refs/other.wav", 1.0, seed=5)
    sheet = made(tmp_path, REFERENCE)
    strange = edited(sheet, put("date", "2020-01-01T00:00:00Z"))
    monkeypatch.setattr("masterprint.sheets.staging.MOST_BYTES", 200_000)
    assert recalled(sheet).verdict == "identical"
    result = recalled(strange)
    assert (result.verdict, odd(result)[0][2]) == ("impossible", "missing")
    assert "refs/other.wav: is too much" in result.reason


@pytest.mark.parametrize(
    ("content", "said"), [(b"no audio", "cannot be read as audio"), (None, "is silent")]
)
def test_errors_name_a_file_as_the_chain_does(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    other = write(tmp_path / "refs/other.wav", seed=5)
    sheet = made(tmp_path, REFERENCE)
    if content is None:
        soundfile.write(other, np.zeros((44100, 2)), 44100)
    else:
        other.write_bytes(content)
    for settings in ({}, {"match.amount": 0.5}):
        with pytest.raises(masterprint.MasterprintError) as caught:
            rerender(load_sheet(sheet), None, settings) if settings else recalled(sheet)
        assert "reference: refs/other.wav" in str(caught.value)
        assert said in str(caught.value)


# ------------------------------------------------------------------------------------- a stranger


@pytest.mark.parametrize(
    "edit",
    [
        put("mix", "path", "/etc/passwd"),
        put("mix", "path", "../../../../../../../../etc/passwd"),
        put("mix", "path", "/dev/zero"),
        put("mix", "path", "../fifo"),
        put("mix", "path", "../private.wav"),
    ],
)
def test_a_strangers_path_is_not_followed_out_of_its_folder(tmp_path: Path, edit) -> None:
    sheet = made(tmp_path, EQ)
    os.mkfifo(tmp_path / "fifo")
    write(tmp_path / "private.wav", seed=5)
    result = recalled(edited(sheet, edit), folder=tmp_path / "again")
    assert (result.verdict, odd(result)) == ("impossible", [("mix", "mix.wav", "missing")])
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("name", ["../../evil.wav", "/evil.wav", "..", "", "sub/evil.wav", "."])
def test_names_in_a_sheet_do_not_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    sheet = made(tmp_path / "deep/project", EQ)
    before = tree(tmp_path)

    def change(data) -> None:
        data["master"]["name"] = data["mix"]["name"] = name
        data["files"] = [{"name": f"../../{name}", **kept}]

    content = (tmp_path / "deep/project/chain.yaml").read_bytes()
    kept = {"path": "../chain.yaml", "bytes": len(content), "sha256": "0" * 64}
    with pytest.raises(SheetError, match=r"master.name: .*is no name of a file"):
        recalled(edited(sheet, put("master", "name", name)), folder=tmp_path / "again")

    def change_others(data) -> None:
        change(data)
        data["master"]["name"] = "mix.wav"

    stranger = edited(sheet, change_others)
    recalled(stranger)
    stranger.unlink()
    assert tree(tmp_path) == before


def test_settings_that_no_chain_has_make_it_impossible(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    for value in (5, None, [{}]):
        with pytest.raises(SheetError, match=r"chain.settings: .*holds no list of stages"):
            recalled(edited(sheet, put("chain", "settings", "stages", value)))
    for value in (
        [{"nothing": {}}],
        [{"gain": {"gain_db": 1e9}}],
        [{"gain": {}} for _ in range(300)],
        [{"delay": {"time_ms": -1}}],
    ):
        result = recalled(edited(sheet, put("chain", "settings", "stages", value)))
        assert (result.verdict, odd(result)) == ("impossible", [("chain", "chain.yaml", "missing")])
    for tail in (-1.0, 1e9):
        result = recalled(edited(sheet, put("chain", "settings", "tail_s", tail)))
        assert result.verdict == "impossible"


def test_a_stranger_cannot_name_files_outside_in_the_chain(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    write(tmp_path / "private.wav", 0.02, 1)
    for name in ("../private.wav", str(tmp_path / "private.wav"), "private.wav"):
        stage = {"convolution": {"impulse_response": name}}
        result = recalled(edited(sheet, put("chain", "settings", "stages", [stage])))
        assert result.verdict == "impossible"


def test_a_stranger_cannot_have_an_uncatalogued_plugin_loaded(
    tmp_path: Path, plugins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = made(tmp_path, GAIN)
    shutil.copytree(bundle("StartsProgram"), tmp_path / "out/StartsProgram.vst3")
    stage = {"plugin": {"name": "Fixture StartsProgram"}}
    result = recalled(edited(sheet, put("chain", "settings", "stages", [stage]), "ours"))
    assert result.verdict == "impossible"
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "empty"))
    assert recalled(sheet).verdict == "impossible"


# ------------------------------------------------------------------------------------------ plugins


class Rack:
    """Plugins of one's own, which can be installed, touched and removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, as_name: str | None = None) -> Path:
        place = self.folder / f"{as_name or name}.vst3"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(bundle(name), place)
        self.scan(place)
        return place

    def scan(self, place: Path) -> None:
        catalogue = Catalogue.load()
        assert scan(catalogue, place).status == "scanned"
        catalogue.save()

    def remove(self, place: Path) -> None:
        shutil.rmtree(place)
        catalogue = Catalogue.load()
        catalogue.drop(place)
        catalogue.save()


@pytest.fixture
def rack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rack:
    need_fixtures()
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "home"))
    return Rack(tmp_path / "rack")


PLACE = "stages[1].plugin: Fixture Gain"


def test_a_touched_binary_is_named(tmp_path: Path, rack: Rack) -> None:
    place = rack.install("Gain")
    sheet = made(tmp_path, EQ, GAIN)
    assert (recalled(sheet).verdict, odd(recalled(sheet))) == ("identical", [])
    (library,) = place.rglob("*.so")
    library.write_bytes(library.read_bytes() + b"\0")
    unscanned = recalled(sheet)
    assert unscanned.verdict == "impossible"
    assert "has changed since it was scanned" in unscanned.reason
    assert odd(unscanned) == [("plugin", PLACE, "missing")]
    assert "scan it again: masterprint plugins scan" in unscanned.reason
    rack.scan(place)
    result = recalled(sheet)
    assert (result.verdict, odd(result)) == ("identical", [("plugin", PLACE, "differs")])
    text = next(each.text for each in result.ingredients if each.kind == "plugin")
    assert plain(sheet)["plugins"][0]["binary_sha256"][:12] in text


def test_another_version_is_named_and_explains(tmp_path: Path, rack: Rack) -> None:
    place = rack.install("Gain")
    sheet = made(tmp_path, EQ, "plugin: {name: Fixture Gain, parameters: {Gain: -3}}", LIMITER)
    rack.remove(place)
    lost = recalled(sheet)
    assert lost.verdict == "impossible"
    assert "Fixture Gain" in lost.reason
    rack.install("GainV2")
    result = recalled(sheet)
    assert result.verdict == "identical"
    assert odd(result) == [("plugin", PLACE, "differs")]
    # With other audio before it, it would be blamed for what it does not do: only its own stage.
    shown = next(each.text for each in result.ingredients if each.kind == "plugin")
    assert shown == "version 2.0.0, it was 1.2.3"


def test_a_plugin_that_never_repeats_itself_is_named(tmp_path: Path, plugins: Path) -> None:
    sheet = made(tmp_path, EQ, "plugin: {name: Fixture Random}", LIMITER)
    result = recalled(sheet)
    assert result.verdict == "different"
    assert result.first_difference == (2, "Fixture Random")
    assert "Fixture Random" in result.reason


def test_a_fallback_whose_plugin_is_gone_or_came_later(tmp_path: Path, rack: Rack) -> None:
    chain = (
        "plugin: {name: Fixture Gain, parameters: {Gain: -3}, when_missing: fallback, "
        "fallback: [gain: {gain_db: -1}]}"
    )
    without = made(tmp_path, EQ, chain)
    (fact,) = plain(without)["plugins"]
    assert (fact["used"], fact["binary_sha256"]) == ("fallback", None)
    assert (recalled(without).verdict, odd(recalled(without))) == ("identical", [])
    place = rack.install("Gain")
    later = recalled(without)
    assert later.verdict == "different"
    assert later.first_difference == (2, "Fixture Gain")
    assert "is installed here" in later.reason
    done = masterprint.render(tmp_path / "chain.yaml", tmp_path / "mix.wav", tmp_path / "with")
    sheet = sheet_of(done.master)
    assert plain(sheet)["plugins"][0]["used"] == "plugin"
    rack.remove(place)
    gone = recalled(sheet)
    assert gone.verdict == "impossible"
    assert odd(gone) == [("plugin", "stages[1].plugin: Fixture Gain", "missing")]


def test_a_bypass_whose_plugin_came_later(tmp_path: Path, rack: Rack) -> None:
    sheet = made(tmp_path, "plugin: {name: Fixture Gain, when_missing: bypass}")
    assert recalled(sheet).verdict == "identical"
    rack.install("Gain")
    result = recalled(sheet)
    assert odd(result) == [("plugin", "stages[0].plugin: Fixture Gain", "differs")]


# ----------------------------------------------------------------------------- with other settings


def test_another_chain_for_the_same_mix(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ, LIMITER)
    write_chain(tmp_path / "new.yaml", EQ.replace("1.5", "2.5"), LIMITER, "gain: {gain_db: -2}")
    result = rerender(load_sheet(sheet), find_chain(tmp_path / "new.yaml"), folder=tmp_path / "new")
    assert result.verdict == "changed"
    assert [str(change) for change in result.settings] == [
        "stage 1, eq: bands[0].gain_db: 1.5 -> 2.5",
        "stage 3, gain: added",
    ]
    assert result.before == plain(sheet)["after"]
    assert result.after == masterprint.measure(tmp_path / "new/mix.wav")
    assert recalled(sheet_of(tmp_path / "new/mix.wav")).verdict == "identical"


def test_other_settings_for_the_same_mix(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ, LIMITER)
    (tmp_path / "chain.yaml").unlink()
    saved = load_sheet(sheet)
    result = rerender(saved, None, {"limiter.ceiling_dbtp": -9.0}, folder=tmp_path / "new")
    assert [str(change) for change in result.settings] == [
        "stage 2, limiter: ceiling_dbtp: -1 -> -9"
    ]
    audio, _ = soundfile.read(tmp_path / "new/mix.wav")
    assert 20 * np.log10(np.abs(audio).max()) < -8.9
    assert recalled(sheet_of(tmp_path / "new/mix.wav")).verdict == "identical"
    with pytest.raises(UsageError):
        rerender(saved, None, {"limiter.ceiling": -9.0})


def test_the_same_chain_changes_nothing(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ, "split: {crossovers_hz: [200], bands: [[gain: {}], []]}")
    result = rerender(load_sheet(sheet), find_chain(tmp_path / "chain.yaml"))
    assert (result.verdict, result.settings) == ("changed", [])
    assert result.reason == "no settings differ"


def test_another_format_does_not_hide_the_old_master(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    before = tree(tmp_path / "out")
    result = rerender(load_sheet(sheet), None, {"master.format": "flac"}, folder=tmp_path / "out")
    assert result.master == tmp_path / "out/mix.flac"
    assert {name: tree(tmp_path / "out")[name] for name in before} == before


# ------------------------------------------------------------------------- found to go wrong


def test_a_mix_that_is_given_is_taken_whatever_is_in_it(tmp_path: Path) -> None:
    """As `--mix` says: also where the old mix is still in its place."""
    sheet = made(tmp_path, EQ)
    other = write(tmp_path / "mix v2.wav", seed=2)
    result = recalled(sheet, places=Places([other], instead=True), folder=tmp_path / "new")
    assert plain(sheet_of(tmp_path / "new/mix.wav"))["mix"]["name"] == "mix v2.wav"
    assert (result.verdict, odd(result)) == ("different", [("mix", "mix.wav", "differs")])


@pytest.mark.parametrize("setting", ["bypass: true", "mix: 0"])
def test_a_file_of_a_stage_that_does_nothing_is_no_obstacle(tmp_path: Path, setting: str) -> None:
    write(tmp_path / "room.wav", 0.02, 1)
    sheet = made(tmp_path, EQ, f"convolution: {{impulse_response: room.wav, {setting}}}")
    assert recalled(sheet).verdict == "identical"


def test_a_sheet_of_other_settings_can_be_recalled(tmp_path: Path) -> None:
    """Its files are where they were, not where they were put together for the render."""
    write(tmp_path / "room.wav", 0.02, 1)
    sheet = made(tmp_path, "convolution: {impulse_response: room.wav}", "gain: {gain_db: -2}")
    rerender(load_sheet(sheet), None, {"gain.gain_db": -3.0}, folder=tmp_path / "new")
    new = sheet_of(tmp_path / "new/mix.wav")
    assert plain(new)["files"][0]["path"] == "../room.wav"
    assert (recalled(new).verdict, odd(recalled(new))) == ("identical", [])


def test_another_file_is_not_to_be_had_by_a_setting(tmp_path: Path) -> None:
    """The sheet's files are put together in a scratch folder, which no message should name."""
    write(tmp_path / "room.wav", 0.02, 1)
    write(tmp_path / "hall.wav", 0.02, 1)
    sheet = made(tmp_path, "convolution: {impulse_response: room.wav}")
    with pytest.raises(UsageError) as refused:
        rerender(load_sheet(sheet), None, {"convolution.impulse_response": "hall.wav"})
    assert "there is no such file: hall.wav" in refused.value.message
    assert "--chain" in str(refused.value)


def test_what_a_killed_recall_has_left_is_removed(tmp_path: Path, monkeypatch) -> None:
    sheet = made(tmp_path, EQ)
    scratch = tmp_path / "scratch"
    left = scratch / ".masterprint-0123456789ab.part/files"
    left.mkdir(parents=True)
    os.utime(left.parent, (0, 0))
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)  # what it remembers of another TMPDIR
    assert recalled(sheet).verdict == "identical"
    assert list(scratch.iterdir()) == []


def test_the_sheet_of_a_lost_master_is_not_replaced(tmp_path: Path) -> None:
    """It is all that tells what the master was; `render` does not replace it either."""
    sheet = made(tmp_path, EQ)
    (tmp_path / "out/mix.wav").unlink()
    write(tmp_path / "mix.wav", seed=2)
    before = sheet.read_bytes()
    with pytest.raises(UsageError):
        recalled(sheet, folder=tmp_path / "out")
    assert sheet.read_bytes() == before


def test_the_plugin_that_was_used_is_used_again_where_a_newer_one_is_too(
    tmp_path: Path, rack: Rack
) -> None:
    """The sheet knows class, version and binary, even where the chain has the name only."""
    rack.install("Gain")
    sheet = made(tmp_path, EQ, GAIN)
    rack.install("GainV2")
    assert (recalled(sheet).verdict, odd(recalled(sheet))) == ("identical", [])


def test_a_plugin_in_a_fallback_that_is_not_used_any_more_is_not_missing(
    tmp_path: Path, rack: Rack
) -> None:
    rack.install("Latency64")
    inner = "plugin: {name: Fixture Latency64}"
    stage = f"plugin: {{name: Fixture Gain, when_missing: fallback, fallback: [{inner}]}}"
    sheet = made(tmp_path, EQ, stage)
    rack.install("Gain")
    result = recalled(sheet)
    assert not any("is not installed" in each.text for each in result.ingredients)
    assert result.verdict != "impossible"


def test_all_that_is_missing_is_said_at_once(tmp_path: Path, rack: Rack) -> None:
    room = write(tmp_path / "room.wav", 0.02, 1)
    place, other = rack.install("Gain"), rack.install("Latency64")
    stages = [
        GAIN,
        "convolution: {impulse_response: room.wav}",
        "plugin: {name: Fixture Latency64}",
    ]
    sheet = made(tmp_path, *stages)
    room.unlink()
    rack.remove(place)
    (library,) = other.rglob("*.so")
    library.write_bytes(library.read_bytes() + b"\0")
    rack.scan(other)
    result = recalled(sheet)
    assert result.verdict == "impossible"
    assert "room.wav" in result.reason
    assert "Fixture Gain" in result.reason
    assert ("plugin", "stages[2].plugin: Fixture Latency64", "differs") in odd(result)


def test_a_missing_plugin_is_a_plugin(tmp_path: Path, rack: Rack) -> None:
    place = rack.install("Gain")
    sheet = made(tmp_path, EQ, GAIN)
    rack.remove(place)
    assert odd(recalled(sheet)) == [("plugin", PLACE, "missing")]


def test_another_mix_through_an_empty_chain_is_no_matter_of_rounding(tmp_path: Path) -> None:
    sheet = made(tmp_path, more="master: {bit_depth: 16}\n")
    write(tmp_path / "mix.wav", seed=2)
    result = recalled(sheet)
    assert (result.verdict, odd(result)) == ("different", [("mix", "mix.wav", "differs")])
    assert "rounding" not in result.reason


def test_a_mix_of_another_number_of_channels_is_different(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    write(tmp_path / "mix.wav", channels=3)
    assert recalled(sheet).verdict == "different"


def test_a_master_of_another_length_is_said_to_be(tmp_path: Path) -> None:
    """The residual is of what both have: here it is tiny, and explains nothing."""
    sheet = made(tmp_path, EQ)
    write(tmp_path / "mix.wav", 0.4)
    result = recalled(sheet)
    assert result.verdict == "different"
    assert any(word in result.reason for word in ("frames", "length", "long", "short"))


@pytest.mark.parametrize("name", [b"caf\xe9.wav", b"bell\x07.wav"])
def test_a_mix_whose_name_is_no_text_is_found_where_it_was(tmp_path: Path, name: bytes) -> None:
    odd_name = tmp_path / os.fsdecode(name)
    write(tmp_path / "plain.wav").rename(odd_name)
    assert recalled(made(tmp_path, EQ, mix=odd_name)).verdict == "identical"


@pytest.mark.parametrize(
    "names", [["."], [""], ["a", "a/b"], ["y" * 300], ["z/" * 3000]], ids=lambda names: names[0][:3]
)
def test_files_with_names_that_cannot_be_are_no_unknown_error(
    tmp_path: Path, names: list[str]
) -> None:
    sheet = made(tmp_path, EQ)
    content = sheet.read_bytes()
    fact = {"path": sheet.name, "bytes": len(content), "sha256": sha256(content).hexdigest()}
    result = recalled(edited(sheet, put("files", [{"name": name, **fact} for name in names])))
    assert result.verdict in ("identical", "impossible")


def test_a_name_of_the_master_that_no_system_takes_is_no_unknown_error(tmp_path: Path) -> None:
    sheet = edited(made(tmp_path, EQ), put("master", "name", "x" * 300 + ".wav"))
    with suppress(masterprint.MasterprintError):
        recalled(sheet)


SMALL_FILES_ONLY = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
from pathlib import Path
from masterprint.rendering.recall import recall
from masterprint.sheets.sheet import load_sheet
print(recall(load_sheet(Path(sys.argv[1]))).verdict)
"""


def test_files_that_the_chain_does_not_name_are_not_copied(tmp_path: Path) -> None:
    """With a large one beside it, a thousand such lines in a sheet would fill the disk."""
    sheet = made(tmp_path, EQ)
    large = tmp_path / "out/large"
    with large.open("wb") as file:
        file.truncate(8 << 20)
    fact = {"path": "large", "bytes": 8 << 20, "sha256": sha256(large.read_bytes()).hexdigest()}
    stranger = edited(sheet, put("files", [{"name": "large", **fact}]))
    command = [sys.executable, "-c", SMALL_FILES_ONLY, stranger]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "identical\n", done.stderr[-300:]


@pytest.mark.parametrize(
    "stages",
    [
        5,
        None,
        [1],
        "abc",
        [{}],
        [{"eq": None}],
        [{"gain": {"label": [1]}}],
        [{"split": {"bands": 5}}],
    ],
    ids=str,
)
def test_another_chain_beside_a_strangers_settings_is_no_unknown_error(
    tmp_path: Path, stages: object
) -> None:
    split = "split: {crossovers_hz: [200], bands: [[gain: {}], []]}"
    sheet = edited(made(tmp_path, split), put("chain", "settings", "stages", stages))
    chain = find_chain(tmp_path / "chain.yaml")
    with suppress(masterprint.MasterprintError):
        assert rerender(load_sheet(sheet), chain).verdict == "changed"


def test_a_sheet_that_was_sealed_anew_is_told_from_an_own_one(tmp_path: Path) -> None:
    """Anybody can make its sha256 fit; that the maker's mark does not is known, and not said."""
    resealed = edited(made(tmp_path, EQ), put("date", "2020-01-01T00:00:00Z"), "sha256")
    assert not load_sheet(resealed).is_ours
    result = recalled(resealed)
    (of_sheet,) = (each for each in result.ingredients if each.kind == "sheet")
    assert of_sheet.status != "same" or of_sheet.text
