"""Read learners' code in a process of its own.

Nothing promises that Python's parser takes no more time than a text's length allows, or
that no text ends the process. Here it can do no harm: what takes too long is killed by
the kernel, and the text that did it counts as one that cannot be read. The process is
small, has the reading code and nothing else, and runs nothing of what it reads.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import select
import signal
import subprocess
import sys
import threading
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path

from staff.grader.faults import InfraError
from staff.grader.inside.wire import Broken, Link
from staff.grader.syntax import LONGEST, Reading, unread

__all__ = ["LookUps", "Reader", "Readings", "installed", "shared"]

_CHARACTERS = 80_000
"""Characters that are parsed of one submission."""

_LEAST = 100  # characters that every text counts as: a short one is work, too
_SECONDS = 0.5  # of processor time for parsing one submission
_ONCE_MORE = 0.15  # the same, where it was read before
_PACKAGES = 100  # different packages of a submission that are looked for
_PATIENCE = 60.0  # seconds on the clock, if the machine is very busy
_REMEMBERED = 512  # texts
_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = (
    f"import sys; sys.path.insert(0, {str(_ROOT)!r}); "
    "from staff.grader.reading import serve; serve()"
)


class Reader:
    """The process, started when it is needed and again when it was lost.

    Any thread may use it.

    Attributes:
        spent: seconds of processor time that reading took so far.
    """

    def __init__(self) -> None:
        self.spent = 0.0
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._known: OrderedDict[tuple[str, tuple[str, ...]], Reading] = OrderedDict()
        self._pid = os.getpid()

    def read(
        self, source: str, absent: tuple[str, ...] = (), *, seconds: float = _SECONDS
    ) -> tuple[Reading, float]:
        """Find what a text defines.

        Args:
            source: of a cell; lines end in a newline alone.
            absent: see `staff.grader.syntax.read`.
            seconds: of processor time it may take.

        Returns:
            The reading, and the processor time it took: 0 if it was known.

        Raises:
            InfraError: the process cannot be started.
        """
        if len(source) > LONGEST:
            return unread(source), 0.0
        with self._lock:
            known = self._known.get((source, absent))
            if known is not None:
                self._known.move_to_end((source, absent))
                return known, 0.0
            if seconds <= 0:
                return unread(source), 0.0
            reading, used = self._ask(source, absent, seconds)
            self.spent += used
            if used < seconds:
                self._remember((source, absent), reading)
            return reading, used

    def _ask(
        self, source: str, absent: tuple[str, ...], seconds: float
    ) -> tuple[Reading, float]:
        wish = {"source": source, "absent": absent, "seconds": seconds}
        for _ in range(2):  # somebody else may have ended the process
            link = _link(self._running())
            try:
                link.send(wish)
                if not select.select([link.reading], [], [], _PATIENCE)[0]:
                    raise Broken("no answer")
                answer = link.receive()
                return Reading.from_json(answer["reading"]), float(answer["seconds"])
            except Broken:
                if self._end() == -signal.SIGPROF:
                    break
        return unread(source), seconds

    def _remember(self, key: tuple[str, tuple[str, ...]], reading: Reading) -> None:
        self._known[key] = reading
        if not key[1] and reading.parsed:  # what runs is looked at once more
            self._known[reading.text, ()] = reading
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._pid != os.getpid():  # in a fork: the process is the parent's
            self._process, self._pid = None, os.getpid()
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _PROGRAM],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    cwd="/",
                    env={},
                    start_new_session=True,
                )
                _link(self._process).receive()  # it says that it is there
            except (OSError, Broken) as error:
                self._end()
                raise InfraError(
                    f"starting the process that reads code: {error}; then grade again"
                ) from error
        return self._process

    def _end(self) -> int:
        """End the process; return its status, or 0 if there is none."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(OSError):
            process.kill()  # does nothing to one that is dead
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        return process.wait()

    def forget(self) -> None:
        """Forget the texts read so far."""
        with self._lock:
            self._known.clear()

    def close(self) -> None:
        """End the process; the next text starts another."""
        with self._lock:
            if self._pid == os.getpid():
                self._end()


def _link(process: subprocess.Popen[bytes]) -> Link:
    assert process.stdin is not None
    assert process.stdout is not None
    return Link(process.stdout.fileno(), process.stdin.fileno())


shared = Reader()
"""The one that everybody uses."""

atexit.register(shared.close)


class Readings:
    """Reads one submission's texts: so many characters, so much time, no more.

    What is left over counts as not readable. How much that is depends on the texts
    alone, unless they take far longer to parse than honest ones do.

    Args:
        reader: the process; the one that all share if None.
        seconds: of processor time for all of them.
    """

    def __init__(
        self, reader: Reader | None = None, *, seconds: float = _SECONDS
    ) -> None:
        self._reader = reader or shared
        self._left, self._seconds = _CHARACTERS, seconds
        self._packages: set[str] = set()
        self._done: dict[str, Reading] = {}

    def __call__(self, source: str) -> Reading:
        """Return what is known about a text; its imports of what is not there left out.

        Raises:
            InfraError: there is no process to read it.
        """
        if (reading := self._done.get(source)) is None:
            reading = self._ask(source, ())
            absent = tuple(sorted(filter(self._is_absent, reading.imports)))
            if absent:
                reading = self._ask(source, absent)
            self._done[source] = reading
        return reading

    def _ask(self, source: str, absent: tuple[str, ...]) -> Reading:
        if len(source) > self._left:
            return unread(source)
        reading, used = self._reader.read(source, absent, seconds=self._seconds)
        self._seconds -= used
        self._left -= max(_LEAST, len(source), reading.work)
        return reading

    def _is_absent(self, name: str) -> bool:
        if len(self._packages) < _PACKAGES:
            self._packages.add(name)
        return name in self._packages and not installed(name)


@lru_cache(maxsize=4096)
def installed(name: str) -> bool:
    """Tell whether answers can import a package; nothing is imported.

    Args:
        name: without dots.
    """
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # ValueError: it is loaded, and says not whence
        return name in sys.modules
    if spec is None:
        return False
    places = [*(spec.submodule_search_locations or []), spec.origin or ""]
    beside = any(Path(place).parent == _ROOT for place in places)
    return name == "helpers" or not beside  # of the course they see helpers alone


class LookUps:
    """Names that the cells of one submission look up, which intake has read before."""

    def __init__(self) -> None:
        self._readings = Readings(seconds=_ONCE_MORE)

    def __call__(self, source: str) -> frozenset[str] | None:
        """Return the names that a learner's cell looks up; None if that is not known.

        Args:
            source: as it will run: a magic in it may look up anything.
        """
        reading = self._readings(source)
        return reading.looked_up if reading.text == source else None
