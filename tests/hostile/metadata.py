"""Notebooks whose cells or metadata are not as they were released."""

import copy
import uuid

from tests.hostile.case import RIGHT, TARGET, WRONG, Bank, Desk

__all__ = ["bank"]

bank = Bank("metadata")
TEST = f"test_{TARGET}"
NEXT = "Dropout"
STUB = (
    "def inverted_dropout(x, p, training, generator=None):\n"
    "    raise NotImplementedError"
)
KEEPS = {"*": "PASS"}
edit = bank.notebook


def code_cells(desk: Desk) -> list[dict]:
    return [c for c in desk.notebook["cells"] if c["cell_type"] == "code"]


def graded(desk: Desk) -> list[dict]:
    return [c for c in desk.notebook["cells"] if "nbgrader" in c["metadata"]]


# -- cells -------------------------------------------------------------------------


@edit("deleted-test", "a right answer without its test cell", KEEPS)
def _(desk):
    desk.notebook["cells"].remove(desk.cell(TEST))


@edit("deleted-test-wrong", "a wrong answer without its test cell", "FAIL")
def _(desk):
    desk.answer(WRONG)
    desk.notebook["cells"].remove(desk.cell(TEST))


@edit("deleted-all-tests", "every test cell is gone", KEEPS)
def _(desk):
    for cell in [c for c in graded(desk) if c["metadata"]["nbgrader"]["grade"]]:
        desk.notebook["cells"].remove(cell)


@edit("deleted-answer", "the answer cell is gone", "MISSING")
def _(desk):
    desk.notebook["cells"].remove(desk.cell())


@edit("deleted-setup", "the set-up cell is gone", KEEPS)
def _(desk):
    desk.notebook["cells"].remove(desk.cell("setup"))


@edit("only-answers", "nothing is left but the answer cells", KEEPS)
def _(desk):
    cells = [c for c in graded(desk) if c["metadata"]["nbgrader"]["solution"]]
    desk.notebook["cells"] = cells


@edit("copied-test", "a test cell stands twice", KEEPS)
def _(desk):
    desk.notebook["cells"].insert(desk.index(TEST), desk.copy_of(TEST))


@edit("copied-answer", "an answer cell stands twice, with the same text", KEEPS)
def _(desk):
    desk.notebook["cells"].insert(desk.index(), desk.copy_of())


@edit("copied-stub-first", "the stub still stands before a copy with the answer", KEEPS)
def _(desk):
    stub = desk.copy_of()
    stub["source"] = STUB
    desk.notebook["cells"].insert(desk.index(), stub)
    desk.cell()["id"], desk.notebook["cells"][desk.index() + 1]["id"] = TARGET, "b" * 8


@edit(
    "copied-wrong-first", "a wrong answer stands before a right copy of the cell", KEEPS
)
def _(desk):
    wrong = desk.copy_of()
    wrong |= {"source": WRONG, "id": "0123abcd"}
    desk.notebook["cells"].insert(desk.index(), wrong)


@edit("all-copied", "the whole notebook stands twice", KEEPS)
def _(desk):
    desk.notebook["cells"] += copy.deepcopy(desk.notebook["cells"])


@edit(
    "split-answer",
    "the answer is split: constants here, the function in a new cell",
    KEEPS,
)
def _(desk):
    desk.insert(RIGHT, before=TEST)
    desk.answer("LOW, HIGH = 0, 1")


@edit("answer-in-own-cell", "the stub stands, a new cell after it answers", KEEPS)
def _(desk):
    desk.insert(RIGHT, before=TEST)
    desk.answer(STUB)


@edit(
    "answer-after-test",
    "the stub stands, a new cell after the test answers",
    "MISSING FAIL PASS",
)
def _(desk):
    desk.insert(RIGHT, before=NEXT)
    desk.answer(STUB)


@edit(
    "two-answers-in-one-cell",
    "one cell answers two questions, the other is deleted",
    {TARGET: "PASS MISSING"},
)
def _(desk):
    desk.answer(
        RIGHT + "\n\n" + "".join(desk.cell("standard_dropout")["source"]),
        "standard_dropout",
    )
    desk.notebook["cells"].remove(desk.cell())


@edit("moved-answer", "an answer cell moved to the end", KEEPS)
def _(desk):
    cell = desk.cell()
    desk.notebook["cells"].remove(cell)
    desk.notebook["cells"].append(cell)


@edit("moved-test", "a test cell moved to the top", KEEPS)
def _(desk):
    cell = desk.cell(TEST)
    desk.notebook["cells"].remove(cell)
    desk.notebook["cells"].insert(0, cell)


@edit("reversed", "all cells stand in reverse order", KEEPS)
def _(desk):
    desk.notebook["cells"].reverse()


