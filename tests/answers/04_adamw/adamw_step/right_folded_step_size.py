def adamw_step(param, grad, state, lr, betas, eps, weight_decay):

    import math
    b1, b2 = betas
    t = state["t"] = state.get("t", 0) + 1
    g = grad
    m = state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
    v = state["v"] = b2 * state.get("v", 0.0) + (1 - b2) * g.square()
    root = math.sqrt(1 - b2**t)
    alpha = lr * root / (1 - b1**t)
    return (param * (1 - lr * weight_decay)) - alpha * m / (v.sqrt() + eps * root)
