# %% [markdown]
# # 08 · What does a teacher know that the label does not say?
#
# A label says "sneaker". A trained network says "sneaker; if I am wrong, an ankle boot;
# a shirt, never". Distillation trains a small network on such answers. It is sold as
# compression, but it is also a regulariser: the targets of the loss come from a model
# instead of a label sheet. Here you write it and measure when a teacher helps, when
# the teacher is a waste of time, and when it harms.
#
# When you are done you can
#
# - write the distillation loss and say what the temperature does, and why its square
#   stands in front;
# - let a teacher answer for as long as you like without changing one number in it;
# - tell apart what soft labels bring and what extra inputs bring, and name cases in
#   which either brings nothing.
#
# **Before:** `00_start_here` (the training loop), `02_dropout_from_scratch` (modes).
# **Time:** about 90 minutes; the computing takes under a minute on a slow CPU.

# %% setup
import copy
import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

import helpers
from helpers import data
from helpers.checks import load, look
from helpers.demos import distillation as demos_distillation
from helpers.device import device
from helpers.evidence.claims import claim, results
from helpers.evidence.metrics import accuracy
from helpers.population import mlp, train_population
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quick_checks import quick_check
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import Batches, evaluate, fit, one_thread

plots.use_course_style()
check = load("08_distillation")

# %%
SEEDS = range(8)
DEVICE = device()
splits = data.fashion_mnist(6000, 4000, size=14, flat=True, device=DEVICE)
train = data.Split(
    *(part[:3000] for part in splits.train)
)  # x (3000, 196), ten classes
extra = splits.train.x[3000:]  # 3,000 images without labels
few = data.Split(train.x[:200], train.y[:200])  # 20 images of each class
val = splits.val  # 4,000 images
points = {"unit": "accuracy points"}

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
# ## A small student with few labels
#
# The student is small: 32 hidden units. It has 200 labelled images of clothes, 20 per
# class. The teacher is larger and was trained on 3,000 labels. First the naive way: the
# student learns its 200 labels, alone. Eight students, eight teachers, each with its
# own seed.


# %% experiment
def study(x, y, *, own=None, loss_fn=F.cross_entropy, seeds=SEEDS):
    """Train one small network per seed for 600 steps; `own`: what each has alone."""
    return train_population(
        lambda: mlp((196, 32, 10)),
        (x, y),
        own_data=own,
        val=val,
        seeds=seeds,
        steps=600,
        batch_size=50,
        lr=2e-3,
        loss_fn=loss_fn,
        record_every=600,
    )


def teach(labels, loss_fn=F.cross_entropy):
    """Train one larger network per seed on all 3,000 images."""
    return train_population(
        lambda: mlp((196, 64, 64, 10)),
        (train.x, labels),
        val=val,
        seeds=SEEDS,
        epochs=12,
        batch_size=100,
        lr=2e-3,
        loss_fn=loss_fn,
        record_every=360,
    )


def percent(run):
    return 100 * run.val_accuracy[-1]  # one number per seed


teachers, alone = teach(train.y), study(*few)

# %% figure
fig, ax = plots.figure()
known = 100 * alone.train_accuracy[-1]
groups = {"student, its 200 images": known, "student, validation": percent(alone)}
plots.points(groups | {"teacher, validation": percent(teachers)}, ax=ax)
ax.set_ylabel("accuracy (%)")
ahead = percent(teachers) - percent(alone)
ax.set_title(f"All its labels known, and {ahead.mean():.1f} points behind the teacher")
plots.show(
    fig, alt="Students are near 100 % in training, below teachers in validation."
)


# %% results
sentence = "The student alone knows more than 97 % of its labels."
with results():
    claim("distillation.knows-labels", sentence, known, "> 97", unit="%")
    sentence = "On new images the teacher is ahead of it."
    claim("distillation.teacher-ahead", sentence, ahead, "> 4", **points)

# %% [markdown]
# From its labels the student has nothing left to learn, and it is still behind. A label
# is a poor message: of ten classes it names one and is silent about the others.
#
# ## The teacher's whole answer
#
# The teacher turns logits $z_k$ into ten probabilities. Most of them are tiny, and yet
# they are ordered: which mistakes would be sensible? Hinton liked to speak of *dark
# knowledge*; he, Vinyals and Dean (2015) make it visible by a **temperature** $T$:
#
# $$p_k^{(T)} = \frac{\exp(z_k / T)}{\sum_j \exp(z_j / T)} .$$
#
# $T = 1$ is the usual softmax. A larger $T$ makes the answer softer but keeps the
# order. Choose an image, and press **Play** to warm it up. Which class becomes visible second,
# and does it look like the first? Below $T = 1$ the answer gets colder than the network
# meant it.

