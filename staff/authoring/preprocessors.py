"""What nbgrader does, besides its own steps, to a notebook that it releases."""

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

__all__ = ["GoOnAfterFailures"]


class GoOnAfterFailures(NbGraderPreprocessor):
    """Let "run all" go on after a check that fails.

    The tag is Jupyter's own. The instructor's notebook goes without it, so that a
    check failing there stops whoever runs it.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        """Tag the cell if it is graded."""
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata.tags = [*cell.metadata.get("tags", []), "raises-exception"]
        return cell, resources
