"""The pictures of notebook 02."""

import matplotlib.pyplot as plt
import pytest
import torch

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


def test_title_counts_the_hidden_units() -> None:
    ax = thinned_network(0.5, training=False).axes[0]
    title = ax.get_title(loc="left") or ax.get_title()  # depends on the style
    assert title == "evaluation: 16 of 16 hidden units are there"


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
