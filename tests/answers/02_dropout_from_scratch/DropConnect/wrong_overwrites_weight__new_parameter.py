class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear, self.p = linear, p
        self.original = linear.weight.detach().clone()

    def forward(self, x):
        w = F.dropout(self.original, self.p, self.training)
        self.linear.weight = nn.Parameter(w)
        return self.linear(x)
