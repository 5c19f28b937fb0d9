"""Checks of 08_distillation."""

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.epochs import (
    KINDS,
    Branch,
    Run,
    adam,
    describe_sizes,
    draw_batches,
    first_difference,
    linear,
    same_batches,
    same_parameters,
    shown,
    usual_slips,
)
from helpers.checks.vocabulary.gradients import gradient, still_recorded
from helpers.checks.vocabulary.lessons import (
    Lesson,
    by_hand,
    drawn,
    learnt_in_eval_mode,
    network,
    right_lesson,
    same_state,
    taught_in_train_mode,
    what_went_wrong,
)
from helpers.training.distillation import distillation_loss as course_loss
from helpers.words import say

LOSS = {"rtol": 1e-5, "atol": 1e-6}  # float32 sums in any order
# Near 5,000 float32 numbers lie 0.0005 apart, so exp(z - logsumexp(z)) is off by up to
# 0.03 % and forms in more steps by a few times that: large logits test "finite".
LARGE = {"rtol": 1e-2, "atol": 1e-3}
Variants = Iterable[tuple[str, Tensor]]


# -- what several exercises share ---------------------------------------------------


def _named(got: object, right: Tensor, variants: Variants) -> dict[str, Tensor]:
    """Return {name: value} of the first variant that `got` agrees with, if any."""
    for name, value in variants:
        if _near(got, value) and not _near(right, value):
            return {name: value}
    return {}


def _near(a: object, b: Tensor) -> bool:
    if not isinstance(a, Tensor) or a.shape != b.shape or a.is_complex():
        return False
    return torch.allclose(a.detach().double(), b.double(), rtol=1e-4, atol=1e-6)


def _compare(
    t: Trial,
    got: object,
    right: Tensor,
    variants: Variants,
    hints: Mapping[str, Tensor],
    **tolerance: Any,
) -> None:
    """Require `got` ≈ `right`; else name a mistake or give the hint that fits."""
    hint = next(iter(_named(got, right, hints.items())), None)
    named = _named(got, right, variants)
    t.close(got, right, mistakes=named, advice=hint, **tolerance)


def _finite(t: Trial, out: Tensor) -> None:
    t.require(
        out.isfinite().all(),
        say("large logits give a result that is not finite."),
        got=out,
        advice=say(
            "exp() of a large number is infinite, and 0 has no logarithm: "
            "torch.softmax and torch.log_softmax are safe, log(softmax(…)) is not."
        ),
    )


_FLOW = say("Compute with the argument itself: no .detach(), .data, .item() or numpy.")


# -- 8.1 ----------------------------------------------------------------------------


@exercise(
    "8.1",
    quiet=True,
    mistakes={
        "multiplies": say(
            "The logits are multiplied by the temperature, so a warm answer comes out "
            "sharper instead of softer. Divide by it."
        ),
        "wrong-dim": say(
            "The softmax does not run over the last dimension. That is where the "
            "classes are, whatever the shape: `dim=-1`."
        ),
    },
)
def soften(answer: Any, t: Trial) -> None:
    """Check 8.1: softmax of logits over temperature, over the last dimension."""
    dtype, other = t.dtypes()
    t.part("type, shape and dtype")
    t.part("by hand")
    case = torch.tensor([[2 * math.log(3), 0.0], [0.0, 0.0]], dtype=dtype)
    _softened(t, answer, case, 2.0)
    t.part("any shape")
    two, three, four = (t.random.sample([2, 3, 4, 5], dims) for dims in (2, 3, 4))
    shapes = two, three, [4], four, [3, 3, 3], [1, 1, 3]
    temperatures = t.random.sample([0.3, 0.5, 1.5, 2.5, 3.0, 5.0], 6)
    for kind, shape, T in zip([other, dtype] * 3, shapes, temperatures, strict=True):
        _softened(t, answer, 3 * t.randn(*shape, dtype=kind), T)
    t.part("temperature 1")
    _softened(t, answer, t.randn(3, 4, dtype=dtype), 1.0)
    t.part("large logits")
    for sign in (1, -1):
        x = sign * 1e4 * torch.tensor([[1.0, 0.5, -1.0], [1.0, 1.0, 1.0]], dtype=other)
        _finite(t, t.tensor(t.call(answer, x, 1.0), like=x))
        _softened(t, answer, x, 2.0, **LARGE)
    t.part("gradients")
    x, g = t.randn(3, 4, dtype=dtype).requires_grad_(), t.randn(3, 4, dtype=dtype)
    out = t.tensor(t.call(answer, x, 3.0), like=x)
    (expected,) = torch.autograd.grad(((x / 3).softmax(-1) * g).sum(), x)
    got = gradient(t, out, x, of=say("the argument"), advice=_FLOW, weight=g)
    t.close(got, expected, what=say("the gradient"))


