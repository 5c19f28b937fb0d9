"""Figures about stochastic depth: what is drawn is what was given."""

from itertools import combinations, product

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers.demos import stochastic_depth as demos_depth


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def cells(fig):
    """Return the coin map's numbers, (blocks, examples)."""
    (mesh,) = fig.axes[0].collections
    return np.asarray(mesh.get_array()).reshape(12, 16)


def title(ax):
    return ax.get_title(loc="left") or ax.get_title()  # depends on the style


def test_distribution_equals_all_outcomes_counted():
    rates = [0.1, 0.5, 0.8, 0.0]
    expected = torch.zeros(5, dtype=torch.float64)
    for runs in product((0, 1), repeat=4):
        chances = [1 - p if r else p for p, r in zip(rates, runs, strict=True)]
        expected[sum(runs)] += np.prod(chances)
    torch.testing.assert_close(demos_depth.depth_distribution(rates), expected)


def test_per_example_columns_differ_and_all_blocks_are_computed():
    fig = demos_depth.coin_map(0.5, "one per example", 1)
    columns = {tuple(column) for column in cells(fig).T}
    assert len(columns) > 8
    assert title(fig.axes[0]) == "12 of 12 blocks have to be computed"


def test_per_batch_columns_are_equal_and_counted():
    fig = demos_depth.coin_map(0.5, "one per batch", 3)
    drawn = cells(fig)
    assert (drawn == drawn[:, :1]).all()
    expected = f"{int(drawn[:, 0].sum())} of 12 blocks have to be computed"
    assert title(fig.axes[0]) == expected


@pytest.mark.parametrize(("rate", "mean"), [(0.0, 12.0), (1.0, 5.5), (0.5, 8.75)])
def test_expected_depth_is_marked(rate, mean):
    fig = demos_depth.coin_map(rate)
    (line,) = fig.axes[1].lines
    assert line.get_xdata()[0] == pytest.approx(mean)
    heights = [bar.get_height() for bar in fig.axes[1].patches]
    assert np.dot(heights, range(13)) == pytest.approx(mean)


def test_another_draw_gives_other_coins():
    first, second = (cells(demos_depth.coin_map(0.5, toss=k)) for k in (1, 2))
    assert (first != second).any()


def test_other_words_are_refused():
    with pytest.raises(ValueError, match="one per example"):
        demos_depth.coin_map(0.5, "one per pixel")


def test_every_path_is_drawn_once_and_counted():
    fig = demos_depth.paths(3)
    left, right = fig.axes
    taken = {tuple(line.get_xdata()) for line in left.lines if line.get_marker() == "s"}
    assert taken == {p for k in range(4) for p in combinations(range(3), k)}
    assert [bar.get_height() for bar in right.patches] == [1, 3, 3, 1]


def test_depths_are_drawn_with_their_means():
    (ax,) = demos_depth.depths({"half": [0.5, 0.5], "none": [0.0]}).axes
    assert list(ax.lines[0].get_ydata()) == [0.25, 0.5, 0.25]
    assert [t.get_text() for t in ax.get_legend().texts] == [
        "half: mean 1.00",
        "none: mean 1.00",
    ]
