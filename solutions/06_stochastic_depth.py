# %% [markdown]
# # 06 · Can a network learn more from fewer of its layers?
#
# In 2015 Kaiming He and his colleagues at Microsoft trained two networks on the same
# pictures, one with 20 layers and one with 56. The deeper one did worse. That alone
# surprises nobody, because large networks overfit. But it did worse on its own
# *training* pictures, and overfitting cannot explain that: the 56 layers could have
# copied the 20 and let the other 36 pass their input on unchanged. The solution was
# there. Training did not find it.
#
# Their repair, the skip connection, let them train more than a thousand layers. A few
# months later Gao Huang and others tried something that sounds like vandalism. In every
# training step they threw some of the layers out, at random, and used them all only at
# the end. Their network of 110 layers made 5.2 % errors instead of 6.4 % on CIFAR-10,
# and was trained in three quarters of the time (Huang and others 2016).
#
# In this notebook you will find out what is wrong with plain depth (it is not what most
# texts say), write stochastic depth in both of its forms, and measure where its gain comes
# from, and where there is none.
#
# When you are done you can
#
# - name the two things that can go wrong on the way through many layers, and say which
#   remedy cures which,
# - write stochastic depth with one coin per example and with one coin per batch, and say
#   which of them saves time and how much,
# - read a drop rate in somebody's configuration file and know which schedule it means,
# - say when dropping blocks helps, when it does nothing, and when it hurts.
#
# **You need:** notebook 02 (`p` is the probability of dropping, survivors are divided by
# $1-p$).
# **Time:** about 120 minutes; the computing takes under a minute on a slow CPU.

# %% setup
import time

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import stochastic_depth as demos_depth
from helpers.device import device
from helpers.evidence.arms import train_arms
from helpers.evidence.claims import claim, results
from helpers.evidence.metrics import accuracy
from helpers.evidence.normalization import variance_shifts
from helpers.population import MemberDropout, train_population
from helpers.show import plots
from helpers.show.labels import labeled_images
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import one_thread

plots.use_course_style()
check = load("06_stochastic_depth")

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
# ## The data
#
# We use 1,000 small Fashion-MNIST images, 14 × 14 pixels in gray, of ten kinds of clothes.
# One training label in five is false, exactly 200 of them, drawn once. All validation
# labels are true. False labels are a fair test of any regularizer: a network can only fit
# them by heart, and whatever it learns by heart about them is wrong.

# %%
SEEDS = range(8)
DEPTHS = [2, 8, 32]  # in blocks
DEVICE = device()
splits = data.fashion_mnist(1000, 1000, size=14, flat=True, device=DEVICE)
clean, val = splits.train, splits.val
noisy_labels, flipped = data.corrupt_labels(
    clean.y, 10, 0.2, torch.Generator().manual_seed(0)
)
noisy = data.Split(clean.x, noisy_labels)

# %% [markdown]
# Six of the training images, with the label that the network is told: three true labels,
# and three false ones with the truth below.

# %% figure
right_ones, false_ones = (~flipped).nonzero()[:3, 0], flipped.nonzero()[:3, 0]
chosen = torch.cat([right_ones, false_ones])
told, truth = (
    [data.CLASS_NAMES[k] for k in labels[chosen].tolist()]
    for labels in (noisy.y, clean.y)
)
fig = labeled_images(
    noisy.x[chosen],
    told,
    truth,
    title=f"{int(flipped.sum())} of {len(noisy.y)} training labels are false",
)
plots.show(
    fig,
    alt="Six small gray images of clothes; three carry a false label, with the true one "
    "under it.",
)

# %% [markdown]
# Guessing gets 10 % of the validation images right; what a linear model gets stands in the
# first table below. A good convolutional network with all 60,000 images and true labels
# reaches 93 % and more (Xiao and others 2017 keep a list). Nobody can get there from 1,000
# images, so what counts below are the differences between networks.
#
# ## How deep is too deep?
#
# The naive way to a deep network is to stack more of the same. A *block* in this notebook
# normalizes its input (with LayerNorm, which gives the 32 numbers of each example mean 0
# and variance 1; notebook 10 builds it), multiplies it by a 32 × 32 matrix and applies
# ReLU. Call that $f_l$ for block number $l$, and the block's input $\mathbf{x}_{l-1}$. In a
# **plain** network the result replaces the input. In a **residual** network it is added to
# it. Nothing else differs, not even the number of parameters:
#
# $$\text{plain:}\quad \mathbf{x}_l = f_l(\mathbf{x}_{l-1}), \qquad\qquad
# \text{residual:}\quad \mathbf{x}_l = \mathbf{x}_{l-1} + f_l(\mathbf{x}_{l-1}).$$


# %%
class Block(nn.Module):
    """One block, with its skip connection or without, normalizing its input or not."""

    def __init__(self, width, residual=True, norm=True):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.residual, self.norm = residual, norm

    def f(self, x):
        x = F.layer_norm(x, x.shape[-1:]) if self.norm else x
        return self.linear(x).relu()

    def forward(self, x):
        return x + self.f(x) if self.residual else self.f(x)


def tower(blocks, inputs=196, width=32):
    """Linear into `width`, the blocks, Linear into ten classes."""
    return nn.Sequential(nn.Linear(inputs, width), *blocks, nn.Linear(width, 10))


# %% [markdown]
# First one network of each kind, 32 blocks deep, in a loop that hides nothing: 200 steps
# of AdamW on batches of 50. The loss is printed on the way. Where would it stand if the
# network always said "all ten classes are equally likely"? At $\ln 10 = 2.30$.


# %%
@one_thread()  # so many small operations gain nothing from a second one
def watch(residual, blocks=32):
    torch.manual_seed(0)
    model = tower([Block(32, residual) for _ in range(blocks)]).to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    order = torch.Generator().manual_seed(0)
    for step in range(201):
        batch = torch.randint(1000, (50,), generator=order)
        loss = F.cross_entropy(model(noisy.x[batch]), noisy.y[batch])
        if step % 50 == 0:
            print(f"step {step:3}, loss {loss.item():.2f}")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


print("plain:")
watch(residual=False)

# %%
print("residual:")
watch(residual=True)

# %% [markdown]
# The plain network's loss dips once and falls back to 2.30. It does not overfit, for it
# does not even fit its training images: this is He's puzzle, on a small scale. The
# residual network trains from the first steps on.
#
# One run of each could be an accident. From here on we train *populations*: eight networks
# at a time that differ in their initialization, in the order of their batches and, later,
# in their coins. The split and the 200 false labels stay the same for all of them, so the
# intervals below speak of initialization and order, and of nothing else.


# %%
ALIKE = {"val": val, "seeds": SEEDS, "batch_size": 50, "lr": 2e-3}
ALIKE |= {"record_every": 100, "record_size": 200}


@one_thread()
def run(build, steps=400):
    """Train eight networks; build() makes one of them."""
    return train_population(build, noisy, steps=steps, **ALIKE)


# %% [markdown]
# You have seen 32 blocks. Is depth harmful only when there is that much of it? And does
# the residual network *profit* from depth?

# %% predict
predict(
    "depth.deep",
    "A plain network of 8 blocks, compared with one of 2:",
    ["several points better", "within a few points", "near guessing"],
)
predict(
    "depth.residual",
    "A residual network of 32 blocks, compared with one of 2:",
    ["several points better", "within a few points", "near guessing"],
)

