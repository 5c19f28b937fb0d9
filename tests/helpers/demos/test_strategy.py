"""The five broken pieces are broken as their exercises say, and run all the same."""

import pytest

from helpers import checks
from helpers.checks import CheckFailed
from helpers.demos import strategy

MISTAKES = {
    "validation_loss": "train-mode",
    "make_optimizer": "coupled",
    "build_head": "dropout-before-norm",
    "make_batches": None,  # two faults at once: what is named may be either
    "train_best": "reference-kept",
}


@pytest.mark.parametrize("name", strategy.__all__)
def test_each_piece_fails_by_its_own_mistake(name):
    check = getattr(checks.load("12_regularization_strategy"), name)
    with pytest.raises(CheckFailed) as failure:
        check(getattr(strategy, name), seed=1)
    if MISTAKES[name]:
        assert failure.value.mistake == MISTAKES[name]
    else:
        assert failure.value.mistake in ("pairs-broken", "augments-validation")
