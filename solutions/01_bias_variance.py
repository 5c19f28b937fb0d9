# %% [markdown]
# # 01 · If it fits every example, why is it wrong tomorrow?
#
# A model that makes no mistake on its training data looks finished. Here you split what
# it gets wrong on new data into two parts, watch a network learn labels that mean
# nothing, and meet a curve that goes down, up, and down again.
#
# When you are done you can
#
# - split an error into bias² and variance, and say what moves each of them,
# - show that a network's training accuracy says nothing about what it has understood,
# - read learning curves: underfitting, overfitting, or neither.
#
# **You need:** notebook 00; a first course in linear algebra helps in exercise 1.2.
# **Time:** about 90 minutes; the computing takes under a minute on a slow CPU.

# %% setup
import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import bias_variance as demos_overfitting
from helpers.device import device
from helpers.evidence.bias_variance import bias_variance as split_error
from helpers.evidence.bias_variance import ridge_path
from helpers.evidence.claims import claim, results
from helpers.population import mlp, train_population
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quick_checks import quick_check
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import count_parameters, fit

plots.use_course_style()
check = load("01_bias_variance")

# %%
SETS, N, SIGMA = 200, 30, 0.3  # data sets, points in each, noise (standard deviation)
SEEDS = range(8)
DEVICE = device()

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("01_bias_variance")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## One curve, two hundred data sets
#
# The truth is a sine, $f(x) = \sin(2\pi x)$. We never see it; we see 30 points of it,
# each with noise of standard deviation 0.3. To learn what *chance* does to a model we
# draw the noise again and again: 200 data sets, one per row of `y`.
#
# The models are polynomials. One column per power of $x$ makes the fit linear, and one
# call fits all data sets at once: each is a column of the right-hand side.

# %%
x = torch.linspace(0, 1, N, dtype=torch.float64)
truth = torch.sin(2 * math.pi * x)
noise = torch.randn(SETS, N, generator=torch.Generator().manual_seed(1)).double()
y = truth + SIGMA * noise  # (n,) + (sets, n) -> (sets, n)


def powers(x, degree):
    return (2 * x - 1)[:, None] ** torch.arange(degree + 1)  # (n,) -> (n, degree+1)


def fit_all(degree):
    X = powers(x, degree)
    weights = torch.linalg.lstsq(X, y.T, driver="gelsd").solution  # (degree+1, sets)
    return (X @ weights).T  # predictions (sets, n)


# %% [markdown]
# Now the naive question: which degree fits *our* data best? We look at the first data
# set, with degrees 1, 5 and 15.

# %% figure
fig, axs = plots.figure(3, sharey=True)
for ax, degree in zip(axs, (1, 5, 15), strict=True):
    ax.plot(x, truth, color="#8a8a8a", label="truth")
    ax.plot(x, y[0], "o", color="#1a1a1a", markersize=4, label="data")
    ax.plot(x, fit_all(degree)[0], **plots.TRAIN, label=f"degree {degree}")
    error = (fit_all(degree)[0] - y[0]).square().mean()
    ax.set(xlabel="x", title=f"Degree {degree}: training error {error:.3f}")
    ax.legend(fontsize=8)
axs[0].set_ylabel("y")
plots.show(fig, alt="Three fits of 30 points; the higher the degree, the closer.")

# %% [markdown]
# Degree 15 has the smallest training error, so it wins? It would win on any data:
# degree 15 contains degree 5. The error that counts is the one to the truth, which we
# know here, for once. The same comparison over all 200 data sets:

# %% results
five, fifteen = fit_all(5), fit_all(15)
train_gain = ((fifteen - y) ** 2 - (five - y) ** 2).mean(1)  # (sets,)
true_loss = ((fifteen - truth) ** 2 - (five - truth) ** 2).mean(1)
closer = "Degree 15 fits the data closer than degree 5."
further = "Degree 15 is further from the truth than degree 5."
with results():
    claim("bias-variance.train", closer, train_gain, "< 0")
    claim("bias-variance.truth", further, true_loss, "> 0")

# %% [markdown]
# Closer to the data, further from the truth: degree 15 has learned noise. That is
# overfitting, and no training error can reveal it.
#
# ## Two ways to be wrong
#
# Write $\hat f_m(x)$ for the fit to data set $m$ and $\bar f(x)$ for the mean over the
# data sets. At a point $x$ a fit misses the truth because even the average fit does
# (*bias*), and because this fit is not the average one (*variance*):
#
# $$
# \underbrace{\frac1M \sum_m \big(\hat f_m(x) - f(x)\big)^2}_{\text{error to the truth}}
# = \underbrace{\big(\bar f(x) - f(x)\big)^2}_{\text{bias}^2}
# + \underbrace{\frac1M \sum_m \big(\hat f_m(x) - \bar f(x)\big)^2}_{\text{variance}}.
# $$
#
# The cross term is zero, because deviations from a mean sum to zero. A fresh
# observation adds its own noise $\sigma^2$, which no model can remove.
#
# ### Exercise 1.1 · Bias and variance (2 points, ~8 min)
#
# **Given** `predictions` (M, n), a row per data set, and the noise-free `truth` (n,).
# **Return** the tuple `(bias², variance)`, each averaged over the n points, as two
# Python floats. Their sum is the mean squared error to the truth, exactly.
#
# **By hand:** `predictions = [[0, 2], [6, 2]]`, `truth = [1, 3]`. The mean fit is
# `[3, 2]`, so bias² is (2² + 1²)/2 = 2.5. The variances are 9 and 0, on average 4.5.
# Together 7, which is the mean of the four squared errors 1, 1, 25, 1.
#
# <details><summary>Hint 1</summary>
# First the mean fit: one number per point. Which dimension disappears?
# </details>
# <details><summary>Hint 2</summary>
# Square before you average over points. For the variance divide by M, not by M-1.
# </details>
# <details><summary>Hint 3</summary>
# <code>mean = predictions.mean(dim=0)</code>; then the means of
# <code>(mean - truth) ** 2</code> and of <code>(predictions - mean) ** 2</code>, each
# with <code>.item()</code>.
# </details>


