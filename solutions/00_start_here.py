# %% [markdown]
# # 00 · Is it learning, or does it only look like it?
#
# Every notebook of this course changes one thing in the same loop: predict, compare,
# correct, repeat. Here you write that loop and the evaluation that judges it. Both are
# ten lines long, and both can be wrong without any error message.
#
# When you are done you can
#
# - write a training epoch and an evaluation that report the numbers they claim to,
# - say what three small omissions cost, because you will have measured them,
# - find your way around the course: cards, checks, hints, predictions, progress.
#
# **You need:** Python, and a first idea of what `loss.backward()` does.
# **Time:** about 40 minutes; the computing takes less than a minute on a slow CPU.

# %% setup
import torch
from IPython.display import display
from torch import nn

from helpers import data, training
from helpers.checks import CheckFailed, load, look
from helpers.demos.playground import playground
from helpers.device import device
from helpers.evidence import intervals, metrics
from helpers.evidence.claims import claim, ledger, results
from helpers.show import plots
from helpers.study import bookmarks, progress
from helpers.study.challenge import challenge
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz

plots.use_course_style()
check = load("00_start_here")

# %% [markdown]
# Here is the whole course. Each box is a notebook and opens with a click; it shows how
# many of its exercises you have passed and how much of its quiz you have answered.

# %%
progress.course_map()

# %% [markdown]
# Each notebook fixes its seeds and sizes in one place. `device()` picks the fastest
# hardware it finds and says what to expect; the environment variable `COURSE_DEVICE`
# overrules it.

# %%
SEEDS = range(8)
EPOCHS = 15
DEVICE = device()

# %% [markdown]
# ## The data
#
# Fashion-MNIST: small grey pictures of clothes in ten classes. It comes with the
# course, so nothing is downloaded. We take 1,000 images to train on and 1,000 others to
# validate, shrunk to 14×14 pixels and flattened to 196 numbers each.

# %%
train, val, test = data.fashion_mnist(1000, 1000, size=14, flat=True, device=DEVICE)
ax = plots.images(train.x[:8], [data.CLASS_NAMES[k] for k in train.y[:8]])
ax.set_title("Eight training images with their labels", pad=18)
plots.show(ax.figure, alt="Eight small grey images of clothes, each with its label.")

# %% [markdown]
# The third part, `test`, is sealed. It counts how often it is opened, and this notebook
# has no reason to open it: nothing is chosen here.
#
# Our network is as plain as they come: one hidden layer of 64 units.


# %%
def network(seed, dropout=0.0):
    torch.manual_seed(seed)
    hidden = [nn.Linear(196, 64), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*hidden, nn.Linear(64, 10)).to(DEVICE)


# %% [markdown]
# ## How an exercise works
#
# An exercise has four parts:
#
# 1. a **card** that says what is given, what to return, and one value worked by hand,
#    with three folded **hints**, the last of them nearly the answer;
# 2. the **answer cell**, where you replace `raise NotImplementedError`;
# 3. a **look** cell, which puts your value beside the expected one;
# 4. a **check** cell, which decides.
#
# A check never shows you a wall of red. It says in a few lines which case went wrong,
# what should have come and what came. Here are two answers to the first exercise: one
# that has not been written yet, and one that is merely lazy. The lazy one has the right
# arguments and returns a float, so the check has to look at what it *does*.


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
# *Case*, *expected*, *got*, *hint*. Where the check recognises a well-known slip, the
# last line says *mistake* and names it. Read that line first.
#
# Checks judge what your code does, not how it is written: loops or no loops, any names,
# any PyTorch function you like, unless a card says "from scratch". Run them as often as
# you want; nothing is counted but the first pass.

