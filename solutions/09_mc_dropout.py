# %% [markdown]
# # 09 · How sure is a network, and should you believe it?
#
# A classifier always answers, and it always puts a number on its answer. Notebook 02
# switched dropout off for that. Here we leave it on, ask many thinned networks instead
# of one, and listen to how much they disagree. It helps, and it is oversold.
#
# After it you can
#
# 1. sample predictions with dropout on, without wrecking BatchNorm, and say how many
#    samples are enough for what;
# 2. tell two kinds of doubt apart, and know which one spots a strange image and which
#    one spots a likely mistake;
# 3. measure calibration, repair it with one number, and compare MC dropout with that and
#    with a small ensemble.
#
# **Before:** `02_dropout_from_scratch` (thinned networks, modes).
# **Time:** about 90 minutes of your own; the code runs for about a minute on a slow CPU.

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
from helpers.evidence import metrics
from helpers.evidence.claims import claim, results
from helpers.evidence.metrics import accuracy
from helpers.population import grid, mlp, train_population
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import fit, one_thread, own_randomness

plots.use_course_style()
check = load("09_mc_dropout")

# %%
CROWDS, SIZE = 8, 5  # independent ensembles, and networks in each
RATES = [0.1, 0.3, 0.5, 0.7]
DEVICE = device()
splits = data.fashion_mnist(1000, 1000, n_test=2000, size=14, flat=True, device=DEVICE)
train, val = splits.train, splits.val  # x (1000, 196)

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
# ## 1 · Never at a loss
#
# 1,000 small images of clothes, ten classes, 40 networks without any regularisation.
# Later they will serve as eight ensembles of five; now each stands for itself. Beside
# them four rates of dropout, eight seeds each, for later.

# %% experiment
settings = {"val": val, "steps": 1000, "batch_size": 50, "lr": 2e-3}
plain = train_population(
    lambda: mlp((196, 64, 64, 10)), train, seeds=range(CROWDS * SIZE), **settings
)
dropped = train_population(
    lambda: mlp((196, 64, 64, 10)),
    train,
    **grid(dropout=RATES, seeds=range(CROWDS)),
    **settings,
)
right = plain.val_accuracy[-1]
sure = plain.logits(val.x).softmax(-1).amax(-1).mean(1)
print(f"validation: {right.mean():.1%} right, mean confidence {sure.mean():.1%}")

# %% [markdown]
# An honest piece of work, for 1,000 images. The *confidence* is the largest probability
# of the softmax. On average it is higher than the accuracy, but who would mind?
#
# Now show the networks what is no clothing at all: the handwritten digits of
# scikit-learn, clothes turned by 90°, and noise, all in the same size and scaled by the
# same two numbers as the training images.

# %%
black, white = train.x.min(), train.x.max()  # what pixel values 0 and 1 became
pixels = torch.tensor(load_digits().images[:1000, None] / 16).float()  # 8 x 8
digits = F.interpolate(pixels, size=(14, 14), mode="bilinear").flatten(1)
noise = torch.rand(1000, 196, generator=torch.Generator().manual_seed(0))
strange = {
    name: black + (white - black) * x.to(DEVICE)
    for name, x in {"digits": digits, "noise": noise}.items()
}
strange["turned"] = val.x.view(-1, 14, 14).rot90(1, (1, 2)).flatten(1)


# %% predict
predict(
    "mc_dropout.digits",
    "Each network names the class of 1,000 digits. Its mean confidence will be about ...",
    ["10 %: it cannot know.", "50 %: it hesitates.", "over 75 %."],
)

# %% [markdown]
# The first eight digits, as the first network sees them.

# %% figure
probs = plain.logits(strange["digits"]).softmax(-1)  # (40, 1000, 10)
top = probs[0, :8].max(-1)
names = [data.CLASS_NAMES[k] for k in top.indices.tolist()]
titles = [f"{n}\n{c:.0%}" for n, c in zip(names, top.values.tolist(), strict=True)]
ax = plots.images(strange["digits"][:8], titles)
on_digits = probs.amax(-1).mean(1)  # one mean per network
ax.set_title(f"Digits are clothes, with {on_digits.mean():.0%} confidence\n\n", y=1.02)
plots.show(
    ax.figure,
    alt="Eight digits, each named as clothing with a high percentage.",
    after="mc_dropout.digits",
)

# %% results
with results():
    recall("mc_dropout.digits", 3)
    claim(
        "mc_dropout.digits-confident",
        "Asked about digits, the networks are more than 75 % confident on average.",
        on_digits,
        "> 0.75",
        unit="mean confidence",
    )

