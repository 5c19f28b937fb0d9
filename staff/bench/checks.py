"""A scoreboard of checks: `make bench-checks`.

The same answers, right and wrong, are judged by this course's checks and by graders in
the manner of well-known courses. Those are written anew here from what is published
about them; none of their code is used, and they may have changed since:

- *exact seed*: seed the global generator, run one case, and compare every number with
  the stored output of the model answer. So tests the assignment "Regularization" in
  "Improving Deep Neural Networks" (deeplearning.ai), in NumPy.
- *one case*: assert that one worked example comes out to a tolerance, the usual
  autograded cell of nbgrader's documentation. Of dropout only evaluation has one.
- *mean and zeros*: of a large array the mean must stay, and the share p become zero. So
  looks the notebook "Dropout" of CS231n (Stanford), where a person compares the
  numbers; here within 0.02.

A *hard-coded* answer replays what the model answer returned to the visible run of that
very grader, in the order of its calls. Only our checks have a hidden run, with another
seed; that the others publish all they test is part of their manner.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn

from helpers import checks
from helpers.study.titles import catalogue
from staff.course import Course
from staff.measured import Table, add_option, markdown, record
from staff.teaching.bank import Bank, Exercise

__all__ = ["EXERCISES", "Score", "as_table", "main", "scores", "table"]

Answers = tuple[Callable[..., Any], ...]
Grader = Callable[[Answers, Answers], str | None]
"""(answers, model answers) → None for a pass, else the named mistake's id, or ""."""

_SEEDS = (0, 48_271)  # of our visible and our hidden run


@dataclass
class Score:
    """How a grader did on one exercise.

    Args:
        right, wrong: how many answers there are of each.
        rejected: names of right answers that it rejects.
        missed: names of wrong answers that it passes.
        named: wrong answers whose mistake it names, of those that have a name.
        nameable: wrong answers whose mistake has a name.
        hard_coded: whether it catches the hard-coded answer.
    """

    right: int = 0
    wrong: int = 0
    rejected: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    named: int = 0
    nameable: int = 0
    hard_coded: bool = False


# --- graders ----------------------------------------------------------------------


def ours(stem: str, name: str, seeds: Sequence[int] = _SEEDS) -> Grader:
    """Return this course's check, with a visible and a hidden seed."""
    check = getattr(checks.load(stem), name)

    def grade(answers: Answers, model: Answers) -> str | None:
        try:
            for seed in seeds:
                check(*answers, seed=seed)
        except checks.CheckFailed as failed:
            return failed.mistake or ""
        return None

    return grade


def asserting(test: Callable[[Answers, Answers], None]) -> Grader:
    """Return a grader that says no more than that an assertion failed."""

    def grade(answers: Answers, model: Answers) -> str | None:
        try:
            test(answers, model)
        except Exception:
            return ""
        return None

    return grade


def _exact_dropout(answers: Answers, model: Answers) -> None:
    torch.manual_seed(1)
    x = torch.randn(3, 5)
    outputs = []
    for (dropout,) in (model, answers):
        torch.manual_seed(1)
        outputs.append(dropout(x.clone(), 0.3, True))
    torch.testing.assert_close(outputs[1], outputs[0])


def _one_dropout(answers: Answers, model: Answers) -> None:
    x = torch.tensor([2.0, -4.0, 6.0, 8.0])
    torch.testing.assert_close(answers[0](x, 0.25, False), x)


def _mean_dropout(answers: Answers, model: Answers) -> None:
    torch.manual_seed(1)
    x = torch.randn(500, 500) + 10
    for p in (0.25, 0.4, 0.7):
        out = answers[0](x, p, True)
        assert abs(out.mean().item() / x.mean().item() - 1) < 0.02
        assert abs((out == 0).float().mean().item() - p) < 0.02
        assert abs(answers[0](x, p, False).mean().item() / x.mean().item() - 1) < 0.02


def _exact_l2(answers: Answers, model: Answers) -> None:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    for answer, right in zip(answers, model, strict=True):
        torch.testing.assert_close(answer(network, 0.1), right(network, 0.1))


def _one_l2(answers: Answers, model: Answers) -> None:
    network = nn.Linear(2, 1)
    with torch.no_grad():
        network.weight.copy_(torch.tensor([[3.0, -4.0]]))
        network.bias.zero_()
    expected = (25.0, 14.0)  # 2/2 · (9 + 16) and 2 · (3 + 4)
    for answer, value in zip(answers, expected, strict=True):
        torch.testing.assert_close(answer(network, 2.0), torch.tensor(value))


