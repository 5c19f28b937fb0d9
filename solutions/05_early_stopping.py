# %% [markdown]
# # 05 · When should training stop?
#
# The cheapest regularization needs no new term in the loss and no new layer. You look at
# fresh data while you train, and you keep the weights that did best there. The idea takes
# one line, and there are at least six ways to get it wrong.
#
# When you are done you can
#
# 1. write early stopping that really keeps the best weights, checkpoints from which a run
#    resumes bit for bit, and a schedule that ends a run by itself;
# 2. say which ridge strength a stopping time stands for, and where the analogy ends;
# 3. choose patience, curve and checkpoint with measurements, report the chosen score
#    honestly, and recognize a run that was stopped too early.
#
# **You need:** notebooks 00 (the training loop) and 01 (ridge regression, bias and
# variance). **Time:** about 100 minutes; the computing takes about a minute on a slow
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
from helpers.evidence.bias_variance import bias_variance as split_error
from helpers.evidence.claims import claim, results
from helpers.evidence.early_stopping import (
    by_increases,
    by_loss_of,
    by_patience,
    judge,
    train_watched,
)
from helpers.population import mlp, train_population
from helpers.seeds import generator
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
LINEAR_SEEDS = range(24)  # of the linear problems in section 8
DEVICE = device()
NOISE = {"true labels": 0.0, "40 % false": 0.4}  # share of false labels


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
# ## 1 · The network you had last night
#
# You start a training run before you go home. In the morning the training loss is lower
# than ever, so you keep the weights and go on with them. Nothing in the log file says
# whether the network of the morning is the best one that the run has produced. Perhaps a
# better one existed at nine in the evening, and was overwritten while you slept.
#
# Let us make such a night. We take 2,000 pictures of clothes from Fashion-MNIST, 14 × 14
# pixels, ten classes, and give exactly 40 % of them a false label. The validation labels
# stay true. Here are some of both kinds, with the labels that the network will be told.


# %%
def labeled(rate, seed, n_train=2000, n_val=2000):
    """Return train, val and true training labels; false labels come first."""
    shape = {"size": 14, "flat": True, "device": DEVICE}
    splits = data.fashion_mnist(n_train, n_val, split_seed=seed, **shape)
    chance = torch.Generator().manual_seed(seed)
    given, wrong = data.corrupt_labels(splits.train.y, 10, rate, chance)
    order = wrong.logical_not().int().argsort(stable=True)
    train = data.Split(splits.train.x[order], given[order])
    return train, splits.val, splits.train.y[order]


train, val, truth = labeled(0.4, seed=0)
print(f"{(train.y != truth).float().mean():.0%} of the training labels are false")

# %% figure
fig, (left, right) = plots.figure(2)
for ax, first, title in (
    (left, 0, "False labels, as the network is told"),
    (right, 800, "True labels"),
):
    part = slice(first, first + 8)
    names = [data.CLASS_NAMES[k] for k in train.y[part]]
    plots.images(train.x[part], names, columns=4, ax=ax)
    ax.set_title(title, pad=18)
plots.show(
    fig,
    alt="Sixteen small gray pictures of clothes. The eight on the left carry a label "
    "that does not fit, the eight on the right one that fits.",
)

# %% [markdown]
# Guessing is right for 10 % of the pictures. With *all* 60,000 official training images
# at full size and true labels, networks of about this kind reach 87 % (Xiao, Rasul and
# Vollgraf 2017); with 2,000 small images we shall see 83 %.
#
# The first run is a plain loop with nothing hidden in it: 60 epochs, one network with two
# hidden layers of 64 units, AdamW without decay. After each epoch we note three numbers
# on the validation images: the accuracy, the loss, and the *confidence*, which is the
# probability that the network gives to its own answer, averaged over the images.

# %% predict
predict(
    "05_early_stopping.phases",
    "60 epochs with 40 % false training labels. What does the accuracy on "
    "validation images with true labels do?",
    ["It rises to the end.", "It rises, then stays.", "It rises, then falls."],
)

