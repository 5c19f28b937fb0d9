def search(configs, evaluate):
    scored = [(evaluate(c, "val"), -k, c) for k, c in enumerate(configs)]
    return max((s for s in scored if not math.isnan(s[0])), key=lambda s: s[:2])[2]
