def moved(p, g, s, lr, betas, eps, weight_decay):
    s["t"] = s.get("t", 0) + 1
    s["m"] = betas[0] * s.get("m", 0) + (1 - betas[0]) * g
    s["v"] = betas[1] * s.get("v", 0) + (1 - betas[1]) * g * g
    up = s["m"] / (1 - betas[0] ** s["t"])
    down = torch.sqrt(s["v"] / (1 - betas[1] ** s["t"])) + eps
    return p - lr * weight_decay * p - lr * up / down


class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def step(self, closure=None):
        loss = None
        if closure is not None:
            loss = closure()
        names = ("lr", "betas", "eps", "weight_decay")
        for group in self.param_groups:
            settings = {name: group[name] for name in names}
            for p in group["params"]:
                if p.grad is not None:
                    p.data = moved(p.data, p.grad.data, self.state[p], **settings)
        return loss
