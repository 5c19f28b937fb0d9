"""Grade on the workers of a Dask scheduler: this laptop's, SLURM's or Kubernetes'.

All that is needed is the scheduler's address; how its workers are started is up to
dask's own classes. Each thread of a worker keeps a warm, sandboxed process like the
local engine's: no learner's code runs in a worker itself. What travels is JSON text.
"""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from staff.course import Course, CourseError
from staff.grader.engine import Job, infra, outcome
from staff.grader.model import Result
from staff.grader.prepare import Settings
from staff.grader.worker import differs, grade_text, identity, packed

__all__ = ["Remote"]

_AHEAD = 2  # jobs under way per thread of a worker: one runs, one waits
_LOOK = 2.0  # seconds between two counts of the workers


class Remote:
    """Grade on the workers of a scheduler that runs already.

    Args:
        settings: as `prepare` returns them. A worker takes its own course's folder
            instead; its course and its sandbox must be the same as here.
        address: of the scheduler, ``tcp://host:8786``, or its ``scheduler.json``.
        patience: seconds to wait for the scheduler, and for a worker.
    """

    def __init__(
        self, settings: Settings, address: str, *, patience: float = 60
    ) -> None:
        self.address, self.patience = address, patience
        order = {
            "stem": settings.stem,
            "setup": settings.setup,
            "layers": settings.box.layers,
            "limits": asdict(settings.limits),
            "modules": settings.modules,
            "course": identity(Course(settings.root), settings.stem),
        }
        self.order = json.dumps(order, sort_keys=True)

    def results(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
        """Yield each job's result as it comes; jobs are read as they are needed.

        A job whose worker is lost goes to another one. If it has lost several, its
        verdicts are INFRA.

        Raises:
            CourseError: no scheduler, no worker, or another course there.
        """
        with _connected(self.address, self.patience) as client:
            self._meet(client)
            yield from _Flow(self, client).results(iter(jobs))

    def _meet(self, client: Any) -> None:
        """Wait for a worker, and hold each one's course against the one here."""
        try:
            client.wait_for_workers(1, timeout=self.patience)
        except TimeoutError:
            raise CourseError(self.nobody()) from None
        answers = client.run(differs, self.order, on_error="return")
        wrong = [f"  {who}: {_reason(why)}" for who, why in answers.items() if why]
        if wrong:
            text = "These workers can not grade this; mend or stop them, then try again"
            raise CourseError("\n".join([f"{text}:", *wrong]))

    def nobody(self) -> str:
        """Say that there is no worker, and what to do."""
        return (
            f"The scheduler {self.address} has had no worker for {self.patience:.0f} "
            "seconds. Start one where this course is installed, for example with "
            f"`dask worker {self.address}`, then grade again: what was graded is kept."
        )


@contextmanager
def _connected(address: str, patience: float) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        text = "--scheduler needs Dask: pip install distributed"
        raise CourseError(text) from None
    kind = "scheduler_file" if address.endswith(".json") else "address"
    try:
        client = Client(**{kind: address}, timeout=patience, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise CourseError(
            f"No Dask scheduler answers at {address} ({_line(error)}). Start one with "
            "`dask scheduler`, or correct the address it printed: tcp://HOST:8786"
        ) from error
    try:
        yield client
    finally:
        with suppress(OSError, TimeoutError):
            client.close(timeout=5)  # what is still under way is forgotten


class _Flow:
    """Jobs on their way to the workers and back, only so many at a time."""

    def __init__(self, remote: Remote, client: Any) -> None:
        self.remote, self.client = remote, client
        self.back: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.under_way: dict[str, tuple[Any, Job]] = {}
        self.looked = self.seen = time.monotonic()
        self.room = _AHEAD * _threads(client)

    def results(self, jobs: Iterator[Job]) -> Iterator[tuple[Job, Result]]:
        """Yield what comes back, and keep the workers busy."""
        yield from self._send(jobs)
        while self.under_way:
            with suppress(queue.Empty):
                future, job = self.under_way.pop(self.back.get(timeout=_LOOK))
                yield job, self._collect(future, job)
                yield from self._send(jobs)
            if time.monotonic() > self.looked + _LOOK:
                self._look()

    def _send(self, jobs: Iterator[Job]) -> Iterator[tuple[Job, Result]]:
        """Keep the workers busy; yield jobs of which nothing is wanted."""
        while len(self.under_way) < self.room:
            job = next(jobs, None)
            if job is None:
                return
            if not job.wanted:
                yield job, Result({})
                continue
            text = json.dumps(packed(job))
            future = self.client.submit(grade_text, self.remote.order, text, pure=False)
            self.under_way[future.key] = (future, job)
            future.add_done_callback(lambda done: self.back.put(done.key))

    def _collect(self, future: Any, job: Job) -> Result:
        if future.status == "finished":
            return _checked(job, future.result())
        if future.status == "error":
            return infra(job, f"the worker failed: {_line(future.exception())}")
        raise CourseError(self._lost())

    def _look(self) -> None:
        """Count the workers again; give up when there have been none for long."""
        self.looked = time.monotonic()
        alive = self.client.status == "running"
        threads = _threads(self.client) if alive else 0
        if threads:
            self.seen, self.room = time.monotonic(), _AHEAD * threads
        elif time.monotonic() > self.seen + self.remote.patience:
            raise CourseError(self.remote.nobody())

    def _lost(self) -> str:
        return (
            f"The scheduler {self.remote.address} has gone. What was graded is kept; "
            "grade again when it is back."
        )


def _threads(client: Any) -> int:
    try:
        return sum(client.nthreads().values())
    except (OSError, TimeoutError):
        return 0


def _checked(job: Job, text: Any) -> Result:
    """Return a worker's answer as a result, each part of it checked."""
    try:
        answer = json.loads(text)
        if "refused" in answer:
            return infra(job, str(answer["refused"]))
        if set(answer["questions"]) != set(job.wanted):
            raise ValueError("other questions than were asked for")
        return outcome(job, answer, tuple(map(str, answer["layers"])))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return infra(job, f"the worker's answer is no result: {_line(error)}")


def _reason(why: Any) -> str:
    """Return a worker's reason; Dask hands an error on in one of its own."""
    if not isinstance(why, BaseException):
        return str(why)
    absent = "No module named" in str(why)
    return _line(why) + ("; install the course there" if absent else "")


def _line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"[:300]
