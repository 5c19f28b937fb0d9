"""Checks of notebook 07: what they call right is what torchvision does."""

import math
from pathlib import Path

import pytest
import torch

from helpers.checks import CheckFailed, load
from helpers.evidence import mixing

ANSWERS = Path(__file__).resolve().parents[2] / "answers" / "07_mixup_cutmix"

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


HINTS = {
    "smooth_labels/wrong_other__all_rows": "every",
    "soft_cross_entropy/wrong_other__over_the_batch": "over the batch",
    "soft_cross_entropy/wrong_other__binary": "binary",
    "soft_cross_entropy/wrong_other__squared": "squared error",
    "soft_cross_entropy/wrong_other__swapped": "changed places",
    "soft_cross_entropy/wrong_other__argmax": "Every class of a target counts",
    "soft_cross_entropy/wrong_other__small_number": "small number",
    "mixup/wrong_other__four_values": "y_a, y_b, lam",
    "cut_box/wrong_other__one_minus_root": "wrong share",
    "cut_box/wrong_other__sizes": "starts and sizes",
    "cutmix/wrong_other__corners": "rows y1:y2",
    "cutmix/wrong_other__no_channel_axis": "four dimensions",
    "cutout/wrong_other__half_twice": "odd size",
    "cutout/wrong_other__inclusive": "one too large",
    "cutout/wrong_other__moved": "clipped, not moved",
    "cutout/wrong_other__fill_ignored": "need not be 0",
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("answer", HINTS)
def test_a_classic_slip_is_told_by_what_it_is(check, answer, seed):
    exercise = answer.split("/")[0]
    source = (ANSWERS / f"{answer}.py").read_text("utf-8")
    names = {"torch": torch, "math": math, "F": torch.nn.functional}
    exec(source, names)
    with pytest.raises(CheckFailed) as caught:
        getattr(check, exercise)(names[exercise], seed=seed)
    assert HINTS[answer] in " ".join(str(caught.value).split())


def test_a_loss_that_is_nearly_right_is_told_so(check):
    def nearly(logits, targets):
        return 1.0005 * torch.nn.functional.cross_entropy(logits, targets)

    with pytest.raises(CheckFailed) as caught:
        check.soft_cross_entropy(nearly)
    assert "last digits differ" in " ".join(str(caught.value).split())


def test_an_unknown_loss_gets_no_hint(check):
    def unknown(logits, targets):
        return 1.7 * torch.nn.functional.cross_entropy(logits, targets)

    with pytest.raises(CheckFailed) as caught:
        check.soft_cross_entropy(unknown)
    assert "Hint" not in str(caught.value)


@pytest.mark.parametrize("seed", range(30))
def test_holes_of_the_check_and_of_the_experiment_agree(check, seed):
    torch.manual_seed(seed)
    y, x = torch.randint(7, (5,)), torch.randint(9, (5,))
    images = 1 + torch.rand(5, 2, 7, 9)
    images[0, 0, 0, 0] = 0.0
    holed = check.holes((images, y, x, 4, 0.0))
    torch.manual_seed(seed)  # the same centers once more
    again, _ = mixing.cutout_batch(images, torch.zeros(5, 2), size=4)
    torch.testing.assert_close(again, holed)
