"""Messages between judge and subject: JSON for the shape, a blob for the bytes.

A message is two lengths, a JSON object and a blob. Where bytes belong into the object,
it names their place in the blob. In the direction subject → judge all of it is
untrusted: sizes, depth and number of nodes are limited before anything is built, and
bytes become nothing but numbers of a dtype from a list.
"""

from __future__ import annotations

import json
import math
import os
import select
import struct
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "DTYPES",
    "Blob",
    "Limits",
    "Link",
    "Lost",
    "Malformed",
    "array_node",
    "array_of",
    "bytes_of",
    "checked",
    "tensor_node",
    "tensor_of",
    "unpacked",
]

_HEAD = struct.Struct(">II")
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_NAMES = (
    "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 "
    "complex128"
)
DTYPES = {name: getattr(torch, name) for name in _NAMES.split()}
"""The dtypes that a tensor in a message may have, by name."""

_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_ARRAYS = {np.dtype(name).str for name in _NAMES.split() if name != "bfloat16"}


class Malformed(Exception):
    """What came is no message of this format, or exceeds its limits."""


class Lost(Exception):
    """The other side has ended, or says nothing for too long.

    Attributes:
        late: it is there, but says nothing.
    """

    def __init__(self, text: str, *, late: bool = False) -> None:
        super().__init__(text)
        self.late = late


@dataclass(frozen=True)
class Limits:
    """What a message may have.

    Args:
        head: bytes of JSON. blob: bytes after it. nodes: values in the JSON.
        depth: of nested lists. text: characters of one string.
    """

    head: int = 2 << 20
    blob: int = 64 << 20
    nodes: int = 100_000
    depth: int = 40
    text: int = 200_000


class Blob:
    """Collects the bytes of a message."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, data: bytes) -> list[int]:
        """Append bytes; return [start, length]."""
        place = [self.size, len(data)]
        self._parts.append(data)
        self.size += len(data)
        return place

    def bytes(self) -> bytes:
        """Return all of them."""
        return b"".join(self._parts)


def checked(head: bytes, limits: Limits) -> dict[str, Any]:
    """Return the JSON object, once all of it is known to keep to the limits.

    Raises:
        Malformed: it does not, or is none.
    """
    try:
        value = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {str(error)[:200]}") from error
    if type(value) is not dict:
        raise Malformed("not a JSON object")
    if _surely_fits(head, limits):
        return value
    level: list[Any] = [value]
    count = depth = 0
    while level:  # level by level: nothing recursive meets what came
        depth += 1
        count += len(level)
        if depth > limits.depth or count > limits.nodes:
            raise Malformed(f"more than {limits.nodes} values, or {limits.depth} deep")
        below: list[Any] = []
        for each in level:
            if type(each) is str and len(each) > limits.text:
                raise Malformed(f"a text of {len(each)} characters")
            if type(each) is dict:
                below += [*each, *each.values()]
            elif type(each) is list:
                below += each
        level = below
    return value


def _surely_fits(head: bytes, limits: Limits) -> bool:
    """Tell whether a text is too short, and opens too little, to exceed the limits.

    A value takes a byte or more, as does a character; the innermost values lie one
    level below the last bracket.
    """
    short = len(head) <= min(limits.nodes, limits.text)
    return short and head.count(b"[") + head.count(b"{") < limits.depth


def unpacked(data: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return (object, blob) of one whole message.

    Raises:
        Malformed: it is none.
    """
    if len(data) < _HEAD.size:
        raise Malformed("shorter than its lengths")
    head, blob = _lengths(data[: _HEAD.size], limits)
    if len(data) != _HEAD.size + head + blob:
        raise Malformed("not as long as it says")
    body = data[_HEAD.size :]
    return checked(body[:head], limits), body[head:]


def _lengths(data: bytes, limits: Limits) -> tuple[int, int]:
    head, blob = _HEAD.unpack(data)
    if head > limits.head or blob > limits.blob:
        raise Malformed(f"a message of {head} and {blob} bytes")
    return head, blob


