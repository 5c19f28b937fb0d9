"""Packages that only the speed comparisons need, in a folder of their own."""

import importlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["FOLDER", "JAX", "LIGHTNING", "find", "install"]

FOLDER = Path(__file__).resolve().parents[2] / "bench-env"
LIGHTNING = ("lightning", "pytorch-lightning", "lightning-utilities", "torchmetrics")
JAX = ("jax", "jaxlib", "ml-dtypes", "opt-einsum")


def install(packages: Sequence[str], folder: Path = FOLDER) -> str:
    """Put packages into the folder, without what they need; return why not, or "".

    The first one's name is also the module that is looked for. What they need beyond
    one another (numpy, scipy, torch) is the course's own.
    """
    if not (folder / packages[0]).is_dir():
        uv = Path(sys.executable).with_name("uv")
        pip = [uv, "pip"] if uv.exists() else [sys.executable, "-m", "pip"]
        command = [*pip, "install", "-q", "--no-deps", "--target", folder, *packages]
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"not installed: {(done.stderr.strip() or 'pip failed')[-60:]}"
    return find(packages[0], folder)


def find(module: str, folder: Path = FOLDER) -> str:
    """Import a module, from the folder if it must be; return why that fails, or ""."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # last: nothing in there hides the course's own
    try:
        importlib.import_module(module)
    except ImportError as error:
        return f"not importable: {error}"
    return ""
