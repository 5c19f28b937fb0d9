"""Checks of 02_dropout_from_scratch."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.coins import independent, kept, nonzero, rate, survivors
from helpers.checks.vocabulary.dropped import (
    DIVIDED,
    bad_rates,
    finite,
    limits,
    masked_gradient,
    no_zeros,
    scaled,
)
from helpers.checks.vocabulary.gradients import gradient
from helpers.checks.vocabulary.modes import (
    Layer,
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
    linear_layer,
    mean_is_off,
    no_graph,
    row_of,
)
from helpers.checks.vocabulary.values import agree
from helpers.words import say

KEEP = say(
    "p is the probability of dropping a unit. Here it is used as the probability of "
    "keeping it: for small p almost everything disappears."
)
ACTIVE = say(
    "Dropout is still at work at evaluation. A trained network must answer the same "
    "question the same way: evaluation draws no mask."
)
NOT_SCALED = say(
    "The survivors are not scaled by 1/(1-p). On average the result is then smaller "
    "than x, and the next layer notices when evaluation returns x itself."
)
SCALE_P = say(
    "The survivors are scaled by 1/p. A unit survives with probability 1-p, so what "
    "makes up for the missing ones is 1/(1-p)."
)
NAN = say(
    "p=1 divides by 1-p = 0. When everything is dropped the answer is all zeros: treat "
    "p=1 before you divide."
)
FAIR = say(
    "Half of the units are dropped, whatever p is: a fair coin. Compare the uniform "
    "numbers with p: one of them is below p with probability p."
)
SHARED = say(
    "One mask is shared by the whole batch: every example loses the same units. Draw "
    "one coin per number in x, so a mask of x's full shape."
)


# -- parts that several exercises share ---------------------------------------------

_FLOW = say("Compute the result from x itself: no .detach(), .data, .item() or numpy.")


def _gradient(t: Trial, answer: Any, x: Tensor, p: float, factor: float) -> None:
    """Require d(sum of outputs)/dx = mask · factor in training."""
    t.part("gradients")
    x = x.clone().requires_grad_()
    out = t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    masked_gradient(t, out, x, factor, of=say("the input"), advice=_FLOW)


def _limits(t: Trial, answer: Any, x: Tensor) -> None:
    t.part("the limits p=0 and p=1")
    limits(t, answer, x)


def _random(t: Trial, answer: Any, x: Tensor, case: str) -> None:
    t.part("randomness")
    t.draws(lambda g: t.call(answer, x, 0.5, True, g), case=case)


def _dropped(
    t: Trial, masks: Tensor, p: float, what: str = say("the dropped part")
) -> None:
    wrong = {"keep-probability": 1 - p, "fair-coin": 0.5}
    wrong = {name: part for name, part in wrong.items() if name in t.mistakes}
    t.fraction(float((~masks).sum()), masks.numel(), p, what=what, mistakes=wrong)


# -- 2.1 ----------------------------------------------------------------------------


@exercise(
    "2.1",
    mistakes={
        "scales-in-training": say(
            "The survivors change their value in training. In the 2012 form training "
            "only masks; the scaling, by 1-p, happens at evaluation."
        ),
        "keep-probability": KEEP,
        "active-at-evaluation": ACTIVE,
        "no-scaling-at-evaluation": say(
            "Evaluation returns x as it is. All units are there now, so what the next "
            "layer receives is too large: multiply by 1-p."
        ),
        "divides-at-evaluation": say(
            "Evaluation divides by 1-p. All units are there now, so what the next "
            "layer receives is too large already: multiply by 1-p. (The division "
            "belongs to the inverted form, where it happens in training.)"
        ),
        "fair-coin": FAIR,
    },
    from_scratch=r"dropout",
)
def standard_dropout(answer: Any, t: Trial) -> None:
    """Check 2.1: dropout as of 2012, which scales by 1-p at evaluation."""
    p, (dtype, other) = rate(t), t.dtypes()
    x = nonzero(t, 5, 6, 7, dtype=dtype)

    t.part("type, shape and dtype")
    out = t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    quiet = t.tensor(t.call(answer, x, p, False, t.generator()), like=x)
    no_zeros(t, quiet, what=say("units"))

    t.part("training masks")
    g = t.generator()
    masks = kept(t.calls(40, answer, x, p, True, g))
    wrong = {"scales-in-training": (1 / (1 - p), 1 - p, p, 1 / p)}
    survivors(t, t.call(answer, x, p, True, t.generator()), x, 1.0, wrong)
    independent(t, masks, shared={a: (text, None) for a, text in _COPIES.items()})
    _dropped(t, masks, p)

    t.part("evaluation scales")
    y = torch.tensor([1.0, -2.0, 4.0], dtype=other)
    t.close(
        t.call(answer, y, p, False),
        y * (1 - p),
        mistakes={
            "keep-probability": y * p,
            "no-scaling-at-evaluation": y,
            "divides-at-evaluation": y / (1 - p),
        },
    )

    t.part("the limits p=0 and p=1")
    y = nonzero(t, 2, 3, dtype=dtype)
    for training in (True, False):
        t.close(t.call(answer, y, 0.0, training, t.generator()), y)
        t.close(t.call(answer, y, 1.0, training, t.generator()), torch.zeros_like(y))

    bad_rates(t, answer, y)
    _gradient(t, answer, nonzero(t, 4, 30, dtype=other), p, 1.0)
    y = nonzero(t, 3, dtype=dtype).requires_grad_()
    out = t.call(answer, y, p, False)
    grad = gradient(t, out, y, of=say("the input"), advice=_FLOW)
    t.close(grad, torch.full_like(grad, 1 - p), what=say("the gradient at evaluation"))
    _random(t, answer, nonzero(t, 20, 10), "standard_dropout(x, 0.5, True)")


_COPIES = {
    1: say("every example loses the same units: one mask is shared by the batch."),
    2: say("entries along one dimension of x are dropped together, not one by one."),
    3: say(
        "entries along the last dimension of x are dropped together, not one by one."
    ),
    0: say("two calls in a row use the same mask."),
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
        "fair-coin": FAIR,
    },
    from_scratch=r"dropout",
)
def inverted_dropout(answer: Any, t: Trial) -> None:
    """Check 2.2: dropout that scales by 1/(1-p) in training."""
    p, (dtype, other) = rate(t), t.dtypes()
    x = nonzero(t, 5, 6, 7, dtype=dtype)

    t.part("type, shape and dtype")
    t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    quiet = t.tensor(t.call(answer, x, p, False, t.generator()), like=x)
    no_zeros(t, quiet, what=say("units"))

    t.part("training masks and scales")
    g = t.generator()
    masks = kept(t.calls(40, answer, x, p, True, g))
    shared = {
        a: (text, "shared-mask" if a == 1 else None) for a, text in _COPIES.items()
    }
    independent(t, masks, shared=shared)
    _dropped(t, masks, p)
    scaled(t, t.call(answer, x, p, True, t.generator()), x, p)
    y = nonzero(t, 300, dtype=dtype)
    scaled(t, t.tensor(t.call(answer, y, p, True), like=y), y, p)

    t.part("evaluation is the identity")
    y = torch.tensor([1.0, -2.0, 4.0], dtype=other)
    advice = say("Training has scaled already; evaluation returns x as it is.")
    t.close(t.call(answer, y, p, False), y, advice=advice)

    _limits(t, answer, nonzero(t, 2, 3, dtype=dtype))
    bad_rates(t, answer, y)
    _gradient(t, answer, nonzero(t, 4, 30, dtype=other), p, 1 / (1 - p))
    _random(t, answer, nonzero(t, 20, 10), "inverted_dropout(x, 0.5, True)")


# -- 2.3 ----------------------------------------------------------------------------


@exercise(
    "2.3",
    mistakes={
        "ignores-training": say(
            "The layer does not follow its mode. Ask `self.training` in `forward`: "
            "model.train() and model.eval() set it in every submodule."
        ),
        "fixed-mask": say(
            "The same mask is used again and again, so the same units are missing in "
            "every step. Draw a new mask in each `forward`; never seed there."
        ),
        "not-scaled": NOT_SCALED,
        "scales-by-p": SCALE_P,
        "keep-probability": KEEP,
        "nan-at-one": NAN,
    },
)
def Dropout(answer: Any, t: Trial) -> None:
    """Check 2.3: inverted dropout as a layer that follows train and eval mode."""
    p, (dtype, other) = rate(t), t.dtypes()
    x = nonzero(t, 5, 6, 7, dtype=dtype)

    t.part("an nn.Module with the right shape and dtype")
    layer = _layer(t, t.call(answer, p))
    out = t.tensor(layer(x), like=x)

    t.part("evaluation is the identity")
    model = layer.nested().eval()
    no_zeros(t, model(x), what=say("units"), mistake="ignores-training")
    no_zeros(t, layer.eval()(x), what=say("units"), mistake="ignores-training")
    t.close(layer(x), x, advice=say("Training has scaled already."))

    t.part("training draws a new mask each time")
    model.train()
    masks = kept([t.tensor(out, like=x) for out in model.calls(40, x)])
    if masks.all() and (out == 0).any():
        t.fail(
            say("nothing is dropped after model.eval() and then model.train()."),
            mistake="ignores-training",
        )
    if masks.all() or not masks.any():
        _one_coin_at_construction(t, answer, p, x)
    shared = {a: (text, "fixed-mask" if a == 0 else None) for a, text in _NEWLY.items()}
    independent(t, masks, shared=shared)
    _dropped(t, masks, p)
    scaled(t, out, x, p)
    y = nonzero(t, 300, dtype=dtype)
    scaled(t, t.tensor(model(y), like=y), y, p)

    _layer_limits(t, answer, nonzero(t, 2, 3, dtype=dtype))
    t.part("a p outside [0, 1]")
    for bad in (-0.1, 1.5):
        t.raises(ValueError, answer, bad)
    t.part("gradients")
    x = nonzero(t, 4, 30, dtype=other).requires_grad_()
    out = t.tensor(model(x), like=x)
    masked_gradient(t, out, x, 1 / (1 - p), of=say("the input"), advice=_FLOW)
    t.part("randomness")
    layer = t.call(answer, 0.5)
    x = nonzero(t, 20, 10)
    t.draws(
        lambda _: t.call(layer, x),
        case="layer(x)",
        with_generator=False,
        repeated="fixed-mask",
    )


_NEWLY = {0: say("every forward pass uses the same mask.")} | {
    axis: text for axis, text in _COPIES.items() if axis
}


def _layer(t: Trial, made: Any) -> Layer:
    """A size that does not fit comes from a mask made for another x."""

    def explain(error: Raised) -> None:
        if error.says("RuntimeError", "must match the size of tensor"):
            t.fail(
                say("the mask does not fit this x."),
                got=error.shown,
                mistake="fixed-mask",
            )

    return Layer(t, made, explain=explain)


def _one_coin_at_construction(t: Trial, answer: Any, p: float, x: Tensor) -> None:
    """Fail with "fixed-mask" if some layers drop everything and others nothing."""
    outs = [_layer(t, t.call(answer, p))(x) for _ in range(60)]
    masks = torch.stack([out != 0 for out in outs]).flatten(1)
    t.require(
        masks.all() or not masks.any() or (masks.any(1) != masks.all(1)).any(),
        say("some layers drop everything, always, and others nothing, ever."),
        mistake="fixed-mask",
    )


def _layer_limits(t: Trial, answer: Any, x: Tensor) -> None:
    t.part("the limits p=0 and p=1")
    t.close(t.call(t.call(answer, 0.0), x, case="Dropout(0.0)(x)"), x)
    layer = Layer(t, t.call(answer, 1.0, errors=DIVIDED), errors=DIVIDED)
    out = layer(x, case="Dropout(1.0)(x)")
    finite(t, out, say("p=1 gives numbers that are not finite."), expected=say("zeros"))
    t.close(out, torch.zeros_like(x))
    t.close(layer.eval()(x, case="Dropout(1.0).eval()(x)"), x)


# -- 2.4 ----------------------------------------------------------------------------


@exercise(
    "2.4",
    mistakes={
        "pixels": say(
            "Single pixels are dropped. Their neighbors carry nearly the same number, "
            "so little is lost. Draw one coin per map: a mask of shape (N, C, 1, 1)."
        ),
        "same-channels": say(
            "Every example of the batch loses the same channels. Draw the coins per "
            "example too: a mask of shape (N, C, 1, 1), not (1, C, 1, 1)."
        ),
        "not-scaled": NOT_SCALED,
        "keep-probability": say(
            "p is the probability of dropping a map. Here it is used as the "
            "probability of keeping it: for small p almost everything disappears."
        ),
        "active-at-evaluation": ACTIVE,
        "nan-at-one": NAN,
        "scales-by-p": SCALE_P,
    },
    from_scratch=r"dropout",
)
def channel_dropout(answer: Any, t: Trial) -> None:
    """Check 2.4: inverted dropout of whole maps, for each example its own."""
    p, (dtype, other) = rate(t), t.dtypes()
    x = nonzero(t, 20, 16, 3, 4, dtype=dtype)

    t.part("type, shape and dtype")
    out = t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    quiet = t.tensor(t.call(answer, x, p, False, t.generator()), like=x)
    no_zeros(t, quiet, what=say("units"))

    t.part("whole maps, for each example its own")
    g = t.generator()
    pixels = kept(t.calls(40, answer, x, p, True, g)).flatten(3)  # (40, N, C, H*W)
    masks = pixels[..., 0]
    _whole_maps(t, pixels.unflatten(3, x.shape[2:]))
    shared = {
        1: (say("all examples lose the same channels."), "same-channels"),
        2: (say("an example loses all of its channels or none."), None),
        0: (say("two calls in a row use the same mask."), None),
    }
    independent(t, masks, shared=shared)
    _dropped(t, masks, p, say("the part of maps that is dropped"))
    scaled(t, out, x, p)

    t.part("evaluation is the identity")
    y = nonzero(t, 2, 3, 2, 1, dtype=other)
    advice = say("Training has scaled already; evaluation returns x as it is.")
    t.close(t.call(answer, y, p, False), y, advice=advice)
    _limits(t, answer, y)
    bad_rates(t, answer, y)
    _gradient(t, answer, nonzero(t, 4, 12, 2, 3, dtype=other), p, 1 / (1 - p))
    _random(t, answer, nonzero(t, 10, 12, 2, 2), "channel_dropout(x, 0.5, True)")


def _whole_maps(t: Trial, kept_pixels: Tensor) -> None:
    """Require maps that are all there or all gone; kept_pixels (calls, N, C, H, W)."""
    maps = kept_pixels[..., :1, :1]
    if (kept_pixels == maps).all():
        return
    lines = {
        "rows": (kept_pixels == kept_pixels[..., :1]).all(),
        "columns": (kept_pixels == kept_pixels[..., :1, :]).all(),
    }
    for name, together in lines.items():
        if together:
            t.fail(
                say("whole {name} of the maps are dropped, not whole maps.", name=name),
                expected=say("each map all there or all zero"),
                advice=say(
                    "One coin per map: a mask of shape (N, C, 1, 1), with a 1 for the "
                    "height and a 1 for the width."
                ),
            )
    t.fail(
        say("some maps are dropped in part."),
        expected=say("each map all there or all zero"),
        mistake="pixels",
    )


# -- 2.5 ----------------------------------------------------------------------------


@exercise(
    "2.5",
    mistakes={
        "overwrites-weight": say(
            "The masked numbers are written into linear.weight. What was dropped is "
            "then lost, or learns as if it had been there. Leave the parameter alone "
            "and compute with `weight * mask`, a new tensor."
        ),
        "masks-bias": say(
            "The bias is masked or scaled too. DropConnect drops weights; the bias is "
            "added whole, after the masked product."
        ),
        "masks-outputs": say(
            "Whole outputs are dropped: that is dropout behind the layer. DropConnect "
            "drops single weights, so that an output loses a part of its sum."
        ),
        "fixed-mask": say(
            "The same mask is used again and again. Draw a new one in each `forward`; "
            "never seed there."
        ),
        "active-at-evaluation": say(
            "Weights are still dropped at evaluation. In eval mode the result is "
            "linear(x), nothing else: ask `self.training`."
        ),
        "not-scaled": say(
            "The surviving weights are not scaled by 1/(1-p), so on average the layer "
            "has less weight in training than at evaluation."
        ),
        "scales-by-p": say(
            "The surviving weights are scaled by 1/p. A weight survives with "
            "probability 1-p, so what makes up for the others is 1/(1-p)."
        ),
        "scales-at-evaluation": say(
            "Evaluation scales by 1-p, as the form of 2012 does. Here the surviving "
            "weights are divided by 1-p in training already, so evaluation is "
            "linear(x), nothing else."
        ),
        "keep-probability": say(
            "p is the probability of dropping a weight. Here it is used as the "
            "probability of keeping it: for small p almost everything disappears."
        ),
        "nan-at-one": say(
            "p=1 divides by 1-p = 0. When everything is dropped only the bias is left: "
            "treat p=1 before you divide."
        ),
    },
)
def DropConnect(answer: Any, t: Trial) -> None:
    """Check 2.5: one fresh mask on the weights per forward pass, bias whole."""
    p, (dtype, other) = rate(t), t.dtypes()

    t.part("an nn.Module with the right shape and dtype")
    linear = linear_layer(t, 24, 9, dtype=dtype)
    layer = _drop_connect(t, answer, linear, p)
    x = nonzero(t, 6, 24, dtype=dtype)
    out = layer(x)
    t.tensor(out, shape=(6, 9), dtype=dtype)

    t.part("evaluation is linear(x)")
    whole, weight, bias = (q.detach() for q in (linear(x), linear.weight, linear.bias))
    quiet = layer.eval()(x)
    again = layer(x)
    drawn = isinstance(quiet, Tensor) and not torch.equal(quiet, again)
    wrong: dict[str, Tensor] = {"active-at-evaluation": quiet} if drawn else {}
    for scaled_down in (whole * (1 - p), F.linear(x, weight * (1 - p), bias)):
        if isinstance(quiet, Tensor) and agree(quiet, scaled_down, None, None):
            wrong["scales-at-evaluation"] = scaled_down
    t.close(quiet, whole, mistakes=wrong)

    t.part("training drops weights, not outputs and not the bias")
    layer.train()
    _not_outputs(t, layer(x), whole, linear, p)
    _bias_whole(t, layer, linear, p)
    _weight_masks(t, layer, linear, p)

    _drop_connect_limits(t, answer, other)
    _drop_connect_gradients(t, answer, p, dtype)
    t.part("randomness")
    layer = _drop_connect(t, answer, linear_layer(t, 24, 9), 0.5)
    x = nonzero(t, 3, 24)
    t.draws(
        lambda _: t.call(layer.module, x),
        case="DropConnect(linear, 0.5)(x)",
        with_generator=False,
        repeated="fixed-mask",
    )


def _by(p: float) -> tuple[float, ...]:
    return (1.0, 1 / (1 - p), 1 - p, 1 / p, p)


def _drop_connect(t: Trial, answer: Any, linear: nn.Linear, p: float) -> Layer:
    """Build the layer; linear's parameters stay intact, then and in each pass."""
    before = {name: (q, q.detach().clone()) for name, q in linear.named_parameters()}

    def guard() -> None:
        for name, (parameter, then) in before.items():
            now = getattr(linear, name, None)
            t.require(
                now is parameter and torch.equal(parameter, then),
                say("linear.{name} is not what it was.", name=name),
                expected=say("the same parameter with the same numbers"),
                got=say("other numbers") if now is parameter else say("another object"),
                mistake="overwrites-weight" if name == "weight" else None,
                advice=say("A layer computes; only the optimizer changes parameters."),
            )

    case = f"DropConnect(linear, {p})"
    made = t.call(answer, linear, p, case=case, errors=DIVIDED, may_change=True)
    guard()
    return Layer(t, made, errors=DIVIDED, after=guard)


