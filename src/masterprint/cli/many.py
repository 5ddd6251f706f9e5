"""Any number of tasks on a board, with Ctrl-C once and twice: what renders and recalls share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from masterprint.batch.rendering import Pool
    from masterprint.batch.workers import Task

Say = Callable[[str], None]
STOPPED = "interrupted before it was begun"
CUT_OFF = "interrupted before it was complete"


def do_many(
    tasks: Sequence[Task],
    files: Sequence[Path],
    pool: Pool,
    *,
    doing: str,
    show: bool,
    finished: Callable[[int, Future[dict[str, Any]], Say], None],
    begun: Callable[[int, dict[str, Any]], None] = lambda index, where: None,
    cut_off: Callable[[int], None] = lambda index: None,
) -> bool:
    """Have tasks done; whether Ctrl-C kept some of them from being begun.

    Args:
        tasks: what is to be done.
        files: what each is about, for its line on the board.
        pool: by whom; it is closed in the end.
        doing: "rendered" or the like.
        show: whether to show bars, on a terminal.
        finished: given the index and the future of each task that came to its end, and what says
            something above the bars.
        begun: told the index of each that a worker begins, and what is known of that worker.
        cut_off: told the index of each that is ended by a second Ctrl-C.

    Raises:
        KeyboardInterrupt: at the second Ctrl-C.
    """
    from masterprint.batch.run import as_they_come
    from masterprint.cli.board import Board
    from masterprint.cli.interrupt import Interruption
    from masterprint.sheets.places import size_of

    sizes = [size_of(file) or 1 for file in files] if show else [1] * len(files)
    board = Board([file.name for file in files], sizes, show)
    under_way: set[int] = set()
    done = 0

    def heard(index: int, line: dict[str, Any]) -> None:
        if "begun" in line:
            under_way.add(index)
            begun(index, line["begun"])
        board.heard(index, line)

    def submit(index: int, task: Task) -> Future[dict[str, Any]]:
        return pool.submit(task, lambda line: heard(index, line))

    def told() -> None:
        board.say(f"masterprint: finishing what is being {doing}; Ctrl-C again stops it.")

    try:
        with board, Interruption(told) as interruption:
            for index, future in as_they_come(
                tasks, submit, lambda: pool.at_a_time, lambda: interruption.asked
            ):
                board.finish(index)
                under_way.discard(index)
                done += 1
                finished(index, future, board.say)
        return interruption.asked and done < len(tasks)
    finally:
        pool.close()
        for index in under_way:
            cut_off(index)
