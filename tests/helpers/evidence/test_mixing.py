"""Experiments of notebook 07: treatments are what they say, networks are paired."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import load
from helpers.evidence import mixing
from helpers.evidence.metrics import accuracy, negative_log_likelihood
from helpers.population import mlp
from helpers.training import own_randomness


def network():
    return nn.Sequential(
        *(nn.Conv2d(2, 3, 3, stride=2), nn.ReLU(), nn.Flatten()),
        nn.Linear(3 * 3 * 4, 4),
    )


@pytest.fixture
def split():
    g = torch.Generator().manual_seed(0)
    return torch.randn(30, 2, 7, 9, generator=g), torch.arange(30) % 4


def train(split, treatments, **settings):
    given = {"seeds": [0, 1], "epochs": 2, "val": split, "batch_size": 10, "every": 1}
    return mixing.train_treated(network, split, treatments, **(given | settings))


def test_a_network_comes_out_as_if_it_were_trained_alone(split):
    run = train(split, {"none": mixing.nothing})["none"]
    with own_randomness(1):
        model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    g = torch.Generator().manual_seed(1)
    for _ in range(2):
        for index in torch.randperm(30, generator=g).split(10):
            optimizer.zero_grad()
            F.cross_entropy(model(split[0][index]), split[1][index]).backward()
            optimizer.step()
    torch.testing.assert_close(run.logits(split[0])[1], model(split[0]).detach())


def test_treatments_are_paired_whatever_they_draw(split):
    runs = train(split, {"mixup": mixing.mixup_batch, "none": mixing.nothing})
    alone = train(split, {"none": mixing.nothing})["none"]
    torch.testing.assert_close(runs["none"].logits(split[0]), alone.logits(split[0]))
    assert not torch.allclose(runs["mixup"].logits(split[0]), alone.logits(split[0]))


def test_the_record_is_that_of_the_trained_networks(split):
    run = train(split, {"none": mixing.nothing}, epochs=5, every=3)["none"]
    assert run.epochs.tolist() == [1, 3, 5]
    for k, logits in enumerate(run.logits(split[0])):
        right = 100 * accuracy(logits, split[1])
        assert run.accuracy[k, -1].item() == pytest.approx(right)
        nll = negative_log_likelihood(logits, split[1])
        assert run.nll[k, -1].item() == pytest.approx(nll, rel=1e-5)
    shape = (2, 3)
    assert run.ece.shape == run.train_loss.shape == shape


@pytest.mark.parametrize("seed", range(10))
def test_mixup_and_cutmix_are_the_formulas_of_the_exercises(seed):
    check = load("07_mixup_cutmix")
    x, targets, roll = torch.rand(6, 1, 8, 11), torch.eye(6), torch.arange(6).roll(1)
    torch.manual_seed(seed)
    images, mixed = mixing.mixup_batch(x, targets)
    lam = mixed[0, 0].item()
    torch.testing.assert_close(images, check.mixed(x, lam, roll))
    torch.testing.assert_close(mixed, check.mixed(targets, lam, roll))

    images, mixed = mixing.cutmix_batch(x, targets)
    changed = images != x
    weight = mixed[torch.arange(6), roll]
    torch.testing.assert_close(changed.float().mean((1, 2, 3)), weight)
    assert torch.equal(images[changed], x[roll][changed])
    assert torch.equal(mixed.sum(1), torch.ones(6))


def test_cutmix_asks_for_half_and_pastes_three_tenths():
    torch.manual_seed(0)
    x, targets = torch.rand(2, 1, 28, 28), torch.eye(2)
    shares = [mixing.cutmix_batch(x, targets)[1][0, 1].item() for _ in range(4000)]
    assert sum(shares) / 4000 == pytest.approx(0.30, abs=0.02)


def test_cutout_gives_each_image_a_hole_of_its_own():
    torch.manual_seed(0)
    x, targets = 1 + torch.rand(200, 2, 9, 12), torch.rand(200, 3)
    x[0, 0, 0, 0] = 0.0
    holed, same = mixing.cutout_batch(x, targets, size=4)
    assert torch.equal(same, targets)
    holes = (holed == 0).all(1)  # (n, H, W), all channels at once
    assert torch.equal((holed == 0).any(1)[1:], holes[1:])
    assert int(holes.sum((1, 2)).max()) == 16  # a whole square
    assert len({tuple(h.flatten().tolist()) for h in holes}) > 50


def test_flips_and_crops_make_the_eighteen_variants():
    x = torch.rand(1, 1, 6, 6).expand(3000, -1, -1, -1)
    torch.manual_seed(0)
    moved, _ = mixing.flips_crops(x, torch.zeros(3000, 2))
    assert len({tuple(image.flatten().tolist()) for image in moved}) == 18


def test_smoothing_is_the_formula():
    x, targets = mixing.smoothing(0.2)(torch.ones(1), torch.tensor([[0.0, 1, 0, 0]]))
    torch.testing.assert_close(targets, torch.tensor([[0.05, 0.85, 0.05, 0.05]]))
    assert x.item() == 1


def test_once_treats_every_image_once_and_the_same_each_time(split):
    images, targets = mixing.once(mixing.nothing, split)
    order = [int((split[0] == image).flatten(1).all(1).nonzero()) for image in images]
    assert sorted(order) == list(range(30))
    assert torch.equal(targets.argmax(1), split[1][order])
    first, again = (mixing.once(mixing.cutmix_batch, split, seed=3) for _ in range(2))
    assert torch.equal(first[0], again[0])
    run = train((images, targets), {"none": mixing.nothing}, val=split)["none"]
    assert run.accuracy.shape == (2, 2)


def test_between_counts_third_classes_of_pairs_that_differ(split):
    class Always:
        def logits(self, x):
            return torch.tensor([9.0, 0, 0, 0]).expand(2, len(x), 4)

    partner = torch.arange(30).roll(1)
    third, confidence = mixing.between(Always(), split, partner)
    y, other = split[1], split[1][partner]
    differ = y != other
    expected = ((y != 0) & (other != 0))[differ].double().mean().item()
    assert third.tolist() == pytest.approx([100 * expected] * 2)
    assert (confidence > 99).all()


def test_what_is_dropped_always_is_not_trained(split):
    def first_weights(rate, epochs):
        run = mixing.train_treated(
            lambda: mlp((126, 5, 4), dropout=rate),
            *(split, {"none": mixing.nothing}),
            seeds=[0, 1],
            epochs=epochs,
            val=split,
            batch_size=10,
        )
        return run["none"].stack.params["1.weight"].detach()

    still = first_weights(1.0, 1)
    torch.testing.assert_close(first_weights(1.0, 3), still)
    assert not torch.allclose(first_weights(0.5, 1), still)
    assert not torch.allclose(first_weights(0.5, 1), first_weights(0.0, 1))
