"""Data sets of the course, as tensors on the device you ask for.

Splitting has its own seed, apart from the seeds of training: the same `split_seed`
gives the same examples whatever is trained on them. Nothing is downloaded, but for
`fashion_mnist_full` and `torchvision_fashion_mnist`, which say so.
"""

import io
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.data import _mnist1d
from helpers.data._label_noise import corrupt_labels
from helpers.data._shipped import data_folder, verified
from helpers.data._splits import SealedTest, Split, Splits, split_pool
from helpers.data._toys import noisy_sine, spirals, two_moons
from helpers.words import say

if TYPE_CHECKING:
    from torchvision.datasets import FashionMNIST

__all__ = [
    "CLASS_NAMES",
    "SealedTest",
    "Split",
    "Splits",
    "corrupt_labels",
    "data_folder",
    "fashion_mnist",
    "fashion_mnist_full",
    "mnist1d",
    "noisy_sine",
    "spirals",
    "torchvision_fashion_mnist",
    "two_moons",
]

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def fashion_mnist(
    n_train: int = 8_000,
    n_val: int = 2_000,
    *,
    n_test: int = 10_000,
    size: int = 28,
    split_seed: int = 0,
    flat: bool = False,
    device: str | torch.device = "cpu",
) -> Splits:
    r"""Return parts of the shipped Fashion-MNIST subset, standardised.

    Pixels are scaled to [0, 1], then $(x - m) / s$ with mean $m$ and standard deviation
    $s$ of all pixels of the *training* part. Classes are balanced. With one
    `split_seed`, smaller training parts are contained in larger ones and the
    validation part of a given size is always the same.

    Args:
        n_train, n_val: how many of the 10,000 images that come from the official
            training set; they never overlap.
        n_test: how many of the 10,000 official test images.
        size: side in pixels, 28, or 14 by average pooling.
        split_seed: seed of the split, not of training.
        flat: give x as (n, size²) in place of (n, 1, size, size).
        device: where the tensors live.

    Raises:
        ValueError: a count or size out of range.
        FileNotFoundError: the shipped file is missing or damaged.

    Source: Xiao, Rasul, Vollgraf 2017, https://arxiv.org/abs/1708.07747 (MIT licence).
    """
    pool, test = _shipped_fashion_mnist()
    counts = (n_train, n_val, n_test)
    return _image_splits(
        *(pool, test, counts),
        size=size,
        split_seed=split_seed,
        flat=flat,
        device=device,
    )


def fashion_mnist_full(
    root: str | Path,
    *,
    n_val: int = 5_000,
    size: int = 28,
    split_seed: int = 0,
    flat: bool = False,
    device: str | torch.device = "cpu",
) -> Splits:
    """Return all 70,000 images: 60,000 - `n_val` train, `n_val` val, 10,000 test.

    Otherwise as `fashion_mnist`. `root` is a folder for torchvision: a local copy in
    `root`/FashionMNIST/raw is used, else the files (30 MB) are downloaded into it.

    Raises:
        FileNotFoundError: no local copy and no way to download one.
    """
    official = [torchvision_fashion_mnist(root, train=part) for part in (True, False)]
    pool, test = (Split(part.data, part.targets) for part in official)
    counts = (len(pool.y) - n_val, n_val, len(test.y))
    return _image_splits(
        *(pool, test, counts),
        size=size,
        split_seed=split_seed,
        flat=flat,
        device=device,
    )


