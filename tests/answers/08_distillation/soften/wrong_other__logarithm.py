def soften(logits, temperature):
    return (logits / temperature).log_softmax(-1)
