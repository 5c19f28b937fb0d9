"""``python -m staff wheel``: pack helpers and data, as a wheel and as an sdist.

The wheel is made from the sdist, so that what is in the one is in the other.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from staff.course import Course, CourseError

__all__ = ["main", "make_release"]

_FILES = ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")
_FOLDERS = ("helpers", "staff", "data")
_SDIST = "import sys, setuptools.build_meta as make; make.build_sdist(sys.argv[1])"


def main(arguments: list[str] | None = None) -> int:
    """Build both into ``dist/``; return the exit status."""
    for path in make_release(Course().root / "dist"):
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB in {path.parent}")
    return 0


def make_release(target: Path) -> tuple[Path, Path]:
    """Build from a clean copy, so that nothing left over gets in.

    Args:
        target: folder for both, made where it is missing.

    Returns:
        The wheel, and the sdist.

    Raises:
        CourseError: a build fails; its own message is printed.
    """
    root = Course().root
    with tempfile.TemporaryDirectory(prefix="course-wheel-") as folder:
        copy, built = Path(folder, "copy"), Path(folder, "built")
        copy.mkdir()
        for name in _FILES:
            if (root / name).exists():
                shutil.copy(root / name, copy)
        for name in _FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(root / name, copy / name, ignore=ignored)
        _run([sys.executable, "-c", _SDIST, str(built)], "sdist", copy)
        (sdist,) = built.glob("*.tar.gz")
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        pip += ["--no-build-isolation", "--wheel-dir", str(built), str(sdist)]
        _run(pip, "wheel", built)
        (wheel,) = built.glob("*.whl")
        target.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, target)), Path(shutil.copy(sdist, target))


def _run(command: list[str], what: str, folder: Path) -> None:
    """Run a build's command; what it says is shown where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        raise CourseError(f"the {what} could not be built; see the message above")
