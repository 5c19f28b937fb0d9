"""All seeds go through one place: nothing moves without a shift, all with one."""

import ast
import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import IPython
import numpy as np
import pytest
import torch
from torch import nn

from helpers import data, seeds
from helpers.checks import exercise
from helpers.demos import adamw, bias_variance, dropout_from_scratch, stochastic_depth
from helpers.population import mlp, train_population
from helpers.seeds import ReseedCells, generator, shift, shifted, unshifted
from helpers.training import fit, own_randomness
from staff.authoring.masters import read_master

ROOT = Path(__file__).resolve().parents[2]
BY = 1000


@pytest.fixture(autouse=True)
def unmoved(monkeypatch):
    for variable in ("COURSE_SEEDS", "COURSE_SPLITS", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(seeds, "_now", seeds._Shift())


@pytest.fixture
def shell(monkeypatch):
    """An IPython shell as far as it concerns us, with a transformer of its own."""
    made = SimpleNamespace(ast_transformers=[ast.NodeTransformer()])
    monkeypatch.setattr(IPython, "get_ipython", lambda: made)
    return made


# --- what helpers draw ----------------------------------------------------------------

TRAIN = (torch.linspace(-1, 1, 64).reshape(16, 4), torch.arange(16) % 2)


def globally(seed):
    with own_randomness(seed):
        return torch.rand(3)


def trained(seed):
    """Return what fit has learned: its order and masks come from the seed."""
    with unshifted(), own_randomness(5):
        model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 2))
    fit(model, TRAIN, epochs=2, batch_size=4, seed=seed, progress=False)
    return model(TRAIN[0]).detach()


def population(seed):
    """Return what two members have learned; first weights, order and masks differ."""
    run = train_population(
        lambda: mlp((4, 8, 2)),
        TRAIN,
        seeds=[seed, seed + 1],
        steps=3,
        batch_size=4,
        dropout=0.5,
        progress=False,
    )
    assert run.settings["seed"].tolist() == [seed, seed + 1]  # as the notebook has them
    return run.logits(TRAIN[0])


DRAWS = {
    "generator": lambda seed: torch.rand(3, generator=generator(seed)),
    "own_randomness": globally,
    "fit": trained,
    "population": population,
    "two_moons": lambda seed: data.two_moons(20, seed=seed)[0],
    "spirals": lambda seed: data.spirals(20, seed=seed)[0],
    "noisy_sine": lambda seed: data.noisy_sine(20, seed=seed)[0],
    "mnist1d": lambda seed: data.mnist1d(50, 50, split_seed=seed).train.x,
    "fashion_mnist": lambda seed: data.fashion_mnist(50, 50, split_seed=seed).val.x,
    "test part": lambda seed: (
        data.mnist1d(9, 9, n_test=9, split_seed=seed).test.open("a test").x
    ),
    "hidden_layer": lambda seed: bias_variance.hidden_layer(
        TRAIN[0][:, 0], 9, seed=seed
    ),
    "quadratics": lambda seed: adamw.quadratics(range(seed, seed + 2)).x,
}
PROBLEM = adamw.quadratics(range(2))
SPLITS = ["mnist1d", "fashion_mnist", "test part"]


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
class TestDraws:
    def test_a_shift_by_0_changes_nothing(self, draw):
        before = draw(3)
        shift(0)
        assert torch.equal(draw(3), before)

    def test_a_shift_gives_what_the_other_seed_gives(self, draw):
        own, others = draw(3), draw(3 + BY)
        shift(BY)
        assert torch.equal(draw(3), others)
        assert not torch.equal(own, others)
        with unshifted():
            assert torch.equal(draw(3), own)


@pytest.mark.parametrize("name", SPLITS)
def test_splits_may_stay(name):
    own = DRAWS[name](3)
    shift(BY, splits=False)
    assert torch.equal(DRAWS[name](3), own)
    assert generator(3).initial_seed() == 3 + BY


def test_mnist1d_itself_stays():
    own = data.mnist1d(3000, 1000, n_test=1000).train.x
    data._sets._generated_mnist1d.cache_clear()
    shift(BY)
    moved = data.mnist1d(3000, 1000, n_test=1000)
    everything = torch.cat([moved.train.x, moved.val.x]).sum(1)
    shift(0)
    data._sets._generated_mnist1d.cache_clear()
    before = data.mnist1d(3000, 1000, n_test=1000)
    assert torch.equal(before.train.x, own)
    before = torch.cat([before.train.x, before.val.x]).sum(1)
    assert torch.equal(everything.sort().values, before.sort().values)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: adamw.descend(PROBLEM, torch.optim.Adam, decay=0.0, batch=2, steps=3),
        lambda: pixels(dropout_from_scratch.thinned_network()),
        lambda: pixels(stochastic_depth.coin_map()),
    ],
    ids=["descend", "thinned_network", "coin_map"],
)
def test_what_a_demo_draws_by_itself_moves_too(draw):
    own = draw()
    shift(BY)
    assert not torch.equal(draw(), own)


def pixels(figure):
    figure.canvas.draw()
    return torch.tensor(np.asarray(figure.canvas.buffer_rgba()))


