"""``python -m staff site``: the whole course as a folder of plain files.

Released notebooks are run as a learner would who has answered nothing, so that no page
holds a solution or a hidden test. Sphinx makes the pages; formulas, search, demos,
quizzes and cards work in them without a network and without Python.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import nbformat

from helpers.demos.playground import playground
from helpers.study import reference
from staff.authoring.install import publication
from staff.course import Course, CourseError, child_environment
from staff.site import course_map, tables
from staff.site.executed import Page, run_all
from staff.site.sources import notebook_source, text_source
from staff.site.survey import survey

__all__ = ["add_formulas", "main", "make_site"]

_HERE = Path(__file__).parent
_DOCS = "docs"
_NAMELESS = (
    '<summary><span class="toctree-toggle"',
    '<summary aria-label="Pages below"><span class="toctree-toggle"',
)
_SEARCHING = re.compile(
    r'\s*<script src="[./]*(?:_static/searchtools|_static/language_data|searchindex)'
    r'\.js"></script>'
)
_LAST = "Teach and contribute"
_CHAPTERS = {  # the contents; a text of docs/ that is not named stands in the last one
    "The course": ("learn", "map", "exercises", "measured"),
    "To look up": ("glossary", "timeline", "taxonomy", "techniques"),
    _LAST: ("teach", "grade", "teach_material", "contributing", "numbers"),
}
_FORMULAS = (  # the parts of MathJax that are needed; the rest is menus and speech
    *("startup.js", "core.js", "loader.js", "input/tex.js", "input/tex/extensions"),
    *("output/chtml.js", "output/chtml"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff site", description=__doc__)
    parser.add_argument("notebooks", nargs="*", help="such as 02; all of them if none")
    parser.add_argument("--out", type=Path, default=Path("site"), help="default: site")
    options = parser.parse_args(arguments)
    course = Course()
    cache = course.root / ".site-cache"
    pages = run_all(course, course.choose(options.notebooks), cache)
    make_site(course, pages, options.out)
    files = [path for path in options.out.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{options.out}/index.html: {len(pages)} notebooks, {size:.0f} MB")
    found = survey(options.out)
    print("\n".join([str(found), *found.problems]))
    return int(bool(found.problems))


def make_site(course: Course, pages: Sequence[Page], out: Path) -> None:
    """Write the site of executed notebooks into a folder, which is replaced.

    Raises:
        CourseError: Sphinx or a part of it is not installed, or it warns: a link that
            leads nowhere, a formula or a heading that it cannot read.
    """
    if find_spec("sphinx") is None or find_spec("myst_nb") is None:
        raise CourseError(
            "The site needs Sphinx, which is not installed. Run `make site`, which "
            "installs it, or `pip install -e '.[site]'`."
        )
    if out.exists() and not (out / "searchindex.js").exists() and any(out.iterdir()):
        raise CourseError(
            f"{out} holds something else than a site. Name another folder with --out."
        )
    with tempfile.TemporaryDirectory(prefix="course-site-") as folder:
        source = Path(folder) / "source"
        _write_sources(course, pages, source)
        made = Path(folder) / "html"
        _sphinx(source, made)
        add_formulas(made / "_static" / "mathjax")
        _mend(made)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(
            made, out, ignore=shutil.ignore_patterns(".doctrees", "_sources")
        )


def _write_sources(course: Course, pages: Sequence[Page], source: Path) -> None:
    static, stems = source / "_static", [page.stem for page in pages]
    (source / "notebooks").mkdir(parents=True)
    static.mkdir()
    shutil.copy(_HERE / "course.css", static)
    shutil.copy(_HERE / "conf.py", source)
    for page in pages:
        made = notebook_source(page.notebook, static / "figures", stems)
        made = course_map.with_our_map(made, stems)
        nbformat.write(made, source / "notebooks" / f"{page.stem}.ipynb")
    texts = {
        "learn": "# Learn\n\n" + tables.notebooks(stems),
        "map": course_map.page(stems),
        "exercises": tables.exercises(course, stems),
        "measured": tables.measured(pages),
    }
    lists = (reference.glossary, reference.timeline, reference.taxonomy)
    for look_up in (*lists, reference.techniques, reference.questions):
        texts[look_up.__name__] = tables.lookup(look_up(), stems)
    texts |= _project_texts(course)
    texts["index"] = _front([*texts])
    for name, text in texts.items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")


def _project_texts(course: Course) -> dict[str, str]:
    """Return the texts of docs/ and the contributors' page, by name of their page."""
    files = {path.stem: path for path in sorted((course.root / _DOCS).glob("*.md"))}
    files["contributing"] = course.root / "CONTRIBUTING.md"
    address = publication(course.root).address

    def known(path: str) -> str | None:
        stem = Path(path).stem
        if path.endswith(".md") and stem in files:
            return f"{stem}.md"
        return f"{address}/blob/main/{path}" if address else None

    return {
        name: text_source(path.read_text("utf-8"), known)
        for name, path in files.items()
    }


