"""The plugin stage with real plugins: aligned, as long, whatever is around it; or a clear error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from masterprint.chain.loading import parse_chain
from masterprint.chain.model import Chain
from masterprint.errors import PluginError
from masterprint.stages.gain import Gain
from masterprint.stages.plugin import Plugin
from masterprint.stages.split import Split
from masterprint.testing import check_stage_contract
from plugin_tools import bound, bundle, load, noise, through

pytestmark = pytest.mark.usefixtures("plugins")


def fixture(name: str, **settings: object) -> Plugin:
    return Plugin(name=f"Fixture {name}", vendor="Masterprint Tests", **settings)


# Alignment.


@pytest.mark.parametrize("name", ["Latency0", "Latency64", "Latency1000"])
def test_latency_is_taken_out_to_the_sample(name: str) -> None:
    """Plugins that only delay give back what went in, from the first frame to the last."""
    for frames in (1, 999, 1000, 32768, 32769, 100_003):
        audio = noise(3.0)[:, :frames]
        out, report = through(fixture(name), audio)
        assert np.array_equal(out, audio), frames
    assert report.details["latency_frames"] == int(name.removeprefix("Latency"))


def test_unreported_latency_is_corrected_by_hand_in_both_directions() -> None:
    audio = noise(2.0)
    late, _ = through(fixture("LatencyLie"), audio)
    assert np.array_equal(late[:, 36:], audio[:, :-36])
    right, _ = through(fixture("LatencyLie", extra_latency_frames=36), audio)
    assert np.array_equal(right, audio)
    early, _ = through(fixture("Latency64", extra_latency_frames=36), audio)
    assert np.array_equal(early[:, :-36], audio[:, 36:])
    back, _ = through(fixture("Latency64", extra_latency_frames=-36), audio)
    assert np.array_equal(back[:, 36:], audio[:, :-36])
    assert not back[:, :36].any()
    far, _ = through(fixture("Gain", extra_latency_frames=-192000), noise(5.0))
    assert np.array_equal(far[:, 192000:], noise(5.0)[:, :-192000])


def test_latency_that_follows_a_parameter_is_taken_out_too() -> None:
    audio = noise(1.0)
    out, report = through(fixture("LatencyMoves", parameters={"Look-ahead": 700}), audio)
    assert report.details["latency_frames"] == 700
    assert np.array_equal(out, audio)


def test_latency_that_changes_during_the_render_is_an_error_with_advice() -> None:
    with pytest.raises(PluginError) as caught:
        through(fixture("LatencyMoves", parameters={"Drift": True}), noise(4.0))
    assert "changed its latency from 64 to 128 frames" in str(caught.value)
    assert "look-ahead" in str(caught.value)
    assert "00:0" in str(caught.value)


def test_the_same_samples_as_one_call_of_pedalboard_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Streaming in our blocks, from another process, must not change a sample."""
    audio = noise(3.0)
    np.save(tmp_path / "in.npy", audio.astype(np.float32))
    script = (
        "import sys, numpy as np, pedalboard\n"
        "plugin = pedalboard.VST3Plugin(sys.argv[1])\n"
        "out = plugin.process(np.load(sys.argv[2]), 44100.0)\n"
        "np.save(sys.argv[3], out)\n"
    )
    for name in ("Tail", "Latency1000", "Gain", "StereoOnly"):
        arguments = [str(bundle(name)), str(tmp_path / "in.npy"), str(tmp_path / "out.npy")]
        subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True)
        out, _ = through(fixture(name), audio)
        assert np.array_equal(out, np.load(tmp_path / "out.npy")), name


@pytest.mark.parametrize(
    "stage",
    [
        fixture("Gain", parameters={"Gain": -7.3, "4": 3}),
        fixture("Gain", parameters={"Mode": "Hard"}, on="side", mix=0.3),
        fixture("Latency1000", mix=0.5),
        fixture("Latency64", on="mid"),
        fixture("MonoOnly", parameters={"Gain": -6}),
        fixture("BlockSize", block_frames=64),
        fixture("Tail"),
    ],
    ids=lambda stage: f"{stage.name} {stage.on} {stage.mix}",
)
def test_it_keeps_the_stage_contract(stage: Plugin) -> None:
    check_stage_contract(bound(stage), sample_rates_hz=(44100,), channels=(1, 2))


def test_blocks_of_the_plugin_have_the_size_that_was_set() -> None:
    """BlockSize multiplies by n / (n + 256), n being the frames of the block it was called with."""
    audio = noise(1.0)
    for frames in (64, 441, 8192):
        out, _ = through(fixture("BlockSize", block_frames=frames), audio)
        expected = audio * np.float64(np.float32(frames / (frames + 256)))
        assert np.abs(out - expected).max() < 1e-7, frames


# Channels.


