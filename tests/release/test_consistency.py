"""How tracks compare: pooled loudness, medians, what stands out."""

from __future__ import annotations

import numpy as np
import pytest

from masterprint.release.consistency import TrackMeter, compare
from masterprint.signal import Signal
from oracles import integrated_lufs

RATE = 48000


def figures(audio, block=9999):
    meter = TrackMeter(RATE, len(audio), 1.0)
    for piece in meter.listening(Signal.of(audio, RATE, block)).blocks:
        meter.feed(piece)
    return meter.result()


def music(seed, level=0.1, seconds=4.0):
    rng = np.random.default_rng(seed)
    mid, side = rng.normal(0, level, (2, round(seconds * RATE)))
    return np.stack([mid + 0.3 * side, mid - 0.3 * side])


def test_the_album_is_measured_as_one_programme():
    tracks = [music(1, 0.02), music(2, 0.1), music(3, 0.05)]
    found = compare([figures(track) for track in tracks])
    whole = integrated_lufs(np.concatenate(tracks, axis=1), RATE)
    # The oracle's blocks reach over the joins, ours do not.
    assert found.integrated_lufs == pytest.approx(whole, abs=0.05)
    assert found.loudest_lufs == pytest.approx(integrated_lufs(tracks[1], RATE), abs=0.01)


def test_a_track_that_stands_out_is_named_with_figure_and_amount():
    level = 10 ** (5 / 20) * 0.05
    tracks = [music(n, 0.05) for n in range(4)] + [music(9, level)]
    found = compare([figures(track) for track in tracks])
    loud = [each for each in found.outliers if each.figure == "integrated_lufs"]
    assert [(each.index, each.text) for each in loud] == [(4, "5.0 LU louder")]


def test_width_and_tone_stand_out_too():
    tracks = [music(n) for n in range(4)]
    mono = music(7)
    mono[1] = mono[0] + 0.02 * (mono[1] - mono[0])
    dark = np.stack([np.convolve(row, np.ones(16) / 16, "same") for row in music(8)])
    found = compare([figures(track) for track in [*tracks, mono, dark]])
    said = {(each.index, each.figure) for each in found.outliers}
    assert (4, "width_db") in said
    assert (5, "tone_db 8000") in said
    assert any("less at 8000 Hz" in each.text for each in found.outliers)


def test_head_and_tail_are_the_silence_around_the_sound():
    audio = music(1)
    audio[:, : RATE // 2] = 0.0
    audio[:, -RATE:] = 0.0
    found = figures(audio)
    assert found.head_s == pytest.approx(0.5, abs=1e-3)
    assert found.tail_s == pytest.approx(1.0, abs=1e-3)


def test_width_is_side_beside_mid():
    assert figures(music(1)).width_db == pytest.approx(20 * np.log10(0.3), abs=0.1)
    assert figures(music(1)[:1]).width_db is None


def test_two_tracks_have_no_outlier_and_silence_has_no_loudness():
    assert compare([figures(music(1, 0.01)), figures(music(2, 0.3))]).outliers == ()
    silent = compare([figures(np.zeros((2, RATE)))])
    assert silent.integrated_lufs is None
    assert silent.true_peak_dbtp is None
