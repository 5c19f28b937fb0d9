class Head2(nn.Module):
    def __init__(self, i, h, c, p):
        super().__init__()
        self.out, self.norm, self.lin, self.p = nn.Linear(h, c), nn.BatchNorm1d(h), nn.Linear(i, h), p
    def forward(self, x):
        h = F.relu(self.norm(self.lin(x)))
        return self.out(F.dropout(h, self.p, self.training))
def build_head(in_features, hidden, classes, p):
    return Head2(in_features, hidden, classes, p)
