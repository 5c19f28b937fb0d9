"""The judge's side: a `Subject` that passes each use on to another process.

Nothing that comes back is believed. It is read from a closed format, it can change only
copies of what a use may have changed, and where a use promises a kind of value (a list
of modes, one gradient for each input) anything else is a breach: `Breach`.
"""

from __future__ import annotations

import io
import pickle
import time
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn

from helpers.checks.vocabulary import report, uses
from helpers.checks.vocabulary.subject import Outcome, Raised, Subject
from staff.grader.judge import shared, subject
from staff.grader.judge.shared import Handle
from staff.grader.judge.wire import Link, Lost, Malformed

__all__ = ["Absent", "Breach", "Remote"]

_TEXT = 4000
_RUNS = (uses.call, uses.calls, uses.method)
_LOOKS = (  # what only looks at a learner's object changes nothing of the check's
    *(uses.attributes, uses.can_be_called, uses.derives, uses.is_a, uses.is_set_up),
    *(uses.items, uses.modes, uses.name, uses.parameters, uses.state),
)
_NESTED = 10_000  # calls back into the judge during one use


class Breach(Exception):
    """The subject's reply is none that an honest one can give."""


class Absent(Exception):
    """The learner's namespace has no such name.

    Attributes:
        name: of the answer.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"name {name!r} is not defined")
        self.name = name


class JudgesTable(shared.Table):
    """What the judge has handed over, and what it has got in return.

    Attributes:
        touched: numbers of objects that the use now being done has hold of.
        looks: the use now being done changes nothing but generators.
    """

    step = 1

    def __init__(self) -> None:
        super().__init__()
        self.touched: set[int] = set()
        self.looks = False

    def _object(self, value: Any, out: shared.Out, share: bool) -> Any:
        kind = type(value)
        if kind is Handle:
            raise ValueError("a learner's object of a check that has ended")
        if isinstance(value, (set, frozenset)) or (kind in (list, dict) and not share):
            return self.container(value, out, share)
        if shared.sharable(value):
            return ["r", self._define(value, kind, out)]
        if isinstance(value, types.GeneratorType):
            value = iter(list(value))
        if callable(value) and not isinstance(value, type) and not _importable(value):
            key = self.add(value)
            name = str(getattr(value, "__name__", kind.__name__))
            out.objects.append([key, ["callback", name]])
            out.touched.add(key)
            return ["r", key]
        return self._pickled(value, out)

    def _define(self, value: Any, kind: type, out: shared.Out) -> int:
        key = self.add(value)
        out.touched.add(key)
        state, extra = self.state(value, out), None
        if kind is torch.Generator:
            out.objects.append([key, state])
        else:
            known = isinstance(value, Tensor) and kind in (Tensor, nn.Parameter)
            cls = None if known else self._pickled(kind, out)
            if isinstance(value, Tensor):
                extra = None if value.is_contiguous() else list(value.stride())
            elif isinstance(value, torch.optim.Optimizer):
                extra = self.value(value.defaults, out, share=False)
            out.objects.append([key, ["new", cls, state, extra]])
        self.settle(key)
        return key

    def _pickled(self, value: Any, out: shared.Out) -> list[Any]:
        buffer = io.BytesIO()
        _Pickler(self, out, buffer).dump(value)
        return ["p", out.blob.add(buffer.getvalue())]

    def _other(self, node: list[Any], blob: bytes) -> Any:
        if node[0] != "h" or len(node) != 3:
            return super()._other(node, blob)
        key, kind = node[1:]
        if type(key) is not int or key >= 0 or type(kind) is not str:
            raise Malformed("no object of the learner's")
        if key not in self.entries:
            self.put(key, Handle(key, kind[:100]))
        made = self.entries[key].obj
        if not isinstance(made, Handle):
            raise Malformed("a tensor is no object of the learner's")
        return made

    def take(self, objects: Any, blob: bytes) -> None:
        """Change copies as the subject says, and add the tensors that it made.

        Raises:
            Malformed: it says what it can not say.
        """
        for pair in shared.listed(objects):
            key, state = shared.paired(pair)
            if type(key) is not int:
                raise Malformed("no number of an object")
            entry = self.entries.get(key)
            if entry is None:
                if key >= 0:
                    continue  # dropped meanwhile
                self.put(key, shared.new_tensor(state, blob))
                entry = self.entries[key]
                entry.held = True
            elif key < 0 and key not in self.touched:
                self._renew(key, state, blob)
            elif self.looks and key > 0 and type(entry.obj) is not torch.Generator:
                raise Malformed("a look that changes what the check has handed over")
            elif (entry.held or key in self.touched) and shared.sharable(entry.obj):
                self.apply(entry.obj, state, blob)
            else:
                raise Malformed("a change of what this use has no hold of")
            self.settle(key)

    def _renew(self, key: int, state: Any, blob: bytes) -> None:
        """Take what the answer's own tensor has become for a new one.

        What came back before stays as it came, unless the check hands it on (alone, or
        as a part of an optimizer): the check may compare it yet.
        """
        self.drop([key])
        self.put(key, shared.new_tensor(state, blob))
        self.entries[key].held = True

    def _apply_attributes(self, module: nn.Module, pairs: Any, blob: bytes) -> None:
        """Attributes that the module has already; none that could be its methods."""
        for name, node in map(shared.paired, pairs):
            if type(name) is str and name in vars(module) and name not in _FIXED:
                super()._apply_attributes(module, [[name, node]], blob)


_FIXED = frozenset(dir(nn.Module)) - {"training"}


def _importable(value: Any) -> bool:
    """Tell whether the subject finds a function by its name, as torch's own."""
    module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
    if isinstance(value, nn.Module) or "<" in name or not name or "." in name:
        return False
    if isinstance(value, types.BuiltinFunctionType):
        return True
    own = str(module).split(".")[0] in ("torch", "helpers")
    return own and isinstance(value, types.FunctionType)


