def ensemble_targets(logits, temperature):
    return (logits / temperature).softmax(-1).prod(0)
