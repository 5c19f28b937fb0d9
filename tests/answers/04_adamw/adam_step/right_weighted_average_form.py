def adam_step(param, grad, state, lr, betas, eps, weight_decay):

    b1, b2 = betas
    g = (grad + weight_decay * param)
    t = state["t"] = 1 + state.get("t", 0)
    if t == 1:
        state["mh"], state["vh"] = g.clone(), g.pow(2)
    else:
        a1, a2 = (1 - b1) / (1 - b1**t), (1 - b2) / (1 - b2**t)
        state["mh"] = state["mh"] + a1 * (g - state["mh"])
        state["vh"] = state["vh"] + a2 * (g.pow(2) - state["vh"])
    return param - lr * state["mh"] / (state["vh"].sqrt() + eps)
