"""Fingerprints of the code and the libraries that a verdict depends on."""

from __future__ import annotations

import ast
import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from staff.course import Course

__all__ = ["check_code", "environment"]

_LIBRARIES = ("torch", "numpy", "ipython")
_PER_NOTEBOOK = "[0-9][0-9]_*.py"


def environment(root: Path | None = None) -> str:
    """Return one line that changes whenever any verdict might.

    It names the versions of Python and the libraries, and fingerprints of the helpers,
    the data, and the session's and the judge's own code. The checks of single notebooks
    are left out: `check_code` counts them in for those questions that they concern.

    Args:
        root: folder that holds ``helpers/``, ``data/`` and ``staff/``.
    """
    root = root or Course().root
    checks = {*(root / "helpers" / "checks" / "notebooks").glob(_PER_NOTEBOOK)}
    helpers = {*(root / "helpers").rglob("*.py")} - checks
    grader = root / "staff" / "grader"
    inside = [*(grader / "inside").glob("*.py"), *(grader / "judge").glob("*.py")]
    data = [*(root / "data").glob("checksums.json")]
    parts = [f"python {platform.python_version()}"]
    parts += [f"{name} {version(name)}" for name in _LIBRARIES]
    parts.append(f"helpers {_digest(root, [*helpers, *data])}")
    parts.append(f"session {_digest(root, inside)}")
    return ", ".join(parts)


def _digest(root: Path, paths: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in sorted(paths):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()[:16]


def check_code(stem: str, name: str, root: Path | None = None) -> str:
    """Return a fingerprint of what one check uses of its module.

    These are the check function, everything at the module's top level that it reaches
    by name, and all statements that define nothing. Comments and layout do not count.

    Args:
        stem: the notebook's.
        name: the exercise's.
        root: folder that holds ``helpers/``.
    """
    path = (root or Course().root) / "helpers" / "checks" / "notebooks" / f"{stem}.py"
    if not path.is_file():
        return ""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    owner = {defined: node for node in body for defined in _defines(node)}
    kept = {id(node) for node in body if not _defines(node)}
    waiting = [node for node in body if id(node) in kept]
    waiting.append(owner[name]) if name in owner else waiting.extend(body)
    while waiting:
        node = waiting.pop()
        kept.add(id(node))
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        waiting += [owner[n] for n in names & {*owner} if id(owner[n]) not in kept]
    text = "\n".join(ast.dump(node) for node in body if id(node) in kept)
    return hashlib.sha256(text.encode()).hexdigest()


def _defines(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [t.id for t in targets if isinstance(t, ast.Name)]
        if len(names) == len(targets) and names != ["__all__"]:
            return names
    return []
