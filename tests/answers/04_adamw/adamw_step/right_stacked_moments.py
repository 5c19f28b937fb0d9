def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    step = state["step"] = state["step"] + 1 if "step" in state else torch.tensor(1.0)
    moments = state.setdefault("moments", torch.zeros(2, *param.shape, dtype=param.dtype))
    shrunk = torch.mul(param, 1 - lr * weight_decay)
    beta = torch.tensor(betas, dtype=param.dtype).view(2, *[1] * param.ndim)
    moments = beta * moments + (1 - beta) * torch.stack([grad, grad * grad])
    state["moments"] = moments
    m, v = corrected(moments, beta, step)
    return shrunk - lr * m / (torch.sqrt(v) + eps)


def corrected(moments, beta, step):
    return moments / (1 - beta**step)