# %% demo
first, names = teachers.logits(val.x[:10])[0], data.CLASS_NAMES  # the first teacher's
demos_distillation.scene(val.x[:10], val.y[:10], first, names).show()

# %% [markdown]
# At $T = 1$ the loss would hardly notice the small bars: each gives a tiny gradient. At
# $T = 4$ they count. At $T = 20$ all bars are nearly the same.
#
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
# ## What is in the small numbers?
#
# Is the order of the small bars knowledge, or noise? Take the teachers' answers to all
# validation images at $T = 4$, and average them per true class. Three classes are
# shoes: sandal, sneaker, ankle boot.

# %% figure
answers = (teachers.logits(val.x) / 4).softmax(-1)  # (8, 4000, 10)
table = torch.stack(
    [answers[:, val.y == k].mean(1) for k in range(10)], 1
)  # (8, 10, 10)
fig, ax = plots.figure()
fig.set_size_inches(7.5, 5)
names = data.CLASS_NAMES
plots.heatmap(100 * table.mean(0), x=names, y=names, label="%", fmt=".0f", ax=ax)
ax.tick_params("x", rotation=60)
ax.set(xlabel="class", ylabel="true class of the image")
ax.set_title("Teachers' mean answers at T = 4: shoes resemble shoes")
plots.show(fig, alt="Table of probabilities: large on the diagonal, then among shoes.")


# %% results
shoes = torch.tensor([5, 7, 9])
wrong = 1 - table[:, 7, 7]  # what a sneaker leaves to other classes
share = table[:, 7, [5, 9]].sum(1) / wrong
sentence = (
    "Two classes of nine, the other shoes, get over 4/9 of the doubt about a sneaker."
)
with results():
    claim("distillation.shoes", sentence, share, "> 0.444", unit="share of the doubt")

# %% [markdown]
# Nobody told the teacher that shoes are a kind. Its answers say so, and a student can
# hear it *even from an image whose label it knows*.
#
# **Quick check.** One question on what you have just read; your answer is kept.

# %%
quick_check("why-temperature")

# %% [markdown]
# ## Two losses, and a strange factor
#
# The student, with softened answer $q^{(T)}$, shall agree with the teacher's $p^{(T)}$
# and with the label $y$. The weight `alpha` ($\alpha$) divides its attention:
#
# $$L = \alpha \, T^2 \, \mathrm{KL}\big(p^{(T)} \,\Vert\, q^{(T)}\big)
# + (1 - \alpha) \, \mathrm{CE}(q^{(1)}, y), \qquad
# \mathrm{KL}(p \Vert q) = \sum_k p_k \ln \frac{p_k}{q_k} .$$
#
# Why $T^2$? By the student's logits $z_k$ the gradient of KL alone is
# $(q_k^{(T)} - p_k^{(T)}) / T$. There is one $1/T$ in front, and the difference in the
# bracket shrinks by another, as all answers become alike. Measure it: the length of
# this gradient, for the students and teachers you just trained.

# %% experiment
temperatures = [1.0, 2.0, 5.0, 10.0, 20.0, 40.0]
z, v = alone.logits(val.x[:500]), teachers.logits(val.x[:500])  # (8, 500, 10)


def kl_gradient(T):
    return ((z / T).softmax(-1) - (v / T).softmax(-1)) / T


sizes = torch.stack(
    [kl_gradient(T).norm(dim=-1).mean(1) for T in temperatures], 1
).cpu()
fig = demos_distillation.gradient_sizes(temperatures, sizes)
plots.show(fig, alt="Falls like 1/T² without the factor; flat beyond T = 10 with it.")


# %% results
squared = sizes * torch.tensor(temperatures) ** 2
fall, level = sizes[:, 4] / sizes[:, 5], squared[:, 5] / squared[:, 4]
sentence = "From T = 20 to T = 40 the gradient of KL falls by a factor near 4."
with results():
    claim("distillation.gradient-falls", sentence, fall, "between 3.5 4.2")
    sentence = "T² times KL keeps its gradient from T = 20 to T = 40, within a tenth."
    claim("distillation.gradient-level", sentence, level, "between 0.95 1.1")

# %% [markdown]
# Without the factor, whoever raises $T$ also turns the teacher's volume down, by
# $T^2$, and the labels decide alone. With it, $\alpha$ means the same at every
# temperature, roughly: at small $T$ the right curve still climbs.
#
# And where does the gradient point when $T$ is large? There it should be a *regression
# of logits*: the difference $z_k - v_k$ to the teacher's logits, each set first shifted
# to mean 0.

# %% experiment
apart = (z - v) - (z - v).mean(-1, keepdim=True)
cosine = {
    T: F.cosine_similarity(kl_gradient(T), apart, dim=-1).mean(1) for T in temperatures
}
for T in temperatures:
    print(f"T = {T:4.0f}: cosine {cosine[T].mean():.2f}")


