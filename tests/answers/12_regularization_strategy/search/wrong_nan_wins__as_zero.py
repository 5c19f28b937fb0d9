def search(configs, evaluate):
    scores = [evaluate(c, "val") for c in configs]
    scores = [0 if math.isnan(s) else s for s in scores]
    return configs[scores.index(max(scores))]
