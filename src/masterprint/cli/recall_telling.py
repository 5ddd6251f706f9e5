"""What came of recalls, for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from masterprint.cli.telling import warn, warn_of_all

if TYPE_CHECKING:
    from masterprint.batch.recalling import RecallTask
    from masterprint.batch.spool import Spool

SAID = {
    "identical": "identical",
    "within": "within the tolerance",
    "changed": "rendered with other settings",
    "possible": "possible",
    "different": "DIFFERENT",
    "failed": "FAILED",
    "skipped": "not done",
    "impossible": "IMPOSSIBLE",
}
MARKS = {"": "", "edited": ", SHEET EDITED", "foreign": ", not sealed by this user"}
EXIT = {"different": 1, "failed": 1, "impossible": 2}


def say_at_once(result: dict[str, Any], say: Callable[[str], None]) -> None:
    """What must not be overlooked."""
    from masterprint.batch.recalling import doubt

    sheet, reason = result["sheet"], result["reason"]
    if EXIT.get(result["verdict"]):
        place = "" if reason.startswith(sheet) else f"{sheet}: "
        say(f"{SAID[result['verdict']]}: {place}{reason}{_residual(result)}")
    elif doubt(result) == "edited":
        say(f"masterprint: warning: {sheet}: was edited or damaged after it was written.")


def tell_all(
    tasks: Sequence[RecallTask], spool: Spool, counts: Counter[str], as_json: bool
) -> None:
    """All results in order, and how many there are of each kind."""
    from masterprint.batch.recalling import doubt, skipped
    from masterprint.cli.console import clean, print_json_rows

    if as_json:
        print_json_rows(data or skipped(tasks[index].sheet) for index, data in spool)
    doubts: Counter[str] = Counter()
    for _, data in spool:
        if data is None:
            continue
        doubts[doubt(data)] += 1
        if not as_json and not EXIT.get(data["verdict"]):
            marks = f"{_moved(data)}{_residual(data)}{MARKS[doubt(data)]}"
            marks += ", done already" * bool(data["master"] and not data["is_new"])
            print(clean(f"{data['verdict']:9} {data['master'] or data['sheet']}{marks}"))
    warn_of_all((data["sheet"], data["warnings"]) for _, data in spool if data is not None)
    if not as_json:
        said = [f"{counts[verdict]} {text}" for verdict, text in SAID.items() if counts[verdict]]
        kinds = {"edited": "edited", "foreign": "not sealed by this user"}
        doubtful = [f"; sheets {text}: {doubts[key]}" for key, text in kinds.items() if doubts[key]]
        print(", ".join(said) + "".join(doubtful))


def _moved(data: dict[str, Any]) -> str:
    """What other settings did to loudness and peak, and what else has moved."""
    if data["verdict"] != "changed" or not data["after"]:
        return ""
    old, new = _number(data["before"].get("integrated_lufs")), data["after"]["integrated_lufs"]
    peak = data["after"]["true_peak_dbtp"]
    if old is None or new is None or peak is None:
        return f"  {data['reason']}"
    return f"  {old:.1f} -> {new:.1f} LUFS, {peak:.2f} dBTP; {data['reason']}"


def _residual(result: dict[str, Any]) -> str:
    """How far two masters are apart."""
    if result.get("residual_peak_dbfs") is None:
        return ""
    return (
        f"; the residual peaks at {result['residual_peak_dbfs']:.1f} dBFS, "
        f"RMS {result['residual_rms_dbfs']:.1f} dBFS (up to {result['tolerance_db']:g} allowed)"
    )


def tell(result: dict[str, Any], as_json: bool) -> None:
    """All about one."""
    from masterprint.cli.console import clean, print_json

    if as_json:
        print_json(result)
        return
    for each in result["ingredients"]:
        if each["status"] != "same" or each["text"]:
            kind, name = each["kind"], each["name"]
            print(clean(f"{each['status']:8} {kind} {name}: {each['text']}"))
    same = sum(each["status"] == "same" for each in result["ingredients"])
    print(f"{'same':8} {same} of {len(result['ingredients'])} ingredients")
    for change in result["settings"]:
        print(clean(change["text"]))
    if result["verdict"] == "changed" and result["after"] is not None:
        _compare(result["before"], result["after"])
    said = f"{SAID[result['verdict']]}: {result['reason']}{_residual(result)}"
    print(clean(said))
    if result["master"] is not None:
        done = "" if result["is_new"] else "  (was there already, made of the same)"
        print(clean(f"  {result['master']}{done}"))
    warn(result["sheet"], result["warnings"])


def _compare(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Each figure of the old master and the new one, and what it moved by."""
    from rich.console import Console
    from rich.table import Table

    from masterprint.cli.console import FIGURES, shown

    table = Table()
    table.add_column("")
    for heading in ("old", "new", "change"):
        table.add_column(heading, justify="right")
    table.add_column("", style="dim")
    for key, name, unit, digits in FIGURES:
        old, new = (_number(each.get(key)) for each in (before, after))
        moved = None if old is None or new is None else new - old
        change = "" if moved is None or not round(moved, digits) else f"{moved:+.{digits}f}"
        table.add_row(name, shown(old, digits), shown(new, digits), change, unit)
    Console().print(table)


def _number(value: Any) -> float | None:
    """A figure of a sheet, which somebody may have edited."""
    is_one = isinstance(value, float | int) and not isinstance(value, bool)
    return float(value) if is_one else None