# %% [markdown]
# The softmax must divide 100 % among ten kinds of clothes. "None of these" is not on the
# list, and nothing in training ever asked for modesty.
#
# ## 2 · Leave the dropout on
#
# Gal and Ghahramani (2016) proposed a cheap way to doubt. Train with dropout; at test
# time keep it on and ask $S$ times. Each time another thinned network answers:
#
# $$p(k \mid \mathbf{x}) \approx \frac1S \sum_{s=1}^{S}
# \text{softmax}_k\, f_{\mathbf{m}_s}(\mathbf{x}),$$
#
# with fresh masks $\mathbf{m}_s$. Where the thinned networks agree, trust them; where
# they quarrel, do not. They call the masks samples from an approximate posterior over
# weights, hence *Monte Carlo dropout*.
#
# How do you leave it on? The naive way is `model.train()`, and in a test with a mixed
# batch it looks fine. Let us put a BatchNorm into the network, as most have. Eight seeds;
# each answers once with `model.train()` and once with only its dropout layers switched
# on. First with the whole validation set as one batch, then one class at a time, as when
# a shop sends all its sneakers. (The second prediction is for later.)

# %% predict
predict(
    "mc_dropout.train-mode",
    "Batches of one class, after model.train(): how many of the answers are right?",
    ["80 %, as before", "about 60 %", "under 30 %"],
)
predict(
    "mc_dropout.fifty",
    "50 samples: by how much is the estimate of their variance typically off?",
    ["2 %", "10 %", "20 % or more"],
)


# %%
def answers(model, x, samples=20):
    """Mean probabilities over samples, in whatever mode the model is."""
    with torch.no_grad(), one_thread():
        return torch.stack([model(x).softmax(-1) for _ in range(samples)]).mean(0)


def by_class(model):
    """Accuracy with one batch per class."""
    groups = [val.y == k for k in range(10)]
    return sum(accuracy(answers(model, val.x[g]), val.y[g]) for g in groups) / 10


# %% experiment
rows = []
for seed in range(8):
    with own_randomness(seed):
        norm, drop = nn.BatchNorm1d(64), nn.Dropout(0.3)
        net = nn.Sequential(
            nn.Linear(196, 64), norm, nn.ReLU(), drop, nn.Linear(64, 10)
        )
    fit(net, train, epochs=10, batch_size=50, seed=seed, progress=False)
    torch.manual_seed(seed)
    before = accuracy(net(val.x), val.y)
    drop.train()  # dropout only
    careful = accuracy(answers(net, val.x), val.y), by_class(net)
    naive = accuracy(answers(copy.deepcopy(net).train(), val.x), val.y)
    rows.append([before, *careful, naive, by_class(net.train()), 0])
    rows[-1][-1] = accuracy(net.eval()(val.x), val.y)  # what is left in eval mode
before, mixed, sorted_, mixed_train, sorted_train, after = torch.tensor(rows).T

# %% [markdown]
# `rows` holds six accuracies per seed: in eval mode before all this; dropout only, mixed
# and sorted by class; `model.train()`, mixed and sorted; and in eval mode *afterwards*.

# %% figure
ax = plots.points(
    {
        "dropout on, mixed": 100 * mixed,
        "train(), mixed": 100 * mixed_train,
        "dropout on, by class": 100 * sorted_,
        "train(), by class": 100 * sorted_train,
        "eval() afterwards": 100 * after,
    }
)
ax.set(ylabel="validation accuracy (%)", ylim=(0, 100), xlabel="mode, and batches")
ax.set_title("train() looks fine until the batch is special")
plots.show(
    ax.figure,
    alt="Accuracy, one dot per seed: four groups high; train() by "
    "class very low; eval() afterwards lower than before.",
    after=["mc_dropout.train-mode", "mc_dropout.fifty"],
)
try:
    net.train()(val.x[:1])
    refused = 0.0
except ValueError as error:
    refused = 1.0
    print("a batch of one:", error)

# %% results
points = {"unit": "accuracy"}
with results():
    claim(
        "mc_dropout.train-mixed",
        "On a large mixed batch model.train() does no visible harm.",
        mixed_train - mixed,
        "within 0.02",
        **points,
    )
    claim(
        "mc_dropout.train-by-class",
        "On batches of one class model.train() costs more than half of all answers.",
        sorted_train - sorted_,
        "< -0.5",
        **points,
    )
    recall("mc_dropout.train-mode", 3)
    claim(
        "mc_dropout.train-drifts",
        "Afterwards the network is worse in eval mode, too.",
        after - before,
        "< -0.04",
        **points,
    )
    sentence = "A batch of one raises an error."
    claim("mc_dropout.train-one", sentence, refused, "between 1 1")

# %% [markdown]
# In train mode BatchNorm normalises with the statistics of the batch: among sneakers
# only, what makes a sneaker is average, and is subtracted. It also moves its running
# statistics, so merely *asking* changed the network for good. And a batch of one has no
# spread to divide by.
#
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
# ## 3 · Ask many times
#
# In 2.6 you returned the *mean* of thinned networks. For doubt we need them all: the
# mean does not say whether everybody hesitates or whether two camps are certain of
# different things.
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
# The example worked by hand: four rows, each (0.9, 0.1) or (0.5, 0.5). The target is one
# way in which the coins may fall.


# %% look
def four_samples():
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(1, 2)).eval()
    model[1].weight.data = torch.tensor([[math.log(9) / 2], [0.0]])
    model[1].bias.data = torch.zeros(2)
    return mc_predict(model, torch.ones(1, 1), 4)


