"""What an answer uses of torch is read off its text."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
import torch

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
    "beside a lambda's own": "def f(x):\n    h = lambda torch: 0\n"
    "    return torch.dropout(x)",
    "beside a comprehension's own": "def f(x):\n    [torch for torch in ()]\n"
    "    return torch.dropout(x)",
    "a global that is imported": "def g():\n    global keep\n"
    "    from torch import dropout as keep\ng()\ndef f(x): return keep(x)",
    "another module's": "import helpers.seeds as h\n"
    "def f(x): return h.torch.dropout(x)",
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
    "another class with a self": "class g:\n    def h(self): self.p = F.dropout\n"
    "class f:\n    def h(self): self.p = 1",
    "another function's name": "def g(x):\n    kept = F.dropout\n    return kept(x)\n"
    "def f(kept): return kept(1)",
    "words that are only said": "class f:\n    def __repr__(self): return 'Dropout'\n"
    "    def g(self, x): print('dropout', x)",
    "keys": "def f(x, state):\n    state['dropout'] = x\n"
    "    return state.get('dropout', x) if 'dropout' in state else x",
    "its own class": "class Dropout(nn.Module):\n    def __init__(self, dropout):\n"
    "        super().__init__()\n        self.dropout = dropout\n"
    "    def forward(self, x): return x * self.dropout\n"
    "def f(x, p): return Dropout(p).eval()(x)",
    "a local name that is a module elsewhere": "def g(F): return len(F)\n"
    "def f(x):\n    N, F = x.shape\n    return g((N, F))",
    "a module's modules": "def f(net): return [m for m in net.modules()]",
}
HIDES = {
    "put into a list": "kept = []\nkept.append(F.dropout)\ndef f(x): return kept[0](x)",
    "put by setattr": "class K: pass\nk = K()\nsetattr(k, 'g', F.dropout)\n"
    "def f(x): return k.g(x)",
    "inherited": "class f(nn.TransformerEncoderLayer):\n"
    "    def g(self, x): return self.dropout(x)",
    "inside of a layer": "def f(x, dropout=0.5):\n"
    "    return nn.TransformerEncoderLayer(8, 2).dropout(x)",
    "a star at the top": "from torch.nn.functional import *\n"
    "def f(x): return dropout(x)",
    "a class's module": "class A:\n    m, dropout = torch, 1\n"
    "def f(x): return A.m.dropout(x)",
    "handed to a method": "class A:\n    dropout = 1\n"
    "    def g(self): return self.dropout\ndef f(x): return A.g(torch)(x)",
    "logging's sys": "import logging\n"
    "def f(x): return logging.sys.modules['torch'].dropout(x)",
    "torch's lists": "def f(x):\n    import torch.overrides as o\n"
    "    return [*o.get_testing_overrides()][3](x)",
    "a frame": "def f(x): return (lambda: 0).__globals__['torch'].dropout(x)",
    "many names": "def f(x):\n"
    + "".join(f"    x = x.{name}\n" for name in dir(torch.Tensor) if name[0] != "_"),
    "too deep to be read": "def f(x): return x" + ".T" * 20_000,
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


def test_what_is_no_python_is_no_part_of_what_was_read():
    """Whoever passes with it has had it read in another grammar."""
    scratch = Scratch([SETUP, "def f(x: return"], ["f"])
    assert (scratch("dropout"), scratch.part(1)) == ((), ([], True))


def test_methods_of_tensors_are_torchs():
    source = "def f(x): return x.softmax(0)"
    assert Scratch([source], ["f"])("softmax") == ("torch.Tensor.softmax",)
    assert Scratch([USES["a method"]], ["f"])("dropout") == ()


@pytest.mark.parametrize("case", HIDES)
def test_what_hides_a_use_is_for_a_person(case):
    scratch = Scratch([SETUP, HIDES[case]], ["f"])
    assert scratch("dropout") or scratch.unclear


def test_a_text_that_is_hard_to_read_takes_no_time():
    texts = (
        "    torch" + ".nn" * 900,
        "".join(f"    a{i} = a{i + 1}\n" for i in range(2000)) + "    a2000 = torch",
        "    x = torch.ops\n" + "".join(f"    x = x.a{i}\n" for i in range(99)),
        "    return " + "x if x else " * 500 + "x",
    )
    start = time.process_time()
    for text in texts:
        scratch = Scratch([SETUP, f"def f(x):\n{text}\n"], ["f"])
        assert scratch("dropout") == ()
        assert isinstance(scratch.unclear, list)
    assert time.process_time() - start < 10


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


OWN = {"09_mc_dropout/expected_calibration_error/right_helper"}
"""Right answers that call what the course has instead of writing it."""

AS_THE_JUDGE = """
import sys
from staff.grader.inside.host import load_torch
from staff.grader.judge.judge import loaded
from staff.grader.judge.scratch import Scratch
from tests.test_answers import RIGHT, STEMS, checker, label, notebook

load_torch()
for stem in STEMS:
    loaded(stem)
before = {*sys.modules}
for path in RIGHT:
    check = checker(path)
    cells = zip(check.__code__.co_freevars, check.__closure__, strict=True)
    pattern = {name: cell.cell_contents for name, cell in cells}["from_scratch"]
    setup = notebook(path.parts[-3]).setup
    scratch = Scratch([setup, path.read_text("utf-8")], check.asks)
    said = [scratch.helpers, *([scratch(pattern), scratch.unclear] if pattern else [])]
    if any(said):
        print(label(path), *said)
assert not any(n.split(".")[0] in ("torch", "helpers") for n in {*sys.modules} - before)
"""


@pytest.mark.slow
def test_no_right_answer_is_left_to_a_person():
    """In a process that has loaded what a judge has, and no more for a text's sake."""
    command = [sys.executable, "-c", AS_THE_JUDGE]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert {line.split()[0] for line in ended.stdout.splitlines()} == OWN, ended.stdout


SUBSTITUTES = {
    "imported": "from helpers.training.callbacks import EarlyStopping",
    "renamed": "from helpers.training.callbacks import EarlyStopping as E\n"
    "EarlyStopping = E",
    "a subclass": "from helpers.training import callbacks\n"
    "class EarlyStopping(callbacks.EarlyStopping): pass",
    "partly called": "import functools\nfrom helpers.training import callbacks as c\n"
    "EarlyStopping = functools.partial(c.EarlyStopping, patience=3)",
    "called": "import helpers.training.callbacks\ndef EarlyStopping(*args):\n"
    "    return helpers.training.callbacks.EarlyStopping(*args)",
    "another one": "from helpers.training.callbacks import Callback\n"
    "class EarlyStopping(Callback): pass",
}


@pytest.mark.parametrize("case", SUBSTITUTES)
def test_the_courses_own_in_the_place_of_an_answer(case):
    assert Scratch([SETUP, SUBSTITUTES[case]], ["EarlyStopping"]).helpers


def test_the_courses_own_beside_an_answer():
    text = "from helpers import training\ndef f(x): return training.evaluate(x)"
    assert Scratch([SETUP, text], ["f"]).helpers == []


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


def test_cells_that_were_read_before_are_read_alike():
    """What is known of a cell is kept; it is the same for whoever asks next."""
    cells = [SETUP, "g = F.dropout", "def f(x): return g(x)", "def h(x): return x"]
    for asks, found in ((["f"], True), (["h"], False)) * 2:
        scratch = Scratch(cells, asks)
        assert bool(scratch("dropout")) is found
        assert not scratch.helpers
