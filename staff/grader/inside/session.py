"""One submission's session: a fork of the warm process runs its cells in order.

Cells run in an IPython shell without a kernel. Each test runs in a fork of its own,
under names that the learner cannot have changed, by check modules loaded afresh.
Everything said to the warm process carries a nonce that lives only in this module's
frames and closures; the guard's tripwires keep answers away from those.
"""

from __future__ import annotations

import _thread
import ast
import contextlib
import math
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from staff.grader.inside import afterwards, guard
from staff.grader.inside.shell import Recorder
from staff.grader.inside.wire import encode

__all__ = ["loaded", "run"]

CELL = "the answer's own cell ended with this error"
_MESSAGE = 100_000  # bytes that fit into one packet


class Session:
    """What a session knows; it lives only in the frames of `run`."""

    def __init__(
        self,
        job: dict[str, Any],
        channel: socket.socket,
        shell: Any,
        pristine: guard.Fingerprint,
    ) -> None:
        self.job, self.channel, self.shell = job, channel, shell
        self.pristine = pristine
        self.nonce, self.mark = job.pop("nonce"), job.pop("mark").encode()
        self.recorder = Recorder(shell, job["limits"]["output"])
        self.provided: list[str] = []  # sources of the instructor's cells so far
        self.fixtures: dict[str, Any] = {}  # the names they made
        self.errors: dict[str, tuple[str, str] | None] = {}  # of the answers' cells
        self.path = tuple(sys.path)
        self.threads = _thread._count()
        self.testing = 0  # number of the step
        self.standing: afterwards.Standing | None = None  # before a test's calls
        self.checks: guard.Fingerprint | None = None  # of the course's own modules
        self.say = _speaker(channel, self.nonce)
        # Tests need a few descriptors; an answer may leave none.
        self.spare = [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]

    def make_room(self) -> None:
        """Give back the descriptors that were kept for the tests."""
        for descriptor in self.spare:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _speaker(channel: socket.socket, nonce: str) -> Callable[..., None]:
    send = channel.send

    def say(kind: str, **values: Any) -> None:
        text = encode({"nonce": nonce, "kind": kind, **values}).encode()
        if len(text) > _MESSAGE:
            less = {"nonce": nonce, "kind": kind, "step": values.get("step")}
            text = encode(less).encode()
        send(text)

    return say


def run(
    job: dict[str, Any],
    channel: socket.socket,
    shell: Any,
    pristine: guard.Fingerprint,
) -> None:
    """Run a session's steps; the last thing said is "complete".

    Args:
        job: steps, limits, root, and nonce and mark, which are taken out.
        channel: a socket of packets to the warm process.
        shell: IPython's, with nothing in it.
        pristine: the fingerprint taken before anything ran.
    """
    session = Session(job, channel, shell, pristine)
    say, leave = session.say, os._exit

    def tripped(why: str) -> None:
        say("tampered", why=why)
        leave(3)

    def answered() -> None:
        if session.standing is not None:
            _look_after_call(session)

    for name in [name for name in sys.modules if name.startswith("staff")]:
        del sys.modules[name]
    guard.set_tripwires(tripped, guard.trusted_places(job["root"]), answered)
    for number, step in enumerate(job["steps"]):
        if step["kind"] == "test":
            _test(session, number, step)
        else:
            _cell(session, number, step)
    say("complete")


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
    session.errors[step["question"]] = session.recorder.error() or _error_of(done)
    if step["kind"] == "provided":
        session.provided.append(step["source"])
        made = {k: v for k, v in names.items() if before.get(k, session) is not v}
        session.fixtures.update({k: v for k, v in made.items() if k[0] != "_"})
    else:
        _look_round(session)
    session.say("end", step=number, outputs=outputs)
    if _thread._count() > session.threads:
        afterwards.leave_threads_behind()


def _error_of(done: Any) -> tuple[str, str] | None:
    """Return (name, last line) of an error that could not even be shown."""
    error = getattr(done, "error_before_exec", None)
    error = error or getattr(done, "error_in_exec", None)
    if not isinstance(error, BaseException):
        return None
    return type(error).__name__, _line(error)


def _look_round(session: Session) -> None:
    changes = [f"changed {name}" for name in session.pristine.changes()]
    torch = sys.modules.get("torch")
    if not changes and torch is not None:
        with torch._C.DisableTorchFunction():
            changes = guard.canaries(torch, checks=False)
    if changes:
        session.say("tampered", why="; ".join(changes[:5]))
        os._exit(3)


