"""``python -m staff wheel``: pack helpers and data into one file, for Colab."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from staff.course import Course, CourseError

__all__ = ["main", "make_wheel"]


def main(arguments: list[str] | None = None) -> int:
    """Build ``dist/regularization_course-*.whl``; return the exit status."""
    wheel = make_wheel(Course().root / "dist")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB in {wheel.parent}")
    return 0


def make_wheel(target: Path) -> Path:
    """Build the wheel from a clean copy, so that nothing left over gets in.

    Args:
        target: folder for the wheel.

    Raises:
        CourseError: the build fails; its own message is printed.
    """
    root = Course().root
    with tempfile.TemporaryDirectory(prefix="course-wheel-") as folder:
        copy = Path(folder)
        for name in ["pyproject.toml", "README.md", "LICENSE"]:
            if (root / name).exists():
                shutil.copy(root / name, copy)
        for name in ["helpers", "staff", "data"]:
            ignored = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(root / name, copy / name, ignore=ignored)
        built = copy / "dist"
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--wheel-dir", str(built), str(copy)]
        if subprocess.run(command, check=False).returncode:
            raise CourseError("the wheel could not be built; see the message above")
        (wheel,) = built.glob("*.whl")
        target.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, target))
