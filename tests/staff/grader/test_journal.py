"""The journal: what is written stays, what was cut off is healed, one writer only."""

import dataclasses
import errno
import os
import subprocess
import sys
import tracemalloc
import zlib

import pytest

from staff.course import Course, CourseError
from staff.grader import lines
from staff.grader.faults import InfraError
from staff.grader.journal import Journal, merge, revision
from staff.grader.model import QuestionResult, Result, Step, Submission, Verdict

STEM = "90_small"
STEPS = (
    Step("provided", "n = 1", "setup"),
    Step("answer", "def f(): ...", "f", "f"),
    Step("provided", "print(f())", "look"),
    Step("test", "assert f()", "test_f", "f"),
    Step("answer", "def g(): ...", "g", "g"),
    Step("test", "assert g()", "test_g", "g"),
)
KEYS = {"f": "key f", "g": "key g"}


def submission(student="ada", **changes):
    given = {"file": f"{student}/x.ipynb", "sha256": "ab" * 32, "steps": STEPS}
    return Submission(student, **{**given, **changes})


def printed(text):
    return [{"output_type": "stream", "name": "stdout", "text": text}]


def result(f=Verdict.PASS, g=Verdict.FAIL, text="hello"):
    questions = {"f": QuestionResult(f, "fine"), "g": QuestionResult(g, "not")}
    outputs = {
        cell: printed(f"{text} {cell}")
        for cell in ("setup", "f", "look", "g", "test_g")
    }
    return Result(questions, outputs, ("limits",), 1.5)


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


@pytest.fixture
def path(course):
    return course.grading / "journal" / f"{STEM}.jsonl"


def filled(course, *students):
    with Journal(course, STEM) as journal:
        for student in students:
            keys = {name: f"{key} {student}" for name, key in KEYS.items()}
            journal.append(submission(student), result(), keys)
    return Journal(course, STEM)


def test_an_entry_comes_back_as_it_was_given(course):
    given = submission(repairs=("a",), suspicions=("b", "c"), timestamp="2026-01-01")
    with Journal(course, STEM) as journal:
        journal.append(given, result(), KEYS)
    entry = Journal(course, STEM).latest("ada")
    for name in ("file", "sha256", "repairs", "suspicions", "timestamp", "invalid"):
        assert getattr(entry, name) == getattr(given, name)
    assert entry.questions == result().questions
    assert (entry.layers, entry.seconds, entry.keys) == (("limits",), 1.5, KEYS)
    assert Journal(course, STEM).outputs(entry) == result().outputs


def test_the_latest_entry_of_each_student_counts(course):
    with Journal(course, STEM) as journal:
        for student, verdict in [("b", "PASS"), ("a", "FAIL"), ("b", "ERROR")]:
            journal.append(submission(student), result(Verdict(verdict)), {})
        assert [e.student for e in journal.entries()] == ["a", "b"]
    latest = [e.questions["f"].verdict for e in Journal(course, STEM).entries()]
    assert latest == ["FAIL", "ERROR"]
    assert len(Journal(course, STEM)) == 2


def test_known_questions_are_recalled_with_the_outputs_before_them(course):
    filled(course, "ada")
    known = {"f": "key f ada", "g": "another"}
    recalled = Journal(course, STEM).recall(submission("bob"), known)
    assert recalled.wanted == ("g",)
    assert recalled.result.questions == {"f": result().questions["f"]}
    assert recalled.result.outputs.keys() == {"setup", "f", "look"}  # not ada's g
    assert recalled.result.layers == ("limits",)
    assert Journal(course, STEM).lookup("key g ada") == result().questions["g"]
    assert Journal(course, STEM).lookup("another") is None


def test_a_fault_of_the_grader_is_kept_for_the_report_and_never_used_again(course):
    with Journal(course, STEM) as journal:
        journal.append(submission(), result(f=Verdict.INFRA), KEYS)
        assert journal.lookup("key f") is None
        assert journal.lookup("key g") is not None
    journal = Journal(course, STEM)
    assert journal.lookup("key f") is None
    assert journal.latest("ada").questions["f"].verdict == Verdict.INFRA


