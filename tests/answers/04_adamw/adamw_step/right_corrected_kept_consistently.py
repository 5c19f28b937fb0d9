def adamw_step(param, grad, state, lr, betas, eps, weight_decay):

    b1, b2 = betas
    t = state.get("t", 0)
    g = grad
    # the corrected averages are kept, and un-corrected before the next use
    m = b1 * state.get("mh", 0.0) * (1 - b1**t) + (1 - b1) * g
    v = b2 * state.get("vh", 0.0) * (1 - b2**t) + (1 - b2) * g * g
    state["t"] = t + 1
    state["mh"] = m / (1 - b1 ** (t + 1))
    state["vh"] = v / (1 - b2 ** (t + 1))
    return (param * (1 - lr * weight_decay)) - lr * state["mh"] / (state["vh"].sqrt() + eps)
