"""Checks of 05_early_stopping: stopping, resuming, slowing down, choosing."""

from __future__ import annotations

import copy
import errno
import io
import itertools
import math
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks import CheckFailed, Trial, exercise
from helpers.checks.vocabulary.subject import Raised
from helpers.words import say

ALIASED = say(
    "The best weights are kept as references, not as copies. `state_dict()` holds the "
    "live tensors, and `.copy()` of a dict copies only the dict: training goes on "
    "inside it. Clone every tensor, or use copy.deepcopy."
)
OFF_BY_ONE = say(
    "A count is off by one. `update` returns True at the patience-th call in a row "
    "without an improvement, not one earlier or later; best_step counts calls from 0."
)
DELTA_SIGN = say(
    'min_delta has the wrong sign for mode="max". There an improvement is value > best '
    "+ min_delta: better by more than min_delta."
)
BUFFERS = say(
    "Buffers are forgotten. BatchNorm's running statistics are in model.state_dict(), "
    "but not in model.parameters(). Keep and restore everything in state_dict()."
)
NO_RESTORE = say(
    "restore(model) has no effect: the model keeps the weights that it had. Write the "
    "kept tensors into `model` itself, for example by load_state_dict."
)

State = dict[str, Tensor]


def _state(model: nn.Module) -> State:
    """Return copies of all that is in `state_dict()`."""
    return {k: v.detach().clone() for k, v in model.state_dict().items()}


def _equal(a: State, b: State) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def _network(t: Trial, width: int, dtype: torch.dtype = torch.float32) -> nn.Module:
    """Return a network with BatchNorm and dropout, all numbers drawn from the seed."""
    model = nn.Sequential(
        nn.Linear(4, width),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(width, 3),
    ).to(dtype)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(t.randn(p.numel(), dtype=dtype).view(p.shape))
        norm: Any = model[1]
        norm.running_mean.copy_(t.randn(width, dtype=dtype))
    return model


# -- 5.1: when to stop --------------------------------------------------------------


class Call(NamedTuple):
    """What one `update` brings."""

    stop: bool
    best_value: float
    best_step: int


Better = Callable[[float, float, float], bool]  # of value, best and min_delta

# (mistake or advice, the wrong idea of an improvement), for values that should grow;
# the keys are completed by `_ideas`.
_RIGHT: Better = lambda v, b, d: v > b + d  # noqa: E731
_IDEAS: tuple[tuple[str, Better], ...] = (
    ("", _RIGHT),
    ("min-delta-sign", lambda v, b, d: v > b - d),
    ("min-delta-sign", lambda v, b, d: v >= b - d),
    (say("min_delta is ignored."), lambda v, b, d: v > b),
    (
        say("An improvement is strict: a value that equals the best brings none."),
        lambda v, b, d: v >= b + d,
    ),
    (
        say(
            "NaN is no improvement. Every comparison with NaN is False: ask whether "
            "the value is better, not whether it fails to be worse."
        ),
        lambda v, b, d: not v <= b + d,
    ),
    (
        say(
            "NaN and ties are no improvements: ask whether the value is better, not "
            "whether it fails to be worse."
        ),
        lambda v, b, d: not v < b + d,
    ),
    (
        say(
            'The direction is wrong: mode="min" means that smaller is better, "max" '
            "that larger is."
        ),
        lambda v, b, d: -v > -b + d,
    ),
    *(
        (
            say(
                "min_delta is taken as a share of the best value. It is absolute: "
                "value < best - min_delta, or value > best + min_delta."
            ),
            better,
        )
        for better in (
            lambda v, b, d: v > b + d * abs(b),
            lambda v, b, d: v > b + d * b,
            lambda v, b, d: v > b - d * b,
        )
    ),
)
_DELTA_SIGN_MIN = say(
    'min_delta has the wrong sign for mode="min": there an improvement is value < best '
    "- min_delta."
)
_FIRST = say("The first value is the best so far, however large or small it is.")
_BEST_VALUE = say("best_value is the value of the call best_step, as `update` got it.")
_PREVIOUS = say("Compare with the best value so far, not with the one before.")
_NO_RESET = say(
    "An improvement sets the count back to 0: only calls in a row without one count."
)


def _calls(
    values: Sequence[float],
    settings: dict[str, Any],
    better: Better = _RIGHT,
    *,
    late: int = 0,
    previous: bool = False,
    reset: bool = True,
) -> list[Call]:
    """Return what `update` gives for `values`, for a right or a wrong idea of it."""
    patience, delta = settings.get("patience", 5), settings.get("min_delta", 0.0)
    sign = 1.0 if settings.get("mode", "min") == "max" else -1.0
    calls: list[Call] = []
    against, best, step, waited = math.nan, values[0], 0, 0
    for k, value in enumerate(values):
        if k == 0 or better(sign * value, sign * against, delta):
            against, best, step, waited = value, value, k, 0 if reset else waited
        else:
            waited += 1
        against = value if previous else against
        calls.append(Call(waited >= patience + late, best, step))
    return calls


def _named_calls(
    values: Sequence[float], settings: dict[str, Any]
) -> Iterator[tuple[str, list[Call]]]:
    """Yield (mistake or advice, what it gives), simple mistakes first."""
    largest = settings.get("mode") == "max"
    for key, better in _IDEAS:
        if key == "min-delta-sign" and not settings.get("min_delta"):
            key = ""  # without a margin its sign does not show
        if key == "min-delta-sign" and not largest:
            key = _DELTA_SIGN_MIN
        yield key, _calls(values, settings, better)
    for late in (1, -1):
        yield "off-by-one", _calls(values, settings, late=late)
    yield _NO_RESET, _calls(values, settings, reset=False)
    yield _PREVIOUS, _calls(values, settings, previous=True)
    margin = "min_delta" in settings
    for (key, better), late in itertools.product(_IDEAS[1:], (1, -1)):
        named = key if key == "min-delta-sign" and largest else "off-by-one"
        shows = margin or key != "min-delta-sign"
        yield named if shows else "", _calls(values, settings, better, late=late)


