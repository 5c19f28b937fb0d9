class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError
        self.weight = linear.weight
        self.bias = linear.bias
        self.p = p

    def forward(self, x):
        weight = nn.functional.dropout(self.weight, self.p, self.training)
        return nn.functional.linear(x, weight, self.bias)
