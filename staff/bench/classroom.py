"""A made-up class: a copy of the course, and notebooks filled in from the answer bank.

`tests/answers/` holds right and wrong answers to every exercise; a class hands them in,
mixed. Comparisons with stock nbgrader and tests of the grader grade such classes.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from staff.authoring.build import build
from staff.authoring.masters import FOLDED
from staff.course import Course, CourseError

__all__ = ["bank", "copy_course", "deal", "filled_in", "hand_in", "leave_out_shows"]

Answers = dict[str, Path]
"""Exercise → the file whose text stands in its answer cell."""


def copy_course(
    folder: Path, stems: Sequence[str], home: Course | None = None
) -> Course:
    """Copy what grading some assignments needs; return the copy, without submissions.

    Args:
        folder: new, or empty.
        stems: the assignments.
        home: what to copy.
    """
    home = home or Course()
    # Bytecode comes along; what another process is just writing does not.
    skip = shutil.ignore_patterns("*.pyc.*", ".ipynb_checkpoints")
    for name in ("helpers", "staff", "data"):
        shutil.copytree(home.root / name, folder / name, ignore=skip)
    for name in ("nbgrader_config.py", "pyproject.toml"):
        shutil.copy(home.root / name, folder / name)
    course = Course(folder)
    for stem in stems:
        for place in (Course.master, Course.solution, Course.release):
            target = place(course, stem)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(place(home, stem), target)
    return course


_SHOWN = {"experiment", "demo", "look", *FOLDED}


def leave_out_shows(
    course: Course, stems: Sequence[str], *, keep: Collection[str] = ()
) -> None:
    """Rebuild assignments of a copied course without experiments, demos and looks.

    What is folded goes, too: figures, results and predictions.

    They do not count for a score, and stock nbgrader would run them for everybody.

    Args:
        course: a copy.
        stems: the assignments.
        keep: roles of cells that stay after all.

    Raises:
        CourseError: the masters cannot be built without them.
    """
    roles = "|".join(sorted(_SHOWN - set(keep)))
    until_the_next = r"\b.*?(?=^# ?%%|\Z)"
    shows = re.compile(rf"^# %% (?:{roles}){until_the_next}", re.MULTILINE | re.DOTALL)
    for stem in stems:
        master = course.master(stem)
        text = master.read_text("utf-8")
        shorter = shows.sub("", text)
        if shorter == text:
            raise CourseError(f"{stem}: found no experiment, demo or look to leave out")
        master.write_text(shorter, "utf-8")
    build(course, list(stems))


def bank(stem: str, home: Course | None = None) -> dict[str, list[Path]]:
    """Return exercise → files of right and wrong answers to it."""
    folder = (home or Course()).root / "tests" / "answers" / stem
    return {
        each.name: sorted(each.glob("*_*.py"))
        for each in sorted(folder.iterdir())
        if each.is_dir() and each.name != "__pycache__"
    }


def deal(stem: str, count: int, *, seed: int = 0) -> dict[str, Answers]:
    """Give each student one answer to every exercise; return student → answers.

    An exercise's answers are dealt in turn, shuffled: with as many students as it has
    answers, each of them is handed in by somebody.

    Args:
        stem: the assignment.
        count: students.
        seed: of the shuffling.
    """
    rng, packs = random.Random(seed), bank(stem)
    for pack in packs.values():
        rng.shuffle(pack)
    return {
        f"student-{number:04d}": {
            name: pack[number % len(pack)] for name, pack in packs.items()
        }
        for number in range(count)
    }


def filled_in(course: Course, stem: str, sources: Mapping[str, str]) -> str:
    """Return the learners' notebook with some answer cells filled in, as text."""
    notebook = json.loads(course.release(stem).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["id"] in sources:
            cell["source"] = sources[cell["id"]]
    return json.dumps(notebook, indent=1)


def hand_in(
    course: Course, stem: str, students: Mapping[str, Answers], *, signed: bool = False
) -> None:
    """Write submissions where nbgrader looks for them.

    Args:
        course: to hand in to.
        stem: the assignment.
        students: as dealt.
        signed: end each answer with its author's name, so that no two are the same.
    """
    for student, answers in students.items():
        sources = {name: path.read_text("utf-8") for name, path in answers.items()}
        if signed:
            sources = {k: f"{v.rstrip()}  # {student}" for k, v in sources.items()}
        folder = course.grading / "submitted" / student / stem
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{stem}.ipynb"
        path.write_text(filled_in(course, stem, sources), encoding="utf-8")