# %% solution="bias_variance"
def bias_variance(
    predictions: torch.Tensor, truth: torch.Tensor
) -> tuple[float, float]:
    """Return squared bias and variance, averaged over the points (about 3 lines).

    Args:
        predictions: one row per data set, floating (M, n), M >= 1.
        truth: noise-free values, (n,).

    Returns:
        (squared bias, variance), two Python floats >= 0.

    Example:
        bias_variance(tensor([[0., 2.], [6., 2.]]), tensor([1., 3.]))  ->  (2.5, 4.5)
    """
    ### BEGIN SOLUTION
    mean = predictions.mean(dim=0)  # (M, n) -> (n,)
    bias_squared = ((mean - truth) ** 2).mean()
    variance = ((predictions - mean) ** 2).mean()
    return bias_squared.item(), variance.item()
    ### END SOLUTION


# %% [markdown]
# Look first: your two numbers for the case by hand.

# %% look
hand = torch.tensor([[0.0, 2.0], [6.0, 2.0]]), torch.tensor([1.0, 3.0])
look(lambda: bias_variance(*hand), (2.5, 4.5))

# %% test="bias_variance" points=2
check.bias_variance(bias_variance)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("01_bias_variance").bias_variance(bias_variance, seed=71_302)
### END HIDDEN TESTS

# %% [markdown]
# ## What moves bias, what moves variance?
#
# Now let the degree grow from 0 to 15. From here on the course's own function does the
# sums (imported as `split_error`), so that nothing below depends on your answer. For
# least squares at fixed points theory knows the variance, too: each free parameter adds
# $\sigma^2/n$. Before you run it:

# %% predict
predict(
    "bias-variance.degree",
    "From degree 5 to degree 15, what happens to bias² and variance?",
    [
        "Bias² keeps falling, variance stays",
        "Bias² is near its floor already, variance grows steadily",
        "Bias² is near its floor already, variance explodes with the degree",
    ],
)

# %% figure
degrees = torch.arange(16)
fits = torch.stack([fit_all(degree) for degree in degrees])  # (16, sets, n)
bias, variance = split_error(fits, truth)  # (16,) each
theory = SIGMA**2 * (degrees + 1) / N
fig, ax = plots.figure()
ax.plot(degrees, bias, "o-", label="bias²")
ax.plot(degrees, variance, "s-", label="variance")
ax.plot(degrees, theory, "k:", label="theory: (degree + 1)·σ²/n")
ax.plot(degrees, bias + variance, "-", color="#8a8a8a", lw=4, alpha=0.5, label="sum")
ax.set(yscale="log", xlabel="degree", ylabel="error to the truth (log scale)")
lowest = int((bias + variance).argmin())
ax.set_title(f"Bias² falls, variance grows; the sum is lowest at degree {lowest}")
ax.legend(loc="center right", bbox_to_anchor=(1, 0.42), fontsize=9)
plots.show(
    fig,
    alt="Bias² falls in steps at odd degrees, variance grows linearly.",
    after="bias-variance.degree",
)

# %% [markdown]
# Bias² falls in steps, at the odd degrees: around the middle of the interval the sine is
# an odd function, and even powers cannot help. (Its floor is chance: the mean of 200
# fits still carries 1/200 of their variance.) Ten groups of twenty data sets tell what
# else is chance, and so what we may say:

# %% results
b, v = split_error(fits.view(16, 10, 20, N), truth)  # (16, 10 groups)
fall, rise = b[5] - b[1], v[15] - v[5]
with results():
    claim("bias-variance.bias", "Bias² falls from degree 1 to 5.", fall, "< -0.1")
    claim("bias-variance.var", "Variance grows from degree 5 to 15.", rise, "> 0.01")
    ratio = (variance / theory).mean().item()
    claim(
        "bias-variance.theory",
        "Measured variance over theory's, averaged over degrees, is about 1.",
        ratio,
        "between 0.85 1.15",
    )
    recall("bias-variance.degree", 2)

# %% [markdown]
# Straight lines, no explosion: with fixed points and least squares, variance counts
# parameters. Explosions come later, when parameters meet examples one to one.
#
# You can bring one about yourself. Below, 200 polynomials are fitted to 200 fresh data sets
# each time you move a control; thin lines are single fits, the thick one is their mean. Go
# up with the degree first: the mean stays on the truth from degree 5 on, while the thin
# lines spread. Then leave the degree at 12 and take points away, or let the places x be
# *drawn anew* for each data set. The variance now leaves the straight line by powers of ten,
# and at the ends of the interval you can see where.