some = torch.tensor([[[0.9, 0.1]], [[0.5, 0.5]], [[0.5, 0.5]], [[0.9, 0.1]]])
look(four_samples, some)

# %% test="mc_predict" points=3
check.mc_predict(mc_predict)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("09_mc_dropout").mc_predict(mc_predict, seed=20_161)
### END HIDDEN TESTS

# %% [markdown]
# Is 50 enough? You find that number, and 20, 30 and 100, in papers without a reason.
# It depends on what for. Each of the eight networks with dropout 0.5 answers 100
# validation images 1,000 times. Cut into groups of $S$, these answers say how much an
# estimate from $S$ samples wobbles around the one from all.
#
# `sampled` is a version for the course's `mlp`. It saves time: whatever stands before the
# first dropout layer needs to run only once.


# %%
def sampled(model, x, samples):
    """Probabilities of thinned networks of an `mlp`, (samples, N, 10)."""
    torch.manual_seed(0)  # the masks do not depend on what you ran before
    with torch.no_grad(), one_thread():
        hidden, rest = model[:3](x), model[3:].train()  # no BatchNorm in there
        return torch.stack([rest(hidden).softmax(-1) for _ in range(samples)])


def thinned(rate, x, samples=20):
    """The same for all eight networks of this rate, (samples, 8, N, 10)."""
    nets = [dropped.member(k) for k in dropped.where(dropout=rate).tolist()]
    return torch.stack([sampled(net, x, samples) for net in nets], 1)


# %% experiment
many = thinned(0.5, val.x[:100], 1000)  # (1000, 8, 100, 10)
COUNTS = [2, 5, 10, 20, 50, 100]
spread, best = many.var(0).sum(-1), many.mean(0)  # all 1,000: (8, 100), (8, 100, 10)
off, correct = [], []
for count in COUNTS:
    groups = many.view(-1, count, *many.shape[1:])  # (groups, S, 8, 100, 10)
    variance = groups.var(1).sum(-1)  # (groups, 8, 100)
    error = (variance - spread).square().mean(0).sqrt() / spread  # relative
    off.append(error.median(1).values)  # of the median image, per network
    correct.append((groups.mean(1).argmax(-1) == val.y[:100]).float().mean((0, 2)))
off, correct = torch.stack(off, 1).cpu(), torch.stack(correct, 1).cpu()  # (8, counts)

# %% [markdown]
# `off` holds how far a variance from $S$ samples is off, relative to the one from all
# 1,000 (the median image of each network); `correct` the accuracy of a mean of $S$.

# %% figure
fig, (left, right) = plots.figure(2)
plots.band(COUNTS, 100 * off, label="measured", ax=left)
normal = [100 * math.sqrt(2 / (count - 1)) for count in COUNTS]
left.plot(COUNTS, normal, color="#1a1a1a", lw=1, ls=":", label="for normal numbers")
left.set(yscale="log", ylabel="error of the variance (%, log scale)")
left.set_yticks([20, 50, 100, 200], [20, 50, 100, 200])
left.set_title(f"50 samples: the variance is off by {off[:, 4].mean():.0%}")
plots.band(COUNTS, 100 * correct, label="mean of S samples", ax=right)
right.set(ylabel="validation accuracy (%)", ylim=(70, 90))
right.set_title("The mean has long settled")
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
final = (best.argmax(-1) == val.y[:100]).float().mean(1).cpu()
sentence = "The mean of 20 samples is right as often as that of 1,000, within 2 points."
with results():
    claim(
        "mc_dropout.fifty-mean",
        sentence,
        correct[:, 3] - final,
        "within 0.02",
        **points,
    )
    claim(
        "mc_dropout.fifty-variance",
        "With 50 samples the variance of a typical image is off by more than a fifth.",
        off[:, 4],
        "> 0.2",
        unit="relative error",
    )
    recall("mc_dropout.fifty", 3)
    sentence = "With 100 it is still between a half and four fifths of that."
    claim("mc_dropout.root-two", sentence, off[:, 5] / off[:, 4], "between 0.5 0.8")

# %% [markdown]
# For the answer itself twenty samples do. A *variance* needs far more: the
# textbook error $\sqrt{2/(S-1)}$ is a fifth at 50 already, and probabilities are not
# normal: often near 0, sometimes large. That error falls with the root of $S$, so ten
# times the precision costs a hundred times the samples: 50 are not enough to quote a
# variance.
#
# ## 4 · Two kinds of doubt
#
# Let $H$ be the entropy $-\sum_k p_k \ln p_k$, in nats. Two pictures give the same mean
# (½, ½): one, where every thinned network says (½, ½), and one, where half of them are
# certain of the first class and half of the second. The first image is *ambiguous*; of
# the second the networks *know too little*. Predictive entropy is
# $H\big(\tfrac1S \sum_s \mathbf{p}_s\big)$ and cannot tell. The part that comes from
# disagreement is the mutual information,
#
# $$I = H\Big(\frac1S \sum_s \mathbf{p}_s\Big) - \frac1S \sum_s H(\mathbf{p}_s).$$
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
# ## 5 · A gap in the data
#
# The classic picture: a noisy sine with a hole in the middle. A model that knows what it
# does not know has a narrow band where there are points and a wide one in the hole. The
# rival of MC dropout is the plain idea: train five networks from different first weights,
# and let them disagree (a *deep ensemble*, Lakshminarayanan and others 2017).
#
# Eight ensembles of five without dropout, eight networks with dropout 0.1.

