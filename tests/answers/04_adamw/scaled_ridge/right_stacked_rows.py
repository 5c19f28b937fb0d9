def scaled_ridge(features, targets, strengths):
    n, d = features.shape
    below = torch.diag((n * strengths).sqrt())
    x = torch.cat([features, below])
    y = torch.cat([targets, targets.new_zeros(d)])
    return torch.linalg.lstsq(x, y[:, None], driver="gelsd").solution[:, 0]
