# %% [markdown]
# # 01 · If it fits every example, why is it wrong tomorrow?
#
# In the spring of 1953 the young physicist Freeman Dyson took a bus to Chicago to show
# Enrico Fermi some calculations. They agreed well with Fermi's own measurements. Fermi
# asked how many arbitrary parameters had gone into them, and Dyson said four. "I
# remember my friend Johnny von Neumann used to say, with four parameters I can fit an
# elephant, and with five I can make him wiggle his trunk," said Fermi, and with that
# the conversation was over (Dyson told the story in 2004).
#
# Fermi's objection is still the first thing to ask about a model that fits: would it
# have fitted anything? But his measure, the number of parameters, no longer separates
# good models from bad ones. Networks that are used every day have far more parameters
# than examples, and they predict well. This notebook keeps Fermi's question and looks
# for what should be counted in place of parameters.
#
# When you are done you can
#
# - split an error into bias², variance and noise, and say what moves each of them,
# - count the *effective* parameters of a fit, and predict from them how much its
#   training error flatters it,
# - say why a perfect training score alone tells nothing about new data, and what happens
#   to the error when a model becomes just able to fit all its examples,
# - read learning curves: underfitting, overfitting, or neither.
#
# **You need:** notebook 00; a first course in linear algebra helps in exercises 1.2
# and 1.5. **Time:** about 120 minutes, in two halves; a line in the middle marks the
# place for a break.

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
from helpers.evidence.bias_variance import degrees_of_freedom, ridge_path
from helpers.evidence.claims import claim, results
from helpers.evidence.intervals import proportion_interval
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
NETS = 60  # data sets on which networks are trained
SEEDS = range(8)
DEVICE = device()  # for networks; the small linear fits stay on the CPU in float64

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
# ## One data set
#
# We begin where everything can be seen. The truth is a sine, $f(x) = \sin(2\pi x)$ for
# $x$ between 0 and 1. We see only 30 points: places $x$ drawn at random, and at each of
# them the sine's value plus noise of standard deviation $\sigma = 0.3$.
#
# The models are polynomials. A polynomial of degree $d$ has $d+1$ coefficients, and it
# is *linear* in them: one column per power of $x$, and fitting is one call for least
# squares.
#
# <details><summary>Why the code takes powers of 2x − 1</summary>
#
# The powers are those of $2x-1$, which runs from −1 to 1. That changes the rounding
# errors, and not the fit.
#
# </details>


# %%
def true_curve(x):
    return torch.sin(2 * math.pi * x)


def powers(x, degree):
    return (2 * x - 1)[..., None] ** torch.arange(degree + 1)  # (n,) -> (n, degree+1)


def least_squares(x, y, degree):
    """Return the coefficients for one data set (n,), or for each row of (sets, n)."""
    X, column = powers(x, degree), y[..., None]
    return torch.linalg.lstsq(X, column, driver="gelsd").solution[..., 0]


# %% [markdown]
# Which degree is best? We do what anybody would do, and try several. The loop prints
# the mean squared error on the 30 points that were fitted, and beside it the one on
# 10,000 new points from the same source.

# %%
coins = torch.Generator().manual_seed(1)
one_x = torch.rand(N, generator=coins, dtype=torch.float64)
one_y = true_curve(one_x) + SIGMA * torch.randn(N, generator=coins).double()
new_x = torch.rand(10_000, generator=coins, dtype=torch.float64)
new_y = true_curve(new_x) + SIGMA * torch.randn(10_000, generator=coins).double()

for degree in (0, 1, 3, 5, 9, 12, 15):
    w = least_squares(one_x, one_y, degree)
    seen_error = (powers(one_x, degree) @ w - one_y).square().mean()
    new_error = (powers(new_x, degree) @ w - new_y).square().mean()
    print(
        f"degree {degree:2}: {seen_error:.3f} on its 30, {new_error:12.3f} on new ones"
    )

# %% [markdown]
# The first column falls from line to line. It has to: a polynomial of degree 5 can do
# all that one of degree 3 can do, so its best fit cannot be worse on the points it is
# fitted to. It would fall on any data, so it cannot tell us when to stop.
#
# The second column is what we care about. It estimates the **generalization error**, the
# expected loss on a new example $(x, y)$ from the same source:
# $\mathbb E_{x,y}\big[(\hat f(x) - y)^2\big]$. No model can bring it below
# $\sigma^2 = 0.09$, the *irreducible noise*, because even the true sine misses $y$ by
# that much. And always answering 0, the mean of the sine, costs
# $\tfrac12 + \sigma^2 = 0.59$. A good model lies close to 0.09, and anything above 0.59
# is worse than having learned nothing.
#
# The first column ends far below 0.09, which is the error that the truth itself makes on
# average. This is how **overfitting** shows in numbers: a training error clearly below
# that of the truth means that the model is fitting noise. Here are three of the fits:

# %% figure
fig, axs = plots.figure(3, sharey=True)
dense = torch.linspace(0, 1, 201, dtype=torch.float64)
for ax, degree in zip(axs, (1, 3, 15), strict=True):
    curve = powers(dense, degree) @ least_squares(one_x, one_y, degree)
    ax.plot(dense, true_curve(dense), "k--", lw=1.5, label="truth")
    ax.plot(one_x, one_y, "o", color="#1a1a1a", markersize=4, label="30 points")
    ax.plot(dense, curve, color=plots.PALETTE[0], label="fit")
    ax.set(xlabel="x", ylim=(-2.2, 2.2))
axs[0].set_title("Degree 1 cannot bend")
axs[1].set_title("Degree 3 follows the truth")
axs[2].set_title("Degree 15 follows the points")
axs[0].set_ylabel("y")
axs[0].legend(fontsize=8, loc="lower left")
plots.show(
    fig,
    alt="30 noisy points of a sine and three fits. Degree 1 is a straight line through "
    "both waves; degree 3 lies close to the sine; degree 15 bends from point to point.",
)

# %% [markdown]
# ## Two hundred data sets
#
# Was that bad luck, or is it what degree 15 does? One data set cannot say, and in the
# real world one is all we have. But here we know the source: we draw 200 of them, fit
# each one, and look at all the fits together.

# %% predict
predict(
    "bias-variance.where",
    "Where will 200 fits of degree 15 to random points scatter most?",
    [
        "In the middle, where the sine is steepest",
        "At the two ends of the interval",
        "Everywhere about equally: the noise is the same everywhere",
    ],
)

# %%
coins = torch.Generator().manual_seed(2)
random_x = torch.rand(SETS, N, generator=coins, dtype=torch.float64)  # (sets, n)
noise = SIGMA * torch.randn(SETS, N, generator=coins, dtype=torch.float64)
random_y = true_curve(random_x) + noise
grid = torch.linspace(0, 1, 201, dtype=torch.float64)
truth = true_curve(grid)


def fits_of(degree, x=random_x, y=random_y):
    """Fit every data set; return the fits on the grid, (sets, 201)."""
    return least_squares(x, y, degree) @ powers(grid, degree).T


# %% figure
fig, axs = plots.figure(3, sharey=True)
for ax, degree in zip(axs, (1, 3, 15), strict=True):
    curves = fits_of(degree)
    center, spread = curves.mean(0), curves.std(0)
    ax.plot(grid, curves.T, color="#8a8a8a", alpha=0.08, lw=1)
    ax.plot([], [], color="#8a8a8a", lw=1, label="200 fits")
    ax.plot(grid, center, color=plots.PALETTE[0], lw=2.5, label="their mean")
    for sign in (-2, 2):
        style = {"color": plots.PALETTE[1], "lw": 1.5}
        name = "mean ± 2 sd" if sign == 2 else None
        ax.plot(grid, center + sign * spread, **style, label=name)
    ax.plot(grid, truth, "k--", lw=1.5, label="truth")
    ax.set(xlabel="x", ylim=(-2.5, 2.5))
axs[0].set_title("Degree 1: fits agree, and are wrong")
axs[1].set_title("Degree 3: fits agree with the truth")
axs[2].set_title("Degree 15: fits differ at the ends")
axs[0].set_ylabel("y")
axs[0].legend(fontsize=8, loc="lower left")
plots.show(
    fig,
    alt="200 fits in gray with their mean and two standard deviations. Degree 1: a "
    "narrow bundle that misses the sine. Degree 3: a narrow bundle on the sine. Degree "
    "15: a bundle on the sine in the middle that bursts at both ends.",
    after="bias-variance.where",
)

# %% [markdown]
# There are two ways of being wrong in this picture. The straight lines agree with each
# other, and their mean is far from the truth: more data sets would not help them, for
# none of them can bend. The curves of degree 15 follow the truth well in the middle and
# fly apart at the ends: each one is wrong in its own way. (A few are so far out
# there that they carry the mean of all 200 out of the picture.)
#
# Move the demo's sliders to see how the degree, the number of points and the noise change
# that. (Its places are evenly spaced at first; choose "drawn anew" for the picture above.)

# %% demo
demos_overfitting.scene().show()

# %% [markdown]
# ## The error, taken apart
#
# Now we give the two ways names and turn the picture into an equation. Fix a place $x$.
# Write $\hat f(x)$ for the prediction there, which is random because the training set
# is, and $\bar f(x) = \mathbb E\,\hat f(x)$ for its mean over training sets. A new
# observation is $y = f(x) + \varepsilon$ with noise of mean zero and variance
# $\sigma^2$, drawn independently of the training set. How wrong are we on average?
#
# $$
# \mathbb E\big[(\hat f - y)^2\big]
# = \underbrace{(\bar f - f)^2}_{\text{bias}^2}
# + \underbrace{\mathbb E\big[(\hat f - \bar f)^2\big]}_{\text{variance}}
# + \underbrace{\sigma^2}_{\text{noise}} .
# $$
#
# The idea of the proof is to walk from the prediction to the observation in three
# steps: from $\hat f$ to its mean, from the mean to the truth, and from the truth to
# what we happen to observe. When the sum of the steps is squared, all mixed terms
# vanish.
#
# <details><summary>The proof in full, and why it holds for averages, too</summary>
#
# Write the error as a sum of three steps:
#
# $$
# \hat f - y = (\hat f - \bar f) + (\bar f - f) - \varepsilon .
# $$
#
# Squared, this gives the three squares and three mixed terms. Take expectations:
#
# - $2\,\mathbb E[(\hat f - \bar f)(\bar f - f)]$: the second factor is a fixed number,
#   and the first has mean zero because $\bar f$ *is* the mean of $\hat f$. So it is 0.
# - $-2\,\mathbb E[(\hat f - \bar f)\,\varepsilon]$: the new noise is independent of the
#   training set, so the expectation is a product, and both factors have mean zero.
# - $-2\,(\bar f - f)\,\mathbb E[\varepsilon]$: zero, because the noise has mean zero.
#
# What stays are the squares, and $\mathbb E[\varepsilon^2] = \sigma^2$.
#
# With the average over $M$ data sets in place of the expectation, bias² and variance
# still add up *exactly* to the mean squared error to the truth, since deviations from
# an average sum to zero.
#
# </details>
#
# The third term needs no estimate here, because we know $\sigma$. So from now on we
# measure the error *to the truth*, and remember that 0.09 is added when a fit is
# compared with new observations.

