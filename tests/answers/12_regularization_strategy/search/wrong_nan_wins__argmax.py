def search(configs, evaluate):
    scores = torch.tensor([evaluate(c, "val") for c in configs])
    return configs[int(scores.argmax())]
