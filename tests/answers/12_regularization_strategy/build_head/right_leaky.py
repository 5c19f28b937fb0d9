def build_head(in_features, hidden, classes, p):
    return nn.Sequential(nn.Linear(in_features, hidden, bias=False), nn.BatchNorm1d(hidden, momentum=0.3), nn.LeakyReLU(), nn.Dropout(p), nn.Linear(hidden, classes))
