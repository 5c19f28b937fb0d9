"""Notice calls of torch functions that an exercise asks to be written from scratch."""

from __future__ import annotations

import re
import sys
from types import FrameType, TracebackType

__all__ = ["Watch"]


class Watch:
    """Note torch functions whose name matches a pattern while the block runs.

    Nothing is patched: the interpreter's profile hook reports each call, of Python
    functions and of built-in ones. The learner's own functions are never noted,
    whatever their names.

    Args:
        pattern: regular expression searched in the function's qualified name.

    Attributes:
        seen: names in the order of their first call, e.g.
            "torch.nn.functional.dropout".
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)
        self.seen: list[str] = []

    def __enter__(self) -> Watch:
        self._previous = sys.getprofile()
        sys.setprofile(self._event)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sys.setprofile(self._previous)

    def _event(self, frame: FrameType, event: str, arg: object) -> None:
        name = None
        try:
            if event == "call":
                name = _python_name(frame)
            elif event == "c_call":
                name = _builtin_name(arg)
        except (AttributeError, RecursionError):
            return  # an object that is still being built has no name yet
        if name and self._pattern.search(name) and name not in self.seen:
            self.seen.append(name)


def _python_name(frame: FrameType) -> str | None:
    module = frame.f_globals.get("__name__", "")
    if module.split(".")[0] != "torch":
        return None
    if module == "torch._ops":
        # Not getattr: an operator's own look-up of a name would come here again.
        named = getattr(frame.f_locals.get("self"), "__dict__", {})
        return f"torch.ops.{named.get('__name__', '')}"
    return f"{module}.{frame.f_code.co_qualname}"


def _builtin_name(function: object) -> str | None:
    owner = getattr(function, "__self__", None)
    home = getattr(function, "__module__", None) or getattr(
        owner if isinstance(owner, type) else type(owner), "__module__", ""
    )
    if str(home).split(".")[0] != "torch":
        return None
    return f"torch.{getattr(function, '__name__', '')}"
