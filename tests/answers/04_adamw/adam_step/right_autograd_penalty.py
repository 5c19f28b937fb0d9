def adam_step(param, grad, state, lr, betas, eps, weight_decay):
    p = param.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        (weight_decay / 2 * (p ** 2).sum()).backward()
    g = grad + p.grad
    n = state["n"] = state.get("n", 0) + 1
    state["m"] = betas[0] * state.get("m", 0) + (1 - betas[0]) * g
    state["v"] = betas[1] * state.get("v", 0) + (1 - betas[1]) * g * g
    return (param - lr * state["m"] / (1 - betas[0] ** n) / ((state["v"] / (1 - betas[1] ** n)).sqrt() + eps)).detach()
