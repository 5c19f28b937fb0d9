import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers import metrics

NAN = float("nan")


# --- accuracy and likelihood --------------------------------------------------------


def test_accuracy_by_hand():
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [5.0, -5.0]])
    assert metrics.accuracy(logits, torch.tensor([0, 1, 1, 0])) == 0.75


def test_accuracy_is_a_float_and_takes_other_types():
    result = metrics.accuracy(torch.eye(3).half(), torch.arange(3, dtype=torch.int32))
    assert type(result) is float
    assert result == 1.0


def test_negative_log_likelihood_by_hand():
    logits = torch.log(torch.tensor([[0.5, 0.5], [0.9, 0.1]]))
    expected = -(math.log(0.5) + math.log(0.1)) / 2
    got = metrics.negative_log_likelihood(logits, torch.tensor([0, 1]))
    assert got == pytest.approx(expected, rel=1e-6)


def test_negative_log_likelihood_is_finite_for_large_logits():
    logits = torch.tensor([[1e4, -1e4]])
    assert metrics.negative_log_likelihood(logits, torch.tensor([1])) == 2e4


@pytest.mark.parametrize("score", [metrics.accuracy, metrics.negative_log_likelihood])
@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (torch.zeros(2, 3, 4), torch.zeros(2).long(), r"\(2, 3, 4\).*once per model"),
        (torch.zeros(2, 3), torch.zeros(3).long(), r"\(2, 3\) and \(3,\)"),
        (torch.zeros(2, 3), torch.zeros(2, 1).long(), r"\(2, 1\)"),
        (torch.zeros(0, 3), torch.zeros(0).long(), "N ≥ 1"),
        (torch.tensor([[0.0, NAN]]), torch.tensor([0]), "NaN"),
        (torch.zeros(2, 3), torch.tensor([0, 3]), r"\[0, 3\), got 0 to 3"),
    ],
)
def test_scores_refuse_what_they_cannot_mean(score, logits, labels, message):
    with pytest.raises(ValueError, match=message):
        score(logits, labels)


# --- calibration --------------------------------------------------------------------


def slow_ece(probs, labels, n_bins):
    """The definition, bin by bin."""
    confidence = [max(row) for row in probs.tolist()]
    right = (probs.argmax(1) == labels).tolist()
    total = 0.0
    for b in range(n_bins):
        low, high = b / n_bins, (b + 1) / n_bins
        inside = [i for i, c in enumerate(confidence) if low < c <= high]
        if inside:
            gap = sum(right[i] - confidence[i] for i in inside)
            total += abs(gap)
    return total / len(confidence)


def test_ece_by_hand():
    # bin (.6, .8]: confidences .7 and .8, one right -> |.5 - .75| with weight 2/3
    # bin (.8, 1]: confidence 1, right -> 0
    probs = torch.tensor([[0.7, 0.3], [0.2, 0.8], [1.0, 0.0]], dtype=torch.float64)
    labels = torch.tensor([0, 0, 0])
    got = metrics.expected_calibration_error(probs, labels, n_bins=5)
    assert got == pytest.approx(0.25 * 2 / 3)


def test_ece_counts_confidence_one():
    probs = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert metrics.expected_calibration_error(probs, torch.tensor([0, 1])) == 0.5


def test_ece_puts_an_edge_into_the_lower_bin():
    # at 4 bins .75 is exact: in (.5, .75] with .6; alone in (.75, 1] it would add
    probs = torch.tensor([[0.75, 0.25], [0.6, 0.4]], dtype=torch.float64)
    labels = torch.tensor([1, 0])
    got = metrics.expected_calibration_error(probs, labels, n_bins=4)
    assert got == pytest.approx(abs((0 - 0.75) + (1 - 0.6)) / 2)