def test_mono_goes_through_a_stereo_plugin_as_two_equal_channels() -> None:
    audio = noise(1.0, channels=1)
    out, _ = through(fixture("StereoOnly", parameters={"Gain": -20}), audio)
    assert np.abs(out - audio * 0.1).max() < 1e-7
    # The mean of the two: one turned up by 6 dB, the other as it was.
    lifted, _ = through(fixture("Gain", parameters={"4": 6.0}), audio)
    assert np.abs(lifted - audio * (10 ** (6 / 20) + 1) / 2).max() < 1e-6


def test_stereo_goes_through_a_mono_plugin_as_two_instances() -> None:
    audio = noise(1.0)
    out, report = through(fixture("MonoOnly", parameters={"Gain": -20}), audio)
    assert np.abs(out - audio * 0.1).max() < 1e-7
    assert report.details["instances"] == 2


def test_channels_that_do_not_fit_are_refused_before_any_audio() -> None:
    with pytest.raises(Exception, match=r"works on 2 channels, the mix has 6"):
        Chain(stages=[fixture("Gain")]).apply(noise(0.1, channels=6), 44100)


# Around it.


def test_on_mix_and_split_work_around_it_as_around_any_stage() -> None:
    audio = noise(1.0)
    half = fixture("StereoOnly", parameters={"Gain": -20}, mix=0.5)
    assert np.abs(through(half, audio)[0] - audio * 0.55).max() < 1e-7
    side, _ = through(fixture("StereoOnly", parameters={"Gain": -60}, on="side"), audio)
    mono = audio.mean(axis=0)
    assert np.abs(side - mono).max() < 1e-3
    delayed = fixture("Latency1000")
    band = Split(crossovers_hz=[300.0], bands=[[delayed], [Gain(gain_db=-6)]], phase="linear")
    plain = Split(crossovers_hz=[300.0], bands=[[], [Gain(gain_db=-6)]], phase="linear")
    with_it = Chain(stages=[band]).apply(audio, 44100)
    assert np.abs(with_it - Chain(stages=[plain]).apply(audio, 44100)).max() < 1e-6


def test_a_tail_rings_out_in_the_time_the_chain_gives_it() -> None:
    audio = np.zeros((2, 44100))
    audio[:, 0] = 0.5
    out = Chain(stages=[fixture("Tail")], tail_s=2.0).apply(audio, 44100)
    assert out.shape == (2, 3 * 44100)
    echoes = out[0, ::11025][:12]
    assert np.allclose(echoes, 0.5 * 0.5 ** np.arange(12), atol=1e-6)


def test_a_hidden_state_is_part_of_the_sound(tmp_path: Path) -> None:
    """State that is no parameter; made by hand, so that only the file can have brought it."""
    from masterprint.plugins.host import Host
    from masterprint.plugins.state import take_state
    from plugin_tools import craft

    with Host() as host:
        load(host, "Gain")
        default = take_state(host, "vst3")
    (tmp_path / "sealed.vstpreset").write_bytes(craft(default, "seal", "0.5"))
    chain = tmp_path / "chain.yaml"
    chain.write_text(
        "masterprint: 1\nstages:\n  - plugin: {name: Fixture Gain, state: sealed.vstpreset}\n"
    )
    from masterprint.chain.loading import load_chain

    audio = noise(0.5)
    assert np.array_equal(load_chain(chain).apply(audio, 44100), audio / 2)


# What is said of the result.


@pytest.mark.parametrize(
    ("name", "settings", "note"),
    [
        ("Dry", {"Gain": -6.0}, "bit for bit"),
        ("Silent", {"Arm": True}, "silence only"),
        ("Gain", {"Gain": -6.0}, None),
    ],
)
def test_a_dry_or_silent_result_is_a_warning(name: str, settings: dict, note: str | None) -> None:
    _, report = through(fixture(name, parameters=settings), noise(1.0))
    assert (note or "") in report.details.get("note", "")
    assert ("note" in report.details) == (note is not None)


def test_silence_through_a_plugin_is_no_cause_for_a_warning() -> None:
    _, report = through(fixture("Dry"), np.zeros((2, 44100)))
    assert "note" not in report.details


def test_the_report_tells_which_plugin_it_was() -> None:
    _, report = through(fixture("Gain"), noise(0.2))
    plugin = report.details["plugin"]
    assert plugin["name"] == "Fixture Gain"
    assert plugin["version"] == "1.2.3"
    assert len(plugin["class_id"]) == 32
    assert len(plugin["binary_sha256"]) == 64


def test_what_a_plugin_prints_is_kept_with_its_report_and_does_not_block_it() -> None:
    """Chatty writes some 190 KB each to stdout and stderr, more than a pipe holds."""
    audio = noise(1.0)
    out, report = through(fixture("Chatty", parameters={"Arm": True}), audio)
    assert np.array_equal(out, audio)
    assert "lines of" in report.details["stderr"]
    assert len(report.details["stderr"]) < 10_000