def _not_outputs(
    t: Trial, out: Tensor, whole: Tensor, linear: nn.Linear, p: float
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
            say("nothing is dropped in training."),
            expected=say("about p of the weights gone"),
        )
    t.require(
        complete or not undivided,
        say("each output is complete or missing."),
        expected=say("outputs that have lost some of their terms"),
        mistake="masks-outputs",
    )


def _bias_whole(t: Trial, layer: Layer, linear: nn.Linear, p: float) -> None:
    """Require layer(0) = bias, in several forward passes."""
    zeros = linear.weight.new_zeros(6, 24)
    outs = torch.stack(layer.calls(40, zeros))
    factor = outs / linear.bias.detach()
    if torch.allclose(factor, torch.ones_like(factor), atol=1e-3):
        return
    touched = torch.stack([(factor - f).abs() < 1e-3 for f in (0.0, *_by(p))])
    named = touched.any(0).all() and factor.any()
    t.fail(
        say("linear(0) is the bias, and so should this be, with some weights dropped."),
        expected=say("the bias itself"),
        got=say(
            "{min_factor:.3g} to {max_factor:.3g} times the bias",
            min_factor=factor.min() + 0.0,
            max_factor=factor.max(),
        ),
        mistake="masks-bias" if named else None,
        advice=say("Add the bias at the end, as it is."),
    )


