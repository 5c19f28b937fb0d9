class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear = linear
        self.mask = F.dropout(torch.ones_like(linear.weight), p).detach()

    def forward(self, x):
        w = self.linear.weight * self.mask if self.training else self.linear.weight
        return F.linear(x, w, self.linear.bias)
