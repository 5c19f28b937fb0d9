# %% [markdown]
# # 02 · Why would anyone switch off half a network while it learns?
#
# Dropout is three lines of code, and it comes with much half-true advice: where to put
# it, how to scale it, what it averages, when it helps. Here you write it in all its
# forms and measure the advice, piece by piece.
#
# When you are done you can
#
# - write dropout for units, channels and weights, and derive the factor $1/(1-p)$,
# - say what `train()`, `eval()` and `no_grad()` do to it, and what a slip costs,
# - say in which sense it averages networks, when it is a kind of L2, and when it helps.
#
# **You need:** notebooks 00 and 01; you know that a network can learn noise by heart.
# **Time:** about 130 minutes; the computing takes under a minute on a slow CPU.

# %% setup
import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import dropout_from_scratch as pictures
from helpers.device import device
from helpers.evidence.claims import claim, results
from helpers.evidence.metrics import accuracy
from helpers.population import MemberDropout, grid, mlp, train_population
from helpers.show import plots
from helpers.show.labels import labeled_images
from helpers.study.predictions import predict, recall
from helpers.study.quick_checks import quick_check
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up

plots.use_course_style()
check = load("02_dropout_from_scratch")

# %%
SEEDS = range(8)
DEVICE = device()
splits = data.fashion_mnist(1000, 1000, size=14, flat=True, device=DEVICE)
train, val = splits.train, splits.val  # x (1000, 196), y (1000,): ten classes
points = {"unit": "points"}  # percentage points, for the differences below


def with_false_labels(labels, rate=0.2):
    """Give each seed its own false labels: (n,) -> (8, n)."""
    drawn = [torch.Generator().manual_seed(100 + seed) for seed in SEEDS]
    return torch.stack([data.corrupt_labels(labels, 10, rate, g)[0] for g in drawn])


noisy = with_false_labels(train.y)
print(f"{(noisy != train.y).sum(1).tolist()} of {len(train.y)} labels are false")

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Then an exercise that you have
# passed, to be written again from memory. One click skips either.

# %%
warm_up("02_dropout_from_scratch")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## A network that believes everything it is told
#
# Geoffrey Hinton (2014) tells where the idea came from. At his bank the tellers kept
# changing, and he asked why; they did not know, only that they got moved around a lot.
# To cheat the bank, he reasoned, employees would have to work together, and people who
# are moved around all the time cannot. So he thought of hiding a different random part
# of a network's units from each training example, to *break up conspiracies*.
#
# What would a conspiracy be in a network? We give one a chance to form. Our data are
# 1,000 photographs of clothes, 14 × 14 pixels, in ten equally large classes, and
# exactly one label in five is false, as if somebody had been careless. Here are
# fourteen images, false labels in red.

# %% figure
shown = slice(0, 14)
told, truth = (
    [data.CLASS_NAMES[k] for k in labels[shown].tolist()]
    for labels in (noisy[0], train.y)
)
wrong = sum(a != b for a, b in zip(told, truth, strict=True))
plots.show(
    labeled_images(train.x[shown], told, truth),
    alt=f"Fourteen small gray pictures of clothes; {wrong} of the labels are false.",
)

# %% [markdown]
# Guessing gets 10 % of the images right. On the whole data set, 60,000 sharper images
# with true labels, good convolutional networks reach about 94 %, and people without
# training 83.5 % (Xiao and others 2017, keep the list).
#
# Now we train a network with two hidden layers, without any regularization, for 60
# epochs: once with the labels of which one in five is false, and once with the true
# ones. The validation labels are all true.


