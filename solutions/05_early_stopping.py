# %% [markdown]
# # 05 · When should training stop?
#
# The cheapest regulariser needs no new term and no new layer. You look at fresh data
# while you train, and keep the weights that did best there. The idea takes one line,
# and there are at least five ways to get it wrong.
#
# After it you can
#
# 1. write early stopping that really keeps the best weights, and show the popular
#    one-liner that does not;
# 2. say which ridge strength a stopping time stands for, and where the analogy ends;
# 3. save a run so that it resumes bit for bit, and choose patience and schedule with
#    measurements, including one where stopping early ruins everything.
#
# **Before:** `00_start_here` (the training loop), `03_l1_l2` (ridge).
# **Time:** about 80 minutes of your own; the code runs for about a minute on a slow
# CPU.

# %% setup
import copy
import math
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import early_stopping as demos_stopping
from helpers.demos.early_stopping import Playback
from helpers.device import device
from helpers.evidence.claims import claim, results
from helpers.population import mlp, train_population
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quick_checks import quick_check
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import callbacks, evaluate, fit, own_randomness

plots.use_course_style()
check = load("05_early_stopping")

# %%
SEEDS = range(8)
LINEAR_SEEDS = range(24)  # of the linear problems
DEVICE = device()


def network(*sizes, seed):
    """Return a small ReLU network whose first weights come from `seed`."""
    with own_randomness(seed):
        return mlp(sizes)


# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("05_early_stopping")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## 1 · What a network learns first
#
# Take 2,000 examples of MNIST-1D and make exactly 40 % of the training labels wrong.
# The validation labels stay right. A network that is large enough will, in the end,
# know all the wrong labels by heart. But does it learn them *first*?
#
# We watch two curves: accuracy on validation data, and the share of the 800 wrong
# labels that the network repeats. Training stores the wrong ones in front, so that
# `record_size=800` measures just them.

# %%
splits = data.mnist1d(2000, 1000, device=DEVICE)
noisy, flipped = data.corrupt_labels(
    splits.train.y, 10, 0.4, torch.Generator().manual_seed(0)
)
order = flipped.logical_not().int().argsort(stable=True)  # the wrong ones first
train = data.Split(splits.train.x[order], noisy[order])


# %% predict
predict(
    "05_early_stopping.phases",
    "50 epochs with 40 % wrong labels. What does validation accuracy do?",
    ["It rises to the end.", "It rises, then stays.", "It rises, then falls."],
)

# %% experiment
run = train_population(
    lambda: mlp((40, 100, 100, 10)),
    train,
    val=splits.val,
    seeds=SEEDS,
    epochs=50,
    batch_size=100,
    lr=2e-3,
    record_every=20,  # 20 steps are one epoch
    record_size=800,
)
val, repeated = run.val_accuracy, run.train_accuracy  # (50, 8)
epochs = range(1, 51)

# %% [markdown]
# To ask whether accuracy *falls* we need an honest peak. The largest value of a curve
# always lies above its last one, by luck alone. So each seed's peak is the epoch that was
# best for the *other seven*. And one epoch wiggles: we compare the mean of the
# 11 epochs around the peak with the mean of the last 10.

# %% figure
fig, (left, right) = plots.figure(2)
plots.band(epochs, 100 * val.T, label="validation", color=plots.VAL, ax=left)
plots.band(epochs, 100 * repeated.T, label="wrong labels", ax=right)
left.set(title="Up, and down again ...", xlabel="epoch", ylabel="accuracy (%)")
right.set(title="... as the wrong labels are learned", xlabel="epoch")
right.set_ylabel("wrong labels repeated (%)")
plots.show(
    fig,
    alt="Against epochs, 8 seeds. Left: validation accuracy rises quickly, peaks before "
    "epoch 20 and declines slowly. Right: the share of wrong labels that are repeated "
    "climbs from a tenth to about nine tenths.",
    after="05_early_stopping.phases",
)

# %%
peak = (val.sum(1, keepdim=True) - val).argmax(0).tolist()  # best for the others
around = [slice(max(0, p - 5), p + 6) for p in peak]
top = torch.stack([val[part, k].mean() for k, part in enumerate(around)])
early = torch.stack([repeated[p, k] for k, p in enumerate(peak)])
last = val[-10:].mean(0)
print("peak after epoch", [p + 1 for p in peak])
print(f"validation: {top.mean():.1%} there, {last.mean():.1%} in the last 10 epochs")
print(
    f"wrong labels repeated: {early.mean():.1%} there, {repeated[-1].mean():.1%} later"
)


# %% results
with results():
    recall("05_early_stopping.phases", 3)
    claim(
        "early_stopping.rises",
        "Up to the peak validation accuracy rises.",
        top - val[0],
        "> 0.05",
        unit="accuracy",
    )
    claim(
        "early_stopping.falls",
        "After the peak validation accuracy falls.",
        last - top,
        "< 0",
        unit="accuracy",
    )
    claim(
        "early_stopping.wrong-labels-late",
        "More than half of the wrong labels are learned after the peak.",
        repeated[-1] - early,
        "> 0.5",
        unit="share of the wrong labels",
    )