@edit("edited-test", "a wrong answer; its test cell says pass", "FAIL")
def _(desk):
    desk.answer(WRONG)
    desk.answer("pass", TEST)


@edit("edited-test-exits", "a right answer; its test cell ends the process", KEEPS)
def _(desk):
    desk.answer("import os; os._exit(0)", TEST)


@edit(
    "edited-setup",
    "a wrong answer; the set-up cell loads a check that agrees",
    "FAIL TAMPERED",
)
def _(desk):
    desk.answer(WRONG)
    fake = (
        "import types\ncheck = types.SimpleNamespace(inverted_dropout=lambda f: None)"
    )
    desk.answer("".join(desk.cell("setup")["source"]) + "\n" + fake, "setup")


@edit("edited-provided", "a provided cell is edited so that it raises", KEEPS)
def _(desk):
    own = next(c for c in code_cells(desk) if "nbgrader" not in c["metadata"])
    own["source"] = "raise RuntimeError('I was only trying something')"


@edit(
    "test-as-answer",
    "the answer cell's metadata stand on a cell with test text",
    "MISSING FAIL ERROR TAMPERED",
)
def _(desk):
    desk.cell()["source"] = "check.inverted_dropout(lambda *a, **k: None)"


@edit("answer-as-markdown", "the answer cell was turned into text", "MISSING PASS")
def _(desk):
    cell = desk.cell()
    cell["cell_type"] = "markdown"
    del cell["outputs"], cell["execution_count"]


@edit("answer-as-raw", "the answer cell was turned into a raw cell", "MISSING PASS")
def _(desk):
    cell = desk.cell()
    cell["cell_type"] = "raw"
    del cell["outputs"], cell["execution_count"]


@edit("unknown-cell-type", "a cell of an unknown type", {"*": "PASS INVALID_FILE"})
def _(desk):
    desk.insert("x", before=TARGET)["cell_type"] = "spreadsheet"


@edit("untouched-stub", "the stub untouched", "MISSING")
def _(desk):
    desk.answer(STUB)


@edit("empty-answer", "an empty answer cell", "MISSING")
def _(desk):
    desk.answer("")


@edit("comment-only", "only a comment", "MISSING")
def _(desk):
    desk.answer("# I ran out of time")


@edit("fenced-answer", "the answer within solution and hidden-test markers", KEEPS)
def _(desk):
    marks = "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n### BEGIN SOLUTION\n"
    desk.answer(f"{marks}{RIGHT}### END SOLUTION\n")


@edit("unclosed-marker", "a region that never ends, in the answer", KEEPS)
def _(desk):
    desk.answer(RIGHT + "\n### BEGIN HIDDEN TESTS\n# ### BEGIN SOLUTION")


# -- metadata ----------------------------------------------------------------------


@edit("metadata-stripped", "no cell has metadata, as some editors leave it", KEEPS)
def _(desk):
    for cell in desk.notebook["cells"]:
        cell["metadata"] = {}


@edit("as-colab-leaves-it", "new ids, Colab's metadata, outputs kept", KEEPS)
def _(desk):
    for k, cell in enumerate(desk.notebook["cells"]):
        cell["metadata"] = {"id": f"c0lab{k}", "colab": {"base_uri": "https://x"}}
        cell.pop("id", None)
    desk.notebook["metadata"] = {"colab": {"provenance": []}, "accelerator": "GPU"}
    desk.notebook["nbformat_minor"] = 0


@edit("new-ids", "every cell has a new id", KEEPS)
def _(desk):
    for cell in desk.notebook["cells"]:
        cell["id"] = uuid.uuid5(uuid.NAMESPACE_URL, cell["id"]).hex[:12]


@edit("no-ids", "no cell has an id, an older minor version", KEEPS)
def _(desk):
    for cell in desk.notebook["cells"]:
        cell.pop("id", None)
    desk.notebook["nbformat_minor"] = 2


