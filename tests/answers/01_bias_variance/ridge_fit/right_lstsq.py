def ridge_fit(features, targets, strength):
    d = features.shape[1]
    below = strength**0.5 * torch.eye(d).to(features)
    x = torch.cat([features, below]) if strength > 0 else features
    y = torch.cat([targets, targets.new_zeros(d)]) if strength > 0 else targets
    return torch.linalg.lstsq(x, y[:, None], driver="gelsd").solution[:, 0]
