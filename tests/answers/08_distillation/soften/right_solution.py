def soften(logits, temperature):
    return (logits / temperature).softmax(-1)
