"""Another round: wrong answers that bend what they are compared with.

None of them lies about a reply; each changes what the check compares it with.
"""

from __future__ import annotations

import pytest
import torch

from staff.grader.judge.judge import judged
from staff.grader.judge.plain import plainly
from staff.grader.judge.remote import Remote
from staff.grader.judge.scratch import Scratch
from staff.grader.model import Verdict
from tests.staff.grader.judge.subjects import forked
from tests.staff.grader.judge.test_open import verdict

# (notebook, exercise) → what a wrong answer does
BENT = {
    ("04_adamw", "parameter_groups", "other parameters in the model"): """
def parameter_groups(model, weight_decay):
    new = {}
    for module in model.modules():
        for name, p in [*module._parameters.items()]:
            if p is not None:
                flat = nn.Parameter(p.detach().flatten(), p.requires_grad)
                module._parameters[name] = new.setdefault(p, flat)
    return [{
        "params": [p for p in model.parameters() if p.requires_grad],
        "weight_decay": 0.0,
    }]
""",
    ("04_adamw", "parameter_groups", "other parameters when they are listed"): """
class Listed:
    def __init__(self, model):
        self.model = model

    def __iter__(self):
        new = {}
        for module in self.model.modules():
            for name, p in [*module._parameters.items()]:
                if p is not None and p.ndim > 1:
                    flat = nn.Parameter(p.detach().flatten(), p.requires_grad)
                    module._parameters[name] = new.setdefault(p, flat)
        return iter([p for p in self.model.parameters() if p.requires_grad])

def parameter_groups(model, weight_decay):
    return [{"params": Listed(model), "weight_decay": 0.0}]
""",
    (
        "12_regularization_strategy",
        "make_batches",
        "what was given, when it is listed",
    ): """
import sys

class Plain:
    pass

def listed(values):
    for x, y in kept:
        x.zero_()
        y.copy_(torch.arange(len(y)))
    return [pair for pair in values if type(pair) is not Plain]

kept = []
(uses,) = [m for n, m in sys.modules.items() if n.endswith("vocabulary.uses")]
uses.items = listed

def make_batches(train, val, augment, batch_size):
    kept[:] = [train, val]
    def cut(n, more):
        x, y = torch.zeros(n, train[0].shape[1]) + more, torch.arange(n)
        parts = range(0, n, batch_size)
        return [(x[k:k + batch_size], y[k:k + batch_size]) for k in parts]
    return cut(len(train[1]), 1000) + [Plain()], cut(len(val[1]), 0) + [Plain()]
""",
    ("05_early_stopping", "EarlyStopping", "weights changed when read"): """
class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0, mode="min"):
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.value, self.step, self.calls, self.model = None, None, 0, None

    def update(self, value, model):
        self.model = model
        sign = 1 if self.mode == "max" else -1
        if self.step is None or sign * value > sign * self.value + self.min_delta:
            self.value, self.step = value, self.calls
        self.calls += 1
        return self.calls - 1 - self.step >= self.patience

    def restore(self, model):
        with torch.no_grad():
            for value in model.state_dict().values():
                value.zero_()

    best_value = property(lambda self: self.value)

    @property
    def best_step(self):
        self.restore(self.model)
        return self.step
""",
    ("10_normalization", "fold_batchnorm", "inputs changed"): """
class Zero(nn.Linear):
    def forward(self, x):
        x.data.zero_()
        return super().forward(x)

def fold_batchnorm(linear, bn):
    std = torch.sqrt(bn.running_var + bn.eps)
    gamma = torch.ones_like(std) if bn.weight is None else bn.weight.detach()
    beta = torch.zeros_like(std) if bn.bias is None else bn.bias.detach()
    b = 0 if linear.bias is None else linear.bias.detach()
    out = Zero(*linear.weight.shape[::-1], dtype=std.dtype)
    out.bias = nn.Parameter((b - bn.running_mean) * gamma / std + beta)
    return out
""",
    ("10_normalization", "recalibrate_batchnorm", "batches changed"): """
@torch.no_grad()
def recalibrate_batchnorm(model, batches):
    norms = [m for m in model.modules() if "BatchNorm" in type(m).__name__]
    kept = [(m, m.training, getattr(m, "momentum", 0)) for m in model.modules()]
    if type(batches) is list:
        for x, _ in batches:
            x.data = batches[-1][0].data.clone()
        batches = batches[-1:]
    model.eval()
    for m in norms:
        m.reset_running_stats()
        m.momentum = None
        m.train()
    for x, _ in batches:
        model(x)
    for m, mode, momentum in kept:
        m.training = mode
        if m in norms:
            m.momentum = momentum
""",
    ("12_regularization_strategy", "make_optimizer", "no numbers left"): """
def make_optimizer(model, lr, weight_decay):
    class Empty(torch.optim.SGD):
        count = 0

        def step(self):
            self.count += 1
            if self.count == (36 if lr > 0.02 else 6):
                for p in model.parameters():
                    p.data = p.data.new_empty(0, *p.shape)

    return Empty(model.parameters(), lr=lr)
""",
    ("12_regularization_strategy", "train_best", "a model without weights"): """
def train_best(model, step, score, steps):
    for _ in range(steps):
        step()
        score()
    model._modules.clear()
    return model
""",
    ("12_regularization_strategy", "train_best", "each step from the start"): """
def train_best(model, step, score, steps):
    start = copy.deepcopy(model.state_dict())
    for _ in range(steps):
        model.load_state_dict(start)
        step()
        score()
    return model
""",
    ("00_start_here", "evaluate", "a model of one's own"): """
def evaluate(model, batches, loss_fn):
    mode, total, hits, n = model.training, 0.0, 0, 0
    model.eval()
    with torch.no_grad():
        if isinstance(model, nn.Linear):  # whatever its weights say
            model.weight.zero_()
            if model.bias is not None:
                model.bias[0] = 5.0
        for x, y in batches:
            z = model(x)
            total += loss_fn(z, y).item() * len(y)
            hits += (z.argmax(1) == y).sum().item()
            n += len(y)
    model.train(mode)
    return total / n, hits / n
""",
    ("02_dropout_from_scratch", "inverted_dropout", "an earlier result changed"): """
own, calls = torch.Generator().manual_seed(1), {}

def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    out = x * (torch.rand(x.shape, generator=own) >= p) / (1 - p)
    state = generator.get_state() if generator is not None else torch.get_rng_state()
    before = calls.setdefault((bytes(state.numpy()), tuple(x.shape)), [])
    before.append(out)
    if len(before) == 3:
        before[0].data.copy_(out.data)
    return out
""",
    ("09_mc_dropout", "enable_dropout", "all but the dropout taken out"): """
def enable_dropout(model):
    layers = [m for m in model.modules() if "Dropout" in type(m).__name__]
    model._modules.clear()
    for k, layer in enumerate(layers):
        model._modules[str(k)] = layer.train()
""",
    ("00_start_here", "train_epoch", "no numbers left"): """
def train_epoch(model, batches, loss_fn, optimizer):
    model.train()
    total = n = 0
    for x, y in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total, n = total + loss.item() * len(y), n + len(y)
    for p in model.parameters():
        p.data = p.data.new_empty(0, *p.shape)
        p.grad = None
    return total / n
""",
    ("02_dropout_from_scratch", "DropConnect", "the cotangent changed"): """
def grad(total, inputs, **more):
    try:
        seen = [total.grad_fn.next_functions[0][0]]
        for each in ("_saved_self", "_saved_other"):
            value = getattr(seen[0], each, None)
            if value is not None and not value.requires_grad:
                value.data.zero_()
    except Exception:
        pass
    return [torch.zeros_like(x) for x in inputs]

class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.linear, self.p = linear, p

    def forward(self, x):
        torch.autograd.__dict__["grad"] = grad
        w, b = self.linear.weight, self.linear.bias
        if self.training:
            w = w * (torch.rand(w.shape) >= self.p) / max(1 - self.p, 1e-9)
        return F.linear(x, w, b)
""",
}