# %% [markdown]
# Three phases: a rise, in which most of the wrong labels are left alone; a top; a slow
# decline, in which most of them are learned. Arpit et al. (2017) saw simple patterns come
# first, Liu et al. (2020) call it *early learning*. Early stopping takes the network from
# the top.
#
# The fall is a few points, no collapse, and single epochs hide it in their wiggle.
# This belongs to wrong labels. With clean ones the same curve may never turn down, and
# then there is nothing to gain but time.
#
# ## 2 · See it: playback
#
# The same in two dimensions: two moons, 100 points, 20 of them with the wrong label. One
# network, 60 epochs. Press **Play**: first a nearly straight line, later a bent one, and at
# last an island around a few wrong points. Early stopping ends the film where the validation
# loss has not improved for `patience` epochs; the dotted line is where it stops, the green
# dot the epoch that it goes back to.
#
# Three things to try. A patience of 60 lets the whole film run: what do the last epochs do
# to the plane? With a patience of 1 or 2, does a chance wiggle end the run? And with
# `min_delta` at 0.02 only an improvement by at least that much counts: which epoch is kept
# then, and is it a better one? Watch the accuracy in place of the loss, too: do the two
# have their best epoch at the same time?

# %%
points, wrong = data.two_moons(100, noise=0.25, seed=0)
wrong, _ = data.corrupt_labels(wrong, 2, 0.2, torch.Generator().manual_seed(0))
moons, fresh = (points, wrong), data.two_moons(1000, noise=0.25, seed=1)
playback = Playback(points)
film = fit(
    network(2, 100, 100, 2, seed=0),
    moons,
    val=fresh,
    epochs=60,
    batch_size=10,
    optimizer=lambda p: torch.optim.Adam(p, lr=3e-3),
    callbacks=[playback],
)

# %% demo
shown = film.train_loss, film.val_loss, film.val_accuracy
demos_stopping.scene(*shown, film=(playback, moons)).show()

# %% [markdown]
# ## 3 · Keep the best weights
#
# You do not know the top when you are on it. So remember the best value so far, keep
# its weights, and give up once nothing better came for a while: that while is the
# *patience* (Prechelt 1998).
#
# The naive way to keep weights is in countless scripts: `best =
# model.state_dict().copy()`. It looks like a copy. Let us train on after it.

# %% predict
predict(
    "05_early_stopping.shallow",
    "You save with state_dict().copy(), train 3 epochs more, and load it back. Which "
    "weights do you have?",
    ["Those of the moment of saving.", "Those after the 3 epochs.", "A mixture."],
)


# %%
norm = nn.BatchNorm1d(20)
model = nn.Sequential(network(40, 20, seed=0), norm, nn.ReLU(), nn.Linear(20, 10))
model.to(DEVICE)
shallow = model.state_dict().copy()
deep = copy.deepcopy(model.state_dict())
fit(model, train, epochs=3)
live = model.state_dict()

# %%
follows = [torch.equal(shallow[name], live[name]) for name in live]
stayed = [not torch.equal(deep[name], live[name]) for name in live]
for name, f, s in zip(live, follows, stayed, strict=True):
    print(f"{name:22} .copy() moved along: {f!s:6} deepcopy stayed: {s}")


# %% results
with results():
    recall("05_early_stopping.shallow", 2)
    claim(
        "early_stopping.shallow-follows",
        "Every tensor of state_dict().copy() follows the live one, buffers included.",
        1 - sum(follows) / len(follows),
        "within 0.001",
        unit="share of the tensors that did not",
    )
    claim(
        "early_stopping.deepcopy-stays",
        "Every tensor of the deep copy still has its old value.",
        1 - sum(stayed) / len(stayed),
        "within 0.001",
        unit="share of the tensors that changed",
    )

# %% [markdown]
# `.copy()` copies the *dictionary*. The tensors in it are the live ones, and the
# optimizer writes into them. Early stopping then "restores" the last weights, says
# nothing, and looks as if it did not help. `copy.deepcopy` copies what is inside.
#
# ### Exercise 5.1 · Early stopping (3 points, ~15 min)
#
# **Given** `patience`, `min_delta` and `mode` ("min" for losses, "max" for
# accuracies). **Write** the class: `update(value, model)` takes the next value and
# **returns** True when training should stop; `best_value` and `best_step` (which call
# of `update`, from 0) tell the best so far; `restore(model)` puts its weights and
# buffers back, into any model of that shape, as often as asked.
#
# An improvement is strict: value < best - min_delta, or value > best + min_delta with
# mode "max". Ties and NaN are none. Stop as soon as `patience` calls in a row brought none.
#
# **By hand:** patience 2, values 3, 1, 2, 1: update returns False, False, False, True;
# `best_value` is 1 and `best_step` is 1.
#
# <details><summary>Hint 1</summary>
# Start from the worst value there is: <code>math.inf</code> or <code>-math.inf</code>.
# Count the calls, and count those in a row that brought nothing.
# </details>
# <details><summary>Hint 2</summary>
# Write the improvement as a condition that NaN fails by itself: every comparison with
# NaN is False. What is kept must be a <code>copy.deepcopy</code> of
# <code>model.state_dict()</code>.
# </details>
# <details><summary>Hint 3</summary>
# If better: value, step and deep copy are set and <code>waited = 0</code>; else
# <code>waited += 1</code>. In the end <code>return self.waited >= self.patience</code>.
# <code>restore</code> is <code>model.load_state_dict(…)</code>.
# </details>


