def adam_step(param, grad, state, lr, betas, eps, weight_decay):

    dt = torch.float64
    p, g0 = param.detach().to(dt), grad.detach().to(dt)
    t = state["t"] = state.get("t", 0) + 1
    g = ((grad + weight_decay * param)).to(dt)
    m = state["m"] = state.get("m", torch.zeros_like(p)) * betas[0] + (1 - betas[0]) * g
    v = state["v"] = state.get("v", torch.zeros_like(p)) * betas[1] + (1 - betas[1]) * g * g
    mh, vh = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    return (param - lr * mh / (vh.sqrt() + eps)).to(param.dtype)
