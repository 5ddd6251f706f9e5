"""Loudness, true peak and the other measurements."""
