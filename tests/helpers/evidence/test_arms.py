"""Arms trained as one population: each comes out as if it were alone."""

import pytest
import torch
from torch import nn

from helpers.evidence.arms import train_arms
from helpers.population import MemberDropout, mlp, train_population


@pytest.fixture
def split():
    g = torch.Generator().manual_seed(0)
    return torch.randn(40, 5, generator=g), torch.arange(40) % 3


SETTINGS = {"steps": 6, "batch_size": 10, "record_every": 3, "lr": 1e-2}


def network(dropout=0.0):
    return mlp((5, 8, 3), dropout=dropout)


def alone(split, build=network, **settings):
    return train_population(build, split, seeds=[0, 1], **{**SETTINGS, **settings})


def test_an_arm_comes_out_as_if_it_were_trained_alone(split):
    flipped = split[1].flip(0)
    arms = train_arms(
        {"none": network, "false": network, "decay": network},
        split,
        seeds=[0, 1],
        val=split,
        targets={"false": flipped},
        weight_decay={"none": 0.0, "false": 0.0, "decay": 0.5},
        **SETTINGS,
    )
    singles = {
        "none": alone(split, val=split),
        "false": alone((split[0], flipped), val=split),
        "decay": alone(split, val=split, weight_decay=0.5),
    }
    for name, single in singles.items():
        arm = arms[name]
        assert len(arm) == 2
        assert torch.equal(arm.steps, single.steps)
        for curve in ("train_loss", "train_accuracy", "val_loss", "val_accuracy"):
            torch.testing.assert_close(getattr(arm, curve), getattr(single, curve))
        for k in (0, 1, -1):
            torch.testing.assert_close(
                arm.member(k)(split[0]), single.member(k)(split[0])
            )
    assert not torch.allclose(arms["none"].val_loss, arms["false"].val_loss)
    assert not torch.allclose(arms["none"].val_loss, arms["decay"].val_loss)


def test_arms_may_drop_at_rates_of_their_own(split):
    rates = {"none": 0.0, "half": 0.5}
    arms = train_arms(
        {name: lambda p=p: network(p) for name, p in rates.items()},
        split,
        seeds=[0, 1],
        **SETTINGS,
    )
    for name, p in rates.items():
        single = alone(split, lambda p=p: network(p))
        torch.testing.assert_close(arms[name].train_loss, single.train_loss)
        dropouts = [m for m in arms[name].member(0) if isinstance(m, MemberDropout)]
        assert [m.p for m in dropouts] == [p]


def test_a_member_out_of_range_is_not_another_arm_s(split):
    arms = train_arms({"a": network, "b": network}, split, seeds=[0], **SETTINGS)
    with pytest.raises(IndexError):
        arms["a"].member(1)


class Scaled(nn.Linear):
    def __init__(self, factor):
        super().__init__(5, 3)
        self.factor = factor

    def forward(self, x):
        return self.factor * super().forward(x)


def test_what_one_forward_pass_cannot_tell_apart_is_refused(split):
    builds = {"once": lambda: Scaled(1.0), "twice": lambda: Scaled(2.0)}
    with pytest.raises(ValueError, match=r"'twice'.*factor = 2\.0.*factor = 1\.0"):
        train_arms(builds, split, seeds=[0, 1], **SETTINGS)
    other = {"relu": network, "tanh": lambda: mlp((5, 8, 3), activation=nn.Tanh)}
    with pytest.raises(ValueError, match=r"Tanh.*ReLU"):
        train_arms(other, split, seeds=[0], **SETTINGS)
