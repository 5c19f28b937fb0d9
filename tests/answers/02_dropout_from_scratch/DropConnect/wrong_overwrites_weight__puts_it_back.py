class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear, self.p = linear, p

    def forward(self, x):
        if not self.training:
            return self.linear(x)
        saved = self.linear.weight.data
        self.linear.weight.data = F.dropout(saved, self.p)
        out = self.linear(x)
        self.linear.weight.data = saved
        return out
