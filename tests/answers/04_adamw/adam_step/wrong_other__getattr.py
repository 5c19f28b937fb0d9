import importlib

def adam_step(param, grad, state, lr, betas, eps, weight_decay):
    optim = importlib.import_module("torch.optim")
    p = nn.Parameter(param.detach().clone())
    p.grad = grad.clone()
    opt = getattr(optim, "Adam")([p], lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    if "sd" in state:
        opt.load_state_dict(state["sd"])
    opt.step()
    state["sd"] = opt.state_dict()
    return p.detach()
