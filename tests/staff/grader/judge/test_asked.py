"""What a test cell asks for is read off its text."""

from __future__ import annotations

import re

import pytest

from staff.course import Course
from staff.grader.bundle import RUN, Bundle
from staff.grader.judge.asked import Call, calls, owners
from staff.grader.judge.judge import loaded

STEM = "02_dropout_from_scratch"
KNOWN = {"check": STEM}


@pytest.mark.parametrize("stem", Course().stems())
def test_every_test_of_the_course_is_a_call_of_its_check(stem):
    bundle = Bundle.load(Course(), stem)
    known = owners(cell.source for cell in bundle.cells if cell.role in RUN)
    for question in bundle.questions.values():
        (shown,), hidden = calls(question.visible, known), question.hidden
        asks = getattr(loaded(stem), question.name).asks
        assert shown == Call(stem, question.name, asks, 0)
        seeds = [int(n.replace("_", "")) for n in re.findall(r"seed=([\d_]+)", hidden)]
        assert [each.seed for each in calls(hidden, known)] == seeds
        assert seeds
        assert {each.name for each in calls(hidden, known)} == {question.name}


@pytest.mark.parametrize(
    "source",
    [
        "check.Dropout(Dropout)",
        "from helpers.checks import load\n\ncheck.Dropout(Dropout)",
        'mine = load("02_dropout_from_scratch")\nmine.Dropout(Dropout)',
        'load("02_dropout_from_scratch").Dropout(Dropout)',
        'about = "a name that nobody uses"\ncheck.Dropout(Dropout, seed=0)',
    ],
)
def test_a_call_may_be_written_in_several_ways(source):
    assert calls(source, KNOWN) == [Call(STEM, "Dropout", ("Dropout",), 0)]


@pytest.mark.parametrize(
    "source",
    [
        "assert double(1) == 2",
        "check.Dropout(Dropout)\nassert Dropout(0.5)",
        "check.Dropout(Dropout(0.5))",
        "check.Dropout(Dropout, seed=number)",
        "check.Dropout(Dropout, seed=1, more=2)",
        "check.Dropout(Dropout, seed='1')",
        "other.Dropout(Dropout)",
        "Dropout(0.5)",
        "if check.Dropout(Dropout): pass",
        "from helpers.checks import load as check\ncheck.Dropout(Dropout)",
        "import math\ncheck.Dropout(Dropout)",
        "check.Dropout(",
    ],
)
def test_other_code_is_not(source):
    assert calls(source, KNOWN) is None


def test_owners_are_found_beside_magics():
    sources = ["%matplotlib inline\nx = 1", f'a = load("{STEM}")\nb = load(a)']
    assert owners(sources) == {"a": STEM}
