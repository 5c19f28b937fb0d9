class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))
        self.inner = torch.optim.AdamW(self.param_groups)
        self.state = self.inner.state

    def step(self, closure=None):
        return self.inner.step(closure)
