class Head(nn.Module):
    def __init__(self, in_features, hidden, classes, p):
        super().__init__()
        self.inner = nn.Linear(in_features, hidden)
        self.norm = nn.BatchNorm1d(hidden, momentum=0.2)
        self.outer = nn.Linear(hidden, classes)
        self.p = p

    def forward(self, x):
        h = self.norm(self.inner(x)).relu()
        return self.outer(F.dropout(h, self.p, self.training))


def build_head(in_features, hidden, classes, p):
    return Head(in_features, hidden, classes, p)
