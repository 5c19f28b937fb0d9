"""Objects that judge and subject both hold: one copy on each side, kept alike.

What a check hands over (tensors, modules, optimizers, generators, lists and dicts) gets
a number, and the other side a copy of its own. Before and after each use whoever has
changed an object says so, and the other one changes its copy. Tensors that come out of
the answer are shared in the same way; every other object of the learner's stays with
the subject, and the judge holds a `Handle`.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from helpers.checks.vocabulary.values import dense
from staff.grader.judge.wire import (
    DTYPES,
    Blob,
    Malformed,
    array_node,
    array_of,
    bytes_of,
    tensor_node,
    tensor_of,
)

__all__ = ["GLOBAL", "Entry", "Handle", "Out", "Table", "modes_now", "set_modes"]

GLOBAL = 0
"""The number of torch's own generator, which both sides always share."""

_PLAIN = (type(None), bool, int, float, str)
_CLASSES = {Tensor: "T", nn.Parameter: "P", nn.Buffer: "B"}
_DTYPE_NAMES = {str(dtype): dtype for dtype in DTYPES.values()}
_INT_BITS = 10_000


class Handle:
    """Stands for an object of the learner's, which is with the subject."""

    __slots__ = ("_key", "_kind")

    def __init__(self, key: int, kind: str) -> None:
        self._key, self._kind = key, kind


class Stranger(nn.Module):
    """Stands for a learner's module inside a network that the judge holds."""

    def forward(self, *args: Any) -> Any:
        """Refuse: the judge runs nothing of a learner's."""
        raise TypeError("your code puts a module of its own into the network")


@dataclass
class Out:
    """What is being written: the blob, and objects that the message brings along."""

    blob: Blob = field(default_factory=Blob)
    objects: list[list[Any]] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)


@dataclass
class Entry:
    """One shared object.

    Attributes:
        last: its fingerprint when both sides were alike; None if they never were.
        held: it may be inside one of the learner's objects: any use may change it.
        kept: what the fingerprint names by identity, so that no other gets its place.
    """

    obj: Any
    last: Any = None
    held: bool = False
    kept: Any = None


