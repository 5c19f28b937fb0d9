"""Checks of 10_normalization."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.coins import perhaps_drawn
from helpers.checks.vocabulary.epochs import in_some_form, linear, same_batches
from helpers.checks.vocabulary.gradients import same_gradients, still_recorded
from helpers.checks.vocabulary.modes import modes_of, put_modes, require_modes
from helpers.checks.vocabulary.running import (
    conv_net,
    measured,
    normed_net,
    norms,
    statistics,
)
from helpers.checks.vocabulary.slips import advised, all_like, like, not_named
from helpers.checks.vocabulary.subject import Raised
from helpers.words import say

TORCH_NORM = r"(?i)(batch|layer|group|instance|rms)_?norm"
NO_DETACH = say(
    "Compute the result from the input itself: no .detach(), .data or numpy."
)
SHAPE = say(
    "Broadcasting lines shapes up at their ends, and channels are dimension 1: give "
    "what has shape (C,) the shape (1, C, 1, …, 1), as many dimensions as x has."
)


def _std(value: Tensor, eps: float) -> Tensor:
    return (value + eps).sqrt()


# -- 10.1 ---------------------------------------------------------------------------


@exercise(
    "10.1",
    mistakes={
        "biased-running-variance": say(
            "running_var moves toward the variance with divisor n. The batch is "
            "normalized with that one, but what is stored for later is the unbiased "
            "estimate, with divisor n - 1."
        ),
        "momentum-reversed": say(
            "momentum stands at the wrong term. In PyTorch it is the weight of the "
            "*new* value: running ← (1 - momentum)·running + momentum·batch."
        ),
        "running-in-training": say(
            "In training the batch is normalized with the running statistics. Training "
            "uses the batch's own mean and variance; the running ones are only stored, "
            "for evaluation."
        ),
    },
    from_scratch=TORCH_NORM,
)
def batch_norm(answer: Any, t: Trial) -> None:
    """Check 10.1: equals F.batch_norm, with gradients and running statistics."""
    t.part("a case by hand")
    one, zero = torch.ones(1), torch.zeros(1)
    hand = _Norm(torch.tensor([[1.0], [3.0]]), one, zero, zero.clone(), one.clone())
    _normalized(t, answer, hand, True, {})
    t.part("batches of vectors and images, in training")
    shapes: list[tuple[int, ...]] = [(9, 3), (4, 2, 5), (3, 4, 2, 3), (2, 2, 3, 2, 2)]
    for shape in t.random.sample(shapes, len(shapes)):
        settings = {"momentum": t.random.choice([0.2, 0.35]), "eps": 0.3}
        _normalized(t, answer, _Norm.drawn(t, *shape), True, settings)
    _normalized(t, answer, _Norm.drawn(t, t.random.randint(5, 9), 4), True, {})
    t.part("evaluation uses the running statistics and leaves them alone")
    for shape in shapes:
        _normalized(t, answer, _Norm.drawn(t, *shape), False, {"eps": 0.2})
    _normalized(t, answer, _Norm.drawn(t, 1, 3), False, {})
    t.part("gradients")
    for training in (True, False):
        _norm_gradients(t, answer, _Norm.drawn(t, 6, 3, 2), training)


class _Norm:
    """Arguments of one call: x (N, C, ...), and four tensors (C,)."""

    def __init__(
        self, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, var: Tensor
    ) -> None:
        self.x, self.weight, self.bias, self.mean, self.var = x, weight, bias, mean, var
        self.view = (1, -1) + (1,) * (x.dim() - 2)
        self.dims = [0, *range(2, x.dim())]
        self.count = x.numel() // x.shape[1]

    @classmethod
    def drawn(cls, t: Trial, n: int, c: int, *rest: int) -> _Norm:
        """Draw channels of different means and spreads, all far from 0 and 1."""
        dtype = t.dtype()
        view = (1, c) + (1,) * len(rest)
        spread, place = 0.7 + 2 * t.rand(c), t.randn(c).sign() * (1 + t.rand(c))
        x = t.randn(n, c, *rest) * spread.view(view) + place.view(view)
        some = (0.5 + t.rand(c), t.randn(c), 3 * t.randn(c), 3 + 3 * t.rand(c))
        return cls(x.to(dtype), *(value.to(dtype) for value in some))

    def moments(self, dims: Sequence[int] | None = None) -> tuple[Tensor, Tensor]:
        """Return the batch's mean and biased variance, ready to broadcast."""
        dims = self.dims if dims is None else list(dims)
        var = self.x.var(dims, correction=0, keepdim=True)
        return self.x.mean(dims, keepdim=True), var

    def out(self, mean: Tensor, root: Tensor) -> Tensor:
        """Return (x - mean) / root · weight + bias."""
        normal = (self.x - mean) / root
        return normal * self.weight.view(self.view) + self.bias.view(self.view)

    def slips(self, m: Tensor, v: Tensor, eps: float) -> dict[str, Tensor]:
        """Return what usual slips give, for this mean and variance."""
        plain = (self.x - m) / _std(v, eps)
        wrong = _root_slips(lambda root: self.out(m, root), v, eps)
        return {**wrong, "weight and bias are not used.": plain}

    def stored(self) -> tuple[Tensor, Tensor]:
        """Return the running statistics, ready to broadcast."""
        return self.mean.view(self.view), self.var.view(self.view)


