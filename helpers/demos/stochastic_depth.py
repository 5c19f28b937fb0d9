"""Figures about stochastic depth: which blocks run, and how many."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers.demos._stage import Choice, Scene, Slider
from helpers.seeds import generator
from helpers.show import plots
from helpers.words import say

__all__ = ["COINS", "coin_map", "depth_distribution", "depths", "paths", "scene"]

COINS = ("one per example", "one per batch")


def coin_map(
    final_rate: float = 0.5,
    coins: str = COINS[0],
    toss: int = 1,
    *,
    blocks: int = 12,
    examples: int = 16,
) -> Figure:
    """Which blocks one training step adds, and how deep the network is by chance.

    Args:
        final_rate: drop rate of the last block, in [0, 1]; block l has l/L of it.
        coins: one of `COINS`.
        toss: seed of the coins.
        blocks, examples: rows and columns of the picture.

    Raises:
        ValueError: another word for `coins`.
    """
    if coins not in COINS:
        raise ValueError(
            say(
                "coins: expected one of {coins}, got {coins2!r}.",
                coins=COINS,
                coins2=coins,
            )
        )
    rates = final_rate * torch.arange(1, blocks + 1) / blocks
    columns = examples if coins == COINS[0] else 1
    runs = torch.rand(blocks, columns, generator=generator(toss)) >= rates[:, None]
    fig, (left, right) = plots.figure(2)
    _draw_coins(left, runs.expand(blocks, examples))
    computed = blocks if columns > 1 else int(runs.sum())
    left.set_title(
        say(
            "{computed} of {blocks} blocks have to be computed",
            computed=computed,
            blocks=blocks,
        )
    )
    _draw_depths(right, rates.tolist(), saves=columns == 1)
    return fig


def depth_distribution(rates: Sequence[float]) -> Tensor:
    """Return the probability of each depth 0 … L: (L + 1,), float64.

    The depth is a sum of independent coins, block l running with 1 - rates[l]; one
    block after the other is added.
    """
    chance = torch.ones(1, dtype=torch.float64)
    nothing = torch.zeros(1, dtype=torch.float64)
    for p in rates:
        stays, grows = torch.cat([chance, nothing]), torch.cat([nothing, chance])
        chance = p * stays + (1 - p) * grows
    return chance


def paths(blocks: int = 4) -> Figure:
    """Every path through a residual network, and how many there are of each length.

    Args:
        blocks: 1 to 5, for there are 2^blocks paths.
    """
    taken = [c for k in range(blocks + 1) for c in combinations(range(blocks), k)]
    fig, (left, right) = plots.figure(2)
    for row, path in enumerate(taken):
        left.plot([-0.7, blocks - 0.3], [row, row], color="#808080", linewidth=1)
        left.plot(path, [row] * len(path), "s", color=plots.PALETTE[0], markersize=9)
    left.grid(visible=False)
    left.set_xticks(range(blocks), [str(k + 1) for k in range(blocks)])
    left.set_yticks([])
    left.set(
        xlabel=say("block (square: taken, line: walked around)"), ylabel=say("path")
    )
    left.set_title(
        say("{blocks} blocks, {n_taken} paths", blocks=blocks, n_taken=len(taken))
    )
    lengths = range(blocks + 1)
    counts = [comb(blocks, k) for k in lengths]
    right.bar(lengths, counts, color=plots.PALETTE[0])
    right.set_xticks(lengths)
    right.set(xlabel=say("blocks taken"), ylabel=say("paths"))
    right.set_title(say("Most paths are of middling length"))
    return fig


def depths(schedules: Mapping[str, Sequence[float]]) -> Figure:
    """How many blocks run, for several schedules of drop rates.

    Args:
        schedules: name → drop rates, one per block.
    """
    fig, ax = plots.figure()
    for name, rates in schedules.items():
        mean = len(rates) - sum(rates)
        chance = depth_distribution(rates)
        ax.plot(
            range(len(chance)),
            chance,
            "o-",
            label=say("{name}: mean {mean:.2f}", name=name, mean=mean),
        )
    ax.set(xlabel=say("blocks that run"), ylabel=say("probability"), ylim=(0, None))
    ax.set_title(say("The depth of one training step"))
    ax.legend(loc="upper left")
    return fig


def _draw_coins(ax: Axes, runs: Tensor) -> None:
    blocks, examples = runs.shape
    colors: dict[str, Any] = {"cmap": "Blues", "vmin": 0, "vmax": 1.6}
    ax.pcolormesh(runs.float(), edgecolors="white", linewidth=1.5, **colors)
    ax.grid(visible=False)
    ax.set_xticks([0.5, examples - 0.5], ["1", str(examples)])
    ax.set_yticks([0.5, blocks - 0.5], ["1", str(blocks)])
    ax.set(xlabel=say("example of the batch"), ylabel=say("block (blue: added)"))


def _draw_depths(ax: Axes, rates: Sequence[float], *, saves: bool) -> None:
    blocks, chance = len(rates), depth_distribution(rates)
    mean = blocks - sum(rates)
    ax.bar(range(blocks + 1), chance, color=plots.PALETTE[0])
    ax.axvline(
        mean, color=plots.PALETTE[1], linestyle="--", label=say("expected depth")
    )
    ax.set(
        xlabel=say("blocks that run"),
        ylabel=say("probability"),
        xlim=(-0.7, blocks + 0.7),
    )
    less = (
        say(": {mean:.0%} less work", mean=1 - mean / blocks)
        if saves
        else say(" for each example")
    )
    ax.set_title(
        say(
            "{mean:.2f} of {blocks} added on average{less}",
            mean=mean,
            blocks=blocks,
            less=less,
        )
    )
    ax.legend(loc="upper left")


def scene(blocks: int = 12, examples: int = 16) -> Scene:
    """Return the moving picture of stochastic depth tossing its coins."""
    coins = {"example": say("one per example"), "batch": say("one per batch")}
    schedules = {
        "linear": say("growing with depth"),
        "constant": say("the same for all"),
    }
    return Scene(
        "stochastic_depth",
        say("Stochastic depth tosses its coins"),
        say("Left: which blocks run for which example. Right: how many blocks run."),
        (
            Slider("rate", say("drop rate of the last block"), 0.5),
            Choice("coins", say("coins"), coins),
            Choice("schedule", say("rates"), schedules),
        ),
        coin_map,
        {"blocks": blocks, "examples": examples},
    )
