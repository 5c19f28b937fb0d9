"""Descents of notebook 11: plain SGD per network, with what its arm changes."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.evidence.sequences import Variant, descend
from helpers.training import own_randomness


@pytest.fixture
def split():
    g = torch.Generator().manual_seed(0)
    return torch.randn(40, 5, generator=g), torch.arange(40) % 3


def network():
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))


def alone(split, lr, limit=math.inf, gradient=lambda g, k: g, at=lambda w: w):
    """One network by plain SGD: the network, and the norms of its gradients."""
    seed, steps = 1, 4
    with own_randomness(seed):
        model = network()
    order, norms = torch.Generator().manual_seed(seed), []
    for step in range(steps):
        batch = torch.randint(40, (10,), generator=order)
        weights = [p.detach().clone() for p in model.parameters()]
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(at(p))
        model.zero_grad()
        F.cross_entropy(model(split[0][batch]), split[1][batch]).backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), limit))
        grads = [p.grad for p in model.parameters()]
        with torch.no_grad():
            for p, w, g in zip(model.parameters(), weights, grads, strict=True):
                p.copy_(w - lr * gradient(g, step))
    return model, torch.stack(norms)


def together(split, arms):
    return descend(arms, split, val=split, seeds=[0, 1], steps=4, batch_size=10)


def assert_same(descent, model, norms):
    for name, p in model.named_parameters():
        torch.testing.assert_close(descent.weights[name][1], p.detach())
    torch.testing.assert_close(descent.norms[:, 1], norms)


def test_networks_come_out_as_if_they_were_trained_alone(split):
    arms = together(
        split, {"slow": Variant(network, 0.1), "fast": Variant(network, 1.0)}
    )
    for name, lr in (("slow", 0.1), ("fast", 1.0)):
        model, norms = alone(split, lr)
        assert_same(arms[name], model, norms)
        right = (model(split[0]).argmax(1) == split[1]).float().mean()
        assert arms[name].accuracy[1].item() == pytest.approx(100 * right.item())


def test_each_arm_changes_the_update_in_its_own_place(split):
    arms = together(
        split,
        {
            "none": Variant(network, 0.5),
            "factor": Variant(network, 0.5, factor=lambda n, k: (0.2 / n).clamp(max=1)),
            "gradients": Variant(
                network, 0.5, gradients=lambda g, step: g + 0.1 * step
            ),
            "weights": Variant(network, 0.5, weights=lambda w: w + 0.3),
        },
    )
    assert_same(arms["none"], *alone(split, 0.5))
    assert_same(
        arms["gradients"], *alone(split, 0.5, gradient=lambda g, k: g + 0.1 * k)
    )
    assert_same(arms["weights"], *alone(split, 0.5, at=lambda w: w + 0.3))
    assert_same(arms["factor"], *alone(split, 0.5, limit=0.2))


def test_a_factor_comes_before_the_noise(split):
    arm = Variant(network, 0.5, factor=lambda n, k: 0 * n, gradients=lambda g, k: g + 1)
    end = together(split, {"both": arm})["both"]
    with own_randomness(1):
        start = dict(network().named_parameters())
    for name, weight in start.items():
        torch.testing.assert_close(end.weights[name][1], weight.detach() - 4 * 0.5)


class Noisy(nn.Module):
    def __init__(self, sigma):
        super().__init__()
        self.layer = nn.Linear(5, 3)
        self.register_buffer("sigma", torch.tensor(sigma))

    def forward(self, x):
        x = x + self.sigma * torch.randn_like(x) if self.training else x
        return self.layer(x)


def test_networks_draw_noise_of_their_own_and_leave_the_caller_s_alone(split):
    arms = {
        "none": Variant(lambda: Noisy(0.0), 0.1),
        "noise": Variant(lambda: Noisy(2.0), 0.1),
    }
    torch.manual_seed(3)
    before = torch.get_rng_state()
    ends = together(split, arms)
    assert torch.equal(torch.get_rng_state(), before)
    again = together(split, arms)
    for name in arms:
        assert torch.equal(ends[name].norms, again[name].norms)
    assert (ends["none"].norms != ends["noise"].norms).all()
