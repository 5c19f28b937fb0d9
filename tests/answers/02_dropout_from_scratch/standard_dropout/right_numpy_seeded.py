import math
import random
import numpy as np
import torch.nn.functional as F


def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x * (1 - p)
    S = tuple(x.shape)
    seed = int(torch.randint(2**62, (), generator=generator))
    keep = torch.from_numpy(np.random.default_rng(seed).random(tuple(S)) >= p)
    return x.mul(keep.to(x.dtype))
