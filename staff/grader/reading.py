"""The process that reads learners' code; `staff.grader.reader` starts it."""

from __future__ import annotations

import resource
import signal
import time
from typing import Any

from staff.grader.inside.wire import Broken, Link
from staff.grader.syntax import read

__all__ = ["serve"]

_MEMORY = 1 << 30  # bytes


def serve() -> None:
    """Read texts from standard input until it ends."""
    link = Link.take_over()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link.send({"ready": True})
    while True:
        try:
            wish = link.receive()
        except Broken:
            return
        link.send(_answer(wish))


def _answer(wish: dict[str, Any]) -> dict[str, Any]:
    start = time.process_time()
    # Whoever is still at work when the time is up is killed: nobody catches SIGPROF.
    signal.setitimer(signal.ITIMER_PROF, wish["seconds"])
    reading = read(wish["source"], wish["absent"])
    signal.setitimer(signal.ITIMER_PROF, 0)
    return {"reading": reading.to_json(), "seconds": time.process_time() - start}
