"""Checks of 02_dropout_from_scratch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.coins import independent, kept, nonzero, rate, survivors
from helpers.checks.vocabulary.thinned import ThinnedNetworks, linear_layer

KEEP = (
    "p is the probability of dropping a unit. Here it is used as the probability of "
    "keeping it: for small p almost everything disappears."
)
ACTIVE = (
    "Dropout is still at work at evaluation. A trained network must answer the same "
    "question the same way: evaluation draws no mask."
)
NOT_SCALED = (
    "The survivors are not scaled by 1/(1-p). On average the result is then smaller "
    "than x, and the next layer notices when evaluation returns x itself."
)
SCALE_P = (
    "The survivors are scaled by 1/p. A unit survives with probability 1-p, so what "
    "makes up for the missing ones is 1/(1-p)."
)
NAN = (
    "p=1 divides by 1-p = 0. When everything is dropped the answer is all zeros: "
    "treat p=1 before you divide."
)
SHARED = (
    "One mask is shared by the whole batch: every example loses the same units. Draw "
    "one coin per number in x, so a mask of x's full shape."
)


# -- parts that several exercises share ---------------------------------------------


def _dtypes(t: Trial) -> list[torch.dtype]:
    """Return float32 and float64 in a drawn order: each check uses both."""
    return t.random.sample([torch.float32, torch.float64], 2)


def _bad_rates(t: Trial, answer: Callable[..., Any], x: torch.Tensor) -> None:
    t.part("a p outside [0, 1]")
    for p, training in itertools.product((-0.1, 1.5), (True, False)):
        t.raises(ValueError, answer, x, p, training)


def _gradient(
    t: Trial, answer: Callable[..., Any], x: torch.Tensor, p: float, factor: float
) -> None:
    """Require d(sum of outputs)/dx = mask · factor in training."""
    t.part("gradients")
    x = x.clone().requires_grad_()
    out = t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    grad = _backward(t, out, out.detach().new_ones(out.shape), x)
    mask = (out.detach() != 0).to(x.dtype)
    t.close(grad, mask * factor, what="the gradient of result.sum()")


def _backward(
    t: Trial, out: torch.Tensor, weight: torch.Tensor, leaf: torch.Tensor
) -> torch.Tensor:
    advice = "Compute the result from x itself: no .detach(), .data, .item() or numpy."
    t.require(out.requires_grad, "no gradient flows through the result.", advice=advice)
    (grad,) = torch.autograd.grad((out * weight).sum(), leaf, allow_unused=True)
    t.require(grad is not None, "no gradient reaches the input.", advice=advice)
    return grad


def _random(t: Trial, answer: Callable[..., Any], x: torch.Tensor, case: str) -> None:
    t.part("randomness")
    t.draws(lambda g: answer(x, 0.5, True, g), case=case)


# -- 2.1 ----------------------------------------------------------------------------


@exercise(
    "2.1",
    mistakes={
        "scales-in-training": "The survivors change their value in training. In the "
        "2012 form training only masks; the scaling, by 1-p, happens at evaluation.",
        "keep-probability": KEEP,
        "active-at-evaluation": ACTIVE,
        "no-scaling-at-evaluation": "Evaluation returns x as it is. All units are "
        "there now, so what the next layer receives is too large: multiply by 1-p.",
    },
    from_scratch=r"dropout",
)
def standard_dropout(answer: Any, t: Trial) -> None:
    p, (dtype, other) = rate(t), _dtypes(t)
    x = nonzero(t, 5, 6, 7, dtype=dtype)

    t.part("type, shape and dtype")
    out = t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    quiet = t.tensor(t.call(answer, x, p, False, t.generator()), like=x)
    t.require(
        (quiet != 0).all(),
        "units are dropped at evaluation.",
        expected="no zeros",
        got=f"{(quiet == 0).double().mean().item():.0%} zeros",
        mistake="active-at-evaluation",
    )

    t.part("training masks")
    g = t.generator()
    masks = kept(lambda: t.call(answer, x, p, True, g))
    wrong = {"scales-in-training": (1 / (1 - p), 1 - p, p, 1 / p)}
    survivors(t, t.call(answer, x, p, True, t.generator()), x, 1.0, wrong)
    independent(t, masks, shared={a: (text, None) for a, text in _COPIES.items()})
    dropped = {"keep-probability": 1 - p}
    t.fraction(
        (~masks).sum(), masks.numel(), p, what="the dropped part", mistakes=dropped
    )

    t.part("evaluation scales")
    y = torch.tensor([1.0, -2.0, 4.0], dtype=other)
    t.close(
        t.call(answer, y, p, False),
        y * (1 - p),
        mistakes={"keep-probability": y * p, "no-scaling-at-evaluation": y},
    )

    t.part("the limits p=0 and p=1")
    y = nonzero(t, 2, 3, dtype=dtype)
    for training in (True, False):
        t.close(t.call(answer, y, 0.0, training, t.generator()), y)
        t.close(t.call(answer, y, 1.0, training, t.generator()), torch.zeros_like(y))

    _bad_rates(t, answer, y)
    _gradient(t, answer, nonzero(t, 4, 30, dtype=other), p, 1.0)
    y = nonzero(t, 3, dtype=dtype).requires_grad_()
    out = t.call(answer, y, p, False)
    grad = _backward(t, out, torch.ones(3, dtype=dtype), y)
    t.close(grad, torch.full_like(grad, 1 - p), what="the gradient at evaluation")
    _random(t, answer, nonzero(t, 20, 10), "standard_dropout(x, 0.5, True)")


_COPIES = {
    1: "every example loses the same units: one mask is shared by the batch.",
    2: "entries along one dimension of x are dropped together, not one by one.",
    3: "entries along the last dimension of x are dropped together, not one by one.",
    0: "two calls in a row use the same mask.",
}


# -- 2.2 ----------------------------------------------------------------------------


@exercise(
    "2.2",
    mistakes={
        "not-scaled": NOT_SCALED,
        "keep-probability": KEEP,
        "active-at-evaluation": ACTIVE,
        "shared-mask": SHARED,
        "nan-at-one": NAN,
        "scales-by-p": SCALE_P,
    },
    from_scratch=r"dropout",
)
def inverted_dropout(answer: Any, t: Trial) -> None:
    p, (dtype, other) = rate(t), _dtypes(t)
    x = nonzero(t, 5, 6, 7, dtype=dtype)

    t.part("type, shape and dtype")
    t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    quiet = t.tensor(t.call(answer, x, p, False, t.generator()), like=x)
    _no_zeros(t, quiet)

    t.part("training masks and scales")
    g = t.generator()
    masks = kept(lambda: t.call(answer, x, p, True, g))
    shared = {
        a: (text, "shared-mask" if a == 1 else None) for a, text in _COPIES.items()
    }
    independent(t, masks, shared=shared)
    _dropped(t, masks, p)
    _scaled(t, t.call(answer, x, p, True, t.generator()), x, p)
    y = nonzero(t, 300, dtype=dtype)
    _scaled(t, t.tensor(t.call(answer, y, p, True), like=y), y, p)

    t.part("evaluation is the identity")
    y = torch.tensor([1.0, -2.0, 4.0], dtype=other)
    advice = "Training has scaled already; evaluation returns x as it is."
    t.close(t.call(answer, y, p, False), y, advice=advice)

    _limits(t, answer, nonzero(t, 2, 3, dtype=dtype))
    _bad_rates(t, answer, y)
    _gradient(t, answer, nonzero(t, 4, 30, dtype=other), p, 1 / (1 - p))
    _random(t, answer, nonzero(t, 20, 10), "inverted_dropout(x, 0.5, True)")


def _no_zeros(t: Trial, out: torch.Tensor, mistake: str = "active-at-evaluation"):
    t.require(
        (out != 0).all(),
        "units are dropped at evaluation.",
        expected="no zeros",
        got=f"{(out == 0).double().mean().item():.0%} zeros",
        mistake=mistake,
    )


def _dropped(t: Trial, masks: torch.Tensor, p: float, what: str = "the dropped part"):
    wrong = {"keep-probability": 1 - p}
    t.fraction((~masks).sum(), masks.numel(), p, what=what, mistakes=wrong)


def _scaled(t: Trial, out: torch.Tensor, x: torch.Tensor, p: float) -> None:
    wrong = {"not-scaled": (1.0, 1 - p, p), "scales-by-p": (1 / p,)}
    survivors(t, out, x, 1 / (1 - p), wrong)


def _limits(t: Trial, answer: Callable[..., Any], x: torch.Tensor) -> None:
    t.part("the limits p=0 and p=1")
    for training, p in itertools.product((True, False), (0.0, 1.0)):
        zeros = training and p == 1.0
        out = t.call(
            answer,
            x,
            p,
            training,
            t.generator(),
            errors={"ZeroDivisionError": "nan-at-one"},
        )
        if zeros and isinstance(out, torch.Tensor) and not out.isfinite().all():
            t.fail(
                "p=1 gives numbers that are not finite.",
                expected="zeros",
                got=out,
                mistake="nan-at-one",
            )
        t.close(out, torch.zeros_like(x) if zeros else x)


# -- 2.3 ----------------------------------------------------------------------------


@exercise(
    "2.3",
    mistakes={
        "ignores-training": "The layer does not follow its mode. Ask `self.training` "
        "in `forward`: model.train() and model.eval() set it in every submodule.",
        "fixed-mask": "The same mask is used again and again, so the same units are "
        "missing in every step. Draw a new mask in each `forward`; never seed there.",
        "not-scaled": NOT_SCALED,
        "scales-by-p": SCALE_P,
        "keep-probability": KEEP,
        "nan-at-one": NAN,
    },
)
def Dropout(answer: Any, t: Trial) -> None:
    p, (dtype, other) = rate(t), _dtypes(t)
    x = nonzero(t, 5, 6, 7, dtype=dtype)

    t.part("an nn.Module with the right shape and dtype")
    layer = _module(t, t.call(answer, p))
    out = t.tensor(_forward(t, layer, x), like=x)

    t.part("evaluation is the identity")
    model = nn.Sequential(nn.Sequential(layer), nn.Identity()).eval()
    _no_zeros(t, _forward(t, model, x), "ignores-training")
    _no_zeros(t, _forward(t, layer.eval(), x), "ignores-training")
    t.close(_forward(t, layer, x), x, advice="Training has scaled already.")

    t.part("training draws a new mask each time")
    model.train()
    masks = kept(lambda: t.tensor(_forward(t, model, x), like=x))
    if masks.all() and (out == 0).any():
        t.fail(
            "nothing is dropped after model.eval() and then model.train().",
            mistake="ignores-training",
        )
    if masks.all() or not masks.any():
        _one_coin_at_construction(t, answer, p, x)
    shared = {a: (text, "fixed-mask" if a == 0 else None) for a, text in _NEWLY.items()}
    independent(t, masks, shared=shared)
    _dropped(t, masks, p)
    _scaled(t, out, x, p)
    y = nonzero(t, 300, dtype=dtype)
    _scaled(t, t.tensor(_forward(t, model, y), like=y), y, p)

    _layer_limits(t, answer, nonzero(t, 2, 3, dtype=dtype))
    t.part("a p outside [0, 1]")
    for bad in (-0.1, 1.5):
        t.raises(ValueError, answer, bad)
    x = nonzero(t, 4, 30, dtype=other)
    _gradient(t, lambda x, *_: _forward(t, model, x), x, p, 1 / (1 - p))
    t.part("randomness")
    layer = t.call(answer, 0.5)
    x = nonzero(t, 20, 10)
    t.draws(
        lambda _: layer(x), case="layer(x)", with_generator=False, repeated="fixed-mask"
    )


_NEWLY = {0: "every forward pass uses the same mask."} | {
    axis: text for axis, text in _COPIES.items() if axis
}


def _one_coin_at_construction(t: Trial, answer: Any, p: float, x: torch.Tensor) -> None:
    """Fail with "fixed-mask" if some layers drop everything and others nothing."""
    masks = torch.stack([_forward(t, answer(p), x) != 0 for _ in range(60)]).flatten(1)
    t.require(
        masks.all() or not masks.any() or (masks.any(1) != masks.all(1)).any(),
        "some layers drop everything, always, and others nothing, ever.",
        mistake="fixed-mask",
    )


def _module(t: Trial, layer: Any) -> nn.Module:
    t.require(
        isinstance(layer, nn.Module),
        "this is not an nn.Module.",
        expected="class ...(nn.Module)",
        got=type(layer).__name__,
    )
    t.require(
        "_modules" in vars(layer),
        "nn.Module's own `__init__` has not run.",
        advice="Begin your `__init__` with `super().__init__()`.",
    )
    return layer


def _forward(t: Trial, layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Call a layer; a size that does not fit comes from a mask made for another x."""
    mode = "training" if layer.training else "evaluation"
    case = f"layer(x) in {mode} mode, x of shape {tuple(x.shape)}"
    if "fixed-mask" not in t.mistakes:
        return t.call(layer, x, case=case)

    def run(x: torch.Tensor) -> torch.Tensor:
        try:
            return layer(x)
        except RuntimeError as error:
            if "must match the size of tensor" not in str(error):
                raise
            t.case = case
            t.fail("the mask does not fit this x.", got=error, mistake="fixed-mask")

    return t.call(run, x, case=case)


