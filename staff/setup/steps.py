"""One step of set-up: a command that works, or a message that says what to do.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from staff.environment import child_environment

__all__ = ["SetupError", "attempt", "environment", "run", "works"]

ROOT = Path(__file__).resolve().parents[2]

# Settings of the person's that say what is installed and where to. Those that say
# how to reach a network (index, proxy, certificates, cache) are followed.
_IGNORED = {
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT", "PIP_REQUIREMENT"),
    *("PIP_NO_BINARY", "PIP_ONLY_BINARY", "PIP_PYTHON", "PIP_EDITABLE", "PIP_DRY_RUN"),
    *("UV_TARGET", "UV_PREFIX", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_CONSTRAINT"),
    *("UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_EXCLUDE_NEWER"),
    *("UV_NO_BINARY", "UV_NO_BUILD", "UV_NO_VERIFY_HASHES", "UV_REQUIRE_HASHES"),
    *("UV_PRERELEASE", "UV_RESOLUTION", "UV_TORCH_BACKEND", "UV_DRY_RUN"),
    "UV_BREAK_SYSTEM_PACKAGES",
}


class SetupError(Exception):
    """Set-up cannot go on; the message says why and what to do."""


def environment(**changes: str) -> dict[str, str]:
    """Return the environment in which pip and uv install into .venv."""
    ours = {k: v for k, v in child_environment().items() if k not in _IGNORED}
    # Left-overs of a build in the course's folder would pass for installed packages.
    ours.pop("PYTHONPATH")
    return {**ours, "PIP_USER": "0", **changes}


def run(command: Sequence[str | os.PathLike[str]], failure: str) -> None:
    """Run a command whose output the person sees.

    Raises:
        SetupError: it fails; the message begins with `failure`.
    """
    words = [str(part) for part in command]
    try:
        code = subprocess.run(words, env=environment(), check=False).returncode
    except OSError as error:
        raise SetupError(f"{failure}: {error}.") from error
    if code:
        raise SetupError(f"{failure}. {_likely_reason()}")


def attempt(command: Sequence[str | os.PathLike[str]], **variables: str) -> str | None:
    """Run a command that may fail, unseen; return the last line of what it says.

    Returns:
        None if it works.
    """
    words, env = [str(part) for part in command], environment(**variables)
    try:
        done = subprocess.run(
            words, env=env, capture_output=True, text=True, check=False
        )
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].removeprefix("cause: ") if lines else f"status {done.returncode}"


def works(python: str | os.PathLike[str], code: str = "") -> bool:
    """Tell whether a Python starts and runs a line of code."""
    return attempt([python, "-c", code]) is None


def _likely_reason() -> str:
    """Say what to do after a failed step whose own message stands above."""
    if shutil.disk_usage(ROOT).free < 2e8:
        return "The disk is full. Make room and run the same command again."
    return (
        "The lines above say why; most often there is no network, or a proxy stands in "
        "between. Nothing is lost: what has been downloaded is kept. Check the "
        "connection and run the same command again."
    )