# %% [markdown]
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
# Look: your two numbers for the case by hand.

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
# ## The same fits, judged at two places
#
# Now let the degree grow from 0 to 15 and watch both parts. From here on the course's
# own function does the sums (imported as `split_error`), so that nothing below depends
# on your answer.
#
# One decision is often made silently: *at which $x$* do we measure? We judge fits
# against the truth, either at the 30 places where they were trained or at new places,
# on a fine grid. The places to train on may be random or evenly spaced. Three
# combinations are interesting:
#
# - random places, judged at these same places,
# - evenly spaced places, judged on the grid,
# - random places, judged on the grid.
#
# All have 30 points, the same sine, and noise of the same size.

# %% predict
predict(
    "bias-variance.degree",
    "From degree 3 to degree 15, what will the variance of these three do?",
    [
        "It explodes in all three: 16 coefficients for 30 points are too many",
        "It grows moderately in the first two and explodes in the third",
        "It grows moderately in all three",
    ],
)

# %% experiment
coins = torch.Generator().manual_seed(3)
even_x = torch.linspace(0, 1, N, dtype=torch.float64).expand(SETS, N)
even_y = true_curve(even_x) + SIGMA * torch.randn(SETS, N, generator=coins).double()


def own_variance(degree):
    """Return each set's squared deviation at its own places, about the noise-free fit."""
    w = least_squares(random_x, random_y - true_curve(random_x), degree)
    return (powers(random_x, degree) @ w[..., None]).square().mean((1, 2))  # (sets,)


degrees = range(16)
on_even = [split_error(fits_of(d, even_x, even_y), truth) for d in degrees]
on_random = [split_error(fits_of(d), truth) for d in degrees]

# %% [markdown]
# <details><summary>How to measure the first combination</summary>
#
# There is no "mean fit at a place", for every data set has places of its own. But a
# least-squares fit is linear in its targets. So we can fit the noise alone and look at
# what it does to the curve: that is the deviation which the variance averages.
#
# </details>

# %% figure
in_theory = [SIGMA**2 * (d + 1) / N for d in degrees]
at_own = [own_variance(d).mean() for d in degrees]
fig, (left, right) = plots.figure(2, sharey=True)
for ax, pairs, name in (
    (left, on_even, "evenly spaced x, judged on the grid"),
    (right, on_random, "random x, judged on the grid"),
):
    ax.plot(degrees, [b for b, _ in pairs], "o-", color=plots.PALETTE[0], label="bias²")
    ax.plot(
        *(degrees, [v for _, v in pairs], "s-"),
        color=plots.PALETTE[1],
        label="variance",
    )
    ax.axhline(0.5, color="#8a8a8a", lw=1, label="answering 0 everywhere")
    ax.set(yscale="log", xlabel="degree", title=name)
right.plot(
    *(degrees, at_own, "^--"),
    color=plots.PALETTE[1],
    label="variance at the places trained on",
)
for ax in (left, right):
    ax.plot(degrees, in_theory, "k:", label="(degree + 1) · σ²/n")
left.set(ylabel="squared error to the truth (log scale)", ylim=(1e-5, None))
left.set_title("Evenly spaced x: variance grows gently")
right.set_title("Random x: gently where trained, wildly elsewhere")
right.legend(fontsize=8, loc="upper left")
plots.show(
    fig,
    alt="Bias² and variance over the degree, log scale. Evenly spaced places: bias² "
    "falls, variance rises along a gentle line. Random places: variance at the trained "
    "places follows the same line; on the grid it rises above one from degree 7 or so "
    "and above a thousand by degree 15.",
    after="bias-variance.degree",
)

# %% results
per_set = {d: (fits_of(d) - truth).square().mean(1) for d in (3, 15)}
even_set = {d: (fits_of(d, even_x, even_y) - truth).square().mean(1) for d in (3, 15)}
sets_vary = "200 data sets (places and noise); one truth, n = 30, σ = 0.3"
with results(varies=sets_vary) as table:
    table.arms(
        {
            "random x, degree 3": per_set[3].log10(),
            "random x, degree 15": per_set[15].log10(),
            "even x, degree 3": even_set[3].log10(),
            "even x, degree 15": even_set[15].log10(),
        },
        unit="log₁₀ of the error on the grid",
    )
    claim(
        "bias-variance.price",
        "At the places trained on, degree 15 has the variance 16·σ²/n.",
        own_variance(15) - SIGMA**2 * 16 / N,
        "within 0.005",
    )
    claim(
        "bias-variance.explodes",
        "From degree 3 to 15 the log-error grows more for random places than for even.",
        (per_set[15] / per_set[3]).log10() - (even_set[15] / even_set[3]).log10(),
        "> 0",
    )
    recall("bias-variance.where", 2)
    recall("bias-variance.degree", 2)

# %% [markdown]
# At the places where the fits were trained 16 coefficients are harmless, and nearly so
# between evenly spaced places; between random places the variance explodes. Where the
# fits were trained, the variance follows a simple rule: **every coefficient costs
# $\sigma^2/n$.** Whatever the columns are, the price is the same. Here is the reason.
#
# Least squares replaces the vector $\mathbf y$ of the $n$ targets by its projection
# onto the columns of $X$, and the noise in $\mathbf y$ is projected as well. Noise is
# the same in all $n$ directions, with variance $\sigma^2$ in each. The projection keeps
# the $d+1$ directions that lie in the space of the columns and deletes the rest. What
# is left is $(d+1)\,\sigma^2$, and spread over $n$ points that is $(d+1)\,\sigma^2/n$.
#
# <details><summary>The same as a formula, with the reason for each step</summary>
#
# The projection is $\hat{\mathbf y} = H\mathbf y$ with $H = X(X^\top X)^{-1}X^\top$. So
#
# $$
# \text{variance at the training points}
# = \frac1n\,\mathbb E\,\|H\boldsymbol\varepsilon\|^2
# = \frac{\sigma^2}{n}\,\operatorname{tr}(H H^\top)
# = \frac{\sigma^2}{n}\,\operatorname{tr}(H)
# = \frac{(d+1)\,\sigma^2}{n} .
# $$
#
# The second step uses $\mathbb E[\varepsilon_i \varepsilon_j] = 0$ for $i \neq j$, the
# third $HH^\top = H$, which holds for every projection, and the last that a
# projection's trace is the dimension of what it projects onto.
#
# </details>
#
# This argument speaks only of the places that were fitted. Between them nothing holds
# the polynomial down, and random places leave gaps, often the largest ones at the ends,
# where there is a neighbor on one side only. In such a gap some combination of
# coefficients has hardly any effect on the 30 points, so the data hardly determine it,
# and a little noise can set it to a huge value. In the language of linear algebra, $X$
# has a tiny singular value. Evenly spaced points leave no such gap at degree 15.
#
# <details><summary>Why logarithms, why bias² rises on the right, and higher degrees</summary>
#
# Of the 200 errors of degree 15 a few are so large that they alone decide the mean: draw
# other data sets and it can change by a factor of a thousand. The mean of the logarithms,
# that is, the typical order of magnitude, is stable. The same few fits make bias² rise
# again in the right panel: the mean of 200 fits is itself uncertain, by a two-hundredth
# of the variance, and we measure that as bias.
#
# At a higher degree evenly spaced points leave such gaps, too: that is Runge's
# phenomenon.
#
# </details>
#
# This is a first answer to the title. The data hold a fit to the truth only near the
# examples, and tomorrow's examples lie elsewhere. An error measured at the training
# places alone would have hidden it, because there it grows only along a straight line.
#
# ## More units, more variance?
#
# A network with one hidden layer of $k$ tanh units has $3k + 1$ parameters: a weight in,
# a bias and a weight out for each unit, and one bias at the end. If parameters were the
# price, a network with 64 units would have to pay almost eight times what one with 8
# units pays.
#
# We train 60 networks for every width, one for each of the first 60 data sets with
# random places. All widths get full batches, AdamW, and the same learning rate. Since
# the result of training depends on how long one trains, we do it twice, with 400 steps
# and with four times as many.

# %% predict
predict(
    "bias-variance.width",
    "64 hidden units against 8, equally long trained: what about the variance?",
    ["About eight times as large", "About the same", "Less than a quarter"],
)

# %% experiment
net_x = (2 * random_x[:NETS] - 1).float()[..., None].to(DEVICE)  # (nets, n, 1)
net_y = random_y[:NETS].float().to(DEVICE)


def network_fits(width, steps):
    """Train a network on each data set; return their fits on the grid, (nets, 201)."""
    trained = train_population(
        lambda: mlp((1, width, 1), activation=nn.Tanh),
        (net_x, net_y),
        own_data="xy",
        seeds=range(NETS),
        steps=steps,
        record_every=steps,
        batch_size=N,
        lr=0.02,
        loss_fn=lambda outputs, targets: F.mse_loss(outputs[:, 0], targets),
    )
    places = (2 * grid - 1).float()[:, None].to(DEVICE)
    return trained.logits(places)[..., 0].cpu().double()


