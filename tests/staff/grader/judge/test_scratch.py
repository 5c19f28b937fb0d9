"""What an answer uses of torch is read off its text."""

from __future__ import annotations

import pytest

from helpers import checks
from staff.grader.judge.judge import judged
from staff.grader.judge.remote import Remote
from staff.grader.judge.scratch import Scratch
from staff.grader.model import Verdict
from tests.staff.grader.judge.subjects import forked
from tests.test_answers import RIGHT, WRONG, checker, label, notebook

SETUP = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
USES = {
    "by its name": "def f(x): return F.dropout(x)",
    "in full": "def f(x): return torch.nn.functional.dropout(x)",
    "of torch": "def f(x): return torch.dropout(x, 0.5, True)",
    "another alias": "import torch.nn.functional as G\ndef f(x): return G.dropout(x)",
    "from": "from torch.nn.functional import dropout as d\ndef f(x): return d(x)",
    "inside": "def f(x):\n    from torch.nn import functional\n"
    "    return functional.dropout(x)",
    "assigned": "G = F\ng = G.dropout\ndef f(x): return g(x)",
    "unpacked": "a, g = 1, F.dropout\ndef f(x): return g(x)",
    "in a list": "many = [F.relu, F.dropout]\ndef f(x):\n    for g in many: x = g(x)",
    "getattr": "def f(x): return getattr(F, 'dropout')(x)",
    "put together": "def f(x): return getattr(F, 'drop' + 'out')(x)",
    "formatted": "def f(x): return getattr(F, f'drop{\"out\"}')(x)",
    "mapped": "def f(x): return list(map(F.dropout, x))",
    "a default": "def f(x, g=F.dropout): return g(x)",
    "a class": "def f(x): return nn.Dropout(0.5)(x)",
    "an instance": "layer = nn.Dropout(0.5)\ndef f(x): return layer(x)",
    "a base": "class f(nn.Dropout): pass",
    "an operator": "def f(x): return torch.ops.aten.dropout(x, 0.5, True)",
    "through a helper": "def g(x): return F.dropout(x)\ndef f(x): return g(x)",
    "replaced later": "def f(x): return x\nf = F.dropout",
    "imported by name": "import importlib\ndef f(x):\n"
    "    return importlib.import_module('torch.nn.functional').dropout(x)",
    "a method": "def f(x): return x.dropout_like(x)",
    "put into a module": "torch.keep = F.dropout\ndef f(x): return torch.keep(x)",
    "put there by a function": "def g(): torch.keep = F.dropout\ng()\n"
    "def f(x): return torch.keep(x)",
    "a global": "def g():\n    global keep\n    keep = F.dropout\ng()\n"
    "def f(x): return keep(x)",
}
DOES_NOT = {
    "a name of torch's that is replaced": (
        "def f(x): return torch.add(x, x)\ntorch.nn.functional.dropout = lambda x: x"
    ),
    "a name of its own": "def dropout(x): return x\ndef f(x): return dropout(x)",
    "a comparison that f does not reach": "def f(x): return x\nprint(F.dropout(y))",
    "a word": "def f(x):\n    'Like F.dropout.'\n    raise ValueError('no dropout')",
    "an attribute of its own": "class f:\n    def g(self): return self.dropout",
    "a local name": "def f(x, dropout=0.5): return x * dropout",
    "others of torch's": "def f(x): return torch.rand_like(x) < 0.5",
    "no Python": "def f(x: return",
    "another class with a self": "class g:\n    def h(self): self.p = F.dropout\n"
    "class f:\n    def h(self): self.p = 1",
    "another function's name": "def g(x):\n    kept = F.dropout\n    return kept(x)\n"
    "def f(kept): return kept(1)",
    "a module's modules": "def f(net): return [m for m in net.modules()]",
}
HIDES = {
    "eval": "def f(x): return eval('F.drop' + 'out')(x)",
    "a computed name": "def f(x, n): return getattr(F, n)(x)",
    "vars": "def f(x): return vars(F)['dropout'](x)",
    "an import": "def f(x, n): return __import__(n).dropout(x)",
    "modules": "import sys\ndef f(x): return sys.modules['torch'].dropout(x, 1, True)",
    "a star": "def f(x):\n    from torch.nn.functional import *\n    return x",
}


