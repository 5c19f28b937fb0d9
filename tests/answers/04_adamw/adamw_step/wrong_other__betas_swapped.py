def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    beta2, beta1 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0) + (1 - beta2) * grad**2
    state.update(t=t, m=m, v=v)
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return param - lr * (m_hat / (v_hat.sqrt() + eps) + weight_decay * param)
