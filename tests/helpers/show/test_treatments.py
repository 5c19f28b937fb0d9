"""A treatment has one color in all figures, and `show` notices where it has another."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_rgb

from helpers.demos import adamw, distillation, l1_l2, mixup_cutmix
from helpers.demos.start_here import forest
from helpers.show import plots
from helpers.show._treatments import misplaced

ROOT = Path(__file__).resolve().parents[3]
BLUE, VERMILION = plots.PALETTE[:2]
SEEDS = torch.tensor([1.0, 2.0, 4.0])
MEETINGS = [  # treatments that stand side by side in one notebook
    ["none", "dropout", "decay", "moves"],
    ["none", "p = 0.5", "plain ridge", "true labels", "20 % false labels"],
    ["L1", "L2", "elastic net", "group L1"],
    ["Adam + L2", "AdamW", "none"],
    ["none", "stopped", "L2", "dropout", "true labels", "40 % false"],
    ["none", "mixup", "CutMix", "Cutout", "label smoothing", "flips, crops", "dropout"],
    ["labels", "soft answers", "ensemble", "label smoothing"],
    ["one network", "MC dropout", "ensemble"],
    ["constant depth", "stochastic"],
    ["constant", "skip"],
]


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


def painted(way: str, name: str, color: str):
    """Return a figure in which the arm `name` has that color."""
    fig, ax = plots.figure()
    if way == "line":
        ax.plot([0, 1], [0, 1], color=color, label=name)
    elif way == "bar":
        ax.bar([0, 1], [1, 2], color=color, label=name)
    elif way == "band":
        plots.band([0, 1], torch.rand(3, 2), label=name, color=color, ax=ax)
    elif way == "dots":
        forest({"x": SEEDS, name: SEEDS}, colors=["#9a9a9a", color], unit="", ax=ax)
    elif way == "interval":
        ax.errorbar([0.2], [1], yerr=[[1], [1]], color=color, label=name)
    return fig


@pytest.mark.parametrize("way", ["line", "bar", "band", "dots", "interval"])
def test_a_treatment_in_another_color_is_found(way, monkeypatch):
    assert not misplaced(painted(way, "dropout", VERMILION))
    assert not misplaced(painted(way, "dropout", "#808080"))  # grays are nobody's
    assert not misplaced(painted(way, "some arm", BLUE))
    (found,) = misplaced(painted(way, "dropout", BLUE))
    assert found == f"dropout: expected {VERMILION}, got {BLUE}"
    monkeypatch.setenv("COURSE_STRICT", "1")  # so the course runs its notebooks
    with pytest.raises(ValueError, match="one color for each treatment: dropout"):
        plots.show(painted(way, "dropout", BLUE), alt="A figure.")
    plots.show(painted(way, "dropout", VERMILION), alt="A figure.")
    monkeypatch.setenv("COURSE_STRICT", "0")  # a learner's own colors are theirs
    plots.show(painted(way, "dropout", BLUE), alt="A figure.")


def test_bands_and_points_take_a_treatments_color():
    ax = plots.band([0, 1], torch.rand(3, 2), label="weight decay")
    assert ax.lines[0].get_color() == plots.TREATMENTS["weight decay"]
    dots = plots.points({"5": SEEDS, "no limit": SEEDS, "2": SEEDS, "dropout": SEEDS})
    colors = [line.get_color() for line in dots.lines if line.get_marker() == "o"]
    assert (colors[1], colors[3]) == (BLUE, VERMILION)
    assert len({*colors}) == 4  # other arms get colors that no treatment here has


def test_figures_of_demos_give_treatments_their_colors():
    _, ax = plots.figure()
    mixup_cutmix.dots({"none": SEEDS, "CutMix": SEEDS, "dropout": SEEDS}, ax=ax)
    percent = torch.rand(2, 3)
    net = (percent, percent, percent)
    for fig in (
        ax.figure,
        adamw.still(steps=3),
        distillation.ladder({"1": {"soft answers": SEEDS, "label smoothing": SEEDS}}),
        l1_l2.pruning({"L1": net, "group L1": net}),
        l1_l2.rate_lines(
            [0.1, 0.2],
            {
                f"dropout {p}, {name}": percent
                for p in (0, 1)
                for name in ("no limit", "max-norm 1")
            },
        ),
    ):
        assert not misplaced(fig)
    assert misplaced(painted("line", "CutMix", BLUE))  # the same check can fail


def luminance(color: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_figures_have_eight_colors_that_stand_out_from_their_white_face():
    assert len({*plots.PALETTE}) == 8
    for color in plots.PALETTE:
        assert 1.05 / (luminance(color) + 0.05) > 2.2
    assert {*plots.TREATMENTS.values()} == {*plots.PALETTE}


@pytest.mark.parametrize("names", MEETINGS, ids=", ".join)
def test_treatments_that_meet_differ(names):
    assert len({plots.TREATMENTS[name] for name in names}) == len(names)


def test_notebooks_say_no_color_for_a_treatment_in_numbers_of_the_palette():
    """`plots.PALETTE[k]` beside the treatment's name is how they came apart."""
    names = "|".join(map(re.escape, plots.TREATMENTS))
    pattern = re.compile(
        rf"\"(?:{names})\"[^\n]*PALETTE\[|label=\"(?:{names})\"[^\n]*#"
    )
    assert pattern.search('("decay 1", plots.PALETTE[5])')
    for master in sorted((ROOT / "solutions").glob("*.py")):
        assert not pattern.findall(master.read_text(encoding="utf-8")), master.name