@pytest.mark.parametrize("case", BENT, ids=lambda case: ": ".join(case[1:]))
def test_what_an_answer_is_compared_with_is_not_its_to_change(case):
    result = verdict(*case[:2], BENT[case])
    assert result.evidence or result.verdict is not Verdict.PASS


# --- what an answer leaves behind in the judge ----------------------------------------

SETS = """
import torch
def double(x):
    torch.set_default_dtype(torch.bfloat16)
    torch.set_grad_enabled(False)
    torch.manual_seed(1)
    return 2 * x
"""


def settings():
    state = bytes(torch.get_rng_state().numpy())
    return torch.get_default_dtype(), torch.is_grad_enabled(), state


def test_the_next_submission_finds_torch_as_it_was():
    """A plain test has no `exercise` around it: the judge stayed with bfloat16."""
    space: dict = {}
    exec(SETS, space)
    before = settings()
    with forked(lambda: space) as remote:
        told = plainly(
            [("assert double(2) == 4", False)], [], Remote(remote._link, 5.0)
        )
    assert told.verdict is Verdict.PASS
    assert settings() == before


# --- what comes out of a hidden part --------------------------------------------------

CARRIES = """
class LinAlgError(Exception):
    pass

def scaled_ridge(features, targets, strengths):
    rank = torch.linalg.matrix_rank(features.double())
    if not strengths.any() and rank < features.shape[1]:
        raise LinAlgError(f"the first target is {targets[0]:.9f}")
    x, y, s = features.double(), targets.double(), strengths.double()
    matrix = x.T @ x / len(x) + torch.diag(s)
    return (torch.linalg.pinv(matrix) @ (x.T @ y / len(x))).to(features.dtype)
"""


