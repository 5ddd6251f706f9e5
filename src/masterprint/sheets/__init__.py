"""Recall sheets: what made a master, written down so that it can be made again."""
