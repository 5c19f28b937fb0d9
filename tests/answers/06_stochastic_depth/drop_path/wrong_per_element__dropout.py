import torch.nn.functional as F


def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    return F.dropout(residual, p, training)
