import torch


def layer_norm(x, weight, bias, eps=1e-5):
    root = torch.sqrt(x.std(-1, keepdim=True) ** 2 + eps)
    return (x - x.mean(-1, keepdim=True)) / root * weight + bias
