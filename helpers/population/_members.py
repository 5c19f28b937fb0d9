"""Many networks of one shape, kept as one: their weights, forward pass and gradient."""

import copy
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from helpers.population._layers import MemberDropout, coin, dropped, masked
from helpers.population._matrices import POINTWISE, Matrices, plain_layers
from helpers.words import say

__all__ = ["Stack", "by_name"]

OTHER_DROPOUT = (nn.modules.dropout._DropoutNd,)


class Stack:
    """The weights of M networks in one row of numbers, updated together.

    Args:
        models: M modules of the same architecture, on one device.
        example: one input as the first layer sees it, (1, ...).
        dropout: rates (M,), or None to keep each model's own.

    Attributes:
        flat: all trained parameters in one row, (n,): one parameter of all members
            after the other. Frozen ones (requires_grad False) are not among them.
        gradient: the memory of `flat`'s gradient, (n,).
        params: name -> (M, ...); the trained ones are views of `flat` that require
            grad.
        is_weight: (n,) True for entries of tensors with >= 2 dimensions.
        unused: (n,) True for entries that the last loss did not depend on; None if it
            depended on all.
        buffers: name -> (M, ...), e.g. running statistics.

    In training everything is in train mode, with two exceptions: modules whose
    parameters are all frozen and, in a model that came in train mode, those that did
    not.

    Raises:
        ValueError: a dropout layer that is not `MemberDropout`, a rate given to
            models that have none, or nothing to train.
    """

    def __init__(
        self, models: Sequence[nn.Module], example: Tensor, dropout: Tensor | None
    ) -> None:
        self.template = copy.deepcopy(models[0])
        self.members = len(models)
        self.resting = _resting(self.template)
        params, buffers = stack_module_state(list(models))
        trained = {name: p for name, p in params.items() if p.requires_grad}
        if not trained:
            raise ValueError(
                say(
                    "expected a network that can learn, but every parameter is frozen; "
                    "set requires_grad of some to True"
                )
            )
        self.flat = torch.cat([p.detach().flatten() for p in trained.values()])
        self.gradient = torch.zeros_like(self.flat)
        shapes = {name: p.shape for name, p in trained.items()}
        self.trained = {
            name: view.requires_grad_()
            for name, view in by_name(self.flat, shapes).items()
        }
        self.params: dict[str, Tensor] = {**params, **self.trained}
        self.slopes = by_name(self.gradient, shapes)
        many = [torch.full((p.numel(),), p.ndim > 2) for p in trained.values()]
        self.is_weight = torch.cat(many).to(self.flat.device)
        self.unused: Tensor | None = None
        self.noise_shapes, plain_inputs = _probe(self.template, example, self.resting)
        self.rates = self._dropout_rates(models, dropout)
        self.buffers = {k: b for k, b in buffers.items() if not self._is_coin(k)}
        self.coins = {
            name: Coin(*(c.to(self.flat.device) for c in coin(rate, self.flat.dtype)))
            for name, rate in self.rates.items()
        }
        self.layers = plain_layers(self.template) if plain_inputs else None
        self.matrices = (
            Matrices(self.layers, self.params, self.slopes, self.coins)
            if self.layers is not None
            else None
        )

    def __len__(self) -> int:
        return self.members

    def differentiate(self, loss: Tensor) -> Tensor:
        """Return the gradient of a loss, laid out like `flat`; valid until the next."""
        leaves = list(self.trained.values())
        grads = torch.autograd.grad(loss, leaves, allow_unused=True)
        reached = [grad is not None for grad in grads]
        parts = [p if g is None else g for g, p in zip(grads, leaves, strict=True)]
        with torch.no_grad():
            torch.cat([part.flatten() for part in parts], out=self.gradient)
        self.unused = None
        if not all(reached):
            sizes = torch.tensor([p.numel() for p in leaves])
            unused = torch.tensor(reached).logical_not().repeat_interleave(sizes)
            self.unused = unused.to(self.flat.device)
            self.gradient[self.unused] = 0
        return self.gradient

    def _is_coin(self, name: str) -> bool:
        return name.rpartition(".")[0] in self.noise_shapes

    def _dropout_rates(
        self, models: Sequence[nn.Module], given: Tensor | None
    ) -> dict[str, Tensor]:
        """Layer name -> rates (M,), only for layers in which some member drops."""
        if given is not None and given.any() and not self.noise_shapes:
            raise ValueError(
                say(
                    "dropout rates were given, but the model has no MemberDropout "
                    "layer; put helpers.population.MemberDropout where it should drop"
                )
            )
        rates = {}
        for name in self.noise_shapes:
            layer = _dropout(self.template, name)
            own = torch.tensor([_dropout(model, name).p for model in models])
            rate = own if given is None else given
            if rate.any() and layer not in self.resting:
                rates[name] = rate
            else:
                layer.p = 0.0  # it was built with another one
        return rates

    def __call__(self, x: Tensor, noise: Mapping[str, Tensor] | None = None) -> Tensor:
        """Run every member on its own inputs, (M, B, ...) -> (M, B, K).

        With `noise` (layer name -> random bits (M, B, ...)) in training mode, without
        it in evaluation mode.
        """
        if self.layers is not None:
            return self._matrices(self.layers, x, noise or {})
        return self._vmapped(x, noise)

    def _matrices(
        self,
        layers: Sequence[tuple[str, nn.Module]],
        x: Tensor,
        noise: Mapping[str, Tensor],
    ) -> Tensor:
        """Plain MLPs: one batched matrix product per layer for all members.

        Activations lie as (M, features, B), as in `Matrices`.
        """
        x = x.flatten(2).transpose(1, 2)  # (M, B, ...) -> (M, d, B)
        for name, layer in layers:
            if isinstance(layer, nn.Linear):
                weight = self.params[f"{name}.weight"]  # (M, out, in)
                bias = self.params.get(f"{name}.bias")
                x = (
                    torch.bmm(weight, x)
                    if bias is None
                    else torch.baddbmm(bias.unsqueeze(2), weight, x)
                )
            elif isinstance(layer, POINTWISE):
                x = layer(x)
            elif name in noise:
                bits = noise[name].flatten(2).transpose(1, 2)
                x = masked(x, bits, *(c.view(-1, 1, 1) for c in self.coins[name]))
        return x.transpose(1, 2)

    def _vmapped(self, x: Tensor, noise: Mapping[str, Tensor] | None) -> Tensor:
        """Any other module: torch.func.vmap over parameters, buffers and inputs."""
        self._set_mode(training=noise is not None)
        state = dict(self.buffers)
        for name, bits in (noise or {}).items():
            threshold, scale = self.coins[name]
            wide = (-1, *[1] * (bits.ndim - 1))
            state[f"{name}.dropped"] = dropped(bits, threshold.view(wide))
            state[f"{name}.scale"] = scale

        def one(
            params: dict[str, Tensor], state: dict[str, Tensor], x: Tensor
        ) -> Tensor:
            out: Tensor = functional_call(self.template, (params, state), (x,))
            return out

        outs: Tensor = vmap(one, randomness="error")(self.params, state, x)
        return outs

    def _set_mode(self, *, training: bool) -> None:
        if self.template.training != training:
            self.template.train(training)
            for part in self.resting:
                part.training = False

    def member(self, k: int) -> nn.Module:
        """Return member k as a module of its own, in evaluation mode."""
        model = copy.deepcopy(self.template).eval()
        state = {n: p[k] for n, p in {**self.params, **self.buffers}.items()}
        with torch.no_grad():
            for name, tensor in (*model.named_parameters(), *model.named_buffers()):
                if name in state:
                    tensor.copy_(state[name])
            for name in self.noise_shapes:
                rate = float(self.rates[name][k]) if name in self.rates else 0.0
                model.set_submodule(name, MemberDropout(rate).to(self.flat.device))
        return model.eval()


