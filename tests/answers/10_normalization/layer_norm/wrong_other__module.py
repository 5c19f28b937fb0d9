from torch import nn


def layer_norm(x, weight, bias, eps=1e-5):
    return nn.LayerNorm(x.shape[-1], eps, False, dtype=x.dtype)(x) * weight + bias
