def l2_penalty(model, strength):
    total = torch.zeros(())
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            total = total + parameter.square().sum()
    return 0.5 * strength * total


def l1_penalty(model, strength):
    total = torch.tensor(0.0)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            total = total + torch.linalg.vector_norm(parameter, ord=1)
    return strength * total
