"""Data sets of the course, as tensors on the device you ask for."""

from helpers.data._names import LANGUAGES, encode, names, spell
from helpers.data._sets import (
    CLASS_NAMES,
    SealedTest,
    Split,
    Splits,
    corrupt_labels,
    data_folder,
    fashion_mnist,
    fashion_mnist_full,
    mnist1d,
    noisy_sine,
    spirals,
    torchvision_fashion_mnist,
    two_moons,
)

__all__ = [
    "CLASS_NAMES",
    "LANGUAGES",
    "SealedTest",
    "Split",
    "Splits",
    "corrupt_labels",
    "data_folder",
    "encode",
    "fashion_mnist",
    "fashion_mnist_full",
    "mnist1d",
    "names",
    "noisy_sine",
    "spell",
    "spirals",
    "torchvision_fashion_mnist",
    "two_moons",
]
