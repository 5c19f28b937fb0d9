"""The cell that fetches the course, and the badge: what a build makes of an address."""

import re
import subprocess
import sys

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from staff.authoring.build import build, check, read_checked
from staff.authoring.install import Publication, furnished, outdated, publication
from staff.course import Course, CourseError
from tests.staff.conftest import MASTER

GITHUB = "https://github.com/example/course"
PROJECT = '[project]\nname = "regularization-course"\nversion = "{version}"\n'


def publish(course, address, version="1.2.0"):
    text = PROJECT.format(version=version)
    if address is not None:
        text += f'[project.urls]\nRepository = "{address}"\n'
    (course.root / "pyproject.toml").write_text(text)


def built(course, stem):
    """Return the cells of both notebooks."""
    build(course, [])
    return [
        nbformat.read(place(stem), as_version=4).cells
        for place in (course.solution, course.release)
    ]


def run(source, monkeypatch, *, installed):
    """Run the cell as IPython would; return what it asks pip for."""
    asked = []

    class Shell:
        @staticmethod
        def run_line_magic(name, line):
            asked.append((name, line))

    if not installed:
        monkeypatch.setitem(sys.modules, "helpers", None)
    code = TransformerManager().transform_cell(source)
    exec(code, {"get_ipython": lambda: Shell})
    return asked


def test_both_notebooks_have_it_folded_before_the_imports(course, stem):
    for cells in built(course, stem):
        code = [cell for cell in cells if cell.cell_type == "code"]
        assert [cell.id for cell in code[:2]] == ["install", "setup"]
        for cell in code[:2]:
            assert cell.metadata.jupyter.source_hidden is True
            assert cell.metadata.cellView == "form"
            assert "hide-input" in cell.metadata.tags
        assert "nbgrader" not in code[0].metadata


def test_where_the_course_is_there_it_does_nothing(monkeypatch, capsys):
    for address in ("", GITHUB):
        cell = Publication(version="1.2.0", address=address).cell()
        assert run(cell, monkeypatch, installed=True) == []
        assert capsys.readouterr().out == ""


def test_elsewhere_it_asks_for_the_very_version(monkeypatch, capsys):
    cell = Publication(version="1.2.0", address=GITHUB).cell()
    (magic, line) = run(cell, monkeypatch, installed=False)[0]
    assert magic == "pip"
    assert re.search(r'"git\+https://github.com/example/course@v1\.2\.0"$', line)
    assert "Installing the course" in capsys.readouterr().out


def test_without_an_address_it_says_what_to_do(monkeypatch):
    cell = Publication().cell()
    with pytest.raises(ModuleNotFoundError) as caught:
        run(cell, monkeypatch, installed=False)
    said = str(caught.value)
    assert "make lab" in said
    assert "make wheel" in said
    assert "%pip install regularization_course-*.whl" in said


@pytest.mark.parametrize("ending", ["", "/", ".git"])
def test_badge_opens_the_learners_notebook_of_this_version(course, stem, ending):
    publish(course, GITHUB + ending)
    for cells in built(course, stem):
        title, empty, badge, *rest = cells[0].source.split("\n")
        assert (title, empty) == ("# What does a small course look like?", "")
        assert badge.startswith("[![Open in Colab](https://colab.research.google.com/")
        path = f"example/course/blob/v1.2.0/notebooks/{stem}/{stem}.ipynb"
        assert badge.endswith(f"(https://colab.research.google.com/github/{path})")
        assert rest == []


@pytest.mark.parametrize(
    "address", [None, "", "https://example.org/course.git", "file:///srv/course.git"]
)
def test_there_is_no_badge_where_colab_cannot_open(course, stem, address):
    publish(course, address)
    for cells in built(course, stem):
        assert "Colab" not in cells[0].source


@pytest.mark.parametrize("address", ["github.com/a/b", "git@host:a/b", 'https://a" b'])
def test_an_address_that_is_none(course, address):
    publish(course, address.replace('"', '\\"'))
    with pytest.raises(CourseError, match="expected the address of a git"):
        build(course, [])


def test_a_course_without_a_project_file_is_not_published(tmp_path):
    assert publication(tmp_path) == Publication()


def test_ids_stay_when_the_version_changes(course, stem):
    publish(course, GITHUB)
    before = [[cell.id for cell in cells] for cells in built(course, stem)]
    publish(course, GITHUB, version="1.3.0")
    assert [[cell.id for cell in cells] for cells in built(course, stem)] == before
    publish(course, None)
    assert [[cell.id for cell in cells] for cells in built(course, stem)] == before


def test_a_new_version_has_to_be_built(course, stem, capsys):
    publish(course, GITHUB)
    build(course, [])
    assert check(course, []) == 0
    publish(course, GITHUB, version="1.3.0")
    assert check(course, []) == 1
    assert "v1.3.0" in capsys.readouterr().out


def test_the_master_stays_as_it_is(course, stem):
    master = read_checked(course, stem)
    count = len(master.cells)
    made = furnished(master, Publication(version="1", address=GITHUB))
    assert (len(master.cells), len(made.cells)) == (count, count + 1)
    assert "Colab" not in master.cells[0].source
    assert MASTER.startswith("# %% [markdown]\n" + "# " + master.cells[0].source)


def test_this_course_says_which_version_it_is():
    found = publication(Course().root)
    assert re.fullmatch(r"\d+\.\d+\.\d+", found.version)
    assert found.package == "regularization-course"


def test_a_version_whose_tag_holds_other_code_has_to_be_raised(course, stem, capsys):
    def git(*words):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        command = ["git", *who, *words]
        subprocess.run(command, cwd=course.root, check=True, capture_output=True)

    (course.root / "helpers").mkdir()
    (course.root / "data").mkdir()
    module = course.root / "helpers" / "one.py"
    module.write_text("one = 1\n")
    publish(course, GITHUB)
    build(course, [])
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "one")
    assert check(course, []) == 0  # no tag yet
    git("tag", "v1.2.0")
    assert check(course, []) == 0
    module.write_text("one = 2\n")
    assert check(course, []) == 1
    assert "raise the version" in capsys.readouterr().out
    publish(course, None)
    build(course, [])
    assert check(course, []) == 0  # nobody fetches anything
    publish(course, GITHUB, version="1.2.1")
    build(course, [])
    assert check(course, []) == 0


def test_where_there_is_no_git_nothing_is_outdated(course, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert outdated(course.root, Publication(version="1", address=GITHUB)) == ""