def _weight_masks(t: Trial, layer: Layer, linear: nn.Linear, p: float) -> None:
    t.part("one mask per forward, scaled by 1/(1-p)")
    weight, bias = linear.weight.detach(), linear.bias.detach()
    row = nonzero(t, 24, dtype=weight.dtype)
    out = layer(row.expand(7, 24).clone())
    t.require(
        torch.allclose(out, out[:1].expand(7, 9), rtol=1e-4, atol=1e-4),
        say("the same example, seven times in one batch, gives different results."),
        expected=say("one mask of the weight's shape for the whole batch"),
        advice=say("Draw the coins for the weight, not for the examples."),
    )
    eye = torch.eye(24, dtype=weight.dtype)

    columns = [(out - bias).T for out in layer.calls(41, eye)]  # each (9, 24)
    masked = [torch.where(each.abs() < 1e-4, 0.0, each) for each in columns]
    masks = kept(masked[:-1])
    shared = {
        0: (say("every forward pass drops the same weights."), "fixed-mask"),
        1: (
            say("all outputs lose the same inputs: one coin per column of the weight."),
            None,
        ),
        2: (
            say("the weights of one output are dropped all together."),
            "masks-outputs",
        ),
    }
    independent(t, masks, shared=shared)
    _dropped(t, masks, p, say("the part of weights that is dropped"))
    scaled(t, masked[-1], weight, p)
    x = nonzero(t, 2, 3, 24, dtype=weight.dtype)
    t.tensor(layer(x), shape=(2, 3, 9), dtype=weight.dtype)
    t.close(layer.eval()(x), linear(x).detach())


