"""Figures about calibration and doubt: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers.demos import mc_dropout as figures
from helpers.evidence.metrics import expected_calibration_error

PROBS = torch.tensor([[0.95, 0.05]] * 3 + [[0.25, 0.75], [0.5, 0.5]])
LABELS = torch.tensor([0, 0, 0, 0, 0])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def line(ax, label):
    return next(item for item in ax.lines if item.get_label() == label)


def test_row_has_one_panel_per_method_with_its_mean_error():
    many = torch.stack([PROBS, PROBS.flip(1)])
    fig = figures.reliability_row({"one": PROBS, "two": many}, LABELS, n_bins=10)
    one, two = (ax.get_title() for ax in fig.axes)
    error = [expected_calibration_error(p, LABELS, 10) for p in many]
    assert one == f"one\nECE {error[0]:.1%}"
    assert two == f"two\nECE {sum(error) / 2:.1%}"


def test_bars_show_which_way_the_gap_goes():
    probs = torch.tensor([[0.55, 0.45]] * 2 + [[0.25, 0.75]])  # right, right, wrong
    ax = figures.reliability_row({"one": probs}, LABELS[:3], n_bins=10).axes[0]
    lower, sure, modest = (
        np.array([bar.get_height() for bar in group]) for group in ax.containers
    )
    np.testing.assert_allclose(lower[[5, 7]], [0.55, 0], atol=1e-6)
    np.testing.assert_allclose(sure[[5, 7]], [0, 0.75], atol=1e-6)
    np.testing.assert_allclose(modest[[5, 7]], [0.45, 0], atol=1e-6)


def test_temperature_lowers_confidence_and_keeps_accuracy():
    titles = [
        figures.reliability_picture(PROBS, LABELS, temperature=t).axes[1].get_title()
        for t in (1.0, 2.0)
    ]
    assert titles[0] == "Confidence 82.0%, accuracy 80.0%"
    assert titles[1].endswith("accuracy 80.0%")
    assert titles[1] < titles[0]


def test_bands_are_two_standard_deviations():
    x = torch.linspace(0, 1, 5)
    samples = torch.stack([x - 0.5, x + 0.5])
    fig = figures.doubt_bands(
        x, {"crowd": samples}, (x[:2], x[:2]), truth=x, titles=["Wide"]
    )
    ax = fig.axes[0]
    np.testing.assert_allclose(line(ax, "crowd: mean").get_ydata(), x)
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert corners.max() == pytest.approx(1 + 2**0.5, abs=1e-5)


def test_risk_counts_errors_among_the_surest():
    doubt = torch.tensor([[0.1, 0.4, 0.2, 0.3], [4.0, 3.0, 2.0, 1.0]])
    wrong = torch.tensor([[False, True, False, True], [True, False, False, False]])
    risk = figures.risk_at(doubt, wrong, [0.5, 0.75, 1.0])
    np.testing.assert_allclose(risk, [[0, 1 / 3, 0.5], [0, 0, 0.25]])