# %% experiment
linear = run(lambda: nn.Sequential(nn.Linear(196, 10)))
plain = {
    n: run(lambda n=n: tower([Block(32, residual=False) for _ in range(n)]))
    for n in DEPTHS
}

# %% experiment
constant = {n: run(lambda n=n: tower([Block(32) for _ in range(n)])) for n in DEPTHS}


# %% figure
def last(runs):
    """Validation accuracy after the last step in percent, (seeds, depths)."""
    return torch.stack([100 * runs[n].val_accuracy[-1] for n in DEPTHS], 1).cpu()


PLAIN, CONSTANT = plots.PALETTE[7], plots.TREATMENTS["constant depth"]
ax = plots.band(DEPTHS, last(plain), label="plain", color=PLAIN)
plots.band(DEPTHS, last(constant), label="residual", color=CONSTANT, ax=ax)
ax.axhline(10, color="#808080", linestyle=":", label="guessing")
ax.set_xscale("log", base=2)
ax.set_xticks(DEPTHS, DEPTHS)
ax.set(xlabel="blocks (log scale)", ylabel="validation accuracy (%)", ylim=(0, 100))
ax.set_title("At 8 blocks both kinds work; at 32 only one does")
ax.legend()
plots.show(
    ax.figure,
    alt="Both kinds agree at 2 and 8 blocks; at 32 the plain one falls to guessing.",
    after=["depth.deep", "depth.residual"],
)

# %% results
initial = "8 initializations and batch orders; one split, one draw of false labels"
with results(varies=initial) as table:
    named = {"plain": last(plain), "residual": last(constant)}
    table.arms(
        {
            "linear model": 100 * linear.val_accuracy[-1],
            **{
                f"{kind}, {n} blocks": v[:, k]
                for kind, v in named.items()
                for k, n in enumerate(DEPTHS)
            },
        },
        unit="% accuracy",
        digits=1,
    )
    claim(
        "depth.plain-fails",
        "From 8 to 32 blocks the plain network loses more than the residual one.",
        (named["residual"][:, 2] - named["residual"][:, 1])
        - (named["plain"][:, 2] - named["plain"][:, 1]),
        "> 0",
        unit="accuracy points",
    )
    claim(
        "depth.no-need",
        "32 residual blocks are not better than 2 by more than a point.",
        named["residual"][:, 2] - named["residual"][:, 0],
        "< 1",
        unit="accuracy points",
    )
    recall("depth.deep", 2)
    recall("depth.residual", 2)

# %% [markdown]
# Take two things from the picture. A skip connection saves the network of 32 blocks.
# And depth wins nothing here: in the table the residual network even loses two points
# from 2 to 32 blocks. For 1,000 images, a fifth of them with false labels, two blocks are
# already more than enough. (In He's experiments on 50,000 images, 110 layers did beat
# 20.) Keep this in mind when we ask what stochastic depth gains: it cannot be a gain
# from depth.
#
# The first line of the table shows it in another way. The *linear* model, which has
# fewer parameters than any of the networks, is ahead of all of them. These networks are
# far too large for these data, and that is the situation in which a regularizer has
# something to do.
#
# ## What goes wrong on the way
#
# "Vanishing gradients" is what most texts would answer now. Let us look. Two things
# travel through a deep network: the images forward, from the first block to the last,
# and the gradient backward. We measure both before any training, because what does not
# get through a fresh network can hardly be used by its first training steps:
#
# - **backward**: the norm of the loss's gradient with respect to each block's matrix,
# - **forward**: the average distance between two different images after each block, in
#   proportion to their distance after the first layer. If it shrinks to nothing, all
#   images look alike to the layers behind, and no gradient of any size can help.
#
# There are four candidates. Start with the simplest network and change one thing at a
# time: (1) no norm, no skip, and the initialization that `nn.Linear` has by default;
# (2) the same with Kaiming initialization; (3) LayerNorm in front of every matrix, which is
# our plain network; (4) the skip connection on top, which is our residual network.


