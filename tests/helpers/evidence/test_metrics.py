import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.evidence import metrics

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


def test_bins_by_hand():
    probs = torch.tensor([[0.95, 0.05]] * 3 + [[0.25, 0.75], [0.5, 0.5]])
    bins = metrics.calibration_bins(probs, torch.zeros(5).long(), 10)
    assert bins.confidence[9].item() == pytest.approx(0.95)
    assert bins.accuracy[[4, 7, 9]].tolist() == [1, 0, 1]
    assert bins.share[[4, 7, 9]].tolist() == pytest.approx([0.2, 0.2, 0.6])
    assert bins.confidence.isnan().sum() == bins.accuracy.isnan().sum() == 7


def test_confidence_one_is_in_the_last_bin():
    bins = metrics.calibration_bins(torch.eye(3), torch.tensor([0, 1, 0]), 5)
    assert bins.share.tolist() == [0, 0, 0, 0, 1]


def test_ece_refuses_logits_and_no_bins():
    labels = torch.tensor([0])
    with pytest.raises(ValueError, match="Apply softmax first"):
        metrics.expected_calibration_error(torch.tensor([[2.0, 1.0]]), labels)
    with pytest.raises(ValueError, match="Apply softmax first"):
        metrics.expected_calibration_error(torch.tensor([[1.5, -0.5]]), labels)
    with pytest.raises(ValueError, match="n_bins"):
        metrics.expected_calibration_error(torch.tensor([[0.5, 0.5]]), labels, 0)


# --- a device without float64 -------------------------------------------------------


class Apple(torch.Tensor):
    """A tensor on a device that, as Apple's GPUs, has no float64."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.Tensor.cpu:
            return args[0].as_subclass(torch.Tensor)
        result = super().__torch_function__(func, types, args, kwargs or {})
        if isinstance(result, cls) and result.dtype == torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        return result


@pytest.mark.parametrize(
    "score",
    [
        metrics.accuracy,
        metrics.negative_log_likelihood,
        metrics.expected_calibration_error,
    ],
)
def test_scores_ask_no_float64_of_the_device(score):
    probs, labels = torch.tensor([[0.7, 0.3], [0.2, 0.8]]), torch.tensor([0, 0])
    got = score(probs.as_subclass(Apple), labels.as_subclass(Apple))
    assert got == score(probs, labels)
