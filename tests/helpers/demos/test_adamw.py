"""The pictures of notebook 04, and the quadratics behind them."""

import matplotlib.pyplot as plt
import pytest
import torch

from helpers.demos import adamw as demos_adamw
from helpers.demos.adamw import beside, descend, quadratics, ridge_picture


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_problems_come_one_per_seed_and_do_not_depend_on_each_other():
    several, one = quadratics(range(3)), quadratics(range(2, 3))
    assert several.x.shape == (3, 40, 2)
    assert several.slope.shape == (3, 2)
    assert torch.equal(several.x[2], one.x[0])
    assert not torch.equal(several.x[0], several.x[1])


def test_the_closed_form_is_where_the_gradient_vanishes():
    problem = quadratics(range(2))
    w = demos_adamw.ridge_solution(problem, 0.3)
    gradient = torch.einsum("sij,sj->si", problem.hessian, w) - problem.slope + 0.3 * w
    assert gradient.abs().max() < 1e-12


def test_adam_without_decay_reaches_least_squares():
    problem = quadratics(range(2))
    end = descend(problem, torch.optim.Adam, decay=0.0)[-1]
    assert torch.allclose(end, demos_adamw.ridge_solution(problem, 0.0), atol=1e-2)


def test_descend_starts_at_zero_and_keeps_every_step():
    path = descend(quadratics(range(2)), torch.optim.AdamW, decay=0.1, steps=5, batch=3)
    assert path.shape == (6, 2, 2)
    assert not path[0].any()
    assert path[1].all()


def test_picture_has_the_star_and_both_ends():
    fig = ridge_picture(decay=0.2, batch=4)
    labels = fig.axes[0].get_legend_handles_labels()[1]
    assert labels == [
        "ridge, all strengths",
        "ridge, 0.2",
        "Adam + L2 ends here",
        "AdamW ends here",
    ]


def test_beside_draws_the_diagonal_and_the_weights():
    w = torch.tensor([1.0, -2.0, 3.0])
    fig = beside({"same": (w, w), "other": (w, -w)}, names=("one", "two"))
    for ax, sign in zip(fig.axes, (1, -1), strict=True):
        diagonal, dots = ax.lines
        assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
        assert list(dots.get_ydata()) == (sign * w).tolist()
