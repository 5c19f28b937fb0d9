def search(configs, evaluate):
    scores = [evaluate(c, "val") for c in configs]
    return configs[max(range(len(configs)), key=lambda k: abs(scores[k]) if scores[k] == scores[k] else -1)]
