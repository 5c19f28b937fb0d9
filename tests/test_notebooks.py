"""What every notebook has to keep to, read off its master."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from helpers import checks
from staff.authoring.masters import FOLDED, Cell, Master, read_master

ROOT = Path(__file__).resolve().parent.parent
MASTERS = sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py"))
STEMS = [path.stem for path in MASTERS]
FOLDERS = {
    "checks": ROOT / "helpers/checks/notebooks",
    "answers": ROOT / "tests/answers",
    "quizzes": ROOT / "data/quizzes",
    "flashcards": ROOT / "data/flashcards",
}


@cache
def master(stem: str) -> Master:
    return read_master(ROOT / "solutions" / f"{stem}.py")


def prose(stem: str) -> str:
    return "\n\n".join(c.source for c in master(stem).cells if c.kind == "markdown")


def code(stem: str) -> list[Cell]:
    return [cell for cell in master(stem).cells if cell.kind == "code"]


def calls(stem: str, name: str) -> list[ast.Call]:
    """Return the calls of `name(...)` or `module.name(...)` in all code cells."""
    found = []
    for cell in code(stem):
        for node in ast.walk(ast.parse(cell.text)):
            if isinstance(node, ast.Call):
                called = node.func
                last = getattr(called, "id", getattr(called, "attr", None))
                found += [node] if last == name else []
    return found


def first_texts(stem: str, name: str) -> list[str]:
    """Return the calls' first arguments; in an f-string, x stands for what varies."""
    texts = []
    for call in calls(stem, name):
        parts = getattr(call.args[0], "values", [call.args[0]])
        constant = [p.value if isinstance(p, ast.Constant) else "x" for p in parts]
        texts.append("".join(constant))
    return texts


@pytest.mark.parametrize("folder", FOLDERS)
def test_one_stem_everywhere(folder):
    found = {p.stem for p in FOLDERS[folder].glob("[0-9][0-9]_*")}
    assert found == set(STEMS)


@pytest.mark.parametrize("stem", STEMS)
class TestNotebook:
    def test_opens_with_a_question_goals_and_minutes(self, stem):
        first = master(stem).cells[0]
        title = first.source.splitlines()[0]
        assert title.startswith("# ")
        assert title.endswith("?")
        assert "minutes" in first.source.lower()
        assert re.search("prerequisite|you need|before:", first.source.lower())
        assert len(re.findall(r"^(?:\d\.|-|\*) ", first.source, re.MULTILINE)) >= 3

    def test_length_and_rhythm(self, stem):
        cells = [c for c in master(stem).cells if c.role not in FOLDED]
        exercises = sum(cell.role == "test" for cell in cells)
        most = 91 + 4 * max(0, exercises - 7)  # six are the warm-up and a quick check
        assert 35 <= len(cells) <= most
        runs = [len([*run]) for kind, run in groupby(cells, lambda c: c.kind == "code")]
        kinds = [kind for kind, _ in groupby(cells, lambda c: c.kind == "code")]
        longest = max(n for n, kind in zip(runs, kinds, strict=True) if kind)
        assert longest <= 2

    def test_each_exercise_has_its_card(self, stem):
        module = checks.load(stem)
        cells = master(stem).cells
        points = {c.name: c.points for c in cells if c.role == "test"}
        solutions = [i for i, cell in enumerate(cells) if cell.role == "solution"]
        assert solutions
        for i in solutions:
            name, card = cells[i].name, cells[i - 1]
            number = getattr(module, name).number
            head = re.search(
                rf"^### Exercise {re.escape(number)} · .+ "
                r"\((\d+) points?, ~\d+ min\)$",
                card.source,
                re.MULTILINE,
            )
            assert head, f"{name}: the card's title"
            assert int(head[1]) == points[name]
            assert card.source.count("<details>") == 3, f"{name}: three hints"
            assert card.source.count("</details>") == 3

    def test_each_stub_says_what_to_write(self, stem):
        for cell in code(stem):
            if cell.role == "solution":
                assert '"""' in cell.source, cell.name
                shown = cell.without_regions("raise NotImplementedError")
                assert re.search(r"[Aa]bout \w+ lines?", shown), cell.name
                assert re.search(r">>>|[Ee]xample", shown), cell.name

    def test_each_exercise_is_looked_at_then_tested_twice(self, stem):
        roles = [c.role for c in code(stem) if c.role in ("solution", "look", "test")]
        assert roles == ["solution", "look", "test"] * (len(roles) // 3)
        for cell in code(stem):
            if cell.role == "test":
                assert cell.source.count(f".{cell.name}(") == 2, "visible and hidden"
                assert "seed=" in cell.source.split("BEGIN HIDDEN TESTS")[1]

    def test_experiments_end_in_claims_with_ids_of_their_own(self, stem):
        ids = first_texts(stem, "claim")
        assert len(set(ids)) == len(ids) >= 1
        assert all(re.fullmatch(r"[a-z0-9_-]+\.[a-z0-9-]+", id) for id in ids)
        others = [i for s in STEMS if s != stem for i in first_texts(s, "claim")]
        assert not set(ids) & set(others)
        waiting = False
        for cell in code(stem):
            if cell.role == "experiment":
                waiting = True
            if "claim(" in cell.source:
                waiting = False
        assert not waiting, "the last experiment has no claim"

    def test_predictions_come_before_and_are_recalled(self, stem):
        asked, recalled = first_texts(stem, "predict"), first_texts(stem, "recall")
        assert asked
        assert asked == recalled

    def test_every_figure_has_its_text(self, stem):
        assert not calls(stem, "savefig")
        assert "plt.show" not in "".join(cell.source for cell in code(stem))
        shown = [c for c in calls(stem, "show") if c.args or c.keywords]  # not scenes,
        for call in shown:  # which cannot be made without a text
            keywords = {keyword.arg for keyword in call.keywords}
            assert "alt" in keywords or len(call.args) >= 2

    def test_ends_with_quiz_summary_and_references(self, stem):
        text = prose(stem).lower()
        for heading in ("pitfalls", "summary|three lines", "references", "next"):
            opened = rf"^(#+ .*|\*\*[^*]*)({heading})"
            assert re.search(opened, text, re.MULTILINE), heading
        assert first_texts(stem, "quiz") == [stem]
        assert first_texts(stem, "flashcards") == [stem]
        assert text.rpartition("references")[2].count("http") >= 1

    def test_quiz_explains_every_choice(self, stem):
        questions = json.loads((FOLDERS["quizzes"] / f"{stem}.json").read_text())
        assert len(questions) >= 5
        for question in questions:
            assert all(answer["feedback"].strip() for answer in question["answers"])

    def test_no_html_but_hints_and_no_emoji_headings(self, stem):
        text = re.sub(r"```.*?```|`[^`]*`", "", prose(stem), flags=re.DOTALL)
        tags = set(re.findall(r"<(/?[a-z]+)[ >]", text))
        folded = {"details", "summary", "code", "em"}
        assert {tag.strip("/") for tag in tags} <= folded
        for heading in re.findall(r"^#+ .*$", text, re.MULTILINE):
            assert all(ord(letter) < 0x2190 for letter in heading), heading
