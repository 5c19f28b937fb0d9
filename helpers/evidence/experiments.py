"""What a ledger's file keeps of an experiment beside its claims: what varies, its arms.

A line of that file is a claim, or an experiment: ``{"experiment": {...}}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.evidence.intervals import Interval

__all__ = ["Comparison", "Experiment", "experiment_line", "read_experiments"]


@dataclass(frozen=True)
class Comparison:
    """Arms beside one control.

    Attributes:
        control: its name.
        unit: of the scores, such as "% accuracy".
        gains: name of the arm → its score minus the control's, with a 95 % interval.
    """

    control: str
    unit: str
    gains: Mapping[str, Interval]


@dataclass(frozen=True)
class Experiment:
    """One table of results.

    Attributes:
        claims: ids of those that rest on it.
        varies: what differs from seed to seed, in words; may be empty.
        compared: its tables of arms that have a control.
    """

    claims: tuple[str, ...]
    varies: str
    compared: tuple[Comparison, ...]


def experiment_line(experiment: Experiment) -> str:
    """Return the line of the ledger's file for an experiment."""
    return json.dumps({"experiment": asdict(experiment)})


def read_experiments(path: Path) -> list[Experiment]:
    """Return the experiments that a run wrote to the file named by COURSE_LEDGER.

    Of experiments with the same claims the last counts; no file, no experiments.
    """
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    entries = [entry.get("experiment") for entry in map(json.loads, lines)]
    found = [
        Experiment(
            tuple(entry["claims"]),
            entry["varies"],
            tuple(_comparison(each) for each in entry["compared"]),
        )
        for entry in entries
        if entry
    ]
    return list({each.claims: each for each in found}.values())


def _comparison(entry: Mapping[str, object]) -> Comparison:
    gains = entry["gains"]
    assert isinstance(gains, Mapping)
    read = {name: Interval(*numbers) for name, numbers in gains.items()}
    return Comparison(str(entry["control"]), str(entry["unit"]), read)
