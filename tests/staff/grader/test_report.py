"""The report: counts, named mistakes, measures, and who needs a person."""

import csv
import datetime
import io
import math

import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from helpers.checks import load
from staff.course import Course, CourseError
from staff.grader import report
from staff.grader.bundle import Bundle
from staff.grader.journal import Journal
from staff.grader.model import QuestionResult, Verdict
from staff.grader.record import Recorder, invalid_result
from staff.grader.report import collect, to_csv, to_page, to_text
from staff.grader.statistics import discrimination
from tests.staff.grader.made import FAIL, PASS, results
from tests.staff.grader.made import handed_in as submit
from tests.staff.grader.test_feedback import Reader

MISSING = QuestionResult(Verdict.MISSING)


def grade(small, bundle, *graded):
    with Journal(small, bundle.stem) as journal:
        for one, result in graded:
            journal.append(one, result, {})
    return collect(small, bundle)


@pytest.fixture
def graded(small, bundle):
    """Eight submissions: each kind once."""
    timeout = QuestionResult(Verdict.TIMEOUT, seconds=9.0)
    tampered = QuestionResult(Verdict.TAMPERED, evidence="<b>patched</b> allclose")
    infra = QuestionResult(Verdict.INFRA, evidence="warm process died")
    named = QuestionResult(Verdict.FAIL, mistake="off-by-one", seconds=0.5)
    bad = submit(bundle, "cut", steps=(), invalid="The file is cut off.")
    return grade(
        small,
        bundle,
        (submit(bundle, "all"), results(bundle, "double", "Counter")),
        (submit(bundle, "one"), results(bundle, "double", Counter=named)),
        (submit(bundle, "two"), results(bundle, "double", Counter=named)),
        (submit(bundle, "slow"), results(bundle, "Counter", double=timeout)),
        (submit(bundle, "none"), results(bundle, double=MISSING, Counter=MISSING)),
        (submit(bundle, "sly"), results(bundle, "Counter", double=tampered)),
        (submit(bundle, "unlucky"), results(bundle, "double", Counter=infra)),
        (bad, invalid_result(bundle, bad)),
    )


def test_counts(graded):
    double, counter = graded.rows
    assert (graded.students, graded.possible) == (8, 5.0)
    assert (double.attempted, double.passed, double.failed) == (6, 4, 2)
    assert (counter.attempted, counter.passed, counter.failed) == (5, 3, 2)
    assert double.difficulty == pytest.approx(3 / 6)  # without INVALID_FILE and INFRA
    assert counter.difficulty == pytest.approx(3 / 6)
    assert graded.mean == pytest.approx((5 + 2 + 2 + 3 + 0 + 3 + 0) / 7)
    assert double.seconds == pytest.approx(0.25)
    assert counter.mistakes == [("off-by-one", "off-by-one", 2)]
    assert graded.verdicts[Verdict.PASS] == 7
    assert sum(graded.verdicts.values()) == 16


def test_who_needs_a_person_and_why(small, bundle, graded):
    found = {case.student: case for case in graded.cases}
    assert found.keys() == {"cut", "sly", "unlucky"}
    assert found["cut"].why == "The file is cut off."
    assert "TAMPERED" in found["sly"].why
    assert found["sly"].evidence == "<b>patched</b> allclose"
    assert "grade again" in found["unlucky"].why
    odd = submit(bundle, "two-files", suspicions=("Two files: a, b.",), timestamp="x")
    report = grade(small, bundle, (odd, results(bundle)))
    whys = [case.why for case in report.cases if case.student == "two-files"]
    assert whys[0] == "Two files: a, b."
    assert "cannot be read: 'x'" in whys[1]


def test_a_score_by_hand_that_outlives_its_answer_is_told(small, bundle, stem):
    url = f"sqlite:///{small.grading / 'gradebook.db'}"
    for right in ([], ["double"]):
        with Journal(small, stem) as journal, Recorder(small, bundle) as recorder:
            recorder.settle(journal, submit(bundle, "ada"), results(bundle, *right), {})
        with Gradebook(url, "regularization") as book:
            grade = book.find_grade("test_double", stem, stem, "ada")
            if not right:
                grade.manual_score, grade.needs_manual_grade = 1.0, False
                book.db.commit()
                assert collect(small, bundle).cases == []
    (case,) = collect(small, bundle).cases
    assert case.student == "ada"
    assert case.why.startswith("double: the score given by hand counts")


def test_discrimination_is_the_correlation_with_the_rest():
    item, rest = [True, True, False, False, True], [3.0, 5.0, 1.0, 2.0, 2.0]
    mean_i, mean_r = sum(item) / 5, sum(rest) / 5
    pairs = [(i - mean_i, r - mean_r) for i, r in zip(item, rest, strict=True)]
    expected = sum(i * r for i, r in pairs) / math.sqrt(
        sum(i * i for i, _ in pairs) * sum(r * r for _, r in pairs)
    )
    assert discrimination(item, rest) == (pytest.approx(expected), "")


@pytest.mark.parametrize(
    ("item", "rest", "why"),
    [
        ([], [], "too few"),
        ([True, False], [1, 2], "too few"),
        ([True] * 3, [1, 2, 3], "all passed"),
        ([False] * 3, [1, 2, 3], "none passed"),
        ([True, False, True], [1, 1, 1], "the rest is equal"),
    ],
)
def test_discrimination_says_when_it_is_not_defined(item, rest, why):
    assert discrimination(item, rest) == (None, why)


