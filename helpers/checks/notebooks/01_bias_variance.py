"""Checks of 01_bias_variance: why regularize."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from helpers.checks import Trial, exercise
from helpers.words import say

__all__ = [
    "bias_variance",
    "corrupt_labels",
    "diagnose",
    "effective_parameters",
    "ridge_fit",
]


# -- 1.1 ----------------------------------------------------------------------------

# What each mistake computes, as functions of (predictions, truth); M = n here.
_BIAS = [
    ("bias-averaged-first", lambda p, f: (p.mean(0) - f).mean() ** 2),
    ("wrong-axis", lambda p, f: ((p.mean(1) - f) ** 2).mean()),
    ("wrong-axis", lambda p, f: ((p.mean(1, keepdim=True) - f) ** 2).mean()),
    ("wrong-axis", lambda p, f: ((p.mean() - f) ** 2).mean()),
    ("wrong-axis", lambda p, f: ((p - f).mean(1) ** 2).mean()),
]
_VARIANCE = [
    ("unbiased-variance", lambda p, f: p.var(0).mean()),
    ("wrong-axis", lambda p, f: p.var(1, correction=0).mean()),
    ("wrong-axis", lambda p, f: p.var(1).mean()),
    ("wrong-axis", lambda p, f: p.var(correction=0)),
    ("wrong-axis", lambda p, f: p.var()),
    ("wrong-axis", lambda p, f: (p - f).var(1, correction=0).mean()),
    ("wrong-axis", lambda p, f: (p - f).var(1).mean()),
]


# Slips without a name of their own: which part, what to say, what it computes.
_SLIPS = [
    (
        0,
        say("This is the mean of |bias|: square the difference at each point."),
        lambda p, f: (p.mean(0) - f).abs().mean(),
    ),
    (
        0,
        say(
            "This is the whole mean squared error: for the bias average the fits first."
        ),
        lambda p, f: ((p - f) ** 2).mean(),
    ),
    (
        1,
        say(
            "This is the whole mean squared error: the variance is about the mean fit, "
            "not about the truth."
        ),
        lambda p, f: ((p - f) ** 2).mean(),
    ),
]


@exercise(
    "1.1",
    mistakes={
        "unbiased-variance": say(
            "The variance divides by M-1. These M models are all there are, so divide "
            "by M (`correction=0`); otherwise bias² + variance is not the mean squared "
            "error."
        ),
        "bias-averaged-first": say(
            "The bias is averaged over the points before it is squared, so that "
            "positive and negative errors cancel. Square at each point first, then "
            "average."
        ),
        "wrong-axis": say(
            "A mean or variance is taken along the wrong axis. Rows are data sets, "
            "columns are points: average over the M data sets (dim=0), at each point "
            "for itself."
        ),
    },
)
def bias_variance(answer: Any, t: Trial) -> None:
    """Check 1.1: both, averaged over points; their sum is the squared error."""
    t.part("a case by hand")
    hand = (torch.tensor([[0.0, 2.0], [6.0, 2.0]]), torch.tensor([1.0, 3.0]))
    square = t.random.randint(4, 6)
    cases = [hand, _predictions(t, square, square, torch.float64)]
    answers = [_two_floats(t, t.call(answer, *case)) for case in cases]
    for which, got in enumerate(answers):
        t.case = f"bias_variance({_show(cases[which])})"
        _parts(
            *(t, got, *cases[which]),
            lambda k: _name(k, cases, answers),
            lambda k: _slip(k, cases, answers),
        )

    t.part("more points than data sets, and fewer")
    sizes = [(t.random.randint(2, 4), 9), (12, t.random.randint(2, 5))]
    for (m, n), dtype in itertools.product(sizes, (torch.float32, torch.float64)):
        case = _predictions(t, m, n, dtype)
        _parts(t, _two_floats(t, t.call(answer, *case)), *case)

    t.part("a single data set has no variance")
    case = _predictions(t, 1, 5, t.dtype())
    _parts(t, _two_floats(t, t.call(answer, *case)), *case)

    t.part("a perfect model")
    truth = t.randn(6)
    _parts(t, _two_floats(t, t.call(answer, truth.repeat(3, 1), truth)), truth, truth)


def _predictions(t: Trial, m: int, n: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    truth = t.randn(n, dtype=dtype)
    return truth + 0.5 * t.randn(n, dtype=dtype) + t.randn(m, n, dtype=dtype), truth


def _show(case: tuple[Tensor, Tensor]) -> str:
    if case[0].numel() > 8:
        return "; ".join(
            say("a tensor of shape {shape}", shape=tuple(x.shape)) for x in case
        )
    return ", ".join(str(x.tolist()) for x in case)


def _two_floats(t: Trial, result: object) -> tuple[float, float]:
    if isinstance(result, Tensor) or not isinstance(result, Sequence):
        advice = say("Your function returns nothing: is `return` missing?")
        t.fail(
            say("the result is not a pair."),
            expected=say("a tuple of two Python floats: (bias², variance)"),
            got=result if result is not None else "None",
            advice=advice if result is None else None,
        )
    t.require(len(result) == 2, say("the result is not a pair."), got=result)
    named = (say("the squared bias"), say("the variance"))
    for value, what in zip(result, named, strict=True):
        t.require(
            not isinstance(value, Tensor) or value.numel() == 1,
            say("{what} is not one number.", what=what),
            expected=say("a Python float"),
            got=value,
            advice=say("Average over the points as well."),
        )
    return t.number(result[0], what=named[0]), t.number(result[1], what=named[1])


def _parts(
    t: Trial,
    got: tuple[float, float],
    predictions: Tensor,
    truth: Tensor,
    name: Callable[[int], str | None] = lambda which: None,
    slip: Callable[[int], str | None] = lambda which: None,
) -> None:
    """Compare both numbers; `name(0 or 1)` says which mistake the wrong one is.

    `slip(0 or 1)` says in words what a wrong one without a named mistake is.
    """
    p, f = predictions.double(), truth.double()
    mean = p.mean(0) if p.dim() == 2 else p
    right = (((mean - f) ** 2).mean().item(), ((p - mean) ** 2).mean().item())
    tolerance = 1e-4 if predictions.dtype == torch.float32 else 1e-5
    error = ((p - f) ** 2).mean().item()
    advice = say(
        "Together the two must give the mean squared error, here {error:.6g}.",
        error=error,
    )
    if _near(got, right[::-1], tolerance) and not _near(got, right, tolerance):
        advice = say("The two numbers are swapped: return (bias², variance).")
    for which, what in enumerate((say("the squared bias"), say("the variance"))):
        if not _near(got[which : which + 1], right[which : which + 1], tolerance):
            t.fail(
                say("{what} is not right.", what=what),
                expected=right[which],
                got=got[which],
                mistake=name(which),
                advice=slip(which) or advice,
            )


def _name(
    which: int,
    cases: Sequence[tuple[Tensor, Tensor]],
    answers: Sequence[tuple[float, float]],
) -> str | None:
    """Return the mistake that gives exactly these numbers in all cases."""
    got = [answer[which] for answer in answers]
    for mistake, compute in (_BIAS, _VARIANCE)[which]:
        values = [float(compute(*case)) for case in cases]  # type: ignore[no-untyped-call]
        if _near(got, values, 1e-5):
            return mistake
    return None


def _slip(
    which: int,
    cases: Sequence[tuple[Tensor, Tensor]],
    answers: Sequence[tuple[float, float]],
) -> str | None:
    """Return what to say if one of `_SLIPS` gives these numbers in all cases."""
    got = [answer[which] for answer in answers]
    for part, text, compute in _SLIPS:
        values = [float(compute(*case)) for case in cases]  # type: ignore[no-untyped-call]
        if part == which and _near(got, values, 1e-5):
            return text
    return None


def _near(got: Sequence[float], expected: Sequence[float], tolerance: float) -> bool:
    pairs = zip(got, expected, strict=True)
    return all(math.isclose(*p, rel_tol=tolerance, abs_tol=tolerance) for p in pairs)


# -- 1.2 ----------------------------------------------------------------------------


@exercise(
    "1.2",
    mistakes={
        "no-identity": say(
            "The strength belongs on the diagonal, and only there: XᵀX + strength·I. A "
            "bare `+ strength` adds it to every entry, and without it this is ordinary "
            "least squares."
        ),
        "scaled-by-n": say(
            "The strength is scaled by the number of examples. The squared errors here "
            "are summed, not averaged, so the strength stands as it is."
        ),
        "singular-inverse": say(
            "With strength 0, XᵀX has no inverse if columns are dependent (or d > n), "
            "and XXᵀ none if rows are (or n > d): a solver that assumes one fails or "
            "returns arbitrary numbers. Of all weights that fit equally well the "
            "shortest are wanted: `torch.linalg.pinv`, or `lstsq` with a driver that "
            "allows rank deficiency."
        ),
    },
)
def ridge_fit(answer: Any, t: Trial) -> None:
    """Check 1.2: ridge weights; at strength 0 those of minimum norm."""
    t.part("a case by hand")
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    y = torch.tensor([1.0, 3.0, 4.0])
    _weights(answer, t, x, y, 1.0)

    t.part("other strengths, more columns")
    for dtype in (torch.float64, torch.float32):
        x = _features(t, 9, t.random.randint(3, 5), dtype=dtype)
        y = t.randn(9, dtype=dtype)
        _weights(answer, t, x, y, t.random.choice([0.25, 0.5, 3.0]))

    t.part("columns of very different sizes")
    x = _features(t, 9, 3, dtype=torch.float64)
    x = x * torch.tensor([30.0, 1.0, 0.1], dtype=torch.float64)
    _weights(answer, t, x, t.randn(9, dtype=torch.float64), 0.01)

    t.part("strength 0 is least squares")
    x = _features(t, 9, t.random.randint(3, 5), dtype=torch.float32)
    y = t.randn(9)
    _weights(answer, t, x, y, 0.0)

    t.part("more columns than rows")
    for dtype in (torch.float64, torch.float32):
        x = _features(t, 4, t.random.randint(7, 9), dtype=dtype)
        y = t.randn(4, dtype=dtype)
        _weights(answer, t, x, y, 0.5)
        _weights(answer, t, x, y, 0.0)

    t.part("dependent columns")
    for _ in range(2):
        x = _features(t, 8, 3, dependent=t.random.randint(1, 2), dtype=torch.float64)
        y = t.randn(8, dtype=torch.float64)
        _weights(answer, t, x / 4, y, 0.0)  # so short that a trace of strength shows
        _weights(answer, t, x.float(), y.float(), 2.0)


def _features(
    t: Trial, n: int, d: int, *, dependent: int = 0, dtype: torch.dtype
) -> Tensor:
    """Draw small whole numbers, well conditioned; XᵀX is exact in any arithmetic.

    `dependent` columns more are differences of two others, so that the rank is d and
    every other singular value is far from any solver's threshold for zero.
    """
    while True:
        x = t.integers(5, n, d).double() - 2
        extra = [x[:, i] - x[:, i + 1] for i in range(dependent)]
        x = torch.stack([*x.T, *extra], dim=1)
        values = torch.linalg.svdvals(x)
        kept = values[: min(n, d)]
        if kept[-1] > 0.15 * kept[0]:
            order = t.random.sample(range(x.shape[1]), x.shape[1])
            return x[:, order].to(dtype)


def _weights(
    answer: Any,
    t: Trial,
    x: Tensor,
    y: Tensor,
    strength: float,
) -> None:
    """Call the answer and compare; at strength 0, XᵀX or XXᵀ has no inverse."""
    errors = dict.fromkeys(("LinAlgError", "_LinAlgError"), "singular-inverse")
    got = t.call(answer, x, y, strength, errors=errors if strength == 0 else None)
    right = _ridge(x, y, strength)
    t.tensor(got, like=right, what=say("the weight vector"))
    tolerance = 2e-3 if x.dtype == torch.float32 else 1e-6
    mistakes = dict(_ridge_mistakes(x, y, strength, got, tolerance))
    if strength == 0:
        mistakes = {"singular-inverse": got.detach()}
    t.close(
        got,
        right,
        what=say("the weight vector"),
        mistakes=mistakes,
        rtol=tolerance,
        atol=tolerance,
        advice=say(
            "Right weights satisfy Xᵀ(Xw - y) + strength·w = 0 (set the gradient of "
            "the objective to zero). An iteration that is stopped too early does not."
        ),
    )


def _ridge(x: Tensor, y: Tensor, strength: float) -> Tensor:
    u, s, vt = torch.linalg.svd(x.double(), full_matrices=False)
    s = torch.where(s > 1e-6, s, 0.0)
    factor = torch.where(s > 0, s / (s**2 + strength).clamp(min=1e-30), 0.0)
    weights: Tensor = vt.T @ (factor * (u.T @ y.double()))
    return weights.to(x.dtype)


def _ridge_mistakes(
    x: Tensor,
    y: Tensor,
    strength: float,
    got: Tensor,
    tolerance: float,
) -> Iterator[tuple[str, Tensor]]:
    """Yield the mistakes that lead to `got`, with the weights each one gives."""
    n, gram = x.shape[0], (x.T @ x).double()
    everywhere = torch.linalg.pinv(gram + strength) @ (x.T @ y).double()
    found = [
        ("no-identity", everywhere.to(x.dtype)),
        ("no-identity", _ridge(x, y, 0.0)),
        ("scaled-by-n", _ridge(x, y, strength * n)),
        ("scaled-by-n", _ridge(x, y, strength / n)),
    ]
    for mistake, value in found:
        if torch.allclose(got.detach(), value, rtol=tolerance, atol=tolerance):
            yield mistake, value


# -- 1.5 ----------------------------------------------------------------------------


@exercise(
    "1.5",
    mistakes={
        "not-squared": say(
            "The singular values are not squared. A direction survives by the factor "
            "s²/(s² + strength): squares come from XᵀX, whose eigenvalues are s²."
        ),
        "scaled-by-n": say(
            "The strength is scaled by the number of examples. The squared errors here "
            "are summed, not averaged, so the strength stands as it is."
        ),
        "zeros-counted": say(
            "With strength 0, directions with the singular value 0 are counted. X "
            "cannot reach them, so they are no parameters: count the singular values "
            "above rounding, as `torch.linalg.matrix_rank` does."
        ),
        "all-columns": say(
            "This is the number of columns d, or of singular values, whatever the "
            "strength. With a penalty a direction counts only by s²/(s² + strength), "
            "and dependent columns not at all."
        ),
    },
)
def effective_parameters(answer: Any, t: Trial) -> None:
    """Check 1.5: Σ s²/(s² + strength); at strength 0 the rank."""
    t.part("cases by hand, any shape, both dtypes, strength 0, dependent columns")
    cases = list(_matrices(t))
    got = [_count_of(t, answer, *case) for case in cases]
    for (x, strength), value in zip(cases, got, strict=True):
        right = _effective(x, strength)
        if not math.isclose(value, right, rel_tol=_within(x), abs_tol=_within(x)):
            t.case = _matrix_text(x, strength)
            t.fail(
                say("the number of effective parameters is not right."),
                expected=f"{right:.6g}",
                got=f"{value:.6g}",
                mistake=_effective_mistake(cases, got),
                advice=say(
                    "Right is the sum of s²/(s² + strength) over the singular values s "
                    "of X; at strength 0 each s above rounding counts 1."
                ),
            )


def _matrices(t: Trial) -> Iterator[tuple[Tensor, float]]:
    """Yield features and strengths; ranks are clear in any arithmetic."""
    hand = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    yield hand, 1.0
    yield hand, 0.0
    for dtype in t.dtypes():
        tall = _features(t, 9, t.random.randint(3, 5), dtype=dtype)
        wide = _features(t, 4, t.random.randint(7, 9), dtype=dtype)
        extra = t.random.randint(1, 2)
        twins = _features(t, 8, 3, dependent=extra, dtype=dtype)
        for x in (tall, wide, twins):
            yield x, t.random.choice([0.25, 0.5, 3.0])
            yield x, 0.0
        yield torch.zeros(3, 2, dtype=dtype), 2.0


def _count_of(t: Trial, answer: Any, x: Tensor, strength: float) -> float:
    """Call the answer; require one finite number."""
    text = _matrix_text(x, strength)
    got = t.number(t.call(answer, x, strength, case=text))
    t.require(
        math.isfinite(got),
        say("the result is not finite."),
        expected=f"{_effective(x, strength):.6g}",
        got=got,
        advice=say(
            "Is something divided by zero? At strength 0, s²/(s² + 0) is 0/0 for a "
            "singular value of 0: count the others instead."
        ),
    )
    return got


def _matrix_text(x: Tensor, strength: float) -> str:
    rows = (
        x.tolist()
        if x.numel() <= 8
        else say("features of shape {shape}", shape=tuple(x.shape))
    )
    return f"effective_parameters({rows}, {strength})"


def _within(x: Tensor) -> float:
    """Tolerance: float32 answers may go by way of XᵀX and a solver."""
    return 2e-3 if x.dtype == torch.float32 else 1e-6


def _effective(x: Tensor, strength: float) -> float:
    s = torch.linalg.svdvals(x.double())
    squares = s[s > 1e-6] ** 2
    return float((squares / (squares + strength)).sum())


def _effective_mistake(
    cases: Sequence[tuple[Tensor, float]], got: Sequence[float]
) -> str | None:
    """Return the mistake that gives these numbers in all cases."""

    def unsquared(x: Tensor, strength: float) -> float:
        s = torch.linalg.svdvals(x.double())
        s = s[s > 1e-6]
        return float((s / (s + strength)).sum())

    def fewest(x: Tensor, strength: float) -> float:
        return float(min(x.shape))

    def zeros(part: Callable[[Tensor], int]) -> Callable[[Tensor, float], float]:
        return lambda x, v: _effective(x, v) if v else float(part(x))

    variants: list[tuple[str, Callable[[Tensor, float], float]]] = [
        ("all-columns", lambda x, v: float(x.shape[1])),
        ("all-columns", fewest),
        ("not-squared", unsquared),
        ("not-squared", lambda x, v: unsquared(x, v) if v else fewest(x, v)),
        ("scaled-by-n", lambda x, v: _effective(x, v * len(x))),
        ("scaled-by-n", lambda x, v: _effective(x, v / len(x))),
        ("zeros-counted", zeros(lambda x: min(x.shape))),
        ("zeros-counted", zeros(lambda x: x.shape[1])),
    ]
    for mistake, compute in variants:
        values = [(compute(*case), _within(case[0])) for case in cases]
        if all(
            math.isclose(value, wrong, rel_tol=tol, abs_tol=tol)
            for value, (wrong, tol) in zip(got, values, strict=True)
        ):
            return mistake
    counted = [
        (value, x)
        for (x, strength), value in zip(cases, got, strict=True)
        if strength == 0 and value > _effective(x, 0.0) + 0.01
    ]
    if counted and all(
        abs(value - _effective(x, v)) <= _within(x) * max(1, value)
        for (x, v), value in zip(cases, got, strict=True)
        if v
    ):
        return "zeros-counted"  # each rounding error counts as something of its own
    return None


# -- 1.3 ----------------------------------------------------------------------------

_CALLS = 60


@exercise(
    "1.3",
    mistakes={
        "in-place": say(
            "The labels that came in are changed in place: every later use of the "
            "clean labels is spoiled. Work on `labels.clone()`."
        ),
        "redraws-true-class": say(
            "The new class may be the old one, so fewer labels are wrong than the rate "
            "says. Draw among the other num_classes - 1 classes, for example by adding "
            "1 … num_classes - 1 modulo num_classes."
        ),
        "not-exact": say(
            "Each label seems to be flipped by its own coin, so the number of flips "
            "varies from call to call. Pick exactly round(rate·n) positions, for "
            "example the first ones of `torch.randperm(n, generator=generator)`."
        ),
    },
)
def corrupt_labels(answer: Any, t: Trial) -> None:
    """Check 1.3: exactly round(rate·n) labels become another class, uniformly."""
    t.part("copies, shapes and dtypes")
    labels = t.integers(10, 8)  # few, so that a message shows them
    _noisy(t, answer, labels, 10, 0.5)

    t.part("exactly round(rate·n) flips")
    for classes, rate in ((10, 0.5), (t.random.choice([3, 4]), 0.3)):
        labels = t.rand(60).argsort() % classes  # equally many of each
        _exact(t, labels, _repeat(t, answer, labels, classes, rate), rate, classes)
    for n, rate in ((7, 0.4), (9, 0.15), (t.random.randint(30, 50), 1 / 3)):
        labels = t.integers(5, n)
        new, _ = _noisy(t, answer, labels, 5, rate)
        _count(t, int((new != labels).sum()), rate, n)
    labels = t.rand(10).argsort()  # one of each class
    new, _ = _noisy(t, answer, labels, 10, 0.3)
    _count(t, int((new != labels).sum()), 0.3, 10)

    t.part("the limits: rate 0, rate 1, two classes")
    labels = t.integers(2, t.random.randint(6, 8))
    for rate, wanted in ((0.0, labels), (1.0, 1 - labels)):
        new, _ = _noisy(t, answer, labels, 2, rate)
        t.close(new, wanted, what=say("the tensor of new labels"))

    t.part("draws from the generator")
    labels = t.integers(10, 80)
    t.draws(
        lambda generator: t.call(answer, labels, 10, 0.5, generator),
        case=say("corrupt_labels(labels, 10, 0.5, generator)"),
        without_generator=False,
    )

    t.part("positions and new classes are uniform")
    _uniform(t, answer)


def _noisy(
    t: Trial,
    answer: Any,
    labels: Tensor,
    classes: int,
    rate: float,
) -> tuple[Tensor, Tensor]:
    """Call the answer; require what `_pair` requires."""
    result = t.call(answer, labels, classes, rate, t.generator())
    return _pair(t, result, labels, classes)


def _pair(t: Trial, result: Any, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Require two tensors of the right kind and classes in range."""
    if isinstance(result, Tensor) or not isinstance(result, Sequence):
        t.fail(
            say("the result is not a pair."),
            expected=say("a tuple (labels, flipped)"),
            got=result if result is not None else "None",
            advice=say("Return both: the new labels and the mask of changed ones."),
        )
    t.require(len(result) == 2, say("the result is not a pair."), got=result)
    new, flipped = result
    kinds = [part.dtype for part in result if isinstance(part, Tensor)]
    t.require(
        kinds != [torch.bool, labels.dtype],
        say("the two results are swapped."),
        expected=say("(labels, flipped)"),
    )
    t.tensor(new, like=labels, what=say("the tensor of new labels"))
    if not isinstance(flipped, Tensor) or flipped.dtype != torch.bool:
        t.fail(
            say("`flipped` is not a tensor of True and False."),
            expected=say("a bool tensor as long as the labels"),
            got=flipped,
            advice=say("A comparison such as `new != labels` gives one."),
        )
    t.tensor(flipped, shape=labels.shape, what="`flipped`")
    outside = new[(new < 0) | (new >= classes)]
    t.require(
        outside.numel() == 0,
        say("some new labels are not classes."),
        expected=say("classes 0 … {classes}", classes=classes - 1),
        got=outside[:1],
    )
    return new, flipped


