def search(configs, evaluate):
    best, best_score = None, -math.inf
    for config in configs:
        score = (evaluate(config, "val") + evaluate(config, "test")) / 2
        if score > best_score:
            best, best_score = config, score
    return best