def _softened(t: Trial, answer: Any, x: Tensor, T: float, **tolerance: float) -> None:
    right = (x / T).softmax(-1)
    wrong = [("multiplies", (x * T).softmax(-1))]
    for dim, factor in itertools.product(range(x.dim() - 1), (1 / T, T, 1.0)):
        wrong += [("wrong-dim", (x * factor).softmax(dim))]
        wrong += [("wrong-dim", (x * factor).flatten().softmax(0).view_as(x))]
    hints = {
        say("The temperature has no effect here."): x.softmax(-1),
        say("This is the logarithm: leave the log away."): (x / T).log_softmax(-1),
        say("Divide the logits, before the softmax."): x.softmax(-1) / T,
        say("These are logits still: take the softmax."): x / T,
    }
    out = t.call(answer, x, T, errors={"IndexError": "wrong-dim"})
    _compare(t, out, right, wrong, hints, **tolerance)


# -- 8.2 ----------------------------------------------------------------------------

# What can be wrong about the loss, in the order in which it is named.
FLAGS = (
    "t-squared-missing",
    "kl-reversed",
    "mean-over-elements",
    "alpha-swapped",
    "temperature-on-hard-loss",
)


@exercise(
    "8.2",
    quiet=True,
    mistakes={
        "t-squared-missing": say(
            "The factor T² is missing. The gradient of KL shrinks like 1/T², so at a "
            "high temperature the teacher could not be heard."
        ),
        "kl-reversed": say(
            "KL is the wrong way round: the mean must be taken under the teacher's "
            "probabilities, the sum of p·(log p - log q) with p the teacher. "
            "`F.kl_div` takes the student's log-probabilities first."
        ),
        "mean-over-elements": say(
            "KL is averaged over the classes as well, so it is too small by a factor "
            "K. Sum over classes and average over examples: that is "
            "`reduction='batchmean'` in `F.kl_div`."
        ),
        "alpha-swapped": say(
            "The weights are swapped: alpha belongs to the teacher's soft term, 1 - "
            "alpha to the labels."
        ),
        "gradient-into-teacher": say(
            "A gradient reaches the teacher's logits: the teacher would learn to "
            "please its student. Detach them first."
        ),
        "temperature-on-hard-loss": say(
            "The cross-entropy with the labels is softened too. The temperature "
            "belongs to KL only; the hard loss takes the student's logits as they are."
        ),
    },
)
def distillation_loss(answer: Any, t: Trial) -> None:
    """Check 8.2: alpha·T²·KL(teacher‖student) + (1-alpha)·cross-entropy."""
    dtype, other = t.dtypes()
    t.part("type, shape and dtype")
    t.part("by hand")
    s, v = (
        torch.tensor([[3 * math.log(odds), 0.0]], dtype=dtype) for odds in (2.0, 3.0)
    )
    _loss(t, answer, (s, v, torch.tensor([0])), 3.0, 0.5)
    t.part("both losses together")
    alphas = t.random.sample([0.15, 0.3, 0.7, 0.9], 2)  # odds that are no K
    for alpha, kind in zip(alphas, (other, dtype), strict=True):
        T = t.random.choice([2.5, 3.5])  # no K, and T² no K: mistakes stay apart
        _loss(t, answer, _logits(t, kind), T, alpha)
    t.part("each loss alone")
    for alpha, T in ((1.0, 2.5), (0.0, 2.5), (1.0, 1.0), (0.4, 1.0), (0.6, 0.5)):
        _loss(t, answer, _logits(t, t.dtype()), T, alpha)
    t.part("large logits")
    for kind, T in ((dtype, 1.0), (other, 4.0)):
        s, v, y = _logits(t, kind)
        args = (1e4 * s.sign(), 1e4 * v.sign(), y, T, 0.5)
        _finite(t, t.tensor(t.call(answer, *args), shape=(), dtype=kind))
    t.part("gradients")
    _loss_gradients(t, answer, dtype)


