"""The course's training loops beside other people's: ``python -m staff.bench.loops``.

All contenders train the same network on the same data with the same batch size and
number of epochs, on one CPU thread, in turn, several times; a row shows the median
of the ratios within a round. Only a population uses all threads: that is its point.
"""

import argparse
import logging
import os
import platform
import statistics
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from helpers.population import mlp
from helpers.training.runtime import one_thread
from staff.bench.contenders import (
    BATCH,
    Case,
    Time,
    as_population,
    by_hand,
    cnn,
    make_case,
    now,
    one_after_another,
    since,
    with_fit,
    with_lightning,
    with_loader,
)

__all__ = ["Row", "main", "ratio", "rounds", "table"]

LIGHTNING = Path(__file__).resolve().parents[2] / "bench-env"
PACKAGES = ("lightning", "pytorch-lightning", "lightning-utilities", "torchmetrics")


class Row(NamedTuple):
    """One comparison: how many times faster, and what it should be at least."""

    name: str
    ratio: float | None
    target: float | None = None
    note: str = ""


def timed(train: Callable[[Case], Time | None], case: Case) -> Time:
    """Run once; a contender may return its own time, without its set-up."""
    start = now()
    return train(case) or since(start)


def rounds(
    contenders: dict[str, Callable[[Case], Time | None]], case: Case, repeats: int
) -> dict[str, list[Time]]:
    """Run the contenders in turn, `repeats` times after one round of warming up."""
    for train in contenders.values():
        timed(train, case._replace(epochs=1))
    times: dict[str, list[Time]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, train in contenders.items():
            times[name].append(timed(train, case))
    return times


def ratio(slow: list[Time], fast: list[Time], kind: str = "wall") -> float:
    """Return the median over rounds of slow / fast."""
    pairs = zip(slow, fast, strict=True)
    return statistics.median(getattr(s, kind) / getattr(f, kind) for s, f in pairs)


def loops(case: Case, targets: tuple, *, lightning: str, repeats: int) -> list[Row]:
    """Compare `fit` with the other loops; `lightning` says why it is missing."""
    contenders = {"fit": with_fit, "hand": by_hand, "loader": with_loader}
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


def populations(case: Case, target: float | None, *, repeats: int) -> Row:
    """Compare 32 members at once with 32 runs by hand, one after another."""

    def sequence(case: Case) -> None:
        with one_thread():
            one_after_another(case)

    times = rounds({"many": as_population, "one": sequence}, case, repeats)
    work = ratio(times["one"], times["many"], "cpu")
    note = f"{work:.1f}x less CPU time, on {torch.get_num_threads()} threads"
    name = f"{case.name}: population of 32 against one by one"
    return Row(name, ratio(times["one"], times["many"]), target, note)


def install_lightning() -> str:
    """Put Lightning into a folder of its own; return why it is missing, or ""."""
    if not (LIGHTNING / "lightning").is_dir():
        uv = Path(sys.executable).with_name("uv")
        pip = [uv, "pip"] if uv.exists() else [sys.executable, "-m", "pip"]
        command = [*pip, "install", "-q", "--no-deps", "--target", LIGHTNING, *PACKAGES]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"not installed: {(done.stderr.strip() or 'pip failed')[-60:]}"
    sys.path.append(str(LIGHTNING))
    try:
        import lightning  # noqa: F401
    except ImportError as error:
        return f"not importable: {error}"
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    return ""


def table(rows: list[Row]) -> str:
    """Lay the rows out; a row without a target is for information."""
    lines = [f"{'':<56}{'speed':>8}{'target':>9}  reached"]
    for name, known, target, note in rows:
        speed = "–" if known is None else f"{known:.2f}x"
        aim = "–" if target is None else f"≥ {target:.1f}x"
        met = known is not None and target is not None and known >= target
        verdict = "" if target is None else ("yes" if met else "no")
        lines.append(f"{name:<56}{speed:>8}{aim:>9}  {verdict:<8} {note}".rstrip())
    return "\n".join(lines)


def measure(repeats: int, missing: str) -> list[Row]:
    """Run every comparison; `missing` says why Lightning is, or is empty."""
    small = make_case("MLP 40-100-100-10", lambda: mlp((40, 100, 100, 10)), (40,), 5)
    narrow = make_case("MLP 40-64-64-10", lambda: mlp((40, 64, 64, 10)), (40,), 5)
    images = make_case("CNN 14×14", cnn, (1, 14, 14), 2)
    few = min(3, repeats)
    return [
        *loops(small, (0.9, 1.5, 3.0), lightning=missing, repeats=repeats),
        *loops(images, (0.9, None, None), lightning=missing, repeats=repeats),
        populations(small, 6.0, repeats=few),
        populations(narrow, 6.0, repeats=few),
        populations(images._replace(epochs=1), None, repeats=1),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return 0 (it is a report, not a check)."""
    parser = argparse.ArgumentParser(
        prog="python -m staff.bench.loops", description=__doc__
    )
    parser.add_argument("--repeats", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--no-lightning", action="store_true", help="leave it out")
    options = parser.parse_args(arguments)
    missing = "left out" if options.no_lightning else install_lightning()
    warnings.simplefilter("ignore")  # Lightning's advice
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, torch {torch.__version__}, "
        f"load {busy:.1f}, batch {BATCH}, median over rounds"
    )
    if busy > 1:
        print("The machine is busy: rows that use several threads show too little.")
    print(table(measure(options.repeats, missing)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
