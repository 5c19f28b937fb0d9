"""Set-up, one notebook and the tests of ``helpers``, on another Python than this one.

Looks for another Python that the course supports, sets up a clean copy of the course
with it as a learner would, and runs a notebook with what learners have; then it adds
what the tests need and runs those of ``helpers``. Where there is none it says so.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from staff.course import Course
from staff.environment import child_environment, plain_environment, started_with
from staff.runs import strict_environment
from staff.setup.bootstrap import Stamp
from staff.setup.lock import PYTHONS

__all__ = ["VARIABLE", "Found", "Outcome", "check", "find"]

VARIABLE = "COURSE_SECOND_PYTHON"  # names the other Python, or is "off"
NOTEBOOK = "00_start_here"
NEEDED_GB = 8.0  # where hard links cannot be made packages are copied
_ASK = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2])"
_LEFT_OUT = shutil.ignore_patterns(
    *(".venv", ".git", ".lab", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info"),
    *("grading", "bench-env", "build", "dist"),
)


class Found(NamedTuple):
    """Another Python: its program, and its version, such as "3.13"."""

    program: Path
    version: str


class Outcome(NamedTuple):
    """What came of it.

    Args:
        good: whether nothing failed.
        skipped: why nothing was tried; empty if something was.
        report: pytest's, in JUnit's format; None if no test ran.
    """

    good: bool
    skipped: str = ""
    report: Path | None = None


def check(course: Course, folder: Path) -> Outcome:
    """Try the course on another Python; print what happens.

    Args:
        course: to try; a copy of it is set up.
        folder: temporary, for the copy and the report.
    """
    wanted = started_with().get(VARIABLE, "")
    other = None if wanted == "off" else find(wanted)
    if reason := _reason_to_skip(wanted, other, folder):
        print(f"skipped: {reason}", flush=True)
        return Outcome(True, skipped=reason)
    assert other is not None
    print(f"Python {other.version}: {other.program}", flush=True)
    copy = folder / f"python-{other.version}"
    shutil.copytree(course.root, copy, ignore=_LEFT_OUT, symlinks=True)
    report = folder / f"python-{other.version}.xml"
    good = _learner(course, copy, other) and _contributor(course, copy, other, report)
    shutil.rmtree(copy / ".venv", ignore_errors=True)
    return Outcome(good, report=report if report.exists() else None)


def find(wanted: str = "", supported: tuple[str, ...] = PYTHONS) -> Found | None:
    """Return the newest other Python that the course supports, or None.

    Args:
        wanted: a program to take in place of looking for one.
        supported: versions to choose from.
    """
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    places = [Path(wanted)] if wanted else _places(supported)
    for program in places:
        version = _version(program)
        if version in supported and (wanted or version != own):
            return Found(program, version)
    return None


def _places(supported: tuple[str, ...]) -> Iterator[Path]:
    """Yield where a Python may be, the newest first."""
    started = started_with()
    path = started.get("PATH", os.defpath)
    pyenv = Path(started.get("PYENV_ROOT") or Path("~/.pyenv").expanduser())
    for version in reversed(supported):
        if found := shutil.which(f"python{version}", path=path):
            yield Path(found)
        yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python3"), reverse=True)
    for name in ("python3", "/usr/bin/python3", "/usr/local/bin/python3"):
        if found := shutil.which(name, path=path):
            yield Path(found)


def _version(program: Path) -> str:
    """Return a Python's version; empty if it does not run or makes no environments."""
    try:
        done = subprocess.run(
            [program, "-I", "-c", _ASK], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    found = re.fullmatch(r"\d+\.\d+", done.stdout.strip())
    return found[0] if found else ""


def _reason_to_skip(wanted: str, other: Found | None, folder: Path) -> str:
    if wanted == "off":
        return f"{VARIABLE} is off"
    if other is None:
        versions = ", ".join(PYTHONS)
        return (
            f"{wanted} is no Python of these, with venv: {versions}"
            if wanted
            else f"no other Python was found of these, with venv: {versions}"
        )
    free = shutil.disk_usage(folder).free / 1e9
    if free < NEEDED_GB:
        return f"{folder} has {free:.1f} GB free, {NEEDED_GB:.0f} are needed"
    return ""


def _learner(course: Course, copy: Path, other: Found) -> bool:
    """Set up as for `make lab`; run a notebook with strict claims."""
    if not _set_up(course, copy, other, "lab"):
        return False
    path = Course(copy).solution(NOTEBOOK)
    words = ["nbconvert", "--to", "notebook", "--execute", "--log-level=ERROR"]
    words += ["--ExecutePreprocessor.timeout=600", "--output-dir", str(copy / "build")]
    return _python(copy, strict_environment(), *words, str(path))


def _contributor(course: Course, copy: Path, other: Found, report: Path) -> bool:
    """Add what tests need; see that no package misses another; test `helpers`."""
    if not _set_up(course, copy, other, "test"):
        return False
    plain = plain_environment(OMP_NUM_THREADS="1")
    whole = _python(copy, plain, "uv", "pip", "check", "--quiet")
    tests = ["pytest", "-q", "-n2", "--dist=loadfile", "-m", "not slow"]
    tests += ["-p", "no:cacheprovider", f"--junitxml={report}"]
    tests += ["-o", "junit_family=xunit1", "tests/helpers"]
    return _python(copy, plain, *tests) and whole


def _set_up(course: Course, copy: Path, other: Found, wanted: str) -> bool:
    """Run the course's own set-up, with the network as the person has set it up."""
    build = Stamp.read(course.root / ".venv").torch
    command = [str(other.program), "-I", "staff/setup/bootstrap.py"]
    command += ["--with", wanted, "--torch", build, "setup"]
    return _shown(command, copy, started_with(), last=2)


def _python(copy: Path, env: Mapping[str, str], *words: str) -> bool:
    """Run a module with the copy's Python, in the copy's folder."""
    python = copy / ".venv" / "bin" / "python"
    beside = {
        "PATH": child_environment(python)["PATH"],
        "PYTHONPATH": str(copy),
        "VIRTUAL_ENV": str(copy / ".venv"),
    }
    return _shown([str(python), "-m", *words], copy, {**env, **beside}, last=3)


def _shown(command: list[str], folder: Path, env: Mapping[str, str], last: int) -> bool:
    """Run a command; show the end of what it says, all of it if it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    print("\n".join(lines if done.returncode else lines[-last:]), flush=True)
    if done.returncode:
        print(
            f"failed: {' '.join(command)}; {VARIABLE}=off leaves this out", flush=True
        )
    return done.returncode == 0
