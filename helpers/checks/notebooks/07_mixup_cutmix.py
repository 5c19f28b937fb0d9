"""Checks of 07_mixup_cutmix."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.gradients import gradient
from helpers.words import say

Box = tuple[int, int, int, int]
Case = tuple[Any, ...]
# A weight may have been a float32 on its way.
LOOSE: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-5}


# -- what is right, and cases that show it -------------------------------------------


def mixed(values: Tensor, lam: float, permutation: Tensor) -> Tensor:
    """Return lam·values + (1-lam)·values[permutation]."""
    return lam * values + (1 - lam) * values[permutation]


def pasted(images: Tensor, box: Box, permutation: Tensor) -> Tensor:
    """Return images with the box taken from images[permutation]."""
    y1, y2, x1, x2 = box
    out = images.clone()
    out[..., y1:y2, x1:x2] = images[permutation][..., y1:y2, x1:x2]
    return out


def box_of(height: int, width: int, lam: float, center: tuple[int, int]) -> Box:
    """Return (y1, y2, x1, x2) as Yun and others 2019, and torchvision, cut it."""
    half_h, half_w = (int(side * math.sqrt(1 - lam) / 2) for side in (height, width))
    return (
        max(center[0] - half_h, 0),
        min(center[0] + half_h, height),
        max(center[1] - half_w, 0),
        min(center[1] + half_w, width),
    )


def _cycle(t: Trial, n: int) -> Tensor:
    """Draw a permutation that is one cycle: no fixed point, not its own inverse."""
    order = t.random.sample(range(n), n)
    permutation = torch.empty(n, dtype=torch.int64)
    permutation[order] = torch.tensor(order[1:] + order[:1])
    return permutation


def _soft(t: Trial, n: int, classes: int, dtype: torch.dtype) -> Tensor:
    """Draw rows of probabilities, none of them near another."""
    return (2 * t.randn(n, classes, dtype=dtype)).softmax(1)


def _hard(t: Trial, n: int, classes: int, dtype: torch.dtype) -> Tensor:
    """Draw one-hot rows in which neighbors never agree."""
    start = t.random.randrange(classes)
    labels = (start + torch.arange(n)) % classes
    return F.one_hot(labels, classes).to(dtype)


def _pair(t: Trial, result: Any, images: Tensor, targets: Tensor) -> tuple[Any, Any]:
    """Require (images, targets) of the right shapes and dtypes."""
    advice = say("Return both: `return new_images, new_targets`.")
    if isinstance(result, (tuple, list)) and len(result) in (3, 4):
        advice = say(
            "This looks like the form (images, y_a, y_b, lam), in which the *losses* "
            "are mixed later. Here the targets are mixed, too: return two tensors, the "
            "images and one target matrix."
        )
    if result is None:
        advice = say("Your function returns nothing: is `return` missing?")
    t.require(
        isinstance(result, (tuple, list)) and len(result) == 2,
        say("the result is not a pair."),
        expected=say("(images, targets)"),
        got=t.kind(result),
        advice=advice,
    )
    t.tensor(result[0], like=images, what=say("the image batch"))
    t.tensor(result[1], like=targets, what=say("the target matrix"))
    return tuple(result)


# -- 7.1 -----------------------------------------------------------------------------


@exercise(
    "7.1",
    mistakes={
        "k-minus-one": say(
            "ε is spread over the K-1 other classes. PyTorch (and Szegedy and others "
            "2016) mix with the uniform distribution over all K classes: ε/K for each "
            "class, and the true one keeps 1-ε on top of its own ε/K."
        ),
    },
)
def smooth_labels(answer: Any, t: Trial) -> None:
    """Check 7.1: (1-ε)·one-hot + ε/K, as PyTorch's."""
    classes = t.random.choice([4, 5, 6])
    labels = t.integers(classes, 7)

    t.part("shape and dtype")
    _smoothed(t, answer, labels, classes, t.random.choice([0.1, 0.2, 0.3]))
    t.part("a case by hand")
    _smoothed(t, answer, torch.tensor([1]), 4, 0.2)
    t.part("the limits ε=0 and ε=1")
    for epsilon in (0.0, 1.0):
        _smoothed(t, answer, labels, classes, epsilon)
    t.part("classes that do not occur")
    few = torch.zeros(3, dtype=torch.int64)
    _smoothed(t, answer, few, classes + 3, 0.25)
    _smoothed(t, answer, few, 2, 0.3)

    t.part("agreement with PyTorch")
    epsilon = t.random.choice([0.05, 0.1, 0.15])
    logits = t.randn(7, classes)
    targets = t.call(answer, labels, classes, epsilon)
    ours = -(targets * logits.log_softmax(1)).sum(1).mean()
    theirs = F.cross_entropy(logits, labels, label_smoothing=epsilon)
    t.close(ours, theirs, what=say("the cross-entropy with your targets"))


def _smoothed(
    t: Trial, answer: Any, labels: Tensor, classes: int, epsilon: float
) -> None:
    hot = F.one_hot(labels, classes).float()
    right = (1 - epsilon) * hot + epsilon / classes
    others = epsilon / (classes - 1)
    k_minus_one = (
        (1 - epsilon) * hot + others * (1 - hot),
        (1 - epsilon) * hot + others,
    )
    got = t.call(answer, labels, classes, epsilon)
    if isinstance(got, Tensor) and got.shape == right.shape:
        for wrong in k_minus_one:
            if _near(got, wrong) and not _near(wrong, right):
                t.fail(
                    say("the smoothed labels are not right."),
                    expected=right,
                    got=got,
                    mistake="k-minus-one",
                )
        if got.dtype != torch.float32:
            t.fail(
                say("the result has the wrong dtype."),
                expected=torch.float32,
                got=got.dtype,
                advice=say(
                    "Labels are integers; probabilities here are float32: `.float()` "
                    "the one-hot rows."
                ),
            )
    every_row = epsilon / classes + (1 - epsilon) * hot.amax(0).expand_as(hot)
    if isinstance(got, Tensor) and _near(got, every_row) and not _near(got, right):
        t.fail(
            say("the smoothed labels are not right."),
            expected=right,
            got=got,
            advice=say(
                "`t[:, labels]` picks the labels' columns in *every* row. One entry "
                "per row takes two indices: `t[torch.arange(N), labels]`."
            ),
        )
    t.close(
        got, right, what=say("the result"), advice=_why_not_smooth(got, right, epsilon)
    )


