"""How quick each built-in stage is on one core: `stages.py MATERIAL DAMAGED`.

Seconds of programme per second of processor time, 44.1 kHz stereo, of the stage alone, kernels
compiled: no file is read or written. Settings are such that a stage has much to do; one that is not
named here is taken with its defaults. Stages of restoration get a damaged programme.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from findings import Figure, Finding, Findings, progress
from one_thread import TIMES, keep_to_one_processor

keep_to_one_processor()

import numpy as np  # noqa: E402
import soundfile  # noqa: E402

import masterprint  # noqa: E402
from masterprint.children import settle_in  # noqa: E402
from masterprint.signal import Block, Signal  # noqa: E402
from masterprint.stages.registry import BUILT_IN  # noqa: E402
from masterprint.stages.run import run_stage  # noqa: E402

MIX, REFERENCE = "mix-1.wav", "mix-2.wav"
RESTORATION = ("dc", "declick", "declip", "decrackle", "dehum", "denoise")
ADDED = ("chorus", "convolution", "delay", "reverb")
"""Effects, which have no target; nor has what searches the programme or holds other stages."""
NO_TARGET = (*ADDED, "maximizer", "split")
LEFT_OUT = ("convolution", "plugin")
"""They need a file or a plugin."""
AT_LEAST, AT_LEAST_RESTORING = 150.0, 20.0
WARM_UP_S = 10

BANDS = [
    {"shape": "low_shelf", "frequency_hz": 90, "gain_db": 2.0},
    {"frequency_hz": 200, "gain_db": -2.0, "q": 1.2},
    {"frequency_hz": 700, "gain_db": 1.0, "q": 1.2},
    {"frequency_hz": 1800, "gain_db": -1.5, "q": 1.2},
    {"frequency_hz": 4500, "gain_db": 2.0, "q": 1.2},
    {"shape": "high_shelf", "frequency_hz": 9500, "gain_db": 2.0},
]
COMPRESSOR = {"threshold_db": -30, "ratio": 3, "detector": "rms", "sidechain_highpass_hz": 110}
LOUD = {"input_gain_db": 13}
"""Some 6 dB of reduction, of programmes that peak at -4 dBFS and a little above their ceiling."""

DYNAMIC_BANDS = [
    {"frequency_hz": 90, "threshold_db": -35},
    {"frequency_hz": 400, "threshold_db": -35},
    {"frequency_hz": 3000, "threshold_db": -40},
    {"shape": "high_shelf", "frequency_hz": 9000, "when": "below", "range_db": 4},
]
HARD: dict[str, dict[str, dict[str, Any]]] = {
    "balance": {"": {"left_db": -1, "swap": True}},
    "clipper": {"round": {**LOUD, "softness": 1}, "hard": {**LOUD, "softness": 0}},
    "compressor": {
        "": COMPRESSOR,
        "channels apart": {**COMPRESSOR, "link": 0.5},
        "upward": {"direction": "upward", "lookahead_ms": 5, "release": "programme"},
    },
    "deess": {"": {"threshold_db": -20}},
    "dynamic_eq": {"4 bands": {"bands": DYNAMIC_BANDS}},
    "eq": {"6 bands": {"bands": BANDS}, "6 bands, linear": {"bands": BANDS, "phase": "linear"}},
    "expander": {"": {"threshold_db": -15}},
    "fade": {"": {"in_s": 5, "out_s": 10}},
    "gain": {"": {"gain_db": -2}},
    "highpass": {"": {"slope_db_per_octave": 48}},
    "limiter": {"": LOUD},
    "lowpass": {"": {"slope_db_per_octave": 48}},
    "match": {"": {"reference": REFERENCE}},
    "maximizer": {"": {"target_lufs": -11}},
    "mono_bass": {"": {"slope_db_per_octave": 48}, "linear": {"phase": "linear"}},
    "saturation": {
        "tape": {"drive_db": 12},
        "transformer": {"drive_db": 12, "curve": "transformer"},
        "loudness matched": {"drive_db": 12, "match_loudness": True},
    },
    "split": {
        "3 compressors": {"crossovers_hz": [140, 3000], "bands": [[{"compressor": COMPRESSOR}]] * 3}
    },
    "stereo_align": {"": {}, "followed": {"follow": True}},
    "transient": {"": {"attack_db": 6, "sustain_db": -6}},
    "width": {"": {"width": 1.4}},
}


class Case(NamedTuple):
    """A stage with its settings, and what it is run on."""

    name: str
    stage: str
    settings: dict[str, Any]
    file: Path


def cases(material: Path, damaged: Path) -> Iterator[Case]:
    """Every built-in stage that needs nothing but audio, and `match`; those to come, too."""
    for stage in sorted({*BUILT_IN, *RESTORATION} - {*LEFT_OUT}):
        file = damaged / f"{stage}.wav" if stage in RESTORATION else material / MIX
        for which, settings in HARD.get(stage, {"": {}}).items():
            yield Case(f"{stage}, {which}".rstrip(", "), stage, settings, file)


def times_real_time(case: Case, material: Path) -> float:
    """Of the median of a few runs."""
    chain = material / "one-stage.yaml"
    stages = [{case.stage: case.settings}]
    chain.write_text(json.dumps({"masterprint": 1, "stages": stages}))
    stage = masterprint.load_chain(chain).stages[0]
    audio, rate = soundfile.read(case.file, always_2d=True)
    audio = np.ascontiguousarray(audio.T)

    def run(programme: Block) -> None:
        for _ in run_stage(stage, Signal.of(programme, rate)).blocks:
            pass

    run(audio[:, : WARM_UP_S * rate])
    taken = []
    for _ in range(TIMES):
        begin = time.process_time()
        run(audio)
        taken.append(time.process_time() - begin)
    return audio.shape[1] / rate / statistics.median(taken)


def finding(case: Case, material: Path) -> Finding:
    """A row: how quick the stage is, and how quick it should be."""
    progress(f"stages: {case.name}")
    wanted = AT_LEAST_RESTORING if case.stage in RESTORATION else AT_LEAST
    columns: dict[str, Figure] = {"times real time": "-"}
    if case.stage not in NO_TARGET:
        columns["at least"] = wanted
    if case.stage not in BUILT_IN:
        return Finding(case.name, columns, not_run="stage not there")
    try:
        quick = round(times_real_time(case, material), 1)
    except (masterprint.MasterprintError, OSError) as error:
        return Finding(case.name, columns, not_run=str(error))
    columns["times real time"] = quick
    verdict = "ok" if quick >= wanted else "MISS"
    return Finding(case.name, columns, "" if case.stage in NO_TARGET else verdict)


def main() -> None:
    material, damaged = Path(sys.argv[1]), Path(sys.argv[2])
    settle_in()  # as processes that render do
    rows = [finding(case, material) for case in cases(material, damaged)]
    said = [row.verdict for row in rows if row.verdict]
    Findings(rows, f"{said.count('ok')} of {len(said)} reach their target.", 0).tell()


if __name__ == "__main__":
    main()
