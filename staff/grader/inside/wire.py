"""Messages between the grader, the warm process and the judge, and from a session.

Everything is JSON: nothing that comes out of a session is ever unpickled.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any

__all__ = ["Broken", "Link", "decode"]

_HEAD = struct.Struct(">I")
_LIMIT = 64 << 20  # bytes of one message


class Broken(Exception):
    """The other side is gone, or what it sent is no message."""


class Link:
    """Length-prefixed JSON over two file descriptors.

    Args:
        reading: descriptor to read from.
        writing: descriptor to write to.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self.reading, self.writing = reading, writing

    @classmethod
    def take_over(cls) -> Link:
        """Move standard input and output away, so that nothing else can use them."""
        reading, writing = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.close(null)
        return cls(reading, writing)

    def send(self, message: dict[str, Any]) -> None:
        """Send one message.

        Raises:
            Broken: nobody reads any more.
        """
        body = json.dumps(message).encode()
        view = memoryview(_HEAD.pack(len(body)) + body)
        try:
            while view:
                view = view[os.write(self.writing, view) :]
        except OSError as error:
            raise Broken(str(error)) from error

    def receive(self) -> dict[str, Any]:
        """Wait for one message.

        Raises:
            Broken: the other side has ended, or sent something else.
        """
        (length,) = _HEAD.unpack(self._exactly(_HEAD.size))
        if length > _LIMIT:
            raise Broken(f"a message of {length} bytes, more than {_LIMIT}")
        return decode(self._exactly(length))

    def close(self) -> None:
        """Close both descriptors."""
        for descriptor in {self.reading, self.writing}:
            os.close(descriptor)

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            try:
                part = os.read(self.reading, min(count, 1 << 20))
            except OSError as error:
                raise Broken(str(error)) from error
            if not part:
                raise Broken("the other side has ended")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def decode(body: bytes, depth: int | None = None) -> dict[str, Any]:
    """Return a message's content.

    Args:
        depth: lists and dicts that may lie within each other; None does not look. What
            can just be read is too deep to be written again.

    Raises:
        Broken: it is not a JSON object, or too deep.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Broken(f"not JSON: {error}") from error
    if not isinstance(message, dict):
        raise Broken("not a JSON object")
    level: list[Any] = [message]
    while level and depth is not None:
        if not depth:
            raise Broken("too many lists within each other")
        parts = (each.values() if isinstance(each, dict) else each for each in level)
        level = [e for part in parts for e in part if isinstance(e, (dict, list))]
        depth -= 1
    return message