def _repeat(
    t: Trial, answer: Any, labels: Tensor, classes: int, rate: float
) -> list[tuple[Tensor, Tensor]]:
    results = t.calls(_CALLS, answer, labels, classes, rate, t.generator())
    return [_pair(t, result, labels, classes) for result in results]


def _exact(
    t: Trial,
    labels: Tensor,
    results: Sequence[tuple[Tensor, Tensor]],
    rate: float,
    classes: int,
) -> None:
    """Require the exact number of flips in each call and a true mask."""
    n, wanted = len(labels), round(rate * len(labels))
    changed = [int((new != labels).sum()) for new, _ in results]
    t.case = say(
        "corrupt_labels(labels, {classes}, {rate}, generator), {n} labels",
        classes=classes,
        rate=rate,
        n=n,
    )
    if set(changed) != {wanted}:
        t.case += say(", {calls} calls", calls=_CALLS)
        _not_a_fixed_map(t, labels, results)
        if max(changed) > wanted and len(set(changed)) > 1:
            coins = statistics.variance(changed) > wanted * (1 - rate) / 3
            t.fail(
                say("the number of changed labels is not exact."),
                expected=wanted,
                got=say(
                    "between {min_changed} and {max_changed}",
                    min_changed=min(changed),
                    max_changed=max(changed),
                ),
                mistake="not-exact" if coins else None,
                advice=say(
                    "Pick exactly round(rate·n) labels and change each of them."
                ),
            )
        if len(set(changed)) > 1:
            share = sum(changed) / (wanted * _CALLS)
            t.fraction(
                sum(changed),
                wanted * _CALLS,
                1.0,
                what=say("the part of the chosen labels that changes"),
                # one that is redrawn a few times, not until it differs, changes more
                mistakes={"redraws-true-class": max(share, 1 - 1 / classes)},
                advice=say(
                    "Are the positions all different? `torch.randperm` draws without "
                    "replacement, `torch.randint` with."
                ),
            )
        _count(t, changed[0], rate, n)
    for new, flipped in results:
        t.require(
            torch.equal(flipped, new != labels),
            say("`flipped` is not True exactly where a label changed."),
            expected=say(
                "True at {sum_new} labels, the changed ones",
                sum_new=int((new != labels).sum()),
            ),
            got=say(
                "True at {sum_flipped} labels, {sum_flipped2} of them unchanged",
                sum_flipped=int(flipped.sum()),
                sum_flipped2=int((flipped & (new == labels)).sum()),
            ),
        )


