"""Rubrics: items give points and comments, in the gradebook and on the page."""

import pytest

from staff.course import CourseError
from staff.grader.bundle import Bundle
from staff.term import rubric
from staff.term.rubric import Criteria, Item, Named, Rubric
from tests.staff.grader.made import results
from tests.staff.term.conftest import kept, submit

TEXT = """\
[double]
start = "full"
items.unclear = {points = -0.5, comment = "The names do not tell."}
items.elegant = {points = 0, comment = "Short and clear."}
[Counter]
items.idea = {points = 1, comment = "The idea is right."}
items.wrong = {points = -9, comment = "No."}
"""


@pytest.fixture
def given(room):
    """Ada and Bob handed in; the rubric above lies there."""
    for student in ("ada", "bob"):
        one = submit(room.bundle, student, sha256=kept(room, student))
        room.settle(one, results(room.bundle, "double"))
    rubric.main(["new", "90"])
    (room.course.grading / "rubrics" / "90_small.toml").write_text(TEXT)
    return room


def run(*words):
    assert rubric.main(list(words)) == 0


def test_items_reach_gradebook_and_page(given, capsys):
    run("apply", "90", "ada", "double", "unclear", "elegant", "--comment", "See you!")
    assert "ada, double: 1.5 of 2" in capsys.readouterr().out
    marks = given.marks("ada")
    assert marks.manual == {"test_double": 1.5}
    text = (
        "\N{MINUS SIGN}0.5 points: The names do not tell.\nShort and clear.\nSee you!"
    )
    assert marks.comments == {"double": text}
    page = given.page("ada")
    assert text in page
    assert (
        "Your instructor gave 1.5 of 2 points; the automatic check alone gives 2"
        in (" ".join(page.split()))
    )
    assert "1.5 of 5 points" in page
    run("apply", "90", "ada", "Counter", "--comment", "By hand.")
    assert "change your answer" in " ".join(given.page("ada").split())
    assert "Your instructor" not in given.page("bob")


def test_points_stay_between_none_and_all(given):
    run("apply", "90", "ada", "Counter", "idea")
    assert given.marks("ada").manual["test_Counter"] == 1.0
    run("apply", "90", "ada", "Counter", "idea", "wrong")
    assert given.marks("ada").manual["test_Counter"] == 0.0
    run("clear", "90", "ada", "Counter")
    assert given.marks("ada").manual == {}
    assert given.marks("ada").comments == {}


def test_a_changed_item_changes_all_who_have_it(given, capsys):
    for student in ("ada", "bob"):
        run("apply", "90", student, "double", "unclear")
    path = given.course.grading / "rubrics" / "90_small.toml"
    path.write_text(TEXT.replace("-0.5", "-1").replace("do not tell", "are short"))
    run("again", "90")
    assert [given.marks(s).manual["test_double"] for s in ("ada", "bob")] == [1, 1]
    assert "point: The names are short." in given.page("bob")
    run("show", "90")
    said = capsys.readouterr().out
    assert "double: 2 of 2 answers graded by hand, points start from full" in said
    assert "unclear  -1  2 times  The names are short." in said


def test_many_at_once_from_a_table_all_or_none(given, tmp_path):
    path = tmp_path / "marks.csv"
    head = "student,exercise,items,comment\nada,double,unclear,\n"
    path.write_text(f"{head}nobody,double,,x\n")
    with pytest.raises(CourseError, match="'nobody': expected the id"):
        run("apply", "90", "--from", str(path))
    assert given.marks("ada").manual == {}
    path.write_text(f'{head}bob,Counter,"idea, wrong",Talk to me.\n')
    run("apply", "90", "--from", str(path))
    assert given.marks("ada").manual == {"test_double": 1.5}
    assert given.marks("bob").comments["Counter"].endswith("Talk to me.")
    path.write_text("who,what\nada,double\n")
    with pytest.raises(CourseError, match="columns student, exercise.*found who, what"):
        run("apply", "90", "--from", str(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[double", "expected TOML"),
        ("[treble]\n", r"'treble': expected an exercise of 90_small.*double.*Counter"),
        ("double = 3", r"expected a table \[double\], found 3"),
        ('[double]\nstart = "half"', "start: expected one of automatic, full, none"),
        ("[double]\nunclear = 1", "unclear is not known; an item stands as items.NAME"),
        ("[double]\nitems.x = 3", "items.x: expected {points"),
        ('[double]\nitems.x = {points = nan, comment = ""}', "items.x: expected"),
        ('[double]\nitems."x y" = {points = 1, comment = ""}', "without spaces"),
    ],
)
def test_mistakes_in_the_rubric_are_named(given, text, message):
    (given.course.grading / "rubrics" / "90_small.toml").write_text(text)
    with pytest.raises(CourseError, match=message):
        run("show", "90")


def test_what_cannot_be_marked_is_said(given):
    with pytest.raises(
        CourseError, match="'odd' is no item.*there are: unclear, elegant"
    ):
        run("apply", "90", "ada", "double", "odd")
    with pytest.raises(CourseError, match="there is one already"):
        run("new", "90")
    with pytest.raises(CourseError, match="expected STUDENT EXERCISE ITEM"):
        run("apply", "90")
    with given.book() as book:
        book.add_student("eve")
    with pytest.raises(
        CourseError, match="eve: nothing of 90_small is in the gradebook"
    ):
        run("apply", "90", "eve", "double", "unclear")


def test_a_new_rubric_can_be_read(given):
    path = given.course.grading / "rubrics" / "90_small.toml"
    path.unlink()
    with pytest.raises(CourseError, match="there is no rubric.*rubric new"):
        run("show", "90")
    run("new", "90")
    found = Rubric(given.course, Bundle.load(given.course, given.stem))
    assert found.criteria == dict.fromkeys(
        ["double", "Counter"], Criteria("automatic", {})
    )
    path.write_text(path.read_text().replace("# items", "items"))
    found = Rubric(given.course, Bundle.load(given.course, given.stem))
    assert found.criteria["double"].items["elegant"] == Item(
        0.0, "Short and clear. Well done."
    )
    assert Named(("a",)) == Named(("a",), "")