# %% results
sentence = "At T = 40 the gradient points along the difference of the logits."
with results():
    claim(
        "distillation.logit-matching", sentence, cosine[40.0], "> 0.98", unit="cosine"
    )
    sentence = "At T = 1 it points elsewhere."
    claim("distillation.not-at-one", sentence, cosine[1.0], "< 0.6", unit="cosine")

# %% [markdown]
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
# ## Few labels: what does the teacher's word add?
#
# Now the student again, with the same 200 images and the same seeds. Only the *targets*
# change, in four ways: the labels; the teacher's first choice, as a label; the
# teacher's soft answer ($T = 4$, $\alpha = 0.9$, set before the first run and kept);
# and the soft answer with its wrong classes *shuffled*, image by image. The last one is
# as soft and as confident as the third, but its small numbers know nothing.

# %% predict
predict(
    "distillation.few",
    "The same 200 images. What do the teacher's soft answers add to accuracy?",
    ["nothing: no image is new", "up to 3 points", "more than 3 points"],
)
predict(
    "distillation.shuffled",
    "And what do they add with the wrong classes shuffled?",
    ["the same: softness is what counts", "half of it", "nothing at all"],
)

# %% [markdown]
# Student `k` listens to teacher `k`. A population passes targets to the loss as one
# tensor, so a row of `y` carries all that the loss needs: the teacher's ten logits, the
# label, $T$ and $\alpha$.


# %% experiment
def packed(logits, labels, T=4.0, alpha=0.9):  # (..., N, 10), (N,) -> (..., N, 13)
    more = (torch.as_tensor(value).to(logits) for value in (labels, T, alpha))
    columns = [value.expand(logits.shape[:-1])[..., None] for value in more]
    return torch.cat([logits, *columns], -1)


def listening(out, y):
    if y.ndim == 1:  # validation: labels only
        return F.cross_entropy(out, y)
    label, T, alpha = y[:, 10].long(), y[0, 11], y[0, 12]
    return helpers.distillation_loss(out, y[:, :10], label, T, alpha)


def shuffled(logits):
    """Keep each row's largest logit in its place; shuffle the other nine."""
    coins = torch.rand(logits.shape, generator=torch.Generator().manual_seed(0))
    top = logits.argmax(-1, keepdim=True)
    order = coins.to(logits).scatter(-1, top, -1.0).argsort(-1)  # the top comes first
    values = logits.sort(-1, descending=True).values
    return torch.empty_like(logits).scatter(-1, order, values)


# %% experiment
word = teachers.logits(train.x)  # (8, 3000, 10), computed once
word_few = word[:, :200]
soft = study(few.x, packed(word_few, few.y), loss_fn=listening)
mixed = study(few.x, packed(shuffled(word_few), few.y), loss_fn=listening)
choice = study(few.x, word_few.argmax(-1))
arms = {"labels": alone, "teacher's first choice": choice}
arms |= {"soft answers": soft, "soft, shuffled": mixed}

# %% [markdown]
# Four kinds of targets, eight students each.

# %% figure
ax = plots.points({name: percent(run) for name, run in arms.items()})
gain, harm = percent(soft) - percent(alone), percent(mixed) - percent(alone)
ax.set_title(f"Soft answers add {gain.mean():.1f} points; shuffled, {harm.mean():+.1f}")
ax.set_ylabel("student's validation accuracy (%)")
plots.show(
    ax.figure,
    alt="Soft answers lie well above; shuffled ones below the labels.",
    after=["distillation.few", "distillation.shuffled"],
)


# %% results
sentence = "The teacher's soft answers to the same 200 images help."
with results():
    claim("distillation.few-labels", sentence, gain, "> 3", **points)
    recall("distillation.few", 3)
    sentence = "Soft answers also beat the teacher's first choice."
    claim(
        "distillation.soft-beats-hard",
        sentence,
        percent(soft) - percent(choice),
        "> 2",
        **points,
    )
    sentence = (
        "With the wrong classes shuffled, nothing of that is left, not even a point."
    )
    claim("distillation.shuffled", sentence, harm, "< 1", **points)
    recall("distillation.shuffled", 3)

# %% [markdown]
# No image was new. The student gained from *which* wrong class came second, third and
# fourth: with the same numbers in other places the gain is gone. So this is not just
# smoothing.
#
# All this was measured on validation data, with settings chosen before. Still, the
# sealed test part has the last word, once, on the two that matter.

# %% experiment
test = splits.test.open("soft answers against labels, 200 images")
on_test = [
    100 * (run.logits(test.x).argmax(-1) == test.y).float().mean(1).cpu()
    for run in (soft, alone)
]
print(f"labels {on_test[1].mean():.1f} %, soft answers {on_test[0].mean():.1f} %")


