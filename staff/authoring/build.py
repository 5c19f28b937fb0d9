"""``python -m staff build``: masters in, notebooks out, all or nothing.

Everything is built and verified in a temporary folder first. Only then are the
notebooks in ``solutions/`` and ``notebooks/`` replaced, each in one step.
"""

import argparse
import difflib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from helpers.files import write_whole
from staff.authoring.catalogue import catalogue, exercises
from staff.authoring.hidden import changed
from staff.authoring.install import outdated, publication
from staff.authoring.masters import Master, read_master
from staff.authoring.release import make_pair, was_built
from staff.authoring.rules import check_master
from staff.course import Course, CourseError

__all__ = ["build", "check", "main", "read_checked"]

_IGNORED = {".ipynb_checkpoints", ".DS_Store", "__pycache__"}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff build", description=__doc__)
    parser.add_argument("names", nargs="*", help="NN_topic or NN; all without")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if a build would"
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="put notebooks with a learner's work aside even if nothing is new",
    )
    parser.add_argument(
        "--prove",
        action="store_true",
        help="also run both notebooks: each stub must fail, each solution pass",
    )
    options = parser.parse_args(arguments)
    course = Course()
    if options.check:
        return check(course, options.names)
    return build(course, options.names, fresh=options.fresh, prove=options.prove)


def build(
    course: Course, names: list[str], *, fresh: bool = False, prove: bool = False
) -> int:
    """Build the named notebooks (all without names) and put them into place.

    Args:
        course: whose masters.
        names: see `Course.choose`.
        fresh: put a learner's work aside even where the release is not new.
        prove: also run both notebooks.

    Returns:
        0.

    Raises:
        CourseError: something is wrong; then no notebook has been touched.
    """
    stems = course.choose(names)
    if not stems:
        print("There is no master in solutions/ yet.")
    with _workshop(course) as folder:
        built = _build_all(course, stems, folder)
        if prove:
            from staff.runs import prove_pair

            for stem, done in built.items():
                prove_pair(done, stem)
        for stem, done in built.items():
            names = changed(course.solution(stem), done.solution(stem))
            print(_install(course, done, stem, fresh=fresh))
            if names:
                print(_grade_again(course, stem, names))
        (folder / "exercises.json").write_text(catalogue(course), encoding="utf-8")
        _replace(folder / "exercises.json", course.catalogue)
    for problem in _strangers(course):
        print(f"warning: {problem}")
    return 0


def check(course: Course, names: list[str]) -> int:
    """Build into a temporary folder and compare; return 1 if anything differs."""
    stems = course.choose(names)
    with _workshop(course) as folder:
        built = _build_all(course, stems, folder)
        problems = [p for s, done in built.items() for p in _compare(course, done, s)]
    listed = course.catalogue
    if not listed.exists() or listed.read_text("utf-8") != catalogue(course):
        problems.append(f"{_short(listed, course)}: differs from what the masters give")
    problems += _strangers(course)
    problems += filter(None, [outdated(course.root, publication(course.root))])
    for problem in problems:
        print(problem)
    if problems:
        print("\nNotebooks and masters disagree. `make build` makes them agree.")
        return 1
    print(f"{len(stems)} masters: their notebooks are exactly what a build makes.")
    return 0


def read_checked(course: Course, stem: str) -> Master:
    """Read a master and hold it against all rules.

    Raises:
        CourseError: with every problem, one a line: ``file:line: message``.
    """
    master = read_master(course.master(stem))
    check_master(master)
    if master.problems:
        found = sorted(master.problems, key=lambda problem: problem.line)
        shown = [f"{_short(p.path, course)}:{p.line}: {p.message}" for p in found]
        raise CourseError("\n".join(shown))
    return master