# %% demo
demos_overfitting.scene().show()

# %% [markdown]
# With the places drawn anew, a data set may have no point near an end. A polynomial of high
# degree is free to do anything there, and it does. The formula $\sigma^2 (d+1)/n$ was for
# places that stay the same, where every stretch of the interval has its points.
#
# ## Do networks do the same?
#
# The textbook picture says: more capacity, less bias, more variance. For a network the
# obvious capacity is its width: one hidden layer of tanh units, 400 full-batch steps of
# AdamW. The population trains 200 networks at once, one per data set, each with its own
# initialisation.

# %% predict
predict(
    "bias-variance.width",
    "A network with 64 hidden units against one with 8: what about its variance?",
    ["At least twice as large", "About the same", "Less than half"],
)

# %% experiment
inputs, targets = (2 * x - 1).float()[:, None].to(DEVICE), y.float().to(DEVICE)


def predictions_of(width):
    result = train_population(
        lambda: mlp((1, width, 1), activation=nn.Tanh),
        (inputs, targets),
        seeds=range(SETS),
        steps=400,
        record_every=400,
        batch_size=N,
        lr=0.02,
        loss_fn=lambda outputs, targets: F.mse_loss(outputs[:, 0], targets),
    )
    return result.logits(inputs)[..., 0].cpu().double()  # (sets, n)


# %% [markdown]
# Seven widths, 1,400 networks:

# %% figure
widths = (1, 2, 4, 8, 16, 32, 64)
nets = torch.stack([predictions_of(width) for width in widths])  # (7, sets, n)
bias, variance = split_error(nets, truth)
fig, ax = plots.figure()
ax.plot(widths, bias, "o-", label="bias²")
ax.plot(widths, variance, "s-", label="variance")
ax.plot(widths, bias + variance, "-", color="#8a8a8a", lw=4, alpha=0.5, label="sum")
ax.set(xscale="log", yscale="log", xlabel="hidden units (log scale)")
ax.set(ylabel="error to the truth (log scale)", xticks=widths, xticklabels=widths)
ax.minorticks_off()
ax.set_title("More units: bias² falls, variance levels off")
ax.legend()
plots.show(
    fig,
    alt="Bias² falls with the width; variance is flat from 2 units on.",
    after="bias-variance.width",
)

# %% results
b, v = split_error(nets.view(7, 10, 20, N), truth)
less, ratio = b[3] - b[0], v[6] / v[3]
with results():
    claim("bias-variance.net-bias", "8 units have less bias² than 1.", less, "< -0.05")
    claim(
        "bias-variance.net-var",
        "The variance of 64 units, over that of 8, is about 1.",
        ratio,
        "between 0.75 1.25",
    )
    recall("bias-variance.width", 2)

# %% [markdown]
# Half of the textbook picture holds. Bias falls; but from 8 to 64 units the variance
# stays where it is. On images Neal and colleagues (2018) even found it to fall with the
# width. The number of parameters is not the capacity that training uses. (How long one
# trains matters as well: the demo below has a control for it.)
#
# ## A knob for variance: ridge
#
# Instead of taking parameters away, make them small. Ridge regression minimises
#
# $$
# \|X\mathbf{w} - \mathbf{y}\|^2 + \lambda \|\mathbf{w}\|^2 .
# $$
#
# Its gradient is zero where $(X^\top X + \lambda I)\,\mathbf{w} = X^\top \mathbf{y}$.
# For $\lambda > 0$ that matrix always has an inverse. For $\lambda = 0$ it may have
# none: with more columns than rows, or dependent columns, many $\mathbf{w}$ fit equally
# well. Of those we want the shortest, which is where ridge goes as $\lambda \to 0$.
#
# ### Exercise 1.2 · Ridge regression (3 points, ~12 min)
#
# **Given** `features` (n, d), `targets` (n,) and `strength` $\lambda \ge 0$.
# **Return** the weights (d,) that minimise the sum above, in the dtype of the features.
# With `strength=0` that is the least-squares solution of smallest norm, also when
# d > n or when columns depend on each other. There is no intercept.
#
# **By hand:** `features = [[1, 0], [0, 1], [1, 1]]`, `targets = [1, 3, 4]`,
# `strength = 1`: the matrix is `[[2, 1], [1, 2]]` plus the identity, the right-hand side
# `[5, 7]`, so the weights are `[1, 2]`. With `strength = 0` they are `[1, 3]`.
#
# <details><summary>Hint 1</summary>
# Two cases. For a positive strength solve the linear system; for 0 do not invert.
# </details>
# <details><summary>Hint 2</summary>
# The identity is <code>torch.eye(d, dtype=features.dtype)</code>. A bare
# <code>+ strength</code> would add to every entry of the matrix.
# </details>
# <details><summary>Hint 3</summary>
# <code>torch.linalg.solve(A, features.T @ targets)</code> for a positive strength, and
# <code>torch.linalg.pinv(features) @ targets</code> for 0: the pseudo-inverse gives
# the shortest solution.
# </details>