def _layer_limits(t: Trial, answer: Any, x: torch.Tensor) -> None:
    t.part("the limits p=0 and p=1")
    errors = {"ZeroDivisionError": "nan-at-one"}
    t.close(t.call(t.call(answer, 0.0), x, case="Dropout(0.0)(x)"), x)
    layer = t.call(answer, 1.0, errors=errors)
    out = t.call(layer, x, case="Dropout(1.0)(x)", errors=errors)
    if isinstance(out, torch.Tensor) and not out.isfinite().all():
        t.fail(
            "p=1 gives numbers that are not finite.",
            expected="zeros",
            got=out,
            mistake="nan-at-one",
        )
    t.close(out, torch.zeros_like(x))
    t.close(t.call(layer.eval(), x, case="Dropout(1.0).eval()(x)", errors=errors), x)


# -- 2.4 ----------------------------------------------------------------------------


@exercise(
    "2.4",
    mistakes={
        "pixels": "Single pixels are dropped. Their neighbours carry nearly the same "
        "number, so little is lost. Draw one coin per map: a mask of shape "
        "(N, C, 1, 1).",
        "same-channels": "Every example of the batch loses the same channels. Draw "
        "the coins per example too: a mask of shape (N, C, 1, 1), not (1, C, 1, 1).",
        "not-scaled": NOT_SCALED,
        "keep-probability": KEEP.replace("a unit", "a map"),
        "active-at-evaluation": ACTIVE,
        "nan-at-one": NAN,
        "scales-by-p": SCALE_P,
    },
    from_scratch=r"dropout",
)
def channel_dropout(answer: Any, t: Trial) -> None:
    p, (dtype, other) = rate(t), _dtypes(t)
    x = nonzero(t, 20, 16, 3, 4, dtype=dtype)

    t.part("type, shape and dtype")
    out = t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    _no_zeros(t, t.tensor(t.call(answer, x, p, False, t.generator()), like=x))

    t.part("whole maps, for each example its own")
    g = t.generator()
    pixels = kept(lambda: t.call(answer, x, p, True, g)).flatten(3)  # (40, N, C, H*W)
    masks = pixels[..., 0]
    t.require(
        (pixels == masks[..., None]).all(),
        "some maps are dropped in part.",
        expected="each map all there or all zero",
        mistake="pixels",
    )
    shared = {
        1: ("all examples lose the same channels.", "same-channels"),
        2: ("an example loses all of its channels or none.", None),
        0: ("two calls in a row use the same mask.", None),
    }
    independent(t, masks, shared=shared)
    _dropped(t, masks, p, "the part of maps that is dropped")
    _scaled(t, out, x, p)

    t.part("evaluation is the identity")
    y = nonzero(t, 2, 3, 2, 1, dtype=other)
    advice = "Training has scaled already; evaluation returns x as it is."
    t.close(t.call(answer, y, p, False), y, advice=advice)
    _limits(t, answer, y)
    _bad_rates(t, answer, y)
    _gradient(t, answer, nonzero(t, 4, 12, 2, 3, dtype=other), p, 1 / (1 - p))
    _random(t, answer, nonzero(t, 10, 12, 2, 2), "channel_dropout(x, 0.5, True)")


