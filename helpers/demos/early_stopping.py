"""Playback of a training run: what the network believed after each epoch."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers.demos._stage import Choice, Scene, Slider
from helpers.show import plots
from helpers.training import State
from helpers.words import say

__all__ = ["scene", "Playback", "playback_picture"]

GRID = 40  # points per side of the picture


class Playback:
    """Callback of `fit` for two classes in the plane: keeps a picture of each epoch.

    Args:
        x: points (n, 2); the picture covers them with a margin of 0.4.

    Attributes:
        extent: (left, right, bottom, top).
        frames: per epoch the probability of class 1 on a grid, (GRID, GRID), rows from
            bottom to top.
    """

    def __init__(self, x: Tensor) -> None:
        low, high = x.amin(0) - 0.4, x.amax(0) + 0.4
        self.extent = (low[0].item(), high[0].item(), low[1].item(), high[1].item())
        across = torch.linspace(*self.extent[:2], GRID)
        up = torch.linspace(*self.extent[2:], GRID)
        rows, columns = torch.meshgrid(up, across, indexing="ij")
        self.points = torch.stack([columns, rows], -1).flatten(0, 1).to(x)
        self.frames: list[Tensor] = []

    @torch.no_grad()
    def on_epoch_end(self, state: State) -> None:
        """Keep the probabilities; the model's mode comes back as it was."""
        was_training = state.model.training
        state.model.eval()
        p = state.model(self.points).softmax(1)[:, 1]
        state.model.train(was_training)
        self.frames.append(p.reshape(GRID, GRID).cpu())


def playback_picture(
    playback: Playback,
    data: tuple[Tensor, Tensor],
    curves: Mapping[str, Sequence[float]],
    epoch: int,
) -> Figure:
    """Draw the plane after `epoch` epochs beside the curves up to there.

    Args:
        playback: filled by a run of `fit`.
        data: the training points x (n, 2) and their labels y (n,), 0 or 1.
        curves: name -> one loss per epoch; the first is drawn as training, the second
            as validation, whose best epoch so far gets a star.
        epoch: 1 to the number of epochs.

    Raises:
        ValueError: an epoch that was not recorded.
    """
    if not 1 <= epoch <= len(playback.frames):
        raise ValueError(
            say(
                "epoch: expected 1 to {n_frames}, got {epoch}; the run has no more.",
                n_frames=len(playback.frames),
                epoch=epoch,
            )
        )
    fig, (left, right) = plots.figure(2)
    _plane(left, playback, data, epoch)
    past = range(1, epoch + 1)
    for (name, values), style in zip(
        curves.items(), (plots.TRAIN, plots.VAL), strict=True
    ):
        right.plot(range(1, len(values) + 1), values, color="#cccccc", lw=1)
        right.plot(past, values[:epoch], **style, label=name)
    _, watched = curves.values()
    best = min(past, key=lambda e: watched[e - 1])
    right.plot(
        best, watched[best - 1], "*", color="#1a1a1a", ms=13, label=say("best so far")
    )
    right.axvline(epoch, color="#999999", lw=1)
    right.set(
        xlabel=say("epoch"),
        ylabel=say("loss (nats)"),
        title=say("best epoch so far: {best}", best=best),
    )
    right.legend()
    return fig


def _plane(
    ax: Axes, playback: Playback, data: tuple[Tensor, Tensor], epoch: int
) -> None:
    """Probabilities as colors, the boundary as a line, the points on top."""
    x, y = data
    frame = playback.frames[epoch - 1].numpy()
    look: dict[str, Any] = {"extent": playback.extent, "origin": "lower"}
    ax.imshow(frame, **look, cmap="RdBu_r", vmin=0, vmax=1, alpha=0.5, aspect="auto")
    if frame.min() < 0.5 < frame.max():
        ax.contour(frame, levels=[0.5], colors="#1a1a1a", linewidths=1.5, **look)
    for label, marker, color in ((0, "o", "#2166ac"), (1, "^", "#b2182b")):
        px, py = x[y == label].T.cpu()
        ax.scatter(px, py, marker=marker, c=color, s=18, lw=0)
    ax.grid(visible=False)
    ax.set(
        title=say("after epoch {epoch}", epoch=epoch),
        xlabel=say("feature 1"),
        ylabel=say("feature 2"),
    )


def scene(
    train_loss: Sequence[float],
    val_loss: Sequence[float],
    val_accuracy: Sequence[float],
    *,
    film: tuple[Playback, tuple[Tensor, Tensor]] | None = None,
    each: str = say("epoch"),
) -> Scene:
    """Return the playback of a run: where early stopping ends it, what it keeps.

    Args:
        train_loss, val_loss, val_accuracy: one number per epoch, of equal length.
        film: what the network believed after each epoch, and the training points
            x (n, 2) with labels y (n,); no picture of the plane if None.
        each: what one number stands for: "epoch", or another word with a plural in s.
    """
    curves = {"train": train_loss, "val": val_loss, "accuracy": val_accuracy}
    watched = {"loss": say("validation loss"), "accuracy": say("validation accuracy")}
    epochs = len(train_loss)

    def picture() -> Figure:
        losses = {say("training"): train_loss, say("validation"): val_loss}
        if film:
            return playback_picture(film[0], film[1], losses, epochs)
        fig, (left, right) = plots.figure(2)
        looks = range(1, epochs + 1)
        left.plot(looks, train_loss, **plots.TRAIN, label=say("training"))
        left.plot(looks, val_loss, **plots.VAL, label=say("validation"))
        left.set(xlabel=each, ylabel=say("loss (nats)"))
        left.legend()
        right.plot(looks, val_accuracy, **plots.VAL)
        right.set(xlabel=each, ylabel=say("validation accuracy"))
        return fig

    numbers: dict[str, Any] = {
        k: [round(float(v), 5) for v in row] for k, row in curves.items()
    }
    return Scene(
        "early_stopping",
        say("A run played back"),
        say(
            "Training and validation loss and validation accuracy over the {each}s, "
            "with the {each} at which early stopping ends the run and the one it "
            "keeps.",
            each=each,
        ),
        (
            Slider("epoch", each, 1, 1, epochs, 1),
            Slider("patience", say("patience ({each}s)", each=each), 10, 1, 60, 1),
            Slider("delta", "min_delta", 0.0, 0.0, 0.1, 0.005),
            Choice("watched", say("watched"), watched),
        ),
        picture,
        numbers | {"each": each} | (_film(*film) if film else {}),
        parts=("_pixels.js",),
    )


def _film(playback: Playback, points: tuple[Tensor, Tensor]) -> dict[str, Any]:
    """Return what the page needs to draw the plane after each epoch."""
    frames = (255 * torch.stack(playback.frames)).round().to(torch.uint8)
    left, right, bottom, top = playback.extent
    x, y = (part.detach().cpu() for part in points)
    film = {
        "frames": b64encode(frames.numpy().tobytes()).decode(),
        "side": GRID,
        "extent": {"x": [left, right], "y": [bottom, top]},
        "x": [round(v, 3) for v in x.flatten().tolist()],
        "y": y.tolist(),
    }
    return {"film": film}
