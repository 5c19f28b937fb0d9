def search(configs, evaluate):
    best, top = None, None
    for config in configs:
        score = evaluate(dict(config), split="val")
        if math.isnan(score): continue
        if top is None or score > top:
            best, top = dict(config), score
    return best
