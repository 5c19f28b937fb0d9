def adam_step(param, grad, state, lr, betas, eps, weight_decay):

    b1, b2 = betas
    state.setdefault("grads", []).append(((grad + weight_decay * param)).clone())
    hist = state["grads"]
    T = len(hist)
    m = sum((1 - b1) * b1 ** (T - 1 - i) * g for i, g in enumerate(hist))
    v = sum((1 - b2) * b2 ** (T - 1 - i) * g * g for i, g in enumerate(hist))
    return param - lr * m / (1 - b1**T) / ((v / (1 - b2**T)).sqrt() + eps)
