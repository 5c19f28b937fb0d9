"""Notice tampering: fingerprints, canaries, and tripwires that go off beforehand.

Answers run in the process that tests them, so nothing here is a wall; the wall is the
sandbox. The guard makes the ways to a forged verdict narrow and loud:

- *fingerprints* of everything that checks rely on, taken before the answers run and
  compared after each of them;
- *canaries*: comparisons that must come out false and assertions that must fail;
- *tripwires*: an audit hook (PEP 578), which nothing can take off again, reports an
  attempt to reach the grader's frames or memory before it succeeds.
"""

from __future__ import annotations

import _thread
import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["Fingerprint", "canaries", "set_tripwires", "trusted_places"]

_MODULES = """
    builtins math random operator functools inspect copy copyreg types
    contextlib io textwrap traceback warnings json json.encoder json.decoder os
    posix posixpath re linecache importlib importlib._bootstrap
    importlib._bootstrap_external importlib.util importlib.machinery statistics
    numbers dataclasses collections collections.abc itertools tempfile pathlib
    pickle numpy torch torch._C torch._tensor torch._jit_internal
    torch.functional torch.nn torch.nn.functional torch.nn.init
    torch.nn.modules.module torch.nn.modules.dropout torch.nn.modules.linear
    torch.nn.modules.conv torch.nn.modules.batchnorm
    torch.nn.modules.normalization torch.nn.modules.activation
    torch.nn.modules.container torch.nn.modules.loss torch.nn.parameter
    torch.autograd torch.autograd.function torch.autograd.functional
    torch.autograd.grad_mode torch.random torch.testing
    torch.testing._comparison torch.optim torch.optim.optimizer torch.optim.adam
    torch.optim.adamw torch.optim.sgd torch.linalg torch.special torch.func
    torch.serialization torch._C._nn torch._C._linalg torch.overrides
    torch.utils._pytree
"""
_SYS = ["meta_path", "path_hooks", "modules", "excepthook", "unraisablehook"]
_SYS += ["stdout", "stderr", "displayhook", "exit", "settrace", "setprofile"]
_SYS += ["getprofile", "gettrace", "_getframe", "exc_info", "breakpointhook", "audit"]
_CODE = ("__code__", "__defaults__", "__kwdefaults__")


class Fingerprint:
    """What the checks rely on, as it was before any answer ran.

    Compares objects by identity and functions by their code; entries that are added
    are nobody's business, entries that changed or went are.

    Args:
        names: the modules; without, those that any check may use, and the system's.
    """

    def __init__(self, names: Iterable[str] | None = None) -> None:
        self._dicts: list[tuple[str, dict[Any, Any], dict[Any, Any]]] = []
        self._classes: list[tuple[str, type, dict[str, Any]]] = []
        self._functions: list[tuple[str, Any, tuple[Any, ...]]] = []
        self._lists: list[tuple[str, list[Any], list[Any]]] = []
        self._hooks: list[tuple[str, dict[Any, Any]]] = []
        seen: set[int] = set()
        for name in _MODULES.split() if names is None else names:
            if (module := sys.modules.get(name)) is not None:
                self._take(name, module, seen)
        if names is None:
            self._take_system()
            self._take_hooks()
        self._near_dicts = [each for each in self._dicts if each[0] in _NEAR]
        self._near_classes = [each for each in self._classes if each[0] in _NEAR]

    def _take(self, name: str, module: types.ModuleType, seen: set[int]) -> None:
        kept = {k: v for k, v in vars(module).items() if callable(v) or _lasting(k, v)}
        self._dicts.append((name, vars(module), kept))
        for key, value in kept.items():
            self._take_value(f"{name}.{key}", value, seen)

    def _take_value(self, name: str, value: Any, seen: set[int]) -> None:
        if id(value) in seen:
            return
        seen.add(id(value))
        if isinstance(value, types.FunctionType):
            code = tuple(getattr(value, part) for part in _CODE)
            self._functions.append((name, value, code))
        elif isinstance(value, type) and value.__flags__ & 1 << 9:  # heap type
            members = dict(vars(value))
            self._classes.append((name, value, members))
            for key, member in members.items():
                plain = getattr(member, "__func__", getattr(member, "fget", member))
                self._take_value(f"{name}.{key}", plain, seen)

    def _take_system(self) -> None:
        system = {name: getattr(sys, name) for name in _SYS if hasattr(sys, name)}
        self._dicts.append(("sys", vars(sys), system))
        for name in ("meta_path", "path_hooks"):
            value = getattr(sys, name)
            self._lists.append((f"sys.{name}", value, list(value)))

    def _take_hooks(self) -> None:
        module = sys.modules.get("torch.nn.modules.module")
        for key, value in vars(module).items() if module else ():
            if key.startswith("_global_") and isinstance(value, dict):
                self._hooks.append((f"torch.nn.modules.module.{key}", value))

    def changes(self) -> list[str]:
        """Return the names of what is not as it was; empty if all is."""
        return [*self._changes()]

    def soon(self) -> list[str]:
        """Return the same for what comparisons rely on: quick enough for each call."""
        return [*_moved(self._near_dicts), *_replaced(self._near_classes)]

    def _changes(self) -> Iterator[str]:
        yield from _moved(self._dicts)
        yield from _replaced(self._classes)
        for name, function, (code, defaults, keywords) in self._functions:
            same = function.__code__ is code and function.__defaults__ is defaults
            if not (same and function.__kwdefaults__ is keywords):
                yield f"{name} (its code)"
        for name, now, before in self._lists:
            if len(now) != len(before) or any(
                [a is not b for a, b in zip(now, before)]  # noqa: B905
            ):
                yield name
        for name, hooks in self._hooks:
            if len(hooks):
                yield f"{name} (a hook for every module)"