# -- 2.5 ----------------------------------------------------------------------------


@exercise(
    "2.5",
    mistakes={
        "overwrites-weight": "The masked numbers are written into linear.weight. What "
        "was dropped is then lost, or learns as if it had been there. Leave the "
        "parameter alone and compute with `weight * mask`, a new tensor.",
        "masks-bias": "The bias is masked or scaled too. DropConnect drops weights; "
        "the bias is added whole, after the masked product.",
        "masks-outputs": "Whole outputs are dropped: that is dropout behind the layer. "
        "DropConnect drops single weights, so that an output loses a part of its sum.",
        "fixed-mask": "The same mask is used again and again. Draw a new one in each "
        "`forward`; never seed there.",
        "active-at-evaluation": "Weights are still dropped at evaluation. In eval mode "
        "the result is linear(x), nothing else: ask `self.training`.",
        "not-scaled": "The surviving weights are not scaled by 1/(1-p), so on average "
        "the layer has less weight in training than at evaluation.",
        "scales-by-p": "The surviving weights are scaled by 1/p. A weight survives "
        "with probability 1-p, so what makes up for the others is 1/(1-p).",
        "keep-probability": KEEP.replace("a unit", "a weight"),
        "nan-at-one": NAN.replace("the answer is all zeros", "only the bias is left"),
    },
)
def DropConnect(answer: Any, t: Trial) -> None:
    p, (dtype, other) = rate(t), _dtypes(t)

    t.part("an nn.Module with the right shape and dtype")
    linear = linear_layer(t, 24, 9, dtype=dtype)
    layer, guard = _drop_connect(t, answer, linear, p)
    x = nonzero(t, 6, 24, dtype=dtype)
    out = _pass(t, layer, x, guard)
    t.tensor(out, shape=(6, 9), dtype=dtype)

    t.part("evaluation is linear(x)")
    whole = linear(x).detach()
    quiet = _pass(t, layer.eval(), x, guard)
    again = _pass(t, layer, x, guard)
    drawn = isinstance(quiet, torch.Tensor) and not torch.equal(quiet, again)
    t.close(quiet, whole, mistakes={"active-at-evaluation": quiet} if drawn else None)

    t.part("training drops weights, not outputs and not the bias")
    layer.train()
    _not_outputs(t, _pass(t, layer, x, guard), whole, linear, p)
    _bias_whole(t, layer, linear, p, guard)
    _weight_masks(t, layer, linear, p, guard)

    _drop_connect_limits(t, answer, other)
    _drop_connect_gradients(t, answer, p, dtype)
    t.part("randomness")
    layer, _ = _drop_connect(t, answer, linear_layer(t, 24, 9), 0.5)
    x = nonzero(t, 3, 24)
    case = "DropConnect(linear, 0.5)(x)"
    t.draws(lambda _: layer(x), case=case, with_generator=False, repeated="fixed-mask")


