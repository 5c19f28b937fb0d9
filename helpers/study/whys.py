"""After an exercise: why it is so, and how it can be written.

Each exercise has one *why?* with a model answer (``data/whys``). The solution itself is
no part of this package. It is read from the instructor's notebooks, where the course
lies as a whole; where learners only have `notebooks` and `helpers`, there is none.
"""

import json
import os
import re
from pathlib import Path
from typing import TypedDict

from helpers.data import data_folder
from helpers.study import _store as store
from helpers.words import say

__all__ = ["Why", "closed", "load_whys", "solution"]

SWITCH = "COURSE_SOLUTIONS"
_REGION = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)


class Why(TypedDict):
    """What is said after an exercise, as plain text with `code`.

    `question` asks why, `answer` is a model answer, `solution` explains the solution.
    """

    question: str
    answer: str
    solution: str


def load_whys(stem: str) -> dict[str, Why]:
    """Return exercise → why, from data/whys/STEM.json; empty without such a file.

    A notebook of somebody's own, made with these checks, need not have one.
    """
    path = data_folder() / "whys" / f"{stem}.json"
    if not path.is_file():
        return {}
    found: dict[str, Why] = json.loads(path.read_text("utf-8"))
    return found


def solution(stem: str, exercise: str) -> str | None:
    """Return the code of a solution; None where it must stay closed, or is not there.

    Where solutions are shown is said at `closed`.
    """
    path = _home() / "solutions" / stem / f"{stem}.ipynb"
    if closed() or not path.is_file():
        return None
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return None
    for cell in cells:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == exercise:
            return _REGION.sub("", "".join(cell["source"])).rstrip()
    return None


def closed() -> str | None:
    """Return why solutions are not shown here, or None if they may be.

    COURSE_SOLUTIONS=on or off in the environment settles it. Without, they stay closed
    where something is graded: nothing is recorded (see `_store.reason_off`), Jupyter's
    settings hold an nbgrader_config (a class), or the course has a gradebook.
    """
    switch = os.environ.get(SWITCH, "").lower()
    if reason := store.reason_off():
        return reason
    if switch == "off":
        return say("{switch} is off", switch=SWITCH)
    if switch == "on":
        return None
    if (_home() / "grading" / "gradebook.db").exists():
        return say("this course has a gradebook")
    if _class_settings():
        return say("Jupyter is set up for a graded class (nbgrader_config)")
    return None


def _home() -> Path:
    """Return the folder in which the course lies as a whole, if it does."""
    return Path(__file__).resolve().parents[2]


def _class_settings() -> list[Path]:
    from jupyter_core.paths import jupyter_config_path

    names = ("nbgrader_config.py", "nbgrader_config.json")
    places = [Path(folder) / name for folder in jupyter_config_path() for name in names]
    return [place for place in places if place.exists()]
