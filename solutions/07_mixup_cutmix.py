# %% [markdown]
# # 07 · Can false pictures teach true things?
#
# Half a shoe on half a bag is not in any shop. Networks that train on such pictures
# are used all the same, because they are said to be more accurate and less sure of
# themselves. Here you write three ways of making false pictures and soft labels, and
# measure what they do to the same real images.
#
# When you are done you can
#
# 1. write label smoothing, mixup and CutMix so that they agree with PyTorch and
#    torchvision, label weights included,
# 2. compare them with flips, crops and Cutout in accuracy, likelihood *and*
#    calibration, with true and with false labels,
# 3. name settings in which such methods hurt: short schedules, small networks, labels
#    that the augmentation destroys.
#
# **You need:** notebooks 00 to 02; 05 helps.
# **Time:** about 100 minutes; the computing takes under a minute on a slow CPU.

# %% setup
import math

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from helpers import data
from helpers.checks import load, look
from helpers.demos import mixup_cutmix as demos_mixing
from helpers.device import device
from helpers.evidence.claims import claim, results
from helpers.evidence.metrics import (
    accuracy,
    expected_calibration_error,
    negative_log_likelihood,
)
from helpers.population import Stack, mlp
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import fit, one_thread, own_randomness
from helpers.training.runtime import bar_hidden

plots.use_course_style()
check = load("07_mixup_cutmix")

# %%
SEEDS = range(6)
DEVICE = device()
splits = data.fashion_mnist(1000, 1000, n_test=4000, size=14, device=DEVICE)
train, val = splits.train, splits.val  # images (n, 1, 14, 14), ten classes
noisy, flipped = data.corrupt_labels(train.y, 10, 0.3, torch.Generator().manual_seed(0))
print(f"{len(train.y)} training images; {int(flipped.sum())} false labels in `noisy`")

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("07_mixup_cutmix")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## A network that has no doubts
#
# First the naive way: 1,000 small images of clothes (14 × 14 pixels, all labels true),
# a small convolutional network, hard labels, forty epochs.


# %% experiment
def network():
    """One convolution, two linear layers: about 20,000 parameters."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 4, stride=2), nn.ReLU(), nn.Flatten()),  # (n, 288)
        *(nn.Linear(288, 64), nn.ReLU(), nn.Linear(64, 10)),
    )


def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=3e-3, weight_decay=0.0, fused=True)


torch.manual_seed(0)
settings = {"epochs": 40, "batch_size": 50, "optimizer": adamw}
plain = network()
history = fit(plain, train, val=val, **settings)
confidence, guess = plain(val.x).softmax(-1).max(-1)
surplus = (confidence.mean() - (guess == val.y).float().mean()).item()
ax = plots.curves(history, metric="accuracy")
ax.set_title(
    f"Validation: right {history.val_accuracy[-1]:.0%}, sure {confidence.mean():.0%}"
)
plots.show(
    ax.figure, alt="Training accuracy climbs to the top; validation stays below."
)


# %% results
sentence = "On fresh images the network is more confident than it is right."
with results():
    claim("mixing.naive", sentence, 100 * surplus, "> 5", unit="points")

# %% [markdown]
# It knows its training images by heart, which looks good. On fresh images it is wrong
# about one time in five, and its *confidence*, the largest probability that it gives,
# does not show it. A network that says 90 % should be right nine times in ten.
#
# One reason stands in the loss. A hard label asks for probability 1, and softmax reaches
# 1 only at infinitely large logits. However right the network is, cross-entropy asks for
# more.
#
# ## Softer labels
#
# *Label smoothing* (Szegedy and others, 2016) mixes each one-hot label with the uniform
# distribution over the $K$ classes:
#
# $$\mathbf{t} = (1 - \varepsilon)\,\text{onehot}(y) + \frac{\varepsilon}{K}\,\mathbf{1}.$$
#
# Mind the denominator. Some texts write $\varepsilon/(K-1)$ for the false classes and
# $1-\varepsilon$ for the true one. PyTorch and the paper use $\varepsilon/K$.
#
# ### Exercise 7.1 · Smooth labels (1 point, ~6 min)
#
# **Given** `labels` (N,) int64, `num_classes` K, and `epsilon` in [0, 1].
# **Return** the targets (N, K), float32, rows that sum to 1.
#
# **By hand:** label 1 of 4 classes, `epsilon = 0.2`: everybody gets 0.05, the true class
# 0.8 on top: `[0.05, 0.85, 0.05, 0.05]`.
#
# <details><summary>Hint 1</summary>
# The formula is a weighted sum of two rows. You need the one-hot row first.
# </details>
# <details><summary>Hint 2</summary>
# <code>F.one_hot(labels, num_classes)</code> gives integers, (N, K).
# </details>
# <details><summary>Hint 3</summary>
# <code>hot = F.one_hot(labels, num_classes).float()</code>, then
# <code>(1 - epsilon) * hot + epsilon / num_classes</code>.
# </details>


# %% solution="smooth_labels"
def smooth_labels(
    labels: torch.Tensor, num_classes: int, epsilon: float
) -> torch.Tensor:
    """Return smoothed one-hot targets, as PyTorch does it (about 2 lines).

    Args:
        labels: classes, int64 (N,).
        num_classes: K.
        epsilon: share of the uniform distribution, in [0, 1].

    Returns: float32 (N, K), rows that sum to 1. Example:
    smooth_labels(torch.tensor([1]), 4, 0.2) gives [[0.05, 0.85, 0.05, 0.05]].
    """
    ### BEGIN SOLUTION
    hot = F.one_hot(labels, num_classes).float()
    return (1 - epsilon) * hot + epsilon / num_classes
    ### END SOLUTION


# %% [markdown]
# The example worked by hand:

# %% look
look(
    lambda: smooth_labels(torch.tensor([1]), 4, 0.2),
    torch.tensor([[0.05, 0.85, 0.05, 0.05]]),
)

# %% test="smooth_labels" points=1
check.smooth_labels(smooth_labels)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("07_mixup_cutmix").smooth_labels(smooth_labels, seed=20_160)
### END HIDDEN TESTS

# %% [markdown]
# What does the smooth label ask of the logits? Forget the network. Take ten free
# logits, one label, and follow the gradient; note the gap between the true logit and the
# others.


# %% experiment
def gap_after(steps, epsilon, lr=5.0):
    logits = torch.zeros(1, 10, dtype=torch.float64, requires_grad=True)
    for _ in range(steps):
        loss = F.cross_entropy(logits, torch.tensor([0]), label_smoothing=epsilon)
        logits.data -= lr * torch.autograd.grad(loss, logits)[0]
    return (logits[0, 0] - logits[0, 1]).item()


steps = (50, 500, 5000)
gaps = {epsilon: [gap_after(n, epsilon) for n in steps] for epsilon in (0.0, 0.1)}
for epsilon, values in gaps.items():
    print(f"epsilon {epsilon}, gap after {steps} steps:", *(f"{v:.3f}" for v in values))
off = gaps[0.1][-1] - math.log((0.9 + 0.01) / 0.01)


# %% results
with results():
    claim("mixing.smooth-gap", "At 0.1 the gap ends at ln 91.", off, "within 1e-3")
    grown = gaps[0.0][-1] - gaps[0.0][-2]
    claim("mixing.hard-gap", "With a hard label it goes on growing.", grown, "> 2")

# %% [markdown]
# A hard label is never content; a smooth one is, at a gap of
# $\ln\frac{1-\varepsilon+\varepsilon/K}{\varepsilon/K}$. So smoothing puts an end to
# growing logits. It does so for all examples alike, the clear and the doubtful ones.
#
# ### Exercise 7.2 · Cross-entropy for soft targets (2 points, ~8 min)
#
# Soft targets need a loss that takes whole rows:
#
# $$L = -\frac{1}{N} \sum_{n=1}^{N} \sum_{k=1}^{K} t_{nk} \ln p_{nk}, \qquad
# \mathbf{p}_n = \text{softmax}(\mathbf{z}_n).$$
#
# **Given** `logits` (N, K), the $z_{nk}$, and `targets` (N, K), rows that sum to 1.
# **Return** the loss, a 0-dim tensor that can be differentiated: summed over classes,
# averaged over *examples*. It stays finite for logits of ±10,000.
#
# **By hand:** logits $(\ln 3, 0)$, so $p = (0.75, 0.25)$, and target $(0.75, 0.25)$:
# $-0.75 \ln 0.75 - 0.25 \ln 0.25 = 0.562$. Not 0: no logits bring it lower.
#
# torch's functions are welcome.
#
# <details><summary>Hint 1</summary>
# The logarithm of a softmax has a function of its own, because the softmax alone
# underflows to 0.
# </details>
# <details><summary>Hint 2</summary>
# <code>.mean()</code> over everything divides by N·K. Which of the two sums is a mean?
# </details>
# <details><summary>Hint 3</summary>
# <code>-(targets * logits.log_softmax(1)).sum(1).mean()</code>. Or find out what
# <code>F.cross_entropy</code> does with floating targets.
# </details>


# %% solution="soft_cross_entropy"
def soft_cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy against soft targets (about 1 line).

    Args:
        logits: floating (N, K), any size up to ±1e4.
        targets: probabilities (N, K), rows that sum to 1.

    Returns: 0-dim tensor in nats, summed over classes, mean over examples. Example:
    logits [[0., 0.]] and targets [[0.5, 0.5]] give ln 2 = 0.6931.
    """
    ### BEGIN SOLUTION
    return -(targets * logits.log_softmax(1)).sum(1).mean()
    ### END SOLUTION


