"""Checks of 03_l1_l2."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.subject import Raised
from helpers.words import say

BIASES = say(
    "Biases are counted, or other tensors with fewer than 2 dims such as the scales of "
    "a normalization layer. The penalty is over weights only: tensors with 2 or more "
    "dims."
)
HALF = say(
    "The factor ½ is missing. L2 is (strength/2)·Σw², so that its gradient is "
    "strength·w."
)
NOT_SQUARED = say(
    "The norm is not squared. L2 adds up the squares of all weights; ‖w‖ itself has a "
    "square root too many."
)
DETACHED = say(
    "The penalty is detached from the graph: no gradient reaches the weights, so "
    "training ignores it. Compute it from the parameters themselves, without .data, "
    ".detach(), .item() or no_grad."
)
FLOAT = say(
    "The penalty is returned as a Python number. Training needs its gradient: return a "
    "0-dim tensor, so no .item() and no float()."
)
TIED = say("A tensor that two layers share (tied weights) counts once.")
LEFT_OUT = say(
    "Some weights are left out. Every parameter with 2 or more dims counts, whatever "
    "its layer, its name and its number of dims."
)
NO_GRAD = say(
    "The argument is an nn.Parameter, and torch forbids in-place changes of it while "
    "it records gradients. Put the update under `with torch.no_grad():`."
)
NESTED = say(
    "Some weights count more than once: model.parameters() already walks through all "
    "layers, and modules() lists the containers too."
)
IN_PLACE = say(
    "Write into the argument itself, for example with .copy_(), .mul_() or [:] =. `w = "
    "...` only gives the name w to a new tensor."
)

# Rounding of float32, also for float64: a setting may have passed through a float32
# tensor, and a norm may have 1e-6 added against 0/0. Every mistake is far larger.
_RTOL, _ATOL = 1e-4, 1e-5

# Both dtypes in every exercise, whatever the seed.
_DTYPES = (torch.float64, torch.float32, torch.float64)

# One wrong way and what it gives: a mistake's id or an advice, and the value.
Wrong = tuple[str, Tensor]
# One way to add up tensors: a mistake's id or an advice ("" if right), and the sum.
Form = tuple[str, Callable[[Iterable[Tensor]], Tensor]]


# -- what the exercises share -------------------------------------------------------


def _close(
    t: Trial, got: object, right: Tensor, wrong: Iterable[Wrong], *, what: str
) -> None:
    """Require `got` ≈ `right`; else name the first of `wrong` that it agrees with."""
    tolerance: dict[str, Any] = {"what": what, "rtol": _RTOL, "atol": _ATOL}
    if not _agree(got, right):
        for key, value in wrong:
            if _agree(got, value) and not _agree(value, right):
                named = key in t.mistakes
                kind: dict[str, Any] = (
                    {"mistakes": {key: value}} if named else {"advice": key}
                )
                t.close(got, right, **kind, **tolerance)
    nan = isinstance(got, Tensor) and bool(got.isnan().any())
    advice = say("Somewhere 0 is divided by 0.") if nan else None
    t.close(got, right, advice=advice, **tolerance)


def _agree(a: object, b: Tensor) -> bool:
    if not isinstance(a, Tensor) or a.shape != b.shape:
        return False
    return torch.allclose(a.detach().double(), b.double(), rtol=_RTOL, atol=_ATOL)


class _Tied(nn.Module):
    """Two layers that share a weight, a norm, a table and a 0-dim parameter."""

    def __init__(self, n: int, d: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n, d)
        self.norm = nn.LayerNorm(d)
        self.table = nn.Parameter(torch.empty(3, d))
        self.temperature = nn.Parameter(torch.empty(()))
        self.decoder = nn.Linear(d, n)
        self.decoder.weight = self.embedding.weight


def _models(t: Trial) -> dict[str, nn.Module]:
    """Return networks with all kinds of parameters, drawn from the seed, by name."""
    n, d = t.random.randint(4, 7), t.random.randint(2, 3)
    conv = nn.Sequential(
        nn.Conv2d(1, n, 3), nn.BatchNorm2d(n), nn.Flatten(), nn.Linear(2 * n, d)
    )
    models = {
        f"Linear({n}, {d})": nn.Linear(n, d),
        f"Conv2d(1, {n}, 3), BatchNorm2d, Linear({2 * n}, {d})": conv,
        say(
            "Embedding({n}, {d}) and Linear({d}, {n}) with one shared weight, "
            "LayerNorm, a Parameter of shape (3, {d}), one of shape ()",
            n=n,
            d=d,
        ): _Tied(n, d),
    }
    for model, dtype in zip(models.values(), _DTYPES, strict=True):
        model.to(dtype)
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(t.randn(p.numel(), dtype=dtype).view(p.shape))
    return models


def _by_hand() -> nn.Linear:
    """Return a model that, at strength 10, tells the mistakes apart by their values."""
    layer = nn.Linear(3, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0, -3.0, 6.0]]))
        layer.bias.fill_(-1.2)
    return layer


_BY_HAND = say("model = nn.Linear(3, 1) with weight [[2, -3, 6]] and bias [-1.2]")


def _weights(model: nn.Module) -> list[Tensor]:
    return [p for p in model.parameters() if p.dim() >= 2]


def _readings(model: nn.Module) -> list[tuple[str, list[Tensor]]]:
    """Return the wrong ideas of which tensors are weights."""
    named = list(model.named_parameters())
    twice: list[Tensor] = [p for _, p in model.named_parameters(remove_duplicate=False)]
    everywhere: list[Tensor] = [
        p for m in model.modules() for p in m.parameters() if p.dim() >= 2
    ]
    weights = _weights(model)
    tables: list[Any] = [m for m in model.modules() if hasattr(m, "weight")]
    layers = [m for m in tables if isinstance(m, (nn.Linear, nn.Conv2d))]
    return [
        ("biases-counted", list(model.parameters())),
        ("biases-counted", weights + [p for name, p in named if "bias" in name]),
        ("biases-counted", [p for name, p in named if "bias" not in name]),
        ("biases-counted", [p for name, p in named if "weight" in name]),
        ("biases-counted", [p for p in model.parameters() if p.dim() != 1]),
        ("biases-counted", [p for p in model.parameters() if p.dim() < 2]),
        ("biases-counted", twice),
        (TIED, [p for p in twice if p.dim() >= 2]),
        (TIED, [layer.weight for layer in tables if layer.weight.dim() >= 2]),
        (NESTED, everywhere),
        (LEFT_OUT, [p for p in weights if p.dim() == 2]),
        (LEFT_OUT, [p for name, p in named if "weight" in name and p.dim() >= 2]),
        (LEFT_OUT, [layer.weight for layer in layers]),
        (LEFT_OUT, [m.weight for m in layers if isinstance(m, nn.Linear)]),
        (LEFT_OUT, weights[:1]),
        (LEFT_OUT, weights[-1:]),
    ]


def _wrong_ways(t: Trial, model: nn.Module, forms: Sequence[Form]) -> Iterator[Wrong]:
    """Combine wrong forms with the right tensors, then all forms with wrong ones."""
    for reading, tensors in [("", _weights(model)), *_readings(model)]:
        if reading == "biases-counted" and reading not in t.mistakes:
            reading = BIASES
        for form, total in forms:
            key = form if form in t.mistakes else reading or form
            if key and tensors:
                yield key, total([p.detach() for p in tensors])


def _not_ruled_out(forms: Sequence[Form]) -> list[Form]:
    """Return the right form, and those that the case by hand cannot tell from it."""
    weights = [p.detach() for p in _weights(_by_hand())]
    right = forms[0][1](weights)
    return [form for form in forms if _agree(form[1](weights), right)]


def _added(parts: Iterable[Tensor]) -> Tensor:
    return sum(parts, torch.zeros(()))


def _squares(tensors: Iterable[Tensor]) -> Tensor:
    return _added(p.pow(2).sum() for p in tensors)


def _absolutes(tensors: Iterable[Tensor]) -> Tensor:
    return _added(p.abs().sum() for p in tensors)


def _norms(tensors: Iterable[Tensor]) -> Tensor:
    return _added(p.norm() for p in tensors)


def _scalar(t: Trial, got: object, model: nn.Module) -> Tensor:
    """Require a 0-dim tensor of the model's dtype."""
    if isinstance(got, numbers.Real) and not isinstance(got, bool):
        named = "python-float" if "python-float" in t.mistakes else None
        t.fail(
            say("the result is a Python number."),
            expected=say("a 0-dim tensor"),
            got=f"{type(got).__name__}: {got:.6g}",
            mistake=named,
            advice=FLOAT,
        )
    like = next(model.parameters())
    if isinstance(got, Tensor) and got.dim() > 0:
        t.fail(
            say("the result is not a 0-dim tensor."),
            expected=say("a tensor of shape ()"),
            got=say("a tensor of shape {shape}", shape=tuple(got.shape)),
            advice=say(
                "Add everything up with .sum(); start from 0, not from zeros(1)."
            ),
        )
    if isinstance(got, Tensor):
        advice = say("Follow the dtype of the weights.")
        if got.dtype == torch.float32:
            advice += say(
                " Start the sum from 0: `+=` on torch.tensor(0.0) stays float32."
            )
        t.require(
            got.dtype == like.dtype,
            say("the result has the wrong dtype."),
            expected=like.dtype,
            got=got.dtype,
            advice=advice,
        )
    return t.tensor(got, shape=(), dtype=like.dtype)


