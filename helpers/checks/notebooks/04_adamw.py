"""Checks of 04_adamw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from helpers.checks import Trial, exercise
from helpers.checks.vocabulary import uses
from helpers.checks.vocabulary.report import describe
from helpers.checks.vocabulary.subject import Raised
from helpers.checks.vocabulary.values import form
from helpers.words import say

# Adam and AdamW in all of torch's forms; torch.optim.Optimizer is welcome.
TORCH_ADAM = r"\boptim\.(\w+\.)*?_?(functional_)?adamw?\b|_fused_adamw?_"

NO_CORRECTION = say(
    "The moments start at zero, so in the first steps they are too small. Divide m by "
    "1 - β₁ᵗ and v by 1 - β₂ᵗ, both of them, before you use them."
)
EPS_INSIDE = say(
    "eps stands inside the square root. Adam divides by √v̂ + eps: take the root "
    "first, then add eps."
)
DECOUPLED = say(
    "The decay is taken from the parameter directly, beside Adam's step: that is "
    "AdamW. In Adam the decay is coupled: add weight_decay · param to the gradient "
    "first, and let m and v see the sum."
)
COUPLED = say(
    "The decay goes through Adam's division by √v̂, because it was added to the "
    "gradient (or to m): that is Adam with L2. In AdamW m and v see the bare gradient, "
    "and the parameter shrinks by itself, by the factor 1 - lr · weight_decay."
)
NOT_TIMES_LR = say(
    "The decay is not multiplied by lr. One step shrinks the parameter by the factor 1 "
    "- lr · weight_decay, so that a smaller learning rate also decays less."
)
ON_UPDATED = say(
    "The decay is computed from the parameter after Adam's step. AdamW decays the "
    "parameter that came in: both parts of the update start from the same param."
)
NORMS = say(
    "A tensor with fewer than two dimensions is decayed: a bias, or the scale of a "
    "norm layer. Ask for the number of dimensions (p.ndim), not for a name or a kind "
    "of layer."
)
TIED_TWICE = say(
    "A parameter that two layers share is listed twice, and would be updated twice per "
    "step. Count each tensor once; model.parameters() already does."
)
STATE_LOST = say(
    "After state_dict() and load_state_dict() into a fresh optimizer the run goes on "
    "differently. Keep m, v and the step count of each parameter in self.state[p]: "
    "only what is in there (and in the groups) is saved."
)
COUNTER_SHARED = say(
    "A parameter that gets its first gradient late is corrected as if it had been "
    "there from the start: the step counter is shared. Each parameter counts its own "
    "steps, in self.state[p]."
)
ROOT_TOO_LARGE = say(
    "√v̂ is 1/√(1-β₂) times too large. v is β₂·v + (1-β₂)·g², and it is corrected "
    "under the root: √(v/(1-β₂ᵗ))."
)
EPS_EARLY = say("eps is added to √v before the bias correction; add it to √v̂.")
REVERSED = say(
    "The betas stand at the wrong terms. Most of the old average is kept: beta·old + "
    "(1-beta)·new."
)
V_FROM_M = say("v is an average of grad², the squares of the gradients; not of m².")
STARTED = say(
    "m and v start at the first gradient (and its square). They start at 0: that is "
    "what the bias correction is made for."
)
POWER = say(
    "The correction is 1 - βᵗ, a power; 1 - β·t is something else from step 2 on."
)
NEGATIVE = say(
    "A root of something negative, or a division by zero: is the correction 1 - βᵗ, a "
    "power, and not 1 - β·t, which turns negative?"
)
L1_DECAY = say(
    "The decay has the same size for every weight: it uses the sign of the parameter. "
    "It is weight_decay times the parameter itself."
)
OF_GRADIENT = say(
    "The decay multiplies the gradient; it is weight_decay times the parameter."
)
ENDS_LOOP = say(
    "b stands behind a parameter without gradient and was not updated at all. "
    "`continue` skips one parameter; `return` and `break` end the whole loop."
)
FIRST_T = say(
    "t is 1 in the first call: count the step before you correct the moments."
)


class Variant(NamedTuple):
    """What a certain flaw would give, with the mistake's id or a hint."""

    value: Tensor
    mistake: str | None = None
    hint: str | None = None


def _near(a: Tensor, b: Tensor, tol: float) -> bool:
    return torch.allclose(a.double(), b.double(), rtol=tol, atol=tol)


def _judge(
    t: Trial,
    got: Tensor,
    right: Tensor,
    variants: Iterable[Variant] = (),
    *,
    what: str = say("the new parameter"),
    tol: float = 1e-5,
    first: bool = True,
) -> None:
    """Require `got` ≈ `right`; else name the first variant that gives `got`."""
    if _near(got, right, tol):
        return
    seen: dict[str, Any] = {"expected": right, "got": got}
    if not got.isfinite().all():
        everywhere = not got.isfinite().any()
        hint = (FIRST_T if first else NEGATIVE) if everywhere else None
        t.fail(say("{what} is not finite.", what=what), **seen, advice=hint)
    for value, mistake, hint in variants:
        if not _near(value, right, tol) and _near(got, value, tol):
            t.fail(
                say("{what} is not right.", what=what),
                **seen,
                mistake=mistake,
                advice=hint,
            )
    t.fail(say("{what} is not right.", what=what), **seen)


# -- one step, as a function (4.1 and 4.2) ------------------------------------------


class Settings(NamedTuple):
    """Hyperparameters in the order of the signature."""

    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0


def _step(
    t: Trial, answer: Any, param: Tensor, grad: Tensor, state: dict[str, Any],
    settings: Settings,
) -> Tensor:  # fmt: skip
    """Call the answer once; param and grad must stay as they are."""
    before = param.clone(), grad.clone()
    words = ", ".join(f"{k}={describe(v)}" for k, v in settings._asdict().items())
    which = "state" if state else "{}"
    case = f"{t.name}({describe(param)}, {describe(grad)}, {which}, {words})"
    out = t.call(answer, param, grad, state, *settings, case=case, may_change=True)
    for name, now, then in zip(("param", "grad"), (param, grad), before, strict=True):
        t.require(
            torch.equal(now, then),
            say("your code changes {name} in place.", name=name),
            expected=say("{name} still {then}", name=name, then=describe(then)),
            got=describe(now),
            advice=say(
                "Compute a new tensor; only the contents of `state` may change."
            ),
        )
    return t.tensor(out, like=param, what=say("the new parameter")).detach().clone()


