"""The warm process: torch is loaded once, each submission gets a fork of it.

It never runs a learner's code itself. It watches the fork's time, memory, processes
and output, ends it where it must, and replays what is left in a clean fork, so that one
answer costs no other its points.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import os
import secrets
import selectors
import signal
import socket
import sys
import time
import types
from pathlib import Path
from typing import Any

__all__ = ["main"]

_TICK = 0.05  # seconds between two looks at memory and processes
_PACKET = 1 << 18
_PATIENCE = 6
_PROCESSES = 4096  # of the whole user; the number in the session is watched
_TEXT = 20_000  # characters of what a cell printed that are kept
_DOUBTFUL = {"TAMPERED", "CRASHED", "NOT_RUN", "INFRA"}
_TAMPERED = (
    "The grader noticed that this answer changes or reads what belongs to the grader. "
    "A person will look at it."
)


class Here:
    """Find the course's own package without looking through its folder.

    Landlock lets a session read ``helpers``, not list what stands beside it.

    Args:
        root: the course.
    """

    def __init__(self, root: str) -> None:
        self.package = os.path.join(root, "helpers")

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec of ``helpers``; what is below it Python finds by itself."""
        if name != "helpers":
            return None
        first = os.path.join(self.package, "__init__.py")
        return importlib.util.spec_from_file_location(
            name, first, submodule_search_locations=[self.package]
        )


def main() -> None:
    """Serve jobs from standard input until it ends."""
    wire = _private("wire")
    link = wire.Link.take_over()
    with contextlib.suppress(wire.Broken):
        config = link.receive()
        try:
            worker = Worker(config)
        except Exception as error:
            link.send({"failed": f"{type(error).__name__}: {error}"})
            return
        link.send({"ready": True, "layers": worker.layers})
        while True:
            job = link.receive()
            link.send(worker.grade(job, link))


def _private(name: str) -> types.ModuleType:
    """Load a module of this folder whose builtins nobody else can change."""
    import builtins

    full = f"staff.grader.inside.{name}"
    if full not in sys.modules:
        spec = importlib.util.find_spec(full)
        module = importlib.util.module_from_spec(spec)
        module.__dict__["__builtins__"] = dict(vars(builtins))
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


