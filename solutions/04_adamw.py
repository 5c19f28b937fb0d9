# %% [markdown]
# # 04 · Is weight decay the same thing as an L2 penalty?
#
# In November 2017 Ilya Loshchilov and Frank Hutter put a paper on arXiv whose title
# sounded like a bug report: *Fixing Weight Decay Regularization in Adam*. Adam was
# popular, and yet image classifiers trained with it often did worse on new images than
# those trained with SGD and momentum. Some blamed adaptive step sizes as such (Wilson
# and others had just measured the gap). The two authors looked at something
# smaller: the argument `weight_decay`, which in Adam did not do what its name says.
# They changed one line. The result is called AdamW, and today it is the usual choice
# for transformers.
#
# This notebook takes that line apart. You will build Adam from the failures that it
# mends, see what it does to a penalty, derive where AdamW comes to rest, and then test
# what is said about the two.
#
# When you are done you can
#
# - write Adam and AdamW so that they agree with PyTorch's up to rounding,
# - tell coupled from decoupled decay by what happens to the weights, and say which
#   problem each of them solves,
# - choose learning rate and decay together, and set up parameter groups and an
#   optimizer that survives a checkpoint.
#
# **You need:** notebook 03; you know the convention $\frac{\lambda}{2}\|\mathbf{w}\|^2$
# and what ridge regression is. **Time:** about 130 minutes; the computing takes about a
# minute on a slow CPU.

# %% setup
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import adamw as demos_adamw
from helpers.demos.adamw import beside, descend, ends_picture, quadratics
from helpers.device import device
from helpers.evidence.claims import claim, results
from helpers.population import grid, mlp, train_population
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import one_thread

plots.use_course_style()
check = load("04_adamw")

# %%
DEVICE = device()
LAMBDA = 2**-6  # a power of two: multiplying by it rounds nothing
COUPLED, DECOUPLED = (plots.TREATMENTS[name] for name in ("Adam + L2", "AdamW"))

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips
# either.

# %%
warm_up("04_adamw")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## Three ways to shrink a weight
#
# You want small weights. Notebook 03 got them through the loss, with a *penalty*:
#
# $$L(\mathbf{w}) + \tfrac{\lambda}{2}\|\mathbf{w}\|^2, \qquad
# \text{gradient } \mathbf{g} + \lambda\mathbf{w}.$$
#
# PyTorch's optimizers offer a second way, the argument `weight_decay`. The third way is
# to do it by hand: just before each step, multiply every weight by $1-\eta\lambda$,
# where $\eta$ is the learning rate (`lr`). For gradient descent a line of algebra says
# that the penalty and the shrinking by hand are the same:
#
# $$\mathbf{w} \leftarrow \mathbf{w} - \eta(\mathbf{g} + \lambda\mathbf{w})
# = (1-\eta\lambda)\,\mathbf{w} - \eta\,\mathbf{g}.$$
#
# That is the algebra of *plain* gradient descent. How far does it carry? The network
# below is small, all 64 examples go into every step, and nothing is random after the
# start, so two runs can only differ through the way of shrinking. The examples are
# random numbers with random labels, because we only want to compare weights.

# %%
toy = torch.Generator().manual_seed(0)
x = torch.randn(64, 20, generator=toy)
y = torch.randint(3, (64,), generator=toy)