# %% [markdown]
# ## The training epoch
#
# One *epoch* walks once over the training data in batches. For every batch $B$ the
# network's weights $\mathbf{w}$ take one step against the gradient of the batch's mean
# loss,
#
# $$\mathbf{w} \leftarrow \mathbf{w} - \eta \, \nabla_{\mathbf{w}}\,
# \frac{1}{|B|} \sum_{i \in B} \ell_i(\mathbf{w}),$$
#
# with learning rate $\eta$ (`lr`) and loss $\ell_i$ of example $i$. Optimizers such as
# Adam dress this up, but the rhythm stays: forward, backward, step.
#
# PyTorch adds one habit of its own. What does a second `backward()` do to the gradient
# that the first one left behind?

# %%
w = torch.tensor(1.0, requires_grad=True)
(3 * w).backward()
first = w.grad.item()
(3 * w).backward()
second = w.grad.item()
print(f"after one backward: {first}, after two: {second}")

# %% [markdown]
# The slope of $3w$ is 3, today and tomorrow. The second call did not replace the
# gradient, it added to it.

# %% results
with results():
    claim(
        "start_here.backward-adds",
        "A second backward() on the same loss doubles the stored gradient.",
        second / first - 2,
        "within 0",
    )

# %% [markdown]
# ### Exercise 0.1 · The training epoch (2 points, ~10 min)
#
# **Given:** `model`; `batches`, which yields pairs (inputs, labels) and whose last
# batch may be smaller; `loss_fn(logits, labels)`, which returns the *mean* over its
# batch; an `optimizer` over the model's parameters.
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
# Gradients must be zero before *every* `backward()`: `optimizer.zero_grad()`. For the
# mean, keep two running sums: loss times batch size, and batch size.
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
# Look first: the case from the card, your value beside the one worked by hand.


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
# ### What if nobody zeroes the gradients?
#
# From here on the notebook trains with the course's own loop, `training.fit`, so a
# missing answer of yours breaks nothing. `fit` calls `optimizer.zero_grad()` before each
# batch. An optimizer whose `zero_grad` does nothing is therefore the whole experiment:


# %%
class Hoarder(torch.optim.SGD):
    """SGD that never forgets a gradient."""

    def zero_grad(self, set_to_none=True):
        pass


# %% [markdown]
# Before you run an experiment, commit to a guess. The course notes it and comes back to
# it. Nobody grades guesses, but a surprise is much easier to remember once you have said
# what you expected. (No buttons where you are? Add `pick=1` to the call.)

# %% predict
predict(
    "start_here.zeroing",
    "Same network, same data order, but gradients are never zeroed. After 15 epochs:",
    [
        "it ends in the same place, only faster",
        "it looks fine after one epoch, and ends far worse",
        "it crashes or gives NaN at once",
    ],
)

# %% [markdown]
# Eight seeds, each trained twice: the same initial weights, the same order of the data,
# the same learning rate. Only `zero_grad` differs.


# %% experiment
def sgd_run(seed, optimizer):
    model = network(seed)
    history = training.fit(
        model,
        train,
        val=val,
        epochs=EPOCHS,
        optimizer=lambda params: optimizer(params, lr=0.1),
        batch_size=64,
        seed=seed,
        progress=False,
    )
    return model, history


zeroed = [sgd_run(seed, torch.optim.SGD) for seed in SEEDS]
hoarded = [sgd_run(seed, Hoarder) for seed in SEEDS]

# %% [markdown]
# `fit` returns a `History`: one number per epoch for the loss and the accuracy of both
# parts. We collect the training losses of all runs.


# %% experiment
def losses(runs, name="train_loss"):
    return torch.tensor([getattr(history, name) for _, history in runs])


harm = losses(hoarded)[:, -1] - losses(zeroed)[:, -1]
epochs = range(1, EPOCHS + 1)
ax = plots.band(epochs, losses(zeroed), label="zeroed before each batch")
plots.band(epochs, losses(hoarded), label="never zeroed", color=plots.PALETTE[1], ax=ax)
ax.set(xlabel="epoch", ylabel="training loss (nats)")
ax.set_title(f"Never zeroing ends {harm.mean():.1f} nats higher")
plots.show(
    ax.figure,
    alt="Training loss over 15 epochs, mean and 95 % interval of 8 seeds: with zeroed "
    "gradients it falls smoothly; without, it starts as low and then climbs.",
    after="start_here.zeroing",
)

