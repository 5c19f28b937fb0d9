"""Run a notebook on other seeds: does its result hold, or was it their luck?

`shift(1000)` turns seed 0 into 1000, 1 into 1001 and so on, for all that is drawn
after it: first weights, order of the data, masks, label noise, toy data, splits. In a
notebook it stands in a cell of its own under the set-up cell, and then all cells are
run. With COURSE_SEEDS=1000 in the environment every notebook begins so;
COURSE_SPLITS=keep leaves the splits as they are.

Every seed of the course is shifted in one of two ways. Helpers make their generators
with `generator`, or ask `shifted` just before they seed, so that results still know
their members by the notebook's own numbers. In cells, `g.manual_seed(k)` is run as if
it were `g.manual_seed(shifted(k))`: IPython shows each cell's syntax tree to its
`ast_transformers` first, and a shift adds one. While nothing is shifted, torch, IPython
and every number are as they would be without this module.

Three things keep their seeds: the checks, which are right for all seeds but should say
the same to everybody; the making of MNIST-1D, which is one data set; and notebooks that
are graded. Draws in files that a cell imports or runs are not reached.
"""

import ast
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import torch

from helpers.words import say

__all__ = ["follow", "generator", "shift", "shifted", "shifted_by", "unshifted"]

VARIABLE, SPLITS = "COURSE_SEEDS", "COURSE_SPLITS"


@dataclass(frozen=True)
class _Shift:
    by: int = 0
    splits: bool = True


_now = _Shift()


def shift(by: int, *, splits: bool = True) -> None:
    """Add `by` to every seed from here on, and print one line about it.

    Cells that ran before keep what they drew, and functions that they defined keep
    their seeds: run all cells again.

    Args:
        by: added to the seeds, ≥ 0; 0 ends the shift. Take thousands: the course uses
            the seeds below 200 (and 2,000 once), which smaller shifts would meet again.
        splits: draw anew, too, which examples of a data set train, validate and test.

    While a notebook is graded or validated by nbgrader, the seeds stay as they are.

    Raises:
        ValueError: `by` is no whole number ≥ 0.
    """
    print(_shift(by, splits))


def follow() -> None:
    """Shift as the environment variables COURSE_SEEDS and COURSE_SPLITS say.

    `import helpers` calls this when COURSE_SEEDS is set.

    Raises:
        ValueError: a variable that cannot be read.
    """
    asked, splits = os.environ.get(VARIABLE, ""), os.environ.get(SPLITS, "new")
    if splits not in ("new", "keep"):
        raise ValueError(
            say(
                "{splits}: expected 'new' or 'keep', got {splits2!r}.",
                splits=SPLITS,
                splits2=splits,
            )
        )
    try:
        _shift(int(asked or 0), splits == "new")
    except ValueError as error:
        expected = say("expected a whole number ≥ 0, such as 1000")
        raise ValueError(
            say(
                "{variable}: {expected}, got {asked!r}.",
                variable=VARIABLE,
                expected=expected,
                asked=asked,
            )
        ) from error


def shifted_by() -> int:
    """Return what is added to the seeds now, 0 if nothing is."""
    return _now.by


def shifted(seed: int, *, split: bool = False) -> int:
    """Return the seed to use in place of `seed`: the same, unless a shift is on.

    Args:
        seed: as the notebook has it.
        split: the seed chooses examples of a data set for train, val and test.
    """
    return seed + (_now.by if _now.splits or not split else 0)


def generator(
    seed: int, device: torch.device | str = "cpu", *, split: bool = False
) -> torch.Generator:
    """Return a new generator of this device with the seed `shifted(seed)`.

    Args:
        seed: as the notebook has it.
        device: cpu, cuda or mps.
        split: see `shifted`.
    """
    return torch.Generator(device).manual_seed(shifted(seed, split=split))


@contextmanager
def unshifted() -> Iterator[None]:
    """Use the course's own seeds inside, as the checks do."""
    global _now
    before, _now = _now, _Shift()
    try:
        yield
    finally:
        _now = before


def _shift(by: int, splits: bool) -> str:
    """Set the shift and the hook for cells; return the line to print."""
    global _now
    if not isinstance(by, Integral) or by < 0:
        raise ValueError(
            say("by: expected a whole number ≥ 0, got {by!r}; e.g. shift(1000).", by=by)
        )
    if os.environ.get("NBGRADER_EXECUTION"):
        return say("This notebook is being graded or validated: its seeds stay.")
    _now = _Shift(int(by), splits)
    _hook_cells(on=by > 0)
    if not by:
        return say("The seeds are the course's own. Run all cells again.")
    kept = "" if splits else say(" The splits stay.")
    return say(
        "From here on seed 0 is {by}, seed 1 is {by2}, and so on: run all cells.{kept} "
        "Numbers that the text names belong to the course's own seeds; the claims "
        "measure yours.",
        by=by,
        by2=by + 1,
        kept=kept,
    )


# --- draws in cells -------------------------------------------------------------------

_SEEDERS = {"manual_seed", "manual_seed_all", "default_rng", "RandomState", "Random"}


def _hook_cells(*, on: bool) -> None:
    """Have IPython rewrite the seeds of cells, or no longer."""
    interactive = sys.modules.get("IPython")  # not imported: no cells
    shell = interactive.get_ipython() if interactive else None
    if shell is None:
        return
    others = [t for t in shell.ast_transformers if not isinstance(t, ReseedCells)]
    shell.ast_transformers[:] = [*others, ReseedCells()] if on else others


class ReseedCells(ast.NodeTransformer):
    """Turn `g.manual_seed(k)` in a cell into `g.manual_seed(shifted(k))`.

    Likewise for numpy's and Python's generators and scikit-learn's `random_state`.
    """

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Wrap the seed of one call, after those in its arguments."""
        self.generic_visit(node)
        seeds = _is_seeder(node.func)
        if seeds:
            node.args[:1] = [_wrapped(seed) for seed in node.args[:1]]
        for keyword in node.keywords:
            if keyword.arg == "random_state" or (seeds and keyword.arg == "seed"):
                keyword.value = _wrapped(keyword.value)
        return ast.fix_missing_locations(node)


def reseeded(seed: Any) -> Any:
    """Return the seed of a call in a cell, shifted; None and generators as they are."""
    return shifted(int(seed)) if isinstance(seed, Integral) else seed


def _is_seeder(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute):
        return isinstance(called, ast.Name) and called.id in _SEEDERS
    owner = getattr(called.value, "attr", getattr(called.value, "id", None))
    return called.attr in _SEEDERS or (called.attr == "seed" and owner == "random")


def _wrapped(seed: ast.expr) -> ast.Call:
    # By import, not by a name: the cell's own names are the learner's.
    function = ast.parse("__import__('helpers.seeds').seeds.reseeded", mode="eval").body
    return ast.copy_location(ast.Call(function, [seed], []), seed)