# %%
model = network(196, 64, 64, 10, seed=0).to(DEVICE)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
shuffle = torch.Generator().manual_seed(0)
night = []  # (accuracy, loss, confidence) after each epoch
for _ in range(60):
    for batch in torch.randperm(2000, generator=shuffle).split(100):
        loss = F.cross_entropy(model(train.x[batch]), train.y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        probs = model(val.x).softmax(1)  # (2000, 10)
    sure, answer = probs.max(1)
    val_loss = F.nll_loss(probs.log(), val.y)
    night.append([v.mean().item() for v in ((answer == val.y).float(), val_loss, sure)])

# %%
for epoch in (1, 5, 10, 15, 20, 30, 45, 60):
    right_share, val_loss, sure_share = night[epoch - 1]
    print(
        f"epoch {epoch:2}: accuracy {right_share:.0%}, loss {val_loss:.2f}, "
        f"confidence {sure_share:.0%}"
    )

# %% [markdown]
# The network of the morning is far from the best one. But this is a single run. We repeat
# it eight times, each time with other images, other false labels, another initialization
# and another order. And we need a control: does the fall come from the false labels, or
# would sixty epochs be too many anyway? So every seed also trains with all labels true, on
# the same images from the same initialization.
#
# For the 40 % runs we also watch the 800 false labels themselves. They stand in front of
# the training set, so that `record_size=800` measures how many of them the network repeats.


# %% experiment
def stacked(splits):
    """Return x and y of many splits, one row for each."""
    return tuple(torch.stack(part) for part in zip(*splits, strict=True))


trains, vals, _ = zip(
    *(labeled(rate, k, n_val=1000) for rate in NOISE.values() for k in SEEDS),
    strict=True,
)
nights = train_population(
    lambda: mlp((196, 64, 64, 10)),
    stacked(trains),
    val=stacked(vals),
    own_data={"train": "xy", "val": "xy"},
    seeds=[*SEEDS] * 2,
    epochs=60,
    batch_size=100,
    lr=2e-3,
    record_every=20,  # 20 steps are one epoch
    record_size=800,
)

# %%
accuracy = nights.val_accuracy.unflatten(1, (2, 8))  # (epochs, noise, seeds)
losses = nights.val_loss.unflatten(1, (2, 8))
repeated = nights.train_accuracy.unflatten(1, (2, 8))[:, 1]  # the 800 false labels
others = accuracy.sum(2, keepdim=True) - accuracy
peak = others.argmax(0, keepdim=True)  # for each seed the epoch best for the others
top, last = accuracy.gather(0, peak)[0], accuracy[-1]  # (2, 8) each
early = repeated.gather(0, peak[:, 1])[0]
print("peak after epoch", (peak[0, 1] + 1).tolist(), "with 40 % false labels")
print(
    f"false labels repeated: {early.mean():.0%} there, {repeated[-1].mean():.0%} last"
)

# %% [markdown]
# To ask whether accuracy *falls* we need an honest peak: the largest value of a wiggling
# curve lies above its last one by luck alone. So the peak of each seed is taken at
# the epoch that was best for the *other seven*. Section 7 comes back to this trap.

# %% figure
fig, (left, right) = plots.figure(2)
epochs = range(1, 61)
for k, name in enumerate(NOISE):
    plots.band(epochs, 100 * accuracy[:, k].T, label=name, ax=left)
shown = {"label": "of the 800 false labels", "color": plots.TREATMENTS["40 % false"]}
plots.band(epochs, 100 * repeated.T, ax=right, **shown)
left.set(title="With false labels the best network is not the last")
left.set(xlabel="epoch", ylabel="validation accuracy (%)", ylim=(40, 90))
right.set(title="The false labels are learned late", xlabel="epoch")
right.set(ylabel="repeated by the network (%)", ylim=(0, 100))
plots.show(
    fig,
    alt="Against epochs, 8 seeds. Left: validation accuracy with true labels rises and "
    "stays near 83 %; with 40 % false labels it peaks near 77 % between epochs 10 and 15 "
    "and falls to about 61 %. Right: the share of false labels repeated stays below a "
    "tenth until the peak and climbs past half.",
    after="05_early_stopping.phases",
)

# %% results
fall = last - top
with results(
    varies="8 times other images, false labels, initialization and order"
) as table:
    recall("05_early_stopping.phases", 3)
    table.arms(
        {
            f"{name}, {when}": 100 * scores[k]
            for k, name in enumerate(NOISE)
            for when, scores in (("peak", top), ("epoch 60", last))
        },
        unit="% accuracy",
        digits=1,
    )
    claim(
        "early_stopping.falls",
        "With 40 % false labels validation accuracy falls after the peak.",
        100 * fall[1],
        "< 0",
        unit="points",
    )
    claim(
        "early_stopping.labels-cause-it",
        "The false labels make it fall: with true ones it falls less.",
        100 * (fall[1] - fall[0]),
        "< 0",
        unit="points",
    )
    claim(
        "early_stopping.wrong-labels-late",
        "More of the false labels are learned after the peak than before it.",
        100 * (repeated[-1] - 2 * early),
        "> 0",
        unit="% of the false labels",
    )

# %% [markdown]
# With 40 % false labels about fifteen points are lost between the peak and the morning,
# and the training loss does not show it, because it falls all the way. With true labels
# nothing measurable is lost: more epochs cost time there, and no accuracy. So early
# stopping is no universal gain: what it saved here are the points that learning the false
# labels would have cost.
#
# ### Why are the true labels learned first?
#
# Think of the gradient as a sum of small pulls, one from each example. A thousand
# pictures of trousers that are called trousers pull the weights in much the same
# direction, because the same pixels matter in all of them. Their pulls add up. A picture
# of a bag that is called a coat pulls toward "coat", the next bag is called a sandal and
# pulls elsewhere, and most of this cancels. So the shared pattern wins the first steps,
# although a single false label need not pull less than a single true one.
#
# That is a statement we can check before any training: take 800 images with true labels
# and 800 with false ones, and compare the lengths of their mean gradients.


# %%
def pull(net, x, y):
    """Return the length of the mean gradient of these examples."""
    slopes = torch.autograd.grad(F.cross_entropy(net(x), y), list(net.parameters()))
    return torch.cat([slope.flatten() for slope in slopes]).norm().item()


pulls = []
for seed in SEEDS:
    net, (x, y) = network(196, 64, 64, 10, seed=seed).to(DEVICE), trains[8 + seed]
    pulls.append((pull(net, x[:800], y[:800]), pull(net, x[800:1600], y[800:1600])))
wrong_pull, right_pull = torch.tensor(pulls).T
ratios = (right_pull / wrong_pull).sort().values.tolist()
print("true labels pull harder by", [f"{r:.1f}" for r in ratios], "in eight networks")

# %% [markdown]
# In every one of the eight networks the images with true labels together pull more than
# twice as hard, in most about three times. Once the shared pattern is fitted, its pull
# fades, and what is left of the sum comes from the false labels, one by one. Fitting them
# takes many epochs, because hardly anything learned from one of them helps with the next.
# This order was described by Arpit and others (2017); Liu and others (2020) call it *early
# learning*. Our runs end with 56 % of the false labels repeated, so sixty epochs need not be
# the end of the decline.
#
# ## 2 · See it: playback
#
# The same in two dimensions: two moons, 100 points, 20 of them with a false label. One
# network, 60 epochs. Press **Play**: first a nearly straight line, later a bent one, and at
# last an island around a few false points. Early stopping ends the film where the validation
# loss has not improved for `patience` epochs; the dotted line is where it stops, the green
# dot the epoch that it goes back to (in the still picture a star marks the best epoch).
#
# A patience of 60 lets the whole film run: what do the last epochs do
# to the plane? With a patience of 1 or 2, does a chance wiggle end the run? And with
# `min_delta` at 0.02 only an improvement by more than that much counts: which epoch is
# kept then, and is it a better one? Watch the accuracy in place of the loss, too: do the
# two have their best epoch at the same time?

# %%
points, moon_labels = data.two_moons(100, noise=0.25, seed=0)
moon_labels, _ = data.corrupt_labels(
    moon_labels, 2, 0.2, torch.Generator().manual_seed(0)
)
moons, fresh_moons = (points, moon_labels), data.two_moons(1000, noise=0.25, seed=1)
playback = Playback(points)
film = fit(
    network(2, 100, 100, 2, seed=0),
    moons,
    val=fresh_moons,
    epochs=60,
    batch_size=10,
    optimizer=lambda p: torch.optim.Adam(p, lr=3e-3),
    callbacks=[playback],
)

# %% demo
curves = film.train_loss, film.val_loss, film.val_accuracy
demos_stopping.scene(*curves, film=(playback, moons)).show()

# %% [markdown]
# ## 3 · Keep the best weights
#
# While you train you cannot know whether the present value is the best one. So you
# remember the best so far, keep its weights, and give up once nothing better has come for
# some number of looks at the validation set. That number is the *patience*.
#
# How does one keep weights? This line stands in many scripts: `best =
# model.state_dict().copy()`. Let us train on after it and see what it holds.

# %% predict
predict(
    "05_early_stopping.shallow",
    "You save with state_dict().copy(), train 3 epochs more, and load it back. Which "
    "weights do you have?",
    ["Those of the moment of saving.", "Those after the 3 epochs.", "A mixture."],
)

# %%
small = nn.Sequential(
    nn.Linear(196, 20), nn.BatchNorm1d(20), nn.ReLU(), nn.Linear(20, 10)
).to(DEVICE)
shallow = small.state_dict().copy()
deep = copy.deepcopy(small.state_dict())
fit(small, train, epochs=3)
live = small.state_dict()

# %%
recall("05_early_stopping.shallow", 2)
for name in live:
    follows = torch.equal(shallow[name], live[name])
    stayed = not torch.equal(deep[name], live[name])
    print(f"{name:22} .copy() moved along: {follows!s:6} deepcopy stayed: {stayed}")

# %% [markdown]
# `.copy()` copied the *dictionary*, that is, the list of names. The tensors behind the
# names are the live ones, and the optimizer goes on writing into them. Early stopping then
# "restores" the last weights, says nothing, and looks as if it did not help. The table has
# two kinds of entries: weights, and the running statistics of BatchNorm, which are
# *buffers*. Both moved, and both belong to the network that you validated.
# `copy.deepcopy` copies what is inside.
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
# ### Bug hunt (ungraded)
#
# This version has been reviewed: it copies deeply, it counts from 0, its patience is
# right. One night a batch with a broken image makes a single validation loss NaN. Run the
# cell. What is the symptom, and which line must change?


# %%
class Hunted:
    def __init__(self, patience):
        self.best_value, self.best_step = math.inf, None
        self.patience, self.calls, self.waited = patience, 0, 0

    def update(self, value, net):
        if not value >= self.best_value:
            self.best_value, self.best_step = value, self.calls
            self.weights, self.waited = copy.deepcopy(net.state_dict()), 0
        else:
            self.waited += 1
        self.calls += 1
        return self.waited >= self.patience


hunted, layer = Hunted(patience=2), nn.Linear(1, 1)
for value in (1.0, 0.8, math.nan, 0.9, 1.0, 1.1, 1.2):
    print(f"{value}: stop {hunted.update(value, layer)}, best {hunted.best_value}")

# %% [markdown]
# <details><summary>Resolution</summary>
#
# *Symptom.* The run ends with the best value 0.9 and has lost the weights of 0.8.
# *Cause.* Every comparison with NaN is false, so `not value >= best` is *true* for it.
# NaN is taken for an improvement. Now `best` is NaN, the same line is true for whatever
# comes next, and 0.9 takes the place. If the losses stay NaN, each counts as a new
# best, and the run never stops. *Mend.* Ask for what you want, not for the absence of
# its opposite: `if value < self.best_value`. NaN fails this by itself.
# </details>
#
# The course's own version hangs into `fit` as a callback. It also restores the best
# weights if you press Ctrl-C.

# %%
model = network(196, 64, 64, 10, seed=0).to(DEVICE)
stopper = callbacks.EarlyStopping(8, mode="max", monitor="val_accuracy")
history = fit(model, train, val=val, epochs=60, batch_size=100, callbacks=[stopper])
print(f"stopped {history.stopped} after {len(history.val_accuracy)} epochs")
kept = evaluate(model, val).accuracy
print(f"best epoch {stopper.best_step + 1}: {stopper.best_value:.1%}, kept {kept:.1%}")

# %% [markdown]
# **Quick check.** One question on what you have just read; your answer is kept.

# %%
quick_check("restore-best")

# %% [markdown]
# ## 4 · Which curve, and how much patience?
#
# Early stopping has two knobs, what you watch and how long you wait. Both are often set
# by habit: the validation *loss*, and five or ten epochs. What does each habit cost?
#
# ### Loss or accuracy?
#
# The runs of section 1 have recorded both curves. Here is the validation loss, and beside
# it, for each seed, the epoch that was best by the loss and the one that was best by the
# accuracy.

# %%
best_by = {}
for k, name in enumerate(NOISE):
    best_by[f"{name}, by loss"] = losses[:, k].argmin(0) + 1.0
    best_by[f"{name}, by accuracy"] = accuracy[:, k].argmax(0) + 1.0
for name, best_epochs in best_by.items():
    print(f"{name:24} mean best epoch {best_epochs.mean():.0f}")

# %% figure
fig, (left, right) = plots.figure(2)
for k, name in enumerate(NOISE):
    plots.band(epochs, losses[:, k].T, label=name, ax=left)
left.set(title="The loss turns up in both", xlabel="epoch")
left.set(ylabel="validation loss (nats)")
for place, (name, best_epochs) in enumerate(best_by.items()):
    color = plots.TREATMENTS[name.split(",")[0]]
    right.plot(place + torch.linspace(-0.2, 0.2, 8), best_epochs, "o", color=color)
    right.plot(place, best_epochs.mean(), "D", color="#1a1a1a", label="mean")
right.set_xticks(range(4), [name.replace(", ", ",\n") for name in best_by])
right.legend(handles=right.lines[1:2])
right.set(title="True labels: the loss is best first", ylabel="best epoch")
right.set_xlabel("labels, and what was watched")
plots.show(
    fig,
    alt="Left: validation loss against epochs falls and rises again, with true labels "
    "and with 40 % false ones. Right, one dot per seed: with true labels the loss is "
    "best near epoch 20, the accuracy later and scattered; with 40 % false labels the "
    "loss is best somewhat later than the accuracy.",
)

# %% results
with results(varies="8 times other images, initialization and order"):
    claim(
        "early_stopping.loss-turns-first",
        "With true labels the loss has its best epoch before the accuracy.",
        best_by["true labels, by accuracy"] - best_by["true labels, by loss"],
        "> 0",
        unit="epochs",
    )

# %% [markdown]
# With true labels the loss has its best epoch long before the accuracy, since
# cross-entropy punishes a confident mistake without limit. Once the training images are
# fitted, the network grows surer of everything, its mistakes included, and the loss
# rises although the number of mistakes does not (Guo and others 2017 describe it as
# miscalibration). Here the rising loss warns about the probabilities, not about the
# answers.
#
# With 40 % false labels it is rather the other way round. Look at the confidences that the
# loop of section 1 printed. A network that is told the truth 60 % of the time learns to be
# modest: around its best epoch it is right three times out of four and gives its own
# answers only a probability of about one half. Growing surer *helps* the loss for a while,
# even after the accuracy has begun to fall. So watch the curve that you will be asked
# about. If you will report accuracy, the loss may stop you early or late; if you will use
# the probabilities, it is the right one.
#
# ### Patience
#
# Too much patience costs epochs, and too little costs accuracy. To measure both, we
# record eight more nights, this time *image by image*: for each of 45 epochs and 4,000
# validation images we keep whether the network was right, and its loss. Then any rule,
# with any validation set, can be asked afterwards where it would have stopped. One
# small set of 500 images does the stopping, the other 3,500 say what the kept epoch is
# worth; then the next 500 do the stopping, and so on, and we average.
#
# The optimizer is now SGD with momentum, so that section 6 can use the same code.

# %% experiment
watched_trains, watched_vals, _ = zip(
    *(labeled(0.4, k, n_val=4000) for k in SEEDS), strict=True
)
watched = train_watched(
    stacked(watched_trains),
    stacked(watched_vals),
    torch.full((8, 45 * 20), 0.05),  # one learning rate for each run and step
    sizes=(196, 64, 64, 10),
    seeds=SEEDS,
)

# %% [markdown]
# Beside patience we ask two older rules. Prechelt (1998), who gave the question "early
# stopping, but when?" its name, did not count epochs without a new best. His *GL* stops
# when the loss lies some per cent above its best so far. His *UP* stops when the loss
# has gone up in several strips of five epochs in a row. (A third, *PQ*, divides GL by the
# progress of training, so that a run which still learns fast may go on.)

# %% predict
predict(
    "05_early_stopping.patience",
    "Stop by the accuracy on 500 images, with patience 1. How much honest accuracy is "
    "lost against waiting for all 45 epochs and taking the best?",
    ["Less than 1 point.", "1 to 3 points.", "More than 3 points."],
)

# %%
RULES = {
    "patience 1": (by_patience(1), "accuracy"),
    "patience 3": (by_patience(3), "accuracy"),
    "patience 10": (by_patience(10), "accuracy"),
    "all 45 epochs": (by_patience(45), "accuracy"),
    "patience 5, loss": (by_patience(5), "loss"),
    "all 45 epochs, loss": (by_patience(45), "loss"),
    "GL 5 %, loss": (by_loss_of(5), "loss"),
    "UP 2 strips, loss": (by_increases(2), "loss"),
}
asked = {
    name: judge(watched, rule, images=500, by=by) for name, (rule, by) in RULES.items()
}
for name, found in asked.items():
    told, true = 100 * found.reported.mean(), 100 * found.honest.mean()
    spent = found.epochs.mean()
    print(f"{name:20} {spent:4.1f} epochs, reported {told:.1f} %, honest {true:.1f} %")

# %% figure
ax = plots.figure()[1]
for name, found in asked.items():
    by_loss = RULES[name][1] == "loss"
    look_of = {"marker": "s" if by_loss else "o", "color": plots.PALETTE[5 + by_loss]}
    spot = found.epochs.mean(), 100 * found.honest.mean()
    ax.plot(*spot, ls="", ms=8, **look_of)
    ax.annotate(name, spot, xytext=(7, 5), textcoords="offset points", fontsize=9)
ax.margins(y=0.1)
ax.plot([], [], "o", color=plots.PALETTE[5], label="watching accuracy")
ax.plot([], [], "s", color=plots.PALETTE[6], label="watching loss")
ax.set(title="A longer patience soon buys nothing more", xlim=(0, 65))
ax.set(xlabel="epochs trained", ylabel="honest accuracy of the kept epoch (%)")
ax.legend(loc="lower right")
plots.show(
    ax.figure,
    alt="Honest accuracy against epochs trained, one mark for each rule: patience 1 is "
    "lowest, patience 3 is close to the choice among all 45 epochs, and patience 10 "
    "equals it. The rules that watch the loss lie one or two points below, GL with the "
    "fewest epochs.",
    after="05_early_stopping.patience",
)

# %% results
patient, hasty = asked["all 45 epochs"], asked["patience 1"]
cost = (patient.honest - hasty.honest).mean().item()
with results(
    varies="8 times other images, false labels, initialization and order; each value is "
    "the mean over 8 validation sets of 500"
) as table:
    recall("05_early_stopping.patience", 1 + (cost > 0.01) + (cost > 0.03))
    table.arms(
        {name: 100 * found.honest for name, found in asked.items()},
        paired_with="all 45 epochs",
        unit="% honest accuracy",
        digits=1,
    )
    claim(
        "early_stopping.impatient",
        "With patience 1 honest accuracy is given away.",
        100 * (patient.honest - hasty.honest),
        "> 0",
        unit="points",
    )

# %% [markdown]
# A validation curve wiggles. On 500 images one image is 0.2 points, and the epochs of SGD
# differ by more than that, so the first step downward means nothing. Patience has to be
# longer than the wiggle, which depends on the size of the validation set, the learning rate
# and how often you look. Here patience 10 loses nothing that can be seen.
#
# Notice the two columns printed above the figure. The *reported* cost of impatience is
# larger than the honest one. Whoever waits for all 45 epochs reports the largest of 45
# wiggling numbers, and part of that is luck; section 7 measures it.
#
# The rules that watch the loss keep a network worse by about one to two points here (for
# patience 5 the interval includes zero). With these labels the loss has its best epoch when
# the accuracy is falling already, as we have just seen. Among them Prechelt's GL needs the
# fewest epochs and loses nothing against waiting for all 45, because it looks at the size
# of the rise and not at its length. With true labels, where the loss turns early, the
# order could be another one.
#
# ## 5 · Stop tonight, resume tomorrow
#
# A run may also end because the machine fails. To go on as if nothing had happened, the
# weights alone are not enough. The optimizer has memory: Adam's averages, which set the size
# of the next steps, would start at zero again (notebook 04, *From a step to an optimizer*,
# shows what that does). Dropout and the order of the data draw random
# numbers, so the state of the generator belongs to the run. And a crash can come *while the
# file is being written*. So write to another file in the same folder, then `os.replace` it
# over the old one. The replacement is atomic: whoever opens the name finds the old file or
# the new one, never half of one.
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
# ## 6 · Or slow down instead of stopping
#
# Early stopping looks for a good moment to end a run. A learning-rate schedule tries to
# make the planned end a good moment. Think of the last epochs at a constant rate. Each
# batch gives a noisy gradient, so the weights do not settle in a minimum, but rattle around
# it (in notebook 04's valley this was the floor under the loss), and which network you get
# depends on where they are at the last step. If the steps shrink to nothing, the rattling
# does too.
#
# A much used schedule warms up linearly, because the first gradients are large and the
# optimizer's averages know nothing yet, and then follows half a cosine (the cosine is from
# Loshchilov and Hutter 2017):
#
# $$
# \eta = \eta_{\min} + \tfrac12 (\eta_{\max} - \eta_{\min}) (1 + \cos \pi t),
# \qquad t = \frac{\text{step} - \text{warmup}}{\text{total} - \text{warmup}}.
# $$
#
# Here $\eta_{\max}$ is `base_lr`, $\eta_{\min}$ is `min_lr`, and $t$ runs from 0 at the end
# of the warm-up to 1 at the last step.
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
# The check looks closely at both ends.

# %% test="cosine_schedule" points=2
check.cosine_schedule(cosine_schedule)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("05_early_stopping").cosine_schedule(cosine_schedule, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# ### A fair race
#
# Three more ways to end a run compete with the constant rate. *Cosine* you have just
# written. *Plateau* halves the rate whenever the validation loss has set no new best for
# more than 3 epochs; it is early stopping that slows down where the other stops. And
# *averaging* leaves the rate constant, but keeps beside the weights their running average
# $\bar{\mathbf w} \leftarrow 0.98\,\bar{\mathbf w} + 0.02\,\mathbf w$, which costs
# one line per step, and hands *that* over at the end. If the weights rattle around a good
# place, their average should lie in it (Polyak and Juditsky 1992; Izmailov and others 2018
# call it stochastic weight averaging, SWA; with the exponential weights it is an EMA).
#
# A race is fair only if all get the same tuning. A highest rate that suits cosine, which
# soon leaves it, may be far too high for a constant. So each of the four runs at three
# rates: 1,000 images with true labels, SGD with momentum, 20 epochs, and no
# stopping. We compare the networks of the *last* epoch.

# %% predict
predict(
    "05_early_stopping.schedules",
    "Each may choose its best rate out of 0.02, 0.06 and 0.2. By how much is the last "
    "epoch of cosine ahead of the last epoch of the constant rate?",
    ["It is not ahead.", "By less than 2 points.", "By 2 points or more."],
)

# %% experiment
RATES, STEPS = (0.02, 0.06, 0.2), 200
half_cosine = torch.tensor(
    [callbacks.cosine_schedule(step, STEPS, 1.0) for step in range(STEPS)]
)
shapes = {
    "constant": torch.ones(STEPS),
    "plateau": torch.ones(STEPS),
    "cosine": half_cosine,
}
rows = [(name, rate, seed) for name in shapes for rate in RATES for seed in SEEDS]
brief = {seed: labeled(0.0, seed, n_train=1000, n_val=1000) for seed in SEEDS}
race = train_watched(
    stacked([brief[seed][0] for _, _, seed in rows]),
    stacked([brief[seed][1] for _, _, seed in rows]),
    torch.stack([rate * shapes[name] for name, rate, _ in rows]),
    sizes=(196, 64, 64, 10),
    seeds=[seed for _, _, seed in rows],
    plateau=[3 if name == "plateau" else 0 for name, _, _ in rows],
)

# %%
final, final_mean = (
    100 * part[-1].double().mean(1).unflatten(0, (3, 3, 8))  # (shape, rate, seed)
    for part in (race.right, race.averaged)
)
ends = dict(zip(shapes, final, strict=True)) | {"averaged": final_mean[0]}


def tuned(scores):
    """Return each seed's score at the rate that is best for the other seeds."""
    rest = scores.sum(1, keepdim=True) - scores  # (3 rates, 8 seeds)
    return scores.gather(0, rest.argmax(0, keepdim=True))[0]


for name, scores in ends.items():
    row = "  ".join(f"{score:.1f}" for score in scores.mean(1))
    print(f"{name:9} at the three rates {row}; tuned {tuned(scores).mean():.1f} %")

# %% figure
ax = plots.figure()[1]
inks = ("#666666", plots.PALETTE[6], plots.PALETTE[5], "#1a1a1a")
for (name, scores), color in zip(ends.items(), inks, strict=True):
    plots.band(RATES, scores.T, label=name, color=color, ax=ax)
ax.set_xscale("log")
ax.set_xticks(RATES, [str(rate) for rate in RATES])
ax.minorticks_off()
ax.set(title="Which ending is best depends on the rate", ylim=(74, 83))
ax.set(xlabel="learning rate (highest of the run)", ylabel="last epoch's accuracy (%)")
ax.legend(loc="lower left")
plots.show(
    ax.figure,
    alt="Validation accuracy of the last epoch against learning rate, 8 seeds. The "
    "constant rate is lowest at 0.06 and 0.2, cosine lowest at 0.02 and highest at 0.2; "
    "the averaged weights are highest at 0.02 and 0.06, plateau lies between.",
    after="05_early_stopping.schedules",
)

# %% results
best_end = {name: tuned(scores) for name, scores in ends.items()}
lead = (best_end["cosine"] - best_end["constant"]).mean().item()
with results(varies="8 times other images, initialization and order") as table:
    recall("05_early_stopping.schedules", 1 + (lead > 0) + (lead >= 2))
    table.arms(best_end, paired_with="constant", unit="% accuracy, tuned", digits=1)
    claim(
        "early_stopping.same-rate",
        "At the rate 0.2 for both, cosine ends ahead of the constant rate.",
        ends["cosine"][2] - ends["constant"][2],
        "> 0",
        unit="points",
    )
    claim(
        "early_stopping.averaged",
        "Both tuned, averaged weights end ahead of the last ones.",
        best_end["averaged"] - best_end["constant"],
        "> 0",
        unit="points",
    )

# %% [markdown]
# At the rate 0.2 for both, cosine wins by about three points. Let each have its best rate,
# and about one point is left, which eight seeds cannot tell from zero. The figure shows
# why: the higher the rate, the harder the rattling, and the more there is for a schedule to
# remove. At 0.02 cosine is behind, presumably because its small steps are too slow for 20
# epochs. Plateau needs no known end,
# but it watches the very images on which it is judged here (section 7).
#
# Averaging removes the rattling without slowing down, and it ends ahead of the constant
# rate. Does it also protect against false labels? Section 4 has recorded the average, too:

# %%
plain, averaged = (
    100 * part.double().mean((1, 2)) for part in (watched.right, watched.averaged)
)
for name, curve in (("weights", plain), ("average", averaged)):
    print(f"{name}: best epoch {curve.max():.1f} %, last epoch {curve[-1]:.1f} %")

# %% [markdown]
# The average has the better best epoch and has lost less at the end. But it falls: an
# average of networks that have learned the false labels has learned them, too. Averaging
# does not replace stopping.
#
# ## 7 · The winner's curse
#
# Several companies bid for an oil field, and each has estimated its worth, with some error.
# The one with the highest bid wins, and most often its estimate was too high. This is the
# *winner's curse* (Capen, Clapp and Campbell 1971). Early stopping holds such an auction
# among epochs: the one with the largest validation score wins.
#
# In symbols: epoch $k$ has a true accuracy $a_k$ and a score $a_k + \varepsilon_k$ with an
# error that is zero on average. For every fixed $k$ the score is honest. But the maximum
# is at least the score of any epoch that you could name in advance, so
#
# $$
# \mathbb E \Bigl[ \max_k \,(a_k + \varepsilon_k) \Bigr]
# \;\ge\; \max_k \,\mathbb E [\, a_k + \varepsilon_k \,] = \max_k a_k ,
# $$
#
# and the epoch that wins is worth at most $\max_k a_k$. On average, then, its score is too
# high. Choosing this way is fine, believing the score is not. The remedy is to ask data
# that had no say in the choice.
#
# ### Exercise 5.4 · Select, then report (2 points, ~8 min)
#
# **Given** two 1-D tensors of the same length, one score per checkpoint, larger is better:
# `selection`, measured on the data that may choose, and `report`, measured on other data.
# A score may be NaN (a run that diverged), but not all of `selection` is. **Return** a pair:
# the index of the best checkpoint on `selection` as an int, and the score of *that*
# checkpoint on `report` as a float. The first one wins ties, NaN never wins.
#
# **By hand:** selection 0.70, 0.90, 0.90 and report 0.60, 0.75, 0.80 give (1, 0.75).
#
# <details><summary>Hint 1</summary>
# Which of the two tensors may you look at before the index is fixed?
# </details>
# <details><summary>Hint 2</summary>
# In torch NaN is the largest of all numbers: <code>argmax</code> would choose it. Put
# <code>-math.inf</code> in its place, by <code>torch.where</code> or
# <code>nan_to_num</code>.
# </details>
# <details><summary>Hint 3</summary>
# <code>scores = selection.nan_to_num(nan=-math.inf)</code>, then
# <code>best = int((scores == scores.max()).nonzero()[0])</code>, and
# <code>float(report[best])</code>.
# </details>


# %% solution="select_and_report"
def select_and_report(
    selection: torch.Tensor, report: torch.Tensor
) -> tuple[int, float]:
    """Choose a checkpoint on one set of scores and report it on another.

    Args:
        selection: scores that may choose, floating (n,), finite or NaN, at least one
            not NaN; larger is better.
        report: scores of the same checkpoints on other data, floating (n,).

    Returns:
        The index of the best on `selection` (ties to the first, NaN never), and its
        score on `report`. About 3 lines.

    Example: select_and_report(tensor([0.7, 0.9]), tensor([0.6, 0.75])) -> (1, 0.75)
    """
    ### BEGIN SOLUTION
    scores = selection.nan_to_num(nan=-math.inf)
    best = int((scores == scores.max()).nonzero()[0])
    return best, float(report[best])
    ### END SOLUTION


# %% look
def both_cases():
    nan = math.nan
    tied = select_and_report(
        torch.tensor([0.70, 0.90, 0.90]), torch.tensor([0.60, 0.75, 0.80])
    )
    lost = select_and_report(
        torch.tensor([0.50, nan, 0.40]), torch.tensor([0.45, 0.99, 0.55])
    )
    return torch.tensor([*tied, *lost])


look(both_cases, torch.tensor([1.0, 0.75, 0.0, 0.45]))

# %% [markdown]
# Index and score of the case by hand, then of one with a NaN in the middle. The check
# hands over longer lists, and looks whether you have peeked at `report`.

# %% test="select_and_report" points=2
check.select_and_report(select_and_report)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("05_early_stopping").select_and_report(select_and_report, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# ### How large is the curse?
#
# Section 4 has kept every answer of eight runs on 4,000 validation images. Cut them into 80
# sets of 50. On each set, take the best of the 45 epochs, note its score there, and then its
# accuracy on the other 3,950 images. The first minus the second is the *optimism* of the
# reported number.

# %% predict
predict(
    "05_early_stopping.optimism",
    "The best of 45 epochs, chosen by accuracy on 50 images. By how much does its score "
    "there exceed its accuracy on fresh images?",
    ["Less than 1 point.", "1 to 3 points.", "More than 3 points."],
)

# %%
SET_SIZES = (50, 100, 200, 500, 1000)
never = by_patience(45)  # no stopping: choose among all epochs in the end
chosen = {
    by: [judge(watched, never, images=n, by=by) for n in SET_SIZES]
    for by in ("accuracy", "loss")
}
for n, one, other in zip(SET_SIZES, chosen["accuracy"], chosen["loss"], strict=True):
    print(
        f"{n:4} images: chosen by accuracy optimism {100 * one.optimism.mean():.1f}, "
        f"honest {100 * one.honest.mean():.1f} %; "
        f"by loss {100 * other.optimism.mean():.1f}, {100 * other.honest.mean():.1f} %"
    )

# %% figure
fig, (left, right) = plots.figure(2)
for by, color in (("accuracy", plots.PALETTE[5]), ("loss", plots.PALETTE[6])):
    row = [
        100 * torch.stack([getattr(f, k) for f in chosen[by]], 1)
        for k in ("optimism", "honest")
    ]
    plots.band(SET_SIZES, row[0], label=f"chosen by {by}", color=color, ax=left)
    plots.band(SET_SIZES, row[1], label=f"chosen by {by}", color=color, ax=right)
for ax in (left, right):
    ax.set_xscale("log")
    ax.set_xticks(SET_SIZES, [f"{n:,}" for n in SET_SIZES])
    ax.minorticks_off()
    ax.set_xlabel("images in the validation set")
left.axhline(0, color="#666666", lw=1)
left.set(title="The winner's score flatters ...", ylabel="optimism (points)")
right.set(title="... and few images choose worse", ylabel="honest accuracy (%)")
plots.show(
    fig,
    alt="Against the size of the validation set, 8 seeds. Left: optimism of the epoch "
    "chosen by accuracy falls from about six points at 50 images to about half a point at "
    "1,000; chosen by loss it is much smaller throughout. Right: the honest accuracy of "
    "the epoch chosen by accuracy rises with the size by about two points.",
    after="05_early_stopping.optimism",
)

# %% results
flattery = {by: 100 * found[0].optimism for by, found in chosen.items()}
curse = flattery["accuracy"].mean().item()
with results(
    varies="8 times other images, false labels, initialization and order; each value is "
    "the mean over 80 validation sets"
):
    recall("05_early_stopping.optimism", 1 + (curse > 1) + (curse > 3))
    claim(
        "early_stopping.optimism",
        "Chosen by accuracy on 50 images, the best epoch reports too much.",
        flattery["accuracy"],
        "> 0",
        unit="points",
    )
    claim(
        "early_stopping.loss-flatters-less",
        "Chosen by the loss on the same images, its accuracy flatters less.",
        flattery["accuracy"] - flattery["loss"],
        "> 0",
        unit="points",
    )

# %% [markdown]
# A score on 50 images has a standard error of about six points ($\sqrt{0.77 \cdot 0.23 /
# 50}$), and the best of 45 such scores is too high by about one standard error. With 1,000 images the
# error is 1.3 points, and what luck can add shrinks with it. The right panel shows the
# other price: on few images the choice itself is worse. And choosing by the loss, which
# flatters less, does not choose better here, for the reason of section 4. The same argument
# holds for the best of many learning rates or many seeds.
#
# **Why?** Choosing by the *loss* of the same 50 images flatters the *accuracy* much less.
# Say why before you open the answer. And will it do so for every pair of scores?
#
# <details><summary>A model answer</summary>
#
# The optimism is the luck in the number that did the choosing. The loss was chosen to be
# small, so the *reported loss* is too small; the accuracy is flattered only by the luck that
# the two share. An image that is right by a hair counts fully in the accuracy and hardly
# differs in the loss from one that is wrong by a hair, so they share only part. If the two
# were closely tied (accuracy and error rate, say), choosing by one would flatter the other
# just as much.
# </details>
#
# ### Stop, or look back?
#
# Stopping decides without seeing what comes. If the budget is fixed anyway, one can train
# to the end, keep the checkpoints, and choose afterwards. The *Deep Learning Tuning
# Playbook* (Godbole and others 2023) recommends this as retrospective checkpoint selection. The
# table of section 4 holds both: "all 45 epochs" looks back, the patience rules stop.
# Looking back costs the epochs that stopping saves, and no wiggle ends it too soon. Its
# score is flattered as well, because it also takes a maximum.
#
# ### And the validation data, are they lost for training?
#
# Once the number of epochs is known, the validation images have done their work. One
# can put them into the training set and train anew for the same number of epochs
# (Goodfellow, Bengio and Courville 2016, section 7.8). Nothing is left to watch then.
# Does it pay? We take 500 training and 500 validation images, all with true labels,
# choose the epoch on the latter, and train again on all 1,000. Fresh images judge both.

# %% experiment
SIZES, LONG = (196, 64, 64, 10), 45
pool = [labeled(0.0, seed, n_train=1000, n_val=1000) for seed in SEEDS]
(all_x, all_y), fresh = stacked([p[0] for p in pool]), stacked([p[1] for p in pool])
half_x, half_y = all_x[:, :500], all_y[:, :500]
seen = (
    torch.cat([all_x[:, 500:], fresh[0]], 1),
    torch.cat([all_y[:, 500:], fresh[1]], 1),
)
first, again = (
    train_watched(
        (x, y),
        seen,
        torch.full((8, LONG * x.shape[1] // 100), 0.05),
        sizes=SIZES,
        seeds=SEEDS,
    )
    for x, y in ((half_x, half_y), (all_x, all_y))
)
pick = first.right[:, :, :500].double().mean(2).argmax(0, keepdim=True)  # the epochs
kept, retrained = (
    100 * run.right[:, :, 500:].double().mean(2).gather(0, pick)[0]
    for run in (first, again)
)
print("epochs chosen:", (pick[0] + 1).tolist())

# %% results
with results(varies="8 times other images, initialization and order") as table:
    arms = {"kept": kept, "retrained on all": retrained}
    table.arms(arms, paired_with="kept", unit="% accuracy", digits=1)
    claim(
        "early_stopping.retrained",
        "Trained again on all 1,000 for as many epochs, the network is better.",
        retrained - kept,
        "> 0",
        unit="points",
    )

# %% [markdown]
# Twice the data bring about two points here. The same number of *epochs* means twice the
# number of steps, and part of the gain may come from that. We have measured it where data
# are few and clean and the validation set is half of all. A smaller part would add less, and
# with false labels the additional steps may do harm.

# %% [markdown]
# ## 8 · Stopping early is (almost) ridge
#
# Why should less training be regularization at all? In linear regression one can see it
# exactly, and translate between the number of steps and the strength of ridge (notebook
# 01, *A knob: ridge*).
#
# Write $\mathbf X = \mathbf U \mathbf S \mathbf V^\top$. The columns of $\mathbf V$ are the
# directions in which the features vary, and the singular values $s$ say how much. Gradient
# descent (learning rate $\eta$) treats these directions separately. In each the distance to the
# least squares solution shrinks at every step by the same factor $1 - \eta s^2$, so that after
# $t$ steps from zero the share
#
# $$
# f_t(s) = 1 - (1 - \eta s^2)^t, \qquad \text{with ridge: } \;
# f_\lambda(s) = \frac{s^2}{s^2 + \lambda}
# $$
#
# of the direction has been learned.
#
# <details><summary>The derivation, line by line</summary>
#
# 1. The loss is $\frac12\lVert\mathbf{Xw}-\mathbf y\rVert^2$, its gradient
#    $\mathbf X^\top(\mathbf{Xw} - \mathbf y)$.
# 2. Write the weights in the directions: $\mathbf w = \mathbf V \boldsymbol\alpha$. Since
#    $\mathbf X^\top\mathbf X = \mathbf V \mathbf S^2 \mathbf V^\top$ is diagonal there, one
#    step is $\alpha \leftarrow \alpha - \eta\,(s^2 \alpha - s\, \mathbf u^\top \mathbf y)$
#    for each direction alone, with its own $\alpha$, $s$ and column $\mathbf u$ of
#    $\mathbf U$.
# 3. The step changes nothing at $\alpha^* = \mathbf u^\top \mathbf y / s$, least squares.
# 4. Subtract $\alpha^*$ on both sides: $\alpha_{t+1} - \alpha^* =
#    (1 - \eta s^2)(\alpha_t - \alpha^*)$. This is the contraction.
# 5. From $\alpha_0 = 0$ it follows that $\alpha_t = \bigl(1 - (1-\eta s^2)^t\bigr)\alpha^*$.
# 6. Ridge adds $\frac\lambda2\lVert\mathbf w\rVert^2$. Its gradient is zero where
#    $(s^2 + \lambda)\,\alpha = s\,\mathbf u^\top\mathbf y$, that is at
#    $\alpha = \frac{s^2}{s^2+\lambda}\,\alpha^*$.
# </details>
#
# Which strength belongs to which time? For small steps $(1-\eta s^2)^t$ is nearly
# $e^{-\tau s^2}$ with $\tau = \eta t$. Put $\lambda = 1/\tau$, and the two shares are
#
# $$
# 1 - e^{-\tau s^2} \qquad\text{and}\qquad 1 - \frac{1}{1 + \tau s^2}.
# $$
#
# Both begin like $\tau s^2$ in weak directions, and both go to 1 in strong ones. So
# $\lambda = 1/(\eta t)$: twice as many steps are half the strength. They are not equal in
# between: $e^{\tau s^2} \ge 1 + \tau s^2$, so stopping has learned at least as much in
# every direction.

# %% figure
ax, grid = plots.figure()[1], torch.logspace(-2, 0, 200)
shades = (plots.PALETTE[k] for k in (4, 2, 6))
for t, color in zip((10, 100, 1000), shades, strict=True):
    ax.plot(grid, 1 - (1 - grid**2) ** t, color=color, label=f"stopped, t = {t:,}")
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
# We check the formula. We make 24 regression problems with 60 examples and 20 features, whose
# directions vary by a factor of thirty, walk 100 plain steps, and compare.

# %%
problems, truths = [], []
for seed in LINEAR_SEEDS:
    g = torch.Generator().manual_seed(seed)
    problems.append(torch.randn(60, 20, generator=g, dtype=torch.float64) / 60**0.5)
    truths.append(torch.randn(20, 1, generator=g, dtype=torch.float64))
X = torch.stack(problems) * torch.logspace(0, -1.5, 20, dtype=torch.float64)
w_true, SIGMA = torch.stack(truths), 0.1  # (24, 20, 1), and the noise in y
U, s, Vt = torch.linalg.svd(X, full_matrices=False)  # s (24, 20)
eta = 1 / s[:, :1] ** 2  # (24, 1), safe for the largest direction

# %%
noise = torch.randn(24, 60, 1, generator=torch.Generator().manual_seed(24)).double()
y_linear = X @ w_true + SIGMA * noise
w = torch.zeros_like(w_true)
for _ in range(100):
    w -= eta[..., None] * X.mT @ (X @ w - y_linear)
alpha = (1 - (1 - eta * s**2) ** 100)[..., None] / s[..., None] * (U.mT @ y_linear)
gap = (w - Vt.mT @ alpha).abs().max()
print(f"largest difference between 100 steps and the formula: {gap:.0e}")

# %% [markdown]
# The two agree up to rounding. Now the question that matters: *does it help, and as much as
# ridge?* The error of the weights has two parts. What has not been learned is missing,
# which is bias. What has been learned brings its share of the noise along, the more the
# weaker the direction, which is variance. Averaged over the noise,
#
# $$
# \mathbb E\,\lVert\mathbf w - \mathbf w^*\rVert^2 = \sum_i
# \bigl(1 - f(s_i)\bigr)^2\, (\mathbf v_i^\top \mathbf w^*)^2
# + f(s_i)^2\, \frac{\sigma^2}{s_i^2} .
# $$
#
# This is the *risk*, for any share $f$; $\mathbf w^*$ are the true weights and $\sigma$ the
# standard deviation of the noise in $y$. Let both run along their whole path.


# %%
def risk(share):
    """Return the mean squared error of the weights, averaged over the noise: (24,)."""
    in_direction = (Vt @ w_true).squeeze(2)  # (24, 20)
    bias = (1 - share) * in_direction
    return (bias**2 + share**2 * SIGMA**2 / s**2).sum(1)


times = torch.logspace(0, 4, 81, dtype=torch.float64)
stopped_risk = torch.stack([risk(1 - (1 - eta * s**2) ** t) for t in times])
ridge_risk = torch.stack([risk(s**2 / (s**2 + 1 / (eta * t))) for t in times])
ratio = stopped_risk / ridge_risk  # (times, 24)
lowest = stopped_risk.amin(0) / ridge_risk.amin(0)
print(f"stopped over ridge along the path: {ratio.min():.2f} to {ratio.max():.2f}")
print(f"at the best point of each: {lowest.mean():.2f} on average")

# %% figure
ax = plots.figure()[1]
plots.band(times, stopped_risk.T, label="stopped", ax=ax)
dashes = {"color": plots.TREATMENTS["L2"], "linestyle": "--"}
plots.band(times, ridge_risk.T, label="ridge, λ = 1/(ηt)", color=dashes, ax=ax)
ax.set(xscale="log", title="Two paths, one valley", xlabel="steps t, or 1/(ηλ)")
ax.set_ylabel("risk (squared error of the weights)")
ax.legend(loc="upper center")
plots.show(
    ax.figure,
    alt="Risk against steps on a log axis, mean of 24 problems: both curves fall, reach "
    "the same lowest value near 100 steps, and rise; the stopped one rises earlier.",
)

# %% results
with results(varies="24 draws of features and true weights; exact over the noise"):
    claim(
        "early_stopping.same-valley",
        "At its best time stopping is as good as ridge at its best strength.",
        lowest - 1,
        "within 0.05",
        unit="relative difference of the lowest risks",
    )

# %% [markdown]
# The best stopped solution and the best ridge solution have practically the same risk.
# Elsewhere on the path the stopped risk lies between 16 % below and 49 % above that of ridge,
# because the shares differ. Ali, Kolter and Tibshirani (2019) proved that for infinitely small steps and $\lambda = 1/\tau$
# the stopped risk is never more than 1.69 times that of ridge, whatever the data; ours stays
# below that. So a stopping time *acts like* one over a ridge strength, for gradient descent
# on a linear model from zero. Momentum and Adam have other shares, and a network is not
# linear.
#
# There is a name for what you have seen. Nobody has written a penalty, and yet training
# prefers small solutions to large ones that fit the examples as well. Such a preference,
# which comes from the way of training and not from a term in the loss, is called *implicit
# regularization*. It does not even need the stop. A linear model with more weights than
# examples can fit them all in many ways, and gradient descent from zero arrives at the one
# with the shortest weights, because no step leaves the span of the examples. Neyshabur,
# Tomioka and Srebro (2015) suspected something of this kind behind networks that are made
# larger and larger without overfitting more.

# %% [markdown]
# ## 9 · What stopping, and the others, do to bias and variance
#
# Ridge was the knob with which notebook 01 traded variance for bias. If stopping is
# almost ridge, it should make the same trade, and so might the other techniques that you
# know by now. Notebook 01's way of measuring can tell (*The error, taken apart*): 48 data sets of 30 noisy points of a sine,
# and on each of them one network with two hidden layers of 32 units, trained plainly for
# 1,000 steps and then once more with each technique. Bias² is what the average of the 48
# fits misses of the sine. Variance is how far single fits scatter around that average.
#
# Every technique has a strength, and we move it: fewer steps, a larger penalty, a higher
# rate, fewer units, more noise on the inputs.

# %% predict
predict(
    "stopping.plane",
    "All five lower the variance. Which of them costs the least bias for it?",
    [
        "Stopping and the L2 penalty",
        "Dropout",
        "Fewer units: less freedom, less variance",
        "Noise on the inputs",
    ],
)

# %% experiment
SETS, POINTS = 48, 30
sine = generator(12)
places = torch.rand(SETS, POINTS, 1, generator=sine)
heights = torch.sin(2 * math.pi * places)
heights = heights + 0.3 * torch.randn(heights.shape, generator=sine)
line = torch.linspace(0, 1, 101)[:, None]


def fits_of(x=places, y=heights, width=32, steps=1000, **settings):
    """Train one network on each data set; return its curve, (sets, 101)."""
    run = train_population(
        lambda: mlp((1, width, width, 1)),
        (4 * x - 2, y),
        own_data={"train": "xy"},
        seeds=range(SETS),
        steps=steps,
        batch_size=POINTS,
        lr=0.01,
        loss_fn=F.mse_loss,
        progress=False,
        **settings,
    )
    return run.logits(4 * line - 2)[..., 0]


def jittered(size, copies=10):
    """Return fits to ten copies of each data set, each point's place moved at random."""
    shape = (SETS, copies, POINTS, 1)
    moved = places[:, None] + size * torch.randn(shape, generator=sine)
    same = heights[:, None].expand(shape)
    return fits_of(moved.flatten(1, 2), same.flatten(1, 2))


plain_fits = fits_of()
techniques = {
    "stopped": {s: fits_of(steps=s) for s in (120, 60, 30)},
    "L2": {c: fits_of(l2=c) for c in (0.003, 0.01, 0.03)},
    "dropout": {p: fits_of(dropout=p) for p in (0.1, 0.3)},
    "fewer units": {w: fits_of(width=w) for w in (8, 4)},
    "input noise": {size: jittered(size) for size in (0.03, 0.06)},
}

# %% figure
sine_truth = torch.sin(2 * math.pi * line[:, 0])
begin = split_error(plain_fits, sine_truth)
fig, ax = plots.figure()
colors = plots.treatment_colors(techniques)
for name, fits in techniques.items():
    path = torch.tensor([begin, *(split_error(f, sine_truth) for f in fits.values())])
    ax.plot(*path.T, "o-", color=colors[name], label=name)
ax.plot(*begin, "s", color=plots.TREATMENTS["none"], label="plain")
bias = torch.logspace(-3, -1.3, 50)
for total in (0.03, 0.05, 0.08):
    label = "equal sums" if total == 0.03 else None
    ax.plot(bias, (total - bias).clamp(min=1e-4), ":", color="#6f6f6f", label=label)
ax.set(xscale="log", yscale="log", ylim=(0.018, 0.1), xlim=(0.001, 0.05))
ax.set_yticks([0.02, 0.03, 0.05, 0.08], ["0.02", "0.03", "0.05", "0.08"])
ax.set_xticks([0.001, 0.003, 0.01, 0.03], ["0.001", "0.003", "0.01", "0.03"])
ax.minorticks_off()
ax.set(xlabel="bias² (log scale)", ylabel="variance (log scale)")
ax.set_title("L2 and stopping go down before they go right")
ax.legend(fontsize=8)
plots.show(
    fig,
    alt="Five paths that begin at the plain network, with bias squared to the right and "
    "variance upward. L2 and stopping fall steeply first and then turn right; input "
    "noise falls less far, dropout and fewer units less again. Dotted lines join points "
    "with the same sum.",
)

# %% results
chosen = {"stopped": 120, "L2": 0.01, "dropout": 0.3}
chosen |= {"fewer units": 8, "input noise": 0.03}
fits = {"plain": plain_fits} | {n: techniques[n][at] for n, at in chosen.items()}
for name, curves in fits.items():
    squared, scatter = split_error(curves, sine_truth)
    print(f"{name:>12}: bias² {squared:.4f}, variance {scatter:.4f}")
errors = {n: (f - sine_truth).square().mean(1).log10() for n, f in fits.items()}
with results(varies="48 data sets, each with its own noise and first weights") as table:
    table.arms(errors, paired_with="plain", unit="log₁₀ error on the grid")
    claim(
        "stopping.plane-gain",
        "With stopping the fits lie closer to the sine than plainly trained ones.",
        errors["plain"] - errors["stopped"],
        "> 0",
    )
    claim(
        "stopping.plane-order",
        "Stopping and L2 together are ahead of dropout and fewer units together.",
        errors["dropout"] + errors["fewer units"] - errors["stopped"] - errors["L2"],
        "> 0",
    )
    recall("stopping.plane", 1)

# %% [markdown]
# All five give up variance and pay with bias, as ridge did. But the exchange is not the
# same. The L2 penalty and stopping take off most of the variance before the bias has
# grown to anything that matters; only then do their paths turn to the right. With
# dropout and with fewer units more of the variance stays, and networks with four units in
# a layer scatter nearly as much as plain ones although they can do less.
#
# A likely reason: what scatters in a plainly trained fit is its fine detail, which is
# learned late and needs large weights. A penalty on large weights and an early stop act on
# exactly that. Dropout acts on something else, namely how units rely on each other, and
# it needs width (notebook 02, *Where it helps, and where it costs*). Noise on the inputs
# smooths the curve by the same amount everywhere, so that what is steep in the sine is
# smoothed with the rest.
#
# This holds for a smooth truth, a small network and much noise, and it is no ranking for
# images: where the truth itself has fine detail, taking detail off costs bias at once.

# %% [markdown]
# ## 10 · May one trust a stop?
#
# So far the validation curve rose, had its best value, and fell. Not every curve does. The
# data are now the addition table of a clock with 31 hours: $a + b$ modulo 31, all 961 pairs,
# as two one-hot vectors each. Here is a corner of it. A network sees 60 % of the sums and
# has to guess the others. Chance is 1 in 31, about 3 %.

# %%
HOURS = 31
pairs = torch.cartesian_prod(torch.arange(HOURS), torch.arange(HOURS))  # (961, 2)
sums = pairs.sum(1) % HOURS


def clock(seed):
    """Return known and unknown sums, 60 % and 40 % of the table, in a random order."""
    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(seed))
    hot = F.one_hot(pairs[order], HOURS).flatten(1).float().to(DEVICE)  # (961, 62)
    cut = round(0.6 * len(pairs))
    y = sums[order].to(DEVICE)
    return data.Split(hot[:cut], y[:cut]), data.Split(hot[cut:], y[cut:])


# %% figure
ax = plots.figure()[1]
visible = torch.zeros(len(pairs))
order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(0))
visible[order[: round(0.6 * len(pairs))]] = 1
corner = sums.float().where(visible > 0, torch.nan).reshape(HOURS, HOURS)[:10, :10]
plots.heatmap(
    corner, x=range(10), y=range(10), label="a + b modulo 31", fmt=".0f", ax=ax
)
ax.set(title="A corner of the table: gray sums are unknown", xlabel="b", ylabel="a")
plots.show(
    ax.figure,
    alt="A ten by ten corner of the addition table. Each sum stands on an anti-diagonal "
    "of one color. About two in five cells are gray: the network does not see them.",
)

# %% [markdown]
# Full batches, AdamW, and two arms: with weight decay 1, which is strong, and without. We
# look every 20 steps and stop, as everybody does, when the validation *loss* has set no new
# best for 10 looks.

# %% predict
predict(
    "05_early_stopping.too-early",
    "With decay the network knows all training sums after about 100 steps; early stopping "
    "ends the run at step 220. What do the steps up to 600 bring on the unknown sums?",
    ["Nothing, it is overfitted.", "A few per cent.", "A third of the sums or more."],
)

# %% experiment
known, unknown = zip(*(clock(seed) for seed in SEEDS), strict=True)
late = train_population(
    lambda: mlp((2 * HOURS, 128, HOURS)),
    stacked(known * 2),
    val=stacked(unknown * 2),
    own_data={"train": "xy", "val": "xy"},
    seeds=[*SEEDS] * 2,
    steps=600,
    batch_size=len(known[0].y),
    lr=1e-2,
    weight_decay=[1.0] * 8 + [0.0] * 8,
    betas=(0.9, 0.98),
    record_every=20,
)
late_loss, late_accuracy = (
    curve.unflatten(1, (2, 8)) for curve in (late.val_loss, late.val_accuracy)
)

# %%
ten = by_patience(10)
looks = [ten(curve) for curve in late_loss[:, 0].T.tolist()]  # with decay
best_look = [int(late_loss[:n, 0, k].argmin()) for k, n in enumerate(looks)]
kept_late = torch.stack([late_accuracy[b, 0, k] for k, b in enumerate(best_look)])
print("stopped at step", [20 * n for n in looks])
print("going back to step", [20 * (b + 1) for b in best_look])
print(f"kept: {kept_late.mean():.1%}; at step 600: {late_accuracy[-1, 0].mean():.1%}")
for step in (20, 60, 100, 220, 400, 600):
    row = late_loss[step // 20 - 1].mean(1)
    print(f"step {step}: loss {row[0]:.1f} with decay, {row[1]:.1f} without")

# %% figure
fig, (left, right) = plots.figure(2)
for k, name in enumerate(("decay 1", "no decay")):
    plots.band(late.steps, late_loss[:, k].T, label=name, ax=left)
    plots.band(late.steps, 100 * late_accuracy[:, k].T, label=name, ax=right)
for ax in (left, right):
    ax.axvline(20 * looks[0], color="#1a1a1a", ls=":", label="stopped")
    ax.set_xlabel("step")
    ax.legend()
left.axhline(math.log(HOURS), color="#999999", lw=1, ls="--", label="guessing")
left.legend()
left.set(title="The loss only looks hopeless ...", ylabel="validation loss (nats)")
right.set(title="... all learning comes after the stop")
right.set_ylabel("validation accuracy (%)")
plots.show(
    fig,
    alt="Against steps, 8 seeds, with and without decay. Left: validation loss starts "
    "near that of guessing, rises to about 8 within 80 steps, and with decay then falls "
    "steadily, below its first value near step 300; without decay it rises on. Right: "
    "accuracy is near zero until the stop at step 220; with decay it climbs to more than "
    "half by step 600, without decay it stays at zero.",
    after="05_early_stopping.too-early",
)

# %% results
gain = late_accuracy[-1, 0] - kept_late
with results(varies="8 times other known sums and another initialization") as table:
    came = gain.mean().item()
    recall("05_early_stopping.too-early", 1 + (came > 0.005) + (came > 1 / 3))
    table.arms(
        {
            "decay, stopped": 100 * kept_late,
            "decay, 600 steps": 100 * late_accuracy[-1, 0],
            "no decay, 600 steps": 100 * late_accuracy[-1, 1],
        },
        paired_with="decay, stopped",
        unit="% accuracy",
        digits=1,
    )
    claim(
        "early_stopping.too-early",
        "After the stop the same networks learn unknown sums.",
        100 * gain,
        "> 0",
        unit="points",
    )
    claim(
        "early_stopping.decay-is-the-cause",
        "Without decay they do not come as far.",
        100 * (late_accuracy[-1, 0] - late_accuracy[-1, 1]),
        "> 0",
        unit="points",
    )

# %% [markdown]
# What fooled the rule? Look at the loss. At the first look the network knows nearly nothing
# and spreads its probability, so it pays only a nat more than a uniform guess costs, $\ln 31
# \approx 3.4$ nats. By step 60 it is sure of many wrong answers, and its loss is far higher.
# The first loss stays the best for more than 200 steps, and ten looks are too few to get
# past it, although the loss has been *falling* since step 80. Move the sliders of the demo:
# with which patience does the run go on to the end? And what if you watch the accuracy?

# %% demo
shown = late.train_loss[:, 0], late_loss[:, 0, 0], late_accuracy[:, 0, 0]
demos_stopping.scene(*(part.tolist() for part in shown), each="look").show()

# %% [markdown]
# The demo plays the run of the first seed; a look is 20 steps. This is *grokking* (Power
# and others 2022): accuracy comes long after the training set is fitted. The control arm
# says what does it here: without decay the loss goes on rising, and within 600 steps nothing
# is learned. A common explanation, which we have not tested: the decay keeps shrinking the
# weights that merely store single sums, until a solution that uses the rule, and needs
# smaller weights, takes over.
#
# A few looks more of patience would have sufficed here, but you do not know that in
# advance. Milder forms of it are common: a warm-up, a rate that will drop at epoch 60, a test
# error that falls a second time late in training (Nakkiran and others 2021, whom notebook
# 01 cites for double descent over widths). Before you trust a stopping rule, run one seed
# far beyond it.
#
# **A puzzle.** Look once more at the right panel. At the stop the network is right in about
# 1 % of the unknown sums, earlier in none. Guessing would give 3 %. How can a network be
# *worse* than chance on sums that it has never seen?
#
# <details><summary>An answer</summary>
#
# Each row of the table contains each sum exactly once, and so does each column. If $a + b$
# is unknown, then its answer does not occur among the known sums of row $a$, nor of
# column $b$. A network that has learned which answers go with $a$, and which with $b$, has
# learned to vote against the right one. The unknown cells are not a random sample of answers;
# they are exactly what is missing. It has generalized, but the wrong rule.
# </details>
#
# ## Test yourself
#
# Eleven questions, each answer with its reason, and then flashcards.

# %%
quiz("05_early_stopping")
flashcards("05_early_stopping")

# %% [markdown]
# ## Pitfalls
#
# - **`state_dict().copy()` is no copy.** Use `copy.deepcopy`, or save to a file.
# - **Restore.** Otherwise you keep the *last* weights, `patience` epochs past the best.
# - **Mode "min" for losses, "max" for accuracies.** The wrong one keeps the worst epoch.
# - **Loss and accuracy peak at different epochs.** Watch what you will be asked about.
# - **The score that chose is not a result.** Report on data without a say in the choice, and
#   open the test set once.
# - **NaN.** `not value >= best` is true for it, and `argmax` takes it for the largest.
# - **Weights are not a run.** Without optimizer and random state you start another one.
# - **`torch.load` of a stranger's file can run code** unless `weights_only=True` (the
#   default since PyTorch 2.6; write it anyway).
# - **Tune the control.** A schedule beats a constant rate easily if the rate suits the
#   schedule only.
# - **A schedule and an early stop work against each other**: the stop cuts off the very
#   epochs in which the rate is small.
#
# ## In three lines
#
# 1. With 40 % false labels the network learned first what the true labels share, and then
#    the false labels at the cost of it: keep a *deep* copy of the best weights. With true
#    labels stopping saved epochs and no accuracy.
# 2. For gradient descent on a linear model, stopping time acts like one over ridge
#    strength, and at their best the two were equally good.
# 3. The score that chose a checkpoint flatters it, most on few images; and a curve may
#    have its best part still ahead.
#
# ## References
#
# - Capen, Clapp and Campbell 1971, *Competitive bidding in high-risk situations*,
#   <https://doi.org/10.2118/2993-PA>
# - Polyak and Juditsky 1992, *Acceleration of stochastic approximation by averaging*,
#   <https://doi.org/10.1137/0330046>
# - Prechelt 1998, *Early stopping, but when?*,
#   <https://doi.org/10.1007/3-540-49430-8_3>
# - Neyshabur, Tomioka and Srebro 2015, *In search of the real inductive bias*,
#   <https://arxiv.org/abs/1412.6614>
# - Goodfellow, Bengio and Courville 2016, *Deep Learning*, section 7.8,
#   <https://www.deeplearningbook.org>
# - Arpit and others 2017, *A closer look at memorization in deep networks*,
#   <https://arxiv.org/abs/1706.05394>
# - Guo and others 2017, *On calibration of modern neural networks*,
#   <https://arxiv.org/abs/1706.04599>
# - Loshchilov and Hutter 2017, *SGDR: stochastic gradient descent with warm restarts*,
#   <https://arxiv.org/abs/1608.03983>
# - Xiao, Rasul and Vollgraf 2017, *Fashion-MNIST*, <https://arxiv.org/abs/1708.07747>
# - Izmailov and others 2018, *Averaging weights leads to wider optima and better
#   generalization*, <https://arxiv.org/abs/1803.05407>
# - Ali, Kolter and Tibshirani 2019, *A continuous-time view of early stopping for least
#   squares regression*, <https://arxiv.org/abs/1810.10082>
# - Liu and others 2020, *Early-learning regularization prevents memorization of noisy
#   labels*, <https://arxiv.org/abs/2007.00151>
# - Power and others 2022, *Grokking: generalization beyond overfitting on small algorithmic
#   datasets*, <https://arxiv.org/abs/2201.02177>
# - Godbole and others 2023, *Deep learning tuning playbook*,
#   <https://github.com/google-research/tuning_playbook>
#
# **Next:**
# [06 · Stochastic depth](../06_stochastic_depth/06_stochastic_depth.ipynb).
# Instead of stopping in time, a network will skip
# whole blocks of itself.