# %%
def kaiming(model):
    """Draw weights with variance 2/n_inputs, and set biases to 0 (He and others 2015)."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return model


def stack(residual, norm, blocks=32):
    return tower([Block(32, residual, norm) for _ in range(blocks)])


KINDS = {
    "1 default initialization": lambda: stack(residual=False, norm=False),
    "2 Kaiming initialization": lambda: kaiming(stack(residual=False, norm=False)),
    "3 LayerNorm (plain)": lambda: stack(residual=False, norm=True),
    "4 skip (residual)": lambda: stack(residual=True, norm=True),
}


@one_thread()
def journey(model):
    """Gradient norm at each block, and distance of images after it, both log10."""
    x, outs = model[0](clean.x[:200]), []
    first = (x[:100] - x[100:]).norm(dim=1).mean()
    for block in model[1:-1]:
        x = block(x)
        outs.append((x[:100] - x[100:]).norm(dim=1).mean() / first)
    F.cross_entropy(model[-1](x), clean.y[:200]).backward()
    gradients = [block.linear.weight.grad.norm() for block in model[1:-1]]
    return torch.stack([torch.stack(gradients), torch.stack(outs).detach()]).log10()


def fresh(seed, build):
    torch.manual_seed(seed)
    return build().to(DEVICE)


# %% [markdown]
# Before you look: which of the four brings the gradient to the first block at about the
# size that it has at the last?

# %% predict
predict(
    "depth.journey",
    "In which of the four networks are the first and the last block's gradients of about "
    "the same size, within a factor of ten?",
    ["only in 4", "in 3 and 4", "in 2 and 4", "in 2, 3 and 4"],
)

# %% experiment
journeys = {
    name: torch.stack([journey(fresh(seed, build)) for seed in SEEDS]).cpu()
    for name, build in KINDS.items()
}  # name -> (seeds, backward or forward, blocks)

# %% figure
fig, panels = plots.figure(2)
colors = (plots.PALETTE[5], plots.PALETTE[4], PLAIN, CONSTANT)
for (name, values), color in zip(journeys.items(), colors, strict=True):
    for way, panel in enumerate(panels):
        plots.band(range(1, 33), values[:, way], label=name, color=color, ax=panel)
panels[0].set(xlabel="block", ylabel="gradient norm (powers of ten)")
panels[0].set_title("Backward: 1 fades, 3 explodes, 2 and 4 arrive")
panels[1].set(xlabel="block", ylabel="distance of images (powers of ten)")
panels[1].set_title("Forward: in 1 and 2 images become alike")
panels[1].get_legend().remove()
plots.show(
    fig,
    alt="Left: gradient norms over 32 blocks; default initialization loses eleven powers "
    "of ten toward the first block, LayerNorm gains almost three, Kaiming and residual "
    "stay level. Right: distances fall by nine powers of ten with default "
    "initialization and to a fifth with Kaiming, stay with LayerNorm, grow in residual.",
    after="depth.journey",
)

# %% results
slope = {name: v[:, 0, 0] - v[:, 0, -1] for name, v in journeys.items()}
kept = {name: v[:, 1, -1] for name, v in journeys.items()}
with results(varies="8 initializations, before any training") as table:
    table.arms(slope, unit="first over last gradient, powers of ten")
    table.arms(kept, unit="distance left after 32 blocks, powers of ten")
    claim(
        "depth.kaiming-arrives",
        "With Kaiming initialization the first block's gradient is as large as the last "
        "one's, within a factor of ten.",
        slope["2 Kaiming initialization"],
        "within 1",
        unit="powers of ten",
    )
    recall("depth.journey", 3)

# %% [markdown]
# So "vanishing gradients" is only the first line of the story. Follow the four changes,
# and each line's reason.
#
# **1. Default initialization.** `nn.Linear` draws its weights with variance
# $\tfrac{1}{3n}$ for $n$ inputs. A sum of $n$ products then has $\tfrac13$ of the inputs'
# mean square, and ReLU, which throws away half of it, leaves $\tfrac16$. Every block
# divides the signal by $\sqrt 6 \approx 2.4$, and on the way back the gradient as well.
# Over 31 blocks that makes a factor of $6^{-31/2} \approx 10^{-12}$, and the biases are all
# that is left of the signal.
#
# **2. Kaiming initialization** repairs exactly this: with variance $\tfrac{2}{n}$ a block
# keeps the mean square, in both directions (He and others 2015). The gradient arrives, as you
# see. But the right panel falls all the same. ReLU pulls vectors together: whatever two images
# have in common, being positive, adds up, and what distinguishes them is cut off half the
# time. For a wide layer the angle $\theta'$ between two images behind the ReLU follows from
# the angle $\theta$ in front of the layer,
#
# $$\cos\theta' = \frac{\sin\theta + (\pi-\theta)\cos\theta}{\pi}$$
#
# (Cho and Saul 2009), and $\cos\theta'$ is larger than $\cos\theta$ for every
# $\theta > 0$. After 32 blocks the images' distances have shrunk to about a fifth, and what
# is left is a small difference on top of a large common part. The gradient has a good size,
# but it says nearly the same thing for every image.
#
# **3. LayerNorm** takes each example's mean away and stretches what is left to variance one.
# That keeps the images apart. But the stretching works on the gradient, too.
#
# <details><summary>By which factor? Three lines.</summary>
#
# Let a matrix's outputs be normal with standard deviation $s$. After ReLU their mean
# square is $\tfrac12 s^2$ and their mean $s/\sqrt{2\pi}$, so their variance is
# $s^2\left(\tfrac12-\tfrac1{2\pi}\right) = s^2\,\tfrac{\pi-1}{2\pi}$. On the way back, the matrix
# multiplies the gradient's mean square by $s^2$ (forward it made $s^2$ out of one), ReLU
# halves it, and LayerNorm divides it by the variance that it removed:
#
# $$s^2 \cdot \tfrac12 \cdot \frac{2\pi}{s^2(\pi-1)} = \frac{\pi}{\pi-1} \approx 1.47 .$$
#
# The scale $s$ has dropped out: no initialization helps. (Yang and others found the same
# factor for BatchNorm in 2019.)
# </details>
#
# The gradient's mean square grows by $\tfrac{\pi}{\pi-1} \approx 1.47$ per block and its
# size by 1.21, whatever the initialization: over 31 blocks $1.21^{31} \approx 10^{2.6}$, and
# the first table shows about as much. Does that matter to AdamW, which divides by the
# gradient's size (notebook 04)? It does. AdamW's steps are about equally long in all blocks, but the same
# step changes the loss several hundred times as much in the first block as in the last. No
# single learning rate suits both.
#
# **4. The skip connection.** Now $\mathbf{x}_l = \mathbf{x}_{l-1} + f_l(\mathbf{x}_{l-1})$.
# Differentiate: one block's Jacobian is $I + J_l$, with $J_l$ that of $f_l$. By the chain
# rule the Jacobian of all of them together, by which the gradient is multiplied on its way
# back, is their product with the last block in front:
#
# $$(I + J_L)\cdots(I + J_2)(I + J_1) \;=\; I + \sum_l J_l + \sum_{l<m} J_m J_l + \dots +
# J_L \cdots J_2 J_1 .$$
#
# Multiply out and you get $2^L$ products, one for each way of choosing $I$ or $J_l$ in
# every bracket. Each is a *path* through the network that takes some blocks and walks
# around the others. The longest one, at the end, is all that a plain network has. The
# first one, $I$, walks around everything: on it the gradient arrives as it left.
# However bad the long paths may be, this one is always open. The images' distances come
# through on it as well. They even grow in the right panel, because every block adds
# something to them, and the next block's LayerNorm takes care of the size.

# %% figure
fig = demos_depth.paths(4)
plots.show(
    fig,
    alt="Left: the 16 paths through four blocks as rows, filled squares where a path "
    "takes a block. Right: how many paths have each length: 1, 4, 6, 4, 1.",
)

# %% [markdown]
# Most paths are of middling length: of $2^L$ paths, $\binom{L}{k}$ take exactly $k$ blocks.
# Veit and others (2016) read a residual network as a collection of these paths. One
# consequence is tested below, in *Take blocks out of a trained network*.
#
# All this was measured before training. Does it tell which network will train? You know
# the results of 3 and 4 at 32 blocks. Train number 2 as well, which has Kaiming
# initialization, no norm and no skip, and put it beside them.

# %% experiment
with_kaiming = run(KINDS["2 Kaiming initialization"])

# %% results
at_32 = {
    "2 Kaiming initialization": 100 * with_kaiming.val_accuracy[-1].cpu(),
    "3 LayerNorm (plain)": last(plain)[:, 2],
    "4 skip (residual)": last(constant)[:, 2],
}
with results(varies=initial) as table:
    table.arms(at_32, paired_with="4 skip (residual)", unit="% accuracy", digits=1)

# %% [markdown]
# Initialization alone carries a network of 32 blocks further than normalization alone
# (46.9 against 12.8 %), and neither carries it as far as the skip connection (71.0 %).
# This fits what He and his colleagues reported. Their plain networks had BatchNorm and
# Kaiming initialization. On ImageNet they checked that the gradients' norms were
# healthy, and yet 34 plain layers had a higher training error than 18. A gradient of a
# good size is not enough.
#
# ## The idea: a network of random depth
#
# If a block only *adds* something, it can be left out without breaking the chain. In a
# plain network it cannot: leave out $f_l$, and the next block receives numbers of a
# kind that it was never trained on. Huang and others drew the conclusion. In each
# training step, toss a coin $b_l$ for each block. It is 0 with probability $p_l$, and
# then the block is missing:
#
# $$\mathbf{x}_l = \mathbf{x}_{l-1} + \frac{b_l}{1 - p_l} \, f_l(\mathbf{x}_{l-1}),
# \qquad \Pr(b_l = 0) = p_l .$$
#
# Why the division? It is the reason you know from dropout. The coin's mean is $1-p_l$, so
# $b_l/(1-p_l)$ has the mean 1: on average a block adds as much in training as it will at
# evaluation, where all blocks are there and nothing is divided. This is inverted dropout,
# with a whole block in the place of a unit.
#
# The paper has two more ideas. The early blocks feed all others and are missed most, so
# the rate *rises* from block to block. And one coin may serve the whole batch, so that a
# missing block need not be computed at all. Below, every row is an example of one batch
# and every column a block; blue blocks are added. Press **Play** and watch the histogram of
# depths fill up. Then change from one coin per example to one per batch, and ask of both:
# what is added, and what has to be *computed*? A column may be left out of the computation
# only if it is empty from top to bottom.

# %% demo
demos_depth.scene().show()

# %% [markdown]
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
# ## One name, several schedules
#
# "Linear decay with rate 0.5" is not enough to reproduce somebody's network. Watch the
# words first. Huang's $p_l$ is the probability of *survival*, 1 minus ours, and the
# layer in TensorFlow Addons asks for a `survival_probability`, too. The TensorFlow
# EfficientNet calls the setting `drop_connect_rate`, though nothing of DropConnect
# (notebook 02) is in it. timm says `drop_path_rate`, after FractalNet's *drop path*
# (Larsson and others 2017). All of them mean whole blocks.
#
# Then count from where? With blocks $i = 0, \dots, L-1$ two conventions besides the paper's
# are in use:
#
# | | rate of block $i$ | first | last |
# |---|---|---|---|
# | Huang and others (2016) | $(i+1)/L \cdot p_L$ | $p_L/L$ | $p_L$ |
# | ConvNeXt and Swin, in torchvision and in timm | $i/(L-1) \cdot p_L$ | 0 | $p_L$ |
# | EfficientNet, in torchvision and in timm | $i/L \cdot p_L$ | 0 | $(L-1)/L \cdot p_L$ |
#
# You can check the table against a library. torchvision's layers carry their
# rates as `p`, and on the "meta" device a network is built without any weights. Look at the
# rates' ends, and at how the last one changes with the size of the model.

# %%
from torchvision import models, ops

NETS = ["efficientnet_b0", "efficientnet_b7", "convnext_tiny", "convnext_base"]
NETS += ["swin_t", "swin_b"]
for name in NETS:
    with torch.device("meta"):
        net = getattr(models, name)()
    rates = [m.p for m in net.modules() if isinstance(m, ops.StochasticDepth)]
    size = sum(w.numel() for w in net.parameters()) / 1e6
    print(
        f"{name:15} {size:3.0f} M parameters, {len(rates)} blocks: "
        f"first rate {rates[0]:.2f}, last {rates[-1]:.3f}"
    )

# %% [markdown]
# EfficientNet asks for 0.2 and never reaches it: with 16 blocks the last one has 15/16 of
# it. The others reach theirs. And the rates rise with the size of the model: 0.1 for the
# smallest ConvNeXt, 0.5 for the base one, trained on the same images. A larger network can
# learn more of the same images by heart, which is presumably why its authors drop more. For
# deep networks the conventions hardly differ. For four blocks and $p_L = 0.5$ the paper's skips 1.25 blocks on
# average, the others 1 and 0.75. This course uses the paper's.
#
# ## One coin per example
#
# The form found in today's libraries acts on the output of a block, before it is added,
# and tosses one coin for each example.
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
# afterwards. No generator can be passed to it. Four rows, three numbers each:

# %%
torch.manual_seed(0)
print(ops.stochastic_depth(torch.ones(4, 3), 0.5, mode="row"))

# %% [markdown]
# ### Bug hunt
#
# A colleague has put drop path into a network of 8 blocks and complains that it "regularizes
# so hard that nothing is learned". Here is the code. Run it, look at the numbers, and find
# the mistake before you open the fold.


# %%
class Suspect(Block):
    def __init__(self, width, p):
        super().__init__(width)
        self.p = p

    def forward(self, x):
        return ops.stochastic_depth(x + self.f(x), self.p, "row", self.training)


@torch.no_grad()
def arrives(images):
    torch.manual_seed(1)  # the same coins in every call
    return suspect.train()[:-1](images)


suspect = fresh(0, lambda: tower([Suspect(32, 0.5 * i / 8) for i in range(1, 9)]))
same = (arrives(clean.x) == arrives(clean.x.flip(0))).all(1)
print(f"{same.float().mean():.0%} of the examples: the last layer receives the same")
print("numbers, whichever image was put in")

# %% [markdown]
# <details><summary>What is wrong</summary>
#
# The coin acts on the *sum* `x + self.f(x)`, so a dropped block takes the skip connection
# away, too, and with it everything the earlier blocks have computed. An image reaches the
# end only if it survives all eight coins, with probability $\prod_l (1-p_l) \approx 0.06$.
# For all others the last layer sees what the biases alone have made, whatever the image.
# With the ten classes about equally frequent, no loss below $\ln 10$ can be had for those
# 94 %, so the training loss cannot fall below about $0.94 \cdot 2.30 \approx 2.16$. The
# cure is to drop the residual alone, `x + ops.stochastic_depth(self.f(x), …)`. The
# symptom to remember: in training mode the loss stays near that of guessing, $\ln K$ for
# $K$ classes.
# </details>
#
# ## Does it help?
#
# Now the experiment. The control is the residual network that you know, with all its blocks
# in every step (*constant depth*). The treatment differs in one thing: linear rates up to
# $p_L = 0.5$ and a coin per example. (For a population the coin is the course's
# `MemberDropout`, applied to a column of ones.) Both are trained on the false labels and,
# in two further arms, on the true ones. That tells us what the gain, if there is one, is
# good for. 8 blocks, 600 steps, so that both have time to fit what they can. Constant
# depth is the same network with all rates at 0, so `train_arms` can train the four arms
# side by side, eight networks each.


# %%
class DropBlock(Block):
    """A residual block that each example skips with probability p in training."""

    def __init__(self, width, p):
        super().__init__(width)
        self.drop = MemberDropout(p)

    def forward(self, x):
        return x + self.f(x) * self.drop(torch.ones_like(x[:, :1]))


def short(blocks, final=0.5, width=32, inputs=196):
    """A tower whose drop rates rise linearly to `final`, as in the paper."""
    rates = [final * (i + 1) / blocks for i in range(blocks)]
    return tower([DropBlock(width, p) for p in rates], inputs, width)


# %% predict
predict(
    "depth.gain-noisy",
    "With 20 % false labels, after 600 steps: stochastic depth against constant depth?",
    ["worse", "no difference to speak of", "a few points better", "over ten better"],
)
predict(
    "depth.gain-clean",
    "And with true labels only?",
    ["worse", "no difference to speak of", "a few points better", "over ten better"],
)

# %% experiment
ARMS = {"constant depth": lambda: short(8, final=0.0), "stochastic": lambda: short(8)}
LABELS = {"false labels": noisy.y, "true labels": clean.y}
trained = train_arms(
    {(labels, arm): build for labels in LABELS for arm, build in ARMS.items()},
    noisy,
    targets={(labels, arm): y for labels, y in LABELS.items() for arm in ARMS},
    steps=600,
    **ALIKE,
)

# %% figure
fig, panels = plots.figure(2, sharey=True)
for panel, labels in zip(panels, ("false labels", "true labels"), strict=True):
    for arm in ARMS:
        curve = trained[labels, arm]
        plots.band(curve.steps, curve.val, label=arm, ax=panel)
    panel.set(xlabel="training step", ylabel="validation accuracy (%)")
panels[0].set_title("20 % false labels: it falls more slowly")
panels[1].set_title("True labels: no difference")
plots.show(
    fig,
    alt="Left, with false labels: both curves peak early and fall, constant depth faster. "
    "Right, with true labels: the two curves lie on each other.",
    after=["depth.gain-noisy", "depth.gain-clean"],
)


# %% [markdown]
# One more number, to see *why*. Of the 200 false labels, how many does the finished network
# repeat when it is shown the training image again? A network that repeats one has learned it
# by heart, for nothing else in the data supports it.


# %%
@torch.no_grad()
def repeats(arm):
    """False training labels that each finished network repeats, in percent."""
    answers = arm.logits(noisy.x[flipped]).argmax(-1)  # (seeds, 200)
    return 100 * (answers == noisy.y[flipped]).float().mean(1).cpu()


# %% results
def end(labels, arm):
    return trained[labels, arm].final


def best(labels, arm):
    return trained[labels, arm].val.amax(1)


points = {"unit": "accuracy points"}
with results(varies=initial) as table:
    for labels in ("false labels", "true labels"):
        arms = {f"{arm}, {labels}": end(labels, arm) for arm in ARMS}
        table.arms(arms, paired_with=f"constant depth, {labels}", unit="% at the end")
    looks = {f"{arm}, at its best look": best("false labels", arm) for arm in ARMS}
    table.arms(
        looks, paired_with="constant depth, at its best look", unit="%, false labels"
    )
    by_heart = {
        f"{arm}, false labels repeated": repeats(trained["false labels", arm])
        for arm in ARMS
    }
    table.arms(by_heart, paired_with="constant depth, false labels repeated", unit="%")
    difference = end("false labels", "stochastic") - end(
        "false labels", "constant depth"
    )
    sentence = "With 20 % false labels stochastic depth is ahead after 600 steps."
    claim("depth.gain", sentence, difference, "> 0", **points)
    recall("depth.gain-noisy", 3)
    difference = end("true labels", "stochastic") - end("true labels", "constant depth")
    sentence = "With true labels the two are within a point and a half."
    claim("depth.no-clean-gain", sentence, difference, "within 1.5", **points)
    recall("depth.gain-clean", 2)
    constant_heart, stochastic_heart = by_heart.values()
    claim(
        "depth.by-heart",
        "Stochastic depth repeats fewer of the false labels.",
        stochastic_heart - constant_heart,
        "< 0",
        unit="% of the false labels",
    )

# %% [markdown]
# With false labels stochastic depth is ahead at the end by 3.5 points, [1.6, 5.5]. The
# last table fits that: it repeats 35 % of the false labels, constant depth 59 %. A
# likely reason is this. To learn one image by heart, the blocks have to work together
# on just this image. With stochastic depth a different set of them is present each time
# the image comes round, so learning by heart takes more repetitions. With true labels
# there is less that should not be learned, and no gain was found (−0.4 points, [−1.2,
# 0.5]).
#
# Does this outlive the setting? With 1,200 steps, run apart from this notebook, the
# gain with false labels was +3.5 points [1.5, 5.5] at 8 blocks and +4.1 [1.4, 6.9] at
# 32; with true labels +0.1 [−0.5, 0.6] and +0.5 [−1.2, 2.3]. But read the third
# table. If each network is judged at the best of its looks at the validation set, one
# every 100 steps, the advantage shrinks to 0.7 points, which eight seeds cannot tell from
# zero. Constant depth then reaches 76.4 %,
# more than stochastic depth at the end. So against false labels early stopping
# (notebook 05) did more here, as long as there are true validation labels to stop by.
#
# Huang's gain on CIFAR-10, from 6.41 to 5.23 % errors, came with true labels. Their
# network had 1.7 million parameters, learned 50,000 images for 500 epochs, and did fit
# them all: its training loss was near zero while its test error had stopped falling.
# Ours has 15,000 parameters, about a hundredth of theirs, and a fiftieth of the images.
# That is where one should expect the method to pay: in large networks that are trained
# long enough to fit everything. Our small experiment shows a mechanism. It is no verdict
# on the method.
#
# ## Is it the gradient?
#
# The paper gives another reason: shorter networks have larger gradients at their front. Let
# us look at the first of 32 blocks, in training mode, before and after 400 steps.

# %% predict
predict(
    "depth.gradient",
    "The gradient norm at the first of 32 blocks with stochastic depth, over that with "
    "constant depth, before training:",
    ["about a half", "about one", "about two", "ten or more"],
)

# %% experiment
stochastic_32 = run(lambda: short(32))


@one_thread()
def at_first_block(model):
    """Mean gradient norm at the first block, over five batches of 200."""
    torch.manual_seed(0)  # of the coins
    norms = []
    for x, y in zip(noisy.x.split(200), noisy.y.split(200), strict=True):
        model.train().zero_grad()
        F.cross_entropy(model(x), y).backward()
        norms.append(model[1].linear.weight.grad.norm().item())
    return sum(norms) / len(norms)


ratio = {"before": [], "after": []}
for seed in SEEDS:
    builds = (lambda: short(32), lambda: stack(residual=True, norm=True))
    start = [at_first_block(fresh(seed, build)) for build in builds]
    finished = [at_first_block(r.member(seed)) for r in (stochastic_32, constant[32])]
    ratio["before"].append(start[0] / start[1])
    ratio["after"].append(finished[0] / finished[1])

# %% results
with results(varies=initial) as table:
    table.arms(ratio, unit="stochastic over constant")
    claim(
        "depth.gradient",
        "Before training the gradient is about as large with stochastic depth.",
        ratio["before"],
        "between 0.75 1.25",
    )
    recall("depth.gradient", 2)

# %% [markdown]
# The gradients are not larger here: 0.93 times those of constant depth before training,
# and 0.81 times after it. The expansion into paths suggests why. In these blocks the
# path $I$ is open already. Dropping blocks cannot open it further, and what survives is
# scaled up by $1/(1-p)$. In Huang's blocks *a ReLU follows the addition*, so even the path
# past all blocks goes through one ReLU after another, and the survivors are not scaled
# up in training. Their explanation may well hold for their network. In ours the
# gain must have another reason, since the gradient did not grow.
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
# ## How deep is the network today?
#
# With a coin for each block, the depth of a training step is a random number. Its mean is
# easy: a block that runs with probability $1-p_l$ adds $1-p_l$ to it,
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
# For the paper's linear rates the sum is $L - p_L (L+1)/2$. With $p_L = 0.5$ and many blocks
# about a quarter of the blocks is left out, which is where the paper's "25 % faster" comes
# from.
#
# A mean does not say how much the depth varies. Will a network of 24 blocks ever run with 6
# of them? For that we need the whole distribution. If all rates were the same it would be
# the binomial distribution; ours differ from block to block, and then no closed formula
# exists. But there is a simple way to build it, one block after another. Suppose you know
# the chances of depth 0, 1, 2, … for the first $l-1$ blocks. Block $l$ is missing with
# probability $p_l$, and then the depth stays; else it grows by one:
#
# $$P_l(k) = p_l \, P_{l-1}(k) + (1-p_l)\, P_{l-1}(k-1), \qquad P_0(0) = 1.$$
#
# ### Exercise 6.5 · The distribution of the depth (2 points, ~12 min)
#
# **Given** a list of $L$ drop rates, each in [0, 1], of any schedule; the coins are
# independent.
# **Return** a float64 tensor of shape (L + 1,): at place $k$ the probability that exactly
# $k$ of the $L$ blocks run.
#
# **By hand:** rates `[0.5, 0.25]`. No block runs with probability 0.5 · 0.25 = 0.125, both
# with 0.5 · 0.75 = 0.375, exactly one with the rest: `[0.125, 0.5, 0.375]`.
#
# <details><summary>Hint 1</summary>
# Without any block the depth is 0 for certain: start with a tensor <code>[1.0]</code>.
# </details>
# <details><summary>Hint 2</summary>
# Each block turns a tensor of length n into one of length n + 1. "Stays" is the old one
# with a 0 behind it, "grows" the old one with a 0 in front.
# </details>
# <details><summary>Hint 3</summary>
# In a loop over the rates: <code>chance = p * torch.cat([chance, zero]) + (1 - p) *
# torch.cat([zero, chance])</code>, with <code>zero = torch.zeros(1,
# dtype=torch.float64)</code>.
# </details>


# %% solution="depth_distribution"
def depth_distribution(rates: list[float]) -> torch.Tensor:
    """Return the probability of each depth 0 ... L (about 5 lines).

    Args:
        rates: probability of *dropping* each of L blocks, in [0, 1]; any schedule,
            independent coins.

    Returns: (L + 1,), float64; place k holds the probability that exactly k blocks run.
    Example: depth_distribution([0.5, 0.25]) gives [0.125, 0.5, 0.375].
    """
    ### BEGIN SOLUTION
    chance = torch.ones(1, dtype=torch.float64)
    zero = torch.zeros(1, dtype=torch.float64)
    for p in rates:
        stays, grows = torch.cat([chance, zero]), torch.cat([zero, chance])
        chance = p * stays + (1 - p) * grows
    return chance
    ### END SOLUTION


# %% [markdown]
# The example worked by hand:

# %% look
look(
    lambda: depth_distribution([0.5, 0.25]),
    torch.tensor([0.125, 0.5, 0.375], dtype=torch.float64),
)

# %% test="depth_distribution" points=2
check.depth_distribution(depth_distribution)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("06_stochastic_depth").depth_distribution(depth_distribution, seed=20_165)
### END HIDDEN TESTS

# %% [markdown]
# What does the distribution look like for 24 blocks? Two schedules with the same final rate
# of 0.5: the paper's linear one, and a constant rate of 0.5 for every block. With the second,
# a step runs a subset of blocks drawn fairly from all $2^{24}$, so its depth is distributed
# like the lengths of the paths that you counted above.

# %% figure
fig = demos_depth.depths(
    {
        "linear up to 0.5": [0.5 * i / 24 for i in range(1, 25)],
        "0.5 for all": [0.5] * 24,
    }
)
plots.show(
    fig,
    alt="Two bell curves over 0 to 24 blocks: linear rates around 17.75, constant rates "
    "around 12.",
)

# %% [markdown]
# With the linear schedule 99 of 100 steps run between 13 and 22 of the 24 blocks (add
# up the places 13 to 22 of your function's result to check). A depth of 6 does not
# happen in practice: the network's depth is random, but it is never really shallow. The
# variance of the depth is $\sum_l p_l(1-p_l)$, since the coins are independent; the
# first blocks, with rates near 0, add next to nothing to it.
#
# ## How much time is saved?
#
# Let us take the time. We measure whole training steps, optimizer included, of 24 blocks,
# 256 wide, on batches of 128. Four ways compete: constant depth, a mask per example,
# torchvision's "batch" mode, and a real skip. They take turns, so that whatever else the machine
# does hits all four alike. On a CPU the clock counts processor time of this program only.

# %% predict
predict(
    "depth.time",
    "Which ways take clearly less time than constant depth?",
    ["all three", "batch mode and the skip", "the skip only", "none"],
)


# %% experiment
WAYS = ["constant", "per example", "batch mode", "skip"]
L = 24
wide_rates = [0.5 * i / L for i in range(1, L + 1)]
wide = fresh(0, lambda: tower([Block(256) for _ in range(L)], width=256))
adamw = torch.optim.AdamW(wide.parameters(), fused=True)
coin_source = torch.Generator().manual_seed(0)


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
    coins = torch.rand(L, generator=coin_source).tolist()
    for block, p, coin in zip(wide[1:-1], wide_rates, coins, strict=True):
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
    ran = step(way, noisy.x[:128], noisy.y[:128])
    wait()
    return clock() - start, ran


with one_thread():
    first_turns = [timed(way) for way in WAYS * 2]  # slower, and not counted
    turns = torch.tensor(  # (6 rounds, 4 turns, 4 ways, seconds and blocks)
        [[[timed(way) for way in WAYS] for _ in range(4)] for _ in range(6)]
    )
seconds = turns[..., 0].median(1).values  # (6, 4): medians of a round
share = seconds / seconds[:, :1]
theory = 1 - sum(wide_rates) / L

# %% [markdown]
# Left, one dot per round of four turns (medians). Right, each single step with a skip: its
# time against the number of blocks that ran. The line is what proportion would give.

# %% figure
fig, (left, right) = plots.figure(2, sharey=True)
plots.points({way: share[:, k] for k, way in enumerate(WAYS)}, ax=left)
left.axhline(theory, color="#808080", linestyle="--", linewidth=1)
left.text(-0.4, theory, f"E[depth]/L = {theory:.2f}", va="bottom")
left.set_ylabel("time of a step (constant depth = 1)")
left.set_title("Masks save nothing, a real skip does")
each = turns[:, :, 3, 0] / seconds[:, :1]
right.plot(turns[:, :, 3, 1].flatten(), each.flatten(), "o", alpha=0.5)
right.plot([0, L], [0, 1], color="#808080", linestyle="--", linewidth=1)
right.set(xlabel=f"blocks that ran, of {L}", xlim=(0, L + 1), ylim=(0, None))
right.set_title("A step's time grows with the blocks that ran")
plots.show(
    fig,
    alt="Left: step times over constant depth, masks a little above 1, the skip near "
    "the dashed line at 0.74. Right: time grows in proportion to the blocks that ran.",
    after="depth.time",
)

# %% results
saved = {way: 100 * (1 - share[:, k]) for k, way in enumerate(WAYS) if k}
with results(varies="6 rounds of one race on this machine: rounds, not seeds") as table:
    table.arms(saved, unit="% of a step saved", digits=1)
    claim(
        "depth.masks",
        "Computing and then masking saves no time worth mentioning.",
        saved["per example"],
        "< 5",
        unit="% of a step",
    )
    claim(
        "depth.skip",
        "Skipping saves more than masking.",
        saved["skip"] - saved["per example"],
        "> 0",
        unit="% of a step",
    )
    recall("depth.time", 3)

# %% [markdown]
# Theory promises 26 %, and a skip saves a good part of it. The dots on the right lie a
# little above the line: that is what every step pays whatever its depth, for first and
# last layer, loss and bookkeeping. Expect less where blocks are cheap. Most libraries
# mask all the same. A mask per example shows each batch many depths at once, so its
# gradient should be less noisy, and GPUs that train in step gain nothing if only one of
# them skips.
#
# ## Take blocks out of a trained network
#
# If a residual network is a collection of paths, then one can ask what a missing block
# does to it. With $L$ blocks there are $2^L$ paths, and deleting one block closes
# exactly the half of them that take it and leaves the other half open. Veit and
# others (2016) did this to *finished* networks. Do the same: from each trained
# network of 8 blocks delete one block at a time, all else untouched. Then, from 32
# blocks, delete more and more at random.

# %% predict
predict(
    "depth.delete",
    "One of 8 blocks deleted from a constant-depth residual network: what is lost?",
    ["nearly everything", "20 to 40 points", "under 10 points on average"],
)


# %% experiment
@torch.no_grad()
@one_thread()
def score(model, factors):
    """Validation accuracy and mean confidence in percent, block l's output scaled."""
    x = model[0](val.x)
    for block, factor in zip(model[1:-1], factors, strict=True):
        if block.residual:
            x = x + factor * block.f(x)
        elif factor:
            x = block.f(x)
    logits = model[-1](x)
    confidence = logits.softmax(1).amax(1).mean().item()
    return 100 * accuracy(logits, val.y), 100 * confidence


