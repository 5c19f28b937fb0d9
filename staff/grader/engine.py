"""Grade submissions on this machine: per worker one warm, sandboxed process, one judge.

The warm process forks for each submission; the judge is outside of the sandbox.
"""

from __future__ import annotations

import compileall
import contextlib
import math
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from staff.grader import sandbox
from staff.grader.inside.budget import PATIENCE
from staff.grader.inside.watch import sweep
from staff.grader.inside.wire import Broken, Link
from staff.grader.model import QuestionResult, Result, Submission, Verdict
from staff.grader.needed import needed_steps
from staff.grader.outputs import all_outputs

__all__ = ["Job", "Limits", "Local", "Seat", "Warm", "WorkerFailed", "outcome"]


_PREFIX = "course-grader-"


class WorkerFailed(Exception):
    """The grader's own process could not be used; no learner is to blame."""


class JudgeLost(WorkerFailed):
    """The judge has given up while it was judging: it was kept busy.

    Args:
        question: the one it had.
    """

    def __init__(self, question: str) -> None:
        super().__init__(f"the judge was lost with {question}")
        self.question = question


@dataclass(frozen=True)
class Limits:
    """What one question may use.

    Args:
        seconds: of the answer's cell, and again of its tests; on the clock while they
            wait, of the processor while they compute.
        memory: bytes on top of what the warm process has.
        processes: at one time.
        output: characters that a cell may print.
        file_bytes: size of one file.
    """

    seconds: float = 20.0
    memory: int = 4 << 30
    processes: int = 24
    output: int = 4_000_000
    file_bytes: int = 64 << 20

    def whole(self, questions: int) -> float:
        """Return the seconds of a whole submission: each cell and each test in full.

        Args:
            questions: how many the submission has.
        """
        return 2 * self.seconds * (questions + 1)


@dataclass(frozen=True)
class Job:
    """One submission and the questions of it that are to be graded, if any."""

    submission: Submission
    wanted: tuple[str, ...]
    scout: bool = False


