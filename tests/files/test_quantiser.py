"""From float to integers: the statistics of dither, its spectrum, and what is left alone.

Figures: total error of TPDF dither and rounding has mean 0 and variance LSB^2 / 4, whatever the
signal; error feedback y = round(v + d), v = x - sum c_k e[n-k], e = y - v gives the noise transfer
function 1 - sum c_k z^-k (Lipshitz, Vanderkooy, Wannamaker).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import freqz, welch

from masterprint.files.formats import MasterFormat
from masterprint.files.quantiser import Quantiser, reserve
from masterprint.signal import Block

Words = NDArray[np.int32]

DITHERS: tuple[Any, ...] = ("none", "tpdf", "shaped")
F_WEIGHTED = (2.412, -3.370, 3.937, -4.174, 3.353, -2.205, 1.281, -0.569, 0.0847)
COUNT = 400_000


def cut(audio: Block, sizes: Sequence[int]) -> Iterator[Block]:
    start = turn = 0
    while start < audio.shape[1]:
        stop = start + sizes[turn % len(sizes)]
        yield np.ascontiguousarray(audio[:, start:stop])
        start, turn = stop, turn + 1


def quantised(
    audio: Block,
    bits: int = 16,
    dither: Any = "tpdf",
    dither_silence: bool = False,
    sizes: Sequence[int] = (32768,),
) -> Words:
    quantiser = Quantiser(bits, dither, dither_silence)
    blocks = list(quantiser.run(cut(audio, sizes)))
    words = np.concatenate([*blocks, np.zeros((len(audio), 0), np.int32)], axis=1)
    assert words.shape == audio.shape
    assert words.dtype == np.int32
    return words


def clipped(audio: Block, bits: int = 16, dither: Any = "none") -> tuple[Words, int]:
    quantiser = Quantiser(bits, dither)
    words = np.concatenate(list(quantiser.run(iter([audio]))), axis=1)
    return words, quantiser.clipped_samples


def music(frames: int = COUNT, channels: int = 1, level: float = 0.1, seed: int = 1) -> Block:
    """Noise with a hum: dense, and nowhere on an integer grid."""
    rng = np.random.default_rng(seed)
    hum = np.sin(np.arange(frames) * 0.013)
    return level * (0.5 * rng.standard_normal((channels, frames)).clip(-1.5, 1.5) + 0.2 * hum)


def error_in_steps(audio: Block, words: Words, bits: int = 16) -> NDArray[np.float64]:
    return words - audio * 2.0 ** (bits - 1)


# Rounding.


def test_without_dither_it_rounds_to_nearest() -> None:
    audio = music()
    words = quantised(audio, dither="none")
    assert (words == np.rint(audio * 32768)).all()
    assert np.abs(error_in_steps(audio, words)).max() <= 0.5


def test_halves_do_not_all_go_one_way() -> None:
    """A 17-bit signal is half a step off the grid at every other value: rounding up is DC."""
    audio = np.random.default_rng(2).integers(-20000, 20000, (1, COUNT)) / 65536.0
    error = error_in_steps(audio, quantised(audio, dither="none"))
    assert abs(error.mean()) < 5 * 0.35 / COUNT**0.5


# What loses nothing.


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("dither", DITHERS)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_what_is_on_the_grid_passes_as_it_is(bits: int, dither: Any, channels: int) -> None:
    scale = 1 << (bits - 1)
    words = np.random.default_rng(3).integers(-scale, scale, (channels, 50000))
    assert (quantised(words / scale, bits, dither) == words).all()


@pytest.mark.parametrize("dither", DITHERS)
def test_a_16_bit_mix_passes_through_24_bit(dither: Any) -> None:
    words = np.random.default_rng(4).integers(-32768, 32768, (2, 50000))
    assert (quantised(words / 32768, 24, dither) == words * 256).all()


@pytest.mark.parametrize("dither", ["tpdf", "shaped"])
@pytest.mark.parametrize("size", [1, 31, 4096])
def test_an_untouched_stretch_between_changed_ones_passes_as_it_is(dither: Any, size: int) -> None:
    grid = np.random.default_rng(5).integers(-9000, 9000, (2, 2000)) / 32768
    audio = np.concatenate([music(3000, 2), grid, music(3000, 2, seed=2)], axis=1)
    words = quantised(audio, 16, dither, sizes=(size,))
    assert (words[:, 3000:5000] == grid * 32768).all()
    for changed in (slice(0, 3000), slice(5000, 8000)):
        error = error_in_steps(audio, words)[:, changed]
        assert error.var() > 0.2


# The statistics of TPDF dither.


@pytest.mark.parametrize("offset", [0.001, 0.1, 0.25, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("bits", [16, 24])
def test_the_first_two_moments_do_not_depend_on_the_level(offset: float, bits: int) -> None:
    """A level that lies anywhere between two steps: mean 0 and variance 1/4 of a step squared."""
    audio = np.full((1, COUNT), (1000 + offset) / 2.0 ** (bits - 1))
    error = error_in_steps(audio, quantised(audio, bits), bits)
    # Five standard errors of each.
    assert abs(error.mean()) < 5 * 0.5 / COUNT**0.5
    assert error.var() == pytest.approx(0.25, abs=5 * 0.35 / COUNT**0.5)
    assert np.abs(error).max() <= 1.5


@pytest.mark.parametrize("offset", [0.001, 0.3, 0.5])
def test_the_words_have_the_probabilities_of_triangular_dither(offset: float) -> None:
    def cumulative(v: float) -> float:
        """Of the sum of two uniform values of half a step each way."""
        v = min(max(v, -1.0), 1.0)
        return 0.5 + v - 0.5 * v * abs(v)

    audio = np.full((1, COUNT), (7 + offset) / 32768)
    words = quantised(audio)
    for step in range(5, 11):
        expected = cumulative(step + 0.5 - 7 - offset) - cumulative(step - 0.5 - 7 - offset)
        found = float((words == step).mean())
        assert found == pytest.approx(expected, abs=5 * 0.5 / COUNT**0.5 + 1e-9)


def test_the_error_does_not_follow_the_signal() -> None:
    """A sine of less than a step: rounding loses it, dither keeps it."""
    at = np.arange(COUNT)
    sine = 0.4 * np.sin(2 * np.pi * at * 100 / 4000)
    audio = (sine / 32768)[None]
    words = quantised(audio)[0]
    amplitude = 2 * (words * np.sin(2 * np.pi * at * 100 / 4000)).mean()
    assert amplitude == pytest.approx(0.4, abs=0.01)
    for harmonic in (2, 3, 5):
        turn = np.exp(-2j * np.pi * at * harmonic * 100 / 4000)
        assert abs(2 * (words * turn).mean()) < 0.01
    # Nor does its power: at the crests it is what it is at the crossings.
    error = error_in_steps(audio, quantised(audio))[0]
    crest, crossing = np.abs(sine) > 0.35, np.abs(sine) < 0.05
    assert error[crest].var() == pytest.approx(error[crossing].var(), abs=0.01)


def test_the_error_of_tpdf_dither_is_white() -> None:
    audio = music()
    _, power = welch(error_in_steps(audio, quantised(audio))[0], nperseg=256, detrend=False)
    level_db = 10 * np.log10(power[1:-1] / 0.5)
    assert np.abs(level_db).max() < 0.6


def test_the_level_of_the_dither_is_that_of_the_books() -> None:
    audio = music()
    words = quantised(audio)
    rms_dbfs = 20 * np.log10((error_in_steps(audio, words) / 32768).std())
    assert rms_dbfs == pytest.approx(-96.3, abs=0.05)


def test_channels_are_dithered_apart() -> None:
    audio = np.tile(music(), (3, 1))
    error = error_in_steps(audio, quantised(audio))
    matrix = np.corrcoef(error)
    assert np.abs(matrix - np.eye(3)).max() < 5 / COUNT**0.5


def test_dither_does_not_repeat() -> None:
    """No echo of the error in itself, at any lag within a second or so."""
    audio = music(1 << 17)
    error = error_in_steps(audio, quantised(audio))[0]
    spectrum = np.fft.rfft(error, 1 << 18)
    echo = np.fft.irfft(np.abs(spectrum) ** 2)[1 : 1 << 16] / (error**2).sum()
    assert np.abs(echo).max() < 6 / (1 << 16) ** 0.5


@pytest.mark.parametrize("dither", ["tpdf", "shaped"])
@pytest.mark.parametrize("level", [1e-4, 1e-3, 0.1])
def test_there_is_no_offset(dither: Any, level: float) -> None:
    audio = music(level=level)
    error = error_in_steps(audio, quantised(audio, dither=dither))
    # Shaping takes noise away at 0 Hz: the bound for white noise holds for it, too.
    assert abs(error.mean()) < 5 * 0.5 / COUNT**0.5


# Noise shaping.


@pytest.mark.parametrize("bits", [16, 24])
def test_the_shaped_error_has_the_f_weighted_spectrum(bits: int) -> None:
    audio = music(1_000_000, level=0.2)
    error = error_in_steps(audio, quantised(audio, bits, "shaped"), bits)[0]
    at_hz, power = welch(error, fs=44100.0, nperseg=1024)
    _, transfer = freqz(np.array([1.0, *(-c for c in F_WEIGHTED)]), worN=at_hz, fs=44100.0)
    expected = 0.25 * np.abs(transfer) ** 2 / 22050.0
    inside = (at_hz > 200.0) & (at_hz < 21900.0)
    difference_db = 10 * np.log10(power[inside] / expected[inside])
    # Leakage of the window fills the deepest dips a little.
    assert np.abs(difference_db).max() < 1.5
    assert abs(difference_db.mean()) < 0.1


def test_shaping_lowers_the_noise_where_hearing_is_keen() -> None:
    audio = music(1_000_000, level=0.2)
    levels = []
    for dither in ("tpdf", "shaped"):
        error = error_in_steps(audio, quantised(audio, 16, dither))[0]
        at_hz, power = welch(error, fs=44100.0, nperseg=2048)
        bands = [(at_hz > low) & (at_hz < high) for low, high in ((3400, 3600), (19900, 20100))]
        levels.append([10 * np.log10(power[band].mean()) for band in bands])
    (plain_keen, plain_high), (shaped_keen, shaped_high) = levels
    assert shaped_keen - plain_keen == pytest.approx(-24.5, abs=1.0)
    assert shaped_high - plain_high == pytest.approx(25.5, abs=1.0)


def test_shaped_dither_of_24_khz_stays_within_its_reserve() -> None:
    audio = music(level=0.3)
    for bits, dither in ((16, "shaped"), (16, "tpdf"), (16, "none"), (24, "shaped")):
        error = error_in_steps(audio, quantised(audio, bits, dither), bits)
        kept = reserve(MasterFormat(bit_depth=str(bits), dither=dither))  # type: ignore[arg-type]
        assert np.abs(error).max() * 2.0 ** (1 - bits) <= kept


def test_the_reserve_is_the_largest_possible_error() -> None:
    taps = 1.0 + sum(abs(c) for c in F_WEIGHTED)
    for bit_depth, dither, steps in (
        ("16", "none", 0.5),
        ("16", "tpdf", 1.5),
        ("16", "shaped", 1.5 * taps),
        ("24", "tpdf", 1.5),
    ):
        master = MasterFormat(bit_depth=bit_depth, dither=dither)  # type: ignore[arg-type]
        assert reserve(master) == pytest.approx(steps / 2.0 ** (master.bits - 1))
    assert reserve(MasterFormat(bit_depth="32f")) == 0.0


# Silence.


@pytest.mark.parametrize("dither", DITHERS)
@pytest.mark.parametrize("frames", [1, 10, 31, 32, 33, 5000, 70000])
def test_silence_stays_silence(dither: Any, frames: int) -> None:
    assert not quantised(np.zeros((2, frames)), dither=dither).any()


def test_minus_zero_is_silence() -> None:
    assert not quantised(np.full((2, 5000), -0.0)).any()


@pytest.mark.parametrize("bits", [16, 24])
def test_silence_is_dithered_where_it_is_asked_for(bits: int) -> None:
    words = quantised(np.zeros((2, COUNT // 2)), bits, dither_silence=True)
    assert set(np.unique(words)) == {-1, 0, 1}
    assert words.var() == pytest.approx(0.25, abs=0.005)
    assert abs(words.mean()) < 5 * 0.5 / COUNT**0.5


def test_dither_on_silence_does_not_dither_what_loses_nothing() -> None:
    words = np.random.default_rng(6).integers(1, 9000, (2, 5000))
    assert (quantised(words / 32768, dither_silence=True) == words).all()


def test_no_dither_on_silence_without_dither() -> None:
    assert not quantised(np.zeros((2, 5000)), dither="none", dither_silence=True).any()


@pytest.mark.parametrize("dither", ["tpdf", "shaped"])
@pytest.mark.parametrize("sizes", [(1,), (17,), (1000, 3), (32768,)])
def test_silence_within_music_stays_silence(dither: Any, sizes: Sequence[int]) -> None:
    audio = music(12000, 2)
    audio[:, 4000:5000] = 0.0
    audio[:, 11000:] = 0.0
    words = quantised(audio, dither=dither, sizes=sizes)
    assert not words[:, 4000:5000].any()
    assert not words[:, 11000:].any()
    error = error_in_steps(audio, words)
    for start in (0, 5000):
        assert error[:, start : start + 4000].var() > 0.2


def test_a_crossing_through_zero_is_not_silence() -> None:
    """Single zeros within a quiet tone are dithered like the rest of it."""
    audio = music(COUNT, level=0.001)
    audio[:, ::50] = 0.0
    assert quantised(audio)[:, ::50].any()


# Repeatable.


@pytest.mark.parametrize("dither", DITHERS)
@pytest.mark.parametrize("sizes", [(1,), (2, 3, 5, 7), (1009,), (32768,), (40000,), (70000,)])
def test_block_sizes_make_no_difference(dither: Any, sizes: Sequence[int]) -> None:
    audio = music(66000 if sizes != (1,) else 3000, 2)
    audio[:, 1000:1500] = 0.0
    audio[:, 2000:2100] = np.rint(audio[:, 2000:2100] * 32768) / 32768
    whole = quantised(audio, dither=dither, sizes=(audio.shape[1],))
    assert (quantised(audio, dither=dither, sizes=sizes) == whole).all()


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    parts=st.lists(
        st.tuples(st.sampled_from(["music", "silence", "grid"]), st.integers(1, 90)), max_size=8
    ),
    sizes=st.lists(st.integers(1, 100), min_size=1, max_size=4),
    dither=st.sampled_from(DITHERS),
    dither_silence=st.booleans(),
)
def test_any_mixture_in_any_blocks_gives_the_same(
    parts: list[tuple[str, int]], sizes: list[int], dither: Any, dither_silence: bool
) -> None:
    kinds = {
        "music": lambda n: music(n, 2),
        "silence": lambda n: np.zeros((2, n)),
        "grid": lambda n: np.rint(music(n, 2) * 32768) / 32768,
    }
    audio = np.concatenate([np.zeros((2, 0)), *(kinds[kind](n) for kind, n in parts)], axis=1)
    whole = quantised(audio, 16, dither, dither_silence, (1000,))
    assert (quantised(audio, 16, dither, dither_silence, sizes) == whole).all()
    assert np.abs(error_in_steps(audio, whole)).max(initial=0.0) < 40.0


@pytest.mark.parametrize("dither", DITHERS)
def test_a_repeat_is_identical(dither: Any) -> None:
    audio = music(50000, 2)
    assert (quantised(audio, dither=dither) == quantised(audio, dither=dither)).all()


def test_other_audio_gets_other_dither() -> None:
    first, second = music(50000), music(50000, seed=2)
    errors = [error_in_steps(a, quantised(a))[0] for a in (first, second)]
    assert abs(np.corrcoef(errors)[0, 1]) < 5 / 50000**0.5


def test_one_quantiser_counts_over_a_stream_of_nothing() -> None:
    quantiser = Quantiser(16, "tpdf")
    assert sum(words.shape[1] for words in quantiser.run(iter([]))) == 0
    assert quantiser.clipped_samples == 0


# Clipping.


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("dither", DITHERS)
def test_what_is_too_loud_is_held_at_full_scale_and_never_wraps(bits: int, dither: Any) -> None:
    top = (1 << (bits - 1)) - 1
    for level in (1.01, 1.5, 2.0, 100.0, 1e6, 1e300):
        words, count = clipped(np.array([[level, -level] * 500]), bits, dither)
        assert (words[0, ::2] == top).all()
        assert (words[0, 1::2] == -top - 1).all()
        assert count == 1000


def test_clipped_samples_are_counted_exactly() -> None:
    top = 32767 / 32768
    audio = np.array([[top, 1.0, -1.0, -1.0001, 0.5, 32767.4 / 32768, 32767.6 / 32768, 0.25]])
    words, count = clipped(audio)
    assert words.tolist() == [[32767, 32767, -32768, -32768, 16384, 32767, 32767, 8192]]
    assert count == 3  # 1.0, -1.0001 (to nearest -32771) and 32767.6, which rounds to 32768


def test_full_scale_itself_is_not_clipping() -> None:
    words = np.tile(np.array([[32767, -32768, 0, 12345]]), 100)
    found, count = clipped(words / 32768, 16, "tpdf")
    assert (found == words).all()
    assert count == 0


def test_every_channel_counts() -> None:
    assert clipped(np.full((2, 100), 1.5))[1] == 200


@pytest.mark.parametrize("dither", ["tpdf", "shaped"])
def test_clipping_does_not_upset_what_follows(dither: Any) -> None:
    """Two seconds far over full scale, then music: the error is as small as without them."""
    loud = 4.0 * np.sign(music(88200))
    audio = np.concatenate([loud, music(88200)], axis=1)
    words, _ = clipped(audio, 16, dither)
    error = error_in_steps(audio, words)[0, 88200 + 64 :]
    expected = {"tpdf": 0.25, "shaped": 0.25 * (1 + sum(c * c for c in F_WEIGHTED))}[dither]
    assert error.var() == pytest.approx(expected, rel=0.05)
    assert np.abs(error).max() < 40.0
