"""Questions in words, graded by a person; and checks whose points come in tiers."""

import json
import shutil

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import compute_checksum, determine_grade

from staff.authoring.build import read_checked
from staff.authoring.masters import read_master
from staff.authoring.release import WORDS_HERE, make_pair
from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.gradebook import enter
from staff.grader.intake import Candidate, read
from staff.grader.judge import plain
from staff.grader.model import QuestionResult, Verdict
from staff.grader.record import Recorder
from tests.staff.conftest import MASTER, STEM, make_course
from tests.staff.grader.made import FAIL, PASS, results

WORDS = (
    MASTER
    + """
# %% [markdown]
# ### Exercise 1.2 · The challenge (3 points)
#
# What would you do?

# %% [markdown] manual="challenge" points=3
# Anything.
"""
)
EVIL = "I would <script>alert(1)</script> [look](javascript:x).\n~~~\nThen tune."


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("words")
    master = make_course(root / "written", WORDS, STEM)
    course = make_pair(read_checked(master, STEM), root / "course")
    shutil.copy(master.master(STEM), course.master(STEM))
    shutil.copy(Course().root / "nbgrader_config.py", course.root)
    enter(course, STEM)
    return course


@pytest.fixture
def course(written, tmp_path):
    shutil.copytree(written.root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture
def bundle(course):
    return Bundle.load(course, STEM)


def release(course):
    return json.loads(course.release(STEM).read_text("utf-8"))


def submission(course, bundle, tmp_path, text, *, kind="markdown", strip=False):
    """Read a notebook in which the challenge is answered like this."""
    notebook = release(course)
    for cell in notebook["cells"]:
        if cell["id"] == "challenge":
            cell.update(source=text, cell_type=kind)
            if kind == "code":
                cell.update(outputs=[], execution_count=None)
        if strip:
            cell["metadata"] = {}
    path = tmp_path / "ada" / STEM / f"{STEM}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return read(Candidate("ada", tmp_path, ("ada", STEM, f"{STEM}.ipynb")), bundle)


def recorded(course, bundle, given, **others):
    with Recorder(course, bundle) as recorder:
        recorder.record(given, results(bundle, "Counter", **others))
    with Gradebook(f"sqlite:///{course.grading / 'gradebook.db'}", "") as book:
        notebook = book.find_submission_notebook(STEM, STEM, "ada")
        return {
            g.name: (g.auto_score, g.max_score, bool(g.needs_manual_grade))
            for g in notebook.grades
        }


# -- a question in words ---------------------------------------------------------


def test_the_builder_makes_nbgraders_manual_cell(course):
    (cell,) = (c for c in release(course)["cells"] if c["id"] == "challenge")
    nbgrader = cell["metadata"]["nbgrader"]
    assert cell["cell_type"] == "markdown"
    assert "".join(cell["source"]) == WORDS_HERE
    assert (nbgrader["grade"], nbgrader["solution"]) == (True, True)
    assert (nbgrader["points"], nbgrader["locked"]) == (3, False)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('# %% [markdown] manual="double" points=3', "duplicate id"),
        ('# %% [markdown] manual="challenge"', "unknown role"),
        ('# %% [markdown] manual="challenge" points=-1', "positive number"),
        ('# %% manual="challenge" points=3', "unknown role"),
    ],
)
def test_the_builder_says_what_is_wrong_with_one(tmp_path, line, said):
    text = WORDS.replace('# %% [markdown] manual="challenge" points=3', line)
    course = make_course(tmp_path, text, STEM)
    with pytest.raises(CourseError, match=said):
        read_checked(course, STEM)


def test_a_master_gives_its_role_and_points(written):
    cell = read_master(written.master(STEM)).cells[-1]
    assert (cell.role, cell.name, cell.points) == ("manual", "challenge", 3)
    assert (cell.kind, cell.grade_id) == ("markdown", "challenge")


def test_the_bundle_knows_title_and_points(bundle):
    (manual,) = bundle.by_hand
    assert manual.title == "Exercise 1.2 · The challenge"
    assert manual.points == 3.0
    assert "challenge" not in bundle.questions


