"""Samples in and out of the forms that files hold them in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterprint.dsp.jit import kernel


@kernel("void(i4[:, ::1], f8[:, ::1])", reads=("interleaved",))
def from_integers(interleaved: NDArray[np.int32], planar: NDArray[np.float64]) -> None:
    """Left-justified 32-bit integers (frames, channels) to float64 (channels, frames)."""
    frames, channels = interleaved.shape
    for channel in range(channels):
        row = planar[channel]
        for n in range(frames):
            row[n] = interleaved[n, channel] * (1.0 / 2147483648.0)


@kernel("void(u1[::1], f8[:, ::1])")
def unpack_16_bit(packed: NDArray[np.uint8], planar: NDArray[np.float64]) -> None:
    """Interleaved little-endian 16-bit words to float64 (channels, frames)."""
    channels, frames = planar.shape
    for channel in range(channels):
        row = planar[channel]
        for n in range(frames):
            at = 2 * (n * channels + channel)
            word = np.int16(packed[at] | (packed[at + 1] << 8))
            row[n] = word * (1.0 / 32768.0)


@kernel("void(u1[::1], f8[:, ::1])")
def unpack_24_bit(packed: NDArray[np.uint8], planar: NDArray[np.float64]) -> None:
    """Interleaved little-endian 24-bit words to float64 (channels, frames)."""
    channels, frames = planar.shape
    for channel in range(channels):
        row = planar[channel]
        for n in range(frames):
            at = 3 * (n * channels + channel)
            word = np.int32((packed[at] << 8) | (packed[at + 1] << 16) | (packed[at + 2] << 24))
            row[n] = word * (1.0 / 2147483648.0)


@kernel("void(u1[::1], f8[:, ::1])")
def unpack_32_bit(packed: NDArray[np.uint8], planar: NDArray[np.float64]) -> None:
    """Interleaved little-endian 32-bit words to float64 (channels, frames)."""
    channels, frames = planar.shape
    for channel in range(channels):
        row = planar[channel]
        for n in range(frames):
            at = 4 * (n * channels + channel)
            word = np.int32(
                packed[at] | (packed[at + 1] << 8) | (packed[at + 2] << 16) | (packed[at + 3] << 24)
            )
            row[n] = word * (1.0 / 2147483648.0)


@kernel("void(i4[:, ::1], u1[::1])", reads=("planar",))
def pack_24_bit(planar: NDArray[np.int32], packed: NDArray[np.uint8]) -> None:
    """Integers (channels, frames) to interleaved little-endian 24-bit words."""
    channels, frames = planar.shape
    for channel in range(channels):
        row = planar[channel]
        for n in range(frames):
            at = 3 * (n * channels + channel)
            word = row[n]
            packed[at] = word & 255
            packed[at + 1] = (word >> 8) & 255
            packed[at + 2] = (word >> 16) & 255


@kernel("void(f8[:, ::1], f8, u1[::1])", reads=("planar",))
def pack_integers(planar: NDArray[np.float64], scale: float, packed: NDArray[np.uint8]) -> None:
    """Float64 (channels, frames) that lies on a grid of 1 / scale to interleaved words."""
    channels, frames = planar.shape
    size = packed.shape[0] // max(1, channels * frames)
    for channel in range(channels):
        row = planar[channel]
        for n in range(frames):
            at = size * (n * channels + channel)
            word = np.int64(np.rint(row[n] * scale))
            for byte in range(size):
                packed[at + byte] = (word >> (8 * byte)) & 255


@kernel("i8(f8[:, ::1], f8, i8, i8, u1[::1], b1)", reads=("block",))
def mark_exact(
    block: NDArray[np.float64],
    scale: float,
    run: int,
    run_needed: int,
    exact: NDArray[np.uint8],
    silence_counts: bool,
) -> int:
    """Mark frames in which nothing is lost: part of a long run that lies on the target's grid.

    `exact[i]` becomes 1 where all channels are whole numbers at `scale` and so are at least
    `run_needed` frames in a row. `run` is the length of the run before the block; the one that is
    open at its end is returned. Silent frames count only when `silence_counts`.
    """
    channels, frames = block.shape
    for n in range(frames):
        whole = True
        silent = True
        for channel in range(channels):
            value = block[channel, n] * scale
            if value != 0.0:
                silent = False
                if value != np.rint(value):
                    whole = False
                    break
        if whole and (silence_counts or not silent):
            run += 1
            if run == run_needed:
                exact[max(0, n - run_needed + 1) : n + 1] = 1
            else:
                exact[n] = run > run_needed
        else:
            run = 0
            exact[n] = 0
    return run


@kernel(
    "i8(f8[:, ::1], f8, u1[::1], u8, i8, f8, f8[::1], f8[:, ::1], i4[:, ::1])", reads=("block",)
)
def quantise(
    block: NDArray[np.float64],
    scale: float,
    exact: NDArray[np.uint8],
    seed: int,
    position: int,
    dither_steps: float,
    shaping: NDArray[np.float64],
    errors: NDArray[np.float64],
    out: NDArray[np.int32],
) -> int:
    """Round to the nearest step, with triangular dither and error feedback; count what clips.

    v = x - sum c_k e[n-k];  y = round(v + d);  e = y - v. The dither d is the sum of two uniform
    values of half a step each way: the halves of a 32-bit word that Wellons' hash ("Prospecting for
    Hash Functions", 2018) makes of the seed and the sample's own place, so that any stretch can be
    made again. Frames marked exact pass as they are and clear the errors. `errors` has shape
    (channels, 16).
    """
    channels, frames = block.shape
    order = shaping.shape[0]
    low = -scale
    high = scale - 1.0
    clipped = 0
    noise = np.zeros(1024)
    key = np.uint32(seed & np.uint64(0xFFFFFFFF))
    second_key = np.uint32(seed >> np.uint64(32))
    for channel in range(channels):
        past = errors[channel]
        for start in range(0, frames, 1024):
            row = block[channel, start : start + 1024]
            words = out[channel, start : start + 1024]
            passing = exact[start : start + 1024]
            if dither_steps > 0.0:
                place = np.uint32((position + start) * channels + channel)
                for n in range(row.shape[0]):
                    z = np.uint32(place + np.uint32(n) * np.uint32(channels)) ^ key
                    z = np.uint32((z ^ (z >> np.uint32(16))) * np.uint32(0x7FEB352D)) ^ second_key
                    z = np.uint32((z ^ (z >> np.uint32(15))) * np.uint32(0x846CA68B))
                    z = np.uint32(z ^ (z >> np.uint32(16)))
                    both = np.int32(z >> np.uint32(16)) + np.int32(z & np.uint32(0xFFFF))
                    noise[n] = dither_steps * (np.int32(both + 1) * 2.0**-16 - 1.0)
            if order == 0:
                for n in range(row.shape[0]):
                    value = row[n] * scale
                    rounded = np.rint(value + (0.0 if passing[n] else noise[n]))
                    held = min(max(rounded, low), high)
                    clipped += rounded != held
                    words[n] = np.int32(held)
                continue
            for n in range(row.shape[0]):
                value = row[n] * scale
                if passing[n]:
                    held = min(max(value, low), high)
                    clipped += value != held
                    words[n] = np.int32(held)
                    past[:] = 0.0
                    continue
                for k in range(order):
                    value -= shaping[k] * past[k]
                rounded = np.rint(value + noise[n])
                held = min(max(rounded, low), high)
                clipped += rounded != held
                words[n] = np.int32(held)
                for k in range(order - 1, 0, -1):
                    past[k] = past[k - 1]
                # A clipped sample must not throw the loop: no error is larger than rounding's.
                past[0] = min(max(held - value, -2.0), 2.0)
    return clipped


@kernel("b1(f8[:, ::1], f8, i8[::1])", reads=("block",))
def find_beyond(block: NDArray[np.float64], most: float, place: NDArray[np.int64]) -> bool:
    """Whether a magnitude in the block is above `most`, or NaN: `place` gets channel and frame."""
    for channel in range(block.shape[0]):
        row = block[channel]
        for start in range(0, row.shape[0], 1024):
            stop = min(start + 1024, row.shape[0])
            within = True
            for n in range(start, stop):
                within &= abs(row[n]) <= most
            if not within:
                for n in range(start, stop):
                    if not abs(row[n]) <= most:
                        place[0] = channel
                        place[1] = n
                        return True
    return False
