"""Every ready-made chain on four programmes: it lands, holds its ceiling, and does what it says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from scipy import signal as sps

import masterprint
import oracles
import programmes
from masterprint.chain.library import shipped_chains

Audio = NDArray[np.float64]

RATE = 44100
PROGRAMMES = ("dense", "acoustic", "speech", "old_transfer")
UP_TO = {
    "acoustic",
    "cd",
    "classical",
    "streaming",
    "tape-restoration",
    "vinyl",
    "vinyl-restoration",
}
"""Chains that stop short of their loudness rather than limit by more than they promise."""
HARDLY_LIMITS = {"vinyl", "classical", "tape-restoration", "vinyl-restoration"}


@cache
def programme(name: str) -> Audio:
    return getattr(programmes, name)(RATE, 10.0)


def chain_of(name: str, folder: Path) -> masterprint.Chain:
    """The chain as a studio has it: `reference-match` copied beside a record and told its name."""
    if name != "reference-match":
        return masterprint.load_chain(name)
    copy = folder / "mine.yaml"
    shutil.copy(shipped_chains()[name], copy)
    copy.write_text(copy.read_text().replace("reference: null", "reference: record.wav"))
    soundfile.write(folder / "record.wav", record().T, RATE, "FLOAT")
    return masterprint.load_chain(copy)


@cache
def record() -> Audio:
    """A finished record: brighter, fuller and wider than the mixes here, and limited."""
    audio = np.roll(programme("dense"), 3 * RATE, axis=1)
    sections = np.vstack(
        [sps.butter(1, 3000.0, "high", fs=RATE, output="sos")],
    )
    bright = audio + 0.9 * sps.sosfilt(sections, audio)
    mid, side = (bright[0] + bright[1]) / 2, 1.3 * (bright[0] - bright[1]) / 2
    wide = np.stack([mid + side, mid - side])
    return np.tanh(1.5 * wide / np.abs(wide).max()) * 0.9


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


Rendered = tuple[masterprint.RenderResult, Audio, int]
KEPT: dict[tuple[str, str], Rendered] = {}
"""Masters of the programmes as they are, which several tests look at."""


def master_of_programme(name: str, kind: str, folder: Path) -> Rendered:
    if (name, kind) not in KEPT:
        KEPT[name, kind] = rendered(name, programme(kind), folder)
    return KEPT[name, kind]


def rendered(name: str, audio: Audio, folder: Path) -> Rendered:
    mix = folder / "mix.wav"
    soundfile.write(mix, audio.T, RATE, "FLOAT")
    result = masterprint.render(chain_of(name, folder), mix, folder / "out", overwrite=True)
    master, rate = soundfile.read(result.master, always_2d=True)
    return result, np.ascontiguousarray(master.T), rate


@pytest.mark.parametrize("name", sorted(shipped_chains()))
@pytest.mark.parametrize("kind", PROGRAMMES)
def test_it_lands_on_its_target_under_its_ceiling(name: str, kind: str, studio: Path) -> None:
    result, master, rate = master_of_programme(name, kind, studio)
    chain = chain_of(name, studio)
    assert chain.name
    assert chain.description
    last = chain.stages[-1]
    lufs, dbtp = oracles.integrated_lufs(master, rate), oracles.true_peak_dbtp(master)
    assert dbtp <= last.ceiling_dbtp
    if name == "reference-match":
        wanted, before = (oracles.integrated_lufs(x, RATE) for x in (record(), programme(kind)))
        assert abs(lufs - wanted) < 0.6 * abs(before - wanted)  # the limiter takes some of it
    elif name in UP_TO and lufs < last.target_lufs - 0.1:
        # What holds it back are the peaks, which then are right below the ceiling.
        assert dbtp > last.ceiling_dbtp - 0.5
        assert any("more would need over" in each for each in result.warnings)
    else:
        assert lufs == pytest.approx(last.target_lufs, abs=0.1)
        # Nobody has these plugins in a test: their fallbacks have to land as well.
        assert [each for each in result.warnings if "its fallback is used" not in each] == []
    if name in HARDLY_LIMITS:
        assert result.stages[-1]["max_gain_reduction_db"] < 0.6
    wanted_rate = chain.master.sample_rate_hz or RATE
    assert (rate, master.shape[1]) == (
        wanted_rate,
        round(programme(kind).shape[1] * wanted_rate / RATE),
    )


BY_LEVEL = [
    name
    for name, file in sorted(shipped_chains().items())
    if "threshold_db:" in (text := file.read_text()) and "denoise" not in text
]


@pytest.mark.parametrize("name", BY_LEVEL)
def test_a_soft_mix_gives_the_same_master_as_a_loud_one(name: str, studio: Path) -> None:
    _, loud, _ = master_of_programme(name, "dense", studio)
    _, soft, _ = rendered(name, 0.1 * programme("dense"), studio)
    # Gains are found to some hundredths of a dB, and then there is dither.
    assert level_db(scaled_to(loud, soft) - loud) < level_db(loud) - 40.0


# ------------------------------------------------------------------------ the direction of each


def level_db(audio: Audio) -> float:
    return float(10 * np.log10(np.mean(audio**2) + 1e-30))


def band(audio: Audio, low_hz: float | None, high_hz: float | None, rate: int = RATE) -> Audio:
    if low_hz is None:
        return sps.sosfiltfilt(sps.butter(4, high_hz, "low", fs=rate, output="sos"), audio)
    if high_hz is None:
        return sps.sosfiltfilt(sps.butter(4, low_hz, "high", fs=rate, output="sos"), audio)
    return sps.sosfiltfilt(sps.butter(4, [low_hz, high_hz], "band", fs=rate, output="sos"), audio)


def mid(audio: Audio) -> Audio:
    return 0.5 * (audio[0] + audio[1])


def side(audio: Audio) -> Audio:
    return 0.5 * (audio[0] - audio[1])


def side_db(audio: Audio, low_hz: float | None, high_hz: float | None) -> float:
    """Level of the side beside that of the mid, in a band."""
    return level_db(band(side(audio), low_hz, high_hz)) - level_db(
        band(mid(audio), low_hz, high_hz)
    )


def windows_db(audio: Audio, seconds: float = 0.4, rate: int = RATE) -> Audio:
    frames = round(seconds * rate)
    whole = audio[..., : audio.shape[-1] // frames * frames]
    return 10 * np.log10(
        np.mean(np.atleast_2d(whole).reshape(-1, whole.shape[-1] // frames, frames) ** 2, (0, 2))
        + 1e-12
    )


def spread_db(audio: Audio, rate: int = RATE) -> float:
    """How far loud and soft moments are apart: 90th and 30th percentile of levels."""
    levels = windows_db(audio, rate=rate)
    return float(np.percentile(levels, 90) - np.percentile(levels, 30))


def plr_db(audio: Audio, rate: int = RATE) -> float:
    return oracles.true_peak_dbtp(audio) - oracles.integrated_lufs(audio, rate)


def scaled_to(truth: Audio, audio: Audio) -> Audio:
    """The audio at the gain at which it is most like the truth."""
    return audio * (np.sum(truth * audio) / np.sum(audio * audio))


@pytest.fixture
def master_of(studio: Path) -> Callable[[str, Audio], tuple[Audio, int]]:
    def made(name: str, audio: Audio) -> tuple[Audio, int]:
        for kind in PROGRAMMES:
            if audio is programme(kind):
                return master_of_programme(name, kind, studio)[1:]
        return rendered(name, audio, studio)[1:]

    return made


Make = Callable[[str, Audio], tuple[Audio, int]]


@pytest.mark.parametrize(
    ("name", "at_most"),
    [("cd", 12.0), ("streaming-loud", 9.0), ("club", 8.5)],
)
def test_the_louder_a_chain_is_the_smaller_are_its_peaks(
    name: str, at_most: float, master_of: Make
) -> None:
    master, rate = master_of(name, programme("dense"))
    assert plr_db(master, rate) < min(at_most, plr_db(programme("dense")) - 1.0)


@pytest.mark.parametrize("name", ["club", "streaming-loud"])
def test_the_clipper_takes_off_what_the_limiter_would_have_to(name: str, studio: Path) -> None:
    result, _, _ = master_of_programme(name, "dense", studio)
    taken = {each["stage"]: each.get("max_gain_reduction_db") for each in result.stages}
    assert 1.5 < taken["clipper"] < 4.0
    assert taken["maximizer"] < 6.0


@pytest.mark.parametrize(("name", "hz"), [("club", 100.0), ("vinyl", 120.0), ("mix-fix", 70.0)])
def test_the_low_end_is_in_the_middle(name: str, hz: float, master_of: Make) -> None:
    loose = programme("dense").copy()
    loose[1] = 0.6 * loose[1] + 0.4 * np.roll(band(loose[1], None, 200.0), 200)
    master, _ = master_of(name, loose)
    assert side_db(master, 30.0, hz) < side_db(loose, 30.0, hz) - 10.0


def test_vinyl_and_cassette_tame_sharp_highs(master_of: Make) -> None:
    voice = programme("speech")
    for name in ("vinyl", "cassette"):
        master = scaled_to(voice, master_of(name, voice)[0])
        sharp = windows_db(band(voice, 5500.0, 10000.0), 0.05)
        after = windows_db(band(master, 5500.0, 10000.0), 0.05)
        loudest = sharp > np.percentile(sharp, 90)
        assert np.mean(after[loudest] - sharp[loudest]) < -2.0


def test_cassette_holds_loud_highs_and_leaves_soft_ones(master_of: Make) -> None:
    audio = programme("dense")
    master = scaled_to(audio, master_of("cassette", audio)[0])
    before, after = (windows_db(band(x, 9000.0, 14000.0), 0.05) for x in (audio, master))
    change = after - before
    loud = before > np.percentile(before, 90)
    soft = (before < np.percentile(before, 50)) & (before > -80.0)
    assert change[loud].mean() < change[soft].mean() - 1.0


@pytest.mark.parametrize("name", ["broadcast", "classical", "acoustic"])
def test_dynamics_are_respected(name: str, master_of: Make) -> None:
    for kind in ("dense", "acoustic"):
        audio = programme(kind)
        master, rate = master_of(name, audio)
        change = windows_db(master, rate=rate) - windows_db(audio)
        heard = windows_db(audio) > -60.0
        assert np.ptp(change[heard]) < 0.6
        assert plr_db(master, rate) == pytest.approx(plr_db(audio), abs=1.0)


def test_podcast_evens_out_words_and_quietens_pauses(master_of: Make) -> None:
    voice = programme("speech")
    rng = np.random.default_rng(3)
    louder = 1.0 + 0.7 * np.sign(np.sin(2 * np.pi * np.arange(voice.shape[1]) / (4.1 * RATE)))
    noisy = programmes.with_hiss(voice * louder, -60.0) + 1e-6 * rng.standard_normal(voice.shape)
    master, _ = master_of("podcast", noisy)
    before, after, words = (windows_db(x, 0.05) for x in (noisy, master, voice * louder))
    pause, loud = words < -70.0, words > -30.0
    gap = np.median(before[loud]) - np.median(before[pause])
    assert np.median(after[loud]) - np.median(after[pause]) > gap + 6.0
    assert spread_db(master) < spread_db(noisy) - 1.0


def distance_db(truth: Audio, audio: Audio) -> float:
    return programmes.log_spectral_distance_db(truth, scaled_to(truth, audio))


def test_tape_restoration_comes_nearer_to_what_was_played(master_of: Make) -> None:
    truth = programme("acoustic")
    tape = programmes.with_hum(programmes.with_hiss(truth, -55.0), -50.0)
    tape = np.stack([tape[0], np.roll(tape[1], 3)]) + 0.01
    master, _ = master_of("tape-restoration", tape)
    assert distance_db(truth, master) < distance_db(truth, tape) - 2.0
    assert abs(master.mean()) < 1e-4 < abs(tape.mean())
    left, right = master[:, RATE : 2 * RATE]
    assert max(range(-9, 10), key=lambda lag: left @ np.roll(right, lag)) in (-1, 0, 1)
    # No string of this guitar reaches down to the fundamental of the hum.
    hum = [level_db(band(x, 48.0, 52.0)[:, RATE:-RATE]) - level_db(x) for x in (tape, master)]
    assert hum[1] < hum[0] - 10.0


def test_vinyl_restoration_comes_nearer_to_what_was_cut(master_of: Make) -> None:
    damaged = programme("old_transfer")
    sections = sps.butter(2, [90.0, 7000.0], "band", fs=RATE, output="sos")
    truth = sps.sosfilt(sections, programme("acoustic"))
    master, _ = master_of("vinyl-restoration", damaged)
    assert distance_db(truth, master) < distance_db(truth, damaged) - 2.0
    peaks = [np.abs(np.diff(x, 3)).max() / np.std(x) for x in (damaged, master)]
    assert peaks[1] < 0.6 * peaks[0]


def test_live_bootleg_rebuilds_peaks_and_lifts_soft_numbers(tmp_path: Path) -> None:
    audio = programme("dense")
    louder_and_softer = audio * np.linspace(1.0, 0.3, audio.shape[1])
    clipped, _ = programmes.clipped(louder_and_softer, 5.0)
    result, master, _ = rendered("live-bootleg", 0.5 * clipped, tmp_path)
    (declip,) = (stage for stage in result.stages if stage["stage"] == "declip")
    assert declip["channels"][0]["positive_dbfs"] == pytest.approx(-6.02, abs=0.01)
    assert declip["rebuilt_peak_dbfs"] > -6.02 + 2.0
    assert spread_db(master) < spread_db(clipped) - 1.0


def third_octaves_db(audio: Audio) -> Audio:
    frequencies, power = sps.welch(audio, RATE, nperseg=8192)
    centres = 1000.0 * 2.0 ** (np.arange(-13, 13) / 3)
    return np.array(
        [
            10
            * np.log10(
                power[..., (frequencies > c * 0.89) & (frequencies < c * 1.12)].mean() + 1e-20
            )
            for c in centres
        ]
    )


def spectral_distance_db(a: Audio, b: Audio) -> float:
    apart = third_octaves_db(a) - third_octaves_db(b)
    return float(np.sqrt(np.mean((apart - apart.mean()) ** 2)))


def test_mix_fix_takes_back_boom_mud_and_harshness(master_of: Make) -> None:
    good = programme("dense")
    bad = good.copy()
    for low_hz, high_hz in ((70.0, 110.0), (220.0, 380.0), (2500.0, 3800.0)):
        bad = bad + 1.6 * band(good, low_hz, high_hz)
    master, _ = master_of("mix-fix", bad)
    plain, _ = master_of("mix-fix", good)
    assert spectral_distance_db(master, good) < spectral_distance_db(bad, good) - 0.6
    # What needs no fixing is not fixed.
    assert spectral_distance_db(plain, good) < 1.5


def test_mid_side_polish_opens_the_sides_and_not_the_low_end(master_of: Make) -> None:
    audio = programme("dense")
    master, _ = master_of("mid-side-polish", audio)
    assert 0.5 < side_db(master, 8000.0, 14000.0) - side_db(audio, 8000.0, 14000.0) < 3.5
    assert side_db(master, 30.0, 80.0) < side_db(audio, 30.0, 80.0) - 6.0


@pytest.mark.parametrize("name", ["glue", "multiband", "streaming-loud"])
def test_compression_brings_moments_together(name: str, master_of: Make) -> None:
    audio = programme("dense").copy()
    audio[:, audio.shape[1] // 2 :] *= 0.5
    master, _ = master_of(name, audio)
    assert spread_db(master) < spread_db(audio) - 0.4


def test_reference_match_comes_nearer_to_the_record(studio: Path) -> None:
    # From another kind of music altogether, 6 dB at each place are not all the way.
    for kind, share in (("dense", 0.5), ("acoustic", 0.85)):
        audio = programme(kind)
        _, master, _ = master_of_programme("reference-match", kind, studio)
        for part in (mid, side):
            before = spectral_distance_db(part(audio), part(record()))
            assert spectral_distance_db(part(master), part(record())) < share * before
