"""The judge's process: one for each worker, outside the sandbox.

The grader hands it a submission's cells; the warm process, two pipes to the subject and
the name of each question whose test has come. It answers with the verdict, and tells
the grader in the end which questions have passed: nobody else can say so.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import hashlib
import json
import socket
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from staff.authoring.hidden import halves
from staff.grader.inside import confine
from staff.grader.inside.budget import PATIENCE
from staff.grader.inside.host import load_torch
from staff.grader.inside.run import UNREAD
from staff.grader.inside.watch import own_memory
from staff.grader.inside.wire import Broken
from staff.grader.inside.wire import Link as Line
from staff.grader.judge.asked import Call, calls, owners
from staff.grader.judge.judge import Earlier, judged, loaded
from staff.grader.judge.means import doubtful
from staff.grader.judge.plain import plainly, used
from staff.grader.judge.remote import Remote
from staff.grader.judge.scratch import Scratch
from staff.grader.judge.wire import Limits, Link
from staff.grader.model import QuestionResult, Verdict

__all__ = ["Case", "Court", "main"]

_PACKET = 1 << 16
_MEMORY = 1 << 30  # bytes more than at the start: no check needs as much
_GROWN = 512 << 20  # bytes more than at the start: another judge takes over
_ENDS = {Verdict.TAMPERED, Verdict.CRASHED, Verdict.TIMEOUT}
_KINDS = ("provided", "extra", "answer")


class Case:
    """One submission: its cells, and how to judge its questions.

    Args:
        steps: each a dict of kind, source and question, in order.

    Attributes:
        again: [number of a step, what of it was read, as `Scratch.part` tells], if the
            last answer judged passed after other code had run than what was read of it.
            Where only that has run, it may be asked again.
    """

    def __init__(self, steps: list[dict[str, Any]]) -> None:
        self.steps = steps
        self.again: list[list[Any]] = []

    def judge(
        self,
        question: str,
        link: Link,
        seconds: float,
        earlier: Earlier,
        *,
        alone: bool = False,
    ) -> QuestionResult:
        """Run a question's test on the answer that a subject holds.

        Args:
            question: its name.
            link: to the subject.
            seconds: of the processor that the judge itself may take for each part.
            earlier: the error with which the answer's own cell ended.
            alone: nothing of the learner's has run but what was read.
        """
        self.again = []
        place = next(
            number
            for number, step in enumerate(self.steps)
            if step["kind"] == "test" and step["question"] == question
        )
        numbers = [n for n in range(place) if self.steps[n]["kind"] in _KINDS]
        before = [self.steps[number] for number in numbers]
        provided = [step["source"] for step in before if step["kind"] == "provided"]
        texts = zip(halves(self.steps[place]["source"]), (False, True), strict=True)
        parts = [(text, hidden) for text, hidden in texts if text.strip()]
        known = owners(provided)
        found = [(calls(text, known), hidden) for text, hidden in parts]
        remote = Remote(link, 2 * PATIENCE * seconds)
        more: Any = {"seconds": seconds, "earlier": earlier}
        try:
            sources = [step["source"] for step in before]
            asked = _of_one_check(found)
            if not asked:
                names = sorted({name for text, _ in parts for name in used(text)})
                scratch = remote.scratch = Scratch(sources, names)
                result = plainly(parts, provided, remote, **more)
                return _with_doubts(result, remote, scratch, plain=True)
            asked = asked[-1:] if alone else asked  # one of them is a whole check
            call, _ = asked[0]
            scratch = remote.scratch = Scratch(sources, call.asks)
            more["visible"] = sum(not hidden for _, hidden in asked)
            seeds = [_own(e.seed, sources) if hidden else e.seed for e, hidden in asked]
            result = judged(call.stem, call.name, remote, seeds, **more)
            rules = getattr(loaded(call.stem), call.name).rules
            passes = result.verdict is Verdict.PASS
            if passes and (remote.looked or rules) and not alone:
                result = self._with_unread(result, scratch, numbers)
            return _with_doubts(result, remote, scratch, rules=rules)
        finally:
            remote.reset()

    def _with_unread(
        self, result: QuestionResult, scratch: Scratch, numbers: list[int]
    ) -> QuestionResult:
        """Add that more has run than what was read, and note that, if it is so."""
        found, more = [], False
        try:
            for cell, number in enumerate(numbers):
                if self.steps[number]["kind"] != "provided":
                    places, rest = scratch.part(cell)
                    found.append([number, places])
                    more |= rest
        except Exception:  # it cannot be told apart: then it cannot be asked again
            found, more = [], True
        self.again = found if more else []
        return _with_doubt(result, UNREAD) if more else result


def _own(seed: int, sources: list[str]) -> int:
    """Return the seed of a hidden part for these cells, and no others.

    What an answer has seen of it, and a later cell shows, is of no use for another.
    """
    body = json.dumps([seed, sources]).encode()
    return int.from_bytes(hashlib.sha256(body).digest()[:4])


def _of_one_check(
    parts: Iterable[tuple[list[Call] | None, bool]],
) -> list[tuple[Call, bool]]:
    """Return all calls, if they are all of one check, in the way that it asks for."""
    found: list[tuple[Call, bool]] = []
    for called, hidden in parts:
        if called is None:
            return []
        found += [(each, hidden) for each in called]
    kinds = {(each.stem, each.name, each.asks) for each, _ in found}
    if len(kinds) != 1:
        return []
    ((stem, name, asks),) = kinds
    try:
        return found if getattr(loaded(stem), name).asks == asks else []
    except (ValueError, AttributeError):
        return []


def _with_doubts(
    result: QuestionResult,
    remote: Remote,
    scratch: Scratch,
    *,
    plain: bool = False,
    rules: bool = False,
) -> QuestionResult:
    """Add what a person should look at, if an answer that was to be written passes.

    Args:
        plain: the test is, and may name what the course's own code has given.
        rules: the exercise has some about an answer's means.
    """
    if result.verdict is not Verdict.PASS:
        return result
    try:
        own = [] if plain else scratch.helpers
        unclear = scratch.unclear if remote.looked else []
        beyond = doubtful(scratch) if rules else []
    except Exception as error:
        own, beyond = [], []
        unclear = [f"it could not be read ({type(error).__name__})"]
    doubts = [f"{name} is the course's own" for name in own]
    doubts += [f"it was seen to call {name}" for name in sorted(remote.watched)]
    doubts += [f"its text leaves open what it calls: {each}" for each in unclear]
    doubts += [f"its exercise has rules, and no need for: {each}" for each in beyond]
    return _with_doubt(result, "; ".join(doubts)) if doubts else result


def _with_doubt(result: QuestionResult, doubt: str) -> QuestionResult:
    told = "; ".join(filter(None, [result.evidence, doubt]))
    return replace(result, evidence=told[:1000])


class Court:
    """Judges submissions, one after the other.

    Args:
        channel: packets from the warm process.
        seconds: see `Case.judge`.
    """

    def __init__(self, channel: socket.socket, seconds: float) -> None:
        self._channel, self._seconds = channel, seconds
        self._link: Link | None = None
        self._start = own_memory("self")

    def hear(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        """Judge what is asked about one submission; return what the grader is told."""
        case = Case(steps)
        passed: dict[str, float | None] = {}
        while True:
            body, handles, _, _ = socket.recv_fds(self._channel, _PACKET, 2)
            if not body:
                raise Broken("the warm process has ended")
            message = json.loads(body)
            if handles:
                self._close()
                reading, writing = handles
                self._link = Link(reading, writing, Limits())
            elif "test" in message:
                result = self._judge(case, message)
                if result.verdict is Verdict.PASS:
                    passed[message["test"]] = result.earned
            else:
                break
        self._close()
        grown = own_memory("self") > self._start + _GROWN
        return {"passed": passed, "grown": grown}

    def _judge(self, case: Case, message: dict[str, Any]) -> QuestionResult:
        assert self._link is not None
        earlier = message.get("earlier")
        # One long call in C hears no signal: then this process ends.
        faulthandler.dump_traceback_later(3 * PATIENCE * self._seconds, exit=True)
        try:
            result = case.judge(
                *(message["test"], self._link, self._seconds),
                tuple(earlier) if earlier else None,
                alone=bool(message.get("alone")),
            )
        finally:
            faulthandler.cancel_dump_traceback_later()
        told = {"result": result.to_json(), "again": case.again}
        body = json.dumps(told).encode()
        if len(body) > _PACKET:  # in how many pieces it was read: it stays a doubt
            body = json.dumps({**told, "again": []}).encode()
        self._channel.send(body)
        if result.verdict not in _ENDS:
            Remote(self._link, self._seconds).end()
        return result

    def _close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


def main() -> None:
    """Serve the grader on standard input and output until it ends."""
    line = Line.take_over()
    with contextlib.suppress(Broken):
        config = line.receive()
        confine.die_with_parent()
        confine.close_to_others()
        confine.no_new_privileges()
        load_torch()
        for stem in config["stems"]:
            with contextlib.suppress(ValueError):
                loaded(stem)
        limits = config["limits"]
        confine.limit(memory=_MEMORY, seconds=None, processes=4096, file_bytes=1 << 20)
        gc.collect()
        gc.freeze()
        court = Court(socket.socket(fileno=config["judge"]), limits["seconds"])
        line.send({"ready": True})
        while True:
            line.send(court.hear(line.receive()["steps"]))


if __name__ == "__main__":
    main()
    sys.exit(0)