# %% results
start = losses(hoarded)[:, 0] - losses(zeroed)[:, 0]
with results():
    claim(
        "start_here.hoarding-starts-well",
        "After one epoch the two training losses differ by less than 0.3 nats.",
        start,
        "within 0.3",
        unit="nats",
    )
    claim(
        "start_here.hoarding-ends-badly",
        "After 15 epochs, never zeroing gives a training loss at least 0.5 nats higher.",
        harm,
        "> 0.5",
        unit="nats",
    )
    recall("start_here.zeroing", 2)

# %% [markdown]
# The dangerous part is the first epoch: no error, and a loss that looks right. The sum
# of all past gradients is momentum without friction: the weights keep their speed even
# where the slope has turned. This is one learning rate and one length of training; with
# others the number differs. How early you notice depends on whether you look at curves.

# %% [markdown]
# ## The evaluation
#
# Evaluation asks the same question of other data, and must not change anything. Three
# switches matter, and two of them are often taken for one:
#
# - `model.eval()` changes what layers *compute*: dropout stops dropping, BatchNorm uses
#   its stored averages in place of the batch's.
# - `torch.no_grad()` changes what autograd *remembers*: no graph is built, memory is
#   saved.
# - `model.train()` puts the layers back for the epoch that follows.
#
# Does `no_grad` alone not do the job? Here is a network with dropout that has trained
# for 15 epochs. Guess, then let it classify the same 1,000 images twice.

# %% predict
predict(
    "start_here.no-grad",
    "A network with dropout 0.5 in train mode, run twice under torch.no_grad():",
    [
        "both passes agree: without gradients there is no dropout",
        "the passes disagree on some images, but accuracy does not suffer",
        "the passes disagree on some images, and accuracy is lower than in eval mode",
    ],
)

# %% [markdown]
# Again eight seeds. Each trained network is measured twice on the same images, in train
# mode (under `no_grad`) and in eval mode.


# %% experiment
def dropout_run(seed):
    model = network(seed, dropout=0.5)
    options = {"epochs": EPOCHS, "batch_size": 64, "seed": seed, "progress": False}
    training.fit(model, train, **options)
    return model


@torch.no_grad()
def two_passes(model, mode):
    model.train(mode)
    return model(val.x), model(val.x)


dropped = [dropout_run(seed) for seed in SEEDS]
in_train_mode = [two_passes(model, True) for model in dropped]
in_eval_mode = [two_passes(model, False) for model in dropped]

# %% [markdown]
# `disagree` is the share of images on which two passes of one network choose different
# classes; `accuracies` are those of the first pass.


# %% experiment
def disagree(passes):
    return [(a.argmax(1) != b.argmax(1)).float().mean().item() for a, b in passes]


def accuracies(passes):
    return [100 * metrics.accuracy(first, val.y) for first, _ in passes]


lost = intervals.paired_difference(accuracies(in_eval_mode), accuracies(in_train_mode))
groups = {
    "train mode, no_grad": accuracies(in_train_mode),
    "eval mode": accuracies(in_eval_mode),
}
ax = plots.points(groups)
ax.set(ylabel="validation accuracy (%)")
ax.set_title(f"Forgetting eval() costs {lost.mean:.1f} accuracy points here")
plots.show(
    ax.figure,
    alt="Validation accuracy of 8 networks with dropout, one dot per seed: lower when "
    "measured in train mode under no_grad than in eval mode.",
    after="start_here.no-grad",
)