# %% solution="EarlyStopping"
class EarlyStopping:
    """Stop when values stop improving, and keep the best weights.

    Args:
        patience: calls in a row without improvement that mean stop, ≥ 1.
        min_delta: how much better a value must be to count, ≥ 0.
        mode: "min" (smaller is better) or "max".

    Attributes:
        best_value: the best value so far.
        best_step: the call of `update` that brought it, from 0.

    About 20 lines for the three methods.

    Example: patience 2, values 3, 1, 2, 1 -> False, False, False, True; best_step 1.
    """

    def __init__(
        self, patience: int = 5, min_delta: float = 0.0, mode: str = "min"
    ) -> None:
        ### BEGIN SOLUTION
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best_value = math.inf if mode == "min" else -math.inf
        self.best_step = self.best_weights = None
        self.calls = self.waited = 0
        ### END SOLUTION

    def update(self, value: float, model: nn.Module) -> bool:
        """Take the next value and its model; return True if training should stop."""
        ### BEGIN SOLUTION
        if self.mode == "min":
            better = value < self.best_value - self.min_delta
        else:
            better = value > self.best_value + self.min_delta
        if better:
            self.best_value, self.best_step = value, self.calls
            self.best_weights = copy.deepcopy(model.state_dict())
            self.waited = 0
        else:
            self.waited += 1
        self.calls += 1
        return self.waited >= self.patience
        ### END SOLUTION

    def restore(self, model: nn.Module) -> None:
        """Load the best weights and buffers into `model`."""
        ### BEGIN SOLUTION
        model.load_state_dict(self.best_weights)
        ### END SOLUTION


# %% look
def by_hand():
    stopper, layer = EarlyStopping(patience=2), nn.Linear(1, 1)
    told = [stopper.update(value, layer) for value in (3.0, 1.0, 2.0, 1.0)]
    return [*map(float, told), stopper.best_value, stopper.best_step]


look(by_hand, [0.0, 0.0, 0.0, 1.0, 1.0, 1])

# %% [markdown]
# Four answers (1 is "stop"), then the best value and its step. The check also trains
# on after your copy, with a BatchNorm in the model.

