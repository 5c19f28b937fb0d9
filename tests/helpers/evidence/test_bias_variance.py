import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from helpers.evidence.bias_variance import bias_variance, degrees_of_freedom, ridge_path


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_bias_and_variance_by_hand():
    predictions = torch.tensor([[1.0, 2.0], [5.0, 2.0]])
    bias, variance = bias_variance(predictions, torch.tensor([2.0, 3.0]))
    assert (bias.item(), variance.item()) == (1.0, 2.0)


def test_they_sum_to_the_mean_squared_error_in_each_group():
    predictions, truth = draw(4, 7, 5), draw(5, seed=1)
    bias, variance = bias_variance(predictions, truth)
    error = (predictions - truth).square().mean(dim=(1, 2))
    torch.testing.assert_close(bias + variance, error)


def test_one_data_set_has_no_variance():
    _, variance = bias_variance(draw(1, 5), draw(5))
    assert variance == 0


def test_predictions_must_fit_the_truth():
    with pytest.raises(ValueError, match=r"got \(3, 4\) and \(5,\)"):
        bias_variance(draw(3, 4), draw(5))


@pytest.mark.parametrize("shape", [(9, 4), (4, 9)])
def test_ridge_agrees_with_scikit_learn(shape):
    x, y = draw(*shape), draw(shape[0], 3, seed=1)
    weights = ridge_path(x, y, [0.1, 2.0])
    for strength, w in zip([0.1, 2.0], weights, strict=True):
        model = Ridge(alpha=strength, fit_intercept=False).fit(x.numpy(), y.numpy())
        np.testing.assert_allclose(w.T, model.coef_, rtol=1e-7)


def test_strength_zero_is_the_shortest_solution():
    x, y = draw(4, 9), draw(4, seed=1)
    dependent = torch.cat([x.T, x.T[:, :1]], dim=1)
    for a, b in ((x, y), (dependent, draw(9, seed=2))):
        torch.testing.assert_close(ridge_path(a, b, [0])[0], torch.linalg.pinv(a) @ b)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="strengths ≥ 0, got"):
        ridge_path(draw(3, 2), draw(3), [-1.0])
    with pytest.raises(ValueError, match=r"got \(3, 2\) and \(4,\)"):
        ridge_path(draw(3, 2), draw(4), [1.0])


@pytest.mark.parametrize("shape", [(9, 4), (4, 9)])
def test_degrees_of_freedom_are_the_trace(shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(5)).double()
    gram = x.T @ x + 0.7 * torch.eye(shape[1], dtype=torch.float64)
    trace = torch.trace(x @ torch.linalg.solve(gram, x.T)).item()
    assert degrees_of_freedom(x, 0.7) == pytest.approx(trace)
    assert degrees_of_freedom(x, 0) == 4


def test_degrees_of_freedom_of_dependent_columns_is_the_rank():
    x = torch.tensor([[1.0, 1.0, 0.0], [2.0, 2.0, 1.0], [0.0, 0.0, 3.0]])
    assert degrees_of_freedom(x, 0) == 2
    assert degrees_of_freedom(torch.zeros(3, 2), 1.0) == 0


def test_degrees_of_freedom_refuse():
    with pytest.raises(ValueError, match=r"\(n, d\), got \(3,\)"):
        degrees_of_freedom(torch.ones(3), 1)
    with pytest.raises(ValueError, match="≥ 0, got -1"):
        degrees_of_freedom(torch.ones(3, 1), -1)
