"""The course's training loops beside other people's: ``python -m staff.bench.loops``.

All contenders train the same network on the same data with the same batch size and
number of epochs, on one CPU thread, in turn, several times; a row shows the median
of the ratios within a round. Only populations and JAX use all threads.
"""

import argparse
import logging
import os
import platform
import statistics
import sys
import warnings

import torch

from helpers.population import mlp
from helpers.training.runtime import one_thread
from staff.bench.contenders import (
    BATCH,
    Case,
    by_hand,
    cnn,
    make_case,
    with_fit,
    with_lightning,
    with_loader,
)
from staff.bench.extras import JAX, LIGHTNING, install
from staff.bench.populations import curve, curve_table, populations, single
from staff.bench.rows import Contender, Row, as_table, ratio, rounds, table
from staff.course import Course
from staff.measured import add_option, record

__all__ = ["Row", "main", "ratio", "rounds", "table"]


def loops(
    case: Case,
    targets: tuple[float | None, float | None, float | None],
    *,
    lightning: str,
    repeats: int,
) -> list[Row]:
    """Compare `fit` with the other loops; `lightning` says why it is missing."""
    contenders: dict[str, Contender] = {
        "fit": with_fit,
        "hand": by_hand,
        "loader": with_loader,
    }
    if not lightning:
        contenders["lightning"] = with_lightning
    with one_thread():
        times = rounds(contenders, case, repeats)
    steps = case.epochs * -(-len(case.x) // BATCH)
    step = statistics.median(t.wall for t in times["fit"]) / steps * 1e6
    names = {
        "hand": "the shortest loop by hand",
        "loader": "a DataLoader loop",
        "lightning": "Lightning's Trainer",
    }
    rows = []
    for (key, name), target in zip(names.items(), targets, strict=True):
        known = ratio(times[key], times["fit"]) if key in times else None
        note = lightning if known is None else f"fit: {step:,.0f} µs a step"
        rows.append(Row(f"{case.name}: fit against {name}", known, target, note))
    return rows


def measure(repeats: int, *, lightning: str, jax: str) -> list[Row]:
    """Run every comparison; the strings say why a contender is missing, if it is."""
    small = make_case("MLP 40-100-100-10", lambda: mlp((40, 100, 100, 10)), (40,), 5)
    narrow = make_case("MLP 40-64-64-10", lambda: mlp((40, 64, 64, 10)), (40,), 5)
    images = make_case("CNN 14×14", cnn, (1, 14, 14), 2)
    few = min(3, repeats)
    return [
        *loops(small, (0.9, 1.5, 3.0), lightning=lightning, repeats=repeats),
        *loops(images, (0.9, None, None), lightning=lightning, repeats=repeats),
        *single(small, None, jax=jax, repeats=repeats),
        *single(narrow, 0.5, jax=jax, repeats=repeats),
        *populations(small, (6.0, 1.5), jax=jax, repeats=few),
        *populations(narrow, (8.0, 1.5), jax=jax, repeats=few),
        *populations(images._replace(epochs=1), jax="has no CNN here", repeats=1)[:1],
    ]


def curves(largest: int, repeats: int, *, jax: str) -> str:
    """Measure speed against population size; on a GPU, too, where there is one."""
    case = make_case("MLP 40-64-64-10", lambda: mlp((40, 64, 64, 10)), (40,), 5)
    sizes = [2**i for i in range(largest.bit_length())]
    tables = [curve_table(case.name, curve(case, sizes, jax=jax, repeats=repeats))]
    if torch.cuda.is_available():
        there = case._replace(x=case.x.cuda(), y=case.y.cuda())
        points = curve(there, sizes, jax="runs on the CPU", repeats=repeats)
        tables.append(curve_table(f"{case.name} on the GPU", points))
    return "\n\n".join(tables)


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; return 0 (it is a report, not a check)."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.bench.loops", description=__doc__
    )
    parser.add_argument("--repeats", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--no-lightning", action="store_true", help="leave it out")
    parser.add_argument("--no-jax", action="store_true", help="leave it out")
    parser.add_argument(
        "--largest", type=int, default=512, help="end of the curve (0: no curve)"
    )
    add_option(parser)
    options = parser.parse_args(arguments)
    lightning = "left out" if options.no_lightning else install(LIGHTNING)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    jax = "left out" if options.no_jax else install(JAX)
    warnings.simplefilter("ignore")  # Lightning's advice
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, torch {torch.__version__}, "
        f"load {load():.1f}, batch {BATCH}, median over rounds"
    )
    if load() > 1:
        print("The machine is busy: rows that use several threads show too little.")
    rows = measure(options.repeats, lightning=lightning, jax=jax)
    print(table(rows))
    if options.record:
        record(Course(), "loops", "make bench ARGS=--record", [as_table(rows)])
    if options.largest:
        print()
        print(curves(options.largest, min(3, options.repeats), jax=jax))
    print(f"load at the end {load():.1f}")
    return 0


def load() -> float:
    """Return how many processes wanted a CPU in the last minute; 0 if not known."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


if __name__ == "__main__":
    sys.exit(main())
