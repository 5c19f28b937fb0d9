"""Many networks of one shape, kept as one: their weights, forward pass and masks."""

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

__all__ = ["MemberDropout", "Stack", "mlp"]

LEVELS = 2**16  # a mask compares 16 random bits with the rate
POINTWISE = (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.ELU, nn.Identity)
OTHER_DROPOUT = (nn.modules.dropout._DropoutNd,)


class MemberDropout(nn.Module):
    r"""Inverted dropout whose rate is a setting of each member of a population.

    Alone it is plain inverted dropout, drawing from torch's global generator:
    $y = m x / (1 - p)$ in training, with $P(m = 0) = p$; the identity in evaluation.
    Inside a population the random bits come from the member's own generator, and the
    rate is rounded to a multiple of 2**-16.

    Args:
        p: probability of *dropping*, in [0, 1]; p = 1 gives zeros.
    """

    def __init__(self, p: float = 0.0) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"expected a dropout rate in [0, 1], got {p}")
        self.p = float(p)
        threshold, scale = coin(torch.tensor(self.p))
        # A population replaces these three by its members' own.
        self.register_buffer("threshold", threshold, persistent=False)
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("noise", threshold.new_empty(0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not len(self.noise):
            return F.dropout(x, self.p, self.training)
        return masked(x, self.noise, self.threshold, self.scale)

    def extra_repr(self) -> str:
        return f"p={self.p}"


def coin(p: Tensor, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
    """Return (threshold, scale): keep where 16 random bits reach the threshold."""
    level = (p * LEVELS).round()
    threshold = (level - LEVELS // 2).clamp(max=LEVELS // 2 - 1).to(torch.int16)
    scale = torch.where(level < LEVELS, LEVELS / (LEVELS - level), 0.0)
    return threshold, scale.to(dtype or p.dtype)


def masked(x: Tensor, noise: Tensor, threshold: Tensor, scale: Tensor) -> Tensor:
    """Zero x where the noise stays below the threshold, and scale what is left."""
    return x * ((noise >= threshold).to(x.dtype) * scale.to(x.dtype))


def mlp(
    sizes: Sequence[int],
    *,
    dropout: float = 0.0,
    activation: type[nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Build Linear → activation → MemberDropout per hidden layer, then Linear.

    Args:
        sizes: widths from input to output, e.g. (40, 100, 100, 10).
        dropout: rate of every dropout layer, in [0, 1].

    Inputs with more than two dimensions are flattened. Weights come from torch's
    global generator, as in any module.
    """
    if len(sizes) < 2:
        raise ValueError(f"expected at least input and output width, got {sizes}")
    layers: list[nn.Module] = [nn.Flatten()]
    for n_in, n_out in zip(sizes[:-2], sizes[1:-1], strict=True):
        layers += [nn.Linear(n_in, n_out), activation(), MemberDropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


class Stack:
    """The weights of M networks as one matrix, one row per network.

    Args:
        models: M modules of the same architecture, on one device.
        example: one input as the first layer sees it, (1, ...).
        dropout: rates (M,), or None to keep each model's own.

    Attributes:
        flat: all parameters (M, P).
        params: name -> (M, ...), views of `flat` that require grad.
        is_weight: (P,) True for entries of tensors with >= 2 dimensions.
        buffers: name -> (M, ...), e.g. running statistics.

    Raises:
        ValueError: a dropout layer that is not `MemberDropout`, or a rate given to
            models that have none.
    """

    def __init__(
        self, models: Sequence[nn.Module], example: Tensor, dropout: Tensor | None
    ) -> None:
        self.template = copy.deepcopy(models[0])
        params, buffers = stack_module_state(list(models))
        self.flat = torch.cat([p.detach().flatten(1) for p in params.values()], 1)
        self.gradient = torch.zeros_like(self.flat)
        self.params = self._views({name: p.shape for name, p in params.items()})
        many = [torch.full((p[0].numel(),), p.ndim > 2) for p in params.values()]
        self.is_weight = torch.cat(many).to(self.flat.device)
        self.noise_shapes, plain_inputs = _probe(self.template, example)
        self.rates = self._dropout_rates(models, dropout)
        self.buffers = {k: b for k, b in buffers.items() if not self._is_coin(k)}
        self.coins = {
            name: tuple(c.to(self.flat.device) for c in coin(rate, self.flat.dtype))
            for name, rate in self.rates.items()
        }
        self.layers = _plain_layers(self.template) if plain_inputs else None

    def __len__(self) -> int:
        return len(self.flat)

    def _views(self, shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
        """Cut `flat` into leaves of the parameters' own shapes; memory is shared."""
        parts = self.flat.split([shape[1:].numel() for shape in shapes.values()], 1)
        return {
            name: part.view(shape).requires_grad_()
            for part, (name, shape) in zip(parts, shapes.items(), strict=True)
        }

    def differentiate(self, loss: Tensor) -> Tensor:
        """Return the gradient of a loss, laid out like `flat`; valid until the next."""
        grads = torch.autograd.grad(loss, list(self.params.values()))
        return torch.cat([g.flatten(1) for g in grads], 1, out=self.gradient)

    def _is_coin(self, name: str) -> bool:
        return name.rpartition(".")[0] in self.noise_shapes

    def _dropout_rates(
        self, models: Sequence[nn.Module], given: Tensor | None
    ) -> dict[str, Tensor]:
        """Layer name -> rates (M,), only for layers in which some member drops."""
        if given is not None and given.any() and not self.noise_shapes:
            raise ValueError(
                "dropout rates were given, but the model has no MemberDropout layer; "
                "put helpers.population.MemberDropout where it should drop"
            )
        rates = {}
        for name in self.noise_shapes:
            own = torch.tensor([model.get_submodule(name).p for model in models])
            rates[name] = own if given is None else given
        return {name: rate for name, rate in rates.items() if rate.any()}

    def __call__(self, x: Tensor, noise: dict[str, Tensor] | None = None) -> Tensor:
        """Run every member on its own inputs, (M, B, ...) -> (M, B, K).

        With `noise` (layer name -> random bits (M, B, ...)) in training mode, without
        it in evaluation mode.
        """
        if self.layers is not None:
            return self._matrices(x, noise)
        return self._vmapped(x, noise)

    def _matrices(self, x: Tensor, noise: dict[str, Tensor] | None) -> Tensor:
        """Plain MLPs: one batched matrix product per layer for all members.

        Activations lie as (M, features, B): the gradient of a weight then has the
        weight's own layout, and the loss runs along the batch.
        """
        x = x.flatten(2).transpose(1, 2)  # (M, B, ...) -> (M, d, B)
        for name, layer in self.layers:
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
            elif noise and name in noise:
                bits = noise[name].flatten(2).transpose(1, 2)
                x = masked(x, bits, *(c.view(-1, 1, 1) for c in self.coins[name]))
        return x.transpose(1, 2)

    def _vmapped(self, x: Tensor, noise: dict[str, Tensor] | None) -> Tensor:
        """Any other module: torch.func.vmap over parameters, buffers and inputs."""
        self.template.train(noise is not None)
        state = dict(self.buffers)
        for name, bits in (noise or {}).items():
            state[f"{name}.noise"] = bits
            state[f"{name}.threshold"], state[f"{name}.scale"] = self.coins[name]

        def one(params: dict, state: dict, x: Tensor) -> Tensor:
            return functional_call(self.template, (params, state), (x,))

        return vmap(one, randomness="error")(self.params, state, x)

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


def _probe(model: nn.Module, example: Tensor) -> tuple[dict[str, torch.Size], bool]:
    """Run one example: shapes at the dropout layers; do Linears see plain rows?"""
    shapes, rows, hooks = {}, [], []
    for name, layer in model.named_modules():
        if isinstance(layer, OTHER_DROPOUT) and layer.p > 0:
            raise ValueError(
                f"layer {name!r} is {layer}: its masks cannot differ per member; "
                "use helpers.population.MemberDropout"
            )
        if isinstance(layer, MemberDropout):

            def note(_: nn.Module, inputs: tuple, name: str = name) -> None:
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


def _plain_layers(model: nn.Module) -> list[tuple[str, nn.Module]] | None:
    """List a plain MLP's layers in order; None for any other architecture."""
    known = (nn.Linear, nn.Flatten, MemberDropout, *POINTWISE)
    every = list(model.named_modules(remove_duplicate=False))
    layers = [(name, m) for name, m in every if type(m) is not nn.Sequential]
    once = len(every) == len(list(model.modules()))
    names = set(dict(model.named_parameters()))
    fits = all(
        type(m) in known
        and (not isinstance(m, nn.Linear) or f"{name}.weight" in names)
        and (not isinstance(m, nn.Flatten) or (m.start_dim, m.end_dim) == (1, -1))
        for name, m in layers
    )
    return layers if fits and once else None