def bound(verdict, message="slow"):
    return QuestionResult(Verdict(verdict), message, limited=True)


def test_a_verdict_that_hangs_on_the_limits_is_known_under_those_alone(course):
    timeout = Result({"f": bound("TIMEOUT"), "g": QuestionResult(Verdict.PASS)})
    with Journal(course, STEM, "seconds 1") as journal:
        journal.append(submission(), timeout, KEYS)
        assert journal.recall(submission(), KEYS).wanted == ()
    recalled = Journal(course, STEM, "seconds 60").recall(submission(), KEYS)
    assert recalled.wanted == ("f",)
    assert set(recalled.result.questions) == {"g"}  # it was reached within 1 second
    again = Journal(course, STEM, "seconds 1").recall(submission(), KEYS)
    assert again.result.questions == timeout.questions


def test_what_was_reached_under_any_limits_stays(course):
    """Smaller limits take no points that were earned under larger ones."""
    for limits, verdict in (("seconds 1", bound("TIMEOUT")), ("seconds 60", None)):
        with Journal(course, STEM, limits) as journal:
            passed = QuestionResult(Verdict.PASS)
            journal.append(submission(), Result({"f": verdict or passed}), KEYS)
    for limits in ("seconds 1", "seconds 60", "seconds 5"):
        recalled = Journal(course, STEM, limits).recall(submission(), {"f": "key f"})
        assert recalled.result.questions["f"].verdict == Verdict.PASS


def test_merge_takes_what_was_run_now():
    fresh = Result(
        {"g": QuestionResult(Verdict.PASS)}, {"g": printed("new")}, ("x",), 2
    )
    whole = merge(result(), fresh)
    assert whole.questions["f"] == result().questions["f"]
    assert whole.questions["g"].verdict == Verdict.PASS
    assert whole.outputs["g"] == printed("new")
    assert whole.outputs["f"] == printed("hello f")


def test_the_revision_follows_all_that_is_shown_and_nothing_else():
    points = {"f": 2.0, "g": 1.0}
    first = revision(submission(), result(), points, "digest")
    slower = dataclasses.replace(result(text="other"), seconds=9.0, layers=())
    assert revision(submission(), slower, points, "digest") == first
    others = [
        revision(submission(), result(g=Verdict.PASS), points, "digest"),
        revision(submission(sha256="cd" * 32), result(), points, "digest"),
        revision(submission(timestamp="2026-01-01"), result(), points, "digest"),
        revision(submission(repairs=("x",)), result(), points, "digest"),
        revision(submission(), result(), {**points, "g": 2.0}, "digest"),
        revision(submission(), result(), points, "other"),
    ]
    assert len({first, *others}) == 7


def test_marks_last_until_the_next_revision(course):
    with Journal(course, STEM) as journal:
        assert not journal.is_recorded("ada", "one")
        journal.mark("ada", "one")
        assert journal.is_recorded("ada", "one")
    with Journal(course, STEM) as journal:
        assert journal.is_recorded("ada", "one")
        assert not journal.is_recorded("bob", "one")
        journal.mark("ada", "two")
    assert not Journal(course, STEM).is_recorded("ada", "one")


def test_every_cut_of_the_last_line_is_ignored_and_healed(course, path):
    filled(course, "ada", "bob")
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        journal = Journal(course, STEM)
        assert [e.student for e in journal.entries()] == ["ada"]
        assert journal.lines.torn == end - first
        assert path.stat().st_size == end  # reading changes nothing
    with Journal(course, STEM) as journal:
        journal.append(submission("eve"), result(), {})
    assert path.read_bytes().startswith(whole[:first])
    assert [e.student for e in Journal(course, STEM).entries()] == ["ada", "eve"]


def test_a_line_altered_in_the_middle_is_not_believed_and_told(course, path):
    filled(course, "ada", "bob")
    path.write_bytes(path.read_bytes().replace(b'"FAIL"', b'"PASS"', 1))
    journal = Journal(course, STEM)
    assert [e.student for e in journal.entries()] == ["bob"]
    assert journal.lines.damaged == [1]
    assert journal.lookup("key g ada") is None
    assert journal.lookup("key g bob") == result().questions["g"]


