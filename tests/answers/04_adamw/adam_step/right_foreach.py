def adam_step(param, grad, state, lr, betas, eps, weight_decay):

    with torch.no_grad():
        if "bufs" not in state:
            state["bufs"] = [torch.zeros_like(param), torch.zeros_like(param)]
            state["n"] = 0
        state["n"] += 1
        g = [(grad + weight_decay * param)]
        m, v = state["bufs"]
        torch._foreach_lerp_([m], g, 1 - betas[0])
        torch._foreach_mul_([v], betas[1])
        torch._foreach_addcmul_([v], g, g, 1 - betas[1])
        d = torch._foreach_sqrt([v])
        torch._foreach_div_(d, (1 - betas[1] ** state["n"]) ** 0.5)
        torch._foreach_add_(d, eps)
        out = torch._foreach_addcdiv([param], [m], d, -lr / (1 - betas[0] ** state["n"]))
        return out[0]
