"""Which language is chosen; that all texts can be translated, and no verdict is."""

import ast
import html
import json
import os
import re
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest
from babel.messages import mofile
from babel.messages.catalog import Catalog

from helpers import words
from helpers.checks import available
from helpers.study._panel import as_html
from staff.authoring.sentences import says_something, unsaid
from staff.authoring.words import template
from staff.ci import effort
from staff.course import Course

ROOT = Course().root
HELPERS = sorted((ROOT / "helpers").rglob("*.py"))
SCRIPTS = sorted((ROOT / "helpers").rglob("*.js"))
# Texts in a place where learners read, which are data, names or Python's own.
EXEMPT = {
    "helpers/__init__.py": {"module \0 has no attribute \0"},  # Python's own words
    "helpers/data/_sets.py": {"Ankle boot"},  # the data set's name of a class
    # names of cells, and matplotlib's of a unit
    "helpers/demos/regularization_strategy.py": {"dropout + decay", "offset points"},
    "helpers/evidence/claims.py": {"does not hold", "not decided"},  # compared
    "helpers/study/titles.py": {"Bias variance", "Mixup CutMix"},  # compared
    "helpers/training/_loop.py": {"by ", "loss was \0"},  # History.stopped, a value
    "helpers/training/checkpoints.py": {"by \0"},
    "helpers/words.py": {"expected one of \0", "\0: \0, got \0."},  # no language yet
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def left_out(path: Path) -> list[str]:
    """Return the texts of a module that could not be translated."""
    found = {t.words for t in unsaid(path.read_text("utf-8"))}
    own = {words for words in found if "<script>" in words}  # tags around a program
    return sorted(found - own - EXEMPT.get(name(path), set()))


# -- in the source -----------------------------------------------------------------


@pytest.mark.parametrize("path", HELPERS, ids=name)
def test_every_text_stands_in_say(path):
    assert left_out(path) == []


def test_no_exemption_is_left_over():
    for module, texts in EXEMPT.items():
        found = {t.words for t in unsaid((ROOT / module).read_text("utf-8"))}
        assert texts <= found, module


@pytest.mark.parametrize(
    "source",
    [
        't.fail("No word.")',
        't.require(x, f"{n} words here.")',
        't.close(a, b, what="units")',
        'raise ValueError("expected a word")',
        'KEEP = "p is the probability."',
        'Slider("p", "rate", 0.5)',
        'print(f"{say(text)} of words")',
        'page = f"<p>{x} No claims yet.</p>"',
        """page = f'<nav aria-label="Map of it">{x}</nav>'""",
    ],
)
def test_a_text_outside_say_is_found(source):
    assert len(unsaid(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring of words."""',
        't.fail(say("No word."), mistake="no-word")',
        't.part("a case by hand")',
        'error.says("RuntimeError", "must match the size")',
        'if kind == "two words": pass',
        'page = f\'<p style="color: red">{say("No claims.")}</p>\'',
        't.call(f, x, case="f(x, 0.5, True)")',
    ],
)
def test_what_is_no_text_is_left_alone(source):
    try:
        ast.parse(source)
    except SyntaxError:
        pytest.skip("quotes that this Python does not nest")
    assert unsaid(source) == []


def test_no_verdict_is_compared_with_a_translated_text():
    for path in HELPERS:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Compare):
                calls = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
                named = [getattr(call.func, "id", "") for call in calls]
                assert "say" not in named, f"{name(path)}, line {node.lineno}"


_STRING = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`""", re.DOTALL
)
_NOT_SAID = re.compile(r"<\w|[;{]|^\(|px\b|: $|^\.")  # markup, styles and media queries


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_every_text_of_a_script_stands_in_say(path):
    script = path.read_text("utf-8")
    bare = words._SAID.sub(" ", script)
    found = [each[0] for each in _STRING.finditer(bare) if each[0][0] in '"`']
    plain = [re.sub(r"\$\{[^{}]*\}", "0", text[1:-1]) for text in found]
    spaced = [t for t in plain if " " in t.strip() and not _NOT_SAID.search(t)]
    assert [text for text in spaced if says_something(text)] == []


# -- in a language made up for this test ---------------------------------------------


def marked(text: str) -> str:
    return f"⟦{text}⟧"


@pytest.fixture(scope="module")
def made_up(tmp_path_factory) -> Path:
    """Return a folder with the language "xx": every English text between ⟦ and ⟧."""
    folder = tmp_path_factory.mktemp("locale")
    catalog = Catalog(locale="de")
    for message in template(ROOT):
        if message.id:
            catalog.add(message.id, marked(message.id))
    path = folder / "xx" / "LC_MESSAGES" / f"{words.DOMAIN}.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        mofile.write_mo(file, catalog)
    return folder


@pytest.fixture(scope="module")
def said(made_up, tmp_path_factory) -> dict[str, str]:
    """Return all that helpers say in it: place → text; pages lie beside.

    Of what checks say, a third each day.
    """
    out = tmp_path_factory.mktemp("said") / "said.json"
    program = f"""if True:
        from pathlib import Path
        from helpers import words
        words._look_up = words.gettext_reader(Path({str(made_up)!r}), "xx")
        from tests import speaking
        speaking.main(Path({str(out)!r}))"""
    command = [sys.executable, "-W", "ignore", "-c", program]
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=out.parent, env=surroundings, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(out.read_text("utf-8")) | {"folder": str(out.parent)}


def outside(text: str) -> str:
    """Return what stands outside all marks, and is no tag."""
    text = re.sub(r"<(style|script|pre|code)\b.*?</\1>", " ", text, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^<>⟦⟧]*>", "\n", text))
    kept, depth = "", 0
    for char in text:
        depth += {"⟦": 1, "⟧": -1}.get(char, 0)
        kept += " " if char in "⟦⟧" else "" if depth else char
    return kept


# Learners see these, too: names of exercises, methods, networks (one, two) and shifts,
# Python's and torch's words, classes of a data set, values that an exercise asks for.
FOREIGN = re.compile(
    r"\b\d+\.\d[a-e]? \w+|^(?:one|two)$|\b\w*Error: .*|\bplace operation\."
    r"|(?:not )?found\. This is an internal miniz error.*|'(?:good fit|\w+fitting)'"
    r"|\b(?:float|nan|state|inf|method|Sequential|noise|turned|tanh|mixup|CutMix"
    r"|Cutout|Trouser|Pullover|Dress|Coat|Sandal|Shirt|Sneaker|Bag|Ankle boot)\b"
)


@cache
def content() -> list[str]:
    """Return the texts of quizzes, cards and exercises: they are files of their own."""

    def plain(found: re.Match[str]) -> str:  # as a browser gives it back
        return html.unescape(found[0])

    def strings(value: object) -> list[str]:
        if isinstance(value, str):
            after = re.sub(r"^Right[.:,]\s*", "", value)  # as a panel puts it
            after = after[:1].upper() + after[1:]
            made = [as_html(value), as_html(after)]
            read = [re.sub("&(?:quot|#[0-9x]+);", plain, each) for each in made]
            return [value, *made, *read, *value.splitlines()]
        inner = value.values() if isinstance(value, dict) else value
        return sum(map(strings, inner), []) if hasattr(inner, "__iter__") else []

    files = [p for p in (ROOT / "data").rglob("*.json") if p.stem != "checksums"]
    found = {s for p in files for s in strings(json.loads(p.read_text("utf-8")))}
    return sorted((s for s in found if len(s) > 3), key=len, reverse=True)


def test_all_that_learners_read_is_translated(said):
    known = content()
    wrong = []
    for place, text in said.items():
        if place.startswith("panel"):
            for each in known:
                text = text.replace(each, " ")
        for line in outside(text).splitlines():
            if place != "folder" and says_something(FOREIGN.sub(" ", line)):
                wrong.append((place, line.strip()))
    assert wrong == [], "\n".join(map(str, wrong))
    checked = [place for place in said if place.startswith("check ")]
    stems = effort.turns(available(), 3)
    assert {place.split()[1].split("/")[0] for place in checked} == {*stems}
    assert len(checked) > 25 * len(stems)
    assert sum(text.count("⟦") for text in said.values()) > 150 * len(stems)


LISTEN = """
const painted = new Set(), canvas = CanvasRenderingContext2D.prototype;
const fillText = canvas.fillText;
canvas.fillText = function (text, ...rest) {
  painted.add(text);
  return fillText.call(this, text, ...rest);
};
const READ = "button, label > span, option, legend, .words";
window.heard = (root) =>
  [...painted, ...[...root.querySelectorAll(READ)].map((each) => each.textContent)];
"""


@pytest.mark.browser
def test_demos_speak_the_language(said, browser):
    """Also on the canvas, and in the sentence that follows the controls."""
    pages = sorted(Path(said["folder"]).glob("*.html"))
    assert len(pages) > 10
    for path in pages:
        page = browser.new_page()
        page.add_init_script(LISTEN)
        page.goto(path.as_uri())
        stage = "document.querySelector('[id^=demo-]').stage"
        page.wait_for_function(f"{stage}.words.textContent.length > 20")
        shown = page.evaluate(f"heard({stage}.root)")
        left = [FOREIGN.sub(" ", outside(text)) for text in shown]
        assert [text for text in left if says_something(text)] == [], path.stem
        assert sum("⟦" in text for text in shown) > 5
        page.close()


@pytest.mark.browser
def test_panels_speak_the_language(said, browser):
    """Also after a click on their first button."""
    known, heard = content(), ""
    for path in sorted(Path(said["folder"], "panels").glob("*.html")):
        page = browser.new_page()
        page.goto(path.as_uri())
        panel = page.locator(".study-panel").first
        for click in (False, True):
            if click:
                panel.locator("button").first.click()
            text = panel.evaluate("(host) => host.shadowRoot.innerHTML")
            heard += text
            for each in known:
                text = text.replace(each, " ")
            left = [FOREIGN.sub(" ", line) for line in outside(text).splitlines()]
            assert [line for line in left if says_something(line)] == [], path.stem
        page.close()
    assert all(
        marked(each) in heard for each in ("Start", "Turn", "Knew it", "Skip it")
    )


# -- which language ----------------------------------------------------------------


@pytest.fixture
def german(tmp_path, monkeypatch):
    """Pretend that there is a German catalog."""
    path = tmp_path / "de" / "LC_MESSAGES" / "course.mo"
    path.parent.mkdir(parents=True)
    path.touch()
    monkeypatch.setattr(words, "FOLDER", tmp_path)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"COURSE_LANGUAGE": "de"}, "de"),
        ({"COURSE_LANGUAGE": "en", "LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANGUAGE": "fr:de", "LANG": "en_US"}, "de"),
        ({"LANGUAGE": "en:de"}, "en"),
        ({"LANGUAGE": "", "LC_ALL": "de_DE@euro"}, "de"),
        ({"LANG": "de_DE", "NBGRADER_EXECUTION": "validate"}, "de"),
        ({"LANG": "de_DE", "NBGRADER_EXECUTION": "autograde"}, "en"),
        ({"COURSE_LANGUAGE": "de", "NBGRADER_EXECUTION": "autograde"}, "de"),
    ],
)
def test_language(german, environment, expected):
    assert words.language(environment) == expected


