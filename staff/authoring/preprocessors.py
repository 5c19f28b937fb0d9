"""What nbgrader does, besides its own steps, to a notebook that it releases."""

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

__all__ = ["GoOnAfterFailures"]


class GoOnAfterFailures(NbGraderPreprocessor):  # type: ignore[misc]  # has no types
    """Let "run all" go on after a check that fails.

    The tag is Jupyter's own. The instructor's notebook goes without it, so that a
    check failing there stops whoever runs it.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Tag the cell if it is graded."""
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata.tags = [*cell.metadata.get("tags", []), "raises-exception"]
        return cell, resources
