class Dropout(nn.Module):
    def __init__(self, p):
        if not 0 <= p <= 1:
            raise ValueError
        self.p = p

    def forward(self, x):
        return torch.nn.functional.dropout(x, self.p, self.training)
