def make_optimizer(model, lr, weight_decay):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    def shrink(optimizer, args, kwargs):
        with torch.no_grad():
            for p in model.parameters():
                if p.grad is not None: p.mul_(1 - lr * weight_decay)
    opt.register_step_pre_hook(shrink)
    return opt
