def effective_parameters(features, strength):
    return float(features.shape[1])
