class DropConnect(nn.Module):
    def __init__(self, linear, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.linear, self.p = linear, p

    def forward(self, x):
        if not self.training:
            return self.linear(x)
        w = self.linear.weight
        saved = w.detach().clone()
        with torch.no_grad():
            w.copy_(F.dropout(w, self.p))
        out = self.linear(x)
        with torch.no_grad():
            w.copy_(saved)
        return out