def _near(a: Tensor, b: Tensor) -> bool:
    if a.shape != b.shape:
        return False
    return bool(((a.detach().double() - b.double()).abs() < 1e-5).all())


def _why_not_smooth(got: Any, right: Tensor, epsilon: float) -> str | None:
    if not isinstance(got, Tensor) or got.shape != right.shape:
        return None
    if ((got.double().sum(1) - 1).abs() > 1e-4).any():
        return say("The rows do not sum to 1: every class gets ε/K, the true one, too.")
    if got.double().amax(1).le(0.5).all() and 0 < epsilon < 0.5:
        return say("The true class keeps 1-ε; ε is what is spread over all classes.")
    return None


# -- 7.2 -----------------------------------------------------------------------------


@exercise(
    "7.2",
    mistakes={
        "softmax-twice": say(
            "The softmax is taken twice. `logits` become probabilities once: either "
            "`log_softmax`, or `F.cross_entropy`, which has it inside and wants raw "
            "logits."
        ),
        "mean-over-classes": say(
            "The mean also runs over the classes, so the loss is K times too small. "
            "Sum over the classes of each example, then average over the examples."
        ),
        "not-finite": say(
            "Large logits break it: the softmax underflows to 0 and its logarithm is "
            "not finite. `log_softmax` computes both in one safe step."
        ),
    },
)
def soft_cross_entropy(answer: Any, t: Trial) -> None:
    """Check 7.2: the mean cross-entropy with probabilities as targets."""
    dtype, other = t.dtypes()

    t.part("a case by hand")
    logits = torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]], dtype=dtype)
    targets = torch.tensor([[0.75, 0.25], [1.0, 0.0]], dtype=dtype)
    _soft_loss(t, answer, logits, targets)

    t.part("one-hot targets: the usual loss")
    n, classes = t.random.choice([(5, 3), (7, 4), (6, 4)])
    _soft_loss(
        t, answer, 2 * t.randn(n, classes, dtype=other), _hard(t, n, classes, other)
    )
    t.part("soft targets")
    logits = 2 * t.randn(n, classes, dtype=dtype)
    targets = _soft(t, n, classes, dtype)
    _soft_loss(t, answer, logits, targets)
    _soft_loss(t, answer, logits[:1], targets[:1])

    t.part("finite for logits of ±10,000")
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]], dtype=dtype)
    targets = torch.tensor([[0.9, 0.05, 0.05], [0.0, 0.5, 0.5]], dtype=dtype)
    _soft_loss(t, answer, logits, targets)

    t.part("gradients")
    logits = t.randn(n, classes, dtype=other).requires_grad_()
    targets = _soft(t, n, classes, other)
    loss = t.call(answer, logits, targets)
    advice = say("Compute from logits itself: no .detach(), .item() or numpy.")
    grad = gradient(t, loss, logits, of=say("the logits"), advice=advice)
    right = (logits.detach().softmax(1) - targets) / n
    t.close(grad, right, what=say("the gradient"))


def _soft_loss(t: Trial, answer: Any, logits: Tensor, targets: Tensor) -> None:
    right = _cross_entropy(logits.log_softmax(1), targets)
    twice = _cross_entropy(logits.softmax(1).log_softmax(1), targets)
    got = t.call(answer, logits, targets)
    if isinstance(got, (int, float)) and not isinstance(got, bool):
        t.fail(
            say("the result is a Python number."),
            expected=say("a 0-dim tensor"),
            got=got,
            advice=say(
                "A loss has to be differentiable: return the tensor, no `.item()`."
            ),
        )
    value = t.tensor(got)
    t.require(
        value.dim() == 0,
        say("the result is not one number."),
        expected=say("a 0-dim tensor, the mean over the examples"),
        got=value,
    )
    if not value.isfinite():
        large = logits.abs().max() > 100
        t.fail(
            say("the loss is not finite."),
            expected=right,
            got=value,
            mistake="not-finite" if large else None,
            advice=say(
                "Take the logarithm of the probabilities, not of logits or targets: "
                "those may be 0 or negative."
            ),
        )
    n, classes = logits.shape
    wrong = {
        "softmax-twice": [twice, twice / classes],
        "mean-over-classes": [right / classes],
    }
    for mistake, values in wrong.items():
        for other in values:
            if _close(value, other) and not _close(other, right):
                t.fail(
                    say("the loss is not right."),
                    expected=right,
                    got=value,
                    mistake=mistake,
                )
    if math.isclose(value.item(), right.item(), rel_tol=1e-3):
        t.close(value, right, what=say("the loss"), advice=_NEARLY)
        return
    advice = _why_not_loss(value, right, targets) or _other_loss(value, logits, targets)
    t.close(value, right, what=say("the loss"), advice=advice)


def _cross_entropy(log_probs: Tensor, targets: Tensor) -> Tensor:
    return -(targets * log_probs).sum(1).mean()


def _close(a: Tensor, b: Tensor) -> bool:
    return math.isclose(a.item(), b.item(), rel_tol=2e-5, abs_tol=1e-6)


def _why_not_loss(value: Tensor, right: Tensor, targets: Tensor) -> str | None:
    entropy = -(targets * targets.clamp(min=1e-30).log()).sum(1).mean()
    if right > 100:
        return say(
            "The logits are large here: a clamp or a small number inside the logarithm "
            "changes the loss. `log_softmax` is exact."
        )
    if _close(value, -right):
        return say(
            "The sign is wrong: log-probabilities are negative, a loss is positive."
        )
    if _close(value, right * len(targets)) and len(targets) > 1:
        return say("This is the sum over the examples; take their mean.")
    if entropy > 1e-3 and _close(value, right - entropy):
        return say(
            "This is the KL divergence. The cross-entropy does not subtract the "
            "entropy of the targets."
        )
    return None


_NEARLY = say(
    "Only the last digits differ. Is a small number added inside the logarithm, or the "
    "softmax clamped? `log_softmax` needs neither and is exact."
)