# %% results
sentence = "On test images, too."
with results():
    claim("distillation.test", sentence, on_test[0] - on_test[1], "> 3", **points)

# %% [markdown]
# ## More images, and no labels
#
# A teacher also answers about images that nobody has labelled. That is another benefit,
# and papers like to mix the two: **extra data** is not the same as **soft labels**.
# Here they are apart. First, 3,000 images that are new to the teacher as well, with its
# first choice or its soft answer. Then the 3,000 images that the teacher learnt from,
# with all their labels, and with labels and soft answers.

# %% experiment
reply = teachers.logits(extra)  # (8, 3000, 10)
ignored = torch.zeros(3000, dtype=torch.int64, device=DEVICE)  # alpha is 1
both = study(extra, packed(reply, ignored, alpha=1.0), loss_fn=listening)
joint = study(train.x, packed(word, train.y), loss_fn=listening)
groups = {
    "200 images, soft answers": percent(soft),
    "3,000 new, first choice": percent(study(extra, reply.argmax(-1))),
    "3,000 new, soft answers": percent(both),
    "teacher's 3,000, labels": percent(study(*train)),
    "teacher's 3,000, labels + soft": percent(joint),
}

# %% [markdown]
# Five groups of students, all with the same seeds.

# %% figure
ax = plots.points(groups)
ax.figure.set_size_inches(8, 4)
base, first, both, labels, joint = groups.values()
ax.set_title(
    f"Soft answers minus first choice, 3,000 images: {(both - first).mean():+.1f}"
)
ax.set_ylabel("student's validation accuracy (%)")
plots.show(ax.figure, alt="The groups with 3,000 images lie close; true labels on top.")


# %% results
sentence = "Soft answers to 200 images bring more than 3,000 more images then do."
with results():
    claim(
        "distillation.extra-images", sentence, gain - (both - base), "> 1.5", **points
    )
    edge = percent(soft) - percent(choice) - (both - first)
    sentence = "With 3,000 images the edge over first choices is smaller than with 200."
    claim("distillation.edge", sentence, edge, "> 1.5", **points)
    sentence = "To 3,000 true labels the soft answers add nothing, not even a point."
    claim("distillation.many-labels", sentence, joint - labels, "< 1", **points)

# %% [markdown]
# With many images the soft answers lose most of their edge over the teacher's bare
# first choice: what one label leaves out, other images tell. And to a student that has
# every label the teacher had, the teacher has nothing to add, here and in 600 steps.
# Soft labels are a help for those who have few.
#
# Mind the accounts. Whoever compares "200 labels" with "3,000 images, soft answers"
# reports the sum of two effects as one, and most of it came with the 200.
#
# ## Keep your hands off the teacher
#
# A teacher only answers. What could go wrong? Let a teacher with BatchNorm answer about
# the shoes among the images, as a careless loop would: in train mode, but under
# `torch.no_grad()`, three times over.

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


footwear = train.x[torch.isin(train.y, shoes.to(DEVICE))]  # (900, 196)

# %% [markdown]
# Eight teachers, each first trained on all ten classes.

# %% experiment
before, after, moved = [], [], set()
for seed in SEEDS:
    torch.manual_seed(seed)
    teacher = with_batch_norm()
    fit(teacher, train, epochs=4, batch_size=100, seed=seed, progress=False)
    saved = copy.deepcopy(teacher.state_dict())
    with one_thread():
        before.append(100 * evaluate(teacher, val).accuracy)
        careless(teacher, footwear)
        after.append(100 * evaluate(teacher, val).accuracy)
    now = teacher.state_dict()
    moved |= {name for name in saved if not now[name].equal(saved[name])}

# %% [markdown]
# Accuracy on all ten classes, in eval mode, before and after.

# %% figure
ax = plots.points({"before": before, "after answering": after})
loss = torch.tensor(after) - torch.tensor(before)
ax.set_title(f"Answering in train mode costs the teacher {-loss.mean():.0f} points")
ax.set_ylabel("teacher's validation accuracy (%)")
plots.show(
    ax.figure,
    alt="The teachers' accuracy is much lower after they answered.",
    after="distillation.drift",
)
print("changed:", *sorted(moved))


# %% results
sentence = "A teacher that answers in train mode forgets, under no_grad, too."
with results():
    claim("distillation.drift", sentence, loss, "< -5", **points)
    recall("distillation.drift", 3)

# %% [markdown]
# No weight has moved. But BatchNorm keeps running statistics, and in train mode every
# forward pass updates them, gradients or not. The teacher now believes that the world
# is made of shoes. Dropout would be the second price: a teacher in train mode also
# *answers* at random.
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
# parameters, buffers and gradients are not touched. A teacher that came in eval mode
# leaves in eval mode; one that came in train mode may leave in either.
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
# And a proof in place of a promise. `fit` takes a `transform` of each batch, and this
# one asks a teacher in eval mode, live. After 20 epochs compare every number, mode and
# gradient of the teacher with what was there before.

