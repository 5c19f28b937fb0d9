"""The warm process: torch is loaded once, each submission gets forks of it.

It never runs a learner's code itself.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.util
import sys

__all__ = ["main"]

# In this order each finds those that it imports.
_PARTS = (
    *("wire", "confine", "calls", "watch", "guard", "shell", "afterwards"),
    *("session", "budget", "run", "attempt", "host"),
)


def main() -> None:
    """Serve jobs from standard input until it ends."""
    for name in _PARTS:
        _load_apart(f"{__package__}.{name}")
    from staff.grader.inside import host, wire

    link = wire.Link.take_over()
    with contextlib.suppress(wire.Broken):
        config = link.receive()
        try:
            worker = host.Worker(config)
        except Exception as error:
            link.send({"failed": f"{type(error).__name__}: {error}"})
            return
        link.send({"ready": True})
        while True:
            link.send(worker.grade(link.receive(), link))


def _load_apart(name: str) -> None:
    """Load a module whose builtins nobody else can change."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__dict__["__builtins__"] = dict(vars(builtins))
    sys.modules[name] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    main()
