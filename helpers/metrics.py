"""First-edition name of `helpers.evidence`: answers written then still import it."""

from helpers.evidence.intervals import Interval, mean_interval, paired_difference
from helpers.evidence.metrics import (
    accuracy,
    expected_calibration_error,
    negative_log_likelihood,
)

__all__ = [
    "Interval",
    "accuracy",
    "expected_calibration_error",
    "mean_interval",
    "negative_log_likelihood",
    "paired_difference",
]
