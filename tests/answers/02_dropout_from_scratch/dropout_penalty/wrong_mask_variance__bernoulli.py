def dropout_penalty(x, w, p):
    if not 0 <= p < 1:
        raise ValueError(f"p must be in [0, 1), got {p}")
    variance = torch.distributions.Bernoulli(torch.tensor(1 - p)).variance.item()
    return (variance * (x * w) ** 2).sum(1).mean()
