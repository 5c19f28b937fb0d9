class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.register_buffer("keep", 1 - torch.tensor(float(p)))
    def forward(self, x):
        if not self.training:
            return x
        if self.keep == 0:
            return torch.zeros_like(x)
        return x * ((torch.rand(x.shape) < self.keep) / self.keep)