class Table:
    """The shared objects of one side, by number; see `JudgesTable`, `SubjectsTable`."""

    step = 1  # the judge's numbers are positive, the subject's negative

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self._numbers: dict[int, int] = {}  # id → number
        self._strangers: dict[int, nn.Module] = {}
        self._next = 0
        self.put(GLOBAL, torch.default_generator)
        self.entries[GLOBAL].held = True

    def put(self, key: int, obj: Any) -> None:
        """Enter an object under a number."""
        self.entries[key] = Entry(obj)
        self._numbers[id(obj)] = key

    def add(self, obj: Any) -> int:
        """Enter an object under a new number; return it."""
        self._next += self.step
        self.put(self._next, obj)
        return self._next

    def number(self, obj: Any) -> int | None:
        """Return an object's number, or None."""
        return self._numbers.get(id(obj))

    def drop(self, keys: Iterable[int]) -> None:
        """Forget objects."""
        for key in keys:
            entry = self.entries.pop(key, None)
            if entry is not None:
                self._numbers.pop(id(entry.obj), None)
                self._numbers.pop(id(self._strangers.pop(key, None)), None)

    # -- writing -----------------------------------------------------------------------

    def value(self, value: Any, out: Out, *, share: bool = True) -> Any:
        """Return the node of a value.

        Args:
            share: lists and dicts keep their identity, where this side can share them.
        """
        kind = type(value)
        if kind is int and value.bit_length() > _INT_BITS:
            return ["x", hex(value)]
        if kind in _PLAIN:
            return value
        key = self._numbers.get(id(value))
        if key is not None:
            self._touch(key, out)
            return ["r", key]
        if kind is tuple:
            return ["u", [self.value(each, out, share=share) for each in value]]
        plain = _plain_node(value, kind, out.blob)
        return plain or self._object(value, out, share)

    def _touch(self, key: int, out: Out) -> None:
        """Note that a message names an object, and with it all that is inside."""
        if key in out.touched:
            return
        out.touched.add(key)
        for inner in _inside(self.entries[key].obj):
            number = self._numbers.get(id(inner))
            if number is not None:
                self._touch(number, out)

    def _object(self, value: Any, out: Out, share: bool) -> Any:
        raise NotImplementedError

    def container(self, value: Any, out: Out, share: bool) -> Any:
        """Return the node of a list, set or dict, by value."""
        if isinstance(value, dict):
            pairs = [
                [self.value(k, out, share=share), self.value(v, out, share=share)]
                for k, v in value.items()
            ]
            return ["d", pairs]
        letter = "l" if isinstance(value, list) else "s"
        letter = "f" if isinstance(value, frozenset) else letter
        return [letter, [self.value(each, out, share=share) for each in value]]

    def state(self, obj: Any, out: Out) -> list[Any]:
        """Return what an object of `sharable` is made of at present."""
        if isinstance(obj, Tensor):
            return _tensor_state(obj, out.blob)
        if isinstance(obj, torch.Generator):
            return ["generator", out.blob.add(bytes_of(obj.get_state()))]
        if isinstance(obj, nn.Module):
            return self._module_state(obj, out)
        if isinstance(obj, Optimizer):
            groups = self._alone(obj.param_groups, out)
            return ["optimizer", groups, self._alone(dict(obj.state), out)]
        return ["items", self.container(obj, out, share=True)]

    def _alone(self, value: Any, out: Out) -> Any:
        """Return the node of nested lists and dicts by value, tensors inside shared."""
        if isinstance(value, dict):
            return [
                "d",
                [[self.value(k, out), self._alone(v, out)] for k, v in value.items()],
            ]
        if isinstance(value, list):
            return ["l", [self._alone(each, out) for each in value]]
        return self.value(value, out, share=False)

    def _module_state(self, module: nn.Module, out: Out) -> list[Any]:
        names = vars(module)
        parts = [
            [[name, self.value(each, out)] for name, each in names[part].items()]
            for part in ("_parameters", "_buffers", "_modules")
        ]
        rest = [
            [name, self.value(each, out)]
            for name, each in names.items()
            if not _modules_own(name)
        ]
        return ["module", *parts, rest]

    def changed(self, out: Out, keys: Iterable[int]) -> None:
        """Write the state of those objects that are not what they were."""
        for key in list(keys):
            entry = self.entries.get(key)
            if entry is None or isinstance(entry.obj, Handle):
                continue
            now, kept = fingerprint(entry.obj)
            if now != entry.last:
                out.objects.append([key, self.state(entry.obj, out)])
                entry.last, entry.kept = now, kept

    def settle(self, key: int) -> None:
        """Note that both sides are alike in one object."""
        entry = self.entries[key]
        entry.last, entry.kept = fingerprint(entry.obj)

    # -- reading -----------------------------------------------------------------------

    def read(self, node: Any, blob: bytes) -> Any:
        """Build the value of a node.

        Raises:
            Malformed: it is none.
        """
        if type(node) in _PLAIN:
            return node
        if type(node) is not list or len(node) < 2 or type(node[0]) is not str:
            raise Malformed("no value")
        letter, body = node[0], node[1]
        if letter == "r":
            return self._referred(body)
        if letter in ("l", "u", "s", "f"):
            items = [self.read(each, blob) for each in listed(body)]
            try:
                return {"l": list, "u": tuple, "s": set, "f": frozenset}[letter](items)
            except TypeError as error:
                raise Malformed(f"no set: {error}") from error
        if letter == "d":
            return self._dict(body, blob)
        if letter in _READ:
            return _READ[letter](body, blob)
        return self._other(node, blob)

    def _dict(self, body: Any, blob: bytes) -> dict[Any, Any]:
        found = {}
        for pair in listed(body):
            key, value = (self.read(each, blob) for each in paired(pair))
            try:
                found[key] = value
            except TypeError as error:
                raise Malformed(f"no key: {error}") from error
        return found

    def _referred(self, key: Any) -> Any:
        entry = self.entries.get(key) if type(key) is int else None
        if entry is None:
            raise Malformed(f"no object has the number {str(key)[:40]}")
        return entry.obj

    def _other(self, node: list[Any], blob: bytes) -> Any:
        raise Malformed(f"no value: {node[0][:20]}")

    def apply(self, obj: Any, state: Any, blob: bytes) -> None:
        """Make a copy what the other side's object has become.

        Raises:
            Malformed: this is no state of such an object.
        """
        kind = listed(state)[0] if state else None
        try:
            if kind == "tensor" and isinstance(obj, Tensor):
                _apply_tensor(obj, state, blob)
            elif kind == "generator" and isinstance(obj, torch.Generator):
                obj.set_state(_generators(state[1], blob))
            elif kind == "module" and isinstance(obj, nn.Module):
                self._apply_module(obj, state, blob)
            elif kind == "optimizer" and isinstance(obj, Optimizer):
                self._apply_optimizer(obj, state, blob)
            elif kind == "items" and isinstance(obj, (list, dict)):
                self._apply_items(obj, state[1], blob)
            else:
                raise Malformed(f"not the state of a {type(obj).__name__}")
        except (RuntimeError, TypeError, ValueError, KeyError, IndexError) as error:
            raise Malformed(f"{type(obj).__name__}: {str(error)[:200]}") from error

    def _apply_items(self, obj: Any, node: Any, blob: bytes) -> None:
        now = self.read(node, blob)
        if isinstance(obj, dict) and isinstance(now, dict):
            obj.clear()
            obj.update(now)
        elif isinstance(obj, list) and isinstance(now, list):
            obj[:] = now
        else:
            raise Malformed("neither a list nor a dict")

    def _apply_module(self, module: nn.Module, state: Any, blob: bytes) -> None:
        wanted: Any = ((Tensor, nn.Parameter), (Tensor, Tensor), (nn.Module, nn.Module))
        names = vars(module)
        for part, pairs, (kind, strict) in zip(
            ("_parameters", "_buffers", "_modules"), state[1:4], wanted, strict=True
        ):
            now: dict[str, Any] = {
                _text(n): self.read(v, blob) for n, v in map(paired, listed(pairs))
            }
            for name, each in now.items():
                if part == "_modules" and isinstance(each, Handle):
                    now[name] = each = self._stranger(each)
                if each is not None and not isinstance(each, kind):
                    raise Malformed(f"{name} is no part of a module")
                if strict is nn.Parameter and not isinstance(
                    each, (strict, type(None))
                ):
                    now[name] = nn.Parameter(each, requires_grad=False)
            names[part].clear()
            names[part].update(now)
        self._apply_attributes(module, listed(state[4]), blob)

    def _stranger(self, handle: Handle) -> nn.Module:
        """Return what stands for a learner's module inside one of the check's own."""
        if handle._key not in self._strangers:
            self._strangers[handle._key] = Stranger()
            self._numbers[id(self._strangers[handle._key])] = handle._key
        return self._strangers[handle._key]

    def _apply_attributes(self, module: nn.Module, pairs: Any, blob: bytes) -> None:
        for name, node in map(paired, pairs):
            if _modules_own(_text(name)):
                raise Malformed(f"{name} is no attribute to set")
            vars(module)[name] = self.read(node, blob)

    def _apply_optimizer(self, optimizer: Optimizer, state: Any, blob: bytes) -> None:
        groups, inner = self.read(state[1], blob), self.read(state[2], blob)
        for group in groups:
            if not all(isinstance(each, Tensor) for each in group["params"]):
                raise Malformed("a group without parameters")
        if not all(isinstance(key, (Tensor, str)) for key in inner):
            raise Malformed("no state of an optimizer")
        optimizer.param_groups[:] = groups
        optimizer.state.clear()
        optimizer.state.update(inner)


