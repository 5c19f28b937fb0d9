def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    # the step count is a float32 tensor, as in torch.optim
    state.setdefault("step", torch.tensor(0.0))
    state["step"] += 1
    t = state["step"]
    keep = 1 - lr * weight_decay
    state["m"] = betas[0] * state.get("m", torch.zeros_like(param)) + (1 - betas[0]) * grad
    state["v"] = betas[1] * state.get("v", torch.zeros_like(param)) + (1 - betas[1]) * grad.pow(2)
    m = state["m"] / (1 - betas[0] ** t)
    v = state["v"] / (1 - betas[1] ** t)
    return param * keep - lr * m / (v**0.5 + eps)
