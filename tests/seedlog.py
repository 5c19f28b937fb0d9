"""Write down every seed that a notebook uses, and who uses it."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import nbformat
import numpy as np
import torch

from staff.runs import execute

__all__ = ["Seeding", "install", "seedings"]

ROOT = Path(__file__).resolve().parent.parent
# Between the one who seeds and the generator: no place of its own.
_BETWEEN = ("/torch/", "/contextlib.py", "/helpers/seeds.py", "/tests/seedlog.py")


class Seeding(NamedTuple):
    """One seed given to a generator.

    Attributes:
        place: file and function that gave it; a cell's file is named by its text.
        seed: as the generator got it.
        first: the first number that a torch generator with this seed draws.
        kept: within a check, or while MNIST-1D is made.
    """

    place: str
    seed: int
    first: float
    kept: bool


def seedings(notebook: Path, **changes: str) -> Counter[Seeding]:
    """Run a notebook and return every seeding in it, with how often it came.

    Args:
        notebook: a file; it is not changed.
        changes: environment variables, see `staff.runs.execute`.
    """
    with tempfile.TemporaryDirectory() as folder:
        log, copy = Path(folder) / "seeds.jsonl", Path(folder) / notebook.name
        content = nbformat.read(notebook, as_version=4)
        start = f"from tests.seedlog import install\ninstall({str(log)!r})"
        content.cells.insert(0, nbformat.v4.new_code_cell(start))
        nbformat.write(content, copy)
        run = execute(copy, **changes)
        bad = [c.id for c in run.cells for o in c.get("outputs", []) if "ename" in o]
        assert not bad, bad
        lines = log.read_text(encoding="utf-8").splitlines()
    return Counter(Seeding(*json.loads(line)) for line in lines)


def install(path: str) -> None:
    """Have this process append each seeding to a file, one JSON list a line."""
    make, lock = torch.Generator, threading.Lock()

    def note(seed: Any) -> None:
        frames = [f.f_code for f in _frames(sys._getframe(2))]
        files = [code.co_filename.replace("\\", "/") for code in frames]
        code = next(c for c, f in zip(frames, files, strict=True) if not _between(f))
        kept = any("/helpers/checks/" in f or "/mnist1d/" in f for f in files)
        place = f"{Path(code.co_filename).name}:{code.co_name}"
        first = torch.rand((), generator=make().manual_seed(int(seed))).item()
        with lock, open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps([place, int(seed), first, kept]) + "\n")

    class Generator(make):  # type: ignore[misc, valid-type]
        def manual_seed(self, seed: int) -> torch.Generator:
            note(seed)
            return super().manual_seed(seed)

    class Default:
        """torch's global generator, with its seed written down."""

        def __getattr__(self, name: str) -> Any:
            return getattr(torch.random.default_generator, name)

        def manual_seed(self, seed: int) -> torch.Generator:
            note(seed)
            return torch.random.default_generator.manual_seed(seed)

    def noted(function: Any) -> Any:
        def seeded(seed: Any) -> Any:
            note(seed)
            return function(seed)

        return seeded

    torch.Generator, torch.default_generator = Generator, Default()
    torch.manual_seed = torch.random.manual_seed = noted(torch.manual_seed)
    np.random.seed, random.seed = noted(np.random.seed), noted(random.seed)


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _between(file: str) -> bool:
    return any(part in file for part in _BETWEEN)
