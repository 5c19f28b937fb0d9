"""The learner's own file: `.progress.json` beside the notebooks, safe to share.

Two notebooks may write at once, the file may be edited by hand or damaged, the folder
may be read-only: nothing that was recorded is ever lost, and nothing stops the course.
"""

import contextlib
import errno
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from helpers.files import write_whole
from helpers.words import say

__all__ = ["folder", "kept", "now", "read", "reason_off", "section", "update"]

NAME = ".progress.json"
SECTIONS = (  # each maps texts to objects
    "passed",
    "predictions",
    "answers",
    "tries",
    "bookmarks",
    "cards",
    "challenge",
)
PATIENCE = 20.0  # seconds to wait for another program that writes
NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
MARK = "00_start_here"


def folder() -> Path:
    """Return the folder that holds the notebooks.

    It is the nearest one, from the working folder upwards, that holds 00_start_here;
    the working folder itself if there is none.
    """
    try:
        here = Path.cwd()
    except OSError:  # the working folder has been deleted
        return Path()
    for place in (here, *here.parents):
        if os.path.isdir(place / MARK) or os.path.isfile(place / f"{MARK}.ipynb"):
            return place.parent if place.name == MARK else place
    return here


def kept() -> Path:
    """Return the folder that holds the record and the certificate.

    `COURSE_PROGRESS` may name one, such as a folder on a mounted drive; without it,
    the record lies beside the notebooks.
    """
    chosen = os.environ.get("COURSE_PROGRESS", "")
    return Path(chosen).expanduser() if chosen else folder()


def reason_off() -> str | None:
    """Return why nothing is recorded here, or None if it is."""
    if os.environ.get("NBGRADER_EXECUTION"):
        return say("the notebook is being graded or validated")
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        return say("this is an automatic test (CI)")
    if os.environ.get("COURSE_PROGRESS", "").lower() == "off":
        return say("COURSE_PROGRESS is off")
    if folder().name == "solutions":
        return say("this is the instructor's folder")
    return None


def read() -> dict[str, Any]:
    """Return what is recorded: {"passed": {...}, "predictions": {...}, ...}.

    A file that cannot be understood is renamed, with a message, and the record starts
    anew; one that cannot be read at all counts as empty, with a message.
    """
    path = kept() / NAME
    try:
        return _parse(path)
    except OSError as error:
        print(
            say(
                "Progress cannot be read ({why}); the course goes on without.",
                why=_why(error),
            )
        )
    except ValueError:
        with _excused(say("set aside")), _locked(path):
            return _parse_or_set_aside(path)
    return _empty()


def section(name: str) -> dict[str, Any]:
    """Return one section of the record; empty where recording is off."""
    found: dict[str, Any] = {} if reason_off() else read()[name]
    return found


def now() -> str:
    """Return the time as the record holds it: ISO 8601, to the second."""
    return datetime.now().isoformat(timespec="seconds")


def update(change: Callable[[dict[str, Any]], None]) -> None:
    """Read the record, let `change` edit it, and replace the file in one step.

    Does nothing where recording is off. A folder that cannot be written costs one
    printed line.
    """
    if reason_off():
        return
    path = kept() / NAME
    with _excused(say("saved")), _locked(path):
        data = _parse_or_set_aside(path)
        change(data)
        write_whole(path, json.dumps(data, indent=1))


def _empty() -> dict[str, Any]:
    return {section: {} for section in SECTIONS}


def _parse(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return _empty()
    except RecursionError:
        raise ValueError(say("nested too deeply")) from None
    if not isinstance(data, dict):
        raise ValueError(say("not an object"))
    data = _empty() | data
    for section in SECTIONS:
        entries = data[section]
        if not isinstance(entries, dict):
            raise ValueError(say("{section} is not an object", section=section))
        if not all(isinstance(entry, dict) for entry in entries.values()):
            raise ValueError(
                say("{section} holds something that is not an object", section=section)
            )
    return data


def _parse_or_set_aside(path: Path) -> dict[str, Any]:
    try:
        return _parse(path)
    except ValueError:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = path.with_name(f"{NAME}.damaged-{stamp}-{time.time_ns() % 10**6:06}")
        os.replace(path, aside)
        print(
            say(
                "Your progress file could not be understood. It is kept as {name}; a "
                "new one is started.",
                name=aside.name,
            )
        )
        return _empty()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock beside a file inside; it ends with the program that holds it.

    The lock file itself stays: removing it could take it from another program.
    """
    if os.environ.get("COURSE_PROGRESS"):
        # Not its parents: where no drive is mounted, nothing may look saved.
        path.parent.mkdir(exist_ok=True)
    lock = path.with_name(f"{NAME}.lock")
    try:
        held = _acquired(lock)
    except Timeout:
        raise TimeoutError(
            say("{name} is held by another program", name=lock.name)
        ) from None
    try:
        yield
    finally:
        held.release()


def _acquired(lock: Path) -> BaseFileLock:
    """Return the system's lock; on a drive that has none, a file that says so."""
    try:
        native = FileLock(lock, timeout=PATIENCE, fallback_to_soft=False)
        native.acquire()
        return native
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    soft = SoftFileLock(lock.with_name(f"{lock.name}ed"), timeout=PATIENCE)
    soft.acquire()
    return soft


@contextlib.contextmanager
def _excused(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        print(
            say(
                "Progress could not be {what} ({why}); the course goes on.",
                what=what,
                why=_why(error),
            )
        )


def _why(error: OSError) -> str:
    return error.strerror or str(error)
