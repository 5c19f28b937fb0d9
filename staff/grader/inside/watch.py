"""See and end the processes that descend from this one, whatever they did to hide."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

__all__ = ["Usage", "busy", "descendants", "end_all", "own_memory", "sweep", "usage"]

_TICKS = os.sysconf("SC_CLK_TCK")
_DEEP = 12  # folders within folders; a path of 4,096 bytes has room for 16 long names
_LIFTED = itertools.count()


class _Top(NamedTuple):
    """A folder that is swept: where it is, and the device on which all of it lies."""

    path: str
    device: int


@dataclass(frozen=True)
class Usage:
    """What all descendants use together.

    Args:
        processes: how many there are.
        memory: bytes in memory that they do not share with files, each less `shared`.
    """

    processes: int
    memory: int


def descendants() -> list[int]:
    """Return the process ids of all that descend from this process."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            parents.setdefault(_parent(entry), []).append(int(entry))
    found, queue = [], [os.getpid()]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found


def _parent(pid: str) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else -1


def _stat(pid: int | str) -> list[bytes]:
    """Return what follows a process's name, which may be anything; [] if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return []
    return text[text.rindex(b")") + 2 :].split()


def busy(pids: list[int]) -> tuple[float, bool]:
    """Return (seconds of processor time used, whether one of them wants more now)."""
    ticks, runnable = 0, False
    for fields in map(_stat, pids):
        ticks += sum(int(each) for each in fields[11:15])  # its own, its children's
        runnable |= fields[:1] == [b"R"]
    return ticks / _TICKS, runnable


def usage(pids: list[int], shared: int, most: int, waiting: int = 0) -> Usage:
    """Return what processes use together; looks at `most` of them at most.

    Args:
        pids: the processes.
        shared: bytes that each has in common with this process.
        most: more processes than this are counted, not measured.
        waiting: one that waits for a fork of it, which has the same pages: those are
            counted once.
    """
    if len(pids) > most:
        return Usage(len(pids), 0)
    own = {pid: max(0, own_memory(pid) - shared) for pid in pids}
    apart = own.pop(waiting, 0)
    return Usage(len(pids), max(apart, sum(own.values())))


def own_memory(pid: int | str) -> int:
    """Return bytes in memory that belong to no file; 0 if the process is gone."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/status").read_bytes().splitlines():
            if line.startswith((b"RssAnon:", b"RssShmem:")):
                total += int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return 0
    return total


def end_all(*, alone: bool) -> None:
    """Kill every descendant and collect what is left of it.

    Args:
        alone: this process has a process namespace to itself, so that "everybody"
            means its descendants.
    """
    while True:
        pids = descendants()
        if not pids:
            return
        if alone:
            _signal(-1, signal.SIGKILL)
        else:
            for kind in (signal.SIGSTOP, signal.SIGKILL):
                for pid in pids:
                    _signal(pid, kind)
        _collect()
        time.sleep(0.001)


def _signal(pid: int, kind: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, kind)


def _collect() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def sweep(folders: list[Path]) -> None:
    """Delete everything inside some folders; never follows a link.

    Folders may be nested more deeply than Python's stack or a path is long: what lies
    too deep is lifted to the top before it is deleted. Where something else is mounted,
    as the course itself in a sandbox whose course lies in the folder for temporary
    files, nothing is looked at: it may be large, and is not a submission's to write.
    """
    for folder in folders:
        _open(folder)
        try:
            device = os.lstat(folder).st_dev
        except OSError:
            continue
        while _empty(_Top(str(folder), device), str(folder), 0):
            pass
        _unmark(folder)


def _unmark(folder: Path) -> None:
    """Take away what could be read off the folder itself: times, attributes."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for name in os.listxattr(folder):
                os.removexattr(folder, name)
    with contextlib.suppress(OSError):
        os.utime(folder, (0, 0))


def _empty(top: _Top, folder: str, depth: int) -> bool:
    """Delete what is in a folder; tell whether something was lifted to the top."""
    lifted = False
    with contextlib.suppress(OSError):
        for entry in [*os.scandir(folder)]:
            with contextlib.suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                    continue
                if entry.stat(follow_symlinks=False).st_dev != top.device:
                    continue
                _open(entry.path)  # only who may write to a folder may move it
                if depth == _DEEP:
                    os.rename(entry.path, f"{top.path}/.lifted-{next(_LIFTED)}")
                    lifted = True
                    continue
                lifted |= _empty(top, entry.path, depth + 1)
                os.rmdir(entry.path)
    return lifted


def _open(folder: str | Path) -> None:
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)
