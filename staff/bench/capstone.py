"""What strategies reach in notebook 12's capstone: ``python -m staff.bench.capstone``.

Each strategy is a plain network of two layers of 256 units, trained by Adam for the
whole budget, with some of the cures below; nothing is tuned. All of them meet the same
shops. The check takes the mean over several shops, so what decides about a tier is the
distribution of that mean, estimated here from all draws of as many different shops.
"""

import argparse
import copy
import itertools
import sys
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers import checks
from helpers.evidence import metrics
from helpers.training.runtime import one_thread
from staff.course import Course
from staff.measured import Table, add_option, markdown, record

__all__ = ["CHECK", "STEM", "STRATEGIES", "accuracy", "main", "table", "train"]

STEM = "12_regularization_strategy"
CHECK: Any = checks.load(STEM)
STRATEGIES = {  # the cures, and how the notebook calls them
    "norm": "BatchNorm",
    "": "plain: two layers of 256 units, all 400 steps",
    "decay": "weight decay 1.0 (AdamW)",
    "smoothing": "label smoothing 0.2",
    "mixup": "mixup, α = 1",
    "mean": "running average of the weights",
    "short": "100 steps in place of 400",
    "dropout": "dropout 0.5",
    "small": "24 units in place of 256",
    "stop": "back to the best weights on validation (stopping)",
    "mirror": "mirroring each picture with probability ½",
    "dropout stop": "dropout and stopping",
    "mirror stop": "mirroring and stopping",
    "mirror dropout": "mirroring and dropout",
    "mirror dropout team": "mirroring, dropout, four runs of 100 steps averaged",
    "mirror dropout stop": "mirroring, dropout, stopping",
    "mirror dropout mixup stop": "mirroring, dropout, mixup, stopping",
    "mirror dropout mean stop": "mirroring, dropout, averaged weights, stopping",
    "mirror dropout mean stop shift": "the same, pictures shifted by up to two pixels",
}


def train(data: dict[str, Tensor], budget: int, cures: Sequence[str]) -> nn.Module:
    """Train with some of the cures.

    Args:
        data: as `strategy` of notebook 12 gets it.
        budget: optimizer steps.
        cures: words of the keys of `STRATEGIES`.

    Returns: a module in evaluation mode: images (N, 1, 14, 14) to logits (N, 10).
    """
    if "team" in cures:
        rest = [cure for cure in cures if cure != "team"]
        return _Team([train(data, budget // 4, rest) for _ in range(4)]).eval()
    net = _network(cures)
    decay = 1.0 if "decay" in cures else 0.0
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=decay)
    shown = copy.deepcopy(net) if "mean" in cures else net
    best, kept = -1.0, shown
    for step in range(1, (budget // 4 if "short" in cures else budget) + 1):
        rows = torch.randint(len(data["train_x"]), (64,))
        x, y = _batch(data["train_x"][rows], data["train_y"][rows], cures)
        net.train()
        optimizer.zero_grad()
        smoothing = 0.2 if "smoothing" in cures else 0.0
        F.cross_entropy(net(x), y, label_smoothing=smoothing).backward()
        optimizer.step()
        if shown is not net:
            with torch.no_grad():
                for slow, now in zip(shown.parameters(), net.parameters(), strict=True):
                    slow.lerp_(now, 0.05)
        if "stop" in cures and step % 10 == 0:
            score = accuracy(shown.eval(), data["val_x"], data["val_y"])
            if score > best:
                best, kept = score, copy.deepcopy(shown)
    return (kept if "stop" in cures else shown).eval()


def _network(cures: Sequence[str]) -> nn.Sequential:
    width = 24 if "small" in cures else 256
    layers: list[nn.Module] = [nn.Flatten()]
    for inside in (196, width):
        layers += [nn.Linear(inside, width), nn.ReLU()]
        layers += [nn.BatchNorm1d(width)] if "norm" in cures else []
        layers += [nn.Dropout(0.5)] if "dropout" in cures else []
    return nn.Sequential(*layers, nn.Linear(width, 10))


def _batch(x: Tensor, y: Tensor, cures: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return the pictures as the cures change them, with classes or shares of them."""
    if "mirror" in cures:
        x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(-1), x)
    if "shift" in cures:
        padded = F.pad(x, (2, 2, 2, 2))
        corners = torch.randint(5, (len(x), 2)).tolist()
        windows = [
            picture[:, i : i + 14, j : j + 14]
            for picture, (i, j) in zip(padded, corners, strict=True)
        ]
        x = torch.stack(windows)
    if "mixup" in cures:
        share, other = torch.rand(()), torch.randperm(len(x))  # Beta(1, 1) is uniform
        y = F.one_hot(y, 10).float()
        x, y = x.lerp(x[other], share), y.lerp(y[other], share)
    return x, y


class _Team(nn.Module):
    """Gives the logarithm of its members' mean probabilities, up to a constant."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([m(x).log_softmax(1) for m in self.members]).logsumexp(0)


@torch.no_grad()
def accuracy(net: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the share of right answers in percent."""
    return 100 * metrics.accuracy(net(x), y)


def measure(shops: Sequence[int]) -> dict[str, list[float]]:
    """Return each strategy's accuracies in percent, one for each shop."""
    found: dict[str, list[float]] = {cures: [] for cures in STRATEGIES}
    for shop in shops:
        drawn = CHECK.sealed_data(shop)
        for cures, reached in found.items():
            torch.manual_seed(shop)
            net = train(dict(drawn.data), CHECK.BUDGET, cures.split())
            reached.append(accuracy(net, drawn.x, drawn.y))
    return found


def table(found: dict[str, list[float]]) -> Table:
    """Lay out what `measure` found, from the weakest strategy to the best."""
    tiers = [least for least, _ in CHECK.TIERS]
    head = ["Strategy", "mean", "lowest to highest", f"of {CHECK.SHOPS} shops"]
    rows = []
    for cures, reached in sorted(found.items(), key=lambda item: sum(item[1])):
        trios = [
            sum(trio) / len(trio)
            for trio in itertools.combinations(reached, CHECK.SHOPS)
        ]
        shares = [sum(mean >= least for mean in trios) / len(trios) for least in tiers]
        rows.append(
            [
                STRATEGIES[cures],
                f"{sum(reached) / len(reached):.1f}",
                f"{min(reached):.1f}–{max(reached):.1f}",
                f"{min(trios):.1f}–{max(trios):.1f}",
                *(f"{100 * share:.1f} %" for share in shares),
            ]
        )
    return Table([*head, *(f"≥ {least:g} %" for least in tiers)], rows)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 0 (it is a report, not a check)."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.bench.capstone", description=__doc__
    )
    parser.add_argument("--shops", type=int, default=24, help="how many (default 24)")
    add_option(parser)
    options = parser.parse_args(arguments)
    with one_thread():
        found = table(measure(range(1_000, 1_000 + options.shops)))
    print("\n".join(markdown(found)))
    if options.record:
        command = "python -m staff.bench.capstone --record"
        record(Course(), "capstone", command, [found])
    return 0


if __name__ == "__main__":
    sys.exit(main())
