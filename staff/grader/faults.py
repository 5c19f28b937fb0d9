"""What goes wrong in the grader itself: never a learner's fault, never scored."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

__all__ = ["InfraError", "infra"]

_ADVICE = {
    errno.ENOSPC: "the disk is full; make room",
    errno.EDQUOT: "the disk quota is used up; make room",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "writing is not permitted there",
    errno.EMFILE: "too many files are open; raise `ulimit -n`",
}


class InfraError(Exception):
    """The grader could not do its work; nothing was scored, and it can be done again.

    The message says what happened and what to do.
    """


@contextmanager
def infra(doing: str) -> Iterator[None]:
    """Turn faults of disk and database into `InfraError`.

    Args:
        doing: such as "writing the journal"; opens the message.
    """
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, str(error))
        raise InfraError(f"{doing}: {advice}, then grade again") from error
    except DBAPIError as error:
        raise InfraError(f"{doing}: {_database(str(error.orig))}") from error


def _database(said: str) -> str:
    if "locked" in said:
        return (
            "the gradebook is locked by another program; close it (a formgrader that "
            "is saving, another grading), then grade again"
        )
    if "full" in said:
        return "the disk is full; make room, then grade again"
    if "readonly" in said:
        return "the gradebook is read-only; make it writable, then grade again"
    return f"the gradebook says {said!r}; try `python -m staff doctor`"
