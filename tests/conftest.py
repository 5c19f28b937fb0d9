"""Tests run in the same surroundings for everybody, however pytest was started."""

import pytest

from staff.environment import plain_environment, settle
from tests.chromium import chromium

settle(plain_environment())


@pytest.fixture(scope="module")
def browser():
    """Return headless Chromium."""
    with chromium() as started:
        yield started
