"""Why-questions that a notebook asks in its text, to be answered in writing.

Such a question follows a heading or stands in a paragraph that begins with *Why?*, and
a fold with an answer follows it::

    # ## Why? A question to write down
    #
    # A friend says ... Write two sentences before you open the answer.
    #
    # <details><summary>One answer</summary> ... </details>
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from staff.authoring.masters import Master

__all__ = ["Written", "written"]

_SECTION = re.compile(r"^## (?!Why\?)(.+)$", re.M)
_WHY = re.compile(r"^(?:#+ Why\?.*$|\*\*Why\?\*\* )", re.M)
_FOLD = re.compile(
    r"^<details><summary>(?:One|A model) answer</summary>(.*?)^</details>", re.M | re.S
)


@dataclass(frozen=True)
class Written:
    """One question.

    Args:
        after: the section in which, or after which, it is asked.
        question: what is asked, as one paragraph.
        model: the notebook's own answer, which learners can unfold.
    """

    after: str
    question: str
    model: str


def written(master: Master) -> Iterator[Written]:
    """Yield the questions of a master, in order."""
    section = ""
    for cell in master.cells:
        if cell.role != "markdown":
            continue
        place = 0
        for fold in _FOLD.finditer(cell.source):
            before = cell.source[place : fold.start()]
            section = _last(_SECTION, before) or section
            if asked := [*_WHY.finditer(before)]:
                question = before[asked[-1].end() :]
                yield Written(section, _line(question), _line(fold[1]))
            place = fold.end()
        section = _last(_SECTION, cell.source[place:]) or section


def _last(pattern: re.Pattern[str], text: str) -> str:
    return next(reversed(pattern.findall(text)), "")


def _line(text: str) -> str:
    return " ".join(text.split())
