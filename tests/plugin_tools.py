"""What tests of hosting share: the compiled fixtures, presets made by hand, and single stages."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from masterprint.chain.model import Chain
from masterprint.chain.plugins import with_plugins
from masterprint.plugins.host import Host
from masterprint.signal import Signal
from masterprint.stages.plugin import Plugin
from masterprint.stages.run import run_stages

FOLDER = Path(__file__).parents[1] / ".fixtures"
SHARED = [
    *("Gain", "Sibling", "MonoOnly", "StereoOnly", "Tail", "BlockSize", "Random", "StatefulReset"),
    *("Latency0", "Latency64", "Latency1000", "LatencyLie", "LatencyMoves"),
    *("Fight", "Order", "Snap", "ForgetsState", "Volatile"),
    *("CrashRun", "AbortRun", "ThrowRun", "ExitRun", "Exit0Run", "HangRun", "SpawnsThread"),
    *("NanRun", "Silent", "Dry", "NoiseOnSilence", "Chatty"),
]
"""Fixtures in the catalogue of most tests: those that load, and one version of each."""


def need_fixtures() -> Path:
    """The folder of the compiled fixtures; without them a test is skipped, but never in CI."""
    if not (FOLDER / "BUILT").exists():
        why = FOLDER / "WHY.txt"
        reason = why.read_text().strip() if why.exists() else "run: make .fixtures/BUILT"
        if os.environ.get("CI"):
            pytest.fail(f"the test plugins are missing, and CI skips nothing: {reason}")
        pytest.skip(f"the test plugins are missing: {reason}")
    return FOLDER


def bundle(name: str) -> Path:
    """The path of a fixture."""
    return FOLDER / f"{name}.vst3"


def load(host: Host, name: str, limit_s: float = 20.0) -> dict:
    """Have a fixture loaded, and what it tells of itself."""
    return host.ask("load", limit_s, path=str(bundle(name)), name=f"Fixture {name}", format="vst3")


def craft(preset: bytes, key: str, value: str) -> bytes:
    """The preset with one state key or parameter symbol of a DPF plugin set to another value.

    A .vstpreset is "VST3", version 1, 32 bytes of class id, the place of a list at its end; then
    the plugin's own bytes, then that list. DPF's bytes are zero-terminated keys and values.
    """
    (at,) = struct.unpack_from("<q", preset, 40)
    state = preset[48:at]
    found = b"\0" + key.encode() + b"\0"
    before, after = state.split(found, 1)
    state = before + found + value.encode() + after[after.index(b"\0") :]
    size = len(state)
    chunks = struct.pack("<4sqq4sqq", b"Comp", 48, size, b"Cont", 48 + size, 0)
    listed = b"List" + struct.pack("<i", 2) + chunks
    return preset[:40] + struct.pack("<q", 48 + size) + state + listed


def noise(seconds: float = 1.0, channels: int = 2, rate: int = 44100, seed: int = 3) -> np.ndarray:
    """Noise below -6 dBFS of shape (channels, frames) that float32 holds exactly."""
    shape = (channels, round(seconds * rate))
    quiet = np.random.default_rng(seed).uniform(-0.5, 0.5, shape)
    return quiet.astype(np.float32).astype(np.float64)


def bound(stage: Plugin) -> Plugin:
    """The stage with its plugin found in the catalogue."""
    (found,) = with_plugins(Chain(stages=[stage])).stages
    return found


def through(stage: Plugin, audio: np.ndarray, rate: int = 44100, block_frames: int = 5000) -> tuple:
    """What comes out of a stage, and its report."""
    signal = Signal.of(audio, rate, block_frames)
    out, reports = run_stages([bound(stage)], signal)
    return out.collect(), reports[0]
