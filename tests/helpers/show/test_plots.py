import base64
import inspect
import io
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import matplotlib.colors
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from helpers.evidence.intervals import mean_interval
from helpers.show import display, plots
from helpers.show._stacked import stack

NAN = float("nan")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _clean_figures():
    matplotlib.use("agg")
    with matplotlib.rc_context():
        plots.use_course_style()
        yield
    plt.close("all")


def history(epochs=3):
    falling = [1 / (k + 1) for k in range(epochs)]
    return SimpleNamespace(
        train_loss=falling,
        val_loss=[v + 0.5 for v in falling],
        train_accuracy=[1 - v / 2 for v in falling],
        val_accuracy=[],
    )


# --- style --------------------------------------------------------------------------


IMPORTS = """
import random, sys
import matplotlib, numpy, torch
before = dict(matplotlib.rcParams), random.getstate(), torch.get_rng_state().tolist()
numpy_before = numpy.random.get_state()[1].tolist()
from helpers import data, demos, device
from helpers.evidence import metrics
from helpers.show import plots
assert before == (
    dict(matplotlib.rcParams), random.getstate(), torch.get_rng_state().tolist()
)
assert numpy_before == numpy.random.get_state()[1].tolist()
heavy = {"torchvision", "sklearn", "scipy", "mnist1d", "ipywidgets", "IPython"}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.mark.slow
def test_importing_sets_nothing_prints_nothing_and_stays_light():
    command = [sys.executable, "-c", IMPORTS]
    done = subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    assert done.stdout.decode().strip() == "[]"
    assert done.stderr == b""


def test_figures_follow_the_callers_settings():
    with matplotlib.rc_context({"figure.facecolor": "pink"}):
        before = dict(matplotlib.rcParams)
        fig, _ = plots.figure()
        assert dict(matplotlib.rcParams) == before
    assert fig.get_facecolor() == matplotlib.colors.to_rgba("pink")


def test_style_is_readable_on_any_page():
    for name in ("figure.facecolor", "axes.facecolor", "savefig.facecolor"):
        assert matplotlib.rcParams[name] == "white"
    for name in ("text.color", "axes.labelcolor", "xtick.color", "axes.titlecolor"):
        rgb = matplotlib.colors.to_rgb(matplotlib.rcParams[name])
        assert max(rgb) < 0.2


@pytest.mark.parametrize(("columns", "width"), [(1, 6), (2, 10), (3, 12)])
def test_figure_sizes(columns, width):
    fig, ax = plots.figure(columns)
    assert fig.get_size_inches().tolist() == [width, 4]
    assert np.size(ax) == columns


def test_roles_differ_in_colour_and_line():
    roles = plots.TRAIN, plots.VAL, plots.TEST
    assert [r["linestyle"] for r in roles] == ["-", "--", ":"]
    assert len({r["color"] for r in roles}) == 3


# --- every drawing takes ax= and returns it -----------------------------------------

DRAWINGS = {
    "curves": lambda **k: plots.curves(history(), **k),
    "band": lambda **k: plots.band([1, 2], [[1, 2], [2, 4]], label="a", **k),
    "points": lambda **k: plots.points({"a": [1, 2, 3], "b": [2, 3, 4]}, **k),
    "heatmap": lambda **k: plots.heatmap(
        [[1, 2], [3, 4]], x="ab", y="cd", label="z", **k
    ),
    "images": lambda **k: plots.images(torch.rand(3, 1, 4, 4), **k),
    "compare": lambda **k: plots.compare([1.0, 2.0], [1.0, 3.0], **k),
    "compare 2-d": lambda **k: plots.compare(np.eye(3), np.ones((3, 3)), **k),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_use_the_given_axes_and_only_those(name):
    fig, (left, right) = plots.figure(2)
    assert DRAWINGS[name](ax=left) is left
    assert left.has_data()
    assert not right.has_data()
    assert plt.get_fignums() == [fig.number]
    display.png(fig)  # it can be laid out and written without a warning


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_make_a_figure_if_they_must(name):
    ax = DRAWINGS[name]()
    assert ax.figure.get_size_inches()[0] == 6
    assert len(plt.get_fignums()) == 1


def test_every_public_drawing_is_tried_above():
    public = {n for n in plots.__all__ if inspect.isfunction(getattr(plots, n))}
    others = {"figure", "show", "treatment_colors", "use_course_style"}
    assert {name.split()[0] for name in DRAWINGS} == public - others


# --- curves, band, points -----------------------------------------------------------


def test_curves_draw_what_the_history_holds():
    ax = plots.curves(history(4))
    train, val = ax.lines
    assert train.get_xdata().tolist() == [1, 2, 3, 4]
    assert train.get_ydata().tolist() == history(4).train_loss
    assert val.get_linestyle() == "--"
    assert ax.get_ylabel() == "loss (nats)"
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["train", "validation"]


def test_curves_of_accuracy_are_in_percent_and_skip_what_is_not_there():
    ax = plots.curves(history(), metric="accuracy")
    (line,) = ax.lines
    assert line.get_ydata().tolist() == [100 * v for v in history().train_accuracy]
    assert ax.get_ylabel() == "accuracy (%)"


def test_one_epoch_is_visible():
    assert plots.curves(history(1)).lines[0].get_marker() == "o"


def test_curves_refuse_another_metric():
    with pytest.raises(ValueError, match="'loss' or 'accuracy', got 'f1'"):
        plots.curves(history(), metric="f1")


def test_band_is_the_interval_of_each_column():
    values = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    ax = plots.band(torch.arange(4), values, label="loss", color=plots.TEST)
    expected = [mean_interval(column) for column in values.T]
    line = ax.lines[0]
    np.testing.assert_allclose(line.get_ydata(), [i.mean for i in expected])
    edge = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edge.min() == pytest.approx(min(i.low for i in expected))
    assert edge.max() == pytest.approx(max(i.high for i in expected))
    assert (line.get_color(), line.get_linestyle()) == (plots.TEST["color"], ":")


def test_band_takes_a_plain_colour():
    ax = plots.band([0, 1], np.eye(2), label="a", color="#123456")
    assert ax.lines[0].get_color() == "#123456"


def test_band_refuses_shapes_single_seeds_and_nan():
    with pytest.raises(ValueError, match=r"\(seeds, n\), got \(3,\) and \(2, 4\)"):
        plots.band([1, 2, 3], np.ones((2, 4)), label="a")
    with pytest.raises(ValueError, match="at least 2"):
        plots.band([1, 2], [[1, 2]], label="a")
    with pytest.raises(ValueError, match="NaN"):
        plots.band([1, 2], [[1, NAN], [1, 2]], label="a")


def test_points_show_every_seed_and_the_interval():
    values = [3.0, 5.0, 4.0, 6.0]
    ax = plots.points({"no dropout": values, "one seed": [2.0]})
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert dots[0].get_ydata().tolist() == values
    assert len(set(dots[0].get_xdata())) == 4
    assert len(ax.containers) == 1  # a single value has no interval
    interval = mean_interval(values)
    _, _, (bar,) = ax.containers[0]
    ends = bar.get_segments()[0][:, 1]
    np.testing.assert_allclose(ends, [interval.low, interval.high])
    names = [tick.get_text() for tick in ax.get_xticklabels()]
    assert names == ["no dropout", "one seed"]


def test_points_refuse_nothing_and_nan():
    with pytest.raises(ValueError, match="at least one group"):
        plots.points({})
    with pytest.raises(ValueError, match="NaN"):
        plots.points({"a": [1.0, NAN]})


# --- heat maps and images -----------------------------------------------------------


def test_heatmap_writes_the_numbers_and_frames_the_best():
    table = [[0.1, 0.2, 0.9], [0.3, NAN, 0.5]]
    ax = plots.heatmap(table, x="abc", y="uv", label="accuracy", mark="max", fmt=".1f")
    texts = [t.get_text() for t in ax.texts]
    assert texts == ["0.1", "0.2", "0.9", "0.3", "0.5"]
    (frame,) = ax.patches
    assert (frame.get_x(), frame.get_y()) == (1.5, -0.5)
    lowest = plots.heatmap(table, x="abc", y="uv", label="loss", mark="min", fmt="")
    assert lowest.patches[0].get_xy() == (-0.5, -0.5)
    assert not lowest.texts
    assert ax.figure.axes[1].get_ylabel() == "accuracy"


def test_heatmap_refuses():
    with pytest.raises(ValueError, match=r"\(2, 3\), got \(2, 2\)"):
        plots.heatmap(np.eye(2), x="abc", y="uv", label="")
    with pytest.raises(ValueError, match="mark"):
        plots.heatmap(np.eye(2), x="ab", y="uv", label="", mark="best")


@pytest.mark.parametrize("shape", [(5, 6, 6), (5, 1, 6, 6), (5, 3, 6, 6), (5, 36)])
def test_images_keep_the_pixels_on_one_scale(shape):
    batch = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    batch[0], batch[1] = 0, 2  # one black, one white
    ax = plots.images(batch, columns=2)
    canvas = np.asarray(ax.images[0].get_array())
    assert canvas[:6, :6].max() == 0
    assert canvas[:6, 7:13].min() == 1
    third = np.asarray(batch[2].reshape(-1, 6, 6)).transpose(1, 2, 0) / 2
    drawn = canvas[7:13, :6].reshape(6, 6, -1)
    np.testing.assert_allclose(drawn, third, atol=1e-6)


def test_images_have_titles_and_rows_of_eight():
    ax = plots.images(torch.rand(9, 4, 4), [str(k) for k in range(9)])
    assert [t.get_text() for t in ax.texts] == [str(k) for k in range(9)]
    assert ax.texts[8].get_position()[0] == ax.texts[0].get_position()[0]
    assert ax.texts[8].get_position()[1] > ax.texts[0].get_position()[1]


def test_a_constant_image_is_no_division_by_zero():
    canvas = plots.images(torch.ones(1, 4, 4)).images[0].get_array()
    assert np.isfinite(np.asarray(canvas)).all()


def test_images_refuse():
    with pytest.raises(ValueError, match=r"got \(2, 2, 4, 4\)"):
        plots.images(torch.rand(2, 2, 4, 4))
    with pytest.raises(ValueError, match=r"got \(2, 7\)"):
        plots.images(torch.rand(2, 7))
    with pytest.raises(ValueError, match="expected 2, one per image, got 1"):
        plots.images(torch.rand(2, 4, 4), ["a"])


# --- compare ------------------------------------------------------------------------


def test_compare_draws_both_values():
    ax = plots.compare(torch.tensor([1.0, 2.0]), [1.0, 3.0])
    assert ax.lines[0].get_ydata().tolist() == [1, 2]
    assert [bar.get_height() for bar in ax.patches] == [1, 3]
    long = plots.compare(np.zeros(40), np.ones(40))
    assert [line.get_ydata()[0] for line in long.lines] == [1, 0]


def test_compare_of_tables_puts_them_on_one_scale():
    yours, target = np.zeros((3, 6)), np.full((3, 6), 4.0)
    picture = plots.compare(yours, target).images[0]
    drawn = picture.get_array().filled(NAN)
    np.testing.assert_array_equal(drawn[:, :6], yours)
    np.testing.assert_array_equal(drawn[:, -6:], target)
    assert picture.get_clim() == (0, 4)


def test_compare_takes_single_numbers_and_a_kind():
    assert plots.compare(1.0, 2.0).patches[0].get_height() == 2
    assert len(plots.compare([1, 2], [1, 2], kind="lines").lines) == 2


def test_compare_refuses():
    with pytest.raises(ValueError, match=r"shape \(3,\), got \(2,\)"):
        plots.compare([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="kind: expected one of"):
        plots.compare([1, 2], [1, 2], kind="pie")
    with pytest.raises(ValueError, match="'images': expected 2 dimensions, got 1"):
        plots.compare([1, 2], [1, 2], kind="images")


# --- show ---------------------------------------------------------------------------


@pytest.fixture
def published(monkeypatch):
    """What goes to the front end, as (data, metadata) pairs."""
    seen = []
    monkeypatch.setattr(InteractiveShell, "initialized", classmethod(lambda _: True))
    monkeypatch.setattr(
        "IPython.display.display",
        lambda data, metadata, raw: seen.append((data, metadata, raw)),
    )
    return seen


def test_show_publishes_one_bundle_and_closes_the_figure(published):
    fig, ax = plots.figure()
    ax.plot([1, 2])
    plots.show(fig, 'A line "rising"\nfrom 1 < 2.')
    ((data, metadata, raw),) = published
    alt = 'A line "rising" from 1 < 2.'
    assert raw is True
    assert data["text/plain"] == alt
    assert metadata == {"image/png": {"alt": alt}}
    assert 'alt="A line &quot;rising&quot; from 1 &lt; 2."' in data["text/html"]
    image = plt.imread(io.BytesIO(base64.b64decode(data["image/png"])))
    assert image.shape[:2] == (576, 864)  # 4 x 6 in at 144 dots
    assert re.search(r"width: 576px; max-width: 100%", data["text/html"])
    assert data["image/png"] in data["text/html"]
    assert plt.get_fignums() == []


def test_show_gives_the_same_bytes_for_the_same_figure(published):
    for _ in range(2):
        fig, ax = plots.figure()
        ax.plot([1, 2])
        plots.show(fig, "a line")
    assert published[0] == published[1]


def test_show_prints_its_text_where_there_is_no_notebook(capsys, monkeypatch):
    monkeypatch.setattr(InteractiveShell, "initialized", classmethod(lambda _: False))
    plots.show(plots.figure()[0], "an empty figure")
    assert capsys.readouterr().out == "an empty figure\n"


def test_show_refuses_axes_and_silence():
    fig, ax = plots.figure()
    with pytest.raises(TypeError, match=r"got Axes; with axes, pass ax\.figure"):
        plots.show(ax, "a figure")
    for alt in ("", "  ", None):
        with pytest.raises(ValueError, match="alt: expected a sentence"):
            plots.show(fig, alt)


# --- narrow pages ------------------------------------------------------------------


def panels(columns, **options):
    fig, axs = plots.figure(columns, **options)
    for ax in np.atleast_1d(axs):
        ax.plot([0, 1], [2, 3])
    np.atleast_1d(axs)[0].set_ylabel("loss (nats)")
    return fig


@pytest.fixture
def pages(monkeypatch):
    """What is published: pages of HTML."""
    found = []
    monkeypatch.setattr(
        "helpers.curtain.publish", lambda data, *_, **__: found.append(data)
    )
    return found


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_panels_side_by_side_have_a_stacked_picture_too(pages, columns):
    plots.show(panels(columns), "Lines.")
    page = pages[0]["text/html"]
    assert page.count('alt="Lines."') == page.count("<img") == min(columns, 2)
    sizes = [
        plt.imread(io.BytesIO(base64.b64decode(data))).shape
        for data in re.findall(r"base64,([^\"]*)", page)
    ]
    height, width, _ = sizes[-1]
    assert width == 6 * 144
    assert height == pytest.approx(columns * 3.7 * 144, abs=1) or columns == 1
    wide = base64.b64decode(pages[0]["image/png"])  # GitHub and others: as it was drawn
    assert plt.imread(io.BytesIO(wide)).shape == sizes[0]
    assert not plt.get_fignums()


def test_stacked_panels_get_back_what_a_neighbor_said_for_them():
    fig = panels(2, sharey=True)
    left, right = fig.axes
    assert stack(fig)
    assert left.get_position().y0 > right.get_position().y1
    assert right.get_ylabel() == "loss (nats)"
    assert any(label.get_text() for label in right.get_yticklabels())
    inside = fig.get_tightbbox().extents
    assert min(inside[:2]) >= 0
    assert (inside[2:] <= fig.get_size_inches()).all()


def test_a_colorbar_stays_beside_its_panel():
    fig, (left, right) = plots.figure(2, sharey=True)
    left.set_ylabel("loss (nats)")
    picture = right.imshow(np.eye(3), aspect="auto")
    bar = fig.colorbar(picture, ax=right).ax
    assert stack(fig)
    assert bar.get_position().y0 == pytest.approx(right.get_position().y0, abs=0.01)
    assert min(fig.get_tightbbox().extents[:2]) >= 0


def test_what_is_no_row_of_panels_stays_as_it_is():
    grid = plt.subplots(2, 2)[0]
    spanning = plt.figure()
    spec = spanning.add_gridspec(1, 3)
    spanning.add_subplot(spec[:2])
    spanning.add_subplot(spec[2])
    for fig in (grid, spanning, plt.figure()):
        before = fig.get_size_inches().tolist()
        assert not stack(fig)
        assert fig.get_size_inches().tolist() == before
