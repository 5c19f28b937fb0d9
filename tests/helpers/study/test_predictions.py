import json

import pytest

from helpers import curtain
from helpers.evidence.claims import claim, results
from helpers.study import predictions
from helpers.study.predictions import predict, recall

CHOICES = ("it grows", "it shrinks")


@pytest.fixture
def record(tmp_path, monkeypatch):
    """The learner's file, in an empty folder, in a session that just began."""
    for variable in ("CI", "NBGRADER_EXECUTION", "COURSE_PROGRESS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    new_session(monkeypatch)
    return tmp_path / ".progress.json"


def new_session(monkeypatch):
    monkeypatch.setattr(predictions, "_asked", {})
    monkeypatch.setattr(predictions, "_picked", {})
    monkeypatch.setattr(curtain, "_lifted", set())
    monkeypatch.setattr(curtain, "_waiting", {})


def test_without_a_front_end_the_question_is_printed(record, capsys):
    predict("t.gap", "What does the gap do?", CHOICES)
    out = capsys.readouterr().out
    assert "What does the gap do?" in out
    assert "2. it shrinks" in out
    assert "pick=1" in out
    assert not record.exists()


def test_a_pick_is_recorded_and_recalled(record, capsys):
    predict("t.gap", "What does the gap do?", CHOICES, pick=2)
    assert json.loads(record.read_text())["predictions"]["t.gap"]["text"] == CHOICES[1]
    capsys.readouterr()
    recall("t.gap", 2)
    out = capsys.readouterr().out
    assert "You predicted: it shrinks" in out
    assert "As predicted" in out


def test_a_wrong_prediction_is_told_apart(record, capsys):
    predict("t.gap", "?", CHOICES, pick=1)
    recall("t.gap", "it shrinks")
    out = capsys.readouterr().out
    assert "A surprise" in out
    assert "As predicted" not in out


def test_a_free_answer_is_printed_without_a_verdict(record, capsys):
    predict("t.gap", "?", CHOICES, pick=1)
    capsys.readouterr()
    recall("t.gap", "it depends")
    assert capsys.readouterr().out == (
        "You predicted: it grows\nWhat came out: it depends\n"
    )


def test_the_next_session_still_knows(record, capsys, monkeypatch):
    predict("t.gap", "?", CHOICES, pick=1)
    new_session(monkeypatch)
    recall("t.gap", "it grows, by 3 points")
    assert "You predicted: it grows\n" in capsys.readouterr().out


def test_where_nothing_is_recorded_the_session_remembers(record, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    predict("t.gap", "?", CHOICES, pick=1)
    recall("t.gap", 1)
    assert "As predicted" in capsys.readouterr().out
    assert not record.exists()


def test_no_prediction_is_no_error(record, capsys):
    predict("t.gap", "?", CHOICES)
    recall("t.gap", 1)
    out = capsys.readouterr().out
    assert "Predict first, or open.\nWhat came out: it grows" in out
    assert "no prediction" not in out


def test_in_a_table_the_answer_stands_above_the_claims(record, capsys):
    predict("t.gap", "?", CHOICES, pick=1)
    capsys.readouterr()
    with results():
        claim("t.first", "It grows.", 1.0, "> 0")
        recall("t.gap", 1)
    out = capsys.readouterr().out
    assert out.index("As predicted.") < out.index("It grows.")


class TestCurtain:
    """In a page that shows HTML: what a learner's kernel sends to it."""

    @pytest.fixture
    def page(self, record, monkeypatch):
        sent = []

        def publish(data, metadata=None, *, display_id=None, update=False):
            sent.append((data, display_id, update))

        monkeypatch.delenv("COURSE_HEADLESS", raising=False)
        monkeypatch.setattr(curtain, "in_kernel", lambda: True)
        monkeypatch.setattr(curtain, "publish", publish)
        return sent

    def test_without_a_prediction_the_table_is_folded_and_says_so(self, page):
        predict("t.gap", "?", CHOICES)
        with results():
            claim("t.first", "It grows.", 1.0, "> 0")
            recall("t.gap", 1)
        [(data, _, _)] = page
        assert data["text/html"].startswith("<details")
        assert " open" not in data["text/html"].partition(">")[0]
        summary, _, folded = data["text/html"].partition("</summary>")
        assert "Predict first, or open" in summary
        assert "grows" not in summary
        assert "It grows." in folded
        assert "It grows." in data["text/plain"]

    def test_a_pick_opens_what_is_already_shown(self, page):
        predict("t.gap", "?", CHOICES)
        recall("t.gap", 1)
        predictions._buttons("t.gap", "?", [*CHOICES]).children[1].value = 2
        (_, name, first), (data, again, update) = page
        assert (first, update) == (False, True)
        assert name == again
        assert "<details" not in data["text/html"]
        assert "A surprise" in data["text/html"]

    def test_after_the_pick_nothing_is_folded(self, page):
        predict("t.gap", "?", CHOICES, pick=1)
        recall("t.gap", 1)
        assert "<details" not in page[-1][0]["text/html"]

    def test_a_pick_of_an_earlier_session_counts(self, page, monkeypatch):
        predict("t.gap", "?", CHOICES, pick=1)
        new_session(monkeypatch)
        predict("t.gap", "?", CHOICES)
        with results(after="t.gap"):
            claim("t.first", "It grows.", 1.0, "> 0")
        assert "<details" not in page[-1][0]["text/html"]

    def test_two_predictions_must_both_be_made(self, page):
        predict("t.one", "?", CHOICES, pick=1)
        predict("t.two", "?", CHOICES)
        with results():
            recall("t.one", 1)
            recall("t.two", 1)
        assert "<details" in page[-1][0]["text/html"]
        predict("t.two", "?", CHOICES, pick=1)
        assert "<details" not in page[-1][0]["text/html"]

    @pytest.mark.parametrize("name", ["COURSE_HEADLESS", "NBGRADER_EXECUTION"])
    def test_no_curtain_where_nobody_predicts(self, page, monkeypatch, name):
        monkeypatch.setenv(name, "1")
        predict("t.gap", "?", CHOICES)
        recall("t.gap", 1)
        assert "<details" not in page[-1][0]["text/html"]

    def test_runs_again_do_not_pile_up(self, page):
        predict("t.gap", "?", CHOICES)
        for _ in range(50):
            recall("t.gap", 1)
        assert len(curtain._waiting["t.gap"]) <= curtain._KEPT


@pytest.mark.parametrize("pick", [0, 3, "it grows"])
def test_a_pick_must_be_a_choice(record, pick):
    with pytest.raises(ValueError, match="pick from 1 to 2"):
        predict("t.gap", "?", CHOICES, pick=pick)


@pytest.mark.parametrize("choices", [["one"], ["same", "same"]])
def test_choices_must_differ(record, choices):
    with pytest.raises(ValueError, match="two different choices"):
        predict("t.gap", "?", choices)


def test_an_answer_must_be_a_choice(record):
    predict("t.gap", "?", CHOICES)
    with pytest.raises(ValueError, match="1 to 2"):
        recall("t.gap", 3)


def test_an_answer_by_number_needs_the_question(record, capsys):
    recall("t.never-asked", 1)  # the experiment above it does not fail
    assert "run the cell with predict('t.never-asked'" in capsys.readouterr().out


def test_buttons_record_what_is_picked(record):
    predict("t.gap", "Is 1 < 2?", CHOICES)
    title, radio, note = predictions._buttons("t.gap", "Is 1 < 2?", [*CHOICES]).children
    assert radio.value is None
    assert "1 &lt; 2" in title.value
    radio.value = 2
    assert note.value == "Noted."
    assert json.loads(record.read_text())["predictions"]["t.gap"]["text"] == CHOICES[1]


def test_buttons_start_at_the_earlier_pick(record):
    predict("t.gap", "?", CHOICES, pick=2)
    radio = predictions._buttons("t.gap", "?", [*CHOICES]).children[1]
    assert radio.value == 2