def network():
    """Return the same small network each time."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 3))


# %%
@one_thread()  # tiny networks gain nothing from a second one
def train(make, way, steps=100):
    """Return the final weights; `make(parameters, weight_decay)` gives the optimizer."""
    model = network()
    parameters = [*model.parameters()]
    optimizer = make(parameters, LAMBDA if way == "weight_decay" else 0.0)
    rate = optimizer.param_groups[0]["lr"]
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        if way == "penalty":
            loss = loss + LAMBDA / 2 * sum(p.square().sum() for p in parameters)
        optimizer.zero_grad()
        loss.backward()
        if way == "by hand":
            for p in parameters:
                p.data.mul_(1 - rate * LAMBDA)
        optimizer.step()
    return nn.utils.parameters_to_vector(parameters).detach()


# %% [markdown]
# Plain SGD first, which the algebra covers; then SGD with momentum 0.9, which it does
# not mention.

# %% predict
predict(
    "adamw.momentum",
    "With momentum 0.9, which of the three ways end at the same weights?",
    ["all three", "penalty and weight_decay", "weight_decay and shrinking by hand"],
)


# %% experiment
def sgd(momentum):
    return lambda parameters, decay: torch.optim.SGD(
        parameters, lr=0.1, momentum=momentum, weight_decay=decay
    )


apart = {}
for name, momentum in (("plain", 0.0), ("momentum", 0.9)):
    option = train(sgd(momentum), "weight_decay")
    for way in ("penalty", "by hand"):
        off = (train(sgd(momentum), way) - option).abs().max().item()
        apart[name, way] = off
        print(f"SGD, {name:8}  {way:7}  largest difference to weight_decay {off:.1e}")

# %% results
with results():
    claim(
        "adamw.sgd-is-l2",
        "SGD's weight_decay is the penalty (λ/2)‖w‖², to the last bit, with momentum, "
        "too.",
        max(apart["plain", "penalty"], apart["momentum", "penalty"]),
        "within 0",
    )
    claim(
        "adamw.momentum-differs",
        "With momentum, shrinking by hand is something else, far beyond rounding (the "
        "largest difference of a weight).",
        apart["momentum", "by hand"],
        "> 0.001",
    )
    recall("adamw.momentum", 2)

# %% [markdown]
# For plain SGD all three agree, up to rounding. With momentum the third one leaves the
# other two, and the reason will carry the rest of the notebook. Momentum keeps a memory
# of gradients. The penalty's $\lambda\mathbf{w}$ came in *through the gradient*, so it
# enters that memory and is used again in the following steps; shrinking by hand never
# does. The rule is: an optimizer that does something to gradients does it to the
# penalty as well.
#
# Decay by hand is called *decoupled* (from the gradient), the penalty *coupled*. Mind
# the factors. Many papers write the penalty as $\lambda\|\mathbf{w}\|^2$, without the
# ½; its gradient is $2\lambda\mathbf{w}$, so their $\lambda$ is `weight_decay=2*λ`.
# Decoupled decay has two conventions as well:
#
# | | what one step takes from $w$ | who |
# |---|---|---|
# | penalty $\frac{\lambda}{2}\|\mathbf{w}\|^2$ | through the gradient: $\lambda w$ is added to $g$ | `SGD`, `Adam` |
# | penalty $\lambda\|\mathbf{w}\|^2$ | through the gradient: $2\lambda w$ | many papers |
# | decay, times the learning rate | $\eta\lambda w$ | `AdamW` |
# | decay, times the schedule only | $\lambda w$ times the schedule's factor | Loshchilov and Hutter |
#
# ## Adam, built from what goes wrong without it
#
# To know what Adam does to a penalty, you have to know what Adam does. Its formula has
# two averages, two corrections and a square root, and looks arbitrary when written down
# at once. So we start with nothing and mend one failure at a time.
#
# The playground is a valley: the loss $\frac12(100\,w_1^2 + w_2^2)$ has a hundred times
# more curvature in one direction than in the other. The function walks down from eight
# equal starts at once, because soon there will be noise, and one walk could be lucky.


# %% experiment
def roll(rule, lr, noise=0.0, steps=150):
    """Return the losses (steps, 8 walks) of w ← w - lr · rule(gradient, memory, t)."""
    curvature = torch.tensor([100.0, 1.0])
    generator = torch.Generator().manual_seed(0)
    w, memory, losses = torch.full((8, 2), 1.03), {}, []
    for t in range(1, steps + 1):
        losses.append((0.5 * curvature * w**2).sum(1))
        grad = curvature * w
        grad = grad + noise * curvature.sqrt() * torch.randn(8, 2, generator=generator)
        w = w - lr * rule(grad, memory, t)
    return torch.stack(losses)


def fixed(grad, memory, t):
    return grad


def normalized(grad, memory, t):
    return grad / grad.abs()


for name, rule, lr in (
    ("fixed step", fixed, 0.019),
    ("fixed step", fixed, 0.021),
    ("normalized", normalized, 0.05),
):
    loss = roll(rule, lr).mean(1)
    print(f"{name}, lr={lr}: loss {loss[25]:.2g} after 25 steps, {loss[-1]:.2g} at 149")

# %% [markdown]
# **Failure 1: one step size for all directions.** A step of gradient descent multiplies
# the distance along each direction by $1-\eta h$, where $h$ is the curvature. In the
# steep direction that is $1-100\eta$, so any $\eta$ above 0.02 makes the factor smaller
# than $-1$ and the walk flies apart, as the second line shows. Just below 0.02 the walk
# is safe, but the gentle direction shrinks by only 2 % per step. The steepest direction
# dictates a learning rate with which all others crawl.
#
# The obvious cure is to *normalize*: divide each weight's gradient by its own size, so
# that every weight moves by exactly $\eta$, steep or gentle, and after 25 steps the
# valley's floor is reached. **Failure 2: it never settles.** A step of fixed length
# that arrives near the bottom jumps over it, and the next one jumps back. It bounces by
# $\eta$ forever, because the size of the gradient, which says how near the bottom is,
# was divided away.
#
# So divide by the size that this weight's gradient *usually* has. Then a gradient which
# is smaller than usual gives a smaller step, and the walk can come to rest. "Usually"
# means an average over the past, and a running average costs one number per weight:
#
# $$v \leftarrow \beta_2 v + (1-\beta_2)\,g^2, \qquad
# w \leftarrow w - \eta\,\frac{g}{\sqrt{v}}.$$
#
# (This is RMSprop; Tieleman and Hinton 2012.) **Failure 3: with noise, every step is a
# full step.** On small batches the gradient is mostly noise. Noise has its usual size
# all the time, so each step still has length about $\eta$, in a direction that means
# little. The remedy is to average the gradient as well, *before* dividing, because the
# signal stays and the noise cancels:
#
# $$m \leftarrow \beta_1 m + (1-\beta_1)\,g, \qquad
# w \leftarrow w - \eta\,\frac{m}{\sqrt{v}}.$$
#
# By how much? Successive noises are independent, so their variances add: the average
# $m$ has the variance $(1-\beta_1)^2\sum_i \beta_1^{2i}= \frac{1-\beta_1}{1+\beta_1}$
# of a single gradient. For $\beta_1=0.9$ that is 1/19, and its root 0.23. Where a
# gradient is pure noise, Adam's step typically has length $0.23\,\eta$; where all
# gradients agree it has length $\eta$.
#
# Here are the last two rules, and all four in the valley, without and with noise. (The
# divisions by $1-\beta^t$ mend a fourth failure, which comes next.)


# %%
def divided(grad, memory, t):
    memory["v"] = 0.999 * memory.get("v", 0.0) + 0.001 * grad**2
    return grad / (memory["v"] / (1 - 0.999**t)).sqrt()


def averaged(grad, memory, t):
    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * grad
    memory["v"] = 0.999 * memory.get("v", 0.0) + 0.001 * grad**2
    return memory["m"] / (1 - 0.9**t) / (memory["v"] / (1 - 0.999**t)).sqrt()


# %% figure
rules = {
    "fixed step, 0.019": (fixed, 0.019, "#767676"),
    "normalized, 0.05": (normalized, 0.05, plots.PALETTE[5]),
    "divided by √v, 0.05": (divided, 0.05, plots.PALETTE[2]),
    "Adam, 0.05": (averaged, 0.05, plots.PALETTE[0]),
}
fig, axes = plots.figure(2)
for ax, noise in zip(axes, (0.0, 1.0), strict=True):
    for name, (rule, lr, color) in rules.items():
        ax.plot(roll(rule, lr, noise).mean(1), color=color, label=name)
    ax.set(yscale="log", ylim=(1e-4, 300), xlabel="step", ylabel="loss (log scale)")
axes[0].set_title("No noise: only a fixed length bounces")
axes[1].set_title("Noise, mean of 8 walks: every rule has a floor")
axes[1].legend(loc="lower left", ncols=2, fontsize=8)
floor = [roll(rule, 0.05, 1.0)[100:].mean() for rule in (divided, averaged)]
print(f"Mean loss after step 100, with noise: √v {floor[0]:.2f}, Adam {floor[1]:.2f}")
plots.show(
    fig,
    alt="Losses of four rules. Without noise normalized steps stop at a floor and the "
    "others fall on. With noise all stay above a floor, the fixed step the highest.",
)

# %% [markdown]
# On the left, without noise, the fixed step crawls and the normalized step bounces.
# Both rules that divide by $\sqrt v$ keep falling, Adam in swings, because its average
# $m$ still points downhill for a few steps after the bottom has been passed, as a heavy
# ball would roll on.
#
# On the right there is a lesson that the formulas hide. Adam's single steps are up to
# four times shorter than those of the rule that divides but does not average, and yet
# its floor is about as high, because each noisy gradient still pushes the weight by as
# much in total, only spread over the steps that follow. So averaging makes the walk
# smooth. What lowers the floor is a smaller learning rate, and that is why schedules
# exist (notebook 05, section 6).
#
# **Failure 4: the averages start at zero.** Unroll the recursion for $m$, with $\beta$
# for $\beta_1$:
#
# $$m_t = (1-\beta)\sum_{i=0}^{t-1}\beta^i g_{t-i}, \qquad
# (1-\beta)\sum_{i=0}^{t-1}\beta^i = 1-\beta^t .$$
#
# The weights of a proper average add up to 1. These add up to $1-\beta^t$ (a geometric
# series), because the share $\beta^t$ still belongs to the zero at the start. So divide
# by it. With hats on both averages we have Adam (Kingma and Ba 2015):
#
# $$w \leftarrow w - \eta\,\frac{\hat m}{\sqrt{\hat v} + \varepsilon}, \qquad
# \hat m = \frac{m}{1-\beta_1^{\,t}}, \quad \hat v = \frac{v}{1-\beta_2^{\,t}}.$$
#
# The tiny $\varepsilon$ prevents a division by zero where all gradients have been zero.
#
# And without the hats? Feed in a gradient that is always 1: all steps should have
# length $\eta$.

# %% figure
m = v = 0.0
size = []
for _ in range(4000):
    m, v = 0.9 * m + 0.1, 0.999 * v + 0.001
    size.append(m / v**0.5)
fig, ax = plots.figure()
ax.plot(range(1, 4001), size, color=plots.PALETTE[5], label="without hats")
ax.axhline(1.0, color="#1a1a1a", linestyle="--", label="with hats")
ax.set(xlabel="step t (log scale)", ylabel="length of the step / lr", xscale="log")
ax.set_title(f"Without the hats, early steps are up to {max(size):.1f} times too long")
ax.legend()
plots.show(fig, alt="The uncorrected step starts at 3 lr, peaks above 6, falls to 1.")

# %% [markdown]
# They are too long, although both averages start too small. The two recover at
# different speeds: $m$ is nearly right after 20 steps, $v$ needs thousands, and a $v$
# that is too small stands in the denominator.
#
# ### Exercise 4.1 · One step of Adam (3 points, ~15 min)
#
# **Given** tensors `param` and `grad` of one shape, the settings, and a dict `state`
# that belongs to this parameter. It is `{}` before the first call; what you put in,
# under names of your own, is there in the next call.
#
# **Return** the new parameter, a new tensor. Do not change `param` or `grad`; do fill
# `state` in place. `weight_decay` is *coupled*: add `weight_decay · param` to the
# gradient first, and let $m$ and $v$ see the sum.
#
# **By hand:** `param = [1]`, `grad = [2]`, `lr = 0.1`, no decay, first call: $m = 0.2$,
# $v = 0.004$, so $\hat m = 2$, $\hat v = 4$ and the result is `[1 - 0.1 · 2/2] =
# [0.9]`. The first step has length `lr` whatever the gradient.
#
# **From scratch:** without `torch.optim.Adam` and its relatives.
#
# <details><summary>Hint 1</summary>
# Three things must survive from call to call: m, v, and how many calls there were.
# <code>state.get("t", 0)</code> helps in the first one.
# </details>
# <details><summary>Hint 2</summary>
# Store m and v <em>without</em> the correction; correct copies. t is 1 in the first
# call, or you divide by zero.
# </details>
# <details><summary>Hint 3</summary>
# <code>grad = grad + weight_decay * param</code>, then m, v and t into
# <code>state</code>, then <code>param - lr * m_hat / (v_hat.sqrt() + eps)</code>.
# </details>


# %% solution="adam_step"
def adam_step(
    param: torch.Tensor,
    grad: torch.Tensor,
    state: dict,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> torch.Tensor:
    """Return the parameter after one step of Adam, decay coupled (about 9 lines).

    Args:
        param, grad: floating, one shape; both stay as they are.
        state: {} before the first call; filled in place with what must be remembered.
        lr: learning rate, > 0. betas: decay rates of m and of v, in [0, 1).
        eps: added to the root of v, > 0.
        weight_decay: strength of the penalty (weight_decay/2)·‖param‖², ≥ 0.

    Returns: a new tensor like param. Example: param [1.0], grad [2.0], state {},
    lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0 gives [0.9].
    """
    ### BEGIN SOLUTION
    grad = grad + weight_decay * param
    t = state.get("t", 0) + 1
    m = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    v = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    state.update(t=t, m=m, v=v)
    m_hat = m / (1 - betas[0] ** t)
    v_hat = v / (1 - betas[1] ** t)
    return param - lr * m_hat / (v_hat.sqrt() + eps)
    ### END SOLUTION


# %% [markdown]
# Three steps with the same gradients, then a fourth with both turned round. The target
# comes from `torch.optim.Adam`.


# %% look
def four_steps(step):
    w, state = torch.tensor([1.0, -1.0]), {}
    for sign in (1, 1, 1, -1):
        grad = sign * torch.tensor([2.0, 0.5])
        w = step(w, grad, state, 0.1, (0.9, 0.999), 1e-8, 0.1)
    return w


look(lambda: four_steps(adam_step), torch.tensor([0.65517, -1.3198]))

# %% test="adam_step" points=3
check.adam_step(adam_step)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("04_adamw").adam_step(adam_step, seed=20_151)
### END HIDDEN TESTS

# %% [markdown]
# ## What Adam does to a penalty
#
# Adam's `weight_decay` is the penalty, as it is in SGD: $\lambda w$ is added to the
# gradient. And then Adam divides the gradient by its usual size.
#
# First the three ways once more, now with Adam. Each dot in the picture is one weight
# of the trained network; on the diagonal, penalty and shrinking by hand agree.


# %% experiment
def adam(kind):
    return lambda parameters, decay: kind(parameters, lr=0.01, weight_decay=decay)


by_penalty = train(adam(torch.optim.Adam), "penalty")
by_hand = train(adam(torch.optim.Adam), "by hand")
same_as = {
    "Adam's weight_decay and the penalty": (
        train(adam(torch.optim.Adam), "weight_decay") - by_penalty
    ),
    "AdamW's weight_decay and shrinking by hand": (
        train(adam(torch.optim.AdamW), "weight_decay") - by_hand
    ),
    "penalty and shrinking by hand": by_penalty - by_hand,
}
for pair, difference in same_as.items():
    print(f"{pair}: largest difference {difference.abs().max():.1e}")

# %% figure
sgd_pair = (train(sgd(0.0), "penalty"), train(sgd(0.0), "by hand"))
fig = beside(
    {
        "SGD: the two agree": sgd_pair,
        "Adam: they do not": (by_penalty, by_hand),
    },
    names=("with the penalty", "shrunk by hand"),
)
plots.show(fig, alt="Final weights: on the diagonal for SGD, scattered for Adam.")

# %% [markdown]
# So `weight_decay` is one name for two things: in `Adam` the penalty, in `AdamW`
# shrinking by hand. Follow $\lambda w$ on its way into the weight:
#
# ```
# Adam    g + λw  →  m and v  →  w - η · m̂/√v̂
# AdamW   g       →  m and v  →  w - η · m̂/√v̂ - η · λw
# ```
#
# To see *what* differs, take weights whose gradient is pure noise of
# size $s$ with a random sign, so that nothing but the decay should move them. All start
# at 1; $s$ runs from 0.001 to 1000; 2,000 steps with `lr=1e-3` and `weight_decay=0.1`.
# Shrinking by $1-\eta\lambda$ in each step leaves $(1-10^{-4})^{2000} = 0.82$.

# %% predict
predict(
    "adamw.shrink",
    "Under Adam + L2, which weights are left nearly untouched by the decay?",
    ["those with small gradients", "those with large gradients", "none: all get 0.82"],
)

# %% experiment
scales = torch.logspace(-3, 3, 13)


@one_thread()
def remaining(kind):
    """Return what is left of weights that start at 1: (8 draws, 13 sizes)."""
    w = torch.ones(8, 64, 13, requires_grad=True)
    optimizer = kind([w], lr=1e-3, weight_decay=0.1)
    generator = torch.Generator().manual_seed(1)
    for _ in range(2000):
        w.grad = scales * (2.0 * torch.randint(2, w.shape, generator=generator) - 1)
        optimizer.step()
    return w.detach().mean(1)


left = {
    "Adam + L2": remaining(torch.optim.Adam),
    "AdamW": remaining(torch.optim.AdamW),
}

# %% figure
fig, ax = plots.figure()
for name, values in left.items():
    plots.band(scales, values, label=name, ax=ax)
large = scales[scales >= 0.3]
ax.plot(
    *(large, (1 - 1e-4 / large) ** 2000),
    color="#1a1a1a",
    linestyle=":",
    label=r"$(1-\eta\lambda/s)^t$",
)
ax.set(
    xscale="log",
    xlabel="size s of the gradient (log scale)",
    ylabel="share of the weight that is left",
)
ax.set_title("Coupled decay spares large gradients; AdamW spares nobody")
ax.legend()
plots.show(
    fig,
    alt="What is left: rises from 0 to 1 for Adam with L2, flat at 0.82 for AdamW; the "
    "dotted formula lies on Adam's curve on the right.",
    after="adamw.shrink",
)

# %% results
small, big = 2, -3  # columns with gradients of size 0.01 and 100
with results(varies="8 draws of the noise, each averaged over 64 weights") as table:
    table.arms(
        {
            f"{name}, gradients of {scales[column]:g}": values[:, column]
            for name, values in left.items()
            for column in (small, big)
        },
        unit="share of the weight left",
    )
    claim(
        "adamw.spared",
        "Adam + L2 leaves more of a weight with large gradients than of one with small.",
        left["Adam + L2"][:, big] - left["Adam + L2"][:, small],
        "> 0",
    )
    claim(
        "adamw.uniform",
        "AdamW leaves the same share of both.",
        left["AdamW"][:, big] - left["AdamW"][:, small],
        "within 0.02",
    )
    recall("adamw.shrink", 2)

# %% [markdown]
# By this fingerprint you can tell the two apart without reading code. It has three
# parts.
#
# On the right, the gradient is large against $\lambda w$. Then $\sqrt{\hat v}\approx
# s$, and the decay is divided by $s$ along with the gradient it was added to. A step
# takes $\eta\lambda w/s$: the dotted line. Weights with large gradients are hardly
# regularized.
#
# On the left, the gradient is small against $\lambda w$. Then $\lambda w$ *is* the
# gradient, its usual size is its own size, and Adam turns it into steps of nearly full
# length $\eta$ whatever $\lambda$ says. A weight of 1 is gone after about 1,000 of
# them.
#
# In between, at $s=1$, the curves cross: there the division changes nothing, and
# coupled and decoupled decay are the same. Remember this crossing for the ridge
# experiment.
#
# Decoupled, every weight loses the same share of itself, because the decay never meets
# the division:
#
# $$w \leftarrow w - \eta\lambda w - \eta\,\frac{\hat m}{\sqrt{\hat v} + \varepsilon}.$$
#
# ### Exercise 4.2 · One step of AdamW (2 points, ~8 min)
#
# **Given** the same arguments as in 4.1. **Return** the new parameter, with *decoupled*
# decay: $m$ and $v$ see the bare gradient, and the decay takes `lr · weight_decay`
# times the parameter *that came in*.
#
# **By hand:** `param = [10]`, `grad = [-0.1]`, `lr = 0.1`, `weight_decay = 0.5`, first
# call. Adam's step goes up by 0.1, the decay takes 0.1 · 0.5 · 10 = 0.5: `[9.6]`.
# (Coupled it would be `[9.9]`: the sum -0.1 + 5 has turned the gradient round, and its
# size is gone.)
#
# **From scratch:** without `torch.optim.AdamW` and its relatives.
#
# <details><summary>Hint 1</summary>
# Start from your 4.1. One line goes, one line changes.
# </details>
# <details><summary>Hint 2</summary>
# Both parts of the update start from the same <code>param</code>. Do not decay the
# result of Adam's step.
# </details>
# <details><summary>Hint 3</summary>
# <code>return param - lr * weight_decay * param - lr * m_hat / (v_hat.sqrt() +
# eps)</code>
# </details>


# %% solution="adamw_step"
def adamw_step(
    param: torch.Tensor,
    grad: torch.Tensor,
    state: dict,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> torch.Tensor:
    """Return the parameter after one step of AdamW, decay decoupled (about 9 lines).

    Args:
        param, grad: floating, one shape; both stay as they are.
        state: {} before the first call; filled in place with what must be remembered.
        lr: learning rate, > 0. betas: decay rates of m and of v, in [0, 1).
        eps: added to the root of v, > 0.
        weight_decay: a step takes lr · weight_decay of the parameter away, ≥ 0.

    Returns: a new tensor like param. Example: param [10.0], grad [-0.1], state {},
    lr=0.1, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.5 gives [9.6].
    """
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    m = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    v = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    state.update(t=t, m=m, v=v)
    m_hat = m / (1 - betas[0] ** t)
    v_hat = v / (1 - betas[1] ** t)
    return param - lr * weight_decay * param - lr * m_hat / (v_hat.sqrt() + eps)
    ### END SOLUTION


# %% [markdown]
# The same four steps as before. The target comes from `torch.optim.AdamW`.

# %% look
look(lambda: four_steps(adamw_step), torch.tensor([0.62471, -1.2965]))

# %% test="adamw_step" points=2
check.adamw_step(adamw_step)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("04_adamw").adamw_step(adamw_step, seed=20_191)
### END HIDDEN TESTS

# %% [markdown]
# ## Not every parameter should shrink
#
# A weight matrix mixes inputs, and making it smaller makes the function smoother. A
# bias only shifts, and the scale of a normalization layer starts at 1 and not at 0, so
# there is no such reason to pull either of them to 0. Common practice exempts them (He
# and others 2019), most simply by dimensions: decay tensors with two or more,
# spare the others. The spared numbers are few, and we claim no gain in accuracy.
#
# PyTorch's optimizers take a list of *groups*, each a dict with its parameters and its
# own settings.
#
# ### Exercise 4.3 · Parameter groups (2 points, ~10 min)
#
# **Given** a model and a `weight_decay`. **Return** a list of dicts, each with
# `"params"` and `"weight_decay"`: the given decay for tensors with two or more
# dimensions, 0 for all others. Every trainable parameter appears once. So does a *tied*
# one that two layers share; a *frozen* one (`requires_grad=False`) does not appear.
#
# **By hand:** `nn.Linear(3, 2)` with `weight_decay=0.1` gives `[{"params": [weight],
# "weight_decay": 0.1}, {"params": [bias], "weight_decay": 0.0}]`.
#
# <details><summary>Hint 1</summary>
# Neither the name nor the kind of layer matters, only <code>p.ndim</code>.
# </details>
# <details><summary>Hint 2</summary>
# <code>model.parameters()</code> lists a shared tensor once. Walking through the
# modules yourself does not. And <code>p in some_list</code> compares numbers, not
# identity: use <code>id(p)</code>, if you need it at all.
# </details>
# <details><summary>Hint 3</summary>
# <code>[p for p in model.parameters() if p.requires_grad and p.ndim &gt;= 2]</code> are
# the first group's parameters.
# </details>


# %% solution="parameter_groups"
def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Split a model's parameters into decayed and spared ones (about 5 lines).

    Args:
        model: any module; it stays as it is.
        weight_decay: for tensors with at least two dimensions, ≥ 0; others get 0.

    Returns: groups as torch.optim takes them, every trainable parameter once.
    Example: [{"params": [weight], "weight_decay": 0.1},
    {"params": [bias], "weight_decay": 0.0}] for nn.Linear(3, 2) and 0.1.
    """
    ### BEGIN SOLUTION
    trained = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim >= 2]
    spared = [p for p in trained if p.ndim < 2]
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    ### END SOLUTION


