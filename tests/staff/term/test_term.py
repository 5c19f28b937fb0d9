"""An instructor's term: a small class over two notebooks, from roster to grades.

What an instructor types on the command line, in order; then what they look at, in a
browser. The first notebook's answers are from the bank of right and wrong ones, and are
run in a real session; the second's results are only recorded.
"""

import csv
import json
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbgrader.api import Gradebook

from staff.bench.classroom import bank, copy_course, filled_in
from staff.environment import child_environment
from staff.grader import grade
from staff.grader.bundle import Bundle
from staff.grader.gradebook import enter
from staff.grader.model import QuestionResult, Verdict
from staff.term import calendar, export, give_back, overview, regrade, rubric
from tests.chromium import NEEDS_CHROMIUM
from tests.lab import jupyter
from tests.staff.grader.test_feedback import Reader
from tests.staff.term.conftest import Class

FIRST, SECOND = "00_start_here", "03_l1_l2"
# Three hand in what can be read; one a file that is torn, one nothing at all.
STUDENTS = ["ada", "grace", "emmy", "torn", "away"]
LATE, GIVEN_TIME, ASKS, UNREADABLE, AWAY = STUDENTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), *NEEDS_CHROMIUM]


def canvas(points):
    """Return Canvas' gradebook of this class, written by hand to its format."""
    titles = "00 Start (71),03 L1 and L2 (72)"
    rows = [f"Student,ID,SIS User ID,SIS Login ID,Section,{titles},Final Score"]
    rows.append("    Points Possible,,,,," + ",".join(points) + ",(read only)")
    for number, name in enumerate(STUDENTS):
        rows.append(f'"Doe, Nr {number}",{100 + number},u{number},{name},Monday,,,')
    rows.append('"Student, Test",999,,test,Monday,,,')
    return "\n".join(rows) + "\n"


def pick(*, slip):
    """Return right answers to the first notebook; with a slip, one that is named."""
    answers = {}
    for name, files in bank(FIRST).items():
        right = next(path for path in files if path.stem.startswith("right_"))
        answers[name] = right.read_text("utf-8")
    if slip:
        name, path, _ = named_slip(FIRST)
        answers[name] = path.read_text("utf-8")
    return answers


def named_slip(stem):
    """Return (exercise, answer, id of its mistake)."""
    for name, files in bank(stem).items():
        for path in files:
            kind = path.stem.removeprefix("wrong_").split("__")[0]
            if path.stem.startswith("wrong_") and kind != "other":
                return name, path, kind.replace("_", "-")
    raise AssertionError(f"{stem}: no answer with a mistake that has a name")


def record(course, stem):
    """Record the class's results without running anything; one of them has a slip."""
    enter(course, stem)
    room = Class(course, Bundle.load(course, stem))
    name, _, mistake = named_slip(stem)
    wrong = QuestionResult(Verdict.FAIL, "✗ Exercise: wrong.", mistake=mistake)
    for student in (LATE, GIVEN_TIME, ASKS):
        slip = {name: wrong} if student == ASKS else {}
        room.grade(student, *room.bundle.questions, **slip)