def _drop_connect_limits(t: Trial, answer: Any, dtype: torch.dtype) -> None:
    t.part("the limits p=0 and p=1, and no bias")
    x = nonzero(t, 4, 5, dtype=dtype)
    for bias in (True, False):
        linear = linear_layer(t, 5, 3, bias=bias, dtype=dtype)
        whole = linear(x).detach()
        layer = _drop_connect(t, answer, linear, 0.0)
        t.close(layer(x), whole, what=say("the result for p=0"))
        layer = _drop_connect(t, answer, linear, 1.0)
        out = layer(x)
        finite(t, out, say("p=1 gives numbers that are not finite."))
        alone = linear.bias.detach().expand(4, 3) if bias else torch.zeros_like(whole)
        t.close(out, alone.clone(), what=say("the result for p=1"))
        t.close(layer.eval()(x), whole, what=say("linear(x) at p=1"))
    t.part("a p outside [0, 1]")
    for bad in (-0.1, 1.5):
        t.raises(ValueError, answer, linear, bad)  # type: ignore[possibly-undefined]


def _drop_connect_gradients(
    t: Trial, answer: Any, p: float, dtype: torch.dtype
) -> None:
    t.part("gradients")
    linear = linear_layer(t, 24, 9, dtype=dtype)
    layer = _drop_connect(t, answer, linear, p)
    own = [id(q) for q in t.parameters(layer.module)]
    t.require(
        all(id(q) in own for q in linear.parameters()),
        say("linear's parameters are not among layer.parameters()."),
        advice=say(
            "Keep the linear layer itself as an attribute, not a copy and not a list: "
            "an optimizer must find its parameters."
        ),
    )
    t.require(
        all(q.requires_grad for q in linear.parameters()),
        say("linear's parameters can not be trained any more: requires_grad is False."),
        advice=say("Leave linear's parameters as they came."),
    )
    eye = torch.eye(24, dtype=dtype).requires_grad_()
    out = layer(eye)
    advice = say("Compute with linear.weight itself: no .detach(), .data or no_grad.")
    t.require(
        out.requires_grad, say("no gradient flows through the result."), advice=advice
    )
    columns = (out - linear.bias).detach().T
    mask = (columns.abs() > 1e-4).to(dtype) / (1 - p)
    g = nonzero(t, 24, 9, dtype=dtype)
    names = ("linear.weight", "linear.bias", say("the input"))

    def explain(error: Raised) -> None:
        if error.says("RuntimeError", "inplace operation"):
            t.fail(
                say(
                    "the gradient can not be computed: linear.weight was changed "
                    "meanwhile."
                ),
                mistake="overwrites-weight",
            )

    grads = t.gradients(out, [linear.weight, linear.bias, eye], g, explain=explain)
    for name, grad in zip(names, grads, strict=True):
        t.require(
            grad is not None,
            say("no gradient reaches {name}.", name=name),
            advice=advice,
        )
    unmasked = {"overwrites-weight": g.T}
    t.close(
        grads[0],
        g.T * mask,
        what=say("the gradient of linear.weight"),
        mistakes=unmasked,
    )
    t.close(grads[1], g.sum(0), what=say("the gradient of linear.bias"))
    t.close(
        grads[2], g @ (linear.weight.detach() * mask), what=say("the input's gradient")
    )


