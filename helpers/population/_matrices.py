"""Plain networks of all members: their gradient by hand, in memory that is used again.

Autograd would give the same numbers. But on networks this small it takes as long as
the matrix products themselves: it finds out anew at each step what has to be done, and
asks for the memory of each result.
"""

import copy
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from helpers.population._layers import MemberDropout, Patches

__all__ = ["POINTWISE", "Matrices", "plain_layers"]

POINTWISE = (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.ELU, nn.Identity)
INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}  # by bytes per number


class Matrices:
    """The gradient of plain networks: batched matrix products, one or two per layer.

    Activations lie as (M, features, B): the gradient of a weight then has the weight's
    own layout, and what is done per class runs along the batch.

    Args:
        layers: names and layers, see `plain_layers`.
        params: name -> (M, ...), the members' parameters.
        slopes: name -> (M, ...), where to put the gradient; frozen ones have none.
        coins: name of a dropout layer that drops -> (threshold, scale), each (M,).
    """

    def __init__(
        self,
        layers: Sequence[tuple[str, nn.Module]],
        params: Mapping[str, Tensor],
        slopes: Mapping[str, Tensor],
        coins: Mapping[str, tuple[Tensor, Tensor]],
    ) -> None:
        self.parts: list[Part] = []
        self.names: list[str] = []
        for name, layer in layers:
            part: Part | None = None
            names = (f"{name}.weight", f"{name}.bias")
            own = [*(params.get(n) for n in names), *(slopes.get(n) for n in names)]
            if isinstance(layer, nn.Linear):
                part = Linear(*own, passes=any(part.trained for part in self.parts))
            elif isinstance(layer, Patches):
                part = Convolution(layer, *own)
            elif isinstance(layer, nn.ReLU):
                part = Relu(fresh=bool(self.parts) and self.parts[-1].fresh)
            elif name in coins:
                part = Dropout(*coins[name])
            elif not isinstance(layer, nn.Identity | nn.Flatten | MemberDropout):
                part = Pointwise(layer)
            if part is not None:
                self.parts.append(part)
                self.names.append(name)

    @torch.no_grad()
    def differentiate(
        self, x: Tensor, noise: Mapping[str, Tensor], slope: Callable[[Tensor], Tensor]
    ) -> None:
        """Put the gradient of a loss into `slopes`.

        Args:
            x: the members' inputs (M, B, ...).
            noise: layer name -> random bits (M, B, ...).
            slope: outputs (M, B, K) -> the loss's gradient at them, same shape; it may
                not keep them, as their memory is used again.
        """
        x = x.flatten(2).transpose(1, 2)  # (M, B, ...) -> (M, d, B)
        for name, part in zip(self.names, self.parts, strict=True):
            x = part.forward(x, noise.get(name))
        back: Tensor | None = slope(x.transpose(1, 2)).transpose(1, 2).contiguous()
        for part in reversed(self.parts):
            if back is None:
                break
            back = part.backward(back)


class Part:
    """One layer of all members; `backward` may overwrite the slope it is given."""

    trained = False  # has parameters that learn
    fresh = False  # its outputs are its own memory, and it does not look at them again

    def __init__(self) -> None:
        self.memory: dict[tuple[str, int], Tensor] = {}

    def room(self, use: str, like: Tensor, *shape: int) -> Tensor:
        """Return memory for one use and one batch size, the same at every step."""
        key = (use, shape[-1])
        if key not in self.memory:
            self.memory[key] = like.new_empty(shape)
        return self.memory[key]

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        raise NotImplementedError

    def backward(self, slope: Tensor) -> Tensor | None:
        raise NotImplementedError


class Linear(Part):
    """Wx + b, (M, in, B) -> (M, out, B); `passes`: something below it learns."""

    fresh = True

    def __init__(
        self,
        weight: Tensor | None,
        bias: Tensor | None,
        weight_slope: Tensor | None,
        bias_slope: Tensor | None,
        *,
        passes: bool,
    ) -> None:
        super().__init__()
        assert weight is not None
        self.weight, self.across = weight.detach(), weight.detach().transpose(1, 2)
        self.bias = None if bias is None else bias.detach().unsqueeze(2)
        self.weight_slope, self.bias_slope = weight_slope, bias_slope
        self.trained = weight_slope is not None or bias_slope is not None
        self.passes = passes

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        self.x = x
        out = self.room("out", x, *self.weight.shape[:2], x.shape[2])
        if self.bias is None:
            return torch.bmm(self.weight, x, out=out)
        return torch.baddbmm(self.bias, self.weight, x, out=out)

    def backward(self, slope: Tensor) -> Tensor | None:
        if self.weight_slope is not None:
            torch.bmm(slope, self.x.transpose(1, 2), out=self.weight_slope)
        if self.bias_slope is not None:
            torch.sum(slope, 2, out=self.bias_slope)
        if not self.passes:
            return None
        back = self.room("slope", slope, *self.across.shape[:2], slope.shape[2])
        return torch.bmm(self.across, slope, out=back)


