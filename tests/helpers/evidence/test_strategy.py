"""Notebook 12's protocol: settings are paired by draw, scores are in their places."""

import pytest
import torch
import torch.nn.functional as F

from helpers.data import Split
from helpers.evidence.metrics import accuracy
from helpers.evidence.strategy import Scores, mixed_copies, train_on_draws
from helpers.population import mlp
from helpers.training import own_randomness

SIZES = (5, 6, 3)


def draw(seed, n=20):
    g = torch.Generator().manual_seed(seed)
    return Split(torch.randn(n, 5, generator=g), torch.randint(3, (n,), generator=g))


TRAIN = {
    "true": [draw(0), draw(1)],
    "false": [Split(part.x, (part.y + 1) % 3) for part in (draw(0), draw(1))],
}
VAL, TEST = [draw(2), draw(3)], [draw(4), draw(5)]


def run(**settings):
    given = {"train": TRAIN, "val": VAL, "test": TEST, "steps": 4, "batch_size": 10}
    given |= {"rates": [0.01, 0.1], "decays": [0.0, 1.0], "progress": False}
    return train_on_draws(lambda: mlp(SIZES), **(given | settings))


def by_hand(part, seed, lr, decay, steps=4, batch_size=10):
    with own_randomness(seed):
        model = mlp(SIZES)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=decay)
    g = torch.Generator().manual_seed(seed)
    done = 0
    while done < steps:
        for index in torch.randperm(len(part.y), generator=g).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(part.x[index]), part.y[index]).backward()
            optimizer.step()
            done += 1
    return model


def test_each_score_is_that_of_its_kind_rate_decay_and_draw():
    scores = run()
    assert scores.train.shape == scores.val.shape == scores.test.shape == (2, 2, 2, 2)
    for i, kind in enumerate(TRAIN):
        for j, lr in enumerate((0.01, 0.1)):
            for k, decay in enumerate((0.0, 1.0)):
                for d in (0, 1):
                    model = by_hand(TRAIN[kind][d], d, lr, decay)
                    for found, part in (
                        (scores.train, TRAIN[kind][d]),
                        (scores.val, VAL[d]),
                        (scores.test, TEST[d]),
                    ):
                        right = 100 * accuracy(model(part.x), part.y)
                        assert found[i, j, k, d].item() == pytest.approx(right)


def test_networks_come_with_the_draw_varying_fastest():
    networks = run().networks
    assert len(networks) == 16
    x = draw(6).x
    for place, setting in ((0, ("true", 0, 0.01, 0.0)), (13, ("false", 1, 0.1, 0.0))):
        kind, d, lr, decay = setting
        model = by_hand(TRAIN[kind][d], d, lr, decay)
        torch.testing.assert_close(networks[place](x), model(x).detach())


def test_looks_are_even_and_the_last_one_is_the_score():
    scores = run(looks=2)
    assert scores.steps.tolist() == [2, 4]
    assert scores.curve.shape == (2, 2, 2, 2, 2)
    assert torch.equal(scores.curve[-1], scores.val)
    assert torch.equal(scores.curve[0], run(steps=2).val)


def test_some_kinds_and_other_seeds():
    scores = run(kinds=["false"], rates=[0.1], decays=[0.0], first_seed=7)
    model = by_hand(TRAIN["false"][1], 8, 0.1, 0.0)
    x = draw(6).x
    torch.testing.assert_close(scores.networks[1](x), model(x).detach())
    assert scores.val.shape == (1, 1, 1, 2)


def test_data_may_be_shared_by_all_draws():
    shared = run(val=VAL[0], test=TEST[1])
    own = run(val=[VAL[0]] * 2, test=[TEST[1]] * 2)
    assert torch.equal(shared.val, own.val)
    assert torch.equal(shared.test, own.test)


def test_training_accuracy_is_that_of_the_first_examples():
    scores = run(kinds=["true"], rates=[0.1], decays=[0.0], record_size=4)
    first = TRAIN["true"][0]
    model = by_hand(first, 0, 0.1, 0.0)
    right = 100 * accuracy(model(first.x[:4]), first.y[:4])
    assert scores.train[0, 0, 0, 0].item() == pytest.approx(right)


def test_targets_may_be_probabilities():
    soft = {"soft": [(part.x, F.one_hot(part.y, 3).float()) for part in TRAIN["true"]]}
    given = {"rates": [0.1], "decays": [0.0]}
    told, hard = run(train=soft, **given), run(kinds=["true"], **given)
    assert torch.equal(told.test, hard.test)


def test_what_is_chosen_is_best_on_validation_for_each_kind():
    val = torch.tensor(
        [[[[1.0, 1], [9, 0]], [[2, 2], [0, 0]]], torch.zeros(2, 2, 2).tolist()]
    )
    test = torch.arange(16.0).reshape(2, 2, 2, 2)
    scores = Scores(val, val, test, val[None], torch.tensor([1]), [])
    assert scores.chosen().tolist() == [[2.0, 3.0], [8.0, 9.0]]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kinds": ["true", "no"]}, "expected kinds of true, false, got no"),
        ({"val": VAL[:1]}, "got 1, 2"),
        ({"train": {**TRAIN, "false": TRAIN["false"][:1]}}, "got 1, 2"),
        ({"looks": 3}, "multiple of looks, got 4 and 3"),
    ],
)
def test_what_does_not_fit_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        run(**settings)


def test_mixtures_lie_between_an_example_and_another_one():
    x, labels = torch.eye(6), torch.tensor([0, 1, 2, 0, 1, 2])
    g = torch.Generator().manual_seed(0)
    given = {"least": 0.7, "copies": 50, "classes": 3, "generator": g}
    mixed, targets = mixed_copies(x, labels, **given)
    assert mixed.shape == (300, 6)
    assert targets.shape == (300, 3)
    own = torch.arange(6).repeat(50)
    kept = mixed[torch.arange(300), own]
    alone = kept > 0.999  # its partner is itself
    assert 0.7 <= kept.min() < 0.71
    assert 0.08 < alone.float().mean() < 0.25
    assert kept[~alone].mean().item() == pytest.approx(0.85, abs=0.02)
    torch.testing.assert_close(mixed @ F.one_hot(labels, 3).float(), targets)
    torch.testing.assert_close(mixed.sum(1), torch.ones(300))
    partners = {tuple(each.flatten().tolist()) for each in (mixed > 0).split(6)}
    assert len(partners) > 40


def test_mixtures_come_from_their_generator_and_least_1_mixes_nothing():
    part = draw(0)

    def mix(seed, least):
        g = torch.Generator().manual_seed(seed)
        return mixed_copies(*part, least=least, generator=g, classes=3)[0]

    assert torch.equal(mix(0, 0.0), mix(0, 0.0))
    assert not torch.equal(mix(0, 0.0), mix(1, 0.0))
    torch.testing.assert_close(mix(0, 1.0), part.x.repeat(10, 1))
