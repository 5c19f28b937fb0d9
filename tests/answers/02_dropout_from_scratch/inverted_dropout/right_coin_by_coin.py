import math
import random
import numpy as np
import torch.nn.functional as F


def inverted_dropout(x, p, training, generator=None):
    class BadRate(ValueError):
        pass

    if not (p >= 0 and p <= 1):
        raise BadRate(p)
    if not training:
        return x.clone()
    if p == 1:
        return 0 * x
    S = tuple(x.shape)
    keep = torch.tensor(
        [float(torch.rand((), generator=generator)) >= p for _ in range(math.prod(S))]
    ).reshape(S)
    return torch.where(keep.bool(), x * (1 / (1 - p)), 0.0)
