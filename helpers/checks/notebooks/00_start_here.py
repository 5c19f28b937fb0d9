"""Checks of 00_start_here: training epoch, evaluation, paired difference."""

import contextlib
import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary.epochs import (
    KINDS,
    Branch,
    Case,
    Loss,
    Pair,
    Run,
    Scores,
    adam,
    describe_sizes,
    draw_batches,
    first_difference,
    in_some_form,
    linear,
    mode_model,
    right_epoch,
    same_batches,
    same_parameters,
    scores,
    sgd,
    shown,
    smoothed,
    usual_slips,
    with_hard_end,
)
from helpers.checks.vocabulary.gradients import still_recorded
from helpers.words import say

# float32 losses summed in any order differ by about 1e-6 of their size
LOSS = {"rtol": 1e-5, "atol": 1e-6}

BATCH_MEANS = say(
    "You average the batches' means, so the examples of the smaller last batch count "
    "more than the others. Weight each batch by its number of examples, and divide by "
    "the number of all examples."
)

SOFTMAX_FIRST = say(
    "The logits go through a softmax before `loss_fn`. Cross-entropy takes logits and "
    "does its own; a second one squeezes every row into [0, 1], so the loss can never "
    "come near zero and the gradients shrink. Hand over `model(x)` as it is."
)
SWAPPED_ARGUMENTS = say(
    "`loss_fn` is called with the labels first. It takes the logits first and the "
    "labels second: `loss_fn(model(x), y)`."
)


@exercise(
    "0.1",
    mistakes={
        "not-zeroed": say(
            "The gradients are not zeroed: `backward()` *adds* to those of earlier "
            "batches, or to what was left from before the call. Zero them before every "
            "`backward()`, the first one included."
        ),
        "eval-mode": say(
            "The model is left in eval mode, where dropout is off and BatchNorm does "
            "not look at the batch. Call `model.train()` before the first batch, and "
            "leave the model in train mode."
        ),
        "batch-means": BATCH_MEANS,
        "softmax-first": SOFTMAX_FIRST,
        "swapped-arguments": SWAPPED_ARGUMENTS,
    },
)
def train_epoch(answer: Any, t: Trial) -> None:
    """Check 0.1: an update per batch, fresh gradients, the mean loss per example."""
    t.part("one batch by hand")
    _one_batch_by_hand(answer, t)
    t.part("gradients start at zero")
    _stale_gradients(answer, t)
    t.part("every batch")
    _equal_batches(answer, t)
    t.part("a smaller last batch")
    _smaller_last_batch(answer, t)
    t.part("train mode")
    for layer in (Branch, nn.BatchNorm1d):
        _train_mode(answer, t, layer)
    t.part("another optimizer and loss")
    _other_optimizer(answer, t)


@exercise(
    "0.2",
    mistakes={
        "no-eval-mode": say(
            "The model is not put into eval mode, so dropout drops and BatchNorm uses "
            "the batch. `torch.no_grad()` does not change that: call `model.eval()` "
            "before the first batch."
        ),
        "tracks-gradients": say(
            "Gradients are tracked during the forward pass: a graph that nobody needs "
            "fills the memory. Run the model under `torch.no_grad()`."
        ),
        "batch-means": BATCH_MEANS,
        "left-in-eval": say(
            "The model came in train mode and is left in eval mode, as a whole or in "
            "part: training would go on without dropout. Remember `model.training` "
            "first and restore it by `model.train(…)` at the end."
        ),
        "softmax-first": SOFTMAX_FIRST,
        "swapped-arguments": SWAPPED_ARGUMENTS,
    },
)
def evaluate(answer: Any, t: Trial) -> None:
    """Check 0.2: mean loss and accuracy in eval mode, no graph, modes restored."""
    t.part("one batch by hand")
    _evaluated_by_hand(answer, t)
    t.part("a smaller last batch")
    _evaluated_unevenly(answer, t)
    t.part("eval mode")
    for layer in (Branch, nn.BatchNorm1d):
        _evaluated_from_train_mode(answer, t, layer)
    t.part("the mode comes back")
    _evaluated_from_eval_mode(answer, t)


