# %% [markdown]
# # 02 · Why would anyone switch off half a network while it learns?
#
# Dropout is three lines of code. It is also a magnet for half-true advice: where to put
# it, how to scale it, what turns it off, what it averages. Here you write it in six
# forms and measure the advice.
#
# When you are done you can
#
# - write dropout for units, channels and weights, and say where the factor $1/(1-p)$
#   comes from,
# - predict what `train()`, `eval()` and `no_grad()` do to it, and what a slip costs,
# - say when dropout helps, when it hurts, and in which sense it averages networks.
#
# **You need:** notebooks 00 and 01; you know that a network can learn noise by heart.
# **Time:** about 110 minutes; the computing takes under a minute on a slow CPU.

# %% setup
import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import dropout_from_scratch as demos_dropout
from helpers.device import device
from helpers.evidence.claims import claim, results
from helpers.evidence.intervals import mean_interval
from helpers.evidence.metrics import accuracy
from helpers.population import grid, mlp, train_population
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quick_checks import quick_check
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import fit

plots.use_course_style()
check = load("02_dropout_from_scratch")

# %%
SEEDS = range(8)
DEVICE = device()
splits = data.mnist1d(1000, 1000, device=DEVICE)  # x (n, 40), ten classes
train, val = splits.train, splits.val
noisy, flipped = data.corrupt_labels(train.y, 10, 0.2, torch.Generator().manual_seed(0))
print(f"{len(noisy)} training examples, {int(flipped.sum())} with a false label")

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("02_dropout_from_scratch")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## A network that believes everything it is told
#
# The data are MNIST-1D: signals of 40 numbers, ten classes. One training label in five
# is false, exactly; the validation labels are all true. First the naive way, a plain
# network with two hidden layers, trained until nothing is left to learn.

# %% experiment
torch.manual_seed(0)
adamw = partial(torch.optim.AdamW, lr=4e-3, weight_decay=0.0)
history = fit(
    mlp((40, 64, 64, 10)),
    (train.x, noisy),
    epochs=60,
    val=val,
    optimizer=adamw,
    batch_size=50,
)
ax = plots.curves(history, metric="accuracy")
best, last = max(history.val_accuracy), history.val_accuracy[-1]
ax.set_title(
    f"Training {history.train_accuracy[-1]:.0%}; validation {last:.0%}, once {best:.0%}"
)
plots.show(ax.figure, alt="Training accuracy rises to the top; validation stays low.")

# %% [markdown]
# Training looks like a triumph: the network knows its labels by heart, false ones
# included. Validation tells another story.
#
# ## The idea: never the same network twice
#
# Hinton and colleagues (2012) suspected *co-adaptation*: a unit that only works because
# three particular others are there to correct it. So they made company unreliable. For
# each training example every hidden unit $h_j$ tosses its own coin and may be missing:
#
# $$\tilde{\mathbf{h}} = \mathbf{m} \odot \mathbf{h}, \qquad
# m_j = \begin{cases} 0 & \text{with probability } p, \\
# 1 & \text{with probability } 1 - p. \end{cases}$$
#
# `p` is the probability of **dropping**, here and in PyTorch. Each vector of coins
# $\mathbf{m}$ leaves a *thinned network*. Press **Play**: every mask is another network.
# On the right are the activations of the first hidden layer, gray before dropout and blue
# after it, and three means: before dropout, with the present mask, and over all masks so
# far. Which of the three jumps about, and where does the third one settle? Then choose the
# other form and play again, and compare training with evaluation in each form.

# %% demo
demos_dropout.scene().show()

# %% [markdown]
# A single mask misses the mean by a lot, and the average over many masks comes back to it,
# if the units that stay are made larger: times $1/(1-p)$. This is the *inverted* form, which
# every library uses today. The *standard* form of 2012 only masks in training. At evaluation
# all units are there, more than the next layer has ever met, so every unit is made
# smaller: times $1-p$, the share of the time it was there.
#
# ### Exercise 2.1 · Standard dropout (2 points, ~10 min)
#
# **Given** a float tensor `x` of any shape, `p`, the flag `training`, and a `generator`
# (or None: torch's global one).
# **Return** in training `x` with each number set to 0 with probability `p`, each by its
# own coin, and the others untouched; at evaluation `x` times $1-p$. A `p` outside
# [0, 1] raises `ValueError`, whatever the mode. Do not change `x`.
#
# **By hand:** `x = [2, -4, 6, 8]`, `p = 0.25`. If only the second coin says *drop*,
# training gives `[2, 0, 6, 8]`. Evaluation gives `[1.5, -3, 4.5, 6]`.
#
# **From scratch:** without torch's own dropout.
#
# <details><summary>Hint 1</summary>
# Three cases in this order: a bad p, evaluation, training.
# </details>
# <details><summary>Hint 2</summary>
# Coins: uniform numbers in [0, 1) from <code>torch.rand(x.shape,
# generator=generator)</code>. What is the probability that one of them is below p?
# </details>
# <details><summary>Hint 3</summary>
# <code>keep = torch.rand(x.shape, generator=generator) &gt;= p</code>, then
# <code>x * keep</code>. On a GPU, also say <code>device=x.device</code>.
# </details>


