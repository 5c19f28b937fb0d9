"""Answers of several networks: scores, temperatures, sets, thinned networks, turns."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.evidence.metrics import (
    accuracy,
    expected_calibration_error,
    negative_log_likelihood,
)
from helpers.evidence.uncertainty import (
    best_temperatures,
    conformal_sets,
    holds_truth,
    of_truth,
    probability_scores,
    rotated,
    thinned_probabilities,
)
from helpers.population import MemberDropout, mlp


@pytest.fixture
def answers():
    g = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(3, 50, 4, generator=g)
    return logits.softmax(-1), torch.randint(4, (50,), generator=g)


def test_what_belongs_to_the_true_class():
    values = torch.tensor([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]])
    assert of_truth(values, torch.tensor([2, 0])).tolist() == [[3, 4], [9, 10]]


def test_scores_are_those_of_each_network_alone(answers):
    probs, labels = answers
    scores = probability_scores(probs, labels)
    for k, p in enumerate(probs):
        right = 100 * accuracy(p, labels)
        assert scores.accuracy[k].item() == pytest.approx(right)
        confidence = 100 * p.amax(1).mean().item()
        assert scores.overconfidence[k].item() == pytest.approx(
            confidence - right, 1e-4
        )
        error = 100 * expected_calibration_error(p, labels)
        assert scores.ece[k].item() == pytest.approx(error)
        nll = negative_log_likelihood(p.log(), labels)
        assert scores.nll[k].item() == pytest.approx(nll, rel=1e-5)


def test_brier_and_nll_by_hand_and_finite_at_zero():
    probs = torch.tensor([[[0.75, 0.25], [0.0, 1.0]]])
    scores = probability_scores(probs, torch.tensor([0, 0]))
    assert scores.brier.tolist() == [(2 * 0.25**2 + 2) / 2]
    expected = (-math.log(0.75) - math.log(1e-30)) / 2
    assert scores.nll.item() == pytest.approx(expected, rel=1e-5)


def test_temperatures_undo_a_scale_of_the_logits():
    g = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 3, generator=g)
    labels = torch.multinomial(logits.softmax(1), 1, generator=g)[:, 0]
    sure = torch.stack([(scale * logits).softmax(1) for scale in (1.0, 2.0, 0.5)])
    found = best_temperatures(sure, labels)
    assert found == pytest.approx([1.0, 2.0, 0.5], rel=0.1)
    losses = [
        F.cross_entropy(sure[1].log() / (found[1] * factor), labels)
        for factor in (0.9, 1.0, 1.1)
    ]
    assert min(losses) == losses[1]


def test_sets_by_hand():
    own = torch.tensor([0.9, 0.8, 0.6, 0.3])
    calibration = torch.stack([own, 1 - own, 0 * own], 1)[None]
    new = torch.tensor([[[0.5, 0.35, 0.15]]])
    labels = torch.zeros(4).long()
    sets = conformal_sets(calibration, labels, new, alpha=0.3)
    assert sets.tolist() == [[[True, True, False]]]
    assert conformal_sets(calibration, labels, new, alpha=0.1).all()  # rank 5 of 4
    assert holds_truth(sets, torch.tensor([1])).tolist() == [100]
    assert holds_truth(sets, torch.tensor([2])).tolist() == [0]


def test_sets_of_each_network_rest_on_its_own_scores(answers):
    probs, labels = answers
    both = conformal_sets(probs, labels, probs, alpha=0.2)
    alone = [conformal_sets(p[None], labels, p[None], alpha=0.2) for p in probs]
    assert torch.equal(both, torch.cat(alone))
    assert (holds_truth(both, labels) >= 80).all()


def test_thinned_networks_are_the_networks_with_masks():
    torch.manual_seed(0)
    networks = [mlp((3, 6, 6, 4), dropout=0.5).eval() for _ in range(2)]
    x = torch.randn(5, 3)
    state = torch.get_rng_state()
    probs = thinned_probabilities(networks, x, 7, seed=3)
    assert probs.shape == (7, 2, 5, 4)
    assert torch.equal(torch.get_rng_state(), state)
    for k, net in enumerate(networks):
        torch.manual_seed(3)
        slow = torch.stack([net.train()(x).softmax(-1) for _ in range(7)])
        torch.testing.assert_close(probs[:, k], slow.detach())
        net.eval()
    assert not torch.equal(probs[0], probs[1])
    assert torch.equal(probs, thinned_probabilities(networks, x, 7, seed=3))
    assert not any(part.training for net in networks for part in net.modules())


def test_without_dropout_there_is_nothing_to_sample():
    with pytest.raises(ValueError, match="MemberDropout"):
        thinned_probabilities([nn.Sequential(nn.Linear(2, 2))], torch.ones(1, 2), 3)
    net = nn.Sequential(nn.Linear(2, 2), MemberDropout(0.0)).eval()
    same = thinned_probabilities([net], torch.ones(1, 2), 3)
    assert torch.equal(same[0], same[1])


def test_turning_by_right_angles_moves_pixels():
    x = torch.randn(2, 25)
    torch.testing.assert_close(rotated(x, 0), x)
    images = x.view(2, 5, 5)
    quarter = rotated(x, 90).view(2, 5, 5)
    torch.testing.assert_close(quarter, images.rot90(1, (1, 2)), atol=1e-5, rtol=0)
    torch.testing.assert_close(rotated(rotated(x, 90), -90), x, atol=1e-5, rtol=0)


def test_corners_are_filled():
    turned = rotated(torch.full((1, 36), 2.0), 45, fill=-1.0).view(6, 6)
    assert turned[0, 0].item() == turned[-1, -1].item() == -1
    assert turned[2:4, 2:4].tolist() == [[2.0, 2.0], [2.0, 2.0]]
