"""The training loops that the speed comparison runs: each trains a case once."""

import importlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from helpers.population import train_population
from helpers.training import fit

__all__ = [
    "BATCH",
    "Case",
    "Time",
    "as_population",
    "by_hand",
    "cnn",
    "make_case",
    "now",
    "one_after_another",
    "since",
    "with_fit",
    "with_lightning",
    "with_loader",
]

BATCH = 100


class Case(NamedTuple):
    """A network and data to train it on."""

    name: str
    build: Callable[[], nn.Module]
    x: Tensor
    y: Tensor
    epochs: int


class Time(NamedTuple):
    """Seconds on the clock, and of all CPUs together."""

    wall: float
    cpu: float


def now() -> Time:
    """Read the clocks, once a GPU in use has done what it was told."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return Time(time.perf_counter(), time.process_time())


def since(start: Time, end: Time | None = None) -> Time:
    end = end or now()
    return Time(end.wall - start.wall, end.cpu - start.cpu)


def cnn() -> nn.Module:
    """Build a small CNN for 14 × 14 images."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 9, 10),
    )


def make_case(
    name: str, build: Callable[[], nn.Module], shape: tuple[int, ...], epochs: int
) -> Case:
    """Draw 4,000 examples: speed does not depend on what they mean."""
    g = torch.Generator().manual_seed(0)
    x = torch.randn(4000, *shape, generator=g)
    return Case(name, build, x, torch.randint(10, (4000,), generator=g), epochs)


def with_fit(case: Case) -> None:
    data = (case.x, case.y)
    fit(case.build(), data, epochs=case.epochs, batch_size=BATCH, progress=False)


def by_hand(case: Case) -> None:
    """Train by the shortest fast loop: resident tensors, fused AdamW, no record."""
    model = case.build().to(case.x.device)
    opt = torch.optim.AdamW(model.parameters(), fused=True)
    for _ in range(case.epochs):
        for index in torch.randperm(len(case.x)).to(case.x.device).split(BATCH):
            loss = F.cross_entropy(model(case.x[index]), case.y[index])
            opt.zero_grad()
            loss.backward()
            opt.step()


def with_loader(case: Case) -> None:
    """Train as usually written: DataLoader, AdamW as it comes, loss and accuracy."""
    model = case.build()
    loader = DataLoader(TensorDataset(case.x, case.y), BATCH, shuffle=True)
    opt = torch.optim.AdamW(model.parameters())
    for _ in range(case.epochs):
        total, correct = 0.0, 0
        for x, y in loader:
            out = model(x)
            loss = F.cross_entropy(out, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(x)
            correct += (out.argmax(1) == y).sum().item()


def with_lightning(case: Case) -> Time:
    """Train by Lightning's Trainer, no bar, no files; its set-up is not counted.

    It records what `fit` records: mean loss and accuracy of each epoch.
    """
    lightning: Any = importlib.import_module("lightning")
    clock: list[Time] = []

    class Module(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = case.build()

        def training_step(self, batch: list[Tensor], _: int) -> Tensor:
            x, y = batch
            out = self.net(x)
            loss = F.cross_entropy(out, y)
            hits = (out.argmax(1) == y).float().mean()
            for name, value in (("loss", loss), ("accuracy", hits)):
                self.log(name, value, on_step=False, on_epoch=True, batch_size=len(x))
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters())

        def on_train_start(self) -> None:
            clock.append(now())

        def on_train_end(self) -> None:
            clock.append(now())

    trainer = lightning.Trainer(
        max_epochs=case.epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    loader = DataLoader(TensorDataset(case.x, case.y), BATCH, shuffle=True)
    trainer.fit(Module(), loader)
    return since(clock[0], clock[1])


def as_population(case: Case, members: int = 32) -> None:
    train_population(
        case.build,
        (case.x, case.y),
        seeds=range(members),
        epochs=case.epochs,
        batch_size=BATCH,
        record_every=10**9,
        record_size=1,
        progress=False,
    )


def one_after_another(case: Case, members: int = 32) -> None:
    for _ in range(members):
        by_hand(case)
