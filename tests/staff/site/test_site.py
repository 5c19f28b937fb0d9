"""The site: nothing of the answers in it, every link leads somewhere, all works."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest

from helpers.evidence.claims import Claim
from helpers.evidence.experiments import Comparison, Experiment
from helpers.evidence.intervals import Interval
from staff.authoring.masters import read_master
from staff.ci.suite import without_shows
from staff.course import Course, CourseError
from staff.runs import execute
from staff.site import course_map, executed, tables
from staff.site.executed import Page
from staff.site.findings import marks
from staff.site.make import make_site
from staff.site.sources import notebook_source, text_source
from staff.site.survey import MOST, Survey, survey
from tests.axe import violations
from tests.chromium import NEEDS_CHROMIUM
from tests.ports import own_port

STEM, NEXT = "02_dropout_from_scratch", "03_l1_l2"
COURSE = Course()
pytestmark = pytest.mark.slow


def a_claim(name: str, condition: str, n: int = 8) -> Claim:
    sentence = f"<{name}> is true."
    return Claim(name, sentence, condition, 1.5, 1, 2, n, "points", 0.95, "holds")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Return a site of two notebooks: one run but for its experiments, one not run."""
    folder = tmp_path_factory.mktemp("site")
    run = nbformat.read(COURSE.release(STEM), as_version=4)
    some = execute(without_shows(COURSE.release(STEM), folder), NBGRADER_EXECUTION="")
    outputs = {cell.id: cell.outputs for cell in some.cells}
    for cell in run.cells:
        if cell.id in outputs:
            cell.outputs = outputs[cell.id]
    claims = [a_claim("dropout.helps", "> 0"), a_claim("dropout.early", "> 0")]
    claims.append(a_claim("l1_l2.max-norm", "within 3"))
    gains = {"p = 0.1": Interval(1.5, 1, 2, 8), "p = 0.9": Interval(-3, -4, -2, 8)}
    claims[1] = dataclasses.replace(claims[1], mean=-3, low=-4, high=-2)
    arms = Comparison("none", "% accuracy", gains)
    around = Experiment(
        ("dropout.helps", "dropout.early"), "8 seeds of a test", (arms,)
    )
    other = nbformat.read(COURSE.release(NEXT), as_version=4)
    quizzes = f"from helpers.study.quizzes import quiz\nquiz({STEM!r})"
    cells = [nbformat.v4.new_code_cell(quizzes)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "quiz.ipynb")
    other.cells += execute(folder / "quiz.ipynb").cells
    out = folder / "html"
    pages = [Page(STEM, run, claims, [around]), Page(NEXT, other, [])]
    make_site(COURSE, pages, out)
    return out


def texts(site: Path) -> dict[str, str]:
    """Return every readable file of the site."""
    kinds = {".html", ".js", ".json", ".txt", ".css", ".inv", ""}
    files = [p for p in site.rglob("*") if p.is_file() and p.suffix in kinds]
    return {
        path.relative_to(site).as_posix(): path.read_text("utf-8", "replace")
        for path in files
    }


# -- what may not be in it -------------------------------------------------------------


def secrets() -> list[str]:
    """Return lines that only solutions and hidden tests have."""
    found = []
    for stem in (STEM, NEXT):
        source = COURSE.master(stem).read_text("utf-8")
        for kind in ("SOLUTION", "HIDDEN TESTS"):
            parts = re.findall(rf"### BEGIN {kind}\n(.*?)### END {kind}", source, re.S)
            found += [line.strip() for part in parts for line in part.splitlines()]
    books = [nbformat.read(COURSE.release(stem), as_version=4) for stem in (STEM, NEXT)]
    shown = "\n".join(cell.source for book in books for cell in book.cells)
    return sorted({line for line in found if len(line) > 24 and line not in shown})


def test_no_solution_and_no_hidden_test_is_in_any_file(site):
    wanted = secrets()
    assert len(wanted) > 30
    found = []
    for name, text in texts(site).items():
        plain = re.sub(r"<[^>]+>", "", text).replace("&gt;", ">").replace("&lt;", "<")
        plain = plain.replace("&#39;", "'").replace("&quot;", '"').replace("&amp;", "&")
        found += [(name, line) for line in wanted if line in text or line in plain]
        assert "HIDDEN TESTS" not in text or name.startswith("contributing"), name
    assert found == []


# -- links, and what pages load --------------------------------------------------------


@pytest.fixture(scope="module")
def found(site) -> Survey:
    return survey(site)


