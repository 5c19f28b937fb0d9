"""Populations beside one network after another, and beside JAX, the strongest peer."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch

from helpers.training.runtime import one_thread
from staff.bench.contenders import (
    BATCH,
    Case,
    Time,
    as_population,
    one_after_another,
    with_fit,
)
from staff.bench.peer import Peer
from staff.bench.rows import Contender, Row, median, ratio, rounds

__all__ = ["Point", "break_even", "curve", "curve_table", "populations", "single"]

MEMBERS = 32


def populations(
    case: Case,
    targets: tuple[float | None, float | None] = (None, None),
    *,
    jax: str,
    repeats: int,
) -> list[Row]:
    """Compare 32 members at once with 32 runs by hand, one after another, and with JAX.

    Args:
        targets: against one after another, and against JAX.
        jax: why JAX is missing, or empty.
    """
    contenders: dict[str, Contender] = {"many": as_population, "one": in_turn}
    peer = None if jax else Peer(case, MEMBERS)
    if peer:
        contenders["jax"] = peer
    times = rounds(contenders, case, repeats)
    many, one = times["many"], times["one"]
    name = f"{case.name}: population of {MEMBERS}"
    less = ratio(one, many, "cpu")
    note = f"{less:.1f}x less CPU time, on {torch.get_num_threads()} threads"
    rows = [Row(f"{name} against one by one", ratio(one, many), targets[0], note)]
    if peer is None:
        return [*rows, Row(f"{name} against JAX", None, targets[1], jax)]
    return [*rows, *beside_jax(name, case, peer, many, times["jax"], targets[1])]


def single(case: Case, target: float | None, *, jax: str, repeats: int) -> list[Row]:
    """Compare one network alone with JAX: trained by `fit`, as a population of one."""
    if jax:
        return [Row(f"{case.name}: fit against JAX", None, target, jax)]
    peer = Peer(case, 1)
    contenders: dict[str, Contender] = {
        "fit": with_fit,
        "one": partial(as_population, members=1),
        "jax": peer,
    }
    times = rounds(contenders, case, repeats)
    name, theirs = case.name, times["jax"]
    return [
        *beside_jax(f"{name}: fit", case, peer, times["fit"], theirs, target),
        *beside_jax(f"{name}: population of 1", case, peer, times["one"], theirs, None),
    ]


def beside_jax(
    name: str,
    case: Case,
    peer: Peer,
    ours: Sequence[Time],
    theirs: Sequence[Time],
    target: float | None,
) -> list[Row]:
    """Return two rows: JAX once it is compiled, and with the time that this takes."""
    us, them = median(ours), median(theirs)
    steps = case.epochs * (len(case.x) // BATCH)
    ahead = break_even(us / steps, them / steps, peer.compile_seconds)
    return [
        Row(
            f"{name} against JAX",
            ratio(theirs, ours),
            target,
            f"{us:.3f} s, JAX {them:.3f} s",
        ),
        Row(
            f"{name} against JAX and its compiler",
            (them + peer.compile_seconds) / us,
            None,
            f"{peer.compile_seconds:.1f} s; {ahead}",
        ),
    ]


def break_even(ours: float, theirs: float, compiling: float) -> str:
    """Say when JAX, which has to compile first, has caught up.

    Args:
        ours, theirs: seconds per step, without compiling.
        compiling: seconds before JAX's first step.
    """
    if theirs >= ours:
        return "JAX never catches up"
    return f"JAX catches up after {compiling / (ours - theirs):,.0f} steps"


def in_turn(case: Case, members: int = MEMBERS) -> None:
    """Train by hand, one network after another, on one thread."""
    with one_thread():
        one_after_another(case, members)


class Point(NamedTuple):
    """Networks trained per second at one population size; None: not measured."""

    members: int
    ours: float
    jax: float | None
    one_by_one: float


def curve(case: Case, sizes: Sequence[int], *, jax: str, repeats: int) -> list[Point]:
    """Measure how many networks a second finish all epochs, by population size."""
    points = []
    for members in sizes:
        contenders: dict[str, Contender] = {
            "ours": partial(as_population, members=members),
            "hand": partial(in_turn, members=1),
        }
        if not jax:
            contenders["jax"] = Peer(case, members)
        rates = {
            name: 1 / median(times)
            for name, times in rounds(contenders, case, repeats).items()
        }
        theirs = members * rates["jax"] if "jax" in rates else None
        points.append(Point(members, members * rates["ours"], theirs, rates["hand"]))
    return points


def curve_table(title: str, points: Sequence[Point]) -> str:
    """Lay a curve out; the factor is ours against one network after another."""
    lines = [
        f"{title}: networks trained per second",
        f"{'members':>8}{'ours':>10}{'JAX':>10}{'one by one':>12}{'factor':>9}",
    ]
    for members, ours, jax, alone in points:
        theirs = "–" if jax is None else f"{jax:.1f}"
        factor = f"{ours / alone:.1f}x"
        lines.append(f"{members:>8}{ours:>10.1f}{theirs:>10}{alone:>12.1f}{factor:>9}")
    return "\n".join(lines)
