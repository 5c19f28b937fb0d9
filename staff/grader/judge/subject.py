"""The subject's side: it holds a learner's namespace and does what the judge asks.

Everything here runs where the learner's code runs, and can be changed by it. The judge
believes nothing of it: whatever comes from here is only ever what the answer says.
"""

from __future__ import annotations

import builtins
import collections
import importlib
import io
import os
import pickle
import types
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from helpers import checks
from helpers.checks.vocabulary import uses
from helpers.checks.vocabulary.subject import Outcome, Raised, Subject
from helpers.checks.vocabulary.values import impersonates
from staff.grader.judge import shared
from staff.grader.judge.wire import Limits, Link

__all__ = ["FROM_JUDGE", "serve"]

FROM_JUDGE = Limits(head=64 << 20, blob=1 << 30, nodes=10_000_000, depth=200)
_JOINED = 86  # exit status of a fork that the judge has no more use for
_LARGE, _LONG = 32 << 20, 1 << 20  # bytes, characters of a result
_checks: dict[str, types.ModuleType] = {}


def named(module: str, name: str) -> Any:
    """Return a class or function of a module of checks, which `load` loads afresh."""
    stem = module.rpartition(".")[2]
    if module not in _checks:
        own = module.startswith("helpers.checks.notebooks.")
        load = checks.load if own else importlib.import_module
        _checks[module] = load(stem if own else module)
    found: Any = _checks[module]
    for part in name.split("."):
        found = getattr(found, part)
    return found


class SubjectsTable(shared.Table):
    """The subject's copies of what the judge handed over, and the learner's objects."""

    step = -1

    def __init__(self, link: Subjects) -> None:
        super().__init__()
        self._link = link

    def _object(self, value: Any, out: shared.Out, share: bool) -> Any:
        kind = type(value)
        if kind is _Whole:
            return ["h", self.add(value.answer), type(value.answer).__name__[:100]]
        fake = impersonates(kind, value)
        if isinstance(value, (list, dict, set, frozenset)) and not fake:
            return self.container(value, out, share=False)
        if isinstance(value, tuple) and not fake:
            return ["u", [self.value(each, out) for each in value]]
        for plain in (bool, int, float, str):
            if isinstance(value, plain) and not fake:
                return plain(value)
        key = self.add(value)
        if isinstance(value, Tensor) and not fake and shared.can_travel(value):
            entry = self.entries[key]
            entry.held = True
            out.objects.append([key, self.state(value, out)])
            self.settle(key)
            return ["r", key]
        return ["h", key, kind.__name__[:100]]

    def _other(self, node: list[Any], blob: bytes) -> Any:
        if node[0] == "p":
            start, length = node[1]
            return _Unpickler(self, blob[start : start + length]).load()
        return super()._other(node, blob)

    def take(self, objects: list[list[Any]], blob: bytes) -> None:
        """Make, or change, the objects that a message brings along."""
        for key, state in objects:
            if key in self.entries:
                self.apply(self.entries[key].obj, state, blob)
            else:
                self.put(key, self._made(key, state, blob))
            if shared.sharable(self.entries[key].obj):
                self.settle(key)

    def _made(self, key: int, state: list[Any], blob: bytes) -> Any:
        if state[0] == "callback":
            return Callback(key, state[1], self._link)
        if state[0] == "generator":
            return self._applied(torch.Generator(), state, blob)
        _, cls, state, extra = state
        kind: Any = self.read(cls, blob) if cls else None
        if state[0] == "tensor":
            made = shared.new_tensor(state, blob)
            if extra:
                with torch.enable_grad():  # what is a view may be changed in place
                    made = _strided(made, extra)
            return made.as_subclass(kind) if kind else made
        made = kind.__new__(kind)
        if isinstance(made, nn.Module):
            nn.Module.__init__(made)
        elif isinstance(made, torch.optim.Optimizer):
            fresh: dict[Any, Any] = collections.defaultdict(dict)
            rest = {"param_groups": [], "defaults": self.read(extra, blob)}
            made.__setstate__({"state": fresh, **rest})
        return self._applied(made, state, blob)

    def _applied(self, made: Any, state: list[Any], blob: bytes) -> Any:
        self.apply(made, state, blob)
        return made