def _gradients(t: Trial, n: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Draw (n,) numbers of either sign, between 0.2 and 5 in size."""
    sizes = torch.exp(3.2 * t.rand(n, dtype=dtype) - 1.6)
    return sizes * (2.0 * t.integers(2, n).to(dtype) - 1)


def _first_step(t: Trial, answer: Any) -> None:
    t.part("the first step")
    for param, grad in (
        (torch.tensor([1.0, 2.0]), torch.tensor([2.0, -0.5])),
        (t.randn(4, dtype=torch.float64), _gradients(t, 4)),
    ):
        # no power of lr is one of the factors below
        s = Settings(lr=0.05, betas=t.random.choice([(0.9, 0.999), (0.8, 0.99)]))
        state: dict[str, Any] = {}
        out = _step(t, answer, param, grad, state, s)
        up = s.lr * grad.sign()
        a, b = 1 - s.betas[0], (1 - s.betas[1]) ** 0.5
        # t = 2 in the first call, and v corrected like m
        late = (a / (1 - s.betas[0] ** 2)) * (1 - s.betas[1] ** 2) ** 0.5 / b
        variants = [
            *(Variant(param - up * r, "no-bias-correction") for r in (a / b, 1 / b, a)),
            Variant(param - up * late, hint=FIRST_T),
            Variant(param - up * b, hint=ROOT_TOO_LARGE),
            Variant(param - up * (1 - a) * b / (a * (1 - b**2) ** 0.5), hint=REVERSED),
            Variant(param - up / a, hint=V_FROM_M),
            Variant(param - up * b / a, hint=STARTED),
            Variant(param - up / s.lr, hint=say("The step is not multiplied by lr.")),
            Variant(param + up, hint=say("The step goes up the hill: subtract it.")),
            Variant(
                param - up * grad.abs() ** -1, hint=say("The root of v̂ is missing.")
            ),
            Variant(up, hint=say("Return the new parameter, not the step.")),
            Variant(-up, hint=say("Return the new parameter, not the step.")),
            Variant(
                param,
                hint=say(
                    "The parameter did not change: update m and v before you use them, "
                    "and return the new parameter."
                ),
            ),  # fmt: skip
        ]
        _judge(t, out, param - up, variants)
        t.require(
            state,
            say("`state` is still empty after the first call."),
            expected=say("m, v and the step count in `state`"),
            got="{}",
            advice=say(
                "Fill the dict you were given (state[...] = ...); do not rebind the "
                "name, and keep nothing outside it."
            ),
        )


def _more_steps(t: Trial, answer: Any) -> None:
    t.part("m, v and t from step to step")
    param, grads = t.randn(4, dtype=torch.float64), [_gradients(t, 4) for _ in range(4)]
    grads[-1] *= 0.01  # v falls: dividing by its maximum would show
    s = Settings(lr=0.05, betas=(0.85, 0.97))
    state: dict[str, Any] = {}
    now, right = param, _simulate(param, grads, s)
    flaws = {
        "swapped": say("beta1 belongs to m and beta2 to v; here they are swapped."),
        "stuck": say(
            "The bias correction stays that of the first step: count t up and store it "
            "in `state`."
        ),
        "stored": say(
            "The corrected moments were stored. Store m and v as they are, correct a "
            "copy."
        ),
        "forgets": say("m and v start from zero in each call: store them in `state`."),
        "anew": say(
            "Each call steps as if it were the first: make m, v and t only if `state` "
            "is empty, and use what is in it."
        ),
        "sum": say(
            "m adds up the gradients; it is an average: beta1·m + (1-beta1)·grad."
        ),
        "no first moment": say("The step uses the gradient itself instead of m."),
        "reversed": REVERSED,
        "v from m": V_FROM_M,
        "v from m hat": V_FROM_M,
        "started": STARTED,
        "m times t": POWER,
        "times t": POWER,
        "no correction": None,
    }
    wrong = {flaw: _simulate(param, grads, s, flaw) for flaw in flaws}
    for k, grad in enumerate(grads):
        now = _step(t, answer, now, grad, state, s)
        variants = [
            Variant(wrong[flaw][k], None if hint else "no-bias-correction", hint)
            for flaw, hint in flaws.items()
        ]
        what = say("the parameter after step {k}", k=k + 1)
        _judge(t, now, right[k], variants, what=what, first=k == 0)


def _simulate(
    param: Tensor, grads: Sequence[Tensor], s: Settings, flaw: str = ""
) -> list[Tensor]:
    """Return the parameters after each step of Adam (no decay) with one flaw."""
    (b1, b2), m, v, path = s.betas, 0 * param, 0 * param, []
    if flaw == "swapped":
        b1, b2 = b2, b1
    if flaw == "reversed":
        b1, b2 = 1 - b1, 1 - b2
    for t, grad in enumerate(grads, 1):
        if flaw in ("forgets", "anew"):
            m, v = 0 * param, 0 * param
        if flaw == "started" and t == 1:
            m, v = grad, grad**2
        m = b1 * m + (1 if flaw == "sum" else 1 - b1) * grad
        t = 1 if flaw in ("stuck", "anew") else t
        c1, c2 = _corrections(b1, b2, t, flaw)
        squared = {"v from m": m, "v from m hat": m / c1}.get(flaw, grad) ** 2
        v = b2 * v + (1 - b2) * squared
        up, down = m / c1, v / c2
        if flaw == "stored":
            m, v = up, down
        if flaw == "no first moment":
            up = grad
        param = param - s.lr * up / (down.sqrt() + s.eps)
        path.append(param)
    return path


def _corrections(b1: float, b2: float, t: int, flaw: str) -> tuple[float, float]:
    """Return what m and v are divided by in step t."""
    if flaw in ("no correction", "started"):
        return 1.0, 1.0
    return (
        1 - (b1 * t if flaw in ("times t", "m times t") else b1**t),
        1 - (b2 * t if flaw == "times t" else b2**t),
    )


def _eps(t: Trial, answer: Any) -> None:
    t.part("where eps stands")
    # so near eps that no two places of eps give the same step
    param, grad = t.randn(3, dtype=torch.float64), 1e-2 * _gradients(t, 3)
    s = Settings(eps=t.random.choice([0.005, 0.01, 0.02]), betas=(0.9, 0.99))
    out = _step(t, answer, param, grad, {}, s)
    g, c = grad.abs(), 1 - s.betas[1]
    inside = _eps_inside(g, s)
    variants = [
        *(Variant(param - s.lr * grad / d, "eps-inside-root") for d in inside),
        Variant(param - s.lr * grad / (g + s.eps / c**0.5), hint=EPS_EARLY),
        Variant(param - s.lr * grad / g, hint=say("eps is not used.")),
    ]
    _judge(t, out, param - s.lr * grad / (g + s.eps), variants, tol=2e-6)


def _eps_inside(g: Tensor, s: Settings) -> list[Tensor]:
    """Return what a first step with |gradient| = g divides by, with eps inside."""
    c = 1 - s.betas[1]
    return [
        (g**2 + s.eps).sqrt(),
        (g**2 + s.eps / c).sqrt(),
        (g**2 + s.eps**2).sqrt(),
        (g**2 + s.eps**2 / c).sqrt(),
        (g**2 + s.eps).sqrt() + s.eps,
    ]


def _decay_case(t: Trial) -> tuple[Tensor, Tensor, Settings]:
    """Parameters so large that the coupled decay turns some gradients around.

    eps is so large that a first step depends on the gradient's size, not only its sign.
    """
    size = 6 + 6 * t.rand(4, dtype=torch.float64)
    param = size * torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)
    grad = torch.tensor([-0.1, 0.2, 0.3, -0.4], dtype=torch.float64)
    decay = t.random.choice([0.3, 0.4, 0.6])
    return param, grad, Settings(0.05, (0.8, 0.9), 0.5, decay)


def _decay_values(p: Tensor, g: Tensor, s: Settings) -> dict[str, list[Tensor]]:
    """Return what each way of decaying gives in the first step."""
    lr, wd = s.lr, s.weight_decay

    def move(up: Tensor, down: Tensor | None = None) -> Tensor:
        return lr * up / ((up if down is None else down).abs() + s.eps)

    bare, coupled, wrong = move(g), move(g + wd * p), (0.5, 2.0, lr)
    return {
        "coupled": [p - coupled],
        "decoupled": [p * (1 - lr * wd) - bare],
        "updated": [(p - bare) * (1 - lr * wd)],
        "no lr": [p * (1 - wd) - bare, (p - bare) * (1 - wd)],
        "both": [p * (1 - lr * wd) - coupled, (p - coupled) * (1 - lr * wd)],
        "numerator": [p - move(g + wd * p, g)],
        "denominator": [p - move(g, g + wd * p)],
        "none": [p - bare],
        "sign": [p - move(g - wd * p), p * (1 + lr * wd) - bare],
        "scale": [p * (1 - f * lr * wd) - bare for f in wrong],
        "coupled scale": [p - move(g + f * wd * p) for f in wrong],
        "same for all": [
            p - move(g + wd * p.sign()),
            p - lr * wd * p.sign() - bare,
        ],
        "of the gradient": [p - move(g + wd * g), p - lr * wd * g - bare],
    }


def _decay(t: Trial, answer: Any, right: str, names: dict[str, str]) -> None:
    """Check the first step with decay; `names`: way of decaying → mistake's id."""
    t.part("where the decay goes")
    param, grad, s = _decay_case(t)
    out = _step(t, answer, param, grad, {}, s)
    values = _decay_values(param, grad, s)
    hints = {
        "none": say("weight_decay has no effect."),
        "sign": say(
            "The decay has the wrong sign: it must pull the parameter to zero."
        ),
        "scale": "The strength is not right: the factor is 1 - lr · weight_decay.",
        "coupled scale": "The strength is not right: add weight_decay · param to the "
        "gradient.",
        "numerator": say(
            "The decay is in m but not in v; add it to the gradient first."
        ),
        "denominator": say(
            "The decay is in v but not in m; add it to the gradient first."
        ),
        "same for all": L1_DECAY,
        "of the gradient": OF_GRADIENT,
    }
    variants = [
        Variant(value, names.get(way), None if way in names else hints.get(way))
        for way, several in values.items()
        for value in several
    ]
    _judge(t, out, values[right][0], variants)


def _hundred(t: Trial, answer: Any, torch_class: type) -> None:
    """Follow torch's optimizer for 100 steps in float64, within 1e-7."""
    t.part(say("100 steps like torch.optim.{name}", name=torch_class.__name__))
    start = t.randn(3, 2, dtype=torch.float64)
    grads = [t.randn(3, 2, dtype=torch.float64) for _ in range(100)]
    for grad in grads:
        grad[0, 0] = 0.0  # a parameter without gradient must not become NaN
    s = Settings(
        lr=t.random.choice([5e-5, 1e-4]),
        betas=t.random.choice([(0.9, 0.999), (0.8, 0.99), (0.95, 0.98)]),
        eps=t.random.choice([1e-8, 1e-6]),
        weight_decay=t.random.choice([0.5, 1.0, 2.0]),
    )
    state: dict[str, Any] = {}
    path, now = [], start
    for grad in grads:
        now = _step(t, answer, now, grad, state, s)
        path.append(now)
    _along(t, path, torch_path(torch_class, start, grads, s), lr=s.lr)


def torch_path(
    torch_class: type, start: Tensor, grads: Sequence[Tensor], s: Settings
) -> list[Tensor]:
    """Return the parameter after each step of torch's optimizer."""
    param, path = nn.Parameter(start.clone()), []
    optimizer = torch_class([param], **s._asdict(), foreach=False)
    for grad in grads:
        param.grad = grad.clone()
        optimizer.step()
        path.append(param.detach().clone())
    return path


def _along(t: Trial, path: list[Tensor], right: list[Tensor], *, lr: float) -> None:
    """Require two paths to agree within 1e-7; tell the first step that does not."""
    for k, (got, want) in enumerate(zip(path, right, strict=True), 1):
        if _near(got, want, 1e-7):
            continue
        off = (got - want).abs().max().item()
        hint = say("The first steps agree: compare what you store with what you use.")
        if off < 1e-3 * lr:
            hint = say(
                "Almost: is one of your numbers float32 while the rest is float64?"
            )
        t.fail(
            say("step {k} is not right.", k=k),
            expected=want,
            got=got,
            advice=hint if k > 1 or off < 1e-3 * lr else None,
        )


def _own_states(t: Trial, answer: Any, torch_class: type) -> None:
    t.part("two parameters, float32")
    starts = [t.randn(2, 3), t.randn(5)]
    grads = [[_gradients(t, p.numel(), p.dtype).reshape(p.shape) for p in starts]
             for _ in range(5)]  # fmt: skip
    states: list[dict[str, Any]] = [{}, {}]
    s, now = Settings(lr=0.02, weight_decay=0.3), list(starts)
    for pair in grads:
        now = [_step(t, answer, p, g, d, s)
               for p, g, d in zip(now, pair, states, strict=True)]  # fmt: skip
    for k, got in enumerate(now):
        want = torch_path(torch_class, starts[k], [pair[k] for pair in grads], s)[-1]
        hint = say(
            "Two parameters, stepped in turn, each with its own `state`, disturb each "
            "other: keep everything in `state`."
        )
        t.close(got, want, what=say("the parameter after 5 steps"), advice=hint)


def _function(
    t: Trial, answer: Any, torch_class: type, right: str, names: dict[str, str]
) -> None:
    _first_step(t, answer)
    _more_steps(t, answer)
    _eps(t, answer)
    _decay(t, answer, right, names)
    _hundred(t, answer, torch_class)
    _own_states(t, answer, torch_class)


@exercise(
    "4.1",
    mistakes={
        "no-bias-correction": NO_CORRECTION,
        "eps-inside-root": EPS_INSIDE,
        "decoupled": DECOUPLED,
    },
    from_scratch=TORCH_ADAM,
)
def adam_step(answer: Any, t: Trial) -> None:
    """Check 4.1: a step of Adam with coupled decay; torch's for 100 steps."""
    kinds = ("decoupled", "updated", say("no lr"), "both", "scale")
    ways = dict.fromkeys(kinds, "decoupled")
    _function(t, answer, torch.optim.Adam, "coupled", ways)


@exercise(
    "4.2",
    mistakes={
        "coupled": COUPLED,
        "not-times-lr": NOT_TIMES_LR,
        "on-updated": ON_UPDATED,
        "no-bias-correction": NO_CORRECTION,
        "eps-inside-root": EPS_INSIDE,
    },
    from_scratch=TORCH_ADAM,
)
def adamw_step(answer: Any, t: Trial) -> None:
    """Check 4.2: a step of AdamW with decoupled decay; torch's for 100 steps."""
    kinds = ("coupled", "both", "numerator", "coupled scale")
    ways = dict.fromkeys(kinds, "coupled")
    ways |= {"no lr": "not-times-lr", "updated": "on-updated"}
    _function(t, answer, torch.optim.AdamW, "decoupled", ways)


# -- 4.3 ----------------------------------------------------------------------------


class _Block(nn.Module):
    """Parameters of 0 to 4 dimensions, some shared, some frozen."""

    def __init__(self, width: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, width)
        self.conv = nn.Conv2d(2, width, 3)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.BatchNorm1d(width)])
        self.mix = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.GroupNorm(1, width)
        )
        self.query = nn.Parameter(torch.randn(1, 2, width))
        self.gain = nn.Parameter(torch.ones(width))
        self.temperature = nn.Parameter(torch.tensor(1.0))
        self.head = nn.Linear(width, 7)
        self.head.weight = self.embed.weight
        self.again = self.mix[0]
        self.still = nn.Linear(width, 3)
        self.still.requires_grad_(False)
        self.embed.weight.requires_grad_(True)
        self.to(dtype)