def _reaches(
    t: Trial, got: Tensor, model: nn.Module, right: Callable[[Tensor], Tensor]
) -> None:
    """Require the gradient `right(w)` at every weight, and none elsewhere."""
    params = list(model.parameters())
    grads: Sequence[Tensor | None] = [None] * len(params)
    if got.requires_grad:
        grads = t.gradients(got, params)
    for p, grad in zip(params, grads, strict=True):
        if p.dim() < 2:
            zero = grad is None or not grad.any()
            t.require(
                zero,
                say("the penalty has a gradient at a bias or a scale."),
                mistake="biases-counted" if "biases-counted" in t.mistakes else None,
                advice=BIASES,
            )
            continue
        if grad is None:
            named = "detached" if "detached" in t.mistakes else None
            t.fail(
                say("no gradient reaches the weights."),
                expected=say("a penalty that can be differentiated"),
                got=say(
                    "requires_grad={requires_grad}, gradient None",
                    requires_grad=got.requires_grad,
                ),
                mistake=named,
                advice=DETACHED,
            )
        t.close(grad, right(p.detach()), what=say("the gradient at a weight"))


def _penalty(
    t: Trial,
    answer: Any,
    model: nn.Module,
    settings: Sequence[float],
    forms: Sequence[Form],
    slope: Callable[[Tensor], Tensor],
    case: str,
) -> None:
    """Check one value, its kind and its gradient; the first form is the right one."""
    got = t.call(answer, model, *settings, case=case)
    t.require(
        not isinstance(got, numbers.Real) or got != 0,
        say("the penalty is the number 0: no weight is counted."),
        expected=say("a 0-dim tensor"),
        got=say("the number 0"),
        advice=LEFT_OUT,
    )
    got = _scalar(t, got, model)
    weights = [p.detach() for p in _weights(model)]
    _close(
        t,
        got,
        forms[0][1](weights),
        _wrong_ways(t, model, forms),
        what=say("the penalty"),
    )
    t.require(
        all(p.requires_grad for p in model.parameters()),
        say(
            "your code sets requires_grad=False: such parameters are no longer trained."
        ),
    )
    t.require(
        all(p.grad is None for p in model.parameters()),
        say("your code calls backward() and leaves gradients in .grad."),
        advice=say("Only return the penalty; the training loop calls backward()."),
    )
    _reaches(t, got, model, slope)


