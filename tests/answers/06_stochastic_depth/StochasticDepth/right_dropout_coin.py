class StochasticDepth(nn.Module):
    def __init__(self, block, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.block, self.p = block, p

    def forward(self, x):
        coin = torch.nn.functional.dropout(torch.ones(1), self.p, self.training).item()
        if coin == 0:
            return x
        return torch.add(x, self.block(x), alpha=coin)
