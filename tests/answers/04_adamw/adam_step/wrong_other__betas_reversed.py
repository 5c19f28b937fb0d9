def adam_step(param, grad, state, lr, betas, eps, weight_decay):
    grad = grad + weight_decay * param
    t = state.get("t", 0) + 1
    m = (1 - betas[0]) * state.get("m", 0.0) + betas[0] * grad
    v = (1 - betas[1]) * state.get("v", 0.0) + betas[1] * grad**2
    state.update(t=t, m=m, v=v)
    m_hat = m / (1 - betas[0] ** t)
    v_hat = v / (1 - betas[1] ** t)
    return param - lr * m_hat / (v_hat.sqrt() + eps)
