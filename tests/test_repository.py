"""One fact, one home: the files that must agree with each other do."""

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from staff.setup import lock
from staff.setup.sections import pins, read

ROOT = Path(__file__).resolve().parents[1]
DIRECT = lock.direct(ROOT)


def conda(file: str = "environment.yml") -> dict[str, str]:
    """Return name → version in environment.yml."""
    listed = yaml.safe_load((ROOT / file).read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in listed if isinstance(entry, dict)]
    return dict(line.split("==") for line in pip if "==" in line)


@pytest.mark.parametrize("python", lock.PYTHONS)
def test_lock_holds_every_dependency_within_its_bounds(python):
    versions = lock.locked(ROOT, python)
    for name, requirement in DIRECT.items():
        assert name in versions, f"{name} is not in requirements.lock: make lock"
        assert Version(versions[name]) in requirement.specifier


def test_conda_has_what_learners_need_at_the_locked_versions():
    versions = lock.locked(ROOT, lock.CONDA_PYTHON)
    assert conda() == {name: versions[name] for name in lock.direct(ROOT, "lab")}


def test_environment_is_what_the_lock_gives(tmp_path):
    for name in ["pyproject.toml", "requirements.lock"]:
        (tmp_path / name).write_text((ROOT / name).read_text())
    lock.write_environment(tmp_path)
    for name in ["environment.yml", ".binder/environment.yml"]:
        assert (tmp_path / name).read_text() == (ROOT / name).read_text(), name


def test_binder_gets_the_same_versions_and_torch_for_the_cpu(tmp_path):
    versions = lock.locked(ROOT, lock.CONDA_PYTHON)
    told = tmp_path / "python"
    told.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    told.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    env = {**os.environ, "PATH": path}
    script = ROOT / ".binder" / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run([script], cwd=ROOT, env=env, check=True)
    torch, course = (tmp_path / "asked").read_text().splitlines()
    pair = {name: versions[name] for name in ("torch", "torchvision")}
    assert dict(re.findall(r"(torch\w*)==(\S+)", torch)) == pair
    assert torch.startswith(f"-m uv pip install --python {told} --torch-backend=cpu ")
    assert course == "-m pip install --no-deps --editable ."
    others = conda(".binder/environment.yml")
    assert others | pair == conda() | {"uv": versions["uv"]}
    assert not pair.keys() & others.keys()


@pytest.mark.slow
def test_torch_and_torchvision_belong_together():
    """torchvision says which torch it needs; with another one it does not load."""
    versions = lock.locked(ROOT, "3.11")
    assert metadata.version("torchvision") == versions["torchvision"]
    wanted = [Requirement(line) for line in metadata.requires("torchvision")]
    (torch,) = [requirement for requirement in wanted if requirement.name == "torch"]
    assert Version(versions["torch"]) in torch.specifier
    code = "import torch, torchvision; print(torchvision.ops.nms(torch.eye(4), "
    code += "torch.ones(4), 0.5).dtype, torch.__version__)"
    command = [sys.executable, "-W", "ignore", "-c", code]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.startswith(f"torch.int64 {versions['torch']}")


@pytest.mark.parametrize(
    "name",
    [
        *("requirements.lock", "environment.yml"),
        *(".binder/environment.yml", ".binder/postBuild"),
    ],
)
def test_no_addresses(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|@ ", text)


def test_lock_lists_versions_markers_and_hashes_only():
    sections = read(ROOT)
    for name, text in sections.items():
        pins = re.split(r"\n(?! )", text.strip())
        assert pins
        for pin in pins:
            head, *hashes = pin.split(" \\\n    ")
            assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*==[\w.+!]+( ; .+)?", head), name
            assert hashes, f"{head} has no hash: make lock"
            for line in hashes:
                assert re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line), head


def test_learners_are_spared_what_staff_and_tests_need():
    sections = read(ROOT)
    assert {"jupyterlab", "nbgrader", "numpy"} <= pins(sections["lab"]).keys()
    assert {"jupytext", "distributed", "dask"} <= pins(sections["staff"]).keys()
    assert {"playwright", "hypothesis", "pytest"} <= pins(sections["test"]).keys()
    assert {"torch", "torchvision"} <= pins(sections["torch"]).keys()
    names = [name for text in sections.values() for name in pins(text)]
    assert len(names) == len(set(names))


def test_git_ignores_what_people_and_runs_leave_behind():
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    for pattern in [".venv/", "grading/", ".progress.json*", "notebooks/*.ipynb"]:
        assert pattern in ignored


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
LINK = re.compile(r"\]\((?!https?:|#|mailto:|attachment:)([^)#\s]+)[^)]*\)")


def prose(path: Path) -> list[str]:
    """Return the texts of a notebook's cells that are prose."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_notebook_links_to_a_file_that_does_not_exist(path):
    links = [link for text in prose(path) for link in LINK.findall(text)]
    missing = [link for link in links if not (path.parent / link).is_file()]
    assert missing == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_next_at_the_end_is_a_link(path):
    (said,) = re.findall(r"\*\*Next:\*\*[\s\S]*", prose(path)[-1])
    following = NOTEBOOKS[(NOTEBOOKS.index(path) + 1) % len(NOTEBOOKS)].stem
    assert LINK.findall(said)[0] == f"../{following}/{following}.ipynb"
