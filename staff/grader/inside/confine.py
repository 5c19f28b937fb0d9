"""Bind this process, for good: its rights, files, and limits on what it may use.

Each layer works without special rights. Limits always apply; Landlock is Linux's, like
the filter of system calls in `calls`. bubblewrap is no part of this: it is set up
around the warm process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "Unavailable",
    "adopt_orphans",
    "close_to_others",
    "die_first",
    "die_with_parent",
    "drop_capabilities",
    "landlock_abi",
    "limit",
    "no_new_privileges",
    "restrict_files",
]

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


class Unavailable(Exception):
    """This layer does not work here; the message says why."""


# --- this process ----------------------------------------------------------------


def no_new_privileges() -> None:
    """Give up what a set-uid program could give."""
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def drop_capabilities() -> None:
    """Give up root's special rights, where this process has them."""
    head, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    _libc.capset(head, nothing)


def close_to_others() -> None:
    """Keep processes of the same user away from this one's memory and descriptors."""
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def die_first() -> None:
    """Have the kernel choose this process and its children when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def adopt_orphans() -> None:
    """Become the parent of every process that descends from this one."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


# --- Landlock ---------------------------------------------------------------------
# https://docs.kernel.org/userspace-api/landlock.html; the numbers of the three calls
# are the same on every processor.

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_RIGHTS = _EXECUTE | _WRITE | _READ_FILE | 1 << 14 | 1 << 15
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_ALL_SINCE_5 = (1 << 16) - 1
_MAKE_SPECIAL = 1 << 6 | 1 << 11  # character and block devices
_SCOPED = 0b11  # abstract sockets and signals stay inside, since version 6
_NET = 0b11  # bind and connect of TCP, since version 4


def landlock_abi() -> int:
    """Return the kernel's version of Landlock; 0 where there is none."""
    if platform.system() != "Linux":
        return 0
    return max(0, int(_libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1)))


def restrict_files(readable: Sequence[Path], writable: Sequence[Path]) -> None:
    """Let this process read and run below some paths, and write below others.

    Where the kernel can, connections and signals to others end here, too.

    Raises:
        Unavailable: the kernel has no Landlock, or refuses.
    """
    abi = landlock_abi()
    if not abi:
        raise Unavailable("Landlock: this kernel has none, or it is switched off")
    rights = _RIGHTS_BY_ABI.get(abi, _RIGHTS_BY_ABI[3] if abi < 5 else _ALL_SINCE_5)
    handled = struct.pack("QQQ", rights, _NET, _SCOPED)
    handled = handled[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = _libc.syscall(_CREATE, handled, ctypes.c_size_t(len(handled)), 0)
    if ruleset < 0:
        raise Unavailable(f"Landlock: {os.strerror(ctypes.get_errno())}")
    try:
        for path in readable:
            _allow(ruleset, path, _READ & rights)
        for path in writable:
            _allow(ruleset, path, rights & ~_EXECUTE & ~_MAKE_SPECIAL)
        no_new_privileges()
        if _libc.syscall(_RESTRICT, ruleset, 0):
            raise Unavailable(f"Landlock: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not path.is_dir():
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, descriptor)
        if _libc.syscall(_ADD, ruleset, 1, rule, 0):
            raise Unavailable(f"Landlock: {path}: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(descriptor)


# --- limits -----------------------------------------------------------------------


def limit(*, memory: int, seconds: int | None, processes: int, file_bytes: int) -> None:
    """Bound what this process and each of its children may use.

    Args:
        memory: bytes of address space on top of what it has now.
        seconds: of processor time; None is no limit.
        processes: of this user (the kernel does not count root's).
        file_bytes: size of one file.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    bounds = {
        resource.RLIMIT_AS: pages * resource.getpagesize() + memory,
        resource.RLIMIT_CPU: seconds or resource.RLIM_INFINITY,
        resource.RLIMIT_NPROC: processes,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
    }
    for kind, bound in bounds.items():
        hard = resource.getrlimit(kind)[1]
        value = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (value, value))