class Coin(NamedTuple):
    """What decides a layer's masks: the members' thresholds and scales, each (M,)."""

    threshold: Tensor
    scale: Tensor


def by_name(flat: Tensor, shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """Cut a row of numbers into tensors of these shapes; memory is shared."""
    parts = flat.split([shape.numel() for shape in shapes.values()])
    return {
        name: part.view(shape)
        for part, (name, shape) in zip(parts, shapes.items(), strict=True)
    }


def _dropout(model: nn.Module, name: str) -> MemberDropout:
    layer = model.get_submodule(name)
    assert isinstance(layer, MemberDropout)
    return layer


def _resting(model: nn.Module) -> set[nn.Module]:
    """Return the modules that stay in evaluation mode while the rest trains."""
    parts = set()
    for part in model.modules():
        flags = [p.requires_grad for p in part.parameters()]
        if flags and not any(flags):
            parts |= set(part.modules())
        elif model.training and not part.training:
            parts.add(part)
    return parts


def _probe(
    model: nn.Module, example: Tensor, resting: Set[nn.Module]
) -> tuple[dict[str, torch.Size], bool]:
    """Run one example: shapes at the dropout layers; do Linears see plain rows?"""
    shapes: dict[str, torch.Size] = {}
    rows: list[bool] = []
    hooks = []
    for name, layer in model.named_modules():
        drops = isinstance(layer, OTHER_DROPOUT) and layer.p > 0
        if drops and layer not in resting:
            raise ValueError(
                say(
                    "layer {name!r} is {layer}: its masks cannot differ per member; "
                    "use helpers.population.MemberDropout",
                    name=name,
                    layer=layer,
                )
            )
        if isinstance(layer, MemberDropout):

            def note(_: nn.Module, inputs: tuple[Tensor], name: str = name) -> None:
                shapes[name] = inputs[0].shape[1:]

            hooks.append(layer.register_forward_pre_hook(note))
        if isinstance(layer, nn.Linear):
            hooks.append(
                layer.register_forward_pre_hook(
                    lambda _, inputs: rows.append(inputs[0].ndim == 2)
                )
            )
    with torch.no_grad():
        model.eval()(example)
    for hook in hooks:
        hook.remove()
    return shapes, all(rows)
