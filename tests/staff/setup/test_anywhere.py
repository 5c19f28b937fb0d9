"""A learner's notebook alone, in an empty folder, with the old packages of Colab.

The course is published in a git repository on this disk, for which git takes an address
of GitHub; the notebook's own first cell fetches it there, at its version. Then "Run
all" has to go to the end, without anything that lets errors pass; an exercise is
answered, and the next day, in another folder and with another kernel, nothing is lost.
What was shown is looked at as Colab shows it, each output in a frame without rights.

torch is borrowed from the environment of the tests. Experiments are left out, but for
COURSE_TESTS=all: other tests run them.
"""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from packaging.requirements import Requirement

from helpers import checks
from helpers.study import titles
from staff.authoring.install import publication
from staff.ci import effort
from staff.course import Course
from staff.environment import started_with
from tests.chromium import NEEDS_CHROMIUM, chromium
from tests.clone import STEM, git, publish
from tests.lab import plays
from tests.test_lab_looks import CARDS, FIGURE

SETUP = 'check = load("00_start_here")'
ANSWERS = Course().root / "tests/answers" / STEM / "train_epoch"
ADDRESS = "https://github.com/example/course"

pytestmark = [pytest.mark.slow, *NEEDS_CHROMIUM]

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


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Course:
    """Publish the course as it stands here, tagged, in a bare repository."""
    folder = tmp_path_factory.mktemp("published")
    short = not effort.everything()
    course = publish(folder / "course", short=short, change=set_address)
    git(course.root, "tag", publication(course.root).tag)
    # What follows the tag is another version, which nobody may get by it.
    (course.root / "helpers/__init__.py").write_text("raise ImportError('too new')\n")
    git(course.root, "commit", "--quiet", "--all", "--message", "Later")
    git(folder, "clone", "--quiet", "--bare", "course", "course.git")
    return course


def set_address(root: Path) -> None:
    """Write where the course is published into its pyproject.toml."""
    project = root / "pyproject.toml"
    text = project.read_text("utf-8")
    head = "[project.urls]\n"
    assert text.count(head) == 1
    address = f'{head}Repository = "{ADDRESS}"\n'
    project.write_text(text.replace(head, address), "utf-8")


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


class Runtime:
    """A kernel in an empty folder, as Colab gives one; any error stops a cell.

    Args:
        notebook: which is run. Tags, which may let errors pass, are taken off.
        folder: made here. name: of the kernel.
    """

    def __init__(self, notebook, folder: Path, name: str) -> None:
        folder.mkdir()
        for cell in notebook.cells:
            cell.metadata.pop("tags", None)
        self.notebook, self.folder = notebook, folder
        resources = {"metadata": {"path": str(folder)}}
        self.client = NotebookClient(
            notebook, timeout=900, kernel_name=name, resources=resources
        )

    @contextmanager
    def started(self, env: dict[str, str]):
        with self.client.setup_kernel(env=env):
            yield

    def run(self, cell, *, errors: bool = False) -> str:
        """Run a cell; return its outputs as text."""
        self.client.allow_errors = errors
        try:
            self.client.execute_cell(cell, self.notebook.cells.index(cell))
        except CellExecutionError as error:
            first = self.cell("install")
            pytest.fail(f"{error}\n\nThe set-up cell said:\n{text_of(first)}")
        return text_of(cell)

    def run_all(self) -> None:
        for cell in self.notebook.cells:
            if cell.cell_type == "code":
                self.run(cell)

    def cell(self, id: str):
        return next(cell for cell in self.notebook.cells if cell.id == id)

    def cell_with(self, text: str):
        cells = [c for c in self.notebook.cells if c.cell_type == "code"]
        (found,) = [cell for cell in cells if text in cell.source]
        return found


def text_of(cell: nbformat.NotebookNode) -> str:
    return json.dumps(cell.get("outputs", []), ensure_ascii=False)


