"""The sanity gate finds each fault that it is for, with the figure, and passes what is sound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Run
from masterprint.plugins.catalogue import Catalogue
from masterprint.plugins.check import CHECKS, Checked, check_plugin
from masterprint.plugins.host import Host
from masterprint.plugins.state import take_state
from plugin_tools import craft, load

pytestmark = pytest.mark.usefixtures("plugins")


def checked(name: str, **state: str) -> dict[str, Checked]:
    (plugin,) = Catalogue.load().named(f"Fixture {name}")
    data = None
    if state:
        with Host() as host:
            load(host, name)
            data = take_state(host, "vst3")
            for key, value in state.items():
                data = craft(data, key, value)
    return {result.check: result for result in check_plugin(plugin, data)}


def bad(results: dict[str, Checked]) -> dict[str, str]:
    return {name: each.verdict for name, each in results.items() if each.verdict != "ok"}


@pytest.mark.parametrize("name", ["Gain", "MonoOnly", "StereoOnly", "Tail"])
def test_a_sound_plugin_passes(name: str) -> None:
    results = checked(name)
    assert tuple(results) == CHECKS
    assert bad(results) == {}


@pytest.mark.parametrize(
    ("name", "state", "expected"),
    [
        ("ForgetsState", {}, {"state": "fail", "sound": "fail"}),
        ("Volatile", {}, {"state": "warning"}),
        ("BlockSize", {}, {"block size": "warning"}),
        ("LatencyLie", {}, {"latency": "fail"}),
        ("Latency1000", {}, {"sound": "warning"}),  # it only delays, which is taken out
        ("Silent", {"arm": "1"}, {"sound": "fail", "latency": "warning"}),
        ("Dry", {}, {"sound": "fail"}),
        ("NoiseOnSilence", {"arm": "1"}, {"silence": "fail"}),
        ("Gain", {}, {}),
        ("Gain", {"gain": "0"}, {"sound": "warning"}),  # asked for, and does nothing there
    ],
)
def test_each_fault_is_found(name: str, state: dict[str, str], expected: dict[str, str]) -> None:
    found = bad(checked(name, **state))
    # A demo's burst falls into other checks as well.
    assert found.items() >= expected.items()
    if name != "NoiseOnSilence":
        assert found.keys() == expected.keys()


def test_a_plugin_that_is_never_the_same_is_found() -> None:
    results = checked("Random")
    assert results["determinism"].verdict == "warning"
    assert -60 < results["determinism"].figures["difference_dbfs"] < -50
    assert results["silence"].verdict != "ok"


@pytest.mark.parametrize("name", ["NanRun", "CrashRun", "ThrowRun"])
def test_a_plugin_that_fails_fails_with_its_reason(name: str) -> None:
    results = checked(name, arm="1")
    said = {"NanRun": "not finite", "CrashRun": "SIGSEGV", "ThrowRun": "out of luck"}[name]
    assert results["determinism"].verdict == "fail"
    assert said in results["determinism"].text


def test_figures() -> None:
    lie, tail, mono = checked("LatencyLie"), checked("Tail", feedback="50"), checked("MonoOnly")
    assert lie["latency"].figures["reported_frames"] == 64
    assert lie["latency"].figures["measured_frames"] == 100
    assert "extra_latency_frames: 36" in lie["latency"].text
    # Echoes of a quarter of a second, halved each time, from -6 dBFS to -90 dBFS.
    assert 3.0 <= tail["tail"].figures["tail_s"] <= 4.5
    assert "stereo as two instances" in mono["layouts"].text
    assert mono["speed"].figures["times_real_time"] > 1


def test_a_hang_ends_the_checks() -> None:
    (plugin,) = Catalogue.load().named("Fixture HangRun")
    with Host() as host:
        load(host, "HangRun")
        armed = craft(take_state(host, "vst3"), "arm", "1")
    (only,) = check_plugin(plugin, armed, limit_s=1.0)
    assert only.verdict == "fail"
    assert "did not answer within 1 s" in only.text


def test_the_command(run: Run, tmp_path: Path) -> None:
    good = run("plugins", "check", "Fixture Gain")
    assert good.returncode == 0
    assert good.stdout.startswith("Fixture Gain 1.2.3, Masterprint Tests\n  ok       state")
    assert good.stdout.endswith("ok: Fixture Gain 1.2.3, Masterprint Tests\n")
    wrong = run("plugins", "check", "Fixture LatencyLie", "--json")
    assert wrong.returncode == 1
    told = json.loads(wrong.stdout)
    assert told["verdict"] == "fail"
    assert [each["check"] for each in told["checks"]] == list(CHECKS)
    (tmp_path / "x.vstpreset").write_text("nothing")
    refused = run("plugins", "check", "Fixture Gain", "--state", tmp_path / "x.vstpreset")
    assert refused.returncode == 2
    assert "is no .vstpreset file" in refused.stderr
