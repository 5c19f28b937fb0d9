def soften(logits, temperature):
    return (logits.detach() / temperature).softmax(-1)
