"""An instructor's term: a class of 30 over two notebooks, from roster to grades.

Everything goes through the commands, as an instructor types them; the answers are from
the bank of right and wrong ones, and are run in a real session.
"""

import csv
import json
import zipfile

import nbformat
import pytest
from nbgrader.api import Gradebook

from staff.bench.classroom import bank, copy_course, filled_in
from staff.grader import grade, report
from staff.term import calendar, export, give_back, overview, regrade, roster, rubric
from tests.staff.grader.test_feedback import Reader

FIRST, SECOND = "00_start_here", "03_l1_l2"
STUDENTS = [f"learner{n:02}" for n in range(30)]
LATE, GIVEN_TIME, ASKS, UNREADABLE, AWAY = STUDENTS[:5]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def canvas(points):
    """Return Canvas' gradebook of this class, written by hand to its format."""
    titles = "00 Start (71),03 L1 and L2 (72)"
    rows = [f"Student,ID,SIS User ID,SIS Login ID,Section,{titles},Final Score"]
    rows.append("    Points Possible,,,,," + ",".join(points) + ",(read only)")
    for number, name in enumerate(STUDENTS):
        rows.append(f'"Doe, Nr {number}",{100 + number},u{number},{name},Monday,,,')
    rows.append('"Student, Test",999,,test,Monday,,,')
    return "\n".join(rows) + "\n"


def pick(stem, *, slip):
    """Return right answers to a notebook; with a slip, one wrong one that is named."""
    answers = {}
    for name, files in bank(stem).items():
        right = next(path for path in files if path.stem.startswith("right_"))
        answers[name] = right.read_text("utf-8")
    if slip:
        wrong = [
            (name, path)
            for name, files in bank(stem).items()
            for path in files
            if path.stem.startswith("wrong_") and "other" not in path.stem
        ]
        name, path = wrong[0]
        answers[name] = path.read_text("utf-8")
    return answers


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
def staff(course, monkeypatch):
    """Let all commands work on this course."""
    modules = (grade, report, roster, calendar, export, rubric, regrade, give_back)
    for module in (*modules, overview):
        monkeypatch.setattr(module, "Course", lambda: course)


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


def test_from_roster_to_returned_grades(course, staff, tmp_path, capsys):
    possible = [str(worth(course, stem)) for stem in (FIRST, SECOND)]
    from_canvas = tmp_path / "canvas.csv"
    from_canvas.write_text(canvas(possible))

    # before the term
    assert roster.main(["import", str(from_canvas)]) == 0
    assert "30 students, 30 new" in capsys.readouterr().out
    calendar.main(["late", "--per-day", "10%", "--cap", "50%", "--grace-minutes", "15"])
    calendar.main(["due", "00", "2026-02-10 23:59"])
    calendar.main(["due", "03", "2026-02-17 23:59"])
    calendar.main(["extend", GIVEN_TIME, "00", "--days", "2"])

    # they hand in, and are graded
    for stem, day in ((FIRST, 10), (SECOND, 17)):
        for number, student in enumerate(STUDENTS):
            if student != AWAY:
                late = 2 * (stem == FIRST and student in (LATE, GIVEN_TIME))
                answers = pick(stem, slip=number % 3 == 2)
                hand_in(course, stem, student, answers, day + late)
        assert grade.main([stem[:2], "--workers", "1"]) == 0
        said = capsys.readouterr().out
        assert "29 submissions" in said
    full = float(possible[0])
    first = scores(course, FIRST)
    assert len(first) == 29
    assert first[STUDENTS[6]] == full
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
    rubric.main(["apply", "00", STUDENTS[6], name, "unclear"])
    assert "The names do not tell." in page(course, FIRST, STUDENTS[6])
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
    assert before[STUDENTS[6]] == full - 0.5

    # given back
    downloads = tmp_path / "submissions"
    downloads.mkdir()
    for number, student in enumerate(STUDENTS):
        if student != AWAY:
            (
                downloads
                / f"doenr{number}_{100 + number}_{9000 + number}_{FIRST}.ipynb"
            ).touch()
    give_back.main(["00", "--canvas", str(downloads)])
    said = capsys.readouterr().out
    assert f"a person has to look first (--anyway returns them): {UNREADABLE}" in said
    assert "28 files in canvas.zip" in said
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
    assert found[STUDENTS[6]] == f"{full - 0.5:g}"
    assert found[AWAY] == ""
    assert len(rows) == 31  # the points possible, and 30 students
    export.main(["wide", "--out", str(out)])
    with out.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 31

    # the class over the term: formgrader's means, the named mistakes
    found = overview.collect(course)
    assert [one.handed_in for one in found.notebooks] == [29, 29]
    url = f"sqlite:///{course.grading / 'gradebook.db'}"
    with Gradebook(url, "regularization") as book:
        for one in found.notebooks:
            assert one.mean == pytest.approx(book.average_assignment_score(one.stem))
    assert [(each.ever, each.now) for each in found.mistakes] == [(10, 10), (10, 10)]
    assert overview.main(["--html"]) == 0
    assert report.main(["03", "--html"]) == 0
    assert "10 of 28" in capsys.readouterr().out


def worth(course, stem):
    """Return the points of a notebook."""
    found = json.loads(course.solution(stem).read_text("utf-8"))["cells"]
    marks = [cell["metadata"].get("nbgrader", {}) for cell in found]
    return sum(mark.get("points", 0) for mark in marks)
