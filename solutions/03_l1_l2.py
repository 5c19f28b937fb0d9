# %% [markdown]
# # 03 · Should a network pay for every weight it uses?
#
# A network is free to use any weight it likes. In this notebook each weight gets a
# price, and you see what the network then chooses not to buy.
#
# After it you can
#
# 1. write the L2, L1 and elastic-net penalties, and say *which* of three conventions
#    somebody's "λ = 0.01" means;
# 2. explain why L1 in the loss leaves no exact zeros, and write the proximal step
#    that does;
# 3. choose between L1, L2 and max-norm, with measurements of when each one fails.
#
# **Before:** `01_bias_variance` (ridge regression), a PyTorch training loop.
# **Time:** about 90 minutes of your own; the code runs for about a minute on a slow
# CPU.

# %% setup
import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import l1_l2 as figures
from helpers.demos.playground import playground
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

plots.use_course_style()
check = load("03_l1_l2")

# %%
SEEDS = range(24)  # of the linear problems
NET_SEEDS = range(8)  # of the networks
STRENGTHS = [10 ** (k / 4) for k in range(-10, 0)]  # 0.003 to 0.56
DEVICE = device()
torch.set_num_threads(1)  # all is small here: a second thread would get in the way

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("03_l1_l2")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## 1 · The price of a weight
#
# A penalty adds the price of the weights to the loss of the data:
#
# $$
# J(\mathbf{w}) = \text{data loss}(\mathbf{w}) + \text{penalty}(\mathbf{w}).
# $$
#
# **L2** charges for squares, **L1** for absolute values. With strength
# $\lambda$ (`strength` in code),
#
# $$
# \text{L2} = \frac{\lambda}{2} \sum_j w_j^2, \qquad
# \text{L1} = \lambda \sum_j |w_j|.
# $$
#
# The ½ is there for one reason: the gradient of L2 is then simply
# $\lambda \mathbf{w}$. The gradient of L1 is $\lambda\,\mathrm{sign}(\mathbf{w})$.
# Remember these two. Everything in this notebook follows from them: L2 pulls large
# weights hard and small ones hardly at all, L1 pulls all of them equally.
#
# ### One number, three meanings
#
# Papers and libraries agree on the name of λ and on nothing else. For a regression
# with the mean squared error you meet
#
# | convention | who | penalty | goes with |
# |---|---|---|---|
# | half | this course, `weight_decay` of `torch.optim.SGD` | $\frac{\lambda}{2}\sum w^2$ | the *mean* of the losses |
# | whole | `keras.regularizers.L2` | $\lambda\sum w^2$ | the *mean* of the losses |
# | sum | `sklearn.linear_model.Ridge` (`alpha`) | $\lambda\sum w^2$ | the *sum* of the losses |
#
# The optimum of all three can be written down. With $n$ examples it solves
# $(\mathbf{X}^\top\mathbf{X} + a\mathbf{I})\,\mathbf{w} = \mathbf{X}^\top\mathbf{y}$,
# where $a$ is $n\lambda/2$, $n\lambda$ and $\lambda$.
#
# The first cell prints the length of the weights for λ = 1 in each convention; the true
# weights are five ones, of length $\sqrt 5 \approx 2.24$. The second runs torch's SGD
# with `weight_decay` until it no longer moves: where does it end?


# %%
def ridge(x, y, a):
    """Solve (XᵀX + a·I) w = Xᵀy for w (d,)."""
    return torch.linalg.solve(x.T @ x + a * torch.eye(x.shape[1]).to(x), x.T @ y)


generator = torch.Generator().manual_seed(0)
x = torch.randn(200, 5, generator=generator, dtype=torch.float64)
y = x.sum(1) + torch.randn(200, generator=generator, dtype=torch.float64)
n, strength = len(x), 1.0
solutions = {"half": n * strength / 2, "whole": n * strength, "sum": strength}
solutions = {name: ridge(x, y, a) for name, a in solutions.items()}
for name, w in solutions.items():
    print(f"{name:6} length of the weights {w.norm():.3f}")

# %%
w = torch.zeros(5, dtype=torch.float64, requires_grad=True)
sgd = torch.optim.SGD([w], lr=0.1, weight_decay=strength)
for _ in range(300):
    sgd.zero_grad()
    F.mse_loss(x @ w, y).backward()
    sgd.step()


# %% results
with results():
    claim(
        "l1_l2.sgd-decay-is-half",
        "SGD with weight_decay ends at the optimum of the convention with the ½.",
        float((w.detach() - solutions["half"]).abs().max()),
        "within 1e-6",
        unit="largest difference of a weight",
    )

# %% [markdown]
# One and the same "λ = 1" is a firm hand, a heavy one, or next to nothing. SGD keeps to
# the first. So before you copy a λ from a paper, look up two things: **is there a ½, and
# is the loss a mean or a sum?** Beside a sum, the same λ gets weaker as the data grow.
#
# ### Exercise 3.1 · L2 and L1 penalties (2 points, ~10 min)
#
# **Given** a `model` and a `strength`. **Return** the penalty as a 0-dim tensor that
# can be differentiated, over *weights only*: the parameters with 2 or more dims. Biases
# and the scales of normalisation layers have one dim; they are free. A tensor that two
# layers share counts once. Both functions go into the one cell.
#
# **By hand:** `nn.Linear(2, 1)` with weight [[3, -4]] and any bias, strength 2: L2 is
# 2/2 · (9 + 16) = 25 and L1 is 2 · (3 + 4) = 14.
#
# <details><summary>Hint 1</summary>
# <code>model.parameters()</code> gives every parameter, shared ones once.
# <code>p.dim()</code> tells how many dims one has.
# </details>
# <details><summary>Hint 2</summary>
# Add up 0-dim tensors with Python's <code>sum</code>; it starts from 0. Stay in torch:
# <code>.item()</code>, <code>.data</code> and <code>no_grad</code> lose the gradient.
# </details>
# <details><summary>Hint 3</summary>
# <code>strength / 2 * sum(p.pow(2).sum() for p in … if …)</code>, and the same with
# <code>p.abs()</code> and without the ½.
# </details>


