"""The course on other seeds: every seed moves, claims are counted, crashes are said."""

import json
import os
import subprocess
from collections import Counter
from dataclasses import asdict

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError

from helpers.evidence.claims import Claim
from staff.ci import replicate as module
from staff.ci.replicate import Outcome, main, replicate, report
from staff.course import Course
from staff.grader import engine
from tests.seedlog import seedings

STEM = "90_small"
BY = 1000
EVERYTHING = os.environ.get("COURSE_TESTS") == "all"


def write(folder, *cells):
    """Write an instructor's notebook; return its course."""
    course = Course(folder)
    path = course.solution(STEM)
    path.parent.mkdir(parents=True)
    made = [nbformat.v4.new_code_cell(c, id=f"cell{k}") for k, c in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return course


def entry(id="a.b", verdict="holds", shift=BY, n=8):
    return Claim(
        id, "So it is.", "> 0", 0.5, 0.25, 0.75, n, "nats", 0.95, verdict, shift
    )


# --- all seeds move -------------------------------------------------------------------

SETUP = """
import torch
from helpers import data
from helpers.checks import load
from helpers.population import mlp, train_population
from helpers.training import fit, own_randomness"""

DRAWS = """
torch.manual_seed(0)
g = torch.Generator().manual_seed(1)
splits = data.mnist1d(100, 50)
moons = data.two_moons(50, seed=2)
data.corrupt_labels(splits.train.y, 10, 0.2, torch.Generator().manual_seed(3))

def network(seed):
    with own_randomness(seed):
        return mlp((40, 8, 10))

fit(network(4), splits.train, epochs=1, seed=5)
train_population(
    lambda: mlp((40, 8, 10)), splits.train, seeds=range(6, 9), steps=2, dropout=0.5
)
"""

CHECK = "load('01_bias_variance').corrupt_labels(data.corrupt_labels)"


def assert_all_moved(notebook):
    free = {"COURSE_STRICT": "0", "NBGRADER_EXECUTION": ""}
    own = seedings(notebook, **free)
    moved = seedings(notebook, **free, COURSE_SEEDS=str(BY))

    def drawn(seeds, by=0):
        return Counter((s.place, s.seed + by) for s in seeds.elements() if not s.kept)

    assert drawn(moved) == drawn(own, BY)
    numbers = [{s.first for s in seeds if not s.kept} for seeds in (own, moved)]
    assert numbers[0]
    assert not numbers[0] & numbers[1]
    kept = [Counter(s for s in seeds.elements() if s.kept) for seeds in (own, moved)]
    assert kept[0] == kept[1]
    return own


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_seed_moves_but_those_of_checks(tmp_path):
    course = write(tmp_path, SETUP, DRAWS, CHECK)
    own = assert_all_moved(course.solution(STEM))
    seeds = {s.seed for s in own if not s.kept}
    assert seeds >= set(range(9))
    assert any(s.kept for s in own)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not EVERYTHING, reason="takes minutes: COURSE_TESTS=all")
@pytest.mark.parametrize("stem", Course().stems())
def test_every_seed_of_a_notebook_moves(stem):
    assert_all_moved(Course().solution(stem))


