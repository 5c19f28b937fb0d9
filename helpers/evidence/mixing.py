"""Notebook 07's experiments: networks trained on treated batches, and their scores."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.evidence.metrics import expected_calibration_error
from helpers.evidence.uncertainty import of_truth
from helpers.population import Patches, Stack
from helpers.seeds import generator
from helpers.training import one_thread, own_randomness
from helpers.training.runtime import bar_hidden

__all__ = [
    "Treated",
    "Treatment",
    "between",
    "cutmix_batch",
    "cutout_batch",
    "flips_crops",
    "mixup_batch",
    "nothing",
    "once",
    "smoothing",
    "train_treated",
]

Treatment = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
ROWS = 500  # images per forward pass when networks are asked


@dataclass
class Treated:
    """Networks of one treatment, one per seed, and what was seen on the way.

    Attributes:
        stack: the trained networks.
        epochs: when they were looked at, (records,).
        accuracy: on validation images, in percent, (seeds, records).
        nll: mean of -ln p(true class) on validation images, nats, (seeds, records).
        ece: expected calibration error on validation images, in percent, over 15 bins,
            (seeds, records).
        train_loss: mean loss on the treated batches of the epoch before each look,
            nats, (seeds, records).
    """

    stack: Stack
    epochs: Tensor
    accuracy: Tensor
    nll: Tensor
    ece: Tensor
    train_loss: Tensor

    def logits(self, x: Tensor) -> Tensor:
        """Return all networks' logits for the same images x (N, ...): (seeds, N, K)."""
        return _logits(self.stack, x)


@one_thread()
def train_treated(
    build: Callable[[], nn.Module],
    split: tuple[Tensor, Tensor],
    treatments: Mapping[str, Treatment],
    *,
    seeds: Sequence[int],
    epochs: int,
    val: tuple[Tensor, Tensor],
    batch_size: int = 50,
    lr: float = 3e-3,
    every: int = 10,
) -> dict[str, Treated]:
    """Train one network per treatment and seed with AdamW, without weight decay.

    Seed s fixes a network's initialization and the order of its batches, so treatments
    are paired. Every network's batch is treated by itself, with draws of its own.

    Args:
        build: makes a network; what it drops it drops behind `MemberDropout`.
        split: images (N, C, H, W) and their classes (N,) or probabilities (N, K).
        treatments: name -> function (x, targets) -> (x, targets) of one batch, targets
            (B, K).
        seeds: one per network.
        epochs: passes through the images.
        val: images and classes for the looks on the way.
        batch_size: images per step.
        lr: learning rate.
        every: epochs between two looks; there is one after the first epoch, too.
    """
    x, labels = split
    targets = labels if labels.is_floating_point() else F.one_hot(labels).to(x.dtype)
    models = [_seeded(build, seed, x) for _ in treatments for seed in seeds]
    stack = Stack(models, x[:1], None)
    optimizer = torch.optim.AdamW([stack.flat], lr=lr, weight_decay=0.0, fused=True)
    orders = [generator(seed) for seed in seeds]
    looks: list[tuple[Tensor, ...]] = []
    with own_randomness(seeds[0], x.device):
        for epoch in tqdm(range(1, epochs + 1), disable=bar_hidden(True)):
            order = torch.stack([torch.randperm(len(x), generator=g) for g in orders])
            losses = []
            for index in order.to(x.device).split(batch_size, dim=1):
                xs, ts = _treated(treatments, x, targets, index)
                losses.append(_differentiate(stack, xs, ts))
                optimizer.step()
            if epoch == 1 or epoch % every == 0 or epoch == epochs:
                seen = _look(_logits(stack, val[0]), val[1])
                looks.append(
                    (torch.tensor(epoch), *seen, torch.stack(losses).mean(0).cpu())
                )
    return _by_treatment(stack, [*treatments], looks, x[:1])


def _treated(
    treatments: Mapping[str, Treatment], x: Tensor, targets: Tensor, index: Tensor
) -> list[Tensor]:
    """Give every treatment the batch of every seed: (members, B, ...) each."""
    pairs = [f(x[i], targets[i]) for f in treatments.values() for i in index]
    return [torch.stack(part) for part in zip(*pairs, strict=True)]