def _not_a_fixed_map(
    t: Trial, labels: Tensor, results: Sequence[tuple[Tensor, Tensor]]
) -> None:
    """Fail if each class always becomes one other, and some stay as they are."""
    moved = {
        pair
        for new, _ in results
        for pair in zip(labels.tolist(), new.tolist(), strict=True)
        if pair[0] != pair[1]
    }
    old = [a for a, _ in moved]
    if len(old) == len(set(old)) < len(labels.unique()):
        pairs = ", ".join(f"{a} → {b}" for a, b in sorted(moved)[:4])
        still = sorted(set(labels.tolist()) - set(old))
        t.fail(
            say(
                "each class always becomes the same other class, and some never change."
            ),
            expected=say("a new class drawn for each chosen label, among all others"),
            got=say(
                "{pairs}, …; never changed: {str}",
                pairs=pairs,
                str=", ".join(map(str, still)),
            ),
            advice=say(
                "A formula of the label alone meets the old class for some labels. Add "
                "a random shift of 1 … num_classes - 1 modulo num_classes."
            ),
        )


def _count(t: Trial, changed: int, rate: float, n: int) -> None:
    cut = changed in (math.floor(rate * n), math.ceil(rate * n))
    t.require(
        changed == round(rate * n),
        say("the number of changed labels is not round(rate·n)."),
        expected=f"{round(rate * n)} = round({rate * n:.4g})",
        got=changed,
        advice=say("`round` goes to the nearest whole number, `int` cuts off.")
        if cut
        else say("Of all n labels together exactly round(rate·n) change."),
    )


