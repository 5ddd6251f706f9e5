"""Chain files: reading, checking, showing."""