@pytest.mark.parametrize("case", [name for name in USES if name != "a method"])
def test_a_use_is_found(case):
    assert Scratch([SETUP, USES[case]], ["f"])("dropout")


@pytest.mark.parametrize("case", DOES_NOT)
def test_what_is_no_use_is_not(case):
    scratch = Scratch([SETUP, DOES_NOT[case]], ["f"])
    assert (scratch("dropout"), scratch.unclear) == ((), [])


def test_methods_of_tensors_are_torchs():
    source = "def f(x): return x.softmax(0)"
    assert Scratch([source], ["f"])("softmax") == ("torch.Tensor.softmax",)
    assert Scratch([USES["a method"]], ["f"])("dropout") == ()


@pytest.mark.parametrize("case", HIDES)
def test_what_hides_a_use_is_for_a_person(case):
    assert Scratch([SETUP, HIDES[case]], ["f"]).unclear


def test_names_are_torchs_own():
    scratch = Scratch([SETUP, USES["a class"]], ["f"])
    assert scratch("dropout") == ("torch.nn.modules.dropout.Dropout",)


def pattern(path) -> str | None:
    """Return the names that a check forbids."""
    check = checker(path)
    cells = zip(check.__code__.co_freevars, check.__closure__, strict=True)
    found = {name: cell.cell_contents for name, cell in cells}
    return found["from_scratch"]


FORBIDDING = {path.parent for path in RIGHT if pattern(path) is not None}
CHEATS = ("torch_", "nn_dropout", "fused", "functional", "getattr", "wraps", "subclass")


def scratch_of(path) -> Scratch:
    setup = notebook(path.parts[-3]).setup
    return Scratch([setup, path.read_text("utf-8")], checker(path).asks)


@pytest.mark.parametrize(
    "path", [p for p in RIGHT if p.parent in FORBIDDING], ids=label
)
def test_right_answers_use_nothing_forbidden(path):
    scratch = scratch_of(path)
    assert (scratch(pattern(path)), scratch.unclear) == ((), [])


@pytest.mark.parametrize(
    "path",
    [
        p
        for p in WRONG
        if p.parent in FORBIDDING and any(cheat in p.stem for cheat in CHEATS)
    ],
    ids=label,
)
def test_answers_that_use_torchs_own_are_found(path):
    assert scratch_of(path)(pattern(path))


def test_the_judge_decides_whatever_the_subject_has_seen():
    """The answer is right but for torch's own dropout, and the watch is blind."""
    path = next(p for p in RIGHT if p.parts[-2] == "inverted_dropout")
    source = f"{path.read_text('utf-8')}\n\nunused = F.dropout\n"
    names: dict = {}
    exec(f"{SETUP}{path.read_text('utf-8')}", names)
    cheat = f"{source}\ndef inverted_dropout(*a, g=unused): ..."
    asks = checks.load(path.parts[-3]).inverted_dropout.asks
    with forked(lambda: names) as remote:
        told = Remote(remote._link, scratch=Scratch([SETUP, cheat], asks))
        result = judged(path.parts[-3], path.parts[-2], told, (0,))
    assert result.verdict is Verdict.FAIL
    assert "does the very thing" in result.message


def test_what_the_subject_alone_has_seen_is_for_a_person():
    path = next(p for p in WRONG if p.stem == "wrong_other__nn_dropout")
    stem, name = path.parts[-3:-1]
    with forked() as remote:
        remote.path = path
        believed = judged(stem, name, remote, (0,))
    assert "from elementary tensor operations" in believed.message
    with forked() as remote:
        remote.path, remote.scratch = path, lambda pattern: ()
        result = judged(stem, name, remote, (0,))
    assert "from elementary" not in result.message
    assert any("dropout" in seen for seen in remote.watched)