@exercise(
    "4.3",
    mistakes={"norms-decayed": NORMS, "tied-twice": TIED_TWICE},
)
def parameter_groups(answer: Any, t: Trial) -> None:
    """Check 4.3: no decay below two dimensions, each trained parameter once."""
    width, decay = t.random.choice([3, 4, 6]), t.random.choice([0.02, 0.15, 0.3])
    norm = t.random.choice([nn.LayerNorm(width), nn.BatchNorm1d(width)])

    t.part("a list of groups")
    small = nn.Sequential(nn.Linear(2, width), norm, nn.Linear(width, 1))
    case = say("parameter_groups(Sequential(Linear, norm, Linear), …)")
    pairs = _read_groups(t, answer, small, decay, case)
    _each_once(t, small, pairs)
    _right_decay(t, small, pairs, decay)

    t.part("frozen parameters")
    small[0].requires_grad_(False)
    pairs = _read_groups(
        t, answer, small, decay, case + say(" with frozen first Linear")
    )
    _each_once(t, small, pairs)

    t.part("shared parameters, 0 to 4 dimensions")
    model = _Block(width, t.dtype())
    case = say("parameter_groups(a model with shared and frozen parameters, …)")
    pairs = _read_groups(t, answer, model, decay, case)
    _each_once(t, model, pairs)
    _right_decay(t, model, pairs, decay)

    t.part("torch.optim takes them")
    for optimizer in (torch.optim.SGD, torch.optim.AdamW):
        groups = t.call(answer, model, decay, case=case)
        t.call(optimizer, groups, lr=0.1, case=case, may_change=True)


