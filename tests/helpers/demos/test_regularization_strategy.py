"""Broken as their exercises say; table and factorial say what they were told."""

import ast
import inspect
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch

from helpers import checks
from helpers.checks import CheckFailed
from helpers.demos import regularization_strategy as repairs

MISTAKES = {
    "validation_loss": "train-mode",
    "make_optimizer": "coupled",
    "build_head": "dropout-before-norm",
    "make_batches": None,  # two faults at once: what is named may be either
    "train_best": "reference-kept",
}


ROOT = Path(__file__).resolve().parents[3]
STEM = "12_regularization_strategy"


def statements(source: str) -> list[str]:
    """Return what a function does, without its signature and its docstring."""
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return [ast.unparse(statement) for statement in body]


@pytest.mark.parametrize("name", MISTAKES)
def test_each_piece_is_the_same_in_its_three_places(name):
    """Its symptom is shown by one, mended in another, and judged by a third."""
    master = (ROOT / f"solutions/{STEM}.py").read_text("utf-8")
    cell = re.search(rf"(?ms)^def {name}\(.*?(?=^# %%)", master)[0]
    found = re.sub(r"(?ms)^    ### BEGIN SOLUTION.*?### END SOLUTION$", "", cell)
    assert found != cell
    shown = statements(inspect.getsource(getattr(repairs, name)))
    assert statements(found) == shown
    (answer,) = (ROOT / f"tests/answers/{STEM}/{name}").glob("wrong_*as_found.py")
    assert statements(answer.read_text("utf-8")) == shown


@pytest.mark.parametrize("name", MISTAKES)
def test_each_piece_fails_by_its_own_mistake(name):
    check = getattr(checks.load("12_regularization_strategy"), name)
    with pytest.raises(CheckFailed) as failure:
        check(getattr(repairs, name), seed=1)
    if MISTAKES[name]:
        assert failure.value.mistake == MISTAKES[name]
    else:
        assert failure.value.mistake in ("pairs-broken", "augments-validation")


def test_the_table_shows_what_was_measured_first():
    table = repairs.techniques({"Dropout": ["+5.7"]}, ["gain"])
    assert table.head[:2] == ["technique", "gain"]
    assert table.rows[0][:2] == ["Dropout", "+5.7"]
    assert all(len(row) == len(table.head) and row[1] == "" for row in table.rows[1:])
    assert "+5.7" in table._repr_html_()
    assert repr(table).startswith("Dropout. gain: +5.7; ")


def test_a_name_that_the_course_does_not_have_is_refused():
    with pytest.raises(ValueError, match="dropot"):
        repairs.techniques({"dropot": ["+5.7"]}, ["gain"])


@pytest.fixture
def close_figures():
    yield
    plt.close("all")


def cells() -> dict[str, dict[str, torch.Tensor]]:
    """Return eight ways, two kinds of labels and three draws, each with its numbers."""
    draw = torch.Generator().manual_seed(0)
    names = ["none", "decay", "dropout", "dropout + decay", "moves"]
    names += ["dropout + moves", "decay + moves", "dropout + decay + moves"]
    return {
        name: {
            what: 60 + 9 * torch.rand(2, 3, generator=draw)
            for what in ("train", "test")
        }
        for name in names
    }


def test_gains_are_counted_from_none_and_added_over_the_parts():
    ways = cells()
    for kind in (repairs.TRUE, repairs.FALSE):
        none, one, two, both = (
            ways[name]["test"][kind]
            for name in ("none", "dropout", "decay", "dropout + decay")
        )
        gain = repairs.measured_gain(ways, "dropout + decay", kind)
        assert torch.equal(gain, both - none)
        added = repairs.added_up(ways, "dropout + decay", kind)
        torch.testing.assert_close(added, one + two - 2 * none)
        assert repairs.added_up(ways, "none", kind).abs().max() == 0


def test_figure_names_all_ways_and_draws_both_sums(close_figures):
    ways = cells()
    left, right = repairs.factorial(ways, "decay + moves").axes
    assert {text.get_text() for text in left.texts} == set(ways)
    heights = [bar.get_height() for bar in right.patches]
    assert heights == pytest.approx(
        [
            float(repairs.added_up(ways, "decay + moves").mean()),
            float(repairs.measured_gain(ways, "decay + moves").mean()),
        ]
    )


def test_scene_needs_every_combination():
    ways = cells()
    del ways["decay + moves"]
    with pytest.raises(ValueError, match=r"decay \+ moves"):
        repairs.scene(ways)
