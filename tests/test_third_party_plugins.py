"""The walk-throughs with plugins, typed as they stand, with a fixture in the plugin's place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import soundfile

from masterprint.chain.library import shipped_chains
from masterprint.chain.loading import load_chain
from masterprint.plugins.host import Host
from masterprint.plugins.state import take_state
from masterprint.stages.plugin import Plugin
from masterprint.stages.registry import BUILT_IN
from plugin_tools import bundle, load, noise
from test_readme import ROOT, shell

PAGE = (ROOT / "third_party_plugins.md").read_text(encoding="utf-8")


@pytest.fixture
def studio(tmp_path: Path, plugins: Path) -> Path:
    """A folder with a mix, a preset, and a folder of plugins."""
    soundfile.write(tmp_path / "mix.wav", noise(1.0).T, 44100, "PCM_24")
    shutil.copytree(bundle("Gain"), tmp_path / "studio" / "Gain.vst3")
    with Host() as host:
        load(host, "Gain")
        host.ask("set", values={"Gain": -2.0})
        (tmp_path / "my-setting.vstpreset").write_bytes(take_state(host, "vst3"))
    return tmp_path


def test_the_walk_through_works_as_it_is_typed(
    studio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    commands = [
        line.partition("#")[0].strip()
        for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
        for line in block.splitlines()
        if line.strip()
    ]
    assert len(commands) >= 10
    for command in commands:
        typed = command.replace('"Pro-Q 3"', '"Fixture Gain"').replace("/opt/studio", "studio")
        done = shell(typed.replace("Output Level", "Gain"), studio)
        expected = 2 if "--editor" in command else 0
        assert done.returncode == expected, f"{command}\n{done.stdout}\n{done.stderr}"
    stages = load_chain(studio / "single.yaml").stages
    assert [stage.label for stage in stages] == ["tone", None]
    assert (studio / "masters" / "mix.wav").exists()


def test_the_session_in_the_readme_works_as_it_is_typed(studio: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```console\n(\$ masterprint plugins.*?)```", readme, re.DOTALL)
    (chain, *_) = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    (studio / "low-tide.yaml").write_text(chain)
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        typed = command.replace("ZaMaximX2", '"Fixture Gain"').replace("Threshold", "Gain")
        done = shell(typed, studio)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    kinds = [stage.stage_name for stage in load_chain(studio / "low-tide.yaml").stages]
    assert kinds[-2:] == ["plugin", "maximizer"]


def test_the_page_names_stages_that_there_are() -> None:
    table = PAGE[PAGE.index("## The tools at a glance") : PAGE.index("## Tool by tool")]
    named = {
        word
        for row in table.splitlines()[4:]
        for word in re.findall(r"`([a-z_]+)`", row.rpartition("|")[0].rpartition("|")[2])
    }
    assert named
    assert named <= BUILT_IN.keys()


def test_shipped_chains_print_nothing_that_nobody_captured() -> None:
    """A name and a vendor are known; a class id, a version or a parameter would be made up."""
    hosting = 0
    for path in shipped_chains().values():
        for stage in load_chain(path).stages:
            if isinstance(stage, Plugin):
                hosting += 1
                made_up = {"class_id", "version", "binary_sha256", "state", "parameters"}
                assert not made_up & stage.model_fields_set, path
                assert stage.when_missing == "fallback"
    assert hosting >= 3
