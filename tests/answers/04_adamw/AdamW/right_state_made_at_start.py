class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p].update(step=torch.tensor(0.0), moments=torch.zeros(2, *p.shape, dtype=p.dtype))

    def step(self, closure=None):
        with torch.enable_grad():
            loss = closure() if closure is not None else None
        with torch.no_grad():
            for group in self.param_groups:
                for p in filter(lambda p: p.grad is not None, group["params"]):
                    s = self.state[p]
                    s["step"] += 1
                    both = torch.stack([p.grad, p.grad.square()])
                    beta = torch.tensor(group["betas"], dtype=p.dtype).view(2, *[1] * p.ndim)
                    s["moments"] = torch.lerp(both, s["moments"], beta.expand_as(both))
                    m, v = s["moments"] / (1 - beta ** s["step"])
                    p.copy_(p * (1 - group["lr"] * group["weight_decay"]) - group["lr"] * m / (v.sqrt() + group["eps"]))
        return loss
