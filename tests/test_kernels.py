"""The released notebooks in real kernels: what learners get for their answers."""

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

SHARE = 14  # a usual run takes one learner in fourteen


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


@pytest.mark.slow
@pytest.mark.parametrize("stem", STEMS)
def test_solution_scores_everything(stem, kernel):
    book = notebook(stem)
    results = book.grade(kernel, book.solutions)
    assert {n: r.error for n, r in results.items() if not r.passed} == {}
    assert book.score(results) == by_itself(book) > 0


@pytest.mark.slow
@pytest.mark.parametrize("stem", STEMS)
def test_blanking_one_exercise_costs_exactly_its_points(stem, kernel):
    book = notebook(stem)
    everything = by_itself(book)
    for name in book.stubs:
        results = book.grade(kernel, book.solutions | {name: book.stubs[name]})
        assert book.score(results) == everything - book.points[f"test_{name}"]


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
    """Return the learners of this run: all, or one in fourteen, others each day."""
    whole = {stem for stem in STEMS if effort.whole("kernels", stem)}
    few = handed_in()[effort.today(SHARE) :: SHARE]
    return [one for one in handed_in() if one[0] in whole or one in few]


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
