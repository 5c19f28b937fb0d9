import math
import random
import numpy as np
import torch.nn.functional as F


def inverted_dropout(x, p, training, generator=None):
    if p < 0.0 or 1.0 < p:
        raise ValueError
    if not training:
        return x
    if p >= 1:
        return x.new_zeros(x.shape)
    S = tuple(x.shape)
    child = torch.Generator().manual_seed(
        int(torch.randint(2**62, (), generator=generator))
    )
    keep = torch.rand(S, generator=child) >= p
    return x * keep.to(x.dtype) / (1 - p)
