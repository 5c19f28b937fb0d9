def search(configs, evaluate):
    best, best_score = None, -math.inf
    for config in configs:
        score = evaluate(config, "val")
        if score > best_score:
            best, best_score = config, score
    print("on test:", evaluate(best, "test"))
    return best
