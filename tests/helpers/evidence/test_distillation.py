"""What students are told, how they learn from it, and how they are judged."""

import pytest
import torch
import torch.nn.functional as F

import helpers
from helpers.evidence.arms import train_arm
from helpers.evidence.distillation import (
    answer_cost,
    confidence_only,
    lesson_loss,
    lessons,
    margin,
    recall_precision,
    train_students,
)
from helpers.population import mlp


@pytest.mark.parametrize(("temperature", "alpha"), [(4.0, 0.9), (1.0, 0.3), (2.5, 1.0)])
def test_loss_has_the_gradient_of_the_distillation_loss(temperature, alpha):
    torch.manual_seed(0)
    logits = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(6, 5, dtype=torch.float64)
    labels = torch.randint(5, (6,))
    told = lessons((teacher / temperature).softmax(1), labels, temperature, alpha)
    assert told.shape == (6, 11)
    (ours,) = torch.autograd.grad(lesson_loss(logits, told), logits)
    loss = helpers.distillation_loss(logits, teacher, labels, temperature, alpha)
    (right,) = torch.autograd.grad(loss, logits)
    torch.testing.assert_close(ours, right)


def test_lessons_spread_over_teachers_and_labels_stay_labels():
    labels = torch.tensor([2, 0])
    told = lessons(torch.full((3, 2, 4), 0.25), labels)
    assert told.shape == (3, 2, 9)
    assert told[1, :, 4:8].argmax(1).tolist() == [2, 0]
    logits = torch.randn(2, 4)
    assert torch.equal(lesson_loss(logits, labels), F.cross_entropy(logits, labels))


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"alpha": 1.5}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        lessons(torch.full((2, 4), 0.25), torch.tensor([0, 1]), **wrong)


def test_students_learn_from_labels_or_each_from_a_teacher_of_its_own():
    torch.manual_seed(0)
    x, y = torch.randn(12, 3), torch.arange(12) % 4
    settings = {"val": (x, y), "steps": 6, "batch_size": 4, "lr": 1e-2}
    given = {**settings, "seeds": [3, 5]}
    plain = train_students(lambda: mlp((3, 5, 4)), x, y, **given)
    same = train_arm(lambda: mlp((3, 5, 4)), (x, y), **given)
    assert torch.equal(plain.logits(x), same.logits(x))
    hard = lessons(torch.full((2, 12, 4), 0.25), y, alpha=0.0)  # labels alone
    pupils = train_students(lambda: mlp((3, 5, 4)), x, hard, **given)
    torch.testing.assert_close(pupils.logits(x), plain.logits(x), rtol=1e-4, atol=1e-5)
    answers = torch.randn(2, 12, 4).softmax(-1)
    both = train_students(lambda: mlp((3, 5, 4)), x, lessons(answers, y), **given)
    second = train_students(
        lambda: mlp((3, 5, 4)), x, lessons(answers[1], y), **settings, seeds=[5]
    )
    torch.testing.assert_close(both.logits(x)[1:], second.logits(x))


def test_confidence_only_keeps_the_first_of_the_largest():
    probs = torch.tensor([[[0.7, 0.2, 0.1], [0.1, 0.4, 0.5]], [[0.4, 0.4, 0.2]] * 2])
    wanted = [[0.7, 0.15, 0.15], [0.25, 0.25, 0.5], *[[0.4, 0.3, 0.3]] * 2]
    torch.testing.assert_close(
        confidence_only(probs).flatten(0, 1), torch.tensor(wanted)
    )


def test_margin_is_the_lead_over_the_best_other_class():
    logits = torch.tensor([[3.0, 1.0, 2.0], [0.0, 4.0, -1.0]])
    assert margin(logits, 0).tolist() == [1.0, -4.0]
    assert margin(logits, 2).tolist() == [-1.0, -5.0]


def test_recall_and_precision_count_what_is_found():
    true = torch.tensor([True, True, True, False, False])
    says = torch.tensor([True, False, True, True, False])
    found = recall_precision(says, true)
    assert found == pytest.approx((2 / 3, 2 / 3))
    assert recall_precision(~true, true) == (0.0, 0.0)
    assert recall_precision(torch.ones(5).bool(), true) == pytest.approx((1.0, 0.6))
    assert recall_precision(torch.zeros(5).bool(), true) == (0.0, 0.0)


def test_cost_counts_all_parameters_and_every_round():
    calls = []

    class Counting(torch.nn.Linear):
        def forward(self, x):
            calls.append(torch.is_grad_enabled())
            return super().forward(x)

    models = [Counting(3, 2), Counting(3, 2)]
    parameters, milliseconds = answer_cost(models, torch.ones(4, 3), rounds=3)
    assert (parameters, calls) == (16, [False] * 6)
    assert 0 <= milliseconds < 1000
