"""Open learners' files without following links, blocking, or reading too much."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

from helpers.files import write_whole
from staff.grader.faults import infra

__all__ = ["Refused", "keep_original", "read_below", "shown"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_OURS = {
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE, errno.EAGAIN),
    *(errno.ETIMEDOUT, errno.ENOSPC, errno.EDQUOT),
}
"""Errors of this machine, for which no file is to blame."""


class Refused(Exception):
    """A file is not read; the message says why, for learner and instructor."""


def shown(text: str, limit: int = 120) -> str:
    """Return text from outside as it can be printed: on one line, cut, no controls."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def read_below(base: Path, parts: tuple[str, ...], limit: int) -> bytes:
    """Return a file's bytes.

    Args:
        base: a folder; it may be a link itself, nothing below it may.
        parts: the names that lead from there to the file.
        limit: bytes; a larger file is refused unread.

    Raises:
        Refused: no plain file, too large, or not readable.
        InfraError: this machine cannot read now.
    """
    folder = None
    try:
        folder = os.open(base, _FOLDER & ~os.O_NOFOLLOW)
        for name in parts[:-1]:
            inner = os.open(_plain(name), _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        return _read(os.open(_plain(parts[-1]), _FILE, dir_fd=folder), limit)
    except OSError as error:
        if error.errno in _OURS:
            with infra(f"reading {shown('/'.join(parts), 240)}"):
                raise
        raise Refused(_why(error)) from error
    finally:
        if folder is not None:
            os.close(folder)


def _plain(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Refused(f"{shown(name)!r} cannot be the name of a file handed in.")
    return name


def _why(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):  # a link, or one for a folder
        return "It is a link to another file. Links are not followed: hand in a copy."
    if isinstance(error, IsADirectoryError):
        return "It is no ordinary file but a folder."
    if isinstance(error, FileNotFoundError):
        return "The file is not there any more."
    return f"The file cannot be read ({error.strerror})."


def _read(descriptor: int, limit: int) -> bytes:
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("It is no ordinary file (a folder, a pipe or a device).")
        if status.st_size > limit:
            raise Refused(
                f"The file has {status.st_size / 1e6:,.0f} MB; up to "
                f"{limit / 1e6:,.0f} MB are read. Clear the outputs, save, and hand "
                "it in again."
            )
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Refused("The file grew while it was read.")
    return content


def keep_original(folder: Path, content: bytes) -> Path:
    """Keep the bytes handed in, as FOLDER/SHA256.ipynb; once written, never changed.

    Args:
        folder: such as ``grading/originals/STUDENT/STEM``; made if need be.
        content: the bytes.

    Returns:
        The path.
    """
    path = folder / f"{hashlib.sha256(content).hexdigest()}.ipynb"
    if path.is_file() and path.stat().st_size == len(content):
        return path
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, content, mode=0o600)
    return path
