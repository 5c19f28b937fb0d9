"""Know whether a generated MNIST-1D is the one that the course was measured on."""

import hashlib
import warnings
from collections.abc import Mapping

import numpy as np

from helpers.words import say

__all__ = ["ARRAYS", "SHA256", "VERSION", "checksum", "compare"]

VERSION = "0.0.2.post1"  # of the package mnist1d
SHA256 = "e8356b4646abce374d9446b6aaee971a562fe8b6317d48763db4607d815397a8"
ARRAYS = ("x", "y", "x_test", "y_test")
_STEP = 1e-3


def checksum(made: Mapping[str, np.ndarray]) -> str:
    """Return the sha256 of generated examples, rounded to thousandths.

    Other processors and builds of numpy and scipy round the last of 16 digits
    otherwise, so the bytes themselves differ between machines. In the course's examples
    no value is closer than 2.6e-9 to where its third decimal changes: rounded, they are
    the same wherever float64 is right to eight digits.

    Args:
        made: the arrays named in `ARRAYS`: values, float (n, 40), and labels, integers
            (n,), of both parts.
    """
    total = hashlib.sha256()
    for name in ARRAYS:
        values = np.asarray(made[name], dtype=np.float64)
        if name.startswith("x"):
            values = values / _STEP
        whole = np.rint(values).astype("<i4")
        total.update(f"{name} {whole.shape}\n".encode() + whole.tobytes())
    return total.hexdigest()


def compare(made: Mapping[str, np.ndarray]) -> None:
    """Warn if generated examples are not those the course was measured on.

    It is no error: other examples are MNIST-1D as well, every exercise works with them,
    and where people install packages themselves (Colab) the package may be another.
    """
    if (got := checksum(made)) != SHA256:
        warnings.warn(
            say(
                "MNIST-1D: the package mnist1d made other examples than those the "
                "course was measured on: expected checksum {sha256}…, got {got}…. The "
                "exercises work all the same, but numbers may differ from what the "
                "text says. To have the same: pip install mnist1d=={version}",
                sha256=SHA256[:12],
                got=got[:12],
                version=VERSION,
            ),
            stacklevel=2,
        )