def _differentiate(stack: Stack, xs: Tensor, ts: Tensor) -> Tensor:
    """Give the weights the gradient of the sum of the losses; return these, (members,).

    Args:
        xs: inputs (members, B, ...). ts: targets (members, B, K), rows that sum to 1.
    """
    noise = _noise(stack, xs.shape[1])
    if stack.matrices is None:
        loss = -(ts * stack(xs, noise or None).log_softmax(-1)).sum(-1).mean(1)
        stack.flat.grad = stack.differentiate(loss.sum())
        return loss.detach()
    losses = []

    def slope(out: Tensor) -> Tensor:
        logs = out.log_softmax(-1)
        losses.append(-(ts * logs).sum(-1).mean(1))
        return (logs.exp() - ts) / ts.shape[1]

    stack.matrices.differentiate(xs, noise, slope)
    stack.flat.grad = stack.gradient
    return losses[0]


def _noise(stack: Stack, rows: int) -> dict[str, Tensor]:
    """Draw 16 random bits for each unit behind a `MemberDropout`, (members, rows, ...).

    They come from torch's generator; without dropout nothing is drawn.
    """
    return {
        name: torch.randint(
            *(-(2**15), 2**15, (len(stack), rows, *stack.noise_shapes[name])),
            dtype=torch.int16,
            device=stack.flat.device,
        )
        for name in stack.rates
    }


def _by_treatment(
    stack: Stack, names: Sequence[str], looks: Sequence[tuple[Tensor, ...]], x: Tensor
) -> dict[str, Treated]:
    """Give every treatment its own networks and curves."""
    epochs, *curves = (torch.stack(part, -1) for part in zip(*looks, strict=True))
    share = len(stack) // len(names)
    found = {}
    for k, name in enumerate(names):
        own = slice(k * share, (k + 1) * share)
        members = [stack.member(i) for i in range(own.start, own.stop)]
        rows = (curve[own] for curve in curves)
        found[name] = Treated(Stack(members, x, None), epochs, *rows)
    return found


@torch.no_grad()
@one_thread()
def _logits(stack: Stack, x: Tensor) -> Tensor:
    parts = [stack(part.expand(len(stack), *part.shape)) for part in x.split(ROWS)]
    return torch.cat(parts, 1)