def test_text_fits_a_terminal(graded):
    text = to_text(graded)
    assert max(map(len, text.splitlines())) <= 88
    assert "2 of 5: off-by-one" in text
    assert "For a person to look at: 3" in text
    assert "sly: TAMPERED" in text
    assert (
        "8 submissions · mean 2.14 of 5 points (1 cannot be read and counts as 0)"
        in text
    )


def test_mistakes_are_told_in_the_checks_own_words(tmp_path):
    stem, name, mistake = "02_dropout_from_scratch", "inverted_dropout", "not-scaled"
    bundle = Bundle.load(Course(), stem)
    fail = QuestionResult(Verdict.FAIL, mistake=mistake)
    graded = [
        (submit(bundle, f"s{n}", {name: "x"}), results(bundle, **{name: fail}))
        for n in range(3)
    ]
    found = grade(Course(tmp_path), bundle, *graded)
    sentence = load(stem).inverted_dropout.mistakes[mistake]
    text = " ".join(to_text(found).split())
    assert f"3 of 3: {sentence}" in text


def test_the_page_is_harmless_and_complete(small, bundle, graded):
    hostile = "<script>alert(1)</script>\x1b[31m\u202e"
    bad = QuestionResult(Verdict.TAMPERED, hostile, hostile, evidence=hostile * 1000)
    given = {"file": hostile, "suspicions": (hostile,)}
    one = submit(bundle, hostile, **given)
    found = grade(small, bundle, (one, results(bundle, double=bad)))
    page = to_page(found)
    read = Reader(page)
    assert not {"script", "img", "link", "iframe", "a"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert "default-src 'none'" in page
    assert "off-by-one" in read.text
    assert "Named mistakes" in read.text
    assert "<script>alert(1)</script>" in read.text
    assert "\x1b" not in page + to_text(found)
    assert "\u202e" not in page + to_text(found)


def test_nothing_graded_is_said(small, bundle):
    with pytest.raises(CourseError, match="staff grade 90_small"):
        collect(small, bundle)


def test_the_mean_is_the_one_that_formgrader_shows(small, bundle, stem):
    bad = submit(bundle, "cut", steps=(), invalid="The file is cut off.")
    graded = [
        (submit(bundle, "ada"), results(bundle, "double", "Counter")),
        (submit(bundle, "bob"), results(bundle, "double")),
        (bad, invalid_result(bundle, bad)),
    ]
    with Recorder(small, bundle) as recorder:
        for one in graded:
            recorder.record(*one)
    with Gradebook(f"sqlite:///{small.grading / 'gradebook.db'}") as book:
        shown = book.average_assignment_score(stem)
    assert grade(small, bundle, *graded).mean == pytest.approx(shown) == 7 / 3


# --- CSV --------------------------------------------------------------------------


@pytest.fixture
def recorded(small, bundle, stem):
    with Recorder(small, bundle) as recorder:
        recorder.record(submit(bundle, "ada"), results(bundle, "double"))
        recorder.record(submit(bundle, "bob", timestamp=""), results(bundle, "Counter"))
    with Gradebook(f"sqlite:///{small.grading / 'gradebook.db'}") as book:
        book.find_assignment(stem).duedate = datetime.datetime(2026, 2, 3)
        book.add_student("eve", first_name="Eve", email="eve@course.test")
        found = book.find_submission_notebook(stem, stem, "ada")
        found.late_submission_penalty = 0.5
        book.db.commit()
    return small


def test_csv_is_what_nbgrader_exports(recorded, stem, tmp_path):
    with Gradebook(f"sqlite:///{recorded.grading / 'gradebook.db'}") as book:
        to = tmp_path / "grades.csv"
        CsvExportPlugin(to=str(to), assignment=[stem]).export(book)
    assert to_csv(recorded, stem) == to.read_text()
    assert len(to.read_text().splitlines()) == 4


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@x", "a,b"])
def test_csv_runs_nothing_in_a_spreadsheet(recorded, stem, name):
    with Gradebook(f"sqlite:///{recorded.grading / 'gradebook.db'}") as book:
        book.add_student(name, last_name=f"{name}\n=1", email=name)
    rows = list(csv.DictReader(io.StringIO(to_csv(recorded, stem))))
    (row,) = [r for r in rows if name in r["student_id"]]
    expected = name if name == "a,b" else f"'{name}"
    assert (row["student_id"], row["email"]) == (expected, expected)
    assert len(rows) == 4


# --- the command ------------------------------------------------------------------


def test_the_command_writes_what_it_is_asked_for(
    recorded, bundle, stem, monkeypatch, capsys
):
    with Journal(recorded, stem) as journal:
        journal.append(submit(bundle, "ada"), results(bundle, Counter=PASS), {})
        journal.append(submit(bundle, "bob"), results(bundle, Counter=FAIL), {})
    monkeypatch.setattr(report, "Course", lambda: recorded)
    assert report.main(["90"]) == 0
    assert not (recorded.grading / "reports").exists()
    assert report.main(["90", "--html", "--csv"]) == 0
    said = capsys.readouterr().out
    assert "2 submissions" in said
    assert "grading/reports/90_small.html" in said
    written = sorted(p.name for p in (recorded.grading / "reports").iterdir())
    assert written == ["90_small.csv", "90_small.html"]