# %% [markdown]
# Your groups for a small CNN: for each decay, how many dimensions its tensors have.
# (The check then takes a model with shared and frozen parts.)

# %% look
cnn = nn.Sequential(
    nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.Flatten(), nn.Linear(96, 10)
)


def dimensions_by_decay():
    found = {}
    for group in parameter_groups(cnn, 0.1):
        found.setdefault(group["weight_decay"], []).extend(
            p.ndim for p in group["params"]
        )
    return found


look(dimensions_by_decay, {0.1: [4, 2], 0.0: [1, 1, 1, 1]})

# %% test="parameter_groups" points=2
check.parameter_groups(parameter_groups)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("04_adamw").parameter_groups(parameter_groups, seed=20_193)
### END HIDDEN TESTS

# %% [markdown]
# ## From a step to an optimizer
#
# `torch.optim.Optimizer` does the bookkeeping. It turns what it is given into
# `self.param_groups`, a list of dicts with all settings filled in, and keeps a dict
# `self.state[p]` for each parameter. You write `step`. This is all of plain SGD:


# %%
class PlainSGD(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})  # defaults for groups that say nothing

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:  # some callers hand over the loss computation
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.sub_(group["lr"] * p.grad)
        return loss


# %% [markdown]
# Three things to notice. The settings are read from the group *in every step*, because
# a learning-rate schedule writes them there. A parameter without gradient is skipped.
# And the closure computes gradients, although the step itself runs without.
#
# Plain SGD remembers nothing, Adam a lot: $m$, $v$ and $t$ for every weight. What
# happens to a run that is resumed with all its weights but without that memory? The
# next cells train 60 steps, make a new optimizer, and train 60 more, once with the old
# state and once without it.