def _strided(tensor: Tensor, strides: list[int]) -> Tensor:
    """Return the same numbers in memory as the judge's lie, expanded ones too."""
    pairs = zip(tensor.shape, strides, strict=True)
    whole = [1 if stride == 0 else n for n, stride in pairs]
    part = tensor.detach()[tuple(slice(n) for n in whole)]
    made = torch.empty_strided(whole, strides, dtype=tensor.dtype)
    made.copy_(part)
    return made.expand(tensor.shape).requires_grad_(tensor.requires_grad)


class _Unpickler(pickle.Unpickler):
    """Reads what only the judge may send: pickled objects of the check."""

    def __init__(self, table: SubjectsTable, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self._table = table

    def persistent_load(self, node: Any) -> Any:
        """Return a shared object that stands inside."""
        return self._table.read(node, b"")


class Callback:
    """A function of the check's: calling it asks the judge."""

    def __init__(self, key: int, name: str, link: Subjects) -> None:
        self.__name__ = name
        self._key, self._link = key, link

    def __deepcopy__(self, memo: dict[int, Any]) -> Callback:
        return self  # as of any function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the judge's function returns, with its gradient."""
        result = self._link.back({"callback": self._key}, args, kwargs)
        inputs = [each for each in (*args, *kwargs.values()) if _differentiable(each)]
        if not (isinstance(result, Tensor) and result.requires_grad and inputs):
            return result
        return _Crossing.apply(self._link, result, *inputs)


def _differentiable(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


class _Crossing(torch.autograd.Function):
    """A value that the judge computed from the subject's tensors."""

    @staticmethod
    def forward(ctx: Any, link: Subjects, result: Tensor, *inputs: Tensor) -> Tensor:
        """Keep what the judge has to be asked about."""
        ctx.link, ctx.result = link, result
        ctx.inputs = [each.detach() for each in inputs]
        ctx.numbers = [link.table.number(each) for each in inputs]
        return result.detach().clone()

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> Any:
        """Ask the judge for the gradient with this cotangent."""
        number = ctx.link.table.number(ctx.result)
        ask = {"backward": number, "inputs": ctx.numbers}
        return (None, None, *ctx.link.back(ask, (cotangent.detach(),), {}))


class Subjects:
    """Serves one judge.

    Args:
        link: to the judge.
        names: the learner's namespace.
    """

    def __init__(self, link: Link, names: Mapping[str, Any]) -> None:
        self._link, self._names = link, names
        self._doing = Subject()
        self._look: list[int] = []
        self._to = 0  # number of the judge's last message
        self.table = SubjectsTable(self)

    def serve(self) -> None:
        """Do what is asked until the judge has no more to ask."""
        while True:
            message, blob = self._link.receive()
            if "end" in message:
                return
            if "apart" in message:
                self._taken(message, blob)
                self._part(message["apart"])
            else:
                self._answer(message, blob)

    def _part(self, begins: bool) -> None:
        """Go on in a fork, or end it: then the process it came from goes on."""
        if not begins:
            self._reply({}, None)
            os._exit(_JOINED)
        child = os.fork()
        if child == 0:
            return self._reply({}, None)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code < 0:
            os.kill(os.getpid(), -code)
        if code != _JOINED:  # it has ended in the midst of something
            os._exit(code)

    def _answer(self, message: dict[str, Any], blob: bytes) -> None:
        if message.get("reset"):
            self.table = SubjectsTable(self)
        self._taken(message, blob)
        if "take" in message:
            self._reply({}, self._given(message["take"], message["whole"]))
        elif "describe" in message:
            value = self.table.read(message["describe"], blob)
            self._reply({"text": self._doing.describe(value)[:1000]}, None)
        else:
            self._use(message, blob)

    def _given(self, wanted: list[str], whole: bool) -> Any:
        """Return name → answer of those that there are.

        Args:
            whole: each as a handle, even if it is a plain value.
        """
        found = {name: self._names[name] for name in wanted if name in self._names}
        return {k: _Whole(v) for k, v in found.items()} if whole else found

    def _use(self, message: dict[str, Any], blob: bytes) -> None:
        operation = getattr(uses, message["use"])
        arguments = self.table.read(message["args"], blob)
        try:
            outcome = self._doing.use(
                operation, *arguments, watch=message["watch"], quiet=message["quiet"]
            )
        except BaseException as error:  # an interruption by the answer's own hand
            outcome = Outcome(raised=Raised.of(error))
        head: dict[str, Any] = {"seen": list(outcome.seen)}
        if outcome.raised is not None:
            raised = outcome.raised
            head["raised"] = [
                list(raised.names[:20]),
                raised.message[:4000],
                raised.shown[:1000],
                raised.line and raised.line[:1000],
                raised.stub,
            ]
        self._reply(head, outcome)

    def _reply(self, head: dict[str, Any], outcome: Any) -> None:
        out = shared.Out()
        value = outcome.value if isinstance(outcome, Outcome) else outcome
        try:
            head["value"] = self.table.value(value, out)
        except Exception as error:  # contains itself, or cannot travel
            out, head["value"] = shared.Out(), None
            names = [kind.__name__ for kind in type(error).__mro__]
            text = f"the result cannot be handed on: {error}"[:300]
            head["raised"] = [names, text, text, None, False]
        if out.blob.size > _LARGE or len(str(head["value"])) > _LONG:
            out, head["value"] = shared.Out(), None
            text = "what the answer returned is too large"
            head["raised"] = [["MemoryError", "Exception"], text, text, None, False]
        self._send(head, out)

    def _send(self, head: dict[str, Any], out: shared.Out) -> None:
        self.table.changed(out, self._look)
        entries = self.table.entries.items()
        self.table.changed(out, [k for k, each in entries if k < 0 and each.held])
        head |= {"objects": out.objects, "modes": shared.modes_now(), "to": self._to}
        self._link.send(head, out.blob.bytes())

    def _taken(self, message: dict[str, Any], blob: bytes) -> None:
        self.table.drop(message.get("drop", ()))
        with torch.no_grad():
            self.table.take(message["objects"], blob)
        shared.set_modes(message["modes"])
        self._look, self._to = message["look"], message["number"]

    def back(self, head: dict[str, Any], args: Any, kwargs: Any) -> Any:
        """Ask the judge in the midst of a use, and return what it says."""
        out = shared.Out()
        head["args"] = self.table.value(args, out)
        head["kwargs"] = self.table.value(kwargs, out)
        self._send(head, out)
        look = self._look
        message, blob = self._link.receive()
        while "back" not in message:  # a use inside a use: the judge's function asks
            self._answer(message, blob)
            message, blob = self._link.receive()
        self._taken(message, blob)
        self._look = sorted({*look, *self._look})
        if message.get("raise"):
            raise _error(*message["raise"])
        return self.table.read(message["back"], blob)


class _Whole:
    """One of the answers, to be sent as a handle."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer


def _error(names: list[str], text: str) -> BaseException:
    """Return an exception like that which the judge's function raised."""
    for name in names:
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            return kind(text)
    return RuntimeError(text)


def serve(link: Link, names: Mapping[str, Any]) -> None:
    """Serve a judge until it has no more to ask.

    Args:
        link: to the judge.
        names: the learner's namespace.

    Raises:
        Lost: the judge has gone.
        Malformed: the judge's message is none.
    """
    Subjects(link, names).serve()
