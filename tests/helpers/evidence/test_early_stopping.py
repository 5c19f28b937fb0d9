"""Recorded runs are torch's own, and the rules that end them are what they say."""

import math

import pytest
import torch
import torch.nn.functional as F

from helpers.evidence.early_stopping import (
    Watched,
    by_increases,
    by_loss_of,
    by_patience,
    judge,
    train_watched,
)
from helpers.population import mlp
from helpers.training import own_randomness


def data(members: int = 2, count: int = 12):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(members, count, 5, generator=g)
    return x, torch.randint(3, (members, count), generator=g)


def test_a_run_is_what_torch_would_do_alone():
    train, val = data(), data()
    rates = torch.linspace(0.1, 0.3, 12).reshape(2, 6)
    run = train_watched(
        train, val, rates, sizes=(5, 4, 3), seeds=[3, 7], batch_size=4, average=0.5
    )
    with own_randomness(7):
        model = mlp((5, 4, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    mean = [p.detach().clone() for p in model.parameters()]
    order = torch.Generator().manual_seed(7)
    for epoch in range(2):
        for k, batch in enumerate(torch.randperm(12, generator=order).split(4)):
            optimizer.param_groups[0]["lr"] = rates[1, 3 * epoch + k].item()
            optimizer.zero_grad()
            F.cross_entropy(model(train[0][1, batch]), train[1][1, batch]).backward()
            optimizer.step()
            keep = min(0.5, (1 + 3 * epoch + k) / (10 + 3 * epoch + k))
            for m, p in zip(mean, model.parameters(), strict=True):
                m.lerp_(p.detach(), 1 - keep)
    out = model(val[0][1])
    loss = F.cross_entropy(out, val[1][1], reduction="none")
    torch.testing.assert_close(run.loss[-1, 1], loss.detach(), atol=1e-5, rtol=1e-4)
    assert torch.equal(run.right[-1, 1], out.argmax(1) == val[1][1])
    with torch.no_grad():
        for p, m in zip(model.parameters(), mean, strict=True):
            p.copy_(m)
    assert torch.equal(run.averaged[-1, 1], model(val[0][1]).argmax(1) == val[1][1])


def test_a_plateau_halves_the_rate_as_torch_does():
    train, val = data(1), data(1, 8)
    given = {"sizes": (5, 4, 3), "seeds": [0], "batch_size": 4}
    rates = torch.full((1, 60), 0.5)
    run = train_watched(train, val, rates, **given, plateau=[2])
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    plan = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=2, threshold=0.0
    )
    told = []
    for loss in run.loss[:, 0].mean(1).tolist():
        told += [optimizer.param_groups[0]["lr"]] * 3
        plan.step(loss)
    assert told[-1] < 0.5, "the loss of this run must rise, or nothing is tested"
    again = train_watched(train, val, torch.tensor([told]), **given)
    torch.testing.assert_close(run.loss, again.loss)


@pytest.mark.parametrize(
    ("rates", "seeds", "size", "message"),
    [
        (torch.ones(2, 5), [0, 1], 4, "whole epochs"),
        (torch.ones(2, 6), [0, 1], 5, "whole epochs"),
        (torch.ones(3, 6), [0, 1], 4, "2 runs"),
        (torch.ones(2, 6), [0], 4, "2 runs"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(rates, seeds, size, message):
    with pytest.raises(ValueError, match=message):
        train_watched(data(), data(), rates, sizes=(5, 3), seeds=seeds, batch_size=size)


def test_rules_end_where_their_definition_says():
    losses = [5.0, 4.0, 4.0, 3.0, 3.1, 3.2, 2.9, 4.0]
    assert by_patience(1)(losses) == 3  # a tie is no new best
    assert by_patience(2)(losses) == 6
    assert by_patience(3)(losses) == len(losses)
    assert by_loss_of(5)(losses) == 6  # 3.2 > 1.05 * 3, 3.1 is not
    assert by_loss_of(50)(losses) == len(losses)
    assert by_increases(1, length=2)([2.0, 1.0, 9.0, 0.5, 9.0, 0.7, 0.0, 0.8]) == 6
    assert by_increases(2, length=2)([2.0, 1.0, 9.0, 0.5, 9.0, 0.7, 0.0, 0.8]) == 8
    assert by_increases(3)(losses) == len(losses)


def test_sets_choose_and_the_others_judge():
    # Two epochs, one run, four images in two sets: each set likes another epoch.
    right = torch.tensor([[[1, 1, 0, 0]], [[0, 1, 1, 1]]], dtype=torch.bool)
    run = Watched(right, (~right).double(), right)
    for by in ("accuracy", "loss"):
        found = judge(run, by_patience(9), images=2, by=by)
        assert found.epochs.tolist() == [2.0]
        assert found.reported.tolist() == [1.0]
        assert found.honest.tolist() == [0.25]  # 0 and 1/2
        assert found.optimism.tolist() == [0.75]
    first = judge(run, lambda losses: 1, images=2)
    assert first.reported.tolist() == [0.5]
    assert math.isclose(first.honest.item(), 0.5)


@pytest.mark.parametrize(("images", "by"), [(3, "loss"), (4, "loss"), (2, "luck")])
def test_judge_refuses(images, by):
    right = torch.ones(2, 1, 4, dtype=torch.bool)
    run = Watched(right, right.double(), right)
    with pytest.raises(ValueError, match="expected"):
        judge(run, by_patience(1), images=images, by=by)