# %% experiment
def train_plainly(labels, epochs=60):
    """Return accuracy (%) on the training labels and on validation, (epochs, 2)."""
    torch.manual_seed(0)
    sizes = (196, 64), (64, 64), (64, 10)
    first, second, last = (nn.Linear(a, b, device=DEVICE) for a, b in sizes)
    net = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.0)
    curve = []
    for _ in range(epochs):
        for rows in torch.randperm(len(labels), device=DEVICE).split(50):
            loss = F.cross_entropy(net(train.x[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            scores = accuracy(net(train.x), labels), accuracy(net(val.x), val.y)
        curve.append([100 * score for score in scores])
    return torch.tensor(curve)


alone = {"20 % false": train_plainly(noisy[0]), "all true": train_plainly(train.y)}

# %% figure
ending = alone["20 % false"][-1]
plots.show(
    pictures.opening(alone),
    alt=f"With false labels training accuracy rises to {ending[0]:.0f} % while "
    f"validation falls to {ending[1]:.0f} %; with true labels validation stays high.",
)

# %% [markdown]
# The solid line counts how many of its training labels the network gives back, false
# ones included. On the left, as one in five is false, it can only pass 80 % by
# learning false labels by heart, and it does. The dashed line is what we care about.
# It climbs quickly, while the network learns what most shirts have in common, and then
# it falls, as the network bends its answers around single images. On the right, where
# no label is false, training as long does no such damage.
#
# To remember that one particular shirt is called a bag, several units have to combine
# their responses to the accidents of that one picture, in a way that is of no use for
# any other. Let us call that a conspiracy.
#
# ## The idea: never the same network twice
#
# Hinton and others (2012) called it *co-adaptation*: a feature detector that is
# only helpful in the company of several particular others. So they made the company
# unreliable. For each training example every hidden unit $h_j$ tosses its own coin
# $m_j$, and may be missing:
#
# $$\tilde{\mathbf{h}} = \mathbf{m} \odot \mathbf{h}, \qquad
# m_j = \begin{cases} 0 & \text{with probability } p, \\
# 1 & \text{with probability } 1 - p. \end{cases}$$
#
# `p` is the probability of **dropping**, here and in PyTorch. Each vector of coins
# $\mathbf{m}$ leaves a *thinned network*.
#
# Press **Play** below: every mask is another network. On the right are the activations
# of the first hidden layer, gray before dropout and blue after it, and three means:
# before dropout, with the present mask, and over all masks so far. Where does the third
# one settle? Then try the other form, and compare training with evaluation in each.

# %% demo
pictures.scene().show()

# %% [markdown]
# A single mask misses the mean by a lot. The average over many masks comes back to it,
# provided that the units that stay are made larger, by the factor $1/(1-p)$. That is
# the *inverted* form, which PyTorch, TensorFlow and JAX's Flax use. The *standard*
# form, that of 2012, only masks in training. At evaluation all units are present, which
# is more than the next layer has ever met, so every unit is made smaller there: times
# $1-p$, the share of the time for which it was present.
#
# ### Exercise 2.1 · Standard dropout (2 points, ~10 min)
#
# **Given** a float tensor `x` of any shape, `p`, the flag `training`, and a `generator`
# (or None: torch's global one). **Return** in training `x` with each number set to 0
# with probability `p`, each by its own coin; at evaluation `x` times $1-p$. A `p`
# outside [0, 1] raises `ValueError` in both modes. Do not change `x`.
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
# Coins: <code>torch.rand(x.shape, generator=generator)</code> is uniform in [0, 1).
# With what probability is a number below p?
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
# The example worked by hand, at evaluation.

# %% look
look(
    lambda: standard_dropout(torch.tensor([2.0, -4.0, 6.0, 8.0]), 0.25, False),
    torch.tensor([1.5, -3.0, 4.5, 6.0]),
)

# %% test="standard_dropout" points=2
check.standard_dropout(standard_dropout)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("02_dropout_from_scratch").standard_dropout(standard_dropout, seed=20_121)
### END HIDDEN TESTS

# %% [markdown]
# ## Scale in training or at evaluation?
#
# In the form of 2012, whoever runs the trained network has to know `p` and to scale.
# What if somebody forgets? "Then activations double," one reads. We mask a large batch
# of activations, scale nothing, and compare.

# %% experiment
activations = torch.rand(2000, 500, generator=torch.Generator().manual_seed(1))
for p in (0.3, 0.5, 0.75):
    coins = torch.rand(2000, 500, generator=torch.Generator().manual_seed(2))
    times = activations.mean() / (activations * (coins >= p)).mean()
    print(
        f"p = {p}: evaluation is {times:.2f} times training; 1/(1-p) = {1 / (1 - p):.2f}"
    )

# %% [markdown]
# The activations double at $p = 0.5$ only. In general they are $1/(1-p)$ times too
# large, because in training only the share $1-p$ was there.
#
# *Inverted* dropout scales at once, in training,
#
# $$\tilde{\mathbf{h}} = \frac{\mathbf{m} \odot \mathbf{h}}{1-p}, \qquad
# \mathbb{E}[\tilde{h}_j] = p \cdot 0 + (1-p) \cdot \frac{h_j}{1-p} = h_j,$$
#
# so the mean is right already, and evaluation is the identity. The trained network is
# then an ordinary one that anybody can run without knowing `p`, and PyTorch's
# `model.eval()` does *not* scale anything, although one often reads that it does.
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
# After p and evaluation: <code>if p == 1: return torch.zeros_like(x)</code>; at the end
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
# Your mask on a tensor of ones, and PyTorch's: the coins differ, but the rate should be
# about the same, and neither should have stripes.

# %% look
look(
    lambda: inverted_dropout(torch.ones(16, 24), 0.5, training=True),
    F.dropout(torch.ones(16, 24), 0.5),
    draw=pictures.masks_beside,
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
# Back to the false labels. Four rates, eight seeds each, trained together as one
# population: 32 networks with two hidden layers of 64 units and dropout behind each of
# them. Every seed has its own false labels, first weights and order of the data, and
# its four networks differ in nothing but the rate. Predict first.

# %% predict
predict(
    "dropout.rate",
    "Which rate has the best validation accuracy after 1,200 steps (60 epochs)?",
    ["none", "0.25", "0.5", "0.75"],
)
predict(
    "dropout.early",
    "And after the first 200 steps, which is ahead?",
    ["no dropout", "dropout 0.5", "no difference"],
)

# %% experiment
rates = [0.0, 0.25, 0.5, 0.75]
sweep = train_population(
    partial(mlp, (196, 64, 64, 10)),  # dropout follows each hidden layer
    (train.x, noisy.repeat(len(rates), 1)),
    own_data={"train": "y"},  # each network has labels of its own
    val=val,
    **grid(dropout=rates, seeds=SEEDS),
    steps=1200,
    batch_size=50,
    lr=2e-3,
    record_every=20,
    record_size=100,
)
members = {p: sweep.where(dropout=p) for p in rates}  # rate -> indices of 8 networks
percent = {p: 100 * sweep.val_accuracy[:, k].T for p, k in members.items()}

# %% [markdown]
# `percent[p]` now holds one row per seed: its validation accuracy every 20
# steps.

# %% figure
end = {p: values[:, -1] for p, values in percent.items()}
chosen = max(end, key=lambda p: end[p].mean())
plots.show(
    pictures.rates_over_steps(sweep.steps, percent),
    alt="Accuracy over steps for four rates. Without dropout it is ahead first and "
    f"then falls; at the end p = {chosen} is highest.",
    after=["dropout.rate", "dropout.early"],
)

# %% [markdown]
# Lines are means over seeds, bands their 95 % intervals. The network without dropout
# peaks early and then loses what it had; the moderate rates climb more slowly and keep
# what they have. Here is a possible reason. If five units together store one false
# label, all five have to be there when that image comes by, and with $p = 0.5$ they
# are in one visit of $2^5 = 32$. What many images have in common is practiced at every
# step, by whichever units are there. So masks should slow down all learning, but
# learning by heart most. The table counts the false labels learned.
#
# The winning rate was *chosen* on validation data, which flatters it. So we open the
# sealed test part, once, and compare the rates there. And one question belongs to
# every regularizer: what if we had simply **stopped** each network at its best moment?

# %% results
test = splits.test.open("compare the chosen dropout rate with none")
right = (sweep.logits(test.x).argmax(-1) == test.y).float().mean(1).cpu() * 100
stopped = {p: values.max(1).values for p, values in percent.items()}
given = noisy.repeat(len(rates), 1)  # (32, 1000)
learned = (sweep.logits(train.x).argmax(-1) == given) & (given != train.y)
by_heart = 100 * learned.sum(1).cpu() / (given != train.y).sum(1).cpu()
at_200 = (percent[0.5] - percent[0.0])[:, sweep.steps == 200].flatten()
with results(varies="8 initializations, orders and draws of false labels") as table:
    names = {p: f"p = {p}" if p else "none" for p in rates}
    table.arms(
        {f"{names[p]}, end, test": right[members[p]] for p in rates},
        paired_with="none, end, test",
        unit="% accuracy",
    )
    table.arms(
        {f"{names[p]}, best moment": stopped[p] for p in rates},
        paired_with="none, best moment",
        unit="% accuracy",
    )
    table.arms(
        {f"{names[p]}, end": by_heart[members[p]] for p in rates},
        unit="% of the false labels learned",
    )
    sentence = "At the end p = 0.5 is ahead of none, on test images."
    gain = right[members[0.5]] - right[members[0.0]]
    claim("dropout.helps", sentence, gain, "> 0", **points)
    recall("dropout.rate", rates.index(chosen) + 1)
    sentence = "If both are stopped at their best, they differ by less than 1.5 points."
    gain = stopped[0.5] - stopped[0.0]
    claim("dropout.stopped", sentence, gain, "within 1.5", **points)
    claim(
        "dropout.early", "After 200 steps p = 0.5 is behind.", at_200, "< 0", **points
    )
    recall("dropout.early", 1)

# %% [markdown]
# At the end of training $p = 0.5$ is worth about seven points on test images. But all
# of them can be had by stopping the network without dropout at the right moment; only
# $p = 0.25$ keeps a lead, of about one point. (All bests are a little flattered, for
# they are picked on the data that score them.) On these data dropout and stopping work
# against the same thing, the memorizing that comes late, and dropout need not know the
# right moment. The third table fits our explanation: the higher the rate, the fewer
# false labels are known by heart.
#
# With true labels long training does less harm, so stopping has less to rescue, and
# dropout can still help. On MNIST, with 60,000 true labels and layers of 800 units and
# more, Hinton and others (2012) report that dropout, together with a limit on the
# weights' norms (notebook 03, section 10), brings the errors on 10,000 digits from 160
# to about 130, and to about 110 with 20 % of the pixels dropped as well. With true
# labels we find a gain of about one point, in the first table of *Has the company
# become reliable?*
#
# The curve of $p = 0.75$ stays low. Is that for want of steps? With twice as many (not
# shown) it ends at 71 % again. More likely the network has become too small: of 64
# units 16 are there on average. What too few units cost is measured in *Where it
# helps, and where it costs*.
#
# ## The price: more steps
#
# Each unit gets a gradient only when it is there, and a noisy one at that. How much
# longer does training take? To ask when the *training loss* gets low would be unfair: a
# network that refuses to memorize false labels would count as slow. Ask for the first
# step at which it reaches 75 % on validation images.


# %% experiment
def first_step(level, values):
    """First recorded step at `level` per seed; the last step if it never gets there."""
    there = values >= level  # (seeds, records)
    there[:, -1] = True
    return sweep.steps[there.float().argmax(1)].float()


needed = {p: first_step(75, percent[p]) for p in rates[:3]}
ratio = {p: needed[p] / needed[0.0] for p in (0.25, 0.5)}
print({p: f"{steps.mean():.0f} steps" for p, steps in needed.items()})
print({p: f"{times.mean():.1f} times" for p, times in ratio.items()})

# %% results
with results(varies="8 initializations, orders and draws of false labels"):
    sentence = "Dropout 0.5 needs more steps than none to reach 75 %."
    more = needed[0.5] - needed[0.0]
    claim("dropout.slower", sentence, more, "> 0", unit="steps")

# %% [markdown]
# At $p = 0.5$ it is about twice as many, and at 0.25 little more than without. The
# makers of AlexNet say of their two dropout layers, on a million images, that dropout
# "roughly doubles the number of iterations required to converge" (Krizhevsky and
# others 2012). The factor depends on the level you ask for. So never judge dropout by
# a schedule that was tuned without it.
#
# ## Where it helps, and where it costs
#
# So far the network was large enough to learn a thousand labels by heart. What if it
# is smaller? What if there are more images, or if all labels are true? To find out
# what decides, we vary the three in all combinations: one hidden layer of 8, 16 or 64
# units, 1,000 or 3,000 images, 0 or 20 % false labels, without dropout and with
# $p = 0.5$.

# %% predict
predict(
    "dropout.decides",
    "What decides whether p = 0.5 gains or costs accuracy?",
    [
        "mainly the width",
        "mainly the number of images",
        "mainly whether there are false labels",
    ],
)


# %% experiment
def both_ways(images, width):
    """Train 8 seeds × {true, 20 % false labels} × {none, p = 0.5} of one width."""
    part = data.fashion_mnist(images, 1000, size=14, flat=True, device=DEVICE).train
    labels = torch.cat([part.y.expand(8, -1), with_false_labels(part.y)])
    return train_population(
        partial(mlp, (196, width, 10)),
        (part.x, labels.repeat(2, 1)),
        own_data={"train": "y"},
        val=val,
        dropout=[0.0] * 16 + [0.5] * 16,
        seeds=[*SEEDS] * 4,
        steps=1200,
        batch_size=50,
        lr=2e-3,
        record_every=1200,
    )


widths = [8, 16, 64]
factorial = {(n, w): both_ways(n, w) for n in (1000, 3000) for w in widths}
gains = {}  # (images, width) -> (labels true or false, seeds), in points
for place, run in factorial.items():
    final = 100 * run.val_accuracy[-1].view(2, 2, 8)  # (rate, labels, seed)
    gains[place] = final[1] - final[0]

# %% results
panels = {}
for n in (1000, 3000):
    lines = torch.stack([gains[n, w] for w in widths], 1)  # (labels, widths, seeds)
    rise = (lines[:, -1] - lines[:, 0]).mean()
    title = f"{n:,} images: 64 units gain {rise:.0f} points more than 8"
    panels[title] = dict(zip(("true labels", "20 % false labels"), lines, strict=True))
plots.show(
    pictures.width_map(widths, panels),
    alt="What dropout gains rises with the width in all four lines, from below zero at "
    "8 units; with false labels it ends higher.",
    after="dropout.decides",
)
every = torch.stack([torch.stack([gains[n, w] for w in widths]) for n in (1000, 3000)])
effects = {  # of one change, averaged over the rest; every: (images, width, labels, seed)
    "8 to 64 units": (every[:, -1] - every[:, 0]).mean((0, 1)),
    "1,000 to 3,000 images": (every[1] - every[0]).mean((0, 1)),
    "all true to 20 % false": (every[:, :, 1] - every[:, :, 0]).mean((0, 1)),
}
with results(varies="8 initializations, orders and draws of false labels") as table:
    table.arms(effects, unit="points of change in the gain")
    recall("dropout.decides", 1)
    sentence = "8 units, true labels: p = 0.5 costs accuracy."
    claim("dropout.narrow", sentence, every[:, 0, 0].mean(0), "< 0", **points)
    sentence = "The width changes the gain more than the number of images does."
    by_width, by_images, _ = (effect.abs() for effect in effects.values())
    claim("dropout.width", sentence, by_width - by_images, "> 0", **points)

# %% [markdown]
# The lines rise from left to right in both panels: in the ranges we tried, the width
# makes the largest difference. Of 8 units, four are there on average at $p = 0.5$, and
# with them the network has to separate ten classes; more images do not help it. Of 64
# units half are enough. Whether dropout then has anything to prevent depends on the
# labels: false ones add to the gain.
#
# The right panel lies lower because 1,200 steps are only 20 epochs of 3,000 images, too
# few for the plain network to learn the false labels. Trained four times as long (not
# shown), it learns them, and at 64 units dropout then gains 9 points with false labels
# and 2 with true ones, while at 8 units it still costs 3 and 6. Dropout cannot mend
# what has not yet gone wrong.
#
# Srivastava and others (2014) give the rule of thumb that follows: if a layer of $n$
# units is right without dropout, give it $n/(1-p)$ units with it, so double it for $p =
# 0.5$.
#
# ## Which rate for which network?
#
# So there is no best rate as such. Give five networks with false labels five rates each:
# three with one hidden layer of 8, 32 or 64 units, and two with two or three layers of
# 32, all with dropout behind every hidden layer. (For 8 and 64 units two of the rates, 0
# and 0.5, have been trained just now, in the last experiment; those networks are used.)

# %% predict
predict(
    "dropout.depth",
    "Three hidden layers of 32 units in place of one. The best rate is then …",
    ["lower", "the same", "higher"],
)

# %% experiment
shapes = {"8": (8,), "32": (32,), "64": (64,), "32, 32": (32, 32)}
shapes["32, 32, 32"] = (32, 32, 32)
tried = [0.0, 0.1, 0.25, 0.5, 0.7]
known = {}  # (hidden layers, rate) -> accuracies (%) of networks that we have trained
for width in (8, 64):
    final = 100 * factorial[1000, width].val_accuracy[-1].view(2, 2, 8)
    for p, with_false in zip((0.0, 0.5), final[:, 1], strict=True):
        known[str(width), p] = with_false.cpu()
for name, hidden in shapes.items():
    missing = [p for p in tried if (name, p) not in known]
    run = train_population(
        partial(mlp, (196, *hidden, 10)),
        (train.x, noisy.repeat(len(missing), 1)),
        own_data={"train": "y"},
        val=val,
        **grid(dropout=missing, seeds=SEEDS),
        steps=1200,
        batch_size=50,
        lr=2e-3,
        record_every=1200,
    )
    for p, values in zip(missing, run.val_accuracy[-1].view(-1, 8), strict=True):
        known[name, p] = 100 * values.cpu()
by_rate = {name: torch.stack([known[name, p] for p in tried]) for name in shapes}

# %% results
gained = torch.stack([(a - a[0]).mean(1) for a in by_rate.values()])
ax = plots.heatmap(
    gained,
    x=tried,
    y=list(shapes),
    label="gain over none (points)",
    fmt="+.1f",
)
ax.set(xlabel="dropout rate p", ylabel="hidden units, layer by layer")
ax.set_title("Wide networks bear high rates, deep ones do not")
plots.show(
    ax.figure,
    alt="Gain over no dropout, for five networks and five rates. Its largest value moves "
    "to higher rates from 8 to 64 units, and to lower ones from one layer to three.",
    after="dropout.depth",
)
best = {name: torch.tensor(tried)[values.argmax(0)] for name, values in by_rate.items()}
with results(varies="8 initializations, orders and draws of false labels") as table:
    table.arms(best, unit="best rate, chosen for each seed")
    sentence = "The best rate of 64 units is higher than that of 8."
    claim("dropout.rate-width", sentence, best["64"] - best["8"], "> 0")
    sentence = "The best rate of three layers of 32 is lower than that of one."
    claim("dropout.rate-depth", sentence, best["32, 32, 32"] - best["32"], "< 0")
    recall("dropout.depth", 1)

# %% [markdown]
# With the width the best rate rises: 0.1 for 8 units on average, 0.4 for 32, 0.6 for 64.
# Half of a wide layer is still enough, and it has more room to learn false labels. With
# the depth it falls, and at $p = 0.7$ three layers are ruined, after four times the
# steps as well. The reason is that noise in successive layers multiplies. A mask entry,
# divided by $1-p$, has mean 1 and mean square $1/(1-p)$. Along a path through $L$ layers
# $L$ independent entries are multiplied, so the mean square is $(1-p)^{-L}$: at $p =
# 0.7$ it is 3.3 for one layer, and 37 for three. A quarter dropped in each of three
# layers makes 2.4, hardly more than $p = 0.5$ in one.
#
# Four times as many steps (same seeds, not shown) move all five best rates up, to 0.3,
# 0.6, 0.7, 0.5 and 0.2: the longer the training, the more is learned by heart. The
# order stays. So tune the rate again when you change the network *or* the schedule.
#
# ## Has the company become reliable?
#
# The idea promised more than accuracy: units that no longer depend on particular other
# units. Do we find that? Take the networks with 64 hidden units from the experiment
# above, and take hidden units away *after* training, more and more of them, chosen at
# random (the rest scaled up, as in dropout).

# %% predict
predict(
    "dropout.removed",
    "With true labels, none and p = 0.5 are about equally accurate. Now half of the "
    "hidden units are taken away. Who loses how much?",
    [
        "both a few points",
        "both about the same, more than 10 points",
        "none far more than p = 0.5",
    ],
)


# %% experiment
@torch.no_grad()
def accuracy_without(net, part, draws=10):
    """Validation accuracy (%) without this part of the hidden units, a mean over draws."""
    hidden = net[2](net[1](val.x))  # (1000, 64): behind the ReLU
    g, scores = torch.Generator().manual_seed(0), []
    for _ in range(draws):
        keep = torch.ones(hidden.shape[1])
        keep[torch.randperm(len(keep), generator=g)[: round(part * len(keep))]] = 0
        thinned = hidden * keep.to(hidden) / (1 - part)
        scores.append(100 * accuracy(net[4](thinned), val.y))
    return sum(scores) / draws


def nets(p, labels):
    """The 8 networks of 64 units trained on 1,000 images; labels 0: true, 1: false."""
    run = factorial[1000, 64]
    return [run.member(k) for k in run.where(dropout=p).view(2, 8)[labels].tolist()]


@torch.no_grad()
def active_and_left(net):
    """Share of active units, and of contributions to the lead that do not cancel (%)."""
    hidden = net[2](net[1](val.x))  # (1000, 64)
    first, second = net[4](hidden).topk(2, -1).indices.T  # top class, next one
    parts = (net[4].weight[first] - net[4].weight[second]) * hidden  # c, (1000, 64)
    left = parts.sum(1).abs() / parts.abs().sum(1)
    return [100 * (hidden > 0).float().mean().item(), 100 * left.mean().item()]


parts = [0.0, 0.125, 0.25, 0.5, 0.75]
robust = {
    p: torch.tensor([[accuracy_without(n, part) for part in parts] for n in nets(p, 0)])
    for p in (0.0, 0.5)
}

# %% results
half_gone = {p: values[:, 3].mean() for p, values in robust.items()}
fig = pictures.removed(parts, robust)
fig.axes[0].set_title(
    f"Half the units gone: accuracy {half_gone[0.0]:.0f} % without dropout, "
    f"{half_gone[0.5]:.0f} % with"
)
plots.show(
    fig,
    alt="Accuracy falls steeply with the part of units taken away for networks trained "
    "without dropout, and much later for those trained with p = 0.5.",
    after="dropout.removed",
)

lost = {p: values[:, 0] - values[:, 3] for p, values in robust.items()}
inside = {p: torch.tensor([active_and_left(n) for n in nets(p, 0)]).T for p in robust}
tables = {
    "% accuracy": {p: values[:, 0] for p, values in robust.items()},
    "points lost with half the units": lost,
    "% of units active on an image": {p: values[0] for p, values in inside.items()},
    "% of contributions not cancelled": {p: values[1] for p, values in inside.items()},
}
with results(varies="8 initializations and orders; one split, true labels") as table:
    for unit, arms in tables.items():
        both = {"none": arms[0.0], "p = 0.5": arms[0.5]}
        table.arms(both, paired_with="none", unit=unit)
    recall("dropout.removed", 3)
    sentence = "With half the units gone, p = 0.5 loses fewer points than none."
    claim("dropout.removed", sentence, lost[0.0] - lost[0.5], "> 0", **points)
    sentence = "With p = 0.5 the units' contributions cancel one another less."
    more = inside[0.5][1] - inside[0.0][1]
    claim("dropout.cancel", sentence, more, "> 0", unit="% of contributions")

# %% [markdown]
# Without dropout a network loses about twenty points when half of its units leave; with
# dropout about three. One may object that this is just what the second kind was trained
# for, so look inside. The lead of the top class $a$ over the second one $b$ is a sum of
# what each unit contributes,
#
# $$z_a - z_b = \sum_j c_j \;+\; \text{bias}, \qquad c_j = (W_{aj} - W_{bj})\, h_j .$$
#
# How much of these contributions is left after they have cancelled one another? The
# last table gives $|\sum_j c_j| \,/ \sum_j |c_j|$. Without dropout it is a fifth: for
# six parts that speak for the top class, four speak against it. That is co-adaptation
# as Srivastava and others describe it, units that "fix up the mistakes of the other
# units"; and when some of those leave, the lead is gone. With dropout more than half is
# left, and fewer units are active on a given image (the authors found sparser
# activations, too).
#
# They also show first-layer features that look cleaner with dropout (their figure 7, an
# autoencoder on MNIST). Do ours?

# %% figure
pair = [nets(p, 0)[0][1].weight for p in (0.0, 0.5)]
fig = pictures.filters(*pair)
plots.show(
    fig,
    alt="Two panels of sixteen small pictures of incoming weights; both look like noise, "
    "and neither is clearly cleaner.",
)

# %% [markdown]
# No. Both look like noise, with a patch of one color here and there. A picture from a
# paper need not come out in another setting: theirs were trained on 60,000 digits, and
# to draw the digit again.
#
# **Why?** All labels were true here, and the two kinds of network were only about one
# point apart before anything was removed (the first table). Why does robustness
# against missing units not bring much better predictions along? And when would it?
# Write your answer down before you open ours.
#
# <details><summary>A model answer</summary>
# Validation images are classified by the whole network, in which all units are there,
# so it does not matter to accuracy whether they depend on each other. With true labels
# a plain network of this size learns nearly as good a function in its own, fragile way.
# Robustness turns into accuracy where the fragile combinations themselves do the harm,
# by storing accidents such as false labels: see the experiment with the four rates.
# </details>

# %% [markdown]
# ## A layer that knows its mode
#
# `inverted_dropout` has to be told its mode. A module knows it: `model.train()` and
# `model.eval()` set `self.training` in the model and in everything inside it.
#
# ### Exercise 2.3 · Dropout as a module (2 points, ~8 min)
#
# **Given** `p`. **Write** a class `Dropout(nn.Module)`: inverted dropout that obeys
# `self.training` and draws a new mask in each forward pass from torch's global
# generator. (`ValueError` for a bad `p` is in the stub already.)
#
# **By hand:** `Dropout(0.5)` on `[1, 1, 1, 1]` gives zeros and twos in train mode,
# others in each call, and `[1, 1, 1, 1]` after `.eval()`.
#
# `F.dropout` is welcome here. Look up its third argument, though.
#
# <details><summary>Hint 1</summary>
# Nothing random happens in <code>__init__</code>: the layer does not even know the
# shape of x yet.
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
    """Inverted dropout that follows train() and eval() (about 2 lines to write).

    Args:
        p: probability of *dropping*, in [0, 1]; else ValueError.

    forward takes x of any shape, floating, and returns a tensor like it. Example:
    Dropout(0.5).eval()(torch.ones(2)) gives [1.0, 1.0].
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        ### BEGIN SOLUTION
        self.p = p
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        return F.dropout(x, self.p, self.training)
        ### END SOLUTION


# %% [markdown]
# Your layer in a model, twice in train mode and once in eval mode: two rows of zeros
# and twos that differ, then a row of ones.


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
# ## Is `no_grad()` enough?
#
# `eval()` and `no_grad()` appear side by side in every evaluation loop. Is one enough?
# Notebook 00 measured it after 15 epochs with true labels (*The second omission*). Now
# take the networks with dropout 0.5 from the sweep above, leave them in train mode,
# and show each the same images twice under `torch.no_grad()`.

# %% predict
predict(
    "dropout.no-grad",
    "What does a forgotten eval() cost these networks, under no_grad()?",
    ["nothing: no_grad switches dropout off", "under 1 point", "several points"],
)


# %% experiment
@torch.no_grad()
def answers_of(net, training):
    return net.train(training)(val.x).argmax(1)


torch.manual_seed(0)  # the masks do not depend on what you ran before
cost, differ = [], []
for k in members[0.5].tolist():
    net = sweep.member(k)
    once, again, quiet = (answers_of(net, mode) for mode in (True, True, False))
    differ.append(100 * (once != again).float().mean().item())
    correct = [(answer == val.y).float().mean().item() for answer in (once, quiet)]
    cost.append(100 * (correct[0] - correct[1]))
print(f"the same question twice: {sum(differ) / 8:.0f} % of the answers differ")

# %% results
with results(varies="8 initializations, orders and draws of false labels"):
    recall("dropout.no-grad", 3)
    sentence = "Without eval() accuracy drops, although no_grad() is on."
    claim("dropout.no-eval", sentence, cost, "< 0", **points)

# %% [markdown]
# `no_grad` tells autograd to keep no record of what is computed. *What* a layer
# computes depends on its mode. Nothing warns you: the program runs, about eight points
# below what it could do, and for three images in ten the answer changes from one pass
# to the next.
#
# ## Before or after the activation?
#
# Many tutorials say: "Always put dropout after the ReLU." Let the same scaled mask act
# before or after three activations, and take the largest difference.

# %% predict
predict(
    "dropout.order",
    "Dropout before or after the activation: for which does it make a difference?",
    ["ReLU, GELU and sigmoid", "GELU and sigmoid", "sigmoid only", "none"],
)

# %% experiment
g = torch.Generator().manual_seed(3)
before = torch.randn(1000, 200, generator=g)
scaled_mask = (torch.rand(1000, 200, generator=g) >= 0.3) / 0.7  # 0 or 1/(1-p)
for f in (F.relu, F.gelu, torch.sigmoid):
    gap = (f(before) * scaled_mask - f(before * scaled_mask)).abs().max().item()
    print(f"{f.__name__:8} largest difference {gap:.2f}")
recall("dropout.order", 2)

# %% [markdown]
# Each entry $s$ of the scaled mask is 0 or positive, and $\max(0, s\,a) = s \max(0, a)$
# for every $s \ge 0$. So with ReLU the two orders are the same computation, and the
# rule changes nothing. For the others the order matters. A sigmoid turns a dropped 0
# into ½, so a unit that was dropped *before* it is not silent; and GELU bends, so that
# scaling before it is not scaling after it. There the rule is right.
#
# ## Pixels are not units
#
# In a convolutional layer neighbors carry similar numbers. Drop each pixel of a feature
# map with probability ½: how much of what is gone can the surviving neighbors tell?
# Fill each hole with the mean of the survivors around it, and look.


# %% experiment
def maps_of(seed):
    """Eight random 3x3 filters: maps (100, 8, 26, 26) of mean 0 and variance 1."""
    filters = torch.randn(8, 1, 3, 3, generator=torch.Generator().manual_seed(seed))
    return F.layer_norm(F.conv2d(images, filters).relu(), (26, 26))


def halved(maps, seed=0):
    """Drop half the pixels; return the mask, and the mean of the survivors around."""
    g = torch.Generator().manual_seed(seed)
    mask = (torch.rand(maps.shape, generator=g) >= 0.5).float()
    total, alive = (F.avg_pool2d(m, 3, 1, 1) for m in (maps * mask, mask))
    return mask, total / alive.clamp(min=1e-9)


images = data.fashion_mnist(100, 10).train.x  # (100, 1, 28, 28)

# %% figure
one_map = maps_of(0)[:1, :1]
pixel_mask, around = halved(one_map)
filled = torch.where(pixel_mask == 0, around, one_map)
tiles = torch.cat([one_map, one_map * pixel_mask, filled, 0 * one_map])
ax = plots.images(tiles, ["a map", "half its pixels", "holes filled", "map dropped"])
ax.figure.set_size_inches(9, 2.9)
ax.set_title("The surviving neighbors tell much of what was dropped")
plots.show(ax.figure, alt="A map, with holes, refilled nearly as it was, and empty.")

# %% [markdown]
# To put a number on "much", take the squared correlation between the dropped pixels and
# the mean of what still stands around them: the share of their variance that the
# neighbors explain. As a control, do the same with the pixels of each map shuffled.


# %% experiment
def explained(maps):
    mask, around = halved(maps)
    pair = torch.stack([maps[mask == 0], around[mask == 0]])
    return 100 * torch.corrcoef(pair)[0, 1].item() ** 2


places = torch.randperm(26 * 26, generator=torch.Generator().manual_seed(0))
near, far = [], []
for seed in SEEDS:
    maps = maps_of(seed)
    near.append(explained(maps))
    far.append(explained(maps.flatten(2)[..., places].view(maps.shape)))

# %% results
with results(varies="8 sets of random filters; one set of 100 images") as table:
    both = {"shuffled": torch.tensor(far), "as they are": torch.tensor(near)}
    table.arms(both, paired_with="shuffled", unit="% of variance explained")

# %% [markdown]
# About half of what pixel dropout hides is still written all around it. To hide what a
# channel says, drop the *whole map* (Tompson and others 2015, call it *spatial
# dropout*), so that the network learns to rely on several channels. Whether that pays
# in accuracy was not measured here.
#
# ### Exercise 2.4 · Channel dropout (2 points, ~6 min)
#
# **Given** `x` of shape (N, C, H, W), and the rest as in 2.2; the stub already treats a
# bad `p`, evaluation and `p = 1`. **Return** in training each of the N·C maps all zero
# with probability `p`, else divided by $1-p$; one coin per map, drawn for each example
# anew.
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
    """Return x with whole maps dropped, inverted scaling (about 2 lines to write).

    Args:
        x: floating, (N, C, H, W).
        p: probability of *dropping* a map, in [0, 1]; else ValueError.
        training: drop maps and divide by 1-p if True, the identity if False.
        generator: source of the coins; torch's global generator if None.

    Returns: a tensor like x. Example: with p=0.5 each map of
    channel_dropout(torch.ones(2, 3, 4, 4), 0.5, training=True) is all 0.0 or all 2.0.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    ### BEGIN SOLUTION
    coins = torch.rand(*x.shape[:2], 1, 1, generator=generator, device=x.device)
    return x * (coins >= p) / (1 - p)  # (N, C, 1, 1) spreads over (N, C, H, W)
    ### END SOLUTION


# %% [markdown]
# Rows are examples, columns are channels: which maps are all zero, in yours and in
# PyTorch's. The rows should differ.

# %% look
look(
    lambda: channel_dropout(torch.ones(8, 12, 5, 5), 0.5, True).mean((2, 3)),
    F.dropout2d(torch.ones(8, 12, 5, 5), 0.5).mean((2, 3)),
    draw=pictures.masks_beside,
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
# DropConnect (Wan and others 2013) tosses a coin for every *weight*. A unit is never
# missing; it hears a random part of its inputs:
#
# $$\mathbf{y} = \frac{\mathbf{M} \odot \mathbf{W}}{1-p}\, \mathbf{x} + \mathbf{b}.$$
#
# In the paper every example draws its own mask, the biases are masked, too, and
# evaluation samples from a Gaussian (see below). Here one mask $\mathbf{M}$ serves the
# batch, the bias stays whole, and evaluation uses the whole matrix.
#
# ### Exercise 2.5 · DropConnect (3 points, ~10 min)
#
# **Given** `linear`, an `nn.Linear` with or without bias, and `p`. The class
# `DropConnect(nn.Module)` keeps both; **write** its `forward`. In train mode: one fresh
# mask of the weight's shape per forward pass, survivors divided by $1-p$, the bias
# added whole; `p = 1` leaves the bias. In eval mode: `linear(x)`. The parameters
# themselves stay unchanged and go on learning. Inputs are (…, in_features).
#
# **By hand:** weight `[[1, 2], [3, 4]]`, bias `[10, 20]`, `p = 0.5`, mask
# `[[1, 0], [1, 1]]`: `x = [1, 1]` gives `[2 + 10, 6 + 8 + 20] = [12, 34]`.
#
# torch's functions are welcome.
#
# <details><summary>Hint 1</summary>
# Never write into the weight: make a new tensor from it, so that the gradient finds its
# way back.
# </details>
# <details><summary>Hint 2</summary>
# <code>F.linear(x, weight, bias)</code> takes any weight you hand it.
# </details>
# <details><summary>Hint 3</summary>
# <code>F.dropout(self.linear.weight, self.p, self.training)</code> masks and scales the
# weights.
# </details>


# %% solution="DropConnect"
class DropConnect(nn.Module):
    """A linear layer whose weights are dropped in training (about 2 lines to write).

    Args:
        linear: the layer to wrap; its parameters stay what they are.
        p: probability of *dropping* a weight, in [0, 1]; else ValueError.

    forward takes x (..., in_features) and returns (..., out_features). Example: with
    p=0 or in eval mode DropConnect(linear, p)(x) equals linear(x).
    """

    def __init__(self, linear: nn.Linear, p: float) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p must be in [0, 1], got {p}")
        self.linear, self.p = linear, p

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
# **Bug hunt.** A colleague has written the layer below. It runs, the shapes are right,
# the masks are fresh, the survivors are scaled. Run it, look at the numbers, and say
# what is wrong and how you would mend it before you open the answer.


# %% experiment
class Suspect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        self.linear, self.p = linear, p

    def forward(self, x):
        if self.training:
            mask = torch.rand(self.linear.weight.shape) >= self.p
            self.linear.weight.data *= mask / (1 - self.p)
        return self.linear(x)


torch.manual_seed(0)
suspect = Suspect(nn.Linear(50, 40), 0.5)
for forward_pass in range(1, 7):
    size = suspect(torch.randn(10, 50)).std()
    alive = (suspect.linear.weight != 0).float().mean()
    print(f"pass {forward_pass}: output's std {size:.2f}, weights left {alive:.0%}")

# %% [markdown]
# <details><summary>What is wrong</summary>
# The line with <code>*=</code> writes the mask into the parameter itself, and what has
# been overwritten does not come back. So half of the weights that are left disappear in
# each pass and the others double, until none are left. Make a <em>new</em> tensor
# instead, <code>weight = self.linear.weight * mask / (1 - self.p)</code>, for
# <code>F.linear</code>. The test for this bug: compare the parameters before and after
# a forward pass.
# </details>
#
# Now to evaluation. What training has prepared the next layer for is the *average over
# masks* of $\text{relu}(\mathbf{y})$. We use $\text{relu}$ of the average, which is not
# the same, because ReLU bends. The paper does better. Each $y_i$ is a sum of many
# independent terms, so it is nearly Gaussian, with mean and variance
#
# $$\mu_i = \mathbf{w}_i^\top \mathbf{x} + b_i, \qquad
# \sigma_i^2 = \frac{p}{1-p} \sum_j w_{ij}^2 x_j^2 .$$
#
# (A mask entry divided by $1-p$ has variance $p/(1-p)$; the section before exercise
# 2.7 shows why.) The authors sample from this Gaussian and average behind the ReLU.
# For a ReLU the average is known:
# $\mu\,\Phi(\mu/\sigma) + \sigma\,\varphi(\mu/\sigma)$ with the normal distribution
# function $\Phi$ and density $\varphi$. Measure both shortcuts against 300 sampled
# masks, on networks trained with DropConnect, true labels.


# %% experiment
def train_connect(seed, p, steps=200):
    """Return weight and bias of a first layer trained with dropped weights."""
    torch.manual_seed(seed)
    first, last = nn.Linear(196, 64).to(DEVICE), nn.Linear(64, 10).to(DEVICE)
    parameters = [*first.parameters(), *last.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3)
    for _ in range(steps):
        rows = torch.randint(len(train.x), (50,), device=DEVICE)
        hidden = F.linear(train.x[rows], F.dropout(first.weight, p), first.bias).relu()
        optimizer.zero_grad()
        F.cross_entropy(last(hidden), train.y[rows]).backward()
        optimizer.step()
    return first.weight.detach(), first.bias.detach()


def shortcut_errors(seed, p=0.5, masks=300):
    """Error of both shortcuts, in % of the mean activations over sampled masks."""
    weight, bias = train_connect(seed, p)
    x, normal = val.x[:50], torch.distributions.Normal(0.0, 1.0)
    sampled = [F.linear(x, F.dropout(weight, p), bias).relu() for _ in range(masks)]
    goal = torch.stack(sampled).mean(0)
    mu = F.linear(x, weight, bias)
    sigma = (p / (1 - p) * x**2 @ (weight**2).T).sqrt()
    ratio = (mu / sigma).cpu()
    below, density = normal.cdf(ratio).to(mu), normal.log_prob(ratio).exp().to(mu)
    guesses = mu.relu(), mu * below + sigma * density
    return [100 * ((guess - goal).norm() / goal.norm()).item() for guess in guesses]


misses = torch.tensor([shortcut_errors(seed) for seed in SEEDS]).T  # (2, seeds)

# %% results
with results(varies="8 initializations, orders and draws of masks") as table:
    table.arms(
        {"whole matrix": misses[0], "Gaussian of the same moments": misses[1]},
        paired_with="whole matrix",
        unit="% error of the mean activations",
    )

# %% [markdown]
# The Gaussian is about three times nearer to the mean over masks, and most of what is
# left of its error is the noise of 300 samples: with 4,000 (not shown) 0.5 % remains.
# Accuracy is another question: the paper reports slightly fewer errors than dropout in
# most of its comparisons, but dropout, which is simpler and cheaper, is what stayed in
# use.
#
# ## One network instead of an ensemble
#
# How many networks has dropout trained? A hidden layer of 64 units has $2^{64}$
# subsets, some 18 billion billion, and each makes its own prediction. An *ensemble*,
# that is, several models whose predictions are averaged, usually beats a typical one
# of its members, but nobody can run this many. Still, textbooks say that we do:
# dropout off, *one* forward pass, and out comes "the average of the thinned networks".
# Is that true? And if so, which kind of average is meant?
#
# A well-known way to train an ensemble is *bagging* (Breiman 1996): each member gets
# a sample of the training examples, drawn with replacement, and is trained to the end
# by itself. Dropout's members are different in two ways. They share their weights, and
# of so many nearly all are never trained themselves: their weights come from the
# training steps of others. Hinton and others (2012) call it an extreme form of
# bagging.

# %% figure
plots.show(
    pictures.family(),
    alt="A network with six hidden units, and three thinned versions of it in which "
    "some hidden units and their connections are missing.",
)

# %% [markdown]
# Take one hidden layer, dropout behind it, and then the output layer. With hidden
# activations $\mathbf h$ and a mask $\mathbf m$ the logits of the thinned network are
#
# $$\mathbf z(\mathbf m) = W\,\frac{\mathbf m \odot \mathbf h}{1-p} + \mathbf b .$$
#
# The ReLU has done its work *before* the mask comes. On its way to the logits the mask
# is only multiplied by numbers, and the products are added. So **the logits are linear
# in the mask**, and for a linear function the average of the outputs is the output of
# the average. The average of $\mathbf m/(1-p)$ is a vector of ones, hence the average
# logits of all thinned networks are exactly those of the network with dropout off.
#
# An ensemble averages probabilities, though, and not logits. Between the two stands
# the softmax, which makes a sum of logits into a product of probabilities. Averaging
# logits therefore means taking the *geometric* mean of the probabilities
# $P_{\mathbf m}$, and rescaling it so that the classes sum to one:
#
# $$\frac{1}{Z}\prod_{\mathbf m} P_{\mathbf m}(k)^{\Pr(\mathbf m)}
# = \text{softmax}_k(W \mathbf h + \mathbf b).$$
#
# <details><summary>The four lines in full</summary>
#
# Each network has $\log P_{\mathbf m}(k) = z_k(\mathbf m) - c(\mathbf m)$, where
# $c(\mathbf m)$, the logarithm of softmax's denominator, is the same for all classes.
#
# Take the average over masks: $\sum_{\mathbf m}\Pr(\mathbf m)\log P_{\mathbf m}(k) =
# \mathbb{E}[z_k(\mathbf m)] - \mathbb{E}[c(\mathbf m)]$.
#
# The logits are linear in the mask, so $\mathbb{E}[z_k(\mathbf m)] =
# z_k(\mathbb{E}[\mathbf m]) = (W\mathbf h + \mathbf b)_k$.
#
# Exponentiate: the geometric mean is $e^{(W\mathbf h + \mathbf b)_k}$ times a number
# that does not depend on $k$. Rescaling removes that number and leaves the softmax.
#
# </details>
#
# So behind one hidden layer, switching dropout off gives exactly the *normalized
# geometric mean* of all thinned networks, each counted with the probability that
# dropout draws it, at every $p$ (Baldi and Sadowski 2013). Ten hidden units have 1,024
# masks, few enough to visit all.


# %% experiment
g = torch.Generator().manual_seed(4)
ten_units = torch.randn(10, generator=g).double().relu() + 0.2
to_logits = torch.randn(10, 3, generator=g).double() / 2
masks = torch.cartesian_prod(*[torch.tensor([0.0, 1.0]).double()] * 10)  # (1024, 10)
whole = (ten_units @ to_logits).softmax(-1)
means = {}
for p in (0.5, 0.9):
    kept = masks.sum(1)
    chance = (1 - p) ** kept * p ** (10 - kept)  # (1024,): sums to 1
    logs = (masks * ten_units / (1 - p) @ to_logits).log_softmax(-1)  # (1024, 3)
    geometric = (chance @ logs).softmax(-1)
    means[p] = {
        "whole": whole,
        "geometric": geometric,
        "arithmetic": chance @ logs.exp(),
    }
    gap = (geometric - whole).abs().max()
    print(f"p = {p}: the geometric mean differs from the whole network by {gap:.0e}")

# %% results
panels = {}
for p, m in means.items():
    tops = [m[name].max() for name in ("whole", "arithmetic")]
    panels[f"p = {p}: one pass {tops[0]:.2f}, arithmetic mean {tops[1]:.2f}"] = m
plots.show(
    pictures.means_beside(panels),
    alt="Bars for three classes: whole network and geometric mean are equal; the "
    "arithmetic mean spreads its probability more evenly, most so at p = 0.9.",
)
with results():
    sentence = "Behind one hidden layer the geometric mean is the whole network."
    gap = max((m["geometric"] - m["whole"]).abs().max().item() for m in means.values())
    claim("dropout.geometric", sentence, gap, "within 1e-6")

# %% [markdown]
# The geometric mean and the single pass agree up to rounding, at both rates. The
# ordinary, arithmetic mean is less sure of itself, and at $p = 0.9$ very much so. In a
# product a single network that finds a class nearly impossible rules that class out,
# whatever the others say; in a sum it counts only once. If you want the arithmetic
# mean, as notebook 09 will, you have to sample.
#
# ### Exercise 2.6 · The average of thinned networks (3 points, ~12 min)
#
# **Given** a `model` that returns logits (N, K) and may be in any mode, `x` (N, …), and
# `n_samples`. **Return** the mean over `n_samples` thinned networks of their softmax
# probabilities, (N, K), without gradients. Afterwards every module in the model has the
# mode it had before.
#
# **By hand:** `Dropout(0.5)` on the input 1, then logits $(w\,\tilde{x}, 0)$ with $w =
# \tfrac12 \ln 9$. Kept, $\tilde{x} = 2$ and the probabilities are (0.9, 0.1); dropped,
# they are (0.5, 0.5). The mean is (0.7, 0.3). Averaging the *logits* would give (0.75,
# 0.25): the whole network again.
#
# <details><summary>Hint 1</summary>
# Which mode must the dropout layers be in while you sample?
# </details>
# <details><summary>Hint 2</summary>
# <code>model.modules()</code> walks over the model and everything inside. Remember each
# one's <code>training</code> first.
# </details>
# <details><summary>Hint 3</summary>
# <code>modes = [(m, m.training) for m in model.modules()]</code>, then
# <code>model.train()</code>, the sum of <code>model(x).softmax(-1)</code> under
# <code>torch.no_grad()</code>, and the modes put back one by one.
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
# The example worked by hand, with 2,000 samples: expect two right digits.


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
# ## Where the shortcut stops being exact
#
# The argument used one thing only: that nothing bends between mask and logits. With
# three hidden layers, and dropout behind each, there are ReLUs in between. Follow some
# images through trained networks: at each layer's output before its activation (the
# *pre-activations* of the hidden layers, and the logits), compare the mean over 1,000
# masks with the single pass, dropout off. Where do the two part first?

# %% predict
predict(
    "dropout.part",
    "In which layer does the single pass first differ from the mean over masks?",
    ["hidden layer 1", "hidden layer 2", "hidden layer 3", "only in the logits"],
)

# %% experiment
deep = train_population(
    partial(mlp, (196, 64, 64, 64, 10)),
    (train.x, noisy.repeat(2, 1)),
    own_data={"train": "y"},
    **grid(dropout=[0.5, 0.75], seeds=SEEDS),
    steps=1200,
    batch_size=50,
    lr=2e-3,
    record_every=1200,
)


@torch.no_grad()
def layer_by_layer(net, p, x):
    """Return the pre-activations of every layer, with masks of rate p."""
    found = []
    for layer in (module for module in net if isinstance(module, nn.Linear)):
        found.append(layer(x))
        x = F.dropout(found[-1].relu(), p)
    return found


def shortcut_gaps(net, p, masks=1000, x=val.x[:25]):
    """Distance of the single pass from the mean over masks, % of its spread, per layer."""
    torch.manual_seed(0)  # the masks do not depend on what you ran before
    single = layer_by_layer(net, 0.0, x)
    many = layer_by_layer(net, p, x.repeat(masks, 1))
    means = [z.view(masks, len(x), -1).mean(0) for z in many]
    pairs = zip(single, means, strict=True)
    return [100 * ((a - b).pow(2).mean().sqrt() / a.std()).item() for a, b in pairs]


def deep_nets(p):
    return [deep.member(k) for k in deep.where(dropout=p).tolist()]


gaps = {
    p: torch.tensor([shortcut_gaps(n, p) for n in deep_nets(p)]) for p in (0.5, 0.75)
}

# %% [markdown]
# Does it matter for the answer? For that, the accuracy of the single pass beside that
# of the arithmetic mean over 50 thinned networks.


# %% experiment
@torch.no_grad()
def single_and_average(net, samples=50, images=500):
    """Validation accuracy (%) of one pass without dropout, and of the sampled mean."""
    torch.manual_seed(0)
    x, y = val.x[:images], val.y[:images]
    single = net.eval()(x)
    many = net.train()(x.repeat(samples, 1)).softmax(-1)
    mean = many.view(samples, images, 10).mean(0)
    return [100 * accuracy(scores, y) for scores in (single, mean)]


in_depth = {
    p: torch.tensor([single_and_average(n) for n in deep_nets(p)]).T
    for p in (0.5, 0.75)
}

# %% results
layers = ("hidden layer 1", "hidden layer 2", "hidden layer 3", "logits")
with results(varies="8 initializations, orders and draws of false labels") as table:
    recall("dropout.part", 3)
    for p in (0.5, 0.75):
        table.arms(
            {f"{name}, p = {p}": gaps[p][:, k] for k, name in enumerate(layers)},
            unit="distance, % of the spread",
            digits=1,
        )
        single, mean = in_depth[p]
        arms = {f"one pass, p = {p}": single, f"mean of 50, p = {p}": mean}
        table.arms(arms, paired_with=f"one pass, p = {p}", unit="% accuracy")
    sentence = "At p = 0.5 one pass and the mean of 50 are equally accurate, ± 1.5."
    single, mean = in_depth[0.5]
    claim("dropout.shortcut", sentence, mean - single, "within 1.5", **points)

# %% [markdown]
# Hidden layer 1 has seen no mask yet, so its gap is 0. The pre-activations of layer 2
# are a weighted sum of masked numbers: linear in the mask, hence equal in the mean.
# What the table shows there is the noise of 1,000 samples. Then comes the first ReLU
# *behind* a mask. A pre-activation that is negative on average is positive under some
# masks, and those count, while the single pass says 0: the mean of a ReLU is larger
# than the ReLU of the mean. So the gap opens at layer 3 and grows in the logits, and
# more so at larger $p$, where the masks scatter the pre-activations more widely.
#
# Still, at $p = 0.5$ the single pass is as accurate as fifty samples, at a fiftieth of
# the price: the gap in the logits is 7 % of their spread, so only images whose two top
# classes are that close can change sides. That is why everybody uses the shortcut. At
# 0.75 the gap is half of the spread; but there the networks have learned much less,
# and the mean of fifty is no better either. With the ten units it was the confidence
# that differed, and that is what notebook 09 samples for.
#
# ## Where dropout stands today
#
# Dropout made its name in the two large fully connected layers of AlexNet. Today's
# convolutional networks rely more on BatchNorm (notebook 10) and augmentation (07),
# and many drop whole residual branches instead (06). In transformers (11) dropout sits
# in up to three places: on the sum of embeddings and positions, on the output of each
# sublayer before it is added to the residual stream (both with $p = 0.1$ in Vaswani
# and others 2017), and on the attention weights. Large language models that see each
# text only once have little chance to memorize: PaLM was trained without dropout, and
# mostly fine-tuned with 0.1 (Chowdhery and others 2022). For models that *under*fit,
# Liu and others (2023) use it in the first epochs alone (*early dropout*): a small
# vision transformer on ImageNet reaches 73.9 % without, 67.9 % with dropout
# throughout, and 74.3 % with early dropout. The low middle number is presumably what
# you have seen with 8 units: there is no room to spare.
#
# <details><summary>A box: SELU and alpha dropout</summary>
# SELU (Klambauer and others 2017) is an activation built so that mean 0 and variance 1
# are kept from layer to layer. A unit dropped to 0 disturbs that, since the "silent"
# end of SELU is about −1.76. <em>Alpha dropout</em> sets dropped units there, then
# shifts and scales so that both moments survive. Use <code>nn.AlphaDropout</code> with
# SELU only: its constants are derived for that activation.
# </details>
#
# There is also advice on *rates by layer*: a little on the inputs (0.2 in Hinton and
# others 2012), and more toward the output. We try it, with three hidden layers and
# 20 % false labels: three ways to spread a mean rate of 0.3, and 0.2 on the pixels in
# addition.

# %% predict
predict(
    "dropout.layers",
    "Rates that rise toward the output or rates that fall: which end ahead?",
    ["0.1, 0.3, 0.5 (rising)", "0.5, 0.3, 0.1 (falling)", "no difference"],
)


# %% experiment
def with_rates(rates, pixels):
    """Build three hidden layers of 64, each followed by dropout at its own rate."""
    net = mlp((196, 64, 64, 64, 10))
    layers = [module for module in net if isinstance(module, MemberDropout)]
    for layer, rate in zip(layers, rates, strict=True):
        layer.p = rate
    if pixels:
        net.insert(1, MemberDropout(pixels))  # behind Flatten
    return net


spread = {
    "0.3, 0.3, 0.3": ((0.3, 0.3, 0.3), 0.0),
    "0.1, 0.3, 0.5": ((0.1, 0.3, 0.5), 0.0),
    "0.5, 0.3, 0.1": ((0.5, 0.3, 0.1), 0.0),
    "0.2 on pixels, then 0.3, 0.3, 0.3": ((0.3, 0.3, 0.3), 0.2),
}
by_layer = {}
for name, (rates_of, pixels) in spread.items():
    run = train_population(
        partial(with_rates, rates_of, pixels),
        (train.x, noisy),
        own_data={"train": "y"},
        val=val,
        seeds=SEEDS,
        steps=1200,
        batch_size=50,
        lr=2e-3,
        record_every=400,
    )
    by_layer[name] = 100 * run.val_accuracy  # after 400, 800, 1,200 steps: (3, seeds)

# %% results
ahead = by_layer["0.5, 0.3, 0.1"] - by_layer["0.1, 0.3, 0.5"]  # falling minus rising
with results(varies="8 initializations, orders and draws of false labels") as table:
    last = {name: values[-1] for name, values in by_layer.items()}
    table.arms(last, paired_with="0.3, 0.3, 0.3", unit="% accuracy")
    after = {
        f"after {k} steps": gap for k, gap in zip((400, 800, 1200), ahead, strict=True)
    }
    table.arms(after, unit="points, falling minus rising")
    recall("dropout.layers", 2)
    sentence = "After 1,200 steps falling rates are ahead of rising ones."
    claim("dropout.falling", sentence, ahead[-1], "> 0", **points)

# %% [markdown]
# Here the advice to raise the rates is wrong: falling rates do better than rising
# ones. A little dropout on the pixels adds something, too. The lower table shows that
# the difference comes late, with the memorizing. A likely reason is that false labels
# are stored in our first layer, which holds most of the weights (196 × 64); in AlexNet
# most were near the output. With true labels (not shown) all four came out within half
# a point of each other.
#
# ## Dropout on the inputs is a kind of L2
#
# One more place remains, the inputs. There dropout can be understood completely, and
# it turns out to be a penalty that you know. Take one linear unit with a squared
# error. Write $\tilde x_j = m_j x_j/(1-p)$ for the masked inputs, and ask for the
# error that training sees *on average over the masks*:
#
# $$\mathbb{E}\Big[\big(y - \mathbf{w}^\top \tilde{\mathbf{x}}\big)^2\Big]
# = \big(y - \mathbf{w}^\top \mathbf{x}\big)^2
# + \operatorname{Var}\big(\mathbf{w}^\top \tilde{\mathbf{x}}\big).$$
#
# That is bias and variance again (notebook 01): a random number with mean
# $\mathbf{w}^\top\mathbf{x}$ misses $y$ by the square of its mean error, plus its
# variance. The coins are independent, so the variance of the sum is the sum of the
# variances of $w_j x_j \cdot m_j/(1-p)$. The factor $m_j/(1-p)$ has mean 1, and $m_j^2
# = m_j$ because a coin is 0 or 1. So its variance is
#
# $$\mathbb{E}\Big[\frac{m_j^2}{(1-p)^2}\Big] - 1 = \frac{1-p}{(1-p)^2} - 1
# = \frac{p}{1-p}.$$
#
# Averaged over the $n$ examples, dropout has added to the mean squared error the
# penalty
#
# $$\frac{p}{1-p} \sum_j w_j^2 \cdot \frac1n \sum_i x_{ij}^2 .$$
#
# It is an L2 penalty, with one difference: each weight pays in proportion to the mean
# square of *its* feature (Srivastava and others 2014, section 9.1; Wager and others
# 2013, who call it *adaptive*).
#
# Look back at what the derivation used: that the factor has mean 1 and variance
# $p/(1-p)$. That it is either 0 or $1/(1-p)$ played no part. So this view of dropout
# is *noise that multiplies*, and other noise of the same mean and variance adds the
# same penalty. Srivastava and others (section 10) multiplied hidden units by Gaussian
# factors of mean 1 and the variance of dropout 0.5, which is 1, and got results at
# least as good. A network that must answer correctly under such noise has to give
# nearly the same answer nearby, which is what the penalty on $w_j^2$ says for a linear
# unit. Noise that is *added* to the inputs does something similar (notebook 11, *Noise
# on purpose*).
#
# ### Exercise 2.7 · The penalty that dropout is (2 points, ~10 min)
#
# **Given** `x` (n, d), `w` (d,) and `p` in [0, 1); another `p` raises `ValueError`,
# which is in the stub already. **Return** the penalty above as a 0-dim tensor,
# differentiable in `w`.
#
# **By hand:** `x = [[1, 2], [3, 0]]`, `w = [2, -1]`, `p = 0.2`. The mean squares of the
# features are 5 and 2, the squared weights 4 and 1, so the sum is 22; $p/(1-p) = 0.25$,
# and the penalty is 5.5.
#
# <details><summary>Hint 1</summary>
# One number of feature j comes from <code>w</code>, the other from a column of
# <code>x</code>.
# </details>
# <details><summary>Hint 2</summary>
# <code>(x**2).mean(0)</code> is the mean square of each feature, (d,).
# </details>
# <details><summary>Hint 3</summary>
# <code>p / (1 - p) * (w**2 * (x**2).mean(0)).sum()</code>
# </details>


# %% solution="dropout_penalty"
def dropout_penalty(x: torch.Tensor, w: torch.Tensor, p: float) -> torch.Tensor:
    """Return what dropout on the inputs adds to the mean squared error of x @ w.

    p/(1-p) * sum over j of w_j^2 * mean over i of x_ij^2 (about 1 line to write).

    Args:
        x: floating, (n, d). w: like x, (d,).
        p: probability of *dropping* an input, in [0, 1); else ValueError.

    Returns: 0-dim, dtype of x, differentiable in w. Example: the case worked by hand
    gives 5.5.
    """
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    ### BEGIN SOLUTION
    return p / (1 - p) * (w**2 * (x**2).mean(0)).sum()
    ### END SOLUTION


# %% [markdown]
# The example worked by hand; then the penalty that 100,000 sampled masks show, beside
# yours: two digits should agree.


# %% look
def by_sampling(x, w, p, target, draws=100_000):
    """Mean squared error with sampled masks, minus that without."""
    noise = torch.rand(draws, *x.shape, generator=torch.Generator().manual_seed(0)) >= p
    errors = target - (noise * x / (1 - p)) @ w  # (draws, n)
    return (errors**2).mean() - ((target - x @ w) ** 2).mean()


two_rows, two_weights = (
    torch.tensor([[1.0, 2.0], [3.0, 0.0]]),
    torch.tensor([2.0, -1.0]),
)
look(lambda: dropout_penalty(two_rows, two_weights, 0.2), torch.tensor(5.5))
look(
    lambda: dropout_penalty(two_rows, two_weights, 0.4),
    by_sampling(two_rows, two_weights, 0.4, torch.tensor([1.0, 5.0])),
)

# %% test="dropout_penalty" points=2
check.dropout_penalty(dropout_penalty)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("02_dropout_from_scratch").dropout_penalty(dropout_penalty, seed=20_171)
### END HIDDEN TESTS

# %% [markdown]
# What does that difference do? Take five features that matter equally but are measured
# in different units, so that their sizes run from ¼ to 4, and their true weights from
# 4 to ¼. Fit them by least squares on 2,000 masked copies of the data, with $p = 0.5$;
# by the formula, without masks; and by plain ridge regression (exercise 1.2), with the
# same mean penalty per weight.

# %% predict
predict(
    "dropout.units",
    "What happens to the weight of the smallest feature, compared with the largest?",
    [
        "both methods shrink both by the same part",
        "ridge shrinks the small feature's weight more; dropout both by the same part",
        "dropout shrinks the small feature's weight more; ridge both by the same part",
    ],
)

# %% experiment
g = torch.Generator().manual_seed(5)
sizes = torch.tensor([0.25, 0.5, 1.0, 2.0, 4.0])
true_weights = 1 / sizes  # each feature contributes as much as any other
features = torch.randn(200, 5, generator=g) * sizes
targets = features @ true_weights + 0.5 * torch.randn(200, generator=g)

p, copies = 0.5, 2000
gram = features.T @ features  # n times the mean squares stand on its diagonal
price = p / (1 - p) * gram.diagonal()
formula = torch.linalg.solve(gram + price.diag(), features.T @ targets)
ridge = torch.linalg.solve(gram + price.mean() * torch.eye(5), features.T @ targets)

fitted = []
for seed in SEEDS:
    g = torch.Generator().manual_seed(seed)
    many = features.repeat(copies, 1)  # (400,000, 5)
    masked = many * (torch.rand(many.shape, generator=g) >= p) / (1 - p)
    fit = torch.linalg.lstsq(masked, targets.repeat(copies)[:, None]).solution[:, 0]
    fitted.append(fit)

# %% results
fig = pictures.weights_by_size(
    sizes,
    {
        "plain ridge": ridge,
        "formula: L2 × size²": formula,
        "2,000 masked copies": fitted[0],
    },
    true_weights,
)
fig.axes[0].set_title("Dropout halves every weight; ridge depends on the unit")
plots.show(
    fig,
    alt="The dots of the masked copies lie on the line of the formula, near 50 % for all "
    "sizes; plain ridge leaves almost nothing of the smallest and most of the largest.",
    after="dropout.units",
)

distance = [100 * ((fit - formula).norm() / formula.norm()).item() for fit in fitted]
far = 100 * ((ridge - formula).norm() / formula.norm()).item()
print(f"plain ridge differs from the formula by {far:.0f} % of its length")
with results(varies="8 draws of masks; one data set"):
    recall("dropout.units", 2)
    sentence = "Masked copies give the formula's weights, up to 2 % of their length."
    claim("dropout.inputs", sentence, distance, "within 2", unit="%")

# %% [markdown]
# The circles lie on the line: least squares on masked copies *is* ridge regression,
# with a strength of its own for each weight. Why is the line flat, at one half? If
# features do not depend on each other, weight $j$ minimizes $s_j (w_j - \hat w_j)^2 +
# \frac{p}{1-p} s_j w_j^2$, where $s_j$ is the mean square of the feature and $\hat w_j$
# the least squares weight. So $s_j$ cancels, and $w_j = (1-p)\, \hat w_j$. Rescale a
# feature from meters to miles, and dropout does not notice, while plain ridge crushes
# the weight of whatever happens to be measured in small numbers. (This is why people
# standardize features before ridge.)
#
# The argument needs a linear unit and a squared error. For logistic regression Wager
# and others find nearly the same with the feature's *Fisher information* in place of
# its mean square, which makes rare but decisive features cheap. For a whole network
# there is no such formula, which is why this notebook had to measure.
#
# ## Test yourself
#
# Ten questions, each answer with its reason, and then flashcards.

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
# 2. It makes units depend less on each other, and gains accuracy where there is
#    something harmful to learn by heart, such as false labels, and the layer has units
#    to spare; here stopping in time gained nearly as much.
# 3. One pass is the *geometric* mean of all thinned networks, exactly behind one hidden
#    layer; dropout on the inputs of a linear unit is L2 with the features' mean squares.
#
# **Pitfalls**
#
# - `F.dropout(x, p)` drops in eval mode, too: pass `self.training`, or use `nn.Dropout`.
# - In some papers and older libraries `p` or `keep_prob` is the probability of *keeping*.
# - A mask drawn in `__init__` is not dropout but a smaller network.
# - A mask written into the parameter is never taken back.
# - A schedule that was tuned without dropout is too short with it, and a layer that was
#   just wide enough is too narrow.
# - Dropout before a BatchNorm layer shifts its statistics: notebook 10.
#
# **References**
#
# - Hinton and others (2012). *Improving neural networks by preventing co-adaptation of
#   feature detectors.* [arXiv:1207.0580](https://arxiv.org/abs/1207.0580)
# - Srivastava and others (2014). *Dropout: a simple way to prevent neural networks from
#   overfitting.* [JMLR 15](https://jmlr.org/papers/v15/srivastava14a.html)
# - Krizhevsky and others (2012). *ImageNet classification with deep convolutional neural
#   networks.* Section 4.2.
#   [NeurIPS 25](https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks)
# - Hinton (2014). *Ask me anything.* The bank tellers.
#   [reddit.com](https://www.reddit.com/r/MachineLearning/comments/2lmo0l/ama_geoffrey_hinton/)
# - Wan and others (2013). *Regularization of neural networks using
#   DropConnect.* [PMLR 28](https://proceedings.mlr.press/v28/wan13.html)
# - Breiman (1996). *Bagging predictors.*
#   [Machine Learning 24](https://doi.org/10.1007/BF00058655)
# - Baldi, Sadowski (2013). *Understanding dropout.* On the geometric mean.
#   [NeurIPS 26](https://papers.nips.cc/paper/4878-understanding-dropout)
# - Wager and others (2013). *Dropout training as adaptive regularization.*
#   [arXiv:1307.1493](https://arxiv.org/abs/1307.1493)
# - Tompson and others (2015). *Efficient object localization using convolutional
#   networks.* [arXiv:1411.4280](https://arxiv.org/abs/1411.4280)
# - Klambauer and others (2017). *Self-normalizing neural networks.*
#   [arXiv:1706.02515](https://arxiv.org/abs/1706.02515)
# - Vaswani and others (2017). *Attention is all you need.*
#   [arXiv:1706.03762](https://arxiv.org/abs/1706.03762)
# - Chowdhery and others (2022). *PaLM: scaling language modeling with pathways.*
#   [arXiv:2204.02311](https://arxiv.org/abs/2204.02311)
# - Liu and others (2023). *Dropout reduces underfitting.*
#   [arXiv:2303.01500](https://arxiv.org/abs/2303.01500)
# - Xiao and others (2017). *Fashion-MNIST.*
#   [arXiv:1708.07747](https://arxiv.org/abs/1708.07747)
#
# **Next:** [03 · L1 and L2](../03_l1_l2/03_l1_l2.ipynb) goes on where the last section
# ended: it puts a price on the size of weights instead of dropping units, and shows
# under which condition "L1 gives zeros" is true.
