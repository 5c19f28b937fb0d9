"""Checks of 06_stochastic_depth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.coins import independent, kept, nonzero, rate
from helpers.checks.vocabulary.dropped import (
    DIVIDED,
    bad_rates,
    limits,
    masked_gradient,
    no_zeros,
    scaled,
)
from helpers.checks.vocabulary.modes import Layer
from helpers.checks.vocabulary.subject import Outcome, Raised
from helpers.checks.vocabulary.witness import Passes, Witness
from helpers.words import say

COARSE: dict[str, Any] = {
    "rtol": 1e-4,
    "atol": 1e-5,
}  # float32 is exact enough for a rate

KEEP = say(
    "p is the probability of dropping. Here it is used as the probability of keeping: "
    "for small p almost everything disappears."
)
NOT_SCALED = say(
    "What survives is not scaled by 1/(1-p), so on average training adds only 1-p of "
    "it. The card asks for the inverted form: training makes up for the missing, and "
    "evaluation adds everything whole. (The paper scales at evaluation instead.)"
)
SCALE_P = say(
    "What survives is scaled by 1/p. It survives with probability 1-p, so what makes "
    "up for the times it is missing is 1/(1-p)."
)
NAN = say(
    "p=1 divides by 1-p = 0. When everything is dropped there is nothing to scale: "
    "treat p=1 before you divide."
)


# -- 6.1 ----------------------------------------------------------------------------


@exercise(
    "6.1",
    mistakes={
        "starts-at-zero": say(
            "The first rate is 0, so the first block is never dropped. In the paper's "
            "schedule block l of L has l/L · final_rate with l = 1 … L: the first has "
            "final_rate/L. (timm starts at 0; the card asks for the paper's.)"
        ),
        "ends-below": say(
            "The last rate is below final_rate. Block l of L has l/L · final_rate with "
            "l = 1 … L, so the last block, l = L, has final_rate itself; counting l "
            "from 0 never gets there."
        ),
    },
)
def drop_rates(answer: Any, t: Trial) -> None:
    """Check 6.1: l/L·final_rate for l = 1 … L."""
    t.part("a case by hand")
    _rates(t, answer, 4, 0.6)

    t.part("other depths and rates")
    for blocks in t.random.sample(range(5, 60), 3):
        _rates(t, answer, blocks, t.random.choice([0.15, 0.3, 0.45, 0.62, 0.9]))
    _rates(t, answer, 2, 0.3)

    t.part("the limits: one block, no dropping, dropping everything")
    _rates(t, answer, 1, 0.35)
    _rates(t, answer, t.random.randint(2, 9), 0.0)
    _rates(t, answer, t.random.randint(2, 9), 1.0)


def _rates(t: Trial, answer: Any, blocks: int, final: float) -> None:
    got = t.call(answer, blocks, final)
    expected = [(k + 1) / blocks * final for k in range(blocks)]
    values = _list_of_floats(t, got)
    if len(values) != len(expected):
        starts = len(values) == blocks + 1 and abs(values[0]) < 1e-6 < final
        ends = len(values) == blocks - 1 and values and values[-1] < final - 1e-4
        t.fail(
            say("there must be one rate per block."),
            expected=say("{blocks} rates", blocks=blocks),
            got=say("{n_values} rates", n_values=len(values)),
            mistake="starts-at-zero" if starts else "ends-below" if ends else None,
            advice=say("l runs from 1 to L, both included."),
        )
    if _near(values, expected):
        return
    shown = {"expected": _short(expected), "got": _short(values)}
    if _near(values, [1 - p for p in expected]):
        t.fail(
            say("these are probabilities of keeping a block, 1 minus the rate."),
            **shown,
        )
    if _near(values, expected[::-1]):
        t.fail(
            say("the rates fall from the first block to the last."),
            **shown,
            advice=say("The first blocks feed all others: they are dropped least."),
        )
    _as_survival(t, values, blocks, final, shown)
    if _near(values, [0.0] * (blocks - 1) + [final]):
        t.fail(
            say("all rates but the last are 0."),
            **shown,
            advice=say(
                "l // L cuts off to a whole number, which is 0 for every l below L. "
                "Write l / L."
            ),
        )
    if any(list(values) == [round(v, d) for v in expected] for d in (1, 2, 3)):
        t.fail(
            say("the rates are rounded."),
            **shown,
            advice=say("Return them as they are."),
        )
    starts = abs(values[0]) < 1e-6 < final
    ends = values[-1] < final - 1e-4 * max(final, 0.1)
    if starts and ends:
        t.fail(
            say("the first rate is 0, and the last is below final_rate."),
            **shown,
            mistake="ends-below",
        )
    t.fail(
        say("the rates are not right."),
        **shown,
        mistake="starts-at-zero" if starts else "ends-below" if ends else None,
        advice=say("Block l of L has l/L · final_rate, with l = 1 … L."),
    )


def _as_survival(
    t: Trial, values: Sequence[float], blocks: int, final: float, shown: dict[str, str]
) -> None:
    """Name a final_rate that was taken for Huang's p_L, a probability of survival."""
    falling = [1 - (k + 1) / blocks * (1 - final) for k in range(blocks)]
    if _near(values, falling) or _near(values, [1 - p for p in falling]):
        t.fail(
            say("final_rate is taken for the last block's probability of surviving."),
            **shown,
            advice=say(
                "Huang and others write p_l for survival. Here every rate is a "
                "probability of dropping, and the last block is dropped with "
                "final_rate."
            ),
        )


