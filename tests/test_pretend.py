"""The course on a device without float64, such as an Apple GPU: a pretended one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from staff.ci import effort
from staff.runs import strict_environment

ROOT = Path(__file__).resolve().parent.parent
STEMS = sorted(path.stem for path in (ROOT / "solutions").glob("[0-9][0-9]_*.py"))

SETTING = """
import json, os, sys, tempfile, torch
import torch.nn.functional as F
from torch import nn
from helpers.data import corrupt_labels
from helpers.evidence import bias_variance, claims, intervals, metrics
from helpers.population import MemberDropout, grid, mlp, train_population
from helpers.training import evaluate, fit
from helpers.training.callbacks import Checkpoint, EarlyStopping, StepSchedule

os.environ.update(COURSE_HEADLESS="1", MPLBACKEND="agg")
g = torch.Generator().manual_seed(0)
x = torch.randn(96, 6, generator=g).to(device)
y = torch.randint(3, (96,), generator=g).to(device)
scores = torch.randn(96, 3, generator=g).to(device)
effects = torch.rand(8, generator=g).to(device)

def trained(**more):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Dropout(0.2), nn.Linear(9, 3)
    )
    history = fit(model, (x, y), epochs=2, val=(x, y), progress=False, **more)
    assert all(p.device.type == device.type for p in model.parameters())
    return history.train_loss + history.val_loss + history.val_accuracy

def resumed():
    path = tempfile.mkdtemp() + "/run.pt"
    def callbacks(resume):
        schedule = StepSchedule(lambda step: 0.01)
        return [schedule, EarlyStopping(), Checkpoint(path, resume=resume)]
    trained(callbacks=callbacks(False))
    return trained(callbacks=callbacks(True))

class Clip:
    def on_backward_end(self, state):
        nn.utils.clip_grad_norm_(state.model.parameters(), 0.1)

def per_token():
    torch.manual_seed(0)
    model = nn.Conv1d(1, 3, 3, padding=1).to(device)
    labels = (x > 0).long().masked_fill(x > 1, -100)
    return list(evaluate(model, (x[:, None], labels)))

def claimed(values, condition):
    claims.claim("pretend.case", "It is so.", values, condition)
    return claims.ledger()[-1].mean

def population(build, **more):
    result = train_population(
        build, (x, y), seeds=[0, 1], epochs=2, val=(x, y), progress=False, **more
    )
    result.logits(x).cpu(), result.member(1)(x).cpu()
    return result.val_loss.flatten().tolist()

def other():
    layers = nn.Linear(6, 8), nn.LayerNorm(8), MemberDropout(0.3), nn.Linear(8, 3)
    return nn.Sequential(*layers)
"""
CASES = {
    "accuracy": "metrics.accuracy(scores, y)",
    "likelihood": "metrics.negative_log_likelihood(scores, y)",
    "calibration": "metrics.expected_calibration_error(scores.softmax(1), y)",
    "claim": "claimed(effects, '> -99')",
    "claim of one number": "claimed(effects[0], '> -99')",
    "claim of numbers": "claimed([effects[0], effects[1]], '> -99')",
    "interval": "intervals.mean_interval(effects).high",
    "difference": "intervals.paired_difference(effects, effects**2).low",
    "bias and variance": "float(bias_variance.bias_variance(x, x[0])[1])",
    "ridge": "bias_variance.ridge_path(x, x[:, 0], [0.1]).flatten().tolist()",
    "fit": "trained()",
    "fit with a callback": "trained(callbacks=[Clip()])",
    "fit from a checkpoint": "resumed()",
    "tokens": "per_token()",
    "population": "population(lambda: mlp((6, 9, 3), dropout=0.2), l2=[0.1, 0.2])",
    "population of others": "population(other)",
}
REFUSED = {
    "float64": "x.double()",
    "float64 from numbers": "torch.zeros(3, dtype=torch.float64, device=device)",
    "float64 on its way to the CPU": "x.to('cpu', torch.float64)",
    "float64 from the CPU": "torch.zeros(3).double().to(device)",
    "a tensor of the CPU": "x + torch.zeros(6)",
    "an index of the CPU": "x.index_select(0, torch.tensor([0]))",
    "NumPy": "x.numpy()",
}
SCRIPT = """
from tests.pretend import install
device = install()
exec(setting)
answers = {}
for name, case in cases.items():
    try:
        answers[name] = ["value", eval(case)]
    except Exception as error:
        answers[name] = ["error", f"{type(error).__name__}: {error}"]
    if answers[name][0] == "value" and isinstance(answers[name][1], torch.Tensor):
        answers[name][1] = "a tensor"
print("ANSWERS" + json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers():
    """Every case's value or error on the pretend device, from a process of its own."""
    head = f"setting, cases = {SETTING!r}, {CASES | REFUSED!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", head + SCRIPT],
        cwd=ROOT,
        env=strict_environment(OMP_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ANSWERS" in done.stdout, done.stderr
    return json.loads(done.stdout.rpartition("ANSWERS")[2])


@pytest.fixture(scope="module")
def on_the_cpu():
    space = {"device": torch.device("cpu")}
    exec(SETTING, space)
    return space


@pytest.mark.parametrize("name", REFUSED)
def test_the_device_refuses_what_apples_refuse(answers, name):
    kind, text = answers[name]
    assert kind == "error", text
    assert ("like MPS" in text) == name.startswith("float64")


@pytest.mark.parametrize("name", CASES)
def test_helpers_give_there_what_they_give_on_the_cpu(answers, on_the_cpu, name):
    kind, value = answers[name]
    assert kind == "value", value
    assert value == pytest.approx(eval(CASES[name], on_the_cpu), rel=1e-4, abs=1e-5)


def of_this_run() -> list[str]:
    """Return those whose proof is to be whole, and every third day one more.

    A notebook takes a minute or two of the processor here; what all of them call is
    tried each day, above.
    """
    turn, rest = divmod(effort.today(3 * len(STEMS)), 3)
    day = "" if rest else STEMS[turn]
    return [s for s in STEMS if s == day or effort.whole("pretend", s)]


@pytest.mark.slow
@pytest.mark.parametrize("stem", of_this_run())
def test_a_whole_notebook_runs_there(stem, tmp_path):
    """Every cell, every claim: the numbers are the CPU's."""
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "tests" / "pretend.py"),
            ROOT / "solutions" / stem / f"{stem}.ipynb",
        ],
        cwd=tmp_path,
        env=strict_environment(OMP_NUM_THREADS="1", MPLBACKEND="agg"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
