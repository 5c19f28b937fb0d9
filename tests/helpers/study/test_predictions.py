import json

import pytest

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
    assert "You made no prediction.\nWhat came out: it grows" in capsys.readouterr().out


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
