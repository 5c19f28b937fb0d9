"""Imports run one way: packages keep their order, modules make no circle."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from staff.authoring.masters import read_master

ROOT = Path(__file__).resolve().parent.parent
# Each package imports from itself and from those before it. Some names are modules;
# a package's own name stands for its `__init__`.
ORDER = {
    "helpers": (
        *(
            "words",
            "files",
            "cards",
            "curtain",
            "seeds",
            "device",
            "training",
            "population",
            "data",
            "evidence",
            "show",
        ),
        *("show", "demos", "study", "checks", "metrics", "helpers"),
    ),
    "staff": (
        *("environment", "course", "measured", "runs", "setup", "authoring", "site"),
        "grader",
        *("term", "teaching", "bench", "ci", "staff", "__main__"),
    ),
}
NOUNS = {*ORDER["helpers"]} - {
    *("words", "files", "cards", "curtain", "seeds", "device", "metrics", "helpers")
}


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Return every module of helpers and staff, by its dotted name."""
    found = {}
    for top in ORDER:
        for path in sorted((root / top).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            found[".".join(parts)] = path
    return found


def imports(text: str, known: set[str]) -> set[str]:
    """Return the course's modules that a text imports, wherever it does so."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & known or {node.module}
            if inner - known:
                found.add(node.module)
    return {name for name in found if name.split(".")[0] in ORDER}


def graph(root: Path = ROOT) -> dict[str, set[str]]:
    known = modules(root)
    return {
        name: imports(path.read_text(encoding="utf-8"), set(known)) - {name}
        for name, path in known.items()
    }


def package(name: str) -> str:
    """Return "training" for "helpers.training.callbacks"."""
    return (name.split(".") + [name])[1]


def against_the_order(edges: dict[str, set[str]]) -> list[str]:
    problems = []
    for name, targets in edges.items():
        top = name.split(".")[0]
        for target in targets:
            if target.split(".")[0] != top:
                if top == "helpers":
                    problems.append(f"{name} imports {target}: helpers never do")
            elif ORDER[top].index(package(target)) > ORDER[top].index(package(name)):
                problems.append(f"{name} imports {target}, which comes after it")
    return problems


def private_from_outside(name: str, targets: set[str]) -> list[str]:
    """Return imports of an underscored module from another package than its own."""
    return [
        f"{name} imports {target}, which is private"
        for target in targets
        if "._" in target
        and "__main__" not in target
        and not f"{name}.".startswith(target.rsplit("._", 1)[0] + ".")
    ]


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Return the modules of one circle, or nothing."""
    known = {name: targets & edges.keys() for name, targets in edges.items()}
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_every_package_has_a_place_in_the_order():
    found = {(name.split(".")[0], package(name)) for name in modules()}
    assert found == {(top, name) for top in ORDER for name in ORDER[top]}


def test_helpers_shows_eight_nouns():
    found = {
        p.name for p in (ROOT / "helpers").iterdir() if (p / "__init__.py").exists()
    }
    assert found == NOUNS
    assert len(NOUNS) == 8


def test_imports_follow_the_order():
    assert against_the_order(graph()) == []


def test_there_is_no_circle():
    assert circle(graph()) == []


def test_private_modules_stay_in_their_package():
    edges = graph().items()
    assert [p for name, to in edges for p in private_from_outside(name, to)] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "solutions").glob("*.py")), ids=lambda path: path.stem
)
def test_notebooks_import_public_modules_of_helpers(path):
    known = set(modules())
    for cell in read_master(path).cells:
        if cell.kind == "code":
            found = imports(cell.text, known)
            assert private_from_outside("a notebook", found) == []
            assert not {name for name in found if name.startswith("staff")}


@pytest.mark.parametrize("folder", ["demos", "checks/notebooks"])
def test_modules_that_serve_one_notebook_have_its_stem(folder):
    stems = {path.stem for path in (ROOT / "solutions").glob("*.py")}
    topics = stems if folder.startswith("checks") else {stem[3:] for stem in stems}
    own = {p.stem for p in (ROOT / "helpers" / folder).glob("*.py")}
    own -= {"playground"}  # of the whole course
    assert {name for name in own if not name.startswith("_")} <= topics


# --- the tests above can fail ---------------------------------------------------------


def test_a_circle_is_found(tmp_path):
    for name, text in {
        "training": "from helpers.study import progress",
        "study/progress": "import helpers.training",
    }.items():
        path = tmp_path / "helpers" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    edges = graph(tmp_path)
    assert set(circle(edges)) == {"helpers.training", "helpers.study.progress"}
    assert against_the_order(edges) == [
        "helpers.training imports helpers.study.progress, which comes after it"
    ]


def test_a_lazy_import_counts():
    known = {"helpers.checks", "helpers.study"}
    assert imports("def f():\n    from helpers import checks\n", known) == {
        "helpers.checks"
    }


def test_a_private_module_is_known_from_outside():
    target = "helpers.training._loop"
    assert private_from_outside("helpers.demos", {target})
    assert not private_from_outside("helpers.training.callbacks", {target})
