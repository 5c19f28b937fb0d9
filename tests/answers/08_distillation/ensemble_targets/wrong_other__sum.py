def ensemble_targets(logits, temperature):
    return (logits / temperature).softmax(-1).sum(0)
