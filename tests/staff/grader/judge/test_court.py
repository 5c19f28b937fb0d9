"""The judge's process: what it makes of a submission's cells, and whom it tells."""

from __future__ import annotations

import json
import os
import socket
import threading

import pytest

from helpers.study import progress
from staff.grader.inside.run import CELL
from staff.grader.inside.wire import Broken
from staff.grader.judge.court import Case, Court
from staff.grader.judge.judge import loaded
from staff.grader.model import Verdict
from tests.hostile.case import RIGHT, WRONG
from tests.staff.grader.judge.subjects import forked

STEM, NAME = "02_dropout_from_scratch", "inverted_dropout"
SETUP = f'import torch\nfrom helpers.checks import load\n\ncheck = load("{STEM}")\n'
TEST = f"""check.{NAME}({NAME})
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("{STEM}").{NAME}({NAME}, seed=48_271)
### END HIDDEN TESTS
"""
HIDES = "\n\nmore = getattr(torch, 'ra' + str('nd'))\n"


@pytest.fixture(autouse=True)
def no_progress(monkeypatch):
    monkeypatch.setattr(progress, "record", lambda *args: None)


def steps(answer, test=TEST):
    rows = (("provided", SETUP, ""), ("answer", answer, NAME), ("test", test, NAME))
    return [{"kind": k, "source": s, "question": q} for k, s, q in rows]


def subject(answer):
    def names():
        space = {"__name__": "__main__"}
        exec(SETUP + answer, space)
        return space

    return forked(names, seconds=10)


def told(answer, *, earlier=None, **more):
    with subject(answer) as remote:
        case = Case(steps(answer, **more))
        return case.judge(NAME, remote._link, 10.0, earlier)


def test_a_right_answer_passes_without_a_doubt():
    result = told(RIGHT)
    assert (result.verdict, result.evidence) == (Verdict.PASS, "")


def test_a_wrong_answer_fails_on_what_it_can_see():
    result = told(WRONG)
    assert (result.verdict, result.hidden) == (Verdict.FAIL, False)
    assert "Exercise 2.2" in result.message


def test_what_passes_by_the_visible_part_alone_fails_on_the_hidden_one():
    shown = TEST.partition("### BEGIN")[0]
    assert told(WRONG, test=TEST.removeprefix(shown)).hidden
    assert told(RIGHT, test=shown).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "test",
    [
        TEST.replace('load("', 'import math\nload("'),
        TEST.replace(
            "### BEGIN", f"assert {NAME}(torch.ones(9), 0.0, True).all()\n### BEGIN"
        ),
        "# nothing is asked",
    ],
)
def test_tests_of_another_kind_are_run_as_plain_code(test):
    assert told(RIGHT, test=test).verdict is Verdict.PASS
    expected = Verdict.PASS if test.startswith("#") else Verdict.FAIL
    assert told(WRONG, test=test).verdict is expected


def test_an_answer_that_is_not_there_has_the_error_of_its_cell():
    result = told("x = 1", earlier=("ValueError", "ValueError: no"))
    assert (result.verdict, result.evidence) == (Verdict.ERROR, CELL)
    assert result.message == "Your code raised ValueError: no"
    assert "NameError: name 'inverted_dropout'" in told("x = 1").message


def test_a_pass_may_leave_a_doubt_for_a_person():
    hidden = RIGHT.replace("torch.rand(", "more(")
    result = told(HIDES + hidden)
    assert result.verdict is Verdict.PASS
    assert "getattr with a computed name" in result.evidence


@pytest.mark.parametrize("rules", [True, False])
def test_where_a_card_has_rules_means_are_left_to_a_person(rules, monkeypatch):
    monkeypatch.setattr(getattr(loaded(STEM), NAME), "rules", rules)
    result = told(
        f"import os\n{RIGHT.replace('torch.rand(', '(os.sep and torch.rand)(')}"
    )
    assert result.verdict is Verdict.PASS
    assert ("no need for: os.sep" in result.evidence) is rules
    plain = told(RIGHT)
    assert (plain.verdict, plain.evidence) == (Verdict.PASS, "")


def test_a_text_too_deep_to_be_read_is_a_doubt_or_a_verdict():
    deep = f"{RIGHT}\n\ndeep = torch{'.nn' * 3000} if False else 0\n"
    result = told(deep.replace("return x\n", "return x + 0 * deep\n", 1))
    assert result.verdict is not Verdict.INFRA


@pytest.fixture
def channel():
    """The warm process's end and the judge's."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield ours, its
    ours.close()
    its.close()


@pytest.mark.parametrize("answer", [RIGHT, WRONG])
def test_the_court_tells_who_has_passed(answer, channel):
    """The warm process hears the verdict, the grader whom it may believe."""
    ours, its = channel
    heard = []

    def warm():
        heard.append(json.loads(ours.recv(1 << 16))["result"]["verdict"])
        ours.send(b"{}")

    with subject(answer) as remote:
        link = [os.dup(remote._link.reading), os.dup(remote._link.writing)]
        socket.send_fds(ours, [b'{"open": true}'], link)
        for each in link:
            os.close(each)
        ours.send(json.dumps({"test": NAME, "earlier": None}).encode())
        thread = threading.Thread(target=warm)
        thread.start()
        told = Court(its, 10.0).hear(steps(answer))
        thread.join()
    passed = {NAME: None} if answer is RIGHT else {}
    assert told == {"passed": passed, "grown": False}
    assert heard == ["PASS" if passed else "FAIL"]


def test_without_the_warm_process_there_is_nothing_to_hear(channel):
    channel[0].close()
    with pytest.raises(Broken):
        Court(channel[1], 10.0).hear(steps(RIGHT))
