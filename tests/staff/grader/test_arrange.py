"""Notebooks as learners hand them in: which cell is the answer, what else runs."""

import re
from dataclasses import replace
from unittest.mock import ANY

import pytest

from staff.authoring.install import Publication
from staff.course import Course
from staff.grader.bundle import RUN
from tests.staff.grader.sheets import (
    STEM,
    Sheet,
    answers,
    bank,
    bundle,
    extras,
    position,
)

RIGHT = bank(STEM, "inverted_dropout")[0]
OTHER = bank(STEM, "inverted_dropout")[1]
HELPER = "def coins(x, p):\n    return torch.rand(x.shape) >= p"
USES = (
    "def inverted_dropout(x, p, training, generator=None):\n    return x * coins(x, p)"
)
STEMS = [stem for stem in Course().stems() if Course().release(stem).is_file()]
NAME = "inverted_dropout"
TEST = f"test_{NAME}"


def _cell(text: str) -> str:
    """Return the id of the given cell that holds this text."""
    return next(cell.id for cell in bundle().cells if text in cell.source)


LOOK = _cell("lambda: inverted_dropout(")
EXPERIMENT = _cell("for p in (0.3, 0.5, 0.75):")
CONSTANTS = _cell("SEEDS = range(8)")
ALL = {*bundle().questions}


def only(tmp_path, sheet, source=RIGHT):
    """Read a sheet in which one question is answered; require that answer."""
    found = sheet.read(tmp_path)
    assert found.invalid == ""
    assert answers(found) == {NAME: source}
    assert found.missing == ALL - {NAME}
    return found


def says(found, *words):
    return any(all(w in line for w in words) for line in found.repairs)


# -- honest notebooks ----------------------------------------------------------------


@pytest.mark.parametrize("stem", STEMS)
def test_untouched_notebook_has_no_answers(tmp_path, stem):
    found = Sheet(stem).read(tmp_path)
    assert (found.invalid, found.repairs, found.suspicions) == ("", (), ())
    assert found.missing == {*bundle(stem).questions}
    given = [(c.source, c.id) for c in bundle(stem).cells if c.role in RUN]
    assert [(s.source, s.cell) for s in found.steps] == given
    assert {s.kind for s in found.steps} == {"provided"}


@pytest.mark.parametrize("pattern", ["right_*.py", "wrong_*.py"])
@pytest.mark.parametrize("stem", STEMS)
def test_every_kept_answer_arrives_as_it_is(tmp_path, stem, pattern):
    kept = {name: bank(stem, name, pattern) for name in bundle(stem).questions}
    order = [s.question for s in _first(stem, kept).read(tmp_path).steps if s.question]
    assert order == [name for name in kept for _ in ("answer", "test")]
    for k in range(max(map(len, kept.values()))):
        filled = {name: texts[k % len(texts)] for name, texts in kept.items()}
        for ids in (None, False, True):
            sheet = Sheet(stem).fill(**filled)
            found = (sheet if ids is None else sheet.strip(ids=ids)).read(tmp_path)
            assert answers(found) == filled
            assert extras(found) == []
            assert len(found.repairs) == (ids is not None), found.repairs


def _first(stem, kept):
    return Sheet(stem).fill(**{name: texts[0] for name, texts in kept.items()})


def test_the_instructors_cells_and_hidden_tests_are_used(tmp_path):
    found = only(tmp_path, Sheet().fill(**{NAME: RIGHT}))
    (test,) = [step for step in found.steps if step.kind == "test"]
    assert test.source == bundle().cell("test", NAME).source
    assert "### BEGIN HIDDEN TESTS" in test.source
    assert test.cell == TEST