# -- 2.6 ----------------------------------------------------------------------------


@exercise(
    "2.6",
    mistakes={
        "averages-logits": say(
            "The logits (or log-probabilities) are averaged, not the probabilities. "
            "Apply softmax to each thinned network's logits, then average."
        ),
        "dropout-off": say(
            "Dropout is off, so all samples are one and the same network. In eval mode "
            "there is nothing to average: the dropout layers must be in train mode "
            "while you sample."
        ),
        "votes": say(
            "Each thinned network casts a vote for its top class, and the votes are "
            "counted. Average the probabilities: a network that is half sure should "
            "count as half sure."
        ),
        "wrong-count": say(
            "The number of networks that are summed is not the number that the sum is "
            "divided by, or is not n_samples. range(n_samples) gives exactly n_samples "
            "passes; divide by n_samples."
        ),
        "mixes-examples": say(
            "The samples of different examples are mixed: a row of the result averages "
            "over other rows of x. If you repeat x, remember the order: x.repeat(S, 1) "
            "lies as (S, N), x.repeat_interleave(S, 0) as (N, S)."
        ),
        "leaves-train-mode": say(
            "What comes in evaluation mode leaves in train mode, so the model's next "
            "prediction is random. Remember each module's own `training` and put it "
            "back."
        ),
    },
)
def ensemble_predict(answer: Any, t: Trial) -> None:
    """Check 2.6: mean probabilities of thinned networks; modes restored."""
    t.part("type and shape")
    dtype, other = t.dtypes()
    net = ThinnedNetworks(t, dtype)
    probs = _ensemble(t, answer, net, 1)
    large = ThinnedNetworks(t, other)
    last: Any = large.model[-1]
    finite_at_large_logits(t, answer, large, 20, last=last)

    t.part("one sample is one thinned network")
    _one_thinned_network(t, net, probs)

    t.part("the mean over many thinned networks")
    n = 1000
    probs = _ensemble(t, answer, net, n)
    mean_is_off(
        t,
        probs,
        net.mean,
        n,
        what=say("thinned networks"),
        advice=say("Draw a new mask for each sample and divide by n_samples."),
        mistake=lambda: _off_because(probs, net, n),
    )

    _ensemble_modes(t, answer)
    _ensemble_gradients(t, answer, other)
    t.part("randomness")
    net = ThinnedNetworks(t, dtype)
    x = net.x.repeat(10, 1)
    case = "ensemble_predict(model, x, 3)"
    t.draws(lambda _: t.call(answer, net.model, x, 3), case=case, with_generator=False)


