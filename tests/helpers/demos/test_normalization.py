"""Variance with dropout and without: the formula, the figure, and the cure."""

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from helpers.demos import normalization


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize(("p", "count"), [(0.2, 1), (0.5, 3), (0.8, 16)])
def test_shift_is_what_many_masks_give(p, count):
    x, weights = normalization.units()
    x, weights = x[:, :count], weights[:count]
    draw = torch.Generator().manual_seed(0)
    coins = torch.rand(2000, *x.shape, generator=draw)
    train = (x * (coins >= p) / (1 - p)) @ weights
    ratio = train.var() / (x @ weights).var(correction=0)
    assert normalization.shift(x, weights, p) == pytest.approx(float(ratio), rel=0.02)


def test_without_dropout_nothing_shifts():
    assert normalization.shift(*normalization.units(), 0.0) == 1


def test_figure_shows_both_and_says_the_ratio():
    ax = normalization.histograms(0.5, 1).axes[0]
    x, weights = normalization.units()
    ratio = normalization.shift(x[:, :1], weights[:1], 0.5)
    assert f"{ratio:.2f}" in ax.get_title()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "evaluation",
        "training",
    ]
    counts = [sum(bar.get_height() for bar in group) for group in ax.containers]
    assert counts == [400, 400]


def test_recalibrated_copy_has_plain_averages_without_dropout():
    model = nn.Sequential(nn.Dropout(1.0), nn.BatchNorm1d(2)).train()
    batches = [torch.randn(6, 2) + k for k in range(3)]
    before = {k: v.clone() for k, v in model.state_dict().items()}
    copy = normalization.recalibrated(model, batches)
    mean = torch.stack([x.mean(0) for x in batches]).mean(0)
    var = torch.stack([x.var(0) for x in batches]).mean(0)
    torch.testing.assert_close(copy[1].running_mean, mean)
    torch.testing.assert_close(copy[1].running_var, var)
    assert model.training
    assert not copy.training
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
