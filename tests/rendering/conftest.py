"""What the tests of this folder share."""

from __future__ import annotations

import json

import pytest
import soundfile

import masterprint
from masterprint.rendering.null import null_files
from null_tools import RATE, on_grid


@pytest.fixture
def nulled(tmp_path):
    """Write two arrays (channels, frames) as files and compare them."""

    def compare(
        a, b, subtypes=("PCM_24", "PCM_24"), rates=(RATE, RATE), align=True
    ) -> masterprint.NullResult:
        paths = tmp_path / "a.wav", tmp_path / "b.wav"
        for path, audio, subtype, rate in zip(paths, (a, b), subtypes, rates, strict=True):
            soundfile.write(path, on_grid(audio, subtype).T, rate, subtype)
        result = null_files(*paths, align=align)
        json.dumps(result.as_dict(), allow_nan=False)
        return result

    return compare
