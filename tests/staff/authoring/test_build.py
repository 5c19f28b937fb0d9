"""Builds are all or nothing, repeatable, and never cost a learner's work."""

import nbformat
import pytest

from staff.authoring import build as module
from staff.authoring.build import build, check
from staff.course import CourseError


def notebook_bytes(course):
    return {p: p.read_bytes() for p in sorted(course.root.rglob("*.ipynb"))}


def work_in(path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[5].source = "def double(x):\n    return 2 * x"
    nbformat.write(notebook, path)


def change_master(course, stem):
    master = course.master(stem)
    master.write_text(master.read_text().replace("number = 3", "number = 4"))


def test_build_then_check(course, stem, capsys):
    assert build(course, []) == 0
    assert check(course, []) == 0
    assert course.solution(stem).exists()
    assert course.release(stem).exists()
    assert not list(course.root.glob(".build-*"))
    assert f"{stem}: built" in capsys.readouterr().out


def test_twice_gives_the_same_bytes_and_touches_nothing(course, stem, capsys):
    build(course, [])
    before = notebook_bytes(course)
    times = {path: path.stat().st_mtime_ns for path in before}
    build(course, [])
    assert notebook_bytes(course) == before
    assert {path: path.stat().st_mtime_ns for path in before} == times
    assert f"{stem}: unchanged" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["90", "90_small", "solutions/90_small.py"])
def test_names(course, name):
    build(course, [name])
    assert check(course, [name]) == 0


def test_unknown_name(course):
    with pytest.raises(CourseError, match="there are: 90_small"):
        build(course, ["91"])


def test_badly_named_master(course):
    (course.solutions / "dropout.py").write_text("# %%\n1\n")
    with pytest.raises(CourseError, match="solutions/dropout.py: a master is called"):
        build(course, [])


def test_errors_name_file_and_line_and_leave_the_old_notebooks(course, stem):
    build(course, [])
    before = notebook_bytes(course)
    master = course.master(stem)
    text = master.read_text().replace("# %% demo", "# %% dmeo")
    master.write_text(text.replace("points=3", "points=zero"))
    with pytest.raises(CourseError) as caught:
        build(course, [])
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"solutions/90_small.py:{number}"
        for number, line in enumerate(master.read_text().split("\n"), start=1)
        if "dmeo" in line or "zero" in line
    ]
    assert notebook_bytes(course) == before
    assert not list(course.root.glob(".build-*"))


def test_a_bad_master_holds_back_all_others(course, stem, text):
    build(course, [])
    before = notebook_bytes(course)
    change_master(course, stem)
    course.master("91_bad").write_text(text.replace("# %% setup", "# %%"))
    with pytest.raises(CourseError, match="91_bad.py"):
        build(course, [])
    assert notebook_bytes(course) == before


def test_failure_while_building_leaves_the_old_notebooks(course, stem, monkeypatch):
    build(course, [])
    before = notebook_bytes(course)
    change_master(course, stem)

    def fail(master, folder):
        raise CourseError("no")

    monkeypatch.setattr(module, "make_pair", fail)
    with pytest.raises(CourseError):
        build(course, [])
    assert notebook_bytes(course) == before
    assert not list(course.root.glob(".build-*"))


def test_untouched_notebook_is_renewed(course, stem):
    build(course, [])
    change_master(course, stem)
    build(course, [])
    assert "number = 4" in course.release(stem).read_text()
    assert len(list(course.notebooks.rglob("*.ipynb"))) == 1


def test_learners_work_is_put_aside_when_there_is_something_new(course, stem, capsys):
    build(course, [])
    work_in(course.release(stem))
    theirs = course.release(stem).read_bytes()
    change_master(course, stem)
    build(course, [])
    (kept,) = course.notebooks.glob("*.ipynb")
    assert kept.name.startswith("90_small.yours-")
    assert kept.read_bytes() == theirs
    assert "number = 4" in course.release(stem).read_text()
    assert f"kept as notebooks/{kept.name}" in capsys.readouterr().out
    assert check(course, []) == 0


def test_learners_work_stays_when_there_is_nothing_new(course, stem, capsys):
    build(course, [])
    work_in(course.release(stem))
    theirs = course.release(stem).read_bytes()
    build(course, [])
    assert course.release(stem).read_bytes() == theirs
    assert "left as it is" in capsys.readouterr().out


