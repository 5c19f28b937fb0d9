"""Means and proportions, with the interval that a sentence about them may speak of."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from helpers.words import say

__all__ = ["Interval", "mean_interval", "paired_difference", "proportion_interval"]

Array = npt.NDArray[np.float64]
Values = Tensor | npt.NDArray[Any] | Sequence[float]


class Interval(NamedTuple):
    """A mean over n values and the confidence interval of that mean."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}] (n={self.n})"


def mean_interval(values: Values, confidence: float = 0.95) -> Interval:
    r"""Return the mean over seeds and its interval by Student's t.

    $\bar v \pm t_{n-1} \, s / \sqrt n$ with the sample standard deviation s (n - 1).

    Args:
        values: one number per seed, (n,), n ≥ 2, finite.
        confidence: probability that the interval covers the true mean, in (0, 1).

    Raises:
        ValueError: fewer than two values, more than one dimension, NaN or infinity,
            or a confidence outside (0, 1).
    """
    from scipy.special import stdtrit

    if not 0 < confidence < 1:
        raise ValueError(
            say(
                "confidence: expected in (0, 1), got {confidence}.",
                confidence=confidence,
            )
        )
    numbers = _numbers("values", values)
    n = len(numbers)
    if n < 2:
        raise ValueError(
            say(
                "values: expected at least 2 (one per seed), got {n}; a single run has "
                "no spread. Train more seeds.",
                n=n,
            )
        )
    half = stdtrit(n - 1, (1 + confidence) / 2) * numbers.std(ddof=1) / math.sqrt(n)
    mean = float(numbers.mean())
    return Interval(mean, mean - float(half), mean + float(half), n)


def paired_difference(
    treatment: Values, control: Values, confidence: float = 0.95
) -> Interval:
    """Return the mean of treatment - control over shared seeds, with its interval.

    Args:
        treatment, control: one number per seed, (n,) each, seed k at place k in both.
        confidence: as in `mean_interval`.

    Raises:
        ValueError: unequal lengths, or as in `mean_interval`.
    """
    first, second = _numbers("treatment", treatment), _numbers("control", control)
    if len(first) != len(second):
        raise ValueError(
            say(
                "expected one value per seed in both, got {n_first} for treatment and "
                "{n_second} for control; run both with the same seeds.",
                n_first=len(first),
                n_second=len(second),
            )
        )
    return mean_interval(first - second, confidence)


def proportion_interval(
    successes: int, trials: int, confidence: float = 0.95
) -> Interval:
    r"""Return the part of successes and Wilson's interval of their probability.

    $\frac{k + z^2/2 \pm z\sqrt{k(n-k)/n + z^2/4}}{n + z^2}$ with the normal quantile
    z: all probabilities p for which k differs from np by at most z standard deviations
    of a binomial count. It has a width also at k = 0 and k = n, and stays in [0, 1].

    Args:
        successes: k, a whole number from 0 to n.
        trials: n ≥ 1, independent of each other.
        confidence: as in `mean_interval`.

    Raises:
        ValueError: counts that are no whole numbers or do not fit, or a confidence
            outside (0, 1).

    Source: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953.
    """
    from scipy.special import ndtri

    if not 0 < confidence < 1:
        raise ValueError(
            say(
                "confidence: expected in (0, 1), got {confidence}.",
                confidence=confidence,
            )
        )
    k, n = int(successes), int(trials)
    if k != successes or n != trials or not 0 <= k <= n or n < 1:
        raise ValueError(
            say(
                "expected whole numbers 0 ≤ successes ≤ trials with trials ≥ 1, got "
                "{successes} of {trials}; pass counts, not fractions.",
                successes=successes,
                trials=trials,
            )
        )
    z = float(ndtri((1 + confidence) / 2))
    center, half = k + z**2 / 2, z * math.sqrt(k * (n - k) / n + z**2 / 4)
    low = 0.0 if k == 0 else (center - half) / (n + z**2)
    high = 1.0 if k == n else (center + half) / (n + z**2)
    return Interval(k / n, low, high, n)


def _numbers(name: str, values: Values) -> Array:
    """Return `values` as a finite float64 array (n,), or raise ValueError."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().double().numpy()
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise ValueError(
            say(
                "{name}: expected shape (n,), got {shape}.",
                name=name,
                shape=numbers.shape,
            )
        )
    if not np.isfinite(numbers).all():
        bad = np.flatnonzero(~np.isfinite(numbers)).tolist()
        raise ValueError(
            say(
                "{name}: expected finite numbers, got NaN or infinity at {bad}; did "
                "the training diverge?",
                name=name,
                bad=bad,
            )
        )
    return numbers
