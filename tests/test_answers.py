"""Proof of the graders: every right answer passes, every mistake is named.

For each notebook, `tests/answers/NN_topic/EXERCISE/` holds right answers written in
different ways (`right_*.py`) and wrong ones (`wrong_MISTAKE.py`, or
`wrong_MISTAKE__variant.py`), each the whole text of the answer cell. A wrong answer
that is none of the named mistakes is called `wrong_other__variant.py`.

Each day, each answer is checked with seeds of that day. How many depends on the
exercise's turn, which it has once in a week:

| | its turn | the other days |
|---|---|---|
| the first right answer | 200, or what 1.5 s allow (25 at least) | 5 |
| the other right answers | 5 | 1 |
| wrong answers | 3 | 1 |

Checks that train networks: always 1, and a third of the wrong answers a day. All right
answers get 200 seeds, and wrong ones 3, under COURSE_TESTS=all, and under
COURSE_TESTS=changed those of notebooks whose checks, answers or vocabulary changed.
"""

from __future__ import annotations

import ast
import linecache
import time
from functools import cache
from pathlib import Path

import pytest
import torch

from helpers import checks
from helpers.checks import CheckFailed
from staff.ci import effort
from tests.kernels import Notebook

ANSWERS = Path(__file__).parent / "answers"
DAYS = 7  # after which each exercise has had its turn
RESEEDED = 200  # seeds for one right answer of an exercise, and for all if asked to
AT_LEAST, SECONDS = 25, 1.5  # but no more seeds after this processor time, unless asked
FEW = 5  # for that answer on the other days
OTHERS = 5  # for the other right answers; 1 on the other days
WRONG_SEEDS = 3  # a wrong answer must fail whatever numbers the check draws; 1 likewise
TRAINED = {"strategy": 3.0}  # checks that train networks: the points of the top tier

RIGHT = sorted(ANSWERS.glob("*/*/right_*.py"))
WRONG = sorted(ANSWERS.glob("*/*/wrong_*.py"))
STEMS = checks.available()
WHOLE = {stem for stem in STEMS if effort.whole("answers", stem)}
TURN = {*effort.turns(sorted({path.parts[-3:-1] for path in RIGHT}), DAYS)}
TRAINED_WRONG = [path for path in WRONG if path.parts[-2] in TRAINED]
REST = {*TRAINED_WRONG} - {*effort.turns(TRAINED_WRONG, 3)}  # on other days


def label(path: Path) -> str:
    return "/".join(path.with_suffix("").parts[-3:])


def mistake_of(path: Path) -> str | None:
    """Return the id in the file's name: wrong_not_scaled__loop.py → not-scaled."""
    name = path.stem.removeprefix("wrong_").split("__")[0].replace("_", "-")
    return None if name == "other" else name


@cache
def notebook(stem: str) -> Notebook:
    return Notebook(stem)


@cache
def setup_names(stem: str) -> dict[str, object]:
    """Run the notebook's set-up cell once; return what it defines."""
    names: dict[str, object] = {}
    exec(compile(notebook(stem).setup, f"{stem} set-up", "exec"), names)
    return names


def answer(path: Path) -> tuple[object, ...]:
    """Run an answer's cell after the set-up cell; return what its check asks for."""
    source = path.read_text("utf-8")
    names = dict(setup_names(path.parts[-3]), __name__="__main__")
    linecache.cache[str(path)] = (len(source), None, source.splitlines(True), str(path))
    exec(compile(source, str(path), "exec"), names)
    return tuple(names[name] for name in checker(path).asks)


def checker(path: Path):
    return getattr(checks.load(path.parts[-3]), path.parts[-2])


def exercises(stem: str) -> list[str]:
    """Return the exercises of a notebook's check module, in order."""
    module = checks.load(stem)
    return [name for name, item in vars(module).items() if hasattr(item, "mistakes")]


# -- the bank itself ---------------------------------------------------------------


@pytest.mark.parametrize("stem", STEMS)
def test_bank_is_complete(stem):
    assert [*notebook(stem).stubs] == exercises(stem)
    for name in exercises(stem):
        folder = ANSWERS / stem / name
        right = {ast.dump(ast.parse(p.read_text())) for p in folder.glob("right_*.py")}
        assert len(right) >= 3, f"{name}: at least three different right answers"
        shown = {mistake_of(path) for path in folder.glob("wrong_*.py")} - {None}
        named = set(getattr(checks.load(stem), name).mistakes)
        assert shown == named, f"{name}: wrong answers and named mistakes differ"


@pytest.mark.parametrize("stem", STEMS)
def test_every_answer_belongs_to_an_exercise(stem):
    folders = {path.name for path in (ANSWERS / stem).iterdir() if path.is_dir()}
    assert folders == set(exercises(stem))


# -- the checks, in this process ---------------------------------------------------


def reseeded(path: Path) -> range:
    """Return the seeds to try an answer with; each day has its own."""
    stem, name = path.parts[-3:-1]
    whole = stem in WHOLE
    turn = whole or (stem, name) in TURN
    if name in TRAINED:
        return effort.seeds(1)
    if path.stem.startswith("wrong_"):
        return effort.seeds(WRONG_SEEDS if turn else 1)
    if path == min(path.parent.glob("right_*.py")):
        return effort.seeds(RESEEDED if turn else FEW)
    return effort.seeds(RESEEDED if whole else OTHERS if turn else 1)


@pytest.fixture(scope="module", autouse=True)
def settled():
    """What torch imports for the first optimizer is not a check's time."""
    torch.optim.SGD([torch.ones(1)])


@pytest.mark.slow
@pytest.mark.parametrize("path", RIGHT, ids=label)
def test_right_answer_passes_reseeded(path, capsys):
    """Each time within two seconds of the processor (three here: machines differ).

    For each of three trainings where a check trains.
    """
    given, check = answer(path), checker(path)
    seeds = reseeded(path)
    times = []
    for seed in seeds:
        start = time.process_time()
        try:
            points = check(*given, seed=seed)
        except CheckFailed as error:
            pytest.fail(f"seed {seed}\n{error}")
        assert points == TRAINED.get(path.parts[-2]), f"seed {seed}"
        times.append(time.process_time() - start)
        long = len(times) >= AT_LEAST and sum(times) > SECONDS
        if long and path.parts[-3] not in WHOLE:
            break
    assert capsys.readouterr().out.count("✓") >= len(times)
    assert max(times) < (9 if path.parts[-2] in TRAINED else 3)


@pytest.mark.parametrize("path", WRONG, ids=label)
def test_wrong_answer_is_named_whatever_the_seed(path):
    if path in REST and path.parts[-3] not in WHOLE:
        pytest.skip("another day's sample")
    given, check = answer(path), checker(path)
    for seed in reseeded(path):
        with pytest.raises(CheckFailed) as caught:
            check(*given, seed=seed)
        assert caught.value.mistake == mistake_of(path), f"seed {seed}\n{caught.value}"