def _refuted(passed: Passed) -> set[int]:
    """Return the numbers of the ideas that would have failed in a case that passed."""
    found = set()
    for values, settings in passed:
        right = _until_stop(_calls(values, settings)[:-1])
        for k, (_, calls) in enumerate(_named_calls(values, settings)):
            if _until_stop(calls)[: len(right)] != right:
                found.add(k)
    return found


def _until_stop(calls: Sequence[Call]) -> list[tuple[bool, int]]:
    end = next((k for k, call in enumerate(calls) if call.stop), len(calls))
    return [(call.stop, call.best_step) for call in calls[: end + 1]]


def _text(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in settings.items())


Passed = list[tuple[Sequence[float], dict[str, Any]]]  # what went well so far


def _follow(
    t: Trial, answer: Any, passed: Passed, values: Sequence[float], **settings: Any
) -> None:
    """Require the right result of every call up to the stop, then add to `passed`.

    The last value comes after the stop: it is used only to tell what is wrong.
    """
    right = _calls(values, settings)[:-1]
    assert [call.stop for call in right] == [False] * (len(right) - 1) + [True]
    case = f"stopper = EarlyStopping({_settings(settings)})"
    stopper, model = t.call(answer, **settings), nn.Linear(2, 1)
    got: list[Call] = []
    for k, (value, want) in enumerate(zip(values[:-1], right, strict=True)):
        text = say(
            "{case}; update with {values}", case=case, values=_text(values[: k + 1])
        )
        got.append(_update(t, stopper, value, model, text))
        if (got[-1].stop, got[-1].best_step) != (want.stop, want.best_step):
            break
        t.close(
            got[-1].best_value,
            want.best_value,
            what="best_value",
            advice=_BEST_VALUE if k else _FIRST,
        )
        _move(model)
    else:
        passed.append((values, settings))
        return
    n = len(got)
    for k in range(n, len(values)):
        try:
            got.append(_update(t, stopper, values[k], model, text))
        except CheckFailed:  # only asked in order to name the mistake
            break
    _name_calls(t, values, settings, passed, got, right[n - 1])


def _update(t: Trial, stopper: Any, value: float, model: nn.Module, case: str) -> Call:
    before = _state(model)
    stop = t.method(stopper, "update", value, model, case=case)
    t.require(
        type(stop) is bool,
        say("`update` does not return a bool."),
        expected=say("True or False"),
        got="None" if stop is None else f"{t.kind(stop)}: {t.describe(stop)}",
        advice=say("Return False too, where training goes on."),
    )
    best, step = t.get(stopper, "best_value", "best_step", case=case)
    t.require(
        _equal(before, _state(model)),
        say("`update` changes the model."),
        advice=say("Only restore(model) writes into the model."),
    )
    step = t.number(step, what="best_step")
    return Call(stop, t.number(best, what="best_value"), int(step))


def _move(model: nn.Module) -> None:
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1.0)


def _name_calls(
    t: Trial,
    values: Sequence[float],
    settings: dict[str, Any],
    passed: Passed,
    got: Sequence[Call],
    want: Call,
) -> None:
    """Fail for the first wrong call with the mistake that fits what was seen.

    A mistake would have shown in the cases before, if it shows in them: one that did
    not is none.
    """
    rights = _calls(values, settings)
    n = next(
        k
        for k, (a, b) in enumerate(zip(got, rights, strict=False), 1)
        if (a.stop, a.best_step) != (b.stop, b.best_step)
    )
    call, key = got[n - 1], ""
    refuted = _refuted(passed)
    steps = [(c.stop, c.best_step - 1) for c in got[:n]]
    if steps[0] == (False, 0) and call.stop == want.stop:
        key = "off-by-one"  # best_step counts from 1
    wrong = _until_stop(rights)
    for k, (name, calls) in enumerate(_named_calls(values, settings)):
        pattern = _until_stop(calls)
        fits = [(c.stop, c.best_step) for c in got[: len(pattern)]] == pattern
        if not key and name and pattern != wrong and fits and k not in refuted:
            key = name
    problem = say("best_step is not right.")
    expected, value = f"{want.best_step}", f"{call.best_step}"
    if call.stop != want.stop:
        problem = "`update` " + (
            say("stops too early.") if call.stop else say("does not stop.")
        )
        expected, value = say("{stop} in the last call", stop=want.stop), f"{call.stop}"
    named = key if key in t.mistakes else None
    t.fail(
        problem,
        expected=expected,
        got=value,
        mistake=named,
        advice=key or say("Count the calls in a row that brought no improvement."),
    )


def _walk(t: Trial, settings: dict[str, Any]) -> list[float]:
    """Draw values, multiples of ½, until the stop, and one more.

    min_delta is no multiple of ½, or it is 0: all comparisons are clear or exact.
    """
    sign = 1 if settings["mode"] == "max" else -1
    values = [float(t.random.randint(-4, 4))]
    while not _calls(values, settings)[-1].stop:
        drift = sign if len(values) < 8 else -sign
        values.append(values[-1] + 0.5 * t.random.randint(-2, 2) + 0.5 * drift)
    return [*values, values[-1]]


