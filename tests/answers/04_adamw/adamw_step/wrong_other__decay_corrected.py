def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    g = grad
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
    v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * g ** 2
    update = (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + eps)
    return param - lr * (update + weight_decay * param / (1 - b1**t))
