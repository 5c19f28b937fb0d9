"""Bias and variance over data sets; ridge regression and its effective parameters."""

from collections.abc import Sequence

import torch
from torch import Tensor

from helpers.words import say

__all__ = ["bias_variance", "degrees_of_freedom", "ridge_path"]


def bias_variance(predictions: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return squared bias and variance, both averaged over the points.

    $\frac1n\sum_i (\bar f(x_i) - f(x_i))^2$ and
    $\frac1{nM}\sum_{i,m} (\hat f_m(x_i) - \bar f(x_i))^2$ with $\bar f$ the mean over
    the M data sets. Their sum is the mean squared error to the truth.

    Args:
        predictions: $\hat f_m(x_i)$, floating (..., M, n), M ≥ 1; leading dimensions
            are groups of data sets, each judged by itself.
        truth: noise-free values $f(x_i)$, (n,).

    Returns:
        Two tensors (...); 0-dim without groups.

    Source: Geman, Bienenstock, Doursat 1992, https://doi.org/10.1162/neco.1992.4.1.1.
    """
    if predictions.ndim < 2 or predictions.shape[-1:] != truth.shape:
        raise ValueError(
            say(
                "expected predictions (..., M, n) and truth (n,), got {shape} and "
                "{shape2}.",
                shape=tuple(predictions.shape),
                shape2=tuple(truth.shape),
            )
        )
    mean = predictions.mean(dim=-2)
    variance = predictions.var(dim=-2, correction=0)
    return (mean - truth).square().mean(dim=-1), variance.mean(dim=-1)


def degrees_of_freedom(x: Tensor, strength: float) -> float:
    r"""Return the effective number of parameters of ridge regression.

    $\operatorname{tr}[X(X^\top X + \lambda I)^{-1}X^\top]$, which is
    $\sum_i s_i^2/(s_i^2 + \lambda)$ over the singular values $s_i$ above
    rounding; at strength 0 it is the rank.

    Args:
        x: floating (n, d).
        strength: λ ≥ 0, beside a *sum* of squared errors.

    Source: Hastie, Tibshirani, Friedman 2009, eq. 3.50,
    https://doi.org/10.1007/978-0-387-84858-7.
    """
    if x.ndim != 2:
        raise ValueError(say("expected x (n, d), got {shape}.", shape=tuple(x.shape)))
    if not strength >= 0:
        raise ValueError(
            say("expected a strength ≥ 0, got {strength}.", strength=strength)
        )
    s = torch.linalg.svdvals(x)
    squares = s[s > max(x.shape) * torch.finfo(x.dtype).eps * s[0]] ** 2
    return float((squares / (squares + strength)).sum())


def ridge_path(x: Tensor, y: Tensor, strengths: Sequence[float]) -> Tensor:
    r"""Return the minimizers of ‖Xw - y‖² + strength · ‖w‖², one per strength.

    One singular value decomposition serves all strengths; strength 0 gives the
    solution of least norm.

    Args:
        x: floating (n, d).
        y: targets (n,) or, for several outputs at once, (n, k).
        strengths: each ≥ 0.

    Returns:
        weights (len(strengths), d) or (len(strengths), d, k).

    Source: Hoerl, Kennard 1970, https://doi.org/10.1080/00401706.1970.10488634.
    """
    if x.ndim != 2 or not len(x) == len(y):
        raise ValueError(
            say(
                "expected x (n, d) and y (n,) or (n, k), got {shape} and {shape2}.",
                shape=tuple(x.shape),
                shape2=tuple(y.shape),
            )
        )
    if not all(s >= 0 for s in strengths):
        raise ValueError(
            say("expected strengths ≥ 0, got {strengths}.", strengths=list(strengths))
        )
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    nonzero = s > max(x.shape) * torch.finfo(x.dtype).eps * s[0]
    u, s, vt = u[:, nonzero], s[nonzero], vt[nonzero]
    projected = u.T @ y.reshape(len(y), -1)  # (r, k)
    added = torch.as_tensor(strengths, dtype=x.dtype, device=x.device)[:, None]
    factors = s / (s**2 + added)  # (strengths, r)
    weights: Tensor = vt.T @ (factors[:, :, None] * projected)  # (strengths, d, k)
    return weights[..., 0] if y.ndim == 1 else weights
