"""``python -m staff variant NOTEBOOK``: each learner's own seeds, values and questions.

Writes one notebook per learner to ``grading/variants/release/LEARNER/``; `grade` then
holds each file against that learner's own variant. Before anything is written the
instructor's own answers are graded in every variant. Keep ``grading/variants/key`` and
the plan beside it: they are all that is needed to grade again.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from staff.course import Course, CourseError
from staff.grader import engine, sandbox
from staff.grader.bundle import Bundle
from staff.grader.faults import InfraError, infra
from staff.grader.find import is_student
from staff.grader.model import Verdict
from staff.grader.prepare import prepare, solution
from staff.grader.record import write_text
from staff.grader.variants import Plan, Slot, Variants, fingerprint, key_of

__all__ = ["learners", "main", "prove", "release", "released"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff variant", description=__doc__)
    add = parser.add_argument
    add("name", metavar="NOTEBOOK", help="NN_topic or NN")
    add("--student", action="append", metavar="NAME", help="repeatable")
    add("--students", type=Path, metavar="FILE", help="one name a line; the gradebook's"
        " students if neither is given")  # fmt: skip
    add("--exam", action="store_true", help="no hints; visible checks only say “runs”")
    add("--stop", action="store_true", help="from now on all get the same again")
    add("--sandbox", choices=sandbox.CHOICES[:-1], default="auto")
    options = parser.parse_args(arguments)
    course = Course()
    (stem,) = course.choose([options.name])
    if options.stop:
        return _stop(course, stem)
    names = learners(course, options.student or [], options.students)
    release(course, stem, names, exam=options.exam, box=options.sandbox)
    return 0


def _stop(course: Course, stem: str) -> int:
    path = course.grading / "variants" / f"{stem}.json"
    if not path.exists():
        raise CourseError(f"{stem}: there are no variants of it (no {path})")
    path.rename(path.with_suffix(".json.old"))
    print(f"{stem}: all learners get the same again; the plan is kept as {path}.old")
    return 0


def learners(course: Course, names: Sequence[str], file: Path | None) -> list[str]:
    """Return the learners to draw for: named, in a file, or in the gradebook.

    Raises:
        CourseError: there is none, or a name that cannot be one.
    """
    found = list(names)
    if file is not None:
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CourseError(f"{file}: expected one name a line ({error})") from error
        found += [line.strip() for line in lines if line.strip()]
    elif not found:
        found = _enrolled(course)
    strange = [name for name in found if not is_student(name)]
    if strange:
        raise CourseError(
            f"{', '.join(map(repr, strange[:5]))}: expected names as nbgrader's "
            "folders have them: letters and digits, then also . _ @ + - ' and single "
            "spaces"
        )
    if not found:
        raise CourseError(
            "for whom? Name learners with --student or --students, or enter them into "
            "the gradebook"
        )
    return sorted(dict.fromkeys(found))


def _enrolled(course: Course) -> list[str]:
    from nbgrader import api

    path = course.grading / "gradebook.db"
    if not path.exists():
        return []
    with infra("reading the gradebook"), api.Gradebook(f"sqlite:///{path}", "") as book:
        return [student.id for student in book.students]


def release(
    course: Course,
    stem: str,
    names: Sequence[str],
    *,
    exam: bool = False,
    slots: tuple[Slot, ...] | None = None,
    box: str = "auto",
) -> Plan:
    """Draw, prove and write the variants of these learners.

    Args:
        exam: see `Plan`.
        slots: of an exam; those of the plan that is there if None.
        box: the sandbox for the proof.

    Raises:
        CourseError: a variant is not one that the instructor's own answers pass.
    """
    bundle = Bundle.load(course, stem)
    known = Plan.load(course, stem)
    key = key_of(course, create=known is None)
    if slots is None:
        slots = known.slots if known else ()
    exam = exam or bool(known and known.exam)
    plan = Plan(stem, fingerprint(key), exam, slots)
    if known is not None and known.key != plan.key:
        raise CourseError(
            f"grading/variants/key is not the key from which the variants of {stem} "
            "were drawn; take that one from your backup"
        )
    plan.save(course)
    variants = Variants(course, bundle)
    try:
        prove(course, variants, names, box)
    except CourseError:
        if known is None:
            (course.grading / "variants" / f"{stem}.json").unlink()
        else:
            known.save(course)
        raise
    for name in names:
        path = course.grading / "variants" / "release" / name / stem / f"{stem}.ipynb"
        with infra("writing a learner's notebook"):
            write_text(path, released(course, stem, variants.of(name)))
    where = os.path.relpath(course.grading / "variants" / "release", course.root)
    print(f"{stem}: {len(names)} variants in {where}; grade them as always")
    return plan


def released(course: Course, stem: str, bundle: Bundle) -> str:
    """Return the text of a learner's notebook."""
    notebook = json.loads(course.release(stem).read_text("utf-8"))
    for cell, made in zip(notebook["cells"], bundle.cells, strict=True):
        cell["source"] = made.released.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def prove(
    course: Course, variants: Variants, names: Sequence[str], box: str = "auto"
) -> None:
    """Grade the instructor's own answers in each variant.

    Raises:
        CourseError: they do not pass; the message says whose variant and why.
    """
    for name, verdict in _verdicts(course, variants, names, box):
        if verdict:
            raise CourseError(
                f"the instructor's own answers do not pass the variant of {name}: "
                f"{verdict}; nothing was written"
            )


def _verdicts(
    course: Course, variants: Variants, names: Sequence[str], box: str
) -> Iterator[tuple[str, str]]:
    limits = engine.Limits()
    try:
        settings = prepare(course, variants.base, sandbox.choose(box), limits)
        seat = engine.Seat(settings.start, limits)
    except InfraError as error:
        raise CourseError(f"INFRA: {error}") from error
    try:
        for name in tqdm(names, unit="variant", disable=None):
            bundle = variants.of(name)
            result, _ = seat.grade(
                engine.Job(solution(bundle), tuple(bundle.questions))
            )
            wrong = [
                f"{question} is {each.verdict} ({each.message or each.evidence})"
                for question, each in result.questions.items()
                if each.verdict is not Verdict.PASS
            ]
            yield name, "; ".join(wrong)
    finally:
        seat.close()