# %%
x, y = data.noisy_sine(60, noise=0.1, seed=0)
kept = (x[:, 0] - 0.5).abs() > 0.15  # nothing between 0.35 and 0.65
x, y = x[kept].to(DEVICE), y[kept].to(DEVICE)


# %% predict
predict(
    "mc_dropout.gap",
    "How much wider is the band of MC dropout in the hole than where there are data?",
    ["5 times or more", "up to 2 times", "not wider at all"],
)

# %% experiment
line = torch.linspace(-0.3, 1.3, 161, device=DEVICE)[:, None]
curve = {
    "steps": 1000,
    "batch_size": len(x),
    "lr": 5e-3,
    "loss_fn": lambda out, y: F.mse_loss(out.squeeze(-1), y),
}
pairs = 4 * (x - 0.5), y  # inputs in [-2, 2]
five = train_population(lambda: mlp((1, 64, 64, 1)), pairs, seeds=range(40), **curve)
noisy = train_population(
    lambda: mlp((1, 64, 64, 1)), pairs, seeds=range(8), dropout=0.1, **curve
)
ensemble = five.logits(4 * (line - 0.5)).view(SIZE, CROWDS, -1)  # (5, 8, 161)
torch.manual_seed(0)
with torch.no_grad(), one_thread():
    nets = [noisy.member(k).train() for k in range(8)]  # no BatchNorm in there
    mc = [torch.stack([net(4 * (line - 0.5)) for net in nets]) for _ in range(200)]
mc = torch.stack(mc).squeeze(-1)  # (200, 8, 161)

# %% [markdown]
# Shown is the first seed of each; the claims below speak about all eight.

# %%
at = line[:, 0].cpu()
hole, covered = (at - 0.5).abs() < 0.1, ((at - 0.5).abs() - 0.34).abs() < 0.16
sds = {"ensemble": ensemble.std(0).cpu(), "MC dropout": mc.std(0).cpu()}  # (8, 161)
wider = {k: sd[:, hole].mean(1) / sd[:, covered].mean(1) for k, sd in sds.items()}
titles = [
    f"{name}: {w.mean():.1f} times wider in the hole" for name, w in wider.items()
]
fig = demos_calibration.doubt_bands(
    at,
    {"ensemble": ensemble[:, 0], "MC dropout": mc[:, 0]},
    (x[:, 0], y),
    truth=torch.sin(2 * math.pi * at),
    titles=titles,
)
plots.show(
    fig,
    alt="Left, ensemble: the band is narrow on the points, wide in the hole "
    "and beyond. Right, MC dropout: the band is about as wide everywhere.",
    after="mc_dropout.gap",
)

# %% results
with results():
    claim(
        "mc_dropout.gap-ensemble",
        "The ensembles' band is over twice as wide in the hole as on the data.",
        wider["ensemble"],
        "> 2",
        unit="times",
    )
    claim(
        "mc_dropout.gap-mc",
        "The band of MC dropout hardly notices the hole: at most twice as wide.",
        wider["MC dropout"],
        "between 1 2",
        unit="times",
    )
    recall("mc_dropout.gap", 2)
    claim(
        "mc_dropout.gap-outside",
        "Far outside, at x = 1.3, MC dropout is surer than the ensemble.",
        sds["MC dropout"][:, -1] - sds["ensemble"][:, -1],
        "< -0.05",
        unit="standard deviation",
    )

# %% [markdown]
# The masks of MC dropout shake the function by about the same amount everywhere, and
# they go on doing so however many data you add: the width is set by the rate, which you
# chose (Osband 2016). For one hidden layer Foong and others (2020) prove that such a band
# cannot be wider in a hole than at both of its edges. The ensemble knows the hole. But
# look at it where there are data: five similar curves, a band that leaves points out.
#
# ## 6 · Far from everything
#
# Take noise, and turn up the contrast. A ReLU network is linear far out: twice the input,
# about twice the logits, and the softmax goes to certainty (Hein and others 2019). What do the
# crowds do?

# %% figure
contrast = [1, 3, 10, 30, 100]
direction = torch.randn(200, 196, generator=torch.Generator().manual_seed(1)).to(DEVICE)
far = {"one network": [], "MC dropout 0.5": [], "ensemble of 5": []}
for c in contrast:
    crowd = plain.logits(c * direction).softmax(-1).view(SIZE, CROWDS, 200, 10)
    far["one network"].append(crowd[0].amax(-1).mean(1))
    far["MC dropout 0.5"].append(thinned(0.5, c * direction).mean(0).amax(-1).mean(1))
    far["ensemble of 5"].append(crowd.mean(0).amax(-1).mean(1))
