def adam_step(param, grad, state, lr, betas, eps, weight_decay):
    b1, b2 = betas
    if not state:
        z = torch.zeros_like(param)
        state["t"], state["m"], state["v"] = 0, z, z
    g = grad + weight_decay * param
    state["t"] += 1
    t = state["t"]
    state["m"].mul_(b1).add_(g, alpha=1 - b1)
    state["v"].mul_(b2).addcmul_(g, g, value=1 - b2)
    m_hat, v_hat = state["m"] / (1 - b1**t), state["v"] / (1 - b2**t)
    update = m_hat / (v_hat.sqrt() + eps)
    return param - lr * update
