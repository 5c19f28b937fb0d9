def confidence_only(probs):
    others = probs.shape[1] - 1
    order = torch.argsort(probs, dim=1, descending=True, stable=True)
    top = probs.gather(1, order[:, :1])
    rest = ((1 - top) / others).repeat(1, others)
    return torch.zeros_like(probs).scatter(1, order, torch.cat([top, rest], 1))