def hand_in(course, stem, student, answers, day):
    folder = course.grading / "submitted" / student / stem
    folder.mkdir(parents=True, exist_ok=True)
    text = filled_in(course, stem, answers)
    if student == UNREADABLE:
        text = text[: len(text) // 2]
    (folder / f"{stem}.ipynb").write_text(text, "utf-8")
    (folder / "timestamp.txt").write_text(f"2026-02-{day} 12:00:00 UTC\n")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return copy_course(tmp_path_factory.mktemp("term") / "course", [FIRST, SECOND])


@pytest.fixture
def in_this_process(course, monkeypatch):
    """Let commands that are called as functions work on this course."""
    for module in (grade, calendar, export, rubric, regrade, give_back, overview):
        monkeypatch.setattr(module, "Course", lambda: course)


def staff(course, *words):
    """Type a command of the staff's; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "staff", *words],
        cwd=course.root,
        env=child_environment(PYTHONPATH=str(course.root)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def page(course, stem, student):
    path = course.grading / "feedback" / student / stem / f"{stem}.html"
    return " ".join(Reader(path.read_text("utf-8")).text.split())


def scores(course, stem):
    url = f"sqlite:///{course.grading / 'gradebook.db'}"
    with Gradebook(url, "regularization") as book:
        return {
            s.student_id: s.score - s.late_submission_penalty
            for s in book.assignment_submissions(stem)
        }


def test_from_roster_to_returned_grades(
    course, in_this_process, browser, tmp_path, capsys
):
    possible = [str(worth(course, stem)) for stem in (FIRST, SECOND)]
    from_canvas = tmp_path / "canvas.csv"
    from_canvas.write_text(canvas(possible))

    # before the term
    said = staff(course, "roster", "import", str(from_canvas))
    assert "5 students, 5 new" in said
    calendar.main(["late", "--per-day", "10%", "--cap", "50%", "--grace-minutes", "15"])
    calendar.main(["due", "00", "2026-02-10 23:59"])
    calendar.main(["due", "03", "2026-02-17 23:59"])
    calendar.main(["extend", GIVEN_TIME, "00", "--days", "2"])

    # they hand in, and are graded
    for student in STUDENTS:
        if student != AWAY:
            late = 2 * (student in (LATE, GIVEN_TIME))
            hand_in(course, FIRST, student, pick(slip=student == ASKS), 10 + late)
    assert "4 submissions" in staff(course, "grade", "00", "--workers", "1")
    record(course, SECOND)
    full = float(possible[0])
    first = scores(course, FIRST)
    assert len(first) == 4
    assert first[LATE] == pytest.approx(0.8 * full)  # the second day has begun
    assert first[GIVEN_TIME] == full
    assert first[ASKS] < full
    assert first[UNREADABLE] == 0

    # looked at by hand, asked for once more
    name = next(iter(bank(FIRST)))
    rubric.main(["new", "00"])
    path = course.grading / "rubrics" / f"{FIRST}.toml"
    path.write_text(
        f"[{name}]\n"
        'items.unclear = {points = -0.5, comment = "The names do not tell."}\n'
    )
    rubric.main(["apply", "00", GIVEN_TIME, name, "unclear"])
    assert "The names do not tell." in page(course, FIRST, GIVEN_TIME)
    note = course.grading / "submitted" / ASKS / FIRST / "regrade.txt"
    note.write_text(f"Exercise {name}: I find this right.\n")
    regrade.main(["list", "00"])
    assert f"{ASKS}, Exercise" in capsys.readouterr().out
    regrade.main(["answer", "00", ASKS, name, "Half of it is.", "--points", "1"])
    assert "Half of it is." in page(course, FIRST, ASKS)
    before = scores(course, FIRST)
    assert grade.main(["00", "--workers", "1"]) == 0  # again: nothing is lost
    assert "0 recorded" in capsys.readouterr().out
    assert scores(course, FIRST) == before
    assert before[GIVEN_TIME] == full - 0.5

    # given back
    downloads = tmp_path / "submissions"
    downloads.mkdir()
    for number, student in enumerate(STUDENTS):
        if student != AWAY:
            (
                downloads
                / f"doenr{number}_{100 + number}_{9000 + number}_{FIRST}.ipynb"
            ).touch()
    said = staff(course, "return", "00", "--canvas", str(downloads))
    assert f"a person has to look first (--anyway returns them): {UNREADABLE}" in said
    assert "3 files in canvas.zip" in said
    with zipfile.ZipFile(course.grading / "returned" / FIRST / "canvas.zip") as archive:
        file = f"doenr2_102_9002_{FIRST}.ipynb"
        notebook = nbformat.reads(archive.read(file).decode(), as_version=4)
    assert any("Half of it is." in cell.source for cell in notebook.cells)
    calendar.main(["extend", LATE, "00", "--days", "2"])
    give_back.main(["00", "--changes"])
    said = capsys.readouterr().out
    assert f"{LATE}: late -{0.2 * full:g} → 0" in said
    assert "1 with other points than returned, 1 not returned yet" in said

    # and into the platform
    out = tmp_path / "grades.csv"
    export.main(["canvas", str(from_canvas), "--out", str(out)])
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {row["SIS Login ID"]: row["00 Start (71)"] for row in rows}
    assert found[LATE] == possible[0]
    assert found[GIVEN_TIME] == f"{full - 0.5:g}"
    assert found[AWAY] == ""
    assert len(rows) == 6  # the points possible, and five students
    export.main(["wide", "--out", str(out)])
    with out.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 6

    # the class over the term: formgrader's means, the named mistakes
    found = overview.collect(course)
    assert [one.handed_in for one in found.notebooks] == [4, 3]
    url = f"sqlite:///{course.grading / 'gradebook.db'}"
    with Gradebook(url, "regularization") as book:
        for one in found.notebooks:
            assert one.mean == pytest.approx(book.average_assignment_score(one.stem))
    assert [(each.ever, each.now) for each in found.mistakes] == [(1, 1), (1, 1)]
    assert overview.main(["--html"]) == 0
    assert "1 of 3" in staff(course, "report", "03", "--html")
    looked_at(course, browser)


def looked_at(course, browser):
    """Open the pages that the commands have written, and nbgrader's own."""
    page, errors = browser.new_page(viewport={"width": 1000, "height": 900}), []
    page.on("pageerror", lambda error: errors.append(error))
    back = course.grading / "feedback" / ASKS / FIRST / f"{FIRST}.html"
    report, term = (
        course.grading / "reports" / f"{name}.html" for name in (SECOND, "overview")
    )
    pages = {back: "Half of it is.", report: "1 of 3", term: "ratio is swapped"}
    for path, shown in pages.items():
        page.goto(path.as_uri())
        assert page.get_by_text(shown).first.is_visible()
    points = sorted(scores(course, FIRST).values())
    with jupyter(course.root, formgrader=True) as address:
        page.goto(f"{address}/formgrader/gradebook/{FIRST}/{FIRST}")
        page.get_by_text("Submission #4").wait_for(timeout=120_000)
        rows = page.locator("tbody tr").all_inner_texts()
        found = sorted(float(row.split("\t")[2].split("/")[0]) for row in rows)
        assert found == points
    page.close()
    assert errors == []


def worth(course, stem):
    """Return the points of a notebook."""
    found = json.loads(course.solution(stem).read_text("utf-8"))["cells"]
    marks = [cell["metadata"].get("nbgrader", {}) for cell in found]
    return sum(mark.get("points", 0) for mark in marks)
