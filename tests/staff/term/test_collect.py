"""Downloads of Canvas and Moodle become folders that can be graded."""

import zipfile

import pytest

from staff.course import CourseError
from staff.term import collect

WORKSHEET = """\
Identifier,Full name,Email address,Status,Grade,Last modified (grade)
Participant 5501,Ada Lovelace,ada@uni.test,,,-
Participant 5503,Emmy Noether,emmy@uni.test,,,-
"""


@pytest.fixture
def run(room, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(collect, "Course", lambda: room.course)
    with room.book() as book:
        for name, first, last, lms in (
            ("ada", "Ada", "Lovelace", "101"),
            ("emmy", "Emmy", "Noether", "103"),
        ):
            person = {"first_name": first, "last_name": last, "lms_user_id": lms}
            book.add_student(name, email=f"{name}@uni.test", **person)

    def run(files, *words):
        path = tmp_path / "submissions.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        collect.main(["90", str(path), *words])
        return capsys.readouterr().out

    return run


def handed_in(room):
    base = room.course.grading / "submitted"
    found = sorted(path for path in base.rglob("*") if path.is_file())
    return {str(path.relative_to(base)): path.read_text() for path in found}


def test_canvas(run, room):
    said = run(
        {
            "lovelaceada_101_9001_90_small.ipynb": "ada's",
            "lovelaceada_101_9002_regrade.txt": "please",
            "lovelaceada_101_9003_notes.pdf": "x",
            "noetheremmy_LATE_103_9004_Untitled.ipynb": "other",
            "noetheremmy_LATE_103_9005_90_small-1.ipynb": "emmy's",
            "stranger_555_9006_90_small.ipynb": "x",
            "../../evil_101.ipynb": "x",
        }
    )
    assert handed_in(room) == {
        "ada/90_small/90_small.ipynb": "ada's",
        "ada/90_small/regrade.txt": "please",
        "emmy/90_small/90_small.ipynb": "emmy's",
    }
    assert "whose is stranger_555_9006_90_small.ipynb? left out" in said
    assert "emmy: 2 notebooks, took 90_small-1.ipynb" in said
    assert "2 notebooks of 90_small" in said
    assert not list(room.course.root.parent.rglob("evil*"))


def test_a_roster_without_numbers_of_canvas(run, room):
    with room.book() as book:
        for student in list(book.students):
            student.lms_user_id = ""
        book.db.commit()
    said = run({"lovelaceada_101_9001_90_small.ipynb": "ada's"})
    assert "whose is lovelaceada_101_9001_90_small.ipynb? left out" in said
    assert "no numbers of Canvas yet" in said
    assert "0 notebooks of 90_small\n" in said
    said = run({"Ada Lovelace_1_assignsubmission_file/90_small.ipynb": "ada's"})
    assert "numbers of Canvas" not in said
    assert "1 notebook of 90_small; grade" in said


def test_moodle(run, room, tmp_path):
    files = {
        "Ada Lovelace_5501_assignsubmission_file/90_small.ipynb": "ada's",
        "Emmy Noether_5503_assignsubmission_file_/deep/my work.ipynb": "emmy's",
        "Nobody Known_1_assignsubmission_file/90_small.ipynb": "x",
        "__MACOSX/x": "x",
    }
    expected = {
        "ada/90_small/90_small.ipynb": "ada's",
        "emmy/90_small/90_small.ipynb": "emmy's",
    }
    said = run(files)
    assert handed_in(room) == expected
    assert "whose is Nobody Known" in said
    worksheet = tmp_path / "worksheet.csv"
    worksheet.write_text(WORKSHEET)
    swapped = {
        "X_5503_assignsubmission_file/90_small.ipynb": "emmy's",
        "Y_5501_assignsubmission_file/90_small.ipynb": "ada's",
    }
    run(swapped, "--moodle", str(worksheet))
    assert handed_in(room) == expected


def test_what_is_no_download_is_said(run, room, tmp_path):
    with pytest.raises(CourseError, match="expected the ZIP of submissions"):
        collect.main(["90", str(tmp_path / "none.zip")])
    worksheet = tmp_path / "worksheet.csv"
    worksheet.write_text("Name\nAda\n")
    with pytest.raises(CourseError, match="with a column Identifier, found Name"):
        run({}, "--moodle", str(worksheet))
    said = run({"lovelaceada_101_9001_notes.pdf": "x"})
    assert "ada: no notebook" in said
    assert "0 notebooks" in said
