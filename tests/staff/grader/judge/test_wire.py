"""What a subject sends is read or refused, within limits, and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import time
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checks.vocabulary import uses
from staff.grader.judge import shared, wire
from staff.grader.judge.remote import Breach, JudgesTable, Remote
from staff.grader.judge.wire import (
    DTYPES,
    Blob,
    Limits,
    Link,
    Lost,
    Malformed,
    checked,
    tensor_node,
    tensor_of,
    unpacked,
)

LIMITS = Limits(head=1 << 16, blob=1 << 16, nodes=500, depth=12, text=300)


def packed(head: bytes, blob: bytes = b"") -> bytes:
    return struct.pack(">II", len(head), len(blob)) + head + blob


# -- values that do arrive -------------------------------------------------------------

NUMBERS = st.integers() | st.floats() | st.complex_numbers()
PLAIN = st.none() | st.booleans() | NUMBERS | st.text(max_size=20) | st.binary()
KEYS = st.text(max_size=5) | st.integers() | st.booleans()
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=12,
)


def there_and_back(value: object) -> object:
    """Write a value as a subject does, and read it as the judge does."""
    from staff.grader.judge.subject import SubjectsTable

    out = shared.Out()
    node = SubjectsTable(None).value(value, out)  # type: ignore[arg-type]
    head = json.dumps({"value": node, "objects": out.objects}).encode()
    message, blob = unpacked(packed(head, out.blob.bytes()), Limits())
    table = JudgesTable()
    table.take(message["objects"], blob)
    return table.read(message["value"], blob)


def alike(a: object, b: object) -> bool:
    return type(a) is type(b) and repr(a) == repr(b)


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_plain_values_arrive_as_they_are(value):
    assert alike(there_and_back(value), value)


SOME = [
    torch.Size([2, 3]),
    torch.float64,
    torch.device("cpu"),
    {1, 2},
    frozenset({"a"}),
    np.float64(0.1),
    np.arange(6, dtype=np.int32).reshape(2, 3),
    1 << 5000,
    float("nan"),
    -float("inf"),
]


@pytest.mark.parametrize("value", SOME, ids=lambda value: type(value).__name__)
def test_torchs_and_numpys_own_values_arrive(value):
    assert alike(there_and_back(value), value)


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 1, 3)], ids=str)
def test_tensors_arrive_bit_for_bit(name, shape):
    value = (torch.rand(shape) * 100 - 50).to(DTYPES[name])
    back = there_and_back(value)
    assert back.dtype == value.dtype
    assert back.shape == value.shape
    assert torch.equal(back, value)


def test_subclasses_of_plain_values_lose_what_is_their_own():
    class Text(str):
        pass

    class Pair(tuple):
        pass

    assert alike(there_and_back([Text("a"), Pair((1, 2))]), ["a", (1, 2)])


def test_what_stands_in_for_a_value_is_only_a_handle():
    class Liar(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

    class LyingTensor(torch.Tensor):
        pass

    for value in (Liar(3.0), torch.ones(2).as_subclass(LyingTensor), object()):
        assert type(there_and_back(value)) is shared.Handle


# -- anything at all -------------------------------------------------------------------


@given(st.binary(max_size=200) | st.binary(max_size=100).map(packed))
@settings(max_examples=200, deadline=None)
def test_junk_is_refused_or_an_object_of_plain_values(data):
    with contextlib.suppress(Malformed):
        head, blob = unpacked(data, LIMITS)
        assert type(head) is dict
        assert data == packed(data[8 : len(data) - len(blob)], blob)


LETTERS = st.sampled_from([*"rlusfdbcnvxyzhp", "tensor", "float32", "<f8", "items"])
NODES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | LETTERS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(LETTERS, inner).map(list)
        | st.tuples(LETTERS, inner, inner).map(list)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=25,
)
STATES = st.tuples(st.just("tensor"), NODES, NODES, NODES, NODES).map(list)
OBJECTS = st.lists(st.tuples(st.integers(-3, 3), STATES | NODES).map(list), max_size=3)
REPLIES = st.fixed_dictionaries(
    {
        "value": NODES,
        "objects": OBJECTS,
        "modes": st.just([True, "torch.float32"]) | NODES,
    },
    optional={
        "raised": NODES,
        "seen": NODES,
        "callback": NODES,
        "backward": NODES,
        "inputs": NODES,
        "args": NODES,
        "kwargs": NODES,
    },
)


class Canned:
    """A link on which prepared messages come, the last one again and again."""

    def __init__(self, *replies: dict, blob: bytes = bytes(range(64))) -> None:
        self.replies, self.blob = list(replies), blob
        self.sent = 0

    def send(self, head, blob, end=None):
        self.sent, self.number = self.sent + 1, head["number"]
        json.dumps(head)

    def receive(self, end=None):
        if self.sent > 40:
            raise Lost("enough", late=True)
        reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
        reply = {"to": self.number, **reply}
        return checked(json.dumps(reply).encode(), LIMITS), self.blob


GOOD = {"objects": [], "modes": [True, "torch.float32"]}
TAKEN = {**GOOD, "value": ["d", [["f", ["h", -1, "function"]]]]}


@pytest.mark.parametrize("to", [0, 1, 3, None, "2", [2]])
def test_a_reply_to_something_else_is_a_breach(to):
    remote = Remote(Canned(TAKEN, {**GOOD, "value": 1, "to": to}))  # type: ignore[arg-type]
    (answer,) = remote.take(["f"])
    with pytest.raises(Breach, match="several processes"):
        remote.use(uses.call, answer, (), {})


@given(REPLIES)
@settings(max_examples=200, deadline=None)
def test_no_reply_does_more_than_breach(reply):
    """Whatever comes is an outcome, or one of three exceptions."""
    remote = Remote(Canned(TAKEN, reply))  # type: ignore[arg-type]
    (answer,) = remote.take(["f"])
    x = torch.ones(2)
    state, modes = torch.get_rng_state(), shared.modes_now()
    try:
        remote.use(uses.call, answer, (x, [x], torch.nn.Linear(1, 1)), {"f": max})
    except (Breach, Malformed, Lost):
        pass
    finally:
        torch.set_rng_state(state)
        shared.set_modes(modes)
    assert type(x) is torch.Tensor


@pytest.mark.parametrize("name", uses.__all__)
@given(value=NODES)
@settings(max_examples=15, deadline=None)
def test_each_use_gets_what_it_promises(name, value):
    remote = Remote(Canned(TAKEN, {**GOOD, "value": value}))  # type: ignore[arg-type]
    (answer,) = remote.take(["f"])
    x = torch.ones(2)
    arguments = {
        "gradients": ([x], None),
        "attributes": (["a"],),
        "call": ((), {}),
        "calls": (3, (), {}),
    }
    more = arguments.get(name, (None, None))
    try:
        found = remote.use(getattr(uses, name), answer, *more).value
    except (Breach, Malformed):
        return
    kinds = {"modes": list, "gradients": list, "attributes": tuple, "name": str}
    assert isinstance(found, {**kinds, "calls": list}.get(name, object))
    if name == "calls":
        assert len(found) == 3
    if name in ("gradients", "attributes"):
        assert len(found) == 1


# -- limits ----------------------------------------------------------------------------

TOO_MUCH = {
    "depth": b'{"a":' + b"[" * 13 + b"]" * 13 + b"}",
    "very deep": b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "values": json.dumps({"a": [0] * 501}).encode(),
    "keys": json.dumps({str(k): 0 for k in range(300)}).encode(),
    "text": json.dumps({"a": "x" * 301}).encode(),
    "digits": b'{"a":' + b"9" * 5000 + b"}",
    "bytes": b'{"a":"' + b"x" * (1 << 16) + b'"}',
    "no object": b"[]",
}


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH)
def test_limits_hold(body):
    with pytest.raises(Malformed):
        unpacked(packed(body), LIMITS)


LIMITED = st.builds(
    lambda most, depth: Limits(nodes=most, text=most, depth=depth),
    st.integers(1, 60),
    st.integers(1, 8),
)


TEXTS = VALUES.map(lambda v: json.dumps({"a": [v]}, default=repr, skipkeys=True))


@given(TEXTS, LIMITED)
def test_what_surely_fits_is_what_the_walk_lets_pass(text, limits):
    if wire._surely_fits(text.encode(), limits):
        with mock.patch.object(wire, "_surely_fits", return_value=False):
            checked(text.encode(), limits)


def test_a_large_blob_is_refused_before_it_is_read():
    reading, writing = os.pipe()
    link = Link(reading, writing, LIMITS)
    os.write(writing, struct.pack(">II", 2, 1 << 31))
    with pytest.raises(Malformed):
        link.receive(time.monotonic() + 5)
    link.close()


BAD_TENSORS = {
    "not enough bytes": ["float32", [3], [0, 8]],
    "outside the blob": ["float32", [2], [60, 8]],
    "before the blob": ["float32", [2], [-8, 8]],
    "negative": ["float32", [-2], [0, 8]],
    "no dtype": ["object", [2], [0, 8]],
    "a true dimension": ["float32", [True, 2], [0, 8]],
    "zero times a lot": ["float32", [0, 1 << 30], [0, 0]],
    "many dimensions": ["float32", [1] * 17, [0, 4]],
    "a product that overflows": ["float32", [1 << 31] * 3, [0, 0]],
}


@pytest.mark.parametrize("node", BAD_TENSORS.values(), ids=BAD_TENSORS)
def test_a_tensor_has_exactly_its_bytes(node):
    with pytest.raises(Malformed):
        tensor_of(node, bytes(64))


def test_a_bool_is_never_another_byte():
    found = tensor_of(["bool", [3], [0, 3]], b"\x00\x02\xff")
    assert found.tolist() == [False, True, True]
    assert found.sum() == 2


def test_a_tensor_has_memory_of_its_own():
    blob = Blob()
    node = tensor_node(torch.arange(4.0), blob)
    data = blob.bytes()
    tensor_of(node, data).add_(1)
    assert tensor_of(node, data).tolist() == [0, 1, 2, 3]


# -- time ------------------------------------------------------------------------------


def test_silence_and_half_a_message_end_in_time():
    for said in (b"", b"\0\0", packed(b"{}" * 10)[:-1]):
        reading, writing = os.pipe()
        link = Link(reading, writing, LIMITS)
        os.write(writing, said)
        start = time.monotonic()
        with pytest.raises(Lost) as lost:
            link.receive(start + 0.05)
        assert lost.value.late
        assert time.monotonic() - start < 5
        link.close()


def test_nobody_who_reads_is_noticed_in_time():
    reading, writing = os.pipe()
    link = Link(reading, writing, LIMITS)
    with pytest.raises(Lost) as lost:
        link.send({}, bytes(1 << 20), time.monotonic() + 0.05)
    assert lost.value.late
    link.close()


def test_an_end_is_noticed():
    reading, writing = os.pipe()
    os.close(writing)
    link = Link(reading, os.open(os.devnull, os.O_WRONLY), LIMITS)
    with pytest.raises(Lost) as lost:
        link.receive()
    assert not lost.value.late
    link.close()
