"""An alarm to hang onto `fit`: it watches for three symptoms that one curve hides."""

from __future__ import annotations

import math
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor, nn

from helpers.training._loop import State, evaluation_mode
from helpers.words import say

__all__ = ["Alarm", "Symptom", "class_accuracy"]

_ROWS = 1_000  # at a time


class Symptom(NamedTuple):
    """One thing that was noticed.

    Attributes:
        kind: "gap", "class" or "fitted"; see `Alarm`.
        epoch: counted from 1.
        text: a sentence for people.
    """

    kind: str
    epoch: int
    text: str


class Alarm:
    """Look at a run after each epoch and say what looks wrong, each kind once.

    - "gap": training accuracy less validation accuracy was above `gap` in each of the
      last `window` epochs, and on average larger than in the `window` before. Training
      accuracy is that of `History`, measured while it trains: with dropout it starts
      below validation accuracy, so a gap is noticed late rather than early.
    - "class": of the validation examples of one class fewer than `least` are right
      while the others together do better than chance: a mean can hide a class. Looked
      at from epoch `window` on; classes with fewer than 20 examples are left out.
    - "fitted": at the epoch of the lowest validation loss the training loss was below
      `tiny` already, said when the run ends. There was hardly any gradient left to
      learn from: harder training examples (augmentation), not a longer run, may help.

    Args:
        val: inputs (n, ...) and classes (n,), for "class"; None leaves it out.
        gap: difference of accuracies in [0, 1].
        least: share of a class in [0, 1].
        tiny: mean training loss, in nats for cross-entropy.
        window: epochs, >= 1.
        stop: end the run at the first "gap" or "class".

    Attributes:
        symptoms: what was noticed in the present run, in order.

    It only looks: weights, modes and random states stay as they are. The thresholds are
    rules of thumb, there to make somebody look; a curve without an alarm proves
    nothing.
    """

    def __init__(
        self,
        val: tuple[Tensor, Tensor] | None = None,
        *,
        gap: float = 0.1,
        least: float = 0.05,
        tiny: float = 0.01,
        window: int = 5,
        stop: bool = False,
    ) -> None:
        shares = 0 <= gap <= 1 and 0 <= least <= 1
        if not (shares and tiny >= 0 and isinstance(window, int) and window >= 1):
            raise ValueError(
                say(
                    "expected gap and least in [0, 1], tiny >= 0 and a whole window "
                    ">= 1, got gap={gap}, least={least}, tiny={tiny}, "
                    "window={window!r}",
                    gap=gap,
                    least=least,
                    tiny=tiny,
                    window=window,
                )
            )
        self.val, self.gap, self.least, self.tiny = val, gap, least, tiny
        self.window, self.stop = window, stop
        self.symptoms: list[Symptom] = []

    def on_fit_start(self, state: State) -> None:
        """Forget what an earlier run was like."""
        self.symptoms = []

    def on_epoch_end(self, state: State) -> bool:
        """Look for a growing gap and for a class that is lost."""
        self._look_at_gap(state)
        if self.val is not None and state.epoch >= self.window:
            self._look_at_classes(state, *self.val)
        return self.stop and bool(self.symptoms)

    def on_fit_end(self, state: State) -> None:
        """Look at the training loss where validation was best."""
        history = state.history
        known = [(v, i) for i, v in enumerate(history.val_loss) if not math.isnan(v)]
        if not known:
            return
        _, best = min(known)
        loss = history.train_loss[best]
        if loss < self.tiny:
            text = say(
                "at the best epoch, {epoch}, the training loss was {loss:.2g} already: "
                "there was nothing left to learn from these examples.",
                epoch=best + 1,
                loss=loss,
            )
            self._say("fitted", best + 1, text)

    def _look_at_gap(self, state: State) -> None:
        history = state.history
        pairs = zip(history.train_accuracy, history.val_accuracy, strict=False)
        gaps = [train - val for train, val in pairs][-2 * self.window :]
        before, now = gaps[: -self.window], gaps[-self.window :]
        if len(before) < self.window or not min(now) > self.gap:
            return
        if fmean(now) > fmean(before):
            text = say(
                "training accuracy is {gap:.0%} above validation accuracy, and the "
                "gap grows.",
                gap=now[-1],
            )
            self._say("gap", state.epoch, text)

    def _look_at_classes(self, state: State, x: Tensor, y: Tensor) -> None:
        right = class_accuracy(state.model, x, y)
        counts = torch.bincount(y.cpu(), minlength=len(right))
        known = counts >= 20
        if known.sum() < 2:
            return
        worst = int(torch.where(known, right, 2.0).argmin())
        others = known & (torch.arange(len(right)) != worst)
        mean = float((right * counts)[others].sum() / counts[others].sum())
        if right[worst] < self.least and mean > 1 / int(known.sum()):
            text = say(
                "of class {name} {share:.0%} are right, of the others {mean:.0%}.",
                name=worst,
                share=float(right[worst]),
                mean=mean,
            )
            self._say("class", state.epoch, text)

    def _say(self, kind: str, epoch: int, text: str) -> None:
        if any(symptom.kind == kind for symptom in self.symptoms):
            return
        self.symptoms.append(Symptom(kind, epoch, text))
        print(say("⚠ epoch {epoch}: {text}", epoch=epoch, text=text))


@torch.no_grad()
def class_accuracy(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the share of right answers in each class, in evaluation mode.

    Args:
        model: gives logits (n, K); its modules' modes are restored.
        x: inputs (n, ...), on the model's device.
        y: classes (n,), integers in [0, K).

    Returns:
        (K,) float32 on the CPU, in [0, 1]; NaN for classes without an example.
    """
    with evaluation_mode(model):
        parts = [model(part) for part in x.split(_ROWS)]
    logits, y = torch.cat(parts).cpu(), y.cpu()
    hits = y[logits.argmax(1) == y]
    classes = logits.shape[1]
    return torch.bincount(hits, minlength=classes) / torch.bincount(
        y, minlength=classes
    )