def _other_loss(value: Tensor, logits: Tensor, targets: Tensor) -> str | None:
    """Tell which other loss this is, if it is one that is known."""
    probs, log_probs = logits.softmax(1), logits.log_softmax(1)
    binary = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    of_probs = F.binary_cross_entropy(probs, targets, reduction="none")
    square = (probs - targets) ** 2
    safe = targets.clamp(min=1e-9).log()
    known = [
        (
            [-(targets * logits.log_softmax(0)).sum(1)],
            say(
                "The softmax runs over the batch. Each example's probabilities sum to "
                "1: it goes along dim 1."
            ),
        ),
        (
            [binary, binary.sum(1), of_probs, of_probs.sum(1)],
            say(
                "This is the *binary* cross-entropy, which treats every class as a "
                "yes-or-no question of its own. Here one softmax goes over all "
                "classes."
            ),
        ),
        (
            [square, square.sum(1)],
            say(
                "This is the squared error of the probabilities. Cross-entropy is -Σ "
                "target·log(probability)."
            ),
        ),
        (
            [-(logits * targets.log_softmax(1)).sum(1), -(probs * safe).sum(1)],
            say(
                "Logits and targets have changed places: the logarithm is taken of the "
                "network's probabilities, and the targets are the weights."
            ),
        ),
        (
            [-log_probs[torch.arange(len(logits)), targets.argmax(1)]],
            say(
                "Every class of a target counts: -Σ target·log(probability) per "
                "example."
            ),
        ),
    ]
    for losses, advice in known:
        if any(_close(value, loss.mean()) for loss in losses):
            return advice
    return None


# -- 7.3 -----------------------------------------------------------------------------


@exercise(
    "7.3",
    mistakes={
        "labels-not-mixed": say(
            "The images are mixed, the labels are not: the network is told that half a "
            "shoe on half a bag is a shoe. Mix the targets with the same weights and "
            "the same permutation."
        ),
        "weights-swapped": say(
            "The weights are swapped. lam belongs to the batch as it is, 1-lam to the "
            "permuted one: lam=1 changes nothing."
        ),
        "in-place": say(
            "Your code writes into its argument. The batch you are given may be a view "
            "of the data set itself: make new tensors."
        ),
        "agreeing-labels": say(
            "Where both labels of a pair agree, the row does not sum to 1: the second "
            "weight overwrites the first. Add weighted rows instead of writing "
            "entries."
        ),
    },
)
def mixup(answer: Any, t: Trial) -> None:
    """Check 7.3: images and targets, mixed with the same weights and partners."""
    dtype, other = t.dtypes()

    t.part("a case by hand")
    images = torch.tensor([0.0, 8.0], dtype=dtype).view(2, 1, 1, 1)
    _mixup(t, answer, images, torch.eye(2, dtype=dtype), 0.75, torch.tensor([1, 0]))

    t.part("images and targets")
    n, classes = t.random.choice([(5, 6), (6, 7), (7, 8)])
    shape = t.random.choice([(1, 4, 5), (3, 5, 4), (2, 3, 6)])
    images, targets = t.randn(n, *shape, dtype=dtype), _hard(t, n, classes, dtype)
    lam = t.random.choice([0.1, 0.3, 0.35, 0.7, 0.85, 0.9])
    _mixup(t, answer, images, targets, lam, _cycle(t, n))

    t.part("pairs whose labels agree")
    twins = _hard(t, n, classes, dtype)
    permutation = _cycle(t, n)
    twins[permutation[:2]] = twins[:2].clone()
    _mixup(t, answer, images, twins, lam, permutation)
    some = torch.arange(n)
    some[:3] = torch.tensor([1, 2, 0])  # the others stay where they are
    _mixup(t, answer, images, targets, lam, some)

    t.part("the limits lam=0 and lam=1")
    for limit in (0.0, 1.0):
        _mixup(t, answer, images, targets, limit, _cycle(t, n))

    t.part("targets that are soft already")
    images, targets = t.randn(n, *shape, dtype=other), _soft(t, n, classes, other)
    _mixup(t, answer, images, targets, 1 - lam, _cycle(t, n))


def _mixup(
    t: Trial,
    answer: Any,
    images: Tensor,
    targets: Tensor,
    lam: float,
    permutation: Tensor,
) -> None:
    right = mixed(images, lam, permutation), mixed(targets, lam, permutation)
    swapped = (
        mixed(images, 1 - lam, permutation),
        mixed(targets, 1 - lam, permutation),
    )
    given = images.clone(), targets.clone()
    result = _pair(
        t, t.call(answer, images, targets, lam, permutation), images, targets
    )
    sums = result[1].detach().double().sum(1)
    both = (targets * targets[permutation]).sum(1) > 0.999  # one-hot and agreeing
    broken = both & ((sums - 1).abs() > 1e-3)
    if broken.any() and not ((sums - 1).abs() > 1e-3)[~both].any():
        t.fail(
            say("the targets of a pair with one label do not sum to 1."),
            expected=say("rows that sum to 1"),
            got=say("a sum of {sums:.3g}", sums=sums[broken][0]),
            mistake="agreeing-labels",
        )
    changed = not _near(result[0], images) or torch.equal(images, right[0])
    if changed and not _near(targets[permutation], targets):
        alone = (targets, targets[permutation])  # of one image, whichever it is
        t.require(
            _near(result[1], right[1])
            or not any(_near(result[1], labels) for labels in alone),
            say("the targets are those of one image alone."),
            expected=right[1],
            got=result[1],
            mistake="labels-not-mixed",
        )
    parts = zip(
        (say("image batch"), say("target matrix")),
        result,
        right,
        swapped,
        given,
        strict=True,
    )
    for what, got, expected, wrong, old in parts:
        t.close(
            got,
            expected,
            what=say("the {what}", what=what),
            mistakes={"weights-swapped": wrong},
            advice=_why_not_mixed(got, old, lam, permutation),
            **LOOSE,
        )


