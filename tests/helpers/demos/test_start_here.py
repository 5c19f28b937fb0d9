"""Pairs and rows of intervals: what is drawn is what was measured."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers.demos.start_here import forest, joined
from helpers.evidence.intervals import mean_interval, paired_difference

NONE, DECAY = [60.0, 70.0, 80.0], [62.0, 71.0, 83.0]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def diamond(ax):
    """Return where the mean's marker is, and the ends of its bar."""
    (container,) = ax.containers
    line, _, (bar,) = container.lines
    return line.get_xydata()[0], bar.get_segments()[0]


def test_joined_draws_each_pair_and_the_paired_interval():
    figure = joined({"none": NONE, "decay": DECAY}, colors=["k", "r"], unit="%")
    left, right = figure.axes
    lines = [line.get_ydata() for line in left.lines if len(line.get_ydata()) == 2]
    assert [list(line) for line in lines] == [[60, 62], [70, 71], [80, 83]]
    (_, mean), bar = diamond(right)
    wanted = paired_difference(DECAY, NONE)
    assert mean == pytest.approx(wanted.mean)
    assert bar[:, 1] == pytest.approx([wanted.low, wanted.high])
    assert right.get_ylabel() == "decay minus none"


@pytest.mark.parametrize("arms", [{"none": NONE}, {"a": NONE, "b": NONE, "c": DECAY}])
def test_joined_wants_two_arms(arms):
    with pytest.raises(ValueError, match="a control and a treatment"):
        joined(arms, colors=["k", "r"], unit="%")


def test_joined_wants_pairs():
    with pytest.raises(ValueError, match="one value per seed"):
        joined({"none": NONE, "decay": DECAY[:2]}, colors=["k", "r"], unit="%")


def test_forest_draws_rows_from_the_top_with_dots_where_there_are_seeds():
    ready = mean_interval(NONE)
    ax = forest(
        {"seeds": torch.tensor(DECAY), "ready": ready},
        colors=["k", "r"],
        unit="points",
    )
    assert [label.get_text() for label in ax.get_yticklabels()] == ["seeds", "ready"]
    first, second = (container.lines[0].get_xydata()[0] for container in ax.containers)
    assert first == pytest.approx([72, 1])
    assert second == pytest.approx([ready.mean, 0])
    dots = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert len(dots) == 1
    assert np.asarray(dots[0].get_xdata()) == pytest.approx(DECAY)
