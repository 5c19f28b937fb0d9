"""The README's first picture shows what the course does, and is made by it."""

from pathlib import Path

import pytest

from staff.authoring.picture import picture_page

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_attempts_get_the_cards_that_the_picture_shows():
    page = picture_page()
    wrong, right = page.index("✗ Exercise"), page.index("✓ Exercise")
    assert wrong < page.index("The survivors are not scaled by 1/(1-p)") < right
    assert right < page.index('<div id="demo-')


def test_readme_shows_it():
    assert "(docs/picture.png)" in (ROOT / "README.md").read_text("utf-8")
    assert (ROOT / "docs" / "picture.png").read_bytes().startswith(b"\x89PNG")
