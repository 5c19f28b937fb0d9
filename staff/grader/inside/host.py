"""What the warm process does: give each submission forks, until it has its verdicts.

First all cells run in order, as in the learner's notebook. Where that ends badly, the
rest is run in a clean fork; a question that another answer may have harmed is run
without the others. So one answer costs no other its points. A submission as a whole has
a limit, too, which is a verdict like the others.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

from staff.grader.inside import calls, confine, pages, shell, watch, wire
from staff.grader.inside.attempt import Attempt, JudgeGone, Ready
from staff.grader.inside.budget import Budget
from staff.grader.inside.run import BEST, Run

__all__ = ["JudgeGone", "Worker", "load_torch"]

_TOO_LONG = "Your notebook as a whole ran too long; this question was not reached."
_NOT_RUN = "This question could not be run."


class Worker:
    """A warm process and what it was told at its start.

    Args:
        config: "root" (the course), "setup" (the instructor's set-up cell), "modules"
            (to load beforehand), "limits", "layers" (which to use: "landlock",
            "seccomp"), "alone" (has a process namespace to itself), "readable" and
            "scratch" (folders), "texts" (descriptor of a job's texts), "judge" (of the
            socket to the judge).
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._alone = config["alone"]
        confine.die_first()
        confine.close_to_others()
        confine.die_with_parent()
        confine.adopt_orphans()
        confine.no_new_privileges()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        rules = None
        if "seccomp" in config["layers"]:
            rules = calls.Filter(spare=os.getpid())
        ipython = _warm_up(config)
        gc.collect()
        gc.freeze()
        pages.gather()
        scratch = [Path(each) for each in config["scratch"]]
        shared = watch.own_memory("self")
        judge = socket.socket(fileno=config["judge"])
        self.ready = Ready(config, scratch, rules, ipython, judge, shared)

    def grade(self, job: dict[str, Any], link: wire.Link) -> dict[str, Any]:
        """Run a submission, as often as it takes to reach every question.

        Args:
            job: as `Run` takes it; and "seconds", the limit of the submission as a
                whole: of all cells together, and again of questions run apart.
            link: to the grader.

        Raises:
            JudgeGone: nobody judges any more.
        """
        start = time.monotonic()
        run, apart = Run(job), Budget(job["seconds"])
        try:
            self._together(run, Budget(job["seconds"]), apart, link)
            for name in run.open_questions():
                self._apart(run, name, apart, link)
            for name in run.again:
                alone = run.alone(name)
                self._go_on(alone, apart, link)
                run.confirm(name, alone)
        finally:
            watch.end_all(alone=self._alone)
            watch.sweep(self.ready.scratch)
        self.ready.judge.send(b"{}")
        if apart.used_up:
            run.give_up("TIMEOUT", _TOO_LONG)
        run.give_up("NOT_RUN", _NOT_RUN)
        return run.message(seconds=round(time.monotonic() - start, 4))

    def _together(self, run: Run, budget: Budget, apart: Budget, link: Any) -> None:
        """Run all cells in order, until one turns out to harm other questions."""
        examined: set[str] = set()
        while self._go_on(run, budget, link):
            found = [name for name in run.doubtful() if name not in examined]
            examined.update(found)
            harmed = False
            for name in found:
                if run.may_do_better(name) and self._apart(run, name, apart, link):
                    harmed = True
                else:
                    run.set_aside(name)
            if harmed:
                return

    def _go_on(self, run: Run, budget: Budget, link: Any) -> bool:
        """Make one more attempt; return False if there was no use in it."""
        if not run.open_questions() or budget.used_up:
            return False
        before = run.progress()
        Attempt(self.ready, run, link, budget).go()
        return run.progress() != before

    def _apart(self, run: Run, name: str, budget: Budget, link: Any) -> bool:
        """Run a question without the other answers: one of them may be to blame.

        Returns:
            Whether it does better so; its result is then the new one.
        """
        best: tuple[int, Run] | None = None
        tried: set[int] = set()
        for again in run.apart(name):
            if len(again.steps) in tried:
                continue
            tried.add(len(again.steps))
            while self._go_on(again, budget, link):
                pass
            if name not in again.results:
                break
            worth = again.worth(name)
            if best is None or worth > best[0]:
                best = worth, again
            if worth == BEST or again.ended(name):
                break
        if best is None or (best[0] == 0 and name in run.results):
            return False
        run.take(name, best[1])
        return True


def load_torch() -> None:
    """Load torch, and what its first optimizers load."""
    import torch

    torch.set_num_threads(1)
    # The first optimizer of a process costs seconds: torch imports lazily. Each class
    # wraps its own step when it is first used: let that be done, too.
    for kind in vars(torch.optim).values():
        with contextlib.suppress(Exception):
            kind([torch.zeros(1, requires_grad=True)], lr=1.0)


def _warm_up(config: dict[str, Any]) -> Any:
    """Load what sessions will use; return IPython's shell."""
    load_torch()
    ipython = shell.make_shell()
    with contextlib.suppress(Exception):
        import tqdm

        tqdm.tqdm.monitor_interval = 0  # its thread would be left behind
    for name in config["modules"]:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
        exec(compile(config["setup"], "<set-up>", "exec"), {})
    return ipython