# -- 3.1 ----------------------------------------------------------------------------

SIGNED = say("The absolute values are missing: weights of opposite sign cancel.")
MEAN = say("Add up over all weights; do not average.")


def _l2_forms(s: float) -> list[Form]:
    return [
        ("", lambda ws: s / 2 * _squares(ws)),
        ("half-missing", lambda ws: s * _squares(ws)),
        ("not-squared", lambda ws: s / 2 * _norms(ws)),
        ("not-squared", lambda ws: s * _norms(ws)),
        ("not-squared", lambda ws: s / 2 * _squares(ws).sqrt()),
        ("not-squared", lambda ws: s * _squares(ws).sqrt()),
        ("not-squared", lambda ws: (s / 2 * _squares(ws)).sqrt()),
        (
            say("This is the L1 penalty. L2 adds up squares."),
            lambda ws: s * _absolutes(ws),
        ),
        (say("L2 adds up squares, not |w|."), lambda ws: s / 2 * _absolutes(ws)),
        (say("The penalty does not depend on strength."), lambda ws: _squares(ws) / 2),
        (
            say("Square each weight first, then add up."),
            lambda ws: s / 2 * sum(w.sum() for w in ws) ** 2,
        ),
        (MEAN, lambda ws: s / 2 * sum(w.pow(2).mean() for w in ws)),
        (
            say(
                "Add up the squares of all weights, not the squares of their sum of "
                "norms."
            ),
            lambda ws: s / 2 * _norms(ws) ** 2,
        ),
    ]


def _l1_forms(s: float) -> list[Form]:
    return [
        ("", lambda ws: s * _absolutes(ws)),
        (say("L1 is strength·Σ|w|, without a ½."), lambda ws: s / 2 * _absolutes(ws)),
        (SIGNED, lambda ws: s * sum(w.sum() for w in ws)),
        (SIGNED, lambda ws: s * sum(w.sum().abs() for w in ws)),
        (
            say(
                "This is the 2-norm, a square root of squares. L1 adds up absolute "
                "values."
            ),
            lambda ws: s * _norms(ws),
        ),
        (
            say(
                "For a matrix `linalg.norm(p, ord=1)` is the largest sum of a column. "
                "L1 adds up all absolute values: p.abs().sum()."
            ),
            lambda ws: s * sum(w.flatten(1).abs().sum(0).max() for w in ws),
        ),
        (say("This is the L2 penalty. L1 is strength·Σ|w|."), _l2_forms(s)[0][1]),
        (MEAN, lambda ws: s * sum(w.abs().mean() for w in ws)),
    ]


@exercise(
    "3.1",
    mistakes={
        "biases-counted": BIASES,
        "half-missing": HALF,
        "not-squared": NOT_SQUARED,
        "detached": DETACHED,
        "python-float": FLOAT,
    },
    asks=("l2_penalty", "l1_penalty"),
)
def l2_penalty(l2: Any, l1: Any, t: Trial) -> None:
    """Check 3.1: strength/2·Σw² and strength·Σ|w| over weights, differentiable."""

    def both(model: nn.Module, s: float, about: str, hand: bool = False) -> None:
        for name, answer, forms, slope in (
            ("l2_penalty", l2, _l2_forms(s), lambda w: s * w),
            ("l1_penalty", l1, _l1_forms(s), lambda w: s * w.sign()),
        ):
            case = f"{name}(model, {s:.4g}), {about}"
            forms = forms if hand else _not_ruled_out(forms)
            _penalty(t, answer, model, (s,), forms, slope, case)

    t.part("a case by hand")
    both(_by_hand(), 10.0, _BY_HAND, hand=True)
    t.part("other networks and their gradients")
    for text, model in _models(t).items():
        both(model, t.random.uniform(0.3, 0.9), f"model = {text}")
    t.part("strength 0")
    _zero(t, l2, 0.0)
    _zero(t, l1, 0.0)


