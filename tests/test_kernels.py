"""The released notebooks in real kernels: what learners get for their answers.

Each run leaves every notebook as it is once, and solves half of its exercises once: the
halves take turns by day, so that in six days at most each exercise has been solved with
each other one left open, and the other way round. And it takes one learner in
forty-three, others each day. With COURSE_TESTS=all, or =changed where a notebook or its
checks have changed since, all exercises are solved at once, each is left open by
itself, and all learners hand in.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from staff.bench.classroom import bank, deal
from staff.ci import effort
from tests.kernels import Result, WarmKernel
from tests.test_answers import (
    RIGHT,
    STEMS,
    WRONG,
    checker,
    label,
    mistake_of,
    notebook,
)

SHARE = 43  # a usual run takes one learner in so many
WHOLE = [stem for stem in STEMS if effort.whole("kernels", stem)]


@pytest.fixture(scope="module")
def kernel():
    kernel = WarmKernel()
    yield kernel
    kernel.close()


@pytest.mark.slow
@pytest.mark.parametrize("stem", STEMS)
def test_untouched_notebook_scores_nothing(stem, kernel):
    book = notebook(stem)
    results = book.grade(kernel, book.stubs)
    assert book.score(results) == 0
    for name, result in results.items():
        assert f"{name}: not attempted yet." in result.error
        assert len(result.error.splitlines()) == 1


def by_itself(book) -> float:
    """Return all points that no person gives."""
    return sum(n for name, n in book.points.items() if name.startswith("test_"))


def solved(book, kernel, names) -> tuple[dict[str, Result], float]:
    """Grade the instructor's answers to some exercises; return results, lost points."""
    results = book.grade(
        kernel,
        {n: (book.solutions if n in names else book.stubs)[n] for n in book.stubs},
    )
    return results, by_itself(book) - book.score(results)


def half_of_today(names: list[str]) -> set[str]:
    """Return the exercises with one binary digit of their number in common.

    Any two numbers differ in a digit: when all digits and both values have had their
    turn, each exercise has been in a half without each other one.
    """
    digits = max(1, (len(names) - 1).bit_length())
    digit, value = divmod(effort.today(2 * digits), 2)
    return {name for number, name in enumerate(names) if number >> digit & 1 == value}


def test_halves_part_any_two_exercises(monkeypatch):
    for count in range(2, 9):
        names, parted = [str(number) for number in range(count)], set()
        for day in range(6):
            monkeypatch.setattr(effort, "today", lambda turns, day=day: day % turns)
            half = half_of_today(names)
            parted |= {(a, b) for a in half for b in set(names) - half}
        assert len(parted) == count * (count - 1)


@pytest.mark.slow
@pytest.mark.parametrize("stem", STEMS)
def test_open_exercises_cost_exactly_their_points(stem, kernel):
    book = notebook(stem)
    half = half_of_today([*book.stubs])
    results, lost = solved(book, kernel, half)
    wrong = {n: r.error for n, r in results.items() if r.passed != (n in half)}
    assert wrong == {}
    assert lost == sum(book.points[f"test_{n}"] for n in book.stubs if n not in half)


@pytest.mark.slow
@pytest.mark.parametrize("stem", WHOLE)
def test_solution_scores_everything(stem, kernel):
    book = notebook(stem)
    results, lost = solved(book, kernel, book.stubs)
    assert {n: r.error for n, r in results.items() if not r.passed} == {}
    assert (lost, by_itself(book) > 0) == (0, True)


@pytest.mark.slow
@pytest.mark.parametrize("stem", WHOLE)
def test_blanking_one_exercise_costs_exactly_its_points(stem, kernel):
    book = notebook(stem)
    for name in book.stubs:
        _, lost = solved(book, kernel, book.stubs.keys() - {name})
        assert lost == book.points[f"test_{name}"]


def handed_in() -> list[tuple[str, list[Path]]]:
    """Deal each answer to one learner: (notebook, one for each exercise)."""
    learners = []
    for stem in STEMS:
        packs = bank(stem)
        dealt = deal(stem, max(map(len, packs.values()))).values()
        for number, answers in enumerate(dealt):  # a pack that is dealt out starts anew
            first = [
                path for name, path in answers.items() if number < len(packs[name])
            ]
            learners.append((stem, first))
    return learners


def shortcoming(path: Path, result: Result) -> str | None:
    """Return what is wrong with what a learner got for an answer, None if nothing."""
    if path.stem.startswith("right_"):
        fine = result.passed and "✓" in result.output
        return None if fine else f"no full points: {result.error}"
    if result.passed:
        return "it passes"
    if "Traceback" in result.error:
        return f"a traceback: {result.error}"
    sentence = checker(path).mistakes.get(mistake_of(path), "")
    if " ".join(sentence.split()) not in " ".join(result.error.split()):
        return f"its mistake is not named: {result.error}"
    return None


def test_every_answer_is_handed_in():
    dealt = [path for _, paths in handed_in() for path in paths]
    assert sorted(dealt) == sorted(RIGHT + WRONG)


def chosen() -> list[tuple[str, list[Path]]]:
    """Return the learners of this run: all, or one in `SHARE`, others each day."""
    few = handed_in()[effort.today(SHARE) :: SHARE]
    return [one for one in handed_in() if one[0] in WHOLE or one in few]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stem", "paths"), chosen(), ids=lambda v: v if isinstance(v, str) else "_"
)
def test_learner_gets_points_for_right_answers_and_reads_each_mistake(
    stem, paths, kernel
):
    """Among other people's answers: one of each exercise in one notebook."""
    book = notebook(stem)
    results = book.grade(kernel, {p.parts[-2]: p.read_text("utf-8") for p in paths})
    told = {label(path): shortcoming(path, results[path.parts[-2]]) for path in paths}
    assert {name: text for name, text in told.items() if text} == {}
