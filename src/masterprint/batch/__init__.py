"""Many renders at a time."""
