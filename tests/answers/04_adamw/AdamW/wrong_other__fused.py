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
                    s.update(step=torch.tensor(0.0), m=torch.zeros_like(p), v=torch.zeros_like(p))
                s["step"] += 1
                torch._fused_adamw_(
                    [p], [p.grad], [s["m"]], [s["v"]], [], [s["step"]], lr=g["lr"],
                    beta1=g["betas"][0], beta2=g["betas"][1], weight_decay=g["weight_decay"],
                    eps=g["eps"], amsgrad=False, maximize=False, grad_scale=None, found_inf=None,
                )
        return loss
