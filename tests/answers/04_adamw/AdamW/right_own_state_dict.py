class AdamW(torch.optim.Optimizer):
    """Keeps its moments in lists of its own, and saves and loads them itself."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))
        every = [p for group in self.param_groups for p in group["params"]]
        self.moments = [[0, torch.zeros_like(p), torch.zeros_like(p)] for p in every]

    def state_dict(self):
        return {**super().state_dict(), "moments": self.moments}

    def load_state_dict(self, saved):
        saved = dict(saved)
        self.moments = saved.pop("moments")
        super().load_state_dict(saved)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        slots = iter(self.moments)
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                slot = next(slots)
                if p.grad is None:
                    continue
                slot[0] += 1
                slot[1] = b1 * slot[1] + (1 - b1) * p.grad
                slot[2] = b2 * slot[2] + (1 - b2) * p.grad**2
                root = (slot[2] / (1 - b2 ** slot[0])) ** 0.5 + group["eps"]
                p -= group["lr"] * (slot[1] / (1 - b1 ** slot[0]) / root + group["weight_decay"] * p)
        return loss
