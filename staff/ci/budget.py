"""``python -m staff budget``: how long each notebook runs, and its slowest cell."""

import argparse
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import nbformat

from staff.course import Course
from staff.measured import Table, add_option, record
from staff.runs import execute

__all__ = ["Timing", "main", "read_all", "report", "table_of", "time_of"]

TOTAL = 60.0  # seconds for a notebook, on two slow cores
CELL = 20.0  # seconds for its slowest cell
TOLERANCE = 2.0  # machines are noisy: only beyond this is it an error


@dataclass(frozen=True)
class Timing:
    """How long one executed notebook took.

    Args:
        stem: of the notebook.
        total: seconds from the first cell's start to the last one's end.
        slowest: seconds of the slowest cell.
        cell: that cell's id and first line.
    """

    stem: str
    total: float
    slowest: float
    cell: str

    @property
    def excess(self) -> float:
        """How much of the budget is used; above 1 is too much."""
        return max(self.total / TOTAL, self.slowest / CELL)


def main(arguments: list[str] | None = None) -> int:
    """Run the solution notebooks and print the table; return the exit status."""
    parser = argparse.ArgumentParser("python -m staff budget", description=__doc__)
    parser.add_argument("names", nargs="*", help="NN_topic or NN; all without")
    add_option(parser)
    options, course = parser.parse_args(arguments), Course()
    stems = course.choose(options.names)
    timings = [time_of(execute(course.solution(stem)), stem) for stem in stems]
    if options.record:
        command = "python -m staff budget --record"
        record(course, "budget", command, [table_of(timings)], keys=1)
    return report(timings)


def time_of(notebook: nbformat.NotebookNode, stem: str) -> Timing:
    """Read the times that nbclient wrote into an executed notebook."""
    spans = [(*span, c) for c in notebook.cells if (span := _span(c)) is not None]
    if not spans:
        return Timing(stem, 0.0, 0.0, "no cell has run")
    total = max(end for _, end, _ in spans) - min(start for start, _, _ in spans)
    start, end, cell = max(spans, key=lambda span: span[1] - span[0])
    lines = [line for line in cell.source.split("\n") if line.strip()]
    return Timing(stem, total, end - start, f"{cell.id}: {lines[0].strip()}")


def _span(cell: nbformat.NotebookNode) -> tuple[float, float] | None:
    """Return when a cell began and ended, in seconds, or None if it never ran."""
    times = cell.metadata.get("execution", {})
    begin = times.get("iopub.execute_input") or times.get("iopub.status.busy")
    end = times.get("shell.execute_reply") or times.get("iopub.status.idle")
    if not begin or not end:
        return None
    return datetime.fromisoformat(begin).timestamp(), datetime.fromisoformat(
        end
    ).timestamp()


def report(timings: list[Timing]) -> int:
    """Print the table; return 1 if a notebook is far beyond its budget."""
    width = max([len(t.stem) for t in timings] + [8])
    print(f"Budget: {TOTAL:.0f} s a notebook, {CELL:.0f} s a cell (two slow cores)\n")
    print(f"{'notebook':<{width}}  total s  slowest s  slowest cell")
    for t in timings:
        print(f"{t.stem:<{width}}  {t.total:7.1f}  {t.slowest:9.1f}  {t.cell[:60]}")
    print()
    for t in timings:
        if t.excess > TOLERANCE:
            print(f"error: {t.stem} needs {t.excess:.1f} times its budget")
        elif t.excess > 1:
            print(f"warning: {t.stem} needs {t.excess:.1f} times its budget")
    return int(any(t.excess > TOLERANCE for t in timings))


def table_of(timings: list[Timing]) -> Table:
    """Return the table as the docs show it, each row with its day."""
    today = date.today().isoformat()
    rows = [
        [
            t.stem,
            f"{t.total:.0f}",
            f"{t.slowest:.0f}",
            f"`{t.cell.split(':')[0]}`",
            today,
        ]
        for t in timings
    ]
    return Table(["Notebook", "Seconds", "Slowest cell", "It is", "Measured on"], rows)


def read_all(folder: Path) -> list[Timing]:
    """Return the times of all executed notebooks below a folder."""
    paths = sorted(folder.rglob("*.ipynb"))
    return [time_of(nbformat.read(path, as_version=4), path.stem) for path in paths]