# %% results
with results():
    claim(
        "start_here.no-grad-keeps-dropout",
        "Under no_grad in train mode, two passes disagree on more than 5 % of the images.",
        disagree(in_train_mode),
        "> 0.05",
    )
    claim(
        "start_here.eval-is-repeatable",
        "In eval mode two passes never disagree.",
        max(disagree(in_eval_mode)),
        "within 0",
    )
    gain = torch.tensor(accuracies(in_eval_mode)) - torch.tensor(
        accuracies(in_train_mode)
    )
    claim(
        "start_here.eval-mode-scores-higher",
        "The same networks score more than one accuracy point higher in eval mode.",
        gain,
        "> 1",
        unit="accuracy points",
    )
    recall("start_here.no-grad", 3)

# %% [markdown]
# `no_grad` did its own job and nothing else. Nobody retrained anything between the two
# columns of the figure: the network was fine, the measurement was not. (This is a dropout
# rate of 0.5; other rates cost other amounts.) With BatchNorm it is worse in kind: a
# forward pass in train mode *changes* the model.

# %%
model = nn.Sequential(nn.Linear(196, 64), nn.BatchNorm1d(64)).to(DEVICE).train()
before = model[1].running_mean.clone()
with torch.no_grad():
    model(val.x)
moved = (model[1].running_mean - before).abs().max().item()

# %% results
with results():
    claim(
        "start_here.batchnorm-learns-under-no-grad",
        "One forward pass in train mode under no_grad changes BatchNorm's statistics.",
        moved,
        "> 0",
    )

# %% [markdown]
# The validation images have just left a trace in the network that they were meant to
# judge.

# %% [markdown]
# ### Exercise 0.2 · The evaluation (2 points, ~10 min)
#
# **Given:** `model`, `batches` and `loss_fn` as in 0.1.
#
# **Do:** measure in eval mode and without tracking gradients. Leave the model as it was:
# same parameters, same buffers, and `model.training` as it came in, be it true or false.
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
# Before the loop: remember `model.training`, then switch to eval mode. After it: put the
# remembered mode back.
#
# </details>
# <details><summary>Hint 2</summary>
#
# Keep three sums: loss times batch size, number of right answers, number of examples.
# `logits.argmax(1) == y` says which answers are right.
#
# </details>
# <details><summary>Hint 3</summary>
#
# `was_training = model.training`, `model.eval()`, then `with torch.no_grad():` around the
# loop. In it `total += loss_fn(logits, y).item() * len(y)` and
# `right += (logits.argmax(1) == y).sum().item()`. Finally `model.train(was_training)`,
# which takes the mode as its argument.
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
# The case from the card again, made of a network that always gives logits (0, ln 3).

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
# ### Why "per example"?
#
# `loss_fn` has already averaged over its batch, so averaging the batches' losses is
# tempting. It is even right, as long as all batches have one size. The last one
# often falls short: 1,000 examples in batches of 64 leave 40 for the last.

# %% predict
predict(
    "start_here.batch-means",
    "Mean of batch means against mean per example, on 1,000 validation images:",
    [
        "batches of 64 (last one: 40) already distort the loss by more than 0.1 nats",
        "batches of 64 hardly matter; a last batch of one example distorts it a lot",
        "it never matters: a mean of means is a mean",
    ],
)

# %% [markdown]
# We take the per-example losses of the eight networks trained above, deal them into
# batches in 200 random orders, and average the batches' means as the naive way does.


# %% experiment
@torch.no_grad()
def example_losses(model):
    logits = model.eval()(val.x)
    return nn.functional.cross_entropy(logits, val.y, reduction="none").cpu()


def distortion(values, batch_size, orders=200):
    """Return the mean absolute error of the mean of batch means over random orders."""
    order = torch.Generator().manual_seed(0)
    errors = []
    for _ in range(orders):
        shuffled = values[torch.randperm(len(values), generator=order)]
        means = torch.stack([part.mean() for part in shuffled.split(batch_size)])
        errors.append((means.mean() - values.mean()).abs())
    return torch.stack(errors).mean().item()


