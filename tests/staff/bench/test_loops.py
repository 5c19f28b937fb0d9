"""The speed comparison: its arithmetic, its table, and that its contenders train."""

import pytest
import torch
from torch import nn

from staff.bench import contenders
from staff.bench import loops as bench
from staff.bench.contenders import Time, make_case
from staff.bench.loops import Row, ratio, rounds, table


@pytest.fixture
def case():
    return make_case("tiny", lambda: nn.Linear(3, 10), (3,), 1)._replace(
        x=torch.randn(250, 3), y=torch.zeros(250, dtype=torch.int64)
    )


def test_ratio_is_the_median_over_rounds():
    slow = [Time(2, 1), Time(8, 1), Time(30, 1)]
    fast = [Time(1, 1), Time(2, 2), Time(3, 4)]
    assert ratio(slow, fast) == 4
    assert ratio(slow, fast, "cpu") == 0.5


def test_table_says_what_was_reached():
    lines = table(
        [Row("a", 1.5, 1.5), Row("b", 0.8, 0.9, "why"), Row("c", None, 3.0, "none")]
    ).splitlines()
    assert lines[1].split() == ["a", "1.50x", "≥", "1.5x", "yes"]
    assert lines[2].split() == ["b", "0.80x", "≥", "0.9x", "no", "why"]
    assert lines[3].split() == ["c", "–", "≥", "3.0x", "no", "none"]


@pytest.mark.parametrize(
    "train",
    [contenders.with_fit, contenders.by_hand, contenders.with_loader],
    ids=lambda f: f.__name__,
)
def test_contenders_do_the_same_number_of_steps(case, train, monkeypatch):
    steps = []
    original = torch.optim.AdamW.step
    monkeypatch.setattr(
        torch.optim.AdamW, "step", lambda *a, **k: steps.append(1) or original(*a, **k)
    )
    train(case._replace(epochs=2))
    assert len(steps) == 6


def test_rounds_run_in_turn_after_a_warm_up(case):
    calls = []
    contenders = {
        "a": lambda c: calls.append(("a", c.epochs)),
        "b": lambda c: calls.append(("b", c.epochs)) or Time(5.0, 6.0),
    }
    times = rounds(contenders, case._replace(epochs=4), 2)
    assert calls == [("a", 1), ("b", 1), ("a", 4), ("b", 4), ("a", 4), ("b", 4)]
    assert times["b"] == [Time(5.0, 6.0)] * 2
    assert all(t.wall < 1 for t in times["a"])


def test_a_missing_lightning_is_said_in_its_row(case):
    rows = bench.loops(case, (None, None, 3.0), lightning="left out", repeats=1)
    assert [row.ratio is None for row in rows] == [False, False, True]
    assert rows[2].note == "left out"