def _read_groups(
    t: Trial, answer: Any, model: nn.Module, decay: float, case: str
) -> list[tuple[Tensor, float]]:
    """Return (parameter, its decay) for every entry of every group."""
    flags = [p.requires_grad for p in model.parameters()]
    came = form(model)
    groups = t.call(answer, model, decay, case=case)
    kept = flags == [p.requires_grad for p in model.parameters()]
    t.require(kept, say("your code changes which parameters are trained."))
    t.require(
        isinstance(groups, list) and all(isinstance(g, dict) for g in groups),
        say("the result is not a list of dicts."),
        expected='[{"params": [...], "weight_decay": ...}, ...]',
        got=say("None: is `return` missing?") if groups is None else groups,
    )
    pairs = []
    for group in groups:
        missing = [key for key in ("params", "weight_decay") if key not in group]
        t.require(
            not missing,
            say('a group has no "{missing}".', missing="".join(missing[:1])),
            expected=say('"params" and "weight_decay" in every group'),
            got=say("the keys {repr}", repr=", ".join(map(repr, group))),
        )
        value = group["weight_decay"]
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        t.require(real, say('a group\'s "weight_decay" is not a number.'), got=value)
        pairs += [(p, float(value)) for p in _members(t, group["params"])]
    t.require(form(model) == came, say("your code changes the model."))
    return pairs


def _members(t: Trial, params: Any) -> list[Tensor]:
    if isinstance(params, Tensor):
        return [params]
    t.require(
        not isinstance(params, (set, frozenset)),
        say('a group\'s "params" is a set.'),
        advice=say("torch.optim refuses sets: their order is not fixed. Use a list."),
    )
    items = t.items(params)
    # torch also takes (name, parameter) pairs
    items = [p[1] if isinstance(p, tuple) and len(p) == 2 else p for p in items]
    tensors = all(isinstance(p, Tensor) for p in items)
    t.require(
        tensors,
        say('a group\'s "params" holds something that is no tensor.'),
        got=items,
    )
    return items


def _each_once(t: Trial, model: nn.Module, pairs: list[tuple[Tensor, float]]) -> None:
    names = {id(p): name for name, p in model.named_parameters()}
    listed = [id(p) for p, _ in pairs]
    uses = [id(p) for _, p in model.named_parameters(remove_duplicate=False)]
    for p, _ in pairs:
        t.require(
            id(p) in names,
            say('something in "params" is not one of the model\'s parameters.'),
            got=p,
            advice=say("Hand over the parameters themselves, no copies, no .data."),
        )
        t.require(
            p.requires_grad,
            say(
                "{names} is frozen (requires_grad=False) but listed.",
                names=names[id(p)],
            ),
            expected=say("only parameters that are trained"),
        )
        if listed.count(id(p)) > 1:
            t.fail(
                say(
                    "{names} is listed {count} times.",
                    names=names[id(p)],
                    count=listed.count(id(p)),
                ),
                expected=say("every parameter once"),
                mistake="tied-twice" if uses.count(id(p)) > 1 else None,
                advice=say(
                    "Each belongs in one group, once; model.parameters() already goes "
                    "through all submodules."
                ),
            )
    for name, p in model.named_parameters():
        t.require(
            id(p) in listed or not p.requires_grad,
            say("{name} is in no group: it would never be trained.", name=name),
            expected=say("every trainable parameter once"),
        )


