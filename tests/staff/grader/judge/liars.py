"""Subjects that lie in every reply: they hold a wrong answer and bend what it says."""

from __future__ import annotations

import json
import os
import random
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any

from staff.grader.judge import subject
from staff.grader.judge.wire import Link

Reply = tuple[dict[str, Any], bytes]
Bend = Callable[["LyingLink", dict[str, Any], bytes], Reply | None]


class LyingLink(Link):
    """A link that sends something else than it is told.

    Args:
        honest: the link to the judge.
        bend: what it makes of a reply; None if it has sent something itself.
    """

    def __init__(self, honest: Link, bend: Bend) -> None:
        super().__init__(honest.reading, honest.writing, honest.limits)
        self.bend, self.random = bend, random.Random(7)
        self.past: list[Reply] = []
        self.asked: list[dict[str, Any]] = []

    def receive(self, end: float | None = None) -> Reply:
        """Receive as ever, and remember what the judge wanted."""
        message = super().receive(end)
        self.asked.append(message[0])
        return message

    def send(self, head: dict[str, Any], blob: bytes, end: float | None = None) -> None:
        """Send what comes of bending it; the answers' handles go as they are."""
        reply: Reply | None = (head, blob)
        if "take" not in self.asked[-1]:
            reply = self.bend(self, json.loads(json.dumps(head)), blob)
        self.past.append((head, blob))
        if reply is not None:
            said, data = reply
            super().send(said | {"to": self.asked[-1]["number"]}, data)

    def raw(self, data: bytes) -> None:
        """Write bytes; wait until the judge has taken them."""
        os.set_blocking(self.writing, True)
        os.write(self.writing, data)


def serving(bend: Bend) -> Callable[[Link, Mapping[str, Any]], None]:
    """Return what a fork does that lies in this way."""

    def serve(link: Link, names: Mapping[str, Any]) -> None:
        subject.serve(LyingLink(link, bend), names)

    return serve


def tensors(node: Any, blob: bytes) -> list[list[Any]]:
    """Return all [dtype, shape, [start, length]] in a message."""
    found: list[list[Any]] = []
    if type(node) is list:
        if len(node) == 3 and type(node[0]) is str and _is_place(node[2]):
            found.append(node)
        for each in node:
            found += tensors(each, blob)
    elif type(node) is dict:
        for each in node.values():
            found += tensors(each, blob)
    return found


def _is_place(node: Any) -> bool:
    whole = type(node) is list and len(node) == 2
    return whole and all(type(n) is int for n in node)


# -- values ----------------------------------------------------------------------------


