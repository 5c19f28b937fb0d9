"""The capstone's tiers stand in gaps: what one cure reaches, and what two do.

Each run measures every strategy of notebook 12's table on other drawings of the data.
"""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers import checks
from staff.ci import effort

CHECK = checks.load("12_regularization_strategy")
LOWER, UPPER = (least for least, _ in CHECK.TIERS)
SEEDS = 1  # a day

NEVER = ["plain", "norm", "decay", "smoothing"]
ONE = ["dropout", "small", "stop", "mirror", "dropout stop"]
BOTH = ["mirror stop", "mirror dropout", "mirror dropout stop"]


def network(cures):
    width = 24 if "small" in cures else 256
    layers, inside = [nn.Flatten()], 196
    for _ in range(2):
        norm = [nn.BatchNorm1d(width)] if "norm" in cures else []
        drop = [nn.Dropout(0.5)] if "dropout" in cures else []
        layers += [nn.Linear(inside, width), nn.ReLU(), *norm, *drop]
        inside = width
    return nn.Sequential(*layers, nn.Linear(width, 10))


def train(data, budget, cures):
    """Train with some of the cures, as notebook 12 did for its table."""
    x, y, net = data["train_x"], data["train_y"], network(cures)
    decay = 1.0 if "decay" in cures else 0.0
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=decay)
    best, kept = -1.0, copy.deepcopy(net)
    for step in range(1, budget + 1):
        i = torch.randint(len(x), (64,))
        batch = x[i]
        if "mirror" in cures:
            turned = torch.rand(64, 1, 1, 1) < 0.5
            batch = torch.where(turned, batch.flip(-1), batch)
        optimizer.zero_grad()
        smoothing = 0.2 if "smoothing" in cures else 0.0
        F.cross_entropy(net(batch), y[i], label_smoothing=smoothing).backward()
        optimizer.step()
        if "stop" in cures and step % 10 == 0:
            score = accuracy(net.eval(), data["val_x"], data["val_y"])
            if score > best:
                best, kept = score, copy.deepcopy(net)
            net.train()
    return kept if "stop" in cures else net.eval()


@torch.no_grad()
def accuracy(net, x, y):
    return 100 * (net(x).argmax(1) == y).float().mean().item()


@pytest.fixture(scope="module")
def drawings():
    return {seed: CHECK.sealed_data(seed) for seed in effort.seeds(SEEDS)}


@pytest.mark.slow
@pytest.mark.parametrize("cures", [*NEVER, *ONE, *BOTH])
def test_tiers_stand_in_gaps(cures, drawings):
    for seed, drawn in drawings.items():
        torch.manual_seed(seed)
        net = train(dict(drawn.data), CHECK.BUDGET, cures.split())
        right = accuracy(net, drawn.x, drawn.y)
        tier = (right >= LOWER) + (right >= UPPER)
        wanted = 0 if cures in NEVER else 1 if cures in ONE else 2
        assert tier == wanted, f"{cures}, drawing {seed}: {right:.1f} %"


def test_a_drawing_is_what_the_card_says():
    drawn, again, other = (CHECK.sealed_data(seed) for seed in (3, 3, 4))
    data = drawn.data
    assert {key: tuple(value.shape) for key, value in data.items()} == {
        "train_x": (500, 1, 14, 14),
        "train_y": (500,),
        "val_x": (500, 1, 14, 14),
        "val_y": (500,),
    }
    assert (drawn.x.shape, drawn.y.shape) == ((4000, 1, 14, 14), (4000,))
    assert torch.equal(data["train_y"], again.data["train_y"])
    assert torch.equal(drawn.x, again.x)
    assert not torch.equal(drawn.x, other.x)
    plain = CHECK.fashion_mnist(500, 500, n_test=4000, size=14, split_seed=3)
    false = (data["train_y"] != plain.train.y).sum()
    assert false == 150
    assert torch.equal(data["val_y"], plain.val.y)
    turned = (data["val_x"] != plain.val.x).flatten(1).any(1).float().mean()
    assert 0.4 < turned < 0.6
    assert torch.equal(data["train_x"], plain.train.x)
