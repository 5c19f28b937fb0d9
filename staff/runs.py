"""Run notebooks as a learner's machine would, in copies that nobody keeps."""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from staff.course import Course, CourseError, child_environment

__all__ = [
    "error_of",
    "execute",
    "prove_pair",
    "strict_environment",
    "untouched_problems",
]

_STRICT = {
    "COURSE_STRICT": "1",  # a claim that does not hold stops the notebook
    "COURSE_HEADLESS": "1",  # predictions ask nobody, bars stay away
    "COURSE_PROGRESS": "off",
    "NBGRADER_EXECUTION": "validate",  # an open exercise fails, as where it is graded
    "COURSE_SEEDS": "0",  # the course's own, whatever the caller's terminal has set
}
_TIMEOUT = 600  # seconds for one cell
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def strict_environment(**changes: str) -> dict[str, str]:
    """Return the environment in which CI runs notebooks; `changes` have the last word.

    Helpers are importable in it.
    """
    ours = {**_STRICT, "PYTHONPATH": str(Course().root)}
    return child_environment(**{**ours, **changes})


def execute(path: Path, **changes: str) -> nbformat.NotebookNode:
    """Run every cell of a notebook in a copy; errors become outputs.

    Args:
        path: the notebook; it is not changed.
        changes: environment variables on top of `strict_environment`.

    Returns:
        The executed notebook, each cell with its times in ``metadata.execution``.
    """
    notebook = nbformat.read(path, as_version=4)
    folder = tempfile.mkdtemp(prefix="course-run-")
    client = NotebookClient(
        notebook,
        timeout=_TIMEOUT,
        kernel_name="python3",
        allow_errors=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": folder}},
    )
    try:
        # A loop of its own, closed with it: threads call this, too.
        return asyncio.run(client.async_execute(env=strict_environment(**changes)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def error_of(cell: nbformat.NotebookNode) -> tuple[str, str] | None:
    """Return (name of the exception, text as shown) of a cell that failed."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return output.ename, _ANSI.sub("", "\n".join(output.traceback))
    return None


def untouched_problems(notebook: nbformat.NotebookNode) -> list[str]:
    """Return what is wrong with an executed learners' notebook; empty if nothing.

    Every check must say in one friendly line that its exercise is not attempted, and
    no other cell may fail.
    """
    problems = []
    for cell in notebook.cells:
        role = cell.metadata.get("course", {}).get("role", cell.cell_type)
        error = error_of(cell)
        if role == "test":
            problems += _unfriendly(cell, error)
        elif error is not None:
            problems.append(f"{role} cell {cell.id} fails:\n{_head(cell)}\n{error[1]}")
    return problems


def _unfriendly(
    cell: nbformat.NotebookNode, error: tuple[str, str] | None
) -> list[str]:
    if error is None:
        return [f"{cell.id}: the check passes though nobody has answered"]
    name = cell.id.removeprefix("test_")
    one_line = rf"○ [^\n]*\b{re.escape(name)}: not attempted yet\.[^\n]*"
    if error[0] == "NotAttempted" and re.fullmatch(one_line, error[1].strip()):
        return []
    return [f"{cell.id}: expected one line 'not attempted yet', found\n{error[1]}"]


def _head(cell: nbformat.NotebookNode) -> str:
    return "\n".join(f"    {line}" for line in cell.source.split("\n")[:4])


def prove_pair(course: Course, stem: str) -> None:
    """Run both notebooks of a build: every stub fails, every solution passes.

    Raises:
        CourseError: with the cells that say otherwise.
    """
    solution = execute(course.solution(stem))
    problems = [
        f"solution, cell {cell.id}: {error[1]}"
        for cell in solution.cells
        if (error := error_of(cell)) is not None
    ]
    release = execute(course.release(stem))
    problems += [
        f"release, {cell.id}: the check passes though nobody has answered"
        for cell in release.cells
        if cell.id.startswith("test_") and error_of(cell) is None
    ]
    if problems:
        raise CourseError(f"{stem}: not proven\n" + "\n".join(problems))
