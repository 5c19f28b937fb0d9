"""Comparing values that came back, and telling those that are not what they seem."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from helpers.checks.vocabulary.report import describe
from helpers.words import say

__all__ = [
    "PLAIN",
    "agree",
    "dense",
    "form",
    "forms",
    "has_nan",
    "impersonates",
    "replaced",
    "same",
    "tensors_in",
    "where",
]

# (rtol, atol): what rounding may change, with room for any order of operations.
# float64 is held to no more than float32 can keep: a right answer may turn a setting
# (p, a temperature, a strength) into a tensor, which is float32 by default, and round
# it by 6e-8; 1 - p or logits over a small temperature make several times that of it.
_TOLERANCE = {
    torch.float64: (1e-4, 1e-5),
    torch.float32: (1e-4, 1e-5),
    torch.bfloat16: (2e-2, 1e-2),
    torch.float16: (5e-3, 1e-3),
}


def same(a: object, b: object) -> bool:
    """Tell whether two values, or tuples and lists of them, are equal bit for bit."""
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and bool(
            torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
            if a.is_floating_point() and b.is_floating_point()
            else torch.equal(a, b)
        )
    return bool(a == b)


_TENSORS = (Tensor, nn.Parameter, nn.Buffer)
PLAIN = (bool, int, float, complex, str, bytes, tuple, list, dict, set, type(None))


def impersonates(kind: type, value: object) -> bool:
    """Tell whether a value of this class could pass for another by its own methods."""
    if kind in _TENSORS or kind in PLAIN or kind is OrderedDict:
        return False
    if issubclass(kind, Tensor) or hasattr(kind, "__torch_function__"):
        return True
    numeric = issubclass(kind, (np.generic, np.ndarray))
    named = numeric and getattr(np, kind.__name__, None) is kind  # NumPy's own
    if issubclass(kind, PLAIN):
        base = next(each for each in PLAIN if issubclass(kind, each))
        return kind.__eq__ is not base.__eq__ and not named
    return isinstance(value, (Tensor, *PLAIN))  # by a `__class__` of its own


def dense(tensor: Tensor) -> bool:
    """Tell whether a tensor holds all its numbers: neither sparse nor nested."""
    return tensor.layout is torch.strided and not tensor.is_nested


def replaced(value: object) -> str | None:
    """Return the name of one of a tensor's own attributes that somebody has set."""
    kind = type(value)
    own = vars(value) if kind in _TENSORS else ()
    return next((name for name in own if hasattr(kind, name)), None)


def agree(
    got: object, expected: object, rtol: float | None, atol: float | None
) -> bool:
    """Tell whether two numbers or tensors of one shape are equal up to rounding.

    Args:
        rtol, atol: tolerances; when None those of the coarser of the two dtypes.
    """
    if not isinstance(got, Tensor):
        got = torch.as_tensor(got, dtype=torch.float64)
    if not isinstance(expected, Tensor):
        expected = torch.as_tensor(expected, dtype=torch.float64)
    if got.shape != expected.shape:
        return False
    coarse = min(got.dtype, expected.dtype, key=_precision)
    default = _TOLERANCE.get(coarse, (0.0, 0.0))
    a, b = (t.detach().cpu().to(torch.float64) for t in (got, expected))
    return torch.allclose(
        a,
        b,
        rtol=default[0] if rtol is None else rtol,
        atol=default[1] if atol is None else atol,
        equal_nan=True,
    )


def _precision(dtype: torch.dtype) -> float:
    if not dtype.is_floating_point:
        return math.inf
    return -torch.finfo(dtype).eps


def has_nan(value: object) -> bool:
    """Tell whether a number or tensor is, or contains, NaN."""
    if isinstance(value, Tensor):
        return value.is_floating_point() and bool(value.isnan().any())
    return isinstance(value, float) and math.isnan(value)


def where(got: Tensor | float, expected: Tensor | float) -> str:
    """Describe `got`; for a large tensor name the entry that is furthest off."""
    if not isinstance(got, Tensor) or got.numel() <= 8:
        return describe(got)
    right = torch.as_tensor(expected).detach()
    off = (got.detach().double() - right.double()).abs().cpu()
    index = int(off.nan_to_num(math.inf).argmax())
    # torch.unravel_index would import sympy first, which takes seconds
    strides = [math.prod(got.shape[d + 1 :]) for d in range(got.dim())]
    place = [index // s % n for s, n in zip(strides, got.shape, strict=True)]
    here = got.detach().flatten()[index].item()
    there = right.flatten()[index].item()
    return say(
        "{here:.5g} at {place} where {there:.5g} is right",
        here=here,
        place=place,
        there=there,
    )


def tensors_in(*values: object) -> list[Tensor]:
    """Return the tensors among arguments, and the parameters of modules."""
    return [tensor for value in values for tensor in _tensors_of(value)]


def forms(*values: object) -> list[tuple[object, object]]:
    """Return the tensors and modules among arguments, each with its `form`."""
    found: list[tuple[object, object]] = []
    for value in values:
        if isinstance(value, (Tensor, nn.Module)):
            found.append((value, form(value)))
        elif isinstance(value, (list, tuple, Mapping)):
            inner = value.values() if isinstance(value, Mapping) else value
            found += forms(*inner)
    return found


def form(value: object) -> object:
    """Return what is left of a tensor or module when numbers and modes change.

    That is shape and dtype, or the modules inside by name, with the shapes and dtypes
    of all parameters and buffers.
    """
    if isinstance(value, nn.Module):
        inside = value.named_modules(remove_duplicate=False)
        own = value.state_dict(keep_vars=True).items()
        return [(n, id(m)) for n, m in inside], [(n, form(v)) for n, v in own]
    return (value.shape, value.dtype) if isinstance(value, Tensor) else None


def _tensors_of(value: object) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, nn.Module):
        return [*value.parameters()]
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return tensors_in(*value)
