"""Lessons: the distillation loss of a population, from one tensor of targets."""

import pytest
import torch
import torch.nn.functional as F

import helpers
from helpers.evidence.distillation import lesson_loss, lessons


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
