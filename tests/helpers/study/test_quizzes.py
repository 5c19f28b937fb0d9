import json

import pytest

from helpers.data import data_folder
from helpers.study import _panel as panel
from helpers.study import quizzes
from helpers.study.quizzes import flashcards, load_cards, load_quiz, quiz

STEM = "00_start_here"


def shipped(kind):
    return sorted(path.stem for path in (data_folder() / kind).glob("*.json"))


@pytest.mark.parametrize("stem", shipped("quizzes"))
def test_every_shipped_quiz_is_valid(stem):
    assert len(load_quiz(stem)) >= 5


@pytest.mark.parametrize("stem", shipped("flashcards"))
def test_every_shipped_card_is_valid(stem):
    assert len(load_cards(stem)) >= 5


def a_quiz():
    yes = {"answer": "yes", "correct": True, "feedback": "Right."}
    no = {"answer": "no", "correct": False, "feedback": "Look again."}
    return [
        {"question": f"Question {k}?", "answers": [dict(yes), dict(no)]}
        for k in range(5)
    ]


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file of questions or cards into a data folder of its own."""
    monkeypatch.setattr(quizzes, "data_folder", lambda: tmp_path)

    def write(kind, content):
        (tmp_path / kind).mkdir(exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / kind / "05_topic.json").write_text(text)

    return write


def edited(change):
    content = a_quiz()
    change(content)
    return content


def test_the_quiz_of_the_tests_is_valid(write):
    write("quizzes", a_quiz())
    assert load_quiz("05_topic") == a_quiz()


BAD = {
    "question 3, answer 2: feedback is missing": lambda q: q[2]["answers"][1].pop(
        "feedback"
    ),
    "question 1, answer 1, feedback: expected a text": lambda q: q[0]["answers"][
        0
    ].update(feedback=" "),
    "question 2: no answer is correct": lambda q: q[1]["answers"][0].update(
        correct=False
    ),
    "question 2: every answer is correct": lambda q: q[1]["answers"][1].update(
        correct=True
    ),
    "correct must be a bool": lambda q: q[1]["answers"][1].update(correct="no"),
    "question 4: two answers are the same": lambda q: q[3]["answers"][1].update(
        answer="yes"
    ),
    "question 5: unknown entry hint": lambda q: q[4].update(hint="?"),
    "expected at least 5 items, got 4": lambda q: q.pop(),
    "'<b>' is HTML": lambda q: q[0].update(question="<b>Which?</b>"),
    r"'\$' is HTML or a formula": lambda q: q[0].update(question="Is $p$ small?"),
    "a backtick is not closed": lambda q: q[0].update(question="Is `p small?"),
    "question 1: expected an object": lambda q: q.__setitem__(0, "text"),
}


@pytest.mark.parametrize("message", BAD)
def test_a_bad_question_is_named(write, message):
    write("quizzes", edited(BAD[message]))
    with pytest.raises(ValueError, match=message) as error:
        load_quiz("05_topic")
    assert "data/quizzes/05_topic.json" in str(error.value)


def test_comparisons_and_code_are_no_html(write):
    write("quizzes", edited(lambda q: q[0].update(question="Is p < 0.5 in `a<b>`?")))
    assert load_quiz("05_topic")
    assert panel.as_html("p < 1 in `a<b>`") == "p &lt; 1 in <code>a&lt;b&gt;</code>"


def test_broken_json_is_named(write):
    write("quizzes", "[{]")
    with pytest.raises(ValueError, match=r"quizzes/05_topic.json is not valid JSON"):
        load_quiz("05_topic")


def test_a_missing_file_is_named_with_those_there_are(write):
    write("quizzes", a_quiz())
    with pytest.raises(FileNotFoundError, match="05_topic"):
        load_quiz("99_none")


def test_bad_cards_are_named(write):
    cards = [{"front": f"front {k}", "back": "back"} for k in range(5)]
    write("flashcards", cards)
    assert load_cards("05_topic") == cards
    write("flashcards", [*cards, {"front": "front 0", "back": "again"}])
    with pytest.raises(ValueError, match="the same front"):
        load_cards("05_topic")
    write("flashcards", [*cards, {"front": "new"}])
    with pytest.raises(ValueError, match="card 6: back is missing"):
        load_cards("05_topic")


def test_without_a_notebook_quiz_and_cards_are_text(write, capsys):
    write("quizzes", a_quiz())
    quiz("05_topic")
    out = capsys.readouterr().out
    assert "1. Question 0?" in out
    assert "b) wrong: Look again." in out
    write("flashcards", [{"front": f"f{k}", "back": f"b{k}"} for k in range(5)])
    flashcards("05_topic")
    assert "5. f4\n   b4" in capsys.readouterr().out


@pytest.fixture(scope="module")
def outputs():
    """What the two calls put into a real notebook."""
    nbclient = pytest.importorskip("nbclient")
    import nbformat

    calls = f"quizzes.quiz({STEM!r}); quizzes.flashcards({STEM!r})"
    cell = nbformat.v4.new_code_cell(f"from helpers.study import quizzes; {calls}")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    where = {"metadata": {"path": str(data_folder().parent)}}
    nbclient.NotebookClient(notebook, resources=where, timeout=60).execute()
    return notebook.cells[0].outputs


def test_in_a_notebook_the_content_is_inside_the_output(outputs):
    pages = "".join(o.data.get("text/html", "") for o in outputs)
    assert "<div" in pages
    card = panel.as_html(load_cards(STEM)[0]["front"])
    question = panel.as_html(load_quiz(STEM)[0]["question"])
    assert question in pages
    assert card in pages
    assert "src=" not in pages


def test_in_a_notebook_the_text_alternative_is_complete(outputs):
    texts = "".join(o.data["text/plain"] for o in outputs)
    assert load_quiz(STEM)[-1]["answers"][-1]["feedback"] in texts
    assert load_cards(STEM)[-1]["back"] in texts
