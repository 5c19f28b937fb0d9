"""Hostile submissions against two graders: stock nbgrader's autograde, and this one.

``python -m staff.bench.hostile`` hands in each case of ``tests/hostile`` beside an
honest neighbour, in a throw-away course, and asks the same five questions of both:

* the attacked question has no full marks (an honest oddity: it has);
* the other questions of that submission, answered right, have theirs;
* the neighbour's score is right;
* grading ended in time;
* no planted secret is in the feedback.

A case is survived if all hold. Stock nbgrader grades each case in a run of its own, for
one case may stop a whole class; and inside of bubblewrap, without network, with its own
home and /tmp, for it has no sandbox. This course's grader grades all in one class.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from staff.bench.classroom import leave_out_shows
from staff.course import Course
from staff.measured import Table, add_option, record
from tests.hostile import CATEGORIES, all_cases
from tests.hostile.arena import NEIGHBOURS, Arena, forms, scores_in, visible_in
from tests.hostile.case import STEM, Case

__all__ = ["Outcome", "as_table", "broken_rules", "main", "table"]

SECONDS = 120.0  # for one attacker and one neighbour under stock nbgrader
CELL = 10  # seconds that stock nbgrader gives one cell
NEIGHBOUR = next(iter(NEIGHBOURS))
_SHOWN = "secret shown"


@dataclass(frozen=True)
class Outcome:
    """What came of one case; it is survived if no rule is broken."""

    case: Case
    broken: tuple[str, ...]


def main(arguments: list[str] | None = None) -> int:
    """Grade the bank twice and print the scoreboard; return 0."""
    options = _options(arguments)
    cases = [c for c in all_cases() if _chosen(c, options.cases)][:: options.every]
    if not shutil.which("bwrap"):
        print("bubblewrap is needed: stock nbgrader would run attacks unconfined")
        return 1
    graders = {"ours": _ours, "stock": _stock}
    outcomes = {}
    for name in options.graders:
        with tempfile.TemporaryDirectory(prefix="bench-hostile-") as folder:
            arena = _arena(Path(folder))
            outcomes[name] = graders[name](arena, cases, options.workers)
            arena.open_again()
    print(table(outcomes))
    if options.record:
        command = f'make bench-hostile ARGS="--every {options.every} --record"'
        record(Course(), "hostile", command, [as_table(outcomes)])
    if options.json:
        options.json.write_text(_lines(outcomes), "utf-8")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m staff.bench.hostile")
    add = parser.add_argument
    add("cases", nargs="*", help="names or categories; all without")
    add("--every", type=int, default=1, metavar="N", help="only every Nth case")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    names = ["stock", "ours"]
    add("--graders", nargs="+", choices=names, default=names)
    add("--json", type=Path, metavar="FILE", help="also write each outcome")
    add_option(parser)
    return parser.parse_args(arguments)


def _chosen(case: Case, words: list[str]) -> bool:
    return not words or case.name in words or case.category in words


# -- the course --------------------------------------------------------------------


def _arena(folder: Path) -> Arena:
    """Return a planted course whose notebook holds what grading needs, and no more.

    Experiments, demos and looks are left out of the master: stock nbgrader would run
    them for each case. Its limit of seconds for one cell is lowered as well.
    """
    arena = Arena(folder)
    config = arena.course / "nbgrader_config.py"
    limit = f"c.Execute.timeout = {CELL}"
    text = re.sub(r"c\.Execute\.timeout = \d+", limit, config.read_text("utf-8"))
    config.write_text(text, "utf-8")
    leave_out_shows(Course(arena.course), [STEM])
    arena.notebook = arena.right_notebook()
    desk = arena.desk(NEIGHBOUR)
    desk.path.write_bytes(desk.data())
    return arena


# -- our grader: one class ---------------------------------------------------------


def _ours(arena: Arena, cases: Sequence[Case], workers: int) -> list[Outcome]:
    arena.hand_in(cases)
    graded = arena.grade("--workers", workers, "--seconds", "4")
    scores, visible = arena.scores(), arena.visible()
    points = arena.points()
    outcomes = []
    for case in cases:
        shown = {p: t for p, t in visible.items() if case.folder in p.parts}
        texts = [*shown.values(), *_messages(graded.results.get(case.folder, {}))]
        ended = graded.status >= 0
        broken = broken_rules(case, points, scores, ended, _leaks(arena, texts))
        outcomes.append(Outcome(case, broken))
    return outcomes


def _messages(record: Mapping[str, Any]) -> list[str]:
    return [result["message"] for result in record.get("questions", {}).values()]


# -- stock nbgrader: each case alone -----------------------------------------------


def _stock(arena: Arena, cases: Sequence[Case], workers: int) -> list[Outcome]:
    from tqdm import tqdm

    arena.staff("register", STEM)
    with ThreadPoolExecutor(workers) as pool:
        done = pool.map(lambda case: _alone(arena, case), cases)
        return list(tqdm(done, "stock nbgrader", len(cases), mininterval=5))


def _alone(arena: Arena, case: Case) -> Outcome:
    with tempfile.TemporaryDirectory(dir=arena.folder, prefix="case-") as name:
        folder = Path(name)
        grading = folder / "grading"
        shutil.copytree(arena.grading, grading)
        shutil.copytree(arena.home, folder / "home")
        (folder / "tmp").mkdir()
        case.make(arena.desk(case.folder, arena.names(), grading=grading))
        ended = all(
            _confined(arena, folder, "nbgrader", command, STEM)
            for command in ("autograde", "generate_feedback")
        )
        leaks = _leaks(arena, visible_in(grading).values())
        scores = _scores(grading)
        _open(grading)
        return Outcome(case, broken_rules(case, arena.points(), scores, ended, leaks))


def _confined(arena: Arena, folder: Path, *words: str) -> bool:
    """Run a command of staff in bubblewrap; return whether it ended in time."""
    command = [
        *("bwrap", "--die-with-parent", "--unshare-pid", "--unshare-net"),
        *("--unshare-ipc", "--ro-bind", "/", "/", "--dev", "/dev"),
        *("--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/var/tmp"),
        *("--ro-bind", arena.folder, arena.folder),
        *("--bind", folder / "grading", arena.grading),
        *("--bind", folder / "home", arena.home),
        *("--bind", folder / "tmp", arena.temporary),
        *("--chdir", arena.course, sys.executable, "-m", "staff", *words),
    ]
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [str(word) for word in command],
            env=arena.environment(PYTHONDONTWRITEBYTECODE="1"),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False
    return True


def _scores(grading: Path) -> dict[str, dict[str, float]]:
    try:
        return scores_in(grading)
    except Exception as error:  # an attack may have left no gradebook at all
        print(f"the gradebook cannot be read: {type(error).__name__}", file=sys.stderr)
        return {}


def _open(grading: Path) -> None:
    for path in grading.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


# -- judging -----------------------------------------------------------------------


def _leaks(arena: Arena, texts: Iterable[str]) -> bool:
    """Tell whether a secret is in what students see; a neighbour's own is not there."""
    written = [form for secret in arena.secrets.values() for form in forms(secret)]
    return any(form in text for text in texts for form in written)


