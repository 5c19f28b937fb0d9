def scaled_ridge(features, targets, strengths):
    n, d = features.shape
    x = torch.cat([features / n**0.5, torch.diag(strengths)])
    y = torch.cat([targets / n**0.5, targets.new_zeros(d)])
    return torch.linalg.lstsq(x, y[:, None], driver="gelsd").solution[:, 0]
