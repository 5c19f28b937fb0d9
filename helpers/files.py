"""Write files whole: readers see the old content or the new, never half of it."""

import contextlib
import errno
import glob
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["replacing", "write_whole"]

# Windows refuses to replace a file while another program reads it: seconds to try.
PATIENCE = 2.0 if os.name == "nt" else 0.0
ABANDONED = 3600.0  # a draft untouched for so many seconds has lost its writer
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF}


@contextlib.contextmanager
def replacing(
    path: Path, *, durable: bool = True, mode: int | None = None
) -> Iterator[BinaryIO]:
    """Open a draft; when the block ends without an error, it takes the file's place.

    The draft lies beside the file, so that taking its place is one step; several may
    write at once, the last one stays. After an error the old file is as it was and the
    draft is gone. What a killed writer left behind is removed by a later one.

    Args:
        path: the file; its folder must exist.
        durable: put the content on the disk before it gets its name, so that it
            outlasts a power cut; costs some milliseconds.
        mode: permissions, such as 0o444; those of any new file if None.

    Yields:
        The draft, open for writing bytes.

    Raises:
        OSError: the folder is missing, may not be written, or the disk is full.
    """
    hidden = f".{path.name.removeprefix('.')}"
    _sweep(path.parent, hidden)
    draft = path.with_name(f"{hidden}.{secrets.token_hex(4)}.part")
    try:
        with open(draft, "xb") as file:
            yield file
            file.flush()
            if durable:
                _sync(file.fileno())
        if mode is not None:
            draft.chmod(mode)
        _replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    if durable:
        _sync_folder(path.parent)


def write_whole(
    path: Path, content: str | bytes, *, durable: bool = True, mode: int | None = None
) -> None:
    """Write a text, as UTF-8 with its line ends as they are, or bytes; see `replacing`.

    Raises:
        OSError: as `replacing`. UnicodeEncodeError: the text holds half a character.
    """
    data = content.encode() if isinstance(content, str) else content
    with replacing(path, durable=durable, mode=mode) as file:
        file.write(data)


def _sweep(folder: Path, hidden: str) -> None:
    """Remove the drafts that writers of the same file have left behind."""
    for left in folder.glob(f"{glob.escape(hidden)}.*.part"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()


def _replace(draft: Path, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            os.replace(draft, path)
            return
        except PermissionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:  # some drives of networks can not
            raise


def _sync_folder(folder: Path) -> None:
    """Put the file's new name on the disk, where a folder can be opened for that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            _sync(descriptor)
        finally:
            os.close(descriptor)