@exercise(
    "0.3",
    mistakes={
        "unpaired": say(
            "The two groups are treated as if they had nothing to do with each other: "
            "their variances are added. Subtract seed by seed *first*, and take the "
            "standard deviation of the differences."
        ),
        "normal-quantile": say(
            "The factor is the normal quantile (1.96 at 95 %). It would be right if "
            "the spread were known; yours is estimated from n differences, so take "
            "Student's t with n - 1 degrees of freedom."
        ),
        "population-sd": say(
            "The standard deviation divides by n. The differences stand for all seeds "
            "that might have been drawn, so divide by n - 1, which is what "
            "`Tensor.std()` does and NumPy's `std` does not."
        ),
        "no-root-n": say(
            "This interval says where a *single* difference may lie. The mean of n "
            "differences is steadier: divide the standard deviation by √n."
        ),
        "swapped": say(
            "This is control minus treatment. The effect of the treatment is treatment "
            "- control: positive where the treatment gives more."
        ),
    },
)
def paired_difference(answer: Any, t: Trial) -> None:
    """Check 0.3: Student's interval of the differences, seed by seed."""
    t.part("three seeds by hand")
    control = torch.tensor([60.0, 70.0, 80.0])
    treatment = torch.tensor([62.0, 71.0, 83.0])
    asked = [_pairs_of(answer, t, control, treatment, 0.95)]
    t.part("other numbers of seeds")
    for n in (2, t.random.randint(4, 7), t.random.randint(9, 14)):
        asked.append(_drawn_pairs(answer, t, n, t.dtype(), 0.95))
    t.part("other confidences")
    for confidence in (0.8, 0.99):
        n = t.random.randint(5, 12)
        asked.append(_drawn_pairs(answer, t, n, t.dtype(), confidence))
    t.part("a treatment that does harm")
    asked.append(_drawn_pairs(answer, t, 8, torch.float64, 0.9, gain=-4.0))
    _require_intervals(t, asked)


# -- 0.1 and 0.2 --------------------------------------------------------------------


class _Heard:
    """A loss_fn that notes what it is called with."""

    def __init__(self, loss_fn: Loss) -> None:
        self.loss_fn = loss_fn
        self.swapped = False
        self.calls = self.probabilities = 0
        self.row = ""

    def __call__(self, *args: Any, **options: Any) -> Tensor:
        """Note the arguments, then compute the loss."""
        self.calls += 1
        # inside vmap, or with other arguments, there is nothing to note
        with contextlib.suppress(AttributeError, RuntimeError, TypeError):
            self._note(*args)
        return self.loss_fn(*args, **options)

    def _note(self, logits: Tensor, labels: Tensor) -> None:
        self.swapped |= labels.is_floating_point() and not logits.is_floating_point()
        rows = logits.detach().double()
        one = torch.ones(1, dtype=torch.float64)
        if bool((rows >= 0).all()) and torch.allclose(rows.sum(1), one, atol=1e-5):
            self.probabilities += 1
            self.row = shown(rows[0])

    def require_order(self, t: Trial) -> None:
        """Require logits first, labels second."""
        t.require(
            not self.swapped,
            say("the loss's arguments are in the wrong order."),
            expected=say("loss_fn(logits, labels)"),
            got=say("loss_fn(labels, logits)"),
            mistake="swapped-arguments",
        )

    def probabilities_only(self) -> bool:
        """Tell whether all rows ever heard are ≥ 0 and sum to one."""
        return self.calls == self.probabilities > 0

    def require_logits(self, t: Trial, right: bool) -> None:
        """Fail unless what came of the probabilities is `right` all the same."""
        t.require(
            right,
            say("the loss is computed from probabilities, not from logits."),
            expected="loss_fn(model(x), y)",
            got=say("a first row of {row}, which sums to 1", row=self.row),
            mistake="softmax-first",
        )


def _squeezed(loss_fn: Loss) -> Loss:
    return lambda logits, labels: loss_fn(logits.softmax(1), labels)


# -- 0.1 ----------------------------------------------------------------------------


