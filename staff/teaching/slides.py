"""``python -m staff slides [NOTEBOOK …]``: a deck for each notebook, with its numbers.

The deck follows the released notebook as a learner has it who has run all and answered
nothing: story, question, formula, figure, table, claim with its interval, exercise,
quick check, summary. Figures, tables and claims are those of this run, so that every
result on a slide was measured, and no solution can be on one. A deck is one page with
pictures inside; its formulas come from the folder ``mathjax`` beside it. No network.
"""

from __future__ import annotations

import argparse
import html
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from helpers.evidence.claims import Claim
from helpers.files import write_whole
from helpers.study.quick_checks import load_quick_checks
from helpers.study.quizzes import Question
from staff.authoring.masters import read_master
from staff.course import Course
from staff.site.executed import Page, run_all
from staff.site.make import add_formulas
from staff.site.tables import claims_in
from staff.teaching.kit import Lesson, lesson, predictions, taught
from staff.teaching.slides_page import page_of

__all__ = ["Slide", "brief", "deck", "main", "number"]

_WORDS = 60  # of a paragraph on a slide: whole sentences, at least one
_CLAIMS = 2  # on one slide
_ROWS = 8  # of a result table on one slide
_TABLES = 2  # of one experiment; the notebook has the others
_FORMULAS = 2  # of one section
_QUESTIONS = 2  # of the quiz, at the end
_CLOSING = re.compile(
    r"Quiz|Test yourself|Before you go|Pitfalls|Summary|In three lines|References"
    r"|Where your results go|Why\? A question|Nine questions"
)
_LAST = re.compile(r"(?:## Summary|## In three lines|\*\*In three lines\*\*)\n+")
_FOLDED = re.compile(r"<details>.*?</details>", re.S)
_FORMULA = re.compile(r"\$\$(.+?)\$\$", re.S)
_EXERCISE = re.compile(r"### (Exercise .+)")
_TABLE = re.compile(r"<table[^>]*><thead><tr><th[^>]*>Arm</th>.*?</table>", re.S)
_VARIES = re.compile(r"What varies: (.+?)\.?</p>")
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[^a-z\s])")
_NO_PROSE = re.compile(r"[-|#<>`!]|\$\$|\d\.|\*\*[A-Z][^*]*:?\*\*\s*$")


@dataclass(frozen=True)
class Slide:
    """One idea.

    Args:
        kind: "title", "story", "section", "formula", "predict", "figure", "live",
            "table", "claim", "exercise", "check" or "end".
        heading: a line.
        body: HTML.
        foot: a line below: where it is from, what it holds for.
        notes: HTML, for who speaks; may be empty.
    """

    kind: str
    heading: str
    body: str
    foot: str = ""
    notes: str = ""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff slides", description=__doc__)
    parser.add_argument("notebooks", nargs="*", help="such as 02; all of them if none")
    parser.add_argument(
        "--out", type=Path, default=Path("slides"), help="default: slides"
    )
    options = parser.parse_args(arguments)
    course = Course()
    stems = course.choose(options.notebooks or [*taught(course)])
    pages = run_all(course, stems, course.root / ".site-cache")
    options.out.mkdir(parents=True, exist_ok=True)
    if not (options.out / "mathjax").exists():
        add_formulas(options.out / "mathjax")
    for page in pages:
        slides = deck(course, page)
        plan = lesson(read_master(course.master(page.stem)))
        path = options.out / f"{page.stem}.html"
        write_whole(path, page_of(f"{plan.number} · {plan.question}", slides))
        print(f"{path}: {len(slides)} slides", flush=True)
    return 0


def deck(course: Course, page: Page) -> list[Slide]:
    """Return the slides of one notebook.

    Args:
        course: for goals and quick checks.
        page: the released notebook, run.
    """
    plan = lesson(read_master(course.master(page.stem)))
    return [
        *_opening(plan, page.notebook.cells[0].source),
        *_Walk(page).slides(),
        *_closing(page),
    ]


# --- text -------------------------------------------------------------------------


def brief(text: str, words: int = _WORDS) -> str:
    """Return a paragraph's first sentences, at least one, up to a number of words."""
    kept, used = list[str](), 0
    for sentence in _SENTENCE.split(" ".join(text.split())):
        used += len(sentence.split())
        if kept and used > words:
            break
        kept.append(sentence)
    return " ".join(kept)


