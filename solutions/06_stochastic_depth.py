# %% [markdown]
# # 06 · Can a network learn more from fewer of its layers?
#
# Depth pays until it does not: gradients fade or explode, every layer costs time, and a
# deep network learns false labels as gladly as true ones. Huang and colleagues (2016) had
# a rude idea. In each training step, leave out some of the layers. Train short networks,
# use the long one.
#
# When you are done you can
#
# - write stochastic depth in both forms, one coin per example and one coin per batch,
#   and say which of them saves time and how much,
# - read a drop rate in somebody's configuration file and know what schedule it means,
# - show where deep networks fail, what repairs them, and where dropping blocks only hurts.
#
# **You need:** notebook 02 (`p` drops, survivors are scaled by $1/(1-p)$).
# **Time:** about 90 minutes; the computing takes under a minute on a slow CPU.

# %% setup
import time

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import stochastic_depth as demos_depth
from helpers.device import device
from helpers.evidence.claims import claim, results
from helpers.evidence.metrics import accuracy
from helpers.population import MemberDropout, train_population
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import one_thread

plots.use_course_style()
check = load("06_stochastic_depth")

# %%
SEEDS = range(8)
DEPTHS = [2, 4, 8, 16, 32]  # in blocks
DEVICE = device()
splits = data.fashion_mnist(1000, 1000, size=14, flat=True, device=DEVICE)
val = splits.val
noisy, flipped = data.corrupt_labels(
    splits.train.y, 10, 0.2, torch.Generator().manual_seed(0)
)
train = data.Split(splits.train.x, noisy)
print(f"{len(noisy)} training images, {int(flipped.sum())} with a false label")

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("06_stochastic_depth")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## How deep is too deep?
#
# The data: 1,000 small Fashion-MNIST images, 14 × 14 pixels; one training label in five
# is false, exactly, and all validation labels are true. The naive way to a deep network is
# to stack more of the same. A *block* here normalises its input, multiplies by a matrix
# and applies ReLU. In a *feedforward* network the result replaces the input. In a
# *residual* one it is added to it, and that is the only difference:
#
# $$\mathbf{x}_l = f_l(\mathbf{x}_{l-1}) \qquad \text{or} \qquad
# \mathbf{x}_l = \mathbf{x}_{l-1} + f_l(\mathbf{x}_{l-1}).$$


# %%
class Block(nn.Module):
    """A block with its skip connection, or without one."""

    def __init__(self, width, residual=True, norm=True):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.residual, self.norm = residual, norm

    def f(self, x):
        return self.linear(F.layer_norm(x, x.shape[-1:]) if self.norm else x).relu()

    def forward(self, x):
        return x + self.f(x) if self.residual else self.f(x)


def tower(blocks, inputs=196, width=32):
    """Linear into `width`, the blocks, Linear into ten classes."""
    return nn.Sequential(nn.Linear(inputs, width), *blocks, nn.Linear(width, 10))


# %% [markdown]
# Eight seeds for each of five depths, the same for both kinds. At 8 blocks the two will
# turn out alike. What about 32?

# %% predict
predict(
    "depth.deep",
    "Stacked 32 deep, what becomes of the feedforward network, compared with 8 deep?",
    ["it gains", "about the same", "a few points worse", "near guessing"],
)
predict(
    "depth.residual",
    "And of the residual network?",
    ["it gains", "about the same", "ten points worse", "near guessing"],
)


# %% experiment
@one_thread()  # so many small operations gain nothing from a second one
def run(build):
    return train_population(
        build,
        train,
        val=val,
        seeds=SEEDS,
        steps=400,
        batch_size=50,
        lr=2e-3,
        record_every=100,
        record_size=200,
    )


# %% [markdown]
# Ten populations of eight networks. Without the skip connections first.

# %% experiment
feedforward = {
    n: run(lambda n=n: tower([Block(32, residual=False) for _ in range(n)]))
    for n in DEPTHS
}

# %% experiment
residual = {n: run(lambda n=n: tower([Block(32) for _ in range(n)])) for n in DEPTHS}

# %% [markdown]
# One line per kind, means over seeds with 95 % bands, at the last of 400 steps.


# %%
def last(runs):
    """Validation accuracy after the last step in percent, (seeds, depths)."""
    return torch.stack([100 * runs[n].val_accuracy[-1] for n in DEPTHS], 1)


forward, constant = last(feedforward), last(residual)
ax = plots.band(DEPTHS, forward, label="feedforward", color=plots.PALETTE[1])
plots.band(DEPTHS, constant, label="residual", color=plots.PALETTE[0], ax=ax)
ax.set_xscale("log", base=2)
ax.set_xticks(DEPTHS, DEPTHS)
ax.set(xlabel="blocks (log scale)", ylabel="validation accuracy (%)", ylim=(0, 100))
ax.set_title("Without skip connections, 32 blocks learn nothing")
plots.show(
    ax.figure,
    alt="Both kinds agree up to 8 blocks; feedforward falls to 10 % at 32.",
    after=["depth.deep", "depth.residual"],
)

# %% [markdown]
# Differences are paired: the same seed, two depths.

# %% results
points = {"unit": "accuracy points"}
with results():
    claim(
        "depth.feedforward",
        "From 8 to 32 blocks the feedforward network loses nearly all it knew.",
        forward[:, 4] - forward[:, 2],
        "< -40",
        **points,
    )
    recall("depth.deep", 4)
    claim(
        "depth.no-fit",
        "It does not fit its training labels, either.",
        100 * feedforward[32].train_accuracy[-1],
        "< 40",
        unit="% of training labels",
    )
    claim(
        "depth.residual",
        "From 8 to 32 blocks the residual network neither loses 8 points nor gains 4.",
        constant[:, 4] - constant[:, 2],
        "between -8 4",
        **points,
    )
    recall("depth.residual", 2)

