"""An IPython shell without a kernel, and what its cells put out."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["Recorder", "make_shell"]

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_KEPT = ("text/plain", "image/png")
_TEXT = 20_000  # characters of one output that are kept
_IMAGE = 60_000  # characters of one picture
_ALL = 80_000  # characters of one cell


def make_shell() -> Any:
    """Return the shell in which learners' cells run; history stays in memory.

    It takes plain Python alone: what runs is the text that the judge has read.
    """
    from IPython.core.displayhook import CapturingDisplayHook
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Minimal"
    config.InteractiveShell.display_pub_class = CapturingDisplayPublisher
    shell: Any = InteractiveShell.instance(config=config)
    shell.system = shell.system_raw  # there is no terminal
    shell.enable_gui = _enable_gui
    shell.transform_cell = lambda text: text if text.endswith("\n") else f"{text}\n"
    shell.prefilter_manager.prefilter_lines = lambda text, *_: text

    class Hook(CapturingDisplayHook):
        is_active = True  # the shell then keeps no copy of what is printed
        do_full_cache = False

    hook: Any = Hook(shell=shell, outputs=[])  # type: ignore[no-untyped-call]
    shell.displayhook = hook
    shell.display_trap.hook = hook
    return shell


def _enable_gui(gui: str | None = None) -> None:
    """Do nothing: plots are never shown, so any backend will do."""


class Recorder:
    """Collect what a cell displays and the error it ends with.

    Args:
        shell: as `make_shell` returns it.
        limit: characters that one cell may display.
    """

    def __init__(self, shell: Any, limit: int) -> None:
        self.shell, self.limit = shell, limit
        self.errors: list[dict[str, Any]] = []
        shell._showtraceback = self._error
        shell.showsyntaxerror = self._syntax_error

    def start(self) -> None:
        """Forget what came before."""
        self.errors.clear()
        self.shell.display_pub.outputs = []
        self.shell.displayhook.outputs = []

    def stop(self) -> list[dict[str, Any]]:
        """Return the outputs of the cell, cut to size, in nbformat's form."""
        shown = [*self.shell.display_pub.outputs, *self.shell.displayhook.outputs]
        kept, size = [], 0
        for each in shown:
            output = _output(each)
            size += sum(len(text) for text in output["data"].values())
            if size < _ALL and output["data"]:
                kept.append(output)
        return kept + self.errors[:1]

    def error(self) -> tuple[str, str] | None:
        """Return (name, last line) of the error that the cell ended with."""
        last = self.errors[:1]
        return (last[0]["ename"], last[0]["evalue"]) if last else None

    def _error(self, kind: type, value: BaseException, lines: list[str]) -> None:
        text = _ANSI.sub("", "\n".join(lines))[-4000:]
        name = getattr(kind, "__name__", "Error")
        self.errors.append(_error_output(name, text))

    def _syntax_error(self, *_: Any, **__: Any) -> None:
        import sys

        kind, value, _tb = sys.exc_info()
        name = getattr(kind, "__name__", "SyntaxError")
        self.errors.append(_error_output(name, f"{name}: {value}"[:2000]))


def _error_output(name: str, text: str) -> dict[str, Any]:
    last = text.strip().split("\n")[-1][:500]
    return {
        "output_type": "error",
        "ename": name,
        "evalue": last,
        "traceback": [text],
    }


def _output(shown: Any) -> dict[str, Any]:
    data = shown.get("data", {}) if isinstance(shown, dict) else {}
    kept: dict[str, str] = {}
    for kind in _KEPT:
        value = data.get(kind)
        if type(value) is str:
            if kind == "text/plain":
                kept[kind] = value[:_TEXT]
            elif len(value) <= _IMAGE:
                kept[kind] = value
    return {"output_type": "display_data", "data": kept, "metadata": {}}
