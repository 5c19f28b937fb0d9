"""A report without names has none in sentences, either."""

import pytest

from staff.course import Course
from staff.grader import report
from staff.grader.statistics import Case, Report

PEOPLE = {"al17": {"Ada", "Lovelace", "ada@cs.example", "4711"}}


@pytest.mark.parametrize(
    "why",
    [
        "Several files: “lovelaceada_4711_02.ipynb” was graded, not “Ada 2.ipynb”.",
        "cannot read Ada Lovelace (2).ipynb: 30 MB",
        "al17/02_dropout/LOVELACE-02.ipynb: a web page",
        "line 3 says # Ada Lovelace, ada@cs.example",
        "“02 - Lovelace.IPYNB” is empty",
    ],
)
def test_no_form_of_a_name_is_left(why, monkeypatch, tmp_path):
    monkeypatch.setattr(report, "_people", lambda course: PEOPLE)
    case = Case("al17", "al17/02_dropout/lovelaceada_4711_02.ipynb", why)
    found = Report("02_dropout", 1, None, 2.0, [], {}, [case])
    (told,) = report._without_names(Course(tmp_path), found).cases
    for part in ("ada", "lovelace", "al17", "4711"):
        assert part not in told.why.lower()
    assert told.file == ""
    assert told.why  # something is still said


def test_what_is_no_name_stays():
    why = "Exercise 2.2, line 3 calls C functions: “ctypes.adapt()”; the Canada set"
    assert report._nameless(why, {"Ada", "al17"}) == why