# Faults.


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("CrashRun", "crashed (SIGSEGV)"),
        ("SpawnsThread", "crashed (SIGSEGV)"),
        ("AbortRun", "crashed (SIGABRT)"),
        ("ExitRun", "ended its process (exit code 7)"),
        ("Exit0Run", "ended its process (exit code 0)"),
        ("ThrowRun", "out of luck"),
        ("NanRun", "not finite"),
    ],
)
def test_a_fault_becomes_an_error_with_stage_version_and_time(name: str, what: str) -> None:
    chain = parse_chain(
        "masterprint: 1\nstages:\n  - gain: {}\n  - plugin: {name: Fixture Latency64}\n"
        f"  - plugin: {{name: Fixture {name}, parameters: {{Arm: true}}}}\n"
    )
    with pytest.raises(PluginError) as caught:
        chain.apply(noise(3.0), 44100)
    text = str(caught.value)
    assert text.startswith(f"stage 3, plugin 'Fixture {name}' 1.2.3: "), text
    assert what in text
    assert "at 00:0" in text


def test_faulty_plugins_that_are_not_armed_do_their_work() -> None:
    audio = noise(2.0)
    for name in ("CrashRun", "NanRun", "ThrowRun"):
        assert np.array_equal(through(fixture(name), audio)[0], audio)


def test_the_report_tells_all_that_made_the_sound() -> None:
    stage = fixture("Gain", parameters={"Gain": -3}, block_frames=4096)
    plugin = through(stage, noise(0.1))[1].details["plugin"]
    assert plugin["parameters"] == {"Gain": -3}
    assert plugin["block_frames"] == 4096
    assert plugin["state_sha256"] is None


def test_a_fault_in_a_band_of_a_split_says_so() -> None:
    fault = fixture("ThrowRun", parameters={"Arm": True})
    with pytest.raises(PluginError, match=r"^stage 1, band 2, stage 1, plugin 'Fixture ThrowRun'"):
        Chain(stages=[Split(crossovers_hz=[300.0], bands=[[], [fault]])]).apply(noise(1.0), 44100)


# Parameters.


def test_parameters_are_exact_and_their_order_does_not_matter() -> None:
    """-1.53 dB is between the steps of a thousandth of the range, to which others round."""
    audio = noise(0.5)
    out, _ = through(fixture("Gain", parameters={"Gain": -1.53}), audio)
    gain_db = 20 * np.log10(np.abs(out).max() / np.abs(audio).max())
    assert abs(gain_db + 1.53) < 1e-5
    one, _ = through(fixture("Order", parameters={"A": 80, "B": 75}), audio)
    other, _ = through(fixture("Order", parameters={"B": 75, "A": 80}), audio)
    assert np.array_equal(one, other)
    gain = 1 - (75 + 2 * 80) / 400
    assert np.abs(one - audio * gain).max() < 1e-6


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("Gain", {"Gain": 20.5}, "'Gain': found 20.5; allowed: -60 to 20 dB"),
        ("Gain", {"Gian": 1}, "no parameter 'Gian'; did you mean 'Gain'?"),
        ("Gain", {"Trim": 1}, "several parameters: use one of 4, 5"),
        ("Gain", {"Mode": "Wram"}, "allowed: Clean, Warm, Hard"),
        ("Gain", {"Mode": 1}, "it is set by text"),
        ("Gain", {"Meter": -3}, "for reading only"),
        ("Gain", {"Gain": True}, "'Gain': found true; allowed: -60 to 20 dB"),
        ("Gain", {"Mode": True}, "found true; allowed: Clean, Warm, Hard"),
        ("Gain", {"Mute": 0.5}, "found 0.5, between its steps; allowed: 0, 1"),
        ("Gain", {"Gain": 1, "0": 2}, "'Gain' and '0' are one parameter"),
        ("Gain", {"Gain": "-3 Hz"}, "its unit is dB"),
        ("Snap", {"Amount": 0.37}, "'Amount' was set to 0.37 and stands at 0.25"),
        ("Fight", {"A": 80, "B": 75}, "'A' was set to 80"),
    ],
)
def test_a_parameter_that_cannot_be_set_is_named(name: str, parameters: dict, said: str) -> None:
    with pytest.raises(PluginError) as caught:
        through(fixture(name, parameters=parameters), noise(0.1))
    assert said in str(caught.value)
    assert f"plugin 'Fixture {name}' 1.2.3" in str(caught.value)


def test_parameters_that_fight_are_told_apart() -> None:
    with pytest.raises(PluginError, match=r"it is moved by one of 'B'"):
        through(fixture("Fight", parameters={"A": 80, "B": 75}), noise(0.1))
    out, _ = through(fixture("Fight", parameters={"A": 40, "B": 60}), noise(0.1))
    assert out.any()


def test_a_parameter_is_set_by_words_numbers_with_units_or_switches() -> None:
    audio = noise(0.1)
    for parameters, gain in (
        ({"Mode": "warm"}, 0.5),
        ({"gain": "-20 dB"}, 0.1),
        ({"0": -20}, 0.1),
        ({"Mute": True}, 0.0),
        ({"Mute": "on"}, 0.0),
        ({"Mute": "Off", "Gain": -20}, 0.1),
    ):
        out, _ = through(fixture("Gain", parameters=parameters), audio)
        assert np.abs(out - audio * gain).max() < 1e-6, parameters
