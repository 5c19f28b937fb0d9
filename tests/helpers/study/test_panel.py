"""A panel's output, and how a click in it reaches Python."""

import json

import pytest

from helpers.study import _panel as panel


@pytest.fixture
def sent(tmp_path, monkeypatch):
    """What a learner's kernel sends to the page, in order."""
    for variable in ("CI", "NBGRADER_EXECUTION", "COURSE_PROGRESS", "COURSE_HEADLESS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    found = []
    monkeypatch.setattr(panel, "publish", found.append)
    monkeypatch.setattr(panel.cards, "in_kernel", lambda: True)
    return found


def show(keep=None):
    panel.show(
        "mark", {"words": "a </script> b"}, text="t", plain="<p>p</p>", keep=keep
    )


def spec_of(data):
    inside = data["text/html"].rpartition("})(")[2].removesuffix(");</script>")
    return json.loads(inside)


def field_of(data):
    """Return the widget whose view was sent."""
    from ipywidgets.widgets.widget import _instances

    view = data["application/vnd.jupyter.widget-view+json"]
    return _instances[view["model_id"]]


def test_a_click_reaches_python_and_is_answered(sent):
    states = []
    show(states.append)
    page, carrier = sent
    spec, field = spec_of(page), field_of(carrier)
    assert spec["kept"]
    assert spec["note"] == ""
    assert field._dom_classes == (spec["name"],)  # where the script looks for it
    assert field.layout.display == "none"
    field.value = json.dumps({"marked": True, "count": 3})
    assert states == [{"marked": True}]
    assert field.placeholder == "3"


@pytest.mark.parametrize("value", ["", "{", "[]", '{"marked": true}', '{"count": "x"}'])
def test_what_is_not_from_the_panel_is_left_alone(sent, value):
    states = []
    show(states.append)
    field = field_of(sent[1])
    field.value = value
    assert states == []
    assert field.placeholder != "x"


def test_without_a_record_it_is_said_and_nothing_listens(sent, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    show(print)
    (page,) = sent
    assert not spec_of(page)["kept"]
    assert spec_of(page)["note"] == "Nothing is kept here: COURSE_PROGRESS is off."


def test_without_a_kernel_it_is_said(sent, monkeypatch):
    monkeypatch.setattr(panel.cards, "in_kernel", lambda: False)
    show(print)
    assert spec_of(sent[0])["note"] == "Nothing is kept here: there is no kernel."


def test_a_panel_that_keeps_nothing_says_nothing(sent):
    show()
    (page,) = sent
    assert spec_of(page)["note"] == ""
    assert page["text/html"].count("</script>") == 1  # its texts cannot end the script
    assert "<p>p</p>" in page["text/html"]


def test_paragraphs_hold_no_formulas():
    lines = panel.lines_as_html(["a < `b`", r"$5 \(x\)"])
    assert lines == "<p>a &lt; <code>b</code></p><p>&#36;5 &#92;(x&#92;)</p>"