def _train(
    answer: Any, t: Trial, case: Case, stale: Sequence[Tensor] = ()
) -> tuple[nn.Module, float]:
    """Let the answer train a copy of the model; return it and the loss returned."""
    model = copy.deepcopy(case.model)
    heard = _Heard(case.loss_fn)
    optimizer = case.optimizer(model.parameters())
    for parameter, gradient in zip(model.parameters(), stale, strict=False):
        parameter.grad = gradient.clone()
    with same_batches(t, case.batches):
        loss = t.call(
            answer,
            model,
            case.batches,
            heard,
            optimizer,
            case=f"train_epoch(…), {case.text}",
            may_change=True,
            explain=lambda _: heard.require_order(t),
        )
    heard.require_order(t)
    squeezed = replace(case, loss_fn=_squeezed(case.loss_fn))
    if heard.probabilities_only() and same_parameters(
        model, right_epoch(squeezed).model
    ):
        heard.require_logits(t, same_parameters(model, right_epoch(case).model))
    return model, t.number(loss, what=say("the returned loss"))


def _require_parameters(
    t: Trial, model: nn.Module, case: Case, mistake: str | None = None
) -> None:
    """Require the parameters that a right epoch gives, and name what went wrong."""
    right = right_epoch(case).model
    if same_parameters(model, right):
        return
    problem, advice = say("the parameters after the call are not right."), None
    if same_parameters(model, case.model):
        problem = say(
            "the parameters are the same as before the call: nothing was learned."
        )
        advice = say(
            "Each batch needs `loss.backward()` and then `optimizer.step()`, with no "
            "`zero_grad()` between the two."
        )
        mistake = None
    elif mistake is None:
        mistake, advice = _what_went_wrong(model, case)
    difference = first_difference(model, right)
    assert difference is not None
    name, got, expected = difference
    t.fail(
        problem,
        expected=f"`{name}` = {shown(expected)}",
        got=shown(got),
        mistake=mistake,
        advice=advice,
    )


def _what_went_wrong(model: nn.Module, case: Case) -> tuple[str | None, str | None]:
    """Compare with epochs in which one thing is done wrongly."""
    first = Case(case.text, case.model, list(case.batches)[:1], *_rest(case))
    last = Case(case.text, case.model, list(case.batches)[-1:], *_rest(case))
    others = Case(case.text, case.model, list(case.batches)[:-1], *_rest(case))
    plain = Case(case.text, case.model, case.batches, F.cross_entropy, case.optimizer)
    if same_parameters(model, right_epoch(case, zero=False).model):
        return "not-zeroed", None
    if same_parameters(model, right_epoch(case, step_each=False).model):
        return None, say(
            "Take a step for *every* batch, not one at the end of the epoch."
        )
    if same_parameters(model, right_epoch(first).model):
        return None, say("Only the first batch was used: is `return` inside the loop?")
    if same_parameters(model, right_epoch(last).model):
        return None, say(
            "Only the last batch was used: does the update stand in the loop?"
        )
    if same_parameters(model, right_epoch(others).model):
        return None, say("The last batch was left out.")
    if same_parameters(model, right_epoch(plain).model):
        return None, say("Use the `loss_fn` you are given, not one of your own choice.")
    return None, (
        say(
            "For each batch: zero the gradients, compute the loss, `loss.backward()`, "
            "and one `optimizer.step()`."
        )
    )


def _rest(case: Case) -> tuple[Loss, Callable[..., Any]]:
    return case.loss_fn, case.optimizer


def _require_loss(t: Trial, got: float, run: Run) -> None:
    """Require the per-example mean of the losses before each update."""
    before, sizes = run.before, run.sizes
    late = {
        say("Take each batch's loss before its update, not after it."): run.mean(
            run.after
        )
    }
    wrong = late | usual_slips(before, sizes)
    wrong["You divide by the number of batches, but add up sums over examples."] = (
        run.mean() * sum(sizes) / len(sizes)
    )
    t.close(
        got,
        run.mean(),
        what=say("the returned loss"),
        mistakes={"batch-means": sum(before) / len(before)},
        advice=_advice(got, run.mean(), wrong)
        or say("The mean over all examples of the loss before each update is wanted."),
        **LOSS,
    )


def _advice(got: float, right: float, wrong: dict[str, float]) -> str | None:
    """Return the sentence whose wrong value was given."""
    for sentence, value in wrong.items():
        if _near(got, value) and not _near(value, right):
            return sentence
    return None


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=LOSS["rtol"], abs_tol=LOSS["atol"])


