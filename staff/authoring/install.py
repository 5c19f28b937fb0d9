"""Make a notebook open anywhere: a cell that fetches the course, a badge for Colab.

Both come from two lines of ``pyproject.toml``: the version, and the one address at
which the course is published, ``Repository`` under ``[project.urls]``. A notebook gets
the package of its own version, from the tag ``vVERSION`` there. Without an address the
cell says what to do, and there is no badge.
"""

import re
import subprocess
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from staff.authoring.masters import Cell, Master
from staff.course import CourseError

__all__ = ["Publication", "furnished", "outdated", "publication"]

_ADDRESS = re.compile(r"(?:https?|file)://[\w.~:@/%+-]+")
_GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")
_COLAB = "https://colab.research.google.com"

_FETCH = """\
# @title Set-up: the course's own package, at the version of this notebook
try:
    import helpers
except ModuleNotFoundError:
    print("Installing the course. Where torch is there already, this takes a minute.")
    %pip install --quiet "{requirement}"
"""
_SAY = """\
# @title Set-up: is the course's own package here?
try:
    import helpers
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "This notebook needs the course's package, `helpers`. Open it with `make lab` "
        "in the course's folder. Elsewhere, as on Colab: upload the wheel that `make "
        "wheel` writes into dist/, run `%pip install {wheel}-*.whl` in a "
        "new cell, and then this one again."
    ) from None
"""


@dataclass(frozen=True)
class Publication:
    """Where a course can be fetched from, and which version of it.

    Args:
        package: its name for pip.
        version: as in pyproject.toml.
        address: of its git repository; "" if it is not published.
    """

    package: str = "regularization-course"
    version: str = ""
    address: str = ""

    @property
    def tag(self) -> str:
        """The tag in the repository that has this version."""
        return f"v{self.version}"

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"git+{self.address}@{self.tag}"

    def cell(self) -> str:
        """Return the source of the cell that comes before the imports."""
        if self.address:
            return _FETCH.format(requirement=self.requirement).rstrip("\n")
        return _SAY.format(wheel=self.package.replace("-", "_")).rstrip("\n")

    def badge(self, stem: str) -> str:
        """Return a line of Markdown that opens the learners' notebook in Colab.

        Colab opens what lies on GitHub: for other addresses there is none, "".
        """
        if not (place := _GITHUB.fullmatch(self.address)):
            return ""
        path = f"{place[1]}/blob/{self.tag}/notebooks/{stem}/{stem}.ipynb"
        image = f"![Open in Colab]({_COLAB}/assets/colab-badge.svg)"
        return f"[{image}]({_COLAB}/github/{path})"


def publication(root: Path) -> Publication:
    """Read where a course is published; a folder without pyproject.toml is not.

    Raises:
        CourseError: the address is none that pip could fetch from.
    """
    try:
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
    except FileNotFoundError:
        return Publication()
    project = tomllib.loads(text)["project"]
    address = project.get("urls", {}).get("Repository", "").rstrip("/")
    if address and not _ADDRESS.fullmatch(address):
        raise CourseError(
            "pyproject.toml, [project.urls] Repository: expected the address of a git "
            f"repository, such as https://example.org/course.git, found {address!r}"
        )
    return Publication(project["name"], project["version"], address)


def outdated(root: Path, published: Publication) -> str:
    """Return what is wrong if a version's tag holds other code than stands here.

    A notebook of this version would fetch what stands there. "" if all is well, or
    if there is no address, no such tag yet, or no git.
    """
    if not published.address:
        return ""
    wanted = f"refs/tags/{published.tag}"
    compare = ["git", "diff", "--quiet", wanted, "--", "helpers", "data"]
    try:
        done = subprocess.run(compare, cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        return ""
    if done.returncode != 1:  # 0: the same; others: git knows no such tag
        return ""
    return (
        f"helpers/ or data/ differ from the tag {published.tag}, from which notebooks "
        "of this version fetch them: raise the version in pyproject.toml, `make "
        "build`, and tag it"
    )


def furnished(master: Master, published: Publication) -> Master:
    """Return a master with the set-up cell before its imports, and with the badge.

    Args:
        master: read and found right; it stays as it is.
        published: of its course.
    """
    cells = list(master.cells)
    place = next(i for i, cell in enumerate(cells) if cell.role == "setup")
    source, marker = published.cell(), cells[place].marker
    cells.insert(place, Cell("install", source, source, marker, marker))
    badge, first = published.badge(master.stem), cells[0]
    if badge and first.role == "markdown":
        head, _, rest = first.source.partition("\n")
        shown = f"{head}\n\n{badge}\n{rest}".rstrip("\n")
        cells[0] = replace(first, source=shown, identity=first.source)
    return replace(master, cells=cells)
