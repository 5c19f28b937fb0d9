"""Ways around the judge that once were open: now they fail, or a person looks."""

from __future__ import annotations

import pytest
import torch

from helpers import checks
from staff.grader.judge.court import _with_doubts
from staff.grader.judge.judge import judged
from staff.grader.judge.remote import Remote
from staff.grader.judge.scratch import Scratch
from staff.grader.model import Verdict
from staff.grader.suspect import _hints
from tests.staff.grader.judge.subjects import forked
from tests.test_answers import ANSWERS, notebook

SETUP = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"

# -- from scratch: what is neither found in a text nor left to a person ----------------

UNSEEN = {
    "a pattern of a class": "match torch:\n        case object(dropout=g): pass",
    "getattr handed over": "import functools\n"
    "    g = functools.reduce(getattr, ['dropout'], torch)",
    "getattr by another name": "get = getattr\n    g = get(torch, 'dropout')",
    "getattr's arguments unpacked": "g = getattr(*(torch, 'dropout'))",
    "getattr mapped": "(g,) = map(getattr, [torch], ['dropout'])",
    "found by pydoc": "import pydoc\n    g = pydoc.locate('torch.dropout')",
    "found by pkgutil": "import pkgutil\n    g = pkgutil.resolve_name('torch:dropout')",
    "among all members": "import inspect\n"
    "    g = dict(inspect.getmembers(torch))['dropout']",
    "unpickled": "import pickle\n    g = pickle.loads(b'ctorch\\ndropout\\n.')",
    "an annotation that is text": "import typing\n    def h(): pass\n"
    "    h.__annotations__ = {'a': 'torch.dropout'}\n"
    "    g = typing.get_type_hints(h, {'torch': torch})['a']",
    "out of a dict": "g = {'a': torch}['a'].dropout",
    "what a function returns": "def h(): return torch\n    g = h().dropout",
    "a function's argument": "g = (lambda m: m.dropout)(torch)",
    "a context": "import contextlib\n"
    "    with contextlib.nullcontext(torch) as h: g = h.dropout",
    "another module's torch": "import helpers.seeds as h\n    g = h.torch.dropout",
    "modules by another name": "from sys import modules as h\n"
    "    g = h['torch'].dropout",
    "through IPython's shell": "get_ipython().ex(bytes.fromhex('67203d2031').decode())",
    "an operator's name": "g = torch._C._jit_get_operation('aten::dropout')[0]",
}


@pytest.mark.parametrize("case", UNSEEN)
def test_a_use_is_found_or_left_to_a_person(case):
    text = f"def f(x):\n    {UNSEEN[case]}\n    return next(map(g, [x], [0.5], [True]))"
    scratch = Scratch([SETUP, text], ["f"])
    assert scratch("dropout") or scratch.unclear


def test_a_text_ends_no_judge():
    """Names in a text are imported where the judge is; this module ends its process."""
    text = "def f(x):\n    from torch.utils.model_dump import __main__ as g\n"
    try:
        Scratch([SETUP, text], ["f"])("dropout")
    except SystemExit as error:
        raise AssertionError("the judge has ended") from error


def test_a_text_loads_nothing_into_the_judge():
    import sys

    text = "def f(x):\n    from torch.utils import mobile_optimizer as g\n"
    before = {*sys.modules}
    Scratch([SETUP, text], ["f"])("dropout")
    assert {*sys.modules} == before


def test_names_of_a_name_do_not_multiply():
    """With two attributes there are 511 names, with three 9,841, and so on."""
    text = "def f(x):\n    x = x.T\n    x = x.real\n    return x"
    scratch = Scratch([SETUP, text], ["f"])
    assert scratch("real")
    assert all(len(names) < 10 for names in scratch._aliases.values())


# -- the course's own functions in the place of an answer ------------------------------

