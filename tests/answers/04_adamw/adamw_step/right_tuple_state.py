def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    m, v, t = state.get(0, (torch.zeros_like(param), torch.zeros_like(param), 0))
    t += 1
    decay = lr * weight_decay * param if weight_decay else 0
    (m,) = torch._foreach_lerp([m], [grad], 1 - betas[0])
    (v,) = torch._foreach_lerp([v], [grad.square()], 1 - betas[1])
    state[0] = (m, v, t)
    (root,) = torch._foreach_sqrt([v / (1 - betas[1] ** t)])
    step = (m / (1 - betas[0] ** t)) / (root + eps)
    return param - decay - lr * step
