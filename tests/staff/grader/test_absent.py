"""Imports of packages that are not installed cost the question that needs them."""

import ast

import pytest

from staff.grader import intake, reader
from tests.staff.grader.sheets import STEM, Sheet, answers, bank, bundle, extras

RIGHT = bank(STEM, "inverted_dropout")[0]
OTHER = bank(STEM, "Dropout")[0]
NAME = "inverted_dropout"


def filled(**more):
    return Sheet().fill(**({NAME: RIGHT, "Dropout": OTHER} | more))


@pytest.mark.parametrize(
    "line",
    [
        "import no_such_package",
        "import no_such_package.inner as nsp",
        "from no_such_package import something as other",
        "from no_such_package.inner import (\n    one,\n    two,\n)",
        "import math, no_such_package as nsp, random",
        "import math; import no_such_package; import random",
        "if True:\n    import no_such_package",
        "%pip install no_such_package\nimport no_such_package",
    ],
)
def test_an_import_that_nobody_needs_costs_nothing(tmp_path, line):
    found = filled(**{NAME: f"{line}\n{RIGHT}"}).read(tmp_path)
    text = answers(found)[NAME]
    names = {"torch": None}
    body = [n for n in ast.parse(text).body if not isinstance(n, ast.FunctionDef)]
    exec(compile(ast.Module(body, []), "", "exec"), names)  # nothing is missing
    assert RIGHT.strip() in text
    assert ("math" in names) == ("math" in line)
    assert any("no_such_package is not installed" in line for line in found.repairs)
    assert answers(found)["Dropout"] == OTHER
    assert found.missing == {*bundle().questions} - {NAME, "Dropout"}


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import no_such_package\nexcept ImportError:\n    pass",
        "try:\n    import no_such_package as q\nexcept Exception:\n    q = None",
    ],
)
def test_an_import_that_may_fail_stays(tmp_path, text):
    found = filled(**{NAME: f"{text}\n{RIGHT}"}).read(tmp_path)
    assert answers(found)[NAME] == f"{text}\n{RIGHT}"
    assert (found.repairs, found.absent) == ((), ())


def test_what_stands_beside_it_in_the_set_up_is_kept(tmp_path):
    added = "import itertools\n\ndef mine(x):\n    return x\n\nEPS = 1e-9"
    sheet = filled()
    sheet["setup"]["source"] += f"\nimport no_such_package as nsp\n{added}"
    found = sheet.read(tmp_path)
    (extra,) = extras(found)
    names = {}
    exec(extra, names)
    assert {"itertools", "mine", "EPS"} <= {*names}
    assert found.absent == (("no_such_package", ""),)


@pytest.mark.parametrize("where", ["own", "extra", "setup", "inside"])
def test_only_the_answer_that_uses_it_lacks_it(tmp_path, where):
    line = "import no_such_package as nsp"
    first, rest = RIGHT.split("\n", 1)
    uses = f"{first}\n    nsp.check(x)\n{rest}"
    sheet = filled(**{NAME: uses})
    if where == "own":
        sheet[NAME]["source"] = f"{line}\n{uses}"
    elif where == "extra":
        sheet.insert(5, line)
    elif where == "setup":
        sheet["setup"]["source"] += f"\n{line}"
    else:
        sheet[NAME]["source"] = f"{first}\n    {line}\n    nsp.check(x)\n{rest}"
    found = sheet.read(tmp_path)
    assert found.lacking(NAME) == ["no_such_package"]
    assert found.lacking("Dropout") == []
    (line,) = found.suspicions
    assert "Exercise 2.2 imports no_such_package, which is not installed here" in line


def test_once_it_is_installed_the_answer_runs_again(tmp_path, monkeypatch):
    first, rest = RIGHT.split("\n", 1)
    inside = f"{first}\n    import no_such_package\n{rest}"
    found = []
    for there in (False, True):
        monkeypatch.setattr(reader, "installed", lambda _, there=there: there)
        monkeypatch.setattr(intake, "installed", lambda _, there=there: there)
        found.append(filled(**{NAME: inside}).read(tmp_path))
    assert found[0].steps == found[1].steps
    keys = [bundle().question_key(NAME, each, "here") for each in found]
    assert keys[0] != keys[1]


def test_hundreds_of_packages_are_not_all_looked_for(tmp_path):
    lines = "\n".join(f"import no_such_{k}" for k in range(900))
    found = filled(**{NAME: f"{lines}\n{RIGHT}"}).read(tmp_path)
    assert found.invalid == ""
    assert len(found.absent) <= 20
    assert sum(map(len, found.repairs)) < 3_000