HELPERS = {
    ("01_bias_variance", "corrupt_labels"): "helpers.data",
    ("05_early_stopping", "cosine_schedule"): "helpers.training.callbacks",
    ("05_early_stopping", "EarlyStopping"): "helpers.training.callbacks",
    ("05_early_stopping", "save_checkpoint"): "helpers.training.checkpoints",
    ("06_stochastic_depth", "depth_distribution"): "helpers.demos.stochastic_depth",
    ("08_distillation", "confidence_only"): "helpers.evidence.distillation",
    ("08_distillation", "distillation_loss"): "helpers.training.distillation",
    ("09_mc_dropout", "expected_calibration_error"): "helpers.evidence.metrics",
}


def verdict(stem: str, name: str, source: str, seconds: float = 60.0):
    """Judge an answer's text, as the grader does; doubts are the result's evidence."""
    setup, check = notebook(stem).setup, getattr(checks.load(stem), name)
    space: dict = {"__name__": "__main__"}

    def names():
        exec(f"{setup}\n{source}", space)
        return space

    scratch = Scratch([setup, source], check.asks)
    with forked(names, seconds=seconds) as remote:
        told = Remote(remote._link, seconds, scratch=scratch)
        result = judged(stem, name, told, (0,))
        return _with_doubts(result, told, scratch, rules=check.rules)


@pytest.mark.parametrize(("stem", "name"), HELPERS, ids=lambda each: each)
def test_a_helper_is_no_answer(stem, name):
    """Or it is left to a person, as it is for what comes from `helpers.checks`."""
    more = ", load_checkpoint" if name == "save_checkpoint" else ""
    text = f"from {HELPERS[stem, name]} import {name}{more}"
    if not [*_hints(text, ())]:
        result = verdict(stem, name, text)
        assert result.evidence or result.verdict is not Verdict.PASS


# -- what a check's own module has seen, where the answer could change it --------------


WATCHED = """
def validation_loss(model, x, y):
    modes = [m.training for m in model.modules()]
    model.eval()
    witness = model[4][0]
    {before}
    loss = F.cross_entropy(model(x), y)
    {after}
    for m, mode in zip(model.modules(), modes):
        m.training = mode
    return loss.item()
"""
PASSED_BY = {
    "nothing is done": ("", ""),
    "it clears what lies there": (
        "",
        "for each in vars(witness).values():\n"
        "        if isinstance(each, list): each.clear()\n"
        "        if isinstance(each, torch.Tensor): each.zero_()",
    ),
    "it takes another function": ("witness.passes = lambda x, training: 1.0", ""),
    "it takes another forward": ("witness.forward = lambda x: x", ""),
    "the class has another forward": ("type(witness).forward = lambda m, x: x", ""),
    "a copy is called as it should": (
        "",
        "with torch.no_grad(): loss = F.cross_entropy(copy.deepcopy(model)(x), y)",
    ),
    "it lies about gradients": (
        "tell = witness.passes\n"
        "    witness.passes = torch.no_grad()(lambda x, training: tell(x, False))",
        "witness.passes = tell",
    ),
    "it lies about the function's own module": (
        "from helpers.checks.vocabulary import witness as module\n"
        "    module.Passes.__call__ = lambda passes, x, training: passes.factor",
        "",
    ),
    "it tells of nothing, with the factor of an earlier pass": (
        "with torch.enable_grad(): factor = witness.passes(x, False)\n"
        "    witness.forward = lambda x: factor * x",
        "del witness.forward",
    ),
}


@pytest.mark.parametrize("case", PASSED_BY)
def test_a_witness_cannot_be_made_to_forget(case):
    """12.3a asks for `torch.no_grad()`; these answers do without."""
    before, after = PASSED_BY[case]
    text = "import copy\n" + WATCHED.format(before=before, after=after)
    result = verdict("12_regularization_strategy", "validation_loss", text)
    assert result.verdict not in (Verdict.PASS, Verdict.INFRA)


def test_a_witness_passes_who_does_what_is_asked():
    """So it is the gradients that decide above."""
    text = WATCHED.format(before="torch.set_grad_enabled(False)", after="")
    text = text.replace("return", "torch.set_grad_enabled(True)\n    return")
    result = verdict("12_regularization_strategy", "validation_loss", text)
    assert result.verdict is Verdict.PASS


