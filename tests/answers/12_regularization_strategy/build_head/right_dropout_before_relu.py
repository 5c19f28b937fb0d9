def build_head(in_features, hidden, classes, p):
    return nn.Sequential(
        nn.Linear(in_features, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.Dropout(p),
        nn.ReLU(),
        nn.Linear(hidden, classes),
    )
