import math
import random
import numpy as np
import torch.nn.functional as F


def standard_dropout(x, p, training, generator=None):
    if p < 0 or p > 1:
        raise ValueError("bad p")
    if not training:
        return (1 - p) * x
    S = tuple(x.shape)
    clock = torch.empty(S, device=x.device).exponential_(generator=generator)
    keep = clock > (float("inf") if p == 1 else -math.log1p(-p))
    return torch.where(keep.bool(), x, torch.zeros_like(x))
