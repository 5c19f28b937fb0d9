"""Checks use a learner's objects through their `Trial` alone.

Held by a subject that hands out sealed stand-ins, as one in another process would: a
check that reaches for the object itself finds nothing, and is noted.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from helpers.checks import CheckFailed, Trial, exercise
from helpers.checks.vocabulary import handling, report, trial, uses, values
from helpers.checks.vocabulary.subject import Outcome, Subject
from helpers.study import progress
from tests.test_answers import RIGHT, WRONG, answer, checker, label

EVERY_ANSWER = os.environ.get("COURSE_TESTS") == "all"
TRIALS_OWN = (handling.__file__, trial.__file__, values.__file__)


def one_each(paths: list[Path]) -> list[Path]:
    """Keep one answer per exercise; all where everything is to be tried."""
    first = {path.parent: path for path in reversed(paths)}
    return paths if EVERY_ANSWER else sorted(first.values())


@pytest.fixture(autouse=True)
def no_progress(monkeypatch):
    monkeypatch.setattr(progress, "record", lambda *args: None)


# -- a subject that hands out sealed objects ------------------------------------------


class Around(Exception):
    """A check has used a learner's object itself."""


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(self: Sealed, *args: Any) -> Any:
        return _noted(self, name)

    return refuse


def _noted(sealed: Sealed, name: str) -> Any:
    object.__getattribute__(sealed, "_notes").append(name)
    raise Around(name)


_OPERATORS = (
    "call iter next len getitem setitem delitem contains bool eq ne lt le gt ge"
)
_OPERATORS += " add radd sub rsub mul rmul truediv rtruediv matmul neg abs float int"
_OPERATORS += " index round str repr format enter exit array setattr delattr dir"


class Sealed:
    """Stands for a learner's object; every use of it is noted and refused."""

    __slots__ = ("_inside", "_notes")
    __hash__ = object.__hash__

    def __init__(self, inside: Any, notes: list[str]) -> None:
        object.__setattr__(self, "_inside", inside)
        object.__setattr__(self, "_notes", notes)

    def __getattribute__(self, name: str) -> Any:
        """Refuse; the class is asked for by isinstance, which Trial may do itself."""
        if name == "__class__" and _asked_by_trial(sys._getframe(1)):
            return Sealed
        return _noted(self, name)


