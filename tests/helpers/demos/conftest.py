"""Titles are looked for where matplotlib's own style puts them."""

import matplotlib as mpl
import pytest


@pytest.fixture(autouse=True)
def plain_titles():
    """The course's style, once a test before has set it, puts them to the left."""
    with mpl.rc_context({"axes.titlelocation": "center"}):
        yield
