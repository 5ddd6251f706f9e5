"""Decibels and their linear amplitudes."""

from __future__ import annotations

import math


def amplitude(level_db: float) -> float:
    """The amplitude ratio of a level in dB: 20 log10 inverted."""
    return float(10.0 ** (level_db / 20.0))


def decibels(ratio: float) -> float | None:
    """The level in dB of an amplitude ratio; None for zero, which has no level."""
    return 20.0 * math.log10(ratio) if ratio > 0 else None


def power_decibels(ratio: float) -> float | None:
    """The level in dB of a power ratio; None for zero."""
    return 10.0 * math.log10(ratio) if ratio > 0 else None
