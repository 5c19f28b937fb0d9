"""How a run uses the machine: threads, random state, number format."""

import copy
import ctypes
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from typing import Any, Protocol, runtime_checkable

import torch

from helpers.seeds import shifted

__all__ = [
    "DROPOUT_STREAM",
    "Stateful",
    "all_or_nothing",
    "bar_hidden",
    "kept_randomness",
    "one_thread",
    "own_randomness",
    "precision",
    "random_states",
    "set_random_states",
    "versions",
]

DROPOUT_STREAM = 1_000_003  # keeps the masks' random numbers apart from the data order


@runtime_checkable
class Stateful(Protocol):
    """What can say all that it knows, and be put back to it."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any:
        """Go back to a state."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one CPU thread inside: on tiny networks a second one costs, not gains.

    Also keep what a step frees for the next one, for as long as the process lives.
    """
    _keep_memory()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def own_randomness(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Seed torch's global generators inside; give the caller's states back after.

    Args:
        device: beside the CPU's, seed this device's generator: "cuda:1" means that
            one, "cuda" the current one.
    """
    device, seed = torch.device(device), shifted(seed)
    if device.type == "cuda":
        torch.cuda.init()  # only then it has a state to give back
    with kept_randomness():
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            index = device.index
            index = torch.cuda.current_device() if index is None else index
            torch.cuda.default_generators[index].manual_seed(seed)
        elif device.type == "mps":
            torch.mps.manual_seed(seed)
        yield


@contextmanager
def kept_randomness() -> Iterator[None]:
    """Give all of torch's global random states back after, see `random_states`."""
    states = random_states()
    try:
        yield
    finally:
        set_random_states(states)


def random_states() -> dict[str, Any]:
    """Return torch's global random states: of the CPU and of every GPU in use.

    Returns:
        "cpu" -> state; "cuda", "mps" -> list of states, one per device. It is empty
        where there is none, and while CUDA is not started: asking would start it.
    """
    return {
        "cpu": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        "mps": [torch.mps.get_rng_state()] if torch.backends.mps.is_available() else [],
    }


def set_random_states(states: dict[str, Any]) -> None:
    """Set what `random_states` returned; states of absent devices are left out."""
    torch.set_rng_state(states["cpu"])
    if states["cuda"] and torch.cuda.is_available():
        for index, state in enumerate(states["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(state, index)
    if torch.backends.mps.is_available():
        for state in states.get("mps", []):  # files of the past have none
            torch.mps.set_rng_state(state)


@contextmanager
def all_or_nothing(parts: Iterable[object]) -> Iterator[None]:
    """After an error inside, put every part that has a `state_dict` back as it was."""
    stateful = [part for part in parts if isinstance(part, Stateful)]
    before = [copy.deepcopy(part.state_dict()) for part in stateful]
    try:
        yield
    except BaseException:
        for part, state in zip(stateful, before, strict=True):
            part.load_state_dict(state)
        raise


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


@cache
def _keep_memory() -> None:
    """Have glibc keep up to 512 MiB that were freed; see mallopt(3) and malloc.h.

    Else it gives them back to the system after each step, which hands them out again
    page by page. Notebook 11: 1.8 million page faults became 0.26 million, and of the
    three seconds of a minute that the system needed for them one was left.
    """
    trim_threshold, mmap_threshold = -1, -3
    with suppress(AttributeError, OSError, TypeError):  # macOS, Windows, musl
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(trim_threshold, 512 << 20)
        mallopt(mmap_threshold, 256 << 20)


def versions() -> dict[str, str]:
    """Return the versions that a measured number depends on."""
    return {"python": platform.python_version(), "torch": str(torch.__version__)}
