"""The judge says of an answer in another process what a check says of it in this one.

`COURSE_TESTS=all` tries every answer and every lie; otherwise a sample.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from helpers import checks
from helpers.checks import CheckFailed, NotAttempted
from helpers.study import progress
from staff.grader.judge import judge
from staff.grader.judge.judge import concluded, judged
from staff.grader.judge.wire import Lost
from staff.grader.model import QuestionResult, Verdict
from tests.staff.grader.judge import liars
from tests.staff.grader.judge.subjects import Answers, forked
from tests.test_answers import RIGHT, WRONG, answer, checker, label

EVERYTHING = os.environ.get("COURSE_TESTS") == "all"


def some(paths: list[Path], of_each: int) -> Iterator[Path]:
    """Keep so many answers of each exercise; all where everything is to be tried."""
    seen: dict[Path, int] = {}
    for path in paths:
        seen[path.parent] = seen.get(path.parent, 0) + 1
        if EVERYTHING or seen[path.parent] <= of_each:
            yield path


@pytest.fixture(autouse=True)
def no_progress(monkeypatch):
    monkeypatch.setattr(progress, "record", lambda *args: None)


@pytest.fixture(scope="module")
def remote():
    torch.optim.SGD([torch.ones(1)])  # what torch imports for it is imported once
    with forked() as remote:
        yield remote


def verdict(path: Path, remote: Answers, *seeds: int) -> QuestionResult:
    remote.path = path
    return judged(path.parts[-3], path.parts[-2], remote, seeds or (0,))


def in_process(path: Path, seed: int = 0) -> tuple[str, str, str]:
    """Return (verdict, mistake, message) of the check in this process."""
    try:
        checker(path)(*answer(path), seed=seed)
    except NotAttempted:
        return Verdict.MISSING, "", ""
    except CheckFailed as failed:
        kind = Verdict.ERROR if failed.raised else Verdict.FAIL
        return kind, failed.mistake or "", "\n".join(failed.lines())[:4000]
    return Verdict.PASS, "", ""


DRAWS = {"strategy"}  # exercises whose answers draw what they like

# -- the same verdict ------------------------------------------------------------------


@pytest.mark.parametrize("path", some(RIGHT, 1), ids=label)
def test_right_answers_pass(path, remote):
    result = verdict(path, remote, 0, 1)
    assert (result.verdict, result.message) == (Verdict.PASS, "")


@pytest.mark.parametrize("path", some(WRONG, 1), ids=label)
def test_wrong_answers_get_the_same_message(path, remote):
    if path.parts[-2] in DRAWS:
        pytest.skip("it trains with random numbers of its own: another model each time")
    result = verdict(path, remote)
    assert (result.verdict, result.mistake, result.message) == in_process(path)


def test_a_stub_is_missing():
    def stub(*args):
        raise NotImplementedError

    with forked(lambda: {"soften": stub}) as remote:
        plain = super(Answers, remote).take
        remote.take = plain  # type: ignore[method-assign]
        result = judged("08_distillation", "soften", remote, (0,))
    assert result.verdict is Verdict.MISSING


def test_a_hidden_part_tells_no_number(remote):
    path = next(p for p in WRONG if p.stem == "wrong_not_scaled")
    shown = verdict(path, remote, 0)
    assert "Got" in shown.message
    right = path.with_name("right_solution.py")
    assert right.is_file()
    calls = iter([right, path])

    class Changing(Answers):
        def take(self, names):
            self.path = next(calls)
            return super().take(names)

    changing = Changing(remote._link)
    hidden = judged(path.parts[-3], path.parts[-2], changing, (0, 1))
    assert (hidden.hidden, hidden.mistake) == (True, "not-scaled")
    assert "with other numbers" in hidden.message
    assert "Got" not in hidden.message


# -- lies ------------------------------------------------------------------------------

FEW = ("DropConnect", "ensemble_predict", "inverted_dropout")
BENT = [path for path in some(WRONG, 1) if EVERYTHING or path.parts[-2] in FEW]


def lied(path: Path, name: str) -> QuestionResult:
    seconds = 0.3 if name in liars.SILENT else 10.0
    with forked(serve=liars.serving(liars.LIES[name]), seconds=seconds) as remote:
        return verdict(path, remote, 0, 1)


@pytest.mark.parametrize("name", liars.LIES)
def test_no_lie_makes_a_wrong_answer_pass(name):
    """And none stalls the judge, or ends it."""
    modes = torch.is_grad_enabled(), torch.get_default_dtype()
    for path in BENT if name not in liars.SILENT else BENT[:1]:
        start = time.monotonic()
        result = lied(path, name)
        assert type(result) is QuestionResult
        assert result.verdict not in (Verdict.PASS, Verdict.INFRA), label(path)
        assert time.monotonic() - start < 60
    assert modes == (torch.is_grad_enabled(), torch.get_default_dtype())


EXPECTED = {
    "nothing": Verdict.TIMEOUT,
    "half a message": Verdict.TIMEOUT,
    "drop by drop": Verdict.TIMEOUT,
    "its end": Verdict.CRASHED,
    "junk": Verdict.TAMPERED,
    "a huge one": Verdict.TAMPERED,
    "a deep one": Verdict.TAMPERED,
    "it changes what it can": Verdict.TAMPERED,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_no_answer_can_say_has_its_verdict(name):
    assert lied(BENT[0], name).verdict is EXPECTED[name]


def test_a_check_that_is_kept_busy_ends_in_time(remote, monkeypatch):
    """By a value that came back, say: as many rounds as the answer likes."""

    def busy(*answers, seed):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)

    busy.asks = checks.load("08_distillation").soften.asks
    monkeypatch.setattr(judge, "loaded", lambda stem: SimpleNamespace(soften=busy))
    remote.path = next(p for p in RIGHT if p.parts[-2] == "soften")
    start = time.monotonic()
    result = judged("08_distillation", "soften", remote, (0,), seconds=0.2)
    assert result.verdict is Verdict.TIMEOUT
    assert time.monotonic() - start < 30


class Recorded:
    """A link that keeps what came over another one; or gives it again."""

    def __init__(self, link=None, replies=()):
        self.link, self.replies = link, list(replies)

    def send(self, head, blob, end=None):
        if self.link is not None:
            self.link.send(head, blob, end)

    def receive(self, end=None):
        if self.link is None:
            if not self.replies:
                raise Lost("nothing more", late=True)
            return self.replies.pop(0)
        self.replies.append(self.link.receive(end))
        return self.replies[-1]


# What is right there is the same whatever the seed: the networks do not vary.
SAME = {"enable_dropout"}
VARIED = [path for path in some(RIGHT, 1) if path.parts[-2] not in SAME]


@pytest.mark.parametrize("path", VARIED, ids=label)
def test_a_right_answers_replies_are_wrong_for_other_numbers(path, remote):
    """All of them in their order, from a run with another seed."""
    link = Recorded(remote._link)
    assert verdict(path, _over(link), 1234).verdict is Verdict.PASS
    again = _over(Recorded(replies=link.replies))
    result = verdict(path, again, 0)
    assert result.verdict not in (Verdict.PASS, Verdict.INFRA)


def _over(link: Recorded) -> Answers:
    remote = Answers(link, 30.0)  # type: ignore[arg-type]
    return remote


def test_the_liars_do_lie():
    """Without their lies their answers get the verdict that they deserve."""
    with forked(serve=liars.serving(lambda link, *reply: reply)) as remote:
        result = verdict(BENT[0], remote)
    assert (result.verdict, result.mistake) == in_process(BENT[0])[:2]


def test_every_notebook_has_answers_here():
    assert {p.parts[-3] for p in some(RIGHT, 1)} == set(checks.available())


@pytest.mark.parametrize("kind", [SystemExit, GeneratorExit, RecursionError])
def test_no_error_of_a_check_ends_the_judge(kind):
    def run():
        raise kind("over")

    result = concluded([(run, False)])
    assert result.verdict is Verdict.ERROR
    assert result.evidence == f"{kind.__name__}: over"


def test_a_person_may_end_the_judge():
    def run():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        concluded([(run, False)])
