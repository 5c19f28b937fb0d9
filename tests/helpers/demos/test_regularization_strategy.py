"""Broken as their exercises say; and the table says what it was told."""

import pytest

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
