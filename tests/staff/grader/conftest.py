"""A small course that is built and entered into its gradebook, and results for it."""

import shutil

import pytest

from staff.authoring.build import read_checked
from staff.authoring.release import make_pair
from staff.course import Course
from staff.grader.bundle import Bundle
from staff.grader.gradebook import enter
from tests.staff.conftest import MASTER, STEM, make_course


@pytest.fixture(scope="session")
def entered(tmp_path_factory):
    """The small course with its gradebook; to be copied, not used."""
    root = tmp_path_factory.mktemp("entered")
    written = make_course(root / "written", MASTER, STEM)
    course = make_pair(read_checked(written, STEM), root / "course")
    shutil.copy(written.master(STEM), course.master(STEM))
    shutil.copy(Course().root / "nbgrader_config.py", course.root)
    enter(course, STEM)
    return course


@pytest.fixture
def small(entered, tmp_path) -> Course:
    """A copy of the small course with its gradebook."""
    shutil.copytree(entered.root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture
def bundle(small, stem) -> Bundle:
    return Bundle.load(small, stem)