def test_a_grading_session_has_the_courses_seeds(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SEEDS", "7")
    env = engine._environment(Course().root, str(tmp_path))
    assert not {"COURSE_SEEDS", "COURSE_SPLITS"} & env.keys()
    assert env["NBGRADER_EXECUTION"]  # so that no cell can shift them either


# --- one notebook ---------------------------------------------------------------------

FIRST = """
import torch
from helpers import data, seeds
from helpers.evidence.claims import claim"""

CLAIMS = """
draws = torch.Generator().manual_seed(3)
claim("a.b", "Seed 3 is itself.", draws.initial_seed(), "between 3 3")
claim("a.b", "Seed 3 is 1003.", draws.initial_seed(), "between 1003 1003")
claim("a.open", "It is above zero.", [-1.0, 1.1], "> 0")
claim("a.wrong", "It is below zero.", [1.0, 1.1], "< 0")"""

SPLITS = """
part = data.mnist1d(20, 20).train.x
with seeds.unshifted():
    own = data.mnist1d(20, 20).train.x
claim("a.new", "The split is new.", (part - own).abs().max().item(), "> 0")"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_claims_are_collected_and_a_crash_does_not_end_the_notebook(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("COURSE_SEEDS", "7")
    monkeypatch.setenv("COURSE_STRICT", "1")
    outcome = replicate(write(tmp_path, FIRST, "1 / 0", CLAIMS, SPLITS), STEM, BY)
    assert {claim.id: claim.verdict for claim in outcome.claims} == {
        "a.b": "holds",
        "a.open": "not decided",
        "a.wrong": "does not hold",
        "a.new": "holds",
    }
    (crash,) = outcome.crashes
    assert "cell1 fails" in crash
    assert "ZeroDivisionError" in crash


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_splits_may_be_kept(tmp_path):
    course = write(tmp_path, FIRST, CLAIMS, SPLITS)
    outcome = replicate(course, STEM, BY, keep_splits=True)
    verdicts = {claim.id: claim.verdict for claim in outcome.claims}
    assert (verdicts["a.b"], verdicts["a.new"]) == ("holds", "does not hold")
    assert not outcome.crashes


def test_a_lost_kernel_is_a_crash(tmp_path, monkeypatch):
    def lost(path, **changes):
        raise DeadKernelError("Kernel died")

    monkeypatch.setattr(module, "execute", lost)
    crashes = replicate(Course(tmp_path), STEM, BY).crashes
    assert crashes == ["DeadKernelError: Kernel died", "no claim was measured"]


def test_a_notebook_that_did_not_shift_is_a_crash(tmp_path, monkeypatch):
    def unmoved(path, COURSE_LEDGER, **changes):
        with open(COURSE_LEDGER, "w") as file:
            file.write(json.dumps(asdict(entry(shift=0))) + "\n")
        return nbformat.v4.new_notebook()

    monkeypatch.setattr(module, "execute", unmoved)
    (crash,) = replicate(Course(tmp_path), STEM, BY).crashes
    assert "other seeds than asked for: ['a.b']" in crash


# --- the table ------------------------------------------------------------------------


def test_report_counts_and_lists_what_does_not_hold(capsys):
    outcomes = [
        Outcome("90_small", 1000, [entry(), entry("a.open", "not decided")]),
        Outcome("91_other", 1000, [entry("b.wrong", "does not hold", n=1)]),
        Outcome("90_small", 2000, [entry(), entry("a.open")]),
    ]
    assert report(outcomes) == 0
    out = capsys.readouterr().out
    assert (
        "a.open: So it is.\n  ? +1000: 0.5 [0.25, 0.75] nats, > 0: not decided" in out
    )
    assert "b.wrong: So it is.\n  ✗ +1000: 0.5 nats, > 0: does not hold" in out
    assert "a.b" not in out
    assert out.endswith(
        "seeds +1000: 1 of 3 claims hold, 1 not decided, 1 do not hold; "
        "0 of 2 notebooks crashed\n"
        "seeds +2000: 2 of 2 claims hold, 0 not decided, 0 do not hold; "
        "0 of 1 notebooks crashed\n"
    )


def test_only_a_crash_fails(capsys):
    assert report([Outcome("90_small", 1000, [entry()], ["it broke"])]) == 1
    assert "1 of 1 notebooks crashed (90_small)" in capsys.readouterr().out


def test_main_takes_notebooks_seeds_and_splits(monkeypatch, capsys):
    asked = []

    def run(course, stem, shift, *, keep_splits):
        asked.append((stem, shift, keep_splits))
        return Outcome(stem, shift, [entry(shift=shift)], seconds=61.0)

    monkeypatch.setattr(module, "replicate", run)
    assert main(["02", "--keep-splits", "--seeds", "1000", "2000"]) == 0
    stem = Course().choose(["02"])[0]
    assert asked == [(stem, 1000, True), (stem, 2000, True)]
    out = capsys.readouterr().out
    assert (
        f"{stem}, seeds +2000, 61 s\n  ✓ a.b  0.5 [0.25, 0.75] nats, > 0: holds" in out
    )
    asked.clear()
    assert main([]) == 0
    assert asked == [(stem, 1000, False) for stem in Course().stems()]


@pytest.mark.parametrize("seeds", ["-1", "many"])
def test_seeds_are_whole_numbers(seeds):
    with pytest.raises(SystemExit):
        main([f"--seeds={seeds}"])


def test_make_replicate_passes_seeds_and_arguments_on():
    done = subprocess.run(
        ["make", "-n", "replicate", "SEEDS=1000 2000", "ARGS=02 --keep-splits"],
        cwd=Course().root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "staff replicate 02 --keep-splits --seeds 1000 2000\n" in done.stdout