def _moved(entries: list[tuple[str, dict[Any, Any], dict[Any, Any]]]) -> Iterator[str]:
    for name, now, before in entries:
        for key, value in before.items():
            if now.get(key, _GONE) is not value and not _may_change(key, value):
                yield f"{name}.{key}"


def _replaced(entries: list[tuple[str, type, dict[str, Any]]]) -> Iterator[str]:
    for name, cls, before in entries:
        now = cls.__dict__
        for key, value in before.items():
            if now.get(key, _GONE) is not value and key not in _RESTLESS:
                yield f"{name}.{key}"


_NEAR = {"sys", "builtins", "math", "torch", "torch._tensor.Tensor", "torch.Tensor"}
_GONE = object()
_RESTLESS = {
    "__abstractmethods__",
    "__doc__",
    "__annotations__",
    "_abc_impl",
    "__weakref__",
    "next_id",  # torch counts its hooks in a class
    "__dict__",
}


def _lasting(key: str, value: Any) -> bool:
    return isinstance(value, types.ModuleType) and not key.startswith("__")


def _may_change(key: str, value: Any) -> bool:
    """Tell whether an entry follows a setting, or is a stream that a cell replaces."""
    return key in _SETTINGS or (hasattr(value, "write") and hasattr(value, "flush"))


_SETTINGS = {"Storage"}  # follows torch's default dtype


# --- canaries ---------------------------------------------------------------------


def canaries(torch: types.ModuleType, *, checks: bool) -> list[str]:
    """Return which control came out wrong; empty if all are as they must be.

    Args:
        torch: the module.
        checks: try the course's own comparisons, too.
    """
    wrong = []
    one, two = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0])
    comparisons: dict[str, Callable[[], object]] = {
        "torch.equal": lambda: torch.equal(one, two),
        "torch.allclose": lambda: torch.allclose(one, two),
        "==": lambda: bool((one == two).all()),
        "torch.isclose": lambda: bool(torch.isclose(one, two).all()),
        "torch.isfinite": lambda: bool(torch.isfinite(one / 0).any()),
        ".item()": lambda: float((two - one).abs().max()) != 1.0,
        "a Python comparison": lambda: abs(3.0 - 2.0) < 0.5 or [1] == [2],
    }
    for name, comparison in comparisons.items():
        if comparison() is not False:
            wrong.append(f"{name} calls different values the same")
    try:
        torch.testing.assert_close(one, two)
        wrong.append("torch.testing.assert_close accepts different values")
    except AssertionError:
        pass
    try:
        assert one is two
        wrong.append("assert accepts what is false")
    except AssertionError:
        pass
    if checks:
        wrong += _check_canary(torch)
    return wrong


def _check_canary(torch: types.ModuleType) -> list[str]:
    checks = sys.modules["helpers.checks"]
    trial = checks.Trial("Control", "control", mistakes={}, seed=1)
    wrong = []
    for what, got, expected in [
        ("a tensor", torch.ones(2), torch.zeros(2)),
        ("a tensor of float64", torch.ones(2).double(), torch.ones(2).double() + 1e-3),
    ]:
        try:
            trial.close(got, expected)
            wrong.append(f"the checks' comparison of {what} accepts a wrong value")
        except checks.CheckFailed:
            pass
    return wrong


# --- tripwires --------------------------------------------------------------------

