def effective_parameters(features, strength):
    s = torch.linalg.svdvals(features)
    return float(len(s))