def _zero(t: Trial, answer: Any, *settings: float) -> None:
    """Require a 0-dim zero; whether it carries a gradient is the answer's choice."""
    model = next(iter(_models(t).values()))
    got = _scalar(t, t.call(answer, model, *settings), model)
    t.close(got, torch.zeros_like(got))


# -- 3.2 ----------------------------------------------------------------------------


def _mix_forms(s: float, ratio: float) -> list[Form]:
    def mix(a: float, b: float) -> Callable[[Iterable[Tensor]], Tensor]:
        return lambda ws: s * (a * _absolutes(ws) + b * _squares(ws))

    def means(a: float, b: float) -> Callable[[Iterable[Tensor]], Tensor]:
        return lambda ws: _added(
            s * (a * w.abs().mean() + b * w.pow(2).mean()) for w in ws
        )

    def norms(a: float, b: float) -> Callable[[Iterable[Tensor]], Tensor]:
        return lambda ws: s * (a * _absolutes(ws) + b * _norms(ws))

    half = say("The L2 part is (1 - l1_ratio)/2·Σw²: the factor ½ is missing.")
    both = say("Only the L2 part has a factor ½, the L1 part has none.")
    swap = "ratio-swapped"
    return [
        ("", mix(ratio, (1 - ratio) / 2)),
        (swap, mix(1 - ratio, ratio / 2)),
        (swap, mix(1 - ratio, ratio)),
        (swap, mix((1 - ratio) / 2, ratio)),
        (swap, mix((1 - ratio) / 2, ratio / 2)),
        (swap, means(1 - ratio, ratio / 2)),
        (swap, norms(1 - ratio, ratio / 2)),
        (half, mix(ratio, 1 - ratio)),
        (both, mix(ratio / 2, (1 - ratio) / 2)),
        (say("The ½ belongs to the L2 part, not to L1."), mix(ratio / 2, 1 - ratio)),
        (
            say("The L1 part is not multiplied by l1_ratio."),
            mix(1.0, (1 - ratio) / 2),
        ),
        (say("The L2 part is not multiplied by 1 - l1_ratio."), mix(ratio, 0.5)),
        (
            say(
                "strength multiplies only one of the two parts: put both in "
                "parentheses."
            ),
            mix(ratio, (1 - ratio) / 2 / s),
        ),
        (
            say(
                "strength multiplies only one of the two parts: put both in "
                "parentheses."
            ),
            mix(ratio / s, (1 - ratio) / 2),
        ),
        (
            say(
                "The L2 part is (1 - l1_ratio)/2. Without the parentheses Python "
                "divides l1_ratio alone by 2."
            ),
            mix(ratio, 1 - ratio / 2),
        ),
        (say("The norm in the L2 part is not squared."), norms(ratio, (1 - ratio) / 2)),
        (MEAN, means(ratio, (1 - ratio) / 2)),
    ]


@exercise(
    "3.2",
    mistakes={
        "ratio-swapped": say(
            "The ratio is swapped: l1_ratio is the share of L1, so l1_ratio=1 is pure "
            "L1 and l1_ratio=0 pure L2."
        ),
    },
)
def elastic_net_penalty(answer: Any, t: Trial) -> None:
    """Check 3.2: both penalties, mixed by `l1_ratio`."""

    def mixed(
        model: nn.Module, s: float, ratio: float, about: str, hand: bool = False
    ) -> None:
        case = f"elastic_net_penalty(model, {s:.4g}, {ratio:g}), {about}"

        def slope(w: Tensor) -> Tensor:
            return s * (ratio * w.sign() + (1 - ratio) * w)

        forms = _mix_forms(s, ratio)
        forms = forms if hand else _not_ruled_out(forms)
        _penalty(t, answer, model, (s, ratio), forms, slope, case)

    t.part("a case by hand")
    mixed(_by_hand(), 10.0, 0.3, _BY_HAND, hand=True)
    t.part("pure L1 and pure L2")
    for ratio in (1.0, 0.0):
        text, model = next(iter(_models(t).items()))
        mixed(model, t.random.uniform(0.3, 0.9), ratio, f"model = {text}")
    t.part("other networks and their gradients")
    for text, model in _models(t).items():
        ratio = t.random.choice([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])
        mixed(model, t.random.uniform(0.3, 0.9), ratio, f"model = {text}")
    t.part("strength 0")
    _zero(t, answer, 0.0, 0.4)


# -- 3.3 ----------------------------------------------------------------------------

HARD = say(
    "This is the hard threshold: small weights become 0, but large ones keep their "
    "size. The soft threshold also moves every survivor toward 0 by the threshold."
)
OVERSHOOT = say(
    "Weights smaller than the threshold cross zero and come out on the other side. "
    "They must stop at exactly 0."
)


ROUNDING = say(
    "Rounding leaves tiny rests. Make the zeros with a comparison or a clamp, as in "
    "(w.abs() - threshold).clamp(min=0)."
)


