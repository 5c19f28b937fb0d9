"""``python -m staff term``: due dates, extensions, lateness, and what else is a rule.

Due dates stand in nbgrader's gradebook, everything else in ``grading/term.toml``. What
was graded before is brought up to date at once: penalties, pages, export.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader import api

from staff.course import Course, CourseError
from staff.grader.again import settle_again
from staff.grader.gradebook import enter
from staff.grader.policy import ALL, Late, Policy
from staff.term.book import known, learners, opened

__all__ = ["due", "extend", "main", "show"]


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff term``; return the exit status."""
    options = _options(arguments)
    course = Course()
    policy = Policy.read(course.root)
    for line in _COMMANDS[options.command](course, policy, options):
        print(line)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m staff term", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("show", help="all dates and rules")
    one = commands.add_parser("due", help="when an assignment is due").add_argument
    one("assignment", help="NN_topic or NN")
    one("when", help="such as '2026-02-10 23:59', or 'never'")
    one = commands.add_parser("extend", help="give a student more time").add_argument
    one("student")
    one("assignment", help=f"NN_topic, NN, or {ALL!r} for all of them")
    one("--days", type=float, default=0.0)
    one("--hours", type=float, default=0.0, help="both 0 takes an extension back")
    one = commands.add_parser("late", help="what lateness costs").add_argument
    one(
        "--per-day",
        type=_share,
        default=0.0,
        help="10%% of the points for each day begun",
    )
    one("--grace-minutes", type=float, default=0.0, help="later, and still in time")
    one(
        "--cap", type=_share, default=1.0, help="50%%: lateness costs no more than that"
    )
    one("--closed-after-days", type=float, help="later than this: no points")
    one = commands.add_parser("drop", help="leave the worst out").add_argument
    one("lowest", type=int, help="how many assignments of each learner")
    one = commands.add_parser("credit", help="part of the points").add_argument
    one(
        "visible",
        type=_share,
        help="for passing only the visible part of a check: 50%%",
    )
    one = commands.add_parser("timezone", help="of dates that name none").add_argument
    one("name", help="such as Europe/Berlin")
    return parser.parse_args(arguments)


def _share(text: str) -> float:
    """Return 0.1 for "10%" and for "0.1"."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected 10% or 0.1, found {text!r}")
    return value


# --- the commands -----------------------------------------------------------------


def due(course: Course, stem: str, when: str) -> Iterator[str]:
    """Set when an assignment is due; yield what changed.

    Args:
        course: whose.
        stem: the assignment; it is entered into the gradebook if need be.
        when: as `Policy.moment` reads it, or "never".
    """
    policy = Policy.read(course.root)
    moment = None if when == "never" else policy.moment(when)
    with opened(course, create=True) as book:
        there = book.db.query(api.Assignment).filter_by(name=stem).count()
    if not there:
        enter(course, stem)
    with opened(course) as book:
        book.find_assignment(stem).duedate = moment
        book.db.commit()
    yield f"{stem}: due {policy.shown(moment)}"
    yield from _again(course, [stem])


def extend(course: Course, student: str, stem: str, hours: float) -> Iterator[str]:
    """Give a student more time for an assignment, or for `ALL`; 0 takes it back.

    Raises:
        CourseError: there is no such student, or the time is no time.
    """
    if not 0 <= hours <= 24 * 366:
        raise CourseError(
            f"an extension: expected 0 to 366 days, found {hours:g} hours"
        )
    with opened(course) as book:
        known(book, student)
        undated = stem != ALL and _undated(book, stem)
    policy = Policy.read(course.root)
    given = {**policy.extensions.get(stem, {}), student: float(hours)}
    policy = replace(policy, extensions={**policy.extensions, stem: given})
    policy.write(course)
    yield f"{student}, {stem}: {hours:g} hours more"
    if undated:
        yield f"{stem} has no due date yet: `python -m staff term due {stem} WHEN`"
    yield from _again(course, course.stems() if stem == ALL else [stem])


def _undated(book: api.Gradebook, stem: str) -> bool:
    found = book.db.query(api.Assignment).filter_by(name=stem).one_or_none()
    return found is None or found.duedate is None


def show(course: Course) -> Iterator[str]:
    """Yield all dates and rules."""
    policy = Policy.read(course.root)
    with opened(course) as book:
        names = {one.id: one.name for one in learners(book).values()}
        assignments = {each.name: each.duedate for each in book.assignments}
    for stem in course.stems():
        if stem in assignments:
            yield f"{stem:<28} due {policy.shown(assignments[stem])}"
    for stem, given in sorted(policy.extensions.items()):
        for student, hours in sorted(given.items()):
            if hours:
                name = names.get(student, "not on the roster")
                yield f"{stem:<28} {student} ({name}): {hours:g} hours more"
    yield f"lateness: {told(policy.late)}"
    yield f"dropped: each learner's {policy.drop_lowest} worst assignments"
    yield f"for the visible part of a check alone: {policy.visible:.0%} of its points"


def told(late: Late | None) -> str:
    """Return the rule on lateness as a sentence's end."""
    if late is None:
        return "nbgrader's own setting (nbgrader_config.py)"
    text = f"{late.per_day:.0%} of the points for each day begun"
    if late.grace_minutes:
        text += f", after {late.grace_minutes:g} minutes of grace"
    if late.cap < 1:
        text += f", at most {late.cap:.0%}"
    if late.closed_after_days is not None:
        text += f"; no points after {late.closed_after_days:g} days"
    return text