# %% test="EarlyStopping" points=3
check.EarlyStopping(EarlyStopping)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("05_early_stopping").EarlyStopping(EarlyStopping, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# The course's own version hangs into `fit` as a callback. It also restores the best
# weights if you press Ctrl-C.

# %%
model = network(40, 100, 100, 10, seed=0).to(DEVICE)
stopper = callbacks.EarlyStopping(8, mode="max", monitor="val_accuracy")
history = fit(
    model, train, val=splits.val, epochs=60, batch_size=100, callbacks=[stopper]
)
print(f"stopped {history.stopped} after {len(history.val_accuracy)} epochs")
kept = evaluate(model, splits.val).accuracy
print(f"best epoch {stopper.best_step + 1}: {stopper.best_value:.1%}, kept {kept:.1%}")

# %% [markdown]
# **Quick check.** One question on what you have just read; your answer is kept.

# %%
quick_check("restore-best")

# %% [markdown]
# ## 4 · How much patience?
#
# Patience costs epochs, and impatience costs accuracy. Nothing has to be trained again to
# see how much: section 1 recorded whole curves, so we can ask of each patience where it
# would have stopped and what it would have kept. The accuracy is the validation
# accuracy that early stopping itself reports; section 5 says what that is worth.


# %%
def stopped(curve, patience):
    """Return (epochs trained, best value) of early stopping on this curve."""
    best, at = -math.inf, -1
    for epoch, value in enumerate(curve.tolist()):
        if value > best:
            best, at = value, epoch
        if epoch - at == patience:
            break
    return epoch + 1, best


PATIENCE = [1, 2, 3, 5, 10, 20, 49]  # 49 hardly ever stops a run of 50
spent, reached = torch.tensor(
    [[stopped(curve, p) for p in PATIENCE] for curve in val.T]
).unbind(2)  # (8, 7) each
for p, e, a in zip(PATIENCE, spent.mean(0), reached.mean(0), strict=True):
    print(f"patience {p:2}: {e:4.1f} epochs, {a:.1%}")

# %% figure
fig, (left, right) = plots.figure(2)
places = range(len(PATIENCE))
plots.band(places, spent, label="epochs trained", ax=left)
plots.band(places, 100 * reached, label="best so far", color=plots.VAL, ax=right)
for ax in (left, right):
    ax.set_xticks(places, PATIENCE)
    ax.set_xlabel("patience (epochs)")
left.set(title="Epochs keep growing with patience ...", ylabel="epochs")
right.set(title="... accuracy soon stops", ylabel="validation accuracy (%)")
plots.show(
    fig,
    alt="Two panels against patience, 8 seeds: epochs trained rise to 50; the best "
    "validation accuracy rises at first and levels off.",
)


# %% results
with results():
    claim(
        "early_stopping.impatient",
        "With patience 1 accuracy is given away.",
        reached[:, 0] - reached[:, -1],
        "< -0.01",
        unit="accuracy",
    )
    claim(
        "early_stopping.patient-enough",
        "With patience 10 hardly any is.",
        reached[:, 4] - reached[:, -1],
        "within 0.01",
        unit="accuracy",
    )
    claim(
        "early_stopping.saves-epochs",
        "And patience 10 still saves more than a third of the 50 epochs.",
        50 - spent[:, 4],
        "> 17",
        unit="epochs",
    )

# %% [markdown]
# A validation curve wiggles. Patience has to be longer than the wiggle, and that is a
# property of the curve (examples in validation, learning rate), not of the method. If an
# epoch is expensive, measure more often and count patience in steps.
#
# ## 5 · The winner's smile
#
# Early stopping picks the epoch with the *largest* validation score. The largest of many
# noisy numbers is too large. How much does the score at the chosen epoch promise beyond
# what the network keeps on fresh data?
#
# For once we own many validation sets: 9,000 Fashion-MNIST images, cut into 180 sets of 50,
# or 9 of 1,000. On each, early stopping picks an epoch of the same run; all the
# *other* images say what that epoch is worth.


# %%
class Recorder:
    """Callback: keep for every epoch which of the images were classified right."""

    def __init__(self, split):
        self.split, self.right = split, []

    @torch.no_grad()
    def on_epoch_end(self, state):
        state.model.eval()
        self.right.append(state.model(self.split.x).argmax(1) == self.split.y)


# %% predict
predict(
    "05_early_stopping.optimism",
    "The best of 40 epochs, chosen on 50 images. By how much does its score there "
    "exceed its accuracy on fresh images?",
    ["Less than 1 point.", "1 to 3 points.", "More than 3 points."],
)

# %% experiment
images = data.fashion_mnist(500, 9000, size=14, flat=True, device=DEVICE)
labels, _ = data.corrupt_labels(
    images.train.y, 10, 0.2, torch.Generator().manual_seed(0)
)
right = []
for seed in SEEDS:
    recorder = Recorder(images.val)
    fit(
        network(196, 32, 10, seed=seed),
        (images.train.x, labels),
        epochs=40,
        batch_size=50,
        seed=seed,
        callbacks=[recorder],
        progress=False,
    )
    right.append(torch.stack(recorder.right).float().cpu())
right = torch.stack(right)  # (8 seeds, 40 epochs, 9000 images)

# %% [markdown]
# *Optimism* is the score on the validation set at the chosen epoch, minus the accuracy
# of the same epoch on all other images. *Regret* is what the choice itself cost: the
# accuracy of the epoch that is best on all 9,000 images minus that of the chosen one.


# %%
def choose(right, n):
    """Return mean optimism and mean regret per seed for validation sets of n images."""
    score = right.unflatten(2, (-1, n)).mean(3)  # (seeds, epochs, sets)
    whole = right.mean(2, keepdim=True)
    others = (whole * right.shape[2] - score * n) / (right.shape[2] - n)
    best = score.argmax(1, keepdim=True)
    optimism = (score - others).gather(1, best)
    regret = whole.amax(1, keepdim=True) - whole.expand_as(score).gather(1, best)
    return optimism.mean((1, 2)), regret.mean((1, 2))


(small, small_regret), (large, large_regret) = (choose(right, n) for n in (50, 1000))
for n, o, r in ((50, small, small_regret), (1000, large, large_regret)):
    print(f"n = {n:4}: optimism {o.mean():.2%}, regret {r.mean():.2%}")

# %% figure
ax = plots.points({"50 images": 100 * small, "1,000 images": 100 * large})
ax.axhline(0, color="#999999", lw=1)
ax.set(title="A small validation set flatters its choice", xlabel="validation set")
ax.set_ylabel("optimism (accuracy points)")
plots.show(
    ax.figure,
    alt="Optimism in accuracy points, one dot per seed: several points with 50 "
    "validation images, close to none with 1,000.",
    after="05_early_stopping.optimism",
)


# %% results
more = [small.mean().item() > edge for edge in (0.01, 0.03)]
with results():
    recall("05_early_stopping.optimism", 1 + sum(more))
    claim(
        "early_stopping.optimism-small",
        "Chosen on 50 images, the best epoch promises too much.",
        small,
        "> 0.02",
        unit="accuracy",
    )
    claim(
        "early_stopping.optimism-large",
        "On 1,000 images the promise is nearly honest.",
        large,
        "within 0.015",
        unit="accuracy",
    )
    claim(
        "early_stopping.regret-small",
        "The epoch chosen on 50 images is itself worse than that chosen on 1,000.",
        small_regret - large_regret,
        "> 0.002",
        unit="accuracy",
    )

# %% [markdown]
# Choosing on few images costs twice: a somewhat worse epoch, and a number that promises
# too much. The second is the larger, and nobody sees it in a log file.
#
# So never report the validation score that did the choosing. Report a test set that
# chose nothing. The same holds for the best of many learning rates, seeds or papers.
#
# ## 6 · Stopping early is (almost) ridge
#
# Why should less training be regularisation at all? In linear regression we can see it
# exactly. Write $\mathbf{X} = \mathbf{U}\mathbf{S}\mathbf{V}^\top$. Gradient descent
# from 0 on $\frac12\lVert\mathbf{X}\mathbf{w}-\mathbf{y}\rVert^2$ has, after $t$ steps,
# learned of each direction with singular value $s$ the share
#
# $$
# f_t(s) = 1 - (1 - \eta s^2)^t, \qquad \text{ridge: } \;
# f_\lambda(s) = \frac{s^2}{s^2 + \lambda}.
# $$
#
# Both leave weak directions unlearned. Match them with $\lambda = 1/(\eta t)$: twice as
# many steps are half the strength.

# %%
x = []
for seed in LINEAR_SEEDS:
    g = torch.Generator().manual_seed(seed)
    x.append(torch.randn(60, 20, generator=g, dtype=torch.float64) / 60**0.5)
x = torch.stack(x) * torch.logspace(0, -1.5, 20, dtype=torch.float64)  # (24, 60, 20)
g = torch.Generator().manual_seed(24)
truth, noise = torch.randn(24, 20, 1, generator=g), torch.randn(24, 60, 1, generator=g)
y = x @ truth.double() + 0.1 * noise
u, s, vt = torch.linalg.svd(x, full_matrices=False)
lr = 1 / s[:, :1] ** 2  # (24, 1), safe for the largest direction


def solution(filters):
    """Return the weights whose direction i is learned to the share filters[:, i]."""
    return vt.mT @ (filters[..., None] / s[..., None] * (u.mT @ y))


# %% [markdown]
# First: is the formula true? Walk 100 steps of plain gradient descent and compare. Then
# compare with ridge at the matched strength, at three stopping times.

# %%
w = torch.zeros(24, 20, 1, dtype=torch.float64)
for _ in range(100):
    w -= lr[..., None] * x.mT @ (x @ w - y)
formula = solution(1 - (1 - lr * s**2) ** 100)


# %% results
with results():
    claim(
        "early_stopping.filter-exact",
        "100 steps of gradient descent end where the filter formula says.",
        (w - formula).abs().max().item(),
        "within 1e-9",
        unit="largest difference of a weight",
    )

# %%
cosine, apart, ahead = {}, {}, []
for t in (10, 100, 1000):
    stop, ridge = 1 - (1 - lr * s**2) ** t, s**2 / (s**2 + 1 / (lr * t))
    a, b = solution(stop).squeeze(2), solution(ridge).squeeze(2)
    cosine[t] = F.cosine_similarity(a, b)
    apart[t] = (a - b).norm(dim=1) / a.norm(dim=1)
    ahead.append((stop - ridge).min())
    print(f"t = {t:4}: cosine {cosine[t].mean():.4f}, apart {apart[t].mean():.1%}")


# %% results
with results():
    claim(
        "early_stopping.same-direction",
        "Stopped and ridge solution point the same way.",
        torch.stack([*cosine.values()]).amin(0),
        "> 0.98",
        unit="cosine, the smallest of three times",
    )
    claim(
        "early_stopping.not-the-same",
        "But they are not the same: they differ by 10 to 25 % of their length.",
        torch.stack([*apart.values()]).mean(0),
        "between 0.1 0.25",
        unit="relative difference",
    )
    claim(
        "early_stopping.stopped-learns-more",
        "In no direction has the stopped solution learned less than matched ridge.",
        min(ahead).item(),
        "> -1e-9",
        unit="smallest difference of the filters",
    )

# %% [markdown]
# Here are the two filters for all directions, at three stopping times.

# %% figure
ax, grid = plots.figure()[1], torch.logspace(-2, 0, 200)
for t, color in zip((10, 100, 1000), plots.PALETTE, strict=False):
    ax.plot(grid, 1 - (1 - grid**2) ** t, color=color, label=f"stopped, t = {t}")
    ax.plot(grid, grid**2 / (grid**2 + 1 / t), "--", color=color)
ax.plot([], [], "--", color="#666666", label="ridge, λ = 1/(ηt)")
ax.set(xscale="log", title="Both learn strong directions first; stopping is sharper")
ax.set(xlabel="singular value s, as a share of the largest", ylabel="share learned")
ax.legend()
plots.show(
    ax.figure,
    alt="Share learned against singular value for 10, 100 and 1,000 steps, stopped "
    "solid and ridge dashed: S-shaped curves that move left with time; each solid curve "
    "lies above its dashed one.",
)

# %% [markdown]
# So a stopping time *acts like* one over a ridge strength (Ali, Kolter and Tibshirani
# 2019 bound how far apart the risks can be). It is an analogy, not an identity, and it
# is about gradient descent on a linear model from 0. Momentum, Adam and networks have
# other filters.
#
# ## 7 · Stopping too early
#
# Now the failure. Learn addition modulo 43 from half of its table: full batches, AdamW
# with strong decay, and a validation set of 925 sums. Watch the validation *loss*, as
# everybody does, once every 20 steps, with a patience of 10 looks.

# %% predict
predict(
    "05_early_stopping.too-early",
    "Training accuracy reaches 100 % within 100 steps while validation loss climbs. "
    "What do 700 steps more bring on validation?",
    ["Nothing, it is overfitted.", "A few per cent.", "A third of the sums or more."],
)


# %%
table = torch.cartesian_prod(torch.arange(43), torch.arange(43))
shuffled = table[torch.randperm(43 * 43, generator=torch.Generator().manual_seed(0))]
sums_x = F.one_hot(shuffled, 43).flatten(1).float().to(DEVICE)  # (1849, 86)
sums_y = (shuffled.sum(1) % 43).to(DEVICE)
known, unknown = (
    (sums_x[part], sums_y[part]) for part in (slice(924), slice(924, None))
)

# %% experiment
late = train_population(
    lambda: mlp((86, 128, 43)),
    known,
    val=unknown,
    seeds=range(4),
    steps=800,
    batch_size=924,
    lr=1e-2,
    weight_decay=1.0,
    betas=(0.9, 0.98),
    record_every=20,
)

# %% [markdown]
# Each seed has its own stopping point: the first look with ten in a row that brought no
# lower loss. What early stopping keeps is the best look before it.

# %% figure
looks = [stopped(-curve, 10)[0] for curve in late.val_loss.T]
best = [late.val_loss[:n, k].argmin() for k, n in enumerate(looks)]
kept = torch.stack([late.val_accuracy[b, k] for k, b in enumerate(best)])
print("stopped at step", [20 * n for n in looks], f"keeping {kept.mean():.1%} accuracy")
ax = plots.band(late.steps, 100 * late.train_accuracy.T, label="train")
plots.band(
    late.steps, 100 * late.val_accuracy.T, label="validation", color=plots.VAL, ax=ax
)
ax.axvline(20 * max(looks), color="#1a1a1a", lw=1, label="the last seed stops here")
ax.set(title="All that was to be learned came after the stop", xlabel="step")
ax.set_ylabel("accuracy (%)")
ax.legend()
plots.show(
    ax.figure,
    alt="Accuracy against steps, 4 seeds: training is at 100 % almost at once; "
    "validation is near 0 at the stopping point and rises only later.",
    after="05_early_stopping.too-early",
)

# %% results
with results():
    recall("05_early_stopping.too-early", 3)
    claim(
        "early_stopping.too-early-keeps",
        "Early stopping keeps a network that knows next to none of the other sums.",
        kept,
        "within 0.05",
        unit="accuracy",
    )
    claim(
        "early_stopping.too-early-costs",
        "Trained on, the same networks know more than a third of them.",
        late.val_accuracy[-1] - kept,
        "> 0.33",
        unit="accuracy",
    )

# %% [markdown]
# This is *grokking* (Power et al. 2022), an extreme case: accuracy comes long after
# the training set is fitted, and loss goes the wrong way first. Milder forms are
# everyday: a warm-up, a learning rate that will drop at epoch 60, a second descent.
# Before you trust a stopping rule, run one seed far beyond it.
#
# ## 8 · Stop tonight, resume tomorrow
#
# A run may also end because the machine does. Then the weights alone are not enough.
# The optimizer has memory, the data order and dropout have a random state. And a crash
# can come *while the file is being written*.
#
# The recipe for the last: write to another file in the same folder, then
# `os.replace` it over the old one. That is atomic: a reader finds the old file or the
# new one, never half of one.
#
# ### Exercise 5.2 · Checkpoints (3 points, ~15 min)
#
# **Given** a `path` (str or Path), a `model`, an `optimizer` and the number `epoch`.
# `save_checkpoint` **writes** all that a run needs to go on: model, optimizer, epoch,
# torch's random state (CPU, and CUDA where present). A crash while writing must leave the
# old file whole. `load_checkpoint` puts everything back and **returns** the epoch. It must
# not run pickled code: `weights_only=True`.
#
# **By hand:** save at epoch 5, do anything else, load: the result is 5, and
# `torch.rand(1)` gives what it would have given just after saving. Ten epochs are 5 +
# resume + 5, bit for bit.
#
# <details><summary>Hint 1</summary>
# One dictionary, four entries. <code>torch.get_rng_state()</code> is a tensor;
# <code>torch.cuda.get_rng_state_all()</code> is a list of them, if
# <code>torch.cuda.is_available()</code>.
# </details>
# <details><summary>Hint 2</summary>
# <code>Path(path)</code> turns both kinds of path into one. The temporary file goes beside
# it: <code>path.with_name(path.name + ".tmp")</code>.
# </details>
# <details><summary>Hint 3</summary>
# <code>torch.save(state, temporary)</code>, <code>os.replace(temporary, path)</code>. To
# load: <code>torch.load(path, map_location="cpu", weights_only=True)</code>, two times
# <code>load_state_dict</code>, and <code>torch.set_rng_state(…)</code> last.
# </details>


# %% solution="save_checkpoint"
def save_checkpoint(
    path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer, epoch: int
) -> None:
    """Write everything that a run needs to go on; replace an old file atomically.

    Args:
        path: file to write.
        model, optimizer: their state_dict() is saved.
        epoch: epochs finished, ≥ 0.

    The random state of torch (CPU, and CUDA where present) is saved too. About 10 lines.

    Example: save_checkpoint("run.pt", model, optimizer, 5)
    """
    ### BEGIN SOLUTION
    path = Path(path)
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": epoch,
        "rng": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda_rng"] = torch.cuda.get_rng_state_all()
    temporary = path.with_name(path.name + ".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)
    ### END SOLUTION


def load_checkpoint(
    path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer
) -> int:
    """Put back what save_checkpoint wrote, and return its epoch.

    Args:
        path: file to read; pickled code in it is never run.
        model, optimizer: made as for the first run; changed in place.

    Returns:
        The epoch that was saved. About 7 lines.

    Example: load_checkpoint("run.pt", model, optimizer) -> 5
    """
    ### BEGIN SOLUTION
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["rng"])
    if torch.cuda.is_available() and "cuda_rng" in state:
        torch.cuda.set_rng_state_all(state["cuda_rng"])
    return state["epoch"]
    ### END SOLUTION


# %% look
def there_and_back():
    layer = nn.Linear(1, 1)
    sgd = torch.optim.SGD(layer.parameters(), lr=0.1)
    with TemporaryDirectory() as folder:
        save_checkpoint(f"{folder}/run.pt", layer, sgd, 5)
        expected = torch.rand(1)
        epoch = load_checkpoint(f"{folder}/run.pt", layer, sgd)
    return [epoch, torch.equal(torch.rand(1), expected)]


look(there_and_back, [5, True])

# %% [markdown]
# The epoch, and whether the random numbers go on as they would have. The check
# resumes a run with dropout and momentum, and stops the writer half-way.

# %% test="save_checkpoint" points=3
check.save_checkpoint(save_checkpoint, load_checkpoint)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("05_early_stopping").save_checkpoint(save_checkpoint, load_checkpoint, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# ## 9 · Or slow down instead of stopping
#
# A learning-rate schedule ends a run in another way: steps become so small that there is
# nothing left to stop. Warm up linearly, then follow half a cosine (Loshchilov and
# Hutter 2017):
#
# $$
# \eta = \eta_{\min} + \tfrac12 (\eta_{\max} - \eta_{\min}) (1 + \cos \pi t),
# \qquad t = \frac{\text{step} - \text{warmup}}{\text{total} - \text{warmup}}.
# $$
#
# ### Exercise 5.3 · Cosine schedule (2 points, ~8 min)
#
# **Given** `step`, `total_steps`, `base_lr`, `min_lr` and `warmup_steps`. **Return** the
# learning rate as a float. Below `warmup_steps` it is base_lr · step / warmup_steps; at
# step = warmup_steps it is base_lr, at step = total_steps min_lr.
#
# **By hand:** 10 steps, base_lr 1, no warm-up: 1 at step 0, 0.5 at step 5, 0 at step 10.
#
# <details><summary>Hint 1</summary>
# Two cases: in the warm-up, or after it. Where does the warm-up start?
# </details>
# <details><summary>Hint 2</summary>
# After it, count from the end of the warm-up: t goes from 0 to 1, and reaches 1 at
# <code>total_steps</code>, not one step before.
# </details>
# <details><summary>Hint 3</summary>
# <code>t = (step - warmup_steps) / (total_steps - warmup_steps)</code>, then the formula
# with <code>math.cos(math.pi * t)</code>.
# </details>


# %% solution="cosine_schedule"
def cosine_schedule(
    step: int,
    total_steps: int,
    base_lr: float,
    min_lr: float = 0.0,
    warmup_steps: int = 0,
) -> float:
    """Return the learning rate at `step`: linear warm-up, then half a cosine.

    Args:
        step: 0 to total_steps.
        total_steps: length of the run in steps, warm-up included.
        base_lr, min_lr: highest rate, and the rate at the end.
        warmup_steps: length of the warm-up, 0 ≤ warmup_steps < total_steps.

    Returns:
        The rate, a float. About 4 lines.

    Example: cosine_schedule(5, 10, 1.0) -> 0.5
    """
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return base_lr * step / warmup_steps
    t = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + 0.5 * (base_lr - min_lr) * (1 + math.cos(math.pi * t))
    ### END SOLUTION


# %% look
def draw(yours, target):
    ax = plots.compare(yours, target, kind="lines")
    ax.set(title="Warm-up, then half a cosine", xlabel="step", ylabel="learning rate")
    plots.show(ax.figure, alt="Your schedule over the expected one.")


rule = (100, 1.0, 0.1, 20)  # total, base, min, warm-up
look(
    lambda: torch.tensor([cosine_schedule(step, *rule) for step in range(101)]),
    torch.tensor([callbacks.cosine_schedule(step, *rule) for step in range(101)]),
    draw=draw,
)

# %% [markdown]
# The check looks closely at both ends. The cell after it is the other popular schedule
# in the form of a callback: *plateau* halves the rate when the validation loss has not
# improved for a while. It is early stopping that does not stop.

# %% test="cosine_schedule" points=2
check.cosine_schedule(cosine_schedule)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("05_early_stopping").cosine_schedule(cosine_schedule, seed=48_271)
### END HIDDEN TESTS


# %%
class Plateau:
    """Callback: halve the learning rate after more than 3 epochs without progress."""

    def on_epoch_end(self, state):
        if state.epoch == 1:
            reduce = torch.optim.lr_scheduler.ReduceLROnPlateau
            self.schedule = reduce(state.optimizer, factor=0.5, patience=3)
        self.schedule.step(state.history.val_loss[-1])


# %% [markdown]
# A constant rate, plateau and cosine: 1,000 clean MNIST-1D examples, SGD with momentum at
# a rate on the high side, 30 epochs, 12 seeds. Only the schedule differs.

# %% predict
predict(
    "05_early_stopping.schedules",
    "Compare the LAST epoch of a cosine run with the BEST epoch of a constant rate. "
    "Which has the higher validation accuracy?",
    ["Cosine, by more than 2 points.", "About equal.", "The constant rate, by 2."],
)


# %%
brief = data.mnist1d(1000, 1000, device=DEVICE)
hooks = {
    "constant": list,
    "plateau": lambda: [Plateau()],
    "cosine": lambda: [
        callbacks.StepSchedule(lambda k: callbacks.cosine_schedule(k, 300, 0.2))
    ],
}

# %% experiment
ends, tops = {}, {}
for name, hook in hooks.items():
    curves = []
    for seed in range(12):
        history = fit(
            network(40, 100, 100, 10, seed=seed),
            brief.train,
            val=brief.val,
            epochs=30,
            batch_size=100,
            seed=seed,
            optimizer=lambda p: torch.optim.SGD(p, lr=0.2, momentum=0.9),
            callbacks=hook(),
            progress=False,
        )
        curves.append(history.val_accuracy)
    curves = torch.tensor(curves)  # (12, 30)
    ends[name], tops[name] = curves[:, -1], curves.amax(1)

# %% [markdown]
# The last epoch of each, and the best epoch of the constant rate, which is what early
# stopping with endless patience would keep.

# %% figure
shown = {f"{name}, last epoch": 100 * values for name, values in ends.items()}
ax = plots.points(shown | {"constant, best epoch": 100 * tops["constant"]})
ax.set(title="Cosine ends where early stopping would have", xlabel="schedule")
ax.set_ylabel("validation accuracy (%)")
plots.show(
    ax.figure,
    alt="Validation accuracy, one dot per seed: the constant rate's last epoch is lowest "
    "and most scattered; cosine's last epoch is about level with the constant rate's best.",
    after="05_early_stopping.schedules",
)

# %% results
with results():
    recall("05_early_stopping.schedules", 2)
    claim(
        "early_stopping.cosine-last",
        "At the last epoch cosine is ahead of the constant rate.",
        ends["cosine"] - ends["constant"],
        "> 0",
        unit="accuracy",
    )
    claim(
        "early_stopping.cosine-no-better",
        "But not ahead of the constant rate's best epoch.",
        ends["cosine"] - tops["constant"],
        "within 0.02",
        unit="accuracy",
    )

# %% [markdown]
# What a schedule bought here is a *last* epoch worth keeping: nothing to monitor,
# nothing to choose, so also nothing of section 5's optimism (which flatters the best
# epoch in this figure). It did not buy accuracy beyond that best epoch. The price: a
# cosine must know its end in advance. And do not combine it with impatience: an early
# stop cuts off the very epochs in which the rate is small.
#
# A quiz to close.

# %%
quiz("05_early_stopping")
flashcards("05_early_stopping")

# %% [markdown]
# ## Pitfalls
#
# - **`state_dict().copy()` is no copy.** Use `copy.deepcopy`, or save to a file.
# - **Stopping is half of it.** Without `restore` you keep the *last* weights, which are
#   `patience` epochs past the best.
# - **Watch the right way round**: mode "min" for losses, "max" for accuracies. A wrong
#   mode keeps the worst epoch.
# - **Loss and accuracy peak at different epochs.** Watch what you will report.
# - **The score that chose is not a result.** Open the test set once, after choosing.
# - **Do not stop on the test set.** Then it is a validation set, and you have no test set.
# - **Weights are not a run.** Without optimizer and random state you start another one.
# - **`torch.load` of a stranger's file can run code** unless `weights_only=True` (the
#   default since PyTorch 2.6; write it anyway).
# - **A schedule and an early stop fight each other** if the rate has not come down yet.
#
# ## In three lines
#
# 1. With wrong labels a network learns what holds first: keep the weights from before the
#    memorising, as a *deep* copy.
# 2. Stopping time acts like one over ridge strength, direction by direction, roughly.
# 3. The chosen score flatters, and a curve may still have its best part ahead.
#
# ## References
#
# - Prechelt 1998, *Early stopping, but when?*,
#   <https://doi.org/10.1007/3-540-49430-8_3>
# - Arpit et al. 2017, *A closer look at memorization in deep networks*,
#   <https://arxiv.org/abs/1706.05394>
# - Loshchilov and Hutter 2017, *SGDR: stochastic gradient descent with warm restarts*,
#   <https://arxiv.org/abs/1608.03983>
# - Ali, Kolter and Tibshirani 2019, *A continuous-time view of early stopping for least
#   squares regression*, <https://arxiv.org/abs/1810.10082>
# - Liu et al. 2020, *Early-learning regularization prevents memorization of noisy
#   labels*, <https://arxiv.org/abs/2007.00151>
# - Power et al. 2022, *Grokking: generalization beyond overfitting on small algorithmic
#   datasets*, <https://arxiv.org/abs/2201.02177>
#
# **Next:**
# [06 · Stochastic depth](../06_stochastic_depth/06_stochastic_depth.ipynb).
# Instead of stopping in time, a network will skip
# whole blocks of itself.
