"""The demo song: its chords, its tune, its parts, and how each bar of it is played."""

import numpy as np

from masterprint.demo.desk import BEAT_S, Desk, Section, clock, gate
from masterprint.demo.instruments import bass, cymbal, kick, lead, pad, pluck, snare

BEATS_PER_BAR = 4
BAR_S = BEATS_PER_BAR * BEAT_S
SECTION_BARS = 8
INTRO_BARS = 4

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

INTRO = Section(pad=0.8, pluck=0.8)
VERSE = Section(pad=0.65, pluck=0.7, bass=0.9, drums=0.85)
CHORUS = Section(pad=0.85, pluck=0.75, bass=1.0, drums=1.0, lead=1.0, width=0.9, brightness=1.3)
RING_OUT = Section(pad=1.2, pluck=0.9, bass=0.9, width=0.7)


def arrange(bars: int) -> list[Section]:
    """Section of every bar.

    Chorus and verse take turns back from the end, so that every song ends on a
    chorus, and the intro gets the odd bars in front.  A short song is nothing but chorus.
    """
    plan = [VERSE if (left // SECTION_BARS) % 2 else CHORUS for left in reversed(range(bars))]
    if bars >= SECTION_BARS:
        intro = INTRO_BARS + bars % INTRO_BARS
        plan[:intro] = [INTRO] * intro
    return plan


def _play_drums(desk: Desk, section: Section, first: bool, last: bool) -> None:
    """One bar of kit: kick, backbeat, swung hats, a crash into the chorus, a roll at the end."""
    busy = section.lead > 0.0
    for beat in (0.0, 1.75, 2.5) if busy else (0.0, 2.5):
        desk.place(kick(desk, section.drums * desk.velocity(0.84)), desk.loosely(beat, 0.002))
    strokes = [(1.0, 0.87), (3.0, 0.87)] + ([(1.75, 0.2), (2.25, 0.25)] if busy else [])
    strokes += [(3.25, 0.3), (3.5, 0.5), (3.75, 0.65)] if last else []
    for beat, strength in strokes:
        stroke = snare(desk, section.drums * desk.velocity(strength))
        desk.place(stroke, desk.loosely(beat), pan=0.05, send=0.22)
    for step in range(16 if busy else 8):
        beat = step * (0.25 if busy else 0.5)
        swing = 0.05 if beat % 0.5 else 0.0
        accent = 0.9 if beat % 1.0 == 0.5 else 0.4 if swing else 0.6
        open_s = 0.14 if beat == 3.5 else 0.03
        stroke = cymbal(desk, section.drums * desk.velocity(accent, 0.25), open_s, 6500.0)
        desk.place(stroke, desk.loosely(beat + swing), pan=0.3, send=0.05)
    if first and busy:
        desk.place(cymbal(desk, 0.4, 0.5, 3200.0), 0.0, pan=-0.15, send=0.3)


def _play_plucks(desk: Desk, section: Section, keys: tuple[int, ...]) -> None:
    """Arpeggio in eighths with a ping-pong delay of dotted eighths, which fills in sixteenths."""
    for step, voice in enumerate(PLUCK_VOICES):
        accent = 1.0 if step % 4 == 0 else 0.75
        note = 0.16 * section.pluck * pluck(desk, keys[voice] + 12, desk.velocity(accent, 0.2))
        at_s = desk.loosely(0.5 * step)
        desk.place(note, at_s, pan=-0.18, send=0.3)
        for echo in range(1, 5):
            side = 0.75 if echo % 2 else -0.75
            desk.place(0.45**echo * note, at_s + 0.75 * echo * BEAT_S, pan=side)


def play_bar(desk: Desk, plan: list[Section], index: int) -> None:
    """Have everybody with an open fader play one bar of the plan, which ends on the ring-out."""
    section = plan[index]
    countdown = index - len(plan) + 1  # negative; harmony and tune are laid out from the end
    root, keys = CHORDS[countdown % len(CHORDS)]
    seconds = BAR_S + 0.9
    chord = pad(desk, keys, seconds, section) * gate(clock(desk.rate, seconds), 0.25, 1.1)
    desk.place(0.09 * section.pad * chord, 0.0, send=0.28)
    _play_plucks(desk, section, keys)
    if section.drums:
        # Before the first bar the plan wraps round to the ring-out, which counts as a change.
        first, last = section is not plan[index - 1], section is not plan[index + 1]
        _play_drums(desk, section, first, last)
    if section.bass:
        for beat, beats, interval in BASS_LINE:
            note = bass(desk, root + interval, beats * BEAT_S, desk.velocity(section.bass))
            desk.place(0.19 * note, desk.loosely(beat))
    if section.lead:
        for beat, beats, key in TUNE[countdown % len(TUNE)]:
            note = lead(desk, key, beats * BEAT_S, desk.velocity(section.lead))
            desk.place(0.12 * note, desk.loosely(beat, 0.006), pan=0.08, send=0.4)


def play_ring_out(desk: Desk, section: Section, seconds: float) -> None:
    """Strike the home chord once, bass and cymbal included, and let it die away."""
    root, keys = CHORDS[0]
    t = clock(desk.rate, seconds)
    chord = pad(desk, keys, seconds, section) * np.exp(-t / (0.5 * seconds)) * gate(t, 0.1, 0.5)
    desk.place(0.09 * section.pad * chord, 0.0, send=0.28)
    desk.place(0.19 * section.bass * bass(desk, root, seconds, 1.0), 0.0)
    desk.place(kick(desk, 0.55), 0.0)
    desk.place(cymbal(desk, 0.4, 0.5, 3200.0), 0.0, pan=-0.15, send=0.3)
    for order, key in enumerate(keys):  # strummed, low to high
        note = 0.16 * section.pluck * pluck(desk, key + 12, desk.velocity(0.9))
        desk.place(note, 0.035 * order, pan=0.3 * order - 0.45, send=0.4)