class Worker:
    """A warm process and what it was told at its start.

    Args:
        config: "root" (the course), "setup" (the instructor's set-up cell), "modules"
            (to load beforehand), "limits", "layers" (which to use: "landlock",
            "seccomp"), "alone" (has a process namespace to itself), "readable" and
            "scratch" (folders).
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config, self.limits = config, config["limits"]
        self.alone = config["alone"]
        self.scratch = [Path(each) for each in config["scratch"]]
        parts = ("confine", "watch", "guard", "wire", "shell", "afterwards", "session")
        for name in parts:
            setattr(self, name, _private(name))
        self.confine.close_to_others()
        self.confine.die_with_parent()
        self.confine.adopt_orphans()
        self.confine.no_new_privileges()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        self.layers = list(config["layers"])
        self.filter = None
        if "seccomp" in config["layers"]:
            self.filter = self.confine.syscall_filter(spare=os.getpid())
        sys.meta_path.insert(0, Here(config["root"]))
        self._warm_up()
        self.shared = self.watch.own_memory("self")

    def _warm_up(self) -> None:
        import torch

        torch.set_num_threads(1)
        # The first optimizer of a process costs seconds: torch imports lazily. Each
        # class wraps its own step when it is first used: let that be done, too.
        for kind in vars(torch.optim).values():
            with contextlib.suppress(Exception):
                kind([torch.zeros(1, requires_grad=True)], lr=1.0)
        self.shell_object = self.shell.make_shell()
        with contextlib.suppress(Exception):
            import tqdm

            tqdm.tqdm.monitor_interval = 0  # its thread would be left behind
        for name in self.config["modules"]:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
            exec(compile(self.config["setup"], "<set-up>", "exec"), {})
        self.guard.canaries(torch, checks=False)  # the first time is slow
        self.pristine = self.guard.Fingerprint()
        gc.collect()
        gc.freeze()

    # -- one submission ----------------------------------------------------------

    def grade(self, job: dict[str, Any], link: Any) -> dict[str, Any]:
        """Run a submission, as often as it takes to reach every question."""
        start = time.monotonic()
        run = Run(job)
        try:
            while run.open_questions():
                before = run.progress()
                Attempt(self, run, link).go()
                if run.progress() == before:
                    run.give_up()
            for name in run.doubtful():
                self._alone(run, name, link)
        finally:
            self.watch.end_all(alone=self.alone)
            self.watch.sweep(self.scratch)
        seconds = round(time.monotonic() - start, 4)
        return run.message(seconds=seconds, layers=self.layers)

    def _alone(self, run: Run, name: str, link: Any) -> None:
        """Try a question without the other answers: one of them may be to blame."""
        for kinds in (("provided", "extra"), ("provided",)):
            steps = [
                step
                for step in run.steps
                if step["kind"] in kinds or step["question"] == name
            ]
            if len(steps) == len(run.steps):
                continue  # nothing to leave out
            again = Run({**run.job, "steps": steps, "wanted": [name], "skip": []})
            while again.open_questions():
                before = again.progress()
                Attempt(self, again, link).go()
                if again.progress() == before:
                    again.give_up()
            if name not in again.doubtful():
                run.results[name] = again.results[name]
                return


class Run:
    """Where a submission stands, over all its attempts.

    Args:
        job: "id", "steps" (each a dict of kind, source, cell, question), "wanted"
            (questions to test), "skip" (numbers of steps that have failed before),
            "scout" (optional: report which modules were loaded).
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.job, self.steps = job, job["steps"]
        self.skip: set[int] = set(job.get("skip", []))
        self.results: dict[str, dict[str, Any]] = {}
        self.outputs: dict[str, list] = {}
        self.printed: dict[int, bytes] = {}
        self.modules: set[str] = set()

    def open_questions(self) -> list[str]:
        """Return the wanted questions without a verdict."""
        return [name for name in self.job["wanted"] if name not in self.results]

    def doubtful(self) -> list[str]:
        """Return the questions whose verdict another answer may have caused."""
        failed_cell = _private("session").CELL
        return [
            name
            for name, result in self.results.items()
            if result["verdict"] in _DOUBTFUL
            or "NameError" in result["message"]
            or result.get("evidence") == failed_cell
        ]

    def progress(self) -> tuple[int, int]:
        """Return a value that changes whenever something was settled."""
        return len(self.results), len(self.skip)

    def question_of(self, number: int) -> str:
        """Return the question a step belongs to; an extra cell: the next one tested."""
        if self.steps[number]["question"]:
            return self.steps[number]["question"]
        tests = [s["question"] for s in self.steps[number:] if s["kind"] == "test"]
        back = [s["question"] for s in self.steps if s["kind"] == "test"]
        return (tests or back[::-1] or [""])[0]

    def settle(self, number: int, verdict: str, message: str, **more: Any) -> None:
        """Give the step's question a verdict and never run the step again."""
        self.skip.add(number)
        if self.steps[number]["kind"] == "extra" and verdict != "TAMPERED":
            return  # an extra cell earns no points and costs none
        name = self.question_of(number)
        message = _TAMPERED if verdict == "TAMPERED" else message
        if name in self.job["wanted"] and name not in self.results:
            self.results[name] = {"verdict": verdict, "message": message, **more}
        for other, step in enumerate(self.steps):  # its test has nothing to test
            if step["kind"] == "test" and step["question"] == name:
                self.skip.add(other)

    def give_up(self, verdict: str = "NOT_RUN", evidence: str = "") -> None:
        """Say of every open question that it could not be run."""
        text = "This question could not be run."
        each = {"verdict": verdict, "message": text, "evidence": evidence}
        self.results.update({name: dict(each) for name in self.open_questions()})

    def plan(self) -> list[tuple[int, dict[str, Any]]]:
        """Return the steps of the next attempt with their numbers."""
        wanted, kept = set(self.open_questions()), []
        for number, step in enumerate(self.steps):
            unwanted = step["kind"] == "test" and step["question"] not in wanted
            if number not in self.skip and not unwanted:
                kept.append((number, step))
        tests = [i for i, (_, step) in enumerate(kept) if step["kind"] == "test"]
        return kept[: tests[-1] + 1] if tests else []

    def message(self, **more: Any) -> dict[str, Any]:
        """Return everything as the grader wants it."""
        return {
            "id": self.job["id"],
            "questions": self.results,
            "outputs": self.outputs,
            "modules": sorted(self.modules),
            **more,
        }


