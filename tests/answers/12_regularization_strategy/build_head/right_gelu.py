def build_head(in_features, hidden, classes, p):
    return nn.Sequential(nn.Linear(in_features, hidden), nn.BatchNorm1d(hidden), nn.GELU(), nn.Dropout(p), nn.Linear(hidden, classes))
