def ensemble_targets(logits, temperature):
    return (logits[0] / temperature).softmax(-1)