@edit("ids-and-metadata-gone", "neither ids nor metadata", KEEPS)
def _(desk):
    for cell in desk.notebook["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)


@edit("duplicate-ids", "all cells have the same id", KEEPS)
def _(desk):
    for cell in desk.notebook["cells"]:
        cell["id"] = "same"


@edit("swapped-ids", "a right answer carries the id of another question", {"*": "PASS"})
def _(desk):
    one, other = desk.cell(), desk.cell(NEXT)
    one["id"], other["id"] = other["id"], one["id"]


@edit(
    "hostile-ids", "ids that are paths, code and very long", {"*": "PASS INVALID_FILE"}
)
def _(desk):
    bad = ["../../../etc/passwd", "<script>alert(1)</script>", "x" * 100_000, "\n"]
    for cell, name in zip(desk.notebook["cells"][:4], bad, strict=True):
        cell["id"] = name


@edit(
    "ids-of-wrong-type",
    "ids that are numbers, lists and null",
    {"*": "PASS INVALID_FILE"},
)
def _(desk):
    for cell, name in zip(desk.notebook["cells"][:3], (1, [2], None), strict=True):
        cell["id"] = name


@edit("flags-flipped", "every nbgrader flag is turned round", KEEPS)
def _(desk):
    for cell in graded(desk):
        meta = cell["metadata"]["nbgrader"]
        for flag in ("grade", "solution", "locked", "task"):
            meta[flag] = not meta[flag]


@edit("points-raised", "a wrong answer whose test promises 1000 points", "FAIL")
def _(desk):
    desk.answer(WRONG)
    desk.cell(TEST)["metadata"]["nbgrader"]["points"] = 1000


@edit("points-raised-right", "all answers right, every test worth a million", KEEPS)
def _(desk):
    for cell in graded(desk):
        if cell["metadata"]["nbgrader"]["grade"]:
            cell["metadata"]["nbgrader"]["points"] = 1_000_000


@edit("points-odd", "points that are negative, nan, text and null", KEEPS)
def _(desk):
    tests = [c for c in graded(desk) if c["metadata"]["nbgrader"]["grade"]]
    for cell, points in zip(tests, (-5, float("nan"), "99", None), strict=False):
        cell["metadata"]["nbgrader"]["points"] = points


@edit("added-test-cell", "a graded cell of its own, worth 50 points", KEEPS)
def _(desk):
    cell = desk.insert("assert True", before=NEXT)
    cell["metadata"]["nbgrader"] = desk.copy_of(TEST)["metadata"]["nbgrader"] | {
        "grade_id": "bonus",
        "points": 50,
    }


@edit("swapped-grade-ids", "a wrong answer's test takes the name of another", "FAIL")
def _(desk):
    desk.answer(WRONG)
    one, other = (desk.cell(n)["metadata"]["nbgrader"] for n in (TEST, f"test_{NEXT}"))
    one["grade_id"], other["grade_id"] = other["grade_id"], one["grade_id"]


@edit("renamed-grade-ids", "grade ids renamed, cell ids kept", KEEPS)
def _(desk):
    for cell in graded(desk):
        cell["metadata"]["nbgrader"]["grade_id"] += "_renamed"


@edit(
    "grade-ids-of-wrong-type",
    "grade ids are numbers and lists",
    {"*": "PASS INVALID_FILE"},
)
def _(desk):
    for k, cell in enumerate(graded(desk)):
        cell["metadata"]["nbgrader"]["grade_id"] = k if k % 2 else [k]


@edit(
    "auto-manual",
    "a wrong answer marks its test as graded by hand, with a comment",
    "FAIL",
)
def _(desk):
    desk.answer(WRONG)
    meta = desk.cell(TEST)["metadata"]["nbgrader"]
    meta |= {"solution": True, "score": 99, "manual_score": 99, "comment": "well done"}


@edit("schema-missing", "no schema version", KEEPS)
def _(desk):
    for cell in graded(desk):
        del cell["metadata"]["nbgrader"]["schema_version"]


for version in (1, 2, 4, 99, "three", None):

    @edit(f"schema-{version}", f"schema version {version!r}", KEEPS)
    def _(desk, version=version):
        for cell in graded(desk):
            cell["metadata"]["nbgrader"]["schema_version"] = version


@edit("checksums-changed", "every checksum is another", KEEPS)
def _(desk):
    for cell in graded(desk):
        cell["metadata"]["nbgrader"]["checksum"] = "0" * 32


@edit(
    "nbgrader-is-a-list", "nbgrader's metadata are a list", {"*": "PASS INVALID_FILE"}
)
def _(desk):
    for cell in graded(desk):
        cell["metadata"]["nbgrader"] = []


@edit("metadata-is-null", "metadata are null", {"*": "PASS INVALID_FILE"})
def _(desk):
    for cell in desk.notebook["cells"]:
        cell["metadata"] = None


@edit("metadata-missing", "cells have no metadata at all", {"*": "PASS INVALID_FILE"})
def _(desk):
    for cell in desk.notebook["cells"]:
        del cell["metadata"]


@edit(
    "role-changed", "an answer is said to be an experiment, so as not to be run", KEEPS
)
def _(desk):
    for cell in code_cells(desk):
        cell["metadata"]["course"] = {"role": "experiment"}
        cell["metadata"]["tags"] = ["experiment", "remove-cell"]


@edit(
    "extra-as-setup",
    "an extra cell that claims to be set-up ends the process",
    "PASS CRASHED",
)
def _(desk):
    cell = desk.insert("import os; os._exit(0)", before=TARGET)
    cell["metadata"] = {"course": {"role": "setup"}, "tags": ["setup"]}


# -- the notebook's own metadata ---------------------------------------------------

KERNELS = {
    "wrong": {"name": "my-conda-env", "display_name": "py39"},
    "r": {"name": "ir", "display_name": "R", "language": "R"},
    "path": {"name": "../../../bin/sh", "display_name": "<b>"},
    "null": None,
}
for label, spec in KERNELS.items():

    @edit(f"kernel-{label}", f"another kernelspec: {label}", KEEPS)
    def _(desk, spec=spec):
        desk.notebook["metadata"]["kernelspec"] = spec


@edit("no-notebook-metadata", "the notebook's metadata are gone", KEEPS)
def _(desk):
    desk.notebook["metadata"] = {}


@edit("language-r", "the notebook says that it is R", KEEPS)
def _(desk):
    desk.notebook["metadata"]["language_info"] = {"name": "R", "version": "4"}


@edit("build-stamp-changed", "the stamp of the build is of another release", KEEPS)
def _(desk):
    desk.notebook["metadata"]["course"] = {"built": "f" * 64}


@edit(
    "other-assignment",
    "the notebook of another assignment",
    {"*": "INVALID_FILE MISSING"},
)
def _(desk):
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [cell | {"id": f"c{k}", "source": f"print({k})"} for k in range(3)]
    desk.notebook["cells"] = cells


@edit("nbformat-3", "the format of 2012, with worksheets", {"*": "PASS INVALID_FILE"})
def _(desk):
    cells = []
    for cell in desk.notebook["cells"]:
        cell = {k: v for k, v in cell.items() if k not in {"id", "execution_count"}}
        if cell["cell_type"] == "code":
            cell |= {
                "input": cell.pop("source"),
                "language": "python",
                "collapsed": False,
            }
        cells.append(cell)
    desk.notebook = {
        "metadata": {"name": ""},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": cells, "metadata": {}}],
    }


for major, minor in ((4, 0), (4, 99), (5, 0), (2, 0), ("4", "5"), (None, None)):
    names = KEEPS if (major, minor) in {(4, 0), (4, 99)} else {"*": "PASS INVALID_FILE"}

    @edit(f"nbformat-{major}-{minor}", f"says it is of version {major}.{minor}", names)
    def _(desk, major=major, minor=minor):
        desk.notebook |= {"nbformat": major, "nbformat_minor": minor}


@edit("unknown-keys", "keys that the format does not know", KEEPS)
def _(desk):
    desk.notebook["extra"] = {"a": [1] * 100}
    for cell in desk.notebook["cells"]:
        cell["surprise"] = "x"


@edit("sources-as-lists", "sources are lists of lines", KEEPS)
def _(desk):
    for cell in desk.notebook["cells"]:
        cell["source"] = "".join(cell["source"]).splitlines(True)


@edit(
    "source-null",
    "the answer's source is null",
    {TARGET: "MISSING INVALID_FILE", "*": "PASS INVALID_FILE"},
)
def _(desk):
    desk.cell()["source"] = None


@edit(
    "source-missing",
    "the answer has no source",
    {TARGET: "MISSING INVALID_FILE", "*": "PASS INVALID_FILE"},
)
def _(desk):
    del desk.cell()["source"]


@edit("outputs-odd", "outputs of wrong types", {"*": "PASS INVALID_FILE"})
def _(desk):
    for cell, outputs in zip(
        code_cells(desk), (None, "x", [1], {}, [{}]), strict=False
    ):
        cell["outputs"] = outputs


@edit("outputs-missing", "no outputs, no execution counts", KEEPS)
def _(desk):
    for cell in code_cells(desk):
        del cell["outputs"], cell["execution_count"]


@edit("outputs-active", "stored outputs and texts with scripts", KEEPS)
def _(desk):
    script = "<script>document.title='@RUN@'</script><img src=x onerror='@RUN@()'>"
    script = desk.fill(script)
    data = {
        "text/html": script,
        "application/javascript": script,
        "image/svg+xml": script,
    }
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    for cell in code_cells(desk):
        cell["outputs"] = [output]
    text = f"{script}\n\n[x](javascript:{desk.fill('@RUN@')}())"
    desk.insert(text, before=TARGET, kind="markdown")


@edit("outputs-heavy", "15 MB of stored output", KEEPS)
def _(desk):
    output = {"output_type": "stream", "name": "stdout", "text": "x" * 15_000_000}
    desk.cell(TEST)["outputs"] = [output]


@edit("attachments-heavy", "a text cell with an attached picture of 5 MB", KEEPS)
def _(desk):
    cell = desk.insert("![x](attachment:x.png)", before=TARGET, kind="markdown")
    cell["attachments"] = {"x.png": {"image/png": "A" * 5_000_000}}
