"""Checks of 11_sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.clipping import (
    Clipped,
    Clipping,
    clip,
    given_to,
    judge,
    left_by,
    near,
    per_tensor,
    shrunk,
    total,
    with_norm,
)
from helpers.checks.vocabulary.coins import independent, kept, nonzero, rate
from helpers.checks.vocabulary.dropped import (
    bad_rates,
    limits,
    masked_gradient,
    no_zeros,
    scaled,
)
from helpers.checks.vocabulary.modes import Layer
from helpers.words import say

FLOW = say("Compute the result from the input itself: no .detach(), .data or numpy.")
KEEP = say(
    "p is the probability of dropping. Here it is used as the probability of keeping: "
    "for small p almost everything disappears."
)


# -- 11.1 ---------------------------------------------------------------------------


@exercise(
    "11.1",
    mistakes={
        "new-mask-per-step": say(
            "Every time step has a mask of its own: that is ordinary dropout. Locked "
            "dropout draws one mask per example, of shape (1, N, H), and uses it at "
            "all T steps."
        ),
        "same-for-all-examples": say(
            "All examples of the batch share one mask. Draw one for each example: the "
            "shape is (1, N, H), and not (1, 1, H)."
        ),
        "not-scaled": say(
            "The survivors are not scaled by 1/(1-p), so on average training passes on "
            "only 1-p of x, and evaluation passes on all of it."
        ),
        "scales-by-p": say(
            "The survivors are scaled by 1/p. They survive with probability 1-p, so "
            "what makes up for the missing ones is 1/(1-p)."
        ),
        "keep-probability": KEEP,
        "active-at-evaluation": say(
            "Units are still dropped at evaluation. With training=False no coin is "
            "tossed and x is returned as it is."
        ),
        "nan-at-one": say(
            "p=1 divides by 1-p = 0. When everything is dropped there is nothing to "
            "scale: treat p=1 before you divide."
        ),
    },
)
def locked_dropout(answer: Any, t: Trial) -> None:
    """Check 11.1: one inverted mask per example, the same at all time steps."""
    p, (dtype, other) = rate(t), t.dtypes()
    x = nonzero(t, 5, 12, 40, dtype=dtype)

    t.part("type, shape and dtype")
    out = t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    quiet = t.tensor(t.call(answer, x, p, False, t.generator()), like=x)
    no_zeros(t, quiet, what=say("units"))

    t.part("one mask for all time steps")
    g = t.generator()
    masks = kept(t.calls(40, answer, x, p, True, g))  # (calls, T, N, H)
    _locked(t, masks)
    t.part("a mask for each example")
    shared = {
        0: (say("two calls in a row give the same mask."), None),
        1: (say("all examples share one mask."), "same-for-all-examples"),
        2: (say("all units of an example share one coin."), None),
    }
    coins = masks[:, 0]
    independent(t, coins, shared=shared)
    wrong = {"keep-probability": 1 - p}
    what = say("the part of units that is dropped")
    t.fraction(float((~coins).sum()), coins.numel(), p, what=what, mistakes=wrong)

    t.part("survivors are scaled by 1/(1-p)")
    scaled(t, out, x, p)
    t.part("other sizes")
    for shape in ((1, 9, 60), (7, 1, 300), (3, 200, 2), (4, 4, 80)):
        y = nonzero(t, *shape, dtype=t.dtype())
        out = t.tensor(t.call(answer, y, p, True, t.generator()), like=y)
        _locked(t, (out.detach() != 0)[None])
        scaled(t, out, y, p)

    t.part("evaluation is the identity")
    y = nonzero(t, 2, 3, 4, dtype=other)
    advice = say("Training has scaled already; evaluation returns x as it is.")
    t.close(t.call(answer, y, p, False), y, advice=advice)
    t.part("the limits p=0 and p=1")
    for kind in (dtype, other):
        limits(t, answer, nonzero(t, 2, 3, 4, dtype=kind))
    bad_rates(t, answer, y)
    t.part("gradients")
    x = nonzero(t, 3, 20, 10, dtype=other).requires_grad_()
    out = t.tensor(t.call(answer, x, p, True, t.generator()), like=x)
    masked_gradient(t, out, x, 1 / (1 - p), of=say("the input"), advice=FLOW)
    t.part("randomness")
    x = nonzero(t, 2, 20, 10)
    case = "locked_dropout(x, 0.5, True)"
    t.draws(lambda g: t.call(answer, x, 0.5, True, g), case=case)


def _locked(t: Trial, masks: Tensor) -> None:
    """Require masks (calls, T, N, H) that are the same at all T steps."""
    if (masks == masks[:, :1]).all():
        return
    if masks.shape[2] > 1 and (masks == masks[:, :, :1]).all():
        t.fail(
            say("the mask is new at each time step and shared by all examples."),
            expected=say("the same mask at all steps, another one for each example"),
            advice=say(
                "x is (T, N, H): time comes first, examples second. The mask has the "
                "shape (1, N, H)."
            ),
        )
    t.fail(
        say("a unit is dropped at one time step and kept at another."),
        expected=say("the same units dropped at all steps of an example"),
        mistake="new-mask-per-step",
    )


# -- 11.2 ---------------------------------------------------------------------------


def _always(grads: list[Tensor], limit: float) -> tuple[list[Tensor], None]:
    factor = limit / (total(grads) + 1e-6)
    return [g * factor for g in grads], None


def _says_clipped(grads: list[Tensor], limit: float) -> tuple[list[Tensor], float]:
    clipped, norm = shrunk(grads, limit)
    return clipped, min(limit, norm or 0.0)


@exercise(
    "11.2",
    from_scratch=r"clip_grad|get_total_norm",
    mistakes={
        "per-tensor": say(
            "Each gradient is shortened by its own norm. That changes the direction of "
            "the step. There is one norm, over the entries of all gradients together, "
            "and one factor for all of them."
        ),
        "scales-up": say(
            "Gradients that are short enough are made longer. Clipping only shortens: "
            "the factor is at most 1."
        ),
        "returns-clipped-norm": say(
            "The result is the norm after clipping, which is max_norm whenever "
            "anything happened. Return the norm before: that is the one worth "
            "watching."
        ),
    },
)
def clip_gradients_(answer: Any, t: Trial) -> None:
    """Check 11.2: one norm over all gradients, shortened in place, told before."""
    t.part("a case by hand")
    hand = [torch.tensor([3.0]), torch.tensor([4.0])]
    cases = [clip(t, answer, hand, 1.0), clip(t, answer, hand, 10.0)]
    t.part("any number of parameters, shapes and dtypes")
    for dtype in t.dtypes():
        grads = _some(t, dtype)
        norm = total([g for g in grads if g is not None])
        factors = (t.random.uniform(0.2, 0.7), t.random.uniform(1.5, 3.0), 0.05)
        cases += [clip(t, answer, grads, f * norm) for f in factors]
    t.part("a limit that is no limit")
    cases.append(clip(t, answer, _some(t, torch.float32), float("inf")))
    for case in cases:
        t.case = case.text
        t.number(case.returned)
    _judge_norm(t, cases)

    t.part("parameters from a generator")
    _judge_once(t, clip(t, answer, _some(t, torch.float32), 0.1, walks_once=True))
    t.part("no gradients, and gradients of 0")
    case = clip(t, answer, [None, None], 1.0)
    t.close(
        t.number(case.returned), 0.0, what=say("the norm where there is no gradient")
    )
    left_by(t, case)
    case = clip(t, answer, [torch.zeros(3), None], 1.0)
    t.close(t.number(case.returned), 0.0, what=say("the norm of zeros"))
    left = left_by(t, case)
    t.close(left[0], torch.zeros(3), what=say("a gradient of zeros after clipping"))


def _some(t: Trial, dtype: torch.dtype) -> list[Tensor | None]:
    """Draw gradients of very different sizes, one of them missing."""
    shapes = [(3, 4), (5,), (2, 2, 3), (1,)]
    grads: list[Tensor | None] = [
        t.random.uniform(0.3, 3.0) * t.randn(*shape, dtype=dtype) for shape in shapes
    ]
    grads.insert(t.random.randint(0, 4), None)
    return grads


def _judge_norm(t: Trial, cases: Sequence[Clipping]) -> None:
    mistakes: dict[str, Sequence[Clipped]] = {
        "returns-clipped-norm": [_says_clipped],
        "per-tensor": [per_tensor],
        "scales-up": [_always],
    }
    hints: list[tuple[str, Clipped]] = [
        (
            say(
                "The square root of the summed squares is missing: this norm is "
                "squared."
            ),
            with_norm(lambda gs: total(gs) ** 2),
        ),
        (
            say(
                "The norms of the tensors are added up. Add up their squares, and take "
                "the root at the end."
            ),
            with_norm(lambda gs: sum(total([g]) for g in gs)),
        ),
        (
            say(
                "This norm is the sum of absolute values. The 2-norm is the root of "
                "the summed squares."
            ),
            with_norm(lambda gs: sum(float(g.abs().sum()) for g in gs)),
        ),
        (
            say(
                "This norm is the largest entry. The 2-norm is the root of the summed "
                "squares of all entries."
            ),
            with_norm(lambda gs: max(float(g.abs().max()) for g in gs)),
        ),
        (
            say("Every entry is clamped on its own: that is clipping by value (11.5)."),
            lambda gs, c: ([g.clamp(-c, c) for g in gs], None),
        ),
        (
            say("The gradients are not changed. Change them in place, e.g. with mul_."),
            lambda gs, _: (gs, None),
        ),
    ]
    says = say("the norm before clipping")
    judge(t, cases, shrunk, mistakes, hints, says=says)


def _judge_once(t: Trial, case: Clipping) -> None:
    left = left_by(t, case)
    once = near(left, given_to(case))
    t.require(
        not once,
        say("with parameters that come from a generator nothing is clipped."),
        expected=say("clipped gradients"),
        got=say("the gradients as they were"),
        advice=say(
            "model.parameters() can be walked only once. Put what you need into a list "
            "first."
        ),
    )
    t.number(case.returned)
    _judge_norm(t, [case])


# -- 11.5 ---------------------------------------------------------------------------


@exercise(
    "11.5",
    mistakes={
        "scales-by-norm": say(
            "All entries are multiplied by one factor: that is clipping by norm "
            "(11.2). By value, each entry that is too large is set to the bound, and "
            "the others stay as they are."
        ),
        "one-sided": say(
            "Entries are clamped on one side only. The range is [-clip_value, "
            "clip_value]."
        ),
        "counts-tensors": say(
            "The result counts gradients, not their entries. Count every entry that "
            "was outside the range."
        ),
    },
)
def clip_gradients_by_value_(answer: Any, t: Trial) -> None:
    """Check 11.5: every entry within [-c, c], in place; how many were changed."""
    t.part("a case by hand")
    hand = [torch.tensor([3.0, -0.5]), torch.tensor([-4.0, 1.0])]
    cases = [clip(t, answer, hand, 1.0, keeps_objects=True)]
    t.part("any number of parameters, shapes and dtypes")
    for dtype in t.dtypes():
        grads = _some(t, dtype)
        for bound in (t.random.uniform(0.2, 0.6), 0.9, 50.0):
            cases.append(clip(t, answer, grads, bound, keeps_objects=True))
    for case in cases:
        t.case = case.text
        got = case.returned
        t.require(
            isinstance(got, int) and not isinstance(got, bool),
            say("the result is not a Python int."),
            expected=say("an int"),
            got=t.kind(got) + (f": {t.describe(got)}" if got is not None else ""),
            advice=say("`int(...)` or `.item()` makes one of a tensor.")
            if got is not None
            else say("Your function returns nothing: is `return` missing?"),
        )
    _judge_values(t, cases)
    t.part("parameters from a generator")
    grads = [3 + t.rand(4), None, -3 - t.rand(2, 2)]
    once = clip(t, answer, grads, 1.0, walks_once=True, keeps_objects=True)
    if once.returned == 0 or near(left_by(t, once), given_to(once)):
        t.fail(
            say("with parameters that come from a generator something is missing."),
            expected=say("clamped gradients, and 8 entries changed"),
            got=say("{returned} entries", returned=once.returned),
            advice=say(
                "model.parameters() can be walked only once. Put what you need into a "
                "list first."
            ),
        )
    _judge_values(t, [once])


def _outside(grads: Sequence[Tensor], c: float) -> float:
    return float(sum(int((g.abs() > c).sum()) for g in grads))


def _clamped(grads: list[Tensor], c: float) -> tuple[list[Tensor], float]:
    return [g.clamp(-c, c) for g in grads], _outside(grads, c)


def _judge_values(t: Trial, cases: Sequence[Clipping]) -> None:
    def counted(grads: list[Tensor], c: float) -> tuple[list[Tensor], float]:
        return _clamped(grads, c)[0], float(
            sum(bool((g.abs() > c).any()) for g in grads)
        )

    def all_tensors(grads: list[Tensor], c: float) -> tuple[list[Tensor], float]:
        return _clamped(grads, c)[0], float(len(grads))

    mistakes: dict[str, Sequence[Clipped]] = {
        "counts-tensors": [counted, all_tensors],
        "scales-by-norm": [
            _without_count(shrunk),
            per_tensor,
            with_norm(lambda gs: max(float(g.abs().max()) for g in gs)),
        ],
        "one-sided": [
            lambda gs, c: ([g.clamp(max=c) for g in gs], None),
            lambda gs, c: ([g.clamp(min=-c) for g in gs], None),
        ],
    }
    hints: list[tuple[str, Clipped]] = [
        (
            say(
                "Entries outside the range are set to 0. They are set to the bound "
                "that they crossed."
            ),
            lambda gs, c: ([g * (g.abs() <= c) for g in gs], None),
        ),
        (
            say("This counts all entries. Count those that were outside the range."),
            lambda gs, c: (_clamped(gs, c)[0], float(sum(g.numel() for g in gs))),
        ),
        (
            say(
                "This counts entries after clamping, when none is outside any more. "
                "Count first."
            ),
            lambda gs, c: (_clamped(gs, c)[0], 0.0),
        ),
        (
            say(
                "An entry that lies on the bound is not changed: count with >, not >=."
            ),
            lambda gs, c: (
                _clamped(gs, c)[0],
                float(sum(int((g.abs() >= c).sum()) for g in gs)),
            ),
        ),
        (
            say(
                "The gradients are not changed. Change them in place, e.g. with clamp_."
            ),
            lambda gs, _: (gs, None),
        ),
    ]
    says = say("the number of entries changed")
    judge(t, cases, _clamped, mistakes, hints, says=says)


def _without_count(flaw: Clipped) -> Clipped:
    return lambda grads, limit: (flaw(grads, limit)[0], None)


# -- 11.3 ---------------------------------------------------------------------------


@exercise(
    "11.3",
    mistakes={
        "drops-padding": say(
            "Padding is replaced, too. It stands for nothing, and the network must go "
            "on seeing where the sequence ends: only tokens that are not `pad` may "
            "become `unk`."
        ),
        "in-place": say(
            "Your code changes the tokens that it was given, so the next epoch would "
            "see them already damaged. Return a new tensor."
        ),
        "keep-probability": KEEP,
    },
)
def word_dropout(answer: Any, t: Trial) -> None:
    """Check 11.3: each token that is not padding becomes unk with probability p."""
    p = rate(t)
    t.part("type, shape and dtype")
    tokens, unk, pad = _tokens(t, 40, 30)
    out = t.tensor(t.call(answer, tokens, p, unk, pad, t.generator()), like=tokens)
    t.part("padding stays, and what changes becomes unk")
    _replaced(t, out, tokens, unk, pad)
    t.part("a coin for each token")
    plain, unk, pad = _tokens(t, 20, 30, padded=False)
    g = t.generator()
    outs = t.calls(40, answer, plain, p, unk, pad, g)
    same = torch.stack([out == plain for out in outs])
    shared = {
        0: (say("two calls in a row replace the same tokens."), None),
        1: (say("all sequences lose the tokens of the same places."), None),
        2: (say("whole sequences are replaced: all tokens share one coin."), None),
    }
    independent(t, same, shared=shared)
    wrong = {"keep-probability": 1 - p}
    what = say("the part of tokens that became unk")
    t.fraction(float((~same).sum()), same.numel(), p, what=what, mistakes=wrong)
    t.part("other sizes, dtypes and values of unk and pad")
    for shape, dtype in (((1, 50), torch.int32), ((60, 1), torch.int64)):
        for _ in range(2):
            tokens, unk, pad = _tokens(t, *shape, dtype=dtype)
            got = t.call(answer, tokens, p, unk, pad, t.generator())
            _replaced(t, t.tensor(got, like=tokens), tokens, unk, pad)
    t.part("the limits p=0 and p=1")
    tokens, unk, pad = _tokens(t, 5, 7)
    got = t.tensor(t.call(answer, tokens, 0.0, unk, pad, t.generator()), like=tokens)
    t.require(
        torch.equal(got, tokens), say("p=0 changes tokens."), expected=say("none")
    )
    got = t.tensor(t.call(answer, tokens, 1.0, unk, pad, t.generator()), like=tokens)
    _replaced(t, got, tokens, unk, pad)
    t.require(
        (got[tokens != pad] == unk).all(),
        say("p=1 leaves tokens as they are."),
        expected=say("unk wherever there is no padding"),
        advice=say(
            "torch.rand gives numbers in [0, 1): rand < p is always true for p=1."
        ),
    )
    t.part("a p outside [0, 1]")
    for bad in (-0.1, 1.5):
        t.raises(ValueError, answer, tokens, bad, unk, pad)
    t.part("randomness")
    tokens, unk, pad = _tokens(t, 10, 30, padded=False)
    case = say("word_dropout(tokens, 0.5, unk, pad)")
    t.draws(lambda g: t.call(answer, tokens, 0.5, unk, pad, g), case=case)


def _tokens(
    t: Trial,
    n: int,
    length: int,
    *,
    dtype: torch.dtype = torch.int64,
    padded: bool = True,
) -> tuple[Tensor, int, int]:
    """Draw tokens (n, length) with padding at the end, unk and pad."""
    unk, pad = t.random.sample(range(1, 12), 2)
    pad = t.random.choice([0, pad])
    words = 20 + t.integers(50, n, length)
    if padded:
        ends = 1 + t.integers(length, n, 1)
        words[torch.arange(length) >= ends] = pad
        words[0, -1] = pad
    return words.to(dtype), unk, pad


def _replaced(t: Trial, out: Tensor, tokens: Tensor, unk: int, pad: int) -> None:
    """Require that padding is as it was, and that other changes are to unk."""
    padding = tokens == pad
    changed = out != tokens
    elsewhere = changed & ~padding
    if (out[elsewhere] == pad).all() and elsewhere.any():
        t.fail(
            say("tokens become padding."),
            expected=say("unk, {unk}", unk=unk),
            got=say("pad, {pad}", pad=pad),
            advice=say("unk is the third argument, pad the fourth."),
        )
    t.require(
        (out[elsewhere] == unk).all(),
        say("a token becomes something else than unk."),
        expected=say("unk, {unk}, or the token itself", unk=unk),
        got=str(out[elsewhere][out[elsewhere] != unk][:1].tolist()),
    )
    moved = changed & padding
    t.require(
        not moved.any(),
        say("padding changes."),
        expected=say("pad, {pad}, wherever it was", pad=pad),
        got=say("{out} in one of its places", out=out[moved][:1].tolist()),
        mistake="drops-padding" if (out[moved] == unk).all() else None,
    )


# -- 11.4 ---------------------------------------------------------------------------


@exercise(
    "11.4",
    mistakes={
        "residual-dropped": say(
            "Dropout acts on the residual stream: with both branches switched off, x "
            "itself does not come through. Drop what a branch adds, before the "
            "addition, and leave x alone."
        ),
        "normalized-input-dropped": say(
            "Dropout acts on the normalized input of a branch. The three places are "
            "the attention weights, the attention's output and the feed-forward's "
            "output."
        ),
        "post-norm": say(
            "The normalization stands on the stream itself (post-norm), so x does not "
            "come through unchanged. In pre-norm each branch normalizes its own input: "
            "x + branch(norm(x))."
        ),
        "hidden-dropped": say(
            "Dropout acts inside the feed-forward network, between its two layers. "
            "That is a fourth place; the card names three. (nn.TransformerEncoderLayer "
            "has all four.)"
        ),
        "attention-weights-kept": say(
            "The attention weights are never dropped: their coins come after the "
            "softmax, before the values are averaged (dropout= of "
            "nn.MultiheadAttention)."
        ),
    },
    quiet=True,
)
def EncoderBlock(answer: Any, t: Trial) -> None:
    """Check 11.4: a pre-norm encoder block with dropout in exactly three places."""
    t.part("an nn.Module; shape and dtype")
    d, heads, hidden = t.random.choice([(8, 2, 23), (12, 3, 29), (8, 4, 19)])
    layer = _block(t, answer, d, heads, hidden, 0.4).eval()
    x = t.randn(3, 5, d)
    t.tensor(layer(x), like=x)
    t.tensor(layer(t.randn(1, 1, d)), shape=(1, 1, d))
    _quiet_at_evaluation(t, layer, x)
    _mixes(t, layer, x)
    _sizes(t, answer, d, heads, hidden)

    t.part("x comes through untouched")
    layer = _block(t, answer, d, heads, hidden, 0.4)
    parts = _Parts(t, layer, hidden, d)
    with parts.off(attention=True, feed_forward=True):
        t.close(layer.eval()(x), x, advice=_post(t, layer, x))
        layer.train()
        for _ in range(8):
            out = t.tensor(layer(x), like=x)
            t.require(
                torch.allclose(out, x, atol=1e-5),
                say("in training x does not come through, with both branches at 0."),
                expected="x",
                got=say("something else"),
                mistake="residual-dropped",
            )
    t.part("each branch sees its input normalized")
    for branch in ("attention", "feed_forward"):
        with parts.only(branch):
            _normalizes(t, layer.eval(), x, branch)
    t.part("dropout at the feed-forward's output, and nowhere else in that branch")
    with parts.only("feed_forward"):
        _last_coin(t, layer, parts, d)
    t.part("dropout on the attention's weights and output")
    one = _block(t, answer, d, 1, hidden, 0.4)
    parts = _Parts(t, one, hidden, d)
    with parts.only("attention"):
        _two_coins(t, one, parts, d)
        _weights_alone(t, one, d)
    t.part("p = 0 drops nothing")
    layer = _block(t, answer, d, heads, hidden, 0.0)
    t.close(layer.train()(x), layer.eval()(x).detach(), what=say("training with p = 0"))
    _gradients(t, answer, d, heads, hidden)


def _block(t: Trial, answer: Any, d: int, heads: int, hidden: int, p: float) -> Layer:
    layer = Layer(t, t.call(answer, d, heads, hidden, p))
    with torch.no_grad():  # no bias is 0, no scale 1: a part that is missing shows
        for w in t.parameters(layer.module):
            w += 0.2 * t.randn(*w.shape, dtype=w.dtype)
    return layer


def _post(t: Trial, layer: Layer, x: Tensor) -> str | None:
    """Fail with "post-norm" if the result forgets how large x was."""
    out, large = layer(x), layer(100 * x)
    small = float((large - out).detach().abs().max())
    if out.abs().max() < 1e-5:
        return say(
            "There is no skip connection: a branch replaces x and is not added to it."
        )
    if small < 10 * float(x.abs().max()):
        t.fail(
            say("with both branches at 0, the block does not return x."),
            expected="x",
            got=say("something normalized"),
            mistake="post-norm",
        )
    return say(
        "With both branches at 0 the block returns x: each branch is added to x, and "
        "nothing else is done to it."
    )


def _quiet_at_evaluation(t: Trial, layer: Layer, x: Tensor) -> None:
    t.part("no coins at evaluation")
    first = layer(x)
    t.require(
        all(torch.equal(layer(x), first) for _ in range(4)),
        say("in eval mode the result changes from call to call."),
        advice=say("Use nn.Dropout modules, or ask self.training."),
    )


def _mixes(t: Trial, layer: Layer, x: Tensor) -> None:
    t.part("tokens see one another, examples do not")
    base = layer(x).detach()
    other = x.clone()
    other[0] = t.randn(*x.shape[1:])
    t.require(
        torch.allclose(layer(other).detach()[1:], base[1:], atol=1e-5),
        say("an example's result depends on the other examples."),
        expected=say("each example on its own"),
        advice=say(
            "x is (N, T, d_model): nn.MultiheadAttention needs batch_first=True."
        ),
    )
    for place in (0, -1):
        moved = x.clone()
        moved[:, place] = t.randn(len(x), x.shape[2])
        change = (layer(moved).detach() - base).abs().amax((0, 2))
        t.require(
            change.min() > 1e-6,
            say("a token's result does not depend on some other token of its example."),
            advice=say("No mask: every token attends to all tokens."),
        )
    turned = layer(x.flip(1)).detach().flip(1)
    t.require(
        torch.allclose(turned, base, atol=1e-4),
        say("the result depends on the order of the tokens."),
        advice=say("The block has no positions and no mask of its own."),
    )


def _sizes(t: Trial, answer: Any, d: int, heads: int, hidden: int) -> None:
    t.part("dim_feedforward is used")
    counts = [
        sum(w.numel() for w in t.parameters(_block(t, answer, d, heads, h, 0.1).module))
        for h in (hidden, 2 * hidden)
    ]
    t.require(
        counts[1] - counts[0] >= 2 * d * hidden,
        say("a larger dim_feedforward does not make the feed-forward network larger."),
        expected=say("at least {hidden} more parameters", hidden=2 * d * hidden),
        got=say("{counts} more", counts=counts[1] - counts[0]),
    )


class _Parts:
    """A block's parameters by what they belong to, found by their sizes and effects."""

    def __init__(self, t: Trial, layer: Layer, hidden: int, d: int) -> None:
        every = t.parameters(layer.module)
        self.feed_forward = [w for w in every if hidden in w.shape]
        rest = [w for w in every if hidden not in w.shape]
        self.attention = [w for w in rest if w.dim() >= 2]
        small = [w for w in rest if w.dim() < 2]
        with self.off(attention=True, feed_forward=True):
            x, weight = t.randn(2, 3, d), t.randn(2, 3, d)
            out = layer.eval()(x)
            want = weight.sum((0, 1))
            grads = t.gradients(out, small, weight) if out.requires_grad else []
        self.direct = [
            w
            for w, g in zip(small, grads, strict=False)
            if g is not None
            and g.shape == want.shape
            and torch.allclose(g, want, atol=1e-4)
        ]
        with torch.no_grad():  # biases that are added to the stream itself
            for w in self.direct:
                w.zero_()
        self.small = [w for w in small if all(w is not v for v in self.direct)]

    def off(self, *, attention: bool, feed_forward: bool) -> _Zeroed:
        """Set a branch's matrices to 0 for a while."""
        chosen = self.attention * attention + self.feed_forward * feed_forward
        return _Zeroed(chosen)

    def only(self, branch: str) -> _Zeroed:
        """Leave only one of the branches on for a while."""
        return self.off(
            attention=branch != "attention", feed_forward=branch != "feed_forward"
        )


