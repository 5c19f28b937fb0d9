"""``python -m staff replicate``: which claims hold on other seeds than the course's.

Each instructor's notebook is run once per shift, its claims not strict: one that does
not hold is counted, and the notebook goes on.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from nbclient.exceptions import CellTimeoutError, DeadKernelError

from helpers.evidence.claims import Claim, read_ledger
from staff.course import Course
from staff.measured import Table, add_option, record
from staff.runs import error_of, execute

__all__ = ["Outcome", "main", "replicate", "report", "table_of"]

_MARKS = {"holds": "✓", "not decided": "?", "does not hold": "✗"}


@dataclass(frozen=True)
class Outcome:
    """What one notebook measured on one shift of its seeds.

    Args:
        stem: of the notebook.
        shift: what was added to its seeds.
        claims: in the notebook's order; the last, where one was measured twice.
        crashes: one text for each thing that went wrong; empty if nothing did.
        seconds: how long it took.
    """

    stem: str
    shift: int
    claims: list[Claim]
    crashes: list[str] = field(default_factory=list)
    seconds: float = 0.0


def main(arguments: list[str] | None = None) -> int:
    """Run the notebooks on shifted seeds and print the table; return 1 after a crash.

    A claim that does not hold is a finding and no failure.
    """
    parser = argparse.ArgumentParser("python -m staff replicate", description=__doc__)
    parser.add_argument("names", nargs="*", help="NN_topic or NN; all without")
    seeds = "added to every seed; one run of each notebook for each N (1000)"
    parser.add_argument(
        "--seeds", type=_whole, nargs="+", default=[1000], metavar="N", help=seeds
    )
    splits = "same training, validation and test examples as in the course"
    parser.add_argument("--keep-splits", action="store_true", help=splits)
    add_option(parser)
    options = parser.parse_args(arguments)
    course = Course()
    outcomes = []
    for stem in course.choose(options.names):
        for shift in options.seeds:
            outcome = replicate(course, stem, shift, keep_splits=options.keep_splits)
            print("\n".join(_table(outcome)), end="\n\n", flush=True)
            outcomes.append(outcome)
    if options.record:
        kept = " --keep-splits" if options.keep_splits else ""
        command = f"python -m staff replicate --record{kept}"
        record(course, "replicate", command, [table_of(outcomes)], keys=2)
    return report(outcomes)


def replicate(
    course: Course, stem: str, shift: int, *, keep_splits: bool = False
) -> Outcome:
    """Run one instructor's notebook on shifted seeds.

    Args:
        course: to which the notebook belongs.
        stem: of the notebook.
        shift: added to every seed, ≥ 0.
        keep_splits: leave the choice of training, validation and test examples.
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="course-ledger-") as folder:
        ledger = Path(folder) / "claims.jsonl"
        try:
            notebook = execute(
                course.solution(stem),
                COURSE_STRICT="0",
                NBGRADER_EXECUTION="",  # where notebooks are graded, seeds stay
                COURSE_SEEDS=str(shift),
                COURSE_SPLITS="keep" if keep_splits else "new",
                COURSE_LEDGER=str(ledger),
            )
            errors = [(cell.id, error_of(cell)) for cell in notebook.cells]
            crashes = [f"cell {id} fails:\n{e[1]}" for id, e in errors if e]
        except (CellTimeoutError, DeadKernelError) as error:
            crashes = [f"{type(error).__name__}: {error}"]
        claims = read_ledger(ledger)
    if strange := [c.id for c in claims if c.shift != shift]:
        crashes.append(f"measured with other seeds than asked for: {strange}")
    if not claims:
        crashes.append("no claim was measured")
    return Outcome(stem, shift, claims, crashes, time.perf_counter() - start)


def report(outcomes: Sequence[Outcome]) -> int:
    """Print what does not hold, on which shift, and one line of sums for each shift.

    Returns:
        1 if a notebook crashed, else 0.
    """
    found: dict[str, list[str]] = {}
    for outcome in outcomes:
        for claim in outcome.claims:
            if claim.verdict != "holds":
                line = f"  {_MARKS[claim.verdict]} +{outcome.shift}: {_effect(claim)}"
                found.setdefault(f"{claim.id}: {claim.sentence}", []).append(line)
    for sentence, lines in found.items():
        print("\n".join([sentence, *lines]))
    print()
    for shift in dict.fromkeys(outcome.shift for outcome in outcomes):
        print(_sums([o for o in outcomes if o.shift == shift]))
    return int(any(outcome.crashes for outcome in outcomes))


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """Return one row for each notebook and shift, as the docs show it."""
    rows = []
    for outcome in outcomes:
        counts = Counter(claim.verdict for claim in outcome.claims)
        others = [f"`{c.id}`" for c in outcome.claims if c.verdict != "holds"]
        numbers = (counts.total(), counts["holds"], counts["not decided"])
        told = [str(n) for n in (*numbers, counts["does not hold"])]
        crashed = ["crashed"] if outcome.crashes else []
        which = ", ".join(crashed + others) or "–"
        today = date.today().isoformat()
        rows.append([outcome.stem, f"+{outcome.shift}", *told, which, today])
    head = ["Notebook", "Seeds", "Claims", "Hold", "Not decided", "Do not hold"]
    return Table([*head, "Which do not", "Measured on"], rows)


def _table(outcome: Outcome) -> list[str]:
    width = max((len(claim.id) for claim in outcome.claims), default=0)
    rows = [
        f"  {_MARKS[claim.verdict]} {claim.id:<{width}}  {_effect(claim)}"
        for claim in outcome.claims
    ]
    head = f"{outcome.stem}, seeds +{outcome.shift}, {outcome.seconds:.0f} s"
    return [head, *rows, *(f"  crash: {text}" for text in outcome.crashes)]


def _effect(claim: Claim) -> str:
    """Return effect, interval, what is claimed and the verdict on one line."""
    unit = f" {claim.unit}" if claim.unit else ""
    interval = f" [{claim.low:.4g}, {claim.high:.4g}]" if claim.n > 1 else ""
    return f"{claim.mean:.4g}{interval}{unit}, {claim.condition}: {claim.verdict}"


def _sums(outcomes: Sequence[Outcome]) -> str:
    counts = Counter(claim.verdict for o in outcomes for claim in o.claims)
    crashed = [outcome.stem for outcome in outcomes if outcome.crashes]
    return (
        f"seeds +{outcomes[0].shift}: {counts['holds']} of {counts.total()} claims "
        f"hold, {counts['not decided']} not decided, {counts['does not hold']} do not "
        f"hold; {len(crashed)} of {len(outcomes)} notebooks crashed"
        + (f" ({', '.join(crashed)})" if crashed else "")
    )


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected a number ≥ 0, got {text}")
    return number