def _logits(t: Trial, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    n, k = t.random.randint(5, 7), t.random.randint(3, 4)
    s, v = 2 * t.randn(n, k, dtype=dtype), 3 * t.randn(n, k, dtype=dtype)
    return s, v, t.integers(k, n)


def _loss(
    t: Trial,
    answer: Any,
    tensors: tuple[Tensor, Tensor, Tensor],
    T: float,
    alpha: float,
) -> None:
    s, v, y = tensors
    right = course_loss(s, v, y, T, alpha)
    out = t.call(answer, s, v, y, T, alpha)
    if isinstance(out, Tensor) and out.dim():
        advice = say(
            "Sum KL over classes, average over examples, and add the mean hard"
        )
        t.fail(
            say("the result is not one number."),
            expected=say("a 0-dim tensor"),
            got=say("a tensor of shape {shape}", shape=tuple(out.shape)),
            advice=say("{advice} loss.", advice=advice),
        )
    t.tensor(out, shape=(), dtype=s.dtype)
    _compare(
        t, out, right, _wrong_losses(*tensors, T, alpha), _hints(s, v, y, T, alpha)
    )


def _wrong_losses(
    s: Tensor, v: Tensor, y: Tensor, T: float, alpha: float
) -> Iterator[tuple[str, Tensor]]:
    """Give the loss with one thing wrong, then with two, then with more."""
    p, q = (v / T).log_softmax(1), (s / T).log_softmax(1)
    for count in range(1, len(FLAGS) + 1):
        for flags in itertools.combinations(FLAGS, count):
            a, b = (q, p) if "kl-reversed" in flags else (p, q)
            soft = (a.exp() * (a - b)).sum(1).mean()
            soft = soft / s.shape[1] if "mean-over-elements" in flags else soft
            soft = soft if "t-squared-missing" in flags else T**2 * soft
            hot = T if "temperature-on-hard-loss" in flags else 1.0
            weight = 1 - alpha if "alpha-swapped" in flags else alpha
            hard = F.cross_entropy(s / hot, y)
            yield flags[0], weight * soft + (1 - weight) * hard
            if hot == T:  # and with T² as well
                yield flags[0], weight * soft + (1 - weight) * T**2 * hard
    yield "kl-reversed", course_loss(v, s, y, T, alpha)  # the networks have swapped


def _hints(
    s: Tensor, v: Tensor, y: Tensor, T: float, alpha: float
) -> dict[str, Tensor]:
    p, q = (v / T).log_softmax(1), (s / T).log_softmax(1)
    soft, n = _kl(v / T, s / T), len(y)
    hard = F.cross_entropy(s, y)
    entropy = -(p.exp() * p).sum(1).mean()

    def total(kl: Tensor, ce: Tensor = hard, factor: float = T**2) -> Tensor:
        return alpha * factor * kl + (1 - alpha) * ce

    return {
        say(
            "Your soft term is a cross-entropy: KL also subtracts the teacher's own "
            "entropy, the sum of p·log p."
        ): total(soft + entropy),
        "The factor is T², not T.": total(soft, factor=T),
        say("KL is multiplied by T², not divided by it."): total(soft, factor=T**-2),
        say("KL is summed over the batch: average over examples."): total(n * soft),
        say("The hard loss is summed over the batch: average it."): total(
            soft, n * hard
        ),
        say("Both losses are summed over the batch: average over examples."): n
        * total(soft),
        say("T² belongs to the soft term only, not to the hard loss."): T**2
        * (alpha * soft + (1 - alpha) * hard),
        say("The hard loss is not multiplied by 1 - alpha."): alpha * T**2 * soft
        + hard,
        "The sign of KL is wrong.": total(-soft),
        say("The student is not softened in KL."): total(_kl(v / T, s)),
        say("The teacher is not softened in KL."): total(_kl(v, s / T)),
        say("The temperature has no effect inside KL."): total(_kl(v, s)),
        say("Divide the logits by the temperature; you multiply."): total(
            _kl(T * v, T * s)
        ),
        say("The first argument of `F.kl_div` must be *log*-probabilities."): total(
            (p.exp() * (p - q.exp())).sum(1).mean()
        ),
        say("Softmax runs over the classes, not over the examples."): total(
            _kl(v / T, s / T, dim=0)
        ),
        say("`F.cross_entropy` takes logits: no softmax before it."): total(
            soft, F.cross_entropy(s.softmax(1), y)
        ),
        say(
            "`F.cross_entropy` takes logits: no softmax (of logits / T) before it."
        ): total(soft, F.cross_entropy((s / T).softmax(1), y)),
        say(
            "`F.nll_loss` takes log-probabilities: `F.cross_entropy` takes the logits."
        ): (total(soft, F.nll_loss(s, y))),
        say("`F.nll_loss` takes *log*-probabilities."): total(
            soft, F.nll_loss(s.softmax(1), y)
        ),
        say(
            "The hard loss is the *student's*: here it is computed from the teacher's "
            "logits."
        ): total(soft, F.cross_entropy(v, y)),
        **_squares(s, v, T, total),
        say("T² belongs to the soft term, not to the hard loss."): total(
            soft, T**2 * hard, factor=1.0
        ),
    }


def _squares(
    s: Tensor, v: Tensor, T: float, total: Callable[..., Tensor]
) -> dict[str, Tensor]:
    """Return what squared differences in the place of KL give, one way or another."""
    pairs = {
        "logits": (s, v),
        "softened logits": (s / T, v / T),
        "probabilities": ((s / T).softmax(1), (v / T).softmax(1)),
    }
    text = say("KL is wanted, the sum of p·(log p - log q), not squared differences of")
    found = {}
    for name, (a, b) in pairs.items():
        found[f"{text} {name} (averaged over all)."] = total(F.mse_loss(a, b))
        found[f"{text} {name}."] = total(((a - b) ** 2).sum(1).mean())
    return found


def _kl(teacher: Tensor, student: Tensor, dim: int = 1) -> Tensor:
    p, q = teacher.log_softmax(dim), student.log_softmax(dim)
    return (p.exp() * (p - q)).sum(1).mean()


def _loss_gradients(t: Trial, answer: Any, dtype: torch.dtype) -> None:
    s, v, y = _logits(t, dtype)
    T, alpha = t.random.choice([2.0, 3.0]), t.random.choice([0.6, 0.8])
    s, v = s.requires_grad_(), v.requires_grad_()
    out = t.call(answer, s, v, y, T, alpha)
    (expected,) = torch.autograd.grad(course_loss(s, v, y, T, alpha), s)
    grad = gradient(t, out, s, of=say("the argument"), advice=_FLOW)
    (into,) = t.gradients(out, [v])
    t.require(
        into is None or not into.any(),
        say("the teacher's logits get a gradient."),
        expected=say("none"),
        got=into,
        mistake="gradient-into-teacher",
    )
    parts = [course_loss(s, v, y, T, 1.0) * alpha, F.cross_entropy(s, y) * (1 - alpha)]
    soft, hard = (torch.autograd.grad(part, s)[0] for part in parts)
    advice = None
    if _near(grad, hard):
        advice = say(
            "Only the hard loss has a gradient: the student is detached in KL."
        )
    elif _near(grad, soft):
        advice = say(
            "Only KL has a gradient: the student is detached in the hard loss."
        )
    t.close(
        grad, expected, what=say("the gradient by the student's logits"), advice=advice
    )


# -- 8.3 ----------------------------------------------------------------------------


@exercise(
    "8.3",
    quiet=True,
    mistakes={
        "teacher-in-train-mode": say(
            "The teacher answers in train mode, where dropout is on and BatchNorm uses "
            "the batch (and lets it move its statistics). `torch.no_grad()` does not "
            "change that: call `teacher.eval()` first."
        ),
        "teacher-statistics-move": say(
            "The teacher's BatchNorm statistics move: each forward pass in train mode "
            "updates them, under `torch.no_grad()` as well. Put the whole teacher into "
            "eval mode before its first forward pass."
        ),
        "teacher-receives-gradients": say(
            "The teacher's parameters receive gradients. It is a constant: run it "
            "under `torch.no_grad()`, or detach its logits."
        ),
        "student-left-in-eval": say(
            "The student is in eval mode, while it learns or after it, as a whole or "
            "in part. Call `student.train()` before the first batch and leave it so."
        ),
        "batch-means": say(
            "You average the batches' means, so the examples of the smaller last batch "
            "count more than the others. Weight each batch by its number of examples, "
            "and divide by the number of all examples."
        ),
        "not-zeroed": say(
            "The gradients are not zeroed: `backward()` *adds* to those of earlier "
            "batches, or to what was left from before the call. Zero them before every "
            "`backward()`, the first one included."
        ),
    },
)
def distill_epoch(answer: Any, t: Trial) -> None:
    """Check 8.3: an epoch of the student; the teacher in eval mode, untouched."""
    t.part("one batch by hand")
    _checked(t, answer, by_hand(t), modes=False)  # "train mode" is named below
    t.part("the teacher answers in eval mode")
    for layer, came in itertools.product((Branch, nn.BatchNorm1d), (True, False)):
        _teacher_mode(t, answer, layer, came)
    t.part("its parameters get no gradients")
    _checked(t, answer, drawn(t, [5], say("one batch")))
    t.part("the student is in train mode")
    for layer in (Branch, nn.BatchNorm1d):
        _student_mode(t, answer, layer)
    t.part("gradients start at zero")
    text = say("the student holds gradients from before the call")
    _checked(t, answer, drawn(t, [6], text), stale=True)
    t.part("every batch, a smaller last one")
    n = t.random.randint(4, 6)
    for sizes in ([n] * 3, [n + 2, n + 2, 2]):
        lesson = drawn(t, sizes, "")
        lesson.text = say(
            "batches of {batches}", batches=describe_sizes(lesson.batches)
        )
        _checked(t, answer, lesson)
    t.part("another optimizer, either loss alone")
    for alpha in (0.3, 0.0, 1.0):
        lesson = drawn(t, [n, n, n - 2], "Adam")
        lesson.optimizer, lesson.alpha = adam, alpha
        _checked(t, answer, lesson)


def _teacher_mode(t: Trial, answer: Any, layer: type[nn.Module], came: bool) -> None:
    lesson = drawn(t, [5], "")
    lesson.student = linear(t, 3, 3, torch.float32)
    lesson.batches = draw_batches(t, [5, 6, 4], lesson.student)
    lesson.teacher = network(t, layer).train(came)
    mode = "train" if came else "eval"
    lesson.text = say(
        "a teacher with {kinds} that comes in {mode} mode",
        kinds=KINDS[layer],
        mode=mode,
    )
    _checked(t, answer, lesson)


def _student_mode(t: Trial, answer: Any, layer: type[nn.Module]) -> None:
    lesson = drawn(t, [5], "")
    lesson.student = network(t, layer).eval()
    lesson.teacher = linear(t, 3, 3, torch.float32).eval()
    lesson.batches = draw_batches(t, [5, 5], lesson.student)
    lesson.text = say(
        "a student with {kinds} that comes in eval mode", kinds=KINDS[layer]
    )
    _checked(t, answer, lesson)


def _checked(
    t: Trial, answer: Any, lesson: Lesson, *, stale: bool = False, modes: bool = True
) -> None:
    """Run the answer on copies, and require all that the exercise asks for.

    Args:
        stale: the student holds gradients from before.
        modes: look at the mode in which the teacher is left.
    """
    student, teacher, loss = _run(t, answer, lesson, stale)
    right = right_lesson(lesson)
    learnt = same_parameters(student, right.model)
    if not learnt:
        _train_mode_targets(t, lesson, student, teacher)
    _teacher_untouched(t, lesson, teacher)
    t.require(
        not modes
        or lesson.teacher.training
        or not any(module.training for module in teacher.modules()),
        say("the teacher came in eval mode and is in train mode after the call."),
        expected=say("eval mode, as it came"),
        got=say("train mode, as a whole or in part"),
        advice=say("Leave the teacher in eval mode."),
    )
    if not learnt and learnt_in_eval_mode(lesson, student):
        t.fail(
            say("the student was in eval mode while it learned."),
            expected=say("train mode for every batch"),
            mistake="student-left-in-eval",
        )
    t.require(
        all(module.training for module in student.modules()),
        say("the student is in eval mode after the call, as a whole or in part."),
        expected=say("train mode"),
        got=say("eval mode"),
        mistake="student-left-in-eval",
    )
    if not learnt:
        _not_learnt(t, lesson, student, right, stale)
    _loss_returned(t, loss, right)


def _run(
    t: Trial, answer: Any, lesson: Lesson, stale: bool
) -> tuple[nn.Module, nn.Module, float]:
    """Let the answer work on copies: the student, the teacher, and the loss."""
    student, teacher = copy.deepcopy(lesson.student), copy.deepcopy(lesson.teacher)
    optimizer = lesson.optimizer(student.parameters())
    if stale:
        for p in student.parameters():
            p.grad = 3 + t.rand(*p.shape, dtype=p.dtype)
    T, alpha = lesson.temperature, lesson.alpha
    with same_batches(t, lesson.batches):
        loss = t.call(
            answer,
            *(student, teacher, lesson.batches, optimizer, T, alpha),
            case=f"distill_epoch(…, temperature={T:g}, alpha={alpha:g}): {lesson.text}",
            may_change=True,
        )
        still_recorded(t)
    return student, teacher, t.number(loss, what=say("the returned loss"))


def _train_mode_targets(
    t: Trial, lesson: Lesson, student: nn.Module, teacher: nn.Module
) -> None:
    """Fail if the student has learned what the teacher says in train mode.

    The case with dropout comes first: where only BatchNorm is left in train mode, and
    its statistics have moved, these are named.
    """
    if not taught_in_train_mode(lesson, student):
        return
    drops = any(isinstance(module, nn.Dropout) for module in teacher.modules())
    in_train = drops or same_state(lesson.teacher, teacher)
    t.fail(
        say("the student has learned what the teacher says in train mode."),
        expected=say("targets from the teacher in eval mode"),
        mistake="teacher-in-train-mode" if in_train else "teacher-statistics-move",
    )


def _teacher_untouched(t: Trial, lesson: Lesson, teacher: nn.Module) -> None:
    before = lesson.teacher
    for (name, now), then in zip(
        teacher.named_parameters(), before.parameters(), strict=True
    ):
        t.require(
            torch.equal(now, then),
            say(
                "the teacher's parameter `{name}` has other numbers than before.",
                name=name,
            ),
            advice=say(
                "Only the student learns: the optimizer holds its parameters alone."
            ),
        )
        t.require(
            now.grad is None or not now.grad.any(),
            say(
                "the teacher's parameter `{name}` has a gradient after the call.",
                name=name,
            ),
            expected="None",
            got=now.grad,
            mistake="teacher-receives-gradients",
        )
        t.require(
            now.requires_grad == then.requires_grad,
            say(
                "the teacher's parameter `{name}` has another `requires_grad` now.",
                name=name,
            ),
            expected=then.requires_grad,
            got=now.requires_grad,
            advice=say(
                "Whoever wants to train the teacher afterwards could not. Use "
                "`torch.no_grad()` instead, or set it back at the end."
            ),
        )
    t.require(
        same_state(before, teacher),
        say("the teacher's buffers have other numbers than before."),
        expected=say("the running statistics it came with"),
        mistake="teacher-statistics-move",
    )


def _not_learnt(
    t: Trial, lesson: Lesson, student: nn.Module, right: Run, stale: bool
) -> None:
    problem = say("the student's parameters after the call are not right.")
    if same_parameters(student, lesson.student):
        problem = say(
            "the student is the same as before the call: nothing was learned."
        )
        mistake = None
        advice = say("Each batch needs `loss.backward()` and then `optimizer.step()`.")
    elif stale:  # without old gradients the same epoch was right
        mistake, advice = "not-zeroed", None
    else:
        mistake, advice = what_went_wrong(lesson, student)
    difference = first_difference(student, right.model)
    assert difference is not None
    name, got, expected = difference
    t.fail(
        problem,
        expected=f"`{name}` = {shown(expected)}",
        got=shown(got),
        mistake=mistake,
        advice=advice,
    )


def _loss_returned(t: Trial, got: float, run: Run) -> None:
    """Require the per-example mean of the losses before each update."""
    losses = run.before
    hint = say("The mean over all examples of the loss before each update is wanted.")
    for sentence, value in usual_slips(losses, run.sizes).items():
        if math.isclose(got, value, rel_tol=1e-5) and len(losses) > 1:
            hint = sentence
    t.close(
        got,
        run.mean(),
        what=say("the returned loss"),
        mistakes={"batch-means": sum(losses) / len(losses)},
        advice=hint,
        **LOSS,
    )


# -- 8.4 ----------------------------------------------------------------------------


@exercise(
    "8.4",
    quiet=True,
    mistakes={
        "mean-of-logits": say(
            "The logits (or log-probabilities) are averaged, not the probabilities, so "
            "a network with large logits outvotes the others. Soften each network's "
            "answer first, then average."
        ),
    },
)
def ensemble_targets(answer: Any, t: Trial) -> None:
    """Check 8.4: the mean of softened probabilities over networks."""
    dtype, other = t.dtypes()
    t.part("type, shape and dtype")
    t.part("by hand")
    _targets(
        t,
        answer,
        torch.tensor([[[math.log(9), 0.0]], [[0.0, 0.0]]], dtype=dtype),
        1.0,
    )
    t.part("mean of softened probabilities")
    for kind, shape in ((other, None), (dtype, None), (other, (3, 3, 3))):
        T = t.random.choice([0.5, 2.0, 3.0, 4.0])
        drawn = shape or t.random.sample([2, 3, 4, 5, 6], 3)
        _targets(t, answer, 3 * T * t.randn(*drawn, dtype=kind), T)
    t.part("one network")
    _targets(t, answer, t.randn(1, 3, 4, dtype=dtype), 2.0)
    t.part("large logits")
    x = 1e4 * t.randn(3, 4, 5, dtype=other).sign()
    _finite(t, t.tensor(t.call(answer, x, 1.0), shape=(4, 5), dtype=other))
    _targets(t, answer, x, 2.0, **LARGE)


def _targets(t: Trial, answer: Any, x: Tensor, T: float, **tolerance: float) -> None:
    right = (x / T).softmax(-1).mean(0)
    mean, wrong = x.mean(0), []
    for factor in (1 / T, 1.0, T):
        logs = (x * factor).log_softmax(-1).mean(0)
        wrong += [(mean * factor).softmax(-1), logs, logs.exp(), mean * factor]
        wrong += [(mean * factor).log_softmax(-1)]
    hints = {
        say("The temperature has no effect here."): x.softmax(-1).mean(0),
        say("Divide by the temperature: multiplying makes answers sharper."): (
            (x * T).softmax(-1).mean(0)
        ),
        say("The probabilities are added up: divide by the number of networks."): (
            len(x) * right
        ),
        say("Softmax runs over the classes, the last dimension."): (
            (x / T).softmax(0).mean(0)
        ),
        say(
            "Softmax runs over the classes, the last dimension, not over the inputs."
        ): ((x / T).softmax(1).mean(0)),
        say("This is the logarithm of the mean: leave the log away."): right.log(),
        say("The mean consists of probabilities: no second softmax."): right.softmax(
            -1
        ),
        say(
            "These are votes: the mean of first choices. Average the probabilities, "
            "which also say how sure each network is."
        ): (F.one_hot(x.argmax(-1), x.shape[-1]).to(x).mean(0)),
        say(
            "The probabilities are multiplied, so one network's doubt counts as a "
            "veto: average them."
        ): (x / T).softmax(-1).prod(0),
        say(
            "The probabilities are multiplied (and normalized), so one network's doubt "
            "counts as a veto: average them."
        ): (x / T).sum(0).softmax(-1),
        say(
            "The temperature belongs to the logits of each network, not to the mean."
        ): ((x.softmax(-1).mean(0) / T).softmax(-1)),
        say(
            "The temperature belongs to the logits of each network, not to the mean of "
            "their probabilities."
        ): (x.softmax(-1).mean(0).log() / T).softmax(-1),
    }
    out = t.call(answer, x, T)
    if isinstance(out, Tensor) and out.shape != right.shape:
        t.fail(
            say("the result has the wrong shape."),
            expected=say("shape {shape}, (N, K)", shape=tuple(right.shape)),
            got=say("shape {shape}", shape=tuple(out.shape)),
            advice=say("Average over the networks: the first dimension of (M, N, K)."),
        )
    named = [("mean-of-logits", value) for value in wrong]
    _compare(t, out, right, named if len(x) > 1 else [], hints, **tolerance)


# -- 8.5 ----------------------------------------------------------------------------


@exercise(
    "8.5",
    quiet=True,
    mistakes={
        "rest-not-normalized": say(
            "The rows do not sum to 1. What the top class leaves, 1 - top, is for the "
            "K - 1 other classes together: each gets (1 - top) / (K - 1)."
        ),
        "one-confidence": say(
            "All rows have got the same top probability. Each row keeps its own: take "
            "the maximum over the classes, row by row."
        ),
        "keeps-different": say(
            "The classes beside the top one still have different values, so the answer "
            "still says which of them is likelier. All of them get the same share."
        ),
    },
)
def confidence_only(answer: Any, t: Trial) -> None:
    """Check 8.5: each row keeps its top probability, the rest is spread evenly."""
    dtype, other = t.dtypes()
    t.part("type, shape and dtype")
    t.part("by hand")
    cases = [torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.4, 0.5]], dtype=dtype)]
    t.part("any batch")
    for kind, n in ((other, 3), (dtype, 5), (other, 1)):
        cases.append((2 * t.randn(n, t.random.randint(4, 7), dtype=kind)).softmax(1))
    cases.append((2 * t.randn(4, 4, dtype=dtype)).softmax(1))
    t.part("two classes, a sure row, a tie")
    cases.append((2 * t.randn(3, 2, dtype=other)).softmax(1))
    cases.append(torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.4, 0.1, 0.3, 0.2]], dtype=kind))
    cases.append(torch.tensor([[0.125, 0.375, 0.375, 0.125]], dtype=dtype))
    results = [(p, _doubt(t, answer, p)) for p in cases]
    missed = [(p, got) for p, got in results if not _near(got, _evenly(p))]
    if not missed:
        return
    p, got = missed[0]
    t.call(answer, p.clone())  # so that the message shows this case
    mistake = next((name for name in _DOUBTS if _fits(name, missed)), None)
    advice = next((s for s, f in _doubt_hints().items() if _all(f, missed)), None)
    t.fail(
        say("the result is not right."),
        expected=_evenly(p),
        got=got,
        mistake=mistake,
        advice=advice
        or say("Top probability in its place, (1 - top) / (K - 1) in all others."),
    )


