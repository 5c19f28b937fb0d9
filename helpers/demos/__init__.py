"""Interactive figures; each module holds those of one notebook, by its topic."""

from helpers.demos._engine import (
    Demo,
    demo,
)

__all__ = [
    "Demo",
    "demo",
]
