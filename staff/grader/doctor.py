"""``python -m staff doctor``: is everything ready to grade, and if not, what to do.

Each line says what was found; ✓ is fine, ! is worth knowing, ✗ stops grading. The exit
status is 1 if anything does.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

from staff.course import Course, CourseError
from staff.setup.lock import locked

__all__ = ["CHECKS", "Finding", "examine", "main"]

_SYMBOLS = {"good": "✓", "note": "!", "bad": "✗"}
_PACKAGES = ("torch", "nbgrader", "IPython", "nbformat", "sqlalchemy")
_ROOM = 2 * 2**30  # bytes of disk below which a class may not fit
_SHARED = 64 * 2**20
_KEEPS_SIGNALS = 6  # version of Landlock since which signals stay inside


@dataclass(frozen=True)
class Finding:
    """One line of the examination.

    Args:
        level: "good", "note" or "bad"; bad stops grading.
        found: what there is.
        advice: what to do; "" if nothing.
    """

    level: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f"\n    → {self.advice}" if self.advice else ""
        return f"{_SYMBOLS[self.level]} {self.found}{advice}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 1 if something stops grading."""
    parser = argparse.ArgumentParser("python -m staff doctor", description=__doc__)
    parser.parse_args(arguments)
    worst = 0
    for finding in examine(Course()):
        print(finding, flush=True)
        worst |= finding.level == "bad"
    print("\nSomething stops grading: see ✗." if worst else "\nReady to grade.")
    return int(worst)


def examine(course: Course) -> Iterator[Finding]:
    """Yield what every check finds; a check that fails itself is a finding too."""
    for check in CHECKS:
        try:
            yield from check(course)
        except Exception as error:
            name = check.__name__.strip("_").replace("_", " ")
            found = f"{name}: the examination failed: {type(error).__name__}: {error}"
            yield Finding("bad", found, "Mend what the message names.")


def _versions(course: Course) -> Iterator[Finding]:
    python = platform.python_version()
    supported = tuple(map(int, python.split(".")[:2])) >= (3, 11)
    advice = "" if supported else "Install Python 3.11 or newer, then `make lab`."
    yield Finding("good" if supported else "bad", f"Python {python}", advice)
    wanted = locked(course.root, ".".join(python.split(".")[:2]))
    for name in _PACKAGES:
        yield _version(name, wanted.get(name.lower()))


def _version(name: str, wanted: str | None) -> Finding:
    try:
        have = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding("bad", f"{name} is not installed", "Run `make lab`.")
    if wanted is None or have.split("+")[0] == wanted:
        return Finding("good", f"{name} {have}")
    advice = "Scores may differ from the tested ones; `make lab` installs the lock's."
    return Finding("note", f"{name} {have}, the lock has {wanted}", advice)


def _sandbox(course: Course) -> Iterator[Finding]:
    """Try each layer, then what grading would choose."""
    from staff.grader import sandbox
    from staff.grader.inside.confine import landlock_abi

    for each in sandbox.probe():
        level = "good" if each.works else "note"
        yield Finding(level, f"sandbox, {each.layer}: {each.detail}")
    try:
        layers = sandbox.choose("auto").layers
    except CourseError as error:
        advice = str(error).splitlines()[-1]
        yield Finding("bad", "no sandbox strong enough works here", advice)
        return
    yield Finding("good", f"sessions are confined by {' + '.join(layers)}")
    if "bubblewrap" not in layers and landlock_abi() < _KEEPS_SIGNALS:
        found = "this kernel's Landlock does not keep answers from signaling others"
        advice = "They might end your programs: use bubblewrap, or Linux 6.12."
        yield Finding("note", found, advice)


def _gradebook(course: Course) -> Iterator[Finding]:
    path = course.grading / "gradebook.db"
    if not path.exists():
        advice = "It is made by the first `python -m staff grade`."
        yield Finding("note", "there is no gradebook yet", advice)
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", 1, uri=True)) as book:
            yield from _opened(book)
    except sqlite3.DatabaseError as error:
        yield _refused(str(error))


def _opened(book: sqlite3.Connection) -> Iterator[Finding]:
    book.isolation_level = None
    book.execute("BEGIN IMMEDIATE")  # as one who is going to write
    try:
        (health,) = book.execute("PRAGMA quick_check(1)").fetchone()
        if health != "ok":
            yield Finding("bad", f"gradebook: {health}", "Restore it from a backup.")
            return
        (version,) = book.execute("SELECT version_num FROM alembic_version").fetchone()
        (students,) = book.execute("SELECT count(*) FROM student").fetchone()
    finally:
        book.execute("ROLLBACK")
    if version != _schema():
        advice = "Back it up, then run `python -m staff nbgrader db upgrade`."
        found = f"gradebook: its schema {version} is not nbgrader's {_schema()}"
        yield Finding("bad", found, advice)
        return
    yield Finding("good", f"gradebook: opens, can be written, {students} students")


