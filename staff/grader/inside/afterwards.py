"""What an answer may not leave behind a call: something that acts when nobody looks.

A thread, a callback of the garbage collector, a mode or a kernel of torch could change
a comparison and put it back unseen. After each call they are left behind, put back, or
reported. (The filter of system calls forbids handlers of signals, and timers.)
"""

from __future__ import annotations

import _thread
import gc
import os
import sys
from collections.abc import Iterator
from typing import Any

__all__ = ["Standing", "leave_threads_behind"]

# Bound here, before any answer runs: later somebody may have put others there.
_threads, _no_collections, _fork = _thread._count, gc.disable, os.fork
_OFTEN = "allclose equal eq.Tensor isclose all any sub.Tensor abs _local_scalar_dense"
_ALSO = """
    eq.Scalar ne.Tensor ne.Scalar all.dim any.dim is_nonzero item isfinite isnan clone
    detach _to_copy to.dtype add.Tensor mul.Tensor div.Tensor le.Tensor le.Scalar
    lt.Tensor lt.Scalar gt.Tensor gt.Scalar ge.Tensor ge.Scalar max min mean sum
    sum.dim_IntList mean.dim std var argmax
"""


class Standing:
    """How things stand before a test calls an answer.

    Args:
        torch: the module, or None if nobody has loaded it.
    """

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._threads = _threads()
        self._callbacks = list(gc.callbacks)
        self._often, self._also = [
            {name: self._kernel(name) for name in names.split()}
            for names in (_OFTEN, _ALSO)
        ]
        self._modes = self._switched_on()
        _no_collections()

    def _kernel(self, name: str) -> str:
        if self._torch is None:
            return ""
        return str(self._torch._C._dispatch_dump(f"aten::{name}"))

    def _switched_on(self) -> tuple[int, int]:
        if self._torch is None:
            return 0, 0
        found = self._torch._C
        return found._len_torch_function_stack(), found._len_torch_dispatch_stack()

    def settle(self) -> None:
        """End what would act later: collections and threads."""
        _no_collections()
        gc.callbacks[:] = self._callbacks
        if _threads() > self._threads:
            leave_threads_behind()

    def changes(self, *, all: bool = False) -> Iterator[str]:
        """Yield what is not as it was.

        Args:
            all: look at what is used seldom, too.
        """
        if self._switched_on() != self._modes:
            yield "torch's modes"
        kernels = self._often | self._also if all else self._often
        for name, before in kernels.items():
            if self._kernel(name) != before:
                yield f"the kernels of aten::{name}"
        tools = getattr(sys, "monitoring", None)
        if tools is not None and any(map(tools.get_tool, range(6))):
            yield "sys.monitoring"


def leave_threads_behind() -> None:
    """Go on in a fork: what the answer left running stays here and waits with us."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # a learner may have put anything there
            continue
    child = _fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(1 if status else 0)
