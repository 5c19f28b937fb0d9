def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    if not state:
        state["p"] = torch.nn.Parameter(param.clone())
        state["o"] = torch.optim.AdamW([state["p"]], lr, betas, eps, weight_decay)
    state["p"].data.copy_(param)
    state["p"].grad = grad.clone()
    state["o"].step()
    return state["p"].detach().clone()
