"""Figures about penalties: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers.demos import l1_l2 as figures


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def line(ax, label):
    return next(item for item in ax.lines if item.get_label() == label)


def test_equal_prices_has_one_panel_per_ratio():
    fig = figures.equal_prices((1.0, 0.0))
    titles = [ax.get_title() for ax in fig.axes]
    assert titles == ["l1_ratio = 1", "l1_ratio = 0"]


def test_shrink_maps_draws_the_proximal_maps():
    right = figures.shrink_maps(0.5).axes[1]
    w, soft = line(right, "L1: soft threshold").get_data()
    expected = np.sign(w) * np.maximum(np.abs(w) - 0.5, 0)
    np.testing.assert_allclose(soft, expected, atol=1e-6)
    w, scaled = line(right, "L2: w/(1+λ)").get_data()
    np.testing.assert_allclose(scaled, np.asarray(w) / 1.5, atol=1e-6)


def test_sorted_sizes_leaves_zeros_out():
    fits = {"a": torch.tensor([0.0, -3.0, 1.0]), "b": torch.tensor([2.0, 1.0, 0.5])}
    ax = figures.sorted_sizes(fits, step=0.1).axes[0]
    np.testing.assert_allclose(line(ax, "a").get_ydata(), [3.0, 1.0])
    assert len(line(ax, "b").get_ydata()) == 3


def test_recovery_draws_means_over_seeds():
    precision = torch.tensor([[0.2, 0.4], [0.4, 0.8]])
    fig = figures.recovery(
        [0.1, 1.0], {"L1": (precision, 1 - precision)}, mark=0.3, titles=["up"]
    )
    np.testing.assert_allclose(line(fig.axes[0], "precision").get_ydata(), [0.3, 0.6])
    np.testing.assert_allclose(line(fig.axes[0], "recall").get_ydata(), [0.7, 0.4])


def test_decay_bands_are_in_percent():
    table = {
        "train": torch.tensor([[0.5, 0.2]] * 2),
        "val": torch.tensor([[0.4, 0.1]] * 2),
    }
    ax = figures.decay_bands([0.0, 1e-3], table, title="Up").axes[0]
    np.testing.assert_allclose(line(ax, "validation").get_ydata(), [40, 10], rtol=1e-6)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "0.001"]


def test_moon_boundary_is_where_the_logits_are_equal():
    grid = figures.moon_grid()
    assert grid.shape == (4800, 2)
    logits = torch.stack([torch.zeros(4800), grid[:, 0] - 1.0], 1)  # boundary at x = 1
    points = torch.zeros(3, 2), torch.tensor([0, 1, 1])
    ax = figures.moon_boundary(points, logits).axes[0]
    lines = [c for c in ax.collections if getattr(c, "levels", None) is not None]
    (path,) = [p for p in lines[-1].get_paths() if len(p.vertices)]
    np.testing.assert_allclose(path.vertices[:, 0], 1.0, atol=1e-4)
