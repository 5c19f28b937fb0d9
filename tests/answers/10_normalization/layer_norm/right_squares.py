def layer_norm(x, weight, bias, eps=1e-5):
    d = x.shape[-1]
    centered = x - x.sum(-1, keepdim=True) / d
    scale = (centered.pow(2).sum(-1, keepdim=True) / d + eps) ** -0.5
    return centered * scale * weight + bias