def _by(p: float) -> tuple[float, ...]:
    return (1.0, 1 / (1 - p), 1 - p, 1 / p, p)


def _drop_connect(
    t: Trial, answer: Any, linear: nn.Linear, p: float
) -> tuple[nn.Module, Callable[[], None]]:
    """Build the layer; also return a function that sees linear's parameters intact."""
    before = {name: (q, q.detach().clone()) for name, q in linear.named_parameters()}

    def guard() -> None:
        for name, (parameter, then) in before.items():
            now = getattr(linear, name, None)
            t.require(
                now is parameter and torch.equal(now, then),
                f"linear.{name} is not what it was.",
                expected="the same parameter with the same numbers",
                got="other numbers" if now is parameter else "another object",
                mistake="overwrites-weight" if name == "weight" else None,
                advice="A layer computes; only the optimizer changes parameters.",
            )

    case = f"DropConnect(linear, {p})"
    layer = t.attempt(
        lambda: answer(linear, p), case=case, errors={"ZeroDivisionError": "nan-at-one"}
    )
    guard()
    return _module(t, layer), guard


def _pass(
    t: Trial, layer: nn.Module, x: torch.Tensor, guard: Callable[[], None]
) -> torch.Tensor:
    mode = "training" if layer.training else "evaluation"
    case = f"layer(x) in {mode} mode, x of shape {tuple(x.shape)}"
    out = t.call(layer, x, case=case, errors={"ZeroDivisionError": "nan-at-one"})
    guard()
    return out


