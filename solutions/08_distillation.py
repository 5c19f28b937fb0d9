# %% [markdown]
# # 08 · What does a teacher know that the label does not say?
#
# In 2015 Geoffrey Hinton, Oriol Vinyals and Jeff Dean trained a large network on the
# handwritten digits of MNIST, with dropout, with shifted copies of the images and with
# everything else that helped. It made 67 errors on the 10,000 test images; a smaller
# network without any regularization made 146. Then they trained the small network once
# more, on the same images, and changed only what it was told: beside the label it got
# the large network's *whole answer* to each image, all ten probabilities. This time it
# made 74 errors. In the authors' words, the small network was "regularized solely by
# adding the additional task" of agreeing with the large one (Hinton and others 2015,
# section 3).
#
# That is strange. The large network had learned from the very same labels. Where should
# knowledge come from that was not in them?
#
# Training one network, the *student*, on the answers of another, the *teacher*, is
# called *distillation*. In this notebook you will write it, take the answers apart to
# see what they contain, and measure when a teacher helps, when the student has to train
# longer to profit from it, and when a teacher harms.
#
# When you are done you can
#
# - write the distillation loss, and derive in four lines why $T^2$ stands in it,
# - ask a teacher for answers without changing one number in it,
# - say which part of a gain comes from the teacher's doubt, which from its knowledge of
#   similar classes, and which from more images,
# - name the settings in which distillation brings nothing or does harm.
#
# **You need:** notebook 00 (the training loop), notebook 01 (bias and variance), notebook
# 02 (train and eval mode).
# **Time:** about 120 minutes; the computing takes about a minute on a slow CPU.

# %% setup
import copy
import math

import torch
import torch.nn.functional as F
from torch import nn

import helpers
from helpers import data
from helpers.checks import load, look
from helpers.demos import distillation as demos_distillation
from helpers.device import device
from helpers.evidence.arms import train_arm, train_arms
from helpers.evidence.claims import claim, results
from helpers.evidence.distillation import (
    answer_cost,
    lesson_loss,
    lessons,
    margin,
    recall_precision,
    train_students,
)
from helpers.evidence.distillation import confidence_only as doubt_only
from helpers.evidence.metrics import accuracy
from helpers.population import mlp
from helpers.show import plots
from helpers.show.labels import labeled_images
from helpers.study.predictions import predict, recall
from helpers.study.quick_checks import quick_check
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import Batches, evaluate, fit, one_thread

plots.use_course_style()
check = load("08_distillation")

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("08_distillation")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## The data
#
# Fashion-MNIST again, 14 × 14 gray pixels, ten kinds of clothes. The teacher learns
# from 3,000 labeled images. The student knows the labels of the first 200 of them, 20
# of each class. Another 3,000 images play the pictures that are cheap to collect and
# expensive to label: nobody here may see their labels. All accuracies are measured on
# 4,000 validation images.

# %%
SEEDS = range(8)
DEVICE = device()
splits = data.fashion_mnist(6000, 4000, size=14, flat=True, device=DEVICE)
train = data.Split(*(part[:3000] for part in splits.train))  # x (3000, 196)
unlabeled = splits.train.x[3000:]  # (3000, 196), without labels
few = data.Split(train.x[:200], train.y[:200])
val = splits.val

# %% figure
names = [data.CLASS_NAMES[k] for k in few.y[:10].tolist()]
fig = labeled_images(few.x[:10], names, names, title="Ten of the student's 200 images")
plots.show(fig, alt="Ten small gray images of clothes with their labels.")

# %% [markdown]
# Guessing gets 10 % right. A good convolutional network that learns from all 60,000
# images at full size gets about 93 % (the data set's own page lists many); with 3,000
# small images and plain networks we will stay in the lower eighties.
#
# ## One student, two kinds of targets
#
# Let us begin with one teacher and one student, in a plain loop. `F.cross_entropy` accepts
# class numbers as targets, but also one probability per class, so the same loop can teach
# from labels or from answers.


# %%
@one_thread()
def learn(model, x, targets, steps=600):
    """Train by AdamW on batches of 50; return the model in eval mode."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    order = torch.Generator().manual_seed(0)
    for _ in range(steps):
        batch = torch.randint(len(x), (50,), generator=order)
        loss = F.cross_entropy(model(x[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


# %% [markdown]
# The teacher has two hidden layers of 64 units and learns from all 3,000 labels. The
# student has one layer of 32 units and 200 images. It is trained twice, from the same
# first weights: once on the labels, and once on the teacher's softmax, ten probabilities
# for each image.


# %%
def build(*widths):
    torch.manual_seed(0)
    return mlp(widths).to(DEVICE)


teacher = learn(build(196, 64, 64, 10), train.x, train.y)
with torch.no_grad():
    answers = teacher(few.x).softmax(1)  # (200, 10)
told_labels = learn(build(196, 32, 10), few.x, few.y)
told_answers = learn(build(196, 32, 10), few.x, answers)
for name, model in (
    ("teacher, 3,000 labels", teacher),
    ("student, 200 labels", told_labels),
    ("student, 200 answers", told_answers),
):
    print(f"{name:22} {100 * accuracy(model(val.x), val.y):.1f} %")
agree = (answers.argmax(1) == few.y).float().mean()
print(f"the teacher's first choice is the label for {agree:.0%} of the 200")

# %% [markdown]
# The student with labels stays seven points behind its teacher. The student with
# answers, to the *same 200 images* and for the same number of steps, makes up three of
# them. For 87 % of the images the teacher's first choice is simply the label. So is it
# the rest of the answer that helps?
#
# One run of each could be an accident. From here on we train *populations*: eight
# teachers and eight students at a time, student $k$ listening to teacher $k$. They
# differ in their initialization and in the order of their batches; the split stays the
# same. `train_arm` trains the networks of one arm, one per seed. What it returns has
# their accuracies in percent, of which `final` are those on the validation images at the
# end. First the teachers:


# %%
def teach(targets, epochs=12):
    """Train eight teachers on the 3,000 images."""
    shared = {"val": val, "seeds": SEEDS, "batch_size": 100, "lr": 2e-3}
    images = (train.x, targets)
    return train_arm(lambda: mlp((196, 64, 64, 10)), images, epochs=epochs, **shared)


teachers = teach(train.y)

# %% [markdown]
# Then the students. `train_students` is `train_arm` with a loss that fits what they are
# told, labels or, later, a teacher's answers. Every 600 steps their validation accuracy
# is recorded: the result's `val` has a row per seed and a column per record.

# %%
STUDENT = {"val": val, "seeds": SEEDS, "steps": 600, "batch_size": 50, "lr": 2e-3}
STUDENT |= {"record_every": 600, "record_size": 200}


def small():
    return mlp((196, 32, 10))


def study(x, told, **changes):
    """Train small students, eight unless `changes` says otherwise."""
    return train_students(small, x, told, **{**STUDENT, **changes})


alone = study(*few)

# %% results
initial = "8 initializations and batch orders; one split"
points = {"unit": "accuracy points"}
with results(varies=initial) as table:
    table.arms(
        {
            "teacher, validation": teachers.final,
            "student with 200 labels, on these 200": alone.train[:, -1],
            "student with 200 labels, validation": alone.final,
        },
        unit="% accuracy",
        digits=1,
    )

# %% [markdown]
# The students know every one of their 200 labels, so labels can teach them nothing
# more, and still they are eight points behind. A label says little: it names one of ten
# classes and is silent about the other nine.
#
# ## The whole answer, and how to read it
#
# What does the teacher say about the other nine? Often very little. A network that is
# sure of itself gives its first choice 0.999 and leaves a thousandth to the rest, so
# that the cross-entropy with such targets is nearly that with labels. But look at the
# *ratios* in that thousandth. Suppose a picture of a sneaker gets $10^{-4}$ for ankle
# boot and $10^{-9}$ for shirt. Then the teacher finds a boot a hundred thousand times
# likelier than a shirt, and that is knowledge about pictures of shoes. Hinton calls it
# *dark knowledge* in his talks.
#
# To bring it to light, divide the logits $z_k$ by a **temperature** $T$ before the
# softmax:
#
# $$p_k^{(T)} = \frac{\exp(z_k / T)}{\sum_j \exp(z_j / T)} .$$
#
# What does that do to a ratio? The sums cancel, and $p_k^{(T)} / p_j^{(T)} =
# \exp\big((z_k - z_j)/T\big)$, which is the $T$-th root of the ratio at $T = 1$. With
# $T = 4$, a ratio of $10^5$ becomes about 18. The order stays (a root of a number above
# one is above one), but small probabilities become visible. $T = 1$ is the usual
# softmax, and $T \to \infty$ makes all classes equal.
#
# Choose an image and press **Play** to raise the temperature of its answer. Which class
# becomes visible second, and does it look like the first?

# %% demo
demos_distillation.scene(
    val.x[:10], val.y[:10], teachers.logits(val.x[:10])[0], data.CLASS_NAMES
).show()

# %% [markdown]
# ### Exercise 8.1 · Softened answers (1 point, ~5 min)
#
# **Given** `logits`, floating, of any shape (..., K), and a `temperature` > 0.
# **Return** the softmax of logits divided by temperature, over the **last** dimension.
# A tensor like `logits`; gradients flow through it, and logits of ±10,000 are no
# problem.
#
# **By hand:** logits $(2 \ln 3, 0)$. At $T = 1$ the exponentials are 9 and 1, so the
# answer is (0.9, 0.1). At $T = 2$ they are 3 and 1: (0.75, 0.25).
#
# <details><summary>Hint 1</summary>
# Divide first, then softmax. A larger temperature makes differences smaller.
# </details>
# <details><summary>Hint 2</summary>
# <code>dim=1</code> is the last dimension of a matrix only. Which number means "the last
# one" whatever the shape?
# </details>
# <details><summary>Hint 3</summary>
# <code>torch.softmax(…, dim=-1)</code> of <code>logits / temperature</code>.
# </details>


# %% solution="soften"
def soften(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return softmax(logits / temperature) over the last dimension (about 1 line).

    Args:
        logits: floating, (..., K).
        temperature: > 0; 1 is the usual softmax, more is softer.

    Returns: probabilities like logits. Example: soften(torch.tensor([2.1972, 0.0]), 2.0)
    gives [0.75, 0.25].
    """
    ### BEGIN SOLUTION
    return (logits / temperature).softmax(-1)
    ### END SOLUTION