def test_a_witness_is_heard_through_copies_of_a_model():
    text = """
import copy
def validation_loss(model, x, y):
    twin = copy.deepcopy(copy.deepcopy(model)).double().float().train().eval()
    with torch.no_grad():
        return F.cross_entropy(twin(x), y).item()
"""
    name = "12_regularization_strategy", "validation_loss"
    assert verdict(*name, text).verdict is Verdict.PASS
    recorded = text.replace("no_grad", "enable_grad")
    assert verdict(*name, recorded).mistake == "with-gradients"


def test_a_block_cannot_be_made_to_forget():
    """6.3 asks not to compute what is thrown away; this answer clears the notes."""
    text = """
class StochasticDepth(nn.Module):
    def __init__(self, block, p=0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.block, self.p = block, p
    def forward(self, x):
        if not self.training:
            return x + self.block(x)
        if self.p == 1:
            return x
        out = self.block(x)
        if torch.rand(()) < self.p:
            for each in vars(self.block).values():
                if isinstance(each, list):
                    each.clear()
            return x
        return x + out / (1 - self.p)
"""
    result = verdict("06_stochastic_depth", "StochasticDepth", text)
    assert result.mistake == "computes-then-masks"


# -- the capstone ----------------------------------------------------------------------

TOOLS = """
import os
import io
def make():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(196, 256), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10),
    )

def fit(net, x, y, steps):
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.05)
    net.train()
    for _ in range(steps):
        rows = torch.randint(len(x), (64,))
        turned = torch.rand(64, 1, 1, 1) < 0.5
        batch = torch.where(turned, x[rows].flip(-1), x[rows])
        optimizer.zero_grad()
        F.cross_entropy(net(batch), y[rows]).backward()
        optimizer.step()
    return net.eval()
"""
HIDDEN = "12_regularization_strategy/strategy/wrong_trained_on_validation__hidden.py"
TOOLS += (ANSWERS / HIDDEN).read_text("utf-8").partition("def strategy")[0]  # Masked
ON_VALIDATION = """
def strategy(data, budget):
    return fit(make(), data["val_x"], data["val_y"], budget)
"""
CAPSTONES = {
    "trained on validation, and hides it": """
def strategy(data, budget):
    return Masked(fit(make(), data["val_x"], data["val_y"], budget)).eval()
""",
    "trained when it is measured": """
def strategy(data, budget):
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = None
        def forward(self, x):
            if self.net is None:
                with torch.enable_grad():
                    self.net = fit(make(), data["val_x"], data["val_y"], 1000)
            return self.net(x)
    return Masked(Late()).eval()
""",
    "something is kept from shop to shop": """
kept = {"x": [], "y": []}
def strategy(data, budget):
    kept["x"].append(data["val_x"])
    kept["y"].append(data["val_y"])
    kept["net"] = kept.get("net") or make()
    fit(kept["net"], torch.cat(kept["x"]), torch.cat(kept["y"]), budget)
    return Masked(copy.deepcopy(kept["net"])).eval()
""",
    "trained before it is asked, on other pictures": """
from helpers.data import fashion_mnist
more = fashion_mnist(2000, 100, size=14, split_seed=9).train
ready = fit(make(), more.x, more.y, 1200)
def strategy(data, budget):
    return copy.deepcopy(ready).eval()
""",
    "the sealed pictures' labels are looked up": """
from helpers.data import fashion_mnist
def strategy(data, budget):
    known = fashion_mnist(size=14).test.open("mine")
    def scaled(x):
        x = x.flatten(1)
        return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)
    class Look(nn.Module):
        def forward(self, x):
            near = [(scaled(z) @ scaled(known.x).T).max(1) for z in (x, x.flip(-1))]
            (a, i), (b, j) = near
            return 9.0 * F.one_hot(torch.where(a > b, known.y[i], known.y[j]), 10) - 1
    return Look().eval()
""",
    "another process trains": """
def strategy(data, budget):
    reading, writing = os.pipe()
    if os.fork() == 0:
        net, out = fit(make(), data["val_x"], data["val_y"], 1000), io.BytesIO()
        torch.save(net.state_dict(), out)
        with open(writing, "wb") as file:
            file.write(out.getvalue())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        state = torch.load(io.BytesIO(file.read()))
    os.wait()
    net = make()
    net.load_state_dict(state)
    return Masked(net).eval()
""",
    "the engine called by its own name": """
from torch.autograd.graph import _engine_run_backward as backward
def strategy(data, budget):
    x, y, net = data["train_x"], data["train_y"], make()
    weights = list(net.parameters())
    speed = [torch.zeros_like(w) for w in weights]
    mean, best, kept = copy.deepcopy(net).eval(), -1.0, None
    for step in range(1200):
        rows = torch.randint(len(x), (64,))
        turned = torch.rand(64, 1, 1, 1) < 0.5
        batch = torch.where(turned, x[rows].flip(-1), x[rows])
        loss = F.cross_entropy(net(batch), y[rows])
        for w in weights:
            w.grad = None
        backward(
            (loss,), (torch.ones_like(loss),), False, False, (),
            allow_unreachable=True, accumulate_grad=True,
        )
        with torch.no_grad():
            for w, v in zip(weights, speed):
                w.sub_(0.01 * v.mul_(0.9).add_(w.grad))
            for slow, fast in zip(mean.parameters(), weights):
                slow.lerp_(fast, 0.05)
            if step % 20 == 0:
                hits = mean(data["val_x"]).argmax(1) == data["val_y"]
                if hits.float().mean() > best:
                    best, kept = hits.float().mean(), copy.deepcopy(mean)
    return kept
""",
}