# %% experiment
widths, schedules = (1, 2, 8, 64), (400, 1600)
net_fits = {(w, s): network_fits(w, s) for s in schedules for w in widths}

# %% figure
fig, axs = plots.figure(2, sharey=True)
for ax, n_steps in zip(axs, schedules, strict=True):
    parts = [split_error(net_fits[w, n_steps], truth) for w in widths]
    for k, (name, marker) in enumerate((("bias²", "o-"), ("variance", "s-"))):
        values = [pair[k] for pair in parts]
        ax.plot(widths, values, marker, color=plots.PALETTE[k], label=name)
    ax.set(xscale="log", yscale="log", xlabel="hidden units (log scale)")
    ax.set_xticks(widths, [str(w) for w in widths])
    ax.minorticks_off()
    ax.set_title(f"{n_steps:,} steps: variance levels off")
axs[0].set_ylabel("squared error to the truth (log scale)")
axs[0].legend()
plots.show(
    fig,
    alt="Bias² falls with the width; from 2 to 64 units the variance changes little; it "
    "is higher on the right, after 1,600 steps, than on the left, after 400.",
    after="bias-variance.width",
)


# %% results
def scatter(width, steps):
    """Return each network's squared distance to the mean network, (nets,)."""
    nets = net_fits[width, steps]
    return (nets - nets.mean(0)).square().mean(1) * NETS / (NETS - 1)


with results(varies="60 data sets and initializations; one truth, n = 30") as table:
    arms = {f"{w} units, {s} steps": scatter(w, s) for s in schedules for w in (8, 64)}
    table.arms(arms, unit="variance", digits=3)
    claim(
        "bias-variance.width",
        "Eight times the units do not double the variance (1,600 steps).",
        scatter(64, 1600) - 2 * scatter(8, 1600),
        "< 0",
    )
    claim(
        "bias-variance.schedule",
        "Four times the steps raise the variance of 64 units.",
        scatter(64, 1600) - scatter(64, 400),
        "> 0",
    )
    recall("bias-variance.width", 2)

# %% [markdown]
# The textbook's picture, bias down and variance up, holds only in its first half here.
# One unit makes one smooth step, which is too little for a whole sine, so its bias is
# large; with more units the bias nearly disappears. The variance, however, does not
# follow the number of parameters. With 8 or 64 units it is about the same.
#
# What does move it is the *time*: four times as many steps raise the variance of 64
# units. A likely reason is that training starts from a smooth function and bends it step
# by step, so that a wide network with little time cannot use its freedom. Training time
# then acts like a limit on what the network can become, which is why stopping early is a
# regularizer (notebook 05). For images Neal and others (2018) even found that the
# variance *falls* with the width. So the number of parameters does not measure how far a
# model follows the noise. What does? To find out we need a knob that leaves that number
# alone.
#
# ## A knob: ridge
#
# Degree 15 went wrong because some combinations of coefficients are hardly determined by
# the data and take on huge values. So we make huge values cost something. Ridge
# regression minimizes
#
# $$
# \|X\mathbf{w} - \mathbf{y}\|^2 + \lambda \|\mathbf{w}\|^2 .
# $$
#
# Its gradient is zero where $(X^\top X + \lambda I)\,\mathbf{w} = X^\top \mathbf{y}$.
# For $\lambda > 0$ that matrix always has an inverse. For $\lambda = 0$ it may have
# none: with more columns than rows, or dependent columns, many $\mathbf{w}$ fit equally
# well. Of those we want the shortest, which is where ridge goes as $\lambda \to 0$.

# %% [markdown]
# ### Exercise 1.2 · Ridge regression (3 points, ~12 min)
#
# **Given** `features` (n, d), `targets` (n,) and `strength` $\lambda \ge 0$.
# **Return** the weights (d,) that minimize the sum above, in the dtype of the features.
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
    """Return the weights that minimize |Xw - y|² + strength·|w|² (about 5 lines).

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
# Look: your fit of degree 15 at strength 0.1 over the expected one (thick and gray).

# %% look
X15 = powers(torch.linspace(0, 1, N, dtype=torch.float64), 15)
y15 = torch.cos(3 * X15[:, 1])


def draw_fits(yours, target):
    ax = plots.compare(yours, target, kind="lines")
    ax.set(xlabel="number of the point", ylabel="y", title="Degree 15, strength 0.1")
    plots.show(ax.figure, alt="Your fit over the expected one.")


expected = X15 @ ridge_path(X15, y15, [0.1])[0]
look(lambda: X15 @ ridge_fit(X15, y15, 0.1), expected, draw=draw_fits)

# %% test="ridge_fit" points=3
check.ridge_fit(ridge_fit)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("01_bias_variance").ridge_fit(ridge_fit, seed=90_417)
### END HIDDEN TESTS

# %% [markdown]
# ### Bug hunt
#
# Somebody has written ridge regression like this. It runs, its shapes are right, and on
# their first test a larger strength gave smaller weights. Run it. Which number in the
# last line cannot be right, and what is the bug?


# %%
def suspicious_ridge(features, targets, strength):
    gram = features.T @ features + strength  # (d, d)
    return torch.linalg.pinv(gram) @ features.T @ targets


two_columns = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]).double()
goals = torch.tensor([2.0, -2.0, 0.0]).double()
for size in (0.0, 10.0, 1e6):
    shrunk = suspicious_ridge(two_columns, goals, size)
    print(f"strength {size:9,.0f}: weights {[round(v, 3) for v in shrunk.tolist()]}")

# %% [markdown]
# <details><summary>The symptom, the bug, the cure</summary>
#
# At a strength of a million the weights should be almost zero, and they have not moved
# at all. <code>+ strength</code> adds the number to <em>every</em> entry of the matrix,
# not only to the diagonal. That penalizes the square of the <em>sum</em> of the weights,
# $\lambda\,(w_1 + w_2)^2$. Weights of 2 and −2 have the sum zero and pay nothing, so
# along this direction there is no regularization at all. Cure: multiply by the identity,
# <code>strength * torch.eye(2).double()</code>. A test with all weights positive would
# not have shown it.
#
# </details>
#
# ## Trading variance for bias
#
# Degree 15 again, random places, 200 data sets, and strengths from $10^{-6}$ to 100. All
# strengths of one data set come from one singular value decomposition (`ridge_path`).

# %% experiment
strengths = torch.logspace(-6, 2, 25, dtype=torch.float64)
penalized = torch.stack(
    [
        ridge_path(powers(x, 15), y, strengths.tolist())
        for x, y in zip(random_x, random_y, strict=True)
    ]
)  # (sets, strengths, 16)
ridge_fits = (penalized @ powers(grid, 15).T).transpose(0, 1)  # (strengths, sets, 201)
ridge_bias, ridge_variance = split_error(ridge_fits, truth)

# %% figure
fig, ax = plots.figure()
ax.plot(strengths, ridge_bias, color=plots.PALETTE[0], label="bias²")
ax.plot(strengths, ridge_variance, color=plots.PALETTE[1], label="variance")
both = ridge_bias + ridge_variance
ax.plot(strengths, both, color="#8a8a8a", lw=4, alpha=0.5, label="sum")
three = per_set[3].mean()
ax.axhline(three, color="k", ls=":", label="degree 3 without ridge")
ax.set(xscale="log", yscale="log", xlabel="strength λ (log scale)")
ax.set_ylabel("squared error to the truth (log scale)")
ax.set_title("Ridge tames degree 15, and does not reach degree 3")
ax.legend()
plots.show(
    fig,
    alt="Over the strength the variance falls by orders of magnitude and bias² rises; "
    "their sum has a dip at about 0.05, above the line of plain degree 3.",
)

# %% [markdown]
# The variance falls by orders of magnitude, and the bias rises more slowly; their sum
# has a dip in between. To judge the dip fairly we must not choose the strength on the
# data sets on which we report it. So we choose on the first hundred data sets and judge
# on the other hundred, and compare with four polynomials without ridge.

# %% results
even_path = ridge_path(powers(even_x[0], 15), even_y.T, strengths.tolist())
even_ridge = (powers(grid, 15) @ even_path).mT  # (strengths, sets, 201)
even_errors = (even_ridge - truth).square().mean(2)
even_best = int(even_errors[:, :100].mean(1).argmin())
even_lag = even_errors[even_best, 100:] - even_set[3][100:]
ridge_errors = (ridge_fits - truth).square().mean(2)  # (strengths, sets)
chosen = int(ridge_errors[:, :100].mean(1).argmin())
judged = {
    f"degree {d}": (fits_of(d) - truth).square().mean(1)[100:] for d in (3, 4, 5, 15)
}
with_ridge = ridge_errors[chosen, 100:]
with results(varies="100 data sets that had no say in the strength") as table:
    arms = {"ridge, degree 15": with_ridge, **judged}
    arms = {name: values.log10() for name, values in arms.items()}
    table.arms(arms, paired_with="ridge, degree 15", unit="log₁₀ error on the grid")
    claim(
        "bias-variance.class",
        "The best ridge at degree 15 is further from the truth than plain degree 3.",
        with_ridge - judged["degree 3"],
        "> 0",
    )
    claim(
        "bias-variance.class-even",
        "So it is for evenly spaced places, where nothing had exploded.",
        even_lag,
        "> 0",
    )
print(f"chosen strength {strengths[chosen]:.2g}")

# %% [markdown]
# A single number repairs the explosion without taking away one parameter. Still, plain
# degree 3 is closer to the truth than degree 15 with its best strength, for random and
# for evenly spaced places. The reason is what ridge shrinks. Its penalty pulls *all*
# coefficients toward zero, also the large ones that the sine needs, and that is bias.
# Choosing degree 3 removes the unneeded directions and leaves the needed ones alone.
#
# That does not mean "few parameters are better". Degree 3 wins because a cubic happens
# to look like one period of a sine, and we knew the sine. Where nobody knows the right
# class, a large one with a well chosen penalty can still work, and deep learning takes
# that road.
#
# ## Choosing without knowing the truth
#
# We have chosen the strength with a hundred other data sets and the true curve beside
# them. Usually there is one data set of 30 points, and it has to provide the fit *and*
# choose the strength.
#
# The simplest way holds some points out, say 10 of the 30. Each strength is fitted to
# the other 20, and the 10 judge it. That wastes data twice: 10 points are few, so their
# verdict depends on which 10 they happen to be, and they are lost for the fit. **k-fold
# cross-validation** lets every point be a judge once. Cut the data into $k$ parts. For
# each part, fit on the other $k-1$ and measure the squared errors on the part that was
# left out. The mean of all 30 errors is the strength's score. Take the strength with
# the lowest score and fit once more, on all 30. With $k = n$ each part is a single
# point, which is called leave-one-out.
#
# <details><summary>The score as a formula</summary>
#
# $$
# \text{score}(\lambda) = \frac1n \sum_{j=1}^{k} \; \sum_{i \in \text{part } j}
# \big(y_i - \hat f_\lambda^{(-j)}(x_i)\big)^2 ,
# $$
#
# where $\hat f_\lambda^{(-j)}$ has not seen part $j$.
#
# </details>
#
# The score is an estimate itself. It has a bias, because its fits have seen
# $n(1 - 1/k)$ points instead of $n$ and are a little worse than the one you will use.
# It has a variance, because few points judge, and because fits change when a few points
# leave.
#
# For ridge, leave-one-out costs no 30 fits. The fitted values are a matrix times the
# targets, $\hat{\mathbf y} = H\mathbf y$ with
# $H = X(X^\top X + \lambda I)^{-1}X^\top$, and the error at a point that is left out is
#
# $$
# y_i - \hat f^{(-i)}(x_i) = \frac{y_i - \hat y_i}{1 - H_{ii}} .
# $$
#
# <details><summary>Why the formula is exact</summary>
#
# Put a made-up target in the place of $y_i$: the value $\hat f^{(-i)}(x_i)$ that the fit
# without point $i$ predicts there. That fit already minimizes the sum over the other
# points, and at point $i$ its error is now zero, so it minimizes the whole sum, too. The
# fit to the made-up targets is therefore $\hat f^{(-i)}$. Its value at $x_i$ follows from
# the matrix, in which one target has changed:
# $\hat f^{(-i)}(x_i) = \hat y_i + H_{ii}\,(\hat f^{(-i)}(x_i) - y_i)$. Subtract both
# sides from $y_i$ and solve for $y_i - \hat f^{(-i)}(x_i)$.
#
# </details>


# %%
def path(x, y):
    return ridge_path(powers(x, 15), y, strengths.tolist())  # (strengths, 16)


def leave_one_out(x, y):
    """Return each strength's mean squared error at the points left out: (strengths,)."""
    U, s, _ = torch.linalg.svd(powers(x, 15), full_matrices=False)
    kept = s**2 / (s**2 + strengths[:, None])  # (strengths, 16)
    fitted = kept * (U.T @ y) @ U.T  # (strengths, n)
    own_weight = kept @ (U**2).T  # the diagonals of H, (strengths, n)
    return ((y - fitted) / (1 - own_weight)).square().mean(1)


