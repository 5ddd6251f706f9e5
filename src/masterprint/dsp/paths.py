"""The best path through a table, row by row: Viterbi's algorithm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEVER = -1e12

Table = NDArray[np.float64]


def best_path(gains: Table, reach: int, cost: float) -> NDArray[np.int64]:
    """A place in each row, with the most gain in all.

    From row to row a path moves by at most `reach` places, each of which costs `cost`.
    """
    rows = len(gains)
    score = gains[0]
    came = np.zeros(gains.shape, np.int64)
    for row in range(1, rows):
        options = _moves(score, reach, cost)
        came[row] = np.argmax(options, axis=0)
        score = np.max(options, axis=0) + gains[row]
    place = int(np.argmax(score))
    path = np.empty(rows, np.int64)
    for row in range(rows - 1, -1, -1):
        path[row] = place
        place += int(came[row, place]) - reach
    return path


def best_through(gains: Table, reach: int, cost: float) -> Table:
    """The most gain that a path has through each place of the middle row."""
    middle = len(gains) // 2
    total = gains[middle].copy()
    for rows in (gains[:middle], gains[:middle:-1]):
        score = np.zeros(gains.shape[1])
        for row in rows:
            score = np.max(_moves(score, reach, cost), axis=0) + row
        total += np.max(_moves(score, reach, cost), axis=0)
    return np.asarray(total)


def _moves(score: Table, reach: int, cost: float) -> Table:
    """What each place gets from those within reach, by how far they are."""
    padded = np.pad(score, reach, constant_values=NEVER)
    costs = cost * np.abs(np.arange(-reach, reach + 1))
    options = np.array([padded[n : n + len(score)] for n in range(2 * reach + 1)])
    return np.asarray(options - costs[:, None])