def test_every_link_leads_to_a_page_and_a_place_on_it(found):
    assert found.links > 500
    assert found.broken == []
    assert f"notebooks/{STEM}.html" in found.weights


def test_pages_load_nothing_from_elsewhere(found):
    assert found.foreign == []


def test_weight_of_a_page(found):
    """All that is loaded but for figures, before a server compresses it."""
    assert min(found.weights.values()) > 100_000  # what every page loads is counted
    assert {page: w for page, w in found.weights.items() if w > MOST} == {}
    assert found.problems == []
    assert "0 lead nowhere" in str(found)


def test_the_survey_finds_what_is_wrong(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html">1</a><a href="c.html">2</a><a href="b.html#x">3</a>'
        '<a href="#here">4</a><p id="here"><a href="https://c.org">5</a>'
        '<script src="big.js"></script><img src="https://c.org/i.png">'
        '<link rel="next" href="b.html"><img src="_static/figures/f.png">'
    )
    (tmp_path / "b.html").write_text("b")
    (tmp_path / "big.js").write_text("x" * MOST)
    figure = tmp_path / "_static" / "figures" / "f.png"
    figure.parent.mkdir(parents=True)
    figure.write_bytes(b"0" * 1000)
    found = survey(tmp_path)
    assert found.links == 4
    assert found.broken == [("a.html", "c.html"), ("a.html", "b.html#x")]
    assert found.foreign == [("a.html", "https://c.org/i.png")]
    size = (tmp_path / "a.html").stat().st_size
    assert found.weights == {"a.html": size + MOST, "b.html": 1}
    assert len(found.problems) == 4


# -- in a browser ----------------------------------------------------------------------


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and logs nothing."""

    def log_message(self, *words) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(site):
    serve = functools.partial(Quiet, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", own_port()), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def page(address, browser):
    """Return a page that reaches the site's server and nothing else."""
    made = browser.new_page(viewport={"width": 1200, "height": 900})
    made.set_default_timeout(120_000)  # the machine may be busy
    errors, elsewhere = [], []
    made.on("pageerror", lambda error: errors.append(str(error)))
    inside = re.compile(re.escape(address))
    made.on(
        "request", lambda r: None if inside.match(r.url) else elsewhere.append(r.url)
    )
    yield made
    made.close()
    assert errors == []
    assert [url for url in elsewhere if not url.startswith(("data:", "blob:"))] == []


STAGE = "document.querySelector('[id^=demo-]')?.stage"