def torchvision_fashion_mnist(
    root: str | Path,
    *,
    train: bool = True,
    transform: Callable[[Any], Any] | None = None,
) -> "FashionMNIST":
    """Return `torchvision.datasets.FashionMNIST`, for `transforms.v2` and DataLoaders.

    Raises:
        FileNotFoundError: no local copy and no way to download one.
    """
    from torchvision.datasets import FashionMNIST

    try:
        return FashionMNIST(str(root), train=train, transform=transform, download=True)
    except (RuntimeError, OSError) as error:  # URLError is an OSError
        raw = Path(root) / "FashionMNIST" / "raw"
        reason = " ".join(str(error).split())
        raise FileNotFoundError(
            say(
                "Fashion-MNIST is not in {raw} and could not be downloaded ({reason}). "
                "Connect to a network, or copy the four official files (*-ubyte or "
                "*-ubyte.gz) into that folder, or use fashion_mnist(): it is shipped.",
                raw=raw,
                reason=reason,
            )
        ) from error


def mnist1d(
    n_train: int = 3_000,
    n_val: int = 1_000,
    *,
    n_test: int = 1_000,
    split_seed: int = 0,
    device: str | torch.device = "cpu",
) -> Splits:
    """Return MNIST-1D: x (n, 40), ten classes, made by the mnist1d package.

    The package makes 4,000 training and 1,000 test examples (its seed 42) with mean 0
    and standard deviation 1 over all values; they are kept as they are. Every class
    has about a tenth of each part.

    Args:
        n_train, n_val: how many of the 4,000, without overlap; n_val=0 gives an empty
            validation part.
        n_test: how many of the 1,000.
        split_seed: seed of the split, not of training.
        device: where the tensors live.

    Raises:
        ValueError: a count out of range.

    Warns when the package makes other examples than those the course was measured on.

    Source: Greydanus, Kobak 2024, https://arxiv.org/abs/2011.14439.
    """
    pool, test = _generated_mnist1d()
    counts = (n_train, n_val, n_test)
    train, val, sealed = split_pool(pool, test, counts, split_seed, device)
    return Splits(train, val, SealedTest(sealed))


@cache
def _shipped_fashion_mnist() -> tuple[Split, Split]:
    """Return the pool and the official test part, images as uint8 (n, 28, 28)."""
    with np.load(io.BytesIO(verified("fashion_mnist.npz"))) as file:
        part = {name: torch.from_numpy(file[name]) for name in file.files}
    pool = Split(part["train_images"], part["train_labels"].long())
    return pool, Split(part["test_images"], part["test_labels"].long())


@cache
def _generated_mnist1d() -> tuple[Split, Split]:
    """Return the package's training and test examples; keep the global seeds."""
    from mnist1d.data import get_dataset_args, make_dataset

    states = np.random.get_state(), random.getstate(), torch.get_rng_state()
    try:
        made = make_dataset(get_dataset_args())
    finally:  # the package seeds the global generators
        np.random.set_state(states[0])
        random.setstate(states[1])
        torch.set_rng_state(states[2])
    _mnist1d.compare(made)
    x, y, x_test, y_test = (
        torch.tensor(made[name]) for name in ("x", "y", "x_test", "y_test")
    )
    return Split(x.float(), y.long()), Split(x_test.float(), y_test.long())


def _image_splits(
    pool: Split,
    test: Split,
    counts: tuple[int, int, int],
    *,
    size: int,
    split_seed: int,
    flat: bool,
    device: str | torch.device,
) -> Splits:
    if size not in (28, 14):
        raise ValueError(say("size: expected 28 or 14 pixels, got {size}.", size=size))
    parts = split_pool(pool, test, counts, split_seed, device)
    scaled = [_pixels(part.x, size) for part in parts]
    mean, sd = scaled[0].mean(), scaled[0].std(correction=0)
    inputs = [(x - mean) / sd for x in scaled]
    if flat:
        inputs = [x.flatten(1) for x in inputs]
    train, val, sealed = map(Split, inputs, [part.y for part in parts])
    return Splits(train, val, SealedTest(sealed))


def _pixels(images: Tensor, size: int) -> Tensor:
    """uint8 (n, 28, 28) -> float32 (n, 1, size, size) in [0, 1]."""
    x = images[:, None].float() / 255
    return F.avg_pool2d(x, 2) if size == 14 else x
