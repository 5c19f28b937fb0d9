"""Contenders timed in turn, and the table that says how they compare."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from staff.bench.contenders import Case, Time, now, since
from staff.measured import Table

__all__ = ["Contender", "Row", "as_table", "median", "ratio", "rounds", "table"]

Contender = Callable[[Case], Time | None]


class Row(NamedTuple):
    """One comparison: how many times faster, and what it should be at least."""

    name: str
    ratio: float | None
    target: float | None = None
    note: str = ""


def timed(train: Contender, case: Case) -> Time:
    """Run once; a contender may return its own time, without its set-up."""
    start = now()
    return train(case) or since(start)


def rounds(
    contenders: Mapping[str, Contender], case: Case, repeats: int
) -> dict[str, list[Time]]:
    """Run the contenders in turn, `repeats` times after one round of warming up."""
    for train in contenders.values():
        timed(train, case._replace(epochs=1))
    times: dict[str, list[Time]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, train in contenders.items():
            times[name].append(timed(train, case))
    return times


def ratio(slow: Sequence[Time], fast: Sequence[Time], kind: str = "wall") -> float:
    """Return the median over rounds of slow / fast."""
    place = Time._fields.index(kind)
    pairs = zip(slow, fast, strict=True)
    return statistics.median(s[place] / f[place] for s, f in pairs)


def median(times: Sequence[Time]) -> float:
    """Return the median of the seconds on the clock."""
    return statistics.median(time.wall for time in times)


def table(rows: Sequence[Row]) -> str:
    """Lay the rows out; a row without a target is for information."""
    lines = [f"{'':<56}{'speed':>8}{'target':>9}  reached"]
    for name, known, target, note in rows:
        speed = "–" if known is None else f"{known:.2f}x"
        aim = "–" if target is None else f"≥ {target:.1f}x"
        met = known is not None and target is not None and known >= target
        verdict = "" if target is None else ("yes" if met else "no")
        lines.append(f"{name:<56}{speed:>8}{aim:>9}  {verdict:<8} {note}".rstrip())
    return "\n".join(lines)


def as_table(rows: Sequence[Row]) -> Table:
    """Return the rows that were measured, as the docs show them."""
    known = [row for row in rows if row.ratio is not None]
    texts = [[row.name, f"{row.ratio:.2f}", row.note] for row in known]
    return Table(["Compared", "Times as fast", "Note"], texts)
