import re

import ipywidgets
import matplotlib
import matplotlib.pyplot as plt
import nbformat
import pytest
from nbclient import NotebookClient

from helpers.demos import Demo, demo
from helpers.demos import _engine as demos
from helpers.demos._engine import VIEW


@pytest.fixture(autouse=True)
def _agg_and_no_variable(monkeypatch):
    matplotlib.use("agg")
    monkeypatch.delenv("COURSE_HEADLESS", raising=False)
    yield
    plt.close("all")


@pytest.fixture
def published(monkeypatch):
    seen = []
    monkeypatch.setattr(demos, "publish", lambda *bundle: seen.append(bundle))
    return seen


class Drawer:
    """A drawing function that remembers how it was called."""

    def __init__(self, fails=lambda values: False):
        self.calls, self.fails = [], fails

    def __call__(self, p=0.5, n=3, kind="relu", noisy=True):
        """A line of slope p."""
        values = {"p": p, "n": n, "kind": kind, "noisy": noisy}
        self.calls.append(values)
        fig, ax = plt.subplots(figsize=(2, 1))
        if self.fails(values):
            raise RuntimeError("p is <too> large")
        ax.plot([0, p])
        return fig


CONTROLS = {"p": (0, 0.9, 0.1), "n": (1, 9), "kind": ["relu", "gelu"], "noisy": False}


def make(draw=None, alt="A line.", **controls):
    return Demo(draw or Drawer(), alt, controls or CONTROLS)


def alt_of(made):
    return re.search('alt="([^"]*)"', made.picture.value).group(1)


# --- controls -----------------------------------------------------------------------


def test_each_specification_gives_its_widget():
    kinds = [type(w) for w in make().controls.values()]
    assert kinds == [
        ipywidgets.FloatSlider,
        ipywidgets.IntSlider,
        ipywidgets.Dropdown,
        ipywidgets.Checkbox,
    ]


def test_controls_start_at_the_defaults_of_the_function():
    assert make().values == {"p": 0.5, "n": 3, "kind": "relu", "noisy": True}


def test_without_defaults_they_start_in_the_middle_and_at_the_first():
    def draw(p, n, kind, noisy):
        return plt.figure(figsize=(1, 1))

    values = make(draw, p=(0.0, 2.0), n=(1, 9, 2), kind=["a", "b"], noisy=False).values
    assert values == {"p": 1.0, "n": 5, "kind": "a", "noisy": False}


def test_menus_take_labelled_choices_and_widgets_pass_through():
    play = ipywidgets.Play(min=0, max=4)
    made = make(Drawer(), kind=[("ReLU", "relu"), ("GELU", "gelu")], n=play)
    assert made.controls["n"] is play
    assert made.values == {"kind": "relu", "n": 0}
    assert demos._extremes(made.controls["kind"]) == ["relu", "gelu"]


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ({"p": (1, 0)}, r"p: expected \(min, max\)"),
        ({"p": (0, 1, 0.1, 2)}, r"p: expected \(min, max\)"),
        ({"p": "abc"}, r"p: expected \(min, max\)"),
        ({"p": (0, True)}, r"p: expected \(min, max\)"),
        ({"p": []}, r"p: expected \(min, max\)"),
        ({"p": (0.6, 1.0)}, r"p: the default 0.5 is outside 0.6 to 1"),
        ({"kind": ["tanh"]}, r"kind: the default 'relu' is not among \['tanh'\]"),
    ],
)
def test_bad_specifications_are_clear_errors(control, message):
    with pytest.raises(ValueError, match=message):
        make(Drawer(), **control)


def test_unknown_and_missing_arguments_are_clear_errors():
    with pytest.raises(TypeError, match=r"does not take the controls q: .*'q'"):
        make(Drawer(), q=(0, 1))

    def draw(p):
        return plt.figure()

    with pytest.raises(TypeError, match=r"draw\(p\) does not take the controls n"):
        make(draw, n=(0, 1))


# --- redrawing ----------------------------------------------------------------------


def test_a_changed_value_changes_the_picture_and_its_alternative():
    made = make()
    before = made.picture.value
    assert alt_of(made) == "A line. (drawn for p 0.5, n 3, kind relu, noisy True)"
    made.controls["p"].value = 0.8
    assert made.picture.value != before
    assert "p 0.8" in alt_of(made)
    made.controls["p"].value = 0.5
    assert made.picture.value == before


def test_every_kind_of_control_redraws_once_per_change():
    draw = Drawer()
    made = make(draw)
    for name, value in {"n": 7, "kind": "gelu", "noisy": False}.items():
        before = len(draw.calls)
        made.controls[name].value = value
        assert len(draw.calls) == before + 1
        assert draw.calls[-1][name] == value


def test_sliders_wait_until_they_are_released():
    controls = make().controls
    assert not controls["p"].continuous_update
    assert not controls["n"].continuous_update


