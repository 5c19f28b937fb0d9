"""A pretend accelerator that refuses what an Apple GPU refuses; runs notebooks on it.

Its tensors lie on the CPU in truth but say otherwise, and keep to three rules: no
float64; no tensor of the CPU beside them in one operation (single numbers aside); to
NumPy by way of `.cpu()` alone. The numbers are those of the CPU, so claims hold.

`python tests/pretend.py NOTEBOOK` runs every cell with `helpers.device.device()`
returning this device, and exits with an error that lists the cells that failed.
torch offers devices written in Python since release 2.10, as an experiment.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import library
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)

__all__ = ["NAME", "OnDevice", "install", "run"]

NAME = "pretend"
REFUSED = (torch.float64, torch.complex128)
aten = torch.ops.aten
MIXING = (  # may take tensors of the CPU beside the device's own, as on a real one
    aten.copy_.default,
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
)


class OnDevice(torch.Tensor):
    """A tensor of the pretend device; `inner` holds its numbers on the CPU."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> OnDevice:
        if inner.dtype in REFUSED:
            raise _refusal(inner.dtype)
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
        given = list(_tensors((*args, *kwargs.values())))
        if func not in MIXING:
            _refuse_mixing(func, given)
        if kwargs.get("dtype") in REFUSED:  # on the way to the CPU, too: not sure there
            raise _refusal(kwargs["dtype"])
        leaving = False
        if (device := kwargs.get("device")) is not None:
            leaving = torch.device(device).type != NAME
            kwargs["device"] = torch.device("cpu")
        out = func(*_inner(args), **{name: _inner(v) for name, v in kwargs.items()})
        if leaving:
            return out
        known = {id(_inner(t)): t for t in given} if func._schema.is_mutable else {}
        return _outer(out, lambda t: known[id(t)] if id(t) in known else cls(t))

    def tolist(self) -> Any:
        return self.detach().cpu().tolist()

    def __format__(self, form: str) -> str:
        return format(self.item() if self.dim() == 0 else self.detach().cpu(), form)

    def __repr__(self, *, tensor_contents: object = None) -> str:
        return f"{self.detach().cpu()!r} on {NAME}"  # torch's own way needs float64

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.detach().cpu().__reduce_ex__(protocol)  # files know the CPU alone

    def __deepcopy__(self, memo: dict[int, Any]) -> torch.Tensor:
        copied = self.detach().clone().requires_grad_(self.requires_grad)
        if isinstance(self, torch.nn.Parameter):
            copied._is_param = True  # as torch marks parameters of other classes
        memo[id(self)] = copied
        return copied


class _Module(_DummyBackendModule):
    """What `torch.pretend` offers."""

    def synchronize(self, device: object = None) -> None:
        """Wait for what has been asked for: nothing is ever under way."""


def install() -> torch.device:
    """Register the device with torch and return it: once per process, for good."""
    _setup_privateuseone_for_python_backend(NAME, backend_module=_Module())
    torch.__future__.set_swap_module_params_on_conversion(True)  # for Module.to
    for name, kernel in {
        "empty.memory_format": _factory(aten.empty.memory_format),
        "empty_strided": _factory(aten.empty_strided.default),
        "_copy_from": _copy_from,
        "_local_scalar_dense": lambda tensor: tensor.inner.item(),
    }.items():
        _LIBRARY.impl(name, kernel, "PrivateUse1")
    return torch.device(NAME, 0)


_LIBRARY = library.Library("aten", "IMPL")  # its entries live as long as it


def _factory(operator: Any) -> Callable[..., torch.Tensor]:
    def make(*args: Any, **kwargs: Any) -> torch.Tensor:
        kwargs |= {"device": torch.device("cpu"), "pin_memory": None}
        return OnDevice(operator(*args, **kwargs))

    return make


def _copy_from(
    source: torch.Tensor, target: torch.Tensor, non_blocking: bool = False
) -> torch.Tensor:
    _inner(target).copy_(_inner(source))
    return target


def _tensors(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


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


def _refusal(dtype: torch.dtype) -> TypeError:
    return TypeError(
        f"Cannot convert a {NAME} tensor to {dtype}: like MPS, it has none. "
        "Go to the CPU first."
    )


def _refuse_mixing(func: Any, given: list[torch.Tensor]) -> None:
    for tensor in given:
        if not isinstance(tensor, OnDevice) and tensor.dim() > 0:
            raise RuntimeError(
                f"{func}: Expected all tensors to be on the same device, but found at "
                f"least two devices, {NAME}:0 and {tensor.device}!"
            )


# --- notebooks ------------------------------------------------------------------------


def run(notebook: Path, device: torch.device) -> list[str]:
    """Run a notebook's code cells in this process; return what failed."""
    import nbformat
    from IPython.core.interactiveshell import InteractiveShell

    import helpers.device

    helpers.device.device = lambda *_, **__: device
    shell, failed = InteractiveShell.instance(), []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source)
            if (error := result.error_before_exec or result.error_in_exec) is not None:
                text = f"{type(error).__name__}: {error}"
                failed.append(f"cell {cell.id}: {text} [{_way(error)}]")
    return failed


def _way(error: BaseException) -> str:
    """Name the lines that led to an error, those of other people's code left out."""
    lines = [
        f"{Path(frame.filename).name}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in frame.filename
    ]
    return " > ".join(lines)


if __name__ == "__main__":
    problems = run(Path(sys.argv[1]), install())
    print(*problems, sep="\n", file=sys.stderr)
    sys.exit(bool(problems))