def _train_a_bit(t: Trial, model: nn.Module) -> None:
    """Take real optimizer steps in train mode: weights and buffers change in place."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    dtype = next(model.parameters()).dtype
    model.train()
    for _ in range(2):
        x, y = t.randn(8, 4, dtype=dtype), t.integers(3, 8)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def _part(model: nn.Module, state: State, *, weights: bool) -> State:
    names = {name for name, _ in model.named_parameters()}
    return {k: v for k, v in state.items() if (k in names) == weights}


def _restore(t: Trial, stopper: Any, model: nn.Module, case: str) -> None:
    """Restore; load_state_dict itself may complain that the buffers are missing."""
    weights = [name for name, _ in model.named_parameters()]

    def explain(error: Raised) -> None:
        buffers = not any(f'"{name}"' in error.message for name in weights)
        if error.says("RuntimeError", "Missing key") and buffers:
            t.fail(
                say("restore(model) does not find the buffers among what was kept."),
                got=" ".join(error.message.split())[:120],
                mistake="buffers-forgotten",
            )

    t.method(stopper, "restore", model, case=case, explain=explain)


def _restored(
    t: Trial,
    stopper: Any,
    model: nn.Module,
    want: State,
    case: str,
    live: State,
    others: Sequence[State] = (),
) -> None:
    """Require restore(model) to write `want`; else say what stands there instead.

    Args:
        live: what the model of the last update (or restore) holds now.
        others: the states at the calls of update, to name the wrong one.
    """
    own = _state(model)
    _restore(t, stopper, model, case)
    got = _state(model)
    if _equal(got, want):
        return
    kinds = ((True, say("the weights")), (False, say("the buffers")))
    for weights, what in kinds:
        now, right, old, other = (
            _part(model, state, weights=weights) for state in (got, want, own, live)
        )
        if _equal(now, right):
            continue
        problem = say(
            "after restore(model) {what} are not those of the best call.", what=what
        )
        call = [
            k
            for k, s in enumerate(others)
            if _equal(_part(model, s, weights=weights), now)
        ]
        if _equal(now, other) and not _equal(old, other):
            t.fail(
                problem, got=say("those of the live model"), mistake="aliased-weights"
            )
        if call:
            advice = say("Keep the weights at each improvement, and only then.")
            t.fail(
                problem, got=say("those of call {call}", call=call[0]), advice=advice
            )
        if not weights:
            t.fail(problem, mistake="buffers-forgotten")
        if _equal(now, old):
            t.fail(problem, got=say("those it had before"), mistake="no-restore")
        t.fail(
            problem, advice=say("Copy every entry of state_dict() under its own name.")
        )


def _restores(t: Trial, answer: Any, dtype: torch.dtype, mode: str) -> None:
    width, sign = t.random.randint(3, 6), 1 if mode == "max" else -1
    stopper = t.call(answer, patience=3, mode=mode)
    model, seen = _network(t, width, dtype), []
    values = [sign * v for v in (1.0, 2.0, 1.5, 1.0)]
    text = say(
        'EarlyStopping(patience=3, mode="{mode}"), a network with BatchNorm; ',
        mode=mode,
    )
    text += say("update with {values}, training on after each; ", values=_text(values))
    for value in values:
        _update(t, stopper, value, model, text + say("update(value, model)"))
        seen.append(_state(model))
        _train_a_bit(t, model)
    best, fresh, third = seen[1], _network(t, width, dtype), _network(t, width, dtype)
    case = text + say("restore(a fresh model)")
    _restored(t, stopper, fresh, best, case, _state(model), seen)
    _train_a_bit(t, fresh)
    case = text + say(
        "restore twice, each time into a fresh model; the first trained on"
    )
    _restored(t, stopper, third, best, case, _state(fresh), seen)
    case = text + "restore(model)"
    _same_model(t, stopper, model, best, case)
    _train_a_bit(t, model)
    _same_model(t, stopper, model, best, case + say(", train, restore(model) again"))
    _train_a_bit(t, model)
    _update(
        t,
        stopper,
        3.0 * sign,
        model,
        text + say("then with {sign}, a new best", sign=3 * sign),
    )
    best = _state(model)
    _train_a_bit(t, model)
    case = text + say(
        "then with {sign}, a new best; restore(a fresh model)", sign=3 * sign
    )
    last = _network(t, width, dtype)
    _restored(t, stopper, last, best, case, _state(model), seen)


def _same_model(
    t: Trial, stopper: Any, model: nn.Module, want: State, case: str
) -> None:
    _restored(t, stopper, model, want, case, _state(model))


@exercise(
    "5.1",
    mistakes={
        "aliased-weights": ALIASED,
        "off-by-one": OFF_BY_ONE,
        "min-delta-sign": DELTA_SIGN,
        "buffers-forgotten": BUFFERS,
        "no-restore": NO_RESTORE,
    },
)
def EarlyStopping(answer: Any, t: Trial) -> None:
    """Check 5.1: when `update` stops, what is best, what `restore` brings back."""
    nan = math.nan
    passed: Passed = []
    t.part("patience by hand")
    _follow(t, answer, passed, [1.0, 0.8, 0.9, 1.1, 1.2, 1.3], patience=3)
    _follow(t, answer, passed, [0.5, 0.75, 1.0], patience=1)
    values = [2.0, 1.5, 1.6, 1.7, 1.4, 1.8, 1.75, 1.9, 1.6, 1.5, 1.95]
    _follow(t, answer, passed, values)
    t.part('mode="max" and min_delta')
    _follow(
        t,
        answer,
        passed,
        [-3.0, -2.0, -2.5, -1.0, -1.5, -2.0, -2.0],
        patience=2,
        mode="max",
    )
    values = [0.5, 0.45, 0.55, 0.62, 0.58, 0.66, 0.55, 0.5]
    _follow(t, answer, passed, values, patience=3, min_delta=0.1, mode="max")
    _follow(t, answer, passed, [2 - v for v in values], patience=3, min_delta=0.1)
    t.part("ties and NaN")
    values = [0.9, nan, 0.6, 0.6, nan, 0.7, 0.8, 0.9]
    _follow(t, answer, passed, values, patience=4)
    t.part("other values")
    for mode, delta in itertools.product(("min", "max"), (0.0, 0.75)):
        patience = t.random.randint(2, 4)
        settings = {"patience": patience, "min_delta": delta, "mode": mode}
        _follow(t, answer, passed, _walk(t, settings), **settings)
    t.part("the best weights come back")
    _restores(t, answer, torch.float32, "min")
    _restores(t, answer, torch.float64, "max")


# -- 5.2: checkpoints ---------------------------------------------------------------

OPTIMIZER = say(
    "The optimizer's state is missing. Momentum, Adam's averages and the present "
    "learning rate are in optimizer.state_dict(): save it, and load it again."
)
RNG = say(
    "The random state is missing. Dropout draws other masks after the resume: save "
    "torch.get_rng_state(), and give it to torch.set_rng_state when loading. (On a GPU "
    "the same goes for torch.cuda.)"
)
USED = say(
    "The random state is put back, and then used: something in load_checkpoint draws "
    "random numbers after torch.set_rng_state. Put it back last."
)
IN_PLACE = say(
    "The file is written in place: a crash half-way destroys the old checkpoint before "
    "the new one is complete. Write to another file in the same folder, then "
    "os.replace it."
)
PICKLE = say(
    "Unpickling runs whatever code the file contains. Use torch.load(path, "
    "weights_only=True), which knows only tensors and plain containers."
)

Optimizer = torch.optim.Optimizer
Batch = tuple[Tensor, Tensor]


def _epochs(
    model: nn.Module, optimizer: Optimizer, batches: Sequence[Batch], n: int
) -> None:
    """Train with dropout and a falling learning rate."""
    model.train()
    for _ in range(n):
        for x, y in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] *= 0.9


def _same_tree(a: object, b: object) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same_tree(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_same_tree, a, b))
    return a == b


def _loaded_epoch(t: Trial, epoch: object, want: int) -> None:
    t.require(
        type(epoch) is int,
        say("`load_checkpoint` does not return an int."),
        expected=f"int: {want}",
        got="None" if epoch is None else f"{t.kind(epoch)}: {t.describe(epoch)}",
        advice=say("Save the epoch too, and return it."),
    )
    t.same(epoch, want, what=say("the epoch that `load_checkpoint` returns"))


def _require_loaded(
    t: Trial,
    model: nn.Module,
    optimizer: Optimizer,
    want: tuple[State, dict[str, Any], Tensor],
) -> None:
    """Require weights, optimizer and random state of the time of the save."""
    state, inner, rng = want
    for name, value in state.items():
        t.require(
            torch.equal(model.state_dict()[name], value),
            say(
                "after loading, {name!r} of the model is not what was saved.", name=name
            ),
            advice=say("Load all of model.state_dict() into the model you are given."),
        )
    t.require(
        _same_tree(optimizer.state_dict(), inner),
        say("after loading, the optimizer's state is not what was saved."),
        mistake="optimizer-missing",
    )
    now = torch.get_rng_state()
    if torch.equal(now, rng):
        return
    problem = say("after loading, torch's random state is not that of the save.")
    if _used(rng, now):
        t.fail(problem, got=say("that of the save, some draws later"), advice=USED)
    t.fail(problem, mistake="rng-missing")


def _used(before: Tensor, now: Tensor) -> bool:
    """Tell whether the CPU's random state `now` is `before` after some draws.

    Compared are the 624 words of the Mersenne Twister, without its place in them.
    """
    words = slice(24, 24 + 8 * 624)
    source = torch.Generator()
    source.set_state(before)
    for _ in range(50):
        if torch.equal(source.get_state()[words], now[words]):
            return True
        torch.rand(624, generator=source)
    return False


def _snapshot(
    model: nn.Module, optimizer: Optimizer
) -> tuple[State, dict[str, Any], Tensor]:
    inner = copy.deepcopy(optimizer.state_dict())
    return _state(model), inner, torch.get_rng_state()


class _Functions(NamedTuple):
    save: Any
    load: Any


def _call(t: Trial, answer: Any, *args: Any, case: str) -> Any:
    """Call one of them; what it must not change is compared by the check."""
    return t.call(answer, *args, case=case, may_change=True)


def _resume(
    t: Trial,
    f: _Functions,
    make: Callable[[nn.Module], Optimizer],
    paths: tuple[object, object],
    dtype: torch.dtype,
) -> None:
    """Compare 10 epochs with 5, a save, a load into fresh objects, and 5 more."""
    model = _network(t, 8, dtype)
    start, fresh = copy.deepcopy(model), _network(t, 8, dtype)
    batches = [(t.randn(6, 4, dtype=dtype), t.integers(3, 6)) for _ in range(2)]
    rng, epoch = torch.get_rng_state(), t.random.randint(5, 90)
    optimizer = make(model)
    kind = type(optimizer).__name__
    _epochs(model, optimizer, batches, 10)
    straight = _state(model)

    torch.set_rng_state(rng)
    model, optimizer = start, make(start)
    _epochs(model, optimizer, batches, 5)
    want = _snapshot(model, optimizer)
    case = say(
        "save_checkpoint({paths}, model, {kind}, {epoch})",
        paths=_path(paths[0]),
        kind=kind,
        epoch=epoch,
    )
    _call(t, f.save, paths[0], model, optimizer, epoch, case=case)
    there, _, _ = t.look_at(paths[0])
    t.require(there == "file", say("there is no file at the path."))
    same = _same_tree(_snapshot(model, optimizer), want)
    t.require(same, say("saving changes the model, the optimizer or the random state."))

    _epochs(model, optimizer, batches, 1)  # goes on; the file must not follow
    torch.manual_seed(t.random.getrandbits(40))
    optimizer = make(fresh)
    case += say(
        "; in a new run: load_checkpoint({paths}, model, {kind})",
        paths=_path(paths[1]),
        kind=kind,
    )
    got = _call(t, f.load, paths[1], fresh, optimizer, case=case)
    _loaded_epoch(t, got, epoch)
    _require_loaded(t, fresh, optimizer, want)
    _epochs(fresh, optimizer, batches, 5)
    t.require(
        _equal(_state(fresh), straight),
        say("10 epochs and 5 + resume + 5 do not end at the same weights."),
        advice=say(
            "Load into the model and the optimizer that you are given, in place: the "
            "optimizer has to go on training this model's own parameters."
        ),
    )


def _path(path: object) -> str:
    name = Path(str(path)).name
    return f'Path("{name}")' if isinstance(path, Path) else f'"{name}"'


class _Broken(Tensor):
    """A tensor that cannot be written: the disk is full."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise OSError(
            errno.ENOSPC, say("No space left on device (made up by the check)")
        )


