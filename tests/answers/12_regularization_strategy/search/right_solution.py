def search(configs, evaluate):
    best, best_score = None, -math.inf
    for config in configs:
        score = evaluate(config, "val")
        if best is None and score == score or score > best_score:
            best, best_score = config, score
    return best
