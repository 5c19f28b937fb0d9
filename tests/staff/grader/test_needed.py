"""Provided cells that nothing looks up are left out; all others run."""

import time

import pytest

from staff.grader.model import Step
from staff.grader.needed import needed_steps

SETUP = Step("provided", "import torch\ncheck = 1", "setup")
SHOWN = Step("provided", "picture = torch.ones(3)\nprint(picture)", "shown")
DATA = Step("provided", "raw = torch.ones(3)", "data")
SCALED = Step("provided", "scaled = raw * 2", "scaled")
TEST = Step("test", "check.f(f)", "test_f", "f")


def answer(source):
    return Step("answer", source, "f", "f")


def cells(*steps):
    return [step.cell for step in needed_steps(steps)]


def test_a_cell_that_only_shows_something_is_left_out():
    plain = answer("def f(x):\n    return x")
    assert cells(SETUP, SHOWN, plain, TEST) == ["setup", "f", "test_f"]


def test_a_parameter_of_the_same_name_is_not_looked_up():
    plain = answer("def f(picture):\n    return picture")
    assert "shown" not in cells(SETUP, SHOWN, plain, TEST)


def test_what_a_function_looks_up_is_kept_and_what_that_needs():
    uses = answer("def f(x):\n    return lambda: x * scaled")
    wanted = ["setup", "data", "scaled", "f", "test_f"]
    assert cells(SETUP, DATA, SHOWN, SCALED, uses, TEST) == wanted


def test_an_extra_cell_counts_as_much_as_an_answer():
    extra = Step("extra", "mine = raw + 1", "x")
    assert "data" in cells(SETUP, DATA, extra, answer("f = 1"), TEST)


def test_code_that_may_look_up_anything_keeps_everything():
    for source in ("f = eval('raw')", "f = globals()['raw']", "f = vars()"):
        assert "shown" in cells(SETUP, DATA, SHOWN, answer(source), TEST)
    assert "shown" in cells(SETUP, DATA, SHOWN, answer("%reset -f\nf = 1"), TEST)


def test_hostile_source_does_no_harm():
    for source in ("(" * 100_000, "-" * 100_000 + "1", "a" + ".a" * 50_000, "\0"):
        assert cells(SETUP, answer(source), TEST)[0] == "setup"


def look(source):
    return Step("test", source, "look", "f")


def test_a_name_that_an_instructors_cell_makes_first_is_not_looked_up():
    own = look("raw = 1\ndef g(x):\n    return x * raw")
    assert "data" not in cells(SETUP, DATA, own, TEST)


def test_a_name_that_an_instructors_cell_may_not_make_is_looked_up():
    for source in (
        "for raw in []:\n    pass\nprint(raw)",
        "if torch.rand(1) > 1:\n    raw = 1\nprint(raw)",
        "raw = raw + 1",
        "raw += 1",
        "class Inner:\n    raw = 1\nprint(raw)",
    ):
        assert "data" in cells(SETUP, DATA, look(source), TEST), source


@pytest.mark.parametrize("depth", [50, 500, 1000, 1500, 2000])
def test_functions_may_be_nested_as_deeply_as_python_takes_them(depth):
    assert cells(SETUP, answer(f"{'lambda:' * depth}raw"), TEST)[0] == "setup"


@pytest.mark.parametrize(
    "line", ["def f():\n return x\n", "class A: pass\n", "x;", "a<", "lambda:0,"]
)
def test_a_long_text_takes_no_long_time(line):
    """Compiling 50 000 functions of one name takes Python minutes."""
    text = line * (1_000_000 // len(line)) + "0"
    start = time.process_time()
    kept = cells(SETUP, DATA, SHOWN, *[answer(text[:k]) for k in (None, -9, -19)], TEST)
    assert time.process_time() - start < 3
    assert kept[:3] == ["setup", "data", "shown"]  # nobody has looked: all of them


def test_many_texts_take_no_longer_than_one():
    texts = [f"def f():\n return x  # {k}\n" * 1000 for k in range(40)]
    start = time.process_time()
    assert "shown" in cells(SETUP, SHOWN, *map(answer, texts), TEST)
    assert time.process_time() - start < 3
