"""``python -m staff words``: what translators start from, what comes of their work.

`helpers/locale/course.pot` is the template: all texts that stand in `say`. A language
is a file made from it, `helpers/locale/LANGUAGE/LC_MESSAGES/course.po`; beside it lies
the compiled `course.mo`, which `helpers.words` reads. See docs/translate.md.
"""

from __future__ import annotations

import argparse
import io
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog

from helpers.study.titles import topic
from helpers.words import DOMAIN, script_texts
from staff.authoring.sentences import texts
from staff.course import Course, CourseError

__all__ = ["faults", "main", "template"]

_HEADER = """\
# What learners of the course read, apart from the notebooks themselves.
# Made by `python -m staff words`; docs/translate.md says how to translate it."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff words", description=__doc__)
    parser.add_argument("--new", metavar="LANGUAGE", help="begin one, such as de")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if it is out of date"
    )
    options = parser.parse_args(arguments)
    root = Course().root
    if options.new:
        _begin(root, options.new)
    stale = []
    for path, content in _files(root):
        if not path.is_file() or path.read_bytes() != content:
            stale.append(path.relative_to(root).as_posix())
            if not options.check:
                path.write_bytes(content)
    if options.check and stale:
        raise CourseError(
            f"out of date: {', '.join(stale)}; run `python -m staff words`"
        )
    print("\n".join(stale) or "Nothing to do.")
    return 0


def template(root: Path) -> Catalog:
    """Return all texts of ``helpers``, each with the modules in which it stands."""
    catalog = Catalog(
        project="Neural-network regularization", header_comment=_HEADER, fuzzy=False
    )
    modules = [p for p in (root / "helpers").rglob("*.*") if p.suffix in _TEXTS]
    for path in sorted(modules):
        for text in _TEXTS[path.suffix](path.read_text("utf-8")):
            catalog.add(text, locations=[(path.relative_to(root).as_posix(), 0)])
    for stem in Course(root).stems():
        catalog.add(topic(stem), locations=[(f"solutions/{stem}.py", 0)])
    for message in catalog:
        message.flags = {"python-brace-format"} if _fields(str(message.id)) else set()
    return catalog


def _python_texts(source: str) -> list[str]:
    return [text.words for text in texts(source) if text.said]


_TEXTS = {".py": _python_texts, ".js": script_texts}


def _files(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Return what should stand in each file: template, translations, compiled ones."""
    folder = root / "helpers" / "locale"
    source = template(root)
    yield folder / f"{DOMAIN}.pot", _written(source)
    for path in sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        catalog = _read(path)
        catalog.update(source, no_fuzzy_matching=True, update_header_comment=False)
        if found := faults(catalog):
            raise CourseError(f"{path.relative_to(root)}:\n  " + "\n  ".join(found))
        yield path, _written(catalog)
        compiled = io.BytesIO()
        mofile.write_mo(compiled, catalog)
        yield path.with_suffix(".mo"), compiled.getvalue()


def faults(catalog: Catalog) -> list[str]:
    """Return the translations whose fields are not those of the English text."""
    found = []
    for message in catalog:
        wanted, got = _fields(str(message.id)), _fields(str(message.string))
        if message.id and message.string and wanted != got:
            told = f"expected the fields {sorted(wanted)}, got {sorted(got)}"
            found.append(f"{message.string!r}: {told}")
    return found


def _fields(text: str) -> set[str]:
    """Return the fields of a text as they stand in it: "mean:.3g", "name!r"."""
    try:
        parts = [*Formatter().parse(text)]
    except ValueError:  # a brace that is just a brace
        return set()
    return {
        name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
        for _, name, spec, conversion in parts
        if name is not None
    }


def _begin(root: Path, language: str) -> None:
    path = root / "helpers" / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if path.exists():
        raise CourseError(f"{path.relative_to(root)} is there already; edit it")
    catalog = Catalog(locale=language, header_comment=_HEADER, fuzzy=False)
    path.parent.mkdir(parents=True)
    path.write_bytes(_written(catalog))


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return pofile.read_po(file, locale=path.parts[-3])


def _written(catalog: Catalog) -> bytes:
    """Return a catalog as text, without the times at which it was made."""
    file = io.BytesIO()
    pofile.write_po(
        file, catalog, width=88, sort_by_file=True, include_lineno=False,
        include_previous=False,
    )  # fmt: skip
    lines = file.getvalue().decode().splitlines(keepends=True)
    made = re.compile(r'"(?:POT-Creation-Date|Generated-By): ')
    return "".join(line for line in lines if not made.match(line)).encode()