far = {name: torch.stack(values, 1).cpu() for name, values in far.items()}  # (8, 5)
_, ax = plots.figure()
for (name, values), color in zip(far.items(), plots.PALETTE, strict=False):
    plots.band(contrast, 100 * values, label=name, color=color, ax=ax)
ax.set(xscale="log", xlabel="standard deviation of the noise (log scale)")
ax.set_ylabel("mean confidence (%)")
ax.set_title("Far out one network is certain, a crowd is not")
plots.show(
    ax.figure,
    alt="Confidence over contrast: one network rises to 100 %, MC "
    "dropout and the ensemble level off far below.",
)

# %% results
unit = {"unit": "mean confidence"}
with results():
    claim(
        "mc_dropout.far-one",
        "At contrast 100 a single network is practically certain about noise.",
        far["one network"][:, -1],
        "> 0.95",
        **unit,
    )
    sentence = "MC dropout stays below 75 %."
    claim("mc_dropout.far-mc", sentence, far["MC dropout 0.5"][:, -1], "< 0.75", **unit)
    sentence = "So does the ensemble, below 80 %."
    claim(
        "mc_dropout.far-crowd", sentence, far["ensemble of 5"][:, -1], "< 0.8", **unit
    )

# %% [markdown]
# Every member is certain, but of different things. That bounds the crowd's confidence,
# and no more: 60 % for pure noise is not "I do not know" either.
#
# ## 7 · Spot the stranger
#
# Now the digits, the turned clothes and the noise from section 1. A score for doubt is
# good if strangers score higher than clothes. The *AUROC* is the probability that a
# random stranger scores higher than a random piece of clothing: 0.5 is a coin, 1 perfect.
# The sealed test images are opened here, once, for this and all that follows; nothing is
# chosen after it.

# %% predict
predict(
    "mc_dropout.auroc",
    "Which score tells digits from clothes best?",
    [
        "confidence of one network",
        "entropy of the ensemble",
        "mutual information of MC",
    ],
)
predict(
    "mc_dropout.refuse",
    "And which is best at predicting which clothes will be classified wrongly?",
    ["the mutual information again", "plain confidence", "no difference"],
)


# %%
test = splits.test.open("strangers, refusals and calibration of all methods")
sets = {"clothes": test.x, **strange}

# %% experiment
crowds = {
    k: plain.logits(v).softmax(-1).view(SIZE, CROWDS, -1, 10) for k, v in sets.items()
}
masks = {k: thinned(0.5, v) for k, v in sets.items()}  # (20, 8, N, 10)


def entropy(probs):
    return torch.special.entr(probs).sum(-1)


ONE, MC, MI = "one, confidence", "MC, entropy", "MC, mutual inf."
FIVE = "ensemble, entropy"


def doubts(crowd, mask):
    """Name of the score -> (8, N), larger means less sure."""
    return {
        ONE: 1 - crowd[0].amax(-1),
        "one, entropy": entropy(crowd[0]),
        MC: entropy(mask.mean(0)),
        MI: entropy(mask.mean(0)) - entropy(mask).mean(0),
        FIVE: entropy(crowd.mean(0)),
        "ensemble, mut. inf.": entropy(crowd.mean(0)) - entropy(crowd).mean(0),
    }


# %% [markdown]
# Eight independent networks or ensembles give eight AUROCs for each score and each kind
# of stranger; the table shows their means.

# %% figure
scores = {name: doubts(crowds[name], masks[name]) for name in sets}
auroc = {}  # (score, kind of stranger) -> (8,)
for kind in strange:
    for name, home in scores["clothes"].items():
        truth = [0] * home.shape[1] + [1] * scores[kind][name].shape[1]
        both = torch.cat([home, scores[kind][name]], 1).cpu()  # (8, 3000)
        values = [roc_auc_score(truth, row) for row in both]
        auroc[name, kind] = torch.tensor(values)
table = [[auroc[name, k].mean() for k in strange] for name in scores["clothes"]]
fig, (left, right) = plots.figure(2)
plots.heatmap(table, x=[*strange], y=[*scores["clothes"]], label="AUROC", ax=left)
left.set(title="No score is best for every stranger", xlabel="kind of stranger")
plots.points({name: auroc[name, "digits"] for name in (ONE, MC, MI, FIVE)}, ax=right)
right.set(title="Digits: the masks disagree", ylabel="AUROC", xlabel="score")
plots.show(
    fig,
    alt="Left: table of AUROCs, six scores by three kinds of strangers. Right: AUROC for "
    "digits, one dot per network or ensemble, highest for mutual information.",
    after=["mc_dropout.auroc", "mc_dropout.refuse"],
)

