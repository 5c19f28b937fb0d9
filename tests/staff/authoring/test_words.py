"""Template and translations: fresh, complete, and with the fields of the English."""

import tomllib
from pathlib import Path

import pytest
from babel.messages import pofile
from babel.messages.catalog import Catalog

from helpers import words as spoken
from staff.authoring import words
from staff.course import Course, CourseError

ROOT = Course().root


def test_template_and_translations_are_fresh():
    assert words.main(["--check"]) == 0


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return a small course of its own."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "00_start_here.py").touch()
    folder = tmp_path / "helpers" / "locale"
    folder.mkdir(parents=True)
    (tmp_path / "helpers" / "one.py").write_text(
        'say("a word")\nf"{say(\'inside\')}"\nt.part("a part")\nsay("{n} more", n=1)\n'
    )
    (tmp_path / "helpers" / "one.js").write_text(
        'say("Play", { a: b ? say("c") : 0 });'
    )
    monkeypatch.setattr(words, "Course", lambda root=tmp_path: Course(root))
    return tmp_path


def ids(catalog):
    return {message.id for message in catalog if message.id}


def test_template_holds_all_texts(course):
    words.main([])
    with (course / "helpers/locale/course.pot").open("rb") as file:
        found = ids(pofile.read_po(file))
    assert found == {
        *("a word", "inside", "a part", "{n} more", "Play", "c", "Start here")
    }
    assert words.main(["--check"]) == 0
    (course / "helpers" / "two.py").write_text('say("another word")')
    with pytest.raises(CourseError, match=r"out of date: helpers/locale/course\.pot"):
        words.main(["--check"])


def translated(course, **texts):
    """Begin a language and translate some texts; return what reads them."""
    words.main(["--new", "de"])
    path = course / "helpers/locale/de/LC_MESSAGES/course.po"
    with path.open("rb") as file:
        catalog = pofile.read_po(file, locale="de")
    for message in catalog:
        if message.id in texts.values():
            message.string = next(k for k, v in texts.items() if v == message.id)
    path.write_bytes(words._written(catalog))
    return course / "helpers" / "locale"


def test_translation_is_a_file(course):
    folder = translated(course, Wort="a word")
    with pytest.raises(CourseError, match="out of date"):
        words.main(["--check"])  # not compiled yet
    words.main([])
    look_up = spoken.gettext_reader(folder, "de")
    assert look_up("a word") == "Wort"
    assert look_up("inside") == "inside"  # not translated: English
    assert words.main(["--check"]) == 0
    words.main([])
    with pytest.raises(CourseError, match="is there already"):
        words.main(["--new", "de"])


def test_a_text_that_is_gone_goes_from_the_translation(course):
    folder = translated(course, Wort="a word")
    (course / "helpers" / "one.py").unlink()
    words.main([])
    assert spoken.gettext_reader(folder, "de")("a word") == "a word"


@pytest.mark.parametrize(
    "wrong", ["mehr", "{m} mehr", "{n:.3f} mehr", "{n.real} mehr", "{n!r}", "{n"]
)
def test_translation_with_other_fields_is_refused(course, wrong):
    catalog = Catalog(locale="de")
    catalog.add("{n} more", wrong)
    catalog.add("a word", "ein {")
    assert len(words.faults(catalog)) == 1
    catalog = Catalog(locale="de")
    catalog.add("{n} more", "noch {n}, ja {n}")
    assert words.faults(catalog) == []


def test_the_wheel_takes_translations_along():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["helpers"]
    compiled = Path("locale/de/LC_MESSAGES", f"{spoken.DOMAIN}.mo")
    assert any(compiled.match(pattern) for pattern in patterns)
