import functools

import torch.nn.functional as F
from torch.nn.functional import dropout as helper

d = F.dropout


def _script(x, p: float):
    return torch.nn.functional.dropout(x, p, True)


def standard_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    if not training:
        return x * (1 - p)
    if generator is not None:
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
    return nn.Dropout(p)(x) * (1 - p)
