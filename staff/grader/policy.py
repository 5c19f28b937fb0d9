"""A term's rules: lateness, extensions, dropped assignments, part of the points.

nbgrader's gradebook has the due dates, the penalties and the extensions of what was
handed in. What it has no place for stands in one file, ``grading/term.toml``; without
the file nothing is late, dropped or worth a part.
"""

from __future__ import annotations

import json
import math
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from helpers.files import write_whole
from staff.course import Course, CourseError
from staff.grader.model import QuestionResult, Verdict

__all__ = ["ALL", "Late", "Policy"]

ALL = "all"
"""In place of an assignment: an extension for every one of them."""

_DAY = 24 * 3600.0
_HEAD = """\
# The rules of this term, for `python -m staff grade`, `export` and `return`.
# Written by `python -m staff term ...`; values may be edited by hand, comments go.
"""
_COMMENTS = {
    "timezone": "in which dates are meant that name no other",
    "per_day": "share of the points earned that each day begun costs",
    "grace_minutes": "so much later is still in time",
    "cap": "lateness costs no more than this share",
    "closed_after_days": "later than this many days: no points",
    "drop_lowest": "so many assignments do not count: each learner's worst",
    "visible": "share of the points for passing only the visible part of a check",
}


@dataclass(frozen=True)
class Late:
    """What lateness costs.

    Args:
        per_day: share of the points earned for each day begun, in [0, 1].
        grace_minutes: ≥ 0; later than that, the whole lateness counts.
        cap: largest share that lateness costs, in [0, 1].
        closed_after_days: nothing counts that is later; None: there is no such end.
    """

    per_day: float = 0.0
    grace_minutes: float = 0.0
    cap: float = 1.0
    closed_after_days: float | None = None

    def share(self, seconds: float) -> float:
        """Return the share of the points that this lateness costs.

        Args:
            seconds: after the due date, extension included.
        """
        if seconds <= 60 * self.grace_minutes:
            return 0.0
        closed = self.closed_after_days
        if closed is not None and seconds > closed * _DAY:
            return 1.0
        return min(self.cap, self.per_day * math.ceil(seconds / _DAY))


@dataclass(frozen=True)
class Policy:
    """All that ``grading/term.toml`` says.

    Args:
        timezone: of dates without one.
        late: what lateness costs; None: nbgrader's own setting decides.
        drop_lowest: assignments that do not count for the term.
        visible: share of the points for an answer that passes the visible part of its
            check and not the hidden one.
        extensions: assignment, or `ALL` → student → hours.
    """

    timezone: str = "UTC"
    late: Late | None = None
    drop_lowest: int = 0
    visible: float = 0.0
    extensions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @staticmethod
    def path(root: Path) -> Path:
        """Return where the file lies in a course."""
        return root / "grading" / "term.toml"

    @classmethod
    def read(cls, root: Path) -> Policy:
        """Read the file of a course; the defaults if there is none.

        Args:
            root: of the course.

        Raises:
            CourseError: it is not as expected; the message says where, and what to do.
        """
        path = cls.path(root)
        try:
            data = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise CourseError(
                f"grading/term.toml: expected TOML, and cannot read it: {error}; mend "
                "it, or move it away and set the rules anew: `python -m staff term`"
            ) from error
        return _Reader(data).policy()

    def write(self, course: Course) -> None:
        """Write the file."""
        course.grading.mkdir(exist_ok=True)
        write_whole(self.path(course.root), self._toml().encode(), mode=0o600)

    def _toml(self) -> str:
        lines = [_HEAD, *_entry("timezone", self.timezone)]
        if self.late is not None:
            lines += ["", "[late]"]
            for each in fields(self.late):
                lines += _entry(each.name, getattr(self.late, each.name))
        lines += ["", "[term]", *_entry("drop_lowest", self.drop_lowest)]
        lines += ["", "[credit]", *_entry("visible", self.visible)]
        for stem, given in sorted(self.extensions.items()):
            if given:
                lines += ["", f"[extensions.{json.dumps(stem)}]  # student = hours"]
                lines += [
                    f"{json.dumps(name, ensure_ascii=False)} = {hours:g}"
                    for name, hours in sorted(given.items())
                ]
        return "\n".join(lines) + "\n"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    def extension(self, stem: str, student: str) -> timedelta | None:
        """Return a learner's extension; None if the file says nothing of it.

        What stands for the assignment goes before what stands for all.
        """
        for name in (stem, ALL):
            hours = self.extensions.get(name, {}).get(student)
            if hours is not None:
                return timedelta(hours=hours)
        return None

    def moment(self, text: str) -> datetime:
        """Return a date as nbgrader keeps it: in UTC, without saying so.

        Args:
            text: such as ``2026-02-10 23:59``; a date alone means its last minute.

        Raises:
            CourseError: it is no date.
        """
        try:
            found = datetime.fromisoformat(text.strip())
            if len(text.strip()) <= len("2026-02-10"):
                found = found.replace(hour=23, minute=59)
            local = found if found.tzinfo else found.replace(tzinfo=self.zone)
            return local.astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError) as error:
            raise CourseError(
                f"{text!r}: expected a date such as '2026-02-10 23:59' or "
                f"'2026-02-10T23:59+01:00' ({error})"
            ) from error

    def shown(self, moment: datetime | None) -> str:
        """Return a moment of the gradebook as people here read it."""
        if moment is None:
            return "–"
        local = moment.replace(tzinfo=UTC).astimezone(self.zone)
        return f"{local:%Y-%m-%d %H:%M %Z}"

    def score(self, result: QuestionResult, points: float) -> float:
        """Return the points that an answer earns by itself.

        Args:
            result: of its question.
            points: of the question.
        """
        if result.verdict is Verdict.PASS:
            return result.score(points)
        part = result.hidden and result.verdict is not Verdict.TAMPERED
        return points * self.visible if part else 0.0