# -- parts of it -----------------------------------------------------------------------


def sharable(value: Any) -> bool:
    """Tell whether an object can have a copy on the other side that is kept alike."""
    return isinstance(
        value, (Tensor, torch.Generator, nn.Module, Optimizer, list, dict)
    )


def _modules_own(name: str) -> bool:
    """Tell whether an attribute is one of those that nn.Module manages itself."""
    return name in _MANAGED


_MANAGED = frozenset(vars(nn.Module())) - {"training"}


def _inside(obj: Any) -> Iterable[Any]:
    if isinstance(obj, nn.Module):
        names = vars(obj)
        for part in ("_parameters", "_buffers", "_modules"):
            yield from names[part].values()
        yield from (v for n, v in names.items() if not _modules_own(n))
    elif isinstance(obj, Optimizer):
        for group in obj.param_groups:
            yield from group["params"]
        for each in obj.state.values():
            yield from each.values() if isinstance(each, dict) else ()
    elif isinstance(obj, (list, dict)):
        yield from obj.values() if isinstance(obj, dict) else obj


def _named(value: Any) -> Any:
    """Return a container's content: plain values as they are, others by identity."""
    if isinstance(value, Mapping):
        return [(_one(k), _one(v)) for k, v in value.items()]
    return [_one(each) for each in value]


