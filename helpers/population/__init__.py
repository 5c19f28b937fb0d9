"""Train many small networks at once: seeds × settings for the price of a few."""

from helpers.population._train import (
    MemberDropout,
    Patches,
    PopulationResult,
    Stack,
    grid,
    mlp,
    train_population,
)

__all__ = [
    "MemberDropout",
    "Patches",
    "PopulationResult",
    "Stack",
    "grid",
    "mlp",
    "train_population",
]
