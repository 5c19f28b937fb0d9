def soften(logits, temperature):
    d = (logits.unsqueeze(-2) - logits.unsqueeze(-1)) / temperature
    return 1 / d.exp().sum(-1)
