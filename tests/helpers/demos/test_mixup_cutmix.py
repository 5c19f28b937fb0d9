"""The pictures of notebook 07: what is drawn is what was mixed."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers.demos import mixup_cutmix as figures


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def pictures(fig) -> list[np.ndarray]:
    return [np.asarray(ax.images[0].get_array()) for ax in fig.axes[:3]]


def weights(fig) -> list[float]:
    return [bar.get_width() for bar in fig.axes[3].patches]


def title(ax) -> str:
    return ax.get_title(loc="left") or ax.get_title()  # depends on the style


@pytest.mark.parametrize("lam", [0.0, 0.3, 1.0])
def test_mixup_mixes_pixels_and_labels_alike(lam):
    fig = figures.mixed_pair(lam, "mixup")
    first, second, mixture = pictures(fig)
    np.testing.assert_allclose(mixture, lam * first + (1 - lam) * second, atol=1e-6)
    assert weights(fig) == pytest.approx([lam, 1 - lam])


def test_cutmix_counts_the_pixels_that_it_pasted():
    fig = figures.mixed_pair(0.5, "CutMix", center_y=2, center_x=27)
    first, second, mixture = pictures(fig)
    half = int(28 * 0.5**0.5 / 2)
    box = (slice(0, 2 + half), slice(27 - half, 28))
    expected = first.copy()
    expected[box] = second[box]
    np.testing.assert_array_equal(mixture, expected)
    area = (2 + half) * (1 + half) / 28**2
    assert weights(fig) == pytest.approx([1 - area, area])
    assert title(fig.axes[3]) == f"the box covers {area:.0%}"


def test_cutout_hides_and_keeps_the_label():
    fig = figures.mixed_pair(0.5, "Cutout", center_y=14, center_x=14)
    first, _, mixture = pictures(fig)
    half = int(28 * 0.5**0.5 / 2)
    assert not mixture[14 - half : 14 + half, 14 - half : 14 + half].any()
    np.testing.assert_array_equal(mixture[0], first[0])
    assert weights(fig) == [1.0, 0.0]


@pytest.mark.parametrize("pair", range(1, 9))
def test_every_pair_has_two_classes(pair):
    names = [title(ax) for ax in figures.mixed_pair(pair=pair).axes[:2]]
    assert len(set(names)) == 2


def test_reliability_is_on_the_diagonal_for_an_honest_network():
    probs = torch.tensor([[0.75, 0.25]] * 8 + [[0.55, 0.45]] * 20)[None]
    labels = torch.tensor([0] * 6 + [1] * 2 + [0] * 11 + [1] * 9)
    ax = figures.reliability({"honest": probs}, labels).axes[0]
    x, y = ax.lines[1].get_data()
    np.testing.assert_allclose(x, [0.55, 0.75], rtol=1e-6)
    np.testing.assert_allclose(y, [0.55, 0.75], rtol=1e-6)


def test_reliability_has_the_bins_of_the_calibration_error():
    at_the_edge, below = 7 / 25, 6.5 / 25  # 7 / 25 * 25 is a little more than 7
    rows = [[at_the_edge, 0.25, 0.24, 0.23], [below, 0.25, 0.245, 0.245]]
    probs = torch.tensor(rows, dtype=torch.float64)
    ax = figures.reliability({"one": probs[None]}, torch.tensor([0, 1]), n_bins=25)
    x, y = ax.axes[0].lines[1].get_data()
    np.testing.assert_allclose(x, [(at_the_edge + below) / 2])
    np.testing.assert_allclose(y, [0.5])


def test_reliability_says_which_way_and_leaves_rare_bins_out():
    probs = torch.tensor([[0.95, 0.05]] * 200 + [[0.65, 0.35]])[None]
    labels = torch.tensor([0] * 100 + [1] * 101)
    ax = figures.reliability({"proud": probs}, labels).axes[0]
    assert len(ax.lines[1].get_xdata()) == 1
    assert title(ax) == "proud: 45 points too sure"


def test_score_panels_have_a_row_per_treatment_and_the_first_as_a_line():
    scores = {
        "accuracy (%)": {"none": torch.tensor([70.0, 74.0]), "b": [80.0, 81.0]},
        "NLL (nats)": {"none": torch.tensor([1.0, 2.0]), "b": [0.5, 0.7]},
    }
    fig = figures.score_panels(scores, ("Up", "Down"))
    left, right = fig.axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["none", "b"]
    assert left.lines[-1].get_xdata()[0] == 72.0
    assert [title(ax) for ax in (left, right)] == ["Up", "Down"]
    np.testing.assert_allclose(right.lines[2].get_xdata(), [0.5, 0.7], rtol=1e-6)


def test_variants_places_every_image():
    rows = [torch.full((3, 1, 4, 4), float(k)) for k in range(2)]
    ax = figures.variants(rows, ["a", "b"]).axes[0]
    canvas = np.asarray(ax.images[0].get_array())
    assert canvas.shape == (2 * 4 + 2, 3 * 4 + 2 * 2)
    assert (canvas[:4, :4] == 0).all()
    assert (canvas[6:, -4:] == 1).all()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b"]


def test_dots_stand_in_the_treatments_colors():
    _, ax = plt.subplots()
    figures.dots({"none": torch.tensor([1.0, 3.0]), "CutMix": torch.ones(2)}, ax=ax)
    assert ax.lines[0].get_color() == figures.COLORS["none"]
    assert ax.lines[2].get_color() == figures.COLORS["CutMix"]
    assert ax.lines[1].get_ydata()[0] == 2.0


def test_every_treatment_of_the_notebook_has_a_color_of_its_own():
    names = ["none", "mixup", "CutMix", "Cutout", "label smoothing", "flips, crops"]
    names += ["dropout", "CutMix, frozen", "slow"]
    assert len({figures.COLORS[name] for name in names}) == len(names)


class Brightness(torch.nn.Module):
    """Calls dark images class 0, middling ones class 2, bright ones class 1."""

    def forward(self, x):
        light = x.mean((1, 2, 3))
        classes = torch.where(light < 0.3, 0, torch.where(light > 0.7, 1, 2))
        return 20 * torch.eye(10)[classes]


def test_walk_finds_a_third_class_between_two_images():
    x = torch.tensor([0.0, 0.0, 1.0, 1.0]).view(4, 1, 1, 1).expand(-1, -1, 5, 5)
    split = figures.data.Split(x, torch.tensor([0, 0, 1, 1]))
    fig = figures.walk(Brightness(), split)
    said = [title(ax).split("says ")[1].split(",")[0] for ax in fig.axes]
    names = figures.data.CLASS_NAMES
    assert said[2] == names[2]
    assert {said[0], said[4]} == {names[0], names[1]}
    assert "third class" in fig.get_suptitle()


def test_walk_claims_nothing_where_there_is_no_third_class():
    x = torch.tensor([0.0, 0.0, 0.1, 0.1]).view(4, 1, 1, 1).expand(-1, -1, 5, 5)
    fig = figures.walk(Brightness(), figures.data.Split(x, torch.tensor([0, 0, 1, 1])))
    assert "third class" not in fig.get_suptitle()


def test_betas_pile_up_where_alpha_is_small():
    narrow, flat = figures.betas((0.2, 1.0)).axes
    heights = [[bar.get_height() for bar in ax.patches] for ax in (narrow, flat)]
    assert heights[0][0] > 20 > heights[0][10]
    assert max(heights[1]) < 6
    assert sum(heights[0]) == pytest.approx(100)


def test_spiral_mixtures_lie_between_rows_of_one_class():
    rows = figures.data.Split(
        torch.tensor([[0.0, 0], [0, 1], [5, 0], [5, 1]]), torch.tensor([0, 0, 1, 1])
    )
    right = figures.spiral_mixtures(rows, 50).axes[1]
    for k, cloud in enumerate(right.collections):
        points = np.asarray(cloud.get_offsets())
        assert len(points) == 50
        np.testing.assert_allclose(points[:, 0], 5 * k)