def _doubt(t: Trial, answer: Any, p: Tensor) -> Tensor:
    """Return what the answer makes of probabilities (N, K): finite, in their form."""
    out = t.tensor(t.call(answer, p.clone()), like=p)
    t.require(
        out.isfinite().all(), say("the result contains NaN or infinity."), got=out
    )
    return out.detach()


def _evenly(p: Tensor) -> Tensor:
    """Return the right answer: (N, K)."""
    place = p.argmax(1, keepdim=True)  # the first of equals
    top = p.gather(1, place)
    return ((1 - top) / (p.shape[1] - 1)).expand_as(p).scatter(1, place, top)


def _parts(p: Tensor, got: Tensor) -> tuple[Tensor, Tensor]:
    """Return what stands at the top's place, (N,), and elsewhere, (N, K - 1)."""
    chosen = F.one_hot(p.argmax(1), p.shape[1]).bool()
    return got[chosen], got[~chosen].view(len(p), -1)


def _even(values: Tensor) -> bool:
    return _near(values, values.mean(1, keepdim=True).expand_as(values))


def _unnormalized(p: Tensor, got: Tensor) -> bool:
    """Tell whether tops are kept and the others equal, but do not sum to the rest."""
    top, others = _parts(p, got)
    return _near(top, p.amax(1)) and _even(others)


