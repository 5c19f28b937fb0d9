"""A use from afar does what a use at hand does: to values, arguments and gradients."""

from __future__ import annotations

import os
import random
import time
from collections import OrderedDict
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from helpers.checks.vocabulary import uses
from helpers.checks.vocabulary.subject import Subject
from staff.grader.judge.remote import Absent, Remote
from staff.grader.judge.shared import Handle
from staff.grader.judge.wire import Lost
from tests.staff.grader.judge.subjects import forked

# -- a learner's namespace -------------------------------------------------------------


class Layer(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.scale = nn.Parameter(torch.tensor([2.0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) * self.scale

    def spoil(self) -> None:
        self.inner.weight.data.mul_(0)
        self.inner.eval()


def changes(x: Tensor, some: list[int], names: dict[str, Any]) -> None:
    x.data += 1
    some.append(3)
    names["seen"] = x.sum()


def trains(model: nn.Module, x: Tensor, optimizer: torch.optim.Optimizer) -> float:
    optimizer.zero_grad()
    loss = model(x).square().sum()
    loss.backward()
    optimizer.step()
    model.eval()
    return loss.item()


def minimizes(x: Tensor, loss_fn: Any) -> Tensor:
    x = x.detach().requires_grad_()
    loss_fn(2 * x, power=3).backward()
    return x.grad


kept: list[Tensor] = []


def keeps(x: Tensor) -> int:
    """Change what an earlier call was given."""
    for each in kept:
        each.zero_()
    kept.append(x)
    return 1


def draws(generator: torch.Generator | None) -> Tensor:
    return torch.rand(3, generator=generator)


_buffer = torch.zeros(3)


def reuses(generator: torch.Generator) -> Tensor:
    """Write each result into the same tensor."""
    return _buffer.copy_(torch.rand(3, generator=generator))


def switches_off(x: Tensor) -> Tensor:
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    return x


def raises(kind: str) -> None:
    raise {"own": Own, "key": KeyError}[kind]("why")


class Own(ArithmeticError):
    pass


def contains_itself() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


NAMES = {
    each.__name__: each
    for each in (
        *(Layer, changes, trains, minimizes, keeps, draws, reuses, switches_off),
        raises,
    )
} | {
    "contains_itself": contains_itself,
    "gives": lambda x: x,
    "first": lambda xs: xs[0],
    "cubes": lambda x: x**3,
    "many": lambda n: torch.zeros(n),
    "adds": lambda model: model.add_module("new", nn.Linear(1, 1)),
    "halves": lambda x: x.mul_(0.5),
}


@pytest.fixture(scope="module")
def remote_():
    with forked(lambda: NAMES) as remote:
        yield Remote(remote._link)


@pytest.fixture(params=["at hand", "from afar"])
def use(request, remote_):
    """Return use(operation, name or object, ...) → value, at hand and from afar."""
    if request.param == "at hand":
        subject, named = Subject(), NAMES
    else:
        remote_.reset()
        subject = remote_
        named = dict(zip(NAMES, remote_.take([*NAMES]), strict=True))

    def use(operation, first, *rest):
        first = named[first] if isinstance(first, str) else first
        return subject.use(operation, first, *rest)

    use.subject = subject
    return use


def call(use, name, *args, **kwargs):
    outcome = use(uses.call, name, args, kwargs)
    assert outcome.raised is None, outcome.raised
    return outcome.value


# -- the same at hand and from afar ----------------------------------------------------


@pytest.mark.parametrize("name", ["draws", "reuses"])
def test_several_calls_in_one_use_are_as_many_uses(use, name):
    one, other = (torch.Generator().manual_seed(3) for _ in range(2))
    each = [call(use, name, one).clone() for _ in range(4)]
    outcome = use(uses.calls, name, 4, (other,), {})
    assert torch.equal(torch.stack(outcome.value), torch.stack(each))
    assert torch.equal(one.get_state(), other.get_state())


def test_several_calls_change_arguments_and_may_raise(use):
    x = torch.ones(2)
    assert len(use(uses.calls, "halves", 3, (x,), {}).value) == 3
    assert torch.equal(x, torch.full((2,), 0.125))
    assert use(uses.calls, "raises", 3, ("key",), {}).raised.names[0] == "KeyError"


def test_arguments_are_changed(use):
    x, some, names = torch.arange(3.0), [1], {}
    assert call(use, "changes", x, some, names) is None
    assert x.tolist() == [1, 2, 3]
    assert some == [1, 3]
    assert names["seen"].item() == 6


def test_what_is_handed_over_comes_back_itself(use):
    x, more = torch.ones(2), [torch.ones(1)]
    assert call(use, "gives", x) is x
    assert call(use, "gives", more) is more
    assert call(use, "first", more) is more[0]


def test_a_model_is_trained_in_place(use):
    """Up to rounding: two processes may add in another order."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.BatchNorm1d(3)).double()
    twin = nn.Sequential(nn.Linear(2, 3, bias=False), nn.BatchNorm1d(3)).double()
    twin.load_state_dict(model.state_dict())
    make = torch.optim.Adam
    mine, other = make(model.parameters(), lr=0.1), make(twin.parameters(), lr=0.1)
    x = torch.randn(4, 2, dtype=torch.float64)
    for _ in range(2):
        loss = call(use, "trains", model, x, mine)
        assert loss == pytest.approx(trains(twin, x, other), rel=1e-9)
        for each in (model, twin):
            each.train()
            each(x)  # the check's own step in between
    call(use, "trains", model, x, mine)
    trains(twin, x, other)
    assert not model.training
    assert not model[1].training
    for a, b in zip(
        [*model.state_dict().values()], twin.state_dict().values(), strict=True
    ):
        assert_close(a, b)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert_close(p.grad, q.grad)
        assert_close(mine.state[p]["exp_avg"], other.state[q]["exp_avg"])
    mine.step()


def test_gradients_of_what_came_back(use):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    out = call(use, "cubes", x)
    assert out.requires_grad
    weight = torch.tensor([1.0, 10.0])
    (found,) = use(uses.gradients, out, [x], weight).value
    assert found.tolist() == [3.0, 120.0]
    other = torch.ones(2, requires_grad=True)
    assert use(uses.gradients, out, [other], None).value == [None]


def test_a_function_of_the_checks_is_called_and_differentiated(use):
    calls = []

    def loss(x: Tensor, power: int) -> Tensor:
        calls.append(x.shape)
        return (x**power).sum()

    x = torch.tensor([1.0, 2.0])
    assert call(use, "minimizes", x, loss).tolist() == [24.0, 96.0]
    assert calls == [(2,)]


def test_what_the_checks_function_raises_is_raised_there(use):
    def loss(x: Tensor, power: int) -> Tensor:
        raise IndexError("no loss")

    outcome = use(uses.call, "minimizes", (torch.ones(1), loss), {})
    assert outcome.raised.says("IndexError", "no loss")
    line = outcome.raised.line or ""
    assert "raise" not in line or "no loss" in line  # none of the grader's own


def test_an_object_of_theirs_is_used(use):
    inner = nn.Linear(2, 2)
    layer = call(use, "Layer", inner)
    x = torch.ones(1, 2)
    want = inner(x) * 2
    assert torch.allclose(use(uses.call, layer, (x,), {}).value, want)
    params = use(uses.parameters, layer).value
    assert [p is inner.weight for p in params].count(True) == 1
    assert use(uses.is_a, layer, nn.Module).value is True
    assert use(uses.modes, layer).value == [True, True]
    use(uses.method, layer, "spoil", ())
    assert not inner.training
    assert not inner.weight.any()
    assert use(uses.modes, layer).value == [True, False]
    assert use.subject.kind(layer) == "Layer"
    assert use.subject.describe([layer]).startswith("[Layer( (inner): Linear(")
    with torch.no_grad():
        inner.weight.fill_(1)
    out = use(uses.call, layer, (x,), {}).value
    assert torch.allclose(out, inner(x) * 2)


def test_a_module_of_theirs_inside_the_checks_own(use):
    model = nn.Sequential()
    call(use, "adds", model)
    assert "new" in model._modules


def test_generators_go_on_there_and_here(use):
    generator, twin = (torch.Generator().manual_seed(5) for _ in range(2))
    for source in (generator, twin):
        torch.rand(7, generator=source)
    assert torch.equal(call(use, "draws", generator), draws(twin))
    assert torch.equal(torch.rand(2, generator=generator), draws(twin)[:2])
    torch.manual_seed(8)
    first = call(use, "draws", None)
    after = torch.rand(1)
    torch.manual_seed(8)
    assert torch.equal(first, draws(None))
    assert torch.equal(after, torch.rand(1))


def test_settings_left_behind_are_seen(use):
    try:
        call(use, "switches_off", torch.ones(1))
        assert not torch.is_grad_enabled()
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
    assert call(use, "cubes", torch.ones(1, requires_grad=True)).requires_grad


def test_exceptions_come_in_words(use):
    own = use(uses.call, "raises", ("own",), {}).raised
    assert own.names[:2] == ("Own", "ArithmeticError")
    assert (own.message, own.stub) == ("why", False)
    assert use(uses.call, "raises", ("key",), {}).raised.shown == "KeyError('why')"


ODD = {
    "transposed": torch.arange(6.0).reshape(2, 3).T,
    "expanded": torch.ones(1, 3).expand(4, 3),
    "a part": torch.arange(10.0)[::3],
    "empty": torch.empty(0, 3),
    "of no dimension": torch.tensor(3),
    "bfloat16": torch.ones(2, dtype=torch.bfloat16),
}


@pytest.mark.parametrize("name", ODD)
def test_tensors_lie_in_memory_as_they_do_here(use, name):
    """`view` and changes in place depend on that."""
    x = ODD[name].clone(memory_format=torch.preserve_format)
    x = ODD[name] if name == "expanded" else x
    outcome = use(uses.method, x, "stride", ())
    assert outcome.value == x.stride()


def test_a_part_can_be_changed_in_place(use):
    x = torch.arange(6.0).reshape(2, 3).T
    assert call(use, "halves", x) is x
    assert x.flatten().tolist() == [0, 1.5, 0.5, 2, 1, 2.5]


def test_ordered_dicts_and_nested_lists_keep_their_order(use):
    given = OrderedDict(b=[1, (2.0, None)], a={"x": {True}})
    assert call(use, "gives", given) is given
    assert call(use, "first", [given["b"]]) == [1, (2.0, None)]


# -- only from afar --------------------------------------------------------------------


@pytest.fixture
def afar(remote_):
    remote_.reset()
    named = dict(zip(NAMES, remote_.take([*NAMES]), strict=True))

    def afar(name, *args):
        return remote_.use(uses.call, named[name], args, {})

    afar.remote = remote_
    return afar


def test_a_later_use_changes_nothing_of_an_earlier_one(afar):
    """An answer that gives plain values has no hold of its arguments any more."""
    kept.clear()
    first, second = torch.ones(2), torch.ones(2)
    afar("keeps", first)
    afar("keeps", second)
    assert first.tolist() == [1, 1]


def test_objects_are_forgotten_on_both_sides(afar):
    layer = afar("Layer", nn.Linear(2, 2)).value
    sizes = []
    for _ in range(3):
        for _ in range(30):
            x = torch.randn(4, 2, requires_grad=True)
            afar.remote.use(uses.call, layer, (x,), {})
            afar("draws", torch.Generator())
        sizes.append(len(afar.remote._table.entries))
    assert sizes[0] == sizes[1] == sizes[2] < 30


def test_what_contains_itself_is_an_error(afar):
    outcome = afar("contains_itself")
    assert "RecursionError" in outcome.raised.names


def test_a_result_that_is_too_large_is_an_error(afar):
    outcome = afar("many", 1 << 25)
    assert outcome.raised.name == "MemoryError"
    assert afar("many", 3).value.tolist() == [0, 0, 0]


def test_an_answer_that_is_missing_is_said_to_be(remote_):
    remote_.reset()
    with pytest.raises(Absent, match="name 'nowhere' is not defined"):
        remote_.take(["nowhere"])


def test_a_handle_of_another_check_is_no_longer_one(afar):
    layer = afar("Layer", nn.Linear(2, 2)).value
    assert type(layer) is Handle
    afar.remote.reset()
    with pytest.raises(ValueError, match="has ended"):
        afar.remote.use(uses.modes, layer)


def test_the_seed_and_the_expected_values_do_not_travel():
    """What a subject is sent holds the arguments, and nothing else of a check."""
    from helpers import checks
    from tests.test_answers import RIGHT

    path = next(p for p in RIGHT if p.parts[-2] == "dropout_penalty")
    sent: list[bytes] = []
    with forked() as remote:
        remote.path = path
        link = remote._link
        inner = link.send

        def send(head, blob, end=None):
            sent.append(repr(head).encode() + blob)
            inner(head, blob, end)

        link.send = send
        seed = random.randrange(10**8, 10**9)
        checks.Trial.subject, before = remote, checks.Trial.subject
        try:
            answers = remote.take(["dropout_penalty"])
            checks.load(path.parts[-3]).dropout_penalty(*answers, seed=seed)
        finally:
            checks.Trial.subject = before
    everything = b"".join(sent)
    assert str(seed).encode() not in everything
    assert b"mistake" not in everything
    assert b"penalty is not right" not in everything


# -- a fork of the subject -------------------------------------------------------------


def remembers(x: Tensor, ends: int | None = None) -> int:
    """Return how often it was called; end the process where that is asked for."""
    if ends is not None:
        os._exit(ends)
    kept.append(x)
    return len(kept)


def remembering():
    kept.clear()
    return {"remembers": remembers, "draws": draws}


def test_what_is_done_apart_leaves_nothing_behind():
    x, g = torch.ones(2), torch.Generator().manual_seed(0)
    right = torch.Generator().manual_seed(0)
    with forked(remembering) as served:
        remote = Remote(served._link)
        remembers, draws = remote.take(["remembers", "draws"])
        assert call(remote.use, remembers, x) == 1
        for _ in range(2):
            with remote.apart():
                assert call(remote.use, remembers, x) == 2
                assert call(remote.use, remembers, x + 1) == 3
                assert torch.equal(
                    call(remote.use, draws, g), torch.rand(3, generator=right)
                )
                fresh = call(remote.use, draws, None)
            with remote.apart():  # what the check has seen happen does not come again
                assert not torch.equal(call(remote.use, draws, None), fresh)
        assert call(remote.use, remembers, x) == 2
        assert torch.equal(call(remote.use, draws, g), torch.rand(3, generator=right))


@pytest.mark.parametrize("status", [0, 1, 86])
def test_who_ends_apart_has_ended(status):
    """Even with the status of an end that the judge has asked for."""
    with forked(remembering, seconds=3.0) as served:
        remote = Remote(served._link, 3.0)
        (remembers,) = remote.take(["remembers"])
        with pytest.raises(Lost), remote.apart():
            call(remote.use, remembers, torch.ones(2), status)


def test_a_check_may_end_apart():
    with forked(remembering) as served:
        remote = Remote(served._link)
        (remembers,) = remote.take(["remembers"])
        with pytest.raises(KeyError), remote.apart():
            raise KeyError("the check has seen enough")
        remote.end()
        with pytest.raises(Lost) as lost:  # both processes are gone
            served._link.receive(time.monotonic() + 10)
    assert not lost.value.late


def test_at_hand_nothing_is_apart():
    subject = Subject()
    with subject.apart():
        first = subject.use(uses.call, remembers, (torch.ones(2),), {}).value
    assert subject.use(uses.call, remembers, (torch.ones(2),), {}).value == first + 1
