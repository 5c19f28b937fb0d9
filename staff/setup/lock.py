"""``python -m staff lock``: renew requirements.lock, and what conda and Binder read.

All come from ``pyproject.toml``: the first with uv, for every system and Python at
once, with the hashes of all files; ``environment.yml`` lists what a learner needs
directly, at the first one's versions, and ``.binder/environment.yml`` the same without
torch, whose CPU build ``.binder/postBuild`` adds.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from staff.course import Course, CourseError
from staff.setup import sections

__all__ = ["CONDA_PYTHON", "PYTHONS", "direct", "locked", "main", "write_environment"]

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
CONDA_PYTHON = PYTHONS[0]
# torch has no files for older macOS, nor for Macs with Intel's processors.
_SYSTEMS = {
    "Linux": "x86_64-unknown-linux-gnu",
    "Linux on ARM": "aarch64-unknown-linux-gnu",
    "macOS 14": "aarch64-apple-darwin",
    "Windows": "x86_64-pc-windows-msvc",
}
_EXTRAS = ("setup", *sections.SETS)
_TORCH = re.compile(r"torch$|torchvision$|triton$|nvidia-|cuda-")
_UV = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header"]
_UNIVERSAL = ["--universal", "--python-version", PYTHONS[0], "--no-emit-index-url"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; arguments such as ``--upgrade`` go to uv."""
    root = Course().root
    with tempfile.TemporaryDirectory(prefix="course-lock-") as folder:
        whole = Path(folder) / "requirements.lock"
        shutil.copy(root / whole.name, whole)  # versions stay where they can
        _compile(root, whole, _EXTRAS, "--generate-hashes", *(arguments or []))
        blocks = _blocks(whole.read_text("utf-8"))
        _check_files(whole)
        parts = _sections(root, whole, blocks)
    sections.write(root / whole.name, parts)
    write_environment(root)
    print("requirements.lock and both files environment.yml are up to date.")
    return 0


def direct(root: Path, *extras: str) -> dict[str, Requirement]:
    """Return the direct dependencies in pyproject.toml, by name.

    Args:
        root: folder of the course.
        extras: which of them to count in; by default all.
    """
    project = _project(root)
    optional = project["optional-dependencies"]
    groups = [project["dependencies"], *(optional[e] for e in extras or optional)]
    return _by_name([line for group in groups for line in group])


def locked(root: Path, python: str) -> dict[str, str]:
    """Return name → version in requirements.lock, for one Python version.

    Args:
        python: such as "3.11"; of a package locked for several, one is chosen.
    """
    here = {"python_version": python, "python_full_version": f"{python}.9"}
    text = (root / "requirements.lock").read_text("utf-8")
    lines = [line.removesuffix("\\") for line in text.splitlines()]
    pins = [Requirement(line) for line in lines if re.match(r"[a-z0-9]", line)]
    fitting = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(here)]
    return {pin.name.lower(): str(pin.specifier).removeprefix("==") for pin in fitting}


def write_environment(root: Path) -> None:
    """Write environment.yml, for learners who use conda, and another for Binder."""
    names = [*direct(root, "lab")]
    _write_conda(root, root / "environment.yml", names, "-e .")
    # Those of the installer's packages that Binder needs to get the CPU build.
    others = ["uv", *(name for name in names if not _TORCH.match(name))]
    (root / ".binder").mkdir(exist_ok=True)
    _write_conda(root, root / ".binder" / "environment.yml", others)


def _write_conda(root: Path, path: Path, names: list[str], *more: str) -> None:
    versions = locked(root, CONDA_PYTHON)
    pins = [*(f"{name}=={versions[name]}" for name in names), *more]
    lines = [
        "# Made by `make lock` from pyproject.toml and requirements.lock.",
        "name: regularization-course",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python={CONDA_PYTHON}",
        "  - pip",
        "  - pip:",
        *(f"      - {pin}" for pin in pins),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _project(root: Path) -> dict[str, Any]:
    text = (root / "pyproject.toml").read_text("utf-8")
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def _extra(root: Path, name: str) -> dict[str, Requirement]:
    return _by_name(_project(root)["optional-dependencies"][name])


def _by_name(lines: list[str]) -> dict[str, Requirement]:
    found = map(Requirement, lines)
    return {requirement.name.lower(): requirement for requirement in found}


def _compile(root: Path, target: Path, extras: Sequence[str], *options: str) -> None:
    """Let uv resolve what some extras need, for every system and Python."""
    words = [word for extra in extras for word in ("--extra", extra)]
    files = ["--output-file", str(target), "pyproject.toml"]
    command = [*_UV, *_UNIVERSAL, "--no-annotate", *words, *options, *files]
    if subprocess.run(command, cwd=root, check=False).returncode:
        raise CourseError(
            "uv could not resolve the dependencies; see its message above"
        )


def _blocks(text: str) -> dict[str, str]:
    """Return name → its lines of a lock: versions, markers, hashes."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if start := re.match(r"([a-z0-9][a-z0-9.-]*)==", line):
            name = start[1]
        if name and not line.startswith("#") and line.strip():
            found[name] = found.get(name, "") + line
    return found


def _sections(root: Path, whole: Path, blocks: dict[str, str]) -> dict[str, str]:
    """Put each package into the section of those who need it first.

    The installers of the section "setup" depend on nothing.
    """
    installers = set(_extra(root, "setup"))
    homes = {name: "setup" for name in installers}
    homes |= {name: "torch" for name in blocks if _TORCH.match(name)}
    for count, section in enumerate(sections.SETS, 1):
        part = whole.with_name(f"{section}.txt")
        _compile(root, part, sections.SETS[:count], "--constraint", str(whole))
        for name in _blocks(part.read_text("utf-8")):
            homes.setdefault(name, section)
    parts = dict.fromkeys(sections.NAMES, "")
    for name, lines in blocks.items():
        parts[homes[name]] += lines
    return parts


def _check_files(whole: Path) -> None:
    """See that each package has a ready-made file for each system and Python.

    Raises:
        CourseError: with what uv says is missing.
    """
    for system, platform in _SYSTEMS.items():
        for python in PYTHONS:
            where = ["--python-version", python, "--python-platform", platform]
            command = [*_UV, "--no-deps", "--only-binary", ":all:", *where, str(whole)]
            env = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
            done = subprocess.run(
                command, env=env, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise CourseError(
                    f"{system}, Python {python}: not every package has a file\n"
                    f"{done.stderr}"
                )