def _off_because(probs: Tensor, net: ThinnedNetworks, n: int) -> str | None:
    """Name what made a mean (12, 3) over n networks that is not the mean."""
    if net.averaged_logits(probs, n):
        return "averages-logits"
    bound = 6 / n**0.5 / 2  # six standard deviations of a mean of n probabilities
    if (probs - net.votes).abs().max() <= bound:
        return "votes"
    # each row is another's, or a mean of all
    gap = (probs[:, None] - net.mean[None]).abs().amax(-1)  # (rows, rows meant)
    of_all = (probs - net.mean.mean(0)).abs().max() <= bound
    places = gap.argmin(1)
    others = (gap.min(1).values <= bound).all() and len(places.unique()) == len(probs)
    return "mixes-examples" if of_all or others else None


def _one_thinned_network(t: Trial, net: ThinnedNetworks, probs: Tensor) -> None:
    """Require that each row of probs (12, 3) is what one thinned network predicts."""
    logits = torch.cat([net.logits, net.logits.log_softmax(-1)], 0)
    t.require(
        torch.allclose(
            probs.sum(-1), torch.ones(len(net.x), dtype=net.dtype), atol=1e-4
        ),
        say("the rows are not probabilities."),
        expected=say("rows that sum to 1"),
        got=say(
            "row sums {min_sum_value:.3g} … {max_sum_value:.3g}",
            min_sum_value=probs.sum(-1).min(),
            max_sum_value=probs.sum(-1).max(),
        ),
        mistake=_not_probabilities(probs, net, logits),
        advice=say("Apply softmax over the last dimension of the logits."),
    )
    if not among(probs[None], net.each):
        off = torch.allclose(probs, net.whole, atol=1e-4)
        worst, told = _strangest(probs, net)
        t.fail(
            say(
                "row {worst} is not the prediction of any thinned network.", worst=worst
            ),
            expected=say("with n_samples=1, what one thinned network says"),
            got=told,
            mistake="dropout-off" if off else _of_no_network(probs, net),
        )
    t.require(
        not torch.allclose(probs, net.whole, atol=1e-4),
        say("every row is the prediction of the whole network."),
        mistake="dropout-off",
    )


