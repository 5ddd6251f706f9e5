"""States: taken and read back, or an error that says which of the many ways it went wrong."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from masterprint.errors import PluginError
from masterprint.plugins.host import Host, Refused
from masterprint.plugins.state import (
    StateNotTaken,
    give_state,
    parse_vstpreset,
    read_state,
    same_state,
    state_name,
    take_state,
)
from masterprint.stages.plugin import Plugin
from plugin_tools import craft, load, need_fixtures, noise, through


@pytest.fixture(autouse=True)
def _fixtures() -> None:
    need_fixtures()


def loaded(name: str) -> Host:
    host = Host()
    load(host, name)
    host.ask("prepare", rate=44100, channels=2, block_frames=512)
    return host


@pytest.fixture
def preset() -> bytes:
    """A state of Gain at -12 dB with a hidden part."""
    with loaded("Gain") as host:
        host.ask("set", values={"Gain": -12.0})
        return craft(take_state(host, "vst3"), "seal", "0.25")


def test_a_state_is_asked_for_when_the_plugin_knows_it() -> None:
    """Without audio in between, DPF's plugins give the state from before the last change."""
    with loaded("Gain") as host:
        before = take_state(host, "vst3")
        host.ask("set", values={"Gain": -3.0})
        after = take_state(host, "vst3")
    assert before != after
    said = re.search(rb"\0gain\0([^\0]+)", after)
    assert said is not None
    assert abs(float(said[1]) + 3.0) < 1e-5


def test_a_state_reads_back_in_a_fresh_process(preset: bytes) -> None:
    with loaded("Gain") as host:
        assert give_state(host, preset, "vst3") is None
        assert take_state(host, "vst3") == preset


def test_a_state_that_is_ignored_is_an_error() -> None:
    with loaded("ForgetsState") as host:
        default = take_state(host, "vst3")
        with pytest.raises(StateNotTaken, match="ignored its state"):
            give_state(host, craft(default, "gain", "-6"), "vst3")


def test_a_state_that_never_reads_back_the_same_is_a_note() -> None:
    with loaded("Volatile") as host:
        state = craft(take_state(host, "vst3"), "gain", "-6")
        assert "never reads back the same" in str(give_state(host, state, "vst3"))


def test_a_state_of_a_sibling_is_refused_before_and_by_the_plugin(
    preset: bytes, tmp_path: Path
) -> None:
    """The sibling has the same parameters; as `raw_state` it would silently take them."""
    file = tmp_path / "gain.vstpreset"
    file.write_bytes(preset)
    with loaded("Sibling") as host:
        own = parse_vstpreset(take_state(host, "vst3")).class_id
        with pytest.raises(Refused, match="refused its state"):
            give_state(host, preset, "vst3")
    with pytest.raises(PluginError, match="is a state of another plugin"):
        read_state(file, "vst3", own)


def test_every_truncation_of_a_preset_is_refused(preset: bytes, tmp_path: Path) -> None:
    file = tmp_path / "cut.vstpreset"
    for size in range(len(preset)):
        file.write_bytes(preset[:size])
        with pytest.raises(PluginError, match=r"cut\.vstpreset: is (cut short|no \.vstpreset)"):
            read_state(file, "vst3", None)
    file.write_bytes(preset)
    assert read_state(file, "vst3", None) == preset


def test_a_name_holds_the_hash_of_the_content(preset: bytes, tmp_path: Path) -> None:
    name = state_name("Pro-Q 3 (Stereo)", preset, "vst3")
    assert name == f"pro-q-3-stereo-{hashlib.sha256(preset).hexdigest()[:8]}.vstpreset"
    file = tmp_path / name
    file.write_bytes(preset)
    assert read_state(file, "vst3", None) == preset
    file.write_bytes(craft(preset, "gain", "-11"))
    with pytest.raises(PluginError, match="is not the state that it was named for"):
        read_state(file, "vst3", None)


def test_chunks_that_hosts_add_do_not_count(preset: bytes) -> None:
    """A DAW writes its own notes into a preset, in a chunk called Info."""
    import struct

    (at,) = struct.unpack_from("<q", preset, 40)
    info = b"<MetaInfo/>"
    longer = preset[:at] + info + b"List" + struct.pack("<i", 3) + preset[at + 8 :]
    longer += struct.pack("<4sqq", b"Info", at, len(info))
    longer = longer[:40] + struct.pack("<q", at + len(info)) + longer[48:]
    assert parse_vstpreset(longer).chunks["Info"] == info
    assert same_state(longer, preset, "vst3")
    assert not same_state(craft(preset, "gain", "-11"), preset, "vst3")
    with loaded("Gain") as host:
        assert give_state(host, longer, "vst3") is None


def test_the_state_is_the_sound(preset: bytes, tmp_path: Path, plugins: Path) -> None:
    from masterprint.chain.loading import load_chain

    (tmp_path / "a.vstpreset").write_bytes(preset)
    text = "masterprint: 1\nstages: [plugin: {name: Fixture Gain, state: a.vstpreset}]\n"
    (tmp_path / "chain.yaml").write_text(text)
    audio = noise(0.5)
    out = load_chain(tmp_path / "chain.yaml").apply(audio, 44100)
    assert np.abs(out - audio * 0.25 * 10 ** (-12 / 20)).max() < 1e-7


def test_parameters_come_after_the_state(preset: bytes, tmp_path: Path, plugins: Path) -> None:
    from masterprint.chain.loading import load_chain

    (tmp_path / "a.vstpreset").write_bytes(preset)
    text = (
        "masterprint: 1\nstages:\n  - plugin:\n      name: Fixture Gain\n"
        "      state: a.vstpreset\n      parameters: {Gain: 0}\n"
    )
    (tmp_path / "chain.yaml").write_text(text)
    audio = noise(0.5)
    assert np.array_equal(load_chain(tmp_path / "chain.yaml").apply(audio, 44100), audio / 4)


def test_a_reset_is_not_trusted(plugins: Path) -> None:
    """A plugin that remembers what it played before a reset is the same from a fresh process."""
    stage = Plugin(name="Fixture StatefulReset")
    audio = noise(1.0)
    assert np.array_equal(through(stage, audio)[0], through(stage, audio)[0])
