"""What notebook 12 shows of broken pieces is what they do."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.evidence.symptoms import batch_accuracy, train_on_batches


def batches(sizes, seed=0):
    g = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(n, 3, generator=g), torch.randint(2, (n,), generator=g))
        for n in sizes
    ]


def test_training_goes_through_the_batches_in_order_each_epoch():
    given = batches([4, 4, 2])
    model, twin = nn.Linear(3, 2), nn.Linear(3, 2)
    twin.load_state_dict(model.state_dict())
    train_on_batches(model, given, epochs=2, lr=0.01)
    optimizer = torch.optim.AdamW(twin.parameters(), lr=0.01)
    for x, y in given + given:
        optimizer.zero_grad()
        F.cross_entropy(twin(x), y).backward()
        optimizer.step()
    assert torch.equal(model.weight, twin.weight)


def test_accuracy_counts_examples_not_batches():
    model = nn.Linear(1, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[-1.0], [1.0]]))
        model.bias.zero_()
    right = torch.ones(3, 1), torch.ones(3, dtype=torch.int64)
    wrong = -torch.ones(1, 1), torch.ones(1, dtype=torch.int64)
    assert batch_accuracy(model, [right, wrong]) == pytest.approx(75.0)
