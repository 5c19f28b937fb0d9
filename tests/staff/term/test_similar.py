"""The command: this course and any other, what is skipped, and the page."""

import json
import shutil
import warnings

import nbformat
import pytest
from nbgrader.api import Gradebook

from staff.course import CourseError
from staff.grader.journal import Journal
from staff.grader.model import QuestionResult, Verdict
from staff.term import similar
from staff.term.answers import Folders, any_course, our_course
from tests.chromium import NEEDS_CHROMIUM, chromium
from tests.staff.grader.made import ANSWERS, results

WRONG = "def double(x):\n    answer = x\n    answer = answer + 1\n    return answer"
COPIED = "def double(n):\n    # mine\n    y = n\n    y = y+1\n\n    return y"
HOSTILE = "def double(x):\n    '</pre><script>alert(1)</script>' + '\x1b[31m\u202e'\n"
HOSTILE += "    return [x, x, x, '<img src=x onerror=alert(1)>', x, x]"


def submit(course, stem, **answers):
    """Write a notebook for each learner, with an answer to `double`."""
    text = course.release(stem).read_text()
    for student, answer in answers.items():
        notebook = json.loads(text)
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "double":
                cell["source"] = answer
        folder = course.grading / "submitted" / student / stem
        folder.mkdir(parents=True)
        (folder / f"{stem}.ipynb").write_text(json.dumps(notebook))


def alike(found, tokens=5):
    compared = similar.compared(found, least=0.8, tokens=tokens)
    return [
        (f.outcome.name, f.kind.name, f.learners) for some in compared.values()
        for f in some
    ]  # fmt: skip


def test_only_answers_count_and_given_ones_do_not(small, stem):
    submit(small, stem, ada=WRONG, ben=COPIED, cyd=ANSWERS["double"], dee="")
    found = our_course(small, stem)
    assert [len(found.answers[q.name]) for q in found.questions] == [3, 0]
    assert alike(found) == [("UNKNOWN", "FORM", ["ada", "ben"])]
    assert "Nothing is graded yet" in similar.to_text(stem, found, {
        q.name: [] for q in found.questions})  # fmt: skip


def test_verdicts_are_those_of_the_file_compared(small, bundle, stem):
    submit(small, stem, ada=WRONG, ben=COPIED)
    named = QuestionResult(Verdict.FAIL, mistake="adds-one")
    read = {c.student: c for c in map(_read(small, bundle), ("ada", "ben"))}
    with Journal(small, stem) as journal:
        for each in read.values():
            journal.append(each, results(bundle, double=named), {})
    assert alike(our_course(small, stem)) == [("SAME_WRONG", "FORM", ["ada", "ben"])]
    shutil.rmtree(small.grading / "submitted" / "ben")
    submit(small, stem, ben=COPIED + "\n")  # handed in again, not yet graded
    assert alike(our_course(small, stem)) == [("UNKNOWN", "FORM", ["ada", "ben"])]


def _read(course, bundle):
    from staff.grader.find import find
    from staff.grader.intake import read

    found = {c.student: c for c in find(course, bundle.stem)}
    return lambda name: read(found[name], bundle)


def test_a_broken_file_is_noted_and_stops_nothing(small, stem):
    submit(small, stem, ada=WRONG, ben=COPIED, cyd=WRONG)
    path = small.grading / "submitted" / "cyd" / stem / f"{stem}.ipynb"
    path.write_text("<html>")
    found = our_course(small, stem)
    assert found.learners == 2
    assert "web page" in " ".join(found.notes)
    assert alike(found) == [("UNKNOWN", "FORM", ["ada", "ben"])]


# --- another course ---------------------------------------------------------------


def cell(name, source, **marks):
    made = nbformat.v4.new_code_cell(source)
    plain = {"grade_id": name, "schema_version": 3, "locked": False, "grade": False}
    made.metadata["nbgrader"] = plain | {"solution": False, "task": False} | marks
    return made


def notebook(answer):
    return nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("given = [1, 2, 3]\nprint(given, given, given)"),
            cell("squares", answer, solution=True),
            cell("check", "assert squares(2) == [0, 1]", grade=True, points=2),
            cell("essay", "It is so because …", solution=True, grade=True, points=1),
        ]
    )


MODEL = "def squares(n):\n    ### BEGIN SOLUTION\n    return [i * i for i in range(n)]"
MODEL += "\n    ### END SOLUTION"
LOOP = "def squares(n):\n    out = []\n    for k in range(n):\n        out.append({0})"
LOOP += "\n    return out"