# %% results
unit = {"unit": "AUROC"}
with results():
    claim(
        "mc_dropout.auroc-digits",
        "Mutual information of MC dropout spots digits better than plain confidence.",
        auroc[MI, "digits"] - auroc[ONE, "digits"],
        "> 0.05",
        **unit,
    )
    claim(
        "mc_dropout.auroc-ensemble",
        "For digits it also beats the ensemble's entropy.",
        auroc[MI, "digits"] - auroc[FIVE, "digits"],
        "> 0",
        **unit,
    )
    recall("mc_dropout.auroc", 3)
    claim(
        "mc_dropout.auroc-five",
        "The disagreement of five networks spots digits better than plain confidence, too.",
        auroc["ensemble, mut. inf.", "digits"] - auroc[ONE, "digits"],
        "> 0.02",
        **unit,
    )
    claim(
        "mc_dropout.auroc-winner",
        "For noise, the ensemble's entropy is ahead of MC dropout's mutual information.",
        auroc[FIVE, "noise"] - auroc[MI, "noise"],
        "> 0",
        **unit,
    )
    claim(
        "mc_dropout.auroc-noise",
        "For noise, the entropy of MC dropout is worse than plain confidence.",
        auroc[MC, "noise"] - auroc[ONE, "noise"],
        "< 0",
        **unit,
    )

# %% [markdown]
# On digits disagreement is a better detector than confidence, whether the crowd comes from
# masks or from five trainings. But on noise another score is ahead, and the *entropy* of
# MC dropout loses to the plainest score of all. On digits even the best column entry is
# far from 1. Before you trust an out-of-distribution detector, ask: tested on which
# strangers?
#
# ## 8 · The right to remain silent
#
# Another use of doubt: refuse the doubtful clothes and answer the rest. *Coverage* is the
# share answered, *risk* the share of errors among those. A useful doubt makes risk fall
# as coverage falls.

# %% figure
coverage = torch.linspace(0.3, 1.0, 29).tolist()
home = scores["clothes"]
answered = {
    ONE: crowds["clothes"][0],
    MC: masks["clothes"].mean(0),
    MI: masks["clothes"].mean(0),
    FIVE: crowds["clothes"].mean(0),
}  # score -> the probabilities whose answers it judges (8, 2000, 10)
risk = {
    name: demos_calibration.risk_at(home[name], p.argmax(-1) != test.y, coverage).cpu()
    for name, p in answered.items()
}
_, ax = plots.figure()
for (name, values), color in zip(risk.items(), plots.PALETTE, strict=False):
    plots.band(
        [100 * c for c in coverage], 100 * values, label=name, color=color, ax=ax
    )
ax.set(xlabel="coverage (% answered)", ylabel="risk (% wrong among those)")
ax.set_title("Refusing by mutual information keeps too many errors")
plots.show(
    ax.figure,
    alt="Risk over coverage: three curves fall together, that of the "
    "mutual information stays above them.",
    after="mc_dropout.refuse",
)

# %% results
unit = {"unit": "share of errors"}
whole, eighty = coverage.index(1.0), 20  # coverage[20] is 0.8
with results():
    claim(
        "mc_dropout.refuse-helps",
        "Refusing the least confident fifth lowers the error of one network by over 5 points.",
        risk[ONE][:, eighty] - risk[ONE][:, whole],
        "< -0.05",
        **unit,
    )
    claim(
        "mc_dropout.refuse-mi",
        "Refusing by mutual information leaves more errors than refusing by confidence.",
        risk[MI].mean(1) - risk[ONE].mean(1),
        "> 0.015",
        **unit,
    )
    claim(
        "mc_dropout.refuse-mc",
        "The entropy of MC dropout refuses about as well as plain confidence.",
        risk[MC].mean(1) - risk[ONE].mean(1),
        "within 0.02",
        **unit,
    )
    recall("mc_dropout.refuse", 2)

# %% [markdown]
# The best spotter of digits is a poor judge of its own mistakes. Why? Look at what the
# doubt consists of: which part of the entropy is disagreement, for the clothes that MC
# dropout gets wrong and for digits? And what are those wrong clothes?

# %%
answer = masks["clothes"].mean(0).argmax(-1)  # (8, 2000)
wrong = answer != test.y
tops = torch.tensor([0, 2, 4, 6], device=DEVICE)  # T-shirt, pullover, coat, shirt
both = wrong & torch.isin(answer, tops) & torch.isin(test.y, tops)
mixed_up = (both.sum(1) / wrong.sum(1)).cpu()
part = (home[MI] * wrong).sum(1) / (home[MC] * wrong).sum(1)
part_digits = scores["digits"][MI].sum(1) / scores["digits"][MC].sum(1)
print(f"disagreement: {part.mean():.0%} of the doubt about wrong clothes,", end=" ")
print(f"{part_digits.mean():.0%} of that about digits")


# %% results
with results():
    claim(
        "mc_dropout.doubt-about-errors",
        "Less of the doubt about wrong clothes is disagreement than of that about digits.",
        part.cpu() - part_digits.cpu(),
        "< -0.02",
        unit="share of the entropy",
    )
    claim(
        "mc_dropout.tops",
        "Over half of the errors take T-shirts, pullovers, coats and shirts for each other.",
        mixed_up,
        "> 0.5",
        unit="share of the errors",
    )