class Attempt:
    """One fork that runs what is still open of a submission."""

    def __init__(self, worker: Worker, run: Run, link: Any) -> None:
        self.worker, self.run, self.link = worker, run, link
        self.plan = run.plan()
        self.limits = worker.limits
        self.current: int | None = None  # index into the plan
        self.testing = self.over = False
        self.started = self.deadline = self.looked = self.used = 0.0
        self.printed = bytearray()
        self.count = 0
        self.nonce, self.mark = secrets.token_hex(16), secrets.token_hex(16).encode()

    def go(self) -> None:
        """Fork, listen until the session is over, leave nothing of it."""
        if not self.plan:
            return self.run.give_up()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self._child(ours, theirs, reading, writing)
        theirs.close()
        os.close(writing)
        self.child, self.exit = child, os.pidfd_open(child)
        try:
            self._listen(ours, reading)
        finally:
            self.worker.watch.end_all(alone=self.worker.alone)
            ours.close()
            os.close(reading)
            os.close(self.exit)
            self.worker.watch.sweep(self.worker.scratch)

    # -- the child -----------------------------------------------------------------

    def _child(
        self, ours: socket.socket, theirs: socket.socket, reading: int, writing: int
    ) -> None:
        status = 5
        try:
            os.setsid()
            ours.close()
            os.close(reading)
            self.link.close()
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os.close(writing)
            sys.stdout = _stream(1, 8192)
            sys.stderr = _stream(2, 1)
            texts = self.worker.config["texts"]
            steps = [_filled_in(step, texts) for _, step in self.plan]
            os.close(texts)
            job = {
                "nonce": self.nonce,
                "mark": self.mark.decode(),
                "steps": steps,
                "limits": self.limits,
                "root": self.worker.config["root"],
                "scout": self.run.job.get("scout", False),
            }
            self.mark = b""
            worker, self.nonce, self.plan, self.run = self.worker, "", [], None
            self._confine(worker, theirs)
            run, shell = worker.session.run, worker.shell_object
            run(job, theirs, shell, worker.pristine)
            status = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(status)

    def _confine(self, worker: Worker, channel: socket.socket) -> None:
        confine, config = worker.confine, worker.config
        confine.die_with_parent()
        confine.limit(
            memory=self.limits["memory"],
            seconds=int(self.limits["seconds"] * 40) + 60,
            processes=_PROCESSES,
            file_bytes=self.limits["file_bytes"],
        )
        confine.drop_capabilities()
        if "landlock" in config["layers"]:
            readable = [Path(each) for each in config["readable"]]
            confine.restrict_files(readable, [*worker.scratch, Path("/dev/null")])
        os.chdir(worker.scratch[0])
        if worker.filter is not None:
            worker.filter.load()

    # -- the parent ----------------------------------------------------------------

    def _listen(self, channel: socket.socket, reading: int) -> None:
        os.set_blocking(reading, False)
        self.reading = reading
        channel.setblocking(False)
        self._begin_to_count()
        with selectors.DefaultSelector() as selector:
            selector.register(channel, selectors.EVENT_READ, self._packets)
            selector.register(reading, selectors.EVENT_READ, self._text)
            selector.register(self.exit, selectors.EVENT_READ, self._ended)
            while not self.over:
                ready = selector.select(_TICK)
                # Words before deeds: what was said counts before the end is noticed.
                order = [self._packets, self._text, self._ended]
                for key, _ in sorted(ready, key=lambda r: order.index(r[0].data)):
                    if not self.over:
                        key.data(key.fileobj, selector)
                self._look(reading)

    def _text(self, reading: Any, selector: Any) -> None:
        """Take what was printed; too much ends the session."""
        for _ in range(64):
            try:
                part = os.read(reading, 1 << 16)
            except BlockingIOError:
                return
            if not part:
                if selector is not None:
                    selector.unregister(reading)
                return
            self.count += len(part)
            self.printed += part
            if self.count > self.limits["output"] * (8 if self.testing else 1):
                return self._stop("OUTPUT_LIMIT", "Your code printed too much.")

    def _packets(self, channel: socket.socket, _selector: Any) -> None:
        while not self.over:
            try:
                body, handles, _flags, _address = socket.recv_fds(channel, _PACKET, 4)
            except BlockingIOError:
                return
            except OSError:
                body, handles = b"", []
            if not body:
                return
            self._packet(body, handles)

    def _packet(self, body: bytes, handles: list[int]) -> None:
        try:
            message = self.worker.wire.decode(body)
        except self.worker.wire.Broken:
            message = {}
        if message.get("nonce") != self.nonce:
            for handle in handles:
                os.close(handle)
            return self._stop("TAMPERED", "", evidence="a forged message")
        handler = getattr(self, f"_on_{message.get('kind')}", None)
        number = message.get("step", self.current)
        if handler is None or not self._expected(message["kind"], number):
            return self._stop("TAMPERED", "", evidence="a message out of turn")
        handler(number, message, handles)

    def _expected(self, kind: str, number: Any) -> bool:
        if kind == "begin":
            following = 0 if self.current is None else self.current + 1
            return number == following and number < len(self.plan)
        return number == self.current or kind == "complete"

    def _on_begin(self, number: int, _message: dict, _handles: list[int]) -> None:
        self.current = number
        self._begin_to_count()
        self.testing = self._step()["kind"] == "test"
        self.count = len(self.printed)

    def _on_end(self, _number: int, message: dict, _handles: list[int]) -> None:
        text = self._printed_until_now().decode("utf-8", "replace")[:_TEXT]
        if self.over:
            return
        cell, outputs = self._step()["cell"], list(message.get("outputs") or [])
        if text:
            stream = {"output_type": "stream", "name": "stdout", "text": text}
            outputs.insert(0, stream)
        self.run.outputs[cell] = outputs

    def _printed_until_now(self) -> bytes:
        """Return what the step printed, up to the session's mark."""
        self._text(self.reading, None)  # the mark is in the pipe by now
        head, _, tail = bytes(self.printed).partition(self.mark)
        self.printed = bytearray(tail)
        return head

    def _on_want(self, _number: int, message: dict, handles: list[int]) -> None:
        """Have the kernel pass on one part of the test; it is never in this memory."""
        self._begin_to_count()
        start, length = self._step()["places"][message.get("part") == "hidden"]
        for handle in handles:
            with contextlib.suppress(OSError):
                texts, sent = self.worker.config["texts"], 1
                while length and sent:
                    sent = os.sendfile(handle, texts, start, length)
                    start, length = start + sent, length - sent
            os.close(handle)

    def _on_result(self, _number: int, message: dict, _handles: list[int]) -> None:
        known = ("verdict", "message", "mistake", "hidden", "seconds", "evidence")
        result = {key: message[key] for key in known if key in message}
        self.run.modules.update(message.get("modules") or [])
        verdict, words = result.pop("verdict"), result.pop("message", "")
        self.run.settle(self._number(), verdict, words, **result)

    def _on_tested(self, _number: int, message: dict, _handles: list[int]) -> None:
        self._printed_until_now()
        if not self.over and self._step()["question"] not in self.run.results:
            self._died(int(message.get("status") or 0))

    def _on_tampered(self, _number: int, message: dict, _handles: list[int]) -> None:
        self._stop("TAMPERED", "", evidence=str(message.get("why"))[:500])

    def _on_complete(self, _number: int, _message: dict, _handles: list[int]) -> None:
        self.over = True

    def _ended(self, *_: Any) -> None:
        """The session's first process is gone."""
        self.over = True
        if self.current is None:
            said = bytes(self.printed[-500:]).decode("utf-8", "replace")
            self.run.give_up("INFRA", f"the session did not start: {said}")
        elif not self._settled():
            self._stop("CRASHED", "Your code ended the process it ran in.")

    def _settled(self) -> bool:
        step = self._step()
        if step["kind"] == "test":
            return step["question"] in self.run.results
        return step["cell"] in self.run.outputs

    def _died(self, status: int) -> None:
        kind = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        if kind == signal.SIGXCPU:
            return self._stop("TIMEOUT", "Your code ran too long.")
        names = {s.value: s.name for s in signal.Signals}
        how = f" ({names[kind]})" if kind in names else ""
        self._stop("CRASHED", f"Your code ended the process it ran in{how}.")

    def _look(self, reading: int) -> None:
        """End what takes too long, or too much."""
        now = time.monotonic()
        if self.over or now < self.looked + _TICK:
            return
        self.looked = now
        if now > self.deadline and self._is_late(now):
            text = f"Your code ran longer than {self.limits['seconds']:g} seconds."
            return self._stop("TIMEOUT", text)
        use = self.worker.watch.usage(self.worker.shared, self.limits["processes"])
        if use.processes > self.limits["processes"]:
            return self._stop("CRASHED", "Your code started too many processes.")
        if use.memory > self.limits["memory"]:
            return self._stop("OOM", "Your code used too much memory.")

    def _is_late(self, now: float) -> bool:
        """Tell whether the time is up; a busy machine is no fault of the answer.

        Code that waits has its time on the clock. Code that computes has it in
        processor seconds, and on the clock _PATIENCE times as long.
        """
        watch = self.worker.watch
        used, runnable = watch.busy(watch.descendants())
        seconds = self.limits["seconds"]
        overdue = now > self.started + _PATIENCE * seconds
        return overdue or not runnable or used - self.used > seconds

    def _begin_to_count(self) -> None:
        self.started = time.monotonic()
        self.deadline = self.started + self.limits["seconds"]
        self.used = self.worker.watch.busy([self.child])[0]

    def _stop(self, verdict: str, message: str, **more: Any) -> None:
        self.over = True
        if self.current is None:
            return
        seconds = round(time.monotonic() - self.started, 4)
        more.setdefault("seconds", seconds)
        self.run.settle(self._number(), verdict, message, **more)

    def _number(self) -> int:
        return self.plan[self.current][0]

    def _step(self) -> dict[str, Any]:
        return self.plan[self.current][1]


def _filled_in(step: dict[str, Any], texts: int) -> dict[str, Any]:
    """Return a step with its text; a test's comes later."""
    step = dict(step)
    places = step.pop("places")
    if step["kind"] != "test":
        ((start, length),) = places
        step["source"] = os.pread(texts, length, start).decode("utf-8", "surrogatepass")
    return step


def _stream(descriptor: int, buffering: int) -> Any:
    return open(descriptor, "w", buffering, errors="replace", closefd=False)


if __name__ == "__main__":
    main()
