"""What can be hung onto `fit`: early stopping, checkpoints, learning-rate schedules."""

import copy
import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from torch import nn

from helpers.training._loop import CURVES, State
from helpers.training.checkpoints import (
    Checkpoint,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)
from helpers.words import say

__all__ = [
    "Checkpoint",
    "EarlyStopping",
    "StepSchedule",
    "cosine_schedule",
    "load_checkpoint",
    "read_checkpoint",
    "save_checkpoint",
]


class _Best(NamedTuple):
    """Replaced in one assignment: Ctrl-C finds the old best or the new one."""

    value: float
    step: int | None = None  # None: no improvement so far
    weights: dict[str, Any] | None = None


class EarlyStopping:
    """Stop after `patience` values in a row without improvement; keep the best weights.

    An improvement is strict: value < best - min_delta (mode "max": > best + min_delta);
    a tie or NaN is none. In `fit(callbacks=[...])` it watches a curve of the history,
    and the model ends with its best weights, also after Ctrl-C; `best_step` is then
    the index in that curve. It starts afresh with every `fit`. In a loop of your own
    call `update` and `restore`.

    Args:
        patience: values without improvement that end the run, >= 1.
        min_delta: how much better counts, >= 0.
        mode: "min" for losses, "max" for accuracies.
        monitor: the curve of `History` that `fit` is to watch.
    """

    def __init__(
        self,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: Literal["min", "max"] = "min",
        monitor: str = "val_loss",
    ) -> None:
        if not isinstance(patience, int) or patience < 1:
            raise ValueError(
                say(
                    "expected a whole patience >= 1, got {patience!r}",
                    patience=patience,
                )
            )
        if not 0 <= min_delta < math.inf:
            raise ValueError(
                say(
                    "expected min_delta >= 0 and finite, got {min_delta}",
                    min_delta=min_delta,
                )
            )
        if mode not in ("min", "max"):
            raise ValueError(
                say("expected mode 'min' or 'max', got {mode!r}", mode=mode)
            )
        if monitor not in CURVES:
            raise ValueError(
                say(
                    "expected monitor in {curves}, got {monitor!r}",
                    curves=CURVES,
                    monitor=monitor,
                )
            )
        self.patience, self.min_delta = patience, min_delta
        self.mode, self.monitor = mode, monitor
        self.reset()

    def reset(self) -> None:
        """Forget every value and the best weights."""
        self._best = _Best(math.inf if self.mode == "min" else -math.inf)
        self._calls = self._waited = 0

    @property
    def best_value(self) -> float:
        """The best value; infinite (the worst there is) before the first."""
        return self._best.value

    @property
    def best_step(self) -> int | None:
        """Which call of `update` brought it, counted from 0; None before the first."""
        return self._best.step

    @property
    def done(self) -> bool:
        """Have `patience` values in a row brought no improvement?"""
        return self._waited >= self.patience

    def update(self, value: float, model: nn.Module) -> bool:
        """Take the next value and the weights it belongs to; return True to stop."""
        value = float(value)
        if self._improves(value):
            weights = copy.deepcopy(model.state_dict())  # buffers too, nothing shared
            self._best = _Best(value, self._calls, weights)
            self._waited = 0
        else:
            self._waited += 1
        self._calls += 1
        return self.done

    def restore(self, model: nn.Module) -> None:
        """Load the best weights and buffers into `model`; RuntimeError if none yet."""
        if self._best.weights is None:
            raise RuntimeError(
                say("no best weights yet: call update(value, model) first")
            )
        model.load_state_dict(self._best.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return what it knows, best weights included; the settings are not in it."""
        return self._best._asdict() | {"calls": self._calls, "waited": self._waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict()`."""
        state = copy.deepcopy(state)
        self._calls, self._waited = state.pop("calls"), state.pop("waited")
        self._best = _Best(**state)

    def on_fit_start(self, state: State) -> None:
        """Start afresh; refuse a curve watched the wrong way round."""
        if (self.mode == "max") != self.monitor.endswith("accuracy"):
            raise ValueError(
                say(
                    "expected mode='min' for a loss and mode='max' for an accuracy, "
                    "got mode={mode!r} with monitor={monitor!r}",
                    mode=self.mode,
                    monitor=self.monitor,
                )
            )
        self.reset()

    def on_epoch_end(self, state: State) -> bool:
        """Look at the newest entry of the watched curve."""
        curve = getattr(state.history, self.monitor)
        if not curve:
            raise ValueError(
                say(
                    "expected validation data for {monitor}: fit(val=…)",
                    monitor=self.monitor,
                )
            )
        return self.update(curve[-1], state.model)

    def on_fit_end(self, state: State) -> None:
        """Give the model its best weights, if there was an improvement at all."""
        if self._best.weights is not None:
            self.restore(state.model)

    def _improves(self, value: float) -> bool:
        if self.mode == "min":
            return value < self._best.value - self.min_delta
        return value > self._best.value + self.min_delta


class StepSchedule:
    """Set the learning rate from a plain function, before every optimizer step.

    The rate is that of the optimizer's first parameter group. Other groups keep the
    ratio to it that they were made with, e.g. a tenth for pretrained layers.

    Args:
        schedule: number of steps (or epochs) done so far -> learning rate.
        per: what to count, "step" or "epoch".
    """

    def __init__(
        self,
        schedule: Callable[[int], float],
        per: Literal["step", "epoch"] = "step",
    ) -> None:
        if not callable(schedule):
            raise TypeError(
                say(
                    "expected a function step -> rate, got {schedule!r}",
                    schedule=schedule,
                )
            )
        if per not in ("step", "epoch"):
            raise ValueError(
                say("expected per 'step' or 'epoch', got {per!r}", per=per)
            )
        self.schedule, self.per, self._steps = schedule, per, 0
        self._ratios: list[float] = []  # of the groups' rates to the first group's

    def on_fit_start(self, state: State) -> None:
        """Start afresh; refuse a second master of the rate."""
        if state.scheduler is not None:
            raise ValueError(
                say("expected one schedule: drop fit's scheduler= or this")
            )
        rates = [float(group["lr"]) for group in state.optimizer.param_groups]
        if len(set(rates)) > 1 and rates[0] == 0:
            raise ValueError(
                say(
                    "expected a rate > 0 in the optimizer's first parameter group: the "
                    "others keep their ratio to it; got {rates}",
                    rates=rates,
                )
            )
        self._ratios = [r / rates[0] if rates[0] else 1.0 for r in rates]
        self._steps = 0

    def on_step_start(self, state: State) -> None:
        """Set the rate of the coming step."""
        rate = self.schedule(self._steps if self.per == "step" else state.epoch)
        if not 0 <= rate < math.inf:
            raise ValueError(
                say("expected a rate >= 0 from the schedule, got {rate}", rate=rate)
            )
        groups = state.optimizer.param_groups
        for group, ratio in zip(groups, self._ratios, strict=True):
            group["lr"] = rate * ratio
        self._steps += 1

    def state_dict(self) -> dict[str, int]:
        """Return the number of steps taken."""
        return {"steps": self._steps}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue from a `state_dict()`."""
        self._steps = state["steps"]


def cosine_schedule(
    step: int,
    total_steps: int,
    base_lr: float,
    min_lr: float = 0.0,
    warmup_steps: int = 0,
) -> float:
    """Return the rate at `step`: linear warm-up from 0, then half a cosine downwards.

    base_lr at step = warmup_steps, min_lr at step = total_steps and ever after.
    Source: Loshchilov & Hutter 2017, SGDR (arXiv:1608.03983), equation 5, one period.

    Raises:
        ValueError: unless step >= 0 and 0 <= warmup_steps < total_steps.
    """
    if step < 0 or not 0 <= warmup_steps < total_steps:
        raise ValueError(
            say(
                "expected step >= 0 and 0 <= warmup_steps < total_steps, got "
                "step={step}, warmup_steps={warmup_steps}, total_steps={total_steps}",
                step=step,
                warmup_steps=warmup_steps,
                total_steps=total_steps,
            )
        )
    if step < warmup_steps:
        return base_lr * step / warmup_steps
    t = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return min_lr + 0.5 * (base_lr - min_lr) * (1 + math.cos(math.pi * t))