# %% [markdown]
# The example worked by hand, and one with large logits: 0.5623, then 10,000.

# %% look
look(
    lambda: [
        soft_cross_entropy(
            torch.tensor([[math.log(3), 0.0]]), torch.tensor([[0.75, 0.25]])
        ),
        soft_cross_entropy(torch.tensor([[1e4, -1e4]]), torch.tensor([[0.5, 0.5]])),
    ],
    [torch.tensor(0.5623), torch.tensor(1e4)],
)

# %% test="soft_cross_entropy" points=2
check.soft_cross_entropy(soft_cross_entropy)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("07_mixup_cutmix").soft_cross_entropy(soft_cross_entropy, seed=19_480)
### END HIDDEN TESTS

# %% [markdown]
# ## Between two examples
#
# Label smoothing leaves the images alone. *mixup* (Zhang and others, 2018) mixes both:
#
# $$\tilde{\mathbf{x}} = \lambda\, \mathbf{x}_i + (1-\lambda)\, \mathbf{x}_j, \qquad
# \tilde{\mathbf{t}} = \lambda\, \mathbf{t}_i + (1-\lambda)\, \mathbf{t}_j,
# \qquad \lambda \sim \text{Beta}(\alpha, \alpha).$$
#
# It asks the network to change its opinion *linearly* on the way from one example to
# another. The partner $j$ comes from the same batch, through a permutation, so mixing
# costs next to nothing. Small $\alpha$ gives $\lambda$ near 0 or 1, $\alpha = 1$ any
# $\lambda$ alike.
#
# Move λ, or press **Play**. Then change the method: *CutMix* pastes a box instead, *Cutout*
# fills it with background. Drag the box in the mixed image until it hangs over the edge, and
# watch the bars of the target: they count the pixels that were really pasted, and no longer
# agree with λ.

# %% demo
demos_mixing.scene().show()

# %% [markdown]
# ### Exercise 7.3 · mixup (2 points, ~10 min)
#
# **Given** `images` (N, C, H, W), `targets` (N, K) with rows that sum to 1, one float
# `lam` in [0, 1], and `permutation` (N,) int64: the partner of example $i$ is
# `permutation[i]`. **Return** mixed images and mixed targets, like the inputs in shape
# and dtype. `lam` is the weight of the batch as it came. Change no argument.
#
# Rows sum to 1 also when both labels of a pair agree, and targets may be soft already.
#
# **By hand:** two images of one pixel, 0 and 8, targets (1, 0) and (0, 1),
# `lam = 0.75`, swapped: pixels 2 and 6, targets (0.75, 0.25) and (0.25, 0.75).
#
# <details><summary>Hint 1</summary>
# <code>x[permutation]</code> is the batch of partners, for any number of dimensions.
# </details>
# <details><summary>Hint 2</summary>
# Images and targets get exactly the same treatment: write it once, apply it twice.
# </details>
# <details><summary>Hint 3</summary>
# <code>lam * x + (1 - lam) * x[permutation]</code> for both. Operators like
# <code>*=</code> would change the batch that you were given.
# </details>