def _flush(mark: bytes = b"") -> None:
    """Send off what was printed; the mark ends it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a learner may have put anything there
            stream.flush()
    with contextlib.suppress(OSError):  # or have closed
        os.write(1, mark)


# --- tests ------------------------------------------------------------------------


def _test(session: Session, number: int, step: dict[str, Any]) -> None:
    _flush()
    session.say("begin", step=number)
    child = os.fork()
    if child == 0:
        try:
            _test_here(session, number, step)
        finally:
            os._exit(4)
    _, status = os.waitpid(child, 0)
    _flush(session.mark)
    session.say("tested", step=number, status=status)


def _test_here(session: Session, number: int, step: dict[str, Any]) -> None:
    session.make_room()
    visible = _ask_for_tests(session, number, "visible")
    start = time.monotonic()
    wrong = session.pristine.changes()
    if wrong:
        _result(session, number, "TAMPERED", evidence="changed " + ", ".join(wrong[:5]))
    with _ordinary_modes():
        result = _judge(session, number, visible, set(step["names"]))
    result["seconds"] = round(time.monotonic() - start, 4)
    if session.job.get("scout"):
        result["modules"] = sorted(sys.modules)
    _result(session, number, **result)


def _ask_for_tests(session: Session, number: int, part: str) -> str:
    """Get the visible or the hidden tests through a pipe that only this process has."""
    reading, writing = os.pipe()
    wish = {"nonce": session.nonce, "kind": "want", "step": number, "part": part}
    socket.send_fds(session.channel, [encode(wish).encode()], [writing])
    os.close(writing)
    parts = []
    while text := os.read(reading, 1 << 16):
        parts.append(text)
    os.close(reading)
    return b"".join(parts).decode()


def _result(session: Session, number: int, verdict: str, **values: Any) -> None:
    session.say("result", step=number, verdict=verdict, **values)
    os._exit(0)


def _judge(
    session: Session, number: int, visible: str, wanted: set[str]
) -> dict[str, Any]:
    _settle()
    try:
        names = _names(session, wanted)
    except Exception as error:
        # The instructor's answers have shown that they can: prepare.py.
        text = f"the checks could not be loaded any more: {_line(error)}"
        return {"verdict": "TAMPERED", "evidence": text}
    _watch_calls(session, number)
    earlier = session.errors.get(session.job["steps"][number]["question"])
    torch, earned = sys.modules.get("torch"), None
    for is_hidden in (False, True):
        # Only now: until here an answer may have spoken, and been quoted.
        part = _ask_for_tests(session, number, "hidden") if is_hidden else visible
        if not part.strip():
            continue
        failed, earned = _execute(part, names, is_hidden, earlier)
        suspicions = _changes(session, all=True)
        if not suspicions and torch is not None:
            loaded = "helpers.checks" in sys.modules
            suspicions = guard.canaries(torch, checks=loaded)
        if suspicions:
            return {"verdict": "TAMPERED", "evidence": "; ".join(suspicions[:5])}
        if failed is not None:
            return failed
    return {"verdict": "PASS", "earned": earned}


def _watch_calls(session: Session, number: int) -> None:
    """From here on look after each call of the answer, and end what it left."""
    loaded = [name for name in sys.modules if name.split(".")[0] == "helpers"]
    session.testing = number
    session.checks = guard.Fingerprint(loaded)
    session.standing = afterwards.Standing(sys.modules.get("torch"))


def _changes(session: Session, *, all: bool) -> list[str]:
    """End what an answer left running; return what is not as it was before it."""
    assert session.standing is not None
    assert session.checks is not None
    session.standing.settle()
    rely_on = session.pristine.changes() if all else session.pristine.soon()
    standing = session.standing.changes(all=all)
    return [*rely_on, *session.checks.changes(), *standing]


def _look_after_call(session: Session) -> None:
    changes = _changes(session, all=False)
    if changes:
        text = "changed " + ", ".join(changes[:5])
        _result(session, session.testing, "TAMPERED", evidence=text)


@contextlib.contextmanager
def _ordinary_modes() -> Iterator[None]:
    """Switch off what an answer may have switched on and cannot be told to end."""
    torch = sys.modules.get("torch")
    with contextlib.ExitStack() as stack:
        if torch is not None:
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
            torch.autograd.set_detect_anomaly(False)
        yield


def _settle() -> None:
    """Undo what an answer may rightly have left: threads, modes, the default dtype."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    torch.set_num_threads(1)
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    while torch._C._len_torch_function_stack():
        torch._C._pop_torch_function_stack()
    while torch._C._len_torch_dispatch_stack():
        torch._C._pop_torch_dispatch_stack(None)