def number(value: float) -> str:
    """Return a measured number with three digits, as people write it."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    power = math.floor(math.log10(abs(value)))
    if -4 <= power < 6:
        text = f"{value:,.{max(0, 2 - power)}f}"
    else:
        mantissa, exponent = f"{value:.1e}".split("e")
        text = f"{mantissa} · 10<sup>{int(exponent)}</sup>"
    return text.replace("-", "−")


def _html(markdown: str) -> str:
    """Return Markdown as HTML; links stay words, since a deck stands alone."""
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", markdown)
    made = str(markdown2html_mistune(plain))
    return re.sub(r'<a class="anchor-link".*?</a>', "", made)


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs of prose, without lists, tables, formulas and headings."""
    parts = (part.strip() for part in re.split(r"\n\s*\n", _FOLDED.sub("", text)))
    return [part for part in parts if part and not _NO_PROSE.match(part)]


def _opening(plan: Lesson, first: str) -> Iterator[Slide]:
    title = f"Notebook {plan.number}"
    time = f"about {plan.minutes} minutes · {plan.points} points"
    yield Slide("title", plan.question, f"<p>{title}</p>", time)
    story = [
        text
        for text in _paragraphs(first)
        if not text.startswith(("When you", "**You need", "**Before", "**Time"))
    ]
    for text in story[:2]:
        yield Slide("story", plan.question, _html(brief(text)), notes=_html(text))
    goals = "\n".join(f"- {goal}" for goal in plan.goals)
    yield Slide("goals", "Afterwards you can", _html(goals), f"Needs {plan.needs}")


# --- the notebook, cell by cell ---------------------------------------------------


class _Walk:
    """Goes through a notebook and makes slides of what a room should see."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.section = ""
        self.formulas = 0
        self.claims = {claim.id: claim for claim in page.claims}

    def slides(self) -> Iterator[Slide]:
        """Yield the slides, in the notebook's order."""
        code: dict[str, Callable[[nbformat.NotebookNode], Iterator[Slide]]] = {
            "predict": self._predict,
            "figure": self._figure,
            "demo": self._live,
            "results": self._results,
        }
        for cell in self.page.notebook.cells[1:]:
            if cell.cell_type == "markdown":
                yield from self._text(cell.source)
                continue
            role = cell.metadata.get("course", {}).get("role", "code")
            if role in code and not _CLOSING.match(self.section):
                yield from code[role](cell)
            elif match := re.match(r'quick_check\("([\w-]+)"\)', cell.source.strip()):
                yield _question(load_quick_checks()[match[1]])

    def _text(self, source: str) -> Iterator[Slide]:
        for part in re.split(r"^(?=##)", source, flags=re.M):
            if match := _EXERCISE.match(part):
                yield _exercise(match[1], part)
                continue
            if heading := re.match(r"## (.+)", part):
                self.section, self.formulas = re.sub(r"^\d+ · ", "", heading[1]), 0
                if not _CLOSING.match(self.section):
                    yield from self._lead(part)
            if not _CLOSING.match(self.section):
                yield from self._formula(part)

    def _lead(self, part: str) -> Iterator[Slide]:
        prose = _paragraphs(part)
        if prose and not prose[0].endswith(":"):  # what follows is on the next slide
            notes = "".join(map(_html, prose[:3]))
            yield Slide("section", self.section, _html(brief(prose[0])), notes=notes)

    def _formula(self, part: str) -> Iterator[Slide]:
        text = _FOLDED.sub("", part)
        for match in _FORMULA.finditer(text):
            if self.formulas == _FORMULAS:
                return
            self.formulas += 1
            before = text[: match.start()].rstrip().rpartition("\n\n")[2]
            told = "" if _NO_PROSE.match(before) else _SENTENCE.split(before)[-1]
            body = f"$$\n{match[1].strip().rstrip('.,;')}\n$$"
            after = text[match.end() :].strip().partition("\n\n")[0]
            after = "" if _NO_PROSE.match(after) else after
            yield Slide(
                *("formula", self.section),
                _html(f"{' '.join(told.split())}\n\n{body}"),
                notes=_html(f"{before}\n\n{after}"),
            )

    def _predict(self, cell: nbformat.NotebookNode) -> Iterator[Slide]:
        for question, options in predictions(cell.source):
            listed = "\n".join(f"{n}. {option}" for n, option in enumerate(options, 1))
            body = _html(f"{question}\n\n{listed}")
            yield Slide("predict", "Before it runs: what do you expect?", body)

    def _figure(self, cell: nbformat.NotebookNode) -> Iterator[Slide]:
        for picture, alt in _pictures(cell):
            yield Slide("figure", self.section, picture, notes=f"<p>{alt}</p>")

    def _live(self, cell: nbformat.NotebookNode) -> Iterator[Slide]:
        for picture, alt in _pictures(cell):
            told = "Live in the notebook: move the sliders there."
            yield Slide("live", self.section, picture, told, f"<p>{alt}</p>")

    def _results(self, cell: nbformat.NotebookNode) -> Iterator[Slide]:
        shown = "".join(
            str(output.get("data", {}).get("text/html", "")) for output in cell.outputs
        )
        found = _VARIES.search(shown)
        varies = f"What varies: {found[1]}." if found else ""
        for table in _TABLE.findall(shown)[:_TABLES]:
            for part in _small_tables(table):
                yield Slide("table", self.section, part, varies)
        claims = [self.claims[n] for n in claims_in(cell) if n in self.claims]
        for start in range(0, len(claims), _CLAIMS):
            some = claims[start : start + _CLAIMS]
            yield Slide("claim", self.section, "".join(map(_claim, some)), varies)


