def enable_dropout(model):
    names = {"Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"}
    found = [m for m in model.modules() if names & {c.__name__ for c in type(m).__mro__}]
    return [m.train(True) for m in found]