def test_the_instructors_own_notebook_passes_intake(tmp_path):
    sheet = Sheet()
    for cell in bundle().cells:
        sheet[cell.id]["source"] = cell.source
    found = sheet.read(tmp_path)
    assert found.missing == frozenset()
    assert found.repairs == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.replace("\n    raise", "\n\n    # TODO: think\n    raise"),
        lambda s: s + "\n\n\n# later\n",
        lambda s: s.replace(
            "    raise NotImplementedError", "    raise NotImplementedError()"
        ),
        lambda s: re.sub(r'    """.*?"""\n', "", s, flags=re.S),
        lambda s: "# nothing left",
        lambda s: "",
        lambda s: "pass",
    ],
)
@pytest.mark.parametrize("ids", [None, False, True])
def test_a_stub_is_no_answer(tmp_path, change, ids):
    sheet = Sheet()
    sheet[NAME]["source"] = change(sheet[NAME]["source"])
    found = (sheet if ids is None else sheet.strip(ids=ids)).read(tmp_path)
    assert found.missing == ALL
    assert {step.kind for step in found.steps} == {"provided"}


@pytest.mark.parametrize(
    "source",
    [
        "def inverted_dropout(x, p, training, generator=None):\n    return x +",
        "inverted_dropout = standard_dropout",
        "from torch.nn.functional import dropout as inverted_dropout",
        "print('I do not know')",
        "if True:\n    inverted_dropout = lambda x, p, t, generator=None: x",
        RIGHT + "\ncheck.inverted_dropout(inverted_dropout)",
    ],
)
def test_anything_in_its_own_cell_is_the_answer_as_it_stands(tmp_path, source):
    only(tmp_path, Sheet().fill(**{NAME: source}), source)


# -- copies, splits, moves -----------------------------------------------------------


@pytest.mark.parametrize("where", [0, 3, 12, 17, 60, -1])
def test_a_copy_of_the_stub_overrides_nothing(tmp_path, where):
    sheet = Sheet()
    stub = sheet.copy(NAME)
    sheet.fill(**{NAME: RIGHT})
    sheet.cells.insert(where, stub)
    assert extras(only(tmp_path, sheet)) == []
    stub["id"], stub["metadata"] = "f00", {}
    assert extras(only(tmp_path, sheet)) == []


def test_the_last_of_several_answers_counts(tmp_path):
    sheet = Sheet()
    second = sheet.copy(NAME) | {"source": RIGHT, "id": "f00"}
    sheet.fill(**{NAME: OTHER})
    sheet.cells.insert(sheet.at(NAME) + 1, second)
    found = only(tmp_path, sheet)
    assert extras(found) == [OTHER]
    assert position(found, "extra", OTHER) == position(found, "answer", NAME) - 1
    assert says(found, "Exercise 2.2", "several answers")


def test_a_broken_copy_does_not_replace_what_works(tmp_path):
    sheet = Sheet()
    broken = sheet.copy(NAME) | {"source": RIGHT + "\n  oops(", "id": "f00"}
    sheet.fill(**{NAME: RIGHT})
    sheet.cells.insert(sheet.at(NAME) + 1, broken)
    found = only(tmp_path, sheet)
    assert extras(found) == []
    assert says(found, "a second cell for it was left out")


@pytest.mark.parametrize("metadata", [True, False])
def test_a_split_answer_works(tmp_path, metadata):
    sheet = Sheet().fill(**{NAME: "import math\n" + HELPER})
    rest = sheet.copy(NAME) | {"source": USES, "id": "f00"}
    rest["metadata"] = rest["metadata"] if metadata else {}
    sheet.cells.insert(sheet.at(NAME) + 1, rest)
    found = only(tmp_path, sheet, USES)
    assert extras(found) == ["import math\n" + HELPER]
    assert position(found, "extra", extras(found)[0]) < position(found, "answer", NAME)


@pytest.mark.parametrize("metadata", [True, False])
def test_a_helper_split_off_below_is_kept(tmp_path, metadata):
    sheet = Sheet().fill(**{NAME: USES})
    rest = sheet.copy(NAME) | {"source": HELPER, "id": "f00"}
    rest["metadata"] = rest["metadata"] if metadata else {}
    sheet.cells.insert(sheet.at(NAME) + 1, rest)
    found = only(tmp_path, sheet, USES)
    where = position(found, "extra", HELPER)
    assert position(found, "answer", NAME) < where < position(found, "test", NAME)


