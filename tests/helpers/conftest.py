"""Random generators of GPUs that are not there."""

from functools import cache

import pytest
import torch


@pytest.fixture
def cuda(monkeypatch):
    """Two CUDA devices whose random generators are real, though on the CPU."""
    generators = tuple(torch.Generator().manual_seed(i) for i in (11, 12))

    def anything(*_):
        pass

    for module in (torch.cuda, torch.cuda.random):
        monkeypatch.setattr(module, "is_initialized", lambda: True)
        monkeypatch.setattr(module, "device_count", lambda: 2)
        monkeypatch.setattr(module, "current_device", lambda: 0)
        monkeypatch.setattr(module, "_lazy_init", anything)
        monkeypatch.setattr(module, "_lazy_call", lambda call, **_: call())
    monkeypatch.setattr(torch.cuda, "init", anything)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "default_generators", generators)
    return generators


@pytest.fixture
def mps(monkeypatch):
    """An Apple GPU's random generator."""
    generator = torch.Generator().manual_seed(13)
    monkeypatch.setattr(torch.backends.mps, "is_available", cache(lambda: True))
    monkeypatch.setattr(torch._C, "_has_mps", True)
    monkeypatch.setattr(torch.mps, "_get_default_mps_generator", lambda: generator)
    return generator