def _soft(w: Tensor, threshold: float) -> Tensor:
    return w.sign() * (w.abs() - threshold).clamp(min=0) + 0.0  # no -0 in messages


def _hard(w: Tensor, threshold: float) -> Tensor:
    return w * (w.abs() > threshold)


def _clear(t: Trial, w: Tensor, threshold: float) -> Tensor:
    """Move |w| at least 0.01 away from the threshold: rounding decides nothing."""
    near = (w.abs() - threshold).abs() < 0.01
    return torch.where(near, w.sign() * (threshold + 0.02), w)


def _wrong_shrinking(w: Tensor, threshold: float) -> list[Wrong]:
    kept, zero = w.abs() > threshold, torch.zeros_like(w)
    size = (w.abs() - threshold).clamp(min=0)
    return [
        ("hard-threshold", _hard(w, threshold)),
        ("sign-lost", size),
        ("sign-lost", (w - threshold).clamp(min=0)),
        ("sign-lost", torch.where(kept, w - threshold, zero)),
        ("sign-lost", torch.where(w > threshold, w - threshold, zero)),
        (say("Shrink toward 0 from both sides, and stop at 0."), w - threshold),
        ("sign-lost", -size),
        ("sign-lost", _hard(w, threshold).abs()),
        ("sign-lost", torch.where(w > threshold, w, zero)),
        (OVERSHOOT, w - threshold * w.sign()),
        (OVERSHOOT, torch.where(w > 0, w - threshold, w + threshold)),
        (
            say("Large weights are cut off at the threshold; they should lose it."),
            w.clamp(-threshold, threshold),
        ),
        (
            say(
                "`F.softshrink(w)` has a threshold of its own, 0.5. Pass yours as well."
            ),
            _soft(w, 0.5),
        ),
        (
            say("This divides every weight, as L2 does: none becomes 0. L1 subtracts."),
            w / (1 + threshold),
        ),
        (say("The sign is reversed."), -_soft(w, threshold)),
        (
            say("Survivors grow: subtract the threshold from |w|, do not add it."),
            torch.where(kept, w + threshold * w.sign(), zero),
        ),
    ]


@exercise(
    "3.3",
    mistakes={
        "hard-threshold": HARD,
        "sign-lost": say(
            "The sign of w is lost: weights shrink toward zero from both sides, so -3 "
            "becomes -2 at threshold 1. Shrink |w|, then give the sign back."
        ),
    },
)
def soft_threshold(answer: Any, t: Trial) -> None:
    """Check 3.3: the proximal map of L1, with exact zeros."""

    def one(w: Tensor, threshold: float, wrong: Iterable[Wrong] = ()) -> None:
        got = t.tensor(t.call(answer, w, threshold), like=w)
        _close(t, got, _soft(w, threshold), wrong, what=say("the result"))
        small = w.abs() < threshold
        t.require(
            (got[small] == 0).all(),
            say("weights below the threshold are small, but not exactly 0."),
            expected=say("exact zeros"),
            got=say(
                "{sum_got} of {sum_small} exact zeros",
                sum_got=(got[small] == 0).sum().item(),
                sum_small=small.sum().item(),
            ),
            advice=ROUNDING,
        )

    t.part("a case by hand")
    w = torch.tensor([3.0, -3.0, 0.5, -0.5, 0.0])
    one(w, 1.0, _wrong_shrinking(w, 1.0))  # each differs here: none is left afterwards
    t.part("threshold 0 changes nothing")
    one(torch.tensor([2.0, -0.25, 0.0]), 0.0)
    t.part("other shapes, dtypes and thresholds")
    for shape, dtype in zip(((7,), (2000, 5), (2, 3, 2, 2)), _DTYPES, strict=True):
        threshold = t.random.uniform(0.3, 0.8)
        one(_clear(t, t.randn(*shape, dtype=dtype), threshold), threshold)
    t.part("a threshold above all")
    one(t.randn(6, dtype=t.dtype()), 50.0)


# -- in place -----------------------------------------------------------------------

_NO_GRAD = "no-grad-missing"


def _write(
    t: Trial,
    answer: Any,
    target: Tensor,
    *rest: Any,
    right: Tensor,
) -> Tensor:
    """Call the answer; return what `target` holds afterwards."""

    def explain(error: Raised) -> None:  # torch has no class of its own for it
        if error.says("RuntimeError", "requires grad", "in-place"):
            t.fail(say("your code raised an error."), got=f"{error}", mistake=_NO_GRAD)

    before = target.detach().clone()
    trained = target.requires_grad
    result = t.call(answer, target, *rest, explain=explain)
    after = target.detach().clone()
    t.tensor(after, like=before, what=say("the argument afterwards"))
    if torch.equal(after, before) and not _agree(after, right):
        returned = isinstance(result, Tensor) and result is not target
        t.fail(
            say("the argument is as it was before."),
            expected=right,
            got=say("an unchanged argument")
            + (say(", and a new tensor as the result") if returned else ""),
            advice=IN_PLACE,
        )
    t.require(torch.is_grad_enabled(), say("your code leaves gradients switched off."))
    t.require(
        target.requires_grad == trained and target.is_leaf,
        say("the Parameter can no longer be trained after the call.")
        if trained
        else say("the argument tracks gradients after the call, and did not before."),
        expected=say("requires_grad={trained}, a leaf", trained=trained),
        got=f"requires_grad={target.requires_grad}, is_leaf={target.is_leaf}",
    )
    return after


