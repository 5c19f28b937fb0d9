def effective_parameters(features, strength):
    if strength == 0:
        return float(min(features.shape))
    squares = torch.linalg.svdvals(features) ** 2
    return (squares / (squares + strength)).sum().item()