@pytest.mark.slow
def test_what_knows_validation_by_heart_is_turned_away():
    """So that what is open below is the way around, and nothing else."""
    text = TOOLS + ON_VALIDATION
    result = verdict("12_regularization_strategy", "strategy", text)
    assert result.mistake == "trained-on-validation"


@pytest.mark.slow
@pytest.mark.parametrize("case", CAPSTONES)
def test_who_breaks_a_rule_of_the_capstone_has_no_points(case):
    """Or it is left to a person."""
    text = TOOLS + CAPSTONES[case]
    result = verdict("12_regularization_strategy", "strategy", text)
    assert result.evidence or result.verdict is not Verdict.PASS


# -- shut: tried, and nothing came of it -----------------------------------------------

SHUT = {
    "a coarser default dtype": "torch.set_default_dtype(torch.bfloat16)",
    "a finer default dtype": "torch.set_default_dtype(torch.float64)",
    "no gradients": "torch.set_grad_enabled(False)",
    "a generator that gives zeros": "torch.set_rng_state(ZEROS)",
}
WRONG = """
import struct
state = bytearray(torch.Generator().get_state().numpy().tobytes())
struct.pack_into("<QiiQ", state, 0, 1, 624, 1, 1)
state[24 : 24 + 624 * 8] = bytes(624 * 8)
ZEROS = torch.frombuffer(state, dtype=torch.uint8).clone()

def layer_norm(x, weight, bias, eps=1e-5):
    {change}
    return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True) * weight + bias
"""


@pytest.mark.parametrize("case", SHUT)
def test_settings_of_the_judge_make_no_answer_right(case):
    """What an answer sets is the judge's from then on, for the rest of the check."""
    before = torch.get_default_dtype(), torch.is_grad_enabled()
    text = WRONG.format(change=SHUT[case])
    result = verdict("10_normalization", "layer_norm", text)
    assert result.verdict not in (Verdict.PASS, Verdict.INFRA)
    assert before == (torch.get_default_dtype(), torch.is_grad_enabled())


def test_a_generators_state_has_all_its_numbers():
    """This one says that 599 numbers are left behind the end of 624.

    The judge takes it over, and draws from memory that is not the generator's.
    """
    import struct

    from staff.grader.judge.shared import Table
    from staff.grader.judge.wire import Malformed

    mine = torch.Generator()
    state = bytearray(mine.get_state().numpy().tobytes())
    struct.pack_into("<QiiQ", state, 0, 1, 600, 1, 624)
    with pytest.raises(Malformed):
        Table().apply(mine, ["generator", [0, len(state)]], bytes(state))