def _not_outputs(
    t: Trial, out: torch.Tensor, whole: torch.Tensor, linear: nn.Linear, p: float
) -> None:
    """Fail if each entry is an undivided output or nothing: no sum has lost a part."""
    bias = linear.bias.detach()
    product = whole - bias
    values = [torch.zeros_like(whole), *(f * bias.expand_as(whole) for f in _by(p))]
    values += [f * product for f in _by(p)] + [f * whole for f in _by(p)]
    values += [f * product + bias for f in _by(p)]
    off = torch.stack([(out.detach() - value).abs() for value in values]).amin(0)
    shift = (
        out.detach() - product
    )  # one and the same for all rows: only the bias is off
    complete = torch.allclose(shift, shift[:1].expand_as(shift), atol=1e-3)
    undivided = bool((off < 1e-3).all())
    if undivided and torch.allclose(out, whole):
        t.fail(
            "nothing is dropped in training.", expected="about p of the weights gone"
        )
    t.require(
        complete or not undivided,
        "each output is complete or missing.",
        expected="outputs that have lost some of their terms",
        mistake="masks-outputs",
    )


def _bias_whole(
    t: Trial, layer: nn.Module, linear: nn.Linear, p: float, guard: Callable[[], None]
) -> None:
    """Require layer(0) = bias, in several forward passes."""
    zeros = linear.weight.new_zeros(6, 24)
    outs = torch.stack([_pass(t, layer, zeros, guard).detach() for _ in range(40)])
    factor = outs / linear.bias.detach()
    if torch.allclose(factor, torch.ones_like(factor), atol=1e-3):
        return
    touched = torch.stack([(factor - f).abs() < 1e-3 for f in (0.0, *_by(p))])
    named = touched.any(0).all() and factor.any()
    t.fail(
        "linear(0) is the bias, and so should this be, with some weights dropped.",
        expected="the bias itself",
        got=f"{factor.min() + 0.0:.3g} to {factor.max():.3g} times the bias",
        mistake="masks-bias" if named else None,
        advice="Add the bias at the end, as it is.",
    )