# %% experiment
torch.manual_seed(0)
teacher = with_batch_norm()
fit(teacher, train, epochs=4, batch_size=100, progress=False)  # ends in eval mode
teacher.zero_grad()
saved = copy.deepcopy(teacher.state_dict())


@torch.no_grad()
def ask(x, y):
    return x, packed(teacher(x), y)


options = {"epochs": 20, "batch_size": 50, "transform": ask, "loss_fn": listening}
fit(with_batch_norm(), few, **options)
now = teacher.state_dict()
numbers = sum((now[name] != saved[name]).sum().item() for name in saved)
modes = sum(module.training for module in teacher.modules())
gradients = sum(p.grad is not None for p in teacher.parameters())
print(f"changed: {numbers} numbers in {len(saved)} tensors, {modes} modes")


# %% results
sentence = "No weight, buffer, mode or gradient of a teacher in eval mode has changed."
changes = float(numbers + modes + gradients)
with results():
    claim("distillation.untouched", sentence, changes, "within 0")

# %% [markdown]
# Where the inputs never change you can ask once, keep the logits, and save a forward
# pass per step: the experiments here do. With random augmentation you have to ask live.
#
# ## Which temperature?
#
# Five temperatures, half of the weight on the teacher ($\alpha = 0.5$), with the factor
# $T^2$ and without it. Leaving it out is the same as another $\alpha$: KL and the hard
# loss have equal weights if $\alpha T^2 = 1 - \alpha$, so $\alpha = 1 / (1 + T^2)$.
# (That also scales the whole loss, which Adam does not notice.) At $T = 16$ it is
# 0.004.

# %% predict
predict(
    "distillation.temperature",
    "Without T², at T = 16, with alpha = 0.5, the student scores ...",
    ["as with T²", "about as without a teacher", "much worse than without a teacher"],
)

# %% experiment
levels = [1.0, 2.0, 4.0, 8.0, 16.0]
knobs = [(T, 0.5) for T in levels] + [(T, 1 / (1 + T**2)) for T in levels]
y = torch.cat([packed(word_few, few.y, T, alpha) for T, alpha in knobs])
sweep = study(few.x, y, loss_fn=listening, seeds=[*SEEDS] * len(knobs))  # 80 students
square, bare = percent(sweep).view(2, 5, 8).mT  # (8 seeds, 5 temperatures) each

# %% [markdown]
# The grey line is the student alone.

# %% figure
ax = plots.band(levels, square, label="with T²")
plots.band(levels, bare, label="without T²", color=plots.VAL, ax=ax)
ax.axhline(percent(alone).mean(), color="#999999", lw=1, label="no teacher")
ax.set(xscale="log", xlabel="temperature T (log scale)")
ax.set_xticks(levels, [f"{T:g}" for T in levels])
ax.minorticks_off()
ax.set_ylim(bottom=percent(alone).mean() - 0.5)
ax.set_ylabel("student's validation accuracy (%)")
ax.set_title("Without T² a high temperature silences the teacher")
ax.legend()
plots.show(
    ax.figure,
    alt="With T²: a rise, then flat. Without: back to no teacher.",
    after="distillation.temperature",
)


# %% results
lost = bare[:, -1] - percent(alone)
sentence = "Without T², at T = 16, the student is within 2 points of no teacher."
with results():
    claim("distillation.silenced", sentence, lost, "within 2", **points)
    recall("distillation.temperature", 2)
    sentence = "With T², every temperature from 2 to 16 beats it by far."
    worst = square[:, 1:].amin(1) - percent(alone)
    claim("distillation.any-temperature", sentence, worst, "> 2.5", **points)
    sentence = "With T², T = 4 is better than T = 1."
    claim(
        "distillation.warmer", sentence, square[:, 2] - square[:, 0], "> 0.3", **points
    )

# %% [markdown]
# With the factor the choice hardly matters between 2 and 16; $T = 1$, where the small
# numbers stay small, is a bit worse. Take 4 and spend your time elsewhere.
#
# ## A class that was never seen
#
# Hinton's most striking experiment: leave out *all* images of one class, here one class
# per student. It has no example of a sneaker, and no label "sneaker". It only sees how
# much sneaker the teacher finds in other things. How many of the sneakers does it
# recognise? (Hinton, Vinyals and Dean 2015: 98.6 % of the threes in MNIST's test set,
# after a correction of the bias.)

# %% predict
predict(
    "distillation.never",
    "How many images of the class that it never saw does a student recognise?",
    ["none", "a few per cent", "more than a third"],
)

