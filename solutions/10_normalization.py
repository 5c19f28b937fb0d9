# %% [markdown]
# # 10 · Why do BatchNorm and dropout quarrel, and do they have to?
#
# A team trains a small convolutional network with BatchNorm on pictures of clothes. After
# a few minutes it fits every training image, and on new images it is stuck at about 75 %:
# it overfits. Somebody says "then regularize it", and adds `Dropout(0.5)` after every
# BatchNorm block. The next morning the network is several points *worse*, and the meeting
# about it is short: "BatchNorm and dropout do not work together. Everybody knows that."
#
# There is a well-known explanation, too. Xiang Li and others (2019) found that dropout
# changes the *variance* of what a BatchNorm layer receives, that BatchNorm stores this
# variance during training, and that at evaluation, when dropout is off, the stored number
# is wrong. In their DenseNet on CIFAR-100, dropout of 0.5 in each bottleneck block lowered
# the test accuracy from 77.42 % to 68.55 %. They call it *variance shift*.
#
# Is that what happened to our team? It would be easy to say yes. In this notebook you will
# derive the shift, measure it, repair it, and then find out whether the repaired network
# is any better. Before that you have to know BatchNorm itself.
#
# When you are done you can
#
# - write BatchNorm and LayerNorm, including what BatchNorm stores and when it uses it,
# - say what BatchNorm does for the learning rate, how it regularizes, and how small a
#   batch it can bear,
# - compute by how much dropout shifts a variance, and mend stored statistics,
# - tell a network that suffers from the shift from one that has too much dropout,
# - fold a BatchNorm into the layer before it, for use.
#
# **You need:** notebook 02 (inverted dropout: `p` is the probability of dropping,
# survivors are divided by $1-p$) and the blocks of notebook 06.
# **Time:** about 120 minutes; the computing takes about a minute on a slow CPU.

# %% setup
import copy

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import normalization as demos_norm
from helpers.device import device
from helpers.evidence.arms import rate_sweep, train_arm, train_arms
from helpers.evidence.claims import claim, results
from helpers.evidence.metrics import accuracy
from helpers.evidence.normalization import (
    ChannelDropout,
    StochasticDepth,
    input_movement,
    variance_shifts,
)
from helpers.population import MemberDropout
from helpers.show import plots
from helpers.show.labels import labeled_images
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import one_thread

plots.use_course_style()
check = load("10_normalization")

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("10_normalization")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## The data
#
# We use 1,000 small Fashion-MNIST images, 14 × 14 pixels in gray, of ten kinds of clothes,
# and 1,000 others for validation. In most experiments all labels are true, as they were
# for the team. In two of them there are also networks for which a fifth of the training
# labels is false (exactly 200, drawn once). A false label can only be learned by heart, so
# with such labels one sees best what a regularizer prevents.

# %%
SEEDS = range(8)
DEVICE = device()
splits = data.fashion_mnist(1000, 1000, size=14, device=DEVICE)
train, val = splits.train, splits.val
flat_train = data.Split(train.x.flatten(1), train.y)
flat_val = data.Split(val.x.flatten(1), val.y)
noisy_labels, flipped = data.corrupt_labels(
    train.y, 10, 0.2, torch.Generator().manual_seed(0)
)

# %% figure
right_ones, false_ones = (~flipped).nonzero()[:3, 0], flipped.nonzero()[:3, 0]
chosen = torch.cat([right_ones, false_ones])
told, truth = (
    [data.CLASS_NAMES[k] for k in labels[chosen].tolist()]
    for labels in (noisy_labels, train.y)
)
fig = labeled_images(
    flat_train.x[chosen],
    told,
    truth,
    title=f"In two experiments {int(flipped.sum())} of {len(train.y)} labels are false",
)
plots.show(
    fig,
    alt="Six small gray images of clothes; three carry a false label, with the true one "
    "under it.",
)

# %% [markdown]
# Guessing gets 10 % of the validation images right. With all 60,000 images a good
# convolutional network reaches 93 % and more. With 1,000 images expect less, and look at
# differences.
#
# ## What BatchNorm computes
#
# What a layer deep inside a network receives is made by the layers in front of it. These
# change with every step, and with them the scale of everything that arrives. Sergey Ioffe
# and Christian Szegedy (2015) proposed to take the scale out. For each unit (in an image
# network, for each *channel*), look at its $n$ values in the present batch, subtract
# their mean, and divide by their standard deviation. Then let the network choose a new
# scale $\gamma$ and a new place $\beta$, which it learns like any other weights:
#
# $$\mu_B = \frac1n\sum_i x_i, \qquad \sigma_B^2 = \frac1n\sum_i (x_i-\mu_B)^2, \qquad
# y_i = \gamma\,\frac{x_i-\mu_B}{\sqrt{\sigma_B^2+\varepsilon}} + \beta .$$
#
# The small $\varepsilon$ keeps the division finite where all values are equal. In the code
# $\gamma$ is `weight`, $\beta$ is `bias`, $\varepsilon$ is `eps`. For images of shape
# (N, C, H, W) a channel is one unit that is seen at every position, so its $n$ values are
# those of all examples *and* all positions, $n = N \cdot H \cdot W$.
#
# At evaluation there may be no batch. One image has no variance, and the answer for it
# should not depend on its neighbors. So training also keeps a moving average of the means
# and variances it sees, and evaluation uses these *running statistics*:
#
# $$\text{running} \leftarrow (1-m)\cdot\text{running} + m\cdot\text{batch}.$$
#
# Two traps are hidden here. PyTorch's momentum $m = 0.1$ is the weight of the *new* value,
# while TensorFlow's `momentum=0.99` is that of the old one. And what is stored is not
# $\sigma_B^2$ but the unbiased estimate, with divisor $n-1$: evaluation wants the variance
# of the population, which a sample's $\sigma_B^2$ underestimates by the factor $(n-1)/n$.
#
# Keep one sentence in mind for later: **in training BatchNorm uses one set of numbers, at
# evaluation another.** As long as the two agree, the difference does not show.
#
# ### Exercise 10.1 · BatchNorm (3 points, ~15 min)
#
# **Given** `x` of shape (N, C, …) with any number of further dimensions; `weight`, `bias`,
# `running_mean`, `running_var` of shape (C,); the flag `training`, `momentum`, `eps`. In
# training each channel has at least two values.
# **Return** what `F.batch_norm` returns, with the same gradients. In training also update
# `running_mean` and `running_var` *in place*; evaluation leaves them alone. Write it from
# scratch: without torch's own normalization functions.
#
# **By hand:** the batch `[[1], [3]]` has mean 2 and variance $\sigma_B^2 = 1$, so it becomes
# `[[-1], [1]]` (nearly, because of eps). The unbiased variance is 2: from running values
# 0 and 1, `running_mean` becomes 0.2 and `running_var` $0.9 \cdot 1 + 0.1 \cdot 2 = 1.1$.
#
# <details><summary>Hint 1</summary>
# Average over every dimension but 1: <code>dims = [0, *range(2, x.ndim)]</code>. What has
# the shape (C,) must be given the shape (1, C, 1, …, 1) before it meets x.
# </details>
# <details><summary>Hint 2</summary>
# <code>x.var(dims, correction=0)</code> has the divisor n. With <code>n = x.numel() //
# x.shape[1]</code>, the unbiased one is <code>var * n / (n - 1)</code>. Update under
# <code>torch.no_grad()</code>, with methods that end in an underscore.
# </details>
# <details><summary>Hint 3</summary>
# <code>running_mean.mul_(1 - momentum).add_(momentum * mean)</code>, the same for the
# variance, then <code>(x - mean.view(view)) / (var.view(view) + eps).sqrt()</code> with
# <code>view = (1, -1) + (1,) * (x.ndim - 2)</code>, times weight, plus bias.
# </details>