def _pair(t: Trial, width: int = 8) -> tuple[nn.Module, Optimizer]:
    """Return a model and an optimizer that has taken a step."""
    model = _network(t, width)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    batch = t.randn(6, 4), t.integers(3, 6)
    _epochs(model, optimizer, [batch], 1)
    return model, optimizer


_Crash = Callable[[nn.Module, Optimizer], bool]  # tells whether it came to one


def _survives(
    t: Trial,
    f: _Functions,
    path: Path,
    crash: _Crash,
    case: str,
) -> None:
    """Save epoch 3, crash while saving epoch 4; epoch 3 must still be there."""
    old, optimizer = _pair(t, 64)
    want = _state(old)
    text = say('save_checkpoint("run.pt", model, optimizer, 3)')
    _call(t, f.save, path, old, optimizer, 3, case=text)
    if not crash(*_pair(t, 64)):  # all was written without a crash
        return
    t.case = say(
        "{text}; the same with epoch 4, {case}; then load_checkpoint",
        text=text,
        case=case,
    )
    model, optimizer = _pair(t, 64)

    def explain(error: Raised) -> None:
        t.fail(
            say("after a crash while writing, the old checkpoint cannot be loaded."),
            expected=say("the checkpoint of epoch 3"),
            got=str(error).splitlines()[0][:120],
            mistake="in-place-write",
        )

    epoch = t.call(
        f.load,
        *(path, model, optimizer),
        case=t.case,
        explain=explain,
        may_change=True,
    )
    t.require(
        epoch == 3 and _equal(_state(model), want),
        say("after a crash while writing, the old checkpoint is not what it was."),
        expected=say("epoch 3 and its weights"),
        got=say("epoch {epoch}", epoch=epoch)
        + (say(" and other weights") if epoch == 3 else ""),
        mistake="in-place-write",
    )


