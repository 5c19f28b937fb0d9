"""Results for Gradescope and PrairieLearn, as their documents have them."""

import json
import os
import subprocess

import pytest

from staff.course import Course, CourseError
from staff.grader.model import QuestionResult, Verdict
from staff.term import platforms
from staff.term.platforms import Graded, gradescope, prairielearn
from tests.staff.grader.made import FAIL, PASS

PLACES = Course().root / "docs" / "platforms"
OUTPUT = {"name", "number", "score", "max_score", "status", "output", "output_format",
          "visibility", "name_format", "tags", "extra_data"}  # fmt: skip


@pytest.fixture
def half(bundle):
    pairs = zip(bundle.questions.values(), (PASS, FAIL), strict=True)
    return Graded(tuple(pairs))


def test_gradescope(half):
    data = json.loads(json.dumps(gradescope(half)))
    assert data["score"] == 2.0
    assert sum(test["score"] for test in data["tests"]) == data["score"]
    assert [test["max_score"] for test in data["tests"]] == [2.0, 3.0]
    assert [test["status"] for test in data["tests"]] == ["passed", "failed"]
    assert all(test.keys() <= OUTPUT for test in data["tests"])
    assert "Got   3" in data["tests"][1]["output"]
    assert data["stdout_visibility"] == "hidden"


def test_prairielearn(half):
    data = json.loads(json.dumps(prairielearn(half)))
    assert data["gradable"]
    assert data["score"] == pytest.approx(0.4)  # 2 of 5, from 0 to 1
    assert [(t["points"], t["max_points"]) for t in data["tests"]] == [(2, 2), (0, 3)]


def test_a_file_that_is_none(bundle):
    found = platforms._invalid(bundle, "The file is a web page.")
    assert gradescope(found)["score"] == 0
    assert gradescope(found)["output"] == "The file is a web page."
    refused = prairielearn(found)
    assert refused == {"gradable": False, "format_errors": ["The file is a web page."]}


def test_messages_are_plain_and_short(bundle):
    long = QuestionResult(Verdict.FAIL, "\x1b[31m\u202e" + "<b>" * 100_000)
    pairs = tuple((question, long) for question in bundle.questions.values())
    text = json.dumps(prairielearn(Graded(pairs)))
    assert len(text) < 1_000_000
    assert "\\u001b" not in text
    assert "\\u202e" not in text


@pytest.fixture
def handed_in(tmp_path):
    folder = tmp_path / "submission"
    folder.mkdir()
    return folder


def told(bundle, lines, status=0):
    """A grader that says these lines."""

    def main(words):
        base = words[words.index("--from") + 1]
        out = words[words.index("--json") + 1]
        told.seen = sorted(os.listdir(f"{base}/learner/{bundle.stem}"))
        with open(out, "w") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        return status

    return main


def line(bundle, *verdicts, invalid=""):
    pairs = zip(bundle.questions, verdicts, strict=True)
    results = {name: QuestionResult(verdict).to_json() for name, verdict in pairs}
    return {"questions": results, "invalid": invalid}


def test_notebooks_are_found_below_too(small, bundle, handed_in, monkeypatch):
    both = line(bundle, Verdict.PASS, Verdict.MISSING)
    monkeypatch.setattr(platforms.grade, "main", told(bundle, [both]))
    (handed_in / "Any Name.ipynb").write_text("{}")
    (handed_in / "inner").mkdir()
    (handed_in / "inner" / "x.ipynb").write_text("{}")
    (handed_in / "notes.txt").write_text("")
    found = platforms.graded(small, bundle, handed_in)
    assert told.seen == ["Any Name.ipynb", "x.ipynb"]
    assert (found.points, found.possible) == (2.0, 5.0)


def test_nothing_to_grade(small, bundle, handed_in, tmp_path):
    assert "no notebook" in platforms.graded(small, bundle, handed_in).invalid
    (tmp_path / "secret").write_text("{}")
    (handed_in / "a.ipynb").symlink_to(tmp_path / "secret")
    found = platforms.graded(small, bundle, handed_in)
    assert found.points == 0
    assert "link" in found.invalid
    with pytest.raises(CourseError, match="--submission"):
        platforms.graded(small, bundle, handed_in / "gone")


@pytest.mark.parametrize("status", [0, 1])
def test_the_graders_own_fault_scores_nobody(
    small, bundle, handed_in, monkeypatch, status
):
    (handed_in / "a.ipynb").write_text("{}")
    lines = [line(bundle, Verdict.INFRA, Verdict.INFRA)] if status else []
    monkeypatch.setattr(platforms.grade, "main", told(bundle, lines, status))
    with pytest.raises(CourseError, match="Nothing was scored"):
        platforms.graded(small, bundle, handed_in)


def test_results_of_an_earlier_run_go_first(tmp_path, monkeypatch):
    old = tmp_path / "results.json"
    old.write_text('{"score": 5}')
    words = ["gradescope", "03", "--submission", str(tmp_path / "gone")]
    with pytest.raises(CourseError):
        platforms.main([*words, "--results", str(old)])
    assert not old.exists()


@pytest.mark.parametrize("script", ["gradescope/run_autograder", "prairielearn/run.sh"])
def test_scripts_call_the_command(script, tmp_path):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$PWD" "$@" > {tmp_path}/told\n')
    python.chmod(0o755)
    env = {**os.environ, "PYTHON": str(python), "COURSE": str(tmp_path)}
    subprocess.run([PLACES / script, "03"], env=env, check=True)
    words = (tmp_path / "told").read_text().split()
    assert words[:4] == [str(tmp_path), "-m", "staff", "platform"]
    assert words[4] in platforms.PLATFORMS
    assert "03" in words


def test_recipes_name_what_is_there():
    subprocess.run(["bash", "-n", PLACES / "gradescope" / "setup.sh"], check=True)
    info = json.loads((PLACES / "prairielearn" / "info.json").read_text())
    entry = info["externalGradingOptions"]["entrypoint"].split()
    assert (Course().root / entry[0].removeprefix("/course/")).exists()
    assert Course().choose(entry[1:])
    for name in ("Dockerfile", "gradescope/setup.sh"):
        text = (PLACES / name).read_text()
        assert "staff/setup/bootstrap.py --torch cpu --with staff run" in text