def _refused(said: str) -> Finding:
    advice = "Restore it from a backup."
    if "locked" in said:
        advice = "Close the program that holds it: a formgrader, another grading."
    elif "readonly" in said or "unable to open" in said:
        advice = "Make grading/ and gradebook.db writable for you."
    return Finding("bad", f"gradebook: {said}", advice)


def _schema() -> str:
    """Return the newest schema among nbgrader's migrations."""
    import nbgrader
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    folder = Path(nbgrader.__file__).parent / "alembic"
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return str(ScriptDirectory.from_config(config).get_current_head())


def _assignments(course: Course) -> Iterator[Finding]:
    path = course.grading / "gradebook.db"
    entered = set()
    if path.exists():
        with closing(sqlite3.connect(f"file:{path}?mode=ro", 1, uri=True)) as book:
            entered = {name for (name,) in book.execute("SELECT name FROM assignment")}
    built = [stem for stem in course.stems() if course.solution(stem).exists()]
    if absent := sorted(set(course.stems()) - set(built)):
        advice = "Run `python -m staff build`."
        yield Finding("bad", f"not built: {', '.join(absent)}", advice)
    if absent := [stem for stem in built if stem not in entered]:
        advice = "Grading enters them; or run `python -m staff register`."
        found = f"{len(absent)} of {len(built)} assignments not in the gradebook yet"
        yield Finding("note", found, advice)
    else:
        yield Finding("good", f"{len(built)} assignments, all in the gradebook")


def _disk(course: Course) -> Iterator[Finding]:
    folder = course.grading if course.grading.exists() else course.root
    if not os.access(folder, os.W_OK):
        yield Finding("bad", f"{folder.name}/ cannot be written", "Make it writable.")
    yield _room("disk", folder, _ROOM, "bad" if _full(folder) else "note")
    temporary = Path(os.environ.get("TMPDIR", "/tmp"))
    yield _room("temporary folder", temporary, _ROOM // 4, "note")


def _full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < _ROOM // 20


def _room(name: str, folder: Path, wanted: int, level: str) -> Finding:
    free = shutil.disk_usage(folder).free
    found = f"{name}: {free / 2**30:.1f} GiB free"
    if free >= wanted:
        return Finding("good", found)
    return Finding(level, found, f"Make room: {wanted / 2**30:.1f} GiB or more.")


def _shared_memory(course: Course) -> Iterator[Finding]:
    folder = Path("/dev/shm")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        advice = "Give the container one: `docker run --shm-size=256m …`."
        yield Finding("note", "/dev/shm cannot be written", advice)
        return
    free = shutil.disk_usage(folder).free
    advice = "" if free >= _SHARED else "Sessions get none of it; other programs may."
    level = "note" if advice else "good"
    yield Finding(level, f"/dev/shm: {free / 2**20:.0f} MiB free", advice)


def _journals(course: Course) -> Iterator[Finding]:
    from staff.grader.journal import Journal

    paths = sorted((course.grading / "journal").glob("*.jsonl"))
    for path in paths:
        journal = Journal(course, path.stem)
        if journal.lines.damaged:
            numbers = ", ".join(map(str, journal.lines.damaged[:5]))
            found = f"journal of {path.stem}: lines {numbers} are damaged, not used"
            yield Finding("note", found, "Grade again; check the disk.")
        elif journal.lines.torn:
            found = f"journal of {path.stem}: its last line was cut off"
            yield Finding("note", found, "The next grading mends it.")
        else:
            yield Finding("good", f"journal of {path.stem}: {len(journal)} students")
    if not paths:
        yield Finding("good", "journal: none yet")


def _formgrader(course: Course) -> Iterator[Finding]:
    module = "nbgrader.server_extensions.formgrader"
    try:
        import_module(module)
    except Exception as error:  # whatever its imports raise
        found = f"formgrader does not load: {error}"
        yield Finding("note", found, "Run `make lab`; grading works without it.")
    else:
        yield Finding("good", "formgrader loads")


CHECKS: list[Callable[[Course], Iterator[Finding]]] = [
    *(_versions, _sandbox, _gradebook, _assignments),
    *(_disk, _shared_memory, _journals, _formgrader),
]
"""Each takes the course and yields findings."""
