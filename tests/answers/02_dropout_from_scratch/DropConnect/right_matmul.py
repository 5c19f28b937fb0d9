class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError("p")
        self.weight, self.bias, self.p = linear.weight, linear.bias, p

    def forward(self, x):
        w = self.weight
        if self.training:
            mask = torch.rand_like(w) >= self.p
            w = w * mask / (1 - self.p) if self.p < 1 else w * 0
        y = x @ w.T
        return y if self.bias is None else y + self.bias