def _names(session: Session, wanted: set[str]) -> dict[str, Any]:
    """Return the names that tests run under: the instructor's first.

    The instructor's are made anew, from the statements that the tests need, with the
    course's modules loaded afresh; what is left over is the learner's.
    """
    for name in [name for name in sys.modules if name.split(".")[0] == "helpers"]:
        del sys.modules[name]
    sys.path = list(session.path)  # a learner may have added to it
    for name, path in list(sys.path_importer_cache.items()):
        if not name.startswith(sys.prefix):
            sys.path_importer_cache.pop(name, path)
    names = {"__name__": "__main__", "__builtins__": vars(guard)["__builtins__"]}
    statements = _slice(session.provided, wanted)
    for statement in statements:
        exec(compile(ast.Module([statement], []), "<provided>", "exec"), names)
    for name in wanted:
        if name not in names and name in session.shell.user_ns:
            names[name] = session.shell.user_ns[name]
    return names


def loaded(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


def _slice(sources: list[str], wanted: set[str]) -> list[ast.stmt]:
    """Return the instructor's statements that make the wanted names, in order."""
    wanted, kept = set(wanted), []
    for source in reversed(sources):
        try:
            body = ast.parse(source).body
        except SyntaxError:  # a magic: it makes no name that tests use
            continue
        for statement in reversed(body):
            if _stored(statement) & wanted:
                kept.append(statement)
                wanted |= loaded(statement)
    return kept[::-1]


def _stored(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {a.asname or a.name.split(".")[0] for a in statement.names}
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    stores = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
    return {n.id for n in stores if isinstance(n.ctx, ast.Store)}


def _execute(
    part: str, names: dict[str, Any], hidden: bool, earlier: tuple[str, str] | None
) -> tuple[dict[str, Any] | None, float | None]:
    """Run one part of a test.

    Args:
        earlier: the error with which the answer's own cell ended.

    Returns:
        (None if it passes, else what is to be said; the points that its last line
        gives, None for all of them: as nbgrader takes a cell's last value).
    """
    try:
        return None, _points(_last_value(part, names))
    except NameError as error:
        if earlier is not None:  # that is why the name is not there
            return _raised(*earlier, hidden=False) | {"evidence": CELL}, None
        return _explain(error, hidden), None
    except BaseException as error:
        return _explain(error, hidden), None


def _last_value(part: str, names: dict[str, Any]) -> Any:
    """Run a part and return the value of its last line, None if it has none."""
    body = ast.parse(part, "<test>").body
    last = body[-1] if body else None
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module(body, []), "<test>", "exec"), names)
        return None
    body.pop()
    exec(compile(ast.Module(body, []), "<test>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<test>", "eval"), names)


def _points(value: Any) -> float | None:
    return value if type(value) is float and 0 < value < math.inf else None


def _explain(error: BaseException, hidden: bool) -> dict[str, Any]:
    report = sys.modules.get("helpers.checks.vocabulary.report")
    if report is not None and type(error) is report.NotAttempted:
        message = "Not attempted: `raise NotImplementedError` still stands."
        return {"verdict": "MISSING", "message": message}
    if report is not None and type(error) is report.CheckFailed:
        return _failed(error, hidden)
    return _raised(type(error).__name__, _line(error), hidden=hidden)


def _raised(name: str, line: str, *, hidden: bool) -> dict[str, Any]:
    if name == "MemoryError" or _no_memory(line):
        return {"verdict": "OOM", "message": "Your code asked for too much memory."}
    message = "Your code raised an error." if hidden else f"Your code raised {line}"
    return {"verdict": "ERROR", "message": message, "hidden": hidden}


def _failed(error: Any, hidden: bool) -> dict[str, Any]:
    raised = getattr(error, "raised", None) or ""
    verdict = "ERROR" if raised else "FAIL"
    if raised == "MemoryError" or _no_memory(f"{error.got}"):
        verdict = "OOM"
    lines = error.lines()
    if hidden:
        kind = "your code raised an error" if raised else error.problem
        lines = [f"✗ {error.title}: with other numbers, {_first_lower(kind)}"]
        if error.mistake and error.advice:
            lines.append(f"  Mistake   {error.advice}")
    return {
        "verdict": verdict,
        "message": "\n".join(lines)[:4000],
        "mistake": error.mistake or "",
        "hidden": hidden,
    }


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _no_memory(text: str) -> bool:
    return "allocate memory" in text or text.startswith("MemoryError")


def str_of(error: BaseException) -> str:
    """Return an exception's text; it may be a learner's own class."""
    try:
        return str(error)
    except Exception:
        return ""


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str_of(error)}".splitlines()[0][:300]