def _right_decay(
    t: Trial, model: nn.Module, pairs: list[tuple[Tensor, float]], decay: float
) -> None:
    names = {id(p): name for name, p in model.named_parameters()}
    for p, value in sorted(pairs, key=lambda pair: pair[0].ndim):
        right = decay if p.ndim >= 2 else 0.0
        if value == right:
            continue
        small = p.ndim < 2
        t.fail(
            say(
                "{names}, shape {shape}, has the wrong weight_decay.",
                names=names[id(p)],
                shape=tuple(p.shape),
            ),
            expected=right,
            got=value,
            mistake="norms-decayed" if small and value == decay else None,
            advice=say(
                "Fewer than two dimensions: no decay. All others: the given one."
            ),
        )


# -- 4.4 ----------------------------------------------------------------------------


@exercise(
    "4.4",
    mistakes={"state-lost": STATE_LOST, "step-counter-shared": COUNTER_SHARED},
    from_scratch=TORCH_ADAM,
)
def AdamW(answer: Any, t: Trial) -> None:
    """Check 4.4: torch's AdamW for 200 steps, with groups, closures and a resume."""
    _is_optimizer(t, answer)
    _one_step(t, answer)
    _own_counters(t, answer)
    _two_hundred(t, answer)
    _settings_reread(t, answer)
    _keeps_gradients(t, answer)
    _closure(t, answer)
    _resume(t, answer)


Grads = Sequence[Tensor | None]


def _is_optimizer(t: Trial, answer: Any) -> None:
    torch.optim.SGD([torch.ones(1)])  # torch's first optimizer imports a lot: unwatched
    t.case = say("class AdamW")
    t.require(
        t.derives(answer, torch.optim.Optimizer),
        say("AdamW is not a class derived from torch.optim.Optimizer."),
    )
    t.require(
        not t.derives(answer, torch.optim.Adam),
        say(
            "your class is torch's own Adam or AdamW underneath, the very thing this "
            "exercise asks you to write."
        ),
        advice=say("Derive it from torch.optim.Optimizer and write `step` yourself."),
    )


def _parameters(
    t: Trial, *shapes: tuple[int, ...], dtype: torch.dtype = torch.float64
) -> list[nn.Parameter]:
    return [nn.Parameter(t.randn(*shape, dtype=dtype)) for shape in shapes]


def _twins(params: Sequence[Tensor]) -> list[nn.Parameter]:
    return [nn.Parameter(p.detach().clone()) for p in params]


def _make(
    t: Trial, answer: Any, params: Any, words: str = "params", **kwargs: Any
) -> Any:
    settings = "".join(f", {k}={describe(v)}" for k, v in kwargs.items())
    case = f"AdamW({words}{settings})"
    return t.call(answer, params, **kwargs, case=case, may_change=True)


def _follow(
    t: Trial,
    optimizer: Any,
    params: Sequence[Tensor],
    grads: Sequence[Grads],
    case: str,
) -> None:
    """Take the learner's steps; where nothing may change, nothing does."""
    t.steps(optimizer, params, grads, case=case)


def _agree(
    t: Trial,
    params: Sequence[Tensor],
    twins: Sequence[Tensor],
    what: str,
    **details: Any,
) -> None:
    tol = details.pop("tol", 1e-7)
    for p, q in zip(params, twins, strict=True):
        if not _near(p.detach(), q.detach(), tol):
            if p.isnan().all():
                details["advice"] = NEGATIVE
            t.fail(
                say("{what} are not right.", what=what),
                expected=q.detach(),
                got=p.detach(),
                **details,
            )


def _one_step(t: Trial, answer: Any) -> None:
    t.part("one step by hand")
    for dtype in (torch.float32, torch.float64):
        start, grad, s = _decay_case(t)
        start, grad = start.to(dtype), grad.to(dtype)
        (p,) = params = [nn.Parameter(start.clone())]
        settings = s._asdict()
        optimizer = _make(t, answer, iter(params), **settings)
        case = ", ".join(f"{k}={v}" for k, v in settings.items())
        case += say(
            ": one step from {start} with gradient {grad}",
            start=describe(start),
            grad=describe(grad),
        )
        _follow(t, optimizer, params, [[grad]], case)
        t.require(
            p.requires_grad, say("the parameter does not require gradients any more.")
        )
        t.tensor(p.data, like=start, what=say("the parameter"))
        _judge(
            t, p.detach(), *_one_step_values(start, grad, s), what=say("the parameter")
        )


def _one_step_values(p: Tensor, g: Tensor, s: Settings) -> tuple[Tensor, list[Variant]]:
    values = _decay_values(p, g, s)
    coupled = ("coupled", "both", "numerator", "coupled scale")
    hints = dict.fromkeys(coupled, COUPLED)
    hints |= {"no lr": NOT_TIMES_LR, "updated": ON_UPDATED}
    hints["none"] = say("weight_decay has no effect.")
    hints["sign"] = say(
        "The decay has the wrong sign: it must pull the parameter to zero."
    )
    hints |= {"same for all": L1_DECAY, "of the gradient": OF_GRADIENT}
    right = values["decoupled"][0]
    a, b = 1 - s.betas[0], (1 - s.betas[1]) ** 0.5
    shrunk = p * (1 - s.lr * s.weight_decay)
    stayed = say(
        "The parameter did not change: write into the tensor itself (p.add_(…)), "
    )
    variants = [Variant(p, hint=stayed + say("`p = p - …` only makes a new one."))]
    size = g.abs()
    moves = [(c * g / (d * size + s.eps), NO_CORRECTION) for c, d in
             ((a, b), (1, b), (a, 1))]  # fmt: skip
    moves += [(g / d, EPS_INSIDE) for d in _eps_inside(size, s)]
    moves += [(g / (size + s.eps / b), EPS_EARLY), (g / size, say("eps is not used."))]
    moves += [
        ((1 - a) / a * g / ((1 - b**2) ** 0.5 / b * size + s.eps), REVERSED),
        (g / (a * size + s.eps), V_FROM_M),
        (g / a / (size / b + s.eps), STARTED),
    ]
    moves += [(-g / (size + s.eps), say("The step goes up the hill: subtract it."))]
    variants += [Variant(shrunk - s.lr * move, hint=hint) for move, hint in moves]
    variants += [Variant(v, hint=h) for way, h in hints.items() for v in values[way]]
    return right, variants