# %% experiment
classes = range(10)
rest = [train.y != k for k in classes]  # 2,700 images each
x = torch.stack([train.x[keep] for keep in rest])
y = torch.stack([train.y[keep] for keep in rest])
heard = torch.stack([word[k % 8, keep] for k, keep in enumerate(rest)])
unseen = study(
    x, packed(heard, y, alpha=1.0), own="xy", loss_fn=listening, seeds=classes
)
plain = study(x, y, own="xy", seeds=classes)

# %% [markdown]
# Hinton's correction: the student is shy of the class, so raise its logit. By how much
# can be learnt without labels: until the class has its tenth of 2,000 unlabelled
# images. The other 2,000 validation images are for measuring.


# %% experiment
def recognised(run, fix):
    """Return for each student the share recognised of its missing class."""
    shares = []
    for k, z in enumerate(run.logits(val.x)):
        others = z.clone()
        others[:, k] = -math.inf
        lead = z[:, k] - others.amax(1)  # > 0: it says class k
        bias = -lead[:2000].cpu().quantile(0.9) if fix else 0.0
        shares.append((lead + bias > 0)[2000:][val.y[2000:] == k].float().mean())
    return torch.stack(shares).cpu()


seen, fixed = recognised(unseen, False), recognised(unseen, True)
ax = demos_distillation.never_seen(data.CLASS_NAMES, seen, fixed)
ax.set_title(f"Recognised unseen: {seen.mean():.0%}, with a bias {fixed.mean():.0%}")
plots.show(
    ax.figure,
    alt="Bars per class: most are recognised by half or more.",
    after="distillation.never",
)


# %% results
sentence = "With labels alone, no image of the missing class is recognised."
worst = recognised(plain, False).max().item()
with results():
    claim("distillation.never-labels", sentence, worst, "within 0", unit="share")
    sentence = "With soft answers, more than a third are, over ten classes."
    claim("distillation.never-soft", sentence, seen, "> 0.33", unit="share")
    recall("distillation.never", 3)
    sentence = (
        "Correcting the bias, without labels, costs nothing on average over classes."
    )
    claim("distillation.never-bias", sentence, fixed - seen, "> -0.05", unit="share")

# %% [markdown]
# A student recognises what it never saw, from hearsay. The corrected bias found more on
# average (the title has both shares), but ten classes differ too much to settle by how
# much. How well it works depends on the class: look for the shortest bar. A shirt is hard to tell from four other things even for
# those who know it.
#
# ## Many teachers
#
# A committee is a better teacher than its members, and costs more to ask; distilling
# it into one network was the reason that the method was invented (Buciluă and others
# 2006; Hinton and others 2015).
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
# Does the student notice? All eight teachers together, against teacher `k` for student
# `k`; first on the 200 images, then on the 3,000 new ones. (Multiplied by $T$, the
# logarithm of the targets stands in for logits: softened, it gives the targets back.)

# %% experiment
committee = 4 * (word_few / 4).softmax(-1).mean(0).log()  # (200, 10)
best = accuracy(teachers.logits(val.x).softmax(-1).mean(0), val.y)
print(f"one teacher {percent(teachers).mean():.1f} %, the committee {100 * best:.1f} %")
many_few = percent(study(few.x, packed(committee, few.y), loss_fn=listening))
told = packed(4 * (reply / 4).softmax(-1).mean(0).log(), ignored, alpha=1.0)
many_all = percent(study(extra, told, loss_fn=listening))
gains = {"200 images": many_few - percent(soft), "3,000 images": many_all - both}
ax = plots.points(gains)
ax.axhline(0, color="#999999", lw=1)
ax.set_ylabel("committee minus one teacher (points)")
ax.set_title(f"The committee adds {gains['3,000 images'].mean():.1f} points")
plots.show(ax.figure, alt="Differences per seed, mostly above zero in both groups.")


# %% results
sentence = "The committee is a better classifier than the average teacher."
with results():
    claim(
        "distillation.committee",
        sentence,
        100 * best - percent(teachers),
        "> 0",
        **points,
    )
    sentence = (
        "Averaged over both, its students are not half a point behind one teacher's."
    )
    added = sum(gains.values()) / 2
    claim("distillation.committee-student", sentence, added, "> -0.5", **points)

# %% [markdown]
# All students here share one committee, so the interval speaks of students, not of
# committees. The title has the gain with many images; the committee's own lead over its
# members is printed above it.
#
# ## Be your own teacher
#
# Furlanello and others (2018) trained a network, then a second one of the *same shape*
# on the first one's answers, and so on. Their "born-again" networks got better: on
# CIFAR-100 a test error of 18.25 % became 16.59 %, but 3 of their 8 CIFAR-10 rows got
# worse. Ours: 1,000 images, small networks, two generations, with true labels and with
# 40 % false ones. The control has the same seeds as the students, and no teacher.