def a_random_value(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    pick = link.random
    some = [None, True, False, 0, 1, -3, 0.5, 1e308, "", "yes", ["l", []], ["d", []]]
    some += [["u", [1, 2]], ["l", [True, True]], ["u", [0.25, 0.75]], ["z", [2]]]
    some += [["h", -999, "Thing"], ["y", "torch.float32"], ["x", "0x" + "f" * 999]]
    return {**head, "value": pick.choice(some), "raised": None}, blob


def random_numbers(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    return head, link.random.randbytes(len(blob))


def nothing_but_nan(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    data = bytearray(blob)
    patterns = {"float32": struct.pack("<f", float("nan")), "float64": b"\xff" * 8}
    for dtype, _, (start, length) in tensors(head, blob):
        pattern = patterns.get(dtype)
        if pattern:
            data[start : start + length] = pattern * (length // len(pattern))
    value = float("nan") if type(head.get("value")) is float else head.get("value")
    return {**head, "value": value}, bytes(data)


def all_zeros(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    """Every number is 0, also of the arguments that come back."""
    head["objects"] = [
        each for each in head.get("objects", ()) if each[1][0] != "generator"
    ]
    return head, bytes(len(blob))


def another_shape(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    for node in tensors(head, blob):
        if type(node[1]) is list:
            node[1] = link.random.choice([[], [1, *node[1]], node[1][::-1], [3, 7]])
    return head, blob


def the_first_number_everywhere(
    link: LyingLink, head: dict[str, Any], blob: bytes
) -> Reply:
    data = bytearray(blob)
    sizes = {"float32": 4, "float64": 8, "int64": 8}
    for dtype, _, (start, length) in tensors(head, blob):
        n = sizes.get(dtype)
        if n:
            data[start : start + length] = bytes(data[start : start + n]) * (
                length // n
            )
    return head, bytes(data)


# -- replies of other times ------------------------------------------------------------


def the_reply_before(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    return link.past[-1] if len(link.past) > 1 else (head, blob)


def any_earlier_reply(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    return link.random.choice([*link.past[1:], (head, blob)])


def always_well(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    """Say yes to everything, and that nothing was changed or raised."""
    head = {**head, "raised": None, "seen": [], "objects": []}
    return {**head, "value": True}, blob


def nothing_has_changed(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    kept = [each for each in head["objects"] if each[0] < 0]
    return {**head, "seen": [], "objects": kept}, blob


def everything_raises(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    names = ["ValueError", "Exception", "BaseException", "object"]
    head = {**head, "value": None}
    return {**head, "raised": [names, "no", "ValueError: no", None, False]}, blob


def it_changes_what_it_can(link: LyingLink, head: dict[str, Any], blob: bytes) -> Reply:
    """Claim that the torch generator and every number seen has changed."""
    zeros = ["tensor", "T", ["float32", [1], [0, 4]], False, None]
    known = [key for key, _ in head["objects"]]
    more = [[key, zeros] for key in range(1, 60) if key not in known]
    return {**head, "objects": [*head["objects"], *more]}, bytes(4) + blob


# -- no replies ------------------------------------------------------------------------


def nothing(link: LyingLink, head: dict[str, Any], blob: bytes) -> None:
    return None


def half_a_message(link: LyingLink, head: dict[str, Any], blob: bytes) -> None:
    link.raw(struct.pack(">II", 100, 0) + b'{"value":')


def its_end(link: LyingLink, head: dict[str, Any], blob: bytes) -> None:
    os._exit(3)


def drop_by_drop(link: LyingLink, head: dict[str, Any], blob: bytes) -> None:
    link.raw(struct.pack(">II", 1000, 1000))
    while True:
        link.raw(b" ")
        time.sleep(0.02)


def junk(link: LyingLink, head: dict[str, Any], blob: bytes) -> None:
    link.raw(struct.pack(">II", 50, 0) + link.random.randbytes(50))


def a_huge_one(link: LyingLink, head: dict[str, Any], blob: bytes) -> None:
    link.raw(struct.pack(">II", 2, (1 << 32) - 1) + b"{}")


def a_deep_one(link: LyingLink, head: dict[str, Any], blob: bytes) -> None:
    body = b'{"value":' + b'["l",[' * 50_000 + b"]]" * 50_000 + b"}"
    link.raw(struct.pack(">II", len(body), 0) + body)


def calls_without_end(link: LyingLink, head: dict[str, Any], blob: bytes) -> None:
    for key in range(40):
        ask = {"args": ["u", []], "kwargs": ["d", []], "objects": []}
        ask |= {"modes": [True, "torch.float32"], "to": link.asked[-1]["number"] + key}
        Link.send(link, {**ask, "callback": key}, b"")


LIES: dict[str, Bend] = {
    bend.__name__.replace("_", " "): bend
    for bend in (
        a_random_value,
        random_numbers,
        nothing_but_nan,
        all_zeros,
        another_shape,
        the_first_number_everywhere,
        the_reply_before,
        any_earlier_reply,
        always_well,
        nothing_has_changed,
        everything_raises,
        it_changes_what_it_can,
        nothing,
        half_a_message,
        its_end,
        drop_by_drop,
        junk,
        a_huge_one,
        a_deep_one,
        calls_without_end,
    )
}
SILENT = {"nothing", "half a message", "drop by drop"}
