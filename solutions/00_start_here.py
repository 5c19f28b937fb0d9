# %% [markdown]
# # 00 · Is it learning, or does it only look like it?
#
# In 2017 a group of researchers trained a running robot ten times, in simulation, with the
# same algorithm and the same settings; only the random seed differed. Then they dealt the ten
# runs into two groups of five, and drew the average of each group as you would draw two
# competing methods. The curves lay far apart. Anybody who saw that figure in a paper would
# have said that one method beats the other (Henderson and others 2018). There was only one
# method.
#
# This notebook is about not being fooled, neither by luck like theirs nor by small
# omissions in the code about which nothing warns you. First you train a network with a
# loop that hides nothing. Then you leave out three small things, one after the other, and
# measure what each costs. At the end you compare runs with the tool on which every claim
# of this course rests.
#
# When you are done you can
#
# - write a training epoch and an evaluation that report the numbers they claim to,
# - say what three small omissions cost, and when they cost nothing,
# - compare two settings by paired differences, and say what the interval covers.
#
# **You need:** Python, and a first idea of what `loss.backward()` does.
# **Time:** about 75 minutes, of which the computing takes one on a slow CPU.

# %% setup
import math

import torch
import torch.nn.functional as F
from IPython.display import display
from scipy import stats
from torch import nn

from helpers import data, training
from helpers.checks import CheckFailed, load, look
from helpers.demos import start_here as demos_start
from helpers.demos.playground import playground
from helpers.device import device
from helpers.evidence import intervals, metrics
from helpers.evidence.claims import claim, ledger, results
from helpers.population import MemberDropout, train_population
from helpers.show import plots
from helpers.study import bookmarks, progress
from helpers.study.challenge import challenge
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz

plots.use_course_style()
check = load("00_start_here")

# %% [markdown]
# Here is the whole course. Each box is a notebook and opens with a click; it shows your
# progress in exercises and quiz.

# %%
progress.course_map()

# %% [markdown]
# Each notebook fixes its seeds and its *hyperparameters*, the settings that are chosen
# and not learned, in one place. `device()` picks the fastest hardware it finds (the
# environment variable `COURSE_DEVICE` overrules it). A color stands for the same
# treatment in every figure of the course.

# %%
SEEDS = range(8)
EPOCHS = 15
DEVICE = device()
NONE, DROPOUT, DECAY = (plots.TREATMENTS[k] for k in ("none", "dropout", "decay"))
HOARDED, MOMENTUM = plots.PALETTE[2], plots.PALETTE[4]

# %% [markdown]
# ## The data
#
# Fashion-MNIST consists of small gray pictures of clothes in ten classes, and it comes
# with the course. We take 1,000 images to train on and 1,000 others as the *validation
# set*, shrunk to 14×14 pixels and flattened to 196 numbers each. Which classes would
# *you* mix up?

# %%
train, val, test = data.fashion_mnist(1000, 1000, size=14, flat=True, device=DEVICE)
print("train", *map(tuple, (train.x.shape, train.y.shape)), "val", tuple(val.x.shape))

# %% figure
chosen = torch.stack([(train.y == k).nonzero()[0, 0] for k in range(10)])
ax = plots.images(train.x[chosen], data.CLASS_NAMES, columns=5)
ax.set_title("One training image of each of the ten classes", pad=18)
plots.show(ax.figure, alt="Ten small gray images of clothes, one of each class, named.")

# %% [markdown]
# A number such as "78 % right" means little by itself, so we need others to hold it
# against. The classes are balanced, so guessing gets 10 %. And here is about the simplest
# classifier that learns at all: average the training images of each class, and give a new
# image the class whose average is nearest.

# %%
averages = torch.stack([train.x[train.y == k].mean(0) for k in range(10)])  # (10, 196)
nearest = torch.cdist(val.x, averages).argmin(1)
print(f"nearest class average: {100 * (nearest == val.y).float().mean():.1f} % right")

# %% [markdown]
# With all 60,000 images at full size, a support vector machine reaches 89.7 % (Xiao and others
# 2017). With a sixtieth of the images and a quarter of the pixels we should not expect
# that, but a network that learns should beat the class averages.
#
# The third part, the *test set*, is sealed and counts how often it is opened. It is for a
# final score, once everything has been chosen. This notebook chooses nothing that a test
# set would have to confirm, so it never opens it.
#
# ## One training run that hides nothing
#
# Our network has 196 inputs, one hidden layer of 64 units (the output of a unit is its
# *activation*), and ten outputs. For one image it returns ten real numbers, the *logits*
# $z_1, \dots, z_{10}$, one for each class. To say how wrong they are we turn them into
# probabilities with the softmax, $q_k = e^{z_k} / \sum_j e^{z_j}$, and look at the
# probability of the right class $y$ alone. The *cross-entropy* is
#
# $$\ell = -\ln q_y = -z_y + \ln \sum_j e^{z_j} .$$
#
# It is zero if the network is sure and right, and it grows without limit if the network is
# sure and wrong. A network that has no idea gives each class $q = 1/10$ and pays
# $\ln 10 \approx 2.30$ nats (the *nat* is to the natural logarithm what the bit is to
# base 2). A first loss far from it means that something is odd before anything has been
# learned.
#
# How should a logit change? Differentiate: the first term gives $-1$ for the right class,
# the second gives $e^{z_k}/\sum_j e^{z_j} = q_k$. So
#
# $$\frac{\partial \ell}{\partial z_k} = q_k - [k = y] ,$$
#
# that is, predicted minus wanted: $[k = y]$ is 1 for the right class and 0 for the
# others. The right logit is pushed up, the others are pushed down in proportion to what
# they wrongly claim, and the push fades as the answer gets right. All the rest is the
# chain rule, which `backward()` does for us.
#
# One *epoch* walks once over the training data, in batches and in a new random order. For
# every batch $B$ the weights $\mathbf{w}$ take one step against the gradient of the
# batch's mean loss, with learning rate $\eta$ (`lr`):
#
# $$\mathbf{w} \leftarrow \mathbf{w} - \eta \, \nabla_{\mathbf{w}}\,
# \frac{1}{|B|} \sum_{i \in B} \ell_i(\mathbf{w}).$$
#
# `running` collects the loss of each batch while the epoch runs; `after` and `unseen` are
# measured when the epoch is over.


# %%
def network(dropout=0.0):
    hidden = [nn.Linear(196, 64), nn.ReLU(), MemberDropout(dropout)]
    return nn.Sequential(*hidden, nn.Linear(64, 10)).to(DEVICE)


def seeded_network(seed, dropout=0.0):
    torch.manual_seed(seed)
    return network(dropout)


# %% [markdown]
# (`MemberDropout` is dropout for many networks side by side. Its rate is 0 for now.)