def _one_for_all(p: Tensor, got: Tensor) -> bool:
    """Tell whether all rows have one top, and the rest is spread evenly and fully."""
    top, others = _parts(p, got)
    sums = _near(got.sum(1), torch.ones_like(top))
    return len(p) > 1 and _near(top, top[:1].expand_as(top)) and _even(others) and sums


def _different(p: Tensor, got: Tensor) -> bool:
    """Tell whether the top is kept, and the others share the rest unequally."""
    top, others = _parts(p, got)
    uneven = (others.amax(1) - others.amin(1)) > 1e-4
    had = _parts(p, p)[1]
    alike = (had.amax(1) - had.amin(1)) < 1e-4  # then they may stay as they are
    sums = _near(got.sum(1), torch.ones_like(top))
    kept = _near(top, p.amax(1))
    return kept and sums and bool((uneven | alike).all())


_DOUBTS: dict[str, Callable[[Tensor, Tensor], bool]] = {
    "rest-not-normalized": _unnormalized,
    "one-confidence": _one_for_all,
    "keeps-different": _different,
}


def _fits(name: str, missed: list[tuple[Tensor, Tensor]]) -> bool:
    return _all(_DOUBTS[name], missed)


def _all(
    fits: Callable[[Tensor, Tensor], bool], missed: list[tuple[Tensor, Tensor]]
) -> bool:
    return all(fits(p, got) for p, got in missed)


def _doubt_hints() -> dict[str, Callable[[Tensor, Tensor], bool]]:
    """Return {sentence: does it fit} for what has no name of its own."""
    return {
        say(
            "In a tie only the first of the equal classes is the top one."
        ): lambda p, got: bool((p == p.amax(1, keepdim=True)).sum(1).gt(1).all()),
        say(
            "This is the hard label: the top class keeps its own probability, not 1."
        ): (lambda p, got: _near(got, F.one_hot(p.argmax(1), p.shape[1]).to(p))),
        say("The rows are probabilities already: no softmax."): lambda p, got: _near(
            got, _evenly(p.softmax(1))
        ),
        say(
            "The largest value is looked for by column: the classes are dimension 1."
        ): (
            lambda p, got: (
                len(p) > 1
                and _near(got.amax(0), p.amax(0))
                and not _near(got.amax(1), p.amax(1))
            )
        ),
        say(
            "The value is right and its place is not: it belongs to the row's own "
            "class."
        ): (lambda p, got: _near(got.sort(1).values, _evenly(p).sort(1).values)),
    }
