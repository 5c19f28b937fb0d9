"""Turn a checked master into the two notebooks, and prove that nothing leaks.

The instructor's notebook is written here; the learner's comes out of nbgrader's own
``generate_assignment``, without its database.
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

from staff.authoring.install import furnished, publication
from staff.authoring.masters import FOLDED, Cell, Master
from staff.authoring.rules import STUB
from staff.course import Course, CourseError

__all__ = [
    "WORDS_HERE",
    "digest",
    "make_pair",
    "nbgrader_config",
    "run_generator",
    "to_text",
    "was_built",
]

WORDS_HERE = "*Write your answer here, in place of this line.*"
"""What stands in an answer cell for words; nbgrader_config.py says the same."""

_HIDDEN = FOLDED | {"install", "setup"}  # folded in the page: not the lesson
_METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}


def make_pair(master: Master, folder: Path) -> Course:
    """Build both notebooks of one master below an empty folder.

    Args:
        master: read and found right.
        folder: becomes the root of a course that holds this one notebook.

    Returns:
        That course.

    Raises:
        CourseError: nbgrader refuses, the release would give something away, or the
            course's address is none.
    """
    course = Course(folder)
    stem = master.stem
    master = furnished(master, publication(master.path.parents[1]))
    source = _notebook(master)
    _write(course.solution(stem), source)
    _generate(course, stem)
    release = nbformat.read(course.release(stem), as_version=4)
    _verify(master, source, release)
    for notebook, path in [
        (source, course.solution(stem)),
        (release, course.release(stem)),
    ]:
        notebook.metadata.course = {"built": digest(release)}
        _write(path, notebook)
    return course


def digest(notebook: NotebookNode) -> str:
    """Return a fingerprint of all that is in a notebook but the fingerprint itself."""
    plain = json.loads(nbformat.writes(notebook, version=nbformat.NO_CONVERT))
    plain["metadata"].pop("course", None)
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def was_built(path: Path) -> tuple[bool, str]:
    """Tell whether a notebook is still as it was built, and from which release.

    Returns:
        (nobody has changed or run it, fingerprint of the release it came from).
    """
    try:
        notebook = nbformat.reads(path.read_text("utf-8"), nbformat.NO_CONVERT)
        built = notebook.metadata.course.built
        return digest(notebook) == built, built
    except (ValueError, AttributeError, KeyError, nbformat.ValidationError):
        return False, ""


def to_text(notebook: NotebookNode) -> str:
    """Return a notebook as the bytes on disk: sorted keys, one newline at the end."""
    text: str = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    return text.rstrip("\n") + "\n"


def _write(path: Path, notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_text(notebook), encoding="utf-8", newline="\n")


# --- the instructor's notebook ----------------------------------------------------


def _notebook(master: Master) -> NotebookNode:
    seen: Counter[str] = Counter()
    cells = [_notebook_cell(master.stem, cell, seen) for cell in master.cells]
    notebook: NotebookNode = nbformat.v4.new_notebook(cells=cells, metadata=_METADATA)
    notebook.nbformat_minor = 5
    return notebook


def _notebook_cell(stem: str, cell: Cell, seen: Counter[str]) -> NotebookNode:
    new: Callable[..., NotebookNode] = nbformat.v4.new_code_cell
    if cell.kind == "markdown":
        new = nbformat.v4.new_markdown_cell
    metadata: dict[str, Any] = {}
    if cell.role not in {"markdown", "code"}:
        metadata |= {"course": {"role": cell.role}, "tags": [cell.role]}
    if cell.role in _HIDDEN:
        metadata = _folded(metadata)
    if cell.grade_id:
        metadata["nbgrader"] = _nbgrader_metadata(cell)
    return new(cell.source, id=_cell_id(stem, cell, seen), metadata=metadata)


def _folded(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata so that Jupyter, Jupyter Book and Colab fold the code."""
    return metadata | {
        "tags": [*metadata["tags"], "hide-input"],
        "jupyter": {"source_hidden": True},
        "cellView": "form",
    }


