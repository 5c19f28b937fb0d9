def search(configs, evaluate):
    return max(configs, key=lambda c: evaluate(c, "val"))
