"""Variants: what is drawn, what stays, and what happens when the key is lost."""

import json
from dataclasses import replace

import pytest

from staff.course import Course, CourseError
from staff.grader.bundle import Bundle, TemplateCell
from staff.grader.draw import Draw
from staff.grader.variants import Plan, Slot, Variants, fingerprint, key_of, vary

STEM = "02_dropout_from_scratch"
KEY = bytes(range(32))
PLAN = Plan(STEM, fingerprint(KEY))


@pytest.fixture(scope="module")
def dropout():
    return Bundle.load(Course(), STEM)


def test_seeds_of_all_checks_are_drawn_and_nothing_else(dropout):
    ada, ben = (vary(dropout, PLAN, KEY, name) for name in ("ada", "ben"))
    assert vary(dropout, PLAN, KEY, "ada") == ada
    for base, one, two in zip(dropout.cells, ada.cells, ben.cells, strict=True):
        if base.role == "test":
            name = base.question
            assert f"check.{name}({name}, seed=" in one.released
            assert "48_271" not in one.source
            assert one.source != two.source
            assert "HIDDEN" not in one.released
        else:
            assert one == base
    assert {n: (q.points, q.grade_id, q.asks) for n, q in ada.questions.items()} == {
        n: (q.points, q.grade_id, q.asks) for n, q in dropout.questions.items()
    }
    assert ada.questions["Dropout"].hidden != ben.questions["Dropout"].hidden


def test_an_exam_has_no_hints_and_its_checks_only_say_runs(dropout):
    exam = vary(dropout, replace(PLAN, exam=True), KEY, "ada")
    texts = "\n".join(cell.released for cell in exam.cells)
    assert "<summary>Hint" in "\n".join(cell.released for cell in dropout.cells)
    assert "<summary>Hint" not in texts
    assert "### Exercise 2.2" in texts
    for cell in exam.cells:
        if cell.role == "test":
            assert "check." not in cell.released
            assert "callable(" in cell.released
            assert f".{cell.question}(" in cell.source  # hidden


DRAWN = """\
weights = [3, -4]  # drawn: integers(2, -9, 9)
strength = 2.0  # drawn: choice(0.5, 1.0, 2.0)
rate = 0.25  # drawn: decimal(0.1, 0.9, 2)
count = 3  # drawn: integer(1, 9)
names = ["A"]  # drawn: order("A", "B", "C")
same = 3  # not drawn
"""


def small_bundle(source):
    cell = TemplateCell("c1", "code", source, source, "", {})
    return Bundle("90_small", (cell,), {})


def test_values_are_drawn_in_their_bounds():
    seen = set()
    for number in range(40):
        (cell,) = vary(small_bundle(DRAWN), PLAN, KEY, f"s{number}").cells
        assert cell.source == cell.released
        names = {}
        exec(cell.source, names)
        assert len(names["weights"]) == 2
        assert all(-9 <= w <= 9 for w in names["weights"])
        assert names["strength"] in (0.5, 1.0, 2.0)
        assert 0.1 <= names["rate"] <= 0.9
        assert round(names["rate"], 2) == names["rate"]
        assert sorted(names["names"]) == ["A", "B", "C"]
        assert "drawn:" not in cell.source.replace("not drawn", "")
        seen.add(cell.source)
    assert len(seen) == 40


@pytest.mark.parametrize(
    "spec",
    ["integers(2)", "rivers(1, 2)", "integer(9, 1)", "choice()", "order(()"],
)
def test_a_line_that_is_not_understood(spec):
    with pytest.raises(CourseError, match="expected one of integer") as error:
        vary(small_bundle(f"x = 1  # drawn: {spec}"), PLAN, KEY, "a")
    assert "x = 1" in str(error.value)


def test_slots_are_drawn_as_a_whole():
    cells = tuple(TemplateCell(n, "code", n, n, "", {}) for n in ("c1", "c2"))
    versions = tuple(
        {"c1": (f"{k}", f"{k}"), "c2": (f"{k}{k}", f"{k}")} for k in range(4)
    )
    plan = replace(PLAN, slots=(Slot("q1", versions),))
    found = set()
    for student in map(str, range(40)):
        one, two = vary(Bundle("90_small", cells, {}), plan, KEY, student).cells
        assert two.source == 2 * one.source
        assert two.released == one.source
        found.add(one.source)
    assert found == {*"0123"}
    lost = replace(plan, slots=(Slot("q1", ({"gone": ("", "")},)),))
    with pytest.raises(CourseError, match="built anew"):
        vary(Bundle("90_small", cells, {}), lost, KEY, "ada")


# --- plan and key -----------------------------------------------------------------


def test_a_plan_is_read_as_it_was_written(small, bundle):
    slots = (Slot("q1", ({"c1": ("a", "b")}, {"c1": ("c", "d")})),)
    plan = Plan(bundle.stem, "f", True, slots)
    path = plan.save(small)
    assert Plan.load(small, bundle.stem) == plan
    assert path.stat().st_mode & 0o077 == 0  # it holds answers
    path.write_text(json.dumps({"stem": 3}))
    with pytest.raises(CourseError, match="expected the plan"):
        Plan.load(small, bundle.stem)


def test_without_a_plan_all_get_the_same(small, bundle):
    assert Variants(small, bundle).of("ada") is bundle
    assert not (small.grading / "variants").exists()


def test_a_key_is_made_once_and_kept(small, bundle):
    with pytest.raises(CourseError, match="from your backup"):
        key_of(small)
    key = key_of(small, create=True)
    assert key_of(small, create=True) == key
    path = small.grading / "variants" / "key"
    assert path.stat().st_mode & 0o077 == 0
    Plan(bundle.stem, fingerprint(key)).save(small)
    assert Variants(small, bundle).plan is not None
    path.write_text("00" * 32)
    with pytest.raises(CourseError, match="not the key"):
        Variants(small, bundle)
    path.write_text("00")
    with pytest.raises(CourseError, match="32 hexadecimal"):
        key_of(small)
    path.unlink()
    with pytest.raises(CourseError, match="who got what"):
        Variants(small, bundle)


def test_draws_of_one_learner_tell_nothing_of_another():
    one, two = (Draw(KEY, STEM, name, "slot", "q1") for name in ("ada", "ben"))
    assert [one.below(100) for _ in "123456"] != [two.below(100) for _ in "123456"]