squares = []  # the same with 30 fits: column 3 of the strengths, each point left out
for i in range(N):
    rest = torch.arange(N) != i
    predicted = powers(one_x[i], 15) @ path(one_x[rest], one_y[rest])[3]
    squares.append((one_y[i] - predicted).square())
print(f"30 fits: {torch.stack(squares).mean():.6f}")
print(f"formula: {leave_one_out(one_x, one_y)[3]:.6f}")

# %% predict
predict(
    "bias-variance.folds",
    "One data set of 30 points chooses its own strength. Does leave-one-out choose "
    "better than five parts?",
    [
        "Yes: its fits have seen 29 points instead of 24",
        "About as well",
        "No: each part that judges is a single point",
    ],
)


# %% experiment
def judged_by(x, y, part):
    """Return each strength's squared errors on a part that its fit has not seen."""
    return (path(x[~part], y[~part]) @ powers(x[part], 15).T - y[part]).square()


def cross_validate(x, y, k):
    number = torch.arange(N) % k  # the places are in random order already
    parts = [judged_by(x, y, number == j) for j in range(k)]
    return torch.cat(parts, dim=1).mean(1)


coins = torch.Generator().manual_seed(11)
many_x = torch.rand(800, N, generator=coins, dtype=torch.float64)
many_y = true_curve(many_x) + SIGMA * torch.randn(800, N, generator=coins).double()

first_ten = torch.arange(N) < 10
ways = {
    "10 held out": lambda x, y: judged_by(x, y, first_ten).mean(1),
    "5 parts": partial(cross_validate, k=5),
    "10 parts": partial(cross_validate, k=10),
    "30 parts": leave_one_out,
}
scores = {
    name: torch.stack([way(x, y) for x, y in zip(many_x, many_y, strict=True)])
    for name, way in ways.items()
}  # each (sets, strengths)

# %% results
many_paths = torch.stack([path(x, y) for x, y in zip(many_x, many_y, strict=True)])
distance = (many_paths @ powers(grid, 15).T - truth).square().mean(2)
best_for_all = distance[:, distance.mean(0).argmin()].log10()
picks = {name: each.argmin(1, keepdim=True) for name, each in scores.items()}
picked = {name: distance.gather(1, pick)[:, 0] for name, pick in picks.items()}
example = int((strengths - 0.005).abs().argmin())
print(
    f"strength {strengths[example]:.4f}: on new points "
    f"{distance[:, example].mean() + SIGMA**2:.3f}"
)
for name, each in scores.items():
    one, winner, new = each[:, example], each.amin(1), picked[name] + SIGMA**2
    print(
        f"{name:>13}: scored {one.mean():.3f} (standard deviation {one.std():.3f}); the "
        f"winner {winner.median():.3f}, and on new points {new.median():.3f} (medians)"
    )
logs = {name: each.log10() for name, each in picked.items()}
with results(varies="800 data sets, each choosing for itself") as table:
    arms = {"one strength for all": best_for_all, **logs}
    table.arms(arms, paired_with="5 parts", unit="log₁₀ error on the grid")
    claim(
        "bias-variance.folds",
        "Five parts choose a better strength than 10 points held out.",
        logs["10 held out"] - logs["5 parts"],
        "> 0",
    )
    claim(
        "bias-variance.winner",
        "The winner's score in five parts is lower than its error on new points.",
        (picked["5 parts"] + SIGMA**2).log10() - scores["5 parts"].amin(1).log10(),
        "> 0",
    )
    recall("bias-variance.folds", 2)

# %% [markdown]
# First the estimates. At one fixed strength all scores are too high on average, and the
# less so the more points the fits have seen. That is the bias. The standard deviation
# over the data sets falls from line to line, too, and with 10 points held out it is the
# largest by far. By both measures more parts estimate better.
#
# Then the choice, which is what they are for. Cross-validation chooses better than the
# 10 points held out. But the number of parts hardly matters: leave-one-out, which
# estimated best, does not choose better than five parts. A likely reason is that a
# choice needs only the *differences* between strengths, and what five parts misjudge,
# they misjudge for all strengths alike. Five or ten parts are the usual recommendation;
# Kohavi (1995), choosing classifiers, preferred ten parts to leave-one-out. With a large
# data set and an expensive network one held-out part does, and this course uses one: its
# thousand and more examples are no longer few.
#
# <details><summary>The same in scikit-learn</summary>
#
# You need not write the loop. `RidgeCV` uses the formula above unless you ask for parts,
# `LassoCV` and `GridSearchCV` cut the data into five. If the features are standardized as
# well, put the scaler and the model into one `Pipeline` and search over that. Each fit
# then takes its means and standard deviations from the parts it was trained on. A scaler
# that was fitted beforehand has already seen the part that is left out, so that part
# would no longer be new to the fit.
#
# </details>
#
# All remain behind the one strength that is best for all sets together, because thirty
# points say too little about $\lambda$. Last, compare the two numbers at the end of each
# line. The winner won partly because it was lucky with the points that judged it. Its
# own score is therefore too low (the *winner's curse*, notebook 05, section 7), and may
# not be reported as its error: that takes points which have had no part in the choice,
# the **test set** of notebook 00.
#
# ## How many parameters does a fit have?
#
# Back to Fermi. The ridge fit has 16 parameters for every $\lambda$, yet for
# $\lambda \to \infty$ it is the constant 0 and uses none of them. How many does it use
# at a given $\lambda$?
#
# Take the singular value decomposition $X = U\,\mathrm{diag}(s_i)\,V^\top$. It finds
# directions $\mathbf u_i$ in the space of targets that $X$ can reach, and says how easily:
# a weight vector of length one reaches a distance $s_i$ along $\mathbf u_i$. Put it into
# ridge's solution, and everything becomes diagonal:
#
# $$
# \hat{\mathbf y} = X(X^\top X + \lambda I)^{-1}X^\top\mathbf y
# = \sum_i \frac{s_i^2}{s_i^2 + \lambda}\; \mathbf u_i\,(\mathbf u_i^\top \mathbf y) .
# $$
#
# <details><summary>The steps in full</summary>
#
# $X^\top X = V\,\mathrm{diag}(s_i^2)\,V^\top$, and $I = VV^\top$ on the space that
# matters. So $(X^\top X + \lambda I)^{-1} = V\,\mathrm{diag}(1/(s_i^2+\lambda))\,V^\top$.
# Multiply by $X = U\,\mathrm{diag}(s_i)\,V^\top$ from the left and by
# $X^\top = V\,\mathrm{diag}(s_i)\,U^\top$ from the right; each $V^\top V$ is the identity,
# and $s_i \cdot \frac{1}{s_i^2+\lambda} \cdot s_i$ stays on the diagonal.
#
# </details>
#
# Read it from right to left. Measure how much of the targets points along $\mathbf u_i$;
# multiply by a factor between 0 and 1; add up. Least squares has all factors equal to 1.
# Ridge leaves a direction with $s_i^2 \gg \lambda$ nearly as it is, and deletes one with
# $s_i^2 \ll \lambda$, which is exactly the kind that exploded. So a direction counts as
# a parameter to the degree that it survives, and the count is the sum
#
# $$
# \mathrm{df}(\lambda) = \sum_i \frac{s_i^2}{s_i^2 + \lambda}
# = \operatorname{tr}\!\big[X(X^\top X + \lambda I)^{-1}X^\top\big] ,
# $$
#
# the **effective number of parameters**, or effective degrees of freedom (Hastie,
# Tibshirani and Friedman 2009, section 3.4.1). At $\lambda = 0$ it counts the directions
# with $s_i > 0$, that is, the *rank* of $X$: two copies of a column count once.