# %% [markdown]
# The example worked by hand, at both temperatures.

# %% look
z = torch.tensor([2 * math.log(3), 0.0])
look(lambda: soften(z, 1.0), torch.tensor([0.9, 0.1]))
look(lambda: soften(z, 2.0), torch.tensor([0.75, 0.25]))

# %% test="soften" points=1
check.soften(soften)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("08_distillation").soften(soften, seed=20_151)
### END HIDDEN TESTS

# %% [markdown]
# ## Are the small numbers knowledge?
#
# They could be noise. If they are knowledge, classes that look alike should get more of
# them. Take the answers of all eight teachers to the validation images at $T = 4$, and
# average them over the images of each class.

# %% figure
warm = (teachers.logits(val.x) / 4).softmax(-1)  # (8, 4000, 10)
by_class = torch.stack([warm[:, val.y == k].mean(1) for k in range(10)], 1)
fig, ax = plots.figure()
fig.set_size_inches(7.5, 5)
plots.heatmap(
    100 * by_class.mean(0),
    x=data.CLASS_NAMES,
    y=data.CLASS_NAMES,
    label="mean probability (%)",
    fmt=".0f",
    ax=ax,
)
ax.tick_params("x", rotation=60)
ax.set(xlabel="class in the answer", ylabel="true class of the image")
ax.set_title("Teachers at T = 4: shoes resemble shoes, and shirts resemble coats")
plots.show(
    fig,
    alt="Table of mean probabilities: large on the diagonal, then among the three kinds of "
    "shoes and among shirts, pullovers, coats and T-shirts.",
)

# %% [markdown]
# Read the row of the sneaker. Of what it does not give to "sneaker", the teacher gives
# more than half to the other two kinds of shoes, two classes of nine. Nobody told it
# that there is such a thing as a shoe.
#
# **Quick check.** One question on what you have just read; your answer is kept.

# %%
quick_check("why-temperature")

# %% [markdown]
# ## The loss
#
# Let $p^{(T)}$ be the teacher's softened answer and $q^{(T)}$ the student's. They
# should agree, and without temperature the student should also agree with the label
# $y$. How far apart two answers are is measured by the Kullback–Leibler divergence, and
# a weight $\alpha$ says how much the teacher counts against the label:
#
# $$L = \alpha \, T^2 \, \mathrm{KL}\big(p^{(T)} \,\Vert\, q^{(T)}\big)
# + (1 - \alpha) \, \mathrm{CE}(q^{(1)}, y), \qquad
# \mathrm{KL}(p \Vert q) = \sum_k p_k \ln \frac{p_k}{q_k} .$$
#
# Two things in it call for a reason: the direction of KL, and the $T^2$.
#
# **The direction.** Write KL as $-\sum_k p_k \ln q_k + \sum_k p_k \ln p_k$. The first
# sum is the cross-entropy with soft targets. The second contains the teacher only, so
# it has no gradient for the student. Training on KL(teacher‖student) is therefore
# training on the cross-entropy with soft targets, as in your first loop.
# KL(student‖teacher) averages under the *student's* probabilities and is another loss.
# Some books and programs call that one "the distillation loss", so look at which
# distribution stands in front of the logarithm.
#
# **The square.** What is the gradient of the soft term by the student's logit $z_k$?
# Let $v_k$ be the teacher's logits.
#
# 1. $-\sum_k p_k^{(T)} \ln q_k^{(T)}$ is a cross-entropy of the logits $z_k / T$. Its gradient
#    by $z_k/T$ is the usual $q_k^{(T)} - p_k^{(T)}$.
# 2. By the chain rule the gradient by $z_k$ itself is $\tfrac1T \big(q_k^{(T)} -
#    p_k^{(T)}\big)$. That is the first $1/T$.
# 3. For large $T$, $\exp(z_k/T) \approx 1 + z_k/T$. If we shift the logits so that their mean
#    is 0, which changes no softmax, the sum over $K$ classes is $K$, and
#    $q_k^{(T)} \approx \tfrac1K \big(1 + z_k/T\big)$. The same holds for $p$ and $v$.
# 4. Inserted into line 2, the ones cancel: the gradient is about
#    $\tfrac{1}{K T^2} (z_k - v_k)$. That is the second $1/T$.
#
# So without the factor, raising the temperature also makes the teacher's part of the
# gradient smaller, by a factor of up to $T^2$, and $\alpha$ no longer says how much the
# teacher counts. Line 4 says something else, too. At a high temperature the student
# does a *regression of logits*: its gradient is proportional to the difference of the
# two networks' (centered) logits. Regressing logits is an older way of compressing
# networks (Ba and Caruana 2014), and here it is a limit of the newer one (Hinton and others
# 2015, section 2.1).
#
# The fourth line is an approximation. How high must the temperature be for it to hold?
# Here is the length of the gradient for the students and teachers that you have
# trained, without the factor and with it.

# %% experiment
temperatures = [1.0, 2.0, 5.0, 10.0, 20.0, 40.0]
ours, theirs = alone.logits(val.x[:500]), teachers.logits(val.x[:500])


def kl_gradient(T):
    """Gradient of KL by the student's logits, line 2: (8, 500, 10)."""
    return ((ours / T).softmax(-1) - (theirs / T).softmax(-1)) / T


lengths = torch.stack(
    [kl_gradient(T).norm(dim=-1).mean(1) for T in temperatures], 1
).cpu()  # (8 seeds, 6 temperatures)

# %% figure
fig = demos_distillation.gradient_sizes(temperatures, lengths)
plots.show(
    fig,
    alt="Left, without the factor, the gradient falls from 0.3 to less than 0.001, from "
    "T = 10 on along a line of 1/T². Right, times T², it rises and levels off there.",
)

# %% [markdown]
# From $T = 10$ on the left curve follows $1/T^2$, and the right one is nearly level:
# there $\alpha$ means the same at every temperature. Below, the right curve still
# climbs, because the logits are not small against $T$. The factor makes temperatures
# roughly, not exactly, comparable.
#
# ### Exercise 8.2 · The distillation loss (3 points, ~15 min)
#
# **Given** `student_logits` and `teacher_logits` (N, K), `labels` (N,) int64, a
# `temperature` > 0, and `alpha` in [0, 1].
# **Return** the loss $L$ above, a 0-dim tensor. KL is summed over classes and averaged
# over examples; the hard loss is the usual mean cross-entropy, without temperature.
# No gradient reaches the teacher. Finite for logits of ±10,000.
#
# **By hand:** student (0, 0), teacher $(2 \ln 3, 0)$, label 0, $T = 2$, $\alpha = 0.5$.
# The teacher says (0.75, 0.25), the student (0.5, 0.5):
# $\mathrm{KL} = 0.75 \ln 1.5 + 0.25 \ln 0.5 = 0.1308$, times 4 is 0.5232. The hard loss
# is $\ln 2 = 0.6931$. Half of each: **0.6082**.
#
# <details><summary>Hint 1</summary>
# The teacher is a constant: <code>teacher_logits.detach()</code>. Take logarithms by
# <code>log_softmax</code>, never <code>softmax(…).log()</code>: think of log 0.
# </details>
# <details><summary>Hint 2</summary>
# With log-probabilities <code>log_p</code> of the teacher and <code>log_q</code> of
# the student, KL is the sum over classes of <code>log_p.exp() * (log_p - log_q)</code>.
# <code>F.kl_div</code> takes the student first, and its <code>reduction="mean"</code>
# divides by N·K.
# </details>
# <details><summary>Hint 3</summary>
# <code>soft = (log_p.exp() * (log_p - log_q)).sum(1).mean()</code>, <code>hard =
# F.cross_entropy(student_logits, labels)</code>, and
# <code>alpha * temperature**2 * soft + (1 - alpha) * hard</code>.
# </details>


# %% solution="distillation_loss"
def distillation_loss(
    student_logits: torch.Tensor,
    teacher_logits: torch.Tensor,
    labels: torch.Tensor,
    temperature: float,
    alpha: float,
) -> torch.Tensor:
    """Return alpha·T²·KL(teacher‖student) + (1-alpha)·CE (about 5 lines).

    Args:
        student_logits, teacher_logits: floating (N, K).
        labels: classes, int64 (N,).
        temperature: softens both in KL, > 0; not used in the cross-entropy.
        alpha: weight of the teacher, in [0, 1].

    Returns: 0-dim tensor in nats, the mean over examples; its gradient reaches the
    student only. Example: logits [[0, 0]] and [[2.1972, 0]], label 0, temperature 2,
    alpha 0.5 give 0.6082.
    """
    ### BEGIN SOLUTION
    log_p = (teacher_logits.detach() / temperature).log_softmax(1)
    log_q = (student_logits / temperature).log_softmax(1)
    soft = (log_p.exp() * (log_p - log_q)).sum(1).mean()
    hard = F.cross_entropy(student_logits, labels)
    return alpha * temperature**2 * soft + (1 - alpha) * hard
    ### END SOLUTION


