"""Recording: nbgrader finds what its own autograde would have left, after any crash."""

import csv
import datetime
import errno
import sqlite3
import time

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin

from staff.authoring.release import nbgrader_config
from staff.course import CourseError
from staff.grader import record, scores
from staff.grader.faults import InfraError
from staff.grader.journal import Journal
from staff.grader.model import QuestionResult, Result, Step, Verdict
from staff.grader.outputs import safe_outputs
from staff.grader.record import Recorder, invalid_result
from staff.grader.scores import Scores, handed_in
from tests.staff.grader.made import ANSWERS, results
from tests.staff.grader.made import handed_in as submit

KEYS = {"double": "one", "Counter": "two"}


@pytest.fixture
def recorder(small, bundle):
    with Recorder(small, bundle, timeout=0.2) as recorder:
        yield recorder


@pytest.fixture
def book(small):
    with Gradebook(
        f"sqlite:///{small.grading / 'gradebook.db'}", "regularization"
    ) as b:
        yield b


def grades(book, stem, student):
    book.db.expire_all()
    notebook = book.find_submission_notebook(stem, stem, student)
    return {g.name.removeprefix("test_"): g for g in notebook.grades}


def points(book, stem, student):
    return {name: g.auto_score for name, g in grades(book, stem, student).items()}


def dump(small):
    """Return all that is in the gradebook but the random ids."""
    with sqlite3.connect(small.grading / "gradebook.db") as db:
        text = "\n".join(db.iterdump())
    db.close()
    return text


def files(small):
    return {
        path.relative_to(small.grading): (path.read_bytes(), path.stat().st_mtime_ns)
        for part in ("autograded", "feedback")
        for path in (small.grading / part).rglob("*")
        if path.is_file()
    }


def test_points_for_pass_and_none_for_the_rest(recorder, bundle, book, stem):
    for number, verdict in enumerate(Verdict):
        if verdict == Verdict.INFRA:
            continue
        result = results(bundle, "Counter", double=QuestionResult(verdict))
        recorder.record(submit(bundle, f"s{number}"), result)
        got = points(book, stem, f"s{number}")
        assert got == {"double": 2.0 if verdict == "PASS" else 0.0, "Counter": 3.0}
        flagged = grades(book, stem, f"s{number}")["double"].needs_manual_grade
        assert flagged == (verdict in {"TAMPERED", "INVALID_FILE", "NOT_RUN"})


def test_twice_is_once(recorder, bundle, book, small):
    recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    before = dump(small)
    content = {name: text for name, (text, _) in files(small).items()}
    recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    assert dump(small) == before
    assert {name: text for name, (text, _) in files(small).items()} == content


def test_the_new_verdict_replaces_the_old_whatever_it_is(recorder, bundle, book, stem):
    recorder.record(submit(bundle, "ada"), results(bundle, "double", "Counter"))
    crashed = QuestionResult(Verdict.CRASHED)
    again = submit(bundle, "ada", sha256="1" * 64)
    recorder.record(again, results(bundle, double=crashed, Counter=crashed))
    assert points(book, stem, "ada") == {"double": 0.0, "Counter": 0.0}


def test_what_a_person_wrote_is_kept_and_shown_for_review(recorder, bundle, book, stem):
    recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    grade = grades(book, stem, "ada")["Counter"]
    grade.manual_score, grade.extra_credit = 1.5, 0.5
    grade.needs_manual_grade = False
    comment = book.find_comment("Counter", stem, stem, "ada")
    comment.manual_comment = "Nice try."
    book.db.commit()
    recorder.record(submit(bundle, "ada"), results(bundle, "double", "Counter"))
    grade = grades(book, stem, "ada")["Counter"]
    assert (grade.auto_score, grade.manual_score, grade.extra_credit) == (3.0, 1.5, 0.5)
    assert grade.needs_manual_grade
    assert grade.score == 2.0
    assert book.find_comment("Counter", stem, stem, "ada").comment == "Nice try."


def test_comments_say_where_nothing_was_answered(recorder, bundle, book, stem):
    one = {"double": ANSWERS["double"]}
    recorder.record(submit(bundle, "ada", one), results(bundle, "double"))
    assert book.find_comment("Counter", stem, stem, "ada").comment == "No response."
    assert book.find_comment("double", stem, stem, "ada").comment is None
    recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    book.db.expire_all()
    assert book.find_comment("Counter", stem, stem, "ada").comment is None