# %% solution="mixup"
def mixup(
    images: torch.Tensor,
    targets: torch.Tensor,
    lam: float,
    permutation: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the batch mixed with its permutation (about 4 lines).

    Args:
        images: floating (N, C, H, W).
        targets: probabilities (N, K), rows that sum to 1.
        lam: weight of the unpermuted batch, in [0, 1].
        permutation: int64 (N,).

    Returns: (images, targets), new tensors like the inputs. Example: targets
    [[1., 0.], [0., 1.]] with lam=0.75 and permutation [1, 0] become
    [[0.75, 0.25], [0.25, 0.75]].
    """

    ### BEGIN SOLUTION
    def mix(values: torch.Tensor) -> torch.Tensor:
        return lam * values + (1 - lam) * values[permutation]

    return mix(images), mix(targets)
    ### END SOLUTION


# %% [markdown]
# torchvision has mixup, too: `transforms.v2.MixUp` draws λ itself and pairs each
# example with its neighbour, `roll(1)`. We read its λ off the targets it returns, give
# yours the same λ and permutation, and subtract: the largest differences of images and
# targets should be rounding, below 1e-6.


# %% look
def against_torchvision():
    from torchvision.transforms import v2  # takes seconds to load: only where needed

    torch.manual_seed(1)
    x, targets = train.x[:8].cpu(), torch.eye(8)  # eight labels that all differ
    theirs = v2.MixUp()(x, targets)
    lam = theirs[1][0, 0].item()
    yours = mixup(x, targets, lam, torch.arange(8).roll(1))
    return [(a - b).abs().max() for a, b in zip(yours, theirs, strict=True)]


look(against_torchvision, [torch.tensor(0.0), torch.tensor(0.0)])

# %% test="mixup" points=2
check.mixup(mixup)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("07_mixup_cutmix").mixup(mixup, seed=20_180)
### END HIDDEN TESTS

# %% [markdown]
# To train with it, hand it to `fit` as `transform`: a function that takes a batch
# (x, y) and returns one, whose y may be probabilities. `v2.MixUp` is just that. First
# the proof that it is the formula, over 100 draws, then the same network as in the
# beginning, trained on mixtures only.

# %% experiment
from torchvision.transforms import v2  # takes seconds, so not at the top

torch.manual_seed(2)
x, eye, turned = train.x[:10].cpu(), torch.eye(10), torch.arange(10).roll(1)
worst = 0.0
for _ in range(100):
    mixed, targets = v2.MixUp(alpha=1.0)(x, eye)
    lam = targets[0, 0]
    formula = lam * x + (1 - lam) * x[turned]
    worst = max(worst, (mixed - formula).abs().max().item())


# %% results
sentence = "v2.MixUp is the formula with the permutation roll(1)."
with results():
    claim("mixing.mixup-is-v2", sentence, worst, "within 1e-5")

# %% [markdown]
# And now in training. The training loss is measured against *mixed* labels, so it can
# never reach 0, and training accuracy asks for the heavier of two images.

# %% experiment
torch.manual_seed(0)
with_mixup = network()
mixed = fit(with_mixup, train, val=val, transform=v2.MixUp(num_classes=10), **settings)
ax = plots.curves(mixed)
ax.plot(range(1, 41), history.train_loss, color="#8a8a8a", label="train, without mixup")
ax.legend()
ax.set_title("With mixup the training loss stays high, and that is fine")
plots.show(ax.figure, alt="The loss on mixtures stays above the validation loss.")


# %% results
above = mixed.train_loss[-1] - mixed.val_loss[-1]
sentence = "On mixtures the training loss ends above the validation loss."
with results():
    claim("mixing.loss-above", sentence, above, "> 0", unit="nats")

# %% [markdown]
# Nothing is broken: the two curves answer different questions. With any of the methods
# of this notebook, judge by validation, and never compare training losses.
#
# ## A box instead of a ghost
#
# mixup's pictures are double exposures. *CutMix* (Yun and others, 2019) pastes a box of
# the other image, so that every pixel is one that could be. The box has the area
# $1-\lambda$ of the image, before it is clipped: each side is $\sqrt{1-\lambda}$ of the
# image's side.
#
# ### Exercise 7.4 · The box (2 points, ~10 min)
#
# **Given** `height` and `width` of the image, `lam` in [0, 1], and the middle of the box,
# `center_y` and `center_x`. **Return** `(y1, y2, x1, x2)`, four ints, y2 and x2 exclusive:
#
# $$h = \left\lfloor \tfrac12\, \text{height} \sqrt{1-\lambda} \right\rfloor, \qquad
# y_1 = \max(\text{center}_y - h,\ 0), \qquad
# y_2 = \min(\text{center}_y + h,\ \text{height}),$$
#
# and likewise x with the width. The image need not be square.
#
# **By hand:** height 8, width 12, `lam = 0.75`: sides of ½, so $h = 2$, and 3 for x. A
# middle at (4, 6) gives (2, 6, 3, 9). At (1, 11) the box is cut off: (0, 3, 8, 12).
#
# <details><summary>Hint 1</summary>
# Two half sides first: one from the height, one from the width.
# </details>
# <details><summary>Hint 2</summary>
# <code>int(...)</code> cuts off the digits, which is what the floor does here.
# </details>
# <details><summary>Hint 3</summary>
# <code>half_h = int(height * math.sqrt(1 - lam) / 2)</code>, then
# <code>max(center_y - half_h, 0)</code> and <code>min(center_y + half_h, height)</code>.
# </details>


# %% solution="cut_box"
def cut_box(
    height: int, width: int, lam: float, center_y: int, center_x: int
) -> tuple[int, int, int, int]:
    """Return the box that CutMix pastes, clipped to the image (about 5 lines).

    Args:
        height, width: of the image, in pixels.
        lam: share of the image that is *kept* before clipping, in [0, 1].
        center_y, center_x: middle of the box, in pixels.

    Returns: (y1, y2, x1, x2), ints; y2 and x2 are exclusive. Example:
    cut_box(8, 12, 0.75, 1, 11) gives (0, 3, 8, 12).
    """
    ### BEGIN SOLUTION
    half_h = int(height * math.sqrt(1 - lam) / 2)
    half_w = int(width * math.sqrt(1 - lam) / 2)
    y1, y2 = max(center_y - half_h, 0), min(center_y + half_h, height)
    x1, x2 = max(center_x - half_w, 0), min(center_x + half_w, width)
    return y1, y2, x1, x2
    ### END SOLUTION


# %% [markdown]
# Both examples worked by hand:

# %% look
look(
    lambda: [cut_box(8, 12, 0.75, 4, 6), cut_box(8, 12, 0.75, 1, 11)],
    [(2, 6, 3, 9), (0, 3, 8, 12)],
)

# %% test="cut_box" points=2
check.cut_box(cut_box)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("07_mixup_cutmix").cut_box(cut_box, seed=20_190)
### END HIDDEN TESTS

# %% [markdown]
# The clipping has a price. λ is uniform, so on average half the image should be
# replaced. How much *is*? Here are 100,000 boxes on images of 28 × 28 pixels.

# %% experiment
g = torch.Generator().manual_seed(3)
lams = torch.rand(100_000, generator=g)
middles = torch.randint(28, (100_000, 2), generator=g)
half = (28 * (1 - lams).sqrt() / 2).int()[:, None]
sides = (middles + half).clamp(max=28) - (middles - half).clamp(min=0)
actual = (sides.prod(1) / 28**2).mean().item()
print(f"asked for: {1 - lams.mean():.2f} of the image; pasted: {actual:.2f}")


# %% results
sentence = "Of the half that λ asks for, three tenths of the image are pasted."
with results():
    claim("mixing.clipped", sentence, actual, "between 0.28 0.32")

# %% [markdown]
# A label with weight λ would be false on average by a fifth of an image. So CutMix
# *counts*: the labels are weighted by the area that was really pasted.
#
# ### Exercise 7.5 · CutMix (3 points, ~12 min)
#
# **Given** `images` (N, C, H, W), `targets` (N, K), `box` $= (y_1, y_2, x_1, x_2)$ and
# `permutation` (N,). **Return** the pair: in the box each image shows its partner
# `permutation[i]`, outside itself; the partner's target has the weight
#
# $$a = \frac{(y_2-y_1)(x_2-x_1)}{H\,W}, \qquad
# \tilde{\mathbf{t}} = (1-a)\, \mathbf{t}_i + a\, \mathbf{t}_j.$$
#
# All pieces come from the batch as it came. Change no argument.
#
# **By hand:** an image of 2 × 4 zeros and one of ones, swapped, box (0, 1, 1, 4): three
# of eight pixels change sides. The first image's target is (0.625, 0.375).
#
# <details><summary>Hint 1</summary>
# Start from <code>images.clone()</code>. Only a rectangle of it is overwritten.
# </details>
# <details><summary>Hint 2</summary>
# <code>mixed[..., y1:y2, x1:x2]</code> is that rectangle in all images. If you take the
# pieces from <code>mixed</code>, some of them have been overwritten before.
# </details>
# <details><summary>Hint 3</summary>
# <code>mixed[..., y1:y2, x1:x2] = images[permutation][..., y1:y2, x1:x2]</code>; then
# <code>(1 - area) * targets + area * targets[permutation]</code>.
# </details>


# %% solution="cutmix"
def cutmix(
    images: torch.Tensor,
    targets: torch.Tensor,
    box: tuple[int, int, int, int],
    permutation: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the batch with a box of its permutation pasted in (about 5 lines).

    Args:
        images: floating (N, C, H, W).
        targets: probabilities (N, K), rows that sum to 1.
        box: (y1, y2, x1, x2) in pixels, y2 and x2 exclusive, inside the image.
        permutation: int64 (N,).

    Returns: (images, targets), new tensors like the inputs. Example: with box
    (0, 1, 1, 4) on images of 2 x 4 pixels the partner's target weighs 3/8 = 0.375.
    """
    ### BEGIN SOLUTION
    y1, y2, x1, x2 = box
    mixed = images.clone()
    mixed[..., y1:y2, x1:x2] = images[permutation][..., y1:y2, x1:x2]
    area = (y2 - y1) * (x2 - x1) / (images.shape[-2] * images.shape[-1])
    return mixed, (1 - area) * targets + area * targets[permutation]
    ### END SOLUTION


# %% [markdown]
# Again torchvision is the judge. `v2.CutMix` draws λ and box, and only the result
# tells which. On images that are all different in every pixel the box can be read off.


# %% look
def box_and_difference():
    from torchvision.transforms import v2

    torch.manual_seed(4)
    x, targets = torch.rand(8, 1, 9, 12), torch.eye(8)
    theirs = v2.CutMix()(x, targets)
    ys, xs = (theirs[0] != x)[0, 0].nonzero().T  # the pixels that were pasted
    box = tuple(int(v) for v in (ys.min(), ys.max() + 1, xs.min(), xs.max() + 1))
    yours = cutmix(x, targets, box, torch.arange(8).roll(1))
    return [(a - b).abs().max() for a, b in zip(yours, theirs, strict=True)]


look(box_and_difference, [torch.tensor(0.0), torch.tensor(0.0)])

# %% test="cutmix" points=3
check.cutmix(cutmix)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("07_mixup_cutmix").cutmix(cutmix, seed=20_191)
### END HIDDEN TESTS

# %% [markdown]
# torchvision counts pixels as well, and pairs with `roll(1)`: over 200 draws, the share
# of pixels that changed is the weight of the neighbour's label.

# %% experiment
torch.manual_seed(6)
x, eye = torch.rand(10, 1, 28, 28), torch.eye(10)
worst = 0.0
for _ in range(200):
    mixed, targets = v2.CutMix(alpha=1.0)(x, eye)
    share = (mixed != x).double().mean((1, 2, 3))  # (10,), all alike
    weight = targets[torch.arange(10), torch.arange(10).roll(1)]
    worst = max(worst, (share - weight).abs().max().item())


# %% results
sentence = "The label's weight in v2.CutMix is the pasted area."
with results():
    claim("mixing.cutmix-is-v2", sentence, worst, "within 1e-6")

# %% [markdown]
# ## Six treatments
#
# Two rivals are older. *Standard augmentation* changes an image in ways that should not
# change its class: flip it left to right, shift it by a pixel. *Cutout* (DeVries and
# Taylor, 2017) hides a box of 6 × 6 and leaves the label alone. Here each *example*
# draws its own flip, shift and hole. (A `v2` transform applied to a whole batch draws
# once for all of it: a common slip.)


# %% experiment
def flips_crops(x, y, pad=1):
    n, side = len(x), torch.arange(x.shape[-1], device=x.device)
    coins = torch.rand(n, 1, 1, 1, device=x.device) < 0.5
    wide = F.pad(torch.where(coins, x.flip(-1), x), [pad] * 4, value=x.min().item())
    shift = (
        torch.randint(2 * pad + 1, (2, n, 1), device=x.device) + side
    )  # (2, n, side)
    rows = torch.arange(n, device=x.device)[:, None, None]
    return wide[rows, :, shift[0][:, :, None], shift[1][:, None]].movedim(-1, 1), y


def cutout(x, y, half=3):
    side = torch.arange(x.shape[-1], device=x.device) + 0.5
    middle = torch.randint(len(side), (len(x), 2, 1), device=x.device)
    near = (side - middle).abs() < half  # (n, 2, side)
    hole = near[:, 0, :, None] & near[:, 1, None, :]
    return x.masked_fill(hole[:, None], x.min()), y


# %% experiment
TREATMENTS = {
    "none": lambda x, y: (x, y),
    "flips, crops": flips_crops,
    "Cutout": cutout,
    "label smoothing": lambda x, y: (x, 0.9 * y + 0.1 / 10),
    "mixup": v2.MixUp(alpha=1.0),
    "CutMix": v2.CutMix(alpha=1.0),
}
torch.manual_seed(5)
targets = F.one_hot(train.y, 10).float()
rows = [change(train.x[:9], targets[:9])[0] for change in TREATMENTS.values()]
fig = demos_mixing.variants(rows, list(TREATMENTS))
plots.show(fig, alt="Nine images of clothes, each under six treatments, one per row.")

# %% [markdown]
# The same nine images in every row; label smoothing changes only the labels.
#
# Six seeds per treatment make 36 networks. A `Stack` of this course keeps their weights
# side by side, so that one step updates all. With the same seed all treatments start
# from the same weights and see the images in the same order: the seeds are paired. The
# loss is your 7.2, written for 36 networks at once.


# %% experiment
def train_all(
    build, split, labels, *, treatments=TREATMENTS, epochs=40, seeds=SEEDS, watch=None
):
    """Train each treatment with each seed; return Stack and watched accuracies."""
    models = [seeded(build, seed) for _ in treatments for seed in seeds]
    stack, seen = Stack(models, split.x[:1], None), []
    optimizer = adamw([stack.flat])
    targets = F.one_hot(labels).float()
    orders = [torch.Generator().manual_seed(seed) for seed in seeds]
    with one_thread(), own_randomness(0, DEVICE):
        for epoch in tqdm(range(1, epochs + 1), disable=bar_hidden(True)):
            order = [torch.randperm(len(labels), generator=g) for g in orders]
            for index in torch.stack(order).to(DEVICE).split(50, dim=1):
                x, t = treated(treatments, split.x, targets, index)
                loss = -(t * stack(x).log_softmax(-1)).sum(-1).mean(1)  # (members,)
                stack.flat.grad = stack.differentiate(loss.sum())
                optimizer.step()
            if watch and epoch in WATCHED:
                seen.append(percent_right(stack, watch, len(treatments)))
    return stack, seen


# %% experiment
WATCHED = [1, 2, 3, *range(4, 41, 4)]  # epochs


def treated(treatments, x, targets, index):
    """Give every treatment the batch of every seed: (members, 50, ...) each."""
    pairs = [f(x[i], targets[i]) for f in treatments.values() for i in index]
    return [torch.stack(part) for part in zip(*pairs, strict=True)]


def seeded(build, seed):
    with own_randomness(seed):
        return build().to(DEVICE)


@torch.no_grad()
def logits_of(stack, x):
    with one_thread():
        parts = [stack(p.expand(len(stack), *p.shape)) for p in x.split(500)]
    return torch.cat(parts, 1)  # (members, n, K)


def percent_right(stack, split, groups):
    right = logits_of(stack, split.x).argmax(-1) == split.y
    return 100 * right.float().mean(1).view(groups, -1).cpu()  # (treatments, seeds)


# %% [markdown]
# Forty epochs of 1,000 images are a *short* schedule by the standards of these methods,
# and 20,000 parameters a small network. Both were fixed so that the network without any
# treatment learns nearly all of its training labels. Predict before you run; two
# questions belong to the second run, with false labels.

# %% predict
predict(
    "mixing.accuracy",
    "True labels: which treatment gains 2 points of accuracy or more over none?",
    ["flips and crops", "mixup", "CutMix", "more than one of them", "none of them"],
)
predict(
    "mixing.noise",
    "With 30 % false labels: what does CutMix gain in accuracy over none?",
    ["nothing, or a loss", "up to 5 points", "more than 5 points"],
)
predict(
    "mixing.calibration",
    "And what does CutMix do to the calibration error there?",
    ["makes it smaller", "no difference", "makes it larger"],
)

# %% experiment
clean_stack, clean_curve = train_all(network, train, train.y, watch=val)

# %% [markdown]
# The second run differs in the training labels alone: 300 of the 1,000 are false, the
# same ones for all.

# %% experiment
noisy_stack, noisy_curve = train_all(network, train, noisy, watch=val)

# %% [markdown]
# All twelve settings were fixed before, nothing is left to choose. So the sealed test
# images are opened, once, for both runs. Three scores per network:
#
# - **accuracy**;
# - **NLL**, the negative log-likelihood of the true labels in nats: it punishes being
#   sure and wrong;
# - **ECE**, the expected calibration error: the gap between confidence and accuracy, over
#   15 bins. It says nothing about *which* way; so we also keep the mean of confidence minus
#   accuracy.


# %% experiment
@one_thread()  # many small steps: a second thread would only wait
def scores(stack, test):
    """Return score -> treatment -> one value per seed."""
    table = {name: [] for name in ("accuracy (%)", "NLL (nats)", "ECE (%)", "surplus")}
    for logits in logits_of(stack, test.x):
        probs = logits.softmax(-1)
        right = 100 * accuracy(logits, test.y)
        table["accuracy (%)"].append(right)
        table["NLL (nats)"].append(negative_log_likelihood(logits, test.y))
        table["ECE (%)"].append(100 * expected_calibration_error(probs, test.y))
        table["surplus"].append(100 * probs.amax(-1).mean().item() - right)
    shape = (len(TREATMENTS), len(SEEDS))
    rows = {
        k: torch.tensor(v, dtype=torch.float64).view(shape) for k, v in table.items()
    }
    return {k: dict(zip(TREATMENTS, v, strict=True)) for k, v in rows.items()}


test = splits.test.open("compare six treatments fixed in advance, two kinds of labels")
clean, dirty = scores(clean_stack, test), scores(noisy_stack, test)
SHOWN = ("accuracy (%)", "NLL (nats)", "ECE (%)")

# %% [markdown]
# First with true labels. Dots are seeds, the bar is their mean, the grey line is the mean
# without any treatment.

# %% figure
titles = ("Accuracy: no winner", "Likelihood: all gain", "Calibration: all gain")
fig = demos_mixing.score_panels(
    {k: clean[k] for k in SHOWN}, dict(zip(SHOWN, titles, strict=True))
)
plots.show(
    fig,
    alt="True labels, six treatments. Accuracy: nobody is ahead of none by much, flips "
    "and crops are behind. NLL and ECE: all five are lower than none.",
    after=["mixing.accuracy", "mixing.noise", "mixing.calibration"],
)

# %% [markdown]
# The three panels disagree about what is worth doing. In numbers, always treatment
# minus none, seed by seed:


# %% experiment
def gains(table, score):
    base = table[score]["none"]
    return {name: v - base for name, v in table[score].items() if name != "none"}


points = {"unit": "accuracy points"}
better = gains(clean, "accuracy (%)")
best = torch.stack(list(better.values())).amax(0)


# %% results
sentence = "True labels: even each seed's best treatment gains under 2 points."
with results():
    claim("mixing.clean-best", sentence, best, "< 2", **points)
    recall("mixing.accuracy", 5)
    sentence = "Flips and crops gain less than a point, if anything."
    claim("mixing.clean-flips", sentence, better["flips, crops"], "< 1", **points)
    worst = torch.stack(list(gains(clean, "NLL (nats)").values())).amax(0)
    sentence = "Even each seed's worst treatment lowers the NLL by 0.1 nats."
    claim("mixing.clean-nll", sentence, worst, "< -0.1", unit="nats")
    ece, surplus = gains(clean, "ECE (%)"), clean["surplus"]
    worst = torch.stack(list(ece.values())).amax(0)
    sentence = "Even each seed's worst treatment lowers the ECE by 2 points, ..."
    claim("mixing.clean-ece", sentence, worst, "< -2", unit="ECE points")
    sentence = "... and mixup by over 6."
    claim("mixing.clean-ece-mixup", sentence, ece["mixup"], "< -6", unit="ECE points")
    sentence = "Without treatment confidence exceeds accuracy by over 8 points."
    claim("mixing.clean-sure", sentence, surplus["none"], "> 8", unit="points")
    sentence = "CutMix makes the network too modest."
    claim("mixing.clean-modest", sentence, surplus["CutMix"], "< -2", unit="points")

# %% [markdown]
# If you look at accuracy alone, nothing here was worth the trouble: on these tiny grey
# images nearly every shoe points to the left, so flips teach something that nobody asks. If
# you need probabilities, all five helped. Mind the sign: CutMix trades too sure for too
# modest. Published gains in accuracy are from larger networks and longer schedules:
# with ResNet-50 on ImageNet the error fell from 23.68 % to 22.58 % with mixup and 21.40 %
# with CutMix (Yun and others, 2019). Now the false labels.

# %% figure
titles = ("Accuracy: images help", "Likelihood: all gain", "Calibration: it depends")
fig = demos_mixing.score_panels(
    {k: dirty[k] for k in SHOWN}, dict(zip(SHOWN, titles, strict=True))
)
plots.show(
    fig,
    alt="False labels, six treatments. Accuracy: those that change images are far ahead "
    "of none, label smoothing only a little. NLL: all lower. ECE: CutMix and flips are "
    "higher than none.",
    after=["mixing.noise", "mixing.calibration"],
)

# %% [markdown]
# The grey line has moved to the left in accuracy, and most treatments have not followed.


# %% experiment
def slug(name):
    return name.split(",")[0].lower()  # "flips, crops" -> "flips"


better = gains(dirty, "accuracy (%)")


# %% results
with results():
    for name, least in (
        ("CutMix", 6),
        ("flips, crops", 6),
        ("Cutout", 4),
        ("mixup", 3),
    ):
        sentence = f"False labels: {name} gains over {least} points."
        claim(
            f"mixing.noisy-{slug(name)}", sentence, better[name], f"> {least}", **points
        )
    recall("mixing.noise", 3)
    sentence = "Label smoothing gains much less than CutMix."
    behind = better["label smoothing"] - better["CutMix"]
    claim("mixing.noisy-smoothing", sentence, behind, "< -5", **points)
    nll, ece = gains(dirty, "NLL (nats)"), gains(dirty, "ECE (%)")
    worst = torch.stack(list(nll.values())).amax(0)
    sentence = "Even each seed's worst treatment lowers the NLL."
    claim("mixing.noisy-nll", sentence, worst, "< 0", unit="nats")
    sentence = "CutMix raises the calibration error."
    claim("mixing.noisy-ece", sentence, ece["CutMix"], "> 3", unit="ECE points")
    recall("mixing.calibration", 3)

# %% [markdown]
# Why does label smoothing not keep up? A suspicion: to learn a false label by heart a
# network must meet the same picture again. Smoothing changes no picture; the others
# never show the same one twice. So count how many of the 300 false labels each network
# repeats when it sees those images as they are.

# %% figure
repeats = logits_of(noisy_stack, train.x[flipped]).argmax(-1) == noisy[flipped]
share = 100 * repeats.cpu().double().mean(1).view(len(TREATMENTS), -1)
share = dict(zip(TREATMENTS, share, strict=True))
ax = plots.points(share)
ax.set(ylabel="false labels repeated (%)", ylim=(0, 100))
ax.set_title("What changes the pictures forgets false labels")
plots.show(
    ax.figure,
    alt="Share of false labels repeated: high without treatment and with smoothing, "
    "lower with mixup and Cutout, lowest with flips and CutMix.",
)


# %% results
unit = {"unit": "% of the false labels"}
forgets = share["CutMix"] - share["none"]
sentence = "CutMix repeats far fewer false labels than none, over 30 in 100 fewer."
with results():
    claim("mixing.forgets", sentence, forgets, "< -30", **unit)
    rest = share["label smoothing"] - share["none"]
    sentence = "Label smoothing repeats about as many as none, within 15 in 100."
    claim("mixing.remembers", sentence, rest, "within 15", **unit)

# %% [markdown]
# The suspicion stands: accuracy is kept where false labels are not learned.
#
# Why is CutMix's calibration worse, then? Draw accuracy against confidence. Points
# above the diagonal are more often right than they say.

# %% figure
shown = ["none", "mixup", "CutMix"]
probs = logits_of(noisy_stack, test.x).softmax(-1).view(6, len(SEEDS), -1, 10)
picked = {name: probs[list(TREATMENTS).index(name)] for name in shown}
fig = demos_mixing.reliability(picked, test.y)
plots.show(
    fig,
    alt="Three reliability diagrams. Without treatment the curve lies below the "
    "diagonal at high confidence; with mixup and CutMix it lies above.",
)


# %% results
sentence = "Trained on false labels, CutMix is less confident than it is right."
modest = dirty["surplus"]["CutMix"]
with results():
    claim("mixing.noisy-modest", sentence, modest, "< -10", unit="points")
    sentence = "Without treatment it is the other way round."
    claim("mixing.noisy-sure", sentence, dirty["surplus"]["none"], "> 4", unit="points")

# %% [markdown]
# Two reasons, and only one is CutMix's fault. Three labels in ten were false, so a
# network that believes its training labels *should* doubt, and here it is judged by true
# ones. And targets that are mixtures teach mixed answers, which pure images do not need.
# One number, the temperature, mends either way (notebook 09). ECE falls or rises with it,
# so read it together with accuracy and NLL, never alone.
#
# ## Too short
#
# Both runs were also watched on validation images, in the first four epochs and in
# every fourth one after. What if we had stopped early?

# %% predict
predict(
    "mixing.short",
    "False labels, in the first 4 epochs of 40: where is CutMix?",
    ["already ahead of none", "level", "behind none"],
)


# %% figure
curves = {"true": torch.stack(clean_curve), "false": torch.stack(noisy_curve)}
ahead = {  # labels -> treatment -> (records, seeds)
    kind: {name: c[:, k] - c[:, 0] for k, name in enumerate(TREATMENTS)}
    for kind, c in curves.items()
}
fig, axes = plots.figure(2, sharey=True)
for ax, lines in zip(axes, ahead.values(), strict=True):
    for name, color in zip(
        ("flips, crops", "mixup", "CutMix"), plots.PALETTE[:3], strict=True
    ):
        plots.band(WATCHED, lines[name].T, label=name, color=color, ax=ax)
    ax.axhline(0, color="#1a1a1a", linewidth=0.8)
    ax.set_xlabel("epoch")
axes[0].set_ylabel("ahead of no treatment (accuracy points)")
axes[0].set_title("True labels: behind, then level at best")
axes[1].set_title("False labels: behind, then far ahead")
plots.show(
    fig,
    alt="Accuracy against that of no treatment over epochs. True labels: three curves "
    "rise from below zero towards it. False labels: they start below zero and end far "
    "above.",
    after="mixing.short",
)

# %% results
with results():
    for name in ("flips, crops", "mixup", "CutMix"):
        start, end = (
            ahead["false"][name][part].mean(0) for part in (slice(4), slice(-2, None))
        )
        sentence = f"False labels: in the first 4 epochs {name} is behind none."
        claim(f"mixing.short-{slug(name)}", sentence, start, "< 0", **points)
        sentence = f"In the last records {name} is ahead by over 4 points."
        claim(f"mixing.long-{slug(name)}", sentence, end, "> 4", **points)
    recall("mixing.short", 3)
    alone = curves["false"][:, 0]  # no treatment
    sentence = (
        "Meanwhile none falls by over 4 points, from epoch 12 to the last records."
    )
    claim(
        "mixing.none-falls", sentence, alone[-2:].mean(0) - alone[5], "< -4", **points
    )
    start = ahead["true"]["flips, crops"][:4].mean(0)
    sentence = "True labels: at first flips and crops are behind by over 3 points."
    claim("mixing.short-true", sentence, start, "< -3", **points)

# %% [markdown]
# A harder task is learned more slowly, and part of the late lead is the fall of the
# network without treatment, which by then has learned the false labels. Early stopping
# would have saved some of that, too. A comparison at one fixed epoch can be made to say
# either; draw the curve.
#
# ## Too small
#
# mixup was made against learning by heart. What if the network cannot even learn what is
# true? Eight hidden units, 4,000 images, true labels, ten epochs, and sixteen seeds,
# because such networks differ much.

# %% experiment
more = data.fashion_mnist(4000, 4000, size=14, device=DEVICE)
few = {name: TREATMENTS[name] for name in ("none", "mixup", "CutMix")}
small, _ = train_all(
    lambda: mlp((196, 8, 10)),
    more.train,
    more.train.y,
    treatments=few,
    epochs=10,
    seeds=range(16),
)
right = dict(zip(few, percent_right(small, more.val, 3), strict=True))
cost = {name: right[name] - right["none"] for name in ("mixup", "CutMix")}
ax = plots.points(cost)
ax.axhline(0, color="#1a1a1a", linewidth=0.8)
ax.set_ylabel("against none (accuracy points)")
ax.set_title(f"Eight units: CutMix costs {-cost['CutMix'].mean():.1f} points")
plots.show(ax.figure, alt="Dots per seed: mixup mostly below zero, CutMix well below.")

# %% experiment
with one_thread():
    logits = logits_of(small, more.val.x)
    nll = [negative_log_likelihood(v, more.val.y) for v in logits]
nll = torch.tensor(nll).view(3, 16)


# %% results
sentence = "In a network of eight hidden units CutMix costs over 2 points."
with results():
    claim("mixing.small-cutmix", sentence, cost["CutMix"], "< -2", **points)
    sentence = "mixup costs accuracy there, too."
    claim("mixing.small-mixup", sentence, cost["mixup"], "< 0", **points)
    sentence = "And it makes the likelihood worse, by over 0.04 nats."
    claim("mixing.small-nll", sentence, nll[1] - nll[0], "> 0.04", unit="nats")

# %% [markdown]
# Even the likelihood suffers now. This network was not too sure in the first place: it
# under-fits, and every treatment takes capacity away from the pictures that count. A
# published table shows the pattern at its own scale: after 300 epochs on ImageNet mixup
# cost a ResNet-18 0.1 points and CutMix 0.8, while both gained 1.7 with a ResNet-101
# (OpenMixup, Li and others, 2022).
#
# ## An augmentation that destroys the label
#
# "Flips are safe" is a sentence about a *task*. Take shoes only, mirror every second
# one, and ask which way the toe points. Then train with the same random flips as before,
# labels kept. (The classic: turn a 6 by 180 degrees.)

# %% predict
predict(
    "mixing.flip",
    "Left or right? What do random flips do to accuracy, from nearly 100 %?",
    ["a gain", "a loss of a few points", "a loss of more than 25 points"],
)


# %% experiment
def shoes(split):
    """Sandals, sneakers and boots; every second one mirrored, label 1."""
    x = split.x[torch.isin(split.y, torch.tensor([5, 7, 9], device=DEVICE))]
    y = torch.arange(len(x), device=DEVICE) % 2
    return data.Split(torch.where(y.view(-1, 1, 1, 1) == 1, x.flip(-1), x), y)


def flips(x, y):
    return torch.where(
        torch.rand(len(x), 1, 1, 1, device=DEVICE) < 0.5, x.flip(-1), x
    ), y


# %% experiment
task, fresh = shoes(more.train), shoes(more.val)
pairs = {"none": TREATMENTS["none"], "flips": flips}
stack, _ = train_all(
    lambda: mlp((196, 64, 2)), task, task.y, treatments=pairs, epochs=20, seeds=range(8)
)
upright, flipped_too = percent_right(stack, fresh, 2)
ax = plots.points({"none": upright, "random flips": flipped_too})
ax.axhline(50, color="#1a1a1a", linewidth=0.8)
ax.set_ylabel("accuracy: left or right (%)")
ax.set_title("Random flips erase left and right")
plots.show(
    ax.figure,
    alt="Without flips nearly 100 %; with flips around one half.",
    after="mixing.flip",
)


# %% results
with results():
    claim("mixing.direction", "Without flips it is easy.", upright, "> 95", unit="%")
    sentence = "Random flips cost more than 25 points."
    claim("mixing.destroyed", sentence, flipped_too - upright, "< -25", **points)
    recall("mixing.flip", 3)

# %% [markdown]
# With flips, a shoe pointing left carries either label equally often; there is nothing
# left to learn. No loss curve warns you in advance: look at augmented examples and ask
# whether *you* would still give them this label.
#
# ## Tables and text, in short
#
# Rows of a table have no left and right. Two things carry over: add a little noise to
# standardised columns, or mix rows. Both assume that between neighbours of one class
# nothing else lives. Two interleaved spirals (two columns, 200 rows) test that.


# %% experiment
def noise(sd):
    return lambda x, y: (x + sd * torch.randn_like(x), y)


def mix_rows(x, y):
    lam, other = torch.rand(()).item(), torch.randperm(len(x), device=x.device)
    return lam * x + (1 - lam) * x[other], lam * y + (1 - lam) * y[other]


ways = {"none": TREATMENTS["none"], "noise 0.03": noise(0.03), "noise 0.3": noise(0.3)}
ways["mixup"] = mix_rows
rows, fresh = (
    data.Split(*(part.to(DEVICE) for part in data.spirals(n, noise=0.1, seed=s)))
    for n, s in ((200, 0), (2000, 1))
)
stack, _ = train_all(
    lambda: mlp((2, 64, 64, 2)),
    rows,
    rows.y,
    treatments=ways,
    epochs=150,
    seeds=range(8),
)
table = dict(zip(ways, percent_right(stack, fresh, 4), strict=True))

# %% figure
ax = plots.points(table)
ax.set_ylabel("accuracy on fresh rows (%)")
ax.set_title("On spirals mixing rows, or much noise, costs accuracy")
plots.show(
    ax.figure, alt="None and noise 0.03 near the top; noise 0.3 and mixup below."
)


# %% results
sentence = "Noise of 0.03 makes no difference worth a point and a half."
with results():
    claim(
        "mixing.table-little",
        sentence,
        table["noise 0.03"] - table["none"],
        "within 1.5",
    )
    for name in ("noise 0.3", "mixup"):
        sentence = f"On spirals {name} costs over 3 points."
        claim(
            f"mixing.table-{name[:5]}",
            sentence,
            table[name] - table["none"],
            "< -3",
            **points,
        )

# %% [markdown]
# The straight line between two points of one arm crosses the other arm, and mixup
# labels it all alike. Noise of 0.3 is nearly as wide as the gap between the arms, which
# is 0.4; noise of 0.03 is not. So know the scale of your columns before you add any.
#
# Text cannot be mixed pixel by pixel: between *cat* and *dog* there is no word. One drops
# words instead; notebook 11 writes this properly. And again, some words carry the label:

# %%
review = ["not", "a", "good", "film", "but", "with", "good", "music"]
keep = torch.rand(4, len(review), generator=torch.Generator().manual_seed(14)) >= 0.25
for coins in keep.tolist():
    print(" ".join(w if k else "<unk>" for w, k in zip(review, coins, strict=True)))

# %% [markdown]
# In the third row *not* is gone: a review that nobody wrote, with a label that is now
# false.
#
# ## Test yourself
#
# Seven questions, each answer with its reason, and then flashcards.

# %%
quiz("07_mixup_cutmix")
flashcards("07_mixup_cutmix")

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. Soft targets end the race for infinite logits: smoothing mixes labels, mixup and
#    CutMix mix images and labels with the *same* weights, CutMix by the pasted area.
# 2. With true labels accuracy did not move, likelihood and calibration did; with 30 %
#    false labels everything that changed the images kept many points.
# 3. All this depended on the setting: 1,000 grey images of 14 × 14, a small network, 40
#    epochs. With fewer epochs, fewer units or another task the same methods cost accuracy.
#
# **Pitfalls**
#
# - Mixing images and forgetting the labels, or weighting CutMix by the λ that was drawn.
# - Writing into the batch: it may be a view of the data set.
# - Comparing training losses: with soft targets they cannot reach 0.
# - Augmenting validation data. It is measured as it is.
# - A transform applied to a whole batch that draws once: every image flips, or none.
# - Judging by accuracy alone, or by ECE alone.
#
# **References**
#
# - Szegedy, Vanhoucke, Ioffe, Shlens, Wojna (2016). *Rethinking the Inception
#   architecture for computer vision.* Label smoothing.
#   [arXiv:1512.00567](https://arxiv.org/abs/1512.00567)
# - Zhang, Cisse, Dauphin, Lopez-Paz (2018). *mixup: Beyond empirical risk minimization.*
#   [arXiv:1710.09412](https://arxiv.org/abs/1710.09412)
# - Yun, Han, Oh, Chun, Choe, Yoo (2019). *CutMix: Regularization strategy to train
#   strong classifiers with localizable features.*
#   [arXiv:1905.04899](https://arxiv.org/abs/1905.04899)
# - DeVries, Taylor (2017). *Improved regularization of convolutional neural networks with
#   Cutout.* [arXiv:1708.04552](https://arxiv.org/abs/1708.04552)
# - Müller, Kornblith, Hinton (2019). *When does label smoothing help?*
#   [arXiv:1906.02629](https://arxiv.org/abs/1906.02629)
# - Thulasidasan, Chennupati, Bilmes, Bhattacharya, Michalak (2019). *On mixup training:
#   improved calibration and predictive uncertainty for deep neural networks.*
#   [arXiv:1905.11001](https://arxiv.org/abs/1905.11001)
# - Guo, Pleiss, Sun, Weinberger (2017). *On calibration of modern neural networks.*
#   [arXiv:1706.04599](https://arxiv.org/abs/1706.04599)
# - Li, Wang, Liu, Tian, Wu, Tan, Jin, Li (2022). *OpenMixup: Open mixup toolbox and
#   benchmark.* [arXiv:2209.04851](https://arxiv.org/abs/2209.04851),
#   [tables](https://openmixup.readthedocs.io/en/latest/mixup_benchmarks/Mixup_imagenet.html)
# - Xiao, Rasul, Vollgraf (2017). *Fashion-MNIST.*
#   [arXiv:1708.07747](https://arxiv.org/abs/1708.07747)
#
# **Next:** [08 · Distillation](../08_distillation/08_distillation.ipynb) takes its soft
# targets from somewhere better than a coin: from another network.