# %% experiment
@one_thread()
def walk(model, optimizer, steps):
    """Train; return the loss and the mean change of a weight, step by step."""
    rows = []
    for _ in range(steps):
        before = nn.utils.parameters_to_vector(model.parameters()).detach()
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        after = nn.utils.parameters_to_vector(model.parameters()).detach()
        rows.append((loss.item(), (after - before).abs().mean().item()))
    return rows


# %% experiment
def resumed(keep):
    """Return (loss, mean change of a weight) for 120 steps, resumed after 60."""
    model = network()
    first = torch.optim.AdamW(model.parameters(), lr=0.02)
    rows = walk(model, first, 60)
    second = torch.optim.AdamW(model.parameters(), lr=0.02)
    if keep:
        second.load_state_dict(first.state_dict())
    return torch.tensor(rows + walk(model, second, 60))  # (120, 2)


kept, lost = resumed(True), resumed(False)
whole = network()
unbroken = torch.tensor(
    walk(whole, torch.optim.AdamW(whole.parameters(), lr=0.02), 120)
)
print(f"Kept against unbroken: largest difference {(kept - unbroken).abs().max():.0e}")
for k in (60, 61, 65, 119):
    print(f"step {k + 1}: loss with state {kept[k, 0]:.4f}, without {lost[k, 0]:.4f}")

# %% figure
jump = (lost[60, 1] / kept[60, 1]).item()
fig, ax = plots.figure()
for rows, name, color in (
    (lost, "lost", plots.PALETTE[5]),
    (kept, "kept", plots.PALETTE[2]),
):
    ax.plot(range(1, 121), rows[:, 1] / 0.02, color=color, label=f"state {name}")
ax.axvline(60.5, color="#1a1a1a", linewidth=0.8, linestyle=":", label="resumed")
ax.set(xlabel="step", ylabel="mean change of a weight / lr")
ax.set_title(f"Without its state the first step is {jump:.0f} times as long")
ax.legend()
plots.show(fig, alt="Steps get shorter; without the state they jump back to length 1.")

# %% results
with results():
    claim(
        "adamw.state-lost",
        "Resumed without its state, the first step is longer than with it.",
        jump,
        "> 1",
        unit="times as long",
    )

# %% [markdown]
# With its state, the resumed run is the unbroken one to the last bit. Without it the
# first step is about eleven times as long. Why? For a fresh Adam, $t=1$, and then $\hat
# m/\sqrt{\hat v}$ is $\pm 1$: every weight with any gradient at all takes a step of
# full length $\eta$, also those that had come to rest. Do not look for this bug in the
# training loss: here it even ends lower, probably because the kick sends a network that
# learns 64 examples by heart downhill faster. The damage is that it is a *different* run, with
# a burst of large steps in place of the schedule that you planned, and that nobody told
# you.
#
# Whatever is in `self.state` and `self.param_groups` goes into `state_dict()`. Whatever
# you keep anywhere else is lost.
#
# ### Exercise 4.4 · AdamW as an optimizer (3 points, ~20 min)
#
# **Write** the class `AdamW(torch.optim.Optimizer)` with the settings `lr`, `betas`,
# `eps`, `weight_decay` and PyTorch's defaults. It
#
# - takes parameters or groups, like every torch optimizer,
# - changes the parameters in place, and skips those without gradient: no step, no
#   decay,
# - counts steps *for each parameter*,
# - reads its settings from the group in every step,
# - takes a closure and returns its loss,
# - goes on after `state_dict()` and `load_state_dict()` as if nothing had happened.
#
# **By hand:** `p = [10]`, `p.grad = [-0.1]`, `lr=0.1`, `weight_decay=0.5`: after one
# step `p` is `[9.6]`, as in 4.2.
#
# **From scratch:** without `torch.optim.AdamW` and its relatives, also as base class.
#
# <details><summary>Hint 1</summary>
# Copy PlainSGD. The new part goes where it says <code>p.sub_</code>; it is 4.2, written
# so that it changes p.
# </details>
# <details><summary>Hint 2</summary>
# <code>state = self.state[p]</code> is an empty dict the first time. Everything that
# must survive goes in there, the count included: a parameter that joins late starts at
# 1.
# </details>
# <details><summary>Hint 3</summary>
# With m and v corrected: <code>p.mul_(1 - group["lr"] * group["weight_decay"])</code>,
# then <code>p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))</code>.
# </details>


# %% solution="AdamW"
class AdamW(torch.optim.Optimizer):
    """Adam with decoupled weight decay (about 20 lines in all).

    Args:
        params: parameters, or groups: dicts with "params" and settings of their own.
        lr: learning rate. betas: decay rates of m and of v, in [0, 1).
        eps: added to the root of v. weight_decay: a step takes lr · weight_decay of
            each parameter away.

    step(closure=None) updates the parameters in place; with a closure it calls it first,
    gradients on, and returns its loss. Example: see the card.
    """

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        ### BEGIN SOLUTION
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, settings)
        ### END SOLUTION

    @torch.no_grad()
    def step(self, closure=None):
        ### BEGIN SOLUTION
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            (beta1, beta2), lr = group["betas"], group["lr"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                s["t"] = s.get("t", 0) + 1
                s["m"] = beta1 * s.get("m", 0.0) + (1 - beta1) * p.grad
                s["v"] = beta2 * s.get("v", 0.0) + (1 - beta2) * p.grad**2
                m_hat = s["m"] / (1 - beta1 ** s["t"])
                v_hat = s["v"] / (1 - beta2 ** s["t"])
                p.mul_(1 - lr * group["weight_decay"])
                p.sub_(lr * m_hat / (v_hat.sqrt() + group["eps"]))
        return loss
        ### END SOLUTION


# %% [markdown]
# Your optimizer on the toy network: the training loss after 0, 20, 40 and 60 steps,
# beside that of PyTorch's.


# %% look
def at_20_40_60(kind):
    model = network()
    rows = walk(model, kind(model.parameters(), lr=0.02, weight_decay=0.1), 61)
    return [loss for loss, _ in rows[::20]]


look(lambda: at_20_40_60(AdamW), at_20_40_60(torch.optim.AdamW))

# %% test="AdamW" points=3
check.AdamW(AdamW)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("04_adamw").AdamW(AdamW, seed=20_197)
### END HIDDEN TESTS

# %% [markdown]
# ### Bug hunt: the layer that woke up late
#
# Somebody fine-tunes: the first layer stays frozen for 200 steps and then joins in.
# Their optimizer agrees with PyTorch's on every network whose weights all train from
# the start. Run both, look at the first steps of the layer that wakes up, and say what
# is wrong before you open the resolution.


# %%
class Suspect(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})
        self.t = 0

    @torch.no_grad()
    def step(self, closure=None):
        self.t += 1
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * p.grad
                s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * p.grad**2
                m_hat = s["m"] / (1 - b1**self.t)
                v_hat = s["v"] / (1 - b2**self.t)
                p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))


