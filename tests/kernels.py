"""A warm Jupyter kernel that runs cells of released notebooks one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel

from staff.runs import strict_environment

__all__ = ["Notebook", "Result", "WarmKernel"]

ROOT = Path(__file__).resolve().parent.parent
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Result:
    """What running one cell gave: its text output and, if it failed, the error."""

    output: str = ""
    error: str | None = None

    @property
    def passed(self) -> bool:
        return self.error is None


class WarmKernel:
    """A kernel that is started once and keeps torch loaded."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(
            kernel_name="python3", env=strict_environment(), cwd=str(ROOT / "tests")
        )

    def run(self, source: str, *, timeout: float = 120) -> Result:
        """Execute one cell; errors are part of the result."""
        result = Result()

        def collect(message: dict) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                result.output += content["text"]
            elif message["msg_type"] == "error":
                result.error = _ANSI.sub("", "\n".join(content["traceback"]))

        self.client.execute_interactive(
            source, timeout=timeout, output_hook=collect, store_history=False
        )
        return result

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


class Notebook:
    """A notebook's graded cells: the release's stubs, the instructor's tests.

    Args:
        stem: e.g. "02_dropout_from_scratch".
    """

    def __init__(self, stem: str) -> None:
        self.stem = stem
        release = self._read("notebooks")
        master = self._read("solutions")
        self.setup = next(c.source for c in release if self._role(c) == "setup")
        self.stubs = self._graded(release, "solution")
        self.visible = self._graded(release, "grade")
        self.solutions = self._graded(master, "solution")
        self.tests = self._graded(master, "grade")
        self.points = {
            cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
            for cell in master
            if cell.metadata.get("nbgrader", {}).get("grade")
        }

    def _read(self, folder: str) -> list[nbformat.NotebookNode]:
        path = ROOT / folder / self.stem / f"{self.stem}.ipynb"
        return nbformat.read(path, as_version=4).cells

    @staticmethod
    def _role(cell: nbformat.NotebookNode) -> str | None:
        return cell.metadata.get("course", {}).get("role")

    @staticmethod
    def _graded(cells: list[nbformat.NotebookNode], kind: str) -> dict[str, str]:
        return {
            cell.metadata.nbgrader.grade_id: cell.source
            for cell in cells
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get(kind)
        }

    def grade(self, kernel: WarmKernel, answers: dict[str, str]) -> dict[str, Result]:
        """Run each answer, then the instructor's test of the same exercise.

        Returns:
            exercise name → result of its test cell.
        """
        kernel.run("%reset -f")
        started = kernel.run(self.setup)
        assert started.passed, started.error
        results = {}
        for name, source in answers.items():
            kernel.run(source)
            results[name] = kernel.run(self.tests[f"test_{name}"])
        return results

    def score(self, results: dict[str, Result]) -> float:
        """Add up the points of the tests that passed."""
        return sum(self.points[f"test_{n}"] for n, r in results.items() if r.passed)