def _weight_masks(
    t: Trial, layer: nn.Module, linear: nn.Linear, p: float, guard: Callable[[], None]
) -> None:
    t.part("one mask per forward, scaled by 1/(1-p)")
    weight, bias = linear.weight.detach(), linear.bias.detach()
    row = nonzero(t, 24, dtype=weight.dtype)
    out = _pass(t, layer, row.expand(7, 24).clone(), guard)
    t.require(
        torch.allclose(out, out[:1].expand(7, 9), rtol=1e-4, atol=1e-4),
        "the same example, seven times in one batch, gives different results.",
        expected="one mask of the weight's shape for the whole batch",
        advice="Draw the coins for the weight, not for the examples.",
    )
    eye = torch.eye(24, dtype=weight.dtype)

    def masked() -> torch.Tensor:
        columns = (_pass(t, layer, eye, guard) - bias).T  # (9, 24)
        return torch.where(columns.abs() < 1e-4, 0.0, columns)

    masks = kept(masked)
    shared = {
        0: ("every forward pass drops the same weights.", "fixed-mask"),
        1: (
            "all outputs lose the same inputs: one coin per column of the weight.",
            None,
        ),
        2: ("the weights of one output are dropped all together.", "masks-outputs"),
    }
    independent(t, masks, shared=shared)
    _dropped(t, masks, p, "the part of weights that is dropped")
    _scaled(t, masked(), weight, p)
    x = nonzero(t, 2, 3, 24, dtype=weight.dtype)
    t.tensor(_pass(t, layer, x, guard), shape=(2, 3, 9), dtype=weight.dtype)
    t.close(_pass(t, layer.eval(), x, guard), linear(x).detach())


def _drop_connect_limits(t: Trial, answer: Any, dtype: torch.dtype) -> None:
    t.part("the limits p=0 and p=1, and no bias")
    x = nonzero(t, 4, 5, dtype=dtype)
    for bias in (True, False):
        linear = linear_layer(t, 5, 3, bias=bias, dtype=dtype)
        whole = linear(x).detach()
        layer, guard = _drop_connect(t, answer, linear, 0.0)
        t.close(_pass(t, layer, x, guard), whole, what="the result for p=0")
        layer, guard = _drop_connect(t, answer, linear, 1.0)
        out = _pass(t, layer, x, guard)
        if isinstance(out, torch.Tensor) and not out.isfinite().all():
            t.fail(
                "p=1 gives numbers that are not finite.", got=out, mistake="nan-at-one"
            )
        alone = linear.bias.detach().expand(4, 3) if bias else torch.zeros_like(whole)
        t.close(out, alone.clone(), what="the result for p=1")
        t.close(_pass(t, layer.eval(), x, guard), whole, what="linear(x) at p=1")
    t.part("a p outside [0, 1]")
    for bad in (-0.1, 1.5):
        t.raises(ValueError, answer, linear, bad)