# %% predict
predict(
    "distillation.born-again",
    "What do two generations of self-distillation bring with *true* labels?",
    [
        "more than half a point",
        "nothing to speak of",
        "a loss of more than half a point",
    ],
)

# %% experiment
x = train.x[:1000]
false, _ = data.corrupt_labels(
    train.y[:1000], 10, 0.4, torch.Generator().manual_seed(0)
)
descent = {}
for name, y in (("true labels", train.y[:1000]), ("40 % false labels", false)):
    control = percent(study(x, y, seeds=range(100, 108)))
    parent, descent[name] = study(x, y), []
    for _ in range(2):
        told = packed(parent.logits(x), y)
        parent = study(x, told, loss_fn=listening, seeds=range(100, 108))
        descent[name].append(percent(parent) - control)

# %% [markdown]
# Accuracy of each generation minus that of networks with the same seeds and labels, and
# without a teacher.

# %% figure
fig, ax = plots.figure()
for (name, rows), style in zip(descent.items(), (plots.TRAIN, plots.VAL), strict=True):
    plots.band([1, 2], torch.stack(rows, 1), label=name, color=style, ax=ax)
ax.axhline(0, color="#1a1a1a", lw=0.8)
ax.set_xticks([1, 2])
ax.set(xlabel="generation", ylabel="gain over no teacher (points)")
clean, noisy = descent["true labels"][-1], descent["40 % false labels"][-1]
ax.set_title(f"Second generation: {clean.mean():+.1f} true, {noisy.mean():+.1f} false")
plots.show(
    fig,
    alt="Below zero with true labels; around zero with false ones.",
    after="distillation.born-again",
)


# %% results
sentence = "With true labels self-distillation costs accuracy here."
with results():
    claim("distillation.born-again", sentence, clean, "< -0.5", **points)
    recall("distillation.born-again", 3)
    sentence = "With 40 % false labels it changes accuracy by less than 3 points."
    claim("distillation.born-again-noise", sentence, noisy, "within 3", **points)
    sentence = "It does better with false labels than with true ones."
    claim("distillation.born-again-both", sentence, noisy - clean, "> 0", **points)

# %% [markdown]
# "Born-again networks gain" did not come out. With true labels each generation lost; a
# teacher of the same shape, with the same images, knows nothing that they do not say.
# With false labels there is no such loss, and no gain that eight seeds could tell from
# none. That the two differ makes sense: where labels lie, an answer that is smoother
# than they are is worth something. But do not expect a feast from your own leftovers.
#
# ## A smoothed teacher
#
# Label smoothing (notebook 07) trains on targets of 0.91 and nine times 0.01. Müller,
# Kornblith and Hinton (2019) found that it improves a teacher and spoils its students:
# it presses the wrong classes to one level and so erases the dark knowledge. Is that so
# here? (The second prediction is for the section after this one.)

# %% predict
predict(
    "distillation.smoothing",
    "200 images. Students of teachers that were trained with smoothing 0.1 are ...",
    ["better by 2 points or more", "within 2 points", "worse by 2 points or more"],
)
predict(
    "distillation.bad",
    "And (for the last experiment) with a bad teacher, alpha = 0.9: they end up ...",
    [
        "worse than their teacher",
        "between teacher and lone student",
        "above the lone student",
    ],
)

# %% experiment
smooth = teach(train.y, partial(F.cross_entropy, label_smoothing=0.1))
word_smooth = smooth.logits(train.x)
y = packed(word_smooth[:, :200], few.y)
students = {
    "plain": percent(soft),
    "smoothed": percent(study(few.x, y, loss_fn=listening)),
}
fig, (left, right) = plots.figure(2, sharey=True)
plots.points({"plain": percent(teachers), "smoothed": percent(smooth)}, ax=left)
plots.points(students, ax=right)
change = students["smoothed"] - students["plain"]
left.set(title="Teachers", ylabel="validation accuracy (%)")
right.set(title=f"Their students: {change.mean():+.1f} points")
plots.show(
    fig,
    alt="Teachers and students, plain and smoothed, lie at equal heights.",
    after=["distillation.smoothing", "distillation.bad"],
)

# %% [markdown]
# Did smoothing do anything at all? It made the teachers less sure of themselves.

# %% experiment
sure = teachers.logits(val.x).softmax(-1).amax(-1).mean(1)
less = smooth.logits(val.x).softmax(-1).amax(-1).mean(1)
print(f"mean confidence: plain {sure.mean():.2f}, smoothed {less.mean():.2f}")
print(f"plain teachers know {teachers.train_accuracy[-1].mean():.0%} of their labels")


# %% results
with results():
    claim(
        "distillation.smoothed-teacher",
        "A smoothed teacher's students are neither better nor worse by 2 points.",
        change,
        "within 2",
        **points,
    )
    recall("distillation.smoothing", 2)

