def search(configs, evaluate):
    best, best_score = None, -math.inf
    for config in configs:
        if evaluate(config, "val") > best_score:
            best, best_score = config, evaluate(config, "val")
    return best
