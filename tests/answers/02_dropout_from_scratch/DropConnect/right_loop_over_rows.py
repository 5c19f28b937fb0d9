class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.linear = linear
        self.keep = 1 - p

    def _row(self, row):
        coins = torch.bernoulli(torch.full(row.shape, self.keep))
        return row * coins.to(row.dtype) / (self.keep or 1)

    def forward(self, x):
        if not self.training:
            return self.linear(x)
        rows = [self._row(row) for row in self.linear.weight]
        outs = [(x * row).sum(-1) for row in rows]
        y = torch.stack(outs, -1)
        if self.linear.bias is not None:
            y = y + self.linear.bias
        return y
