"""Small data sets that are drawn on the spot: points in the plane, a noisy sine."""

import math

import torch
from torch import Tensor

from helpers.seeds import generator
from helpers.words import say

__all__ = ["noisy_sine", "spirals", "two_moons"]


def two_moons(n: int, *, noise: float = 0.1, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return two interleaved half circles of radius 1.

    Args:
        n: number of points, ≥ 1; the two classes differ by at most one.
        noise: standard deviation of the Gaussian noise, ≥ 0.
        seed: seed of the draw.

    Returns:
        x float32 (n, 2) and y int64 (n,) in {0, 1}, in random order.
    """
    generator = _toy_generator(n, noise, seed)
    y = torch.randperm(n, generator=generator) % 2
    angle = math.pi * torch.rand(n, generator=generator)
    upper = torch.stack([angle.cos(), angle.sin()], dim=1)  # (n, 2)
    x = torch.where(y[:, None] == 0, upper, torch.tensor([1.0, 0.5]) - upper)
    return x + noise * torch.randn(n, 2, generator=generator), y


def spirals(
    n: int, *, classes: int = 2, noise: float = 0.1, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Return `classes` spiral arms that start near the origin and end at radius 1.

    Args:
        n: number of points, ≥ 1; classes differ by at most one.
        classes: number of arms, ≥ 2.
        noise: standard deviation of the Gaussian noise, ≥ 0, scaled by the radius.
        seed: seed of the draw.

    Returns:
        x float32 (n, 2) and y int64 (n,), in random order.
    """
    if classes < 2:
        raise ValueError(
            say("classes: expected at least 2, got {classes}.", classes=classes)
        )
    generator = _toy_generator(n, noise, seed)
    y = torch.randperm(n, generator=generator) % classes
    radius = 0.05 + 0.95 * torch.rand(n, generator=generator).sqrt()
    angle = 2 * math.pi * (1.25 * radius + y / classes)
    x = radius[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
    jitter = noise * radius[:, None] * torch.randn(n, 2, generator=generator)
    return x + jitter, y


def noisy_sine(n: int, *, noise: float = 0.2, seed: int = 0) -> tuple[Tensor, Tensor]:
    r"""Return points of $y = \sin(2\pi x) + \text{noise} \cdot \varepsilon$.

    Args:
        n: number of points, ≥ 1.
        noise: standard deviation of the Gaussian noise, ≥ 0.
        seed: seed of the draw.

    Returns:
        x float32 (n, 1), uniform in [0, 1], and y float32 (n,).
    """
    generator = _toy_generator(n, noise, seed)
    x = torch.rand(n, 1, generator=generator)
    y = torch.sin(2 * math.pi * x[:, 0])
    return x, y + noise * torch.randn(n, generator=generator)


def _toy_generator(n: int, noise: float, seed: int) -> torch.Generator:
    if n < 1:
        raise ValueError(say("n: expected at least 1 point, got {n}.", n=n))
    if not noise >= 0:
        raise ValueError(
            say("noise: expected a standard deviation ≥ 0, got {noise}.", noise=noise)
        )
    return generator(seed)