def _list_of_floats(t: Trial, got: object) -> list[float]:
    if isinstance(got, (Tensor, np.ndarray, np.generic)):
        advice = say("`.tolist()` turns it into a list of Python floats.")
        t.fail(
            say("the result is not a list."),
            expected=say("a list of floats"),
            got=t.kind(got),
            advice=advice,
        )
    if not isinstance(got, list):
        t.fail(
            say("the result is not a list."),
            expected=say("a list of floats"),
            got=t.kind(got),
            advice=say("Your function returns nothing: is `return` missing?")
            if got is None
            else say("`list(...)` around it, or square brackets, make one."),
        )
    return [t.number(v, what=say("rate {k}", k=k)) for k, v in enumerate(got, 1)]


def _near(values: Sequence[float] | Tensor, expected: Sequence[float] | Tensor) -> bool:
    a, b = (torch.as_tensor(v, dtype=torch.float64) for v in (values, expected))
    return a.shape == b.shape and torch.allclose(a, b, **COARSE)


def _short(values: Sequence[float]) -> str:
    texts = [f"{v:.4g}" for v in values]
    if len(texts) > 6:
        texts = [*texts[:3], "…", *texts[-2:]]
    return "[" + ", ".join(texts) + "]"


# -- 6.2 ----------------------------------------------------------------------------


@exercise(
    "6.2",
    mistakes={
        "per-element": say(
            "Parts of an example are dropped and other parts are not: that is dropout. "
            "Drop path tosses one coin per example, for all of its numbers: a mask of "
            "shape (N, 1, …, 1)."
        ),
        "per-batch": say(
            "One coin decides for the whole batch: all examples keep the block or all "
            "lose it. Toss a coin for each example: a mask of shape (N, 1, …, 1)."
        ),
        "not-scaled": NOT_SCALED,
        "scales-by-p": SCALE_P,
        "keep-probability": KEEP,
        "active-at-evaluation": say(
            "Residuals are still dropped at evaluation. A trained network must answer "
            "the same question the same way: evaluation tosses no coin and returns the "
            "residual as it is."
        ),
        "nan-at-one": NAN,
    },
)
def drop_path(answer: Any, t: Trial) -> None:
    """Check 6.2: one coin per example, for any shape, inverted."""
    p, (dtype, other) = rate(t), t.dtypes()
    x = nonzero(t, 160, 2, 3, dtype=dtype)

    t.part("type, shape and dtype")
    explain = _coins_out_of_line(answer, t, p)
    got = t.call(answer, x, p, True, t.generator(), explain=explain)
    out = t.tensor(got, like=x)
    quiet = t.tensor(t.call(answer, x, p, False, t.generator()), like=x)
    no_zeros(t, quiet, what=say("residuals"))

    t.part("one coin per example")
    g = t.generator()
    entries = kept(t.calls(160, answer, x, p, True, g)).flatten(2)
    _whole(t, entries)
    shared = {
        1: (say("all examples of the batch share one coin."), "per-batch"),
        0: (say("two calls in a row toss the same coins."), None),
    }
    masks = entries[..., 0]  # (calls, N)
    independent(t, masks, shared=shared)
    wrong = {"keep-probability": 1 - p}
    what = say("the part of examples whose residual is dropped")
    t.fraction(float((~masks).sum()), masks.numel(), p, what=what, mistakes=wrong)

    t.part("survivors are scaled by 1/(1-p)")
    scaled(t, out, x, p)

    t.part("any number of dimensions")
    for shape in ((300,), (200, 3), (200, 2, 1, 3), (200, 1, 2, 2, 2)):
        y = nonzero(t, *shape, dtype=t.dtype())
        out = t.tensor(t.call(answer, y, p, True, t.generator()), like=y)
        alive = (out != 0).unsqueeze(-1).flatten(1)  # (N, n)
        _whole(t, alive[None])
        t.require(
            alive.any() and not alive.all(),
            say("all {size} examples share one coin.", size=shape[0]),
            mistake="per-batch",
        )
        scaled(t, out, y, p)
        t.close(t.call(answer, y, p, False), y, advice=_ALREADY)

    t.part("evaluation is the identity")
    y = torch.tensor([[1.0, -2.0], [4.0, 0.5]], dtype=other)
    t.close(t.call(answer, y, p, False), y, advice=_ALREADY)
    t.part("the limits p=0 and p=1")
    for kind in (dtype, other):
        limits(t, answer, nonzero(t, 3, 2, dtype=kind))
    bad_rates(t, answer, y)
    t.part("gradients")
    x = nonzero(t, 200, 3, dtype=other).requires_grad_()
    out = t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    masked_gradient(t, out, x, 1 / (1 - p), of=say("the residual"), advice=_FLOW)
    t.part("randomness")
    x = nonzero(t, 200, 2)
    case = "drop_path(residual, 0.5, True)"
    t.draws(lambda g: t.call(answer, x, 0.5, True, g), case=case)


