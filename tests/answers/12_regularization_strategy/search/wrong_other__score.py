def search(configs, evaluate):
    scores = [evaluate(config, "val") for config in configs]
    return max(s for s in scores if s == s)
