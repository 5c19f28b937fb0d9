"""Costs of training steps: a step does what it says, a ratio is one of its round."""

import time

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.evidence import costs
from helpers.evidence.costs import step_costs, training_step


@pytest.fixture
def clock(monkeypatch):
    """A clock that only `spend` moves on."""
    now = [0.0]
    monkeypatch.setattr(costs.time, "process_time", lambda: now[0])

    def spend(seconds):
        now[0] += seconds

    return spend


@pytest.mark.parametrize("l1", [0.0, 0.5])
def test_a_step_is_that_of_adamw(l1):
    x, y = torch.randn(6, 3), torch.tensor([0, 1, 0, 1, 0, 1])
    torch.manual_seed(0)
    model, twin = nn.Linear(3, 2), nn.Linear(3, 2)
    twin.load_state_dict(model.state_dict())
    step = training_step(model, lambda: (x, y), l1=l1)
    optimizer = torch.optim.AdamW(twin.parameters(), lr=1e-3)
    for _ in range(3):
        step()
        optimizer.zero_grad()
        loss = F.cross_entropy(twin(x), y)
        (loss + l1 * (twin.weight.abs().sum() + twin.bias.abs().sum())).backward()
        optimizer.step()
    torch.testing.assert_close(model.weight, twin.weight)
    torch.testing.assert_close(model.bias, twin.bias)


def test_a_step_draws_its_batch_and_trains_in_train_mode():
    seen, asked = [], []
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).eval()
    model.register_forward_hook(lambda *_: seen.append(model.training))

    def batch():
        asked.append(1)
        return torch.ones(4, 2), torch.ones(4, 2)

    step = training_step(model, batch, loss_fn=F.mse_loss)
    assert asked == []
    step()
    step()
    assert seen == [True, True]
    assert len(asked) == 2


def test_costs_are_medians_of_ratios_within_a_round(clock):
    slow = iter([5.0, 1.0, 1.0, 9.0, 2.0, 1.0])  # of the machine, round by round
    odd = iter([0.0, 1.0, 9.0, 2.0, 3.0, 1.0])  # in plain steps of the same round
    speed = [0.0]

    def unit():
        speed[0] = next(slow)
        clock(speed[0])

    steps = {"plain": unit, "odd": lambda: clock(next(odd) * speed[0])}
    found = step_costs({**steps, "free": lambda: None}, rounds=5, repeats=1)
    assert found == pytest.approx({"plain": 1.0, "odd": 2.0, "free": 0.0})


def test_the_first_round_is_not_counted(clock):
    times = iter([100.0, 3.0])
    found = step_costs(
        {"plain": lambda: clock(1.0), "other": lambda: clock(next(times))},
        rounds=1,
        repeats=1,
    )
    assert found["other"] == pytest.approx(3.0)


def test_each_step_is_repeated_in_each_round(clock):
    calls = {"a": 0, "b": 0}

    def count(name):
        calls[name] += 1
        clock(1.0)

    step_costs({n: lambda n=n: count(n) for n in calls}, rounds=3, repeats=4)
    assert calls == {"a": 16, "b": 16}


def test_a_real_clock_tells_more_work_from_less():
    def work(seconds):
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    found = step_costs(
        {"plain": lambda: work(0.002), "more": lambda: work(0.008)}, rounds=3, repeats=2
    )
    assert 2 < found["more"] < 8


@pytest.mark.parametrize(
    ("steps", "settings"),
    [({}, {}), ({"a": int}, {"rounds": 0}), ({"a": int}, {"repeats": 0})],
)
def test_nothing_to_time_is_refused(steps, settings):
    with pytest.raises(ValueError, match="at least one step, round and repeat"):
        step_costs(steps, **settings)
