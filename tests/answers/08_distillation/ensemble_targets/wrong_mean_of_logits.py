def ensemble_targets(logits, temperature):
    return (logits.mean(0) / temperature).softmax(-1)