# %% solution="l2_penalty"
def l2_penalty(model: nn.Module, strength: float) -> torch.Tensor:
    """Return (strength/2) · Σw² over the parameters with 2 or more dims.

    Args:
        model: any module; parameters with fewer than 2 dims are free.
        strength: L2 strength, ≥ 0.

    Returns:
        A 0-dim tensor, differentiable with gradient strength · w. About 2 lines.

    Example: weight [[3, -4]], strength 2 -> 25.
    """
    ### BEGIN SOLUTION
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return strength / 2 * sum(w.pow(2).sum() for w in weights)
    ### END SOLUTION


def l1_penalty(model: nn.Module, strength: float) -> torch.Tensor:
    """Return strength · Σ|w| over the parameters with 2 or more dims.

    Args:
        model: any module; parameters with fewer than 2 dims are free.
        strength: L1 strength, ≥ 0.

    Returns:
        A 0-dim tensor, differentiable with gradient strength · sign(w). About 2 lines.

    Example: weight [[3, -4]], strength 2 -> 14.
    """
    ### BEGIN SOLUTION
    weights = [p for p in model.parameters() if p.dim() >= 2]
    return strength * sum(w.abs().sum() for w in weights)
    ### END SOLUTION


# %% look
layer = nn.Linear(2, 1)
nn.utils.vector_to_parameters(torch.tensor([3.0, -4.0, 7.0]), layer.parameters())
look(lambda: [f(layer, 2.0) for f in (l2_penalty, l1_penalty)], [25.0, 14.0])

# %% [markdown]
# If the numbers agree, let the check try other networks: convolutions, norms, shared
# weights. The figure after it belongs to the next section: all pairs of two weights that
# cost the same, for three mixtures of L1 and L2.

# %% test="l2_penalty" points=2
check.l2_penalty(l2_penalty, l1_penalty)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("03_l1_l2").l2_penalty(l2_penalty, l1_penalty, seed=48_271)
### END HIDDEN TESTS

# %% figure
plots.show(
    figures.equal_prices((1.0, 0.5, 0.0)),
    alt="Lines of equal price: diamonds for L1, circles for L2, rounded diamonds for "
    "the elastic net. L1's corners lie on the axes.",
)

# %% [markdown]
# ## 2 · Both at once: the elastic net
#
# L1 and L2 can share the bill (Zou and Hastie 2005). One number says how much of it
# is L1:
#
# $$
# \text{elastic net} = \lambda \Big( \rho \sum_j |w_j|
# + \frac{1 - \rho}{2} \sum_j w_j^2 \Big),
# $$
#
# with $\lambda$ = `strength` and $\rho$ = `l1_ratio` in [0, 1].
#
# A corner lies on an axis, where one weight is exactly 0. An optimum likes to sit in
# a corner: that is the geometry behind L1's zeros. The elastic net keeps the corners
# and rounds the sides. What that is good for is measured in section 6.
#
# ### Exercise 3.2 · Elastic net (1 point, ~5 min)
#
# **Given** a `model`, a `strength` and an `l1_ratio` in [0, 1]. **Return** the penalty
# above over weights only, as in 3.1: 0-dim and differentiable. Write it without
# calling your 3.1, so that a slip there costs nothing here.
#
# **By hand:** weight [[3, -4]], strength 2, l1_ratio 0.25:
# 2 · (0.25 · 7 + 0.375 · 25) = 22.25.
#
# <details><summary>Hint 1</summary>
# Two sums over the same weights, mixed by <code>l1_ratio</code>.
# </details>
# <details><summary>Hint 2</summary>
# Test yourself with the ends: <code>l1_ratio=1</code> must be pure L1,
# <code>l1_ratio=0</code> pure L2, with its ½.
# </details>
# <details><summary>Hint 3</summary>
# <code>strength * (l1_ratio * l1 + (1 - l1_ratio) / 2 * l2)</code>, where
# <code>l1</code> and <code>l2</code> are the sums of |w| and of w².
# </details>


# %% solution="elastic_net_penalty"
def elastic_net_penalty(
    model: nn.Module, strength: float, l1_ratio: float
) -> torch.Tensor:
    """Return strength · (l1_ratio · Σ|w| + (1 - l1_ratio)/2 · Σw²) over weights.

    Args:
        model: any module; only parameters with 2 or more dims count.
        strength: total strength, ≥ 0.
        l1_ratio: share of L1, in [0, 1].

    Returns:
        A 0-dim tensor, differentiable. About 4 lines.

    Example: weight [[3, -4]], strength 2, l1_ratio 0.25 -> 22.25.
    """
    ### BEGIN SOLUTION
    weights = [p for p in model.parameters() if p.dim() >= 2]
    l1 = sum(w.abs().sum() for w in weights)
    l2 = sum(w.pow(2).sum() for w in weights)
    return strength * (l1_ratio * l1 + (1 - l1_ratio) / 2 * l2)
    ### END SOLUTION


# %% look
look(
    lambda: [elastic_net_penalty(layer, 2.0, ratio) for ratio in (0.0, 0.25, 1.0)],
    [25.0, 22.25, 14.0],
)

# %% [markdown]
# The look cell shows both ends and the middle. The check tries more.