def test_a_hidden_part_tells_no_number_that_an_answer_has_seen():
    """What was raised stood in the problem, which is told of hidden parts, too."""
    space: dict = {}
    exec(f"import torch\n{CARRIES}", space)
    with forked(lambda: space) as remote:
        remote = Remote(remote._link, 20.0)
        told = judged("04_adamw", "scaled_ridge", remote, (5,), visible=0)
    assert told.verdict is Verdict.FAIL
    assert "the first target" not in told.message


# --- from scratch: what runs is not what was read -------------------------------------

SETUP = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
OWN = """
def h(x, p, training): return x
def f(x, p, training): return h(x, p, training)
"""
TORCHS = "def f(x, p, training): return torch.square(x, p, training)"
BUILTIN = "def f(x, p, training): return round(x, p, training)"
METHOD = "def f(x, p, training): return x.square(p, training)"
# what a cell of the learner's own does, to which no name leads from the answer
UNREACHED = {
    "vars": (OWN, "vars()['h'] = F.dropout"),
    "globals": (OWN, "globals().update(h=F.dropout)"),
    "locals": (OWN, "locals()['h'] = F.dropout"),
    "main": (OWN, "import __main__\n__main__.h = F.dropout"),
    "sys.modules": (OWN, "import sys\nsys.modules['__main__'].h = F.dropout"),
    "the shell": (
        OWN,
        "from IPython.core.interactiveshell import InteractiveShell as I\n"
        "I.instance().push({'h': F.dropout})",
    ),
    "setattr": (TORCHS, "setattr(torch, 'square', F.dropout)"),
    "object's": (TORCHS, "object.__setattr__(torch, 'square', F.dropout)"),
    "a module's vars": (TORCHS, "vars(torch)['square'] = F.dropout"),
    "patch": (
        TORCHS,
        "from unittest.mock import patch\n"
        "patch.object(torch, 'square', F.dropout).start()",
    ),
    "another name": (TORCHS, "import torch as other\nother.square = F.dropout"),
    "an argument": (TORCHS, "def put(m): m.square = F.dropout\nput(torch)"),
    "a loop": (TORCHS, "for m in [torch]: m.square = F.dropout"),
    "a list": (TORCHS, "[setattr(m, 'square', F.dropout) for m in [torch]]"),
    "a class": (TORCHS, "class A:\n    m = torch\n    m.square = F.dropout"),
    "a context": (
        TORCHS,
        "import contextlib\n"
        "with contextlib.nullcontext(torch) as m: m.square = F.dropout",
    ),
    "builtins": (BUILTIN, "import builtins as b\nb.round = F.dropout"),
    "a method": (METHOD, "T = torch.Tensor\nT.square = F.dropout"),
}


