"""The one training loop of the course, and what it needs: batches, history, scores."""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers import seeds
from helpers.training._batches import Batches, batch_sizes, check_lengths
from helpers.training._scores import Score, Tally
from helpers.training.runtime import (
    DROPOUT_STREAM,
    all_or_nothing,
    bar_hidden,
    one_thread,
    own_randomness,
    precision,
    versions,
)
from helpers.words import say

__all__ = [
    "CURVES",
    "Batches",
    "Callback",
    "History",
    "Score",
    "State",
    "adamw",
    "batch_sizes",
    "count_parameters",
    "evaluate",
    "fit",
    "one_thread",
    "own_randomness",
]

CURVES = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
_BY = "by "  # begins the reason of a run that a callback has ended
TINY = 100_000  # below this many parameters a second CPU thread gains nothing


@dataclass
class History:
    """What a training run did: one entry per epoch in each list.

    Training loss and accuracy are averaged over the epoch's examples *while* it
    trains (dropout on, weights moving); validation is measured after the epoch, in
    evaluation mode. Accuracies are in [0, 1], NaN for regression.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    seconds: float = 0.0
    device: str = "cpu"
    versions: dict[str, str] = field(default_factory=dict)
    stopped: str = ""  # why the run ended early; empty if it did not


@dataclass
class State:
    """What a callback sees: the live model and optimizer, and the history so far."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: Any
    scaler: torch.amp.GradScaler
    generator: torch.Generator  # of the data order
    history: History
    callbacks: Sequence[object] = ()
    epochs: int = 0  # asked for
    epoch: int = 0  # finished


class Callback(Protocol):
    """Any object with one or more of these methods; the others may be missing."""

    def on_fit_start(self, state: State) -> None:
        """Prepare before the first epoch; may set a saved state, epoch included."""

    def on_step_start(self, state: State) -> None:
        """Look, or set something, before every batch: e.g. the learning rate."""

    def on_backward_end(self, state: State) -> None:
        """Watch or change the gradients (`.grad`) before the optimizer's step.

        They are true gradients: a gradient scaler's factor is divided out. Clip them,
        add noise, record norms. Without `.item()` nobody waits for a GPU.
        """

    def on_epoch_end(self, state: State) -> bool | None:
        """Look at the state after an epoch; returning True ends the training."""

    def on_fit_end(self, state: State) -> None:
        """Have the last word, also after an interruption: e.g. restore weights."""


