def ridge_fit(features, targets, strength):
    d = features.shape[1]
    x = torch.cat([features, strength**0.5 * torch.eye(d, dtype=features.dtype)])
    y = torch.cat([targets, torch.zeros(d, dtype=features.dtype)])
    if strength == 0:
        x, y = features, targets
    return torch.linalg.lstsq(x, y[:, None], driver="gels").solution[:, 0]