def test_lost_outputs_cost_no_verdict(course, path):
    filled(course, "ada")
    path.with_suffix(".outputs").write_bytes(b"\x00" * 40)
    recalled = Journal(course, STEM).recall(submission(), {"f": "key f ada"})
    assert recalled.result.questions.keys() == {"f"}
    assert recalled.result.outputs == {}


def test_outputs_that_are_others_are_not_believed(course, path):
    """Whole in themselves, but not those that the line speaks of."""
    filled(course, "ada")
    others = zlib.compress(b'{"f": [{"kind": "text", "text": "forged"}]}')
    pack = path.with_suffix(".outputs")
    pack.write_bytes(others.ljust(pack.stat().st_size, b"\0"))
    recalled = Journal(course, STEM).recall(submission(), {"f": "key f ada"})
    assert recalled.result.outputs == {}


def test_two_graders_of_one_assignment_do_not_mix(course):
    with Journal(course, STEM):
        with pytest.raises(CourseError, match=f"graded already .*{os.getpid()}"):
            Journal(course, STEM).__enter__()
        with Journal(course, "91_other"):
            pass
    with Journal(course, STEM):
        pass


def test_the_lock_ends_with_a_killed_grader(course):
    script = (
        "import os, signal, sys; from pathlib import Path; "
        "from staff.course import Course; from staff.grader.journal import Journal; "
        "journal = Journal(Course(Path(sys.argv[1])), '90_small'); "
        "journal.__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", script, str(course.root)]
    assert subprocess.run(command, cwd=Course().root).returncode == -9
    with Journal(course, STEM) as journal:
        assert len(journal) == 0


def test_writing_needs_the_lock(course):
    with pytest.raises(ValueError, match="with"):
        Journal(course, STEM).append(submission(), result(), KEYS)


@pytest.mark.parametrize("fails", ["write", "fsync"])
def test_a_full_disk_leaves_the_journal_as_it_was(course, path, monkeypatch, fails):
    with Journal(course, STEM) as journal:
        journal.append(submission("ada"), result(), KEYS)
        before = path.read_bytes()

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            if fails == "fsync":
                patch.setattr(lines.os, "fsync", full)
            else:
                limit = len(before) + 100
                patch.setattr(journal.lines, "_file", Full(journal.lines._file, limit))
            with pytest.raises(InfraError, match="disk is full"):
                journal.append(submission("bob"), Result(result().questions), {})
        assert path.read_bytes() == before
        journal.append(submission("eve"), result(), {})
    assert [e.student for e in Journal(course, STEM).entries()] == ["ada", "eve"]


class Full:
    """A file on a disk that takes only so many bytes."""

    def __init__(self, file, limit):
        self.file, self.limit, self.name = file, limit, file.name

    def write(self, data):
        room = self.limit - self.file.seek(0, os.SEEK_END)
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(bytes(data[:room]))

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_memory_stays_flat(course):
    large = result(text="x" * 200_000)
    with Journal(course, STEM) as journal:
        for number in range(40):
            keys = {name: f"{key} {number}" for name, key in KEYS.items()}
            journal.append(submission(f"s{number}"), large, keys)
    del large
    tracemalloc.start()
    journal = Journal(course, STEM)
    for entry in journal.entries():
        journal.lookup(entry.keys["f"])
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000
    assert len(journal) == 40


def test_memory_does_not_grow_with_the_class(course):
    def fill(numbers):
        for number in numbers:
            keys = {f"{name}{i}": f"{name} {i} {number}" for name in "fg" for i in "12"}
            index.graded(f"s{number:06}", number, keys.values())
            index.recorded(f"s{number:06}", f"revision {number}")

    index = Journal(course, STEM)._index
    fill(range(100))
    tracemalloc.start()
    fill(range(100, 5_000))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 50_000  # not ten bytes a submission
    assert index.count() == 5_000
    assert [*index.starts()] == [*range(5_000)]


def test_students_come_in_the_order_of_their_names(course):
    names = ["b", "Ä", "a", "Z", "\U0001f600", "\ufb01"]
    filled(course, *names)
    found = [entry.student for entry in Journal(course, STEM).entries()]
    assert found == sorted(names)
