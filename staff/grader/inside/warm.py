"""The warm process: torch is loaded once, each submission gets forks of it.

It never runs a learner's code itself.
"""

from __future__ import annotations

import contextlib

from staff.grader.inside import wire

__all__ = ["main"]


def main() -> None:
    """Serve jobs from standard input until it ends."""
    link = wire.Link.take_over()
    from staff.grader.inside import host

    with contextlib.suppress(wire.Broken):
        config = link.receive()
        try:
            worker = host.Worker(config)
        except Exception as error:
            link.send({"failed": f"{type(error).__name__}: {error}"})
            return
        link.send({"ready": True})
        while True:
            try:
                link.send(worker.grade(link.receive(), link))
            except host.JudgeGone as error:
                link.send({"gone": str(error)})
                return


if __name__ == "__main__":
    main()