def _uniform(t: Trial, answer: Callable[..., Any]) -> None:
    classes = t.random.choice([3, 4])
    # equally many of each but the last class, which never occurs before
    labels = t.rand(24).argsort() % (classes - 1)
    results = _repeat(t, answer, labels, classes, 0.5)
    _exact(t, labels, results, 0.5, classes)
    masks = torch.stack([flipped for _, flipped in results])
    for position, hits in enumerate(masks.sum(0).tolist()):
        t.fraction(
            hits,
            _CALLS,
            0.5,
            what=say(
                "how often position {position} is among the flipped", position=position
            ),
            advice=say("Every position must have the same chance, anew in each call."),
        )
    old = torch.cat([labels[mask] for _, mask in results])
    drawn = torch.cat([new[mask] for new, mask in results])
    shifts = (drawn - old) % classes
    one = say(
        "how often class {classes} (not among these labels) is the new one",
        classes=classes - 1,
    )
    _all_classes_alike(t, {one: drawn == classes - 1}, classes)
    calls = zip(old.view(_CALLS, -1), drawn.view(_CALLS, -1), strict=True)
    t.require(
        any(len(set(b[a == c].tolist())) > 1 for a, b in calls for c in a.unique()),
        say("in each call all false labels of a class become the same class."),
        expected=say("a new class drawn for each false label"),
        advice=say("Draw as many random numbers as there are flips, not one for all."),
    )
    counts = {
        say(
            "how often label c becomes (c + {shift}) modulo {classes}",
            shift=shift,
            classes=classes,
        ): shifts == shift
        for shift in range(1, classes)
    }
    for a, b in itertools.permutations(range(classes), 2):
        if a < classes - 1:
            counts[f"how often label {a} becomes {b}"] = drawn[old == a] == b
    _all_classes_alike(t, counts, classes)


