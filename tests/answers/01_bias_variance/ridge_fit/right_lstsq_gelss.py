def ridge_fit(features, targets, strength):
    d = features.shape[1]
    A = torch.cat([features, strength**0.5 * torch.eye(d, dtype=features.dtype)])
    b = torch.cat([targets, targets.new_zeros(d)])
    return torch.linalg.lstsq(A, b[:, None], driver="gelss").solution[:, 0]
