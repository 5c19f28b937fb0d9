class Head(nn.Module):
    def __init__(self, i, h, c, p):
        super().__init__()
        self.a, self.n, self.b, self.p = nn.Linear(i, h), nn.BatchNorm1d(h), nn.Linear(h, c), p
    def forward(self, x):
        return self.b(F.dropout(F.relu(self.n(self.a(x))), self.p))
def build_head(in_features, hidden, classes, p):
    return Head(in_features, hidden, classes, p)