def drawn(output: nbformat.NotebookNode) -> str:
    """Return an output's richest form that such a page can draw."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    plain = f"<pre>{html.escape(data.get('text/plain', ''))}</pre>"
    return data.get("text/html", plain)


def as_on_colab(notebook: nbformat.NotebookNode) -> str:
    """Return a page of a notebook's outputs, those of each cell in a frame.

    Such a frame may run scripts, and reaches nothing of the page around it.
    """
    parts = ["<!doctype html><title>A notebook</title>"]
    for cell in notebook.cells:
        shown = "".join(map(drawn, cell.get("outputs", [])))
        frame = f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(shown)}">'
        size = "style='width: 900px; height: 700px'"
        frame = frame.replace("<iframe", f"<iframe {size}") + "</iframe>"
        code = f"<pre>{html.escape(cell.source)}</pre>"
        parts.append(f'<div id="{cell.id}">{code}{frame if shown else ""}</div>')
    return "\n".join(parts)


@pytest.mark.timeout(1800)
def test_a_first_hour_and_the_next_day_elsewhere(published, python, kernel, tmp_path):
    drive, env = tmp_path / "drive", surroundings(tmp_path, python, published)
    drive.mkdir()
    notebook = nbformat.read(published.release(STEM), as_version=4)
    mounted = f"%env COURSE_PROGRESS={drive / 'course'}"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(mounted))
    asked = nbformat.v4.new_code_cell(ASK.format(names=[*OLD]))
    notebook.cells.append(asked)
    first = Runtime(notebook, tmp_path / "first", kernel)
    with first.started(env):
        first.run_all()
        printed = "".join(o.text for o in asked.outputs if o.get("name") == "stdout")
        told = json.loads(printed)  # which may come in pieces
        is_the_version_that_was_asked_for(published, python, told)
        shows_what_is_to_be_done(notebook)
        answer_wrongly_then_rightly(first)
    saved = drive / "notebook.ipynb"
    nbformat.write(notebook, saved)
    assert [*first.folder.iterdir()] == []  # the record is on the drive

    notebook = nbformat.read(saved, as_version=4)
    second = Runtime(notebook, tmp_path / "second", kernel)
    with second.started(env):
        for cell in notebook.cells[0], second.cell("install"), second.cell_with(SETUP):
            second.run(cell)
        assert second.cell("train_epoch").source == right_and_wrong()[0]
        assert "1 of 3" in second.run(second.cell_with("progress.table()"))
        notebook.cells.append(nbformat.v4.new_code_cell(FIGURE + CARDS))
        second.run(notebook.cells[-1])  # what experiments show, with the old packages
    looked_at(notebook, tmp_path / "page.html")


def is_the_version_that_was_asked_for(published, python, told) -> None:
    """The kernel has the tag, and not what came later, beside what was there."""
    assert Path(told["helpers"]).is_relative_to(python.parents[1])
    tag = publication(published.root).tag
    assert told["origin"]["vcs_info"]["requested_revision"] == tag
    commit = git(published.root, "rev-list", "-n1", tag).strip()
    assert told["origin"]["vcs_info"]["commit_id"] == commit
    # What was there was left alone, but for the lock that the course needs newer.
    changed = {n for n, version in told["versions"].items() if OLD[n] != version}
    assert changed == {"filelock"}
    assert not any(python.parents[1].glob("lib/python*/site-packages/torch*"))


def shows_what_is_to_be_done(notebook) -> None:
    """After "Run all" no check has been attempted; questions and the demo are there."""
    done = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    assert "Installing the course" in text_of(done["install"])
    tests = [cell for cell in done.values() if cell.id.startswith("test_")]
    assert len(tests) == len(titles.catalogue()[STEM])
    assert all("not attempted yet" in text_of(cell) for cell in tests)
    shown = "".join(map(text_of, done.values()))
    assert "study-panel" in shown
    assert "Regularization playground" in shown


def right_and_wrong() -> tuple[str, str]:
    """Return a right answer to exercise 0.1, and one with a mistake that has a name."""
    right, wrong = (
        (ANSWERS / f"{name}.py").read_text("utf-8")
        for name in ("right_plain", "wrong_not_zeroed")
    )
    return right, wrong


def answer_wrongly_then_rightly(runtime: Runtime) -> None:
    """A card names the mistake; the mended answer passes."""
    right, wrong = right_and_wrong()
    answer, test = runtime.cell("train_epoch"), runtime.cell("test_train_epoch")
    answer.source = wrong
    runtime.run(answer)
    mistake = checks.load(STEM).train_epoch.mistakes["not-zeroed"]
    said = runtime.run(test, errors=True)
    assert "✗ Exercise 0.1" in said
    assert mistake.split("`")[0] in said
    answer.source = right
    runtime.run(answer)
    assert "✓ Exercise 0.1" in runtime.run(test)


def looked_at(notebook, path: Path) -> None:
    """Open what was saved the day before: the card is there, and the demo moves."""
    path.write_text(as_on_colab(notebook), "utf-8")
    (demo,) = [c.id for c in notebook.cells if c.source == "playground().show()"]
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.goto(path.as_uri())
        card = page.frame_locator("#test_train_epoch iframe")
        card.get_by_text("✓ Exercise 0.1").first.wait_for()
        plays(page.query_selector(f"[id='{demo}'] iframe").content_frame())