@contextmanager
def _workshop(course: Course) -> Iterator[Path]:
    """Make a folder on the same disk as the course, and clear it away."""
    folder = Path(tempfile.mkdtemp(prefix=".build-", dir=course.root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _build_all(course: Course, stems: list[str], folder: Path) -> dict[str, Course]:
    masters, problems = [], []
    for stem in stems:
        try:
            masters.append(read_checked(course, stem))
        except CourseError as error:
            problems.append(str(error))
    problems += _strange_sources(course)
    if problems:
        raise CourseError("\n".join(problems))
    return {master.stem: make_pair(master, folder / master.stem) for master in masters}


def _install(course: Course, done: Course, stem: str, *, fresh: bool) -> str:
    """Move one pair into place; return a line that says what happened."""
    _replace(done.solution(stem), course.solution(stem))
    new, old = done.release(stem), course.release(stem)
    where = _short(old, course)
    if not old.exists():
        _replace(new, old)
        return f"{stem}: built"
    untouched, origin = was_built(old)
    if untouched:
        same = old.read_bytes() == new.read_bytes()
        _replace(new, old)
        return f"{stem}: {'unchanged' if same else 'built'}"
    if origin == was_built(new)[1] and not fresh:
        return (
            f"{stem}: {where} has been worked in and there is nothing new for it: left "
            "as it is (--fresh puts it aside and starts a new one)"
        )
    kept = _put_aside(course, old)
    _replace(new, old)
    return f"{stem}: built; {where} had been worked in: kept as {_short(kept, course)}"


def _grade_again(course: Course, stem: str, names: list[str]) -> str:
    """Return a warning: what was graded was graded with other hidden tests."""
    cards = exercises(read_master(course.master(stem)))
    numbers = {name: card["number"] for name, card in cards.items()}
    told = [f"Exercise {numbers[n]} ({n})" if numbers.get(n) else n for n in names]
    return (
        f"{stem}: the hidden tests of {', '.join(told)} changed. Grades given so far "
        f"rest on the old ones: run `python -m staff grade {stem}` again; with "
        "--dry-run it only shows whose would change."
    )


def _put_aside(course: Course, path: Path) -> Path:
    """Move a learner's notebook out of the way, beside the assignments' folders."""
    now = datetime.now().strftime("%Y%m%d-%H%M%S")
    kept = course.notebooks / f"{path.stem}.yours-{now}.ipynb"
    while kept.exists():
        kept = kept.with_name(f"{kept.stem}-again.ipynb")
    return path.rename(kept)


def _replace(new: Path, old: Path) -> None:
    """Put a file into place in one step, unless the same bytes are there already."""
    if old.exists() and old.read_bytes() == new.read_bytes():
        return
    old.parent.mkdir(parents=True, exist_ok=True)
    write_whole(old, new.read_bytes())


# --- comparing --------------------------------------------------------------------


def _compare(course: Course, done: Course, stem: str) -> Iterator[str]:
    for new, old in [
        (done.solution(stem), course.solution(stem)),
        (done.release(stem), course.release(stem)),
    ]:
        name = _short(old, course)
        if not old.exists():
            yield f"{name}: missing"
        elif old.read_bytes() != new.read_bytes():
            yield f"{name}: differs from what its master gives\n{_summary(old, new)}"


def _summary(old: Path, new: Path, lines: int = 12) -> str:
    """Return the first lines of the difference, and how many there are."""
    before, after = (
        path.read_text("utf-8", errors="replace").splitlines() for path in (old, new)
    )
    names = ("on disk", "built")
    found = [
        line
        for line in difflib.unified_diff(before, after, *names, n=0, lineterm="")
        if not line.startswith("@@")
    ]
    shown = [f"    {line[:120]}" for line in found[:lines]]
    if len(found) > lines:
        shown.append(f"    ... and {len(found) - lines} lines more")
    return "\n".join(shown) or "    only line endings or the last newline differ"


def _strange_sources(course: Course) -> Iterator[str]:
    """Yield what nbgrader would publish to learners though nobody built it."""
    for folder in _folders(course.solutions):
        for path in _inside(folder):
            if path != folder / f"{folder.name}.ipynb":
                yield (
                    f"{_short(path, course)}: only the built notebook may stand here, "
                    "nbgrader gives everything in this folder to learners; move it away"
                )


def _strangers(course: Course) -> list[str]:
    """Return what stands in the built folders without a master."""
    stems = set(course.stems())
    found = list(_strange_sources(course))
    for folder in [*_folders(course.solutions), *_folders(course.notebooks)]:
        if folder.name not in stems:
            found.append(
                f"{_short(folder, course)}/: there is no master solutions/"
                f"{folder.name}.py; delete the folder or bring the master back"
            )
    for folder in _folders(course.notebooks):
        for path in _inside(folder):
            if path != folder / f"{folder.name}.ipynb":
                found.append(f"{_short(path, course)}: not made by the builder")
    return found


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(
        p
        for p in parent.iterdir()
        if p.is_dir() and p.name not in _IGNORED and not p.name.startswith(".")
    )


def _inside(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _IGNORED & set(path.relative_to(folder).parts)
    ]


def _short(path: Path, course: Course) -> str:
    return path.relative_to(course.root).as_posix()
