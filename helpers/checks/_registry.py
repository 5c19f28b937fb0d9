"""Which notebooks have checks, and how their modules are loaded."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from helpers.words import say

__all__ = ["available", "load"]

_FOLDER = Path(__file__).parent / "notebooks"


def available() -> list[str]:
    """Return the stems of the notebooks that have checks, in order."""
    return sorted(path.stem for path in _FOLDER.glob("[0-9][0-9]_*.py"))


def load(stem: str) -> ModuleType:
    """Return the checks of one notebook, loaded afresh.

    Args:
        stem: the notebook's name, e.g. "02_dropout_from_scratch".

    Raises:
        ValueError: there is no such notebook; the message lists those there are.
    """
    if stem not in available():
        raise ValueError(
            say(
                "No checks for {stem!r}. Expected one of: {available}.",
                stem=stem,
                available=", ".join(available()),
            )
        )
    path = _FOLDER / f"{stem}.py"
    spec = importlib.util.spec_from_file_location(
        f"helpers.checks.notebooks.{stem}", path
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
