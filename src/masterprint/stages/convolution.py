"""Convolution with an impulse response from a file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator

from masterprint.dsp.partitioned import Route, convolve_causally
from masterprint.dsp.resampling import resample
from masterprint.errors import AudioFileError, SignalError
from masterprint.files.reading import AudioFile, open_audio
from masterprint.signal import Block, Signal, fork, join
from masterprint.stages.base import refuse
from masterprint.stages.beside import FOLDER, FileBeside, StageWithFiles
from masterprint.stages.blend import Blend, Level, frames_of

LONGEST_S = 30.0
HIGHEST_RATE_HZ = 192000
"""Of a response, as of a mix: 30 s at 768 kHz take gigabytes before they are converted."""
HEARD_HZ = 20000.0
"""Up to here the level of a response counts, so that it is the same at any rate of its file."""
LEAD_S = 0.02
"""How far a conversion of the sample rate may ring to before the first sample of a response."""


class Convolution(Blend, StageWithFiles):
    """Convolution: the room, plate or loudspeaker whose impulse response a file holds.

    A response of one channel is for every channel of the mix; one of two is for stereo, channel by
    channel; one of four is true stereo: left to left, left to right, right to left, right to right.
    A response of another sample rate is converted and keeps its frequency response. Computed in
    float64; pedalboard's Convolution works in float32 and sets the level of a response as it
    likes (an impulse of 1 or of 0.5 both come out as 0.125).

    With `normalise`, the response is scaled as a whole so that the mean square of its frequency
    response up to 20 kHz is 1 per output channel, on the average over these, at whatever rate its
    file has: independent white noise in all channels comes back about as loud as it was. What a
    dark response lets through comes back louder. Give the chain `tail_s` seconds for the end of the
    mix to ring.
    """

    stage_name: ClassVar[str] = "convolution"
    file_settings: ClassVar[tuple[str, ...]] = ("impulse_response",)

    impulse_response: FileBeside = Field(
        description="audio file of 1, 2 or 4 channels and at most 30 s, relative to the chain file"
    )
    wet_db: Level = Field(-18.0, description="level of what the response makes of the signal")
    pre_delay_ms: float = Field(0.0, ge=0, le=500, description="how much later it begins")
    normalise: bool = Field(True, description="bring responses of any level to the same")

    @field_validator("impulse_response")
    @classmethod
    def _fits_some_mix(cls, value: str, info: ValidationInfo) -> str:
        """What no mix could use is wrong in the chain file already, in its line."""
        folder = (info.context or {}).get(FOLDER)
        if folder is not None:
            try:
                unfit = _unfit(open_audio(folder / value), 2)
            except AudioFileError as error:
                unfit = str(error)
            if unfit:
                raise ValueError(unfit)
        return value

    def memory_bytes(self, sample_rate_hz: int, channels: int) -> int:
        """Spectra of responses and of what went by, 16 bytes per tap, and half of that to begin."""
        try:
            file = self._file()
        except (ValueError, AudioFileError):
            return 0
        seconds = min(LONGEST_S, (file.frames or 0) / file.sample_rate_hz or LONGEST_S)
        return round(24 * seconds * sample_rate_hz) * (file.channels + channels)

    def problems(self, sample_rate_hz: int, channels: int) -> list[str]:
        """Whether the response can be read, and suits such a mix."""
        found = super().problems(sample_rate_hz, channels)
        try:
            unfit = _unfit(self._file(), channels)
        except (ValueError, AudioFileError) as error:
            unfit = str(error)
        return [*found, f"impulse_response: {unfit.rstrip('.')}"] if unfit else found

    def apply(self, signal: Signal) -> Signal:
        """Convolve, and add; without a conversion of rates nothing looks ahead."""
        try:
            file = self._file()
            if unfit := _unfit(file, signal.channels):
                refuse(self, f"impulse_response: {unfit}")
            responses, lead = self._read(file, signal.sample_rate_hz)
        except SignalError as error:  # whose hint is about mixes
            refuse(self, f"impulse_response: {error.message.rstrip('.')}: export it again")
        except (ValueError, AudioFileError) as error:
            refuse(self, f"impulse_response: {str(error).rstrip('.')}")
        late = frames_of(self.pre_delay_ms, signal.sample_rate_hz)
        responses = np.pad(responses, ((0, 0), (late, 0)))
        into, dry = fork(((block, block) for block in signal.blocks), 2)
        routes = _routes(len(responses), signal.channels)
        wet = convolve_causally(signal.carrying(into), responses, routes, lead)

        def together() -> Iterator[Block]:
            for effect, block in join(wet.blocks, dry):
                yield self.blend(block, effect)

        return signal.carrying(together())

    def _file(self) -> AudioFile:
        return open_audio(self.path_of(self.impulse_response))

    def _read(self, file: AudioFile, sample_rate_hz: int) -> tuple[NDArray[np.float64], int]:
        """The responses at the rate of the mix, and how many frames come before time zero."""
        parts, read = [], 0
        for block in file.signal().blocks:
            parts.append(block)
            read += block.shape[1]
            if read > LONGEST_S * file.sample_rate_hz:
                refuse(self, f"impulse_response: {_too_long(file)}")
        responses = np.concatenate(parts, axis=1)
        energy = sum(_energy(row, file.sample_rate_hz) for row in responses)
        if not energy:
            refuse(
                self,
                f"impulse_response: {file.path} holds nothing but silence, where a response is "
                "expected: export it again",
            )
        if self.normalise:
            responses = responses / math.sqrt(energy / min(len(responses), 2))
        if sample_rate_hz == file.sample_rate_hz:
            return responses, 0
        # Samples of a response stand for areas: fewer of them have to be larger.
        responses = responses * (file.sample_rate_hz / sample_rate_hz)
        # What a converter's filter rings before a first sample belongs to it: without it, a
        # response that begins with its direct sound would lose up to half of that.
        both = math.gcd(file.sample_rate_hz, sample_rate_hz)
        steps = math.ceil(LEAD_S * both)  # each of them whole frames at both rates
        lead = steps * file.sample_rate_hz // both
        padded = Signal.of(np.pad(responses, ((0, 0), (lead, lead))), file.sample_rate_hz)
        return resample(padded, sample_rate_hz).collect(), steps * sample_rate_hz // both


def _energy(response: NDArray[np.float64], sample_rate_hz: int) -> float:
    """The mean square of its frequency response up to 20 kHz, or to half the rate."""
    size = 1 << max(16, len(response).bit_length())
    heard = np.fft.rfft(response, size)[: 1 + int(HEARD_HZ / sample_rate_hz * size)]
    return float(np.mean(np.square(np.abs(heard))))


def _unfit(file: AudioFile, channels: int) -> str:
    """Why a file is no response for such a mix; empty where it is one."""
    if file.channels not in (1, 2, 4):
        return f"{file.path} has {file.channels} channels, where 1, 2 or 4 are expected"
    if file.channels > 1 and channels != 2:
        return (
            f"{file.path} has {file.channels} channels, which are for 2 channels, "
            f"the mix has {channels}: use a response of 1 channel"
        )
    if file.sample_rate_hz > HIGHEST_RATE_HZ:
        return (
            f"{file.path} has a sample rate of {file.sample_rate_hz} Hz, where at most "
            f"{HIGHEST_RATE_HZ} Hz are expected: convert it"
        )
    return _too_long(file) if (file.frames or 0) > LONGEST_S * file.sample_rate_hz else ""


def _too_long(file: AudioFile) -> str:
    seconds = f"is {file.frames / file.sample_rate_hz:.1f} s long" if file.frames else "is longer"
    return f"{file.path} {seconds}, where at most {LONGEST_S:g} s are expected: cut off its end"


def _routes(responses: int, channels: int) -> list[Route]:
    if responses == 4:
        return [Route(0, 0, 0), Route(0, 1, 1), Route(1, 2, 0), Route(1, 3, 1)]
    return [Route(c, c if responses == 2 else 0, c) for c in range(channels)]
