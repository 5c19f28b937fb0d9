"""Run released notebooks for the site, and keep what they gave until they change."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from helpers.evidence.claims import Claim, read_ledger
from helpers.evidence.experiments import Experiment, read_experiments
from staff.course import Course, CourseError
from staff.runs import error_of, execute

__all__ = ["Page", "run_all"]

_READS = ("helpers", "data", "requirements.lock")  # what a notebook's outputs hang on

_LIKE_A_LEARNER = {
    "NBGRADER_EXECUTION": "",
    "COURSE_HEADLESS": "0",  # results stay folded until one has predicted them
    "OMP_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Page:
    """A notebook as a learner would leave it who has run all and answered nothing.

    Args:
        stem: its name.
        notebook: with outputs.
        claims: what it has measured, in order.
        experiments: on which these rest.
    """

    stem: str
    notebook: nbformat.NotebookNode
    claims: list[Claim]
    experiments: list[Experiment] = field(default_factory=list)

    def experiment(self, claim: str) -> Experiment | None:
        """Return the experiment of a claim; None if it stands in no table."""
        return next((each for each in self.experiments if claim in each.claims), None)


def run_all(course: Course, stems: Iterable[str], cache: Path) -> list[Page]:
    """Run releases, one for each core; what has not changed comes from the cache.

    Args:
        course: whose ``notebooks/`` are run.
        stems: which of them.
        cache: a folder; made if it is not there.

    Raises:
        CourseError: a cell failed, or a claim did not hold.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(lambda stem: _run(course, stem, cache), stems))


def _run(course: Course, stem: str, cache: Path) -> Page:
    path = course.release(stem)
    kept = cache / f"{stem}-{_key(course, path)}.ipynb"
    ledger = kept.with_suffix(".claims.jsonl")
    if not kept.exists():
        ledger.unlink(missing_ok=True)
        notebook = execute(path, COURSE_LEDGER=str(ledger), **_LIKE_A_LEARNER)
        for cell in notebook.cells:
            if error := error_of(cell):
                raise CourseError(f"{stem}, cell {cell.id} fails:\n{error[1]}")
        nbformat.write(notebook, kept)
        print(f"{stem}: run", flush=True)
    notebook = nbformat.read(kept, as_version=4)
    return Page(stem, notebook, read_ledger(ledger), read_experiments(ledger))


def _key(course: Course, path: Path) -> str:
    total = hashlib.sha256(path.read_bytes() + repr(_LIKE_A_LEARNER).encode())
    for place in (course.root / name for name in _READS):
        inside = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in inside:
            if file.is_file() and "__pycache__" not in file.parts:
                name = file.relative_to(course.root).as_posix()
                total.update(name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]