def adamw(params: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Return the default optimizer: AdamW in one fused kernel, lr 1e-3, no decay.

    torch's own default decays weights by 0.01; a control run must not.
    """
    return torch.optim.AdamW(params, lr=1e-3, weight_decay=0.0, fused=True)


def fit(
    model: nn.Module,
    train: Sequence[Tensor],
    *,
    epochs: int,
    val: Sequence[Tensor] | None = None,
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer] = adamw,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    scheduler: Callable[[torch.optim.Optimizer], Any] | None = None,
    batch_size: int = 128,
    seed: int = 0,
    transform: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = None,
    callbacks: Sequence[object] = (),
    compile: bool = False,
    device: torch.device | str | None = None,
    progress: bool = True,
) -> History:
    """Train `model` in place and return its history.

    Args:
        train: pair (x, y). x (N, ...) is floating, or int64 for an embedding. y is
            int64 labels (N,) for outputs (N, K), or one label per token (N, T) for
            outputs (N, K, T), -100 where none counts; or float targets.
        val: pair measured after every epoch, in float32.
        optimizer: makes the optimizer from the parameters (default `adamw`).
        loss_fn: (outputs, targets) -> 0-dim mean over the batch.
        scheduler: makes a learning-rate scheduler, stepped once per epoch;
            ReduceLROnPlateau watches the validation curve (without val: training).
        batch_size: examples per step. An epoch's last batch may be smaller; one single
            example is put into the batch before it (BatchNorm cannot train on one).
        seed: fixes data order and dropout masks; the caller's random state is kept.
        transform: (x, y) -> (x, y) of a training batch, e.g. mixup; the new y may be
            probabilities (N, K). Draw from torch's global generator: `seed` governs it.
        callbacks: see `Callback`; ready-made ones are in `helpers.training.callbacks`
            and `helpers.training.alarms`.
        compile: run the forward pass through torch.compile (gains on GPUs only).
        device: where to train; None means where train's x lies.
        progress: show a bar (never when COURSE_HEADLESS=1).

    Modules train in train mode, with two exceptions that stay in evaluation mode: those
    whose parameters are all frozen (requires_grad False), and, in a model that came in
    train mode, those that did not. So a frozen BatchNorm keeps its statistics.

    The model ends on `device`, in evaluation mode. Ctrl-C returns the history so far;
    a loss that is not finite ends the run with a warning; `History.stopped` says why.

    Raises:
        ValueError, TypeError: data or loss that cannot be trained on.
    """
    device = torch.device(device) if device is not None else train[0].device
    x, y = _on_device(train, device, "train", loss_fn)
    val = None if val is None else _on_device(val, device, "val", loss_fn)
    model.to(device)
    resting = [m for m in model.modules() if model.training and not m.training]
    forward = torch.compile(model) if compile else model
    opt = optimizer(model.parameters())
    schedule = scheduler(opt) if scheduler else None
    order = seeds.generator(seed)
    batches = Batches(x, y, batch_size, generator=order, join_single=True)
    cast, scaler = precision(device)
    tiny = device.type == "cpu" and count_parameters(model) < TINY
    history = History(device=str(device), versions=versions())
    state = State(model, opt, schedule, scaler, order, history, callbacks, epochs)
    start = time.perf_counter()

    def train_epoch() -> Score:
        _train_mode(model, resting)
        tally = Tally(device)  # on the device, like all that follows: no waiting
        for xb, yb in batches:
            _tell(callbacks, "on_step_start", state)
            if transform:
                xb, yb = transform(xb, yb)
            with cast():
                out = forward(xb)
                loss = loss_fn(out, yb)
            _check_loss(loss)
            opt.zero_grad()
            scaler.scale(loss).backward()
            scaler.unscale_(opt)
            _tell(callbacks, "on_backward_end", state)
            scaler.step(opt)
            scaler.update()
            tally.add(loss, out, yb)
        return tally.score()

    with (
        one_thread() if tiny else nullcontext(),
        own_randomness(seed + DROPOUT_STREAM, device),
        tqdm(
            total=epochs,
            desc=say("training"),
            unit=say("epoch"),
            disable=bar_hidden(progress),
        ) as bar,
    ):
        with all_or_nothing(callbacks):
            _tell(callbacks, "on_fit_start", state)
        bar.update(state.epoch)
        try:
            while state.epoch < epochs and not history.stopped:
                score = train_epoch()
                history.train_loss.append(score.loss)
                history.train_accuracy.append(score.accuracy)
                if val:
                    score = evaluate(model, val, loss_fn=loss_fn)
                    history.val_loss.append(score.loss)
                    history.val_accuracy.append(score.accuracy)
                _step(schedule, history)
                state.epoch += 1
                history.stopped = _reason_to_stop(state, callbacks)
                bar.set_postfix(loss=f"{score.loss:.3f}", refresh=False)
                bar.update()
        except KeyboardInterrupt:
            history.stopped = "interrupted"
            for name in CURVES:  # whole epochs only
                del getattr(history, name)[state.epoch :]
        if history.stopped:
            _say_why(bar, state)
    _tell(callbacks, "on_fit_end", state)
    history.seconds = time.perf_counter() - start
    model.eval()
    return history


@torch.no_grad()
def evaluate(
    model: nn.Module,
    split: Sequence[Tensor],
    *,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    batch_size: int = 2048,
) -> Score:
    """Return mean loss per example and accuracy of `model`, measured in eval mode.

    The model's own precision is kept, float32 as a rule, on a GPU too: half precision
    is for training, and would be seen in the third digit.

    Accuracy is the share of examples whose largest output is at the label (or at the
    largest entry of a row of probabilities), NaN for regression targets. With labels
    per token, y (N, T) and outputs (N, K, T), loss and accuracy are per token, and
    tokens labeled -100 count in neither. Every module's own mode is restored.
    """
    x, y = split
    device = next(model.parameters(), x).device
    tally = Tally(device)
    with evaluation_mode(model):
        for xb, yb in Batches(x, y, batch_size, shuffle=False):
            xb, yb = xb.to(device), yb.to(device)
            out = model(xb)
            tally.add(loss_fn(out, yb), out, yb)
    return tally.score()


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode for a block; each module's own mode returns."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def count_parameters(model: nn.Module) -> int:
    """Count the trainable numbers in `model`; a tied tensor counts once."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _train_mode(model: nn.Module, resting: Sequence[nn.Module]) -> None:
    """Put all into train mode but what rests: `resting`, and what is frozen."""
    model.train()
    for part in resting:
        part.training = False
    for part in model.modules():
        if _is_frozen(part):
            part.eval()


def _is_frozen(part: nn.Module) -> bool:
    parameters = list(part.parameters())
    return bool(parameters) and not any(p.requires_grad for p in parameters)


def _on_device(
    split: Sequence[Tensor], device: torch.device, name: str, loss_fn: object
) -> tuple[Tensor, Tensor]:
    """Check a pair of inputs and labels, and move it."""
    x, y = split
    check_lengths(x, y, name)
    if not x.is_floating_point() and x.dtype != torch.int64:
        raise TypeError(
            say(
                "{name}: expected floating inputs (or int64 for an embedding), got "
                "{dtype}; convert and standardise them first, e.g. x.float() / 255",
                name=name,
                dtype=x.dtype,
            )
        )
    labels = y.ndim == 1 or not y.is_floating_point()
    if loss_fn is F.cross_entropy and labels and y.dtype != torch.int64:
        raise TypeError(
            say(
                "{name}: expected int64 class labels for cross-entropy, got {dtype}; "
                "use y.long(), or another loss_fn for regression",
                name=name,
                dtype=y.dtype,
            )
        )
    return x.to(device), y.to(device)


def _check_loss(loss: Tensor) -> None:
    if loss.ndim != 0:
        raise ValueError(
            say(
                "expected loss_fn to return one number, got shape {shape}; average "
                "over the batch (reduction='mean')",
                shape=tuple(loss.shape),
            )
        )


def _step(schedule: Any, history: History) -> None:
    """Step a scheduler once per epoch, with a metric if it wants one."""
    if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
        kind = "loss" if schedule.mode == "min" else "accuracy"
        curve = getattr(history, f"val_{kind}") or getattr(history, f"train_{kind}")
        schedule.step(curve[-1])
    elif schedule:
        schedule.step()


def _reason_to_stop(state: State, callbacks: Sequence[object]) -> str:
    """Ask every callback, then look at the loss; an empty string means: go on."""
    stop = _tell(callbacks, "on_epoch_end", state)
    loss = state.history.train_loss[-1]
    if loss - loss != 0:  # NaN or infinite
        warnings.warn(
            say(
                "the training loss became {loss} in epoch {epoch}: stopped; try a "
                "smaller learning rate",
                loss=loss,
                epoch=state.epoch,
            ),
            stacklevel=3,
        )
        return f"loss was {loss}"
    return f"{_BY}{type(stop[0]).__name__}" if stop else ""


def _say_why(bar: Any, state: State) -> None:
    """Let the bar of a run that ended early say so; stopped by a callback, it is full.

    A bar that is not full turns red, as if something had gone wrong.
    """
    if bar.disable:
        return
    why, before = state.history.stopped, bar.postfix
    if why.startswith(_BY):
        start = bar.start_t
        bar.reset(total=state.epoch)
        bar.start_t = start
        bar.update(state.epoch)
        why = say("stopped by {name}", name=why.removeprefix(_BY))
    said = say(
        "{why} after {epoch} of {epochs} epochs",
        why=why,
        epoch=state.epoch,
        epochs=state.epochs,
    )
    bar.set_postfix_str(f"{before}, {said}" if before else said)


def _tell(callbacks: Sequence[object], event: str, state: State) -> list[object]:
    """Call a method of every callback that has it; return those that said True."""
    able = [callback for callback in callbacks if hasattr(callback, event)]
    return [callback for callback in able if getattr(callback, event)(state)]