# %% [markdown]
# More layers made a *worse* network, and not by over-fitting. Skip connections (He and others, 2016) repair
# that. Look closely, though. The residual line is flat. On this task depth is not harmful
# any more, but nothing is won with it either.
#
# ## What arrives at the first block
#
# The usual suspect is the gradient. It travels from the loss back through every block.
# Its norm at block $l$, before any training, on a log scale: for the feedforward network as
# above, for one without the normalisation in its blocks, and for the residual one.


# %%
@one_thread()
def gradients(model):
    """Norm of the loss's gradient at each block's matrix, log10, (blocks,)."""
    F.cross_entropy(model(train.x), train.y).backward()
    return torch.stack([b.linear.weight.grad.norm().log10() for b in model[1:-1]])


def untrained(seed, block):
    torch.manual_seed(seed)
    return tower([block() for _ in range(32)]).to(DEVICE)


kinds = {
    "feedforward": lambda: Block(32, residual=False),
    "without normalisation": lambda: Block(32, residual=False, norm=False),
    "residual": lambda: Block(32),
}

# %% figure
start = {
    name: torch.stack([gradients(untrained(seed, block)) for seed in SEEDS]).cpu()
    for name, block in kinds.items()
}
for (name, values), color in zip(
    start.items(), (plots.PALETTE[1], plots.PALETTE[2], plots.PALETTE[0]), strict=True
):
    ax = plots.band(
        range(1, 33),
        values,
        label=name,
        color=color,
        ax=None if name == "feedforward" else ax,
    )
ax.set(xlabel="block", ylabel="gradient norm (powers of ten)")
ax.set_title("One fades, one explodes, the residual one arrives")
plots.show(
    ax.figure,
    alt="Log gradient norm over 32 blocks: without normalisation it falls by twelve "
    "powers of ten towards the first block, feedforward rises by two and a half, "
    "residual stays within one.",
)

# %% [markdown]
# Each number below is a power of ten at the first block.

# %% results
first = {name: values[:, 0] for name, values in start.items()}
power = {"unit": "powers of ten"}
with results():
    claim(
        "depth.fades",
        "Without normalisation the first block's gradient is a billionth or less of the "
        "residual network's.",
        first["without normalisation"] - first["residual"],
        "< -9",
        **power,
    )
    claim(
        "depth.explodes",
        "With it, it is several times larger than the residual network's.",
        first["feedforward"] - first["residual"],
        "> 0.6",
        **power,
    )
    claim(
        "depth.arrives",
        "In the residual network first and last block differ by less than a factor of ten.",
        start["residual"][:, 0] - start["residual"][:, -1],
        "within 1",
        **power,
    )

# %% [markdown]
# Faded, every step in the first block is a guess; exploded, a small step there upsets
# everything behind it. In a residual network the gradient has a road without tolls: $\mathbf{x}_l$ contains
# $\mathbf{x}_{l-1}$ itself, so whatever reaches one reaches the other undiminished.
#
# ## The idea: a network of random depth
#
# If a block only *adds* something, it can be left out without breaking the chain. So
# toss a coin $b_l$ for each block. It is 0 with probability $p_l$, and then the block is
# missing:
#
# $$\mathbf{x}_l = \mathbf{x}_{l-1} + \frac{b_l}{1 - p_l} \, f_l(\mathbf{x}_{l-1}),
# \qquad \Pr(b_l = 0) = p_l.$$
#
# That is inverted dropout of whole blocks; at evaluation $b_l/(1-p_l)$ becomes 1. The
# early blocks feed all others, so Huang and colleagues let the rate rise linearly from
# block to block. One coin may serve the whole batch, or each example tosses its own.
# Below, every row is an example of one batch and every column a block; blue blocks are
# added. Press **Play** to toss again and again, and watch the histogram of depths fill up.
# Then change from one coin per example to one per batch, and ask of both: what is added,
# and what has to be computed? A column may be left out only if it is empty from top to
# bottom.

# %% demo
demos_depth.scene().show()

# %% [markdown]
# With a coin per example, hardly a block is spared by everyone, so all are computed and
# some results thrown away. With a coin per batch an empty column costs nothing. Keep that in
# mind; it will be measured.
#
# ### Exercise 6.1 · Linear rates (1 point, ~5 min)
#
# **Given** the number of blocks $L$ and the `final_rate`, a probability of dropping.
# **Return** a list of $L$ floats: block $l$ has the rate
#
# $$p_l = \frac{l}{L} \, p_L, \qquad l = 1, \dots, L.$$
#
# **By hand:** 4 blocks, final rate 0.5: `[0.125, 0.25, 0.375, 0.5]`.
#
# <details><summary>Hint 1</summary>
# How many rates are there, and what are the first and the last of them?
# </details>
# <details><summary>Hint 2</summary>
# <code>range(num_blocks)</code> starts at 0 and ends one too early. The formula's l does
# neither.
# </details>
# <details><summary>Hint 3</summary>
# <code>[l / num_blocks * final_rate for l in range(1, num_blocks + 1)]</code>
# </details>


