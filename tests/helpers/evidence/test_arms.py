"""Arms: paired by their seeds, scored in percent, the same together as alone."""

import warnings

import pytest
import torch
from torch import nn

from helpers.evidence.arms import rate_sweep, train_arm, train_arms
from helpers.evidence.metrics import accuracy
from helpers.population import MemberDropout, mlp, train_population

SETTINGS = {"steps": 8, "batch_size": 5, "lr": 1e-2}


def network(dropout=0.0):
    return mlp((3, 6, 4), dropout=dropout)


@pytest.fixture
def split():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(20, 3, generator=g)
    return x, torch.randint(4, (20,), generator=g)


@pytest.fixture
def val():
    g = torch.Generator().manual_seed(1)
    return torch.randn(30, 3, generator=g), torch.randint(4, (30,), generator=g)


def test_an_arm_is_a_population_with_its_accuracies_in_percent(split, val):
    given = {**SETTINGS, "seeds": [4, 7], "val": val, "record_every": 4}
    arm = train_arm(network, split, **given)
    done = train_population(network, split, **given)
    assert (len(arm), arm.steps.tolist()) == (2, [4, 8])
    assert arm.train.shape == arm.val.shape == (2, 2)
    torch.testing.assert_close(arm.val, 100 * done.val_accuracy.T)
    torch.testing.assert_close(arm.train, 100 * done.train_accuracy.T)
    for logits, score in zip(arm.logits(val[0]), arm.final, strict=True):
        assert score.item() == pytest.approx(100 * accuracy(logits, val[1]), abs=1e-4)


def test_only_the_end_is_recorded_unless_asked(split, val):
    arm = train_arm(network, split, val=val, seeds=[0], **SETTINGS)
    assert arm.steps.tolist() == [8]


def test_arms_that_are_trained_together_come_out_as_if_alone(split, val):
    x, y = split
    targets = {"true": y, "rolled": y.roll(1)}
    arms = train_arms(
        network, split, targets=targets, val=val, seeds=[4, 7], **SETTINGS
    )
    assert [*arms] == ["true", "rolled"]
    for name, own in targets.items():
        alone = train_arm(network, (x, own), val=val, seeds=[4, 7], **SETTINGS)
        assert len(arms[name]) == 2
        torch.testing.assert_close(arms[name].logits(x), alone.logits(x))
        torch.testing.assert_close(arms[name].final, alone.final)
        torch.testing.assert_close(arms[name].train, alone.train)
        for net, logits in zip(arms[name].networks(), alone.logits(x), strict=True):
            assert not net.training
            torch.testing.assert_close(net(x), logits)


def test_targets_that_do_not_fit_are_refused(split, val):
    x, y = split
    with pytest.raises(ValueError, match="at least one arm"):
        train_arms(network, split, targets={}, val=val, seeds=[0], **SETTINGS)
    with pytest.raises(ValueError, match=r"arms \['a'\] and targets of \['b'\]"):
        train_arms({"a": network}, split, targets={"b": y}, seeds=[0], **SETTINGS)
    with pytest.raises(
        ValueError, match=r"'short': expected one per input, 20, .* the shape \(19,\)"
    ):
        train_arms(
            network, [x], targets={"short": y[1:]}, val=val, seeds=[0], **SETTINGS
        )


def test_a_sweep_has_a_row_per_seed_and_a_column_per_rate(split, val):
    settings = {"steps": 8, "batch_size": 5, "optimizer": "sgd", "momentum": 0.9}
    found = rate_sweep(
        network, split, val=val, rates=[0.01, 0.3], seeds=[4, 7, 9], **settings
    )
    assert found.shape == (3, 2)
    for k, rate in enumerate((0.01, 0.3)):
        alone = train_arm(network, split, val=val, seeds=[4, 7, 9], lr=rate, **settings)
        torch.testing.assert_close(found[:, k], alone.final)


