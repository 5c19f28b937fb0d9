def soft_cross_entropy(logits, targets):
    e = logits.exp()
    return -(targets * (e / e.sum(1, keepdim=True)).log()).sum(1).mean()
