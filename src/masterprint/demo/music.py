"""A minute of downtempo pop, synthesised from nothing: the unmastered mix the demo starts from.

The song is built bar by bar.  Every bar owns a :class:`Desk` - a dry bus, a reverb send and the
dice of the player - that is mixed down, tail included, and laid over the bars before it, so that
memory beyond the finished mix does not grow with the length of the song.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float64]
Spectrum = NDArray[np.complex128]

SEED = 92
TEMPO_BPM = 92.0
BEAT_S = 60.0 / TEMPO_BPM
BEATS_PER_BAR = 4
BAR_S = BEATS_PER_BAR * BEAT_S
SECTION_BARS = 8
INTRO_BARS = 4
MIN_DURATION_S, MAX_DURATION_S = 5.0, 600.0
MIN_RATE_HZ = 22050  # the highest partial of the pad has to fit below half of it

PREROLL_S = 0.05  # room before the bar line for players who come in early
TAIL_S = 3.3  # longest release plus the reverb, so that nothing is cut at the end of a bar's desk
RING_OUT_S = 5.0  # shortest time left to the last chord in a song of ordinary length
RING_OUT_SHARE = 0.45  # ... and the most that a short song may spend on it
SILENCE_S = 0.15  # digital silence behind the fade
PEAK_DBFS = -4.0  # headroom a mix engineer leaves for mastering
DESK_HEADROOM = 2.0  # bus level at which the summing amplifier rounds off the odd wild drum hit
FFT_GRAIN = 8192  # transforms are a multiple of this many frames: no slow prime lengths

KEY_HZ: Audio = 440.0 * 2.0 ** ((np.arange(128) - 69) / 12.0)  # by MIDI key
# Bass note and four upper voices of Am9, Fmaj9, Cmaj9 and Gadd9 as MIDI keys.  Between
# neighbours every voice holds or moves by a step or a third, and Gadd9 leads back into Am9.
CHORDS = (
    (33, (60, 64, 67, 71)),
    (29, (60, 64, 67, 69)),
    (36, (59, 62, 64, 67)),
    (31, (59, 62, 67, 69)),
)
# The tune, bar by bar, as (beat, length in beats, MIDI key): four bars ask, four bars answer,
# and the answer reaches the highest note of the song before it sinks home.
TUNE: tuple[tuple[tuple[float, float, int], ...], ...] = (
    ((0.0, 1.5, 76), (1.5, 0.5, 79), (2.0, 1.0, 76), (3.0, 1.0, 74)),
    ((0.0, 1.5, 72), (1.5, 0.5, 74), (2.0, 1.8, 76)),
    ((0.0, 1.5, 79), (1.5, 0.5, 81), (2.0, 1.0, 79), (3.0, 1.0, 76)),
    ((0.0, 2.4, 74), (3.0, 0.5, 71), (3.5, 0.5, 74)),
    ((0.0, 1.0, 76), (1.0, 0.5, 79), (1.5, 1.5, 81), (3.0, 1.0, 84)),
    ((0.0, 2.0, 81), (2.0, 0.5, 79), (2.5, 1.4, 76)),
    ((0.0, 1.0, 79), (1.0, 0.5, 76), (1.5, 1.5, 74), (3.0, 1.0, 72)),
    ((0.0, 1.0, 74), (1.0, 0.5, 71), (1.5, 2.0, 69)),
)
PLUCK_VOICES = (0, 2, 1, 3, 2, 0, 3, 1)  # which chord voice each eighth of the arpeggio picks
BASS_LINE = ((0.0, 1.3, 0), (1.5, 0.8, 0), (2.5, 0.8, 7), (3.5, 0.4, 12))  # beat, length, interval


@dataclass(frozen=True)
class Section:
    """Fader positions (0 mutes, 1 is full) and pad colour of one part of the song."""

    pad: float
    pluck: float
    bass: float = 0.0
    drums: float = 0.0
    lead: float = 0.0
    width: float = 0.4  # phase spread of the pad between left and right, radians
    brightness: float = 1.7  # fall of the pad's partials: amplitude is order ** -brightness


INTRO = Section(pad=0.8, pluck=0.8)
VERSE = Section(pad=0.65, pluck=0.7, bass=0.9, drums=0.85)
CHORUS = Section(pad=0.85, pluck=0.75, bass=1.0, drums=1.0, lead=1.0, width=0.9, brightness=1.3)
RING_OUT = Section(pad=1.2, pluck=0.9, bass=0.9, width=0.7)


@dataclass
class Desk:
    """One bar's mixing desk: stereo buses of shape (2, frames) and the players' dice."""

    rate: int
    rng: np.random.Generator
    dry: Audio
    send: Audio

    def place(self, sound: Audio, at_s: float, pan: float = 0.0, send: float = 0.0) -> None:
        """Lay a sound, (frames,) or (2, frames), on the buses; pan runs from -1 to 1."""
        start = round((PREROLL_S + at_s) * self.rate)
        angle = (pan + 1.0) * np.pi / 4.0  # equal power, unity in the middle
        sides = np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]])
        stereo = (sides * sound)[:, : self.dry.shape[1] - start]
        self.dry[:, start : start + stereo.shape[1]] += stereo
        if send:
            self.send[:, start : start + stereo.shape[1]] += send * stereo

    def loosely(self, beat: float, spread_s: float = 0.004) -> float:
        """Seconds of a beat as a human plays it: a little early, a little late."""
        return beat * BEAT_S + float(np.clip(self.rng.normal(0.0, spread_s), -0.012, 0.012))

    def velocity(self, centre: float, spread: float = 0.08) -> float:
        """A playing strength around centre; bounded, so that no hit runs away with the peak."""
        return centre * float(self.rng.uniform(1.0 - spread, 1.0 + spread))


def _clock(rate: int, seconds: float) -> Audio:
    """Time stamps in seconds of a sound of the given length, shape (frames,)."""
    return np.arange(round(seconds * rate)) / rate


def _transform_frames(rate: int, seconds: float) -> int:
    """Frames of a transform that holds the given length."""
    return FFT_GRAIN * -(-round(seconds * rate) // FFT_GRAIN)


def _gate(t: Audio, attack_s: float, release_s: float) -> Audio:
    """Envelope that rises and falls smoothly inside the clock it is given."""
    ramps = np.minimum(t / attack_s, (t[-1] - t) / release_s)
    rise: Audio = np.sin(0.5 * np.pi * np.minimum(ramps, 1.0))
    return rise**2


def _band_noise(desk: Desk, seconds: float, low_hz: float, high_hz: float) -> Audio:
    """Noise of unit RMS between two soft band edges, alike at every sample rate."""
    frames = _transform_frames(desk.rate, seconds)
    white = np.fft.rfft(desk.rng.standard_normal(frames))
    hz = np.fft.rfftfreq(frames, 1.0 / desk.rate) + 1.0
    noise: Audio = np.fft.irfft(white / (1.0 + (low_hz / hz) ** 4 + (hz / high_hz) ** 4), frames)
    noise /= np.sqrt(np.mean(noise**2))
    return noise[: round(seconds * desk.rate)]


# What follows is the voicing of the instruments: levels within a sound are relative
# to its main tone, lengths and time constants are in seconds.


def _kick(desk: Desk, velocity: float) -> Audio:
    """Sine that dives from a knock to a 49 Hz thud, with a short beater click."""
    t = _clock(desk.rate, 0.45)
    thud_hz, knock_hz, dive_s = 49.0, 190.0, 0.022
    phase = 2.0 * np.pi * (thud_hz * t - knock_hz * dive_s * np.expm1(-t / dive_s))
    click = 0.12 * _band_noise(desk, 0.45, 1500.0, 5000.0) * np.exp(-t / 0.004)
    return velocity * (np.sin(phase) * np.exp(-t / 0.13) + click) * _gate(t, 0.0007, 0.05)


def _snare(desk: Desk, velocity: float) -> Audio:
    """Two drum-head modes under a rattle of wires; soft strokes have less of the wires."""
    t = _clock(desk.rate, 0.4)
    head = np.sin(2.0 * np.pi * 187.0 * t) + 0.5 * np.sin(2.0 * np.pi * 331.0 * t)
    wires = _band_noise(desk, 0.4, 1400.0, 8500.0) * np.exp(-t / 0.075)
    shell = 0.55 * head * np.exp(-t / 0.06)
    return velocity * (shell + 0.34 * velocity * wires) * _gate(t, 0.0007, 0.05)


def _cymbal(desk: Desk, velocity: float, ring_s: float, low_hz: float) -> Audio:
    """High noise, shape (2, frames), that dies with the time constant ring_s: hat or crash."""
    t = _clock(desk.rate, 5.0 * ring_s)
    wash = np.stack([_band_noise(desk, 5.0 * ring_s, low_hz, 11000.0) for _ in range(2)])
    return 0.15 * velocity * wash * np.exp(-t / ring_s) * _gate(t, 0.0005, ring_s)


def _bass(desk: Desk, key: int, seconds: float, velocity: float) -> Audio:
    """Round finger bass, shape (2, frames): the sides are out of phase by a hair - too wide."""
    t = _clock(desk.rate, seconds)
    turn = 2.0 * np.pi * KEY_HZ[key] * t + np.array([[-0.22], [0.22]])
    bark = 0.25 * np.exp(-t / 0.12)  # overtones of the plucking finger
    tone: Audio = (
        np.sin(turn) + (0.35 + bark) * np.sin(2.0 * turn) + (0.08 + bark) * np.sin(3.0 * turn)
    )
    tone = np.tanh(0.9 * tone)
    return velocity * tone * np.exp(-t / 1.6) * _gate(t, 0.008, 0.06)


def _pluck(desk: Desk, key: int, velocity: float) -> Audio:
    """Two-operator FM string: the modulation, and with it the brightness, dies before the tone."""
    t = _clock(desk.rate, 1.1)
    turn = 2.0 * np.pi * KEY_HZ[key] * t
    edge = 2.8 * velocity * np.exp(-t / 0.11)
    tone: Audio = np.sin(turn + edge * np.sin(2.0 * turn)) + 0.25 * np.sin(0.5 * turn)
    return velocity * tone * np.exp(-t / 0.26) * _gate(t, 0.002, 0.1)


def _lead(desk: Desk, key: int, seconds: float, velocity: float) -> Audio:
    """Soft hollow lead that scoops up into the note and lets vibrato bloom on long ones."""
    t = _clock(desk.rate, seconds + 0.12)
    vibrato = 0.006 * np.clip(2.0 * t - 0.5, 0.0, 1.0) * np.sin(2.0 * np.pi * 5.3 * t)
    bend = 1.0 + vibrato - 0.02 * np.exp(-t / 0.03)
    turn = 2.0 * np.pi * KEY_HZ[key] * np.cumsum(bend) / desk.rate
    tone: Audio = np.sin(turn) + 0.45 * np.sin(2.0 * turn) + 0.3 * np.sin(3.0 * turn)
    tone += 0.15 * np.sin(4.0 * turn) + 0.12 * np.sin(5.0 * turn)
    return velocity * tone * _gate(t, 0.03, 0.16)


def _pad(desk: Desk, keys: tuple[int, ...], seconds: float, section: Section) -> Audio:
    """String-ensemble chord of unit RMS, shape (2, frames), drawn as a spectrum.

    A partial smeared over a few cents is what a crowd of detuned oscillators sums up to, and
    one inverse transform plays the whole crowd.  Offsetting the phases per side makes it wide.
    """
    frames = _transform_frames(desk.rate, seconds)
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


def _play_drums(desk: Desk, section: Section, first: bool, last: bool) -> None:
    """One bar of kit: kick, backbeat, swung hats, a crash into the chorus, a roll at the end."""
    busy = section.lead > 0.0
    for beat in (0.0, 1.75, 2.5) if busy else (0.0, 2.5):
        desk.place(_kick(desk, section.drums * desk.velocity(0.84)), desk.loosely(beat, 0.002))
    strokes = [(1.0, 0.87), (3.0, 0.87)] + ([(1.75, 0.2), (2.25, 0.25)] if busy else [])
    strokes += [(3.25, 0.3), (3.5, 0.5), (3.75, 0.65)] if last else []
    for beat, strength in strokes:
        stroke = _snare(desk, section.drums * desk.velocity(strength))
        desk.place(stroke, desk.loosely(beat), pan=0.05, send=0.22)
    for step in range(16 if busy else 8):
        beat = step * (0.25 if busy else 0.5)
        swing = 0.05 if beat % 0.5 else 0.0
        accent = 0.9 if beat % 1.0 == 0.5 else 0.4 if swing else 0.6
        open_s = 0.14 if beat == 3.5 else 0.03
        stroke = _cymbal(desk, section.drums * desk.velocity(accent, 0.25), open_s, 6500.0)
        desk.place(stroke, desk.loosely(beat + swing), pan=0.3, send=0.05)
    if first and busy:
        desk.place(_cymbal(desk, 0.4, 0.5, 3200.0), 0.0, pan=-0.15, send=0.3)


def _play_plucks(desk: Desk, section: Section, keys: tuple[int, ...]) -> None:
    """Arpeggio in eighths with a ping-pong delay of dotted eighths, which fills in sixteenths."""
    for step, voice in enumerate(PLUCK_VOICES):
        accent = 1.0 if step % 4 == 0 else 0.75
        note = 0.16 * section.pluck * _pluck(desk, keys[voice] + 12, desk.velocity(accent, 0.2))
        at_s = desk.loosely(0.5 * step)
        desk.place(note, at_s, pan=-0.18, send=0.3)
        for echo in range(1, 5):
            side = 0.75 if echo % 2 else -0.75
            desk.place(0.45**echo * note, at_s + 0.75 * echo * BEAT_S, pan=side)


def _play_bar(desk: Desk, plan: list[Section], index: int) -> None:
    """Have everybody with an open fader play one bar of the plan, which ends on the ring-out."""
    section = plan[index]
    countdown = index - len(plan) + 1  # negative; harmony and tune are laid out from the end
    root, keys = CHORDS[countdown % len(CHORDS)]
    seconds = BAR_S + 0.9
    pad = _pad(desk, keys, seconds, section) * _gate(_clock(desk.rate, seconds), 0.25, 1.1)
    desk.place(0.09 * section.pad * pad, 0.0, send=0.28)
    _play_plucks(desk, section, keys)
    if section.drums:
        # Before the first bar the plan wraps round to the ring-out, which counts as a change.
        first, last = section is not plan[index - 1], section is not plan[index + 1]
        _play_drums(desk, section, first, last)
    if section.bass:
        for beat, beats, interval in BASS_LINE:
            note = _bass(desk, root + interval, beats * BEAT_S, desk.velocity(section.bass))
            desk.place(0.19 * note, desk.loosely(beat))
    if section.lead:
        for beat, beats, key in TUNE[countdown % len(TUNE)]:
            note = _lead(desk, key, beats * BEAT_S, desk.velocity(section.lead))
            desk.place(0.12 * note, desk.loosely(beat, 0.006), pan=0.08, send=0.4)


def _play_ring_out(desk: Desk, section: Section, seconds: float) -> None:
    """Strike the home chord once, bass and cymbal included, and let it die away."""
    root, keys = CHORDS[0]
    t = _clock(desk.rate, seconds)
    pad = _pad(desk, keys, seconds, section) * np.exp(-t / (0.5 * seconds)) * _gate(t, 0.1, 0.5)
    desk.place(0.09 * section.pad * pad, 0.0, send=0.28)
    desk.place(0.19 * section.bass * _bass(desk, root, seconds, 1.0), 0.0)
    desk.place(_kick(desk, 0.55), 0.0)
    desk.place(_cymbal(desk, 0.4, 0.5, 3200.0), 0.0, pan=-0.15, send=0.3)
    for order, key in enumerate(keys):  # strummed, low to high
        note = 0.16 * section.pluck * _pluck(desk, key + 12, desk.velocity(0.9))
        desk.place(note, 0.035 * order, pan=0.3 * order - 0.45, send=0.4)


def _hall(rate: int, rng: np.random.Generator) -> Audio:
    """Reverb impulse of unit energy per side, shape (2, frames); the highs die first.

    A little of each side leaks into the other, or the tail would have no centre at all.
    """
    t = _clock(rate, 1.9)
    desk = Desk(rate, rng, np.empty((2, 0)), np.empty((2, 0)))
    sides = [
        _band_noise(desk, 1.9, 180.0, 2500.0) * np.exp(-t / 0.32)
        + 0.6 * _band_noise(desk, 1.9, 2500.0, 8000.0) * np.exp(-t / 0.16)
        for _ in range(2)
    ]
    impulse = (np.stack(sides) + 0.3 * np.stack(sides[::-1])) * _gate(t, 0.03, 0.3)
    return np.asarray(impulse / np.sqrt(np.sum(impulse**2, axis=1, keepdims=True)))


def _console(rate: int, seconds: float, hall: Audio) -> tuple[Audio, Spectrum]:
    """Responses of the dry bus, (bins,), and of the reverb return, (2, bins), for one desk.

    Both carry the faults of an untreated room's ear: boxy at 300 Hz, dull above 8 kHz.
    """
    frames = _transform_frames(rate, PREROLL_S + seconds + TAIL_S)
    hz = np.fft.rfftfreq(frames, 1.0 / rate) + 1e-3
    boxy_db = 3.5 * np.exp(-0.5 * (np.log2(hz / 300.0) / 0.45) ** 2)
    dull_db = -10.0 * np.log10(1.0 + (hz / 9000.0) ** 3)
    tone = 10.0 ** ((boxy_db + dull_db) / 20.0)
    return tone, tone * np.fft.rfft(hall, frames)


def _arrange(bars: int) -> list[Section]:
    """Section of every bar.

    Chorus and verse take turns back from the end, so that every song ends on a
    chorus, and the intro gets the odd bars in front.  A short song is nothing but chorus.
    """
    plan = [VERSE if (left // SECTION_BARS) % 2 else CHORUS for left in reversed(range(bars))]
    if bars >= SECTION_BARS:
        intro = INTRO_BARS + bars % INTRO_BARS
        plan[:intro] = [INTRO] * intro
    return plan


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
    plan = [*_arrange(bars), RING_OUT]
    hall = _hall(rate, rng)
    consoles = {seconds: _console(rate, seconds, hall) for seconds in (BAR_S, ring_out_s)}
    for index in range(len(plan)):
        seconds = BAR_S if index < bars else ring_out_s
        direct, reverb = consoles[seconds]
        frames = 2 * (direct.size - 1)
        desk = Desk(rate, rng, np.zeros((2, frames)), np.zeros((2, frames)))
        if index < bars:
            _play_bar(desk, plan, index)
        else:
            _play_ring_out(desk, RING_OUT, ring_out_s)
        # The building: a rumble nobody filtered, crossfaded from bar to bar.
        rumble = _band_noise(desk, seconds + 0.2, 9.0, 22.0)
        desk.place(0.008 * rumble * _gate(_clock(rate, seconds + 0.2), 0.2, 0.2), 0.0)
        heard = mix[:, round(index * BAR_S * rate) :][:, :frames]
        returns = np.fft.rfft(desk.dry) * direct + np.fft.rfft(desk.send) * reverb
        heard += np.fft.irfft(returns, frames)[:, : heard.shape[1]]
    np.tanh(np.divide(mix, DESK_HEADROOM, out=mix), out=mix)
    mix *= 10.0 ** (PEAK_DBFS / 20.0) / max(mix.max(), -mix.min())
    fade, silence = round(0.8 * ring_out_s * rate), round(SILENCE_S * rate)
    mix[:, -fade:-silence] *= np.cos(np.linspace(0.0, 0.5 * np.pi, fade - silence))
    mix[:, -silence:] = 0.0
    return mix
