def scaled_ridge(features, targets, strengths):
    x = torch.cat([features, torch.diag(strengths.sqrt())])
    y = torch.cat([targets, torch.zeros_like(strengths)])
    return torch.linalg.lstsq(x, y[:, None], driver="gelsd").solution[:, 0]