ANSWERED = "helpers.checks.answered"
_WATCHED = {
    "gc.get_objects",
    "gc.get_referrers",
    "gc.get_referents",
    "sys._current_frames",
    "sys._current_exceptions",
    "sys.settrace",
    "sys.setprofile",
    "sys.monitoring.register_callback",
    "sys.addaudithook",
    "code.__new__",
    "sys._getframe",
    "function.__new__",
    "object.__getattr__",
    "object.__setattr__",
    "object.__delattr__",
    "open",
    "compile",
}
_FRAMES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame", "f_back", "tb_next"}
_GADGETS = (
    *("inspect.py", "traceback.py", "logging/__init__.py", "pdb.py", "bdb.py"),
    *("asyncio/base_tasks.py", "cgitb.py", "IPython/core/debugger.py"),
    *("IPython/core/ultratb.py", "torch/utils/_traceback.py"),
)
_GIVERS = ("stack_data/", "executing/")  # of frames, to whoever asks
_TRACERS = (
    *("bdb.py", "pdb.py", "trace.py", "/profile.py", "threading.py"),
    "IPython/core/debugger.py",
)
_SHELL = "IPython/core/interactiveshell.py"
_SUMMARIES = {"extract_stack", "print_stack", "format_stack", "findCaller"}  # of text
_MEMORY = ("mem", "maps", "environ", "cmdline", "auxv", "stack", "pagemap")


def set_tripwires(
    report: Callable[[str], None],
    trusted: tuple[str, ...],
    answered: Callable[[], None],
) -> None:
    """Have every attempt to reach the grader's memory reported before it succeeds.

    Args:
        report: says what was tried and ends the process.
        trusted: beginnings of file names of code that is not a learner's.
        answered: called after each call of an answer by a check.
    """
    busy: set[int] = set()
    ident, get_frame = _thread.get_ident, sys._getframe

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == ANSWERED:
            answered()
        if event not in _WATCHED and not event.startswith("ctypes."):
            return
        if event == "object.__getattr__" and arguments[1] not in _FRAMES:
            return  # many, and of no interest
        me = ident()
        if me in busy:  # the hook's own look at the frame
            return
        busy.add(me)
        try:
            why = _suspicion(event, arguments, get_frame(1), trusted)
        finally:
            busy.discard(me)
        if why is not None:
            report(why)

    sys.addaudithook(hook)


def _suspicion(
    event: str, arguments: tuple[Any, ...], frame: Any, trusted: tuple[str, ...]
) -> str | None:
    if event == "sys._getframe":
        beyond = _reaches_beyond(frame, arguments[0], trusted)
        return event if beyond or _learner_near(frame, trusted) else None
    if event == "object.__getattr__":
        wanted = arguments[1] in _FRAMES and _learner_near(frame, trusted)
        return f"reading {arguments[1]}" if wanted else None
    if event in {"sys.settrace", "sys.setprofile"} and _is_of(frame, _TRACERS):
        return event if any(_is_stranger(f, trusted) for f in _callers(frame)) else None
    if event == "open":
        return _forbidden(arguments[0], frame, trusted)
    if not _is_stranger(frame, trusted):
        return None
    if event == "compile":
        name = arguments[1]
        bad = isinstance(name, str) and name.startswith(trusted)
        return "compiling under a false file name" if bad else None
    return event


def _forbidden(path: Any, frame: Any, trusted: tuple[str, ...]) -> str | None:
    """Tell whether a learner opens a process's memory, maybe through a library."""
    if type(path) is bytes:
        path = os.fsdecode(path)
    if type(path) is not str or not path.endswith(_MEMORY):
        return None
    if not any(_is_stranger(each, trusted) for each in _callers(frame)):
        return None
    inside = os.path.realpath(path).startswith("/proc/")
    return f"opening {path}" if inside else None


def _is_stranger(frame: Any, trusted: tuple[str, ...]) -> bool:
    return frame is not None and not frame.f_code.co_filename.startswith(trusted)


def _is_of(frame: Any, files: tuple[str, ...]) -> bool:
    return frame is not None and frame.f_code.co_filename.endswith(files)


def _callers(frame: Any) -> Iterator[Any]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _learner_near(frame: Any, trusted: tuple[str, ...]) -> bool:
    """Tell whether a learner asks, or asks one of the library's frame givers."""
    given = 0
    for each in _callers(frame):
        if _is_stranger(each, trusted):
            return True
        code = each.f_code
        if any(part in code.co_filename for part in _GIVERS):
            continue
        given += 1
        if not _is_of(each, _GADGETS) or code.co_name in _SUMMARIES or given == 4:
            return False
    return False


def _reaches_beyond(frame: Any, wanted: Any, trusted: tuple[str, ...]) -> bool:
    """Tell whether a learner's caller is asked for, from behind the learner's code.

    IPython asks for its own frame below a cell when it runs a magic of that cell.
    """
    if _is_stranger(wanted, trusted) or _is_of(wanted, (_SHELL,)):
        return False
    passed = False
    for each in _callers(frame):
        if each is wanted:
            return passed
        passed = passed or _is_stranger(each, trusted)
    return False


def trusted_places(root: str) -> tuple[str, ...]:
    """Return the beginnings of file names of code that is not a learner's."""
    places = [sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)]
    places += [os.path.join(root, "helpers"), os.path.join(root, "staff")]
    return tuple(dict.fromkeys([*(f"{each}/" for each in places), "<frozen "]))
