"""The map of the course: every notebook once, links that lead somewhere, progress."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from helpers.study import _store as store
from helpers.study import progress, titles
from helpers.study._map import Branch, Map, Node
from tests.chromium import NEEDS_CHROMIUM

STEMS = list(titles.catalogue())
QUIZZES = Path(__file__).resolve().parents[3] / "data" / "quizzes"


def quiz_questions(stem):
    return json.loads((QUIZZES / f"{stem}.json").read_text("utf-8"))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A learner's folder with two of the notebooks, seen from the first."""
    for variable in ("CI", "NBGRADER_EXECUTION", "COURSE_PROGRESS"):
        monkeypatch.delenv(variable, raising=False)
    for stem in STEMS[:2]:
        (tmp_path / stem).mkdir()
        (tmp_path / stem / f"{stem}.ipynb").touch()
    monkeypatch.chdir(tmp_path / STEMS[0])
    return tmp_path


class Links(HTMLParser):
    """Collects the links of a page, and what each holds."""

    def __init__(self, text):
        super().__init__()
        self.found, self.inside = [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.inside = [dict(attributes)["href"], ""]
            self.found.append(self.inside)

    def handle_endtag(self, tag):
        if tag == "a":
            self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.inside[1] += data


def links():
    return Links(progress.course_map()._repr_html_()).found


def answer(stem, count):
    entries = {f"quiz/{stem}/{k}": {"picks": [0], "right": True} for k in range(count)}
    store.update(lambda data: data["answers"].update(entries))


def test_every_notebook_stands_on_it_once_and_in_words_too():
    shown = progress.course_map()
    listed = [node.title for branch in shown.branches for node in branch.nodes]
    assert sorted(listed) == [titles.title(stem) for stem in STEMS]
    for text in (repr(shown), shown._repr_html_()):
        assert all(text.count(title) == 1 for title in listed)


def test_it_links_to_the_notebooks_that_are_there_and_to_no_other(root):
    found = links()
    assert [href for href, _ in found] == [titles.link(stem) for stem in STEMS[:2]]
    assert all((root / STEMS[0] / href).is_file() for href, _ in found)
    said = progress.course_map()._repr_html_()
    assert said.count("Not in this folder") == len(STEMS) - 2


def test_notebooks_that_lie_beside_each_other_are_found(root, monkeypatch):
    (root / f"{STEMS[3]}.ipynb").touch()
    monkeypatch.chdir(root)
    assert [href for href, _ in links()] == [f"{STEMS[3]}.ipynb"]


def test_progress_is_on_it(root):
    books = titles.catalogue()
    own, asked = len(books[STEMS[0]]), len(quiz_questions(STEMS[0]))
    before = repr(progress.course_map())
    assert f"0 of {own} exercises, quiz 0 of {asked}  ← next" in before
    for exercise in books[STEMS[0]]:
        progress.record(STEMS[0], exercise)
    progress.record(STEMS[1], "ridge_fit")
    answer(STEMS[0], 4)
    (first, second) = links()
    assert f"{own} of {own} exercises, quiz 4 of {asked}" in first[1]
    assert f"Next: 1 of {len(books[STEMS[1]])} exercises" in second[1]
    total = sum(len(listed) for listed in books.values())
    assert f"{own + 1} of {total} exercises, 4 of " in repr(progress.course_map())


def test_answers_to_older_questions_do_not_count_beyond_the_quiz(root):
    answer(STEMS[0], 50)
    asked = len(quiz_questions(STEMS[0]))
    assert f"quiz {asked} of {asked}" in repr(progress.course_map())


def test_nothing_is_left_to_go_on_with_when_all_is_done(root):
    for book in progress.table():
        for name in book.exercises:
            progress.record(book.stem, name)
    assert "next" not in repr(progress.course_map())
    assert "aria-current" not in progress.course_map()._repr_html_()


def test_it_says_where_nothing_is_recorded(monkeypatch):
    monkeypatch.setenv("CI", "1")
    for text in (repr(progress.course_map()), progress.course_map()._repr_html_()):
        assert "Nothing is recorded here: this is an automatic test (CI)." in text


def test_names_are_escaped():
    node = Node("<b>", "x.ipynb", 0, 1, 0, 1)
    page = Map("a & b", [Branch("<i>", (node,))], [])._repr_html_()
    assert "a &amp; b" in page
    assert "&lt;b&gt;" in page
    assert "&lt;i&gt;" in page


# --- as it looks -------------------------------------------------------------------

MEASURE = """() => {
  const box = node => node.getBoundingClientRect();
  const shown = [...document.querySelectorAll('.node, .branch > b, .hub')];
  const apart = (a, b) => a.right <= b.left || b.right <= a.left
      || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
  return {
    sideways: document.documentElement.scrollWidth > innerWidth,
    cut: shown.filter(n => [n, ...n.children].some(
        c => c.scrollWidth > c.clientWidth + 1 && c.clientWidth)).length,
    bullets: [...document.querySelectorAll('li')].filter(
        n => getComputedStyle(n).listStyleType !== 'none').length,
    overlaps: shown.filter((a, i) => shown.some(
        (b, k) => k > i && !apart(box(a), box(b)))).length,
  };
}"""


def page_of(browser, scheme, width):
    ink, paper = {"light": ("#111", "#fff"), "dark": ("#eee", "#111")}[scheme]
    page = browser.new_page(viewport={"width": width, "height": 700})
    style = f"color: {ink}; background: {paper}; font: 14px sans-serif"
    shown = progress.course_map()._repr_html_()
    host = "<style>.host ul ul { list-style: square; padding-left: 2em }</style>"
    shown = f"{host}<div class='host'>{shown}</div>"  # as JupyterLab has it
    page.set_content(f"<!doctype html><body style='{style}'>{shown}</body>")
    return page


@pytest.mark.slow
@pytest.mark.parametrize("width", [900, 620, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("root")
class TestInABrowser:
    pytestmark = NEEDS_CHROMIUM

    def test_nothing_is_cut_or_covered(self, browser, scheme, width):
        page = page_of(browser, scheme, width)
        measured = page.evaluate(MEASURE)
        page.close()
        assert measured.pop("sideways") is False
        assert measured == {"cut": 0, "bullets": 0, "overlaps": 0}

    def test_keys_reach_every_link_and_one_sees_where_one_is(
        self, browser, scheme, width
    ):
        page = page_of(browser, scheme, width)
        for stem in STEMS[:2]:
            page.keyboard.press("Tab")
            href, outline, color, ink = page.evaluate(
                "() => { const a = document.activeElement, s = getComputedStyle(a);"
                " const ink = getComputedStyle(document.body).color;"
                " const words = getComputedStyle(a.querySelector('strong')).color;"
                " return [a.getAttribute('href'), s.outlineStyle, words, ink]; }"
            )
            assert re.search(stem, href)
            assert outline == "solid"
            assert color == ink  # contrasts as the page's own text does
        page.close()
