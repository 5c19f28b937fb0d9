"""Random states: whose are saved, seeded and given back; GPUs are stood in for."""

import pytest
import torch

from helpers.training import fit, own_randomness
from helpers.training.callbacks import (
    Checkpoint,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)
from helpers.training.runtime import (
    DROPOUT_STREAM,
    all_or_nothing,
    kept_randomness,
    precision,
)


def draw(generator):
    """Look at the next numbers without taking them."""
    return torch.rand(3, generator=generator.clone_state()).tolist()


def seeded(seed):
    return draw(torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("device", "index"), [("cuda:1", 1), ("cuda:0", 0)])
def test_own_randomness_seeds_and_restores_the_device_it_was_told(cuda, device, index):
    before = [draw(generator) for generator in cuda]
    with own_randomness(5, device):
        assert draw(cuda[index]) == seeded(5)
        assert draw(cuda[1 - index]) == before[1 - index]
        torch.rand(4, generator=cuda[index])
    assert [draw(generator) for generator in cuda] == before


def test_own_randomness_without_an_index_means_the_current_device(cuda, monkeypatch):
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    before = draw(cuda[0])
    with own_randomness(5, "cuda"):
        assert draw(cuda[1]) == seeded(5)
        assert draw(cuda[0]) == before


def test_own_randomness_on_mps(mps):
    before = draw(mps)
    with own_randomness(5, "mps"):
        assert draw(mps) == seeded(5)
    assert draw(mps) == before


def test_states_are_given_back_after_an_error_and_a_global_seed(cuda, mps):
    everything = [torch.default_generator, *cuda, mps]
    before = [draw(generator) for generator in everything]

    def fails():
        with kept_randomness():
            torch.manual_seed(5)
            assert [draw(generator) for generator in everything] == [seeded(5)] * 4
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert [draw(generator) for generator in everything] == before


def test_a_gpu_that_sleeps_is_not_waked(monkeypatch):
    def wake(*_):
        raise AssertionError("CUDA was started")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", wake)
    monkeypatch.setattr(torch.cuda.random, "_lazy_init", wake)
    with own_randomness(5):
        torch.rand(1)


# --- checkpoints ------------------------------------------------------------------


def network():
    model = torch.nn.Linear(2, 2)
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def test_a_checkpoint_brings_back_the_random_state_of_every_device(tmp_path, cuda, mps):
    model, optimizer = network()
    before = [draw(generator) for generator in (*cuda, mps)]
    save_checkpoint(tmp_path / "run.pt", model, optimizer, 1)
    for generator in (*cuda, mps):
        generator.manual_seed(99)
    load_checkpoint(tmp_path / "run.pt", model, optimizer)
    assert [draw(generator) for generator in (*cuda, mps)] == before


def test_a_checkpoint_of_a_gpu_loads_where_there_is_none(tmp_path):
    model, optimizer = network()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "is_initialized", lambda: True)
        patch.setattr(torch.cuda, "get_rng_state_all", lambda: [torch.zeros(16).byte()])
        save_checkpoint(tmp_path / "run.pt", model, optimizer, 3)
    assert len(read_checkpoint(tmp_path / "run.pt")["random"]["cuda"]) == 1
    assert load_checkpoint(tmp_path / "run.pt", model, optimizer) == 3


def test_a_checkpoint_from_before_apples_state_was_in_it_loads(tmp_path, mps):
    model, optimizer = network()
    save_checkpoint(tmp_path / "run.pt", model, optimizer, 3)
    content = torch.load(tmp_path / "run.pt", weights_only=True)
    del content["random"]["mps"]
    torch.save(content, tmp_path / "run.pt")
    before = draw(mps)
    assert load_checkpoint(tmp_path / "run.pt", model, optimizer) == 3
    assert draw(mps) == before


def test_ten_epochs_equal_five_and_five_with_masks_drawn_by_an_apple_gpu(tmp_path, mps):
    """The masks come from the stand-in generator, as on the device itself."""

    def masked(x, y):
        return x * (torch.rand(x.shape, generator=mps) < 0.5), y

    def train(epochs, *callbacks):
        model = torch.nn.Linear(4, 2)
        torch.nn.init.zeros_(model.weight)
        torch.nn.init.zeros_(model.bias)
        data = torch.randn(60, 4, generator=torch.Generator().manual_seed(0))
        data = data, (data[:, 0] > 0).long()
        more = {"batch_size": 8, "transform": masked, "callbacks": callbacks}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("helpers.training._loop.own_randomness", seeds_mps_too)
            fit(model, data, epochs=epochs, progress=False, **more)
        return model.weight.detach()

    def seeds_mps_too(seed, _):
        return own_randomness(seed, "mps")

    path = tmp_path / "run.pt"
    whole = train(10)
    train(5, Checkpoint(path))
    assert torch.equal(train(10, Checkpoint(path, resume=True)), whole)


# --- streams ----------------------------------------------------------------------


def test_masks_and_order_come_from_streams_that_never_meet():
    """Of one seed, and of any two seeds that a course would use."""
    seen = {}

    def look(x, y):
        if not seen:
            seen["order"] = y.long()
            seen["masks"] = torch.randperm(40)
        return x, y

    data = torch.zeros(40, 1), torch.arange(40.0)
    fit(
        torch.nn.Linear(1, 1),
        data,
        epochs=1,
        batch_size=40,
        seed=3,
        loss_fn=lambda out, y: torch.nn.functional.mse_loss(out[:, 0], y),
        transform=look,
        progress=False,
    )
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3))
    assert torch.equal(seen["order"], order)
    assert not torch.equal(seen["masks"], order)
    assert DROPOUT_STREAM > 1_000_000  # seeds below a million share no stream


# --- all or nothing ---------------------------------------------------------------


def test_after_an_error_every_part_is_as_before():
    model, optimizer = network()
    kept = model.weight.detach().clone()

    def fails():
        with all_or_nothing([model, optimizer, object()]):
            torch.nn.init.zeros_(model.weight)
            optimizer.param_groups[0]["lr"] = 7.0
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert torch.equal(model.weight, kept)
    assert optimizer.param_groups[0]["lr"] == 0.1


# --- number format ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("bf16", "dtype"), [(True, torch.bfloat16), (False, torch.float16)]
)
def test_half_precision_by_what_the_card_gains_from(monkeypatch, bf16, dtype):
    """A stand-in says what the card supports; contexts and scaler are torch's own."""
    asked, scalers = [], []

    def supported(including_emulation=True):
        asked.append(including_emulation)
        return bf16

    def scaler(device, *, enabled):
        scalers.append((device, enabled))
        return "scaler"

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    monkeypatch.setattr(torch.amp, "GradScaler", scaler)
    monkeypatch.setattr(torch, "autocast", lambda device, kind: (device, kind))
    context, made = precision(torch.device("cuda"))
    assert asked == [False]  # an emulation gains nothing
    assert (context(), made) == (("cuda", dtype), "scaler")
    assert scalers == [("cuda", not bf16)]  # float16 has a narrow range


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_elsewhere_float32_stays(device):
    context, scaler = precision(torch.device(device))
    assert not scaler.is_enabled()
    with context():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
