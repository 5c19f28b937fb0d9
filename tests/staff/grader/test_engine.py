"""The grader's own process may fail; what a session says is never taken on trust."""

import os

import pytest

from staff.grader.engine import (
    Job,
    JudgeLost,
    Limits,
    Local,
    Seat,
    Warm,
    WorkerFailed,
    _sure,
    apart,
    outcome,
)
from staff.grader.inside.budget import PATIENCE
from staff.grader.inside.watch import sweep
from staff.grader.model import Step, Submission, Verdict

STEPS = (
    Step("provided", "import math", "setup"),
    Step("answer", "f = 1", "f", "f"),
    Step("test", "assert f", "test_f", "f"),
)
JOB = Job(Submission("ada", "f", "0", STEPS), ("f",))


class Fake:
    layers, grown = ("none",), False

    def __init__(self, *answers):
        self.answers, self.closed, self.said = list(answers), 0, []

    def grade(self, message, seconds):
        self.said.append(message)
        self.patience = seconds
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.closed += 1


def passing():
    return {"questions": {"f": {"verdict": "PASS", "message": ""}}, "seconds": 0.1}


def test_a_lost_process_is_replaced_once():
    fake = Fake(WorkerFailed("gone"), passing())
    result, _ = Seat(lambda: fake, Limits()).grade(JOB)
    assert result.questions["f"].verdict is Verdict.PASS
    assert fake.closed == 1


def test_helpers_are_compiled_where_that_can_be_written(tmp_path):
    """A session can not: it would compile its checks again for each answer."""

    class NoBox:
        def command(self, *_):
            raise WorkerFailed("no sandbox")

    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "x.py").write_text("x = 1\n")
    with pytest.raises(WorkerFailed, match="no sandbox"):
        Warm(tmp_path, "", NoBox(), Limits())
    assert [path.name[:2] for path in tmp_path.rglob("*.pyc")] == ["x."]


def test_lost_twice_is_the_graders_fault_and_no_score():
    fake = Fake(WorkerFailed("gone"), WorkerFailed("gone again"))
    result, _ = Seat(lambda: fake, Limits()).grade(JOB)
    assert result.questions["f"].verdict is Verdict.INFRA
    assert "gone again" in result.questions["f"].evidence


def test_what_this_machine_lacks_is_the_graders_fault_and_stops_nobody():
    fake = Fake(OSError(28, "No space left on device"), OSError(12, "no memory"))
    result, _ = Seat(lambda: fake, Limits()).grade(JOB)
    assert result.questions["f"].verdict is Verdict.INFRA
    assert "no memory" in result.questions["f"].evidence


def test_a_submission_has_its_verdicts_before_anybody_loses_patience():
    fake, limits = Fake(passing()), Limits(seconds=20)
    Seat(lambda: fake, limits).grade(JOB)
    (message,) = fake.said
    assert message["seconds"] == limits.whole(1) == 80
    assert fake.patience > 2 * PATIENCE * message["seconds"]


@pytest.mark.parametrize(
    "junk",
    [
        {},
        {"verdict": "FULL_MARKS"},
        {"verdict": "PASS", "seconds": "long"},
        {"verdict": "PASS", "seconds": 10**400},
        {"verdict": ["PASS"]},
    ],
)
def test_a_result_that_is_none_is_tampered(junk):
    result = outcome(JOB, {"questions": {"f": junk}}, ())
    assert result.questions["f"].verdict is Verdict.TAMPERED


def test_only_true_is_true():
    """What an answer could have written is no word of ours."""
    found = {"verdict": "FAIL", "hidden": "no", "limited": 1}
    result = outcome(JOB, {"questions": {"f": found}}, ()).questions["f"]
    assert (result.hidden, result.limited) == (False, False)


def test_a_question_nobody_asked_for_is_ignored():
    answer = {"questions": {"f": {"verdict": "FAIL"}, "g": {"verdict": "PASS"}}}
    assert set(outcome(JOB, answer, ()).questions) == {"f"}


def test_missing_and_unreached_questions_have_verdicts_of_their_own():
    submission = Submission("ada", "f", "0", STEPS, missing=frozenset({"g"}))
    result = outcome(Job(submission, ("f", "g")), {}, ())
    assert result.questions["f"].verdict is Verdict.NOT_RUN
    assert result.questions["g"].verdict is Verdict.MISSING


def test_a_judge_that_has_grown_is_replaced():
    fake = Fake(passing(), passing())
    seat = Seat(lambda: fake, Limits())
    seat.grade(JOB)
    assert fake.closed == 0
    fake.grown = True
    seat.grade(JOB)
    assert fake.closed == 1