def _pictures(cell: nbformat.NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield (picture, alternative text) as HTML."""
    for output in cell.outputs:
        if data := output.get("data", {}).get("image/png"):
            alt = output.metadata.get("image/png", {}).get("alt", "")
            told = html.escape(alt, quote=True)
            source = "".join(str(data).split())
            yield f'<img src="data:image/png;base64,{source}" alt="{told}">', told


def _small_tables(table: str) -> Iterator[str]:
    """Yield a table of arms without its styles, in parts of a few rows."""
    plain = re.sub(r"<(t\w+|t[dhr])\b[^>]*>", r"<\1>", table)
    plain = plain.replace("<th>Arm", '<th scope="col">Arm')
    head, _, rest = plain.partition("<tbody>")
    rows = re.findall(r"<tr>.*?</tr>", rest, re.S)
    for start in range(0, len(rows), _ROWS):
        body = "".join(rows[start : start + _ROWS])
        yield f"{head}<tbody>{body}</tbody></table>"


def _claim(claim: Claim) -> str:
    """Return a claim: its sentence, the measured number, and what it holds to."""
    unit = f" {html.escape(claim.unit)}" if claim.unit else ""
    asked = html.escape(claim.condition)
    if claim.n == 1:
        held = f"exact · claimed: {asked}"
    else:
        held = (
            f"{claim.confidence:.0%} interval {number(claim.low)} to "
            f"{number(claim.high)} · {claim.n} seeds · claimed: {asked}"
        )
    return (
        f'<div class="measured">{_html(claim.sentence)}'
        f'<p class="effect"><b>{number(claim.mean)}</b>{unit}</p>'
        f'<p class="held">{held}</p></div>'
    )


def _exercise(title: str, part: str) -> Slide:
    prose = _paragraphs(part)
    given = next((text for text in prose if text.startswith("**Given")), "")
    by_hand = next((text for text in prose if text.startswith("**By hand")), "")
    body = brief(given or (prose[0] if prose else ""))
    name, _, size = title.partition(" (")
    foot = size.rstrip(")")
    return Slide("exercise", name, _html(f"{body}\n\n{brief(by_hand, 45)}"), foot)


def _question(entry: Question) -> Slide:
    """Return a quick check; its answer comes with the next key."""
    answers = entry["answers"]
    listed = "\n".join(f"{n}. {each['answer']}" for n, each in enumerate(answers, 1))
    n, right = next((n, a) for n, a in enumerate(answers, 1) if a["correct"])
    told = _html(f"**{n}.** {brief(right['feedback'], 45)}")
    body = _html(f"{entry['question']}\n\n{listed}")
    return Slide("check", "Quick check", f'{body}<div class="later">{told}</div>')


def _closing(page: Page) -> Iterator[Slide]:
    path = Path("quizzes") / f"{page.stem}.json"
    questions = json.loads((Course().root / "data" / path).read_text("utf-8"))
    single = [
        each
        for each in questions
        if sum(bool(a.get("correct")) for a in each.get("answers", [])) == 1
    ]
    yield from map(_question, single[:_QUESTIONS])
    for cell in page.notebook.cells:
        match = _LAST.search(cell.source) if cell.cell_type == "markdown" else None
        if match:
            lines = cell.source[match.end() :].partition("\n\n")[0]
            yield Slide("end", "To take away", _html(lines))
            return
