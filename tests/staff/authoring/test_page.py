"""The playground's own page: one file, complete, and up to date."""

import pytest

from staff.authoring import page
from staff.course import Course, CourseError


def test_page_in_docs_is_up_to_date():
    path = Course().root / "docs" / "playground.html"
    assert path.read_text("utf-8") == page.playground_page(), (
        "run: python -m staff page"
    )
    assert page.main(["--check"]) == 0


def test_page_is_complete_and_the_same_every_time():
    text = page.playground_page()
    assert text == page.playground_page()
    assert not {"src=", "href=", "import(", "fetch("} & set(text.split('"'))
    assert "http" not in text
    assert text.count("<h1>") == 1


def test_an_old_page_is_found(tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(page, "Course", lambda: type("Here", (), {"root": tmp_path}))
    with pytest.raises(CourseError, match="out of date"):
        page.main(["--check"])
    assert page.main([]) == 0
    assert page.main(["--check"]) == 0
    (tmp_path / "docs/playground.html").write_text("old")
    with pytest.raises(CourseError, match="out of date"):
        page.main(["--check"])
