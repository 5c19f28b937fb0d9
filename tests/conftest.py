"""Tests run in the same surroundings for everybody, however pytest was started."""

import os
import sys

import pytest

from staff.environment import plain_environment, settle
from tests.axe import axe_script
from tests.chromium import chromium

settle(plain_environment())

_PRESENT = "PYTEST_CURRENT_TEST"  # pytest's own, other in each test

# Files that take longest, so that no other core waits for one that was begun last.
_LONG_FIRST = (
    *("test_hostile.py", "test_answers.py", "test_same_scores.py", "test_kernels.py"),
    *("test_interruption.py", "test_demos_reopened.py", "test_remote.py"),
    *("test_browser.py", "test_grading.py", "test_words.py", "test_stage.py"),
    *("test_anywhere.py", "test_pretend.py", "test_isolation.py"),
)


def pytest_collection_modifyitems(items):
    """Put the longest files in front (pytest-xdist deals files out in this order)."""
    place = {name: number for number, name in enumerate(_LONG_FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(autouse=True, scope="module")
def surroundings():
    """Leave each file's tests the variables with which the file before began."""
    before = dict(os.environ)
    yield
    now = {**before, _PRESENT: os.environ.get(_PRESENT, "")}
    if {**os.environ, _PRESENT: now[_PRESENT]} != now:
        settle(now)


@pytest.fixture(autouse=True)
def threads():
    """Give torch its number of threads back: a fork waits for a pool that it lacks."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 1
    yield
    torch = sys.modules.get("torch")
    if torch and torch.get_num_threads() != before:
        torch.set_num_threads(before)


@pytest.fixture(scope="module")
def browser():
    """Return headless Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    """Return axe-core's script."""
    return axe_script(tmp_path_factory.mktemp("axe"))
