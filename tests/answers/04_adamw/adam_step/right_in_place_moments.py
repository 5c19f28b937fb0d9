import math


def adam_step(param, grad, state, lr, betas, eps, weight_decay):
    if not state:
        state["step"] = torch.zeros(())
        state["exp_avg"] = torch.zeros_like(param)
        state["exp_avg_sq"] = torch.zeros_like(param)
    new = param.clone()
    grad = grad.add(param, alpha=weight_decay)
    state["step"] += 1
    step = state["step"].item()
    state["exp_avg"].lerp_(grad, 1 - betas[0])
    state["exp_avg_sq"].mul_(betas[1]).addcmul_(grad, grad, value=1 - betas[1])
    scale = math.sqrt(1 - betas[1] ** step)
    denom = state["exp_avg_sq"].sqrt().div_(scale).add_(eps)
    return new.addcdiv_(state["exp_avg"], denom, value=-lr / (1 - betas[0] ** step))