def test_a_sweep_does_not_warn_of_networks_that_diverge(split, val):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rate_sweep(
            lambda: nn.Linear(3, 4),
            (1e20 * split[0], split[1]),
            val=val,
            rates=[1e30],
            seeds=[0],
            optimizer="sgd",
            steps=4,
            batch_size=5,
        )
    with pytest.warns(UserWarning, match="NaN or infinite"):
        train_arm(
            lambda: nn.Linear(3, 4),
            (1e20 * split[0], split[1]),
            val=val,
            lr=1e30,
            seeds=[0],
            optimizer="sgd",
            steps=4,
            batch_size=5,
        )


def test_seeds_may_have_targets_of_their_own(split, val):
    x, y = split
    own = torch.stack([y, y.roll(3)])
    arms = train_arms(
        network, [x], targets={0: own, 1: y}, val=val, seeds=[4, 7], **SETTINGS
    )
    second = train_arm(network, (x, own[1]), val=val, seeds=[7], **SETTINGS)
    torch.testing.assert_close(arms[0].logits(x)[1:], second.logits(x))
    torch.testing.assert_close(arms[0].logits(x)[0], arms[1].logits(x)[0])


def test_arms_may_have_settings_of_their_own(split, val):
    decays = {"none": 0.0, "decay": 0.5}
    arms = train_arms(
        dict.fromkeys(decays, network),
        split,
        val=val,
        seeds=[4, 7],
        weight_decay=decays,
        **SETTINGS,
    )
    for name, decay in decays.items():
        alone = train_arm(
            network, split, val=val, seeds=[4, 7], weight_decay=decay, **SETTINGS
        )
        torch.testing.assert_close(arms[name].val_loss, alone.val_loss)
    assert not torch.allclose(arms["none"].val_loss, arms["decay"].val_loss)
    with pytest.raises(ValueError, match=r"weight_decay: .* none for \['decay'\]"):
        train_arms(
            dict.fromkeys(decays, network),
            split,
            seeds=[4],
            weight_decay={"none": 0.0},
            **SETTINGS,
        )


def test_arms_may_drop_at_rates_of_their_own(split, val):
    rates = {"none": 0.0, "half": 0.5}
    builds = {name: lambda p=p: network(p) for name, p in rates.items()}
    arms = train_arms(builds, split, val=val, seeds=[4, 7], **SETTINGS)
    for name, p in rates.items():
        alone = train_arm(builds[name], split, val=val, seeds=[4, 7], **SETTINGS)
        torch.testing.assert_close(arms[name].val_loss, alone.val_loss)
        first = arms[name].networks()[0]
        assert [m.p for m in first if isinstance(m, MemberDropout)] == [p]


def test_an_arm_without_targets_has_those_of_all(split, val):
    x, y = split
    arms = train_arms(
        {"all": network, "own": network},
        split,
        val=val,
        seeds=[4],
        targets={"own": y.roll(1)},
        **SETTINGS,
    )
    alone = train_arm(network, split, val=val, seeds=[4], **SETTINGS)
    torch.testing.assert_close(arms["all"].val_loss, alone.val_loss)
    assert not torch.allclose(arms["own"].val_loss, alone.val_loss)


class Scaled(nn.Linear):
    def __init__(self, factor):
        super().__init__(3, 4)
        self.factor = factor

    def forward(self, x):
        return self.factor * super().forward(x)


def test_what_one_forward_pass_cannot_tell_apart_is_refused(split):
    builds = {"once": lambda: Scaled(1.0), "twice": lambda: Scaled(2.0)}
    with pytest.raises(ValueError, match=r"'twice'.*factor = 2\.0.*factor = 1\.0"):
        train_arms(builds, split, seeds=[0, 1], **SETTINGS)
    other = {"relu": network, "tanh": lambda: mlp((3, 6, 4), activation=nn.Tanh)}
    with pytest.raises(ValueError, match=r"Tanh.*ReLU"):
        train_arms(other, split, seeds=[0], **SETTINGS)
