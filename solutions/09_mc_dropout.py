# %% [markdown]
# # 09 · How sure is a network, and should you believe it?
#
# Diabetes can damage the retina long before anybody notices, and early treatment can
# save the sight. So millions of people have their retina photographed every year, and
# there are not enough doctors to look at all the pictures. In 2017 Christian Leibig and
# others in Tübingen trained a network to help. It was to say how sure it was of each
# picture, and those of which it was least sure were to go to a doctor. With up to 20 %
# of the pictures referred, it met the quality that the British health service asks of
# such programs.
#
# To say so, their network did something odd: it kept dropout switched *on*, answered a
# hundred times, and measured how much the answers differed. This is *Monte Carlo
# dropout* (Gal and Ghahramani 2016). It is easy, it comes with a theory, and it is
# often sold as "uncertainty for free".
#
# We play the story with small pictures of clothes: build the method, ask what each part
# of it contributes, put it next to its rivals with equal tuning, and then change the
# pictures, as a hospital does when it buys another camera.
#
# When you are done you can
#
# - sample predictions with dropout on without wrecking BatchNorm, and say how many samples
#   are enough for what,
# - tell epistemic from aleatoric uncertainty, in a formula and in a picture,
# - measure calibration, repair it with one number, and say what happens to the repair when
#   the data shift,
# - hand out sets of classes with a guarantee, and say what the guarantee does not cover.
#
# **You need:** notebook 02 (thinned networks, train and eval mode).
# **Time:** about 140 minutes; the computing takes under a minute on a slow CPU.

# %% setup
import copy
import math

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import mc_dropout as demos_calibration
from helpers.device import device
from helpers.evidence.claims import claim, results
from helpers.evidence.metrics import accuracy
from helpers.evidence.uncertainty import (
    best_temperatures,
    conformal_sets,
    holds_truth,
    probability_scores,
    rotated,
    thinned_probabilities,
)
from helpers.population import grid, mlp, train_population
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import fit, one_thread, own_randomness

plots.use_course_style()
check = load("09_mc_dropout")

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("09_mc_dropout")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## The data
#
# We take 1,000 Fashion-MNIST images to train on, 1,000 to validate and 2,000 to test,
# 14 × 14 gray pixels, ten kinds of clothes, all labels true. The test images stay
# sealed until every setting is fixed.

# %%
GROUPS, SIZE = 6, 5  # independent ensembles, and members of each
RATES = [0.1, 0.3, 0.5, 0.7]
DEVICE = device()
ONE, MC, FIVE = (
    plots.TREATMENTS[name] for name in ("one network", "MC dropout", "ensemble")
)
INFO, OFF = plots.PALETTE[6], plots.PALETTE[4]
splits = data.fashion_mnist(1000, 1000, n_test=2000, size=14, flat=True, device=DEVICE)
train, val = splits.train, splits.val  # x (1000, 196)
black, white = train.x.min(), train.x.max()  # what pixel values 0 and 1 became

# %% figure
ax = plots.images(
    ((train.x[:8] - black) / (white - black)).cpu(),
    [data.CLASS_NAMES[k] for k in train.y[:8].tolist()],
)
ax.set_title("Eight of the 1,000 training images\n", y=1.02)
plots.show(ax.figure, alt="Eight small gray images of clothes with their names.")

# %% [markdown]
# Guessing gets 10 % of them right. A good convolutional network that has seen all
# 60,000 training images reaches 93 % and more; with 1,000 images and small networks we
# will be near 80 %, so that a network has something to be unsure about.
#
# ## A network that always answers
#
# Start the naive way: train a network and call its largest softmax probability the
# *confidence*. Here is a loop that hides nothing: two hidden layers of 64 units, 1,000
# steps of AdamW, no dropout. It prints the mean confidence on the validation images,
# and how often the network is right there.