def _not_probabilities(
    probs: Tensor, net: ThinnedNetworks, logits: Tensor
) -> str | None:
    """Name why the rows of probs (12, 3) do not sum to 1, for n_samples=1."""
    if among(probs[None], logits):
        return "averages-logits"
    sums = probs.sum(-1, keepdim=True)
    if (sums > 0).all() and torch.allclose(sums, sums[:1].expand_as(sums), atol=1e-3):
        two = _means_of_two(net)
        if among((probs / sums)[None], net.each) or among((probs / sums)[None], two):
            return "wrong-count"
    return None


def _of_no_network(probs: Tensor, net: ThinnedNetworks) -> str | None:
    """Name what made rows that no thinned network predicts, for n_samples=1."""
    if ((probs == 0) | (probs == 1)).all():
        return "votes"
    return "wrong-count" if among(probs[None], _means_of_two(net)) else None


def _means_of_two(net: ThinnedNetworks) -> Tensor:
    """Return the means of all pairs of thinned networks, (1024, 12, 3)."""
    each: Tensor = net.each
    return (each[:, None] + each[None]).flatten(0, 1) / 2


def _strangest(probs: Tensor, net: ThinnedNetworks) -> tuple[int, str]:
    """Return the row of probs (12, 3) farthest from every thinned network."""
    gap = (probs[None] - net.each).abs().amax(-1).min(0).values  # (12,)
    worst = int(gap.argmax())
    return worst, row_of(probs, worst)


def _ensemble(t: Trial, answer: Any, net: ThinnedNetworks, n: int) -> Tensor:
    with kept_modes(net.model):  # the modes are checked later, each on its own
        case = f"ensemble_predict(model, x, {n})"
        probs = t.call(answer, net.model, net.x, n, case=case)
        return t.tensor(probs, shape=(12, 3), dtype=net.dtype).detach()


def _ensemble_modes(t: Trial, answer: Any) -> None:
    t.part("every module's own mode is restored")
    net = ThinnedNetworks(t, t.dtype())
    count = len(modes_of(net.model))
    mixed = [t.random.random() < 0.5 for _ in range(count - 2)]
    for modes in (
        [True] * count,
        [False] * count,
        [True, False, *mixed],
        [False, True, *mixed],
    ):
        put_modes(net.model, modes)
        probs = t.tensor(t.call(answer, net.model, net.x, 1), shape=(12, 3))
        require_modes(
            t,
            net.model,
            modes,
            left_on="leaves-train-mode",
            advice=say("Put each module's own `training` back, whatever it was."),
        )
        if not among(probs.detach()[None], net.each):
            if all(modes):
                t.fail(say("a row is not the prediction of any thinned network."))
            t.fail(
                say("a dropout layer that came in eval mode drops nothing."),
                mistake="dropout-off",
            )


def _ensemble_gradients(t: Trial, answer: Any, dtype: torch.dtype) -> None:
    t.part("no gradients")
    net = ThinnedNetworks(t, dtype)
    probs = t.call(answer, net.model, net.x, 2)
    no_graph(t, t.tensor(probs, shape=(12, 3), dtype=dtype))
    t.require(
        all(q.requires_grad for q in net.model.parameters()),
        say(
            "the model's parameters can not be trained any more: requires_grad is "
            "False."
        ),
        advice=say("Leave the parameters as they came; torch.no_grad() is enough."),
    )


# -- 2.7 ----------------------------------------------------------------------------

_Case = tuple[Tensor, Tensor, float]