def _normalized(
    t: Trial, answer: Any, case: _Norm, training: bool, settings: Mapping[str, Any]
) -> None:
    """Call the answer on copies; compare result and running statistics."""
    momentum, eps = settings.get("momentum", 0.1), settings.get("eps", 1e-5)
    x, weight, bias = case.x.clone(), case.weight.clone(), case.bias.clone()
    mean, var = case.mean.clone(), case.var.clone()
    text = f"batch_norm(x, …, training={training}"
    text += "".join(f", {key}={value}" for key, value in settings.items())
    text += say("), x of shape {shape}", shape=tuple(x.shape))
    if x.numel() <= 4:
        text = say("batch_norm([[1], [3]], weight 1, bias 0, running 0 and 1, True)")
    given = (x, weight, bias, mean, var, training)
    told: Any = {"case": text, "may_change": True, "explain": _out_of_line(t)}
    out = t.call(answer, *given, **told, **settings)
    t.tensor(out, like=case.x)
    for name, now in {"x": x, "weight": weight, "bias": bias}.items():
        t.require(
            torch.equal(now, getattr(case, name)),
            say("your code changes {name} in place.", name=name),
            advice=say("Only running_mean and running_var may change."),
        )
    if training:
        _trained(t, case, out, (mean, var), momentum, eps)
        return
    m, v = case.stored()
    right = case.out(m, _std(v, eps))
    b, s = case.moments()
    if case.count > 1 and like(out, case.out(b, _std(s, eps))):
        t.fail(
            say("at evaluation the batch's own statistics are used."),
            expected=right,
            got=out,
            advice=say(
                "Evaluation uses running_mean and running_var, whatever the batch."
            ),
        )
    advised(t, out, right, case.slips(m, v, eps))
    t.require(
        torch.equal(mean, case.mean) and torch.equal(var, case.var),
        say("evaluation changes the running statistics."),
        advice=say("Only training may move them."),
    )


def _trained(
    t: Trial,
    case: _Norm,
    out: Tensor,
    running: tuple[Tensor, Tensor],
    momentum: float,
    eps: float,
) -> None:
    m, v = case.moments()
    right = case.out(m, _std(v, eps))
    old = case.stored()
    new = (running[0].view(case.view), running[1].view(case.view))
    used = [case.out(mean, _std(var, eps)) for mean, var in (old, new)]
    problem = say("the batch is not normalized with its own statistics.")
    not_named(t, out, right, {"running-in-training": used}, problem)
    wrong = {
        say(
            "The batch itself is normalized with the variance with divisor n; n - 1 is "
            "for running_var alone."
        ): case.out(m, _std(v * case.count / (case.count - 1), eps)),
        **case.slips(m, v, eps),
        **_wrong_dims(case, eps),
    }
    advised(t, out, right, wrong)
    _running(t, case, running, momentum)
    t.require(
        not any(value.requires_grad for value in running),
        say("the running statistics have become part of the graph."),
        advice=say("Store detached values, or update under `torch.no_grad()`."),
    )


def _root_slips(
    out: Callable[[Tensor], Tensor], v: Tensor, eps: float
) -> dict[str, Tensor]:
    """Return the usual slips at the root; `out`: what is divided by -> the result."""
    return {
        say("eps belongs under the root: sqrt(var + eps)."): out(v.sqrt() + eps),
        say("The variance is divided by, not its root."): out(v + eps),
        say("eps is left out, or another than the one given."): out(v.sqrt()),
    }


def _wrong_dims(case: _Norm, eps: float) -> dict[str, Tensor]:
    wrong = {}
    if case.x.dim() > 2:
        m, v = case.moments([0])
        wrong[
            "Each position has a mean of its own. A channel is one unit at all "
            "positions: average over the batch and over all positions."
        ] = case.out(m, _std(v, eps))
    m, v = case.moments(range(1, case.x.dim()))
    wrong[
        "Each example is normalized over its own numbers, as LayerNorm does. BatchNorm "
        "averages over the examples, for each channel."
    ] = case.out(m, _std(v, eps))
    return wrong


