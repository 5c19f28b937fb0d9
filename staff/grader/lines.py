"""A file of JSON lines that is only ever appended to, each line with a sum.

A line reads ``{"sum":"…","entry":{…}}``; the sum is over the bytes of the entry, so a
line that was cut off by a crash, or altered, is known and not believed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from staff.grader.faults import InfraError, infra

__all__ = ["Lines", "append", "compact"]

_HEAD, _MIDDLE, _TAIL = b'{"sum":"', b'","entry":', b"}\n"
_SUM = 16  # hex digits of sha256
_START = len(_HEAD) + _SUM + len(_MIDDLE)


class Lines:
    """The lines of one file.

    Args:
        path: of the file; it need not exist.

    Attributes:
        end: where the last good line ends, after `scan`.
        damaged: numbers of lines between good ones that cannot be believed.
        torn: bytes after the last good line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.end, self.torn = 0, 0
        self.damaged: list[int] = []
        self._file: BinaryIO | None = None

    def scan(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (start, entry) of each good line."""
        self.end, self.torn, self.damaged = 0, 0, []
        if not self.path.exists():
            return
        bad: list[int] = []
        with infra(f"reading {self.path.name}"), self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                entry = _entry(line)
                if entry is None:
                    bad.append(number)
                    self.torn += len(line)
                    continue
                start = self.end + self.torn
                self.end, self.torn = start + len(line), 0
                self.damaged += bad
                bad = []
                yield start, entry

    def read(self, start: int) -> dict[str, Any]:
        """Return the entry that starts there.

        Raises:
            InfraError: somebody changed the file meanwhile.
        """
        with infra(f"reading {self.path.name}"), self.path.open("rb") as file:
            file.seek(start)
            entry = _entry(file.readline())
        if entry is None:
            raise InfraError(f"{self.path.name} was changed while it was in use")
        return entry

    def open(self) -> None:
        """Make ready to append: cut off what stands behind the last good line."""
        self._file = self.path.open("ab", buffering=0)
        self._file.truncate(self.end)

    def close(self) -> None:
        """Append no more."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def sync(self) -> None:
        """Wait until all that was appended is on the disk."""
        if self._file is not None:
            with infra(f"writing {self.path.name}"):
                os.fsync(self._file.fileno())

    def append(self, entry: dict[str, Any], *, wait: bool = True) -> int:
        """Append one entry; return where it starts, by default once it is on disk."""
        if self._file is None:
            raise ValueError(f"{self.path.name} is open for reading: use `with`")
        body = compact(entry)
        line = _HEAD + _sum(body) + _MIDDLE + body + _TAIL
        return append(self._file, line, wait=wait)


def append(file: BinaryIO, data: bytes, *, wait: bool) -> int:
    """Append all the bytes, or none; return where they start.

    Args:
        file: open for appending, without a buffer.
        data: the bytes.
        wait: until they are on disk.

    Raises:
        InfraError: the disk would not take them.
    """
    with infra(f"writing {Path(file.name).name}"):
        start = file.seek(0, os.SEEK_END)
        try:
            left = memoryview(data)
            while left:
                left = left[file.write(left) :]
            if wait:
                os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                file.truncate(start)
            raise
    return start


def compact(data: Any) -> bytes:
    """Return JSON in one line; ASCII, so that no text can break it."""
    return json.dumps(data, separators=(",", ":"), sort_keys=True).encode("ascii")


def _sum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:_SUM].encode()


def _entry(line: bytes) -> dict[str, Any] | None:
    given, body = line[len(_HEAD) : len(_HEAD) + _SUM], line[_START : -len(_TAIL)]
    if not (line.startswith(_HEAD) and line.endswith(_TAIL) and given == _sum(body)):
        return None
    found: dict[str, Any] = json.loads(body)
    return found
