"""Checkpoints: a training run that was cut off goes on as if nothing had happened."""

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from helpers.files import replacing
from helpers.training._loop import CURVES, State
from helpers.training.runtime import all_or_nothing, random_states, set_random_states
from helpers.words import say

__all__ = ["Checkpoint", "load_checkpoint", "read_checkpoint", "save_checkpoint"]


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    **more: Any,
) -> None:
    """Write what training needs to go on as if it had never stopped.

    That is weights and buffers, the optimizer's state, the epoch, torch's random state
    (of the CPU and of every GPU in use, Apple's too), and `more`: anything made of
    tensors, numbers, strings, lists and dicts. A crash while writing leaves the old
    file as it was.

    Raises:
        FileNotFoundError: the folder does not exist.
        TypeError: something in it would have to run code to be loaded.
    """
    path = _in_a_folder(path)
    content = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": epoch,
        "random": random_states(),
        "more": more,
    }
    with replacing(path) as file:
        torch.save(content, file)
        file.flush()
        if unsafe := torch.serialization.get_unsafe_globals_in_checkpoint(file.name):
            raise TypeError(
                say(
                    "expected tensors and plain values to save, got {unsafe}",
                    unsafe=unsafe,
                )
            )


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Return a checkpoint's content, on the CPU, running no code from the file.

    Returns:
        model, optimizer, epoch, random and more, as `save_checkpoint` got them.

    Raises:
        FileNotFoundError: no such file. ValueError: not a checkpoint.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            say("no checkpoint at {path}; write it: save_checkpoint", path=path)
        )
    try:
        content: dict[str, Any] = torch.load(
            path, map_location="cpu", weights_only=True
        )
        missing = {"model", "optimizer", "epoch", "random", "more"} - set(content)
    except OSError:
        raise
    except Exception as error:  # damaged files fail in many ways
        raise ValueError(
            say(
                "expected a file by save_checkpoint at {path}; it was damaged or holds "
                "something else, and nothing in it was run",
                path=path,
            )
        ) from error
    if missing:
        raise ValueError(
            say(
                "expected a file by save_checkpoint at {path}, got one without "
                "{missing}",
                path=path,
                missing=", ".join(sorted(missing)),
            )
        )
    return content


def load_checkpoint(
    path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer
) -> int:
    """Put a checkpoint's weights, optimizer and random state back; return its epoch.

    Raises like `read_checkpoint`, and like torch if the model is built differently;
    model and optimizer are then as before.
    """
    content = read_checkpoint(path)
    with all_or_nothing([model, optimizer]):
        _apply(content, model, optimizer)
    return int(content["epoch"])


class Checkpoint:
    """Write a checkpoint of `fit` every few epochs and after the last one.

    Put it last in `callbacks`: it also keeps what the others know. A run that was cut
    off goes on with the same call plus `resume=True`, and ends as if it had never been:
    same batches, same masks, same bits; `epochs` counts from the very beginning. A file
    that does not fit the run is an error, and leaves all as it was.

    Args:
        path: the file; its folder must exist. every: epochs between two writes, >= 1.
        resume: continue from the file if there is one; else start anew.
    """

    def __init__(
        self, path: str | Path, every: int = 1, *, resume: bool = False
    ) -> None:
        if not isinstance(every, int) or every < 1:
            raise ValueError(
                say(
                    "expected every to be a whole number >= 1, got {every!r}",
                    every=every,
                )
            )
        self.path, self.every, self.resume = Path(path), every, resume

    def on_fit_start(self, state: State) -> None:
        """Check the surroundings before training; with `resume`, load the file."""
        _in_a_folder(self.path)
        if state.callbacks[-1] is not self:
            raise ValueError(say("expected Checkpoint to be the last one in callbacks"))
        if self.resume and self.path.exists():
            _resume(state, read_checkpoint(self.path))

    def on_epoch_end(self, state: State) -> None:
        """Write if it is time; never replace a good file by a run that diverged."""
        due = state.epoch % self.every == 0 or state.epoch == state.epochs
        if due and math.isfinite(state.history.train_loss[-1]):
            save_checkpoint(
                self.path, state.model, state.optimizer, state.epoch, **_collect(state)
            )


def _parts(state: State) -> dict[str, Any]:
    """Name everything beside model and optimizer that has a state."""
    named = {"scheduler": state.scheduler, "scaler": state.scaler}
    stateful = [c for c in state.callbacks if hasattr(c, "state_dict")]
    for number, callback in enumerate(stateful, 1):
        named[f"callback {number}: {type(callback).__name__}"] = callback
    return {name: part for name, part in named.items() if part is not None}


def _collect(state: State) -> dict[str, Any]:
    return {
        "parts": {name: part.state_dict() for name, part in _parts(state).items()},
        "order": state.generator.get_state(),
        "history": {name: getattr(state.history, name) for name in CURVES},
    }


def _resume(state: State, content: dict[str, Any]) -> None:
    """Put a checkpoint of `fit` back: everything, or after an error nothing."""
    saved, parts = content["more"], _parts(state)
    if set(parts) != set(saved.get("parts", ())):
        raise ValueError(
            say(
                "expected the scheduler and callbacks the checkpoint was written with, "
                "{get}; got {parts}",
                get=sorted(saved.get("parts", ())),
                parts=sorted(parts),
            )
        )
    curves = {name: list(saved["history"][name]) for name in CURVES}
    with all_or_nothing([state.model, state.optimizer, *parts.values()]):
        for name, part in parts.items():
            if saved["parts"][name]:  # a gradient scaler that is off has an empty one
                part.load_state_dict(saved["parts"][name])
        state.generator.set_state(saved["order"])
        _apply(content, state.model, state.optimizer)
    state.epoch = content["epoch"]
    for name in CURVES:
        getattr(state.history, name)[:] = curves[name]
    for callback in state.callbacks:
        if getattr(callback, "done", False):  # it had ended the run
            state.history.stopped = f"by {type(callback).__name__}"


def _apply(
    content: dict[str, Any], model: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    set_random_states(content["random"])


def _in_a_folder(path: str | Path) -> Path:
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            say("no folder {parent}; make it, then save there", parent=path.parent)
        )
    return path