@pytest.mark.parametrize("kind", ["markdown", "code"])
def test_an_answer_waits_for_a_person(course, bundle, tmp_path, kind):
    given = submission(course, bundle, tmp_path, EVIL, kind=kind)
    assert given.written == (("challenge", EVIL),)
    assert all(EVIL not in step.source for step in given.steps), "it is not run"
    found = recorded(course, bundle, given)
    assert found["challenge"] == (None, 3.0, True)
    assert found["test_Counter"] == (3.0, 3.0, False)


def test_an_untouched_one_scores_0_as_with_nbgrader(course, bundle, tmp_path):
    found = recorded(course, bundle, submission(course, bundle, tmp_path, WORDS_HERE))
    assert found["challenge"] == (0.0, 3.0, False)
    cell = nbformat.from_dict(
        next(c for c in release(course)["cells"] if c["id"] == "challenge")
    )
    cell.source = "".join(cell.source)
    cell.metadata.nbgrader.checksum = compute_checksum(cell)
    assert determine_grade(cell) == (0, 3)
    cell.source = "My words."
    assert determine_grade(cell) == (None, 3)


def test_it_is_found_without_metadata(course, bundle, tmp_path):
    given = submission(course, bundle, tmp_path, "My words.", strip=True)
    assert given.written == (("challenge", "My words."),)


def test_formgrader_gets_the_words_as_plain_text(course, bundle, tmp_path):
    recorded(course, bundle, submission(course, bundle, tmp_path, EVIL))
    path = course.grading / "autograded" / "ada" / STEM / f"{STEM}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    (cell,) = (c for c in cells if c.id == "challenge")
    first, *lines, last = cell.source.split("\n")
    assert first == f"{last}text"
    assert last == "~~~~", "longer than any in the words"
    assert "\n".join(lines) == EVIL


def test_feedback_says_who_grades_it(course, bundle, tmp_path):
    def page(text, **others):
        recorded(course, bundle, submission(course, bundle, tmp_path, text), **others)
        return (
            course.grading / "feedback" / "ada" / f"{STEM}" / f"{STEM}.html"
        ).read_text("utf-8")

    told = page(EVIL, double=PASS)
    assert "Exercise 1.2 · The challenge" in told
    assert "To be graded by hand" in told
    assert "<script>alert" not in told
    assert "5 of 8 points" in told
    assert "your instructor will look" in told
    assert "To be graded by hand" not in page(WORDS_HERE)


def test_words_changed_later_are_recorded_again(course, bundle, tmp_path):
    first = submission(course, bundle, tmp_path, "One.")
    second = submission(course, bundle, tmp_path, "Two.")
    result = results(bundle, "Counter")
    with Recorder(course, bundle) as recorder:
        assert recorder.revision(first, result) != recorder.revision(second, result)


# -- points in tiers -------------------------------------------------------------


def tier(points):
    return QuestionResult(Verdict.PASS, earned=points)


@pytest.mark.parametrize(
    ("result", "score"),
    [(tier(1.0), 1.0), (tier(2.0), 2.0), (tier(9.0), 2.0), (PASS, 2.0), (FAIL, 0.0)],
)
def test_a_tiers_points_reach_the_gradebook(course, bundle, tmp_path, result, score):
    given = submission(course, bundle, tmp_path, WORDS_HERE)
    assert recorded(course, bundle, given, double=result)["test_double"][0] == score
    assert QuestionResult.from_json(result.to_json()) == result


@pytest.mark.parametrize(
    ("part", "earned"),
    [
        ("check(1.0)", 1.0),
        ("x = 1\ncheck(x + 0.5)", 1.5),
        ("check(1.0)\ny = 2", None),
        ("check(None)", None),
        ("check(2)", None),
        ("check(float('nan'))", None),
        ("check(-1.0)", None),
        ("assert check(1.0)", None),
    ],
)
def test_a_plain_test_gives_its_last_lines_value(part, earned):
    names = {"check": lambda value: value}
    assert plain._points(plain._last_value(part, names)) == earned


def test_nbgrader_takes_the_same_points():
    cell = nbformat.v4.new_code_cell("check.strategy(strategy)")
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": "test_strategy",
        "points": 3,
        "grade": True,
        "solution": False,
        "locked": True,
        "task": False,
    }
    value = nbformat.v4.new_output("execute_result", {"text/plain": "1.0"})
    printed = nbformat.v4.new_output("stream", name="stdout", text="✓")
    cell.outputs = [printed, value]
    assert determine_grade(cell) == (1.0, 3)