# %%
@one_thread()
def waking(kind):
    """Return the longest change of a first-layer weight / lr, in its first 5 steps."""
    model, lengths = network(), []
    late = model[0].weight
    optimizer = kind(model.parameters(), lr=0.01)
    for step in range(205):
        late.requires_grad_(step >= 200)
        before = late.detach().clone()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        lengths.append((late.detach() - before).abs().max().item() / 0.01)
    return lengths[200:]


for kind in (torch.optim.Adam, Suspect):
    print(f"{kind.__name__:8}", " ".join(f"{length:.2f}" for length in waking(kind)))

# %% [markdown]
# <details><summary>Resolution</summary>
#
# The symptom: PyTorch's first step for the late layer has length 1, as every first step
# of Adam does. The suspect's is longer, and the following ones grow to more than twice
# <code>lr</code>. The cause: <code>self.t</code> counts the steps of the whole
# optimizer, so the late layer's first step is corrected as number 201. By then the
# correction of <code>m</code> is gone, and that of <code>v</code> divides by 0.18
# instead of by 0.001. But <em>this</em> layer's averages have seen a single gradient: m
# is 0.1 of it, and the root of v is 0.032 of its size, corrected to 0.074. Their ratio
# is 1.35. The mend is one line: count in <code>self.state[p]</code>. Then the counter
# is also part of <code>state_dict()</code>, which <code>self.t</code> is not.
# </details>
#
# ## Where do they come to rest?
#
# "AdamW does L2 regularization *correctly*" is a sentence that you will read, and we
# can test it where the right answer is known. For least squares the penalized problem
# is ridge regression, whose solution stands in closed form:
#
# $$\mathbf{w}^\star = \Big(\tfrac1n\mathbf{X}^\top\mathbf{X} + \lambda\mathbf{I}\Big)^{-1}
# \tfrac1n\mathbf{X}^\top\mathbf{y}.$$
#
# Take two weights, so that you can see everything. Both optimizers get
# `weight_decay=λ`, start at the same place, and run until they stand still. In the demo
# the loss is a tilted bowl: gray lines are its contours, the ring is its lowest point,
# the green square is the ridge solution.

# %% predict
predict(
    "adamw.ridge",
    "Which one ends at the ridge solution, if it runs to the end?",
    ["Adam + L2 only", "AdamW only", "both", "neither"],
)

# %% [markdown]
# Press **Play** and wait until the dots hardly move; the line of text below the
# pictures gives distances. Then change the decay. Then give the gradient noise, as
# small batches do (weight 1 gets four times the noise of weight 2), and watch which end
# moves. The open square is a forecast, derived below.

# %% demo
demos_adamw.scene().show()

# %% [markdown]
# One picture could be luck, and at a constant learning rate nothing ever quite stands
# still. So take 20 problems, let the learning rate fall to zero along a cosine, and measure how
# far the end is from ridge, in units of the way from plain least squares to ridge: 0 is
# ridge, 1 is as far off as no penalty at all. Each problem has 40 examples and two
# features, the first six times as large as the second. "No noise" uses all 40 examples
# in every step; batches of 10, 4 and 1 are drawn anew for each step.

# %% experiment
DECAY = 0.5
problems = quadratics(range(20))
eye = torch.eye(2, dtype=torch.float64)
ridge = torch.linalg.solve(problems.hessian + DECAY * eye, problems.slope)
plain = torch.linalg.solve(problems.hessian, problems.slope)


def share(target, w):
    """Return the distance to target in units of the way from plain to ridge, (20,)."""
    return (w - target).norm(dim=1) / (plain - ridge).norm(dim=1)


@one_thread()
def end(kind, batch=None, steps=6000):
    return descend(problems, kind, decay=DECAY, batch=batch, steps=steps)[-1]


batches = {"no noise": None, "batches of 10": 10, "of 4": 4, "of 1": 1}
coupled_end = end(torch.optim.Adam, steps=1500)  # it is there long before
noisy_coupled_end = end(torch.optim.Adam, 1)
adamw_ends = {name: end(torch.optim.AdamW, batch) for name, batch in batches.items()}

# %% results
with results(varies="20 problems: features, targets, batches") as table:
    table.arms(
        {
            "Adam + L2, no noise": share(ridge, coupled_end),
            "Adam + L2, batches of 1": share(ridge, noisy_coupled_end),
            **{f"AdamW, {k}": share(ridge, w) for k, w in adamw_ends.items()},
        },
        unit="of the way from ridge",
    )
    claim(
        "adamw.adam-ridge",
        "Adam + L2 ends at ridge.",
        share(ridge, coupled_end),
        "within 0.01",
    )
    recall("adamw.ridge", 1)

# %% [markdown]
# So the popular sentence has it backwards. Adam with L2 rests where its gradient is
# zero, and its gradient is that of the penalized loss. With noise it ends very close to
# the same place. AdamW rests somewhere else, at another place for each batch size, and
# without noise it hardly regularizes at all.
#
# Without noise you also have to be patient. The distance from plain least squares tells
# how slowly AdamW gets there:

# %%
slowly = {steps: end(torch.optim.AdamW, steps=steps) for steps in (500, 1500)}
for steps, w in {**slowly, 6000: adamw_ends["no noise"]}.items():
    print(f"{steps} steps: {share(plain, w).mean():.2f} of the way from least squares")

# %% [markdown]
# ### The balance
#
# Even after 6,000 steps AdamW without noise is still creeping on, toward plain least
# squares itself. It creeps because $\hat v$ takes thousands of steps to forget the
# larger gradients of the past. Where *does* it rest, then? Where the two parts of its step cancel.
# Look at one weight $w_j$ near the end, when the learning rate is small and everything
# moves slowly. On average
#
# $$\underbrace{\lambda w_j}_{\text{decay}} \;+\;
# \underbrace{\frac{\bar g_j}{\sigma_j}}_{\hat m/\sqrt{\hat v}} \;=\; 0 .$$
#
# The second term needs a word. $\hat m$ averages gradients, so on average it is the
# mean gradient $\bar g_j$, which is the slope of the loss. $\hat v$ averages *squared*
# gradients over about a thousand steps, so it hardly fluctuates, and we may treat its
# root as a constant: $\sigma_j=\sqrt{\bar g_j^2+\text{noise variance}}$, the root mean
# square of this weight's gradient, noise included. Multiply by $\sigma_j$:
#
# $$\bar g_j + \lambda\sigma_j\, w_j = 0 .$$
#
# You have seen this equation before. It says that the gradient of
#
# $$L(\mathbf{w}) + \tfrac12\sum_j \lambda\sigma_j\, w_j^2$$
#
# is zero. So AdamW should, after all, go to the solution of a penalized problem: ridge
# with **a strength of its own for each weight, $\lambda\sigma_j$**, the decay that you
# set times the size of that weight's gradient.
#
# Everything that the demo showed follows from it. Without noise $\sigma_j$ is the size
# of the mean gradient itself and vanishes with it, so AdamW ends at plain least
# squares. (Unless $\lambda|w_j|$ exceeds 1 there: the ratio $|\bar g_j|/\sigma_j$
# cannot be larger than 1, so no weight rests outside the box $|w_j|\le 1/\lambda$. Xie
# and Li (2024) prove it for runs without noise; set the demo's decay to 2.) With noise
# the strengths are real, larger for the weight with the noisier gradient. And where all
# $\sigma_j$ happen to be 1, AdamW is ridge: the crossing point in the fingerprint.
#
# One catch remains: $\sigma_j$ depends on where we end, and where we end depends on
# $\sigma_j$. So start at least squares, compute the gradients' sizes there, solve, and
# repeat until nothing changes.


# %% experiment
def gradient_size(w, batch):
    """Return the root mean square of each weight's gradient at w, (20, 2)."""
    residual = torch.einsum("snd,sd->sn", problems.x, w) - problems.y
    each = problems.x * residual[..., None]  # (20, 40, 2): one gradient per example
    return (each.mean(1) ** 2 + each.var(1, correction=0) / batch).sqrt()


def forecast(batch):
    """Return ridge with strengths λσ, each weight's own, (20, 2)."""
    w = plain
    for _ in range(50):
        strengths = torch.diag_embed(DECAY * gradient_size(w, batch))
        w = torch.linalg.solve(problems.hessian + strengths, problems.slope)
    return w


