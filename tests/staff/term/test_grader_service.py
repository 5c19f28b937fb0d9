"""Grader-Service: its gradebook.json is filled in as its own autograder does it.

The gradebook is made by hand with the fields of GradeBookModel and its parts
(grader_service/convert/gradebook/models.py), in the state in which
`generate_assignment` leaves it.
"""

import json
import os
import subprocess

import pytest

from staff.course import Course, CourseError
from staff.grader.model import QuestionResult, Verdict
from staff.term import grader_service
from staff.term.grader_service import fill, grade_into
from staff.term.platforms import Graded
from tests.staff.grader.made import FAIL, PASS

SCRIPT = Course().root / "docs" / "platforms" / "grader_service" / "grader-convert"
GRADE = {"id", "notebook_id", "cell_id", "auto_score", "manual_score", "extra_credit",
         "needs_manual_grade", "max_score_gradecell", "max_score_taskcell",
         "failed_tests", "max_score", "_type"}  # fmt: skip
COMMENT = {"id", "notebook_id", "cell_id", "auto_comment", "manual_comment", "_type"}


def a_cell(kind, name, stem, **more):
    own = {"id": name, "name": name, "notebook_id": stem, "grade_id": None}
    return own | {"comment_id": None, "_type": kind, **more}


@pytest.fixture
def book(bundle):
    stem = bundle.stem
    checks = {
        q.grade_id: a_cell(
            "GradeCell", q.grade_id, stem, max_score=float(q.points), cell_type="code"
        )
        for q in bundle.questions.values()
    }
    answers = {name: a_cell("SolutionCell", name, stem) for name in bundle.questions}
    notebook = {
        "id": stem,
        "name": stem,
        "flagged": False,
        "kernelspec": "{}",
        "grade_cells_dict": checks,
        "solution_cells_dict": answers,
        "task_cells_dict": {},
        "source_cells_dict": {},
        "grades_dict": {},
        "comments_dict": {},
        "_type": "Notebook",
    }
    return {
        "notebooks": {stem: notebook},
        "extra_files": [],
        "_type": "GradeBookModel",
        "schema_version": "1",
    }


def found(bundle, *results, invalid=""):
    return Graded(tuple(zip(bundle.questions.values(), results, strict=True)), invalid)


def test_grades_and_comments(bundle, book):
    fill(book, bundle.stem, found(bundle, PASS, FAIL))
    notebook = json.loads(json.dumps(book))["notebooks"][bundle.stem]
    first, second = notebook["grades_dict"].values()
    assert [*notebook["grades_dict"]] == [*notebook["grade_cells_dict"]]
    assert first.keys() == second.keys() == GRADE
    assert (first["auto_score"], first["max_score"]) == (2.0, 2.0)
    assert (second["auto_score"], second["max_score_gradecell"]) == (0.0, 3.0)
    assert [g["failed_tests"] for g in (first, second)] == [False, True]
    assert not first["needs_manual_grade"]
    for name, comment in notebook["comments_dict"].items():
        assert comment.keys() == COMMENT
        assert notebook["solution_cells_dict"][name]["comment_id"] == name
    assert "Got   3" in [*notebook["comments_dict"].values()][1]["auto_comment"]


def test_what_a_person_gave_stays(bundle, book):
    fill(book, bundle.stem, found(bundle, PASS, FAIL))
    notebook = book["notebooks"][bundle.stem]
    name = [*notebook["grades_dict"]][1]
    notebook["grades_dict"][name] |= {"manual_score": 1.5, "extra_credit": 0.5}
    notebook["comments_dict"][[*bundle.questions][1]]["manual_comment"] = "Nearly."
    fill(book, bundle.stem, found(bundle, PASS, PASS))
    again = notebook["grades_dict"][name]
    assert (again["manual_score"], again["extra_credit"]) == (1.5, 0.5)
    assert again["auto_score"] == 3.0
    assert again["needs_manual_grade"]
    told = notebook["comments_dict"][[*bundle.questions][1]]
    assert told["manual_comment"] == "Nearly."