# -- 3.4 ----------------------------------------------------------------------------


def _wrong_steps(w: Tensor, grad: Tensor, lr: float, s: float) -> list[Wrong]:
    """Return what the wrong steps give; the named ones first."""
    step, cut = w - lr * grad, lr * s
    not_times, swapped = "threshold-not-times-lr", "order-swapped"
    stale = say(
        "The size or the sign is that of the weights before the gradient step. The "
        "soft threshold looks only at what comes out of the step."
    )
    subgradient = say(
        "This adds the slope of |w| to the gradient, as autograd would. Such a step "
        "jumps over zero; soft-threshold after the gradient step instead."
    )
    return [
        (not_times, _soft(step, s)),
        (swapped, _soft(w, cut) - lr * grad),
        (not_times, _soft(w, s) - lr * grad),
        (not_times, _hard(step, s)),
        (not_times, _soft(step, s).abs()),
        (not_times, _soft(w - grad, s)),
        (not_times, _soft(w + lr * grad, s)),
        (swapped, _hard(w, cut) - lr * grad),
        (swapped, _soft(w, cut) + lr * grad),
        (stale, torch.where(w.abs() > cut, step - cut * step.sign(), 0.0)),
        (stale, w.sign() * (step.abs() - cut).clamp(min=0)),
        (subgradient, step - cut * w.sign()),
        (subgradient, step - cut * step.sign()),
        (HARD, _hard(step, cut)),
        (
            say(
                "What stands in `weights` is the gradient step alone. The soft "
                "threshold is missing, or its result went to a new tensor: `weights = "
                "...` only gives the name to another one."
            ),
            step,
        ),
        (
            say("The threshold is lr times strength, not strength divided by lr."),
            _soft(step, s / lr),
        ),
        (
            say("`F.softshrink` without a second argument has a threshold of 0.5."),
            _soft(step, 0.5),
        ),
        (say("The gradient step is missing."), _soft(w, cut)),
        (
            say("A gradient step goes downhill: minus lr·grad."),
            _soft(w + lr * grad, cut),
        ),
        (say("The gradient is not multiplied by lr."), _soft(w - grad, cut)),
        (say("The threshold is lr·strength, without a ½."), _soft(step, cut / 2)),
        (say("Shrink toward zero from both sides."), (step - cut).clamp(min=0)),
        (
            say("The sign is lost: shrink |w|, then give it back."),
            _soft(step, cut).abs(),
        ),
    ]


@exercise(
    "3.4",
    mistakes={
        "threshold-not-times-lr": say(
            "The threshold is not multiplied by the learning rate. One step of size lr "
            "shrinks by lr·strength, else a smaller lr would mean a stronger penalty."
        ),
        "order-swapped": say(
            "The order is swapped: first the gradient step, then the soft threshold. "
            "The other way round the gradient undoes the zeros."
        ),
        "no-grad-missing": NO_GRAD,
    },
)
def proximal_step_(answer: Any, t: Trial) -> None:
    """Check 3.4: a gradient step, then soft threshold by lr·strength, in place."""

    def one(w: Tensor, grad: Tensor, lr: float, s: float, hand: bool = False) -> None:
        before, given = w.detach().clone(), grad.clone()
        right = _soft(before - lr * grad, lr * s)
        after = _write(t, answer, w, grad, lr, s, right=right)
        t.require(
            torch.equal(grad, given),
            say("your code changes the gradient."),
            expected=given,
            got=grad,
            advice=say(
                "Only `weights` is to change: no .mul_(), *= and so on on grad."
            ),
        )
        wrong = _wrong_steps(before, given, lr, s) if hand else []
        _close(t, after, right, wrong, what=say("what stands in `weights` afterwards"))
        t.require(
            (after[right == 0] == 0).all(),
            say("weights that should be 0 are small, but not exactly 0."),
            advice=ROUNDING,
        )

    t.part("a case by hand")
    grad = torch.tensor([1.0, 1.0, 0.8, -2.0])  # one weight changes sign
    one(torch.tensor([2.0, -1.0, 0.1, -0.1]), grad, 0.25, 0.8, hand=True)
    t.part("strength 0 and a zero gradient")
    w = t.randn(5, dtype=t.dtype())
    w[0] = 0.0  # with a gradient of 0 it stays 0, and never NaN
    one(w.clone(), torch.ones_like(w), 0.25, 0.0)
    one(_clear(t, w, 0.15), torch.zeros_like(w), 0.25, 0.6)
    t.part("other shapes, dtypes and settings")
    one(*_step_case(t, (12,), torch.float32))
    one(*_step_case(t, (2000, 5), torch.float64))
    t.part("a Parameter")
    w, grad, lr, s = _step_case(t, (3, 6), t.dtype())
    parameter = nn.Parameter(w)
    parameter.grad = grad
    one(parameter, grad, lr, s)