class Convolution(Linear):
    """The first layer's convolution: `Linear` on patches, (M, d, B) -> (M, out · P, B).

    Nothing lies below it, so that no slope has to be passed on.
    """

    def __init__(
        self,
        layer: Patches,
        weight: Tensor | None,
        bias: Tensor | None,
        weight_slope: Tensor | None,
        bias_slope: Tensor | None,
    ) -> None:
        assert weight is not None
        slope = None if weight_slope is None else weight_slope.flatten(2)
        super().__init__(weight.flatten(2), bias, slope, bias_slope, passes=False)
        self.layer = layer

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        out = super().forward(self.layer.across(x), noise)  # (M, out, P · B)
        return out.view(len(out), -1, x.shape[2])

    def backward(self, slope: Tensor) -> Tensor | None:
        return super().backward(slope.view(len(slope), self.weight.shape[1], -1))


class Relu(Part):
    """max(x, 0), written over x where nobody else looks at it (`fresh`)."""

    def __init__(self, *, fresh: bool) -> None:
        super().__init__()
        self.over = fresh

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        self.out = x.relu_() if self.over else x.relu()
        return self.out

    def backward(self, slope: Tensor) -> Tensor:
        # What autograd runs; to choose by a mask takes five times as long.
        torch.ops.aten.threshold_backward.grad_input(
            slope, self.out, 0, grad_input=slope
        )
        return slope


class Dropout(Part):
    """Zeros where random bits stay below a threshold, x · scale elsewhere.

    The zeros are made on the numbers' bits, with a mask of all ones or all zeros: so
    infinity becomes zero, too, and it takes a fraction of the time that choosing does.
    """

    fresh = True

    def __init__(self, threshold: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.below = threshold.view(-1, 1, 1) - 1
        self.scale = scale.view(-1, 1, 1)

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        assert noise is not None
        bits = noise.flatten(2).transpose(1, 2)
        self.keep = self.room("keep", self.below, *x.shape)
        torch.sub(self.below, bits, out=self.keep)  # negative where to keep
        self.keep.bitwise_right_shift_(31)  # -1, all ones, or 0
        return self._masked(torch.mul(x, self.scale, out=self.room("out", x, *x.shape)))

    def backward(self, slope: Tensor) -> Tensor:
        return self._masked(slope.mul_(self.scale))

    def _masked(self, x: Tensor) -> Tensor:
        x.view(INTEGERS[x.element_size()]).bitwise_and_(self.keep)
        return x


class Pointwise(Part):
    """Any other function of each number; autograd differentiates it."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = copy.copy(layer)
        if hasattr(layer, "inplace"):
            vars(self.layer)["inplace"] = False

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        with torch.enable_grad():
            self.x = x.detach().requires_grad_()
            self.out: Tensor = self.layer(self.x)
        detached: Tensor = self.out.detach()
        return detached

    def backward(self, slope: Tensor) -> Tensor:
        back: Tensor = torch.autograd.grad(self.out, self.x, slope)[0]
        return back


def plain_layers(model: nn.Module) -> list[tuple[str, nn.Module]] | None:
    """List a plain network's layers in order; None for any other architecture.

    Plain are MLPs, and those whose first layer is `Patches`.
    """
    known = (nn.Linear, nn.Flatten, MemberDropout, Patches, *POINTWISE)
    every = list(model.named_modules(remove_duplicate=False))
    layers = [(name, m) for name, m in every if type(m) is not nn.Sequential]
    once = len(every) == len(list(model.modules()))
    names = set(dict(model.named_parameters()))
    fits = all(
        type(m) in known
        and (not isinstance(m, nn.Linear) or f"{name}.weight" in names)
        and (not isinstance(m, Patches) or m is layers[0][1])
        and (not isinstance(m, nn.Flatten) or (m.start_dim, m.end_dim) == (1, -1))
        for name, m in layers
    )
    return layers if fits and once else None
