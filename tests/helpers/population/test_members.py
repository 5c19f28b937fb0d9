"""What a stack does with parameters, layers and numbers that are not the usual ones."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.population import MemberDropout, Stack, mlp, train_population
from helpers.population._layers import coin, masked

PLAIN = {"batch_size": 32, "progress": False, "lr": 1e-2}


def pictures(n=96):
    g = torch.Generator().manual_seed(0)
    return torch.randn(n, 1, 6, 6, generator=g), torch.randint(3, (n,), generator=g)


class Small(nn.Module):
    """A CNN with dropout, a frozen layer and a layer that nothing uses, if asked."""

    def __init__(self, p=0.0, *, frozen=False, unused=False):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.drop = MemberDropout(p)
        self.head = nn.Linear(4 * 36, 3)
        if unused:
            self.idle = nn.Linear(5, 4)
        if frozen:
            self.conv.requires_grad_(False)

    def forward(self, x):
        return self.head(self.drop(torch.relu(self.conv(x))).flatten(1))


class Gapped(nn.Sequential):
    """A plain MLP whose second Linear is frozen."""

    def __init__(self):
        super().__init__(*mlp((36, 8, 7, 3)))
        self[4].requires_grad_(False)


def alone(make, seed, steps, penalty=None, *, resting=None, xy=None, **settings):
    """Train one network with nothing of the population's code."""
    x, y = xy or pictures()
    torch.manual_seed(seed)
    model = make().train()
    if resting:
        model.get_submodule(resting).eval()
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2, **settings)
    order = torch.Generator().manual_seed(seed)
    sizes = [32, 32, len(x) - 64]
    for step in range(steps):
        if step % 3 == 0:
            batches = torch.randperm(len(x), generator=order).split(sizes)
        xb, yb = x[batches[step % 3]], y[batches[step % 3]]
        opt.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        (loss + penalty(model) if penalty else loss).backward()
        opt.step()
    return model.eval()


def same(a, b, atol=1e-4):
    pairs = zip(a.named_parameters(), b.named_parameters(), strict=True)
    for (name, p), (other, q) in pairs:
        assert name == other
        torch.testing.assert_close(p, q, atol=atol, rtol=1e-3)


def test_a_rate_of_zero_silences_layers_built_with_another():
    options = {"seeds": [0, 1], "steps": 6, **PLAIN}
    quiet = train_population(lambda: Small(0.5), pictures(), dropout=0.0, **options)
    plain = train_population(lambda: Small(0.0), pictures(), **options)
    for k in range(2):
        same(quiet.member(k), plain.member(k), atol=0)
        assert quiet.member(k).drop.p == 0


@pytest.mark.parametrize("make", [lambda: Small(frozen=True), Gapped])
def test_frozen_parameters_stay_as_they_are(make):
    result = train_population(
        make, pictures(), seeds=[3, 4], steps=6, weight_decay=0.1, **PLAIN
    )
    for k, seed in enumerate((3, 4)):
        model = alone(make, seed, 6, weight_decay=0.1)
        member = result.member(k)
        same(member, model)
        frozen = [p for p in model.parameters() if not p.requires_grad]
        ours = [p for p in member.parameters() if not p.requires_grad]
        assert len(frozen) == 2
        for p, q in zip(ours, frozen, strict=True):
            assert torch.equal(p, q)


def test_a_network_with_nothing_to_train_is_refused():
    def make():
        return mlp((36, 3)).requires_grad_(False)

    with pytest.raises(ValueError, match="every parameter is frozen"):
        train_population(make, pictures(), seeds=0, steps=1, **PLAIN)


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_parameters_that_nothing_uses_stay_as_they_are(decay):
    def make():
        return Small(unused=True)

    result = train_population(
        make, pictures(), seeds=[3, 4], steps=6, weight_decay=decay, **PLAIN
    )
    for k, seed in enumerate((3, 4)):
        same(result.member(k), alone(make, seed, 6, weight_decay=decay))


def test_a_penalty_reaches_weights_that_nothing_else_uses():
    def make():
        return Small(unused=True)

    def penalty(model):
        return 0.05 * sum((p**2).sum() for p in model.parameters() if p.ndim >= 2)

    options = {"seeds": [3, 4], "steps": 6, "weight_decay": 0.5, **PLAIN}
    result = train_population(make, pictures(), l2=[0.1, 0.0], **options)
    same(result.member(0), alone(make, 3, 6, penalty, weight_decay=0.5))
    same(result.member(1), alone(make, 4, 6, weight_decay=0.5))


def test_a_stack_takes_frozen_networks_for_the_loop_by_hand():
    models = [Gapped() for _ in range(3)]
    stack = Stack(models, torch.zeros(1, 36), None)
    x = torch.randn(3, 5, 36)
    for out, model, part in zip(stack(x), models, x, strict=True):
        torch.testing.assert_close(out, model.eval()(part))
    gradient = stack.differentiate(stack(x).pow(2).sum())
    trained = sum(p.numel() for p in models[0].parameters() if p.requires_grad)
    assert gradient.shape == stack.flat.shape == (3 * trained,)


