"""The strongest peer: a population in JAX, compiled to one program per epoch.

The members' networks are one `vmap`, an epoch is one `lax.scan`, the whole is jitted.
It starts from the weights and walks in the orders of `train_population`, and computes
the same: AdamW without decay on the mean cross-entropy.
"""

import importlib
import time
from typing import Any

import torch
from torch import Tensor, nn

from helpers.training import own_randomness
from staff.bench.contenders import BATCH, Case

__all__ = ["Peer"]

RATE, DECAYS, EPS = 1e-3, (0.9, 0.999), 1e-8  # those of `train_population`


class Peer:
    """Members of plain ReLU MLPs, trained on all of a case's examples.

    Args:
        case: network and data; the examples must fill whole batches.
        members: how many; their seeds are 0, 1, ...

    Attributes:
        compile_seconds: for tracing and compiling, before the first step.

    Raises:
        ImportError: JAX is not there, see `staff.bench.extras`.
        ValueError: a last batch that would be smaller.
    """

    def __init__(self, case: Case, members: int) -> None:
        if len(case.x) % BATCH:
            raise ValueError(
                f"expected a multiple of {BATCH} examples (a scan has steps of one "
                f"shape), got {len(case.x)}"
            )
        self.jax: Any = importlib.import_module("jax")
        self.members = members
        self.x = self.jax.device_put(case.x.flatten(1).numpy())
        self.y = self.jax.device_put(case.y.int().numpy())
        self.start = weights(case, members)
        start = time.perf_counter()
        state = self._state()
        epoch = self.jax.jit(self._epoch).lower(state, self._orders(len(case.x))[0])
        self.run = epoch.compile()
        self.compile_seconds = time.perf_counter() - start
        self.params = self.start

    def __call__(self, case: Case) -> None:
        """Train from the start for `case.epochs` epochs, keeping the weights."""
        state, generators = self._state(), None
        for _ in range(case.epochs):
            order, generators = self._orders(len(case.x), generators)
            state = self.run(state, order)
        self.params = self.jax.block_until_ready(state)[0]

    def losses(self) -> Tensor:
        """Return the members' mean losses on all examples, (M,), as trained so far."""
        each = self.jax.vmap(self._loss, in_axes=(0, None, None))
        return torch.tensor(each(self.params, self.x, self.y).tolist())

    def _orders(
        self, n: int, generators: list[torch.Generator] | None = None
    ) -> tuple[Any, list[torch.Generator]]:
        """Draw an epoch's batches, (steps, members, batch), and return the dice."""
        generators = generators or [
            torch.Generator().manual_seed(seed) for seed in range(self.members)
        ]
        order = torch.stack([torch.randperm(n, generator=g) for g in generators])
        steps = order.int().unflatten(1, (-1, BATCH)).transpose(0, 1)
        return steps.contiguous().numpy(), generators

    def _state(self) -> Any:
        """Return (weights, first and second moments, steps done)."""
        zeros = self.jax.tree.map(lambda p: 0 * p, self.start)
        return self.jax.device_put((self.start, zeros, zeros, 0.0))

    def _loss(self, params: Any, x: Any, y: Any) -> Any:
        """Return one member's mean cross-entropy."""
        for weight, bias in params[:-1]:
            x = self.jax.nn.relu(x @ weight.T + bias)
        weight, bias = params[-1]
        scores = self.jax.nn.log_softmax(x @ weight.T + bias)
        return -self.jax.numpy.take_along_axis(scores, y[:, None], 1).mean()

    def _step(self, state: Any, index: Any) -> tuple[Any, None]:
        """Take one AdamW step of every member, index (members, batch)."""
        params, first, second, done = state
        tree, sqrt = self.jax.tree.map, self.jax.numpy.sqrt
        x, y = self.x[index], self.y[index]
        slopes = self.jax.vmap(self.jax.grad(self._loss))(params, x, y)
        done, (b1, b2) = done + 1, DECAYS
        first = tree(lambda m, g: b1 * m + (1 - b1) * g, first, slopes)
        second = tree(lambda v, g: b2 * v + (1 - b2) * g * g, second, slopes)
        rate, wide = RATE / (1 - b1**done), 1 - b2**done
        params = tree(
            lambda p, m, v: p - rate * m / (sqrt(v / wide) + EPS), params, first, second
        )
        return (params, first, second, done), None

    def _epoch(self, state: Any, order: Any) -> Any:
        return self.jax.lax.scan(self._step, state, order)[0]


def weights(case: Case, members: int) -> list[tuple[Any, Any]]:
    """Return each layer's weight (M, out, in) and bias (M, out) as numpy arrays."""
    models = []
    for seed in range(members):
        with own_randomness(seed):
            models.append(case.build())
    layers = [
        [m for m in model.modules() if isinstance(m, nn.Linear)] for model in models
    ]
    return [
        (
            torch.stack([m.weight.detach() for m in same]).numpy(),
            torch.stack([m.bias.detach() for m in same]).numpy(),
        )
        for same in zip(*layers, strict=True)
    ]