@dataclass
class Warm:
    """One warm process in its sandbox, and its judge.

    Args:
        root: the course.
        setup: the instructor's set-up cell.
        box: the sandbox's layers.
        limits: for each question.
        modules: to load beforehand.
        stems: notebooks whose checks the judge loads beforehand.

    Attributes:
        layers: what confines a session.
        grown: the judge has become large: use another pair.

    Raises:
        WorkerFailed: they do not start.
    """

    root: Path
    setup: str
    box: sandbox.Sandbox
    limits: Limits
    modules: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    layers: tuple[str, ...] = field(default=(), init=False)
    grown: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        _sweep()
        # Inside nothing is written: each session would compile its checks again.
        compileall.compile_dir(self.root / "helpers", quiet=2)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        scratch, home = self._folder / "scratch", self._folder / "home"
        scratch.mkdir(mode=0o700)
        home.mkdir(mode=0o700)
        # Texts go past the warm process: each session would inherit what it once held.
        self._texts = os.memfd_create("texts")
        self._errors = open(self._folder / "errors", "w+b")  # noqa: SIM115
        self._processes: list[subprocess.Popen[bytes]] = []
        kind = socket.SOCK_SEQPACKET
        theirs, its = socket.socketpair(socket.AF_UNIX, kind)
        try:
            with theirs, its:
                program = self.box.command(self.root, scratch, _python("inside.warm"))
                place, texts = self.box.scratch(scratch)[0], self._texts
                self._link = self._run(program, place, [theirs.fileno(), texts])
                program = _python("judge.court")
                self._judge = self._run(program, str(home), [its.fileno()])
                self._start(scratch, theirs.fileno(), its.fileno())
        except BaseException:
            self.close()
            raise

    def _run(self, program: list[str], home: str, handles: list[int]) -> Link:
        process = subprocess.Popen(
            program,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=self._folder,
            env=_environment(self.root, home),
            pass_fds=handles,
            start_new_session=True,
        )
        self._processes.append(process)
        assert process.stdout
        assert process.stdin
        return Link(process.stdout.fileno(), process.stdin.fileno())

    def _start(self, scratch: Path, theirs: int, its: int) -> None:
        config = {
            "root": str(self.root),
            "setup": self.setup,
            "modules": list(self.modules),
            "stems": list(self.stems),
            "limits": asdict(self.limits),
            "layers": list(self.box.layers),
            "alone": self.box.bubblewrap,
            "readable": sandbox.readable_by_landlock(self.root),
            "scratch": self.box.scratch(scratch),
            "texts": self._texts,
        }
        with self._heard():
            self._judge.send({**config, "judge": its})
            self._link.send({**config, "judge": theirs})
            answer, _ = _told(self._link, 300), _told(self._judge, 300)
        if "ready" not in answer:
            raise WorkerFailed(f"the warm process failed: {answer.get('failed')}")
        self.layers = (*self.box.layers, "limits")

    def grade(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send one job, wait for its result.

        Raises:
            JudgeLost: the judge died; another one may do better.
            WorkerFailed: a process died or says nothing for so long.
        """
        steps, texts = apart(message["steps"])
        os.ftruncate(self._texts, 0)
        with open(self._texts, "wb", closefd=False) as file:
            file.seek(0)
            file.write(texts)
        with self._heard():
            self._judge.send({"steps": message["steps"]})
            self._link.send({**message, "steps": steps})
            answer = _told(self._link, seconds)
            if "gone" in answer:
                raise self._lost(answer["gone"])
            judge = _told(self._judge, seconds)
        self.grown = judge["grown"]
        return _sure(answer, judge["passed"])

    def _lost(self, question: str) -> WorkerFailed:
        """Tell a judge that has given up from one that somebody has killed."""
        judge = self._processes[-1]
        with contextlib.suppress(subprocess.TimeoutExpired):
            judge.wait(5)
        failed = JudgeLost if judge.returncode == 1 else WorkerFailed
        return failed(question)

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            yield
        except Broken as error:
            raise WorkerFailed(f"{error}; {self._last_words()}") from error

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read()[-2000:].decode("utf-8", "replace").splitlines()
        return lines[-1] if lines else "it left no message"

    def close(self) -> None:
        """End the processes and everything in them, and delete their folder."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        streams = [s for p in self._processes for s in (p.stdin, p.stdout)]
        for stream in (*streams, self._errors):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        os.close(self._texts)
        _remove(self._folder)


def _python(module: str) -> list[str]:
    return [sys.executable, "-s", "-P", "-m", f"staff.grader.{module}"]


def _told(link: Link, seconds: float) -> dict[str, Any]:
    ready, _, _ = select.select([link.reading], [], [], seconds)
    if not ready:
        raise WorkerFailed(f"no answer within {seconds:.0f} seconds")
    return link.receive()


def _sure(answer: dict[str, Any], passed: dict[str, float | None]) -> dict[str, Any]:
    """Return the warm process's answer; that somebody passes only the judge can say.

    Args:
        answer: changed in place.
        passed: the judge's: question → points that it earns, None for all.
    """
    for name, each in answer.get("questions", {}).items():
        if each.get("verdict") == Verdict.PASS and name not in passed:
            evidence = "the judge does not know of this verdict"
            each |= {"verdict": Verdict.TAMPERED, "evidence": evidence}
        each["earned"] = passed.get(name)
    return answer


def _sweep() -> None:
    """Delete the folders of graders that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _remove(folder)


def _remove(folder: Path) -> None:
    sweep([folder])
    with contextlib.suppress(OSError):
        folder.rmdir()


def _environment(root: Path, scratch: str) -> dict[str, str]:
    """Return all that a session may know of this machine."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "HOME": scratch,
        "TMPDIR": scratch,
        "MPLCONFIGDIR": scratch,
        "IPYTHONDIR": scratch,
        "TORCHINDUCTOR_CACHE_DIR": scratch,
        "MPLBACKEND": "agg",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "COURSE_DEVICE": "cpu",
        "COURSE_PROGRESS": "off",
        "COURSE_HEADLESS": "1",
        "NBGRADER_EXECUTION": "autograde",
    }


# --- one submission ---------------------------------------------------------------


class Seat:
    """A worker's place: a warm process, replaced when it is lost.

    Args:
        make: starts a warm process.
        limits: as the process has them.
    """

    def __init__(self, make: Callable[[], Warm], limits: Limits) -> None:
        self._make, self._limits = make, limits
        self._warm: Warm | None = None

    def grade(self, job: Job) -> tuple[Result, dict[str, Any]]:
        """Return what came of a job; a lost process is the grader's fault.

        A question with which the judge is lost twice has kept it busy: a verdict.
        """
        lost: Counter[str] = Counter()
        said: list[str] = []
        while len(said) < 2:
            rest = tuple(name for name in job.wanted if lost[name] < 2)
            try:
                result, answer = self._run(replace(job, wanted=rest))
                stuck = dict.fromkeys({*job.wanted} - {*rest}, _STUCK)
                return replace(result, questions=result.questions | stuck), answer
            except (WorkerFailed, OSError) as error:
                self.close()
                if isinstance(error, JudgeLost) and lost[error.question] < 2:
                    lost[error.question] += 1
                else:
                    said.append(str(error))
        return infra(job, said[-1]), {}

    def _run(self, job: Job) -> tuple[Result, dict[str, Any]]:
        message = job_message(job, self._limits)
        # Two times that, each a few times as long on a busy machine, end in a verdict.
        patience = 120 + 2 * PATIENCE * message["seconds"]
        if self._warm is None:
            self._warm = self._make()
        answer = self._warm.grade(message, patience)
        result = outcome(job, answer, self._warm.layers)
        if self._warm.grown:
            self.close()
        return result, answer

    def close(self) -> None:
        """End the warm process."""
        if self._warm is not None:
            self._warm.close()
            self._warm = None