# %% solution="batch_norm"
def batch_norm(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    running_mean: torch.Tensor,
    running_var: torch.Tensor,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    """Return x normalized per channel, as F.batch_norm does (about 12 lines).

    Args:
        x: (N, C, ...), floating.
        weight, bias: scale and shift, (C,).
        running_mean, running_var: (C,), updated in place in training.
        training: normalize with the batch's statistics; else with the running ones.
        momentum: weight of the *new* value in the running statistics, in [0, 1].
        eps: added to the variance, under the root.

    Returns: a tensor like x. Example: x = [[1], [3]], weight 1 and bias 0 give about
    [[-1], [1]] in training.
    """
    ### BEGIN SOLUTION
    dims, view = [0, *range(2, x.ndim)], (1, -1) + (1,) * (x.ndim - 2)
    if training:
        mean, var = x.mean(dims), x.var(dims, correction=0)
        n = x.numel() // x.shape[1]
        with torch.no_grad():
            running_mean.mul_(1 - momentum).add_(momentum * mean)
            running_var.mul_(1 - momentum).add_(momentum * var * n / (n - 1))
    else:
        mean, var = running_mean, running_var
    normal = (x - mean.view(view)) / (var.view(view) + eps).sqrt()
    return normal * weight.view(view) + bias.view(view)
    ### END SOLUTION


# %% [markdown]
# The batch worked by hand, in training:

# %% look
look(
    lambda: batch_norm(
        torch.tensor([[1.0], [3.0]]),
        *(torch.ones(1), torch.zeros(1), torch.zeros(1), torch.ones(1)),
        training=True,
    ),
    "[[-1], [1]], up to eps",
)

# %% test="batch_norm" points=3
check.batch_norm(batch_norm)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("10_normalization").batch_norm(batch_norm, seed=20_101)
### END HIDDEN TESTS

# %% [markdown]
# ## What it is good for: large steps
#
# The naive way comes first: a plain network of ten layers, 32 wide, initialized as He and
# others recommend, is trained by SGD with momentum at a rate of 0.1. One function makes
# the network; `before` and `after` say what stands on either side of each ReLU, and
# `nn.Identity` is a layer that does nothing.


# %%
def deep(before=nn.Identity, after=nn.Identity, width=32):
    """Ten hidden layers; before(width) and after(width) make a norm, or nothing."""
    modules = []
    for inputs in [196] + 9 * [width]:
        modules += [nn.Linear(inputs, width), before(width), nn.ReLU(), after(width)]
    for linear in modules[::4]:
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
    return nn.Sequential(*modules, nn.Linear(width, 10))


# %% [markdown]
# The loop hides nothing and prints the loss on the way. A network that calls all classes
# equally likely has a loss of $\ln 10 = 2.30$.


# %%
@one_thread()  # so many small operations gain nothing from a second one
def watch(model, lr=0.1, steps=76):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    order = torch.Generator().manual_seed(0)
    for step in range(steps):
        batch = torch.randint(1000, (32,), generator=order)
        loss = F.cross_entropy(model(flat_train.x[batch]), flat_train.y[batch])
        if step % 25 == 0:
            print(f"step {step:3}, loss {loss.item():.2f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


torch.manual_seed(0)
print("without BatchNorm:")
watch(deep().to(DEVICE))

# %%
torch.manual_seed(0)
normed = deep(before=nn.BatchNorm1d).to(DEVICE)
print("with BatchNorm:")
watch(normed)

# %% [markdown]
# At this rate one of the two learns much better. Is BatchNorm the better network, then, or
# is it only that 0.1 is too large a step for the other one? To find out, *both* must be
# allowed their own learning rate. We train populations: six networks for each of five
# rates, which differ in initialization and batch order. `rate_sweep` does that and returns
# the final validation accuracies. A third kind settles a question that every forum has an
# opinion on: does BatchNorm belong before the ReLU, where its authors put it, or after it?

# %% predict
predict(
    "norm.best-rate",
    "Each kind at its own best rate, after 150 steps. The network with BatchNorm is",
    [
        "about as far ahead as at a rate of 0.1",
        "ahead by far less, or not at all",
        "far behind the other",
    ],
)

# %% experiment
RATES = [0.003, 0.01, 0.03, 0.1, 0.3]
DEEP = range(6)  # seeds
KINDS = {
    "no norm": deep,
    "norm before ReLU": lambda: deep(before=nn.BatchNorm1d),
    "norm after ReLU": lambda: deep(after=nn.BatchNorm1d),
}
SGD = {"seeds": DEEP, "optimizer": "sgd", "momentum": 0.9, "batch_size": 32}


def sweep(build, rates=RATES, steps=150):
    """Final validation accuracy in percent, (seeds, rates); NaN counts as guessing."""
    return rate_sweep(build, flat_train, val=flat_val, rates=rates, steps=steps, **SGD)


by_rate = {name: sweep(build) for name, build in KINDS.items()}

# %% [markdown]
# Each of the first two kinds is now trained for twice as many steps, at the rate with its
# highest mean.

# %% experiment
best = {name: int(values.mean(0).argmax()) for name, values in by_rate.items()}
longer = {
    name: sweep(KINDS[name], [RATES[best[name]]], steps=300)[:, 0]
    for name in ("no norm", "norm before ReLU")
}

# %% figure
KIND_COLORS = plots.treatment_colors(KINDS)
ax = None
for name, values in by_rate.items():
    ax = plots.band(RATES, values, label=name, color=KIND_COLORS[name], ax=ax)
ax.axhline(10, color="#808080", linestyle=":", label="guessing")
ax.set_xscale("log")
ax.set(xlabel="learning rate (log scale)", ylabel="validation accuracy (%)")
ax.set(ylim=(0, 100))
ax.set_title("BatchNorm learns at rates where the plain network fails")
ax.legend()
plots.show(
    ax.figure,
    alt="Without a norm accuracy is highest at 0.01 and falls to guessing at 0.3; with "
    "BatchNorm it stays high from 0.01 to 0.1 and falls off slowly at 0.3.",
    after="norm.best-rate",
)

# %% results
initial = "initializations and batch orders; one split"
points = {"unit": "accuracy points"}
at_best = {name: v[:, best[name]] for name, v in by_rate.items()}
with results(varies=f"6 {initial}") as table:
    table.arms(
        {f"{name}, rate 0.1": v[:, 3] for name, v in by_rate.items()},
        paired_with="no norm, rate 0.1",
        unit="% accuracy",
    )
    table.arms(
        {f"{name}, rate {RATES[best[name]]}": v for name, v in at_best.items()},
        paired_with=f"no norm, rate {RATES[best['no norm']]}",
        unit="% accuracy, each at its best rate",
    )
    table.arms(
        {f"{name}, 300 steps": v for name, v in longer.items()},
        paired_with="no norm, 300 steps",
        unit="% accuracy, the same rates",
    )
    claim(
        "norm.large-steps",
        "At a rate of 0.1 the network with BatchNorm is ahead of the one without.",
        by_rate["norm before ReLU"][:, 3] - by_rate["no norm"][:, 3],
        "> 0",
        **points,
    )
    claim(
        "norm.best-rate",
        "With each at the best of five rates, BatchNorm is ahead by less than at 0.1.",
        at_best["norm before ReLU"]
        - at_best["no norm"]
        - (by_rate["norm before ReLU"][:, 3] - by_rate["no norm"][:, 3]),
        "< 0",
        **points,
    )
    claim(
        "norm.order",
        "Before or after the ReLU: within six points of each other, each at its best.",
        at_best["norm after ReLU"] - at_best["norm before ReLU"],
        "within 6",
        **points,
    )
    recall("norm.best-rate", 2)

# %% [markdown]
# Take three things from the picture. At a rate of 0.1 most of the plain networks are near
# guessing, and BatchNorm is 44 points ahead; but that comparison is unfair, as the plain
# network never had a chance at this rate. Each at the best of the five rates, which lies
# inside the grid for every kind, the gap is a few points. And whether BatchNorm stands
# before or after the ReLU makes no difference that six seeds could tell from zero.
#
# With twice as many steps (the last table) the plain network reaches 70.4 % and the one
# with BatchNorm 72.6 %, again a difference that six seeds cannot tell from zero. So what
# BatchNorm has shown here is that it can be trained at rates at which the other cannot, not
# that it ends up higher. The 2015 paper, too, promised speed: on ImageNet it reached the same
# accuracy in a fourteenth of the steps.
#
# Why can it take large steps? Multiply a layer's weights by 10, and the batch's mean and
# standard deviation grow by 10 with them: the output of BatchNorm is unchanged. So the loss
# does not depend on the length of the weights in front of a BatchNorm. If a step is far too
# long, the weights become long, and the output is no worse for it. And because scaling the
# weights by $a$ scales the gradient by $1/a$, the next step is small in proportion. A
# network without a norm has no such brake. (The same argument says what weight decay does
# in front of a BatchNorm, which the end of notebook 04, *Why nearly everybody uses AdamW*,
# left open: it keeps the weights short and so the *effective* steps long. It does not make
# the function simpler.)
#
# ### The story of internal covariate shift
#
# The title of the 2015 paper promises something else: that BatchNorm works by reducing
# *internal covariate shift*, the change of each layer's input distribution during training.
# It is a good story, and it was repeated for years. In 2018 Shibani Santurkar and others
# put it to a test. They added noise *behind* each BatchNorm, with a mean and a variance that
# changed at every step. If stable distributions were the reason, such networks should train
# badly.
#
# Let us do the same. Behind each BatchNorm we put a layer that, at every step, tosses two
# coins per unit: one moves the unit's mean by a quarter of its standard deviation up or
# down, the other stretches or shrinks it by a quarter. All examples of a batch feel the
# same jump, as they would after a change of the layers below; at evaluation there is none.
# To see that the jumps do what they should, we also measure how far the inputs of the sixth
# layer move from one step to the next on 100 fixed images, in units of their own spread.


# %%
class Jumps(nn.Module):
    """New means and scales for all units at every training step."""

    def __init__(self, size=0.25):
        super().__init__()
        self.size = size
        self.coins = nn.ModuleList([MemberDropout(0.5), MemberDropout(0.5)])

    def forward(self, x):  # a coin gives 0 or 2 in training, 1 at evaluation
        shift, stretch = (coin(torch.ones_like(x))[:1] - 1 for coin in self.coins)
        return x * (1 + self.size * stretch) + self.size * shift


def jumping():
    """The ten layers, with jumps behind each BatchNorm."""
    return deep(before=lambda width: nn.Sequential(nn.BatchNorm1d(width), Jumps()))


# %% predict
predict(
    "norm.jumps",
    "Rate 0.1, with means and scales that jump behind each BatchNorm. The accuracy is",
    [
        "as low as without a norm",
        "much nearer to clean BatchNorm than to no norm",
        "higher than with clean BatchNorm",
    ],
)

# %% [markdown]
# `input_movement` trains a new network for ten steps. After each step it shows the 100
# images, in train mode and so with the jumps, to the five layers (of four modules each)
# below the sixth one, and returns how far the units' means move, on average.

# %% experiment
jumpy = sweep(jumping, [0.1])[:, 0]
SETTINGS = {
    "no norm, rate 0.01": (deep, 0.01),
    "BatchNorm, rate 0.1": (KINDS["norm before ReLU"], 0.1),
    "BatchNorm with jumps, rate 0.1": (jumping, 0.1),
}
moved = {}  # name -> (seeds,)
for name, (build, lr) in SETTINGS.items():
    fixed = {"x": flat_val.x[:100], "below": 5 * 4, "lr": lr}
    each = [input_movement(build, flat_train, seed=seed, **fixed) for seed in DEEP]
    moved[name] = torch.tensor(each)

# %% results
at_tenth = {name: v[:, 3] for name, v in by_rate.items()}
with results(varies=f"6 {initial}") as table:
    table.arms(moved, unit="standard deviations per step")
    table.arms(
        {
            "no norm, rate 0.1": at_tenth["no norm"],
            "BatchNorm with jumps, rate 0.1": jumpy,
            "BatchNorm, rate 0.1": at_tenth["norm before ReLU"],
        },
        paired_with="BatchNorm with jumps, rate 0.1",
        unit="% accuracy",
    )
    claim(
        "norm.jumps-move",
        "With jumps behind BatchNorm, inputs move more per step than in a network "
        "without a norm at a rate at which that one learns.",
        moved["BatchNorm with jumps, rate 0.1"] - moved["no norm, rate 0.01"],
        "> 0",
    )
    claim(
        "norm.jumps-train",
        "And yet, at a rate of 0.1, it learns more than the network without a norm.",
        jumpy - at_tenth["no norm"],
        "> 0",
        **points,
    )
    recall("norm.jumps", 2)

# %% [markdown]
# The jumps do what they should: the inputs of the sixth layer move by 0.32 of their standard
# deviation in each step, five times as far as in the network without a norm at its best
# rate (0.06). If stable inputs were what makes large steps possible, this network should be
# the worst of all. But it reaches 57 % at a rate at which the plain one is left at 23 %.
#
# The jumps are not free in our narrow network: clean BatchNorm is 10 points ahead. Santurkar
# and others, with a VGG network on CIFAR-10, saw hardly a price: it trained about as well as
# with clean BatchNorm.
#
# What is the reason, then? They found that BatchNorm makes the loss *smoother*: its gradient
# changes less along a step, so a long step meets fewer surprises. That fits our sweep, but
# we have shown only that stable distributions are not needed for large steps.
#
# ## A norm without a batch
#
# BatchNorm lets the examples of a batch talk to one another. That is awkward where a batch
# is small, or where there is none. What does torch do with a batch of one?

# %%
try:
    nn.BatchNorm1d(3)(torch.randn(1, 3))
except ValueError as error:
    print("training:", error)
with torch.no_grad():
    print("evaluation:", nn.BatchNorm1d(3).eval()(torch.ones(1, 3)).tolist())

# %% [markdown]
# It refuses, and rightly: one value has a variance of 0, and every output would be
# $\beta$. The usual accident is an epoch of 1,001 examples in batches of 50, whose last
# batch has one example (`drop_last=True` is the cure). Jimmy Lei Ba and others (2016)
# average in the other direction: **LayerNorm** takes mean and variance not of one unit
# over all examples, but of one example over all its *features*. It needs no batch, stores
# nothing, and does the same in training and at evaluation.
#
# ### Exercise 10.2 · LayerNorm (2 points, ~6 min)
#
# **Given** `x` with any number of dimensions, `weight` and `bias` of the shape (D,) of its
# last one, and `eps`.
# **Return** `x` normalized over the last dimension, times weight plus bias, as
# `F.layer_norm` does. The variance has the divisor D. From scratch: without torch's own
# normalization functions.
#
# **By hand:** `[[1, 3]]` has mean 2 and variance 1 in its only row, and gives about
# `[[-1, 1]]`. (BatchNorm could do nothing with a single row.)
#
# <details><summary>Hint 1</summary>
# The statistics belong to the examples: dimension -1, for each row by itself.
# </details>
# <details><summary>Hint 2</summary>
# <code>keepdim=True</code> keeps a dimension of length 1, so that mean and variance meet
# their own rows. torch's <code>var</code> divides by D - 1 unless you say otherwise.
# </details>
# <details><summary>Hint 3</summary>
# <code>mean = x.mean(-1, keepdim=True)</code>, <code>var = x.var(-1, correction=0,
# keepdim=True)</code>, <code>(x - mean) / (var + eps).sqrt() * weight + bias</code>.
# </details>


# %% solution="layer_norm"
def layer_norm(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5
) -> torch.Tensor:
    """Return x normalized over its last dimension (about 3 lines).

    Args:
        x: (..., D), floating.
        weight, bias: scale and shift, (D,).
        eps: added to the variance, under the root.

    Returns: a tensor like x. Example: [[1, 3]] with weight 1 and bias 0 gives about
    [[-1, 1]].
    """
    ### BEGIN SOLUTION
    mean = x.mean(-1, keepdim=True)
    var = x.var(-1, correction=0, keepdim=True)
    return (x - mean) / (var + eps).sqrt() * weight + bias
    ### END SOLUTION


# %% [markdown]
# Two rows that are ten times apart in size. Each is normalized by itself:

# %% look
look(
    lambda: layer_norm(
        torch.tensor([[1.0, 3.0], [10.0, 30.0]]), torch.ones(2), torch.zeros(2)
    ),
    "[[-1, 1], [-1, 1]], up to eps",
)

# %% test="layer_norm" points=2
check.layer_norm(layer_norm)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("10_normalization").layer_norm(layer_norm, seed=20_102)
### END HIDDEN TESTS

# %% [markdown]
# The family in one box. All of them compute (x − mean)/root · weight + bias; they differ in
# *what they average over*, for an input of shape (N, C, H, W):
#
# | | averages over | stored statistics | where it is used |
# |---|---|---|---|
# | BatchNorm (Ioffe and Szegedy 2015) | N, H, W: per channel | yes | image networks, batches of 16 or more |
# | LayerNorm (Ba and others 2016) | the features of one example | no | transformers, recurrent networks |
# | InstanceNorm (Ulyanov and others 2016) | H, W: per channel and example | no | style transfer |
# | GroupNorm (Wu and He 2018) | H, W and a group of channels | no | detection, small batches |
# | RMSNorm (Zhang and Sennrich 2019) | as LayerNorm, without subtracting the mean | no | large language models |
#
# Dropout in front of any but the first leaves nothing wrong behind, since nothing is
# stored.
#
# ### How small may a batch be?
#
# A batch of one is refused. What about two, which is all that fits into memory where the
# images are large? We train a network of two hidden layers with batches of 2, 4 and 32,
# once with BatchNorm and once with GroupNorm (eight groups of eight units); and, with
# batches of 2, a small convolutional network, whose channels have 49 and 16 positions.
# `norm(width)` makes a normalization layer.


# %%
def shallow(norm, width=64):
    """Two hidden layers."""
    return nn.Sequential(
        *(nn.Linear(196, width), norm(width), nn.ReLU()),
        *(nn.Linear(width, width), norm(width), nn.ReLU()),
        nn.Linear(width, 10),
    )


def small_conv(norm):
    """Two convolutions, which give 8 maps of 7 × 7 and 16 of 4 × 4."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 14, 14)),
        *(nn.Conv2d(1, 8, 3, 2, padding=1), norm(8), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, 2, padding=1), norm(16), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(256, 10)),
    )


def group_norm(width):
    return nn.GroupNorm(max(4, width // 8), width)


# %% [markdown]
# `train_arm` trains one network per seed; `final` holds their validation accuracies at the
# end, in percent. The next experiments share these settings:


# %%
def run(build, split=flat_train, valid=flat_val, **changes):
    """Train eight networks for 200 steps of AdamW; build() makes one of them."""
    shared = {"seeds": SEEDS, "steps": 200, "batch_size": 32, "lr": 2e-3}
    return train_arm(build, split, val=valid, **{**shared, **changes})


# %% predict
predict(
    "norm.tiny",
    "Batches of two examples. With BatchNorm instead of GroupNorm, accuracy is lower by",
    [
        "20 points or more, in both networks",
        "20 points or more, in the one without convolutions only",
        "a few points, in both",
    ],
)

# %% experiment
NORM_PAIRS = {
    "BatchNorm": (nn.BatchNorm1d, nn.BatchNorm2d),
    "GroupNorm": (group_norm, group_norm),
}
tiny = {}
for name, (flat_norm, map_norm) in NORM_PAIRS.items():
    for n in (2, 4, 32):
        arm = run(lambda norm=flat_norm: shallow(norm), batch_size=n)
        tiny[f"{name}, batches of {n}"] = arm.final
    arm = run(lambda norm=map_norm: small_conv(norm), batch_size=2)
    tiny[f"{name}, convolutions, batches of 2"] = arm.final

# %% results
with results(varies=f"8 {initial}") as table:
    for what in ("batches of 2", "batches of 4", "batches of 32"):
        pair = {f"{name}, {what}": tiny[f"{name}, {what}"] for name in NORM_PAIRS}
        table.arms(pair, paired_with=f"GroupNorm, {what}", unit="% accuracy")
    maps = "convolutions, batches of 2"
    pair = {f"{name}, {maps}": tiny[f"{name}, {maps}"] for name in NORM_PAIRS}
    table.arms(pair, paired_with=f"GroupNorm, {maps}", unit="% accuracy")
    lost = tiny["BatchNorm, batches of 2"] - tiny["GroupNorm, batches of 2"]
    claim(
        "norm.tiny",
        "With batches of two, BatchNorm is worse than GroupNorm.",
        lost,
        "< 0",
        **points,
    )
    claim(
        "norm.tiny-many",
        "With batches of 32 they are within six points of each other.",
        tiny["BatchNorm, batches of 32"] - tiny["GroupNorm, batches of 32"],
        "within 6",
        **points,
    )
    claim(
        "norm.tiny-positions",
        "With convolutions, batches of two cost BatchNorm less.",
        tiny[f"BatchNorm, {maps}"] - tiny[f"GroupNorm, {maps}"] - lost,
        "> 0",
        **points,
    )
    recall("norm.tiny", 2)

# %% [markdown]
# With batches of two BatchNorm falls to 37 %, 28 points behind GroupNorm. You can compute the
# reason by hand: of two values, one lies above their mean and the other just as far below,
# so BatchNorm turns them into $+1$ and $-1$ *whatever they were*. All that is left of a unit
# is which of the two images had more of it. With four values the two norms are equal as far
# as eight seeds can tell, and with 32 as well.
#
# In the convolutional network batches of two do no such harm (the last table). Each of its
# channels has $2 \cdot 49$ or $2 \cdot 16$ values. So what counts is not the number of
# images but the number of values per channel, $N \cdot H \cdot W$.
#
# It comes out otherwise in large networks: for a ResNet-50 on ImageNet with batches of two,
# Yuxin Wu and Kaiming He (2018) report an error 10.6 points lower with GroupNorm than with
# BatchNorm, although its channels have many positions, too. (The values at the positions of
# one image resemble one another, so there are fewer *independent* ones than it seems.)
#
# ### Frozen statistics
#
# A related case: a network was trained with large batches, and you *fine-tune* it on new
# data with batches of two. Many people then keep BatchNorm in eval mode in training, too, so
# that it goes on using what it has stored. (`model.train()` at the start of an epoch would
# switch it on again: freeze after that call, or override `train`, as below.)


# %%
class FrozenNorm(nn.BatchNorm1d):
    """BatchNorm that stays in eval mode, whatever model.train() asks for."""

    def train(self, mode=True):
        return super().train(False)


# %% [markdown]
# The old data are the first 500 training images, the new task is the other 500 *upside
# down*. Both arms start from the same trained networks and learn all weights, $\gamma$ and
# $\beta$ included; they differ only in the statistics.

# %%
old_task = data.Split(flat_train.x[:500], flat_train.y[:500])
new_task = data.Split(train.x[500:].flip(2).flatten(1), train.y[500:])
new_valid = data.Split(val.x.flip(2).flatten(1), val.y)
learned = run(lambda: shallow(nn.BatchNorm1d), old_task).networks()


def learned_with(norm):
    """Return a builder that copies the network of a seed, with this kind of norm."""

    def build(seed):
        model = shallow(norm)
        model.load_state_dict(learned[seed].state_dict())
        return model

    return build


# %% predict
predict(
    "norm.frozen",
    "Fine-tuning with batches of 2. With frozen statistics instead of live ones",
    ["accuracy is several points lower", "hardly anything changes", "much is gained"],
)

# %% experiment
tuned = {}
for n in (2, 32):
    for name, norm in (("live", nn.BatchNorm1d), ("frozen", FrozenNorm)):
        settings = {"steps": 150, "batch_size": n, "lr": 1e-3}
        arm = run(learned_with(norm), new_task, new_valid, **settings)
        tuned[f"{name} statistics, batches of {n}"] = arm.final

# %% results
with results(varies=f"8 {initial}") as table:
    frozen_gain = {}
    for n in (2, 32):
        arms = {k: v for k, v in tuned.items() if k.endswith(f" {n}")}
        live, frozen = arms
        table.arms(arms, paired_with=live, unit="% accuracy, upside down")
        frozen_gain[n] = arms[frozen] - arms[live]
    claim(
        "norm.frozen",
        "With batches of two, frozen statistics are better than live ones.",
        frozen_gain[2],
        "> 0",
        **points,
    )
    claim(
        "norm.frozen-large",
        "With batches of 32 the gain is smaller.",
        frozen_gain[32] - frozen_gain[2],
        "< 0",
        **points,
    )
    recall("norm.frozen", 3)

# %% [markdown]
# With batches of two, live statistics ruin what the network had learned, and frozen ones are
# 29 points better. With batches of 32 it is the other way round, if only by 1.4 points:
# there the live statistics are good enough, and they can follow the new pictures, while the
# frozen ones are still those of the old. So freeze for tiny batches, not as a habit.
#
# ## BatchNorm's own noise
#
# There is a side effect. In training an image's output depends on which other images
# happen to be in its batch, because their mean and variance are subtracted and divided by.
# The next time it comes with other neighbors. That is noise on the activations, a
# little like dropout's, and like dropout's it is gone at evaluation. How large is it? If
# mean and variance are taken over a group of $g$ examples, the mean alone has a standard
# deviation of $\sigma/\sqrt g$. So smaller groups bring more noise.
#
# If that noise regularizes, smaller batches should overfit less. But a smaller batch also
# makes noisier *gradients*, and the two would be confused. We separate them: every step
# uses a batch of 64, and only BatchNorm looks at groups of $g$ examples within it. (This
# is called *ghost* BatchNorm; Hoffer and others 2017.) Each network is trained twice, on the
# true labels and on those of which 200 are false, so that there is something to be learned by
# heart. `train_arms` trains both at once, with the same seeds, and returns one arm for each
# kind of labels.


# %%
class GhostNorm(nn.Module):
    """BatchNorm whose training statistics are those of groups of `size` examples."""

    def __init__(self, width, size):
        super().__init__()
        self.whole, self.size = nn.BatchNorm1d(width), size

    def forward(self, x):
        stored = self.whole(x)  # keeps the running statistics, for evaluation
        if not self.training or self.size >= len(x):
            return stored
        groups = x.reshape(self.size, -1)  # (n, d) -> (size, groups * d)
        normal = F.batch_norm(groups, None, None, training=True).reshape(x.shape)
        return normal * self.whole.weight + self.whole.bias


# %% predict
predict(
    "norm.ghost",
    "20 % false labels, batches of 64. BatchNorm over groups of 4 instead of all 64:",
    ["several points worse", "no difference to speak of", "several points better"],
)

# %% experiment
TEAM = range(6)  # seeds
SIZES = [4, 16, 64]
LABELS = {"true": train.y, "false": noisy_labels}
GHOST = {"seeds": TEAM, "steps": 240, "batch_size": 64, "lr": 2e-3}


def ghost_arms(size):
    """Networks with groups of this size, trained on each kind of labels."""
    return train_arms(
        lambda: shallow(lambda width: GhostNorm(width, size)),
        flat_train,
        targets=LABELS,
        val=flat_val,
        **GHOST,
        record_every=80,
        record_size=200,
    )


ghosts = {size: ghost_arms(size) for size in SIZES}
false_end = {size: arms["false"].final for size, arms in ghosts.items()}
true_end = {size: arms["true"].final for size, arms in ghosts.items()}

# %% figure
fig, panels = plots.figure(2)
SHADES = (plots.PALETTE[2], plots.PALETTE[5], plots.PALETTE[6])
for size, color in zip(SIZES, SHADES, strict=True):
    arm, label = ghosts[size]["false"], f"groups of {size}"
    for panel, curves in zip(panels, (arm.train, arm.val), strict=True):
        plots.band(arm.steps, curves, label=label, color=color, ax=panel)
panels[0].set(xlabel="training step", ylabel="training accuracy (%)")
panels[0].set_title("Large groups learn the false labels")
panels[1].set(xlabel="training step", ylabel="validation accuracy (%)")
panels[1].set_title("Groups of 4 end ahead on new images")
plots.show(
    fig,
    alt="False labels. Left: with larger groups training accuracy rises faster. Right: "
    "with large groups validation accuracy falls, with groups of 4 it rises.",
    after="norm.ghost",
)

# %% results
noisy_varies = "6 initializations and orders; one split, one draw of false labels"
with results(varies=noisy_varies) as table:
    for what, ends in (("false", false_end), ("true", true_end)):
        table.arms(
            {f"groups of {size}, {what} labels": v for size, v in ends.items()},
            paired_with=f"groups of 64, {what} labels",
            unit="% validation accuracy",
        )
    claim(
        "norm.ghost",
        "With false labels, statistics of 4 examples instead of 64 are better.",
        false_end[4] - false_end[64],
        "> 0",
        **points,
    )
    claim(
        "norm.ghost-true",
        "With true labels the gain is smaller.",
        (true_end[4] - true_end[64]) - (false_end[4] - false_end[64]),
        "< 0",
        **points,
    )
    recall("norm.ghost", 3)

# %% [markdown]
# The two panels belong together. With statistics over all 64 examples the network learns
# many of the false labels, and its validation accuracy falls by 6 points from the first
# look to the last. With groups of 4 it learns far fewer of them, and its validation accuracy
# rises, to 6 points above the other. Nothing else differed: batch, order and number of
# steps were the same. So it is the noise in the statistics that regularizes.
#
# With true labels (the second table) there is nothing bad to learn by heart, and the groups
# end within a point of one another. And the noise slows learning down, as the left panel
# shows, so we expect it to hurt a network that underfits. It is also a regularizer that
# you do not choose: it comes with the batch size that your hardware allows, and on several
# GPUs, unless `SyncBatchNorm` is used, with their number.
#
# ## What dropout does to a variance
#
# Now the two meet. Inverted dropout keeps the mean of a unit, which is what the division by
# $1-p$ is for. It does not keep the variance, and BatchNorm stores variances. Let $x$ be a
# unit's activation, with mean $\mu$ and variance $\sigma^2$ over the examples, and let $m$ be
# 0 with probability $p$ and else 1, independent of $x$. In training the next layer receives
# $x\,m/(1-p)$. Its variance is the mean square minus the squared mean:
#
# $$\operatorname{Var}\Bigl(\frac{m\,x}{1-p}\Bigr)
# = \frac{E[m^2]\,E[x^2]}{(1-p)^2} - \mu^2
# = \frac{E[x^2]}{1-p} - \mu^2
# = \frac{\sigma^2 + p\,\mu^2}{1-p} .$$
#
# The first step uses the independence. The second uses $m^2 = m$, so that $E[m^2] = 1-p$.
# The last one puts in $E[x^2] = \sigma^2 + \mu^2$. At evaluation the variance is $\sigma^2$.
# So the *shift* is
#
# $$\frac{\operatorname{Var}_\text{train}}{\operatorname{Var}_\text{eval}}
# = \frac{1 + p\,\mu^2/\sigma^2}{1-p} .$$
#
# For $p = 0.5$ and a unit of mean 0 that is 2. If the unit does not have mean 0, it is
# more, and after a ReLU every unit that is ever active has a mean above 0. Even a unit
# that is *constant* would get a variance, because it jumps between 0 and $\mu/(1-p)$.
#
# ### Exercise 10.3 · The shift of one unit (1 point, ~6 min)
#
# **Given** `x`, one unit's activations (n,), `p`, and a `generator` that you may use or not.
# **Return** the variance with inverted dropout over that without, as a Python float: by the
# formula, or by drawing one mask for each of the n numbers. `p = 1` gives 0 (zeros do not
# vary). A `p` outside [0, 1] raises `ValueError`.
#
# **By hand:** `x = [0, 4]` has $\mu = 2$, $\sigma^2 = 4$. With $p = 0.5$ the shift is
# $(1 + 0.5 \cdot 4/4)/0.5 = 3$.
#
# <details><summary>Hint 1</summary>
# Everything is in the last formula; or else, in words: variance of what training sees,
# divided by the variance of x.
# </details>
# <details><summary>Hint 2</summary>
# Take care of p first: the error, then p = 1. Then <code>x.mean()</code> and
# <code>x.var(correction=0)</code>.
# </details>
# <details><summary>Hint 3</summary>
# <code>ratio = x.mean() ** 2 / x.var(correction=0)</code>, and
# <code>((1 + p * ratio) / (1 - p)).item()</code>.
# </details>


# %% solution="variance_shift"
def variance_shift(
    x: torch.Tensor, p: float, generator: torch.Generator | None = None
) -> float:
    """Return Var(train)/Var(eval) of a unit behind inverted dropout (about 6 lines).

    Args:
        x: one unit's activations, (n,), floating, not all equal.
        p: probability of *dropping*, in [0, 1]; else ValueError.
        generator: source of masks, if you draw any; torch's global one if None.

    Returns: the ratio, 0.0 for p=1. Example: variance_shift(torch.tensor([0.0, 4.0]),
    0.5) is 3.0 by the formula.
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if p == 1:
        return 0.0
    ratio = x.mean() ** 2 / x.var(correction=0)
    return ((1 + p * ratio) / (1 - p)).item()
    ### END SOLUTION


# %% [markdown]
# A ReLU of 100,000 standard normal numbers, half of them dropped:

# %% look
look(
    lambda: variance_shift(
        torch.randn(100_000, generator=torch.Generator().manual_seed(0)).relu(), 0.5
    ),
    "about 2.47",
)

# %% test="variance_shift" points=1
check.variance_shift(variance_shift)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("10_normalization").variance_shift(variance_shift, seed=20_103)
### END HIDDEN TESTS

# %% [markdown]
# In most networks BatchNorm does not stand directly behind dropout. A linear layer lies in
# between, which adds up many units, $z = \sum_j w_j x_j$. The factor $m_j/(1-p)$ has the
# variance $p/(1-p)$, so for a given example the coin of unit $j$ adds the variance
# $w_j^2 x_j^2\, p/(1-p)$, and independent coins' variances add up. Averaged over the examples
# and divided by $\operatorname{Var}(z)$, this gives
#
# $$\frac{\operatorname{Var}_\text{train}}{\operatorname{Var}_\text{eval}}
# = 1 + \frac{p}{1-p}\cdot\frac{\sum_j w_j^2\,E[x_j^2]}{\operatorname{Var}(z)} .$$
#
# Look at the fraction. The numerator adds squares, as for independent noise. If the units
# vary *together* and the weights point in their common direction, the denominator grows
# like the square of a sum, and the shift is small. The more units there are, the more that
# matters. This is the reason Li and others give for wide networks: Wide ResNet bore dropout
# best in their experiments.
#
# Move the two sliders. First find, for one unit, the $p$ at which the variance has become
# ten times as large. Then add units up, with random weights, and watch whether the shift
# goes away.

# %% demo
demos_norm.scene().show()

# %% [markdown]
# With one unit the training histogram has a tall bar at 0 and a long tail. With 16 it looks
# harmless, like a slightly wider copy of the other one. The sentence below the pictures says
# that it is wider all the same: random weights do not average the shift away.
#
# Now real, trained networks: three hidden layers of 64 units, true labels, dropout in one of
# three places. In *direct*, BatchNorm stands directly behind dropout. In *between*, a linear
# layer lies between dropout and the next BatchNorm. In *last*, there is dropout behind the
# last BatchNorm only.


# %%
def dropping(place, p, layers=3, width=64):
    """A network with BatchNorm, and dropout in one of three places."""
    modules, inputs = [], 196
    for k in range(layers):
        linear, norm = nn.Linear(inputs, width), nn.BatchNorm1d(width)
        if place == "direct":
            modules += [linear, nn.ReLU(), MemberDropout(p), norm]
        elif place == "between" or k == layers - 1:
            modules += [linear, norm, nn.ReLU(), MemberDropout(p)]
        else:
            modules += [linear, norm, nn.ReLU()]
        inputs = width
    return nn.Sequential(*modules, nn.Linear(width, 10))


# %% [markdown]
# `variance_shifts` shows a trained network the validation images with dropout off and with
# dropout on, both times with the stored statistics. It notes the mean variance of the units
# in front of each BatchNorm, and divides the second by the first.
#
# The formula for one unit after a ReLU says 2.47 at $p = 0.5$, if its input is about normal
# with mean 0. What will the trained networks say?

# %% predict
predict(
    "norm.position",
    "p = 0.5, a linear layer between dropout and BatchNorm. The variance in training is",
    ["about the same as at evaluation", "1.2 to 1.8 times", "about 2.5 times", "more"],
)

# %% experiment
PLACES = {
    "direct, 0.2": ("direct", 0.2),
    "direct, 0.5": ("direct", 0.5),
    "between, 0.5": ("between", 0.5),
    "last, 0.5": ("last", 0.5),
    "direct, no dropout": ("direct", 0.0),
    "between, no dropout": ("between", 0.0),
}
placed = {name: run(lambda how=how: dropping(*how)) for name, how in PLACES.items()}

torch.manual_seed(0)  # of the masks
measured = {}  # name -> (seeds, BatchNorms)
for name in [*PLACES][:4]:
    each = [variance_shifts(net, flat_val.x) for net in placed[name].networks()]
    measured[name] = torch.stack(each).cpu()

# %% [markdown]
# For the first BatchNorm of *direct* we can also compute the ratio. Each of its 64 units has
# the variance $(\sigma^2 + p\,\mu^2)/(1-p)$ in training and $\sigma^2$ at evaluation, with
# its own $\mu$ and $\sigma^2$. We add both up over the units and divide.


# %% experiment
@torch.no_grad()
def by_formula(model, p=0.5):
    units = model[:2](flat_val.x)  # behind Linear and ReLU, (N, 64)
    mean, var = units.mean(0), units.var(0)
    return ((var + p * mean**2) / (1 - p)).sum() / var.sum()


direct = placed["direct, 0.5"].networks()
computed = torch.stack([by_formula(net) for net in direct]).cpu()

# %% figure
PLACE_COLORS = dict(
    zip(measured, (plots.PALETTE[k] for k in (5, 1, 2, 4)), strict=True)
)  # dropout has the colors that it has in the incident below
ax = None
for name, values in measured.items():
    ax = plots.band([1, 2, 3], values, label=name, color=PLACE_COLORS[name], ax=ax)
ax.axhline(2.467, color="#1a1a1a", linewidth=0.8, label="formula, ReLU, p = 0.5")
ax.set(xlabel="BatchNorm number", ylabel="variance, training / evaluation")
ax.set(ylim=(0, 6), xticks=[1, 2, 3])
ax.set_title("The shift depends on p, and on what lies in between")
ax.legend()
plots.show(
    ax.figure,
    alt="Direct at 0.5 the ratio is near the formula; with a linear layer between it is "
    "about one and a half; behind the last BatchNorm there is no shift at all.",
    after="norm.position",
)

# %% results
PLACED = ("direct", "between")
with results(varies=f"8 {initial}") as table:
    table.arms(
        {name: values[:, 2] for name, values in measured.items()},
        unit="variance ratio, last BatchNorm",
    )
    first = {
        "measured": measured["direct, 0.5"][:, 0],
        "by the formula, from the units' means and variances": computed,
    }
    table.arms(first, unit="variance ratio, first BatchNorm, direct, 0.5")
    ends = {name: arm.final for name, arm in placed.items()}
    for what in ("0.5", "no dropout"):
        pair = {f"{place}, {what}": ends[f"{place}, {what}"] for place in PLACED}
        table.arms(pair, paired_with=f"direct, {what}", unit="% accuracy")
    claim(
        "norm.shift-direct",
        "Directly behind dropout 0.5, the ratio at the first BatchNorm is what the "
        "formula says for its units, within 0.2.",
        measured["direct, 0.5"][:, 0] - computed,
        "within 0.2",
    )
    claim(
        "norm.shift-between",
        "With a linear layer between them the shift is smaller.",
        measured["between, 0.5"][:, 2] - measured["direct, 0.5"][:, 2],
        "< 0",
    )
    claim(
        "norm.order-dropout",
        "Under dropout 0.5, BatchNorm before ReLU and dropout is better than after.",
        ends["between, 0.5"] - ends["direct, 0.5"],
        "> 0",
        **points,
    )
    claim(
        "norm.shift-last",
        "Dropout behind the last BatchNorm shifts nothing.",
        (measured["last, 0.5"] - 1).abs().max().item(),
        "< 0.001",
    )
    recall("norm.position", 2)

# %% [markdown]
# At the *first* BatchNorm directly behind dropout 0.5 the measured ratio is 2.7, and this is
# also what the formula gives when the units' own means and variances are put in. (The 2.47
# of the picture is for the ReLU of a normal input.) The second and third have more, up
# to 4.0, because their inputs carry the noise of the dropout before: the first BatchNorm
# divided by a standard deviation that contains it, the linear layer passes it on, and the
# next coins come on top. With a linear layer *between* dropout and BatchNorm the ratio is
# only about 1.6: the trained weights point along the units' common directions, as the last
# formula explains, so the fraction in it is well below 1. The first BatchNorm in that network
# has no dropout in front of it at all, and its ratio is 1. And for *last* all ratios are
# exactly 1: dropout behind the last BatchNorm is no concern of any BatchNorm.
#
# The two lower tables come back to the question of the forums. Without dropout the order
# of norm and ReLU makes a difference of a point or so. With dropout of 0.5, BatchNorm *before*
# ReLU and dropout is 6 points ahead. Is that the shift? Do not conclude it yet: the two
# orders differ in more than the stored numbers. The next section can tell.
#
# The advice of Li and others follows from the ratios: put dropout behind the last BatchNorm,
# or use a noise that changes the variance less.
#
# ## Measuring again
#
# If the stored statistics are wrong, they can be measured again. Run the training images
# through the finished network once more, with dropout off and BatchNorm on, and store what
# it sees. No weight changes. Dan Hendrycks and Kevin Gimpel (2016) did so with networks
# that had been trained with dropout, and gained on CIFAR-10 and CIFAR-100. torch has a
# function that is nearly the thing, `torch.optim.swa_utils.update_bn`, made for averaged
# weights; but it puts the *whole* model into train mode, dropout included.
#
# ### Exercise 10.4 · Recalibrate (3 points, ~12 min)
#
# **Given** a `model` with BatchNorm layers of any kind (`nn.BatchNorm1d`, `2d`, `3d`) and
# `batches`, which yields pairs (inputs, labels) and can be walked through again.
# **Do**, in place: reset every BatchNorm's running statistics, and make them the plain
# average of the batches' means and unbiased variances, each batch counting the same, with
# dropout off. All BatchNorms are measured in the same pass, in train mode, as `update_bn`
# does. Afterwards each module is in its own former mode, and each `momentum` what it was.
# No parameter changes.
#
# **By hand:** one BatchNorm, batches `[1, 3]` and `[5, 9]`: means 2 and 7, unbiased variances
# 2 and 8, so `running_mean` is 4.5 and `running_var` 5.
#
# <details><summary>Hint 1</summary>
# Which modules need to be in train mode while you measure, and which in eval mode? Note
# each one's <code>training</code> first: <code>model.modules()</code> has them all.
# </details>
# <details><summary>Hint 2</summary>
# All BatchNorms share the base class <code>nn.modules.batchnorm._BatchNorm</code>. With
# <code>momentum = None</code> a BatchNorm averages plainly, counting from its last
# <code>reset_running_stats()</code>.
# </details>
# <details><summary>Hint 3</summary>
# <code>model.eval()</code>; for each norm <code>reset_running_stats()</code>,
# <code>momentum = None</code>, <code>train()</code>; under <code>torch.no_grad()</code>
# run <code>model(x)</code> for all batches; then put each momentum and each
# <code>module.training</code> back.
# </details>


# %% solution="recalibrate_batchnorm"
def recalibrate_batchnorm(model: nn.Module, batches) -> None:
    """Measure all running statistics again, without dropout (about 15 lines).

    Args:
        model: changed in place: running statistics only; modes and momenta are put
            back.
        batches: pairs (inputs, labels); each batch counts the same.

    Example: for nn.BatchNorm1d(1) and inputs [[1], [3]] and [[5], [9]], running_mean
    becomes 4.5 and running_var 5.0.
    """
    ### BEGIN SOLUTION
    kind = nn.modules.batchnorm._BatchNorm
    norms = [module for module in model.modules() if isinstance(module, kind)]
    modes = [(module, module.training) for module in model.modules()]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        for x, _ in batches:
            model(x)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    for module, training in modes:
        module.training = training
    ### END SOLUTION


# %% [markdown]
# The example worked by hand:


# %% look
def by_hand():
    norm = nn.BatchNorm1d(1)
    pairs = [(torch.tensor([[1.0], [3.0]]), None), (torch.tensor([[5.0], [9.0]]), None)]
    recalibrate_batchnorm(norm, pairs)
    return norm.running_mean.item(), norm.running_var.item()


look(by_hand, (4.5, 5.0))

# %% test="recalibrate_batchnorm" points=3
check.recalibrate_batchnorm(recalibrate_batchnorm)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("10_normalization").recalibrate_batchnorm(recalibrate_batchnorm, seed=20_104)
### END HIDDEN TESTS

# %% [markdown]
# Now take two kinds of networks from above, *direct* and *between* at $p = 0.5$, whose
# stored variances are up to 4 times too large, and measure again (with the course's own
# function, `demos_norm.recalibrated`, which returns a copy). A third kind joins them:
# *direct*, with $p = 0.5$, eight layers deep.

# %% predict
predict(
    "norm.recalibrate",
    "Three layers, direct, p = 0.5: recalibration changes the validation accuracy by",
    ["less than 5 points", "5 to 10 points up", "more than 10 points up"],
)

# %% experiment
placed["8 layers, direct, 0.5"] = run(lambda: dropping("direct", 0.5, layers=8))
CURED = ("direct, 0.5", "between, 0.5", "8 layers, direct, 0.5")


@torch.no_grad()
def score(model, valid=flat_val):
    """Validation accuracy and mean confidence in percent."""
    logits = model.eval()(valid.x)
    confidence = logits.softmax(1).amax(1).mean().item()
    return 100 * accuracy(logits, valid.y), 100 * confidence


before, after = {}, {}  # name -> (seeds, 2)
for name in CURED:
    models = placed[name].networks()
    again = [demos_norm.recalibrated(m, flat_train.x.split(50)) for m in models]
    before[name] = torch.tensor([score(m) for m in models])
    after[name] = torch.tensor([score(m) for m in again])

# %% results
with results(varies=f"8 {initial}") as table:
    for name in CURED:
        for k, what in enumerate(("accuracy", "confidence")):
            arms = {
                f"{name}: as trained": before[name][:, k],
                f"{name}: recalibrated": after[name][:, k],
            }
            table.arms(arms, paired_with=f"{name}: as trained", unit=f"{what}, %")
    claim(
        "norm.recalibrate-shallow",
        "In three layers the cure changes accuracy by less than 5 points.",
        after["direct, 0.5"][:, 0] - before["direct, 0.5"][:, 0],
        "within 5",
        **points,
    )
    claim(
        "norm.recalibrate-confidence",
        "But it raises the confidence.",
        after["direct, 0.5"][:, 1] - before["direct, 0.5"][:, 1],
        "> 0",
        unit="points of confidence",
    )
    claim(
        "norm.recalibrate-deep",
        "In eight layers the cure raises the accuracy.",
        after["8 layers, direct, 0.5"][:, 0] - before["8 layers, direct, 0.5"][:, 0],
        "> 0",
        **points,
    )
    recall("norm.recalibrate", 1)

# %% [markdown]
# In three layers the cure changes accuracy by about a point, although the stored variances
# were up to 4 times too large. So the 6 points between the two orders are *not* for the most
# part the stored numbers. Think of what a wrong variance does at evaluation: BatchNorm
# divides by too large a number, so everything that leaves it is too small, by about the same
# factor for all units. ReLU does not mind, and the largest logit is still the largest. What
# suffers is the *confidence*, which was 15 points lower than after the cure. Notebook 06,
# *Scaled twice*, had the same lesson: accuracy can miss a mistake of scale altogether.
#
# In eight layers the cure gains 9 points. A likely reason, which we did not test: the
# factors of eight layers multiply, each unit is off by a factor of its own, and in the end
# the pattern itself is distorted. But look at where these points lead to: from guessing to
# about 20 %. With so much noise in each of its layers the network has hardly learned
# anything. Recalibration mends the statistics. It cannot give back what was never learned.
#
# ## The incident
#
# Back to the team. They had 500 training images and a small convolutional network: three
# convolutions, each with BatchNorm and ReLU, the third with a skip connection around it,
# then a *head* of two linear layers. What somebody added is dropout of 0.5 after each of the
# three blocks (for images, `Dropout2d`: whole channels) and in the head.
#
# Before we ask who is guilty, think about how to tell. If the *shift* is guilty, then
# recalibration must bring the accuracy back, and the same dropout with GroupNorm, which
# stores nothing, must do no harm. If it is *too much dropout* for 8 to 16 channels, then
# recalibration will do nothing, GroupNorm will suffer alike, and the *training* accuracy
# will be low.
#
# Here is the network. `ChannelDropout` is `Dropout2d` for a population, and
# `StochasticDepth(block, p)`, from notebook 06, is x + block(x), the block left out with
# probability `p`; with `depth=0` it is the plain skip connection.


# %%
def convnet(block=0.0, head=0.0, norm=nn.BatchNorm2d, depth=0.0):
    """Three convolutions and a head; `block`, `head` and `depth` are rates."""

    def layer(inputs, outputs, stride):
        conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        return nn.Sequential(conv, norm(outputs), nn.ReLU())

    return nn.Sequential(
        *(layer(1, 8, 2), ChannelDropout(block)),
        *(layer(8, 16, 2), ChannelDropout(block)),
        *(StochasticDepth(layer(16, 16, 1), depth), ChannelDropout(block)),
        *(nn.Flatten(), nn.Linear(256, 32), nn.ReLU(), MemberDropout(head)),
        nn.Linear(32, 10),
    )


# %% [markdown]
# Beside what the team tried, three other regularizers compete, at the same learning rate
# and for the same number of steps: *weight decay* (AdamW's, strength 1); *stochastic depth*
# (the third block is left out with probability 0.5; the others cannot be, as they change
# the size of the image); and *augmentation*, in vision the usual answer: each training image
# is there nine times, eight of them moved by up to a pixel. First the moved copies:

# %%
draw = torch.Generator().manual_seed(0)
padded = F.pad(train.x[:500], (1, 1, 1, 1), value=train.x.min().item())
corners = [torch.randint(3, (2,), generator=draw).tolist() for _ in range(8)]
moves = [padded[:, :, a : a + 14, b : b + 14] for a, b in corners]
augmented = torch.cat([train.x[:500], *moves])  # (4500, 1, 14, 14)

# %% [markdown]
# True labels leave these three little to prevent, so they are trained with a fifth of the
# labels false; two of the others are trained on both kinds. `ARMS` holds the arguments of
# `convnet` and the labels of each arm. Augmentation and weight decay change nothing in the
# network: `train_team` puts them in.

# %%
SHORT = {"seeds": TEAM, "steps": 200, "batch_size": 32, "lr": 5e-3}
EVERYWHERE = {"block": 0.5, "head": 0.5}
ARMS = {
    "no dropout": ({}, ["true", "false"]),
    "0.5 everywhere": (EVERYWHERE, ["true"]),
    "GroupNorm, no dropout": ({"norm": group_norm}, ["true"]),
    "GroupNorm, 0.5 everywhere": ({"norm": group_norm, **EVERYWHERE}, ["true"]),
    "0.5 in the head only": ({"head": 0.5}, ["true", "false"]),
    "augmentation": ({}, ["false"]),
    "weight decay": ({}, ["false"]),
    "stochastic depth": ({"depth": 0.5}, ["false"]),
}

# %% predict
predict(
    "norm.guilty",
    "BatchNorm net with Dropout(0.5) everywhere, then recalibrated. Its accuracy is",
    ["that without dropout", "about halfway back", "hardly changed by recalibration"],
)


# %% experiment
def train_team(name):
    """Train six networks of an arm on each kind of its labels."""
    settings, kinds = ARMS[name]
    images = augmented if name == "augmentation" else train.x[:500]
    copies = len(images) // 500  # each label is there as often as its image
    return train_arms(
        lambda: convnet(**settings),
        [images],
        targets={kind: LABELS[kind][:500].repeat(copies) for kind in kinds},
        val=val,
        weight_decay=float(name == "weight decay"),
        **SHORT,
        record_every=67,
        record_size=200,
    )


nets = {name: train_team(name) for name in [*ARMS][:4]}

# %% [markdown]
# The other four arms are trained in the same way.

# %% experiment
nets |= {name: train_team(name) for name in [*ARMS][4:]}

# %% [markdown]
# Now recalibrate the nets with dropout everywhere, and measure the shift in each of them.

# %% experiment
on_true, on_false = (
    {name: arms[kind] for name, arms in nets.items() if kind in arms}
    for kind in ("true", "false")
)
tired = on_true["0.5 everywhere"].networks()
images = train.x[:500].split(50)
cured = [demos_norm.recalibrated(model, images) for model in tired]
torch.manual_seed(0)  # of the masks
net_shifts = torch.stack([variance_shifts(model, val.x) for model in tired]).cpu()
true_labels = {name: arm.final for name, arm in on_true.items()}
false_labels = {name: arm.final for name, arm in on_false.items()}
recalibrated = torch.tensor([score(model, val)[0] for model in cured])
true_labels["0.5 everywhere, recalibrated"] = recalibrated

# %% figure
NET_COLORS = plots.treatment_colors(on_true)
fig, panels = plots.figure(2, sharey=True)
for name, arm in on_true.items():
    for panel, curves in zip(panels, (arm.train, arm.val), strict=True):
        plots.band(arm.steps, curves, label=name, color=NET_COLORS[name], ax=panel)
panels[0].set(xlabel="training step", ylabel="training accuracy (%)")
panels[0].set_title("Dropout everywhere: underfits")
panels[1].set(xlabel="training step", ylabel="validation accuracy (%)", ylim=(20, 100))
panels[1].set_title("GroupNorm loses about as much")
panels[0].get_legend().remove()
plots.show(
    fig,
    alt="True labels. Without dropout training accuracy nears 100 %, with 0.5 everywhere "
    "it stays far below, with BatchNorm and with GroupNorm; so does validation accuracy.",
    after="norm.guilty",
)

# %% results
with results(
    varies=f"6 {initial}; in the last table one draw of false labels"
) as table:
    table.arms(true_labels, paired_with="no dropout", unit="% accuracy, true labels")
    table.arms(
        {f"BatchNorm {k + 1}": net_shifts[:, k] for k in range(3)},
        unit="variance ratio, 0.5 everywhere",
    )
    table.arms(false_labels, paired_with="no dropout", unit="% accuracy, false labels")
    claim(
        "norm.incident",
        "Dropout 0.5 everywhere makes this BatchNorm network worse.",
        true_labels["0.5 everywhere"] - true_labels["no dropout"],
        "< 0",
        **points,
    )
    claim(
        "norm.incident-shift",
        "Recalibration changes its accuracy by less than 3 points.",
        true_labels["0.5 everywhere, recalibrated"] - true_labels["0.5 everywhere"],
        "within 3",
        **points,
    )
    claim(
        "norm.incident-group",
        "The same dropout costs the GroupNorm network accuracy, too.",
        true_labels["GroupNorm, 0.5 everywhere"] - true_labels["GroupNorm, no dropout"],
        "< 0",
        **points,
    )
    claim(
        "norm.incident-head",
        "Dropout in the head only is better than everywhere.",
        true_labels["0.5 in the head only"] - true_labels["0.5 everywhere"],
        "> 0",
        **points,
    )
    recall("norm.guilty", 3)

# %% [markdown]
# The incident is reproduced: sixteen points lost. And all three signs point the same way.
# Shifts there are, of 1.5 and 2.0 at the second and third BatchNorm, just as the textbook
# has it. But when they are repaired, the accuracy stays where it was. GroupNorm, which stores
# nothing and so cannot shift, loses about as much from the same dropout. And the left panel
# shows that the network with dropout everywhere is far from fitting even its training images:
# it had been overfitting, and now it underfits. What "everybody knows" is true, but in this
# network it is not what cost the accuracy.
#
# Which of the three repairs works, then? Recalibration does not, and another norm does not.
# Moving the dropout to the head does: it gives back nearly all, since no convolution has to
# work with half its channels missing. It does not beat the network without dropout, though.
# That network fits its training images, but with true labels the fit did little harm.
#
# With *false* labels there is something to prevent. Augmentation comes out ahead, then dropout
# in the head; weight decay and stochastic depth (which can leave out a single block only)
# change next to nothing. Do not make a ranking of it: this is one split and 200 steps. Only
# augmentation's interval excludes zero, and with other seeds and another split it did not.
#
# How far does the verdict go? It is about one small network and 500 images. Put it beside the
# experiment of Li and others, from their Figure 1:
#
# | | Li and others (2019) | ours |
# |---|---|---|
# | network | DenseNet, about 100 BatchNorms | 3 convolutions, 3 BatchNorms |
# | images | CIFAR-100 | 500 of Fashion-MNIST, 14 × 14 |
# | no dropout | 77.42 % | 75 % |
# | dropout 0.5 | 68.55 %, in each bottleneck | 59 %, after each block and in the head |
#
# The losses look alike, and need not have the same cause. In three layers the factors do not
# pile up; over a hundred they may, and our eight-layer network may show the beginning of it.
# The rate counts as well: Li and others find little shift at 0.1. If you have such a case
# yourself, you know how to find out: recalibrate, try a norm that stores nothing, and look at
# the training accuracy.
#
# ## One layer instead of two
#
# A finished network needs no statistics of batches. At evaluation BatchNorm multiplies
# each unit by a constant and adds another, and a linear layer in front of it can do that
# itself. With $s = \gamma/\sqrt{v+\varepsilon}$, where $v$ is `running_var`,
#
# $$s\,(W\mathbf x + \mathbf b - \boldsymbol\mu) + \boldsymbol\beta
# = \underbrace{(s\,W)}_{\text{new weight}}\mathbf x
# + \underbrace{s\,(\mathbf b-\boldsymbol\mu)+\boldsymbol\beta}_{\text{new bias}},$$
#
# where $s$ multiplies the *rows* of $W$. It also shows why a bias in front of a BatchNorm is
# useless in training: it goes into the mean and is subtracted at once.
#
# ### Exercise 10.5 · Fold BatchNorm into a linear layer (2 points, ~8 min)
#
# **Given** an `nn.Linear` (with or without bias) and the `nn.BatchNorm1d` that follows it
# (with or without `affine`), in whatever mode.
# **Return** one new `nn.Linear` that equals `bn(linear(x))` in evaluation mode. The two given
# layers stay as they are, and the new one shares no memory with them.
#
# **By hand:** weight 2, bias 1; running mean 5, running variance 3, eps 1, $\gamma = 6$,
# $\beta = 0.5$. Then $s = 6/\sqrt{3+1} = 3$, the new weight is 6, the new bias
# $3 \cdot (1-5) + 0.5 = -11.5$.
#
# <details><summary>Hint 1</summary>
# Compute s first, of shape (out,). A missing bias counts as 0; without affine, γ is 1 and
# β is 0.
# </details>
# <details><summary>Hint 2</summary>
# The weight has the shape (out, in), so its rows are scaled by <code>s[:, None]</code>.
# Do not call <code>bn</code>: in train mode it would use a batch's statistics and move its
# own.
# </details>
# <details><summary>Hint 3</summary>
# Make <code>folded = nn.Linear(linear.in_features, linear.out_features,
# dtype=linear.weight.dtype)</code> and copy into it under <code>torch.no_grad()</code>:
# <code>linear.weight * s[:, None]</code> and <code>(b - bn.running_mean) * s + beta</code>.
# </details>


# %% solution="fold_batchnorm"
def fold_batchnorm(linear: nn.Linear, bn: nn.BatchNorm1d) -> nn.Linear:
    """Return one layer equal to bn(linear(x)) in evaluation mode (about 10 lines).

    Args:
        linear: (in -> out), with or without bias; stays as it is.
        bn: over `out` units, with or without affine, in any mode; stays as it is.

    Returns: a new nn.Linear with a bias, of the same dtype, sharing no memory.
    Example: weight 2, bias 1, running mean 5, running variance 3, eps 1, bn.weight 6,
    bn.bias 0.5 give weight 6 and bias -11.5.
    """
    ### BEGIN SOLUTION
    folded = nn.Linear(
        linear.in_features, linear.out_features, dtype=linear.weight.dtype
    ).to(linear.weight.device)
    with torch.no_grad():
        scale = 1 / (bn.running_var + bn.eps).sqrt()
        shift = torch.zeros_like(scale)
        if bn.affine:
            scale, shift = scale * bn.weight, bn.bias
        bias = torch.zeros_like(scale) if linear.bias is None else linear.bias
        folded.weight.copy_(linear.weight * scale[:, None])
        folded.bias.copy_((bias - bn.running_mean) * scale + shift)
    return folded
    ### END SOLUTION


# %% [markdown]
# The first pair of layers from the network of the plain loop, on four images: is the
# largest difference between the two layers and your one below 0.0001?


# %% look
@torch.no_grad()
def difference():
    pair = copy.deepcopy(normed[:2]).eval()
    folded = fold_batchnorm(*pair)
    return (folded(flat_val.x[:4]) - pair(flat_val.x[:4])).abs().max().item() < 1e-4


look(difference, True)

# %% test="fold_batchnorm" points=2
check.fold_batchnorm(fold_batchnorm)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("10_normalization").fold_batchnorm(fold_batchnorm, seed=20_105)
### END HIDDEN TESTS

# %% [markdown]
# torch has the same for convolutions, `torch.nn.utils.fusion.fuse_conv_bn_eval`, for
# networks that are used and no longer trained.
#
# ### Bug hunt
#
# A colleague recalibrates a network and gets *other* numbers each time. Here is the code
# and what it does. Run it, and find the mistake before you open the fold.


# %%
@torch.no_grad()
def suspect(model, batches):
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    for x in batches:
        model(x)
    model.eval()
    return norms[-1].running_var.mean().item()


patient = nn.Sequential(
    *(nn.Linear(196, 64), nn.ReLU(), nn.Dropout(0.5)),
    *(nn.Linear(64, 64), nn.BatchNorm1d(64)),
)
torch.manual_seed(0)
print("stored:", [round(suspect(patient, [flat_train.x]), 4) for _ in range(3)])

# %% [markdown]
# <details><summary>What is wrong</summary>
#
# `model.train()` switches *everything* on, dropout included. Each pass draws new masks, so
# the numbers differ from run to run: that is the symptom. Worse, the variances that are
# stored are again those with dropout, and the recalibration has mended nothing. The cure is
# `model.eval()` first and then `train()` on the BatchNorm layers alone. (Momentum and mode
# are not put back, either.)
# </details>
#
# ## Why? A question to write down
#
# A friend has read Li's paper and says: "So one must never use dropout in a network with
# BatchNorm." What do you answer? Write two or three sentences before you open the answer.
#
# <details><summary>One answer</summary>
#
# The shift exists only at a BatchNorm that has dropout *in front of it*: dropout behind the
# last one, in the head, shifts nothing at all. Where it exists, its size can be computed
# and measured, and stored statistics can be measured again without dropout. And a network
# that got worse need not have suffered from the shift: if its training accuracy is low and
# recalibration does not help, it simply has too much dropout. So measure before you forbid.
# </details>
#
# ## Test yourself
#
# Each answer with its reason, and then flashcards.

# %%
quiz("10_normalization")
flashcards("10_normalization")

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. BatchNorm normalizes with the batch in training and with stored statistics at
#    evaluation; it allows larger steps, and its dependence on the batch is a regularizer.
# 2. Dropout in front of it multiplies the stored variance by $(1 + p\,\mu^2/\sigma^2)/(1-p)$,
#    behind a trained linear layer less, and behind the last BatchNorm there is no shift.
# 3. In our networks of three layers the shift was real and cost confidence, hardly accuracy;
#    what hurt the team's small network was too much dropout. Recalibration tells the two
#    apart, in yours as well.
#
# **Pitfalls**
#
# - PyTorch's momentum weighs the new value, TensorFlow's the old one.
# - Batches of one raise an error in training: `drop_last=True`. Of a batch of two, BatchNorm
#   without positions passes on signs only.
# - `model.train()` unfreezes a frozen BatchNorm.
# - `update_bn` measures with dropout on.
# - A bias in front of BatchNorm is a wasted parameter: `bias=False`.
# - An accuracy that did not change can hide a confidence that did: look at both.
# - At one shared learning rate two norms are not compared fairly: give each its own.
#
# **References**
#
# - Ioffe, Szegedy (2015). *Batch normalization: accelerating deep network training by
#   reducing internal covariate shift.* [arXiv:1502.03167](https://arxiv.org/abs/1502.03167)
# - Santurkar, Tsipras, Ilyas, Madry (2018). *How does batch normalization help
#   optimization?* [arXiv:1805.11604](https://arxiv.org/abs/1805.11604)
# - Li, Chen, Hu, Yang (2019). *Understanding the disharmony between dropout and batch
#   normalization by variance shift.*
#   [arXiv:1801.05134](https://arxiv.org/abs/1801.05134)
# - Hendrycks, Gimpel (2016). *Adjusting for dropout variance in batch normalization and
#   weight initialization.* [arXiv:1607.02488](https://arxiv.org/abs/1607.02488)
# - Hoffer, Hubara, Soudry (2017). *Train longer, generalize better.* Ghost BatchNorm.
#   [arXiv:1705.08741](https://arxiv.org/abs/1705.08741)
# - Ba, Kiros, Hinton (2016). *Layer normalization.*
#   [arXiv:1607.06450](https://arxiv.org/abs/1607.06450)
# - Ulyanov, Vedaldi, Lempitsky (2016). *Instance normalization.*
#   [arXiv:1607.08022](https://arxiv.org/abs/1607.08022)
# - Wu, He (2018). *Group normalization.*
#   [arXiv:1803.08494](https://arxiv.org/abs/1803.08494)
# - Zhang, Sennrich (2019). *Root mean square layer normalization.*
#   [arXiv:1910.07467](https://arxiv.org/abs/1910.07467)
# - He, Zhang, Ren, Sun (2015). *Delving deep into rectifiers.* The initialization.
#   [arXiv:1502.01852](https://arxiv.org/abs/1502.01852)
#
# **Next:** [11 · Sequences](../11_sequences/11_sequences.ipynb). The same questions for
# networks that read: where may a mask change from one step to the next, and what keeps a
# gradient from exploding?
