"""A check keeps the caller's random states, those of GPUs included."""

import torch

from helpers.checks import exercise
from helpers.study import progress


@exercise("9.8", mistakes={})
def draws(answer, t):
    t.call(answer, t.randn(3))


def states(generators):
    return [generator.get_state() for generator in generators]


def test_a_check_leaves_the_states_of_all_devices_alone(cuda, mps, monkeypatch):
    monkeypatch.setattr(progress, "record", lambda *args: None)
    every = [torch.default_generator, *cuda, mps]
    inside = []

    def watches(x):
        inside.append(states(every))
        return x

    def seeds(x):
        torch.manual_seed(1)
        return x

    before = states(every)
    draws(watches)
    for own, old in zip(inside[0][1:], before[1:], strict=True):
        assert torch.equal(own, old)  # the check itself seeds the CPU alone
    for answer in (watches, seeds):
        draws(answer)
        for now, old in zip(states(every), before, strict=True):
            assert torch.equal(now, old)