def _one_batch_by_hand(answer: Any, t: Trial) -> None:
    """With zero weights both classes get ½: loss ln 2, gradient ±x/2."""
    x, lr, n = t.random.choice([1.0, 2.0]), t.random.choice([1.0, 0.5]), 2
    model = nn.Linear(1, 2, bias=False)
    nn.init.zeros_(model.weight)
    batch = (torch.full((n, 1), x), torch.ones(n, dtype=torch.int64))
    text = say(
        "one batch of {n} times x = {x:g}, label 1; weights 0, SGD with lr={lr:g}",
        n=n,
        x=x,
        lr=lr,
    )
    case = Case(text, model, [batch], F.cross_entropy, sgd(lr))
    trained, loss = _train(answer, t, case)
    _require_parameters(t, trained, case)
    _require_loss(t, loss, right_epoch(case))


def _stale_gradients(answer: Any, t: Trial) -> None:
    dtype = t.dtype()
    model = linear(t, 3, 3, dtype)
    batches = draw_batches(t, [t.random.randint(4, 8)], model)
    case = Case(say("one batch"), model, batches, F.cross_entropy, sgd(0.5))
    _require_parameters(t, _train(answer, t, case)[0], case)
    case.text = say("one batch; the parameters hold gradients from before the call")
    stale = [3 + t.rand(*p.shape, dtype=dtype) for p in model.parameters()]
    trained, loss = _train(answer, t, case, stale)
    _require_parameters(t, trained, case, "not-zeroed")
    _require_loss(t, loss, right_epoch(case))


def _equal_batches(answer: Any, t: Trial) -> None:
    dtype, size = t.dtype(), t.random.randint(3, 6)
    model = linear(t, 3, 3, dtype)
    batches = draw_batches(t, [size] * t.random.randint(3, 4), model)
    case = Case(
        say("batches of {batches}", batches=describe_sizes(batches)),
        model,
        batches,
        F.cross_entropy,
        sgd(0.5),
    )
    trained, loss = _train(answer, t, case)
    _require_parameters(t, trained, case)
    _require_loss(t, loss, right_epoch(case))


def _smaller_last_batch(answer: Any, t: Trial) -> None:
    dtype, size = t.dtype(), t.random.randint(5, 8)
    model = linear(t, 3, 3, dtype)
    plain = with_hard_end(model, draw_batches(t, [size, size, 2], model))
    batches = in_some_form(t, plain)
    text = say("batches of {plain}", plain=describe_sizes(plain))
    case = Case(text, model, batches, F.cross_entropy, sgd(0.1))
    trained, loss = _train(answer, t, case)
    _require_parameters(t, trained, case)
    _require_loss(t, loss, right_epoch(case))


def _train_mode(answer: Any, t: Trial, layer: type[nn.Module]) -> None:
    model, passes = mode_model(t, layer)
    batches = draw_batches(t, [6, 6], model.eval())
    case = Case(
        say("a model with {kinds} that comes in eval mode", kinds=KINDS[layer]),
        model,
        batches,
        F.cross_entropy,
        sgd(0.1, momentum=0.9),
    )
    passes.take()
    trained, loss = _train(answer, t, case)
    seen = [each.training for each in passes.take()]
    case.model = copy.deepcopy(model).train()
    run = right_epoch(case)
    right = same_parameters(trained, run.model) and _near(loss, run.mean())
    t.require(
        right or all(seen),
        say("a forward pass ran in eval mode."),
        expected=say("train mode for every batch"),
        got=say("eval mode") if not any(seen) else say("eval mode for some"),
        mistake="eval-mode",
    )
    t.require(
        trained.training,
        say("the model is in eval mode after the call."),
        expected=say("model.training = True"),
        got=say("model.training = False"),
        mistake="eval-mode",
    )
    t.require(
        all(module.training for module in trained.modules()),
        say("a part of the model is in eval mode after the call."),
        mistake="eval-mode",
    )
    _require_parameters(t, trained, case)
    _require_loss(t, loss, run)


def _other_optimizer(answer: Any, t: Trial) -> None:
    dtype, size = t.dtype(), t.random.randint(4, 6)
    model = linear(t, 3, 3, dtype)
    plain = draw_batches(t, [size, size, size - 2], model)
    batches = in_some_form(t, plain)
    text = say(
        "Adam and a label-smoothed loss, batches of {plain}",
        plain=describe_sizes(plain),
    )
    case = Case(text, model, batches, smoothed, adam)
    trained, loss = _train(answer, t, case)
    _require_parameters(t, trained, case)
    _require_loss(t, loss, right_epoch(case))