# %% solution="drop_rates"
def drop_rates(num_blocks: int, final_rate: float) -> list[float]:
    """Return the blocks' drop rates, rising linearly to `final_rate` (about 1 line).

    Args:
        num_blocks: L, at least 1.
        final_rate: probability of *dropping* the last block, in [0, 1].

    Returns: L floats, l/L · final_rate for l = 1 ... L. Example: drop_rates(2, 0.5)
    gives [0.25, 0.5].
    """
    ### BEGIN SOLUTION
    return [block / num_blocks * final_rate for block in range(1, num_blocks + 1)]
    ### END SOLUTION


# %% [markdown]
# The example worked by hand:

# %% look
look(lambda: drop_rates(4, 0.5), [0.125, 0.25, 0.375, 0.5])

# %% test="drop_rates" points=1
check.drop_rates(drop_rates)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("06_stochastic_depth").drop_rates(drop_rates, seed=20_161)
### END HIDDEN TESTS

# %% [markdown]
# ## Three schedules with one name
#
# "Linear decay with rate 0.5" is not enough to reproduce somebody's network. Three
# conventions are in use. With $i = 0, \dots, L-1$ they are
#
# | | rate of block $i$ | first | last |
# |---|---|---|---|
# | Huang and others (2016) | $(i+1)/L \cdot p_L$ | $p_L/L$ | $p_L$ |
# | timm; ConvNeXt and Swin in torchvision | $i/(L-1) \cdot p_L$ | 0 | $p_L$ |
# | EfficientNet in torchvision | $i/L \cdot p_L$ | 0 | $(L-1)/L \cdot p_L$ |
#
# Let the libraries testify. Their layers carry their rates as `p`; on the "meta" device
# a network is built without any weights.

# %% experiment
from torchvision import models, ops

with torch.device("meta"):
    nets = [models.convnext_tiny(), models.swin_t(), models.efficientnet_b0()]
ends = {}
for net, final in zip(nets, (0.1, 0.2, 0.2), strict=True):  # their default p_L
    found = [m.p for m in net.modules() if isinstance(m, ops.StochasticDepth)]
    name, share = type(net).__name__, found[-1] / final
    ends[name] = found[0], share
    print(f"{name:16} {len(found):2} blocks, first rate {found[0]}, last {share} p_L")

# %% [markdown]
# The table, as claims about these three networks:

# %% results
with results():
    claim(
        "depth.torchvision-first",
        "In all three the first block is never dropped.",
        max(first for first, _ in ends.values()),
        "within 0",
    )
    for name in ("ConvNeXt", "SwinTransformer"):
        sentence = "The last block has the whole rate asked for."
        claim(
            f"depth.last-{name.lower()}", sentence, ends[name][1], "between 0.999 1.001"
        )
    claim(
        "depth.last-efficientnet",
        "The last of EfficientNet-B0's 16 blocks has 15/16 of it.",
        ends["EfficientNet"][1],
        "between 0.937 0.938",
    )

# %% [markdown]
# For deep networks the differences are small. For four blocks and $p_L = 0.5$ the first
# convention skips 1.25 blocks on average, the others 1 and 0.75. This course uses the
# paper's.
#
# ## One coin per example
#
# The form found in today's libraries, under the name *drop path*, acts on the output of a
# block, before it is added.
#
# ### Exercise 6.2 · Drop path (2 points, ~10 min)
#
# **Given** a float tensor `residual` (N, …) with any number of dimensions, `p`, the flag
# `training` and a `generator` (or None: torch's global one).
# **Return** in training each example's whole residual set to 0 with probability `p`, by
# one coin per example, else divided by $1-p$; at evaluation the residual as it is. `p = 1`
# gives zeros, never NaN. A `p` outside [0, 1] raises `ValueError`, in both modes.
#
# **By hand:** `residual = [[1, 2], [3, 4], [5, 6]]`, `p = 0.5`, coins *keep, drop, keep*:
# `[[2, 4], [0, 0], [10, 12]]`.
#
# <details><summary>Hint 1</summary>
# It is inverted dropout with fewer coins. How many, and of which shape, so that
# broadcasting spreads each over its example?
# </details>
# <details><summary>Hint 2</summary>
# The shape is N followed by as many ones as residual has further dimensions:
# <code>(len(residual),) + (1,) * (residual.ndim - 1)</code>.
# </details>
# <details><summary>Hint 3</summary>
# After the checks of p, of evaluation and of p = 1: <code>coins = torch.rand(shape,
# generator=generator, device=residual.device)</code>, then
# <code>residual * (coins &gt;= p) / (1 - p)</code>.
# </details>