@pytest.mark.parametrize("ids", [None, False, True])
@pytest.mark.parametrize("below", [f"test_{NAME}", "test_DropConnect", "setup"])
def test_a_moved_answer_is_put_back(tmp_path, below, ids):
    sheet = Sheet().fill(**{NAME: RIGHT, "DropConnect": bank(STEM, "DropConnect")[0]})
    cell = sheet.cells.pop(sheet.at(NAME))
    sheet.cells.insert(sheet.at(below) + 1, cell)
    found = (sheet if ids is None else sheet.strip(ids=ids)).read(tmp_path)
    order = [step.question for step in found.steps if step.question]
    assert order == [NAME, NAME, "DropConnect", "DropConnect"]
    assert answers(found)[NAME] == RIGHT
    assert says(found, "Exercise 2.2", "moved")


def test_the_helper_before_a_moved_answer_goes_with_it(tmp_path):
    sheet = Sheet().fill(**{NAME: USES})
    cell = sheet.cells.pop(sheet.at(NAME))
    end = sheet.at("test_channel_dropout") + 1
    sheet.cells[end:end] = [cell]
    sheet.insert(end, HELPER)
    found = only(tmp_path, sheet, USES)
    assert position(found, "extra", HELPER) < position(found, "answer", NAME)


@pytest.mark.parametrize("where", [LOOK, TEST, "setup", EXPERIMENT])
def test_an_answer_written_into_another_cell_is_found(tmp_path, where):
    sheet = Sheet()
    sheet[where]["source"] = RIGHT + "\n\n" + "".join(sheet[where]["source"])
    found = sheet.read(tmp_path)
    assert [*answers(found)] == [NAME]
    assert "def inverted_dropout" in answers(found)[NAME]
    assert says(found, "Exercise 2.2", "another cell")


@pytest.mark.parametrize("where", [4, 16, 30, 70])
def test_an_answer_in_a_new_cell_is_found(tmp_path, where):
    found = only(tmp_path, Sheet().insert(where, RIGHT))
    assert extras(found) == []
    assert says(found, "Exercise 2.2", "another cell")


def test_a_second_try_in_a_new_cell_runs_before_the_check(tmp_path):
    sheet = Sheet().fill(**{NAME: OTHER})
    sheet.insert(sheet.at(NAME) + 1, RIGHT)
    found = only(tmp_path, sheet, OTHER)
    where = position(found, "extra", RIGHT)
    assert position(found, "answer", NAME) < where < position(found, "test", NAME)


def test_a_broken_first_try_gives_way_to_a_new_cell(tmp_path):
    sheet = Sheet().fill(**{NAME: "def inverted_dropout(x, p:\n    return"})
    sheet.insert(sheet.at(NAME) + 1, RIGHT)
    only(tmp_path, sheet)


def test_answers_swapped_between_two_cells_are_told_apart(tmp_path):
    other = bank(STEM, "Dropout")[0]
    found = Sheet().fill(**{NAME: other, "Dropout": RIGHT}).read(tmp_path)
    assert answers(found) == {NAME: RIGHT, "Dropout": other}
    assert extras(found) == []


def test_two_answers_in_one_cell_serve_both(tmp_path):
    both = RIGHT + "\n\n\n" + bank(STEM, "Dropout")[0]
    found = Sheet().fill(**{NAME: both}).read(tmp_path)
    assert answers(found) == {NAME: both, "Dropout": both}


def test_a_text_cell_with_the_answer_is_read_as_code(tmp_path):
    sheet = Sheet().fill(**{NAME: RIGHT})
    sheet[NAME]["cell_type"] = "raw"
    assert says(only(tmp_path, sheet), "Exercise 2.2", "text cell")