def _drop_connect_gradients(
    t: Trial, answer: Any, p: float, dtype: torch.dtype
) -> None:
    t.part("gradients")
    linear = linear_layer(t, 24, 9, dtype=dtype)
    layer, guard = _drop_connect(t, answer, linear, p)
    own = [id(q) for q in layer.parameters()]
    t.require(
        all(id(q) in own for q in linear.parameters()),
        "linear's parameters are not among layer.parameters().",
        advice="Keep the linear layer itself as an attribute, not a copy and not a "
        "list: an optimizer must find its parameters.",
    )
    t.require(
        all(q.requires_grad for q in linear.parameters()),
        "linear's parameters can not be trained any more: requires_grad is False.",
        advice="Leave linear's parameters as they came.",
    )
    eye = torch.eye(24, dtype=dtype).requires_grad_()
    out = _pass(t, layer, eye, guard)
    advice = "Compute with linear.weight itself: no .detach(), .data or no_grad."
    t.require(out.requires_grad, "no gradient flows through the result.", advice=advice)
    columns = (out - linear.bias).detach().T
    mask = (columns.abs() > 1e-4).to(dtype) / (1 - p)
    g = nonzero(t, 24, 9, dtype=dtype)
    wanted = [linear.weight, linear.bias, eye]
    names = ("linear.weight", "linear.bias", "the input")
    try:
        grads = torch.autograd.grad((out * g).sum(), wanted, allow_unused=True)
    except RuntimeError as error:
        if "inplace operation" not in str(error):
            raise
        t.fail(
            "the gradient can not be computed: linear.weight was changed meanwhile.",
            mistake="overwrites-weight",
        )
    for name, grad in zip(names, grads, strict=True):
        t.require(grad is not None, f"no gradient reaches {name}.", advice=advice)
    unmasked = {"overwrites-weight": g.T}
    t.close(
        grads[0], g.T * mask, what="the gradient of linear.weight", mistakes=unmasked
    )
    t.close(grads[1], g.sum(0), what="the gradient of linear.bias")
    t.close(grads[2], g @ (linear.weight.detach() * mask), what="the input's gradient")


# -- 2.6 ----------------------------------------------------------------------------


@exercise(
    "2.6",
    mistakes={
        "averages-logits": "The logits (or log-probabilities) are averaged, not the "
        "probabilities. Apply softmax to each thinned network's logits, then average.",
        "dropout-off": "Dropout is off, so all samples are one and the same network. "
        "In eval mode there is nothing to average: the dropout layers must be in train "
        "mode while you sample.",
        "leaves-train-mode": "What comes in evaluation mode leaves in train mode, so "
        "the model's next prediction is random. Remember each module's own `training` "
        "and put it back.",
    },
)
def ensemble_predict(answer: Any, t: Trial) -> None:
    t.part("type and shape")
    dtype, other = _dtypes(t)
    net = ThinnedNetworks(t, dtype)
    probs = _ensemble(t, answer, net, 1)
    _large_logits(t, answer, other)

    t.part("one sample is one thinned network")
    t.require(
        torch.allclose(
            probs.sum(-1), torch.ones(len(net.x), dtype=net.dtype), atol=1e-4
        ),
        "the rows are not probabilities.",
        expected="rows that sum to 1",
        got=f"row sums {probs.sum(-1).min():.3g} … {probs.sum(-1).max():.3g}",
        mistake="averages-logits"
        if _among(probs, torch.cat([net.logits, net.logits.log_softmax(-1)], 0))
        else None,
        advice="Apply softmax over the last dimension of the logits.",
    )
    if not _among(probs, net.each):
        off = torch.allclose(probs, net.whole, atol=1e-4)
        t.fail(
            "a row is not the prediction of any thinned network.",
            mistake="dropout-off" if off else None,
        )
    t.require(
        not torch.allclose(probs, net.whole, atol=1e-4),
        "every row is the prediction of the whole network.",
        mistake="dropout-off",
    )

    t.part("the mean over many thinned networks")
    n = 1000
    probs = _ensemble(t, answer, net, n)
    bound = math.sqrt(math.log(2 * probs.numel() / 2e-8) / (2 * n))
    if not (probs - net.mean).abs().max() <= bound:  # nan is off too
        t.fail(
            f"the mean over {n} thinned networks is off.",
            expected=f"{_row(net.mean)} ± {bound:.2f} for the first example",
            got=_row(probs),
            mistake="averages-logits" if net.averaged_logits(probs, n) else None,
            advice="Draw a new mask for each sample and divide by n_samples.",
        )

    _ensemble_modes(t, answer)
    _ensemble_gradients(t, answer, other)
    t.part("randomness")
    net = ThinnedNetworks(t, dtype)
    x = net.x.repeat(10, 1)
    case = "ensemble_predict(model, x, 3)"
    t.draws(lambda _: answer(net.model, x, 3), case=case, with_generator=False)


