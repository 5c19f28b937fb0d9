"""The course as a mind map: each notebook a link, with how far one has come.

It is HTML with a drawing behind it. Where neither is shown, the same words stand there
as text; on narrow pages the branches stand below each other.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from helpers.words import say

__all__ = ["Branch", "Map", "Node"]

_BRANCH, _NODE, _GAP = (
    1.9,
    3.5,
    1.3,
)  # heights in em: a branch's name, a notebook, space
_SIDE = 37  # width of the branches on each side, in percent
_HUB = 41  # where the middle begins, in percent
_QUIET = "mathjax_ignore tex2jax_ignore"
# Each contrasts by 3 or more with white and with the dark themes' #111 and #1e1e1e.
_COLORS = ("#d55e00", "#3d85c6", "#009e73", "#a569bd", "#a07d00")

_STYLE = """
.course-map { container-type: inline-size; color: inherit; max-width: 60em;
  line-height: 1.35; }
.course-map ul { list-style: none !important; margin: 0 !important;
  padding: 0 !important; }
.course-map .paper { position: relative; height: HEIGHTem; }
.course-map svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.course-map path { fill: none; stroke-width: 2.5; vector-effect: non-scaling-stroke; }
.course-map .hub { position: absolute; left: HUB%; right: HUB%; top: 50%; margin: 0;
  padding: 0 0.6em; box-sizing: border-box;
  transform: translateY(-50%); text-align: center; font-weight: 600;
  overflow-wrap: break-word; }
.course-map .hub span { display: block; font-weight: 400; font-size: 0.85em; }
.course-map .branch { position: absolute; width: SIDE%; margin: 0; }
.course-map .branch > b { display: block; height: BRANCHem; box-sizing: border-box;
  border-bottom: 2.5px solid; padding-top: 0.35em; white-space: nowrap; }
.course-map li li { height: NODEem; margin: 0; padding-top: 0.4em;
  box-sizing: border-box; }
.course-map .node { display: block; box-sizing: border-box; height: 100%;
  border: 1px solid #808080; border-left: 5px solid; border-radius: 4px;
  padding: 0.1em 0.6em; text-decoration: none; overflow: hidden; }
.course-map a.node:hover strong, .course-map a.node:focus strong {
  text-decoration: underline; }