# %% solution="standard_dropout"
def standard_dropout(
    x: torch.Tensor,
    p: float,
    training: bool,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Return x with dropout in the form of 2012 (about 5 lines).

    Args:
        x: floating, any shape.
        p: probability of *dropping*, in [0, 1]; else ValueError.
        training: mask if True, scale by 1-p if False.
        generator: source of the coins; torch's global generator if None.

    Returns: a tensor like x. Example: standard_dropout(torch.tensor([2.0, -4.0]),
    0.25, training=False) gives [1.5, -3.0].
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x * (1 - p)
    coins = torch.rand(x.shape, generator=generator, device=x.device)
    return x * (coins >= p)
    ### END SOLUTION


# %% [markdown]
# Look before you check: the example worked by hand, at evaluation.

# %% look
x = torch.tensor([2.0, -4.0, 6.0, 8.0])
look(
    lambda: standard_dropout(x, 0.25, training=False),
    torch.tensor([1.5, -3.0, 4.5, 6.0]),
)

# %% test="standard_dropout" points=2
check.standard_dropout(standard_dropout)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("02_dropout_from_scratch").standard_dropout(standard_dropout, seed=20_121)
### END HIDDEN TESTS

# %% [markdown]
# ## Who pays: training or evaluation?
#
# The form of 2012 sends the bill to evaluation, and every program that runs the trained
# network has to know `p`. What if somebody forgets? "Activations double," one reads.
# Let us ask the numbers.

# %% experiment
h = torch.rand(2000, 500, generator=torch.Generator().manual_seed(1))  # activations
too_large = {}
for p in (0.3, 0.5, 0.75):
    coins = torch.rand(h.shape, generator=torch.Generator().manual_seed(2))
    masked = h * (coins >= p)
    too_large[p] = (h.mean() / masked.mean()).item()
    print(f"p={p}: evaluation is {too_large[p]:.2f} times training")


# %% results
sentence = "Forgetting to scale at p=0.3 makes activations 1.43 times too large."
with results():
    claim("dropout.forgotten-scale", sentence, too_large[0.3], "between 1.42 1.44")

# %% [markdown]
# The factor is $1/(1-p)$; it is 2 only at $p = 0.5$.
#
# *Inverted* dropout pays at once: it multiplies by that factor in training,
#
# $$\tilde{\mathbf{h}} = \frac{\mathbf{m} \odot \mathbf{h}}{1-p}, \qquad
# \mathbb{E}[\tilde{\mathbf{h}}] = \mathbf{h},$$
#
# and evaluation is the identity. PyTorch does this. So `model.eval()` does *not* scale
# anything, whatever you read.
#
# ### Exercise 2.2 · Inverted dropout (2 points, ~8 min)
#
# **Given** the same arguments as in 2.1.
# **Return** in training `x` masked and divided by $1-p$; at evaluation `x` as it is.
# `p = 1` gives zeros, never NaN; `p = 0` changes nothing; a `p` outside [0, 1] raises
# `ValueError` in both modes.
#
# **By hand:** `x = [2, -4, 6, 8]`, `p = 0.25`, second coin *drop*: training gives
# `[2.667, 0, 8, 10.667]`; evaluation gives `x`.
#
# **From scratch:** without torch's own dropout.
#
# <details><summary>Hint 1</summary>
# Start from your 2.1. Three places change.
# </details>
# <details><summary>Hint 2</summary>
# What is 0 / 0 in floating point? Look at p = 1 before you divide.
# </details>
# <details><summary>Hint 3</summary>
# After the check of p and the case of evaluation:
# <code>if p == 1: return torch.zeros_like(x)</code>, and at the end
# <code>return x * keep / (1 - p)</code>.
# </details>


# %% solution="inverted_dropout"
def inverted_dropout(
    x: torch.Tensor,
    p: float,
    training: bool,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Return x with inverted dropout, as PyTorch does it (about 7 lines).

    Args:
        x: floating, any shape.
        p: probability of *dropping*, in [0, 1]; else ValueError.
        training: mask and divide by 1-p if True, the identity if False.
        generator: source of the coins; torch's global generator if None.

    Returns: a tensor like x. Example: with p=0.5 each number of
    inverted_dropout(torch.ones(3), 0.5, training=True) is 0.0 or 2.0.
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    coins = torch.rand(x.shape, generator=generator, device=x.device)
    return x * (coins >= p) / (1 - p)
    ### END SOLUTION


# %% [markdown]
# Your mask beside PyTorch's, on a tensor of ones. The coins differ, of course. Rate,
# values and the lack of any pattern should not: look for stripes.

# %% look
ones = torch.ones(16, 24)
look(
    lambda: inverted_dropout(ones, 0.5, training=True),
    F.dropout(ones, 0.5),
    draw=demos_dropout.masks_beside,
)

# %% test="inverted_dropout" points=2
check.inverted_dropout(inverted_dropout)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("02_dropout_from_scratch").inverted_dropout(inverted_dropout, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# **Quick check.** One question on what you have just read; your answer is kept.

# %%
quick_check("unscaled-dropout")

# %% [markdown]
# ## Does it help, and how much of it?
#
# Four rates, eight seeds each, trained together as one population: 32 networks that
# differ in nothing but rate and seed, on the data with the false labels. Predict first.

# %% predict
predict(
    "dropout.rate",
    "Which rate has the best validation accuracy after 1,200 steps?",
    ["none", "0.25 or 0.5: about the same", "0.75"],
)
predict(
    "dropout.early",
    "And after the first 200 steps, which is ahead?",
    ["no dropout", "dropout 0.5", "no difference"],
)

# %% experiment
rates = [0.0, 0.25, 0.5, 0.75]
sweep = train_population(
    lambda: mlp((40, 64, 64, 10)),
    (train.x, noisy),
    val=val,
    **grid(dropout=rates, seeds=SEEDS),
    steps=1200,
    batch_size=50,
    lr=4e-3,
    record_every=40,
)
members = {p: sweep.where(dropout=p) for p in rates}  # rate -> indices of 8 networks
percent = {p: 100 * sweep.val_accuracy[:, k].T for p, k in members.items()}

# %% [markdown]
# In `mlp` a dropout layer follows each hidden layer. `percent[p]` now holds a row of
# validation accuracies over training for each seed.

# %% figure
fig, (left, right) = plots.figure(2, sharey=True)
for p, color in zip(rates, plots.PALETTE, strict=False):
    plots.band(sweep.steps, percent[p], label=f"p = {p}", color=color, ax=left)
plots.points({f"p = {p}": percent[p][:, -1] for p in rates}, ax=right)
left.set(xlabel="training step", ylabel="validation accuracy (%)")
means = {p: percent[p][:, -1].mean().item() for p in rates}
chosen = max(means, key=means.get)
left.set_title("Moderate dropout starts behind and ends ahead")
right.set_title(f"p = {chosen}: {means[chosen] - means[0.0]:+.1f} points against none")
plots.show(
    fig,
    alt=f"Accuracy over steps for four rates; best at the end is {chosen}.",
    after=["dropout.rate", "dropout.early"],
)

# %% [markdown]
# Left, means over seeds with 95 % bands; right, one dot per seed at the last step. A
# moderate rate wins, too much is worse than none, and the order at the start is not the
# order at the end. The winner was *chosen* on validation data, which flatters it. So the
# sealed test part is opened, once, to compare the chosen rate with none.

# %% results
points = {"unit": "accuracy points"}
end = {p: values[:, -1] for p, values in percent.items()}
helps, hurts = end[0.25] - end[0.0], end[0.75] - end[0.0]
early = (percent[0.5] - percent[0.0])[:, sweep.steps == 200].flatten()
with results():
    claim("dropout.helps", "With noisy labels 0.25 beats none.", helps, "> 3", **points)
    claim(
        "dropout.too-much", "Dropout 0.75 is worse than none.", hurts, "< 0", **points
    )
    recall("dropout.rate", 2)
    claim(
        "dropout.early",
        "After 200 steps dropout 0.5 trails none.",
        early,
        "< -1.5",
        **points,
    )
    recall("dropout.early", 1)
    test = splits.test.open("compare the chosen dropout rate with none")
    score = (sweep.logits(test.x).argmax(-1) == test.y).float().mean(1).cpu() * 100
    gain = score[members[chosen]] - score[members[0.0]]
    claim("dropout.test", "The chosen rate gains on test data.", gain, "> 3", **points)

# %% [markdown]
# This is one task, with one label in five false. For a small network with true labels
# the story turns round, as the end of this notebook shows.
#
# ## The price: more steps
#
# Each unit gets its gradient only when it is there, and a noisy one. How many steps does
# it take to bring the training loss, measured with dropout off, down to 1.6 nats?


# %% experiment
def steps_to(level, p):
    below = sweep.train_loss[:, members[p]] < level  # (records, seeds)
    return sweep.steps[below.float().argmax(0)].float()


ratio = {p: steps_to(1.6, p) / steps_to(1.6, 0.0) for p in (0.25, 0.5)}
fig, ax = plots.figure()
for p, color in zip(rates[:3], plots.PALETTE, strict=False):
    curve = sweep.train_loss[:, members[p]].T
    plots.band(sweep.steps, curve, label=f"p = {p}", color=color, ax=ax)
ax.axhline(1.6, color="#1a1a1a", linewidth=0.8)
ax.set(xlabel="training step", ylabel="training loss (nats)")
ax.set_title(f"p = 0.5 takes {ratio[0.5].mean():.1f} times the steps down to 1.6")
plots.show(fig, alt="Training loss over steps: the higher the rate, the slower.")


# %% results
sentence = "Down to 1.6 nats dropout 0.5 needs over 2.5 times the steps of none."
with results():
    claim("dropout.slower-half", sentence, ratio[0.5], "> 2.5")
    sentence = "Dropout 0.25 needs more steps than none, up to twice as many."
    claim("dropout.slower-quarter", sentence, ratio[0.25], "between 1 2")

# %% [markdown]
# At $p = 0.5$ that is more than the $1/(1-p) = 2$ one might guess. Move the line in the
# figure and the factor changes, so measure yours; but do not judge dropout by a schedule
# that was tuned without it.
#
# ## A layer that knows its mode
#
# A function needs `training` as an argument. A module has it already: `model.train()`
# and `model.eval()` set `self.training` in the model and in everything inside it.
#
# ### Exercise 2.3 · Dropout as a module (2 points, ~8 min)
#
# **Given** `p`. **Write** a class `Dropout(nn.Module)`: inverted dropout that obeys
# `self.training`, draws a new mask in each forward pass (from torch's global generator),
# and raises `ValueError` for a bad `p` when it is *built*.
#
# **By hand:** `Dropout(0.5)` on `[1, 1, 1, 1]` gives zeros and twos in train mode,
# others in each call, and `[1, 1, 1, 1]` after `.eval()`.
#
# `F.dropout` is welcome here. Look up its third argument, though.
#
# <details><summary>Hint 1</summary>
# <code>__init__</code> checks p and keeps it. Nothing random happens there: the layer
# does not even know the shape of x yet.
# </details>
# <details><summary>Hint 2</summary>
# <code>F.dropout(x, p)</code> always drops: its flag <code>training</code> is True
# unless you pass something.
# </details>
# <details><summary>Hint 3</summary>
# <code>return F.dropout(x, self.p, self.training)</code>
# </details>


# %% solution="Dropout"
class Dropout(nn.Module):
    """Inverted dropout that follows train() and eval() (about 5 lines in all).

    Args:
        p: probability of *dropping*, in [0, 1]; else ValueError.

    forward takes x of any shape, floating, and returns a tensor like it. Example:
    Dropout(0.5).eval()(torch.ones(2)) gives [1.0, 1.0].
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.p = p
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        return F.dropout(x, self.p, self.training)
        ### END SOLUTION


# %% [markdown]
# Your layer inside a model: two passes in train mode, then one in eval mode. Two rows
# of zeros and twos that differ, then a row of ones.


# %% look
def three_passes():
    model = nn.Sequential(Dropout(0.5))
    x = torch.ones(8)
    return [model.train()(x), model(x), model.eval()(x)]


look(three_passes)

# %% test="Dropout" points=2
check.Dropout(Dropout)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("02_dropout_from_scratch").Dropout(Dropout, seed=31_337)
### END HIDDEN TESTS

# %% [markdown]
# ## The trap: `no_grad` is not `eval`
#
# Both words appear in every evaluation loop, so they are easily taken for each other.
# Take the networks with dropout 0.5 from the sweep, leave them in train mode, and ask
# each the same question twice under `torch.no_grad()`. Predict what it costs; the second
# question belongs to the experiment after this one.

# %% predict
predict(
    "dropout.no-grad",
    "What does a forgotten eval() cost these networks, under no_grad()?",
    ["nothing: no_grad switches dropout off", "under 1 point", "4 points or more"],
)
predict(
    "dropout.order",
    "Dropout before or after the activation: for which does it make a difference?",
    ["ReLU, GELU and sigmoid", "GELU and sigmoid", "sigmoid only", "none"],
)


# %% experiment
@torch.no_grad()
def logits(member, training):
    return sweep.member(member).train(training)(val.x)


torch.manual_seed(0)  # the masks do not depend on what you ran before
lost, differ = [], []
for k in members[0.5].tolist():
    first, second, quiet = logits(k, True), logits(k, True), logits(k, False)
    differ.append((first != second).any(1).float().mean().item())
    lost.append(100 * (accuracy(first, val.y) - accuracy(quiet, val.y)))


# %% results
with results():
    claim("dropout.no-grad", "Under no_grad dropout goes on.", differ, "> 0.99")
    claim("dropout.no-eval", "Without eval() accuracy drops.", lost, "< -4", **points)
    recall("dropout.no-grad", 3)

# %% [markdown]
# `no_grad` tells autograd to keep no record. What a layer *computes* is the business of
# its mode. Nothing warns you: the program runs, several points below what it could do.
#
# ## Before or after the activation?
#
# "Always put dropout after the ReLU" is a rule with many authors. Let one mask, scaled,
# act before or after three activations.

# %% experiment
g = torch.Generator().manual_seed(3)
x = torch.randn(1000, 200, generator=g)
mask = (torch.rand(x.shape, generator=g) >= 0.3) / 0.7  # 0 or 1/(1-p)
gap = {
    f.__name__: (f(x) * mask - f(x * mask)).abs().max().item()
    for f in (F.relu, F.gelu, torch.sigmoid)
}
print(gap)


# %% results
same, other = "Before or after {} is the same.", "Before or after {} is not the same."
with results():
    claim("dropout.relu", same.format("ReLU"), gap["relu"], "within 0")
    claim("dropout.gelu", other.format("GELU"), gap["gelu"], "> 0.05")
    claim("dropout.sigmoid", other.format("a sigmoid"), gap["sigmoid"], "> 0.1")
    recall("dropout.order", 2)

# %% [markdown]
# Each entry of the mask is 0 or positive, and $\max(0, s\,a) = s \max(0, a)$ for every
# $s \ge 0$. So for ReLU the rule forbids something that does not exist. For the others
# the order matters: a sigmoid turns a dropped 0 into ½, and GELU bends, so that scaling
# before is not scaling after.
#
# ## Pixels are not units
#
# In a convolutional layer neighbours carry similar numbers. Drop each pixel of a map with
# probability ½: how much of what is gone can the surviving neighbours tell? Fill each
# hole with their mean, and look.


# %% experiment
def maps_of(seed):
    """Eight random 3x3 filters: maps (200, 8, 26, 26) of mean 0 and variance 1."""
    filters = torch.randn(8, 1, 3, 3, generator=torch.Generator().manual_seed(seed))
    return F.layer_norm(F.conv2d(images, filters).relu(), (26, 26))


def halved(maps, seed=0):
    """Drop half the pixels; return the mask, and the mean of the survivors around."""
    g = torch.Generator().manual_seed(seed)
    mask = (torch.rand(maps.shape, generator=g) >= 0.5).float()
    total, alive = (F.avg_pool2d(m, 3, 1, 1) for m in (maps * mask, mask))
    return mask, total / alive.clamp(min=1e-9)


images = data.fashion_mnist(200, 10).train.x  # (200, 1, 28, 28)
one = maps_of(0)[:1, :1]
mask, around = halved(one)
tiles = torch.cat([one, one * mask, torch.where(mask == 0, around, one), 0 * one])
ax = plots.images(
    tiles, ["a map", "half its pixels", "holes filled", "channel dropout"]
)
ax.set_title("The surviving neighbours tell much of what was dropped")
plots.show(ax.figure, alt="A map, with holes, refilled nearly as it was, and empty.")

# %% [markdown]
# To put a number on "much": the squared correlation between what was dropped and the
# mean of what still stands around it, over 200 images and eight filters, a new set per
# seed. As a control, the same maps with their pixels shuffled: same numbers, no
# neighbourhood.


# %% experiment
def explained(maps):
    mask, around = halved(maps)
    return torch.corrcoef(torch.stack([maps[mask == 0], around[mask == 0]]))[0, 1] ** 2


places = torch.randperm(26 * 26, generator=torch.Generator().manual_seed(0))
near = [explained(maps_of(s)) for s in SEEDS]
far = [explained(maps_of(s).flatten(2)[..., places].view(-1, 8, 26, 26)) for s in SEEDS]


# %% results
sentence = "Neighbours explain over a third of a dropped pixel's variance."
with results():
    claim("dropout.neighbours", sentence, near, "> 0.33")
    claim("dropout.shuffled", "In shuffled maps next to nothing.", far, "< 0.05")

# %% [markdown]
# A good part of what pixel dropout hides is still written all around it. To hide what a
# channel says, drop the *whole map* (Tompson and others, 2015). Other channels may still
# know something: that kind of redundancy is what dropout is meant to build. Whether it
# pays in accuracy is another question, which this measurement does not answer.
#
# ### Exercise 2.4 · Channel dropout (2 points, ~8 min)
#
# **Given** `x` of shape (N, C, H, W), and the rest as in 2.2.
# **Return** in training each of the N·C maps all zero with probability `p`, else divided
# by $1-p$; one coin per map, drawn for each example anew. Evaluation, `p = 1` and a bad
# `p` as in 2.2.
#
# **By hand:** two examples with two maps of ones, `p = 0.5`, coins *drop keep / keep
# keep*: the first map of the first example is all zeros, the other three are all twos.
#
# **From scratch:** without torch's own dropout.
#
# <details><summary>Hint 1</summary>
# How many coins are there? Not as many as there are numbers in x.
# </details>
# <details><summary>Hint 2</summary>
# A mask of shape (N, C, 1, 1) times a tensor of shape (N, C, H, W): broadcasting
# spreads each coin over its map.
# </details>
# <details><summary>Hint 3</summary>
# <code>coins = torch.rand(*x.shape[:2], 1, 1, generator=generator)</code>; the rest is
# your 2.2.
# </details>


# %% solution="channel_dropout"
def channel_dropout(
    x: torch.Tensor,
    p: float,
    training: bool,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Return x with whole maps dropped, inverted scaling (about 7 lines).

    Args:
        x: floating, (N, C, H, W).
        p: probability of *dropping* a map, in [0, 1]; else ValueError.
        training: drop maps and divide by 1-p if True, the identity if False.
        generator: source of the coins; torch's global generator if None.

    Returns: a tensor like x. Example: with p=0.5 each map of
    channel_dropout(torch.ones(2, 3, 4, 4), 0.5, training=True) is all 0.0 or all 2.0.
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    coins = torch.rand(*x.shape[:2], 1, 1, generator=generator, device=x.device)
    return x * (coins >= p) / (1 - p)  # (N, C, 1, 1) spreads over (N, C, H, W)
    ### END SOLUTION


# %% [markdown]
# Rows are examples, columns are channels: the mean of each map, yours and PyTorch's.
# Zeros and twos, and no column that is the same all the way down.

# %% look
ones = torch.ones(8, 12, 5, 5)
look(
    lambda: channel_dropout(ones, 0.5, training=True).mean((2, 3)),
    F.dropout2d(ones, 0.5).mean((2, 3)),
    draw=demos_dropout.masks_beside,
)

# %% test="channel_dropout" points=2
check.channel_dropout(channel_dropout)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("02_dropout_from_scratch").channel_dropout(channel_dropout, seed=20_151)
### END HIDDEN TESTS

# %% [markdown]
# ## Dropping weights instead of units
#
# DropConnect (Wan and others, 2013) tosses a coin for every *weight*. A unit is never
# missing; it hears a random part of its inputs:
#
# $$\mathbf{y} = \frac{\mathbf{M} \odot \mathbf{W}}{1-p}\, \mathbf{x} + \mathbf{b}.$$
#
# Two deviations from the paper: there every example draws its own mask, and the biases
# are masked, too. Here one mask $\mathbf{M}$ serves the batch and the bias stays whole.
#
# ### Exercise 2.5 · DropConnect (3 points, ~12 min)
#
# **Given** `linear`, an `nn.Linear` with or without bias, and `p`. **Write** a class
# `DropConnect(nn.Module)` that wraps it. In train mode: one fresh mask of the weight's
# shape per forward pass, survivors divided by $1-p$, the bias added whole. In eval
# mode: `linear(x)`. The parameters stay the very ones they were, unchanged, and go on
# learning; `p = 1` leaves the bias; a bad `p` raises `ValueError` when it is built.
# Inputs are (…, in_features).
#
# **By hand:** weight `[[1, 2], [3, 4]]`, bias `[10, 20]`, `p = 0.5`, mask
# `[[1, 0], [1, 1]]`: `x = [1, 1]` gives `[2 + 10, 6 + 8 + 20] = [12, 34]`.
#
# torch's functions are welcome.
#
# <details><summary>Hint 1</summary>
# Keep the linear layer itself as an attribute. Never write into its weight: make a new
# tensor from it, so that the gradient finds its way back.
# </details>
# <details><summary>Hint 2</summary>
# <code>F.linear(x, weight, bias)</code> takes any weight you hand it.
# </details>
# <details><summary>Hint 3</summary>
# A weight matrix is a tensor like any other:
# <code>F.dropout(self.linear.weight, self.p, self.training)</code> masks and scales it.
# </details>


# %% solution="DropConnect"
class DropConnect(nn.Module):
    """A linear layer whose weights are dropped in training (about 6 lines in all).

    Args:
        linear: the layer to wrap; its parameters stay what they are.
        p: probability of *dropping* a weight, in [0, 1]; else ValueError.

    forward takes x (..., in_features) and returns (..., out_features). Example: with
    p=0 or in eval mode DropConnect(linear, p)(x) equals linear(x).
    """

    def __init__(self, linear: nn.Linear, p: float) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.linear, self.p = linear, p
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        weight = F.dropout(self.linear.weight, self.p, self.training)
        return F.linear(x, weight, self.linear.bias)
        ### END SOLUTION


# %% [markdown]
# The example worked by hand, in train mode and then in eval mode. Train mode gives
# 10, 12, 14 or 16 and 20, 26, 28 or 34; eval mode the target.


# %% look
def by_hand(training):
    linear = nn.Linear(2, 2)
    linear.weight.data = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    linear.bias.data = torch.tensor([10.0, 20.0])
    return DropConnect(linear, 0.5).train(training)(torch.ones(2))


look(lambda: by_hand(training=True))
look(lambda: by_hand(training=False), torch.tensor([13.0, 27.0]))

# %% test="DropConnect" points=3
check.DropConnect(DropConnect)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("02_dropout_from_scratch").DropConnect(DropConnect, seed=20_131)
### END HIDDEN TESTS

# %% [markdown]
# ## When zero is not "off"
#
# SELU (Klambauer and others, 2017) is built so that activations keep mean 0 and variance
# 1 from layer to layer. A dropped unit that says 0 disturbs that: SELU's silence is not
# 0 but its lower end, about −1.76. *Alpha dropout* sets dropped units there, then
# shifts and scales so that both moments survive. Ten layers, eight seeds, `p = 0.2`:


# %% experiment
def moments(drop, seed, layers=10, width=128):
    g = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # for the masks
    x, rows = torch.randn(500, width, generator=g), []
    for _ in range(layers):
        weight = torch.randn(width, width, generator=g) / math.sqrt(width)
        x = drop(F.selu(x @ weight), 0.2, training=True)
        rows.append([x.mean().item(), x.var().item()])
    return torch.tensor(rows).T  # (2, layers)


kinds = {"alpha dropout": F.alpha_dropout, "dropout": F.dropout}
runs = {
    name: torch.stack([moments(drop, seed) for seed in SEEDS])
    for name, drop in kinds.items()
}

# %% figure
fig, axes = plots.figure(2)
for (name, values), style in zip(runs.items(), (plots.TRAIN, plots.VAL), strict=True):
    for k, ax in enumerate(axes):
        plots.band(range(1, 11), values[:, k], label=name, color=style, ax=ax)
alpha, plain = (values[..., -1].T for values in runs.values())  # (2, seeds)
for ax, k, what in zip(axes, (0, 1), ("mean", "variance"), strict=True):
    ax.set(xlabel="layer", ylabel=f"{what} of the activations")
    ax.set_title(f"{what}: alpha {alpha[k].mean():z.2f}, plain {plain[k].mean():z.2f}")
plots.show(fig, alt="Alpha dropout stays at mean 0, variance 1; plain dropout drifts.")


# %% results
with results():
    claim(
        "dropout.alpha-mean",
        "Alpha dropout keeps SELU's mean at 0.",
        alpha[0],
        "within 0.1",
    )
    sentence = "Alpha dropout keeps the variance."
    claim("dropout.alpha-variance", sentence, alpha[1], "between 0.9 1.1")
    sentence = "In a SELU network plain dropout lets the variance grow."
    claim("dropout.plain-variance", sentence, plain[1] - alpha[1], "> 0.5")

# %% [markdown]
# Plain dropout lets the variance grow from layer to layer, and the mean follows a little.
# In a SELU network use `nn.AlphaDropout`. Its constants are derived for SELU and for no
# other activation.
#
# ## One network, or the average of many?
#
# With $n$ units there are $2^n$ thinned networks, and they share their weights. "At test
# time the scaled network averages them all" is the usual story. There is a case in which
# it is exactly true: dropout on the inputs $\mathbf{x}$ of one linear layer with a
# softmax on top. The *geometric* mean of all thinned networks' probabilities
# $P_{\mathbf{m}}$, each with the probability of its mask,
#
# $$\bar{P}(k) \propto \prod_{\mathbf{m}} P_{\mathbf{m}}(k)^{\Pr(\mathbf{m})}
# = \text{softmax}_k(\mathbf{W}\mathbf{x} + \mathbf{b}),$$
#
# up to the normalisation, because a logit is linear in the mask, and the mask divided by
# $1-p$ has mean 1. With ten inputs we can write down all 1,024.

# %% experiment
g = torch.Generator().manual_seed(4)
x, weight = torch.randn(10, generator=g), torch.randn(10, 3, generator=g)
masks = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 10)  # (1024, 10)
p = 0.5  # so that every mask is equally likely
each = (masks * x / (1 - p) @ weight).log_softmax(-1)  # (1024, 3)
whole = (x @ weight).softmax(-1)
geometric = each.mean(0).softmax(-1)
arithmetic = each.exp().mean(0)
print(f"whole {whole}\ngeometric {geometric}\narithmetic {arithmetic}")


# %% results
with results():
    claim(
        "dropout.geometric",
        "For one layer, the geometric mean of the thinned networks is the whole network.",
        (geometric - whole).abs().max().item(),
        "within 1e-5",
    )

# %% [markdown]
# The arithmetic mean, the one you would call "averaging predictions", is near but not
# the same. To get it you sample.
#
# ### Exercise 2.6 · The average of thinned networks (3 points, ~12 min)
#
# **Given** a `model` that returns logits (N, K) and may be in any mode, `x` (N, …), and
# `n_samples`.
# **Return** the mean over `n_samples` thinned networks of their softmax probabilities,
# (N, K), without gradients. Afterwards every module in the model is in the mode it came
# in, each its own.
#
# **By hand:** `Dropout(0.5)` on the input 1, then logits $(w\,\tilde{x}, 0)$ with
# $w = \tfrac12 \ln 9$. Kept, $\tilde{x} = 2$ and the probabilities are (0.9, 0.1);
# dropped, they are (0.5, 0.5). The mean is (0.7, 0.3). Averaging the *logits* would give
# (0.75, 0.25): the whole network again.
#
# <details><summary>Hint 1</summary>
# Which mode must the dropout layers be in while you sample?
# </details>
# <details><summary>Hint 2</summary>
# <code>model.modules()</code> walks over the model and everything inside. Remember each
# one's <code>training</code> first; <code>model.train(mode)</code> at the end would set
# them all alike.
# </details>
# <details><summary>Hint 3</summary>
# <code>modes = [(m, m.training) for m in model.modules()]</code>, then
# <code>model.train()</code>, then sum <code>model(x).softmax(-1)</code> under
# <code>torch.no_grad()</code>, then put the modes back and divide.
# </details>


# %% solution="ensemble_predict"
def ensemble_predict(model: nn.Module, x: torch.Tensor, n_samples: int) -> torch.Tensor:
    """Return the mean softmax of sampled thinned networks (about 7 lines).

    Args:
        model: returns logits (N, K); its dropout layers are torch's.
        x: inputs (N, ...).
        n_samples: how many thinned networks to average, >= 1.

    Returns: probabilities (N, K) without gradients. Each module's own `training` is
    afterwards what it was. Example: without dropout it is model(x).softmax(-1).
    """
    ### BEGIN SOLUTION
    modes = [(module, module.training) for module in model.modules()]
    model.train()
    with torch.no_grad():
        probs = sum(model(x).softmax(-1) for _ in range(n_samples)) / n_samples
    for module, mode in modes:
        module.training = mode
    return probs
    ### END SOLUTION


# %% [markdown]
# The example worked by hand, with 2,000 samples: two right digits are what to expect.


# %% look
def two_networks():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(1, 2)).eval()
    model[1].weight.data = torch.tensor([[math.log(9) / 2], [0.0]])
    model[1].bias.data = torch.zeros(2)
    return ensemble_predict(model, torch.ones(1, 1), 2000)


look(two_networks, torch.tensor([[0.7, 0.3]]))

# %% test="ensemble_predict" points=3
check.ensemble_predict(ensemble_predict)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("02_dropout_from_scratch").ensemble_predict(ensemble_predict, seed=10_241)
### END HIDDEN TESTS

# %% [markdown]
# ## Where the shortcut stops working
#
# Behind a hidden layer nothing guarantees the shortcut any more: the mean of a ReLU is
# not the ReLU of the mean. So train networks with one and with three hidden layers, at
# $p = 0.5$ and $p = 0.9$, and compare the whole network's accuracy with that of the
# average of 100 thinned ones. (The second prediction is for the last experiment.)

# %% predict
predict(
    "dropout.average",
    "Where does the average beat the whole network by 2 points or more?",
    ["nowhere", "1 layer, p = 0.9", "3 layers, p = 0.9", "both with p = 0.9"],
)
predict(
    "dropout.hurts",
    "What does dropout 0.5 do to 16 hidden units with 3,000 true labels?",
    ["helps a little", "makes no difference", "costs accuracy"],
)


# %% experiment
@torch.no_grad()
def average_minus_whole(model, samples=100):
    torch.manual_seed(0)  # the masks do not depend on what you ran before
    many = model.train()(val.x.repeat(samples, 1)).softmax(-1)  # (samples * n, 10)
    average = many.view(samples, len(val.x), 10).mean(0)
    return 100 * (accuracy(average, val.y) - accuracy(model.eval()(val.x), val.y))


more = {}
for sizes in ((40, 64, 10), (40, 64, 64, 64, 10)):
    run = train_population(
        partial(mlp, sizes),
        (train.x, noisy),
        **grid(dropout=[0.5, 0.9], seeds=SEEDS),
        steps=400,
        batch_size=50,
        lr=4e-3,
        record_every=400,
    )
    for p in (0.5, 0.9):
        nets = [run.member(k) for k in run.where(dropout=p).tolist()]
        more[f"{len(sizes) - 2} hidden, p = {p}"] = [
            average_minus_whole(m) for m in nets
        ]

# %% [markdown]
# One dot per seed: how many points the average is ahead of the whole network.

# %% figure
ax = plots.points(more)
ax.axhline(0, color="#1a1a1a", linewidth=0.8)
ax.set_ylabel("average minus whole (accuracy points)")
ahead = mean_interval(more["3 hidden, p = 0.9"]).mean
ax.set_title(f"Three layers at p = 0.9: the average is {ahead:.1f} points ahead")
plots.show(
    ax.figure,
    alt="Near zero in three groups; above zero at 3 layers, p = 0.9.",
    after=["dropout.average", "dropout.hurts"],
)


# %% results
calm, wild = more["1 hidden, p = 0.5"], more["3 hidden, p = 0.9"]
sentence = "One hidden layer at 0.5: the whole network is as good as the average."
with results():
    claim("dropout.shortcut", sentence, calm, "within 1.5", **points)
    sentence = "Three hidden layers at 0.9: the average beats the whole network."
    claim("dropout.no-shortcut", sentence, wild, "> 2", **points)
    recall("dropout.average", 3)

# %% [markdown]
# With one hidden layer at the usual rate the whole network is as good as the average of a
# hundred, for a hundredth of the price; that is why everybody uses it. With three noisy
# layers at 0.9 it is a network that training never saw at work. In the two cases between,
# look at the dots: the average gains nothing, and the seeds disagree. Notebook 09 samples
# on purpose, for another reason: the spread between thinned networks says something about
# doubt.
#
# ## Where dropout hurts
#
# Dropout takes capacity and time to fight over-fitting. What if there is nothing to
# fight? Now a narrow network (16 hidden units), 3,000 examples, true labels. Narrow
# networks differ more from seed to seed, so this time there are sixteen.

# %% experiment
plenty = data.mnist1d(3000, 1000, device=DEVICE)
narrow = train_population(
    lambda: mlp((40, 16, 10)),
    plenty.train,
    val=plenty.val,
    **grid(dropout=[0.0, 0.5], seeds=range(16)),
    steps=2400,
    batch_size=50,
    lr=4e-3,
    record_every=200,
)
none, half = (100 * narrow.val_accuracy[:, narrow.where(dropout=p)].T for p in (0, 0.5))
ax = plots.band(narrow.steps, none, label="none", color=plots.PALETTE[0])
plots.band(narrow.steps, half, label="dropout 0.5", color=plots.PALETTE[1], ax=ax)
ax.set(xlabel="training step", ylabel="validation accuracy (%)")
cost = half[:, -1] - none[:, -1]
ax.set_title(f"Small network, many true labels: {cost.mean():+.1f} points")
plots.show(
    ax.figure,
    alt="Two curves: dropout stays below the network without it.",
    after="dropout.hurts",
)

# %% results
with results():
    claim(
        "dropout.hurts",
        "Dropout 0.5 costs the narrow network accuracy.",
        cost,
        "< -2",
        **points,
    )
    growing = cost - (half[:, 0] - none[:, 0])
    learnt = 100 * narrow.train_accuracy[-1, narrow.where(dropout=0)]
    claim(
        "dropout.gap-grows", "Training longer widens the gap.", growing, "< 0", **points
    )
    sentence = "Even without dropout it learns less than 70 % of its training labels."
    claim("dropout.underfits", sentence, learnt, "< 70", unit="% accuracy")
    recall("dropout.hurts", 3)

# %% [markdown]
# The narrow network under-fits: it cannot even learn labels that are true. There is no
# noise to unlearn here, only capacity to lose, and waiting does not help.
#
# ## Test yourself
#
# Seven questions, each answer with its reason, and then flashcards.

# %%
quiz("02_dropout_from_scratch")
flashcards("02_dropout_from_scratch")

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. Inverted dropout zeroes with probability $p$ and divides by $1-p$ in training;
#    evaluation is the identity, and `eval()`, not `no_grad()`, is its switch.
# 2. It helped where a network could learn noise, at moderate rates and after more
#    steps; it hurt a network that had no capacity to spare.
# 3. One whole network stands in for the average of thinned ones: exactly for one layer
#    (geometric mean), well with one hidden layer at 0.5, badly with three at 0.9.
#
# **Pitfalls**
#
# - `F.dropout(x, p)` drops in eval mode, too: pass `self.training`, or use `nn.Dropout`.
# - In some papers and older libraries `p` or `keep_prob` is the probability of *keeping*.
# - A mask drawn in `__init__` is not dropout but a smaller network.
# - A schedule that was tuned without dropout is too short with it.
# - Dropout before a BatchNorm layer shifts its statistics: notebook 10.
#
# **References**
#
# - Hinton, Srivastava, Krizhevsky, Sutskever, Salakhutdinov (2012). *Improving neural
#   networks by preventing co-adaptation of feature detectors.*
#   [arXiv:1207.0580](https://arxiv.org/abs/1207.0580)
# - Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014). *Dropout: a simple
#   way to prevent neural networks from overfitting.*
#   [JMLR 15](https://jmlr.org/papers/v15/srivastava14a.html)
# - Wan, Zeiler, Zhang, LeCun, Fergus (2013). *Regularization of neural networks using
#   DropConnect.* [PMLR 28](https://proceedings.mlr.press/v28/wan13.html)
# - Baldi, Sadowski (2013). *Understanding dropout.* On the geometric mean.
#   [NeurIPS 26](https://papers.nips.cc/paper/4878-understanding-dropout)
# - Tompson, Goroshin, Jain, LeCun, Bregler (2015). *Efficient object localization using
#   convolutional networks.* Channel dropout.
#   [arXiv:1411.4280](https://arxiv.org/abs/1411.4280)
# - Klambauer, Unterthiner, Mayr, Hochreiter (2017). *Self-normalizing neural networks.*
#   SELU and alpha dropout. [arXiv:1706.02515](https://arxiv.org/abs/1706.02515)
# - Greydanus, Kobak (2024). *Scaling down deep learning with MNIST-1D.*
#   [arXiv:2011.14439](https://arxiv.org/abs/2011.14439)
#
# **Next:** [03 · L1 and L2](../03_l1_l2/03_l1_l2.ipynb) punishes weights for their size
# instead of hiding units, and shows why "L1 gives zeros" needs a footnote.
