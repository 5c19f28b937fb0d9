def effective_parameters(features, strength):
    if strength == 0:
        return float(torch.linalg.matrix_rank(features))
    s = torch.linalg.svdvals(features)
    return (s / (s + strength)).sum().item()