@pytest.mark.parametrize("second", ["before", "after", "below"])
def test_an_exercise_with_two_functions_may_use_two_cells(tmp_path, second):
    l2 = "def l2_penalty(w, strength):\n    return strength / 2 * w.square().sum()"
    l1 = "def l1_penalty(w, strength):\n    return strength * w.abs().sum()"
    sheet = Sheet("03_l1_l2").fill(l2_penalty=l2)
    at = sheet.at("l2_penalty"), sheet.at("l2_penalty") + 1, len(sheet.cells)
    sheet.insert(at[["before", "after", "below"].index(second)], l1)
    found = sheet.read(tmp_path)
    assert answers(found) == {"l2_penalty": l2}
    assert position(found, "extra", l1) < position(found, "test", "l2_penalty")


# -- the learner's own cells -----------------------------------------------------------


def test_own_cells_stay_where_they_stood(tmp_path):
    sheet = Sheet().fill(**{NAME: RIGHT})
    sheet.insert(sheet.at("setup") + 1, "import numpy as np", id="mine-1")
    sheet.insert(sheet.at(NAME), HELPER, id="bad id!")
    sheet.insert(sheet.at(TEST) + 1, "print('done')", id=TEST)
    sheet.insert(0, "x = 1")
    sheet.insert(9, "# nothing", id="mine-2")
    found = only(tmp_path, sheet)
    kinds = [(s.kind, s.source.split("\n")[0][:12]) for s in found.steps]
    assert kinds == [
        ("extra", "x = 1"),
        ("provided", "import math"),
        ("extra", "import numpy"),
        ("provided", "SEEDS = rang"),
        ("provided", 'warm_up("02_'),
        ("extra", "def coins(x,"),
        ("answer", RIGHT.split("\n")[0][:12]),
        ("test", "check.invert"),
        ("extra", "print('done'"),
        ("provided", "quick_check("),
        ("provided", 'quiz("02_dro'),
    ]
    names = [step.cell for step in found.steps]
    assert len({*names}) == len(names)
    assert "mine-1" in names
    assert all(re.fullmatch(r"[\w-]{1,64}", name) for name in names)


@pytest.mark.parametrize("ids", [None, False, True])
def test_what_is_added_to_a_given_cell_is_kept(tmp_path, ids):
    sheet = Sheet().fill(**{NAME: RIGHT})
    added = (
        "import numpy as np\nEPS = 1e-8\n@torch.no_grad()\ndef mine(x):\n    return x"
    )
    sheet["setup"]["source"] = "".join(sheet["setup"]["source"]) + "\n" + added
    sheet["setup"]["source"] += "\nplots.use_course_style()\nmath = 3 + 4"
    found = only(tmp_path, sheet if ids is None else sheet.strip(ids=ids))
    (extra,) = extras(found)
    assert extra == added
    assert [s.kind for s in found.steps[:2]] == ["provided", "extra"]
    given = next(cell.source for cell in bundle().cells if cell.role == "setup")
    assert found.steps[0].source == given
    assert says(found, "import math", "what you added was kept")


def test_experiments_are_not_run_but_their_helpers_are(tmp_path):
    sheet = Sheet().fill(**{NAME: RIGHT})
    source = "".join(sheet[EXPERIMENT]["source"])
    sheet[EXPERIMENT]["source"] = (
        "def mine():\n    pass\n" + source.replace("0.75", "0.9") + "\nfit(1)\np = 7"
    )
    found = only(tmp_path, sheet)
    assert extras(found) == ["def mine():\n    pass"]
    assert found.repairs == ()


@pytest.mark.parametrize("name", ["setup", LOOK, TEST, EXPERIMENT])
def test_copies_of_given_cells_are_left_out(tmp_path, name):
    sheet = Sheet().fill(**{NAME: RIGHT})
    sheet.cells.insert(40, sheet.copy(name))
    sheet.cells.insert(40, sheet.copy(name) | {"id": "f00", "metadata": {}})
    assert extras(only(tmp_path, sheet)) == []


@pytest.mark.parametrize("ids", [None, False, True])
def test_a_changed_check_is_replaced(tmp_path, ids):
    sheet = Sheet().fill(**{NAME: RIGHT})
    sheet[TEST]["source"] = "check.inverted_dropout(inverted_dropout, seed=3)"
    found = only(tmp_path, sheet if ids is None else sheet.strip(ids=ids))
    assert says(found, "Exercise 2.2", "check cell was changed")
    assert any("check cell was changed" in line for line in found.suspicions)
    assert extras(found) == []