# %% solution="ridge_fit"
def ridge_fit(
    features: torch.Tensor, targets: torch.Tensor, strength: float
) -> torch.Tensor:
    """Return the weights that minimise |Xw - y|² + strength·|w|² (about 5 lines).

    Args:
        features: X, floating (n, d).
        targets: y, same dtype, (n,).
        strength: >= 0; 0 gives the solution of smallest norm, whatever the rank.

    Returns:
        weights (d,), dtype and device of the features.

    Example:
        ridge_fit(tensor([[1., 0.], [0., 1.], [1., 1.]]), tensor([1., 3., 4.]), 1.0)
        ->  tensor([1., 2.])
    """
    ### BEGIN SOLUTION
    if strength == 0:
        return torch.linalg.pinv(features) @ targets
    gram = features.T @ features  # (d, d)
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    return torch.linalg.solve(gram + strength * identity, features.T @ targets)
    ### END SOLUTION


# %% [markdown]
# Look: your fit of degree 15 at strength 0.1 over the expected one (thick and grey).

# %% look
X15 = powers(x, 15)


def draw_fits(yours, target):
    ax = plots.compare(yours, target, kind="lines")
    ax.set(xlabel="number of the point", ylabel="y", title="Degree 15, strength 0.1")
    plots.show(ax.figure, alt="Your fit over the expected one.")


expected = X15 @ ridge_path(X15, y[0], [0.1])[0]
look(lambda: X15 @ ridge_fit(X15, y[0], 0.1), expected, draw=draw_fits)

# %% test="ridge_fit" points=3
check.ridge_fit(ridge_fit)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("01_bias_variance").ridge_fit(ridge_fit, seed=90_417)
### END HIDDEN TESTS

# %% [markdown]
# ## Trading variance for bias
#
# Degree 15, strengths from $10^{-4}$ to 100. The helper `ridge_path` fits all strengths
# from one singular value decomposition, all data sets at once. To be fair to strength
# 0, the strength is chosen on one half of the data sets and judged on the other.

# %% figure
strengths = torch.logspace(-4, 2, 25, dtype=torch.float64)
path = X15 @ ridge_path(X15, y.T, strengths.tolist())  # (25, n, sets)
ridge_bias, ridge_variance = split_error(path.mT, truth)
total = ridge_bias + ridge_variance
fig, ax = plots.figure()
ax.plot(strengths, ridge_bias, label="bias²")
ax.plot(strengths, ridge_variance, "--", label="variance")
ax.plot(strengths, total, color="#8a8a8a", lw=4, alpha=0.5, label="sum")
ax.set(xscale="log", yscale="log", xlabel="strength (log scale)")
ax.set_ylabel("error to the truth (log scale)")
ax.set_title("Strength buys less variance, and pays with bias")
ax.legend()
plots.show(fig, alt="Variance falls with the strength, bias² rises, the sum has a dip.")

# %% experiment
errors = (path.mT - truth).square().mean(2)  # (25, sets)
best = int(errors[:, :100].mean(1).argmin())
plain = (fifteen - truth).square().mean(1)
gain = errors[best, 100:] - plain[100:]
print(f"chosen strength {strengths[best]:.3g}")


# %% results
with results():
    claim(
        "bias-variance.ridge",
        "Ridge beats least squares at degree 15.",
        gain,
        "< -0.01",
    )
    excess = errors[-1, 100:] - plain[100:]
    claim(
        "bias-variance.too-much", "Strength 100 is worse than none.", excess, "> 0.05"
    )

# %% [markdown]
# A good strength makes a bad model class harmless, without taking one parameter away.
# Too much of it underfits: regularisation is a trade, not a gift.
#
# ## How much can a network learn by heart?
#
# So far noise came in small doses. Zhang and colleagues (2017) turned it up: they
# replaced *all* labels by random ones and trained as usual. For that, and for most
# experiments in this course, we need label noise with a rate that is what it says.
#
# ### Exercise 1.3 · Corrupt labels (2 points, ~10 min)
#
# **Given** `labels` (n,) in 0 … `num_classes`-1, a `rate` in [0, 1] and a `generator`.
# **Return** `(labels, flipped)`: new labels of which *exactly* `round(rate * n)` differ
# from the old ones, and a bool mask, True exactly where they differ. Every position is
# equally likely, and so is every *other* class. Do not change the argument.
#
# **By hand:** six labels `[0, 1, 2, 0, 1, 2]`, three classes, rate 0.5: three flips, for
# example `[0, 2, 2, 0, 0, 1]` with `[False, True, False, False, True, True]`.
#
# <details><summary>Hint 1</summary>
# "15 % redrawn from ten classes" flips only 13.5 %: one redraw in ten hits the old class.
# </details>
# <details><summary>Hint 2</summary>
# Positions: the first <code>round(rate * n)</code> entries of
# <code>torch.randperm(n, generator=generator)</code>.
# </details>
# <details><summary>Hint 3</summary>
# New class: add a shift from <code>torch.randint(1, num_classes, chosen.shape,
# generator=generator)</code> and take the result modulo <code>num_classes</code>. Write
# into <code>labels.clone()</code>.
# </details>