# %% [markdown]
# The example worked by hand; then both losses alone.


# %% look
def by_hand(alpha):
    z, v = torch.zeros(1, 2), torch.tensor([[2 * math.log(3), 0.0]])
    return distillation_loss(z, v, torch.tensor([0]), 2.0, alpha)


look(lambda: by_hand(0.5), torch.tensor(0.6082))
look(lambda: [by_hand(1.0), by_hand(0.0)], [torch.tensor(0.5232), torch.tensor(0.6931)])

# %% test="distillation_loss" points=3
check.distillation_loss(distillation_loss)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("08_distillation").distillation_loss(distillation_loss, seed=15_032)
### END HIDDEN TESTS

# %% [markdown]
# ### Bug hunt
#
# Here is the soft term in one line with PyTorch's own function. It runs without an
# error, and the loss goes down nicely. Run it, look at the numbers, and say what cannot
# be right *before* you open the fold.


# %%
def suspect(student_logits, teacher_logits, T):
    q = (student_logits / T).softmax(1)
    p = (teacher_logits / T).softmax(1)
    return T**2 * F.kl_div(q, p, reduction="batchmean")


wanted = teachers.logits(few.x)[0]
novice = build(196, 32, 10)
optimizer = torch.optim.AdamW(novice.parameters(), lr=2e-3)
for step in range(201):
    loss = suspect(novice(few.x), wanted, 4.0)
    if step % 50 == 0:
        right = helpers.distillation_loss(novice(few.x), wanted, few.y, 4.0, 1.0)
        print(f"step {step:3}: its loss {loss:6.2f}, true T² · KL {right:5.2f}")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% [markdown]
# <details><summary>What is wrong</summary>
#
# The loss is *negative*. A Kullback–Leibler divergence never is (it is 0 only where
# both answers agree), so whatever this number is, it is none. `F.kl_div` expects the
# logarithm of the student's probabilities as its first argument and got the
# probabilities. It then computes $\sum_k p_k (\ln p_k - q_k)$, whose gradient by $q_k$
# is $-p_k$. To make that small, the student has to put everything on the class with the
# largest $p_k$. It learns the first choice and throws the rest of the answer away: the
# true divergence, in the last column, *grows* about fivefold while the loss goes down.
# The cure is `log_softmax` for the student. The symptom to remember: a KL below zero.
# </details>

# %% [markdown]
# ## Keep your hands off the teacher
#
# Now the epoch. It is that of notebook 00 (exercise 0.1) with one more forward pass,
# the teacher's. The teacher only answers, so what could go wrong? Take a teacher with
# BatchNorm and have it answer about shoes as a careless loop would: in train mode, but
# under `torch.no_grad()`, three times over.

# %% predict
predict(
    "distillation.drift",
    "What has changed in the teacher afterwards?",
    ["nothing: no_grad protects it", "its weights", "its BatchNorm statistics"],
)


# %% experiment
def with_batch_norm(width=64):
    layers = nn.Linear(196, width), nn.BatchNorm1d(width), nn.ReLU()
    return nn.Sequential(*layers, nn.Linear(width, 10)).to(DEVICE)


@torch.no_grad()
def careless(teacher, x):
    """Let the teacher answer about x, three times, in train mode."""
    for batch in [*x.split(50)] * 3:
        teacher.train()(batch)


shoes = torch.tensor([5, 7, 9], device=DEVICE)  # sandal, sneaker, ankle boot
footwear = train.x[torch.isin(train.y, shoes)]  # (900, 196)

# %% experiment
before, after, moved = [], [], set()
for seed in SEEDS:
    torch.manual_seed(seed)
    normed = with_batch_norm()
    fit(normed, train, epochs=4, batch_size=100, seed=seed, progress=False)
    saved = copy.deepcopy(normed.state_dict())
    with one_thread():
        before.append(100 * evaluate(normed, val).accuracy)
        careless(normed, footwear)
        after.append(100 * evaluate(normed, val).accuracy)
    now = normed.state_dict()
    moved |= {name for name in saved if not now[name].equal(saved[name])}
print("changed:", *sorted(moved))

# %% results
with results(varies=initial) as table:
    table.arms(
        {"before": before, "after answering about shoes": after},
        paired_with="before",
        unit="% accuracy on all ten classes, in eval mode",
        digits=1,
    )
    claim(
        "distillation.drift",
        "A teacher that answers in train mode forgets, under no_grad, too.",
        torch.tensor(after) - torch.tensor(before),
        "< 0",
        **points,
    )
    recall("distillation.drift", 3)

# %% [markdown]
# No weight has moved. But BatchNorm keeps running statistics of what it sees (notebook
# 10, *What BatchNorm computes*), and in train mode every forward pass updates them,
# gradients or not. After three rounds they are the statistics of shoes, every other
# image is normalized by the wrong mean and variance, and twelve points are gone.
# Dropout would be a second problem, because a teacher in train mode drops units and so
# answers at random. There are two switches, and you need both: `eval()` for what the
# layers do, `no_grad()` for what autograd records.
#
# ### Exercise 8.3 · An epoch with a teacher (3 points, ~15 min)
#
# **Given** `student` and `teacher` (modules that give logits, in any mode), `batches`
# of (inputs, labels), an `optimizer` of the student's parameters, `temperature`,
# `alpha`.
# **Do** one epoch: for each batch one step on
# `helpers.distillation_loss(student_logits, teacher_logits, labels, temperature,
# alpha)`. (The course's own, with the dot: then this exercise does not depend on your
# 8.2.) Gradients from before the call do not count.
# **Return** the mean loss per *example* as a float, each batch's loss as computed
# before its update.
#
# The student learns, and ends, in train mode. The teacher answers in eval mode; its
# parameters, buffers and gradients are not touched, nor whether they want gradients
# (`requires_grad`; whoever switches it off switches it back on). A teacher that came in
# eval mode leaves in eval mode; one that came in train mode may leave in either.
#
# **By hand:** two batches, of 2 examples with mean loss 0.3 and of 1 with loss 0.6:
# the mean per example is $(2 \cdot 0.3 + 0.6) / 3 = 0.4$, not 0.45.
#
# <details><summary>Hint 1</summary>
# It is the epoch of notebook 00, with one more forward pass in it.
# </details>
# <details><summary>Hint 2</summary>
# Modes come before the loop: <code>student.train()</code>, <code>teacher.eval()</code>.
# The teacher's forward pass stands under <code>torch.no_grad()</code>; the student's
# does not.
# </details>
# <details><summary>Hint 3</summary>
# In the loop: <code>with torch.no_grad(): wanted = teacher(x)</code>, then <code>loss =
# helpers.distillation_loss(student(x), wanted, y, temperature, alpha)</code>, the usual
# three lines of an update, and <code>total += loss.item() * len(y)</code>.
# </details>


# %% solution="distill_epoch"
def distill_epoch(
    student: nn.Module,
    teacher: nn.Module,
    batches,
    optimizer: torch.optim.Optimizer,
    temperature: float,
    alpha: float,
) -> float:
    """Train the student for one epoch; return the mean loss (about 13 lines).

    Args:
        student, teacher: modules x -> logits (N, K), in any mode.
        batches: yields (inputs, labels); the last one may be smaller.
        optimizer: holds the student's parameters.
        temperature, alpha: of `helpers.distillation_loss`.

    Returns: mean loss per example. Example: batches of 2 and 1 examples with losses
    0.3 and 0.6 give 0.4.
    """
    ### BEGIN SOLUTION
    student.train()
    teacher.eval()
    total, count = 0.0, 0
    for x, y in batches:
        with torch.no_grad():
            wanted = teacher(x)
        loss = helpers.distillation_loss(student(x), wanted, y, temperature, alpha)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count
    ### END SOLUTION


# %% [markdown]
# Two batches, of 2 examples and of 1. All weights are 0 at first and the learning rate
# is tiny, so that the student says (½, ½) throughout. The teacher says (0.75, 0.25) at
# $T = 2$, so every loss is the 0.6082 of exercise 8.2.


# %% look
def one_epoch():
    student, teacher = nn.Linear(1, 2), nn.Linear(1, 2)
    nn.init.zeros_(teacher.weight)
    teacher.bias.data = torch.tensor([2 * math.log(3), 0.0])
    for parameter in student.parameters():
        nn.init.zeros_(parameter)
    batches = Batches(torch.ones(3, 1), torch.zeros(3, dtype=torch.int64), 2)
    optimizer = torch.optim.SGD(student.parameters(), lr=1e-9)
    return distill_epoch(student, teacher, batches, optimizer, 2.0, 0.5)


look(one_epoch, 0.6082)

# %% test="distill_epoch" points=3
check.distill_epoch(distill_epoch)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("08_distillation").distill_epoch(distill_epoch, seed=27_183)
### END HIDDEN TESTS

# %% [markdown]
# Where the inputs never change, you can ask the teacher once and save a forward pass in
# every step. The experiments below do that: `lessons(targets, labels, temperature,
# alpha)` from the course's helpers puts the soft targets, the label and both settings
# into one tensor, and its loss is your exercise 8.2 without the teacher's entropy,
# which has no gradient. With random augmentation (notebook 07) the teacher has to see
# the same augmented image as the student, and you have to ask it in every step.
#
# ## How much do the answers add?
#
# We keep the 200 images and the seeds, and change only the targets: the label, the
# teacher's first choice used as a label (a *pseudo-label*), or the teacher's soft
# answer ($T = 4$, $\alpha = 0.9$, the defaults of `lessons`, set before the first run and
# kept). We look after 600 and after 1,200 steps.

