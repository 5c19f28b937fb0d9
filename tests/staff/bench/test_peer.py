"""The JAX contender trains what ours trains: same weights, same orders, same losses."""

import subprocess
import sys

import pytest
import torch

from helpers.population import mlp
from staff.bench import extras
from staff.bench.contenders import make_case

# In a process of its own: a process with JAX in it may not be forked any more.
PROGRAM = """
import sys
from staff.bench import extras
missing = extras.find("jax")
if missing:
    sys.exit(missing)
import torch
from helpers.population import mlp, train_population
from staff.bench.contenders import BATCH, make_case
from staff.bench.peer import Peer
torch.set_num_threads(1)
case = make_case("", lambda: mlp((5, 8, 8, 10)), (5,), 3)._replace(epochs=3)
case = case._replace(x=case.x[:600], y=case.x[:600, :5].argmax(1))
peer = Peer(case, 3)
before = peer.losses()
peer(case._replace(epochs=1))  # the second call starts anew
peer(case)
result = train_population(
    case.build, (case.x, case.y), seeds=range(3), epochs=3, batch_size=BATCH,
    progress=False,
)
print(*before.tolist(), *peer.losses().tolist(), *result.train_loss[-1].tolist())
"""


def jax_program(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    if "not importable" in done.stderr:
        pytest.skip(f"JAX is {done.stderr.strip()}; `make bench` installs it")
    assert not done.returncode, done.stderr
    return done.stdout


def test_it_trains_to_our_losses():
    numbers = [float(number) for number in jax_program(PROGRAM).split()]
    before, theirs, ours = (torch.tensor(numbers[i : i + 3]) for i in (0, 3, 6))
    torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=0)
    assert ((before - theirs) > 100 * (theirs - ours).abs()).all()
    assert len(set(numbers[3:6])) == 3


def test_a_scan_has_steps_of_one_shape():
    from staff.bench.peer import Peer

    case = make_case("", lambda: mlp((5, 3)), (5,), 1)
    with pytest.raises(ValueError, match="a multiple of 100 examples"):
        Peer(case._replace(x=case.x[:150]), 2)


def test_a_package_is_looked_for_and_missed(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    assert extras.find("no_such_thing", tmp_path) == (
        "not importable: No module named 'no_such_thing'"
    )
    (tmp_path / "some_thing_there").mkdir()
    (tmp_path / "some_thing_there" / "__init__.py").write_text("")
    assert extras.install(["some_thing_there"], tmp_path) == ""
    assert sys.path[-1] == str(tmp_path)


def test_an_installation_that_fails_says_why(tmp_path, monkeypatch):
    def fail(command, **_):
        assert command[-4:] == ["--no-deps", "--target", str(tmp_path), "thing"]
        return subprocess.CompletedProcess(command, 1, "", "no network today\n")

    monkeypatch.setattr(subprocess, "run", fail)
    assert extras.install(["thing"], tmp_path) == "not installed: no network today"
