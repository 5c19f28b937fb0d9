"""The scoreboard of hostile submissions: what counts as survived, and its table."""

import pytest

from staff.bench.hostile import NEIGHBOUR, Outcome, broken_rules, table
from tests.hostile import all_cases
from tests.hostile.case import TARGET, Bank

POINTS = {"standard_dropout": 2.0, TARGET: 2.0, "Dropout": 3.0}
FULL = dict(POINTS)


def case(expect):
    bank = Bank("process")
    bank.instead("a", "", expect, "pass")
    return bank.cases[0]


def rules(expect, got, *, neighbour=FULL, ended=True, leaks=False):
    scores = {"a": got, NEIGHBOUR: neighbour}
    return broken_rules(case(expect), POINTS, scores, ended, leaks)


def test_survived():
    assert rules("CRASHED", FULL | {TARGET: 0}) == ()
    assert rules("PASS", FULL) == ()
    assert rules("PASS TAMPERED", FULL | {TARGET: 0}) == ()


@pytest.mark.parametrize(
    ("said", "expect", "got", "more"),
    [
        ("attack got marks", "FAIL", FULL, {}),
        ("earned points lost", "FAIL", {TARGET: 0}, {}),
        ("earned points lost", "PASS", FULL | {TARGET: 0}, {}),
        ("neighbour's score", "PASS", FULL, {"neighbour": {}}),
        ("did not end", "PASS", FULL, {"ended": False}),
        ("secret shown", "PASS", FULL, {"leaks": True}),
    ],
)
def test_broken(said, expect, got, more):
    assert rules(expect, got, **more) == (said,)


def test_table_counts_each_category():
    cases = [c for c in all_cases() if c.category in {"state", "network"}][:3]
    why = [("did not end",), ("secret shown",), ("secret shown", "did not end")]
    stock = [Outcome(c, broken) for c, broken in zip(cases, why, strict=True)]
    shown = table({"stock": stock, "ours": [Outcome(c, ()) for c in cases]})
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0] == ["category", "cases", "stock", "ours"]
    assert ["all", "3", "0", "3"] in lines
    assert ["scores", "right", "3", "1", "3"] in lines
    assert "stock broke: did not end 2, secret shown 2" in shown
    assert "ours broke: nothing" in shown
