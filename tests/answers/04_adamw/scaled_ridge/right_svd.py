def scaled_ridge(features, targets, strengths):
    n = len(features)
    x = torch.cat([features / n**0.5, torch.diag(strengths**0.5)])
    y = torch.cat([targets / n**0.5, torch.zeros_like(strengths)])
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    tiny = s.max() * max(x.shape) * torch.finfo(s.dtype).eps
    return vt.T @ torch.where(s > tiny, u.T @ y / s.clamp(min=tiny), 0.0)
