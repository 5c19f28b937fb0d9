class Decoupled(torch.optim.Adam):
    def __init__(self, ps, lr, wd):
        super().__init__(ps, lr=lr)
        self.wd = wd
    def step(self, closure=None):
        with torch.no_grad():
            for g in self.param_groups:
                for p in g["params"]:
                    if p.grad is not None:
                        p.mul_(1 - g["lr"] * self.wd)
        return super().step(closure)
def make_optimizer(model, lr, weight_decay):
    return Decoupled(model.parameters(), lr, weight_decay)
