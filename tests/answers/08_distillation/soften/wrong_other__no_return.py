def soften(logits, temperature):
    (logits / temperature).softmax(-1)