def test_a_question_with_which_the_judge_is_lost_twice_has_a_verdict():
    fake = Fake(JudgeLost("f"), JudgeLost("f"), {"questions": {}})
    result, _ = Seat(lambda: fake, Limits()).grade(JOB)
    assert result.questions["f"].verdict is Verdict.TIMEOUT
    assert [each["wanted"] for each in fake.said] == [["f"], ["f"], []]
    fake = Fake(JudgeLost("f"), passing())  # it may have been this machine
    result, _ = Seat(lambda: fake, Limits()).grade(JOB)
    assert result.questions["f"].verdict is Verdict.PASS


def test_results_come_for_every_job_and_workers_are_closed():
    made = []

    def make():
        made.append(Fake(*[passing() for _ in range(50)]))
        return made[-1]

    jobs = (Job(Submission(f"s{k}", "f", "0", STEPS), ("f",)) for k in range(20))
    results = [
        job.submission.student for job, _ in Local(make, Limits(), 3).results(jobs)
    ]
    assert sorted(results) == sorted(f"s{k}" for k in range(20))
    assert all(fake.closed == 1 for fake in made)


def test_a_reader_that_stops_early_leaves_no_thread():
    jobs = (Job(Submission(f"s{k}", "f", "0", STEPS), ("f",)) for k in range(1000))
    fakes = []

    def make():
        fakes.append(Fake(*[passing() for _ in range(1000)]))
        return fakes[-1]

    results = Local(make, Limits(), 2).results(jobs)
    next(results)
    results.close()
    assert all(fake.closed for fake in fakes)
    assert sum(len(fake.said) for fake in fakes) < 100


def test_a_worker_that_cannot_be_closed_stops_grading_instead_of_waiting():
    class Stuck(Fake):
        def close(self):
            raise RecursionError("too deep")

    local = Local(lambda: Stuck(passing()), Limits(), 1)
    with pytest.raises(RecursionError, match="too deep"):
        list(local.results([JOB]))


def test_texts_go_apart_from_what_the_warm_process_reads():
    test = (
        "check(f)\n### BEGIN HIDDEN TESTS\ncheck(f, seed=7)\n### END HIDDEN TESTS\nend"
    )
    steps = [
        {"kind": "answer", "source": "f = 'ä\ud800'", "cell": "f"},
        {"kind": "test", "source": test, "cell": "test_f"},
    ]
    bare, texts = apart(steps)
    assert [step["source"] for step in bare] == ["", ""]
    start, length = bare[0]["place"]
    whole = texts[start : start + length].decode("utf-8", "surrogatepass")
    assert whole == "f = 'ä\ud800'"
    assert "place" not in bare[1]
    assert b"check" not in texts  # a test never goes inside
    assert steps[1]["source"] == test


def test_only_the_judge_can_say_that_somebody_passes():
    answer = {"questions": {"f": {"verdict": "PASS"}, "g": {"verdict": "PASS"}}}
    sure = _sure(answer, {"g": 1.5})
    assert outcome(JOB, sure, ()).questions["f"].verdict is Verdict.TAMPERED
    assert sure["questions"]["g"] == {"verdict": "PASS", "earned": 1.5}


def nest(folder, depth):
    """Make folders deeper than a path or Python's stack; return the innermost's fd."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 60, dir_fd=here)
        deeper = os.open("d" * 60, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    return here


def test_sweeping_does_not_look_into_what_is_mounted(tmp_path, monkeypatch):
    (tmp_path / "course").mkdir()
    for name in ("left", "course/lesson"):
        (tmp_path / name).touch()
    own = os.lstat(tmp_path)
    elsewhere = os.stat_result((*own[:2], own.st_dev + 1, *own[3:]))
    monkeypatch.setattr(os, "lstat", lambda path: elsewhere)  # than "course" is
    sweep([tmp_path])
    assert [str(p.relative_to(tmp_path)) for p in sorted(tmp_path.rglob("*"))] == [
        *("course", "course/lesson")
    ]


def test_sweeping_copes_with_whatever_an_answer_leaves(tmp_path):
    scratch, outside = tmp_path / "scratch", tmp_path / "outside"
    for folder in (scratch, outside):
        folder.mkdir()
        (folder / "file").write_text("text")
    innermost = nest(scratch, 3000)
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=innermost))
    os.close(innermost)
    (scratch / "link").symlink_to(outside)
    (scratch / "shut").mkdir()
    (scratch / "shut" / "inner").mkdir()
    (scratch / "shut" / "inner" / "file").touch()
    (scratch / "shut" / "inner").chmod(0)
    (scratch / "shut").chmod(0)
    os.mkfifo(scratch / "pipe")
    scratch.chmod(0o500)
    sweep([scratch, tmp_path / "never-was"])
    assert list(scratch.iterdir()) == []
    assert (outside / "file").read_text() == "text"
