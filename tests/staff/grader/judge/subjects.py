"""Subjects for tests: forks of this process that hold an answer's namespace."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from staff.grader.judge import subject
from staff.grader.judge.remote import Remote
from staff.grader.judge.shared import Handle
from staff.grader.judge.wire import Limits, Link, Lost
from tests.test_answers import answer, checker


class Bank(dict[str, Any]):
    """The bank's answers as one namespace: "path::name"; each is run when asked for."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        path, name = key.split("::")
        found = zip(checker(Path(path)).asks, answer(Path(path)), strict=True)
        return dict(found)[name]


class Answers(Remote):
    """A remote whose answers are those of one file of the bank."""

    path: Path

    def take(self, names: Sequence[str]) -> list[Handle]:
        """Return handles of this file's answers."""
        return super().take([f"{self.path}::{name}" for name in names])


Serve = Callable[[Link, Mapping[str, Any]], None]


@contextmanager
def forked(
    names: Callable[[], Mapping[str, Any]] = Bank,
    *,
    seconds: float = 30.0,
    serve: Serve = subject.serve,
) -> Iterator[Answers]:
    """Fork a process that makes a namespace and serves it.

    Args:
        names: makes the namespace, in the fork.
        seconds: for one use.
        serve: what the fork does with it.
    """
    there, here = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            torch.set_num_threads(1)  # the pool of another process answers nobody
            os.close(there[1])
            os.close(here[0])
            _alone(there[0], here[1])
            serve(Link(there[0], here[1], subject.FROM_JUDGE), names())
        except (Lost, OSError):
            pass
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(there[0])
    os.close(here[1])
    link = Link(here[0], there[1], Limits())
    try:
        yield Answers(link, seconds)
    finally:
        link.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _alone(*kept: int) -> None:
    """Print nothing, and have no descriptor but those of the link."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    sys.stdout = os.fdopen(1, "w", closefd=False)  # pytest's has a file closed here
    for descriptor in range(3, 256):
        if descriptor not in kept:
            with contextlib.suppress(OSError):
                os.close(descriptor)
