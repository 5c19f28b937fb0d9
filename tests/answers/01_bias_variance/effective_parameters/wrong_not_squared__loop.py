def effective_parameters(features, strength):
    total = 0.0
    for s in torch.linalg.svdvals(features.double()).tolist():
        if s > 1e-5:
            total += s / (s + strength)
    return total