EXERCISES: dict[tuple[str, str], dict[str, Grader]] = {
    ("02_dropout_from_scratch", "inverted_dropout"): {
        "exact seed": asserting(_exact_dropout),
        "one case (evaluation)": asserting(_one_dropout),
        "mean and zeros": asserting(_mean_dropout),
    },
    ("03_l1_l2", "l2_penalty"): {
        "exact seed": asserting(_exact_l2),
        "one case": asserting(_one_l2),
    },
}
"""(notebook, exercise) → the others' graders."""


# --- judging ----------------------------------------------------------------------


def scores(course: Course, stem: str, name: str) -> dict[str, Score]:
    """Return grader → score on the bank's answers to one exercise."""
    (exercise,) = [e for e in Bank(course).exercises(stem) if e.name == name]
    others = EXERCISES[stem, name]
    found = {"this course": _score(exercise, ours(stem, name))}
    found["this course"].hard_coded = _catches(
        exercise, ours(stem, name, _SEEDS[:1]), ours(stem, name)
    )
    for title, grader in others.items():
        found[title] = _score(exercise, grader)
        found[title].hard_coded = _catches(exercise, grader, grader)
    return found


def _score(exercise: Exercise, grader: Grader) -> Score:
    score = Score()
    model = _functions(exercise, exercise.model)
    for answer in exercise.answers:
        said = _judged(grader, _functions(exercise, answer.text), model)
        if answer.right:
            score.right += 1
            score.rejected += [] if said is None else [answer.name]
            continue
        score.wrong += 1
        score.missed += [answer.name] if said is None else []
        score.nameable += answer.mistake != ""
        score.named += said == answer.mistake != ""
    return score


def _functions(exercise: Exercise, text: str) -> Answers:
    names: dict[str, Any] = {}
    exec(compile(exercise.setup, "<set-up>", "exec"), names)
    exec(compile(text, f"<{exercise.name}>", "exec"), names)
    asks = getattr(checks.load(exercise.stem), exercise.name).asks
    return tuple(names[each] for each in asks)


def _judged(grader: Grader, answers: Answers, model: Answers) -> str | None:
    off = patch.dict(os.environ, COURSE_PROGRESS="off")
    with off, contextlib.redirect_stdout(io.StringIO()), torch.random.fork_rng([]):
        torch.manual_seed(0)  # graders that seed nothing: the same in each run
        return grader(answers, model)


def _catches(exercise: Exercise, visible: Grader, whole: Grader) -> bool:
    """Tell whether a grader rejects what replays its own visible run."""
    model = _functions(exercise, exercise.model)
    tapes = [_Tape(function) for function in model]
    if _judged(visible, tuple(tapes), model) is not None:
        raise AssertionError(f"{exercise.name}: the model answer fails")
    for tape in tapes:
        tape.playing = True
    return _judged(whole, tuple(tapes), model) is not None


class _Tape:
    """Records what a function returns or raises, then plays it again."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.playing = function, False
        self.kept: list[Any] = []
        self.played = 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self.playing:
            kept = self.kept[self.played % len(self.kept)]
            self.played += 1
            if isinstance(kept, Exception):
                raise kept
            return kept.clone() if isinstance(kept, Tensor) else kept
        try:
            value = self.function(*arguments, **named)
        except Exception as error:
            self.kept.append(error)
            raise
        self.kept.append(value)
        return value


# --- saying it --------------------------------------------------------------------


def as_table(found: dict[str, Score], title: str = "") -> Table:
    """Return the scores of one exercise, as the docs show them."""
    rows = [
        [
            name,
            f"{len(score.rejected)} of {score.right}",
            f"{len(score.missed)} of {score.wrong}",
            f"{score.named} of {score.nameable}",
            "caught" if score.hard_coded else "passes",
        ]
        for name, score in found.items()
    ]
    head = ["Grader", "Right answers rejected", "Wrong answers passed"]
    return Table([*head, "Mistakes named", "Hard-coded answer"], rows, title)


def table(found: dict[str, Score]) -> str:
    """Return the scores of one exercise as a Markdown table."""
    return "\n".join(markdown(as_table(found)))


def main(arguments: list[str] | None = None) -> int:
    """Print the scoreboard."""
    parser = argparse.ArgumentParser("make bench-checks", description=__doc__)
    parser.add_argument("--names", action="store_true", help="also name the answers")
    add_option(parser)
    options, tables = parser.parse_args(arguments), []
    for stem, name in EXERCISES:
        found = scores(Course(), stem, name)
        card = catalogue()[stem][name]
        tables.append(as_table(found, f"{card['title']} ({card['number']})"))
        print(f"{stem} · {name}\n\n{table(found)}\n")
        for title, score in found.items() if options.names else ():
            print(f"{title} rejects: {', '.join(score.rejected) or 'none'}")
            print(f"{title} passes: {', '.join(score.missed) or 'none'}\n")
    if options.record:
        record(Course(), "checks", "make bench-checks ARGS=--record", tables)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
