def adam_step(param, grad, state, lr, betas, eps, weight_decay):

    b1, b2 = betas
    state["p1"] = state.get("p1", 1.0) * b1
    state["p2"] = state.get("p2", 1.0) * b2
    g = (grad + weight_decay * param)
    state["m"] = g * (1 - b1) if "m" not in state else torch.lerp(g, state["m"], b1)
    state["v"] = g * g * (1 - b2) if "v" not in state else torch.lerp(g * g, state["v"], b2)
    return param - lr * state["m"] / (1 - state["p1"]) / (torch.sqrt(state["v"] / (1 - state["p2"])) + eps)