.course-map a.node:focus-visible { outline: 3px solid #3d85c6; outline-offset: 2px; }
.course-map .node > * { color: inherit; display: block; white-space: nowrap; }
.course-map .node span { font-size: 0.85em; }
@container (max-width: 45em) {
  .course-map .paper { height: auto; }
  .course-map svg { display: none; }
  .course-map .hub, .course-map .branch { position: static; transform: none;
    width: auto; text-align: left; margin-bottom: 1em; }
}
"""


@dataclass(frozen=True)
class Node:
    """One notebook.

    Attributes:
        title: "02 · Dropout from scratch".
        link: where it lies, seen from the working folder; "" if it is not there.
        passed, exercises: how many.
        answered, questions: of its quiz.
        next: here one goes on.
    """

    title: str
    link: str
    passed: int
    exercises: int
    answered: int
    questions: int
    next: bool = False

    @property
    def words(self) -> str:
        """Say how far one has come: "2 of 6 exercises, quiz 0 of 8"."""
        done = say(
            "{passed} of {exercises} exercises",
            passed=self.passed,
            exercises=self.exercises,
        )
        return say(
            "{done}, quiz {answered} of {questions}",
            done=done,
            answered=self.answered,
            questions=self.questions,
        )


@dataclass(frozen=True)
class Branch:
    """Notebooks of one idea."""

    name: str
    nodes: tuple[Node, ...]

    @property
    def height(self) -> float:
        """Height in em."""
        return _BRANCH + _NODE * len(self.nodes)


class Map:
    """The branches of a course around its name; shows in a notebook and as text.

    Args:
        name: of the course.
        left, right: branches on each side, from top to bottom.
        note: a sentence that stands below; "" for none.
    """

    def __init__(
        self, name: str, left: Sequence[Branch], right: Sequence[Branch], note: str = ""
    ) -> None:
        self.name, self.left, self.right = name, tuple(left), tuple(right)
        self.note = note

    @property
    def branches(self) -> tuple[Branch, ...]:
        """All branches."""
        return (*self.left, *self.right)

    @property
    def summary(self) -> tuple[str, str]:
        """The whole in two phrases: exercises, and questions of the quizzes."""
        nodes = [node for branch in self.branches for node in branch.nodes]
        passed, exercises = (
            sum(n.passed for n in nodes),
            sum(n.exercises for n in nodes),
        )
        answered = sum(node.answered for node in nodes)
        questions = sum(node.questions for node in nodes)
        return (
            say(
                "{passed} of {exercises} exercises", passed=passed, exercises=exercises
            ),
            say(
                "{answered} of {questions} quiz questions",
                answered=answered,
                questions=questions,
            ),
        )

    def __repr__(self) -> str:
        lines = [f"{self.name}: {', '.join(self.summary)}"]
        for branch in self.branches:
            lines.append(f"  {branch.name}")
            for node in branch.nodes:
                mark = say("  ← next") if node.next else ""
                lines.append(f"    {node.title:<30}{node.words}{mark}")
        return "\n".join([*lines, self.note] if self.note else lines)

    def _repr_html_(self) -> str:
        height = max(map(_height, (self.left, self.right)))
        style = (
            _STYLE.replace("HEIGHT", f"{height:g}")
            .replace("SIDE", f"{_SIDE}")
            .replace("HUB", f"{_HUB}")
            .replace("BRANCH", f"{_BRANCH:g}")
            .replace("NODE", f"{_NODE:g}")
        )
        lines: list[str] = []
        items: list[str] = []
        for side, branches in enumerate((self.left, self.right)):
            top = (height - _height(branches)) / 2
            for branch in branches:
                color = _COLORS[len(items) % len(_COLORS)]
                lines.append(_line(side, top + _BRANCH, height, color))
                items.append(_branch(branch, side, top, color))
                top += branch.height + _GAP
        said = "".join(f"<span>{html.escape(each)}</span>" for each in self.summary)
        return (
            f'<nav class="course-map {_QUIET}" aria-label="{_label()}">'
            f'<style>{style}</style><div class="paper">'
            f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
            f"{''.join(lines)}</svg>"
            f'<p class="hub">{html.escape(self.name)}{said}</p>'
            f"<ul>{''.join(items)}</ul></div>"
            f"{f'<p>{html.escape(self.note)}</p>' if self.note else ''}</nav>"
        )


def _label() -> str:
    return html.escape(say("Map of the course"))


def _height(branches: Sequence[Branch]) -> float:
    return sum(b.height for b in branches) + _GAP * (len(branches) - 1)


def _line(side: int, at: float, height: float, color: str) -> str:
    """Draw the line from the middle of the map to a branch, `at` em from the top."""
    y = 100 * at / height
    begin, bend, end = (
        (_HUB, (_HUB + _SIDE) / 2, _SIDE),
        (100 - _HUB, 100 - (_HUB + _SIDE) / 2, 100 - _SIDE),
    )[side]
    return (
        f'<path d="M {begin:g} 50 C {bend:g} 50 {bend:g} {y:.2f} {end:g} {y:.2f}"'
        f' stroke="{color}"/>'
    )


def _branch(branch: Branch, side: int, top: float, color: str) -> str:
    edge = ("left: 0", "right: 0")[side]
    nodes = "".join(f"<li>{_node(node, color)}</li>" for node in branch.nodes)
    return (
        f'<li class="branch" style="{edge}; top: {top:g}em">'
        f'<b style="border-color: {color}">{html.escape(branch.name)}</b>'
        f"<ul>{nodes}</ul></li>"
    )


def _node(node: Node, color: str) -> str:
    words = html.escape(node.words)
    if not node.link:
        words = html.escape(say("Not in this folder"))
    elif node.next:
        words = f"<b>{html.escape(say('Next:'))}</b> {words}"
    inside = f"<strong>{html.escape(node.title)}</strong><span>{words}</span>"
    share = 100 * node.passed // max(node.exercises, 1)
    bar = f"linear-gradient({color}, {color}) 0 100% / {share}% 4px no-repeat"
    style = f'style="border-left-color: {color}; color: inherit; background: {bar}"'
    if not node.link:
        return f'<span class="node" {style}>{inside}</span>'
    step = ' aria-current="step"' if node.next else ""
    return f'<a class="node" href="{node.link}"{step} {style}>{inside}</a>'