def without(blocks, gone):
    return [0.0 if i in gone else 1.0 for i in range(blocks)]


def drop_one(model):
    whole = score(model, without(8, []))[0]
    return [score(model, without(8, [i]))[0] - whole for i in range(8)]


# %% experiment
EIGHT = {
    "plain": [plain[8].member(k) for k in SEEDS],
    "constant depth": trained["false labels", "constant depth"].networks(),
    "stochastic": trained["false labels", "stochastic"].networks(),
}
lost = {  # (seeds, deleted block)
    name: torch.tensor([drop_one(network.eval()) for network in networks])
    for name, networks in EIGHT.items()
}
COUNTS = [0, 4, 8, 16, 24]
orders = [torch.randperm(32, generator=torch.Generator().manual_seed(s)) for s in SEEDS]
left_over = {  # (seeds, counts)
    name: torch.tensor(
        [
            [
                score(runs.member(s).eval(), without(32, orders[s][:k].tolist()))[0]
                for k in COUNTS
            ]
            for s in SEEDS
        ]
    )
    for name, runs in {
        "constant depth": constant[32],
        "stochastic": stochastic_32,
    }.items()
}

# %% [markdown]
# For each seed the same blocks are deleted from both kinds.

# %% figure
fig, (left, right) = plots.figure(2)
treatment = plots.TREATMENTS | {"plain": PLAIN}
for name, values in lost.items():
    plots.band(range(1, 9), values, label=name, color=treatment[name], ax=left)