# %% [markdown]
# The effect of 2019 does not show in this small world: no difference of 2 points either
# way. That does not refute it. Their networks were deep and trained for long; ours stop
# after twelve epochs, while they still get some of their own training labels wrong.
# "Label smoothing hurts distillation" is a sentence with conditions.
#
# ## A bad teacher
#
# Now a teacher that was taught badly: 80 % of its labels were false. It is still right
# more often than chance, and a lot worse than the student alone. How much should one
# listen to it? The same 200 true labels, and `alpha` from 0 to 1.

# %% experiment
lies, _ = data.corrupt_labels(train.y, 10, 0.8, torch.Generator().manual_seed(0))
bad = teach(lies)
print(f"bad teachers {percent(bad).mean():.1f} %, lone {percent(alone).mean():.1f} %")
alphas = [0.0, 0.5, 0.9, 1.0]
voices = {"good teacher": word_few, "bad teacher": bad.logits(few.x)}
y = [packed(v, few.y, alpha=alpha) for v in voices.values() for alpha in alphas]
sweep = study(few.x, torch.cat(y), loss_fn=listening, seeds=[*SEEDS] * 8)
heeded = dict(zip(voices, percent(sweep).view(2, 4, 8).mT, strict=True))  # (8, 4) each

# %% [markdown]
# At `alpha = 0` both students are alone with their labels.

# %% figure
ax = demos_distillation.alpha_bands(alphas, heeded)
harm = heeded["bad teacher"] - heeded["bad teacher"][:, :1]
ax.set_title(f"A bad teacher costs {-harm[:, 2].mean():.1f} points at alpha = 0.9")
plots.show(
    ax.figure,
    alt="The good teacher's line rises and stays; the bad one's falls.",
    after="distillation.bad",
)


# %% results
sentence = "With alpha = 0.9 a bad teacher costs the student accuracy."
with results():
    claim("distillation.bad-teacher", sentence, harm[:, 2], "< -2", **points)
    above = heeded["bad teacher"][:, 2] - percent(bad)
    sentence = "But the student is still far better than its teacher."
    claim("distillation.better-than-bad", sentence, above, "> 5", **points)
    recall("distillation.bad", 2)
    sentence = "Without any labels it falls to within 8 points of its teacher."
    level = heeded["bad teacher"][:, 3] - percent(bad)
    claim("distillation.only-bad", sentence, level, "within 8", **points)

# %% [markdown]
# A tenth of the weight on true labels keeps the student far above its teacher; with
# none it goes down with it. So `alpha` is a matter of trust. Measure the teacher on the
# student's own validation data first, and leave some weight on the labels you have.
#
# ## Test yourself
#
# Seven questions, each answer with its reason, and then flashcards.

# %%
quiz("08_distillation")
flashcards("08_distillation")

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. A teacher's soft answer says which mistakes would be sensible. A student with few
#    labels gains from that, and nothing of it is left when the wrong classes are
#    shuffled.
# 2. The temperature makes small probabilities count, and $T^2$ keeps the teacher's voice
#    at one volume.
# 3. With many labels, or with a teacher of one's own size and true labels, there was
#    nothing to gain; a bad teacher does the more harm the more one listens to it.
#
# **Pitfalls**
#
# - `F.kl_div(input, target)` takes *log*-probabilities of the student first, and its
#   default reduction divides by N·K. Use `"batchmean"`.
# - A teacher in train mode drops units and moves its BatchNorm statistics;
#   `torch.no_grad()` prevents neither.
# - The temperature belongs in both softmaxes of KL and not in the hard loss.
# - "Distillation gains" often mixes soft labels, extra data and a longer schedule.
#   Change one at a time.
# - Teacher's logits can be computed once, unless the inputs are augmented at random.
#
# **References**
#
# - Buciluă, Caruana, Niculescu-Mizil (2006). *Model compression.*
#   [doi:10.1145/1150402.1150464](https://doi.org/10.1145/1150402.1150464)
# - Hinton, Vinyals, Dean (2015). *Distilling the knowledge in a neural network.*
#   [arXiv:1503.02531](https://arxiv.org/abs/1503.02531)
# - Furlanello, Lipton, Tschannen, Itti, Anandkumar (2018). *Born-again neural networks.*
#   [arXiv:1805.04770](https://arxiv.org/abs/1805.04770)
# - Müller, Kornblith, Hinton (2019). *When does label smoothing help?*
#   [arXiv:1906.02629](https://arxiv.org/abs/1906.02629)
# - Xiao, Rasul, Vollgraf (2017). *Fashion-MNIST.*
#   [arXiv:1708.07747](https://arxiv.org/abs/1708.07747)
#
# **Next:** [09 · MC dropout](../09_mc_dropout/09_mc_dropout.ipynb) asks a network not
# for a better answer but for how much it doubts the one it gives.