@settings(deadline=None)
@given(
    n=st.integers(1, 60),
    classes=st.integers(2, 6),
    bins=st.integers(1, 20),
    seed=st.integers(0, 2**31),
)
def test_ece_equals_the_definition(n, classes, bins, seed):
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(n, classes, generator=generator, dtype=torch.float64)
    probs = F.softmax(scores, dim=1)
    labels = torch.randint(classes, (n,), generator=generator)
    got = metrics.expected_calibration_error(probs, labels, bins)
    assert got == pytest.approx(slow_ece(probs, labels, bins), abs=1e-12)


def test_ece_refuses_logits_and_no_bins():
    labels = torch.tensor([0])
    with pytest.raises(ValueError, match="Apply softmax first"):
        metrics.expected_calibration_error(torch.tensor([[2.0, 1.0]]), labels)
    with pytest.raises(ValueError, match="Apply softmax first"):
        metrics.expected_calibration_error(torch.tensor([[1.5, -0.5]]), labels)
    with pytest.raises(ValueError, match="n_bins"):
        metrics.expected_calibration_error(torch.tensor([[0.5, 0.5]]), labels, 0)


# --- intervals ----------------------------------------------------------------------


def test_interval_by_hand():
    # mean 2, sd 1, t(2, .975) = 4.3027: half width 4.3027 / sqrt(3)
    got = metrics.mean_interval([1.0, 2.0, 3.0])
    assert got.mean == 2
    assert got.n == 3
    assert got.high - 2 == pytest.approx(4.30265 / math.sqrt(3), rel=1e-5)
    assert 2 - got.low == pytest.approx(got.high - 2)
    assert str(got) == "2 [-0.4841, 4.484] (n=3)"


@settings(deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30),
    st.floats(0.01, 0.99),
)
def test_interval_equals_scipys(values, confidence):
    got = metrics.mean_interval(values, confidence)
    se = np.std(values, ddof=1) / math.sqrt(len(values))
    if se > 0:
        low, high = stats.t.interval(confidence, len(values) - 1, np.mean(values), se)
        np.testing.assert_allclose(
            [got.low, got.high], [low, high], rtol=1e-6, atol=1e-9
        )
    else:
        assert got.low == got.high == got.mean


def test_interval_covers_the_truth_as_often_as_it_says():
    values = np.random.default_rng(0).normal(size=(2_000, 5))
    hits = sum(i.low <= 0 <= i.high for i in map(metrics.mean_interval, values))
    # binomial: 1,900 +- 5 standard deviations of 9.7
    assert abs(hits - 1_900) < 49


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor, tuple])
def test_interval_takes_lists_arrays_and_tensors(kind):
    got = metrics.mean_interval(kind([1.0, 2.0]))
    assert all(type(v) is float for v in got[:3])
    assert got.mean == 1.5


def test_interval_takes_tensors_with_gradients():
    assert metrics.mean_interval(torch.ones(3, requires_grad=True)).mean == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0], "at least 2 .* got 1"),
        ([], "at least 2 .* got 0"),
        ([1.0, NAN, 2.0], r"NaN or infinity at \[1\]"),
        (torch.tensor([math.inf, 1.0]), r"at \[0\]"),
        ([[1.0, 2.0]], r"expected shape \(n,\), got \(1, 2\)"),
    ],
)
def test_interval_refuses(values, message):
    with pytest.raises(ValueError, match=message):
        metrics.mean_interval(values)


@pytest.mark.parametrize("confidence", [0, 1, 95, NAN])
def test_interval_wants_a_probability(confidence):
    with pytest.raises(ValueError, match="confidence"):
        metrics.mean_interval([1.0, 2.0], confidence)


def test_paired_difference_is_the_interval_of_the_differences():
    a, b = torch.tensor([3.0, 5.0, 4.0]), [1.0, 2.0, 3.0]
    assert metrics.paired_difference(a, b) == metrics.mean_interval([2.0, 3.0, 1.0])
    wide = metrics.paired_difference(a, b, 0.99)
    assert wide.low < metrics.paired_difference(a, b).low


def test_paired_difference_wants_pairs():
    with pytest.raises(ValueError, match="2 for treatment and 3 for control"):
        metrics.paired_difference([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="control: expected finite"):
        metrics.paired_difference([1.0, 2.0], [1.0, NAN])
