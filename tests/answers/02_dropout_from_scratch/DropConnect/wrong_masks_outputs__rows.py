class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear, self.p = linear, p

    def forward(self, x):
        w = self.linear.weight
        if self.training:
            rows = torch.rand(w.shape[0], 1) >= self.p
            w = w * rows / (1 - self.p if self.p < 1 else 1)
        return F.linear(x, w, self.linear.bias)