def _own_counters(t: Trial, answer: Any) -> None:
    """A second parameter in the same group, which gets its first gradient late."""
    t.part("gradients that are None, and a step count per parameter")
    late = t.random.choice([3, 4, 6])
    lr, eps = 0.1, 1e-10
    a, b = params = _parameters(t, (3,), (2, 2))
    before = b.detach().clone()
    optimizer = _make(t, answer, params, "[a, b]", lr=lr, eps=eps, weight_decay=0.5)
    rows: list[Grads] = [[_gradients(t, 3), None] for _ in range(late)]
    case = say(
        "{late} steps in which a has a gradient and b has none (b.grad is None)",
        late=late,
    )
    _follow(t, optimizer, params, rows, case)
    t.require(
        torch.equal(b.detach(), before),
        say("a parameter without gradient (p.grad is None) was changed."),
        expected=say("it is skipped: no step, no decay"),
        got=b.detach(),
    )
    grad = _gradients(t, 4).reshape(2, 2)
    _follow(
        t,
        optimizer,
        params,
        [[None, grad]],
        case + say(", then one in which b has one"),
    )
    right = before * (1 - lr * 0.5) - lr * grad.sign()
    shared = [
        Variant(before * 0.95 - lr * _growth(k) * grad.sign(), "step-counter-shared")
        for k in range(2, 4 * late)
    ]
    stayed = Variant(before, hint=ENDS_LOOP)
    _judge(t, b.detach(), right, [stayed, *shared], what=say("b, in its first step,"))

    params = _parameters(t, (3,), (2,))
    starts = [p.detach().clone() for p in params]
    grads = [_gradients(t, 3), _gradients(t, 2)]
    optimizer = _make(t, answer, params, "[a, b]", lr=lr, eps=eps, weight_decay=0.5)
    _follow(
        t, optimizer, params, [grads], say("one step in which a and b have gradients")
    )
    for p, start, grad in zip(params, starts, grads, strict=True):
        right = start * (1 - lr * 0.5) - lr * grad.sign()
        shared = [
            Variant(start * 0.95 - lr * _growth(k) * grad.sign(), "step-counter-shared")
            for k in range(2, 5)
        ]
        _judge(
            t, p.detach(), right, shared, what=say("a parameter, in its first step,")
        )


def _growth(t: int, b1: float = 0.9, b2: float = 0.999) -> float:
    """Return the first step's size over lr, if it is taken for step number t."""
    return float((1 - b1) / (1 - b1**t) * ((1 - b2**t) / (1 - b2)) ** 0.5)


def _grouped(params: Sequence[Tensor], t: Trial) -> list[dict[str, Any]]:
    return [
        {"params": list(params[:2]), "lr": 1e-4, "weight_decay": 0.8},
        {"params": list(params[2:]), "betas": (0.8, 0.99), "weight_decay": 0.0},
    ]


_SHAPES = ((3, 2), (4,), (2,), (2, 2))


def _two_hundred(t: Trial, answer: Any) -> None:
    t.part("200 steps with groups, like torch.optim.AdamW")
    settings: dict[str, Any] = {"lr": 2e-3, "betas": (0.8, 0.95), "weight_decay": 0.3}
    hint = "The first step is right: do m, v and t in self.state[p] go on from step to "
    hint += say("step, with the betas given?")
    _ten(t, answer, say("AdamW(params, …), 10 steps"), hint, **settings)
    hint = say(
        "Are the defaults lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2?"
    )
    _ten(t, answer, say("AdamW(params) with the default settings, 10 steps"), hint)
    _zero_gradient(t, answer)
    params = _parameters(t, *_SHAPES)
    twins = _twins(params)
    common: dict[str, Any] = {"lr": 2e-4, "eps": t.random.choice([1e-8, 1e-6])}
    mine = _make(t, answer, _grouped(params, t), say("two groups"), **common)
    torchs = torch.optim.AdamW(_grouped(twins, t), **common, foreach=False)
    for first in range(0, 200, 50):
        rows = [[t.randn(*p.shape, dtype=p.dtype) for p in params] for _ in range(50)]
        case = say(
            "two groups with settings of their own, {first} steps", first=first + 50
        )
        _follow(t, mine, params, rows, case)
        uses.steps(torchs, twins, rows)
        hint = say("Does each group use its own lr, betas, eps and weight_decay?")
        _agree(t, params, twins, say("the parameters"), advice=hint)


def _zero_gradient(t: Trial, answer: Any) -> None:
    params = _parameters(t, (3,))
    twins = _twins(params)
    settings: dict[str, Any] = {"lr": 0.1, "weight_decay": 0.5}
    rows = [[_gradients(t, 3)], [torch.zeros(3, dtype=torch.float64)]]
    case = say("a step, then one whose gradient is all zeros")
    _follow(t, _make(t, answer, params, **settings), params, rows, case)
    uses.steps(torch.optim.AdamW(twins, **settings), twins, rows)
    hint = say(
        "Only p.grad is None means skip: at gradient zero m still moves it, and the "
        "decay too."
    )
    # 1 - 0.999 in float32, as torch's own step tensor gives it, moves a step by 3e-5 lr
    _agree(
        t,
        params,
        twins,
        say("the parameters"),
        advice=hint,
        tol=1e-5,
    )


def _ten(t: Trial, answer: Any, case: str, hint: str | None, **settings: Any) -> None:
    params = _parameters(t, (3,))
    twins = _twins(params)
    mine = _make(t, answer, params, **settings)
    torchs = torch.optim.AdamW(twins, **settings, foreach=False)
    # the defaults: gradients not far above eps, the early ones larger
    sizes = [1.0] * 10 if settings else [1e-6] * 3 + [1e-7] * 7
    rows = [[_gradients(t, 3) * size] for size in sizes]
    _follow(t, mine, params, rows, case)
    uses.steps(torchs, twins, rows)
    # looser: a step count in float32 is as good as torch's own
    _agree(t, params, twins, say("the parameters"), advice=hint, tol=1e-6)


def _settings_reread(t: Trial, answer: Any) -> None:
    t.part("settings that change on the way")
    params = _parameters(t, *_SHAPES)
    twins = _twins(params)
    start: dict[str, Any] = {"lr": 2e-4, "weight_decay": 0.2}
    mine, torchs = _make(t, answer, params, **start), torch.optim.AdamW(twins, **start)
    schedule = torch.optim.lr_scheduler.LambdaLR
    falling = t.call(
        schedule, mine, _one_over, case=say("a scheduler"), may_change=True
    )
    torchs_falling = schedule(torchs, _one_over)
    case = say("a run with a learning-rate schedule")
    for k in range(8):
        row = [t.randn(*p.shape, dtype=p.dtype) for p in params]
        _follow(t, mine, params, [row], case)
        uses.steps(torchs, twins, [row])
        t.method(falling, "step", case=case)
        torchs_falling.step()
        if k == 4:
            later = {"weight_decay": 3.0, "eps": 0.1}
            t.set_groups(mine, **later)
            uses.set_groups(torchs, later)
    hint = say(
        "A scheduler (or you) may change a group's lr, weight_decay or eps between two "
        "steps: read them from self.param_groups in every step."
    )
    t.case = say("a run in which lr, weight_decay and eps change between steps")
    _agree(t, params, twins, say("the parameters"), advice=hint)


