"""``python -m staff lock``: renew requirements.lock and environment.yml.

Both come from ``pyproject.toml``: the first with uv, for every system and Python at
once; the second lists the direct dependencies at the first one's versions.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from staff.course import Course, CourseError

__all__ = ["CONDA_PYTHON", "direct", "locked", "main", "write_environment"]

CONDA_PYTHON = "3.11"
_EXTRAS = ["lab", "staff", "test"]
_COMPILE = ["uv", "pip", "compile", "--universal", "--python-version", "3.11"]
_QUIET = ["--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; arguments such as ``--upgrade`` go to uv."""
    root = Course().root
    extras = [word for extra in _EXTRAS for word in ("--extra", extra)]
    files = ["--output-file", "requirements.lock", "pyproject.toml"]
    words = [*_COMPILE, *extras, *_QUIET, *(arguments or []), *files]
    done = subprocess.run([sys.executable, "-m", *words], cwd=root, check=False)
    if done.returncode:
        raise CourseError(
            "uv could not resolve the dependencies; see its message above"
        )
    write_environment(root)
    print("requirements.lock and environment.yml are up to date.")
    return 0


def direct(root: Path) -> dict[str, Requirement]:
    """Return the direct dependencies in pyproject.toml, extras included, by name."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    found = [Requirement(line) for group in groups for line in group]
    return {requirement.name.lower(): requirement for requirement in found}


def locked(root: Path, python: str) -> dict[str, str]:
    """Return name → version in requirements.lock, for one Python version.

    Args:
        python: such as "3.11"; of a package locked for several, one is chosen.
    """
    lines = (root / "requirements.lock").read_text("utf-8").splitlines()
    here = {"python_version": python, "python_full_version": f"{python}.9"}
    pins = [Requirement(line) for line in lines if line.strip()]
    fitting = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(here)]
    return {pin.name.lower(): str(pin.specifier).removeprefix("==") for pin in fitting}


def write_environment(root: Path) -> None:
    """Write environment.yml, for those who use conda."""
    versions = locked(root, CONDA_PYTHON)
    pins = [f"      - {name}=={versions[name]}" for name in direct(root)]
    lines = [
        "# Made by `make lock` from pyproject.toml and requirements.lock.",
        "name: regularization-course",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python={CONDA_PYTHON}",
        "  - pip",
        "  - pip:",
        *pins,
        "      - -e .",
    ]
    text = "\n".join(lines) + "\n"
    (root / "environment.yml").write_text(text, encoding="utf-8")
