"""A learner's notebook alone, in an empty folder, with the old packages of Colab.

The course is published in a git repository on this disk, for which git takes an address
of GitHub; the notebook's own first cell fetches it there, at its version. Then "Run
all" has to go to the end, without anything that lets errors pass. torch is borrowed
from the environment of the tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from packaging.requirements import Requirement

from helpers.study import titles
from staff.authoring.install import publication
from staff.course import Course
from staff.environment import child_environment, started_with

ROOT = Course().root
STEM = "00_start_here"
ADDRESS = "https://github.com/example/course"

# What a notebook finds on Colab, so far as it is older than what the course locks ...
OLD = {
    "ipython": "7.34.0",
    "ipykernel": "6.17.1",
    "ipywidgets": "7.7.1",
    "numpy": "2.0.2",
    "traitlets": "5.7.1",
    "jupyter-client": "7.4.9",
    "filelock": "3.20.0",  # torch brings it along; the course needs a newer one
}
# ... and what is there as well, borrowed with all that it needs.
BORROWED = ("torch", "torchvision", "scipy", "scikit-learn", "matplotlib", "tqdm")
ASK = """
import importlib.metadata as found, json, helpers
names = {names}
course = found.distribution("regularization-course")
print(json.dumps({{
    "versions": {{name: found.version(name) for name in names}},
    "helpers": helpers.__file__,
    "origin": json.loads(course.read_text("direct_url.json")),
}}))
"""


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Course", "-c", "user.email=course@example.org")
    command = ["git", *who, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Course:
    """Publish the course as it stands here, tagged, in a bare repository."""
    folder = tmp_path_factory.mktemp("published")
    clone = folder / "course"
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    project = clone / "pyproject.toml"
    text = project.read_text("utf-8")
    head = "[project.urls]\n"
    assert text.count(head) == 1
    address = f'{head}Repository = "{ADDRESS}"\n'
    project.write_text(text.replace(head, address), "utf-8")
    build = [sys.executable, "-m", "staff", "build", STEM]
    env = child_environment(PYTHONPATH=str(clone))
    done = subprocess.run(build, cwd=clone, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    git(clone, "init", "--quiet")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "The course")
    git(clone, "tag", publication(clone).tag)
    # What follows the tag is another version, which nobody may get by it.
    (clone / "helpers" / "__init__.py").write_text("raise ImportError('too new')\n")
    git(clone, "commit", "--quiet", "--all", "--message", "Later")
    git(folder, "clone", "--quiet", "--bare", "course", "course.git")
    return Course(clone)


def needed(names: tuple[str, ...]) -> Iterator[str]:
    """Yield packages with all that they need, as installed here."""
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another system
        yield name
        wants = map(Requirement, found.requires or ())
        here = (
            w for w in wants if w.marker is None or w.marker.evaluate({"extra": ""})
        )
        waiting += [want.name for want in here]


def borrow(names: Iterator[str], folder: Path) -> None:
    """Link packages of this environment into a folder.

    It lies outside of the environment that uses it: pip leaves what is in it alone.
    """
    folder.mkdir()
    for name in names:
        if name in OLD:
            continue
        for file in metadata.distribution(name).files or ():
            top = Path(metadata.distribution(name).locate_file(file.parts[0]))
            link = folder / file.parts[0]
            if not file.parts[0].startswith("..") and not link.exists():
                link.symlink_to(top.resolve())


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """Make an environment like Colab's; return its Python."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    program = venv / "bin" / "python"
    install = [sys.executable, "-m", "uv", "pip", "install", "--python", program]
    old = [f"{name}=={version}" for name, version in OLD.items()]
    done = subprocess.run(
        [*install, "--quiet", "pip", "setuptools<81", *old],
        env=started_with(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:]
        pytest.skip(f"the old packages cannot be had from here: {said}")
    borrow(needed(BORROWED), folder / "borrowed")
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(f"{folder / 'borrowed'}\n")
    return program


@pytest.fixture(scope="module")
def kernel(python, tmp_path_factory) -> str:
    """Tell Jupyter of that Python's kernel; return its name."""
    folder = tmp_path_factory.mktemp("jupyter")
    spec = {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Elsewhere",
        "language": "python",
    }
    (folder / "kernels" / "elsewhere").mkdir(parents=True)
    (folder / "kernels" / "elsewhere" / "kernel.json").write_text(json.dumps(spec))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        yield "elsewhere"


def surroundings(folder: Path, python: Path, published: Course) -> dict[str, str]:
    """Return a stranger's environment, with the network of this machine.

    In it, git finds the published repository at its address.
    """
    ours = ("PYTHON", "COURSE", "JUPYTER", "NBGRADER", "VIRTUAL_ENV", "IPYTHON", "MPL")
    kept = {k: v for k, v in started_with().items() if not k.startswith(ours)}
    kept.pop("CI", None)
    path = os.pathsep.join([str(python.parent), kept.get("PATH", os.defpath)])
    bare = published.root.with_name("course.git").as_uri()
    instead = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{bare}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }
    own = {"HOME": str(folder), "PATH": path, "OMP_NUM_THREADS": "1"}
    return {**kept, **instead, **own}


def run_all(notebook: nbformat.NotebookNode, folder: Path, kernel: str, env) -> None:
    """Run every cell in an empty folder; any error stops it, whatever its tags say."""
    for cell in notebook.cells:
        cell.metadata.pop("tags", None)
    client = NotebookClient(
        notebook,
        timeout=900,
        kernel_name=kernel,
        allow_errors=False,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        asyncio.run(client.async_execute(env=env))
    except CellExecutionError as error:
        first = next(cell for cell in notebook.cells if cell.id == "install")
        pytest.fail(f"{error}\n\nThe set-up cell said:\n{text_of(first)}")


def text_of(cell: nbformat.NotebookNode) -> str:
    return json.dumps(cell.get("outputs", []))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_run_all_from_an_empty_folder(published, python, kernel, tmp_path):
    notebook = nbformat.read(published.release(STEM), as_version=4)
    asked = nbformat.v4.new_code_cell(ASK.format(names=[*OLD]))
    notebook.cells.append(asked)
    run_all(notebook, tmp_path, kernel, surroundings(tmp_path, python, published))

    done = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    assert "Installing the course" in text_of(done["install"])
    told = json.loads(asked.outputs[-1].text)
    # The very version: the tag, and not what came later.
    assert Path(told["helpers"]).is_relative_to(python.parents[1])
    tag = publication(published.root).tag
    assert told["origin"]["vcs_info"]["requested_revision"] == tag
    commit = git(published.root, "rev-list", "-n1", tag).strip()
    assert told["origin"]["vcs_info"]["commit_id"] == commit
    # What was there was left alone, but for the lock that the course needs newer.
    changed = {n for n, version in told["versions"].items() if OLD[n] != version}
    assert changed == {"filelock"}
    assert not any(python.parents[1].glob("lib/python*/site-packages/torch*"))
    # No check has been attempted, and each says so.
    tests = [cell for cell in done.values() if cell.id.startswith("test_")]
    assert len(tests) == len(titles.catalogue()[STEM])
    assert all("not attempted yet" in text_of(cell) for cell in tests)
    # Questions and the demo are there as pages.
    shown = "".join(map(text_of, done.values()))
    assert "study-panel" in shown
    assert "Regularization playground" in shown
