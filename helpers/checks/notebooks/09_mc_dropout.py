"""Checks of 09_mc_dropout."""

from __future__ import annotations

import copy
import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.modes import (
    kept_modes,
    modes_of,
    put_modes,
    require_modes,
)
from helpers.checks.vocabulary.subject import Raised
from helpers.checks.vocabulary.thinned import (
    ThinnedNetworks,
    among,
    finite_at_large_logits,
    first_row,
    mean_is_off,
    no_graph,
)
from helpers.words import say

KINDS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: b.detach().clone() for name, b in model.named_buffers()}


def _moved(model: nn.Module, before: dict[str, Tensor]) -> str | None:
    """Return the name of the first buffer that is not what it was."""
    for name, buffer in model.named_buffers():
        if not torch.equal(buffer, before[name]):
            return name
    return None


# -- 9.1 ----------------------------------------------------------------------------


class _Block(nn.Module):
    """Keeps its layers as attributes instead of in a Sequential."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        for k, layer in enumerate(layers):
            setattr(self, f"part{k}", layer)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


@exercise(
    "9.1",
    mistakes={
        "model-train": say(
            "BatchNorm is in train mode too, as after model.train(). It then "
            "normalizes with the statistics of the batch at hand and moves its running "
            "ones. Switch on the dropout layers, and nothing else."
        ),
        "only-nn-dropout": say(
            "Some kinds of dropout stay in eval mode. nn.Dropout is not alone: "
            "Dropout1d, Dropout2d, Dropout3d, AlphaDropout and FeatureAlphaDropout are "
            "classes of their own, not subclasses of it."
        ),
    },
)
def enable_dropout(answer: Any, t: Trial) -> None:
    """Check 9.1: all kinds of dropout in train mode, all else in eval mode."""
    t.part("dropout on, BatchNorm in eval mode")
    width, p = t.random.randint(2, 6), t.random.choice([0.2, 0.3, 0.6])
    _enabled(t, answer, nn.Sequential(nn.BatchNorm1d(width), nn.Dropout(p)))
    deep = nn.Sequential(nn.Linear(width, 4), _Block(nn.BatchNorm1d(4), nn.Dropout(p)))
    _enabled(t, answer, nn.Sequential(nn.Sequential(deep), nn.Linear(4, 2)))

    t.part("every kind of dropout")
    kinds = t.random.sample(KINDS, len(KINDS))
    norms = [kind(width) for kind in t.random.sample(NORMS, 3)]
    layers = [kind(p) for kind in kinds]
    nested = nn.ModuleList([_Block(*layers[1:3], norms[1]), *layers[3:]])
    _enabled(t, answer, nn.Sequential(layers[0], norms[0], nested, norms[2]))
    for kind in kinds:
        _enabled(t, answer, _Block(norms[0], kind(p), nn.ReLU()))

    t.part("all other modules stay in eval mode")
    others = [nn.RReLU(), nn.LayerNorm(width), nn.InstanceNorm1d(width), nn.Identity()]
    model = nn.Sequential(*others, _Block(nn.Dropout(p), nn.GroupNorm(1, width)))
    _enabled(t, answer, model)
    _enabled(t, answer, nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)))


def _enabled(t: Trial, answer: Any, model: nn.Module) -> None:
    """Call the answer on the model in eval mode and look at every module."""
    model.eval()
    before = _state(model)
    rates = [m.p for m in model.modules() if isinstance(m, KINDS)]
    inside = [m for m in model.modules() if next(m.children(), None) is None]
    names = ", ".join(type(m).__name__ for m in inside)
    result = t.call(
        answer, model, case=say("enable_dropout(model), with {names}", names=names)
    )
    on = [m for m in model.modules() if m.training]
    bad: nn.Module | None = next((m for m in on if isinstance(m, NORMS)), None)
    t.require(
        bad is None,
        say("a BatchNorm layer is in train mode."),
        expected=say("only dropout layers in train mode"),
        got=say("{name} in train mode", name=type(bad).__name__),
        mistake="model-train",
    )
    off: list[nn.Module] = [
        m for m in model.modules() if isinstance(m, KINDS) and not m.training
    ]
    if off:
        _left_off(t, off, result)
    bad = next((m for m in on if not isinstance(m, KINDS)), None)
    t.require(
        bad is None,
        say("a module that is no dropout layer is in train mode."),
        expected=say("only dropout layers in train mode"),
        got=say("{name} in train mode", name=type(bad).__name__),
        advice=say("A container counts as well: leave its own `training` False."),
    )
    t.require(_moved(model, before) is None, say("a running statistic has changed."))
    t.require(
        [m.p for m in model.modules() if isinstance(m, KINDS)] == rates,
        say("a dropout layer has another p than before."),
        advice=say("Change modes only."),
    )
    t.require(
        all(parameter.requires_grad for parameter in model.parameters()),
        say("parameters can not be trained any more."),
        advice=say("Change modes only: leave requires_grad as it is."),
    )


def _left_off(t: Trial, off: list[nn.Module], result: object) -> None:
    plain = any(type(m) is nn.Dropout for m in off)
    advice = say(
        "Set the layers of the model itself; its `modules()` are all of them. And "
        "train() and eval() reach into all children: eval() on a container switches "
        "the dropout inside it off again."
    )
    if t.is_a(result, nn.Module) and any(t.modes(result)):
        advice = say(
            "The model that is returned has dropout on, the one given has not."
        )
    t.fail(
        say("a dropout layer is still in eval mode."),
        expected=say("every dropout layer in train mode"),
        got=say("still in eval mode: ") + ", ".join(type(m).__name__ for m in off),
        mistake=None if plain else "only-nn-dropout",
        advice=advice,
    )


# -- 9.2 ----------------------------------------------------------------------------


@exercise(
    "9.2",
    mistakes={
        "same-samples": say(
            "The samples are all the same: dropout is off while you sample, or one "
            "mask serves them all. Put the dropout layers (and only them) in train "
            "mode and draw new masks for each sample."
        ),
        "logits": say(
            "These are logits or log-probabilities. Apply softmax over the last "
            "dimension to each sample."
        ),
        "batch-statistics": say(
            "BatchNorm is in train mode while you sample: it normalizes with this "
            "batch's statistics and moves its running ones. Everything but the dropout "
            "layers must be in eval mode."
        ),
    },
)
def mc_predict(answer: Any, t: Trial) -> None:
    """Check 9.2: probabilities of sampled networks; modes and buffers untouched."""
    t.part("type and shape")
    dtype, other = t.dtypes()
    net = _Net(t, dtype)
    probs = _sampled(t, answer, net, 5)

    t.part("each sample is one thinned network")
    _one_thinned_network_each(t, net, probs)
    _sampled(t, answer, net, 1)

    t.part("every module's own mode is restored, buffers are untouched")
    _modes(t, answer, net)

    t.part("masks are drawn with the layers' own rates")
    n = 200
    twin = _Net(t, other, keep=net)
    twin.x = twin.x[:12]
    probs = _sampled(t, answer, twin, n)
    mean_is_off(
        t,
        probs.mean(0),
        net.mean,
        n,
        what=say("samples"),
        advice=say("Leave each dropout layer's p as it is."),
    )
    _no_gradients(t, answer, net)
    large = _Net(t, other)
    inner: Any = large.model[1]
    finite_at_large_logits(t, answer, large, 5, last=inner[-1])
    t.part("randomness")
    t.draws(
        lambda _: t.call(answer, net.model, net.x, 3),
        case=say("3 samples of the same model and x"),
        with_generator=False,
    )


class _Net:
    """BatchNorm in front of a network whose 32 thinned networks are known.

    Attributes:
        model, x: returns logits (36, 3) for x (36, 3): 12 examples, three times.
        each, logits: what the thinned networks say, (32, 36, 3).
        batch: the same if BatchNorm used this batch's own statistics.
        mean: float64 (12, 3), the mean probability for the 12 examples.
    """

    def __init__(
        self, t: Trial, dtype: torch.dtype, *, keep: _Net | None = None
    ) -> None:
        self.dtype = dtype
        self._drawn: _Parts = keep._drawn if keep else _draw_parts(t)
        norm, inner, x, logits, batch = self._drawn
        self.mean = inner.mean
        self.logits, self.batch = logits.to(dtype), batch.to(dtype)
        self.each = self.logits.softmax(-1)
        model = nn.Sequential(norm, inner.model)
        self.model = copy.deepcopy(model).eval().to(dtype)
        self.x = x.to(dtype)


class _Parts(NamedTuple):
    """What a `_Net` is made of, in float64; the attributes of the same names there."""

    norm: nn.Module
    inner: ThinnedNetworks
    x: Tensor
    logits: Tensor
    batch: Tensor


def _draw_parts(t: Trial) -> _Parts:
    """Draw until no two samples agree by chance, with or without batch statistics."""
    while True:
        inner = ThinnedNetworks(t, torch.float64)
        norm: Any = nn.BatchNorm1d(3, momentum=0.3).double()
        with torch.no_grad():
            norm.weight.copy_(0.4 + 0.4 * t.rand(3))
            norm.bias.copy_(t.randn(3).sign() * (0.7 + 0.5 * t.rand(3)))
            norm.running_mean.copy_(3 * t.randn(3))
            norm.running_var.copy_(0.5 + 4 * t.rand(3))
            sd = (norm.running_var + norm.eps).sqrt()
            x = (inner.x - norm.bias) / norm.weight * sd + norm.running_mean
        x = x.repeat(3, 1)
        z = F.batch_norm(x, None, None, norm.weight, norm.bias, training=True)
        says = [_every(inner, at) for at in (inner.x.repeat(3, 1), z.detach())]
        if all(_agreement(inner, logits) < 1e-12 for logits in says):
            return _Parts(norm, inner, x, *says)


def _agreement(inner: ThinnedNetworks, logits: Tensor) -> float:
    """Return the probability that two samples of all examples are the same."""
    drop = torch.tensor([inner.rates[0]] * 3 + [inner.rates[1]] * 2)
    chance = torch.where(_masks() == 1, 1 - drop, drop).prod(1).double()
    each = logits.softmax(-1)
    close = (each[:, None] - each[None]).abs().amax(-1) < 1e-6  # float32
    same = chance @ (close * chance[:, None]).sum(1)  # (32, 32, 36) -> (36,)
    return float(same.prod())


def _masks() -> Tensor:
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=5)))


@torch.no_grad()
def _every(inner: ThinnedNetworks, z: Tensor) -> Tensor:
    """Return the logits of all 32 thinned networks for inputs z (n, 3)."""
    model: Any = inner.model
    first, last = model[0][1].double(), model[2].double()
    p = torch.tensor([inner.rates[0]] * 3 + [inner.rates[1]] * 2)
    scaled = (_masks() / (1 - p)).double()[:, None]  # (32, 1, 5)
    logits: Tensor = last(first(z * scaled[..., :3]).relu() * scaled[..., 3:])
    return logits


def _sampled(t: Trial, answer: Any, net: _Net, n: int) -> Tensor:
    """Call the answer on the model as it stands; modes and buffers are put back."""

    def explain(error: Raised) -> None:
        if error.says("ValueError", "more than 1 value per channel"):
            t.fail(
                say("BatchNorm refuses."), got=error.shown, mistake="batch-statistics"
            )

    before = _state(net.model)
    moved: str | None = None
    case = say(
        "mc_predict(model, x, {n}), x of shape {shape}", n=n, shape=tuple(net.x.shape)
    )
    with kept_modes(net.model):
        try:
            probs = t.call(answer, net.model, net.x, n, case=case, explain=explain)
            moved = _moved(net.model, before)
        finally:
            with torch.no_grad():
                for name, buffer in net.model.named_buffers():
                    buffer.copy_(before[name])
    _buffers_kept(t, moved)
    return t.tensor(probs, shape=(n, len(net.x), 3), dtype=net.dtype).detach()


def _buffers_kept(t: Trial, moved: str | None) -> None:
    t.require(
        moved is None,
        say("a buffer of BatchNorm has changed."),
        expected=say("buffers as they came"),
        got=say("another {rpartition}", rpartition=(moved or "").rpartition(".")[2]),
        mistake="batch-statistics",
    )


def _one_thinned_network_each(t: Trial, net: _Net, probs: Tensor) -> None:
    with torch.no_grad():
        whole = net.model(net.x)[None]
    scores = torch.cat([net.logits, net.batch, whole])
    logs = (probs <= 1e-6).all() and among(probs.exp(), scores.softmax(-1))
    if logs or among(probs, scores):
        t.fail(
            say("these are not probabilities."),
            got=first_row(probs[0]),
            mistake="logits",
        )
    sums = probs.sum(-1)
    t.require(
        (sums - 1).abs().max() < 1e-4 and probs.min() >= 0,
        say("the rows are not probabilities."),
        expected=say("rows that sum to 1"),
        got=say(
            "row sums {min_sums:.3g} … {max_sums:.3g}",
            min_sums=sums.min(),
            max_sums=sums.max(),
        ),
        advice=say("Apply softmax over the last dimension of the logits."),
    )
    different = len(torch.unique(probs.flatten(1), dim=0))
    t.require(
        different > 1 and not torch.allclose(probs, probs[:1], atol=1e-6),
        say("all samples are equal."),
        expected=say("{n_probs} different samples", n_probs=len(probs)),
        got=say("{n_probs} times the same", n_probs=len(probs)),
        mistake="same-samples",
    )
    if not among(probs, net.each):
        corrupt = among(probs, net.batch.softmax(-1))
        t.fail(
            say("a row is not the prediction of any thinned network."),
            mistake="batch-statistics" if corrupt else None,
            advice=_not_thinned(probs),
        )
    t.require(
        different == len(probs),
        say("some samples are copies of others."),
        got=say(
            "{different} different ones of {n_probs}",
            different=different,
            n_probs=len(probs),
        ),
    )


def _not_thinned(probs: Tensor) -> str:
    """Return advice: two dropped logits are both 0, so their probabilities agree."""
    pairs = (probs - probs.roll(1, -1)).abs() < 1e-6  # (S, N, K)
    if pairs.any(-1).float().mean() > 0.05:
        return say(
            "Some probabilities of a row are exactly equal, as if dropout acted on the "
            "logits. The model has dropout layers of its own: switch those on."
        )
    return say("Entry [s, i] belongs to sample s and example i of x.")


def _modes(t: Trial, answer: Any, net: _Net) -> None:
    count = len(modes_of(net.model))
    mixed = [t.random.random() < 0.5 for _ in range(count - 3)]
    for modes in (
        [False] * count,
        [True] * count,
        [True, False, True, *mixed],
        [False, True, False, *(not mode for mode in mixed)],
    ):
        put_modes(net.model, modes)
        before = _state(net.model)
        case = say(
            "mc_predict(model, x, 2), {sum_modes} of {n_modes} modules in train",
            sum_modes=sum(modes),
            n_modes=len(modes),
        )
        case += say(" mode")
        probs = t.call(answer, net.model, net.x, 2, case=case)
        _buffers_kept(t, _moved(net.model, before))
        require_modes(
            t,
            net.model,
            modes,
            advice=say(
                "Note each module's own `training` first and put it back: "
                "model.train(mode) would set them all alike."
            ),
        )
        if not among(t.tensor(probs, shape=(2, 36, 3)).detach(), net.each):
            corrupt = among(probs.detach(), net.batch.softmax(-1))
            t.fail(
                say(
                    "for a model in this mixture of modes a row is not the prediction "
                    "of any thinned network."
                ),
                mistake="batch-statistics" if corrupt else None,
                advice=say(
                    "Whatever the modes: all dropout layers on, all else in eval."
                ),
            )
    net.model.eval()


def _no_gradients(t: Trial, answer: Any, net: _Net) -> None:
    t.part("no gradients")
    no_graph(t, t.call(answer, net.model, net.x, 2, case="mc_predict(model, x, 2)"))
    t.require(
        all(q.requires_grad and q.grad is None for q in net.model.parameters()),
        say("the model's parameters can not be trained as before."),
        advice=say("Leave requires_grad and .grad as they came; no_grad() is enough."),
    )


# -- 9.3 ----------------------------------------------------------------------------


@exercise(
    "9.3",
    mistakes={
        "mean-of-entropies": say(
            "The entropies of the samples are averaged. Predictive entropy is the "
            "entropy of the averaged probabilities: first the mean over the samples, "
            "then the entropy."
        ),
        "base-2": say(
            "The logarithm has base 2, so the result is in bits. Asked are nats: use "
            "the natural logarithm."
        ),
        "nan-at-zero": say(
            "A probability of 0 gives a result that is not finite, because log 0 is "
            "infinite. The limit of p ln p is 0: torch.special.entr and torch.xlogy "
            "know it."
        ),
    },
    asks=("predictive_entropy", "mutual_information"),
)
def predictive_entropy(entropy: Any, information: Any, t: Trial) -> None:
    """Check 9.3: entropy of the mean, and less the mean entropy, in nats."""
    (dtype, other), bits = t.dtypes(), math.log(2)

    t.part("entropy of the mean, in nats")
    probs = _disagreeing(t, dtype)
    total, mean = _entropy(probs.mean(0)), _entropy(probs).mean(0)
    got = t.tensor(t.call(entropy, probs), shape=total.shape, dtype=dtype)
    wrong = {"mean-of-entropies": mean, "base-2": total / bits}
    if _about(got, mean / bits):  # both at once
        wrong = {"mean-of-entropies": mean / bits}
    advice = _other_entropy(got, probs, total - mean)
    t.close(got, total, mistakes=wrong, advice=advice, rtol=1e-3, atol=1e-3)

    t.part("mutual information, in nats")
    got = t.tensor(t.call(information, probs), shape=total.shape, dtype=dtype)
    advice = say("It is H(mean over S) minus the mean over S of H.")
    if _about(got, mean - total):
        advice = say("The sign is reversed: H(mean over S) minus the mean over S of H.")
    elif _about(got, total):
        advice = say(
            "This is the predictive entropy. The mean entropy is to come off it."
        )
    elif _about(got, (total - mean) / math.log(10)):
        advice = say(
            "The logarithm has base 10. Asked are nats: the natural logarithm."
        )
    wrong = {"base-2": (total - mean) / bits, "mean-of-entropies": mean}
    t.close(got, total - mean, mistakes=wrong, advice=advice, rtol=1e-3, atol=1e-3)

    t.part("probabilities 0 and 1")
    for zeros, case in _with_zeros(t, other):
        total, mean = _entropy(zeros.mean(0)), _entropy(zeros).mean(0)
        for answer, right in ((entropy, total), (information, total - mean)):
            got = t.call(answer, zeros, case=f"{t.label(answer)}({case})")
            got = t.tensor(got, like=right)
            t.require(
                got.isfinite().all(),
                say("the result is not finite."),
                expected=right,
                got=got,
                mistake="nan-at-zero",
            )
            t.close(got, right, rtol=1e-3, atol=1e-3)

    t.part("one sample")
    probs = _disagreeing(t, other)[:1]
    t.close(t.call(entropy, probs), _entropy(probs[0]), rtol=1e-3, atol=1e-3)
    got = t.call(information, probs)
    t.close(got, torch.zeros_like(probs[0, :, 0]), rtol=1e-3, atol=1e-3)


def _entropy(probs: Tensor) -> Tensor:
    entropy: Tensor = torch.special.entr(probs).sum(-1)
    return entropy


def _other_entropy(got: Tensor, probs: Tensor, information: Tensor) -> str | None:
    """Return what to say of a value that is another quantity than the entropy."""
    total = _entropy(probs.mean(0))
    if _about(got, information):
        return say(
            "This is the mutual information. Do the two functions bear each other's "
            "name?"
        )
    if _about(got, total / math.log(10)):
        return say("The logarithm has base 10. Asked are nats: the natural logarithm.")
    if _about(got, total / math.log(probs.shape[-1])):
        return say("This is divided by ln K. The entropy in nats may exceed 1.")
    again = (probs.softmax(-1).mean(0), probs.mean(0).softmax(-1))
    if any(_about(got, _entropy(p)) for p in again):
        return say(
            "The probabilities have gone through softmax as if they were logits: "
            "Categorical(probs=p), not Categorical(logits=p)."
        )
    return None


def _about(got: Tensor, value: Tensor) -> bool:
    return torch.allclose(got.detach(), value, rtol=1e-3, atol=1e-3)


def _disagreeing(t: Trial, dtype: torch.dtype) -> Tensor:
    """Draw probabilities (S, N, K) whose samples disagree, none of them near 0."""
    s, n, k = t.random.sample([4, 5, 6, 7, 8], 3)
    favourite = t.integers(k, s, n)
    favourite[0], favourite[1] = 0, 1  # no example on which all samples agree
    probs = 0.4 + t.rand(s, n, k, dtype=dtype)
    probs = probs + 8 * F.one_hot(favourite, k).to(dtype)
    return probs / probs.sum(-1, keepdim=True)


def _with_zeros(t: Trial, dtype: torch.dtype) -> list[tuple[Tensor, str]]:
    k = t.random.randint(3, 6)
    certain = F.one_hot(t.integers(k, 4, 3), k).to(dtype)
    sure = certain[:1].expand(4, -1, -1).clone()
    some = t.rand(5, 3, k, dtype=dtype) + 0.1
    some[..., 0] = 0
    some[1, 0] = some[1, 0] * F.one_hot(torch.tensor(1), k)
    some = some / some.sum(-1, keepdim=True)
    return [
        (
            torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]], dtype=dtype),
            "[[[1, 0]], [[0, 1]]]",
        ),
        (sure, say("samples that agree on one class with probability 1")),
        (certain, say("samples that each have one class with probability 1")),
        (some, say("samples with zeros in them")),
    ]


# -- 9.4 ----------------------------------------------------------------------------


@exercise(
    "9.4",
    mistakes={
        "not-weighted": say(
            "The bins are not weighted. A bin counts by its share of the examples: add "
            "count/N · |accuracy − confidence| over the bins."
        ),
        "confidence-one-lost": say(
            "Confidence 1.0 does not end up in the last bin. The bins are (i/n, "
            "(i+1)/n]: each includes its upper edge."
        ),
        "true-class": say(
            "The confidence is the probability of the true class. A model does not "
            "know the truth: its confidence is its largest probability."
        ),
    },
)
def expected_calibration_error(answer: Any, t: Trial) -> None:
    """Check 9.4: gaps of equal-width bins, weighted by their size."""
    dtype, other = t.dtypes()

    t.part("a Python float, a case by hand")
    hand = torch.tensor([[0.95, 0.05]] * 3 + [[0.15, 0.85]], dtype=torch.float64)
    zeros = torch.zeros(4, dtype=torch.int64)
    drawn = (*_clear_probs(t, 10, dtype), 10)
    _ece_close(t, answer, hand, zeros, 10, confirm=drawn)

    t.part("bins weighted by their size, confidence of the top class")
    for n_bins in (15, t.random.choice([2, 3, 4])):
        probs, labels = _clear_probs(t, n_bins, dtype)
        _ece_close(t, answer, probs, labels, n_bins)
        dtype, other = other, dtype

    t.part("empty bins count 0")
    probs, labels = _clear_probs(t, 10, dtype)
    high = probs.amax(1) > 0.8
    _ece_close(t, answer, probs[high], labels[high], 10)
    _ece_close(t, answer, probs[:1], labels[:1], 10)

    t.part("confidence 1.0")
    n_bins = t.random.choice([10, 15])
    _ece_close(t, answer, *_certain(t, n_bins, other), n_bins)
    ones = F.one_hot(t.integers(3, 8), 3).to(dtype)
    _ece_close(t, answer, ones, t.integers(3, 8) * 0 + ones[0].argmax(), n_bins)

    t.part("one bin, 15 by default")
    probs, labels = _clear_probs(t, 15, other)
    _ece_close(t, answer, probs, labels, 1)
    _ece_close(t, answer, probs, labels, None)


def _ece_close(
    t: Trial,
    answer: Any,
    probs: Tensor,
    labels: Tensor,
    n_bins: int | None,
    *,
    confirm: tuple[Tensor, Tensor, int] | None = None,
) -> None:
    """Compare one value; name a mistake by the value that it gives here.

    `confirm` is another case: a mistake is named only if it explains both.
    """
    n = 15 if n_bins is None else n_bins
    certain = bool((probs.amax(1) == 1).any())
    args = (probs, labels) if n_bins is None else (probs, labels, n_bins)
    shown = "" if n_bins is None else f", n_bins={n}"
    raised = ("IndexError", "RuntimeError", "ValueError")
    lost = dict.fromkeys(raised, "confidence-one-lost")
    got = t.call(
        answer,
        *args,
        case=say(
            "expected_calibration_error(probs, labels{shown}), {n_probs} examples, "
            "{size} classes",
            shown=shown,
            n_probs=len(probs),
            size=probs.shape[1],
        )
        + (say(", some confidences 1.0") if certain else ""),
        errors=lost if certain else None,
    )
    value, right = t.number(got), _ece(probs.double(), labels, n)
    if abs(value - right) <= 1e-4:
        return
    mistakes = _explains(value, probs, labels, n)
    if confirm is not None and mistakes:
        there = _explains(float(t.call(answer, *confirm, case=t.case)), *confirm)
        mistakes = [mistake for mistake in mistakes if mistake in there]
    advice = say("Σ over bins of count/N · |accuracy − mean confidence|.")
    if math.isnan(value):
        advice = say(
            "An empty bin has no mean: 0/0 is NaN. It counts 0, so leave it out."
        )
    elif abs(value - 100 * right) <= 1e-2:
        advice = say("A fraction in [0, 1] is asked for, not percent.")
    elif abs(abs(value) - abs(_signed(probs.double(), labels))) <= 1e-4:
        advice = say("Take |accuracy − confidence| per bin, before you add the bins.")
    elif abs(value - _other_errors(probs.double(), labels, n)["largest"]) <= 1e-4:
        advice = say("This is the largest gap of any bin (MCE). Add the weighted gaps.")
    elif abs(value - _other_errors(probs.double(), labels, n)["squared"]) <= 1e-4:
        advice = say("The gaps are squared. Asked is their absolute value.")
    elif abs(value - _other_errors(probs.double(), labels, n)["root"]) <= 1e-4:
        advice = say(
            "This is the root of the mean squared gap. Asked are absolute values."
        )
    t.fail(
        say("the result is not right."),
        expected=right,
        got=value,
        mistake=mistakes[0] if mistakes else None,
        advice=advice,
    )


def _explains(value: float, probs: Tensor, labels: Tensor, n: int) -> list[str]:
    """Return the mistakes that give this value."""
    right = _ece(probs.double(), labels, n)
    return [
        name
        for name, values in _wrong_ece(probs.double(), labels, n).items()
        if any(abs(value - v) <= 2e-5 < abs(v - right) for v in values)
    ]


def _other_errors(probs: Tensor, labels: Tensor, n: int) -> dict[str, float]:
    """Return calibration errors that are defined, and not asked for."""
    confidence, top = probs.max(1)
    counts, gap = _bins(confidence, (top == labels).double(), n)
    gaps = gap.abs() / counts.clamp(min=1)
    squared = (counts / counts.sum() * gaps.square()).sum().item()
    return {"largest": gaps.max().item(), "squared": squared, "root": squared**0.5}


def _signed(probs: Tensor, labels: Tensor) -> float:
    confidence, top = probs.max(1)
    return ((top == labels).double() - confidence).mean().item()


def _bins(confidence: Tensor, hit: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return counts and sums of hit − confidence per bin (i/n, (i+1)/n]."""
    index = torch.bucketize(confidence, torch.arange(1, n).double() / n)
    gap = torch.zeros(n, dtype=torch.float64).index_add(0, index, hit - confidence)
    return torch.bincount(index, minlength=n).double(), gap


