def ensemble_targets(logits, temperature):
    p = (logits / temperature).log_softmax(-1).sum(0)
    return p.softmax(-1)