def test_a_file_nobody_can_read_scores_nothing_and_says_why(
    recorder, bundle, book, stem, small
):
    reason = "This is a web page <script>alert(1)</script>, not a notebook."
    bad = submit(bundle, "ada", steps=(), invalid=reason)
    recorder.record(bad, invalid_result(bundle, bad))
    assert points(book, stem, "ada") == {"double": 0.0, "Counter": 0.0}
    assert all(g.needs_manual_grade for g in grades(book, stem, "ada").values())
    assert book.find_comment("double", stem, stem, "ada").comment == reason
    notebook = read_executed(small, stem, "ada")
    assert reason in notebook.cells[0].source
    assert notebook.cells[0].cell_type == "code"  # shown as text


# --- late penalties ---------------------------------------------------------------


class Odd(LateSubmissionPlugin):
    """Returns what it is told to, and remembers what it was asked."""

    answer: float | None = None
    asked = []

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        self.asked.append((student_id, score, total_seconds_late))
        return self.answer


def late_recorder(small, bundle, **changes):
    config = nbgrader_config(small)
    config.merge(changes)
    return Recorder(small, bundle, config=config)


def due(book, stem, hour):
    book.find_assignment(stem).duedate = datetime.datetime(2026, 2, 3, hour)
    book.db.commit()


@pytest.mark.parametrize(
    ("answer", "expected"), [(None, None), (-1, 0), (0.5, 0.5), (99, 2.0)]
)
def test_late_penalty_is_the_plugins(small, bundle, book, stem, answer, expected):
    due(book, stem, 3)
    Odd.answer, Odd.asked[:] = answer, []
    changes = {"AssignLatePenalties": {"plugin_class": Odd}}
    with late_recorder(small, bundle, **changes) as recorder:
        recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    assert Odd.asked == [("ada", 2.0, 3906.0)]
    found = book.find_submission_notebook(stem, stem, "ada")
    assert found.late_submission_penalty == expected


def test_no_penalty_in_time_and_it_goes_away_with_a_later_due_date(
    small, bundle, book, stem
):
    late = {"LateSubmissionPlugin": {"penalty_method": "zero"}}
    due(book, stem, 3)
    with late_recorder(small, bundle, **late) as recorder:
        recorder.record(submit(bundle, "ada"), results(bundle, "double"))
        submission = book.find_submission(stem, "ada")
        assert submission.late_submission_penalty == 2.0
        due(book, stem, 5)
        recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    book.db.expire_all()
    assert book.find_submission(stem, "ada").late_submission_penalty == 0.0


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-02-03 04:05:06 UTC", 4),
        ("2026-02-03T04:05:06+02:00", 2),
        ("2026-02-03T04:05:06", 4),
        ("", None),
        ("tomorrow", None),
        ("9" * 400, None),
    ],
)
def test_times_of_handing_in(text, hour):
    found = handed_in(text)
    assert (found and found.hour) == hour


# --- crashes ----------------------------------------------------------------------


