"""How long a worker may take for a task before it is given up."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from farm_tools import a_job
from masterprint.batch.auditioning import AuditionTask
from masterprint.batch.rendering import RenderTask
from masterprint.chain.loading import load_chain
from masterprint.rendering.planning import prepare


def test_only_what_goes_through_plugins_is_bounded(
    plugins: Path, mix: Path, tmp_path: Path
) -> None:
    assert plugins.exists()
    job = replace(a_job(tmp_path, mix), timeout_s=1.0)
    assert (RenderTask(job).limit_s, AuditionTask(job).limit_s) == (math.inf, math.inf)
    chain = tmp_path / "chain.yaml"
    chain.write_text("masterprint: 1\nname: t\nstages:\n  - plugin: {name: Fixture Gain}\n")
    job = replace(job, chain=prepare(load_chain(chain)).chain)
    assert RenderTask(job).limit_s == 61.0
    assert AuditionTask(job, (0.0, 3.0)).limit_s == 63.0
    assert RenderTask(replace(job, timeout_s=None)).limit_s == math.inf