def _why_not_mixed(
    got: Tensor, old: Tensor, lam: float, permutation: Tensor
) -> str | None:
    got = got.detach()
    inverse = permutation.argsort()
    if _near(got, mixed(old, lam, inverse)) or _near(got, mixed(old, 1 - lam, inverse)):
        return say("Example i is mixed with example permutation[i]: `x[permutation]`.")
    if _near(got, old[permutation]):
        return say("These are the permuted values alone.")
    if _near(got, old):
        return say("These are the values as they came: nothing is mixed.")
    hot = F.one_hot(old.argmax(1), old.shape[1]) if old.dim() == 2 else old
    if not _near(hot, old) and _near(got, mixed(hot, lam, permutation)):
        return say(
            "Targets may be soft already: mix the rows, not their largest class."
        )
    return None


# -- 7.4 -----------------------------------------------------------------------------


@exercise(
    "7.4",
    mistakes={
        "height-width-swapped": say(
            "Height and width are swapped. On an image that is not square the box then "
            "leaves it, or has the wrong shape: y goes with height and comes first, x "
            "with width."
        ),
        "sqrt-lam": say(
            "The side comes from √lam. lam is the share that is *kept*; what is cut "
            "has the area 1-lam, so each side is √(1-lam) of the image's."
        ),
        "not-clipped": say(
            "The box is not clipped: it sticks out of the image. A negative start "
            "counts from the end when you slice, and the area is wrong. Limit y to 0 … "
            "height and x to 0 … width."
        ),
    },
)
def cut_box(answer: Any, t: Trial) -> None:
    """Check 7.4: the clipped box of area 1-lam, as torchvision cuts it."""
    cases = [
        (say("a case by hand"), [(8, 12, 0.75, 4, 6)]),
        (say("boxes inside the image"), [*_box_cases(t, inside=True)]),
        (say("boxes over the edge"), [*_box_cases(t, inside=False)]),
        (say("the limits lam=0 and lam=1"), [*_limit_cases(t)]),
    ]
    rows = [case for _, group in cases for case in group]
    for label, group in cases:
        t.part(label)
        for case in group:
            box = _four_ints(t, t.call(answer, *case))
            if box != _right_box(case):
                _name_box(t, answer, rows, case, box)


def _right_box(case: Case) -> Box:
    height, width, lam, *center = case
    return box_of(height, width, lam, tuple(center))


def _box_cases(t: Trial, *, inside: bool) -> Iterator[Case]:
    """Draw images of different sides, and a lam whose box has no side near a step."""
    for tall in (True, False, t.random.random() < 0.5):
        while True:
            sides = t.random.randint(12, 20), t.random.randint(30, 41)
            height, width = sides[::-1] if tall else sides
            lam = t.random.uniform(0.55, 0.9) if inside else t.random.uniform(0.2, 0.9)
            lam = round(lam, 3)
            if not _clear(height, width, lam):
                continue
            half_h, half_w = (int(s * math.sqrt(1 - lam) / 2) for s in (height, width))
            if inside:
                if 2 * half_h + 2 > height or 2 * half_w + 2 > width:
                    continue
                y = t.random.randint(half_h + 1, height - half_h - 1)
                x = t.random.randint(half_w + 1, width - half_w - 1)
            else:
                y = t.random.choice([0, 1, height - 2, height - 1])
                x = t.random.choice([0, 1, width - 2, width - 1])
            if y != x:
                yield height, width, lam, y, x
                break


def _clear(height: int, width: int, lam: float) -> bool:
    """Tell whether no formula, right or wrong, comes near a whole number."""
    shares = (math.sqrt(1 - lam), math.sqrt(lam), 1 - lam, 1 - math.sqrt(lam))
    halves = [side * share / 2 for side in (height, width) for share in shares]
    return all(0.02 < half % 1 < 0.98 for half in halves)


def _limit_cases(t: Trial) -> Iterator[Case]:
    height, width = t.random.choice([(9, 14), (13, 8), (10, 6)])
    for lam in (0.0, 1.0):
        yield (
            height,
            width,
            lam,
            t.random.randint(1, height - 2),
            t.random.randint(1, width - 2),
        )


def _four_ints(t: Trial, got: Any) -> Box:
    advice = say("Return `y1, y2, x1, x2`, four ints: slices take nothing else.")
    if got is None:
        advice = say("Your function returns nothing: is `return` missing?")
    if isinstance(got, (tuple, list)) and len(got) == 4:
        if all(isinstance(v, Integral) and not isinstance(v, bool) for v in got):
            return _four(got)
        kinds = ", ".join(map(t.kind, got))
        got = f"{got} ({kinds})"
    t.fail(say("this is not a box."), expected=say("four ints"), got=got, advice=advice)


SWAPS = ("none", "sides", "order", "centers", "clips", "all", "sizes")
CLIPS = ("both", "none", "low", "high", "y", "x")
SHARES: dict[str, Callable[[float], float]] = {
    "right": lambda lam: math.sqrt(1 - lam) / 2,
    "sqrt-lam": lambda lam: math.sqrt(lam) / 2,
    "no-root": lambda lam: (1 - lam) / 2,
    "no-half": lambda lam: math.sqrt(1 - lam),
    "lam": lambda lam: lam / 2,
    "one-minus-root": lambda lam: (1 - math.sqrt(lam)) / 2,
}


def _variant(case: Case, share: str, swap: str, clip: str) -> Box:
    """Return the box of an answer with these mistakes."""
    height, width, lam, y, x = case
    part = SHARES[share](lam)
    half_h, half_w = int(height * part), int(width * part)
    if swap == "sides":
        half_h, half_w = half_w, half_h
    if swap == "centers":
        y, x = x, y
    top, left = (width, height) if swap == "clips" else (height, width)
    y1, y2, x1, x2 = y - half_h, y + half_h, x - half_w, x + half_w
    if clip in ("both", "low", "y"):
        y1 = max(y1, 0)
    if clip in ("both", "high", "y"):
        y2 = min(y2, top)
    if clip in ("both", "low", "x"):
        x1 = max(x1, 0)
    if clip in ("both", "high", "x"):
        x2 = min(x2, left)
    if swap == "all":  # height taken for width from the first line on
        return _variant((width, height, lam, case[3], case[4]), share, "none", clip)
    if swap == "sizes":
        return y1, y2 - y1, x1, x2 - x1
    return (x1, x2, y1, y2) if swap == "order" else (y1, y2, x1, x2)