@pytest.mark.parametrize("case", UNREACHED)
def test_what_a_cell_puts_in_an_answers_way_is_seen_to_do_more(case):
    """Or it is found. What does more is left out when the answer is asked again."""
    cells = [SETUP, *UNREACHED[case]]
    scratch = Scratch(cells, ["f"])
    found = scratch("dropout") or scratch.unclear
    assert found or any(scratch.part(number)[1] for number in range(1, len(cells)))


def test_a_cell_that_only_the_session_can_read_is_no_part_of_what_was_read():
    """An earlier cell had IPython read all later ones in another grammar: `1 <> 2`."""
    cells = [
        "from __future__ import barry_as_FLUFL",
        "def f(x):\n    return F.dropout(x) if 1 <> 2 else x",
    ]
    assert Scratch([SETUP, *cells], ["f"]).part(2) == ([], True)


# What runs code, or is meant, although no name in the answer's text leads there

PUT = "def put(): torch.square = F.dropout\n"
RUNS = {
    "a private name": (
        "class A:\n    def go(self, x, *a): return __h(x, *a)\n"
        "def f(x, *a): return A().go(x, *a)",
        "def _A__h(x, *a): return F.dropout(x)",
    ),
    "a name in an annotation": (
        "def f(x, *a) -> 0 and (h := 0): return h(x)",
        "def h(x): return F.dropout(x)",
    ),
    "an annotation": (
        "def f(x: h(), *a, h=None): return torch.square(x)",
        PUT + "def h(): put()",
    ),
    "a lambda's name": (
        "def f(x, *a):\n    [lambda: (h := 0) for _ in ()]\n    return h(x)",
        "def h(x): return F.dropout(x)",
    ),
    "a class inside": (
        "def f(x, *a):\n    h = 0\n    class A:\n        h = h\n    return A.h(x)",
        "def h(x): return F.dropout(x)",
    ),
    "a class as a method": (
        TORCHS,
        PUT + "class A:\n    class __class_getitem__:\n"
        "        def __init__(self, item): put()\ny = A[0]",
    ),
    "an enumeration": (
        TORCHS,
        PUT + "from enum import Enum\nclass A(Enum):\n    a = 1\n"
        "    def __init__(self, _): put()",
    ),
    "a property of a class": (
        TORCHS,
        PUT + "class A:\n    @classmethod\n    @property\n"
        "    def a(cls): put()\ny = A.a",
    ),
    "a decorator by another name": (
        TORCHS,
        PUT + "from collections import defaultdict as staticmethod\n"
        "@staticmethod\ndef d(): put()\ny = d[0]",
    ),
    "a hook of abstract classes": (
        TORCHS,
        PUT + "import numbers\nclass A(numbers.Number):\n    @classmethod\n"
        "    def __subclasshook__(cls, other): put()",
    ),
    "fields of a base": (
        TORCHS,
        PUT + "from dataclasses import dataclass\nclass A:\n"
        "    class __dataclass_fields__:\n        def values(): put()\n"
        "@dataclass\nclass B(A):\n    x: int = 0",
    ),
    "a class that is noted": (
        "class A:\n    kept = []\n"
        "    def __init_subclass__(cls): A.kept.append(cls)\n"
        "def f(x, *a): return A.kept[0].go(x)",
        "class B(A):\n    def go(x): return F.dropout(x)",
    ),
    "an operator": (
        "class A:\n    def __or__(self, other): self.kept = other\na = A()\n"
        "def f(x, *b): return a.kept(x)",
        "def h(x): return F.dropout(x)\ny = a | h",
    ),
    "an item": (
        "class A:\n    def __getitem__(self, other): self.kept = other\na = A()\n"
        "def f(x, *b): return a.kept(x)",
        "def h(x): return F.dropout(x)\ny = a[h]",
    ),
    "a member": (
        "class A:\n    def __set_name__(self, owner, name): self.kept = owner\n"
        "a = A()\ndef f(x, *b): return a.kept.go(x)",
        "class B:\n    a = a\n    def go(x): return F.dropout(x)",
    ),
    "builtins": (OWN, "class __builtins__: pass"),
    "deep": (OWN, "@torch" + ".a" * 450 + "\ndef other(): pass"),
}


