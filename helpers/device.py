"""Choose where tensors live: CUDA, then Apple's MPS, then the CPU."""

import os

import torch

from helpers.words import say

__all__ = ["device"]

VARIABLE = "COURSE_DEVICE"


def device(
    override: str | torch.device | None = None, *, quiet: bool = False
) -> torch.device:
    """Return the device to compute on and print one line about it.

    Order: `override`, the environment variable COURSE_DEVICE, then the first that
    works of cuda, mps and cpu.

    Args:
        override: a name such as "cpu", "cuda", "cuda:1" or "mps", or a torch.device.
        quiet: print nothing.

    Raises:
        ValueError: the name is unknown, or this machine has no such device.
    """
    asked_by = "override" if override is not None else VARIABLE
    wanted = override if override is not None else os.environ.get(VARIABLE, "").strip()
    chosen = _checked(wanted, asked_by) if wanted else torch.device(_first_available())
    if not quiet:
        print(_announcement(chosen))
    return chosen


def _first_available() -> str:
    return next(kind for kind in ("cuda", "mps", "cpu") if _count(kind))


def _count(kind: str) -> int:
    """Return how many devices of this kind work here."""
    if kind == "cuda":
        return torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "mps":
        return int(torch.backends.mps.is_available())
    return 1


def _checked(wanted: str | torch.device, asked_by: str) -> torch.device:
    """Return `wanted` as a device of this machine, or raise ValueError."""
    expected = say(
        "{asked_by}: expected 'cpu', 'cuda', 'cuda:N' or 'mps', got {wanted!r}.",
        asked_by=asked_by,
        wanted=wanted,
    )
    try:
        chosen = torch.device(wanted)
    except (RuntimeError, TypeError) as error:
        raise ValueError(expected) from error
    if chosen.type not in ("cuda", "mps", "cpu"):
        raise ValueError(expected)
    if (chosen.index or 0) >= _count(chosen.type):
        here = ", ".join(k for k in ("cuda", "mps", "cpu") if _count(k))
        raise ValueError(
            say(
                "{asked_by}: this machine has no device {chosen!r}; it has: {here}. "
                "Choose one of these, or leave the choice to device().",
                asked_by=asked_by,
                chosen=str(chosen),
                here=here,
            )
        )
    return chosen


def _announcement(chosen: torch.device) -> str:
    if chosen.type == "cuda":
        properties = torch.cuda.get_device_properties(chosen)
        memory = properties.total_memory / 2**30
        return say(
            "Using {chosen} ({name}, {memory:.0f} GiB): training cells should take "
            "seconds; the first one also starts up CUDA.",
            chosen=chosen,
            name=properties.name,
            memory=memory,
        )
    if chosen.type == "mps":
        return say(
            "Using mps (Apple GPU): small networks may be no faster than on the CPU; "
            "set {variable}=cpu to compare.",
            variable=VARIABLE,
        )
    threads = torch.get_num_threads()
    unit = say("thread") if threads == 1 else say("threads")
    return say(
        "Using cpu ({threads} {unit}): every notebook is sized for this; expect at "
        "most 20 s for its longest cell.",
        threads=threads,
        unit=unit,
    )