def _running(
    t: Trial, case: _Norm, running: tuple[Tensor, Tensor], momentum: float
) -> None:
    """Require both running statistics; name a slip that explains both of them."""
    m, biased = (value.flatten() for value in case.moments())
    unbiased = biased * case.count / (case.count - 1)

    def moved(weight: float, var: Tensor) -> tuple[Tensor, Tensor]:
        return (
            (1 - weight) * case.mean + weight * m,
            (1 - weight) * case.var + weight * var,
        )

    def got(pair: tuple[Tensor, Tensor]) -> bool:
        return all_like(running, pair)

    right = moved(momentum, unbiased)
    if got(right):
        return
    shown = {
        "expected": f"running_mean {t.describe(right[0])}, "
        f"running_var {t.describe(right[1])}",
        "got": f"running_mean {t.describe(running[0])}, "
        f"running_var {t.describe(running[1])}",
    }
    if got((case.mean, case.var)):
        t.fail(
            say("the running statistics have not changed."),
            **shown,
            advice=say(
                "They are updated *in place*: `running_mean.mul_(…).add_(…)`, or "
                "`copy_`. An assignment only gives the name to another tensor."
            ),
        )
    mistake = advice = None
    if got(moved(momentum, biased)):
        mistake = "biased-running-variance"
    elif got(moved(1 - momentum, unbiased)) or got(moved(1 - momentum, biased)):
        mistake = "momentum-reversed"
    elif got(moved(1.0, unbiased)) or got(moved(1.0, biased)):
        advice = say("They are replaced by the batch's; momentum is not used.")
    elif got((right[0], case.var)) or got((case.mean, right[1])):
        advice = say("Only one of the two is updated.")
    t.fail(
        say("the running statistics are not right."),
        **shown,
        mistake=mistake,
        advice=advice or say("running ← (1 - momentum)·running + momentum·batch."),
    )


def _norm_gradients(t: Trial, answer: Any, case: _Norm, training: bool) -> None:
    leaves = [
        value.clone().requires_grad_() for value in (case.x, case.weight, case.bias)
    ]
    twins = [value.detach().clone().requires_grad_() for value in leaves]
    running = (case.mean.clone(), case.var.clone())
    text = say(
        "batch_norm(…, training={training}), all arguments with gradients",
        training=training,
    )
    out = t.call(answer, *leaves, *running, training, case=text, may_change=True)
    out = t.tensor(out, like=case.x)
    t.require(
        not any(value.requires_grad for value in running),
        say("the running statistics have become part of the graph."),
        advice=say("Store detached values, or update under `torch.no_grad()`."),
    )
    right = F.batch_norm(
        twins[0], case.mean.clone(), case.var.clone(), twins[1], twins[2], training
    )

    def at_x(found: Tensor, push: Tensor) -> str | None:
        factor = case.weight / _std(case.moments()[1].flatten(), 1e-5)
        if not training or not like(found, push * factor.view(case.view)):
            return None
        return say(
            "Mean and variance are treated as constants. They are computed from x, "
            "so the gradient flows through them, too: detach only what is stored."
        )

    same_gradients(t, out, leaves, right, twins, at_x, advice=NO_DETACH)


def _out_of_line(t: Trial) -> Callable[[Raised], None]:
    def explain(error: Raised) -> None:
        if error.says("RuntimeError", "must match the size"):
            t.fail(say("shapes do not fit together."), got=error.shown, advice=SHAPE)

    return explain


# -- 10.2 ---------------------------------------------------------------------------


@exercise(
    "10.2",
    mistakes={
        "batch-dim": say(
            "The statistics are taken over the examples, as BatchNorm does. LayerNorm "
            "normalizes each example by itself, over its last dimension."
        ),
        "unbiased-variance": say(
            "The variance has divisor D - 1, torch's default. LayerNorm divides by D: "
            "`correction=0` (or `unbiased=False`)."
        ),
    },
    from_scratch=TORCH_NORM,
)
def layer_norm(answer: Any, t: Trial) -> None:
    """Check 10.2: equals F.layer_norm over the last dimension."""
    t.part("a case by hand")
    two = (torch.ones(2), torch.zeros(2))
    x = torch.tensor([[1.0, 3.0]])
    _layer(t, answer, (x, *two), {})
    t.part("any number of dimensions")
    for shape in ((7, 5), (4, 3, 6), (2, 3, 2, 4), (6,)):
        case = _layer_case(t, shape, t.dtype())
        _layer(t, answer, case, {"eps": t.random.choice([0.2, 0.5])})
        _layer(t, answer, case, {})
    t.part("one example alone, and equal numbers")
    _layer(t, answer, _layer_case(t, (1, 6), t.dtype()), {})
    x, weight, bias = _layer_case(t, (3, 4), torch.float32)
    _layer(t, answer, (torch.full_like(x, 2.0), weight, bias), {})
    t.part("gradients")
    _layer_gradients(t, answer, _layer_case(t, (5, 4), t.dtype()))


