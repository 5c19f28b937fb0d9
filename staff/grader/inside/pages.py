"""Large pages for a process that is forked again and again.

A fork copies an entry for each page of memory that its parent has written to, and drops
them all at its end. With torch loaded those are a hundred thousand small pages, which
costs more than most answers do; the same memory in large pages is two hundred.
"""

from __future__ import annotations

import contextlib
import ctypes
from pathlib import Path

__all__ = ["gather"]

_LARGE = 1 << 21  # bytes
_MADV_COLLAPSE = 25  # Linux 6.1
_libc = ctypes.CDLL(None)
_libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def gather() -> None:
    """Gather what this process has in memory into large pages, where the kernel can.

    Nothing depends on it: an older kernel refuses, and forks are as slow as before.
    """
    with contextlib.suppress(OSError):
        for start, end in _written(Path("/proc/self/maps").read_text()):
            for page in range(-(-start // _LARGE) * _LARGE, end - _LARGE + 1, _LARGE):
                _collapse(page)


def _collapse(page: int) -> None:
    _libc.madvise(page, _LARGE, _MADV_COLLAPSE)


def _written(maps: str) -> list[tuple[int, int]]:
    """Return [start, end) of the memory that may be written to and is of no file."""
    found = []
    for line in maps.splitlines():
        place, rights, _, _, inode, *name = line.split(maxsplit=5)
        if rights == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            start, end = (int(each, 16) for each in place.split("-"))
            found.append((start, end))
    return found
