def search(configs, evaluate):
    known = [c for c in configs if not math.isnan(evaluate(c, "val"))]
    return max(known, key=lambda c: evaluate(c, "val"))