def test_no_figure_is_left_open_whatever_happens():
    made = make(Drawer(fails=lambda v: v["p"] > 0.7))
    for p in (0.1, 0.8, 0.2):
        made.controls["p"].value = p
    assert plt.get_fignums() == []


def test_a_figure_of_the_caller_stays_open():
    mine = plt.figure()
    make().controls["p"].value = 0.2
    assert plt.get_fignums() == [mine.number]


def test_an_error_on_redraw_is_shown_and_goes_away():
    made = make(Drawer(fails=lambda v: v["p"] > 0.7))
    good = made.picture.value
    made.controls["p"].value = 0.8
    assert made.message.value.endswith("RuntimeError: p is &lt;too&gt; large")
    assert made.picture.value == good
    made.controls["p"].value = 0.2
    assert made.message.value == ""
    assert made.picture.value != good


def test_the_first_figure_must_come_out():
    with pytest.raises(RuntimeError, match="too"):
        make(Drawer(fails=lambda v: True))


def test_a_function_that_returns_no_figure_is_told_so():
    def draw(p):
        plt.figure()

    with pytest.raises(TypeError, match=r"draw: expected it to return .* got NoneType"):
        make(draw, p=(0, 1))
    assert plt.get_fignums() == []


def test_the_docstring_is_the_alternative_unless_given():
    def described(p=0.5):
        """A line whose slope
        is p.

        More about it.
        """
        return plt.figure(figsize=(1, 1))

    assert alt_of(Demo(described, None, {"p": (0, 1)})).startswith(
        "A line whose slope is p. (drawn"
    )
    with pytest.raises(ValueError, match="alt: expected a sentence"):
        Demo(lambda p=0: plt.figure(), None, {"p": (0, 1)})


# --- display ------------------------------------------------------------------------


def test_demo_publishes_one_bundle_with_widget_picture_and_text(published):
    assert demo(Drawer(), alt="A line.", **CONTROLS) is None
    ((bundle, metadata),) = published
    assert list(bundle) == [VIEW, "image/png", "text/plain"]
    assert set(bundle[VIEW]) >= {"model_id", "version_major"}
    assert bundle["text/plain"].startswith("A line. (drawn for p 0.5")
    assert metadata["image/png"]["alt"] == bundle["text/plain"]


def test_headless_tries_every_end_and_publishes_the_first_figure_only(
    published, monkeypatch
):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    draw = Drawer()
    demo(draw, alt="A line.", **CONTROLS)
    start = {"p": 0.5, "n": 3, "kind": "relu", "noisy": True}
    ends = [("p", 0), ("p", 0.9), ("n", 1), ("n", 9), ("kind", "relu")]
    ends += [("kind", "gelu"), ("noisy", False), ("noisy", True)]
    assert draw.calls == [start] + [start | {name: value} for name, value in ends]
    ((bundle, _),) = published
    assert set(bundle) == {"image/png", "text/html", "text/plain"}
    assert "p 0.5" in bundle["text/plain"]


@pytest.mark.parametrize(
    "bad", [("p", 0.9), ("n", 1), ("kind", "gelu"), ("noisy", False)]
)
def test_headless_is_loud_about_an_error_at_any_end(published, monkeypatch, bad):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    name, value = bad
    draw = Drawer(fails=lambda values: values[name] == value)
    with pytest.raises(RuntimeError, match="too") as caught:
        demo(draw, alt="A line.", **CONTROLS)
    assert f"{name}={value!r}" in caught.value.__notes__[0]
    assert published == []


@pytest.mark.parametrize("value", ["", "0"])
def test_headless_can_be_switched_off(published, monkeypatch, value):
    monkeypatch.setenv("COURSE_HEADLESS", value)
    demo(Drawer(), alt="A line.", **CONTROLS)
    assert VIEW in published[0][0]


NOTEBOOK = """
import matplotlib.pyplot as plt
from helpers.show import plots
from helpers.demos import demo, Demo

def draw(p=0.5):
    "A line of slope p."
    fig, ax = plots.figure()
    ax.plot([0, p])
    return fig

demo(draw, p=(0.0, 1.0))
"""


@pytest.mark.slow
def test_in_a_real_kernel_there_is_one_output_and_no_second_plot(monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel takes the inline one
    cells = [
        nbformat.v4.new_code_cell(NOTEBOOK),
        nbformat.v4.new_code_cell("plots.show(draw(), 'a line')"),
        nbformat.v4.new_code_cell(
            "made = Demo(draw, None, {'p': (0.0, 1.0)})\n"
            "before = made.picture.value\n"
            "made.controls['p'].value = 0.9\n"
            "made.picture.value != before"
        ),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert [len(output) for output in outputs] == [1, 1, 1]
    assert set(outputs[0][0].data) == {VIEW, "image/png", "text/plain"}
    assert set(outputs[1][0].data) == {"image/png", "text/html", "text/plain"}
    assert outputs[1][0].metadata["image/png"]["alt"] == "a line"
    assert outputs[2][0].data["text/plain"] == "True"
