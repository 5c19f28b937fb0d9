"""The roster: students of Canvas', Moodle's and plain files reach the gradebook."""

import pytest

from staff.course import CourseError
from staff.term import roster
from staff.term.roster import read_roster

# Written by hand to the formats that the docstring of `staff.term.roster` names.
CANVAS = '''\
Student,ID,SIS User ID,SIS Login ID,Section,02 Dropout (4711),Final Score
,,,,,Manual Posting,
    Points Possible,,,,,20,(read only)
"Lovelace, Ada",101,u-1,ada,Monday,18.5,92.5
"=""O'Neil, Zoë""",102,u-2,zoe,"Monday, Tuesday",,0
"Student, Test",199,,deadbeef,Monday,,0
'''
MOODLE = """\
First name,Last name,ID number,Institution,Department,Email address,Assignment: 02
Ada,Lovelace,1001,,,ada@uni.test,-
Zoë,'=SUM(A1),1002,,,zoe@uni.test,17.00
"""
WORKSHEET = """\
Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed
Participant 5550,Ada Lovelace,ada@uni.test,No submission,,20.00,Yes
"""
PLAIN = "id;name;email;lms_user_id\nada;Ada Lovelace;ada@uni.test;101\n"


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "class.csv"
        path.write_text(text, "utf-8")
        return path

    return write


def rows(found):
    return [(s.id, s.first, s.last, s.email, s.lms) for s in found.students]


def test_canvas(write):
    found = read_roster(write(CANVAS))
    assert (found.kind, found.id_column) == ("Canvas", "SIS Login ID")
    assert rows(found) == [
        ("ada", "Ada", "Lovelace", "", "101"),
        ("zoe", "Zoë", "O'Neil", "", "102"),
    ]
    assert [line.split(": ")[1] for line in found.left_out] == [
        "how assignments are posted",
        "the points possible",
        "Canvas' test student",
    ]
    assert [s.id for s in read_roster(write(CANVAS), id_column="ID").students] == [
        "101",
        "102",
    ]


def test_moodle(write):
    found = read_roster(write(MOODLE))
    assert (found.kind, found.id_column) == ("Moodle", "ID number")
    assert rows(found) == [
        ("1001", "Ada", "Lovelace", "ada@uni.test", ""),
        ("1002", "Zoë", "=SUM(A1)", "zoe@uni.test", ""),
    ]
    found = read_roster(write(WORKSHEET))
    assert rows(found) == [("ada@uni.test", "Ada", "Lovelace", "ada@uni.test", "")]


def test_plain(write):
    found = read_roster(write(PLAIN))
    assert rows(found) == [("ada", "Ada", "Lovelace", "ada@uni.test", "101")]
    assert rows(read_roster(write("username\nada\n"))) == [("ada", "", "", "", "")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,e\nAda,x\n", "expected a column 'id' or .*found 'name', 'e'.*TITLE"),
        ("id\n../x\n", r"class.csv, line 2: expected an id in 'id', found '../x'"),
        ("id,name\nada,Ada\n,Bob\n", "line 3: expected an id in 'id', found ''"),
        ("id,name\nada,A\nADA,B\n", "every id once, found 'ada' for A and B"),
        ("id,email\na,x@y\nb,X@y\n", "every email once"),
        (f"id,name\nada,{'x' * 200}\n", "at most 128 characters"),
        ("id\n", "expected a column 'id'"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_remedy(write, text, message):
    with pytest.raises(CourseError, match=message):
        read_roster(write(text))


def test_it_reaches_the_gradebook_and_again_changes_nothing(room, write, capsys):
    room.grade("old", "double")
    assert roster.main(["import", str(write(CANVAS)), "--dry-run"]) == 0
    with room.book() as book:
        assert [s.id for s in book.students] == ["old"]
    assert roster.main(["import", str(write(CANVAS))]) == 0
    said = capsys.readouterr().out
    assert "in the gradebook, not in this file: old" in said
    assert "2 students, 2 new, 0 changed" in said
    with room.book() as book:
        ada = book.find_student("ada")
        assert (ada.first_name, ada.last_name, ada.lms_user_id) == (
            *("Ada", "Lovelace"),
            "101",
        )
    roster.main(["import", str(write(CANVAS))])
    assert "2 students, 0 new, 0 changed" in capsys.readouterr().out
    roster.main(["import", str(write(PLAIN))])  # adds the address, loses nothing
    assert "ada: email – → ada@uni.test" in capsys.readouterr().out
    roster.main(["show"])
    assert "ada  Ada  Lovelace  ada@uni.test  101" in capsys.readouterr().out


def test_folders_of_nobody_are_named_with_the_nearest_id(room, write, capsys):
    (room.course.grading / "submitted" / "lovelace-adaa").mkdir(parents=True)
    roster.main(["import", str(write("id\nlovelace-ada\n"))])
    said = capsys.readouterr().out
    assert "submitted/lovelace-adaa; is it lovelace-ada?" in said


def test_formgrader_has_names_and_dates(room, write):
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    from staff.authoring.release import nbgrader_config
    from staff.term import calendar

    roster.main(["import", str(write(CANVAS))])
    calendar.main(["timezone", "Europe/Berlin"])
    calendar.main(["due", room.stem, "2026-02-03 03:00"])
    room.grade("ada", "double")
    api = NbGraderAPI(CourseDirectory(config=nbgrader_config(room.course)))
    (one,) = api.get_notebook_submissions(room.stem, room.stem)
    assert (one["first_name"], one["last_name"]) == ("Ada", "Lovelace")
    assert api.get_assignment(room.stem)["duedate"] == "2026-02-03T02:00:00"
