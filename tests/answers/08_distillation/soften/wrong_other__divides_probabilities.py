def soften(logits, temperature):
    return logits.softmax(-1) / temperature