def broken_rules(
    case: Case,
    points: Mapping[str, float],
    scores: Mapping[str, Mapping[str, float]],
    ended: bool,
    leaks: bool,
) -> tuple[str, ...]:
    """Return the rules that a grader has broken for one case.

    Args:
        points: question → full marks.
        scores: student → question → score in the gradebook.
        ended: grading ended in time.
        leaks: a planted secret is in the feedback.
    """
    got = scores.get(case.folder, {})
    rules = {
        "did not end": ended,
        _SHOWN: not leaks,
        "neighbour's score": dict(scores.get(NEIGHBOUR, {})) == dict(points),
        "attack got marks": all(
            not got.get(q) for q in points if "PASS" not in case.allowed(q)
        ),
        "earned points lost": all(
            got.get(q) == points[q] for q in points if case.allowed(q) == {"PASS"}
        ),
    }
    return tuple(name for name, kept in rules.items() if not kept)


def table(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """Return the scoreboard: cases survived by each grader, per category."""
    head = f"{'category':<12}{'cases':>7}" + "".join(f"{n:>8}" for n in outcomes)
    some = next(iter(outcomes.values()))
    cases = Counter(outcome.case.category for outcome in some)
    rows = [head]
    for category in [c for c in CATEGORIES if cases[c]]:
        counts = "".join(f"{_survived(o, category):>8}" for o in outcomes.values())
        rows.append(f"{category:<12}{cases[category]:>7}{counts}")
    totals = "".join(f"{_survived(o):>8}" for o in outcomes.values())
    rows.append(f"{'all':<12}{sum(cases.values()):>7}{totals}")
    kept = "".join(f"{_with_right_scores(o):>8}" for o in outcomes.values())
    rows.append(f"{'scores right':<12}{sum(cases.values()):>7}{kept}")
    for name, each in outcomes.items():
        why = Counter(rule for outcome in each for rule in outcome.broken)
        said = ", ".join(f"{rule} {n}" for rule, n in why.most_common()) or "nothing"
        rows.append(f"{name} broke: {said}")
    return "\n".join(rows)


def as_table(outcomes: Mapping[str, Sequence[Outcome]]) -> Table:
    """Return the sums of the scoreboard, as the docs show them."""
    rows = []
    for name, each in outcomes.items():
        why = Counter(rule for outcome in each for rule in outcome.broken)
        said = ", ".join(f"{rule} ({n})" for rule, n in why.most_common()) or "–"
        counts = len(each), _with_right_scores(each), _survived(each)
        rows.append([name, *map(str, counts), said])
    head = ["Grader", "Cases", "Every score right", "Survived", "What broke"]
    return Table(head, rows)


def _survived(outcomes: Sequence[Outcome], category: str = "") -> int:
    chosen = [o for o in outcomes if category in {"", o.case.category}]
    return sum(not outcome.broken for outcome in chosen)


def _with_right_scores(outcomes: Sequence[Outcome]) -> int:
    """Count the cases that are survived but for what the feedback shows."""
    return sum(set(outcome.broken) <= {_SHOWN} for outcome in outcomes)


def _lines(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    rows = [
        {"grader": name, "category": o.case.category, "case": o.case.name}
        | {"broken": o.broken}
        for name, each in outcomes.items()
        for o in each
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