def test_fresh_puts_work_aside_anyway_and_never_overwrites(course, stem):
    for _ in range(3):
        build(course, [], fresh=True)
        work_in(course.release(stem))
    build(course, [], fresh=True)
    assert len(list(course.notebooks.glob("90_small.yours-*.ipynb"))) == 3
    assert check(course, []) == 0


def test_damaged_notebook_is_put_aside(course, stem):
    build(course, [])
    course.release(stem).write_text("<html>")
    build(course, [])
    (kept,) = course.notebooks.glob("*.ipynb")
    assert kept.read_text() == "<html>"
    assert check(course, []) == 0


def test_check_shows_the_difference_and_changes_nothing(course, stem, capsys):
    build(course, [])
    before = notebook_bytes(course)
    change_master(course, stem)
    assert check(course, []) == 1
    out = capsys.readouterr().out
    assert f"notebooks/{stem}/{stem}.ipynb: differs" in out
    assert f"solutions/{stem}/{stem}.ipynb: differs" in out
    assert "number = 4" in out
    assert notebook_bytes(course) == before


def test_check_finds_what_is_missing(course, stem, capsys):
    build(course, [])
    course.release(stem).unlink()
    assert check(course, []) == 1
    assert f"notebooks/{stem}/{stem}.ipynb: missing" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["solutions", "notebooks"])
def test_check_finds_notebooks_without_a_master(course, stem, part, capsys):
    build(course, [])
    (course.root / part / "91_gone").mkdir()
    assert check(course, []) == 1
    assert f"{part}/91_gone/: there is no master" in capsys.readouterr().out


def test_strange_file_beside_a_source_is_an_error(course, stem):
    build(course, [])
    course.solution(stem).with_name("answers.txt").write_text("42")
    with pytest.raises(CourseError, match="answers.txt: only the built notebook"):
        build(course, [])


def test_strange_file_beside_a_release_fails_the_check(course, stem, capsys):
    build(course, [])
    (course.release(stem).parent / "data.csv").write_text("1")
    assert check(course, []) == 1
    assert "data.csv: not made by the builder" in capsys.readouterr().out


def test_checkpoints_do_not_matter(course, stem):
    build(course, [])
    for path in (course.solution(stem), course.release(stem)):
        (path.parent / ".ipynb_checkpoints").mkdir()
        (path.parent / ".ipynb_checkpoints" / path.name).write_text("{}")
    assert check(course, []) == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_prove_runs_both_notebooks(course, stem):
    assert build(course, [], prove=True) == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_prove_refuses_a_wrong_solution_and_a_test_that_cannot_fail(course, stem):
    master = course.master(stem)
    text = master.read_text().replace("doubled = x + x", "doubled = x + 1")
    master.write_text(text.replace("assert Counter().step() == 1", "print(1)"))
    with pytest.raises(CourseError) as caught:
        build(course, [], prove=True)
    assert "solution, cell test_double" in str(caught.value)
    assert "test_Counter: the check passes though nobody" in str(caught.value)
    assert not course.release(stem).exists()


HIDDEN = "assert double(48_271) == 96_542"


def test_a_changed_hidden_test_is_said(course, stem, capsys):
    master = course.master(stem)
    build(course, [])
    assert "hidden tests" not in capsys.readouterr().out  # there was none before
    master.write_text(master.read_text().replace(HIDDEN, f"{HIDDEN}, 'no'"))
    build(course, [])
    said = capsys.readouterr().out
    assert f"{stem}: unchanged" in said  # learners see nothing of it
    assert f"{stem}: the hidden tests of Exercise 1 (double) changed." in said
    assert f"python -m staff grade {stem}" in said
    build(course, [])
    assert "hidden tests" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("number = 3", "number = 4"),
        ("assert double(1) == 2", "assert double(2) == 4"),
        ("doubled = x + x", "doubled = 2 * x"),
    ],
)
def test_other_changes_are_no_changed_hidden_test(course, stem, capsys, old, new):
    build(course, [])
    master = course.master(stem)
    master.write_text(master.read_text().replace(old, new))
    build(course, [])
    assert "hidden tests" not in capsys.readouterr().out


def test_a_broken_notebook_has_no_hidden_tests(course, stem, capsys):
    build(course, [])
    course.solution(stem).write_text('{"cells": [{"metadata": {"nbgrader": 3}}]}')
    build(course, [])
    assert "hidden tests" not in capsys.readouterr().out
