def search(configs, evaluate):
    best, best_score = None, -math.inf
    for c in configs:
        s = evaluate(c, "val")
        if s > best_score: best_score = s
        best = c
    return best