# -- 0.2 ----------------------------------------------------------------------------


def _evaluate(
    answer: Any,
    t: Trial,
    model: nn.Module,
    batches: Iterable[Pair],
    *,
    loss_fn: Loss = F.cross_entropy,
    text: str,
) -> tuple[float, float]:
    """Call the answer; require two numbers and that nothing but modes changes."""
    heard = _Heard(loss_fn)
    with same_batches(t, batches):
        result = t.call(
            answer,
            model,
            batches,
            heard,
            case=f"evaluate(…), {text}",
            may_change=True,
            explain=lambda _: heard.require_order(t),
        )
        still_recorded(t)
    heard.require_order(t)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        t.fail(
            say("the result is not a pair (loss, accuracy)."),
            expected=say("two floats"),
            got=_kind(t, result),
            advice=say("Is `return` missing?") if result is None else None,
        )
    loss = t.number(result[0], what=say("the returned loss"))
    if heard.probabilities_only():
        resting = copy.deepcopy(model).eval()
        right, squeezed = (
            scores(resting, batches, each) for each in (loss_fn, _squeezed(loss_fn))
        )
        if _near(loss, squeezed.mean(squeezed.losses)):
            heard.require_logits(t, _near(loss, right.mean(right.losses)))
    return loss, t.number(result[1], what=say("the returned accuracy"))


def _kind(t: Trial, value: object) -> str:
    if isinstance(value, (tuple, list)):
        return say("a {kind} of {n_value}", kind=t.kind(value), n_value=len(value))
    return "None" if value is None else t.kind(value)


def _require_scores(t: Trial, got: tuple[float, float], right: Scores) -> None:
    loss, accuracy = got
    losses, accuracies, count = right.losses, right.accuracies, sum(right.sizes)
    mean_loss, mean_accuracy = right.mean(losses), right.mean(accuracies)
    swapped = _near(loss, mean_accuracy) and _near(accuracy, mean_loss)
    t.require(
        not swapped,
        say("loss and accuracy are swapped."),
        expected=say("(loss, accuracy)"),
    )
    t.close(
        loss,
        mean_loss,
        what=say("the returned loss"),
        mistakes={"batch-means": sum(losses) / len(losses)},
        advice=_advice(loss, mean_loss, usual_slips(losses, right.sizes))
        or say("The mean over all examples of `loss_fn(logits, labels)` is wanted."),
        **LOSS,
    )
    wanted = say("The share of examples whose largest logit is at the label is wanted.")
    wrong = {  # questions: with few examples a share can be right by chance
        say("Accuracy is a share in [0, 1], not a percentage."): 100 * mean_accuracy,
        say("This is the number of right answers: divide by that of all examples."): (
            mean_accuracy * count
        ),
        say("Is this the share of wrong answers? {wanted}", wanted=wanted): 1
        - mean_accuracy,
        say(
            "Is this the last batch's accuracy alone? {wanted}", wanted=wanted
        ): accuracies[-1],
        say(
            "Is this the first batch's accuracy alone? {wanted}", wanted=wanted
        ): accuracies[0],
    }
    t.close(
        accuracy,
        mean_accuracy,
        what=say("the returned accuracy"),
        mistakes={"batch-means": sum(accuracies) / len(accuracies)},
        advice=_advice(accuracy, mean_accuracy, wrong) or wanted,
        **LOSS,
    )


def _evaluated_by_hand(answer: Any, t: Trial) -> None:
    """Logits (0, ln 3) are probabilities ¼ and ¾: losses ln 4 and ln 4/3."""
    n = t.random.randint(3, 5)
    model = nn.Linear(1, 2, bias=False).eval()
    model.weight.data = torch.tensor([[0.0], [math.log(3)]])
    labels = torch.ones(n, dtype=torch.int64)
    labels[0] = 0
    text = say(
        "one batch with logits (0, ln 3) and labels {labels}", labels=labels.tolist()
    )
    batches = [(torch.ones(n, 1), labels)]
    right = scores(model, batches, F.cross_entropy)
    _require_scores(t, _evaluate(answer, t, model, batches, text=text), right)