def _name_box(t: Trial, answer: Any, rows: list[Case], case: Case, box: Box) -> None:
    """Fail; name the mistakes that explain the answer's boxes in all cases."""
    height, width, lam, y, x = case
    text = f"cut_box({height}, {width}, lam={lam:g}, center_y={y}, center_x={x})"
    boxes = [_boxed(t, answer, row) for row in rows]
    kinds = sorted(
        itertools.product(SHARES, SWAPS, CLIPS),
        key=lambda k: (k[0] != "right") + (k[1] != "none") + (k[2] != "both"),
    )
    explained = next(
        (k for k in kinds if all(map(_agrees(k), rows, boxes))),
        None,
    )
    t.case = text
    mistake, advice = None, _why_not_box(case, box)
    if explained:
        share, swap, clip = explained
        if swap == "sizes":
            advice = _SIZES if share == "right" else None
        elif share == "sqrt-lam":
            mistake = "sqrt-lam"
        elif swap != "none":
            mistake = "height-width-swapped"
        elif share == "right" and clip != "both":
            mistake = "not-clipped"
        else:
            advice = _SHARE_ADVICE.get(share, advice)
    elif _sticks_out(case, box):
        mistake = "not-clipped"
    t.fail(
        say("the box is not right."),
        expected=_right_box(case),
        got=box,
        mistake=mistake,
        advice=advice,
    )


def _agrees(kind: tuple[str, str, str]) -> Callable[[Case, Box | None], bool]:
    return lambda row, box: box == _variant(row, *kind)


def _four(values: Any) -> Box:
    y1, y2, x1, x2 = map(int, values)
    return y1, y2, x1, x2