@exercise(
    "2.7",
    mistakes={
        "no-one-minus-p": say(
            "The factor is p instead of p/(1-p). The noise of a survivor counts too: "
            "it is larger than x, by 1/(1-p). Take the variance of m/(1-p)."
        ),
        "odds-upside-down": say(
            "The factor is (1-p)/p, which is p/(1-p) upside down. Without dropout, p = "
            "0, there is no noise and so no penalty."
        ),
        "mask-variance": say(
            "The factor p(1-p) is the variance of the bare mask m. Inverted dropout "
            "divides it by 1-p, so the variance by (1-p)^2: p/(1-p)."
        ),
        "summed": say(
            "The squares are summed over the examples. The penalty belongs to the "
            "*mean* squared error, so take the mean over the rows of x."
        ),
        "plain-l2": say(
            "The size of x plays no part, or not its square. Dropping x_j takes away "
            "w_j·x_j, so what counts is w_j²·x_j²: a feature that is always 0 costs "
            "nothing, and one twice as large costs four times as much."
        ),
    },
)
def dropout_penalty(answer: Any, t: Trial) -> None:
    """Check 2.7: what dropout on the inputs adds to a mean squared error."""
    dtype, other = t.dtypes()

    t.part("type, shape and dtype")
    x, w, p = _features(t, 6, 4, dtype=dtype)
    t.tensor(t.call(answer, x, w, p), shape=(), dtype=dtype)

    t.part("a case worked by hand")
    x = torch.tensor([[1.0, 2.0], [3.0, 0.0]], dtype=other)
    w = torch.tensor([2.0, -1.0], dtype=other)
    cases = [(x, w, 0.2)]
    t.part("other numbers")
    cases += [_features(t, n, d, dtype=dtype) for n, d in ((7, 5), (4, 3), (1, 6))]
    _penalties(t, answer, cases)

    t.part("the limit p=0, and features that are always 0")
    x, w, p = _features(t, 5, 4, dtype=other)
    zero = torch.zeros((), dtype=other)
    t.close(t.call(answer, x, w, 0.0), zero)
    t.close(t.call(answer, torch.zeros_like(x), w, p), zero)

    t.part("a p outside [0, 1)")
    for bad in (-0.1, 1.0, 1.5):
        t.raises(ValueError, answer, x, w, bad)

    t.part("gradients")
    w = w.requires_grad_()
    out = t.tensor(t.call(answer, x, w, p), shape=(), dtype=other)
    flow = say(
        "Compute the result from w itself: no .detach(), .data, .item() or numpy."
    )
    grad = gradient(t, out, w, of="w", advice=flow)
    slope = 2 * p / (1 - p) * w.detach() * (x**2).mean(0)
    t.close(grad, slope, what=say("the gradient in w"))


def _features(t: Trial, n: int, d: int, *, dtype: torch.dtype) -> _Case:
    """Draw x (n, d) whose columns differ in size, w (d,), and a rate."""
    sizes = 0.5 + 2 * t.rand(d, dtype=dtype)
    return nonzero(t, n, d, dtype=dtype) * sizes, nonzero(t, d, dtype=dtype), rate(t)


def _right_penalty(x: Tensor, w: Tensor, p: float) -> Tensor:
    return p / (1 - p) * (w**2 * (x**2).mean(0)).sum()


def _wrong_penalties(x: Tensor, w: Tensor, p: float) -> dict[str, list[Tensor]]:
    """Return what each named mistake gives, written in one way or several."""
    energy, odds = (w**2 * (x**2).mean(0)).sum(), p / (1 - p)
    sizes = [x.abs().mean(0), x.mean(0), x.mean(0) ** 2, torch.ones_like(w)]
    return {
        "no-one-minus-p": [p * energy],
        "odds-upside-down": [(1 - p) / p * energy],
        "mask-variance": [p * (1 - p) * energy],
        "summed": [odds * len(x) * energy],
        "plain-l2": [odds * (w**2 * size).sum() for size in sizes],
    }


def _penalties(t: Trial, answer: Any, cases: list[_Case]) -> None:
    """Compare in all cases; a mistake is named if every case that fails fits it."""
    failed = []
    for x, w, p in cases:
        got = t.tensor(t.call(answer, x, w, p), shape=(), dtype=x.dtype)
        if not agree(got.detach(), _right_penalty(x, w, p), None, None):
            failed.append((x, w, p, got.detach()))
    if not failed:
        return
    fits = None
    for name in t.mistakes:
        ways = [
            [agree(got, way, None, None) for way in _wrong_penalties(x, w, p)[name]]
            for x, w, p, got in failed
        ]
        if any(all(column) for column in zip(*ways, strict=True)):
            fits = name
            break
    x, w, p, got = failed[0]
    t.call(answer, x, w, p)  # so that the message shows this case
    t.fail(
        say("the penalty is not right."),
        expected=f"{_right_penalty(x, w, p).item():.6g}",
        got=f"{got.item():.6g}",
        mistake=fits,
        advice=say(
            "It is p/(1-p) times the sum over features j of w_j² times the mean over "
            "examples of x_ij²."
        ),
    )
