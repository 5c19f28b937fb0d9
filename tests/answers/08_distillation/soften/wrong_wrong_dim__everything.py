def soften(logits, temperature):
    e = torch.exp((logits - logits.max()) / temperature)
    return e / e.sum()