def _one(value: Any) -> Any:
    kind = type(value)
    if kind is float and value != value:
        return "nan"
    if kind is list:
        return _named(value)
    return (kind, value) if kind in _PLAIN else id(value)


def _plain_node(value: Any, kind: type, blob: Blob) -> Any:
    if kind is bytes:
        return ["b", blob.add(value)]
    if kind is complex:
        return ["c", [value.real, value.imag]]
    if kind is torch.Size:
        return ["z", list(value)]
    if kind is torch.dtype and str(value) in _DTYPE_NAMES:
        return ["y", str(value)]
    if kind is torch.device:
        return ["v", str(value)]
    if kind is np.ndarray or _is_number(kind):
        try:
            return ["n", array_node(value, blob)]
        except KeyError:
            return None
    return None


def _is_number(kind: type) -> bool:
    """Tell whether a class is one of NumPy's own numbers."""
    return issubclass(kind, np.generic) and getattr(np, kind.__name__, None) is kind


def _tensor_state(tensor: Tensor, blob: Blob) -> list[Any]:
    grad = tensor.grad if tensor.is_leaf else None
    return [
        "tensor",
        _CLASSES.get(type(tensor), "T"),
        tensor_node(tensor, blob),
        tensor.requires_grad,
        None if grad is None else tensor_node(grad, blob),
    ]


def fingerprint(obj: Any) -> tuple[Any, Any]:
    """Return (what differs if an object has changed, what it names by identity)."""
    if isinstance(obj, Tensor):
        return _tensor_print(obj), None
    if isinstance(obj, torch.Generator):
        return bytes_of(obj.get_state()), None
    if isinstance(obj, Optimizer):
        parts = [*map(_named, obj.param_groups), _named(obj.state)]
        parts += [_named(each) for each in obj.state.values()]
        return parts, [list(obj.state), [*obj.state.values()]]
    if isinstance(obj, nn.Module):
        names = vars(obj)
        three = [names[n] for n in ("_parameters", "_buffers", "_modules")]
        rest = {n: v for n, v in names.items() if not _modules_own(n)}
        kept = [list(each.values()) for each in (*three, rest)]
        return [*map(_named, three), _named(rest)], kept
    return _named(obj), list(obj.values() if isinstance(obj, dict) else obj)


def _tensor_print(tensor: Tensor) -> Any:
    """Return all that a state of a tensor says: its own counter of changes misses some.

    (Those through `.data`, and BatchNorm's running statistics.)
    """
    grad = tensor.grad if tensor.is_leaf else None
    more = None if grad is None else (grad.dtype, bytes_of(grad))
    shape = (tensor.dtype, tensor.shape, tensor.requires_grad)
    return shape, bytes_of(tensor), more


def can_travel(tensor: Tensor) -> bool:
    """Tell whether a tensor's numbers can be sent as they are."""
    plain = dense(tensor) and tensor.device.type == "cpu"
    return plain and tensor.dtype in DTYPES.values() and not tensor.is_quantized


def new_tensor(state: Any, blob: bytes) -> Tensor:
    """Build a tensor from its state.

    Raises:
        Malformed: it is none of a tensor.
    """
    if type(state) is not list or len(state) != 5 or state[0] != "tensor":
        raise Malformed("no tensor's state")
    _, cls, node, needs, grad = state
    value = tensor_of(node, blob)
    try:
        if cls == "P":
            value = nn.Parameter(value, requires_grad=needs is True)
        else:
            value.requires_grad_(needs is True)
        if grad is not None:
            value.grad = tensor_of(grad, blob)
    except RuntimeError as error:
        raise Malformed(str(error)[:200]) from error
    return value


def _generators(place: Any, blob: bytes) -> Tensor:
    """Return the state of a generator whose next number is one of its 624.

    torch itself does not look: it would go on in memory behind them.
    """
    state = tensor_of(["uint8", [place[1]], place], blob)
    if state.numel() < torch.default_generator.get_state().numel():
        raise Malformed("the state of no generator")
    left, following = struct.unpack_from("<i4xQ", bytes_of(state), 8)
    fresh = (left, following) == (1, 0)
    if not fresh and not (1 <= left <= 624 and left + following == 625):
        raise Malformed("a generator's place is none in its state")
    return state