def _all_classes_alike(t: Trial, counts: Mapping[str, Tensor], classes: int) -> None:
    for what, hits in counts.items():
        t.fraction(
            int(hits.sum()),
            len(hits),
            1 / (classes - 1),
            what=what,
            advice=say(
                "All other classes of 0 … {classes} must be equally likely.",
                classes=classes - 1,
            ),
        )


# -- 1.4 ----------------------------------------------------------------------------

_RULE = say(
    "The rule, in this order: last train loss > acceptable → underfitting; last val "
    "loss ≥ 1.1 times its minimum, or last train loss < half the last val loss → "
    "overfitting; else good fit."
)
Losses = tuple[list[float], list[float], float]

# The right order of the tests in `_rule`, then the wrong ones.
_ORDERS = ("urg", "rug", "gur", "rgu", "fu", "frgu", "ourg")


@exercise(
    "1.4",
    mistakes={
        "wrong-order": say(
            "The tests come in the wrong order, or one is missing. A model that has "
            "not even learned its training set is underfitting, whatever the "
            "validation loss does: ask that first, then overfitting, and only what is "
            "left is a good fit."
        ),
        "best-not-last": say(
            "The best loss (a minimum) is used where the last one is asked for. What "
            "you hold in your hands after training is the last model: `losses[-1]`."
        ),
    },
)
def diagnose(answer: Any, t: Trial) -> None:
    """Check 1.4: underfitting, overfitting or good fit, from the last losses."""
    t.part("clear cases, curves that turn, gaps, single epochs")
    cases = list(_curves(t))
    order = t.random.sample(range(len(cases)), len(cases))  # no sequence is right
    found = {k: _verdict(t, answer, *cases[k]) for k in order}
    verdicts = [found[k] for k in range(len(cases))]
    for case, got in zip(cases, verdicts, strict=True):
        if got != _rule(*case):
            t.case = _call_text(*case)
            t.fail(
                say("the diagnosis is not right."),
                expected=say(
                    "{rule!r}, because {because}",
                    rule=_rule(*case),
                    because=_because(*case),
                ),
                got=repr(got),
                mistake=_diagnosis_mistake(cases, verdicts, case, got),
                advice=_RULE,
            )


