"""Checks of notebook 07: what they call right is what torchvision does."""

import pytest
import torch

from helpers.checks import CheckFailed, load

ROLL = torch.arange(8).roll(1)


@pytest.fixture(scope="module")
def check():
    return load("07_mixup_cutmix")


@pytest.fixture(scope="module")
def v2():
    from torchvision.transforms import v2

    return v2


@pytest.mark.parametrize("seed", range(20))
def test_mixup_is_torchvisions(check, v2, seed):
    torch.manual_seed(seed)
    x, targets = torch.randn(8, 3, 6, 9), torch.eye(8)
    images, labels = v2.MixUp(alpha=1.0)(x, targets)
    lam = labels[0, 0].item()
    torch.testing.assert_close(check.mixed(x, lam, ROLL), images)
    torch.testing.assert_close(check.mixed(targets, lam, ROLL), labels)


@pytest.mark.parametrize("seed", range(20))
def test_cutmix_and_its_box_are_torchvisions(check, v2, seed):
    x, targets = torch.arange(8 * 24 * 33.0).view(8, 1, 24, 33), torch.eye(8)
    torch.manual_seed(seed)
    params = v2.CutMix(alpha=1.0).make_params([x])
    torch.manual_seed(seed)
    images, labels = v2.CutMix(alpha=1.0)(x, targets)
    x1, y1, x2, y2 = params["box"]
    box = (y1, y2, x1, x2)
    torch.testing.assert_close(check.pasted(x, box, ROLL), images)
    area = (y2 - y1) * (x2 - x1) / (24 * 33)
    torch.testing.assert_close(check.mixed(targets, 1 - area, ROLL), labels)

    torch.manual_seed(seed)  # the same draws once more
    lam = float(torch.distributions.Beta(*torch.ones(2, 1)).sample())
    center_x, center_y = (int(torch.randint(n, (1,))) for n in (33, 24))
    assert check.box_of(24, 33, lam, (center_y, center_x)) == box


def test_the_solution_of_the_box_rounds_as_the_check_does(check):
    def cut_box(height, width, lam, center_y, center_x):
        return check.box_of(height, width, lam, (center_y, center_x))

    check.cut_box(cut_box)


@pytest.mark.parametrize("seed", range(3))
def test_a_box_of_tensors_or_floats_is_told_apart_from_a_wrong_box(check, seed):
    def floats(*case):
        return tuple(float(v) for v in check.box_of(*case[:3], case[3:]))

    with pytest.raises(CheckFailed, match="not a box") as caught:
        check.cut_box(floats, seed=seed)
    assert caught.value.mistake is None
