"""Programmes of known truth: music and speech made from nothing, and the damage that time does.

Every programme is (2, frames) float64 and peaks at -4 dBFS; every kind of damage returns what it
made and where, so that a repair can be held against what was there before. All of it is the same
on every call.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal as sps

from masterprint.demo.music import synthesise_mix

Audio = NDArray[np.float64]

PEAK_DBFS = -4.0


def dense(rate: int = 44100, seconds: float = 20.0) -> Audio:
    """A full mix: drums, bass, pads, lead."""
    return _dense(rate, seconds).copy()


@cache
def _dense(rate: int, seconds: float) -> Audio:
    return synthesise_mix(rate, seconds)


def acoustic(rate: int = 44100, seconds: float = 20.0) -> Audio:
    """Plucked strings in a small room: sparse, wide in its dynamics, quiet between the notes."""
    rng = np.random.default_rng(11)
    out = np.zeros((2, round(seconds * rate)))
    at = 0.2
    while at < seconds - 0.5:
        key = 40 + int(rng.choice([0, 3, 5, 7, 10, 12, 15, 19, 24]))
        level = 10.0 ** (rng.uniform(-24.0, 0.0) / 20.0)
        _place(
            out, at, rate, _panned(level * _string(rate, 440.0 * 2 ** ((key - 69) / 12), rng), rng)
        )
        at += float(rng.choice([0.24, 0.36, 0.48, 0.96]))
    return _finished(out, rate, rng)


def speech(rate: int = 44100, seconds: float = 20.0) -> Audio:
    """A voice: pulses through formants in syllables, sibilants, pauses with some room in them."""
    rng = np.random.default_rng(12)
    frames = round(seconds * rate)
    mono = np.zeros(frames)
    at = 0.4
    while at < seconds - 0.6:
        for _ in range(int(rng.integers(3, 9))):
            syllable = _syllable(rate, rng)
            start = round(at * rate)
            part = syllable[: frames - start]
            mono[start : start + len(part)] += part
            at += len(syllable) / rate * 0.9
            if at >= seconds - 0.6:
                break
        at += rng.uniform(0.25, 0.9)
    return _finished(np.stack([mono, mono]), rate, rng)


def castanets(rate: int = 44100, seconds: float = 10.0) -> Audio:
    """Castanets over a soft guitar: what a click detector likes to take for clicks."""
    rng = np.random.default_rng(13)
    out = 0.15 * acoustic(rate, seconds)
    for at in np.arange(0.3, seconds - 0.2, 0.125):
        if rng.uniform() < 0.3:
            continue
        t = np.arange(round(0.12 * rate)) / rate
        strike = np.zeros_like(t)
        for hz, decay_s in ((1450.0, 0.018), (2600.0, 0.011), (4200.0, 0.006)):
            bent = hz * rng.uniform(0.97, 1.03)
            strike += np.sin(2 * np.pi * bent * t + rng.uniform(0, 6.28)) * np.exp(-t / decay_s)
        strike += 0.4 * rng.standard_normal(len(t)) * np.exp(-t / 0.0025)
        strike *= np.minimum(1.0, t / 0.0004) * 10.0 ** (rng.uniform(-12.0, 0.0) / 20.0)
        _place(out, float(at), rate, _panned(strike, rng))
    return _finished(out, rate, rng)


PROGRAMMES = {"dense": dense, "acoustic": acoustic, "speech": speech, "castanets": castanets}


def with_hiss(audio: Audio, level_dbfs: float, rate: int = 44100) -> Audio:
    """Tape hiss of an RMS level added, brighter than white; each channel has its own."""
    rng = np.random.default_rng(21)
    noise = rng.standard_normal(audio.shape)
    noise = noise + sps.sosfilt(sps.butter(1, 4000.0, "high", fs=rate, output="sos"), noise)
    noise *= 10.0 ** (level_dbfs / 20.0) / np.sqrt(np.mean(noise**2))
    return np.asarray(audio + noise)


def with_hum(
    audio: Audio, level_dbfs: float, rate: int = 44100, hz: float = 50.0, drift_hz: float = 0.0
) -> Audio:
    """Mains hum added: a fundamental of a peak level, 19 harmonics, and a slow drift."""
    t = np.arange(audio.shape[1]) / rate
    swing = drift_hz * np.sin(2 * np.pi * t / 30.0)
    turn = 2 * np.pi * np.cumsum(hz + swing) / rate
    hum = np.zeros_like(t)
    for order in range(1, 21):
        level = 1.0 / order if order % 2 else 0.35 / order
        hum += level * np.sin(order * turn + 0.7 * order**2)
    return np.asarray(audio + 10.0 ** (level_dbfs / 20.0) * hum)


def with_clicks(
    audio: Audio, per_second: float, level_db: float, rate: int = 44100, longest_ms: float = 4.0
) -> tuple[Audio, list[tuple[int, int]]]:
    """Ticks and pops added, in both channels alike; where each begins and how long it is.

    `level_db` is how far their peaks lie above the RMS of the programme.
    """
    rng = np.random.default_rng(22)
    out = audio.copy()
    level = 10.0 ** (level_db / 20.0) * np.sqrt(np.mean(audio**2))
    places = []
    frames = audio.shape[1]
    for at in np.sort(rng.integers(2000, frames - 2000, round(per_second * frames / rate))):
        long = rng.uniform() < 0.3
        length = int(
            rng.integers(20, max(21, longest_ms / 1000 * rate)) if long else rng.integers(1, 9)
        )
        if places and at < places[-1][0] + places[-1][1] + 400:
            continue
        t = np.arange(length)
        shape = rng.standard_normal(length) * np.exp(-3.0 * t / length)
        if long:  # the stylus swings
            shape += np.cos(2 * np.pi * t * rng.uniform(0.5, 2.0) / length) * np.exp(
                -2.0 * t / length
            )
        shape *= level * 10.0 ** (rng.uniform(-8.0, 0.0) / 20.0) / np.max(np.abs(shape))
        out[:, at : at + length] += shape
        places.append((int(at), length))
    return out, places


def with_crackle(audio: Audio, per_second: float, level_db: float, rate: int = 44100) -> Audio:
    """Crackle added: many small ticks of one to four frames, each channel with its own."""
    rng = np.random.default_rng(23)
    out = audio.copy()
    level = 10.0 ** (level_db / 20.0) * np.sqrt(np.mean(audio**2))
    for row in out:
        for at in rng.integers(0, len(row) - 8, round(per_second * len(row) / rate)):
            length = int(rng.integers(1, 5))
            row[at : at + length] += level * rng.laplace(0.0, 0.4, length)
    return out


def clipped(audio: Audio, over_db: float) -> tuple[Audio, float]:
    """The programme driven over full scale by so many dB and cut off there; and the gain it had."""
    gain = 10.0 ** (over_db / 20.0) / float(np.max(np.abs(audio)))
    return np.clip(gain * audio, -1.0, 1.0), gain


def old_transfer(rate: int = 44100, seconds: float = 20.0) -> Audio:
    """An old record or tape, transferred: narrow in band, with hiss, hum, crackle and pops."""
    music = acoustic(rate, seconds)
    band = sps.butter(2, [90.0, 7000.0], "band", fs=rate, output="sos")
    old = with_hum(sps.sosfilt(band, music), -52.0, rate)
    old = with_crackle(with_hiss(old, -54.0, rate), 60.0, 6.0, rate)
    return 0.8 * with_clicks(old, 2.0, 16.0, rate)[0]


def sdr_db(truth: Audio, found: Audio) -> float:
    """Signal to distortion: the energy of the truth beside that of what differs from it, in dB."""
    return float(10 * np.log10(np.sum(truth**2) / max(np.sum((found - truth) ** 2), 1e-300)))


def log_spectral_distance_db(truth: Audio, found: Audio, rate: int = 44100) -> float:
    """RMS distance in dB of short-time spectra, over what is not below -90 dB of the loudest."""
    distances = []
    for a, b in zip(truth, found, strict=True):
        one, two = (np.abs(sps.stft(row, rate, nperseg=2048)[2]) for row in (a, b))
        floor = one.max() * 10.0 ** (-90 / 20)
        log = 20 * np.log10(np.maximum(one, floor)) - 20 * np.log10(np.maximum(two, floor))
        distances.append(np.sqrt(np.mean(log**2, axis=0)).mean())
    return float(np.mean(distances))


def _string(rate: int, hz: float, rng: np.random.Generator) -> Audio:
    """A plucked string: partials, slightly sharp as they go up, that die the sooner the higher."""
    t = np.arange(round(2.5 * rate)) / rate
    tone = np.zeros_like(t)
    pluck = rng.uniform(0.12, 0.3)
    for order in range(1, 40):
        partial = order * hz * np.sqrt(1 + 6e-5 * order**2)
        if partial > 0.45 * rate or partial > 14000:
            break
        level = np.sin(np.pi * order * pluck) / order**1.3
        decay_s = 1.6 / (1 + 0.35 * order)
        tone += level * np.sin(2 * np.pi * partial * t + rng.uniform(0, 0.3)) * np.exp(-t / decay_s)
    return np.asarray(tone * np.minimum(1.0, t / 0.002) * np.minimum(1.0, (2.5 - t) / 0.2))


def _syllable(rate: int, rng: np.random.Generator) -> Audio:
    """A vowel between 110 and 150 Hz, often with a sibilant in front of it."""
    frames = round(rng.uniform(0.12, 0.3) * rate)
    t = np.arange(frames) / rate
    turn = np.cumsum(rng.uniform(110, 150) * (1 - 0.15 * t / t[-1]) / rate)
    pulses = np.diff(np.floor(turn), prepend=0.0)
    vowel = sps.lfilter([1.0], [1.0, -1.9, 0.9025], pulses)
    formants = rng.permutation([[660, 1700, 2400], [300, 2200, 3000], [500, 900, 2500]])[0]
    voiced = np.zeros(frames)
    for hz, level in zip(formants, (1.0, 0.5, 0.25), strict=True):
        peak = sps.iirpeak(hz, 8.0, fs=rate)
        voiced += level * sps.lfilter(*peak, vowel)
    voiced *= np.abs(np.sin(np.pi * t / t[-1])) ** 0.6 / max(float(np.max(np.abs(voiced))), 1e-9)
    if rng.uniform() < 0.5:
        return np.asarray(voiced * rng.uniform(0.5, 1.0))
    s = rng.standard_normal(round(0.09 * rate))
    s = sps.sosfilt(sps.butter(4, [5500.0, 9500.0], "band", fs=rate, output="sos"), s)
    s *= 0.35 * np.hanning(len(s)) / np.max(np.abs(s))
    return np.concatenate([s, voiced * rng.uniform(0.5, 1.0)])


def _panned(mono: Audio, rng: np.random.Generator) -> Audio:
    angle = rng.uniform(0.2, 0.8) * np.pi / 2
    return np.stack([np.cos(angle) * mono, np.sin(angle) * mono])


def _place(out: Audio, at_s: float, rate: int, sound: Audio) -> None:
    start = round(at_s * rate)
    part = sound[:, : out.shape[1] - start]
    out[:, start : start + part.shape[1]] += part


def _finished(dry: Audio, rate: int, rng: np.random.Generator) -> Audio:
    """In a small room, with what a good microphone adds (-86 dBFS), at a level to be mastered."""
    t = np.arange(round(0.5 * rate)) / rate
    rooms = rng.standard_normal((2, len(t))) * np.exp(-t / 0.08)
    wet = np.stack(
        [sps.fftconvolve(row, room)[: dry.shape[1]] for row, room in zip(dry, rooms, strict=True)]
    )
    wet *= 0.12 * np.sqrt(np.mean(dry**2)) / max(float(np.sqrt(np.mean(wet**2))), 1e-12)
    out = dry + wet
    out *= 10.0 ** (PEAK_DBFS / 20.0) / np.max(np.abs(out))
    return np.asarray(out + 10.0 ** (-86 / 20.0) * rng.standard_normal(out.shape) * 0.5)
