"""What codecs make of a master, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from masterprint.codecs.encoding import decode, encode
from masterprint.codecs.formats import FORMATS
from masterprint.codecs.table import CodecRow, codec_table
from masterprint.errors import AudioFileError
from oracles import hostile, true_peak_dbtp


def test_the_table_says_what_each_codec_does_and_a_ceiling_that_would_have_been_safe(
    tmp_path: Path,
) -> None:
    audio = np.tanh(2.0 * hostile("music", 44100, 2.0))
    source = tmp_path / "master.wav"
    soundfile.write(source, 0.89 * audio.T / np.abs(audio).max(), 44100, "PCM_24")
    names = ["mp3-128", "vorbis-160", "opus-128", "flac-24"]
    begun: list[str] = []
    table = codec_table(source, names, begun=begun.append)
    assert sorted(begun) == sorted(["the master", *(FORMATS[name].label for name in names)])
    assert list(table.rows) == names
    for name in names:
        row = table.rows[name]
        out = tmp_path / f"out{FORMATS[name].extension}"
        encode(source, out, name)
        measured = true_peak_dbtp(decode(out, name).collect())
        assert row.true_peak_dbtp == pytest.approx(measured, abs=0.05)
        assert row.change_db == pytest.approx(
            row.true_peak_dbtp - table.measurement.true_peak_dbtp, abs=1e-9
        )
    assert table.rows["flac-24"].lossless
    assert table.safe_ceiling_dbtp(["flac-24"], -1.0) is None
    safe = table.safe_ceiling_dbtp(names, -1.0)
    # A master limited to that, here simply turned down, stays below the limit in each of them.
    assert -4.0 < safe < -1.0
    assert safe == round(safe, 1)
    for name in names[:3]:
        encode(source, out, name, gain_db=safe - table.measurement.true_peak_dbtp)
        assert true_peak_dbtp(decode(out, name).collect()) < -1.0 + 0.1
    json.dumps([row.as_dict() for row in table.rows.values()], allow_nan=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "master.wav", "out.flac", "out.mp3", "out.ogg", "out.opus",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "limit", "safe"), [(0.31, -1.0, -1.4), (-0.5, -1.0, -1.0), (1.0, -2.0, -3.0)]
)
def test_safe_ceilings_are_tenths_on_the_safe_side(
    change: float, limit: float, safe: float
) -> None:
    row = CodecRow("mp3-320", "MP3", False, change_db=change)
    assert row.safe_ceiling_dbtp(limit) == pytest.approx(safe)


def test_a_format_that_cannot_hold_the_master_is_told_in_its_row(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "six.wav", 0.1 * np.ones((5000, 6)), 44100)
    table = codec_table(tmp_path / "six.wav", ["mp3-320", "flac-24"])
    assert "has 6 channels" in table.rows["mp3-320"].failed
    assert table.rows["flac-24"].failed is None
    (tmp_path / "text.wav").write_text("no audio")
    with pytest.raises(AudioFileError):
        codec_table(tmp_path / "text.wav", ["mp3-320"])
