import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from helpers.evidence import intervals

NAN = float("nan")


def test_interval_by_hand():
    # mean 2, sd 1, t(2, .975) = 4.3027: half width 4.3027 / sqrt(3)
    got = intervals.mean_interval([1.0, 2.0, 3.0])
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
    got = intervals.mean_interval(values, confidence)
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
    hits = sum(i.low <= 0 <= i.high for i in map(intervals.mean_interval, values))
    # binomial: 1,900 +- 5 standard deviations of 9.7
    assert abs(hits - 1_900) < 49


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor, tuple])
def test_interval_takes_lists_arrays_and_tensors(kind):
    got = intervals.mean_interval(kind([1.0, 2.0]))
    assert all(type(v) is float for v in got[:3])
    assert got.mean == 1.5


def test_interval_takes_tensors_with_gradients():
    assert intervals.mean_interval(torch.ones(3, requires_grad=True)).mean == 1


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
        intervals.mean_interval(values)


@pytest.mark.parametrize("confidence", [0, 1, 95, NAN])
def test_interval_wants_a_probability(confidence):
    with pytest.raises(ValueError, match="confidence"):
        intervals.mean_interval([1.0, 2.0], confidence)


def test_paired_difference_is_the_interval_of_the_differences():
    a, b = torch.tensor([3.0, 5.0, 4.0]), [1.0, 2.0, 3.0]
    assert intervals.paired_difference(a, b) == intervals.mean_interval([2.0, 3.0, 1.0])
    wide = intervals.paired_difference(a, b, 0.99)
    assert wide.low < intervals.paired_difference(a, b).low


def test_paired_difference_wants_pairs():
    with pytest.raises(ValueError, match="2 for treatment and 3 for control"):
        intervals.paired_difference([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="control: expected finite"):
        intervals.paired_difference([1.0, 2.0], [1.0, NAN])


# -- proportions -------------------------------------------------------------------


@given(st.integers(1, 300), st.data(), st.floats(0.5, 0.999))
@settings(deadline=None)
def test_proportion_equals_scipys_wilson(n, data, confidence):
    k = data.draw(st.integers(0, n))
    got = intervals.proportion_interval(k, n, confidence)
    wanted = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    assert got.mean == k / n
    assert got.n == n
    assert got.low == pytest.approx(wanted.low, abs=1e-9)
    assert got.high == pytest.approx(wanted.high, abs=1e-9)
    assert 0 <= got.low <= got.mean <= got.high <= 1


def test_proportion_by_hand():
    # 60 of 60: n / (n + z²) = 60 / 63.8415
    got = intervals.proportion_interval(60, 60)
    assert got.low == pytest.approx(0.93983, abs=1e-5)
    assert got.high == 1


@pytest.mark.parametrize("counts", [(-1, 5), (6, 5), (0, 0), (0.5, 5), (1, 2.5)])
def test_proportion_refuses_what_are_no_counts(counts):
    with pytest.raises(ValueError, match="whole numbers"):
        intervals.proportion_interval(*counts)


def test_proportion_wants_a_probability():
    with pytest.raises(ValueError, match="confidence"):
        intervals.proportion_interval(1, 2, 95)