# %% experiment
model = seeded_network(0)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
running, after, unseen = [], [], []
for _ in range(EPOCHS):
    total = 0.0
    for batch in torch.randperm(1000, device=DEVICE).split(64):
        logits = model(train.x[batch])  # (64, 196) -> (64, 10)
        loss = F.cross_entropy(logits, train.y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    running.append(total / 1000)
    with torch.no_grad():
        after.append(F.cross_entropy(model(train.x), train.y).item())
        unseen.append(F.cross_entropy(model(val.x), val.y).item())
right = 100 * metrics.accuracy(model(val.x).detach(), val.y)
print(
    f"epoch 1:  running {running[0]:.2f}, after {after[0]:.2f}, unseen {unseen[0]:.2f}"
)
print(f"epoch 15: running {running[-1]:.2f}, after {after[-1]:.2f}, ", end="")
print(f"unseen {unseen[-1]:.2f}; {right:.1f} % of the unseen images are right")

# %% [markdown]
# It learns, and it beats the class averages. Nearly every training script draws two of these
# three curves, `running` and `unseen`, and calls them "training" and "validation". Look at
# the first epochs of those two.

# %% figure
epochs = range(1, EPOCHS + 1)
fig, ax = plots.figure()
ax.plot(epochs, running, **plots.TRAIN, label="training, averaged during the epoch")
ax.plot(epochs, after, color=NONE, ls=":", label="training, measured after the epoch")
ax.plot(epochs, unseen, **plots.VAL, label="validation, measured after the epoch")
ax.set(xlabel="epoch", ylabel="loss (nats)")
ax.set_title("Validation starts below training, if training is averaged")
ax.legend()
plots.show(
    fig,
    alt="Loss over 15 epochs of one run. The training loss averaged during the epoch "
    "starts above the validation loss and ends below it; the training loss measured "
    "after the epoch is below the validation loss all the time.",
)

# %% [markdown]
# In epoch 1 the validation loss is nearly half a nat *below* the training loss, as if the
# network knew the images that it has never seen better than those it was trained on. But
# the two numbers were not measured alike. The running training loss is an average over
# the epoch: its first batches were scored by a network that knew nothing and paid 2.3
# nats. The validation loss was measured when the epoch was over, with better weights.
#
# The dotted line is the training loss at the same moment as the validation loss. With it
# the puzzle is gone: on its training images the network is a little better from the start
# and clearly better at the end. The two blue lines meet, because late in training the
# loss changes little during one epoch.
#
# That was one run. Is the order of the three lines luck? We ask eight seeds. The course's
# own loop, `training.fit`, does what the cell above did and returns a `History`; anything
# to be noted in between is a callback.


# %% experiment
class AfterEachEpoch:
    """Measure the training loss when an epoch is over, in eval mode."""

    def __init__(self):
        self.losses = []

    def on_epoch_end(self, state):
        self.losses.append(training.evaluate(state.model, train).loss)


def sgd(parameters, **settings):
    return torch.optim.SGD(parameters, **{"lr": 0.1, **settings})


def fitted(seed, optimizer=sgd, dropout=0.0):
    net, watch = seeded_network(seed, dropout), AfterEachEpoch()
    options = {"epochs": EPOCHS, "batch_size": 64, "seed": seed, "progress": False}
    history = training.fit(
        net, train, val=val, optimizer=optimizer, callbacks=[watch], **options
    )
    return net, history, watch.losses


plain = [fitted(seed) for seed in SEEDS]

# %% results
seen = torch.tensor([history.train_loss for _, history, _ in plain])  # (8, 15)
later = torch.tensor([losses for _, _, losses in plain])
fresh = torch.tensor([history.val_loss for _, history, _ in plain])
VARIES = "8 initializations and data orders; one split"
with results(varies=VARIES) as table:
    table.arms(
        {
            "training, epoch 1, averaged during it": seen[:, 0],
            "training, epoch 1, measured after it": later[:, 0],
            "validation, epoch 1": fresh[:, 0],
            "training, epoch 15, measured after it": later[:, -1],
            "validation, epoch 15": fresh[:, -1],
        },
        unit="nats",
    )
    claim(
        "start_here.averaged-above-validation",
        "In epoch 1 the averaged training loss is above the validation loss.",
        seen[:, 0] - fresh[:, 0],
        "> 0",
        unit="nats",
    )
    claim(
        "start_here.gap",
        "Measured at the same moment, the training loss ends below the validation loss.",
        fresh[:, -1] - later[:, -1],
        "> 0",
        unit="nats",
    )

# %% [markdown]
# So the first impression was an artifact, and the last one is real. The difference
# between seen and unseen images is called the *generalization gap*. We find it with a
# correct loop, a small network and true labels, and it is what this course is about.
# Regularization is whatever we do to make the *unseen* side better. Sometimes it does,
# sometimes it does not, and we shall measure both.
#
# The table states a result as the whole course does: with an interval over seeds, and
# below it *what varied* from seed to seed. What such an interval covers is the subject of
# the second half.
#
# ## A loss that will not come down
#
# Before you write your own loop, hunt a bug. The next cell trains the same network for 40
# epochs with Adam. It differs from the loop above in one more place, which looks
# harmless, and nothing complains when you run it.


# %% experiment
def suspicious_epoch(net, optimizer):
    for batch in torch.randperm(1000, device=DEVICE).split(64):
        guess = net(train.x[batch]).softmax(dim=1)
        batch_loss = F.cross_entropy(guess, train.y[batch])
        optimizer.zero_grad()
        batch_loss.backward()
        optimizer.step()
    return batch_loss.item()


suspect = seeded_network(0)
adam = torch.optim.Adam(suspect.parameters(), lr=0.003)
told = [suspicious_epoch(suspect, adam) for _ in range(40)]
print("loss of the last batch, every tenth epoch:", [f"{v:.3f}" for v in told[9::10]])
hits = 100 * metrics.accuracy(suspect(train.x).detach(), train.y)
print(f"training images right: {hits:.1f} %")

# %% [markdown]
# More than nine in ten training images are right, so the loss should be a few tenths of a
# nat. Instead it hangs near one and a half. Which line is wrong, and at what number exactly
# does it hang? Think before you unfold.
#
# <details><summary>The symptom, the cause, the mend</summary>
#
# `F.cross_entropy` takes logits and applies its own softmax. Here it receives
# probabilities, so the softmax is applied twice. The best that the network can do is to
# hand over a 1 and nine zeros. The second softmax reads these as logits that differ by only
# 1, and makes of them the probability $e / (e + 9) = 0.232$. The loss is then
# $\ln(e + 9) - 1 = 1.461$ nats, and it can never go below that.
#
# The gradient suffers as well. It has to pass through two softmaxes, and where the first is
# already sure of itself its slope is nearly zero, also where it is sure of something wrong.
# Such images are hardly learned any more. The mend is to delete `.softmax(dim=1)`.
#
# </details>
#
# ## How an exercise works
#
# 1. The **card** says what is given, what to return, and one value worked by hand, with
#    three folded **hints**, the last of them nearly the answer.
# 2. In the **answer cell** you replace `raise NotImplementedError`.
# 3. The **look** cell puts your value beside the expected one.
# 4. The **check** cell decides.
#
# A check says in a few lines which case went wrong, what should have come and what came.
# Here are two answers to the first exercise, an empty and a lazy one. The lazy one has
# the right arguments and returns a float, so the check has to look at what it *does*.


# %%
def not_written(model, batches, loss_fn, optimizer):
    raise NotImplementedError


def lazy(model, batches, loss_fn, optimizer):
    return 0.0


for attempt in (not_written, lazy):
    try:
        check.train_epoch(attempt)
    except CheckFailed as message:
        display(message)

# %% [markdown]
# Where the check recognizes a well-known slip, a last line says *mistake* and names it. Read
# that line first.
#
# Checks judge what your code does, not how it is written, unless a card says "from
# scratch". Run them as often as you want.
#
# ### Exercise 0.1 · The training epoch (2 points, ~10 min)
#
# Make the loop above a function for any network and data. Three things need care: the model
# may arrive in eval mode, its parameters may hold gradients from elsewhere, and the last
# batch may be smaller than the others.
#
# **Given:** `model`; `batches`, which yields pairs (inputs, labels); `loss_fn(logits,
# labels)`, which returns the *mean* over its batch; an `optimizer` over the model's
# parameters.
#
# **Do:** one update per batch, in train mode. Gradients left from before the call do not
# count. The model ends in train mode, whatever mode it came in.
#
# **Return:** the mean loss per *example* as a Python float, each batch's loss taken as
# it was before its update.
#
# **By hand:** a linear model with two classes and zero weights, SGD with `lr=1`. First
# batch: three times $x = 1$ with label 1; both classes get probability ½, the loss is
# ln 2 = 0.693, and the step moves the weights to (−½, ½). Second batch: one $x = 1$ with
# label 0; the loss is ln(1 + e) = 1.313. Mean per example:
# (3 · 0.693 + 1 · 1.313) / 4 = **0.848**.
#
# <details><summary>Hint 1</summary>
#
# `model.train()` comes before the loop. Inside it: logits, loss, gradients, step.
#
# </details>
# <details><summary>Hint 2</summary>
#
# `optimizer.zero_grad()` before *every* `backward()`. For the mean, keep two running sums:
# loss times batch size, and batch size.
#
# </details>
# <details><summary>Hint 3</summary>
#
# For each `x, y`: `optimizer.zero_grad()`, `loss = loss_fn(model(x), y)`,
# `loss.backward()`, `optimizer.step()`, then `total += loss.item() * len(y)` and
# `count += len(y)`. Return `total / count`.
#
# </details>


# %% solution="train_epoch"
def train_epoch(model, batches, loss_fn, optimizer) -> float:
    """Train `model` for one epoch; return the mean loss per example.

    Args:
        model: gives logits (N, K) for inputs (N, ...); ends in train mode.
        batches: yields (inputs, labels), labels int64 (N,); N may differ.
        loss_fn: loss_fn(logits, labels) -> 0-dim tensor, mean over the batch.
        optimizer: torch optimizer over the model's parameters.

    Returns:
        Mean over all examples of the loss before each update, a Python float ≥ 0.

    Example: the case worked by hand gives 0.848. About 9 lines.
    """
    ### BEGIN SOLUTION
    model.train()
    total, count = 0.0, 0
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        count += len(y)
    return total / count
    ### END SOLUTION


# %% [markdown]
# The case from the card, your value beside the one worked by hand:


# %% look
def by_hand():
    model = nn.Linear(1, 2, bias=False)
    nn.init.zeros_(model.weight)
    three = (torch.ones(3, 1), torch.tensor([1, 1, 1]))
    one = (torch.ones(1, 1), torch.tensor([0]))
    return model, [three, one]


def yours():
    model, batches = by_hand()
    sgd = torch.optim.SGD(model.parameters(), lr=1.0)
    return train_epoch(model, batches, nn.functional.cross_entropy, sgd)


look(yours, target=0.848)

# %% test="train_epoch" points=2
check.train_epoch(train_epoch)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("00_start_here").train_epoch(train_epoch, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# ## The first omission: gradients that are never cleared
#
# Everybody forgets `optimizer.zero_grad()` once. Why is it there at all? Ask autograd what
# a second `backward()` does to the gradient that the first one left.

# %%
slope = torch.tensor(1.0, requires_grad=True)
(3 * slope).backward()
first = slope.grad.item()
(3 * slope).backward()
second = slope.grad.item()
print(f"after one backward: {first}, after two: {second}")

# %% [markdown]
# The derivative of $3w$ is 3, but the second call added its 3 to the one that was there.
# That is on purpose: if a batch does not fit into memory, you can send it through in
# pieces, call `backward()` for each, and step once. But if you do not clear, each step
# goes along the *sum of all gradients since the beginning*.
#
# Write $\mathbf g_t$ for the gradient of step $t$. Without clearing, the update is
# $\mathbf w_{t+1} = \mathbf w_t - \eta\,(\mathbf g_1 + \dots + \mathbf g_t)$. Subtract the
# same line for the step before, and all old gradients cancel but for one:
#
# $$\mathbf w_{t+1} - \mathbf w_t = (\mathbf w_t - \mathbf w_{t-1}) - \eta\,\mathbf g_t .$$
#
# Call the change of the weights in one step their velocity. The new velocity, on the
# left, is the *whole* old one plus a push downhill, and nothing ever slows it down. SGD
# with momentum $\beta$ keeps the share $\beta$ of its velocity, usually 0.9. So never
# clearing is momentum with $\beta = 1$, a ball in a bowl without friction, and such a
# ball does not come to rest.
#
# <details><summary>Does it at least not fly off? The case of a parabola</summary>
#
# Take the loss $\tfrac{a}{2} w^2$, whose gradient is $a w$. The update becomes
# $w_{t+1} = (2 - \eta a)\, w_t - w_{t-1}$. Try $w_t = r^t$ and divide by $r^{t-1}$:
#
# $$r^2 - (2 - \eta a)\, r + 1 = 0 .$$
#
# The product of the two roots is the constant term, 1. For $0 < \eta a < 4$ they are complex
# and conjugate, so both have absolute value exactly 1: the solution swings forever and
# neither grows nor shrinks. The angle per step $\varphi$ has
# $\cos \varphi = 1 - \eta a / 2$, so it is about $\sqrt{\eta a}$ for small steps, and one
# swing takes about $2\pi/\sqrt{\eta a}$ steps. For $\eta a > 4$ the weight flies off.
#
# </details>


# %%
def slide(clear, steps=60, lr=0.1):
    """Follow w down the loss w²/2, whose gradient is w."""
    w, gradient, path = 1.0, 0.0, []
    for _ in range(steps):
        path.append(w)
        gradient = w if clear else gradient + w
        w = w - lr * gradient
    return path


# %% figure
fig, ax = plots.figure()
ax.plot(slide(clear=True), color=NONE, label="cleared before each step")
ax.plot(slide(clear=False), color=HOARDED, label="never cleared")
ax.axhline(0, color="#1a1a1a", linewidth=1)
ax.set(xlabel="step", ylabel="weight w (the minimum is at 0)")
ax.set_title("Without clearing, the weight swings and never comes to rest")
ax.set_ylim(-1.15, 1.7)
ax.legend(loc="upper right")
plots.show(
    fig,
    alt="The weight over 60 steps on a parabola. Cleared, it falls smoothly to the "
    "minimum at zero. Never cleared, it swings between 1 and -1 without losing height.",
)

# %% [markdown]
# In the first steps the weight comes down *faster* without clearing. But a parabola is
# not a network. We test it with an optimizer whose `zero_grad` does nothing:


# %%
class Hoarder(torch.optim.SGD):
    """SGD that never forgets a gradient."""

    def zero_grad(self, set_to_none=True):
        pass


# %% [markdown]
# Commit to a guess before you run an experiment. Nobody grades it, but a surprise is easier
# to remember once you have said what you expected. (No buttons? Add `pick=1` to the call.)

# %% predict
predict(
    "start_here.zeroing",
    "Same network, same data order, lr 0.1, but gradients are never cleared. After 15 "
    "epochs:",
    [
        "it ends in about the same place, after a few swings",
        "it ends far worse, without any error message",
        "it crashes or gives NaN at once",
    ],
)

# %% experiment
hoarded = [
    fitted(seed, lambda parameters: Hoarder(parameters, lr=0.1)) for seed in SEEDS
]
frictionless = fitted(0, lambda parameters: sgd(parameters, momentum=1.0))
same = torch.tensor(frictionless[1].train_loss) - torch.tensor(hoarded[0][1].train_loss)
print(f"never cleared against momentum 1, seed 0: {same.abs().max():.1g} nats apart")

# %% figure
epochs = range(1, EPOCHS + 1)
stuck = torch.tensor([history.train_loss for _, history, _ in hoarded])
ax = plots.band(epochs, seen, label="cleared before each batch", color=NONE)
plots.band(epochs, stuck, label="never cleared", color=HOARDED, ax=ax)
ax.axhline(math.log(10), color="#1a1a1a", ls=":", lw=1, label="knowing nothing, ln 10")
ax.legend()
ax.set(xlabel="epoch", ylabel="training loss, running average (nats)")
ax.set_title("Never cleared: learning is undone again and again")
plots.show(
    ax.figure,
    alt="Training loss over 15 epochs, mean and 95 % interval of 8 seeds. Cleared, it "
    "falls smoothly below half a nat; never cleared, it gets down to about one and a "
    "half and then climbs above the loss of a network that knows nothing.",
    after="start_here.zeroing",
)

# %% results
with results(varies=VARIES) as table:
    table.arms(
        {"cleared": seen[:, -1], "never cleared": stuck[:, -1]},
        paired_with="cleared",
        unit="nats, training, epoch 15",
    )
    claim(
        "start_here.hoarding-ends-badly",
        "At lr 0.1 the run that never clears ends with the larger training loss.",
        stuck[:, -1] - seen[:, -1],
        "> 0",
        unit="nats",
    )
    recall("start_here.zeroing", 2)

# %% [markdown]
# The run with momentum 1 has the same losses, so never clearing *is* momentum 1, and the
# ball is more than a comparison. But the network does worse than the parabola, whose
# swing never grew. A likely reason: there the bowl had one shape, whereas here each batch
# has a bowl of its own. Their pushes add up, and without friction nothing takes them out
# again.
#
# But is the comparison fair? 0.1 was a good rate for the *other* arm, and somebody who
# does not know of the bug would try smaller ones. So both arms get the same choice of
# five rates: eighty networks trained side by side, with momentum 1 for the arm that does
# not clear.

# %% predict
predict(
    "start_here.zeroing-tuned",
    "Now each arm may choose the best of five learning rates. On the validation "
    "images, never clearing then:",
    [
        "still stays near chance",
        "loses, but only by a few points",
        "makes up for it all, or wins",
    ],
)

# %% experiment
RATES = [0.001, 0.003, 0.01, 0.03, 0.1]


def by_rate(momentum):
    """Return validation accuracies in percent, one row for each rate, (5, 8)."""
    runs = train_population(
        network,
        train,
        val=val,
        seeds=list(SEEDS) * len(RATES),
        lr=[rate for rate in RATES for _ in SEEDS],
        epochs=EPOCHS,
        batch_size=64,
        optimizer="sgd",
        momentum=momentum,
        record_every=10_000,  # at the end alone
        progress=False,
    )
    return 100 * runs.val_accuracy[-1].cpu().view(len(RATES), len(SEEDS))


cleared, uncleared = by_rate(momentum=0.0), by_rate(momentum=1.0)

# %% figure
fig, ax = plots.figure()
for score, color, label in (
    (cleared, NONE, "cleared"),
    (uncleared, HOARDED, "never cleared"),
):
    plots.band(range(5), score.T, label=label, color=color, ax=ax)
ax.axhline(10, color="#1a1a1a", ls=":", lw=1, label="guessing")
ax.legend()
ax.set_xticks(range(5), [str(rate) for rate in RATES])
ax.set(xlabel="learning rate (log scale)", ylabel="validation accuracy (%)")
ax.set_title("A small learning rate hides the bug")
plots.show(
    fig,
    alt="Validation accuracy against five learning rates, mean and interval of 8 seeds. "
    "Cleared, it rises with the rate. Never cleared, it is far higher at the smallest "
    "rates and collapses at the largest.",
    after="start_here.zeroing-tuned",
)

# %% results
best = cleared[cleared.mean(1).argmax()]
best_uncleared = uncleared[uncleared.mean(1).argmax()]
with results(varies=VARIES + "; each arm at its best rate of five") as table:
    table.arms(
        {
            "cleared, best rate": best,
            "never cleared, best rate": best_uncleared,
            "cleared, lr 0.001": cleared[0],
            "never cleared, lr 0.001": uncleared[0],
        },
        paired_with="cleared, best rate",
        unit="% accuracy",
        digits=1,
    )
    claim(
        "start_here.hoarding-costs-after-tuning",
        "With both learning rates tuned, never clearing costs validation accuracy.",
        best - best_uncleared,
        "> 0",
        unit="accuracy points",
    )
    claim(
        "start_here.hoarding-wins-slowly",
        "At the learning rate 0.001, never clearing is ahead after 15 epochs.",
        uncleared[0] - cleared[0],
        "> 0",
        unit="accuracy points",
    )
    recall("start_here.zeroing-tuned", 2)

# %% [markdown]
# The cost has shrunk to a few accuracy points, and at the smallest rates the run with the
# bug is far *ahead*. A parabola with the gradient $a w$ says why. Plain SGD shrinks $w$
# by the factor $1 - \eta a$ in each step and needs some $1/(\eta a)$ steps to come down.
# The ball is at the bottom after a quarter of a swing, $\pi / (2\sqrt{\eta a})$ steps.
# For $\eta = 0.001$ and $a = 1$ these are 1,000 and 50 steps, and this training has 240:
# the ball arrives while plain SGD still creeps. But it swings on, and at none of the five
# rates does it reach what the correct loop reaches at its best one.
#
# This is how such a bug survives for months: somebody lowers the learning rate, the disaster
# disappears, and what remains looks like a model that is a little weak.
#
# ## The second omission: measuring in the wrong mode
#
# PyTorch has two switches for evaluation. They sound alike and do different jobs:
#
# - `model.eval()` changes what layers *compute*: dropout stops dropping, and BatchNorm
#   (notebook 10) uses its stored averages in place of the batch's. `model.train()` puts
#   them back.
# - `torch.no_grad()` changes what autograd *remembers*: it builds no graph.
#
# Dropout (notebook 02) sets each unit to zero with probability $p$ in every pass and
# scales the others by $1/(1-p)$, so in train mode the output depends on chance. Many
# people use `no_grad` alone for evaluation. Is that not enough? Train eight networks with
# dropout, and have each of them look at the validation images twice.

# %% predict
predict(
    "start_here.no-grad",
    "A trained network with dropout 0.5, in train mode, sees the same images twice "
    "under torch.no_grad():",
    [
        "both passes agree: without gradients there is no dropout",
        "the passes disagree on some images, but accuracy does not suffer",
        "the passes disagree on some images, and accuracy is lower than in eval mode",
    ],
)


# %% experiment
@torch.no_grad()
def two_passes(net, mode):
    net.train(mode)
    return net(val.x), net(val.x)


def disagreement(passes):
    return 100 * (passes[0].argmax(1) != passes[1].argmax(1)).float().mean().item()


def correct(passes):
    return 100 * metrics.accuracy(passes[0], val.y)


DROP_RATES = (0.1, 0.5)
dropping = {p: [fitted(seed, dropout=p) for seed in SEEDS] for p in DROP_RATES}
awake = {p: [two_passes(net, True) for net, *_ in dropping[p]] for p in DROP_RATES}
asleep = {p: [two_passes(net, False) for net, *_ in dropping[p]] for p in DROP_RATES}

# %% figure
fig = demos_start.joined(
    {
        "train mode,\nno_grad": [correct(passes) for passes in awake[0.5]],
        "eval mode": [correct(passes) for passes in asleep[0.5]],
    },
    colors=[DROPOUT, DROPOUT],
    unit="validation accuracy (%)",
)
fig.suptitle("The same eight networks (dropout 0.5), measured in two modes", x=0.27)
fig.axes[1].set(title="eval() is worth", ylabel="eval mode minus train mode (points)")
plots.show(
    fig,
    alt="Left, validation accuracy of 8 networks, each joined by a line: in train mode "
    "under no_grad and in eval mode; nearly all lines rise. Right, the differences, "
    "with their mean and interval above zero.",
    after="start_here.no-grad",
)

# %% results
cost = {
    p: torch.tensor(
        [correct(b) - correct(a) for a, b in zip(awake[p], asleep[p], strict=True)]
    )
    for p in DROP_RATES
}
print("images on which two passes disagree, in train mode:")
for p in DROP_RATES:
    share = sum(map(disagreement, awake[p])) / len(SEEDS)
    rest = max(map(disagreement, asleep[p]))
    print(f"  dropout {p}: {share:.0f} %; in eval mode {rest:.0f} %")
with results(varies=VARIES) as table:
    table.arms(
        {f"eval() is worth, dropout {p}": cost[p] for p in DROP_RATES},
        unit="accuracy points",
        digits=1,
    )
    claim(
        "start_here.eval-mode-scores-higher",
        "With dropout 0.5 the same networks score higher in eval mode.",
        cost[0.5],
        "> 0",
        unit="accuracy points",
    )
    recall("start_here.no-grad", 3)

# %% [markdown]
# `no_grad` did its own job and nothing else. In train mode each pass used a *thinned*
# network, in which other units were missing each time, and on average these did worse
# than the whole one. The less is dropped, the less it costs: about one point at a rate of
# 0.1, which can go unnoticed for a long time. Nothing was retrained between the two
# columns of the figure. The networks were fine; the measurement was not.
#
# ### A gap that hides
#
# The first puzzle has a harder version. Here are the two usual curves for dropout 0.5, and
# the training loss measured like the validation loss: after the epoch, in eval mode.

# %% figure
noisy = torch.tensor([history.train_loss for _, history, _ in dropping[0.5]])
quiet = torch.tensor([losses for *_, losses in dropping[0.5]])
held_out = torch.tensor([history.val_loss for _, history, _ in dropping[0.5]])
epochs = range(1, EPOCHS + 1)
ax = plots.band(epochs, noisy, label="training, during the epoch, dropout on")
dotted = {**plots.TRAIN, "linestyle": ":"}
plots.band(epochs, quiet, label="training, after it, eval mode", color=dotted, ax=ax)
plots.band(epochs, held_out, label="validation, eval mode", color=plots.VAL, ax=ax)
ax.set(xlabel="epoch", ylabel="loss (nats)")
ax.set_title("Dropout 0.5: the usual two curves show no gap")
plots.show(
    ax.figure,
    alt="Losses over 15 epochs with dropout 0.5, mean and interval of 8 seeds. The "
    "training loss during the epoch stays above the validation loss until the end; the "
    "training loss measured in eval mode is below it and pulls away.",
)

# %% results
with results(varies=VARIES) as table:
    table.arms(
        {
            "training, during the epoch": noisy[:, -1],
            "training, after it, eval mode": quiet[:, -1],
            "validation": held_out[:, -1],
        },
        unit="nats, epoch 15, dropout 0.5",
        digits=3,
    )
    claim(
        "start_here.hidden-gap",
        "With dropout 0.5 the gap is there once training is measured in eval mode.",
        held_out[:, -1] - quiet[:, -1],
        "> 0",
        unit="nats",
    )

# %% [markdown]
# The two usual curves say that this network does not overfit at all. They compare half a
# network on images it knows with a whole network on images it does not know, and at epoch
# 15 the two handicaps nearly cancel. Measured alike, the gap is there.
#
# With BatchNorm the wrong mode is worse: a forward pass in train mode *changes* the model,
# gradients or not.

# %%
normed = nn.Sequential(nn.Linear(196, 64), nn.BatchNorm1d(64)).to(DEVICE).train()
before = normed[1].running_mean.clone()
with torch.no_grad():
    normed(val.x)
moved = (normed[1].running_mean - before).abs().max().item()
print(f"a stored average has moved by {moved:.2f}")

# %% [markdown]
# The stored averages are saved with the model. The validation images have just left a trace
# in the network that they were meant to judge.
#
# ### Why?
#
# A colleague's `evaluate` ends with `model.train()`, whatever the mode was before. All tests
# pass, and training scripts work. Who will be hurt, and how would they notice? Write down two
# sentences before you unfold.
#
# <details><summary>A model answer</summary>
#
# Whoever evaluates a *finished* model: it came in eval mode and leaves in train mode. The
# evaluation itself is right; the next prediction is made with dropout on, and with BatchNorm
# looking at its own batch and moving its averages. They would notice that the same input
# gives two different answers. A function that measures must leave what it measures as it
# was: the mode, the buffers, and gradients that are waiting for an update.
#
# </details>

# %% [markdown]
# ### Exercise 0.2 · The evaluation (2 points, ~10 min)
#
# **Given:** `model`, `batches` and `loss_fn` as in 0.1.
#
# **Do:** measure in eval mode and without tracking gradients. Leave the model as it was:
# parameters, buffers, gradients if there are any, and `model.training`, be it true or false.
#
# **Return:** a tuple of two Python floats: mean loss per *example*, and accuracy, the
# share in [0, 1] of examples whose largest logit is at the label.
#
# **By hand:** one batch of three examples, each with logits (0, ln 3), that is with
# probabilities ¼ and ¾; labels 1, 1, 0. Losses: ln(4/3) = 0.288 twice and ln 4 = 1.386.
# Result: **(0.654, 0.667)**.
#
# <details><summary>Hint 1</summary>
#
# Remember `model.training`, switch to eval mode, and put the remembered mode back at the end.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Keep three sums: loss times batch size, right answers (`logits.argmax(1) == y`), and
# examples.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `was_training = model.training`, `model.eval()`, then `with torch.no_grad():` around the
# loop. In it `total += loss_fn(logits, y).item() * len(y)` and
# `right += (logits.argmax(1) == y).sum().item()`. Finally `model.train(was_training)`.
#
# </details>


# %% solution="evaluate"
def evaluate(model, batches, loss_fn) -> tuple[float, float]:
    """Return mean loss per example and accuracy, measured in eval mode.

    Args:
        model: gives logits (N, K) for inputs (N, ...); keeps its mode and its state.
        batches: yields (inputs, labels), labels int64 (N,); N may differ.
        loss_fn: loss_fn(logits, labels) -> 0-dim tensor, mean over the batch.

    Returns:
        (loss, accuracy), two Python floats; accuracy is in [0, 1].

    Example: the case worked by hand gives (0.654, 0.667). About 11 lines.
    """
    ### BEGIN SOLUTION
    was_training = model.training
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in batches:
            logits = model(x)
            total += loss_fn(logits, y).item() * len(y)
            right += (logits.argmax(1) == y).sum().item()
            count += len(y)
    model.train(was_training)
    return total / count, right / count
    ### END SOLUTION


# %% [markdown]
# The case from the card, with a network that always gives logits (0, ln 3).

# %% look
constant = nn.Linear(1, 2, bias=False)
constant.weight.data = torch.tensor([[1.0], [3.0]]).log()
one_batch = [(torch.ones(3, 1), torch.tensor([1, 1, 0]))]
look(
    lambda: evaluate(constant, one_batch, nn.functional.cross_entropy),
    target=(0.654, 0.667),
)

# %% test="evaluate" points=2
check.evaluate(evaluate)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("00_start_here").evaluate(evaluate, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# ## The third omission: a mean of means
#
# `loss_fn` has already averaged over its batch, so averaging the batches' losses is
# tempting. It is even right as long as all batches have one size. But 1,000 examples in
# batches of 64 leave 40. How bad is that? We can derive the answer.
#
# Let there be $n$ examples in $B$ batches, the last of them with $b$ examples and mean loss
# $m_b$, and let $m_r$ be the mean over the rest. The right mean weighs by examples, and the
# naive one by batches:
#
# $$m = \frac{(n-b)\, m_r + b\, m_b}{n}, \qquad
# \hat m = \frac{(B-1)\, m_r + m_b}{B} .$$
#
# (The $B-1$ full batches are equally large, so the mean of their means is $m_r$.) Subtract:
#
# $$\hat m - m = \Big(\frac1B - \frac bn\Big)\,(m_b - m_r) .$$
#
# The first factor is the weight that the last batch has too much. The second says by how much
# that batch happens to differ, which is chance. Means of $b$ and of $n-b$ shuffled examples
# differ with standard deviation $\sigma\sqrt{1/b + 1/(n-b)}$, where $\sigma$ is that of
# single losses. So the typical error, the root of its mean square, is
#
# $$\Big(\frac1B - \frac bn\Big)\,\sigma\,\sqrt{\frac1b + \frac1{n-b}} .$$


# %%
def typical_error(size, spread, n=1000):
    """Return the formula's value for batches of `size`, in nats."""
    count = math.ceil(n / size)
    last = n - (count - 1) * size
    excess = 1 / count - last / n
    return excess * spread * math.sqrt(1 / last + 1 / (n - last)) if excess else 0.0


# %% [markdown]
# We check it on the eight plain networks: take their losses on the validation images one by
# one, deal them into batches in 2,000 random orders, and average the batch means as the naive
# way does. The batch sizes are 500, 64, 900 and 999.

# %% predict
predict(
    "start_here.batch-means",
    "The mean of batch means, on 1,000 validation images:",
    [
        "batches of 64 (last one: 40) already distort the loss by more than 0.1 nats",
        "batches of 64 hardly matter; a last batch of one example distorts it a lot",
        "it never matters: a mean of means is a mean",
    ],
)


# %% experiment
@torch.no_grad()
def example_losses(net):
    return F.cross_entropy(net.eval()(val.x), val.y, reduction="none").cpu()


SIZES = (500, 64, 900, 999)


def measured_errors(values, seed, orders=2000):
    """Return for each size the root mean square error of the mean of means."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(orders, len(values), generator=generator).argsort(1)
    dealt = values[order]  # (orders, 1000)
    errors = []
    for size in SIZES:
        means = torch.stack([part.mean(1) for part in dealt.split(size, dim=1)])
        errors.append((means.mean(0) - values.mean()).square().mean().sqrt())
    return torch.stack(errors)


single = [example_losses(net) for net, *_ in plain]
measured = torch.stack([measured_errors(single[k], seed=k) for k in SEEDS])
error = dict(zip(SIZES, measured.T, strict=True))

# %% figure
fig, ax = plots.figure()
for place, size in enumerate((64, 900, 999)):
    derived = [typical_error(size, values.std().item()) for values in single]
    ax.plot([place - 0.1] * 8, error[size], "o", color=NONE, alpha=0.6)
    ax.plot([place + 0.1] * 8, derived, "_", color="#1a1a1a", ms=14)
ax.plot([], [], "o", color=NONE, label="measured, one dot per network")
ax.plot([], [], "_", color="#1a1a1a", ms=14, label="derived, one dash per network")
names = ["64,\nlast one 40", "900,\nlast one 100", "999,\nlast one 1"]
ax.set_xticks(range(3), names)
ax.set(xlabel="batch size (examples)", ylabel="typical error of the loss (nats)")
ax.set(yscale="log", xlim=(-0.5, 2.5), ylim=(1e-3, 3))
ax.set_title("Only a tiny last batch makes the error large")
ax.legend(loc="upper left")
plots.show(
    fig,
    alt="Typical error of the mean of batch means on a log scale for batches of 64, 900 "
    "and 999 examples: a few thousandths, a few hundredths, and half a nat. Measured "
    "dots and derived dashes lie side by side at the same heights.",
    after="start_here.batch-means",
)

# %% results
expected = torch.tensor([typical_error(999, values.std().item()) for values in single])
with results(varies=VARIES + "; 2,000 orders for each network") as table:
    table.arms(
        {
            f"batches of {size}, last one {1000 % size or size}": error[size]
            for size in SIZES
        },
        unit="nats, typical error",
        digits=4,
    )
    claim(
        "start_here.error-as-derived",
        "For a last batch of one, measured and derived error agree within 10 %.",
        error[999] / expected,
        "between 0.9 1.1",
        unit="measured / derived",
    )
    recall("start_here.batch-means", 2)

# %% [markdown]
# Dots and dashes agree. With batches of 64 the error is a few thousandths of a nat, because
# each of the 16 batches has little weight and the last one is more than half full. A single
# example that weighs as much as 999 others moves the reported loss by half a nat. So the
# error is usually harmless, sometimes not, and it changes with the order of the data while
# the network stays the same. Weighting by batch size costs one multiplication.
#
# ## Comparing two runs
#
# Now that loop and measurement can be trusted, we can ask: *is setting A better than
# setting B?* Our example is weight decay, a steady pull of all weights toward zero
# (notebook 03, section 7). Does a decay of 0.01 help this network? Four people train it
# once without and once with it, and use a new seed for each run:

# %% experiment
MANY = list(range(64))


def final_accuracy(seeds=MANY, epochs=EPOCHS, build=network, lr=0.1, **settings):
    """Return the validation accuracy of each seed after training, in percent."""
    options = {"batch_size": 64, "optimizer": "sgd", "lr": lr, "progress": False}
    runs = train_population(
        build,
        train,
        val=val,
        seeds=seeds,
        epochs=epochs,
        record_every=10_000,
        **options,
        **settings,
    )
    return 100 * runs.val_accuracy[-1].double().cpu()


none = final_accuracy()
decay = final_accuracy(weight_decay=0.01)
for person in range(4):
    without, pulled = none[person].item(), decay[person + 4].item()
    print(f"without: {without:.1f} %   with: {pulled:.1f} %   ", end="")
    print(f"difference {pulled - without:+.1f}")

# %% [markdown]
# Four people, four answers. Whom should we believe? The cell has trained 64 seeds of each
# setting, so that the average over all of them can serve as the truth.

# %% predict
predict(
    "start_here.single-pair",
    "One run without, one with weight decay, with different seeds. How often does such "
    "a pair order the two settings the other way round than the average of 64 does?",
    ["in less than a tenth of the pairs", "in about a quarter", "in about four of ten"],
)

# %% experiment
truth = (decay - none).mean()
other = decay.unsqueeze(1) - none.unsqueeze(0)  # (64, 64): every seed with every seed
apart = ~torch.eye(64, dtype=torch.bool)
wrong_apart = 100 * (other[apart] * truth < 0).double().mean()
wrong_paired = 100 * ((decay - none) * truth < 0).double().mean()

# %% figure
fig = demos_start.joined(
    {"no decay": none, "decay 0.01": decay},
    colors=[NONE, DECAY],
    unit="validation accuracy (%)",
)
fig.axes[1].set_title("Within a pair, decay nearly always costs a little")
fig.axes[1].set_ylabel("decay 0.01 minus no decay (points)")
plots.show(
    fig,
    alt="Left, validation accuracy of 64 seeds without and with weight decay: both "
    "columns spread over about eight points, and the lines between them are nearly "
    "level. Right, the differences seed by seed: most are between -1 and 0.",
    after="start_here.single-pair",
)

# %% results
print(f"wrong way round, different seeds: {wrong_apart:.0f} % of the pairs")
print(f"wrong way round, the same seed:   {wrong_paired:.0f} % of the pairs")
print(f"standard deviation: {none.std():.2f} without, {decay.std():.2f} with decay,")
print(f"of the differences seed by seed: {(decay - none).std():.2f}")
with results(varies="64 initializations and data orders; one split") as table:
    table.arms({"none": none, "decay 0.01": decay}, paired_with="none", unit="%")
    claim(
        "start_here.decay-costs-here",
        "After these 15 epochs the networks with weight decay 0.01 are less accurate.",
        none - decay,
        "> 0",
        unit="accuracy points",
    )
    recall("start_here.single-pair", 3)

# %% [markdown]
# There is a real difference, about half a point, and it is a *loss*: this decay is too
# strong for this network (notebook 03 looks for better ones). But the seeds scatter with
# a standard deviation three times as large, so asking two runs with different seeds is
# little better than tossing a coin. After that, the running robots of the beginning are
# no surprise.
#
# With the *same* seed on both sides, only one pair in ten or so is wrong. The lines in the
# left panel are nearly level: a seed that is good luck for one setting is good luck for the
# other, so the luck drops out of the difference. That is *pairing*.
#
# ### From dots to an interval
#
# Usually we cannot afford 64 seeds. Let there be $n$ seeds with differences
# $d_1, \dots, d_n$, treatment minus control, seed by seed. Over all seeds that might have
# been drawn, such differences have an average $\mu$ and a standard deviation $\sigma_d$.
# The best guess at $\mu$ is the mean $\bar d$. How far may it be off?
#
# 1. The differences of different seeds are independent, so the variances of the terms
#    $d_i/n$ add up: the variance of $\bar d$ is $n \cdot \sigma_d^2/n^2 = \sigma_d^2/n$. Its
#    root, $\sigma_d/\sqrt n$, is called the *standard error*. Four times as many seeds
#    halve it.
# 2. We do not know $\sigma_d$. Estimate it from the differences themselves,
#    $s^2 = \frac{1}{n-1}\sum_i (d_i - \bar d)^2$. The divisor is $n-1$, because $\bar d$ lies
#    closer to these $n$ numbers than $\mu$ does, so the squares come out too small.
# 3. If the differences are roughly normal and $\sigma_d$ were known, $\bar d$ would lie
#    within 1.96 standard errors of $\mu$ in 95 % of all experiments. With $s$ in its place
#    this fails: now and then $s$ is too small by chance, and the interval is too short. The
#    factor must be larger, above all for small $n$.
#
# How much larger was worked out by William Gosset, a chemist at the Guinness brewery who
# had to judge from small samples, and who published as "Student" (1908). In today's form
# his factor $t_{n-1}$ is 4.30 for $n = 3$, 2.36 for $n = 8$, and approaches 1.96. The
# interval is
#
# $$\bar d \;\pm\; t_{n-1}\,\frac{s}{\sqrt n} .$$
#
# Draw 20,000 experiments of $n$ normal differences whose true mean is 0, and count how often
# the interval contains it.


# %%
def coverage(n, factor, experiments=20_000):
    """Return how often mean ± factor · s/√n contains the true mean, in percent."""
    generator = torch.Generator().manual_seed(0)
    d = torch.randn(experiments, n, generator=generator, dtype=torch.float64)
    half = factor * d.std(1) / math.sqrt(n)
    return 100 * (d.mean(1).abs() <= half).double().mean()


for n in (3, 5, 8, 30):
    t = stats.t.ppf(0.975, n - 1)
    naive, exact = coverage(n, 1.96), coverage(n, t)
    print(f"n = {n:2}: 1.96 covers {naive:.1f} %, {t:.2f} covers {exact:.1f} %")

# %% [markdown]
# With three seeds the factor 1.96 makes intervals that miss almost one time in five while
# claiming one in twenty. Student's factor keeps the promise at every $n$.
#
# And what does pairing do in this formula? For numbers $A_i$ (treatment) and $B_i$ (control)
# with a correlation $\rho$ between them,
#
# $$\sigma_d^2 = \operatorname{Var}(A - B) =
# \sigma_A^2 + \sigma_B^2 - 2\rho\,\sigma_A\sigma_B .$$
#
# Without pairing the last term is missing. With $\rho$ near 1, where a seed brings the
# same luck to both arms, almost everything cancels; with $\rho$ near 0 nothing is gained.
#
# ### Exercise 0.3 · The paired difference (2 points, ~12 min)
#
# **Given:** `control` and `treatment`, two 1-D float tensors with one value per seed, seed
# $i$ at place $i$ in both, $n \ge 2$; `confidence` in (0, 1).
#
# **Return:** three Python floats: the mean of *treatment − control*, and the lower and the
# upper end of Student's interval for it, with half of 1 − `confidence` on each side.
# `stats.t.ppf(q, df)` from SciPy, imported above, is the quantile: the value below which
# Student's t with `df` degrees of freedom lies with probability `q`.
#
# **By hand:** control (60, 70, 80), treatment (62, 71, 83). Differences 2, 1, 3; mean 2;
# $s = \sqrt{(0 + 1 + 1)/2} = 1$; standard error $1/\sqrt3 = 0.577$; the quantile at 0.975
# with 2 degrees of freedom is 4.303. Half-width 4.303 · 0.577 = 2.484, so the result is
# **(2, −0.484, 4.484)**.
#
# <details><summary>Hint 1</summary>
#
# Subtract first, seed by seed. From there on there is one list of numbers.
#
# </details>
# <details><summary>Hint 2</summary>
#
# The half-width is quantile · s / √n. `Tensor.std()` divides by n − 1 already. For a
# confidence of 0.95 the quantile is that at 0.975.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `d = treatment - control`, `n = len(d)`, `mean = d.mean().item()`,
# `half = stats.t.ppf((1 + confidence) / 2, n - 1) * d.std().item() / n**0.5`. Return
# `mean, mean - half, mean + half`, with `float(...)` around what is not a float yet.
#
# </details>


# %% solution="paired_difference"
def paired_difference(control, treatment, confidence=0.95):
    """Return the mean of treatment - control, and Student's interval of that mean.

    Args:
        control, treatment: one value per seed, floating, (n,) each, n ≥ 2, seed i at
            place i in both; they are left as they are.
        confidence: probability that the interval covers the true mean, in (0, 1).

    Returns:
        (mean, low, high), three Python floats in the unit of the values.

    Example: the case worked by hand gives (2.0, -0.484, 4.484). About 5 lines.
    """
    ### BEGIN SOLUTION
    difference = treatment - control
    n, mean = len(difference), difference.mean().item()
    error = difference.std().item() / math.sqrt(n)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * error
    return mean, mean - half, mean + half
    ### END SOLUTION


# %% [markdown]
# Student's example: hours of sleep that ten patients gained with a first and with a second
# drug (Cushny and Peebles, as printed in Student 1908). Each column scatters by about two
# hours. The second drug gives 1.58 hours more on average, from 0.70 to 2.46.

# %% look
FIRST_DRUG = torch.tensor([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SECOND_DRUG = torch.tensor([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
look(lambda: paired_difference(FIRST_DRUG, SECOND_DRUG), target=(1.58, 0.70, 2.46))

# %% test="paired_difference" points=2
check.paired_difference(paired_difference)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("00_start_here").paired_difference(paired_difference, seed=48_271)
### END HIDDEN TESTS

# %% [markdown]
# ### Three comparisons, eight seeds each
#
# The course has this function as `intervals.paired_difference`, which takes the treatment
# first. With it we compare three changes with the plain network: weight decay 0.01, dropout
# 0.25, and momentum 0.9. Each has eight seeds, as most experiments of this course do. For
# each we draw the interval that pairs the seeds, and one that ignores the pairs (Welch's).

# %% experiment
dropout = final_accuracy(dropout=0.25)
momentum = final_accuracy(momentum=0.9)
TREATMENTS = {"decay 0.01": decay, "dropout 0.25": dropout, "momentum 0.9": momentum}


def unpaired(treatment, control):
    """Return Welch's interval, which knows nothing of pairs."""
    test = stats.ttest_ind(treatment.numpy(), control.numpy(), equal_var=False)
    low, high = test.confidence_interval(0.95)
    mean = (treatment.mean() - control.mean()).item()
    return intervals.Interval(mean, low, high, len(control))


# %% figure
rows, row_colors = {}, []
for (name, scores), color in zip(
    TREATMENTS.items(), (DECAY, DROPOUT, MOMENTUM), strict=True
):
    rows[f"{name}, unpaired"] = unpaired(scores[:8], none[:8])
    rows[f"{name}, paired"] = scores[:8] - none[:8]
    row_colors += ["#9a9a9a", color]
ax = demos_start.forest(
    rows, colors=row_colors, unit="difference to the plain network (accuracy points)"
)
ax.set_title("Pairing shortens two of the three intervals")
plots.show(
    ax.figure,
    alt="Three differences to the plain network, each with an unpaired interval in "
    "gray and a paired one with its eight dots. For decay and dropout the paired one is "
    "much shorter; for momentum both are long.",
)

# %% results
print("                 correlation   8 seeds, unpaired   8 seeds, paired    64 seeds")
for name, scores in TREATMENTS.items():
    rho = torch.corrcoef(torch.stack([scores, none]))[0, 1]
    parts = [
        unpaired(scores[:8], none[:8]),
        intervals.paired_difference(scores[:8], none[:8]),
        intervals.paired_difference(scores, none),
    ]
    told = "   ".join(f"[{part.low:+5.2f}, {part.high:+5.2f}]" for part in parts)
    print(f"{name:15}  {rho:8.2f}      {told}")

# %% [markdown]
# **Decay:** the correlation is close to 1, because a small pull on the weights hardly
# changes what a run does. Unpaired, eight seeds leave the question open; paired, they
# decide it.
#
# **Momentum:** the correlation is close to 0, as if momentum sent each run on a path of its
# own, so pairing gains nothing. "Not decided" is the right answer, and it is *not* "no
# difference": to claim that, one has to name a margin and show that the whole interval lies
# within it.
#
# **Dropout:** in between, and not decided even with 64 seeds. Is dropout useless here? Move
# the nearest knob, the length of training, by a factor of four, and ask again.

# %% experiment
SIXTEEN = list(range(16))
longer = {
    "none": final_accuracy(SIXTEEN, epochs=60),
    "decay 0.01": final_accuracy(SIXTEEN, epochs=60, weight_decay=0.01),
    "dropout 0.25": final_accuracy(SIXTEEN, epochs=60, dropout=0.25),
}

# %% results
drift = torch.corrcoef(torch.stack([longer["none"], longer["decay 0.01"]]))[0, 1]
print(f"correlation of the two arms, decay 0.01, after 60 epochs: {drift:.2f}")
with results(varies="16 initializations and data orders; one split") as table:
    table.arms(longer, paired_with="none", unit="%, 60 epochs")
    claim(
        "start_here.dropout-helps-later",
        "After 60 epochs dropout 0.25 gains validation accuracy.",
        longer["dropout 0.25"] - longer["none"],
        "> 0",
        unit="accuracy points",
    )

# %% [markdown]
# After 60 epochs the same dropout gains most of a point, while decay still costs. With
# other seeds (all shifted, the split too, nine times) it gained between 0.2 and 1.7, and in
# two of the nine runs the interval reached below zero: sixteen pairs barely decide so small
# a gain. The interval at 15 epochs was not wrong: "after 15 epochs" was part of its
# question. That is why the course moves a setting or two before it makes a sentence
# general.
#
# What pairing gains depends on the length of training as well. The correlation for decay
# has fallen from close to 1 to about 0.7: two runs that start alike and see the same
# images drift apart with time.
#
# ### What do two runs with one seed have in common?
#
# A seed fixes two things here: the initial weights, and the order in which the images
# come. Which of the two makes the runs of one seed alike? Take them apart: a treatment
# that shares only the order with its control, and one that shares only the initial
# weights, each at the learning rates 0.1 and 0.01.

# %% predict
predict(
    "start_here.what-is-shared",
    "What has to be shared so that the differences scatter little?",
    [
        "the initial weights, at both learning rates",
        "the order of the images, at both learning rates",
        "the order at 0.1, the initial weights at 0.01",
    ],
)


# %% experiment
FEW, SHIFT = MANY[:32], 5000


def started_from(shift):
    """Return a builder whose initial weights belong to another seed."""

    def build(seed):
        with training.own_randomness(seed + shift):
            return network()

    return build


def decay_effects(lr):
    """Return what the two runs share → decay minus no decay, seed by seed."""
    control, pull = final_accuracy(FEW, lr=lr), {"lr": lr, "weight_decay": 0.01}
    elsewhere = [seed + SHIFT for seed in FEW]
    treated = {
        "both": final_accuracy(FEW, **pull),
        "the order": final_accuracy(FEW, build=started_from(SHIFT), **pull),
        "the start": final_accuracy(elsewhere, build=started_from(-SHIFT), **pull),
    }
    return {name: scores - control for name, scores in treated.items()}


shared = {lr: decay_effects(lr) for lr in (0.1, 0.01)}

# %% figure
fig, axes = plots.figure(2, sharex=True)
for ax, effects in zip(axes, shared.values(), strict=True):
    unit = "decay 0.01 minus no decay (accuracy points)"
    demos_start.forest(effects, colors=[DECAY] * 3, unit=unit, ax=ax)
axes[0].set(title="Learning rate 0.1: share the order", ylabel="shared by both runs")
axes[1].set_title("Learning rate 0.01: share the initial weights")
plots.show(
    fig,
    alt="Differences between decay and no decay for 32 seeds in rows: both shared, only "
    "the order, only the initial weights. At the learning rate 0.1 the row of the "
    "initial weights scatters most by far, at 0.01 the row of the order.",
    after="start_here.what-is-shared",
)


# %% results
def scatter(effects):
    """Return each seed's distance from the mean difference."""
    return (effects - effects.mean()).abs()


for lr, effects in shared.items():
    told = [f"{name} {effect.std():.2f}" for name, effect in effects.items()]
    print(f"standard deviation of the differences, lr {lr}: " + ", ".join(told))
with results(varies="32 initializations and data orders; one split"):
    claim(
        "start_here.order-carries-the-luck",
        "At lr 0.1 differences scatter more if only the initial weights are shared "
        "than if only the order is.",
        scatter(shared[0.1]["the start"]) - scatter(shared[0.1]["the order"]),
        "> 0",
        unit="accuracy points",
    )
    claim(
        "start_here.start-carries-the-luck",
        "At lr 0.01 it is the other way round.",
        scatter(shared[0.01]["the order"]) - scatter(shared[0.01]["the start"]),
        "> 0",
        unit="accuracy points",
    )
    recall("start_here.what-is-shared", 3)

# %% [markdown]
# At a learning rate of 0.1 the order counts most, at 0.01 the initial weights. A likely
# reason: at 0.1 each batch still moves the weights a good way when training stops, so it
# matters which images came last. At 0.01 no batch moves them much, and after 15 epochs a
# run still depends on where it started. A rule found at one rate would have been false at
# the other. At both, sharing *everything* is best. So give both settings the same initial
# weights *and* the same data order; a `DataLoader` whose generator is in another state
# can lose most of what pairing gives.
#
# ## The same seeds on other images
#
# Under every table stands what varied: "64 initializations and data orders; one split". The
# interval says where the average would lie if you drew *new seeds and kept the same 1,000
# training and 1,000 validation images*. How much would other images change?
#
# Draw the images anew, eight times, from the 10,000 that come with the course, and on each
# split train 24 seeds, without and with decay.

# %% predict
predict(
    "start_here.other-split",
    "Take the interval for the *accuracy* over 24 seeds on one split. Does it contain "
    "the mean accuracy of the other seven splits?",
    [
        "on every split: that is what 95 % means",
        "on some splits yes, on others clearly not",
        "on none of them",
    ],
)


# %% experiment
SPLITS, PER_SPLIT = 8, 24
redrawn = [
    data.fashion_mnist(1000, 1000, size=14, flat=True, device=DEVICE, split_seed=s)
    for s in range(SPLITS)
]


def stacked(name):
    """Return x and y of one part of every split, each repeated for its seeds."""
    sets = [getattr(part, name) for part in redrawn]
    columns = zip(*((each.x, each.y) for each in sets), strict=True)
    return tuple(torch.stack(c).repeat_interleave(PER_SPLIT, 0) for c in columns)


def on_each_split(weight_decay):
    """Return validation accuracies in percent, (splits, seeds)."""
    runs = train_population(
        network,
        stacked("train"),
        val=stacked("val"),
        own_data={"train": "xy", "val": "xy"},
        seeds=list(range(PER_SPLIT)) * SPLITS,
        weight_decay=weight_decay,
        lr=0.1,
        optimizer="sgd",
        batch_size=64,
        epochs=EPOCHS,
        record_every=10_000,
        progress=False,
    )
    return 100 * runs.val_accuracy[-1].double().cpu().view(SPLITS, PER_SPLIT)


split_none = on_each_split(0.0)
split_gain = on_each_split(0.01) - split_none

# %% figure
fig, axes = plots.figure(2)
for ax, scores, color, unit in (
    (axes[0], split_none, NONE, "accuracy without decay (%)"),
    (axes[1], split_gain, DECAY, "decay 0.01 minus no decay (points)"),
):
    split_rows = {f"split {s}": scores[s] for s in range(SPLITS)}
    split_rows["8 splits"] = scores.mean(1)
    zero = 0.0 if ax is axes[1] else None
    split_colors = [color] * SPLITS + ["#1a1a1a"]
    demos_start.forest(split_rows, colors=split_colors, unit=unit, ax=ax, zero=zero)
    ax.axvline(scores.mean(), color="#9a9a9a", ls=":")
axes[0].set_title("The accuracy belongs to the split …")
axes[1].set_title("… the difference carries over")
plots.show(
    fig,
    alt="Intervals over 24 seeds for each of 8 splits, and in black the interval over "
    "the 8 split means. Left, the accuracies: several short intervals miss the dotted "
    "line of the overall mean. Right, the effect of decay: nearly all agree.",
    after="start_here.other-split",
)

# %% results
means = split_none.mean(1)
others = (means.sum() - means) / (SPLITS - 1)
each = [intervals.mean_interval(scores) for scores in split_none]
inside = sum(
    part.low <= m <= part.high for part, m in zip(each, others.tolist(), strict=True)
)
print(f"{inside} of 8 intervals over seeds contain the mean of the other splits")
print(f"the split means range from {means.min():.1f} % to {means.max():.1f} %")
pooled = intervals.mean_interval(split_none.flatten())
honest = intervals.mean_interval(means)
print(f"192 runs taken for 192 draws: ± {(pooled.high - pooled.low) / 2:.2f} points")
print(f"8 splits taken for 8 draws:   ± {(honest.high - honest.low) / 2:.2f} points")
within = split_none.var(1).mean().sqrt()
print(f"standard deviation: {within:.2f} of seeds on one split, ", end="")
print(f"{means.std():.2f} of the split means")
with results(
    varies="8 splits, each the mean of 24 initializations and orders"
) as table:
    table.arms({"no decay": means}, unit="%")
    claim(
        "start_here.decay-on-new-splits",
        "Over splits drawn anew, decay 0.01 costs accuracy after 15 epochs.",
        -split_gain.mean(1),
        "> 0",
        unit="accuracy points",
    )
    recall("start_here.other-split", 2)

# %% [markdown]
# Each interval covers what it promises: the average over seeds *on its split*. But the means
# of the splits differ by almost three points, and no number of seeds on one split can show
# that. Whoever takes all 192 runs for independent draws gets an interval that is three times
# too short, because 24 runs on one split share their images. The honest interval counts
# splits.
#
# A good part of a split's luck is in its 1,000 validation images: if they were drawn
# independently, a share of 0.77 would have a standard deviation of
# $\sqrt{0.77 \cdot 0.23 / 1000}$, or 1.3 points, whatever the network. The effect of decay
# hardly feels it, since both arms are judged on the same images: pairing again, this time
# across splits.
#
# In five real tasks, drawing the data anew was the largest source of variance, ahead of
# initial weights and data order (Bouthillier and others 2021). Here single seeds scatter more
# than splits, as printed above the table; but that part shrinks with every seed we add, and
# the splits' part does not.
#
# So this is how to read a table of this course:
#
# - **What varies** says of what the interval speaks. Headline results also draw split and
#   noise anew; where only seeds vary, the sentence is about one data set.
# - **Holds** means that the whole interval agrees with the sentence, **does not hold** that
#   none of it does. **Not decided** is everything between, and needs more seeds.
# - Five in a hundred intervals miss, and nobody can tell which. Test twenty changes that
#   do nothing, independently, and with a chance of $1 - 0.975^{20}$, or 40 %, at least
#   one seems to help. The best of many tends to look better than it is (the *winner's
#   curse*, notebook 05, section 7).
# - **Seeds are independent; weights, examples or epochs of one run are not.** An interval
#   over things that share their luck is too short.
#
# ## See it happen
#
# Below, one small network is trained twice in front of you, from the same weights, on the
# same 60 points and in the same order: a paired comparison. Every fifth point has a false
# label; those have a black rim. The small dots are validation points, which no training step
# ever sees. The network on the right has weight decay.
#
# Press **Play**, and let it run for about 1,000 steps. Look at three things in this order:
#
# 1. The colors: what does each network do about the points with a black rim?
# 2. The curves: where do the training loss (blue) and the validation loss (orange, dashed)
#    part? The orange dot marks the best validation loss.
# 3. The weights at the bottom: which network has the large ones?
#
# Then set the false labels to 0 and press **Start again**. Is the pull on the weights still
# worth having?

# %% demo
playground().show()

# %% [markdown]
# The left network bends its boundary around single points, because every false label that
# it learns lowers its training loss. Nothing in that loss says that a label is false; only
# the validation points can tell. This is *overfitting* in slow motion. And it is one pair on
# one set of points: press **Other points** a few times before you believe a difference.
#
# ## Where your results go
#
# **Claims.** Each sentence about a result has its measurement beside it. On your machine a
# claim that does not hold prints a warning: trust the measurement, not the sentence. This is
# all that has been claimed so far.

# %%
ledger()

# %% [markdown]
# **Other seeds.** Would the claims hold with *your* seeds? You can ask in every notebook: put
# these two lines into a new cell under the set-up cell, and run all cells.
#
# ```python
# from helpers import seeds
# seeds.shift(1000)
# ```
#
# Seed 0 is then 1000, seed 1 is 1001, and so on, also for the choice of images
# (`seeds.shift(1000, splits=False)` keeps the images). Compare the claims; numbers in the
# text belong to the course's own seeds. If a claim comes out as "not decided", shift by 2000
# and by 3000 as well.
#
# **Progress.** Each check that passes is noted in `.progress.json` beside the notebooks,
# on your computer only. Grades come from your instructor's own run of the checks.

# %%
progress.table()

# %% figure
ax = progress.chart()
plots.show(ax.figure, alt=progress.table().summary())

# %% [markdown]
# **Bookmarks.** Under each check stands "Come back to this". What you marked is listed
# here, each with a link.

# %%
bookmarks.table()

# %% [markdown]
# **Certificate.** Once every exercise is done, this writes a page to print, with your name
# on it. Until then it says what is open.

# %%
progress.certificate("Your name")

# %% [markdown]
# ## Quiz
#
# Every answer has an explanation, the right ones too. The flashcards are for a day or a week
# from now.

# %%
quiz("00_start_here")

# %%
flashcards("00_start_here")

# %% [markdown]
# **Speed challenge.** Ten questions against the clock, from the notebooks you have begun and
# the next one. Your best time is kept.

# %%
challenge()

# %% [markdown]
# ## Pitfalls
#
# - `zero_grad()` between `backward()` and `step()`: the update is thrown away, and the
#   loss stays where it is.
# - A softmax before `cross_entropy`: with ten classes the loss ends at 1.46, not at 0.
# - `total += loss` without `.item()`: every batch's graph stays in memory for the epoch.
# - `model.training = False` in place of `model.eval()`: the layers inside keep the mode
#   they had.
# - No test for the mode. Two lines find a forgotten `eval()` before anybody else does: in eval
#   mode `torch.equal(model(x), model(x))` must hold for one batch `x`, and with dropout in the
#   network it must fail in train mode.
# - Training loss from *during* an epoch against validation loss from *after* it, or dropout
#   on against dropout off: not the same kind of number.
# - An interval over seeds read as one over data.
#
# ## Summary
#
# 1. Zero, forward, backward, step, in train mode. Evaluate in eval mode *and* without
#    gradients, then restore; average over examples. What is compared is measured alike.
# 2. Compare two settings by their differences seed by seed, with the same initial weights
#    and data order, and give Student's interval. "Not decided" is not "no difference".
# 3. An interval covers what was varied and nothing else: seeds do not stand for data.
#
# ## References
#
# - Bouthillier et al. (2021), *Accounting for Variance in Machine Learning Benchmarks*,
#   <https://arxiv.org/abs/2103.03098>
# - Henderson et al. (2018), *Deep Reinforcement Learning that Matters*,
#   <https://arxiv.org/abs/1709.06560>
# - PyTorch documentation, *Autograd mechanics*,
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>
# - Student (1908), *The Probable Error of a Mean*, Biometrika 6(1), 1–25,
#   <https://doi.org/10.1093/biomet/6.1.1>
# - Xiao, Rasul and Vollgraf (2017), *Fashion-MNIST*, <https://arxiv.org/abs/1708.07747>
#
# **Next:** [01 · Bias and variance](../01_bias_variance/01_bias_variance.ipynb) takes the
# error on new examples apart: which part comes from a model that is too rigid, which from
# one that follows every accident of its examples, and how a penalty trades one for the
# other.
