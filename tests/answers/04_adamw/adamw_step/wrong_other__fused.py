def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    if not state:
        state["m"], state["v"] = torch.zeros_like(param), torch.zeros_like(param)
        state["t"] = torch.tensor(0.0)
    state["t"] += 1
    new = param.clone()
    torch._fused_adamw_(
        [new], [grad.clone()], [state["m"]], [state["v"]], [], [state["t"]],
        lr=lr, beta1=betas[0], beta2=betas[1], weight_decay=weight_decay, eps=eps,
        amsgrad=False, maximize=False, grad_scale=None, found_inf=None,
    )
    return new
