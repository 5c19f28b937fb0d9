"""12's five broken pieces, as they were found, and its table of all techniques."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers import cards
from helpers.data import data_folder
from helpers.words import say

__all__ = [
    "Techniques",
    "build_head",
    "make_batches",
    "make_optimizer",
    "techniques",
    "train_best",
    "validation_loss",
]

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Techniques:
    """All techniques of the course; shows as a table, and as lines of text.

    Attributes:
        head: names of the columns.
        rows: one per technique, as long as `head`; the name comes first.
    """

    head: list[str]
    rows: list[list[str]]

    def _repr_html_(self) -> str:
        return cards.table(self.head, self.rows)

    def __repr__(self) -> str:
        told = [
            "; ".join(
                f"{name}: {value}"
                for name, value in zip(self.head[1:], row[1:], strict=True)
                if value
            )
            for row in self.rows
        ]
        return "\n".join(
            f"{row[0]}. {text}" for row, text in zip(self.rows, told, strict=True)
        )


def techniques(
    measured: Mapping[str, Sequence[str]], columns: Sequence[str]
) -> Techniques:
    """Return the course's techniques, with what was measured of some of them.

    The rows are those of `data/techniques.json`; what is measured is shown as given,
    so that the table says what the caller has just found out.

    Args:
        measured: name of a technique, as the file has it -> one text per column.
        columns: heads of these texts, e.g. ("gain, true labels", "cost of a step").

    Raises:
        ValueError: a name that the file does not have.
    """
    listed = json.loads((data_folder() / "techniques.json").read_text("utf-8"))
    names = {each["name"] for each in listed}
    if unknown := [name for name in measured if name not in names]:
        raise ValueError(
            say(
                "expected names of data/techniques.json, got {unknown}",
                unknown=", ".join(unknown),
            )
        )
    fields = {
        "api": say("torch"),
        "setting": say("key setting"),
        "range": say("typical range"),
        "source": say("source of the range"),
        "batchnorm": say("beside BatchNorm"),
        "hurts": say("hurts"),
    }
    nothing = [""] * len(columns)
    rows = [
        [
            each["name"],
            *measured.get(each["name"], nothing),
            *(each[field] for field in fields),
            each["notebook"][:2],
        ]
        for each in sorted(listed, key=lambda each: each["name"] not in measured)
    ]
    head = [say("technique"), *columns, *fields.values(), say("notebook")]
    return Techniques(head, rows)


def validation_loss(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the mean cross-entropy of (N, ...) and labels (N,), in whatever mode.

    Broken: nobody has called `model.eval()`.
    """
    with torch.no_grad():
        return F.cross_entropy(model(x), y).item()


def make_optimizer(
    model: nn.Module, lr: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Return Adam. Broken: its decay goes through the division by the gradients."""
    return torch.optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay)


def build_head(in_features: int, hidden: int, classes: int, p: float) -> nn.Module:
    """Return a head (N, in_features) -> (N, classes), dropping with probability p.

    Broken: BatchNorm stands directly behind dropout.
    """
    return nn.Sequential(
        nn.Linear(in_features, hidden),
        nn.ReLU(),
        nn.Dropout(p),
        nn.BatchNorm1d(hidden),
        nn.Linear(hidden, classes),
    )


def make_batches(
    train: Pair, val: Pair, augment: Callable[[Tensor], Tensor], batch_size: int
) -> tuple[list[Pair], list[Pair]]:
    """Return lists of training and validation batches (x, y).

    Broken: x is shuffled without y, and validation inputs are augmented, too.
    """
    (x, y), (val_x, val_y) = train, val
    x, val_x = augment(x[torch.randperm(len(y))]), augment(val_x)
    batches = zip(x.split(batch_size), y.split(batch_size), strict=True)
    val_batches = zip(val_x.split(batch_size), val_y.split(batch_size), strict=True)
    return list(batches), list(val_batches)


def train_best(
    model: nn.Module, step: Callable[[], None], score: Callable[[], float], steps: int
) -> nn.Module:
    """Return the model after `steps` times step(), each followed by score().

    Broken: it keeps references to the live weights, so the last ones come back.
    """
    best, best_score = model.state_dict(), float("-inf")
    for _ in range(steps):
        step()
        now = score()
        if now > best_score:
            best, best_score = model.state_dict().copy(), now
    model.load_state_dict(best)
    return model