class _Pickler(pickle.Pickler):
    """Writes objects of the check; shared ones that stand inside by their numbers."""

    def __init__(self, table: JudgesTable, out: shared.Out, buffer: io.BytesIO) -> None:
        super().__init__(buffer, protocol=5)
        self._table, self._out = table, out

    def persistent_id(self, obj: Any) -> Any:
        """Return the node of a shared object."""
        if isinstance(obj, (list, dict)) and self._table.number(obj) is None:
            return None
        if isinstance(obj, Handle) or shared.sharable(obj):
            return self._table.value(obj, self._out)
        return None

    def reducer_override(self, obj: Any) -> Any:
        """Name classes and functions of modules that are loaded afresh."""
        if isinstance(obj, (type, types.FunctionType)):
            module = str(obj.__module__)
            if module.startswith("helpers.checks.notebooks."):
                return subject.named, (module, obj.__qualname__)
        return NotImplemented


class Remote(Subject):
    """Passes each use of a learner's object on to a subject in another process.

    Args:
        link: to the subject; its limits are those of the subject's messages.
        seconds: for one use, calls back into the judge included.
        scratch: says which of torch's functions an answer uses, of those whose names
            match a pattern, and decides. None believes the subject.

    Attributes:
        used: how many uses there were.
        looked: whether `scratch` was asked.
        watched: names that the subject has seen called where `scratch` sees none: no
            verdict, but a reason for a person to look.
    """

    def __init__(
        self,
        link: Link,
        seconds: float = 20.0,
        *,
        scratch: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        self._link, self._seconds, self.used = link, seconds, 0
        self.scratch = scratch
        self.watched: set[str] = set()
        self.looked = False
        self._end, self._asked_so_far = 0.0, 0
        self.reset()

    def reset(self) -> None:
        """Forget all objects, here and there: another check begins."""
        self._table = JudgesTable()
        self._crossings: dict[int, tuple[Tensor, list[Tensor]]] = {}
        self._answers: set[int] = set()
        self._reset = True

    def take(self, names: Sequence[str]) -> list[Handle]:
        """Return handles of the answers of these names.

        Raises:
            Absent: the subject does not have one of them.
            Breach: it gives something else.
        """
        found = self.given(names)
        for name in names:
            if name not in found:
                raise Absent(name)
        handles = [found[name] for name in names]
        if not all(type(each) is Handle for each in handles):
            raise Breach(f"no answers called {', '.join(names)}")
        return handles

    def given(self, names: Sequence[str], *, whole: bool = True) -> dict[str, Any]:
        """Return name → what the learner's namespace has of that name.

        Args:
            whole: a handle for each; else plain values come as values.
        """
        with self._timed():
            head = {"take": list(names), "whole": whole}
            reply, blob = self._exchange(head, shared.Out())
            with _reading():
                found = self._table.read(reply.get("value"), blob)
        if type(found) is not dict or not found.keys() <= {*names}:
            raise Breach(f"no answers called {', '.join(names)}")
        handles = (each for each in found.values() if type(each) is Handle)
        self._answers = {each._key for each in handles}
        return found

    def end(self) -> None:
        """Let the subject go: nothing more will be asked."""
        with suppress(Lost):
            self._link.send({"end": True}, b"", time.monotonic() + self._seconds)

    def use(
        self,
        operation: Callable[..., Any],
        *arguments: Any,
        watch: str | None = None,
        quiet: bool = False,
    ) -> Outcome:
        """Have one of `uses` done; as `Subject.use`.

        Raises:
            Breach, Malformed: the reply is none.
            Lost: none came.
        """
        self.used += 1
        out = shared.Out()
        head = {"use": operation.__name__, "watch": watch, "quiet": quiet}
        with self._timed(looks=operation in _LOOKS):
            head["args"] = self._arguments(operation, arguments, out)
            reply, blob = self._exchange(head, out)
            with _reading():
                value = self._table.read(reply.get("value"), blob)
                seen = _texts(reply.get("seen"))
                if watch and self.scratch is not None:
                    self.looked = True
                    told, seen = seen, tuple(self.scratch(watch))
                    self.watched |= set() if seen else set(told)
                    if operation not in _RUNS:  # said of what runs the answer
                        seen = ()
                if reply.get("raised") is not None:
                    return Outcome(raised=_raised(reply["raised"]), seen=seen)
                _promised(operation, arguments, value)
            self._hold(arguments, value)
        return Outcome(value, seen=seen)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Ask a fork of the subject in the block; what it does is forgotten at its end.

        What the check handed over before is as the check has it; what came back in the
        block cannot be used after it. An exception ends the check, and both processes.
        """
        with self._timed():
            self._exchange({"apart": True}, shared.Out())
        there = {*self._table.entries}
        yield
        with self._timed():
            self._exchange({"apart": False}, shared.Out())
        self._table.drop([key for key in self._table.entries if key not in there])
        for entry in self._table.entries.values():
            entry.last = None  # the older process has not seen what became of it

    def _arguments(
        self, operation: Callable[..., Any], arguments: Any, out: shared.Out
    ) -> Any:
        """Return the node of a use's arguments."""
        write = self._table.value
        if operation not in (uses.call, uses.calls):
            return write(arguments, out)
        *first, args, kwargs = arguments  # the dict itself reaches no answer
        pairs = [[name, write(each, out)] for name, each in kwargs.items()]
        nodes = [write(each, out) for each in (*first, tuple(args))]
        return ["u", [*nodes, ["d", pairs]]]

    def describe(self, value: object) -> str:
        """Return a short text; of a learner's object the subject's own."""
        if not _has_handle(value):
            return report.describe(value)
        out = shared.Out()
        with self._timed():
            head = {"describe": self._table.value(value, out, share=False)}
            reply, _ = self._exchange(head, out)
        text = reply.get("text")
        if type(text) is not str:
            raise Breach("no text")
        return text[:300]

    def kind(self, value: object) -> str:
        """Return the name of a class; of a learner's object the subject's own."""
        return value._kind if isinstance(value, Handle) else type(value).__name__

    # -- one exchange ------------------------------------------------------------------

    @contextmanager
    def _timed(self, *, looks: bool = True) -> Iterator[None]:
        """Give the block its time; a use inside a use has what is left of it.

        Args:
            looks: see `JudgesTable`.
        """
        outer, table = self._end, self._table
        before, table.looks = table.looks, looks
        if not outer:
            self._end = time.monotonic() + self._seconds
        try:
            yield
        finally:
            self._end, table.looks = outer, before
            if not outer:
                self._crossings.clear()
                self._table.touched.clear()

    def _exchange(
        self, head: dict[str, Any], out: shared.Out
    ) -> tuple[dict[str, Any], bytes]:
        self._send(head, out)
        failed: report.CheckFailed | None = None
        for _ in range(_NESTED):
            reply, blob = self._link.receive(self._end)
            if reply.get("to") != self._asked_so_far:
                raise Breach("a reply to something else: several processes speak")
            with _reading(), torch.no_grad():
                self._table.take(reply.get("objects"), blob)
            with _reading():
                shared.set_modes(reply.get("modes"))
            if "callback" not in reply and "backward" not in reply:
                if failed is not None:
                    raise failed
                return reply, blob
            failed = self._back(reply, blob) or failed
        raise Breach("calls back without end")

    def _send(self, head: dict[str, Any], out: shared.Out) -> None:
        table = self._table
        dropped = shared.unheld(table.entries)
        dropped = [key for key in dropped if key not in out.touched]
        table.drop(dropped)
        brought = {key for key, _ in out.objects}
        shareds = (
            key
            for key, each in table.entries.items()
            if key not in brought and shared.sharable(each.obj)
        )
        table.changed(out, list(shareds))
        table.touched |= out.touched
        looked = (
            key
            for key, each in table.entries.items()
            if key >= 0 and (each.held or key in table.touched)
        )
        self._asked_so_far += 1
        head |= {
            "number": self._asked_so_far,
            "objects": out.objects,
            "drop": dropped,
            "modes": shared.modes_now(),
            "look": [k for k in looked if shared.sharable(table.entries[k].obj)],
        }
        if self._reset:
            head["reset"], self._reset = True, False
        self._link.send(head, out.blob.bytes(), self._end)

    def _hold(self, arguments: Any, value: Any) -> None:
        """Note what a learner's object may hold from now on.

        A function that gives plain values holds nothing: what it was given in one use
        can not be changed in a later one, when the check has compared it already.
        """
        if _has_handle(value) or any(
            isinstance(each, Handle) and each._key not in self._answers
            for each in arguments
        ):
            for key in self._table.touched & self._table.entries.keys():
                self._table.entries[key].held = True

    # -- calls back into the judge -----------------------------------------------------

    def _back(self, ask: dict[str, Any], blob: bytes) -> report.CheckFailed | None:
        """Do what the subject asks for in the midst of a use, and reply."""
        with _reading():
            args = self._table.read(ask.get("args"), blob)
            kwargs = self._table.read(ask.get("kwargs"), blob)
            do = self._asked(ask, args, kwargs)
        out, failed = shared.Out(), None
        try:
            result = do()
            head = {"back": self._table.value(result, out)}
            if isinstance(result, Tensor) and result.grad_fn is not None:
                key = self._table.number(result)
                assert key is not None
                inputs = [*args, *kwargs.values()]
                self._crossings[key] = (
                    result,
                    [each for each in inputs if isinstance(each, Tensor)],
                )
        except report.CheckFailed as error:
            failed = error
            head = {"back": None, "raise": [["RuntimeError"], "the check has ended"]}
        except (Breach, Malformed, Lost):  # of a use inside
            raise
        except Exception as error:  # as if the check's function had raised it there
            names = [kind.__name__ for kind in type(error).__mro__]
            head = {"back": None, "raise": [names, str(error)[:_TEXT]]}
        self._send(head, out)
        return failed

    def _asked(self, ask: dict[str, Any], args: Any, kwargs: Any) -> Callable[[], Any]:
        """Return what the subject asks for, ready to be done."""
        if type(args) is not tuple or type(kwargs) is not dict:
            raise Breach("no arguments")
        if "backward" in ask:
            result, inputs = self._crossings[ask["backward"]]
            known = {self._table.number(each): each for each in inputs}
            wanted = [known[number] for number in ask["inputs"]]
            (cotangent,) = args
            if not isinstance(cotangent, Tensor):
                raise Breach("no gradient to start from")
            return lambda: _differentiated(result, wanted, cotangent)
        function = self._table.entries[ask["callback"]].obj
        if ask["callback"] <= 0 or shared.sharable(function):
            raise Breach("no function of the check's")
        if not all(type(name) is str for name in kwargs):
            raise Breach("no arguments")
        return lambda: function(*args, **kwargs)


def _differentiated(
    result: Tensor, inputs: Sequence[Tensor], cotangent: Tensor
) -> list[Tensor | None]:
    with torch.enable_grad():
        found = torch.autograd.grad(
            result, inputs, cotangent, retain_graph=True, allow_unused=True
        )
    return list(found)


@contextmanager
def _reading() -> Iterator[None]:
    """Call it a breach if what the subject sent does not fit, in whatever way."""
    try:
        yield
    except (Breach, Malformed):
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {str(error)[:200]}"
        raise Breach(f"a reply that does not fit: {text}") from error


# -- what a reply has to be ------------------------------------------------------------


def _has_handle(value: Any) -> bool:
    if isinstance(value, (list, tuple, set)):
        return any(map(_has_handle, value))
    if isinstance(value, dict):
        return any(map(_has_handle, value.values()))
    return isinstance(value, Handle)


def _texts(value: Any) -> tuple[str, ...]:
    texts = value if type(value) is list else []
    return tuple(each[:200] for each in texts[:20] if type(each) is str)


def _raised(value: Any) -> Raised:
    whole = type(value) is list and len(value) == 5
    if not whole or type(value[0]) is not list or not value[0]:
        raise Breach("no exception")
    names, message, shown, line, stub = value
    texts = [*names, message, shown, *([] if line is None else [line])]
    if not all(type(each) is str for each in texts):
        raise Breach("no exception")
    return Raised(
        names=tuple(name[:100] for name in names[:20]),
        message=message[:_TEXT],
        shown=shown[:_TEXT],
        line=line and line[:_TEXT],
        stub=stub is True,
    )


def _all(kind: type | tuple[type, ...]) -> Callable[[Sequence[Any], Any], bool]:
    return lambda arguments, value: (
        type(value) is list and all(isinstance(each, kind) for each in value)
    )


def _of(kind: type) -> Callable[[Sequence[Any], Any], bool]:
    return lambda arguments, value: type(value) is kind


def _gradients_fit(arguments: Sequence[Any], value: Any) -> bool:
    inputs = arguments[1]
    return (
        type(value) is list
        and len(value) == len(inputs)
        and all(
            each is None
            or (isinstance(each, Tensor) and each.shape == leaf.shape
                and each.dtype == leaf.dtype)
            for each, leaf in zip(value, inputs, strict=True)
        )
    )  # fmt: skip


_PROMISES: dict[str, Callable[[Sequence[Any], Any], bool]] = {
    "attributes": lambda a, v: type(v) is tuple and len(v) == len(a[1]),
    "calls": lambda a, v: type(v) is list and len(v) == a[1],
    "can_be_called": _of(bool),
    "counted": lambda a, v: (
        type(v) is tuple and [type(each) for each in v[1:]] == [int, int, float]
    ),
    "derives": _of(bool),
    "folder": _of(str),
    "gradients": _gradients_fit,
    "is_a": _of(bool),
    "is_set_up": _of(bool),
    "items": lambda a, v: type(v) is list,
    "killed": _of(bool),
    "leave": _of(type(None)),
    "linked": _of(bool),
    "look_at": lambda a, v: type(v) is tuple and list(map(type, v)) == [str, int, str],
    "modes": _all(bool),
    "name": _of(str),
    "parameters": _all(Tensor),
    "set_groups": _of(type(None)),
    "set_mode": _of(type(None)),
    "steps": _of(type(None)),
    "write": _of(type(None)),
}
assert {*_PROMISES} <= {*uses.__all__}


def _promised(
    operation: Callable[..., Any], arguments: Sequence[Any], value: Any
) -> None:
    """Raise Breach unless the value is of the kind that the use promises."""
    fits = _PROMISES.get(operation.__name__)
    if fits is not None and not fits(arguments, value):
        raise Breach(f"{operation.__name__} gave {type(value).__name__}")
