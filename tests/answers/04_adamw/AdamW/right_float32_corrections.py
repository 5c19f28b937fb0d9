class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))
    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for g in self.param_groups:
            for p in g["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s["step"] = torch.tensor(0.0)
                    s["m"] = torch.zeros_like(p)
                    s["v"] = torch.zeros_like(p)
                s["step"] += 1
                t = s["step"]
                b1, b2 = g["betas"]
                s["m"].lerp_(p.grad, 1 - b1)
                s["v"].lerp_(p.grad * p.grad, 1 - b2)
                c1 = 1 - torch.tensor(b1).pow(t)
                c2 = 1 - torch.tensor(b2).pow(t)
                p.mul_(1 - g["lr"] * g["weight_decay"])
                p.sub_(g["lr"] * (s["m"] / c1) / ((s["v"] / c2).sqrt() + g["eps"]))
        return loss
