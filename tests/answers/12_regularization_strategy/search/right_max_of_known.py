def search(configs, evaluate):
    scores = [evaluate(config, "val") for config in configs]
    known = [i for i, score in enumerate(scores) if not math.isnan(score)]
    return configs[max(known, key=lambda i: scores[i])]
