"""A minute of downtempo pop, synthesised from nothing: the unmastered mix the demo starts from.

The song is built bar by bar.  Every bar owns a :class:`Desk` - a dry bus, a reverb send and the
dice of the player - that is mixed down, tail included, and laid over the bars before it, so that
memory beyond the finished mix does not grow with the length of the song.
"""

import numpy as np
from numpy.typing import NDArray

from masterprint.demo.desk import (
    PREROLL_S,
    Audio,
    Desk,
    band_noise,
    clock,
    gate,
    transform_frames,
)
from masterprint.demo.song import BAR_S, RING_OUT, arrange, play_bar, play_ring_out

Spectrum = NDArray[np.complex128]

SEED = 92
MIN_DURATION_S, MAX_DURATION_S = 5.0, 600.0
MIN_RATE_HZ = 22050  # the highest partial of the pad has to fit below half of it

TAIL_S = 3.3  # longest release plus the reverb, so that nothing is cut at the end of a bar's desk
RING_OUT_S = 5.0  # shortest time left to the last chord in a song of ordinary length
RING_OUT_SHARE = 0.45  # ... and the most that a short song may spend on it
SILENCE_S = 0.15  # digital silence behind the fade
PEAK_DBFS = -4.0  # headroom a mix engineer leaves for mastering
DESK_HEADROOM = 2.0  # bus level at which the summing amplifier rounds off the odd wild drum hit


def _hall(rate: int, rng: np.random.Generator) -> Audio:
    """Reverb impulse of unit energy per side, shape (2, frames); the highs die first.

    A little of each side leaks into the other, or the tail would have no centre at all.
    """
    t = clock(rate, 1.9)
    desk = Desk(rate, rng, np.empty((2, 0)), np.empty((2, 0)))
    sides = [
        band_noise(desk, 1.9, 180.0, 2500.0) * np.exp(-t / 0.32)
        + 0.6 * band_noise(desk, 1.9, 2500.0, 8000.0) * np.exp(-t / 0.16)
        for _ in range(2)
    ]
    impulse = (np.stack(sides) + 0.3 * np.stack(sides[::-1])) * gate(t, 0.03, 0.3)
    return np.asarray(impulse / np.sqrt(np.sum(impulse**2, axis=1, keepdims=True)))


def _console(rate: int, seconds: float, hall: Audio) -> tuple[Audio, Spectrum]:
    """Responses of the dry bus, (bins,), and of the reverb return, (2, bins), for one desk.

    Both carry the faults of an untreated room's ear: boxy at 300 Hz, dull above 8 kHz.
    """
    frames = transform_frames(rate, PREROLL_S + seconds + TAIL_S)
    hz = np.fft.rfftfreq(frames, 1.0 / rate) + 1e-3
    boxy_db = 3.5 * np.exp(-0.5 * (np.log2(hz / 300.0) / 0.45) ** 2)
    dull_db = -10.0 * np.log10(1.0 + (hz / 9000.0) ** 3)
    tone = 10.0 ** ((boxy_db + dull_db) / 20.0)
    return tone, tone * np.fft.rfft(hall, frames)


def synthesise_mix(sample_rate_hz: int = 44100, duration_s: float = 60.0) -> Audio:
    """Play the demo song and return it as an unmastered stereo mix.

    Returns a C-contiguous float64 array of shape (2, frames) that peaks at -4 dBFS and is the
    same, bit for bit, on every call.  The arrangement follows duration_s, from 5 to 600 seconds;
    the last chord rings out and fades to digital silence.
    """
    if sample_rate_hz < MIN_RATE_HZ:
        raise ValueError(f"sample_rate_hz must be at least {MIN_RATE_HZ}, not {sample_rate_hz!r}")
    if not MIN_DURATION_S <= duration_s <= MAX_DURATION_S:
        raise ValueError(
            f"duration_s must be {MIN_DURATION_S:g} to {MAX_DURATION_S:g}, not {duration_s!r}"
        )
    rate, rng = sample_rate_hz, np.random.default_rng(SEED)
    mix = np.zeros((2, round(duration_s * rate)))
    bars = int((duration_s - min(RING_OUT_S, RING_OUT_SHARE * duration_s)) / BAR_S)
    ring_out_s = duration_s - bars * BAR_S
    plan = [*arrange(bars), RING_OUT]
    hall = _hall(rate, rng)
    consoles = {seconds: _console(rate, seconds, hall) for seconds in (BAR_S, ring_out_s)}
    for index in range(len(plan)):
        seconds = BAR_S if index < bars else ring_out_s
        direct, reverb = consoles[seconds]
        frames = 2 * (direct.size - 1)
        desk = Desk(rate, rng, np.zeros((2, frames)), np.zeros((2, frames)))
        if index < bars:
            play_bar(desk, plan, index)
        else:
            play_ring_out(desk, RING_OUT, ring_out_s)
        # The building: a rumble nobody filtered, crossfaded from bar to bar.
        rumble = band_noise(desk, seconds + 0.2, 9.0, 22.0)
        desk.place(0.008 * rumble * gate(clock(rate, seconds + 0.2), 0.2, 0.2), 0.0)
        heard = mix[:, round(index * BAR_S * rate) :][:, :frames]
        returns = np.fft.rfft(desk.dry) * direct + np.fft.rfft(desk.send) * reverb
        heard += np.fft.irfft(returns, frames)[:, : heard.shape[1]]
    np.tanh(np.divide(mix, DESK_HEADROOM, out=mix), out=mix)
    mix *= 10.0 ** (PEAK_DBFS / 20.0) / max(mix.max(), -mix.min())
    fade, silence = round(0.8 * ring_out_s * rate), round(SILENCE_S * rate)
    mix[:, -fade:-silence] *= np.cos(np.linspace(0.0, 0.5 * np.pi, fade - silence))
    mix[:, -silence:] = 0.0
    return mix
