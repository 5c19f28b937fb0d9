"""Returning: pages in the platforms' layouts, what changed, requests and answers."""

import csv
import io
import json
import zipfile

import nbformat
import pytest

from staff.course import CourseError
from staff.grader.model import QuestionResult, Verdict
from staff.grader.requests import parse, read_requests
from staff.term import calendar, give_back, regrade
from tests.staff.grader.made import ANSWERS, results
from tests.staff.term.conftest import kept, submit

# Names as Canvas gives them: lib/content_zipper.rb, `add_upload_submission`.
CANVAS = [
    "lovelaceada_101_9001_90_small.ipynb",
    "noetheremmy_LATE_103_9003_90_small-1.ipynb",
    "stranger_555_9009_90_small.ipynb",
    "hoppergrace_102_9002_notes.pdf",
]
WORKSHEET = """\
Identifier,Full name,Email address,Status,Grade,Last modified (grade)
Participant 5501,Ada_Lovelace,ada@uni.test,,,-
Participant 5503,Emmy Noether,emmy@uni.test,,,-
"""


def hand_in(room, student, *right, answers=ANSWERS, **others):
    one = submit(room.bundle, student, sha256=kept(room, student, answers))
    assert room.settle(one, results(room.bundle, *right, **others))


@pytest.fixture
def graded(room):
    with room.book() as book:
        for name, first, last, lms in (
            ("ada", "Ada", "Lovelace", "101"),
            ("emmy", "Emmy", "Noether", "103"),
            ("grace", "Grace", "Hopper", "102"),
        ):
            person = {"first_name": first, "last_name": last, "lms_user_id": lms}
            book.add_student(name, email=f"{name}@uni.test", **person)
    hand_in(room, "ada", "double", "Counter")
    hand_in(room, "emmy", "double")
    return room


@pytest.fixture
def back(graded, capsys):
    def back(*words):
        assert give_back.main(["90", *words]) == 0
        return capsys.readouterr().out

    return back


def returned(room, name):
    return room.course.grading / "returned" / room.stem / name


def test_one_folder_for_each_learner(back, graded):
    said = back()
    assert "nothing was returned before; 2 to be returned" in said
    pages = returned(graded, "pages")
    assert sorted(p.name for p in pages.iterdir()) == ["ada", "emmy"]
    page = (pages / "ada" / "90_small.html").read_text("utf-8")
    assert "5 of 5 points" in page
    back("--zip")
    with zipfile.ZipFile(pages / "ada.zip") as archive:
        assert archive.read("90_small.html").decode() == page
    assert sorted(p.name for p in pages.iterdir()) == ["ada.zip", "emmy.zip"]


def test_changes_since_the_last_return(back, graded):
    back()
    graded.by_hand("emmy", "Counter", 1.5, "Nearly.")
    said = back("--changes")
    assert "emmy: Counter 0 → 1.5" in said
    assert "emmy: total 2 → 3.5" in said
    assert "1 with other points than returned, 0 not returned yet" in said
    assert back("--changes") == said  # only looking changes nothing
    hand_in(graded, "grace", "double")
    said = back("--only-changed")
    assert "1 with other points than returned, 1 not returned yet" in said
    pages = sorted(p.name for p in returned(graded, "pages").iterdir())
    assert pages == ["emmy", "grace"]
    text = returned(graded, "changes.csv").read_text()
    rows = list(csv.reader(io.StringIO(text)))
    assert ["emmy", "total", "2", "3.5"] in rows
    assert ["grace", "total", "", "2"] in rows
    assert "0 with other points than returned, 0 not" in back("--changes")
    calendar.main(["late", "--per-day", "0.5"])
    calendar.main(["due", "90", "2026-02-03"])
    calendar.main(["due", "90", "2026-02-02"])
    assert "ada: late 0 → -5" in back("--changes") or "ada: late 0 → -2.5" in back(
        "--changes"
    )


def test_what_waits_for_a_person_is_not_returned(back, graded):
    hand_in(graded, "grace", "double", Counter=QuestionResult(Verdict.TAMPERED))
    assert "a person has to look first (--anyway returns them): grace" in back()
    assert not (returned(graded, "pages") / "grace").exists()
    back("--anyway")
    assert (returned(graded, "pages") / "grace").exists()


def test_canvas_gets_the_names_that_it_gave(back, graded, tmp_path):
    hand_in(graded, "grace", "double")
    source = tmp_path / "submissions.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for name in CANVAS:
            archive.writestr(name, "x")
    said = back("--canvas", str(source))
    assert "whose is stranger_555_9009_90_small.ipynb? left out" in said
    with zipfile.ZipFile(returned(graded, "canvas.zip")) as archive:
        names = archive.namelist()
        notebook = nbformat.reads(archive.read(CANVAS[0]).decode(), as_version=4)
        page = archive.read(CANVAS[3]).decode()
    assert sorted(names) == sorted([CANVAS[0], CANVAS[1], CANVAS[3]])
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "**5 of 5 points**" in text
    assert "return 2 \\* x" not in text  # code stands in a block, as it is
    assert "return 2 * x" in text
    assert page.startswith("<!DOCTYPE html>")
    folder = tmp_path / "unpacked"
    folder.mkdir()
    (folder / CANVAS[0]).write_text("x")
    assert "not in unpacked: emmy, grace" in back("--canvas", str(folder))
    with pytest.raises(CourseError, match="expected the ZIP that Canvas"):
        back("--canvas", str(tmp_path / "none.zip"))


