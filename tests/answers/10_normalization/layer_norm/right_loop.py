import torch


def layer_norm(x, weight, bias, eps=1e-5):
    rows = x.reshape(-1, x.shape[-1])
    done = []
    for row in rows:
        mean = row.mean()
        var = ((row - mean) ** 2).mean()
        done.append((row - mean) / torch.sqrt(var + eps) * weight + bias)
    return torch.stack(done).reshape(x.shape)
