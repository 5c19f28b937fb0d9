"""Which exercises are done: a record beside the notebooks, a table, a map, a page.

The record is the learner's own and is never used for grading. It is off where
notebooks are graded, tested, or belong to the instructor.
"""

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files import write_whole
from helpers.study import _store as store
from helpers.study import answers, certificates, titles
from helpers.study._map import Branch, Map, Node
from helpers.study.quizzes import load_quiz
from helpers.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Branch",
    "Map",
    "Node",
    "Notebook",
    "Table",
    "certificate",
    "chart",
    "course_map",
    "record",
    "table",
]

# What the notebooks have in common; on the left and on the right of the map.
_LEFT = {
    say("See the gap"): ("00_start_here", "01_bias_variance"),
    say("Let units drop out"): (
        *("02_dropout_from_scratch", "06_stochastic_depth", "09_mc_dropout"),
        "11_sequences",
    ),
}
_RIGHT = {
    say("Normalize"): ("10_normalization",),
    say("Keep the weights small"): ("03_l1_l2", "04_adamw"),
    say("Stop in time"): ("05_early_stopping",),
    say("Soften the targets"): ("07_mixup_cutmix", "08_distillation"),
    say("Put it together"): ("12_regularization_strategy",),
}


@dataclass(frozen=True)
class Notebook:
    """One notebook's exercises.

    Attributes:
        stem: file name without ending, e.g. "02_dropout_from_scratch".
        exercises: name → number on the card, e.g. {"inverted_dropout": "2.2"}.
        passed: name → when its check first passed (ISO date and time).
    """

    stem: str
    exercises: dict[str, str]
    passed: dict[str, str]

    @property
    def title(self) -> str:
        """The stem in words: "02 · Dropout from scratch"."""
        return titles.title(self.stem)

    @property
    def open(self) -> list[str]:
        """What is still to do, e.g. ["2.2 inverted_dropout"]."""
        items = self.exercises.items()
        return [f"{number} {name}" for name, number in items if name not in self.passed]


class Table(list[Notebook]):
    """Progress by notebook; shows as a table in a notebook and as text elsewhere."""

    note: str = ""

    def __repr__(self) -> str:
        lines = [f"{b.title:<32}{_bar(b)}  {_count(b)}" for b in self]
        return "\n".join([*lines, self.summary()])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{html.escape(b.title)}</td>"
            f"<td>{_count(b)}</td>"
            f"<td style='text-align:left'>{html.escape(', '.join(b.open)) or '✓'}</td>"
            "</tr>"
            for b in self
        )
        heads = (say("Notebook"), say("Done"), say("Still open"))
        head = f"<tr>{''.join(f'<th>{html.escape(each)}</th>' for each in heads)}</tr>"
        summary = html.escape(self.summary())
        return f"<table>{head}{rows}</table><p>{summary}</p>"

    def summary(self) -> str:
        """Say the whole in one sentence; it serves as the chart's text alternative."""
        done = sum(len(b.passed) for b in self)
        total = sum(len(b.exercises) for b in self)
        return say(
            "{done} of {total} exercises done.{note}",
            done=done,
            total=total,
            note=self.note,
        )


def record(notebook: str, exercise: str) -> None:
    """Note that an exercise's check passed; the first time counts.

    Args:
        notebook: the notebook's stem, e.g. "02_dropout_from_scratch".
        exercise: the exercise's name, e.g. "inverted_dropout".
    """
    now = store.now()

    def enter(data: dict[str, Any]) -> None:
        data["passed"].setdefault(notebook, {}).setdefault(exercise, now)

    store.update(enter)


def table() -> Table:
    """Return the state of every notebook of the course."""
    off = store.reason_off()
    recorded = store.section("passed")
    result = Table()
    for stem, listed in titles.catalogue().items():
        exercises = {name: card["number"] for name, card in listed.items()}
        entries = recorded.get(stem, {})
        passed = {name: str(entries[name]) for name in exercises if name in entries}
        result.append(Notebook(stem, exercises, passed))
    result.note = say(" Nothing is recorded here: {off}.", off=off) if off else ""
    return result


def course_map() -> Map:
    """Return the course as a mind map, with how far one has come in each notebook."""
    listed = table()
    books = {book.stem: book for book in listed}
    begun = [book for book in books.values() if book.open]
    onward = begun[0].stem if begun else ""
    quizzes = {stem: _quiz(stem) for stem in books}

    def node(stem: str) -> Node:
        book, (answered, questions) = books[stem], quizzes[stem]
        exercises = len(book.passed), len(book.exercises)
        where = titles.here(stem)
        return Node(
            book.title, where, *exercises, answered, questions, next=stem == onward
        )

    def side(branches: dict[str, tuple[str, ...]]) -> list[Branch]:
        return [Branch(name, tuple(map(node, s))) for name, s in branches.items()]

    name = say("Neural-network regularization")
    return Map(name, side(_LEFT), side(_RIGHT), listed.note.strip())


def _quiz(stem: str) -> tuple[int, int]:
    """Return how many questions of a notebook's quiz are answered, and how many it has.

    Answers to older questions do not count more than there are questions now.
    """
    total = len(load_quiz(stem))
    return min(answers.count(f"quiz/{stem}/").answered, total), total


def chart(*, ax: "Axes | None" = None) -> "Axes":
    """Draw one bar per notebook: exercises done, and those still open."""
    import matplotlib.pyplot as plt

    books = table()
    if ax is None:
        ax = plt.subplots(figsize=(6, 1.6 + 0.4 * len(books)), layout="constrained")[1]
    names = [b.title for b in books]
    done = [len(b.passed) for b in books]
    total = [len(b.exercises) for b in books]
    ax.barh(names, total, color="#bbbbbb", label=say("all"))
    ax.barh(names, done, color="#0072B2", label=say("done"))
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.locator_params(axis="x", integer=True)
    ax.set(xlabel=say("exercises (number)"), title=books.summary().split(".")[0])
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def certificate(name: str) -> Path | None:
    """Write a page to print, once every exercise is done; else say what is open.

    Args:
        name: the learner's name, as it should stand on the page.

    Returns:
        The page (certificate.html beside the record), or None if it is too early.

    Raises:
        ValueError: the name is empty.
    """
    if not str(name).strip():
        raise ValueError(say("certificate: expected your name, got an empty text."))
    books = table()
    left = [b for b in books if b.open]
    if left or not books:
        print(
            say("Not yet: {summary}", summary=books.summary())
            + (say(" Still open:") if left else "")
        )
        for b in left:
            print(f"  {b.title}: {', '.join(b.open)}")
        return None
    parts = [certificates.Part(b.title, b.exercises, b.passed) for b in books]
    path = store.kept() / "certificate.html"
    page = certificates.self_made(str(name).strip(), parts)
    try:
        write_whole(path, page)
    except OSError as error:
        print(
            say(
                "The certificate could not be written to {path}: {strerror}.",
                path=path,
                strerror=error.strerror,
            )
        )
        return None
    print(
        say(
            "Congratulations! Open {name} in your browser and print it: {path}",
            name=path.name,
            path=path,
        )
    )
    return path


def _count(book: Notebook) -> str:
    return say(
        "{n_passed} of {n_exercises}",
        n_passed=len(book.passed),
        n_exercises=len(book.exercises),
    )


def _bar(book: Notebook) -> str:
    done, total = len(book.passed), len(book.exercises)
    return "■" * done + "□" * (total - done)
