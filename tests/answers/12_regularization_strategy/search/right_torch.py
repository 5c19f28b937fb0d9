def search(configs, evaluate):
    scores = torch.tensor([evaluate(c, "val") for c in configs], dtype=torch.float64)
    scores = scores.nan_to_num(nan=-math.inf)
    return configs[int(scores.argmax())]