# %% [markdown]
# ### Exercise 1.5 · Effective parameters (2 points, ~10 min)
#
# **Given** `features` (n, d), floating, and `strength` $\lambda \ge 0$.
# **Return** the effective number of parameters of ridge regression with the penalty
# $\lambda\|\mathbf w\|^2$ beside a *sum* of squared errors, as a Python float. With
# `strength=0` it is the rank, also when d > n or when columns depend on each other.
#
# **By hand:** the columns of `features = [[2, 0], [0, 1], [0, 0]]` are orthogonal, so
# its singular values are their lengths, 2 and 1. With `strength = 1` the factors are
# 4/5 and 1/2, together 1.3. With `strength = 0` both are 1, together 2.
#
# <details><summary>Hint 1</summary>
# You need no weights and no targets, only the singular values:
# <code>torch.linalg.svdvals(features)</code>.
# </details>
# <details><summary>Hint 2</summary>
# Square them before anything else. At strength 0 a singular value of zero would give
# 0/0, and rounding turns an exact zero into something like 1e-8: there, count instead.
# </details>
# <details><summary>Hint 3</summary>
# <code>float(torch.linalg.matrix_rank(features))</code> for strength 0, and otherwise
# <code>(s**2 / (s**2 + strength)).sum().item()</code>.
# </details>


# %% solution="effective_parameters"
def effective_parameters(features: torch.Tensor, strength: float) -> float:
    """Return the effective number of parameters of ridge regression (about 4 lines).

    Args:
        features: X, floating (n, d).
        strength: of the penalty beside summed squared errors, >= 0; 0 gives the rank.

    Returns:
        sum of s²/(s² + strength) over the singular values s of X, a Python float.

    Example:
        effective_parameters(tensor([[2., 0.], [0., 1.], [0., 0.]]), 1.0)  ->  1.3
    """
    ### BEGIN SOLUTION
    if strength == 0:
        return float(torch.linalg.matrix_rank(features))
    squares = torch.linalg.svdvals(features) ** 2
    return (squares / (squares + strength)).sum().item()
    ### END SOLUTION


# %% [markdown]
# Look: the case by hand at strengths 1 and 0, and degree 15 at strengths 0, 0.01 and 1.

# %% look
small = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
sixteen = powers(torch.linspace(0, 1, N, dtype=torch.float64), 15)
asked = [(small, 1.0), (small, 0.0), (sixteen, 0.0), (sixteen, 0.01), (sixteen, 1.0)]
look(
    lambda: [round(effective_parameters(*case), 3) for case in asked],
    [round(degrees_of_freedom(*case), 3) for case in asked],
)

# %% test="effective_parameters" points=2
check.effective_parameters(effective_parameters)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("01_bias_variance").effective_parameters(effective_parameters, seed=24_118)
### END HIDDEN TESTS

# %% [markdown]
# ## How much does the training error flatter?
#
# Is $\mathrm{df}$ more than a name? It makes a prediction that one can test. Keep the
# places $x$ and draw *fresh noise* at each of them. The error on these fresh targets is
# larger than the training error, for the fit has adapted to the old noise. By how much
# on average? For every fit of the form $\hat{\mathbf y} = H\mathbf y$ the answer is
#
# $$
# \mathbb E\,[\text{error on fresh targets} - \text{training error}]
# = \frac{2\sigma^2}{n}\operatorname{tr}(H) .
# $$
#
# (Efron 1986 calls it the *optimism*.) The reason is that the old noise went into the
# prediction $\hat y_i$, with the weight $H_{ii}$, and the fresh noise did not. The
# truth does not enter, nor does the bias.
#
# <details><summary>The calculation</summary>
#
# Training error and fresh error have the same $\hat y_i$ and differ in the mixed term
# $-2\,\mathbb E[\hat y_i\,\varepsilon_i]$ alone. Fresh noise is independent of
# $\hat y_i$, so there the term is zero. The old noise went into $\hat y_i$ with the
# weight $H_{ii}$, so there it is $-2 H_{ii}\sigma^2$. Average over the points, and the
# trace appears.
#
# </details>
#
# So plain polynomials of degree $d$ at $\mathrm{df} = d+1$, and degree 15 with ridge at
# a $\mathrm{df}$ of, say, 4.0, should all lie on *one* straight line. Two hundred data
# sets, each judged by the expected error on fresh targets at its own places:


# %% experiment
def gap_of(own_fits):
    """Fresh minus training error; own_fits (sets, n) are the fits at their places."""
    fresh_error = (own_fits - true_curve(random_x)).square().mean(1) + SIGMA**2
    return fresh_error - (own_fits - random_y).square().mean(1)  # (sets,)


def own_fit(degree):
    coefficients = least_squares(random_x, random_y, degree)
    return (powers(random_x, degree) @ coefficients[..., None])[..., 0]


plain_gaps = torch.stack([gap_of(own_fit(d)) for d in degrees])  # (16, sets)
own_ridge = (penalized @ powers(random_x, 15).mT).transpose(0, 1)  # (25, sets, n)
ridge_gaps = torch.stack([gap_of(fits) for fits in own_ridge])
effective = torch.tensor(
    [
        [degrees_of_freedom(powers(x, 15), s) for x in random_x]
        for s in strengths.tolist()
    ]
)  # (25, sets)

# %% figure
fig, ax = plots.figure()
line = torch.tensor([0.0, 16.0])
ax.plot(
    line, 2 * SIGMA**2 / N * line, "k:", label="theory: 2σ²/n · effective parameters"
)
ax.plot(
    *(torch.arange(1, 17), plain_gaps.mean(1), "o"),
    color=plots.TREATMENTS["none"],
    label="least squares, degrees 0 to 15",
)
ax.errorbar(
    *(effective.mean(1), ridge_gaps.mean(1)),
    yerr=1.97 * ridge_gaps.std(1) / math.sqrt(SETS),
    fmt="D",
    color=plots.TREATMENTS["L2"],
    label="degree 15 with ridge, λ = 1e-6 to 100, 95 % interval",
)
ax.set(xlabel="effective parameters", ylabel="fresh error − training error")
ax.set_title("One number predicts how much the training error flatters")
ax.legend()
plots.show(
    fig,
    alt="The gap between fresh and training error over the effective parameters: the "
    "dots of plain polynomials and of ridge lie on the same straight line.",
)

# %% results
middle = int((effective.mean(1) - 6).abs().argmin())  # six effective of 16 parameters
surplus = ridge_gaps[middle] - 2 * SIGMA**2 / N * effective[middle]
with results(varies=sets_vary):
    claim(
        "bias-variance.optimism",
        "With ridge the training error flatters by 2σ²/n per effective parameter.",
        surplus,
        "within 0.01",
    )

# %% [markdown]
# They do lie on one line, within the bars. With 16 parameters under a penalty the
# training error flatters as with four or with nine, as the strength decides, and the
# formula says so *before* anybody has seen fresh data. So Fermi's question becomes: not
# "how many parameters does it have?" but "how many does it use?", and the answer
# depends on the penalty and on the places together.
#
# <details><summary>Why the bars grow to the left</summary>
#
# There the bias is large. The old noise happens to agree or disagree with a large miss,
# which averages out only slowly.
#
# </details>
#
# **Why?** Before you go on, answer in a sentence or two: why does the gap depend on the
# effective parameters, but not on how well the model fits the truth?
#
# <details><summary>A model answer</summary>
#
# The gap is there because the noise of the training targets had a say in the fit, so that
# the fit leans toward it. How far it leans is decided by how strongly a prediction reacts
# to its own target, $\partial\hat y_i / \partial y_i = H_{ii}$, and that depends on the
# places and the penalty. A model with a large bias is wrong on old and on fresh targets
# to the same amount, so the bias cancels in the difference.
#
# </details>

# %% [markdown]
# ## How much can a network learn by heart?
#
# (Here is a good place for a break. The second half needs one idea of the first: what
# counts is not how many parameters a fit has, but how many it uses.)
#
# The count $\mathrm{df}$ needed a matrix $H$, and a network has none, for its
# predictions are not linear in the targets. But one can ask Fermi's question by
# experiment: would this network have fitted *anything*? Zhang and others (2017)
# replaced all labels of an image data set by random ones and trained as usual.
#
# For that, and for most experiments of this course, we need *false labels*, also called
# *label noise*: labels replaced at random by another class, exactly as many as the rate
# says.

# %% [markdown]
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
# The data are a thousand small pictures of clothes from Fashion-MNIST, 14 × 14 pixels in
# ten classes. Chance is 10 %. With all 60,000 images in full size, two convolutional
# layers are reported to get about 90 % right, and people without training in fashion
# 83.5 % (the list beside the data of Xiao and others 2017). We have a sixtieth of
# the examples and a quarter of the pixels, so expect less.

# %%
clothes, held_out, _ = data.fashion_mnist(1000, 1000, size=14, flat=True, device=DEVICE)

# %% figure
kinds = [
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "boot",
]
dice_shown = torch.randint(10, (6,), generator=torch.Generator().manual_seed(100))
shown_names = [
    f"{kinds[int(true)]}\ndie: {kinds[int(thrown)]}"
    for true, thrown in zip(clothes.y[:6], dice_shown, strict=True)
]
ax = plots.images(clothes.x[:6].view(-1, 14, 14).cpu(), titles=shown_names, columns=6)
plots.show(
    ax.figure,
    alt="Six small pictures of clothes, each with its true class and, below, the class "
    "that a ten-sided die gave it.",
)

# %% [markdown]
# One half of our population gets the true labels. The other half gets labels that a
# ten-sided die has thrown, another throw for each seed. Images, networks (two hidden
# layers of 100 units), initializations, order of the batches and optimizer settings are
# the same. What will happen?

