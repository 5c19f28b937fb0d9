"""Tests that are plain code run in the judge, on stand-ins for the answers."""

from __future__ import annotations

from typing import Any

import pytest

from staff.grader.inside.run import CELL
from staff.grader.judge.plain import plainly
from staff.grader.model import Verdict
from tests.staff.grader.judge.subjects import forked

ANSWERS = """
import torch

class Counter:
    def __init__(self, start=0):
        self.value = start
    def step(self):
        self.value += 1
        return self.value
    def __len__(self):
        return self.value
    def __getitem__(self, key):
        return [self.value, key]

def double(x):
    return 2 * x

def root(x):
    if x < 0:
        raise ValueError(f"{x} is negative")
    return x ** 0.5

def strange():
    class Own(KeyError): pass
    raise Own("mine")

def counters(n):
    return {"all": [Counter(k) for k in range(n)]}

def total(counters):
    return sum(each.value for each in counters)

def interrupted():
    raise KeyboardInterrupt

def untrue():
    class Always:
        def __eq__(self, other): return True
        def __bool__(self): return True
        def __instancecheck__(self, other): return True
    return Always()

def stops(x):
    raise StopIteration

def missing():
    return no_such_name

number = 3
"""
PROVIDED = [
    "%matplotlib inline",
    "import math\nunused = 1 / 0 if False else 2",
    "k = 5",
]


def names() -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(ANSWERS, space)
    return space


@pytest.fixture(scope="module")
def remote():
    with forked(names, seconds=10) as remote:
        yield remote


def told(remote, visible, hidden="", **more):
    parts = [(text, k > 0) for k, text in enumerate((visible, hidden)) if text]
    return plainly(parts, PROVIDED, remote, **more)


@pytest.mark.parametrize(
    "source",
    [
        "assert double(1) == 2 and double('a') == 'aa'",
        "assert double(x=[1]) == [1, 1]",
        "assert number == 3 and double(number) == 6",
        "assert Counter().step() == 1",
        "c = Counter(4)\nassert c.step() == 5 and c.value == 5 and len(c) == 5",
        "assert Counter(4)[7] == [4, 7]",
        "assert [c.value for c in counters(3)['all']] == [0, 1, 2]",
        "assert total(counters(3)['all']) == 3 and total([Counter(k)]) == 5",
        "assert [*map(double, range(3))] == [0, 2, 4]",
        "try:\n    root(-1)\nexcept ValueError as e:\n    assert 'negative' in str(e)\n"
        "else:\n    raise AssertionError",
        "try:\n    strange()\nexcept KeyError:\n    pass",
        "assert math.isclose(root(2), math.sqrt(2))",
        "import torch\nassert torch.equal(double(torch.ones(2)), 2 * torch.ones(2))",
        "assert 'Counter' in repr(Counter())",
    ],
)
def test_what_is_right_passes(remote, source):
    assert told(remote, source).verdict is Verdict.PASS
    assert told(remote, "", source).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("assert double(1) == 3, 'twice'", "Your code raised AssertionError: twice"),
        ("root(-1)", "Your code raised ValueError: -1 is negative"),
        ("strange()", "Your code raised Own: 'mine'"),
        ("interrupted()", "Your code raised KeyboardInterrupt: "),
        ("nobody()", "Your code raised NameError: name 'nobody' is not defined"),
        ("missing()", "Your code raised NameError: name 'no_such_name' is not defined"),
        ("assert [*map(stops, [1, 2])] == []", "Your code raised StopIteration: "),
        ("assert untrue() == 1", "Your code raised AssertionError: "),
        ("assert isinstance(1, untrue())", "Your code raised TypeError: "),
    ],
)
def test_what_is_wrong_is_said_and_a_hidden_part_is_not(remote, source, message):
    result = told(remote, source)
    assert result.verdict is Verdict.ERROR
    assert result.message.startswith(message)
    result = told(remote, "k", source)
    assert (result.verdict, result.hidden) == (Verdict.ERROR, True)
    assert result.message == "Your code raised an error."


def test_the_error_of_the_answers_cell_is_the_reason_that_there_is_none(remote):
    result = told(remote, "nobody()", earlier=("E", "E: at once"))
    assert result.message == "Your code raised E: at once"
    assert result.evidence == CELL


def test_what_computes_without_end_has_a_verdict():
    with forked(names, seconds=10) as remote:  # it is in the midst of something then
        result = told(remote, "while double(1): pass", seconds=0.3)
    assert result.verdict is Verdict.TIMEOUT


def test_a_check_may_be_called_beside_other_code(remote):
    load = "from helpers.checks import load\n"
    call = 'load("02_dropout_from_scratch").inverted_dropout(double)'
    result = told(remote, f"{load}import math\n{call}")
    assert result.verdict in (Verdict.ERROR, Verdict.FAIL)
    assert "Exercise 2.2" in result.message
