"""The version of Masterprint."""

__version__ = "0.1.0"
