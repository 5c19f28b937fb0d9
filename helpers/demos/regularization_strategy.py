"""12's factorial that moves, its table of techniques, and its five broken pieces."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from helpers import cards
from helpers.data import data_folder
from helpers.demos._stage import Choice, Scene, Slider
from helpers.show import plots
from helpers.words import say

__all__ = [
    "Techniques",
    "added_up",
    "build_head",
    "factorial",
    "measured_gain",
    "make_batches",
    "make_optimizer",
    "scene",
    "techniques",
    "train_best",
    "validation_loss",
]

Pair = tuple[Tensor, Tensor]
Cells = Mapping[str, Mapping[str, Tensor]]
TRUE, FALSE = 0, 1
PILOT = 3  # draws that a first look has
_LETTERS = {"decay": "W"}  # D is dropout's; the others' are their first ones


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


def measured_gain(cells: Cells, name: str, kind: int = FALSE) -> Tensor:
    """Return how many points a way of regularizing gains over none, (draws,).

    Args:
        cells: "none", "dropout", "dropout + decay" … -> "train" and "test", each an
            accuracy in percent, (kinds of labels, draws).
        name: one of them.
        kind: of labels: 0 true ones, 1 false ones.
    """
    return cells[name]["test"][kind] - cells["none"]["test"][kind]


def added_up(cells: Cells, name: str, kind: int = FALSE) -> Tensor:
    """Return the sum of the gains that the parts of a combination have alone, (draws,).

    Args: as of `measured_gain`; the parts stand between " + ".
    """
    parts = [] if name == "none" else name.split(" + ")
    nothing = torch.zeros_like(cells["none"]["test"][kind])
    return sum((measured_gain(cells, part, kind) for part in parts), nothing)


def _called(name: str) -> str:
    """Return the words for a way of regularizing."""
    words = {
        "none": say("none"),
        "dropout": say("dropout"),
        "decay": say("decay"),
        "moves": say("moves"),
    }
    return " + ".join(words.get(part, part) for part in name.split(" + "))


def factorial(
    cells: Cells, name: str = "dropout + decay", draws: int | None = None
) -> Figure:
    """Draw where each way ends, with false labels, and what one combination gains.

    Args: as of `measured_gain`; of the draws the first ones, or all.
    """
    cells = {
        each: {what: values[:, :draws] for what, values in cell.items()}
        for each, cell in cells.items()
    }
    fig, (left, right) = plots.figure(2)
    for each, cell in cells.items():
        at = float(cell["train"][FALSE].mean()), float(cell["test"][FALSE].mean())
        here = each == name
        left.plot(*at, "o", color=plots.PALETTE[2] if here else "#999999", ms=9)
        offset = {"xytext": (6, 5), "textcoords": "offset points"}
        left.annotate(_called(each), at, fontsize=8, **offset)
    left.margins(0.2)
    left.set(xlabel=say("training labels learned (%)"), ylabel=say("test accuracy (%)"))
    left.set_title(say("All eight ways"))
    bars = {
        say("added up"): added_up(cells, name),
        say("together"): measured_gain(cells, name),
    }
    means = [float(values.mean()) for values in bars.values()]
    right.bar(list(bars), means, color=["#999999", plots.PALETTE[2]], width=0.5)
    for place, values in enumerate(bars.values()):
        right.plot([place] * len(values), values.tolist(), "o", color="k", ms=3)
    right.set(ylabel=say("gain in test accuracy (points)"), title=_called(name))
    return fig


def scene(cells: Cells) -> Scene:
    """Return the eight ways with a switch for each regularizer.

    Args:
        cells: as of `measured_gain`: "none", three names, and all their combinations,
            joined by " + " in this order.

    Raises:
        ValueError: a combination is missing.
    """
    names = max(cells, key=lambda name: name.count(" + ")).split(" + ")
    ways = [
        [bool(k >> j & 1) for j in range(len(names))] for k in range(2 ** len(names))
    ]
    data = []
    for on in ways:
        used = [name for name, is_on in zip(names, on, strict=True) if is_on]
        name = " + ".join(used) or "none"
        if name not in cells:
            raise ValueError(
                say(
                    "expected all combinations of {names}, got none called {name!r}",
                    names=", ".join(names),
                    name=name,
                )
            )
        parts = {
            what: [[round(v, 2) for v in row] for row in cells[name][what].tolist()]
            for what in ("train", "test")
        }
        data.append({"on": on, **parts})
    draws = cells["none"]["test"].shape[1]
    words, both = {"on": say("on"), "off": say("off")}, ["on", "off"]
    switches = [
        Choice(name, _called(name), {each: words[each] for each in order})
        for name, order in zip(names, [both, both, both[::-1]], strict=True)
    ]
    return Scene(
        "regularization_strategy",
        say("Do the gains of three regularizers add up?"),
        say(
            "Left: the accuracy on the training labels and on test images for eight "
            "ways of regularizing. Right: what the chosen ones gain together, beside "
            "the sum of what each gains alone."
        ),
        (
            Choice(
                "kind",
                say("labels"),
                {"false": say("20 % false"), "true": say("all true")},
            ),
            *switches,
            Slider("draws", say("draws counted"), min(PILOT, draws), 1, draws, 1),
        ),
        lambda: factorial(cells, draws=PILOT),
        {
            "names": [
                [name, _called(name), _LETTERS.get(name, name[0].upper())]
                for name in names
            ],
            "cells": data,
        },
    )


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
    train_batches = list(zip(x.split(batch_size), y.split(batch_size), strict=True))
    val_batches = list(
        zip(val_x.split(batch_size), val_y.split(batch_size), strict=True)
    )
    return train_batches, val_batches


def train_best(
    model: nn.Module, step: Callable[[], None], score: Callable[[], float], steps: int
) -> nn.Module:
    """Return the model after `steps` times step(), each followed by score().

    Broken: it keeps references to the live weights, so the last ones come back.
    """
    best, best_score = model.state_dict(), -math.inf
    for _ in range(steps):
        step()
        now = score()
        if now > best_score:
            best, best_score = model.state_dict().copy(), now
    model.load_state_dict(best)
    return model