forecasts = {name: forecast(batch) for name, batch in batches.items() if batch}
for name, batch in list(batches.items())[1:]:
    sizes = gradient_size(forecasts[name], batch).mean(0)
    print(f"AdamW, {name}: mean strengths λσ = {DECAY * sizes[0]:.2f} and "
          f"{DECAY * sizes[1]:.2f}")  # fmt: skip

# %% figure
fig = ends_picture(problems, ridge, coupled_end, adamw_ends, forecasts)
plots.show(
    fig,
    alt="Left: the ends of AdamW for three batch sizes lie in or beside their squares, "
    "away from ridge, where Adam with L2 is. Right: distances to ridge are large, distances "
    "to the ridge with strengths of its own near zero, for all batch sizes.",
)

# %% results
with results(varies="20 problems: features, targets, batches") as table:
    table.arms(
        {
            f"AdamW, {name}, from {aim}": share(target, adamw_ends[name])
            for name in forecasts
            for aim, target in (("ridge", ridge), ("its own ridge", forecasts[name]))
        },
        unit="of the way",
    )
    claim(
        "adamw.scaled-ridge",
        "AdamW ends nearer to the ridge of its own strengths λσ than to plain ridge: the "
        "difference of the two distances, at the worst of three batch sizes.",
        torch.stack(
            [
                share(w, adamw_ends[name]) - share(ridge, adamw_ends[name])
                for name, w in forecasts.items()
            ]
        ).amax(0),
        "< 0",
    )
    claim(
        "adamw.noise",
        "More noise, more regularization: with batches of 1 it ends further from least "
        "squares than with batches of 10.",
        share(plain, adamw_ends["of 1"]) - share(plain, adamw_ends["batches of 10"]),
        "> 0",
    )

# %% [markdown]
# The forecast has no free parameter, and AdamW lands within a few hundredths of it.
# Note that a smaller batch makes AdamW regularize more, because noise is what fills
# $\sigma_j$. With batches of 1 the large feature's strength is even above $\lambda$.
# That the ends come closer to ridge with more noise is therefore a coincidence of these
# strengths and no law.
#
# ### Exercise 4.5 · Ridge with a strength per weight (2 points, ~10 min)
#
# **Given** `features` (n, d), `targets` (n,) and `strengths` (d,), all ≥ 0, of one
# dtype. **Return** the weights (d,) that minimize
#
# $$\frac{1}{2n}\|\mathbf{X}\mathbf{w}-\mathbf{y}\|^2
# + \frac12\sum_j \text{strengths}_j\, w_j^2 .$$
#
# Where all strengths are 0 and several minima exist (fewer independent columns than
# columns), return the one with the smallest norm, in the dtype of the input. The
# arguments stay as they are.
#
# **By hand:** `features = [[1, 0], [0, 1]]`, `targets = [3, 3]`, `strengths = [0.5,
# 1]`. Here n = 2, so $\mathbf X^\top\mathbf X/n$ has ½ on its diagonal and $\mathbf
# X^\top\mathbf y/n$ is `[1.5, 1.5]`. The weights are `[1.5 / (0.5 + 0.5), 1.5 / (0.5 +
# 1)] = [1.5, 1.0]`.
#
# <details><summary>Hint 1</summary>
# Set the gradient to zero: Xᵀ(Xw − y)/n + strengths·w = 0. It is linear in w.
# </details>
# <details><summary>Hint 2</summary>
# Written as a matrix, strengths·w is <code>torch.diag(strengths) @ w</code>. For the
# last requirement an inverse will not do: with all strengths 0 the matrix can be
# singular.
# </details>
# <details><summary>Hint 3</summary>
# <code>torch.linalg.pinv(matrix) @ (features.T @ targets / n)</code>, where the matrix
# is <code>features.T @ features / n + torch.diag(strengths)</code>.
# </details>


# %% solution="scaled_ridge"
def scaled_ridge(
    features: torch.Tensor, targets: torch.Tensor, strengths: torch.Tensor
) -> torch.Tensor:
    """Return ridge weights with a strength of its own for each (about 3 lines).

    Args:
        features: (n, d), floating. targets: (n,).
        strengths: (d,), ≥ 0; all 0 gives least squares, of minimum norm.

    Returns: argmin (1/2n)·‖features @ w − targets‖² + ½·Σ strengths_j·w_j², shape (d,),
    in the dtype of the input. Example: features [[1, 0], [0, 1]], targets [3, 3],
    strengths [0.5, 1] give [1.5, 1.0].
    """
    ### BEGIN SOLUTION
    n = len(features)
    matrix = features.T @ features / n + torch.diag(strengths)
    return torch.linalg.pinv(matrix) @ (features.T @ targets / n)
    ### END SOLUTION


# %% [markdown]
# Problem 0, with the strengths that AdamW gave itself at batches of four examples. The
# target is the forecast from above, close to where the optimizer ended.


# %% look
def problem_0():
    sizes = gradient_size(forecasts["of 4"], 4)[0]
    return scaled_ridge(problems.x[0], problems.y[0], DECAY * sizes)


look(problem_0, forecasts["of 4"][0])

# %% test="scaled_ridge" points=2
check.scaled_ridge(scaled_ridge)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("04_adamw").scaled_ridge(scaled_ridge, seed=20_199)
### END HIDDEN TESTS

# %% [markdown]
# **Why?** In notebook 03 an L2 penalty was a Gaussian prior: strength $\lambda$ says,
# before any data are seen, how large a weight is expected to be. Is there a prior whose
# most probable weights are the ones AdamW ends at? Write two sentences of your own
# before you open the answer.
#
# <details><summary>A model answer</summary>
#
# Formally yes: independent Gaussians with variances proportional to 1/(λσⱼ). But σⱼ
# depends on the data, on the batch size, and on where training ends, and a prior is
# what one believes <em>before</em> seeing the data. So this is a penalty that the run
# makes up for itself: it holds those weights tightest whose gradients are largest,
# noise included.
# </details>
#
# ## Who regularizes a network better?
#
# That AdamW's penalty is not L2 makes it neither better nor worse. Which of the two
# *helps more* has to be measured. First the comparison that everybody makes: an ordinary data set and an ordinary small
# network.
#
# MNIST-1D (Greydanus and Kobak) asks for a digit's class from 40 numbers. We use 1,000
# training examples and make one label in five false, so that there is something to
# regularize against. Chance is 10 %. On the full, clean training set of 4,000 the
# authors report 32 % for logistic regression, 68 % for a fully connected network and
# 94 % for a convolutional one.


# %%
@cache
def draw(seed, spread=1.0):
    """Return a seed's own (x, y) pairs: to train, to choose settings, to report."""
    splits = data.mnist1d(1000, 3000, split_seed=seed, device=DEVICE)
    generator = torch.Generator().manual_seed(seed)
    labels = data.corrupt_labels(splits.train.y, 10, 0.2, generator)[0]
    scale = (spread ** (2 * torch.rand(40, generator=generator) - 1)).to(DEVICE)
    held_x, held_y = splits.val.x * scale, splits.val.y
    choose, report = (held_x[:1000], held_y[:1000]), (held_x[1000:], held_y[1000:])
    return (splits.train.x * scale, labels), choose, report


# %% figure
train_x, train_y = draw(0)[0]
fig, axes = plots.figure(2)
for ax, offset in zip(axes, (0, 5), strict=True):
    for k in range(5):
        digit = train_x[train_y == offset + k][0].cpu()
        ax.plot(digit - 4 * k, color=plots.PALETTE[k], label=f"labeled {offset + k}")
    ax.set(xlabel="position", ylabel="value, shifted by 4 per digit", yticks=[])
    ax.set_ylim(-19, 7)
    ax.legend(ncols=3, loc="upper center", fontsize=8)
axes[0].set_title("One training example of each label, 0 to 4")
axes[1].set_title("5 to 9; one label in five is false")
plots.show(fig, alt="Ten curves of 40 values, one per label; each has a small wiggle.")

# %% [markdown]
# To be fair, both optimizers get the same search: six learning rates and six strengths
# in steps of about two, from "hardly anything" to "too much". Every seed brings its own
# split, false labels and initialization. Loshchilov and Hutter (2019, figure 2) drew
# such maps and found AdamW's good region better and easier to search.

# %% predict
predict(
    "adamw.map",
    "Both well tuned, on this data: who is ahead by two points of accuracy or more?",
    ["AdamW", "Adam + L2", "nobody"],
)


# %% experiment
@one_thread()
def population(optimizer, seeds, *, spread=1.0, steps=800, **settings):
    """Train one network for each setting and seed, every seed on data of its own."""
    rows = grid(**settings, seeds=seeds)
    drawn = [draw(seed, spread) for seed in rows["seeds"]]
    train_set, choose, report = (
        [torch.stack(parts) for parts in zip(*pairs, strict=True)]
        for pairs in zip(*drawn, strict=True)
    )
    return train_population(
        lambda: mlp((40, 64, 10)),
        train_set,
        val=choose,
        test=report,
        own_data=dict.fromkeys(["train", "val", "test"], "xy"),
        steps=steps,
        batch_size=50,
        record_every=steps,
        record_size=1,
        optimizer=optimizer,
        **rows,
    )