def _step_case(
    t: Trial, shape: Sequence[int], dtype: torch.dtype
) -> tuple[Tensor, Tensor, float, float]:
    lr, s = t.random.uniform(0.1, 0.4), t.random.uniform(0.8, 1.6)
    grad = t.randn(*shape, dtype=dtype)
    stepped = _clear(t, t.randn(*shape, dtype=dtype), lr * s)
    return stepped + lr * grad, grad, lr, s


# -- 3.6 ----------------------------------------------------------------------------


def _group(w: Tensor, threshold: float, dim: int | tuple[int, ...] = 1) -> Tensor:
    norm: Tensor = w.norm(dim=dim, keepdim=True).clamp(min=1e-12)
    return w * (1 - threshold / norm).clamp(min=0)


def _wrong_groups(w: Tensor, threshold: float) -> list[Wrong]:
    norms = w.norm(dim=1, keepdim=True)
    safe, one = norms.clamp(min=1e-12), torch.ones_like(norms)
    hard = say(
        "Short rows become 0, but long ones keep their length. The soft threshold also "
        "shortens every survivor by the threshold."
    )
    negative = say(
        "Rows shorter than the threshold are turned round: their factor is negative. "
        "It must not get below 0: clamp(min=0)."
    )
    clip = say("This is max-norm, 3.5: it shortens long rows and keeps short ones.")
    absolute = w.abs().sum(1, keepdim=True).clamp(min=1e-12)
    return [
        ("element-by-element", _soft(w, threshold)),
        ("columns", _group(w, threshold, 0)),
        ("whole-matrix", _group(w, threshold, (0, 1))),
        ("element-by-element", _hard(w, threshold)),
        (hard, torch.where(norms > threshold, w, 0.0)),
        (negative, w * (1 - threshold / safe)),
        (clip, w * (threshold / safe).clamp(max=1)),
        (
            say("The factor is 1 - threshold/‖row‖, with the row's own length."),
            w * (1 - threshold * one).clamp(min=0),
        ),
        (
            say("The length of a row is √Σw²; the square root is missing."),
            w * (1 - threshold / safe**2).clamp(min=0),
        ),
        (
            say("This takes the row's sum of absolute values; its length is √Σw²."),
            w * (1 - threshold / absolute).clamp(min=0),
        ),
        (
            say(
                "Each row's direction is there, but its length is 1 - threshold/‖row‖ "
                "instead of ‖row‖ - threshold."
            ),
            w / safe * (1 - threshold / safe).clamp(min=0),
        ),
    ]


@exercise(
    "3.6",
    mistakes={
        "element-by-element": say(
            "Every number is thresholded for itself, as in 3.3. Here a row is one "
            "group: it keeps its direction and loses `threshold` of its length, or "
            "becomes 0 as a whole."
        ),
        "columns": say(
            "Columns are the groups. Weights have shape (out, in): what comes into one "
            "unit is one row."
        ),
        "whole-matrix": say(
            "One norm is taken of the whole matrix. Each row is a group of its own, "
            "with a length of its own."
        ),
        "nan": say(
            "A row of zeros has length 0, and threshold/0 or 0/0 is no number. Such a "
            "row stays 0: keep the length away from 0 before you divide."
        ),
    },
)
def group_soft_threshold(answer: Any, t: Trial) -> None:
    """Check 3.6: every row shortened by the threshold, or 0."""

    def one(w: Tensor, threshold: float) -> None:
        errors = {"ZeroDivisionError": "nan"}
        got = t.tensor(t.call(answer, w, threshold, errors=errors), like=w)
        right = _group(w, threshold)
        zero = (w == 0).all(1)
        t.require(
            not got[zero].isnan().any(),
            say("a row of zeros comes out as NaN."),
            expected=say("zeros"),
            got="NaN",
            mistake="nan",
        )
        _close(t, got, right, _wrong_groups(w, threshold), what=say("the result"))
        gone = (right == 0).all(1)
        t.require(
            (got[gone] == 0).all(),
            say("rows shorter than the threshold are small, but not exactly 0."),
            advice=ROUNDING,
        )

    t.part("a case by hand")
    one(torch.tensor([[3.0, -4.0], [0.6, 0.8], [1.5, 2.0]]), 2.0)
    t.part("threshold 0 changes nothing")
    one(torch.tensor([[2.0, -0.25], [1.0, 3.0]]), 0.0)
    t.part("rows of zeros stay zeros")
    one(torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 2.0]]), 0.5)
    one(torch.zeros(2, 3, dtype=t.dtype()), 0.0)
    t.part("other shapes, dtypes and thresholds")
    for shape, dtype in zip(((5, 3), (2, 7), (4, 4)), _DTYPES, strict=True):
        w, c = _rows(t, shape, dtype)
        one(w, c)
    t.part("a threshold above all")
    one(t.randn(4, 3, dtype=t.dtype()), 50.0)


# -- 3.5 ----------------------------------------------------------------------------


def _clipped(w: Tensor, c: float, dim: int | tuple[int, ...]) -> Tensor:
    norm: Tensor = w.norm(dim=dim, keepdim=True).clamp(min=1e-12)
    return w * (c / norm).clamp(max=1)