def _one_over(k: int) -> float:
    """Return the factor of a learning rate after k steps."""
    return 1 / (k + 1)


def _keeps_gradients(t: Trial, answer: Any) -> None:
    t.part("step leaves the gradients alone")
    params, grad = _parameters(t, (3,)), _gradients(t, 3)
    case = say("one step with gradient {grad}", grad=describe(grad))
    _follow(t, _make(t, answer, params, lr=1e-3), params, [[grad]], case)
    left = params[0].grad
    t.require(
        left is not None and torch.equal(left, grad),
        say("step changes p.grad."),
        expected=say("p.grad as it was"),
        got="None" if left is None else left,
        advice=say("step only reads the gradients; clearing them is zero_grad's work."),
    )


def _closure(t: Trial, answer: Any) -> None:
    t.part("a closure")
    params = _parameters(t, (3,), (3,))
    twins = _twins(params)
    # at so large an eps the step depends on the gradient's size
    settings: dict[str, Any] = {"lr": 1e-4, "weight_decay": 0.5, "eps": 1.0}
    mine, torchs = (
        _make(
            t, answer, [{"params": [p]} for p in params], say("two groups"), **settings
        ),
        torch.optim.AdamW([{"params": [p]} for p in twins], **settings),
    )
    case = say("step(closure), the closure computing loss and gradients")
    for _ in range(3):
        loss: list[Any] = []
        modes: list[Any] = []
        closure = _loss_of(params, loss, modes)
        out = t.method(mine, "step", closure, case=case)
        t.require(modes, say("step does not call the closure."))
        t.require(
            all(modes),
            say("the closure runs with gradients switched off."),
            advice=say(
                "Under @torch.no_grad() call it with: with torch.enable_grad(): loss = "
                "closure()"
            ),
        )
        _returned(t, out, loss)
        torchs.step(_loss_of(twins, [], []))
    hint = say(
        "Call the closure once, before the loop over the groups: it makes the "
        "gradients."
    )
    _agree(t, params, twins, say("the parameters"), advice=hint)


def _loss_of(
    params: Sequence[Tensor], values: list[float], modes: list[bool]
) -> Callable[[], Tensor]:
    """Clear the gradients; return a closure that adds to them."""
    for p in params:
        p.grad = None

    def closure() -> Tensor:
        modes.append(torch.is_grad_enabled())
        with torch.enable_grad():
            loss = (sum(params, torch.zeros(())) - 2).square().sum() + 1
            loss.backward()
        values.append(loss.item())
        return loss

    return closure


def _returned(t: Trial, out: Any, losses: list[float]) -> None:
    is_tensor = isinstance(out, Tensor) and out.numel() == 1
    value = out.item() if is_tensor else out
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    t.require(
        number and any(abs(value - loss) <= 1e-6 * abs(loss) for loss in losses),
        say("step(closure) does not return the closure's loss."),
        expected=losses[0],
        got=str(out) if out is None else out,
    )


def _resume(t: Trial, answer: Any) -> None:
    t.part("save and load")
    shapes = ((3, 2), (4,))
    params, early = _parameters(t, *shapes), t.random.choice([3, 5, 8])
    twins = _twins(params)
    settings: dict[str, Any] = {"lr": 5e-3, "weight_decay": 0.4, "betas": (0.8, 0.95)}
    mine = _make(t, answer, params, **settings)
    torchs = torch.optim.AdamW(twins, **settings, foreach=False)
    rows = [
        [t.randn(*s, dtype=torch.float64) for s in shapes] for _ in range(2 * early)
    ]
    case = say(
        "{early} steps, state_dict() into a fresh AdamW, {early} more steps",
        early=early,
    )
    _follow(t, mine, params, rows[:early], case)
    uses.steps(torchs, twins, rows)
    saved = t.state(mine, case=case)
    again = _twins(params)
    fresh = _make(t, answer, again, lr=0.1)
    t.method(fresh, "load_state_dict", saved, case=case)
    _follow(t, fresh, again, rows[early:], case)
    # the unbroken run first: what differs there is no matter of saving
    _follow(
        t,
        mine,
        params,
        rows[early:],
        say("{early} steps without a break", early=2 * early),
    )
    tight = [p.detach() for p in params], [q.detach() for q in twins]
    for p, q in zip(*tight, strict=True):
        _judge(t, p, q, what=say("a parameter"), tol=1e-6)
    t.case = case
    for p, q in zip(again, params, strict=True):
        if not _near(p.detach(), q.detach(), 1e-6):
            t.fail(
                say("the resumed run is not the run without a break."),
                expected=q.detach(),
                got=p.detach(),
                mistake="state-lost",
            )


# -- 4.5 ----------------------------------------------------------------------------

ONE_STRENGTH = say(
    "Every weight is held by the same strength. Here each weight has its own: put the "
    "strengths on the diagonal, torch.diag(strengths), where plain ridge has λ·I."
)
N_MISSING = say(
    "The factor 1/n is missing. The data term is a *mean* of squares, so its parts are "
    "XᵀX/n and Xᵀy/n; with the sums, the penalty counts n times too little."
)
SQUARED = say(
    "The strengths are squared. The penalty is ½·Σ strengths_j·w_j², whose second "
    "derivative is strengths_j itself. (Rows stacked below X hold its *root*, since "
    "they are squared again.)"
)
EVERY_ROW = say(
    "`+ strengths` adds the vector to every row of the matrix. The penalty belongs on "
    "the diagonal: torch.diag(strengths)."
)
HALVES = say(
    "The balance of the two terms is off by a factor of two: both have the ½, so that "
    "it cancels from the gradient."
)
SINGULAR = say(
    "With all strengths 0 and fewer independent columns than columns, XᵀX has no "
    "inverse. Take the solution of smallest norm: torch.linalg.pinv, or "
    "torch.linalg.lstsq with driver='gelsd'."
)

Solved = tuple[Tensor, Tensor, Tensor]  # features, targets, strengths


class _Flaw(NamedTuple):
    """A wrong problem: (features, targets, strengths) -> the weights that solve it."""

    solve: Callable[[Tensor, Tensor, Tensor], Tensor]
    mistake: str | None = None
    hint: str | None = None


def _scaled_ridge(x: Tensor, y: Tensor, s: Tensor) -> Tensor:
    """Return the right weights in float64; of minimum norm where all s are 0."""
    x, y, s = x.double(), y.double(), s.double()
    if not s.any():
        weights: Tensor = torch.linalg.pinv(x) @ y
        return weights
    return _solved(x.T @ x / len(x) + torch.diag(s), x.T @ y / len(x))


