def effective_parameters(features, strength):
    squares = torch.linalg.svdvals(features) ** 2
    squares = squares * (squares > 1e-9)
    return (squares / (squares + strength)).sum().item()
