r"""Find what learners handed in.

Without a folder, below ``grading/submitted``, as nbgrader has it::

    STUDENT/STEM/STEM.ipynb        with timestamp.txt beside it, or without

With a folder of downloaded files, that and these::

    STUDENT/STEM.ipynb
    STUDENT_STEM.ipynb   STUDENT-STEM.ipynb   STUDENT - STEM.ipynb   STUDENT STEM.ipynb

STEM is the assignment's name, in any case of letters. What programs add to copies may
follow it: ``(1)``, ``-Copy1``, ``_copy``, ``_1``. In a learner's folder STEM any
notebook is taken. Of several files one is read: the one called exactly STEM.ipynb, else
the newest of those whose name has STEM in it, else the newest notebook.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from staff.course import Course
from staff.grader.files import Refused, read_below, shown

__all__ = ["Candidate", "find", "is_student", "strange"]

_STUDENT = re.compile(r"\w[\w.@+'-]*+(?: [\w.@+'-]++)*+")
_NOTEBOOK = re.compile(r"(?P<name>.*)\.ipynb(?:\.(?:txt|json))?", re.I | re.S)
_COPY = r"(?:[ _-]++\d{1,6}+|[ _-]*+(?:\(\d{1,6}\)|(?:copy|kopie)\d{0,6}+))*+[ _-]*+"
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d[\w.:+/ -]{0,40}")
_JUNK = {".ipynb_checkpoints", ".DS_Store", "__MACOSX", "Thumbs.db", "desktop.ini"}
_MOST = 10_000  # entries of one learner's folder that are looked at
_HINT = "not understood; expected "


@dataclass(frozen=True)
class Candidate:
    """The file that one learner handed in, not yet opened.

    Args:
        student: "" if the name given is none that can be recorded: then nothing may
            be written for it, and `problem` says so.
        base: folder of submissions.
        parts: names that lead from there to the file.
        timestamp: as nbgrader writes it; "" if unknown.
        problem: why there is nothing to read; else "".
        repairs: sentences for the learner.
        concerns: sentences for the instructor.
    """

    student: str
    base: Path
    parts: tuple[str, ...]
    timestamp: str = ""
    problem: str = ""
    repairs: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Path below the folder of submissions, for messages."""
        return shown("/".join(self.parts), 240)


def is_student(name: str) -> bool:
    """Tell whether a name can be a learner's: safe in paths, tables and pages.

    Letters and digits of any script, and ``. _ @ + - '`` and single spaces after the
    first one; at most 100 characters.
    """
    return len(name) <= 100 and bool(_STUDENT.fullmatch(name))