def _curves(t: Trial) -> Iterator[Losses]:
    """Yield cases; every ratio stays well away from its threshold."""
    shapes = [  # train, val; the acceptable loss is 1
        ([2.0, 1.8, 1.6], [2.1, 1.9, 1.8]),  # learns too little
        ([2.0, 0.9, 0.6], [2.0, 1.0, 0.8]),  # fine
        ([2.0, 0.9, 0.8], [2.0, 1.0, 1.3]),  # validation loss turns
        ([2.0, 0.6, 0.2], [2.0, 1.0, 0.8]),  # gap
        ([2.0, 1.8, 1.6], [2.1, 1.9, 2.6]),  # too little, though validation turns
        ([4.0, 3.0, 1.4], [5.0, 4.5, 4.0]),  # too little, though there is a gap
        ([2.0, 0.7, 1.6], [2.1, 1.9, 1.8]),  # was better once: training diverged
        ([2.0, 0.3, 0.85], [2.0, 1.2, 1.15]),  # the gap has closed again
        ([2.0, 0.85, 0.3], [2.0, 1.1, 1.15]),  # gap at the end, small at the best
        ([2.0, 0.6, 0.7], [2.0, 0.8, 0.83]),  # a rise by 4 %
        ([2.0, 0.8, 0.85], [2.0, 1.0, 1.18]),  # a rise by 18 %
        ([2.0, 0.8, 0.8, 0.8, 0.8], [2.0, 1.0, 1.06, 1.12, 1.18]),  # in small steps
        ([2.0, 0.7, 0.2], [2.0, 1.0, 1.4]),  # validation loss turns, and a gap
        ([2.0, 0.8, 0.515], [2.0, 1.0, 1.07]),  # gap to the last, not to the best
        ([0.6], [0.8]),  # one epoch each
        ([0.6], [1.6]),
        ([1.6], [1.7]),
        ([2.0, 0.3, 1.6], [2.1, 0.7, 3.9]),  # late blow-up of everything
        # two of the notebook's own runs, in units of an acceptable 0.7 nats
        ([2.44, 1.34, 1.04, 0.89, 0.77, 0.73], [1.61, 1.16, 1.03, 0.96, 0.91, 0.87]),
        ([2.83, 1.73, 1.39, 1.06, 0.66, 0.51], [1.81, 1.16, 1.1, 1.04, 1.19, 1.47]),
    ]
    for (train, val), scale in itertools.product(shapes, (10.0, 0.1)):
        unit = scale * math.exp(t.random.uniform(-0.7, 0.7))
        longer = t.random.randint(0, 3) if len(train) > 1 else 0
        start = [2.6 - 0.1 * k for k in range(longer)]
        rising = [max(train[0], val[0]) + s for s in start]
        curves = ([*rising, *train], [*rising, *val])
        first, second = ([float(f"{unit * v:.4g}") for v in curve] for curve in curves)
        yield first, second, unit