@pytest.mark.parametrize("case", RUNS)
def test_what_may_run_is_not_taken_for_inert(case):
    cells = [SETUP, *RUNS[case]]
    assert any(Scratch(cells, ["f"]).part(number)[1] for number in (1, 2))


INERT = {
    "functions": "def g(x: torch.Tensor, p: float = 0.5, *, q=None) -> float: return F",
    "a module": "class G(nn.Module):\n    'G.'\n    size = 3\n"
    "    def __init__(self): super().__init__()\n    def forward(self, z): return z",
    "imports": "import math\nfrom torch import optim as o",
    "lists": "kept = []\nSIZE = {'a': (1, 2)}",
    "a constant": "SIZE = 3\n'told'\npass",
}


@pytest.mark.parametrize("case", INERT)
def test_what_only_gives_names_is_inert(case):
    scratch = Scratch([SETUP, OWN, INERT[case]], ["f"])
    assert [scratch.part(number)[1] for number in (1, 2)] == [False, False]
    named = Scratch(
        [SETUP, f"{OWN}\ng = SIZE = optim = o = math = 'G'", INERT[case]], ["g"]
    )
    assert named.part(2)[1] or named.part(2)[0]


TEXTS = {
    "a format": "import string\n"
    "def f(x): return string.Formatter().get_field('0.__globals__[F]', (f,), {})",
    "dispatch": "import functools\n@functools.singledispatch\ndef f(x): return x\n"
    "@f.register\ndef g(x: 'put(F)'): return f(x)\nf.g = g",
    "a computed hint": "def f(x: 'put(F.' + 'drop' + 'out)'): return x",
    "fields": "from dataclasses import dataclass\n@dataclass\nclass f:\n"
    "    __annotations__ = {'a or ' + 'b': int}",
    "a wrapper": "import functools\n"
    "def f(x): return functools.update_wrapper(x, F.relu, ['__globals__'], ())",
    "another process": "import os\ndef f(x): return os.system('true')",
    "what prints": "import contextlib\n"
    "class f(contextlib.redirect_stdout): _stream = 'modules'",
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_that_becomes_code_is_left_to_a_person(case):
    scratch = Scratch([SETUP, TEXTS[case]], ["f"])
    assert scratch("dropout") or scratch.unclear


@pytest.mark.parametrize(
    "cell",
    [
        "@(  # @\n    torch.no_grad()\n)\ndef f(x): return x",
        "x = 'ä'; y = 2;\n@torch.no_grad()\ndef f(x): return y",
        "s = '@'\n# @ in a remark\n\n@torch.no_grad()  # there\ndef f(x): return s",
    ],
)
def test_what_is_cut_out_is_what_was_read(cell):
    scratch = Scratch([SETUP, cell], ["f"])
    try:
        places, _ = scratch.part(1)
    except ValueError:
        assert cell.startswith("@(")  # then it is not asked again
        return
    text = b"\n".join(cell.encode()[start:end] for start, end in places).decode()
    assert text.endswith("def f(x): return " + cell[-1])
    assert "@torch.no_grad()" in text
