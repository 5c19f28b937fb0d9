"""A pretend accelerator that refuses what an Apple GPU refuses; runs notebooks on it.

`python tests/pretend.py solutions/NN_topic/NN_topic.ipynb` runs every cell with
`helpers.device.device()` returning the pretend device. Its tensors live on the CPU in
truth, but say otherwise, and hold to three rules: no float64, no complex128; no mixing
with CPU tensors (numbers aside); no way to NumPy but through `.cpu()`.

A process that has called `install` cannot take it back.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch.utils.backend_registration import (
    _setup_privateuseone_for_python_backend as new_backend,
)

__all__ = ["DEVICE", "install", "run"]

NAME = "pretend"
REFUSED = (torch.float64, torch.complex128)
aten = torch.ops.aten
# What may take tensors of the CPU beside the device's own, as on a real one.
MIXES = {
    aten.copy_.default,
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
}
FACTORIES = (
    "empty.memory_format",
    "empty_strided",
)


class OnDevice(torch.Tensor):
    """A tensor of the pretend device; `inner` holds its numbers on the CPU."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> OnDevice:
        if inner.dtype in REFUSED:
            raise _no(inner.dtype)
        outer = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device(NAME, 0),
        )
        outer.inner = inner
        return outer

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        leaves = list(_leaves((*args, *kwargs.values())))
        if func not in MIXES:
            _refuse_mixing(func, leaves)
        leaves_device = False
        if (device := kwargs.get("device")) is not None:
            leaves_device = torch.device(device).type != NAME
            kwargs["device"] = torch.device("cpu")
        if kwargs.get("dtype") in REFUSED:
            raise _no(kwargs["dtype"])  # on its way to the CPU, too: first go, then ask
        out = func(*_inner(args), **{k: _inner(v) for k, v in kwargs.items()})
        if leaves_device:
            return out
        if func._schema.is_mutable:
            given = {id(_inner(t)): t for t in leaves}  # in place: the very same
            return _outer(out, lambda t: given[id(t)] if id(t) in given else cls(t))
        return _outer(out, OnDevice)

    def tolist(self) -> Any:
        return self.detach().cpu().tolist()

    def __repr__(self, *, tensor_contents: object = None) -> str:
        return f"{self.detach().cpu()!r} on {NAME}"  # torch's own way needs float64

    def __deepcopy__(self, memo: dict) -> torch.Tensor:
        with torch.no_grad():
            copied = self.clone()
        copied.requires_grad_(self.requires_grad)
        if isinstance(self, torch.nn.Parameter):
            copied._is_param = True  # as torch marks parameters of other classes
        memo[id(self)] = copied
        return copied


def _leaves(tree: Iterable[Any]) -> Iterator[torch.Tensor]:
    for value in tree:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _leaves(value)


def _inner(value: Any) -> Any:
    if isinstance(value, OnDevice):
        return value.inner
    return type(value)(map(_inner, value)) if type(value) in (list, tuple) else value


def _outer(value: Any, wrap: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        return wrap(value)
    if isinstance(value, list | tuple):
        return type(value)(_outer(v, wrap) for v in value)
    return value


def _no(dtype: torch.dtype) -> TypeError:
    return TypeError(
        f"Cannot convert a {NAME} tensor to {dtype}: like MPS, it does not have it. "
        "Go to the CPU first."
    )


def _refuse_mixing(func: Any, leaves: list[torch.Tensor]) -> None:
    for t in leaves:
        if not isinstance(t, OnDevice) and t.dim() > 0:
            raise RuntimeError(
                f"{func}: Expected all tensors to be on the same device, but found at "
                f"least two devices, {NAME}:0 and {t.device}!"
            )


class _Module:
    """What torch looks for at `torch.pretend`: nothing random lives there."""

    def is_initialized(self) -> bool:
        return True

    def is_available(self) -> bool:
        return True

    def _is_in_bad_fork(self) -> bool:
        return False

    def current_device(self) -> int:
        return 0

    def device_count(self) -> int:
        return 1

    def manual_seed(self, seed: int) -> None:
        pass

    def manual_seed_all(self, seed: int) -> None:
        pass

    def get_rng_state(self, device: Any = None) -> torch.Tensor:
        return torch.zeros(16, dtype=torch.uint8)

    def set_rng_state(self, state: torch.Tensor, device: Any = None) -> None:
        pass


_libraries: list[torch.library.Library] = []  # they work as long as they live


def install() -> torch.device:
    """Register the device with torch and return it; once per process."""
    device = torch.device
    if not _libraries:
        new_backend(NAME, backend_module=_Module())
        torch.__future__.set_swap_module_params_on_conversion(True)
        library = torch.library.Library("aten", "IMPL")
        for name in FACTORIES:
            library.impl(name, _factory(name), "PrivateUse1")
        library.impl("_copy_from", _copy_from, "PrivateUse1")
        library.impl("_local_scalar_dense", lambda t: t.inner.item(), "PrivateUse1")
        _libraries.append(library)
    return device(NAME, 0)


def _factory(name: str) -> Any:
    base, _, overload = name.partition(".")
    op = getattr(getattr(aten, base), overload or "default")

    def make(*args: Any, **kwargs: Any) -> torch.Tensor:
        kwargs["device"] = torch.device("cpu")
        kwargs["pin_memory"] = None
        return OnDevice(op(*args, **kwargs))

    return make


def _copy_from(
    source: torch.Tensor, target: torch.Tensor, non_blocking: bool = False
) -> torch.Tensor:
    """Copy between devices; `torch.tensor(..., device=...)` asks for it directly."""
    _inner(target).copy_(_inner(source))
    return target


def run(path: Path, device: torch.device) -> list[str]:
    """Run a notebook's code cells in order; return what failed, cell by cell."""
    import nbformat
    from IPython.core.interactiveshell import InteractiveShell

    import helpers.device

    helpers.device.device = lambda *_, **__: device
    shell = InteractiveShell.instance()
    failed = []
    import time

    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        t0 = time.time()
        result = shell.run_cell(cell.source)
        print(f"##### {cell.id} {time.time() - t0:.1f}s", flush=True)
        if (error := result.error_before_exec or result.error_in_exec) is not None:
            where = [
                f"{Path(f.filename).name}:{f.lineno}"
                for f in traceback.extract_tb(error.__traceback__)
                if "torch" not in f.filename and "IPython" not in f.filename
            ]
            failed.append(
                f"cell {cell.id}: {type(error).__name__}: {error} ({' > '.join(where)})"
            )
    return failed


if __name__ == "__main__":
    problems = run(Path(sys.argv[1]), install())
    print(*problems, sep="\n", file=sys.stderr)
    sys.exit(bool(problems))