# %% predict
predict(
    "bias-variance.dice",
    "After 80 epochs, what training accuracy will a network reach on the dice?",
    [
        "About 10 %: there is nothing to learn",
        "Somewhere between 30 and 70 %",
        "Above 95 %: it learns nearly every label by heart",
    ],
)

# %% experiment
dice = torch.randint(10, (8, 1000), generator=torch.Generator().manual_seed(100))
both_labels = torch.cat([clothes.y.expand(8, -1), dice.to(DEVICE)])  # (16, 1000)
by_heart = train_population(
    lambda: mlp((196, 100, 100, 10)),
    (clothes.x, both_labels),
    seeds=[*SEEDS, *SEEDS],
    epochs=80,
    lr=3e-3,
    val=held_out,
    record_every=16,
)
print(f"{count_parameters(by_heart.member(0)):,} parameters, 1,000 images")

# %% figure
fig, axs = plots.figure(2, sharey=True)
epoch = by_heart.steps / 8
scores = {"training": by_heart.train_accuracy, "held-out": by_heart.val_accuracy}
for ax, (name, values) in zip(axs, scores.items(), strict=True):
    percent = 100 * values.T  # (16, records)
    plots.band(epoch, percent[:8], label="true labels", ax=ax)
    plots.band(
        epoch, percent[8:], label="dice", color=plots.TREATMENTS["false labels"], ax=ax
    )
    ax.axhline(10, color="#8a8a8a", lw=1, ls=":")
    ax.text(1, 11.5, "chance", fontsize=9)
    ax.set(xlabel="epoch", ylabel=f"{name} accuracy (%)", ylim=(0, 103))
axs[0].set_title("In training both get near the top …")
axs[1].set_title("… on new images the dice stay at chance")
plots.show(
    fig,
    alt="Training accuracy: true labels rise at once, dice slowly, both end near 100 %. "
    "Held-out accuracy: true labels about 80 %, dice at 10 %, which is chance.",
    after="bias-variance.dice",
)

# %% results
train_end, held_end = by_heart.train_accuracy[-1], by_heart.val_accuracy[-1]
with results(varies="8 initializations, orders and throws; one set of images") as table:
    table.arms(
        {
            "true labels, training": 100 * train_end[:8],
            "true labels, held out": 100 * held_end[:8],
            "dice, training": 100 * train_end[8:],
            "dice, held out": 100 * held_end[8:],
        },
        unit="% accuracy",
        digits=1,
    )
    claim(
        "bias-variance.chance",
        "Trained on dice, a network is within 3 points of chance on new images.",
        100 * held_end[8:] - 10,
        "within 3",
        unit="points",
    )
    recall("bias-variance.dice", 3)

# %% [markdown]
# The same network, the same images, the same optimizer: one run generalizes, the other
# cannot, and the training score does not tell them apart. So neither the architecture
# nor a perfect training score *explains* generalization. By this test the network would
# have fitted anything.
#
# But look at the left panel once more: true labels are learned faster. What helps with
# one shirt helps with the next, whereas one throw of the die says nothing about another.
# This suggests a question. If *some* labels are false and the others true, will a
# network take them as they come, or learn the true ones first, although nobody tells it
# which is which?

# %% predict
predict(
    "bias-variance.order",
    "40 % of the labels are false. When nine tenths of the true ones are learned, how "
    "many of the false ones are?",
    ["About as many", "About half of them", "Fewer than a third"],
)

# %% experiment
pairs = [
    data.corrupt_labels(clothes.y, 10, 0.4, torch.Generator().manual_seed(300 + seed))
    for seed in SEEDS
]
given = torch.stack([labels for labels, _ in pairs])  # (8, 1000)
flipped_x = torch.stack([clothes.x[mask] for _, mask in pairs])  # (8, 400, 196)
flipped_y = torch.stack([labels[mask] for labels, mask in pairs])  # the false ones
mixed = train_population(
    lambda: mlp((196, 100, 100, 10)),
    (clothes.x, given),
    own_data={"train": "y", "val": "xy"},
    seeds=SEEDS,
    epochs=60,
    lr=3e-3,
    val=(flipped_x, flipped_y),  # how many of the false labels does it give?
    record_every=8,
)

# %% figure
learned_false = mixed.val_accuracy.T  # (8, records)
learned_true = (1000 * mixed.train_accuracy.T - 400 * learned_false) / 600
fig, ax = plots.figure()
epoch_of = mixed.steps / 8
for values, name, color in (
    (learned_true, "the 600 true labels", plots.TREATMENTS["true labels"]),
    (learned_false, "the 400 false labels", plots.TREATMENTS["false labels"]),
):
    plots.band(epoch_of, 100 * values, label=name, color=color, ax=ax)
ax.set(xlabel="epoch", ylabel="learned (% of them)", ylim=(0, 103))
ax.set_title("True labels are learned first, false ones by heart later")
ax.legend(loc="center right")
plots.show(
    fig,
    alt="Part of the labels that the network gives back over the epochs: the true ones "
    "rise to 80 % within a few epochs; the false ones start below 10 % and rise slowly.",
    after="bias-variance.order",
)

# %% results
when = (learned_true >= 0.9).float().argmax(1)  # first record at nine tenths
rows_of = torch.arange(8, device=when.device)
first_gap = learned_true[rows_of, when] - learned_false[rows_of, when]
with results(varies="8 initializations, orders and draws of the false labels") as table:
    table.arms(
        {
            "true labels learned": 100 * learned_true[rows_of, when],
            "false labels learned at that time": 100 * learned_false[rows_of, when],
            "true labels learned at the end": 100 * learned_true[:, -1],
            "false labels learned at the end": 100 * learned_false[:, -1],
        },
        unit="%",
        digits=1,
    )
    claim(
        "bias-variance.order",
        "When 90 % of the true labels are learned, a smaller share of the false ones is.",
        first_gap,
        "> 0",
    )
    recall("bias-variance.order", 3)

# %% [markdown]
# The network learns the true labels first, although it cannot know which ones they are.
# Nothing in the loss prefers them. The usual explanation, which we did not measure, is
# that they support each other: dozens of shirts labeled "shirt" push the weights in a
# common direction, so that their gradients add up, while the gradients of false labels
# point in many directions and mostly cancel. Once the true ones are fitted, their
# gradients are small, and those of the false ones decide. The order is also why
# stopping early can help against false labels (notebook 05, section 1).
#
# <details><summary>What others found in larger networks and with more false labels</summary>
#
# Zhang and others (2017) report that far larger networks fit random labels as well, on
# CIFAR-10 and on ImageNet. Arpit and others (2017) found the same order in deep
# networks: simple patterns first, noise later. Rolnick and others (2017) found that
# networks still classify well with many random labels for each true one, given enough
# data.
#
# </details>
#
# ## Do n parameters memorize at most n examples?
#
# The last experiment had far more parameters than labels. Is that needed? "With fewer
# parameters than examples a model cannot memorize" sounds plausible, like counting
# equations and unknowns. But a label is not an equation: only the *sign* of the output
# must be right.
#
# Take the simplest case, a linear classifier with $d$ weights that must give $N$ random
# points their random labels, plus or minus. Cover (1965) counted in how many of the
# $2^N$ ways of labeling this can succeed. The probability is
#
# $$
# P(N, d) = 2^{1-N} \sum_{k=0}^{d-1} \binom{N-1}{k} .
# $$
#
# Predict before you put numbers in:

# %% predict
predict(
    "bias-variance.myth",
    "40 weights, 60 random labels: how often is there a perfect linear classifier?",
    ["Never: 60 > 40", "In about half of the draws", "In nearly all draws"],
)

# %% [markdown]
# We count: 60 draws for each $N$, and a linear program that finds separating weights if
# there are any.


# %%
def separable(n, seed, d=40):
    from scipy.optimize import linprog  # slow to import, needed only here

    coins = torch.Generator().manual_seed(seed)
    points = torch.randn(n, d, generator=coins).double()
    signs = 2.0 * torch.randint(2, (n, 1), generator=coins) - 1
    margins = (-signs * points).numpy()  # find w with sign·(w·x) >= 1 for all points
    found = linprog([0] * d, A_ub=margins, b_ub=[-1] * n, bounds=(None, None))
    return float(found.status == 0)


# %% figure
label_counts = (40, 50, 60, 70, 80, 90, 100, 120)
successes = [sum(separable(n, seed) for seed in range(60)) for n in label_counts]
cover = [
    sum(math.comb(n - 1, k) for k in range(40)) / 2 ** (n - 1) for n in label_counts
]
parts = [proportion_interval(k, 60) for k in successes]
fig, ax = plots.figure()
ax.plot(label_counts, cover, "k:", label="Cover 1965")
ax.errorbar(
    label_counts,
    [p.mean for p in parts],
    yerr=[[p.mean - p.low for p in parts], [p.high - p.mean for p in parts]],
    fmt="o",
    capsize=4,
    color=plots.PALETTE[0],
    label="60 draws each, 95 % interval",
)
ax.axvline(40, color="#8a8a8a", lw=1)
ax.text(41, 0.05, "N = d")
ax.set(xlabel="number N of random labels", ylabel="part of draws learned by heart")
ax.set_title("40 weights learn far more than 40 random labels")
ax.legend()
plots.show(
    fig,
    alt="Part of 60 draws in which 40 weights fit N labels: near 1 up to 60 labels, about "
    "a half at 80, near 0 at 120, with intervals along Cover's curve.",
    after="bias-variance.myth",
)

# %% results
with results(varies="60 draws of points and labels; Wilson's interval"):
    claim(
        "bias-variance.sixty",
        "40 weights fit 60 random labels in more than half of the draws.",
        proportion_interval(successes[2], 60),
        "> 0.5",
    )
    recall("bias-variance.myth", 3)