def _layer_case(
    t: Trial, shape: tuple[int, ...], dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    d = shape[-1]
    x = 1.5 * t.randn(*shape, dtype=dtype) + 1 + t.rand(1, dtype=dtype)
    return x, 0.5 + t.rand(d, dtype=dtype), t.randn(d, dtype=dtype)


def _layer(
    t: Trial,
    answer: Any,
    case: tuple[Tensor, Tensor, Tensor],
    settings: Mapping[str, Any],
) -> None:
    x, weight, bias = case
    eps, d = settings.get("eps", 1e-5), x.shape[-1]
    text = say(
        "layer_norm(x, weight, bias{eps})", eps=", eps=" + str(eps) if settings else ""
    )
    text += say(", x of shape {shape}", shape=tuple(x.shape))
    if x.shape == (1, 2):
        text = say("layer_norm([[1, 3]], weight 1, bias 0)")
    out = t.tensor(t.call(answer, x, weight, bias, case=text, **settings), like=x)

    def over(dims: list[int], correction: int = 0) -> Tensor:
        var = x.var(dims, correction=correction, keepdim=True)
        result: Tensor = (x - x.mean(dims, keepdim=True)) / _std(var, eps)
        return result * weight + bias

    right = over([-1])
    t.require(
        out.isfinite().all(),
        say("the result is not finite."),
        expected=right,
        got=out,
        advice=say(
            "Where all numbers of an example are equal the variance is 0: eps under "
            "the root keeps the division finite."
        ),
    )
    groups = [[0], [*range(x.dim() - 1)]] if x.dim() > 1 else []
    wrong = [
        over(dims, k)
        for dims in groups
        for k in (0, 1)
        if k == 0 or math.prod(x.shape[i] for i in dims) > 1
    ]
    problem = say("this is not each example's own normalization.")
    not_named(t, out, right, {"batch-dim": wrong}, problem)
    m, v = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
    unbiased = v * d / (d - 1)
    inner = [*range(1, x.dim())]
    others = _root_slips(lambda root: (x - m) / root * weight + bias, v, eps)
    rms = say(
        "The root mean square is divided by, without subtracting the mean: that is "
        "RMSNorm."
    )
    others[rms] = x / _std(x.square().mean(-1, keepdim=True), eps) * weight + bias
    others[say("weight and bias are not used.")] = (x - m) / _std(v, eps)
    if x.dim() > 2:
        only_last = say("Only the *last* dimension is averaged over.")
        others[only_last] = over(inner)
    named = {"unbiased-variance": [(x - m) / _std(unbiased, eps) * weight + bias]}
    problem = say("the variance is not the one that LayerNorm uses.")
    not_named(t, out, right, named, problem)
    advised(t, out, right, others)


def _layer_gradients(
    t: Trial, answer: Any, case: tuple[Tensor, Tensor, Tensor]
) -> None:
    leaves = [value.clone().requires_grad_() for value in case]
    twins = [value.detach().clone().requires_grad_() for value in case]
    out = t.call(answer, *leaves, case=say("layer_norm, all arguments with gradients"))
    out = t.tensor(out, like=case[0])
    right = F.layer_norm(twins[0], case[0].shape[-1:], twins[1], twins[2])
    advice = say("The gradient flows through mean and variance, too: no .detach().")
    same_gradients(
        t, out, leaves, right, twins, lambda found, push: advice, advice=NO_DETACH
    )


# -- 10.3 ---------------------------------------------------------------------------


@exercise(
    "10.3",
    mistakes={
        "reversed": say(
            "The ratio is upside down. Asked is the variance in training, with "
            "dropout, over that at evaluation, without: it is 1 or more for p below 1."
        ),
    },
)
def variance_shift(answer: Any, t: Trial) -> None:
    """Check 10.3: Var(train)/Var(eval) of one unit after inverted dropout."""
    n = 100_000
    t.part("a case by hand, and other units")
    x = torch.tensor([0.0, 4.0]).repeat(n // 2)
    _shift(t, answer, x, 0.5, "x = [0, 4, 0, 4, …]")
    rates = t.random.sample([0.2, 0.3, 0.4, 0.6, 0.7], 3)
    dtypes = [*t.dtypes(), torch.float32]
    means = t.random.sample([-1.0, 0.6, 1.5], 3)
    for p, dtype, mean in zip(rates, dtypes, means, strict=True):
        x = t.randn(n, dtype=dtype)
        text = say("x normal with mean {mean:g} and variance 1", mean=mean)
        _shift(t, answer, x + mean, p, text)
        _shift(t, answer, x.relu(), p, say("x = ReLU of standard normal numbers"))
    t.part("the limits p=0 and p=1")
    x = t.randn(1000) + 1
    _limit(t, answer, x, 0.0, 1.0)
    _limit(t, answer, x, 1.0, 0.0)
    for p in (-0.1, 1.5):
        t.raises(ValueError, answer, x, p)
    t.part("randomness, if there is any")
    perhaps_drawn(t, answer, t.randn(500) + 1, 0.4, text="variance_shift(x, 0.4")


def _shift(t: Trial, answer: Any, x: Tensor, p: float, text: str) -> None:
    case = say(
        "variance_shift(x, {p}), {text}, {n_x:,} numbers", p=p, text=text, n_x=len(x)
    )
    got = t.number(t.call(answer, x, p, t.generator(), case=case))
    mean, square = x.double().mean().item(), x.double().square().mean().item()
    var = square - mean**2
    keep = 1 - p
    right = (square / keep - mean**2) / var
    # One sampled mask per number: s² is a mean of n independent terms, whose variance
    # is known. Seven of its standard deviations, and 0.2 % for n or n - 1: below 1e-9.
    a = x.double() / keep
    spread = (p * keep * (a.square() - 2 * mean * a).square()).mean() / len(x)
    atol = 7 * math.sqrt(spread.item()) / var + 2e-3 * right

    def near(value: float) -> bool:
        return abs(got - value) <= atol

    if near(right):
        return
    others = {
        say(
            "The survivors are not scaled: with inverted dropout training divides by 1 "
            "- p."
        ): (square * keep - (keep * mean) ** 2) / var,
        say("This is the ratio of standard deviations, the root of what is asked."): (
            math.sqrt(right)
        ),
        say("p is the probability of dropping, not of keeping."): (square / p - mean**2)
        / var,
        say(
            "This is right for a mean of 0 only. The mean counts: a unit that jumps "
            "between 0 and x/(1-p) varies even where x does not."
        ): 1 / keep,
        say("This is the variance in training; divide it by that at evaluation."): right
        * var,
    }
    advice = next((words for words, value in others.items() if near(value)), None)
    t.fail(
        say("the ratio is not right."),
        expected=say("about {right:.4g}", right=right),
        got=f"{got:.4g}",
        mistake="reversed" if abs(got * right - 1) <= atol / right else None,
        advice=advice or "Var(train) = E[x²]/(1-p) - E[x]², Var(eval) = E[x²] - E[x]².",
    )


def _limit(t: Trial, answer: Any, x: Tensor, p: float, right: float) -> None:
    case = say("variance_shift(x, {p:g}), 1,000 numbers", p=p)
    got = t.number(t.call(answer, x, p, t.generator(), case=case))
    t.require(
        abs(got - right) <= 2e-3,  # for n or n - 1
        say("p={p:g} does not give {right:g}.", p=p, right=right),
        expected=right,
        got=f"{got:.4g}",
        advice=say("p=0 drops nothing, so nothing shifts.")
        if p == 0
        else say(
            "p=1 gives zeros, and zeros do not vary: treat p=1 before you divide."
        ),
    )


# -- 10.4 ---------------------------------------------------------------------------


@exercise(
    "10.4",
    mistakes={
        "momentum-average": say(
            "The statistics are a moving average, in which the last batches count "
            "most. Each batch counts the same: with `momentum = None` BatchNorm "
            "averages plainly, after reset_running_stats()."
        ),
        "dropout-on": say(
            "The statistics are those with dropout on. They are for evaluation, where "
            "there is none: only the BatchNorm layers belong in train mode while you "
            "measure."
        ),
        "leaves-train-mode": say(
            "A module that came in eval mode is left in train mode. Note each module's "
            "own `training` first, and put it back."
        ),
    },
)
def recalibrate_batchnorm(answer: Any, t: Trial) -> None:
    """Check 10.4: plain averages over batches, dropout off, flags restored."""
    t.part("one BatchNorm, by hand")
    first = nn.Sequential(nn.BatchNorm1d(1))
    hand = [(torch.tensor([[1.0], [3.0]]), torch.tensor([0, 1]))]
    hand.append((torch.tensor([[5.0], [9.0]]), torch.tensor([1, 0])))
    _recalibrated(
        t, answer, first, hand, say("batches x = [1, 3] and [5, 9]"), plain=True
    )
    t.part("plain averages over several batches")
    for mode in t.random.sample([True, False], 2):
        model, batches = normed_net(t, dropout=False)
        model.train(mode)
        _recalibrated(
            t, answer, model, batches, say("Linear, BatchNorm, Tanh, BatchNorm")
        )
    t.part("dropout is off while measuring")
    for mode in t.random.sample([True, False], 2):
        model, batches = normed_net(t, dropout=True)
        model.train(mode)
        _recalibrated(t, answer, model, batches, say("a network with dropout"))
    model, batches = conv_net(t)
    _recalibrated(t, answer, model.train(), batches, say("a network with Dropout2d"))
    t.part("every module's own mode and momentum is restored")
    model, batches = normed_net(t, dropout=True)
    for _ in range(2):
        modes = [t.random.random() < 0.5 for _ in modes_of(model)]
        put_modes(model, modes)
        _recalibrated(t, answer, model, batches, say("modules in a mixture of modes"))
    t.part("a second time, and a network without BatchNorm")
    _recalibrated(t, answer, model, batches[:2], say("the same network, other batches"))
    bare = nn.Sequential(linear(t, 3, 2, torch.float32), nn.Dropout(0.5)).eval()
    t.call(
        answer, bare, batches, case=say("a network without BatchNorm"), may_change=True
    )
    require_modes(t, bare, [False] * 3, advice=_MODES, left_on="leaves-train-mode")


_MODES = say(
    "Note each module's own `training` first and put it back, module by module."
)


def _recalibrated(
    t: Trial,
    answer: Any,
    model: nn.Module,
    batches: list[Any],
    text: str,
    plain: bool = False,
) -> None:
    before, modes = copy.deepcopy(model), modes_of(model)
    given = batches if plain else in_some_form(t, batches)
    case = say("recalibrate_batchnorm(model, batches), {text}", text=text)
    with same_batches(t, batches):
        t.call(answer, model, given, case=case, may_change=True)
    _right_statistics(t, before, model, batches)
    require_modes(t, model, modes, advice=_MODES, left_on="leaves-train-mode")
    for norm, old in zip(norms(model), norms(before), strict=True):
        t.require(
            norm.momentum == old.momentum,
            say("a BatchNorm has another momentum than before."),
            expected=old.momentum,
            got=norm.momentum,
            advice=say("Note each layer's own momentum, and put it back at the end."),
        )
        t.require(
            norm.track_running_stats,
            say("a BatchNorm does not track its statistics any more."),
        )
    for now, then in zip(model.parameters(), before.parameters(), strict=True):
        t.require(
            torch.equal(now, then) and now.grad is None and now.requires_grad,
            say("a parameter has changed, or carries a gradient."),
            advice=say(
                "Only running statistics change; run the model under `torch.no_grad()`."
            ),
        )
    still_recorded(t)


def _right_statistics(
    t: Trial, before: nn.Module, model: nn.Module, batches: list[Any]
) -> None:
    found, right = statistics(model), measured(before, batches)

    def got(values: Sequence[Tensor]) -> bool:
        return all_like(found, values)

    if got(right):
        return
    k = next(
        i for i, (a, b) in enumerate(zip(found, right, strict=True)) if not like(a, b)
    )
    name = "running_mean" if k % 2 == 0 else "running_var"
    shown: dict[str, Any] = {
        "expected": f"{name} {t.describe(right[k])}",
        "got": f"{name} {t.describe(found[k])}",
    }
    problem = say(
        "{name} of BatchNorm number {k} is not right.", name=name, k=k // 2 + 1
    )
    if got(statistics(before)):
        t.fail(
            say("the running statistics have not changed."),
            **shown,
            advice=say(
                "Work on the model that is given, and run all batches through it with "
                "its BatchNorm layers in train mode."
            ),
        )
    for momentum in ("plain", "own"):
        for dropout in (False, True):
            for reset in (True, False):
                wrong = {"dropout": dropout, "momentum": momentum, "reset": reset}
                values = measured(before, batches, **wrong)  # type: ignore[arg-type]
                if got(values):
                    _named(t, problem, shown, wrong)
    advice = say(
        "Reset, then average the batches' means and unbiased variances plainly."
    )
    if got(measured(before, batches[-1:])) and len(batches) > 1:
        advice = say("Only the last batch counts: all of them should.")
    elif got(measured(before, batches[:1])) and len(batches) > 1:
        advice = say("Only the first batch counts: is `return` inside the loop?")
    t.fail(problem, **shown, advice=advice)


def _named(t: Trial, problem: str, shown: Any, wrong: Mapping[str, Any]) -> None:
    if wrong["momentum"] == "own":
        t.fail(problem, **shown, mistake="momentum-average")
    if wrong["dropout"]:
        t.fail(problem, **shown, mistake="dropout-on")
    t.fail(
        problem,
        **shown,
        advice=say(
            "What was there before still counts: call reset_running_stats() first."
        ),
    )


# -- 10.5 ---------------------------------------------------------------------------


@exercise(
    "10.5",
    mistakes={
        "eps-forgotten": say(
            "eps is left out. BatchNorm divides by sqrt(running_var + eps), and "
            "`bn.eps` may be large."
        ),
        "variance-without-root": say(
            "The weights are divided by the variance. BatchNorm divides by its root, "
            "the standard deviation."
        ),
        "bias-not-scaled": say(
            "The linear layer's bias, and the running mean taken from it, are not "
            "scaled. BatchNorm acts on the whole of Wx + b: the new bias is (b - "
            "mean)·scale + bn.bias."
        ),
        "batch-statistics": say(
            "BatchNorm ran in train mode: it used the statistics of what was sent "
            "through it, or moved its own. Fold running_mean and running_var, whatever "
            "mode the layers arrive in."
        ),
    },
)
def fold_batchnorm(answer: Any, t: Trial) -> None:
    """Check 10.5: one layer equal to bn(linear(x)) in evaluation mode."""
    t.part("a case by hand")
    first, bn = nn.Linear(1, 1), nn.BatchNorm1d(1, eps=1.0)
    with torch.no_grad():
        first.weight.fill_(2.0)
        first.bias.fill_(1.0)
        bn.running_mean.fill_(5.0)  # type: ignore[union-attr]
        bn.running_var.fill_(3.0)  # type: ignore[union-attr]
        bn.weight.fill_(6.0)
        bn.bias.fill_(0.5)
    _folded(t, answer, first.eval(), bn.eval(), torch.tensor([[1.0], [2.0], [-1.0]]))
    t.part("with and without bias and affine")
    settings = [(b, a) for b in (True, False) for a in (True, False)]
    for bias, affine in t.random.sample(settings, 4):
        first, bn, x = _pair(t, bias, affine)
        _folded(t, answer, first.eval(), bn.eval(), x)
    t.part("whatever mode they arrive in")
    for bias, affine in t.random.sample(settings, 4):
        first, bn, x = _pair(t, bias, affine)
        _folded(t, answer, first.train(), bn.train(), x)
        _folded(t, answer, first.train(), bn.eval(), x)


def _pair(t: Trial, bias: bool, affine: bool) -> tuple[Any, Any, Tensor]:
    """Draw a linear layer, a BatchNorm with a large eps, and inputs."""
    dtype, n, width = t.dtype(), t.random.randint(2, 5), t.random.randint(3, 6)
    first = linear(t, n, width, dtype)
    if not bias:
        first.bias = None  # type: ignore[assignment]
    bn: Any = nn.BatchNorm1d(
        width, eps=t.random.choice([0.2, 0.4]), affine=affine, dtype=dtype
    )
    with torch.no_grad():
        bn.running_mean.copy_(2 * t.randn(width).sign() + t.rand(width))
        bn.running_var.copy_(2 + 3 * t.rand(width))
        if affine:
            bn.weight.copy_(t.randn(width).sign() * (0.5 + t.rand(width)))
            bn.bias.copy_(t.randn(width))
    return first, bn, t.randn(7, n, dtype=dtype)


def _folded(t: Trial, answer: Any, first: Any, bn: Any, x: Tensor) -> None:
    old = copy.deepcopy(nn.Sequential(first, bn))
    modes = say(
        "linear in {mode}, bn in {mode2} mode", mode=_mode(first), mode2=_mode(bn)
    )
    extra = "" if first.bias is not None else say(", linear without bias")
    extra += "" if bn.affine else say(", bn without affine")
    case = say("fold_batchnorm(linear, bn), {modes}{extra}", modes=modes, extra=extra)

    def explain(error: Raised) -> None:
        if error.says("ValueError", "more than 1 value per channel"):
            t.fail(
                say("BatchNorm refuses."), got=error.shown, mistake="batch-statistics"
            )

    made = t.call(answer, first, bn, case=case, may_change=True, explain=explain)
    _given_unchanged(t, first, bn, old)
    t.require(
        t.is_a(made, nn.Linear),
        say("the result is not an nn.Linear."),
        expected=say("one nn.Linear"),
        got=t.kind(made),
        advice=say(
            "Make a new nn.Linear(in_features, out_features) and copy the folded "
            "weight and bias into it."
        ),
    )
    inside = t.parameters(made)
    mine = {
        value.untyped_storage().data_ptr()
        for value in [*first.parameters(), *bn.parameters(), *bn.buffers()]
    }
    t.require(
        not any(value.untyped_storage().data_ptr() in mine for value in inside),
        say("the new layer shares memory with one of the two that were given."),
        advice=say(
            "Work on copies: the next training step of the old network would change "
            "the new layer."
        ),
    )
    case = f"folded(x), {modes}{extra}"
    out = t.call(made, x.clone(), case=case, may_change=True)
    out = t.tensor(out, shape=(len(x), bn.num_features), dtype=x.dtype).detach()
    _same_function(t, out, old, x)


def _mode(layer: nn.Module) -> str:
    return "train" if layer.training else "eval"


def _given_unchanged(t: Trial, first: Any, bn: Any, old: nn.Sequential) -> None:
    now = nn.Sequential(first, bn)
    for name, _ in bn.named_buffers():
        t.require(
            torch.equal(getattr(bn, name), getattr(old[1], name)),
            say("bn.{name} has changed.", name=name),
            expected=getattr(old[1], name),
            got=getattr(bn, name),
            mistake="batch-statistics",
        )
    pairs = zip(now.parameters(), old.parameters(), strict=True)
    t.require(
        len([*now.parameters()]) == len([*old.parameters()])
        and all(torch.equal(a, b) and a.requires_grad for a, b in pairs),
        say("one of the two given layers has changed."),
        advice=say("Make a new layer, and leave linear and bn as they are."),
    )
    advice = say("Leave the modes of linear and bn as they are.")
    require_modes(t, now, modes_of(old), advice=advice)


@torch.no_grad()
def _same_function(t: Trial, out: Tensor, old: nn.Sequential, x: Tensor) -> None:
    first: Any = old[0]
    bn: Any = old[1]
    z = F.linear(x, first.weight, first.bias)
    right = copy.deepcopy(old).eval()(x)
    gain = bn.weight if bn.affine else torch.ones_like(bn.running_var)
    shift = bn.bias if bn.affine else torch.zeros_like(bn.running_var)
    b = first.bias if first.bias is not None else torch.zeros_like(shift)
    mean, var = bn.running_mean, bn.running_var
    scale, w = gain / (var + bn.eps).sqrt(), z - b  # w: the part of the weights
    wrong = {
        "eps-forgotten": [
            (z - mean) * gain / var.sqrt() + shift,
            (z - mean) * gain / (var + 1e-5).sqrt() + shift,
        ],
        "variance-without-root": [
            (z - mean) * gain / (var + bn.eps) + shift,
            (z - mean) * gain / var + shift,
        ],
        "bias-not-scaled": [
            w * scale + b - mean * scale + shift,
            w * scale + b - mean + shift,
            w * scale + b * scale - mean + shift,
        ],
    }
    not_named(t, out, right, wrong, say("the folded layer is another function."))
    others = _other_folds(z, (mean, scale, shift, gain), w, b)
    known = any(like(out, value) for value in (right, *others.values()))
    if bn.training and not known:  # in eval mode all was right
        t.fail(
            say(
                "for layers in train mode the folded layer is another function than "
                "for layers in eval mode."
            ),
            expected=right,
            got=out,
            mistake="batch-statistics",
        )
    advised(t, out, right, others)


def _other_folds(
    z: Tensor, norm: tuple[Tensor, Tensor, Tensor, Tensor], w: Tensor, b: Tensor
) -> dict[str, Tensor]:
    mean, scale, shift, gain = norm
    return {
        say("The running mean is not subtracted."): z * scale + shift,
        "bn's own bias is missing.": (z - mean) * scale,
        say("The linear layer's bias is lost."): (w - mean) * scale + shift,
        "The weights are not scaled.": w + (b - mean) * scale + shift,
        "bn's weight is missing.": (z - mean) * (scale / gain) + shift,
        say("This is the linear layer alone."): z,
    }