# %% [markdown]
# Shirts and pullovers look alike at 14 × 14. On such an image the thinned networks hesitate
# together, more than they quarrel: that doubt is in the entropy and in the confidence.
#
# ## 9 · When it says 80 %, is it right 80 % of the time?
#
# That is *calibration*. Sort the predictions by confidence into bins $B_b$ and compare, in
# each, mean confidence with accuracy. The expected calibration error is
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
# A *reliability diagram* draws what ECE adds up. In each bin of confidences a blue bar
# reaches up to the share of answers that are right, and an orange line marks the mean
# confidence: how often the network *says* that it is right. A line above its bar means too
# sure, a line inside it too modest. Try the methods (first seed, the first 600 test images);
# bins with few images, see the histogram, mean little. Then find, for one network, the
# temperature that closes the gaps: the logits are divided by it. The likelihood loss below
# the pictures is lowest near the same place, although it knows nothing of bins.

# %% demo
shown = {
    "one network": crowds["clothes"][0, 0],
    "MC dropout 0.5": masks["clothes"][:, 0].mean(0),
    "ensemble of 5": crowds["clothes"][:, 0].mean(0),
}
demos_calibration.scene(shown, test.y).show()

# %% [markdown]
# One number mends most of it. Guo and others (2017) found that modern networks are too
# sure, and that dividing all logits by one *temperature* $T$, fitted on validation data,
# is hard to beat. It changes no answer: the largest logit stays the largest. That is why
# accuracy cannot find it, and the negative log-likelihood can:
#
# $$T^\star = \arg\min_{T} \; -\frac1N \sum_i \ln \text{softmax}_{y_i}(\mathbf{z}_i / T).$$
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
# Try 41 values on a grid from low to high, keep the neighbours of the best as the new low
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
# ## 10 · All of them side by side
#
# "MC dropout gives calibrated uncertainty," one reads. Test images, eight seeds: one
# network; the same with a temperature fitted on its validation logits; MC dropout at four
# rates, 20 samples; the ensembles.

# %% predict
predict(
    "mc_dropout.calibrated",
    "MC dropout against the same images: too sure, too modest, or calibrated?",
    ["calibrated at any rate", "too sure at any rate", "it depends on the rate"],
)


# %%
def best_temperature(logits, labels):
    temperatures = torch.logspace(-1, 1, 401, device=logits.device)
    losses = [F.cross_entropy(logits / t, labels) for t in temperatures]
    return temperatures[torch.stack(losses).argmin()]


# %% experiment
single = plain.logits(test.x)[:CROWDS]  # (8, 2000, 10)
fitted = torch.stack([best_temperature(z, val.y) for z in plain.logits(val.x)[:CROWDS]])
methods = {
    "one network": single.softmax(-1),
    "with temperature": (single / fitted[:, None, None]).softmax(-1),
    "ensemble of 5": crowds["clothes"].mean(0),
}
for rate in RATES:
    probs = masks["clothes"] if rate == 0.5 else thinned(rate, test.x)
    methods[f"MC {rate}"] = probs.mean(0)
print("temperatures", [round(t, 2) for t in fitted.tolist()])

# %% [markdown]
# First the reliability diagrams, all eight seeds pooled, with the mean ECE in the title.

# %% figure
four_ways = ["one network", "with temperature", "MC 0.5", "ensemble of 5"]
shown = {name: methods[name] for name in four_ways}
fig = demos_calibration.reliability_row(shown, test.y)
plots.show(
    fig,
    alt="Four reliability diagrams: one network lies far below the diagonal, "
    "the ensemble below it, temperature and MC 0.5 near it.",
    after="mc_dropout.calibrated",
)

# %% [markdown]
# Then the numbers: left the ECE; right, for MC dropout, mean confidence minus accuracy.


# %%
def per_seed(score, probs):
    return torch.tensor([score(p, test.y) for p in probs])


hits = {name: per_seed(accuracy, p) for name, p in methods.items()}
ece = {
    name: per_seed(metrics.expected_calibration_error, p) for name, p in methods.items()
}
gap = {name: p.amax(-1).mean(1).cpu() - hits[name] for name, p in methods.items()}
fig, (left, right) = plots.figure(2)
plots.points({name: 100 * ece[name] for name in four_ways}, ax=left)
plots.points({f"p = {rate}": 100 * gap[f"MC {rate}"] for rate in RATES}, ax=right)
right.axhline(0, color="#1a1a1a", linewidth=0.8)
left.set(ylabel="expected calibration error (%)", ylim=(0, None), xlabel="method")
left.set_title("One number on one network is enough")
right.set(ylabel="confidence − accuracy (%)", xlabel="rate of MC dropout")
right.set_title("MC dropout: from too sure to too modest")
plots.show(
    fig,
    alt="Left: ECE, highest for one network, lowest with temperature. Right: "
    "the gap falls from above 0 to below 0 as the rate grows.",
    after="mc_dropout.calibrated",
)

# %% [markdown]
# The claims, all on the sealed test images.

