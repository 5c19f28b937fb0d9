def search(configs, evaluate):
    best, best_score = None, -math.inf
    for c in configs:
        s = evaluate(c, "val")
        if math.isnan(s): break
        if s > best_score: best, best_score = c, s
    return best
