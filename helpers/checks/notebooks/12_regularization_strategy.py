"""Checks of 12_regularization_strategy."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary import uses
from helpers.checks.vocabulary.handling import Spent
from helpers.checks.vocabulary.subject import Raised
from helpers.checks.vocabulary.witness import Passes, Witness
from helpers.data import corrupt_labels, fashion_mnist
from helpers.words import say

EPS = 1e-5  # BatchNorm's own


# -- 12.1: a network with everything in its place -----------------------------------


class Layers(NamedTuple):
    """What a learner's network is made of, found by shapes and fresh values.

    Attributes:
        weights: (out, in) of each linear layer, in the order of the dims.
        shifts: of each layer, (out,): the bias, or zeros where there is none.
    """

    weights: list[Tensor]
    shifts: list[Tensor]


def _layers(t: Trial, net: Any, dims: Sequence[int]) -> Layers:
    """Sort the parameters of a fresh network; all of `dims` differ."""
    found = [p.detach().clone() for p in t.parameters(net)]
    weights, shifts = [], []
    for inside, outside in zip(dims, dims[1:], strict=False):
        fits = [p for p in found if p.shape == (outside, inside)]
        t.require(
            len(fits) == 1,
            say(
                "there is not one linear layer from {inside} to {outside} units.",
                inside=inside,
                outside=outside,
            ),
            expected=say(
                "one weight of shape ({outside}, {inside})",
                outside=outside,
                inside=inside,
            ),
            got=say("{n_fits} of them", n_fits=len(fits)),
            advice=say(
                "Linear layers lead from input_dim to each of hidden_dims, one after "
                "the other, and from the last one to output_dim."
            ),
        )
        flat = [p for p in found if p.shape == (outside,) and not (p == 1).all()]
        weights.append(fits[0])
        shifts.append(sum(flat, torch.zeros(outside)))
    return Layers(weights, shifts)


def _normed(a: Tensor) -> Tensor:
    return (a - a.mean(0)) / (a.var(0, unbiased=False) + EPS).sqrt()


def _forward(
    layers: Layers, x: Tensor, *, inner: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """Return the logits in training mode without dropout, with a block of one's own."""
    block = inner or (lambda a: _normed(a).relu())
    *hidden, last = zip(layers.weights, layers.shifts, strict=True)
    for weight, shift in hidden:
        x = block(F.linear(x, weight, shift))
    return F.linear(x, *last)


_BLOCKS: list[tuple[Callable[[Tensor], Tensor], str | None, str | None]] = [
    (lambda a: _normed(a.relu()), "norm-after-activation", None),
    (lambda a: a.relu(), None, say("BatchNorm is missing in the hidden layers.")),
    (_normed, None, say("The activation is missing in the hidden layers.")),
    (lambda a: a, None, say("BatchNorm and activation are missing.")),
]


def _net(t: Trial, answer: Any, dims: Sequence[int], p: float) -> Any:
    inside, *hidden, outside = dims
    return t.module(t.call(answer, inside, hidden, outside, p))


def _different(t: Trial, count: int) -> list[int]:
    return t.random.sample(range(3, 12), count)


def _order(t: Trial, answer: Any) -> None:
    t.part("linear, BatchNorm, ReLU")
    for depth in (1, 3):
        dims = _different(t, depth + 2)
        net = _net(t, answer, dims, 0.0)
        layers, x = _layers(t, net, dims), t.randn(17, dims[0])
        t.set_mode(net, True)
        out = t.tensor(
            t.call(net, x), shape=(17, dims[-1]), what=say("the logits")
        ).detach()
        right = _forward(layers, x)
        mistakes: dict[str, object] = {"activated-logits": right.relu()}
        said: str | None = None
        for block, mistake, advice in _BLOCKS:
            wrong = _forward(layers, x, inner=block)
            if mistake:
                mistakes[mistake] = wrong
            elif _near(out, wrong) and not _near(out, right):
                said = advice
        for squash in (torch.tanh, torch.sigmoid, lambda z: z.softmax(1)):
            if _near(out, squash(right)):
                mistakes = {"activated-logits": squash(right)}
        t.close(
            out,
            right,
            what=say("what the network gives in training mode"),
            mistakes=mistakes,
            rtol=1e-3,
            atol=1e-4,
            advice=said
            or say(
                "Each hidden layer is Linear, BatchNorm, ReLU, Dropout, in this order; "
                "the last layer is a plain Linear."
            ),
        )


def _near(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-3, atol=1e-4)


def _no_dropout_before_the_output(t: Trial, answer: Any) -> None:
    t.part("no dropout before the output")
    inside, outside = _different(t, 2)
    dims = [inside, 1, outside]  # of one unit, so that each row shows where coins fall
    net = _net(t, answer, dims, 0.5)
    x = t.randn(40, dims[0])
    t.set_mode(net, True)
    first, second = (
        t.tensor(t.call(net, x), shape=(40, outside), what=say("the logits")).detach()
        for _ in range(2)
    )
    if _near(first, second):
        return
    layers = _layers(t, net, dims)
    weight, shift = layers.weights[1], layers.shifts[1]
    unit = _normed(F.linear(x, layers.weights[0], layers.shifts[0])).relu()
    silent, doubled = (F.linear(factor * unit, weight, shift) for factor in (0.0, 2.0))
    behind = all(
        _near(torch.where(_rows_near(out, silent), silent, doubled), out)
        for out in (first, second)
    )
    t.fail(
        say("with one hidden layer, two passes in training mode differ."),
        expected=say("the same logits: the only hidden layer is the last one"),
        got=say("other logits in the second pass"),
        mistake="dropout-before-output" if behind else None,
        advice=None
        if behind
        else say(
            "Dropout stands after the ReLU of a hidden layer, and nowhere else: not on "
            "the inputs, not before BatchNorm, and not on the logits."
        ),
    )


def _not_whole_rows(t: Trial, few: bool, got: str) -> None:
    """Require that few rows look as if dropout had taken a whole example."""
    t.require(
        few,
        say("dropout takes whole examples, not units."),
        expected=say("other units gone in each row"),
        got=got,
        advice=say("For inputs (N, units) it is nn.Dropout, not Dropout1d or 2d."),
    )


def _rows_near(a: Tensor, b: Tensor) -> Tensor:
    """Tell for each row whether two tensors (n, k) agree in it, (n, 1)."""
    return torch.isclose(a, b, rtol=1e-3, atol=1e-4).all(1, keepdim=True)


def _dropout_between(t: Trial, answer: Any) -> None:
    """Count units that are gone: the first hidden layer has one, so rows tell."""
    t.part("dropout after the other hidden layers")
    inside, outside = _different(t, 2)
    wide = t.random.randint(60, 80)  # so many that no row silences all of them
    dims, p, rows = [inside, 1, wide, outside], t.random.choice([0.3, 0.6]), 2000
    net = _net(t, answer, dims, p)
    layers, x = _layers(t, net, dims), t.randn(rows, inside)
    t.set_mode(net, True)
    out = t.tensor(t.call(net, x), shape=(rows, outside)).detach()
    unit = _normed(F.linear(x, layers.weights[0], layers.shifts[0])).relu()[:, 0]
    silent, awake = unit == 0, unit > 1e-3
    gone = torch.isclose(out, out[silent][0], rtol=1e-4, atol=1e-5).all(1)
    t.require(
        gone[silent].all(),
        say("rows whose hidden unit is 0 get different logits."),
        advice=say(
            "Dropout stands after ReLU, nowhere else. On the input or on the logits "
            "there is none."
        ),
    )
    t.fraction(
        int(gone[awake].sum()),
        int(awake.sum()),
        p,
        what=say("the share of dropped units in the first hidden layer"),
        mistakes=None,
        advice=say(
            "`dropout_rate` is the probability that a unit is dropped, here {p}. Every "
            "hidden layer but the last has Dropout.",
            p=p,
        ),
    )
    kept = torch.where(gone, 0.0, unit / (1 - p)).unsqueeze(1)
    rest = Layers(layers.weights[1:], layers.shifts[1:])
    t.close(
        out,
        _forward(rest, kept),
        what=say("what the network gives with these units dropped"),
        rtol=1e-2,
        atol=1e-2,
        advice=say("Dropout stands after ReLU: not before BatchNorm, not on inputs."),
    )
    _quiet_in_eval(t, net, x)
    _units_not_rows(t, answer, [inside, 40, wide, outside])


