"""Cases for the check of an epoch with a teacher, and what is right there."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks import Trial
from helpers.checks.vocabulary.epochs import (
    Branch,
    Pair,
    Run,
    draw_batches,
    in_some_form,
    linear,
    same_parameters,
    sgd,
)
from helpers.training.distillation import distillation_loss
from helpers.words import say

__all__ = [
    "Lesson",
    "by_hand",
    "drawn",
    "learnt_in_eval_mode",
    "network",
    "right_lesson",
    "same_state",
    "taught_in_train_mode",
    "what_went_wrong",
]


@dataclass
class Lesson:
    """One call of distill_epoch: what it gets, and how a message describes it."""

    text: str
    student: nn.Module
    teacher: nn.Module
    batches: Iterable[Pair]
    optimizer: Callable[..., torch.optim.Optimizer]
    temperature: float
    alpha: float


def by_hand(t: Trial) -> Lesson:
    """Student (⅓, ⅓, ⅓), teacher (0.6, 0.3, 0.1) at T = 2, all examples equal.

    With two classes all gradients would be parallel, and a clipped one could look
    like that of another loss.
    """
    n, lr = t.random.choice([2, 4]), t.random.choice([0.5, 1.0])
    student, teacher = nn.Linear(1, 3), nn.Linear(1, 3)
    with torch.no_grad():
        for parameter in [*student.parameters(), teacher.weight]:
            parameter.zero_()
        teacher.bias.copy_(2 * torch.tensor([0.6, 0.3, 0.1]).log())
    batch = (torch.ones(n, 1), torch.zeros(n, dtype=torch.int64))
    text = say("one batch of {n} equal examples; the student's weights are 0", n=n)
    return Lesson(text, student, teacher.eval(), [batch], sgd(lr), 2.0, 0.5)


def drawn(t: Trial, sizes: list[int], text: str) -> Lesson:
    """Draw a linear student and teacher, and batches in some form."""
    dtype = t.dtype()
    student, teacher = linear(t, 3, 3, dtype), linear(t, 3, 3, dtype).eval()
    batches = in_some_form(t, draw_batches(t, sizes, student))
    T, alpha = t.random.choice([2.0, 3.5]), t.random.choice([0.3, 0.6])
    return Lesson(text, student, teacher, batches, sgd(0.1), T, alpha)


def network(t: Trial, layer: type[nn.Module]) -> nn.Sequential:
    """Build linear → a layer with two modes → tanh → linear, float32."""
    hidden = t.random.randint(4, 6)
    first = linear(t, 3, hidden, torch.float32)
    first.bias = None  # type: ignore[assignment]  # BatchNorm would cancel it
    inner = nn.Sequential(layer(hidden))
    if layer is not Branch:  # far from what any batch would say
        norm: Any = inner[0]
        norm.running_mean += 1 + t.rand(hidden)
        norm.running_var *= 2 + t.rand(hidden)
    return nn.Sequential(first, inner, nn.Tanh(), linear(t, hidden, 3, torch.float32))


def right_lesson(
    lesson: Lesson,
    *,
    zero: bool = True,
    step_each: bool = True,
    teacher_trains: Callable[[int], bool] = lambda batch: False,
    student_trains: Callable[[int], bool] = lambda batch: True,
    loss_fn: Callable[..., Tensor] = distillation_loss,
) -> Run:
    """Do the epoch on copies, right or with one thing done wrongly.

    Args:
        zero: zero the gradients before each batch.
        step_each: take a step for each batch, or one at the end.
        teacher_trains: number of the batch -> whether the teacher is in train mode.
        student_trains: number of the batch -> whether the student is.
        loss_fn: (student logits, teacher logits, labels, temperature, alpha) -> loss.
    """
    student = copy.deepcopy(lesson.student)
    teacher = copy.deepcopy(lesson.teacher)
    optimizer = lesson.optimizer(student.parameters())
    run = Run(student, [], [], [])
    for number, (x, y) in enumerate(lesson.batches):
        if zero and step_each:
            optimizer.zero_grad()
        with torch.no_grad():
            wanted = teacher.train(teacher_trains(number))(x)
        said = student.train(student_trains(number))(x)
        loss = loss_fn(said, wanted, y, lesson.temperature, lesson.alpha)
        loss.backward()
        if step_each:
            optimizer.step()
        run.before.append(loss.item())
        run.sizes.append(len(y))
    if not step_each:
        optimizer.step()
    return run


def taught_in_train_mode(lesson: Lesson, student: nn.Module) -> bool:
    """Tell whether the student has learned what a teacher in train mode says.

    For all batches, for the first one alone, or for all but the first.
    """
    return any(
        same_parameters(student, right_lesson(lesson, teacher_trains=mode).model)
        for mode in (lambda k: True, lambda k: k == 0, lambda k: k > 0)
    )


def learnt_in_eval_mode(lesson: Lesson, student: nn.Module) -> bool:
    """Tell whether the student was in eval mode for all batches, the first or later."""
    return any(
        same_parameters(student, right_lesson(lesson, student_trains=mode).model)
        for mode in (lambda k: False, lambda k: k > 0, lambda k: k == 0)
    )


def same_state(a: nn.Module, b: nn.Module) -> bool:
    """Tell whether all parameters and buffers of two modules are equal."""
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def what_went_wrong(
    lesson: Lesson, student: nn.Module
) -> tuple[str | None, str | None]:
    """Compare with epochs in which one thing is wrong: (mistake id, advice)."""
    if same_parameters(student, right_lesson(lesson, zero=False).model):
        return "not-zeroed", None
    for sentence, run in _other_runs(lesson):
        if same_parameters(student, run.model):
            return None, sentence
    share = _share_of_the_step(lesson, student)
    if share is not None:
        return None, (
            say(
                "The update has the right direction and {share:.3g} times the right "
                "length: is the gradient clipped, or the loss scaled?",
                share=share,
            )
        )
    return None, (
        say(
            "For each batch: the teacher's logits, `helpers.distillation_loss` of "
            "student and teacher logits, labels, temperature and alpha, and one "
            "update."
        )
    )


def _share_of_the_step(lesson: Lesson, student: nn.Module) -> float | None:
    """Return how long one batch's update is, if only its length is wrong."""
    if len(list(lesson.batches)) != 1:
        return None
    start, right = lesson.student, right_lesson(lesson).model
    now, then, wanted = (
        torch.cat([p.detach().flatten().double() for p in model.parameters()])
        for model in (student, start, right)
    )
    moved, due = now - then, wanted - then
    share = ((moved @ due) / (due @ due)).item()
    return (
        share if share > 0 and torch.allclose(moved, share * due, atol=1e-5) else None
    )