def _solved(matrix: Tensor, right: Tensor) -> Tensor:
    """Return pinv(matrix) @ right in float64."""
    solution: Tensor = torch.linalg.pinv(matrix.double()) @ right.double()
    return solution


def _ridge_flaws() -> list[_Flaw]:
    """Return what wrong answers solve, named mistakes first."""

    def strength(of: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
        return lambda x, y, s: _scaled_ridge(x, y, of(s.double()).expand(s.shape))

    ones: list[Callable[[Tensor], Tensor]] = [
        torch.mean, torch.sum, torch.amax, torch.amin, torch.linalg.norm,
        lambda s: s[0], lambda s: s[-1],
    ]  # fmt: skip
    return [
        *(_Flaw(strength(of), "one-strength") for of in ones),
        _Flaw(lambda x, y, s: _scaled_ridge(x, y, s / len(x)), "n-missing"),
        _Flaw(lambda x, y, s: len(x) * _scaled_ridge(x, y, s), "n-missing"),
        _Flaw(lambda x, y, s: _scaled_ridge(x, y, s / len(x)) / len(x), "n-missing"),
        _Flaw(strength(lambda s: s**2), "strengths-squared"),
        _Flaw(
            lambda x, y, s: _solved(x.T @ x / len(x) + s, x.T @ y / len(x)),
            hint=EVERY_ROW,
        ),
        _Flaw(strength(lambda s: 0 * s), hint=say("The strengths have no effect.")),
        _Flaw(strength(lambda s: s / 2), hint=HALVES),
        _Flaw(strength(lambda s: 2 * s), hint=HALVES),
        _Flaw(
            strength(lambda s: s.sqrt()),
            hint=say("The strengths' roots are used instead of the strengths."),
        ),
        _Flaw(
            lambda x, y, s: _scaled_ridge(x, y, s * len(x)),
            hint=say("The penalty is n times too strong: one factor n too many."),
        ),
        _Flaw(
            lambda x, y, s: _scaled_ridge(x, y, s * x.shape[1] / len(x)),
            hint=say(
                "The data term is divided by the number of columns; n is the number of "
                "examples, len(features)."
            ),
        ),
        _Flaw(
            lambda x, y, s: _solved(x.T @ x / len(x) - torch.diag(s), x.T @ y / len(x)),
            hint=say("The penalty has the wrong sign: it is added to the loss."),
        ),
    ]


@exercise(
    "4.5",
    mistakes={
        "one-strength": ONE_STRENGTH,
        "n-missing": N_MISSING,
        "strengths-squared": SQUARED,
    },
)
def scaled_ridge(answer: Any, t: Trial) -> None:
    """Check 4.5: ridge with a strength per weight; minimum norm where all are 0."""
    t.part("a case by hand")
    hand = (torch.eye(2), torch.tensor([3.0, 3.0]), torch.tensor([0.5, 1.0]))
    cases = [hand]

    t.part("other strengths, both dtypes, more columns than rows, strengths of 0")
    for dtype in (torch.float64, torch.float32):
        cases.append(_ridge_case(t, 9, t.random.randint(3, 5), dtype))
    cases.append(_ridge_case(t, 4, t.random.randint(6, 8), torch.float64))
    cases.append(_ridge_case(t, 8, 4, torch.float64, zeros=2))
    _judge_ridge(t, answer, cases)

    t.part("all strengths 0: least squares, of smallest norm")
    rank = t.random.randint(2, 3)
    full = _ridge_case(t, 8, 3, t.dtype(), zeros=3)
    x = full[0].double()
    x = torch.cat([x[:, :rank], x[:, :1] - x[:, 1:2]], 1)
    short = (x, t.randn(8, dtype=x.dtype), x.new_zeros(x.shape[1]))
    wide = _ridge_case(t, 4, 7, torch.float64)
    wide = (*wide[:2], torch.zeros_like(wide[2]))
    _judge_ridge(t, answer, [full])
    _judge_ridge(t, answer, [short, wide], advice=SINGULAR)


def _ridge_case(
    t: Trial, n: int, d: int, dtype: torch.dtype, *, zeros: int = 0
) -> Solved:
    """Draw small whole features, well conditioned, and strengths that are all apart.

    `zeros` of the strengths are 0. No strength is 0 or 1 otherwise: those are their own
    squares.
    """
    while True:
        x = t.integers(5, n, d).double() - 2
        values = torch.linalg.svdvals(x)
        if values[-1] > 0.15 * values[0]:
            break
    sizes = [0.25, 0.4, 0.6, 1.5, 2.0, 2.5, 3.0, 4.0]
    strengths = torch.tensor(t.random.sample(sizes, d), dtype=dtype)
    for place in t.random.sample(range(d), zeros):
        strengths[place] = 0.0
    return x.to(dtype), t.randn(n, dtype=dtype), strengths


def _judge_ridge(
    t: Trial, answer: Any, cases: Sequence[Solved], advice: str | None = None
) -> None:
    """Call the answer for all cases; name a mistake only if it explains every one."""
    told, got = [], []
    for case in cases:
        out = t.call(answer, *case, explain=partial(_singular, t, advice))
        weights = t.tensor(out, like=case[2], what=say("the weight vector")).detach()
        told.append(t.case)
        got.append(weights.clone())
    right = [_scaled_ridge(*case) for case in cases]
    near = [_near(g, r, _ridge_tol(g)) for g, r in zip(got, right, strict=True)]
    if all(near):
        return
    worst = near.index(False)
    t.case = told[worst]
    flaw = _explains(cases, got)
    if flaw is None:
        hint = advice or (
            say(
                "Right weights make the gradient vanish: Xᵀ(Xw - y)/n + strengths·w = "
                "0."
            )
        )
        flaw = _Flaw(_scaled_ridge, hint=hint)
    t.fail(
        say("the weight vector is not right."),
        expected=right[worst].to(got[worst].dtype),
        got=got[worst],
        mistake=flaw.mistake,
        advice=flaw.hint,
    )


def _singular(t: Trial, advice: str | None, error: Raised) -> None:
    """Explain an inverse that does not exist, where `advice` says what to do."""
    if advice and error.names[0] in ("LinAlgError", "_LinAlgError"):
        t.fail(say("the matrix has no inverse."), got=error.shown, advice=advice)


def _ridge_tol(weights: Tensor) -> float:
    # condition numbers stay below about 200: rounding is far smaller than either
    return 1e-3 if weights.dtype == torch.float32 else 1e-6


def _explains(cases: Sequence[Solved], got: Sequence[Tensor]) -> _Flaw | None:
    """Return the first flaw that gives what was got in every case, right ones too."""
    for flaw in _ridge_flaws():
        values = [flaw.solve(*case) for case in cases]
        pairs = zip(got, values, strict=True)
        if all(_near(g, value, _ridge_tol(g)) for g, value in pairs):
            return flaw
    return None
