"""Honest notebooks in any disorder, and hostile ones of any make."""

import json
import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staff.grader.align import Piece, in_order
from staff.grader.decode import Cell
from tests.staff.grader.sheets import STEM, Sheet, answers, bank, bundle, read_bytes

NAMES = [*bundle().questions]
SETTINGS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def filled(rng):
    kept = {name: rng.choice(bank(STEM, name)) for name in NAMES if rng.random() < 0.8}
    return Sheet().fill(**kept), kept


def mistreat(sheet, rng):
    """Move, copy and strip cells as people and programs do."""
    for _ in range(rng.randrange(6)):
        cell = sheet.cells.pop(rng.randrange(len(sheet.cells)))
        sheet.cells.insert(rng.randrange(len(sheet.cells) + 1), cell)
    for _ in range(rng.randrange(4)):
        cell = sheet.copy(rng.choice(sheet.cells)["id"]) | {"id": f"c{rng.random()}"}
        sheet.cells.insert(rng.randrange(len(sheet.cells) + 1), cell)
    for stub in rng.sample(NAMES, rng.randrange(3)):
        cell = Sheet().copy(stub) | {"id": f"s{rng.random()}"}
        sheet.cells.insert(rng.randrange(len(sheet.cells) + 1), cell)
    for _ in range(rng.randrange(3)):
        sheet.insert(rng.randrange(len(sheet.cells) + 1), f"mine_{rng.random()} = 1")
    if rng.random() < 0.7:
        sheet.strip(ids=rng.random() < 0.5)


@SETTINGS
@given(seed=st.integers(0, 10**9))
def test_any_disorder_gives_the_same_answers(tmp_path, seed):
    rng = random.Random(seed)
    sheet, kept = filled(rng)
    before = sheet.read(tmp_path)
    mistreat(sheet, rng)
    after = sheet.read(tmp_path)
    kinds = ("answer", "test", "provided")
    steps = [
        [step for step in found.steps if step.kind in kinds]
        for found in (before, after)
    ]
    assert steps[0] == steps[1]
    assert answers(after) == kept
    assert after.missing == {*NAMES} - {*kept}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
_CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "x"]) | _JSON,
        "id": st.sampled_from(["setup", "Dropout", "test_Dropout", "", "é"]) | _JSON,
        "source": st.sampled_from(bank(STEM, "Dropout")) | st.text() | _JSON,
        "metadata": _JSON
        | st.fixed_dictionaries(
            {
                "nbgrader": st.dictionaries(
                    st.sampled_from(["grade_id", "points"]), _JSON
                )
            }
        ),
    },
)


@SETTINGS
@given(cells=st.lists(_CELL | _JSON, max_size=6), more=_JSON)
def test_any_cells_give_a_submission(tmp_path, cells, more):
    data = {"cells": cells, "metadata": more}
    found = read_bytes(tmp_path, json.dumps(data).encode())
    again = read_bytes(tmp_path, json.dumps(data).encode())
    assert found == again
    assert bool(found.invalid) != bool(found.steps)
    json.dumps([found.repairs, found.suspicions, found.invalid])
    lines = [*found.repairs, *found.suspicions, found.invalid]
    assert all(line.isprintable() for line in lines)
    ids = [step.cell for step in found.steps]
    assert len({*ids}) == len(ids)


@SETTINGS
@given(
    content=st.binary(max_size=300), start=st.sampled_from([b"", b"{", b'{"cells": ['])
)
def test_any_bytes_give_a_submission(tmp_path, content, start):
    found = read_bytes(tmp_path, start + content)
    assert found.invalid
    assert found.invalid.isprintable()


@given(places=st.lists(st.integers(0, 12), max_size=14))
def test_run_in_order_is_a_longest_one(places):
    pieces = [Piece(k, Cell("code", "", "", ""), "", p) for k, p in enumerate(places)]
    run = [piece.place for piece in in_order(pieces)]
    longest = [0] * (len(places) + 1)
    for k, place in enumerate(places):
        longest[k] = 1 + max(
            (longest[j] for j in range(k) if places[j] < place), default=0
        )
    assert run == sorted({*run})
    assert len(run) == max(longest, default=0)


@pytest.mark.slow
def test_a_class_of_two_hundred_is_read_in_seconds(tmp_path):
    rng, contents = random.Random(0), []
    for _ in range(200):
        sheet, _ = filled(rng)
        mistreat(sheet, rng)
        contents.append(sheet.bytes())
    start = time.process_time()
    for content in contents:
        assert read_bytes(tmp_path, content).invalid == ""
    seconds = time.process_time() - start
    print(f"{1000 * seconds / 200:.1f} ms per submission")
    assert seconds < 10
