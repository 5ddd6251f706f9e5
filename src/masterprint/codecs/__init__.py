"""Lossy and lossless encoders, and what they do to a master."""
