class DropConnect(nn.Module):
    def __init__(self, linear, p=0.5):
        super().__init__()
        if not (0.0 <= p <= 1.0):
            raise ValueError("p")
        self.inner = linear
        self.drop = nn.Dropout(p)

    def forward(self, x):
        if not self.training:
            return self.inner(x)
        weights = {"weight": self.drop(self.inner.weight)}
        return torch.func.functional_call(self.inner, weights, (x,))