# %% predict
predict(
    "distillation.few",
    "The same 200 images. What do the teacher's soft answers add to accuracy?",
    ["nothing: no image is new", "up to 3 points", "more than 3 points"],
)

# %% experiment
word = teachers.logits(train.x)  # (8, 3000, 10), asked once
soft = (word / 4).softmax(-1)
few_arms = {
    "labels": study(few.x, few.y, steps=1200),
    "first choice": study(few.x, word[:, :200].argmax(-1), steps=1200),
    "soft answers": study(few.x, lessons(soft[:, :200], few.y), steps=1200),
}

# %% figure
fig, panels = plots.figure(2, sharey=True)
for look_at, (panel, steps) in enumerate(zip(panels, (600, 1200), strict=True)):
    for place, (kind, run) in enumerate(few_arms.items()):
        color = demos_distillation.COLORS[kind]
        panel.plot([place] * 8, run.val[:, look_at], "o", color=color, alpha=0.6)
        panel.plot(place, run.val[:, look_at].mean(), "_", color=color, ms=28, mew=3)
    panel.axhline(teachers.final.mean(), color="#808080", linestyle=":")
    panel.set_xticks(range(3), few_arms)
    panel.set(title=f"After {steps:,} steps", xlim=(-0.6, 2.6))
panels[0].set_ylabel("validation accuracy (%)")
panels[0].text(-0.5, teachers.final.mean() - 0.1, "the teachers' mean", va="top")
fig.suptitle("Same images: soft answers help much, first choices a little")
plots.show(
    fig,
    alt="Dots per student: soft answers near 80 %, labels and first choices near 75 and "
    "76 %, the teachers' mean near 83 %; the same at both lengths.",
    after="distillation.few",
)

# %% results
gain = few_arms["soft answers"].val[:, 0] - few_arms["labels"].val[:, 0]
with results(varies=initial) as table:
    for look_at, steps in enumerate((600, 1200)):
        table.arms(
            {kind: run.val[:, look_at] for kind, run in few_arms.items()},
            paired_with="labels",
            unit=f"% accuracy after {steps:,} steps",
        )
    claim(
        "distillation.few-labels",
        "The teacher's soft answers to the same 200 images help.",
        gain,
        "> 0",
        **points,
    )
    recall("distillation.few", 3)

# %% [markdown]
# Soft answers gain almost five points without a new image or a new label for the
# student, and the gain does not fade with twice the training. The teacher's first
# choice alone is worth about one point: it differs from the label only where the
# teacher finds another class more plausible. Most of the gain needs the other numbers.
#
# The sealed test part has the last word, once, on the two arms that matter.

# %% experiment
test = splits.test.open("soft answers against labels, 200 images")
on_test = {
    kind: 100
    * (few_arms[kind].logits(test.x).argmax(-1) == test.y).float().mean(1).cpu()
    for kind in ("labels", "soft answers")
}

# %% results
with results(varies=initial) as table:
    table.arms(on_test, paired_with="labels", unit="% test accuracy after 1,200 steps")

# %% [markdown]
# ## Why soft targets can help: a label is one draw
#
# On the test images, too, the gain is about five points. The teacher has learned from
# more labels, but all that the student gets of them are answers to the same 200 images.
# How can they help? Here is one explanation (Menon and others 2021). Take a blurred little
# picture. Suppose that of all pictures that look just like it, 70 % are pullovers and
# 30 % coats: $p(y \mid x) = (0.7, 0.3)$. Your training set holds this picture once, and
# its label is *one draw* from that distribution. In three cases of ten it says coat,
# and then the student is punished for the better answer.
#
# What we would like to minimize is the average over all possible labels, $R =
# \mathbb{E}_x \, \mathbb{E}_{y \mid x}\, \ell(y, x)$, with $\ell(y, x) = -\ln q_y(x)$.
# Labels estimate it by $\ell(y, x)$, one draw for each image. If somebody told us $p(y
# \mid x)$, we could do the inner average on paper: $\sum_k p_k(x)\, \ell(k, x)$, which
# is the cross-entropy with soft targets. Both have the same mean. Their variances
# differ, by the law of total variance:
#
# $$\operatorname{Var}\big[\ell(y, x)\big] =
# \underbrace{\operatorname{Var}_x\Big[\textstyle\sum_k p_k(x)\, \ell(k, x)\Big]}_{\text{soft
# targets}} + \underbrace{\mathbb{E}_x \operatorname{Var}_{y\mid x}\big[\ell(y,
# x)\big]}_{\text{the draw of the label}} .$$
#
# The second term is never negative, and exact soft targets remove it. The gradient is an
# average of the same kind, with $q - y$ in the place of $\ell$, so its variance falls
# in the same way. With few images this noise is what the student learns by heart.
#
# There is a catch. Nobody knows $p(y\mid x)$. A teacher's answer is an *estimate* of
# it, and where the estimate is off, the soft loss has another mean than the true one.
# So the teacher takes variance away and brings some bias in (notebook 01, *Trading
# variance for bias*), and that pays as long as the teacher's probabilities are good.
# Whose are better, those of one trained network or those of an *ensemble*, the average
# of several? To ask an ensemble, we have to combine its answers first.
#
# ### Exercise 8.4 · Targets from an ensemble (1 point, ~6 min)
#
# **Given** `logits` (M, N, K) of M networks on the same N inputs, and a positive
# `temperature`.
# **Return** the mean over networks of their softened probabilities, (N, K).
#
# **By hand:** two networks, one image, $T = 1$: logits $(\ln 9, 0)$ say (0.9, 0.1),
# logits (0, 0) say (0.5, 0.5). The mean is (0.7, 0.3). Averaging the *logits* would
# give $(\ln 3, 0)$, so (0.75, 0.25).
#
# <details><summary>Hint 1</summary>
# Soften each network's answer first, then average.
# </details>
# <details><summary>Hint 2</summary>
# Over which dimension runs the softmax, and over which the mean?
# </details>
# <details><summary>Hint 3</summary>
# <code>(logits / temperature).softmax(-1)</code>, then <code>.mean(0)</code>.
# </details>


