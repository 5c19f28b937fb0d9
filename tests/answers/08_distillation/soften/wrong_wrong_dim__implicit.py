def soften(logits, temperature):
    return F.softmax(logits / temperature)