def _again(course: Course, stems: list[str]) -> Iterator[str]:
    for stem in stems:
        count = settle_again(course, stem)
        if count:
            yield f"{stem}: {count} of the submissions graded before brought up to date"


def _changed(course: Course, policy: Policy, said: str) -> Iterator[str]:
    policy.write(course)
    yield said
    yield from _again(course, course.stems())


def _show(course: Course, policy: Policy, options: argparse.Namespace) -> Iterator[str]:
    return show(course)


def _due(course: Course, policy: Policy, options: argparse.Namespace) -> Iterator[str]:
    (stem,) = course.choose([options.assignment])
    return due(course, stem, options.when)


def _extend(
    course: Course, policy: Policy, options: argparse.Namespace
) -> Iterator[str]:
    stem = options.assignment
    if stem != ALL:
        (stem,) = course.choose([stem])
    return extend(course, options.student, stem, 24 * options.days + options.hours)


def _late(course: Course, policy: Policy, options: argparse.Namespace) -> Iterator[str]:
    late = Late(
        *(options.per_day, options.grace_minutes, options.cap),
        options.closed_after_days,
    )
    return _changed(course, replace(policy, late=late), f"lateness: {told(late)}")


def _drop(course: Course, policy: Policy, options: argparse.Namespace) -> Iterator[str]:
    if options.lowest < 0:
        raise CourseError(f"drop: expected a number ≥ 0, found {options.lowest}")
    policy = replace(policy, drop_lowest=options.lowest)
    policy.write(course)
    yield f"each learner's {options.lowest} worst assignments do not count"


def _credit(
    course: Course, policy: Policy, options: argparse.Namespace
) -> Iterator[str]:
    said = f"for the visible part of a check alone: {options.visible:.0%} of its points"
    return _changed(course, replace(policy, visible=options.visible), said)


def _timezone(
    course: Course, policy: Policy, options: argparse.Namespace
) -> Iterator[str]:
    try:
        ZoneInfo(options.name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CourseError(
            f"{options.name!r}: expected a time zone such as Europe/Berlin or "
            "America/New_York"
        ) from None
    replace(policy, timezone=options.name).write(course)
    yield f"dates are meant in {options.name}"


_COMMANDS: dict[str, Callable[[Course, Policy, argparse.Namespace], Iterator[str]]] = {
    "show": _show,
    "due": _due,
    "extend": _extend,
    "late": _late,
    "drop": _drop,
    "credit": _credit,
    "timezone": _timezone,
}
