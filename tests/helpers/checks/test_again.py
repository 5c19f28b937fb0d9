"""Earlier exercises from memory; the answer shown before it is graded; raw failures."""

import json
import re

import pytest
import torch

from helpers import checks
from helpers.checks import CheckFailed, NotAttempted, again, exercise, look
from helpers.study import cards


@pytest.fixture
def box(tmp_path, monkeypatch):
    """Where an exercise's box is kept, in a learner's folder; returns a reader."""
    for variable in ("CI", "NBGRADER_EXECUTION", "COURSE_PROGRESS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)

    def read(name):
        record = json.loads((tmp_path / ".progress.json").read_text())
        return record["cards"][f"exercise/{name}"]["box"]

    return read


def soften(logits, temperature):
    return torch.softmax(logits / temperature, dim=-1)


def test_an_exercise_from_memory_moves_its_box(box, capsys):
    again(soften)
    assert box("soften") == 1
    assert "✓ Exercise 8.1" in capsys.readouterr().out

    def wrong(logits, temperature):
        return torch.softmax(logits, dim=-1)

    wrong.__name__ = "soften"
    with pytest.raises(CheckFailed):
        again(wrong)
    assert box("soften") == 0


@pytest.mark.parametrize("answers", [(), (3,), (box,)])
def test_what_has_no_exercise_is_named(answers):
    with pytest.raises(ValueError, match="number or the name of an exercise"):
        again(*answers)


def test_numbers_of_today_are_not_the_first_ones(box, monkeypatch):
    seeds = []

    class Book:
        @staticmethod
        def soften(answer, *, seed):
            seeds.append(seed)

    monkeypatch.setattr("helpers.checks._again.load", lambda stem: Book)
    again(soften)
    assert seeds == [cards.date.today().toordinal()]


def raises(error):
    def call():
        raise error

    return call


def test_look_shows_the_value_beside_the_target(capsys):
    look(lambda: 2.0, 3.0)
    assert capsys.readouterr().out == "yours:  2\ntarget: 3\n"
    look(lambda: 2.0)
    assert capsys.readouterr().out == "yours:  2\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotImplementedError(), "○ Not attempted yet"),
        (NotImplementedError("soon"), "✗ Your code raised NotImplementedError: soon"),
        (KeyError("a"), "✗ Your code raised KeyError: 'a'"),
    ],
)
def test_look_stops_nothing(capsys, error, said):
    look(raises(error), 3.0)
    out = capsys.readouterr().out
    assert out.startswith(said)
    assert "target" not in out


def test_look_draws_and_says_where_it_cannot(capsys):
    drawn = []
    look(lambda: 2.0, 3.0, draw=lambda yours, target: drawn.append((yours, target)))
    assert drawn == [(2.0, 3.0)]
    assert capsys.readouterr().out == ""

    def fails(yours, target):
        raise ValueError("no picture")

    look(lambda: 2.0, 3.0, draw=fails)
    out = capsys.readouterr().out
    assert out == "✗ Your value cannot be drawn: no picture\nyours:  2\n"


def test_look_names_the_learners_line(capsys):
    look(raises(ZeroDivisionError("no")))
    assert re.search(r"line \d+ of your cell: raise error", capsys.readouterr().out)


@exercise("9.9", mistakes={}, asks=("f", "g"))
def pair(f, g, t):
    t.part("sum")
    t.close(t.call(f, 1.0) + t.call(g, 1.0), 3.0)


def test_a_check_that_asks_for_two_names_them():
    pair(lambda x: x, lambda x: 2 * x)
    with pytest.raises(TypeError, match=r"expected check.pair\(f, g\), got 1 answers"):
        pair(lambda x: x)
    with pytest.raises(CheckFailed, match="`g` is not a function or class any more"):
        pair(lambda x: x, 5)


class Shell:
    """As much of IPython's shell as failures shown as cards need."""

    def __init__(self, custom=()):
        self.custom_exceptions = custom
        self.handler = None

    def set_custom_exc(self, kinds, handler):
        self.custom_exceptions, self.handler = kinds, handler


@pytest.fixture
def learners(monkeypatch):
    """A learner's kernel: returns its shell, and what was published."""
    from helpers.checks import _exercise

    published, shell = [], Shell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr(_exercise, "in_kernel", lambda: True)
    monkeypatch.setattr(_exercise, "_AT_THE_START", False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(_exercise, "publish", published.append)
    return shell, published


def untouched(x):
    raise NotImplementedError


def test_for_learners_an_open_exercise_is_shown_and_stops_nothing(learners):
    shell, published = learners
    pair(untouched, untouched)
    (shown,) = published
    assert shown["text/plain"].startswith("○ Exercise 9.9 · pair: not attempted yet.")
    assert shell.handler is None


def test_for_learners_a_failure_is_raised_and_shown_as_a_card(learners):
    shell, published = learners
    with pytest.raises(CheckFailed) as failed:
        pair(lambda x: x, lambda x: x)
    assert shell.custom_exceptions == (CheckFailed,)
    lines = shell.handler(shell, CheckFailed, failed.value, None)
    assert published == [failed.value.bundle()]
    assert lines == failed.value.lines() == shell._last_traceback


def test_anothers_way_of_showing_errors_is_left_alone(learners):
    shell, _ = learners
    shell.custom_exceptions = (KeyError,)
    with pytest.raises(CheckFailed):
        pair(lambda x: x, lambda x: x)
    assert shell.handler is None


def test_where_it_is_graded_an_open_exercise_is_raised(learners, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(NotAttempted):
        pair(untouched, untouched)
    assert learners[1] == []


def test_an_unknown_notebook_is_named():
    with pytest.raises(ValueError, match="No checks for '99_none'"):
        checks.load("99_none")
