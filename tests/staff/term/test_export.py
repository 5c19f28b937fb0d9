"""Grades go back into Canvas' and Moodle's own files, and into one wide table."""

import csv
import io

import pytest

from staff.course import CourseError
from staff.grader.pseudonyms import pseudonyms
from staff.term import calendar, export
from staff.term.grades import read_grades

# Written by hand to the formats that the docstring of `staff.term.export` names.
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,90 Small (4711),91 Other (4712),Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,5,10,(read only)
"Lovelace, Ada",101,u-1,ada,Monday,,3,10
"Hopper, Grace",102,u-2,grace@uni.test,Monday,EX,,
"Noether, Emmy",103,u-3,emmy,Monday,1,,
"Stranger, Sam",109,u-9,sam,Monday,2,,
"Student, Test",199,,deadbeef,Monday,,,
"""
WORKSHEET = """\
Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,\
Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments
Participant 5501,Ada Lovelace,,ADA@uni.test,Submitted for grading,,5.00,Yes,\
"Tuesday, 3 February 2026, 5:05 AM",-,
Participant 5502,Grace Hopper,,grace@uni.test,No submission,,5.00,Yes,-,-,
Participant 5503,Emmy Noether,,other@uni.test,No submission,,5.00,No,-,-,
"""
GRADES = """\
First name,Last name,ID number,Email address,Course total (Real)
Ada,Lovelace,,ada@uni.test,-
Emmy,'=Noether,,emmy@uni.test,-
"""


@pytest.fixture
def graded(room):
    """Ada and Emmy handed in, Grace did not; Emmy's points were changed by hand."""
    with room.book() as book:
        for name, first, last, lms in (
            ("ada", "Ada", "Lovelace", "101"),
            ("grace", "Grace", "Hopper", "102"),
            ("emmy", "Emmy", "Noether", "103"),
        ):
            person = {"first_name": first, "last_name": last, "lms_user_id": lms}
            book.add_student(name, email=f"{name}@uni.test", **person)
    room.grade("ada", "double")
    room.grade("emmy", "double", "Counter")
    room.by_hand("emmy", "Counter", 2.5, "=1+1 is no docstring.")
    return room


@pytest.fixture
def run(graded, tmp_path, capsys):
    """Run an export on a file of a platform; return (rows, what was said)."""

    def run(*words, text=None):
        out = tmp_path / "out.csv"
        words = list(words)
        if text is not None:
            (tmp_path / "in.csv").write_text(text, "utf-8")
            words.insert(1, str(tmp_path / "in.csv"))
        assert export.main([*words, "--out", str(out)]) == 0
        rows = list(csv.reader(io.StringIO(out.read_text("utf-8"), newline="")))
        return rows, capsys.readouterr().out

    return run


def test_canvas_gets_its_own_file_back(run):
    rows, said = run("canvas", text=CANVAS)
    assert rows == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "90 Small (4711)"],
        ["", "", "", "", "", "Manual Posting"],
        ["    Points Possible", "", "", "", "", "5"],
        ["Lovelace, Ada", "101", "u-1", "ada", "Monday", "2"],
        ["Hopper, Grace", "102", "u-2", "grace@uni.test", "Monday", "EX"],
        ["Noether, Emmy", "103", "u-3", "emmy", "Monday", "4.5"],
    ]
    assert "line 7: nobody here is Stranger, Sam 109" in said
    assert "Test" not in said


def test_what_is_filled_in_keeps_its_name(graded, tmp_path):
    for name, text in {"grades.csv": CANVAS, "worksheet.csv": WORKSHEET}.items():
        (tmp_path / name).write_text(text, "utf-8")
    exported = graded.course.grading / "exports"
    export.main(["canvas", str(tmp_path / "grades.csv")])
    export.main(["moodle", str(tmp_path / "worksheet.csv"), "90"])
    export.main(["wide"])
    names = {path.name for path in exported.iterdir()}
    assert names == {"grades.csv", "worksheet.csv", "wide.csv"}


def test_canvas_columns_are_named_where_titles_differ(run):
    title = CANVAS.replace("90 Small (4711)", "Dropout (4711)")
    with pytest.raises(
        CourseError, match=r"one column for 90_small, found 0.*--column"
    ):
        run("canvas", text=title)
    rows, _ = run("canvas", "--column", "90=Dropout (4711)", text=title)
    assert rows[3][-1] == "2"
    assert run("canvas", "--column", "90=Dropout", text=title)[0] == rows
    with pytest.raises(CourseError, match="expected NN=TITLE"):
        run("canvas", "--column", "Dropout", text=title)


def test_points_that_differ_are_never_scaled_in_silence(run):
    hundred = CANVAS.replace(",5,10", ",100,10")
    with pytest.raises(CourseError, match="100 points there and 5 here.*--scale"):
        run("canvas", text=hundred)
    rows, _ = run("canvas", "--scale", text=hundred)
    assert [row[-1] for row in rows[2:]] == ["100", "40", "EX", "90"]