def _front(names: Sequence[str]) -> str:
    """Return the front page: the playground, and three doors."""
    listed = "\n\n".join(
        _toctree(caption, [name for name in wanted if name in names])
        for caption, wanted in _chapters(names).items()
    )
    teach = "teach.html" if "teach" in names else "contributing.html"
    page = playground()
    scene = page.fragment(f"<p>{page.alt}</p>")
    scene = re.sub(r"\n{2,}", "\n", scene)  # an empty line would end the HTML
    return f"""# Neural-network regularization, hands on

Numbered notebooks from bias and variance to dropout, weight decay, early stopping,
mixup, distillation, normalization and sequences. You write each method yourself. A
check names your mistake at once. Every sentence about a result is measured, with its
interval.

<div class="doors">
<a href="learn.html"><b>Learn</b>Read the notebooks here, or run them on your own
computer: no GPU, no account, and no network once they are installed.</a>
<a href="{teach}"><b>Teach</b>Grade a class safely, with messages that explain each lost
point.</a>
<a href="contributing.html"><b>Contribute</b>Add an answer, an attack or a claim.</a>
</div>

## Try it: one network, twice

{scene}

{listed}
"""


def _chapters(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the contents: heading → pages; what has no place stands last."""
    chapters = {heading: [*pages] for heading, pages in _CHAPTERS.items()}
    placed = {page for pages in chapters.values() for page in pages}
    chapters[_LAST] += [name for name in names if name not in placed]
    return chapters


def _toctree(caption: str, names: Sequence[str]) -> str:
    listed = "\n".join(names)
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```"


def _sphinx(source: Path, made: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "--no-color"]
    done = subprocess.run(
        [*command, "-j", "auto", "-b", "html", source, made],
        capture_output=True,
        text=True,
        env=child_environment(),
    )
    if done.returncode:
        raise CourseError(
            f"The site is not made, for Sphinx warns:\n{done.stderr.strip()}"
        )


def _mend(made: Path) -> None:
    """Take out what the theme loads and no page needs; name what it leaves nameless.

    It has its icons twice, as a font and as a script of 1.5 MB. It loads the index of
    all words on every page, though only the page of results looks anything up. And
    the fold in its contents has an arrow where a name should be.
    """
    (made / "_static" / "scripts" / "fontawesome.js").write_text("")
    for path in made.rglob("*.html"):
        text = path.read_text("utf-8").replace(*_NAMELESS)
        if path.name != "search.html":
            text = _SEARCHING.sub("", text)
        path.write_text(text, encoding="utf-8")


def add_formulas(target: Path) -> None:
    """Copy what formulas need, so that they show without a network."""
    spec = find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise CourseError(
            "The site needs the package sphinx-mathjax-offline. Run `make site`, which "
            "installs it, or `pip install -e '.[site]'`."
        )
    own = Path(spec.origin).parent / "static" / "mathjax"
    for name in _FORMULAS:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (own / name).is_dir():
            shutil.copytree(own / name, place)
        else:
            shutil.copy(own / name, place)
