"""Kernels and designs that several stages share."""
