"""One fork of the warm process that runs what is still open of a submission.

The warm process watches the fork's time, memory, processes and output, and ends it
where it must. It has each test's verdict from the judge; what the fork itself says only
tells how far it has come.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from staff.grader.inside import confine, session, watch, wire
from staff.grader.inside.budget import PATIENCE, Budget, Clock
from staff.grader.inside.run import Run

__all__ = ["Attempt", "JudgeGone", "Ready"]

_TICK = 0.05  # seconds between two looks at time, memory and processes
_PACKET = 1 << 18
_PROCESSES = 4096  # of the whole user; the number in the session is watched
_ENDS = {"TAMPERED", "CRASHED", "TIMEOUT"}
_DEEP = 12  # lists and dicts within each other, in what a session says
_TEXT = 20_000  # characters of what a cell printed that are kept

Message = dict[str, Any]  # as it came over the wire


class JudgeGone(Exception):
    """The judge has ended, or says nothing; the question that it had is told."""


@dataclass
class Ready:
    """What every fork finds ready.

    Args:
        config: what the warm process was told at its start; see `host.Worker`.
        scratch: folders that a session may write to.
        filter: of system calls; None without seccomp.
        shell: IPython's, with nothing in it.
        judge: a socket of packets to it.
        shared: bytes of memory that each fork has in common with the warm process.
    """

    config: dict[str, Any]
    scratch: list[Path]
    filter: Any
    shell: Any
    judge: socket.socket
    shared: int


class Attempt:
    """One fork that runs what is still open of a submission.

    Args:
        ready: of the warm process.
        run: the submission.
        link: to the grader; the fork closes it.
        budget: the time that is left for the submission. The session ends when it is
            used up, without a verdict.
    """

    def __init__(self, ready: Ready, run: Run, link: wire.Link, budget: Budget) -> None:
        self.ready, self.run, self.link, self.budget = ready, run, link, budget
        self.plan = run.plan()
        self.limits: dict[str, Any] = ready.config["limits"]
        self.current: int | None = None  # index into the plan
        self.testing = self.over = False
        self.started = self.looked = time.monotonic()
        self.spent = 0.0  # seconds of the cell, or of its tests
        self.clock = Clock(lambda: watch.busy(watch.descendants()))
        self.printed = bytearray()
        self.count = 0
        self.mark = secrets.token_hex(16).encode()
        self.errors: dict[str, Any] = {}  # question → error of the answer's cell
        self.waits = False  # for the judge's verdict

    def go(self) -> None:
        """Fork, listen until the session is over, leave nothing of it."""
        if not self.plan:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, writing = os.pipe()
        link = self._link()
        child = os.fork()
        if child == 0:
            self._child(ours, theirs, reading, writing, link)
        theirs.close()
        for each in (writing, *link):
            os.close(each)
        self.child, self.exit = child, os.pidfd_open(child)
        try:
            self._listen(ours, reading)
        finally:
            watch.end_all(alone=self.ready.config["alone"])
            ours.close()
            os.close(reading)
            os.close(self.exit)
            watch.sweep(self.ready.scratch)
            if self.waits:  # its subject has gone: a word that is not needed any more
                self._judgment(4 * PATIENCE * self.limits["seconds"])

    def _link(self) -> tuple[int, int]:
        """Connect the judge with the fork to come; return the fork's descriptors."""
        (asked, asks), (told, tells) = os.pipe(), os.pipe()
        socket.send_fds(self.ready.judge, [b'{"open": true}'], [told, asks])
        os.close(told)
        os.close(asks)
        return asked, tells

    # -- the child -----------------------------------------------------------------

    def _child(
        self,
        ours: socket.socket,
        theirs: socket.socket,
        reading: int,
        writing: int,
        link: tuple[int, int],
    ) -> None:
        status = 5
        try:
            os.setsid()
            ours.close()
            os.close(reading)
            self.link.close()
            self.ready.judge.close()
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os.close(writing)
            sys.stdout = _stream(1, 8192)
            sys.stderr = _stream(2, 1)
            texts = self.ready.config["texts"]
            steps = [_filled_in(step, texts) for _, step in self.plan]
            os.close(texts)
            job = {
                "mark": self.mark.decode(),
                "steps": steps,
                "limits": self.limits,
                "link": link,
                "scout": self.run.job.get("scout", False),
            }
            del self.run, self.plan
            self._confine()
            session.run(job, theirs, self.ready.shell)
            status = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(status)

    def _confine(self) -> None:
        config, scratch = self.ready.config, self.ready.scratch
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
            confine.restrict_files(readable, [*scratch, Path("/dev/null")])
        os.chdir(scratch[0])
        if self.ready.filter is not None:
            self.ready.filter.load()

    # -- the parent ----------------------------------------------------------------

    def _listen(self, channel: socket.socket, reading: int) -> None:
        os.set_blocking(reading, False)
        self.reading = reading
        channel.setblocking(False)
        self._begin_to_count()
        with selectors.DefaultSelector() as selector:
            selector.register(self.ready.judge, selectors.EVENT_READ, self._verdict)
            selector.register(channel, selectors.EVENT_READ, self._packets)
            selector.register(reading, selectors.EVENT_READ, self._text)
            selector.register(self.exit, selectors.EVENT_READ, self._ended)
            while not self.over:
                ready = selector.select(_TICK)
                # Words before deeds: what was said counts before the end is noticed.
                order = [self._verdict, self._packets, self._text, self._ended]
                for key, _ in sorted(ready, key=lambda r: order.index(r[0].data)):
                    if not self.over:
                        key.data(key.fileobj, selector)
                self._look()

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
        """Take what is said, and no more than some: the clock has to be looked at."""
        for _ in range(64):
            if self.over:
                return
            try:
                body = channel.recv(_PACKET)  # descriptors that come along are dropped
            except BlockingIOError:
                return
            except OSError:
                body = b""
            if not body:
                return
            self._packet(body)

    def _packet(self, body: bytes) -> None:
        try:
            message = wire.decode(body, depth=_DEEP)
            handler = getattr(self, f"_on_{message.get('kind')}", None)
            number = message.get("step", self.current)
            if handler is None or not self._expected(message["kind"], number):
                return self._stop("TAMPERED", "", evidence="a message out of turn")
            handler(number, message)
        except wire.Broken as error:
            self._stop("TAMPERED", "", evidence=str(error))
        except (JudgeGone, OSError):
            raise
        except Exception as error:
            text = f"a message without sense: {type(error).__name__}"
            self._stop("TAMPERED", "", evidence=text)

    def _expected(self, kind: str, number: Any) -> bool:
        if kind in ("begin", "complete") and self._still_waits():
            return False
        if kind == "begin":
            following = 0 if self.current is None else self.current + 1
            return type(number) is int and number == following < len(self.plan)
        in_turn = self.testing == (kind in ("tested", "modules"))
        return kind == "complete" or bool(number == self.current and in_turn)

    def _on_begin(self, number: int, _message: Message) -> None:
        self.current = number
        self._begin_to_count()
        self.testing = self._step()["kind"] == "test"
        self.count = len(self.printed)
        if self.testing:
            question = self._step()["question"]
            ask = {"test": question, "earlier": self.errors.get(question)}
            ask["alone"] = self.run.job.get("alone", False)
            self.waits = True
            self.ready.judge.send(json.dumps(ask).encode())

    def _on_end(self, _number: int, message: Message) -> None:
        if (error := message.get("error")) is not None:
            name, line = error
            self.errors[self._step()["question"]] = [str(name)[:80], str(line)[:300]]
        text = self._printed_until_now().decode("utf-8", "replace")[:_TEXT]
        if self.over:
            return
        cell, outputs = self._step()["cell"], list(message.get("outputs") or [])
        if text:
            stream = {"output_type": "stream", "name": "stdout", "text": text}
            outputs.insert(0, stream)
        self.run.put_out(cell, outputs)

    def _printed_until_now(self) -> bytes:
        """Return what the step printed, up to the session's mark."""
        self._text(self.reading, None)  # the mark is in the pipe by now
        head, _, tail = bytes(self.printed).partition(self.mark)
        self.printed = bytearray(tail)
        return head

    def _verdict(self, *_: Any) -> None:
        """Take the judge's verdict on the present test."""
        result = self._judgment(0)
        verdict, words = result.pop("verdict"), result.pop("message", "")
        if verdict in _ENDS:  # the subject is in the midst of something
            return self._stop(verdict, words, **result)
        self.run.settle(self._number(), verdict, words, **result)

    def _still_waits(self) -> bool:
        """Tell whether the judge has not spoken; it does before a test's fork ends."""
        if self.waits and select.select([self.ready.judge], [], [], 0)[0]:
            self._verdict()
        return self.waits

    def _judgment(self, seconds: float) -> dict[str, Any]:
        """Return the judge's next word.

        Raises:
            JudgeGone: it has ended, or says nothing for so long.
        """
        judge = self.ready.judge
        ready, _, _ = select.select([judge], [], [], seconds)
        body = judge.recv(_PACKET) if ready else b""
        if not body or not self.waits:
            raise JudgeGone(self._step()["question"])
        self.waits = False
        told = json.loads(body)
        result: dict[str, Any] = told["result"]
        if told.get("again"):
            self.run.again[self._step()["question"]] = told["again"]
        return result

    def _on_tested(self, _number: int, message: Message) -> None:
        self._printed_until_now()
        if not self.over and self._still_waits():
            self._died(int(message.get("status") or 0))

    def _on_modules(self, _number: int, message: Message) -> None:
        if self.run.job.get("scout"):
            self.run.modules.update(map(str, message.get("modules") or []))

    def _on_complete(self, _number: int, _message: Message) -> None:
        self.over = True

    def _ended(self, *_: Any) -> None:
        """The session's first process is gone."""
        self.over = True
        if self.current is None:
            said = bytes(self.printed[-500:]).decode("utf-8", "replace")
            text = "The grader itself failed here; this will be tried again."
            self.run.give_up("INFRA", text, f"the session did not start: {said}")
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

    def _look(self) -> None:
        """End what takes too long, or too much."""
        now = time.monotonic()
        if self.over or now < self.looked + _TICK:
            return
        self.looked = now
        self._charge()
        seconds = self.limits["seconds"]
        if self.spent > seconds or now > self.started + PATIENCE * seconds:
            text = f"Your code ran longer than {seconds:g} seconds."
            return self._stop("TIMEOUT", text)
        waiting = self.child if self.testing else 0
        pids, most = watch.descendants(), self.limits["processes"]
        use = watch.usage(pids, self.ready.shared, most, waiting)
        if use.processes > most:
            return self._stop("CRASHED", "Your code started too many processes.")
        if use.memory > self.limits["memory"]:
            return self._stop("OOM", "Your code used too much memory.")
        self.over |= self.budget.used_up

    def _charge(self) -> None:
        seconds = self.clock.lap()
        self.spent += seconds
        self.budget.spend(seconds)

    def _begin_to_count(self) -> None:
        self._charge()
        self.started, self.spent = time.monotonic(), 0.0

    def _stop(self, verdict: str, message: str, **more: Any) -> None:
        self.over = True
        if self.current is None:
            return
        seconds = round(time.monotonic() - self.started, 4)
        more.setdefault("seconds", seconds)
        self.run.settle(self._number(), verdict, message, **more)

    def _number(self) -> int:
        return self.plan[self.current or 0][0]

    def _step(self) -> dict[str, Any]:
        return self.plan[self.current or 0][1]


def _filled_in(step: dict[str, Any], texts: int) -> dict[str, Any]:
    """Return a step with its text, or the parts of it; a test has none here."""
    step = dict(step)
    if step["kind"] != "test":
        start, length = step.pop("place")
        text = os.pread(texts, length, start)
        if (parts := step.pop("parts", None)) is not None:
            text = b"\n".join(text[begin:end] for begin, end in parts)
        step["source"] = text.decode("utf-8", "surrogatepass")
    return step


def _stream(descriptor: int, buffering: int) -> TextIO:
    return open(descriptor, "w", buffering, errors="replace", closefd=False)