# %% [markdown]
# Four batch sizes: 500 divides 1,000 evenly; 64 leaves a last batch of 40; 900 leaves
# 100; and 999 leaves a single example, which then weighs as much as all others together.

# %% figure
values = [example_losses(model) for model, _ in zeroed]
error = {size: [distortion(v, size) for v in values] for size in (500, 64, 900, 999)}
groups = {f"{size}, last {1000 % size or size}": error[size] for size in error}
ax = plots.points(groups)
worst = sum(error[999]) / len(values)
ax.set(xlabel="batch size (examples)", ylabel="mean |error| of the loss (nats)")
ax.set_title(f"A last batch of one shifts the loss by {worst:.1f} nats on average")
plots.show(
    ax.figure,
    alt="Error of the mean of batch means for four batch sizes, one dot per network: "
    "zero when batches are equal, tiny for a last batch of 40, largest for one of 1.",
    after="start_here.batch-means",
)

# %% results
with results():
    claim(
        "start_here.equal-batches-are-harmless",
        "With equal batches the mean of batch means is the mean, up to rounding.",
        max(error[500]),
        "within 1e-5",
    )
    claim(
        "start_here.usual-batches-hardly-matter",
        "With batches of 64 the error stays below 0.02 nats on average.",
        error[64],
        "< 0.02",
        unit="nats",
    )
    claim(
        "start_here.last-batch-of-one",
        "With a last batch of one example the error is above 0.1 nats on average.",
        error[999],
        "> 0.1",
        unit="nats",
    )
    recall("start_here.batch-means", 2)

# %% [markdown]
# So the honest verdict is: usually a small error, sometimes a large one, and always one
# that changes with the order of the data while the network stays the same. Weighting by
# batch size costs one multiplication.

# %% [markdown]
# ## The gap that this course is about
#
# Now the loop can be trusted. One more look at the eight networks with zeroed gradients,
# this time beside the images that they were not trained on.

# %% figure
ax = plots.band(epochs, losses(zeroed), label="training", color=plots.TRAIN)
plots.band(
    epochs, losses(zeroed, "val_loss"), label="validation", color=plots.VAL, ax=ax
)
ax.set(xlabel="epoch", ylabel="loss (nats)", title="Validation falls behind training")
plots.show(
    ax.figure,
    alt="Loss over 15 epochs, 8 seeds: training and validation fall together at first; "
    "then training goes on falling faster than validation.",
)

# %% results
gap = [
    100 * (training.evaluate(m, train).accuracy - training.evaluate(m, val).accuracy)
    for m, _ in zeroed
]
with results():
    claim(
        "start_here.gap",
        "Accuracy on training images is more than 3 points above that on new images.",
        gap,
        "> 3",
        unit="accuracy points",
    )

# %% [markdown]
# That gap is there with a correct loop, a small network and clean labels. Regularization
# is everything we do to make the *validation* side of it better. Sometimes it will, and
# sometimes it will not; this course measures both.
#
# ## See it happen
#
# Below, one small network is trained twice in front of you, from the same weights, on the
# same 60 points and in the same order. Every fifth point has the wrong label; those have a
# black rim. The small dots are validation points, which no training step ever sees. The
# network on the right has one thing that the left one has not: its weights are pulled
# towards zero a little at every step, which is called *weight decay* (notebook 03).
#
# Press **Play**, and let it run for about 1,000 steps. Look at three things in this order:
#
# 1. The colors: what does each network do about the points with a black rim?
# 2. The curves: on which side do the training loss (blue) and the validation loss (orange,
#    dashed) part? The orange dot is the moment at which validation was best.
# 3. The weights at the bottom: which network has the large ones?
#
# Then set the false labels to 0 and press **Start again**. Is the pull on the weights still
# worth having? You need no name for the other controls yet; each has its own notebook.

