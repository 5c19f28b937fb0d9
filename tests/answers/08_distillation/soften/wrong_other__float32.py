def soften(logits, temperature):
    return (logits.float() / temperature).softmax(-1)
