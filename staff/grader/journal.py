"""The grader's memory: what was graded, appended line by line, and never changed.

``grading/journal/STEM.jsonl`` holds the lines; ``STEM.outputs`` what cells printed,
packed, appended before the line that points there. The journal is also the cache: a
question whose key is known is not run again. Nothing of it is kept in memory.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import threading
import weakref
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from staff.course import Course, CourseError
from staff.grader.faults import infra
from staff.grader.lines import Lines, append, compact
from staff.grader.model import Output, QuestionResult, Result, Submission, Verdict

__all__ = ["Entry", "Journal", "Recalled", "merge", "revision"]

_LARGEST = 256 * 2**20  # bytes of unpacked outputs


@dataclass(frozen=True)
class Entry:
    """One graded submission, as the journal holds it.

    Args:
        when: time of grading, ISO 8601, UTC.
        questions: name → result, INFRA included.
        keys: name → key under which the result may be used again.
        place: (start, packed length, sha256) of its outputs.
        Others: as in Submission and Result.
    """

    student: str
    file: str
    sha256: str
    timestamp: str
    when: str
    questions: dict[str, QuestionResult]
    keys: dict[str, str]
    layers: tuple[str, ...]
    seconds: float
    repairs: tuple[str, ...]
    suspicions: tuple[str, ...]
    invalid: str
    place: tuple[int, int, str]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Entry:
        """Build from plain data."""
        questions = {
            name: QuestionResult.from_json(each)
            for name, each in data["questions"].items()
        }
        plain: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
        }
        del plain["kind"]
        return cls(**{**plain, "questions": questions})


@dataclass(frozen=True)
class Recalled:
    """What the journal knows about a submission, and which questions it does not."""

    result: Result
    wanted: tuple[str, ...]


class Journal:
    """The journal of one assignment; as a context it is open for its one writer.

    Without ``with`` it can be read, also while someone else writes. Any thread may ask;
    one of them writes.

    Args:
        course: whose ``grading/journal`` it is in.
        stem: the assignment.
        limits: those that answers run under, as text. A verdict that hangs on them is
            known under no others; one that does not is known under all.
        folder: of ``grading/`` in which it lies.

    Attributes:
        lines: the file of lines; knows about damage.
    """

    def __init__(
        self, course: Course, stem: str, limits: str = "", *, folder: str = "journal"
    ) -> None:
        self.stem, self.limits = stem, limits
        self.lines = Lines(course.grading / folder / f"{stem}.jsonl")
        self._pack = self.lines.path.with_suffix(".outputs")
        self._index = _Index()
        self._outputs: BinaryIO | None = None
        self._lock: BinaryIO | None = None
        self._scan()

    def __enter__(self) -> Journal:
        with infra("opening the journal"):
            path = self.lines.path
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(path.with_suffix(".lock"), self.stem)
            try:
                self._scan()  # another writer may have been at work until now
                self.lines.open()
                self._outputs = self._pack.open("ab", buffering=0)
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self.lines.close()
        for file in (self._outputs, self._lock):
            if file is not None:
                file.close()
        self._outputs = self._lock = None

    def _scan(self) -> None:
        self._index.clear()
        for start, entry in self.lines.scan():
            self._note(entry, start)

    def _note(self, entry: Mapping[str, Any], start: int) -> None:
        if entry["kind"] == "graded":
            self._index.graded(entry["student"], start, entry["keys"].values())
        elif entry["kind"] == "recorded":
            self._index.recorded(entry["student"], entry["revision"])

    # -- asking ---------------------------------------------------------------------

    def __len__(self) -> int:
        """Return the number of students."""
        return self._index.count()

    def entries(self) -> Iterator[Entry]:
        """Yield the latest entry of each student, in the order of their names."""
        for start in self._index.starts():
            yield self._read(start)

    def history(self) -> Iterator[Entry]:
        """Yield all that was ever graded, oldest first."""
        for _, entry in self.lines.scan():
            if entry["kind"] == "graded":
                yield Entry.from_json(entry)

    def latest(self, student: str) -> Entry | None:
        """Return what was graded last for a student."""
        start = self._index.latest(student)
        return None if start is None else self._read(start)

    def is_recorded(self, student: str, revision: str) -> bool:
        """Tell whether gradebook and files hold this revision of the results."""
        return self._index.revision(student) == _short(revision)

    def knows(self, key: str) -> bool:
        """Tell whether a question was graded before under this key."""
        return self._known(key) is not None

    def lookup(self, key: str) -> QuestionResult | None:
        """Return the result of a question graded before under the same key."""
        known = self._known(key)
        if known is None:
            return None
        key, start = known
        entry = self._read(start)
        return next(entry.questions[n] for n, k in entry.keys.items() if k == key)

    def _known(self, key: str) -> tuple[str, int] | None:
        """Return the key under which a question is known, and the start of its line."""
        for each in (key, self._limited(key)):
            if (start := self._index.place(each)) is not None:
                return each, start
        return None

    def _limited(self, key: str) -> str:
        return f"{key} under {self.limits}"

    def recall(self, submission: Submission, keys: Mapping[str, str]) -> Recalled:
        """Return what is known about a submission and what is left to be run.

        Outputs come along up to the test of each question that is known: all that
        ran before it was the same.
        """
        found = {n: k for n, key in keys.items() if (k := self._known(key)) is not None}
        places = {name: start for name, (_, start) in found.items()}
        questions: dict[str, QuestionResult] = {}
        outputs: dict[str, list[Output]] = {}
        layers: tuple[str, ...] = ()
        for start in dict.fromkeys(places.values()):
            entry = self._read(start)
            names = {entry_key: n for n, entry_key in entry.keys.items()}
            known = self.outputs(entry)
            for name in (n for n, place in places.items() if place == start):
                questions[name] = entry.questions[names[found[name][0]]]
                before = _cells_until(submission, name)
                outputs |= {cell: known[cell] for cell in before if cell in known}
            layers = layers or entry.layers
        wanted = tuple(name for name in keys if name not in questions)
        return Recalled(Result(questions, outputs, layers), wanted)

    def outputs(self, entry: Entry) -> dict[str, list[Output]]:
        """Return what the cells printed; empty where that was lost."""
        start, length, sha256 = entry.place
        try:
            with self._pack.open("rb") as file:
                file.seek(start)
                packed = file.read(length)
            if length and hashlib.sha256(packed).hexdigest() == sha256:
                text = zlib.decompressobj().decompress(packed, _LARGEST)
                outputs: dict[str, list[dict[str, Any]]] = json.loads(text)
                return outputs
        except (OSError, ValueError, zlib.error):
            pass  # the verdicts do not hang on it
        return {}

    def _read(self, start: int) -> Entry:
        return Entry.from_json(self.lines.read(start))

    # -- writing --------------------------------------------------------------------

    def append(
        self,
        submission: Submission,
        result: Result,
        keys: Mapping[str, str],
        *,
        wait: bool = True,
    ) -> None:
        """Note a graded submission.

        Args:
            submission: as read.
            result: of all its questions, recalled ones included.
            keys: name → key; a question whose verdict is INFRA is not used again.
            wait: until it is on the disk; if not, `sync` waits for many at once.

        Raises:
            InfraError: it could not be written; the journal is as it was.
        """
        used = {
            name: self._limited(key) if result.questions[name].limited else key
            for name, key in keys.items()
            if name in result.questions
            and result.questions[name].verdict != Verdict.INFRA
        }
        entry = Entry(
            student=submission.student,
            file=submission.file,
            sha256=submission.sha256,
            timestamp=submission.timestamp,
            when=_now(),
            questions=result.questions,
            keys=used,
            layers=tuple(result.layers),
            seconds=result.seconds,
            repairs=submission.repairs,
            suspicions=submission.suspicions,
            invalid=submission.invalid,
            place=self._put(result.outputs),
        )
        questions = {name: each.to_json() for name, each in entry.questions.items()}
        plain = {"kind": "graded", **vars(entry), "questions": questions}
        self._append(plain, wait=wait)

    def sync(self) -> None:
        """Wait until all that was appended is on the disk.

        Raises:
            InfraError: the disk would not take it.
        """
        self.lines.sync()

    def mark(self, student: str, revision: str) -> None:
        """Note that gradebook and files now hold this revision.

        This waits for no disk: if it is lost, they are written once more.
        """
        entry = {"student": student, "revision": revision, "when": _now()}
        self._append({"kind": "recorded", **entry}, wait=False)

    def delete(self) -> None:
        """Delete the files; for a journal that is only a cache."""
        for path in (self.lines.path, self._pack, self.lines.path.with_suffix(".lock")):
            path.unlink(missing_ok=True)

    def _put(self, outputs: Mapping[str, list[Output]]) -> tuple[int, int, str]:
        if not outputs or self._outputs is None:
            return (0, 0, "")
        packed = zlib.compress(compact(outputs), level=1)
        sha256 = hashlib.sha256(packed).hexdigest()
        start = append(self._outputs, packed, wait=False)  # the sum tells a loss
        return (start, len(packed), sha256)

    def _append(self, entry: dict[str, Any], *, wait: bool = True) -> None:
        self._note(entry, self.lines.append(entry, wait=wait))


class _Index:
    """Where what stands in a journal; in a nameless file of SQLite's, not in memory.

    Any thread may ask: workers look up what is known while the writer writes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.executescript(
            """
            PRAGMA journal_mode = off;
            PRAGMA synchronous = off;
            CREATE TABLE keys (key BLOB PRIMARY KEY, start INTEGER) WITHOUT ROWID;
            CREATE TABLE students (
                student BLOB PRIMARY KEY, start INTEGER, revision BLOB
            ) WITHOUT ROWID;
            BEGIN; -- and no end: nobody else reads it, and it goes with the process
            """
        )
        weakref.finalize(self, self._db.close)

    def clear(self) -> None:
        """Forget everything."""
        for table in ("keys", "students"):
            self._ask(f"DELETE FROM {table}")

    def graded(self, student: str, start: int, keys: Iterable[str]) -> None:
        """Note a student's latest line; a key keeps the first line that had it."""
        self._set(student, "start", start)
        for key in keys:
            self._ask("INSERT OR IGNORE INTO keys VALUES (?, ?)", _short(key), start)

    def recorded(self, student: str, revision: str) -> None:
        """Note which revision gradebook and files hold."""
        self._set(student, "revision", _short(revision))

    def _set(self, student: str, column: str, value: object) -> None:
        self._ask(
            f"INSERT INTO students (student, {column}) VALUES (?, ?) "
            f"ON CONFLICT DO UPDATE SET {column} = excluded.{column}",
            *(_bytes(student), value),
        )

    def count(self) -> int:
        """Return the number of students that were graded."""
        return int(self._one("SELECT count(start) FROM students"))

    def starts(self) -> list[int]:
        """Return each student's latest line, in the order of their names."""
        query = "SELECT start FROM students WHERE start NOTNULL ORDER BY student"
        return [start for (start,) in self._ask(query)]

    def latest(self, student: str) -> int | None:
        """Return where a student's latest line starts."""
        found: int | None = self._one(
            "SELECT start FROM students WHERE student = ?", _bytes(student)
        )
        return found

    def revision(self, student: str) -> bytes | None:
        """Return what `recorded` noted, shortened."""
        found: bytes | None = self._one(
            "SELECT revision FROM students WHERE student = ?", _bytes(student)
        )
        return found

    def place(self, key: str) -> int | None:
        """Return where the first line with a key starts."""
        found: int | None = self._one(
            "SELECT start FROM keys WHERE key = ?", _short(key)
        )
        return found

    def _one(self, query: str, *values: object) -> Any:
        rows = self._ask(query, *values)
        return rows[0][0] if rows else None

    def _ask(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(query, values).fetchall()


def merge(recalled: Result, fresh: Result) -> Result:
    """Return one result of what was known and what was run now."""
    return Result(
        {**recalled.questions, **fresh.questions},
        {**recalled.outputs, **fresh.outputs},
        fresh.layers or recalled.layers,
        fresh.seconds,
    )


def revision(
    submission: Submission,
    result: Result,
    points: Mapping[str, float],
    digest: str = "",
) -> str:
    """Return a fingerprint of all that gradebook and feedback show of a submission.

    Args:
        submission: as read.
        result: complete.
        points: name → points of the question.
        digest: of the assignment.
    """
    verdicts = {
        name: [each.verdict, each.message, each.mistake, each.hidden, each.earned]
        for name, each in result.questions.items()
    }
    handed_in = [submission.student, submission.sha256, submission.timestamp]
    notes = [submission.repairs, submission.invalid]
    everything = [handed_in, notes, verdicts, sorted(points.items()), digest]
    return hashlib.sha256(compact(everything)).hexdigest()


def _cells_until(submission: Submission, question: str) -> Iterable[str]:
    cells = []
    for step in submission.steps:
        cells.append(step.cell)
        if step.kind == "test" and step.question == question:
            return cells
    return []


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # bytes stand in the text's order


def _short(key: str) -> bytes:
    return hashlib.blake2b(_bytes(key), digest_size=20).digest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _locked(path: Path, stem: str) -> BinaryIO:
    file = path.open("a+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        who = file.read(200).decode("ascii", "replace").strip() or "another program"
        file.close()
        raise CourseError(
            f"{stem} is being graded already ({who}); wait until that is done"
        ) from None
    file.truncate(0)
    file.write(f"process {os.getpid()} since {datetime.now():%H:%M:%S}".encode())
    return file
