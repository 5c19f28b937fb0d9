def soften(logits, temperature):
    z = temperature * logits
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)
