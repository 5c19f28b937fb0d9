"""The doctor: each thing that is broken on purpose is found, and said what to do."""

import os
import shutil
import sqlite3

import pytest

from staff.course import Course
from staff.grader import doctor
from staff.grader.doctor import Finding, examine, main
from staff.grader.journal import Journal
from tests.staff.grader.made import handed_in, results


def levels(findings):
    return {finding.level for finding in findings}


@pytest.fixture
def quick(small, monkeypatch):
    """The small course, without the sandbox's own slow probe."""
    shutil.copy(Course().root / "requirements.lock", small.root)
    monkeypatch.setattr(doctor, "Course", lambda: small)
    left = [check for check in doctor.CHECKS if check is not doctor._sandbox]
    monkeypatch.setattr(doctor, "CHECKS", left)
    return small


def test_a_healthy_course_can_be_graded(quick, capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    assert "✗" not in said
    assert "gradebook: opens, can be written, 0 students" in said
    assert "1 assignments, all in the gradebook" in said
    assert "formgrader loads" in said
    assert said.endswith("Ready to grade.\n")


def test_something_bad_is_the_exit_status(quick, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", [lambda _: [Finding("bad", "x", "Do y.")]])
    assert main([]) == 1
    assert capsys.readouterr().out.startswith("✗ x\n    → Do y.\n")


def test_a_check_that_fails_itself_is_bad_and_stops_no_other(small, monkeypatch):
    def broken(course):
        yield Finding("good", "first")
        raise RuntimeError("boom")

    def fine(course):
        yield Finding("good", "last")

    monkeypatch.setattr(doctor, "CHECKS", [broken, fine])
    found = list(examine(small))
    assert [f.level for f in found] == ["good", "bad", "good"]
    assert "broken" in found[1].found
    assert "boom" in found[1].found


def test_versions_are_held_against_the_lock(quick):
    found = list(doctor._versions(quick))
    assert len(found) == 1 + len(doctor._PACKAGES)
    assert levels(found) == {"good"}
    other = doctor._version("torch", "0.1")
    assert (other.level, "the lock has 0.1" in other.found) == ("note", True)
    assert doctor._version("no-such-package", None).level == "bad"


@pytest.mark.slow
def test_the_sandbox_is_tried(small):
    found = list(doctor._sandbox(small))
    text = " ".join(finding.found for finding in found)
    assert all(layer in text for layer in ("bubblewrap", "landlock", "seccomp"))
    assert found[-1].level in {"good", "bad"}


@pytest.mark.parametrize(
    ("layers", "version", "noted"),
    [
        (("bubblewrap", "seccomp"), 3, False),
        (("landlock", "seccomp"), 3, True),
        (("landlock", "seccomp"), 6, False),
    ],
)
def test_a_sandbox_that_lets_signals_out_is_noted(
    small, monkeypatch, layers, version, noted
):
    from staff.grader import sandbox
    from staff.grader.inside import confine

    monkeypatch.setattr(sandbox, "probe", tuple)
    monkeypatch.setattr(sandbox, "choose", lambda _: sandbox.Sandbox(layers))
    monkeypatch.setattr(confine, "landlock_abi", lambda: version)
    found = [str(each) for each in doctor._sandbox(small)]
    assert any("bubblewrap, or Linux" in line for line in found) == noted


def test_no_sandbox_is_bad(small, monkeypatch):
    from staff.course import CourseError
    from staff.grader import sandbox

    def refuse(wish):
        raise CourseError("No sandbox.\nInstall bubblewrap.")

    layer = sandbox.Finding("seccomp", False, "not in this kernel")
    monkeypatch.setattr(sandbox, "probe", lambda: (layer,))
    monkeypatch.setattr(sandbox, "choose", refuse)
    found = list(doctor._sandbox(small))
    assert [f.level for f in found] == ["note", "bad"]
    assert "not in this kernel" in found[0].found
    assert found[1].advice == "Install bubblewrap."


# --- the gradebook ----------------------------------------------------------------


def book(small):
    return sqlite3.connect(small.grading / "gradebook.db", isolation_level=None)


def only(findings):
    (found,) = findings
    return found


def test_no_gradebook_yet_stops_nothing(small):
    (small.grading / "gradebook.db").unlink()
    assert only(doctor._gradebook(small)).level == "note"
    assert not (small.grading / "gradebook.db").exists()
    assert only(doctor._assignments(small)).level == "note"


def test_a_locked_gradebook(small):
    other = book(small)
    other.execute("BEGIN EXCLUSIVE")
    found = only(doctor._gradebook(small))
    other.close()
    assert (found.level, "locked" in found.found) == ("bad", True)
    assert "Close the program" in found.advice


def test_a_gradebook_of_another_schema(small):
    other = book(small)
    other.execute("UPDATE alembic_version SET version_num = 'old'")
    other.close()
    found = only(doctor._gradebook(small))
    assert (found.level, "nbgrader db upgrade" in found.advice) == ("bad", True)


def test_a_gradebook_that_is_none(small):
    (small.grading / "gradebook.db").write_bytes(b"not a database" * 100)
    found = only(doctor._gradebook(small))
    assert (found.level, "backup" in found.advice) == ("bad", True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
def test_a_gradebook_that_cannot_be_written(small):
    (small.grading / "gradebook.db").chmod(0o444)
    assert only(doctor._gradebook(small)).level == "bad"


def test_examining_changes_nothing(small):
    before = (small.grading / "gradebook.db").read_bytes()
    assert only(doctor._gradebook(small)).level == "good"
    assert (small.grading / "gradebook.db").read_bytes() == before
    assert [p.name for p in small.grading.iterdir()] == ["gradebook.db"]


def test_assignments_not_built_or_not_entered(small):
    (small.solutions / "91_other.py").write_text("# %%\n")
    assert levels(doctor._assignments(small)) == {"bad", "good"}
    small.solution("91_other").parent.mkdir()
    small.solution("91_other").write_text("{}")
    found = only(doctor._assignments(small))
    assert (found.level, found.found[:6]) == ("note", "1 of 2")


# --- room and journals ------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "level"), [(10**6, "bad"), (2**30, "note"), (2**40, "good")]
)
def test_room_on_the_disk(small, monkeypatch, free, level):
    monkeypatch.setattr(
        doctor.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2**41, 1, free)
    )
    found = next(iter(doctor._disk(small)))
    assert found.level == level
    assert bool(found.advice) == (level != "good")
    shared = only(doctor._shared_memory(small))
    assert shared.level == ("note" if free < doctor._SHARED else "good")


def test_journals(small, bundle, stem):
    assert only(doctor._journals(small)).found == "journal: none yet"
    with Journal(small, stem) as journal:
        for student in ("ada", "bob"):
            journal.append(handed_in(bundle, student), results(bundle), {})
    assert only(doctor._journals(small)).level == "good"
    path = small.grading / "journal" / f"{stem}.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    found = only(doctor._journals(small))
    assert (found.level, "cut off" in found.found) == ("note", True)
    assert path.read_bytes() == whole[:-9]
    path.write_bytes(whole.replace(b"ada", b"eve", 1))
    found = only(doctor._journals(small))
    assert (found.level, "lines 1 are damaged" in found.found) == ("note", True)
