"""What a command keeps for its next run: JSON that nobody else should have changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from staff.course import CourseError

__all__ = ["read_kept"]

T = TypeVar("T")


def read_kept(
    path: Path, take: Callable[[Any], dict[str, T]], *, name: str, by: str, cure: str
) -> dict[str, T]:
    """Return what was kept; nothing where there is no file yet.

    Args:
        path: of the file.
        take: makes it of plain data; any ordinary error says that the data are others.
        name, by, cure: for the message: the file, who wrote it, what to do.

    Raises:
        CourseError: the file cannot be read, or was changed.
    """
    try:
        return take(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CourseError(
            f"{name}: expected what {by}, and cannot read it "
            f"({type(error).__name__}); {cure}"
        ) from error
