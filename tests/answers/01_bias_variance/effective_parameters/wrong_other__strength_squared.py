def effective_parameters(features, strength):
    if strength == 0:
        return float(torch.linalg.matrix_rank(features))
    squares = torch.linalg.svdvals(features) ** 2
    return (squares / (squares + strength**2)).sum().item()
