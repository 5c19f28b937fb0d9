"""``python -m staff grade ASSIGNMENT``: grade a class; no submission can stop it."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from staff.course import Course, CourseError
from staff.grader import engine, sandbox
from staff.grader.bundle import Bundle
from staff.grader.faults import InfraError, infra
from staff.grader.files import shown
from staff.grader.find import Candidate, find, strange
from staff.grader.fingerprint import environment
from staff.grader.intake import read
from staff.grader.journal import Journal, merge
from staff.grader.model import Result, Submission, Verdict
from staff.grader.prepare import prepare
from staff.grader.record import Recorder, invalid_result
from staff.grader.tried import Tried
from staff.grader.variants import Variants

__all__ = ["Grading", "main", "options"]

_GIB = 1 << 30
_FAULTS = re.compile(r"locked|disk|No space|File too large|OperationalError|readonly")


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff grade``; return 0 if every submission has its verdict."""
    chosen = options(arguments)
    course = Course()
    (stem,) = course.choose([chosen.assignment])
    try:
        grading = Grading(course, Bundle.load(course, stem), chosen)
        return grading.preview() if chosen.dry_run else grading.run()
    except InfraError as error:
        raise CourseError(f"INFRA: {error}") from error
    except FileNotFoundError as error:
        raise CourseError(str(error)) from error


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; without arguments the program's own."""
    parser = argparse.ArgumentParser("python -m staff grade", description=__doc__)
    add = parser.add_argument
    add("assignment", help="NN_topic or NN")
    add("--from", dest="folder", type=Path, metavar="FOLDER", help="downloaded files")
    add("--student", action="append", metavar="NAME", help="only these; repeatable")
    add("--dry-run", action="store_true", help="show who would change; write nothing")
    add("--force", action="store_true", help="run again what was graded before")
    add(
        "--json", type=Path, metavar="FILE", help="also write the results as JSON lines"
    )
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    add("--scheduler", metavar="ADDRESS", help="use the workers of this Dask scheduler")
    seconds = "for one answer, and for its tests; a submission has the sum of these"
    add("--seconds", type=float, default=20.0, help=seconds)
    add("--memory", type=float, default=4.0, metavar="GIB", help="for one submission")
    add("--sandbox", choices=sandbox.CHOICES[:-1], default="auto")
    add("--unsafe", action="store_true", help="no sandbox: only for code you trust")
    return parser.parse_args(arguments)


@dataclass
class Tally:
    """What came of a run, counted."""

    verdicts: Counter[str] = field(default_factory=Counter)
    people: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    submissions: int = 0
    graded: int = 0
    recorded: int = 0
    infra: int = 0