class TestInChromium:
    pytestmark = NEEDS_CHROMIUM

    def test_formulas_and_cards_work(self, page, address):
        page.goto(f"{address}/notebooks/{STEM}.html")
        page.wait_for_selector("mjx-container mjx-math", state="attached")
        assert page.locator("mjx-merror").count() == 0
        page.goto(f"{address}/notebooks/{NEXT}.html")
        panel = page.locator(".study-panel").first
        words = panel.locator("p, div")
        before = words.all_inner_texts()
        panel.locator("button").first.click()
        assert words.all_inner_texts() != before
        assert any("Nothing is kept here" in text for text in words.all_inner_texts())

    def test_folded_parts_are_read_as_markdown(self, page, address):
        page.goto(f"{address}/notebooks/{STEM}.html")
        folded = page.locator("details:not(.hide)")
        assert any("Hint" in text for text in folded.all_text_contents())
        plain = "all => all.map((one) => { const copy = one.cloneNode(true);"
        plain += "copy.querySelectorAll('code, pre').forEach((c) => c.remove());"
        texts = folded.evaluate_all(plain + "return copy.textContent; })")
        assert [text for text in texts if "$" in text or "**" in text] == []

    def test_demo_moves_and_follows_the_theme(self, page, address):
        page.goto(f"{address}/index.html")
        page.wait_for_function(f"{STAGE}?.pen.theme.ink === '#1b1b1b'")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        page.wait_for_function(f"{STAGE}.pen.theme.ink === '#f0f0f0'")
        before = page.evaluate(f"{STAGE}.words.textContent")
        page.get_by_role("button", name="Step", exact=True).click()
        page.wait_for_function(f"{STAGE}.words.textContent !== {json.dumps(before)}")

    @pytest.mark.parametrize("width", [390, 900])
    def test_pages_fit_a_narrow_window(self, page, address, width):
        page.set_viewport_size({"width": width, "height": 800})
        names = ("index", "measured", "exercises", "map", "techniques", "glossary")
        for name in (*names, f"notebooks/{STEM}"):
            page.goto(f"{address}/{name}.html")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, name

    def test_claims_can_be_chosen_from_the_keyboard(self, page, address):
        page.goto(f"{address}/measured.html")
        rows = page.locator("tr[data-notebook]:visible")
        assert rows.count() == 3
        assert "<dropout.helps> is true." in rows.first.inner_text()
        assert "8 seeds of a test" in rows.first.inner_text()

        def choose(name: str, letters: str) -> list[str]:
            page.focus(f"#of-{name}")
            page.wait_for_timeout(1200)  # what is typed later begins a new word
            page.keyboard.type(letters)
            return [text.split(">")[0][1:] for text in rows.all_inner_texts()]

        assert choose("technique", "Max") == ["l1_l2.max-norm"]
        assert page.locator("#of-count").inner_text() == "1 of 3 claims"
        page.select_option("#of-technique", "")
        assert choose("finding", "neg") == ["dropout.early"]
        assert choose("finding", "dep") == ["dropout.helps", "dropout.early"]
        page.select_option("#of-finding", "")
        assert choose("kind", "no") == ["l1_l2.max-norm"]
        page.fill("#of-words", "no such words")
        assert rows.count() == 0

    def test_claims_are_all_there_without_scripts(self, browser, address):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{address}/measured.html")
        assert page.locator("tr[data-notebook]:visible").count() == 3
        assert not page.locator("#of-all").is_visible()
        context.close()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing(self, page, address, axe, scheme):
        page.emulate_media(color_scheme=scheme)
        for name in ("index", "measured", "glossary", f"notebooks/{NEXT}"):
            page.goto(f"{address}/{name}.html")
            page.wait_for_timeout(500)  # what scripts add
            assert violations(page, axe) == [], (scheme, name)

    def test_the_map_leads_to_the_notebooks(self, page, address):
        page.goto(f"{address}/map.html")
        page.get_by_role("link", name="02 · Dropout from scratch 7 exercises").click()
        assert page.url.endswith(f"{STEM}.html")

    def test_search_finds_pages(self, page, address):
        page.goto(f"{address}/search.html?q=dropout")
        page.wait_for_selector("#search-results li a")
        found = page.locator("#search-results li a").all_inner_texts()
        assert any("half a network" in text for text in found)


# -- its parts -------------------------------------------------------------------------


def test_a_release_is_run_once_and_again_when_it_changes(tmp_path, monkeypatch):
    release = tmp_path / "notebooks" / "01_a" / "01_a.ipynb"
    release.parent.mkdir(parents=True)
    runs = []

    def run(path, **changes):
        runs.append(path)
        line = (
            '{"id": "a.b", "sentence": "S.", "condition": "> 0", "mean": 1, "low": 0.5,'
        )
        line += (
            ' "high": 2, "n": 8, "unit": "", "confidence": 0.95, "verdict": "holds"}\n'
        )
        Path(changes["COURSE_LEDGER"]).write_text(line * 2)
        return nbformat.read(path, as_version=4)

    monkeypatch.setattr(executed, "execute", run)
    cell = nbformat.v4.new_code_cell("1")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), release)
    for _ in range(2):
        (page,) = executed.run_all(Course(tmp_path), ["01_a"], tmp_path / "cache")
        assert [claim.id for claim in page.claims] == ["a.b"]
    assert len(runs) == 1
    cell.source = "2"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), release)
    executed.run_all(Course(tmp_path), ["01_a"], tmp_path / "cache")
    assert len(runs) == 2


def test_a_cell_that_fails_stops_the_site(tmp_path, monkeypatch):
    release = tmp_path / "notebooks" / "01_a" / "01_a.ipynb"
    release.parent.mkdir(parents=True)
    error = nbformat.v4.new_output("error", ename="E", evalue="v", traceback=["E: v"])
    cell = nbformat.v4.new_code_cell("1", outputs=[error])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), release)
    monkeypatch.setattr(
        executed, "execute", lambda path, **_: nbformat.read(path, as_version=4)
    )
    with pytest.raises(CourseError, match="01_a, cell .* fails:\nE: v"):
        executed.run_all(Course(tmp_path), ["01_a"], tmp_path / "cache")