def _nbgrader_metadata(cell: Cell) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": cell.grade_id,
        "solution": cell.role in {"solution", "manual"},
        "grade": cell.role in {"test", "manual"},
        "locked": cell.role in {"test", "setup"},
        "task": False,
    }
    return metadata | ({"points": cell.points} if metadata["grade"] else {})


def _cell_id(stem: str, cell: Cell, seen: Counter[str]) -> str:
    """Return an id that stays the same until the cell itself changes."""
    if cell.grade_id:
        return cell.grade_id
    if cell.role == "install":
        return cell.role
    role = "code" if cell.role == "scratch" else cell.role
    content = f"{stem}\n{role}\n{cell.identity or cell.source}"
    seen[content] += 1
    return hashlib.sha256(f"{content}\n{seen[content]}".encode()).hexdigest()[:12]


# --- the learner's notebook -------------------------------------------------------


def nbgrader_config(course: Course) -> Config:
    """Return the settings of ``nbgrader_config.py`` with another root."""
    from traitlets.config.loader import PyFileConfigLoader

    home = Course().root
    config = PyFileConfigLoader("nbgrader_config.py", path=str(home)).load_config()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.db_url = f"sqlite:///{course.grading / 'gradebook.db'}"
    return config


def _generate(course: Course, stem: str) -> None:
    """Let nbgrader make the learner's notebook, as its own option ``--no-db`` does."""
    config = nbgrader_config(course)
    config.SaveCells.enabled = False
    config.GenerateAssignment.no_database = True
    run_generator(config, stem)


def run_generator(config: Config, stem: str) -> None:
    """Run nbgrader's ``generate_assignment`` in this process, quietly.

    Raises:
        CourseError: with what nbgrader said.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    config.CourseDirectory.assignment_id = stem
    log = _Recorder()
    coursedir = CourseDirectory(config=config, log=log.logger)
    converter = GenerateAssignment(coursedir=coursedir, config=config, log=log.logger)
    try:
        converter.start()
    except (Exception, SystemExit) as error:
        said = "\n".join(log.lines) or str(error)
        raise CourseError(
            f"{stem}: nbgrader generate_assignment failed:\n{said}"
        ) from error


class _Recorder(logging.Handler):
    """Keeps what nbgrader says, for the case that it fails."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.logger = logging.Logger("nbgrader")
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


# --- nothing leaks ----------------------------------------------------------------


def _verify(master: Master, source: NotebookNode, release: NotebookNode) -> None:
    """Hold every released cell against what it must be; raise CourseError if not."""
    pairs = zip(master.cells, source.cells, release.cells, strict=True)
    for cell, given, released in pairs:
        expected = _released_source(cell)
        if released.source != expected or released.id != given.id:
            raise CourseError(
                f"{_at(master, cell.marker)}: the released cell is not as "
                f"expected; expected\n{expected}\n\nfound\n{released.source}"
            )
        if released.get("outputs") or released.get("execution_count"):
            raise CourseError(f"{_at(master, cell.marker)}: released with outputs")
    _verify_no_leak(master, release)


def _released_source(cell: Cell) -> str:
    if cell.role == "manual":
        return WORDS_HERE
    return cell.without_regions(STUB if cell.role == "solution" else "")


def _verify_no_leak(master: Master, release: NotebookNode) -> None:
    text = "\n".join(_squeeze(cell.source) for cell in release.cells)
    for cell in master.cells:
        for region in cell.regions:
            secret = [_squeeze(line) for line in cell.lines(region) if line.strip()]
            leaks = "\n".join(secret) in text
            if region.kind == "HIDDEN TESTS":
                secret = [s for s in secret if not s.startswith(("import ", "from "))]
                leaks = any(s in text for s in secret if "(" in s)
            elif len(secret) < 3:
                leaks = False  # a line or two may well stand elsewhere, as a hint
            if leaks:
                raise CourseError(
                    f"{_at(master, cell.line + region.begin - 1)}: the text of this "
                    "region also stands in another cell that learners see"
                )


def _at(master: Master, line: int) -> str:
    return f"{master.path.parent.name}/{master.path.name}:{line}"


def _squeeze(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))
