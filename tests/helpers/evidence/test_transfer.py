"""Some classes of a data set, and few labels of each."""

import pytest
import torch

from helpers.data import Split
from helpers.evidence.transfer import classes_of, few_of_each

LABELS = torch.tensor([4, 0, 2, 4, 1, 0, 2, 2, 4, 0])
PART = Split(10.0 * torch.arange(10).unsqueeze(1), LABELS)


def test_classes_are_labeled_by_their_place():
    part = classes_of(PART, (4, 0))
    assert part.x[:, 0].tolist() == [0, 10, 30, 50, 80, 90]
    assert part.y.tolist() == [0, 1, 0, 1, 0, 1]
    assert part.y.dtype == torch.int64


@pytest.mark.parametrize("classes", [(4, 4), (0, 3), (0, 7), (-1, 0)])
def test_classes_that_are_none_are_refused(classes):
    with pytest.raises(ValueError, match="expected different classes among 0, 1, 2, 4"):
        classes_of(PART, classes)


@pytest.mark.parametrize("seed", range(5))
def test_few_are_n_different_ones_of_each_class(seed):
    whole = classes_of(PART, (4, 0, 2))
    part = few_of_each(whole, 2, seed)
    assert part.y.tolist() == [0, 0, 1, 1, 2, 2]
    rows = (part.x[:, 0] / 10).long()
    assert len({*rows.tolist()}) == 6
    assert torch.equal(LABELS[rows], torch.tensor([4, 4, 0, 0, 2, 2]))


def test_more_labels_contain_the_fewer_ones_and_seeds_differ():
    g = torch.Generator().manual_seed(0)
    whole = Split(torch.randn(400, 1, generator=g), torch.arange(400) % 4)
    few, more = few_of_each(whole, 5, 3), few_of_each(whole, 20, 3)
    assert {*few.x.flatten().tolist()} < {*more.x.flatten().tolist()}
    assert torch.equal(few.x, few_of_each(whole, 5, 3).x)
    assert not torch.equal(few.x, few_of_each(whole, 5, 4).x)


@pytest.mark.parametrize("n", [0, 4])
def test_more_than_there_are_is_refused(n):
    with pytest.raises(ValueError, match=f"expected from 1 to 3.* got {n}"):
        few_of_each(classes_of(PART, (4, 0, 2)), n, 0)
