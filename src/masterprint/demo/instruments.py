"""The instruments of the demo song: a drum kit, a bass, a pluck, a lead and a pad."""

import numpy as np

from masterprint.demo.desk import Audio, Desk, Section, band_noise, clock, gate, transform_frames

KEY_HZ: Audio = 440.0 * 2.0 ** ((np.arange(128) - 69) / 12.0)  # by MIDI key

# Levels within a sound are relative to its main tone, lengths and time constants in seconds.


def kick(desk: Desk, velocity: float) -> Audio:
    """Sine that dives from a knock to a 49 Hz thud, with a short beater click."""
    t = clock(desk.rate, 0.45)
    thud_hz, knock_hz, dive_s = 49.0, 190.0, 0.022
    phase = 2.0 * np.pi * (thud_hz * t - knock_hz * dive_s * np.expm1(-t / dive_s))
    click = 0.12 * band_noise(desk, 0.45, 1500.0, 5000.0) * np.exp(-t / 0.004)
    return velocity * (np.sin(phase) * np.exp(-t / 0.13) + click) * gate(t, 0.0007, 0.05)


def snare(desk: Desk, velocity: float) -> Audio:
    """Two drum-head modes under a rattle of wires; soft strokes have less of the wires."""
    t = clock(desk.rate, 0.4)
    head = np.sin(2.0 * np.pi * 187.0 * t) + 0.5 * np.sin(2.0 * np.pi * 331.0 * t)
    wires = band_noise(desk, 0.4, 1400.0, 8500.0) * np.exp(-t / 0.075)
    shell = 0.55 * head * np.exp(-t / 0.06)
    return velocity * (shell + 0.34 * velocity * wires) * gate(t, 0.0007, 0.05)


def cymbal(desk: Desk, velocity: float, ring_s: float, low_hz: float) -> Audio:
    """High noise, shape (2, frames), that dies with the time constant ring_s: hat or crash."""
    t = clock(desk.rate, 5.0 * ring_s)
    wash = np.stack([band_noise(desk, 5.0 * ring_s, low_hz, 11000.0) for _ in range(2)])
    return 0.15 * velocity * wash * np.exp(-t / ring_s) * gate(t, 0.0005, ring_s)


def bass(desk: Desk, key: int, seconds: float, velocity: float) -> Audio:
    """Round finger bass, shape (2, frames): the sides are out of phase by a hair - too wide."""
    t = clock(desk.rate, seconds)
    turn = 2.0 * np.pi * KEY_HZ[key] * t + np.array([[-0.22], [0.22]])
    bark = 0.25 * np.exp(-t / 0.12)  # overtones of the plucking finger
    tone: Audio = (
        np.sin(turn) + (0.35 + bark) * np.sin(2.0 * turn) + (0.08 + bark) * np.sin(3.0 * turn)
    )
    tone = np.tanh(0.9 * tone)
    return velocity * tone * np.exp(-t / 1.6) * gate(t, 0.008, 0.06)


def pluck(desk: Desk, key: int, velocity: float) -> Audio:
    """Two-operator FM string: the modulation, and with it the brightness, dies before the tone."""
    t = clock(desk.rate, 1.1)
    turn = 2.0 * np.pi * KEY_HZ[key] * t
    edge = 2.8 * velocity * np.exp(-t / 0.11)
    tone: Audio = np.sin(turn + edge * np.sin(2.0 * turn)) + 0.25 * np.sin(0.5 * turn)
    return velocity * tone * np.exp(-t / 0.26) * gate(t, 0.002, 0.1)


def lead(desk: Desk, key: int, seconds: float, velocity: float) -> Audio:
    """Soft hollow lead that scoops up into the note and lets vibrato bloom on long ones."""
    t = clock(desk.rate, seconds + 0.12)
    vibrato = 0.006 * np.clip(2.0 * t - 0.5, 0.0, 1.0) * np.sin(2.0 * np.pi * 5.3 * t)
    bend = 1.0 + vibrato - 0.02 * np.exp(-t / 0.03)
    turn = 2.0 * np.pi * KEY_HZ[key] * np.cumsum(bend) / desk.rate
    tone: Audio = np.sin(turn) + 0.45 * np.sin(2.0 * turn) + 0.3 * np.sin(3.0 * turn)
    tone += 0.15 * np.sin(4.0 * turn) + 0.12 * np.sin(5.0 * turn)
    return velocity * tone * gate(t, 0.03, 0.16)


def pad(desk: Desk, keys: tuple[int, ...], seconds: float, section: Section) -> Audio:
    """String-ensemble chord of unit RMS, shape (2, frames), drawn as a spectrum.

    A partial smeared over a few cents is what a crowd of detuned oscillators sums up to, and
    one inverse transform plays the whole crowd.  Offsetting the phases per side makes it wide.
    """
    frames = transform_frames(desk.rate, seconds)
    spectrum = np.zeros((2, frames // 2 + 1), dtype=np.complex128)
    bin_hz = desk.rate / frames
    for key in keys:
        for order in range(1, 15):
            hz = order * KEY_HZ[key]
            spread_hz = 0.005 * hz  # about nine cents
            first, last = int((hz - 3.0 * spread_hz) / bin_hz), int((hz + 3.0 * spread_hz) / bin_hz)
            offset = (np.arange(first, last + 1) * bin_hz - hz) / spread_hz
            # Wider partials hold more random bins; the root keeps their power independent of it.
            smear = np.exp(-0.5 * offset**2) * order**-section.brightness / np.sqrt(spread_hz)
            phase = desk.rng.uniform(0.0, 2.0 * np.pi, offset.size)
            skew = section.width * desk.rng.uniform(-1.0, 1.0, offset.size)
            spectrum[:, first : last + 1] += smear * np.exp(1j * (phase + np.stack([-skew, skew])))
    chord = np.fft.irfft(spectrum, frames)
    chord /= np.sqrt(np.mean(chord**2))
    return chord[:, : round(seconds * desk.rate)]