def _evaluated_unevenly(answer: Any, t: Trial) -> None:
    dtype, size = t.dtype(), t.random.randint(5, 8)
    model = linear(t, 3, 3, dtype).eval()
    plain = with_hard_end(model, draw_batches(t, [size, size, 2], model))
    plain[0][1][0] = (plain[0][1][0] + 1) % 3
    text = say("batches of {plain}", plain=describe_sizes(plain))
    others = scores(model, plain, F.cross_entropy)
    right = scores(model, plain, smoothed)
    _require_scores(t, _evaluate(answer, t, model, plain, text=text), others)
    batches, text = in_some_form(t, plain), text + say(", a label-smoothed loss")
    got = _evaluate(answer, t, model, batches, loss_fn=smoothed, text=text)
    t.require(
        not _near(got[0], others.mean(others.losses)),
        say("the loss is not that of the `loss_fn` you are given."),
        advice=say("Call `loss_fn(logits, labels)`."),
    )
    _require_scores(t, got, right)


def _evaluated_from_train_mode(answer: Any, t: Trial, layer: type[nn.Module]) -> None:
    model, passes = mode_model(t, layer)
    batches = draw_batches(t, [7, 7, 3], model.eval())
    model.train()
    text = say("a model with {kinds} that comes in train mode", kinds=KINDS[layer])
    right = scores(copy.deepcopy(model).eval(), batches, F.cross_entropy)
    state = copy.deepcopy(model.state_dict())
    waiting = _with_gradients(t, model)
    passes.take()
    got = _evaluate(answer, t, model, batches, text=text)
    heard = passes.take()
    t.require(
        not any(each.training for each in heard),
        say("a forward pass ran in train mode."),
        expected=say("loss {mean:.6g}", mean=right.mean(right.losses)),
        got=say("loss {got:.6g}", got=got[0]),
        mistake="no-eval-mode",
    )
    _require_scores(t, got, right)
    t.require(
        not any(each.tracked for each in heard),
        say("the logits carry a graph for gradients."),
        expected=say("logits.requires_grad = False"),
        got=say("logits.requires_grad = True"),
        mistake="tracks-gradients",
    )
    _require_restored(t, model, True)
    _require_unchanged(t, model, state, waiting)


def _evaluated_from_eval_mode(answer: Any, t: Trial) -> None:
    model, _ = mode_model(t, nn.BatchNorm1d)
    text = say("a model that comes in eval mode")
    batches = draw_batches(t, [6, 1], model.eval())
    state = copy.deepcopy(model.state_dict())
    waiting = _with_gradients(t, model)
    right = scores(model, batches, F.cross_entropy)
    got = _evaluate(answer, t, model, batches, text=text)
    _require_scores(t, got, right)
    _require_restored(t, model, False)
    _require_unchanged(t, model, state, waiting)


def _require_restored(t: Trial, model: nn.Module, training: bool) -> None:
    modes = [module.training for module in model.modules()]
    names = {True: say("train mode"), False: say("eval mode")}
    where = say("it") if model.training != training else say("a part of it")
    t.require(
        modes == [training] * len(modes),
        say(
            "the model came in {names}, and {where} is left in {names2}.",
            names=names[training],
            where=where,
            names2=names[not training],
        ),
        expected=say(
            "model.training = {training}, as before the call", training=training
        ),
        mistake="left-in-eval" if training else None,
        advice=say("Remember `model.training` first and restore exactly that."),
    )


def _with_gradients(t: Trial, model: nn.Module) -> dict[str, Tensor]:
    """Give each parameter a gradient, as if an update were still to come."""
    for parameter in model.parameters():
        parameter.grad = t.randn(*parameter.shape)
    return {
        n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None
    }


def _require_unchanged(
    t: Trial, model: nn.Module, state: dict[str, Tensor], waiting: dict[str, Tensor]
) -> None:
    for name, value in model.state_dict().items():
        t.require(
            torch.equal(value, state[name]),
            say(
                "evaluation changes the model: `{name}` is not what it was.", name=name
            ),
            expected=say("parameters and buffers as before the call"),
        )
    t.require(
        all(parameter.requires_grad for parameter in model.parameters()),
        say("the parameters no longer require gradients after the call."),
        expected=say("requires_grad = True, as before the call"),
        advice=say("Use `with torch.no_grad():` instead."),
    )
    for name, parameter in model.named_parameters():
        kept = parameter.grad is not None and torch.equal(parameter.grad, waiting[name])
        t.require(
            kept,
            say(
                "the gradient of `{name}` is not what it was before the call.",
                name=name,
            ),
            expected=say(
                "gradients as before the call: an update may be waiting for them"
            ),
            got="None" if parameter.grad is None else shown(parameter.grad),
            advice=say("Measuring needs no `zero_grad()`, and no `backward()` either."),
        )


