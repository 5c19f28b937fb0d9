import os
import re

import pytest

from staff.course import Course
from staff.grader.find import find, is_student, strange
from tests.staff.grader.sheets import STEM

OTHER = "03_l1_l2"


@pytest.fixture
def place(tmp_path):
    """A course with two assignments, and its folder of submissions."""
    course = Course(tmp_path)
    course.solutions.mkdir()
    for stem in (STEM, OTHER):
        course.master(stem).touch()
    (course.grading / "submitted").mkdir(parents=True)
    return course


def put(folder, *names, age=0):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    return folder


def submitted(course, *names, age=0):
    return put(course.grading / "submitted", *names, age=age)


def chosen(course, folder=None):
    return {c.student: c.parts[-1] for c in find(course, STEM, folder)}


def test_layout_of_nbgrader(place):
    base = submitted(
        *(place, f"ada/{STEM}/{STEM}.ipynb", f"ada/{OTHER}/{OTHER}.ipynb"),
        *(f"bob/{OTHER}/{OTHER}.ipynb", f"eve/{STEM}/{STEM}.ipynb"),
        f"ada/{STEM}/.ipynb_checkpoints/{STEM}-checkpoint.ipynb",
    )
    stamp = "2026-01-05 10:00:00.000000 UTC"
    (base / "ada" / STEM / "timestamp.txt").write_text(stamp + "\n")
    ada, eve = find(place, STEM)
    assert (ada.student, ada.file) == ("ada", f"ada/{STEM}/{STEM}.ipynb")
    assert (ada.timestamp, eve.timestamp) == (stamp, "")
    assert not ada.repairs + ada.concerns + eve.repairs + eve.concerns
    assert strange(place, STEM) == []


def test_downloaded_files(place, tmp_path):
    names = {
        "ada": f"ada_{STEM}.ipynb",
        "Jean Luc": f"Jean Luc - {STEM} (1).ipynb",
        "bob-2": f"bob-2-{STEM}-Copy1.ipynb",
        "eve": f"eve {STEM.upper()}_copy.ipynb",
        "zoë_1": f"zoë_1__{STEM}.ipynb.txt",
        "dan": f"dan/{STEM}.ipynb",
        "fay": f"fay/{STEM}/{STEM}.ipynb",
        "gus": f"gus/{STEM} (2).ipynb",
    }
    folder = put(tmp_path / "downloads", *names.values(), f"ada_{OTHER}.ipynb")
    assert chosen(place, folder) == {k: v.split("/")[-1] for k, v in names.items()}
    assert strange(place, STEM, folder) == []


def test_what_is_not_understood_is_listed(place, tmp_path):
    names = [
        f"{STEM}.ipynb",
        f"Copy of {STEM}.ipynb",
        "homework.ipynb",
        "notes.txt",
        f"ada_{STEM}_extra_words.ipynb",
        "bob/homework.ipynb",
        "bob/unknown/x.ipynb",
        f"{OTHER}/x.ipynb",
    ]
    folder = put(tmp_path / "downloads", *names, f"ada_{STEM}.ipynb")
    (folder / "link").symlink_to(tmp_path)
    listed = strange(place, STEM, folder)
    assert chosen(place, folder) == {"ada": f"ada_{STEM}.ipynb"}
    assert len(listed) == len(names) + 1
    assert any(line.startswith(f"{STEM}.ipynb: whose is it?") for line in listed)
    assert all(": " in line for line in listed)


def test_loose_files_are_no_part_of_nbgraders_layout(place):
    submitted(place, f"ada_{STEM}.ipynb")
    assert find(place, STEM) == []
    assert len(strange(place, STEM)) == 1


