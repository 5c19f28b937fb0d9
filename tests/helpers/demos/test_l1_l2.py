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


def test_decay_pair_draws_means_over_seeds():
    table = {"train": torch.tensor([[50.0, 20.0]] * 2)}
    table["val"] = torch.tensor([[40.0, 60.0]] * 2)
    ax = figures.decay_pair([0.0, 1e-3], {"labels": table}, titles=["up"]).axes[0]
    np.testing.assert_allclose(line(ax, "validation").get_ydata(), [40, 60], rtol=1e-6)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "0.001"]
    assert ax.get_title() == "up"


def test_one_problem_draws_weights_and_correlations():
    x = torch.tensor([[1.0, 1.0], [2.0, -1.0], [3.0, 1.0], [4.0, -1.0]])
    fig = figures.one_problem(x, 2 * x[:, 0], torch.tensor([2.0, 0.0]))
    heights = [[bar.get_height() for bar in ax.patches] for ax in fig.axes]
    assert heights[0] == [2.0, 0.0]
    expected = np.corrcoef(x.T.numpy())[0] * 3 / 4  # mean over n, spread over n - 1
    np.testing.assert_allclose(heights[1], expected, rtol=1e-5)


def test_coefficient_paths_separates_real_from_useless():
    weights = torch.tensor([[1.0, 0.5], [0.5, 0.0]])
    fig = figures.coefficient_paths(
        [0.1, 1.0], {"L1": weights, "L2": weights}, torch.tensor([1.0, 0.0]), 0.3
    )
    drawn = line(fig.axes[1], "real feature").get_ydata()
    np.testing.assert_allclose(drawn, [1.0, 0.5])


def test_pruning_and_rate_lines_draw_means_over_seeds():
    zeros = torch.tensor([[0.0, 0.0], [40.0, 60.0]])
    fig = figures.pruning({"L1": (zeros, 32 - zeros / 10, 70 - zeros / 5)})
    mean = line(fig.axes[1], "L1")
    np.testing.assert_allclose(mean.get_xdata(), [0.0, 50.0])
    np.testing.assert_allclose(mean.get_ydata(), [32.0, 27.0])
    scores = {"dropout 0, no limit": zeros, "dropout 0.5, max-norm 1": zeros + 1}
    fig = figures.rate_lines([0.1, 0.3], scores)
    np.testing.assert_allclose(line(fig.axes[1], "max-norm 1").get_ydata(), [1.0, 51.0])


def test_moon_boundary_is_where_the_logits_are_equal():
    grid = figures.moon_grid()
    assert grid.shape == (4800, 2)
    logits = torch.stack([torch.zeros(4800), grid[:, 0] - 1.0], 1)  # boundary at x = 1
    points = torch.zeros(3, 2), torch.tensor([0, 1, 1])
    ax = figures.moon_boundary(points, logits).axes[0]
    lines = [c for c in ax.collections if getattr(c, "levels", None) is not None]
    (path,) = [p for p in lines[-1].get_paths() if len(p.vertices)]
    np.testing.assert_allclose(path.vertices[:, 0], 1.0, atol=1e-4)
