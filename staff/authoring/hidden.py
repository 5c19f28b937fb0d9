"""The hidden part of tests: where it stands, and whether a build changes it."""

import json
import re
from pathlib import Path

__all__ = ["changed", "halves"]

_HIDDEN = re.compile(
    r"^[ \t]*#+[ \t]*BEGIN HIDDEN TESTS[ \t]*\n(.*?)"
    r"^[ \t]*#+[ \t]*END HIDDEN TESTS[ \t]*$\n?",
    re.M | re.S,
)


def halves(source: str) -> tuple[str, str]:
    """Return the visible and the hidden part of a test's source."""
    return _HIDDEN.sub("", source), "".join(_HIDDEN.findall(source))


def changed(old: Path, new: Path) -> list[str]:
    """Return the exercises whose hidden tests differ between two notebooks.

    Args:
        old: the instructor's notebook as it was built last; it need not be there.
        new: the instructor's notebook.
    """
    before, after = _tests(old), _tests(new)
    return [name for name in after if before.get(name, after[name]) != after[name]]


def _tests(path: Path) -> dict[str, str]:
    """Return exercise → hidden part of its test; nothing of what is no notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        marks = [(cell["metadata"].get("nbgrader", {}), cell) for cell in cells]
        return {
            mark["grade_id"].removeprefix("test_"): halves("".join(cell["source"]))[1]
            for mark, cell in marks
            if mark.get("grade")
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