@pytest.mark.parametrize(
    ("older", "newer", "wins"),
    [
        (f"{STEM}.ipynb", f"{STEM} (1).ipynb", f"{STEM}.ipynb"),
        (f"{STEM}-Copy1.ipynb", f"{STEM} (1).ipynb", f"{STEM} (1).ipynb"),
        (f"{STEM} (1).ipynb", f"{STEM}-Copy1.ipynb", f"{STEM}-Copy1.ipynb"),
        (f"{STEM}_final.ipynb", "Untitled.ipynb", f"{STEM}_final.ipynb"),
    ],
)
def test_one_of_several_is_chosen_by_rule(place, older, newer, wins):
    submitted(place, f"ada/{STEM}/{older}", age=500)
    submitted(place, f"ada/{STEM}/{newer}")
    (found,) = find(place, STEM)
    assert found.parts[-1] == wins
    assert any("2 notebooks" in line and wins in line for line in found.repairs)
    (line,) = found.concerns
    assert wins in line.split("not")[0]
    assert ({older, newer} - {wins}).pop() in line.split("not")[1]


def test_same_age_is_decided_by_number_then_name(place):
    names = [f"{STEM} ({k}).ipynb" for k in (2, 10, 1)]
    submitted(place, *(f"ada/{STEM}/{name}" for name in names))
    assert chosen(place) == {"ada": f"{STEM} (10).ipynb"}


def test_a_folder_without_notebook_is_a_submission_that_is_empty(place):
    (place.grading / "submitted" / "ada" / STEM).mkdir(parents=True)
    (found,) = find(place, STEM)
    assert found.student == "ada"
    assert "no notebook" in found.problem


@pytest.mark.parametrize(
    "name",
    [
        *("=cmd()", "+1", "-x", "@x", "..x", " x", "x ", "a\nb", "a\tb", "x" * 101),
        *(
            "a;b",
            'a"b',
            "<b>",
            "a|b",
            "a\u202eb",
            "a\udcffb",
            "…",
            "a  b",
            "$(x)",
            "a,b",
        ),
    ],
)
def test_hostile_names_are_refused_and_never_used(place, name):
    assert not is_student(name)
    try:
        submitted(place, f"{name}/{STEM}/{STEM}.ipynb")
    except OSError:
        pytest.skip("this file system has no such names")
    (found,) = find(place, STEM)
    assert found.student == ""
    assert "cannot be a learner's name" in found.problem
    assert (found.problem + found.file).isprintable()


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "a\0b"])
def test_names_that_are_paths_are_no_names(name):
    assert not is_student(name)


@pytest.mark.parametrize(
    "name",
    ["ada", "ada.l@uni-x.org", "Jean Luc", "O'Neil", "zoë_1", "李雷", "12345", "a-b"],
)
def test_honest_names_are_taken(name):
    assert is_student(name)


def test_links_are_not_followed(place, tmp_path):
    secret = put(tmp_path / "secret", f"{STEM}.ipynb")
    base = place.grading / "submitted"
    (base / "eve").symlink_to(secret, target_is_directory=True)
    (base / "ada").mkdir()
    (base / "ada" / STEM).symlink_to(secret, target_is_directory=True)
    assert [c.student for c in find(place, STEM)] == ["ada"]  # reading it is refused
    assert strange(place, STEM) == ["eve: links are not followed"]


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-01-05 10:00 UTC\n=cmd()", "x" * 300]
)
def test_a_strange_timestamp_is_for_a_person(place, text):
    base = submitted(place, f"ada/{STEM}/{STEM}.ipynb")
    (base / "ada" / STEM / "timestamp.txt").write_text(text)
    (found,) = find(place, STEM)
    assert found.timestamp == ""
    assert "timestamp.txt" in found.concerns[0]


def test_a_timestamp_that_is_a_link_is_not_read(place, tmp_path):
    base = submitted(place, f"ada/{STEM}/{STEM}.ipynb")
    (tmp_path / "secret").write_text("2026-01-05 10:00:00 UTC")
    (base / "ada" / STEM / "timestamp.txt").symlink_to(tmp_path / "secret")
    (found,) = find(place, STEM)
    assert found.timestamp == ""


@pytest.mark.timeout(20)
def test_long_hostile_names_take_no_time(place, tmp_path):
    folder = tmp_path / "downloads"
    for end in ("1" * 200, " copy1" * 33, "-" * 200, "(1)" * 60 + "("):
        put(folder, f"{STEM}{end}.ipynb"[:250], f"a_{STEM}{end}x.ipynb"[:250])
    find(place, STEM, folder)


def test_no_folder_is_said(place, tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape("expected a folder")):
        find(place, STEM, tmp_path / "nowhere")