for name, values in left_over.items():
    plots.band(COUNTS, values, label=name, ax=right)
left.set(xlabel="deleted block, of 8", ylabel="change in accuracy (points)")
left.set_title("One block gone: fatal only without skips")
right.set(xlabel="deleted blocks, of 32", ylabel="validation accuracy (%)")
right.set_title("More blocks gone: stochastic loses less")
plots.show(
    fig,
    alt="Left: deleting any block costs a plain network about 60 points, a residual one a "
    "few, one trained with stochastic depth almost none. Right: with more deleted blocks "
    "stochastic depth loses accuracy more slowly.",
    after="depth.delete",
)

# %% results
one = {name: values.mean(1) for name, values in lost.items()}
with results(varies=initial) as table:
    table.arms(one, paired_with="constant depth", unit="points, mean over the blocks")
    sentence = "Training with stochastic depth makes a missing block cost less."
    claim(
        "depth.delete-less",
        sentence,
        one["stochastic"] - one["constant depth"],
        "> 0",
        **points,
    )
    recall("depth.delete", 3)

# %% [markdown]
# A plain network is a chain with one path only, and a missing link ends it. The
# residual network of constant depth loses 3.8 points on average. Trained with
# stochastic depth it loses 0.1, because in training each block has had to work without
# any of the others. In both, the first blocks are missed most, which fits the paper's
# rising rates. That is useful in itself, because such a network can be shortened after
# training. LayerDrop (Fan and others 2020) trains transformers in this way and then cuts them
# to the depth that somebody can afford.
#
# ## Scaled twice: what accuracy does not see
#
# The paper does not divide by $1-p_l$ in training; it multiplies block $l$ by $1-p_l$ at test
# time. You can do either. Whoever does *both*, and that happens when code from two sources
# is put together, adds only $1-p_l$ of what the network is used to: at the last block, half.
# Let us make this mistake on purpose, with the finished networks of 32 blocks, and look at
# accuracy and at the mean confidence, the probability of the class that is chosen.

