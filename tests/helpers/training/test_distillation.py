"""The course's own distillation loss, and its name in the package."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

import helpers
from helpers.training import own_randomness
from helpers.training.distillation import distillation_loss


@pytest.fixture
def case():
    with own_randomness(0):
        student, teacher = torch.randn(2, 6, 5, dtype=torch.float64)
        return student, teacher, torch.randint(5, (6,))


def test_by_hand():
    # At T = 2 the teacher says (3/4, 1/4), the student (1/2, 1/2).
    teacher = torch.tensor([[2 * torch.tensor(3.0).log(), 0.0]])
    loss = distillation_loss(torch.zeros(1, 2), teacher, torch.tensor([0]), 2.0, 0.5)
    kl = torch.tensor([1.5, 0.5]).log() @ torch.tensor([0.75, 0.25])
    expected = 0.5 * 4 * kl + 0.5 * torch.tensor(2.0).log()
    torch.testing.assert_close(loss, expected)


def test_agrees_with_torch(case):
    student, teacher, labels = case
    soft = F.kl_div(
        (student / 3).log_softmax(1), (teacher / 3).softmax(1), reduction="batchmean"
    )
    expected = 0.7 * 9 * soft + 0.3 * F.cross_entropy(student, labels)
    loss = distillation_loss(student, teacher, labels, 3.0, 0.7)
    torch.testing.assert_close(loss, expected)


def test_a_perfect_student_has_only_the_hard_loss(case):
    student, _, labels = case
    assert distillation_loss(student, student, labels, 4.0, 1.0).item() == 0
    hard = distillation_loss(student, -student, labels, 4.0, 0.0)
    torch.testing.assert_close(hard, F.cross_entropy(student, labels))


def test_gradients_reach_the_student_alone(case):
    student, teacher, labels = case
    student, teacher = student.requires_grad_(), teacher.requires_grad_()
    distillation_loss(student, teacher, labels, 3.0, 0.7).backward()
    assert teacher.grad is None
    p, q = (teacher / 3).softmax(1), (student / 3).softmax(1)
    hard = student.softmax(1) - F.one_hot(labels, 5)
    expected = (0.7 * 3 * (q - p) + 0.3 * hard).detach() / 6
    torch.testing.assert_close(student.grad, expected)


def test_finite_for_large_logits_and_members_of_a_population(case):
    student, teacher, labels = case
    large = distillation_loss(1e4 * student, -1e4 * student, labels, 1.0, 0.5)
    assert large.isfinite()
    many = torch.vmap(lambda s: distillation_loss(s, teacher, labels, 2.0, 0.5))
    alone = distillation_loss(2 * student, teacher, labels, 2.0, 0.5)
    torch.testing.assert_close(many(torch.stack([student, 2 * student]))[1], alone)


def test_each_member_may_have_its_own_temperature_and_alpha(case):
    pairs = torch.tensor([[1.0, 0.2], [3.0, 0.7]], dtype=torch.float64)
    each = torch.vmap(lambda T, alpha: distillation_loss(*case, T, alpha))(*pairs.mT)
    alone = [distillation_loss(*case, *pair) for pair in pairs.tolist()]
    torch.testing.assert_close(each, torch.stack(alone))


@pytest.mark.parametrize(
    ("temperature", "alpha", "message"),
    [(0.0, 0.5, "temperature"), (-1.0, 0.5, "temperature"), (1.0, 1.5, "alpha")],
)
def test_numbers_out_of_range(case, temperature, alpha, message):
    with pytest.raises(ValueError, match=message):
        distillation_loss(*case, temperature, alpha)


def test_shapes_that_differ(case):
    student, teacher, labels = case
    with pytest.raises(ValueError, match="one shape"):
        distillation_loss(student, teacher[:, :4], labels, 1.0, 0.5)


def test_the_package_offers_it_by_name():
    assert helpers.distillation_loss is distillation_loss
    with pytest.raises(AttributeError, match="no attribute 'distilation_loss'"):
        helpers.distilation_loss  # noqa: B018


def test_the_package_itself_imports_nothing():
    code = "import helpers, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