# -- 0.3 ----------------------------------------------------------------------------

Bounds = tuple[float, float, float]
ORDER = say("(mean of treatment - control, low, high)")


@dataclass
class Pairs:
    """One call of paired_difference, and what came back."""

    case: str
    control: Tensor
    treatment: Tensor
    confidence: float
    got: Bounds = (math.nan, math.nan, math.nan)

    def bounds(self, **slip: Any) -> Bounds:
        """Return what is right, or what one slip gives."""
        return _student(self.control, self.treatment, self.confidence, **slip)

    def fits(self, wanted: Bounds) -> bool:
        """Tell whether the answer's three numbers are these, up to rounding."""
        # float32 keeps values near 80 to 5e-6; their differences no better
        pairs = zip(self.got, wanted, strict=True)
        return all(math.isclose(a, b, rel_tol=1e-4, abs_tol=2e-4) for a, b in pairs)


def _student(
    control: Tensor,
    treatment: Tensor,
    confidence: float,
    *,
    spread: str = "paired",
    correction: int = 1,
    root: bool = True,
    factor: str = "student",
) -> Bounds:
    """Return mean and bounds of treatment - control, right or with one slip."""
    a, b = control.double(), treatment.double()
    n, mean = len(a), (b - a).mean().item()
    s = (b - a).std(correction=correction).item()
    va, vb = a.var().item(), b.var().item()
    df: float = n - 1
    if spread != "paired":
        s = math.sqrt(va + vb)
    if spread == "pooled":
        df = 2 * n - 2
    if spread == "welch":
        df = (n - 1) * (va + vb) ** 2 / (va**2 + vb**2)
    half = _factor(factor, df, confidence) * s / (math.sqrt(n) if root else 1)
    return mean, mean - half, mean + half


def _factor(kind: str, df: float, confidence: float) -> float:
    """Return the number of standard errors on each side, right or with one slip."""
    from scipy.special import ndtri, stdtrit

    upper = (1 + confidence) / 2
    if kind == "none":
        return 1.0
    if kind == "normal":
        return float(ndtri(upper))
    if kind == "one-sided":
        return float(stdtrit(df, confidence))
    if kind == "n degrees":
        return float(stdtrit(df + 1, upper))
    if kind == "always 95 %":
        return float(stdtrit(df, 0.975))
    return float(stdtrit(df, upper))


def _pairs_of(
    answer: Any, t: Trial, control: Tensor, treatment: Tensor, confidence: float
) -> Pairs:
    """Call the answer; require three numbers."""
    shown = f"control={_row(control)}, treatment={_row(treatment)}"
    text = f"paired_difference({shown}, confidence={confidence:g})"
    options: dict[str, Any] = {} if confidence == 0.95 else {"confidence": confidence}
    result = t.call(answer, control, treatment, case=text, **options)
    if not isinstance(result, (tuple, list)) or len(result) != 3:
        t.fail(
            say("the result is not three numbers."),
            expected=ORDER,
            got=_kind(t, result),
            advice=say("Is `return` missing?") if result is None else None,
        )
    names = (say("the mean"), say("the lower bound"), say("the upper bound"))
    mean, low, high = (
        t.number(value, what=name) for value, name in zip(result, names, strict=True)
    )
    return Pairs(text, control, treatment, confidence, (mean, low, high))


def _row(values: Tensor) -> str:
    return "[" + ", ".join(f"{value:.2f}" for value in values.tolist()) + "]"


def _drawn_pairs(
    answer: Any,
    t: Trial,
    n: int,
    dtype: torch.dtype,
    confidence: float,
    gain: float = 1.5,
) -> Pairs:
    """Draw seeds whose luck is shared, 4 points of it, and 1 that is not."""
    luck, own = t.randn(n, dtype=torch.float64), t.randn(n, dtype=torch.float64)
    own = own + torch.linspace(-1, 1, n)  # never all alike
    control = (75 + 4 * luck).round(decimals=2)
    treatment = (control + gain + own).round(decimals=2)
    return _pairs_of(answer, t, control.to(dtype), treatment.to(dtype), confidence)


