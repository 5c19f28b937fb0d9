from types import SimpleNamespace

import pytest
import torch

from helpers.device import device


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)


def machine(monkeypatch, *, cuda=0, mps=False):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(2, True, "cuda"), (0, True, "mps"), (0, False, "cpu")],
)
def test_order_is_cuda_mps_cpu(monkeypatch, cuda, mps, expected):
    machine(monkeypatch, cuda=cuda, mps=mps)
    assert device(quiet=True) == torch.device(expected)


def test_override_beats_variable_beats_choice(monkeypatch):
    machine(monkeypatch, cuda=2, mps=True)
    monkeypatch.setenv("COURSE_DEVICE", "cuda:1")
    assert device(quiet=True) == torch.device("cuda:1")
    assert device("cpu", quiet=True) == torch.device("cpu")
    assert device(torch.device("mps"), quiet=True) == torch.device("mps")


def test_prints_one_line_that_names_the_device(capsys, monkeypatch):
    machine(monkeypatch, mps=True)
    for name in ("cpu", "mps"):
        device(name)
        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        assert f"Using {name} " in printed


def test_a_graphics_card_is_named_with_its_memory(capsys, monkeypatch):
    machine(monkeypatch, cuda=1)
    card = SimpleNamespace(name="Some GPU", total_memory=24 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: card)
    device("cuda")
    printed = capsys.readouterr().out
    assert printed.startswith("Using cuda (Some GPU, 24 GiB): ")
    assert printed.count("\n") == 1


def test_quiet_prints_nothing(capsys):
    device("cpu", quiet=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("wrong", ["banana", "meta", "cuda:x", 1.5])
def test_unknown_name_is_an_error_that_lists_the_names(wrong):
    with pytest.raises(ValueError, match="override: expected 'cpu', 'cuda'"):
        device(wrong)


@pytest.mark.parametrize("absent", ["cuda", "cuda:3", "mps", "cpu:1"])
def test_absent_device_is_an_error_that_says_what_is_there(monkeypatch, absent):
    machine(monkeypatch)
    with pytest.raises(ValueError, match=f"no device '{absent}'; it has: cpu"):
        device(absent)


def test_bad_variable_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "gpu")
    with pytest.raises(ValueError, match="COURSE_DEVICE: expected"):
        device()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_real_cuda_device_computes(capsys):
    chosen = device()
    assert torch.ones(2, device=chosen).sum().item() == 2
    assert "GiB" in capsys.readouterr().out
