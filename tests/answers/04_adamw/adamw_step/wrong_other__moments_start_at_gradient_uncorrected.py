def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    t = state.get("t", 0) + 1
    m = betas[0] * state.get("m", grad) + (1 - betas[0]) * grad
    v = betas[1] * state.get("v", grad**2) + (1 - betas[1]) * grad**2
    state.update(t=t, m=m, v=v)
    m_hat = m
    v_hat = v
    return param - lr * weight_decay * param - lr * m_hat / (v_hat.sqrt() + eps)
