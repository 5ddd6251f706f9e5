"""Which installed plugin a chain gets: by class id, by name, by version; and what is missing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from masterprint.chain.loading import ChainFileError, load_chain, parse_chain
from masterprint.chain.model import Chain
from masterprint.chain.plugins import plugin_notes, plugin_processes, with_plugins
from masterprint.errors import PluginError
from masterprint.plugins.catalogue import Catalogue
from masterprint.plugins.finding import Missing, Wanted, find
from masterprint.plugins.scan import scan
from masterprint.rendering.result import with_inner
from masterprint.stages.eq import Eq
from masterprint.stages.gain import Gain
from masterprint.stages.plugin import Plugin
from plugin_tools import bundle, noise, through

pytestmark = pytest.mark.usefixtures("plugins")


def class_id(name: str) -> str:
    return Catalogue.load().named(f"Fixture {name}")[0].class_id


def test_by_class_id_first_then_by_name_and_vendor() -> None:
    catalogue = Catalogue.load()
    other = class_id("Sibling")
    assert find(catalogue, Wanted("Fixture Gain", class_id=other)).plugin.name == "Fixture Sibling"
    assert find(catalogue, Wanted("fixture  GAIN")).plugin.name == "Fixture Gain"
    unknown = find(catalogue, Wanted("Fixture Gain", "masterprint tests", class_id="0" * 32))
    assert unknown.plugin.name == "Fixture Gain"
    assert "class id" in unknown.changes[0]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted("Fixture Gian"), "(did you mean 'Fixture Gain' by Masterprint Tests?)"),
        (Wanted("Fixture Gain", "Somebody"), "is here, but by Masterprint Tests"),
        (Wanted("Fixture Gain", format="au"), "is here as vst3 only"),
        (Wanted("Pro-Q 3", "FabFilter"), "is not in the catalogue"),
    ],
)
def test_what_is_missing_is_told_with_what_is_there(wanted: Wanted, said: str) -> None:
    with pytest.raises(Missing) as caught:
        find(Catalogue.load(), wanted)
    assert said in str(caught.value)


def test_one_name_by_two_vendors_is_not_guessed() -> None:
    catalogue = Catalogue.load()
    entry = catalogue.entries[bundle("Gain")]
    entry.plugins.append(replace(entry.plugins[0], vendor="Somebody", class_id="0" * 32))
    with pytest.raises(Missing, match="by Masterprint Tests and by Somebody: set its vendor"):
        find(catalogue, Wanted("Fixture Gain"))


def test_of_several_versions_the_captured_one_else_the_newest() -> None:
    catalogue = Catalogue.load()
    scan(catalogue, bundle("GainV2"))
    assert find(catalogue, Wanted("Fixture Gain", version="1.2.3")).plugin.version == "1.2.3"
    newest = find(catalogue, Wanted("Fixture Gain"))
    assert (newest.plugin.version, newest.changes) == ("2.0.0", ())
    changed = find(catalogue, Wanted("Fixture Gain", version="1.0"))
    assert changed.plugin.version == "2.0.0"
    assert changed.changes == ("its version is 2.0.0, captured with 1.0",)


def test_one_class_by_two_vendor_names_is_one_plugin() -> None:
    catalogue = Catalogue.load()
    entry = catalogue.entries[bundle("Gain")]
    entry.plugins.append(replace(entry.plugins[0], vendor="Somebody", version="0.9"))
    wanted = Wanted("Fixture Gain", class_id=class_id("Gain"), version="0.9")
    assert find(catalogue, wanted).plugin.vendor == "Somebody"


def test_a_copy_elsewhere_is_the_same_plugin(tmp_path: Path) -> None:
    elsewhere = tmp_path / "else" / "Gain.vst3"
    shutil.copytree(bundle("Gain"), elsewhere)
    catalogue = Catalogue()
    scan(catalogue, elsewhere)
    catalogue.save()
    known = Wanted("Fixture Gain", class_id=class_id("Gain"), version="1.2.3")
    assert find(catalogue, known).plugin.path == elsewhere
    assert find(catalogue, known).changes == ()


def test_a_changed_plugin_is_a_warning_or_an_error_as_the_chain_says() -> None:
    warned = Plugin(name="Fixture Gain", version="1.0")
    _, report = through(warned, noise(0.1))
    assert "its version is 1.2.3, captured with 1.0" in report.details["note"]
    other_binary = Plugin(name="Fixture Gain", version="1.2.3", binary_sha256="0" * 64)
    assert "binary has the hash" in through(other_binary, noise(0.1))[1].details["note"]
    strict = warned.model_copy(update={"when_changed": "fail"})
    with pytest.raises(PluginError, match=r"has changed: its version is 1\.2\.3"):
        with_plugins(Chain(stages=[strict]))


def test_all_that_is_missing_is_listed_at_once() -> None:
    chain = parse_chain(
        "masterprint: 1\nname: polish\nstages:\n"
        "  - plugin: {name: Pro-Q 3, vendor: FabFilter}\n"
        "  - plugin: {name: Fixture Gain}\n"
        "  - split:\n      crossovers_hz: [200]\n      bands:\n"
        "        - [plugin: {name: Nothing}]\n        - []\n"
        "  - plugin: {name: Not There, bypass: true}\n"
    )
    with pytest.raises(PluginError) as caught:
        with_plugins(chain)
    text = str(caught.value)
    assert text.startswith("2 plugins of the chain 'polish' cannot be used:")
    assert "stages[0].plugin: 'Pro-Q 3' by FabFilter is not in the catalogue" in text
    assert "stages[2].split.bands[0][0].plugin: 'Nothing' is not in the catalogue" in text
    assert "Not There" not in text
    assert "masterprint plugins scan" in text


def test_missing_plugins_are_left_out_or_replaced_where_the_chain_allows_it() -> None:
    audio = noise(0.5)
    out, report = through(Plugin(name="Nothing", when_missing="bypass"), audio)
    assert np.array_equal(out, audio)
    assert "left out" in report.details["note"]
    fallback = Plugin(name="Nothing", when_missing="fallback", fallback=[Gain(gain_db=-6)], mix=0.5)
    out, report = through(fallback, audio)
    expected = Chain(stages=[Gain(gain_db=-6, mix=0.5)]).apply(audio, 44100)
    assert np.array_equal(out, expected)
    assert "its fallback is used" in report.details["note"]
    assert report.details["fallback"][0]["stage"] == "gain"


def test_the_fallback_is_not_used_where_the_plugin_is() -> None:
    stage = Plugin(name="Fixture Dry", when_missing="fallback", fallback=[Gain(gain_db=-60)])
    audio = noise(0.1)
    assert np.array_equal(through(stage, audio)[0], audio)


def test_warnings_of_a_fallback_are_heard() -> None:
    silent = Plugin(name="Fixture Silent", parameters={"Arm": True})
    stage = Plugin(name="Nothing", when_missing="fallback", fallback=[silent])
    _, report = through(stage, noise(0.2))
    notes = [each["note"] for each in with_inner([report.as_dict()]) if "note" in each]
    assert len(notes) == 2
    assert "gave silence only" in notes[1]


def test_a_fallback_has_to_be_there() -> None:
    with pytest.raises(ChainFileError, match="when_missing is fallback, and there is none"):
        parse_chain("masterprint: 1\nstages: [plugin: {name: X, when_missing: fallback}]\n")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("class_id: zz", "found 'zz'; allowed: 32 hex digits, as captured"),
        ("binary_sha256: abc", "found 'abc'; allowed: 64 hex digits, as captured"),
        (
            "parameters: {Gain: null}",
            "plugin.parameters.Gain: found null; allowed: a number",
        ),
        ("parameters: [1]", "allowed: a mapping"),
        ("block_frames: 0", "allowed: a whole number from 32 to 65536"),
    ],
)
def test_settings_of_the_stage_are_explained(settings: str, said: str) -> None:
    with pytest.raises(ChainFileError) as caught:
        parse_chain(f"masterprint: 1\nstages: [plugin: {{name: X, {settings}}}]\n")
    assert said in str(caught.value)


def test_a_fallback_is_held_to_what_suits_the_mix() -> None:
    eq = Eq.model_validate({"bands": [{"frequency_hz": 21000.0, "gain_db": 1.0}]})
    stage = Plugin(name="Nothing", when_missing="fallback", fallback=[eq])
    chain = with_plugins(Chain(stages=[stage]))
    (problem,) = chain.problems(32000, 2)
    assert "fallback[0].eq" in problem


def test_what_check_says_of_a_chain() -> None:
    chain = parse_chain(
        "masterprint: 1\nstages:\n"
        "  - plugin: {name: Nothing, when_missing: fallback, fallback: [gain: {}]}\n"
        "  - plugin: {name: Fixture Gain, version: '9'}\n  - plugin: {name: Fixture Dry}\n"
    )
    missing, changed = plugin_notes(chain)  # what stops a render is said by `with_plugins`
    assert missing.startswith("stages[0].plugin: 'Nothing' is not in the catalogue")
    assert missing.endswith("its fallback is used")
    assert "captured with 9" in changed


def test_check_doubts_parameters_that_the_scan_did_not_see() -> None:
    stage = Plugin(name="Fixture Gain", parameters={"Gian": 1, "Trim": 1, "Gain": 21, "4": 1})
    unknown, twice, far = plugin_notes(Chain(stages=[stage]))
    assert unknown.endswith("it had no parameter 'Gian' when it was scanned")
    assert twice.endswith("'Trim' is the name of several parameters: use one of 4, 5")
    assert far.endswith("'Gain': found 21; allowed when it was scanned: -60 to 20 dB")


def test_processes_are_counted_as_they_will_be_needed() -> None:
    stages = [Plugin(name="Fixture MonoOnly"), Plugin(name="Fixture Gain", bypass=True), Gain()]
    chain = with_plugins(Chain(stages=stages))
    assert plugin_processes(chain, 2) == 2
    assert plugin_processes(chain, 1) == 1


# Files beside the chain file.


@pytest.mark.parametrize(
    "state", ["/etc/passwd", "../a.vstpreset", "a/../../b", "C:/x.vstpreset", "a\\b", ""]
)
def test_a_state_cannot_be_elsewhere(tmp_path: Path, state: str) -> None:
    chain = tmp_path / "chain.yaml"
    chain.write_text(f"masterprint: 1\nstages:\n  - plugin: {{name: X, state: '{state}'}}\n")
    with pytest.raises(ChainFileError, match="allowed: a path below the folder of the chain file"):
        load_chain(chain)


def test_a_link_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.vstpreset"
    outside.write_bytes(b"secret")
    inner = tmp_path / "chains"
    (inner / "states").mkdir(parents=True)
    (inner / "states" / "a.vstpreset").symlink_to(outside)
    (inner / "chain.yaml").write_text(
        "masterprint: 1\nstages:\n  - plugin: {name: X, state: states/a.vstpreset}\n"
    )
    with pytest.raises(ChainFileError, match="a link that leads out of the chain's folder"):
        load_chain(inner / "chain.yaml")


def test_a_state_that_is_not_there_is_an_error_with_its_line(tmp_path: Path) -> None:
    chain = tmp_path / "chain.yaml"
    stage = "  - plugin:\n      name: X\n      state: a.vstpreset\n"
    chain.write_text(f"masterprint: 1\nstages:\n{stage}")
    with pytest.raises(ChainFileError) as caught:
        load_chain(chain)
    assert f"{chain}:5:14: stages[0].plugin.state: there is no such file" in str(caught.value)
