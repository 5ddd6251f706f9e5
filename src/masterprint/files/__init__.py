"""Reading mixes and writing masters."""