# %%
torch.manual_seed(0)
first = mlp((196, 64, 64, 10)).to(DEVICE)
optimizer = torch.optim.AdamW(first.parameters(), lr=2e-3)
for step in range(1001):
    if step % 250 == 0:
        with torch.no_grad():
            says = first(val.x).softmax(-1)
        print(
            f"step {step:4}: {says.amax(-1).mean():.0%} sure on average, "
            f"right {accuracy(says, val.y):.0%} of the time"
        )
    batch = torch.randint(1000, (50,)).to(DEVICE)
    loss = F.cross_entropy(first(train.x[batch]), train.y[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% [markdown]
# From step 250 on the accuracy hardly moves, and the confidence goes on rising: once a
# training image is classified correctly, larger logits still lower the cross-entropy,
# and no training image says that this is wrong. On new images it is. The network is
# overconfident, and the more so the longer it trains.
#
# Now put pictures in front of it that are no clothes at all: the handwritten digits of
# scikit-learn, in the same size and range of gray. Such inputs are called
# *out-of-distribution*. For later we also prepare pixels of pure noise, and the
# validation clothes turned by 90°.


# %%
def turned(x, degrees):
    """Rotate flat images (N, 196); corners that appear are black."""
    return rotated(x, degrees, fill=black)


pixels = torch.tensor(load_digits().images[:500, None] / 16).float()  # 8 x 8
digits = F.interpolate(pixels, size=(14, 14), mode="bilinear").flatten(1)
noise = torch.rand(500, 196, generator=torch.Generator().manual_seed(0))
strange = {
    "digits": black + (white - black) * digits.to(DEVICE),
    "noise": black + (white - black) * noise.to(DEVICE),
    "turned": turned(val.x[:500], 90),
}

# %% [markdown]
# One network could be an accident. From here on we train *populations*: 30 networks
# without dropout, later six ensembles of five, and six networks for each of four
# dropout rates. They differ in initialization, batch order and masks.

# %% experiment
settings = {"steps": 1000, "batch_size": 50, "lr": 2e-3, "record_every": 1000}
plain = train_population(
    lambda: mlp((196, 64, 64, 10)), train, seeds=range(GROUPS * SIZE), **settings
)
dropped = train_population(
    lambda: mlp((196, 64, 64, 10)),
    train,
    **grid(dropout=RATES, seeds=range(GROUPS)),
    **settings,
)

# %% predict
predict(
    "mc_dropout.digits",
    "Each network names the class of 500 digits. Its mean confidence will be about ...",
    ["10 %: it cannot know.", "50 %: it hesitates.", "over 75 %."],
)

# %% figure
on_digits = plain.logits(strange["digits"]).softmax(-1)  # (30, 500, 10)
top = on_digits[0, :8].max(-1)
names = [data.CLASS_NAMES[k] for k in top.indices.tolist()]
titles = [f"{n}\n{c:.0%}" for n, c in zip(names, top.values.tolist(), strict=True)]
shown = ((strange["digits"][:8] - black) / (white - black)).cpu()
ax = plots.images(shown, titles)
ax.set_title("What the first network calls them, and how sure it is\n\n", y=1.02)
plots.show(
    ax.figure,
    alt="Eight digits, each named as clothing with a percentage, most of them high.",
    after="mc_dropout.digits",
)

# %% results
initial = "6 initializations and batch orders; one split"
with results(varies="30 initializations and batch orders; one split") as table:
    sure = {
        "on clothes": 100 * plain.logits(val.x).softmax(-1).amax(-1).mean(1).cpu(),
        "on digits": 100 * on_digits.amax(-1).mean(1).cpu(),
    }
    table.arms(sure, unit="% mean confidence", digits=1)
    recall("mc_dropout.digits", 3)

# %% [markdown]
# The networks are almost as sure about digits as about clothes. Softmax has to divide
# 100 % among ten kinds of clothes, "none of these" is not on the list, and nothing in
# training asked for caution on other pictures. A network's softmax measures how far an
# input is from the boundaries between the classes, not how far it is from the data.
#
# Very far away it is no better. A ReLU network is piecewise linear, so along a ray the
# differences between its logits end up growing in proportion to the distance, and
# softmax turns them into certainty (Hein and others 2019 prove it for almost every
# ray). Our digits are not far away in this sense: their pixels have the same range.
#
# ## Leave the dropout on
#
# If one network cannot know that it is lost, perhaps several can. Where there were training
# data, all of them were forced to agree. Where there were none, each of them continues in
# its own way, and their disagreement can warn us. Dropout offers plenty of networks to ask:
# every mask $\mathbf m$ makes a thinned network $f_{\mathbf m}$. So train with dropout, keep
# it on at test time, ask $S$ times with fresh masks, and average the probabilities:
#
# $$p(k \mid \mathbf{x}) \approx \frac1S \sum_{s=1}^{S}
# \text{softmax}_k\, f_{\mathbf{m}_s}(\mathbf{x}).$$
#
# How do you leave it on? The naive way is `model.train()`. Try it on a network with a
# BatchNorm layer, as many have one. A shop sends its pictures all mixed in one batch,
# or sorted, first all sneakers, then all shirts. We count right answers for both, with
# only the dropout layers on, and with `model.train()`. Last we go back to
# `model.eval()` and count once more.

# %%
torch.manual_seed(0)


def answers(model, x, samples=10):
    """Mean probabilities over samples, in whatever mode the model is."""
    with torch.no_grad(), one_thread():
        return torch.stack([model(x).softmax(-1) for _ in range(samples)]).mean(0)


def both_ways(model):
    """Accuracy in percent on one mixed batch, and on one batch per class."""
    groups = [val.y == k for k in range(10)]
    mixed = accuracy(answers(model, val.x), val.y)
    by_class = [accuracy(answers(model, val.x[g]), val.y[g]) for g in groups]
    return [100 * mixed, 10 * sum(by_class)]


# %% [markdown]
# Each network has one hidden layer, with BatchNorm and dropout. Its dropout layer is
# returned beside it, so that we can switch on that one alone.


# %%
def with_batch_norm(seed):
    """Train a network with BatchNorm and dropout; return it and its dropout layer."""
    with own_randomness(seed):
        layers = [nn.Linear(196, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3)]
        net = nn.Sequential(*layers, nn.Linear(64, 10)).to(DEVICE)
    fit(net, train, epochs=10, batch_size=50, seed=seed, progress=False)
    return net.eval(), net[3]


# %% predict
predict(
    "mc_dropout.train-mode",
    "Batches of one class, after model.train(): how many of the answers are right?",
    ["about as many as before", "about 60 %", "under 30 %"],
)


# %% experiment
modes = {"eval() before": [], "dropout on": [], "train()": [], "eval() after": []}
for seed in range(GROUPS):
    net, drop = with_batch_norm(seed)
    torch.manual_seed(seed)
    modes["eval() before"].append(both_ways(net))
    drop.train()
    modes["dropout on"].append(both_ways(net))
    asked = copy.deepcopy(net).train()
    modes["train()"].append(both_ways(asked))
    modes["eval() after"].append(both_ways(asked.eval()))
modes = {name: torch.tensor(values) for name, values in modes.items()}  # (6, 2)

# %% figure
fig, panels = plots.figure(2, sharey=True)
for way, panel in enumerate(panels):
    plots.points({name: v[:, way] for name, v in modes.items()}, ax=panel)
    panel.set(ylim=(0, 100), xlabel="mode of the model, in this order")
    panel.tick_params(axis="x", labelsize=9)
panels[0].set(ylabel="validation accuracy (%)")
panels[0].set_title("Mixed batches: all looks well")
panels[1].set_title("One class per batch: train() fails")
plots.show(
    fig,
    alt="Accuracy, one dot per seed. Left, mixed batches: dropout on and train() are close "
    "to eval(). Right, one class per batch: train() is far below all others. In both, "
    "eval() afterwards is lower than before.",
    after="mc_dropout.train-mode",
)

# %% results
with results(varies=initial) as table:
    for way, what in enumerate(("mixed batches", "one class per batch")):
        arms = {name: v[:, way] for name, v in modes.items()}
        table.arms(arms, paired_with="dropout on", unit=f"%, {what}", digits=1)
    claim(
        "mc_dropout.train-by-class",
        "On batches of one class model.train() is right less often than dropout alone.",
        modes["train()"][:, 1] - modes["dropout on"][:, 1],
        "< 0",
        unit="accuracy points",
    )
    recall("mc_dropout.train-mode", 3)

# %% [markdown]
# In train mode BatchNorm normalizes with the mean and variance of the batch (notebook
# 10, *What BatchNorm computes*). In a mixed batch these resemble the stored ones, so
# nobody notices. Among sneakers only, whatever makes a sneaker a sneaker *is* the mean,
# and it is subtracted. Worse, each call moves the stored statistics toward those of the
# last batches, here ten kinds of clothes in turn with the ankle boots last. Being asked
# has damaged the network, as the last group of dots shows: about six points are gone.
# And a batch of one has no variance at all, so that BatchNorm refuses it with an error.
# So switch on the dropout layers, and nothing else.
#
# ### Exercise 9.1 · Only the dropout (1 point, ~6 min)
#
# **Given** a `model` in eval mode. **Change** it so that its dropout layers, however
# deep inside, are in train mode, and every other module stays in eval mode. What you
# return does not matter.
#
# torch has six kinds of dropout: `Dropout`, `Dropout1d`, `Dropout2d`, `Dropout3d`,
# `AlphaDropout`, `FeatureAlphaDropout`.
#
# **By hand:** `Sequential(Linear, BatchNorm1d, ReLU, Dropout, Linear)`: afterwards
# `training` is True for the Dropout, and False for the other four and the Sequential.
#
# <details><summary>Hint 1</summary>
# <code>model.modules()</code> walks over the model and everything inside.
# </details>
# <details><summary>Hint 2</summary>
# <code>isinstance</code> takes a tuple of classes. Is a <code>Dropout2d</code> a
# <code>Dropout</code>? Ask Python.
# </details>
# <details><summary>Hint 3</summary>
# <code>if isinstance(module, (nn.Dropout, nn.Dropout1d, …)): module.train()</code>, for
# each module.
# </details>


# %% solution="enable_dropout"
def enable_dropout(model: nn.Module) -> None:
    """Put the dropout layers of a model in eval mode into train mode (about 5 lines).

    Args:
        model: in eval mode; changed in place. Only its dropout layers (all six kinds
            of torch) go to train mode.

    Example: in Sequential(BatchNorm1d, Dropout), only the Dropout is in train mode.
    """
    ### BEGIN SOLUTION
    kinds = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
    kinds += (nn.AlphaDropout, nn.FeatureAlphaDropout)
    for module in model.modules():
        if isinstance(module, kinds):
            module.train()
    ### END SOLUTION


# %% [markdown]
# The example worked by hand: the modes of the Sequential and of its five layers.


# %% look
def modes_afterwards():
    layers = (
        nn.Linear(2, 3),
        nn.BatchNorm1d(3),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(3, 2),
    )
    model = nn.Sequential(*layers).eval()
    enable_dropout(model)
    return [module.training for module in model.modules()]


look(modes_afterwards, [False, False, False, False, True, False])

# %% test="enable_dropout" points=1
check.enable_dropout(enable_dropout)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("09_mc_dropout").enable_dropout(enable_dropout, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# ## Ask many times
#
# In exercise 2.6 you returned the *mean* over thinned networks. For uncertainty we need
# all of them: the mean does not say whether every network hesitates, or whether two
# camps are each certain of a different class.
#
# ### Exercise 9.2 · The sampled predictions (3 points, ~12 min)
#
# **Given** a `model` that returns logits (N, K), in whatever modes its modules are;
# inputs `x` (N, …); and `n_samples`.
# **Return** the probabilities of `n_samples` thinned networks, (n_samples, N, K), each
# with its own masks, without gradients. While you sample, all dropout layers are on and
# everything else is in eval mode. Afterwards each module has its own mode back, and
# BatchNorm's buffers are what they were.
#
# **By hand:** `Dropout(0.5)` on the input 1, then logits $(w\,\tilde{x}, 0)$ with
# $w = \tfrac12 \ln 9$. Kept, $\tilde{x} = 2$ and the probabilities are (0.9, 0.1);
# dropped, they are (0.5, 0.5). Four samples have the shape (4, 1, 2), and each is one of
# these two.
#
# <details><summary>Hint 1</summary>
# Four steps: note the modes, set them, sample, put them back.
# </details>
# <details><summary>Hint 2</summary>
# The model may come in train mode. So first <code>model.eval()</code>, then the dropout
# layers on, as in 9.1.
# </details>
# <details><summary>Hint 3</summary>
# <code>modes = [(m, m.training) for m in model.modules()]</code>; under
# <code>torch.no_grad()</code>: <code>torch.stack([model(x).softmax(-1) for _ in
# range(n_samples)])</code>; then <code>m.training = mode</code> for each pair.
# </details>


# %% solution="mc_predict"
def mc_predict(model: nn.Module, x: torch.Tensor, n_samples: int) -> torch.Tensor:
    """Return the probabilities of sampled thinned networks (about 10 lines).

    Args:
        model: returns logits (N, K); in any modes.
        x: inputs (N, ...).
        n_samples: how many thinned networks, >= 1.

    Returns: probabilities (n_samples, N, K), no gradients; modes and buffers of the
    model stay as they came. Example: mc_predict(model, x, 20).mean(0) are the mean
    probabilities.
    """
    ### BEGIN SOLUTION
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):  # all six kinds
            module.train()
    with torch.no_grad():
        probs = torch.stack([model(x).softmax(-1) for _ in range(n_samples)])
    for module, mode in modes:
        module.training = mode
    return probs
    ### END SOLUTION


# %% [markdown]
# The example worked by hand, with twelve samples: each row is (0.9, 0.1) or (0.5, 0.5),
# by a coin.


# %% look
def twelve_samples():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(1, 2)).eval()
    model[1].weight.data = torch.tensor([[math.log(9) / 2], [0.0]])
    model[1].bias.data = torch.zeros(2)
    torch.manual_seed(3)
    return mc_predict(model, torch.ones(1, 1), 12)[:, 0]


look(twelve_samples, "some rows (0.9, 0.1) and some (0.5, 0.5), about as many")

# %% test="mc_predict" points=3
check.mc_predict(mc_predict)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("09_mc_dropout").mc_predict(mc_predict, seed=20_161)
### END HIDDEN TESTS

# %% [markdown]
# How many samples are enough? You find 20, 30, 50 and 100 in papers, mostly without a
# reason. Each of the six networks with $p = 0.5$ answers 100 validation images 1,000
# times. We cut these answers into groups of $S$ and see how much a group's estimate
# differs from that of all 1,000, for the mean, which decides the answer, and for the
# variance, which is to tell the uncertainty.
#
# `thinned_probabilities` does what `mc_predict` does, for several networks at once and in
# less time: whatever stands before the first dropout layer runs only once. `thinned` asks
# the six networks of one rate.


# %%
def thinned(rate, x, samples=20):
    """Probabilities of all six networks of this rate, (samples, 6, N, 10)."""
    nets = [dropped.member(k) for k in dropped.where(dropout=rate).tolist()]
    return thinned_probabilities(nets, x, samples)


# %% predict
predict(
    "mc_dropout.fifty",
    "50 samples: by how much is the estimate of their variance typically off?",
    ["2 %", "10 %", "20 % or more"],
)

# %% experiment
COUNTS = [2, 5, 10, 20, 50, 100]
many = thinned(0.5, val.x[:100], 1000)  # (1000, 6, 100, 10)
spread = many.var(0).sum(-1)  # from all 1,000: (6, 100)
errors, correct = [], []
for count in COUNTS:
    parts = many.view(-1, count, *many.shape[1:])  # (groups, S, 6, 100, 10)
    error = (parts.var(1).sum(-1) - spread).square().mean(0).sqrt() / spread
    errors.append(100 * error.median(1).values)  # of the median image, per network
    correct.append(100 * (parts.mean(1).argmax(-1) == val.y[:100]).float().mean((0, 2)))
errors, correct = torch.stack(errors, 1).cpu(), torch.stack(correct, 1).cpu()

# %% figure
fig, (left, right) = plots.figure(2)
plots.band(COUNTS, errors, label="measured", color=MC, ax=left)
normal = [100 * math.sqrt(2 / (count - 1)) for count in COUNTS]
left.plot(COUNTS, normal, color="#1a1a1a", lw=1, ls=":", label="for normal numbers")
left.set(yscale="log", ylabel="error of the variance (%, log scale)")
left.set_yticks([20, 50, 100, 200], [20, 50, 100, 200])
left.set_title("The variance needs hundreds of samples")
plots.band(COUNTS, correct, label="mean of S samples", color=MC, ax=right)
right.set(ylabel="validation accuracy (%)", ylim=(70, 90))
right.set_title("The answer needs ten or twenty")
for ax in (left, right):
    ax.set(xscale="log", xlabel="samples S (log scale)")
    ax.set_xticks(COUNTS, COUNTS)
    ax.minorticks_off()
    ax.legend()
plots.show(
    fig,
    alt="Against the number of samples. Left: the relative error of the "
    "variance falls slowly. Right: accuracy is level from about 10 on.",
    after="mc_dropout.fifty",
)

# %% results
with results(varies="6 networks with dropout 0.5, 100 images; one split") as table:
    table.arms(
        {f"S = {c}": errors[:, k] for k, c in enumerate(COUNTS)},
        unit="% error of the variance",
        digits=0,
    )
    claim(
        "mc_dropout.fifty-variance",
        "With 50 samples the variance is off by more than the 20 % of normal numbers.",
        errors[:, 4] - 100 * math.sqrt(2 / 49),
        "> 0",
        unit="percentage points",
    )
    recall("mc_dropout.fifty", 3)

# %% [markdown]
# The error of a mean of $S$ samples is $1/\sqrt S$ of one sample's spread, and that is
# soon too little to change which class is largest. A variance is harder. Even for
# normal numbers its relative error is $\sqrt{2/(S-1)}$, which is 20 % at $S = 50$, and
# probabilities are far from normal: mostly near 0, sometimes large. Ten times the
# precision costs a hundred times the samples. So twenty will do for an answer. Whatever
# is computed from the *disagreement* should have a hundred or more, and we will use a
# hundred.
#
# ## What the theory promises
#
# Why should dropout's disagreement be uncertainty, and not just noise?
#
# A Bayesian does not look for the best weights. Given the data $D$, weights have a
# *posterior* $p(W \mid D)$, proportional to the prior $p(W)$ times the probability $p(D
# \mid W)$ that they give to the data, and the prediction is the average over all of
# them. For a network that posterior cannot be computed. So one takes a family $q(W)$
# from which samples are easily drawn, and looks for the member nearest to the
# posterior: *variational inference*. Gal and Ghahramani observed that dropout already
# does it. Take for $q$ the random matrices
#
# $$W = M \,\text{diag}(\mathbf z), \qquad z_j = 0 \text{ with probability } p, \text{ else }
# 1,$$
#
# where the matrix $M$ is what we train; the factor $1/(1-p)$ of inverted dropout is inside
# it. To draw from $q$ is to draw a mask. How near $q$ is to the posterior is measured by a
# bound:
#
# $$\ln p(D) \;\ge\; \underbrace{\mathbb E_{q}\big[\ln p(D \mid W)\big]}_{\text{fit}}
# \;-\; \underbrace{\text{KL}\big(q(W)\,\|\,p(W)\big)}_{\text{distance from the prior}} .$$
#
# <details><summary>Where the bound comes from, in three lines</summary>
#
# Write the probability of the data as an average over the prior and put $q$ in:
# $\ln p(D) = \ln \int q(W)\, \frac{p(D \mid W)\,p(W)}{q(W)}\, dW$. The logarithm is concave,
# so the logarithm of an average is at least the average of the logarithms (Jensen):
# $\ln p(D) \ge \int q(W) \ln \frac{p(D \mid W)\,p(W)}{q(W)}\, dW$. Split the fraction's
# logarithm into $\ln p(D \mid W)$ and $-\ln\frac{q(W)}{p(W)}$. The first integral is the fit,
# the second one minus the KL. The gap of the bound is $\text{KL}(q \| p(W \mid D))$, so
# raising the bound moves $q$ toward the posterior.
# </details>
#
# Now read the two terms as a training loss. The fit, with one mask drawn per example, is
# minus the loss of ordinary training with dropout. The KL, for a normal prior, is about a
# constant times $\lVert M \rVert^2$: it is weight decay. And for regression with noise of
# precision $\tau = 1/\sigma^2$, a new value $y$ has the variance
#
# $$\text{Var}(y) \approx \frac1\tau + \text{variance over masks}.$$
#
# The variance over masks is **epistemic** uncertainty: we do not know the function, and
# more data would tell. $1/\tau$ is **aleatoric**: the noise in the data themselves,
# which stays however well we know the function.
#
# <details><summary>Which weight decay, and what it says about the noise</summary>
#
# For a normal prior with precision $\ell^2$ the KL is about
# $\tfrac{1-p}{2}\,\ell^2 \lVert M \rVert^2$ plus a part that $M$ does not change. Divide
# the loss by the number of examples $N$ and by $\tau$. What remains is half the mean
# squared error plus $\lambda \lVert M \rVert^2$ (without the ½ of notebook 03), where
# $\lambda = \frac{(1-p)\,\ell^2}{2 N \tau}$. So a weight decay that was chosen, say on
# validation data, stands for a noise of precision $\tau = \frac{(1-p)\,\ell^2}{2 N
# \lambda}$. Here $p$ drops; in their paper $p$ is the probability to *keep*.
# </details>
#
# That is the promise, and two objections have been raised. One is formal (Hron and
# others 2018). Given $M$, our $q$ sits on finitely many matrices, to which a normal
# prior gives the probability zero. Then the KL is infinite, and the word "about" hides
# a limit in which an infinite constant is dropped.
#
# The other objection is about what $q$ can express. Training moves $M$. But around $M$,
# the relative spread of each column (sd over mean) is $\sqrt{p/(1-p)}$, and $p$ was
# chosen by us (unless it is learned as well, as in *concrete dropout*, Gal and others 2017). A
# true posterior gets narrower as data come in. Does this one? Osband (2016) asked. Let
# us draw it.
#
# ## A gap in the data
#
# The picture that everybody draws is a noisy sine with a hole in the middle. We take 44
# points, and then about 90 times as many. Three methods give a band.
#
# - **An exact posterior.** Take 41 fixed bumps $\boldsymbol\phi(x)$ and a weighted sum of
#   them. With a standard normal prior on the weights and normal noise of known $\sigma$, the
#   posterior is normal with covariance $\big(I + \Phi^\top\Phi/\sigma^2\big)^{-1}$: the
#   prior's precision plus that of each data point. It is a different model, but nothing in
#   it is approximated, so it shows how a posterior behaves.
# - **An ensemble**: five plain networks from different first weights (*deep ensemble*,
#   Lakshminarayanan and others 2017).
# - **MC dropout** with rate 0.1.

# %% predict
predict(
    "mc_dropout.gap",
    "With 90 times as many points, the band of MC dropout on the data becomes ...",
    ["about nine times narrower", "about half as wide or less", "hardly narrower"],
)


# %% experiment
def gap_points(n):
    x, y = data.noisy_sine(n, noise=0.1, seed=0)
    kept = (x[:, 0] - 0.5).abs() > 0.15  # nothing between 0.35 and 0.65
    return x[kept].to(DEVICE), y[kept].to(DEVICE)


few, lots = gap_points(60), gap_points(5740)
print(f"{len(few[0])} and {len(lots[0])} points")

# %% [markdown]
# All networks have one input, scaled to [−2, 2], two hidden layers of 64 units, and learn
# by the mean squared error. For each set of points we train 30 plain networks, which make
# six ensembles of five, and six networks with dropout.


# %%
def regression(points, **settings):
    """Train networks on the mean squared error for 1,000 steps."""
    x, y = points
    return train_population(
        lambda: mlp((1, 64, 64, 1)),
        (4 * (x - 0.5), y),
        steps=1000,
        batch_size=44,
        lr=5e-3,
        record_every=1000,
        loss_fn=lambda out, y: F.mse_loss(out.squeeze(-1), y),
        **settings,
    )


# %% experiment
plain_fits, dropout_fits = {}, {}  # number of points -> networks
for points in (few, lots):
    n = len(points[0])
    plain_fits[n] = regression(points, seeds=range(GROUPS * SIZE))
    dropout_fits[n] = regression(points, seeds=range(GROUPS), dropout=0.1)

# %% [markdown]
# The exact posterior needs no training. Its covariance is
# $\boldsymbol\Sigma = \big(I + \Phi^\top\Phi/\sigma^2\big)^{-1}$, where each row of $\Phi$
# holds the bumps at one data point. The function at $x$ is
# $\boldsymbol\phi(x)^\top \mathbf w$, so its variance there is
# $\boldsymbol\phi(x)^\top \boldsymbol\Sigma\, \boldsymbol\phi(x)$. The networks are asked
# at the same 161 places: an ensemble's members once each, and a network with dropout 50
# times, with fresh masks.

# %%
line = torch.linspace(-0.3, 1.3, 161, device=DEVICE)[:, None]


def bumps(x):
    """41 bell curves of width 0.1 at every x, (n, 41)."""
    centers = torch.linspace(-0.5, 1.5, 41)
    return torch.exp(-((x.cpu() - centers) ** 2) / 0.02).double()


def exact_band(x, sigma=0.1):
    """Standard deviation of the posterior's function on `line`, (161,)."""
    phi, on_line = bumps(x), bumps(line)
    covariance = (torch.eye(41).double() + phi.T @ phi / sigma**2).inverse()
    return ((on_line @ covariance) * on_line).sum(1).sqrt().float()


# %%
def masked_curves(runs, samples=50):
    """Predictions of thinned networks on `line`, (samples, 6, 161)."""
    nets = [runs.member(k).train() for k in range(GROUPS)]  # no BatchNorm in there
    torch.manual_seed(0)
    with torch.no_grad(), one_thread():
        curves = [[net(4 * (line - 0.5))[:, 0] for net in nets] for _ in range(samples)]
    return torch.stack([torch.stack(row) for row in curves]).cpu()


groups = {
    n: runs.logits(4 * (line - 0.5)).view(SIZE, GROUPS, -1).cpu()
    for n, runs in plain_fits.items()
}  # (5, 6, 161)
masked = {n: masked_curves(runs) for n, runs in dropout_fits.items()}

# %% figure
at = line[:, 0].cpu()
hole, covered = (at - 0.5).abs() < 0.1, ((at - 0.5).abs() - 0.34).abs() < 0.16
widths = {
    n: {
        "exact posterior": exact_band(points[0]).expand(GROUPS, -1),
        "ensemble": groups[n].std(0),
        "MC dropout": masked[n].std(0),
    }
    for n, points in zip(masked, (few, lots), strict=True)
}  # number of points -> method -> (6, 161)
fig, panels = plots.figure(3, sharey=True)
for panel, method in zip(panels, widths[len(few[0])], strict=True):
    for n, color in zip(widths, ("#808080", plots.PALETTE[5]), strict=True):
        plots.band(at, widths[n][method], label=f"{n} points", color=color, ax=panel)
    panel.axvspan(0.35, 0.65, color="#eeeeee", zorder=0, label="hole in the data")
    panel.set(yscale="log", xlabel="x", title=method)
panels[0].set_ylabel("sd of the function (log scale)")
panels[0].legend(loc="upper center", fontsize=9)
for panel in panels[1:]:
    panel.get_legend().remove()
plots.show(
    fig,
    alt="Width of three bands with few and with many points. Exact posterior: wide in "
    "the hole, and much narrower on the data with more points. Ensemble: wider in the "
    "hole. MC dropout: about as wide everywhere, and with more points, too.",
    after="mc_dropout.gap",
)

# %% results
on_data = {
    f"{method}, {n} points": bands[:, covered].mean(1)
    for n, methods in widths.items()
    for method, bands in methods.items()
}
in_hole = {
    f"{method}, {n} points, in the hole": bands[:, hole].mean(1)
    for n, methods in widths.items()
    for method, bands in methods.items()
}
with results(varies="6 initializations, orders and masks; one draw of points") as table:
    table.arms(on_data, unit="sd on the data", digits=3)
    table.arms(in_hole, unit="sd in the hole", digits=3)
    small, large = widths.values()
    shrinks = {
        m: small[m][:, covered].mean(1) / large[m][:, covered].mean(1) for m in small
    }
    claim(
        "mc_dropout.osband",
        "With 90 times the data the exact posterior's band on the data shrinks by a larger "
        "factor than that of MC dropout.",
        shrinks["exact posterior"] / shrinks["MC dropout"],
        "> 1",
        unit="times",
    )
    recall("mc_dropout.gap", 3)

# %% [markdown]
# The exact posterior is wide in the hole and narrow on the data. With 90 times the
# points its band on the data is $\sqrt{90} \approx 9$ times narrower, as a mean of 90
# times the numbers is. The band of MC dropout is about 0.08 wide with few points and
# with many: the weights were trained anew, but the masks go on shaking the network by
# the same relative amount. For one hidden layer Foong and others (2020) even prove that
# a dropout band cannot be wider in a hole than at both of its edges. The ensemble's
# band is no posterior either. With 44 points, where every step sees all of them, it
# notices the hole well. With 3,976 each step sees 44, and a part of its width on the
# data is probably the noise of the last steps. So the spread says how much the answer
# depends on which units are there. Whether *that* tells mistakes from right answers has
# to be measured.
#
# One more look, at the band as one would report it. The dark band is the function's,
# epistemic alone, and must leave many points out, since points scatter by the noise,
# too. The faint band adds the noise's variance, $\sigma^2 = 0.01$.

# %% figure
n = len(few[0])
fig = demos_calibration.doubt_bands(
    at,
    {"ensemble": groups[n][:, 0], "MC dropout": masked[n][:, 0]},
    (few[0][:, 0], few[1]),
    truth=torch.sin(2 * math.pi * at),
    titles=["Ensemble: close on the data", "MC dropout: a similar width everywhere"],
    noise=0.1,
)
plots.show(
    fig,
    alt="Mean, band of the function and wider band with noise, for the first ensemble and "
    "the first network with MC dropout, on 44 points with a hole in the middle.",
)

# %% [markdown]
# ## Two kinds of uncertainty
#
# Back to classes. Two pictures get the same mean (½, ½): for one every thinned network
# says (½, ½), and for the other half of them are certain of the first class and half of
# the second. The first picture may be ambiguous, and further training examples would
# leave it so: aleatoric. About the second the networks *know too little*: epistemic.
# Let $H(\mathbf p) = -\sum_k p_k \ln p_k$ be the entropy, in nats. The entropy of the
# mean over the samples $\mathbf p_s$ is $\ln 2$ for both pictures: it measures all the
# uncertainty there is. Subtract what is already inside the samples, and the part that
# comes from disagreement remains, the mutual information (of answer and mask):
#
# $$\underbrace{I}_{\text{epistemic}} = \underbrace{H\Big(\frac1S \sum_s \mathbf{p}_s\Big)}
# _{\text{total}} - \underbrace{\frac1S \sum_s H(\mathbf{p}_s)}_{\text{aleatoric}}.$$
#
# It is never negative, because entropy is concave: mixing distributions can only add to it.
#
# ### Exercise 9.3 · Entropy and mutual information (2 points, ~10 min)
#
# **Given** probabilities `probs` of shape (S, N, K). **Write** `predictive_entropy` and
# `mutual_information`; both **return** (N,), in nats. Probabilities may be exactly 0: the
# result is finite, since $p \ln p$ tends to 0.
#
# **By hand:** two samples, (1, 0) and (0, 1): the entropy is ln 2 = 0.693, and so is the
# mutual information. Two times (½, ½): entropy 0.693, mutual information 0.
#
# <details><summary>Hint 1</summary>
# Which comes first in the predictive entropy, the mean or the logarithm?
# </details>
# <details><summary>Hint 2</summary>
# <code>0 * log(0)</code> is NaN in floating point. <code>torch.special.entr(p)</code> is
# -p ln p and 0 at 0.
# </details>
# <details><summary>Hint 3</summary>
# <code>torch.special.entr(probs.mean(0)).sum(-1)</code>; for the other one subtract
# <code>torch.special.entr(probs).sum(-1).mean(0)</code> from it.
# </details>


# %% solution="predictive_entropy"
def predictive_entropy(probs: torch.Tensor) -> torch.Tensor:
    """Return the entropy of the mean over samples, in nats, (N,) (about 1 line).

    Args:
        probs: probabilities (S, N, K), 0 allowed.

    Example: samples (1, 0) and (0, 1) give ln 2.
    """
    ### BEGIN SOLUTION
    return torch.special.entr(probs.mean(0)).sum(-1)
    ### END SOLUTION


def mutual_information(probs: torch.Tensor) -> torch.Tensor:
    """Return predictive entropy minus the samples' mean entropy, (N,) (about 2 lines).

    Args:
        probs: probabilities (S, N, K), 0 allowed.

    Example: samples that all agree give 0.
    """
    ### BEGIN SOLUTION
    each = torch.special.entr(probs).sum(-1)  # (S, N)
    return predictive_entropy(probs) - each.mean(0)
    ### END SOLUTION


# %% [markdown]
# The two examples as one batch: first the two camps, then the two undecided.

# %% look
pair = torch.tensor([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])  # (S, N, K)
look(lambda: predictive_entropy(pair), torch.tensor([math.log(2), math.log(2)]))
look(lambda: mutual_information(pair), torch.tensor([math.log(2), 0.0]))

# %% test="predictive_entropy" points=2
check.predictive_entropy(predictive_entropy, mutual_information)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("09_mc_dropout").predictive_entropy(
    predictive_entropy, mutual_information, seed=31_337
)
### END HIDDEN TESTS


# %% [markdown]
# ## Out of distribution
#
# Now the digits, the noise and the turned clothes again. Which score tells them from
# real clothes? The *AUROC* is the probability that a random strange picture scores
# higher than a random piece of clothing: 0.5 is a coin, 1 is perfect.
#
# A comparison "one network against MC dropout" would mix two changes, because MC
# dropout differs in how it was *trained* and in how it is *asked*. So each step changes
# one thing: (1) one plain network, its confidence; (2) trained with $p = 0.5$, dropout
# off at test time; (3) the same network with 100 samples, the confidence of the mean;
# (4) the same samples, their mutual information, and that of 20 of them; beside them
# the ensemble's confidence. Uncertainty is 1 minus the confidence.
#
# The six ensembles are the 30 plain networks in groups of five, and the first member of
# each is its *one network*.


# %%
def members(x):
    """Probabilities of the five members of six ensembles, (5, 6, N, 10)."""
    return plain.logits(x).softmax(-1).view(SIZE, GROUPS, -1, 10)


def asked_once(x):
    """Probabilities of the six networks of rate 0.5, dropout off, (6, N, 10)."""
    return dropped.logits(x)[dropped.where(dropout=0.5)].softmax(-1)


# %% predict
predict(
    "mc_dropout.auroc",
    "On which kind of pictures does *training* with dropout alone (step 2) make detection "
    "worse than the plain network?",
    ["on none", "on digits", "on noise and turned clothes", "on all three"],
)

# %% experiment
test = splits.test.open("detection, referral, calibration and shift, once for all")
home = test.x[:1000]  # the clothes to be told from strange pictures


def information(samples):
    """Your 9.3, for samples of all six networks."""
    entropies = torch.special.entr(samples).sum(-1)  # (samples, 6, N)
    return torch.special.entr(samples.mean(0)).sum(-1) - entropies.mean(0)


def uncertainty(x, samples):
    """Name of the score -> (6, N), larger means less sure; samples (100, 6, N, 10)."""
    return {
        "1 one network": 1 - members(x)[0].amax(-1),
        "2 dropout, off": 1 - asked_once(x).amax(-1),
        "3 MC, mean": 1 - samples.mean(0).amax(-1),
        "4 MC, mutual inf.": information(samples),
        "4 with 20 samples": information(samples[:20]),
        "ensemble": 1 - members(x).mean(0).amax(-1),
    }


home_samples = thinned(0.5, home, 100)
scores = {"clothes": uncertainty(home, home_samples)}
for kind, pictures in strange.items():
    scores[kind] = uncertainty(pictures, thinned(0.5, pictures, 100))

# %% figure
auroc = {kind: {} for kind in strange}  # kind -> score -> (6,)
for kind in strange:
    for name, clothes in scores["clothes"].items():
        truth = [0] * clothes.shape[1] + [1] * scores[kind][name].shape[1]
        both = torch.cat([clothes, scores[kind][name]], 1).cpu()
        auroc[kind][name] = torch.tensor([roc_auc_score(truth, row) for row in both])
fig, panels = plots.figure(3, sharey=True)
for panel, kind in zip(panels, strange, strict=True):
    places = range(len(auroc[kind]))
    for k, (values, color) in enumerate(
        zip(auroc[kind].values(), (ONE, OFF, MC, INFO, INFO, FIVE), strict=True)
    ):
        panel.plot([k] * GROUPS, values, "o", color=color, alpha=0.5)
        panel.plot([k - 0.25, k + 0.25], [values.mean()] * 2, color=color)
    panel.axhline(0.5, color="#808080", linestyle=":")
    panel.set_xticks(places, [*auroc[kind]], rotation=35, ha="right", fontsize=9)
    panel.set(title=kind, ylim=(0.4, 1.02))
panels[0].set_ylabel("AUROC (0.5 is a coin)")
fig.suptitle(
    "Training with dropout helps on digits and harms on noise", x=0.02, ha="left"
)
plots.show(
    fig,
    alt="AUROC of six scores for digits, noise and turned clothes, one dot per seed. From "
    "step 1 to 2 digits rise, noise and turned fall; steps 3 and 4 rise on all.",
    after="mc_dropout.auroc",
)

# %% results
with results(varies=initial + "; 1,000 clothes, 500 of each kind") as table:
    for kind in strange:
        table.arms(
            auroc[kind], paired_with="1 one network", unit=f"AUROC, {kind}", digits=3
        )
    claim(
        "mc_dropout.auroc-training",
        "On noise, training with dropout alone makes the confidence a worse detector.",
        auroc["noise"]["2 dropout, off"] - auroc["noise"]["1 one network"],
        "< 0",
        unit="AUROC",
    )
    claim(
        "mc_dropout.auroc-information",
        "On digits the mutual information detects better than the mean's confidence.",
        auroc["digits"]["4 MC, mutual inf."] - auroc["digits"]["3 MC, mean"],
        "> 0",
        unit="AUROC",
    )
    recall("mc_dropout.auroc", 3)

# %% [markdown]
# The steps tell a different story from the sum. Training with dropout helps on digits,
# costs a lot on noise (0.95 to 0.72), and on turned clothes leaves little more than a
# coin. (Why noise, we have not isolated.) Sampling repairs a part of that in step 3,
# and in step 4 the mutual information overtakes the plain network on all three kinds.
# It asks "do the networks disagree?" where the confidence asks "do they hesitate?". A
# piece of clothing that could be a shirt or a coat makes all of them hesitate, and that
# is no sign that it is strange. As with every variance, the number of samples matters:
# 100 are better than 20 on all three kinds.
#
# The ensemble's confidence is nearly perfect on noise and far from it on digits. So
# when somebody offers you an out-of-distribution detector, ask on which pictures it was
# tested. The strange pictures of tomorrow are in nobody's test set.
#
# ## Send the doubtful ones to a doctor
#
# Leibig used uncertainty for something else. All his pictures were retinas. The
# doubtful ones are referred to a doctor, and what counts is the share of errors among
# the others, the *risk*. The share answered is the *coverage*. We refer 20 % and
# compare the same scores.

# %% predict
predict(
    "mc_dropout.refer",
    "The same network, the same answers: whose 20 % leave fewer errors?",
    ["those of the mutual information", "those of the confidence", "no difference"],
)

# %% experiment
coverage = torch.linspace(0.3, 1.0, 29).tolist()
truth_home, samples_mean = test.y[:1000], home_samples.mean(0)
judged = {  # name -> the score that refers, and the probabilities that answer
    "one network": ("1 one network", members(home)[0]),
    "MC dropout, mean": ("3 MC, mean", samples_mean),
    "MC dropout, mutual inf.": ("4 MC, mutual inf.", samples_mean),
    "ensemble": ("ensemble", members(home).mean(0)),
}
risk = {}  # name -> wrong answers in percent, (6, coverages)
for name, (score, probs) in judged.items():
    wrong = probs.argmax(-1) != truth_home
    curve = demos_calibration.risk_at(scores["clothes"][score], wrong, coverage)
    risk[name] = 100 * curve.cpu()

# %% experiment
# Which share of the mistakes confuses two of the four kinds of tops?
tops = torch.tensor([0, 2, 4, 6], device=DEVICE)  # T-shirt, pullover, coat, shirt
said = samples_mean.argmax(-1)
among = torch.isin(said, tops) & torch.isin(truth_home, tops) & (said != truth_home)
share_tops = 100 * (among.sum(1) / (said != truth_home).sum(1)).cpu()

# %% figure
_, ax = plots.figure()
for (name, values), color in zip(risk.items(), (ONE, MC, INFO, FIVE), strict=True):
    referred = [100 * (1 - c) for c in coverage]
    plots.band(referred, values, label=name, color=color, ax=ax)
ax.axvline(20, color="#808080", linestyle=":", label="20 % referred")
ax.set(xlabel="referred to a doctor (%)", ylabel="wrong among the answered (%)")
ax.set(ylim=(0, None))
ax.set_title("Refer by confidence; mutual information picks worse")
ax.legend()
plots.show(
    ax.figure,
    alt="Errors among the answered images fall as more are referred. The curve of the "
    "mutual information lies above the three others.",
    after="mc_dropout.refer",
)

# %% results
eighty = 20  # coverage[20] is 0.8
with results(varies=initial + "; 1,000 test images") as table:
    table.arms(
        {name: v[:, -1] for name, v in risk.items()}, unit="% wrong, nothing referred"
    )
    referred_20 = {name: v[:, eighty] for name, v in risk.items()}
    table.arms(
        referred_20, paired_with="MC dropout, mean", unit="% wrong, 20 % referred"
    )
    confused = "MC dropout: T-shirt, pullover, coat, shirt confused"
    table.arms({confused: share_tops}, unit="% of its errors", digits=0)
    claim(
        "mc_dropout.refer-information",
        "Referring by mutual information leaves more errors than by the mean's confidence.",
        referred_20["MC dropout, mutual inf."] - referred_20["MC dropout, mean"],
        "> 0",
        unit="points",
    )
    recall("mc_dropout.refer", 2)

# %% [markdown]
# Referring one picture in five takes away about two fifths of the errors. The ensemble
# leaves the fewest, as it had the fewest to begin with. For MC dropout 100 samples
# brought nothing that the plain confidence of one network did not. And the mutual
# information, which was good at finding strange pictures, is the worst judge of likely
# mistakes. The two kinds of uncertainty explain it. Most errors here (see the table)
# confuse T-shirts, pullovers, coats and shirts, which look alike at 14 × 14 pixels. On
# such a picture the thinned networks hesitate *together*: the uncertainty is aleatoric,
# and the mutual information has subtracted exactly that part. So for mistakes on
# familiar pictures use the total uncertainty, for unfamiliar pictures the epistemic.
# (Leibig's group, with deep networks on large photographs, did find sampling better
# than a plain network's confidence.)
#
# ## When it says 80 %, is it right 80 % of the time?
#
# A doctor who is told "80 %" will want to rely on the number. That property is
# *calibration*. Sort the predictions by their confidence into bins $B_b$ and compare,
# in each bin, the mean confidence with the accuracy. The expected calibration error,
# which notebook 07 used, is the gap, averaged with the bins' shares:
#
# $$\text{ECE} = \sum_b \frac{|B_b|}{N}
# \,\big|\,\text{accuracy}(B_b) - \text{confidence}(B_b)\,\big|.$$
#
# ### Exercise 9.4 · Expected calibration error (2 points, ~12 min)
#
# **Given** probabilities `probs` (N, K), `labels` (N,) and `n_bins`. The confidence is
# the largest probability. The bins have equal width, $(i/n, (i+1)/n]$: confidence 1.0 is
# in the last one. **Return** the ECE, a Python float in [0, 1]. Empty bins count 0.
#
# **By hand:** three examples with confidence 0.95, all right, and one with 0.85, wrong;
# ten bins. ECE = ¾ · |1 − 0.95| + ¼ · |0 − 0.85| = 0.25.
#
# <details><summary>Hint 1</summary>
# Confidence and prediction come together: <code>probs.max(dim=1)</code>.
# </details>
# <details><summary>Hint 2</summary>
# For bin i the examples are <code>(confidence &gt; i / n_bins) &amp; (confidence &lt;= (i
# + 1) / n_bins)</code>. Skip it if there are none.
# </details>
# <details><summary>Hint 3</summary>
# With <code>gap = right - confidence</code> per example, a bin contributes
# <code>gap[inside].sum().abs() / N</code>: count and mean in one.
# </details>


# %% solution="expected_calibration_error"
def expected_calibration_error(
    probs: torch.Tensor, labels: torch.Tensor, n_bins: int = 15
) -> float:
    """Return the gap between confidence and accuracy over bins (about 8 lines).

    Args:
        probs: probabilities (N, K).
        labels: classes (N,), int64.
        n_bins: number of bins of equal width, >= 1.

    Returns: a float in [0, 1]. Example: one example with probabilities (0.2, 0.8) and
    label 1 gives 0.2.
    """
    ### BEGIN SOLUTION
    confidence, predicted = probs.max(dim=1)
    gap = (predicted == labels).float() - confidence
    total = 0.0
    for i in range(n_bins):
        inside = (confidence > i / n_bins) & (confidence <= (i + 1) / n_bins)
        total += gap[inside].sum().abs().item()
    return total / len(labels)
    ### END SOLUTION


# %% [markdown]
# The example worked by hand.

# %% look
four = torch.tensor([[0.95, 0.05]] * 3 + [[0.15, 0.85]])
look(lambda: expected_calibration_error(four, torch.tensor([0, 0, 0, 0]), 10), 0.25)

# %% test="expected_calibration_error" points=2
check.expected_calibration_error(expected_calibration_error)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("09_mc_dropout").expected_calibration_error(
    expected_calibration_error, seed=10_241
)
### END HIDDEN TESTS

# %% [markdown]
# A *reliability diagram* draws what ECE adds up, one bar for each bin of confidences.
# If the answers in it are right less often than they say (overconfident), the missing
# part is drawn on top as *too sure*; if more often (underconfident), the part that was
# not claimed is drawn as *too modest*. (The few images in the leftmost bins mean
# little.)
#
# "MC dropout gives calibrated uncertainty", one reads. Does it? Again two things have
# changed against the plain network, so the arm between belongs in the picture: trained
# with dropout, asked once with dropout off. `methods` collects the answers of these three
# and of the ensemble, and `probability_scores` returns five numbers about each: accuracy, ECE
# and overconfidence (mean confidence minus accuracy) in percent, and NLL and Brier, which
# come into play below.


# %%
def methods(x, samples=20):
    """Name of the method -> probabilities (6, N, 10)."""
    return {
        "one network": members(x)[0],
        "dropout, off": asked_once(x),
        "MC dropout": thinned(0.5, x, samples).mean(0),
        "ensemble": members(x).mean(0),
    }


# %% predict
predict(
    "mc_dropout.sampling",
    "After 1,000 steps: the ECE falls from one plain network to MC dropout. What brings most "
    "of that?",
    ["the sampling", "training with dropout", "about half each"],
)

# %% experiment
on_val, on_test = methods(val.x), methods(test.x)
raw = {name: probability_scores(p, test.y) for name, p in on_test.items()}
ece = {name: scored.ece for name, scored in raw.items()}

# %% figure
fig = demos_calibration.reliability_row(on_test, test.y)
plots.show(
    fig,
    alt="Four reliability diagrams: the gap is largest for one network, smaller for the "
    "ensemble and with dropout off, least for MC dropout.",
    after="mc_dropout.sampling",
)


# %% results
def steps_of(ece):
    """What training takes off the ECE, and what sampling takes off after it."""
    trained = ece["one network"] - ece["dropout, off"]
    return trained, ece["dropout, off"] - ece["MC dropout"]


trained, asked = steps_of(ece)
with results(varies=initial + "; 2,000 test images") as table:
    table.arms(ece, paired_with="one network", unit="% ECE, 1,000 steps", digits=1)
    claim(
        "mc_dropout.ece-training",
        "After 1,000 steps training with dropout has taken more off the ECE than sampling "
        "does after it.",
        trained - asked,
        "> 0",
        unit="points of ECE",
    )
    recall("mc_dropout.sampling", 2)

# %% [markdown]
# One plain network is off by 14 points. Trained with dropout, and asked with dropout
# *off*, it is off by 6. Sampling takes away between 3 and 4 more. So most of what is
# credited to MC dropout was done by training, after 1,000 steps. But the confidence of
# the first network rose with the steps, so train four times as long and look again.

# %% predict
predict(
    "mc_dropout.longer",
    "After 4,000 steps: the ECE falls from one plain network to MC dropout. What brings most "
    "of that?",
    ["the sampling", "still training with dropout", "about half each"],
)

# %% experiment
longer = train_population(
    lambda: mlp((196, 64, 64, 10)),
    train,
    **grid(dropout=[0.0, 0.5], seeds=range(GROUPS)),
    **{**settings, "steps": 4000, "record_every": 4000},
)
long_off = longer.logits(test.x).softmax(-1)  # (12, 2000, 10)
long_half = longer.where(dropout=0.5).tolist()
long_nets = [longer.member(k) for k in long_half]
long_probs = {
    "one network": long_off[longer.where(dropout=0.0)],
    "dropout, off": long_off[long_half],
    "MC dropout": thinned_probabilities(long_nets, test.x, 20).mean(0),
}

# %% results
long_ece = {name: probability_scores(p, test.y).ece for name, p in long_probs.items()}
trained, asked = steps_of(long_ece)
with results(
    varies=initial + "; 2,000 test images", after="mc_dropout.longer"
) as table:
    table.arms(long_ece, paired_with="one network", unit="% ECE, 4,000 steps", digits=1)
    claim(
        "mc_dropout.longer",
        "After 4,000 steps it is sampling that takes more off the ECE.",
        asked - trained,
        "> 0",
        unit="points of ECE",
    )
    recall("mc_dropout.longer", 1)

# %% [markdown]
# It has turned round. Dropout slows down the growth of confidence and does not stop it.
# After 4,000 steps the network that is asked once has reached the 14 % that the plain
# one had after 1,000, and the samples do most of the repair. At rate 0.5 sampling made
# the calibration better in both. Does it always? Move the rate, with 1,000 steps again.

# %% predict
predict(
    "mc_dropout.rate",
    "Same networks, dropout off against 20 samples. Does sampling improve the ECE ...",
    ["at every rate", "at the low rates only", "at the high rates only"],
)

# %% experiment
off_at_all = dropped.logits(test.x).softmax(-1)
by_rate = {}  # rate -> scores with dropout off, and of 20 samples
for rate in RATES:
    off = off_at_all[dropped.where(dropout=rate)]
    both = off, on_test["MC dropout"] if rate == 0.5 else thinned(rate, test.x).mean(0)
    by_rate[rate] = [probability_scores(probs, test.y) for probs in both]

# %% figure
_, ax = plots.figure()
for k, (name, color) in enumerate({"dropout off": OFF, "20 samples": MC}.items()):
    values = torch.stack([pair[k].ece for pair in by_rate.values()], 1)
    plots.band(RATES, values, label=name, color=color, ax=ax)
ax.set(xlabel="dropout rate p", ylabel="ECE without temperature (%)", ylim=(0, None))
ax.set_title("Sampling helps at low rates and harms at 0.7")
ax.legend()
plots.show(
    ax.figure,
    alt="ECE over the rate. With dropout off it falls steadily. With 20 samples it is lower "
    "up to 0.5, and far higher at 0.7.",
    after="mc_dropout.rate",
)

# %% results
with results(varies=initial + "; 2,000 test images") as table:
    for score, unit in (
        ("ece", "% ECE"),
        ("overconfidence", "points, confidence − accuracy"),
    ):
        arms = {
            f"p = {rate}, {name}": getattr(by_rate[rate][k], score)
            for rate in RATES
            for k, name in enumerate(("dropout off", "20 samples"))
        }
        table.arms(arms, unit=unit, digits=1)
    claim(
        "mc_dropout.rate-harms",
        "At p = 0.7 sampling makes the calibration worse.",
        by_rate[0.7][1].ece - by_rate[0.7][0].ece,
        "> 0",
        unit="points of ECE",
    )
    recall("mc_dropout.rate", 2)

# %% [markdown]
# The second table says why. At each of these rates the samples were less sure than the
# same network with dropout off. Where the network was too sure, this helps. At $p =
# 0.7$ training had already made it about right, and the samples overshoot. Nothing in
# the method knows when to stop: the width of its spread is set by the rate, as the
# theory said. You have to choose the rate, or a temperature, on validation data. So MC
# dropout is not calibrated by itself; where it is, rate and schedule happen to fit.
#
# ## One number for the whole network
#
# There is a much cheaper repair. Divide all logits by one number, the *temperature* $T$
# of notebook 08: above 1 it makes every answer less sure, below 1 surer. Try it on the
# four methods (first seed, the first 600 test images, rate 0.5). The bars are the share
# of right answers, and the line marks the mean confidence. Below stands the negative
# log-likelihood (NLL), the mean of $-\ln p$ of the right class. Predict first, then
# find, for each method, the temperature that closes the gaps, and the one with the
# lowest NLL.

# %% predict
predict(
    "mc_dropout.winner",
    "With the temperature that suits it best: which method has the lowest NLL?",
    ["one network", "MC dropout", "ensemble", "all the same"],
)

# %% demo
demos_calibration.scene({n: p[0] for n, p in on_test.items()}, test.y).show()

# %% [markdown]
# One number mends most of it. Guo and others (2017) found that modern networks are
# overconfident, and that one temperature, fitted on validation data, is hard to beat.
# It changes no answer, because the largest logit stays the largest. So accuracy cannot
# find it, but the negative log-likelihood can:
#
# $$T^\star = \arg\min_{T} \; -\frac1N \sum_i \ln \text{softmax}_{y_i}(\mathbf{z}_i / T).$$
#
# Why the likelihood, and not the ECE? The likelihood is a *proper score*: its average is best
# for the true probabilities. And in $1/T$ it is convex, so there is one minimum.
#
# ### Exercise 9.5 · Fit the temperature (2 points, ~12 min)
#
# **Given** `logits` (N, K) and `labels` (N,). **Return** the temperature in [0.05, 20]
# with the lowest mean negative log-likelihood, a Python float. The check accepts any
# method whose loss is within 1e-4 of the lowest in that interval.
#
# **By hand:** two classes, logits (2, 0) for four examples, three with label 0 and one
# with label 1. Best is a probability of ¾ for class 0: $2/T = \ln 3$, so $T = 1.82$.
#
# <details><summary>Hint 1</summary>
# The loss is <code>F.cross_entropy(logits / T, labels)</code>. It has one minimum in T.
# </details>
# <details><summary>Hint 2</summary>
# Search over u = ln T: no sign to worry about, and 0.05 to 20 is an interval around 0.
# Clamp at the end.
# </details>
# <details><summary>Hint 3</summary>
# Try 41 values on a grid from low to high, keep the neighbors of the best as the new low
# and high, repeat ten times. Or let <code>scipy.optimize.minimize_scalar(loss,
# bounds=(0.05, 20), method="bounded")</code> do it.
# </details>


# %% solution="fit_temperature"
def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the temperature in [0.05, 20] with the lowest NLL (about 10 lines).

    Args:
        logits: (N, K), of validation data.
        labels: classes (N,), int64.

    Returns: T > 0, a float; use it as softmax(logits / T). Example: logits (2, 0) for
    four examples of labels 0, 0, 0, 1 give 1.82.
    """
    ### BEGIN SOLUTION
    low, high = math.log(0.05), math.log(20.0)
    for _ in range(10):
        grid = torch.linspace(low, high, 41, dtype=torch.float64).exp()
        losses = [F.cross_entropy(logits.double() / t, labels) for t in grid]
        k = int(torch.stack(losses).argmin())
        low, high = grid[max(k - 1, 0)].log(), grid[min(k + 1, 40)].log()
    return min(max(grid[k].item(), 0.05), 20.0)
    ### END SOLUTION


# %% [markdown]
# The example worked by hand.

# %% look
two_to_nil = torch.tensor([[2.0, 0.0]]).repeat(4, 1)
look(
    lambda: fit_temperature(two_to_nil, torch.tensor([0, 0, 0, 1])),
    2 / math.log(3),
)

# %% test="fit_temperature" points=2
check.fit_temperature(fit_temperature)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("09_mc_dropout").fit_temperature(fit_temperature, seed=48_611)
### END HIDDEN TESTS

# %% [markdown]
# ## Equal tuning for all
#
# "One temperature on one network does the same as MC dropout", its critics say. That
# compares a tuned method with an untuned one. A temperature can be put on *any* method:
# take the logarithm of its mean probabilities as logits (for MC dropout: Laves and
# others 2019; for a fair comparison of all: Ashukha and others 2020). So here is every
# method, raw and with a temperature of its own, fitted on the same validation images.
# Whoever answers "10 % for each class" is perfectly calibrated and useless, so two
# proper scores stand beside the ECE: the NLL and the Brier score, $\sum_k (p_k - [k =
# y])^2$.
#
# `scale` applies the temperatures. `best_temperatures` is your 9.5 for several networks, one
# temperature for each.


# %%
def scale(probs, temperatures):
    """Apply one temperature per network to probabilities (6, N, 10)."""
    t = torch.tensor(temperatures, device=probs.device)[:, None, None]
    return (probs.clamp_min(1e-30).log() / t).softmax(-1)


# %% experiment
temperatures = {name: best_temperatures(p, val.y) for name, p in on_val.items()}
for name, values in temperatures.items():
    print(f"{name:12} T = {sum(values) / GROUPS:.2f}")
tuned = {
    name: probability_scores(scale(p, temperatures[name]), test.y)
    for name, p in on_test.items()
}

# %% results
SCORES = {"accuracy": "% accuracy", "ece": "% ECE", "nll": "NLL", "brier": "Brier"}
with results(
    varies=initial + "; 2,000 test images", after="mc_dropout.winner"
) as table:
    for score, unit in SCORES.items():
        arms = {name: getattr(scored, score) for name, scored in raw.items()}
        if score != "accuracy":
            arms |= {f"{name} + T": getattr(s, score) for name, s in tuned.items()}
        digits_shown = 3 if score in ("nll", "brier") else 1
        table.arms(arms, paired_with="one network", unit=unit, digits=digits_shown)
    claim(
        "mc_dropout.ensemble-nll",
        "With a temperature for both, the ensemble has a better NLL than one network.",
        tuned["ensemble"].nll - tuned["one network"].nll,
        "< 0",
        unit="nats",
    )
    recall("mc_dropout.winner", 3)

# %% [markdown]
# With a temperature of its own every method comes down to an ECE of 2 or 3 %, one
# network as well as the others. On pictures like these the critics have a point. (For
# MC dropout $T$ is below 1, since at this rate it was a little underconfident; all
# others were overconfident.)
#
# The proper scores still see a difference. The ensemble with a temperature has the best NLL
# and the best Brier score, because its *answers* are better: more of them are right. A
# temperature cannot do that. It can only say honestly how good they are.
#
# ## Then the pictures change
#
# So far the test pictures were like those of training. Then the clinic buys another
# camera. Ovadia and others (2019) showed that such a *distribution shift* is the real
# test. We shift in two ways: noise with a growing standard deviation on top of the test
# images, and turning them. The labels stay true. Every method keeps the temperature
# that it got on unshifted validation images, since nobody has labels for the new camera
# yet.

# %% figure
LEVELS = {"noise": [0.0, 0.25, 0.5, 0.75, 1.0], "turned": [0, 15, 30, 60, 90]}
unit_noise = torch.randn(1000, 196, generator=torch.Generator().manual_seed(1))


def shifted(kind, level):
    """The first 1,000 test images, with noise or turned."""
    if kind == "turned":
        return turned(home, level)
    return home + level * unit_noise.to(DEVICE)


rows = [shifted("noise", v)[:8] for v in (0.0, 0.5, 1.0)]
rows += [shifted("turned", v)[:8] for v in (15, 30, 60)]
tiles = ((torch.cat(rows) - black) / (white - black)).clamp(0, 1).cpu()
ax = plots.images(tiles, columns=8)
ax.set_title("Rows: noise of sd 0, 0.5 and 1; turned by 15°, 30° and 60°")
plots.show(
    ax.figure,
    alt="Eight test images in six rows: unchanged, two levels of noise, three angles.",
)

# %% predict
predict(
    "mc_dropout.shift",
    "With noise of sd 1, all with their temperatures: whose calibration suffers most?",
    ["one network's", "MC dropout's", "the ensemble's", "all alike"],
)


# %% experiment
def with_temperatures(x):
    """Every method's answers with the temperatures of before, name -> (6, N, 10)."""
    return {name: scale(p, temperatures[name]) for name, p in methods(x).items()}


answered = {  # kind -> level -> method -> probabilities
    kind: {level: with_temperatures(shifted(kind, level)) for level in levels}
    for kind, levels in LEVELS.items()
}

# %% experiment
shift_scores = {
    (kind, method, level): probability_scores(probs, test.y[:1000])
    for kind, by_level in answered.items()
    for level, by_method in by_level.items()
    for method, probs in by_method.items()
}


def over_levels(kind, method, score):
    """One score of a method at every level of a shift, (6, levels)."""
    values = [getattr(shift_scores[kind, method, v], score) for v in LEVELS[kind]]
    return torch.stack(values, 1)


# %% figure
fig, panels = plots.figure(3)
treatments = dict(zip(on_test, (ONE, OFF, MC, FIVE), strict=True))
for panel, (kind, score, label) in zip(
    panels,
    [
        ("noise", "accuracy", "accuracy (%)"),
        ("noise", "ece", "ECE (%)"),
        ("turned", "ece", "ECE (%)"),
    ],
    strict=True,
):
    for name, color in treatments.items():
        values = over_levels(kind, name, score)
        plots.band(LEVELS[kind], values, label=name, color=color, ax=panel)
    panel.set(ylim=(0, None), ylabel=label)
    panel.set_xlabel("sd of the noise" if kind == "noise" else "angle (degrees)")
    panel.get_legend().remove()
panels[0].legend(loc="lower left")
panels[0].set_title("Noise: accuracy")
panels[1].set_title("Noise: one network suffers most")
panels[2].set_title("Turned: all of them fail")
plots.show(
    fig,
    alt="Left: accuracy falls with noise, least for both dropout arms. Middle: ECE with "
    "temperature is equal without noise and rises, most for one network. Right: with "
    "rotation ECE rises for all methods alike, to over 60 % at 90 degrees.",
    after="mc_dropout.shift",
)

# %% results
with results(varies=initial + "; 1,000 test images, one draw of noise") as table:
    for kind, place in (("noise", 4), ("turned", 2)):
        what = f"{kind}, {LEVELS[kind][place]}"
        for score in ("accuracy", "ece", "nll"):
            arms = {m: over_levels(kind, m, score)[:, place] for m in on_test}
            unit = f"{SCORES[score]}, {what}"
            table.arms(arms, paired_with="one network", unit=unit)
    ece_noise = {m: over_levels("noise", m, "ece")[:, 4] for m in on_test}
    claim(
        "mc_dropout.shift-noise",
        "Under strong noise MC dropout is better calibrated than one network, with a "
        "temperature for both.",
        ece_noise["MC dropout"] - ece_noise["one network"],
        "< 0",
        unit="points of ECE",
    )
    recall("mc_dropout.shift", 1)

# %% [markdown]
# Without shift the four were within a point or two. With noise of sd 1 the single
# network's ECE has risen from about 3 to 15 %, and those of MC dropout and the ensemble
# to half of that. So one number on one network is enough only on pictures like those on
# which it was fitted. A temperature is one constant for all inputs and cannot notice
# that *this* input is strange. An average over disagreeing networks becomes softer by
# itself where they disagree more. Look at the arm between, too: trained with dropout
# and asked with dropout off, the network is already at 10 %, and it keeps more right
# answers than the plain one. After 1,000 steps a good part is again done by training.
#
# Now the right panel. Turned by 30°, two answers in three are wrong, and *every* method
# is overconfident by more than 30 points. The order of the methods changes from one
# shift to the other, and none of them knows in general what it does not know. Ovadia
# and others found ensembles the most robust on their data sets, and temperature scaling
# on one network falling behind as the shift grows, which agrees with our noise.
#
# Turn the shift up yourself. Under noise the bars of the plain network fall below its
# claims first, under rotation they fall for everybody.

# %% demo
demos_calibration.shift_scene(
    answered,
    test.y[:1000],
    {k: {v: shifted(k, v)[:8] for v in levels} for k, levels in LEVELS.items()},
).show()

# %% [markdown]
# ## A promise that can be kept
#
# A doctor would rather hear: "It is one of these two, and nine times out of ten the truth is
# among those that I name." *Conformal prediction* makes this promise for any model, however
# badly calibrated (Vovk and others 2005; Angelopoulos and Bates 2021 is a good tutorial).
#
# Give each of $n$ calibration examples, which the model has not been trained on, a score: 1
# minus the probability of its *true* class. It says how far the model was from accepting the
# truth. Now a new example comes, with a score that we do not know. If it is drawn like the
# others, its place among all $n + 1$ scores is equally likely to be the first, the second, …,
# or the last. So the probability that it is among the $k$ smallest is at least $k/(n+1)$. We
# want this to be at least $1 - \alpha$, and the smallest such $k$ is
#
# $$k = \lceil (n + 1)(1 - \alpha) \rceil .$$
#
# Let $\hat q$ be the $k$-th smallest calibration score. The new score is at most $\hat q$ with
# probability at least $1-\alpha$. So put *every* class into the set that would have a score of
# at most $\hat q$, and the truth is in it as often as promised. That is the whole proof. If
# $k > n$, there are too few examples for the promise, and only the set of all classes keeps it.
#
# <details><summary>The step with the (n + 1), slowly</summary>
#
# Let the new score have the rank $R$ among all $n+1$, and let there be no ties. The examples
# are drawn alike, so no order of them is more likely than another (they are *exchangeable*),
# and $R$ is uniform on $1, \dots, n+1$: $P(R \le k) = k/(n+1)$. The new score is at most the
# $k$-th smallest of the *other* $n$ exactly if $R \le k$; were it larger than that one, at
# least $k$ scores would stand below it. To have $k/(n+1) \ge 1-\alpha$ we need
# $k \ge (n+1)(1-\alpha)$, and the smallest such integer is the rank above. With $n$ in the
# place of $n+1$ the promise would be broken by a little. And it is not kept by being lavish:
# the coverage is at most $1-\alpha + 1/(n+1)$.
# </details>

# %% [markdown]
# ### Exercise 9.6 · Prediction sets (2 points, ~12 min)
#
# **Given** calibration probabilities `probs` (n, K) with their `labels` (n,), probabilities of
# new examples `new_probs` (N, K), and `alpha`, 0 < alpha < 1: the share of sets that may miss.
# **Return** a bool tensor (N, K), True where a class is in the set. The scores are 1 −
# `probs[i, labels[i]]`; the threshold is their ⌈(n + 1)(1 − alpha)⌉-th smallest; a class is in
# where 1 − `new_probs` is at most the threshold. If that rank exceeds n, all classes are in.
#
# **By hand:** four calibration examples whose true classes got 0.9, 0.8, 0.6 and 0.3: scores
# 0.1, 0.2, 0.4 and 0.7. With alpha = 0.3 the rank is ⌈5 · 0.7⌉ = 4 and the threshold 0.7. New
# probabilities (0.5, 0.35, 0.15) have 1 − p = 0.5, 0.65 and 0.85: the set holds classes 0 and 1.
#
# <details><summary>Hint 1</summary>
# Three steps: n scores, one threshold, one comparison of a whole tensor.
# </details>
# <details><summary>Hint 2</summary>
# <code>probs[torch.arange(n), labels]</code> picks the true classes. Sorted, the k-th smallest
# is at place k − 1.
# </details>
# <details><summary>Hint 3</summary>
# <code>rank = math.ceil((n + 1) * (1 - alpha))</code>; if <code>rank &gt; n</code> return all
# True; else <code>1 - new_probs &lt;= scores.sort().values[rank - 1]</code>.
# </details>


# %% solution="prediction_sets"
def prediction_sets(
    probs: torch.Tensor, labels: torch.Tensor, new_probs: torch.Tensor, alpha: float
) -> torch.Tensor:
    """Return conformal prediction sets for new examples (about 6 lines).

    Args:
        probs: probabilities (n, K) of calibration examples.
        labels: their true classes (n,), int64.
        new_probs: probabilities (N, K) of new examples.
        alpha: share of sets that may miss the truth, 0 < alpha < 1.

    Returns: bool (N, K), True where the class is in the set. Example: with scores 0.1,
    0.2, 0.4, 0.7 and alpha=0.3, probabilities (0.5, 0.35, 0.15) give True, True, False.
    """
    ### BEGIN SOLUTION
    n = len(labels)
    true_scores = 1 - probs[torch.arange(n), labels]
    rank = math.ceil((n + 1) * (1 - alpha))
    if rank > n:
        return torch.ones_like(new_probs, dtype=torch.bool)
    return 1 - new_probs <= true_scores.sort().values[rank - 1]
    ### END SOLUTION


# %% [markdown]
# The example worked by hand:


# %% look
def by_hand():
    own = torch.tensor([0.9, 0.8, 0.6, 0.3])
    calibration = torch.stack([own, 1 - own, 0 * own], 1)  # (4, 3)
    new = torch.tensor([[0.5, 0.35, 0.15]])
    return prediction_sets(calibration, torch.zeros(4).long(), new, alpha=0.3)


look(by_hand, torch.tensor([[True, True, False]]))

# %% test="prediction_sets" points=2
check.prediction_sets(prediction_sets)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("09_mc_dropout").prediction_sets(prediction_sets, seed=27_644)
### END HIDDEN TESTS

# %% [markdown]
# Does the promise hold? Calibrate on the 1,000 validation images with $\alpha = 0.1$
# and count on the test images how often the truth is in the set (for sets, *this* is
# the coverage). The promise is about an average over all images, so look at the class
# with the lowest coverage, too, and at images turned by 30°.
#
# `conformal_sets` is your 9.6 for all six networks at once, and `holds_truth` says in
# percent how often the truth is in their sets.

# %% predict
predict(
    "mc_dropout.conformal",
    "Sets of one network, raw probabilities (ECE 14 %). How often do they hold the truth?",
    ["about 76 %", "about 90 %", "about 99 %"],
)

# %% experiment
sets = {
    name: conformal_sets(on_val[name], val.y, probs, alpha=0.1)
    for name, probs in on_test.items()
}
on_turned = members(shifted("turned", 30))[0]
sets_turned = conformal_sets(on_val["one network"], val.y, on_turned, alpha=0.1)
covered_by = {name: holds_truth(own, test.y) for name, own in sets.items()}  # (6,)
by_label = [
    holds_truth(sets["one network"][:, test.y == k], test.y[test.y == k])
    for k in range(10)
]
worst = torch.stack(by_label, 1).mean(0).argmin().item()

# %% results
class_name = data.CLASS_NAMES[worst]
arms = covered_by | {
    f"one network, {class_name} only": by_label[worst],
    "one network, turned by 30°": holds_truth(sets_turned, test.y[:1000]),
}
with results(varies=initial) as table:
    table.arms(arms, unit="% of sets that hold the truth", digits=1)
    turned_sets = sets | {"one network, turned by 30°": sets_turned}
    sizes = {
        name: own.float().sum(-1).mean(1).cpu() for name, own in turned_sets.items()
    }
    table.arms(sizes, unit="classes per set")
    claim(
        "mc_dropout.conformal",
        "The sets of one uncalibrated network hold the truth 90 % of the time, up to three "
        "standard errors of 1,000 calibration and 2,000 test images.",
        covered_by["one network"] - 90,
        "within 3.5",
        unit="percentage points",
    )
    recall("mc_dropout.conformal", 2)

# %% [markdown]
# The promise holds for every method, calibrated or not. A worse model pays with larger
# sets and not with broken promises. But read the promise closely. It is about the
# *average* image: for shirts only three sets in four hold the truth, and easier classes
# make up for it. And it needs new images that are drawn like the calibration images.
# Turned by 30°, fewer than half of the sets hold the truth, and the sets hardly grow.
#
# ### Bug hunt
#
# A colleague has too few labeled images and calibrates the sets on the *training* images, "they
# have labels, after all". Her program promises 90 %. Run it, name the symptom, and say what has
# gone wrong before you open the fold.


# %%
def sets_of_a_colleague(probs, labels, new_probs, alpha):
    own = 1 - probs[torch.arange(len(labels)), labels]
    rank = math.ceil((len(labels) + 1) * (1 - alpha))
    return 1 - new_probs <= own.sort().values[rank - 1]


on_train = plain.logits(train.x)[0].softmax(-1)
hers = sets_of_a_colleague(on_train, train.y, on_test["one network"][0], alpha=0.1)
truth_in = hers.gather(1, test.y[:, None]).float().mean()
print(
    f"holds the truth {truth_in:.0%} of the time, {hers.sum(1).float().mean():.2f}",
    end="",
)
print(" classes per set")

# %% [markdown]
# <details><summary>What is wrong</summary>
#
# The symptom: far fewer sets than promised hold the truth, and many sets are empty (the mean
# size is below one). The network has learned its training labels almost by heart, so their
# scores are nearly 0, and so is the threshold. The proof needs calibration examples that are
# exchangeable with new ones, and training examples are not: the model has seen them. A
# temperature fitted on training data comes out too small for the same reason. The cure: keep
# some labeled examples out of training and calibrate on those.
# </details>
#
# ## Why? A question to write down
#
# A company trains with dropout on a million pictures, samples 50 times, and reports the standard
# deviation of the samples as "the model's uncertainty, which will shrink as we collect more data".
# What do you tell them? Write two or three sentences before you open the answer.
#
# <details><summary>One answer</summary>
#
# The spread over masks is set mainly by the dropout rate, which does not know how many pictures
# there were: with 90 times the data our band hardly changed, where an exact posterior's shrank
# nine times. So it may not shrink, and its size has no meaning until it is calibrated on data kept
# out of training. With 50 samples the standard deviation is itself uncertain by ten percent or
# more. It can still be a useful *ranking*, for instance to find strange pictures, and whether it
# is has to be tested on the kind of pictures they expect.
# </details>
#
# ## What each method gave
#
# | | trainings | passes per answer | what it gave here |
# |---|---|---|---|
# | one network + T | 1 | 1 | calibrated without shift; twice the ECE of MC dropout and the ensemble under noise |
# | trained with dropout, off | 1 | 1 | most of MC dropout's gain in calibration after 1,000 steps, under a third of it after 4,000 |
# | MC dropout | 1 | 20–100 | its mutual information finds strange pictures; calibrated or not by rate and schedule |
# | ensemble of 5 + T | 5 | 5 | the most right answers without shift, the best NLL, the best referral |
# | conformal sets | on top of any | none | a promise on average, without shift |
#
# All of this holds for small networks on small pictures, with 1,000 of them to learn
# from. We moved the rate, the schedule, the shift and the number of samples, not the
# size of the network. With yours the order of the methods may change.
#
# ## Test yourself
#
# Ten questions, each answer with its reason, and then flashcards.

# %%
quiz("09_mc_dropout")
flashcards("09_mc_dropout")

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. Keep dropout on, and only dropout: twenty samples for an answer, a hundred and more for
#    anything made of disagreement, whose size is set by the rate and not by the data.
# 2. Mutual information finds strange pictures, confidence finds likely mistakes. Run the arm
#    *trained with dropout, asked once*: after 1,000 steps training had brought most of the gain
#    in calibration, after 4,000 the sampling.
# 3. With a temperature for every method all are calibrated alike on familiar pictures. Under
#    noise averages hold up better than one network; on turned pictures all fail, and so does
#    the promise of conformal sets.
#
# **Pitfalls**
#
# - **`model.train()` to keep dropout on** takes BatchNorm along. Switch dropout layers only.
# - **`F.dropout(x, p)` in a forward** has no mode to switch: use modules if you want to sample.
# - **Quoting a variance from 20 samples.** Its own error was about a half of it.
# - **Fitting a temperature or sets on training data**: the network is right there.
# - **ECE alone**: whoever always answers with the class shares is calibrated and useless. Report
#   accuracy and a proper score beside it, and the number of bins.
#
# **References**
#
# - Leibig, Allken, Ayhan, Berens, Wahl (2017). *Leveraging uncertainty information from deep
#   neural networks for disease detection.* Scientific Reports 7.
#   [doi:10.1038/s41598-017-17876-z](https://doi.org/10.1038/s41598-017-17876-z)
# - Gal, Ghahramani (2016). *Dropout as a Bayesian approximation.*
#   [arXiv:1506.02142](https://arxiv.org/abs/1506.02142)
# - Gal, Hron, Kendall (2017). *Concrete dropout.*
#   [arXiv:1705.07832](https://arxiv.org/abs/1705.07832)
# - Hron, Matthews, Ghahramani (2018). *Variational Bayesian dropout: pitfalls and fixes.*
#   [arXiv:1807.01969](https://arxiv.org/abs/1807.01969)
# - Osband (2016). *Risk versus uncertainty in deep learning: Bayes, bootstrap and the dangers of
#   dropout.* NIPS workshop on Bayesian deep learning.
#   [bayesiandeeplearning.org](http://bayesiandeeplearning.org/2016/)
# - Lakshminarayanan, Pritzel, Blundell (2017). *Simple and scalable predictive uncertainty
#   estimation using deep ensembles.* [arXiv:1612.01474](https://arxiv.org/abs/1612.01474)
# - Guo, Pleiss, Sun, Weinberger (2017). *On calibration of modern neural networks.*
#   [arXiv:1706.04599](https://arxiv.org/abs/1706.04599)
# - Hein, Andriushchenko, Bitterwolf (2019). *Why ReLU networks yield high-confidence predictions
#   far away from the training data.* [arXiv:1812.05720](https://arxiv.org/abs/1812.05720)
# - Laves, Ihler, Kortmann, Ortmaier (2019). *Well-calibrated model uncertainty with temperature
#   scaling for dropout variational inference.* [arXiv:1909.13550](https://arxiv.org/abs/1909.13550)
# - Ovadia and others (2019). *Can you trust your model's uncertainty? Evaluating predictive
#   uncertainty under dataset shift.* [arXiv:1906.02530](https://arxiv.org/abs/1906.02530)
# - Ashukha, Lyzhov, Molchanov, Vetrov (2020). *Pitfalls of in-domain uncertainty estimation and
#   ensembling in deep learning.* [arXiv:2002.06470](https://arxiv.org/abs/2002.06470)
# - Foong, Burt, Li, Turner (2020). *On the expressiveness of approximate inference in Bayesian
#   neural networks.* [arXiv:1909.00719](https://arxiv.org/abs/1909.00719)
# - Vovk, Gammerman, Shafer (2005). *Algorithmic learning in a random world.* Springer.
#   [doi:10.1007/b106715](https://doi.org/10.1007/b106715)
# - Angelopoulos, Bates (2021). *A gentle introduction to conformal prediction and
#   distribution-free uncertainty quantification.* [arXiv:2107.07511](https://arxiv.org/abs/2107.07511)
#
# **Next:** [10 · Why do BatchNorm and dropout quarrel, and do they have
# to?](../10_normalization/10_normalization.ipynb)