def _asked_by_trial(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename.startswith("<frozen"):
        frame = frame.f_back  # isinstance of an abstract class
    return frame is not None and frame.f_code.co_filename in TRIALS_OWN


for _name in _OPERATORS.split():
    setattr(Sealed, f"__{_name}__", _refusal(f"__{_name}__"))

VALUES = (type(None), bool, int, float, complex, str, bytes, np.ndarray, np.generic)
VALUES += (torch.dtype, torch.device, torch.Size)


class Keeper(Subject):
    """Keeps learner's objects to itself, and tensors' graphs as well.

    Attributes:
        notes: uses that went around it.
        used: names of the uses that it was asked for.
    """

    __slots__ = ("_given", "_graphs", "notes", "used")

    def __init__(self) -> None:
        self._given: list[nn.Module] = []  # the check's own
        self.notes: list[str] = []
        self.used: set[str] = set()
        self._graphs: dict[int, tuple[Tensor, Tensor]] = {}

    def seal(self, value: Any) -> Any:
        """Return what another process could send back: plain values, and stand-ins."""
        if isinstance(value, VALUES) or any(value is own for own in self._given):
            return value
        if isinstance(value, Tensor):
            return self._without_graph(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            items = [self.seal(item) for item in value]
            same = all(a is b for a, b in zip(items, value, strict=True))
            plain = next(
                k for k in (list, tuple, set, frozenset) if isinstance(value, k)
            )
            return value if same and type(value) is plain else plain(items)
        if isinstance(value, dict):
            items = {key: self.seal(item) for key, item in value.items()}
            same = all(items[key] is value[key] for key in value)
            return value if same and type(value) is dict else items
        return Sealed(value, self.notes)

    def _without_graph(self, value: Tensor) -> Tensor:
        if value.grad_fn is None:
            return value
        bare = value.detach().requires_grad_()
        self._graphs[id(bare)] = bare, value
        return bare

    def open(self, value: Any) -> Any:
        """Return what a stand-in stands for; containers only if there is one inside."""
        if type(value) is Sealed:
            return object.__getattribute__(value, "_inside")
        if isinstance(value, Tensor):
            return self._graphs.get(id(value), (None, value))[1]
        if type(value) in (list, tuple):
            items = [self.open(item) for item in value]
            changed = any(a is not b for a, b in zip(items, value, strict=True))
            return type(value)(items) if changed else value
        if type(value) is dict:
            items = {key: self.open(item) for key, item in value.items()}
            return items if any(items[k] is not value[k] for k in value) else value
        return value

    def use(
        self, operation: Callable[..., Any], *arguments: Any, **how: Any
    ) -> Outcome:
        assert getattr(uses, operation.__name__) is operation
        self.used.add(operation.__name__)
        handed = [a for args in arguments if type(args) is tuple for a in args]
        own = [a for a in handed if type(a) is not Sealed]
        self._given += [a for a in own if isinstance(a, nn.Module)]
        outcome = super().use(operation, *self.open(arguments), **how)
        return Outcome(self.seal(outcome.value), outcome.raised, outcome.seen)

    def describe(self, value: object) -> str:
        return report.describe(self.open(value))

    def kind(self, value: object) -> str:
        return type(self.open(value)).__name__


@pytest.fixture
def keeper(monkeypatch):
    keeper = Keeper()
    monkeypatch.setattr(Trial, "subject", keeper)
    return keeper


def run(check: Any, given: tuple[Any, ...], seed: int) -> tuple[str | None, str]:
    """Return the mistake's id and the message, ("", "") for a right answer."""
    try:
        check(*given, seed=seed)
    except CheckFailed as failed:
        return failed.mistake, str(failed)
    return "", ""


# -- every check of the course --------------------------------------------------------


@pytest.mark.parametrize("path", one_each(RIGHT), ids=label)
def test_right_answer_is_used_through_the_trial_alone(path, keeper):
    sealed = tuple(Sealed(each, keeper.notes) for each in answer(path))
    for seed in range(2):
        assert run(checker(path), sealed, seed) == ("", "")
    assert keeper.notes == []


@pytest.mark.parametrize("path", one_each(WRONG), ids=label)
def test_wrong_answer_reads_the_same_through_the_trial_alone(path, monkeypatch):
    before = run(checker(path), answer(path), 0)
    keeper = Keeper()
    monkeypatch.setattr(Trial, "subject", keeper)
    sealed = tuple(Sealed(each, keeper.notes) for each in answer(path))
    assert run(checker(path), sealed, 0) == before
    assert keeper.notes == []


def test_trial_asks_for_every_use_of_the_list():
    tree = ast.parse(Path(handling.__file__).read_text(encoding="utf-8"))
    asked = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "uses"
    }
    assert asked == set(uses.__all__)


# -- the proof above can fail ---------------------------------------------------------


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


AROUND = {
    "calls the answer": lambda t, layer, answer: answer(),
    "calls what it made": lambda t, layer, answer: layer(torch.ones(2)),
    "calls a method": lambda t, layer, answer: layer.eval(),
    "reads an attribute": lambda t, layer, answer: layer.training,
    "reads the answer's name": lambda t, layer, answer: answer.__name__,
    "asks whether there is one": lambda t, layer, answer: hasattr(layer, "weight"),
    "sets an attribute": lambda t, layer, answer: setattr(layer, "training", True),
    "looks into vars": lambda t, layer, answer: vars(layer),
    "asks isinstance": lambda t, layer, answer: isinstance(layer, nn.Module),
    "puts it into a network": lambda t, layer, answer: nn.Sequential(layer),
    "walks through it": lambda t, layer, answer: list(layer),
    "asks its length": lambda t, layer, answer: len(layer),
    "indexes it": lambda t, layer, answer: layer[0],
    "compares it": lambda t, layer, answer: layer == 3,
    "asks whether it is true": lambda t, layer, answer: bool(layer),
    "writes it out": lambda t, layer, answer: f"{layer}",
    "asks repr": lambda t, layer, answer: repr(layer),
    "wraps the answer": lambda t, layer, answer: t.call(lambda: answer()),
}


@pytest.mark.parametrize("way", AROUND)
def test_a_use_that_goes_around_is_noted(way, keeper):
    @exercise("9.9", mistakes={})
    def body(answer, t):
        layer = t.call(answer)
        t.close(t.call(layer, torch.ones(2)).detach(), torch.ones(2))
        AROUND[way](t, layer, answer)

    with pytest.raises((Around, CheckFailed, TypeError)):
        body(Sealed(Layer, keeper.notes))
    assert keeper.notes


def test_a_gradient_that_goes_around_does_not_arrive(keeper):
    @exercise("9.9", mistakes={})
    def body(answer, t):
        x = torch.ones(2, requires_grad=True)
        out = t.call(answer, x)
        (found,) = t.gradients(out, [x], torch.tensor([1.0, 2.0]))
        t.close(found, torch.tensor([3.0, 6.0]))
        (around,) = torch.autograd.grad(out.sum(), x, allow_unused=True)
        assert around is None

    body(Sealed(lambda x: 3 * x, keeper.notes))
    assert keeper.notes == []


def test_what_is_handed_over_comes_back_the_same(keeper):
    """The check's own parameters keep their identity, results their plain kinds."""

    @exercise("9.9", mistakes={})
    def body(answer, t):
        own = nn.Parameter(torch.ones(2))
        groups = t.call(answer, own)
        assert groups[0]["params"][0] is own
        assert t.items(groups[1]["params"])[0] is own
        assert t.kind(groups[1]["params"]) == "generator"

    body(Sealed(lambda p: [{"params": [p]}, {"params": (q for q in [p])}], []))