# %% [markdown]
# The sentence is off by a factor of two for a linear model on random points: one half
# is reached at $N = 2d$, and the drop from "nearly always" to "hardly ever" is steep.
#
# <details><summary>How many weights are enough for a network</summary>
#
# Zhang and others (2017) show that a network with $2n + d$ weights can give $n$ points
# in $d$ dimensions any labels. So many suffice; they are not necessary.
#
# </details>
#
# <details><summary>Why the bars have a length even at 60 of 60</summary>
#
# When all of 60 draws succeed, Student's interval would be the single point 1, as if 60
# draws could make us certain. For proportions we use *Wilson's* interval (1927), which
# asks which probabilities make 60 out of 60 plausible. All from 0.94 up do.
#
# </details>
#
# ## The error beyond the number of examples
#
# In the polynomials we always had fewer parameters than points. What happens beyond?
# Scikit-learn's digits are 8 × 8 pixels in ten classes. Chance is 10 % correct; a good
# classifier trained on most of its 1,797 images errs on one or two in a hundred.

# %%
from sklearn.datasets import load_digits  # slow to import, needed only here

pixels, digit_names = (torch.from_numpy(a) for a in load_digits(return_X_y=True))
digits = pixels / 16  # (1797, 64), from 0 to 1

# %% figure
ax = plots.images(
    digits[:8].view(-1, 8, 8), titles=[str(int(k)) for k in digit_names[:8]], columns=8
)
plots.show(ax.figure, alt="Eight handwritten digits of 8 by 8 pixels with their class.")

# %% [markdown]
# The model: $p$ cosines of random projections of the picture, which stay as they are
# drawn, and a linear fit on top. That is a network with one hidden layer of which only
# the last layer is trained. There are 200 pictures to train on, with true labels, 400 to
# choose a ridge strength with, and the rest to test. Each seed draws its own split and
# features. Where there is more than one best fit, we take the one of smallest norm, as
# in exercise 1.2. Where will the fit *without* ridge be worst?

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
feature_counts = (20, 60, 120, 180, 200, 220, 280, 400, 800, 1600)
ridges = (0.0, 1e-3, 1e-2, 1e-1, 1.0)


def cosines(images, p, coins):
    projections = 0.7 * torch.randn(64, p, generator=coins, dtype=torch.float64)
    phase = 2 * math.pi * torch.rand(p, generator=coins, dtype=torch.float64)
    return math.sqrt(2 / p) * torch.cos(images @ projections + phase)  # (n, p)


def random_features(seed, p):
    """Return errors in % (val/test, strengths), the weights' norm, the least s."""
    coins = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(digits), generator=coins)
    phi, names = cosines(digits[order], p, coins), digit_names[order]
    solutions = ridge_path(phi[:200], F.one_hot(names[:200], 10).double(), ridges)
    wrong = (phi[200:] @ solutions).argmax(2) != names[200:]  # (strengths, rest)
    val, test = wrong[:, :400], wrong[:, 400:]
    percent = 100 * torch.stack([val.double().mean(1), test.double().mean(1)])
    return percent, solutions[0].norm(), torch.linalg.svdvals(phi[:200]).min()


# %% experiment
runs = [[random_features(seed, p) for p in feature_counts] for seed in SEEDS]
rf_errors = torch.stack([torch.stack([run[0] for run in row]) for row in runs])
norms = torch.tensor([[run[1] for run in row] for row in runs])  # (seeds, sizes)
least = torch.tensor([[run[2] for run in row] for row in runs])
best_on_val = rf_errors[:, :, 0].argmin(-1, keepdim=True)
without = rf_errors[:, :, 1, 0]  # (seeds, sizes), test error at strength 0
tuned = rf_errors[:, :, 1].gather(-1, best_on_val)[..., 0]

# %% figure
fig, axs = plots.figure(3)
bands = (
    (axs[0], without, "minimum norm, no ridge", None),  # in the course's color for it
    (axs[0], tuned, "ridge chosen on validation", None),
    (axs[1], norms.log10(), "minimum norm, no ridge", None),
    (axs[2], least.log10(), "of the features", "#1a1a1a"),
)
for ax, values, name, color in bands:
    plots.band(feature_counts, values, label=name, color=color, ax=ax)
for ax in axs:
    ax.axvline(200, color="#8a8a8a", lw=1, zorder=0)
    ax.set(xscale="log", xlabel="random features (log scale)")
    ax.set_xticks([20, 60, 200, 600, 1600], ["20", "60", "200", "600", "1600"])
    ax.minorticks_off()
    ax.legend(fontsize=8)
axs[0].set(ylim=(0, 100), ylabel="test error (%)")
axs[1].set_ylabel("log₁₀ of ‖w‖")
axs[2].set_ylabel("log₁₀ of the least singular value")
axs[0].set_title("The error peaks at 200", fontsize=11)
axs[1].set_title("There the weights are huge", fontsize=11)
axs[2].set_title("… and s is smallest", fontsize=11)
plots.show(
    fig,
    alt="Over the number of features: without ridge the test error falls, peaks at 200, "
    "which is the number of examples, and falls again below its first minimum; with ridge "
    "there is no peak. The norm of the weights peaks at 200, and the least singular value "
    "has its minimum there.",
    after="bias-variance.descent",
)

# %% results
place = {p: k for k, p in enumerate(feature_counts)}
with results(varies="8 splits and draws of the features") as table:
    table.arms(
        {f"{p} features": without[:, place[p]] for p in (60, 200, 1600)},
        paired_with="60 features",
        unit="% error without ridge",
        digits=1,
    )
    claim(
        "bias-variance.peak",
        "Without ridge, 200 features err more than 60 and more than 1,600.",
        without[:, place[200]]
        - torch.maximum(without[:, place[60]], without[:, place[1600]]),
        "> 0",
        unit="points",
    )
    claim(
        "bias-variance.no-peak",
        "With tuned ridge, 200 features err less than 60.",
        tuned[:, place[200]] - tuned[:, place[60]],
        "< 0",
        unit="points",
    )
    recall("bias-variance.descent", 2)

# %% [markdown]
# That is **double descent** (Belkin and others 2019): down, up to a peak where
# features and examples are equal in number, and down once more. The middle and the
# right panel say why. The solution of minimum norm is
#
# $$
# \mathbf w = \sum_{s_i > 0} \frac{\mathbf u_i^\top \mathbf y}{s_i}\,\mathbf v_i ,
# $$
#
# where $\mathbf v_i$ are the columns of $V$, so whatever in the targets points along
# $\mathbf u_i$ is divided by $s_i$. With 60 features the 200 examples determine every
# direction well. With 200 features and 200 examples $X$ is square, and a random square
# matrix nearly always has a direction in which it is almost singular: its least $s$ is
# close to 0. With strength 0 the fit is exact all the same, at the price of a huge
# weight along $\mathbf v_i$. With 1,600 features the 200 rows of $X$ are long vectors,
# none of them close to a combination of the others: no $s$ is small (right panel), and
# the exact fit of smallest norm is harmless again.
#
# <details><summary>Where is the noise, if all labels are true?</summary>
#
# What plays the part of the noise is everything in the labels that a linear function of
# the features cannot express.
#
# </details>
#
# Ridge replaces $1/s_i$ by $s_i/(s_i^2+\lambda)$, which is at most $1/(2\sqrt\lambda)$
# however small $s_i$ is. That is why its curve has no peak: the peak does not belong to
# 200 features as such, but to 200 features without a regularizer.
#
# ## And in networks that are trained?
#
# Fixed random features are a simple model of a network. Now we train whole networks: one
# hidden layer of 4 to 64 units on 500 digits, full batches, AdamW without weight decay,
# eight seeds with their own digits, twice: with true labels, and with 20 % of the
# training labels made false. Test labels are always true.

# %% predict
predict(
    "bias-variance.networks",
    "In which of the two will the test error of trained networks have a peak?",
    ["In both", "Only with true labels", "Only with false labels", "In neither"],
)


# %% experiment
def digit_data(rate):
    """Return eight training sets of 500 digits with false labels, and 900 to test."""
    train_x, train_y, test_x, test_y = [], [], [], []
    for seed in SEEDS:
        coins = torch.Generator().manual_seed(400 + seed)
        order = torch.randperm(len(digits), generator=coins)
        seen, unseen = order[:500], order[500:1400]
        train_x.append(digits[seen].float())
        train_y.append(data.corrupt_labels(digit_names[seen], 10, rate, coins)[0])
        test_x.append(digits[unseen].float())
        test_y.append(digit_names[unseen])
    four = (torch.stack(part).to(DEVICE) for part in (train_x, train_y, test_x, test_y))
    return tuple(four)


def network_errors(width, rate):
    """Return test errors in %, (seeds, 2), after 250 and 1,000 steps; training's last."""
    train_x, train_y, test_x, test_y = digit_data(rate)
    trained = train_population(
        lambda: mlp((64, width, 10)),
        (train_x, train_y),
        own_data={"train": "xy", "val": "xy"},
        seeds=SEEDS,
        steps=1000,
        record_every=250,
        batch_size=500,
        lr=0.01,
        val=(test_x, test_y),
    )
    percent = 100 - 100 * trained.val_accuracy.T.cpu()  # (seeds, 4 records)
    return percent[:, [0, -1]], 100 - 100 * trained.train_accuracy[-1].cpu()


# %% experiment
hidden_units, rates = (4, 6, 12, 16, 32, 64), (0.2, 0.0)
networks = {
    (width, rate): network_errors(width, rate)
    for rate in rates
    for width in (hidden_units if rate else (4, 6, 12, 64))
}

# %% figure
fig, axs = plots.figure(2, sharey=True)
noisy_curves = torch.stack([networks[w, 0.2][0] for w in hidden_units])  # (6, 8, 2)
clean_curves = torch.stack([networks[w, 0.0][0] for w in (4, 6, 12, 64)])
train_curve = torch.stack([networks[w, 0.2][1] for w in hidden_units])
for k, (n_steps, line) in enumerate(((250, "--"), (1000, "-"))):
    name = f"test, {n_steps:,} steps"
    style = {"color": plots.TREATMENTS["false labels"], "linestyle": line}
    plots.band(hidden_units, noisy_curves[..., k].T, label=name, color=style, ax=axs[0])
plots.band(
    *(hidden_units, train_curve.T),
    label="training, 1,000 steps",
    color={"color": "#1a1a1a", "linestyle": ":"},
    ax=axs[0],
)
plots.band(
    *((4, 6, 12, 64), clean_curves[..., 1].T),
    label="test, 1,000 steps",
    color=plots.TREATMENTS["true labels"],
    ax=axs[1],
)
for ax in axs:
    ax.set(
        xscale="log", xlabel="hidden units (log scale)", ylim=(0, 50), xlim=(3.7, 70)
    )
    ax.set_xticks([4, 6, 12, 32, 64], ["4", "6", "12", "32", "64"])
    ax.minorticks_off()