def _coins_out_of_line(answer: Any, t: Trial, p: float) -> Callable[[Raised], None]:
    """Return what explains an error by a mask of shape (N,) or (N, 1).

    Such a mask meets the last dimensions instead of the first. Where all dimensions are
    equally long no error comes, and every example loses the same parts.
    """

    def explain(_error: Raised) -> None:
        cube = nonzero(t, 6, 6, 6)
        for _ in range(8):
            done = t.outcome(answer, cube, p, True, t.generator())
            if done.raised is not None or not isinstance(done.value, Tensor):
                return
            gone = done.value == 0
            if gone.shape != cube.shape or not (gone == gone[:1]).all():
                return
            if gone.any() and not gone.all():
                t.fail(
                    say(
                        "the coins meet the wrong dimension, so every example loses "
                        "the same parts (and most other shapes give an error)."
                    ),
                    expected=say("each example all there or all zero"),
                    advice=say(
                        "Broadcasting lines shapes up at their ends: a mask of shape "
                        "(N,) meets the last dimension, not the first. Give it the "
                        "shape (N, 1, …, 1), as many dimensions as the residual has."
                    ),
                )

    return explain


_ALREADY = say("Training has scaled already; evaluation returns the residual as it is.")


def _whole(t: Trial, entries: Tensor) -> None:
    """Require that each example, entries (calls, N, n), is all there or all zero."""
    t.require(
        (entries == entries[..., :1]).all(),
        say("an example's residual is dropped in part."),
        expected=say("each example all there or all zero"),
        mistake="per-element",
    )


_FLOW = say("Compute the result from the input itself: no .detach(), .data or numpy.")


# -- 6.3 ----------------------------------------------------------------------------


