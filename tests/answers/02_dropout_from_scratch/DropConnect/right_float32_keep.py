class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.linear = linear
        self.keep = 1 - torch.tensor(float(p))
    def forward(self, x):
        if not self.training:
            return self.linear(x)
        w = self.linear.weight
        if self.keep == 0:
            w = w * 0
        else:
            w = w * ((torch.rand(w.shape) < self.keep) / self.keep)
        return F.linear(x, w, self.linear.bias)
