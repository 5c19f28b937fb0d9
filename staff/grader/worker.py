"""What runs in a Dask worker: it hands submissions on to sandboxed processes."""

from __future__ import annotations

import atexit
import json
import threading
from dataclasses import asdict
from typing import Any

from staff.course import Course, CourseError
from staff.grader import sandbox
from staff.grader.bundle import Bundle
from staff.grader.engine import Job, Limits, Seat
from staff.grader.fingerprint import environment
from staff.grader.model import Step, Submission
from staff.grader.prepare import Settings

__all__ = ["differs", "grade_text", "identity", "packed", "unpacked"]

_seats: dict[int, tuple[str, Seat]] = {}  # thread → order, its warm process
_lock = threading.Lock()


def grade_text(order: str, job: str) -> str:
    """Grade one submission in this thread's sandbox; both ways JSON.

    Args:
        order: of `Remote`: the assignment, and how to run it.
        job: a submission and what is wanted of it.
    """
    seat = _seat(order)
    if isinstance(seat, str):
        return json.dumps({"refused": seat})
    return json.dumps(seat.grade(unpacked(json.loads(job)))[0].to_json())


def differs(order: str) -> str:
    """Return why this worker can not grade an order; "" if it can."""
    wanted, home = json.loads(order), Course()
    try:
        here = identity(home, wanted["stem"])
    except CourseError as error:
        return str(error)
    there = wanted["course"]
    if here != there:
        names = [a for a, b in zip(here, there, strict=False) if a != b]
        return f"another course in {home.root}: {', '.join(names)} is not the same here"
    works = {finding.layer for finding in sandbox.probe() if finding.works}
    missing = [layer for layer in wanted["layers"] if layer not in works]
    if missing:
        return f"no {' and no '.join(missing)} here; see --sandbox"
    return ""


def _seat(order: str) -> Seat | str:
    """Return this thread's place for an order, or why there is none."""
    thread = threading.get_ident()
    known, seat = _seats.get(thread, ("", None))
    if seat is not None:
        if known == order:
            return seat
        seat.close()
        del _seats[thread]
    why = differs(order)
    if why:
        return why
    settings = _settings(json.loads(order))
    with _lock:
        _seats[thread] = (order, Seat(settings.start, settings.limits))
    return _seats[thread][1]


def _settings(order: dict[str, Any]) -> Settings:
    return Settings(
        *(Course().root, order["stem"], order["setup"]),
        *(sandbox.Sandbox(tuple(order["layers"])), Limits(**order["limits"])),
        tuple(order["modules"]),
    )


@atexit.register
def _leave() -> None:
    """End the warm processes with the worker."""
    with _lock:
        for _, seat in _seats.values():
            seat.close()
        _seats.clear()


# --- what travels -----------------------------------------------------------------


def packed(job: Job) -> dict[str, Any]:
    """Return a job as plain data."""
    submission = asdict(job.submission)
    submission["missing"] = sorted(submission["missing"])
    return {"submission": submission, "wanted": job.wanted}


def unpacked(data: dict[str, Any]) -> Job:
    """Return the job that was packed."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in data["submission"].items()
    }
    values["steps"] = tuple(Step(**step) for step in values["steps"])
    values["missing"] = frozenset(values["missing"])
    return Job(Submission(**values), tuple(data["wanted"]))


def identity(course: Course, stem: str) -> list[str]:
    """Return what must be the same in two places for verdicts to be the same."""
    digest = Bundle.load(course, stem).digest[:16]
    return [*environment(course.root).split(", "), f"assignment {digest}"]
