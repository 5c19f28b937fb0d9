"""The grader's small course, for what is made of its submissions."""

from tests.staff.grader.conftest import bundle, entered, small

__all__ = ["bundle", "entered", "small"]
