"""Decks: one idea on each slide, numbers as measured, nothing from a solution."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.evidence.claims import Claim
from staff.authoring.masters import read_master
from staff.course import Course
from staff.site.executed import Page
from staff.site.make import add_formulas
from staff.teaching import slides
from staff.teaching.kit import lesson
from staff.teaching.slides import brief, deck, number
from staff.teaching.slides_page import page_of
from tests.chromium import NEEDS_CHROMIUM, chromium

COURSE = Course()
STEM = "03_l1_l2"
ONE = Claim("l1_l2.x", "It *helps*.", "> 0", 1.23456, 0.5, 1.9, 8, "points", 0.95, "ok")
EXACT = Claim("l1_l2.y", "They agree.", "within 1e-6", 5e-16, 0, 0, 1, "", 0.95, "ok")
DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhf"
    "DwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def code(role, source, **data):
    cell = new_code_cell(source)
    cell.metadata["course"] = {"role": role}
    if data:
        kinds = {"png": "image/png", "html": "text/html"}
        made = {kinds[kind]: text for kind, text in data.items()}
        meta = {"image/png": {"alt": 'A "dot".'}}
        cell.outputs = [new_output("display_data", made, metadata=meta)]
    return cell


TABLE = (
    '<table style="a"><thead><tr><th style="b">Arm</th><th>Mean</th></tr></thead>'
    "<tbody>"
    + "".join(f"<tr><td>arm {n}</td><td>{n}</td></tr>" for n in range(10))
    + "</tbody></table><p>What varies: 8 seeds; one split.</p>"
)


@pytest.fixture(scope="module")
def page():
    first = nbformat.read(COURSE.release(STEM), as_version=4).cells[0]
    text = "## 4 · Why zeros\n\nA story.\n\nThe price is\n\n$$\na < b.\n$$\n\nSo it is."
    hidden = "\n\n<details>$$\nsecret\n$$</details>"
    card = "### Exercise 3.3 · Soft (2 points, ~8 min)\n\n**Given** `w`. **Return** it."
    cells = [
        first,
        new_markdown_cell(text + hidden),
        code("predict", 'predict("03.x", "How many?", ["none", "all"])'),
        code("figure", "plots.show()", png=DOT),
        code("look", "look()", png=DOT),
        code("results", 'claim("l1_l2.x", 1)\nclaim("l1_l2.y", 2)', html=TABLE),
        new_markdown_cell(card),
        code("solution", "def soft():\n    raise NotImplementedError"),
        code("code", 'quick_check("lambda-too-large")'),
        new_markdown_cell("## Summary\n\n1. One.\n2. Two.\n\n## References\n\nnone"),
    ]
    return Page(STEM, new_notebook(cells=cells), [ONE, EXACT])


@pytest.fixture(scope="module")
def made(page):
    return deck(COURSE, page)


def test_the_order_of_ideas(made):
    assert [slide.kind for slide in made] == [
        *("title", "story", "story", "goals", "section", "formula", "predict"),
        *("figure", "table", "table", "claim", "exercise", "check"),
        *("check", "check", "end"),
    ]


def test_numbers_are_the_ledgers(made):
    (claim,) = (slide for slide in made if slide.kind == "claim")
    assert "<b>1.23</b> points" in claim.body
    assert "95% interval 0.500 to 1.90 · 8 seeds · claimed: &gt; 0" in claim.body
    assert "5.0 · 10<sup>−16</sup>" in claim.body
    assert "exact · claimed: within 1e-6" in claim.body
    assert claim.foot == "What varies: 8 seeds; one split."
    assert "<em>helps</em>" in claim.body


def test_tables_are_cut_into_parts_and_lose_their_styles(made):
    tables = [slide.body for slide in made if slide.kind == "table"]
    assert [body.count("<tr>") for body in tables] == [9, 3]
    assert "style=" not in "".join(tables)
    assert "arm 9" in tables[1]


def test_folded_parts_and_what_learners_see_of_their_own_stay_out(made):
    text = " ".join(slide.body for slide in made)
    assert "secret" not in text
    assert text.count("data:image/png") == 1
    assert "NotImplementedError" not in text


def test_a_question_tells_its_answer_later(made):
    check = next(slide for slide in made if slide.kind == "check")
    asked, told = check.body.split('<div class="later">')
    assert asked.count("<li>") >= 3
    assert re.search(r"<strong>\d\.</strong>", told)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (-0.338, "−0.338"),
        (38.54, "38.5"),
        (29.0, "29.0"),
        (12345.6, "12,346"),
        (0.00012345, "0.000123"),
        (2e-13, "2.0 · 10<sup>−13</sup>"),
    ],
)
def test_numbers(value, expected):
    assert number(value) == expected


def test_brief_keeps_whole_sentences():
    assert brief("One two. Three four. Five.", 4) == "One two. Three four."
    assert brief("One two three four five.", 2) == "One two three four five."
    assert brief("See e.g. this one. Then.", 3) == "See e.g. this one."


def test_masters_give_decks_that_hide_their_answers():
    for stem in COURSE.stems()[2::8]:
        notebook = nbformat.read(COURSE.release(stem), as_version=4)
        found = deck(COURSE, Page(stem, notebook, []))
        kinds = {slide.kind for slide in found}
        assert kinds >= {"title", "story", "goals", "formula", "exercise", "end"}
        text = " ".join(slide.body for slide in found)
        for cell in read_master(COURSE.master(stem)).cells:
            for region in cell.regions:
                for line in cell.source.splitlines()[region.begin : region.end - 1]:
                    assert len(line.strip()) < 30 or line.strip() not in text


class TestBrowser:
    pytestmark = NEEDS_CHROMIUM

    def test_a_deck_needs_no_network_and_nothing_overflows(self, made, tmp_path):
        plan = lesson(read_master(COURSE.master(STEM)))
        path = Path(tmp_path) / "deck.html"
        path.write_text(page_of(plan.question, made), encoding="utf-8")
        add_formulas(tmp_path / "mathjax")
        asked = []
        with chromium() as browser:
            page = browser.new_context(offline=True).new_page()
            page.set_default_timeout(300_000)
            page.on("request", lambda request: asked.append(request.url))
            page.goto(path.as_uri())
            page.wait_for_function("document.body.dataset.full !== undefined")
            assert page.evaluate("document.body.dataset.full") == ""
            assert page.locator("mjx-container").count() >= 1
            assert page.locator("mjx-merror").count() == 0
            shown = "[...document.querySelectorAll('.slide.now')].length"
            for _ in made:
                page.keyboard.press("ArrowRight")
                assert page.evaluate(shown) == 1
            page.keyboard.press("End")
            assert page.url.endswith(f"#{len(made)}")
        assert all(url.startswith(("file:", "data:")) for url in asked)


def test_the_command_writes_pages(page, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(slides, "run_all", lambda course, stems, cache: [page])
    monkeypatch.setattr(slides, "add_formulas", lambda target: target.mkdir())
    assert slides.main(["03", "--out", str(tmp_path / "decks")]) == 0
    assert "16 slides" in capsys.readouterr().out
    assert (tmp_path / "decks" / f"{STEM}.html").read_text().count("<section") == 16