def _full_disk(t: Trial, f: _Functions, path: Path) -> _Crash:
    """Return a crash: one tensor of the model raises when it is written."""

    def crash(model: nn.Module, optimizer: Optimizer) -> bool:
        norm: Any = list(model.children())[1]
        norm.running_var = norm.running_var.as_subclass(_Broken)
        done = t.outcome(f.save, path, model, optimizer, 4, case=t.case)
        return done.raised is not None

    return crash


def _killed(t: Trial, f: _Functions, path: Path) -> _Crash:
    """Return a crash: a process of its own is killed when half of the file is out."""

    def crash(model: nn.Module, optimizer: Optimizer) -> bool:
        _, size, _ = t.look_at(path)
        return t.killed(f.save, path, model, optimizer, 4, limit=size // 2)

    return crash


def _replaces(t: Trial, f: _Functions, path: Path) -> None:
    """Save twice; a second name of the first file must still show the first one.

    A name that is replaced gets another file. Whoever writes into the file itself,
    by torch.save, open or shutil.copy, changes it under its second name as well.
    """
    second = path.with_name("second_name.pt")
    pair = _pair(t, 64)
    case = say("save_checkpoint({path}, model, optimizer, 3)", path=_path(path))
    _call(t, f.save, path, *pair, 3, case=case)
    if not t.linked(path, second):
        return
    old = t.look_at(second)
    case = say(
        "save_checkpoint({path}, …) where that file exists already", path=_path(path)
    )
    _call(t, f.save, path, *_pair(t, 64), 4, case=case)
    t.require(
        t.look_at(second) == old,
        say("the new checkpoint is written into the old file itself."),
        expected=say("a new file that takes the old one's name once it is complete"),
        got=say("a time in which the old is gone and the new not complete"),
        mistake="in-place-write",
    )
    model, optimizer = _pair(t, 64)
    case += "; load_checkpoint"
    epoch = _call(t, f.load, path, model, optimizer, case=case)
    _loaded_epoch(t, epoch, 4)


class _Evil:
    """Pickled code: whoever unpickles it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def _runs_nothing(t: Trial, f: _Functions, folder: Path) -> None:
    """Hand over files that contain code; loading may raise, but must not run it."""
    for kind in ("torch", "pickle"):
        path, flag = folder / f"evil_{kind}.pt", folder / f"ran_{kind}"
        data = io.BytesIO(pickle.dumps(_Evil(flag), protocol=2))
        if kind == "torch":
            data = io.BytesIO()
            torch.save({"epoch": 1, "model": _Evil(flag)}, data)
        t.write(path, data.getvalue())
        t.case = say("load_checkpoint of a stranger's file with code in it")
        t.outcome(f.load, path, *_pair(t), case=t.case)
        t.require(
            t.look_at(flag) == ("", 0, ""),
            say("loading runs code that is hidden in the file."),
            expected=say("an error, and nothing done"),
            got=say("the hidden code made a folder"),
            advice=PICKLE,
        )


def _cuda_state(t: Trial, f: _Functions, folder: Path) -> None:
    """Where there is a GPU its random state is part of the checkpoint."""
    before = torch.cuda.get_rng_state_all()
    try:
        torch.cuda.manual_seed_all(t.random.getrandbits(40))
        want = torch.cuda.get_rng_state_all()
        model, optimizer = _pair(t)
        case = say("save_checkpoint, then load_checkpoint, on a machine with a GPU")
        path = folder / "cuda.pt"
        _call(t, f.save, path, model, optimizer, 1, case=case)
        torch.cuda.manual_seed_all(t.random.getrandbits(40))
        _call(t, f.load, path, model, optimizer, case=case)
        t.require(
            _same_tree(torch.cuda.get_rng_state_all(), want),
            say("after loading, the GPU's random state is not that of the save."),
            mistake="rng-missing",
        )
    finally:
        torch.cuda.set_rng_state_all(before)


def _adam(model: nn.Module) -> Optimizer:
    return torch.optim.Adam(model.parameters(), lr=0.02)


def _momentum(model: nn.Module) -> Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


@exercise(
    "5.2",
    asks=("save_checkpoint", "load_checkpoint"),
    mistakes={
        "optimizer-missing": OPTIMIZER,
        "rng-missing": RNG,
        "in-place-write": IN_PLACE,
    },
)
def save_checkpoint(save: Any, load: Any, t: Trial) -> None:
    """Check 5.2: 10 epochs equal 5 + resume + 5; an old file outlives a crash."""
    f = _Functions(save, load)
    with t.folder() as folder:
        path = folder / "run.pt"
        t.part("10 epochs = 5 + resume + 5")
        _resume(t, f, _adam, (path, str(path)), torch.float32)
        _resume(t, f, _momentum, (str(path), path), torch.float64)
        if torch.cuda.is_available():
            _cuda_state(t, f, folder)
        t.part("a crash while writing")
        case = say("in which the disk is full half-way")
        _survives(t, f, path, _full_disk(t, f, path), case)
        if hasattr(os, "fork"):
            case = say("in a process that is killed half-way")
            _survives(t, f, path, _killed(t, f, path), case)
        _replaces(t, f, path)
        t.part("no code from the file")
        _runs_nothing(t, f, folder)


# -- 5.3: the cosine schedule -------------------------------------------------------

# Rounding of float32: a rate may have passed through a tensor.
_RATE = {"rtol": 1e-5, "atol": 1e-6}


class Schedule(NamedTuple):
    """The settings of one case."""

    total_steps: int
    base_lr: float
    min_lr: float = 0.0
    warmup_steps: int = 0


def _cosine(s: Schedule, t: float) -> float:
    return s.min_lr + (s.base_lr - s.min_lr) * (1 + math.cos(math.pi * t)) / 2


def _rate(s: Schedule, step: int) -> float:
    if step < s.warmup_steps:
        return s.base_lr * step / s.warmup_steps
    return _cosine(s, (step - s.warmup_steps) / (s.total_steps - s.warmup_steps))


def _late_ends(s: Schedule, step: int) -> Iterator[float]:
    """Yield the rates of a cosine whose end is off by one, in all its forms."""
    done, length = step - s.warmup_steps, s.total_steps - s.warmup_steps
    for first, more in ((0, -1), (0, 1), (1, 0), (-1, 0), (1, 1), (-1, -1)):
        fraction = (done + first) / (length + more)
        for value in (fraction, min(fraction, 1.0), min(max(fraction, 0.0), 1.0)):
            yield _cosine(s, value)


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=_RATE["rtol"], abs_tol=_RATE["atol"])


_UP = say("The warm-up is base_lr·step/warmup_steps: ")
_AFTER = say("t counts from the end of the warm-up: (step - warmup)/(total - warmup).")
_RADIANS = say("math.cos works in radians: cos(π·t).")

Form = Callable[[Schedule, int], float]

# Advice, and the rates that its mistake gives in the warm-up.
_WARMUPS: tuple[tuple[str, Form], ...] = (
    (
        _UP + say("step, not step + 1."),
        lambda s, k: s.base_lr * (k + 1) / s.warmup_steps,
    ),
    (
        _UP + say("it starts at 0, not at min_lr."),
        lambda s, k: s.min_lr + (s.base_lr - s.min_lr) * k / s.warmup_steps,
    ),
    (_UP + say("it ends at base_lr, not at 1."), lambda s, k: k / s.warmup_steps),
    (
        say("/ divides; // drops what is behind the point."),
        lambda s, k: s.base_lr * (k // s.warmup_steps),
    ),
)


def _share(s: Schedule, k: int) -> float:
    return (k - s.warmup_steps) / (s.total_steps - s.warmup_steps)


# The same after the warm-up.
_FALLS: tuple[tuple[str, Form], ...] = (
    (_AFTER, lambda s, k: _cosine(s, k / s.total_steps)),
    (_AFTER, lambda s, k: _cosine(s, (k - s.warmup_steps) / s.total_steps)),
    (_RADIANS, lambda s, k: _cosine(s, _share(s, k) / math.pi)),
    (_RADIANS, lambda s, k: _cosine(s, 180 * _share(s, k) / math.pi)),
    (
        say("The factor ½ is missing."),
        lambda s, k: 2 * _cosine(s, _share(s, k)) - s.min_lr,
    ),
    (
        say("The cosine starts at base_lr and falls."),
        lambda s, k: _cosine(s, 1 - _share(s, k)),
    ),
    (
        say("Scale by base_lr - min_lr, so that the schedule starts at base_lr."),
        lambda s, k: s.min_lr + _cosine(s._replace(min_lr=0.0), _share(s, k)),
    ),
    (
        say("min_lr is not used."),
        lambda s, k: _cosine(s._replace(min_lr=0.0), _share(s, k)),
    ),
    (
        say(
            "The cosine falls to 0 and is cut off at min_lr. Let it end there instead: "
            "min_lr + ½(base_lr - min_lr)(1 + cos πt)."
        ),
        lambda s, k: max(s.min_lr, _cosine(s._replace(min_lr=0.0), _share(s, k))),
    ),
    (
        say("This falls along a straight line, not along a cosine."),
        lambda s, k: s.base_lr + (s.min_lr - s.base_lr) * _share(s, k),
    ),
    (
        say(
            "/ divides; // drops what is behind the point, and t stays 0 until the end."
        ),
        lambda s, k: _cosine(
            s, (k - s.warmup_steps) // (s.total_steps - s.warmup_steps)
        ),
    ),
    (
        say(
            "This is a whole wave: cos(2πt) comes back to where it began. Half of one, "
            "cos(πt), goes from 1 to -1."
        ),
        lambda s, k: _cosine(s, 2 * _share(s, k)),
    ),
)


def _advice(s: Schedule, got: Sequence[float], bad: Sequence[int]) -> str | None:
    """Return the advice whose rates are those of all bad steps; None if none is.

    One mistake in the warm-up and another one after it make two pieces of advice.
    """
    said = []
    rising = [k for k in bad if k < s.warmup_steps]
    falling = [k for k in bad if k >= s.warmup_steps]
    for steps, forms in ((rising, _WARMUPS), (falling, _FALLS)):
        fits = (a for a, f in forms if all(_near(got[k], f(s, k)) for k in steps))
        found = next(fits, None) if steps else ""
        if found is None:
            return None
        said.append(found)
    return " ".join(filter(None, said))


def _judge(t: Trial, answer: Any, s: Schedule, **kwargs: Any) -> None:
    """Compare all steps from 0 to total_steps, then name what is wrong."""
    steps = range(s.total_steps + 1)
    got: list[float] = []
    for step in steps:
        value = t.call(answer, step, s.total_steps, s.base_lr, **kwargs)
        got.append(t.number(value, what=say("the rate")))
    bad = [k for k in steps if not _near(got[k], _rate(s, k))]
    if not bad:
        return
    step = bad[0]
    mistake, advice = _name_rate(s, got, bad)
    if mistake == "off-by-one":
        step = bad[-1]
    given = "".join(f", {key}={value:g}" for key, value in kwargs.items())
    t.case = f"cosine_schedule({step}, {s.total_steps}, {s.base_lr:g}{given})"
    t.fail(
        say("the learning rate is not right."),
        expected=f"{_rate(s, step):.6g}",
        got=f"{got[step]:.6g}",
        mistake=mistake,
        advice=advice,
    )


def _name_rate(
    s: Schedule, got: Sequence[float], bad: Sequence[int]
) -> tuple[str | None, str | None]:
    if s.warmup_steps > 1 and _near(got[0], s.base_lr):
        return "warmup-from-base", None
    falling = range(max(s.warmup_steps, 1), s.total_steps + 1)
    if bad[0] >= s.warmup_steps or bad[-1] >= s.warmup_steps:
        forms = zip(*(_late_ends(s, k) for k in falling), strict=True)
        for form in forms:
            if all(_near(got[k], v) for k, v in zip(falling, form, strict=True)):
                return "off-by-one", None
        last, early = s.total_steps, s.total_steps - 1
        if set(bad) <= {early} and _near(got[early], s.min_lr):
            return "off-by-one", None
        if set(bad) <= {last} and not _near(got[last], s.min_lr):
            return "off-by-one", None
    return None, _advice(s, got, bad)


@exercise(
    "5.3",
    mistakes={
        "off-by-one": say(
            "The end is off by one: min_lr is reached at step = total_steps, not one "
            "step earlier or later. t = (step - warmup)/(total - warmup) is 0 at step "
            "= warmup_steps and 1 at step = total_steps."
        ),
        "warmup-from-base": say(
            "The warm-up starts at base_lr. It starts at 0 and rises in a straight "
            "line: base_lr·step/warmup_steps while step < warmup_steps."
        ),
    },
)
def cosine_schedule(answer: Any, t: Trial) -> None:
    """Check 5.3: warm-up to `base_lr`, then half a cosine to `min_lr`."""
    t.part("without warm-up")
    _judge(t, answer, Schedule(4, 0.8))
    _judge(t, answer, Schedule(10, 0.5, 0.1), min_lr=0.1)
    t.part("with warm-up")
    _judge(t, answer, Schedule(12, 0.8, 0.1, 4), min_lr=0.1, warmup_steps=4)
    _judge(t, answer, Schedule(7, 1.0, 0.0, 1), warmup_steps=1)
    t.part("other settings")
    for _ in range(3):
        warmup = t.random.randint(2, 9)
        total = warmup + t.random.randint(5, 30)
        base, low = t.random.uniform(0.1, 2.0), t.random.uniform(0.01, 0.08)
        case = Schedule(total, base, low, warmup)
        _judge(t, answer, case, min_lr=low, warmup_steps=warmup)


# -- 5.4: select, then report -------------------------------------------------------

Pair = tuple[Tensor, Tensor]
_NAN = math.nan


class Choice(NamedTuple):
    """What an answer returned for one case."""

    selection: list[float]
    report: list[float]
    chosen: int
    score: float

    @property
    def best(self) -> int:
        """The right index."""
        known = [-math.inf if v != v else v for v in self.selection]
        return known.index(max(known))

    @property
    def right(self) -> bool:
        """Whether index and score are both right."""
        return self.chosen == self.best and _alike(self.score, self.report[self.best])


def _alike(a: float, b: float) -> bool:
    """Tell whether two scores are equal up to float32; NaN is like NaN."""
    return a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=1e-6)


def _first(values: Sequence[float]) -> int:
    known = [-math.inf if v != v else v for v in values]
    return known.index(max(known))


def _tied(c: Choice) -> list[int]:
    """Return all indices of the largest score on `selection`."""
    return [k for k, v in enumerate(c.selection) if v == c.selection[c.best]]


def _honest(c: Choice) -> bool:
    return _alike(c.score, c.report[c.chosen])


def _largest(values: Sequence[float]) -> list[int]:
    """Return where a search for the largest may end: NaN first, if there is one."""
    return [k for k, v in enumerate(values) if v != v][:1] + [_first(values)]


# Mistake or advice, and whether one wrong case fits it.
_CHOICES: tuple[tuple[str, Callable[[Choice], bool]], ...] = (
    ("selects-on-report", lambda c: c.chosen in _largest(c.report)),
    (
        "reports-selection",
        lambda c: _alike(c.score, c.selection[c.chosen]) and not _honest(c),
    ),
    (
        "nan-wins",
        lambda c: c.selection[c.chosen] != c.selection[c.chosen] and _honest(c),
    ),
    ("last-tie", lambda c: c.chosen == _tied(c)[-1] and _honest(c)),
    (
        say("Of equal scores the first one wins."),
        lambda c: c.chosen in _tied(c)[1:] and _honest(c),
    ),
    (
        say("The index counts all checkpoints, those with NaN as well."),
        lambda c: c.chosen == _first([v for v in c.selection if v == v]),
    ),
    (
        say("Larger is better: this is the smallest score."),
        lambda c: c.selection[c.chosen] == min(v for v in c.selection if v == v),
    ),
    (
        say(
            "The index is right. Report the chosen checkpoint's score on `report`, not "
            "the largest one there."
        ),
        lambda c: c.chosen == c.best and _alike(c.score, c.report[_first(c.report)]),
    ),
    (
        say(
            "It goes wrong where `selection` holds NaN: every comparison with NaN is "
            "False, so sorting and searching lose their way. Put -inf in its place."
        ),
        lambda c: any(v != v for v in c.selection),
    ),
)


def _selections(t: Trial) -> Iterator[tuple[str, list[Pair]]]:
    """Yield the behaviors and their cases, as (selection, report).

    In each the largest score on `report` stands elsewhere than the best one on
    `selection`, and the two scores of the best one differ.
    """
    given = [([0.7, 0.9, 0.9], [0.6, 0.75, 0.8]), ([0.1, 0.5, 0.3], [0.9, 0.2, 0.4])]
    yield say("by hand"), [(torch.tensor(a), torch.tensor(b)) for a, b in given]
    yield say("longer lists"), [_scores(t, dtype) for dtype in t.dtypes()]
    low, high = _scores(t, torch.float32)
    one = torch.tensor([0.25]), torch.tensor([0.75])
    yield say("scores below 0, and a single one"), [(low - 9, high - 9), one]
    yield "ties", [_with_ties(t, k) for k in (2, 3)]
    places = ([0], [-1], [0, 1], None)
    yield "NaN", [_with_nan(t, place, shift) for place in places for shift in (0, -9)]
    selection, report = _scores(t, torch.float64)
    report[int(selection.argmin())] = _NAN
    yield say("NaN on `report`"), [(selection, report)]


def _scores(t: Trial, dtype: torch.dtype) -> Pair:
    """Draw 8 to 12 scores in [0, 1], the best at neither end on `selection`."""
    n = t.random.randint(8, 12)
    selection, report = t.rand(n, dtype=dtype) * 0.8, t.rand(n, dtype=dtype) * 0.8
    best = t.random.randint(2, n - 3)
    selection[best], report[best] = 0.9, 0.5
    report[(best + 2) % n] = 0.95
    return selection, report


def _with_ties(t: Trial, count: int) -> Pair:
    selection, report = _scores(t, torch.float32)
    first = int(selection.argmax())
    free = [k for k in range(first + 1, len(selection)) if k != first + 2]
    selection[t.random.sample(free, min(count - 1, len(free)))] = selection[
        first
    ].item()
    return selection, report


def _with_nan(t: Trial, place: list[int] | None, shift: float) -> Pair:
    """Put NaN at these places of `selection`; somewhere but at the best if None."""
    selection, report = _scores(t, torch.float32)
    best = int(selection.argmax())
    others = [k for k in range(len(selection)) if k != best]
    selection[t.random.sample(others, 3) if place is None else place] = _NAN
    return selection + shift, report + shift


def _choose(t: Trial, answer: Any, pair: Pair) -> Choice:
    selection, report = pair
    texts = [f"[{_text([float(f'{v:.3g}') for v in x.tolist()])}]" for x in pair]
    case = f"select_and_report(tensor({texts[0]}), tensor({texts[1]}))"
    result = t.call(answer, selection.clone(), report.clone(), case=case)
    if isinstance(result, Tensor) or not isinstance(result, (tuple, list)):
        t.fail(
            say("the result is not a pair."),
            expected=say("a tuple (index, score)"),
            got="None" if result is None else f"{t.kind(result)}: {t.describe(result)}",
            advice=say("Is `return` missing?") if result is None else None,
        )
    t.require(len(result) == 2, say("the result is not a pair."), got=result)
    index, score = result
    if isinstance(index, float) and not isinstance(score, float):
        t.fail(
            say("index and score are swapped."),
            expected=say("(index, score)"),
            got=result,
        )
    t.require(
        type(index) is int,
        say("the index is not an int."),
        expected="int",
        got=f"{t.kind(index)}: {t.describe(index)}",
        advice=say("`int(…)` or `.item()` turns a tensor with one number into an int."),
    )
    score = t.number(score, what=say("the score"))
    t.require(
        0 <= index < len(selection),
        say("the index is that of no checkpoint."),
        expected=say("0 to {n_selection}", n_selection=len(selection) - 1),
        got=index,
        advice=say("Count from 0, from the front."),
    )
    return Choice(selection.tolist(), report.tolist(), index, score)


def _name_choice(wrong: Sequence[Choice]) -> str | None:
    """Return the mistake or advice that all wrong cases fit."""
    fits = (key for key, rule in _CHOICES if all(rule(c) for c in wrong))
    return next(fits, None)


@exercise(
    "5.4",
    mistakes={
        "reports-selection": say(
            "The score is that of `selection`. It has chosen the checkpoint, so luck "
            "is in it: the winner's curse. Choose on `selection`, then return the "
            "chosen checkpoint's score on `report`."
        ),
        "selects-on-report": say(
            "The checkpoint is chosen on `report`. Then `report` has a say in the "
            "choice, and its score flatters, too. Choose on `selection`."
        ),
        "last-tie": say(
            "The last of equal scores wins here; the first one should. Use `>` where "
            "you have `>=`."
        ),
        "nan-wins": say(
            "A NaN wins. `argmax` and `max` of torch take NaN for the largest, and "
            "`nan_to_num()` alone makes 0 of it, which beats scores below 0. Put -inf "
            "in its place before you choose."
        ),
    },
)
def select_and_report(answer: Any, t: Trial) -> None:
    """Check 5.4: the best on one set of scores, reported on another."""
    cases: list[tuple[str, Choice]] = []
    for label, pairs in _selections(t):
        t.part(label)
        for pair in pairs:
            choice = _choose(t, answer, pair)
            cases.append((t.case or "", choice))
    wrong = [(case, choice) for case, choice in cases if not choice.right]
    if not wrong:
        return
    t.case, first = wrong[0]
    key = _name_choice([choice for _, choice in wrong])
    t.fail(
        say("the choice or its score is not right."),
        expected=f"({first.best}, {first.report[first.best]:.6g})",
        got=f"({first.chosen}, {first.score:.6g})",
        mistake=key if key in t.mistakes else None,
        advice=key,
    )
