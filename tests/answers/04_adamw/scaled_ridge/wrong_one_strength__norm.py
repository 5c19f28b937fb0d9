def scaled_ridge(features, targets, strengths):
    n, d = features.shape
    below = (n * strengths.norm()).sqrt() * torch.eye(d, dtype=features.dtype)
    x = torch.cat([features, below])
    y = torch.cat([targets, targets.new_zeros(d)])
    return torch.linalg.lstsq(x, y[:, None], driver="gelsd").solution[:, 0]