def _scaled(w: Tensor, c: float, dim: int | tuple[int, ...]) -> Tensor:
    norm: Tensor = w.norm(dim=dim, keepdim=True).clamp(min=1e-12)
    return w * c / norm


def _wrong_clips(w: Tensor, c: float) -> list[Wrong]:
    norms, squares = w.norm(dim=1, keepdim=True), w.pow(2).sum(1, keepdim=True)
    numbers_cut = say("This clips each number; clip the length of each row.")
    root = say("The length of a row is √Σw²: somewhere the square root is missing.")
    wrong = [
        ("rescales-small-rows", _scaled(w, c, 1)),
        ("columns", _clipped(w, c, 0)),
        ("columns", _scaled(w, c, 0)),
        ("whole-matrix", _clipped(w, c, (0, 1))),
        ("whole-matrix", _scaled(w, c, (0, 1))),
        ("whole-matrix", w * (c / torch.linalg.matrix_norm(w, 2)).clamp(max=1)),
        ("whole-matrix", torch.where(norms > c, _scaled(w, c, (0, 1)), w)),
        (
            say("The longest row sets one factor for all. Each row has its own."),
            w * (c / norms.max()).clamp(max=1),
        ),
        (root, w * (c / squares.clamp(min=1e-12)).clamp(max=1)),
        (root, torch.where(squares > c, _scaled(w, c, 1), w)),
        (
            say(
                "The factor is kept at 1 or more, so short rows grow and long ones "
                "stay. It must be at most 1: clamp(max=1)."
            ),
            w * (c / norms.clamp(min=1e-12)).clamp(min=1),
        ),
        (numbers_cut, w.clamp(-c, c)),
        (numbers_cut, w.clamp(max=c)),
        (
            say("This is the row's sum of absolute values; its length is √Σw²."),
            w * (c / w.abs().sum(1, keepdim=True).clamp(min=1e-12)).clamp(max=1),
        ),
        (say("Rows end at length 1 in place of max_norm."), _longer(w, c) / c),
    ]
    if w.shape[0] == w.shape[1]:
        scale = (c / w.norm(dim=1).clamp(min=1e-12)).clamp(max=1)
        kept = say("The rows' norms are applied along the columns: use keepdim=True.")
        wrong.append((kept, w * scale))
    return wrong


def _longer(w: Tensor, c: float) -> Tensor:
    long = w.norm(dim=1, keepdim=True) > c
    return torch.where(long, _scaled(w, c, 1), w * c)


@exercise(
    "3.5",
    mistakes={
        "columns": say(
            "Columns are clipped. Weights have shape (out, in): what comes into one "
            "unit is one row."
        ),
        "rescales-small-rows": say(
            "Rows that are short enough are stretched to max_norm. Only rows longer "
            "than max_norm change."
        ),
        "whole-matrix": say(
            "One norm is taken of the whole matrix. Each row has a norm and a limit of "
            "its own."
        ),
        "no-grad-missing": NO_GRAD,
    },
)
def max_norm_(answer: Any, t: Trial) -> None:
    """Check 3.5: rows longer than `max_norm` are clipped, in place."""

    def one(w: Tensor, c: float) -> None:
        before = w.detach().clone()
        right = _clipped(before, c, 1)
        after = _write(t, answer, w, c, right=right)
        if after.isnan().any():
            t.fail(
                say("the weights contain NaN afterwards."),
                expected=say("finite weights"),
                got=say(
                    "NaN in row {nonzero}",
                    nonzero=after.isnan().any(dim=1).nonzero()[0].item(),
                ),
                advice=say(
                    "A row of zeros has norm 0: 0/0 is NaN. Leave such rows alone."
                ),
            )
        wrong = _wrong_clips(before, c)
        _close(t, after, right, wrong, what=say("what stands in `weight` afterwards"))

    t.part("a case by hand")
    one(torch.tensor([[3.0, -4.0], [0.3, 0.4]]), 2.0)
    t.part("short rows stay, rows of zeros too")
    one(torch.tensor([[1.2, 0.0, 0.0], [0.0, 0.0, 1.8], [0.0, 0.0, 0.0]]), 2.0)
    t.part("other shapes, dtypes and limits")
    for shape, dtype in zip(((5, 3), (2, 7), (4, 4)), _DTYPES, strict=True):
        one(*_rows(t, shape, dtype))
    t.part("a Parameter")
    w, c = _rows(t, (4, 6), t.dtype())
    one(nn.Parameter(w), c)


def _rows(t: Trial, shape: tuple[int, int], dtype: torch.dtype) -> tuple[Tensor, float]:
    """Draw rows of norm 0.3c to 0.8c and 1.3c to 3c, by turns."""
    c = t.random.uniform(0.5, 3.0)
    w = t.randn(*shape, dtype=dtype)
    u = t.rand(shape[0], dtype=dtype)
    short = torch.arange(shape[0]) % 2 == 0
    length = c * torch.where(short, 0.3 + 0.5 * u, 1.3 + 1.7 * u)
    return w / w.norm(dim=1, keepdim=True) * length[:, None], c