@exercise(
    "6.3",
    mistakes={
        "computes-then-masks": say(
            "The block is computed although its result is thrown away. Then nothing is "
            "saved: toss the coin first, and return x without calling the block."
        ),
        "active-at-evaluation": say(
            "The block is still skipped at evaluation. A trained network must answer "
            "the same question the same way: in eval mode the result is always x + "
            "block(x). Ask `self.training`."
        ),
        "not-scaled": say(
            "A block that runs is not scaled by 1/(1-p), so on average training adds "
            "only 1-p of it. The card asks for the inverted form: training makes up "
            "for the missing, and evaluation adds everything whole. (The paper scales "
            "at evaluation instead.)"
        ),
        "scales-by-p": say(
            "A block that runs is scaled by 1/p. It runs with probability 1-p, so what "
            "makes up for the times it is missing is 1/(1-p)."
        ),
        "keep-probability": KEEP,
        "fixed-coin": say(
            "Every forward pass gets the same coin. Toss a new one in each `forward`: "
            "not in `__init__`, and never after seeding."
        ),
        "nan-at-one": say(
            "p=1 divides by 1-p = 0. A block with p=1 never runs in training: divide "
            "only where a block has run."
        ),
    },
)
def StochasticDepth(answer: Any, t: Trial) -> None:
    """Check 6.3: one coin per batch; a skipped block is not called."""
    p, (dtype, other) = rate(t), t.dtypes()
    x = nonzero(t, 3, 4, dtype=dtype)

    t.part("an nn.Module that holds the block")
    block = _Block(t, 4, dtype)
    layer = _build(t, answer, block, p)

    t.part("evaluation always adds the block")
    model = layer.nested().eval()
    quiet = torch.stack([t.tensor(out, like=x) for out in model.calls(120, x)])
    t.require(
        torch.equal(quiet, quiet[:1].expand_as(quiet)),
        say("in eval mode the result changes from call to call."),
        expected=say("always x + block(x)"),
        mistake="active-at-evaluation",
    )

    t.part("training tosses one coin per batch")
    model.train()
    ratios, saved = _watch(t, layer, block, x)
    _one_coin(t, ratios, saved, answer, p)
    t.part("a skipped block is not called")
    dropped = (ratios == 0).flatten(1).all(1)
    t.require(
        saved[dropped].all(),
        say("the result is x, but the block was called."),
        expected=say("no call of the block when the coin says skip"),
        mistake="computes-then-masks",
    )
    wrong = {"keep-probability": 1 - p}
    what = say("the part of calls that skip the block")
    t.fraction(float(dropped.sum()), len(dropped), p, what=what, mistakes=wrong)

    t.part("a block that runs is scaled by 1/(1-p)")
    _factor(t, ratios[~dropped], p)
    _never_at_one(t, answer)

    t.part("evaluation is x + block(x)")
    _evaluation(t, layer, block, x)
    _other_shapes(t, answer, p, other)
    _other_blocks(t, answer, x)
    _depth_limits(t, answer, nonzero(t, 3, 4, dtype=dtype))
    _block_gradients(t, answer, dtype)
    t.part("randomness")
    layer = _build(t, answer, _Block(t, 4, torch.float32), 0.5)
    x = nonzero(t, 1, 4)
    t.draws(
        lambda _: torch.stack(t.calls(60, layer.module, x)),
        case=say("60 forward passes"),
        with_generator=False,
    )
    _builds_without_seeding(t, answer)


