"""A small course of one notebook with two exercises, in a temporary folder."""

from pathlib import Path

import pytest

from staff.course import Course

STEM = "90_small"

MASTER = '''\
# %% [markdown]
# # What does a small course look like?

# %% setup
import math

# %%
number = 3

# %% [markdown]
# ## Exercise 1

# %% solution="double"
def double(x):
    """Return 2x."""
    ### BEGIN SOLUTION
    doubled = x + x
    return doubled
    ### END SOLUTION


# %% look
try:
    print(double(number))
except NotImplementedError:
    print("not yet")

# %% test="double" points=2
assert double(1) == 2
### BEGIN HIDDEN TESTS
assert double(48_271) == 96_542
### END HIDDEN TESTS

# %% experiment
math.sqrt(number)

# %% solution="Counter"
class Counter:
    """Count calls."""

    def __init__(self, start=0):
        ### BEGIN SOLUTION
        self.value = start
        ### END SOLUTION

    def step(self):
        """Return the next number."""
        ### BEGIN SOLUTION
        self.value += 1
        return self.value
        ### END SOLUTION


# %% test="Counter" points=3
assert Counter().step() == 1
### BEGIN HIDDEN TESTS
assert Counter(17).step() == 18
### END HIDDEN TESTS

# %% demo
print("the end")
'''


def make_course(root: Path, text: str = MASTER, stem: str = STEM) -> Course:
    """Write a course of one master."""
    course = Course(root)
    course.solutions.mkdir(parents=True, exist_ok=True)
    course.master(stem).write_text(text, encoding="utf-8")
    return course


@pytest.fixture
def text() -> str:
    return MASTER


@pytest.fixture
def course(tmp_path) -> Course:
    return make_course(tmp_path)


@pytest.fixture
def stem() -> str:
    return STEM