# %% solution="corrupt_labels"
def corrupt_labels(
    labels: torch.Tensor, num_classes: int, rate: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Flip exactly round(rate * n) labels, each to another class (about 5 lines).

    Args:
        labels: true classes, int64 (n,) in [0, num_classes); stays unchanged.
        num_classes: number of classes, >= 2.
        rate: part of the labels to flip, in [0, 1].
        generator: source of every random number.

    Returns:
        new labels (n,) and a bool mask (n,), True exactly where they changed.

    Example:
        corrupt_labels(tensor([0, 1, 0]), 2, 1.0, generator)
        ->  tensor([1, 0, 1]), tensor([True, True, True])
    """
    ### BEGIN SOLUTION
    chosen = torch.randperm(len(labels), generator=generator)
    chosen = chosen[: round(rate * len(labels))]
    shift = torch.randint(1, num_classes, chosen.shape, generator=generator)
    noisy = labels.clone()
    noisy[chosen] = (labels[chosen] + shift) % num_classes
    return noisy, noisy != labels
    ### END SOLUTION


# %% [markdown]
# Look: twelve labels of three classes at rate 0.25 (how many flips is that?). Yours are
# random, so they need not agree with the example, but the counts must.

# %% look
old = torch.arange(12) % 3
example = data.corrupt_labels(old, 3, 0.25, torch.Generator().manual_seed(3))
look(lambda: corrupt_labels(old, 3, 0.25, torch.Generator().manual_seed(4)), example)

# %% test="corrupt_labels" points=2
check.corrupt_labels(corrupt_labels)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("01_bias_variance").corrupt_labels(corrupt_labels, seed=55_190)
### END HIDDEN TESTS

# %% [markdown]
# ## Labels that mean nothing
#
# MNIST-1D: signals of 40 numbers in ten classes; 1,000 to train on, 1,000 to validate.
# One half of the population gets the true labels, the other half labels drawn by a
# ten-sided die. Inputs, networks, seeds and optimizer settings are the same. There is
# nothing to understand in the dice. What will the network do?

# %% predict
predict(
    "bias-variance.dice",
    "After 80 epochs, what training accuracy will a network reach on the dice?",
    [
        "About 10 %: there is nothing to learn",
        "Somewhere between 30 and 70 %",
        "Nearly 100 %: it learns every label by heart",
    ],
)

# %% experiment
train, val, _ = data.mnist1d(1000, 1000, device=DEVICE)
dice = torch.randint(10, (8, 1000), generator=torch.Generator().manual_seed(100))
labels = torch.cat([train.y.expand(8, -1), dice.to(DEVICE)])  # (16, 1000)
result = train_population(
    lambda: mlp((40, 100, 100, 10)),
    (train.x, labels),
    seeds=[*SEEDS, *SEEDS],
    epochs=80,
    lr=3e-3,
    val=val,
    record_every=16,
)
print(f"{count_parameters(result.member(0)):,} parameters")

# %% [markdown]
# Training accuracy on the left, validation accuracy (true labels) on the right:

# %% figure
fig, axs = plots.figure(2, sharey=True)
epochs = result.steps / 8
curves = {"training": result.train_accuracy, "validation": result.val_accuracy}
for ax, (name, values) in zip(axs, curves.items(), strict=True):
    percent = 100 * values.T  # (16, records)
    plots.band(epochs, percent[:8], label="true labels", color=plots.PALETTE[0], ax=ax)
    plots.band(epochs, percent[8:], label="dice", color=plots.PALETTE[1], ax=ax)
    ax.set(xlabel="epoch", ylabel=f"{name} accuracy (%)", ylim=(0, 103))
axs[0].set_title("Both reach the top in training …")
axs[1].set_title("… only one has understood anything")
plots.show(
    fig,
    alt="Both training curves reach 100 %; validation: one is at chance.",
    after="bias-variance.dice",
)

# %% results
train_end, val_end = result.train_accuracy[-1], result.val_accuracy[-1]
heart, skill = train_end[8:], val_end - 0.1  # skill: above chance
with results():
    claim(
        "bias-variance.dice",
        "The labels of the dice are learned by heart.",
        heart,
        "> 0.99",
    )
    claim(
        "bias-variance.chance",
        "Trained on dice, validation accuracy is at chance.",
        skill[8:],
        "within 0.03",
    )
    claim(
        "bias-variance.real",
        "Trained on true labels, it is well above chance.",
        skill[:8],
        "> 0.2",
    )
    reached = (result.train_accuracy >= 0.99).float().argmax(0)  # first such record
    needed = result.steps[reached].double()
    slowdown = needed[8:] / needed[:8]
    longer = "Dice take longer than true labels, but less than twice as long."
    claim("bias-variance.slow", longer, slowdown, "between 1 2")
    recall("bias-variance.dice", 3)

# %% [markdown]
# Same network, same optimizer, same training accuracy; one generalises, the other
# cannot. So neither the architecture nor a perfect training score explains
# generalisation. Nor is learning by heart slow: the ratio above is the training time to
# 99 %. (At this size; it depends on the number of examples and on the network.)
#
# ## A myth: n parameters memorise at most n examples
#
# It sounds like counting equations, but a label is not an equation: only the *sign* must
# be right. A linear classifier with $d$ weights can be right on $N$ random labels with
# probability (Cover, 1965)
#
# $$
# P(N, d) = 2^{1-N} \sum_{k=0}^{d-1} \binom{N-1}{k},
# $$
#
# which is exactly one half at $N = 2d$. Before you put numbers in:

# %% predict
predict(
    "bias-variance.myth",
    "40 weights, 60 random labels: how often is there a perfect linear classifier?",
    ["Never: 60 > 40", "In about half of the draws", "In nearly all draws"],
)

# %% [markdown]
# Let us count: 60 draws for each $N$, and a linear program that finds separating weights
# if there are any.


# %%
def separable(n, seed, d=40):
    from scipy.optimize import linprog  # slow to import, needed only here

    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(n, d, generator=generator).double()
    signs = 2.0 * torch.randint(2, (n, 1), generator=generator) - 1
    margins = (-signs * points).numpy()  # find w with sign·(w·x) >= 1 for all points
    result = linprog([0] * d, A_ub=margins, b_ub=[-1] * n, bounds=(None, None))
    return float(result.status == 0)


# %% figure
sizes = (40, 50, 60, 70, 80, 90, 100, 120)
found = torch.tensor([[separable(n, seed) for seed in range(60)] for n in sizes])
cover = [sum(math.comb(n - 1, k) for k in range(40)) / 2 ** (n - 1) for n in sizes]
fig, ax = plots.figure()
ax.plot(sizes, cover, "k:", label="Cover 1965")
ax.plot(sizes, found.mean(1), "o", label="measured, 60 draws each")
ax.axvline(40, color="#8a8a8a", lw=1)
ax.text(41, 0.05, "N = d")
ax.set(xlabel="number N of random labels", ylabel="part of draws learned by heart")
ax.set_title("40 weights learn far more than 40 random labels")
ax.legend()
plots.show(
    fig,
    alt="All of 60 labels are fit nearly always, 80 half of the time.",
    after="bias-variance.myth",
)


# %% results
with results():
    claim("bias-variance.sixty", "40 weights fit 60 random labels.", found[2], "> 0.9")
    claim(
        "bias-variance.eighty",
        "40 weights fit 80 random labels in some draws.",
        found[4],
        "between 0.2 0.8",
    )
    claim(
        "bias-variance.cap",
        "40 weights fit 120 random labels in no draw.",
        found[-1].sum().item(),
        "within 0",
    )
    recall("bias-variance.myth", 3)

# %% [markdown]
# The myth is off by a factor of two for a linear model on random points. For networks
# Zhang and colleagues (2017) show that $2n + d$ weights *suffice* for any labels of $n$
# points in $d$ dimensions. Sufficient, note, not necessary.
#
# ## Down, up, and down again
#
# Polynomials had fewer parameters than points. What happens when parameters pass the
# number of examples? Take random features: $p$ cosines of random projections of a small
# picture of a digit, and a linear fit on top, of minimum norm when there is a choice.
#
# Scikit-learn's digits, 8×8 pixels: 200 to train on, 400 to choose a strength with, the
# rest to test. No label noise at all. Each seed draws its own split and features. Where
# will a fit without any regularisation be worst?

# %% predict
predict(
    "bias-variance.descent",
    "With 20 to 1,600 features and strength 0, where is the test error largest?",
    [
        "At 1,600 features: eight times as many as examples must overfit",
        "At 200 features: as many as examples",
        "At 20 features: too few to tell digits apart",
    ],
)

# %% experiment
from sklearn.datasets import load_digits  # slow to import, needed only here

digits, classes = (torch.from_numpy(part) for part in load_digits(return_X_y=True))
digits = digits / 16 - (digits / 16).mean(0)
sizes = (20, 60, 120, 180, 200, 220, 280, 400, 800, 1600)
ridges = (0.0, 1e-3, 1e-2, 1e-1, 1.0)


def cosines(images, p, generator):
    weights = 0.7 * torch.randn(64, p, generator=generator, dtype=torch.float64)
    phase = 2 * math.pi * torch.rand(p, generator=generator, dtype=torch.float64)
    return math.sqrt(2 / p) * torch.cos(images @ weights + phase)  # (n, 64) -> (n, p)


# %% [markdown]
# One run gives the error on the validation and on the test part, for each strength:


# %% experiment
def errors_of(seed, p):
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(digits), generator=generator)
    phi, y = cosines(digits[order], p, generator), classes[order]
    weights = ridge_path(phi[:200], F.one_hot(y[:200], 10).double(), ridges)
    wrong = (phi[200:] @ weights).argmax(2) != y[200:]  # (strengths, rest)
    val, test = wrong.double().split([400, wrong.shape[1] - 400], dim=1)
    return 100 * torch.stack([val.mean(1), test.mean(1)])  # (2, strengths)


# %% experiment
runs = torch.stack(
    [torch.stack([errors_of(seed, p) for p in sizes]) for seed in SEEDS]
)  # (seeds, sizes, val/test, strengths)
choice = runs[:, :, 0].argmin(-1, keepdim=True)  # the best strength on validation
without = runs[:, :, 1, 0]  # (seeds, sizes)
tuned = runs[:, :, 1].gather(-1, choice)[..., 0]

# %% [markdown]
# Test error over the number of features, without ridge and with the strength that the
# validation part chose:

# %% figure
fig, ax = plots.figure()
plots.band(sizes, without, label="minimum norm", color=plots.PALETTE[1], ax=ax)
plots.band(sizes, tuned, label="best ridge strength", color=plots.PALETTE[0], ax=ax)
ax.axvline(200, color="#8a8a8a", lw=1, zorder=0)
ax.set(xscale="log", ylim=(0, 100), ylabel="test error (%)")
ax.set(xlabel="number of random features (log scale)")
ax.set_xticks([20, 60, 200, 400, 800, 1600], ["20", "60", "200", "400", "800", "1600"])
ax.minorticks_off()
ax.set_title("The peak stands at features = examples; ridge removes it")
plots.show(
    fig,
    alt="Error falls, peaks at 200 features, falls again; ridge: no peak.",
    after="bias-variance.descent",
)

# %% results
at = {p: k for k, p in enumerate(sizes)}
unit = {"unit": "points"}
peak = without[:, at[200]] - without[:, at[60]]
with results():
    claim(
        "bias-variance.peak", "200 features err more than 60 do.", peak, "> 20", **unit
    )
    second = without[:, at[1600]] - without[:, at[60]]
    claim(
        "bias-variance.second",
        "1,600 features err less than 60 do.",
        second,
        "< -3",
        **unit,
    )
    bump = tuned[:, at[200]] - tuned[:, at[120]]
    no_peak = "With ridge, 200 features err no more than 120 do."
    claim("bias-variance.no-peak", no_peak, bump, "< 1", **unit)
    recall("bias-variance.descent", 2)

# %% [markdown]
# That is *double descent* (Belkin and colleagues, 2019; in deep networks Nakkiran and
# colleagues, 2021). At 200 features exactly one solution fits all 200 examples, however
# wild it has to be. With 1,600 there are many, and the shortest one is tame.
#
# Two lessons. Parameter count is a poor measure of capacity. And the peak is no law of
# nature but a lack of regularisation: a well chosen strength removes it.
#
# ## See it happen
#
# A network with one hidden layer of fixed random units; the output weights are trained
# by gradient descent. Press **Play** to let a million epochs pass, and watch the dots on
# both curves. Then look for two settings: one in which a million epochs do no harm, and one
# in which a thousand are too many.

# %% demo
demos_overfitting.training_scene().show()

# %% [markdown]
# To hold the impression to numbers: 20 draws of the training points, 100 units, with and
# without noise. How much worse is the last of the million epochs than the best one?


# %% experiment
def late_harm(noise, seed):
    """Return error to the truth after 10⁶ epochs over the lowest before, minus 1."""
    x, y = data.noisy_sine(20, noise=noise, seed=seed)
    epochs = torch.logspace(0, 6, 61)
    weights = demos_overfitting.descent(hidden(x[:, 0], 100), y.double(), epochs)
    grid = torch.linspace(0, 1, 201)
    fits = weights @ hidden(grid, 100).T
    errors = (fits - torch.sin(2 * math.pi * grid.double())).square().mean(1)
    return (errors[-1] / errors.min() - 1).item()


hidden = demos_overfitting.hidden_layer
clean = [late_harm(0.0, seed) for seed in range(20)]
dirty = [late_harm(0.3, seed) for seed in range(20)]


# %% results
with results():
    claim(
        "bias-variance.late-clean",
        "Without noise, a million epochs are harmless.",
        clean,
        "< 0.2",
    )
    claim(
        "bias-variance.late-noisy", "With noise, a million epochs harm.", dirty, "> 0.2"
    )

# %% [markdown]
# Without noise, long training is harmless here. With noise the error turns at some point
# while the training error goes on falling.
#
# ## Reading learning curves
#
# In real life nobody hands you the truth, nor 200 data sets. What you have is a curve on
# training data and one on validation data. Three networks on MNIST-1D:

# %% experiment
noisy = data.corrupt_labels(train.y, 10, 0.2, torch.Generator().manual_seed(5))[0]
plans = {
    "2 units: both losses stay high": ((40, 2, 10), train.y, 20),
    "100 units, 8 epochs: both fall": ((40, 100, 10), train.y, 8),
    "20 % label noise: they part": ((40, 100, 100, 10), noisy, 40),
}
adamw, histories = partial(torch.optim.AdamW, lr=5e-3), {}
for name, (layers, target, n_epochs) in plans.items():
    torch.manual_seed(0)
    net, pair = mlp(layers), (train.x, target)
    histories[name] = fit(net, pair, epochs=n_epochs, val=val, optimizer=adamw)

# %% figure
fig, axs = plots.figure(3, sharey=True)
for ax, (name, history) in zip(axs, histories.items(), strict=True):
    plots.curves(history, ax=ax).set_title(name)
plots.show(fig, alt="Loss curves of three networks: flat and high; falling; diverging.")


# %% results
val_loss = torch.tensor(histories["20 % label noise: they part"].val_loss)
rise = (val_loss[-1] / val_loss.min() - 1).item()
with results():
    claim(
        "bias-variance.part", "The third one's validation loss turns up.", rise, "> 0.2"
    )

# %% [markdown]
# The first is bad on its own training data: it *underfits*. The third gets better and
# better in training while validation turns upwards: it *overfits*. A rule for that
# needs thresholds; ours are conventions, no laws of nature.
#
# **Quick check.** One question on what you have just read; your answer is kept.

# %%
quick_check("overfitting")

# %% [markdown]
# ### Exercise 1.4 · Diagnose (2 points, ~8 min)
#
# **Given** `train_losses` and `val_losses`, lists of positive floats, one per epoch, and
# `acceptable`, the training loss you would be content with.
# **Return** one of three strings, by the first rule that applies:
#
# 1. `"underfitting"` if the last training loss is above `acceptable`,
# 2. `"overfitting"` if the last validation loss is at least 10 % above its own minimum,
#    or the last training loss is less than half the last validation loss,
# 3. `"good fit"` otherwise.
#
# **By hand:** `[2.0, 0.9, 0.6]`, `[2.0, 1.0, 1.2]`, acceptable 1.0: 0.6 is acceptable;
# 1.2 is 20 % above the minimum 1.0, so `"overfitting"`.
#
# <details><summary>Hint 1</summary>
# The order matters: a model that has not learned its training set underfits, even if
# its validation loss rises.
# </details>
# <details><summary>Hint 2</summary>
# The last loss is <code>losses[-1]</code>. The minimum is needed in one place only.
# </details>
# <details><summary>Hint 3</summary>
# <code>val &gt;= 1.1 * min(val_losses) or train &lt; 0.5 * val</code> is the second
# rule, with <code>train</code> and <code>val</code> the last losses.
# </details>


# %% solution="diagnose"
def diagnose(
    train_losses: list[float], val_losses: list[float], acceptable: float
) -> str:
    """Return "underfitting", "overfitting" or "good fit" (about 6 lines).

    Args:
        train_losses, val_losses: positive, one per epoch, at least one each.
        acceptable: the largest training loss that counts as learned, > 0.

    Example:
        diagnose([2.0, 0.9, 0.6], [2.0, 1.0, 1.2], 1.0)  ->  "overfitting"
    """
    ### BEGIN SOLUTION
    train, val = train_losses[-1], val_losses[-1]
    if train > acceptable:
        return "underfitting"
    if val >= 1.1 * min(val_losses) or train < 0.5 * val:
        return "overfitting"
    return "good fit"
    ### END SOLUTION


# %% [markdown]
# Look: what do you say about the three networks above, if 1.6 nats are acceptable?

# %% look
look(
    lambda: [
        diagnose(history.train_loss, history.val_loss, 1.6)
        for history in histories.values()
    ],
    ["underfitting", "good fit", "overfitting"],
)

# %% test="diagnose" points=2
check.diagnose(diagnose)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("01_bias_variance").diagnose(diagnose, seed=38_846)
### END HIDDEN TESTS

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. Error to the truth = bias² + variance; noise comes on top and stays.
# 2. A network can learn random labels by heart, so training accuracy proves nothing.
# 3. Parameter count is not capacity: width brought no variance here, and the error fell
#    again past the peak. A ridge strength trades variance for bias and removes the peak.
#
# **Pitfalls**
#
# - Bias and variance belong to a *procedure* over many data sets, not to one fit.
# - "Redraw 20 % of the labels" is less than 20 % noise. Flip, and count.
# - `solve` or `inv` on a singular matrix may return numbers instead of an error.
# - A strength means nothing until you know whether the errors are summed or averaged.
# - Choosing a strength on the test set makes the test set a validation set.
#
# A quiz, each answer with its reason, then flashcards.

# %%
quiz("01_bias_variance")
flashcards("01_bias_variance")

# %% [markdown]
# **References**
#
# - Geman, Bienenstock, Doursat (1992). *Neural networks and the bias/variance dilemma.*
#   [Neural Computation 4](https://doi.org/10.1162/neco.1992.4.1.1)
# - Neal, Mittal, Baratin, Tantia, Scicluna, Lacoste-Julien, Mitliagkas (2018). *A modern
#   take on the bias-variance tradeoff in neural networks.*
#   [arXiv:1810.08591](https://arxiv.org/abs/1810.08591)
# - Hoerl, Kennard (1970). *Ridge regression: biased estimation for nonorthogonal
#   problems.* [Technometrics 12](https://doi.org/10.1080/00401706.1970.10488634)
# - Zhang, Bengio, Hardt, Recht, Vinyals (2017). *Understanding deep learning requires
#   rethinking generalization.* [arXiv:1611.03530](https://arxiv.org/abs/1611.03530)
# - Cover (1965). *Geometrical and statistical properties of systems of linear
#   inequalities.* [IEEE EC-14](https://doi.org/10.1109/PGEC.1965.264137)
# - Belkin, Hsu, Ma, Mandal (2019). *Reconciling modern machine-learning practice and the
#   classical bias–variance trade-off.*
#   [arXiv:1812.11118](https://arxiv.org/abs/1812.11118)
# - Nakkiran, Kaplun, Bansal, Yang, Barak, Sutskever (2021). *Deep double descent.*
#   [arXiv:1912.02292](https://arxiv.org/abs/1912.02292)
# - Greydanus, Kobak (2024). *Scaling down deep learning with MNIST-1D.*
#   [arXiv:2011.14439](https://arxiv.org/abs/2011.14439)
#
# **Next:** [02 · Dropout from scratch](../02_dropout_from_scratch/02_dropout_from_scratch.ipynb)
# teaches a network not to believe everything it is told.
