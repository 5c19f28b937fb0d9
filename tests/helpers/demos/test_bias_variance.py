import math
import time

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

from helpers.demos.bias_variance import EPOCHS, descent, hidden_layer, overfitting


@pytest.fixture(autouse=True)
def _agg():
    matplotlib.use("agg")
    yield
    plt.close("all")


def test_descent_is_gradient_descent():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, 9, generator=generator, dtype=torch.float64)
    y = torch.randn(6, generator=generator, dtype=torch.float64)
    rate = 0.9 / torch.linalg.matrix_norm(x, 2) ** 2
    w = torch.zeros(9, dtype=torch.float64)
    for _ in range(50):
        w = w - rate * x.T @ (x @ w - y)
    torch.testing.assert_close(descent(x, y, torch.tensor([0, 50]))[1], w)


def test_no_epochs_give_no_weights_and_many_the_shortest_solution():
    x = torch.tensor([[1.0, 0.0, 1.0], [0.0, 2.0, 1.0]], dtype=torch.float64)
    y = torch.tensor([1.0, -1.0], dtype=torch.float64)
    none, many = descent(x, y, torch.tensor([0, 100_000]))
    assert not none.any()
    torch.testing.assert_close(many, torch.linalg.pinv(x) @ y)


def test_wider_layers_contain_narrower_ones():
    x = torch.linspace(0, 1, 5)
    wide = hidden_layer(x, 30)
    assert wide.shape == (5, 31)
    assert torch.equal(wide[:, :11], hidden_layer(x, 10))
    assert (wide >= 0).all()


def test_a_layer_needs_a_unit():
    with pytest.raises(ValueError, match="at least 1 unit, got 0"):
        hidden_layer(torch.zeros(3), 0)


def errors(figure):
    """Return the drawn training and test errors."""
    train, test, *_ = figure.axes[1].lines
    return [torch.as_tensor(line.get_ydata()).double() for line in (train, test)]


def test_the_figure_shows_overfitting_with_noise_and_none_without():
    train, test = errors(overfitting(200, 0.5, 100))
    assert (train.diff() < 1e-12).all()
    assert test[-1] > 1.2 * test.min()
    _, clean = errors(overfitting(200, 0.0, 100))
    assert clean[-1] < 1e-3 < 0.25 < test[-1]  # 0.25 is the noise


def test_draws_in_less_than_a_second_whatever_the_controls():
    for width in (1, 1000):
        for epochs in (EPOCHS[0], EPOCHS[-1]):
            start = time.process_time()
            figure = overfitting(width, 1.0, epochs)
            assert time.process_time() - start < 1
            assert all(math.isfinite(v) for line in errors(figure) for v in line)
