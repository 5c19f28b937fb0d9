"""Answers to variants are read with what their own learner was given."""

import json

import pytest

from staff.grader.variants import Plan, Slot, Variants, fingerprint, key_of
from staff.term import similar
from staff.term.answers import our_course
from tests.staff.term.test_similar import submit

GIVEN = {
    "A": "steps = [3, 1, 4, 1, 5]\n    total = sum(steps) + len(steps)",
    "B": "names = {'left': 2, 'right': 7}\n    total = max(names.values()) - 1",
}
STUB = "def double(x):\n    {}\n    raise NotImplementedError"
MINE = {"A": "out = x\n    out += x\n    return out", "B": "return x << total // 6"}


def text(version, body):
    return STUB.format(GIVEN[version]).replace("raise NotImplementedError", body)


@pytest.fixture
def varied(small, bundle):
    """An assignment whose question comes in two versions; who got which."""
    cell = bundle.cell("solution", "double").id
    versions = tuple(
        {cell: (text(v, MINE[v]), STUB.format(GIVEN[v]))} for v in ("A", "B")
    )
    key = key_of(small, create=True)
    plan = Plan(bundle.stem, fingerprint(key), True, (Slot("q", versions),))
    plan.save(small)
    variants, whose = Variants(small, bundle), {"A": [], "B": []}
    for number in range(40):
        student = f"s{number}"
        source = variants.of(student).cell("solution", "double").released
        whose["A" if "steps" in source else "B"].append(student)
    return small, whose


def found_in(course, stem, tokens=5):
    found = our_course(course, stem)
    some = similar.compared(found, least=0.8, tokens=tokens)["double"]
    return found, [(f.kind.name, f.learners, f.models) for f in some]


def test_given_lines_of_a_variant_do_not_make_answers_alike(varied, stem):
    course, whose = varied
    (a1, a2), (b1, b2, b3) = whose["A"][:2], whose["B"][:3]
    answers = {
        **dict.fromkeys((a1, a2), text("A", "y = 7 * x\n    return y - 5 * x")),
        b1: text("B", "return (x + x) if x else 0 * x"),
        b2: text("B", "while x < total: x = 2 * x - 1\n    return x"),
        b3: text("B", MINE["B"]),
    }
    submit(course, stem, **answers)
    found, alike = found_in(course, stem)
    assert alike == [("LETTER", sorted((a1, a2)), False)]  # and none of variant B
    assert found.learners == 5
    assert not found.notes


def test_the_courses_own_answer_is_that_of_the_variant(varied, stem):
    course, whose = varied
    answers = {s: text(v, MINE[v]) for v in "AB" for s in whose[v][:2]}
    submit(course, stem, **answers)
    _, alike = found_in(course, stem, tokens=3)
    assert [models for _, _, models in alike] == [True, True]
    assert {tuple(who) for _, who, _ in alike} == {
        tuple(sorted(whose[v][:2])) for v in "AB"
    }


def test_without_its_variant_the_same_class_looks_alike(varied, stem):
    """What the first test asks for is not so by itself."""
    course, whose = varied
    bodies = ("return (x + x) if x else 0 * x", "return x * total // 3")
    answers = {s: text("B", b) for s, b in zip(whose["B"], bodies, strict=False)}
    submit(course, stem, **answers)
    assert found_in(course, stem)[1] == []
    (course.grading / "variants" / f"{stem}.json").unlink()
    assert [kind for kind, *_ in found_in(course, stem)[1]] == ["NEAR"]


def test_seeds_alone_change_nothing(small, stem, bundle):
    key = key_of(small, create=True)
    submit(small, stem, ada=text("A", "return 2 * x"), ben=text("A", "return 2 * x"))
    before = found_in(small, stem)[1]
    Plan(stem, fingerprint(key)).save(small)
    assert found_in(small, stem)[1] == before
    assert json.loads((small.grading / "variants" / f"{stem}.json").read_text())
