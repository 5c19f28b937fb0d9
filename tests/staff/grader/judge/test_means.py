"""Whose text a person should look at, where a card has rules about means."""

from __future__ import annotations

import time

import pytest

from helpers import checks
from staff.grader.judge.means import doubtful
from staff.grader.judge.scratch import Scratch
from tests.test_answers import ANSWERS, notebook

STEM = "12_regularization_strategy"
RIGHT = sorted((ANSWERS / STEM / "strategy").glob("right_*.py"))
PLAIN = """
def strategy(data, budget):
    x, y = data["train_x"], data["train_y"]
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 10))
    {more}
    return net.eval()
"""
PROVIDED = """
draws = [data.fashion_mnist(500, 500, split_seed=k) for k in SEEDS]
model = mlp((196, 10))
x, y = draws[0].train
def moved(x):
    return x.roll(1)
"""


def doubts(*cells: str) -> list[str]:
    return doubtful(Scratch([notebook(STEM).setup, PROVIDED, *cells], ["strategy"]))


def test_the_capstone_has_rules():
    with_rules = [
        name
        for stem in checks.available()
        for name, each in vars(checks.load(stem)).items()
        if getattr(each, "rules", False)
    ]
    assert with_rules == ["strategy"]


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_right_answers_are_not_listed(path):
    assert doubts(path.read_text("utf-8")) == []


def test_nor_is_the_course_s_own():
    assert doubts(notebook(STEM).solutions["strategy"]) == []


HARMLESS = {
    "nothing": "",
    "helpers": "p = accuracy(net, x, y); m = mlp((196, 10)); x = moved(x)",
    "averages": "m = torch.optim.swa_utils.AveragedModel(net)",
    "a schedule": "s = torch.optim.lr_scheduler.OneCycleLR(o, 1e-2, 400)",
    "numpy": "import numpy as np\n    i = np.random.permutation(len(x))",
    "copies": "import copy\n    best = copy.deepcopy(net.state_dict())",
    "loaders": "from torch.utils.data import DataLoader, TensorDataset\n"
    "    d = DataLoader(TensorDataset(x, y), 64, shuffle=True)",
    "a class": "import functools, random, itertools, math\n"
    "    f = functools.partial(F.cross_entropy, label_smoothing=0.1)",
    "private things of its own": "net._best = 3; print(net._best)",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_an_answer_may_do_is_not_listed(case):
    assert doubts(PLAIN.format(more=HARMLESS[case])) == []


def test_what_stands_elsewhere_is_not_listed():
    """Names that are the answer's own may mean something else in other cells."""
    looks = "x, y = check.sealed_data(3).data.values()\nnet = torch.load('net.pt')\n"
    kept = "def train_best(m):\n    torch.save(m, 'a')\n    return torch.load('a')\n"
    assert doubts(looks + kept, PLAIN.format(more="")) == []


LISTED = {
    "its own pictures": "from helpers.data import fashion_mnist\n    fashion_mnist()",
    "the course's draws": "x, y = draws[0].train",
    "the check's": "more = check.sealed_data(7)",
    "another check's": "more = load('01_bias_variance')",
    "a default": "f = lambda draws=draws: draws",
    "among them": "a = [draws for draws in draws]",
    "by global": "draws = 0\n    def f():\n        global draws\n        return draws",
    "a file": "w = open('weights')",
    "a path": "import pathlib\n    w = pathlib.Path('weights').read_bytes()",
    "np.load": "import numpy as np\n    w = np.load('weights')",
    "np.memmap": "import numpy as np\n    w = np.memmap('weights')",
    "torch.load": "w = torch.load('weights')",
    "torch.from_file": "w = torch.from_file('weights', size=9)",
    "pickle": "import pickle\n    w = pickle.loads(b'')",
    "urllib": "import urllib.request\n    w = urllib.request.urlopen('')",
    "sys.modules": "import sys\n    m = sys.modules['helpers.data']",
    "importlib": "import importlib\n    m = importlib.import_module('helpers.data')",
    "exec": "exec('1')",
    "eval": "eval('1')",
    "the engine": "torch.autograd._engine_run_backward(net)",
    "the engine's class": "torch.autograd.Variable._execution_engine",
    "torch._C": "torch._C._EngineBase()",
    "by hand through the graph": "g = net(x).sum().grad_fn",
    "torch in the course's own": "import helpers.seeds as h\n    h.torch._C.x",
    "torch as a value": "import helpers.seeds as h\n    print(h.torch)",
    "ctypes": "import ctypes\n    ctypes.CDLL(None)",
    "subprocess": "import subprocess\n    subprocess.run('ls')",
    "os.fork": "import os\n    os.fork()",
    "multiprocessing": "import torch.multiprocessing as mp\n    mp.spawn(net)",
    "threads": "import threading\n    threading.Thread().start()",
    "executors": "from concurrent.futures import ThreadPoolExecutor as T\n    T()",
    "weights": f"w = {[0.125] * 600}",
    "weights with signs": f"w = torch.tensor({[[-0.125] * 20] * 30})",
    "weights in a text": f"w = '{'a' * 2001}'",
    "weights in a number": f"w = 0x{'f' * 9000}",
    "weights in parts": "\n    ".join(f"w{k} = '{'a' * 1999}'" for k in range(11)),
}


@pytest.mark.parametrize("case", LISTED)
def test_other_means_are_listed(case):
    assert doubts(PLAIN.format(more=LISTED[case])) != []


def test_what_the_answer_uses_of_other_cells_counts():
    ready = "from helpers.data import fashion_mnist\nready = fit(fashion_mnist())\n"
    assert doubts(ready, PLAIN.format(more="net = ready")) != []
    assert doubts(ready, PLAIN.format(more="ready = net")) == []


def test_a_long_text_takes_no_long_time():
    deep = "[" * 90 + "1" + "]" * 90
    text = PLAIN.format(more="\n    ".join(f"w = {deep}" for _ in range(200)))
    start = time.process_time()
    doubts(text)
    assert time.process_time() - start < 20