def _entry(name: str, value: object) -> list[str]:
    if value is None:
        return []
    text = json.dumps(value) if isinstance(value, str) else f"{value:g}"
    return [f"{name} = {text}  # {_COMMENTS[name]}"]


class _Reader:
    """Turns what stands in the file into a `Policy`, or says what is wrong with it."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def policy(self) -> Policy:
        known = {"timezone", "late", "term", "credit", "extensions"}
        self._only(self.data, known, "")
        zone = self.data.get("timezone", "UTC")
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
            expected = "a name such as 'Europe/Berlin'"
            raise _refusal("timezone", expected, zone) from None
        late = self._late() if "late" in self.data else None
        drop = self._number("term", "drop_lowest", 0, None, 0)
        if drop != int(drop):
            raise _refusal("term.drop_lowest", "a whole number", drop)
        visible = self._number("credit", "visible", 0, 1, 0)
        return Policy(zone, late, int(drop), visible, self._extensions())

    def _late(self) -> Late:
        return Late(
            self._number("late", "per_day", 0, 1, 0),
            self._number("late", "grace_minutes", 0, None, 0),
            self._number("late", "cap", 0, 1, 1),
            self._number("late", "closed_after_days", 0, None, None),
        )

    def _extensions(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for stem, given in self._table(self.data, "extensions").items():
            if not isinstance(given, dict):
                raise _refusal(f"extensions.{stem}", "a table: student = hours", given)
            found[stem] = {
                student: _checked(f"extensions.{stem}.{student}", hours, 0, None)
                for student, hours in given.items()
            }
        return found

    def _number(
        self, table: str, name: str, least: float, most: float | None, default: Any
    ) -> Any:
        entries = self._table(self.data, table)
        known = {"term": {"drop_lowest"}, "credit": {"visible"}}
        known["late"] = {each.name for each in fields(Late)}
        self._only(entries, known[table], f"{table}.")
        if name not in entries:
            return default
        return _checked(f"{table}.{name}", entries[name], least, most)

    @staticmethod
    def _table(data: dict[str, Any], name: str) -> dict[str, Any]:
        found = data.get(name, {})
        if not isinstance(found, dict):
            raise _refusal(name, f"a table [{name}]", found)
        return dict(found)

    @staticmethod
    def _only(data: dict[str, Any], known: set[str], where: str) -> None:
        for name in data.keys() - known:
            raise CourseError(
                f"grading/term.toml: {where}{name} is not known; expected one of "
                f"{', '.join(sorted(known))}"
            )


def _checked(where: str, value: object, least: float, most: float | None) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        largest = sys.float_info.max if most is None else most
        if least <= value <= largest:
            return float(value)
    between = f"from {least:g} to {most:g}" if most is not None else f"≥ {least:g}"
    raise _refusal(where, f"a number {between}", value)


def _refusal(where: str, expected: str, came: object) -> CourseError:
    return CourseError(
        f"grading/term.toml: {where}: expected {expected}, found {came!r}; "
        "mend it there, or with `python -m staff term`"
    )
