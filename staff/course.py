"""Where everything stands: the folders of the course, and the names in them."""

import re
from dataclasses import dataclass
from pathlib import Path

from staff.environment import child_environment

__all__ = ["Course", "CourseError", "child_environment"]

_STEM = re.compile(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*")
_HOME = Path(__file__).resolve().parents[1]


class CourseError(Exception):
    """Something in the course is not as it should be; the message says what to do."""


@dataclass(frozen=True)
class Course:
    """The folders of one course.

    Args:
        root: folder that holds ``solutions/`` and ``notebooks/``.
    """

    root: Path = _HOME

    @property
    def solutions(self) -> Path:
        """Folder of the masters and the instructor's notebooks."""
        return self.root / "solutions"

    @property
    def notebooks(self) -> Path:
        """Folder of the notebooks that learners open."""
        return self.root / "notebooks"

    @property
    def grading(self) -> Path:
        """Folder of submissions, grades and feedback; git does not see it."""
        return self.root / "grading"

    @property
    def catalogue(self) -> Path:
        """The built list of all exercises."""
        return self.root / "data" / "exercises.json"

    def master(self, stem: str) -> Path:
        """Return the one notebook text that a person edits."""
        return self.solutions / f"{stem}.py"

    def solution(self, stem: str) -> Path:
        """Return the instructor's built notebook."""
        return self.solutions / stem / f"{stem}.ipynb"

    def release(self, stem: str) -> Path:
        """Return the learner's built notebook."""
        return self.notebooks / stem / f"{stem}.ipynb"

    def stems(self) -> list[str]:
        """Return the names of all masters, in order.

        Raises:
            CourseError: a file in ``solutions/`` is not called ``NN_topic.py``.
        """
        names = sorted(path.stem for path in self.solutions.glob("*.py"))
        for name in names:
            if not _STEM.fullmatch(name):
                raise CourseError(
                    f"solutions/{name}.py: a master is called NN_topic.py, two digits "
                    "and lower-case words joined by underscores; please rename it"
                )
        return names

    def choose(self, names: list[str]) -> list[str]:
        """Return the stems meant by names: full ones, or the number alone.

        Args:
            names: such as ``02_dropout_from_scratch``, ``02`` or the master's path;
                empty means all.

        Raises:
            CourseError: a name fits no master, or several.
        """
        stems = self.stems()
        return [_choose_one(name, stems) for name in names] if names else stems


def _choose_one(name: str, stems: list[str]) -> str:
    wanted = Path(name).stem
    found = [s for s in stems if s == wanted] or [
        s for s in stems if s.startswith(f"{wanted}_")
    ]
    if len(found) == 1:
        return found[0]
    raise CourseError(
        f"{name}: expected the name of one master, found {len(found)}; "
        f"there are: {', '.join(stems) or 'none in solutions/'}"
    )