STEPS = {
    "sync": Journal,
    "write": scores._Rows,
    "_penalise": Scores,
    "_write_files": Recorder,
    "mark": Journal,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_between_two_steps_is_mended_by_the_next_run(
    small, bundle, book, stem, monkeypatch, step
):
    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    due(book, stem, 3)
    one, result = submit(bundle, "ada"), results(bundle, "double")
    with Journal(small, stem) as journal, Recorder(small, bundle) as recorder:
        with monkeypatch.context() as patch:
            patch.setattr(STEPS[step], step, killed)
            recorder.settle(journal, one, result, KEYS)
            with pytest.raises(Killed):
                recorder.flush()
        half = step in {"sync", "write", "_penalise"}
        assert len(book.students) == (0 if half else 1)  # all of ada, or nothing
        book.db.rollback()
    with Journal(small, stem) as journal, Recorder(small, bundle) as recorder:
        recalled = journal.recall(one, KEYS)
        assert recalled.wanted == ()
        assert recorder.settle(journal, one, recalled.result, KEYS)
        assert not recorder.settle(journal, one, recalled.result, KEYS)
        assert len(journal) == 1
    assert points(book, stem, "ada") == {"double": 2.0, "Counter": 0.0}
    assert len(files(small)) == 3


def test_settling_again_touches_nothing(small, bundle, stem):
    one, result = submit(bundle, "ada"), results(bundle, "double")
    with Journal(small, stem) as journal, Recorder(small, bundle) as recorder:
        assert recorder.settle(journal, one, result, KEYS)
        recorder.flush()
        before = files(small), dump(small), journal.lines.path.read_bytes()
        assert not recorder.settle(journal, one, result, KEYS)
        assert (files(small), dump(small), journal.lines.path.read_bytes()) == before
        better = results(bundle, "double", "Counter")
        assert recorder.settle(journal, one, better, KEYS)


def test_a_group_shares_a_transaction_and_fails_as_a_whole(
    small, bundle, stem, book, monkeypatch
):
    def settle(recorder, journal, numbers):
        for number in numbers:
            one = submit(bundle, f"s{number:02}")
            recorder.settle(journal, one, results(bundle, "double"), KEYS)

    with Journal(small, stem) as journal, Recorder(small, bundle) as recorder:
        settle(recorder, journal, range(record._GROUP + 2))
        assert len(book.students) == record._GROUP
        book.db.rollback()
        write, calls = scores._Rows.write, []

        def fails(rows):
            calls.append(rows)
            write(rows)
            if len(calls) == 2:
                raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(scores._Rows, "write", fails)
        with pytest.raises(InfraError, match="s32, s33: the disk is full"):
            recorder.flush()
    assert len(book.students) == record._GROUP
    book.db.rollback()
    with Journal(small, stem) as journal, Recorder(small, bundle) as recorder:
        assert len(journal) == record._GROUP + 2
        settle(recorder, journal, range(record._GROUP + 2))
        assert len(recorder._pending) == 2  # the others were there
    assert len(book.students) == record._GROUP + 2


def test_a_new_gradebook_or_a_lost_page_is_filled_again(small, bundle, stem, entered):
    one, result = submit(bundle, "ada"), results(bundle, "double")

    def settled():
        with Journal(small, stem) as journal, Recorder(small, bundle) as recorder:
            return recorder.settle(journal, one, result, KEYS)

    assert settled()
    assert not settled()
    next((small.grading / "feedback").rglob("*.html")).unlink()
    assert settled()
    empty = entered.grading / "gradebook.db"
    (small.grading / "gradebook.db").write_bytes(empty.read_bytes())
    assert settled()
    assert not settled()


def test_a_plugin_that_fails_is_named(small, bundle, book, stem):
    due(book, stem, 3)
    changes = {"AssignLatePenalties": {"plugin_class": Broken}}
    with (
        late_recorder(small, bundle, **changes) as recorder,
        pytest.raises(InfraError, match="ada: the plugin Broken failed: oh no"),
    ):
        recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    assert book.students == []


class Broken(LateSubmissionPlugin):
    def late_submission_penalty(self, *_):
        raise RuntimeError("oh no")


def test_a_locked_gradebook_writes_nothing_at_all(recorder, bundle, small):
    recorder.record(submit(bundle, "ada"), results(bundle))
    before = dump(small), files(small)
    other = sqlite3.connect(small.grading / "gradebook.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(InfraError, match="recording ada: the gradebook is locked"):
        recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    other.execute("ROLLBACK")
    other.close()
    assert (dump(small), files(small)) == before
    recorder.record(submit(bundle, "ada"), results(bundle, "double"))


@pytest.mark.parametrize("name", ["90_small.ipynb", "90_small.html"])
def test_a_full_disk_is_the_graders_fault_and_leaves_old_files_whole(
    recorder, bundle, small, monkeypatch, name
):
    recorder.record(submit(bundle, "ada"), results(bundle))
    before = files(small)
    write = record.write_text

    def full(path, *rest, **options):
        if path.name == name:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, *rest, **options)

    monkeypatch.setattr(record, "write_text", full)
    with pytest.raises(InfraError, match="disk is full"):
        recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    old = next(path for path in before if path.name == name)
    assert files(small)[old] == before[old]
    monkeypatch.undo()
    recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    assert files(small)[old] != before[old]


def test_a_grader_fault_is_never_scored(recorder, bundle, book, stem, small):
    recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    before = dump(small), files(small)
    fault = results(bundle, "double", Counter=QuestionResult(Verdict.INFRA))
    with pytest.raises(InfraError, match="test_Counter"):
        recorder.record(submit(bundle, "ada"), fault)
    with pytest.raises(InfraError, match="test_double"):
        recorder.record(submit(bundle, "ada"), Result({}))
    assert (dump(small), files(small)) == before


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", "a\nb", "\x1b[2J", "x" * 300]
)
def test_names_that_lead_elsewhere(recorder, bundle, small, name):
    with pytest.raises(InfraError, match="name of a student"):
        recorder.record(submit(bundle, name), results(bundle))
    assert files(small) == {}


def test_an_assignment_must_be_entered_as_it_was_built(small, bundle, book, stem):
    book.find_grade_cell("test_double", stem, stem).max_score = 7
    book.db.commit()
    with pytest.raises(CourseError, match="staff register 90_small"):
        Recorder(small, bundle)
    (small.grading / "gradebook.db").unlink()
    with pytest.raises(CourseError, match="staff register"):
        Recorder(small, bundle)


# --- the executed notebook --------------------------------------------------------


def read_executed(small, stem, student):
    path = small.grading / "autograded" / student / stem / f"{stem}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def test_answers_outputs_and_own_cells_stand_in_their_places(
    recorder, bundle, small, stem
):
    one = submit(bundle, "ada")
    steps = list(one.steps)
    at = next(i for i, s in enumerate(steps) if s.question == "double")
    steps[at:at] = [Step("extra", "mine = 1", "own1"), Step("extra", "x", "setup")]
    steps.append(Step("extra", "last", "no id!"))
    one = submit(bundle, "ada", steps=tuple(steps))
    result = results(bundle, "double")
    result.outputs["own1"] = [{"output_type": "stream", "name": "stderr", "text": "!"}]
    recorder.record(one, result)
    notebook = read_executed(small, stem, "ada")
    cells = {cell.id: cell for cell in notebook.cells}
    assert len(cells) == len(bundle.cells) + 3
    order = list(cells)
    assert order[order.index("double") - 2 :][0] == "own1"
    assert notebook.cells[-1].source == "last"
    assert cells["double"].source == ANSWERS["double"]
    assert cells["double"].outputs[0].text == "hi\n"
    assert cells["own1"].outputs[0].name == "stderr"
    source = cells["test_double"].source  # no page made from it can leak
    assert source.startswith("assert double(1) == 2\n# The hidden part")
    assert "48_271" not in source


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw=="


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"output_type": "stream", "name": "x", "text": ["a", "b"]}, "ab"),
        ({"output_type": "display_data", "data": {"text/html": "<b>"}}, None),
        ({"output_type": "display_data", "data": {"image/svg+xml": "<svg>"}}, None),
        ({"output_type": "display_data", "data": {"application/javascript": ""}}, None),
        ({"output_type": "update_display_data", "data": {"text/plain": "x"}}, None),
        ({"output_type": "display_data", "data": {"image/png": '"><script>'}}, None),
        ({"output_type": "display_data", "data": {"image/png": "QUJD"}}, None),
        ({"output_type": "display_data", "data": {"image/png": PNG}}, PNG),
        ({"output_type": "execute_result", "data": {"text/plain": "3"}}, "3"),
        ({"output_type": "error", "ename": "E", "evalue": "v", "traceback": 3}, "v"),
        ({"output_type": "comm"}, None),
        ({}, None),
    ],
)
def test_outputs_are_text_and_png_only(given, kept):
    found = safe_outputs([given])
    assert bool(found) == (kept is not None)
    if found:
        cell = nbformat.v4.new_code_cell("", outputs=nbformat.from_dict(found))
        nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
        assert kept in str(found[0])
        assert found[0].get("metadata", {}) == {}