def _among(rows: torch.Tensor, each: torch.Tensor) -> bool:
    """Tell whether every row stands among its possible values (S, N, K)."""
    return bool(((rows - each).abs().amax(-1).amin(0) < 1e-3).all())


def _row(probs: torch.Tensor) -> str:
    return "[" + ", ".join(f"{value:.2f}" for value in probs[0].tolist()) + "]"


def _ensemble(t: Trial, answer: Any, net: ThinnedNetworks, n: int) -> torch.Tensor:
    modes = [module.training for module in net.model.modules()]
    probs = t.call(answer, net.model, net.x, n, case=f"ensemble_predict(model, x, {n})")
    probs = t.tensor(probs, shape=(12, 3), dtype=net.dtype)
    for module, mode in zip(net.model.modules(), modes, strict=True):
        module.training = mode  # the modes are checked later, each on its own
    return probs.detach()


def _ensemble_modes(t: Trial, answer: Any) -> None:
    t.part("every module's own mode is restored")
    net = ThinnedNetworks(t, t.dtype())
    modules = list(net.model.modules())
    mixed = [t.random.random() < 0.5 for _ in modules[2:]]
    for modes in (
        [True] * len(modules),
        [False] * len(modules),
        [True, False, *mixed],
        [False, True, *mixed],
    ):
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
        probs = t.call(answer, net.model, net.x, 1)
        for module, mode in zip(modules, modes, strict=True):
            t.require(
                module.training == mode,
                f"a module's mode is changed: {type(module).__name__}.",
                expected="train mode, as it came" if mode else "eval mode, as it came",
                got="train mode" if module.training else "eval mode",
                mistake=None if mode else "leaves-train-mode",
                advice="Put each module's own `training` back, whatever it was.",
            )
        if not _among(probs, net.each):
            if all(modes):
                t.fail("a row is not the prediction of any thinned network.")
            t.fail(
                "a dropout layer that came in eval mode drops nothing.",
                mistake="dropout-off",
            )


def _ensemble_gradients(t: Trial, answer: Any, dtype: torch.dtype) -> None:
    t.part("no gradients")
    net = ThinnedNetworks(t, dtype)
    probs = t.call(answer, net.model, net.x, 2)
    t.tensor(probs, shape=(12, 3), dtype=dtype)
    t.require(
        not probs.requires_grad,
        "the result is attached to the graph of all the forward passes.",
        advice="Predict under torch.no_grad().",
    )
    t.require(
        torch.is_grad_enabled(),
        "gradients are switched off for good.",
        advice="Use `with torch.no_grad():`, which ends with its block.",
    )
    t.require(
        all(q.requires_grad for q in net.model.parameters()),
        "the model's parameters can not be trained any more: requires_grad is False.",
        advice="Leave the parameters as they came; torch.no_grad() is enough.",
    )


def _large_logits(t: Trial, answer: Any, dtype: torch.dtype) -> None:
    t.part("logits in the thousands")
    net = ThinnedNetworks(t, dtype)
    with torch.no_grad():
        for parameter in net.model[-1].parameters():
            parameter.mul_(9000 / net.logits.abs().max())
    case = "ensemble_predict(model, x, 20), with logits up to 9000"
    probs = t.call(answer, net.model, net.x, 20, case=case)
    t.require(
        probs.isfinite().all(),
        "large logits give probabilities that are not finite.",
        expected="numbers in [0, 1]",
        got=_row(probs),
        advice="exp() of a large logit is infinite; torch.softmax is safe.",
    )
