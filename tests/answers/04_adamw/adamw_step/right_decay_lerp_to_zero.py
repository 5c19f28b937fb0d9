def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = betas[0] * state.get("m", 0) + (1 - betas[0]) * grad
    v = state["v"] = betas[1] * state.get("v", 0) + (1 - betas[1]) * grad * grad
    update = (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)).sqrt() + eps)
    shrunk = torch.lerp(param, torch.zeros_like(param), lr * weight_decay)
    return shrunk - lr * update