def test_a_folder_with_other_things_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CourseError, match="holds something else"):
        make_site(COURSE, [], tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_links_in_the_project_s_texts():
    text = "[a](docs/a.md) ![p](p.png) [b](other.py) [c](https://c) [d](docs/a.md#x)"
    known = {"docs/a.md": "a.md"}.get
    wanted = "[a](a.md) ![p](p.png) b [c](https://c) [d](a.md#x)"
    assert text_source(text, known) == wanted


def test_links_between_notebooks_and_claims_places(tmp_path):
    text = "[x](../01_a/01_a.ipynb) [y](../02_b/02_b.ipynb)"
    code = nbformat.v4.new_code_cell('claim(\n    "a.b", "S.", e, "> 0"\n)')
    cells = [nbformat.v4.new_markdown_cell(text), code]
    notebook = nbformat.v4.new_notebook(cells=cells)
    made = notebook_source(notebook, tmp_path, ["01_a"])
    assert made.cells[0].source == "[x](01_a.ipynb) y"
    assert 'id="claim-a.b"' in made.cells[1].source
    assert notebook.cells[0].source == text


def test_predictions_are_asked_and_bars_left_out(tmp_path):
    asked = "What `p`?\n  1. less\n  2. more\nTo record yours, add pick= to the call: x"
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
    outputs = [
        nbformat.v4.new_output("display_data", data=widget | {"text/plain": text})
        for text in (asked, "  0%|          | 0/600")
    ]
    off = "Nothing is kept here: COURSE_PROGRESS is off."
    outputs.append(nbformat.v4.new_output("display_data", data={"text/plain": off}))
    cell = nbformat.v4.new_code_cell("predict()", outputs=outputs)
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"a": 1}})
    made = notebook_source(notebook, tmp_path, [])
    assert "widgets" not in made.metadata
    first, second = made.cells[0].outputs
    page = first.data["text/html"]
    assert "<legend>What <code>p</code>?</legend>" in page
    assert page.count('type="radio"') == 2
    assert "To record" not in page
    assert second.data["text/plain"] == "Nothing is kept here."


def test_the_map_of_a_notebook_gets_links():
    page = course_map.page([STEM])
    assert f'href="notebooks/{STEM}.html"' in page
    drawn = '<p>a</p><nav class="course-map x"><p>Not in this folder</p></nav><p>b</p>'
    output = nbformat.v4.new_output("display_data", data={"text/html": drawn})
    cell = nbformat.v4.new_code_cell("course_map()", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    (made,) = course_map.with_our_map(notebook, [STEM]).cells[0].outputs
    assert f'href="{STEM}.html"' in made.data["text/html"]
    assert made.data["text/html"].startswith("<p>a</p><nav")
    assert made.data["text/html"].endswith("</nav><p>b</p>")


def an_experiment(unit: str, **gains: float) -> Experiment:
    names = {name.replace("_", " "): gain for name, gain in gains.items()}
    made = {k: Interval(v, v - 0.5, v + 0.5, 8) for k, v in names.items()}
    return Experiment(("a.b",), "", (Comparison("none", unit, made),))


@pytest.mark.parametrize(
    ("experiment", "found"),
    [
        (None, ["holds"]),
        (an_experiment("% accuracy", decay=1.5, dropout=-3), ["holds"]),
        (an_experiment("% accuracy", decay_1=1.5, decay_2=-3), ["depends"]),
        (an_experiment("% accuracy", decay_1=1.5, decay_2=-0.2), ["holds"]),
        (an_experiment("% accuracy", decay=-1.5), ["negative"]),
        (an_experiment("% error", decay=1.5), ["negative"]),
        (an_experiment("% error", d_1=1.5, d_2=-9), ["depends", "negative"]),
        (an_experiment("units left", d_1=1.5, d_2=-9), ["holds"]),  # which is better?
        (an_experiment("% accuracy", d_1=5, d_2=-5), ["depends"]),  # of another effect
    ],
)
def test_marks_come_from_the_arms(experiment, found):
    assert marks(a_claim("a.b", "> 0"), experiment) == found


@pytest.mark.parametrize(
    ("n", "condition", "kind"),
    [(1, "> 0", "fact"), (8, "> 0", "effect"), (8, "within 1", "none")]
    + [(8, "between 1 2", "size"), (8, "< -2", "effect")],
)
def test_kinds_of_claims(n, condition, kind):
    assert tables.kind(a_claim("a.b", condition, n)) == kind


def test_every_exercise_is_in_the_index():
    text = tables.exercises(COURSE, COURSE.stems())
    for stem in COURSE.stems():
        cells = read_master(COURSE.master(stem)).cells
        names = {cell.name for cell in cells if cell.role == "test"}
        assert names, stem
        for name in names:
            assert f"(`{name}`)" in text
