"""Figures about distillation: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers.demos import distillation as figures


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def line(ax, label):
    return next(item for item in ax.lines if item.get_label() == label)


def test_softened_answer_draws_the_probabilities():
    logits = torch.tensor([2 * np.log(3.0), 0.0])
    fig = figures.softened_answer(torch.rand(16), logits, ("coat", "bag"), 2.0)
    left, right = fig.axes
    widths = [bar.get_width() for bar in right.patches]
    np.testing.assert_allclose(widths, [75, 25], rtol=1e-5)
    assert left.get_title() == "coat?"
    assert right.get_title() == "3 times likelier than bag"


def test_gradient_sizes_are_drawn_with_and_without_the_square():
    sizes = torch.tensor([[8.0, 2.0], [4.0, 1.0]])
    left, right = figures.gradient_sizes([1.0, 2.0], sizes).axes
    np.testing.assert_allclose(line(left, "gradient of KL").get_ydata(), [6, 1.5])
    np.testing.assert_allclose(line(left, "∝ 1/T²").get_ydata(), [6, 1.5])
    np.testing.assert_allclose(line(right, "gradient of T²·KL").get_ydata(), [6, 6])


def test_never_seen_has_two_bars_per_class():
    ax = figures.never_seen(("a", "b"), torch.tensor([0.1, 0.2]), torch.ones(2))
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, [10, 20, 100, 100], rtol=1e-6)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b"]


def test_alpha_bands_draws_means_over_seeds():
    table = {"good": torch.tensor([[70.0, 80.0], [72.0, 84.0]])}
    ax = figures.alpha_bands([0.0, 1.0], table)
    np.testing.assert_allclose(line(ax, "good").get_ydata(), [71, 82])