# %% experiment
rates = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]
strengths = {
    "adam": [0.00125, 0.0025, 0.005, 0.01, 0.02, 0.04],
    "adamw": [0.09, 0.18, 0.35, 0.7, 1.4, 2.8],
}
maps = {}
for key, values in strengths.items():
    run = population(key, range(2), lr=rates, weight_decay=values)
    maps[key] = 100 * run.val_accuracy[-1].view(6, 6, 2).mean(2)  # (rates, strengths)
    for rate, row in zip(rates, maps[key], strict=True):
        best = values[row.argmax()]
        print(f"{key:5} lr={rate:<6} best weight_decay {best:<7} {row.max():.1f} %")

# %% figure
fig, axes = plots.figure(2)
low = min(table.min().item() for table in maps.values())
high = max(table.max().item() for table in maps.values())
for ax, key, name in zip(axes, maps, ("Adam + L2", "AdamW"), strict=True):
    plots.heatmap(
        maps[key],
        x=strengths[key],
        y=rates,
        label="validation accuracy (%)",
        fmt=".0f",
        mark="max",
        ax=ax,
    )
    ax.images[0].set_clim(low, high)
    ax.set(xlabel="weight_decay", ylabel="learning rate")
    ax.tick_params(axis="x", labelsize=8)
    ax.set_title(f"{name}: best cell {maps[key].max():.1f} %")
plots.show(
    fig,
    alt="Two maps of accuracy over learning rate and decay, on one color scale, alike "
    "in height; each has its best cell inside.",
    after="adamw.map",
)

# %% [markdown]
# Each map has its best cell inside and not at an edge, so neither search was cut off.
# But the best of 36 cells is partly the luckiest one (the *winner's curse* of notebook
# 05, section 7). So take 10 fresh
# seeds for the comparison, let each optimizer choose among three strengths (and none)
# at `lr=1e-2` by the mean *validation* accuracy, and report the accuracy on 2,000 other
# held-out examples, which chose nothing. Because a short run might favor one of them,
# do it at 800 steps and again at four times as many.

# %% experiment
FRESH = range(100, 110)


def tuned(run, seeds):
    """Return one accuracy per seed (%), of the setting whose validation mean is best."""
    per_setting = run.val_accuracy[-1].view(-1, len(seeds)).mean(1)
    best = int(per_setting.argmax()) * len(seeds)
    decay, rate = (run.settings[k][best].item() for k in ("weight_decay", "lr"))
    print(f"chosen: weight_decay={decay:g}, lr={rate:g}")
    return 100 * run.test_accuracy[best : best + len(seeds)].cpu()


fresh_strengths = {"adam": [0.0, 0.005, 0.01, 0.02], "adamw": [0.35, 0.7, 1.4]}
score = {}
for steps in (800, 3200):
    for key, values in fresh_strengths.items():
        run = population(*(key, FRESH), steps=steps, lr=1e-2, weight_decay=values)
        score[key, steps] = tuned(run, FRESH)
        if key == "adam":  # without decay the two are one algorithm
            bare = run.where(weight_decay=0.0)
            score["none", steps] = 100 * run.test_accuracy[bare].cpu()

# %% results
arms = {"none": "no decay", "adam": "Adam + L2", "adamw": "AdamW"}
everything = "10 splits, draws of false labels, initializations and orders"
with results(varies=everything, after="adamw.map") as table:
    for steps in (800, 3200):
        table.arms(
            {f"{arms[k]}, {steps} steps": score[k, steps] for k in arms},
            paired_with=f"Adam + L2, {steps} steps",
            unit="% accuracy",
        )
    claim(
        "adamw.helps",
        "Tuned decay beats none at 3,200 steps (the smaller gain of the two optimizers).",
        torch.minimum(score["adam", 3200], score["adamw", 3200]) - score["none", 3200],
        "> 0",
        unit="accuracy points",
    )
    claim(
        "adamw.no-winner",
        "At 3,200 steps AdamW and Adam + L2, both tuned, are within two points.",
        score["adamw", 3200] - score["adam", 3200],
        "within 2",
        unit="accuracy points",
    )
    recall("adamw.map", 3)
# %% [markdown]
# Decay itself is worth several points here, with either optimizer, presumably because it
# keeps the network from learning false labels (notebook 03, section 7, measured that).
# Between the two there is next to nothing: at both lengths the mean difference is below
# half a point, and its interval contains zero. Why so close? The balance equation says that AdamW
# acts like L2 with the strengths $\lambda\sigma_j$, and on this data the $\sigma_j$ are
# nearly alike (measured below). Penalties that are nearly the same should do nearly the
# same.
#
# Two warnings. A coarse search can produce a winner where there is none: with strengths
# a factor of ten apart, the optimizer whose grid happens to meet its best strength
# comes out ahead. And AdamW's best strength is tens of times that of Adam with L2, so a
# comparison "at the same weight_decay" gives one of them a useless strength.
#
# ## When gradients come in many sizes
#
# The balance equation says where to look for a difference: where the $\sigma_j$ differ
# between weights. In this data all 40 inputs have about the same scale, and so have the
# gradients of the first layer's weights. Now multiply each input by a random number
# $c_j$ between 1/10 and 10, drawn log-uniformly, as if nobody had standardized the
# features. Nothing is lost: every network that existed before still exists, with its
# first-layer weights divided by the same numbers. But the gradient of weight $w_j$ is
# now multiplied by $c_j$, while the weight that is needed is divided by $c_j$.

# %% predict
predict(
    "adamw.scales",
    "Inputs rescaled at random: what does tuned decay still bring over no decay?",
    [
        "both gain clearly, about equally",
        "AdamW gains more than Adam + L2",
        "Adam + L2 gains more than AdamW",
    ],
)

# %% experiment
SPREAD = range(200, 220)
spread_strengths = {"adam": [0.0, 0.0005, 0.001, 0.002], "adamw": [0.2, 0.4, 0.8]}
spread_score = {}
for key, values in spread_strengths.items():
    run = population(
        *(key, SPREAD),
        spread=10.0,
        lr=[1e-2, 3e-2],
        weight_decay=values,
    )
    spread_score[key] = tuned(run, SPREAD)
    if key == "adam":
        bare = run.where(weight_decay=0.0).view(2, len(SPREAD))  # both learning rates
        kept_rate = run.val_accuracy[-1][bare].mean(1).argmax()
        spread_score["none"] = 100 * run.test_accuracy[bare[kept_rate]].cpu()

# %% [markdown]
# And the cause itself: the sizes $\sqrt{\hat v}$ of the gradients of the first layer's
# weights, after 400 steps of AdamW, on the data as it was and rescaled.


# %% experiment
@one_thread()
def gradient_sizes(spread):
    """Return the root mean square gradient of each first-layer weight, (2560,)."""
    inputs, labels = draw(0, spread)[0]
    torch.manual_seed(0)
    model = mlp((40, 64, 10)).to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    order = torch.Generator().manual_seed(0)
    for _ in range(400):
        rows = torch.randint(1000, (50,), generator=order).to(DEVICE)
        optimizer.zero_grad()
        F.cross_entropy(model(inputs[rows]), labels[rows]).backward()
        optimizer.step()
    first = next(p for p in model.parameters() if p.shape == (64, 40))
    return optimizer.state[first]["exp_avg_sq"].sqrt().flatten().cpu()


for name, spread in (("as it was", 1.0), ("rescaled", 10.0)):
    p5, p95 = gradient_sizes(spread).quantile(torch.tensor([0.05, 0.95]))
    print(f"{name}: the 95th percentile is {p95 / p5:.0f} times the 5th")

# %% figure
fig, (ax, right) = plots.figure(2)
usual = {"Adam + L2": score["adam", 800], "AdamW": score["adamw", 800]}
for panel, control, gains in (
    (ax, score["none", 800], usual),
    (right, spread_score["none"], {
        "Adam + L2": spread_score["adam"], "AdamW": spread_score["adamw"]
    }),
):  # fmt: skip
    plots.points({k: v - control for k, v in gains.items()}, ax=panel)
    panel.axhline(0, color="#1a1a1a", linewidth=0.8)
    panel.set(ylabel="gain over no decay at 800 steps (points)", ylim=(-4, 10))
ax.set_title("Inputs of one scale: gains alike")
right.set_title("Inputs of many scales: AdamW gains more")
plots.show(
    fig,
    alt="Gains over no decay, one dot per seed. Left: Adam with L2 and AdamW gain alike. "
    "Right: AdamW gains, Adam with L2 gains about nothing.",
    after="adamw.scales",
)

# %% results
many = "20 splits, sets of scales, draws of false labels, initializations and orders"
with results(varies=many, after="adamw.scales") as table:
    table.arms(
        {arms[k]: spread_score[k] for k in arms},
        paired_with="Adam + L2",
        unit="% accuracy",
    )
    claim(
        "adamw.scales",
        "With inputs of many scales tuned AdamW beats tuned Adam + L2 at 800 steps.",
        spread_score["adamw"] - spread_score["adam"],
        "> 0",
        unit="accuracy points",
    )
    recall("adamw.scales", 2)