def find(course: Course, stem: str, folder: Path | None = None) -> list[Candidate]:
    """Return one candidate per learner, in order of their names.

    Args:
        course: whose submissions.
        stem: of the assignment.
        folder: of downloaded files; nbgrader's folder of submissions if None.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    return _Scan(course, stem, folder).candidates()


def strange(course: Course, stem: str, folder: Path | None = None) -> list[str]:
    """Return what lies there and was not understood, each with the reason."""
    scan = _Scan(course, stem, folder)
    scan.candidates()
    return scan.strange


class _Scan:
    def __init__(self, course: Course, stem: str, folder: Path | None) -> None:
        self.base = folder or course.grading / "submitted"
        if not self.base.is_dir():
            raise FileNotFoundError(
                f"{self.base}: expected a folder of submissions; it is not there"
            )
        self.stem, self.flat = stem, folder is not None
        self.others = [s for s in course.stems() if s != stem]
        self.found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        self.strange: list[str] = []
        one = re.escape(stem)
        self.copy = re.compile(rf"(?:copy of )?{one}{_COPY}", re.I)
        self.named = re.compile(rf"(?P<student>.+?)[ _-]+{one}{_COPY}", re.I | re.S)

    def candidates(self) -> list[Candidate]:
        for entry in self._entries(None):
            if entry.name.lower() in {self.stem, *self.others}:
                self._odd(f"{_HINT}a learner's name", entry.name)
            elif entry.is_dir(follow_symlinks=False):
                self._student(entry)
            elif entry.is_symlink() and not _NOTEBOOK.fullmatch(entry.name):
                self._odd("links are not followed", entry.name)
            else:
                self._loose(entry.name)
        return [self._candidate(name) for name in sorted(self.found)]

    def _odd(self, why: str, *parts: str) -> None:
        self.strange.append(f"{shown('/'.join(parts), 240)}: {why}")

    def _loose(self, name: str) -> None:
        notebook = _NOTEBOOK.fullmatch(name)
        match = notebook and self.named.fullmatch(notebook["name"])
        if notebook and self.copy.fullmatch(notebook["name"]) and self.flat:
            self._odd(f"whose is it? Call it STUDENT_{self.stem}.ipynb", name)
        elif match and self.flat:
            self.found[match["student"]].append((name,))
        elif not (notebook and self.flat and self._of_another(notebook["name"])):
            expected = f"STUDENT/{self.stem}/{self.stem}.ipynb"
            if self.flat:
                expected += f" or STUDENT_{self.stem}.ipynb"
            self._odd(_HINT + expected, name)

    def _of_another(self, name: str) -> bool:
        return any(stem.lower() in name.lower() for stem in self.others)

    def _student(self, folder: os.DirEntry[str]) -> None:
        for entry in self._entries(_MOST, folder.name):
            notebook = _NOTEBOOK.fullmatch(entry.name)
            here = (folder.name, entry.name)
            if entry.name == self.stem:
                self._assignment(folder.name, entry)
            elif self._of_another(entry.name):
                continue
            elif notebook and self.copy.fullmatch(notebook["name"]) and self.flat:
                self.found[folder.name].append(here)
            elif notebook or entry.is_dir(follow_symlinks=False):
                self._odd(f"{_HINT}a folder {self.stem}", *here)

    def _assignment(self, student: str, folder: os.DirEntry[str]) -> None:
        files = self.found[student]
        if folder.is_dir(follow_symlinks=False):
            names = [e.name for e in self._entries(_MOST, student, self.stem)]
            found = [n for n in names if _NOTEBOOK.fullmatch(n)]
            files += [(student, self.stem, name) for name in found]
        else:
            files.append((student, self.stem))  # reading it says what is wrong

    def _entries(self, most: int | None, *parts: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.base.joinpath(*parts)) as found:
                entries = [e for e in islice(found, most) if e.name not in _JUNK]
        except OSError as error:
            self._odd(f"cannot be read ({error.strerror})", *parts)
            return []
        return sorted(entries, key=lambda entry: entry.name)

    def _candidate(self, student: str) -> Candidate:
        files = sorted(self.found[student], key=self._rank)
        parts = files[0] if files else (student, self.stem)
        if not is_student(student):
            problem = (
                f"{shown(student)!r} cannot be a learner's name here: expected letters "
                "and digits, then also . _ @ + - ' and single spaces, at most 100 in "
                "all. Rename it and grade again."
            )
            return Candidate("", self.base, parts, problem=problem)
        if not files:
            problem = "There is no notebook in the folder that was handed in."
            return Candidate(student, self.base, parts, problem=problem)
        time, concerns = self._timestamp(parts)
        return Candidate(
            *(student, self.base, parts, time),
            repairs=tuple(self._naming(files)),
            concerns=tuple(concerns + self._choice(files)),
        )

    def _rank(self, parts: tuple[str, ...]) -> tuple[object, ...]:
        """Order files, best first; the last parts of the key only break ties."""
        name = _NOTEBOOK.fullmatch(parts[-1])
        kind = 2
        if name and self.stem.lower() in name["name"].lower():
            named = self.named.fullmatch(name["name"])
            bare = parts[-1][len(named["student"]) :] if named else parts[-1]
            kind = 0 if bare.strip(" _-") == f"{self.stem}.ipynb" else 1
        try:
            time = os.lstat(self.base.joinpath(*parts)).st_mtime_ns
        except OSError:
            time = 0
        numbers = [int(n) for n in re.findall(r"\d{1,6}", parts[-1])]
        return kind, -time, [-n for n in numbers], parts

    def _naming(self, files: list[tuple[str, ...]]) -> list[str]:
        name, notes = files[0][-1], []
        if self._rank(files[0])[0]:
            notes.append(
                f"Your file is called “{shown(name)}”; it was read all the same."
            )
        if len(files) > 1:
            notes.append(
                f"You handed in {len(files)} notebooks; “{shown(name)}” was graded."
            )
        return notes

    def _choice(self, files: list[tuple[str, ...]]) -> list[str]:
        if len(files) < 2:
            return []
        others = ", ".join(f"“{shown(parts[-1])}”" for parts in files[1:6])
        more = f" and {len(files) - 6} more" if len(files) > 6 else ""
        chosen = shown(files[0][-1])
        return [f"Several files: “{chosen}” was graded, not {others}{more}."]

    def _timestamp(self, parts: tuple[str, ...]) -> tuple[str, list[str]]:
        path = (*parts[:-1], "timestamp.txt")
        if len(parts) != 3 or not os.path.lexists(self.base.joinpath(*path)):
            return "", []
        try:
            text = read_below(self.base, path, 200).decode("utf-8").strip()
        except (Refused, UnicodeDecodeError):
            text = ""
        if _TIME.fullmatch(text):
            return text, []
        return "", ["timestamp.txt is not understood: the time handed in is unknown."]
