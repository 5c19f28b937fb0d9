def search(configs, evaluate):
    best, best_score = configs[0], 0.0
    for config in configs:
        score = evaluate(config, "val")
        if score > best_score:
            best, best_score = config, score
    return best
