"""``python -m staff material NOTEBOOK``: questions and keys from the bank of answers.

Bug hunts, "which mistake is this?", lines to put in order, answers to tell right from
wrong, an exam of all these, and a training set for assistants. Each item is tried on
the checks before it is written; the same word after --seed gives the same material.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.draw import Draw
from staff.grader.faults import infra
from staff.grader.record import write_text
from staff.teaching import sheets
from staff.teaching.bank import Bank, Exercise
from staff.teaching.items import KINDS, Item, NotProven, make

__all__ = ["exam", "main", "material", "written"]

TITLES = {
    "hunt": "Bug hunts",
    "which": "Which mistake is this?",
    "parsons": "Put the lines in order",
    "verdicts": "Right or wrong?",
    "marking": "Training: judge these answers",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff material", description=__doc__)
    add = parser.add_argument
    add("names", nargs="+", metavar="NOTEBOOK", help="NN_topic or NN")
    add("--kind", action="append", choices=[*KINDS], help="only these; repeatable")
    add("--number", type=int, default=3, metavar="N", help="of each kind, per exercise")
    add("--seed", default="1", metavar="WORD", help="another word, other material")
    add("--out", type=Path, metavar="FOLDER", help="grading/material if not given")
    options = parser.parse_args(arguments)
    if options.number < 1:
        parser.error(f"--number: expected 1 or more, got {options.number}")
    course = Course()
    out = options.out or course.grading / "material"
    for stem in course.choose(options.names):
        items = material(
            course, stem, options.seed, options.number, tuple(options.kind or KINDS)
        )
        with infra("writing the material"):
            for name, text in written(course, stem, items, options.seed).items():
                write_text(out / stem / name, text)
        counts = {kind: len(some) for kind, some in items.items()}
        told = ", ".join(f"{n} {kind}" for kind, n in counts.items())
        print(f"{os.path.relpath(out / stem)}: {told}")
    return 0


def material(
    course: Course, stem: str, seed: str, number: int, kinds: tuple[str, ...]
) -> dict[str, list[Item]]:
    """Return kind → items of one notebook, each proven.

    Raises:
        CourseError: the bank has nothing for it, or an answer is not judged as its
            name says.
    """
    exercises = Bank(course).exercises(stem)
    work = [(kind, exercise) for kind in kinds for exercise in exercises]
    items: dict[str, list[Item]] = {kind: [] for kind in kinds}
    for kind, exercise in tqdm(work, unit="exercise", disable=None):
        draw = Draw(seed.encode(), stem, exercise.name, kind)
        try:
            items[kind] += make(kind, exercise, draw, number)
        except NotProven as error:
            raise CourseError(
                f"{error}\nThe bank and the checks differ; `python -m pytest "
                f"tests/test_answers.py -k {exercise.name}` shows where"
            ) from error
    return items


def written(
    course: Course, stem: str, items: dict[str, list[Item]], seed: str
) -> dict[str, str]:
    """Return file name → text."""
    every = [item for some in items.values() for item in some]
    files = {"items.json": sheets.to_json(every)}
    for kind, some in items.items():
        if some:
            title = f"{TITLES[kind]} · {stem}"
            files[f"{kind}.md"] = sheets.questions(title, some)
            files[f"{kind}_key.md"] = sheets.key(title, some)
    chosen = exam(items, Draw(seed.encode(), stem, "exam"))
    if chosen:
        title = f"Exam · {stem}"
        files["exam.md"] = sheets.questions(title, chosen, sheets.POINTS)
        files["exam_key.md"] = sheets.key(title, chosen)
    if items.get("which") or items.get("verdicts"):
        files["questions.gift"] = sheets.gift(every)
    if items.get("hunt"):
        files["hunts.ipynb"] = sheets.notebook(Bundle.load(course, stem), items["hunt"])
    if items.get("marking"):
        empty, full = sheets.marking_sheets(items["marking"])
        files |= {"marking.csv": empty, "marking_key.csv": full}
    return files


def exam(items: dict[str, list[Item]], draw: Draw) -> list[Item]:
    """Return one item for each exercise, the kinds in turn, for an exam on paper."""
    by_exercise: dict[Exercise, dict[str, list[Item]]] = {}
    for kind in sheets.POINTS:
        for item in items.get(kind, []):
            some = by_exercise.setdefault(item.exercise, {})
            some.setdefault(kind, []).append(item)
    return list(_in_turn(by_exercise, draw))


def _in_turn(
    by_exercise: dict[Exercise, dict[str, list[Item]]], draw: Draw
) -> Iterator[Item]:
    used = dict.fromkeys(sheets.POINTS, 0)
    for exercise in sorted(by_exercise, key=lambda each: each.number):
        kinds = draw.order([*by_exercise[exercise]])
        kind = min(kinds, key=lambda each: used[each])
        used[kind] += 1
        yield draw.choice(by_exercise[exercise][kind])
