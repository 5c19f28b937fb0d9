def ensemble_targets(logits, temperature):
    return (logits / temperature).softmax(0).mean(0)
