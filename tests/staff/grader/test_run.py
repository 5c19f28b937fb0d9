"""What runs when a submission does not run through, and which time counts."""

import json
import os
import socket

import pytest

from staff.grader.inside import budget
from staff.grader.inside.attempt import Attempt, Ready
from staff.grader.inside.budget import PATIENCE, Budget, Clock
from staff.grader.inside.run import BEST, Run

KINDS = {"s": "provided", "x": "extra", "a": "answer", "t": "test"}


def steps(order):
    """Return steps from a text such as "s x a1 t1"."""
    return [
        {
            "kind": KINDS[word[0]],
            "question": f"q{word[1:]}" if word[1:] else "",
            "cell": f"{word} {place}",
            "source": "",
            "place": [0, 0],
        }
        for place, word in enumerate(order.split())
    ]


def run(order="s x a1 t1 a2 t2 a3 t3", **job):
    made = steps(order)
    wanted = [step["question"] for step in made if step["kind"] == "test"]
    return Run({"id": "ada", "steps": made, "wanted": wanted, **job})


def planned(one):
    return " ".join(step["cell"].split()[0] for _, step in one.plan())


def test_a_step_that_ended_a_session_is_not_run_again():
    one = run()
    one.settle(4, "TIMEOUT", "too long")
    assert one.open_questions() == ["q1", "q3"]
    assert planned(one) == "s x a1 t1 a3 t3"


def test_an_extra_cell_costs_no_points():
    one = run()
    one.settle(1, "TIMEOUT", "too long")
    assert one.results == {}
    assert planned(one) == "s a1 t1 a2 t2 a3 t3"


def test_an_answer_that_ends_sessions_is_set_aside_for_the_others():
    one = run()
    one.settle(5, "OOM", "too much")
    one.set_aside("q2")
    assert planned(one) == "s x a1 t1 a3 t3"
    assert [planned(each) for each in one.apart("q3")] == [
        "s a3 t3",
        "s x a3 t3",
        "s x a1 a2 a3 t3",
    ]


def test_an_answer_that_fails_stays_for_the_others():
    one = run()
    one.settle(5, "FAIL", "wrong")
    one.set_aside("q2")
    assert planned(one) == "s x a1 t1 a2 a3 t3"


def test_what_is_tried_apart_grows():
    one = run()
    one.settle(3, "TIMEOUT", "too long")
    assert [planned(each) for each in one.apart("q1")] == ["s a1 t1", "s x a1 t1"]


@pytest.mark.parametrize(
    ("order", "settled", "name", "expected"),
    [
        ("s a1 t1 a2 t2", 2, "q1", False),  # nobody else was there
        ("s x a1 t1", 3, "q1", True),
        ("s a1 t1 a2 t2", 4, "q2", True),
        ("s a1 t1 x a2", 2, "q1", False),
    ],
)
def test_other_cells_are_to_blame_only_if_they_ran_before(
    order, settled, name, expected
):
    one = run(order)
    one.settle(settled, "TIMEOUT", "too long")
    assert one.may_do_better(name) == expected


def test_a_result_from_apart_brings_the_outputs_that_are_missing():
    one, other = run(), run()
    one.put_out("s 0", ["first"])
    other.put_out("s 0", ["second"])
    other.put_out("a1 2", ["new"])
    other.settle(3, "PASS", "")
    one.take("q1", other)
    assert one.results["q1"]["verdict"] == "PASS"
    assert one.outputs == {"s 0": ["first"], "a1 2": ["new"]}


def test_outputs_have_room_for_so_much_and_no_more():
    one = run()
    for number in range(200):
        one.put_out(f"cell {number}", ["\U0001f600" * 20_000])
    size = len(json.dumps(one.message(seconds=0)))
    assert 1e6 < size < 1e7
    assert one.outputs["cell 199"] == []


def test_a_cell_that_runs_again_has_the_room_that_it_had():
    """On a busy machine whole submissions run again; their outputs were lost."""
    one = run()
    for _ in range(3):
        for number in range(20):
            one.put_out(f"cell {number}", ["\U0001f600" * 20_000])
    assert all(one.outputs.values())


def test_a_pass_is_worth_more_than_a_fail_and_that_more_than_a_doubt():
    one = run()
    for step, verdict in ((3, "FAIL"), (5, "CRASHED"), (7, "PASS")):
        one.settle(step, verdict, "")
    assert one.worth("q2") < one.worth("q1") < one.worth("q3") == BEST


def test_where_answers_may_change_what_others_rely_on_each_wrong_one_is_a_doubt():
    for suspect, doubts in ((False, []), (True, ["q2"])):
        one = run(suspect=suspect)
        for step, verdict in ((3, "PASS"), (5, "FAIL")):
            one.settle(step, verdict, "")
        assert one.doubtful() == doubts


