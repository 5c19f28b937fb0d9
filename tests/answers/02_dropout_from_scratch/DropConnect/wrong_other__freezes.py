class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError
        self.linear = linear.requires_grad_(False)
        self.p = p

    def forward(self, x):
        weight = nn.functional.dropout(self.linear.weight, self.p, self.training)
        return nn.functional.linear(x, weight, self.linear.bias)
