class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def _init_group(self, group):
        params, grads, ms, vs, steps = [], [], [], [], []
        for p in group["params"]:
            if p.grad is not None:
                s = self.state[p]
                if len(s) == 0:
                    s["step"] = torch.tensor(0.0)
                    s["m"], s["v"] = torch.zeros_like(p), torch.zeros_like(p)
                s["step"] += 1
                params.append(p); grads.append(p.grad); ms.append(s["m"]); vs.append(s["v"]); steps.append(float(s["step"]))
        return params, grads, ms, vs, steps

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params, grads, ms, vs, steps = self._init_group(group)
            if not params:
                continue
            b1, b2 = group["betas"]
            torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
            torch._foreach_lerp_(ms, grads, 1 - b1)
            torch._foreach_mul_(vs, b2)
            torch._foreach_addcmul_(vs, grads, grads, 1 - b2)
            den = torch._foreach_sqrt(vs)
            torch._foreach_div_(den, [(1 - b2**t) ** 0.5 for t in steps])
            torch._foreach_add_(den, group["eps"])
            torch._foreach_addcdiv_(params, ms, den, [-group["lr"] / (1 - b1**t) for t in steps])
        return loss