# %% experiment
factors = [1 - 0.5 * i / 32 for i in range(1, 33)]
members = [stochastic_32.member(k).eval() for k in SEEDS]
right_form = torch.tensor([score(m, [1.0] * 32) for m in members])  # (seeds, 2)
twice = torch.tensor([score(m, factors) for m in members])

# %% results
with results(varies=initial) as table:
    for k, what in enumerate(("accuracy", "confidence")):
        arms = {"scaled once": right_form[:, k], "scaled twice": twice[:, k]}
        table.arms(arms, paired_with="scaled once", unit=f"{what}, %")
    claim(
        "depth.twice-accuracy",
        "Scaling a second time does not cost accuracy: less than a point.",
        twice[:, 0] - right_form[:, 0],
        "> -1",
        **points,
    )
    claim(
        "depth.twice-confidence",
        "It lowers the confidence.",
        twice[:, 1] - right_form[:, 1],
        "< 0",
        unit="points of confidence",
    )

# %% [markdown]
# Accuracy does not show the mistake: it even rises by 0.7 points. The confidence shows
# it: it falls by 6.7 points. The reason lies in the mean. The factor $b/(1-p)$ has the
# mean 1. (Its variance, $p/(1-p)$, is the subject of the next section.) Scale by 1 at
# evaluation and the *mean* of every block's contribution is what training has shown to
# the layers behind. Scale by $1-p$ and each residual is shortened by its factor, so the
# logits shrink toward those of a shorter network. Shrinking all logits together hardly
# changes which one is the largest, and makes the softmax flatter. The lesson goes
# beyond this bug: **accuracy can miss a mistake of scale altogether.** Look at the
# confidence as well.
#
# ## Stochastic depth and BatchNorm
#
# In notebook 10 (*What dropout does to a variance*) you will see that dropout in front of a
# BatchNorm layer causes trouble: the layer stores variances in training, when there are coins, and uses them at evaluation, when
# there are none. Does dropping blocks do the same? A block's input is the sum of what the
# earlier blocks added, and each term has the extra variance $\frac{p}{1-p}\,f^2$ in training.
# Take our blocks with BatchNorm in the place of LayerNorm and compare, in trained networks,
# the variance at each BatchNorm's input with the coins and without. `variance_shifts` shows
# a network the validation images both ways and divides the one by the other.