def _other_runs(lesson: Lesson) -> Iterator[tuple[str, Run]]:
    batches = list(lesson.batches)
    parts = {
        say("Only the first batch was used: is `return` inside the loop?"): batches[:1],
        say("Only the last batch was used: does the update stand in the loop?"): (
            batches[-1:]
        ),
        "The last batch was left out.": batches[:-1],
    }
    for sentence, part in parts.items():
        yield sentence, right_lesson(replace(lesson, batches=part))
    sentence = say("Take a step for *every* batch, not one at the end of the epoch.")
    yield sentence, right_lesson(lesson, step_each=False)
    for sentence, loss_fn in _OTHER_LOSSES.items():
        yield sentence, right_lesson(lesson, loss_fn=loss_fn)


def _reweighted(factor: Callable[[Tensor, float], float]) -> Callable[..., Tensor]:
    """Return the loss whose soft term is multiplied by factor(logits, temperature)."""

    def loss(s: Tensor, v: Tensor, y: Tensor, T: float, alpha: float) -> Tensor:
        soft = distillation_loss(s, v, y, T, 1.0) * factor(s, T)
        return alpha * soft + (1 - alpha) * F.cross_entropy(s, y)

    return loss


_USE = say("use `helpers.distillation_loss`.")
_OTHER_LOSSES: dict[str, Callable[..., Tensor]] = {
    say("The teacher's word is missing from the loss."): lambda s, v, y, T, a: (
        F.cross_entropy(s, y)
    ),
    say("The labels are missing from the loss."): lambda s, v, y, T, a: (
        distillation_loss(s, v, y, T, 1.0)
    ),
    say(
        "The loss divides by the temperature itself: pass the teacher's logits as they "
        "are."
    ): lambda s, v, y, T, a: distillation_loss(s, v / T, y, T, a),
    say("The loss takes logits from both: no softmax before it."): (
        lambda s, v, y, T, a: distillation_loss(s, v.softmax(1), y, T, a)
    ),
    say("The loss takes the teacher's logits, not its softened probabilities."): (
        lambda s, v, y, T, a: distillation_loss(s, (v / T).softmax(1), y, T, a)
    ),
    say("The student's logits go into the loss as they are, too."): (
        lambda s, v, y, T, a: distillation_loss(s / T, v / T, y, T, a)
    ),
    say("`temperature` is not passed on to the loss."): lambda s, v, y, T, a: (
        distillation_loss(s, v, y, 1.0, a)
    ),
    say(
        "alpha is the weight of the teacher's soft term, 1 - alpha that of the labels."
    ): (lambda s, v, y, T, a: distillation_loss(s, v, y, T, 1 - a)),
    f"The loss has no factor T²: {_USE}": _reweighted(lambda s, T: T**-2),
    say("KL is averaged over the classes as well: {use}", use=_USE): _reweighted(
        lambda s, T: 1 / s.shape[1]
    ),
}
