"""A clone of the course as it stands here, and the environment that set-up makes in it.

What git would publish from this working tree is committed to a repository of its own
and cloned from there: a file that git ignores is missing, as it is for a stranger.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from staff.bench.classroom import leave_out_shows
from staff.course import Course
from staff.setup import sections, torch_build
from staff.setup.bootstrap import Stamp

__all__ = ["STEM", "borrow_environment", "clone", "git", "publish"]

ROOT = Course().root
STEM = "00_start_here"
_SURROUNDINGS = ("share", "etc")  # where Jupyter's parts lie in an environment


def git(folder: Path, *words: str) -> str:
    """Run git as nobody in particular; return what it prints."""
    who = ("-c", "user.name=Course", "-c", "user.email=course@example.org")
    command = ["git", *who, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def publish(
    folder: Path, *, short: bool, change: Callable[[Path], None] = lambda root: None
) -> Course:
    """Commit what git sees here to a new repository.

    Args:
        folder: of the repository; made here.
        short: without the experiments of the first notebook, which are run elsewhere.
        change: does something to the files before the notebook is built again.
    """
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    change(folder)
    course = Course(folder)
    if short:
        leave_out_shows(course, [STEM], keep=["demo"])
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "The course")
    return course


def clone(published: Course, folder: Path) -> Path:
    """Clone a published course into a new folder, and return that."""
    git(folder.parent, "clone", "--quiet", str(published.root), str(folder))
    return folder


def borrow_environment(root: Path) -> Path:
    """Give a clone the .venv that set-up would make, with packages that lie elsewhere.

    set-up's own note in it says that everything is installed, so that `make lab` goes
    on at once. Packages are borrowed by their path; the link that an editable
    installation keeps beside them is not followed.

    Returns:
        The environment's Python.
    """
    venv = root / ".venv"
    make = [sys.executable, "-m", "venv", "--without-pip", str(venv)]
    subprocess.run(make, check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name in _SURROUNDINGS:
        if not (venv / name).exists():
            os.symlink(Path(sys.prefix) / name, venv / name)
    stamp = Stamp(str(root), torch_build.BUILDS[0], sections.fingerprints(root))
    stamp.write(venv)
    return venv / "bin" / "python"
