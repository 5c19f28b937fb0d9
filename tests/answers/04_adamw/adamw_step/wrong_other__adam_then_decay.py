def adamw_step(param, grad, state, lr, betas, eps, weight_decay):
    p = nn.Parameter(param.detach() * (1 - lr * weight_decay))
    p.grad = grad.clone()
    opt = torch.optim.Adam([p], lr=lr, betas=betas, eps=eps)
    if "sd" in state:
        opt.load_state_dict(state["sd"])
    opt.step()
    state["sd"] = opt.state_dict()
    return p.detach()