def job_message(job: Job, limits: Limits) -> dict[str, Any]:
    """Return a job as the warm process wants it."""
    steps = [step.to_json() for step in needed_steps(job.submission.steps)]
    wanted = [name for name in job.wanted if name not in job.submission.missing]
    tested = {step.question for step in job.submission.steps if step.kind == "test"}
    return {
        "id": job.submission.student,
        "steps": steps,
        "wanted": [name for name in wanted if name in tested],
        "seconds": limits.whole(len(tested)),
        "scout": job.scout,
        "suspect": bool(job.submission.suspicions),
    }


def apart(steps: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], bytes]:
    """Return a job's steps without their texts, and the texts of all but the tests.

    Each step that has a text gets a "place", [start, length]. No test goes inside.
    """
    bare, texts = [], bytearray()
    for step in steps:
        more = {}
        if step["kind"] != "test":
            data = step["source"].encode("utf-8", "surrogatepass")
            more = {"place": [len(texts), len(data)]}
            texts += data
        bare.append({**step, "source": "", **more})
    return bare, bytes(texts)


_STUCK = QuestionResult(
    Verdict.TIMEOUT, "What your code returned kept the grader busy for too long."
)
_MISSING = QuestionResult(Verdict.MISSING, "No answer was handed in.")


def outcome(job: Job, answer: dict[str, Any], layers: tuple[str, ...]) -> Result:
    """Return a warm process's answer as a result, each part of it checked."""
    found = answer.get("questions", {})
    results = {}
    for name in job.wanted:
        if job.submission.invalid:
            results[name] = QuestionResult(Verdict.INVALID_FILE, job.submission.invalid)
        elif name in found:
            results[name] = _question(found[name])
        elif name in job.submission.missing:
            results[name] = _MISSING
        else:
            text = "This question could not be run."
            results[name] = QuestionResult(Verdict.NOT_RUN, text)
    outputs = all_outputs(answer.get("outputs"))
    return Result(results, outputs, layers, float(answer.get("seconds", 0.0)))


def _question(data: dict[str, Any]) -> QuestionResult:
    try:
        return QuestionResult(
            verdict=Verdict(data["verdict"]),
            message=str(data.get("message", ""))[:4000],
            mistake=str(data.get("mistake", ""))[:80],
            hidden=data.get("hidden") is True,
            seconds=float(data.get("seconds") or 0.0),
            evidence=str(data.get("evidence", ""))[:1000],
            limited=data.get("limited") is True,
            earned=_earned(data.get("earned")),
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        return QuestionResult(Verdict.TAMPERED, evidence=f"no result: {error}")


def _earned(value: Any) -> float | None:
    """Return points as a check gave them; whatever is no such number raises."""
    if value is None:
        return None
    if type(value) is not float or not 0 < value < math.inf:
        raise ValueError("no points")
    return value


def infra(job: Job, why: str) -> Result:
    """Return the result that says: the grader failed, ask again."""
    text = "The grader itself failed here; this will be tried again."
    each = QuestionResult(Verdict.INFRA, text, evidence=why[:1000])
    return Result(dict.fromkeys(job.wanted, each))


# --- many submissions -------------------------------------------------------------


# What is done: a result, what went wrong, or None where a worker has ended.
Done = queue.Queue[tuple[Job, Result] | BaseException | None]


class Local:
    """Grade on all cores of this machine.

    Args:
        make: starts a warm process; called once per worker, again if one is lost.
        limits: for each question.
        workers: how many at a time.
    """

    def __init__(self, make: Any, limits: Limits, workers: int) -> None:
        self.make, self.limits, self.workers = make, limits, workers

    def results(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
        """Yield each job's result as it comes; jobs are read as they are needed."""
        source, lock = iter(jobs), threading.Lock()
        done: Done = queue.Queue(maxsize=2 * self.workers)
        stop = threading.Event()

        def work() -> None:
            seat = Seat(self.make, self.limits)
            try:
                with contextlib.closing(seat):
                    while not stop.is_set():
                        with lock:
                            job = next(source, None)
                        if job is None:
                            break
                        result = seat.grade(job)[0] if job.wanted else Result({})
                        done.put((job, result))
            except BaseException as error:
                done.put(error)
            finally:
                done.put(None)

        threads = [threading.Thread(target=work) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        try:
            yield from _drain(done, len(threads))
        finally:
            stop.set()
            _let_go(done, threads)


def _drain(done: Done, workers: int) -> Iterator[tuple[Job, Result]]:
    while workers:
        item = done.get()
        if item is None:
            workers -= 1
        elif isinstance(item, BaseException):
            raise item
        else:
            yield item


def _let_go(done: Done, threads: list[threading.Thread]) -> None:
    while any(thread.is_alive() for thread in threads):
        with contextlib.suppress(queue.Empty):
            done.get(timeout=0.05)
        time.sleep(0)
