def soften(logits, temperature):
    logits /= temperature
    return logits.softmax(-1)