def _apply_tensor(tensor: Tensor, state: Any, blob: bytes) -> None:
    _, _, node, needs, grad = state
    now = tensor_of(node, blob)
    if now.shape == tensor.shape and now.dtype == tensor.dtype:
        tensor.data.copy_(now)
    else:
        tensor.data = now
    if tensor.is_leaf and tensor.requires_grad != (needs is True):
        tensor.requires_grad_(needs is True)
    if not tensor.is_leaf:
        return
    if grad is None:
        tensor.grad = None
    else:
        fresh = tensor_of(grad, blob)
        old = tensor.grad
        if old is not None and old.shape == fresh.shape and old.dtype == fresh.dtype:
            old.data.copy_(fresh)
        else:
            tensor.grad = fresh


def listed(node: Any) -> list[Any]:
    if type(node) is not list:
        raise Malformed("no list")
    return node


def paired(node: Any) -> list[Any]:
    if type(node) is not list or len(node) != 2:
        raise Malformed("no pair")
    return node


def _text(node: Any) -> str:
    if type(node) is not str:
        raise Malformed("no text")
    return node


def _bytes(body: Any, blob: bytes) -> bytes:
    start, length = paired(body)
    if type(start) is not int or type(length) is not int or start < 0 or length < 0:
        raise Malformed("no place in the blob")
    return blob[start : start + length]


def _complex(body: Any, blob: bytes) -> complex:
    real, imag = paired(body)
    if type(real) not in (int, float) or type(imag) not in (int, float):
        raise Malformed("no complex number")
    return complex(real, imag)


def _size(body: Any, blob: bytes) -> torch.Size:
    if not all(type(n) is int and 0 <= n < 1 << 31 for n in listed(body)):
        raise Malformed("no torch.Size")
    return torch.Size(body)


def _dtype(body: Any, blob: bytes) -> torch.dtype:
    if type(body) is not str or body not in _DTYPE_NAMES:
        raise Malformed("no dtype")
    found: torch.dtype = _DTYPE_NAMES[body]
    return found


def _device(body: Any, blob: bytes) -> torch.device:
    if body not in ("cpu", "cuda", "cuda:0", "mps", "meta"):
        raise Malformed("no device")
    return torch.device(body)


def _large(body: Any, blob: bytes) -> int:
    if type(body) is not str or len(body) > _INT_BITS:
        raise Malformed("no integer")
    try:
        return int(body, 16)
    except ValueError as error:
        raise Malformed("no integer") from error


def _array(body: Any, blob: bytes) -> Any:
    return array_of(body, blob)


_READ: dict[str, Callable[[Any, bytes], Any]] = {
    "b": _bytes,
    "c": _complex,
    "n": _array,
    "v": _device,
    "x": _large,
    "y": _dtype,
    "z": _size,
}


# -- torch's own settings, which a check and an answer share ---------------------------


def modes_now() -> list[Any]:
    """Return whether gradients are recorded, and the default dtype."""
    return [torch.is_grad_enabled(), str(torch.get_default_dtype())]


def set_modes(modes: Any) -> None:
    """Make them what the other side has.

    Raises:
        Malformed: they are none.
    """
    grad, name = paired(modes)
    dtype = _DTYPE_NAMES.get(name) if type(name) is str else None
    if type(grad) is not bool or dtype is None or not dtype.is_floating_point:
        raise Malformed("no modes")
    torch.set_grad_enabled(grad)
    if torch.get_default_dtype() is not dtype:
        torch.set_default_dtype(dtype)


def unheld(entries: Mapping[int, Entry]) -> list[int]:
    """Return the numbers of objects that nothing but their table holds any more.

    A function of the check's is not among them: what the answer has kept may call it.
    """
    return [
        key
        for key, each in entries.items()
        if key and _ALONE(each.obj) <= 2 and _can_go(each.obj)
    ]


def _can_go(obj: Any) -> bool:
    return isinstance(obj, Handle) or sharable(obj)


_ALONE = sys.getrefcount  # 2: the entry's own reference and the argument