def test_another_version_of_the_assignment(bundle, book):
    cells = book["notebooks"][bundle.stem]["grade_cells_dict"]
    next(iter(cells.values()))["max_score"] = 7.0
    with pytest.raises(CourseError, match="expected a check with 2 points"):
        fill(book, bundle.stem, found(bundle, PASS, PASS))
    with pytest.raises(CourseError, match="no notebook of this name"):
        fill({"notebooks": {}}, bundle.stem, found(bundle, PASS, PASS))


@pytest.fixture
def places(small, bundle, book, tmp_path, monkeypatch):
    """IN, OUT/gradebook.json, and a grader that executes without running."""
    (tmp_path / "in").mkdir()
    out = tmp_path / "out" / "gradebook.json"
    out.parent.mkdir()
    out.write_text(json.dumps(book))
    executed = small.grading / "autograded" / "learner" / bundle.stem
    executed.mkdir(parents=True)
    (executed / f"{bundle.stem}.ipynb").write_text("executed")
    answers = [found(bundle, PASS, FAIL)]
    monkeypatch.setattr(grader_service, "graded", lambda *words: answers[0])
    return small, tmp_path / "in", out, answers


def test_a_whole_submission(places, bundle):
    course, folder, out, answers = places
    assert grade_into(course, folder, out, []) == "2 of 5 points"
    assert (out.parent / f"{bundle.stem}.ipynb").read_text() == "executed"
    notebook = json.loads(out.read_text())["notebooks"][bundle.stem]
    assert sum(g["auto_score"] for g in notebook["grades_dict"].values()) == 2.0
    (out.parent / f"{bundle.stem}.ipynb").unlink()
    why = QuestionResult(Verdict.INVALID_FILE, "The file is a web page.")
    answers[0] = found(bundle, why, why, invalid="The file is a web page.")
    assert grade_into(course, folder, out, []) == "0 of 5 points"
    assert "web page" in out.read_text()
    assert not (out.parent / f"{bundle.stem}.ipynb").exists()  # not an older one's


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "expected Grader-Service's gradebook.json"),
        ('{"notebooks": {"x": {}}}', "KeyError"),
        ('{"notebooks": {}}', "expected a notebook of this course"),
    ],
)
def test_a_gradebook_that_is_none(places, text, match):
    course, folder, out, _ = places
    out.write_text(text)
    with pytest.raises(CourseError, match=match):
        grade_into(course, folder, out, [])
    assert out.read_text() == text


def test_the_command_asks_for_its_places(capsys):
    with pytest.raises(SystemExit):
        grader_service.main(["03", "--submission", "in"])
    assert "--results" in capsys.readouterr().err


def test_the_script_takes_the_services_words(tmp_path):
    """As LocalProcessAutogradeExecutor and KubeAutogradeExecutor call it."""
    for name in ("python", "own"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@" > {tmp_path}/told\n')
        (tmp_path / name).chmod(0o755)
    env = {**os.environ, "PYTHON": str(tmp_path / "python"), "COURSE": str(tmp_path)}
    env["GRADER_CONVERT"] = str(tmp_path / "own")
    words = ["-i", "/a b/in", "-o", "/a b/out", "-p", "**/*.ipynb"]
    words += ["--copy_files=False", "--ExecutePreprocessor.timeout=360"]
    subprocess.run([SCRIPT, "autograde", *words], env=env, check=True)
    assert (tmp_path / "told").read_text().strip() == (
        "python -m staff grader-service --submission /a b/in "
        "--results /a b/out/gradebook.json"
    )
    subprocess.run([SCRIPT, "generate_feedback", *words], env=env, check=True)
    assert (tmp_path / "told").read_text().startswith("own generate_feedback -i")
    failed = subprocess.run([SCRIPT, "autograde"], env=env, capture_output=True)
    assert failed.returncode
    assert b"expected -i FOLDER" in failed.stderr
