from dataclasses import dataclass

@dataclass
class Moments:
    m: torch.Tensor
    v: torch.Tensor
    t: int = 0

def adamw_step(param, grad, state, lr, betas, eps, weight_decay):

    if "adam" not in state:
        state["adam"] = Moments(torch.zeros_like(param), torch.zeros_like(param))
    s = state["adam"]
    s.t += 1
    g = grad
    s.m = betas[0] * s.m + (1 - betas[0]) * g
    s.v = betas[1] * s.v + (1 - betas[1]) * g * g
    return (param * (1 - lr * weight_decay)) - lr * s.m / (1 - betas[0] ** s.t) / ((s.v / (1 - betas[1] ** s.t)) ** 0.5 + eps)
