"""The pictures of notebook 04, and the quadratics behind them."""

import matplotlib.pyplot as plt
import pytest
import torch

from helpers.demos import adamw as demos_adamw
from helpers.demos.adamw import beside, descend, quadratics


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_problems_come_one_per_seed_and_do_not_depend_on_each_other():
    several, one = quadratics(range(3)), quadratics(range(2, 3))
    assert several.x.shape == (3, 40, 2)
    assert several.slope.shape == (3, 2)
    assert torch.equal(several.x[2], one.x[0])
    assert not torch.equal(several.x[0], several.x[1])


def test_the_closed_form_is_where_the_gradient_vanishes():
    problem = quadratics(range(2))
    w = demos_adamw.ridge_solution(problem, 0.3)
    gradient = torch.einsum("sij,sj->si", problem.hessian, w) - problem.slope + 0.3 * w
    assert gradient.abs().max() < 1e-12


def test_adam_without_decay_reaches_least_squares():
    problem = quadratics(range(2))
    end = descend(problem, torch.optim.Adam, decay=0.0)[-1]
    assert torch.allclose(end, demos_adamw.ridge_solution(problem, 0.0), atol=1e-2)


def test_descend_starts_at_zero_and_keeps_every_step():
    path = descend(quadratics(range(2)), torch.optim.AdamW, decay=0.1, steps=5, batch=3)
    assert path.shape == (6, 2, 2)
    assert not path[0].any()
    assert path[1].all()


def test_the_still_picture_shows_the_problem_that_moves():
    scene, fig = demos_adamw.scene(), demos_adamw.still(steps=300)
    assert scene.picture is demos_adamw.still
    for ax, kind in zip(fig.axes, (torch.optim.Adam, torch.optim.AdamW), strict=True):
        path, ridge, ring, end = ax.lines
        assert [*ring.get_xydata()[0]] == pytest.approx(scene.data["minimum"])
        assert [*path.get_xydata()[0]] == pytest.approx(scene.data["start"])
        h = torch.tensor(scene.data["hessian"])
        low = torch.tensor(scene.data["minimum"])
        aim = torch.linalg.solve(h + 0.5 * torch.eye(2), h @ low)
        assert [*ridge.get_xydata()[0]] == pytest.approx(aim.tolist(), abs=1e-5)
        w = torch.tensor(scene.data["start"], requires_grad=True)
        optimizer = kind([w], lr=0.01, weight_decay=0.5)
        for _ in range(300):
            w.grad = h @ (w.detach() - low)
            optimizer.step()
        assert [*end.get_xydata()[0]] == pytest.approx(w.tolist(), abs=1e-4)


@pytest.mark.parametrize(("decay", "noise"), [(0.5, 1.0), (1.0, 2.0), (0.2, 0.5)])
def test_adamw_rests_where_slope_and_strengths_balance(decay, noise):
    w = demos_adamw.resting_point(decay, noise)
    slope = demos_adamw.BOWL.hessian @ (w - demos_adamw.BOWL.minimum)
    size = ((noise * demos_adamw.BOWL.noise) ** 2 + slope**2).sqrt()
    assert torch.allclose(slope, -decay * size * w, atol=1e-5)


def test_without_noise_it_rests_at_the_minimum_or_at_the_edge_of_its_box():
    inside = demos_adamw.resting_point(0.5, 0.0)
    assert torch.allclose(inside, demos_adamw.BOWL.minimum, atol=1e-4)
    box = demos_adamw.resting_point(2.0, 0.0)
    assert torch.allclose(box, torch.full((2,), 0.5), atol=1e-3)


def test_beside_draws_the_diagonal_and_the_weights():
    w = torch.tensor([1.0, -2.0, 3.0])
    fig = beside({"same": (w, w), "other": (w, -w)}, names=("one", "two"))
    for ax, sign in zip(fig.axes, (1, -1), strict=True):
        diagonal, dots = ax.lines
        assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
        assert list(dots.get_ydata()) == (sign * w).tolist()


def test_ends_are_drawn_as_points_and_as_distances():
    problem = quadratics(range(3))
    ridge, plain = (demos_adamw.ridge_solution(problem, s) for s in (0.5, 0.0))
    fig = demos_adamw.ends_picture(
        problem, ridge, ridge, {"none": plain, "few": ridge}, {"few": plain}
    )
    left, right = fig.axes
    from_ridge, few, own = (line.get_ydata() for line in right.lines[:3])
    assert from_ridge == pytest.approx([1.0] * 3)
    assert few == pytest.approx([0.0] * 3)
    assert own == pytest.approx([1.0] * 3)
    labels = left.get_legend_handles_labels()[1]
    assert labels == [
        "ridge, any strength",
        "Adam + L2",
        "ridge",
        "AdamW, none",
        "AdamW, few",
    ]
