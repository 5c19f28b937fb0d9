"""What notebook 12 shows of broken pieces is what they do."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.evidence.symptoms import (
    batch_accuracy,
    norm_input_variance,
    train_on_batches,
)


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


def test_variance_is_that_of_what_the_first_norm_receives():
    linear, x = nn.Linear(4, 3), torch.randn(50, 4)
    model = nn.Sequential(linear, nn.BatchNorm1d(3), nn.ReLU(), nn.BatchNorm1d(3))
    expected = linear(x).var(0).mean().item()
    assert norm_input_variance(model, x) == pytest.approx(expected)
    assert not model[1]._forward_pre_hooks


def test_variance_follows_the_mode_of_dropout():
    model = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2))
    x = 1 + torch.zeros(4000, 2)
    torch.manual_seed(0)
    assert norm_input_variance(model.eval(), x) == 0
    assert norm_input_variance(model.train(), x) == pytest.approx(1.0, abs=0.05)


def test_a_model_without_a_norm_is_refused():
    with pytest.raises(ValueError, match="BatchNorm1d"):
        norm_input_variance(nn.Linear(2, 2), torch.ones(3, 2))