# %% results
unit = {"unit": "calibration error"}
with results():
    claim(
        "mc_dropout.one-overconfident",
        "One plain network has an ECE of more than 10 %.",
        ece["one network"],
        "> 0.1",
        **unit,
    )
    claim(
        "mc_dropout.temperature-mends",
        "One temperature takes more than 8 points off it.",
        ece["with temperature"] - ece["one network"],
        "< -0.08",
        **unit,
    )
    claim(
        "mc_dropout.mc-no-better",
        "MC dropout at rate 0.5 is not ahead of the temperature.",
        ece["with temperature"] - ece["MC 0.5"],
        "< 0.01",
        **unit,
    )
    claim(
        "mc_dropout.ensemble-calibration",
        "The ensemble is better calibrated than one network.",
        ece["ensemble of 5"] - ece["one network"],
        "< -0.02",
        **unit,
    )
    claim(
        "mc_dropout.ensemble-still-sure",
        "But it is still too sure.",
        gap["ensemble of 5"],
        "> 0.05",
        unit="confidence minus accuracy",
    )
    claim(
        "mc_dropout.too-sure-at-low-rate",
        "At rate 0.1 MC dropout is too sure.",
        gap["MC 0.1"],
        "> 0.05",
        unit="confidence minus accuracy",
    )
    claim(
        "mc_dropout.too-modest-at-high-rate",
        "At rate 0.7 it is too modest.",
        gap["MC 0.7"],
        "< -0.05",
        unit="confidence minus accuracy",
    )
    recall("mc_dropout.calibrated", 3)
    members = torch.stack([per_seed(accuracy, p) for p in crowds["clothes"]])  # (5, 8)
    claim(
        "mc_dropout.ensemble-accuracy",
        "The ensemble is right more often than its members.",
        hits["ensemble of 5"] - members.mean(0),
        "> 0",
        unit="accuracy",
    )

# %% [markdown]
# Somewhere between 0.1 and 0.7 the gap of MC dropout passes through zero, as a stopped
# clock is right twice a day. Nothing in the method says where: you would have to choose the
# rate on validation data, and then one temperature is cheaper: no samples, no new
# training, the same answers (Laves and others 2019 put a temperature on top of MC dropout). The
# ensemble is too sure as well, but its answers are better: five trainings bought that.
#
# | | trainings | passes per answer | what it gave here |
# |---|---|---|---|
# | one network, softmax | 1 | 1 | too sure, and certain far from the data |
# | temperature | 1 | 1 | calibration as good as any here; the same answers |
# | MC dropout | 1 | 20 | spots digits by disagreement; calibration by luck |
# | ensemble of 5 | 5 | 5 | better answers, sees the hole; still too sure |
#
# All of this on 14 × 14 images with small networks and few labels. The order of the
# methods may change with yours; the questions do not.
#
# A quiz to close.

# %%
quiz("09_mc_dropout")
flashcards("09_mc_dropout")

# %% [markdown]
# ## Pitfalls
#
# - **`model.train()` to keep dropout on** takes BatchNorm along. Switch dropout layers
#   only.
# - **`F.dropout(x, p)` in a forward** has no mode to switch: use modules if you want to
#   sample.
# - **Forgetting to switch it off again**: later evaluations become random. Restore each
#   module's own mode.
# - **Averaging logits** hides disagreement between certain networks. Average
#   probabilities.
# - **Quoting a variance from 20 samples.** Its own error is huge.
# - **Fitting the temperature on training data**: the network is right there, and T comes
#   out too small. Fit it on validation data, report on test data.
# - **ECE alone**: whoever always answers with the class shares is perfectly calibrated and
#   useless. Report accuracy and NLL beside it, and the number of bins.
# - **One kind of stranger**: a score that finds noise may miss digits.
#
# ## In three lines
#
# 1. Keep dropout on, and only dropout; twenty samples for an answer, hundreds for a
#    variance.
# 2. Disagreement found digits, entropy found likely mistakes; neither is the other.
# 3. MC dropout is not calibrated by itself; a temperature is cheap, an ensemble is better.
#
# ## References
#
# - Gal and Ghahramani 2016, *Dropout as a Bayesian approximation*,
#   <https://arxiv.org/abs/1506.02142>
# - Osband 2016, *Risk versus uncertainty in deep learning: Bayes, bootstrap and the dangers
#   of dropout*, NIPS workshop on Bayesian deep learning,
#   <http://bayesiandeeplearning.org/2016/>
# - Lakshminarayanan, Pritzel and Blundell 2017, *Simple and scalable predictive uncertainty
#   estimation using deep ensembles*, <https://arxiv.org/abs/1612.01474>
# - Guo, Pleiss, Sun and Weinberger 2017, *On calibration of modern neural networks*,
#   <https://arxiv.org/abs/1706.04599>
# - Hein, Andriushchenko and Bitterwolf 2019, *Why ReLU networks yield high-confidence
#   predictions far away from the training data*, <https://arxiv.org/abs/1812.05720>
# - Laves, Ihler, Kortmann and Ortmaier 2019, *Well-calibrated model uncertainty with
#   temperature scaling for dropout variational inference*,
#   <https://arxiv.org/abs/1909.13550>
# - Foong, Burt, Li and Turner 2020, *On the expressiveness of approximate inference in
#   Bayesian neural networks*, <https://arxiv.org/abs/1909.00719>
#
# **Next:** this is the last notebook. [00 · Start here](../00_start_here/00_start_here.ipynb) shows
# what you have done and what is still open.
