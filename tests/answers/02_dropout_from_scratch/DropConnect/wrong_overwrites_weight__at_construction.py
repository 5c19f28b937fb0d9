class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        linear.weight.data = F.dropout(linear.weight.data, p)
        self.linear = linear

    def forward(self, x):
        return self.linear(x)
