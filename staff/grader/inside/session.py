"""One submission's session: a fork of the warm process runs its cells in order.

Cells run in an IPython shell without a kernel. For each test a fork of the session
serves the judge: it does with the learner's objects what it is asked to do, and knows
of no check, no expected value and no verdict. All that is said from here to the warm
process may be a learner's word.
"""

from __future__ import annotations

import _thread
import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

import torch

from staff.grader.inside.shell import Recorder
from staff.grader.judge import subject
from staff.grader.judge.wire import Link

__all__ = ["run"]

_MESSAGE = 100_000  # bytes that fit into one packet


class Session:
    """What a session knows.

    Args:
        job: see `run`.
        channel: to the warm process.
        shell: IPython's.
    """

    def __init__(self, job: dict[str, Any], channel: socket.socket, shell: Any) -> None:
        self.job, self.channel, self.shell = job, channel, shell
        self.mark = job["mark"].encode()
        self.recorder = Recorder(shell, job["limits"]["output"])
        self.fixtures: dict[str, Any] = {}  # the names that the instructor's cells made
        self.threads, self.modules = _thread._count(), {*sys.modules}
        # Tests need a few descriptors; an answer may leave none.
        self.spare = [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]

    def say(self, kind: str, **values: Any) -> None:
        """Tell the warm process; of what is too long only that it is."""
        text = json.dumps({"kind": kind, **values}).encode()
        if len(text) > _MESSAGE:
            text = json.dumps({"kind": kind, "step": values.get("step")}).encode()
        self.channel.send(text)

    def make_room(self) -> None:
        """Give back the descriptors that were kept for the tests."""
        for descriptor in self.spare:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def run(job: dict[str, Any], channel: socket.socket, shell: Any) -> None:
    """Run a session's steps; the last thing said is "complete".

    Args:
        job: steps, limits, mark (it ends what a cell printed), link (descriptors of
            the pipes to the judge) and scout.
        channel: a socket of packets to the warm process.
        shell: IPython's, with nothing in it.
    """
    session = Session(job, channel, shell)
    for number, step in enumerate(job["steps"]):
        if step["kind"] == "test":
            _test(session, number)
        else:
            _cell(session, number, step)
    session.say("complete")


# --- cells ------------------------------------------------------------------------


def _cell(session: Session, number: int, step: dict[str, Any]) -> None:
    session.say("begin", step=number)
    names = session.shell.user_ns
    for name, value in session.fixtures.items():
        names.setdefault(name, value)
    before = dict(names) if step["kind"] == "provided" else {}
    session.recorder.start()
    done = session.shell.run_cell(step["source"], store_history=True)
    outputs = session.recorder.stop()
    _flush(session.mark)
    error = session.recorder.error() or _error_of(done)
    if step["kind"] == "provided":
        made = {k: v for k, v in names.items() if before.get(k, session) is not v}
        session.fixtures.update({k: v for k, v in made.items() if k[0] != "_"})
    session.say("end", step=number, error=error, outputs=outputs)
    if _thread._count() > session.threads:
        _leave_threads_behind()


def _error_of(done: Any) -> tuple[str, str] | None:
    """Return (name, last line) of an error that could not even be shown."""
    error = getattr(done, "error_before_exec", None)
    error = error or getattr(done, "error_in_exec", None)
    if not isinstance(error, BaseException):
        return None
    return type(error).__name__, _line(error)


def _line(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # a learner's own class
        text = ""
    return f"{type(error).__name__}: {text}".splitlines()[0][:300]


def _flush(mark: bytes = b"") -> None:
    """Send off what was printed; the mark ends it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a learner may have put anything there
            stream.flush()
    with contextlib.suppress(OSError):  # or have closed
        os.write(1, mark)


def _leave_threads_behind() -> None:
    """Go on in a fork: what the answer left running stays here and waits with us."""
    _flush()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(1 if status else 0)


# --- tests ------------------------------------------------------------------------


def _test(session: Session, number: int) -> None:
    _flush()
    session.say("begin", step=number)
    child = os.fork()
    if child == 0:
        try:
            _serve(session, number)
        finally:
            os._exit(4)
    _, status = os.waitpid(child, 0)
    _flush(session.mark)
    session.say("tested", step=number, status=status)


def _serve(session: Session, number: int) -> None:
    """Serve the judge until it has its verdict."""
    session.make_room()
    _settle()
    with _ordinary_modes():
        reading, writing = session.job["link"]
        link = Link(reading, writing, subject.FROM_JUDGE)
        subject.serve(link, session.shell.user_ns)
    if session.job["scout"]:
        loaded = sorted({*sys.modules} - session.modules)
        session.say("modules", step=number, modules=loaded)
    _flush()
    os._exit(0)


@contextlib.contextmanager
def _ordinary_modes() -> Iterator[None]:
    """Switch off what an answer may have switched on and cannot be told to end."""
    with torch.inference_mode(False), torch.enable_grad():
        torch.autograd.set_detect_anomaly(False)
        yield


def _settle() -> None:
    """Undo what an answer may rightly have left: threads, modes, the default dtype."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    while torch._C._len_torch_function_stack():
        torch._C._pop_torch_function_stack()
    while torch._C._len_torch_dispatch_stack():
        torch._C._pop_torch_dispatch_stack(None)