def test_what_was_not_handed_in_stays_or_becomes_0(run):
    text = CANVAS.replace("Monday,EX", "Monday,")
    assert run("canvas", text=text)[0][4][-1] == ""
    assert run("canvas", "--zero", text=text)[0][4][-1] == "0"


def test_the_wrong_file_is_refused(run):
    with pytest.raises(
        CourseError, match="expected Canvas' gradebook.*found First name"
    ):
        run("canvas", text=GRADES)
    with pytest.raises(CourseError, match="Last modified .*Offline grading worksheet"):
        run("moodle", "90", text="Identifier,Full name\nParticipant 1,Ada\n")
    with pytest.raises(CourseError, match="a column ID number or"):
        run("moodle", text="Full name\nAda\n")


def test_two_rows_of_one_person_are_refused(run):
    twice = CANVAS + '"Lovelace, Ada",777,,ada,Monday,,,\n'
    with pytest.raises(CourseError, match="line 9: this row and line 4 are both Ada"):
        run("canvas", text=twice)


def test_moodles_worksheet(run):
    rows, said = run("moodle", "90", text=WORKSHEET)
    places = [rows[0].index(t) for t in ("Identifier", "Grade", "Feedback comments")]
    got = [[row[place] for place in places] for row in rows[1:]]
    assert [row[:2] for row in got] == [
        ["Participant 5501", "2"],
        ["Participant 5502", ""],
        ["Participant 5503", ""],  # found by name; Moodle does not let it be changed
    ]
    assert got[0][2] == "double: 2/2\nCounter: 0/3"
    assert rows[1][-2] == "-"  # as Moodle left it
    assert "Emmy Noether: Moodle says the grade is locked" in said
    open_ = WORKSHEET.replace("5.00,No", "5.00,Yes")
    rows, _ = run("moodle", "90", "--zero", text=open_)
    assert [row[places[1]] for row in rows[1:]] == ["2", "0", "4.5"]
    assert "Counter: 2.5/3. =1+1 is no docstring." in rows[3][-1]


def test_moodles_gradebook(run):
    rows, _ = run("moodle", text=GRADES)
    titles = ["First name", "Last name", "ID number", "Email address", "90_small"]
    assert rows == [
        titles,
        ["Ada", "Lovelace", "", "ada@uni.test", "2"],
        ["Emmy", "'=Noether", "", "emmy@uni.test", "4.5"],
    ]


def test_one_column_for_each_question(run, graded):
    calendar.main(["late", "--per-day", "0.5"])
    with graded.book() as book:
        notebook = book.find_submission_notebook(graded.stem, graded.stem, "ada")
        notebook.late_submission_penalty = 0.5
        book.update_or_create_student("emmy", first_name="=cmd|' /C calc'!A0")
    rows, _ = run("wide")
    assert rows[0] == [
        *("id", "last_name", "first_name", "email", "lms_user_id"),
        *("90 double", "90 Counter", "90 late", "90 total", "90 of"),
        *("dropped", "total", "of", "percent"),
    ]
    by_id = {row[0]: row[5:] for row in rows[1:]}
    assert by_id["ada"] == ["2", "0", "-0.5", "1.5", "5", "", "1.5", "5", "30"]
    assert by_id["grace"] == ["", "", "", "", "5", "", "0", "5", "0"]
    assert rows[3][2] == "'=cmd|' /C calc'!A0"


def test_names_that_tell_nothing(run, graded):
    rows, _ = run("wide", "--anonymous")
    text = str(rows)
    assert not [n for n in ("ada", "Ada", "Lovelace", "uni.test", "101") if n in text]
    assert rows == run("wide", "--anonymous")[0]
    secret = pseudonyms(graded.course, ["ada", "emmy", "grace"])
    assert {row[0] for row in rows[1:]} == set(secret.values())
    assert len(rows) == 4


def test_the_worst_are_dropped(graded):
    from dataclasses import replace

    from staff.grader.policy import Policy

    grades = read_grades(graded.course)
    (one,) = grades.assignments
    more = [
        replace(one, stem="91_b", possible=10.0, marks={}),
        replace(one, stem="92_c", possible=2.5),
    ]
    grades = replace(grades, assignments=[one, *more], policy=Policy(drop_lowest=1))
    assert grades.total("emmy").dropped == ("91_b",)
    assert (grades.total("emmy").score, grades.total("emmy").possible) == (9.0, 7.5)
    everything = replace(grades, policy=Policy(drop_lowest=9))
    assert len(everything.total("emmy").dropped) == 2  # one counts at least


def test_nothing_graded_is_said(room):
    with pytest.raises(CourseError, match="nothing is graded yet"):
        read_grades(room.course)
    with pytest.raises(CourseError, match="not in the gradebook yet"):
        read_grades(room.course, ["91_none"])