# %%
class BatchNormBlock(DropBlock):
    """The same with BatchNorm in the place of LayerNorm."""

    def __init__(self, width, p):
        super().__init__(width, p)
        self.batch_norm = nn.BatchNorm1d(width)

    def f(self, x):
        return self.linear(self.batch_norm(x)).relu()


# %% experiment
normed = run(
    lambda: tower([BatchNormBlock(32, 0.5 * i / 8) for i in range(1, 9)]), steps=400
)
torch.manual_seed(0)  # of the coins
shifts = torch.stack(
    [variance_shifts(normed.member(k), val.x) for k in SEEDS]
).cpu()  # (seeds, blocks)

# %% results
with results(varies=initial) as table:
    table.arms(
        {f"block {k}": shifts[:, k - 1] for k in (1, 4, 8)},
        unit="variance with coins over without",
    )
    claim(
        "depth.batch-norm",
        "At the last block's BatchNorm the variance in training is larger than at "
        "evaluation.",
        shifts[:, -1] - 1,
        "> 0",
    )

# %% [markdown]
# There is a shift and it grows with depth, as it must, for the terms add up. But it is
# mild: at the last block the variance is about a fifth too large, where dropout with
# $p = 0.5$ directly in front of a BatchNorm would at least double it (notebook 10 has the
# formula). The first term of the sum never tosses a coin, and the early ones seldom
# lose. This is why stochastic depth and BatchNorm get along in practice: Huang's own
# network had BatchNorm in every block.
#
# ## A small network
#
# Two blocks, 16 wide, on a task that is hard for them: 3,000 examples of MNIST-1D (40
# numbers each, ten classes; a linear model reaches 32 %, a good convolutional network 94 %,
# Greydanus and Kobak 2024), all labels true. Here are eight of them.

