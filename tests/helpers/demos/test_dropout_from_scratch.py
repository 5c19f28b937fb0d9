"""The pictures of notebook 02."""

import matplotlib.pyplot as plt
import pytest
import torch

from helpers.demos import dropout_from_scratch as pictures
from helpers.demos.dropout_from_scratch import masks_beside, thinned_network


def _bars(fig: plt.Figure) -> torch.Tensor:
    """Heights of the activations after dropout."""
    return torch.tensor([bar.get_height() for bar in fig.axes[1].containers[1]])


def _before(fig: plt.Figure) -> torch.Tensor:
    return torch.tensor([bar.get_height() for bar in fig.axes[1].containers[0]])


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5])
def test_survivors_are_scaled_in_training(rate: float) -> None:
    fig = thinned_network(rate, mask=3)
    after, before = _bars(fig), _before(fig)
    alive = after > 0
    torch.testing.assert_close(after[alive], before[alive] / (1 - rate))
    assert alive.all() == (rate == 0)


def test_everything_goes_at_rate_one() -> None:
    assert not _bars(thinned_network(1.0)).any()


def test_evaluation_is_the_identity_or_scales_down() -> None:
    fig = thinned_network(0.25, training=False)
    torch.testing.assert_close(_bars(fig), _before(fig))
    fig = thinned_network(0.25, training=False, inverted=False)
    torch.testing.assert_close(_bars(fig), 0.75 * _before(fig))


def test_the_2012_form_leaves_survivors_alone() -> None:
    fig = thinned_network(0.5, inverted=False, mask=2)
    after, before = _bars(fig), _before(fig)
    torch.testing.assert_close(after[after > 0], before[after > 0])


def test_another_mask_is_another_network() -> None:
    first, second = (_bars(thinned_network(0.5, mask=d)) > 0 for d in (1, 2))
    assert not torch.equal(first, second)


def _title(ax: plt.Axes) -> str:
    return ax.get_title(loc="left") or ax.get_title()  # depends on the style


def test_title_counts_the_hidden_units() -> None:
    ax = thinned_network(0.5, training=False).axes[0]
    assert _title(ax) == "evaluation: 16 of 16 hidden units are there"


def test_masks_beside_says_what_does_not_fit(capsys: pytest.CaptureFixture) -> None:
    masks_beside(None, torch.ones(2, 3))
    masks_beside(torch.ones(3, 2), torch.ones(2, 3))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "Expected a tensor of shape (2, 3), got NoneType.",
        "Expected a tensor of shape (2, 3), got (3, 2).",
    ]


def test_masks_beside_draws_and_counts(capsys: pytest.CaptureFixture) -> None:
    masks_beside(torch.tensor([[0.0, 2.0]]).repeat(4, 4), torch.ones(4, 8))
    assert "50% is dropped" in capsys.readouterr().out


def test_each_rate_has_a_color_of_its_own() -> None:
    colors = [pictures.color(rate) for rate in (0.0, 0.25, 0.5, 0.75, 0.9)]
    assert len(set(colors)) == 5


def test_rates_are_named_and_the_best_at_the_end_is_told() -> None:
    percent = {0.0: torch.tensor([[70.0, 50.0], [72.0, 52.0]])}
    percent[0.5] = percent[0.0] + torch.tensor([-5.0, 9.0])
    left, right = pictures.rates_over_steps(torch.tensor([10, 20]), percent).axes
    assert [text.get_text() for text in left.get_legend().texts] == ["none", "p = 0.5"]
    assert "p = 0.5 is 9 points ahead" in _title(right)
    dots = [line.get_ydata() for line in right.lines if line.get_alpha() == 0.55]
    assert [*dots[1]] == percent[0.5][:, -1].tolist()


def test_panels_show_the_numbers_they_are_given() -> None:
    runs = torch.tensor([[40.0, 50.0], [60.0, 70.0]])
    fig = pictures.opening({"a": runs, "b": runs + 1})
    assert "70 % at best, 70 % at the end" in _title(fig.axes[0])
    ax = pictures.removed([0.0, 0.5], {0.0: runs, 0.5: runs}).axes[0]
    assert ax.lines[0].get_xdata().tolist() == [0, 50]
    lines = {"true": runs, "false": runs + 2}
    ax = pictures.width_map([8, 64], {"few": lines, "many": lines}).axes[0]
    assert ax.lines[0].get_ydata().tolist() == [45, 65]  # means over seeds


def test_a_family_is_one_whole_network_and_thinned_ones() -> None:
    fig = pictures.family()
    crosses = [sum(line.get_marker() == "x" for line in ax.lines) for ax in fig.axes]
    assert crosses[0] == 0
    assert all(crosses[1:])


def test_filters_are_scaled_by_their_own_largest_weight() -> None:
    small = torch.rand(16, 9) - 0.5
    fig = pictures.filters(small, 100 * small)
    first, second = (ax.images[0].get_array() for ax in fig.axes[:2])
    assert abs(first - second).max() < 1e-5
    assert abs(first).max() == 1


def test_weights_are_drawn_in_percent_of_the_true_ones() -> None:
    sizes, truth = torch.tensor([1.0, 2.0]), torch.tensor([4.0, 2.0])
    half = {"ridge": truth, "formula": truth / 2, "copies": truth / 2}
    ax = pictures.weights_by_size(sizes, half, truth).axes[0]
    assert [line.get_ydata()[0] for line in ax.lines[:3]] == [100, 50, 50]


def test_means_stand_side_by_side() -> None:
    probs = torch.tensor([0.7, 0.3])
    bars = {"p": {"whole": probs, "geometric": probs, "arithmetic": 1 - probs}}
    ax = pictures.means_beside({**bars, "q": bars["p"]}).axes[0]
    heights = [[bar.get_height() for bar in group] for group in ax.containers]
    assert heights[2] == pytest.approx([0.3, 0.7])