def test_language_that_there_is_not(german):
    with pytest.warns(
        UserWarning, match="COURSE_LANGUAGE: expected one of en, de, got"
    ):
        assert words.language({"COURSE_LANGUAGE": "tlh"}) == "en"


def test_the_graders_sessions_speak_english():
    from staff.grader.engine import _environment

    assert words.language(_environment(ROOT, "/tmp")) == "en"
    assert "COURSE_LANGUAGE" not in _environment(ROOT, "/tmp")


def test_english_looks_nothing_up():
    """Nothing that a cell could exchange stands between a text and its reader."""
    assert words._look_up is str
    text = "one {field}"
    assert words.say(text) is text
    assert words.say("{x:.2f} of {y!r}, {{}}", x=1 / 3, y="a") == "0.33 of 'a', {}"


@pytest.mark.parametrize("faulty", ["{other}", "{", "{x.nothing}", "{0}", "{x:q}"])
def test_a_faulty_translation_stops_nobody(monkeypatch, faulty):
    monkeypatch.setattr(words, "_look_up", lambda text: faulty)
    assert words.say("{x:.1f}", x=2.0) == "2.0"


def test_script_texts():
    script = 'a(say("Play")); say("one " +\n "two {n}", { n }); this.say(); say(text)'
    assert words.script_texts(script) == ["Play", "one two {n}"]
    assert words.script_words(script) == {}


def test_import_costs_little():
    command = "import time; s = time.perf_counter(); import helpers.words; "
    command += "print(time.perf_counter() - s)"
    run = [sys.executable, "-I", "-c", f"import sys, json, re, warnings, pathlib; "
           f"sys.path.insert(0, {str(ROOT)!r}); import helpers; {command}"]  # fmt: skip
    times = [float(subprocess.check_output(run)) for _ in range(3)]
    assert min(times) < 0.005


def test_a_text_costs_little():
    start = time.process_time()
    for _ in range(10_000):
        words.say("{what} has the wrong shape.", what="the result")
    assert time.process_time() - start < 0.2