def test_moodle_gets_one_folder_for_each_participant(back, graded, tmp_path):
    source = tmp_path / "worksheet.csv"
    source.write_text(WORKSHEET)
    back("--moodle", str(source))
    with zipfile.ZipFile(returned(graded, "moodle.zip")) as archive:
        names = sorted(archive.namelist())
    assert names == [
        "Ada Lovelace_5501_assignfeedback_file_/90_small.html",
        "Emmy Noether_5503_assignfeedback_file_/90_small.html",
    ]
    for name in names:  # what importziplib.php does with it
        part = name.split("/")[0].split("_", 4)
        assert part[1].isdecimal()
        assert part[2:4] == ["assignfeedback", "file"]
    source.write_text(WORKSHEET.replace("Participant 5501", "somebody"))
    with pytest.raises(CourseError, match="such as 'Participant 12345', found 'some"):
        back("--moodle", str(source))


def test_the_notebook_for_canvas_is_inactive(graded, back, tmp_path):
    evil = "```\n</details><script>alert(1)</script>\n# x\n````"
    one = submit(graded.bundle, "ada", {"double": evil}, sha256="", repairs=("*a*<b>",))
    graded.settle(
        one, results(graded.bundle, double=QuestionResult(Verdict.FAIL, evil))
    )
    content = give_back.feedback_notebook(
        _content(
            graded, one, results(graded.bundle, double=QuestionResult("FAIL", evil))
        )
    )
    text = "\n\n".join(c.source for c in nbformat.reads(content, 4).cells)
    assert "\\*a\\*&lt;b&gt;" in text
    fences = [line for line in text.split("\n") if line.startswith("`````")]
    assert len(fences) % 2 == 0
    assert len(fences) >= 4  # message and answer, each longer than what is in it


def _content(room, one, result):
    from staff.grader.feedback import Page

    return Page(room.bundle).content(one, result)


def test_a_damaged_memory_is_said(graded, back):
    back()
    path = graded.course.grading / "returned" / "90_small.json"
    path.write_text('{"ada": 3}')
    with pytest.raises(CourseError, match="expected what `return` wrote.*move it away"):
        back()


# --- regrade requests -------------------------------------------------------------


def ask(room, student, text, name="regrade.txt"):
    folder = room.course.grading / "submitted" / student / room.stem
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


def test_requests_are_found_by_exercise(bundle):
    text = (
        "All of it?\nExercise double: look\n## Exercise Counter\nat\nthis\nexercise x"
    )
    assert parse(text, bundle) == {
        "": "All of it?",
        "double": "look",
        "Counter": "at\nthis\nexercise x",
    }
    assert parse("", bundle) == {}
    assert len(parse("Exercise " * 2000 + "\x1b[31m", bundle)) == 1


def test_a_request_is_listed_answered_and_shown(graded, capsys):
    ask(graded, "emmy", "Exercise Counter\nMine counts, too <b>!")
    regrade.main(["list", "90"])
    said = capsys.readouterr().out
    assert "emmy, Counter: 0 of 3 points" in said
    assert "    Mine counts, too <b>!" in said
    assert "1 without an answer" in said
    regrade.main(
        ["answer", "90", "emmy", "Counter", "It does: half of it.", "--points", "1.5"]
    )
    assert "answered\n1 pages" in capsys.readouterr().out
    page = graded.page("emmy")
    assert "Mine counts, too <b>!" in page
    assert "It does: half of it." in page
    assert "Your instructor gave 1.5 of 3" in " ".join(page.split())
    assert graded.marks("emmy").manual == {"test_Counter": 1.5}
    regrade.main(["list", "90"])
    assert "0 without an answer" in capsys.readouterr().out
    regrade.main(["list", "90", "--all"])
    assert "  → It does: half of it." in capsys.readouterr().out
    ask(graded, "emmy", "Exercise Counter\nAnd the other half?")  # opens it again
    regrade.main(["list", "90"])
    assert "1 without an answer" in capsys.readouterr().out


def test_a_request_about_the_whole(graded):
    ask(graded, "ada", "Was it late?", name="regrade.md")
    regrade.main(["answer", "90", "ada", "whole", "No."])
    page = graded.page("ada")
    assert page.index("Was it late?") < page.index("No.")
    with pytest.raises(CourseError, match="points go to an exercise"):
        regrade.main(["answer", "90", "ada", "whole", "No.", "--points", "1"])


def test_what_cannot_be_answered_is_said(graded):
    ask(graded, "ada", "Exercise double\nplease")
    for words, message in (
        (["ada", "Counter", "x"], "expected a request about Counter, found double"),
        (["emmy", "double", "x"], "found none"),
        (["ada", "double", " "], "expected a text"),
        (["ada", "double", "x", "--points", "9"], "expected 0 to 2 points, found 9"),
        (["ada", "nine", "x"], "expected an exercise"),
    ):
        with pytest.raises(CourseError, match=message):
            regrade.main(["answer", "90", *words])


def test_files_that_are_no_request_harm_nothing(graded, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("TOP")
    folder = graded.course.grading / "submitted" / "ada" / graded.stem
    folder.mkdir(parents=True)
    (folder / "regrade.txt").symlink_to(secret)
    ask(graded, "emmy", "x" * 50_000)
    found = read_requests(graded.course, graded.bundle)
    assert "could not be read" in found["ada"][0].text
    assert "TOP" not in found["ada"][0].text
    assert "could not be read" in found["emmy"][0].text
    path = graded.course.grading / "regrades" / "90_small.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"ada": {"double": {"asked": 1}}}))
    with pytest.raises(CourseError, match="expected what `python -m staff regrade`"):
        read_requests(graded.course, graded.bundle)