# %% [markdown]
# Compare what the two penalties charge for a weight $w_j \propto 1/c_j$:
#
# $$\text{L2:}\quad \lambda w_j^2 \;\propto\; \frac{1}{c_j^2}, \qquad\qquad
# \text{AdamW:}\quad \lambda\sigma_j w_j^2 \;\propto\; c_j\cdot\frac{1}{c_j^2} = \frac{1}{c_j}.$$
#
# The largest $c_j$ is 100 times the smallest. So L2 charges the input with the smallest
# numbers 100² times what it charges the one with the largest, AdamW only 100 times. For
# Adam + L2 no strength should therefore fit all inputs: one that holds the weights of
# inputs with large numbers ruins those of inputs with small numbers, which must be
# large. Indeed, on validation data the best of its four strengths was none at all.
# AdamW still gains, by a point or so. Its gain is smaller than with inputs of one
# scale, because $1/c_j$ is not the same for all inputs either; standardizing them would
# remove the factor altogether.
#
# This is the direction that the balance equation predicts: with the same network, the
# same number of steps and the same data up to units, the advantage appears when the
# spread of the gradients' sizes grows from a factor of about 2 to one of about 70. (Try
# it: set `spread=4.0`. Then make all labels true in `draw`, and ask first whether any
# decay is still worth having.)
#
# ## Learning rate, decay and time
#
# How large should AdamW's decay be? Ask what becomes of the step that a run took $k$
# steps ago, $u=\eta\,\hat m/\sqrt{\hat v}$. Each later step has multiplied it by
# $1-\eta\lambda$, so in the weight of today $u$ still counts with the factor
#
# $$(1-\eta\lambda)^k \approx e^{-k\,\eta\lambda} .$$
#
# An AdamW weight is thus a running sum of its own updates, with a memory of
# $1/(\eta\lambda)$ steps (Wang and Aitchison 2024 build on this view). Everything
# older is forgotten, the initialization included. So ask of any pair of settings: how
# does the memory compare with the length of the run?
#
# | run | $\eta$ | $\lambda$ | memory $1/(\eta\lambda)$ | steps |
# |---|---|---|---|---|
# | PyTorch's defaults, 800 steps here | 0.001 | 0.01 | 100,000 | 800 |
# | a good cell of our map | 0.01 | 0.7 | 143 | 800 |
# | LLaMA 7B (Touvron and others 2023) | 0.0003, cosine | 0.1 | 33,000 | about 250,000 |
#
# The good cell looks extreme beside LLaMA's 0.1, but measured in memories it is not:
# our run is 5.6 memories long, LLaMA's 7.5 at the full learning rate and about 4 with
# its cosine, which ends at a tenth. By this measure the defaults of the first row can
# hardly act in 800 steps. Is that so?

# %% experiment
default = population("adamw", FRESH, lr=1e-3, weight_decay=[0.0, 0.01])
accuracy = 100 * default.val_accuracy[-1].view(2, -1).cpu()

# %% results
with results(varies=everything) as table:
    table.arms(
        {"weight_decay=0": accuracy[0], "weight_decay=0.01": accuracy[1]},
        paired_with="weight_decay=0",
        unit="% validation accuracy",
    )
    claim(
        "adamw.default",
        "At 800 steps AdamW's default decay changes accuracy by less than one point.",
        accuracy[1] - accuracy[0],
        "within 1",
        unit="accuracy points",
    )

# %% [markdown]
# As expected: $\eta\lambda\times$ steps is 0.008, so the decay takes less than one
# percent of a weight in the whole run. That is a result about this *length* of run: a
# hundred times as many steps are nearly a full memory of the same default.
#
# How do the two knobs depend on each other? In the balance equation $\eta$ has
# canceled: *where* AdamW rests depends on $\lambda$ and on the gradients' sizes. If
# resting were all that counts, every row of the map would have its best cell at the
# same decay. If memory were all, the best decay would fall as fast as the learning rate
# rises. The list printed above the maps lies in between (with two seeds a cell, read it
# as a tendency): from a learning rate of 0.003 to one of 0.03 the best decay falls by a
# factor of about four in both maps. So tune the two together. Loshchilov and Hutter
# found AdamW's more independent, but they do not multiply the decay by the learning
# rate. In their units, $\eta\lambda$, our best values drift less, by a factor of two to
# three.
#
# ### Why nearly everybody uses AdamW
#
# Our measurements give half an answer: AdamW can have an advantage where gradients come
# in many sizes. A transformer is likely to be such a case, because rare words send much
# smaller gradients than frequent ones (Kunstner and others 2024), and nobody can
# standardize words as one can standardize inputs. The other half is practice: one
# number, 0.1 or 0.05, is copied from recipe to recipe, across model sizes:
#
# | recipe | optimizer | $\beta_1,\beta_2$ | decay |
# |---|---|---|---|
# | BERT (Devlin and others 2019) | Adam; the released code decouples | 0.9, 0.999 | 0.01 |
# | GPT-3 (Brown and others 2020) | Adam | 0.9, 0.95 | 0.1 |
# | ConvNeXt (Liu and others 2022) | AdamW | 0.9, 0.999 | 0.05 |
# | LLaMA (Touvron and others 2023) | AdamW | 0.9, 0.95 | 0.1 |
#
# The original paper reported a test error 15 % lower, relative to Adam with L2, for
# residual networks of 26 layers on CIFAR-10 images. Ours are small networks on 40
# numbers, so our tie does not contradict it, and the rescaling experiment shows one way
# in which such a gain comes about. (In front of a normalization layer the scale of a
# weight changes nothing, and decay works in another way: it keeps the effective steps
# long. See Zhang and others 2019, and notebook 10, *What it is good for: large steps*.
# D'Angelo and others (2024) find that decay hardly regularizes a modern network
# directly, but changes how it trains: in language models that see each text about once
# it lowers the training loss.)
#
# ## Pitfalls
#
# - A `weight_decay` cannot be carried over from Adam to AdamW: in the maps above their
#   good values are a factor of tens apart.
# - The default is 0 in Adam and 0.01 in AdamW. A control run "without decay" in AdamW
#   has to say `weight_decay=0`.
# - A schedule changes `lr`, and with it the decay per step. A smaller batch makes
#   gradients noisier, and with that AdamW's penalty stronger.
# - Saving the model without the optimizer forgets $m$, $v$ and $t$, and the training
#   loss need not show it.
#
# ## Nine questions, and cards for tomorrow

# %%
quiz("04_adamw")

# %%
flashcards("04_adamw")

# %% [markdown]
# ## In three lines
#
# 1. SGD's `weight_decay` is the L2 penalty to the last bit, and so is Adam's. AdamW's is
#    not: on least squares AdamW came to rest where another penalty is balanced, with a
#    strength $\lambda\sigma_j$ of its own for each weight.
# 2. In Adam, coupled decay is divided by the size of the gradient. Decoupled decay takes
#    the same share from every weight, with a memory of $1/(\eta\lambda)$ steps.
# 3. Tuned alike the two were on average less than a point apart on inputs of one scale,
#    and AdamW was ahead, by a point or so, where gradients had many sizes.
#
# ## References
#
# - Kingma, Ba, 2015. *Adam: A Method for Stochastic Optimization.*
#   https://arxiv.org/abs/1412.6980
# - Wilson, Roelofs, Stern, Srebro, Recht, 2017. *The Marginal Value of Adaptive Gradient
#   Methods in Machine Learning.* https://arxiv.org/abs/1705.08292
# - Loshchilov, Hutter, 2019. *Decoupled Weight Decay Regularization* (2017: *Fixing
#   Weight Decay Regularization in Adam*). https://arxiv.org/abs/1711.05101
# - Zhang, Wang, Xu, Grosse, 2019. *Three Mechanisms of Weight Decay Regularization.*
#   https://arxiv.org/abs/1810.12281
# - He, Zhang, Zhang, Zhang, Xie, Li, 2019. *Bag of Tricks for Image Classification with
#   Convolutional Neural Networks.* https://arxiv.org/abs/1812.01187
# - Xie, Li, 2024. *Implicit Bias of AdamW: ℓ∞ Norm Constrained Optimization.*
#   https://arxiv.org/abs/2404.04454
# - D'Angelo, Andriushchenko, Varre, Flammarion, 2024. *Why Do We Need Weight Decay in
#   Modern Deep Learning?* https://arxiv.org/abs/2310.04415
# - Wang, Aitchison, 2024. *How to set AdamW's weight decay as you scale model and
#   dataset size.* https://arxiv.org/abs/2405.13698
# - Kunstner, Yadav, Milligan, Schmidt, Bietti, 2024. *Heavy-Tailed Class Imbalance and Why
#   Adam Outperforms Gradient Descent on Language Models.*
#   https://arxiv.org/abs/2402.19449
# - Greydanus, Kobak, 2024. *Scaling Down Deep Learning with MNIST-1D.*
#   https://arxiv.org/abs/2011.14439
# - Recipes: Devlin and others, 2019, https://arxiv.org/abs/1810.04805; Brown and others,
#   2020, https://arxiv.org/abs/2005.14165; Liu and others, 2022,
#   https://arxiv.org/abs/2201.03545; Touvron and others, 2023,
#   https://arxiv.org/abs/2302.13971
#
# **Next:** [05 · Early stopping](../05_early_stopping/05_early_stopping.ipynb)
# stops training at the right moment, and saves it so that it can go on. Your AdamW is
# ready for that.
