"""Hand grading reaches the learner, and what graders need to see reaches formgrader."""

import base64
import json

import nbformat
import pytest
from traitlets.config import Config

from staff.authoring.release import nbgrader_config
from staff.bench.classroom import filled_in
from staff.grader.exporter import without_hidden
from staff.grader.files import keep_original
from staff.grader.intake import originals
from staff.grader.model import QuestionResult, Verdict
from staff.grader.policy import Policy
from tests.staff.grader.made import ANSWERS, results
from tests.staff.term.conftest import kept, submit

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 50).decode()
FIGURE = {"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {}}
HIDDEN = ("48_271", "96_542", "Counter(17)")


def autograded(room, student):
    path = room.course.grading / "autograded" / student / room.stem
    return nbformat.read(path / f"{room.stem}.ipynb", as_version=4)


def cell(notebook, name):
    return next(each for each in notebook.cells if each.id == name)


def texts(outputs):
    return "\n".join(o.get("text", "") for o in outputs)


def test_points_and_comments_reach_the_page_and_stay(room):
    one, result = submit(room.bundle, "ada"), results(room.bundle, "double")
    assert room.settle(one, result)
    assert not room.settle(one, result)
    room.by_hand("ada", "Counter", 1.5, "Nice <b>idea</b>: 48271.", extra=0.25)
    assert room.settle(one, result)  # grading again writes the page anew
    assert not room.settle(one, result)
    page = " ".join(room.page("ada").split())
    assert "3.75 of 5 points" in page
    assert "Your instructor gave 1.5 of 3 points" in page
    assert "Extra credit: 0.25." in page
    assert (
        "Nice <b>idea</b>: 48271." in page
    )  # as text; a person may say what is hidden
    marks = room.marks("ada")
    assert (marks.manual, marks.waiting) == ({"test_Counter": 1.5}, frozenset())
    better = submit(room.bundle, "ada", sha256="1" * 64)
    assert room.settle(better, results(room.bundle, "double", "Counter"))
    marks = room.marks("ada")
    assert marks.manual == {"test_Counter": 1.5}
    assert marks.comments == {"Counter": "Nice <b>idea</b>: 48271."}
    assert marks.waiting == {"test_Counter"}  # a new answer: look again


def test_what_to_do_next_follows_what_a_person_decided(room):
    room.grade("ada", "double", "Counter")
    assert "Everything is right." in room.page("ada")
    room.by_hand("ada", "double", 1.5, "Explain.")
    room.grade("ada", "double", "Counter")
    assert "Every check passes. How to go on: read" in room.page("ada")
    room.grade("bob", "double")
    assert "change your answer" in " ".join(room.page("bob").split())
    room.by_hand("bob", "Counter", 3.0)
    room.grade("bob", "double")
    assert "change your answer" not in " ".join(room.page("bob").split())


def test_what_a_person_has_looked_at_stays_so(room):
    tampered = QuestionResult(Verdict.TAMPERED)
    one = submit(room.bundle, "ada")
    room.settle(one, results(room.bundle, "double", Counter=tampered))
    assert room.marks("ada").waiting == {"test_Counter"}
    room.by_hand("ada", "Counter", 3.0)
    room.settle(one, results(room.bundle, "double", Counter=tampered))
    assert room.marks("ada").waiting == frozenset()
    page = " ".join(room.page("ada").split())
    assert "Looked at by your instructor" in page
    assert "Held back" not in page
    room.settle(one, results(room.bundle, double=tampered, Counter=tampered))
    assert room.marks("ada").waiting == {"test_double"}


def test_points_for_the_visible_part_alone(room):
    Policy(visible=0.5).write(room.course)
    hidden = QuestionResult(Verdict.FAIL, "✗ wrong", hidden=True)
    room.grade("ada", "double", Counter=hidden)
    room.grade("bob", "double")
    assert room.marks("ada").automatic == {"test_double": 2.0, "test_Counter": 1.5}
    assert room.marks("bob").automatic["test_Counter"] == 0.0
    page = " ".join(room.page("ada").split())
    assert "3.5 of 5 points" in page
    assert "For the part of the check that you see you get 1.5 of 3 points." in page
    assert "For the part" not in room.page("bob")
    sly = QuestionResult(Verdict.TAMPERED, hidden=True)
    room.grade("sly", "double", Counter=sly)
    assert room.marks("sly").automatic["test_Counter"] == 0.0


def test_formgrader_shows_why_and_keeps_figures(room):
    one, result = submit(room.bundle, "ada"), results(room.bundle, "double")
    result.outputs["Counter"] = [FIGURE]
    result.outputs["test_Counter"] = [
        {"output_type": "stream", "name": "stdout", "text": "printed\n"}
    ]
    room.settle(one, result)
    notebook = autograded(room, "ada")
    shown = texts(cell(notebook, "test_Counter").outputs)
    assert "✗ 0 of 3 points by the automatic check: Not right yet (FAIL)" in shown
    assert "✗ Exercise: wrong." in shown
    assert "printed" in shown
    assert "✓ 2 of 2 points" in texts(cell(notebook, "test_double").outputs)
    assert cell(notebook, "Counter").outputs[0].data["image/png"] == PNG


def test_plots_that_are_not_run_are_shown_as_handed_in(room):
    content = json.loads(filled_in(room.course, room.stem, ANSWERS))
    hostile = {"text/html": "<script>alert(1)</script>", "text/plain": "plain"}
    for each in content["cells"]:
        role = each["metadata"].get("course", {}).get("role")
        if role == "look":
            each["outputs"] = [FIGURE, {**FIGURE, "data": hostile}]
        if each["id"] == "test_double":
            each["outputs"] = [{**FIGURE, "data": {"text/plain": "forged: 2 of 2"}}]
    bytes_ = json.dumps(content).encode()
    path = keep_original(originals(room.course.grading, "ada", room.stem), bytes_)
    one = submit(room.bundle, "ada", sha256=path.stem)
    room.settle(one, results(room.bundle))
    notebook = autograded(room, "ada")
    (look,) = [
        c for c in notebook.cells if c.metadata.get("course", {}).get("role") == "look"
    ]
    assert look.outputs[0].text == "[not run while grading; as it was handed in]\n"
    assert look.outputs[1].data == {"image/png": PNG}
    assert look.outputs[2].data == {"text/plain": "plain"}
    assert "forged" not in nbformat.writes(notebook)
    assert "script" not in nbformat.writes(notebook)


def test_no_executed_notebook_holds_a_hidden_test(room):
    room.grade("ada", "double")
    text = nbformat.writes(autograded(room, "ada"))
    assert not [secret for secret in HIDDEN if secret in text]
    assert "assert double(1) == 2" in text


@pytest.fixture
def feedback(room):
    """Run nbgrader's own generate_feedback, as its command and formgrader do."""
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory

    def feedback(**changes):
        config = nbgrader_config(room.course)
        config.merge(Config({"CourseDirectory": {"assignment_id": room.stem}}))
        config.merge(Config(changes))
        converter = GenerateFeedback(
            coursedir=CourseDirectory(config=config), config=config
        )
        converter.force = True
        converter.start()
        folder = room.course.grading / "feedback" / "ada" / room.stem
        return (folder / f"{room.stem}.html").read_text("utf-8")

    return feedback


def test_generate_feedback_writes_our_page(room, feedback):
    one = submit(room.bundle, "ada", sha256=kept(room, "ada"))
    room.settle(one, results(room.bundle, "double"))
    room.by_hand("ada", "Counter", 1.5, "Nice idea.")
    text = feedback()
    assert "Nice idea." in text
    assert "3.5 of 5 points" in text
    assert "return 2 * x" in text
    assert "default-src 'none'" in text  # it is ours
    assert not [secret for secret in HIDDEN if secret in text]
    assert room.settle(one, results(room.bundle, "double"))
    assert feedback() == text


def test_a_page_of_nbgraders_own_shows_no_hidden_test(room, feedback):
    """What stock autograde left has another look, and no secret either."""
    room.grade("ada", "double")
    folder = room.course.grading / "autograded" / "ada" / room.stem
    path = folder / f"{room.stem}.ipynb"
    notebook = nbformat.read(room.course.solution(room.stem), as_version=4)
    trace = ["\x1b[0;31m>>> assert \x1b[0mCounter(17).step() == 18", "AssertionError"]
    error = {"ename": "AssertionError", "evalue": "Counter(17)", "traceback": trace}
    cell(notebook, "test_Counter").outputs = [nbformat.v4.new_output("error", **error)]
    friendly = {
        "ename": "NotAttempted",
        "evalue": "",
        "traceback": ["\x1b[0m○ not yet"],
    }
    cell(notebook, "test_double").outputs = [
        nbformat.v4.new_output("error", **friendly)
    ]
    path.chmod(0o600)
    nbformat.write(notebook, path)
    text = feedback()
    assert "default-src 'none'" not in text
    assert "AssertionError: This check failed." in text
    assert "○ not yet" in text  # what quotes no hidden test is told
    assert not [secret for secret in HIDDEN if secret in text]
    stock = feedback(
        GenerateFeedback={"exporter_class": "nbconvert.exporters.HTMLExporter"}
    )
    assert "96_542" in stock  # so that the test above can fail
    assert "96_542" not in nbformat.writes(without_hidden(notebook))
