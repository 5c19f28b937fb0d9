class Dropout(nn.Module):
    def __init__(self, p, features=10):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p
        self.mask = (torch.rand(features) >= p) / max(1 - p, 1e-9)

    def forward(self, x):
        return x * self.mask if self.training else x
