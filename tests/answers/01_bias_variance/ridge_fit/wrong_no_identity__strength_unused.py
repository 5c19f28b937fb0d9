def ridge_fit(features, targets, strength):
    return torch.linalg.lstsq(features, targets[:, None]).solution[:, 0]
