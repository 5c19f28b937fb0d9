def soft_cross_entropy(logits, targets):
    return F.cross_entropy(targets, logits)
