"""A mix to try things on."""