def test_infinite_activations_that_are_dropped_become_zero():
    x = torch.tensor([torch.inf, -torch.inf, 1.0], requires_grad=True)
    threshold, scale = coin(torch.tensor(0.5))
    low, high = torch.iinfo(torch.int16).min, torch.iinfo(torch.int16).max
    noise = torch.tensor([low, high, high], dtype=torch.int16)
    out = masked(x, noise, threshold, scale)
    assert out.tolist() == [0, -torch.inf, 2]
    (gradient,) = torch.autograd.grad(out.sum(), x)
    assert gradient.tolist() == [0, 2, 2]


def test_a_rate_of_one_drops_infinite_activations_at_every_draw():
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    out = masked(torch.full((2**16,), torch.inf), every, *coin(torch.tensor(1.0)))
    assert not out.any()


def test_a_member_that_diverges_is_named_once():
    options = {"seeds": [7, 8, 9], "optimizer": "sgd", "steps": 8}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = train_population(
            lambda: mlp((36, 8, 3)),
            pictures(),
            **{**PLAIN, **options, "lr": [0.1, 1e30, 0.1]},
        )
    assert not result.train_loss[-1, 1].isfinite()
    (warning,) = caught
    text = str(warning.message)
    assert "1 of 3 members" in text
    assert "member 1 (seed 8)" in text
    assert "smaller learning rate" in text
    assert warning.filename == __file__


def test_a_member_with_an_infinite_loss_is_named_all_the_same():
    def loss(out, y):
        return F.cross_entropy(out, y) + torch.inf

    with pytest.warns(UserWarning, match=r"2 of 2 members.*member 0 \(seed 0\)"):
        result = train_population(
            lambda: mlp((36, 3)),
            pictures(),
            seeds=[0, 1],
            steps=1,
            loss_fn=loss,
            **PLAIN,
        )
    assert result.train_loss.isposinf().all()
    assert result.stacks[0].flat.isfinite().all()


# --- modes and single examples ------------------------------------------------------


class Normed(nn.Module):
    """A CNN with BatchNorm; its first part may be frozen, or told to rest."""

    def __init__(self, *, frozen=False, resting=False):
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), MemberDropout(0.5)
        )
        self.norm = nn.BatchNorm1d(4 * 36)
        self.head = nn.Linear(4 * 36, 3)
        if frozen:
            self.first.requires_grad_(False)
        if resting:
            self.first.eval()

    def forward(self, x):
        return self.head(self.norm(torch.relu(self.first(x)).flatten(1)))


@pytest.mark.parametrize("how", ["frozen", "resting"])
def test_parts_that_rest_keep_statistics_and_drop_nothing(how):
    def make():
        return Normed(**{how: True})

    result = train_population(make, pictures(), seeds=[3, 4], steps=6, **PLAIN)
    for k, seed in enumerate((3, 4)):
        model = alone(make, seed, 6, resting="first", weight_decay=0.0)
        member = result.member(k)
        same(member, model, atol=1e-3)
        assert member.first[1].num_batches_tracked == 0
        assert member.norm.num_batches_tracked == 6


def test_a_network_that_came_in_evaluation_mode_trains():
    options = {"seeds": 0, "steps": 3, **PLAIN}
    quiet = train_population(lambda: Small(0.5).eval(), pictures(), **options)
    loud = train_population(lambda: Small(0.5), pictures(), **options)
    same(quiet.member(0), loud.member(0), atol=0)


def test_a_single_last_example_joins_the_batch_before_it():
    """97 examples in batches of 32: BatchNorm1d cannot train on the last one alone."""
    x, y = pictures(97)

    def make():
        return Normed(resting=True)

    result = train_population(
        make, (x, y), seeds=[3, 4], epochs=2, record_every=3, **PLAIN
    )
    assert result.steps.tolist() == [3, 6]
    for k, seed in enumerate((3, 4)):
        model = alone(make, seed, 6, resting="first", xy=(x, y), weight_decay=0.0)
        same(result.member(k), model, atol=1e-3)


def test_masks_have_room_for_the_example_that_joined():
    result = train_population(
        lambda: mlp((36, 8, 3)),
        pictures(97),
        seeds=[0, 1],
        dropout=0.5,
        epochs=2,
        **PLAIN,
    )
    assert result.steps[-1] == 6
    assert result.train_loss.isfinite().all()


def test_batches_of_one_stay_when_asked_for():
    result = train_population(
        lambda: mlp((36, 3)),
        pictures(5),
        seeds=0,
        epochs=1,
        **{**PLAIN, "batch_size": 1},
    )
    assert result.steps[-1] == 5