# %% solution="drop_path"
def drop_path(
    residual: torch.Tensor,
    p: float,
    training: bool,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Return the residual with whole examples dropped, inverted (about 8 lines).

    Args:
        residual: output of a block, floating, (N, ...).
        p: probability of *dropping*, in [0, 1]; else ValueError.
        training: toss coins if True, the identity if False.
        generator: source of the coins; torch's global generator if None.

    Returns: a tensor like residual. Example: with p=0.5 each row of
    drop_path(torch.ones(3, 2), 0.5, training=True) is [0.0, 0.0] or [2.0, 2.0].
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return residual
    if p == 1:
        return torch.zeros_like(residual)
    shape = (len(residual),) + (1,) * (residual.ndim - 1)
    coins = torch.rand(shape, generator=generator, device=residual.device)
    return residual * (coins >= p) / (1 - p)
    ### END SOLUTION


# %% [markdown]
# Six examples of ones with three numbers each, `p = 0.5`. Look for rows.

# %% look
look(
    lambda: drop_path(torch.ones(6, 3), 0.5, training=True),
    "rows of zeros and rows of twos, about as many",
)

# %% test="drop_path" points=2
check.drop_path(drop_path)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("06_stochastic_depth").drop_path(drop_path, seed=20_162)
### END HIDDEN TESTS

# %% [markdown]
# torchvision has this function as `ops.stochastic_depth(input, p, mode)`, with
# `mode="row"`. Its `mode="batch"` tosses one coin for all, and still multiplies by it
# afterwards. A test with 20,000 rows:

# %% experiment
torch.manual_seed(0)
rows = ops.stochastic_depth(torch.ones(20_000, 3), 0.3, mode="row")
whole = torch.stack([rows, rows - 1 / 0.7]).abs().amin(0).max().item()


# %% results
with results():
    claim(
        "depth.torchvision-values",
        "Every number is 0 or 1/(1-p).",
        whole,
        "within 1e-6",
    )
    alike = (rows == rows[:, :1]).all(1).float().mean().item()
    claim(
        "depth.torchvision-rows",
        "Each row is all there or all gone.",
        1 - alike,
        "< 1e-9",
    )
    gone = (rows[:, 0] == 0).float().mean().item()
    claim(
        "depth.torchvision-rate",
        "Of the rows 30 % are gone.",
        gone,
        "between 0.28 0.32",
    )

# %% [markdown]
# Rows, rate and scale are those of the card. No generator can be passed to it, though.
#
# ## Does it help?
#
# The residual networks again, same seeds, same data order, now with linear rates up to
# $p_L = 0.5$ and a coin per example. (For a population the coin is the course's
# `MemberDropout` on a column of ones.)

# %% predict
predict(
    "depth.gain",
    "20 % false labels, 32 blocks. Stochastic depth against constant depth, at the end?",
    ["2 points or more worse", "within 1 point", "1 to 6 points better", "10 better"],
)
predict(
    "depth.gradient",
    "And the gradient at the first of 32 blocks, with stochastic depth?",
    ["more than twice as large", "not much different", "less than half as large"],
)


# %% experiment
class DropBlock(Block):
    """A residual block that each example skips with probability p in training."""

    def __init__(self, width, p):
        super().__init__(width)
        self.drop = MemberDropout(p)

    def forward(self, x):
        return x + self.f(x) * self.drop(torch.ones_like(x[:, :1]))


# %% experiment
def short(n, final=0.5, **sizes):
    """A tower of n blocks whose rates rise to `final`, as in the paper."""
    width = sizes.get("width", 32)
    return tower([DropBlock(width, final * (i + 1) / n) for i in range(n)], **sizes)


stochastic = {n: run(lambda n=n: short(n)) for n in DEPTHS}

# %% [markdown]
# Left the accuracy at the end, right the difference for each seed.

# %% figure
random = last(stochastic)
gain = random - constant  # (seeds, depths), paired
fig, (left, right) = plots.figure(2)
plots.band(DEPTHS, constant, label="constant depth", color=plots.PALETTE[0], ax=left)
plots.band(DEPTHS, random, label="stochastic depth", color=plots.PALETTE[2], ax=left)
left.set_xscale("log", base=2)
left.set_xticks(DEPTHS, DEPTHS)
left.set(xlabel="blocks (log scale)", ylabel="validation accuracy (%)")
left.set_title("Better with some blocks missing, ...")
plots.points({f"{n} blocks": gain[:, k] for k, n in enumerate(DEPTHS)}, ax=right)
right.axhline(0, color="#1a1a1a", linewidth=0.8)
right.set_ylabel("stochastic minus constant (points)")
right.set_title(f"... on average by {gain.mean():.1f} points")
plots.show(
    fig,
    alt="Stochastic depth lies above constant depth at all five depths.",
    after=["depth.gain", "depth.gradient"],
)

# %% [markdown]
# Is this something that stopping early would not have given? `early` compares the *best*
# of the four recorded looks of each run. (Both sides are flattered by the choice.)

# %%
peak = [
    torch.stack([100 * runs[n].val_accuracy.amax(0) for n in DEPTHS], 1)
    for runs in (stochastic, residual)
]
early = (peak[0] - peak[1]).mean(1)
print(f"gain at the end {gain.mean():.1f} points, best look {early.mean():.1f} points")


# %% results
sentence = "With 32 blocks and 20 % false labels stochastic depth gains."
with results():
    claim("depth.gain", sentence, gain[:, 4], "> 0", **points)
    recall("depth.gain", 3)
    sentence = "Over the five depths it gains more than a point."
    claim("depth.gain-all", sentence, gain.mean(1), "> 1", **points)
    sentence = "With each run stopped at its best look the gain is smaller."
    claim("depth.gain-early", sentence, early - gain.mean(1), "< 0", **points)
    sentence = "Even so, 32 blocks are no better than 2."
    claim("depth.no-need", sentence, random[:, 4] - random[:, 0], "< 1", **points)

# %% [markdown]
# A gain at the end of training, on labels of which one in five is false: the same
# medicine as dropout, for the same disease. Early stopping is another one, and as the
# numbers printed above show, beside it there is less left to gain. Nor does stochastic
# depth make depth useful where the task does not need it.
#
# ## Does it feed the first block?
#
# The paper's explanation is about gradients: shorter networks, larger gradients at the
# front. Here is the norm at the first of 32 blocks in training mode, mean
# over five batches of 200, at the start and after training.


# %% experiment
@one_thread()
def at_first_block(model):
    torch.manual_seed(0)  # of the coins
    norms = []
    for x, y in zip(train.x.split(200), train.y.split(200), strict=True):
        model.train().zero_grad()
        F.cross_entropy(model(x), y).backward()
        norms.append(model[1].linear.weight.grad.norm().item())
    return sum(norms) / len(norms)


def fresh(seed, build):
    torch.manual_seed(seed)
    return build().to(DEVICE)


norms = {
    "start, constant": [at_first_block(untrained(s, kinds["residual"])) for s in SEEDS],
    "start, stochastic": [at_first_block(fresh(s, lambda: short(32))) for s in SEEDS],
    "end, constant": [at_first_block(residual[32].member(s)) for s in SEEDS],
    "end, stochastic": [at_first_block(stochastic[32].member(s)) for s in SEEDS],
}
ratio = {
    when: (
        torch.tensor(norms[f"{when}, stochastic"])
        / torch.tensor(norms[f"{when}, constant"])
    )
    for when in ("start", "end")
}

# %% figure
ax = plots.points(norms)
ax.set(ylabel="gradient norm at block 1", ylim=(0, None))
ax.set_title(
    f"Stochastic over constant: {ratio['start'].mean():.2f} at the start, "
    f"{ratio['end'].mean():.2f} at the end"
)
plots.show(
    ax.figure,
    alt="Gradient norms, constant and stochastic: about equal, twice.",
    after="depth.gradient",
)


# %% results
sentence = "At the start the gradient is about as large as with constant depth."
with results():
    claim("depth.gradient-start", sentence, ratio["start"], "between 0.75 1.25")
    sentence = "After training it is not larger, either."
    claim("depth.gradient-end", sentence, ratio["end"], "< 1.2")
    recall("depth.gradient", 2)

# %% [markdown]
# The larger gradients did not come out here. These blocks differ from the paper's: they
# normalise their *input*, nothing follows the addition, and survivors are scaled up. The
# skip connections had already opened the road; stochastic depth did not widen it. What
# helped above must have been something else.
#
# ## One coin per batch
#
# Now the original form. The coin comes first, and a block that loses is not called.
#
# ### Exercise 6.3 · Stochastic depth (3 points, ~12 min)
#
# **Given** a module `block` whose output has the shape of its input, and `p`.
# **Write** the module `StochasticDepth(block, p)`. In training one coin per call decides
# for the whole batch: with probability `p` the result is `x`, *without calling the
# block*, else `x + block(x) / (1 - p)`. At evaluation it is `x + block(x)`. A `p` outside
# [0, 1] raises `ValueError` at construction; `p = 1` gives `x` in training. Coins come
# from torch's global generator.
#
# **By hand:** `block(x) = 3x`, `p = 0.5`, `x = 2`: training gives 2 or 14, evaluation 8.
#
# <details><summary>Hint 1</summary>
# Three returns: evaluation, skipped, run. Which of them may call the block?
# </details>
# <details><summary>Hint 2</summary>
# <code>torch.rand(())</code> is one coin. <code>self.training</code> knows the mode, and
# an attribute that is a module is found by the optimizer.
# </details>
# <details><summary>Hint 3</summary>
# <code>if self.training and torch.rand(()) &lt; self.p: return x</code>. After it divide
# by <code>1 - self.p</code> in training, and do not divide at evaluation.
# </details>


# %% solution="StochasticDepth"
class StochasticDepth(nn.Module):
    """Add a block to its input, or skip it in training (about 7 lines in all).

    Args:
        block: module whose output has its input's shape.
        p: probability of *skipping*, in [0, 1]; else ValueError.

    forward takes x (N, ...), floating, and returns a tensor like x. Example:
    StochasticDepth(nn.Identity(), 0.5).eval()(torch.ones(2)) gives [2.0, 2.0].
    """

    def __init__(self, block: nn.Module, p: float) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.block, self.p = block, p
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        if not self.training:
            return x + self.block(x)
        if torch.rand(()) < self.p:
            return x
        return x + self.block(x) / (1 - self.p)
        ### END SOLUTION


# %% [markdown]
# The example worked by hand: eight calls in training, 2 or 14 each, and one at
# evaluation.


# %% look
def nine_calls():
    triple = nn.Linear(1, 1, bias=False)
    triple.weight.data.fill_(3.0)
    layer, x = StochasticDepth(triple, 0.5), torch.tensor([2.0])
    training = [layer(x).item() for _ in range(8)]
    return [*training, layer.eval()(x).item()]


look(nine_calls, "eight times 2 or 14, then 8")

# %% test="StochasticDepth" points=3
check.StochasticDepth(StochasticDepth)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("06_stochastic_depth").StochasticDepth(StochasticDepth, seed=20_163)
### END HIDDEN TESTS

# %% [markdown]
# ## How much time is saved?
#
# If a block runs with probability $1 - p_l$, the depth of a step is a sum of coins, and
# its mean is
#
# $$\mathbb{E}[\text{depth}] = \sum_{l=1}^{L} (1 - p_l).$$
#
# ### Exercise 6.4 · Expected depth (1 point, ~4 min)
#
# **Given** a list of drop rates, one per block, of any schedule.
# **Return** the expected number of blocks that run, a float.
#
# **By hand:** `[0.5, 0.1, 0.0]`: 0.5 + 0.9 + 1 = 2.4 blocks.
#
# <details><summary>Hint 1</summary>
# The mean of a sum is the sum of the means, whatever the coins.
# </details>
# <details><summary>Hint 2</summary>
# One coin that is 1 with probability 1 - p has the mean 1 - p.
# </details>
# <details><summary>Hint 3</summary>
# <code>sum(1 - p for p in rates)</code>
# </details>


# %% solution="expected_depth"
def expected_depth(rates: list[float]) -> float:
    """Return the expected number of blocks that run (about 1 line).

    Args:
        rates: probability of *dropping* each block, in [0, 1]; any schedule.

    Returns: the sum of 1 - rate, in blocks. Example: expected_depth([0.5, 0.0]) gives
    1.5.
    """
    ### BEGIN SOLUTION
    return sum(1 - p for p in rates)
    ### END SOLUTION


# %% [markdown]
# The example worked by hand:

# %% look
look(lambda: expected_depth([0.5, 0.1, 0.0]), 2.4)

# %% test="expected_depth" points=1
check.expected_depth(expected_depth)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("06_stochastic_depth").expected_depth(expected_depth, seed=20_164)
### END HIDDEN TESTS

# %% [markdown]
# For linear rates the sum is $L - p_L (L+1)/2$. With $p_L = 0.5$ and many blocks a
# quarter is left out, which is where the paper's "25 % faster" comes from. A promise of
# time wants a clock.
#
# The race: 24 blocks, 256 wide, batches of 128, whole training steps with the optimizer.
# Four ways: constant depth; a mask per example; torchvision's "batch" mode; a real skip.
# They take turns, so that whatever else the machine does hits all four alike; on a CPU
# the clock counts processor time of this program only.

# %% predict
predict(
    "depth.time",
    "Which ways take clearly less time than constant depth?",
    ["all three", "batch mode and the skip", "the skip only", "none"],
)


# %% experiment
WAYS = ["constant", "per example", "batch mode", "skip"]
L, g = 24, torch.Generator().manual_seed(0)
rates = [0.5 * i / L for i in range(1, L + 1)]
torch.manual_seed(0)
wide = tower([Block(256) for _ in range(L)], width=256).to(DEVICE)
adamw = torch.optim.AdamW(wide.parameters(), fused=True)


def scaled(out, p, way):
    """What is added of a block that has been computed."""
    if way == "constant":
        return out
    if way == "skip":
        return out / (1 - p)
    return ops.stochastic_depth(out, p, "row" if way == "per example" else "batch")


def step(way, x, y):
    """One training step; return how many blocks were computed."""
    x, ran = wide[0](x), 0
    coins = torch.rand(L, generator=g).tolist()
    for block, p, coin in zip(wide[1:-1], rates, coins, strict=True):
        if way == "skip" and coin < p:
            continue
        x, ran = x + scaled(block.f(x), p, way), ran + 1
    adamw.zero_grad()
    F.cross_entropy(wide[-1](x), y).backward()
    adamw.step()
    return ran


# %% experiment
wait = getattr(torch, DEVICE.type).synchronize  # a GPU answers before it is done
clock = time.process_time if DEVICE.type == "cpu" else time.perf_counter


def timed(way):
    wait()
    start = clock()
    ran = step(way, train.x[:128], train.y[:128])
    wait()
    return clock() - start, ran


with one_thread():
    warm_up = [timed(way) for way in WAYS * 2]
    turns = torch.tensor(  # (10 rounds, 5 turns, 4 ways, seconds and blocks)
        [[[timed(way) for way in WAYS] for _ in range(5)] for _ in range(10)]
    )
seconds, ran = turns.median(1).values.unbind(-1)  # (10, 4) each: medians of a round
share = seconds / seconds[:, :1]
theory = 1 - sum(rates) / L

# %% [markdown]
# Left, one dot per round of five turns (medians). Right, each single step with a skip: its
# time against the number of blocks that ran. The line is what proportion would give.

# %% figure
fig, (left, right) = plots.figure(2, sharey=True)
plots.points({way: share[:, k] for k, way in enumerate(WAYS)}, ax=left)
left.axhline(theory, color="#1a1a1a", linestyle="--", linewidth=1)
left.text(-0.4, theory, f"E[depth]/L = {theory:.2f}", va="bottom")
left.set_ylabel("time of a step (constant depth = 1)")
left.set_title("Masks save nothing, a real skip does")
each = turns[:, :, 3, 0] / seconds[:, :1]
right.plot(turns[:, :, 3, 1].flatten(), each.flatten(), "o", alpha=0.5)
right.plot([0, L], [0, 1], color="#1a1a1a", linestyle="--", linewidth=1)
right.set(xlabel=f"blocks that ran, of {L}", xlim=(0, L + 1), ylim=(0, None))
right.set_title("A step costs as much as its blocks")
plots.show(
    fig,
    alt="Left: step times over constant depth, masks a little above 1, the skip near "
    "the dashed line at 0.74. Right: time grows in proportion to the blocks that ran.",
    after="depth.time",
)

# %%
saved = 1 - share
print(
    f"theory {1 - theory:.1%}; saved by skipping {saved[:, 3].mean():.1%}, by masks",
    end="",
)
print(f" {saved[:, 1].mean():.1%} (per example), {saved[:, 2].mean():.1%} (batch mode)")


# %% results
sentence = "A mask per example saves no time."
with results():
    claim("depth.mask-example", sentence, saved[:, 1], "< 0.05", unit="of the step")
    sentence = "Batch mode, which computes and then masks, saves no time either."
    claim("depth.mask-batch", sentence, saved[:, 2], "< 0.05", unit="of the step")
    claim(
        "depth.skip",
        "Skipping saves about the 26 % of theory: between 10 and 35 % of a step.",
        saved[:, 3],
        "between 0.1 0.35",
        unit="of the step",
    )
    per_block = saved[:, 3] / (1 - ran[:, 3] / L)
    sentence = (
        "Of the share of blocks skipped in a round, more than 60 % is saved as time."
    )
    claim("depth.skip-blocks", sentence, per_block, "between 0.6 1.2")
    recall("depth.time", 3)

# %% [markdown]
# The dots on the right lie a little above the line: that is what every step pays whatever
# its depth, for first and last layer, loss and bookkeeping. So expect less from blocks
# that are cheap. Most libraries mask all the same. A mask per example shows each batch
# many depths at once, and GPUs that train in step gain nothing if only one of them skips.
#
# ## Take blocks out of a trained network
#
# Veit and colleagues (2016) removed single layers from *finished* networks. Do the same:
# from each trained network of 8 blocks delete one block at a time, all else untouched.
# Then, from 32 blocks, delete more and more at random.

# %% predict
predict(
    "depth.delete",
    "One of 8 blocks deleted from a constant-depth residual network: what is lost?",
    ["nearly everything", "20 to 40 points", "under 8 points on average"],
)


# %% experiment
@torch.no_grad()
@one_thread()
def score(model, factors):
    """Validation accuracy in percent, block l's output times factors[l]."""
    x = model[0](val.x)
    for block, factor in zip(model[1:-1], factors, strict=True):
        if block.residual:
            x = x + factor * block.f(x)
        elif factor:
            x = block.f(x)
    return 100 * accuracy(model[-1](x), val.y)


def without(n, gone):
    return [0.0 if i in gone else 1.0 for i in range(n)]


def members(runs, n):
    return [runs[n].member(k) for k in SEEDS]


# %% experiment
trained = {"feedforward": feedforward, "constant": residual, "stochastic": stochastic}
lost = {
    name: torch.tensor(
        [
            [score(m, without(8, [i])) - score(m, without(8, [])) for i in range(8)]
            for m in members(runs, 8)
        ]
    )
    for name, runs in trained.items()
}  # (seeds, deleted block)
COUNTS = [0, 2, 4, 8, 16, 24]
orders = [torch.randperm(32, generator=torch.Generator().manual_seed(s)) for s in SEEDS]
left_over = {
    name: torch.tensor(
        [
            [score(m, without(32, order[:k].tolist())) for k in COUNTS]
            for m, order in zip(members(trained[name], 32), orders, strict=True)
        ]
    )
    for name in ("constant", "stochastic")
}  # (seeds, counts)

# %% [markdown]
# For each seed the same blocks are deleted from both kinds.

# %% figure
fig, (left, right) = plots.figure(2)
colors = dict(zip(trained, (plots.PALETTE[k] for k in (1, 0, 2)), strict=True))
for name, values in lost.items():
    plots.band(range(1, 9), values, label=name, color=colors[name], ax=left)
for name, values in left_over.items():
    plots.band(COUNTS, values, label=name, color=colors[name], ax=right)
left.set(xlabel="deleted block, of 8", ylabel="change in accuracy (points)")
left.set_title("One block gone: fatal only without skips")
right.set(xlabel="deleted blocks, of 32", ylabel="validation accuracy (%)")
right.set_title("Trained with missing blocks, missed less")
plots.show(
    fig,
    alt="Left: deleting any block costs a feedforward network about 60 points, a "
    "residual one a few, one trained with stochastic depth almost none. Right: with "
    "more deleted blocks stochastic depth loses accuracy more slowly.",
    after="depth.delete",
)

# %% results
one = {name: values.mean(1) for name, values in lost.items()}
sentence = "Deleting one of 8 blocks ruins a feedforward network."
with results():
    claim("depth.delete-feedforward", sentence, one["feedforward"], "< -40", **points)
    sentence = (
        "A residual network loses less than 8 points, on average over its blocks."
    )
    claim("depth.delete-residual", sentence, one["constant"], "between -8 0", **points)
    recall("depth.delete", 3)
    sentence = "In it the first block is missed more than the last."
    first_last = lost["constant"][:, 0] - lost["constant"][:, 7]
    claim("depth.delete-first", sentence, first_last, "< 0", **points)
    sentence = "Training with stochastic depth makes a missing block cost less."
    claim(
        "depth.delete-less",
        sentence,
        one["stochastic"] - one["constant"],
        "> 1",
        **points,
    )
    half = (left_over["stochastic"] - left_over["constant"])[:, COUNTS.index(16)]
    sentence = "With 16 of 32 blocks deleted stochastic depth is far ahead."
    claim("depth.delete-half", sentence, half, "> 8", **points)

# %% [markdown]
# A feedforward network is a chain. A residual one behaves like a crowd of short paths: with
# $L$ blocks there are $2^L$ ways through, and a deleted block closes half of them. The
# first block is missed more than the last, which is what the linear schedule respects.
#
# ## Scaled twice?
#
# The paper does not divide in training; it multiplies block $l$ by $1-p_l$ at test time.
# Do either. Whoever does *both* adds only $1-p_l$ of what the next layers are used to:
# at the last block, half. That is a mistake. What does it cost?

# %% experiment
factors = [1 - 0.5 * i / 32 for i in range(1, 33)]
twice = torch.tensor(
    [score(m, factors) - score(m, [1.0] * 32) for m in members(stochastic, 32)]
)
print("change per seed:", [f"{v:+.1f}" for v in twice.tolist()])


# %% results
sentence = "Scaling a second time changes accuracy by less than 2.5 points."
with results():
    claim("depth.scaled-twice", sentence, twice, "within 2.5", **points)

# %% [markdown]
# Next to nothing, so you would not notice. A network that has learned to live with whole
# blocks missing does not mind halves. Do not count on such luck elsewhere: here each block
# normalises its input, and so does not care about its size.
#
# ## Where it only hurts
#
# Two blocks, 16 wide, on a task that is hard for them: 3,000 examples of MNIST-1D, all
# labels true. There is little to forget and no depth to spare.

# %% predict
predict(
    "depth.shallow",
    "Stochastic depth 0.5 in a network of 2 narrow blocks, true labels:",
    ["helps at the end", "makes no difference", "hurts all along"],
)


# %% experiment
hard = data.mnist1d(3000, 1000, device=DEVICE)


@one_thread()
def small(final):
    return train_population(
        lambda: short(2, final, inputs=40, width=16),
        hard.train,
        val=hard.val,
        seeds=range(12),
        steps=1200,
        batch_size=50,
        lr=4e-3,
        record_every=100,
        record_size=1000,
    )


shallow = {final: small(final) for final in (0.0, 0.5)}

# %% [markdown]
# Twelve seeds, because small networks scatter.

# %% figure
curves = {final: 100 * result.val_accuracy.T for final, result in shallow.items()}
steps = shallow[0.0].steps
ax = plots.band(steps, curves[0.0], label="constant depth", color=plots.PALETTE[0])
plots.band(steps, curves[0.5], label="stochastic depth", color=plots.PALETTE[2], ax=ax)
cost = curves[0.5] - curves[0.0]  # (seeds, records)
ax.set(xlabel="training step", ylabel="validation accuracy (%)")
ax.set_title(f"Two narrow blocks: {cost[:, -1].mean():+.1f} points at the end")
plots.show(
    ax.figure,
    alt="Stochastic depth stays below constant depth at every step.",
    after="depth.shallow",
)


# %% results
sentence = "At the end stochastic depth has cost a shallow network accuracy."
with results():
    claim("depth.shallow", sentence, cost[:, -1], "< -1", **points)
    sentence = "At no look was it ahead on average: here is its best one."
    claim(
        "depth.shallow-never", sentence, cost[:, cost.mean(0).argmax()], "< 0", **points
    )
    recall("depth.shallow", 3)
    underfit = 100 * shallow[0.0].train_accuracy[-1]
    sentence = "Even at constant depth it fits less than 70 % of its training labels."
    claim("depth.underfits", sentence, underfit, "< 70", unit="% accuracy")

# %% [markdown]
# It cannot fit its true labels with all blocks there; without some of them it can only do
# worse. Training longer does not close the gap within these steps.
#
# ## Test yourself
#
# Seven questions, each answer with its reason, and then flashcards.

# %%
quiz("06_stochastic_depth")
flashcards("06_stochastic_depth")

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. Stochastic depth is inverted dropout of whole residual blocks, with rates that rise
#    towards the end; without skip connections there is nothing to fall back on.
# 2. A coin per batch that *skips* saves about $1 - \mathbb{E}[\text{depth}]/L$ of the
#    time; masks save none.
# 3. It helped where labels were false and made networks robust to missing blocks; it
#    hurt a network that was short of capacity.
#
# **Pitfalls**
#
# - "Linear decay, rate 0.2" means three different schedules. Look at the first and the
#   last rate.
# - Calling the block and multiplying by 0 is correct, and saves nothing.
# - Scale by $1/(1-p)$ in training or by $1-p$ at evaluation, never both.
# - Drop the *residual*, before the addition. Dropping the sum drops the skip, too.
# - With several GPUs in step, a skip on one saves nothing unless all skip the same block.
# - A block that is skipped gets no gradient in that step (`None`, with `zero_grad`'s
#   default), so AdamW leaves it alone; a masked one gets zeros, and momentum and decay
#   move it.
#
# **References**
#
# - Huang, Sun, Liu, Sedra, Weinberger (2016). *Deep networks with stochastic depth.*
#   [arXiv:1603.09382](https://arxiv.org/abs/1603.09382)
# - He, Zhang, Ren, Sun (2016). *Deep residual learning for image recognition.*
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)
# - Veit, Wilber, Belongie (2016). *Residual networks behave like ensembles of relatively
#   shallow networks.* [arXiv:1605.06431](https://arxiv.org/abs/1605.06431)
# - Larsson, Maire, Shakhnarovich (2017). *FractalNet: ultra-deep neural networks without
#   residuals.* The name "drop path". [arXiv:1605.07648](https://arxiv.org/abs/1605.07648)
# - Liu and others (2022). *A ConvNet for the 2020s.* ConvNeXt, trained with it.
#   [arXiv:2201.03545](https://arxiv.org/abs/2201.03545)
# - Wightman (2019). *PyTorch image models* (timm).
#   [GitHub](https://github.com/huggingface/pytorch-image-models)
# - torchvision, `ops.stochastic_depth`.
#   [Documentation](https://docs.pytorch.org/vision/main/generated/torchvision.ops.stochastic_depth.html)
#
# **Next:** [07 · Mixup and CutMix](../07_mixup_cutmix/07_mixup_cutmix.ipynb).
# So far we took something away from the network; next we
# mix the examples.
