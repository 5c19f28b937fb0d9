def standard_dropout(x, p, training, generator=None):
    if p < 0.0 or 1.0 < p:
        raise ValueError("bad p")
    if not training:
        return x - p * x
    flat = x.flatten()
    out = []
    for i in range(flat.numel()):
        coin = torch.rand(1, generator=generator).item()
        out.append(flat[i] if coin >= p else flat[i] * 0)
    return torch.stack(out).reshape(x.shape)