class Grading:
    """One run over one assignment.

    Args:
        course: whose submissions.
        bundle: the assignment.
        options: of the command line.
    """

    def __init__(
        self, course: Course, bundle: Bundle, options: argparse.Namespace
    ) -> None:
        self.course, self.bundle, self.options = course, bundle, options
        self.variants = Variants(course, bundle)
        self.environment = environment(course.root)
        limits = {"seconds": options.seconds, "memory": int(options.memory * _GIB)}
        self.limits = engine.Limits(**limits)
        self.tally = Tally()
        self.known: dict[str, tuple[Result, dict[str, str]]] = {}
        self.refused: list[Submission] = []  # names that cannot be recorded
        self.candidates = self._candidates()
        self.limited = ", ".join(f"{k} {v}" for k, v in asdict(self.limits).items())
        self.tried = Tried(course, bundle.stem, self.limited)

    def _candidates(self) -> list[Candidate]:
        found = find(self.course, self.bundle.stem, self.options.folder)
        chosen = self.options.student
        if chosen:
            missing = set(chosen) - {candidate.student for candidate in found}
            if missing:
                names = ", ".join(sorted(missing))
                raise CourseError(f"nothing handed in by {names}")
            found = [each for each in found if each.student in chosen]
        if not found:
            where = self.options.folder or self.course.grading / "submitted"
            raise CourseError(
                f"no submissions of {self.bundle.stem} in {where}; expected "
                f"STUDENT/{self.bundle.stem}/{self.bundle.stem}.ipynb"
            )
        return found

    # -- the whole of it -----------------------------------------------------------

    def run(self) -> int:
        """Grade, record, and say what came of it."""
        start = time.monotonic()
        self._enter()
        with (
            self._journal() as journal,
            self._recorder() as recorder,
            _lines(self.options.json) as lines,
        ):
            for submission, result, keys in self._results(journal):
                self._count(submission, result)
                lines(submission, result)
                if _is_infra(result):
                    self.tally.infra += 1
                    self.tally.faults.update(
                        each.evidence
                        for each in result.questions.values()
                        if each.verdict is Verdict.INFRA
                    )
                    # what did get a verdict is not run again
                    journal.append(submission, result, keys)
                    continue
                changed = recorder.settle(journal, submission, result, keys)
                self.tally.recorded += changed
            for submission in self.refused:
                lines(submission, Result({}))
        if not (self.tally.infra or self.options.student):
            self.tried.forget()
        self._summary(time.monotonic() - start)
        return 1 if self.tally.infra else 0

    def _journal(self) -> Journal:
        return Journal(self.course, self.bundle.stem, self.limited)

    def _recorder(self) -> Recorder:
        return Recorder(self.course, self.bundle)

    def _enter(self) -> None:
        from staff.grader.gradebook import enter

        with infra("entering the assignment into the gradebook"):
            try:
                enter(self.course, self.bundle.stem)
            except CourseError as error:
                if _FAULTS.search(str(error)):
                    raise InfraError(
                        "entering the assignment into the gradebook: it is locked, or "
                        "the disk is full; see above, then grade again"
                    ) from error
                raise

    def preview(self) -> int:
        """Show whose score would change, and write nothing."""
        from staff.grader.preview import changes

        journal = self._journal()
        with self.tried:
            results = self._kept(journal, self._results(journal))
            for line in changes(self.course, self.bundle, results):
                print(line)
        return 0

    def _kept(
        self,
        journal: Journal,
        results: Iterator[tuple[Submission, Result, dict[str, str]]],
    ) -> Iterator[tuple[Submission, Result, dict[str, str]]]:
        """Yield the results of a dry run, kept for the run that follows."""
        for submission, result, keys in results:
            if not all(map(journal.knows, keys.values())):
                self.tried.keep(submission, result, keys)
            yield submission, result, keys

    def _results(
        self, journal: Journal
    ) -> Iterator[tuple[Submission, Result, dict[str, str]]]:
        """Yield every submission's complete result, known ones without running."""
        total = len(self.candidates)
        with tqdm(total=total, unit="submission", disable=None) as bar:
            for job, result in self._answered(self._jobs(journal)):
                known, keys = self.known.pop(job.submission.student)
                bar.update()
                whole = merge(known, result)
                yield self._noted(job.submission, whole), whole, keys

    def _answered(
        self, jobs: Iterator[engine.Job]
    ) -> Iterator[tuple[engine.Job, Result]]:
        """Yield what the engine finds; it starts with the first job that needs it."""
        for job in jobs:
            if job.wanted:
                yield from self._engine(itertools.chain([job], jobs))
                return
            yield job, Result({})

    def _noted(self, submission: Submission, result: Result) -> Submission:
        """Add what the judge was in doubt about where it let somebody pass."""
        doubts = [
            f"{self.bundle.questions[name].label}: {each.evidence}"
            for name, each in result.questions.items()
            if each.verdict is Verdict.PASS and each.evidence
        ]
        return replace(submission, suspicions=(*submission.suspicions, *doubts))

    def _jobs(self, journal: Journal) -> Iterator[engine.Job]:
        """Yield a job for each submission; nothing is wanted where all is known."""
        for candidate in self.candidates:
            bundle = self.variants.of(candidate.student)
            try:
                submission = read(candidate, bundle, grading=self._originals())
            except InfraError as error:
                yield self._not_read(candidate, str(error))
                continue
            if not submission.student:
                self.refused.append(submission)
                continue
            keys = {
                name: bundle.question_key(name, submission, self.environment)
                for name in bundle.questions
            }
            known, wanted = (
                (invalid_result(self.bundle, submission), ())
                if submission.invalid
                else self._recall(journal, submission, keys)
            )
            self.known[submission.student] = (known, keys)
            yield engine.Job(submission, wanted)

    def _not_read(self, candidate: Candidate, why: str) -> engine.Job:
        """Note that this machine could not read a file: nobody's fault but ours."""
        submission = Submission(candidate.student, candidate.file, "")
        job = engine.Job(submission, tuple(self.bundle.questions))
        self.known[candidate.student] = (engine.infra(job, why), {})
        return replace(job, wanted=())

    def _recall(
        self, journal: Journal, submission: Submission, keys: dict[str, str]
    ) -> tuple[Result, tuple[str, ...]]:
        if self.options.force:
            return Result({}), tuple(keys)
        recalled = journal.recall(submission, keys)
        rest = {name: keys[name] for name in recalled.wanted}
        more = self.tried.recall(submission, rest)
        return merge(recalled.result, more.result), more.wanted

    def _originals(self) -> Path | None:
        return None if self.options.dry_run else self.course.grading

    def _engine(
        self, jobs: Iterator[engine.Job]
    ) -> Iterator[tuple[engine.Job, Result]]:
        settings = prepare(self.course, self.bundle, self._box(), self.limits)
        if self.options.scheduler:
            from staff.grader.remote import Remote

            runner: Remote | engine.Local = Remote(settings, self.options.scheduler)
        else:
            workers = max(1, min(self.options.workers, len(self.candidates)))
            runner = engine.Local(settings.start, self.limits, workers)
        yield from runner.results(jobs)

    def _box(self) -> sandbox.Sandbox:
        return sandbox.choose("none" if self.options.unsafe else self.options.sandbox)

    # -- saying it -----------------------------------------------------------------

    def _count(self, submission: Submission, result: Result) -> None:
        tally = self.tally
        tally.submissions += 1
        tally.absent.update({package for package, _ in submission.absent})
        tally.verdicts.update(each.verdict for each in result.questions.values())
        tampered = [
            self.bundle.questions[name].label
            for name, each in result.questions.items()
            if each.verdict is Verdict.TAMPERED
        ]
        why = [f"{', '.join(tampered)}: tampered"] if tampered else []
        why += [submission.invalid] if submission.invalid else []
        if why:
            tally.people.append(f"{submission.student}: {'; '.join(why)}")

    def _summary(self, seconds: float) -> None:
        tally, stem = self.tally, self.bundle.stem
        print(
            f"{stem}: {tally.submissions} submissions in {seconds:.1f} s, "
            f"{tally.recorded} recorded, the others as before"
        )
        counts = [f"{n} {name}" for name, n in tally.verdicts.most_common()]
        print("  questions: " + (", ".join(counts) or "none"))
        for line in sorted(tally.people)[:40]:
            print(f"  needs a person: {line}")
        for each in self.refused[:20]:
            print(f"  refused: {each.file}: {each.invalid}")
        if len(tally.people) > 40:
            print(f"  … and {len(tally.people) - 40} more; see the report")
        for line in strange(self.course, stem, self.options.folder)[:20]:
            print(f"  not read: {line}")
        for package, count in tally.absent.most_common(5):
            print(
                f"  not installed here: {shown(package, 40)}, imported in {count} of "
                "them; install it and grade again, or tell the class to do without"
            )
        if tally.infra:
            print(
                f"  INFRA: {tally.infra} could not be graded through the grader's own "
                "fault and were not scored; run the same command again"
            )
            for text, _ in tally.faults.most_common(3):
                print(f"    {text}")
        print(f"  python -m staff report {stem}  shows each question")


def _is_infra(result: Result) -> bool:
    return any(each.verdict is Verdict.INFRA for each in result.questions.values())


class _lines:
    """Write results as JSON lines, if a path is given."""

    def __init__(self, path: Path | None) -> None:
        self.file = path.open("w", encoding="utf-8") if path else None

    def __enter__(self) -> _lines:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file:
            self.file.close()

    def __call__(self, submission: Submission, result: Result) -> None:
        if self.file is None:
            return
        entry: dict[str, Any] = {
            "student": submission.student,
            "file": submission.file,
            "invalid": submission.invalid,
            "questions": {k: v.to_json() for k, v in result.questions.items()},
            "layers": list(result.layers),
            "seconds": result.seconds,
        }
        self.file.write(json.dumps(entry) + "\n")
        self.file.flush()
