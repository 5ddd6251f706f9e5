"""Denoising."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from masterprint.dsp.decibels import power_decibels
from masterprint.dsp.noise_removal import NoiseRemoval
from masterprint.dsp.spectra import added_up, spectra, window_frames
from masterprint.metering.noise_floor import NoiseFloor, Patches
from masterprint.metering.noise_profile import (
    NONE_DB,
    Profile,
    bin_powers,
    correlation_of,
    course_of,
    found_profile,
    marked_profile,
    nothing_but_noise,
    total_dbfs,
)
from masterprint.metering.silence import Silence
from masterprint.scratch import Scratch
from masterprint.signal import Block, Reader, Signal, fork
from masterprint.stages.base import Stage, refuse
from masterprint.stages.noise_given import Noise, NoiseBand, NoiseChange, Seconds

Array = NDArray[np.float64]

LEAST_REGION_S = 0.1
SILENT_S = 0.05
MOST_SPANS = 20


class Denoise(Stage):
    """Denoise: takes off steady broadband noise, such as the hiss of tape or of a preamplifier.

    The noise is found under the whole programme, band by band (sixths of an octave, by channel):
    where patches of a quarter second have the statistics of Gaussian noise that does not move
    (their periodogram's geometric mean 2.5 dB below its arithmetic one, and nearly so in each bin
    alone), lie within 2 dB of each other, and next to nothing lies below them, as it would where
    breath or brushes pause, or noise is faded out. Music that never stops lets some bands through
    in its gaps; bands that are always covered take the level of their neighbours. Where no such
    floor is found, or it is below `least_dbfs`, the programme passes bit for bit. A marked region
    of noise alone (`region_s`) is taken as it is instead.

    Each bin of a short-time spectrum (46 ms, a quarter apart) is then lowered by as much as is
    noise in it: the log-spectral amplitude estimator of Ephraim and Malah (1985) with look-ahead,
    see `dsp.noise_gain`, but never by more than `reduction_db`. What is taken off is subtracted
    from the programme, which itself is not filtered. Digital silence of 50 ms and more stays so.

    The report has the noise by third of an octave, where it was heard, and how much was taken off;
    `noise` and `course`, put into the chain, do the same to the bit without listening.
    """

    stage_name: ClassVar[str] = "denoise"

    region_s: Annotated[list[Seconds], Field(min_length=2, max_length=2)] | None = Field(
        None, description="where nothing but noise is heard, from and to; null finds the noise"
    )
    follow: bool = Field(True, description="follow noise whose level changes over some seconds")
    reduction_db: float = Field(
        24.0, ge=0, le=60, description="most that is taken off; what is left masks what is done"
    )
    sensitivity_db: float = Field(
        0.0, ge=-12, le=12, description="how much louder the noise is taken to be than it was found"
    )
    least_dbfs: float = Field(
        -80.0, ge=-120, le=0, description="noise that is found and quieter than this is left alone"
    )
    noise: list[NoiseBand] | None = Field(
        None, min_length=1, max_length=200, description="the noise by frequency; null finds it"
    )
    correlation: float = Field(
        0.0, ge=-1, le=1, description="what left and right of the noise given have in common"
    )
    course: list[NoiseChange] | None = Field(
        None,
        max_length=200,
        description="how the level of the noise given changes; null for not at all",
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Denoise:
        if self.region_s is None:
            return self
        if self.noise is not None:
            raise ValueError("found region_s and noise; allowed: one of them, or none to find it")
        low, high = sorted(self.region_s)
        if high - low < LEAST_REGION_S:
            raise ValueError(
                f"region_s is {high - low:.3g} s long; allowed: {LEAST_REGION_S:g} s of noise or "
                "more"
            )
        return self

    def apply(self, signal: Signal) -> Signal:
        """Listen, then take the noise off."""
        if self.noise is None:
            return signal.carrying(self._denoised(signal))
        given = Noise.given(self.noise, self.correlation, self.course or [], signal.channels)
        return signal.carrying(self._taken_off(signal, given))

    def _denoised(self, signal: Signal) -> Iterator[Block]:
        rate = signal.sample_rate_hz
        scratch, frames = Scratch(), 0
        floor = NoiseFloor(rate, signal.channels)
        region = sorted(self.region_s) if self.region_s else None
        marked = NoiseFloor(rate, signal.channels, *region) if region else None
        try:
            for block in signal.blocks:
                floor.feed(block)
                if marked:
                    marked.feed(block)
                scratch.append(block)
                frames += block.shape[1]
            patches = floor.finish()
            if region and marked:
                of_noise = marked.finish()
                profile = self._marked(region, of_noise, frames / rate, rate)
            else:
                of_noise, profile = patches, found_profile(patches, rate)
            correlation = round(correlation_of(of_noise, profile), 2)
            noise = self._decided(signal, patches, profile, correlation)
            if noise is None:
                signal.report["pinned"] = []
                yield from scratch.replay()
            else:
                yield from self._taken_off(signal.carrying(scratch.replay()), noise)
        finally:
            scratch.close()

    def _marked(self, region: list[float], patches: Patches, length_s: float, rate: int) -> Profile:
        if region[1] > length_s:
            refuse(
                self,
                f"region_s: found {region[0]:g} to {region[1]:g} s, where a place within the "
                f"programme, which is {length_s:.2f} s long, is expected",
            )
        profile = marked_profile(patches, rate)
        if (profile.level_db <= NONE_DB).all():
            refuse(
                self,
                f"region_s: found digital silence from {region[0]:g} to {region[1]:g} s, where "
                "noise is expected",
            )
        return profile

    def _decided(
        self, signal: Signal, patches: Patches, profile: Profile, correlation: float
    ) -> Noise | None:
        """What is to be taken off, rounded as it is reported; None for nothing."""
        rate, report = signal.sample_rate_hz, signal.report
        total = total_dbfs(profile.hz, profile.level_db, rate)
        level_db = profile.level_db.copy()
        if self.region_s is None:
            level_db[total < self.least_dbfs] = NONE_DB
            if (profile.level_db <= NONE_DB).all():
                report["summary"] = "no steady noise was found, so all is left as it is"
                return None
            if (level_db <= NONE_DB).all():
                report["noise_dbfs"] = [_rounded(level) for level in total]
                report["summary"] = "the noise lies below least_dbfs, so all is left as it is"
                return None
            if nothing_but_noise(patches, profile):
                report["noise_dbfs"] = [_rounded(level) for level in total]
                report["summary"] = "nothing but noise was found"
                report["note"] = (
                    "nothing but noise was found, so all is left as it is; mark it as region_s to "
                    "take it off"
                )
                return None
            report["heard_at_s"] = _spans(
                np.asarray(profile.where.any(axis=(0, 2))), patches.seconds
            )
        else:
            report["heard_at_s"] = [sorted(self.region_s)]
        course = course_of(patches, profile) if self.follow else []
        return Noise.found(profile.hz, level_db, correlation, course, rate)

    def _taken_off(self, signal: Signal, noise: Noise) -> Iterator[Block]:
        """The programme less what is noise; reports."""
        rate, channels, report = signal.sample_rate_hz, signal.channels, signal.report
        per_bin = noise.per_bin_db(rate)
        self._report(report, noise, total_dbfs(noise.hz, per_bin, rate))
        per_bin = np.where(per_bin > NONE_DB, per_bin + self.sensitivity_db, NONE_DB)
        size = window_frames(rate)
        power = bin_powers(noise.hz, per_bin, rate)
        removal = NoiseRemoval(power, noise.correlation, noise.course, self.reduction_db, rate)
        # The spectra are far enough ahead of what leaves to have heard whether silence is long.
        silence = Silence(channels, round(SILENT_S * rate))
        dry, wet = fork(_heard(signal.blocks, silence), 2)
        removed = Reader(added_up(removal.removed(spectra(wet, channels, size)), channels, size))
        energy, frames = np.zeros(channels), 0
        for block in dry:
            off = removed.take(block.shape[1])
            assert off is not None
            off = off * silence.away(frames, block.shape[1], 0)
            energy += (off**2).sum(axis=1)
            frames += block.shape[1]
            yield block - off
        report["taken_off_dbfs"] = [
            _rounded(power_decibels(float(e) / max(frames, 1))) for e in energy
        ]
        report["noise_lowered_db"] = removal.lowered_db()

    def _report(self, report: dict[str, Any], noise: Noise, total: Array) -> None:
        settings = noise.as_settings()
        report["noise_dbfs"] = [_rounded(level) if level > NONE_DB else None for level in total]
        report["summary"] = (
            f"noise of {total.max():.1f} dBFS, lowered by {self.reduction_db:g} dB at most"
        )
        report["noise"] = settings["noise"]
        if len(noise.level_db) == 2:
            report["correlation"] = noise.correlation
        if noise.course:
            report["course"] = settings["course"]
        settings |= {"reduction_db": self.reduction_db, "sensitivity_db": self.sensitivity_db}
        report["pinned"] = [{self.stage_name: settings}]


def _heard(blocks: Iterator[Block], silence: Silence) -> Iterator[tuple[Block, Block]]:
    for block in blocks:
        if block.shape[1]:
            silence.feed(block)
            yield block, block


def _rounded(level: float | None) -> float | None:
    return None if level is None else round(float(level), 2)


def _spans(where: NDArray[np.bool_], seconds: float) -> list[list[float]]:
    """From and to of the longest stretches in seconds, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(int), [0]])))
    spans = sorted(zip(edges[::2], edges[1::2], strict=True), key=lambda s: s[0] - s[1])
    longest = sorted(spans[:MOST_SPANS])
    return [[round(float(a) * seconds, 2), round(float(b) * seconds, 2)] for a, b in longest]
