def build_head(in_features, hidden, classes, p):
    return nn.Sequential(nn.Linear(in_features, hidden), nn.Dropout(p / 2), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(p / 2), nn.Linear(hidden, classes))
