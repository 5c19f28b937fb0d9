"""What BatchNorm receives: variances, their shift by dropout, moves in training."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.evidence.normalization import (
    ChannelDropout,
    StochasticDepth,
    input_movement,
    input_variances,
    variance_shifts,
)
from helpers.population import MemberDropout


def test_channels_are_dropped_whole_and_units_one_by_one():
    layer = ChannelDropout(0.5).train()
    torch.manual_seed(0)
    maps = layer(torch.ones(40, 5, 3, 2))
    assert {*maps.flatten().tolist()} == {0.0, 2.0}
    assert torch.equal(maps.amax((2, 3)), maps.amin((2, 3)))
    assert (maps[:, 0, 0, 0] != maps[:, 1, 0, 0]).any()
    rows = layer(torch.ones(40, 5))
    assert {*rows.flatten().tolist()} == {0.0, 2.0}
    assert torch.equal(layer.eval()(maps), maps)


def test_a_block_is_left_out_image_by_image():
    layer = StochasticDepth(nn.Identity(), 0.5).train()
    torch.manual_seed(0)
    out = layer(torch.ones(40, 2, 3, 3))
    assert {*out.flatten().tolist()} == {1.0, 3.0}  # 1 + 1 / (1 - p)
    assert torch.equal(out.amax((1, 2, 3)), out.amin((1, 2, 3)))
    assert torch.equal(layer.eval()(torch.ones(1, 2, 3, 3)), 2 * torch.ones(1, 2, 3, 3))


def test_variances_are_those_of_units_over_examples_and_positions():
    x = torch.randn(6, 3, 4, 5)
    model = nn.Sequential(
        nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.BatchNorm1d(60)
    ).eval()
    first, second = input_variances(model, x).tolist()
    own = [x[:, c].flatten().var().item() for c in range(3)]
    assert first == pytest.approx(sum(own) / 3, rel=1e-5)
    inner = model[:3](x)  # a fresh BatchNorm changes nothing but eps
    assert second == pytest.approx(inner.var(0).mean().item(), rel=1e-5)
    assert not any(layer._forward_pre_hooks for layer in model.modules())


def test_variances_need_a_batch_norm():
    with pytest.raises(ValueError, match="at least one BatchNorm"):
        input_variances(nn.Linear(2, 2), torch.ones(2, 2))


@pytest.mark.parametrize("kind", [MemberDropout, nn.Dropout])
def test_the_shift_is_that_of_the_formula_and_statistics_stay(kind):
    model = nn.Sequential(nn.BatchNorm1d(8), kind(0.5), nn.BatchNorm1d(8)).train()
    torch.manual_seed(0)
    x = torch.randn(4000, 8) + 1  # mean 1, variance 1
    before = {name: b.clone() for name, b in model.named_buffers()}
    first, second = variance_shifts(model, x).tolist()
    assert first == 1
    assert second == pytest.approx((1 + 0.5) / 0.5, abs=0.15)
    assert not any(layer.training for layer in model.modules())
    for name, buffer in model.named_buffers():
        assert torch.equal(buffer, before[name])


def movement(lr, **changes):
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(40, 3, generator=g), torch.randint(2, (40,), generator=g)
    given = {"below": 2, "seed": 5, "steps": 4, "batch_size": 10, **changes}
    return input_movement(
        lambda: nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 2)),
        (x, y),
        x[:15],
        lr=lr,
        **given,
    )


def test_nothing_moves_without_steps_and_more_with_long_ones():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    assert movement(0.0) == 0
    assert 0 < movement(0.01) < movement(0.1)
    assert movement(0.1) == movement(0.1) != movement(0.1, seed=6)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("steps", [1, 1000])
def test_steps_that_the_examples_do_not_allow_are_refused(steps):
    with pytest.raises(ValueError, match=rf"steps: expected from 2 to .* got {steps}"):
        movement(0.1, steps=steps)


def test_a_move_is_the_change_of_the_means_in_standard_deviations():
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(20, 1, generator=g), torch.randint(2, (20,), generator=g)

    def build():
        model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 2))
        with torch.no_grad():
            for p in model.parameters():
                p.fill_(0.5)
            model[1].weight[1] = -1.0
        return model

    found = input_movement(
        build, (x, y), x, below=1, lr=0.1, seed=0, steps=2, batch_size=10
    )
    torch.manual_seed(0)
    seen, model = [], build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for batch in torch.randperm(20).split(10):
        optimizer.zero_grad()
        F.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
        seen.append(model[0](x).detach())
    moved = (seen[1].mean() - seen[0].mean()).abs() / seen[0].std()
    assert found == pytest.approx(moved.item(), rel=1e-5)
