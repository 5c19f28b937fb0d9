"""Read the reports that pytest writes: what each test did, and how long it took.

They have to be of the family xunit1, the one that names the files.
"""

import xml.etree.ElementTree as ET
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Case", "read_cases", "slowest"]


@dataclass(frozen=True)
class Case:
    """One test.

    Args:
        file: path of its file, from the folder in which pytest ran.
        outcome: "passed", "failed" (errors included) or "skipped".
        seconds: set-up and tear-down included.
    """

    file: str
    outcome: str
    seconds: float


def read_cases(report: Path) -> list[Case]:
    """Return the tests of a JUnit report; none if pytest never came to write it."""
    if not report.exists():
        return []
    found: dict[tuple[str, str], Case] = {}
    for case in ET.parse(report).iter("testcase"):
        # An error while tearing down stands in an entry of its own beside the test's.
        key = (case.get("classname", ""), case.get("name", ""))
        new = Case(case.get("file", ""), _outcome(case), float(case.get("time", 0)))
        old = found.get(key)
        found[key] = new if old is None else _both(old, new)
    return list(found.values())


def slowest(cases: list[Case], count: int) -> str:
    """Return a table of the test files that took longest."""
    totals: dict[str, float] = defaultdict(float)
    for case in cases:
        totals[case.file] += case.seconds
    longest = sorted(totals.items(), key=lambda total: total[1], reverse=True)[:count]
    rows = [f"{seconds:7.0f} s  {file}" for file, seconds in longest]
    return "\n".join(["", "=== where the time goes (files run two at a time)", *rows])


def _outcome(case: ET.Element) -> str:
    if any(case.find(kind) is not None for kind in ("failure", "error")):
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def _both(a: Case, b: Case) -> Case:
    outcome = "failed" if "failed" in (a.outcome, b.outcome) else a.outcome
    return Case(a.file, outcome, a.seconds + b.seconds)