def _look(logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return accuracy (%), NLL (nats) and ECE (%) of logits (M, N, K), (M,) each."""
    right = 100 * (logits.argmax(-1) == y).double().mean(1)
    nll = -of_truth(logits.double().log_softmax(-1), y).mean(1)
    probs = logits.softmax(-1)
    ece = [100 * expected_calibration_error(p, y) for p in probs]
    return right.cpu(), nll.cpu(), torch.tensor(ece, dtype=torch.float64)


def _seeded(build: Callable[[], nn.Module], seed: int, x: Tensor) -> nn.Module:
    """Build a network under a seed; a convolution in front becomes a matrix product."""
    with own_randomness(seed):
        model = build().to(x.device)
    name, layer = next(model.named_children(), ("", None))
    if isinstance(layer, nn.Conv2d):
        setattr(model, name, Patches(layer, x.shape[1:]))
    return model


def once(
    treatment: Treatment,
    split: tuple[Tensor, Tensor],
    *,
    seed: int = 0,
    batch_size: int = 50,
) -> tuple[Tensor, Tensor]:
    """Treat a training set once, batch by batch: a fixed set of treated images.

    Args:
        treatment: as for `train_treated`.
        split: images (N, C, H, W) and classes (N,).
        seed: of the batches and of what the treatment draws.
        batch_size: images that are treated together.

    Returns:
        N treated images, in a shuffled order, and their targets (N, K).
    """
    x, labels = split
    targets = F.one_hot(labels).to(x.dtype)
    with own_randomness(seed, x.device):
        order = torch.randperm(len(x), device=x.device).split(batch_size)
        parts = [treatment(x[index], targets[index]) for index in order]
    treated, mixed = (torch.cat(part) for part in zip(*parts, strict=True))
    return treated, mixed


def between(
    run: Treated, split: tuple[Tensor, Tensor], partner: Tensor, lam: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Ask what networks say between two images of different classes.

    Args:
        run: trained networks.
        split: images (N, C, H, W) and classes (N,).
        partner: (N,), image i is mixed with image partner[i].
        lam: weight of image i.

    Returns:
        The share of mixtures, in percent, that are given a class which is neither
        image's, and the mean confidence, in percent; (seeds,) each.
    """
    x, y = split
    differ = y != y[partner]
    probs = run.logits((lam * x + (1 - lam) * x[partner])[differ]).softmax(-1)
    confidence, said = probs.max(-1)
    third = (said != y[differ]) & (said != y[partner][differ])
    return (
        100 * third.double().mean(1).cpu(),
        100 * confidence.double().mean(1).cpu(),
    )


def nothing(x: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the batch as it came."""
    return x, targets


def smoothing(epsilon: float) -> Treatment:
    """Return the treatment that smooths labels, see exercise 7.1."""

    def smooth(x: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return x, (1 - epsilon) * targets + epsilon / targets.shape[-1]

    return smooth


def mixup_batch(x: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Mix a batch with itself, rolled by one: what `v2.MixUp(alpha=1.0)` does.

    One λ for the batch, uniform in [0, 1]. It takes a third of v2's time.
    """
    lam = torch.rand(()).item()
    return (
        lam * x + (1 - lam) * x.roll(1, 0),
        lam * targets + (1 - lam) * targets.roll(1, 0),
    )


def cutmix_batch(x: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Paste one box from the batch rolled by one: what `v2.CutMix(alpha=1.0)` does.

    One box for the batch; λ is uniform in [0, 1]. It takes a fifth of v2's time.
    """
    height, width = x.shape[-2:]
    share = math.sqrt(torch.rand(()).item())  # of each side; 1 - λ is uniform, too
    half_h, half_w = int(height * share / 2), int(width * share / 2)
    y, across = int(torch.randint(height, ())), int(torch.randint(width, ()))
    rows = slice(max(y - half_h, 0), min(y + half_h, height))
    columns = slice(max(across - half_w, 0), min(across + half_w, width))
    mixed = x.clone()
    mixed[..., rows, columns] = x.roll(1, 0)[..., rows, columns]
    pasted = (rows.stop - rows.start) * (columns.stop - columns.start)
    area = pasted / (height * width)
    return mixed, (1 - area) * targets + area * targets.roll(1, 0)


def cutout_batch(x: Tensor, targets: Tensor, size: int = 6) -> tuple[Tensor, Tensor]:
    """Hide one square of every image, each with a center of its own; exercise 7.6.

    Args:
        x: images (N, C, H, W); the squares get the smallest value of x.
        targets: come back as they are.
        size: side of the squares in pixels, clipped at the border.
    """
    inside = []
    for side in x.shape[2:]:
        start = torch.randint(side, (len(x), 1), device=x.device) - size // 2
        place = torch.arange(side, device=x.device) - start  # (N, side)
        inside.append((place >= 0) & (place < size))
    hole = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return x.masked_fill(hole, x.min().item()), targets


def flips_crops(x: Tensor, targets: Tensor, pad: int = 1) -> tuple[Tensor, Tensor]:
    """Flip every image with probability ½, shift it by up to `pad` pixels; own draws.

    Args:
        x: images (N, C, H, W); what is shifted in has the smallest value of x.
        targets: come back as they are.
        pad: largest shift along each axis, in pixels.
    """
    n, side = len(x), torch.arange(x.shape[-1], device=x.device)
    coins = torch.rand(n, 1, 1, 1, device=x.device) < 0.5
    wide = F.pad(torch.where(coins, x.flip(-1), x), [pad] * 4, value=x.min().item())
    start = torch.randint(2 * pad + 1, (2, n, 1), device=x.device)
    down, across = start + side  # (n, side) each
    rows = torch.arange(n, device=x.device)[:, None, None]
    return wide[rows, :, down[:, :, None], across[:, None]].movedim(-1, 1), targets
