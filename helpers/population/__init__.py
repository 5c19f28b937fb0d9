"""Train many small networks at once: seeds × settings for the price of a few."""

from helpers.population._train import (
    MemberDropout,
    PopulationResult,
    Stack,
    grid,
    mlp,
    train_population,
)

__all__ = [
    "MemberDropout",
    "PopulationResult",
    "Stack",
    "grid",
    "mlp",
    "train_population",
]