def _ece(probs: Tensor, labels: Tensor, n: int) -> float:
    confidence, top = probs.max(1)
    _, gap = _bins(confidence, (top == labels).double(), n)
    return gap.abs().sum().item() / len(labels)


def _wrong_ece(probs: Tensor, labels: Tensor, n: int) -> dict[str, list[float]]:
    """Return mistake id → the values that its variants give."""
    confidence, top = probs.max(1)
    hit = (top == labels).double()
    true = probs.gather(1, labels[:, None]).squeeze(1)
    rest = confidence < 1
    lost = [0.0]
    if rest.any():
        counts, gap = _bins(confidence[rest], hit[rest], n)
        lost = [gap.abs().sum().item() / m for m in (len(labels), len(hit[rest]))]
        alone = (hit - confidence)[~rest].sum().abs().item()
        lost.append((gap.abs().sum().item() + alone) / len(labels))
        lost += _unweighted(counts, gap)
        # or counted in the first bin
        moved = torch.where(rest, confidence, torch.full_like(confidence, 0.5 / n))
        index = torch.bucketize(moved, torch.arange(1, n).double() / n)
        gaps = torch.zeros(n, dtype=torch.float64).index_add(0, index, hit - confidence)
        lost.append(gaps.abs().sum().item() / len(labels))
    own = [hit, torch.ones_like(hit), (true > 0.5).double()]
    by_truth = [_bins(true, h, n) for h in own]
    index = torch.bucketize(confidence, torch.arange(1, n).double() / n)
    mixed = torch.zeros(n, dtype=torch.float64).index_add(0, index, hit - true)
    by_truth.append((_bins(confidence, hit, n)[0], mixed))
    return {
        "confidence-one-lost": lost if not rest.all() else [],
        "not-weighted": _unweighted(*_bins(confidence, hit, n)),
        "true-class": [
            v
            for counts, gap in by_truth
            for v in [gap.abs().sum().item() / len(labels), *_unweighted(counts, gap)]
        ],
    }


