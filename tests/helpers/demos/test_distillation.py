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


def test_never_seen_has_a_mean_and_each_student_per_class():
    shares = {"found": torch.tensor([[0.1, 0.3], [0.5, 0.7]])}
    ax = figures.never_seen(("a", "b"), shares)
    np.testing.assert_allclose(line(ax, "found").get_xdata(), [20, 60], rtol=1e-6)
    singles = sorted(x for item in ax.lines[:2] for x in item.get_xdata())
    np.testing.assert_allclose(singles, [10, 30, 50, 70], rtol=1e-6)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b"]


def test_ladder_has_a_mark_for_each_length_and_kind():
    gains = {
        "short": {"a": torch.tensor([1.0, 3.0]), "b": torch.tensor([0.0, 2.0])},
        "long": {"a": torch.tensor([4.0, 6.0]), "b": torch.tensor([-1.0, 1.0])},
    }
    ax = figures.ladder(gains).axes[0]
    means = [container.lines[0].get_xdata()[0] for container in ax.containers]
    assert means == [2.0, 1.0, 5.0, 0.0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [*gains]


def test_two_orders_name_what_each_step_adds():
    corners = {
        ("200", "first choice"): 76.0,
        ("200", "soft answers"): 79.5,
        ("3,000", "first choice"): 80.0,
        ("3,000", "soft answers"): 80.5,
    }
    left, right = figures.two_orders(corners).axes
    texts = [[t.get_text() for t in ax.texts if t.get_text()] for ax in (left, right)]
    assert texts == [["softness +3.5", "images +1.0"], ["images +4.0", "softness +0.5"]]


def test_loss_spread_tells_mean_and_deviation():
    losses = {"labels": torch.tensor([1.0, 3.0]), "other": torch.tensor([2.0, 2.0])}
    legend = figures.loss_spread(losses).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [
        "labels: 2.00 ± 1.41",
        "other: 2.00 ± 0.00",
    ]


def test_alpha_bands_draws_means_over_seeds():
    table = {"good": torch.tensor([[70.0, 80.0], [72.0, 84.0]])}
    ax = figures.alpha_bands([0.0, 1.0], table)
    np.testing.assert_allclose(line(ax, "good").get_ydata(), [71, 82])