def test_deleted_cells_are_put_back(tmp_path):
    sheet = Sheet().fill(**{NAME: RIGHT})
    for name in (TEST, "setup", CONSTANTS, LOOK):
        sheet.cells.pop(sheet.at(name))
    found = only(tmp_path, sheet)
    assert [s.kind for s in found.steps] == [
        *("provided",) * 3,  # the last one is the warm-up's
        *("answer", "test", "provided", "provided"),
    ]
    assert says(found, "Exercise 2.2", "check cell was missing")
    assert says(found, "2 given cells were missing")


def test_a_deleted_answer_cell_is_a_missing_answer(tmp_path):
    sheet = Sheet().fill(Dropout=bank(STEM, "Dropout")[0])
    sheet.cells.pop(sheet.at(NAME))
    found = sheet.read(tmp_path)
    assert NAME in found.missing
    assert "Dropout" in answers(found)


def test_wanted_imports_beside_a_stub_are_kept(tmp_path):
    sheet = Sheet().fill(Dropout="def _f(x):\n    return x\n")
    stub = "".join(sheet[NAME]["source"])
    sheet[NAME]["source"] = "import itertools\n" + stub
    found = sheet.read(tmp_path)
    assert NAME in found.missing
    assert extras(found) == ["import itertools"]


# -- metadata --------------------------------------------------------------------------


def meta(sheet, name, **changes):
    sheet[name]["metadata"]["nbgrader"] |= changes
    return sheet


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        (TEST, {"points": 200}, ("200 points", "instead of 2")),
        (TEST, {"points": float("nan")}, ("nan points",)),
        (TEST, {"points": "=cmd()"}, ("points", "instead of 2")),
        (TEST, {"grade": False}, ("grade=False",)),
        (TEST, {"locked": False}, ("locked=False",)),
        (TEST, {"solution": 1}, ("solution=1",)),
        (NAME, {"grade": True, "points": 5}, ("5 points",)),
        (NAME, {"grade_id": "x\n\x1b"}, ("unknown grade_id", "x\\n\\x1b")),
        (NAME, {"grade_id": "Dropout"}, ("2 cells have the grade_id", "Dropout")),
        (NAME, {"schema_version": 99}, ()),
        (NAME, {"schema_version": None, "checksum": [1]}, ()),
    ],
)
def test_changed_metadata_is_shown_and_changes_nothing(tmp_path, name, changes, words):
    honest = only(tmp_path, Sheet().fill(**{NAME: RIGHT}))
    found = only(tmp_path, meta(Sheet().fill(**{NAME: RIGHT}), name, **changes))
    assert found.steps == honest.steps
    assert bool(words) == any(
        all(word in line for word in words) for line in found.suspicions
    )
    assert all(line.isprintable() for line in found.suspicions)


@pytest.mark.parametrize("same", ["setup", TEST, "x", "", "é" * 300])
def test_all_ids_the_same(tmp_path, same):
    sheet = Sheet().fill(**{NAME: RIGHT})
    for cell in sheet.cells:
        cell["id"] = same
    found = sheet.read(tmp_path)
    assert answers(found)[NAME].strip() == RIGHT.strip()


def test_ids_and_names_that_contradict_each_other(tmp_path):
    sheet = Sheet().fill(**{NAME: RIGHT})
    for cell in sheet.cells:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["grade_id"] = "setup"
    only(tmp_path, sheet)