Slip = Callable[[Pairs], Bounds]


def _slip(**slip: Any) -> Slip:
    """Return what gives the interval with one thing done wrongly."""
    return lambda p: p.bounds(**slip)


def _require_intervals(t: Trial, asked: Sequence[Pairs]) -> None:
    """Require all intervals; name a slip only if every wrong one is due to it."""
    wrong = [pairs for pairs in asked if not pairs.fits(pairs.bounds())]
    if not wrong:
        return
    slips: dict[str, list[Slip]] = {
        "swapped": [lambda p: _turned(p.bounds())],
        "unpaired": [
            _slip(spread=spread, factor=factor)
            for spread in ("pooled", "welch", "n - 1")
            for factor in ("student", "normal")
        ],
        "normal-quantile": [_slip(factor="normal")],
        "population-sd": [_slip(correction=0)],
        "no-root-n": [_slip(root=False)],
    }
    mistake = next(
        (
            name
            for name, variants in slips.items()
            if any(all(p.fits(variant(p)) for p in wrong) for variant in variants)
        ),
        None,
    )
    first = wrong[0]
    t.case = first.case
    t.fail(
        say("the interval is not right."),
        expected=say("(mean, low, high) = {first}", first=_bounds_text(first.bounds())),
        got=_bounds_text(first.got),
        mistake=mistake,
        advice=None if mistake else _interval_advice(wrong),
    )


def _turned(bounds: Bounds) -> Bounds:
    mean, low, high = bounds
    return -mean, -high, -low


def _bounds_text(bounds: Bounds) -> str:
    return "({:.4f}, {:.4f}, {:.4f})".format(*bounds)


def _interval_advice(wrong: Sequence[Pairs]) -> str:
    """Return the sentence that fits all failing cases, or what the first one shows."""
    slips: dict[str, Slip] = {
        say("This is (low, mean, high): the mean comes first."): lambda p: _moved(
            p, 1, 0, 2
        ),
        say("The two bounds are the wrong way round: low comes before high."): (
            lambda p: _moved(p, 0, 2, 1)
        ),
        say(
            "The mean is subtracted and added in the wrong order: this is the interval "
            "of control - treatment around the mean of treatment - control."
        ): (lambda p: (p.bounds()[0], *_turned(p.bounds())[1:])),
        say(
            "This is the one-sided quantile. The interval leaves out (1 - "
            "confidence)/2 on each side, so ask for the quantile at (1 + "
            "confidence)/2."
        ): _slip(factor="one-sided"),
        say("Student's t has n - 1 degrees of freedom here, not n."): _slip(
            factor="n degrees"
        ),
        say(
            "The quantile must follow `confidence`; yours is always that of 95 %."
        ): _slip(factor="always 95 %"),
        say(
            "This is one standard error to each side. Multiply by the quantile."
        ): _slip(factor="none"),
        say(
            "Return the two bounds, mean - half and mean + half, not the half-width."
        ): (lambda p: (p.bounds()[0], *_halves(p))),
    }
    for sentence, slip in slips.items():
        if all(p.fits(slip(p)) for p in wrong):
            return sentence
    mean, low, high = wrong[0].got
    right = wrong[0].bounds()
    if not math.isclose(mean, right[0], rel_tol=1e-4, abs_tol=2e-4):
        return say(
            "The first number must be the mean of treatment - control, seed by seed."
        )
    if math.isclose(low + high, 2 * mean, rel_tol=1e-4, abs_tol=4e-4):
        ratio = (high - low) / (right[2] - right[1])
        return say(
            "The mean is right; the interval is {ratio:.3g} times as wide as wanted.",
            ratio=ratio,
        )
    return say("The mean is right, but it is not in the middle of the two bounds.")


def _moved(p: Pairs, *places: int) -> Bounds:
    bounds = p.bounds()
    a, b, c = (bounds[k] for k in places)
    return a, b, c


def _halves(p: Pairs) -> tuple[float, float]:
    half = (p.bounds()[2] - p.bounds()[1]) / 2
    return half, half
