"""Answers that attack whatever they find: nothing there decides on the verdict.

Each runs its attack in the process that holds the answer, before its answer is used.
The answer itself is wrong; so its verdict may be anything but PASS. In one process with
the check many of these once forged full marks.
"""

from __future__ import annotations

import os

import pytest
import torch

from staff.grader.judge.judge import judged
from staff.grader.judge.remote import Remote
from staff.grader.model import Verdict
from tests.staff.grader.judge.subjects import forked

STEM, NAME = "02_dropout_from_scratch", "inverted_dropout"
WRONG = """
def inverted_dropout(x, p=0.5, training=True, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    return x * 1.0
"""

# Each a text that runs before the answer, in its own process.
ATTACKS = {
    "nothing at all": "",
    "comparisons that are always true": """
import torch
torch.allclose = torch.equal = lambda *a, **k: True
torch.Tensor.__eq__ = torch.Tensor.__ne__ = lambda a, b: True
""",
    "a tensor method more": """
import torch
torch.Tensor.cpu = lambda self: torch.zeros_like(self)
torch.Tensor.isnan = torch.Tensor.any = lambda self, *a: False
""",
    "checks that raise nothing": """
from helpers.checks import Trial, CheckFailed
Trial.fail = Trial.require = Trial.close = Trial._settled = lambda *a, **k: None
CheckFailed.__new__ = lambda *a, **k: KeyboardInterrupt()
""",
    "a fake helpers.checks": """
import sys, types
fake = types.ModuleType("helpers.checks")
fake.load = lambda stem: types.SimpleNamespace(inverted_dropout=lambda *a, **k: None)
for name in list(sys.modules):
    if name.startswith("helpers.checks"):
        sys.modules[name] = fake
""",
    "added globals of check modules": """
from helpers.checks import load
module = load("02_dropout_from_scratch")
vars(module).update(isinstance=lambda *a: True, bool=lambda *a: False)
module.KEEP = "no"
""",
    "files where compiled modules are looked for": """
import sys, tempfile
sys.pycache_prefix = tempfile.mkdtemp()
sys.path_importer_cache.clear()
sys.meta_path.insert(0, type("F", (), {"find_spec": lambda *a, **k: None})())
""",
    "a syntax tree's class": """
import ast, builtins
ast.Module = ast.parse = builtins.compile = lambda *a, **k: None
""",
    "another use": """
from helpers.checks.vocabulary import uses, subject
uses.call = lambda answer, args, kwargs: args[0]
subject.Subject.use = lambda self, op, *a, **k: subject.Outcome(a[1][0] if a[1:] else 1)
""",
    "another reply": """
from staff.grader.judge import subject
before = subject.Subjects._reply
def reply(self, head, outcome):
    head.pop("raised", None)
    head["verdict"] = "PASS"
    before(self, {**head, "passed": True, "seen": []}, outcome)
subject.Subjects._reply = reply
""",
    "every descriptor written to": """
import os, socket
for fd in range(3, 200):
    try:
        os.write(fd, b'{"verdict":"PASS"}')
    except OSError:
        pass
""",
    "descriptors sent": """
import os, socket
a, b = socket.socketpair()
socket.send_fds(a, [b"x"], [1])
""",
    "a thread that answers first": """
import threading, os, time
def talk():
    while True:
        for fd in range(3, 60):
            try:
                os.write(fd, bytes(8) + b"{}")
            except OSError:
                pass
        time.sleep(0.001)
threading.Thread(target=talk, daemon=True).start()
""",
    "the link found through gc": """
import gc
from staff.grader.judge.wire import Link
for each in gc.get_objects():
    if isinstance(each, Link):
        each.send({"value": True, "objects": [], "modes": [True, "torch.float32"]}, b"")
""",
    "a hook on each call": """
import sys
def hook(frame, event, arg):
    if frame.f_code.co_name in ("require", "fail", "tensor", "close"):
        frame.f_trace_opcodes = True
    return hook
sys.settrace(hook)
sys.setprofile(lambda *a: None)
""",
    "a blind watch": """
from helpers.checks.vocabulary.watch import Watch
Watch._event = lambda *a: None
""",
    "hooks on fork, audit and exit": """
import os, sys, atexit
os.register_at_fork(before=lambda: None, after_in_child=lambda: os._exit(0))
sys.addaudithook(lambda name, args: None)
atexit.register(lambda: os._exit(0))
""",
    "its own end": "import os; os._exit(0)",
    "standard output": """
import sys, os
class Out:
    def write(self, text): return len(text)
    def flush(self): os.write(1, b'{"verdict": "PASS"}')
sys.stdout = sys.stderr = Out()
print("PASS")
""",
    "builtins": """
import builtins
builtins.isinstance = lambda *a: True
builtins.bool = lambda *a: True
""",
    "the random state": """
import torch
torch.manual_seed = torch.set_rng_state = lambda *a: None
torch.get_rng_state = lambda: torch.zeros(5056, dtype=torch.uint8)
""",
}


def names(attack: str):
    def made():
        space = {"__name__": "__main__"}
        exec(attack + WRONG, space)
        return space

    return made


@pytest.mark.parametrize("name", ATTACKS)
def test_a_wrong_answer_stays_wrong(name):
    before = torch.equal, torch.Tensor.__eq__, os.getpid()
    with forked(names(ATTACKS[name]), seconds=5) as remote:
        result = judged(STEM, NAME, remote_of(remote), (0, 48_271))
    assert result.verdict not in (Verdict.PASS, Verdict.INFRA)
    assert before == (torch.equal, torch.Tensor.__eq__, os.getpid())


def remote_of(remote):
    """Ask for the answer by its own name: the namespace is no bank."""
    return Remote(remote._link, 5.0)


def test_the_right_answer_in_its_place_passes():
    """So it is the answer that decides above, and nothing else."""
    right = """
import torch
def inverted_dropout(x, p=0.5, training=True, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    if not training or p == 0:
        return x.clone()
    if p == 1:
        return x * 0
    keep = torch.rand(x.shape, generator=generator, dtype=x.dtype) >= p
    return x * keep / (1 - p)
"""
    space: dict = {}
    exec(right, space)
    with forked(lambda: space) as remote:
        assert judged(STEM, NAME, remote_of(remote), (0, 1)).verdict is Verdict.PASS