def _because(train: list[float], val: list[float], acceptable: float) -> str:
    """Return the comparison that decides this case, with its numbers."""
    last, end, low = train[-1], val[-1], min(val)
    if last > acceptable:
        return say(
            "the last train loss {last:.4g} > acceptable {acceptable:.4g}",
            last=last,
            acceptable=acceptable,
        )
    if end >= 1.1 * low:
        return say(
            "the last val loss {end:.4g} ≥ 1.1 · {low:.4g}, its minimum",
            end=end,
            low=low,
        )
    if last < 0.5 * end:
        return say(
            "the last train loss {last:.4g} < 0.5 · {end:.4g}, the last val loss",
            last=last,
            end=end,
        )
    return say(
        "{last:.4g} ≤ {acceptable:.4g}, {end:.4g} < 1.1 · {low:.4g} and {last:.4g} ≥ "
        "0.5 · {end:.4g}",
        last=last,
        acceptable=acceptable,
        end=end,
        low=low,
    )


def _call_text(train: list[float], val: list[float], acceptable: float) -> str:
    return f"diagnose({train}, {val}, {acceptable:.4g})"


def _verdict(
    t: Trial, answer: Any, train: list[float], val: list[float], acceptable: float
) -> str:
    text = _call_text(train, val, acceptable)
    mine = list(train), list(val)
    got = t.call(answer, *mine, acceptable, case=text)
    t.require(
        mine == (train, val),
        say("your code changes the lists it is given."),
        advice=say("Copy a list before you sort it or take losses out of it."),
    )
    names = ("underfitting", "overfitting", "good fit")
    t.require(
        isinstance(got, str) and got in names,
        say("the result is none of the three diagnoses."),
        expected=say(" or ").join(map(repr, names)),
        got=repr(got) if isinstance(got, str) else t.describe(got),
        advice=say("Your function returns nothing: is `return` missing?")
        if got is None
        else None,
    )
    return str(got)


