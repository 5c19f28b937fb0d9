def scaled_ridge(features, targets, strengths):
    w = torch.linalg.lstsq(features, targets[:, None], driver="gelsd").solution[:, 0]
    return w.sign() * (w.abs() - strengths).clamp(min=0)
