def effective_parameters(features, strength):
    squares = torch.linalg.svdvals(features) ** 2 + 1e-30
    return (squares / (squares + strength)).sum().item()