def _quiet_in_eval(t: Trial, net: Any, x: Tensor) -> None:
    t.set_mode(net, False)
    once, again = (t.call(net, x).detach() for _ in range(2))
    t.require(
        torch.equal(once, again),
        say("two passes in evaluation mode differ."),
        expected=say("the same logits twice: dropout is off"),
        got=say("other logits in the second pass"),
        advice=say(
            "nn.Dropout knows the mode; F.dropout needs `training=self.training`."
        ),
    )


def _units_not_rows(t: Trial, answer: Any, dims: Sequence[int]) -> None:
    """Of 40 units all are gone in a row with probability 0.3⁴⁰, which is never."""
    rows = 200
    net = _net(t, answer, dims, 0.3)
    t.set_mode(net, True)
    out = t.call(net, t.randn(rows, dims[0])).detach()
    out = out[out[:, 0].argsort()]
    twins = int(_rows_near(out[1:], out[:-1]).sum())
    got = say("{twins} of {rows} rows with the same logits", twins=twins, rows=rows)
    _not_whole_rows(t, twins < rows // 10, got)


def _start(t: Trial, answer: Any) -> None:
    """The spread of 60,000 weights is known to 0.6 %: 4 % is seven such errors."""
    t.part("how the weights start")
    a, b = t.random.sample([180, 240, 300], 2)
    dims = [a, b, 7, 3]
    net = _net(t, answer, dims, 0.2)
    weight = next(p for p in t.parameters(net) if p.shape == (b, a)).detach()
    spread, wanted = float(weight.std()), math.sqrt(2 / a)
    if abs(spread / wanted - 1) < 0.04:
        return
    others = {
        say("the other side was counted: the fan-in is the number of *inputs*."): 2 / b,
        say("that is Xavier's (Glorot's) initialization."): 2 / (a + b),
        say("the gain √2 of ReLU is missing."): 1 / a,
        say("2/n is the variance; the standard deviation is its root."): (2 / a) ** 2,
    }
    said = [k for k, v in others.items() if abs(spread / math.sqrt(v) - 1) < 0.04]
    default = abs(spread / math.sqrt(1 / (3 * a)) - 1) < 0.04
    t.fail(
        say("the hidden weights start with the wrong spread."),
        expected=say("standard deviation √(2/{a}) = {wanted:.4f}", a=a, wanted=wanted),
        got=f"{spread:.4f}",
        mistake="default-init" if default else None,
        advice=said[0][:1].upper() + said[0][1:] if said else None,
    )


@exercise(
    "12.1",
    mistakes={
        "dropout-before-output": say(
            "There is dropout right before the output layer. It makes the logits noisy "
            "at the very place where nothing can average the noise away: leave it out "
            "after the last hidden layer."
        ),
        "norm-after-activation": say(
            "BatchNorm stands after the activation. The order asked for is Linear, "
            "BatchNorm, ReLU."
        ),
        "default-init": say(
            "The hidden weights start as nn.Linear starts them, √6 times too small for "
            "ReLU. Use `nn.init.kaiming_normal_(weight, nonlinearity='relu')`, or the "
            "uniform form."
        ),
        "activated-logits": say(
            "An activation stands on the logits. The last layer is a plain Linear: "
            "cross-entropy takes the softmax itself."
        ),
    },
)
def regularized_network(answer: Any, t: Trial) -> None:
    """Check 12.1: order, places, rate and start."""
    _no_dropout_before_the_output(t, answer)
    _order(t, answer)
    _dropout_between(t, answer)
    _start(t, answer)


# -- 12.2: choose on validation, once ------------------------------------------------


class Search(NamedTuple):
    """One search: the scores, what was chosen, and which evaluations were asked for."""

    val: list[float]
    test: list[float]
    chosen: int | None
    asked: list[tuple[int, str]]

    def best(self, scores: Sequence[float], *, last: bool = False) -> int:
        """Return the place of the largest score that is no NaN."""
        known = [(s, i if last else -i) for i, s in enumerate(scores) if s == s]
        return abs(max(known)[1])

    @property
    def right(self) -> bool:
        """Tell whether the best on "val" was chosen."""
        return self.chosen == self.best(self.val)


def _searched(
    t: Trial, answer: Any, val: list[float], test: list[float], *, first: bool
) -> Search:
    configs = [{"id": i, "dropout": round(0.1 * i, 1)} for i in range(len(val))]
    asked: list[tuple[int, str]] = []

    def evaluate(config: Any, split: str) -> float:
        place = config["id"]
        asked.append((place, split))
        if split not in ("val", "test"):
            raise ValueError(
                say('expected split "val" or "test", got {split!r}', split=split)
            )
        return float((val if split == "val" else test)[place])

    said = ", ".join(f"{v:.3g}" for v in val)
    given = copy.deepcopy(configs)
    case = say("search(configs, evaluate), scores on val: {said}", said=said)
    got = t.call(answer, configs, evaluate, case=case)
    t.require(configs == given, say("your code changes the list of configs."))
    chosen = next((i for i, c in enumerate(given) if _same_config(got, c)), None)
    t.require(
        chosen is not None,
        say("the result is none of the configs."),
        expected=say("one of the dicts in `configs`"),
        got="None" if got is None else t.describe(got),
        advice=say("Return the config itself, not its place or its score.")
        if got is not None
        else say("Is `return` missing?")
        if first
        else say("No config was chosen. What does a NaN do to your comparisons?"),
    )
    return Search(val, test, chosen, asked)


def _same_config(got: Any, config: dict[str, Any]) -> bool:
    return type(got) is dict and got == config


def _economical(t: Trial, search: Search) -> None:
    """Each config once on "val", none on "test"."""
    if any(split == "test" for _, split in search.asked):
        t.fail(
            say("the test split was evaluated."),
            expected=say('evaluate(config, "val") only'),
            got=say(
                '{sum_asked} calls with "test"',
                sum_asked=sum(s == "test" for _, s in search.asked),
            ),
            mistake="picks-on-test",
        )
    counts = [search.asked.count((i, "val")) for i in range(len(search.val))]
    most, least = max(counts), min(counts)
    t.require(
        least >= 1,
        say("a config was never evaluated."),
        expected=say("each config once"),
        got=say(
            "{count} of {n_counts} never", count=counts.count(0), n_counts=len(counts)
        ),
    )
    t.require(
        most == 1,
        say("a config was evaluated more than once."),
        expected=say("each config once: an evaluation is a whole training"),
        got=say("one of them {most} times", most=most),
        mistake="evaluates-twice",
    )


def _scores(t: Trial, count: int) -> list[float]:
    return [round(v, 3) for v in (t.randn(count).double() - 0.5).tolist()]


def _searches(t: Trial) -> list[tuple[str, list[list[float]]]]:
    def apart(count: int) -> list[float]:
        values = [round(0.05 * k - 0.6, 2) for k in t.random.sample(range(24), count)]
        return values

    nan = math.nan
    low = [-3.0, -1.5, -2.0]
    tie = apart(6)
    tie[4] = tie[1] = max(tie) + 0.1
    ends = apart(5)
    ends.insert(2, ends.pop(ends.index(max(ends))))  # so that slips go different ways
    return [
        (say("the best on val"), [apart(5), apart(7), low, [0.4]]),
        ("ties", [tie]),
        (
            "NaN",
            [
                [nan, *ends],
                [*ends, nan],
                [ends[0], nan, *ends[1:]],
                [-2.0, nan, -3.0, nan],
            ],
        ),
    ]


_RULES: list[tuple[str, Callable[[Search], bool]]] = [
    ("last-tie", lambda s: s.chosen == s.best(s.val, last=True)),
    (
        say(
            "The place was counted among the scores without NaN and then looked up "
            "among all configs."
        ),
        lambda s: s.chosen == s.best(_known(s.val)),
    ),
    (
        "nan-wins",
        lambda s: (
            any(v != v for v in s.val) and s.chosen is not None and _held_up_by_nan(s)
        ),
    ),
    (
        say(
            "The *smallest* score was chosen, or the one farthest from 0; larger is "
            "better."
        ),
        lambda s: s.chosen == s.best([-v for v in s.val]),
    ),
    (
        say("Scores may lie below 0: the best so far starts at -inf, not at 0."),
        lambda s: s.chosen == (s.best(s.val) if max(_known(s.val)) > 0 else 0),
    ),
    (say("The first config was returned."), lambda s: s.chosen == 0),
    (say("The last config was returned."), lambda s: s.chosen == len(s.val) - 1),
    (
        say(
            "The last config whose score is a number was returned: is the best score "
            "so far kept up to date?"
        ),
        lambda s: s.chosen == max(i for i, v in enumerate(s.val) if v == v),
    ),
]


def _known(scores: Sequence[float]) -> list[float]:
    return [v for v in scores if v == v]


def _held_up_by_nan(s: Search) -> bool:
    """Tell whether a NaN was chosen, or the best of what stands before or behind it."""
    place = s.chosen
    assert place is not None
    if s.val[place] != s.val[place]:
        return True
    best = 0  # as max() and a loop with > go on from a NaN
    for i, value in enumerate(s.val):
        if value > s.val[best]:
            best = i
    behind = 0  # as a loop goes on that takes whatever is not smaller, NaN included
    for i, value in enumerate(s.val):
        if not value <= s.val[behind]:
            behind = i
    return place in (best, behind)


@exercise(
    "12.2",
    mistakes={
        "picks-on-test": say(
            "The test split has a say in the choice. What is chosen on it flatters "
            'itself there: choose on "val" and leave "test" shut.'
        ),
        "last-tie": say(
            "The last of equal scores wins; the first one should. Use `>` where you "
            "have `>=`."
        ),
        "nan-wins": say(
            "A NaN wins, or hides what comes behind it: every comparison with NaN is "
            "false, also in `max`. Leave such configs out before you compare."
        ),
        "evaluates-twice": say(
            "A config is evaluated more than once. Each evaluation is a training run: "
            "keep the score in a variable."
        ),
    },
)
def search(answer: Any, t: Trial) -> None:
    """Check 12.2: the best on validation, each config evaluated once."""
    done: list[tuple[str, Search]] = []
    for label, scores in _searches(t):
        t.part(label)
        for val in scores:
            test = [-v if v == v else 9.0 for v in val]  # whoever looks at it is wrong
            one = _searched(t, answer, val, test, first=not done)
            done.append((t.case or "", one))
            _economical(t, one)
    wrong = [(case, one) for case, one in done if not one.right]
    if not wrong:
        return
    t.case, first = wrong[0]
    key = next((k for k, rule in _RULES if all(rule(s) for _, s in wrong)), None)
    place = first.best(first.val)
    t.fail(
        say("this is not the best config."),
        expected=say(
            "config {place}, score {val:.3g}", place=place, val=first.val[place]
        ),
        got=say(
            "config {chosen}, score {val:.3g}",
            chosen=first.chosen,
            val=first.val[first.chosen or 0],
        ),
        mistake=key if key in t.mistakes else None,
        advice=key,
    )


# -- 12.3: five broken pieces --------------------------------------------------------


def _watched(t: Trial, width: int, classes: int) -> tuple[nn.Sequential, Passes]:
    """Return a network with dropout, BatchNorm far from any batch, and a witness."""
    hidden = t.random.randint(5, 9)
    passes = Passes(t.random.uniform(0.7, 1.4))
    net = nn.Sequential(
        nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(0.5),
        nn.Sequential(Witness(passes), nn.Linear(hidden, classes)),
    )  # fmt: skip
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(t.randn(*parameter.shape))
        norm: Any = net[1]
        norm.running_mean += 1 + t.rand(hidden)
        norm.running_var *= 2 + t.rand(hidden)
    return net, passes


def _in_eval(net: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return F.cross_entropy(copy.deepcopy(net).eval()(x), y).item()


@exercise(
    "12.3a",
    mistakes={
        "train-mode": say(
            "The model is in training mode while it is measured: dropout makes the "
            "loss noisy, and BatchNorm uses (and stores) the batch's own statistics. "
            "Call `model.eval()` first."
        ),
        "mode-not-restored": say(
            "The model does not come back in the modes it arrived in. Note `training` "
            "of every module in `model.modules()` before, and set each back: "
            "`model.train()` alone would also wake what was frozen."
        ),
        "with-gradients": say(
            "The forward pass records gradients, which costs memory and time and "
            "serves nobody here: `with torch.no_grad():`."
        ),
    },
)
def validation_loss(answer: Any, t: Trial) -> None:
    """Check 12.3a: the mean cross-entropy in evaluation mode, modes restored."""
    for label, mode in (
        (say("a model in training mode"), True),
        (say("in evaluation mode"), False),
        (say("some modules frozen"), None),
    ):
        t.part(label)
        width, classes, n = t.random.randint(3, 6), t.random.randint(3, 5), 24
        net, passes = _watched(t, width, classes)
        net.train(bool(mode) or mode is None)
        if mode is None:
            net[1].eval()  # a frozen BatchNorm, as in fine-tuning
        modes, buffers = uses.modes(net), copy.deepcopy(dict(net.named_buffers()))
        x, y = t.randn(n, width), t.integers(classes, n)
        right = _in_eval(net, x, y)
        passes.take()
        got = t.call(answer, net, x, y, case=f"validation_loss(model, x, y), {label}")
        heard = passes.take()
        trained = any(each.training for each in heard)
        still = all(torch.equal(buffers[k], v) for k, v in net.named_buffers())
        t.require(
            not trained and still,
            say("the model was in training mode while it was measured."),
            expected=say("dropout off, and BatchNorm's statistics as they were"),
            got=say("dropout on")
            if trained
            else say("BatchNorm's statistics have moved"),
            mistake="train-mode",
        )
        value = t.number(got, what=say("the loss"))
        _loss_is(t, value, right, n, net, x, y)
        t.require(
            uses.modes(net) == modes,
            say("the modes are not what they were before the call."),
            expected=_modes_text(modes),
            got=_modes_text(uses.modes(net)),
            mistake="mode-not-restored",
        )
        t.require(
            not any(each.recorded or each.tracked for each in heard),
            say("the forward pass records gradients."),
            expected=say("gradients switched off"),
            got=say("gradients switched on"),
            mistake="with-gradients",
        )
        _still_learns(t, net, x)


def _still_learns(t: Trial, net: nn.Module, x: Tensor) -> None:
    t.require(
        all(p.requires_grad for p in net.parameters()),
        say("after the call the parameters cannot be trained any more."),
        expected=say("`requires_grad` as it was"),
        got=say("`requires_grad` False"),
        advice=say("`torch.no_grad()` is enough, and leaves the model as it is."),
    )
    out = t.call(net, x, case=say("a forward pass after validation_loss"))
    t.require(
        out.requires_grad,
        say("your code leaves gradients switched off."),
        expected=say("gradients switched on again after the call"),
        got=say("logits without a gradient"),
        advice=say("As a block, `with torch.no_grad():`, it ends by itself."),
    )


def _modes_text(modes: Sequence[bool]) -> str:
    return say(
        "training of the modules: {modes}", modes=", ".join(str(mode) for mode in modes)
    )


def _loss_is(
    t: Trial, value: float, right: float, n: int, net: nn.Module, x: Tensor, y: Tensor
) -> None:
    with torch.no_grad():
        z = copy.deepcopy(net).eval()(x)
        accuracy = (z.argmax(1) == y).float().mean().item()
    hints = {
        say("The losses are added up: divide by the number of examples."): right * n,
        say("That is the accuracy."): accuracy,
        say("That is one minus the accuracy."): 1 - accuracy,
        say(
            "The softmax is taken twice: F.cross_entropy wants logits."
        ): F.cross_entropy(z.softmax(1), y).item(),
        say(
            "F.nll_loss wants log-probabilities; for logits it is F.cross_entropy."
        ): F.nll_loss(z, y).item(),
    }
    close = math.isclose(value, right, rel_tol=1e-4, abs_tol=1e-6)
    near = [h for h, v in hints.items() if math.isclose(value, v, rel_tol=1e-4)]
    t.require(
        close,
        say("the loss is not right."),
        expected=say(
            "{right:.6g}, the mean cross-entropy in evaluation mode", right=right
        ),
        got=f"{value:.6g}",
        advice=near[0] if near else None,
    )


@exercise(
    "12.3b",
    mistakes={
        "coupled": say(
            "The decay is coupled: `Adam(weight_decay=…)` adds it to the gradient, "
            "where Adam's division undoes most of it. Decoupled decay shrinks the "
            "weights beside Adam's step: torch.optim.AdamW."
        ),
        "not-all-decayed": say(
            "Some parameters are not decayed. Here all trainable ones are, biases and "
            "the scales of norm layers included."
        ),
        "decay-missing": say(
            "Nothing is decayed at all: pass `weight_decay` on. (AdamW's own default "
            "is 0.01.)"
        ),
        "amsgrad": say(
            "These are AMSGrad's steps. It divides by the root of the *largest* mean "
            "square so far, Adam by that of the present one: leave `amsgrad` out."
        ),
    },
)
def make_optimizer(answer: Any, t: Trial) -> None:
    """Check 12.3b: Adam's steps with decoupled decay, on all trainable parameters."""
    for label, freeze, tie, silent in (
        (say("steps on all parameters"), False, False, 0),
        (say("a frozen layer"), True, False, 0),
        (say("shared weights"), False, True, 0),
        (say("gradients that end"), False, False, 30),  # the mean square falls
    ):
        t.part(label)
        net = _plain(t, freeze=freeze, tie=tie)
        lr = t.random.choice([0.1, 0.05] if silent else [0.01, 0.003])
        decay = t.random.choice([0.1, 0.2] if silent else [0.5, 2.0])
        ends = {name: copy.deepcopy(net) for name in _OPTIMIZERS}
        # The gradients are small and vary in size: coupled decay would rule them.
        params = list(net.parameters())
        rows = [
            [size * t.randn(*p.shape) if p.requires_grad else None for p in params]
            for size in [0.01] * 6 + [0.0] * silent
        ]
        words = f"make_optimizer(model, lr={lr}, weight_decay={decay})"
        made = t.call(answer, net, lr, decay, case=words, may_change=True)
        start = [p.detach().clone() for p in ends[""].parameters()]
        t.require(
            all(map(torch.equal, params, start)),
            say("the parameters change before the first step."),
            expected=say("an optimizer, and the model as it was"),
            got=say("other values"),
            advice=say("The decay is part of *each* step of the optimizer."),
        )
        if not t.is_a(made, torch.optim.Optimizer):
            t.fail(
                say("this is not an optimizer."),
                expected=say("an object of a class of torch.optim"),
                got=t.kind(made),
                advice=say("Is `return` missing?") if made is None else None,
            )
        case = say("{words}, then {count} steps", words=words, count=len(rows))
        t.steps(made, params, rows, case=case)
        for name, twin in ends.items():
            own = list(twin.parameters())
            uses.steps(_OPTIMIZERS[name](twin, lr, decay), own, rows)
        _same_weights(t, params, start, ends, len(rows))


def _plain(t: Trial, *, freeze: bool, tie: bool) -> nn.Sequential:
    n = t.random.randint(3, 6)
    net = nn.Sequential(nn.Linear(n, n), nn.LayerNorm(n), nn.Tanh(), nn.Linear(n, n))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(t.randn(*parameter.shape) + 2)
    if freeze:
        net[0].requires_grad_(requires_grad=False)
    if tie:
        net[3].weight = net[0].weight
    return net


def _trainable(net: nn.Module) -> list[nn.Parameter]:
    return [p for p in net.parameters() if p.requires_grad]


def _only_matrices(net: nn.Module, lr: float, decay: float) -> torch.optim.Optimizer:
    both = _trainable(net)
    groups = [
        {"params": [p for p in both if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in both if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr)


_OPTIMIZERS: dict[str, Callable[[nn.Module, float, float], torch.optim.Optimizer]] = {
    "": lambda net, lr, wd: torch.optim.AdamW(_trainable(net), lr=lr, weight_decay=wd),
    "coupled": lambda net, lr, wd: torch.optim.Adam(
        _trainable(net), lr=lr, weight_decay=wd
    ),
    "not-all-decayed": _only_matrices,
    "decay-missing": lambda net, lr, wd: torch.optim.AdamW(
        _trainable(net), lr=lr, weight_decay=0.0
    ),
    "default decay": lambda net, lr, wd: torch.optim.AdamW(_trainable(net), lr=lr),
    "SGD": lambda net, lr, wd: torch.optim.SGD(_trainable(net), lr=lr, weight_decay=wd),
    "L2 by lr": lambda net, lr, wd: torch.optim.AdamW(
        _trainable(net), lr=lr, weight_decay=wd / lr
    ),
    "lr twice": lambda net, lr, wd: torch.optim.AdamW(
        _trainable(net), lr=lr, weight_decay=wd * lr
    ),
    "swapped": lambda net, lr, wd: torch.optim.AdamW(
        _trainable(net), lr=wd, weight_decay=lr
    ),
    "default rate": lambda net, lr, wd: torch.optim.AdamW(
        _trainable(net), weight_decay=wd
    ),
    "amsgrad": lambda net, lr, wd: torch.optim.AdamW(
        _trainable(net), lr=lr, weight_decay=wd, amsgrad=True
    ),
}
_SAID = {
    "default decay": "decay-missing",
    "SGD": say("These are SGD's steps; asked for are Adam's."),
    "L2 by lr": say("The decay is not multiplied by lr, as torch's AdamW does it."),
    "lr twice": say("The decay is multiplied by lr twice: AdamW does it by itself."),
    "swapped": say("`lr` and `weight_decay` have changed places."),
    "default rate": say("`lr` is not passed on; AdamW's own is 0.001."),
}


def _alike(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-5, atol=1e-5)


def _same_weights(
    t: Trial,
    params: Sequence[Tensor],
    start: Sequence[Tensor],
    ends: dict[str, Any],
    count: int,
) -> None:
    def fits(name: str) -> list[bool]:
        return list(map(_alike, params, ends[name].parameters()))

    right, bare = fits(""), fits("decay-missing")
    if all(right):
        return
    name = next((name for name in ends if name and all(fits(name))), "")
    if not name and any(right) and all(map(max, right, bare)):
        name = "not-all-decayed"
    said = _SAID.get(name, name)
    known = said in t.mistakes
    wrong = right.index(False)
    if params[wrong].requires_grad and torch.equal(params[wrong], start[wrong]):
        said = say("A trainable parameter never moves: it is not in the optimizer.")
        known = False
    t.fail(
        say(
            "after {count} steps the parameters are not where AdamW brings them.",
            count=count,
        ),
        expected=list(ends[""].parameters())[wrong].detach().flatten()[:4],
        got=params[wrong].detach().flatten()[:4],
        mistake=said if known else None,
        advice=None
        if known
        else said
        or say(
            "All trainable parameters once, default betas and eps, no other settings."
        ),
    )


@exercise(
    "12.3c",
    mistakes={
        "dropout-before-norm": say(
            "Dropout stands before BatchNorm. In training it makes the variance that "
            "BatchNorm sees 1/(1-p) times as large (and more), and in evaluation the "
            "stored variance no longer fits. Put Dropout behind BatchNorm."
        ),
        "no-dropout": say("There is no dropout in training."),
        "no-norm": say(
            "There is no BatchNorm on the hidden layer, or none that keeps running "
            "statistics."
        ),
    },
)
def build_head(answer: Any, t: Trial) -> None:
    """Check 12.3c: BatchNorm sees the same variance in both modes; rate p."""
    early = _head_norm(t, answer)
    _head_units(t, answer)
    _head_dropout(t, answer, early=early)


_Bend = Callable[[Tensor], Tensor]
# What may stand between the linear map and BatchNorm; the first one is nothing.
_BENDS: tuple[_Bend, ...] = (
    lambda a: a,
    torch.relu,
    torch.tanh,
    torch.sigmoid,
    F.gelu,
    F.silu,
    F.elu,
    F.selu,
    F.softplus,
    F.leaky_relu,
    lambda a: F.leaky_relu(a, 0.1),
    lambda a: F.leaky_relu(a, 0.2),
)


class Hidden(NamedTuple):
    """The hidden layer of a head, computed from its fresh parameters, (N, hidden)."""

    before: Tensor
    layers: Layers

    def awake(self, early: _Bend) -> Tensor:
        """Tell where a unit is not 0 on its way to the dropout, (N, hidden)."""
        a = _normed(early(self.before))
        return (a.relu() if early is _BENDS[0] else a).abs() > 1e-3


def _head(t: Trial, answer: Any, dims: Sequence[int], p: float, x: Tensor) -> Any:
    head = t.module(t.call(answer, *dims, p))
    layers = _layers(t, head, dims)
    return head, Hidden(F.linear(x, layers.weights[0], layers.shifts[0]), layers)


def _running(t: Trial, head: Any, hidden: int) -> tuple[Tensor, Tensor]:
    state = t.state(head, case=say("the head's state_dict()"))
    found = [
        [
            v
            for k, v in state.items()
            if k.split(".")[-1] == name and v.numel() == hidden
        ]
        for name in ("running_mean", "running_var")
    ]
    t.require(
        all(len(each) == 1 for each in found),
        say("the head has not one BatchNorm on its hidden layer."),
        expected=say("one running_mean and one running_var of the hidden layer's size"),
        got=say(
            "{n_found} and {n_found2} of them",
            n_found=len(found[0]),
            n_found2=len(found[1]),
        ),
        mistake=None if found[0] else "no-norm",
    )
    return found[0][0].clone(), found[1][0].clone()


def _head_norm(t: Trial, answer: Any) -> _Bend:
    """Return what stands between the linear map and BatchNorm.

    One pass moves the running variance by momentum · (the variance it has seen).

    Seen are 4,000 rows. With dropout at 0.3 and more in front, the mean variance is
    larger by 43 % or more; the hidden units together keep its error below 2 %.
    """
    t.part("the variance that BatchNorm sees")
    inside, classes = _different(t, 2)
    dims, early, momentum = [inside, 48, classes], _BENDS[0], 0.0
    x = t.randn(4000, inside) + 1
    for p in (0.0, t.random.choice([0.3, 0.6])):
        head, hidden = _head(t, answer, dims, p, x)
        t.set_mode(head, True)
        t.call(head, x)
        _, var = _running(t, head, 48)
        moved = {bend: _moved(var, bend(hidden.before).var(0)) for bend in _BENDS}
        if p == 0:
            early = min(moved, key=lambda bend: moved[bend][1])
            momentum, error = moved[early]
            t.require(
                error < 0.02,
                say("BatchNorm's input is not the hidden layer."),
                advice=say(
                    "BatchNorm normalizes the hidden layer, before its activation or "
                    "after it."
                ),
            )
            continue
        now, error = moved[early]
        seen = (var - 1) / momentum + 1
        t.require(
            error < 0.05 and abs(now / momentum - 1) < 0.05,
            say("in training BatchNorm sees another variance than in evaluation."),
            expected=say(
                "{mean_var:.4g} on average in both modes",
                mean_var=float(early(hidden.before).var(0).mean()),
            ),
            got=say("{mean_seen:.4g} in training", mean_seen=float(seen.mean())),
            mistake="dropout-before-norm",
        )
    return early


def _moved(var: Tensor, seen: Tensor) -> tuple[float, float]:
    """Fit (var - 1) = momentum · (seen - 1); return it and the relative error."""
    a, b = (seen - 1).double(), (var - 1).double()
    momentum = float((a * b).sum() / (a * a).sum().clamp(min=1e-12))
    error = float((b - momentum * a).norm() / b.norm().clamp(min=1e-12))
    return momentum, error


def _head_units(t: Trial, answer: Any) -> None:
    """Look at a head of 48 units: they bend, drop one by one, and give logits."""
    t.part(say("logits of a hidden layer"))
    inside, classes = _different(t, 2)
    rows, p = 400, 0.3
    a, b = t.randn(rows, inside), t.randn(rows, inside)
    head, hidden = _head(t, answer, [inside, 48, classes], p, a)
    t.set_mode(head, True)
    out = t.tensor(
        t.call(head, a), shape=(rows, classes), what=say("the logits")
    ).detach()
    t.require(
        not (out >= 0).all(),
        say("the head's values are not logits."),
        expected=say("logits, of any sign"),
        got=say("no value below 0 in {rows} rows", rows=rows),
        advice=say("The last layer is a plain Linear, with nothing behind it."),
    )
    bare = int(_rows_near(out, hidden.layers.shifts[1].expand_as(out)).sum())
    got = say("{bare} of {rows} rows without any unit", bare=bare, rows=rows)
    _not_whole_rows(t, bare < rows // 10, got)
    _quiet_in_eval(t, head, a)
    both = (t.call(head, x).detach() for x in (a, b, a + b, 0 * a))
    one, other, together, nothing = both
    t.require(
        not torch.allclose(one + other, together + nothing, rtol=1e-3, atol=1e-3),
        say("in evaluation mode the head is linear in its inputs."),
        expected=say("an activation on the hidden layer"),
        got=say("the sum of two inputs gives the sum of their logits"),
    )


def _head_dropout(t: Trial, answer: Any, *, early: _Bend) -> None:
    t.part("dropout with rate p")
    inside, classes = _different(t, 2)
    p, rows = t.random.choice([0.2, 0.7]), 4000
    x = t.randn(rows, inside)
    head, hidden = _head(t, answer, [inside, 1, classes], p, x)
    t.set_mode(head, True)
    out = t.tensor(
        t.call(head, x), shape=(rows, classes), what=say("the logits")
    ).detach()
    again = t.call(head, x).detach()
    t.require(
        not torch.equal(out, again),
        say("two passes in training mode give the same logits."),
        expected=say("other units dropped in each pass, with probability {p}", p=p),
        got=say("the same logits twice"),
        mistake="no-dropout",
    )
    gone = torch.isclose(out, hidden.layers.shifts[1], rtol=1e-4, atol=1e-5).all(1)
    awake = hidden.awake(early)[:, 0]
    t.fraction(
        int(gone[awake].sum()),
        int(awake.sum()),
        p,
        what=say("the share of dropped hidden units"),
        advice=say("`p` is the probability that a unit is dropped, here {p}.", p=p),
    )


@exercise(
    "12.3d",
    mistakes={
        "augments-validation": say(
            "The validation inputs are augmented, too. They stand for what the model "
            "will meet: they stay as they are."
        ),
        "pairs-broken": say(
            "Inputs and labels no longer belong together: x was shuffled without y. "
            "Shuffle both by the *same* permutation."
        ),
        "not-augmented": say("The training inputs are not augmented."),
        "incomplete": say("Not every example comes exactly once."),
    },
)
def make_batches(answer: Any, t: Trial) -> None:
    """Check 12.3d: augment training inputs only; pairs and every example kept."""
    for label, n, m, size in (
        (say("whole batches"), 24, 12, 6),
        (say("a smaller last batch"), 23, 10, 4),
        (say("one batch"), 5, 3, 8),
    ):
        t.part(label)
        width = t.random.randint(2, 4)
        train, val = _rows(t, n, width), _rows(t, m, width)
        case = say(
            "make_batches(train, val, augment, {size}), {n} and {m} rows",
            size=size,
            n=n,
            m=m,
        )
        given = [tuple(value.clone() for value in rows) for rows in (train, val)]
        got = t.call(answer, *given, _raise_by_1000, size, case=case)
        two = type(got) in (tuple, list) and len(got) == 2
        t.require(
            two,
            say("the result is not a pair."),
            expected="(train_batches, val_batches)",
            got="None" if got is None else f"{t.kind(got)}",
            advice=say("Is `return` missing?") if got is None else None,
        )
        _lists(t, got)
        held = [_labels(t, part) for part in got]
        t.require(
            held != [sorted(part[1].tolist()) for part in (val, train)],
            say("the two results have changed places."),
            expected="(train_batches, val_batches)",
            got="(val_batches, train_batches)",
        )
        _batches(t, got[0], train, size, say("the training batches"), raised=True)
        _batches(t, got[1], val, size, say("the validation batches"), raised=False)


def _lists(t: Trial, got: Sequence[Any]) -> None:
    for part, what in zip(
        got, (say("the training batches"), say("the validation batches")), strict=True
    ):
        t.require(
            type(part) in (list, tuple),
            say("{what} are not a list.", what=what),
            expected=say("a list of pairs (x, y)"),
            got=t.kind(part),
            advice=say(
                "Every epoch walks through it again; a zip or a generator is empty "
                "after the first one. `list(…)` keeps it."
            ),
        )


def _labels(t: Trial, part: Any) -> list[float]:
    """Return all labels of a list of pairs, sorted; nothing if it is none."""
    pairs = t.items(part)
    if not all(type(p) in (tuple, list) and len(p) == 2 for p in pairs):
        return []
    return sorted(
        v for _, y in pairs if isinstance(y, Tensor) for v in y.flatten().tolist()
    )


def _rows(t: Trial, n: int, width: int) -> tuple[Tensor, Tensor]:
    """Return inputs whose first column is a number of the row, and labels that tell."""
    y = t.integers(1000, n) * 100 + torch.arange(n)  # all different
    x = t.randn(n, width)
    x[:, 0] = (y % 100).float()
    return x, y


def _raise_by_1000(x: Tensor) -> Tensor:
    """Augment: so that it can be seen, and undone."""
    return x + 1000


def _batches(
    t: Trial, given: Any, whole: tuple[Tensor, Tensor], size: int, what: str, *,
    raised: bool,
) -> None:  # fmt: skip
    pairs = t.items(given)
    fits = all(type(p) in (tuple, list) and len(p) == 2 for p in pairs)
    t.require(
        fits,
        say("{what} are not a list of pairs (x, y).", what=what),
        got=t.describe(given),
    )
    for x, y in pairs:
        t.tensor(x, what=say("an x of {what}", what=what))
        t.require(
            not (x.dtype == torch.int64 and x.ndim == 1),
            say("in {what} the labels stand first.", what=what),
            expected="(x, y)",
            got="(y, x)",
        )
        t.tensor(y, what=say("a y of {what}", what=what), dtype=torch.int64)
    rows = [len(y) for _, y in pairs]
    t.require(
        bool(pairs) and max(rows) <= size and [len(x) for x, _ in pairs] == rows,
        say("{what} do not have the right sizes.", what=what),
        expected=say("x and y of up to {size} rows", size=size),
        got=say(
            "x of {pairs}, y of {rows}", pairs=[len(x) for x, _ in pairs], rows=rows
        ),
    )
    x = torch.cat([x for x, _ in pairs]).detach()
    y = torch.cat([y for _, y in pairs])
    t.require(
        sorted((y - 1000).tolist()) != sorted(whole[1].tolist()),
        say("the labels of {what} are augmented, too.", what=what),
        expected=say("labels as they were given; `augment` is for inputs"),
        got=say("each label changed as `augment` changes inputs"),
    )
    t.require(
        sorted(y.tolist()) == sorted(whole[1].tolist()),
        say("{what} do not hold every label exactly once.", what=what),
        expected=say("{n_whole} labels, each once", n_whole=len(whole[1])),
        got=say(
            "{n_y} labels, {n_set} different ones",
            n_y=len(y),
            n_set=len(set(y.tolist())),
        ),
        mistake="incomplete",
    )
    times = (x[:, 1:].mean() / 1000).round()
    if raised:
        t.require(
            times > 0,
            say("{what} are not augmented.", what=what),
            mistake="not-augmented",
        )
        t.require(times == 1, say("{what} are augmented more than once.", what=what))
    else:
        t.require(
            times == 0,
            say("{what} are augmented.", what=what),
            mistake="augments-validation",
        )
    x = x - 1000 * times
    order = torch.argsort(torch.argsort(y))  # each row's place among the sorted labels
    right = whole[0][torch.argsort(whole[1])][order]
    t.require(
        x.shape == right.shape and torch.allclose(x, right, atol=1e-3),
        say("in {what} inputs and labels do not belong together.", what=what),
        expected=say(
            "label {y} with the input of row {y2}", y=int(y[0]), y2=int(y[0]) % 100
        ),
        got=say("the input of row {x:.0f}", x=x[0, 0]),
        mistake="pairs-broken",
    )


@exercise(
    "12.3e",
    mistakes={
        "reference-kept": say(
            "The model ends with its *last* weights. Three slips lead there: what was "
            "kept holds references to the live tensors, as `state_dict()` does even "
            "after `.copy()` (take `copy.deepcopy(model.state_dict())`); what was kept "
            "is never loaded back; or the best score so far is never updated."
        ),
        "buffers-lost": say(
            "The parameters are the best ones, but the buffers (BatchNorm's running "
            "statistics) are the last ones. `state_dict()` has both."
        ),
        "last-tie": say(
            "The last of equal scores wins; the first one should. Use `>` where you "
            "have `>=`."
        ),
        "nan-best": say("A NaN counts as best, or blocks what comes after it."),
    },
)
def train_best(answer: Any, t: Trial) -> None:
    """Check 12.3e: the parameters and buffers of the best score come back."""
    nan = math.nan
    for label, rows in (
        (say("the best in the middle"), [[0.2, 0.6, 0.9, 0.4], [-4.0, -2.6, -3.0]]),
        ("ties", [[0.1, 0.8, 0.3, 0.8, 0.2]]),
        ("NaN", [[nan, 0.2, 0.5, 0.1], [-2.6, nan, -2.8], [0.1, 0.6, nan]]),
    ):
        t.part(label)
        for scores in rows:  # none of the negative ones ever gets above 0
            shift = t.random.choice([-0.5, 0.25, 2.0])
            _best_of(t, answer, [s + shift for s in scores])


def _best_of(t: Trial, answer: Any, scores: list[float]) -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    calls: list[str] = []
    path = [copy.deepcopy(net.state_dict())]  # place k: after step k
    for _ in scores:
        path.append({name: value + 1 for name, value in path[-1].items()})

    def step() -> None:
        calls.append("step")
        with torch.no_grad():
            for value in net.state_dict().values():
                value.add_(1)

    def score() -> float:
        calls.append("score")
        place = min(calls.count("score"), len(scores)) - 1
        return scores[place]

    said = ", ".join(f"{s:.3g}" for s in scores)
    case = say(
        "train_best(model, step, score, {n_scores}), scores {said}",
        n_scores=len(scores),
        said=said,
    )
    got = t.call(answer, net, step, score, len(scores), case=case, may_change=True)
    t.require(
        got is net,
        say("the result is not the model that was given."),
        expected=say("the same model object"),
        got="None" if got is None else f"{t.kind(got)}",
        advice=say("Is `return model` missing?") if got is None else None,
    )
    t.require(
        calls == ["step", "score"] * len(scores),
        say("the calls are not step(), score(), step(), score() …"),
        expected=say(
            "{n_scores} times step(), each followed by score()", n_scores=len(scores)
        ),
        got=say(
            "{count} times step(), {count2} times score()",
            count=calls.count("step"),
            count2=calls.count("score"),
        ),
    )
    _ends_at(t, net, path, scores)


def _ends_at(
    t: Trial, net: nn.Module, path: list[dict[str, Tensor]], scores: list[float]
) -> None:
    known = [(s, -i) for i, s in enumerate(scores, 1) if s == s]
    best, last = -max(known)[1], len(scores)
    top = scores[best - 1]
    names = {name for name, _ in net.named_parameters()}
    now = net.state_dict()

    def at(place: int, *, only: set[str] | None = None) -> bool:
        keys = only if only is not None else set(now)
        return all(torch.equal(now[k], path[place][k]) for k in keys)

    if at(best):
        return
    buffers = set(now) - names
    mistake, advice = None, None
    if at(best, only=names) and at(last, only=buffers):
        mistake = "buffers-lost"
    elif any(s != s for s in scores):  # the cases without come first
        mistake = "nan-best"
    elif at(last):
        mistake = "reference-kept"
    elif any(s == top and at(i) for i, s in enumerate(scores, 1) if i != best):
        mistake = "last-tie"
    elif at(1 + scores.index(min(scores))):
        advice = say("Larger scores are better here.")
    elif at(0) and top < 0:
        advice = say(
            "Scores may lie below 0: the best so far starts at -inf, not at 0."
        )
    elif at(best - 1):
        advice = say("What is kept is the state *before* the step with the best score.")
    reached = next((i for i in range(len(path)) if at(i)), None)
    t.fail(
        say("the model does not end with its best weights."),
        expected=say(
            "parameters and buffers after step {best}, score {scores:.3g}",
            best=best,
            scores=top,
        ),
        got=say("a mixture")
        if reached is None
        else say("those before the first step")
        if reached == 0
        else say("those after step {reached}", reached=reached),
        mistake=mistake,
        advice=advice,
    )


# -- 12.4: the capstone ---------------------------------------------------------------

BUDGET = 400  # optimizer steps, for each shop
SHOPS = 3  # how many drawings decide; what a strategy reaches varies between them
SECONDS = 12.0  # of the processor, for all of them; answers of the course take 1 to 5
TIERS = ((56.0, 1.0), (66.5, 3.0))  # % of the sealed test images, points
_GUESSING = 25.0  # %; without a connection to the labels hardly any run passes 18
_BATCH = 900  # pictures on which a model is measured at once
_FALSE = 0.3  # share of the training labels that are wrong
_BY_HEART = 12.0  # points of accuracy by which validation may lie above test


class Sealed(NamedTuple):
    """One drawing of the capstone's data.

    Attributes:
        data: what the answer receives: train_x (500, 1, 14, 14), train_y (500,) of
            which 30 % are false, val_x (500, 1, 14, 14), val_y (500,).
        x, y: (4000, 1, 14, 14) and (4000,), which it never does.
    """

    data: dict[str, Tensor]
    x: Tensor
    y: Tensor


def sealed_data(seed: int) -> Sealed:
    """Draw clothes, false training labels, and mirrored pictures for the rest.

    Half of the validation and test pictures show their piece the other way round; of
    the training pictures none does. 30 % of the training labels are another class,
    each of the nine others equally likely; all other labels are right.

    Args:
        seed: of the split, the false labels and the mirrored pictures.
    """
    parts = fashion_mnist(500, 500, n_test=4000, size=14, split_seed=seed)
    g = torch.Generator().manual_seed(seed + 1)
    test = parts.test.open(say("tiers of the capstone"))
    y = corrupt_labels(parts.train.y, 10, _FALSE, g)[0]
    return Sealed(
        {
            "train_x": parts.train.x,
            "train_y": y,
            "val_x": _mirrored(parts.val.x, g),
            "val_y": parts.val.y,
        },
        _mirrored(test.x, g),
        test.y,
    )


def _mirrored(x: Tensor, g: torch.Generator) -> Tensor:
    turned = torch.rand(len(x), 1, 1, 1, generator=g) < 0.5
    return torch.where(turned, x.flip(-1), x)


@exercise(
    "12.4",
    rules=True,
    mistakes={
        "over-budget": say(
            "The training is longer than the budget allows. Each call of an "
            "optimizer's step() counts, of all networks together, and so does each "
            "backward pass where there are more of those."
        ),
        "train-mode": say(
            "The model comes back in training mode, or parts of it do: dropout would "
            "go on dropping. Call `model.eval()` before you return it."
        ),
        "probabilities": say(
            "The model gives probabilities. Asked for are logits: leave the softmax "
            "out, cross-entropy takes it itself."
        ),
        "trained-on-validation": say(
            "The model is far better on the validation examples than on new ones: it "
            "has learned them, or was chosen by them among far too many. They are "
            "there to choose with; train on train_x and train_y alone."
        ),
        "guessing": say(
            "The model is hardly better than guessing among ten classes. Do inputs and "
            "labels stay together when you shuffle? Do the gradients come from this "
            "step, and does the optimizer hold the parameters of this model?"
        ),
    },
)
def strategy(answer: Any, t: Trial) -> float:
    """Check 12.4: train within the budget, and measure on what nobody has seen."""
    shops = []
    for _ in range(SHOPS):
        with t.apart():
            shops.append(_in_one_shop(answer, t))
    each = ", ".join(f"{shop.right:.1f}" for shop in shops)
    t.case = say(
        "{shops} shops, 4000 sealed test images each: {each} % right",
        shops=SHOPS,
        each=each,
    )
    known = sum(shop.known for shop in shops) / SHOPS
    right = sum(shop.right for shop in shops) / SHOPS
    seconds = sum(shop.seconds for shop in shops)
    t.require(
        seconds <= SECONDS,
        say("the training takes too long."),
        expected=say(
            "at most {seconds:g} seconds of the processor for {shops} shops",
            seconds=SECONDS,
            shops=SHOPS,
        ),
        got=say("{seconds:.1f} seconds", seconds=seconds),
        advice=say("A smaller network, or smaller batches, will do."),
    )
    t.require(
        right > _GUESSING,
        say(
            "the model is right on {right:.1f} % of the sealed test images.",
            right=right,
        ),
        expected=say("{tiers:g} % or more; guessing gives 10 %", tiers=TIERS[0][0]),
        mistake="guessing",
    )
    t.require(
        known - right < _BY_HEART,
        say("the model knows the validation examples."),
        expected=say("about the same accuracy on validation and test"),
        got=say(
            "{known:.1f} % on validation, {right:.1f} % on test",
            known=known,
            right=right,
        ),
        mistake="trained-on-validation",
    )
    return _tier(t, right, each)


class _Shop(NamedTuple):
    """What one training has reached: % on validation and test, processor seconds."""

    known: float
    right: float
    seconds: float


def _in_one_shop(answer: Any, t: Trial) -> _Shop:
    """Let the answer train on one drawing, by the rules, and measure its model."""
    drawn = sealed_data(t.random.randrange(10**6))
    case = f"strategy(data, budget={BUDGET})"
    data = {name: value.clone() for name, value in drawn.data.items()}
    made, spent = t.train(answer, data, BUDGET, case=case)
    _within_budget(t, spent)
    model = t.module(made)
    modes = t.modes(model)
    t.require(
        not any(modes),
        say("the model is not in evaluation mode."),
        expected=say("`training` False in the model and in all modules inside"),
        got=say(
            "True in {sum_modes} of {n_modes}", sum_modes=sum(modes), n_modes=len(modes)
        ),
        mistake="train-mode",
    )
    x, y = torch.cat([drawn.data["val_x"], drawn.x]), drawn.data["val_y"]
    hits, seconds = _right_on(t, model, x, torch.cat([y, drawn.y]))
    known, right = (
        100 * part.float().mean().item() for part in (hits[: len(y)], hits[len(y) :])
    )
    return _Shop(known, right, spent.seconds + seconds)


def _within_budget(t: Trial, spent: Spent) -> None:
    t.require(
        max(spent.steps, spent.passes) <= BUDGET,
        say("the training takes more than its budget."),
        expected=say(
            "at most {budget} optimizer steps, and as many backward passes",
            budget=BUDGET,
        ),
        got=say(
            "{steps} optimizer steps, {passes} backward passes",
            steps=spent.steps,
            passes=spent.passes,
        ),
        mistake="over-budget",
    )


def _right_on(t: Trial, model: Any, x: Tensor, y: Tensor) -> tuple[Tensor, float]:
    """Return which pictures the model is right on (N,), and how long it took.

    They come mixed, in batches of one size: no batch tells which pictures it has.
    """
    order, hits, seconds = t.rand(len(x)).argsort(), torch.zeros(len(x)) > 0, 0.0
    for rows in order.split(_BATCH):
        out, spent = _logits(t, model, x[rows])
        hits[rows] = out.argmax(1) == y[rows]
        seconds += spent.seconds
    return hits, seconds


def _logits(t: Trial, model: Any, x: Tensor) -> tuple[Tensor, Spent]:
    """Return what the model gives for x (N, 1, 14, 14), and what it spent on it."""

    def explain(error: Raised) -> None:
        if error.says("RuntimeError", "shapes cannot be multiplied"):
            t.fail(
                say("the model does not take images."),
                expected=say("a module for images of shape (N, 1, 14, 14)"),
                got=f"{error}",
                advice=say("Begin it with nn.Flatten(), if it wants flat inputs."),
            )

    case = say("the model on {n_x} images", n_x=len(x))
    made, spent = t.train(model, x, case=case, explain=explain)
    t.require(
        not (spent.steps or spent.passes),
        say("the model trains while it is measured."),
        expected=say("no optimizer step and no backward pass in it"),
        got=say(
            "{steps} optimizer steps, {passes} backward passes",
            steps=spent.steps,
            passes=spent.passes,
        ),
        advice=say("All training belongs into `strategy`, within its budget."),
    )
    out = t.tensor(made, shape=(len(x), 10), what=say("what it gives")).detach()
    t.require(not out.isnan().any(), say("what the model gives contains NaN."))
    one = torch.ones(len(x), dtype=out.dtype)
    sums = torch.allclose(out.sum(1), one, rtol=0, atol=1e-4)
    t.require(
        not (sums and (out >= 0).all()),
        say("the model's values are not logits."),
        expected=say("logits, of any sign"),
        got=say("values from 0 to 1 whose sum is 1 for each image"),
        mistake="probabilities",
    )
    return out, spent


def _tier(t: Trial, right: float, each: str) -> float:
    """Return the points of the tier that this mean reaches; `each` says of what.

    The tiers stand in gaps between what a plain network, one cure, and a cure for each
    difficulty reach: `python -m staff.bench.capstone` measures them.
    """
    reached = [points for least, points in TIERS if right >= least]
    t.require(
        reached,
        say(
            "the model is right on {right:.1f} % of the sealed test images.",
            right=right,
        ),
        expected=say("at least {tiers:g} %, the first tier", tiers=TIERS[0][0]),
        advice=say(
            "The rules were kept; what is missing is a cure. There are two "
            "difficulties: false labels, and customers' pictures that show the piece "
            "the other way round."
        ),
    )
    t.part(
        say(
            "{right:.1f} % of the sealed test images, mean of {each}: tier {n_reached} "
            "of {n_tiers}, {reached:g} of {tiers:g} points",
            right=right,
            each=each,
            n_reached=len(reached),
            n_tiers=len(TIERS),
            reached=reached[-1],
            tiers=TIERS[-1][1],
        )
    )
    return reached[-1]