def test_long_and_broken_text_is_cut():
    given = {
        "output_type": "stream",
        "name": "stdout",
        "text": "\ud800" + "x" * 300_000,
    }
    text = safe_outputs([given])[0]["text"]
    assert len(text) < 101_000
    text.encode()


# --- a class ----------------------------------------------------------------------


@pytest.mark.slow
def test_a_class_of_two_hundred_takes_seconds(small, bundle, stem):
    result = results(bundle, "double")
    with Journal(small, stem) as journal, Recorder(small, bundle) as recorder:
        start = time.perf_counter()
        for number in range(200):
            one = submit(bundle, f"student{number:03}", sha256=f"{number:064}")
            recorder.settle(journal, one, result, {"double": f"{number}"})
        seconds = time.perf_counter() - start
    print(f"{seconds / 200 * 1000:.1f} ms for each submission")
    assert seconds / 200 < 0.2  # measured: 0.02 on two slow cores
    assert len(files(small)) == 600


def test_exported_csv(recorder, bundle, book, small, tmp_path):
    from nbgrader.plugins import CsvExportPlugin

    recorder.record(submit(bundle, "ada"), results(bundle, "double"))
    recorder.record(submit(bundle, "bob"), results(bundle, "double", "Counter"))
    plugin = CsvExportPlugin(to=str(tmp_path / "grades.csv"))
    plugin.export(book)
    with (tmp_path / "grades.csv").open(newline="") as file:
        rows = {
            r["student_id"]: (r["score"], r["max_score"]) for r in csv.DictReader(file)
        }
    assert rows == {"ada": ("2.0", "5.0"), "bob": ("5.0", "5.0")}