def test_what_hangs_on_limits_says_so():
    one = run()
    for step, verdict in ((3, "PASS"), (5, "FAIL")):
        one.settle(step, verdict, "")
    limited = {k: v["limited"] for k, v in one.message()["questions"].items()}
    assert limited == {"q1": False, "q2": False}
    one.settle(1, "TIMEOUT", "")  # an extra cell that others might need
    one.settle(7, "OOM", "")
    limited = {k: v["limited"] for k, v in one.message()["questions"].items()}
    assert limited == {"q1": False, "q2": True, "q3": True}


# --- time -------------------------------------------------------------------------


@pytest.fixture
def now(monkeypatch):
    """A clock that stands still until it is told."""
    clock = [100.0]
    monkeypatch.setattr(budget.time, "monotonic", lambda: clock[0])
    return clock


@pytest.mark.parametrize(
    ("passed", "worked", "runnable", "counts"),
    [
        (2.0, 0.0, False, 2.0),  # it waits
        (2.0, 0.5, True, 0.5),  # it computes, and others do, too
        (2.0, 3.5, True, 2.0),  # with several processes
        (2.0, 0.5, False, 2.0),
        (0.01, 0.0, True, 0.01),  # too short to ask
        (2.0, -1.0, True, 0.0),  # a process is gone, with all that it had used
    ],
)
def test_time_counts_on_the_clock_or_as_work(now, passed, worked, runnable, counts):
    clock = Clock(lambda: (worked, runnable))
    now[0] += passed
    assert clock.lap() == pytest.approx(counts)
    assert clock.lap() == 0


def test_a_budget_is_spent_by_work_or_by_waiting_for_it(now):
    one, two = Budget(10), Budget(10)
    one.spend(9.5)
    assert not one.used_up
    one.spend(0.5)
    assert one.used_up
    now[0] += 10 * PATIENCE + 1
    assert two.used_up


# --- what a session says ----------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "verdict", "step": 0, "verdict": "PASS"},
        {"kind": "result", "step": 0, "verdict": "PASS"},
        {"kind": "end", "step": 0, "outputs": 7},
        {"kind": "end", "step": 0, "outputs": [], "error": "text"},
        {"kind": "tested", "step": 0, "status": 0},
        {"kind": "modules", "step": 0, "modules": []},
        {"kind": ["begin"]},
        {"kind": "nobody", "step": 0},
        {"kind": "begin", "step": 5},
    ],
)
def test_whatever_a_session_says_it_is_a_verdict(message):
    one = run("a1 t1")
    config = {"limits": {"output": 9, "seconds": 1}, "texts": 0}
    ready = Ready(config, [], None, None, None, 0)
    attempt = Attempt(ready, one, None, Budget(10))
    attempt.reading, writing = os.pipe()
    os.set_blocking(attempt.reading, False)
    attempt.current = 0
    attempt._packet(json.dumps(message).encode())
    os.close(attempt.reading)
    os.close(writing)
    assert one.results["q1"]["verdict"] == "TAMPERED"


@pytest.fixture
def under_test():
    """An attempt whose test runs, and the judge's end of its socket."""
    ours, judge = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    config = {"limits": {"output": 9, "seconds": 1}, "texts": 0}
    attempt = Attempt(
        Ready(config, [], None, None, ours, 0), run("a1 t1 a2 t2"), None, Budget(10)
    )
    attempt.reading, writing = os.pipe()
    os.close(writing)
    os.set_blocking(attempt.reading, False)
    attempt.current = 0
    attempt._packet(b'{"kind": "end", "step": 0, "error": ["E", "E: no"]}')
    attempt._packet(b'{"kind": "begin", "step": 1}')
    yield attempt, judge
    for each in (ours, judge):
        each.close()
    os.close(attempt.reading)


def verdict(word):
    return json.dumps({"result": {"verdict": word, "message": ""}}).encode()


def test_the_judge_is_asked_and_its_word_is_taken(under_test):
    attempt, judge = under_test
    assert json.loads(judge.recv(1000)) == {
        "test": "q1",
        "earlier": ["E", "E: no"],
        "alone": False,
    }
    judge.send(verdict("PASS"))
    attempt._packet(b'{"kind": "tested", "step": 1, "status": 0}')
    assert attempt.run.results["q1"]["verdict"] == "PASS"
    assert not attempt.over


@pytest.mark.parametrize("kind", ["tested", "begin", "complete"])
def test_a_session_that_goes_on_without_a_verdict_has_none(under_test, kind):
    attempt, judge = under_test
    step = 2 if kind == "begin" else 1
    attempt._packet(json.dumps({"kind": kind, "step": step, "status": 0}).encode())
    assert attempt.run.results["q1"]["verdict"] in ("CRASHED", "TAMPERED")
    assert attempt.over


@pytest.mark.parametrize("word", ["TAMPERED", "CRASHED", "TIMEOUT"])
def test_a_subject_that_broke_off_is_not_asked_again(under_test, word):
    attempt, judge = under_test
    judge.send(verdict(word))
    attempt._verdict()
    assert attempt.run.results["q1"]["verdict"] == word
    assert attempt.over
