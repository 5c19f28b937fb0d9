"""The loss of a student who learns from a teacher and from labels."""

import torch.nn.functional as F
from torch import Tensor

from helpers.words import say

__all__ = ["distillation_loss"]


def distillation_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    labels: Tensor,
    temperature: float | Tensor,
    alpha: float | Tensor,
) -> Tensor:
    r"""Return the weighted sum of a soft and a hard loss, 0-dim, in nats.

    $\alpha T^2 \, \mathrm{KL}(p^{(T)} \Vert q^{(T)})
    + (1 - \alpha) \, \mathrm{CE}(q, y)$ with teacher $p^{(T)}$ and student $q^{(T)}$
    softened at temperature T. KL is summed over classes, both terms are averaged over
    examples, with the natural logarithm. No gradient reaches the teacher.

    Args:
        student_logits: floating (N, K), N ≥ 1.
        teacher_logits: floating (N, K).
        labels: classes, int64 (N,).
        temperature: T > 0, the same for teacher and student; not used in the hard term.
        alpha: weight of the soft term, in [0, 1].

    Temperature and alpha may be 0-dim tensors, e.g. one per member of a population;
    their range is not checked then.

    Raises:
        ValueError: shapes that differ, or a temperature or alpha out of range.

    Source: Hinton, Vinyals, Dean 2015, section 2, https://arxiv.org/abs/1503.02531; the
    paper writes the soft term as a cross-entropy, which has the same gradient.
    """
    if student_logits.shape != teacher_logits.shape or student_logits.ndim != 2:
        raise ValueError(
            say(
                "expected two tensors of logits of one shape (N, K), got {shape} from "
                "the student and {shape2} from the teacher.",
                shape=tuple(student_logits.shape),
                shape2=tuple(teacher_logits.shape),
            )
        )
    if not isinstance(temperature, Tensor) and not temperature > 0:
        raise ValueError(
            say(
                "temperature: expected > 0, got {temperature}.", temperature=temperature
            )
        )
    if not isinstance(alpha, Tensor) and not 0 <= alpha <= 1:
        raise ValueError(say("alpha: expected in [0, 1], got {alpha}.", alpha=alpha))
    teacher = (teacher_logits.detach() / temperature).log_softmax(1)
    student = (student_logits / temperature).log_softmax(1)
    soft = (teacher.exp() * (teacher - student)).sum(1).mean()
    hard = F.cross_entropy(student_logits, labels)
    return alpha * temperature**2 * soft + (1 - alpha) * hard
