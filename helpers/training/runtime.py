"""How a run uses the machine: threads, random state, number format."""

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

from helpers.seeds import shifted

__all__ = [
    "DROPOUT_STREAM",
    "bar_hidden",
    "one_thread",
    "own_randomness",
    "precision",
    "versions",
]

DROPOUT_STREAM = 1_000_003  # keeps the masks' random numbers apart from the data order


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one CPU thread inside: on tiny networks a second one costs, not gains."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def own_randomness(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Seed torch's global generators inside; give the caller's state back after."""
    kind, seed = torch.device(device).type, shifted(seed)
    here = [] if kind == "cpu" else [getattr(torch, kind)]
    states = [module.get_rng_state() for module in here]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        try:
            for module in here:
                module.manual_seed(seed)
            yield
        finally:
            for module, state in zip(here, states, strict=True):
                module.set_rng_state(state)


def precision(
    device: torch.device,
) -> tuple[Callable[[], Any], torch.amp.GradScaler]:
    """Choose half precision where the hardware gains from it, else keep float32.

    CUDA: bfloat16 from sm 80 on, float16 with loss scaling below. CPU, MPS: float32.

    Returns:
        A maker of autocast contexts, and a gradient scaler that is off unless needed.
    """
    if device.type != "cuda":
        return nullcontext, torch.amp.GradScaler("cpu", enabled=False)
    # "Supported" includes slow emulation unless asked otherwise.
    bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    dtype = torch.bfloat16 if bf16 else torch.float16
    scaler = torch.amp.GradScaler("cuda", enabled=not bf16)
    return lambda: torch.autocast("cuda", dtype), scaler


def bar_hidden(progress: bool) -> bool:
    """Should the progress bar stay away? Always when COURSE_HEADLESS=1."""
    return not progress or os.environ.get("COURSE_HEADLESS") == "1"


def versions() -> dict[str, str]:
    """Return the versions that a measured number depends on."""
    return {"python": platform.python_version(), "torch": str(torch.__version__)}
