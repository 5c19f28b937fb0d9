"""Ports for the servers that tests start: each test process has its own thousand."""

import itertools
import os
import socket

from staff.environment import started_with

# Tests' own environment does not have it any more (tests/conftest.py).
_WORKER = int(started_with().get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_FIRST = 20_000 + 1000 * _WORKER
# Two runs at a time, of two people, begin at different places.
_PORTS = itertools.cycle(_FIRST + (os.getpid() + place) % 1000 for place in range(1000))


def own_port() -> int:
    """Return a free port that no other test process takes before it is used.

    Two processes that look for the first free one find the same, and the page of one
    test comes from the server of another.
    """
    for port in _PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("itertools.cycle has no end")
