"""The one training loop of the course, and what it needs: batches, history, scores."""

from helpers.training._loop import (
    CURVES,
    Batches,
    Callback,
    History,
    Score,
    State,
    adamw,
    batch_sizes,
    count_parameters,
    evaluate,
    fit,
    one_thread,
    own_randomness,
)

__all__ = [
    "Batches",
    "CURVES",
    "Callback",
    "History",
    "Score",
    "State",
    "adamw",
    "batch_sizes",
    "count_parameters",
    "evaluate",
    "fit",
    "one_thread",
    "own_randomness",
]