# %% solution="ensemble_targets"
def ensemble_targets(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return the networks' mean softened probabilities (about 1 line).

    Args:
        logits: floating (M, N, K), of M networks.
        temperature: > 0.

    Returns: probabilities (N, K). Example: logits [[[2.1972, 0.0]], [[0.0, 0.0]]] at
    temperature 1 give [[0.7, 0.3]].
    """
    ### BEGIN SOLUTION
    return (logits / temperature).softmax(-1).mean(0)
    ### END SOLUTION


# %% [markdown]
# The example worked by hand.

# %% look
z = torch.tensor([[[math.log(9), 0.0]], [[0.0, 0.0]]])
look(lambda: ensemble_targets(z, 1.0), torch.tensor([[0.7, 0.3]]))

# %% test="ensemble_targets" points=1
check.ensemble_targets(ensemble_targets)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("08_distillation").ensemble_targets(ensemble_targets, seed=20_060)
### END HIDDEN TESTS

# %% [markdown]
# Now measure both. Take one finished student (200 labels) and estimate its loss on 200
# validation images, drawn anew 2,000 times, in three ways: from the true labels, from
# the answers of one teacher, and from those of the ensemble of all eight (at $T = 1$,
# because here the probabilities themselves are wanted).

# %% predict
predict(
    "distillation.spread",
    "Which of the two teachers' estimates has about the same *mean* as the labels'?",
    ["one teacher's only", "the ensemble's only", "both", "neither"],
)

# %% experiment
said = teachers.logits(val.x).softmax(-1)  # (8, 4000, 10)
log_q = alone.logits(val.x)[0].log_softmax(-1)  # the student, (4000, 10)
each = {
    "labels": -log_q[torch.arange(4000), val.y],
    "one teacher": -(said[0] * log_q).sum(1),
    "ensemble": -(said.mean(0) * log_q).sum(1),
}
samples = torch.randint(
    4000, (2000, 200), generator=torch.Generator().manual_seed(0)
).to(DEVICE)
estimates = {kind: loss[samples].mean(1).cpu() for kind, loss in each.items()}

# %% figure
fig = demos_distillation.loss_spread(estimates)
fig.axes[0].set_title("Soft answers scatter less; the ensemble's mean is about right")
plots.show(
    fig,
    alt="Three histograms of estimated losses: the labels' is wide, both teachers' are "
    "about half as wide; the ensemble's has the labels' mean, one teacher's is lower.",
    after="distillation.spread",
)

# %% results
with results(after="distillation.spread"):
    recall("distillation.spread", 2)

# %% [markdown]
# The legend has the numbers. The labels' estimates scatter almost twice as widely as
# those from soft answers, so their variance is about three times as large: an equally
# quiet estimate from labels would need three times as many images. The ensemble's mean
# is within 0.03 of the labels'. One teacher's is too low by about 0.1, because a single
# trained network is too sure of itself as a rule (notebook 09, *A network that always
# answers*); the members of an ensemble contradict each other, which makes their mean
# less sure. (This is one student, and all samples come from the same 4,000 images: an
# illustration of the derivation.)
#
# Variance explains *that* soft answers can help, but not which of their numbers do it.
#
# ## Taking the answer apart
#
# A soft answer contains at least three things: which class comes first; how *sure* the
# teacher is of this image; and how the rest is divided among the *other* classes. "Dark
# knowledge" is the third. But the second could help, too: it tells the student which
# images to take seriously. To separate them we need an answer that keeps the teacher's
# doubt and forgets which other classes it thought of.
#
# ### Exercise 8.5 · Confidence only (1 point, ~8 min)
#
# **Given** `probs`, floating (N, K) with $K \ge 2$: one probability distribution in each
# row.
# **Return** a tensor like `probs`. Each row keeps its largest probability in its place. What
# is left, one minus it, is divided evenly among the $K - 1$ other classes. If several
# classes share the largest probability, the first of them counts as the top.
#
# **By hand:** `[0.7, 0.2, 0.1]` has 0.3 to divide between two classes: `[0.7, 0.15, 0.15]`.
# And `[0.1, 0.4, 0.5]` becomes `[0.25, 0.25, 0.5]`.
#
# <details><summary>Hint 1</summary>
# Compute what each of the other classes gets, fill the whole row with it, and then put
# the largest probability back where it was.
# </details>
# <details><summary>Hint 2</summary>
# <code>top, place = probs.max(1, keepdim=True)</code> gives both, as columns (N, 1). Each
# other class gets <code>(1 - top) / (K - 1)</code>, where K is
# <code>probs.shape[1]</code>.
# </details>
# <details><summary>Hint 3</summary>
# With <code>rest</code> for that column: <code>rest.expand_as(probs).scatter(1, place,
# top)</code>.
# </details>


# %% solution="confidence_only"
def confidence_only(probs: torch.Tensor) -> torch.Tensor:
    """Keep each row's top probability, and spread the rest evenly (about 3 lines).

    Args:
        probs: floating (N, K), K >= 2, rows that sum to 1.

    Returns: a tensor like probs; in a tie the first of the largest is the top.
    Example: confidence_only(torch.tensor([[0.7, 0.2, 0.1]])) gives
    [[0.7, 0.15, 0.15]].
    """
    ### BEGIN SOLUTION
    top, place = probs.max(1, keepdim=True)
    rest = (1 - top) / (probs.shape[1] - 1)
    return rest.expand_as(probs).scatter(1, place, top)
    ### END SOLUTION


# %% [markdown]
# The two rows worked by hand:

# %% look
look(
    lambda: confidence_only(torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.4, 0.5]])),
    torch.tensor([[0.7, 0.15, 0.15], [0.25, 0.25, 0.5]]),
)

# %% test="confidence_only" points=1
check.confidence_only(confidence_only)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("08_distillation").confidence_only(confidence_only, seed=20_181)
### END HIDDEN TESTS

# %% [markdown]
# Now the ladder of controls. Each takes something away from the soft answers of the
# last experiment, and everything else stays as it was:
#
# - *confidence only*: the first choice and the doubt about each image, without the
#   knowledge which other classes come near;
# - *class averages*: which other classes, but the same for all images with one label: the
#   mean answer to that class;
# - *label smoothing*: neither; the label gets $0.91$ and every other class $0.01$ (notebook
#   07; at $T = 1$, and with all of the weight);
# - *shuffled*: each answer keeps its nine smaller numbers, but they are dealt to the
#   other classes at random, image by image.

# %% [markdown]
# The first control is your exercise 8.5 (`doubt_only` is the course's own, for answers of
# several teachers at once). The last one needs a function that deals the smaller numbers
# out anew.


# %%
def shuffled(probs):
    """Keep each row's largest value in its place; deal out the others anew."""
    coins = torch.rand(probs.shape, generator=torch.Generator().manual_seed(0))
    top = probs.argmax(-1, keepdim=True)
    order = coins.to(probs).scatter(-1, top, -1.0).argsort(-1)  # the top comes first
    values = probs.sort(-1, descending=True).values
    return torch.empty_like(probs).scatter(-1, order, values)


# %% predict
predict(
    "distillation.doubt",
    "Soft answers gained almost five points. Confidence only gains ...",
    ["nothing", "about a third of that", "two thirds", "all of it"],
)
predict(
    "distillation.shuffled",
    "And shuffled answers, just as soft and just as sure:",
    ["gain as much as confidence only", "gain a little", "lose against labels"],
)

# %% experiment
averages = torch.stack([soft[:, train.y == k].mean(1) for k in range(10)], 1)
smoothing = F.one_hot(few.y, 10) * 0.9 + 0.01
controls = {
    "confidence only": lessons(doubt_only(soft[:, :200]), few.y),
    "class averages": lessons(averages[:, few.y], few.y),
    "label smoothing": lessons(smoothing, few.y, temperature=1.0, alpha=1.0),
    "shuffled": lessons(shuffled(soft[:, :200]), few.y),
}
few_arms |= {name: study(few.x, told, steps=1200) for name, told in controls.items()}

# %% figure
rungs = ["soft answers", "confidence only", "first choice"]
rungs += ["label smoothing", "class averages", "shuffled"]


def over_labels(kind, look_at=-1):
    return few_arms[kind].val[:, look_at] - few_arms["labels"].val[:, look_at]


lengths_of = {"600 steps": 0, "1,200 steps": 1}
fig = demos_distillation.ladder(
    {
        length: {kind: over_labels(kind, look_at) for kind in rungs}
        for length, look_at in lengths_of.items()
    }
)
fig.axes[0].set_title("The other classes matter most; wrong neighbors harm")
plots.show(
    fig,
    alt="Differences to labels: soft answers near plus five, confidence only near plus two, "
    "first choice plus one, label smoothing and class averages below zero, shuffled lowest.",
    after=["distillation.doubt", "distillation.shuffled"],
)

# %% results
with results(varies=initial) as table:
    for length, look_at in lengths_of.items():
        table.arms(
            {kind: few_arms[kind].val[:, look_at] for kind in ["labels", *rungs]},
            paired_with="labels",
            unit=f"%, {length}",
        )
        pair = ["first choice", "confidence only"]
        table.arms(
            {kind: few_arms[kind].val[:, look_at] for kind in pair},
            paired_with="first choice",
            unit=f"%, {length}: what the doubt adds",
        )
    claim(
        "distillation.doubt",
        "First choice and doubt, without the other classes, are better than labels.",
        over_labels("confidence only", 0),
        "> 0",
        **points,
    )
    recall("distillation.doubt", 2)
    claim(
        "distillation.which",
        "Knowing which other classes come near brings more on top.",
        few_arms["soft answers"].final - few_arms["confidence only"].final,
        "> 0",
        **points,
    )
    claim(
        "distillation.shuffled",
        "Shuffled answers are worse than labels.",
        over_labels("shuffled"),
        "< 0",
        **points,
    )
    recall("distillation.shuffled", 3)

# %% [markdown]
# After 600 steps soft answers gain 4.8 points over labels, and confidence only gains
# 1.8. So more than a third of the gain needs no knowledge of the other classes: the
# first choice alone brings 1.0, and being told which images are clear and which are not
# adds another 0.8 (the second table; these students also keep a tenth of the weight on
# the labels). The remaining 3.0 points, almost two thirds, are the dark knowledge.
#
# And whatever helps is *per image*. Class averages contain the resemblance of all
# shoes, and gain nothing. Neither does label smoothing, which is equally unsure of
# every image. After 1,200 steps both are clearly behind plain labels.
#
# The last row is a warning about experiments. It is tempting to say: "Shuffling
# destroys all of the gain, so nothing but the order of the classes matters." But
# shuffling also puts *false* knowledge in. At $T = 4$ the smaller numbers add up to
# about half of the target (look at the diagonal of the table of classes), so the
# student is told, with some force, that this sneaker resembles a shirt, and with more
# steps it learns that by heart. A control that removes a thing must not insert another.
# Furlanello and others (2018) made the same experiment with students as large as their
# teachers (*dark knowledge with permuted predictions*), beside a treatment that, like
# ours, uses the teacher's confidence alone.

# %% [markdown]
# ## Softness or more images?
#
# A teacher can also answer about pictures that nobody has labeled, and there are 3,000
# of them here. A paper that compares "200 labels" with "3,200 images and a teacher's
# soft answers" changes two things at once: **more images** and **soft targets**.
# Separate them with four kinds of students, none of which sees a true label ($\alpha =
# 1$): with the 200 images or with the 3,000 new ones, and with the teacher's first
# choice or its soft answer.

# %% predict
predict(
    "distillation.orders",
    "With 200 images soft answers beat first choices by almost 4. With 3,000 new ones?",
    [
        "about as many as with 200 images",
        "about half as many",
        "less than a point or so",
    ],
)

# %% experiment
reply = teachers.logits(unlabeled)  # (8, 3000, 10)
ignored = torch.zeros(3000, dtype=torch.int64, device=DEVICE)
told = {
    ("200", "first choice"): (few.x, word[:, :200].argmax(-1)),
    ("200", "soft answers"): (few.x, lessons(soft[:, :200], few.y, alpha=1.0)),
    ("3,000", "first choice"): (unlabeled, reply.argmax(-1)),
    ("3,000", "soft answers"): (
        unlabeled,
        lessons((reply / 4).softmax(-1), ignored, alpha=1.0),
    ),
}
corners = {name: study(x, y).final for name, (x, y) in told.items()}

# %% figure
fig = demos_distillation.two_orders({k: v.mean().item() for k, v in corners.items()})
fig.suptitle("The same total gain, credited in two orders")
plots.show(
    fig,
    alt="Two staircases from 76 to 80.5 %. Softness first: it adds 3.6, then images 1.1. "
    "Images first: they add 4.1, then softness 0.6.",
    after="distillation.orders",
)

# %% results
few_first, few_soft, many_first, many_soft = corners.values()
with results(varies=initial) as table:
    table.arms(
        {f"{images} images, {kind}": v for (images, kind), v in corners.items()},
        paired_with="200 images, first choice",
        unit="% accuracy",
    )
    claim(
        "distillation.orders",
        "Soft answers add less with 3,000 images than with 200.",
        (many_soft - many_first) - (few_soft - few_first),
        "< 0",
        **points,
    )
    recall("distillation.orders", 3)

# %% [markdown]
# Both stories are true. Whoever makes the answers soft first can write that softness
# brought 3.6 of the 4.7 points; whoever adds the images first, that *they* brought 4.1.
# There is an interaction: each makes the other nearly superfluous. The derivation above
# suggests why: a soft answer removes the noise of single labels, and so does averaging
# over many images. When you read about a gain of distillation, look for all four
# corners.
#
# <details><summary>With three times the steps</summary>
#
# Run apart from this notebook, the picture is the same: softness 4.2 and images 1.9 in
# the first order, images 5.4 and softness 0.7 in the other.
# </details>
#
# ## A true act of compression
#
# So far the teacher had more labels than the student. If both have the same 3,000, what
# remains is size. The ensemble of eight has 21 times the student's parameters, and
# ensembles are what the method was invented for: they won competitions and were too
# expensive to use (Buciluă 2006). Let the student of 32 units learn from all 3,000
# images and their labels, alone or with the ensemble ($\alpha = 0.5$), for 6,000 steps,
# ten times as long as above.

# %% predict
predict(
    "distillation.patience",
    "With all 3,000 labels: what does the ensemble add after 600 and after 6,000 steps?",
    [
        "nothing at either",
        "something after 600, nothing after 6,000",
        "nothing after 600, something after 6,000",
        "about the same at both",
    ],
)

# %% experiment
ensemble = soft.mean(0)  # ensemble_targets at T = 4: (3000, 10)
with_ensemble = lessons(ensemble, train.y, alpha=0.5)
patient = {
    "labels": study(*train, steps=6000),
    "ensemble": study(train.x, with_ensemble, steps=6000),
}
ensemble_score = 100 * accuracy(said.mean(0), val.y)

# %% figure
fig, ax = plots.figure()
for kind, run in patient.items():
    color = demos_distillation.COLORS[kind]
    style = {"color": color, "linestyle": "--" if kind == "labels" else "-"}
    label = {"labels": "labels alone"}.get(kind, f"labels and {kind}")
    plots.band(run.steps, run.val, label=label, color=style, ax=ax)
ax.axhline(ensemble_score, color="#808080", linestyle=":", label="the ensemble itself")
ax.set(xlabel="training step", ylabel="validation accuracy (%)")
ax.set_title("Labels alone level off; with the ensemble it goes on")
ax.legend()
plots.show(
    fig,
    alt="Both rise together for 1,200 steps. Labels alone level off near 84 % and sink a "
    "little; with the ensemble accuracy goes on rising, to almost 85 %.",
    after="distillation.patience",
)


# %% [markdown]
# What does each cost in use? `answer_cost` counts the parameters of the networks it is given
# and measures their processor time for answering about all 4,000 validation images.

# %% experiment
pupil = patient["ensemble"]
for name, models, score in (
    ("ensemble of 8", teachers.networks(), ensemble_score),
    ("one teacher", teachers.networks()[:1], teachers.final.mean()),
    ("their student", pupil.networks()[:1], pupil.final.mean()),
):
    parameters, milliseconds = answer_cost(models, val.x)
    print(f"{name:15}{parameters:8,} parameters {milliseconds:6.1f} ms {score:6.1f} %")

# %% results
LOOKS = {600: 0, 1800: 2, 6000: 9}
ahead = {
    steps: patient["ensemble"].val[:, at] - patient["labels"].val[:, at]
    for steps, at in LOOKS.items()
}
with results(varies=initial + "; one ensemble for all students") as table:
    for steps, at in LOOKS.items():
        table.arms(
            {kind: run.val[:, at] for kind, run in patient.items()},
            paired_with="labels",
            unit=f"% after {steps:,} steps",
        )
    claim(
        "distillation.patience",
        "After 6,000 steps the ensemble's students are ahead of those with labels alone.",
        ahead[6000],
        "> 0",
        **points,
    )
    claim(
        "distillation.grows",
        "That lead is larger than the one after 600 steps.",
        ahead[6000] - ahead[600],
        "> 0",
        **points,
    )
    recall("distillation.patience", 3)

# %% [markdown]
# Had we stopped after 600 steps, the verdict would have been "with all the labels a
# teacher adds nothing". After 6,000 the ensemble adds 1.3 points. (One teacher in its
# place, run apart: −0.5 points [−1.3, 0.3] after 600 steps, +0.8 [0.4, 1.2] after
# 6,000.) The students with labels alone stop improving near 1,800 steps. Those with an
# ensemble fit ten numbers for each image instead of one, which is harder to learn by
# heart, and keep improving. That is how a regularizer works, and an honest comparison
# gives each arm the time that it needs. Beyer and others (2021) say that a good teacher
# is *patient*: on ImageNet their students still improved after thousands of epochs.
# Even against the best look of labels alone (83.9 % after 1,800 steps) the ensemble's
# students are ahead at the end, at 84.8 %.
#
# Look at what was compressed. The ensemble reaches 84.3 %. The student has a
# twenty-first of its parameters, takes a small part of its time, and is no worse. (In
# fairness to the ensemble, its members were trained for 360 steps only.) It is also
# ahead of the single teacher, which has 2.6 times its parameters and reaches 82.9 %. A
# student can be better than its teacher.
#
# ## Which temperature?
#
# Back to 200 images. We try four temperatures with half of the weight on the teacher
# ($\alpha = 0.5$), with the factor $T^2$ and without it. Leaving the factor out amounts
# to choosing another $\alpha$: the soft and the hard term then stand in the proportion
# $\alpha$ to $1-\alpha$ instead of $\alpha T^2$ to $1-\alpha$. For $\alpha = 0.5$ that
# is the loss with the factor and a weight of $1/(1+T^2)$, up to a constant that Adam
# does not notice. `train_arms` trains all eight arms at once, with the same images, seeds
# and loss (that of `lessons`).

# %% predict
predict(
    "distillation.temperature",
    "Without T², at T = 16, the student scores ...",
    ["as with T²", "a little better than without a teacher", "worse than without one"],
)

# %% experiment
levels = [1.0, 2.0, 4.0, 16.0]
knobs = {}
for T in levels:
    softened = (word[:, :200] / T).softmax(-1)
    knobs["with T²", T] = lessons(softened, few.y, T, alpha=0.5)
    knobs["without T²", T] = lessons(softened, few.y, T, alpha=1 / (1 + T**2))
by_knob = train_arms(small, few, targets=knobs, loss_fn=lesson_loss, **STUDENT)
square, bare = (
    torch.stack([by_knob[kind, T].final - alone.final for T in levels], 1)
    for kind in ("with T²", "without T²")
)  # gains, (8 seeds, 4 temperatures)

# %% figure
soft_color = demos_distillation.COLORS["soft answers"]
ax = plots.band(levels, square, label="with T²", color=soft_color)
dashed = {"color": "#808080", "linestyle": "--"}
plots.band(levels, bare, label="without T²", color=dashed, ax=ax)
ax.axhline(0, color="#1a1a1a", lw=1, label="no teacher")
ax.set(xscale="log", xlabel="temperature T (log scale)")
ax.set_xticks(levels, [f"{T:g}" for T in levels])
ax.minorticks_off()
ax.set_ylabel("gain over labels alone (points)")
ax.set_title("Without T² a high temperature silences the teacher")
ax.legend()
plots.show(
    ax.figure,
    alt="With T²: a gain of 3.4 points at T = 1, then flat near 4.7. Without: the gain falls "
    "to about half a point at T = 16.",
    after="distillation.temperature",
)

# %% results
with results(varies=initial) as table:
    table.arms(
        {
            f"T = {T:g}, {kind} T²": values[:, k]
            for kind, values in (("with", square), ("without", bare))
            for k, T in enumerate(levels)
        },
        unit="points over labels alone",
    )
    recall("distillation.temperature", 2)

# %% [markdown]
# With the factor, everything from 2 to 16 is about the same, and only $T = 1$ is
# behind, where the small numbers stay small. So the temperature hardly needs tuning
# here, and we keep 4. Without the factor almost nothing of the gain is left at 16: the
# gradient of the soft term has shrunk, as derived, and the labels decide.
#
# ## A class that was never seen
#
# Hinton's most striking experiment: leave *all* images of one class out of the
# student's training set. The student has never seen a sneaker and knows no label
# "sneaker". All it gets is how much sneaker the teacher finds in other things. How many
# sneakers will it recognize? We train thirty students, three for each class.

# %% predict
predict(
    "distillation.never",
    "How many images of the class it never saw does a student recognize?",
    ["none", "a few per cent", "around half or more"],
)

# %% experiment
left_out = [k for k in range(10) for _ in range(3)]
rest = [train.y != k for k in left_out]  # 2,700 images each
rest_x = torch.stack([train.x[keep] for keep in rest])
rest_y = torch.stack([train.y[keep] for keep in rest])
heard = torch.stack([soft[m % 8, keep] for m, keep in enumerate(rest)])
hearsay = study(
    rest_x, lessons(heard, rest_y, alpha=1.0), own_data="xy", seeds=range(30)
)
no_teacher = study(rest_x[::3], rest_y[::3], own_data="xy", seeds=range(10))

# %% [markdown]
# One correction, which Hinton made, too: such a student names the class too seldom,
# because hardly any target put it first. So add a constant to its logit. No labels are
# needed to find it: choose it so that the class gets its tenth of 2,000 validation
# images. The other 2,000 are for measuring. We measure two things, because a student
# who says "sneaker" to everything recognizes all sneakers: *recall*, the share of the
# sneakers that is found, and *precision*, the share of those called sneakers that are
# sneakers.


# %% experiment
def hits(students, missing, fix):
    """Recall and precision of each student for its class, (10, students) each."""
    scores = []
    for k, logits in zip(missing, students.logits(val.x), strict=True):
        lead = margin(logits, k)  # logit k minus the largest other one, (4000,)
        bias = -lead[:2000].cpu().quantile(0.9) if fix else 0.0
        says, true = lead[2000:] + bias > 0, val.y[2000:] == k
        scores.append(recall_precision(says, true))
    return torch.tensor(scores).view(10, -1, 2).unbind(-1)


plain_recall, _ = hits(hearsay, left_out, fix=False)
fixed_recall, fixed_precision = hits(hearsay, left_out, fix=True)
labels_recall, _ = hits(no_teacher, left_out[::3], fix=False)

# %% figure
shares = {
    "recall": plain_recall,
    "recall, corrected": fixed_recall,
    "precision, corrected": fixed_precision,
}
ax = demos_distillation.never_seen(data.CLASS_NAMES, shares)
ax.set_title("Students recognize most images of a class they never saw")
plots.show(
    ax.figure,
    alt="For each class three dots per measure and their mean: recall from 43 to 86 %, after "
    "the correction mostly higher; precision similar; shirts are lowest.",
    after="distillation.never",
)

# %% results
with results(varies="10 classes; three students each, one without a teacher") as table:
    per_class = {kind: 100 * v.mean(1) for kind, v in shares.items()}
    no_words = 100 * labels_recall.mean(1)
    table.arms(
        {"recall, labels without a teacher": no_words, **per_class}, unit="%", digits=0
    )
    claim(
        "distillation.never-soft",
        "With soft answers some images of the class are recognized, on average over classes.",
        per_class["recall"],
        "> 0",
        unit="%",
    )
    recall("distillation.never", 3)

# %% [markdown]
# From the teacher's answers alone the students find 67 % of the images of a class they
# never saw, and 79 % after the correction, at a precision of 80 %. Without a teacher it
# is 0 %: no label could have told them. How well it works depends on the class; shirts,
# which resemble four other things, are lowest. (On MNIST, with the threes left out,
# Hinton found 98.6 % of the test threes after the correction.)
#
# ## Be your own teacher
#
# If soft answers are such good targets, why not make them oneself? Furlanello and
# others (2018) trained a network, then a second one of the *same shape* on the first
# one's answers. Their "born-again" networks got better; the best one had an error of
# 15.5 % on CIFAR-100, a record at the time. We take 1,000 images and the small network
# as its own teacher ($\alpha = 0.9$), with true labels and with 40 % false ones. The
# control has the same seeds as the born-again network, the *child*, and no teacher. We
# measure after 600 steps and, with true labels, after 2,400.

# %% predict
predict(
    "distillation.born-again",
    "True labels: the child minus the control, after 600 and after 2,400 steps?",
    [
        "it gains at both",
        "it loses at 600, and at 2,400 there is no difference to speak of",
        "it loses at both, at 2,400 even more",
    ],
)


# %% experiment
def born_again(labels, steps):
    """Child and control after as many steps as the parent had, in %."""
    x, children = train.x[:1000], range(100, 108)
    parent = study(x, labels, steps=steps)
    heritage = lessons((parent.logits(x) / 4).softmax(-1), labels)
    child = study(x, heritage, seeds=children, steps=steps)
    control = study(x, labels, seeds=children, steps=steps)
    return {"no teacher": control.final, "born again": child.final}


flipped_40, _ = data.corrupt_labels(
    train.y[:1000], 10, 0.4, torch.Generator().manual_seed(0)
)
families = {
    "true labels, 600 steps": born_again(train.y[:1000], 600),
    "true labels, 2,400 steps": born_again(train.y[:1000], 2400),
    "40 % false, 600 steps": born_again(flipped_40, 600),
}

# %% results
born = {name: f["born again"] - f["no teacher"] for name, f in families.items()}
with results(varies=initial + ", one draw of false labels") as table:
    for name, family in families.items():
        table.arms(family, paired_with="no teacher", unit=f"%, {name}")
    short, long = list(born.values())[:2]
    claim(
        "distillation.born-again-short",
        "With true labels the child is behind after 600 steps.",
        short,
        "< 0",
        **points,
    )
    claim(
        "distillation.born-again-long",
        "After 2,400 steps it is within a point of the control.",
        long,
        "within 1",
        **points,
    )
    recall("distillation.born-again", 2)

# %% [markdown]
# After 600 steps the child is 1.6 points behind, after 2,400 the two are within a
# point. So it was a question of speed: soft targets with nine tenths of the weight are
# slower to learn than labels. But there is no gain, either. With 40 % false labels
# eight seeds cannot tell the difference from zero after 600 steps.
#
# <details><summary>False labels and 3,000 steps</summary>
#
# Run apart from this notebook, the child was ahead by 2.0 points, with an interval from
# −0.2 to 4.2. By then both have learned false labels by heart and stand near 53 %, so
# stopping early would have done far more.
# </details>
#
# Furlanello's networks were far larger, had 50,000 images and were trained for much
# longer, and even so three of the eight rows of their CIFAR-10 table got worse. If you
# try it, try it beside a control without a teacher.
#
# ## A smoothed teacher
#
# Label smoothing (notebook 07, *Softer labels*) trains on targets of 0.91 and nine
# times 0.01, which makes a classifier less sure of itself. Müller, Kornblith and Hinton
# (2019) asked what it does to a *teacher*. So do we, with teachers of 12 epochs, as
# above, and of 60.

# %% predict
predict(
    "distillation.smoothing",
    "Teachers trained with smoothing for 60 epochs: they themselves, and their students?",
    [
        "better teachers, and their students gain as much",
        "better teachers, and their students gain nothing or lose",
        "worse teachers, better students",
        "no difference to speak of",
    ],
)

# %% experiment
gentle = F.one_hot(train.y, 10) * 0.9 + 0.01  # label smoothing of 0.1
schools = {
    (12, "plain"): teachers,
    (12, "smoothed"): teach(gentle, 12),
    (60, "plain"): teach(train.y, 60),
    (60, "smoothed"): teach(gentle, 60),
}

# %% experiment
pupils = {(12, "plain"): few_arms["soft answers"].val[:, 0]}
for key, run in [*schools.items()][1:]:
    answers_of = lessons((run.logits(few.x) / 4).softmax(-1), few.y)
    pupils[key] = study(few.x, answers_of).final


def shoe_share(run):
    """Of what a sneaker does not get at T = 4: the other shoes' share, in %."""
    p = (run.logits(val.x[val.y == 7]) / 4).softmax(-1).mean(1)  # (8, 10)
    return (100 * p[:, [5, 9]].sum(1) / (1 - p[:, 7])).cpu()


# %% figure
fig, panels = plots.figure(2, sharey=True)
for panel, epochs in zip(panels, (12, 60), strict=True):
    for kind, treatment in (("plain", "labels"), ("smoothed", "label smoothing")):
        p = (schools[epochs, kind].logits(val.x[val.y == 7]) / 4).softmax(-1)
        shift = 0.2 if kind == "smoothed" else -0.2
        bars = 100 * p.mean((0, 1)).cpu()
        color = demos_distillation.COLORS[treatment]
        panel.barh(torch.arange(10) + shift, bars, 0.4, color=color, label=kind)
    panel.set_yticks(range(10), data.CLASS_NAMES)
    panel.set(
        xlabel="mean answer to a sneaker (%)", title=f"Teachers of {epochs} epochs"
    )
panels[0].invert_yaxis()
panels[0].legend(title="trained")
fig.suptitle("Smoothed teachers answer almost the same for every wrong class")
plots.show(
    fig,
    alt="Mean answers to sneakers at T = 4. Plain teachers give sandals and boots much more "
    "than the rest; smoothed teachers give all wrong classes about the same.",
    after="distillation.smoothing",
)

# %% results
with results(varies=initial) as table:
    for epochs in (12, 60):
        for what, scores in (
            ("teachers", {key: run.final for key, run in schools.items()}),
            ("students with 200 images", pupils),
        ):
            table.arms(
                {kind: scores[epochs, kind] for kind in ("plain", "smoothed")},
                paired_with="plain",
                unit=f"%, {what}, {epochs} epochs",
            )
    share = {
        f"{kind}, {epochs} epochs": shoe_share(run)
        for (epochs, kind), run in schools.items()
    }
    table.arms(share, unit="% of the doubt about sneakers for other shoes", digits=0)
    teachers_gain = schools[60, "smoothed"].final - schools[60, "plain"].final
    students_gain = pupils[60, "smoothed"] - pupils[60, "plain"]
    claim(
        "distillation.smoothed-students",
        "What smoothing brings to the teachers of 60 epochs, it does not bring to their "
        "students.",
        students_gain - teachers_gain,
        "< 0",
        **points,
    )
    claim(
        "distillation.erased",
        "Smoothing takes the other shoes' share in the doubt away.",
        share["smoothed, 60 epochs"] - share["plain, 60 epochs"],
        "< 0",
        unit="% of the doubt",
    )
    recall("distillation.smoothing", 2)

# %% [markdown]
# The authors found that smoothing makes better classifiers and worse teachers: it pulls
# all wrong classes to one level, and so erases what a student could learn from. Here,
# after 12 epochs, smoothed teachers and their students cannot be told from the plain
# ones. After 60 the teachers are better by 0.8 points, and their students worse by 1.6;
# how much worse depends on the split. The last table fits the authors' explanation: of
# their doubt about a sneaker, plain teachers of 60 epochs give 70 % to the other shoes,
# smoothed ones 24 %, and an even division over nine classes would give 22 %. The
# resemblance is erased. So a more accurate teacher is not always a better one. Its
# *probabilities* matter, too, as the derivation of the variance said.
#
# <details><summary>Three other splits, and the temperature</summary>
#
# With three other splits, each with seeds of its own and run apart, the teachers gained
# 0.9, 0.9 and 0.4 points, and their students lost 0.4, 1.2 and 1.4. All students heard
# $T = 4$; we have not tuned it for each teacher.
# </details>
#
# The students of plain teachers differ, too: those of the 60-epoch teachers are 1.5
# points below those of the 12-epoch ones, although their teachers are better. The
# figure suggests a reason: the longer trained teachers are surer, and at the same $T =
# 4$ less of their doubt is visible.
#
# ## A bad teacher
#
# Last, a teacher who was taught badly: 80 % of its labels were false. It is still right
# far more often than chance, and much worse than a student with 200 true labels. How
# much should one listen to it? The student has the same 200 true labels, and $\alpha$
# goes from 0 to 1.

# %% predict
predict(
    "distillation.bad",
    "With a bad teacher and alpha = 0.9 the student ends up ...",
    [
        "worse than its teacher",
        "between its teacher and a student with labels alone",
        "above the student with labels alone",
    ],
)

# %% experiment
lies, _ = data.corrupt_labels(train.y, 10, 0.8, torch.Generator().manual_seed(0))
bad = teach(lies)
alphas = [0.5, 0.9, 1.0]  # 0 stands for the students with labels alone
voices = {"good teacher": word[:, :200], "bad teacher": bad.logits(few.x)}
advice = {
    (voice, alpha): lessons((logits / 4).softmax(-1), few.y, alpha=alpha)
    for voice, logits in voices.items()
    for alpha in alphas
}
by_alpha = train_arms(small, few, targets=advice, loss_fn=lesson_loss, **STUDENT)
heeded = {
    voice: torch.stack(
        [alone.final, *(by_alpha[voice, alpha].final for alpha in alphas)], 1
    )
    for voice in voices
}  # voice -> (8 seeds, 4 alphas)

# %% figure
ax = demos_distillation.alpha_bands([0.0, *alphas], heeded)
ax.axhline(bad.final.mean(), color="#808080", ls=":", label="the bad teacher itself")
ax.set_title("The more weight a bad teacher has, the more it costs")
ax.legend()
plots.show(
    ax.figure,
    alt="The good teacher's line rises to 80 % and stays; the bad one's falls slowly, then "
    "steeply to 43 % at alpha = 1, near its teacher's own accuracy.",
    after="distillation.bad",
)

# %% results
with results(varies=initial + ", one draw of false labels") as table:
    table.arms(
        {
            f"bad teacher, alpha = {a:g}": heeded["bad teacher"][:, k]
            for k, a in enumerate([0.0, *alphas])
        }
        | {"the bad teacher itself": bad.final},
        paired_with="bad teacher, alpha = 0",
        unit="% accuracy",
    )
    worse = heeded["bad teacher"][:, 2] - heeded["bad teacher"][:, 0]
    claim(
        "distillation.bad-teacher",
        "With alpha = 0.9 a bad teacher costs the student accuracy.",
        worse,
        "< 0",
        **points,
    )
    recall("distillation.bad", 2)

# %% [markdown]
# Half of the weight on a teacher that is right in 45 % of the cases costs less than a
# point. With 0.9 it is seven points, and without any labels the student falls to its
# teacher's level. (After 1,800 steps, run apart, the cost was 2.9 points with $\alpha =
# 0.5$ and 8.2 with 0.9.) So $\alpha$ is a matter of trust. Measure the teacher on
# validation images first, and leave some weight on the labels that you have.
#
# ## Why? A question to write down
#
# A friend has 50,000 labeled images, a network that fits them all, and no larger one.
# "I will train it again on its own answers at $T = 4$. It is free, and everybody says
# it helps." What would you tell them, and what would you ask? Write two or three
# sentences before you open the answer.
#
# <details><summary>One answer</summary>
#
# A network that fits all of its training labels answers with near certainty on them, so
# little of its doubt is left. Soft targets lower the variance of the training signal,
# which matters most where labels are few or noisy, and they are slower to learn, so the
# second run needs at least as many steps as the first. The honest control is a second
# run *without* a teacher, of the same length; an ensemble of the two runs is another
# rival. I would ask whether the labels are noisy, how good the probabilities are on
# validation images (notebook 09), and whether there are unlabeled images.
# </details>
#
# ## Where you will meet it
#
# - **Smaller language models.** DistilBERT has 40 % fewer parameters than BERT, is 60 %
#   faster and keeps 97 % of its score on a collection of language tasks (Sanh and others
#   2019). Large language models often learn from whole texts that another one has written:
#   first choices rather than soft answers.
# - **Vision transformers.** DeiT learns from a convolutional teacher (Touvron and others
#   2021). There the teacher's *first choices* were better targets than its soft answers, with
#   more than a million images. Ours were nearly as good with 3,000.
# - **Features instead of answers.** The student can also be made to agree with the teacher's
#   hidden layers, through a small matrix that fits the sizes to each other (Romero and others
#   2015).
# - **Weak teachers on purpose.** Burns and others (2023) let a small language model teach a
#   large one. The student ended up better than its teacher, which our students of the bad
#   teacher did only when they also had true labels.
#
# ## Test yourself
#
# Nine questions, each answer with its reason, and then flashcards.

# %%
quiz("08_distillation")
flashcards("08_distillation")

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. A label is one draw; a good soft answer averages over the draw and so lowers the noise
#    of the loss. With 200 images it gained almost five points: about one by the first choice,
#    one by the doubt about each image, three by knowing which classes resemble each other.
# 2. The temperature makes small probabilities count, and $T^2$ keeps the teacher's part of
#    the gradient about as large at every high temperature.
# 3. With 3,000 images soft answers were nearly superfluous, and with all labels the ensemble
#    paid only after long training. A teacher's accuracy is not all: smoothing improved the
#    teachers of 60 epochs, and not their students.
#
# **Pitfalls**
#
# - `F.kl_div(input, target)` takes *log*-probabilities of the student first. A negative KL is
#   a bug. Its default reduction divides by N·K: use `"batchmean"`.
# - KL(student‖teacher) is another loss; some books print it.
# - A teacher in train mode drops units and moves its BatchNorm statistics;
#   `torch.no_grad()` prevents neither.
# - The temperature belongs in both softmaxes of KL and not in the hard loss.
# - A reported gain of distillation may mix soft targets, more images and longer training.
#   Ask for each alone.
#
# **References**
#
# - Buciluă, Caruana, Niculescu-Mizil (2006). *Model compression.*
#   [doi:10.1145/1150402.1150464](https://doi.org/10.1145/1150402.1150464)
# - Hinton, Vinyals, Dean (2015). *Distilling the knowledge in a neural network.*
#   [arXiv:1503.02531](https://arxiv.org/abs/1503.02531)
# - Ba, Caruana (2014). *Do deep nets really need to be deep?*
#   [arXiv:1312.6184](https://arxiv.org/abs/1312.6184)
# - Romero, Ballas, Kahou, Chassang, Gatta, Bengio (2015). *FitNets: hints for thin deep
#   nets.* [arXiv:1412.6550](https://arxiv.org/abs/1412.6550)
# - Furlanello, Lipton, Tschannen, Itti, Anandkumar (2018). *Born-again neural networks.*
#   [arXiv:1805.04770](https://arxiv.org/abs/1805.04770)
# - Müller, Kornblith, Hinton (2019). *When does label smoothing help?*
#   [arXiv:1906.02629](https://arxiv.org/abs/1906.02629)
# - Sanh, Debut, Chaumond, Wolf (2019). *DistilBERT.*
#   [arXiv:1910.01108](https://arxiv.org/abs/1910.01108)
# - Beyer, Zhai, Royer, Markeeva, Anil, Kolesnikov (2021). *Knowledge distillation: a good
#   teacher is patient and consistent.* [arXiv:2106.05237](https://arxiv.org/abs/2106.05237)
# - Menon, Rawat, Reddi, Kim, Kumar (2021). *A statistical perspective on distillation.*
#   [PMLR 139](https://proceedings.mlr.press/v139/menon21a.html)
# - Touvron, Cord, Douze, Massa, Sablayrolles, Jégou (2021). *Training data-efficient image
#   transformers and distillation through attention.*
#   [arXiv:2012.12877](https://arxiv.org/abs/2012.12877)
# - Burns and others (2023). *Weak-to-strong generalization.*
#   [arXiv:2312.09390](https://arxiv.org/abs/2312.09390)
# - Xiao, Rasul, Vollgraf (2017). *Fashion-MNIST.*
#   [arXiv:1708.07747](https://arxiv.org/abs/1708.07747)
#
# **Next:** [09 · MC dropout](../09_mc_dropout/09_mc_dropout.ipynb) asks a network not
# for a better answer but for how much it doubts the one it gives.