class Link:
    """Messages over two descriptors.

    Args:
        reading, writing: descriptors; both are closed with the link.
        limits: of the messages that come in.
    """

    def __init__(self, reading: int, writing: int, limits: Limits) -> None:
        self.reading, self.writing, self.limits = reading, writing, limits
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)

    def send(self, head: dict[str, Any], blob: bytes, end: float | None = None) -> None:
        """Send one message.

        Args:
            end: monotonic time by which it must be taken; None waits.

        Raises:
            Lost: it was not.
        """
        text = _ENCODER.encode(head).encode()
        view = memoryview(_HEAD.pack(len(text), len(blob)) + text + blob)
        while view:
            try:
                view = view[os.write(self.writing, view) :]
            except BlockingIOError:
                self._wait([], [self.writing], end)
            except OSError as error:
                raise Lost(str(error)) from error

    def receive(self, end: float | None = None) -> tuple[dict[str, Any], bytes]:
        """Wait for one message.

        Raises:
            Lost: none came until `end`.
            Malformed: something else came.
        """
        head, blob = _lengths(self._exactly(_HEAD.size, end), self.limits)
        body = self._exactly(head + blob, end)
        return checked(body[:head], self.limits), body[head:]

    def close(self) -> None:
        """Close both descriptors."""
        for descriptor in {self.reading, self.writing}:
            os.close(descriptor)

    def _exactly(self, count: int, end: float | None) -> bytes:
        parts = []
        while count:
            try:
                part = os.read(self.reading, min(count, 1 << 20))
            except BlockingIOError:
                self._wait([self.reading], [], end)
                continue
            except OSError as error:
                raise Lost(str(error)) from error
            if not part:
                raise Lost("the other side has ended")
            parts.append(part)
            count -= len(part)
            if end is not None and count and time.monotonic() > end:
                raise Lost("a message that does not end", late=True)
        return b"".join(parts)

    def _wait(self, reading: list[int], writing: list[int], end: float | None) -> None:
        rest = None if end is None else max(0.0, end - time.monotonic())
        if not any(select.select(reading, writing, [], rest)):
            raise Lost("nothing came in time", late=True)


# -- numbers ---------------------------------------------------------------------------


def bytes_of(tensor: Tensor) -> bytes:
    """Return a tensor's numbers, row by row; it lies on the CPU and is not sparse."""
    plain = tensor.detach().resolve_neg()
    if plain.dtype is torch.bfloat16:  # NumPy has none
        plain = plain.view(torch.int16)
    return plain.numpy().tobytes()


def tensor_node(tensor: Tensor, blob: Blob) -> list[Any]:
    """Return [dtype, shape, place] of a tensor.

    Raises:
        KeyError: its dtype is not in the list.
    """
    name = _DTYPE_NAMES[tensor.dtype]
    return [name, list(tensor.shape), blob.add(bytes_of(tensor))]


def tensor_of(node: Any, blob: bytes) -> Tensor:
    """Build the tensor of a node, with memory of its own.

    Raises:
        Malformed: the node is none, or its place is not as long as it has to be.
    """
    name, shape, place = _three(node)
    dtype = DTYPES.get(name) if type(name) is str else None
    if dtype is None:
        raise Malformed(f"no dtype: {str(name)[:60]}")
    count = _count(shape)
    data = _bytes_at(place, blob)
    if len(data) != count * dtype.itemsize:
        raise Malformed(f"{len(data)} bytes for {count} numbers of {name}")
    if not count:
        return torch.empty(shape, dtype=dtype)
    if dtype is torch.bool:  # a byte other than 0 and 1 is no bool to torch
        flat = torch.frombuffer(bytearray(data), dtype=torch.uint8) != 0
    else:
        flat = torch.frombuffer(bytearray(data), dtype=dtype)
    return flat.reshape(shape).clone()  # a view could not be changed in place


def array_node(value: Any, blob: Blob) -> list[Any]:
    """Return [dtype, shape or None, place] of a NumPy array or number.

    Raises:
        KeyError: its dtype is not in the list.
    """
    array = np.asarray(value)
    if array.dtype.str not in _ARRAYS:
        raise KeyError(array.dtype.str)
    shape = None if isinstance(value, np.generic) else list(array.shape)
    return [array.dtype.str, shape, blob.add(array.tobytes())]


def array_of(node: Any, blob: bytes) -> Any:
    """Build the NumPy array or number of a node; errors as of `tensor_of`."""
    name, shape, place = _three(node)
    if type(name) is not str or name not in _ARRAYS:
        raise Malformed(f"no dtype: {str(name)[:60]}")
    dtype, data = np.dtype(name), _bytes_at(place, blob)
    count = 1 if shape is None else _count(shape)
    if len(data) != count * dtype.itemsize:
        raise Malformed(f"{len(data)} bytes for {count} numbers of {name}")
    flat = np.frombuffer(data, np.uint8) != 0 if name == "|b1" else None
    flat = np.frombuffer(data, dtype).copy() if flat is None else flat
    return flat[0] if shape is None else flat.reshape(shape)


def _three(node: Any) -> list[Any]:
    if type(node) is not list or len(node) != 3:
        raise Malformed("no tensor: expected [dtype, shape, place]")
    return node


def _count(shape: Any) -> int:
    fits = type(shape) is list and len(shape) <= 16
    if not fits or not all(type(n) is int and 0 <= n <= 1 << 31 for n in shape):
        raise Malformed(f"no shape: {str(shape)[:60]}")
    count: int = math.prod(shape)
    if math.prod(max(n, 1) for n in shape) > 1 << 27:  # 0 times a lot has no bytes
        raise Malformed("a shape too large")
    return count


def _bytes_at(place: Any, blob: bytes) -> bytes:
    if type(place) is not list or len(place) != 2:
        raise Malformed("no place in the blob")
    start, length = place
    if type(start) is not int or type(length) is not int:
        raise Malformed("no place in the blob")
    if start < 0 or length < 0 or start + length > len(blob):
        raise Malformed("a place outside the blob")
    return blob[start : start + length]
