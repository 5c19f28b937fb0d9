"""Wheel and sdist are enough by themselves, and hold nothing that is the staff's."""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from staff.course import Course
from staff.setup.wheel import make_release

ROOT = Course().root
STEM = "02_dropout_from_scratch"
ANSWERS = ROOT / "tests" / "answers" / STEM / "inverted_dropout"

# What a notebook does, told to say what it has done.
CODE = """
import importlib, importlib.util, json, pkgutil, sys
import torch
import helpers, helpers.data

done = {}
done["helpers"] = helpers.__file__
done["staff"] = importlib.util.find_spec("staff") is not None
for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
    if "._" not in module.name:
        importlib.import_module(module.name)
done["modules"] = sorted(name for name in sys.modules if name.startswith("helpers"))
done["data"] = str(helpers.data.data_folder())
done["shape"] = list(helpers.data.fashion_mnist(200, 100).train.x.shape)

from helpers.checks import load
check = load("02_dropout_from_scratch")
for name, source in json.loads(sys.argv[1]).items():
    exec(source)
    try:
        check.inverted_dropout(inverted_dropout)
        done[name] = "passed"
    except Exception as error:
        done[name] = f"{type(error).__name__}: {error}"

from helpers.demos import dropout_from_scratch
dropout_from_scratch.scene().show()
done["demo"] = "shown"
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Return (wheel, sdist)."""
    return make_release(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(release):
    return release[0]


def empty_environment(venv):
    """Make an environment without a single package; return its Python."""
    make = [sys.executable, "-m", "venv", "--without-pip", venv]
    subprocess.run(make, check=True)
    return next(p for p in venv.glob("*/python*") if p.stem == "python")


@pytest.fixture(scope="module")
def done(wheel, tmp_path_factory):
    """Install the wheel into an empty environment, and let a notebook's code run."""
    folder = tmp_path_factory.mktemp("empty")
    venv = folder / "venv"
    python = empty_environment(venv)
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    # The other packages are borrowed by their path, which leaves out the link that an
    # editable installation keeps beside them.
    (packages,) = [p.parent for p in venv.rglob("course_data")]
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    answers = {
        name: (ANSWERS / f"{name}.py").read_text()
        for name in ("right_solution", "wrong_not_scaled")
    }
    env = {**os.environ, "COURSE_HEADLESS": "1"}
    run = subprocess.run(
        [python, "-I", "-W", "ignore", "-c", CODE, json.dumps(answers)],
        cwd=folder,
        env={k: v for k, v in env.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1]) | {"venv": str(venv)}


@pytest.mark.slow
def test_wheel_holds_helpers_and_data_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {
        "helpers",
        "course_data",
    }
    data = [
        p for kind in ("npz", "json", "md") for p in (ROOT / "data").rglob(f"*.{kind}")
    ]
    shipped = {f"course_data/{p.relative_to(ROOT / 'data').as_posix()}" for p in data}
    code = {p.relative_to(ROOT).as_posix() for p in (ROOT / "helpers").rglob("*.*")}
    code = {n for n in code if "__pycache__" not in n and not n.endswith(".pot")}
    assert data
    assert (shipped | code) - names == set()


BUILD = """
import sys
sys.path[:0] = [sys.argv[1]]
import setuptools.build_meta as make
make.build_wheel(sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sdist_builds_the_same_wheel_where_nothing_else_is(release, tmp_path):
    """In an environment that has setuptools alone, which is all that it asks for."""
    wheel, sdist = release
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = [p.parent for p in tmp_path.glob("*/pyproject.toml")]
    staffs = [p.relative_to(source).as_posix() for p in source.rglob("staff/**/*.py")]
    assert staffs == ["staff/setup/packing.py"]
    alone = tmp_path / "setuptools"
    alone.mkdir()
    packages = Path(sysconfig.get_path("purelib"))
    for package in (*packages.glob("setuptools*"), packages / "_distutils_hack"):
        (alone / package.name).symlink_to(package)
    python = empty_environment(tmp_path / "venv")
    command = [python, "-I", "-W", "ignore", "-c", BUILD, alone, tmp_path]
    run = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (again,) = tmp_path.glob("*.whl")
    first, second = (
        {i.filename: i.CRC for i in zipfile.ZipFile(path).infolist()}
        for path in (wheel, again)
    )
    record = next(name for name in first if name.endswith("/RECORD"))
    assert first.pop(record)
    assert second.pop(record)
    assert first == second


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_public_module_is_there_without_the_repository(done):
    assert done["helpers"].startswith(done["venv"])
    assert done["data"].startswith(done["venv"])
    assert done["staff"] is False
    here = {p.relative_to(ROOT) for p in (ROOT / "helpers").rglob("*.py")}
    public = {".".join(p.with_suffix("").parts) for p in here if "/_" not in str(p)}
    assert public - set(done["modules"]) == set()
    assert done["shape"] == [200, 1, 28, 28]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_checks_and_demos_work_with_the_wheel_alone(done):
    assert done["right_solution"] == "passed"
    assert done["wrong_not_scaled"].startswith("CheckFailed")
    assert "not scaled by 1/(1-p)" in done["wrong_not_scaled"]
    assert done["demo"] == "shown"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_editable_installation_has_the_staff_too(tmp_path):
    """As set-up installs the course; nothing of it is copied."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    pip += ["--no-build-isolation", "--target", tmp_path / "there"]
    subprocess.run([*pip, "--editable", ROOT], check=True)
    code = "import sys, site; site.addsitedir(sys.argv[1]); import staff, helpers, "
    code += "course_data; print(staff.__file__, helpers.__file__)"
    run = [sys.executable, "-I", "-S", "-c", code, str(tmp_path / "there")]
    shown = subprocess.run(run, check=True, capture_output=True, text=True, cwd="/")
    assert [Path(p).parents[1] for p in shown.stdout.split()] == [ROOT, ROOT]
