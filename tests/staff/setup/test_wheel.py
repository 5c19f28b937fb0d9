"""The wheel for Colab is enough by itself."""

import subprocess
import sys
import zipfile

import pytest

from staff.course import Course
from staff.setup.wheel import make_wheel

CODE = """
import helpers.data
from helpers.checks import available, load
assert helpers.__file__.startswith({folder!r}), helpers.__file__
splits = helpers.data.fashion_mnist(200, 100)
assert splits.train.x.shape == (200, 1, 28, 28), splits.train.x.shape
for stem in available():
    load(stem)
print("fine", len(available()))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return make_wheel(tmp_path_factory.mktemp("dist"))


@pytest.mark.slow
def test_wheel_holds_helpers_checks_and_data(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"helpers/__init__.py", "helpers/checks/__init__.py"} <= names
    data = Course().root / "data"
    shipped = [p for kind in ("npz", "json", "md") for p in data.rglob(f"*.{kind}")]
    missing = {f"course_data/{p.relative_to(data).as_posix()}" for p in shipped} - names
    assert shipped
    assert missing == set()
    tops = {name.split("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {
        *("helpers", "staff", "course_data")
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_notebooks_work_with_the_wheel_alone(wheel, tmp_path):
    folder = tmp_path / "packages"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", folder, wheel], check=True)
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    code += CODE.format(folder=str(folder))
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("fine")