# %% test="elastic_net_penalty" points=1
check.elastic_net_penalty(elastic_net_penalty)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("03_l1_l2").elastic_net_penalty(elastic_net_penalty, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# ## 3 · A penalty is an opinion
#
# Suppose you believe, before you see any data, that weights are small: each is drawn
# from a Gaussian with standard deviation $\tau$. The data have noise $\sigma$. The
# most probable weights, given both (the *MAP* estimate), minimise
#
# $$
# -\ln p(\mathbf{y} \mid \mathbf{w}) - \ln p(\mathbf{w})
# = \frac{1}{2\sigma^2} \lVert \mathbf{X}\mathbf{w} - \mathbf{y} \rVert^2
# + \frac{1}{2\tau^2} \lVert \mathbf{w} \rVert^2 + \text{const}.
# $$
#
# Multiply by $2\sigma^2$: that is ridge regression with $a = \sigma^2/\tau^2$. Do not
# take the algebra's word for it. At the ridge solution the true log posterior, written with
# `torch.distributions`, must have slope 0 (it is concave, so that is its top).

# %%
normal, sigma, slopes = torch.distributions.Normal, 1.0, []
for tau in torch.tensor([1.0, 0.1, 0.01]).to(x):
    w = ridge(x, y, sigma**2 / tau**2).requires_grad_()
    log_p = normal(x @ w, sigma).log_prob(y).sum() + normal(0, tau).log_prob(w).sum()
    log_p.backward()
    slopes.append(w.grad.abs().max())
    print(f"τ = {tau:<5g} a = {sigma**2 / tau**2:<6.0f} mean weight {w.mean():.3f}")


# %% results
with results():
    claim(
        "l1_l2.map-is-ridge",
        "The ridge solution with a = σ²/τ² is the most probable one under a Gaussian prior.",
        float(max(slopes)),
        "within 1e-6",
        unit="slope of the log posterior",
    )

# %% [markdown]
# L2 *is* a Gaussian prior: ten times narrower is a hundred times stronger, and a prior
# far too narrow overrules 200 examples. In the same way L1 is a Laplace prior,
# $p(w) \propto e^{-|w|/b}$, with a sharp peak at 0 and long tails. Only the *peak* of the
# posterior is sparse, though: samples from a Laplace prior are never exactly 0. The
# zeros belong to the optimum, not to the belief.
#
# ## 4 · What L1 does to one weight
#
# Say the data alone want a weight to be $w$. What is the best compromise with L1?
#
# $$
# \mathrm{prox}(w) = \arg\min_v \; \tfrac{1}{2} (v - w)^2 + t\,|v|.
# $$
#
# This is the *proximal map* of L1. Let us find it the stupid way, by trying 4,001
# values of $v$ for a threshold $t = 1$.

# %%
v = torch.linspace(-4, 4, 4001, dtype=torch.float64)
for w in (3.0, 1.5, 0.7, -0.2, -3.0):
    cost = 0.5 * (v - w) ** 2 + v.abs()
    print(f"w = {w:4}: the best v is {round(v[cost.argmin()].item(), 2) + 0.0:4}")

# %% [markdown]
# Large weights lose exactly the threshold. Small ones become 0, and not nearly 0.
# The slope of $|v|$ is why: it stays $t$ all the way down, so a pull weaker than $t$
# cannot lift a weight off the ground.
#
# With two weights the same fact becomes a picture. Blue is a line of equal loss, an ellipse
# around what the data alone want (the ring). Orange is a line of equal penalty: a diamond
# for L1, a circle for L2. The best compromise lies where the two touch, since anywhere else
# one could lower one of them and leave the other as it is. Press **Play** and watch the
# black dot while the strength grows. On the left it runs into a *corner* of the diamond,
# where weight 2 is zero, and stays on the axis from there on. On the circle there is no
# corner to run into. Then make the features correlated, and look for a setting in which
# even L1 keeps both weights for long.

# %% demo
figures.scene().show()

# %% [markdown]
# A corner sticks out, so ellipses from many directions meet the diamond there first; a
# circle has no preferred place, and an axis is met only by chance. The panel on the right
# shows one weight alone: the flat part of the blue line is the corner's doing.
#
# ### Exercise 3.3 · Soft threshold (2 points, ~8 min)
#
# **Given** a tensor `w` of any shape and a `threshold` ≥ 0. **Return** the proximal map
# of each entry, same shape and dtype, with exact zeros; `w` itself stays as it is.
#
# **By hand:** threshold 1 turns [3, -3, 0.5] into [2, -2, 0].
#
# <details><summary>Hint 1</summary>
# Think of |w| and of the sign of w apart. What happens to |w|?
# </details>
# <details><summary>Hint 2</summary>
# |w| loses the threshold but never gets below 0: <code>.clamp(min=0)</code>. Then give
# the sign back.
# </details>
# <details><summary>Hint 3</summary>
# <code>w.sign() * (w.abs() - threshold)…</code>, clamped.
# </details>


# %% solution="soft_threshold"
def soft_threshold(w: torch.Tensor, threshold: float) -> torch.Tensor:
    """Return sign(w) · max(|w| - threshold, 0), the proximal map of L1.

    Args:
        w: floating tensor of any shape; not modified.
        threshold: ≥ 0; 0 gives w.

    Returns:
        A tensor like w. About 1 line.

    Example: [3, -3, 0.5], threshold 1 -> [2, -2, 0].
    """
    ### BEGIN SOLUTION
    return w.sign() * (w.abs() - threshold).clamp(min=0)
    ### END SOLUTION


# %% look
def draw(yours, target):
    ax = plots.compare(yours, target, kind="lines")
    ax.set(
        title="soft_threshold(w, 1)", xlabel="w, from -3 to 3 (index)", ylabel="result"
    )
    plots.show(ax.figure, alt="Your soft threshold over the expected one.")


steps = torch.linspace(-3, 3, 61)
look(lambda: soft_threshold(steps, 1.0), F.softshrink(steps, 1.0), draw=draw)

# %% [markdown]
# Your curve should lie on torch's. The check tries negative weights, a threshold of 0
# and exact zeros. The figure after it shows what L2 does to the same weight (its proximal
# map is w/(1+λ)), and the hard threshold, which only cuts.

# %% test="soft_threshold" points=2
check.soft_threshold(soft_threshold)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("03_l1_l2").soft_threshold(soft_threshold, seed=48_271)
### END HIDDEN TESTS

# %% figure
plots.show(
    figures.shrink_maps(1.0),
    alt="Left: prices λ|w| and λw²/2; the parabola is flat at 0. Right: the soft "
    "threshold is 0 between -1 and 1 and shifted outside, L2 is a line with half the "
    "slope, the hard threshold jumps at 1.",
)

# %% [markdown]
# L2 multiplies every weight by the same factor: a nonzero weight never becomes zero.
# L1 subtracts the same amount from every weight: small ones are gone, large ones
# merely biased.
#
# ## 5 · The naive way: put L1 into the loss
#
# Autograd can differentiate $|w|$, so why not add the penalty to the loss and train?
# Our test bed is a sparse truth: 50 features, of which 10 count. Noise has standard
# deviation 1.
#
# All 24 problems train at once: the losses are summed, so no problem feels another. The
# data loss is *half* the mean squared error, as usual for the lasso (Tibshirani 1996).


# %%
def sparse_problem(seed, n, real=10, features=50):
    """Draw x (n, features), y (n,), and true weights of which `real` are not 0."""
    g = torch.Generator().manual_seed(seed)
    truth = torch.zeros(features)
    at = torch.randperm(features, generator=g)[:real]
    sign = 2.0 * torch.randint(2, (real,), generator=g) - 1
    truth[at] = sign * (0.5 + torch.rand(real, generator=g))
    x = torch.randn(n, features, generator=g)
    return x, x @ truth + torch.randn(n, generator=g), truth


def problems(n, **options):
    """Stack the problems of all seeds: x (S, n, d), y (S, n), truth (S, d)."""
    drawn = [sparse_problem(seed, n, **options) for seed in SEEDS]
    return [torch.stack(parts) for parts in zip(*drawn, strict=True)]


# %%
def train_with_autograd(x, y, strength, optimizer, lr, steps=1000):
    """Minimise ½·MSE + strength·Σ|w| with autograd; weights (S, d)."""
    w = torch.zeros(x.shape[0], x.shape[2], requires_grad=True)
    opt = optimizer([w], lr=lr)
    for _ in range(steps):
        opt.zero_grad()
        error = torch.einsum("snd,sd->sn", x, w) - y
        loss = 0.5 * error.pow(2).mean(1) + strength * w.abs().sum(1)  # (S,)
        loss.sum().backward()
        opt.step()
    return w.detach()


# %% predict
predict(
    "03_l1_l2.autograd-zeros",
    "After 1,000 steps of SGD with L1 in the loss: how many of the 40 useless weights "
    "are exactly 0, on average?",
    ["Nearly all 40.", "About half.", "Nearly none."],
)

# %% [markdown]
# Which strength? Theory has a proposal for noise σ, d features and n examples:
# $\lambda = \sigma\sqrt{2 \ln d / n}$, about the largest pull that pure noise has on any
# of d useless weights (Donoho and Johnstone 1994).
#
# The run, with SGD and with Adam:

# %%
x, y, truth = problems(100)
useless = truth == 0
theory = (2 * torch.log(torch.tensor(50.0)) / 100).sqrt().item()
fits = {
    "SGD": train_with_autograd(x, y, theory, torch.optim.SGD, lr=0.05),
    "Adam": train_with_autograd(x, y, theory, torch.optim.Adam, lr=0.01),
}
for name, w in fits.items():
    print(f"{name:5} largest true weights of seed 0 come out as", end=" ")
    print(
        [round(v, 2) for v in w[0][truth[0].abs().topk(3).indices].tolist()],
        "| median useless weight",
        f"{w[useless].abs().median():.4f}",
    )

# %% [markdown]
# That looks good! The real weights are there, a typical useless one is tiny. It is
# tempting to stop here and call the result sparse. Count.


# %%
def zeros(w):
    """Return the number of useless weights that are exactly 0, one per seed."""
    return ((w == 0) & useless).sum(1).float()


for name, w in fits.items():
    print(f"{name:5} exact zeros per seed: {zeros(w).mean():.2f} of 40")


# %% results
with results():
    claim(
        "l1_l2.autograd-no-zeros",
        "L1 through autograd leaves (almost) none of 40 useless weights exactly 0.",
        torch.maximum(zeros(fits["SGD"]), zeros(fits["Adam"])),
        "within 1",
        unit="weights",
    )
    recall("03_l1_l2.autograd-zeros", 3)

# %% [markdown]
# Close to 0 the gradient of $\lambda|w|$ is still $\pm\lambda$: a step of size
# $\eta\lambda$ jumps over the zero, the next one jumps back. To hit 0 the numbers would
# have to match to the last bit.
#
# The way out is to treat the two parts differently: a gradient step for the data,
# then the *exact* solution for L1, which you already have:
#
# $$
# \mathbf{w} \leftarrow \mathrm{soft}\big(\mathbf{w} - \eta\,\mathbf{g},\; \eta\lambda\big).
# $$
#
# A step of length $\eta$ pays the price for a time of $\eta$, so the threshold is
# $\eta\lambda$. This is proximal gradient descent, or ISTA (Daubechies et al. 2004, Beck
# and Teboulle 2009).
#
# ### Exercise 3.4 · Proximal step (2 points, ~8 min)
#
# **Given** `weights`, the gradient `grad` of the *data loss*, the learning rate `lr`
# and the L1 `strength`. **Change `weights` in place**: gradient step first, then soft
# threshold. It may be an `nn.Parameter`; `grad` stays as it is. What you return does not
# matter. Use `F.softshrink` or your own words, not your 3.3.
#
# **By hand:** weights [1, 0.1], grad [1, 0.4], lr 0.5, strength 0.6: the step gives
# [0.5, -0.1], the threshold is 0.3, the result [0.2, 0].
#
# <details><summary>Hint 1</summary>
# <code>weights = weights - …</code> makes a new tensor and forgets the old one. What
# writes <em>into</em> a tensor? <code>.sub_()</code>, <code>.copy_()</code>,
# <code>[:] =</code>.
# </details>
# <details><summary>Hint 2</summary>
# A Parameter may be changed in place only while torch records no gradients:
# <code>with torch.no_grad():</code>.
# </details>
# <details><summary>Hint 3</summary>
# <code>weights.copy_(F.softshrink(weights - lr * grad, …))</code>: what is the
# threshold?
# </details>


# %% solution="proximal_step_"
def proximal_step_(
    weights: torch.Tensor, grad: torch.Tensor, lr: float, strength: float
) -> None:
    """Do one step of proximal gradient descent for L1, in place.

    Args:
        weights: tensor or nn.Parameter, any shape; changed in place.
        grad: gradient of the data loss, same shape; not modified.
        lr: learning rate, > 0.
        strength: L1 strength, ≥ 0; the threshold is lr · strength.

    About 2 lines.

    Example: [1, 0.1] with grad [1, 0.4], lr 0.5, strength 0.6 -> [0.2, 0].
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        weights.copy_(F.softshrink(weights - lr * grad, lr * strength))
    ### END SOLUTION


# %% look
def after_one_step():
    w = torch.tensor([1.0, 0.1])
    proximal_step_(w, torch.tensor([1.0, 0.4]), 0.5, 0.6)
    return w


look(after_one_step, torch.tensor([0.2, 0.0]))

# %% [markdown]
# The check uses a Parameter too.

# %% test="proximal_step_" points=2
check.proximal_step_(proximal_step_)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("03_l1_l2").proximal_step_(proximal_step_, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# The same 24 problems with proximal steps. The gradient of the data loss is
# $\mathbf{X}^\top(\mathbf{X}\mathbf{w} - \mathbf{y})/n$, the learning rate the largest
# that is safe. An L2 part can be added: its gradient is smooth, so it goes with the data.
#
# Strength and data are those of the naive run. The figure shows the weights of the
# first seed, sorted by size; a zero cannot be drawn on a log axis, so a line ends where
# the zeros begin.


# %%
def fit_linear(x, y, l1=0.0, l2=0.0, steps=1000):
    """Minimise ½·MSE + l1·Σ|w| + (l2/2)·Σw² for all seeds at once; weights (S, d)."""
    n = x.shape[1]
    gram, target = x.mT @ x / n, x.mT @ y[..., None] / n  # (S, d, d), (S, d, 1)
    lr = 1 / (torch.linalg.eigvalsh(gram).max().item() + l2)
    w = torch.zeros_like(target)
    for _ in range(steps):
        w = F.softshrink(w - lr * (gram @ w - target + l2 * w), lr * l1)
    return w.squeeze(-1)


# %%
fits["proximal"] = fit_linear(x, y, l1=theory)
print(f"proximal: {zeros(fits['proximal']).mean():.1f} of 40 useless weights are 0")


# %% results
with results():
    claim(
        "l1_l2.proximal-zeros",
        "Proximal steps set most of the 40 useless weights exactly to 0.",
        zeros(fits["proximal"]),
        "> 30",
        unit="weights",
    )


# %% figure
first = {name: w[0] for name, w in fits.items()}
plots.show(
    figures.sorted_sizes(first, step=0.05 * theory),
    alt="Sizes of 50 sorted weights. The proximal line ends after the weights that are "
    "not 0; SGD and Adam go on with small nonzero weights to rank 50.",
)

# %% [markdown]
# The large weights coincide. Then the proximal line ends and the other two go on to
# rank 50, jittering at about the length of one step of L1 and below. If you need exact
# zeros, to prune or to read off which features count, you need the proximal step. Or a
# cut-off that you would have to justify.
#
# ## 6 · Finding the ten real features
#
# Call a feature *found* if its weight is not 0. **Precision**: how many of the found
# are real. **Recall**: how many of the real are found. Both are fractions in [0, 1].
#
# Ten strengths, 24 seeds, L1 and L2: 100 examples to train, 200 to choose the
# strength, 1,000 to measure the error in the end. The figure follows both penalties from
# weak to strong.


# %%
def precision_recall(w, truth):
    """Return precision and recall of the support of w, one per seed: (S,), (S,)."""
    found, real = w != 0, truth != 0
    hits = (found & real).sum(1).double()
    return hits / found.sum(1).clamp(min=1), hits / real.sum(1)


# %% predict
predict(
    "03_l1_l2.validation",
    "You choose the L1 strength that predicts best on validation data. What share of "
    "the features that it finds is real?",
    ["More than 90 %.", "About 70 %.", "Less than half."],
)


# %%
def strength_path(kind, x, y):
    """Fit with every strength: weights (strengths, S, d)."""
    return torch.stack([fit_linear(x, y, **{kind: s}) for s in STRENGTHS])


def mean_squared_error(w, x, y):
    """Return one error per seed (and per strength, if w has them): (..., S)."""
    return (torch.einsum("snd,...sd->...sn", x, w) - y).pow(2).mean(-1)


x, y, truth = problems(1300)
paths = {kind: strength_path(kind, x[:, :100], y[:, :100]) for kind in ("l1", "l2")}
scores = {}
for kind, path in paths.items():
    pairs = [precision_recall(w, truth) for w in path]
    scores[kind.upper()] = [torch.stack(s, 1) for s in zip(*pairs, strict=True)]
plots.show(
    figures.recovery(
        STRENGTHS,
        scores,
        mark=theory,
        titles=["L1 trades recall for precision", "L2 calls all 50 features real"],
    ),
    alt="Left, L1: precision rises with the strength, recall stays near 1 and falls at "
    "the end. Right, L2: recall 1 and precision 0.2 at every strength. A grey line marks "
    "the strength that theory proposes.",
    after="03_l1_l2.validation",
)

# %% [markdown]
# L1 trades recall for precision; the grey line is the strength of theory. L2 sets nothing
# to 0, so it "finds" all 50 features and is right about 10. Now L1 in numbers, at the
# strength of theory and at the one that predicts best on validation data.


# %%
def best_fit(kind, x, y, n=100):
    """Fit on the first n examples, choose the strength on examples 100 to 299: (S, d)."""
    path = strength_path(kind, x[:, :n], y[:, :n])
    errors = mean_squared_error(path, x[:, 100:300], y[:, 100:300])  # (strengths, S)
    return path[errors.argmin(0), torch.arange(len(SEEDS))]


chosen = {kind: best_fit(kind, x, y) for kind in ("l1", "l2")}
by_theory = precision_recall(fit_linear(x[:, :100], y[:, :100], l1=theory), truth)
by_validation = precision_recall(chosen["l1"], truth)
for name, scores in {"theory": by_theory, "validation": by_validation}.items():
    print(
        f"L1 by {name:10}",
        "precision {}, recall {}".format(*map(mean_interval, scores)),
    )

# %% results
with results():
    claim(
        "l1_l2.support-precision",
        "At the strength of theory most features that L1 finds are real.",
        by_theory[0],
        "> 0.75",
        unit="precision",
    )
    claim(
        "l1_l2.support-recall",
        "At that strength L1 finds nearly all of the real ones.",
        by_theory[1],
        "> 0.95",
        unit="recall",
    )
    claim(
        "l1_l2.l2-precision",
        "L2 has no zeros: its precision is the share of real features, 10 of 50.",
        precision_recall(chosen["l2"], truth)[0],
        "between 0.19 0.21",
    )
    claim(
        "l1_l2.validation-precision",
        "At the strength that predicts best, less than half of what L1 finds is real.",
        by_validation[0],
        "< 0.5",
        unit="precision",
    )
    recall("03_l1_l2.validation", 3)

# %% [markdown]
# The last one surprises many. **The best strength for predicting is not the best for
# selecting** (Meinshausen and Bühlmann 2006 prove it): L1 also shrinks the *real*
# weights, so good predictions ask for a weak penalty, and that lets false features in.
# Cross-validated L1 is a filter that loses little, not a list of causes.
#
# ### Is L2 blind, then?
#
# It has no zeros, but it may still *rank* features. Take the ten largest weights of
# each method. And since 100 examples for 50 features is comfortable, try 40 as well.
#
# And who predicts better, by the error on the 1,000 fresh examples? For this sparse truth,
# and for a *dense* one in which all 50 features count.


# %%
def hits_in_top_ten(w, truth):
    """Return the share of real features among the ten largest weights, (S,)."""
    top = w.abs().topk(10, dim=1).indices
    return (truth != 0).gather(1, top).double().mean(1)


top = {
    f"{kind.upper()}, n={n}": hits_in_top_ten(best_fit(kind, x, y, n), truth)
    for n in (100, 40)
    for kind in ("l1", "l2")
}


def error_gap(x, y):
    """Return the error of L1 minus that of L2 on the examples from 300 on, (S,)."""
    l1, l2 = (
        mean_squared_error(best_fit(kind, x, y), x[:, 300:], y[:, 300:])
        for kind in ("l1", "l2")
    )
    return l1 - l2


dense_x, dense_y, _ = problems(1300, real=50)

# %% figure
ax = plots.points({name: 100 * values for name, values in top.items()})
ax.set(
    title="L2 ranks as well as L1 as long as data are plenty",
    ylabel="real features in the top ten (%)",
    xlabel="penalty and number of examples",
)
plots.show(
    ax.figure,
    alt="Real features among the ten largest weights, one dot per seed. "
    "With 100 examples L1 and L2 are both near 100 %; with 40 examples both are "
    "lower and L1 is ahead.",
)


# %% results
with results():
    claim(
        "l1_l2.rank-plenty",
        "With 100 examples the ten largest weights of L1 and of L2 are equally right.",
        top["L1, n=100"] - top["L2, n=100"],
        "within 0.04",
    )
    claim(
        "l1_l2.rank-few",
        "With fewer examples (40) than features (50) L1 ranks better.",
        top["L1, n=40"] - top["L2, n=40"],
        "> 0.02",
    )
    claim(
        "l1_l2.sparse-truth",
        "If few features count, L1 predicts better than L2.",
        error_gap(x, y),
        "< -0.2",
        unit="squared error",
    )
    claim(
        "l1_l2.dense-truth",
        "If all features count, L1 predicts worse than L2.",
        error_gap(dense_x, dense_y),
        "> 0",
        unit="squared error",
    )

# %% [markdown]
# A penalty is an opinion, and here you see both opinions win where they are right.
# To be wrong cost L1 much less with the dense truth than it cost L2 with the sparse one.
#
# ### Twins
#
# One more weakness. Features 0 and 1 measure nearly the same thing, and both have
# weight 1; eight other features are noise. How unequal are the twins' weights? 0 means shared fairly, 1 that one has it all.


# %%
def twins(seed, n=100):
    """Draw x (n, 10) with columns 0 and 1 nearly equal, and y = x0 + x1 + noise."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 10, generator=g)
    x[:, 1] = x[:, 0] + 0.1 * torch.randn(n, generator=g)
    return x, x[:, 0] + x[:, 1] + torch.randn(n, generator=g)


twin_x, twin_y = (torch.stack(p) for p in zip(*map(twins, SEEDS), strict=True))
unequal = {}
for name, price in {"L1": {"l1": 0.1}, "elastic net": {"l1": 0.1, "l2": 0.1}}.items():
    pair = fit_linear(twin_x, twin_y, steps=8000, **price)[:, :2].abs()
    unequal[name] = pair.diff(dim=1).squeeze(1).abs() / pair.sum(1)

# %% figure
ax = plots.points(unequal)
ax.set(
    title="The elastic net shares between twins, L1 picks",
    xlabel="penalty",
    ylabel="|w₀ - w₁| / (|w₀| + |w₁|)",
)
plots.show(
    ax.figure,
    alt="Inequality of the twins' weights, one dot per seed. L1 scatters "
    "from 0 to 1, the elastic net stays near 0.",
)


# %% results
with results():
    claim(
        "l1_l2.twins-l1",
        "L1 treats two nearly equal features very unequally.",
        unequal["L1"],
        "> 0.3",
    )
    claim(
        "l1_l2.twins-elastic",
        "The elastic net gives them nearly equal weights.",
        unequal["elastic net"],
        "< 0.1",
    )

# %% [markdown]
# To L1 it is all the same who pays, so chance decides and another sample of the data
# picks the other twin. Squares cost least when they are shared: a little L2 makes the
# answer stable. That is what the elastic net is for.
#
# ## 7 · How much decay does a network need?
#
# From lines to networks. Weight decay in torch's SGD is L2 in our convention (section
# 1), biases included. We sweep it from none over 1e-5 to 0.1, and on to 1 to see what
# too much looks like: 500 small Fashion-MNIST images, of whose labels exactly 20 % are
# wrong, a network with one hidden layer of 32 units, 8 seeds each.

# %%
splits = data.fashion_mnist(500, 1000, n_test=2000, size=14, flat=True, device=DEVICE)
noisy, flipped = data.corrupt_labels(
    splits.train.y, 10, 0.2, torch.Generator().manual_seed(0)
)
DECAYS = [0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]


def sweep(labels, decays):
    """Train 8 seeds for each decay, as one population."""
    settings = {"steps": 700, "batch_size": 50, "lr": 0.02, "momentum": 0.9}
    return train_population(
        lambda: mlp((196, 32, 10)),
        (splits.train.x, labels),
        val=splits.val,
        **grid(weight_decay=decays, seeds=NET_SEEDS),
        optimizer="sgd",
        record_every=700,
        **settings,
    )


# %% predict
predict(
    "03_l1_l2.sweep",
    "20 % of the training labels are wrong. Which weight decay gives the best "
    "validation accuracy?",
    ["none at all", "1e-5 to 1e-3", "1e-2 or 1e-1", "1"],
)

# %%
swept = sweep(noisy, DECAYS)


def final(result, part, decay):
    """Return the last accuracy of each seed at this decay, (8,)."""
    curve = getattr(result, f"{part}_accuracy")
    return curve[-1, result.where(weight_decay=decay)]


table = {
    p: torch.stack([final(swept, p, d) for d in DECAYS], 1) for p in ("train", "val")
}
for decay, train, val in zip(DECAYS, *(t.mean(0) for t in table.values()), strict=True):
    print(f"decay {decay:<7g} train {train:.1%}  validation {val:.1%}")


# %% results
with results():
    recall("03_l1_l2.sweep", [1, 2, 2, 2, 3, 3, 4][table["val"].mean(0).argmax()])


# %% figure
plots.show(
    figures.decay_bands(DECAYS, table, title="Tiny decays do nothing, too much kills"),
    alt="Accuracy against weight decay, 8 seeds. Training accuracy falls from above 90 % "
    "to 10 %; validation accuracy is flat up to 0.0001, highest at 0.01 to 0.1 and "
    "collapses at 1.",
)

# %% [markdown]
# The same in numbers, seed by seed; the last claim opens the sealed test images, once,
# for the comparison that validation has chosen. Then a question: is it the wrong labels
# that decay helps against? The second cell trains the same networks on *clean* ones.

# %% results
none = final(swept, "val", 0.0)
with results():
    claim(
        "l1_l2.tiny-decay",
        "A decay of 1e-5 changes next to nothing here.",
        final(swept, "val", 1e-5) - none,
        "within 0.02",
        unit="accuracy",
    )
    claim(
        "l1_l2.decay-helps",
        "A decay of 0.1 helps when 20 % of the labels are wrong.",
        final(swept, "val", 0.1) - none,
        "> 0.02",
        unit="accuracy",
    )
    claim(
        "l1_l2.too-much-decay",
        "A decay of 1 underfits: training accuracy collapses.",
        final(swept, "train", 1.0) - final(swept, "train", 0.1),
        "< -0.2",
        unit="accuracy",
    )
    test = splits.test.open("decay 0 against 0.1, trained with 20 % wrong labels")
    scores = torch.tensor([accuracy(logits, test.y) for logits in swept.logits(test.x)])
    claim(
        "l1_l2.decay-on-test",
        "The gain of decay 0.1 is there on test images too.",
        scores[swept.where(weight_decay=0.1)] - scores[swept.where(weight_decay=0.0)],
        "> 0.02",
        unit="accuracy",
    )

# %% figure
clean = sweep(splits.train.y, [0.0, 0.1])
gain = {
    name: final(result, "val", 0.1) - final(result, "val", 0.0)
    for name, result in {"wrong labels": swept, "clean labels": clean}.items()
}
ax = plots.points({name: 100 * values for name, values in gain.items()})
ax.axhline(0, color="#999999", lw=1)
ax.set(title="The same decay harms if labels are clean", xlabel="training labels")
ax.set_ylabel("gain in validation accuracy (points)")
plots.show(
    ax.figure,
    alt="Gain in validation accuracy by decay 0.1 over none, one dot per seed: several "
    "points up with wrong labels, several points down with clean ones.",
)


# %% results
with results():
    claim(
        "l1_l2.decay-harms-clean",
        "With clean labels the same decay costs accuracy.",
        gain["clean labels"],
        "< 0",
        unit="accuracy",
    )

# %% [markdown]
# Same network, same strength, same images; the sign of the effect changed. A regulariser
# removes variance and adds bias: it pays where there is something harmful to fit, and
# costs where there is not. "Good values" of λ belong to a data set, not to a method.
#
# Take two more things along. A decay that works in one place may be a decoration in
# another: 1e-5 in a config file regularises nothing in a run this short. And the curve
# has two sides: at decay 1 the network cannot even fit its training labels and is about
# as good as guessing one class in ten.
#
# **Quick check.** One question on what you have just read; your answer is kept.

# %%
quick_check("lambda-too-large")

# %% [markdown]
# ## 8 · See it: the boundary straightens
#
# Two moons with a lot of noise, 100 points, a network with two hidden layers of 32, L2 on
# its weights: eight strengths times eight seeds. First two numbers, on 2,000 fresh
# points; then a demo lets you look at every one of the 64. Colors are the probability
# of the second moon, the line is where the network is undecided. Move through the
# strengths, then change the seed at strength 0 and again at 0.003. On the right all eight
# boundaries of one strength lie on top of each other: how far apart are they?

# %% results
moons, fresh = (data.two_moons(n, noise=0.35, seed=n) for n in (100, 2000))
L2S = [0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]
rules = {
    "steps": 1000,
    "batch_size": 100,
    "optimizer": "sgd",
    "lr": 0.1,
    "momentum": 0.9,
}
bent = train_population(
    lambda: mlp((2, 32, 32, 2)),
    moons,
    **grid(l2=L2S, seeds=NET_SEEDS),
    **rules,
    test=fresh,
    device=DEVICE,
)
surface = bent.logits(figures.moon_grid())
loss, right = (
    {s: values[bent.where(l2=s)] for s in L2S}
    for values in (bent.test_loss, bent.test_accuracy)
)
with results():
    claim(
        "l1_l2.boundary-loss",
        "L2 of 0.003 lowers the loss on fresh points.",
        loss[0.003] - loss[0.0],
        "< 0",
        unit="nats",
    )
    claim(
        "l1_l2.boundary-underfits",
        "L2 of 0.1 is too much: fewer fresh points are right than at 0.003.",
        right[0.1] - right[0.003],
        "< -0.01",
        unit="accuracy",
    )

seen = {s: bent.train_accuracy[-1, bent.where(l2=s)] for s in L2S}

# %% demo
outputs = {s: surface[bent.where(l2=s)] for s in L2S}
figures.boundaries(moons, outputs, seen=seen, fresh=right).show()

# %% [markdown]
# Without a penalty the boundary bends around single points, and not in the same way for
# every seed. At 0.1 little but a straight line is left, and it misses the moons.
#
# Here is a smaller network that trains while you watch, once without and once with what you
# choose. Try three things. First, move the weight decay from 0 to 3 and back while it
# plays: the boundary straightens, and the histogram of the weights at the bottom draws
# together. Second, set weight decay to 0 and L1 to 0.03: now a part of the weights is
# *exactly* zero, and the title above the histogram counts them. Third, set the false labels
# to 0 and look whether either penalty still lowers the validation loss.

# %% demo
playground().show()

# %% [markdown]
# Decay makes the weights smaller and leaves none at exactly zero. L1 puts a part of them at
# zero and lets others stay large. Both curves need a second look before you call one better:
# a strength that helps with false labels may cost accuracy without them, as it did with the
# images above.
#
# ## 9 · A limit instead of a price: max-norm
#
# A price pulls on every weight at every step. A *limit* leaves them alone until they
# cross it. Max-norm looks at each unit's incoming weight vector, one row of a
# weight of shape (out, in), and after each step shortens it if it is too long:
#
# $$
# \mathbf{w}_i \leftarrow \mathbf{w}_i \cdot
# \min\Big(1, \frac{c}{\lVert \mathbf{w}_i \rVert}\Big).
# $$
#
# Srivastava et al. (2014) recommend it beside dropout, with which large learning rates
# become safe. Their MNIST errors: L2 1.62 %, max-norm 1.35 %, dropout with max-norm
# 1.06 %.
#
# ### Exercise 3.5 · Max-norm (2 points, ~8 min)
#
# **Given** a `weight` of shape (out, in), perhaps an `nn.Parameter`, and `max_norm` > 0.
# **Change it in place**: every row longer than `max_norm` is scaled to that length, every
# other row stays, also one that is all zeros.
#
# **By hand:** [[3, 4], [0.3, 0.4]] with max_norm 1 becomes [[0.6, 0.8], [0.3, 0.4]].
#
# <details><summary>Hint 1</summary>
# One norm per row: <code>weight.norm(dim=…, keepdim=True)</code>. Which dim disappears?
# </details>
# <details><summary>Hint 2</summary>
# The factor is <code>max_norm / norm</code>, but never more than 1. What does
# <code>max_norm / 0</code> give, and what does your next operation make of it?
# </details>
# <details><summary>Hint 3</summary>
# <code>weight.mul_((max_norm / norm).clamp(max=1))</code>, under
# <code>torch.no_grad()</code>.
# </details>


# %% solution="max_norm_"
def max_norm_(weight: torch.Tensor, max_norm: float) -> None:
    """Shorten every row of `weight` that is longer than `max_norm`, in place.

    Args:
        weight: tensor or nn.Parameter (out, in); a row is what comes into one unit.
        max_norm: the longest length allowed, > 0.

    About 3 lines.

    Example: [[3, 4], [0.3, 0.4]], max_norm 1 -> [[0.6, 0.8], [0.3, 0.4]].
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        norms = weight.norm(dim=1, keepdim=True)  # (out, 1)
        weight.mul_((max_norm / norms).clamp(max=1))
    ### END SOLUTION


# %% look
def after_clipping():
    w = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    max_norm_(w, 1.0)
    return w


look(after_clipping, torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]]))

# %% [markdown]
# Directions stay, short rows stay, long ones end at the limit. The check knows more
# shapes. After it come the quiz and the cards.

# %% test="max_norm_" points=2
check.max_norm_(max_norm_)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("03_l1_l2").max_norm_(max_norm_, seed=48_271)
### END HIDDEN TESTS

# %%
quiz("03_l1_l2")
flashcards("03_l1_l2")

# %% [markdown]
# ## Pitfalls
#
# - **A λ without its convention is not a number.** Ask for the ½, and for mean or sum.
# - **Biases and norm scales are not weights.** Penalising a bias moves predictions,
#   it does not simplify them.
# - **L1 in the loss is not sparse.** Count `(w == 0)`, not "small".
# - **A cut-off is one more hyperparameter.** "Below 1e-3 is zero" depends on the
#   learning rate that made the jitter.
# - **Selected is not causal.** Validation picks a strength that lets false features in,
#   and of two twins L1 keeps one by chance.
# - **Scale the features first.** A penalty charges for the number: with a feature in
#   millimetres the same function needs a thousandth of the weight, and pays less.
# - **`weight_decay` of Adam and of AdamW are different things.** That is the next
#   notebook.
# - **Before a BatchNorm, L2 cannot limit the function**: the norm undoes the
#   scale. It changes the effective learning rate instead (van Laarhoven 2017).
#
# ## In three lines
#
# 1. L2 multiplies weights by less than 1, L1 subtracts from them: L2 shrinks, L1 selects.
# 2. Exact zeros come from the proximal step, never from the gradient of |w|.
# 3. Penalties are opinions: they pay where noise could be fitted, and cost where the
#    opinion is wrong.
#
# ## References
#
# - Hoerl and Kennard 1970, *Ridge regression*, <https://doi.org/10.1080/00401706.1970.10488634>
# - Krogh and Hertz 1991, *A simple weight decay can improve generalization*,
#   <https://proceedings.neurips.cc/paper/1991/hash/8eefcfdf5990e441f0fb6f3fad709e21-Abstract.html>
# - Donoho and Johnstone 1994, *Ideal spatial adaptation by wavelet shrinkage*,
#   <https://doi.org/10.1093/biomet/81.3.425>
# - Tibshirani 1996, *Regression shrinkage and selection via the lasso*,
#   <https://doi.org/10.1111/j.2517-6161.1996.tb02080.x>
# - Daubechies, Defrise and De Mol 2004, *An iterative thresholding algorithm for linear
#   inverse problems*, <https://doi.org/10.1002/cpa.20042>
# - Zou and Hastie 2005, *Regularization and variable selection via the elastic net*,
#   <https://doi.org/10.1111/j.1467-9868.2005.00503.x>
# - Meinshausen and Bühlmann 2006, *High-dimensional graphs and variable selection with
#   the lasso*, <https://doi.org/10.1214/009053606000000281>
# - Beck and Teboulle 2009, *A fast iterative shrinkage-thresholding algorithm*,
#   <https://doi.org/10.1137/080716542>
# - Srivastava et al. 2014, *Dropout*, <https://jmlr.org/papers/v15/srivastava14a.html>
# - van Laarhoven 2017, *L2 regularization versus batch and weight normalization*,
#   <https://arxiv.org/abs/1706.05350>
#
# Conventions of λ: [torch.optim.SGD](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html),
# [keras.regularizers](https://keras.io/api/layers/regularizers/),
# [sklearn.linear_model.Ridge](https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.Ridge.html).
#
# **Next:** [04 · AdamW](../04_adamw/04_adamw.ipynb). With SGD, L2 and weight decay were the same run. With Adam
# they are not, and you will build both.
