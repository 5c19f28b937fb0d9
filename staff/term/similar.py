"""``python -m staff similar ASSIGNMENT``: answers that are alike, side by side.

Only answer cells are compared: given code would make honest work look alike. Nothing is
scored, and nothing is written but one page.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Indel

from staff.course import Course, CourseError
from staff.grader.faults import infra
from staff.grader.pages import clean, cut, page_template
from staff.grader.record import write_text
from staff.term.answers import Class, Folders, any_course, our_course
from staff.term.likeness import Answer, Finding, Kind, Outcome, findings
from staff.term.similar_page import BODY, STYLE

__all__ = ["main", "to_page", "to_text"]

_TEXT = 20_000  # bytes of an answer on the page
_LINES = 400  # of an answer that are compared one by one
_OPEN = 3  # findings of a question that are unfolded
_NAMES = 12
_KINDS = {
    Kind.LETTER: "letter for letter",
    Kind.FORM: "the same but for names, comments or layout",
}
_OUTCOMES = {
    Outcome.SAME_WRONG: "The same wrong answer",
    Outcome.WRONG: "Wrong in different ways",
    Outcome.MIXED: "One right, one wrong",
    Outcome.RIGHT: "Right",
    Outcome.UNKNOWN: "Not graded",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _options(arguments)
    if options.course:
        folders = Folders(
            *(options.course, options.submitted, options.source, options.release),
            options.gradebook,
        )
        name, found = options.name, any_course(folders, options.name)
        page = Path(f"similar_{name}.html")
    else:
        course = Course()
        (name,) = course.choose([options.name])
        found = our_course(course, name, options.folder)
        page = course.grading / "reports" / f"{name}_similar.html"
    if not found.learners:
        raise CourseError(
            f"{name}: there is nothing to compare; expected submissions in "
            "STUDENT/ASSIGNMENT/NOTEBOOK.ipynb"
        )
    page = options.out or page
    alike = compared(found, least=options.least / 100, tokens=options.tokens)
    print(to_text(name, found, alike), end="")
    with infra("writing the page"):
        write_text(page, to_page(name, found, alike, options.most))
    print(f"\nBoth texts side by side: {page}")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m staff similar", description=__doc__)
    add = parser.add_argument
    add("name", help="NN_topic or NN; with --course the assignment's name")
    add("--from", dest="folder", type=Path, metavar="FOLDER", help="downloaded files")
    add("--out", type=Path, metavar="FILE", help="where the page goes")
    add("--least", type=float, default=80, metavar="PERCENT", help="of words in common")
    add("--tokens", type=int, default=20, help="shorter answers tell nothing")
    add("--most", type=int, default=60, help="findings shown for a question")
    other = parser.add_argument_group("another course that nbgrader keeps")
    add = other.add_argument
    add("--course", type=Path, metavar="FOLDER", help="its folder")
    for folder in ("submitted", "source", "release"):
        add(f"--{folder}", default=folder, metavar="NAME", help="a folder in it")
    add("--gradebook", default="gradebook.db", metavar="NAME", help="a file in it")
    options = parser.parse_args(arguments)
    if not 50 <= options.least <= 100:
        parser.error(f"--least: expected 50 to 100 percent, got {options.least:g}")
    return options


def compared(found: Class, *, least: float, tokens: int) -> dict[str, list[Finding]]:
    """Return the findings of each question."""
    return {
        q.name: findings(q, found.answers[q.name], least=least, tokens=tokens)
        for q in found.questions
    }


# --- in words ---------------------------------------------------------------------


def to_text(name: str, found: Class, alike: dict[str, list[Finding]]) -> str:
    """Return the short form, for a terminal."""
    lines = [name, _summary(found), *_notes(found), ""]
    for question in found.questions:
        some = alike[question.name]
        first = [each for each in some if each.outcome is Outcome.SAME_WRONG]
        lines.append(f"{clean(question.title)[:60]}: {_counted(some)}")
        lines += [f"  {clean(_line(each))[:86]}" for each in first[:5]]
    return "\n".join(lines) + "\n"


def _summary(found: Class) -> str:
    answers = sum(map(len, found.answers.values()))
    return (
        f"{_count(found.learners, 'learner')}, {_count(answers, 'answer')} to "
        f"{_count(len(found.questions), 'question')}"
    )


def _notes(found: Class) -> list[str]:
    notes = [f"Not read: {clean(note)[:300]}" for note in found.notes[:20]]
    if len(found.notes) > 20:
        notes.append(f"… and {len(found.notes) - 20} more that were not read")
    if not found.graded:
        notes.append(
            "Nothing is graded yet, so right and wrong answers stand together: grade "
            "first, then run this again."
        )
    return notes


def _counted(some: Sequence[Finding]) -> str:
    if not some:
        return "nothing is alike"
    wrong = sum(each.outcome is Outcome.SAME_WRONG for each in some)
    return f"{_count(len(some), 'finding')}, {wrong} of them the same wrong answer"


def _line(finding: Finding) -> str:
    return f"{_kind(finding)} · {_learners(finding)}"


def _kind(finding: Finding) -> str:
    if finding.kind is not Kind.NEAR:
        return _KINDS[finding.kind]
    whole = sum(len(group.form) for group in finding.groups)
    return f"{finding.changed} of {whole} words differ"


def _learners(finding: Finding) -> str:
    names = finding.learners
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _why(finding: Finding) -> str:
    notes = []
    outcomes = {a.outcome for group in finding.groups for a in group.answers}
    if finding.outcome in (Outcome.SAME_WRONG, Outcome.WRONG, Outcome.MIXED):
        notes.append(f"Judged: {'; '.join(sorted(outcomes))}.")
    if finding.models:
        notes.append("It is the course's own answer, too.")
    if any(group.form.cut for group in finding.groups):
        notes.append(
            "The answers are so long that only their beginnings were compared."
        )
    return " ".join(notes)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


# --- as a page --------------------------------------------------------------------


def to_page(
    name: str, found: Class, alike: dict[str, list[Finding]], most: int = 60
) -> str:
    """Return one page with both texts of each finding; it loads and runs nothing.

    Args:
        most: findings of each question, in order of rank; the others are counted.
    """
    questions = [
        {
            "title": cut(clean(question.title), 400),
            "summary": _counted(alike[question.name]),
            "findings": [
                _shown(each, number < _OPEN and each.outcome is Outcome.SAME_WRONG)
                for number, each in enumerate(alike[question.name][:most])
            ],
            "more": _left(len(alike[question.name]) - most),
        }
        for question in found.questions
    ]
    return page_template(BODY, STYLE).render(
        title=f"Answers that are alike · {name}",
        summary=_summary(found),
        notes=_notes(found),
        questions=questions,
    )


def _left(more: int) -> str:
    return f"{more:,} more are not shown; see --most." if more > 0 else ""


def _shown(finding: Finding, unfolded: bool) -> dict[str, Any]:
    left, right = finding.sides
    texts = [cut(clean(side.text.strip("\n")), _TEXT) for side in (left, right)]
    lines = [text.split("\n") for text in texts]
    marks = _marks(*lines)
    sides = (left, right)
    return {
        "open": unfolded,
        "outcome": _OUTCOMES[finding.outcome],
        "kind": _kind(finding),
        "learners": cut(clean(_learners(finding)), 2000),
        "why": cut(clean(_why(finding)), 2000),
        "sides": [_side(*each) for each in zip(sides, lines, marks, strict=True)],
    }


def _side(answer: Answer, lines: list[str], marks: set[int]) -> dict[str, Any]:
    numbered = [(number in marks, line) for number, line in enumerate(lines)]
    return {"student": clean(answer.student), "lines": numbered}


def _marks(left: list[str], right: list[str]) -> tuple[set[int], set[int]]:
    """Return the numbers of the lines that have no partner on the other side."""
    if max(len(left), len(right)) > _LINES:
        return set(), set()
    plain = [["".join(line.split()) for line in lines] for lines in (left, right)]
    marked: tuple[set[int], set[int]] = (set(), set())
    for tag, a, b, c, d in _changes(*plain):
        if tag != "equal":
            marked[0].update(range(a, b))
            marked[1].update(range(c, d))
    return marked


def _changes(
    left: list[str], right: list[str]
) -> Iterator[tuple[str, int, int, int, int]]:
    for code in Indel.opcodes(left, right):
        yield code.tag, code.src_start, code.src_end, code.dest_start, code.dest_end