def _unweighted(counts: Tensor, gap: Tensor) -> list[float]:
    """Return the sum of the bins' gaps, and it divided by each number at hand."""
    gaps = (gap / counts.clamp(min=1)).abs()
    total = gaps.sum().item()
    numbers = (
        1,
        max(1, int((counts > 0).sum())),
        len(gaps),
        max(1.0, float(counts.sum())),
    )
    return [total / float(number) for number in numbers]


def _clear_probs(t: Trial, n_bins: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Draw probs (N, K) none of whose entries is near an edge, and labels (N,).

    Every confidence occurs in over- and under-confident bins of different sizes.
    """
    k = t.random.choice([3, 4])
    logits = 2.5 * t.randn(4000, k, dtype=torch.float64)
    probs = logits.softmax(-1)
    far = ((probs * n_bins - (probs * n_bins).round()).abs() > 0.03).all(1)
    far &= (probs > 0.005).all(1)
    ordered = probs.topk(2).values
    far &= ordered[:, 0] - ordered[:, 1] > 0.02
    probs = probs[far][: t.random.randint(150, 250)]
    confidence, top = probs.max(1)
    often = (6 * confidence).long() % 2 == 0
    right = t.rand(len(probs)) < torch.where(often, 0.95, 0.25)
    other = (top + 1 + t.integers(k - 1, len(probs))) % k
    return probs.to(dtype), torch.where(right, top, other)


def _certain(t: Trial, n_bins: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Draw probs: some are exactly 1.0 and wrong, others a little less and right."""
    a, b, c = t.random.randint(5, 9), t.random.randint(10, 14), t.random.randint(2, 6)
    near = 1 - 0.3 / n_bins
    rows = [[1.0, 0.0, 0.0]] * a + [[near, 1 - near, 0.0]] * b
    rows += [[1 - 1.4 / n_bins, 1.4 / n_bins, 0.0]] * c
    labels = [1] * a + [0] * b + [2] * c
    order = torch.tensor(t.random.sample(range(a + b + c), a + b + c))
    return torch.tensor(rows, dtype=dtype)[order], torch.tensor(labels)[order]


# -- 9.5 ----------------------------------------------------------------------------

LOW, HIGH = 0.05, 20.0


@exercise(
    "9.5",
    mistakes={
        "accuracy": say(
            "The temperature does not react to the scale of the logits, as if it were "
            "chosen by accuracy, which no temperature changes, or not fitted at all. "
            "Minimize the negative log-likelihood."
        ),
        "negative": say(
            "The temperature is negative: that would turn every prediction round. "
            "Search in [0.05, 20] only, for example over ln T with T = exp(ln T)."
        ),
    },
)
def fit_temperature(answer: Any, t: Trial) -> None:
    """Check 9.5: a temperature in [0.05, 20] of nearly minimal loss."""
    t.part("a Python float in [0.05, 20]")
    dtype, other = t.dtypes()
    cases = [
        (
            *_scaled(t, t.random.choice([2.2, 3.1, 4.3]), dtype),
            say("over-confident logits"),
        ),
        (
            *_scaled(t, t.random.choice([0.2, 0.3]), other),
            say("under-confident logits"),
        ),
        (*_scaled(t, 7.0, other), say("very over-confident logits")),
        (*_hopeless(t, dtype), say("logits that point away from the labels")),
        (*_separable(t, other), say("logits that are always right")),
    ]
    values = []
    for logits, labels, what in cases:
        value = t.number(t.call(answer, logits, labels, case=_fit_case(logits, what)))
        t.require(not value < 0, "T < 0.", got=value, mistake="negative")
        t.require(not math.isnan(value), say("the temperature is NaN."))
        values.append(value)
    spread = max(values[:3]) / max(min(values[:3]), 1e-12)
    t.case = say("over-confident and under-confident logits")
    t.require(
        spread > 1 + 1e-3,
        say("the temperature is the same whatever the scale of the logits."),
        got=say("{values:.4g} each time", values=values[0]),
        mistake="accuracy",
    )

    for (logits, labels, what), value in zip(cases, values, strict=True):
        t.part(what)
        t.case = _fit_case(logits, what)
        _optimal(t, logits, labels, value)

    t.part("temperatures of all sizes")
    for logits, labels, what in _comb():
        t.case = _fit_case(logits, what)
        value = t.number(t.call(answer, logits, labels, case=t.case))
        t.require(not math.isnan(value), say("the temperature is NaN."))
        _optimal(t, logits, labels, value)

    t.part("logits up to ±10,000")
    logits = 3000 * t.randn(40, 5)
    logits[:, 0] = torch.where(t.rand(40) < 0.5, 1e4, -1e4)
    labels = logits.argmax(1)
    second = logits.topk(2).values
    clear = second[:, 0] - second[:, 1] > 300
    case = _fit_case(logits[clear], say("logits up to ±10,000"))
    value = t.number(t.call(answer, logits[clear], labels[clear], case=case))
    t.require(not math.isnan(value), say("the temperature is NaN."))
    _optimal(t, logits[clear], labels[clear], value)


def _fit_case(logits: Tensor, what: str) -> str:
    return say(
        "fit_temperature(logits, labels), {what}, shape {shape}",
        what=what,
        shape=tuple(logits.shape),
    )


def _optimal(t: Trial, logits: Tensor, labels: Tensor, value: float) -> None:
    """Require a temperature in the interval whose NLL is within 1e-4 of the best."""
    t.require(
        LOW * (1 - 1e-5) <= value <= HIGH * (1 + 1e-5),
        say("the temperature is outside the interval."),
        expected=say("a number in [0.05, 20]"),
        got=value,
        advice=say("Clamp the result."),
    )
    best = _best_temperature(logits, labels)
    lowest, reached = (_nll(logits, labels, v) for v in (best, value))
    if reached <= lowest + 1.001e-4:
        return
    advice = say("Minimize cross_entropy(logits / T, labels) over T in [0.05, 20].")
    inverse = min(max(1 / value, LOW), HIGH)
    confidence = (logits.double() / value).softmax(-1).amax(1).mean()
    accuracy = (logits.argmax(1) == labels).double().mean()
    if _nll(logits, labels, inverse) <= lowest + 1e-4:
        advice = say("This is 1/T: logits are divided by the temperature.")
    elif reached < lowest + 0.02:
        advice = say(
            "Close, but not close enough. If you try a grid, refine it around its best "
            "value. If you use an optimizer, let it run until T stands still: LBFGS, "
            "for one, stops after max_iter steps."
        )
    elif abs(confidence - accuracy) < 5e-3:
        advice = say("This makes the mean confidence equal to the accuracy. ") + advice
    t.fail(
        say("another temperature has a lower negative log-likelihood."),
        expected=say(
            "NLL within 1e-4 of {lowest:.5f}, its value at T = {best:.4g}",
            lowest=lowest,
            best=best,
        ),
        got=say("T = {value:.4g} with NLL {reached:.5f}", value=value, reached=reached),
        advice=advice,
    )


def _nll(logits: Tensor, labels: Tensor, temperature: float) -> float:
    return F.cross_entropy(logits.double() / temperature, labels).item()


def _best_temperature(logits: Tensor, labels: Tensor) -> float:
    """Bisect the derivative in 1/T, which rises: the loss is convex in 1/T."""
    z = logits.double()
    z = z - z.gather(1, labels[:, None])  # (N, K); 0 at the label
    low, high = 1 / HIGH, 1 / LOW
    for _ in range(50):
        middle = (low + high) / 2
        slope = ((z * middle).softmax(-1) * z).sum(1).mean()
        low, high = (low, middle) if slope > 0 else (middle, high)
    return 2 / (low + high)


@functools.cache
def _comb() -> list[tuple[Tensor, Tensor, str]]:
    """Return the same cases for every seed: best temperatures at all distances.

    A grid that is too coarse misses some of them by more than the tolerance, whatever
    the seed: what the visible check accepts, the hidden one accepts, too.
    """
    draws = torch.Generator().manual_seed(9_500)
    true = 3 * torch.randn(120, 7, generator=draws, dtype=torch.float64)
    uniform = torch.rand(120, 7, generator=draws, dtype=torch.float64)
    labels = (true - (-uniform.log()).log()).argmax(1)
    scales = [0.12 * 80 ** ((k * 0.618034) % 1) for k in range(24)]
    return [
        (s * true, labels, say("scale {s:.3g} of the true logits", s=s)) for s in scales
    ]


def _scaled(t: Trial, scale: float, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Draw logits that are `scale` times too large for most of their labels."""
    n, k = t.random.randint(200, 300), t.random.randint(3, 7)
    true = 2 * t.randn(n, k, dtype=torch.float64)
    uniform = t.rand(n, k, dtype=torch.float64)
    labels = (true - (-uniform.log()).log()).argmax(1)  # drawn from softmax(true)
    false = t.rand(n) < 0.1  # confident mistakes: NLL weighs them as ECE does not
    labels = torch.where(false, t.integers(k, n), labels)
    return (scale * true).to(dtype), labels


def _hopeless(t: Trial, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Draw faint logits that are lowest at the label: the best T in range is 20."""
    n, k = t.random.randint(60, 90), t.random.randint(3, 5)
    logits = 0.03 * t.randn(n, k, dtype=torch.float64)
    return logits.to(dtype), logits.argmin(1)


def _separable(t: Trial, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Draw logits that are right by a margin of 2 or more: small T is best."""
    n, k = t.random.randint(60, 90), t.random.randint(3, 5)
    labels = t.integers(k, n)
    logits = t.rand(n, k) + (3 + 2 * t.rand(n, 1)) * F.one_hot(labels, k)
    return logits.to(dtype), labels


# -- 9.6 ----------------------------------------------------------------------------


class _Calibration(NamedTuple):
    """One case: calibration examples, new ones, and what is to come out.

    Attributes:
        probs, labels: (n, K) and (n,). new_probs: (N, K). alpha: in (0, 1).
        what: the case in words.
    """

    probs: Tensor
    labels: Tensor
    new_probs: Tensor
    alpha: float
    what: str

    @property
    def scores(self) -> Tensor:
        own = self.probs.double().gather(1, self.labels[:, None]).squeeze(1)
        return 1 - own

    @property
    def rank(self) -> int:
        return math.ceil((len(self.labels) + 1) * (1 - self.alpha))

    def sets(self, threshold: float) -> Tensor:
        return 1 - self.new_probs.double() <= threshold

    def right(self) -> Tensor:
        return self.sets(_ranked(self.scores, self.rank))


_Miss = tuple[_Calibration, Tensor, str | None]  # a case, what came, how it was called


def _ranked(scores: Tensor, rank: int) -> float:
    """Return the rank-th smallest score; infinity beyond the last one."""
    ordered = scores.sort().values
    return ordered[max(rank, 1) - 1].item() if rank <= len(ordered) else math.inf


@exercise(
    "9.6",
    mistakes={
        "plus-one": say(
            "The +1 is forgotten. The new example is one of n + 1 that are alike, so "
            "the threshold is the ⌈(n + 1)(1 − alpha)⌉-th smallest of the n scores. "
            "The (1 − alpha)-quantile of the n scores is a little too low."
        ),
        "alpha-swapped": say(
            "alpha and 1 − alpha are swapped. alpha is the share of sets that may "
            "*miss* the truth, so a share of 1 − alpha of the scores has to lie below "
            "the threshold."
        ),
        "top-class": say(
            "The scores are those of the top class. A calibration example's score is 1 "
            "− the probability of its *true* class: it says how far down one has to go "
            "until the truth is in."
        ),
        "argmax-only": say(
            "Each set holds the top class alone. Every class belongs to the set whose "
            "1 − probability is at most the threshold: there may be several, or none."
        ),
    },
)
def prediction_sets(answer: Any, t: Trial) -> None:
    """Check 9.6: split conformal sets from the scores 1 − p(true class)."""
    t.part("a case by hand")
    dtype, other = t.dtypes()
    cases = [_by_hand(dtype)]
    t.part("other sizes, other alphas")
    cases += [
        _drawn_calibration(t, alpha, kind)
        for alpha, kind in zip(
            t.random.sample([0.1, 0.2, 0.3, 0.4], 3), (dtype, other, dtype), strict=True
        )
    ]
    t.part("too few examples: all classes")
    cases.append(_too_few(t, other))
    missed = []
    for case in cases:
        got = _sets_of(t, answer, case)
        if not torch.equal(got, case.right()):
            missed.append((case, got, t.case))
    if missed:
        _sets_are_wrong(t, missed)


def _sets_of(t: Trial, answer: Any, case: _Calibration) -> Tensor:
    """Return the answer's sets, if they are sets by their form."""

    def explain(error: Raised) -> None:
        beyond = case.rank > len(case.labels)
        if beyond and error.says("IndexError", "") or error.says("RuntimeError", "k"):
            t.fail(
                say("there is no such rank."),
                got=error.shown,
                advice=say(
                    "The rank is {rank}, and there are {n_labels} scores. If the rank "
                    "exceeds n, no threshold is safe: all classes are in every set.",
                    rank=case.rank,
                    n_labels=len(case.labels),
                ),
            )

    shown = say(
        "prediction_sets(probs, labels, new_probs, {alpha}), {what}",
        alpha=case.alpha,
        what=case.what,
    )
    got = t.call(
        answer,
        case.probs,
        case.labels,
        case.new_probs,
        case.alpha,
        case=shown,
        explain=explain,
    )
    tensor = t.tensor(got, shape=case.new_probs.shape)
    t.require(
        tensor.dtype == torch.bool,
        say("the result has the wrong dtype."),
        expected=say("torch.bool: True where a class is in the set"),
        got=tensor.dtype,
        advice=say("A comparison such as `1 - new_probs <= threshold` gives it."),
    )
    return tensor.detach().cpu()


def _sets_are_wrong(t: Trial, missed: list[_Miss]) -> None:
    case, got, t.case = missed[0]
    named = next(
        (
            name
            for name in ("plus-one", "alpha-swapped", "top-class", "argmax-only")
            if all(_fits(name, c, g) for c, g, _ in missed)
            and any(c.rank <= len(c.labels) for c, _, _ in missed)
        ),
        None,
    )
    row = int((got != case.right()).any(1).nonzero()[0])
    t.fail(
        say("the set of new example {row} is not right.", row=row),
        expected=_as_set(case.right()[row]) + ", " + _threshold(case),
        got=_as_set(got[row]),
        mistake=named,
        advice=_unnamed(missed),
    )


def _fits(name: str, case: _Calibration, got: Tensor) -> bool:
    """Say whether this mistake, in one of its forms, gives these sets."""
    s, n, a = case.scores, len(case.labels), case.alpha
    top = 1 - case.probs.double().amax(1)
    best = F.one_hot(case.new_probs.argmax(1), case.new_probs.shape[1]).bool()
    forms = {
        "plus-one": [
            case.sets(_ranked(s, math.ceil(n * (1 - a)))),
            case.sets(_ranked(s, math.floor(n * (1 - a)))),
            *_quantile_sets(case, 1 - a),
        ],
        "alpha-swapped": [
            case.sets(_ranked(s, math.ceil((n + 1) * a))),
            case.sets(_ranked(s, math.ceil(n * a))),
            *_quantile_sets(case, a),
        ],
        "top-class": [
            case.sets(_ranked(top, case.rank)),
            case.sets(_ranked(top, math.ceil(n * (1 - a)))),
        ],
        "argmax-only": [best, best & case.right()],
    }
    return any(torch.equal(got, form) for form in forms[name])


def _quantile_sets(case: _Calibration, q: float) -> Iterator[Tensor]:
    """Yield the sets by ways to take a quantile; one that hits a score is rounded."""
    for way in ("linear", "lower", "higher"):
        threshold = case.scores.quantile(q, interpolation=way).item()
        yield from (case.sets(threshold + rounding) for rounding in (0, 1e-6, -1e-6))


def _unnamed(missed: list[_Miss]) -> str:
    """Return what to say of a slip that has no name of its own."""
    if all(torch.equal(g, c.sets(_ranked(c.scores, c.rank + 1))) for c, g, _ in missed):
        return say(
            "The threshold is one rank too high. NumPy's and torch's quantile with "
            '"higher" count from 0 to n − 1; sort the scores and take entry rank − 1, '
            'or use NumPy\'s method="inverted_cdf" with rank / n.'
        )
    if all(torch.equal(~g, c.right()) for c, g, _ in missed):
        return say("These are the classes that are *not* in the sets: turn ≤ round.")
    if all(c.rank > len(c.labels) for c, _, _ in missed):
        return say(
            "Here the rank exceeds n: no threshold is safe, all classes are in every "
            "set."
        )
    return say(
        "Scores are 1 − probs[i, labels[i]]; the threshold is their ⌈(n + 1)(1 − "
        "alpha)⌉-th smallest; a class is in where 1 − new_probs is at most that."
    )


def _threshold(case: _Calibration) -> str:
    if case.rank > len(case.labels):
        return say(
            "rank {rank} of {n_labels} scores: all classes",
            rank=case.rank,
            n_labels=len(case.labels),
        )
    value = _ranked(case.scores, case.rank)
    return say(
        "the threshold is {value:.4f}, score {rank} of {n_labels}",
        value=value,
        rank=case.rank,
        n_labels=len(case.labels),
    )


def _as_set(row: Tensor) -> str:
    return "{" + ", ".join(str(k) for k in row.nonzero().flatten().tolist()) + "}"


def _by_hand(dtype: torch.dtype) -> _Calibration:
    probs = [[0.9, 0.06, 0.04], [0.8, 0.15, 0.05], [0.6, 0.1, 0.3], [0.3, 0.6, 0.1]]
    new = [[0.5, 0.35, 0.15], [0.02, 0.95, 0.03], [0.32, 0.28, 0.4]]
    return _Calibration(
        torch.tensor(probs, dtype=dtype),
        torch.zeros(4, dtype=torch.int64),
        torch.tensor(new, dtype=dtype),
        0.3,
        say("the card's example"),
    )


def _drawn_calibration(t: Trial, alpha: float, dtype: torch.dtype) -> _Calibration:
    """Draw a case in which every rank of the threshold gives other sets.

    The new examples' first class lies halfway between neighboring scores, and the ranks
    with and without the +1 differ and are no whole numbers.
    """
    sizes = [n for n in range(12, 45) if _telling(n, alpha)]
    n, k = t.random.choice(sizes), t.random.randint(3, 6)
    while True:
        probs = (1.5 * t.randn(n, k, dtype=torch.float64)).softmax(-1)
        labels = torch.where(t.rand(n) < 0.6, probs.argmax(1), t.integers(k, n))
        case = _Calibration(
            probs, labels, probs, alpha, say("n = {n}, {k} classes", n=n, k=k)
        )
        ordered = case.scores.sort().values
        top = (1 - probs.amax(1)).sort().values
        apart = _ranked(top, case.rank) < _ranked(ordered, case.rank) - 0.05
        if ordered.diff().min() > 1e-3 and apart:
            break
    first = 1 - (ordered[1:] + ordered[:-1]) / 2  # (n - 1,)
    rest = (t.randn(n - 1, k - 1, dtype=torch.float64)).softmax(-1)
    new = torch.cat([first[:, None], rest * (1 - first[:, None])], 1)
    near = (1 - new[:, :, None] - ordered).abs().amin((1, 2)) > 1e-5
    new = new[near][
        torch.tensor(t.random.sample(range(int(near.sum())), int(near.sum())))
    ]
    return case._replace(probs=probs.to(dtype), new_probs=new.to(dtype))


def _telling(n: int, alpha: float) -> bool:
    """Say whether the ranks with +1 and without it differ, far from whole numbers."""
    ranks = [m * (1 - alpha) for m in (n, n + 1)]
    clear = all(0.15 < rank % 1 < 0.85 for rank in ranks)
    return clear and math.ceil(ranks[0]) != math.ceil(ranks[1])


def _too_few(t: Trial, dtype: torch.dtype) -> _Calibration:
    n, k = t.random.randint(3, 6), t.random.randint(3, 5)
    probs = (2 * t.randn(n, k, dtype=torch.float64)).softmax(-1)
    labels, new = t.integers(k, n), (2 * t.randn(7, k, dtype=torch.float64)).softmax(-1)
    new[0] = torch.tensor([1 - 1e-9] + [1e-9 / (k - 1)] * (k - 1))  # beyond any score
    what = say("n = {n}: rank {n2} of {n} scores", n=n, n2=n + 1)
    return _Calibration(probs.to(dtype), labels, new.to(dtype), 0.05, what)