# %% demo
playground().show()

# %% [markdown]
# The left network bends its boundary around single points, because every false label that
# it learns lowers its training loss. Nothing in that loss says that a label is false; only
# the validation points can tell. This is *overfitting*, on two axes and in slow motion. It
# is one network on one set of points: press **Other points** a few times before you believe
# any difference that you see.

# %% [markdown]
# ## Where your results go
#
# **Claims.** Each sentence about a result has its measurement beside it, with an interval
# over seeds. On your machine a claim that does not hold prints a warning: trust the
# measurement, not the sentence. This is all that has been claimed so far.

# %%
ledger()

# %% [markdown]
# **Other seeds.** The eight seeds of a claim were chosen by the course, and some sentence
# may owe its measurement to them. Whether it holds on your machine, with your seeds, you
# can ask in every notebook: put these two lines into a new cell under the set-up cell,
# and run all cells.
#
# ```python
# from helpers import seeds
# seeds.shift(1000)
# ```
#
# Seed 0 is then 1000, seed 1 is 1001, and so on: for first weights, the order of the
# data, dropout masks, label noise, toy data, and the choice of the examples to train,
# validate and test on (`seeds.shift(1000, splits=False)` leaves that choice as it is). The
# checks of your answers stay the same. The text stays the same, too: a number that it
# names, or a picture that it describes, belongs to the course's own seeds, and yours may
# differ. What you should compare are the claims. If one comes out as "not decided", your
# measurement fits the sentence and its opposite alike. Shift by 2000 and by 3000 as well
# before you believe either.
#
# **Progress.** Each check that passes is noted in `.progress.json` beside the notebooks,
# on your computer only. It has nothing to do with grades, which come from your
# instructor's own run of the checks.

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
# **Certificate.** Once every exercise of every notebook is done, this writes a page to
# print, with your name on it. Until then it says what is open.

# %%
progress.certificate("Your name")

# %% [markdown]
# ## Quiz
#
# Every answer has an explanation, the right ones too: click through them all. The
# flashcards below are for a day or a week from now.

# %%
quiz("00_start_here")

# %%
flashcards("00_start_here")

# %% [markdown]
# **Speed challenge.** Ten questions against the clock, from this notebook, the next one,
# and those that you have begun. Your best time is kept.

# %%
challenge()

# %% [markdown]
# ## Pitfalls
#
# - `zero_grad()` between `backward()` and `step()`: the update is thrown away, and the
#   loss stays where it is.
# - `total += loss` without `.item()`: every batch's graph stays in memory for the epoch.
# - `model.training = False` in place of `model.eval()`: the layers inside never hear of it.
# - `model.train()` at the end of an evaluation, whatever the mode was before: fine in a
#   training loop, a trap for whoever evaluates a finished model.
# - Training loss from *during* an epoch (dropout on, weights moving) against validation
#   loss from *after* it: not the same kind of number.
#
# ## Summary
#
# 1. Zero, forward, backward, step; in train mode; gradients add up unless you clear them.
# 2. Evaluate in eval mode *and* without gradients: two switches, two jobs, then restore.
# 3. Average over examples, not over batches.
#
# ## References
#
# - Paszke et al. (2019), *PyTorch: An Imperative Style, High-Performance Deep Learning
#   Library*, <https://arxiv.org/abs/1912.01703>
# - PyTorch documentation, *Autograd mechanics*, on grad modes and evaluation mode,
#   <https://docs.pytorch.org/docs/stable/notes/autograd.html>
# - Xiao, Rasul and Vollgraf (2017), *Fashion-MNIST*, <https://arxiv.org/abs/1708.07747>
#
# **Next:** [01 · Bias and variance](../01_bias_variance/01_bias_variance.ipynb)
# takes the gap apart: what part of the error comes from a model too stiff, what part from one too nervous, and what a penalty trades between them.
