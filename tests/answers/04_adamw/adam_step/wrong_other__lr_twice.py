def adam_step(param, grad, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    if not state:
        state["t"], state["m"], state["v"] = 0, torch.zeros_like(param), torch.zeros_like(param)
    g = grad + weight_decay * param
    state["t"] += 1
    t = state["t"]
    state["m"] = b1 * state["m"] + (1 - b1) * g
    state["v"] = b2 * state["v"] + (1 - b2) * g * g
    m_hat, v_hat = state["m"] / (1 - b1**t), state["v"] / (1 - b2**t)
    update = m_hat / (v_hat.sqrt() + eps)
    return param - lr * lr * update