def test_helpers_seed_nowhere_else():
    """Checks have seeds of their own; `own_randomness` and `generator` shift theirs."""
    found = set()
    for path in (ROOT / "helpers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and seeds._is_seeder(node.func):
                found.add(path.relative_to(ROOT / "helpers").as_posix())
    elsewhere = {name for name in found if not name.startswith("checks/")}
    elsewhere.discard("study/cards.py")  # the order in which answers are shown
    assert elsewhere == {"seeds.py", "training/runtime.py"}


# --- what cells draw ------------------------------------------------------------------


def run(cell):
    """Run a cell as IPython does, through the transformer; return its `x`."""
    names = {"torch": torch, "np": np, "random": random, "g": torch.Generator()}
    tree = ReseedCells().visit(ast.parse(cell))
    exec(compile(tree, "<cell>", "exec"), names)
    return names["x"]


def test_manual_seed_in_a_cell_is_shifted():
    cell = (
        "def draw(k):\n    return torch.Generator().manual_seed(k + 1)\n\nx = draw(2)"
    )
    assert run(cell).initial_seed() == 3
    shift(BY)
    assert run(cell).initial_seed() == 3 + BY


@pytest.mark.parametrize(
    "cell",
    [
        "x = np.random.default_rng({}).random()",
        "x = np.random.RandomState({}).rand()",
        "np.random.seed({}); x = np.random.rand()",
        "np.random.seed(seed={}); x = np.random.rand()",
        "random.seed({}); x = random.random()",
        "x = random.Random({}).random()",
        "x = g.manual_seed(np.int64({})).initial_seed()",
        "x = (lambda random_state: random_state)(random_state={})",
        "with torch.random.fork_rng([]): x = torch.manual_seed(seed={}).initial_seed()",
    ],
)
def test_other_seeds_in_a_cell_are_shifted(cell):
    states = np.random.get_state(), random.getstate()
    try:
        own, others = run(cell.format(3)), run(cell.format(3 + BY))
        shift(BY)
        moved = run(cell.format(3))
    finally:
        np.random.set_state(states[0])
        random.setstate(states[1])
    assert moved == others
    assert moved != own


@pytest.mark.parametrize(
    "cell",
    [
        "def seed(k):\n    return k\n\nx = seed(3) == 3",
        "x = dict(seed=3) == {'seed': 3}",
        "x = (lambda random_state: random_state)(random_state=None) is None",
        "x = np.random.default_rng(None).random() != np.random.default_rng().random()",
    ],
)
def test_what_is_no_seed_stays(cell):
    shift(BY)
    assert run(cell)


def test_a_shift_hooks_cells_and_0_unhooks_them(shell):
    theirs = list(shell.ast_transformers)
    shift(BY)
    shift(2 * BY)
    assert [type(t) for t in shell.ast_transformers] == [type(theirs[0]), ReseedCells]
    shift(0)
    assert shell.ast_transformers == theirs


def test_without_a_shift_nothing_is_hooked(shell):
    theirs = list(shell.ast_transformers)
    seeds.follow()
    generator(1)
    assert shell.ast_transformers == theirs


def test_set_up_cells_seed_nothing():
    """The hook is there once a cell has imported helpers, so not yet in the first."""
    for path in (ROOT / "solutions").glob("*.py"):
        first = next(c for c in read_master(path).cells if c.kind == "code")
        assert first.role == "setup"
        for node in ast.walk(ast.parse(first.text)):
            assert not (isinstance(node, ast.Call) and seeds._is_seeder(node.func))


# --- what stays, and what is said -----------------------------------------------------


def test_checks_keep_their_seeds(capsys):
    used = []

    @exercise("0.0", mistakes={})
    def drawn(answer, t):
        used.append(answer())

    def answer():
        return run("x = torch.Generator().manual_seed(3)").initial_seed(), shifted(4)

    shift(BY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_PROGRESS", "off")
        drawn(answer)
    assert used == [(3, 4)]
    assert answer() == (3 + BY, 4 + BY)


def test_unshifted_ends_with_an_error():
    shift(BY)
    with pytest.raises(ZeroDivisionError), unshifted():
        _ = 1 / (shifted(1) - 1)
    assert shifted(1) == 1 + BY


def test_what_is_graded_keeps_its_seeds(monkeypatch, capsys, shell):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    shift(BY)
    assert shifted(3) == 3
    assert len(shell.ast_transformers) == 1
    assert "graded" in capsys.readouterr().out


def test_shift_says_what_it_does(capsys):
    shift(BY)
    said = capsys.readouterr().out
    assert "seed 0 is 1000, seed 1 is 1001" in said
    assert "splits" not in said
    shift(BY, splits=False)
    assert "splits stay" in capsys.readouterr().out
    shift(0)
    assert "own" in capsys.readouterr().out


@pytest.mark.parametrize("by", [-1, 1.5, "1000", None])
def test_a_shift_is_a_whole_number(by):
    with pytest.raises(ValueError, match="expected a whole number"):
        shift(by)
    assert shifted(3) == 3


# --- the environment ------------------------------------------------------------------


def started(code, **variables):
    """Run Python with these variables; return what it prints, or its last line."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


LOOK = (
    "from helpers import seeds; print(seeds.shifted(3), seeds.shifted(3, split=True))"
)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"COURSE_SEEDS": "1000"}, "1003 1003"),
        ({"COURSE_SEEDS": "1000", "COURSE_SPLITS": "keep"}, "1003 3"),
        ({"COURSE_SEEDS": "1000", "NBGRADER_EXECUTION": "validate"}, "3 3"),
        ({"COURSE_SEEDS": "0"}, "3 3"),
        ({"COURSE_SEEDS": ""}, "3 3"),
        ({"COURSE_SEEDS": "many"}, "COURSE_SEEDS: expected a whole number"),
        ({"COURSE_SEEDS": "-5"}, "COURSE_SEEDS: expected a whole number"),
        ({"COURSE_SEEDS": "5", "COURSE_SPLITS": "old"}, "COURSE_SPLITS: expected"),
    ],
)
def test_environment(variables, said):
    assert said in started(LOOK, **variables)


def test_without_a_shift_importing_helpers_loads_nothing():
    look = "import sys, helpers; print('torch' in sys.modules)"
    assert started(look) == "False"
    assert started(look, COURSE_SEEDS="0") == "False"
