from torch.optim.adamw import adamw


class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            b1, b2 = group["betas"]
            ps, gs, ms, vs, ts = [], [], [], [], []
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s["step"], s["m"], s["v"] = torch.tensor(0.0), torch.zeros_like(p), torch.zeros_like(p)
                ps.append(p); gs.append(p.grad); ms.append(s["m"]); vs.append(s["v"]); ts.append(s["step"])
            if ps:
                adamw(ps, gs, ms, vs, [], ts, amsgrad=False, beta1=b1, beta2=b2, lr=group['lr'], weight_decay=group['weight_decay'], eps=group['eps'], maximize=False)
        return loss