def _boxed(t: Trial, answer: Any, row: Case) -> Box | None:
    value = t.outcome(answer, *row).value  # a later case may break what is bent
    try:
        return _four(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None


_SIZES = say(
    "These are starts and sizes. A box is given by its edges here: y1, y2, x1, x2, so "
    "that it can be sliced as [y1:y2, x1:x2]."
)
_SHARE_ADVICE = {
    "one-minus-root": say(
        "The root is taken of the wrong share: the *cut* has the area 1-lam, so its "
        "sides are √(1-lam). 1-√lam is something else."
    ),
    "no-root": say(
        "The square root is missing: an *area* of 1-lam has sides of √(1-lam)."
    ),
    "no-half": say("The box is twice as high and wide: half_h goes up *and* down."),
    "lam": say(
        "lam is the share that is kept; a side of the cut is √(1-lam) of the whole."
    ),
}


def _sticks_out(case: Case, box: Box) -> bool:
    height, width = case[:2]
    return min(box) < 0 or box[1] > height or box[3] > width


def _why_not_box(case: Case, box: Box) -> str | None:
    y1, y2, x1, x2 = _right_box(case)
    if sorted(box) == sorted((y1, y2, x1, x2)):
        return say("The order is (y1, y2, x1, x2): both y first, then both x.")
    if box in ((y1, y2 - 1, x1, x2 - 1), (y1, y2 + 1, x1, x2 + 1)):
        return say(
            "y2 and x2 are exclusive, as in slices: the center plus the half side."
        )
    if box == (y1, min(y2, case[0] - 1), x1, min(x2, case[1] - 1)):
        return say("y2 and x2 are exclusive: they may be height and width themselves.")
    if (box[0], box[2]) == case[3:] and case[2] < 1 and box[1] > box[0]:
        return say("The center is the middle of the box, not its corner.")
    whole = [2 * int(side * math.sqrt(1 - case[2]) / 2) for side in case[:2]]
    clipped = [y2 - y1, x2 - x1] != whole
    if clipped and [box[1] - box[0], box[3] - box[2]] == whole:
        return say("The box is clipped, not moved: what sticks out is lost.")
    if case[2] == 1:
        return say(
            "lam = 1 keeps the whole image: the box is empty, y1 = y2 and x1 = x2."
        )
    if max(abs(a - b) for a, b in zip(box, _right_box(case), strict=True)) == 1:
        return say("half_h = int(height·√(1-lam)/2): cut off the digits, do not round.")
    return None


# -- 7.5 -----------------------------------------------------------------------------


@exercise(
    "7.5",
    mistakes={
        "label-weight": say(
            "The labels' weight does not come from the box. Count what was pasted: "
            "(y2-y1)·(x2-x1) of height·width pixels belong to the other image, and so "
            "much of its label."
        ),
        "weights-swapped": say(
            "The labels' weights are swapped. The pasted area is the share of the "
            "*permuted* target; the rest belongs to the unpermuted one."
        ),
        "pastes-pasted": say(
            "Some boxes come from images that already carry a box themselves. Take all "
            "pieces from the batch as it came, before anything is written."
        ),
        "in-place": say(
            "Your code writes into its argument. The batch you are given may be a view "
            "of the data set itself: work on `images.clone()`."
        ),
    },
)
def cutmix(answer: Any, t: Trial) -> None:
    """Check 7.5: boxes from the batch as it came, labels by the pasted area."""
    dtype, other = t.dtypes()

    t.part("type, shape and dtype")
    images, targets = t.randn(5, 1, 5, 7, dtype=dtype), _hard(t, 5, 6, dtype)
    box, permutation = (1, 4, 2, 6), _cycle(t, 5)
    case = t.call(answer, images, targets, box, permutation)
    out, _ = _pair(t, case, images, targets)
    _pieces(t, out.detach(), images, box, permutation)

    t.part("a case by hand")
    images = torch.stack([torch.zeros(1, 2, 4), torch.ones(1, 2, 4)]).to(dtype)
    swap = torch.tensor([1, 0])
    _cutmix(t, answer, images, torch.eye(2, dtype=dtype), (0, 1, 0, 3), swap)

    t.part("images and targets")
    n, classes = t.random.choice([(6, 7), (6, 8), (7, 8)])
    channels, height, width = t.random.choice([(2, 6, 9), (3, 9, 6), (2, 7, 10)])
    images = t.randn(n, channels, height, width, dtype=dtype)
    targets = _hard(t, n, classes, dtype)
    _cutmix(t, answer, images, targets, (1, 3, 1, 5), _cycle(t, n))
    clipped = (height - 2, height, 0, width - 2)
    _cutmix(t, answer, images, targets, clipped, _cycle(t, n))
    up = torch.arange(n).roll(t.random.choice([-1, 1]))
    coarse = images.round()  # many pixels of two images agree, as in real ones
    _cutmix(t, answer, coarse, targets, (0, 4, 2, 5), up)

    t.part("pairs whose labels agree")
    some = torch.arange(n)
    some[:3] = torch.tensor([1, 2, 0])
    same = targets.clone()
    same[3] = same[4]
    some[3:5] = torch.tensor([4, 3])  # the others stay where they are
    _cutmix(t, answer, images, same, (1, 3, 1, 5), some)

    t.part("the limits: no box, the whole image")
    _cutmix(t, answer, images, targets, (2, 2, 3, 3), _cycle(t, n))
    _cutmix(t, answer, images, targets, (0, height, 0, width), _cycle(t, n))

    t.part("targets that are soft already")
    images = t.randn(n, channels, height, width, dtype=other)
    targets = _soft(t, n, classes, other)
    _cutmix(t, answer, images, targets, (1, 5, 0, 3), _cycle(t, n))


def _cutmix(
    t: Trial,
    answer: Any,
    images: Tensor,
    targets: Tensor,
    box: Box,
    permutation: Tensor,
) -> None:
    y1, y2, x1, x2 = box
    area = (y2 - y1) * (x2 - x1) / (images.shape[-2] * images.shape[-1])
    right = pasted(images, box, permutation)
    given = images.clone(), targets.clone()
    result = _pair(
        t, t.call(answer, images, targets, box, permutation), images, targets
    )
    got = result[0].detach()
    _pieces(t, got, images, box, permutation)
    t.close(
        result[0],
        right,
        what=say("the image batch"),
        advice=_why_not_pasted(got, given[0], box, permutation),
        **LOOSE,
    )
    _label_weight(t, result[1], targets, area, permutation)


def _pieces(
    t: Trial, got: Tensor, images: Tensor, box: Box, permutation: Tensor
) -> None:
    """Fail if a piece comes from an image that had been pasted into before."""
    y1, y2, x1, x2 = box
    pieces, own = (v[..., y1:y2, x1:x2].flatten(1) for v in (got, images))
    around = got.clone()
    around[..., y1:y2, x1:x2] = images[..., y1:y2, x1:x2]
    if len(images) < 3 or not own.numel() or not _near(around, images):
        return
    found = torch.cdist(pieces.double(), own.double()).min(1)
    if (found.values > 1e-5).any():
        return
    origin, twice = found.indices, permutation[permutation]
    first = origin == permutation
    in_turn = first.any() and (first | (origin == origin[permutation])).all()
    again = not torch.equal(twice, permutation.argsort()) and torch.equal(origin, twice)
    t.require(
        first.all() or not (in_turn or again),
        say("some boxes hold pieces of the wrong image."),
        expected=say("pieces of the images as they came"),
        got=say("pieces of images that had been pasted into before"),
        mistake="pastes-pasted",
    )


def _why_not_pasted(
    got: Tensor, old: Tensor, box: Box, permutation: Tensor
) -> str | None:
    y1, y2, x1, x2 = box
    if _near(got, pasted(old, box, permutation.argsort())):
        return say(
            "Image i receives a piece of image permutation[i]: `images[permutation]`."
        )
    inverse = old[permutation].clone()
    inverse[..., y1:y2, x1:x2] = old[..., y1:y2, x1:x2]
    if _near(got, inverse):
        return say("Inside and outside are swapped: only the box is the other image's.")
    order = say("The box is (y1, y2, x1, x2): rows y1:y2, columns x1:x2.")
    for read in ((x1, x2, y1, y2), (y1, x1, y2, x2)):
        if _near(got, pasted(old, read, permutation)):
            return (
                say("{order} Nothing is pasted.", order=order)
                if _near(got, old)
                else order
            )
    if _near(got, old):
        return say("Nothing is pasted.")
    flat = old.clone()
    flat[:, y1:y2, x1:x2] = old[permutation][:, y1:y2, x1:x2]
    if _near(got, flat):
        return say(
            "Images have four dimensions, (N, C, H, W): `[:, y1:y2, x1:x2]` cuts "
            "channels and rows. Rows and columns are the last two: `[..., y1:y2, "
            "x1:x2]`."
        )
    return None


def _label_weight(
    t: Trial, got: Tensor, targets: Tensor, area: float, permutation: Tensor
) -> None:
    right = mixed(targets, 1 - area, permutation)
    if _near(got.detach(), right):
        t.close(got, right, what=say("the target matrix"), **LOOSE)
        return
    mistake: str | None = "label-weight"
    if _near(got.detach(), mixed(targets, area, permutation)):
        mistake = "weights-swapped"
    elif not _is_mixture(got.detach(), targets, permutation):
        mistake = None
    t.close(
        got,
        right,
        what=say("the target matrix"),
        mistakes={mistake: got.detach()} if mistake else None,
        advice=say(
            "Each row is a weighted sum of targets[i] and targets[permutation[i]], and "
            "sums to 1."
        ),
        **LOOSE,
    )


def _is_mixture(got: Tensor, targets: Tensor, permutation: Tensor) -> bool:
    """Tell whether each row is w·own + (1-w)·other with some weight w of its own."""
    own, other, got = (v.double() for v in (targets, targets[permutation], got))
    step = own - other
    weight = ((got - other) * step).sum(1) / (step**2).sum(1).clamp(min=1e-12)
    return bool(((other + weight[:, None] * step - got).abs() < 1e-4).all())


# -- 7.6 -----------------------------------------------------------------------------


@exercise(
    "7.6",
    mistakes={
        "one-box": say(
            "All images get the same hole. Every image has a center of its own: the "
            "hole of image i lies around (center_y[i], center_x[i])."
        ),
        "not-clipped": say(
            "The hole is not clipped at the border. A negative start counts from the "
            "end, so the hole jumps to the other side, or vanishes. Limit its rows to "
            "0 … H and its columns to 0 … W."
        ),
        "in-place": say(
            "Your code writes into its argument. The batch you are given may be a view "
            "of the data set, which then has holes for good: work on `images.clone()`."
        ),
        "one-channel": say(
            "Only one channel is filled, so the network still sees what is in the "
            "hole. Fill all channels: the index of the channels is `:`."
        ),
    },
)
def cutout(answer: Any, t: Trial) -> None:
    """Check 7.6: one square per image, clipped, in all channels."""
    cases = [
        (say("shape and dtype"), [_hole_case(t, (3, 2, 9, 8), "inside")]),
        (say("a case by hand"), [_hand_hole(t)]),
        (say("squares inside the image"), [*_hole_cases(t, "inside")]),
        (say("squares over the border"), [*_hole_cases(t, "border")]),
        (say("other fillings"), [*_hole_cases(t, "inside", fill=True)]),
        (say("the limits: size 0, size 1, the whole image"), [*_hole_limits(t)]),
    ]
    rows = [case for _, group in cases for case in group]
    for label, group in cases:
        t.part(label)
        for case in group:
            _hole(t, answer, case, rows)


Hole = tuple[Tensor, Tensor, Tensor, int, float]  # images, rows, columns, size, fill


def _hand_hole(t: Trial) -> Hole:
    images = torch.ones(2, 1, 4, 5, dtype=t.dtype())
    return images, torch.tensor([1, 3]), torch.tensor([2, 0]), 2, 0.0


def _hole_cases(t: Trial, where: str, *, fill: bool = False) -> Iterator[Hole]:
    """Draw batches with an odd and an even size, taller and wider images."""
    sizes = t.random.sample([(5, 2, 11, 8), (4, 3, 8, 12), (5, 3, 10, 7)], 2)
    for shape, odd in zip(sizes, t.random.sample([True, False], 2), strict=True):
        yield _hole_case(t, shape, where, odd=odd, fill=fill)


def _hole_case(
    t: Trial,
    shape: tuple[int, int, int, int],
    where: str,
    *,
    odd: bool = True,
    fill: bool = False,
) -> Hole:
    """Draw images without zeros and centers that all differ."""
    n, _, height, width = shape
    size = 3 if odd else t.random.choice([2, 4])
    while True:
        y, x = (_centers(t, n, side, size, where) for side in (height, width))
        apart = len({*zip(y.tolist(), x.tolist(), strict=True)}) == n
        if apart and len({*y.tolist()}) > 1 and len({*x.tolist()}) > 1:
            break
    value = t.random.choice([0.5, -1.5, 2.25]) if fill else 0.0
    return 3 + t.rand(*shape, dtype=t.dtype()), y, x, size, value


def _centers(t: Trial, n: int, side: int, size: int, where: str) -> Tensor:
    if where == "inside":
        low, high = size // 2, side - size + size // 2
        return torch.tensor([t.random.randint(low, high) for _ in range(n)])
    ends = [t.random.choice([0, 1, side - 2, side - 1]) for _ in range(n - 2)]
    picked = [0, side - 1, *ends]
    t.random.shuffle(picked)
    return torch.tensor(picked)


def _hole_limits(t: Trial) -> Iterator[Hole]:
    images = 3 + t.rand(3, 2, 6, 8, dtype=t.dtype())
    y, x = torch.tensor([0, 3, 5]), torch.tensor([7, 2, 0])
    for size in (0, 1, 20):
        yield images, y, x, size, 0.0
    yield images[:1], y[1:2], x[1:2], 3, 0.0


def holes(case: Hole, rule: str = "right") -> Tensor:
    """Return what a rule makes of a case; rules other than "right" are mistakes."""
    images, y, x, size, fill = case
    fill = 0.0 if rule == "no fill" else fill
    out = images.clone()
    for i, (row, column) in enumerate(zip(y.tolist(), x.tolist(), strict=True)):
        if rule == "swapped":
            row, column = column, row
        top, left = row - size // 2, column - size // 2
        if rule == "corner":
            top, left = row, column
        if rule == "rounded up":
            top, left = row - (size - 1) // 2, column - (size - 1) // 2
        ends = top + size, left + size
        if rule == "half twice":
            ends = row + size // 2, column + size // 2
        if rule == "inclusive":
            ends = row + size // 2 + 1, column + size // 2 + 1
        if rule == "moved":
            top, left = (
                min(max(v, 0), max(side - size, 0))
                for v, side in zip((top, left), images.shape[2:], strict=True)
            )
            ends = top + size, left + size
        region = slice(max(top, 0), max(ends[0], 0)), slice(max(left, 0), ends[1])
        if rule == "outside":
            kept = out[(i, slice(None), *region)].clone()
            out[i] = fill
            out[(i, slice(None), *region)] = kept
        else:
            out[(i, slice(None), *region)] = fill
    return out


_HOLE_ADVICE = {
    "swapped": say(
        "Rows and columns are swapped: center_y counts rows, from the top; the order "
        "of the dimensions is (N, C, H, W)."
    ),
    "corner": say(
        "The center is the middle of the square, not its corner: it begins size // 2 "
        "before it."
    ),
    "half twice": say(
        "For an odd size this square is one too small: it begins at center - size // 2 "
        "and is `size` long."
    ),
    "inclusive": say(
        "The square is one too large: from center - size // 2 it is `size` long, and "
        "the end of a slice is exclusive."
    ),
    "rounded up": say(
        "For an even size the square begins one too late: at center - size // 2."
    ),
    "moved": say("The square is clipped, not moved: what sticks out is lost."),
    "outside": say(
        "Inside and outside are swapped: the square is filled, the rest stays."
    ),
    "no fill": say("The square is filled with `fill`, which need not be 0."),
}


def _hole(t: Trial, answer: Any, case: Hole, rows: list[Hole]) -> None:
    images, y, x, size, fill = case
    right = holes(case)
    outcome = t.outcome(answer, images.clone(), y.clone(), x.clone(), size, fill)
    if outcome.raised is not None and not outcome.raised.stub:
        mistake = _why_it_raised(t, answer, rows)
        errors = dict.fromkeys(outcome.raised.names, mistake) if mistake else None
        t.call(answer, images, y, x, size, fill, errors=errors)  # says it
    got = t.call(answer, images, y, x, size, fill)
    if isinstance(got, (tuple, list)):
        t.fail(
            say("the result is not one tensor."),
            expected=say("the images alone"),
            got=t.kind(got),
            advice=say("Cutout leaves the labels as they are: return the new images."),
        )
    t.tensor(got, like=images)
    if _near(got, right):
        t.close(got, right)
        return
    mistake, advice = _name_hole(t, answer, rows)
    i = int(((got.detach() - right).abs() > 1e-5).flatten(1).any(1).nonzero()[0])
    t.fail(
        say("image {i} of the batch is not right.", i=i),
        expected=_changed(right[i], images[i]),
        got=_changed(got[i].detach(), images[i]),
        mistake=mistake,
        advice=advice,
    )


def _changed(new: Tensor, old: Tensor) -> str:
    """Say which pixels of an image (C, H, W) have changed, and to what."""
    differs = (new - old).abs() > 1e-5  # (C, H, W)
    if not differs.any():
        return say("nothing changed")
    channels, rows, columns = (
        sorted({*differs.nonzero()[:, k].tolist()}) for k in range(3)
    )
    values = {f"{v:.4g}" for v in new[differs].tolist()}
    to = values.pop() if len(values) == 1 else say("several values")
    return say(
        "channels {channels}, rows {rows}, columns {columns} changed to {to}",
        channels=channels,
        rows=rows,
        columns=columns,
        to=to,
    )


def _batches(
    t: Trial, answer: Any, rows: list[Hole]
) -> list[tuple[Hole, Tensor | None]]:
    """Return what the answer makes of each case, None where it makes nothing of it."""
    case = t.case
    found: list[tuple[Hole, Tensor | None]] = []
    for images, y, x, size, fill in rows:
        given = images.clone()
        value = t.outcome(answer, given, y.clone(), x.clone(), size, fill).value
        fits = isinstance(value, Tensor) and value.shape == images.shape
        found.append(((images, y, x, size, fill), value.detach() if fits else None))
    t.case = case
    return found


def _name_hole(
    t: Trial, answer: Any, rows: list[Hole]
) -> tuple[str | None, str | None]:
    """Return the mistake, or else the advice, that explains all failing cases."""
    found = _batches(t, answer, rows)
    missed = [(case, got) for case, got in found if got is None or not _hit(got, case)]
    for mistake, fits in _HOLE_MISTAKES.items():
        if missed and all(fits(got, case) for case, got in missed):
            return mistake, None
    for rule, advice in _HOLE_ADVICE.items():
        wrong = [(got, holes(case, rule)) for case, got in missed]
        if all(got is not None and _near(got, other) for got, other in wrong):
            return None, advice
    return None, (
        say(
            "Image i gets one square: rows center_y[i] - size // 2 and the size - 1 "
            "that follow, likewise columns, as far as they lie in the image; all "
            "channels."
        )
    )


def _hit(got: Tensor, case: Hole) -> bool:
    return _near(got, holes(case))


def _why_it_raised(t: Trial, answer: Any, rows: list[Hole]) -> str | None:
    """Name "not clipped" if all that goes wrong are squares over the border."""
    found = _batches(t, answer, rows)
    missed = [(case, got) for case, got in found if got is None or not _hit(got, case)]
    return "not-clipped" if all(map(_over_the_border, missed)) else None


def _over_the_border(pair: tuple[Hole, Tensor | None]) -> bool:
    images, y, x, size, _ = pair[0]
    starts = torch.stack([y, x]) - size // 2
    sides = torch.tensor(images.shape[2:])[:, None]
    return bool((starts < 0).any() or (starts + size > sides).any())


def _same_hole(got: Tensor | None, case: Hole) -> bool:
    """Tell whether all images carry the square of one of the centers."""
    images, y, x, size, fill = case
    if got is None or len(images) < 2:
        return False
    ones = torch.ones_like(y)
    centers = [(y[k], x[k]) for k in (0, len(y) - 1)]
    means = torch.stack([y, x]).double().mean(1)
    for mean in (means.round().long(), means.floor().long()):
        centers.append((mean[0], mean[1]))
    same = [holes((images, a * ones, b * ones, size, fill)) for a, b in centers]
    every = images.clone()  # all squares in all images
    for a, b in zip(y, x, strict=True):
        every = holes((every, a * ones, b * ones, size, fill))
    return any(_near(got, other) for other in [*same, every])


def _wrapped(got: Tensor | None, case: Hole) -> bool:
    """Tell whether squares over the border wrap, vanish or lose their start."""
    if got is None or not _over_the_border((case, got)):
        return _over_the_border((case, got))  # it raised there
    images, y, x, size, fill = case
    height, width = images.shape[2:]
    per_axis = []
    for ways in itertools.product((True, False), repeat=2):  # y clipped?, x clipped?
        if all(ways):
            continue
        for how in ("slice", "modulo"):
            other = images.clone()
            for i, (row, column) in enumerate(zip(y.tolist(), x.tolist(), strict=True)):
                picked = [
                    _lines(c - size // 2, size, side, clipped, how)
                    for c, side, clipped in zip(
                        (row, column), (height, width), ways, strict=True
                    )
                ]
                other[i, :, picked[0][:, None], picked[1][None]] = fill
            per_axis.append(other)
    return any(_near(got, other) for other in per_axis)


def _lines(start: int, size: int, side: int, clipped: bool, how: str) -> Tensor:
    """Return the rows (or columns) that are filled."""
    lines = torch.arange(side)
    if clipped:
        return lines[max(start, 0) : max(start + size, 0)]
    if how == "slice":
        return lines[start : start + size]
    wrapped: Tensor = torch.arange(start, start + size).remainder(side)
    return wrapped


def _few_channels(got: Tensor | None, case: Hole) -> bool:
    """Tell whether the square is right in one channel, and missing in the others."""
    images = case[0]
    if got is None or images.shape[1] < 2:
        return False
    right = holes(case)
    for k in range(images.shape[1]):
        other = images.clone()
        other[:, k] = right[:, k]
        if _near(got, other):
            return True
    return False


_HOLE_MISTAKES: dict[str, Callable[[Tensor | None, Hole], bool]] = {
    "one-box": _same_hole,
    "not-clipped": _wrapped,
    "one-channel": _few_channels,
}
