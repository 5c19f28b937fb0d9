"""Checks of notebook 02: what they say of wrong answers that have no name."""

import copy
import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.checks import CheckFailed, Trial, load
from helpers.checks.vocabulary.thinned import ThinnedNetworks


@pytest.fixture(scope="module")
def check():
    return load("02_dropout_from_scratch")


def _message(check, answer, seed: int) -> str:
    """Return what the check says, on one line; it must not name a mistake."""
    with pytest.raises(CheckFailed) as caught:
        check(answer, seed=seed)
    assert caught.value.mistake is None
    return " ".join(str(caught.value).split())


def _probability(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(p)


def _inverted(x, p, training, generator=None):
    _probability(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    return x * (torch.rand(x.shape, generator=generator) >= p) / (1 - p)


def _exact_count(x, p, training, generator=None):
    _probability(p)
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    out = x.flatten().clone()
    out[torch.randperm(out.numel(), generator=generator)[: round(p * len(out))]] = 0
    return out.view_as(x) / (1 - p)


def _ignores_generator(x, p, training, generator=None):
    return _inverted(x, p, training)


def _reseeds(x, p, training, generator=None):
    torch.manual_seed(0)
    return _inverted(x, p, training)


def _in_place(x, p, training, generator=None):
    _probability(p)
    with torch.no_grad():
        if training:
            x.mul_(torch.rand(x.shape, generator=generator) >= p)
    return x


def _double(x, p, training, generator=None):
    return _inverted(x, p, training, generator).to(torch.complex64)


def _accepts_bad_p_at_evaluation(x, p, training, generator=None):
    return _inverted(x, p, training, generator) if training else x


def _detached(x, p, training, generator=None):
    return _inverted(x.detach(), p, training, generator)


def _one_coin_per_row(x, p, training, generator=None):
    _probability(p)
    if not training or p == 1:
        return x * (not training)
    shape = (*x.shape[:-1], 1)
    return x * (torch.rand(shape, generator=generator) >= p) / (1 - p)


def _divides_by_what_was_kept(x, p, training, generator=None):
    _probability(p)
    if not training:
        return x
    mask = (torch.rand(x.shape, generator=generator) >= p).to(x.dtype)
    return x * mask / mask.mean().clamp(min=1e-9)


def _library(x, p, training, generator=None):
    return F.dropout(x, p, training)


def _half_a_batch_twice(x, p, training, generator=None):
    _probability(p)
    if not training or p in (0, 1):
        return x * (not training or p == 0)
    mask = torch.rand(x.shape, generator=generator) >= p
    mask[len(x) - len(x) // 2 :] = mask[: len(x) // 2].clone()
    return x * mask / (1 - p)


def _returns_nothing(x, p, training, generator=None):
    _inverted(x, p, training, generator)


INVERTED = {
    _exact_count: "exactly the same number",
    _ignores_generator: "global generator although it was given one",
    _reseeds: "two calls in a row use the same mask",
    _in_place: "changes its argument in place",
    _double: "wrong dtype",
    _accepts_bad_p_at_evaluation: "bad input must raise ValueError",
    _detached: "no gradient flows",
    _one_coin_per_row: "along the last dimension",
    _divides_by_what_was_kept: "do not have the right size",
    _library: "does the very thing",
    _half_a_batch_twice: "copies of others",
    _returns_nothing: "is not a tensor",
}


@pytest.mark.parametrize("answer", INVERTED, ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_inverted_dropout_says_what_is_wrong(check, answer, seed) -> None:
    assert INVERTED[answer] in _message(check.inverted_dropout, answer, seed)


class _Layer(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        _probability(p)
        self.linear, self.p = linear, p

    def forward(self, x):
        weight = F.dropout(self.linear.weight, self.p, self.training)
        return F.linear(x, weight, self.linear.bias)


class _Copies(_Layer):
    def __init__(self, linear, p):
        super().__init__(copy.deepcopy(linear), p)


class _Detaches(_Layer):
    def forward(self, x):
        weight = F.dropout(self.linear.weight.detach(), self.p, self.training)
        return F.linear(x, weight, self.linear.bias)


class _MaskPerExample(_Layer):
    def forward(self, x):
        if not self.training:
            return self.linear(x)
        rows = x.reshape(-1, x.shape[-1])
        out = torch.stack([_Layer.forward(self, row) for row in rows])
        return out.view(*x.shape[:-1], -1)


class _DropsInputs(_Layer):
    def forward(self, x):
        return self.linear(F.dropout(x, self.p, self.training))


class _DropsColumns(_Layer):
    def forward(self, x):
        ones = torch.ones(1, x.shape[-1], dtype=x.dtype)
        return self.linear(x * F.dropout(ones, self.p, self.training))


class _ForgetsBias(_Layer):
    def forward(self, x):
        if not self.training:
            return self.linear(x)
        return F.linear(x, F.dropout(self.linear.weight, self.p))


CONNECT = {
    _Copies: "not among layer.parameters",
    _Detaches: "no gradient",
    _MaskPerExample: "gives different results",
    _DropsInputs: "gives different results",
    _DropsColumns: "all outputs lose the same inputs",
    _ForgetsBias: "is the bias",
}


@pytest.mark.parametrize("answer", CONNECT, ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_drop_connect_says_what_is_wrong(check, answer, seed) -> None:
    assert CONNECT[answer] in _message(check.DropConnect, answer, seed)


def _average(model, x, n_samples):
    modes = [(module, module.training) for module in model.modules()]
    model.train()
    with torch.no_grad():
        probs = sum(model(x).softmax(-1) for _ in range(n_samples)) / n_samples
    for module, mode in modes:
        module.training = mode
    return probs


def _sums(model, x, n_samples):
    return n_samples * _average(model, x, n_samples)


def _first_only(model, x, n_samples):
    return _average(model, x, 1)


def _over_the_batch(model, x, n_samples):
    return _average(model, x, n_samples).softmax(0)


def _leaves_eval_mode(model, x, n_samples):
    probs = _average(model, x, n_samples)
    model.eval()
    return probs


def _keeps_the_graph(model, x, n_samples):
    weight = next(model.parameters()).sum()
    return _average(model, x, n_samples) + 0 * weight


def _switches_gradients_off(model, x, n_samples):
    probs = _average(model, x, n_samples)
    torch.set_grad_enabled(False)
    return probs


ENSEMBLE = {
    _sums: "is off",
    _first_only: "is off",
    _over_the_batch: "rows are not probabilities",
    _leaves_eval_mode: "mode is changed",
    _keeps_the_graph: "attached to the graph",
    _switches_gradients_off: "leaves gradients switched off",
}


@pytest.mark.parametrize("answer", ENSEMBLE, ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_ensemble_predict_says_what_is_wrong(check, answer, seed) -> None:
    assert ENSEMBLE[answer] in _message(check.ensemble_predict, answer, seed)


def _one_row_wrong(model, x, n_samples):
    probs = _average(model, x, n_samples)
    if n_samples > 100 and len(x) > 5:
        probs[5] = 1 / 3
    return probs


def test_the_row_that_is_off_is_printed(check) -> None:
    """Not the first one, whose digits may agree with what was expected."""
    said = _message(check.ensemble_predict, _one_row_wrong, 0)
    assert "for row 5, where the difference is largest" in said
    assert "[0.33, 0.33, 0.33]" in said


def _drops(shape):
    def answer(x, p, training, generator=None):
        _probability(p)
        if not training or p == 1:
            return x * (not training)
        sizes = [n if keep else 1 for n, keep in zip(x.shape, shape, strict=True)]
        return x * (torch.rand(sizes, generator=generator) >= p) / (1 - p)

    return answer


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((1, 1, 1, 0), "whole rows of the maps"),
        ((1, 1, 0, 1), "whole columns of the maps"),
    ],
)
def test_rows_and_columns_are_not_called_pixels(check, shape, said) -> None:
    assert said in _message(check.channel_dropout, _drops(shape), 0)


def _two_slips(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(p)
    return p * (w**2 * x**2).sum()


def test_a_penalty_with_two_slips_is_given_no_name(check) -> None:
    said = _message(check.dropout_penalty, _two_slips, 0)
    assert "the penalty is not right" in said
    assert "Expected 5.5 Got 8.8" in said


@pytest.mark.parametrize("seed", range(4))
def test_what_is_said_of_thinned_networks_is_what_the_model_does(seed):
    """Each mask is put in by hand, in the place of the dropout layers."""
    trial = Trial("", "", mistakes={}, seed=seed)
    net = ThinnedNetworks(trial, [torch.float32, torch.float64][seed % 2])
    first, last = net.model[0][1], net.model[2]
    p1, p2 = (net.model[0][0].p, net.model[1].p)
    masks = [*itertools.product((0, 1), repeat=5)]
    each, chances = [], []
    with torch.no_grad():
        for mask in masks:
            inputs, units = torch.tensor(mask[:3]), torch.tensor(mask[3:])
            hidden = first(net.x * inputs / (1 - p1)).relu() * units / (1 - p2)
            each.append(last(hidden).softmax(-1))
            gone = [(p1, m) for m in mask[:3]] + [(p2, m) for m in mask[3:]]
            chances.append(math.prod(1 - p if m else p for p, m in gone))
        torch.testing.assert_close(net.whole, net.model(net.x).softmax(-1))
    torch.testing.assert_close(net.each, torch.stack(each))
    mean = sum(p * said for p, said in zip(chances, each, strict=True))
    torch.testing.assert_close(net.mean, mean)
    votes = sum(
        p * F.one_hot(said.argmax(-1), 3) for p, said in zip(chances, each, strict=True)
    )
    torch.testing.assert_close(net.votes, votes.to(net.dtype))
    logits = sum(p * said for p, said in zip(chances, net.logits, strict=True))
    torch.testing.assert_close(net.of_mean_logits, logits.softmax(-1))
    assert (net.mean - net.of_mean_logits).abs().max() > 0.4
    assert net.averaged_logits(net.of_mean_logits, 1000)
    assert not net.averaged_logits(net.mean, 1000)