class _Zeroed:
    """Parameters are 0 within the block, and what they were after it."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self.parameters = parameters

    def __enter__(self) -> None:
        self.before = [w.detach().clone() for w in self.parameters]
        with torch.no_grad():
            for w in self.parameters:
                w.zero_()

    def __exit__(self, *_: object) -> None:
        with torch.no_grad():
            for w, value in zip(self.parameters, self.before, strict=True):
                w.copy_(value)


def _normalizes(t: Trial, layer: Layer, x: Tensor, branch: str) -> None:
    words = branch.replace("_", "-")
    added = layer(x).detach() - x
    t.require(
        added.abs().max() > 1e-4,
        say("the {words} branch adds nothing.", words=words),
        expected="x + branch(norm(x))",
    )
    again = layer(3 * x + 2).detach() - (3 * x + 2)
    t.require(
        torch.allclose(added, again, atol=2e-3 * float(added.abs().max()) + 1e-4),
        say("the {words} branch does not see its input normalized.", words=words),
        expected=say("the same for x and for 3·x + 2"),
        got=say("something else"),
        advice=say(
            "x + branch(norm(x)), with a LayerNorm for each of the two branches."
        ),
    )


def _last_coin(t: Trial, layer: Layer, parts: _Parts, d: int) -> None:
    """Look at the feed-forward branch alone: entries are 0, or the plain ones/(1-p)."""
    x = t.randn(60, 1, d)
    plain = layer.eval()(x).detach() - x
    layer.train()
    added = torch.stack([layer(x).detach() - x for _ in range(6)])
    ratio, big = _ratios(added, plain)
    zeros, factor = ratio.abs() < 1e-3, 1 / 0.6
    if _all_near(ratio[~zeros], factor):
        t.require(
            zeros.any(),
            say("the feed-forward's output is never dropped."),
            expected=say("about 40 % zeros at dropout 0.4"),
        )
        what = say("the part of the feed-forward's output that is dropped")
        t.fraction(float(zeros.sum()), int(big.sum()), 0.4, what=what)
        return
    if _all_near(ratio, 1.0):
        t.fail(
            say("the feed-forward's output is never dropped."),
            expected=say("about 40 % zeros at dropout 0.4"),
            got=say("none"),
        )
    _name_input(t, layer, parts, d)
    t.fail(
        say(
            "in training the feed-forward branch is not its plain value with entries "
            "dropped."
        ),
        expected=say(
            "each entry 0, or {factor:.4g} times the plain one", factor=factor
        ),
        got=_range(ratio),
        mistake="hidden-dropped" if _hidden_coins(t, layer, parts, d) else None,
        advice=say("One dropout, of the branch's output, right before the addition."),
    )


def _ratios(added: Tensor, plain: Tensor) -> tuple[Tensor, Tensor]:
    """Return added / plain where plain is not small, flat, and where that is."""
    big = (plain.abs() > 0.02).expand_as(added)
    return (added / plain)[big], big


def _all_near(ratio: Tensor, factor: float) -> bool:
    return len(ratio) > 0 and bool(((ratio - factor).abs() < 0.02).all())


def _range(ratio: Tensor) -> str:
    return say(
        "{min_ratio:.4g} … {max_ratio:.4g} times",
        min_ratio=ratio.min().item(),
        max_ratio=ratio.max().item(),
    )


def _input_coins(t: Trial, layer: Layer, parts: _Parts, d: int) -> bool:
    """Tell whether coins fall on a branch's normalized input.

    A norm's own bias then gets no gradient in the places that were dropped, although
    other places of the same branch do.
    """
    x, weight = t.randn(1, 1, d), t.randn(1, 1, d)
    plain = t.gradients(layer.eval()(x), parts.small, weight)
    alive = [
        w
        for w, g in zip(parts.small, plain, strict=True)
        if g is not None and g.shape == (d,) and (g.abs() > 1e-6).all()
    ]
    layer.train()
    for _ in range(12):
        out = layer(x)
        if not out.requires_grad:
            continue
        for g in t.gradients(out, alive, weight):
            if g is not None and (g == 0).any() and not (g == 0).all():
                return True
    return False


def _name_input(t: Trial, layer: Layer, parts: _Parts, d: int) -> None:
    if _input_coins(t, layer, parts, d):
        t.fail(
            say("a branch's normalized input is dropped."),
            expected=say("the whole normalized input in both branches"),
            mistake="normalized-input-dropped",
        )


def _hidden_coins(t: Trial, layer: Layer, parts: _Parts, d: int) -> bool:
    """Tell whether a hidden unit that is on at evaluation gets no gradient sometimes.

    All that may drop such a unit's way out is its own coin, as the other coins fall
    on all hidden units at once.
    """
    biases = [w for w in parts.feed_forward if w.dim() == 1]
    if not biases:
        return False
    x, weight = t.randn(1, 1, d), t.randn(1, 1, d)
    (plain,) = t.gradients(layer.eval()(x), biases[:1], weight)
    layer.train()
    for _ in range(12):
        (g,) = t.gradients(layer(x), biases[:1], weight)
        if plain is None or g is None:
            return False
        on = plain.abs() > 1e-6
        if (g[on] == 0).any() and not (g[on] == 0).all():
            return True
    return False


def _two_coins(t: Trial, layer: Layer, parts: _Parts, d: int) -> None:
    """Look at attention alone, with one head and one token: its weight is 1.

    Dropping the weight removes all of the output or scales it by 1/(1-p), and the
    output's own coins scale what is left once more.
    """
    x = t.randn(80, 1, d)
    plain = layer.eval()(x).detach() - x
    layer.train()
    added = torch.stack([layer(x).detach() - x for _ in range(6)])
    ratio, big = _ratios(added, plain)
    zeros = ratio.abs() < 1e-3
    factor = 1 / 0.6
    if _all_near(ratio[~zeros], factor**2):
        gone = (added.abs() < 1e-5).all(-1)
        what = say("the part of attention weights that is dropped")
        t.fraction(float(gone.sum()), gone.numel(), 0.4, what=what)
        left = zeros.sum() - (big & gone[..., None]).sum()
        rest = (big & ~gone[..., None]).sum()
        what = say("the part of the attention's output that is dropped")
        t.fraction(float(left), int(rest), 0.4, what=what)
        return
    _name_input(t, layer, parts, d)
    if _all_near(ratio, 1.0):
        t.fail(
            say("nothing is dropped in the attention branch."),
            expected=say("coins on the attention weights and on the output"),
            got=say("no coin"),
        )
    if _all_near(ratio[~zeros], factor):
        whole = bool(
            ((added.abs() < 1e-5).all(-1) == (added.abs() < 1e-5).any(-1)).all()
        )
        t.fail(
            say("only one of the attention's two coins is there."),
            expected=say("coins on the attention weights, and coins on the output"),
            got=say("whole outputs are dropped, single entries never")
            if whole
            else say("single entries are dropped, weights never"),
            mistake=None if whole else "attention-weights-kept",
            advice=say(
                "The attention's output needs a dropout of its own, before the "
                "addition."
            )
            if whole
            else None,
        )
    t.fail(
        say(
            "in training the attention branch is not its plain value with coins on the "
            "weights and on the output."
        ),
        expected=say(
            "one head, one token: each entry 0, or {factor:.4g} times the plain one",
            factor=factor**2,
        ),
        got=_range(ratio),
        advice=say(
            "Two dropouts in this branch: of the weights behind the softmax, and of "
            "the branch's output right before the addition."
        ),
    )


def _weights_alone(t: Trial, layer: Layer, d: int) -> None:
    """Require a coin for each weight: with many tokens a whole row seldom goes."""
    x = t.randn(30, 6, d)
    layer.train()
    added = torch.stack([layer(x).detach() - x for _ in range(4)])
    gone = (added.abs() < 1e-6).all(-1)
    t.fraction(
        float(gone.sum()),
        gone.numel(),
        0.4**6,
        what=say("the part of tokens all of whose attention weights are dropped"),
        advice=say(
            "Each attention weight has a coin of its own: a mask of shape (N, heads, "
            "T, T)."
        ),
    )


def _gradients(t: Trial, answer: Any, d: int, heads: int, hidden: int) -> None:
    t.part("gradients")
    layer = _block(t, answer, d, heads, hidden, 0.1).train()
    x = t.randn(4, 6, d).requires_grad_()
    out = layer(x)
    t.require(out.requires_grad, say("no gradient flows."), advice=FLOW)
    every = t.parameters(layer.module)
    weight = t.randn(4, 6, d)
    found = t.gradients(out, [x, *every], weight)
    t.require(
        all(g is not None and g.isfinite().all() for g in found),
        say("a parameter gets no gradient."),
        advice=say("Build only what forward uses, and use all of it."),
    )
