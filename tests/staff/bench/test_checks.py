"""The scoreboard: what it says of our checks and of the others, and of itself."""

import pytest
import torch

from staff.bench import checks as bench
from staff.course import Course

ROOT = Course().root


@pytest.fixture(scope="module", params=bench.EXERCISES, ids=lambda each: each[1])
def found(request):
    return bench.scores(Course(), *request.param)


def test_ours_is_right_about_every_answer(found):
    ours = found["this course"]
    assert (ours.rejected, ours.missed) == ([], [])
    assert ours.named == ours.nameable > 15
    assert ours.hard_coded


def test_the_others_pass_what_replays_them_and_name_nothing(found):
    for title, score in found.items():
        assert score.right >= 10
        assert score.wrong > 20
        if title != "this course":
            assert not score.hard_coded
            assert score.named == 0
            assert 0 < len(score.missed) < score.wrong


def test_the_documents_numbers_are_the_measured_ones(found):
    assert bench.table(found) in (ROOT / "docs" / "teach_material.md").read_text()


def test_an_exact_seed_asks_for_the_same_draws_and_not_for_dropout():
    model = (lambda x, p, training: x * (torch.rand(x.shape) >= p) / (1 - p),)
    other = (lambda x, p, training: x * (torch.rand(x.shape) < 1 - p) / (1 - p),)
    bench._exact_dropout(model, model)
    with pytest.raises(AssertionError):
        bench._exact_dropout(other, model)
    bench._mean_dropout((_evaluating(other[0]),), model)


def _evaluating(train):
    return lambda x, p, training: train(x, p, training) if training else x


def test_worked_examples_accept_the_right_values():
    def l2(model, strength):
        return strength / 2 * (model.weight**2).sum()

    def l1(model, strength):
        return strength * model.weight.abs().sum()

    bench._one_l2((l2, l1), ())
    with pytest.raises(AssertionError):
        bench._one_l2((l1, l2), ())


def test_a_tape_plays_what_it_heard():
    def half(x):
        if x < 0:
            raise ValueError("negative")
        return torch.tensor([x / 2])

    tape = bench._Tape(half)
    first = tape(3.0)
    with pytest.raises(ValueError, match="negative"):
        tape(-1.0)
    tape.playing = True
    assert tape(100.0).equal(first)
    with pytest.raises(ValueError, match="negative"):
        tape(100.0)
