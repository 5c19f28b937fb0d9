"""Where a submission stands: what its questions got, and what is still to be run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["BEST", "CELL", "UNREAD", "Run", "Step"]

UNREAD = "other cells may change what it does"
CELL = "the answer's own cell ended with this error"
BEST = 2  # worth of a PASS
_ENDS = {"TAMPERED", "CRASHED", "TIMEOUT", "OOM", "OUTPUT_LIMIT"}  # a session
_DOUBTFUL = {*_ENDS, "NOT_RUN", "INFRA"}
_WRONG = {"FAIL", "ERROR", "MISSING"}
_BOUND = {"TIMEOUT", "OOM", "OUTPUT_LIMIT", "CRASHED", "NOT_RUN"}  # by a limit, maybe
_OUTPUTS = 8_000_000  # bytes of JSON that all cells' outputs may take together
_TAMPERED = (
    "The grader noticed that this answer changes or reads what belongs to the grader. "
    "A person will look at it."
)

Step = dict[str, Any]


class Run:
    """Where a submission stands, over all its attempts.

    Args:
        job: "id", "steps" (each a dict of kind, source, cell, question), "wanted"
            (questions to test), "suspect" (optional: an answer may change what others
            rely on), "scout" (optional: report which modules were loaded), "alone"
            (optional: nothing of the learner's runs but what the judge has read).

    Attributes:
        skip: numbers of steps that ended a session; they never run again.
        aside: numbers of answers whose tests ended a session; other questions are run
            without them first.
        limited: whether anything came up against a limit.
        again: question that passes, but has to be asked again without what the judge
            has not read → [number of a step, parts of it that it has read].
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.job: dict[str, Any] = job
        self.steps: list[Step] = job["steps"]
        self.skip: set[int] = set()
        self.aside: set[int] = set()
        self.results: dict[str, dict[str, Any]] = {}
        self.outputs: dict[str, list[Any]] = {}
        self.modules: set[str] = set()
        self.limited = False
        self.again: dict[str, list[Any]] = {}
        self._room = _OUTPUTS
        self._taken: dict[str, int] = {}  # cell → bytes of it

    def open_questions(self) -> list[str]:
        """Return the wanted questions without a verdict."""
        return [name for name in self.job["wanted"] if name not in self.results]

    def doubtful(self) -> list[str]:
        """Return the questions whose verdict another answer may have caused."""
        return [n for n, each in self.results.items() if self._is_doubtful(each)]

    def worth(self, name: str) -> int:
        """Return how much a verdict says about an answer: 0 (doubtful) to BEST."""
        result = self.results[name]
        if self._is_doubtful(result):
            return 0
        return BEST if result["verdict"] == "PASS" else 1

    def ended(self, name: str) -> bool:
        """Tell whether a question's verdict is one that ends a session."""
        return self.results[name]["verdict"] in _ENDS

    def progress(self) -> tuple[int, int]:
        """Return a value that changes whenever something was settled."""
        return len(self.results), len(self.skip)

    def question_of(self, number: int) -> str:
        """Return the question a step belongs to; an extra cell: the next one tested."""
        if self.steps[number]["question"]:
            return str(self.steps[number]["question"])
        tests = [s["question"] for s in self.steps[number:] if s["kind"] == "test"]
        back = [s["question"] for s in self.steps if s["kind"] == "test"]
        return str((tests or back[::-1] or [""])[0])

    # -- noting --------------------------------------------------------------------

    def settle(self, number: int, verdict: str, message: str, **more: Any) -> None:
        """Give the step's question a verdict and never run the step again."""
        self.skip.add(number)
        self.limited |= verdict in _BOUND
        if self.steps[number]["kind"] == "extra" and verdict != "TAMPERED":
            return  # an extra cell earns no points and costs none
        name = self.question_of(number)
        message = _TAMPERED if verdict == "TAMPERED" else message
        if name in self.job["wanted"] and name not in self.results:
            self.results[name] = {"verdict": verdict, "message": message, **more}
        for other, step in enumerate(self.steps):  # its test has nothing to test
            if step["kind"] == "test" and step["question"] == name:
                self.skip.add(other)

    def put_out(self, cell: str, outputs: list[Any]) -> None:
        """Keep what a cell put out, as long as there is room for it.

        A cell that runs again leaves the room that it had before.
        """
        self._room += self._taken.pop(cell, 0)
        size = len(json.dumps(outputs))
        if size > self._room:
            outputs, size = [], 0
        self._room -= size
        self._taken[cell] = size
        self.outputs[cell] = outputs

    def give_up(self, verdict: str, message: str, evidence: str = "") -> None:
        """Give every open question a verdict."""
        self.limited |= verdict in _BOUND
        each = {"verdict": verdict, "message": message, "evidence": evidence}
        self.results.update({name: dict(each) for name in self.open_questions()})

    def set_aside(self, name: str) -> None:
        """Leave an answer out that ends sessions, as far as others do without it."""
        if self.ended(name):
            self.aside.update(self._numbers(name, "answer"))

    def take(self, name: str, other: Run) -> None:
        """Take a question's result over, and the outputs that are missing here."""
        self.results[name] = other.results[name]
        if name in other.again:
            self.again[name] = other.again[name]
        for cell, outputs in other.outputs.items():
            if cell not in self.outputs:
                self.put_out(cell, outputs)

    # -- what to run ---------------------------------------------------------------

    def plan(self) -> list[tuple[int, Step]]:
        """Return the steps of the next attempt with their numbers."""
        wanted, kept = set(self.open_questions()), []
        for number, step in enumerate(self.steps):
            unwanted = step["kind"] == "test" and step["question"] not in wanted
            if number not in self.skip | self.aside and not unwanted:
                kept.append((number, step))
        tests = [i for i, (_, step) in enumerate(kept) if step["kind"] == "test"]
        return kept[: tests[-1] + 1] if tests else []

    def may_do_better(self, name: str) -> bool:
        """Tell whether other cells than those that ran may change a verdict.

        Either the learner's other cells ran before the question's test and did harm,
        or one was left out that it needs.
        """
        own = {*self._numbers(name, "answer"), *self._numbers(name, "test")}
        missed = self.aside and not self.ended(name)
        return bool(missed) or any(
            step["kind"] in ("extra", "answer")
            for number, step in enumerate(self.steps[: max(own, default=0)])
            if number not in own | self.skip | self.aside
        )

    def apart(self, name: str) -> Iterator[Run]:
        """Yield runs of one question with ever more of the other cells.

        A question that does badly without any other cell is itself to blame.
        """
        for kinds in (("provided",), ("provided", "extra")):
            yield self._only(name, kinds)
        if self.aside or name not in self.results:
            yield self._only(name, ("provided", "extra", "answer"))

    def alone(self, name: str) -> Run:
        """Return a run of one question without what the judge has not read."""
        read = dict(self.again[name])
        steps = [
            {**step, "parts": read[number]} if number in read else step
            for number, step in enumerate(self.steps)
            if step["kind"] == "provided"
            or step["question"] == name
            or read.get(number)
        ]
        return Run({**self.job, "steps": steps, "wanted": [name], "alone": True})

    def confirm(self, name: str, alone: Run) -> None:
        """Drop a doubt, if the question passes where nothing else has run."""
        if alone.results.get(name, {}).get("verdict") == "PASS":
            rest = self.results[name]["evidence"].removeprefix(UNREAD)
            self.results[name]["evidence"] = rest.removeprefix("; ")

    def _only(self, name: str, kinds: tuple[str, ...]) -> Run:
        steps = [
            step
            for number, step in enumerate(self.steps)
            if step["question"] == name
            or step["kind"] == "provided"
            or (step["kind"] in kinds and number not in self.skip)
        ]
        return Run({**self.job, "steps": steps, "wanted": [name]})

    def _numbers(self, name: str, kind: str) -> list[int]:
        return [
            number
            for number, step in enumerate(self.steps)
            if step["kind"] == kind and step["question"] == name
        ]

    # -- the end -------------------------------------------------------------------

    def message(self, **more: Any) -> dict[str, Any]:
        """Return everything as the grader wants it."""
        for result in self.results.values():
            verdict = result["verdict"]
            bound = verdict in _BOUND or (self.limited and verdict != "PASS")
            result["limited"] = bound
        return {
            "id": self.job["id"],
            "questions": self.results,
            "outputs": self.outputs,
            "modules": sorted(self.modules),
            **more,
        }

    def _is_doubtful(self, result: dict[str, Any]) -> bool:
        return (
            result["verdict"] in _DOUBTFUL
            or "NameError" in result["message"]
            or result.get("evidence") == CELL
            or (bool(self.job.get("suspect")) and result["verdict"] in _WRONG)
        )
