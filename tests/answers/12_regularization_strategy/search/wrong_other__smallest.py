def search(configs, evaluate):
    scores = [evaluate(config, "val") for config in configs]
    known = [i for i, s in enumerate(scores) if s == s]
    return configs[min(known, key=lambda i: scores[i])]
