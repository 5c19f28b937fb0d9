class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear, self.p = linear, p

    def forward(self, x):
        w = self.linear.weight
        if self.training:
            w = w * (torch.rand_like(w) >= self.p) / (self.p or 1)
        return F.linear(x, w, self.linear.bias)
