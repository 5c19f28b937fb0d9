class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, *, extra=None):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def step(self, closure=None):
        loss = closure() if closure else None
        with torch.no_grad():
            for group in self.param_groups:
                self.update(group, [p for p in group["params"] if p.grad is not None])
        return loss

    def update(self, group, params):
        if not params:
            return
        b1, b2 = group["betas"]
        grads = [p.grad for p in params]
        states = [self.state[p] for p in params]
        for p, state in zip(params, states):
            state.setdefault("count", torch.tensor(0.0))
            state["count"] += 1
            state.setdefault("mean", torch.zeros_like(p))
            state.setdefault("square", torch.zeros_like(p))
        means, squares = [s["mean"] for s in states], [s["square"] for s in states]
        torch._foreach_lerp_(means, grads, 1 - b1)
        torch._foreach_mul_(squares, b2)
        torch._foreach_addcmul_(squares, grads, grads, 1 - b2)
        torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
        for p, s in zip(params, states):
            t = s["count"].item()
            root = (s["square"] / (1 - b2**t)).sqrt() + group["eps"]
            p.addcdiv_(s["mean"] / (1 - b1**t), root, value=-group["lr"])