def _rule(
    train: list[float],
    val: list[float],
    acceptable: float,
    *,
    order: str = "urg",
    of: tuple[str, str, str, str] = ("last", "last", "last", "last"),
) -> str:
    """Diagnose; `order` and `of` allow mistakes.

    The tests: u underfits, r validation loss has risen, g gap, f fits well enough,
    o neither r nor g. `of` says which loss they look at: the training loss of u and
    of g, the validation loss of r and of g.
    """
    pick = {"last": -1, "best": train.index(min(train)), "then": val.index(min(val))}
    under = train[pick[of[0]]] > acceptable
    risen, gap_to = (val[-1] if which == "last" else min(val) for which in of[2:])
    turned, gap = risen >= 1.1 * min(val), train[pick[of[1]]] < 0.5 * gap_to
    tests = {
        "u": (under, "underfitting"),
        "r": (turned, "overfitting"),
        "g": (gap, "overfitting"),
        "f": (not under, "good fit"),
        "o": (not turned and not gap, "good fit"),
    }
    return next((tests[k][1] for k in order if tests[k][0]), "good fit")


def _diagnosis_mistake(
    cases: Sequence[Losses], verdicts: Sequence[str], failed: Losses, got: str
) -> str | None:
    """Return the mistake that gives the same verdicts in all cases."""
    which = ("last", "best", "then")
    vals = (("last", "last"), ("last", "best"), ("best", "best"))
    picks = ((u, g, *val) for u, g, val in itertools.product(which, which, vals))
    variants = itertools.product(_ORDERS, picks)
    simplest = sorted(variants, key=lambda v: 9 * (v[0] != "urg") - v[1].count("last"))
    for order, of in simplest:
        if all(
            _rule(*case, order=order, of=of) == verdict
            for case, verdict in zip(cases, verdicts, strict=True)
        ):
            wrong_order = _rule(*failed, order=order) == got
            return "wrong-order" if wrong_order else "best-not-last"
    return None