# %%
hard = data.mnist1d(3000, 1000, device=DEVICE)

# %% figure
fig, ax = plots.figure()
for k in range(8):
    ax.plot(hard.train.x[k].cpu() / 4 - k, color=plots.PALETTE[k % 2])
ax.set_yticks(-torch.arange(8).numpy(), hard.train.y[:8].tolist())
ax.set(xlabel="position", ylabel="class")
ax.set_title("MNIST-1D: ten shapes, shifted, bent and noisy")
plots.show(fig, alt="Eight noisy curves of 40 points with their classes.")

# %% predict
predict(
    "depth.shallow",
    "Stochastic depth 0.5 in a network of 2 narrow blocks, true labels:",
    ["helps at the end", "makes no difference", "hurts all along"],
)

# %% experiment
shallow = train_arms(
    {
        "constant depth": lambda: short(2, final=0.0, width=16, inputs=40),
        "stochastic": lambda: short(2, final=0.5, width=16, inputs=40),
    },
    hard.train,
    val=hard.val,
    seeds=range(12),
    steps=1200,
    batch_size=50,
    lr=4e-3,
    record_every=100,
    record_size=1000,
)

# %% figure
for name, curve in shallow.items():
    ax = plots.band(
        curve.steps,
        curve.val,
        label=name,
        ax=None if name == "constant depth" else ax,
    )
ax.set(xlabel="training step", ylabel="validation accuracy (%)")
ax.set_title("Two narrow blocks: behind from the first look to the last")
plots.show(
    ax.figure,
    alt="Stochastic depth stays below constant depth at every step.",
    after="depth.shallow",
)

# %% results
finals = {name: arm.final for name, arm in shallow.items()}
fits = {name: arm.train[:, -1] for name, arm in shallow.items()}
with results(varies="12 initializations and batch orders; one data set") as table:
    table.arms(finals, paired_with="constant depth", unit="% validation accuracy")
    table.arms(fits, paired_with="constant depth", unit="% training accuracy")
    claim(
        "depth.shallow",
        "At the end stochastic depth has cost this network accuracy.",
        finals["stochastic"] - finals["constant depth"],
        "< 0",
        **points,
    )
    recall("depth.shallow", 3)

# %% [markdown]
# The table of training accuracies says why. Even at constant depth the network fits
# only 54 % of its training labels, which are all true: it underfits. A regularizer
# takes capacity away, and here there was none to spare. Before you turn stochastic
# depth on, look at the training accuracy. If the network does not fit its training
# data, leave it off.
#
# ## Why? A question to write down
#
# A friend wants to use stochastic depth in a plain network of 20 layers, "with a coin per
# layer, like dropout". What happens, and what would you tell them? Write two or three
# sentences before you open the answer.
#
# <details><summary>One answer</summary>
#
# In a plain network a layer's output is all that the next one sees. If a layer is dropped,
# either its output is set to zero, and then nothing of the input arrives at all, or it is
# replaced by its input, and then the next layer receives numbers of a kind that it was not
# trained on; the network would have to learn all combinations at once. The experiment with
# deleted blocks shows the same from the other side: one block less, and the plain network
# is lost. Stochastic depth needs the open path. The friend can add skip connections first,
# or use ordinary dropout.
# </details>
#
# ## Test yourself
#
# Eight questions, each answer with its reason, and then flashcards.

# %%
quiz("06_stochastic_depth")
flashcards("06_stochastic_depth")

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. Deep plain networks fail for two reasons, fading or exploding gradients and images that
#    become alike; a skip connection opens a path past both, and stochastic depth is inverted
#    dropout of what the blocks add to that path.
# 2. A coin per batch that *skips* the block saves up to $1 - \mathbb{E}[\text{depth}]/L$ of
#    the time; masks save none.
# 3. Where labels were false it gained a few points at the end and learned fewer of them
#    by heart, but stopping constant depth early gained more. Where labels were true it
#    gained nothing, and it hurt a network that underfits.
#
# **Pitfalls**
#
# - "Linear decay, rate 0.2" means three different schedules, and "0.8" may be a survival
#   probability. Print the first and the last rate.
# - Drop the *residual*, before the addition. Dropping the sum drops the skip, too.
# - Calling the block and multiplying by 0 is correct, and saves nothing.
# - Scale by $1/(1-p)$ in training or by $1-p$ at evaluation, never both. Accuracy did not
#   show the mistake here, confidence did.
# - With several GPUs in step, a skip on one saves nothing unless all skip the same block.
# - A block that is skipped gets no gradient in that step (`None`, with `zero_grad`'s
#   default), so AdamW leaves it alone; a masked one gets zeros, and momentum and decay
#   move it.
#
# **References**
#
# - Huang, Sun, Liu, Sedra, Weinberger (2016). *Deep networks with stochastic depth.*
#   [arXiv:1603.09382](https://arxiv.org/abs/1603.09382)
# - He, Zhang, Ren, Sun (2015). *Delving deep into rectifiers.* The initialization.
#   [arXiv:1502.01852](https://arxiv.org/abs/1502.01852)
# - He, Zhang, Ren, Sun (2016). *Deep residual learning for image recognition.*
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)
# - Cho, Saul (2009). *Kernel methods for deep learning.* How ReLU changes angles.
#   [NeurIPS](https://papers.nips.cc/paper/3628-kernel-methods-for-deep-learning)
# - Yang, Pennington, Rao, Sohl-Dickstein, Schoenholz (2019). *A mean field theory of batch
#   normalization.* [arXiv:1902.08129](https://arxiv.org/abs/1902.08129)
# - Veit, Wilber, Belongie (2016). *Residual networks behave like ensembles of relatively
#   shallow networks.* [arXiv:1605.06431](https://arxiv.org/abs/1605.06431)
# - Larsson, Maire, Shakhnarovich (2017). *FractalNet: ultra-deep neural networks without
#   residuals.* The name "drop path". [arXiv:1605.07648](https://arxiv.org/abs/1605.07648)
# - Fan, Grave, Joulin (2020). *Reducing transformer depth on demand with structured
#   dropout.* LayerDrop. [arXiv:1909.11556](https://arxiv.org/abs/1909.11556)
# - Liu and others (2022). *A ConvNet for the 2020s.* ConvNeXt, trained with it.
#   [arXiv:2201.03545](https://arxiv.org/abs/2201.03545)
# - Greydanus, Kobak (2024). *Scaling down deep learning with MNIST-1D.*
#   [arXiv:2011.14439](https://arxiv.org/abs/2011.14439)
# - Xiao, Rasul, Vollgraf (2017). *Fashion-MNIST.*
#   [arXiv:1708.07747](https://arxiv.org/abs/1708.07747)
# - Wightman (2019). *PyTorch image models* (timm).
#   [GitHub](https://github.com/huggingface/pytorch-image-models)
# - torchvision, `ops.stochastic_depth`.
#   [Documentation](https://docs.pytorch.org/vision/main/generated/torchvision.ops.stochastic_depth.html)
#
# **Next:** [07 · Mixup and CutMix](../07_mixup_cutmix/07_mixup_cutmix.ipynb).
# So far we took something away from the network; next we
# mix the examples.