@pytest.fixture
def other(tmp_path):
    """A course of somebody else's, with four learners and a gradebook."""
    (tmp_path / "source" / "ps1").mkdir(parents=True)
    nbformat.write(notebook(MODEL), tmp_path / "source" / "ps1" / "p1.ipynb")
    texts = {
        "ada": LOOP.format("k + k"),
        "ben": LOOP.format("j + j").replace(" k ", " j ").replace("out", "result"),
        "cyd": LOOP.format("k * k"),
        "dee": MODEL.replace("i", "i"),
    }
    for student, text in texts.items():
        folder = tmp_path / "submitted" / student / "ps1"
        folder.mkdir(parents=True)
        nbformat.write(notebook(text), folder / "p1.ipynb")
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}", "") as book:
        book.add_assignment("ps1")
        book.add_notebook("p1", "ps1")
        book.add_grade_cell("check", "p1", "ps1", max_score=2, cell_type="code")
        for student in texts:
            book.add_student(student)
            with warnings.catch_warnings():  # nbgrader's own
                warnings.simplefilter("ignore")
                book.add_submission("ps1", student)
            grade = book.find_grade("check", "p1", "ps1", student)
            grade.auto_score = 0 if student in ("ada", "ben") else 2
            grade.needs_manual_grade = False
        book.db.commit()
    return tmp_path


def test_any_course_of_nbgraders(other):
    found = any_course(Folders(other), "ps1")
    assert found.learners == 4
    outcomes = {a.student: a.outcome for a in found.answers["p1 · squares"]}
    missing = "points missing in check"
    assert outcomes == {"ada": missing, "ben": missing, "cyd": "right", "dee": "right"}
    assert alike(found)[0] == ("SAME_WRONG", "FORM", ["ada", "ben"])
    assert {a.text for a in found.answers["p1 · essay"]} == {"It is so because …"}


def test_a_course_without_a_gradebook_or_with_other_folders(other):
    (other / "gradebook.db").unlink()
    (other / "submitted").rename(other / "handed_in")
    with pytest.raises(CourseError, match="--submitted"):
        any_course(Folders(other), "ps1")
    found = any_course(Folders(other, submitted="handed_in"), "ps1")
    assert not found.graded
    assert alike(found)[0][0] == "UNKNOWN"
    with pytest.raises(CourseError, match="expected the instructor's notebooks"):
        any_course(Folders(other), "ps2")


def test_the_command(other, monkeypatch, capsys):
    monkeypatch.chdir(other)
    assert similar.main(["ps1", "--course", str(other), "--tokens", "10"]) == 0
    told = capsys.readouterr().out
    assert "4 learners, 8 answers to 2 questions" in told
    assert "the same but for names, comments or layout · ada, ben" in told
    page = (other / "similar_ps1.html").read_text()
    assert "Judged: points missing in check." in page
    with pytest.raises(SystemExit):
        similar.main(["ps1", "--course", str(other), "--least", "10"])


# --- the page ---------------------------------------------------------------------


@pytest.fixture
def page(small, stem):
    longer = WRONG.replace("answer + 1", f"answer + {'1 + ' * 60}1")
    texts = {"ada": WRONG, "ben": COPIED, "eve": HOSTILE, "sly": HOSTILE}
    submit(small, stem, **texts, **{"O'Neil": longer, "=cmd": WRONG})
    found = our_course(small, stem)
    for answers in found.answers.values():
        answers[:] = [similar.Answer(a.student, a.text, "FAIL") for a in answers]
    return similar.to_page(stem, found, similar.compared(found, least=0.8, tokens=5))


def test_nothing_of_a_learner_is_live_on_the_page(page):
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert "%" not in page.split("<main>")[1]  # no share, no score


def test_lines_that_differ_are_marked(page):
    (pair,) = [p for p in page.split("<details")[1:] if "<h4>ben</h4>" in p]
    assert "<mark>def double(n):</mark>" in pair
    assert "<mark>    # mine</mark>" in pair


@pytest.mark.parametrize("needs", [pytest.param(None, marks=NEEDS_CHROMIUM)])
def test_the_page_in_a_browser(page, needs, tmp_path):
    (tmp_path / "page.html").write_text(page)
    with chromium() as browser:
        for scheme, width, columns in (("light", 900, 2), ("dark", 900, 2),
                                       ("light", 400, 1)):  # fmt: skip
            tab = browser.new_page(
                color_scheme=scheme, viewport={"width": width, "height": 900}
            )
            tab.goto((tmp_path / "page.html").as_uri())
            tab.evaluate("document.querySelectorAll('details').forEach(d=>d.open=1)")
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= width
            rows = tab.evaluate(
                "[...document.querySelectorAll('.pair')].map(pair => new Set("
                "[...pair.children].map(c => c.getBoundingClientRect().left)).size)"
            )
            assert set(rows) == {columns}
            tab.close()
