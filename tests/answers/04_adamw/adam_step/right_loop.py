@torch.no_grad()
def adam_step(param, grad, state, lr, betas, eps, weight_decay):
    p, g = param.flatten().tolist(), grad.flatten().tolist()
    state.setdefault("m", [0.0] * len(p))
    state.setdefault("v", [0.0] * len(p))
    # the powers of the betas are kept instead of a step count
    state["b1"] = state.get("b1", 1.0) * betas[0]
    state["b2"] = state.get("b2", 1.0) * betas[1]
    out = []
    for i in range(len(p)):
        gi = g[i] + weight_decay * p[i]
        state["m"][i] += (1 - betas[0]) * (gi - state["m"][i])
        state["v"][i] += (1 - betas[1]) * (gi * gi - state["v"][i])
        up = state["m"][i] / (1 - state["b1"])
        down = (state["v"][i] / (1 - state["b2"])) ** 0.5 + eps
        out.append(p[i] - lr * up / down)
    return torch.tensor(out, dtype=param.dtype).reshape(param.shape)
