def search(configs, evaluate):
    scores = [evaluate(c, "val") for c in configs]
    known = [s for s in scores if s == s]
    return configs[known.index(max(known))]
