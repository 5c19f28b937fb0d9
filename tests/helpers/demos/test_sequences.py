"""A unit that should remember: what the coins do to it, and what the figure shows."""

import matplotlib.pyplot as plt
import pytest
import torch

from helpers.demos import sequences


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def coins(steps: int = 12, n: int = 20_000) -> torch.Tensor:
    return torch.rand(steps, n, generator=torch.Generator().manual_seed(0))


def knowing(values: torch.Tensor) -> float:
    return (values[-1] > sequences.KNOWS).double().mean().item()


@pytest.mark.parametrize(("p", "steps"), [(0.2, 5), (0.4, 3)])
def test_fresh_coins_forget_as_often_as_the_formula_says(p, steps):
    fresh = sequences.paths(coins(steps), p)
    locked = sequences.paths(coins(1).expand(steps, -1), p)
    assert knowing(fresh) == pytest.approx((1 - p) ** steps, abs=0.02)
    assert knowing(locked) == pytest.approx(1 - p, abs=0.02)


def test_what_is_dropped_stays_lost_unless_something_passes_by():
    tossed = torch.tensor([[1.0], [0.0], [1.0], [1.0]])  # kept, dropped, kept, kept
    lost = sequences.paths(tossed, 0.4)
    found = sequences.paths(tossed, 0.4, passing=0.5)
    assert lost[2:].abs().max() == 0
    assert 0 < found[2] < found[3] < found[4]


@pytest.mark.parametrize("steps", [12, 40])
def test_nothing_is_forgotten_from_a_share_of_six_tenths(steps):
    tossed = coins(steps, 2000)
    assert knowing(sequences.paths(tossed, 0.4, passing=0.6)) == 1
    locked = tossed[:1].expand(steps, -1)
    assert knowing(sequences.paths(locked, 0.4, passing=0.6)) == 1


def test_without_dropout_the_value_rests_where_tanh_holds_it():
    values = sequences.paths(coins(40, 3), 0.0)
    assert torch.allclose(values[-1], (2 * values[-1]).tanh())
    assert values[-1].min() > 0.95


def test_figure_draws_every_example_and_the_share():
    left, right = sequences.memories(0.4, 12, 0.0).axes
    assert len(left.lines) == len(right.lines) == sequences.EXAMPLES + 1
    fresh, locked = (ax.lines[-1].get_ydata()[-1] for ax in (left, right))
    assert fresh < 0.1 < 0.4 < locked < 0.8
    assert len(left.get_legend().get_texts()) == 1