# -- what a person should look at -----------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        *("import gc; gc.get_objects()", "gc.get_referrers(x)", "sys._getframe(1)"),
        *("inspect.stack()", "inspect.currentframe()", "import ctypes"),
        *("sys.settrace(f)", "sys.setprofile(f)", "get_ipython().run_line_magic('a')"),
        *(
            "shell.ast_transformers.append(x)",
            "class A:\n    def __eq__(s, o): return 1",
        ),
        *("torch.allclose = yes", "setattr(torch.nn, 'Module', 3)", "del torch.rand"),
        *("import builtins", "open('/proc/self/maps')", "open('gradebook.db')"),
        *("open('solutions/02.py')", "from helpers.checks import trial", "os._exit(0)"),
        *("from helpers.checks import again, load", "helpers.checks.again.__globals__"),
        *("helpers.checks.load = 1", "nn.functional.relu = f", "eval('1')", "In[-1]"),
    ],
)
@pytest.mark.parametrize("where", ["answer", "extra"])
def test_hints_are_for_a_person_and_change_nothing(tmp_path, line, where):
    sheet = Sheet().fill(**{NAME: RIGHT})
    if where == "extra":
        sheet.insert(20, f"\n{line}")
        found = only(tmp_path, sheet)
        assert f"\n{line}" in extras(found)
    else:
        found = only(
            tmp_path, sheet.fill(**{NAME: f"{RIGHT}\n{line}"}), f"{RIGHT}\n{line}"
        )
    assert any("line " in hint for hint in found.suspicions), line
    assert all(hint.isprintable() and len(hint) < 200 for hint in found.suspicions)


def test_honest_code_gives_few_hints(tmp_path):
    """A list that is long for honest work would not be looked at."""
    files = hinted = 0
    for name in ALL:
        for text in bank(STEM, name):
            files += 1
            hinted += bool(Sheet().fill(**{name: text}).read(tmp_path).suspicions)
    assert files > 40
    assert hinted <= files / 20


# -- cells that are there to be written in, and the one that fetches the course -------

FROM_MEMORY = (
    "def train_epoch(model, batches, loss_fn, optimizer):\n    return 0.0\n\n\n"
    "from helpers.checks import again\nagain(train_epoch)"
)


def scratch():
    return next(cell.id for cell in bundle().cells if cell.role == "scratch")


@pytest.mark.parametrize("ids", [None, False, True])
def test_a_scratch_cell_is_the_learners_own(tmp_path, ids):
    sheet = Sheet().fill(**{NAME: RIGHT})
    sheet[scratch()]["source"] = FROM_MEMORY
    found = only(tmp_path, sheet if ids is None else sheet.strip(ids=ids))
    assert extras(found) == [FROM_MEMORY]
    assert not any("given cell" in line for line in found.repairs)
    assert found.suspicions == ()


def test_a_scratch_cell_left_alone_or_deleted_is_nothing(tmp_path):
    sheet = Sheet().fill(**{NAME: RIGHT})
    left = only(tmp_path, sheet)
    sheet.cells.pop(sheet.at(scratch()))
    deleted = only(tmp_path, sheet)
    assert left.steps == deleted.steps
    assert left.repairs == deleted.repairs == ()
    assert scratch() not in {step.cell for step in left.steps}


def test_an_answer_may_stand_in_a_scratch_cell(tmp_path):
    sheet = Sheet()
    sheet[scratch()]["source"] = RIGHT
    found = only(tmp_path, sheet)
    assert says(found, "Exercise 2.2", "found in another cell than its own")


@pytest.mark.parametrize("ids", [None, False, True])
@pytest.mark.parametrize(
    "source",
    [
        Publication(version="0.0.9", address="https://example.org/course.git").cell(),
        Publication().cell(),
        "%pip install regularization_course-0.1.0-py3-none-any.whl",
        "",
    ],
)
def test_the_cell_that_fetches_the_course_may_be_another_versions(
    tmp_path, source, ids
):
    sheet = Sheet().fill(**{NAME: RIGHT})
    honest = only(tmp_path, sheet)
    sheet["install"]["source"] = source
    found = only(tmp_path, sheet if ids is None else sheet.strip(ids=ids))
    assert found.steps == honest.steps
    assert found.suspicions == ()
    assert not any("given cell" in line for line in found.repairs)


def test_the_cell_that_fetches_the_course_may_be_missing(tmp_path):
    sheet = Sheet().fill(**{NAME: RIGHT})
    honest = only(tmp_path, sheet)
    sheet.cells.pop(sheet.at("install"))
    assert only(tmp_path, sheet) == replace(honest, sha256=ANY)