class _Block(Witness):
    """x · weight · factor, never near 0."""

    def __init__(self, t: Trial, features: int, dtype: torch.dtype) -> None:
        super().__init__(Passes(t.random.uniform(0.7, 1.4)))
        self.weight = nn.Parameter(nonzero(t, features, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * self.weight

    def slope(self) -> Tensor:
        """Return block(x) / x, (features,)."""
        return self.weight.detach() * self.passes.factor


class _Doubles(nn.Module):
    """2x in training, at evaluation x itself."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x if self.training else x


class _Forbidden(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise _Called(say("the block was called"))


class _Called(Exception):
    pass


def _build(t: Trial, answer: Any, block: nn.Module, p: float) -> Layer:
    errors = DIVIDED if p == 1 else None
    case = f"StochasticDepth(block, {p})"
    made = t.call(answer, block, p, case=case, errors=errors, may_change=True)
    layer = Layer(t, made, errors=DIVIDED)
    wanted = sorted(tuple(q.shape) for q in block.parameters())
    own = t.parameters(layer.module) if wanted else []
    found = [tuple(q.shape) for q in own if q.requires_grad]
    t.require(
        all(found.count(shape) >= wanted.count(shape) for shape in wanted),
        say("the block's parameters are not among layer.parameters()."),
        advice=say(
            "Keep the block itself as an attribute, not in a list or a lambda: an "
            "optimizer must find its parameters, and train() and eval() the block."
        ),
    )
    return layer


def _pass(t: Trial, layer: Layer, x: Tensor) -> Tensor:
    return t.tensor(layer(x), like=x).detach().clone()


def _watch(
    t: Trial, layer: Layer, block: _Block, x: Tensor, calls: int = 400
) -> tuple[Tensor, Tensor]:
    """Call the layer; return (result - x) / block(x), (calls, N, d), and (calls,) bool:
    True where the block has not been given all examples."""
    f, ratios, saved = x * block.slope(), [], []
    for _ in range(calls):
        block.passes.take()
        out = _pass(t, layer, x)
        given = sum(each.examples for each in block.passes.take())
        saved.append(given < len(x))
        if not given:
            advice = say("A block that is skipped adds nothing: x passes on as it is.")
            t.close(
                out, x, what=say("the result when the block is skipped"), advice=advice
            )
        ratio = (out - x) / f
        alone = torch.allclose(out, torch.zeros_like(out), atol=1e-6)
        t.require(
            not alone,
            say("the result is 0: the skip connection is missing."),
            expected=say("x when the block is skipped, else x + block(x)/(1-p)"),
            advice=say("x is always there. Only the block's part comes and goes."),
        )
        ratios.append(torch.where(ratio.abs() < 1e-4, 0.0, ratio))
    return torch.stack(ratios), torch.tensor(saved)


def _one_coin(t: Trial, ratios: Tensor, saved: Tensor, answer: Any, p: float) -> None:
    """Require that every call skips all or nothing, and that both happen."""
    gone = (ratios == 0).flatten(1)  # (calls, entries)
    if not (gone == gone[:, :1]).all():
        mixed = (gone != gone[:, :1]).any(1)
        t.fail(
            say("the block's result is dropped for a part of the batch only."),
            expected=say("one coin for the whole batch"),
            mistake=None if saved[mixed].any() else "computes-then-masks",
            advice=say("Toss one coin per call. Coins per example are drop_path, 6.2."),
        )
    if gone.all() or not gone.any():
        _never_or_always(t, answer, p, always=bool(gone.all()))


def _never_or_always(t: Trial, answer: Any, p: float, *, always: bool) -> None:
    x = nonzero(t, 2, 4)
    outs = []
    for _ in range(60):
        layer = _build(t, answer, _Block(t, 4, torch.float32), p)
        outs.append([torch.equal(_pass(t, layer, x), x) for _ in range(8)])
    skips = torch.tensor(outs)
    states = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        _pass(t, layer, x)  # type: ignore[possibly-undefined]  # the last one
        states.append(torch.get_rng_state())
    constant = bool((skips == skips[:, :1]).all())
    drawn_once = constant and not skips.all() and bool(skips.any())
    seeded = torch.equal(*states) or _same_number(t, answer, x)
    t.fail(
        say(
            "in training one layer {word} skips its block.",
            word=say("always") if always else say("never"),
        ),
        expected=say("it is skipped with probability {p}", p=p),
        mistake="fixed-coin" if drawn_once or seeded else None,
        advice=say(
            "In train mode toss a coin in each forward, and skip the block with "
            "probability p."
        ),
    )


def _same_number(t: Trial, answer: Any, x: Tensor) -> bool:
    """Tell whether one number decides: skipped always for p=0.9, never for p=0.1."""
    skips = []
    for p in (0.9, 0.1):
        layer = _build(t, answer, _Block(t, 4, torch.float32), p)
        skips.append([torch.equal(_pass(t, layer, x), x) for _ in range(150)])
    return all(skips[0]) and not any(skips[1])


def _never_at_one(t: Trial, answer: Any) -> None:
    """Require that p=1 returns x and never runs the block."""
    layer = _build(t, answer, _Forbidden(), 1.0)
    x = nonzero(t, 2, 3)
    errors = {"_Called": "computes-then-masks", **DIVIDED}
    case = say("StochasticDepth(block, 1.0)(x) in training, where block must never run")
    out = t.call(layer.module, x, case=case, errors=errors)
    t.close(out, x)


def _factor(t: Trial, ratios: Tensor, p: float) -> None:
    """Require (result - x) / block(x) = 1/(1-p) wherever the block has run."""
    factor = 1 / (1 - p)
    if torch.allclose(ratios, torch.full_like(ratios, factor), rtol=1e-3):
        return
    wrong = {"not-scaled": (1.0, 1 - p, p), "scales-by-p": (1 / p,)}
    named = (
        name
        for name, values in wrong.items()
        if any(
            torch.allclose(ratios, torch.full_like(ratios, v), rtol=1e-3)
            for v in values
        )
    )
    low, high = ratios.min().item(), ratios.max().item()
    t.fail(
        say("a block that runs is not added with the right size."),
        expected=f"x + {factor:.4g} · block(x)",
        got=f"x + {low:.4g} · block(x)"
        if high - low < 1e-2
        else f"x + ({low:.4g} … {high:.4g}) · block(x)",
        mistake=next(named, None),
        advice=say("x is added as it is; only the block is divided by 1-p."),
    )


def _evaluation(t: Trial, layer: Layer, block: _Block, x: Tensor) -> None:
    right = x + x * block.slope()
    t.close(_pass(t, layer.eval(), x), right, advice=_SCALED)
    model = layer.train().nested().eval()
    t.close(_pass(t, model, x), right, advice=_SCALED)


_SCALED = say(
    "At evaluation the result is x + block(x): nothing is skipped, and nothing is "
    "scaled, since training has scaled already."
)


def _other_shapes(t: Trial, answer: Any, p: float, dtype: torch.dtype) -> None:
    t.part("other shapes and dtypes")
    for shape in ((5,), (2, 3, 5), (2, 2, 3, 5)):
        block = _Block(t, 5, dtype)
        layer, x = _build(t, answer, block, p), nonzero(t, *shape, dtype=dtype)
        f = x * block.slope()
        for _ in range(3):
            out = _pass(t, layer.train(), x)
            full = x + f / (1 - p)
            t.close(out, full if (out - x).abs().max() > 1e-6 else x)
            t.close(_pass(t, layer.eval(), x), x + f, advice=_SCALED)


def _other_blocks(t: Trial, answer: Any, x: Tensor) -> None:
    t.part("other blocks")
    layer = _build(t, answer, _Doubles(), 0.0)
    for train in (False, True):
        right = x + (2 * x if train else x)
        t.close(_pass(t, layer.train(train), x), right, advice=_MODE)
    layer = _build(t, answer, nn.Identity(), 0.5)  # its output is x itself
    for _ in range(12):
        _pass(t, layer.train(), x)


_MODE = say(
    "This block behaves differently in training and at evaluation. train() and eval() "
    "of your module reach it; do not set its mode yourself."
)


def _builds_without_seeding(t: Trial, answer: Any) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(t.random.getrandbits(32))
        _build(t, answer, nn.Identity(), 0.5)
        states.append(torch.get_rng_state())
    t.require(
        not torch.equal(*states),
        say("building the layer seeds torch's global generator."),
        advice=say("Whoever uses the layer has seeded already: never seed inside it."),
    )


def _depth_limits(t: Trial, answer: Any, x: Tensor) -> None:
    t.part("the limits p=0 and p=1")
    for p in (0.0, 1.0):
        block = _Block(t, 4, x.dtype)
        layer, whole = _build(t, answer, block, p), x + x * block.slope()
        for _ in range(20):
            out = _pass(t, layer.train(), x)
            t.require(
                out.isfinite().all(),
                say("p={p:g} gives numbers that are not finite.", p=p),
                expected="x",
                got=out,
                mistake="nan-at-one" if p == 1 else None,
            )
            t.close(out, whole if p == 0 else x, what=say("training with p={p:g}", p=p))
        t.close(
            _pass(t, layer.eval(), x), whole, what=say("evaluation with p={p:g}", p=p)
        )
    t.part("a p outside [0, 1]")
    for bad in (-0.1, 1.5):
        for training in (True, False):
            _refuses(t, answer, bad, x, training)


def _refuses(t: Trial, answer: Any, p: float, x: Tensor, training: bool) -> None:
    """Require a ValueError, at construction (as the card says) or in forward."""
    block = _Block(t, 4, x.dtype)
    case = f"StochasticDepth({t.describe(block)}, {p:g})"
    done = t.outcome(answer, block, p, case=case)
    if done.raised is None:
        t.set_mode(done.value, training)
        done = Outcome(raised=t.outcome(done.value, x, case=case).raised)
    t.refused(ValueError, done)


def _block_gradients(t: Trial, answer: Any, dtype: torch.dtype) -> None:
    t.part("gradients")
    block = _Block(t, 4, dtype)
    layer = _build(t, answer, block, 0.5)
    shape = block.weight.shape
    own = [q for q in t.parameters(layer.module) if q.shape == shape]
    x = nonzero(t, 2, 4, dtype=dtype).requires_grad_()
    seen: set[bool] = set()
    for _ in range(200):
        if len(seen) == 2:
            return
        case = say("layer(x) in training mode, x requires grad")
        out = t.call(layer.module, x, case=case)
        ran = not torch.allclose(out, x)
        t.require(out.requires_grad, say("no gradient flows."), advice=_FLOW)
        to_x, to_block = t.gradients(out, [x, own[0]])
        t.require(to_x is not None, say("no gradient reaches x."), advice=_FLOW)
        factor = 2.0 if ran else 0.0
        expected = 1 + factor * block.slope().expand_as(x)
        t.close(to_x, expected, what=say("the gradient of result.sum() to x"))
        if ran:
            t.require(
                to_block is not None,
                say("no gradient reaches the block."),
                advice=_FLOW,
            )
            right = 2 * block.passes.factor * x.detach().sum(0)
            t.close(to_block, right, what=say("the block's gradient"))
        seen.add(ran)


# -- 6.4 ----------------------------------------------------------------------------


@exercise(
    "6.4",
    mistakes={
        "sums-the-rates": say(
            "This is the expected number of blocks that are *dropped*: the sum of the "
            "rates. A block runs with probability 1 - rate; sum that."
        ),
        "fraction": say(
            "This is a share of the blocks, between 0 and 1, not a number of blocks. "
            "Sum over the blocks; do not divide by how many there are."
        ),
        "assumes-linear": say(
            "This follows from a few of the rates, or from their number alone, as if "
            "they lay on a known line. Use every rate in the list: any schedule may "
            "come."
        ),
    },
)
def expected_depth(answer: Any, t: Trial) -> None:
    """Check 6.4: the expected number of blocks that run, for any schedule."""
    t.part("a case by hand")
    _depth(t, answer, [k / 12 for k in range(1, 7)])

    t.part("other linear schedules")
    sizes = [n for n in range(5, 60) if n % 4 in (1, 2)]  # 3/4 of them is no whole one
    for blocks in t.random.sample(sizes, 2):
        final = t.random.choice([0.15, 0.3, 0.45, 0.62, 0.9])
        _depth(t, answer, [final * (k + 1) / blocks for k in range(blocks)])

    t.part("any schedule")
    for _ in range(3):
        _depth(t, answer, _bent(t), bent=True)
    # No pair meets, by chance, what another mistake than counting rates once gives.
    twice, thrice = sorted(t.random.sample([0.15, 0.3, 0.6, 0.85], 2))
    _depth(t, answer, [twice, thrice, thrice, twice, thrice])
    _depth(t, answer, [0.6, 0.0, 0.3, 0.0, 1.0])

    t.part("the limits: all rates 0, all rates 1, one block")
    for rates in ([0.0] * 7, [1.0] * 3, [0.35]):
        _depth(t, answer, rates)


def _bent(t: Trial) -> list[float]:
    """Draw different rates in no order, far from every linear guess at their sum."""
    while True:
        count = t.random.randint(5, 12)
        pool = [k / 100 for k in range(3, 98)]
        rates = t.random.sample(pool, count)
        right = sum(1 - p for p in rates)
        if all(abs(right - guess) > 0.2 for guess in _linear_guesses(rates)):
            return rates


def _linear_guesses(rates: Sequence[float]) -> list[float]:
    """Return what answers say that look at the ends of a schedule only."""
    n, right = len(rates), sum(1 - p for p in rates)
    guesses = [0.75 * n, (3 * n - 1) / 4]  # a quarter is skipped at a last rate of 0.5
    for end in (rates[-1], max(rates)):
        guesses += [n - end * (n + 1) / 2, n * (1 - end / 2), n - end * (n - 1) / 2]
    for low, high in ((rates[0], rates[-1]), (min(rates), max(rates))):
        guesses.append(n * (1 - (low + high) / 2))
    rounded = (math.floor(right), math.ceil(right))
    return [g for g in guesses if g not in rounded]  # that may be rounding


def _depth(t: Trial, answer: Any, rates: list[float], *, bent: bool = False) -> None:
    given, n = list(rates), len(rates)
    got = t.number(t.call(answer, given))
    t.require(
        given == rates,
        say("your code changes the list of rates."),
        advice=say("Only read it."),
    )
    right, total = sum(1 - p for p in rates), sum(rates)
    guesses = _linear_guesses(rates)
    wrong: dict[str, list[float]] = {
        "sums-the-rates": [total],
        "fraction": [right / n, total / n, *(g / n for g in guesses)],
        "assumes-linear": guesses,
    }
    if n == 1:
        wrong.pop("fraction")
    if _near([got], [right]):
        return
    named = (m for m, vs in wrong.items() if any(_near([got], [v]) for v in vs))
    mistake = next(named, "assumes-linear" if bent else None)
    t.fail(
        say("the expected depth is not right."),
        expected=say("{right:.4g} of {n} blocks", right=right, n=n),
        got=f"{got:.4g}",
        mistake=mistake,
        advice=say(
            "Add up, over the blocks, the probability that each one runs. The result "
            "need not be a whole number."
        ),
    )


# -- 6.5 ----------------------------------------------------------------------------


@exercise(
    "6.5",
    mistakes={
        "mean-rate": say(
            "This is the binomial distribution, as if every block had the mean rate. "
            "Its mean is right and its spread too wide. Every block tosses a coin of "
            "its own: put the blocks in one after another, each with its rate."
        ),
        "swapped": say(
            "The distribution stands the wrong way round: place k holds the "
            "probability that k blocks are *dropped*. A rate is the probability of "
            "dropping; a block runs with probability 1 - rate."
        ),
        "not-normalized": say(
            "The probabilities do not sum to 1. With every block the old distribution "
            "is split in two: rate of it stays at its depth, 1 - rate of it moves up "
            "by one. Nothing is lost, nothing is added."
        ),
    },
)
def depth_distribution(answer: Any, t: Trial) -> None:
    """Check 6.5: the Poisson–binomial distribution of the number of blocks that run."""
    t.part("a case by hand")
    hand = [0.5, 0.25]
    t.part("any schedule")
    sizes = t.random.sample(range(3, 10), 3)
    drawn = [[t.random.randint(1, 99) / 100 for _ in range(n)] for n in sizes]
    t.part("the limits: equal rates, rates of 0 and 1, one block")
    alike = [0.5] * t.random.randint(3, 8)
    ends = [0.0, 1.0, 0.0, t.random.choice([0.2, 0.3])]
    cases = [hand, *drawn, alike, ends, [0.35], [1.0] * 3, [0.0] * 4]
    results = [(rates, _distribution(t, answer, rates)) for rates in cases]
    missed = [(r, got) for r, got in results if not _near(got, _depths(r))]
    if not missed:
        return
    rates = missed[0][0]
    got = t.tensor(t.call(answer, [*rates]))
    if all(_near(each, _depths(r).cumsum(0)) for r, each in missed):
        t.fail(
            say("these are the chances of *at most* k blocks."),
            expected=_short(_depths(rates).tolist()),
            got=_short(got.tolist()),
            advice=say(
                "Leave the cumulative sum out: place k is for exactly k blocks."
            ),
        )
    t.fail(
        say("the probabilities are not right."),
        expected=_short(_depths(rates).tolist()),
        got=_short(got.tolist()) + say(", sum {sum_got:.4g}", sum_got=got.sum().item()),
        mistake=_named(missed),
        advice=say(
            "Start with [1]: no block, depth 0 for certain. Then put in one block "
            "after another."
        ),
    )


def _distribution(t: Trial, answer: Any, rates: list[float]) -> Tensor:
    """Return what the answer says, if it is a distribution by its form."""
    given = [*rates]
    got = t.tensor(t.call(answer, given))
    t.require(
        given == rates,
        say("your code changes the list of rates."),
        advice=say("Only read it."),
    )
    t.require(
        tuple(got.shape) == (len(rates) + 1,),
        say("the result has the wrong shape."),
        expected=say("shape ({n_rates},)", n_rates=len(rates) + 1),
        got=say("shape {shape}", shape=tuple(got.shape)),
        advice=say("There is a place for every depth from 0 to L: L + 1 of them."),
    )
    t.require(
        got.dtype == torch.float64,
        say("the result has the wrong dtype."),
        expected="torch.float64",
        got=got.dtype,
        advice=say(
            "Products of many small numbers want all digits: dtype=torch.float64."
        ),
    )
    t.require(
        got.isfinite().all(), say("the result contains NaN or infinity."), got=got
    )
    return got.detach()


def _depths(rates: Sequence[float]) -> Tensor:
    """Return the right probabilities: (L + 1,), float64."""
    chance = torch.ones(1, dtype=torch.float64)
    nothing = torch.zeros(1, dtype=torch.float64)
    for p in rates:
        stays, grows = torch.cat([chance, nothing]), torch.cat([nothing, chance])
        chance = p * stays + (1 - p) * grows
    return chance


def _named(missed: Sequence[tuple[list[float], Tensor]]) -> str | None:
    """Return the one mistake that explains every case that is not right."""
    fits: dict[str, Callable[[list[float], Tensor], bool]] = {
        "mean-rate": lambda r, got: _near(got, _depths([sum(r) / len(r)] * len(r))),
        "swapped": lambda r, got: _near(got, _depths([1 - p for p in r])),
        "not-normalized": lambda _, got: abs(got.sum().item() - 1) > 1e-3,
    }
    good = (name for name, fit in fits.items() if all(fit(r, got) for r, got in missed))
    return next(good, None)