axs[0].set_ylabel("error (%)")
axs[0].set_title("20 % false: a peak as training error nears 0")
axs[1].set_title("True labels: no peak")
plots.show(
    fig,
    alt="Error over the hidden units. With 20 % false labels the test error falls, "
    "rises to a peak near 12 units, as the training error nears 0, and falls again; "
    "after 250 steps the peak is lower than after 1,000. With true labels it only falls.",
    after="bias-variance.networks",
)

# %% results
noisy_end = {w: networks[w, 0.2][0][:, -1] for w in hidden_units}
clean_end = {w: networks[w, 0.0][0][:, -1] for w in (4, 6, 12, 64)}
with results(varies="8 draws of digits, false labels and initializations") as table:
    names = {f"{w} units": noisy_end[w] for w in (4, 6, 12, 64)}
    table.arms(names, paired_with="12 units", unit="% error, 20 % false", digits=1)
    claim(
        "bias-variance.net-peak",
        "With false labels, 12 units err more than 6 and more than 64.",
        noisy_end[12] - torch.maximum(noisy_end[6], noisy_end[64]),
        "> 0",
        unit="points",
    )
    claim(
        "bias-variance.net-clean",
        "With true labels, 12 units err less than 4.",
        clean_end[12] - clean_end[4],
        "< 0",
        unit="points",
    )
    recall("bias-variance.networks", 3)

# %% [markdown]
# With false labels the peak is there in trained networks, too. It does not stand where
# the parameters equal the examples (12 units have 910 parameters, for 500 pictures),
# but where the training error nears zero and the network becomes *just* able to fit its
# labels. A likely reason is that there it has hardly a choice how to fit them, while
# wider networks have many ways.
#
# <details><summary>Why the peak is compared with 6 units and not with 4</summary>
#
# Some networks of 4 units get stuck, and eight seeds do not decide about them.
#
# </details>
#
# The two test curves on the left show what else moves it. After 250 steps the curve is
# flatter, and its highest point lies at a larger width, for a short training does not
# get as far as fitting every false label: again time acts as a regularizer. With true
# labels we see no peak at these widths, for there are no false labels to fit. This
# agrees with Nakkiran and others (2021), who saw the peak of deep networks grow with
# false labels and with training time, and called the right count *effective model
# complexity*: the largest number of examples that a training procedure can fit. It is a
# third answer to Fermi, after $d$ and $\mathrm{df}$.
#
# ## See it happen
#
# A network with one hidden layer of fixed random units; the output weights are trained
# by gradient descent. Press **Play** to let a million epochs pass, and watch the dots on
# both curves. Then look for two settings: one in which a million epochs do no harm, and
# one in which a thousand are too many. (The noise slider will help.)

# %% demo
demos_overfitting.training_scene().show()

# %% [markdown]
# ## Reading learning curves
#
# Outside this notebook nobody hands you the truth, or 200 data sets. What you have is a
# curve on training data and one on validation data. Here are three networks on the
# pictures of clothes. Guessing costs $\ln 10 \approx 2.30$ nats.

# %%
noisy_names = data.corrupt_labels(clothes.y, 10, 0.2, torch.Generator().manual_seed(5))[
    0
]
plans = {
    "one unit": ((196, 1, 10), clothes.y, 20),
    "100 units, few epochs": ((196, 100, 10), clothes.y, 6),
    "20 % false labels": ((196, 100, 100, 10), noisy_names, 40),
}
histories = {}
for plan, (layers, target, n_epochs) in plans.items():
    torch.manual_seed(0)
    adamw = partial(torch.optim.AdamW, lr=3e-3)
    net, examples = mlp(layers), (clothes.x, target)
    histories[plan] = fit(net, examples, epochs=n_epochs, val=held_out, optimizer=adamw)

# %% figure
fig, axs = plots.figure(3, sharey=True)
told = ("both stay high", "both fall", "they part")
for ax, (plan, history), what in zip(axs, histories.items(), told, strict=True):
    plots.curves(history, ax=ax).set_title(f"{plan}: {what}", fontsize=11)
plots.show(
    fig,
    alt="Loss curves of three networks. One unit: both stay high. 100 units, few epochs: "
    "both fall together. 20 % false labels: training falls, validation turns up.",
)

# %%
ends = {plan: (h.train_loss[-1], h.val_loss[-1]) for plan, h in histories.items()}
for plan, (seen_loss, held_loss) in ends.items():
    print(
        f"{plan:22} last losses: training {seen_loss:.2f}, validation {held_loss:.2f}"
    )

# %% [markdown]
# The first network is bad on its own training data: it *underfits*. One hidden unit can
# only order the pictures along a line, and no single line keeps ten kinds of clothes
# apart. The second is good on what it has seen and nearly as good on what it has not.
# The third gets better and better in training while validation turns upward: it
# *overfits*.
#
# <details><summary>Why its validation loss begins below its training loss</summary>
#
# Its training labels are partly false and its validation labels true, so at the
# beginning its validation loss is the *lower* one.
#
# </details>
#
# Here are the signs side by side:
#
# | | Underfitting | Good fit | Overfitting |
# |---|---|---|---|
# | training loss | stays high | low | very low, and still falling |
# | validation loss | high, near the training loss | low, near the training loss | falls, then turns upward |
# | gap between them | small | small | large, and growing |
# | what usually dominates | bias | neither | variance |
# | what to try first | a larger network, more steps, less regularization | nothing: measure it on the test set | more data, regularization, an earlier stop |
#
# The third row is the one that deceives. A small gap is found in the first column and in
# the second, so it says nothing until you have looked at the training loss. A rule that
# decides between the three needs thresholds; ours are conventions.
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
# Look: what do you say about the three networks above, if 0.7 nats are acceptable?

# %% look
look(
    lambda: [
        diagnose(history.train_loss, history.val_loss, 0.7)
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
# 1. The expected squared error on a new example is bias² + variance + noise. The
#    examples hold a flexible fit to the truth only where they lie; between them
#    regularization has to.
# 2. Parameters are not the price: each *effective* parameter of a linear fit makes the
#    training error flatter by 2σ²/n, and a penalty lowers their number. In our trained
#    networks the variance rose with the training time, but hardly with the width.
# 3. A network can learn random labels by heart, but learns true ones first. The peak of
#    double descent stands where a fit is just possible, and ridge removes it.
#
# **Pitfalls**
#
# - Bias and variance belong to a *procedure* over many data sets, not to one fit.
# - Error at the training inputs, even against the truth, hides what happens elsewhere.
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
# - Dyson (2004). *A meeting with Enrico Fermi.* [Nature 427,
#   297](https://doi.org/10.1038/427297a)
# - Geman, Bienenstock, Doursat (1992). *Neural networks and the bias/variance dilemma.*
#   [Neural Computation 4](https://doi.org/10.1162/neco.1992.4.1.1)
# - Neal, Mittal, Baratin, Tantia, Scicluna, Lacoste-Julien, Mitliagkas (2018). *A modern
#   take on the bias-variance tradeoff in neural networks.*
#   [arXiv:1810.08591](https://arxiv.org/abs/1810.08591)
# - Hoerl, Kennard (1970). *Ridge regression: biased estimation for nonorthogonal
#   problems.* [Technometrics 12](https://doi.org/10.1080/00401706.1970.10488634)
# - Hastie, Tibshirani, Friedman (2009). *The elements of statistical learning*, sections
#   3.4.1 and 7.4. [Springer](https://doi.org/10.1007/978-0-387-84858-7)
# - Stone (1974). *Cross-validatory choice and assessment of statistical predictions.*
#   [J. R. Stat. Soc. B 36](https://doi.org/10.1111/j.2517-6161.1974.tb00994.x)
# - Kohavi (1995). *A study of cross-validation and bootstrap for accuracy estimation and
#   model selection.* [IJCAI 14](https://www.ijcai.org/Proceedings/95-2/Papers/016.pdf)
# - scikit-learn. *Cross-validation: evaluating estimator performance.*
#   [scikit-learn.org](https://scikit-learn.org/stable/modules/cross_validation.html)
# - Efron (1986). *How biased is the apparent error rate of a prediction rule?*
#   [JASA 81](https://doi.org/10.1080/01621459.1986.10478291)
# - Zhang, Bengio, Hardt, Recht, Vinyals (2017). *Understanding deep learning requires
#   rethinking generalization.* [arXiv:1611.03530](https://arxiv.org/abs/1611.03530)
# - Arpit and colleagues (2017). *A closer look at memorization in deep networks.*
#   [arXiv:1706.05394](https://arxiv.org/abs/1706.05394)
# - Rolnick, Veit, Belongie, Shavit (2017). *Deep learning is robust to massive label
#   noise.* [arXiv:1705.10694](https://arxiv.org/abs/1705.10694)
# - Xiao, Rasul, Vollgraf (2017). *Fashion-MNIST.*
#   [arXiv:1708.07747](https://arxiv.org/abs/1708.07747)
# - Wilson (1927). *Probable inference, the law of succession, and statistical
#   inference.* [JASA 22](https://doi.org/10.1080/01621459.1927.10502953)
# - Cover (1965). *Geometrical and statistical properties of systems of linear
#   inequalities.* [IEEE EC-14](https://doi.org/10.1109/PGEC.1965.264137)
# - Belkin, Hsu, Ma, Mandal (2019). *Reconciling modern machine-learning practice and the
#   classical bias–variance trade-off.*
#   [arXiv:1812.11118](https://arxiv.org/abs/1812.11118)
# - Nakkiran, Kaplun, Bansal, Yang, Barak, Sutskever (2021). *Deep double descent.*
#   [arXiv:1912.02292](https://arxiv.org/abs/1912.02292)
#
# **Next:**
# [02 · Dropout from scratch](../02_dropout_from_scratch/02_dropout_from_scratch.ipynb)
# switches off units at random while a network learns, and measures when that keeps it
# from learning false labels by heart.
